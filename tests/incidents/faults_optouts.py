"""Accidents of the applications as they are received and read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base.errors import FormError, UnforeseenError
from recruitlib.base.vault import open_key, read_private
from tests.conftest import WARD, change_parameters
from tests.incidents.accident import RUN, Accident, Typed, run_stages
from tests.incidents.notebook_lines import put_before
from tests.incidents.ward_files import (
    REGISTRY,
    Row,
    read_private_rows,
    read_rows,
    write_rows,
)

FORM, COUNTER = f"{WARD}/applications_form.csv", f"{WARD}/applications_counter.xlsx"


def change_form(project: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the rows of the form's export; its columns stay, or all rows have one more."""
    path = project / FORM
    write_rows(path, change(read_rows(path, "utf-8-sig")), "utf-8-sig")


def change_counter(project: Path, change: Callable[[Worksheet], object]) -> None:
    """Change the counter's workbook; its applications stand from row 4 on."""
    book = openpyxl.load_workbook(project / COUNTER)
    assert isinstance(book.active, Worksheet)
    change(book.active)
    book.save(project / COUNTER)


# ---- applications that are lost ----


def take_out_of_the_series(project: Path) -> None:
    """A17: two papers and two forms in the middle of their series vanish, and so do the totals' own.

    The totals were counted after the loss and agree; the running numbers tell.
    """
    change_form(project, lambda rows: [*rows[:5], *rows[7:]])
    change_counter(project, lambda sheet: sheet.delete_rows(6, 2))
    change_parameters(project, form_total=20, counter_total=6)


def take_the_first(project: Path) -> None:
    """A17: the first two posted papers vanish before anybody counted.

    The office's own series begins at 1, so that what is missing before its first number is missed.
    """
    change_counter(project, lambda sheet: sheet.delete_rows(4, 2))
    change_parameters(project, counter_total=6)


def take_the_last(project: Path) -> None:
    """A17: the last two posted papers are not entered.

    No number is missing between others; the count of the papers tells.
    """
    change_counter(project, lambda sheet: sheet.delete_rows(10, 2))


def check_both_series(project: Path, typed: Typed) -> None:
    assert "電子申請の受付番号が 2 件欠けています" in typed.screen
    assert "窓口・郵送の申出の番号が 2 件欠けています" in typed.screen


def state_one_more(project: Path) -> None:
    """A18: an application is lost on its way, so that the form's own total is one more."""
    change_parameters(project, form_total=23)


def take_last_years_export(project: Path) -> None:
    """A53: the form's export of the fiscal year before is taken, with as many rows as this year's.

    The guard of the totals sees it, since it also looks at the days of receipt: 180 days before
    the fiscal year no form was open. The registry is this year's, so that its date says nothing.
    """
    change_form(
        project,
        lambda rows: [
            {**row, "送信日時": row["送信日時"].replace("2026-", "2025-")} for row in rows
        ],
    )


def export_before_the_deadline(project: Path) -> None:
    """A62: the form is exported a day before the deadline and never again; one more has come since."""
    change_form(project, lambda rows: rows[:-1])
    change_parameters(project, form_total=21, form_exported_on="2026-05-14")


def print_with_the_first_export(project: Path) -> None:
    """A62: on print day the export of the day of loading is taken once more."""
    change_parameters(
        project, print_form_file=FORM, print_form_total=22, print_form_exported_on="2026-05-18"
    )


# ---- files that are not what they seem ----


def mix_attachments(project: Path) -> None:
    """A52: the form's attachments stand in the rows of other applications."""
    change_form(project, lambda rows: [
            {**row, "添付ファイル": f"{other['対象者の氏名（姓）']}{other['対象者の氏名（名）']}.jpg"}
            for row, other in zip(rows, [*rows[1:], rows[0]], strict=True)
        ],
    )  # fmt: skip


