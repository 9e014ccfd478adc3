"""Reading a label PDF with pdfium: what stands where on which sheet, and how far its ink reaches.

Nothing here is taken from the modules that fitted and printed, apart from where the cells lie.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pypdfium2 as pdfium
from pypdfium2 import raw

from recruitlib.base.errors import OutputError
from recruitlib.base.secrecy import hide_values
from recruitlib.labels.collector import pause_collector
from recruitlib.labels.sheets import Sheet

MM_PER_POINT = 25.4 / 72
UNOPENED = "宛名シールのPDF: 開けません。ファイルが壊れているか、パスワードが違います。"
OUTSIDE = 0  # the position of what stands in no cell
_ROUNDING_MM = 0.01
_LINE_END = "\r\n"
_SAME_PLACE = 0.01  # points
# What pdfium makes of a hyphen at a line's end, and whatever else is no text.
_UNSURE = re.compile("[\x00-\x1f\ufffe\uffff]")
_UNREAD = "\ufffd"
_HALF = re.compile("[\ud800-\udfff]")
_INK = {"left_mm": np.fmin, "top_mm": np.fmin, "right_mm": np.fmax, "bottom_mm": np.fmax}
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@hide_values
class Marks(NamedTuple):
    """Texts as they stand on a page, in pdfium's order.

    For each text a row of `places`: x and y where it begins, then its ink's left, top, right and
    bottom, in millimetres from the top left of the page; a blank may have no ink. Texts of one
    number in `pieces` were printed in one piece; without numbers each is a piece of its own.
    """

    texts: list[str]
    places: FloatArray
    pieces: Sequence[int] = ()


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
        raise OutputError(UNOPENED) from None
    try:
        yield document
    except pdfium.PdfiumError:
        raise OutputError("宛名シールのPDF: 読めないページがあります。") from None
    finally:
        document.close()


@pause_collector()
def read_cells(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    r"""Read what stands in each cell of each sheet, and in the margins.

    Text is read line by line, as pdfium holds what was printed in one piece; where such a piece is
    not plain text, the page is read character by character.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password of an encrypted file.

    Returns:
        sheet_number, position (both from 1; position 0 is what stands outside all cells), text
        (the lines joined), lines (the lines with "\\n" between them), left_mm, top_mm, right_mm,
        bottom_mm (the ink of it all), overlap_mm (how deep the ink of one line reaches down beside
        or over that of the next, 0 where none does); in print order, one row per cell that is not
        empty and one per page for its margin, which is "" where it is blank.

    Raises:
        OutputError: when the file cannot be opened.
    """
    texts: list[str] = []
    numbers: list[int] = []
    pieces: list[int] = []
    places = [np.empty((0, 6))]
    with open_document(pdf, password) as document:
        pages = len(document)
        for number in range(pages):
            page = document[number]
            textpage = page.get_textpage()
            marks = _read_lines(page, textpage) or _read_characters(page, textpage)
            texts += marks.texts
            numbers += [number + 1] * len(marks.texts)
            pieces += marks.pieces or range(len(marks.texts))
            places.append(marks.places)
            textpage.close()
            page.close()
    return _join_cells(
        Marks(texts, np.concatenate(places), pieces), np.array(numbers, dtype=int), sheet, pages
    )


def _read_lines(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> Marks | None:
    # None when the page is anything but lines of text, each of them one object of the page.
    texts = _list_lines(textpage)
    if len(texts) != raw.FPDFPage_CountObjects(page.raw) or any(map(_UNSURE.search, texts)):
        return None
    # pdfium writes the box and the matrix of each line into one block, and all are read at the end.
    block, x, y = (ctypes.c_float * 10)(), ctypes.c_double(), ctypes.c_double()
    box = [ctypes.byref(ctypes.c_float.from_buffer(block, 4 * side)) for side in range(4)]
    matrix = raw.FS_MATRIX.from_buffer(block, 16)
    at, at_x, at_y = ctypes.byref(matrix), ctypes.byref(x), ctypes.byref(y)
    page_handle, text_handle = page.raw, textpage.raw
    found, character = bytearray(), 0
    for index, text in enumerate(texts):
        thing = raw.FPDFPage_GetObject(page_handle, index)
        raw.FPDFPageObj_GetBounds(thing, *box)
        raw.FPDFPageObj_GetMatrix(thing, at)
        raw.FPDFText_GetCharOrigin(text_handle, character, at_x, at_y)
        # The line is this object's own text only if both begin at one place.
        if abs(x.value - matrix.e) > _SAME_PLACE or abs(y.value - matrix.f) > _SAME_PLACE:
            return None
        found += block
        character += len(text) + len(_LINE_END)
    sides = np.frombuffer(found, np.float32).astype(np.float64).reshape(-1, 10).T
    left, bottom, right, top, *_, x_points, y_points = sides
    return _place_marks(texts, (x_points, y_points, left, top, right, bottom), page.get_height())


def _read_characters(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> Marks:
    # pdfium passes over text that it takes for the shadow of another, or for too thin to be read;
    # it is on paper, so that each such piece is read as a character that nobody's label has.
    handle, height = textpage.raw, page.get_height()
    marks = read_marks(textpage, height)
    pieces = [
        _find_address(raw.FPDFText_GetTextObject(handle, index))
        for index in range(textpage.count_chars())
        if raw.FPDFText_IsGenerated(handle, index) != 1
    ]
    read, boxes, box = set(pieces), [], [ctypes.c_float() for _ in range(4)]
    for index in range(raw.FPDFPage_CountObjects(page.raw)):
        thing = raw.FPDFPage_GetObject(page.raw, index)
        is_text = raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_TEXT
        if is_text and _find_address(thing) not in read:
            raw.FPDFPageObj_GetBounds(thing, *map(ctypes.byref, box))
            left, bottom, right, top = (side.value for side in box)
            boxes.append((left, bottom, left, top, right, bottom))
    unread = _place_marks([_UNREAD] * len(boxes), list(np.array(boxes).reshape(-1, 6).T), height)
    return Marks(
        marks.texts + unread.texts,
        np.concatenate((marks.places, unread.places)),
        pieces + list(range(len(boxes))),
    )


def _find_address(thing: Any) -> int:
    return ctypes.cast(thing, ctypes.c_void_p).value or 0


def _list_lines(textpage: pdfium.PdfTextPage) -> list[str]:
    length = textpage.count_chars()
    space = ctypes.create_string_buffer(4 * length + 2)  # a character has at most two halves
    letters = ctypes.cast(space, ctypes.POINTER(ctypes.c_ushort))
    written = raw.FPDFText_GetText(textpage.raw, 0, length, letters)
    text = space.raw[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")
    return text.split(_LINE_END) if text else []


def read_marks(textpage: pdfium.PdfTextPage, height: float) -> Marks:
    """Read every character of a page that is on the paper, glyph by glyph.

    Args:
        textpage: pdfium's text of the page.
        height: the page's height in points.

    Returns:
        The characters, without what pdfium adds of its own.
    """
    block = (ctypes.c_double * 6)()
    x, y, left, right, bottom, top = (
        ctypes.byref(ctypes.c_double.from_buffer(block, 8 * side)) for side in range(6)
    )
    handle = textpage.raw
    characters, found = [], bytearray()
    for index in range(textpage.count_chars()):
        # Line ends and spaces that pdfium makes up are not on the paper.
        if raw.FPDFText_IsGenerated(handle, index) == 1:
            continue
        character = chr(raw.FPDFText_GetUnicode(handle, index))
        if raw.FPDFText_IsHyphen(handle, index) == 1:
            character = "-"  # pdfium marks a hyphen at a line's end as a division of words
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        raw.FPDFText_GetCharBox(handle, index, left, right, bottom, top)
        characters.append(character)
        found += block
    sides = np.frombuffer(found, np.float64).reshape(-1, 6).T
    marks = _place_marks(characters, [sides[place] for place in (0, 1, 2, 5, 3, 4)], height)
    marks.places[[character.isspace() for character in characters], 2:] = np.nan
    return marks


def _place_marks(texts: list[str], sides: Sequence[FloatArray], height: float) -> Marks:
    x, y, left, top, right, bottom = sides
    across = np.column_stack((x, height - y, left, height - top, right, height - bottom))
    return Marks(texts, across * MM_PER_POINT)


def find_positions(x_mm: FloatArray, y_mm: FloatArray, sheet: Sheet) -> IntArray:
    """Find the cell in which each text begins: 1 to `sheet.per_page`, or 0 outside all cells."""
    across, down = x_mm - sheet.left_mm + _ROUNDING_MM, y_mm - sheet.top_mm + _ROUNDING_MM
    column, row = across // sheet.pitch_x_mm, down // sheet.pitch_y_mm
    inside = (
        (column >= 0)
        & (column < sheet.columns)
        & (row >= 0)
        & (row < sheet.rows)
        & (across - column * sheet.pitch_x_mm <= sheet.label_width_mm)
        & (down - row * sheet.pitch_y_mm <= sheet.label_height_mm)
    )
    return np.where(inside, row * sheet.columns + column + 1, OUTSIDE).astype(int)


def _join_cells(marks: Marks, page: IntArray, sheet: Sheet, pages: int) -> pd.DataFrame:
    texts, places = np.array(marks.texts, dtype=object), marks.places
    x_mm, y_mm = places[:, 0], np.round(places[:, 1], 1)
    position = find_positions(x_mm, places[:, 1], sheet)
    # The order on paper, not the order in the file: lines from the top, each from the left.
    order = np.lexsort((x_mm, y_mm, position, page))
    page, position, y_mm, ink = page[order], position[order], y_mm[order], places[order, 2:]
    piece = np.array(marks.pieces, dtype=np.uint64)[order]
    is_cell = np.ones(len(order), dtype=bool)
    is_cell[1:] = (np.diff(page) != 0) | (np.diff(position) != 0)
    is_line = is_cell.copy()
    is_line[1:] |= (np.diff(y_mm) != 0) | (piece[1:] != piece[:-1])
    parts = [
        "\n" + text if new else text
        for text, new in zip(texts[order], is_line & ~is_cell, strict=True)
    ]
    starts = np.flatnonzero(is_cell)
    ends = [*starts[1:], len(order)]
    lines = [
        _pair_halves("".join(parts[start:end])) for start, end in zip(starts, ends, strict=True)
    ]
    table = pd.DataFrame({"sheet_number": page[starts], "position": position[starts]})
    table["text"] = pd.Series([line.replace("\n", "") for line in lines], dtype=str)
    table["lines"] = pd.Series(lines, dtype=str)
    for place, (side, extreme) in enumerate(_INK.items()):
        table[side] = extreme.reduceat(ink[:, place], starts) if len(starts) else 0.0
    table["overlap_mm"] = _measure_overlaps(ink, is_line, is_cell) if len(starts) else 0.0
    blank = sorted(set(range(1, pages + 1)) - set(page[position == OUTSIDE].tolist()))
    margins = pd.DataFrame({"sheet_number": blank, "position": OUTSIDE, "text": "", "lines": ""})
    table = pd.concat([table, margins], ignore_index=True) if blank else table
    return table.sort_values(["sheet_number", "position"], kind="stable", ignore_index=True)


def _measure_overlaps(
    ink: FloatArray, is_line: npt.NDArray[np.bool_], is_cell: npt.NDArray[np.bool_]
) -> FloatArray:
    starts = np.flatnonzero(is_line)
    top, bottom = np.fmin.reduceat(ink[:, 1], starts), np.fmax.reduceat(ink[:, 3], starts)
    overlaps = np.zeros(len(starts))
    overlaps[1:] = np.fmax(0.0, bottom[:-1] - top[1:])
    is_first = is_cell[starts]
    overlaps[is_first] = 0.0
    return np.maximum.reduceat(overlaps, np.flatnonzero(is_first))


def _pair_halves(text: str) -> str:
    # On Windows pdfium hands out the two halves of a character beyond the basic plane one by one.
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
