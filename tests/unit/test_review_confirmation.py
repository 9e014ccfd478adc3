"""The steps of notebook 03: nothing undecided, nobody leaked, approved by a second person."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.audit import digest_bytes, read_entries
from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.decisions import read_own_decisions, write_decisions
from recruitlib.base.errors import AwaitingPerson, GuardError, IntegrityError, ParameterError
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import read_private
from recruitlib.review import confirmation
from recruitlib.review.approval import approve_content, write_approval
from recruitlib.review.confirmation import Review
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.unit.stages import (
    CHOICES,
    decide_cases,
    list_last_answer,
    make_situation,
    make_stage,
    store,
)

PERSON = [f"{number:010d}" for number in range(10)]
COUNTS = [Count(ALL, "rows_read", 9), Count("18", "cohort", 7), Count("22", "cohort", 2)]


def begin(folder: Path, **parameters: Any) -> Stage:
    """Begin 03 with the situation's tables and the counts of 01."""
    stage = make_stage(folder, "03", **parameters)
    store(stage, **make_situation())
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    return stage


def approve(stage: Stage, review: Review, by: str = THIRD) -> None:
    """Approve as somebody would who goes round the refusals of ``make_approval``."""
    ticks, run = confirmation.list_ticks(stage, review), ("test_ward", True)
    codes = [tick.code for tick in ticks]
    approval = approve_content(review.content, ticks, codes, sign_as(by), run, "2026-05-19")
    write_approval(stage.locate("approval_file"), *run, approval)


def list_ids(review: Review) -> list[str]:
    return sorted(review.recipients["addressee_id"])


def test_without_decisions_everybody_who_may_be_meant_stays_out(tmp_path: Path) -> None:
    review = confirmation.prepare_review(begin(tmp_path))
    assert review.exclusions.protected == {PERSON[6]}
    assert review.exclusions.opted_out == {PERSON[1], PERSON[2], PERSON[5]}
    assert review.exclusions.withheld == {PERSON[3], PERSON[4], PERSON[7]}
    assert list_ids(review) == PERSON[8:]
    assert (review.cases["problem"] == "決定がありません").all()


def test_the_decisions_of_two_people_are_applied(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    assert review.exclusions.protected == {PERSON[6]}
    assert review.exclusions.opted_out == {PERSON[1], PERSON[2], PERSON[4], PERSON[5]}
    assert review.exclusions.withheld == frozenset()
    assert list_ids(review) == [PERSON[3], PERSON[7], *PERSON[8:]]
    assert len(review.settled) == len(review.applications) == 4


def test_no_decision_of_one_person_alone_frees_or_links_anybody(tmp_path: Path) -> None:
    # A19, 生駒市: an application linked to the wrong person; A64: a withdrawal by one clerk.
    stage = begin(tmp_path)
    choices = {**CHOICES, 3: {"decision": "withdrawn", "reason": "withdrawn_by_subject"}}
    decide_cases(stage, choices, "")
    alone = read_own_decisions(stage, "decisions_file")
    # As somebody would who confirms with an editor.
    by_hand = {
        number: {**own, "confirmed_by": SECOND, "confirmed_signature": own["decided_signature"]}
        for number, own in alone.cases.items()
    }
    for cases in (alone.cases, by_hand):
        write_decisions(stage.locate("decisions_file"), alone._replace(cases=cases))
        review = confirmation.prepare_review(stage)
        assert list_ids(review) == PERSON[8:]
        with pytest.raises(AwaitingPerson, match=re.escape("optouts.all_decided")):
            confirmation.require_decisions(stage, review)
    decide_cases(stage, choices, SECOND)
    review = confirmation.prepare_review(stage)
    assert PERSON[5] in list_ids(review)
    confirmation.require_decisions(stage, review)
    assert list_last_answer(stage, "optouts.all_decided") == "yes"


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_an_open_case_waits_for_a_person_and_the_proposal_stays_encrypted(
    tmp_path: Path, missing: int
) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, {n: choice for n, choice in CHOICES.items() if n != missing}, SECOND)
    review = confirmation.prepare_review(stage)
    with pytest.raises(AwaitingPerson, match=rf"事例{missing}（") as stop:
        confirmation.require_decisions(stage, review)
    assert not [name for name in review.cohort["full_name"] if name in str(stop.value)]
    kept = parse_table(read_private(stage.folder, stage.key, "proposal", "03"))
    pd.testing.assert_frame_equal(kept, review.recipients)
    assert "試験".encode() not in (stage.folder / "private/proposal.age").read_bytes()
    assert list_last_answer(stage, "optouts.all_decided") == "no"
    assert list_last_answer(stage, "exclusion.zero_leak") == ""


