"""The flow of personal information (個人情報の流れ): who gives what to whom, in what form, how many.

It is the annex (資料) that the ward's document calls for, made from the counts of the run. What
could point at an excluded person is told as the published count report tells it: protected, opted
out and withheld are one number, and it is hidden where that report hides a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recruitlib.base.counts import ALL, Count, index_counts
from recruitlib.base.masking import HELD, SMALL, SMALLEST_SHOWN, mask_small
from recruitlib.base.scope import Scope
from recruitlib.review.balance import EXCLUDED, PEOPLE

APPLICANTS, FORM, REGISTRY, OFFICE, LABELS, DESTROYED = (
    "申出者（本人）", "電子申請サービス", "住民基本台帳の担当", "担当課", "宛名シール", "裁断・消去",
)  # fmt: skip
_UNTOLD = "載せない"


class Transfer(NamedTuple):
    """One step of the flow: from whom to whom, which items, in what form, how many."""

    giver: str
    taker: str
    items: str
    form: str
    told: str


class Totals(NamedTuple):
    """The counts of the run that the flow tells, over all ages; hidden ones as words."""

    rows_read: str
    cohort: str
    excluded: str
    recipients: str
    labels: str
    sheets: str
    handed_over: str
    missing: str


def sum_counts(counts: Sequence[Count]) -> Totals:
    """Sum the counts of a run over its ages, as far as they may be told.

    The count report hides what was excluded of an age when it is less than ten. A sum over the ages
    would tell it by subtraction, and so would the cohort beside the recipients: both are held back.

    Args:
        counts: of ``counts.csv`` when the labels have been handed over.
    """
    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})

    def add(*steps: str) -> int:
        return sum(known.get((age, step), 0) for age in ages for step in steps)

    barred = [sum(known.get((age, step), 0) for step in EXCLUDED) for age in ages]
    is_told = all(count >= SMALLEST_SHOWN for count in barred)
    return Totals(
        rows_read=f"{known.get((ALL, 'rows_read'), 0):,} 行",
        cohort=f"{add(*PEOPLE):,} 人" if is_told else HELD,
        excluded=f"{sum(barred):,} 人" if is_told else HELD,
        recipients=f"{add('recipients'):,} 人",
        labels=f"{add('labels', 'reprints'):,} 枚",
        sheets=f"{sum(known.get((one, 'sheets'), 0) for one in (ALL, *ages)):,} シート",
        handed_over=f"{add('handed_over'):,} 枚",
        missing=f"{add('voided', 'spoiled'):,} 枚",
    )


def list_transfers(scope: Scope, parameters: Mapping[str, Any], totals: Totals) -> list[Transfer]:
    """List the steps of the flow in the order in which they happen; the first has the number 1.

    Args:
        scope: the approved scope.
        parameters: those of the run.
        totals: of ``sum_counts``.
    """
    connected, provided = (
        "、".join(items) for items in (scope.connected_items, scope.provided_items)
    )
    if scope.postal_code_is_address:
        provided += "（郵便番号を含む）"
    online, on_paper = (_count_cases(parameters[name]) for name in ("form_total", "counter_total"))
    return [
        Transfer(APPLICANTS, FORM, connected, "電子申請（本人確認）", online),
        Transfer(FORM, OFFICE, connected, "外部結合のファイル", online),
        Transfer(APPLICANTS, OFFICE, connected, "申出書（窓口・郵送）", on_paper),
        Transfer(REGISTRY, OFFICE, "抽出に要る項目", "抽出したファイル", totals.rows_read),
        Transfer(REGISTRY, OFFICE, "番号、氏名、生年月日", "支援措置の一覧", _UNTOLD),
        Transfer(OFFICE, OFFICE, "除外される人を除く", "暗号化したファイル", totals.excluded),
        Transfer(OFFICE, LABELS, provided, "紙に印刷", totals.labels),
        Transfer(LABELS, scope.recipient, provided, scope.medium, totals.handed_over),
        Transfer(LABELS, DESTROYED, provided, "取消し・汚損を裁断", totals.missing),
        Transfer(OFFICE, DESTROYED, "実行と入力のファイル", "二人で消去", "すべて"),
        Transfer(FORM, OFFICE, "個人情報なし", "電子データ消去の報告", "報告書"),
        Transfer(scope.recipient, OFFICE, "個人情報なし", "利用後の消去の報告", "報告書"),
    ]  # fmt: skip


def _count_cases(count: int) -> str:
    told = mask_small(count)
    return told if told == SMALL else f"{told} 件"
