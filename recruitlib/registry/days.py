"""Dates of a whole column at once: what is plainly written as an ISO date, as whole numbers.

A registry has millions of dates, nearly all of one form; the few others are read one by one.
"""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.columns import join_chunks, lay_out, measure_bytes
from recruitlib.base.dates import parse_date

Days = npt.NDArray[np.int32]  # 20260401 for 2026-04-01, 0 where a cell is not plainly a date
Cache = dict[str, str | None]
_LONGEST_MONTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FIRST_YEAR, _LAST_YEAR = 1873, 2099
_NUMERALS = [0, 1, 2, 3, 5, 6, 8, 9]  # of YYYY-MM-DD
_HYPHEN = (ord("-") - ord("0")) % 256
# A date far in the future is how systems write that there is none.
_NEVER = r"9{8}|9999[-/]12[-/]31|0{8}|0000[-/]00[-/]00"


def number_day(day: date) -> int:
    """Write a day as the number by which columns are compared: 20260401."""
    return day.year * 10_000 + day.month * 100 + day.day


def read_plain_days(column: pa.ChunkedArray) -> Days:
    """Read the cells that are an ISO date of the calendar, from 1873 to 2099; 0 for all others."""
    cells = join_chunks(column)
    days = np.zeros(len(cells), dtype=np.int32)
    layout = lay_out(cells)
    places = np.flatnonzero(layout.lengths == 10)
    if not len(places):
        return days
    if len(places) < len(days):
        layout = lay_out(cells.take(pa.array(places)))
    # One row for each place of the text, so that whole rows are compared at once.
    marks = np.ascontiguousarray(layout.letters.reshape(-1, 10).T) - np.uint8(ord("0"))
    numbers = marks.astype(np.int32)
    year = numbers[0] * 1000 + numbers[1] * 100 + numbers[2] * 10 + numbers[3]
    month, day = numbers[5] * 10 + numbers[6], numbers[8] * 10 + numbers[9]
    right = (marks[4] == _HYPHEN) & (marks[7] == _HYPHEN) & (marks[_NUMERALS].max(axis=0) <= 9)
    right &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
    right &= (day >= 1) & (day <= _LONGEST_MONTHS[np.minimum(month, 12)])
    last = np.flatnonzero((month == 2) & (day == 29))
    right[last] &= (year[last] % 4 == 0) & ((year[last] % 100 != 0) | (year[last] % 400 == 0))
    days[places] = np.where(right, year * 10_000 + month * 100 + day, 0)
    return days


def read_days(column: pa.ChunkedArray, cache: Cache, plain: Days | None = None) -> pa.Array:
    """Read a column of dates as ISO text; null where a text is no date, "" where there is none.

    Args:
        column: the cells.
        cache: what was read before; equal texts are read once.
        plain: what ``read_plain_days`` made of them, where that is known.
    """
    cells = join_chunks(column)
    plain = read_plain_days(column) if plain is None else plain
    others = (plain == 0) & (measure_bytes(cells) > 0)
    if not others.any():
        return cells
    encoded = cells.filter(pa.array(others)).dictionary_encode()
    read = encoded.dictionary.to_pylist()
    for place, text in enumerate(read):
        if text not in cache:
            cache[text] = _read_day(text)
        read[place] = cache[text]
    found = pa.array(read, pa.string()).take(encoded.indices)
    return arrow_compute.replace_with_mask(cells, pa.array(others), found)


def find_unreadable(column: pa.ChunkedArray, plain: Days, cache: Cache) -> npt.NDArray[np.bool_]:
    """Mark the cells that hold something, but no date.

    Args:
        column: the cells.
        plain: what ``read_plain_days`` made of them.
        cache: what was read before.
    """
    read = read_days(column, cache, plain)
    if not read.null_count:
        return np.zeros(len(column), dtype=bool)
    return np.asarray(read.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def find_newest(column: pa.ChunkedArray, plain: Days, cache: Cache) -> str:
    """Find the latest date of a column as ISO text, "" where there is none."""
    if not ((plain == 0) & (measure_bytes(join_chunks(column)) > 0)).any():
        newest = int(plain.max(initial=0))
        return (
            f"{newest // 10_000:04d}-{newest // 100 % 100:02d}-{newest % 100:02d}" if newest else ""
        )
    return arrow_compute.max(read_days(column, cache, plain)).as_py() or ""


def _read_day(text: str) -> str | None:
    if not text.strip() or re.fullmatch(_NEVER, text.strip()):
        return ""
    parsed = parse_date(text)
    if parsed.value is not None:
        return parsed.value.isoformat()
    return "" if parsed.status == "unknown" else None
