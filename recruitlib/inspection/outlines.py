"""The outline of a text file: which sign stands between its cells, and how wide its rows are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recruitlib.base.delimited import read_head
from recruitlib.base.encodings import Proof, iterate_text
from recruitlib.base.errors import FormError
from recruitlib.base.profiles import DELIMITERS
from recruitlib.base.quoting import scan_records, take_record

DAMAGED = 0  # the width of a row whose quotes do not stand right
_HEAD = 60  # records by which the delimiter is chosen
_MOST_COLUMNS = 2_000
_QUOTE, _LF, _CR = b'"\n\r'


class Outline(NamedTuple):
    """The delimiter of a file, its first records, and how many lines each of them ends at."""

    delimiter: str
    records: list[list[str]]
    ends: list[int]
    width: int


def read_outline(path: Path, proof: Proof) -> Outline:
    """Choose the delimiter that cuts the first records into most cells most evenly.

    Raises:
        FormError: the file is empty, is no text, or no delimiter makes a table of it.
    """
    outlines, faults = [], []
    for delimiter in DELIMITERS:
        try:
            records, ends = read_head(path, proof, delimiter, _HEAD)
        except FormError as fault:
            faults.append(fault)
            continue
        widths = Counter(len(record) for record in records if len(record) > 1)
        width, held = widths.most_common(1)[0] if widths else (1, len(records))
        evenness = held / len(records)
        outlines.append((evenness * (width - 1), Outline(delimiter, records, ends, width)))
    if not outlines:
        raise faults[0]
    outline = max(outlines, key=lambda weighed: weighed[0])[1]
    if outline.width > _MOST_COLUMNS:
        raise FormError(
            f"{path.name}: 列が{outline.width}あり、多すぎます。区切りの文字を確かめてください。"
        )
    return outline


def tabulate_widths(path: Path, proof: Proof, delimiter: str, skip_lines: int) -> Counter[int]:
    """Count how wide the rows of a file are.

    Args:
        path: the file.
        proof: its encoding.
        delimiter: between two cells.
        skip_lines: physical lines of titles and header.

    Returns:
        width to number of rows, lines without any sign left out; ``DAMAGED`` where the quotes of a
        line do not stand right.
    """
    widths: Counter[int] = Counter()
    rest = b""
    for piece, final in iterate_text(path, proof):
        text = rest + piece
        while skip_lines and (at := text.find(b"\n") + 1):
            text, skip_lines = text[at:], skip_lines - 1
        if skip_lines:
            rest = text
            continue
        if final:
            text = text.rstrip(b"\x1a\r\n") + b"\n"
        cut = _find_cut(text, final)
        content, rest = text[:cut], text[cut:]
        widths += _count_widths(content, delimiter)
    return widths


def _find_cut(text: bytes, final: bool) -> int:
    """Give the end of the last whole record; of the last line where quotes leave that open."""
    if final:
        return len(text)
    view = np.frombuffer(text, dtype=np.uint8)
    outside = (np.cumsum(view == _QUOTE, dtype=np.uint8) & 1) == 0
    whole = np.flatnonzero((view == _LF) & outside)
    cut = int(whole[-1]) + 1 if len(whole) else 0
    return cut if len(text) - cut < 1 << 20 else text.rfind(b"\n") + 1


def _count_widths(content: bytes, delimiter: str) -> Counter[int]:
    if not content.strip(b"\r\n"):
        return Counter()
    scan = scan_records(content, delimiter)
    if scan.sound:
        return _tabulate(scan.widths, np.frombuffer(content, dtype=np.uint8), scan.ends)
    return _count_carefully(content.split(b"\n"), delimiter)


def _tabulate(
    widths: npt.NDArray[np.int64], view: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]
) -> Counter[int]:
    """Count the rows by width, without those that hold nothing but the end of a line."""
    sizes = np.diff(ends, prepend=-1)
    nothing = (sizes == 1) | ((sizes == 2) & (view[ends - 1] == _CR))
    found, counts = np.unique(widths[~nothing], return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))


def _count_carefully(lines: list[bytes], delimiter: str) -> Counter[int]:
    """Count line by line: a quote that stands wrong costs no more than its own line."""
    widths: Counter[int] = Counter()
    place = 0
    while place < len(lines):
        found = take_record(lines, place, delimiter)
        if found is None:
            widths[DAMAGED] += 1
        elif found.text:
            widths[len(found.cells)] += 1
        place = found.following if found else place + 1
    return widths
