"""The confirmation of the hand-over as a file: delta confirmed, sheets counted, receipt signed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.counts import Count
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.officers import Officer
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.people_files import check_content, require_same_run
from recruitlib.base.signed_files import describe_signed, pick_said, require_two_signed


class Receipt(NamedTuple):
    """What two officers and the receiver confirm on handover day, and the officers' signatures."""

    demonstration: bool
    run_id: str
    delta_digest: str
    prepared_by: str
    confirmed_by: str
    handler: str
    spoiled_serials: list[int]
    handed_over_labels: int
    received_by: str
    received_on: str
    signed: Mapping[str, Any] = MappingProxyType({})


_ROLES = {"prepared_by": "準備した人", "confirmed_by": "確認した人"}
_KINDS = {
    "demonstration": bool, "run_id": str, "delta_digest": str, "prepared_by": str,
    "confirmed_by": str, "handler": str, "spoiled_serials": list, "handed_over_labels": int,
    "received_by": str, "received_on": str,
}  # fmt: skip


def read_receipt(
    path: Path, run_id: str, demonstration: bool, officers: Mapping[str, Officer]
) -> Receipt | None:
    """Read the confirmation of the hand-over; nothing while it is still to come.

    Raises:
        ParameterError: the file is not a confirmation, or one for another run.
        AwaitingPerson: one person both prepared and confirmed, or a signature is missing.
    """
    if not path.exists():
        return None
    content = read_yaml(path)
    said = pick_said(content)
    problems = check_content(said, _KINDS)
    if not problems and not all(type(serial) is int for serial in said["spoiled_serials"]):
        problems.append("spoiled_serials: 通番を一つずつ、整数で書いてください。")
    if not problems and not is_iso_date(said["received_on"]):
        problems.append("received_on: 日付は 2026-04-01 の形で書いてください。")
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    require_two_signed(path, content, officers, _ROLES)
    signed = describe_signed(content, officers, [content[name] for name in _ROLES])
    digest = "".join(said["delta_digest"].split()).lower()
    return Receipt(**{**said, "delta_digest": digest}, signed=signed)


def check_serials(labels: pd.DataFrame, void: pd.DataFrame, receipt: Receipt) -> list[str]:
    """Say where a serial does not end exactly once: handed over, void, or spoiled and destroyed.

    Returns:
        one Japanese sentence for each fault; labels = handed over + void + spoiled when empty.
    """
    serials, voided = set(labels["serial"]), set(void["serial"])
    spoiled = receipt.spoiled_serials
    problems = []
    if len(spoiled) != len(set(spoiled)) or set(spoiled) - serials:
        problems.append("汚損の通番に、重なりか、印刷していない通番があります。")
    if set(spoiled) & voided:
        problems.append("取消しと汚損の両方に数えた通番があります。")
    expected = len(serials - voided - set(spoiled))
    if receipt.handed_over_labels != expected:
        problems.append(
            f"提供したシール {receipt.handed_over_labels:,} 枚と、印刷−取消し−汚損 {expected:,} 枚が違います。"
            "シールを数え直してください。"
        )
    return problems


def count_labels(labels: pd.DataFrame, void: pd.DataFrame, receipt: Receipt) -> list[Count]:
    """Count each cohort's labels by what became of them."""
    counts = []
    for age, own in labels.groupby("cohort", sort=True):
        is_void = own["serial"].isin(void["serial"])
        is_spoiled = own["serial"].isin(receipt.spoiled_serials)
        ends: Mapping[str, Any] = {
            "reprints": 0,
            "top_ups": 0,
            "handed_over": (~is_void & ~is_spoiled).sum(),
            "voided": is_void.sum(),
            "spoiled": is_spoiled.sum(),
        }
        counts += [Count(str(age), step, int(count)) for step, count in ends.items()]
    return counts
