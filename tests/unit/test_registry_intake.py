"""Intake on the files of the invented ward: each guard of notebook 01 says yes, or stops."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyrage
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.counts import Count
from recruitlib.base.errors import FormError, GuardError, IntegrityError
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import Stage, ask_guard, list_answers, read_private_table
from recruitlib.base.vault import RunKey
from recruitlib.registry.extract import Extract
from recruitlib.registry.intake import (
    choose_cohort,
    finish_intake,
    list_items,
    load_registry,
    tabulate_bounds,
    tabulate_rows,
    tabulate_source,
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
    """Make a stage of the small ward that has just begun, with some parameters changed."""

    key = RunKey(str(pyrage.x25519.Identity.generate()), b"key of a test")

    def make(today: str = "2026-05-18", **changes: Any) -> Stage:
        files = {
            "registry_file": str(ward / "registry.csv"),
            "protections_file": str(ward / "protections.csv"),
        }
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        parameters = {**PARAMETERS, **files, **changes}
        stage = Stage("01", ROOT, folder, parameters, key, date.fromisoformat(today))
        append_entry(folder, "01", "begun")
        ask_guard(stage, "record.chain_intact", [])
        return stage

    return make


def answer(stage: Stage, guard: str) -> str:
    return str(list_answers(stage)[guard]["answer"])


def read_cells(path: Path) -> Cells:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def write_cells(path: Path, rows: Cells) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)
    return str(path)


def find_cohort_rows(rows: Cells) -> Cells:
    place = {header: number for number, header in enumerate(rows[0])}
    return [
        row for row in rows[1:]
        if row[place["最新フラグ"]] == row[place["住民種別"]] == row[place["住民状態"]] == "1"
        and ("2008-04-02" <= row[place["生年月日"]] <= "2009-04-01"
             or "2004-04-02" <= row[place["生年月日"]] <= "2005-04-01")
    ]  # fmt: skip


def test_a_clean_ward_is_taken_in_and_every_guard_says_yes(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    stage = make_stage()
    extract = load_registry(stage)
    intake = choose_cohort(stage, extract)
    protections = take_protections(stage, extract)
    line = finish_intake(stage, intake, extract, protections)
    assert line.startswith("01 取込 完了")
    assert {facts["answer"] for facts in list_answers(stage).values()} == {"yes"}
    assert intake.cohort["cohort"].value_counts().to_dict() == truth["cohorts"]
    counts = {(count.cohort, count.step): count.count for count in intake.counts}
    rows = truth["rows"]
    assert counts["all", "rows_read"] == rows["registry"]
    assert counts["all", "superseded"] == rows["history"]
    assert counts["all", "not_resident"] == rows["former"]
    assert counts["all", "foreign"] == rows["foreign"]
    protected = set(read_private_table(stage, "protected")["addressee_id"])
    listed = [*truth["protected"]["18"], *truth["protected"]["22"], *truth["protected_outside"]]
    assert protected == set(listed)
    stored = read_private_table(stage, "cohort")
    assert stored["addressee_id"].tolist() == intake.cohort["addressee_id"].tolist()
    assert read_private_table(stage, "housemates").empty


def test_the_record_of_an_intake_holds_no_person(make_stage: MakeStage) -> None:
    stage = make_stage()
    extract = load_registry(stage)
    intake = choose_cohort(stage, extract)
    finish_intake(stage, intake, extract, take_protections(stage, extract))
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    for column in ("full_name", "address", "addressee_id", "birth_date"):
        assert not any(text in record for text in set(intake.cohort[column]))


def test_the_tables_for_the_officer_add_up(make_stage: MakeStage) -> None:
    stage = make_stage()
    extract = load_registry(stage)
    intake = choose_cohort(stage, extract)
    rows = tabulate_rows(intake)
    assert rows["行数"].iloc[-1] == rows["行数"].iloc[0] == 1_776
    bounds = tabulate_bounds(intake)
    assert bounds["初日"].tolist() == ["2008-04-02", "2004-04-02"]
    assert bounds["末日"].tolist() == ["2009-04-01", "2005-04-01"]
    assert (bounds["初日生まれ"] >= 1).all() and (bounds["末日生まれ"] >= 1).all()
    source = dict(tabulate_source(extract, "registry.csv").itertuples(index=False))
    assert source["読んだ行"] == "1,776"


def test_unreadable_births_are_listed_by_row_number(make_stage: MakeStage) -> None:
    stage = make_stage()
    intake = choose_cohort(stage, load_registry(stage))
    assert len(intake.unreadable_rows) == 2
    note = list_answers(stage)["registry.every_row_counted"]["note"]
    assert all(str(row) in note for row in intake.unreadable_rows)


def test_a_registry_with_a_comma_at_the_end_of_some_rows_stops_as_unknown_form(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "registry.csv")
    rows[7] = [*rows[7], ""]
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    with pytest.raises(FormError):
        load_registry(stage)
    assert answer(stage, "registry.form_known") == "no"


def test_a_registry_with_the_names_sorted_on_their_own_stops_as_unknown_form(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """堺市: 1,120 rows shifted under a spreadsheet's filter."""
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index("氏名")
    for row, text in zip(rows[1:], sorted(row[place] for row in rows[1:]), strict=True):
        row[place] = text
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    with pytest.raises(FormError):
        load_registry(stage)
    assert answer(stage, "registry.form_known") == "no"


