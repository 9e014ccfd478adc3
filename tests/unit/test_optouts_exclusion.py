"""Exclusion on the files of the invented ward: all applications there, each with one end."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyrage
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import FormError, GuardError, IntegrityError
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import Stage, ask_guard, list_answers, read_private_table
from recruitlib.base.vault import RunKey
from recruitlib.optouts.exclusion import (
    Matched,
    apply_optouts,
    check_ends,
    count_outcomes,
    finish_exclusion,
    hold_late,
    tabulate_channels,
    tabulate_outcomes,
    tabulate_totals,
    take_applications,
)
from recruitlib.registry.intake import (
    choose_cohort,
    finish_intake,
    load_registry,
    take_protections,
)
from recruitlib.synth.ward import make_ward

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
        intake = Stage("01", ROOT, folder, parameters, key, date(2026, 5, 18))
        if loaded:
            begin(intake)
            extract = load_registry(intake)
            cohort = choose_cohort(intake, extract)
            finish_intake(intake, cohort, extract, take_protections(intake, extract))
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
    return Matched(applications, matches.assign(reason="", tier="A"), pd.DataFrame())


def test_every_application_of_the_ward_ends_as_the_truth_says(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    stage = make_stage(loaded=True)
    matched = apply_optouts(stage, take_applications(stage))
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
    candidates = apply_optouts(stage, take_applications(stage)).candidates
    first = candidates[candidates["place"] == 1]
    shown = dict(
        zip(first["application_id"].str.partition(":")[2], first["addressee_id"], strict=True)
    )
    owed = {
        number: entry["addressee_id"] for number, entry in truth.items()
        if entry["expected"] == "undecided" and entry["addressee_id"]
    }  # fmt: skip
    assert len(owed) == 2 and shown == owed


def test_the_counts_of_the_outcomes_add_up_to_the_applications(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    stage = make_stage(loaded=True)
    matched = apply_optouts(stage, take_applications(stage))
    counts = {count.step: count.count for count in count_outcomes(matched)}
    wanted = Counter(entry["expected"] for entry in truth.values())
    assert counts.pop("applications") == 30 == sum(counts.values())
    assert {step: count for step, count in counts.items() if count} == wanted
    table = tabulate_outcomes(matched)
    assert table["件数"].iloc[0] == table["件数"].iloc[1:].sum() == 30


def test_the_tables_of_the_channels_tell_withdrawn_and_late_ones(make_stage: MakeStage) -> None:
    stage = make_stage()
    applications = take_applications(stage)
    channels = tabulate_channels(applications, "2026-05-15")
    assert channels.to_numpy().tolist() == [
        ["電子申請", 22, 1, 1, 21], ["窓口・郵送", 8, 0, 0, 8],
    ]  # fmt: skip
    totals = tabulate_totals(stage, applications)
    assert totals["読んだ件数"].tolist() == totals["画面・紙の件数"].tolist() == [22, 8]


def test_two_channels_that_number_alike_are_told_apart(make_stage: MakeStage) -> None:
    ids = take_applications(make_stage())["application_id"]
    assert ids.is_unique
    assert ids.str.partition(":")[0].value_counts().to_dict() == {"form": 22, "counter": 8}


@pytest.mark.parametrize("total", [21, 23])
def test_a_total_that_is_not_the_rows_read_stops(make_stage: MakeStage, total: int) -> None:
    """いわき市: an application was lost between branch and office."""
    stage = make_stage(form_total=total)
    with pytest.raises(GuardError, match=r"optouts\.total_agrees"):
        take_applications(stage)
    assert answer(stage, "optouts.total_agrees") == "no"


def test_an_export_in_which_two_applications_of_the_series_are_missing_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """八女市: posted applications vanished."""
    rows = read_form(ward)
    path = write_form(tmp_path / "applications_form.csv", [*rows[:9], *rows[11:]])
    stage = make_stage(form_file=path)
    with pytest.raises(GuardError, match="読んだ 20 件"):
        take_applications(stage)


def test_last_years_export_stops_though_its_total_agrees(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
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
    matched = apply_optouts(stage, take_applications(stage))
    assert answer(stage, "optouts.one_end_each") == "yes"
    assert {count.count for count in count_outcomes(matched)} == {0}


@pytest.mark.parametrize("source", ["form", "counter"])
def test_an_export_of_the_deadlines_own_day_stops(make_stage: MakeStage, source: str) -> None:
    stage = make_stage(**{f"{source}_exported_on": "2026-05-15"})
    with pytest.raises(GuardError, match=r"optouts\.complete"):
        take_applications(stage)
    assert answer(stage, "optouts.complete") == "no"


def test_a_house_number_that_became_a_date_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(ward / "applications_counter.xlsx")
    sheet = book["受付簿"]
    column = [cell.value for cell in sheet[3]].index("住所") + 1
    cell = sheet.cell(row=5, column=column)
    cell.value = datetime(2026, 8, 1)
    cell.number_format = "m月d日"
    path = tmp_path / "applications_counter.xlsx"
    book.save(path)
    with pytest.raises(FormError, match="5"):
        take_applications(make_stage(counter_file=str(path)))


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
    assert len(take_applications(stage, "print_")) == 31
    assert answer(stage, "optouts.complete") == "yes"


def test_a_registry_that_changed_after_the_intake_is_refused(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True)
    other = {**stage.parameters, "registry_file": str(ward / "handover_day" / "registry.csv")}
    with pytest.raises(IntegrityError, match="取込の後に変わって"):
        apply_optouts(replace(stage, parameters=other), take_applications(stage))


def test_a_completed_exclusion_stores_its_tables_encrypted(make_stage: MakeStage) -> None:
    stage = make_stage(loaded=True)
    matched = apply_optouts(stage, take_applications(stage))
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
    applications = take_applications(stage)
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
    assert held["tier"].tolist() == ["B", "A", "A", "A", "A"]
    assert held["addressee_id"].tolist() == matches["addressee_id"].tolist()


@pytest.mark.parametrize(("policy", "outcome"), [("honour", "matched"), ("return", "to_confirm")])
def test_the_wards_late_application_names_its_subject_under_either_policy(
    make_stage: MakeStage, ward: Path, policy: str, outcome: str
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["applications"]
    [(number, late)] = [item for item in truth.items() if item[1]["kind"] == "late"]
    stage = make_stage(loaded=True, late_optout=policy)
    matches = apply_optouts(stage, take_applications(stage)).matches
    row = matches[matches["application_id"] == f"form:{number}"].iloc[0]
    assert (row["outcome"], row["addressee_id"]) == (outcome, late["addressee_id"])
