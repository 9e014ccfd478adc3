"""Plausibility: what is possible but unlikely, and asks a person to look twice.

A warning is no guard: it stops nothing, and no guard relies on it. The second officer ticks it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from recruitlib.base.counts import ALL, Count, index_counts
from recruitlib.base.masking import SMALLEST_SHOWN
from recruitlib.review.approval import Tick
from recruitlib.review.previous import History

_TIMES = 100
_LARGEST_CHANGE = 0.2


def list_empty_towns(towns: pd.DataFrame, history: History) -> tuple[list[str], list[str]]:
    """List the towns where nobody is supplied though ten or more live there, or were supplied before.

    Args:
        towns: of ``count_towns``.
        history: whose latest run may have shown a town.

    Returns:
        those of today's registry, and those of the latest run that are none of these.
    """
    sums = towns.groupby("town", sort=False)[["residents", "given"]].sum()
    empty = sums.index[(sums["given"] == 0) & (sums["residents"] >= SMALLEST_SHOWN)].tolist()
    before = history.runs[-1].towns if history.runs else frozenset()
    supplied = set(sums.index[sums["given"] > 0])
    return empty, sorted(before - supplied - set(empty))


def warn_attested(attested_by: str) -> Tick:
    """Warn that somebody's word stands for the list of protected people.

    Args:
        attested_by: who attested, as the parameters state it.
    """
    return Tick(
        "warning_protections_attested",
        f"支援措置対象者の一覧がないか空で、「{attested_by}」の証明で進めます。対象者がいないこと、または"
        "抽出元で除外済みであることを、登録係の書面で確かめた",
    )


def list_warnings(counts: Sequence[Count], towns: pd.DataFrame, history: History) -> list[Tick]:
    """List what is unlikely about the counts of a run.

    Args:
        counts: of this run, those of 01 and 02 with them.
        towns: of ``count_towns``.
        history: the earlier runs.
    """
    now = index_counts(counts)
    before = index_counts(history.runs[-1].counts) if history.runs else {}
    warned = []
    if (ALL, "applications") in before:
        old, new = before[ALL, "applications"], now.get((ALL, "applications"), 0)
        if new >= _TIMES * max(old, 1) or (old and old >= _TIMES * new):
            warned.append(Tick(
                "warning_applications",
                f"受け付けた申出が、前回 {old:,} 件、今回 {new:,} 件です（100倍以上、または100分の1以下）。"
                "申出のファイルが今回の年度のもので、欠けや重なりがないことを確かめた",
            ))  # fmt: skip
    for (age, step), old in sorted(before.items()):
        new = now.get((age, step), 0)
        if step == "cohort" and (age, step) in now and abs(new - old) > _LARGEST_CHANGE * old:
            warned.append(Tick(
                f"warning_cohort_{age}",
                f"{age}歳の募集対象者が、前回 {old:,} 人、今回 {new:,} 人です（20%を超える増減）。"
                "抽出の条件が前回と同じことを確かめた",
            ))  # fmt: skip
    empty, vanished = list_empty_towns(towns, history)
    if empty:
        warned.append(Tick(
            "warning_towns_empty",
            f"募集対象者が10人以上いるのに、提供対象者が一人もいない町があります: {'、'.join(empty)}。"
            "除外が正しいことを確かめた",
        ))  # fmt: skip
    if vanished:
        warned.append(Tick(
            "warning_towns_vanished",
            f"前回は提供対象者が10人以上いたのに、今回は一人もいない町があります: {'、'.join(vanished)}。"
            "抽出から抜けていないことを確かめた",
        ))  # fmt: skip
    return warned
