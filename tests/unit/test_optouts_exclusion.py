"""Exclusion on the files of the invented ward: all applications there, each with one end."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyrage
import pytest

from recruitlib.base.audit import append_entry, find_latest, read_entries
from recruitlib.base.decisions import decide_case, write_decisions
from recruitlib.base.errors import AwaitingPerson, GuardError, IntegrityError
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import Stage, ask_guard, list_answers, read_private_table
from recruitlib.base.scope_gate import describe_scope
from recruitlib.base.vault import RunKey
from recruitlib.optouts.acts import tabulate_links
from recruitlib.optouts.exclusion import (
    Matched,
    apply_optouts,
    check_ends,
    choose_rows,
    count_outcomes,
    finish_exclusion,
    hold_late,
    match_day,
    reread_registry,
    settle_rows,
    tabulate_channels,
    tabulate_items,
    tabulate_outcomes,
    tabulate_totals,
    take_applications,
)
from recruitlib.registry.intake import (
    choose_cohort,
    finish_intake,
    load_registry,
    settle_doubts,
    take_protections,
)
from recruitlib.synth.ward import make_ward
from tests.officers import SECOND, STAFF, begin_decisions, confirm_all, sign_as

ROOT = Path(__file__).parents[2]
PARAMETERS = read_parameters(ROOT / "params/test_ward.yaml")
Cells = list[list[str]]
MakeStage = Callable[..., Stage]


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "invented_ward"
    if not (folder / "README.txt").exists():
        folder.mkdir()
        make_ward(folder, 1_500, 2026, ROOT / "params/towns/131041.csv")
    return folder


@pytest.fixture
def make_stage(tmp_path: Path, ward: Path) -> MakeStage:
    """Make a stage of notebook 02 that has just begun; ``loaded`` runs the intake before it."""

    key = RunKey(str(pyrage.x25519.Identity.generate()), b"key of a test")

    def make(loaded: bool = False, **changes: Any) -> Stage:
        files = {
            name: str(ward / PARAMETERS[name].removeprefix("inputs/test_ward/"))
            for name in PARAMETERS
            if name.endswith("_file") and str(PARAMETERS[name]).startswith("inputs/")
        }
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        parameters = {**PARAMETERS, **files, **changes}
        # The office's register lies beside the runs, and must not be the project's own.
        root = tmp_path / "project"
        shutil.copytree(ROOT / "params", root / "params", dirs_exist_ok=True)
        intake = Stage("01", root, folder, parameters, key, date(2026, 5, 18))
        if loaded:
            begin(intake)
            registry = load_registry(intake)
            traced = take_protections(intake, registry)
            settled = settle_doubts(intake, registry, traced)
            finish_intake(intake, choose_cohort(intake, registry, traced, settled), registry)
        elif not find_latest(read_entries(folder), "01", "completed"):
            append_entry(folder, "01", "completed", files={}, scope=describe_scope(intake))
        stage = replace(intake, number="02")
        begin(stage)
        return stage

    return make


def begin(stage: Stage) -> None:
    append_entry(stage.folder, stage.number, "begun")
    ask_guard(stage, "record.chain_intact", [])


def answer(stage: Stage, guard: str) -> str:
    return str(list_answers(stage)[guard]["answer"])


def read_form(ward: Path) -> Cells:
    with (ward / "applications_form.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def write_form(path: Path, rows: Cells) -> str:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)
    return str(path)


def make_matched(*outcomes: tuple[str, str, str]) -> Matched:
    columns = ["application_id", "outcome", "addressee_id"]
    matches = pd.DataFrame(outcomes, columns=columns, dtype="str")
    applications = matches[["application_id"]].copy()
    return Matched(
        applications, matches.assign(reason="", tier="A"), pd.DataFrame(), pd.DataFrame()
    )


def test_every_application_of_the_ward_ends_as_the_truth_says(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    stage = make_stage(loaded=True)
    received = take_applications(stage)
    settle_rows(stage, received)
    matched = apply_optouts(stage, received.applications)
    line = finish_exclusion(stage, matched)
    assert line.startswith("02 除外 完了")
    assert {facts["answer"] for facts in list_answers(stage).values()} == {"yes"}
    numbers = matched.matches["application_id"].str.partition(":")[2]
    outcomes = dict(zip(numbers, matched.matches["outcome"], strict=True))
    assert outcomes == {number: entry["expected"] for number, entry in truth.items()}
    ids = dict(zip(numbers, matched.matches["addressee_id"], strict=True))
    for number, entry in truth.items():
        assert ids[number] == ("" if entry["expected"] == "undecided" else entry["addressee_id"])


def test_the_true_person_of_an_undecided_application_is_shown_first(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    stage = make_stage(loaded=True)
    candidates = apply_optouts(stage, take_applications(stage).applications).candidates
    first = candidates[candidates["place"] == 1]
    shown = dict(
        zip(first["application_id"].str.partition(":")[2], first["addressee_id"], strict=True)
    )
    owed = {
        number: entry["addressee_id"] for number, entry in truth.items()
        if entry["expected"] == "undecided" and entry["addressee_id"]
    }  # fmt: skip
    assert len(owed) == 1
    assert {number: shown[number] for number in owed} == owed


def test_the_counts_of_the_outcomes_add_up_to_the_applications(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    stage = make_stage(loaded=True)
    matched = apply_optouts(stage, take_applications(stage).applications)
    counts = {count.step: count.count for count in count_outcomes(matched)}
    wanted = Counter(entry["expected"] for entry in truth.values())
    assert counts.pop("applications") == 30 == sum(counts.values())
    assert {step: count for step, count in counts.items() if count} == wanted
    table = tabulate_outcomes(matched)
    assert table["件数"].iloc[0] == table["件数"].iloc[1:].sum() == 30


def test_the_tables_of_the_channels_tell_withdrawn_and_late_ones(make_stage: MakeStage) -> None:
    stage = make_stage()
    received = take_applications(stage)
    channels = tabulate_channels(received.applications, "2026-05-15")
    shown = channels[["受付", "件数", "処理前", "受理", "取下げ", "うち締切後"]]
    assert shown.to_numpy().tolist() == [
        ["電子申請", 22, 3, 18, 1, 1], ["窓口・郵送", 8, 8, 0, 0, 0],
    ]  # fmt: skip
    totals = tabulate_totals(stage, received)
    assert totals["読んだ件数"].tolist() == totals["画面・紙の件数"].tolist() == [22, 8]
    assert totals["うち読めない行"].tolist() == [0, 0]


def test_two_channels_that_number_alike_are_told_apart(make_stage: MakeStage) -> None:
    ids = take_applications(make_stage()).applications["application_id"]
    assert ids.is_unique
    assert ids.str.partition(":")[0].value_counts().to_dict() == {"form": 22, "counter": 8}


@pytest.mark.parametrize("total", [21, 23])
def test_a_total_that_is_not_the_rows_read_stops(make_stage: MakeStage, total: int) -> None:
    """A18, いわき市: an application was lost between branch and office."""
    stage = make_stage(form_total=total)
    with pytest.raises(GuardError, match=r"optouts\.total_agrees"):
        take_applications(stage)
    assert answer(stage, "optouts.total_agrees") == "no"


@pytest.mark.parametrize("total", [22, 20])
def test_an_export_in_which_two_applications_of_the_series_are_missing_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path, total: int
) -> None:
    """A17, 八女市: posted applications vanished, even where the total was taken from the file."""
    rows = read_form(ward)
    path = write_form(tmp_path / "applications_form.csv", [*rows[:9], *rows[11:]])
    stage = make_stage(form_file=path, form_total=total)
    with pytest.raises(
        GuardError, match="読んだ 20 件" if total == 22 else "受付番号が 2 件欠けて"
    ):
        take_applications(stage)
    assert answer(stage, "optouts.total_agrees") == "no"


def open_counter(ward: Path) -> tuple[Any, Any, dict[str, int]]:
    book = openpyxl.load_workbook(ward / "applications_counter.xlsx")
    sheet = book["受付簿"]
    return book, sheet, {cell.value: place for place, cell in enumerate(sheet[3], start=1)}


def test_two_papers_of_the_offices_series_missing_stop_though_the_total_agrees(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """A17, 八女市."""
    book, sheet, _ = open_counter(ward)
    sheet.delete_rows(6, 2)
    book.save(tmp_path / "applications_counter.xlsx")
    stage = make_stage(counter_file=str(tmp_path / "applications_counter.xlsx"), counter_total=6)
    with pytest.raises(GuardError, match="2 件欠けています（R8-… 2番の次が5番）"):
        take_applications(stage)
    assert answer(stage, "optouts.total_agrees") == "no"


def test_a_number_that_was_never_given_is_a_row_of_its_own_and_undecided(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    book, sheet, columns = open_counter(ward)
    for place in range(1, sheet.max_column + 1):
        if place not in (columns["整理番号"], columns["受付日"]):
            sheet.cell(row=6, column=place).value = None
    sheet.cell(row=3, column=sheet.max_column + 1).value = "処理状況"
    sheet.cell(row=6, column=sheet.max_column).value = "欠番"
    book.save(tmp_path / "applications_counter.xlsx")
    stage = make_stage(loaded=True, counter_file=str(tmp_path / "applications_counter.xlsx"))
    matched = apply_optouts(stage, take_applications(stage).applications)
    row = matched.applications["application_id"] == "counter:R8-003"
    assert matched.applications.loc[row, "status"].tolist() == ["test"]
    assert matched.matches.loc[row, "outcome"].tolist() == ["undecided"]


def test_last_years_export_stops_though_its_total_agrees(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """A53."""
    rows = read_form(ward)
    place = rows[0].index("送信日時")
    for row in rows[1:]:
        row[place] = row[place].replace("2026", "2025")
    path = write_form(tmp_path / "applications_form.csv", rows)
    stage = make_stage(form_file=path)
    with pytest.raises(GuardError, match="昨年度"):
        take_applications(stage)
    assert answer(stage, "optouts.total_agrees") == "no"


def test_no_application_at_all_stops_until_a_person_confirms_it(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    form = write_form(tmp_path / "applications_form.csv", read_form(ward)[:1])
    book = openpyxl.load_workbook(ward / "applications_counter.xlsx")
    sheet = book["受付簿"]
    sheet.delete_rows(4, sheet.max_row)
    counter = tmp_path / "applications_counter.xlsx"
    book.save(counter)
    nothing = {
        "form_file": form, "form_total": 0, "counter_file": str(counter), "counter_total": 0,
    }  # fmt: skip
    with pytest.raises(GuardError, match="一件もありません"):
        take_applications(make_stage(**nothing))
    stage = make_stage(loaded=True, **nothing, applications_zero_confirmed_by="担当者A")
    matched = apply_optouts(stage, take_applications(stage).applications)
    assert answer(stage, "optouts.one_end_each") == "yes"
    assert {count.count for count in count_outcomes(matched)} == {0}


@pytest.mark.parametrize("source", ["form", "counter"])
def test_an_export_of_the_deadlines_own_day_stops(make_stage: MakeStage, source: str) -> None:
    """A62."""
    stage = make_stage(**{f"{source}_exported_on": "2026-05-15"})
    with pytest.raises(GuardError, match=r"optouts\.complete"):
        take_applications(stage)
    assert answer(stage, "optouts.complete") == "no"


def spoil_address(ward: Path, path: Path) -> str:
    book, sheet, columns = open_counter(ward)
    cell = sheet.cell(row=5, column=columns["住所"])
    cell.value = datetime(2026, 8, 1)
    cell.number_format = "m月d日"
    book.save(path)
    return str(path)


def test_a_house_number_that_became_a_date_goes_before_people_with_a_hint(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """A57. Its row is counted and listed, so that neither total nor series misses it."""
    path = spoil_address(ward, tmp_path / "applications_counter.xlsx")
    stage = make_stage(counter_file=path)
    received = take_applications(stage)
    assert len(received.applications) == 29
    [row] = received.quarantine.to_dict("records")
    assert (row["source"], row["source_row"]) == ("counter", 5) and "8-1" in row["reason"]
    assert answer(stage, "optouts.total_agrees") == "yes"
    assert tabulate_totals(stage, received)["うち読めない行"].tolist() == [0, 1]


def decide_rows(stage: Stage, path: Path, confirmed_by: str) -> None:
    cases = read_private_table(stage, "doubts_02").to_dict("records")
    decisions = begin_decisions(stage.parameters["run_id"])
    for case in cases:
        choice = {"decision": "left_out", "reason": "entered_again"}
        decisions = decide_case(decisions, case, choice, sign_as(STAFF))
    if confirmed_by:
        decisions = confirm_all(decisions, cases, confirmed_by)
    write_decisions(path, decisions)


def test_a_row_that_nobody_can_read_waits_for_two_people_and_is_decided_for_the_later_days(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    path = spoil_address(ward, tmp_path / "applications_counter.xlsx")
    decided = tmp_path / "rows.yaml"
    stage = make_stage(counter_file=path, print_counter_file=path, rows_decisions_file=str(decided))
    later = replace(stage, today=date(2026, 5, 20))
    received = take_applications(stage)
    for confirmed_by in ("", SECOND):
        with pytest.raises(AwaitingPerson, match=r"optouts\.rows_decided"):
            settle_rows(stage, received)
        with pytest.raises(GuardError, match="読めない行が 1 件"):
            take_applications(later, "print_")
        decide_rows(stage, decided, confirmed_by)
    assert settle_rows(stage, received)["problem"].tolist() == [""]
    assert len(take_applications(later, "print_").applications) == 30
    # Another unreadable row is another decision.
    book = openpyxl.load_workbook(path)
    book["受付簿"].cell(row=6, column=2).value = "いつか"
    book.save(path)
    with pytest.raises(GuardError, match="読めない行が 1 件あります（6 行目）"):
        take_applications(later, "print_")


def test_a_row_that_nobody_can_read_stops_on_print_day(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    path = spoil_address(ward, tmp_path / "applications_counter.xlsx")
    stage = replace(make_stage(print_counter_file=path), today=date(2026, 5, 20))
    with pytest.raises(GuardError, match="読めない行が 1 件"):
        take_applications(stage, "print_")
    assert answer(stage, "optouts.complete") == "no"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("却下", "rejected"), ("差し戻し", "returned"), ("取下げ", "withdrawal"), ("テスト", "test"),
     ("保留", "status")],
)  # fmt: skip
def test_a_status_that_a_clerk_changed_puts_nobody_back(
    make_stage: MakeStage, ward: Path, tmp_path: Path, status: str, reason: str
) -> None:
    """A64. The subject is named as before, excluded until two people decide."""
    stage = make_stage(loaded=True)
    before = apply_optouts(stage, take_applications(stage).applications).matches
    plain = before[
        before["application_id"].str.startswith("form:") & (before["outcome"] == "matched")
    ]
    number = plain["application_id"].iloc[0]
    rows = read_form(ward)
    for row in rows[1:]:
        if f"form:{row[0]}" == number:
            row[rows[0].index("処理状況")] = status
    stage = make_stage(form_file=write_form(tmp_path / "applications_form.csv", rows))
    after = apply_optouts(stage, take_applications(stage).applications).matches
    changed = (before != after).any(axis=1)
    assert after.loc[changed, "application_id"].tolist() == [number]
    [row] = after[changed].to_dict("records")
    assert row["outcome"] == ("to_confirm" if reason == "status" else "withdrawn")
    assert (row["addressee_id"], row["reason"]) == (plain["addressee_id"].iloc[0], reason)


def test_the_applications_of_one_subject_are_linked_over_the_channels(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    twice = {number for number, entry in truth.items() if entry["kind"] == "duplicate"}
    stage = make_stage(loaded=True)
    matched = apply_optouts(stage, take_applications(stage).applications)
    linked = matched.applications[matched.applications["linked_to"] != ""]
    [(later, first)] = linked[["application_id", "linked_to"]].itertuples(index=False, name=None)
    assert {later.partition(":")[2], first.partition(":")[2]} == twice
    assert tabulate_links(matched.applications)["件数"].tolist() == [30, 1, 1, 29]


def test_each_column_of_both_files_is_shown_with_its_kind(make_stage: MakeStage) -> None:
    stage = make_stage()
    items = tabulate_items(stage, take_applications(stage))
    assert items["受付"].value_counts().to_dict() == {"電子申請": 19, "窓口・郵送": 17}
    assert "承認された範囲にない項目" not in set(items["扱い"])
    assert items.loc[items["見出し"] == "添付ファイル", "扱い"].tolist() == [
        "読まない（添付ファイル）"
    ]


@pytest.mark.parametrize(
    ("changes", "today"),
    [
        ({"print_form_exported_on": "2026-05-18"}, "2026-05-20"),
        ({"print_counter_exported_on": "2026-05-19"}, "2026-05-20"),
        ({"print_form_total": 24}, "2026-05-20"),
        ({}, "2026-05-21"),
    ],
    ids=str,
)
def test_on_print_day_every_channel_must_be_exported_anew_and_whole(
    make_stage: MakeStage, changes: dict[str, Any], today: str
) -> None:
    stage = replace(make_stage(**changes), today=date.fromisoformat(today))
    with pytest.raises(GuardError, match=r"optouts\.complete"):
        take_applications(stage, "print_")


def test_todays_exports_pass_on_print_day_and_bring_the_later_application(
    make_stage: MakeStage,
) -> None:
    stage = replace(make_stage(), today=date(2026, 5, 20))
    assert len(take_applications(stage, "print_").applications) == 31
    assert answer(stage, "optouts.complete") == "yes"


def test_a_registry_that_changed_after_the_intake_is_refused(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True)
    other = {**stage.parameters, "registry_file": str(ward / "handover_day" / "registry.csv")}
    with pytest.raises(IntegrityError, match="取込の後に変わって"):
        apply_optouts(replace(stage, parameters=other), take_applications(stage).applications)


def test_a_completed_exclusion_stores_its_tables_encrypted(make_stage: MakeStage) -> None:
    stage = make_stage(loaded=True)
    received = take_applications(stage)
    settle_rows(stage, received)
    matched = apply_optouts(stage, received.applications)
    finish_exclusion(stage, matched)
    assert read_entries(stage.folder)[-1]["event"] == "completed"
    assert read_private_table(stage, "matches")["outcome"].tolist() == (
        matched.matches["outcome"].tolist()
    )
    names = [name for name in matched.applications["subject_name"] if name]
    for path in stage.folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", errors="ignore")
            assert not any(name in text for name in names), path.name


GOOD = (
    ("form:1", "matched", "0000001"), ("form:2", "to_confirm", "0000002"),
    ("form:3", "outside", "0000003"), ("form:4", "withdrawn", "0000004"),
    ("form:5", "undecided", ""),
)  # fmt: skip


def test_one_end_for_each_application_is_right() -> None:
    assert check_ends(make_matched(*GOOD)) == []


@pytest.mark.parametrize(
    ("rows", "objection"),
    [
        (GOOD[:-1], "一対一"),
        ((*GOOD, GOOD[0]), "一対一"),
        ((*GOOD[:-1], ("form:6", "undecided", "")), "一対一"),
        ((*GOOD[:-1], ("form:5", "", "")), "知らない結果"),
        ((*GOOD[:-1], ("form:5", "not_found", "")), "知らない結果"),
        (((*GOOD[0][:2], ""), *GOOD[1:]), "相手のない"),
        ((*GOOD[:2], (*GOOD[2][:2], ""), *GOOD[3:]), "相手のない"),
        ((*GOOD[:3], (*GOOD[3][:2], ""), *GOOD[4:]), "相手のない"),
    ],
    ids=["lost", "doubled", "another", "no outcome", "unknown", "nobody matched",
         "outside without proof", "nobody withdrew"],
)  # fmt: skip
def test_an_application_without_exactly_one_known_end_is_an_objection(
    rows: tuple[tuple[str, str, str], ...], objection: str
) -> None:
    applications = make_matched(*GOOD).applications
    problems = check_ends(make_matched(*rows)._replace(applications=applications))
    assert any(objection in problem for problem in problems)


def test_a_lost_end_stops_the_stage(make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch) -> None:
    import recruitlib.optouts.exclusion as exclusion

    stage = make_stage(loaded=True)
    applications = take_applications(stage).applications
    whole = exclusion.match_day

    def lose_one(*given: Any) -> Matched:
        matched = whole(*given)
        return matched._replace(matches=matched.matches.iloc[1:])

    monkeypatch.setattr(exclusion, "match_day", lose_one)
    with pytest.raises(GuardError, match=r"optouts\.one_end_each"):
        apply_optouts(stage, applications)
    assert answer(stage, "optouts.one_end_each") == "no"


LATE = pd.DataFrame(
    {
        "application_id": ["form:1", "form:2", "form:3", "form:4", "form:5"],
        "received_at": ["2026-05-16", "2026-05-15", "2026-05-16", "2026-05-16", "2026-05-16"],
    }
)


def test_a_late_application_is_honoured_like_any_other() -> None:
    matches = make_matched(*GOOD).matches
    pd.testing.assert_frame_equal(hold_late(matches, LATE, "2026-05-15", "honour"), matches)


def test_a_late_application_that_would_be_returned_excludes_until_two_people_decide() -> None:
    rows = (GOOD[0], ("form:2", "matched", "0000002"), *GOOD[2:])
    matches = make_matched(*rows).matches
    held = hold_late(matches, LATE, "2026-05-15", "return")
    assert held["outcome"].tolist() == [
        "to_confirm",
        "matched",
        "outside",
        "withdrawn",
        "undecided",
    ]
    assert held["reason"].tolist() == ["late", "", "", "", ""]
    assert held["addressee_id"].tolist() == matches["addressee_id"].tolist()


@pytest.mark.parametrize(("policy", "outcome"), [("honour", "matched"), ("return", "to_confirm")])
def test_the_wards_late_application_names_its_subject_under_either_policy(
    make_stage: MakeStage, ward: Path, policy: str, outcome: str
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    [(number, late)] = [item for item in truth.items() if item[1]["kind"] == "late"]
    stage = make_stage(loaded=True, late_optout=policy)
    matches = apply_optouts(stage, take_applications(stage).applications).matches
    row = matches[matches["application_id"] == f"form:{number}"].iloc[0]
    assert (row["outcome"], row["addressee_id"]) == (outcome, late["addressee_id"])


@pytest.mark.parametrize(
    ("changes", "time", "reason"),
    [
        ({"処理状況": "取下げ"}, "2026-05-17 08:00:00", "withdrawn_later"),
        (
            {"情報提供を希望しない旨の申出": "取り下げます"},
            "2026-05-17 08:00:00",
            "withdrawn_later",
        ),
        ({"処理状況": "取下げ"}, "2026-04-01 08:00:00", ""),
    ],
)
def test_a_withdrawal_of_its_own_row_ends_what_came_before_it_and_nothing_later(
    make_stage: MakeStage,
    ward: Path,
    tmp_path: Path,
    changes: dict[str, str],
    time: str,
    reason: str,
) -> None:
    rows = read_form(ward)
    first = dict(zip(rows[0], rows[1], strict=True))
    number = {"回答ID": "48219999", "受付番号": f"受{len(rows):04d}", "送信日時": time}
    again = {**first, **number, **changes}
    path = write_form(tmp_path / "applications_form.csv", [*rows, list(again.values())])
    stage = make_stage(loaded=True, form_file=path, form_total=len(rows))
    matches = apply_optouts(stage, take_applications(stage).applications).matches
    ends = matches.set_index("application_id")
    earlier, later = ends.loc[f"form:{first['回答ID']}"], ends.loc["form:48219999"]
    assert (later["outcome"], later["reason"]) == ("withdrawn", "withdrawal")
    assert (earlier["outcome"], earlier["reason"]) == (
        "withdrawn" if reason else "matched",
        reason,
    )
    assert earlier["addressee_id"] == later["addressee_id"] != ""


def test_what_is_kept_of_the_registry_matches_as_the_whole_registry_does(
    make_stage: MakeStage,
) -> None:
    stage = make_stage(loaded=True)
    applications = take_applications(stage).applications
    cohort = read_private_table(stage, "cohort")
    kept = reread_registry(stage, choose_rows(stage, applications, cohort))
    whole = reread_registry(stage, lambda cells: np.ones(cells.num_rows, dtype=bool))
    assert len(cohort) < len(kept.records) < len(whole.records)
    latest = whole.records.loc[whole.records["is_latest"], "address"]
    assert sorted(whole.addresses.to_pylist()) == sorted(set(latest))
    assert kept.addresses == whole.addresses
    for ours, theirs in zip(
        match_day(stage, applications, kept), match_day(stage, applications, whole), strict=True
    ):
        pd.testing.assert_frame_equal(ours, theirs)


def test_whose_birth_date_is_not_plain_is_kept_whatever_the_applications_say(
    make_stage: MakeStage,
) -> None:
    stage = make_stage(loaded=True)
    nobody = read_private_table(stage, "cohort").head(0)
    keep = choose_rows(stage, take_applications(stage).applications.head(0), nobody)
    names = ("addressee_id", "full_name", "full_name_kana", "full_name_kana_old", "birth_date")
    rows = [("1", "架空　一", "", "", ""), ("2", "架空　二", "", "", "1950-01-01")]
    cells = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    assert keep(cells).tolist() == [True, False]
