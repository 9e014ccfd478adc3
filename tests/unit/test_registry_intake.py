"""Intake on the files of the invented ward: each guard of notebook 01 says yes, or stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.counts import Count
from recruitlib.base.errors import AwaitingPerson, FormError, GuardError, IntegrityError
from recruitlib.base.row_cases import tabulate_row_cases
from recruitlib.base.run import Stage, list_answers, read_private_table
from recruitlib.base.traces import make_traces, read_traces
from recruitlib.registry.intake import (
    Loaded,
    choose_cohort,
    finish_intake,
    list_possible,
    load_registry,
    read_listed,
    tabulate_bounds,
    tabulate_rows,
    tabulate_source,
    take_protections,
)
from tests.conftest import WARD
from tests.unit.extracts import (
    Cells,
    is_cohort_row,
    read_cells,
    replace_column,
    take_column,
    write_cells,
)
from tests.unit.intakes import KEY, LEFT_OUT, Taken, answer, begin, decide_all, take_in

MakeStage = Callable[..., Stage]


@pytest.fixture(scope="module")
def ward(ward_project: Path) -> Path:
    return ward_project / WARD


@pytest.fixture
def make_stage(tmp_path: Path, ward: Path) -> MakeStage:
    """Make a stage of the small ward that has just begun, with some parameters changed."""

    def make(today: str = "2026-05-18", **changes: Any) -> Stage:
        return begin(tmp_path, ward, today, **changes)

    return make


@pytest.fixture
def with_rows(tmp_path: Path, make_stage: MakeStage) -> Callable[..., Stage]:
    """Make a stage whose registry has the rows that are given."""

    def make(rows: Cells, **changes: Any) -> Stage:
        path = str(write_cells(tmp_path / "registry.csv", rows))
        return make_stage(registry_file=path, registry_total=len(rows) - 1, **changes)

    return make


def find_cohort_rows(rows: Cells) -> Cells:
    return [row for row in rows[1:] if is_cohort_row(rows[0], row)]


def finish(stage: Stage, taken: Taken) -> str:
    return finish_intake(stage, taken.intake, taken.loaded)


def test_a_clean_ward_is_taken_in_and_every_guard_says_yes(
    make_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    stage = make_stage()
    taken = take_in(stage)
    intake = taken.intake
    assert finish(stage, taken).startswith("01 取込 完了")
    assert {facts["answer"] for facts in list_answers(stage).values()} == {"yes"}
    assert intake.cohort["cohort"].value_counts().to_dict() == truth["cohorts"]
    counts = {(count.cohort, count.step): count.count for count in intake.counts}
    rows = truth["rows"]
    assert counts["all", "rows_read"] == rows["registry"]
    assert counts["all", "superseded"] == rows["history"]
    former = ("dead", "moved_out", "outsider", "removed", "deleted")
    assert sum(counts["all", step] for step in former) == rows["former"]
    assert counts["all", "foreign"] == rows["foreign"]
    assert counts["all", "unreadable"] == counts["all", "birth_unsure"] == 0
    protected = set(read_private_table(stage, "protected")["addressee_id"])
    listed = [*truth["protected"]["18"], *truth["protected"]["22"], *truth["protected_outside"]]
    assert protected == set(listed)
    stored = read_private_table(stage, "cohort")
    assert stored["addressee_id"].tolist() == intake.cohort["addressee_id"].tolist()
    assert read_private_table(stage, "housemates").empty
    assert taken.settled.empty


def test_the_record_of_an_intake_holds_no_person(make_stage: MakeStage) -> None:
    stage = make_stage()
    taken = take_in(stage)
    finish(stage, taken)
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    for column in ("full_name", "address", "addressee_id", "birth_date"):
        assert not any(text in record for text in set(taken.intake.cohort[column]))


def test_the_tables_for_the_officer_add_up(make_stage: MakeStage) -> None:
    stage = make_stage()
    taken = take_in(stage)
    rows = tabulate_rows(taken.intake)
    assert rows["行数"].iloc[-1] == rows["行数"].iloc[0] == 1_776
    bounds = tabulate_bounds(taken.intake)
    assert bounds["初日"].tolist() == ["2008-04-02", "2004-04-02"]
    assert bounds["末日"].tolist() == ["2009-04-01", "2005-04-01"]
    # The small ward has somebody on each of the four days, and nowhere ten.
    assert bounds["初日生まれ"].tolist() == bounds["末日生まれ"].tolist() == ["10未満"] * 2
    table = tabulate_source(taken.loaded.extract, "registry.csv")
    source = dict(table.itertuples(index=False))
    assert source["読んだ行"] == "1,776" and source["うち読めない行"] == "0"
    assert source["読み込まずに捨てた列"] == "94"


def make_doubtful(ward: Path) -> Cells:
    """Give the ward's rows with one unreadable row of a cohort and one person of unknown birth."""
    rows = read_cells(ward / "registry.csv")
    first, second = find_cohort_rows(rows)[:2]
    first[rows[0].index("住民状態")] = "7"
    for header, text in (
        ("生年月日", ""),
        ("生年月日_不詳フラグ", "1"),
        ("生年月日_不詳表記", "平成20年頃"),
    ):
        second[rows[0].index(header)] = text
    return rows