def test_an_unconfirmed_withdrawal_does_not_wait_since_its_subject_stays_out(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, {n: choice for n, choice in CHOICES.items() if n != 3}, SECOND)
    review = confirmation.prepare_review(stage)
    assert PERSON[5] not in list_ids(review)
    confirmation.require_decisions(stage, review)


def test_the_policy_withhold_prints_nobody_near_and_does_not_wait(tmp_path: Path) -> None:
    stage = begin(tmp_path, undecided="withhold")
    pointed = make_situation()["candidates"].assign(agreeing=2)
    store(stage, candidates=pointed)
    review = confirmation.prepare_review(stage)
    confirmation.require_decisions(stage, review)
    assert list_ids(review) == PERSON[8:]


def test_the_policy_withhold_waits_where_only_one_field_points_at_somebody(tmp_path: Path) -> None:
    # The name of one person with the birth date of another: nobody knows who is meant.
    stage = begin(tmp_path, undecided="withhold")
    store(stage, candidates=make_situation()["candidates"].assign(agreeing=1))
    with pytest.raises(AwaitingPerson, match="事例2（未決"):
        confirmation.require_decisions(stage, confirmation.prepare_review(stage))


def test_the_policy_withhold_waits_where_nobody_could_be_withheld(tmp_path: Path) -> None:
    stage = begin(tmp_path, undecided="withhold")
    store(stage, candidates=make_situation()["candidates"].iloc[:0])
    with pytest.raises(AwaitingPerson, match="事例2（未決"):
        confirmation.require_decisions(stage, confirmation.prepare_review(stage))


def test_the_policy_withhold_waits_where_a_form_names_two(tmp_path: Path) -> None:
    # The other child may live elsewhere: withholding whoever is near would print it unasked.
    stage = begin(tmp_path, undecided="withhold")
    tables = make_situation()
    matches = tables["matches"].replace({"reason": {"no_full_agreement": "several_subjects"}})
    store(stage, candidates=tables["candidates"].assign(agreeing=2), matches=matches)
    with pytest.raises(AwaitingPerson, match="事例2（未決"):
        confirmation.require_decisions(stage, confirmation.prepare_review(stage))


