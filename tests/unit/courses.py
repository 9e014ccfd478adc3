"""The entries that the stages of a run write, appended to a chain by hand, for tests of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.guards import list_due
from recruitlib.base.officers import sign_content
from recruitlib.base.parameters import STAGES
from recruitlib.base.signatures import SignedRun, describe_approval
from recruitlib.base.signed_files import describe_signed
from tests.officers import OFFICERS, SECOND, STAFF, sign_as, sign_content_as

RUN = SignedRun("r8", demonstration=True)
ROLES = {"05": ("prepared_by", "confirmed_by"), "06": ("carried_out_by", "witnessed_by")}


def begin_entry(folder: Path, stage: str, **facts: Any) -> None:
    """Append the beginning of a stage."""
    append_entry(
        folder, stage, "begun", run_kind="demonstration", operator=STAFF,
        parameters={"run_id": RUN.run_id, "runs_folder": "runs"}, **facts,
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
        signature=signature, decided_by=[], decisions=[],
        officers=[list(OFFICERS[one]) for one in (STAFF, SECOND)],
    )  # fmt: skip


def describe_two(stage: str, first: str = STAFF, second: str = SECOND) -> dict[str, Any]:
    """Describe the signed file with which 05 or 06 completes."""
    content = {**dict(zip(ROLES[stage], (first, second), strict=True)), "run_id": RUN.run_id}
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
