"""Strict reading of CSV files, and the canonical bytes of a table.

Every row of a file ends in exactly one place: it is read and right, or it is listed with its
number and the reason. Nothing is guessed, shifted or turned into a missing value, and only named
columns ever become a table.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count, islice
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute
from pyarrow import csv as arrow_csv

from recruitlib.base.columns import holds_digits, join_chunks, lay_out
from recruitlib.base.contents import Misfit, find_days, find_misfits, join_reasons, list_quarantine
from recruitlib.base.delimited import Block, Broken, iterate_blocks, mend_block, read_head
from recruitlib.base.encodings import Proof, prove_encoding
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.headers import (
    UNTOLD_MARK,
    HeaderPlan,
    find_header,
    is_footer,
    join_choices,
    name_rows,
    read_mark,
)
from recruitlib.base.profiles import Profile
from recruitlib.base.quoting import scan_records, split_record
from recruitlib.base.rows import Shape

T = TypeVar("T")
_REPEATED = "見出しと同じ行です（つなげたファイルは分けてください）"
_HEAD = 12  # rows looked at below the titles
_BLOCK = 1 << 19  # bytes that Arrow parses in one go: what a processor has at hand
_FREED = 8  # pieces after which a worker gives back the memory that Arrow has set by
_WORKERS = min(os.cpu_count() or 1, 4)
_WRAPPED = '^="([^"]*)"$'  # how a spreadsheet's CSV keeps leading zeros: ="0012"
# More rows than this that cannot be read, and more of them than one in twenty, are another layout.
_MOST_BROKEN, _MOST_BROKEN_SHARE = 20, 0.05
_MOST_KEPT = 250_000  # such rows at any share; each is held until the end for the list of them
# The columns of our own tables that hold whole numbers; everything else is text.
INTEGER_COLUMNS = (
    "source_row",
    "place",
    "serial",
    "replaces",
    "sheet",
    "position",
    "case",
    "choices",
    "agreeing",
)


class ReadTable(NamedTuple):
    """A table as read, and the rows of the file that are not in it.

    ``table`` holds text in the canonical columns of the profile ("" where the file has none), then
    ``source_row`` (int), the row as a spreadsheet shows it: a plain header is row 1.
    ``quarantine`` lists what could not be read: source_row, reason, and the SHA-256 of the row.
    ``rows_read`` is the length of both. Rows of the file = ``title_rows`` + header + ``rows_read`` +
    ``blank_rows`` + ``footer_rows``.
    """

    table: pd.DataFrame
    quarantine: pd.DataFrame
    rows_read: int
    encoding: str
    how_decoded: str
    headers: list[str]
    dropped: list[str]
    absent: list[str]
    surplus_columns: int = 0
    blank_rows: int = 0
    title_rows: int = 0
    footer_rows: int = 0
    remarks: tuple[str, ...] = ()


class Opened(NamedTuple):
    """A CSV file whose encoding and headers are known, ready to be read piece by piece."""

    path: Path
    profile: Profile
    proof: Proof
    plan: HeaderPlan
    shape: Shape
    head_lines: int


class Piece(NamedTuple):
    """Some rows of a file: those read, as text columns with ``source_row``, and those not."""

    cells: pa.Table
    broken: list[Broken]
    blank: int
    footers: int


def read_headers(path: Path, profile: Profile) -> list[str]:
    """Give the headers of a CSV file as they stand, whether the profile knows them or not."""
    proof = prove_encoding(path, profile.encodings)
    records, _ = read_head(path, proof, profile.delimiter, profile.title_rows + 2)
    return find_header(records, profile).headers


def open_table(path: Path, profile: Profile) -> Opened:
    """Decide the encoding of a CSV file and find its header.

    Raises:
        FormError: the encoding or a header is not what the profile says; all problems at once.
    """
    proof = prove_encoding(path, profile.encodings)
    records, ends = read_head(path, proof, profile.delimiter, profile.title_rows + _HEAD)
    plan = find_header(records, profile)
    problems = list(plan.problems)
    below = records[plan.rows :]
    if below and below[0][0].startswith(codecs.BOM_UTF8.decode()):
        problems.append("2行目の先頭に印（BOM）があります。つなげたファイルを分けてください。")
    if not problems and not plan.positions and not plan.options:
        problems.append("読む列の見出しが一つもありません。様式を確かめてください。")
    raise_problems(FormError, problems, f"{path.name}の読み込み")
    people = [record for record in below if not is_footer(record, profile.footers)]
    width, surplus = _measure_rows(people, plan)
    plan = plan._replace(blanks=[position for position in plan.blanks if position < width])
    shape = Shape(profile.delimiter, width, surplus, profile.footers)
    return Opened(path, profile, proof, plan, shape, ends[plan.rows - 1])


def _measure_rows(records: list[list[str]], plan: HeaderPlan) -> tuple[int, int]:
    """Measure the columns and the empty cells behind them: a comma at each line's end.

    Most rows must have them: in one row alone nobody can tell them from a comma too many in its
    middle. A comma at the end of the header that most rows do not have makes no column.
    """
    filled = [record for record in records if any(cell.strip() for cell in record)]
    width, last = len(plan.headers), max(_list_named(plan.headers), default=-1) + 1
    usual, held = Counter(map(len, filled)).most_common(1)[0] if filled else (width, 0)
    if held < 2 or 2 * held <= len(filled):
        return width, 0
    behind = [record[width:] for record in filled if len(record) == usual]
    empty = sum(not any(cell.strip() for cell in cells) for cells in behind)
    if usual > width and 2 * empty > len(behind):
        return width, usual - width
    return (last if usual == last else width), 0


def _list_named(headers: list[str]) -> list[int]:
    return [position for position, header in enumerate(headers) if header.strip()]


def map_pieces(opened: Opened, work: Callable[[Piece], T]) -> list[T]:
    """Read an opened file piece by piece, in memory that grows only with what is given back.

    Args:
        opened: the file.
        work: what to do with each piece; called in threads, since Arrow lets go of Python's lock.

    Returns:
        the results in the order of the file. Every row below the header is in exactly one place of
        exactly one piece.

    Raises:
        FormError: more rows cannot be read than a list can hold.
    """
    blocks = iterate_blocks(
        opened.path, opened.proof, opened.shape, opened.head_lines, opened.plan.rows
    )
    turn, results = Lock(), dict[int, T]()
    numbers, kept = count(), 0

    def work_through() -> None:
        nonlocal kept
        for done in count(1):
            with turn:
                number, held = next(numbers), [*islice(blocks, 1)]
            if not held:
                return
            try:
                # Nobody else holds the block, so that its memory is free as soon as it is parsed.
                piece = _read_piece(opened, held.pop())
                with turn:
                    kept += len(piece.broken)
                if kept > _MOST_KEPT:
                    raise FormError(
                        f"{opened.path.name}の読み込み: 読めない行が{_MOST_KEPT:,}行を超えました。"
                        "様式と区切りを確かめ、出力し直してください。"
                    )
                results[number] = work(piece)
                if done % _FREED == 0:
                    pa.default_memory_pool().release_unused()
            except BaseException:
                with turn:
                    blocks.close()
                raise

    with ThreadPoolExecutor(_WORKERS) as pool:
        workers = [pool.submit(work_through) for _ in range(_WORKERS)]
    for worker in workers:
        worker.result()
    return [results[number] for number in sorted(results)]


def read_table(path: Path, profile: Profile) -> ReadTable:
    """Read the profile's columns of a CSV file as text, and list the rows that cannot be read.

    Cells are kept as they stand (leading zeros, NA, spaces); ="0012" alone is taken out of its
    wrapping. A row is listed where its width, its quoting, or the form or code of a cell is not
    what it should be.

    Args:
        path: the file.
        profile: the maker's profile.

    Returns:
        every row below the header: read, listed, blank, or a total.

    Raises:
        FormError: the encoding or the headers are wrong, or so many rows that the whole must be.
        ParameterError: the profile contradicts itself.
    """
    opened = open_table(path, profile)
    pieces = map_pieces(opened, lambda piece: piece)
    table = pa.concat_tables([piece.cells for piece in pieces]).to_pandas()
    quarantine = list_quarantine(row for piece in pieces for row in piece.broken)
    require_few_broken(quarantine, len(table) + len(quarantine), path.name)
    return describe_reading(opened, pieces)._replace(
        table=table, quarantine=quarantine, rows_read=len(table) + len(quarantine)
    )


def describe_reading(opened: Opened, pieces: list[Piece]) -> ReadTable:
    """Describe how a file was read, without its rows."""
    plan, profile = opened.plan, opened.profile
    columns = list_columns(profile)
    found = {*plan.positions, *plan.options, *profile.fixed}
    return ReadTable(
        table=pd.DataFrame(),
        quarantine=list_quarantine([]),
        rows_read=0,
        encoding=opened.proof.encoding,
        how_decoded=opened.proof.how,
        headers=plan.headers,
        dropped=plan.dropped,
        absent=[name for name in columns if name not in found],
        surplus_columns=len(plan.blanks) + opened.shape.surplus,
        blank_rows=sum(piece.blank for piece in pieces),
        title_rows=plan.titles,
        footer_rows=sum(piece.footers for piece in pieces),
    )


def require_few_broken(quarantine: pd.DataFrame, rows_read: int, name: str) -> None:
    """Refuse a file of which so many rows cannot be read that it is not of this layout.

    Raises:
        FormError: names the reasons with their rows.
    """
    if len(quarantine) <= max(_MOST_BROKEN, _MOST_BROKEN_SHARE * rows_read):
        return
    problems = [
        f"{reason}（{name_rows(rows['source_row'].tolist())}）。"
        for reason, rows in quarantine.groupby("reason", sort=False)
    ][:20]
    problems.append("読めない行が多すぎます。様式と、列のずれを確かめて出力し直してください。")
    raise_problems(FormError, problems, f"{name}の読み込み")


def list_columns(profile: Profile) -> list[str]:
    """List the canonical columns of a profile."""
    return list(dict.fromkeys([*profile.columns, *profile.options, *profile.fixed]))


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
    scan = scan_records(content)
    names = split_record(content, scan, 0) if scan.sound and content.endswith(b"\n") else []
    shape = Shape(",", len(names), 0, ())
    rows = np.arange(len(scan.ends) - 1, dtype=np.int64)
    cells = None
    if names and (scan.widths == len(names)).all():
        body = Block(content[int(scan.ends[0]) + 1 :], rows, True, [], 0, 0)
        cells = _parse_block(body, shape, list(range(len(names))), check_utf8=True)
    if cells is None:
        raise FormError(
            "保存した表の読み込み: 行の幅か引用符が正しくありません。元の表から作り直してください。"
        )
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


def _read_piece(opened: Opened, block: Block) -> Piece:
    """Parse a block and set aside the rows whose cells are not what their columns promise."""
    plan, profile = opened.plan, opened.profile
    empty = [*plan.blanks, *range(opened.shape.width, opened.shape.width + opened.shape.surplus)]
    options = [position for choices in plan.options.values() for position in choices]
    positions = [*plan.positions.values(), *options, *empty]
    parsed = _parse_block(block, opened.shape, positions)
    if not block.mended and (parsed is None or _has_blank_row(parsed)):
        block = mend_block(block, opened.shape)
        parsed = _parse_block(block, opened.shape, positions)
    if parsed is None:
        # Arrow's own message quotes the row, which is a person.
        raise FormError(
            f"{opened.path.name}の読み込み: 行の区切りを確かめられません。出力し直してください。"
        )
    block = block._replace(content=b"")
    cells = _name_columns(parsed, plan, profile, block)
    headers = {name: plan.headers[at].strip() for name, at in plan.positions.items()}
    present = cells.select([*plan.positions, *plan.options])
    misfits = find_misfits(present, profile, headers) + find_days(present, profile, headers)
    misfits += _find_untold_marks(parsed, plan)
    misfits += _find_repeated_header(parsed, plan)
    filled = [_is_filled(parsed[str(position)]) for position in empty]
    misfits += [Misfit("見出しのない列に値があります", rows) for rows in filled if rows.any()]
    broken = list(block.broken)
    if misfits:
        reasons = join_reasons(misfits, cells.num_rows)
        wrong = reasons != ""
        held = cells.filter(pa.array(wrong))
        digests = digest_rows(held.drop_columns("source_row"))
        rows = held["source_row"].to_pylist()
        broken += map(Broken._make, zip(rows, reasons[wrong], digests, strict=True))
        cells = cells.filter(pa.array(~wrong))
    return Piece(cells, broken, block.blank, block.footers)


def _find_repeated_header(parsed: pa.Table, plan: HeaderPlan) -> list[Misfit]:
    """Find rows that say what the header says: a file was put behind another one."""
    # A byte order mark may stand in front of the first cell.
    positions = [at for at in plan.positions.values() if at > 0] or [*plan.positions.values()]
    rows = np.full(parsed.num_rows, bool(positions))
    for position in positions:
        same = arrow_compute.equal(parsed[str(position)], plan.headers[position])
        rows &= np.asarray(same.to_numpy(), dtype=bool)
        if not rows.any():
            return []
    return [Misfit(_REPEATED, rows)]


def digest_rows(cells: pa.Table) -> list[str]:
    """Digest each row of a table of text, to be keyed before it is stored."""
    return [
        hashlib.sha256("\x1f".join(row.values()).encode()).hexdigest() for row in cells.to_pylist()
    ]


def _parse_block(
    block: Block, shape: Shape, positions: list[int], check_utf8: bool = False
) -> pa.Table | None:
    """Parse some columns of a block; a column is named by its position.

    Args:
        block: records as UTF-8 text.
        shape: how they are written.
        positions: the columns.
        check_utf8: look whether it is UTF-8, which of a proved file is known.

    Returns:
        the cells, or nothing where a row has another width than the header.
    """
    width = shape.width + shape.surplus
    names = [str(position) for position in range(width)]
    kept = [names[position] for position in positions] or names[:1]
    content = block.content
    if content[:3] == codecs.BOM_UTF8:
        content = codecs.BOM_UTF8 + content  # Arrow takes one off, which here is text
    if not len(block.rows):
        return pa.table({name: pa.array([], pa.string()) for name in kept})
    refused: list[int] = []  # a row that is refused is refused in blocks of any size

    def refuse_row(row: arrow_csv.InvalidRow) -> str:
        refused.append(row.actual_columns)
        return "skip"

    for size in (_BLOCK, len(content) + 1):
        try:
            cells = arrow_csv.read_csv(
                pa.BufferReader(content),
                # Pieces are read side by side, so that none of them needs threads of its own.
                read_options=arrow_csv.ReadOptions(
                    column_names=names, block_size=size, use_threads=False
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=shape.delimiter,
                    quote_char='"' if block.quoted else False,
                    newlines_in_values=block.quoted,
                    ignore_empty_lines=False,
                    invalid_row_handler=refuse_row,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=kept,
                    column_types={name: pa.string() for name in kept},
                    strings_can_be_null=False,
                    check_utf8=check_utf8,
                ),
            )
        except pa.ArrowInvalid:
            continue  # a record longer than a block, or rows that cannot be told apart
        if refused or cells.num_rows != len(block.rows):
            return None
        return cells.combine_chunks()
    return None


def _is_filled(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    trimmed = arrow_compute.utf8_trim_whitespace(column)
    return np.asarray(arrow_compute.not_equal(trimmed, "").to_numpy(), dtype=bool)


def _has_blank_row(cells: pa.Table) -> bool:
    """Whether a row has no value in any kept column; it may be blank as a whole."""
    blank = None
    # Most files have a column of numbers that is never empty, so that one look is enough.
    if any(
        holds_digits(layout) and layout.lengths.min(initial=1)
        for layout in (lay_out(join_chunks(column)) for column in cells.columns)
    ):
        return False
    for column in cells.columns:
        empty = ~_is_filled(column)
        blank = empty if blank is None else blank & empty
        if not blank.any():
            return False
    return blank is not None


def _name_columns(parsed: pa.Table, plan: HeaderPlan, profile: Profile, block: Block) -> pa.Table:
    """Name and order the columns, join options, and fill in what the file does not have."""
    columns: dict[str, Any] = {}
    for name in list_columns(profile):
        if name in plan.positions:
            column = parsed[str(plan.positions[name])]
            columns[name] = _unwrap(column) if block.quoted else column
        elif name in plan.options:
            columns[name] = _join_options(parsed, plan, name)
        else:
            filling = profile.fixed.get(name, "")
            columns[name] = pa.repeat(pa.scalar(filling, pa.string()), len(block.rows))
    return pa.table({**columns, "source_row": pa.array(block.rows, pa.int64())})


def _unwrap(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if arrow_compute.any(arrow_compute.starts_with(column, '="')).as_py():
        return arrow_compute.replace_substring_regex(column, _WRAPPED, r"\1")
    return column


def _join_options(parsed: pa.Table, plan: HeaderPlan, name: str) -> pa.Array:
    places = list(plan.options[name])
    rows = zip(*(parsed[str(at)].to_pylist() for at in places), strict=True)
    texts = [join_choices(plan, name, dict(zip(places, row, strict=True))) for row in rows]
    return pa.array(texts, pa.string())


def _find_untold_marks(parsed: pa.Table, plan: HeaderPlan) -> list[Misfit]:
    """Find the cells of a choice that neither mark it nor leave it out."""
    found = []
    for choices in plan.options.values():
        for at, value in choices.items():
            header, column = plan.headers[at], parsed[str(at)]
            untold = [
                text
                for text in column.unique().to_pylist()
                if read_mark(value, header, text) is None
            ]
            if untold:
                marked = arrow_compute.is_in(column, value_set=pa.array(untold, pa.string()))
                rows = np.asarray(marked.to_numpy(), dtype=bool)
                found.append(Misfit(f"「{header.strip()}」{UNTOLD_MARK}", rows))
    return found
