"""Explanations: why an application ended as it did, and why a resident is printed or is not.

What is told names applications by their numbers and residents by nothing; it goes to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.choices import DECISION_LABELS, REASONS
from recruitlib.base.columns import mark_equal
from recruitlib.base.counts import STEP_BY_NAME
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import read_yaml
from recruitlib.base.profiles import read_profile
from recruitlib.base.run import RUN_NAME, find_today
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import RunKey, read_private
from recruitlib.optouts.exclusion import require_loaded
from recruitlib.registry.cohort import read_ranges
from recruitlib.registry.extract import read_extract
from recruitlib.review.casebook import CASE_REASONS
from recruitlib.review.last_gate import find_pairs

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
    "supplied_before": "この年度の別の実行ですでに提供したため、この追加の実行では除いています。",
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
            "この番号の申出は、この実行にありません。受付の区別（form: か counter:、前年度までの申出は"
            "standing:）を付け、先頭の 0 も略さずに書いてください（例 --application form:R8-0012、counter:0007）。"
            "--application を省くと、すべての申出が番号とともに表示されます。"
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


def explain_resident(root: Path, folder: Path, key: RunKey, addressee_id: str) -> Iterator[str]:
    """Explain why a person is printed or is not, and which applications were near.

    Near are those that the matching or the last gate found to agree in two fields. Of a person who
    is not of the cohort the end of the row in the extract is told.

    Raises:
        ParameterError: the extract has no such person.
        FormError, IntegrityError: the person is not of the cohort, and the extract is gone or changed.
    """
    cohort = _read(folder, key, "cohort")
    if addressee_id not in set(cohort["addressee_id"]):
        yield _explain_absence(root, folder, addressee_id)
        return
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


def _explain_absence(root: Path, folder: Path, addressee_id: str) -> str:
    """Explain by the extract of 01 why a resident is not of the cohort."""
    values = read_yaml(folder / RUN_NAME)["01"]
    extract = read_extract(
        root / values["registry_file"], read_profile(root / values["registry_profile"]),
        read_ranges(values), find_today(values, "01"),
        keep=lambda cells: mark_equal(cells["addressee_id"], addressee_id),
    )  # fmt: skip
    require_loaded(folder, extract.digest)
    own = extract.records[extract.records["addressee_id"] == addressee_id]
    if own.empty:
        raise ParameterError(
            "この宛名番号の人は、台帳の抽出の読めた行にいません。抽出のとおりに、先頭の 0 も略さずに"
            "書いてください（例 --resident 0000012345）。"
        )
    row = own.sort_values("is_latest").iloc[-1]
    return (
        f"募集対象者（除外前）ではないため、印刷されません。台帳の抽出の {row['source_row']} 行目: "
        f"{STEP_BY_NAME[row['end']].label}。"
    )


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
