"""Lots: how the recipients are ordered and divided into files, and every label numbered."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from recruitlib.base.counts import ALL, Count
from recruitlib.base.secrecy import hide_values
from recruitlib.labels.fitting import FittedLabel
from recruitlib.labels.sheets import Sheet, begin_at, find_place
from recruitlib.optouts.towns import KANJI_DIGITS, read_kanji

LABEL_COLUMNS = ("serial", "bundle", "sheet", "position", "addressee_id", "cohort")

# A number with what only ties it to the next: ２番９号 and ２－９ are one place, written twice.
_NUMBER = re.compile(
    f"([0-9０-９]{{1,18}}|[{KANJI_DIGITS}十拾百]+(?=丁目?|番|号))"
    "[ \u3000]*(?:丁目?|番地?|号)?[ \u3000]*(?:[-‐‑–―−－ー，、]|の(?=[0-9０-９]))?[ \u3000]*"
)
_NUMBER_WIDTH = 18


@hide_values
class Bundle(NamedTuple):
    """One print lot: its name, its people in print order, its fitted labels and its plain PDF.

    The sheet is the one on which it is printed, moved as the printer needs it. ``empty`` holds the
    orders, from 0, of people whose cells stay empty because their labels have ended.
    """

    name: str
    people: pd.DataFrame
    sheet: Sheet
    fitted: list[FittedLabel]
    pdf: bytes
    first_serial: int
    empty: frozenset[int] = frozenset()

    @property
    def live(self) -> pd.DataFrame:
        """The people whose labels are printed."""
        kept = [order not in self.empty for order in range(len(self.people))]
        return self.people[kept] if self.empty else self.people


def sort_recipients(recipients: pd.DataFrame, order: str) -> pd.DataFrame:
    """Sort the recipients for the print, by address or as the registry lists them.

    By address is by postal code, town, the numbers of the lot and the building, numbers as
    numbers: 二丁目 before 十丁目, ２番９号 before １０番１号, room 201 before 1001. What is
    the same so far is sorted by how it is written and by id, so that the order does not depend on
    the one in which the rows come.

    Args:
        recipients: rows with unique ``addressee_id`` and ``source_row``.
        order: ``registry`` for that of the extract's rows, otherwise by address.

    Returns:
        the same rows, each once.
    """
    if order == "registry":
        return recipients.sort_values("source_row", kind="stable").reset_index(drop=True)
    columns = ("postal_code", "address", "building", "addressee_id")
    codes, address, building, ids = (recipients[name].tolist() for name in columns)
    digits = {code: unicodedata.normalize("NFKC", code).replace("-", "") for code in set(codes)}
    keys = list(
        zip(
            map(digits.__getitem__, codes), map(_pad_numbers, address), map(_pad_numbers, building),
            address, building, ids, strict=True,
        )
    )  # fmt: skip
    places = sorted(range(len(keys)), key=keys.__getitem__)
    return recipients.iloc[places].reset_index(drop=True)


def _pad_numbers(text: str) -> str:
    """Write every number of an address at one width, so that texts sort as their numbers do."""
    pieces = _NUMBER.split(text)
    pieces[1::2] = map(_pad_number, pieces[1::2])
    return "".join(pieces)


@lru_cache(maxsize=4096)
def _pad_number(number: str) -> str:
    value = int(number) if number.isdecimal() else read_kanji(number)
    return f"{value:0{_NUMBER_WIDTH}}" if value or number.isdecimal() else number


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
