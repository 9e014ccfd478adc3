"""The signatures of a record, checked again from its chain alone, without the office or any key.

What officers sign is described here, in one place for the signing and for the auditor: a decision
with its run, a confirmation with the decider's signature in it, an approval with all its parts, a
file with its kind. No signature of one kind counts as one of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from recruitlib.base.officers import Officer, check_two_officers, is_signed

# What an officer signs of a decision; what a case does not have is not in it.
DECIDED = ("case", "digest", "decision", "reason", "candidate", "also", "note", "decided_by")
CONFIRMED = (*DECIDED, "decided_signature", "confirmed_by")
# Who has to have signed the file with which a stage completes: two different people.
_TWO = {"05": ("prepared_by", "confirmed_by"), "06": ("carried_out_by", "witnessed_by")}
# The letters to the recipient, which one officer signs; they say their purpose themselves.
_LETTERS = {"corrected": "correction", "discard_requested": "discard_request"}
_ACT = {"purpose", "run_id", "demonstration", "act", "serials", "reason", "digest"}


# The files that officers sign, by kind: the name that only such a file has.
FILE_KINDS = {
    "handover": "handed_over_labels",
    "disposal": "carried_out_by",
    "attestations": "attestations",
}


class SignedRun(NamedTuple):
    """Which run a signature belongs to, so that no other run's counts here."""

    run_id: str
    demonstration: bool


def describe_decision(
    decision: Mapping[str, Any], run: SignedRun, names: Iterable[str]
) -> dict[str, Any]:
    """Describe what is signed of a decision, or of its confirmation."""
    own = {name: decision[name] for name in names if name in decision}
    return {"purpose": "decision", **run._asdict(), **own}


def describe_approval(approval: Mapping[str, Any], run: SignedRun) -> dict[str, Any]:
    """Describe what is signed of an approval: all of it but the signature."""
    own = {name: value for name, value in approval.items() if name != "signature"}
    return {"purpose": "approval", **run._asdict(), **own}


def tell_kind(content: Mapping[str, Any]) -> str:
    """Tell by its names which of the signed files a content is; "" for none, or for two at once."""
    kinds = [kind for kind, name in FILE_KINDS.items() if name in content]
    return kinds[0] if len(kinds) == 1 else ""


