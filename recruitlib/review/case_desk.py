"""Desk of the cases: what an officer's choices do, as functions without a widget.

Each reads the decisions file anew and writes it at once, under its lock, so that a lost browser
loses nothing and two panels do not undo each other's work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.choices import DECISION_LABELS, DECISIONS, POINTING
from recruitlib.base.decisions import (
    Decisions,
    changing_decisions,
    check_choice,
    check_decision,
    confirm_case,
    decide_case,
    encrypt_note,
    list_chosen,
    read_own_decisions,
    undo_case,
    write_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import Signer
from recruitlib.base.run import Stage
from recruitlib.base.secrecy import hide_values
from recruitlib.review.approval import read_approval
from recruitlib.review.casebook import CaseView
from recruitlib.review.confirmation import check_review, prepare_review

FILE = "decisions_file"
OPEN, HELD, WAITING, DONE, ALL = "open", "held", "waiting", "done", "all"
FILTERS = {OPEN: "まだ", HELD: "保留", WAITING: "確認待ち", DONE: "決定ずみ", ALL: "すべて"}
LONGEST_NOTE = 500
_TICK = "氏名も生年月日も一致しない人を指しています。見比べて、チェックを付けてください。"


@hide_values
class Form(NamedTuple):
    """What an officer has chosen for a case."""

    decision: str
    reason: str
    candidate: int
    also: tuple[int, ...]
    note: str
    ticked: bool


def read_held(stage: Stage) -> frozenset[str]:
    """Read from the record which cases are held, by the digits of their content.

    A case is held until it is decided: it is not held again when that decision is taken back.
    """
    held = set()
    for entry in read_entries(stage.folder):
        if entry["event"] == "case_held":
            held.add(entry["facts"]["digest"])
        elif entry["event"] == "decision_undone":
            held.discard(entry["facts"].get("digest"))
    return frozenset(held)


def find_state(
    case: Mapping[str, Any], decisions: Decisions, held: Collection[str] = frozenset()
) -> str:
    """Find where a case stands: open, held, waiting for the second officer, or done."""
    if check_choice(case, decisions.cases.get(case["case"])):
        return HELD if case["digest"][:16] in held else OPEN
    return WAITING if check_decision(case, decisions) else DONE


def list_states(
    cases: Mapping[int, Mapping[str, Any]], decisions: Decisions, held: Collection[str]
) -> dict[int, str]:
    """List where each case stands, by number."""
    return {number: find_state(case, decisions, held) for number, case in cases.items()}


def list_numbers(
    cases: Mapping[int, Mapping[str, Any]], states: Mapping[int, str], state: str, kind: str
) -> list[int]:
    """List the numbers of the cases in a state (``FILTERS``) and of a kind ("" for all)."""
    return [
        number
        for number, case in cases.items()
        if kind in ("", case["kind"]) and state in (ALL, states[number])
    ]


def find_first(
    numbers: list[int], states: Mapping[int, str], decisions: Decisions, staff_id: str
) -> int:
    """Find the place of the case that an officer should see first.

    It is one that waits for this officer's confirmation, else one that is still open, else one that
    is held, else the first.
    """
    wanted = []
    for place, number in enumerate(numbers):
        state = states[number]
        if state == WAITING and decisions.cases[number].get("decided_by") != staff_id:
            wanted.append((0, place))
        elif state in (OPEN, HELD):
            wanted.append((1 if state == OPEN else 2, place))
    return min(wanted)[1] if wanted else 0


def tell_rest(states: Mapping[int, str]) -> str:
    """Tell how many cases are still to be decided and to be confirmed, or what comes next."""
    own = list(states.values())
    held, waiting = own.count(HELD), own.count(WAITING)
    undecided = own.count(OPEN) + held
    if not undecided and not waiting:
        return (
            "すべての事例が決まり、確かめられました。メニューの「実行」→「すべてのセルを実行」をもう一度押し、"
            "新しい件数を見てから、下の承認に進んでください。"
        )
    among = f"（うち保留 {held}件）" if held else ""
    return f"残り: まだ決めていない事例 {undecided}件{among}、確認待ち {waiting}件。"


def save_decision(stage: Stage, view: CaseView, form: Form, signer: Signer) -> str:
    """Save an officer's decision of a case.

    Returns:
        what was done, in words.

    Raises:
        ParameterError: the choice is not offered, a reason or a tick is missing, or the case is
            decided already.
    """
    case, label = view.case, DECISION_LABELS[form.decision]
    choice = _check_form(stage, view, form)
    path = stage.locate(FILE)
    with changing_decisions(path):
        decisions = read_own_decisions(stage, FILE)
        _require_open(case, decisions)
        write_decisions(path, decide_case(decisions, case, choice, signer))
    return f"事例 {case['case']} を「{label}」と決め、保存しました。別の人の確認を待ちます。"


def _require_open(case: Mapping[str, Any], decisions: Decisions) -> None:
    if find_state(case, decisions) != OPEN:
        raise ParameterError("この事例は決定ずみです。決め直すときは、先に取り消してください。")


def _check_form(stage: Stage, view: CaseView, form: Form) -> dict[str, Any]:
    """Check what an officer has chosen, and give it as ``decide_case`` takes it."""
    case, label = view.case, DECISION_LABELS[form.decision]
    if form.reason not in DECISIONS[case["kind"]].get(form.decision, ()):
        if form.reason:
            raise ParameterError(
                f"選んだ理由は、「{label}」のものではありません。理由の後の数字は、その理由を選べるボタンの番号です。"
            )
        raise ParameterError(f"「{label}」の理由を選んでから、もう一度押してください。")
    choice: dict[str, Any] = {"decision": form.decision, "reason": form.reason}
    chosen: tuple[int, ...] = ()
    if (case["kind"], form.decision) in POINTING:
        if not form.candidate:
            raise ParameterError("どの候補が本人かを選んでから、もう一度押してください。")
        also = tuple(number for number in form.also if number != form.candidate)
        chosen = (form.candidate, *also)
        choice["candidate"] = form.candidate
        if also:
            choice["also"] = list(also)
    if view.links_in_doubt(form.decision, chosen) and not form.ticked:
        raise ParameterError(_TICK)
    if len(form.note) > LONGEST_NOTE:
        raise ParameterError(f"備考は {LONGEST_NOTE} 字以内で書いてください。")
    if form.note.strip():
        choice["note"] = encrypt_note(stage.key, form.note)
    return choice


def hold_case(stage: Stage, view: CaseView, signer: Signer) -> str:
    """Hold a case: the record remembers it by its content's digits until it is decided.

    Returns:
        what was done, in words.

    Raises:
        ParameterError: the case is decided already.
    """
    case = view.case
    digest = case["digest"][:16]
    _require_open(case, read_own_decisions(stage, FILE))
    if digest not in read_held(stage):
        _note(stage, "case_held", case, signer)
    return f"事例 {case['case']} を保留にしました。"


def _note(stage: Stage, event: str, case: Mapping[str, Any], signer: Signer) -> None:
    append_entry(
        stage.folder, stage.number, event,
        case=case["case"], digest=case["digest"][:16], by=signer.officer.staff_id,
    )  # fmt: skip


def save_confirmation(
    stage: Stage, view: CaseView, shown: str, ticked: bool, signer: Signer
) -> str:
    """Save a second officer's confirmation of the decision that stood beside the case.

    Args:
        stage: notebook 03.
        view: the case.
        shown: signature of the decision as the officer has seen it (``get_signature``).
        ticked: whether the officer has ticked that two people differ.
        signer: who confirms.

    Returns:
        what was done, in words.

    Raises:
        AwaitingPerson: the case is not decided, or by the same person.
        ParameterError: another decision stands there now, the tick is missing, or the case is
            confirmed already.
    """
    case, path = view.case, stage.locate(FILE)
    with changing_decisions(path):
        decisions = read_own_decisions(stage, FILE)
        if get_signature(case, decisions) != shown:
            raise ParameterError(
                f"事例 {case['case']} の決定は、表示した後に変わりました。"
                "今の決定を読んでから、もう一度確かめてください。"
            )
        if find_state(case, decisions) == DONE:
            raise ParameterError("この事例は、もう確かめてあります。次の事例に進んでください。")
        confirmed = confirm_case(decisions, case, signer)
        if asks_tick(view, decisions) and not ticked:
            raise ParameterError(_TICK)
        write_decisions(path, confirmed)
    return f"事例 {case['case']} の決定を確かめ、保存しました。"


def get_signature(case: Mapping[str, Any], decisions: Decisions) -> str:
    """Get the signature under a case's decision, which tells it from any other; "" without one."""
    return str(decisions.cases.get(case["case"], {}).get("decided_signature", ""))