def test_the_load_waits_for_two_people_where_a_row_or_a_birth_date_is_in_doubt(
    ward: Path, with_rows: MakeStage
) -> None:
    stage = with_rows(make_doubtful(ward))
    with pytest.raises(AwaitingPerson, match=r"registry\.rows_decided.*事例1.*事例2") as stop:
        take_in(stage)
    assert answer(stage, "registry.rows_decided") == "no"
    assert "平成20年頃" not in str(stop.value)
    assert not any(entry["event"] == "completed" for entry in read_entries(stage.folder))
    people = read_private_table(stage, "doubt_people_01")
    assert people["case"].nunique() == 2


def test_what_two_people_left_out_is_counted_and_in_no_cohort(
    ward: Path, with_rows: MakeStage
) -> None:
    rows = make_doubtful(ward)
    stage = with_rows(rows)
    with pytest.raises(AwaitingPerson):
        take_in(stage)
    decide_all(stage)
    stage = with_rows(rows)
    taken = take_in(stage)
    finish(stage, taken)
    counts = {(count.cohort, count.step): count.count for count in taken.intake.counts}
    assert counts["all", "unreadable"] == counts["all", "birth_unsure"] == 1
    assert counts["18", "cohort"] + counts["22", "cohort"] == 127 + 192 - 2
    unread = taken.loaded.extract.source.quarantine["source_row"].tolist()
    note = list_answers(stage)["registry.every_row_counted"]["note"]
    assert len(unread) == 1 and f"{unread[0]} 行目" in note
    shown = tabulate_row_cases(taken.settled)
    assert shown["種類"].tolist() == ["読めない行", "生年月日が確かでなく、対象かもしれない人"]
    names = [row[rows[0].index("氏名")] for row in find_cohort_rows(rows)]
    assert not [name for name in names if name in shown.to_csv()]


def test_whom_two_people_included_is_of_the_cohort(ward: Path, with_rows: MakeStage) -> None:
    rows = make_doubtful(ward)
    person = find_cohort_rows(read_cells(ward / "registry.csv"))[1][rows[0].index("宛名番号")]
    stage = with_rows(rows)
    with pytest.raises(AwaitingPerson):
        take_in(stage)
    decide_all(stage, {2: {**LEFT_OUT, "decision": "included", "candidate": 1}})
    stage = with_rows(rows)
    taken = take_in(stage)
    finish(stage, taken)
    cohort = read_private_table(stage, "cohort").set_index("addressee_id")
    assert cohort.loc[person, ["cohort", "birth_date"]].tolist() == ["18", ""]
    counts = {(count.cohort, count.step): count.count for count in taken.intake.counts}
    assert counts["all", "birth_unsure"] == 0


