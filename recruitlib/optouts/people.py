"""Residents who may be meant by an application, found by every key that two of them can share.

The cohort is compared as a whole, up to one letter's difference, so that nobody of it can be
missed by a choice of keys. Of everybody else those stay whose name, reading or birth date some
application gives: they are the ones who can show that somebody of the cohort is not meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recruitlib.base.names import (
    GETA,
    fold_broad,
    fold_exact,
    fold_kana,
    fold_kana_loosely,
    fold_name,
    mask_private,
)
from recruitlib.base.romaji import romanize_kana
from recruitlib.base.secrecy import hide_values
from recruitlib.optouts.gazetteer import Gazetteer
from recruitlib.optouts.places import LEAST_ROOM, Place, locate

PEOPLE_COLUMNS = (
    "addressee_id", "household_id", "full_name", "full_name_kana", "birth_date", "address",
    "building",
)  # fmt: skip
K = TypeVar("K")
LotKey = tuple[str, int, tuple[int, ...]]
_BLANKS = "　 \u00a0"
_BETWEEN, _APART = "\u241e", "\u241f"


@hide_values
class Person(NamedTuple):
    """What is compared of one resident; ``parts`` and ``kana_parts`` are folded one by one."""

    addressee_id: str
    household_id: str
    exact: str
    folded: str
    parts: tuple[str, ...]
    broad: str
    kana: str
    kana_parts: tuple[str, ...]
    romaji: str
    birth: date | None
    place: Place
    building: str
    in_cohort: bool
    is_masked: bool


@hide_values
class Wanted(NamedTuple):
    """The keys that applications give; a resident who shares one of them is looked at."""

    names: frozenset[str]
    readings: frozenset[str]
    romaji: frozenset[str]
    births: frozenset[str]

    def mark(self, cells: pa.Table) -> npt.NDArray[np.bool_]:
        """Mark the rows that share a key.

        Args:
            cells: columns ``full_name``, ``full_name_kana`` and ``birth_date`` (ISO text).
        """
        readings = cells["full_name_kana"].to_pylist()
        return np.asarray(
            [
                birth in self.births
                or name in self.names
                or GETA in name
                or bool(kana)
                and (
                    reading in self.readings or bool(self.romaji) and _romanize(kana) in self.romaji
                )
                for birth, name, kana, reading in zip(
                    cells["birth_date"].to_pylist(),
                    _fold_all(cells["full_name"].to_pylist(), _fold_name),
                    readings,
                    _fold_all(readings, fold_kana),
                    strict=True,
                )
            ],
            dtype=bool,
        )


@hide_values
class People(NamedTuple):
    """The residents looked at, and where each key finds them (places in ``persons``).

    ``family_readings`` are the readings that the registry knows of each family name.
    """

    persons: list[Person]
    by_name: dict[str, list[int]]
    by_reading: dict[str, list[int]]
    by_romaji: dict[str, list[int]]
    by_birth: dict[date, list[int]]
    by_lot: dict[LotKey, list[int]]
    by_household: dict[str, list[int]]
    near_names: dict[str, list[int]]
    near_readings: dict[str, list[int]]
    masked: list[int]
    family_readings: dict[str, set[str]]


def _fold_name(text: str) -> str:
    return mask_private(fold_name(text))


_fold_part = lru_cache(maxsize=400_000)(_fold_name)
_fold_kana_part = lru_cache(maxsize=400_000)(fold_kana)


def _fold_all(texts: list[str], fold: Callable[[str], str]) -> list[str]:
    """Fold many names at once, each part by itself, with signs between them that no key loses."""
    joined = _BETWEEN.join(texts)
    for blank in _BLANKS:
        joined = joined.replace(blank, _APART)
    keys = fold(joined).replace(_APART, "").split(_BETWEEN)
    return keys if len(keys) == len(texts) else ["".join(map(fold, _split(text))) for text in texts]


@lru_cache(maxsize=400_000)
def _romanize_part(text: str) -> str:
    return romanize_kana(text)


def _split(text: str) -> list[str]:
    for blank in _BLANKS[1:]:
        if blank in text:
            text = text.replace(blank, "　")
    return text.split("　")


def _romanize(text: str) -> str:
    return "".join(map(_romanize_part, _split(text)))


def build_people(
    records: pd.DataFrame, cohort_ids: Collection[str], gazetteer: Gazetteer
) -> People:
    """Build the residents and the keys that find them.

    Args:
        records: the latest row of each resident who is looked at (``PEOPLE_COLUMNS``); people who
            left stay in the comparison.
        cohort_ids: ids of the cohort.
        gazetteer: the places of the municipality.

    Returns:
        one person per row, in the order of their ids.
    """
    wanted = set(cohort_ids)
    ordered = records[list(PEOPLE_COLUMNS)].sort_values("addressee_id", kind="stable")
    return index_people(
        _make_person(row, row["addressee_id"] in wanted, gazetteer)
        for row in ordered.to_dict("records")
    )


def _make_person(row: dict[str, str], in_cohort: bool, gazetteer: Gazetteer) -> Person:
    name, kana, birth = row["full_name"], row["full_name_kana"], row["birth_date"]
    parts = tuple(part for part in map(_fold_part, _split(name)) if part)
    kana_parts = tuple(part for part in map(_fold_kana_part, _split(kana)) if part)
    folded = "".join(parts)
    return Person(
        addressee_id=row["addressee_id"],
        household_id=row["household_id"],
        exact=fold_exact(name),
        folded=folded,
        parts=parts,
        broad=fold_broad(name),
        kana="".join(kana_parts),
        kana_parts=kana_parts,
        romaji=_romanize(kana),
        birth=date.fromisoformat(birth) if birth else None,
        place=locate(row["address"], row["building"], gazetteer),
        building=fold_exact(row["building"]),
        in_cohort=in_cohort,
        is_masked=GETA in folded,
    )


def index_people(persons: Iterable[Person]) -> People:
    """Put the residents where each of their keys finds them."""
    listed = list(persons)
    found = People(listed, {}, {}, {}, {}, {}, {}, {}, {}, [], {})
    for at, person in enumerate(listed):
        _put(found.by_name, person.folded, at)
        _put(found.by_reading, person.kana, at)
        _put(found.by_romaji, person.romaji, at)
        if person.birth:
            _put(found.by_birth, person.birth, at)
        for lot in list_lots(person.place):
            _put(found.by_lot, lot, at)
        if person.is_masked:
            found.masked.append(at)
        if len(person.parts) > 1 and len(person.kana_parts) > 1:
            found.family_readings.setdefault(person.parts[0], set()).add(person.kana_parts[0])
        if person.in_cohort:
            _put(found.by_household, person.household_id, at)
            for key in shorten(person.broad):
                _put(found.near_names, key, at)
            for key in shorten(fold_kana_loosely(person.kana)):
                _put(found.near_readings, key, at)
    return found


def _put(index: dict[K, list[int]], key: K, at: int) -> None:
    if key:
        index.setdefault(key, []).append(at)


def list_lots(place: Place) -> list[LotKey]:
    """List the keys by which a lot is looked up: its own, and without a room behind it."""
    numbers = place.numbers
    lots = [numbers, numbers[:-1]] if len(numbers) > 1 and numbers[-1] >= LEAST_ROOM else [numbers]
    return [(town, place.chome, lot) for town in place.towns for lot in lots if lot]


def shorten(key: str) -> set[str]:
    """List a key and all that is left of it without one letter.

    Two keys that differ by one letter (another, one more or one less) share one of these, so that
    looking them up finds every such pair.
    """
    if len(key) < 2:
        return {key} - {""}
    return {key, *(key[:at] + key[at + 1 :] for at in range(len(key)))}


def differ_by_one(left: str, right: str) -> bool:
    """Say whether two keys differ by at most one letter: another, one more, one less, or turned."""
    if left == right:
        return True
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1:
        return False
    at = 0
    while at < len(left) and left[at] == right[at]:
        at += 1
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    turned = left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
    return left[at + 1 :] == right[at + 1 :] or turned
