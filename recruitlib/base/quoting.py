"""The quoting of delimited text, taken strictly: where a record ends, and whether it is right.

A quote opens only at the start of a cell (or behind ``=``, as in ="0012") and closes only at its
end. Readers that forgive more swallow people: two stray quotes some lines apart make one record
of exactly the right width out of all the rows between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recruitlib.base.errors import FormError
from recruitlib.base.profiles import DELIMITERS

MOST_LINES = 200  # physical lines of one record; more is a quote that never closed
_QUOTE, _LF, _CR, _EQUALS = b'"\n\r='


class RecordScan(NamedTuple):
    """Where the records of a text end, how wide each is, and whether all quotes stand right.

    ``ends`` are the positions of the line feeds that end a record, ``widths`` its cells,
    ``spanning`` the records with a line break inside a quoted cell.
    """

    ends: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int64]
    spanning: list[int]
    sound: bool


class Record(NamedTuple):
    """One record: its text, its cells, the line behind it, and a carriage return in a bare cell."""

    text: str
    cells: list[str]
    following: int
    has_return: bool


def scan_records(content: bytes, delimiter: str = ",") -> RecordScan:
    """Find the records of UTF-8 text that ends with a line feed.

    Args:
        content: UTF-8 bytes, the last one a line feed.
        delimiter: between two cells.

    Returns:
        the records; ``sound`` only where every quote stands right and a carriage return stands
        only before a line feed or inside quotes.
    """
    view = np.frombuffer(content, dtype=np.uint8)
    quotes, feeds, returns = view == _QUOTE, view == _LF, view == _CR
    separators = view == ord(delimiter)
    # The count wraps at 256, which leaves odd and even as they are.
    inside = (np.cumsum(quotes, dtype=np.uint8) & 1).astype(bool)
    sound = not (
        len(inside) == 0
        or inside[-1]
        or _has_stray(view, quotes, inside, separators)
        or _has_lone_return(view, np.flatnonzero(returns & ~inside))
        or (b'="' in content and _has_open_wrapping(view, quotes, separators | feeds | returns))
    )
    ends = np.flatnonzero(feeds & ~inside)
    counted = np.cumsum(separators & ~inside, dtype=np.int32)[ends]
    widths = np.diff(counted, prepend=np.int32(0)) + 1
    spanning = np.unique(np.searchsorted(ends, np.flatnonzero((feeds | returns) & inside)))
    return RecordScan(ends, widths, spanning.tolist(), sound)


def split_record(content: bytes, scan: RecordScan, record: int, delimiter: str = ",") -> list[str]:
    """Give the cells of one record of a sound scan.

    Raises:
        FormError: a delimiter or line break stands in ="...", which readers take in two ways.
    """
    start = int(scan.ends[record - 1]) + 1 if record else 0
    text = content[start : int(scan.ends[record])].decode().removesuffix("\r")
    if not _RECORDS[delimiter].fullmatch(text):
        raise FormError(f"{record + 1}行目の引用符の位置が不正です。直してください。")
    return _split_cells(text, delimiter)


def take_record(lines: Sequence[bytes], place: int, delimiter: str) -> Record | None:
    """Take the shortest rightly quoted record that begins at a line.

    Args:
        lines: lines of UTF-8 without their line feeds.
        place: where the record begins.
        delimiter: between two cells.

    Returns:
        the record, or nothing where no rightly quoted record begins here.
    """
    quotes, following = lines[place].count(b'"'), place + 1
    while quotes % 2 and following < min(len(lines), place + MOST_LINES):
        quotes += lines[following].count(b'"')
        following += 1
    # A line that was ended twice over (\r\r\n) ends here too.
    text = b"\n".join(lines[place:following]).rstrip(b"\r").decode()
    if quotes % 2 or (quotes and not _RECORDS[delimiter].fullmatch(text)):
        return None
    bare = "\r" in text and "\r" in _QUOTED.sub("", text)
    return Record(text, _split_cells(text, delimiter), following, bare)


def _split_cells(text: str, delimiter: str) -> list[str]:
    """Split a rightly quoted record; Python's own reader refuses cells that others read."""
    if '"' not in text:
        return text.split(delimiter)
    cells = [found[1] for found in _CELLS[delimiter].finditer(text + delimiter)]
    return [cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell for cell in cells]


def swallows_lines(cells: Sequence[str], width: int, delimiter: str) -> bool:
    """Say whether a cell with line breaks may be whole records that a stray quote swallowed.

    Between the same column of one record and the next stand as many delimiters as a record has;
    an honest remark of several lines has fewer.
    """
    return width > 1 and any(
        cell.count(delimiter) >= width - 1 and re.search(r"[\r\n]", cell) for cell in cells
    )


def _describe_cell(delimiter: str) -> str:
    mark = re.escape(delimiter)
    return rf'(?:"(?:[^"]|"")*+"|="[^"\r\n{mark}]*"|[^"\n{mark}]*+)'


_RECORDS = {
    mark: re.compile(f"{_describe_cell(mark)}(?:{re.escape(mark)}{_describe_cell(mark)})*+")
    for mark in DELIMITERS
}
_CELLS = {mark: re.compile(f"({_describe_cell(mark)}){re.escape(mark)}") for mark in DELIMITERS}
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')


def _has_stray(
    view: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.bool_],
    inside: npt.NDArray[np.bool_],
    separators: npt.NDArray[np.bool_],
) -> bool:
    """Whether a quote neither opens, closes nor doubles where it may."""
    # A quote with a delimiter or a quote on the side that matters is right; few others remain.
    plain = np.concatenate(([False], separators | quotes, [False]))
    at = np.flatnonzero(quotes & np.where(inside, ~plain[:-2], ~plain[2:]))
    opening = inside[at]
    previous = np.where(at > 0, view[at - 1], _LF)
    behind = np.minimum(at + 1, len(view) - 1)
    following, second = view[behind], view[np.minimum(at + 2, len(view) - 1)]
    start = (at < 2) | (view[at - 2] == _LF) | separators[at - 2]
    opens = (previous == _LF) | ((previous == _EQUALS) & start)
    closes = (following == _LF) | ((following == _CR) & (second == _LF))
    return bool((~np.where(opening, opens, closes)).any())


def _has_open_wrapping(
    view: npt.NDArray[np.uint8], quotes: npt.NDArray[np.bool_], ends: npt.NDArray[np.bool_]
) -> bool:
    """Whether a delimiter or line break stands in ="...", or something behind it.

    Some readers take the quotes there for text and others do not.
    """
    at = np.flatnonzero(quotes)
    opening = np.flatnonzero(view[np.maximum(at - 1, 0)] == _EQUALS)
    opening = opening[opening % 2 == 0]
    closing = at[opening + 1]
    counted = np.cumsum(ends, dtype=np.int32)
    held = counted[closing] != counted[at[opening]]
    return bool((held | ~ends[np.minimum(closing + 1, len(view) - 1)]).any())


def _has_lone_return(view: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> bool:
    """Whether a carriage return stands alone, which some readers take for the end of a row."""
    return bool((view[np.minimum(at + 1, len(view) - 1)] != _LF).any()) if len(at) else False
