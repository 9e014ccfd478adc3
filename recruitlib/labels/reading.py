"""Reading a label PDF with pdfium: which character stands where on which sheet.

Nothing here is taken from the modules that fitted and printed, apart from where the cells lie.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from recruitlib.base.errors import OutputError
from recruitlib.labels.sheets import Sheet

MM_PER_POINT = 25.4 / 72
OUTSIDE = 0  # the position of what stands in no cell
_ROUNDING_MM = 0.01


class Mark(NamedTuple):
    """One character as pdfium sees it: place of its origin in millimetres from the top left."""

    character: int
    number: int
    x_mm: float
    y_mm: float


@contextmanager
def open_document(pdf: bytes, password: str) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF, with its password if it has one, and close it afterwards.

    Args:
        pdf: the file's bytes.
        password: the print password, "" for a plain file.

    Raises:
        OutputError: when the file is damaged or the password is wrong.
    """
    try:
        document = pdfium.PdfDocument(pdf, password=password or None)
    except pdfium.PdfiumError:
        raise OutputError(
            "宛名ラベルのPDF: 開けません。ファイルが壊れているか、パスワードが違います。"
        ) from None
    try:
        yield document
    finally:
        document.close()


def read_cells(pdf: bytes, sheet: Sheet, password: str) -> Iterator[tuple[int, dict[int, str]]]:
    r"""Read the text of every cell, page after page.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password, "" for a plain file.

    Yields:
        The page's number from 1, and the text per position, lines separated by "\\n"; position 0
        is what stands outside all cells.

    Raises:
        OutputError: when the file cannot be opened.
    """
    with open_document(pdf, password) as document:
        for number in range(len(document)):
            page = document[number]
            textpage = page.get_textpage()
            cells: dict[int, list[Mark]] = {}
            for mark in read_marks(textpage, page.get_height()):
                cells.setdefault(find_position(mark, sheet), []).append(mark)
            yield number + 1, {place: _join_lines(marks) for place, marks in cells.items()}
            textpage.close()
            page.close()


def read_marks(textpage: pdfium.PdfTextPage, height: float) -> list[Mark]:
    """Read every character of a page that is on the paper.

    Args:
        textpage: pdfium's text of the page.
        height: the page's height in points.

    Returns:
        The characters in pdfium's order, without what pdfium adds of its own.
    """
    x, y = ctypes.c_double(), ctypes.c_double()
    at_x, at_y = ctypes.byref(x), ctypes.byref(y)
    handle = textpage.raw
    marks = []
    for index in range(textpage.count_chars()):
        # Line ends and spaces that pdfium makes up are not on the paper.
        if raw.FPDFText_IsGenerated(handle, index) == 1:
            continue
        character = raw.FPDFText_GetUnicode(handle, index)
        if raw.FPDFText_IsHyphen(handle, index) == 1:
            character = 0x2D  # pdfium marks a hyphen at a line's end as a division of words
        raw.FPDFText_GetCharOrigin(handle, index, at_x, at_y)
        marks.append(
            Mark(character, index, x.value * MM_PER_POINT, (height - y.value) * MM_PER_POINT)
        )
    return marks


def find_position(mark: Mark, sheet: Sheet) -> int:
    """Find the cell in which a character begins: 1 to `sheet.per_page`, or 0 outside all cells."""
    across = mark.x_mm - sheet.left_mm + _ROUNDING_MM
    down = mark.y_mm - sheet.top_mm + _ROUNDING_MM
    column, row = int(across // sheet.pitch_x_mm), int(down // sheet.pitch_y_mm)
    inside = (
        0 <= column < sheet.columns
        and 0 <= row < sheet.rows
        and across - column * sheet.pitch_x_mm <= sheet.label_width_mm
        and down - row * sheet.pitch_y_mm <= sheet.label_height_mm
    )
    return row * sheet.columns + column + 1 if inside else OUTSIDE


def _join_lines(marks: Sequence[Mark]) -> str:
    # The order on paper, not the order in the file: lines from the top, each from the left.
    lines: dict[float, list[Mark]] = {}
    for mark in marks:
        lines.setdefault(round(mark.y_mm, 1), []).append(mark)
    texts = []
    for _, line in sorted(lines.items()):
        codes = [mark.character for mark in sorted(line, key=lambda mark: (mark.x_mm, mark.number))]
        texts.append("".join(map(chr, codes)))
    joined = "\n".join(texts)
    # On Windows pdfium hands out the two halves of a character beyond the basic plane one by one.
    return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
