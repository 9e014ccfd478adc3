"""Strict reading of CSV files, and the canonical bytes of a table.

A file is read whole and right, or not at all: the encoding is proved, every record is as wide as
the header, no quote swallows the people between two lines, and only named columns are kept.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute
from pyarrow import csv as arrow_csv

from recruitlib.base.delimited import (
    LINE_BREAK,
    RecordScan,
    decode_bytes,
    decode_file,
    scan_records,
    split_record,
    swallows_lines,
)
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.headers import (
    HeaderPlan,
    fold_header,
    is_footer,
    match_headers,
    name_column,
    name_rows,
)

__all__ = [
    "ReadTable",
    "decode_file",
    "fold_header",
    "parse_table",
    "read_table",
    "write_table",
]

_SMALLEST_BLOCK = 1 << 24  # bytes that Arrow parses in one go; a record must fit in
_WRAPPED = '^="([^"]*)"$'  # how a spreadsheet's CSV keeps leading zeros: ="0012"
# The columns of our own tables that hold whole numbers; everything else is text.
INTEGER_COLUMNS = ("source_row", "place", "serial", "sheet", "position", "case", "choices")


class ReadTable(NamedTuple):
    """A table that was read whole, with what an officer wants to know about the reading.

    ``table`` holds text in the canonical columns, then ``source_row`` (int), the row as a
    spreadsheet shows it: the header of a CSV file is row 1. ``rows_read`` is its length.
    ``dropped`` are headers left out on purpose, ``absent`` canonical columns that the file does
    not have ("" in the table), ``surplus_columns`` columns without a header and without a value,
    ``blank_rows`` rows at the end without a value, ``remarks`` further Japanese sentences.
    """

    table: pd.DataFrame
    rows_read: int
    encoding: str
    how_decoded: str
    dropped: list[str]
    absent: list[str]
    surplus_columns: int = 0
    blank_rows: int = 0
    remarks: tuple[str, ...] = ()


def read_table(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    known: Collection[str] = (),
    required: Collection[str] = (),
) -> ReadTable:
    """Read the named columns of a CSV file as text, or say all that is wrong with it.

    Only named columns ever become a table. Cells are kept as they stand (leading zeros, NA,
    spaces); ="0012" alone is taken out of its wrapping. Surplus cells are accepted only when
    every row has the same number of them and all are empty.

    Args:
        path: the file, comma-separated, header in the first row.
        columns: canonical name to the headers that it goes by.
        known: headers that may be there and are left out.
        required: canonical names that must be there.

    Returns:
        one row per record below the header, blank ones at the end left out and counted.

    Raises:
        FormError: the encoding, a header, the width of a row, a quote, a line break in a kept
            column, a row without values in the middle, or a total below the last person.
        ParameterError: the columns contradict each other.
    """
    decoded = decode_bytes(path)
    heading = f"{path.name}の読み込み"
    content = decoded.content.rstrip(b"\r\n\x1a") + b"\n"
    if content == b"\n":
        raise FormError(f"{heading}: ファイルが空です。出力し直してください。")
    scan = scan_records(content)
    raise_problems(FormError, scan.problems, heading)
    headers = split_record(content, scan, 0)
    plan = match_headers(headers, columns, known, required)
    width, width_problems = _settle_width(content, scan)
    raise_problems(
        FormError, plan.problems + width_problems + _find_swallowed(content, scan, headers), heading
    )
    surplus = [*plan.blanks, *range(len(headers), width)]
    cells = _read_cells(content, scan, width, [*plan.positions.values(), *surplus], heading)
    blank, problems = _find_blank_rows(content, scan, cells)
    problems += _find_values(cells, surplus) + _find_line_breaks(cells, plan, headers)
    if (last := len(scan.ends) - 1 - blank) and is_footer(split_record(content, scan, last)):
        problems.append(f"{last + 1}行目は合計などの行です。削除して出力し直してください。")
    raise_problems(FormError, problems, heading)
    table = _shape_table(cells.slice(0, cells.num_rows - blank), plan, columns)
    return ReadTable(
        table,
        rows_read=len(table),
        encoding=decoded.encoding,
        how_decoded=decoded.how,
        dropped=plan.dropped,
        absent=[name for name in columns if name not in plan.positions],
        surplus_columns=len(surplus),
        blank_rows=blank,
    )


def write_table(table: pd.DataFrame) -> bytes:
    """Write a table as its canonical bytes: UTF-8, LF, every cell quoted, no index.

    Equal tables give equal bytes, so that a digest of them means something.

    Args:
        table: columns of text, of whole numbers, or of dates with None for no date.

    Returns:
        the bytes; ``parse_table`` gives the same table back.

    Raises:
        ValueError: a cell is missing or of another type, or the column names are not distinct
            texts. The message names the column only.
    """
    names = list(table.columns)
    if not names or len(set(names)) != len(names) or not all(isinstance(n, str) for n in names):
        raise ValueError("列名は、重ならない文字列を一つ以上にしてください。")
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(_write_column(name, table[name]) for name in names), strict=True))
    return written.getvalue().encode("utf-8")


def parse_table(
    content: bytes, integers: Collection[str] = INTEGER_COLUMNS, dates: Collection[str] = ()
) -> pd.DataFrame:
    """Give back the table that ``write_table`` wrote.

    Args:
        content: the canonical bytes.
        integers: columns that come back as whole numbers, where they are there.
        dates: columns that come back as dates, with None for no date.

    Returns:
        the table with a plain row index; all other columns are text.

    Raises:
        FormError: the bytes are not what ``write_table`` writes.
    """
    heading = "保存した表の読み込み"
    scan = scan_records(content if content.endswith(b"\n") else content + b"\n")
    raise_problems(FormError, scan.problems, heading)
    names = split_record(content, scan, 0)
    if not content.endswith(b"\n") or (scan.widths != len(names)).any():
        raise FormError(f"{heading}: 行の幅が見出しと違います。元の表から作り直してください。")
    cells = _read_cells(content, scan, len(names), range(len(names)), heading)
    table = cells.to_pandas()
    table.columns = pd.Index(names)
    for name in names:
        if name in integers:
            table[name] = table[name].astype("int64")
        elif name in dates:
            days = [date.fromisoformat(text) if text else None for text in table[name]]
            table[name] = pd.Series(days, dtype="object")
    return table


def _write_column(name: str, column: pd.Series[Any]) -> list[str]:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        return [str(number) for number in column.tolist()]
    values = column.tolist()
    if any(isinstance(value, date) for value in values) or (
        column.dtype == object and all(value is None for value in values)
    ):
        if all(value is None or type(value) is date for value in values):
            return [value.isoformat() if value else "" for value in values]
        raise ValueError(f"列「{name}」は日付だけにしてください。")
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"列「{name}」に文字列でない値か欠けた値があります。")
    return values


def _settle_width(content: bytes, scan: RecordScan) -> tuple[int, list[str]]:
    """Give the common width of all rows, or name the rows that differ from the header."""
    header, rows = int(scan.widths[0]), scan.widths[1:]
    if content.startswith(codecs.BOM_UTF8, int(scan.ends[0]) + 1):
        return header, ["2行目の先頭に印（BOM）があります。つなげたファイルを分けてください。"]
    if not len(rows) or (rows == header).all():
        return header, []
    if (rows == rows[0]).all() and rows[0] > header:
        return int(rows[0]), []
    problems = [
        f"{name_rows((wrong.nonzero()[0] + 2).tolist())}の列数が見出しの{header}列より{how}です。"
        "値の中のカンマや改行を確かめ、出力し直してください。"
        for wrong, how in ((rows < header, "少ない行"), (rows > header, "多い行"))
        if wrong.any()
    ]
    if is_footer(split_record(content, scan, len(rows))):
        problems.append(f"{len(rows) + 1}行目は合計などの行です。削除して出力し直してください。")
    return header, problems


def _find_swallowed(content: bytes, scan: RecordScan, headers: list[str]) -> list[str]:
    rows = [
        record + 1
        for record in scan.spanning
        if swallows_lines(split_record(content, scan, record), len(headers))
    ]
    if not rows:
        return []
    return [
        f"{name_rows(rows)}の引用符の中に、ほかの行が丸ごと入っている疑いがあります。"
        "余分な引用符を消して出力し直してください。"
    ]


def _read_cells(
    content: bytes, scan: RecordScan, width: int, positions: Sequence[int], heading: str
) -> pa.Table:
    """Read some columns of the records below the header; a column is named by its position."""
    names = [str(position) for position in range(width)]
    kept = [names[position] for position in positions]
    if len(scan.ends) == 1 or not kept:
        empty = pa.array([""] * (len(scan.ends) - 1), type=pa.string())
        return pa.table({name: empty for name in kept or ["none"]})
    refused: list[int] = []

    def refuse_row(row: arrow_csv.InvalidRow) -> str:
        refused.append(row.actual_columns)
        return "skip"

    longest = int((scan.ends[1:] - scan.ends[:-1]).max())
    try:
        cells = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(content).slice(int(scan.ends[0]) + 1)),
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=max(_SMALLEST_BLOCK, longest + 1)
            ),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse_row
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=kept,
                column_types={name: pa.string() for name in kept},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        # Arrow's own message quotes the row, which is a person.
        raise FormError(f"{heading}: 行の区切りを確かめられません。") from None
    if refused or cells.num_rows != len(scan.ends) - 1:
        raise FormError(f"{heading}: 二つの数え方で行数が合いません。出力し直してください。")
    return cells


def _find_blank_rows(content: bytes, scan: RecordScan, cells: pa.Table) -> tuple[int, list[str]]:
    """Count the rows without any value at the end, and name those in the middle."""
    empty = None
    for name in cells.column_names:
        column = arrow_compute.equal(arrow_compute.utf8_trim_whitespace(cells[name]), "")
        empty = column if empty is None else arrow_compute.and_(empty, column)
    candidates = arrow_compute.indices_nonzero(empty).to_pylist()
    blank = [
        index
        for index in candidates
        if not any(cell.strip() for cell in split_record(content, scan, index + 1))
    ]
    trailing = 0
    while blank and blank[-1] == cells.num_rows - 1 - trailing:
        blank.pop()
        trailing += 1
    if not blank:
        return trailing, []
    rows = name_rows([index + 2 for index in blank])
    return trailing, [f"{rows}が空行です。途中の空行を消して出力し直してください。"]


def _find_values(cells: pa.Table, surplus: Sequence[int]) -> list[str]:
    problems = []
    for position in surplus:
        filled = arrow_compute.not_equal(cells[str(position)], "")
        if rows := arrow_compute.indices_nonzero(filled).to_pylist():
            problems.append(
                f"見出しのない{name_column(position)}列に値があります"
                f"（{name_rows([row + 2 for row in rows])}）。列のずれを確かめてください。"
            )
    return problems


def _find_line_breaks(cells: pa.Table, plan: HeaderPlan, headers: Sequence[str]) -> list[str]:
    problems = []
    for position in plan.positions.values():
        broken = arrow_compute.match_substring_regex(cells[str(position)], LINE_BREAK)
        if rows := arrow_compute.indices_nonzero(broken).to_pylist():
            problems.append(
                f"{name_rows([row + 2 for row in rows])}の「{headers[position].strip()}」に"
                "改行があります。一行に直してください。"
            )
    return problems


def _shape_table(
    cells: pa.Table, plan: HeaderPlan, columns: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Name and order the columns, fill those that the file lacks, and number the rows."""
    shaped: dict[str, pd.Series[Any]] = {}
    for name in columns:
        if name not in plan.positions:
            shaped[name] = pd.Series([""] * cells.num_rows, dtype="str")
            continue
        column = cells[str(plan.positions[name])]
        if arrow_compute.any(arrow_compute.match_substring_regex(column, _WRAPPED)).as_py():
            column = arrow_compute.replace_substring_regex(column, _WRAPPED, r"\1")
        shaped[name] = column.to_pandas()
    shaped["source_row"] = pd.Series(range(2, cells.num_rows + 2), dtype="int64")
    return pd.DataFrame(shaped)