def test_last_years_base_date_stops(make_stage: MakeStage) -> None:
    """越谷市: the exclusion ran with a base date one year off."""
    stage = make_stage(registry_base_date="2025-04-01")
    with pytest.raises(GuardError, match=r"registry\.base_date"):
        load_registry(stage)
    assert answer(stage, "registry.base_date") == "no"


def test_last_years_extract_under_this_years_base_date_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index("異動年月日")
    for row in rows[1:]:
        if row[place]:
            day = date.fromisoformat(row[place]) - timedelta(days=365)
            row[place] = day.isoformat()
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    with pytest.raises(GuardError, match="古い抽出"):
        load_registry(stage)


@pytest.mark.parametrize(
    "ranges",
    [
        ["2008-04-02/2009-04-01", "2002-04-02/2003-04-01"],
        ["2008-04-02/2005-04-01", "2004-04-02/2005-04-01"],
        ["2004-04-02/2005-04-01", "2008-04-02/2009-04-01"],
    ],
    ids=["小山市: two years off", "a list that crossed eras and years", "the two ages exchanged"],
)
def test_a_printed_range_that_is_not_the_age_rules_stops(
    make_stage: MakeStage, ranges: list[str]
) -> None:
    stage = make_stage(cohort_birth_ranges=ranges)
    with pytest.raises(GuardError, match=r"cohort\.birth_range"):
        load_registry(stage)
    assert answer(stage, "cohort.birth_range") == "no"


def test_an_extract_without_the_people_born_in_january_to_march_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """文京区: one age condition lost 1,131 people of one year's end."""
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index("生年月日")
    kept = [row for row in rows if row[place][5:7] not in ("01", "02", "03")]
    path = write_cells(tmp_path / "registry.csv", kept)
    stage = make_stage(registry_file=path, registry_total=len(kept) - 1)
    extract = load_registry(stage)
    with pytest.raises(GuardError, match="生まれ月"):
        choose_cohort(stage, extract)


