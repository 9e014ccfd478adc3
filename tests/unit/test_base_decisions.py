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
    check_choice,
    check_decision,
    confirm_case,
    decide_case,
    encrypt_note,
    list_people,
    read_decisions,
    read_note,
    tell_decision,
    undo_case,
    write_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.vault import generate_key
from recruitlib.optouts.cases import list_cases, list_excluded, settle_matches
from recruitlib.optouts.people import PEOPLE_COLUMNS
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, STAFF, THIRD, begin_decisions, sign_as

KEY = b"key of a test"
NOBODY = begin_decisions("test_run")
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
HOUSEMATES = pd.DataFrame({"addressee_id": ["0000021"], "lives_with": ["0000099"]})
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


def decide(*choices: tuple[int, Mapping[str, Any]], confirmed: bool = True) -> Decisions:
    decisions = NOBODY
    for number, choice in choices:
        decisions = decide_case(decisions, find_case(number), choice, sign_as(STAFF))
        if confirmed:
            decisions = confirm_case(decisions, find_case(number), sign_as(SECOND))
    return decisions


def change_entry(decisions: Decisions, number: int = 1, **changes: Any) -> Decisions:
    """Change an entry as somebody with an editor would."""
    entry = {**decisions.cases[number], **changes}
    return decisions._replace(cases={**decisions.cases, number: entry})


def write_file(folder: Path, **changes: Any) -> Path:
    cases = [dict(entry) for entry in decide((1, MATCHED)).cases.values()]
    content = {"demonstration": True, "run_id": "test_run", "cases": cases}
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


def test_a_housemate_is_decided_anew_when_he_moves_or_somebody_else_is_protected() -> None:
    def digest(lives_with: str, address: str) -> str:
        mates = pd.DataFrame({"addressee_id": ["0000021"], "lives_with": [lives_with]})
        row = dict.fromkeys(PEOPLE_COLUMNS, "") | {"addressee_id": "0000021", "address": address}
        cases = list_cases(
            make_applications(), make_matches(), CANDIDATES, mates, PAIRS, pd.DataFrame([row]), KEY
        )
        return str(cases["digest"].iloc[-1])

    before = digest("0000099", "片町1番1号")
    assert digest("0000099", "片町1番1号") == before
    assert digest("0000098 0000099", "片町1番1号") != before
    assert digest("0000099", "片町1番2号") != before


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
    nobody = NOBODY
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
        decide_case(NOBODY, find_case(number), choice, sign_as(STAFF))
    case = find_case(number)
    decision = {"case": number, "digest": case["digest"][:16], **choice}
    assert problem in check_choice(case, decision)
    decisions = NOBODY._replace(cases={number: decision})
    settled, _ = settle_matches(make_matches(), CANDIDATES, make_cases(), decisions)
    pd.testing.assert_frame_equal(settled, make_matches())


def test_a_refusal_lists_what_can_be_chosen() -> None:
    choice = {"decision": "outside", "reason": "typing_error"}
    with pytest.raises(
        ParameterError, match="「対象者の中に該当者なし」の理由の符号でない"
    ) as stop:
        decide_case(NOBODY, find_case(1), choice, sign_as(STAFF))
    assert "no_such_person=該当者なし、other_person=別人" in str(stop.value)
    assert "typing_error" not in str(stop.value)
    with pytest.raises(ParameterError, match="選べない決定です") as stop:
        decide_case(NOBODY, find_case(2), choice, sign_as(STAFF))
    assert "matched=除外する（この候補が本人）、rejected=申出を認めない" in str(stop.value)
    with pytest.raises(ParameterError, match="候補の番号がありません（選べるもの: 1 から 2）"):
        decide_case(NOBODY, find_case(1), {**MATCHED, "candidate": 3}, sign_as(STAFF))


def test_every_reason_belongs_to_a_decision_and_every_decision_has_its_words() -> None:
    reasons = {code for kind in DECISIONS.values() for own in kind.values() for code in own}
    assert reasons == set(REASONS)
    assert all(own for kind in DECISIONS.values() for own in kind.values())
    assert set(DECISIONS) == set(KIND_LABELS)


