"""Exports: workbooks with personal data that leave the encrypted folders for an officer's hands.

Each is logged in the run's record with a due date, and notebook 06 asks what became of it. The
form is public, so every cell may hold a formula; here none can become one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

import recruitlib
from recruitlib.base.audit import append_entry, read_entries, write_atomically
from recruitlib.base.parameters import is_iso_date

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


def clean_text(text: str) -> str:
    """Clean a text for a cell: line breaks become spaces, control characters go."""
    cleaned = _REMOVED.sub("", _BREAK.sub(" ", text))
    if len(cleaned) > _LONGEST:
        cleaned = f"{cleaned[:_LONGEST]}（以下略）"
    return _ESCAPE.sub("_x005F_", cleaned)


def render_workbook(table: pd.DataFrame, title: str, notes: Sequence[str]) -> bytes:
    """Render a table as a workbook in which no cell is a formula, now or after an edit.

    Every cell is typed as text, formatted as text and marked as quoted, so that a spreadsheet does
    not calculate it when somebody edits the cell. The value itself stands without a prefix.

    Args:
        table: columns with Japanese names, cells of text.
        title: the sheet's name.
        notes: sentences for a second sheet: what this is, and when it has to be gone.

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
        longest = max([len(str(name)), *table[name].str.len()]) if len(table) else len(str(name))
        sheet.column_dimensions[get_column_letter(place)].width = min(2 * longest + 2, _WIDEST)
    sheet.freeze_panes = "A2"
    about = book.create_sheet("注意")
    _write_rows(about, [[note] for note in notes])
    about.column_dimensions["A"].width = 100
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _write_rows(sheet: Worksheet, rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.number_format = "@"
            cell.quotePrefix = True
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if cleaned := clean_text(text):
                cell.value = cleaned
                cell.data_type = "s"  # last: the value set a type of its own


def check_place(out: Path, root: Path, runs_folder: str, known: Mapping[str, Any]) -> list[str]:
    """Say why a workbook may not be written to a place.

    Args:
        out: where the officer wants it.
        root: the project folder.
        runs_folder: the name of the folder of the runs.
        known: the exports of this run so far, by name.
    """
    target = out.resolve()
    own = [root / name for name in (runs_folder, "runs", "register", "notebooks", "params")]
    own.append(Path(recruitlib.__file__).parent)
    problems = []
    if not _NAME.fullmatch(target.name):
        problems.append("--out: 名前は英数字と _ - だけにし、.xlsx で終えてください。")
    elif target.name.casefold() in {name.casefold() for name in known}:
        problems.append("--out: この名前では一度書き出しています。別の名前にしてください。")
    if any(target.is_relative_to(folder.resolve()) for folder in own):
        problems.append("--out: 実行記録・受付簿・道具のフォルダの外に書き出してください。")
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
