"""The rows of a delimited text file: each of them whole, or listed by its number.

The width of a row alone proves little: a shift can keep it, and a row that was torn in two leaves
a first part of full width. So where quoting, width or line ends are in doubt the lines are looked
at one by one, with their neighbours, and one broken row costs no other.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recruitlib.base.encodings import Proof, iterate_text, join_text
from recruitlib.base.errors import FormError
from recruitlib.base.quoting import (
    RecordScan,
    scan_records,
    split_record,
    swallows_lines,
    take_record,
)
from recruitlib.base.rows import (
    NO_TEXT,
    Shape,
    is_blank,
    is_total,
    is_whole,
    list_rows,
    split_returns,
)

_LONGEST = 1 << 20  # bytes of one record; more is a quote that never closed
_HEAD, _LONGEST_HEAD = 1 << 16, 4 * _LONGEST  # bytes among which the header is sought
_WINDOW = 1 << 18  # bytes counted in one go: what a processor has at hand
_LONGEST_LINE = 1 << 22  # bytes; no system writes one, and a text must not be held for its end
_MOST_COLUMNS = 5_000  # the standard's registry has 122
_LOOKED_BACK = 1 << 16  # bytes in which a place to cut a text is sought
_QUOTE, _LF, _CR = b'"\n\r'


class Broken(NamedTuple):
    """A row that could not be read: its number, the reason, and the SHA-256 of its bytes."""

    row: int
    reason: str
    content: str


class Block(NamedTuple):
    """Some records of a file as UTF-8 text that any CSV reader takes alike.

    ``rows`` are the numbers of its records as a spreadsheet shows them; ``quoted`` says whether a
    quote is in it; ``broken`` are the rows left out, ``blank`` and ``footers`` how many rows had
    no value or were totals; ``mended`` says whether every line was looked at.
    """

    content: bytes | memoryview
    rows: npt.NDArray[np.int64]
    quoted: bool
    broken: list[Broken]
    blank: int
    footers: int
    mended: bool = False


def read_head(
    path: Path, proof: Proof, delimiter: str, most: int
) -> tuple[list[list[str]], list[int]]:
    """Read the first records of a file, among which its header is.

    Args:
        most: how many records to read.

    Returns:
        the cells of at most so many records, and how many physical lines they take.

    Raises:
        FormError: the file is empty, or its first lines are not rightly quoted.
    """
    # Few headers need more than the first lines.
    for size in (_HEAD, _LONGEST_HEAD):
        lines, final = _read_lines(path, proof, size)
        records: list[list[str]] = []
        ends: list[int] = []
        place = 0
        while place < len(lines) and len(records) < most:
            found = take_record(lines, place, delimiter)
            if found is None:
                break
            place = found.following
            records.append(found.cells)
            ends.append(place)
        if final or len(records) == most:
            break
    if any(len(record) > _MOST_COLUMNS for record in records):
        raise FormError(
            f"{path.name}の読み込み: 列が多すぎます（上限{_MOST_COLUMNS}列）。区切りを確かめ、出力し直してください。"
        )
    if not any(cell.strip() for record in records for cell in record):
        what = "ファイルが空です。"
        if any(map(bytes.strip, lines)):
            what = "先頭の行の引用符の位置が不正です。"
        elif not final and not lines:
            what = "先頭の行が終わりません（4MBを超えています）。"
        raise FormError(f"{path.name}の読み込み: {what}出力し直してください。")
    return records, ends


def _read_lines(path: Path, proof: Proof, size: int) -> tuple[list[bytes], bool]:
    """Read the whole lines of the first bytes of a file, and say whether these are all."""
    text = b""
    with closing(iterate_text(path, proof, size)) as pieces:
        for piece, final in pieces:
            text += piece
            if final or len(text) >= size:
                break
    return _drop_end_mark(text).split(b"\n") if final else text.split(b"\n")[:-1], final


def iterate_blocks(
    path: Path, proof: Proof, shape: Shape, skip_lines: int, skip_rows: int
) -> Generator[Block, None, None]:
    """Give the records below the header block by block.

    Args:
        path: the file.
        proof: its encoding.
        shape: delimiter, width and what a total looks like.
        skip_lines: physical lines of titles and header.
        skip_rows: records of titles and header.

    Returns:
        blocks of records of the right width, none of them broken; every row of the file is in
        ``rows``, ``broken``, ``blank`` or ``footers`` of exactly one block. A block without a
        quote is not looked at for its width; whoever parses it calls ``mend_block`` if it is not
        right.
    """
    row, pieces = skip_rows + 1, join_text(path, proof)
    text: bytes | memoryview
    text, final = next(pieces)
    while True:
        blank = footers = 0
        if skip_lines:
            text, skip_lines = _skip_lines(memoryview(text), skip_lines)
            if skip_lines and not final:
                text, final = pieces.send(bytes(text))
                continue
        if final:
            text, blank, footers = _trim_tail(b"" if skip_lines else bytes(text), shape)
        block, rest = _settle_block(text, final, shape, row)
        row += len(block.rows) + len(block.broken) + block.blank
        yield block._replace(blank=block.blank + blank, footers=footers)
        if final:
            return
        if len(rest) - rest.rfind(b"\n") > _LONGEST_LINE:
            raise FormError(
                f"{path.name}の読み込み: {row}行目より後に、4MBを超えても終わらない行があります。"
                "行の区切りを確かめ、出力し直してください。"
            )
        text, final = pieces.send(rest)


def _skip_lines(text: memoryview, lines: int) -> tuple[memoryview, int]:
    """Take lines off the start of a text; give what is left, and how many more are to go."""
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == _LF)[:lines]
    return text[int(ends[-1]) + 1 if len(ends) else 0 :], lines - len(ends)


def _drop_end_mark(text: bytes) -> bytes:
    """Take the mark off that old systems put behind the end of a file."""
    while text.endswith((b"\x1a", b"\x1a\n", b"\x1a\r\n")):
        text = text.rstrip(b"\r\n").rstrip(b"\x1a")
    return text


def _trim_tail(text: bytes, shape: Shape) -> tuple[bytes, int, int]:
    """Take blank rows and totals off the end of a file."""
    text = _drop_end_mark(text)
    if text and not text.endswith(b"\n"):
        text += b"\n"
    blank = footers = 0
    end = len(text)
    while end:
        start = text.rfind(b"\n", 0, end - 1) + 1
        line = text[start : end - 1]
        if is_total(line, shape):
            footers += 1
        elif is_blank(line, shape):
            blank += 1
        else:
            break
        end = start
    return text[:end], blank, footers


def _settle_block(
    text: bytes | memoryview, final: bool, shape: Shape, row: int
) -> tuple[Block, bytes]:
    """Cut a text between two rows that are whole, and give what is before as a block."""
    view = np.frombuffer(text, dtype=np.uint8)
    places = _find_signs(view)
    if not (view[places] == _QUOTE).any():
        cut = len(text) if final else _find_cut(text, None, shape)
        content, rest = text[:cut], bytes(text[cut:])
        places = places[: np.searchsorted(places, cut)]
        signs = view[places]
        if not _is_plain(places, signs):
            return _split_carefully(bytes(content), True, shape, row)[0], rest
        rows = np.arange(row, row + np.count_nonzero(signs == _LF), dtype=np.int64)
        return Block(content, rows, False, [], 0, 0), rest
    text = bytes(text)
    outside = (np.cumsum(view == _QUOTE, dtype=np.uint8) & 1) == 0
    whole = np.flatnonzero((view == _LF) & outside)
    last = int(whole[-1]) + 1 if len(whole) else 0
    if len(text) - last > _LONGEST or (final and last < len(text)):
        return _split_carefully(text, final, shape, row)
    cut = last if final else _find_cut(text, whole, shape)
    content, rest = text[:cut], text[cut:]
    scan = scan_records(content, shape.delimiter)
    right = scan.sound and not _has_no_text(content)
    right = right and bool((scan.widths == shape.width + shape.surplus).all())
    if right and not _find_swallowed(content, scan, shape):
        rows = np.arange(row, row + len(scan.ends), dtype=np.int64)
        return Block(content, rows, True, [], 0, 0), rest
    block, left = _split_carefully(content, final, shape, row)
    return block, left + rest


def _find_signs(view: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Find the quotes of a text and all that is below them: blanks, line ends, control characters.

    There are few of them, so that one look at every byte is enough.
    """
    starts = range(0, len(view), _WINDOW)
    found = [np.flatnonzero(view[at : at + _WINDOW] <= _QUOTE) + at for at in starts]
    return np.concatenate([np.zeros(0, np.int64), *found])