@pytest.mark.parametrize("name", ["demo", "test_ward"])
def test_the_shipped_decisions_have_reasons_of_their_own(name: str) -> None:
    path = ROOT / f"params/{name}/decisions.yaml"
    given = {
        (own["decision"], own["reason"])
        for own in read_decisions(path, name, True, OFFICERS).cases.values()
    }
    kinds = ("undecided", "to_confirm", "withdrawn", "near_pair")
    assert given <= {
        (decision, reason)
        for kind in kinds for decision, own in DECISIONS[kind].items() for reason in own
    }  # fmt: skip


@pytest.mark.parametrize("digest", ["", "0" * 16, None, "abcd"])
def test_a_decision_with_a_stale_or_missing_digest_is_not_counted(digest: str | None) -> None:
    decision = {"case": 1, "digest": digest, **MATCHED}
    assert check_choice(find_case(1), decision) == "決定の後に内容が変わりました"


def test_a_digest_may_be_written_in_groups_of_four() -> None:
    digest = find_case(1)["digest"]
    grouped = " ".join(digest[start : start + 4] for start in range(0, 16, 4))
    assert check_choice(find_case(1), {"case": 1, "digest": grouped, **MATCHED}) == ""


def test_a_new_decision_must_be_confirmed_anew() -> None:
    confirmed = decide((1, MATCHED))
    assert check_decision(find_case(1), confirmed) == ""
    again = decide_case(confirmed, find_case(1), {**MATCHED, "candidate": 1}, sign_as(STAFF))
    assert check_decision(find_case(1), again) == "別の一人による確認がありません"


def test_a_file_that_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "people" / "decisions.yaml"
    decisions = decide((1, MATCHED), (3, {"decision": "matched", "reason": "withdrawal_unproved"}))
    write_decisions(path, decisions)
    assert read_decisions(path, "test_run", True, OFFICERS) == decisions


def test_without_a_file_nobody_decided_anything(tmp_path: Path) -> None:
    read = read_decisions(tmp_path / "decisions.yaml", "test_run", True, OFFICERS)
    assert read == NOBODY


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
        ({"cases": [{"case": 1, "memo": "氏名"}]}, "test_run", True, "知らない項目があります（1種類）"),
    ],
)  # fmt: skip
def test_a_file_of_another_run_another_kind_of_run_or_another_form_is_refused(
    tmp_path: Path, changes: dict[str, Any], run_id: str, demonstration: bool, objection: str
) -> None:
    with pytest.raises(ParameterError, match=objection):
        read_decisions(write_file(tmp_path, **changes), run_id, demonstration, OFFICERS)


@pytest.mark.parametrize("name", ["demonstration", "run_id", "cases"])
def test_a_file_without_one_of_its_parts_is_refused(tmp_path: Path, name: str) -> None:
    path = write_file(tmp_path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content[name]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_decisions(path, "test_run", True, OFFICERS)


def test_a_housemate_whom_nobody_confirmed_is_not_taken_for_decided() -> None:
    excluded = (4, {"decision": "excluded", "reason": "household_protected"})
    assert list_excluded(make_cases(), decide(excluded), "housemate") == ["0000021"]
    unconfirmed = decide(excluded, confirmed=False)
    assert list_excluded(make_cases(), unconfirmed, "housemate") == []
    supplied = decide((4, {"decision": "supplied", "reason": "not_protected"}))
    assert list_excluded(make_cases(), supplied, "housemate") == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"candidate": 1}, "決めた人の署名が合いません"),
        ({"reason": "parent_signed"}, "決めた人の署名が合いません"),
        ({"also": [1]}, "決めた人の署名が合いません"),
        ({"note": "書き足し"}, "決めた人の署名が合いません"),
        ({"case": 2}, "決めた人の署名が合いません"),
        ({"decided_by": THIRD}, "決めた人の署名が合いません"),
        ({"decided_by": "見本Z"}, "決めた人が職員の一覧にありません"),
        ({"decided_by": 1}, "決めた人が職員の一覧にありません"),
        ({"decided_by": None}, "決めた人が職員の一覧にありません"),
        ({"decided_by": ""}, "決めた人が職員の一覧にありません"),
        ({"decided_signature": ""}, "決めた人の署名が合いません"),
        ({"decided_signature": "あ"}, "決めた人の署名が合いません"),
        ({"confirmed_by": THIRD}, "確かめた人の署名が合いません"),
        ({"confirmed_by": STAFF}, "決めた人と確かめた人が同じです（職員番号が同じです）"),
        ({"confirmed_by": "見本Z"}, "確かめた人が職員の一覧にありません"),
        ({"confirmed_by": ""}, "別の一人による確認がありません"),
        ({"confirmed_signature": None}, "確かめた人の署名が合いません"),
    ],
)
def test_what_was_changed_by_hand_after_it_was_signed_does_not_count(
    changes: dict[str, Any], problem: str
) -> None:
    signed = decide((1, MATCHED))
    assert check_decision(find_case(1), signed) == ""
    changed = change_entry(signed, **changes)
    assert check_decision(find_case(1), changed) == problem
    settled, cases = settle_matches(make_matches(), CANDIDATES, make_cases(), changed)
    assert cases["problem"][0] == problem
    pd.testing.assert_frame_equal(settled, make_matches())


