"""Lots: how the recipients are ordered and divided into files, and every label numbered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from recruitlib.base.counts import ALL, Count
from recruitlib.labels.fitting import FittedLabel
from recruitlib.labels.sheets import Sheet, begin_at, find_place

LABEL_COLUMNS = ("serial", "bundle", "sheet", "position", "addressee_id", "cohort")


class Bundle(NamedTuple):
    """One print lot: its name, its people in print order, its fitted labels and its plain PDF.

    The sheet is the one on which it is printed, moved as the printer needs it.
    """

    name: str
    people: pd.DataFrame
    sheet: Sheet
    fitted: list[FittedLabel]
    pdf: bytes
    first_serial: int


def sort_recipients(recipients: pd.DataFrame, order: str) -> pd.DataFrame:
    """Sort the recipients for the print: by address as 03 left them, or as the registry lists them."""
    if order == "registry":
        return recipients.sort_values("source_row", kind="stable").reset_index(drop=True)
    return recipients


def split_bundles(
    recipients: pd.DataFrame, bundle_by: Sequence[str]
) -> list[tuple[str, pd.DataFrame]]:
    """Split recipients into bundles; by default one, since a bundle tells what a label does not."""
    if not bundle_by:
        return [(ALL, recipients)]
    return [
        (str(age), people.reset_index(drop=True))
        for age, people in recipients.groupby("cohort", sort=True)
    ]


def split_lots(
    bundles: Sequence[tuple[str, pd.DataFrame]], sheet: Sheet, limit: int
) -> list[tuple[str, pd.DataFrame, Sheet]]:
    """Divide each bundle into lots of at most so many sheets; a used sheet begins the first lot only.

    Args:
        bundles: names and people.
        sheet: the sheet on which the first lot begins.
        limit: the largest number of sheets of a lot; 0 for no limit.

    Returns:
        For each lot its name, its people and its sheet. Lots have their number after the bundle's
        name, such as ``all-002``.
    """
    lots = []
    for name, people in bundles:
        start = 0
        for number in itertools.count(1):
            room = limit * sheet.per_page - sheet.first_position + 1
            end = start + room if limit else len(people)
            part = people.iloc[start:end].reset_index(drop=True)
            lots.append((f"{name}-{number:03d}" if limit else name, part, sheet))
            sheet, start = begin_at(sheet, 1), end
            if end >= len(people):
                break
    return lots


def strip_lots(names: pd.Series) -> pd.Series:
    """Strip the lot's number: the name of the bundle that a lot is part of."""
    return names.str.replace(r"-\d+$", "", regex=True)


def number_labels(bundles: list[Bundle]) -> pd.DataFrame:
    """Number every label: serial, bundle, sheet and position, the person's id and cohort."""
    rows = []
    for bundle in bundles:
        for place, person in enumerate(bundle.people.to_dict("records")):
            rows.append(
                (bundle.first_serial + place, bundle.name, *find_place(bundle.sheet, place),
                 person["addressee_id"], person["cohort"])
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(LABEL_COLUMNS))


def count_printed(labels: pd.DataFrame) -> list[Count]:
    """Count labels by cohort, and sheets by cohort where a bundle holds one, else in all."""
    counts = [
        Count(str(age), "labels", len(own)) for age, own in labels.groupby("cohort", sort=True)
    ]
    for _, own in labels.groupby(strip_lots(labels["bundle"]), sort=True):
        ages = own["cohort"].unique()
        sheets = int(own.groupby("bundle")["sheet"].max().sum())
        counts.append(Count(str(ages[0]) if len(ages) == 1 else ALL, "sheets", sheets))
    return counts
