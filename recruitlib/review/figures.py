"""Figures that 03 keeps for the review of the next year: counts only, small ones hidden.

``review_counts.csv`` holds what neither ``counts.csv`` nor the count report says: applications by
channel and outcome, and the people of each cohort by birth month.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import pandas as pd

from recruitlib.base.masking import Cell, mask_counts, read_cell
from recruitlib.optouts.applications import STANDING
from recruitlib.optouts.register import WORDS
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import count_months

FIGURES_CSV = "review_counts.csv"
CHANNEL, BIRTH_MONTH = "channel", "birth_month"
OUTCOMES = ("matched", "to_confirm", "outside", "rejected", "undecided", "withdrawn")
# By figure, row and column: a channel and an outcome, or a month and an age.
Figures = dict[tuple[str, str, str], Cell]
_HEADS = ("figure", "row", "column", "count")


def count_channels(applications: pd.DataFrame, settled: pd.DataFrame) -> Figures:
    """Count the applications by channel and by how they ended after the decisions.

    These are counts of papers and not of people of a place. Notebook 02 tells them by channel
    already, so that a small one is not hidden here. What earlier years have carried here is no
    channel's, and stands apart where there is any.
    """
    outcomes = settled.set_index("application_id")["outcome"]
    channels = applications["channel"].where(
        applications["channel"].isin(WORDS["channel"]), "other"
    )
    is_carried = applications["source"] == STANDING
    channels = channels.mask(is_carried, STANDING)
    names = [*WORDS["channel"], *([STANDING] if is_carried.any() else [])]
    ended = applications["application_id"].map(outcomes)
    found = pd.DataFrame({"row": channels, "column": ended}).value_counts()
    return {
        (CHANNEL, channel, outcome): int(found.get((channel, outcome), 0))
        for channel in names for outcome in OUTCOMES
    }  # fmt: skip


def count_births(cohort: pd.DataFrame, ranges: Sequence[BirthRange]) -> Figures:
    """Count the people of each cohort by birth month, hidden as in the picture of notebook 01.

    A month is named by the calendar month that its first day lies in.
    """
    figures: Figures = {}
    for wanted in ranges:
        births = cohort.loc[cohort["cohort"] == str(wanted.age), "birth_date"]
        cells = mask_counts(count_months(births, wanted.born_from))
        for place, cell in enumerate(cells):
            month = (wanted.born_from.month - 1 + place) % 12 + 1
            figures[BIRTH_MONTH, str(month), str(wanted.age)] = cell
    return figures


def write_figures(figures: Mapping[tuple[str, str, str], Cell]) -> bytes:
    """Write figures as the bytes of ``review_counts.csv``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADS)
    writer.writerows((*key, cell) for key, cell in figures.items())
    return text.getvalue().encode()


def read_figures(text: str) -> Figures:
    """Read figures as ``write_figures`` wrote them.

    Raises:
        ValueError: a cell is neither a number nor a mark of what is hidden.
        KeyError: a column is missing.
    """
    return {
        (row["figure"], row["row"], row["column"]): read_cell(row["count"])
        for row in csv.DictReader(io.StringIO(text))
    }