def _is_plain(places: npt.NDArray[np.int64], signs: npt.NDArray[np.uint8]) -> bool:
    """Whether every carriage return stands before a line feed, and all signs are of text.

    Args:
        places: what ``_find_signs`` found.
        signs: what stands there.
    """
    ended = (signs[1:] == _LF) & (places[1:] == places[:-1] + 1)
    alone = np.append(~ended, True)[: len(signs)] & (signs == _CR)
    return not (alone.any() or np.isin(signs, [ord(mark) for mark in NO_TEXT]).any())


def _has_no_text(content: bytes) -> bool:
    return any(mark.encode() in content for mark in NO_TEXT)


def _find_cut(text: bytes | memoryview, ends: npt.NDArray[np.int64] | None, shape: Shape) -> int:
    """Find the last place between two whole rows.

    What looks like a part of a row stays beside its neighbours, and what looks like the end of a
    file stays with it.

    Args:
        ends: the line feeds that end a record; None where every line feed does.
    """
    if ends is None:
        first = max(len(text) - _LOOKED_BACK, 0)
        view = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(view[first:] == _LF) + first
    below = False
    for place in range(len(ends) - 1, max(len(ends) - _LOOKED_BACK, 0), -1):
        start, end = int(ends[place - 1]) + 1, int(ends[place])
        above = is_whole(bytes(text[start:end]), shape)
        if above and below:
            return end + 1
        below = above
    if len(text) < 2 * _LONGEST:
        return 0
    return int(ends[-1]) + 1 if len(ends) else bytes(text).rfind(b"\n") + 1