def test_movers_out_and_dead_delivered_as_residents_stop(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    """018サポート: the extraction tool let 170,000 movers-out through."""
    rows = read_cells(ward / "registry.csv")
    left, dead = (rows[0].index(name) for name in ("転出年月日（確定）", "消除の異動年月日"))
    for number, row in enumerate(find_cohort_rows(rows)[::33]):
        row[left if number % 2 else dead] = "2026-02-10"
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    extract = load_registry(stage)
    with pytest.raises(GuardError, match=r"cohort\.status_retested"):
        choose_cohort(stage, extract)
    assert answer(stage, "cohort.status_retested") == "no"


def test_a_row_that_was_lost_after_reading_stops(make_stage: MakeStage) -> None:
    stage = make_stage()
    extract = load_registry(stage)
    shortened = extract._replace(records=extract.records.drop(extract.records.index[5]))
    with pytest.raises(GuardError, match=r"registry\.every_row_counted"):
        choose_cohort(stage, shortened)
    assert answer(stage, "registry.every_row_counted") == "no"


def test_a_demonstration_refuses_a_registry_without_the_marker(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "registry.csv")
    rows[3][rows[0].index("業務ID")] = "JUKI"
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    with pytest.raises(GuardError, match="架空の区の印がありません"):
        load_registry(stage)


def test_a_real_run_refuses_the_invented_ward(make_stage: MakeStage) -> None:
    with pytest.raises(GuardError, match="架空の区の印があります"):
        load_registry(make_stage(run_kind="production"))


def load(make_stage: MakeStage, **changes: Any) -> tuple[Stage, Extract]:
    stage = make_stage(**changes)
    return stage, load_registry(stage)


def test_a_run_without_a_list_of_protected_people_stops(make_stage: MakeStage) -> None:
    """徳島市: the system could not tell protected people."""
    stage, extract = load(make_stage, protections_file="", protections_listed_on="")
    with pytest.raises(GuardError, match=r"protection\.list_fresh"):
        take_protections(stage, extract)


def test_an_empty_list_stops_until_the_registry_section_attests_it(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    header = read_cells(ward / "protections.csv")[:1]
    path = write_cells(tmp_path / "protections.csv", header)
    stage, extract = load(make_stage, protections_file=path)
    with pytest.raises(GuardError, match="空です"):
        take_protections(stage, extract)
    attested = "登録係長 2026-05-18"
    stage, extract = load(make_stage, protections_file=path, protections_attested_by=attested)
    assert take_protections(stage, extract).empty
    assert answer(stage, "protection.list_fresh") == "yes"
    assert answer(stage, "protection.every_row_found") == "not_asked"


def test_a_list_dated_last_month_stops(make_stage: MakeStage, ward: Path, tmp_path: Path) -> None:
    """大網白里市: the list was too old."""
    rows = read_cells(ward / "protections.csv")
    for row in rows[1:]:
        row[rows[0].index("作成年月日")] = "2026-04-18"
    path = write_cells(tmp_path / "protections.csv", rows)
    for stated in ("2026-04-18", "2026-05-18"):
        stage, extract = load(
            make_stage, protections_file=path, protections_listed_on=stated
        )  # fmt: skip
        with pytest.raises(GuardError, match=r"protection\.list_fresh"):
            take_protections(stage, extract)


def test_todays_list_of_loading_day_is_an_old_one_on_print_day(make_stage: MakeStage) -> None:
    stage, extract = load(make_stage)
    with pytest.raises(GuardError, match=r"protection\.list_fresh"):
        take_protections(replace(stage, today=date(2026, 5, 20)), extract)


@pytest.mark.parametrize("fault", ["zeros", "offset", "moved"])
def test_a_list_whose_rows_do_not_find_their_people_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path, fault: str
) -> None:
    """Zeros stripped by a spreadsheet; 千葉市美浜区: keyed by the rows of another file."""
    rows = read_cells(ward / "protections.csv")
    ids = [row[0] for row in rows[1:]]
    changed = {
        "zeros": [number.lstrip("0") for number in ids],
        "offset": [*ids[1:], ids[0]],
        "moved": [str(place) for place in range(len(ids))],
    }[fault]
    for row, number in zip(rows[1:], changed, strict=True):
        row[0] = number
    path = write_cells(tmp_path / "protections.csv", rows)
    stage, extract = load(make_stage, protections_file=path)
    with pytest.raises(GuardError, match=r"protection\.every_row_found"):
        take_protections(stage, extract)
    assert answer(stage, "protection.every_row_found") == "no"


def test_an_unknown_kind_of_measure_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "protections.csv")
    rows[4][rows[0].index("支援措置区分")] = "7"
    path = write_cells(tmp_path / "protections.csv", rows)
    stage, extract = load(make_stage, protections_file=path)
    with pytest.raises(FormError, match="符号"):
        take_protections(stage, extract)
    assert answer(stage, "protection.list_fresh") == "no"


def test_a_measure_past_its_end_and_one_that_is_listed_twice_still_protect(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "protections.csv")
    end, cancelled = (rows[0].index(name) for name in ("支援措置終了年月日", "削除フラグ"))
    for row in rows[1:]:
        row[end] = "2025-12-31"
    live = [row[0] for row in rows[1:] if row[cancelled] == "0"]
    ended = [row[:cancelled] + ["1"] + row[cancelled + 1 :] for row in rows[1:]]
    path = write_cells(tmp_path / "protections.csv", [*rows, *ended])
    stage, extract = load(make_stage, protections_file=path)
    intake = choose_cohort(stage, extract)
    finish_intake(stage, intake, extract, take_protections(stage, extract))
    assert read_private_table(stage, "protected")["addressee_id"].tolist() == live


