"""Acts on serials (通番) between the print and the hand-over: who signs them, and what they leave.

A serial is live from its print until it ends exactly once: handed over, voided or spoiled. One
officer prepares an act, a second one executes it; both sign the same content. What stands in the
chain is enough to say the state of every serial, without any key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recruitlib.base.counts import ENDED
from recruitlib.base.errors import ParameterError
from recruitlib.base.officers import (
    Officer,
    Signer,
    is_signed,
    require_officer,
    require_two_officers,
    sign_content,
)
from recruitlib.base.signatures import SignedRun, describe_confirmed

# A serial ends in what the counts call it.
LIVE, (HANDED_OVER, VOIDED, SPOILED) = "live", ENDED
STATE_LABELS = {LIVE: "手元", HANDED_OVER: "提供", VOIDED: "取消し", SPOILED: "汚損・廃棄"}
ACTS = {"delta": "差引", "reprint": "再印刷", "spoil": "汚損・廃棄"}
REPRINT_REASONS = {
    "soiled": "汚損", "misprint": "印刷不良", "moved": "転居", "renamed": "氏名の変更", "lost": "紛失",
}  # fmt: skip
# What the chain says of them, all by one stage: prepared, executed, old PDFs made again.
HANDOVER, PROPOSED, CHANGED, BLANKED = "05", "serials_proposed", "serials_changed", "blanked"


def name_lot(number: int) -> str:
    """Name the lot of a reprint by its number in the run, such as ``reprint-001``."""
    return f"reprint-{number:03d}"


def name_serials(serials: Iterable[int]) -> str:
    """Name serials on a screen, in a record or on a paper, such as ``12、40-47``: every one of them.

    ``parse_serials`` reads them so. No serial has a thousands comma: 1,040 would be two serials.
    """
    ranges: list[list[int]] = []
    for serial in sorted(int(one) for one in serials):
        if ranges and serial == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], serial]
        else:
            ranges.append([serial])
    return "、".join("-".join(map(str, own)) for own in ranges)


def describe_act(
    act: str, serials: Sequence[int], reason: str, digest: str, run: SignedRun
) -> dict[str, Any]:
    """Describe an act on serials as both officers sign it.

    Args:
        act: one of ``ACTS``.
        serials: those that the act is about: voided by a delta, torn up, or to be printed again.
        reason: the code of a reprint's reason; "" for other acts.
        digest: keyed digest of all that the act rests on, so that it fits no other day or lot.
        run: which run it belongs to.
    """
    return {
        "purpose": "serials", **run._asdict(), "act": act, "serials": sorted(map(int, serials)),
        "reason": reason, "digest": digest,
    }  # fmt: skip


def sign_proposal(content: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """Sign an act as the officer who prepares it.

    Args:
        content: as ``describe_act`` gives it.
        signer: who prepares it.

    Returns:
        the facts of the entry ``serials_proposed``: content, signature and officer.
    """
    return {
        "content": dict(content),
        "signature": sign_content(signer, content),
        "officer": signer.officer._asdict(),
    }


def list_since_print(entries: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """List the entries behind the last completion of 04; none before it."""
    for place in range(len(entries) - 1, -1, -1):
        if (entries[place]["stage"], entries[place]["event"]) == ("04", "completed"):
            return entries[place + 1 :]
    return []


def list_changes(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """List the facts of the acts that were executed since the print, in their order."""
    return [entry["facts"] for entry in list_since_print(entries) if entry["event"] == CHANGED]


def find_proposal(entries: Sequence[Mapping[str, Any]], value: str) -> Mapping[str, Any] | None:
    """Find the prepared act that a value names.

    Each executed act ends all that was prepared before, and so do an earlier stage that is begun
    anew and the hand-over.

    Args:
        entries: the chain.
        value: the value as it was shown, four groups of four digits.

    Returns:
        the facts of the newest such ``serials_proposed``, or nothing.
    """
    wanted = "".join(value.split()).lower()
    for entry in reversed(list_since_print(entries)):
        began_anew = entry["event"] == "begun" and entry["stage"] < HANDOVER
        given_out = (entry["stage"], entry["event"]) == (HANDOVER, "completed")
        if entry["event"] == CHANGED or began_anew or given_out:
            break
        digest = entry["facts"]["content"]["digest"] if entry["event"] == PROPOSED else ""
        if len(wanted) >= 16 and digest.startswith(wanted):
            return dict(entry["facts"])
    return None


def find_prepared(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Find the act on serials that one officer has prepared and nobody has executed yet."""
    acts = [entry for entry in list_since_print(entries) if entry["event"] in (PROPOSED, CHANGED)]
    waits = acts and acts[-1]["event"] == PROPOSED
    return acts[-1]["facts"] if waits else None


def sign_confirmation(
    proposed: Mapping[str, Any], signer: Signer, officers: Mapping[str, Officer]
) -> dict[str, Any]:
    """Sign a prepared act as the officer who executes it.

    Args:
        proposed: the facts of ``serials_proposed``.
        signer: who executes it.
        officers: those of the office.

    Returns:
        ``change`` of the entry ``serials_changed``: content, both people, signatures and officers.

    Raises:
        AwaitingPerson: it is the person who prepared it.
        ParameterError: who prepared it is not listed, or has not signed this content.
    """
    content = proposed["content"]
    first = require_officer(officers, proposed["officer"]["staff_id"])
    if not is_signed(first, content, proposed["signature"]):
        raise ParameterError("用意した人の署名が合いません。もう一度、用意からやり直してください。")
    demonstration = bool(content["demonstration"])
    require_two_officers(first, signer.officer, demonstration, "実行する人と用意した人")
    change = {
        "content": dict(content), "prepared_by": first.staff_id,
        "prepared_signature": proposed["signature"], "confirmed_by": signer.officer.staff_id,
    }  # fmt: skip
    people = {one.staff_id: one._asdict() for one in (first, signer.officer)}
    signature = sign_content(signer, describe_confirmed(change))
    return {**change, "confirmed_signature": signature, "officers": people}
