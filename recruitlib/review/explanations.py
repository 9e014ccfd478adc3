"""Explanations: why an application ended as it did, and why a resident is printed or is not.

What is told names applications by their numbers and residents by nothing; it goes to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.decisions import DECISION_LABELS, REASONS
from recruitlib.base.errors import ParameterError
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import RunKey, read_private
from recruitlib.review.last_gate import find_pairs
from recruitlib.review.panels import CASE_REASONS

_OUTCOMES = {
    "matched": "除外する",
    "to_confirm": "先に除外し、担当者が確かめる",
    "outside": "対象者の中に該当者なし",
    "undecided": "人が決める",
    "withdrawn": "取下げ等（認められるまで除外のまま）",
    "rejected": "申出を認めない",
}
_EXCLUDED = {
    "protected": "支援措置により除外されています。",
    "opted_out": "申出により除外されています。",
    "withheld": "決まっていない申出の候補のため、印刷を見合わせています。",
}


class _Ends(NamedTuple):
    """How the applications ended by the matching, and after the decisions where 03 is done."""

    matches: pd.DataFrame
    settled: pd.DataFrame | None


def explain_all(folder: Path, key: RunKey) -> Iterator[str]:
    """Explain how every application ended."""
    ends = _read_ends(folder, key)
    for application_id in ends.matches.index:
        yield from _explain_end(ends, application_id)


def explain_application(folder: Path, key: RunKey, application_id: str) -> Iterator[str]:
    """Explain how an application ended: what agreed, who else was near, and what people decided.

    Raises:
        ParameterError: the run has no such application.
    """
    ends = _read_ends(folder, key)
    if application_id not in ends.matches.index:
        raise ParameterError(
            "この番号の申出は、この実行にありません。"
            "番号を省くと、すべての申出が番号とともに表示されます。"
        )
    yield from _explain_end(ends, application_id)


def _explain_end(ends: _Ends, application_id: str) -> Iterator[str]:
    match = ends.matches.loc[application_id]
    yield f"申出 {application_id}: {_OUTCOMES[match['outcome']]}（根拠 {match['tier']}）"
    yield f"  {match['told']}"
    reason = CASE_REASONS.get(match["reason"], "")
    if reason not in match["told"]:
        yield f"  理由: {reason}"
    if ends.settled is None:
        return
    settled = ends.settled.loc[application_id]
    if settled["outcome"] != match["outcome"]:
        told = DECISION_LABELS.get(settled["outcome"], _OUTCOMES.get(settled["outcome"], ""))
        why = REASONS.get(settled["reason"], "")
        yield f"  二人の決定: {told}（理由: {why}）"


def explain_resident(folder: Path, key: RunKey, addressee_id: str) -> Iterator[str]:
    """Explain why a person of the cohort is printed or is not, and which applications were near.

    Near are those that the matching or the last gate found to agree in two fields.

    Raises:
        ParameterError: the person is not of the cohort.
    """
    cohort = _read(folder, key, "cohort")
    if addressee_id not in set(cohort["addressee_id"]):
        raise ParameterError(
            "この宛名番号の人は、この実行の募集対象者（除外前）にいません。番号を台帳で確かめてください。"
        )
    if _is_reviewed(folder):
        excluded = _read(folder, key, "excluded")
        reasons = excluded.loc[excluded["addressee_id"] == addressee_id, "reason"].tolist()
        yield (
            _EXCLUDED[reasons[0]]
            if reasons
            else "提供対象者です（除外する申出も支援措置もありません）。"
        )
    else:
        yield "確認（03）がまだ終わっていないため、印刷するかは決まっていません。"
    near = _read(folder, key, "near")
    near = near[near["addressee_id"] == addressee_id]
    found = dict(zip(near["application_id"], near["evidence"], strict=True))
    own = cohort[cohort["addressee_id"] == addressee_id]
    for application_id in find_pairs(own, _read(folder, key, "applications"))["application_id"]:
        found.setdefault(application_id, "最後の関門でだけ、二つの項目が同じです")
    if not found:
        yield "二つ以上の項目が一致する申出は、ありません。"
        return
    ends = _read_ends(folder, key)
    for application_id, evidence in found.items():
        yield f"近い申出 {application_id}: {evidence}"
        yield from (f"  {line}" for line in _explain_end(ends, application_id))


def _read_ends(folder: Path, key: RunKey) -> _Ends:
    settled = _read(folder, key, "settled") if _is_reviewed(folder) else None
    return _Ends(
        _read(folder, key, "matches").set_index("application_id"),
        None if settled is None else settled.set_index("application_id"),
    )


def _read(folder: Path, key: RunKey, name: str) -> pd.DataFrame:
    return parse_table(read_private(folder, key, name, "03"))


def _is_reviewed(folder: Path) -> bool:
    return find_latest(read_entries(folder), "03", "completed") is not None
