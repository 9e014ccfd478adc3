"""Applications (除外申出) as the channels deliver them: the form's export and the counter's workbook.

An application is for a subject; the applicant may be somebody else. Only whitelisted items are
kept; attachments are not read, since they need not belong to the row.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.tables import ReadTable, read_table
from recruitlib.base.workbooks import read_workbook
from recruitlib.registry.profiles import Profile, check_forms, decode_column, list_rows

APPLICATION_COLUMNS = (
    "application_id", "received_at", "channel", "subject_name", "subject_kana",
    "subject_birth_text", "subject_birth_date", "subject_address", "subject_building", "phone",
    "applicant_relation", "identity_check", "card_name", "card_substitutes", "status",
    "source_row",
)  # fmt: skip
SOURCES = ("form", "counter")
SOURCE_LABELS = {"form": "電子申請", "counter": "窓口・郵送"}
# Forms open at the earliest some months before the fiscal year: older rows are another year's file.
EARLIEST_DAYS = 180


def read_applications(path: Path, profile: Profile) -> tuple[pd.DataFrame, ReadTable]:
    """Read the applications of one channel.

    Args:
        path: a .csv export or an .xlsx workbook.
        profile: the channel's profile.

    Returns:
        the columns of ``applications`` with one row per row of the file, and how it was read.

    Raises:
        FormError: the file is not in the channel's form, or a number or date is unreadable.
    """
    if not path.exists():
        raise FormError(f"{path.name}: ファイルがありません。出力し直してください。")
    is_workbook = path.suffix.lower() == ".xlsx"
    if is_workbook:
        source = read_workbook(
            path, profile.columns, known=profile.known, required=profile.required,
            never_dates=profile.never_dates,
        )  # fmt: skip
    else:
        source = read_table(path, profile.columns, known=profile.known, required=profile.required)
    table = source.table
    raise_problems(FormError, check_forms(table, profile), path.name)
    applications = _build_applications(table, profile, is_workbook)
    problems = _check_identity(applications)
    raise_problems(FormError, problems, path.name)
    return applications, source


def _build_applications(table: pd.DataFrame, profile: Profile, is_workbook: bool) -> pd.DataFrame:
    births = table["subject_birth_text"].map(lambda text: _read_day(text, is_workbook))
    return pd.DataFrame(
        {
            "application_id": table["application_id"],
            "received_at": table["received_at"].map(lambda text: _read_day(text, is_workbook)),
            "channel": _decode_or(table, profile, "channel", "form"),
            "subject_name": join_texts(table["subject_surname"], table["subject_given"]),
            "subject_kana": join_texts(table["subject_surname_kana"], table["subject_given_kana"]),
            "subject_birth_text": table["subject_birth_text"],
            "subject_birth_date": births,
            "subject_address": table["subject_address"],
            "subject_building": table["subject_building"],
            "phone": table["phone"],
            "applicant_relation": decode_column(table, profile, "applicant_relation"),
            "identity_check": table["identity_check"],
            "card_name": table["card_name"],
            "card_substitutes": table["card_substitutes"],
            "status": _decode_or(table, profile, "status", "accepted"),
            "source_row": table["source_row"],
        }
    )[list(APPLICATION_COLUMNS)]


def join_texts(first: pd.Series, second: pd.Series) -> pd.Series:
    """Join two columns with a full-width space where both hold something."""
    both = (first != "") & (second != "")
    return first + both.map({True: "　", False: ""}).astype("str") + second


def _decode_or(table: pd.DataFrame, profile: Profile, column: str, otherwise: str) -> pd.Series:
    if column in profile.codes:
        return decode_column(table, profile, column)
    return pd.Series(otherwise, index=table.index, dtype="str")


def _read_day(text: str, from_spreadsheet: bool) -> str:
    parsed = parse_date(text, from_spreadsheet=from_spreadsheet)
    return parsed.value.isoformat() if parsed.status == "certain" and parsed.value else ""


def _check_identity(applications: pd.DataFrame) -> list[str]:
    problems = []
    rows = applications["source_row"]
    checks = {
        "受付番号がありません": applications["application_id"] == "",
        "受付番号が重なっています": applications["application_id"].duplicated(keep=False),
        "受付日が読めません": applications["received_at"] == "",
        "対象者の氏名がありません": applications["subject_name"] == "",
    }
    for fault, wrong in checks.items():
        if wrong.any():
            problems.append(f"{fault}（{list_rows(rows[wrong])}）。")
    return problems


def check_totals(
    applications: pd.DataFrame, totals: dict[str, int], zero_confirmed_by: str
) -> list[str]:
    """Say where the rows read differ from the form's own total or the count of the papers.

    Args:
        applications: those of all channels, with the column ``source``.
        totals: the stated total by source.
        zero_confirmed_by: who made sure that nobody applied; "" when nobody did.
    """
    problems = []
    for source, total in totals.items():
        found = int((applications["source"] == source).sum())
        name = SOURCE_LABELS[source]
        if found != total:
            problems.append(
                f"{name}: 読んだ {found} 件と、画面・紙の件数 {total} 件が違います。出力し直してください。"
            )
    if applications.empty and not zero_confirmed_by:
        problems.append("申出が一件もありません。担当者が確かめ、確かめた人を書いてください。")
    return problems


def check_year(applications: pd.DataFrame, fiscal_year: int) -> list[str]:
    """Say if applications were received long before the fiscal year: another year's file."""
    earliest = date(fiscal_year, 4, 1) - timedelta(days=EARLIEST_DAYS)
    old = applications["received_at"] < earliest.isoformat()
    if old.any():
        return [
            f"受付日が今年度の受付より前の申出が {int(old.sum())} 件あります。昨年度のファイルではありませんか。"
        ]
    return []


def check_exports(
    applications: pd.DataFrame,
    exported_on: dict[str, str],
    deadline: str,
    today: date | None = None,
) -> list[str]:
    """Say which channel was not exported after the deadline, or not again today.

    Args:
        exported_on: the day of each source's export, ISO text.
        deadline: the last day of the reception, ISO text.
        today: on print and handover day, the day on which every source must have been exported.
    """
    problems = []
    for source, day in exported_on.items():
        name = SOURCE_LABELS[source]
        if day <= deadline:
            problems.append(
                f"{name}: 締切の後に出力していません。締切の翌日以降に出力し直してください。"
            )
        if today is not None and day != today.isoformat():
            problems.append(f"{name}: 本日の出力ではありません。本日もう一度出力してください。")
        received = applications.loc[applications["source"] == source, "received_at"]
        if len(received) and received.max() > day:
            problems.append(
                f"{name}: 出力日より後に受け付けた申出があります。出力日を確かめてください。"
            )
    return problems
