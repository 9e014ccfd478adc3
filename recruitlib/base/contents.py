"""What the cells of a row hold, compared with what their columns promise.

The width of a row proves little: a shift can keep it. So every cell must have the form and the
code that the profile says of its column, or its row is listed for a person and goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.columns import Layout, is_constant, join_chunks, lay_out, number_codes
from recruitlib.base.errors import ParameterError
from recruitlib.base.profiles import Profile
from recruitlib.base.typed_days import BECAME_DAY, DAY_TEXT

QUARANTINE_COLUMNS = ("source_row", "reason", "content")
ANY_CODE = "*"  # a code table with this entry gives a meaning to every other code
_ONE_CLASS = re.compile(r"\[(\^?)((?:[^\]\\]|\\.)+)\](?:(\?)|\{([0-9]+),([0-9]+)\})?")
_SAMPLE = 1_000  # rows by which a column of few values is known


class _Form(NamedTuple):
    """A form of one class of characters: how many, what must not be there, which of ASCII may."""

    fewest: int
    most: int
    wrong: str
    ascii: npt.NDArray[np.bool_]


class Misfit(NamedTuple):
    """The rows of a table whose cell in one column is not what the profile promises."""

    reason: str
    rows: npt.NDArray[np.bool_]


def find_misfits(cells: pa.Table, profile: Profile, headers: Mapping[str, str]) -> list[Misfit]:
    """Find the cells that do not have the form or the code of their column.

    Args:
        cells: text columns by canonical name.
        profile: its ``forms`` and ``codes`` are what is promised.
        headers: the header of each canonical column as the file has it, for the messages.

    Returns:
        one entry for each column with a misfit; ``rows`` is as long as the table.
    """
    columns = {name: join_chunks(cells[name]) for name in cells.column_names}
    found = []
    for name, pattern in profile.forms.items():
        rows = _mark_misfits(columns[name], name, pattern) if name in columns else None
        if rows is not None and rows.any():
            found.append(Misfit(f"「{headers.get(name, name)}」の形が違います", rows))
    for name, meanings in profile.codes.items():
        if name in columns and ANY_CODE not in meanings:
            rows = number_codes(columns[name], dict.fromkeys(meanings, 1), 0) == 0
            if rows.any():
                found.append(Misfit(f"「{headers.get(name, name)}」が符号表にない符号です", rows))
    return found


def find_days(cells: pa.Table, profile: Profile, headers: Mapping[str, str]) -> list[Misfit]:
    """Find the cells that a spreadsheet has turned into days before the file was saved as text.

    Args:
        cells: text columns by canonical name.
        profile: its ``never_dates`` are the columns that hold no day.
        headers: the header of each canonical column as the file has it, for the messages.

    Returns:
        one entry for each column with a day; ``rows`` is as long as the table.
    """
    found = []
    for name in profile.never_dates:
        if name in cells.column_names:
            plain = arrow_compute.utf8_normalize(join_chunks(cells[name]), form="NFKC")
            marks = _match_whole(arrow_compute.utf8_trim_whitespace(plain), DAY_TEXT)
            rows = np.asarray(marks.to_numpy(zero_copy_only=False), dtype=bool)
            if rows.any():
                found.append(Misfit(f"「{headers.get(name, name)}」{BECAME_DAY}", rows))
    return found


def _mark_misfits(cells: pa.Array, name: str, pattern: str) -> npt.NDArray[np.bool_] | None:
    """Mark the cells that do not have a form; nothing where it is plain that all have it."""
    try:
        form, layout = _read_form(pattern), lay_out(cells)
        if not len(cells) or (form is not None and _holds_in_ascii(layout, form)):
            return None
        looked, places = _list_distinct(cells, layout)
        if form is not None and _holds_together(looked, form):
            return None
        fits = _match_whole(looked, pattern).fill_null(True)
    except pa.ArrowInvalid:
        raise ParameterError(f"様式の forms の {name}: 正規表現として使えません。") from None
    marks = ~np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)
    return marks if places is None else marks[places]


def _match_whole(cells: pa.Array, pattern: str) -> pa.Array:
    return arrow_compute.match_substring_regex(cells, rf"\A(?:{pattern})\z")


def _list_distinct(
    cells: pa.Array, layout: Layout
) -> tuple[pa.Array, npt.NDArray[np.int64] | None]:
    """List the different texts of a column that holds few, and say which one each cell is.

    Other columns are given as they are, with nothing.
    """
    if is_constant(layout):
        return cells[:1], np.zeros(len(cells), dtype=np.int64)
    if len(cells) > _SAMPLE and len(cells[:_SAMPLE].unique()) < _SAMPLE // 4:
        encoded = cells.dictionary_encode()
        return encoded.dictionary, encoded.indices.to_numpy()
    return cells, None


def _holds_in_ascii(layout: Layout, form: _Form) -> bool:
    """Whether a column is plainly of a form because the form allows all from one byte to another.

    All cells lie in memory behind each other, so that one look answers for all of them.
    """
    lengths, letters = layout.lengths, layout.letters
    lowest, highest = int(letters.min(initial=127)), int(letters.max(initial=0))
    if highest >= len(form.ascii) or not form.ascii[lowest : highest + 1].all():
        return False
    return bool(form.fewest <= lengths.min() and lengths.max() <= form.most)


def _holds_together(cells: pa.Array, form: _Form) -> bool:
    """Whether a form holds for a column, by one search for a character that must not be there.

    Who is not answered for so is looked at row by row.
    """
    _, lengths, letters = lay_out(cells)
    # Bytes, which need no counting, often tell that there are not too many characters.
    if form.fewest > 1 or lengths.max() > form.most:
        lengths = arrow_compute.utf8_length(cells).to_numpy()
    if lengths.min() < form.fewest or lengths.max() > form.most:
        return False
    ends = pa.py_buffer(np.array([0, len(letters)], np.int64))
    together = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(letters)])
    return not arrow_compute.match_substring_regex(together, form.wrong)[0].as_py()


@lru_cache(maxsize=256)
def _read_form(pattern: str) -> _Form | None:
    """Read a form that is one class of characters, so and so often."""
    form = _ONE_CLASS.fullmatch(pattern)
    if form is None:
        return None
    negated, letters, optional, fewest, most = form.groups()
    bounds = (int(fewest), int(most)) if most else (0 if optional else 1, 1)
    known = pa.array([chr(code) for code in range(128)], pa.string())
    allowed = _match_whole(known, f"[{negated}{letters}]").to_numpy(zero_copy_only=False)
    return _Form(*bounds, f"[{'' if negated else '^'}{letters}]", np.asarray(allowed, dtype=bool))


def join_reasons(misfits: list[Misfit], length: int) -> npt.NDArray[np.object_]:
    """Join the reasons of each row; "" where nothing is wrong."""
    reasons = np.full(length, "", dtype=object)
    for misfit in misfits:
        at = np.flatnonzero(misfit.rows)
        reasons[at] = [f"{reasons[row]}、{misfit.reason}".lstrip("、") for row in at]
    return reasons


def list_quarantine(rows: Iterable[tuple[int, str, str]]) -> pd.DataFrame:
    """List what could not be read.

    Args:
        rows: source row, Japanese reason without a value, and the SHA-256 of the row, which is
            keyed before it is stored: the row itself may hold what must never be kept.

    Returns:
        one row each, in the order of the file.
    """
    table = pd.DataFrame(sorted(rows), columns=list(QUARANTINE_COLUMNS))
    return table.astype({"source_row": "int64", "reason": "str", "content": "str"})