def test_a_recipient_who_looks_like_an_application_stops(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    everybody = review._replace(recipients=review.cohort)
    with pytest.raises(GuardError, match=re.escape("exclusion.zero_leak")) as stop:
        confirmation.require_decisions(stage, everybody)
    assert not [name for name in review.cohort["full_name"] if name in str(stop.value)]


def test_the_registry_is_still_that_of_01_and_every_recipient_is_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    review = confirmation.prepare_review(stage)
    read: list[Stage] = []
    monkeypatch.setattr(confirmation, "require_same_registry", read.append)
    monkeypatch.setattr(confirmation, "check_whole_records", lambda *content: [])
    confirmation.prove_recipients(stage, review)
    assert read == [stage]
    monkeypatch.setattr(confirmation, "check_whole_records", lambda *content: ["2 行目。"])
    with pytest.raises(GuardError, match=re.escape("exclusion.whole_records")):
        confirmation.prove_recipients(stage, review)


def test_counts_of_01_that_were_edited_stop_03(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A45 once more, at the step where people become recipients.
    stage = begin(tmp_path)
    review = confirmation.prepare_review(stage)
    monkeypatch.setattr(confirmation, "require_same_registry", lambda stage: None)
    monkeypatch.setattr(confirmation, "check_whole_records", lambda *content: [])
    edited = [Count(ALL, "rows_read", 10), Count("18", "cohort", 8), Count("22", "cohort", 2)]
    (stage.folder / "counts.csv").write_bytes(write_counts(edited))
    with pytest.raises(GuardError, match=re.escape("review.counts_balance")):
        confirmation.prove_recipients(stage, review)


def test_an_approval_of_exactly_this_content_is_accepted(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    approve(stage, review)
    assert confirmation.require_approval(stage, review).approved_by == THIRD
    assert list_last_answer(stage, "review.approved") == "yes"


def test_no_approval_and_one_of_other_content_wait(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    with pytest.raises(AwaitingPerson, match="まだありません"):
        confirmation.require_approval(stage, review)
    approve(stage, review)
    choices = {**CHOICES, 4: {"decision": "excluded", "reason": "household_protected"}}
    decide_cases(stage, choices, SECOND)
    with pytest.raises(AwaitingPerson, match="内容が変わりました"):
        confirmation.require_approval(stage, confirmation.prepare_review(stage))


@pytest.mark.parametrize("operator", [STAFF, THIRD])
def test_the_operator_and_the_decider_cannot_approve(tmp_path: Path, operator: str) -> None:
    # A65: one officer was both.
    stage = begin(tmp_path, operator=operator)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    codes = [tick.code for tick in confirmation.list_ticks(stage, review)]
    for by in (STAFF, operator):
        with pytest.raises(AwaitingPerson, match="別の人の承認が要ります"):
            confirmation.make_approval(stage, review, sign_as(by), codes)
        assert not stage.locate("approval_file").exists()
        approve(stage, review, by=by)
        with pytest.raises(AwaitingPerson, match=re.escape("review.approved")):
            confirmation.require_approval(stage, review)
        stage.locate("approval_file").unlink()
    confirmation.make_approval(stage, review, sign_as(SECOND), codes)
    assert confirmation.require_approval(stage, review).approved_by == SECOND


def test_nobody_approves_while_a_case_is_open_or_a_line_is_not_ticked(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, "")
    review = confirmation.prepare_review(stage)
    codes = [tick.code for tick in confirmation.list_ticks(stage, review)]
    with pytest.raises(AwaitingPerson, match="事例 1・2・4 が決まっていないか"):
        confirmation.make_approval(stage, review, sign_as(SECOND), codes)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    for missing in codes:
        ticked = [code for code in codes if code != missing]
        with pytest.raises(AwaitingPerson, match="チェックのないもの"):
            confirmation.make_approval(stage, review, sign_as(SECOND), ticked)
    assert not stage.locate("approval_file").exists()


def test_who_is_no_listed_officer_cannot_be_told_from_the_approver(tmp_path: Path) -> None:
    stage = begin(tmp_path, operator="見本Z")
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    approve(stage, review)
    with pytest.raises(AwaitingPerson, match="職員の一覧にありません"):
        confirmation.require_approval(stage, review)


def finish(stage: Stage, guards: list[str]) -> str:
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    approve(stage, review)
    for name in guards:
        ask_guard(stage, name, [])
    confirmation.require_decisions(stage, review)
    return confirmation.finish_confirmation(
        stage, review, confirmation.require_approval(stage, review), {"count_report.csv": b"report"}
    )


def test_a_finished_confirmation_leaves_the_recipients_and_who_was_excluded_why(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    line = finish(
        stage, ["record.chain_intact", "exclusion.whole_records", "review.counts_balance"]
    )
    assert line.startswith("03 確認 完了: ")
    assert len(read_private_table(stage, "recipients")) == 4
    excluded = read_private_table(stage, "excluded")
    assert sorted(excluded.itertuples(index=False, name=None)) == [
        ("opted_out", PERSON[1]), ("opted_out", PERSON[2]), ("opted_out", PERSON[4]),
        ("opted_out", PERSON[5]), ("protected", PERSON[6]),
    ]  # fmt: skip
    facts = [entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == "approved"]
    assert [(fact["by"], fact["decided_by"], fact["confirmed_by"]) for fact in facts] == [
        (THIRD, [STAFF], [SECOND])
    ]
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    cohort = make_situation()["cohort"]
    assert not [
        text
        for name in ("full_name", "addressee_id", "address")
        for text in cohort[name]
        if text in record
    ]


def test_nothing_is_finished_while_a_guard_was_not_asked(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    with pytest.raises(IntegrityError, match=re.escape("exclusion.whole_records")):
        finish(stage, ["record.chain_intact", "review.counts_balance"])
    assert not (stage.folder / "private/recipients.age").exists()


def test_the_tables_of_the_notebook_hold_nothing_of_a_person(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    review = confirmation.prepare_review(stage)
    cases, approval = confirmation.tabulate_cases(review), confirmation.tabulate_approval(review)
    assert cases["種類"].tolist() == [
        "要確認（先に除外）",
        "未決の申出",
        "取下げ・差し戻し・却下・試験",
        "支援措置対象者と同じ世帯の対象者",
    ]
    assert cases["候補の数"].tolist() == [0, 2, 0, 0]
    assert approval["内容"].tolist()[:3] == ["0人", "2人", "2人"]
    assert approval["内容"].tolist()[-1].replace(" ", "") == review.content.digest[:16]
    scope = digest_bytes(stage.locate("scope_file").read_bytes())
    assert approval["内容"].tolist()[3].replace(" ", "") == scope[:16]
    shown = json.dumps(
        [table.values.tolist() for table in (cases, approval)],
        ensure_ascii=False,
        default=str,
    )
    for name in ("full_name", "addressee_id", "address", "birth_date"):
        assert not [value for value in review.cohort[name] if value in shown]


def test_the_table_tells_a_decision_that_waits_for_the_second_person(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, {n: choice for n, choice in CHOICES.items() if n != 3}, "")
    states = confirmation.tabulate_cases(confirmation.prepare_review(stage))["状態"].tolist()
    assert states[1:3] == [
        "決定あり、確認待ち: 除外する（この候補が本人）、理由: 記入の誤り、候補 2", "決定がありません",
    ]  # fmt: skip
    decide_cases(stage, CHOICES, SECOND)
    states = confirmation.tabulate_cases(confirmation.prepare_review(stage))["状態"].tolist()
    assert states[1] == "決定ずみ: 除外する（この候補が本人）、理由: 記入の誤り、候補 2"


def test_the_way_from_applications_to_excluded_people_adds_up(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    numbers = confirmation.tabulate_settled(review)["件数・人数"].tolist()
    assert numbers[0] == len(review.applications)
    assert numbers[0] - sum(numbers[1:-1]) == numbers[-1] == len(review.exclusions.opted_out)


def test_a_form_for_two_children_excludes_both_where_two_people_say_so(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    both = {**CHOICES, 2: {**CHOICES[2], "also": [1]}}
    decide_cases(stage, both, SECOND)
    review = confirmation.prepare_review(stage)
    assert not {PERSON[3], PERSON[4]} & set(list_ids(review))
    assert {PERSON[3], PERSON[4]} <= review.exclusions.opted_out
    decide_cases(stage, CHOICES, SECOND)
    one = confirmation.prepare_review(stage)
    assert set(list_ids(one)) - set(list_ids(review)) == {PERSON[3]}


@pytest.mark.parametrize("also", [[3], ["1"], [True], 1, [0]])
def test_a_candidate_that_is_not_there_is_no_decision(tmp_path: Path, also: object) -> None:
    stage = begin(tmp_path)
    with pytest.raises(ParameterError, match="候補の番号"):
        decide_cases(stage, {**CHOICES, 2: {**CHOICES[2], "also": also}}, SECOND)


def test_only_an_exclusion_means_several_people(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    nobody = {"decision": "outside", "reason": "no_such_person", "also": [1]}
    with pytest.raises(ParameterError, match="「除外する」だけ"):
        decide_cases(stage, {**CHOICES, 2: nobody}, SECOND)
