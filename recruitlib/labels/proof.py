"""Proof: the finished PDF is read back by another library and compared with the approved list.

Nothing here is taken from the modules that fitted and printed, apart from where the cells lie.
What is compared is the delivered file itself, opened with its password, every label of it.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd
import pypdfium2 as pdfium

from recruitlib.base.errors import OutputError
from recruitlib.labels.reading import (
    MM_PER_POINT,
    OUTSIDE,
    find_position,
    open_document,
    read_cells,
    read_marks,
)
from recruitlib.labels.sheets import (
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    Sheet,
    find_place,
    locate_cell,
)
from recruitlib.labels.structure import find_foreign_structure

_CLIP_TOLERANCE_MM = 0.1
_DIGITS = "0123456789０１２３４５６７８９"
_NUMBER_SIGNS = frozenset(_DIGITS + "-‐‑‒–—―─−－﹣〜～")
_KANJI_DIGITS = frozenset("〇一二三四五六七八九十百千")
DEFAULT_MARGIN_PATTERN = r"シート \d+/\d+ 通番 \d+-\d+"


def read_back(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    r"""Read what stands in each cell of each sheet of a label PDF.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password of an encrypted file.

    Returns:
        sheet_number, position (both from 1), text (the lines joined), lines (the lines with "\\n"
        between them); one row per cell that is not empty, in print order.

    Raises:
        OutputError: when the file cannot be opened.
    """
    rows = [
        (number, position, text.replace("\n", ""), text)
        for number, cells in read_cells(pdf, sheet, password)
        for position, text in sorted(cells.items())
        if position != OUTSIDE
    ]
    table = pd.DataFrame(rows, columns=["sheet_number", "position", "text", "lines"])
    return table.astype({"sheet_number": int, "position": int, "text": str, "lines": str})


def read_margins(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    r"""Read what stands outside all cells.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password of an encrypted file.

    Returns:
        sheet_number, text (lines separated by "\\n", "" where the margin is blank); one row per
        page.

    Raises:
        OutputError: when the file cannot be opened.
    """
    rows = [(number, cells.get(OUTSIDE, "")) for number, cells in read_cells(pdf, sheet, password)]
    table = pd.DataFrame(rows, columns=["sheet_number", "text"])
    return table.astype({"sheet_number": int, "text": str})


def compare_labels(
    printed: pd.DataFrame,
    expected: pd.DataFrame,
    sheet: Sheet,
    show_postal_code: bool = True,
) -> pd.DataFrame:
    """Compare what was read back, cell by cell, with the approved recipients in print order.

    The comparison is exact, characters and variant selectors, with one exception: pdfium reads
    several half-width spaces in a row as one, so that they count as one on both sides.

    Args:
        printed: sheet_number, position, text, lines, from `read_back`.
        expected: postal_code, address, building, full_name of the approved list, in print order.
        sheet: the label sheet.
        show_postal_code: whether the postal code is to be printed.

    Returns:
        sheet_number, position, reason in Japanese without a value; empty when all is equal.
    """
    fields = [
        _list_expected_fields(show_postal_code, *values)
        for values in zip(
            *(expected[name] for name in ("postal_code", "address", "building", "full_name")),
            strict=True,
        )
    ]
    approved = Counter(_merge_spaces("".join(parts)) for parts in fields)
    cells = {
        (number, position): (_merge_spaces(text), lines)
        for number, position, text, lines in zip(
            *(printed[name] for name in ("sheet_number", "position", "text", "lines")), strict=True
        )
    }
    found = []
    for order, parts in enumerate(fields):
        place = find_place(sheet, order)
        reason = _judge_cell(cells.pop(place, None), parts, approved)
        if reason:
            found.append((*place, reason))
    for place, (text, _) in cells.items():
        known = "（名簿の宛名がもう一度印刷されています）" if approved[text] else ""
        found.append((*place, f"名簿の件数より多い余分なラベルです{known}"))
    table = pd.DataFrame(found, columns=["sheet_number", "position", "reason"])
    table = table.astype({"sheet_number": int, "position": int, "reason": str})
    return table.sort_values(["sheet_number", "position"], kind="stable", ignore_index=True)


def write_expected(people: pd.DataFrame, show_postal_code: bool) -> list[str]:
    """Write what each person's label must say, in the form in which it is read back.

    Args:
        people: postal_code, address, building, full_name.
        show_postal_code: whether the postal code is to be printed.

    Returns:
        one text per row, runs of half-width spaces counted as one.
    """
    rows = people[["postal_code", "address", "building", "full_name"]].itertuples(index=False)
    return [_merge_spaces("".join(_list_expected_fields(show_postal_code, *row))) for row in rows]


def _list_expected_fields(
    show_postal_code: bool, postal_code: str, address: str, building: str, full_name: str
) -> list[str]:
    parts = [address, building, full_name + "\u3000様"]
    if show_postal_code and postal_code:
        digits = [str(_DIGITS.index(sign) % 10) for sign in postal_code if sign in _DIGITS]
        parts.insert(0, "〒" + "".join(digits[:3]) + "-" + "".join(digits[3:]))
    return parts


def _merge_spaces(text: str) -> str:
    return re.sub(" +", " ", text)


def _judge_cell(cell: tuple[str, str] | None, parts: Sequence[str], approved: Counter[str]) -> str:
    if cell is None:
        return "ラベルが欠けています"
    text, lines = cell
    if text != _merge_spaces("".join(parts)):
        if approved[text]:
            return "名簿の別の行の宛名が印刷されています"
        return "承認された名簿と文字が違います"
    ends, length = set(), 0
    for line in lines.split("\n")[:-1]:
        length += len(line)
        ends.add(length)
    borders = {len(_merge_spaces("".join(parts[:count]))) for count in range(1, len(parts))}
    whole = lines.replace("\n", "")
    if any(_divides_number(whole, end) for end in ends - borders):
        return "番号の途中で改行されています"
    return ""


def _divides_number(text: str, place: int) -> bool:
    left, right = text[place - 1], text[place]
    if left in _KANJI_DIGITS and right in _KANJI_DIGITS:
        return True
    if left == "ー" and place > 1:
        left = text[place - 2]
    pair = {left, right}
    return bool(pair & set(_DIGITS)) and pair <= _NUMBER_SIGNS


def find_clipped(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    """Find glyphs whose ink leaves the padded box of their cell, or the page.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password of an encrypted file.

    Returns:
        sheet_number, position (0 in the margin), reason in Japanese; one row per cell concerned.

    Raises:
        OutputError: when the file cannot be opened.
    """
    found: dict[tuple[int, int], str] = {}
    with open_document(pdf, password) as document:
        for number in range(len(document)):
            page = document[number]
            textpage = page.get_textpage()
            height = page.get_height()
            for mark in read_marks(textpage, height):
                position = find_position(mark, sheet)
                if chr(mark.character).isspace() or (number + 1, position) in found:
                    continue
                ink = _read_ink(textpage, mark.number, height)
                if not _lies_inside(ink, _find_room(sheet, position)):
                    found[number + 1, position] = "文字が印刷してよい範囲からはみ出しています"
                elif position == OUTSIDE and _touches_labels(ink, sheet):
                    found[number + 1, position] = "余白の文字がラベルにかかっています"
            textpage.close()
            page.close()
    rows = [(*place, reason) for place, reason in found.items()]
    table = pd.DataFrame(rows, columns=["sheet_number", "position", "reason"])
    return table.astype({"sheet_number": int, "position": int, "reason": str})


def _read_ink(
    textpage: pdfium.PdfTextPage, index: int, height: float
) -> tuple[float, float, float, float]:
    left, bottom, right, top = textpage.get_charbox(index)
    return (
        left * MM_PER_POINT,
        (height - top) * MM_PER_POINT,
        right * MM_PER_POINT,
        (height - bottom) * MM_PER_POINT,
    )


def _find_room(sheet: Sheet, position: int) -> tuple[float, float, float, float]:
    if position == OUTSIDE:
        return 0.0, 0.0, PAGE_WIDTH_MM, PAGE_HEIGHT_MM
    left, top = locate_cell(sheet, position)
    return (
        left + sheet.padding_mm,
        top + sheet.padding_mm,
        left + sheet.label_width_mm - sheet.padding_mm,
        top + sheet.label_height_mm - sheet.padding_mm,
    )


def _lies_inside(
    ink: tuple[float, float, float, float], room: tuple[float, float, float, float]
) -> bool:
    allowed = _CLIP_TOLERANCE_MM
    return (
        ink[0] >= room[0] - allowed
        and ink[1] >= room[1] - allowed
        and ink[2] <= room[2] + allowed
        and ink[3] <= room[3] + allowed
    )


def _touches_labels(ink: tuple[float, float, float, float], sheet: Sheet) -> bool:
    for position in range(1, sheet.per_page + 1):
        left, top = locate_cell(sheet, position)
        beside = ink[2] < left or ink[0] > left + sheet.label_width_mm
        apart = ink[3] < top or ink[1] > top + sheet.label_height_mm
        if not (beside or apart):
            return True
    return False


def find_extra_items(
    pdf: bytes,
    sheet: Sheet,
    password: str = "",
    margin_pattern: str = DEFAULT_MARGIN_PATTERN,
) -> list[str]:
    """Find whatever a label PDF holds beside the labels: nothing else may leave the office.

    Looked for are properties, XMP, attachments, notes, scripts, forms, bookmarks, pictures and
    drawings, earlier versions kept in the file, fonts that are not embedded, and text outside
    the cells that is not the margin line.

    Args:
        pdf: the file's bytes.
        sheet: the label sheet that it was made for.
        password: the print password of an encrypted file.
        margin_pattern: regular expression of the whole margin text of a page; "" for no text.

    Returns:
        One Japanese sentence per kind of thing found, without its content; empty when clean.

    Raises:
        OutputError: when the file cannot be opened.
    """
    margins = read_margins(pdf, sheet, password)
    strange = [
        str(number)
        for number, text in zip(margins["sheet_number"], margins["text"], strict=True)
        if not re.fullmatch(margin_pattern, text)
    ]
    found = find_foreign_structure(pdf, password)
    if strange:
        more = f"ほか{len(strange) - 5}枚" if len(strange) > 5 else ""
        found.append(
            "ラベルの外に決められたもの以外の文字があります"
            f"（シート {'、'.join(strange[:5])}{more}）"
        )
    return found


def render_page(pdf: bytes, page_number: int, dpi: int = 100, password: str = "") -> bytes:
    """Draw one page as a picture for a person to look at.

    Args:
        pdf: the file's bytes.
        page_number: from 1.
        dpi: dots per inch.
        password: the print password of an encrypted file.

    Returns:
        A PNG file's bytes. It shows personal data: it belongs on a screen, not in a file.

    Raises:
        OutputError: when the file cannot be opened or has no such page.
    """
    with open_document(pdf, password) as document:
        if not 1 <= page_number <= len(document):
            raise OutputError(
                f"宛名ラベルのPDF: {page_number}ページはありません（全{len(document)}ページ）。"
            )
        picture = document[page_number - 1].render(scale=dpi / 72).to_pil()
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        return buffer.getvalue()