def asks_tick(view: CaseView, decisions: Decisions) -> bool:
    """Whether what was decided of a case links two people of other names and birth dates."""
    decision = decisions.cases.get(view.case["case"], {})
    return view.links_in_doubt(str(decision.get("decision", "")), list_chosen(decision))


def is_listed(case: Mapping[str, Any]) -> bool:
    """Whether an application leads to one person, so that it may be confirmed with others at once."""
    return case["kind"] == "to_confirm" and case["reason"] == "listed"


def save_confirmations(stage: Stage, seen: Sequence[tuple[CaseView, str]], signer: Signer) -> str:
    """Confirm at once the cases of applications that lead to one person, each of which was seen.

    Args:
        stage: notebook 03.
        seen: the cases that the officer has seen, each with the signature of the decision that
            stood beside it (``get_signature``).
        signer: who confirms.

    Returns:
        what was done, in words; what asks for a tick of its own stays.

    Raises:
        AwaitingPerson: there is nothing to confirm in this way, or the same person has decided.
        ParameterError: another decision stands now beside one of them; then none is confirmed.
    """
    path, done, changed = stage.locate(FILE), 0, []
    with changing_decisions(path):
        decisions = read_own_decisions(stage, FILE)
        for view, shown in seen:
            waits = find_state(view.case, decisions) == WAITING
            if not is_listed(view.case) or not waits or asks_tick(view, decisions):
                continue
            if get_signature(view.case, decisions) != shown:
                changed.append(str(view.case["case"]))
                continue
            decisions = confirm_case(decisions, view.case, signer)
            done += 1
        if changed:
            raise ParameterError(
                f"事例 {'・'.join(changed)} の決定は、表示した後に変わりました。"
                "その事例をもう一度表示して読んでから、まとめて確かめてください。"
            )
        if not done:
            raise AwaitingPerson(
                "まとめて確かめられる事例（一人に定まった申出で、決定ずみ、画面で見たもの）はありません。"
            )
        write_decisions(path, decisions)
    return f"見た事例のうち {done} 件の決定を確かめ、保存しました。"


