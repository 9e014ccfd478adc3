"""The desk of the cases: every choice is saved at once, signed, and a second officer is another one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.audit import read_entries
from recruitlib.base.decisions import check_decision, read_note, read_own_decisions
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.run import Stage
from recruitlib.review import case_desk
from recruitlib.review.approval import Tick, approve_content, write_approval
from recruitlib.review.case_desk import Form
from recruitlib.review.casebook import Casebook, CaseView, gather_case, open_casebook
from recruitlib.review.confirmation import Review, make_approval, prepare_review
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.unit.desks import begin_review
from tests.unit.stages import CHOICES, decide_cases, make_situation

PLACE = ("東京都", "新宿区")


def open_book(review: Review, tables: dict[str, Any] | None = None) -> Casebook:
    return open_casebook(review.cases, tables or make_situation(), PLACE)


def fill_form(decision: str, reason: str, **changes: Any) -> Form:
    own = {"candidate": 0, "also": (), "note": "", "ticked": False, **changes}
    return Form(decision=decision, reason=reason, **own)


def begin(folder: Path, number: int) -> tuple[Stage, Review, CaseView]:
    stage, review = begin_review(folder)
    return stage, review, gather_case(open_book(review), number)


def read_entry(stage: Stage, number: int) -> dict[str, Any]:
    return dict(read_own_decisions(stage, "decisions_file").cases[number])


def confirm(stage: Stage, view: CaseView, staff_id: str, ticked: bool = False) -> str:
    """Confirm what stands beside a case now."""
    shown = case_desk.get_signature(view.case, read_own_decisions(stage, "decisions_file"))
    return case_desk.save_confirmation(stage, view, shown, ticked, sign_as(staff_id))


def see_all(stage: Stage, views: list[CaseView]) -> list[tuple[CaseView, str]]:
    """See what stands beside each case now."""
    decisions = read_own_decisions(stage, "decisions_file")
    return [(view, case_desk.get_signature(view.case, decisions)) for view in views]


def list_noted(stage: Stage, event: str) -> list[dict[str, Any]]:
    return [entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == event]


def test_a_decision_is_saved_at_once_signed_and_its_note_is_not_readable(tmp_path: Path) -> None:
    stage, review, view = begin(tmp_path, 2)
    form = fill_form(
        "matched", "typing_error", candidate=2, also=(1, 2), note="母に電話した", ticked=True
    )
    told = case_desk.save_decision(stage, view, form, sign_as(STAFF))
    assert told == (
        "事例 2 を「除外する（この候補が本人）」と決め、保存しました。別の人の確認を待ちます。"
    )
    entry = read_entry(stage, 2)
    assert (entry["decided_by"], entry["candidate"], entry["also"]) == (STAFF, 2, [1])
    assert "母に電話した" not in stage.locate("decisions_file").read_text("utf-8")
    assert read_note(stage.key, entry) == "母に電話した"
    # A second panel, and one after a lost browser, reads the same file.
    decisions = read_own_decisions(stage, "decisions_file")
    assert case_desk.find_state(view.case, decisions) == case_desk.WAITING


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (fill_form("matched", "", candidate=2), "理由を選んで"),
        (fill_form("matched", "no_such_person", candidate=2), "選んだ理由は、「除外する（この候補が本人）」のものではありません"),
        (fill_form("matched", "typing_error"), "どの候補が本人か"),
        (fill_form("outside", "no_such_person", note="あ" * 501), "500 字以内"),
    ],
)  # fmt: skip
def test_a_choice_that_is_not_complete_is_refused_in_a_sentence_and_saves_nothing(
    tmp_path: Path, form: Form, words: str
) -> None:
    stage, _, view = begin(tmp_path, 2)
    with pytest.raises(ParameterError, match=words):
        case_desk.save_decision(stage, view, form, sign_as(STAFF))
    assert not stage.locate("decisions_file").exists()


def test_a_decided_case_is_decided_again_only_after_it_was_taken_back(tmp_path: Path) -> None:
    stage, _, view = begin(tmp_path, 2)
    form = fill_form("outside", "no_such_person")
    case_desk.save_decision(stage, view, form, sign_as(STAFF))
    with pytest.raises(ParameterError, match="先に取り消して"):
        case_desk.save_decision(stage, view, form, sign_as(STAFF))
    assert case_desk.take_back(stage, view, sign_as(STAFF)) == "事例 2 の決定を取り消しました。"
    with pytest.raises(ParameterError, match="まだ決めていません"):
        case_desk.take_back(stage, view, sign_as(STAFF))
    case_desk.save_decision(stage, view, form, sign_as(SECOND))
    assert read_entry(stage, 2)["decided_by"] == SECOND


def test_the_same_officer_cannot_confirm_and_another_can(tmp_path: Path) -> None:
    stage, _, view = begin(tmp_path, 4)
    with pytest.raises(AwaitingPerson, match="先に決めて"):
        confirm(stage, view, SECOND)
    case_desk.save_decision(stage, view, fill_form("supplied", "not_protected"), sign_as(STAFF))
    with pytest.raises(AwaitingPerson, match="別の人でなければなりません"):
        confirm(stage, view, STAFF)
    told = confirm(stage, view, SECOND)
    assert told == "事例 4 の決定を確かめ、保存しました。"
    assert check_decision(view.case, read_own_decisions(stage, "decisions_file")) == ""
    with pytest.raises(ParameterError, match="もう確かめて"):
        confirm(stage, view, SECOND)


def make_doubtful() -> dict[str, Any]:
    """Let candidate 1 of the third application have neither its name nor its birth date (A19)."""
    tables = make_situation()
    tables["applications"].loc[2, ["subject_name", "subject_birth_text", "subject_birth_date"]] = [
        "試験　四郎4", "2008-05-05", "2008-05-05",
    ]  # fmt: skip
    tables["cohort"].loc[2, ["full_name", "birth_date"]] = ["別人　七海", "2008-11-28"]
    return tables


def test_a19_nobody_of_another_name_and_birth_date_is_linked_without_a_tick_of_both_officers(
    tmp_path: Path,
) -> None:
    tables = make_doubtful()
    stage, review = begin_review(tmp_path, tables)
    view = gather_case(open_book(review, tables), 2)
    assert [one.doubtful for one in view.residents] == [True, False]
    form = fill_form("matched", "typing_error", candidate=1)
    with pytest.raises(ParameterError, match="チェックを付けて"):
        case_desk.save_decision(stage, view, form, sign_as(STAFF))
    # Neither does a further person slip in beside the right one.
    beside = fill_form("matched", "typing_error", candidate=2, also=(1,))
    with pytest.raises(ParameterError, match="チェックを付けて"):
        case_desk.save_decision(stage, view, beside, sign_as(STAFF))
    assert not stage.locate("decisions_file").exists()
    case_desk.save_decision(stage, view, form._replace(ticked=True), sign_as(STAFF))
    with pytest.raises(ParameterError, match="チェックを付けて"):
        confirm(stage, view, SECOND)
    assert "confirmed_by" not in read_entry(stage, 2)
    confirm(stage, view, SECOND, ticked=True)
    assert read_entry(stage, 2)["confirmed_by"] == SECOND


def test_a19_no_tick_is_asked_where_nobody_of_the_kind_is_linked(tmp_path: Path) -> None:
    tables = make_doubtful()
    stage, review = begin_review(tmp_path, tables)
    view = gather_case(open_book(review, tables), 2)
    case_desk.save_decision(
        stage, view, fill_form("matched", "typing_error", candidate=2), sign_as(STAFF)
    )
    confirm(stage, view, SECOND)
    case_desk.take_back(stage, view, sign_as(STAFF))
    case_desk.save_decision(stage, view, fill_form("outside", "no_such_person"), sign_as(STAFF))


def test_a_decision_is_taken_back_until_the_approval_and_not_after_it(tmp_path: Path) -> None:
    stage, review, view = begin(tmp_path, 1)
    decide_cases(stage, CHOICES, SECOND)
    approved = prepare_review(stage)
    codes = ["request", "counts", "towns", "cases", "lists"]
    make_approval(stage, approved, sign_as(THIRD), codes)
    with pytest.raises(ParameterError, match="承認の後は取り消せません"):
        case_desk.take_back(stage, view, sign_as(STAFF))
    assert read_entry(stage, 1)["confirmed_by"] == SECOND


def test_a_void_approval_hinders_nobody(tmp_path: Path) -> None:
    stage, review, view = begin(tmp_path, 1)
    decide_cases(stage, CHOICES, SECOND)
    make_approval(
        stage,
        prepare_review(stage),
        sign_as(THIRD),
        ["request", "counts", "towns", "cases", "lists"],
    )
    decide_cases(
        stage, {**CHOICES, 3: {"decision": "withdrawn", "reason": "withdrawn_by_subject"}}, SECOND
    )
    assert "取り消しました" in case_desk.take_back(stage, view, sign_as(STAFF))


@pytest.mark.parametrize("damage", ["unsigned", "by the operator", "unreadable"])
def test_neither_does_an_approval_that_is_none(tmp_path: Path, damage: str) -> None:
    stage, review, view = begin(tmp_path, 1)
    decide_cases(stage, CHOICES, SECOND)
    codes = ["request", "counts", "towns", "cases", "lists"]
    make_approval(stage, prepare_review(stage), sign_as(THIRD), codes)
    path = stage.locate("approval_file")
    if damage == "unreadable":
        path.write_text("approved_digest: [", encoding="utf-8")
    elif damage == "unsigned":
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**content, "signature": "AAAA"}), encoding="utf-8")
    else:
        content = prepare_review(stage).content
        run, ticks = ("test_ward", True), [Tick(code, code) for code in codes]
        own = approve_content(content, ticks, codes, sign_as(STAFF), run, "2026-05-19")
        write_approval(path, *run, own)
    assert "取り消しました" in case_desk.take_back(stage, view, sign_as(STAFF))


def test_only_listed_cases_that_were_seen_are_confirmed_at_once(tmp_path: Path) -> None:
    tables = make_situation()
    tables["matches"].loc[1, "reason"] = "listed"
    stage, review = begin_review(tmp_path, tables)
    book = open_book(review, tables)
    views = [gather_case(book, number) for number in (1, 2)]
    with pytest.raises(AwaitingPerson, match="まとめて確かめられる事例"):
        case_desk.save_confirmations(stage, see_all(stage, views), sign_as(SECOND))
    for view, form in zip(
        views,
        (fill_form("matched", "list_checked"), fill_form("outside", "no_such_person")),
        strict=True,
    ):
        case_desk.save_decision(stage, view, form, sign_as(STAFF))
    with pytest.raises(AwaitingPerson, match="まとめて確かめられる事例"):
        case_desk.save_confirmations(stage, see_all(stage, views[1:]), sign_as(SECOND))
    told = case_desk.save_confirmations(stage, see_all(stage, views), sign_as(SECOND))
    assert told == "見た事例のうち 1 件の決定を確かめ、保存しました。"
    assert "confirmed_by" in read_entry(stage, 1)
    assert "confirmed_by" not in read_entry(stage, 2)


def test_filters_list_what_is_open_and_what_waits_and_each_officer_begins_where_needed(
    tmp_path: Path,
) -> None:
    stage, review, view = begin(tmp_path, 2)
    book = open_book(review)
    cases = book.cases
    case_desk.save_decision(stage, view, fill_form("outside", "no_such_person"), sign_as(STAFF))
    case_desk.hold_case(stage, gather_case(book, 1), sign_as(STAFF))
    housemate = gather_case(book, 4)
    case_desk.save_decision(
        stage, housemate, fill_form("supplied", "not_protected"), sign_as(STAFF)
    )
    confirm(stage, housemate, SECOND)
    decisions = read_own_decisions(stage, "decisions_file")
    states = case_desk.list_states(cases, decisions, case_desk.read_held(stage))
    listed = {
        words: case_desk.list_numbers(cases, states, state, "")
        for state, words in case_desk.FILTERS.items()
    }
    assert listed == {
        "まだ": [3], "保留": [1], "確認待ち": [2], "決定ずみ": [4], "すべて": [1, 2, 3, 4],
    }  # fmt: skip
    assert case_desk.list_numbers(cases, states, "all", "housemate") == [4]
    numbers = listed["すべて"]
    assert case_desk.find_first(numbers, states, decisions, STAFF) == 2
    assert case_desk.find_first(numbers, states, decisions, SECOND) == 1
    assert case_desk.find_first([1, 4], states, decisions, SECOND) == 0
    assert case_desk.find_first([4, 1], states, decisions, SECOND) == 1
    assert case_desk.find_first([], states, decisions, SECOND) == 0
    assert case_desk.tell_rest(states) == (
        "残り: まだ決めていない事例 2件（うち保留 1件）、確認待ち 1件。"
    )


def decide(stage: Stage, view: CaseView, decision: str, reason: str) -> None:
    case_desk.save_decision(stage, view, fill_form(decision, reason), sign_as(STAFF))


def test_a_hold_is_remembered_until_the_case_is_decided_and_names_nobody(tmp_path: Path) -> None:
    stage, _, view = begin(tmp_path, 4)
    assert case_desk.hold_case(stage, view, sign_as(STAFF)) == "事例 4 を保留にしました。"
    case_desk.hold_case(stage, view, sign_as(STAFF))
    digits = view.case["digest"][:16]
    assert list_noted(stage, "case_held") == [{"case": 4, "digest": digits, "by": STAFF}]
    # Whoever runs 03 anew finds it held.
    assert case_desk.read_held(stage) == {digits}
    decide(stage, view, "supplied", "not_protected")
    decisions = read_own_decisions(stage, "decisions_file")
    assert case_desk.find_state(view.case, decisions, {digits}) == case_desk.WAITING
    with pytest.raises(ParameterError, match="決定ずみ"):
        case_desk.hold_case(stage, view, sign_as(STAFF))
    case_desk.take_back(stage, view, sign_as(STAFF))
    assert case_desk.read_held(stage) == frozenset()


def test_what_was_taken_back_stands_in_the_record_with_who_did_it(tmp_path: Path) -> None:
    stage, _, view = begin(tmp_path, 4)
    decide(stage, view, "supplied", "not_protected")
    with pytest.raises(ParameterError, match="取り消せるのは、決めた職員だけです"):
        case_desk.take_back(stage, view, sign_as(SECOND))
    assert list_noted(stage, "decision_undone") == []
    case_desk.take_back(stage, view, sign_as(STAFF))
    digits = view.case["digest"][:16]
    assert list_noted(stage, "decision_undone") == [{"case": 4, "digest": digits, "by": STAFF}]


def test_nobody_confirms_a_decision_that_was_not_shown(tmp_path: Path) -> None:
    stage, _, view = begin(tmp_path, 4)
    decide(stage, view, "supplied", "not_protected")
    [(_, shown)] = see_all(stage, [view])
    case_desk.take_back(stage, view, sign_as(STAFF))
    decide(stage, view, "excluded", "household_protected")
    with pytest.raises(ParameterError, match="事例 4 の決定は、表示した後に変わりました"):
        case_desk.save_confirmation(stage, view, shown, False, sign_as(SECOND))
    assert "confirmed_by" not in read_entry(stage, 4)
    confirm(stage, view, SECOND)
    assert read_entry(stage, 4)["confirmed_by"] == SECOND


def test_nothing_is_confirmed_at_once_where_one_decision_was_not_shown(tmp_path: Path) -> None:
    tables = make_situation()
    tables["matches"].loc[[0, 1], "outcome"] = "to_confirm"
    tables["matches"].loc[[0, 1], "reason"] = "listed"
    stage, review = begin_review(tmp_path, tables)
    book = open_book(review, tables)
    views = [gather_case(book, number) for number in (1, 2)]
    for view in views:
        decide(stage, view, "matched", "list_checked")
    seen = see_all(stage, views)
    case_desk.take_back(stage, views[0], sign_as(STAFF))
    decide(stage, views[0], "rejected", "other_person")
    with pytest.raises(ParameterError, match="事例 1 の決定は、表示した後に変わりました"):
        case_desk.save_confirmations(stage, seen, sign_as(SECOND))
    assert ["confirmed_by" in read_entry(stage, number) for number in (1, 2)] == [False, False]
    told = case_desk.save_confirmations(stage, see_all(stage, views), sign_as(SECOND))
    assert told == "見た事例のうち 2 件の決定を確かめ、保存しました。"


def test_two_desks_at_once_lose_no_decision(tmp_path: Path) -> None:
    stage, review, _ = begin(tmp_path, 4)
    book = open_book(review)
    works = [(1, "matched", "authority_checked"), (3, "matched", "withdrawal_unproved"),
             (4, "supplied", "not_protected")]  # fmt: skip
    with ThreadPoolExecutor(len(works)) as desks:
        made = [
            desks.submit(decide, stage, gather_case(book, number), decision, reason)
            for number, decision, reason in works
        ]
        for one in made:
            one.result()
    assert sorted(read_own_decisions(stage, "decisions_file").cases) == [1, 3, 4]
