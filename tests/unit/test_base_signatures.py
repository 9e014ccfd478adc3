"""The signatures of a record: right ones pass, one person in two roles is told, others are named."""

from __future__ import annotations

from typing import Any

import pytest

from recruitlib.base.officers import sign_content
from recruitlib.base.signatures import (
    CONFIRMED,
    DECIDED,
    SignedRun,
    check_officers,
    check_signatures,
    describe_approval,
    describe_decision,
)
from tests.officers import OFFICERS, SECOND, STAFF, THIRD, sign_as

RUN = SignedRun("r8", demonstration=True)


def make_entries(
    decided_by: str = STAFF, confirmed_by: str = SECOND, approved_by: str = SECOND
) -> list[dict[str, Any]]:
    """Make the entries of an approved run, signed by these officers."""
    decision: dict[str, Any] = {
        "case": 1, "digest": "0" * 16, "decision": "matched", "reason": "typing_error",
        "decided_by": decided_by,
    }  # fmt: skip
    told = describe_decision(decision, RUN, DECIDED)
    decision["decided_signature"] = sign_content(sign_as(decided_by), told)
    decision["confirmed_by"] = confirmed_by
    told = describe_decision(decision, RUN, CONFIRMED)
    decision["confirmed_signature"] = sign_content(sign_as(confirmed_by), told)
    approval = {
        "digest": "1" * 64, "parts": {"counts": "2"}, "ticked": {"counts": "件数"},
        "approved_by": approved_by, "approved_on": "2026-05-19",
    }  # fmt: skip
    signature = sign_content(sign_as(approved_by), describe_approval(approval, RUN))
    facts = [
        ("01", "begun", {"operator": STAFF, "run_kind": "demonstration", "parameters": {"run_id": "r8"}}),
        ("03", "approval_asked", {"digest": "1" * 64, "parts": {"counts": "2"}}),
        ("03", "approved", {
            "digest": "1" * 64, "ticked": {"counts": "件数"}, "by": approved_by,
            "on": "2026-05-19", "signature": signature, "decided_by": [decided_by],
            "decisions": [[], [decision]], "officers": [list(one) for one in OFFICERS.values()],
        }),
    ]  # fmt: skip
    return [
        {"seq": seq, "stage": stage, "event": event, "facts": own}
        for seq, (stage, event, own) in enumerate(facts, start=1)
    ]


def test_right_signatures_of_different_people_are_right() -> None:
    assert list(check_signatures(make_entries())) == []
    assert list(check_signatures(make_entries(THIRD, STAFF, SECOND))) == []


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ((STAFF, STAFF, SECOND), "事例1を決めた人と確かめた人が同じです（職員番号が同じです）。"),
        ((THIRD, SECOND, THIRD), "承認した人が、作業または決定をした人と同じです（職員番号が同じです）。"),
        ((THIRD, SECOND, STAFF), "承認した人が、作業または決定をした人と同じです（職員番号が同じです）。"),
    ],
)  # fmt: skip
def test_one_person_in_two_roles_is_told(people: tuple[str, str, str], told: str) -> None:
    assert list(check_signatures(make_entries(*people))) == [(3, told)]


def test_a_signature_for_another_run_or_other_parts_does_not_count() -> None:
    entries = make_entries()
    entries[0]["facts"]["parameters"]["run_id"] = "r9"
    assert [problem for _, problem in check_signatures(entries)] == [
        "事例1を決めた人の署名が合いません。", "承認した人の署名が合いません。",
    ]  # fmt: skip
    entries = make_entries()
    entries[1]["facts"]["parts"] = {"counts": "3"}
    assert list(check_signatures(entries)) == [(3, "承認した人の署名が合いません。")]


def test_a_decision_that_nobody_has_confirmed_yet_is_no_problem() -> None:
    entries = make_entries()
    (decision,) = entries[2]["facts"]["decisions"][1]
    del decision["confirmed_by"], decision["confirmed_signature"]
    assert list(check_signatures(entries)) == []


@pytest.mark.parametrize("name", ["officers", "decisions", "signature", "ticked"])
def test_an_entry_of_another_form_is_told_and_stops_nothing(name: str) -> None:
    entries = make_entries()
    del entries[2]["facts"][name]
    entries.append({"seq": 4, "stage": "05", "event": "completed", "facts": {"signed": 1}})
    told = "書かれている形が違います。"
    assert list(check_signatures(entries)) == [(3, told), (4, told)]
    assert len(list(check_officers(entries, OFFICERS))) == 0


def test_a_signer_with_another_key_than_the_office_s_is_told() -> None:
    entries = make_entries()
    assert list(check_officers(entries, OFFICERS)) == []
    forged = {**OFFICERS, SECOND: OFFICERS[SECOND]._replace(public_key=OFFICERS[STAFF].public_key)}
    told = f"職員 {SECOND} が、役所の職員の一覧と違います。"
    assert list(check_officers(entries, forged)) == [(3, told)]
    signed = {"officers": {SECOND: OFFICERS[SECOND]._asdict()}}
    entries.append({"seq": 4, "stage": "05", "event": "completed", "facts": {"signed": signed}})
    assert list(check_officers(entries, forged)) == [(3, told), (4, told)]
    del forged[SECOND]
    assert list(check_officers(entries, forged)) == [(3, told), (4, told)]


def tell_signed(content: dict[str, object], told: dict[str, object]) -> list[str]:
    signed = {
        "content": content, "signatures": {STAFF: sign_content(sign_as(STAFF), told)},
        "officers": {STAFF: OFFICERS[STAFF]._asdict()},
    }  # fmt: skip
    entry = {"seq": 1, "stage": "05", "event": "checklists", "facts": {"signed": signed}}
    return [problem for _, problem in check_signatures([entry])]


def test_a_file_in_the_record_was_signed_as_a_file_and_a_notice_as_a_notice() -> None:
    content: dict[str, object] = {"demonstration": True, "carried_out_by": STAFF, "sources": {}}
    told: dict[str, object] = {"purpose": "file", "kind": "disposal", "content": content}
    notice: dict[str, object] = {"purpose": "correction", "run_id": "r8", "serials": [1]}
    assert tell_signed(content, told) == tell_signed(notice, notice) == []
    wrong = ["署名されたファイルの署名が合いません。"]
    assert (
        tell_signed(content, content) == tell_signed(content, {**told, "kind": "handover"}) == wrong
    )
    assert (
        tell_signed({**notice, "purpose": "decision"}, {**notice, "purpose": "decision"}) == wrong
    )
