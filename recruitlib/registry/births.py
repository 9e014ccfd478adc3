"""Birth dates of an extract: certain, or a range that the true date may lie in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.columns import join_chunks, mark_equal, number_codes
from recruitlib.base.dates import ERAS, parse_date
from recruitlib.registry.days import Days, number_day, read_plain_days

_ANY = ("", "9999-99-99")  # as ISO text: before and after every date
_Reading = tuple[str, str, str, str]  # ISO date or "", status, first and last possible day
Cache = dict[tuple[str, ...], _Reading]
_BIRTH_COLUMNS = ("birth_text", "birth_era", "birth_unknown", "birth_note")
# First and last days by number; the last entry, also found at -1, is no era.
_ERA_STARTS = np.array([0, *(number_day(era.first) for era in ERAS), 1], dtype=np.int32)
_ERA_ENDS = np.array([0, *(number_day(era.last) for era in ERAS), 0], dtype=np.int32)
_ERA_NUMBERS = {"": 0, **{era.digit: place for place, era in enumerate(ERAS, start=1)}}
_YEAR = timedelta(days=366)
_MARGIN = timedelta(days=40)  # so near a range an officer looks at every era that is wrong


class BirthRange(NamedTuple):
    """The printed birth range of one age, both ends included."""

    age: int
    born_from: date
    born_to: date


class Births(NamedTuple):
    """The births of some rows: ISO date where certain, status, first and last possible day."""

    dates: pa.Array
    statuses: pa.Array
    first: pa.Array
    last: pa.Array


class _Written(NamedTuple):
    """Births as plain days, which of them are certain, and which have the era of their day."""

    days: Days
    certain: npt.NDArray[np.bool_]
    right_era: npt.NDArray[np.bool_]


def read_births(cells: pa.Table, cache: Cache) -> Births:
    """Read the birth dates of rows with birth_text, birth_era, birth_unknown and birth_note.

    A date that is flagged 不詳, or whose era digit is not an era of its western year, is not
    certain, whatever its text says; the note of a date that is not known (平成20年頃) tells the
    days that it may be.

    Args:
        cells: text columns.
        cache: what was read before; equal texts are read once.

    Returns:
        the births, row by row.
    """
    written = join_chunks(cells["birth_text"])
    others = pa.array(~_mark_written(cells).certain)
    readings, inverse = _read_distinct(cells.filter(others), cache)
    take = pa.array(inverse)
    # A birth that is plainly written stands for itself; what is not is put in its place.
    certain = pa.repeat(pa.scalar("certain", pa.string()), len(written))
    return Births(
        *(
            arrow_compute.replace_with_mask(
                plain,
                others,
                pa.array([reading[part] for reading in readings], pa.string()).take(take),
            )
            for part, plain in enumerate((written, certain, written, written))
        )
    )


def _read_distinct(cells: pa.Table, cache: Cache) -> tuple[list[_Reading], npt.NDArray[np.int64]]:
    """Read the distinct births of some rows, and say which of them each row has."""
    columns = [join_chunks(cells[name]).dictionary_encode() for name in _BIRTH_COLUMNS]
    code = np.zeros(cells.num_rows, dtype=np.int64)
    for column in columns:
        code = code * max(len(column.dictionary), 1) + column.indices.to_numpy()
    _, at, inverse = np.unique(code, return_index=True, return_inverse=True)
    readings = []
    for key in zip(*(column.take(pa.array(at)).to_pylist() for column in columns), strict=True):
        if key not in cache:
            cache[key] = read_birth(*key)
        readings.append(cache[key])
    return readings, inverse


def place_births(
    cells: pa.Table, ranges: Sequence[BirthRange], cache: Cache, days: Days | None = None
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Place each birth: the number of its range from 1, 0 outside all, -1 where it is unsure.

    Unsure is a birth that is not certain and that may lie within a range. A birth that is plainly
    written needs no closer look.

    Args:
        cells: text columns, as of ``read_births``.
        ranges: the printed ranges.
        cache: what was read before.
        days: what ``read_plain_days`` made of birth_text, where that is known.

    Returns:
        the places, and which rows weeks outside every range have an era that is not that of their
        date.
    """
    placed = np.zeros(cells.num_rows, dtype=np.int8)
    written = _mark_written(cells, days)
    far = written.days > 0
    for number, wanted in reversed([*enumerate(ranges, start=1)]):
        first, last = number_day(wanted.born_from), number_day(wanted.born_to)
        placed[written.certain & (written.days >= first) & (written.days <= last)] = number
        far &= (written.days < number_day(wanted.born_from - _MARGIN)) | (
            written.days > number_day(wanted.born_to + _MARGIN)
        )
    others = np.flatnonzero(~written.certain)
    if len(others):
        readings, inverse = _read_distinct(cells.take(pa.array(others)), cache)
        places = np.array([_place_reading(reading, ranges) for reading in readings], dtype=np.int8)
        placed[others] = places[inverse]
    return placed, ~written.right_era & far


def _place_reading(reading: _Reading, ranges: Sequence[BirthRange]) -> int:
    _, status, first, last = reading
    for number, wanted in enumerate(ranges, start=1):
        if first <= wanted.born_to.isoformat() and last >= wanted.born_from.isoformat():
            return number if status == "certain" else -1
    return 0


def _mark_written(cells: pa.Table, days: Days | None = None) -> _Written:
    """Read the births that are written as an ISO date, and mark those that are certain by that."""
    days = read_plain_days(cells["birth_text"]) if days is None else days
    era = number_codes(cells["birth_era"], _ERA_NUMBERS, -1)
    right_era = (era == 0) | ((days >= _ERA_STARTS[era]) & (days <= _ERA_ENDS[era]))
    known = ~mark_equal(cells["birth_unknown"], "1") & mark_equal(cells["birth_note"], "")
    return _Written(days, (days > 0) & right_era & known, right_era)


def read_birth(text: str, era: str, unknown: str, note: str) -> _Reading:
    """Read one birth date.

    Returns:
        ISO date ("" unless certain), status, and the first and the last day that it may be.
    """
    parsed = parse_date(text)
    said = parse_date(note) if note.strip() else parsed
    day = parsed.value
    # A note beside a whole date says that the date is not known, flag or no flag.
    if day is not None and parsed.status == "certain" and unknown != "1" and said.value == day:
        eras = [known.digit for known in ERAS if known.first <= day <= known.last]
        if not era or era in eras:
            iso = day.isoformat()
            return iso, "certain", iso, iso
        return "", "era_disagrees", *_ANY
    status = "unknown" if unknown == "1" or note.strip() else parsed.status
    possible = [*said.readings, *(parsed.readings if said is not parsed else ())]
    if not said.readings or status == "empty":
        return "", status, *_ANY
    # A whole day that is said not to be known stands for its year: 01-01 is written for any day.
    margin = _YEAR if said is parsed and day is not None else timedelta(0)
    first, last = min(possible) - margin, max(possible) + margin
    return "", status, first.isoformat(), last.isoformat()
