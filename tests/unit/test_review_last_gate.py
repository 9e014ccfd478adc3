"""The last gate: two fields of three, compared as a spreadsheet would, by code of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from recruitlib.review import confirmation, last_gate
from recruitlib.review.last_gate import (
    check_leaks,
    find_pairs,
    fold_plainly,
    list_decided_pairs,
    list_numbers,
    list_open_pairs,
)
from recruitlib.review.recipients import gather_exclusions
from tests.unit.stages import make_residents, make_situation

PEOPLE = make_residents(
    {"full_name": "試験　一郎"},
    {"full_name": "辻\U000e0100　花子"},
    {"full_name": "試験　三郎", "address": "東京都新宿区西新宿二丁目８番１号"},
)
FIRST, SECOND, THIRD = PEOPLE["addressee_id"]
NONE = pd.DataFrame(columns=["application_id", "addressee_id"], dtype="str")
MATCHED = pd.DataFrame(
    [("form:1", "outside", "")], columns=["application_id", "outcome", "addressee_id"], dtype="str"
)


def apply_for(person: int = 0, **changes: str) -> pd.DataFrame:
    row = PEOPLE.iloc[person]
    content = {
        "application_id": "form:1", "subject_name": row["full_name"],
        "subject_birth_date": row["birth_date"], "subject_address": row["address"],
    }  # fmt: skip
    return pd.DataFrame([{**content, **changes}])


def list_ids(applications: pd.DataFrame, people: pd.DataFrame = PEOPLE) -> list[str]:
    return find_pairs(people, applications)["addressee_id"].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {}, {"subject_name": "別人　太郎"}, {"subject_birth_date": "2008-01-01"},
        {"subject_birth_date": ""}, {"subject_address": "東京都新宿区下宮比町９９－９９"},
        {"subject_address": ""},
        {"subject_name": "試 験  一 郎", "subject_address": "新宿区片町１－１", "subject_birth_date": ""},
    ],
)  # fmt: skip
def test_two_fields_that_agree_make_a_pair(change: dict[str, str]) -> None:
    assert list_ids(apply_for(**change)) == [FIRST]


@pytest.mark.parametrize(
    "change",
    [
        {"subject_name": "別人　太郎", "subject_birth_date": "2008-01-01"},
        {"subject_name": "別人　太郎", "subject_address": ""},
        {"subject_name": "", "subject_birth_date": ""},
    ],
)
def test_one_field_alone_is_a_neighbour_or_a_namesake(change: dict[str, str]) -> None:
    assert list_ids(apply_for(**change)) == []


def test_empty_fields_agree_with_nobody() -> None:
    nobody = PEOPLE.assign(birth_date="", full_name="")
    assert list_ids(apply_for(subject_birth_date="", subject_name=""), nobody) == []


def test_a_room_behind_the_lot_does_not_hide_a_pair() -> None:
    typed = apply_for(2, subject_address="西新宿2-8-1-1102", subject_birth_date="")
    assert list_ids(typed) == [THIRD]
    typed = apply_for(0, subject_address="片町1-1 ハイツ 806", subject_birth_date="")
    assert list_ids(typed) == [FIRST]


def test_a_pair_that_another_case_holds_or_that_is_excluded_is_not_asked_again() -> None:
    pairs = find_pairs(PEOPLE, apply_for())
    assert len(list_open_pairs(pairs, MATCHED, NONE, set())) == 1
    candidates = pd.DataFrame([("form:1", FIRST)], columns=NONE.columns)
    assert list_open_pairs(pairs, MATCHED, candidates, set()).empty
    assert list_open_pairs(pairs, MATCHED, NONE, {FIRST}).empty
    own = MATCHED.assign(outcome="matched", addressee_id=FIRST)
    assert list_open_pairs(pairs, own, NONE, set()).empty
    # A match with somebody else excludes only somebody else.
    other = MATCHED.assign(outcome="matched", addressee_id=SECOND)
    assert len(list_open_pairs(pairs, other, NONE, set())) == 1


def test_a_pair_leaks_until_two_people_have_decided_it() -> None:
    pairs = find_pairs(PEOPLE, apply_for())
    problems = check_leaks(PEOPLE, set(), pairs, set())
    assert len(problems) == 1
    assert "1 人" in problems[0]
    assert "試験" not in problems[0]
    assert check_leaks(PEOPLE, set(), pairs, {("form:1", FIRST)}) == []
    # The decision about one resident says nothing of another.
    assert check_leaks(PEOPLE, set(), pairs, {("form:1", SECOND)}) == problems


def test_an_excluded_id_among_the_recipients_is_a_leak() -> None:
    assert check_leaks(PEOPLE, {SECOND}, NONE, set()) == ["除外した人が提供対象者に残っています。"]
    assert check_leaks(PEOPLE, {"0000000099"}, NONE, set()) == []


def test_only_decided_cases_and_their_candidates_count_as_decided() -> None:
    cases = pd.DataFrame(
        [
            ("near_pair", "form:1", FIRST, ""), ("undecided", "form:2", "", ""),
            ("undecided", "form:3", "", "決定がありません"), ("housemate", "", THIRD, ""),
        ],
        columns=["kind", "application_id", "addressee_id", "problem"], dtype="str",
    )  # fmt: skip
    candidates = pd.DataFrame(
        [("form:2", SECOND), ("form:3", THIRD)], columns=NONE.columns, dtype="str"
    )
    # A pair of the gate is decided; the application's own case stays open, and so do its candidates.
    extra = pd.DataFrame([("near_pair", "form:3", FIRST, "")], columns=cases.columns, dtype="str")
    cases = pd.concat([cases, extra], ignore_index=True)
    decided = list_decided_pairs(cases, candidates)
    assert {("form:3", FIRST), ("form:1", FIRST), ("form:2", SECOND)} <= decided
    assert not {("form:3", THIRD), ("form:2", THIRD)} & decided


def test_the_gate_shares_no_code_with_the_matching() -> None:
    tree = ast.parse(Path(last_gate.__file__).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.startswith("recruitlib")]


def test_the_gates_own_keys() -> None:
    assert fold_plainly("辻\U000e0100　花子") == fold_plainly("辻 花子") == "辻花子"
    # Marks of direction, which a telephone puts around what is copied.
    assert fold_plainly("\u202a辻\ufeff花\u2060子\u2069") == "辻花子"
    assert list_numbers("西新宿二丁目８番９号１２３５室") == ["2", "8", "9", "1235"]
    assert list_numbers("新宿6-8-9") == ["6", "8", "9"]
    assert list_numbers("片町") == []
    # As somebody writes by hand; 百 and 十 in the name of a town are no number.
    assert list_numbers("片町十七番二十三号") == list_numbers("片町17-23") == ["17", "23"]
    assert list_numbers("百人町十丁目百二番地の四十") == ["10", "102", "40"]


def test_without_the_gate_whoever_the_matching_lost_would_be_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Switch the gate off: an application that the matching sent astray then excludes nobody."""
    tables = make_situation()
    ids = tables["cohort"]["addressee_id"]
    # As after a mistake of the matching: the first application's subject is said to be elsewhere.
    astray = tables["matches"].assign(
        outcome=["outside", *tables["matches"]["outcome"][1:]],
        addressee_id=["0000000099", *tables["matches"]["addressee_id"][1:]],
    )
    tables["matches"] = astray
    key = b"key of this test"

    def list_withheld() -> set[str]:
        cases = confirmation.list_review_cases(tables, key).assign(problem="決定がありません")
        found = gather_exclusions(
            astray,
            cases,
            tables["candidates"],
            set(tables["protected"]["addressee_id"]),
            [],
            [],
            set(),
        )
        return set().union(*found)

    assert ids[0] in list_withheld()
    monkeypatch.setattr(confirmation, "find_pairs", lambda people, applications: NONE)
    assert ids[0] not in list_withheld()


def test_who_is_excluded_only_until_an_officer_confirms_is_asked_about_by_other_applications() -> (
    None
):
    """A confirmation may be refused, and then nobody would have decided about the pair."""
    pairs = find_pairs(PEOPLE, pd.concat([apply_for(), apply_for(application_id="form:2")]))
    matches = pd.DataFrame(
        [("form:1", "to_confirm", FIRST), ("form:2", "outside", "")],
        columns=["application_id", "outcome", "addressee_id"], dtype="str",
    )  # fmt: skip
    found = list_open_pairs(pairs, matches, NONE, set())
    assert found.values.tolist() == [["form:2", FIRST]]
