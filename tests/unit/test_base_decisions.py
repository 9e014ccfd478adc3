"""Decisions: two people, this run, exactly this case, or it does not count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from recruitlib.base.choices import DECISIONS, KIND_LABELS, REASONS
from recruitlib.base.decisions import (
    Decisions,
    are_two_people,
    check_decision,
    decide_case,
    read_decisions,
    require_two_people,
    write_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.optouts.cases import list_cases, list_excluded, settle_matches
from recruitlib.optouts.people import PEOPLE_COLUMNS
from tests.conftest import ROOT

KEY = b"key of a test"
STAFF, SECOND = "担当者A", "確認者B"
MATCHED = {"decision": "matched", "reason": "typing_error", "candidate": 2}


def make_applications(**changes: str) -> pd.DataFrame:
    plain = {"subject_name": "架空　花子", "subject_birth_text": "2008-06-03", "status": "accepted"}
    rows = [
        {"application_id": f"form:{number}", **plain, **(changes if number == 1 else {})}
        for number in range(1, 6)
    ]
    return pd.DataFrame(rows, dtype="str").assign(source_row=range(2, 7))


def make_matches() -> pd.DataFrame:
    rows = [
        ("form:1", "undecided", "", "C", "", "no_full_agreement"),
        ("form:2", "matched", "0000002", "A", "氏名・生年月日・番地", ""),
        ("form:3", "to_confirm", "0000003", "B", "氏名・生年月日・番地", "authority"),
        ("form:4", "withdrawn", "0000004", "A", "氏名・生年月日・番地", "withdrawal"),
        ("form:5", "outside", "0000005", "O", "氏名・生年月日・番地", "not_in_cohort"),
    ]
    columns = ["application_id", "outcome", "addressee_id", "tier", "evidence", "reason"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def make_candidates(*ids: str) -> pd.DataFrame:
    return pd.DataFrame(
        [("form:1", place, person, "氏名・番地") for place, person in enumerate(ids, start=1)],
        columns=["application_id", "place", "addressee_id", "evidence"],
    )


CANDIDATES = make_candidates("0000011", "0000012")
HOUSEMATES = pd.DataFrame({"addressee_id": ["0000021"]})
PAIRS = pd.DataFrame(columns=["application_id", "addressee_id"], dtype="str")
COHORT = pd.DataFrame(
    [
        dict.fromkeys(PEOPLE_COLUMNS, "") | {"addressee_id": number}
        for number in ("0000003", "0000011")
    ]
)


def make_cases(
    candidates: pd.DataFrame = CANDIDATES, key: bytes = KEY, pairs: pd.DataFrame = PAIRS,
    cohort: pd.DataFrame = COHORT, **changes: str,
) -> pd.DataFrame:  # fmt: skip
    return list_cases(
        make_applications(**changes), make_matches(), candidates, HOUSEMATES, pairs, cohort, key
    )


def find_case(number: int) -> Mapping[str, Any]:
    return make_cases().to_dict("records")[number - 1]


def decide(
    *choices: tuple[int, Mapping[str, Any]], by: tuple[str, str] = (STAFF, SECOND)
) -> Decisions:
    decisions = Decisions("", "", {}, "")
    for number, choice in choices:
        decisions = decide_case(decisions, find_case(number), choice, by[0])
    return decisions._replace(confirmed_by=by[1])


def write_file(folder: Path, **changes: Any) -> Path:
    case = {"case": 1, "digest": find_case(1)["digest"][:16], **MATCHED}
    content = {
        "demonstration": True, "run_id": "test_run", "decided_by": STAFF, "confirmed_by": SECOND,
        "cases": [case],
    }  # fmt: skip
    path = folder / "decisions.yaml"
    text = yaml.safe_dump({**content, **changes}, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_undecided_confirmable_or_withdrawn_application_and_housemate_is_a_case() -> None:
    cases = make_cases()
    assert cases["case"].tolist() == [1, 2, 3, 4]
    assert cases["kind"].tolist() == ["undecided", "to_confirm", "withdrawn", "housemate"]
    assert cases["addressee_id"].tolist() == ["", "0000003", "0000004", "0000021"]
    assert cases["choices"].tolist() == [2, 0, 0, 0]


def test_a_resident_whose_record_changed_is_decided_anew() -> None:
    """A decision is about people as they were registered, not about their numbers."""
    pairs = pd.DataFrame([("form:5", "0000011"), ("form:5", "0000003")], columns=PAIRS.columns)
    before = make_cases(pairs=pairs)["digest"].tolist()
    moved = COHORT.assign(address=["", "東京都新宿区内藤町８７番地"])
    after = make_cases(pairs=pairs, cohort=moved)["digest"].tolist()
    # The undecided one with that candidate, and its pair of the last gate.
    assert [one != other for one, other in zip(before, after, strict=True)] == [
        True, False, False, False, True, False,
    ]  # fmt: skip


def test_the_digest_of_a_case_is_keyed_and_the_same_for_the_same_case() -> None:
    assert make_cases()["digest"].tolist() == make_cases()["digest"].tolist()
    other = make_cases(key=b"another key")["digest"]
    assert set(make_cases()["digest"]).isdisjoint(other)


@pytest.mark.parametrize(
    "changes", [{"subject_name": "架空　華子"}, {"subject_birth_text": ""}, {"status": "withdrawn"}],
    ids=str,
)  # fmt: skip
def test_the_digest_changes_with_the_application_and_with_no_other_case(
    changes: dict[str, str],
) -> None:
    before, after = make_cases()["digest"], make_cases(**changes)["digest"]
    assert (before != after).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    "ids", [("0000011",), ("0000012", "0000011"), ("0000011", "0000013"), ()], ids=str
)
def test_the_digest_changes_with_the_candidates_and_their_order(ids: tuple[str, ...]) -> None:
    changed = make_cases()["digest"] != make_cases(make_candidates(*ids))["digest"]
    assert changed.tolist() == [True, False, False, False]


def test_a_decision_of_two_people_settles_its_case() -> None:
    decisions = decide(
        (1, MATCHED),
        (2, {"decision": "rejected", "reason": "authority_missing"}),
        (3, {"decision": "withdrawn", "reason": "withdrawn_by_subject"}),
        (4, {"decision": "excluded", "reason": "household_protected"}),
    )
    settled, cases = settle_matches(make_matches(), CANDIDATES, make_cases(), decisions)
    assert cases["problem"].tolist() == [""] * 4
    assert settled["application_id"].tolist() == make_matches()["application_id"].tolist()
    assert settled["outcome"].tolist() == ["matched", "matched", "rejected", "withdrawn", "outside"]
    assert settled.loc[0, ["addressee_id", "tier"]].tolist() == ["0000012", "D"]
    assert list_excluded(cases, decisions, "housemate") == ["0000021"]


def test_what_nobody_decided_stays_as_it_was() -> None:
    nobody = Decisions("", "", {}, "")
    settled, cases = settle_matches(make_matches(), CANDIDATES, make_cases(), nobody)
    pd.testing.assert_frame_equal(settled, make_matches())
    assert set(cases["problem"]) == {"決定がありません"}
    assert list_excluded(cases, nobody, "housemate") == []


@pytest.mark.parametrize(
    "changes", [{"subject_name": "架空　華子"}, {"subject_birth_text": "2008-06-04"}], ids=str
)
def test_a_decision_no_longer_counts_when_the_application_changed(changes: dict[str, str]) -> None:
    cases = make_cases(**changes)
    settled, judged = settle_matches(make_matches(), CANDIDATES, cases, decide((1, MATCHED)))
    assert judged["problem"][0] == "決定の後に内容が変わりました"
    assert settled["outcome"][0] == "undecided" and settled["addressee_id"][0] == ""


def test_a_decision_no_longer_counts_when_the_candidates_changed() -> None:
    candidates = make_candidates("0000012", "0000011")
    settled, judged = settle_matches(
        make_matches(), candidates, make_cases(candidates), decide((1, MATCHED))
    )
    assert judged["problem"][0] and settled["outcome"][0] == "undecided"


@pytest.mark.parametrize(
    ("number", "choice", "problem"),
    [
        (1, {**MATCHED, "reason": "household_protected"}, "理由の符号でない"),
        (1, {"decision": "outside", "reason": "typing_error"}, "理由の符号でない"),
        (2, {"decision": "rejected", "reason": "authority_checked"}, "理由の符号でない"),
        (4, {"decision": "supplied", "reason": "household_protected"}, "理由の符号でない"),
        (1, {"decision": "matched", "candidate": 1}, "符号がありません"),
        (1, {"decision": "matched", "candidate": 1, "reason": "なんとなく"}, "符号がありません"),
        (1, {**MATCHED, "candidate": 0}, "候補の番号がありません"),
        (1, {**MATCHED, "candidate": 3}, "候補の番号がありません"),
        (1, {**MATCHED, "candidate": -1}, "候補の番号がありません"),
        (1, {**MATCHED, "candidate": "1"}, "候補の番号がありません"),
        (1, {**MATCHED, "candidate": True}, "候補の番号がありません"),
        (1, {**MATCHED, "candidate": 1.0}, "候補の番号がありません"),
        (1, {"decision": "matched", "reason": "typing_error"}, "候補の番号がありません"),
        (1, {"decision": "supplied", "reason": "not_protected"}, "選べない決定です"),
        (2, {"decision": "outside", "reason": "no_such_person"}, "選べない決定です"),
        (3, {"decision": "rejected", "reason": "authority_missing"}, "選べない決定です"),
        (4, {"decision": "matched", "reason": "typing_error"}, "選べない決定です"),
    ],
)  # fmt: skip
def test_a_choice_that_the_case_does_not_offer_is_refused_and_not_counted(
    number: int, choice: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ParameterError, match=problem):
        decide_case(Decisions("", "", {}, ""), find_case(number), choice, STAFF)
    case = find_case(number)
    decision = {"case": number, "digest": case["digest"][:16], **choice}
    assert problem in check_decision(case, decision)
    decisions = Decisions(STAFF, SECOND, {number: decision}, "")
    settled, _ = settle_matches(make_matches(), CANDIDATES, make_cases(), decisions)
    pd.testing.assert_frame_equal(settled, make_matches())


def test_a_refusal_lists_what_can_be_chosen() -> None:
    choice = {"decision": "outside", "reason": "typing_error"}
    with pytest.raises(
        ParameterError, match="「対象者の中に該当者なし」の理由の符号でない"
    ) as stop:
        decide_case(Decisions("", "", {}, ""), find_case(1), choice, STAFF)
    assert "no_such_person=該当者なし、other_person=別人" in str(stop.value)
    assert "typing_error" not in str(stop.value)
    with pytest.raises(ParameterError, match="選べない決定です") as stop:
        decide_case(Decisions("", "", {}, ""), find_case(2), choice, STAFF)
    assert "matched=除外する（この候補が本人）、rejected=申出を認めない" in str(stop.value)
    with pytest.raises(ParameterError, match="候補の番号がありません（選べるもの: 1 から 2）"):
        decide_case(Decisions("", "", {}, ""), find_case(1), {**MATCHED, "candidate": 3}, STAFF)


def test_every_reason_belongs_to_a_decision_and_every_decision_has_its_words() -> None:
    reasons = {code for kind in DECISIONS.values() for own in kind.values() for code in own}
    assert reasons == set(REASONS)
    assert all(own for kind in DECISIONS.values() for own in kind.values())
    assert set(DECISIONS) == set(KIND_LABELS)


@pytest.mark.parametrize("name", ["demo", "test_ward"])
def test_the_shipped_decisions_have_reasons_of_their_own(name: str) -> None:
    path = ROOT / f"params/{name}/decisions.yaml"
    given = {
        (own["decision"], own["reason"]) for own in read_decisions(path, name, True).cases.values()
    }
    kinds = ("undecided", "to_confirm", "withdrawn", "near_pair")
    assert given <= {
        (decision, reason)
        for kind in kinds for decision, own in DECISIONS[kind].items() for reason in own
    }  # fmt: skip


@pytest.mark.parametrize("digest", ["", "0" * 16, None, "abcd"])
def test_a_decision_with_a_stale_or_missing_digest_is_not_counted(digest: str | None) -> None:
    decision = {"case": 1, "digest": digest, **MATCHED}
    assert check_decision(find_case(1), decision) == "決定の後に内容が変わりました"


def test_a_digest_may_be_written_in_groups_of_four() -> None:
    digest = find_case(1)["digest"]
    grouped = " ".join(digest[start : start + 4] for start in range(0, 16, 4))
    assert check_decision(find_case(1), {"case": 1, "digest": grouped, **MATCHED}) == ""


def test_a_new_decision_must_be_confirmed_anew() -> None:
    confirmed = decide((1, MATCHED))
    again = decide_case(confirmed, find_case(1), {**MATCHED, "candidate": 1}, STAFF)
    assert again.confirmed_by == ""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("担当者A", "担当者A"), ("担当者A", "担当者Ａ"), ("担当者A", " 担当者　A "),
        ("担当者A", "担当者\u200bA"), ("担当者A", "担当者a"), ("髙橋", "高橋"), ("辻", "辻\U000e0102"),
        ("担当者A", ""), ("担当者A", "　"), ("", ""), ("担当者A", None), (None, "担当者A"),
        ("担当者A", "\u200b"),
        ("担当者A", "担当者A（見本）"), ("担当者Ａ （見本）", "担当者 A(代理)"), ("担当者A［甲］（乙）", "担当者A"),
        ("担当者A〔見本〕", "担当者a【見本】"), ("（見本）", "担当者A"),
    ],
)  # fmt: skip
def test_one_person_is_not_two_however_the_name_is_written(
    tmp_path: Path, first: str | None, second: str | None
) -> None:
    assert not are_two_people(first, second)  # type: ignore[arg-type]
    decisions = read_decisions(
        write_file(tmp_path, decided_by=first, confirmed_by=second), "test_run", True
    )
    settled, cases = settle_matches(make_matches(), CANDIDATES, make_cases(), decisions)
    assert cases["problem"][0] == "別の一人による確認がありません"
    pd.testing.assert_frame_equal(settled, make_matches())
    with pytest.raises(AwaitingPerson):
        require_two_people(tmp_path / "decisions.yaml", first or "", second or "", "二人")


def test_a_line_that_was_left_empty_is_not_a_second_person(tmp_path: Path) -> None:
    path = write_file(tmp_path)
    text = path.read_text(encoding="utf-8").replace(f"confirmed_by: {SECOND}", "confirmed_by:")
    path.write_text(text, encoding="utf-8")
    assert read_decisions(path, "test_run", True).problem


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (STAFF, SECOND), ("担当者A（見本）", "確認者B（見本）"), ("係長（戸籍）甲", "係長（戸籍）乙"),
        ("（戸籍）係長", "（住民）係長"), ("担当者A", "担当者AB"),
    ],
)  # fmt: skip
def test_two_people_are_two(first: str, second: str) -> None:
    assert are_two_people(first, second)
    require_two_people(Path("decisions.yaml"), first, second, "二人")


def test_a_file_that_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "people" / "decisions.yaml"
    decisions = decide((1, MATCHED), (3, {"decision": "matched", "reason": "withdrawal_unproved"}))
    write_decisions(path, "test_run", True, decisions)
    assert read_decisions(path, "test_run", True) == decisions


def test_without_a_file_nobody_decided_anything(tmp_path: Path) -> None:
    read = read_decisions(tmp_path / "decisions.yaml", "test_run", True)
    assert read == Decisions("", "", {}, "")


@pytest.mark.parametrize(
    ("changes", "run_id", "demonstration", "objection"),
    [
        ({}, "other_run", True, "別の実行"),
        ({}, "test_run", False, "見本の決定"),
        ({"demonstration": False}, "test_run", True, "見本の決定"),
        ({"demonstration": "true"}, "test_run", True, "見本の決定"),
        ({"approved_by": "誰か"}, "test_run", True, "知らない項目"),
        ({"cases": None}, "test_run", True, "並びではありません"),
        ({"cases": [{"decision": "matched"}]}, "test_run", True, "並びではありません"),
        ({"cases": [{"case": 1}, {"case": 2}, {"case": 1}]}, "test_run", True, "事例1: 決定が二つ"),
    ],
)  # fmt: skip
def test_a_file_of_another_run_another_kind_of_run_or_another_form_is_refused(
    tmp_path: Path, changes: dict[str, Any], run_id: str, demonstration: bool, objection: str
) -> None:
    with pytest.raises(ParameterError, match=objection):
        read_decisions(write_file(tmp_path, **changes), run_id, demonstration)


@pytest.mark.parametrize("name", ["demonstration", "run_id", "decided_by", "confirmed_by", "cases"])
def test_a_file_without_one_of_its_parts_is_refused(tmp_path: Path, name: str) -> None:
    path = write_file(tmp_path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content[name]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_decisions(path, "test_run", True)


def test_a_housemate_whom_nobody_confirmed_is_not_taken_for_decided() -> None:
    decisions = decide((4, {"decision": "excluded", "reason": "household_protected"}))
    unconfirmed = decisions._replace(problem="別の一人による確認がありません")
    assert list_excluded(make_cases(), unconfirmed, "housemate") == []
    supplied = decide((4, {"decision": "supplied", "reason": "not_protected"}))
    assert list_excluded(make_cases(), supplied, "housemate") == []
