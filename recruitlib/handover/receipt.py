"""The confirmation of the hand-over as a file: delta confirmed, sheets counted, receipt signed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.officers import Officer
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.people_files import check_content, require_same_run
from recruitlib.base.serial_acts import HANDED_OVER
from recruitlib.base.signed_files import describe_signed, pick_said, require_two_signed
from recruitlib.handover.serials import check_ledger, hand_over, void_serials


class Receipt(NamedTuple):
    """What two officers and the receiver confirm on handover day, and the officers' signatures."""

    demonstration: bool
    run_id: str
    delta_digest: str
    prepared_by: str
    confirmed_by: str
    handler: str
    handed_over_labels: int
    received_by: str
    received_on: str
    signed: Mapping[str, Any] = MappingProxyType({})


_ROLES = {"prepared_by": "準備した人", "confirmed_by": "確認した人"}
_KINDS = {
    "demonstration": bool, "run_id": str, "delta_digest": str, "prepared_by": str,
    "confirmed_by": str, "handler": str, "handed_over_labels": int, "received_by": str,
    "received_on": str,
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
    if not problems and not is_iso_date(said["received_on"]):
        problems.append("received_on: 日付は 2026-04-01 の形で書いてください。")
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    require_two_signed(path, content, officers, _ROLES)
    signed = describe_signed(content, officers, [content[name] for name in _ROLES])
    digest = "".join(said["delta_digest"].split()).lower()
    return Receipt(**{**said, "delta_digest": digest}, signed=signed)


def check_serials(table: pd.DataFrame, void: pd.DataFrame, receipt: Receipt) -> list[str]:
    """Say where a serial does not end exactly once: handed over, void, or spoiled and destroyed.

    Args:
        table: the ledger before the hand-over.
        void: the live serials that are void today.
        receipt: says how many labels were handed over, as the officers have counted them.

    Returns:
        one Japanese sentence for each fault; empty when every serial printed, reprints among them,
        ends once and as many are handed over as are left.
    """
    ended = hand_over(void_serials(table, void["serial"]))
    problems = check_ledger(ended)
    if problems:
        problems.append(
            "通番の控えが壊れています。実行のフォルダを、最も新しいバックアップから戻してください。"
        )
    expected = int((ended["state"] == HANDED_OVER).sum())
    if receipt.handed_over_labels != expected:
        problems.append(
            f"提供したシール {receipt.handed_over_labels:,} 枚と、印刷＋再印刷−取消し−汚損 {expected:,} 枚が"
            "違います。シールを数え直してください。汚損したものは recruitlib spoil で記録します。"
        )
    return problems