def check_attachments(project: Path, typed: Typed) -> None:
    folder = project / RUN
    kept = read_private_rows(project, "applications")
    assert "添付ファイル" not in kept.columns and ".jpg" not in kept.to_csv()
    page = (folder / "notebooks/02_apply_optouts.ipynb").read_text(encoding="utf-8")
    assert "添付ファイル" in page and ".jpg" not in page


def add_attachments(project: Path) -> None:
    """A52: the form has got a second question with an attachment, which nobody has approved.

    The file is refused while it is read: its columns are not those of the profile.
    """
    change_form(project, lambda rows: [{**row, "添付ファイル（裏面）": "1.jpg"} for row in rows])


def turn_lots_into_days(project: Path) -> None:
    """A57: the counter's spreadsheet has turned the lots 8-1 and 6-21 of two addresses into days."""

    def change(sheet: Worksheet) -> None:
        sheet["J9"], sheet["J10"] = datetime(2026, 8, 1), "6月21日"

    change_counter(project, change)


def write_lots_as_text(project: Path) -> None:
    """Write the lots as texts, as the hint says."""

    def change(sheet: Worksheet) -> None:
        sheet["J9"], sheet["J10"] = "8-1", "6-21"

    change_counter(project, change)


def check_lots(project: Path, typed: Typed) -> None:
    assert "窓口・郵送の9行目" in typed.screen and "窓口・郵送の10行目" in typed.screen
    assert typed.screen.count("セルの書式を文字列にして入力し直してください") >= 2


def parse_names_as_days(project: Path) -> None:
    """A69: somebody lets the library parse the names as days, whose error quotes the first of them."""
    put_before(
        project, "02", "show_table(exclusion.tabulate_totals",
        'import pandas; pandas.to_datetime(received.applications["subject_name"])',
    )  # fmt: skip


def check_no_name(project: Path, typed: Typed) -> None:
    folder = project / RUN
    assert "DateParseError" in typed.screen
    kept = sorted((folder / "private").glob("stop_*.age"))
    assert len(kept) == 1
    key = open_key(folder, "test_ward", True)
    assert "小沢　秀之" in read_private(folder, key, kept[0].stem, "").decode()
    told = [
        path.read_text(encoding="utf-8", errors="ignore")
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "private"
    ]
    people = read_rows(project / REGISTRY)
    values = {row[name] for row in people for name in ("氏名", "氏名_フリガナ", "宛名番号")} - {""}
    assert not [value for value in values if any(value in text for text in told)]


_02 = run_stages("02")
ACCIDENTS = (
    Accident(
        "A17", "two_out_of_the_series", "loaded", take_out_of_the_series, (_02,),
        "optouts.total_agrees", check=check_both_series,
    ),
    Accident("A17", "the_first_two", "loaded", take_the_first, (_02,), "optouts.total_agrees"),
    Accident("A17", "the_last_two", "loaded", take_the_last, (_02,), "optouts.total_agrees"),
    Accident("A18", "one_on_its_way", "loaded", state_one_more, (_02,), "optouts.total_agrees"),
    Accident("A52", "attachments_mixed", "loaded", mix_attachments, (_02,), check=check_attachments),
    Accident(
        "A52", "attachments_asked_anew", "loaded", add_attachments, (_02,), error=FormError
    ),
    Accident(
        "A53", "last_years_export", "loaded", take_last_years_export, (_02,), "optouts.total_agrees"
    ),
    Accident(
        "A57", "lots_as_days", "loaded", turn_lots_into_days, (_02,), "optouts.rows_decided",
        check=check_lots, twin=write_lots_as_text,
    ),
    Accident(
        "A62", "exported_before_the_deadline", "loaded", export_before_the_deadline, (_02,),
        "optouts.complete",
    ),
    Accident(
        "A62", "not_exported_on_print_day", "reviewed", print_with_the_first_export,
        (run_stages("04"),), "optouts.complete",
    ),
    Accident(
        "A69", "name_in_a_librarys_error", "loaded", parse_names_as_days, (_02,),
        error=UnforeseenError, check=check_no_name,
    ),
)  # fmt: skip