@pytest.mark.parametrize("changes", [{"run_id": "other_run"}, {"demonstration": False}], ids=str)
def test_a_signed_decision_of_another_run_does_not_count_here(changes: dict[str, Any]) -> None:
    moved = decide((1, MATCHED))._replace(**changes)
    assert check_decision(find_case(1), moved) == "決めた人の署名が合いません"


def test_the_one_who_decided_cannot_confirm_and_nobody_confirms_what_was_changed() -> None:
    decided = decide((1, MATCHED), confirmed=False)
    with pytest.raises(AwaitingPerson, match="別の人でなければなりません（職員番号が同じです）"):
        confirm_case(decided, find_case(1), sign_as(STAFF))
    with pytest.raises(ParameterError, match="決めた人の署名が合いません"):
        confirm_case(change_entry(decided, candidate=1), find_case(1), sign_as(SECOND))
    with pytest.raises(AwaitingPerson, match="決定がありません"):
        confirm_case(decided, find_case(2), sign_as(SECOND))
    assert check_decision(find_case(1), confirm_case(decided, find_case(1), sign_as(SECOND))) == ""


def test_all_cases_are_decided_by_one_and_an_undone_one_is_open_again() -> None:
    decided = decide((1, MATCHED))
    choice = {"decision": "rejected", "reason": "authority_missing"}
    with pytest.raises(ParameterError, match="ほかの事例は別の人が決めています"):
        decide_case(decided, find_case(2), choice, sign_as(SECOND))
    both = decide_case(decided, find_case(2), choice, sign_as(STAFF))
    assert (list_people([both], "decided_by"), list_people([both], "confirmed_by")) == (
        [STAFF],
        [SECOND],
    )
    assert sorted(undo_case(both, 1).cases) == [2]
    assert tell_decision(find_case(1), undo_case(both, 1)) == "まだ"
    assert tell_decision(find_case(1), both).endswith(
        "決めた人: 見本A（担当者A（見本））、確認した人: 見本B（地域コミュニティ課 係長（見本））"
    )


def test_a_note_is_signed_and_stands_encrypted_in_the_file(tmp_path: Path) -> None:
    key = generate_key(demonstration=False)
    text = "母の 架空花子さん に電話で確かめた。"
    signed = decide((1, {**MATCHED, "note": encrypt_note(key, text)}))
    write_decisions(tmp_path / "d.yaml", signed)
    assert "架空" not in (tmp_path / "d.yaml").read_text(encoding="utf-8")
    read = read_decisions(tmp_path / "d.yaml", "test_run", True, OFFICERS)
    assert check_decision(find_case(1), read) == ""
    assert read_note(key, read.cases[1]) == text
    assert read_note(key, decide((1, MATCHED)).cases[1]) == ""
