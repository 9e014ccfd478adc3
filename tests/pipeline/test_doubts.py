"""What a program cannot read or decide waits for two people, and nothing is lost meanwhile."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from recruitlib.base.audit import read_entries
from recruitlib.base.counts import index_counts, read_counts
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import read_private, unlock_key
from recruitlib.cli import commands
from tests.conftest import PARAMETERS, WARD

Run = Callable[..., Path]
Row = dict[str, str]


def change_rows(path: Path, change: Callable[[list[Row]], None]) -> None:
    """Change the rows of a CSV file of the ward."""
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    rows = list(reader)
    change(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, reader.fieldnames or [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def decide(stage: str, *choices: tuple[str, ...]) -> None:
    """Decide the cases of a stage in order, then confirm, by the commands that officers use."""
    options = ["--stage", stage, "--by"]
    for number, choice in enumerate(choices, start=1):
        decision, reason, *candidate = choice
        arguments = ["decide", PARAMETERS, "--case", str(number), "--decision", decision]
        arguments += ["--reason", reason, *options, "見本A"]
        arguments += ["--candidate", candidate[0]] if candidate else []
        assert CliRunner().invoke(commands, arguments, catch_exceptions=False).exit_code == 0
    arguments = ["confirm", PARAMETERS, *options, "見本B"]
    assert CliRunner().invoke(commands, arguments, catch_exceptions=False).exit_code == 0


def show_cases(stage: str) -> str:
    result = CliRunner().invoke(
        commands, ["cases", "runs/test_ward", "--stage", stage], catch_exceptions=False
    )
    assert result.exit_code == 0
    return result.output


def wait_for_people(project: Path, run: Run, guard: str, last: str) -> str:
    with pytest.raises(AwaitingPerson) as stop:
        run(project, last=last)
    assert guard in str(stop.value)
    return str(stop.value)


def find_answers(project: Path, guard: str) -> list[str]:
    return [
        entry["facts"]["answer"]
        for entry in read_entries(project / "runs/test_ward")
        if entry["event"] == "guard" and entry["facts"]["guard"] == guard
    ]


def list_latest(rows: list[Row], born: str) -> list[Row]:
    """List latest rows of living Japanese residents born from a day on, in the order of the file."""
    return [
        row for row in rows
        if row["最新フラグ"] == "1" and row["住民種別"] == "1" and row["住民状態"] == "1"
        and row["除票フラグ"] == row["削除フラグ"] == "0" and not row["転出予定年月日"]
        and row["生年月日"][:7] == born
    ]  # fmt: skip


def test_unreadable_rows_and_unsure_births_wait_for_two_people_and_are_counted(
    project: Path, run_quietly: Run
) -> None:
    found: dict[str, str] = {}

    def damage(rows: list[Row]) -> None:
        unsure, unknown, broken = list_latest(rows, "2008-07")[:3]
        # May be of the cohort, may not; and one whose postal code lost its form.
        unsure.update(生年月日="", 生年月日_不詳フラグ="1", 生年月日_不詳表記="平成20年7月頃")
        unknown.update(生年月日="", 生年月日_不詳フラグ="1", 生年月日_不詳表記="平成20年8月 日不詳")
        broken["住所_郵便番号"] = "西新宿"
        found.update(
            unsure=unsure["宛名番号"], unknown=unknown["宛名番号"], broken=broken["宛名番号"]
        )
        found.update(name=unsure["氏名"])

    change_rows(project / WARD / "registry.csv", damage)
    message = wait_for_people(project, run_quietly, "registry.rows_decided", "01")
    assert "「住所_郵便番号」の形が違います" in message
    assert "行目" in message
    assert "--stage 01" in message
    assert not any(value in message for value in found.values())
    assert not (project / "runs/test_ward/counts.csv").exists()
    shown = show_cases("01")
    assert found["name"] in shown
    assert "候補 1: 18歳の対象者とする" in shown
    assert "決定: 3件のうち0件、確認: 0件。残りは事例 1・2・3 です。" in shown
    for stage in ("02", "03"):
        with pytest.raises(AwaitingPerson, match=f"{stage} の事例はまだ分かりません"):
            show_cases(stage)

    # One decides alone: still nothing counts.
    for number, choice in enumerate(["left_out", "included", "left_out"], start=1):
        arguments = ["decide", PARAMETERS, "--stage", "01", "--case", str(number), "--decision"]
        arguments += [choice, "--reason", "checked_with_registry", "--by", "見本A"]
        arguments += ["--candidate", "1"] if choice == "included" else []
        assert CliRunner().invoke(commands, arguments, catch_exceptions=False).exit_code == 0
    message = wait_for_people(project, run_quietly, "registry.rows_decided", "01")
    assert (
        "別の一人による確認がありません（決定: 使わずに進める、理由: 登録係に確かめた）" in message
    )
    shown = show_cases("01")
    assert shown.count("決めた人: 見本A（担当者A（見本））、確認: まだ") == 3
    assert "決定: 対象者とする（生年月日を確かめた）、理由: 登録係に確かめた、候補 1。" in shown
    assert "決定: 3件のうち3件、確認: 0件。" in shown
    decide("01", ("left_out", "checked_with_registry"),
           ("included", "checked_with_registry", "1"),
           ("left_out", "checked_with_registry"))  # fmt: skip
    run_quietly(project, last="01")
    counts = index_counts(read_counts(project / "runs/test_ward"))
    assert counts["all", "unreadable"] == 1
    assert counts["all", "birth_unsure"] == 1
    parts = [count for (_, step), count in counts.items() if step != "rows_read"]
    assert counts["all", "rows_read"] == sum(parts)
    folder = project / "runs/test_ward"
    cohort = parse_table(read_private(folder, unlock_key(folder, "demo"), "cohort", "01"))
    ids = set(cohort["addressee_id"])
    assert found["unsure"] in ids
    assert not {found["unknown"], found["broken"]} & ids
    assert find_answers(project, "registry.rows_decided") == ["no", "no", "yes"]


def test_a_decision_does_not_hold_for_another_row(project: Path, run_quietly: Run) -> None:
    def break_one(rows: list[Row], wanted: int) -> None:
        list_latest(rows, "2008-07")[wanted]["住所_郵便番号"] = "西新宿"

    change_rows(project / WARD / "registry.csv", lambda rows: break_one(rows, 0))
    wait_for_people(project, run_quietly, "registry.rows_decided", "01")
    decide("01", ("left_out", "checked_with_registry"))
    change_rows(project / WARD / "registry.csv", lambda rows: break_one(rows, 1))
    message = wait_for_people(project, run_quietly, "registry.rows_decided", "01")
    assert "決定がありません" in message or "内容が変わりました" in message


def test_a_row_of_the_list_that_may_mean_somebody_protects_until_it_is_decided(
    project: Path, run_quietly: Run
) -> None:
    found: dict[str, str] = {}

    def spoil(rows: list[Row]) -> None:
        # A61: the zeros are stripped from one id; another row has a birth date that disagrees.
        for row in rows:
            row["宛名番号"] = row["宛名番号"].lstrip("0")
        live = next(row for row in rows if row["削除フラグ"] == "0" and row["生年月日"] > "2004")
        found["id"] = live["宛名番号"].zfill(10)
        live["生年月日"] = live["生年月日"][:8] + ("11" if live["生年月日"][8:] != "11" else "12")

    change_rows(project / WARD / "protections.csv", spoil)
    message = wait_for_people(project, run_quietly, "registry.rows_decided", "01")
    assert "支援措置" in message
    assert "番号の人と生年月日が違う" in message
    assert found["id"] not in message
    decide("01", ("matched", "checked_with_registry", "1"))
    run_quietly(project, last="01")
    folder = project / "runs/test_ward"
    protected = parse_table(read_private(folder, unlock_key(folder, "demo"), "protected", "01"))
    assert found["id"] in set(protected["addressee_id"])


def test_a_date_in_an_address_cell_waits_for_two_people_or_for_the_workbook_to_be_mended(
    project: Path, run_quietly: Run
) -> None:
    # A57: 8-1 became the first of August.
    path = project / WARD / "applications_counter.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    place = next(
        cell for row in sheet.iter_rows() for cell in row if str(cell.value).strip() == "住所"
    )
    spoiled = sheet.cell(place.row + 2, place.column)
    before = spoiled.value
    spoiled.value = datetime(2026, 8, 1)
    book.save(path)
    message = wait_for_people(project, run_quietly, "optouts.rows_decided", "02")
    assert f"窓口・郵送の{spoiled.row}行目" in message
    assert "8-1と入力すると8月1日になります" in message
    assert "窓口・郵送" in show_cases("02")
    spoiled.value = before
    book.save(path)
    run_quietly(project, first="02", last="02")
    assert find_answers(project, "optouts.rows_decided") == ["no", "yes"]
    # What the first attempt found is no case any more.
    assert show_cases("02") == "02 の事例はありません。\n"
    with pytest.raises(ParameterError, match="02 に事例1はありません（0件あります）"):
        decide("02", ("left_out", "entered_again"))


def test_a_clean_ward_has_no_case_of_the_load(reviewed: Path) -> None:
    assert find_answers(reviewed, "registry.rows_decided") == ["yes"]
    assert find_answers(reviewed, "optouts.rows_decided") == ["yes"]
