"""What an outcome is worth against the truth of an application.

A *silent* miss is an opted-out person of the cohort who is neither excluded nor before anybody; a
*wrong* exclusion takes out somebody who did not apply; a *review* is never an error, only work; a
*blind* review does not show the person whom it is about.
"""

from __future__ import annotations

import pandas as pd

COUNTS = ("n", "owed", "silent", "wrong", "review", "blind")


def score(applications: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Score outcomes per kind of damage.

    Args:
        applications: with the columns of the truth; ``true_person_id`` may be two, joined by |.
        outcomes: application_id, outcome, person_id, candidates; an application that has none or
            several is not ended, and counts as silent.

    Returns:
        one row per kind with the counts of `COUNTS`; owed are those that nobody could decide
        without asking.
    """
    ended = outcomes.drop_duplicates("application_id", keep=False)
    rows = applications.merge(ended, on="application_id", how="left").fillna("")
    owner = [set(filter(None, text.split("|"))) for text in rows["true_person_id"]]
    taken = [set(filter(None, text.split("|"))) for text in rows["person_id"]]
    shown = [set(text.split("|")) for text in rows["candidates"]]
    is_excluded, is_review = rows["outcome"] == "exclude", rows["outcome"] == "review"
    applied = rows["expected"].isin(["exclude", "review"])

    def compare(one: list[set[str]], other: list[set[str]]) -> pd.Series:
        return pd.Series(
            [bool(left) and left <= right for left, right in zip(one, other, strict=True)],
            rows.index,
        )

    unasked = ~is_review & ~(is_excluded & compare(owner, taken))
    return pd.DataFrame(
        {
            "corruption": rows["corruption"],
            "n": 1,
            "owed": rows["expected"] == "review",
            "silent": (applied & unasked) | (rows["outcome"] == ""),
            "wrong": is_excluded & (~applied | ~compare(taken, owner)),
            "review": is_review,
            "blind": is_review & applied & ~compare(owner, shown) & pd.Series(list(map(bool, owner)), rows.index),
        }
    ).groupby("corruption").sum()  # fmt: skip
