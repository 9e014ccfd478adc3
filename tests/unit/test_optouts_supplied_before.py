"""Who was supplied already in a fiscal year: found by digests, left out of a top-up, else a stop."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock

from recruitlib.base.audit import LOCK_NAME, append_entry, read_entries
from recruitlib.base.counts import index_counts, merge_counts, read_counts
from recruitlib.base.errors import GuardError, IntegrityError
from recruitlib.base.office import open_office
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.supplies import (
    Supply,
    digest_named,
    digest_resident,
    digest_supply,
    keep_supplies,
    read_supplies,
)
from recruitlib.optouts.exclusion import (
    apply_optouts,
    finish_exclusion,
    settle_rows,
    take_applications,
)
from recruitlib.optouts.supplied_before import (
    ask_supplied,
    find_supplied_before,
    tabulate_supplied,
)
from recruitlib.review.balance import check_balance, tabulate_people
from recruitlib.review.confirmation import prepare_review
from recruitlib.review.explanations import explain_resident
from recruitlib.review.glance import take_glance
from tests.unit.stages import list_last_answer, make_residents, make_situation, make_stage, store
from tests.unit.test_optouts_exclusion import MakeStage, ward
from tests.unit.test_optouts_exclusion import make_stage as make_ward_stage

__all__ = ["make_ward_stage", "ward"]
PEOPLE = make_residents({}, {}, {"full_name": "斎邉　𠮷乃󠄀", "birth_date": "2008-05-29"}, {})
IDS = PEOPLE["addressee_id"]


def supply(stage: Stage, run_id: str, people: pd.DataFrame, year: int = 2026) -> None:
    """Have another run hand over labels to people, as the office keeps it."""
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    key = office.key.digest_key
    labels = [
        [serial, digest_resident(person, key), digest_named(name, birth, key)]
        for serial, (person, name, birth) in enumerate(
            people[["addressee_id", "full_name", "birth_date"]].itertuples(index=False, name=None),
            1,
        )
    ]
    with FileLock(office.folder / LOCK_NAME):
        keep_supplies(
            office, year, [Supply(run_id, "2026-05-26", "地本", "1", "2026-04-01", labels)]
        )


def find(stage: Stage, people: pd.DataFrame = PEOPLE) -> list[tuple[str, str]]:
    found = find_supplied_before(stage, people)
    return list(found.itertuples(index=False, name=None))


def test_who_was_supplied_is_found_by_id_or_by_name_and_birth_date(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "02")
    assert find(stage) == []
    supply(stage, "spring", PEOPLE.iloc[[0, 2]])
    assert find(stage) == [(IDS[0], "id"), (IDS[2], "id")]
    # Moved out and in again: another id, and a plainer letter in the name.
    back = PEOPLE.assign(
        addressee_id="0000000099", full_name=PEOPLE["full_name"].replace("斎邉　𠮷乃󠄀", "斎邊　吉乃")
    )
    assert find(stage, back.iloc[[2]]) == [("0000000099", "name")]
    # Another birth date is another person.
    assert find(stage, back.iloc[[2]].assign(birth_date="2008-05-28")) == []
    assert tabulate_supplied(find_supplied_before(stage, PEOPLE))["人数"].tolist() == [2, 0, 2]


def test_neither_this_run_nor_another_year_counts(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    supply(stage, "test_ward", PEOPLE)
    supply(stage, "spring", PEOPLE, year=2025)
    assert find(stage) == []


def ask(folder: Path, **changes: Any) -> Stage:
    stage = make_stage(folder, "02", **changes)
    store(stage, cohort=PEOPLE)
    return stage


def test_a_run_that_is_no_top_up_stops_when_somebody_was_supplied(tmp_path: Path) -> None:
    stage = ask(tmp_path)
    assert ask_supplied(stage).empty
    assert list_last_answer(stage, "cohort.not_supplied") == "yes"
    supply(stage, "spring", PEOPLE.iloc[:3])
    with pytest.raises(GuardError, match=r"すでに提供した人が 3 人.*top_up_of.*spring"):
        ask_supplied(stage)
    assert list_last_answer(stage, "cohort.not_supplied") == "no"


def test_a_top_up_leaves_them_out_and_must_name_a_run_that_has_handed_over(tmp_path: Path) -> None:
    stage = ask(tmp_path, top_up_of=["spring"])
    with pytest.raises(GuardError, match="spring は、提供の控えにありません"):
        ask_supplied(stage)
    supply(stage, "spring", PEOPLE.iloc[:3])
    assert ask_supplied(stage)["addressee_id"].tolist() == IDS[:3].tolist()
    assert list_last_answer(stage, "cohort.not_supplied") == "yes"
    with pytest.raises(GuardError, match="r8_9 は、提供の控えにありません"):
        ask_supplied(ask(tmp_path, top_up_of=["spring", "r8_9"]))


def test_nothing_of_a_person_stands_in_the_answer(tmp_path: Path) -> None:
    stage = ask(tmp_path)
    supply(stage, "spring", PEOPLE)
    with pytest.raises(GuardError) as stopped:
        ask_supplied(stage)
    told = f"{stopped.value} {read_entries(stage.folder)}"
    assert not [
        value for name in ("addressee_id", "full_name") for value in PEOPLE[name] if value in told
    ]


def test_a_record_of_the_year_that_is_gone_stops(tmp_path: Path) -> None:
    stage = ask(tmp_path)
    supply(stage, "spring", PEOPLE)
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    (office.folder / "supplied_r2026.age").unlink()
    with pytest.raises(IntegrityError, match="バックアップから"):
        ask_supplied(stage)


def test_why_tells_that_somebody_was_supplied_before(tmp_path: Path) -> None:
    situation = make_situation()
    person = situation["cohort"]["addressee_id"].iloc[-1]
    stage = make_stage(tmp_path, "03")
    left_out = pd.DataFrame({"reason": ["supplied_before"], "addressee_id": [person]})
    store(stage, **situation, settled=situation["matches"], excluded=left_out)
    append_entry(stage.folder, "03", "completed", files={}, counts=[])
    told = list(explain_resident(stage.root, stage.folder, stage.key, person))
    assert told[0].startswith("この年度の別の実行ですでに提供したため")


# ---- through 02 and 03, on the invented ward ----


def review(stage: Stage, run_id: str = "", supplied: pd.DataFrame = PEOPLE) -> tuple[Stage, Any]:
    """Do 02 and the first half of 03, where another run has handed over meanwhile if one is named."""
    received = take_applications(stage)
    settle_rows(stage, received)
    if run_id:
        supply(stage, run_id, supplied)
    finish_exclusion(stage, apply_optouts(stage, received.applications))
    later = replace(stage, number="03")
    return later, prepare_review(later)


def test_a_top_up_supplies_only_who_was_not_supplied_and_counts_everybody_once(
    make_ward_stage: MakeStage, ward: Path
) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    whole = {person for age in ("18", "22") for person in truth["recipients"][age]}
    opted_out = {person for age in ("18", "22") for person in truth["opted_out"][age]}
    stage = make_ward_stage(loaded=True, top_up_of=["spring"])
    cohort = read_private_table(stage, "cohort")
    rest = set(sorted(whole)[:5])
    # One who was supplied has opted out since, and counts as opted out.
    late = min(opted_out)
    supplied = cohort[cohort["addressee_id"].isin((whole - rest) | {late})]
    stage, found = review(stage, "spring", supplied)
    assert set(found.recipients["addressee_id"]) == rest
    barred = found.exclusions.protected | found.exclusions.opted_out | found.exclusions.withheld
    # Nobody has decided the cases yet, so that two of them are withheld first.
    handed = whole - rest - barred
    assert len(handed) == len(whole) - len(rest) - 2
    assert found.exclusions.supplied_before == handed
    assert late in found.exclusions.opted_out
    counts = merge_counts(read_counts(stage.folder), found.counts, "03")
    assert check_balance(counts) == []
    known = index_counts(counts)
    ages = cohort.set_index("addressee_id")["cohort"]
    for age in ("18", "22"):
        assert known[age, "supplied_before"] == sum(ages[one] == age for one in handed)
        assert known[age, "recipients"] == sum(ages[one] == age for one in rest)
    one_less = [
        count._replace(count=count.count - 1) if count[:2] == ("18", "supplied_before") else count
        for count in counts
    ]
    assert check_balance(one_less)
    assert "すでに提供した人" in tabulate_people(found.counts)["段階"].tolist()
    assert found.content.parts["parameters"]["top_up_of"] == ["spring"]
    # Who was supplied before is no excluded one of the published report.
    glance = take_glance(stage, found)
    given = {age: len([one for one in rest if ages[one] == age]) for age in ("18", "22")}
    assert all(cell == "10未満" or cell == given[age] for age, cell, _ in glance.totals)
    for age, _, excluded in glance.totals:
        assert excluded in ("10未満", sum(ages.get(one) == age for one in barred))


def test_without_a_top_up_the_step_is_not_counted(make_ward_stage: MakeStage) -> None:
    _, found = review(make_ward_stage(loaded=True))
    assert "supplied_before" not in {count.step for count in found.counts}
    assert "すでに提供した人" not in tabulate_people(found.counts)["段階"].tolist()
    assert "top_up_of" not in found.content.parts["parameters"]


def tell_kept(stage: Stage, run_id: str, digest: str, **facts: Any) -> Path:
    """Write the record of another run, which says what the office has kept of it."""
    folder = stage.root / "runs" / run_id
    folder.mkdir()
    given = {"run_id": run_id, "fiscal_year": facts.pop("fiscal_year", 2026)}
    append_entry(folder, "01", "begun", parameters=given, **{"run_kind": "demonstration", **facts})
    append_entry(folder, "05", "supplied", labels=2, digest=digest)
    return folder


def digest_only(stage: Stage) -> str:
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    (own,) = read_supplies(office, 2026)
    return digest_supply(own, office)


def test_from_an_older_backup_of_the_register_nobody_is_supplied_twice(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "02")
    store(stage, cohort=PEOPLE)
    place = open_office(stage.root, stage.folder, "test_ward", stage.demonstration).folder
    shutil.copytree(place, tmp_path / "backup")
    supply(stage, "spring", PEOPLE.iloc[[0, 2]])
    tell_kept(stage, "spring", digest_only(stage))
    # The clean twin: with the true register it is told who was supplied.
    assert [person for person, _ in find(stage)] == [IDS[0], IDS[2]]
    with pytest.raises(GuardError):
        ask_supplied(stage)
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "backup", place)
    for ask in (ask_supplied, lambda stage: find_supplied_before(stage, PEOPLE)):
        with pytest.raises(IntegrityError, match="実行 runs/spring の提供の控えが"):
            ask(stage)
    shutil.rmtree(place)
    with pytest.raises(IntegrityError, match="実行 runs/spring の提供の控えが"):
        find(stage)


def test_a_register_that_keeps_something_else_than_the_record_says_is_refused(
    tmp_path: Path,
) -> None:
    stage = make_stage(tmp_path, "02")
    supply(stage, "spring", PEOPLE.iloc[[0]])
    folder = tell_kept(stage, "spring", "0" * 64)
    with pytest.raises(IntegrityError, match="runs/spring"):
        find(stage)
    (folder / "audit.jsonl").write_text("{}", encoding="utf-8")
    with pytest.raises(IntegrityError, match="runs/spring の記録が壊れていて"):
        find(stage)


@pytest.mark.parametrize(
    "facts", [{"fiscal_year": 2025}, {"run_kind": "production"}], ids=["year", "kind"]
)
def test_what_runs_of_another_year_or_kind_have_kept_is_not_asked_for(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    stage = make_stage(tmp_path, "02")
    supply(stage, "spring", PEOPLE.iloc[[0]])
    tell_kept(stage, "other", "0" * 64, **facts)
    assert find(stage) == [(IDS[0], "id")]


def test_of_this_run_05_keeps_it_anew_where_it_was_cut_off(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    append_entry(stage.folder, "05", "supplied", labels=2, digest="0" * 64)
    assert find(stage) == []
