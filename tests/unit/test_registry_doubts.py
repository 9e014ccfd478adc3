"""Doubts of the load: what a program must not decide goes before two people, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.decisions import Decisions, decide_case
from recruitlib.base.row_cases import settle_row_cases, tell_open_cases
from recruitlib.registry.doubts import (
    list_doubts,
    list_included,
    list_touched,
    list_traced,
    list_unsure_births,
)
from recruitlib.registry.extract import Extract
from recruitlib.registry.protected import select_protected, trace_protections
from recruitlib.registry.protections import PROTECTION_COLUMNS, list_nobody
from tests.officers import SECOND, STAFF, begin_decisions, confirm_all, sign_as
from tests.unit.extracts import RANGES, read_people

KEY = b"key of a test"
UNKNOWN = {"生年月日": "", "生年月日_不詳フラグ": "1"}
NAMED = {
    "氏名": "見本　次郎",
    "氏_日本人": "見本",
    "名_日本人": "次郎",
    "氏名_フリガナ": "ミホン　ジロウ",
}
PEOPLE: tuple[dict[str, str], ...] = (
    {},
    {"住民状態": "7"},
    {**UNKNOWN, "生年月日_不詳表記": "平成20年頃"},
    UNKNOWN,
    {**UNKNOWN, "生年月日_不詳表記": "昭和6年頃"},
    {**UNKNOWN, "住民状態": "3"},
    {"宛名番号": "77", "最新フラグ": "0"},
    NAMED,
)


def list_protected(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        **dict.fromkeys(PROTECTION_COLUMNS, ""), "kind": "配偶者暴力等", "cancelled": False,
    }  # fmt: skip
    rows = [{**plain, **own, "source_row": row} for row, own in enumerate(people, start=2)]
    return pd.DataFrame(rows)[list(PROTECTION_COLUMNS)]


def list_cases(
    extract: Extract, listed: pd.DataFrame | None = None, key: bytes = KEY
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    protections = list_nobody() if listed is None else listed
    records = extract.records
    cohort = records[records["is_latest"] & records["end"].isin(["18", "22", "birth_unsure"])]
    traced = trace_protections(protections, records, cohort)
    return (*list_doubts(extract, protections, traced, RANGES, key), traced)


def decide(
    cases: pd.DataFrame, choices: dict[int, dict[str, Any]], second: str = SECOND
) -> Decisions:
    decisions = begin_decisions()
    for case in cases.to_dict("records"):
        if case["case"] in choices:
            choice = {"reason": "checked_with_registry", **choices[case["case"]]}
            decisions = decide_case(decisions, case, choice, sign_as(STAFF))
    return confirm_all(decisions, cases.to_dict("records"), second) if second else decisions


def test_the_cases_are_the_unreadable_rows_and_the_living_people_who_may_be_of_a_cohort(
    tmp_path: Path,
) -> None:
    cases, people, _ = list_cases(read_people(tmp_path, *PEOPLE))
    found = list(zip(cases["kind"], cases["source_row"], cases["choices"], strict=True))
    assert found == [
        ("unreadable", 3, 0), ("unreadable", 8, 0), ("birth_unsure", 4, 1), ("birth_unsure", 5, 2),
    ]  # fmt: skip
    assert cases["case"].tolist() == [1, 2, 3, 4]
    lines = people.groupby("case")["who"].apply(list)
    assert lines[3][0].startswith("架空　花子 / カクウ　ハナコ")
    assert lines[3][1:] == ["18歳の対象者とする"]
    assert lines[4][1:] == ["18歳の対象者とする", "22歳の対象者とする"]


def test_the_cases_themselves_hold_nobody(tmp_path: Path) -> None:
    cases, _, _ = list_cases(read_people(tmp_path, *PEOPLE))
    shown = cases.to_csv()
    assert not [text for text in ("架空", "花子", "西新宿", "平成20年頃") if text in shown]
    assert cases["digest"].str.fullmatch("[0-9a-f]{64}").all()


def test_the_ages_that_may_be_are_those_whose_range_the_possible_days_touch() -> None:
    def touch(first: str, last: str) -> list[str]:
        return list_touched(pd.Series({"birth_first": first, "birth_last": last}), RANGES)

    assert touch("2009-04-01", "2009-12-31") == ["18"]
    assert touch("2009-04-02", "2009-12-31") == []
    assert touch("2005-01-01", "2005-04-01") == ["22"]
    assert touch("", "9999-99-99") == ["18", "22"]
    assert touch("2005-04-02", "2008-04-01") == []


def test_an_extract_without_doubts_has_no_cases(tmp_path: Path) -> None:
    cases, people, _ = list_cases(read_people(tmp_path, {}, NAMED))
    assert cases.empty and people.empty
    assert settle_row_cases(cases, begin_decisions()).empty


def test_nothing_goes_on_until_two_people_have_decided_every_case(tmp_path: Path) -> None:
    extract = read_people(tmp_path, *PEOPLE)
    cases, _, _ = list_cases(extract)
    out = {"decision": "left_out"}
    chosen = {1: out, 2: out, 3: {"decision": "included", "candidate": 1}}
    assert len(tell_open_cases(settle_row_cases(cases, decide(cases, chosen)), "01")) == 2
    alone = settle_row_cases(cases, decide(cases, {**chosen, 4: out}, second=""))
    assert len(tell_open_cases(alone, "01")) == 5
    assert list_included(alone, extract, RANGES) == {}
    settled = settle_row_cases(cases, decide(cases, {**chosen, 4: out}))
    assert tell_open_cases(settled, "01") == []
    assert list_included(settled, extract, RANGES) == {"3": "18"}


@pytest.mark.parametrize(("candidate", "age"), [(1, "18"), (2, "22")])
def test_two_people_say_of_which_cohort_somebody_of_an_unknown_birth_date_is(
    tmp_path: Path, candidate: int, age: str
) -> None:
    extract = read_people(tmp_path, UNKNOWN)
    cases, _, _ = list_cases(extract)
    choice = {"decision": "included", "candidate": candidate}
    settled = settle_row_cases(cases, decide(cases, {1: choice}))
    assert list_included(settled, extract, RANGES) == {"1": age}


@pytest.mark.parametrize(
    "change",
    [{"生年月日_不詳表記": "平成21年頃"}, {"生年月日": "2008-00-00"}, {"宛名番号": "9"}],
    ids=str,
)
def test_a_decision_about_other_content_does_not_count(
    tmp_path: Path, change: dict[str, str]
) -> None:
    before = {**UNKNOWN, "生年月日_不詳表記": "平成20年頃"}
    cases, _, _ = list_cases(read_people(tmp_path, before))
    decisions = decide(cases, {1: {"decision": "left_out"}})
    changed, _, _ = list_cases(read_people(tmp_path, {**before, **change}))
    assert len(tell_open_cases(settle_row_cases(changed, decisions), "01")) == 2
    same, _, _ = list_cases(read_people(tmp_path, before))
    assert tell_open_cases(settle_row_cases(same, decisions), "01") == []


def test_a_decision_of_another_run_does_not_count(tmp_path: Path) -> None:
    extract = read_people(tmp_path, UNKNOWN)
    cases, _, _ = list_cases(extract)
    decisions = decide(cases, {1: {"decision": "left_out"}})
    other, _, _ = list_cases(extract, key=b"key of another run")
    assert tell_open_cases(settle_row_cases(other, decisions), "01")


def test_an_unreadable_row_can_only_be_left_out(tmp_path: Path) -> None:
    cases, _, _ = list_cases(read_people(tmp_path, {}, {"住民状態": "7"}))
    for choice in (
        {"decision": "included", "candidate": 1},
        {"decision": "matched", "candidate": 1},
    ):
        with pytest.raises(Exception, match="選べない決定"):
            decide(cases, {1: choice})


# A row of the list that fits two people: nothing but a name.
BOTH = {"full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ"}


def test_a_row_of_the_list_that_may_mean_several_protects_all_until_it_is_decided(
    tmp_path: Path,
) -> None:
    extract = read_people(tmp_path, {}, {"生年月日": "2008-06-04"}, NAMED)
    cases, people, traced = list_cases(extract, list_protected(BOTH))
    assert cases[["kind", "source", "source_row", "choices"]].values.tolist() == [
        ["protection_unsure", "protections", 2, 2]
    ]
    assert people["place"].tolist() == [0, 1, 2]
    assert "架空　花子" in people["who"][0]
    assert select_protected(traced, list_traced(traced, KEY, begin_decisions())).tolist() == [
        "1", "2",
    ]  # fmt: skip
    near = traced["candidates"][0]
    for candidate in (1, 2):
        decisions = decide(cases, {1: {"decision": "matched", "candidate": candidate}})
        decided = list_traced(traced, KEY, decisions)
        assert decided == {2: near[candidate - 1]}
        assert select_protected(traced, decided).tolist() == [near[candidate - 1]]
    nobody = list_traced(traced, KEY, decide(cases, {1: {"decision": "outside"}}))
    assert nobody == {2: "outside"}
    assert select_protected(traced, nobody).empty


def test_one_person_alone_frees_nobody(tmp_path: Path) -> None:
    extract = read_people(tmp_path, {}, {"生年月日": "2008-06-04"})
    cases, _, traced = list_cases(extract, list_protected(BOTH))
    alone = decide(cases, {1: {"decision": "outside"}}, second="")
    assert list_traced(traced, KEY, alone) == {}


def test_a_decision_holds_on_a_later_day_under_another_number_but_not_for_other_candidates(
    tmp_path: Path,
) -> None:
    both = ({"宛名番号": "1"}, {"宛名番号": "2", "生年月日": "2008-06-04"})
    cases, _, traced = list_cases(read_people(tmp_path, *both), list_protected(BOTH))
    decisions = decide(cases, {1: {"decision": "outside"}})
    unreadable = {"宛名番号": "9", "住民状態": "7"}
    cases_later, _, later = list_cases(
        read_people(tmp_path, unreadable, *both), list_protected(BOTH)
    )
    assert cases_later["kind"].tolist() == ["unreadable", "protection_unsure"]
    assert list_traced(later, KEY, decisions) == {2: "outside"}
    third = read_people(tmp_path, *both, {"宛名番号": "3", "生年月日": "2008-06-05"})
    _, _, traced_third = list_cases(third, list_protected(BOTH))
    assert list_traced(traced_third, KEY, decisions) == {}


def test_people_of_an_unsure_birth_are_listed_once_and_by_their_latest_record(
    tmp_path: Path,
) -> None:
    old = {"宛名番号": "5", "最新フラグ": "0", **UNKNOWN}
    extract = read_people(tmp_path, old, {"宛名番号": "5", **UNKNOWN})
    unsure = list_unsure_births(extract)
    assert unsure["source_row"].tolist() == [3]
