"""Strict reading of .xlsx workbooks, which change what was typed into them.

A spreadsheet turns 8-1 into the first of August, shows a formula that nobody calculated, and lets
a merged cell stand for three people. All of that is named by row and column and refused.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pandas as pd
from openpyxl.cell.cell import ERROR_CODES, MergedCell
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base.delimited import LINE_BREAK
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.headers import HeaderPlan, is_footer, match_headers, name_column, name_rows
from recruitlib.base.tables import ReadTable

_LARGEST_FILE = 50_000_000  # bytes; a sheet of 100,000 applications has about ten million
_LARGEST_UNPACKED = 500_000_000  # bytes; more is a decompression bomb
_MOST_ROWS, _MOST_COLUMNS = 100_000, 500
_HEADER_WITHIN = 10  # rows in which the header is looked for
_MOST_DIGITS = 15  # a spreadsheet's number keeps no more
_OLE = b"\xd0\xcf\x11\xe0"  # an .xls file, or an .xlsx file with a password
_DAY_NUMBER = re.compile("[1-9][0-9]{4}")
_PROBLEMS = {
    "formula": "計算されていない数式があります。表計算で開いて計算し、保存し直してください。",
    "error": "エラー値（#REF! など）があります。正しい値を入力してください。",
    "date": "日付や時刻に変わった値があります（8-1と入力すると8月1日になります）。"
    "セルの書式を文字列にして入力し直してください。",
    "break": "改行があります。一行に直してください。",
    "digits": "15桁を超える数があり、末尾が失われています。書式を文字列にして入力してください。",
    "epoch": "日付かどうか分からない5桁の数があります。このブックは1904年から日を数える設定のため、"
    "日付は書式を日付にするか、文字列で入力し直してください。",
}


class _Sheet(NamedTuple):
    """One sheet twice: with its formulas, and with the results that were saved beside them."""

    formulas: Worksheet
    results: Worksheet
    epoch: datetime


def read_workbook(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    known: Collection[str] = (),
    required: Collection[str] = (),
    sheet: str | None = None,
    never_dates: Collection[str] = (),
    date_columns: Collection[str] = (),
) -> ReadTable:
    """Read the named columns of one sheet as text, or say all that is wrong with it.

    The header is the row within the first ten that knows most headers. Dates become ISO text,
    whole numbers have no ``.0``, zeros that the cell's format shows (0600000) are kept. Hidden
    rows are read and remarked.

    Args:
        path: the .xlsx file.
        columns: canonical name to the headers that it goes by.
        known: headers that may be there and are left out.
        required: canonical names that must be there.
        sheet: the sheet's name; None for the only visible one that is not empty.
        never_dates: canonical columns, such as the address, in which a date cell is damage.
        date_columns: canonical columns in which a bare number of 5 digits is a day number, read
            by the workbook's own calendar (1900 or 1904).

    Returns:
        one row per row below the header, ``source_row`` being the sheet's row number; blank rows
        at the end are left out and counted.

    Raises:
        FormError: the file, its headers, or a cell is not what it should be (formula without a
            result, error value, merged cells, date in ``never_dates``, line break, number beyond
            15 digits), a blank row in the middle, or a total below the last person.
        ParameterError: the columns contradict each other.
    """
    heading = f"{path.name}の読み込み"
    picked, remarks = _pick_sheet(_open_workbook(path), sheet, heading)
    width = picked.formulas.max_column
    header_row, headers, plan = _find_header(picked.formulas, columns, known, required, heading)
    last = _find_last_row(picked.formulas, header_row)
    problems = list(plan.problems)
    problems += _find_merged(picked.formulas, header_row)
    problems += _find_row_problems(picked.formulas, plan, range(header_row + 1, last + 1), width)
    found: dict[tuple[str, int], list[int]] = {}
    texts: dict[str, list[str]] = {name: [] for name in columns}
    sorts = dict.fromkeys(columns, "text" if date_columns else "any")
    sorts |= dict.fromkeys(date_columns, "date") | dict.fromkeys(never_dates, "never_date")
    for row in range(header_row + 1, last + 1):
        for name, position in plan.positions.items():
            text, kind = _read_cell(picked, row, position, sorts[name])
            texts[name].append(text)
            if kind:
                found.setdefault((kind, position), []).append(row)
    problems += [
        f"{name_column(position)}列「{headers[position].strip()}」の{name_rows(rows)}に"
        f"{_PROBLEMS[kind]}"
        for (kind, position), rows in found.items()
    ]
    raise_problems(FormError, problems, heading)
    count = last - header_row
    table = pd.DataFrame(
        {
            name: pd.Series(texts[name] if name in plan.positions else [""] * count, dtype="str")
            for name in columns
        }
    )
    table["source_row"] = pd.Series(range(header_row + 1, last + 1), dtype="int64")
    return ReadTable(
        table,
        rows_read=count,
        encoding="xlsx",
        how_decoded=f"表計算ブックのシート「{picked.formulas.title}」を{header_row}行目の見出しで"
        "読みました。",
        dropped=plan.dropped,
        absent=[name for name in columns if name not in plan.positions],
        surplus_columns=len(plan.blanks),
        blank_rows=picked.formulas.max_row - last,
        remarks=(*remarks, *_remark_hidden(picked.formulas, header_row, last)),
    )


def _open_workbook(path: Path) -> tuple[Workbook, Workbook]:
    """Open the file with its formulas and with their results, after a look at the container."""
    if path.stat().st_size > _LARGEST_FILE:
        raise FormError(f"{path.name}: 50MBを超えています。CSV（UTF-8）で出力し直してください。")
    content = path.read_bytes()
    if content.startswith(_OLE):
        raise FormError(
            f"{path.name}: パスワード付きか、古い形式（.xls）です。"
            "パスワードを外し、.xlsx形式で保存し直してください。"
        )
    try:
        _require_harmless(content, path.name)
        with warnings.catch_warnings():
            # A warning may quote a cell, and what it warns of is checked here.
            warnings.simplefilter("ignore")
            return (
                openpyxl.load_workbook(io.BytesIO(content)),
                openpyxl.load_workbook(io.BytesIO(content), data_only=True),
            )
    except FormError:
        raise
    except Exception:  # a broken file fails anywhere in the library, with values in its message
        raise FormError(
            f"{path.name}: 表計算ブック（.xlsx）として開けません。保存し直してください。"
        ) from None


def _require_harmless(content: bytes, name: str) -> None:
    """Refuse a container that unpacks to too much, or whose XML declares entities."""
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        parts = container.infolist()
        if sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
            raise FormError(f"{name}: 展開すると大きすぎるブックです。作成元に確かめてください。")
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            text = container.read(part)
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text[:100]:
                raise FormError(f"{name}: 通常のブックにない宣言があるため、開きません。")


def _pick_sheet(
    books: tuple[Workbook, Workbook], wanted: str | None, heading: str
) -> tuple[_Sheet, list[str]]:
    formulas, results = books
    filled = [
        sheet
        for sheet in formulas.worksheets
        if any(value is not None for row in _bound(sheet, heading).values for value in row)
    ]
    visible = [sheet for sheet in filled if sheet.sheet_state == "visible"]
    chosen = [sheet for sheet in filled if sheet.title == wanted] if wanted else visible
    if len(chosen) != 1:
        listed = "、".join(f"「{sheet.title}」" for sheet in visible) or "なし"
        raise FormError(
            f"{heading}: 読むシートが一つに決まりません（値のあるシート: {listed}）。"
            "シート名を指定するか、ほかのシートを消してください。"
        )
    others = len(filled) - 1
    remarks = [f"ほかに値のあるシートが{others}枚あり、読んでいません。"] if others else []
    title = chosen[0].title
    return _Sheet(chosen[0], results[title], formulas.epoch), remarks


def _bound(sheet: Worksheet, heading: str) -> Worksheet:
    if sheet.max_row > _MOST_ROWS or sheet.max_column > _MOST_COLUMNS:
        raise FormError(
            f"{heading}: シート「{sheet.title}」の範囲が大きすぎます"
            f"（上限{_MOST_ROWS}行、{_MOST_COLUMNS}列）。余分な書式を消すか、CSVで出力してください。"
        )
    return sheet


def _find_header(
    sheet: Worksheet,
    columns: Mapping[str, Sequence[str]],
    known: Collection[str],
    required: Collection[str],
    heading: str,
) -> tuple[int, list[str], HeaderPlan]:
    """Find the row that knows most headers; the rows above it are titles."""
    best: tuple[int, int, list[str], HeaderPlan] | None = None
    for row in range(1, min(sheet.max_row, _HEADER_WITHIN) + 1):
        headers = [_show(cell.value) for cell in sheet[row]]
        plan = match_headers(headers, columns, known, required)
        score = len(plan.positions) + len(plan.dropped)
        if best is None or score > best[0]:
            best = (score, row, headers, plan)
    if best is None or best[0] == 0:
        raise FormError(
            f"{heading}: 最初の{_HEADER_WITHIN}行に見出しの行が見つかりません。"
            "見出しと対応表を確かめてください。"
        )
    return best[1], best[2], best[3]


def _find_last_row(sheet: Worksheet, header_row: int) -> int:
    last = sheet.max_row
    while last > header_row and _is_blank(sheet, last):
        last -= 1
    return last


def _is_blank(sheet: Worksheet, row: int) -> bool:
    return all(not _show(cell.value).strip() for cell in sheet[row])


def _find_merged(sheet: Worksheet, header_row: int) -> list[str]:
    problems = []
    for merged in sheet.merged_cells.ranges:
        if merged.max_row <= header_row:
            continue
        place = f"{merged.min_row}行目{name_column(merged.min_col - 1)}列から{merged.max_row}行目"
        place += f"{name_column(merged.max_col - 1)}列まで"
        what = "見出しと次の行" if merged.min_row <= header_row else "データの行"
        problems.append(
            f"{what}のセルが結合されています（{place}）。結合を解いて、一行に一人を入力してください。"
        )
    return sorted(problems)


def _find_row_problems(sheet: Worksheet, plan: HeaderPlan, rows: range, width: int) -> list[str]:
    """Name blank rows in the middle, a total at the end, and values below no header."""
    problems = []
    if blank := [row for row in rows if _is_blank(sheet, row)]:
        problems.append(f"{name_rows(blank)}が空行です。途中の空行を消してください。")
    if rows and is_footer([_show(cell.value) for cell in sheet[rows[-1]]]):
        problems.append(f"{rows[-1]}行目は合計などの行です。削除して保存し直してください。")
    for position in (position for position in plan.blanks if position < width):
        cells = ((row, sheet.cell(row, position + 1).value) for row in rows)
        if filled := [row for row, value in cells if _show(value).strip()]:
            problems.append(
                f"見出しのない{name_column(position)}列に値があります（{name_rows(filled)}）。"
                "列のずれを確かめてください。"
            )
    return problems


def _read_cell(sheet: _Sheet, row: int, position: int, sort: str) -> tuple[str, str]:
    """Give the text of a cell and the kind of its problem, or "".

    ``sort`` is "date", "never_date", "text" where the date columns are named, or "any".
    """
    written = sheet.formulas.cell(row, position + 1)
    saved = sheet.results.cell(row, position + 1)
    if isinstance(written, MergedCell) or isinstance(saved, MergedCell):
        return "", ""  # named once, by its range
    value = saved.value
    if written.data_type == "f":
        # ="0012" is how some exports keep zeros; it needs no calculation.
        literal = re.fullmatch(r'="([^"]*)"', str(written.value))
        if value is None and literal:
            return literal[1], ""
        if value is None:
            return "", "formula"
    if saved.data_type == "e" or (isinstance(value, str) and value in ERROR_CODES):
        return "", "error"
    if isinstance(value, timedelta) or (sort == "never_date" and isinstance(value, date | time)):
        return "", "date"
    if isinstance(value, str) and re.search(LINE_BREAK, value):
        return "", "break"
    if not isinstance(value, int | float) or isinstance(value, bool):
        text = _show(value)
    elif abs(value) >= 10**_MOST_DIGITS:
        return "", "digits"
    else:
        text = _show_number(value, str(saved.number_format))
    if sort == "date" and isinstance(value, int | float) and _DAY_NUMBER.fullmatch(text):
        return _show(from_excel(int(text), sheet.epoch)), ""
    if sheet.epoch == CALENDAR_MAC_1904 and sort in ("date", "any") and _DAY_NUMBER.fullmatch(text):
        return "", "epoch"
    return text, ""


def _show(value: object) -> str:
    """Give a value as text: dates in ISO form, the time only where there is one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        # A time of day is a fraction of a day, so it comes with a rounding error.
        moment = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return moment.date().isoformat() if moment.time() == time(0) else moment.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _show_number(value: int | float, number_format: str) -> str:
    """Give a number as the cell shows it where the format is one of zeros, else plainly."""
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    shape = re.sub(r'[\\"]', "", number_format.rsplit(";", 1)[-1])
    if value < 0 or not re.fullmatch(r"0{2,}(?:-0+)*", shape):
        return digits
    if "-" in shape and len(digits) > shape.count("0"):
        return digits
    padded = digits.zfill(shape.count("0"))
    for position in (mark.start() for mark in re.finditer("-", shape)):
        padded = f"{padded[:position]}-{padded[position:]}"
    return padded


def _remark_hidden(sheet: Worksheet, header_row: int, last: int) -> list[str]:
    hidden = sum(
        1
        for row, dimension in sheet.row_dimensions.items()
        if dimension.hidden and header_row < row <= last
    )
    return [f"表示されていない行が{hidden}行あり、それも読みました。"] if hidden else []