def mend_block(block: Block, shape: Shape) -> Block:
    """Look at the lines of a block one by one and leave the broken ones out.

    Returns:
        a block with the same rows, each of them in ``rows``, ``broken`` or ``blank``.
    """
    first = int(block.rows[0]) if len(block.rows) else 1
    mended, _ = _split_carefully(bytes(block.content), True, shape, first)
    return mended._replace(footers=block.footers, blank=mended.blank + block.blank)


def _split_carefully(text: bytes, final: bool, shape: Shape, row: int) -> tuple[Block, bytes]:
    """Take the rows of a text line by line, and give what is behind the last of them."""
    lines = text.split(b"\n")
    tail = lines.pop()
    lines = [part for line in lines for part in split_returns(line, shape)]
    rows = list_rows(lines, final, shape)
    rest = b"\n".join([*lines[rows[-1].following if rows else 0 :], tail])
    written = io.StringIO(newline="")
    # Arrow takes a bare carriage return for the end of a row, so the writer must quote it.
    writer = csv.writer(written, delimiter=shape.delimiter, lineterminator="\r\n")
    numbers: list[int] = []
    broken: list[Broken] = []
    blank = 0
    for number, found in enumerate(rows, start=row):
        if found.reason:
            own = b"\n".join(lines[found.place : found.following])
            digest = hashlib.sha256(own).hexdigest()
            broken.append(Broken(number, found.reason, digest))
        elif any(cell.strip() for cell in found.cells):
            writer.writerow(found.cells)
            numbers.append(number)
        else:
            blank += 1
    content = written.getvalue().encode()
    return Block(content, np.array(numbers, dtype=np.int64), True, broken, blank, 0, True), rest


def _find_swallowed(content: bytes, scan: RecordScan, shape: Shape) -> bool:
    try:
        return any(
            swallows_lines(
                split_record(content, scan, record, shape.delimiter), shape.width, shape.delimiter
            )
            for record in scan.spanning
        )
    except FormError:
        return True