def test_a_decision_does_not_hold_for_a_row_that_was_changed_since(
    ward: Path, with_rows: MakeStage
) -> None:
    rows = make_doubtful(ward)
    stage = with_rows(rows)
    with pytest.raises(AwaitingPerson):
        take_in(stage)
    decide_all(stage)
    place = rows[0].index("生年月日_不詳表記")
    next(row for row in rows if row[place] == "平成20年頃")[place] = "平成21年頃"
    with pytest.raises(AwaitingPerson, match="決定の後に内容が変わりました"):
        take_in(with_rows(rows))


def test_a_row_of_another_width_is_listed_and_waits(ward: Path, with_rows: MakeStage) -> None:
    rows = read_cells(ward / "registry.csv")
    rows[7] = [*rows[7], ""]
    stage = with_rows(rows)
    with pytest.raises(AwaitingPerson, match=r"registry\.rows_decided"):
        take_in(stage)
    cases = read_private_table(stage, "doubts_01")
    assert cases[["kind", "source_row"]].values.tolist() == [["unreadable", 8]]
    assert answer(stage, "registry.form_known") == "yes"


def test_a_registry_with_the_names_sorted_on_their_own_stops_as_unknown_form(
    ward: Path, with_rows: MakeStage
) -> None:
    """堺市: 1,120 rows shifted under a spreadsheet's filter."""
    rows = read_cells(ward / "registry.csv")
    stage = with_rows(replace_column(rows, "氏名", sorted(take_column(rows, "氏名"))))
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
    ward: Path, with_rows: MakeStage
) -> None:
    rows = read_cells(ward / "registry.csv")
    days = [
        (date.fromisoformat(day) - timedelta(days=365)).isoformat() if day else ""
        for day in take_column(rows, "異動年月日")
    ]
    with pytest.raises(GuardError, match="古い抽出"):
        load_registry(with_rows(replace_column(rows, "異動年月日", days)))


def test_the_extract_of_before_a_delta_stops_and_another_one_does_not(
    ward: Path, make_stage: MakeStage, with_rows: Callable[..., Stage]
) -> None:
    stage = make_stage()
    digest = load_registry(stage).extract.digest
    completed = {"files": {}, "counts": [], "inputs": {"registry": digest}}
    append_entry(stage.folder, "01", "completed", **completed)
    load_registry(make_stage())
    append_entry(stage.folder, "05", "serials_changed", act="delta", files={})
    again = make_stage()
    with pytest.raises(GuardError, match="差引で宛名シールを取り消す前に読んだもの"):
        load_registry(again)
    assert answer(again, "registry.base_date") == "no"
    rows = read_cells(ward / "registry.csv")
    today = with_rows([*rows[:1], *reversed(rows[1:])])
    assert load_registry(today).extract.digest != digest
    assert answer(today, "registry.base_date") == "yes"


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
    ward: Path, with_rows: MakeStage, tmp_path: Path
) -> None:
    """文京区: one age condition lost 1,131 people of one year's end."""
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index("生年月日")
    kept = [row for row in rows if row[place][5:7] not in ("01", "02", "03")]
    # Of those who are lost nobody is on the list, whose number would tell.
    listed = read_cells(ward / "protections.csv")
    born = listed[0].index("生年月日")
    others = [row for row in listed if row[born][5:7] not in ("01", "02", "03")]
    path = write_cells(tmp_path / "protections.csv", others)
    stage = with_rows(kept, protections_file=str(path))
    with pytest.raises(GuardError, match="生まれ月"):
        take_in(stage)
    assert answer(stage, "cohort.birth_range") == "no"


