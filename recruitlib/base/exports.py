"""Exports: workbooks with personal data that leave the encrypted folders for an officer's hands.

Each is logged in the run's record with a due date, and notebook 06 asks what became of it. The
form is public, so every cell may hold a formula; here none can become one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Font, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

import recruitlib
from recruitlib.base.audit import append_entry, find_latest, read_entries, write_atomically
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.run import RUN_NAME, find_last_day

# Plain letters only: the name goes into the record, which may hold no resident's name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.xlsx")
_BREAK = re.compile("[\t\n\r\v\f\x85\u2028\u2029]+")
# Control characters, what XML cannot hold, and the signs that turn the direction of writing.
_REMOVED = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# A spreadsheet reads _x003D_ as the sign with this number; its underscore is escaped in turn.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST = 16_000  # characters; a cell holds 32,767 units, and a rare sign takes two
_WIDEST = 40
# What the project holds itself: no file of an officer's goes there.
_OWN_FOLDERS = ("runs", "register", "notebooks", "params")
OUTSIDE = "実行記録・受付簿・道具のフォルダの外に書き出してください。"
ABOUT, OPTIONS = "注意", "選択肢"


class Form(NamedTuple):
    """What an officer fills in: the empty columns, and of each row what a column may hold."""

    columns: Sequence[str]
    options: Sequence[Mapping[str, Sequence[str]]]


def clean_text(text: str, longest: int = _LONGEST) -> str:
    """Clean a text for a cell: line breaks become spaces, control characters go, the rest is cut."""
    cleaned = _REMOVED.sub("", _BREAK.sub(" ", text))
    if len(cleaned) > longest:
        cleaned = f"{cleaned[:longest]}（以下略）"
    return _ESCAPE.sub("_x005F_", cleaned)


def clean_cell(text: str | tuple[str, ...]) -> str:
    """Clean what stands in a cell, a text or a tuple of lines, which share the longest text."""
    lines = (text,) if isinstance(text, str) else text
    return "\n".join(clean_text(line, _LONGEST // max(len(lines), 1)) for line in lines)


def render_workbook(
    table: pd.DataFrame, title: str, notes: Sequence[str], form: Form | None = None
) -> bytes:
    """Render a table as a workbook in which no cell is a formula, now or after an edit.

    Every cell is typed as text, formatted as text and marked as quoted, so that a spreadsheet does
    not calculate it when somebody edits the cell. The value itself stands without a prefix.

    Args:
        table: columns with Japanese names, cells of text, or of a tuple of lines.
        title: the sheet's name.
        notes: sentences for a second sheet: what this is, and when it has to be gone.
        form: what an officer fills in, by lists where there are any; all other cells are locked
            against slips (without a password), and so no row can be sorted away from its case.

    Returns:
        the .xlsx file; its properties name nobody.
    """
    book = Workbook()
    book.properties.creator = "recruitlib"
    sheet = book.worksheets[0]
    sheet.title = title
    _write_rows(sheet, [list(table.columns), *table.itertuples(index=False, name=None)])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for place, name in enumerate(table.columns, start=1):
        longest = max([len(str(name)), *map(_measure, table[name])])
        if form is not None and name in form.columns:
            offered = [len(word) for own in form.options for word in own.get(name, ())]
            longest = max([longest, *offered])
        sheet.column_dimensions[get_column_letter(place)].width = min(2 * longest + 2, _WIDEST)
    sheet.freeze_panes = "A2"
    about = book.create_sheet(ABOUT)
    _write_rows(about, [[note] for note in notes])
    about.column_dimensions["A"].width = 100
    if form is not None:
        _make_fillable(sheet, book.create_sheet(OPTIONS), list(table.columns), form)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        _MemoryWriter(book, archive).save()
    return content.getvalue()


class _MemoryWriter(ExcelWriter):
    """Writes a workbook without the plain temporary file that openpyxl makes of each sheet."""

    _archive: zipfile.ZipFile

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        content = io.BytesIO()
        writer: Any = WorksheetWriter(ws, content)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], content.getvalue())
        self.manifest.append(ws)


def _measure(cell: str | tuple[str, ...]) -> int:
    return len(cell) if isinstance(cell, str) else max(map(len, cell), default=0)


def _make_fillable(sheet: Worksheet, lists: Worksheet, columns: list[str], form: Form) -> None:
    """Unlock the columns to be filled in, each cell with a list of what it may hold."""
    places = {name: columns.index(name) + 1 for name in form.columns}
    offers: dict[tuple[str, ...], DataValidation] = {}
    for number, options in enumerate(form.options, start=2):
        for name, place in places.items():
            cell = sheet.cell(number, place)
            cell.protection = Protection(locked=False)
            offered = tuple(options.get(name, ()))
            if offered and offered not in offers:
                offers[offered] = _offer(lists, len(offers) + 1, offered)
                sheet.add_data_validation(offers[offered])
            if offered:
                offers[offered].add(cell)
    lists.sheet_state = "hidden"
    for own in (sheet, lists):
        own.protection.sheet = True
    # Whoever reads may widen a column or a row.
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = "1:1"


def _offer(lists: Worksheet, place: int, offered: Sequence[str]) -> DataValidation:
    # A list in the validation itself may have no more than 255 characters.
    for number, text in enumerate(offered, start=1):
        _write_cell(lists.cell(number, place), text)
    letter = get_column_letter(place)
    return DataValidation(
        type="list", formula1=f"'{OPTIONS}'!${letter}$1:${letter}${len(offered)}",
        allow_blank=True, showErrorMessage=True,
        errorTitle="選べません", error="一覧から選んでください。空のままにすると、まだ決めないことになります。",
    )  # fmt: skip


def _write_rows(sheet: Worksheet, rows: Sequence[Sequence[str | tuple[str, ...]]]) -> None:
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            _write_cell(sheet.cell(number, place), text)


def _write_cell(cell: Cell | MergedCell, text: str | tuple[str, ...]) -> None:
    cell.number_format = "@"
    cell.quotePrefix = True
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if cleaned := clean_cell(text):
        cell.value = cleaned
        cell.data_type = "s"  # last: the value set a type of its own


def list_own_folders(root: Path, *runs_folders: str) -> list[Path]:
    """List the folders of a project, and that of the package, in which no export may lie.

    Args:
        root: the project folder.
        runs_folders: the names of the folders of its runs.
    """
    own = [root / name for name in (*runs_folders, *_OWN_FOLDERS)]
    return [folder.resolve() for folder in (*own, Path(recruitlib.__file__).parent)]


def check_place(out: Path, root: Path, runs_folder: str, known: Mapping[str, Any]) -> list[str]:
    """Say why a workbook may not be written to a place.

    Args:
        out: where the officer wants it.
        root: the project folder.
        runs_folder: the name of the folder of the runs.
        known: the exports of this run so far, by name.
    """
    target = out.resolve()
    own = list_own_folders(root, runs_folder)
    problems = []
    if not _NAME.fullmatch(target.name):
        problems.append("--out: 名前は英数字と _ - だけにし、.xlsx で終えてください。")
    elif target.name.casefold() in {name.casefold() for name in known}:
        problems.append("--out: この名前では一度書き出しています。別の名前にしてください。")
    if any(target.is_relative_to(folder) for folder in own):
        problems.append(f"--out: {OUTSIDE}")
    elif not target.parent.is_dir():
        problems.append("--out: フォルダがありません。先に作ってください。")
    elif target.exists():
        problems.append("--out: 同じ名前のファイルがあります。上書きはしません。")
    return problems


def check_terms(by: str, due: str, today: date, retain_until: str) -> list[str]:
    """Say why an export may not be made on these terms: by nobody, or without a sensible due date.

    Args:
        by: who exports, by title.
        due: the day by which the workbook has to be gone.
        today: the day of work.
        retain_until: the last day on which what is exported may be kept.
    """
    problems = []
    if not 1 <= len(by.strip()) <= 40 or not by.isprintable():
        problems.append("--by: 書き出す人の職名を、40字以内で書いてください。")
    if not is_iso_date(due):
        problems.append("--due: 消去の期限は 2026-06-30 の形で書いてください。")
    elif due <= today.isoformat():
        problems.append("--due: 消去の期限は明日以後の日にしてください。")
    elif due > retain_until:
        problems.append("--due: 消去の期限が、保存期間の終わりより後です。")
    return problems


def read_exporting(folder: Path) -> tuple[Mapping[str, Any], date]:
    """Read what 01 froze of a run, and its day of work, for an export from it.

    Raises:
        ParameterError: the run is closed, so that nobody would ask what became of the workbook.
    """
    values, entries = read_yaml(folder / RUN_NAME)["01"], read_entries(folder)
    if find_latest(entries, "06", "completed"):
        raise ParameterError(
            "この実行は廃棄まで終わり、書き出しの消去を確かめられません。別の実行で書き出してください。"
        )
    return values, find_last_day(values, entries)


def write_export(folder: Path, out: Path, content: bytes, **facts: Any) -> None:
    """Log an export in the run's record by its plain name, and write it.

    It is logged first: a workbook that nobody knows of is worse than one that was never written.
    """
    append_entry(folder, "", "exported", file=out.name, **facts)
    write_atomically(out, content)


def list_exports(folder: Path) -> dict[str, Mapping[str, Any]]:
    """List the exports of a run by file name, with what was logged of each."""
    return {
        entry["facts"]["file"]: entry["facts"]
        for entry in read_entries(folder)
        if entry["event"] == "exported"
    }