def describe_file(content: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what is signed of a file: all that it says, as a file and as nothing else.

    Without the purpose a file that says what a decision says would be signed as that decision.
    """
    return {"purpose": "file", "kind": tell_kind(content), "content": dict(content)}


def describe_confirmed(change: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what the second officer signs of an act on serials: the first signature with it."""
    own = {name: change[name] for name in ("prepared_by", "prepared_signature", "confirmed_by")}
    return {**change["content"], **own}


def check_signatures(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Check every signature that a chain holds: decisions, confirmations, approvals, signed files.

    Returns:
        the number of the entry and one Japanese sentence, for each that does not fit.
    """
    run, operator = SignedRun("", False), ""
    asked: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        event, facts = entry["event"], entry["facts"]
        problems: list[str] = []
        try:
            if event == "begun" and entry["stage"] == "01":
                run_id = facts.get("parameters", {}).get("run_id", "")
                run = SignedRun(run_id, facts.get("run_kind") == "demonstration")
                operator = facts.get("operator", "")
            elif event == "approval_asked":
                asked[facts["digest"]] = facts["parts"]
            elif event == "approved":
                problems += _check_decisions(facts, run)
                problems += _check_approval(facts, asked.get(facts["digest"]), run, operator)
            elif event == "serials_proposed":
                own = {facts["officer"]["staff_id"]: facts["officer"]}
                problems += _check_prepared(facts["content"], facts["signature"], own, run)
            elif event == "serials_changed":
                problems += _check_change(facts["change"], run)
            signed = facts.get("signed", {})
            if signed:
                problems += _check_file(signed, run)
            roles = _TWO.get(entry["stage"], ()) if event == "completed" else ()
            if roles or event in _LETTERS:
                problems += _check_people(signed, roles, run)
        except (AttributeError, KeyError, TypeError):
            problems = ["書かれている形が違います。"]
        yield from ((entry["seq"], problem) for problem in problems)


def check_officers(
    entries: Sequence[Mapping[str, Any]], officers: Mapping[str, Officer]
) -> Iterator[tuple[int, str]]:
    """Check that the officers whom a chain holds are those of the office, key by key.

    A record brings the public keys of its signers with it. Whoever writes all of it anew can bring
    keys of his own, but not into the office's list.

    Args:
        entries: the chain.
        officers: the office's list, to which entries are only ever added.

    Returns:
        the number of the entry and one Japanese sentence, for each that differs.
    """
    for entry in entries:
        facts = entry["facts"]
        try:
            own = [Officer(*one) for one in facts.get("officers", [])]
            signed = (facts.get(name, {}).get("officers", {}) for name in ("signed", "change"))
            own += [Officer(**one) for officers in signed for one in officers.values()]
            if entry["event"] == "serials_proposed":
                own.append(Officer(**facts["officer"]))
        except (AttributeError, TypeError):
            continue  # told by ``check_signatures``
        for officer in own:
            if officers.get(officer.staff_id) != officer:
                yield entry["seq"], f"職員 {officer.staff_id} が、役所の職員の一覧と違います。"


def _check_decisions(facts: Mapping[str, Any], run: SignedRun) -> Iterator[str]:
    officers = _read_officers(facts["officers"])
    for decision in (one for stage in facts["decisions"] for one in stage):
        name = f"事例{decision.get('case')}"
        first = officers.get(decision.get("decided_by", ""))
        told = describe_decision(decision, run, DECIDED)
        if first is None or not is_signed(first, told, decision.get("decided_signature")):
            yield f"{name}を決めた人の署名が合いません。"
        elif "confirmed_by" in decision:
            second = officers.get(decision["confirmed_by"])
            told = describe_decision(decision, run, CONFIRMED)
            if second is None or not is_signed(second, told, decision.get("confirmed_signature")):
                yield f"{name}を確かめた人の署名が合いません。"
            elif same := check_two_officers(first, second, run.demonstration):
                yield f"{name}を決めた人と確かめた人が同じです（{same}）。"


def _check_approval(
    facts: Mapping[str, Any], parts: Mapping[str, Any] | None, run: SignedRun, operator: str
) -> Iterator[str]:
    officers = _read_officers(facts["officers"])
    approval = {
        "digest": facts["digest"], "parts": parts, "ticked": facts["ticked"],
        "approved_by": facts["by"], "approved_on": facts["on"],
    }  # fmt: skip
    second = officers.get(facts["by"])
    if second is None or not is_signed(
        second, describe_approval(approval, run), facts["signature"]
    ):
        yield "承認した人の署名が合いません。"
        return
    for worker in dict.fromkeys([operator, *facts["decided_by"]]):
        first = officers.get(worker)
        if first is None:
            yield "作業した人か事例を決めた人が、記録の職員の一覧にありません。"
        elif same := check_two_officers(first, second, run.demonstration):
            yield f"承認した人が、作業または決定をした人と同じです（{same}）。"


def _check_file(signed: Mapping[str, Any], run: SignedRun) -> Iterator[str]:
    officers = {name: Officer(**own) for name, own in signed["officers"].items()}
    signatures, content = signed["signatures"], signed["content"]
    is_letter = content.get("purpose") in _LETTERS.values()
    told = content if is_letter else describe_file(content)
    for staff_id, signature in signatures.items():
        officer = officers.get(staff_id)
        if officer is None or not is_signed(officer, told, signature):
            yield "署名されたファイルの署名が合いません。"
    attesting = {entry["attested_by"] for entry in content.get("attestations", [])}
    if attesting - signatures.keys():
        yield "署名されたファイルに、署名のない人がいます。"
    if run.run_id and content.get("run_id", run.run_id) != run.run_id:
        yield "署名されたファイルが、別の実行のものです。"


def _check_prepared(
    content: Mapping[str, Any], signature: object, people: Mapping[str, Mapping[str, str]],
    run: SignedRun,
) -> Iterator[str]:  # fmt: skip
    """Check the signature of whoever prepared an act on serials, over this run's content."""
    (first,) = people.values()
    if set(content) != _ACT or content["purpose"] != "serials":
        yield "書かれている形が違います。"
    elif not is_signed(Officer(**first), content, signature):
        yield "通番の変更を用意した人の署名が合いません。"
    if any(content.get(name) != value for name, value in run._asdict().items()):
        yield "通番の変更が、別の実行のものです。"


def _check_change(change: Mapping[str, Any], run: SignedRun) -> Iterator[str]:
    """Check both signatures of an act on serials, and that they are two people's."""
    people = change["officers"]
    first, second = people[change["prepared_by"]], people[change["confirmed_by"]]
    own = {change["prepared_by"]: first}
    yield from _check_prepared(change["content"], change["prepared_signature"], own, run)
    told, signature = describe_confirmed(change), change["confirmed_signature"]
    if not is_signed(Officer(**second), told, signature):
        yield "通番の変更を実行した人の署名が合いません。"
    elif same := check_two_officers(Officer(**first), Officer(**second), run.demonstration):
        yield f"通番の変更を用意した人と実行した人が同じです（{same}）。"


def _check_people(signed: Mapping[str, Any], roles: Sequence[str], run: SignedRun) -> Iterator[str]:
    """Say where somebody of a signed file is missing, or two roles are one person."""
    if not signed or not signed["signatures"]:
        yield "署名されたファイルがありません。"
        return
    people = [signed["content"][role] for role in roles]
    if any(staff_id not in signed["signatures"] for staff_id in people):
        yield "署名されたファイルに、署名のない人がいます。"
    elif roles:
        first, second = (Officer(**signed["officers"][staff_id]) for staff_id in people)
        if same := check_two_officers(first, second, run.demonstration):
            yield f"署名した二人が同じ人です（{same}）。"


def _read_officers(told: Iterable[Sequence[str]]) -> dict[str, Officer]:
    officers = [Officer(*one) for one in told]
    return {officer.staff_id: officer for officer in officers}