def test_movers_out_and_dead_delivered_as_residents_stop(ward: Path, with_rows: MakeStage) -> None:
    """018サポート: the extraction tool let 170,000 movers-out through."""
    rows = read_cells(ward / "registry.csv")
    left, dead = (rows[0].index(name) for name in ("転出年月日（確定）", "消除の異動年月日"))
    for number, row in enumerate(find_cohort_rows(rows)[::33]):
        row[left if number % 2 else dead] = "2026-02-10"
    stage = with_rows(rows)
    with pytest.raises(GuardError, match=r"cohort\.status_retested"):
        take_in(stage)
    assert answer(stage, "cohort.status_retested") == "no"


def test_a_row_that_was_lost_after_reading_stops(make_stage: MakeStage) -> None:
    stage = make_stage()
    loaded = load_registry(stage)
    traced = take_protections(stage, loaded)
    settled = take_in(make_stage()).settled
    records = loaded.extract.records
    lost = records.index[records["is_latest"] & (records["end"] == "18")][5]
    shortened = loaded._replace(extract=loaded.extract._replace(records=records.drop(lost)))
    with pytest.raises(GuardError, match=r"registry\.every_row_counted.*127 人.*126 人"):
        choose_cohort(stage, shortened, traced, settled)
    assert answer(stage, "registry.every_row_counted") == "no"


def test_a_demonstration_refuses_a_registry_without_the_marker(
    ward: Path, with_rows: MakeStage
) -> None:
    rows = read_cells(ward / "registry.csv")
    rows[3][rows[0].index("業務ID")] = "JUKI"
    with pytest.raises(GuardError, match="架空の区の印がありません"):
        load_registry(with_rows(rows))


def test_a_real_run_refuses_the_invented_ward(make_stage: MakeStage) -> None:
    with pytest.raises(GuardError, match="架空の区の印があります"):
        load_registry(make_stage(run_kind="production"))


def test_a_run_without_a_list_of_protected_people_stops(make_stage: MakeStage) -> None:
    """徳島市: the system could not tell protected people."""
    stage = make_stage(protections_file="", protections_listed_on="")
    with pytest.raises(GuardError, match=r"protection\.list_fresh"):
        take_in(stage)