def test_a_child_forgotten_on_the_list_is_put_before_an_officer(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    rows = read_cells(ward / "protections.csv")
    kind = rows[0].index("支援措置区分")
    young = {*truth["protected"]["18"], *truth["protected"]["22"]}
    forgotten = [row[0] for row in rows[1:] if row[kind] == "6" and row[0] in young]
    kept = [row for row in rows if row[0] not in forgotten]
    path = write_cells(tmp_path / "protections.csv", kept)
    stage, extract = load(make_stage, protections_file=path)
    intake = choose_cohort(stage, extract)
    finish_intake(stage, intake, extract, take_protections(stage, extract))
    housemates = read_private_table(stage, "housemates")["addressee_id"]
    assert forgotten and sorted(housemates) == sorted(forgotten)


def test_a_stage_cannot_complete_while_a_guard_was_not_asked(make_stage: MakeStage) -> None:
    stage = make_stage()
    extract = load_registry(stage)
    intake = choose_cohort(stage, extract)
    with pytest.raises(IntegrityError, match=r"protection\.list_fresh"):
        finish_intake(stage, intake, extract, pd.DataFrame({
            "addressee_id": pd.Series(dtype="str"), "cancelled": pd.Series(dtype="bool"),
        }))  # fmt: skip
    assert not (stage.folder / "counts.csv").exists()
    assert not (stage.folder / "private" / "cohort.age").exists()


def test_a_stop_leaves_its_no_in_the_record_and_no_output(make_stage: MakeStage) -> None:
    stage = make_stage(registry_base_date="2025-04-01")
    with pytest.raises(GuardError):
        load_registry(stage)
    assert not any(entry["event"] == "completed" for entry in read_entries(stage.folder))
    assert not list(stage.folder.glob("private/*.age"))


def test_the_labels_hold_name_and_address_and_the_postal_code_as_part_of_it(
    make_stage: MakeStage,
) -> None:
    assert list_items(make_stage()) == ["氏名", "住所", "郵便番号"]


def test_the_counts_have_one_row_for_each_end(make_stage: MakeStage) -> None:
    stage = make_stage()
    intake = choose_cohort(stage, load_registry(stage))
    assert [count for count in intake.counts if count.step == "cohort"] == [
        Count("18", "cohort", 127), Count("22", "cohort", 192),
    ]  # fmt: skip


def test_an_extract_that_was_cut_off_on_the_way_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "registry.csv")
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows[:-20]))
    extract = load_registry(stage)
    with pytest.raises(GuardError, match=r"registry\.every_row_counted.*控え"):
        choose_cohort(stage, extract)


@pytest.mark.parametrize(
    ("header", "damage"),
    [("住所_番地号表記", "8月1日"), ("氏名", "?"), ("住所_方書", "ハイツ？１０１")],
)
def test_a_cell_damaged_by_a_spreadsheet_or_a_lost_character_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path, header: str, damage: str
) -> None:
    rows = read_cells(ward / "registry.csv")
    place = {
        name: rows[0].index(name)
        for name in (
            "生年月日",
            "最新フラグ",
            "住民状態",
            "住民種別",
            "除票フラグ",
            "削除フラグ",
            header,
        )
    }
    chosen = next(
        row for row in rows[1:]
        if "2008-04-02" <= row[place["生年月日"]] <= "2009-04-01"
        and [row[place[name]] for name in ("最新フラグ", "住民状態", "住民種別")] == ["1", "1", "1"]
        and "1" not in (row[place["除票フラグ"]], row[place["削除フラグ"]])
    )  # fmt: skip
    if header == "氏名":
        for name in ("氏名", "名_日本人"):
            cell = rows[0].index(name)
            chosen[cell] = chosen[cell][:-1] + damage
    else:
        chosen[place[header]] = damage
    stage = make_stage(registry_file=write_cells(tmp_path / "registry.csv", rows))
    extract = load_registry(stage)
    with pytest.raises(FormError, match=r"registry\.form_known"):
        choose_cohort(stage, extract)
