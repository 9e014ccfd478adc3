"""Reading of .xlsx workbooks, which change what was typed into them.

A spreadsheet turns 8-1 into the first of August, shows a formula that nobody calculated, and lets
a merged cell stand for three people. Every row below the header ends in exactly one place: it is
read as it was meant, listed with its number and the reason, or counted as blank or a total.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base.cells import ANY, DAMAGE, DATE, NEVER_DATE, TEXT
from recruitlib.base.contents import find_misfits, join_reasons, list_quarantine
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.headers import (
    UNTOLD_MARK,
    HeaderPlan,
    find_header,
    fold_header,
    is_footer,
    join_choices,
    list_headers,
    name_column,
    read_mark,
)
from recruitlib.base.profiles import Profile
from recruitlib.base.tables import ReadTable, list_columns
from recruitlib.base.worksheets import Sheet, name_sheet, open_sheet, read_lines, remark_hidden

_HEADER_WITHIN = 10  # rows in which the header is looked for, besides the profile's titles
_MERGED = "セルが結合されています（結合を解いて、一行に一人を入力してください）"
_REPEATED = "見出しの行が繰り返されています（その行を削除してください）"
_TOTAL = "合計などの行が途中にあります（その行を削除してください）"
_HEADLESS = "列に、見出しがないのに値があります（列のずれを確かめてください）"


class _Row(NamedTuple):
    number: int
    texts: list[str]
    reasons: list[str]


def read_workbook(path: Path, profile: Profile, sheet: str | None = None) -> ReadTable:
    """Read the profile's columns of one sheet as text, and list the rows that cannot be read.

    The header is looked for in the first rows and may be two rows high. Dates become ISO text, a
    bare number of 5 digits in a date column is a day number by the workbook's own calendar,
    whole numbers have no ``.0``, zeros that the cell's format shows (0600000) are kept. Hidden
    rows and columns are read and remarked.

    Args:
        path: the .xlsx file.
        profile: the maker's profile.
        sheet: the sheet's name; None for the only visible one that is not empty.

    Returns:
        every row below the header up to the sheet's last row, by the sheet's row number: read,
        listed, blank, or a total.

    Raises:
        FormError: the file is no open workbook, the sheet is not clear, or a header is wrong.
        ParameterError: the profile contradicts itself.
    """
    picked, remarks = open_sheet(path, sheet)
    plan = _find_header(picked, profile)
    raise_problems(FormError, plan.problems, f"{path.name}の読み込み")
    below = _read_rows(picked, plan, profile)
    _mark_merged(picked.formulas, below, plan, profile)
    rows, blank, footers = _sort_rows(below, profile)
    columns = _name_columns(rows, plan, profile)
    reasons = _join_reasons(rows, columns, plan, profile)
    broken = [
        (row.number, why, _digest(row)) for row, why in zip(rows, reasons, strict=True) if why
    ]
    table = pd.DataFrame(
        {
            name: pd.Series(
                columns.get(name, [profile.fixed.get(name, "")] * len(rows)), dtype="str"
            )
            for name in list_columns(profile)
        }
    )
    table["source_row"] = pd.Series([row.number for row in rows], dtype="int64")
    filled = {at for row in below for at in plan.blanks if row.texts[at].strip()}
    high = "・".join(str(row) for row in range(plan.titles + 1, plan.rows + 1))
    return ReadTable(
        table[pd.Series(reasons, dtype="str") == ""].reset_index(drop=True),
        quarantine=list_quarantine(broken),
        rows_read=len(rows),
        encoding="xlsx",
        how_decoded=f"表計算ブックの{name_sheet(picked.formulas)}を、{high}行目の見出しで"
        "読みました。",
        headers=plan.headers,
        dropped=plan.dropped,
        absent=[name for name in list_columns(profile) if name not in {*columns, *profile.fixed}],
        surplus_columns=len(plan.blanks) - len(filled),
        blank_rows=blank,
        title_rows=plan.titles,
        footer_rows=footers,
        remarks=(*remarks, *remark_hidden(picked.formulas, plan.rows + 1)),
    )


def _find_header(sheet: Sheet, profile: Profile) -> HeaderPlan:
    """Find the row, or the two rows, that make the best header; the rows above are titles."""
    within = _HEADER_WITHIN + profile.title_rows
    lines = [line.texts for line in islice(read_lines(sheet, 1, {}), within + 1)]
    plan = find_header(lines, profile._replace(title_rows=within - 1))
    return _include_merged(sheet.formulas, plan, lines)


def _include_merged(sheet: Worksheet, plan: HeaderPlan, lines: list[list[str]]) -> HeaderPlan:
    """Count the empty rows that the header's cells are merged into; refuse one that is not empty.

    Where the row below has texts only under wide header cells, it is a part of the header.
    """
    heads = [
        merged for merged in sheet.merged_cells.ranges if plan.titles < merged.min_row <= plan.rows
    ]
    deepest = max((merged.max_row for merged in heads), default=0)
    rows = plan.rows
    while rows < min(deepest, len(lines)):
        filled = {at for at, text in enumerate(lines[rows], 1) if text.strip()}
        if filled:
            wide = {
                at
                for merged in heads
                if merged.min_col < merged.max_col
                for at in range(merged.min_col, merged.max_col + 1)
            }
            if filled <= wide:
                plan.problems.append(
                    f"見出しの下の段（{rows + 1}行目）に、対応表にない見出しがあります。"
                    "様式の対応表に加えるか、見出しを一行にしてください。"
                )
            break
        rows += 1
    return plan._replace(rows=rows)


def _read_rows(sheet: Sheet, plan: HeaderPlan, profile: Profile) -> list[_Row]:
    """Read the rows below the header, with what is wrong with the cells of each."""
    known = {fold_header(name) for name in list_headers(profile)}
    sorts = dict.fromkeys(plan.positions.values(), TEXT if profile.date_columns else ANY)
    for columns, sort in ((profile.date_columns, DATE), (profile.never_dates, NEVER_DATE)):
        sorts |= {plan.positions[name]: sort for name in columns if name in plan.positions}
    choices = {at: value for values in plan.options.values() for at, value in values.items()}
    sorts |= dict.fromkeys(choices, TEXT)
    places = {at: f"{name_column(at)}列「{plan.headers[at].strip()}」" for at in sorts}
    rows = []
    for number, texts, kinds in read_lines(sheet, plan.rows + 1, sorts):
        reasons = [places[at] + DAMAGE[kinds[at]] for at in sorted(sorts) if kinds[at]]
        reasons += [name_column(at) + _HEADLESS for at in plan.blanks if texts[at].strip()]
        reasons += [
            places[at] + UNTOLD_MARK
            for at, value in choices.items()
            if not kinds[at] and read_mark(value, plan.headers[at], texts[at]) is None
        ]
        folded = [fold_header(text) for text in texts if text.strip()]
        if len(folded) > 1 and known.issuperset(folded):
            reasons.append(_REPEATED)
        rows.append(_Row(number, texts, reasons))
    return rows


def _mark_merged(sheet: Worksheet, rows: list[_Row], plan: HeaderPlan, profile: Profile) -> None:
    """Mark every row that a merged cell touches.

    An empty row is touched by a person's cell only: that may stand for one more person there.
    """
    for merged in sheet.merged_cells.ranges:
        first, after = merged.min_row - plan.rows - 1, merged.max_row - plan.rows
        spreads = (
            first >= 0
            and bool(rows[first].texts[merged.min_col - 1].strip())
            and not is_footer(rows[first].texts, profile.footers)
        )
        for row in rows[max(first, 0) : max(after, 0)]:
            if _MERGED not in row.reasons and (spreads or not _is_blank(row)):
                row.reasons.append(_MERGED)


def _is_blank(row: _Row) -> bool:
    return not any(text.strip() for text in row.texts)


def _sort_rows(below: list[_Row], profile: Profile) -> tuple[list[_Row], int, int]:
    """Take out the blank rows and the totals at the end; give the others, and how many went."""
    filled = [row for row in below if row.reasons or not _is_blank(row)]
    rows = list(filled)
    while rows and is_footer(rows[-1].texts, profile.footers):
        rows.pop()
    for row in rows:
        if is_footer(row.texts, profile.footers):
            row.reasons.append(_TOTAL)
    return rows, len(below) - len(filled), len(filled) - len(rows)


def _name_columns(rows: list[_Row], plan: HeaderPlan, profile: Profile) -> dict[str, list[str]]:
    """Give the canonical columns that the file has."""
    columns: dict[str, list[str]] = {}
    for name in list_columns(profile):
        if name in plan.positions:
            columns[name] = [row.texts[plan.positions[name]] for row in rows]
        elif name in plan.options:
            columns[name] = [join_choices(plan, name, dict(enumerate(row.texts))) for row in rows]
    return columns


def _join_reasons(
    rows: list[_Row], columns: dict[str, list[str]], plan: HeaderPlan, profile: Profile
) -> list[str]:
    """Give all reasons why a row is not to be read as one text, "" where it is."""
    cells = pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})
    headers = {name: plan.headers[at].strip() for name, at in plan.positions.items()}
    misfits = join_reasons(find_misfits(cells, profile, headers), len(rows))
    return [
        "、".join([*row.reasons, *([why] if why else [])])
        for row, why in zip(rows, misfits, strict=True)
    ]


def _digest(row: _Row) -> str:
    """Digest a row as it stands, whatever empty columns are formatted behind it."""
    texts = "\x1f".join(row.texts).rstrip("\x1f")
    return hashlib.sha256(texts.encode()).hexdigest()
