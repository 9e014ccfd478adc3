"""The count equation: every row, application, person and label is accounted for, per cohort."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from recruitlib.base.counts import ALL, ENDED, PRINTED, ROW_STEPS, STEP_BY_NAME, Count, index_counts
from recruitlib.review.recipients import Exclusions

_OUTCOMES = ("matched", "to_confirm", "outside", "undecided", "withdrawn")
# Who is left out for a measure, an application or a doubt.
EXCLUDED = ("protected", "opted_out", "withheld")
SUPPLIED_BEFORE = "supplied_before"
PEOPLE = (*EXCLUDED, SUPPLIED_BEFORE, "recipients")


def count_people(
    cohort: pd.DataFrame, exclusions: Exclusions, recipients: pd.DataFrame
) -> list[Count]:
    """Count each cohort's people by what became of them; who is both counts as protected.

    Who was supplied before is counted where somebody was, and that is in a top-up only.
    """
    counts = []
    for age in sorted(cohort["cohort"].unique()):
        ids = cohort.loc[cohort["cohort"] == age, "addressee_id"]
        for step, barred in exclusions._asdict().items():
            if step != SUPPLIED_BEFORE or barred:
                counts.append(Count(age, step, int(ids.isin(barred).sum())))
        counts.append(Count(age, "recipients", int((recipients["cohort"] == age).sum())))
    return counts


def check_balance(counts: Sequence[Count]) -> list[str]:
    """Say where the count equation does not hold, at each step that has been counted.

    Rows read = their ends + the cohorts; applications = their outcomes; cohort = protected +
    opted out + withheld + supplied before + recipients; labels = recipients; labels + reprints = handed
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
        compare(age, ["cohort"], PEOPLE)
        compare(age, ["recipients"], ["labels"])
        compare(age, PRINTED, ENDED)
    return problems


def list_people_steps(counts: Sequence[Count]) -> list[str]:
    """List the ends that the people of a cohort can have in a run, the recipients last."""
    counted = {count.step for count in counts}
    return [step for step in PEOPLE if step != SUPPLIED_BEFORE or step in counted]


def tabulate_people(counts: Sequence[Count]) -> pd.DataFrame:
    """Tabulate from cohort to recipients, one column per age."""
    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})
    rows = []
    for step in ("cohort", *list_people_steps(counts)):
        parts = PEOPLE if step == "cohort" else (step,)
        values = [sum(known.get((age, part), 0) for part in parts) for age in ages]
        rows.append((STEP_BY_NAME[step].label, *values, sum(values)))
    return pd.DataFrame(rows, columns=["段階", *(f"{age}歳" for age in ages), "計"])
