"""Rows taken from lines one by one, where a file is damaged, so that a broken row costs no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recruitlib.base.headers import is_footer
from recruitlib.base.quoting import MOST_LINES, Record, swallows_lines, take_record

_LOOKED_BACK = 10_000  # rows among which a place to cut is sought
NO_TEXT = ("\x00", "\x1a")  # NUL, and the end of a file of old that another was put behind
WIDTH, QUOTING, SWALLOWED, TORN, RETURN, CONTROL = (
    "列数が見出しと違います",
    "引用符の位置が不正です",
    "引用符の中に、ほかの行が丸ごと入っている疑いがあります",
    "隣の行が途中で切れていて、どちらの行の続きか決まりません",
    "行の途中に復帰文字（CR）があります",
    "文字でないデータ（制御文字）があります",
)


class Shape(NamedTuple):
    """How the records of a file are written: delimiter, cells, empty cells behind, total words."""

    delimiter: str
    width: int
    surplus: int
    footers: tuple[str, ...]


class Row(NamedTuple):
    """What begins at a line: its cells and the line behind it; the reason if it is broken."""

    place: int
    following: int
    cells: list[str]
    reason: str


def list_rows(lines: Sequence[bytes], final: bool, shape: Shape) -> list[Row]:
    """List the rows of some lines.

    Only a record that is whole takes more than its own line. A line of one cell only may be the
    end of the row above it or the beginning of the row below it, so these two are broken with it.
    Lines between two quotes that look like rows are either swallowed rows or what somebody typed
    into a form, so every one of them is broken.

    Args:
        lines: lines of UTF-8 without their line feeds.
        final: whether the file ends behind them.
        shape: how its records are written.

    Returns:
        the rows in order; where more lines follow, those up to a place between two whole rows.
    """
    rows: list[Row] = []
    place = 0
    while place < len(lines):
        found = take_record(lines, place, shape.delimiter)
        if found is None and not final and _may_go_on(lines, place):
            break
        reason = _find_fault(found, place, shape)
        following = place + 1
        if found and not _joins_rows(found, reason, place, shape):
            following = found.following
        if reason == SWALLOWED:
            rows += [Row(at, at + 1, [], reason) for at in range(place, following)]
        else:
            rows.append(Row(place, following, found.cells if found else [], reason))
        place = following
    if not final:
        rows = rows[: _find_cut(rows, shape)]
    return _mark_torn(rows, lines, shape)


def _find_cut(rows: list[Row], shape: Shape) -> int:
    """Find the last place between two whole rows, or the end where there is none far and wide."""
    below = False
    for at in range(len(rows) - 1, max(len(rows) - _LOOKED_BACK, 0) - 1, -1):
        above = not rows[at].reason and _is_person(rows[at].cells, shape)
        if above and below:
            return at + 1
        below = above
    return 0 if len(rows) < _LOOKED_BACK else len(rows)


def _is_person(cells: Sequence[str], shape: Shape) -> bool:
    """Whether cells are neither blank nor a total, which may stand at the end of the file."""
    return any(map(str.strip, cells)) and not is_footer(cells, shape.footers)


def _find_fault(found: Record | None, place: int, shape: Shape) -> str:
    if found is None:
        return QUOTING
    cells, spans = found.cells, found.following > place + 1
    if not spans and not any(map(str.strip, cells)):
        return ""
    if swallows_lines(cells, shape.width, shape.delimiter):
        return SWALLOWED
    # A row without the empty cells of all others may have lost a delimiter anywhere.
    if len(cells) != shape.width + shape.surplus or any(map(str.strip, cells[shape.width :])):
        return WIDTH
    if any(mark in found.text for mark in NO_TEXT):
        return CONTROL
    return RETURN if found.has_return else ""


def _may_go_on(lines: Sequence[bytes], place: int) -> bool:
    """Whether the record that begins here may end behind the last line at hand."""
    tail = lines[place : place + MOST_LINES]
    return len(tail) < MOST_LINES and sum(line.count(b'"') for line in tail) % 2 == 1


def _joins_rows(found: Record, reason: str, place: int, shape: Shape) -> bool:
    """Whether a record of a wrong width is made of two rows, joined by two stray quotes."""
    full = (found.following - place) * (shape.width - 1)
    spans = found.following > place + 1
    return reason == WIDTH and spans and found.text.count(shape.delimiter) >= full


def _mark_torn(rows: list[Row], lines: Sequence[bytes], shape: Shape) -> list[Row]:
    """Mark the whole rows that a broken one may be a part of; blank lines do not part them.

    These are the neighbours of a piece of a row, and a row of several lines above a line whose
    quotes do not stand right: its own last quote may be the first one of that line's cell.
    """
    filled = [at for at, row in enumerate(rows) if row.reason or any(map(str.strip, row.cells))]
    marked = list(rows)
    misquoted = False
    for order in range(len(filled) - 1, -1, -1):
        row = rows[filled[order]]
        near = []
        if _is_piece(row, lines[row.place], shape):
            near = filled[max(order - 1, 0) : order + 2]
        elif misquoted and not row.reason and row.following > row.place + 1:
            near = [filled[order]]
        for at in near:
            if not rows[at].reason:
                marked[at] = rows[at]._replace(reason=TORN)
        misquoted = bool(row.reason) and (misquoted or row.reason == QUOTING)
    return marked


def _is_piece(row: Row, line: bytes, shape: Shape) -> bool:
    """Whether a broken row may be the rest of a row whose other part has the right width.

    A row that is broken in two has one cell more: where one part is of full width, the other is
    one cell. A cell of several lines that lost a quote leaves a rest with an odd number of quotes
    and fewer delimiters than a row.
    """
    if row.reason == WIDTH:
        return len(row.cells) == 1
    short = line.count(shape.delimiter.encode()) < shape.width - 1
    return row.reason == QUOTING and short and line.count(b'"') % 2 == 1


def is_blank(line: bytes, shape: Shape) -> bool:
    """Say whether a line has no value in any cell."""
    if not line.strip(f" {shape.delimiter}\r\n".encode()):
        return True
    found = take_record([line], 0, shape.delimiter)
    return found is not None and not any(map(str.strip, found.cells))


def is_total(line: bytes, shape: Shape) -> bool:
    """Say whether a line is a total rather than a person."""
    found = take_record([line], 0, shape.delimiter) if shape.footers else None
    return found is not None and is_footer(found.cells, shape.footers)


def is_whole(content: bytes, shape: Shape) -> bool:
    """Say whether some lines are one whole row, and one that does not end the file."""
    lines = content.split(b"\n")
    found = take_record(lines, 0, shape.delimiter)
    if found is None or found.following < len(lines) or _find_fault(found, 0, shape):
        return False
    return _is_person(found.cells, shape)


def split_returns(line: bytes, shape: Shape) -> list[bytes]:
    """Split a line at lone returns where these end whole rows, as after two ways of writing."""
    parts = line.rstrip(b"\r").split(b"\r")
    commas = shape.width + shape.surplus - 1
    if len(parts) == 1 or b'"' in line:
        return [line]
    if any(part.count(shape.delimiter.encode()) != commas for part in parts):
        return [line]
    return parts
