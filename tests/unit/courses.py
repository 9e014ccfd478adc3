"""The entries that the stages of a run write, appended to a chain by hand, for tests of the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.guards import list_due
from recruitlib.base.officers import sign_content
from recruitlib.base.parameters import STAGES
from recruitlib.base.run import list_completed
from recruitlib.base.serial_acts import describe_act, sign_confirmation, sign_proposal
from recruitlib.base.signatures import SignedRun, describe_approval
from recruitlib.base.signed_files import describe_signed
from tests.officers import OFFICERS, SECOND, STAFF, sign_as, sign_content_as

RUN = SignedRun("r8", demonstration=True)
ROLES = {"05": ("prepared_by", "confirmed_by"), "06": ("carried_out_by", "witnessed_by")}


def begin_entry(folder: Path, stage: str, **facts: Any) -> None:
    """Append the beginning of a stage."""
    append_entry(
        folder, stage, "begun", run_kind="demonstration", operator=STAFF,
        business_date="", parameters={
            "run_id": RUN.run_id, "runs_folder": "runs", "prefecture": "東京都",
            "municipality": "新宿区", "fiscal_year": 2026,
        }, **facts,
    )  # fmt: skip


def answer_guards(folder: Path, stage: str, **answers: str) -> None:
    """Append a yes of every guard that is due, or another answer."""
    for name in list_due(stage):
        answer = answers.get(name.replace(".", "_"), "yes")
        append_entry(folder, stage, "guard", guard=name, answer=answer, note="", problems=[])


def approve_entry(folder: Path) -> None:
    """Append the approval of a second officer, without any decision."""
    approval = {
        "digest": "1" * 64, "parts": {}, "ticked": {}, "approved_by": SECOND,
        "approved_on": "2026-05-19",
    }  # fmt: skip
    signature = sign_content(sign_as(SECOND), describe_approval(approval, RUN))
    append_entry(folder, "03", "approval_asked", digest="1" * 64, parts={})
    append_entry(
        folder, "03", "approved", digest="1" * 64, ticked={}, by=SECOND, on="2026-05-19",
        signature=signature, decided_by=[], confirmed_by=[], decisions=[],
        officers=[list(OFFICERS[one]) for one in (STAFF, SECOND)],
    )  # fmt: skip


def describe_two(stage: str, first: str = STAFF, second: str = SECOND) -> dict[str, Any]:
    """Describe the signed file with which 05 or 06 completes."""
    people = zip(ROLES[stage], (first, second), strict=True)
    content: dict[str, object] = {**dict(people), "run_id": RUN.run_id}
    return describe_signed(sign_content_as(content, first, second), OFFICERS, [first, second])


def complete_entry(folder: Path, stage: str, **facts: Any) -> None:
    """Append the completion of a stage."""
    signed = {"signed": describe_two(stage)} if stage in ROLES else {}
    append_entry(folder, stage, "completed", **{"files": {}, "counts": [], **signed, **facts})


def go_through(folder: Path, last: str) -> None:
    """Append what all stages write that have not begun yet, up to the last one named."""
    begun = {entry["stage"] for entry in read_entries(folder) if entry["event"] == "begun"}
    for stage in STAGES[: STAGES.index(last) + 1]:
        if stage not in begun:
            begin_entry(folder, stage)
        answer_guards(folder, stage)
        if stage == "03":
            approve_entry(folder)
        complete_entry(folder, stage)


def print_entries(folder: Path, labels: int) -> None:
    """Append what the stages write up to a print of so many labels."""
    if "03" not in list_completed(read_entries(folder)):
        go_through(folder, "03")
    begin_entry(folder, "04")
    answer_guards(folder, "04")
    complete_entry(folder, "04", counts=[["18", "labels", labels], ["18", "sheets", 1]])


def propose_entry(
    folder: Path, act: str, serials: Sequence[int], reason: str = "", first: str = STAFF
) -> dict[str, Any]:
    """Append a prepared act on serials."""
    digest = digest_bytes(str(len(read_entries(folder))).encode())
    facts = sign_proposal(describe_act(act, serials, reason, digest, RUN), sign_as(first))
    append_entry(folder, "05", "serials_proposed", **facts)
    return facts


def describe_executed(
    act: str, serials: Sequence[int], pairs: Sequence[Sequence[int]], proposed: dict[str, Any]
) -> dict[str, Any]:
    """Describe an act as the second officer executes it: every serial named was live before."""
    return {
        "act": act, "voided": [] if act == "spoil" else list(serials),
        "spoiled": list(serials) if act == "spoil" else [],
        "reprinted": [list(pair) for pair in pairs], "lot": "reprint-001" if pairs else "",
        "reason": proposed["content"]["reason"], "digest": proposed["content"]["digest"],
        "files": {}, "change": sign_confirmation(proposed, sign_as(SECOND), OFFICERS),
    }  # fmt: skip


def act_entries(
    folder: Path,
    kind: str,
    serials: Sequence[int],
    pairs: Sequence[Sequence[int]] = (),
    **facts: Any,
) -> None:
    """Append an act on serials that are live, prepared by one officer and executed by another."""
    proposed = propose_entry(folder, kind, serials, "soiled" if kind == "reprint" else "")
    executed = describe_executed(kind, serials, pairs, proposed)
    append_entry(folder, "05", "serials_changed", **{**executed, **facts})


def hand_over_entries(folder: Path, ended: Sequence[int], **counts: int) -> None:
    """Append a hand-over of a run of one cohort that ends these serials by itself."""
    begin_entry(folder, "05")
    answer_guards(folder, "05")
    blank = counts["voided"] + counts["spoiled"]
    append_entry(folder, "05", "blanked", files={}, blank=blank)
    rows = [["18", step, count] for step, count in counts.items()]
    complete_entry(folder, "05", counts=rows, voided=list(ended))
