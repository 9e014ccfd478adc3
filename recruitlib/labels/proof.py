"""Proof: the finished PDF is read back by another library and compared with the approved list.

Nothing here is taken from the modules that fitted and printed, apart from where the cells lie
and what the office set. What is compared is the delivered file itself, opened with its password, every label of it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Container, Sequence

import numpy as np
import pandas as pd

from recruitlib.base.errors import OutputError
from recruitlib.labels.reading import (
    OUTSIDE,
    FloatArray,
    IntArray,
    find_positions,
    open_document,
    read_marks,
)
from recruitlib.labels.sheets import (
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    Sheet,
    find_place,
    locate_cell,
)
from recruitlib.labels.wording import DEFAULT_WORDING, Wording

_CLIP_TOLERANCE_MM = 0.1
_INK = ["left_mm", "top_mm", "right_mm", "bottom_mm"]
_DIGITS = "0123456789０１２３４５６７８９"
_NUMBER_SIGNS = frozenset(_DIGITS + "-‐‑‒–—―─−－﹣〜～")
_KANJI_DIGITS = frozenset("〇一二三四五六七八九十百千")


def compare_labels(
    printed: pd.DataFrame,
    expected: pd.DataFrame,
    sheet: Sheet,
    wording: Wording = DEFAULT_WORDING,
    empty: Container[int] = (),
) -> pd.DataFrame:
    """Compare what was read back, cell by cell, with the approved recipients in print order.

    The comparison is exact, characters and variant selectors, with one exception: pdfium reads
    several half-width spaces in a row as one, so that they count as one on both sides.

    Args:
        printed: sheet_number, position, text, lines, from `read_cells`; margins are passed over.
        expected: postal_code, address, building, full_name of the approved list, in print order.
        sheet: the label sheet.
        wording: what the office set.
        empty: orders, from 0, of rows whose cells must be empty.

    Returns:
        sheet_number, position, reason in Japanese without a value; empty when all is equal.
    """
    fields = _list_expected_fields(expected, wording)
    printed = printed[printed["position"] != OUTSIDE]
    columns = (printed[name].tolist() for name in ("sheet_number", "position", "lines"))
    cells = {(number, position): lines for number, position, lines in zip(*columns, strict=True)}
    wrong = []
    for order, parts in enumerate(fields):
        if order in empty:
            continue
        place = find_place(sheet, order)
        lines = cells.pop(place, None)
        if lines != _merge_spaces("\n".join(parts)):
            wrong.append((place, parts, lines))
    approved = {_merge_spaces("".join(parts)) for parts in fields} if wrong or cells else set()
    found = [
        (*place, reason)
        for place, parts, lines in wrong
        if (reason := _judge_cell(lines, parts, approved))
    ]
    for place, lines in cells.items():
        again = _merge_spaces(lines.replace("\n", "")) in approved
        known = "（名簿の宛名がもう一度印刷されています）" if again else ""
        found.append((*place, f"名簿の件数より多い余分なラベルです{known}"))
    table = pd.DataFrame(found, columns=["sheet_number", "position", "reason"])
    table = table.astype({"sheet_number": int, "position": int, "reason": str})
    return table.sort_values(["sheet_number", "position"], kind="stable", ignore_index=True)


def write_expected(people: pd.DataFrame, wording: Wording) -> list[str]:
    """Write what each person's label must say, in the form in which it is read back.

    Args:
        people: postal_code, address, building, full_name.
        wording: what the office set.

    Returns:
        one text per row, runs of half-width spaces counted as one.
    """
    fields = _list_expected_fields(people, wording)
    return [_merge_spaces("".join(parts)) for parts in fields]


def _list_expected_fields(people: pd.DataFrame, wording: Wording) -> list[list[str]]:
    show_postal_code, honorific, return_line = wording
    ending = f"\u3000{honorific}" if honorific else ""
    codes = {text: _write_postal_code(text) for text in people["postal_code"].unique()}
    names = ("postal_code", "address", "building", "full_name")
    fields = []
    for code, address, building, name in zip(*(people[own].tolist() for own in names), strict=True):
        postal_code = codes[code] if show_postal_code else ""
        parts = [postal_code, address, building, name + ending, return_line]
        fields.append([part for part in parts if part.strip()])  # blanks alone are no print
    return fields


def _write_postal_code(text: str) -> str:
    digits = "".join([str(_DIGITS.index(sign) % 10) for sign in text if sign in _DIGITS])
    return f"〒{digits[:3]}-{digits[3:]}" if text else ""


def _merge_spaces(text: str) -> str:
    return re.sub(" +", " ", text) if "  " in text else text


def _judge_cell(lines: str | None, parts: Sequence[str], approved: Container[str]) -> str:
    if lines is None:
        return "ラベルが欠けています"
    text = _merge_spaces(lines.replace("\n", ""))
    if text != _merge_spaces("".join(parts)):
        if text in approved:
            return "名簿の別の行の宛名が印刷されています"
        return "承認された名簿と文字が違います"
    if not _keeps_apart(lines, parts):
        return "住所・方書・氏名の行が重なっています"
    ends, length = set(), 0
    for line in lines.split("\n")[:-1]:
        length += len(line)
        ends.add(length)
    borders = {len(_merge_spaces("".join(parts[:count]))) for count in range(1, len(parts))}
    whole = lines.replace("\n", "")
    if any(_divides_number(whole, end) for end in ends - borders):
        return "番号の途中で改行されています"
    return ""


def _keeps_apart(lines: str, parts: Sequence[str]) -> bool:
    # Each field begins on a line of its own.
    left = lines.split("\n")
    for part in parts:
        text = ""
        while left and _merge_spaces(text) != _merge_spaces(part):
            text += left.pop(0)
        if _merge_spaces(text) != _merge_spaces(part):
            return False
    return True


def _divides_number(text: str, place: int) -> bool:
    left, right = text[place - 1], text[place]
    if left in _KANJI_DIGITS and right in _KANJI_DIGITS:
        return True
    if left == "ー" and place > 1:
        left = text[place - 2]
    pair = {left, right}
    return bool(pair & set(_DIGITS)) and pair <= _NUMBER_SIGNS


def find_outside(cells: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    """Find cells of which a line's ink leaves the padded box, or the page, or meets another line's.

    Args:
        cells: from `read_cells`.
        sheet: the label sheet.

    Returns:
        sheet_number, position (0 in the margin), reason in Japanese; one row per cell concerned.
    """
    reasons = _judge_ink(cells["position"].to_numpy(), cells[_INK].to_numpy(), sheet)
    for place in np.flatnonzero(cells["overlap_mm"] > _CLIP_TOLERANCE_MM).tolist():
        reasons[place] = "行が重なっています"
    table = cells[["sheet_number", "position"]].assign(reason=pd.Series(reasons, dtype=str))
    return table[table["reason"] != ""].reset_index(drop=True)


def find_clipped(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    """Find glyphs whose ink leaves the padded box of their cell, or the page, each by itself.

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
            places = read_marks(textpage, page.get_height()).places
            positions = find_positions(places[:, 0], places[:, 1], sheet)
            reasons = _judge_ink(positions, places[:, 2:], sheet)
            for position, reason in zip(positions.tolist(), reasons, strict=True):
                if reason:
                    found.setdefault((number + 1, position), reason)
            textpage.close()
            page.close()
    rows = [(*place, reason) for place, reason in found.items()]
    table = pd.DataFrame(rows, columns=["sheet_number", "position", "reason"])
    return table.astype({"sheet_number": int, "position": int, "reason": str})