def test_an_empty_list_stops_until_the_registry_section_attests_it(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    header = read_cells(ward / "protections.csv")[:1]
    path = str(write_cells(tmp_path / "protections.csv", header))
    with pytest.raises(GuardError, match="空です"):
        take_in(make_stage(protections_file=path))
    attested = "登録係長 2026-05-18"
    stage = make_stage(protections_file=path, protections_attested_by=attested)
    taken = take_in(stage)
    assert taken.traced.protections.empty and taken.intake.protected.empty
    assert answer(stage, "protection.list_fresh") == "yes"
    assert answer(stage, "protection.every_row_found") == "not_asked"


def test_a_list_dated_last_month_stops(make_stage: MakeStage, ward: Path, tmp_path: Path) -> None:
    """大網白里市: the list was too old."""
    rows = read_cells(ward / "protections.csv")
    old = replace_column(rows, "作成年月日", ["2026-04-18"] * (len(rows) - 1))
    path = str(write_cells(tmp_path / "protections.csv", old))
    for stated in ("2026-04-18", "2026-05-18"):
        with pytest.raises(GuardError, match=r"protection\.list_fresh"):
            take_in(make_stage(protections_file=path, protections_listed_on=stated))


def test_todays_list_of_loading_day_is_an_old_one_on_print_day(make_stage: MakeStage) -> None:
    stage = make_stage()
    loaded = load_registry(stage)
    with pytest.raises(GuardError, match=r"protection\.list_fresh"):
        take_protections(replace(stage, today=date(2026, 5, 20)), loaded)


STRANGER = {
    "addressee_id": "", "full_name": "遠方　二郎", "full_name_kana": "", "birth_date": "",
    "address": "遠方市一丁目１番１号",
}  # fmt: skip


def add_strangers(loaded: Loaded) -> Loaded:
    """Add a row that finds nobody to the list, and a marked person without a latest record."""
    listed = loaded.listed.iloc[[0]].assign(**STRANGER, source_row=77)
    marked = loaded.extract.records.iloc[[0]].assign(
        addressee_id="7777777", full_name="遠方　三郎", full_name_kana="", birth_date="1980-05-05",
        protection_kind="1", is_latest=False, source_row=45,
    )  # fmt: skip
    records = pd.concat([loaded.extract.records, marked], ignore_index=True)
    return Loaded(
        loaded.extract._replace(records=records),
        pd.concat([loaded.listed, listed], ignore_index=True),
    )


def test_a_new_doubt_of_a_later_day_is_told_by_file_and_row(make_stage: MakeStage) -> None:
    stage = make_stage()
    loaded = load_registry(stage)
    traced = take_protections(stage, loaded)
    later = replace(
        stage,
        number="04",
        today=date(2026, 5, 20),
        parameters={**stage.parameters, "print_protections_listed_on": "2026-05-20"},
    )
    loaded = loaded._replace(listed=loaded.listed.assign(listed_on="2026-05-20"))
    append_entry(later.folder, "04", "begun")
    take_protections(later, loaded, list_possible(loaded.extract), "print_")
    assert answer(later, "protection.every_row_found") == "yes"
    with pytest.raises(GuardError) as caught:
        take_protections(later, add_strangers(loaded), list_possible(loaded.extract), "print_")
    said = str(caught.value)
    assert "支援措置の一覧に、誰か決まらない行があります（77 行目）" in said
    assert "抽出の支援措置の列に、誰か決まらない行があります（45 行目）" in said
    assert "-45" not in said
    assert traced.ends["end"].isin(["found", "outside"]).all()


@pytest.mark.parametrize("had_list", [True, False])
def test_a_list_that_was_there_at_loading_cannot_vanish_by_a_word(
    make_stage: MakeStage, had_list: bool
) -> None:
    # Right values: recruiting labels of protected people were printed by an unsigned word.
    stage = make_stage()
    loaded = load_registry(stage)
    later = replace(
        stage, number="05", today=date(2026, 5, 25),
        parameters={
            **stage.parameters, "handover_protections_file": "",
            "handover_protections_listed_on": "2026-05-25", "handover_protections_attested_by": "登録係",
        },
    )  # fmt: skip
    append_entry(later.folder, "01", "completed", protections_listed=had_list)
    append_entry(later.folder, "05", "begun")
    day = loaded._replace(listed=read_listed(later, "handover_"))
    with nullcontext() if not had_list else pytest.raises(GuardError, match="01 からやり直し"):
        take_protections(later, day, list_possible(loaded.extract), "handover_")
    assert answer(later, "protection.list_fresh") == ("no" if had_list else "yes")


@pytest.mark.parametrize("number", ["01", "04", "05"])
def test_who_is_only_on_the_list_is_remembered_for_the_scan_on_each_day(
    make_stage: MakeStage, number: str
) -> None:
    begun = make_stage()
    loaded = load_registry(begun)
    stage = replace(begun, number=number)
    take_protections(stage, loaded)
    before = read_traces(stage.folder, KEY)
    assert set(loaded.listed["addressee_id"]) <= before.numbers
    told = make_traces(pd.DataFrame([STRANGER]))
    assert not told.names & before.names and not told.addresses & before.addresses
    typed = loaded.listed.iloc[[0]].assign(address="5-18")
    more = add_strangers(loaded)
    listed = pd.concat([more.listed, typed], ignore_index=True)
    take_protections(stage, more._replace(listed=listed))
    after = read_traces(stage.folder, KEY)
    assert told.names <= after.names and told.addresses <= after.addresses
    assert "5-18" not in after.addresses
    assert (stage.folder / f"private/terms_{number}.age").exists()


def test_ids_that_lost_their_zeros_still_find_their_people(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "protections.csv")
    stripped = [one.lstrip("0") for one in take_column(rows, "宛名番号")]
    path = write_cells(tmp_path / "protections.csv", replace_column(rows, "宛名番号", stripped))
    taken = take_in(make_stage(protections_file=str(path)))
    plain = take_in(make_stage())
    assert stripped != take_column(rows, "宛名番号")
    assert taken.intake.protected.tolist() == plain.intake.protected.tolist()


def test_an_unknown_kind_of_measure_stops(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    rows = read_cells(ward / "protections.csv")
    rows[4][rows[0].index("支援措置区分")] = "7"
    stage = make_stage(protections_file=str(write_cells(tmp_path / "protections.csv", rows)))
    with pytest.raises(FormError, match="符号"):
        take_in(stage)
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
    stage = make_stage(protections_file=str(path))
    finish(stage, take_in(stage))
    assert sorted(read_private_table(stage, "protected")["addressee_id"]) == sorted(live)


def test_a_child_forgotten_on_the_list_is_put_before_an_officer(
    make_stage: MakeStage, ward: Path, tmp_path: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    rows = read_cells(ward / "protections.csv")
    kind = rows[0].index("支援措置区分")
    young = {*truth["protected"]["18"], *truth["protected"]["22"]}
    forgotten = [row[0] for row in rows[1:] if row[kind] == "6" and row[0] in young]
    kept = [row for row in rows if row[0] not in forgotten]
    stage = make_stage(protections_file=str(write_cells(tmp_path / "protections.csv", kept)))
    finish(stage, take_in(stage))
    housemates = read_private_table(stage, "housemates")["addressee_id"]
    assert forgotten and sorted(housemates) == sorted(forgotten)


def test_a_stage_cannot_complete_while_a_guard_was_not_asked(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    taken = take_in(make_stage())
    stage = begin(tmp_path / "other", tmp_path)
    with pytest.raises(IntegrityError, match=r"registry\.form_known"):
        finish(stage, taken)
    assert not (stage.folder / "counts.csv").exists()
    assert not (stage.folder / "private" / "cohort.age").exists()


def test_a_stop_leaves_its_no_in_the_record_and_no_output(make_stage: MakeStage) -> None:
    stage = make_stage(registry_base_date="2025-04-01")
    with pytest.raises(GuardError):
        load_registry(stage)
    assert not any(entry["event"] == "completed" for entry in read_entries(stage.folder))
    assert not list(stage.folder.glob("private/*.age"))


def test_the_counts_have_one_row_for_each_end(make_stage: MakeStage) -> None:
    intake = take_in(make_stage()).intake
    assert [count for count in intake.counts if count.step == "cohort"] == [
        Count("18", "cohort", 127), Count("22", "cohort", 192),
    ]  # fmt: skip


def test_an_extract_that_was_cut_off_on_the_way_stops(
    ward: Path, make_stage: MakeStage, tmp_path: Path
) -> None:
    rows = read_cells(ward / "registry.csv")
    path = write_cells(tmp_path / "registry.csv", rows[:-20])
    with pytest.raises(GuardError, match=r"registry\.every_row_counted.*控え"):
        take_in(make_stage(registry_file=str(path)))


@pytest.mark.parametrize(
    ("header", "damage"),
    [("住所_番地号表記", "8月1日"), ("氏名", "?"), ("住所_方書", "ハイツ？１０１")],
)
def test_a_cell_damaged_by_a_spreadsheet_or_a_lost_character_waits_for_two_people(
    ward: Path, with_rows: MakeStage, header: str, damage: str
) -> None:
    rows = read_cells(ward / "registry.csv")
    chosen = find_cohort_rows(rows)[9]
    if header == "氏名":
        for name in ("氏名", "名_日本人"):
            cell = rows[0].index(name)
            chosen[cell] = chosen[cell][:-1] + damage
    else:
        chosen[rows[0].index(header)] = damage
    stage = with_rows(rows)
    with pytest.raises(AwaitingPerson, match=r"registry\.rows_decided"):
        take_in(stage)
    assert len(read_private_table(stage, "doubts_01")) == 1
