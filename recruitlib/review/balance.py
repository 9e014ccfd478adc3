"""The count equation: every row, application, person and label is accounted for, per cohort."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from recruitlib.base.counts import ALL, ROW_STEPS, STEP_BY_NAME, Count, index_counts
from recruitlib.review.recipients import Exclusions

_OUTCOMES = ("matched", "to_confirm", "outside", "undecided", "withdrawn")
_PEOPLE = ("protected", "opted_out", "withheld", "recipients")
SMALLEST_SHOWN = 10


def count_people(
    cohort: pd.DataFrame, exclusions: Exclusions, recipients: pd.DataFrame
) -> list[Count]:
    """Count each cohort's people by what became of them; who is both counts as protected."""
    counts = []
    for age in sorted(cohort["cohort"].unique()):
        ids = cohort.loc[cohort["cohort"] == age, "addressee_id"]
        for step, barred in zip(_PEOPLE, exclusions, strict=False):
            counts.append(Count(age, step, int(ids.isin(barred).sum())))
        counts.append(Count(age, "recipients", int((recipients["cohort"] == age).sum())))
    return counts


def check_balance(counts: Sequence[Count]) -> list[str]:
    """Say where the count equation does not hold, at each step that has been counted.

    Rows read = their ends + the cohorts; applications = their outcomes; cohort = protected +
    opted out + withheld + recipients; labels = recipients; labels + reprints + top-ups = handed
    over + voided + spoiled.
    """
    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})
    # A step counted for one cohort is due for all: a cohort without a single label is a fault.
    counted = {count.step for count in counts}
    problems = []

    def compare(cohort: str, left: Sequence[str], right: Sequence[str], extra: int = 0) -> None:
        if not counted & set(right):
            return
        sums = [sum(known.get((cohort, step), 0) for step in steps) for steps in (left, right)]
        if sums[0] != sums[1] + extra:
            names = "＋".join(STEP_BY_NAME[step].label for step in left)
            who = "全体" if cohort == ALL else f"{cohort}歳"
            problems.append(
                f"{who}: {names} {sums[0]:,} と、その内訳の合計 {sums[1] + extra:,} が違います。"
            )

    compare(ALL, ["rows_read"], ROW_STEPS, sum(known.get((age, "cohort"), 0) for age in ages))
    compare(ALL, ["applications"], _OUTCOMES)
    for age in ages:
        compare(age, ["cohort"], _PEOPLE)
        compare(age, ["recipients"], ["labels"])
        compare(age, ["labels", "reprints", "top_ups"], ["handed_over", "voided", "spoiled"])
    return problems


def tabulate_people(counts: Sequence[Count]) -> pd.DataFrame:
    """Tabulate from cohort to recipients, one column per age."""
    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})
    rows = []
    for step in ("cohort", *_PEOPLE):
        parts = _PEOPLE if step == "cohort" else (step,)
        values = [sum(known.get((age, part), 0) for part in parts) for age in ages]
        rows.append((STEP_BY_NAME[step].label, *values, sum(values)))
    return pd.DataFrame(rows, columns=["段階", *(f"{age}歳" for age in ages), "計"])


def tabulate_towns(recipients: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Tabulate recipients by town, numbers under ten hidden.

    Args:
        prefix: prefecture and municipality, which every address begins with.
    """
    towns = recipients["address"].str.removeprefix(prefix).str.extract(r"^([^0-9０-９]+)")[0]
    found = towns.str.replace(r"[一二三四五六七八九十]+丁目$", "", regex=True).value_counts()
    shown = [(str(town), f"{count:,}") for town, count in found.items() if count >= SMALLEST_SHOWN]
    hidden = found[found < SMALLEST_SHOWN]
    if len(hidden):
        total = int(hidden.sum())
        text = f"{total:,}" if total >= SMALLEST_SHOWN else "10未満"
        shown.append((f"10人未満の町（{len(hidden)}町）", text))
    return pd.DataFrame(shown, columns=["町", "人数"])


def draw_waterfall(counts: Sequence[Count]) -> Figure:
    """Draw from the cohort to the labels, one panel per age."""
    import matplotlib_fontja  # noqa: F401  (registers the Japanese font)

    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})
    figure = Figure(figsize=(8, 2.3 * len(ages)), layout="constrained")
    panels = figure.subplots(len(ages), 1, squeeze=False)[:, 0]
    for panel, age in zip(panels, ages, strict=True):
        left = sum(known.get((age, step), 0) for step in _PEOPLE)
        bars = [("募集対象者", 0, left, "#4878a8")]
        for step in ("protected", "opted_out", "withheld"):
            taken = known.get((age, step), 0)
            left -= taken
            bars.append((STEP_BY_NAME[step].label, left, taken, "#c0392b"))
        bars.append(("提供対象者", 0, left, "#3b8a5a"))
        for place, (_, bottom, height, colour) in enumerate(bars):
            panel.barh(place, height, left=bottom, color=colour)
            panel.annotate(f"{height:,}", (bottom + height, place), xytext=(4, 0),
                           textcoords="offset points", va="center", fontsize=9)  # fmt: skip
        panel.set_yticks(range(len(bars)), [bar[0] for bar in bars])
        panel.invert_yaxis()
        panel.set_xlim(0, bars[0][2] * 1.12)
        panel.set_title(f"{age}歳: 募集対象者から提供対象者まで（人）", fontsize=10)
    return figure
