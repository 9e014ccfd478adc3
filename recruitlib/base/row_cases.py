"""Rows of files that two people must decide (事例 of 01 and 02), and what they decided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from recruitlib.base.audit import digest_keyed
from recruitlib.base.choices import DECISION_LABELS, KIND_LABELS
from recruitlib.base.decisions import (
    Decisions,
    check_choice,
    check_decision,
    check_entry,
    name_choice,
)

SOURCE_NAMES = {
    "registry": "抽出",
    "protections": "支援措置の一覧",
    "form": "電子申請",
    "counter": "窓口・郵送",
    "register": "受付簿",
}
ROW_CASE_COLUMNS = ("case", "kind", "source", "source_row", "reason", "choices", "digest")


def list_row_cases(rows: list[tuple[str, str, int, str, int, Any]], key: bytes) -> pd.DataFrame:
    """List rows of files that two people must decide, numbered in a fixed order.

    Args:
        rows: kind, source, row of the file, reason, number of candidates, and the content that is
            decided about (digested with the key and not kept).
        key: the run's key of keyed digests.

    Returns:
        one row per case.
    """
    numbered = []
    alike: Counter[str] = Counter()
    for number, (kind, source, row, reason, choices, content) in enumerate(rows, start=1):
        material = json.dumps([kind, source, reason, content], ensure_ascii=False, sort_keys=True)
        # Two rows that say the same are two cases: one decision does not hold for both.
        alike[material] += 1
        digest = digest_keyed(key, f"{alike[material]} {material}".encode())
        numbered.append((number, kind, source, row, reason, choices, digest))
    return pd.DataFrame(numbered, columns=list(ROW_CASE_COLUMNS)).astype(
        {"case": "int64", "source_row": "int64", "choices": "int64"}
    )


def settle_row_cases(cases: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """Set the decisions beside the cases.

    Returns:
        the cases with the columns ``problem`` ("" where decided), ``decision`` and ``candidate``
        (0 where none).
    """
    settled = []
    for case in cases.to_dict("records"):
        decision = decisions.cases.get(case["case"])
        problem = check_decision(case, decisions)
        if decision and problem and not check_choice(case, decision):
            problem = f"{problem}（決定: {name_choice(decision)}）"
        chosen = {} if problem or decision is None else decision
        settled.append((problem, chosen.get("decision", ""), int(chosen.get("candidate", 0))))
    told = pd.DataFrame(settled, columns=["problem", "decision", "candidate"], index=cases.index)
    return pd.concat([cases, told], axis=1).astype({"candidate": "int64"})


def tabulate_row_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the cases of a stage and where each stands, without anything of a person."""
    return pd.DataFrame(
        [
            (case["case"], KIND_LABELS[case["kind"]], name_place(case), case["reason"],
             case["problem"] or DECISION_LABELS[case["decision"]])
            for case in cases.to_dict("records")
        ],
        columns=["事例", "種類", "ファイルと行", "理由", "状態"],
    )  # fmt: skip


def name_place(case: Mapping[str, Any]) -> str:
    """Name the file and the row of a case; what the register has lost has a number in it."""
    unit = "番" if case["kind"] == "missing" else "行目"
    return f"{SOURCE_NAMES[case['source']]}の{abs(case['source_row'])}{unit}"


def list_decided(cases: pd.DataFrame, decisions: Decisions) -> dict[int, Mapping[str, Any]]:
    """List what two people decided of rows on another day, when they had other case numbers.

    Returns:
        source row to the decision of exactly this content.
    """
    decided = {}
    for case in cases.to_dict("records"):
        meant = [
            own for own in decisions.cases.values()
            if str(own.get("digest", "")).replace(" ", "") == case["digest"][:16]
        ]  # fmt: skip
        # Two decisions of one content contradict each other or are one left over: neither counts.
        if len(meant) == 1 and not check_entry(case, meant[0], decisions):
            decided[case["source_row"]] = meant[0]
    return decided


def tell_open_cases(cases: pd.DataFrame, stage: str) -> list[str]:
    """Say which cases of a stage are not decided, by file, row and reason, and what to do."""
    problems = [
        f"事例{case['case']}（{KIND_LABELS[case['kind']]}、{name_place(case)}、{case['reason']}）: "
        f"{case['problem']}。"
        for case in cases[cases["problem"] != ""].to_dict("records")
    ]
    if problems:
        problems.append(
            f"元のファイルを直すか、recruitlib cases --stage {stage} で見て、recruitlib decide で決め、"
            f"別の人が recruitlib confirm で確かめ（どれも --stage {stage} を付けて）、"
            f"{stage} をもう一度実行してください。"
        )
    return problems