def _judge_ink(positions: IntArray, inks: FloatArray, sheet: Sheet) -> list[str]:
    # For each ink box why it must not be printed there; "" where it may, or where nothing is.
    rooms = np.array([_find_room(sheet, place) for place in range(sheet.per_page + 1)])[positions]
    outward = np.array([-1, -1, 1, 1])
    leaves = ((inks - rooms) * outward > _CLIP_TOLERANCE_MM).any(axis=1)
    reasons = np.where(leaves, "文字が印刷してよい範囲からはみ出しています", "").tolist()
    for place in np.flatnonzero((positions == OUTSIDE) & ~leaves).tolist():
        if _touches_labels(inks[place], sheet):
            reasons[place] = "余白の文字がラベルにかかっています"
    return reasons


def _find_room(sheet: Sheet, position: int) -> tuple[float, float, float, float]:
    if position == OUTSIDE:
        return 0.0, 0.0, PAGE_WIDTH_MM, PAGE_HEIGHT_MM
    left, top = locate_cell(sheet, position)
    return (
        left + sheet.padding_mm + sheet.inset_left_mm,
        top + sheet.padding_mm + sheet.inset_top_mm,
        left + sheet.label_width_mm - sheet.padding_mm,
        top + sheet.label_height_mm - sheet.padding_mm,
    )


def _touches_labels(ink: FloatArray, sheet: Sheet) -> bool:
    left_mm, top_mm, right_mm, bottom_mm = ink
    for position in range(1, sheet.per_page + 1):
        left, top = locate_cell(sheet, position)
        across = right_mm >= left and left_mm <= left + sheet.label_width_mm
        down = bottom_mm >= top and top_mm <= top + sheet.label_height_mm
        if across and down:
            return True
    return False


def find_strange_margins(cells: pd.DataFrame, margins: Sequence[str]) -> list[str]:
    """Find sheets of which the text outside the cells is not the margin line that they must bear.

    Args:
        cells: from `read_cells`.
        margins: the margin line of every sheet, in order; "" where nothing stands.

    Returns:
        Japanese sentences, without the text; empty when all margins are right.
    """
    printed = cells.loc[cells["position"] == OUTSIDE, "lines"].tolist()
    if len(printed) != len(margins):
        return [f"シートが {len(margins)} 枚ではなく {len(printed)} 枚あります"]
    pairs = zip(printed, margins, strict=True)
    strange = [
        str(number)
        for number, (text, margin) in enumerate(pairs, start=1)
        if text != _merge_spaces(margin)
    ]
    if not strange:
        return []
    more = f"ほか{len(strange) - 5}枚" if len(strange) > 5 else ""
    return [f"ラベルの外の文字が決められたものと違います（シート {'、'.join(strange[:5])}{more}）"]


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
                f"宛名シールのPDF: {page_number}ページはありません（全{len(document)}ページ）。"
            )
        picture = document[page_number - 1].render(scale=dpi / 72).to_pil()
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        return buffer.getvalue()
