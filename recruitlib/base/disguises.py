"""What a worksheet shows otherwise than it holds, so that a person read another thing than is read.

Cells are read by their values. A format, a colour, a hidden row or a second sheet may show something
else, and whoever filled the sheet in meant what he saw.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base.headers import name_column
from recruitlib.base.worksheets import has_values, name_sheet, open_workbook

_PLAIN = ("General", "@")
_LOWEST, _NARROWEST, _SMALLEST = 6, 1, 6  # a row's and a font's points, a column's signs
_HEIGHT, _SIZE = 15, 11  # of a row and a font that name none
_NEAREST = 64  # of 255: two colours whose parts all differ by less are not told apart
_BLACK, _WHITE = "000000", "FFFFFF"
_SYSTEM = {64: _BLACK, 65: _WHITE}
_THEME = {0: _WHITE, 1: _BLACK, 2: "EEECE1"}
# What the library drops or does not tell of is looked for in the parts of the file itself.
_PARTS = {
    re.compile(rb"[<:]conditionalFormatting\b"): "条件付き書式があります。すべて消してください。",
    re.compile(rb"[<:](?:oneCell|twoCell|absolute)Anchor\b"): "図形や画像があり、セルを覆うことがあります。消してください。",
    re.compile(rb"[<:](?:comment|threadedComment)\b"): "コメント（メモ）があり、読まれません。備考に書き、消してください。",
}  # fmt: skip


def list_disguises(
    path: Path, title: str, names: Sequence[str], known: Collection[str]
) -> list[str]:
    """List what of a workbook may show a person something else than what its values say.

    These are hidden or further sheets with values, hidden rows and columns, formats that show
    another text, letters struck through or hardly seen, and whatever covers or colours cells.

    Args:
        path: the workbook, which ``open_sheet`` has opened before.
        title: the sheet that is read.
        names: the columns that are read, from the first on.
        known: the titles of the sheets that may stand beside it.

    Returns:
        Japanese sentences by row and column, without a value.
    """
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        parts = [container.read(name) for name in container.namelist()]
    problems = [told for sign, told in _PARTS.items() if any(map(sign.search, parts))]
    book = open_workbook(content, path.name, rich_text=True)
    for sheet in book.worksheets:
        if sheet.title == title and sheet.sheet_state != "visible":
            problems.append(f"{name_sheet(sheet)}を読みますが、隠れています。表示してください。")
        elif sheet.title not in (title, *known) and has_values(sheet, path.name):
            problems.append(
                f"{name_sheet(sheet)}に値があり、読まれません。シートを消してください。"
            )
    sheet = book[title]
    problems += [
        f"{name_column(at)}列「{names[at]}」が隠れているか、狭すぎます。表示して、確かめてください。"
        for at in _list_unseen_columns(sheet)
        if at < len(names)
    ]
    for row in sheet.iter_rows(max_col=len(names)):
        cells = [cell for cell in row if cell.value is not None and str(cell.value).strip()]
        if cells and _is_unseen(sheet, cells[0].row):
            problems.append(
                f"{cells[0].row}行目が隠れているか、低すぎます。表示して、確かめてください。"
            )
        problems += [
            f"{cell.row}行目の{name_column(cell.column - 1)}列{why}"
            for cell in cells
            for why in _list_looks(cell)
        ]
    return problems


def _list_unseen_columns(sheet: Worksheet) -> list[int]:
    """List the positions of the columns that are hidden or too narrow to be read."""
    listed = {
        at: dimension.hidden or dimension.width < _NARROWEST
        for dimension in sheet.column_dimensions.values()
        for at in range((dimension.min or 1) - 1, min(dimension.max or 1, sheet.max_column))
    }
    width = sheet.sheet_format.defaultColWidth
    otherwise = width is not None and width < _NARROWEST
    return [at for at in range(sheet.max_column) if listed.get(at, otherwise)]


def _is_unseen(sheet: Worksheet, row: int) -> bool:
    """Say if a row is hidden or too low to be read."""
    own, usual = sheet.row_dimensions[row], sheet.sheet_format
    if own.hidden:
        return True
    if own.ht is not None:
        return bool(own.ht < _LOWEST)
    height = _HEIGHT if usual.defaultRowHeight is None else usual.defaultRowHeight
    return bool(usual.zeroHeight) or height < _LOWEST


def _list_looks(cell: Cell | MergedCell) -> list[str]:
    """Say how a cell looks other than it reads."""
    problems = []
    if cell.number_format not in _PLAIN:
        problems.append(
            "の表示形式が、標準でも文字列でもありません。文字列に直し、値を確かめてください。"
        )
    fill = cell.fill
    solid = fill.fill_type == "solid"
    ground = _find_colour(fill.fgColor if solid else None, _BLACK if solid else _WHITE)
    fonts: list[Any] = [cell.font]
    if isinstance(cell.value, CellRichText):
        fonts += [part.font for part in cell.value if isinstance(part, TextBlock)]
    if any(font.strike for font in fonts):
        problems.append("に取り消し線があります。消すか、書き直してください。")
    if any(
        _are_alike(_find_colour(font.color, _BLACK), ground)
        or (_SIZE if font.sz is None else font.sz) < _SMALLEST
        for font in fonts
    ):
        problems.append(
            "の文字が、背景と同じような色か小さすぎて見えません。書式を直し、値を確かめてください。"
        )
    return problems


def _find_colour(colour: Color | None, otherwise: str) -> list[float]:
    """Find the red, green and blue of a colour; those of ``otherwise`` where the file names none."""
    code = otherwise
    if colour is not None and colour.type == "rgb":
        code = str(colour.rgb)[-6:]
    elif colour is not None and colour.type == "indexed":
        named = dict(enumerate(COLOR_INDEX)) | _SYSTEM
        code = named.get(colour.indexed, otherwise)[-6:]
    elif colour is not None and colour.type == "theme":
        code = _THEME.get(colour.theme, otherwise)
    tint = colour.tint if colour is not None else 0
    parts = [int(code[at : at + 2], 16) for at in (0, 2, 4)]
    return [part + (255 - part) * tint if tint > 0 else part * (1 + tint) for part in parts]


def _are_alike(ink: list[float], ground: list[float]) -> bool:
    return max(abs(one - other) for one, other in zip(ink, ground, strict=True)) < _NEAREST
