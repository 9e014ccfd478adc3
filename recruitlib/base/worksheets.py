"""The worksheets of an .xlsx file: opened after a look at the container, and read row by row."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base.cells import TEXT, Book, read_cell
from recruitlib.base.containers import MOST_CELLS, read_container, tell_broken
from recruitlib.base.errors import FormError

_MOST_ROWS, _MOST_COLUMNS = 100_000, 500


class Sheet(NamedTuple):
    """One sheet twice: with its formulas, and with the results that were saved beside them."""

    formulas: Worksheet
    results: Worksheet
    book: Book


class Line(NamedTuple):
    """One row of a sheet: its number, the text of each cell, and the kind of its damage or ""."""

    number: int
    texts: list[str]
    kinds: list[str]


def open_sheet(path: Path, wanted: str | None) -> tuple[Sheet, list[str]]:
    """Open a workbook and pick the sheet to be read.

    Args:
        path: the .xlsx file; it is not held open.
        wanted: the sheet's name; None for the only visible one that is not empty.

    Returns:
        the sheet, and Japanese remarks on the sheets that are not read.

    Raises:
        FormError: the file is no open workbook, is too large, or the sheet is not clear: another
            one that has values, hidden or not, may hold people.
    """
    content, recalculates = read_container(path)
    formulas = open_workbook(content, path.name)
    filled = [sheet for sheet in formulas.worksheets if has_values(sheet, path.name)]
    chosen = [sheet for sheet in filled if sheet.title == wanted] if wanted else filled
    listed = "、".join(map(name_sheet, filled)) or "なし"
    if len(chosen) > 1:
        raise FormError(
            f"{path.name}: ほかのシートに値があります（値のあるシート: {listed}）。"
            "ほかのシートを消すか、別のファイルに分けてください。"
        )
    if not chosen or (not wanted and chosen[0].sheet_state != "visible"):
        raise FormError(
            f"{path.name}: 読むシートが一つに決まりません（値のあるシート: {listed}）。"
            "値のあるシートを一つ、表示したままにして保存し直してください。"
        )
    results = picked = chosen[0]
    if any(cell.data_type == "f" for row in picked.iter_rows() for cell in row):
        results = open_workbook(content, path.name, data_only=True)[picked.title]
    others = len(filled) - 1
    remarks = [f"ほかに値のあるシートが{others}枚あり、読んでいません。"] if others else []
    return Sheet(picked, results, Book(formulas.epoch, recalculates)), remarks


def open_workbook(content: bytes, name: str, **reading: bool) -> Workbook:
    """Open what ``open_sheet`` has looked at, and tell nothing of the library's warnings and errors.

    Raises:
        FormError: it is no workbook.
    """
    try:
        with warnings.catch_warnings():
            # A warning may quote a cell, and what it warns of is checked here.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(io.BytesIO(content), **reading)
    except Exception:  # a broken file fails anywhere in the library, with values in its message
        raise tell_broken(name) from None


def read_lines(sheet: Sheet, first: int, sorts: Mapping[int, str]) -> Iterator[Line]:
    """Read the rows of a sheet.

    Args:
        sheet: the sheet.
        first: the row to begin with; 1 is the sheet's first.
        sorts: what the column at a position holds (see ``read_cell``); other text where not told.

    Returns:
        one line for each row from ``first`` to the sheet's last, blank ones included.
    """
    written = sheet.formulas.iter_rows(min_row=first)
    saved = sheet.results.iter_rows(min_row=first)
    for number, pair in enumerate(zip(written, saved, strict=True), first):
        cells = [
            read_cell(formula, result, sorts.get(at, TEXT), sheet.book)
            for at, (formula, result) in enumerate(zip(*pair, strict=True))
        ]
        yield Line(number, [text for text, _ in cells], [kind for _, kind in cells])


def has_values(sheet: Worksheet, name: str) -> bool:
    """Say if a sheet holds a value; one that is too large to be looked through is refused."""
    rows, columns = sheet.max_row, sheet.max_column
    if rows > _MOST_ROWS or columns > _MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise FormError(
            f"{name}: {name_sheet(sheet)}の範囲が大きすぎます（上限{_MOST_ROWS:,}行、"
            f"{_MOST_COLUMNS}列、{MOST_CELLS:,}セル）。余分な書式を消すか、CSVで出力してください。"
        )
    return any(value is not None and str(value).strip() for row in sheet.values for value in row)


def name_sheet(sheet: Worksheet) -> str:
    """Name a sheet by its place in the workbook: its title may be a person's name."""
    hidden = "" if sheet.sheet_state == "visible" else "（非表示）"
    place = sheet.parent.index(sheet) + 1 if sheet.parent else 1
    return f"{place}枚目のシート{hidden}"


def remark_hidden(sheet: Worksheet, first: int) -> list[str]:
    """Say how many rows from ``first`` on, and how many columns, are hidden and read all the same."""
    rows = sum(
        dimension.hidden and first <= row <= sheet.max_row
        for row, dimension in sheet.row_dimensions.items()
    )
    columns = {
        at
        for dimension in sheet.column_dimensions.values()
        if dimension.hidden
        for at in range(dimension.min or 1, min(dimension.max or 1, sheet.max_column) + 1)
    }
    found = (("行", rows), ("列", len(columns)))
    return [
        f"表示されていない{what}が{count}{what}あり、それも読みました。"
        for what, count in found
        if count
    ]
