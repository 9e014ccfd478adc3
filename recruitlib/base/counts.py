"""The counts of a run: ``counts.csv`` with one row per cohort and step, grown stage by stage."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

COUNTS_NAME = "counts.csv"
ALL = "all"


class Step(NamedTuple):
    """One place where a row, a person, an application or a label can be."""

    name: str
    stage: str
    label: str


STEPS = (
    Step("rows_read", "01", "読んだ行"),
    Step("superseded", "01", "過去の履歴の行"),
    Step("deleted", "01", "削除された行"),
    Step("dead", "01", "死亡"),
    Step("moved_out", "01", "転出"),
    Step("outsider", "01", "住登外"),
    Step("removed", "01", "除票・その他の消除"),
    Step("leaving", "01", "転出予定日を過ぎた人"),
    Step("foreign", "01", "外国籍"),
    Step("unreadable", "01", "読めない行（二人が決めて除いた）"),
    Step("birth_unsure", "01", "生年月日が確かでない人（二人が決めて除いた）"),
    Step("out_of_range", "01", "生年月日が範囲外"),
    Step("cohort", "01", "募集対象者（除外前）"),
    Step("applications", "02", "受け付けた申出"),
    Step("matched", "02", "一致"),
    Step("to_confirm", "02", "要確認"),
    Step("outside", "02", "対象外"),
    Step("undecided", "02", "未決"),
    Step("withdrawn", "02", "取下げ"),
    Step("protected", "03", "支援措置により除外"),
    Step("opted_out", "03", "申出により除外"),
    Step("withheld", "03", "未決のため保留"),
    # Counted in a top-up run only.
    Step("supplied_before", "03", "すでに提供した人"),
    Step("recipients", "03", "提供対象者"),
    Step("labels", "04", "宛名シール"),
    Step("sheets", "04", "用紙の枚数"),
    Step("reprints", "05", "再印刷"),
    Step("handed_over", "05", "提供したシール"),
    Step("voided", "05", "取り消したシール"),
    Step("spoiled", "05", "汚損したシール"),
)
# Where a row of the extract can end that is not of a cohort.
ROW_STEPS = tuple(
    step.name for step in STEPS if step.stage == "01" and step.name not in ("rows_read", "cohort")
)
# Where labels come from, and where every one of them ends.
PRINTED, ENDED = ("labels", "reprints"), ("handed_over", "voided", "spoiled")
STEP_BY_NAME = {step.name: step for step in STEPS}


class Count(NamedTuple):
    """One row of ``counts.csv``: cohort is an age as text, or ``all`` for what has no age."""

    cohort: str
    step: str
    count: int  # type: ignore[assignment]  # the column's name in counts.csv; tuple.count is not used


def read_counts(folder: Path) -> list[Count]:
    """Read the counts of a run; empty when there are none yet."""
    path = folder / COUNTS_NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Count(row["cohort"], row["step"], int(row["count"])) for row in csv.DictReader(file)
        ]


def merge_counts(counts: Iterable[Count], new: Iterable[Count], stage: str) -> list[Count]:
    """Put a stage's new counts in place of its own and all later ones, in the order of the steps."""
    kept = [count for count in counts if STEP_BY_NAME[count.step].stage < stage]
    order = {step.name: place for place, step in enumerate(STEPS)}
    return sorted(
        [*kept, *new], key=lambda count: (order[count.step], count.cohort != ALL, count.cohort)
    )


def gather_counts(entries: Iterable[Mapping[str, Any]]) -> list[Count]:
    """Gather the counts that the completions in a run's chain say, as they stand in the end."""
    counts: list[Count] = []
    for entry in entries:
        if entry["event"] == "completed":
            own = [Count(*count) for count in entry["facts"]["counts"]]
            counts = merge_counts(counts, own, entry["stage"])
    return counts


def write_counts(counts: Iterable[Count]) -> bytes:
    """Write counts as the bytes of ``counts.csv``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Count._fields)
    writer.writerows(counts)
    return text.getvalue().encode()


def index_counts(counts: Iterable[Count]) -> Mapping[tuple[str, str], int]:
    """Index counts by cohort and step."""
    return {(count.cohort, count.step): count.count for count in counts}