def take_back(stage: Stage, view: CaseView, signer: Signer) -> str:
    """Take back the decision of a case, as long as the run as it is has not been approved.

    Returns:
        what was done, in words.

    Raises:
        ParameterError: the case is not decided, or by somebody else, or the run is approved with it.
    """
    case, path = view.case, stage.locate(FILE)
    with changing_decisions(path):
        decisions = read_own_decisions(stage, FILE)
        if case["case"] not in decisions.cases:
            raise ParameterError("この事例は、まだ決めていません。先に決めてください。")
        if decisions.cases[case["case"]].get("decided_by") != signer.officer.staff_id:
            raise ParameterError(
                "取り消せるのは、決めた職員だけです。同意できないときは、確かめずに、決めた職員に知らせてください。"
            )
        if _is_approved(stage):
            raise ParameterError("承認の後は取り消せません。承認した人に知らせてください。")
        write_decisions(path, undo_case(decisions, case["case"]))
        _note(stage, "decision_undone", case, signer)
    return f"事例 {case['case']} の決定を取り消しました。"


def _is_approved(stage: Stage) -> bool:
    """Whether the run as it is has a valid approval: a void, changed or unreadable one is none."""
    run = (stage.parameters["run_id"], stage.demonstration)
    try:
        approval = read_approval(stage.locate("approval_file"), *run)
    except ParameterError:
        return False
    if approval is None:
        return False
    return not check_review(stage, prepare_review(stage), approval, [])
