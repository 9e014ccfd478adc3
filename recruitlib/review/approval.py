"""Approval (承認): the digest of exactly what a second person approves, and the approval as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from recruitlib.base.audit import digest_keyed, group_digest, read_entries, write_atomically
from recruitlib.base.counts import Count
from recruitlib.base.decisions import are_two_people, check_content, require_same_run
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.parameters import read_yaml
from recruitlib.base.tables import write_table

# What the second person approves besides the people: the request, and every choice of policy.
_APPROVED_PARAMETERS = (
    "run_id", "run_kind", "municipality_code", "fiscal_year", "request_number", "request_date",
    "cohort_ages", "cohort_birth_ranges", "registry_base_date", "optout_deadline",
    "optout_validity", "late_optout", "applicants", "undecided", "bundle_by",
    "bundle_request_quote",
)  # fmt: skip
# The groups of four that are read over the telephone.
SHORTEST_DIGEST = 16
_KINDS = {
    "demonstration": bool, "run_id": str, "approved_digest": str, "approved_by": str,
    "approved_role": str, "approved_on": str,
}  # fmt: skip


class Approval(NamedTuple):
    """A second person's approval of one digest."""

    digest: str
    approved_by: str
    approved_role: str
    approved_on: str


def digest_approval(
    parameters: Mapping[str, Any], counts: Sequence[Count], recipients: pd.DataFrame,
    settled: pd.DataFrame, key: bytes,
) -> str:  # fmt: skip
    """Digest what is approved: request, policies, counts, every recipient and every outcome.

    The content holds no path and no time, so that the same approval holds on another machine.

    Returns:
        the keyed digest, 64 hexadecimal digits.
    """
    head = {name: parameters[name] for name in _APPROVED_PARAMETERS}
    people = [list(count) for count in counts]
    parts = [
        json.dumps([head, people], ensure_ascii=False, sort_keys=True).encode(),
        write_table(recipients),
        write_table(settled),
    ]
    return digest_keyed(key, b"\0".join(parts))


def read_approval(path: Path, run_id: str, demonstration: bool) -> Approval | None:
    """Read an approval file; nothing when there is none yet.

    Raises:
        ParameterError: the file is not an approval, or one for another run or kind of run.
    """
    if not path.exists():
        return None
    content = read_yaml(path)
    problems = check_content(content, _KINDS)
    problems += [f"{name}: 書かれていません。" for name in _KINDS if content.get(name) == ""]
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    return Approval(
        "".join(content["approved_digest"].split()).lower(),
        content["approved_by"], content["approved_role"], content["approved_on"],
    )  # fmt: skip


def find_shown_digest(folder: Path) -> str:
    """Find the value that the last run of 03 has shown for approval, without its blanks.

    Raises:
        AwaitingPerson: there is none to be approved yet.
    """
    entries = read_entries(folder)
    begun = [
        entry["seq"] for entry in entries if entry["event"] == "begun" and entry["stage"] <= "03"
    ]
    asked = {
        entry["facts"]["guard"]: entry["facts"]
        for entry in entries[max(begun, default=0) :]
        if entry["event"] == "guard"
    }
    if "review.approved" in asked:
        return "".join(asked["review.approved"]["note"].removeprefix("承認の値 ").split())
    if asked.get("optouts.all_decided", {}).get("answer") == "no":
        raise AwaitingPerson(
            "決まっていない（または確かめていない）事例があり、まだ承認できません。recruitlib cases で見て、"
            "決めて確かめてから、03 をもう一度実行してください。"
        )
    raise AwaitingPerson(
        "03 が承認の値を表示するところまで進んでいません。03 を実行し、表示された値を確かめてから"
        "承認してください。"
    )


def check_approval(approval: Approval | None, digest: str, others: Sequence[str]) -> list[str]:
    """Say why the content is not approved.

    Args:
        digest: the digest of the content as it is now.
        others: who worked on the run or decided its cases; none of them may approve ("" for none).
    """
    if approval is None:
        return [
            f"承認がまだありません。第二の担当者が 03 の表を確かめ、recruitlib approve で承認の値 "
            f"{group_digest(digest)} を書いてください。"
        ]
    if len(approval.digest) < SHORTEST_DIGEST or not digest.startswith(approval.digest):
        return [
            f"承認の後に内容が変わりました。今の値は {group_digest(digest)} です。承認をやり直してください。"
        ]
    if not all(are_two_people(approval.approved_by, other) for other in others if other):
        return ["承認した人が、作業または決定をした人と同じです。別の人の承認が要ります。"]
    return []


def write_approval(path: Path, run_id: str, demonstration: bool, approval: Approval) -> None:
    """Write an approval file, whole or not at all.

    Raises:
        ParameterError: the digest is not the one that notebook 03 shows.
    """
    digest = "".join(approval.digest.split()).lower()
    if len(digest) < SHORTEST_DIGEST or set(digest) - set("0123456789abcdef"):
        raise ParameterError("承認の値は、03 に表示された16桁（4桁ずつ4組）を書いてください。")
    content = {
        "demonstration": demonstration,
        "run_id": run_id,
        "approved_digest": group_digest(digest),
        "approved_by": approval.approved_by,
        "approved_role": approval.approved_role,
        "approved_on": approval.approved_on,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(path, text.encode(), mode=0o644)
