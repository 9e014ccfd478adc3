"""What the rows of a file hold, taken piece by piece: counts, row numbers and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.cells import DAMAGE
from recruitlib.base.contents import find_misfits, join_reasons
from recruitlib.base.delimited import Broken
from recruitlib.base.encodings import Proof
from recruitlib.base.errors import FormError
from recruitlib.base.headers import HeaderPlan, is_footer, join_choices, name_column
from recruitlib.base.profiles import Profile
from recruitlib.base.rows import Shape
from recruitlib.base.tables import Opened, Piece, map_pieces
from recruitlib.base.workbooks import read_workbook
from recruitlib.base.worksheets import Line
from recruitlib.inspection.column_facts import Facts, merge_facts, take_facts
from recruitlib.inspection.layouts import Layout
from recruitlib.inspection.outlines import Outline
from recruitlib.registry.history import History, take_history

TOTALS = ("合計", "総計", "小計", "総件数", "合計件数", "件数", "計")
_LISTED = 10
_HISTORY = ("addressee_id", "history_number", "history_branch", "latest_flag")


class Codes(NamedTuple):
    """The rows by code of one column, and those whose code is not in the profile's table."""

    counts: Counter[str]
    unknown: int
    rows: tuple[int, ...]


class Sounding(NamedTuple):
    """What the rows below the header are: read or broken, blank or totals, and what they hold.

    ``facts`` is by position, ``codes`` by canonical column (by the near profile only).
    """

    rows: int
    broken: list[Broken]
    blank: int
    footers: int
    facts: dict[int, Facts]
    codes: dict[str, Codes]
    history: list[History]
    problems: tuple[str, ...] = ()


class _Part(NamedTuple):
    rows: int
    broken: list[Broken]
    facts: dict[int, Facts]
    codes: dict[str, Codes]
    history: History | None


def sound_text(
    path: Path, proof: Proof, outline: Outline, layout: Layout, drafting: bool
) -> Sounding:
    """Look at every row of a text file, in memory that does not grow with it.

    Columns that must never be read are not parsed; other cells are held for the time of a piece.
    """
    profile = _name_positions(layout, outline.delimiter)
    positions = {_name(at): at for at in layout.taken}
    blanks = [at for at, header in enumerate(layout.headers) if layout.rows and not header.strip()]
    plan = HeaderPlan(positions, {}, layout.headers, [], blanks, [], layout.titles, layout.rows)
    width = len(layout.headers)
    below = [record for record in outline.records[layout.rows :] if any(map(str.strip, record))]
    surplus = max(min((len(record) for record in below[:3]), default=width) - width, 0)
    if any(cell.strip() for record in below[:3] for cell in record[width:]):
        surplus = 0
    shape = Shape(outline.delimiter, width, surplus, profile.footers)
    skip = outline.ends[layout.rows - 1] if layout.rows else 0
    opened = Opened(path, profile, proof, plan, shape, skip)
    cache: dict[str, str] = {}
    blank = footers = 0
    parts = []

    def work(piece: Piece) -> tuple[_Part, int, int]:
        part = _take_part(piece.cells, piece.broken, layout, cache, drafting)
        return part, piece.blank, piece.footers

    for part, empty, totals in map_pieces(opened, work):
        parts.append(part)
        blank, footers = blank + empty, footers + totals
    return _join_parts(parts, blank, footers, layout)


def sound_lines(
    path: Path, sheet: str, lines: Sequence[Line], layout: Layout, drafting: bool
) -> Sounding:
    """Look at every row of a worksheet, by the reader itself where a profile is near enough."""
    below = list(lines[layout.rows :])
    filled = [line for line in below if any(text.strip() for text in line.texts)]
    people = list(filled)
    while people and is_footer(people[-1].texts, TOTALS):
        people.pop()
    cells = pa.table(
        {
            **{
                _name(at): pa.chunked_array(
                    [pa.array([line.texts[at] for line in people], pa.string())]
                )
                for at in layout.taken
            },
            "source_row": pa.array([line.number for line in people], pa.int64()),
        }
    )
    part = _take_part(cells, [], layout, {}, drafting)
    blank, footers = len(below) - len(filled), len(filled) - len(people)
    broken = part.broken + _list_damage(people, layout)
    problems: tuple[str, ...] = ()
    if layout.near is not None:
        try:
            source = read_workbook(path, _stretch(layout.near.profile, layout), sheet)
            rows = source.quarantine.itertuples(index=False)
            broken = [Broken(row.source_row, row.reason, "") for row in rows]
        except FormError as fault:
            problems = (str(fault),)
    sounding = _join_parts([part], blank, footers, layout)
    return sounding._replace(broken=broken, rows=len(people), problems=problems)


def _name(position: int) -> str:
    return f"#{position}"


def _name_positions(layout: Layout, delimiter: str) -> Profile:
    """Make a profile that keeps the columns that are looked at, whatever they hold."""
    footers = {*TOTALS, *(layout.near.profile.footers if layout.near else ())}
    columns: dict[str, tuple[str, ...]] = {_name(at): () for at in layout.taken}
    return Profile(
        "", "", columns, (), (), {}, {}, delimiter=delimiter, footers=tuple(sorted(footers))
    )


def _stretch(profile: Profile, layout: Layout) -> Profile:
    """Let a profile pass over the headers that it does not know and those that are missing."""
    found = {*layout.near.plan.positions, *layout.near.plan.options} if layout.near else {}
    return profile._replace(
        known=(*profile.known, *(header for header in layout.headers if header.strip())),
        required=tuple(name for name in profile.required if name in found),
        headers=(), title_rows=max(profile.title_rows, layout.titles),
        footers=(*profile.footers, *TOTALS),
    )  # fmt: skip


def _list_damage(lines: Iterable[Line], layout: Layout) -> list[Broken]:
    return [
        Broken(line.number, f"{name_column(at)}列{DAMAGE[line.kinds[at]]}", "")
        for line in lines
        for at in layout.taken
        if line.kinds[at]
    ]


def _take_part(
    cells: pa.Table, broken: list[Broken], layout: Layout, cache: dict[str, str], drafting: bool
) -> _Part:
    """Take from some rows what is counted."""
    rows = cells["source_row"].to_numpy()
    length = cells.num_rows
    facts = {
        at: take_facts(cells[_name(at)], layout.sorts[at], rows, cache, drafting)
        for at in layout.taken
    }
    named = _name_columns(cells, layout)
    codes: dict[str, Codes] = {}
    whole = named
    if layout.near is not None:
        profile = layout.near.profile
        shown = {
            name: layout.shown[at] or f"{name_column(at)}列" for name, at in layout.meanings.items()
        }
        reasons = join_reasons(find_misfits(named, profile, shown), named.num_rows)
        wrong = reasons != ""
        broken = broken + [
            Broken(int(row), reason, "")
            for row, reason in zip(rows[wrong], reasons[wrong], strict=True)
        ]
        whole = named.filter(pa.array(~wrong))
        length = whole.num_rows
        codes = {
            name: _count_codes(named[name], profile.codes[name], named["source_row"])
            for name in profile.codes
            if name in named.column_names
        }
    return _Part(length, broken, facts, codes, _take_history(whole, layout))


def _name_columns(cells: pa.Table, layout: Layout) -> pa.Table:
    """Give the columns by canonical name, those with one column for each choice joined."""
    columns = {name: cells[_name(at)] for name, at in layout.meanings.items()}
    if layout.near is None:
        return pa.table({**columns, "source_row": cells["source_row"]})
    plan = layout.near.plan
    for name, values in plan.options.items():
        rows = zip(*(cells[_name(at)].to_pylist() for at in values), strict=True)
        joined = [join_choices(plan, name, dict(zip(values, row, strict=True))) for row in rows]
        columns[name] = pa.chunked_array([pa.array(joined, pa.string())])
    return pa.table({**columns, "source_row": cells["source_row"]})


def _count_codes(
    column: pa.ChunkedArray, meanings: Mapping[str, str], rows: pa.ChunkedArray
) -> Codes:
    """Count the codes of a profile's table; any other code may be a person's value."""
    known = arrow_compute.is_in(column, value_set=pa.array(list(meanings), pa.string()))
    counted = arrow_compute.value_counts(column.filter(known)).to_pylist()
    counts = Counter({item["values"]: item["counts"] for item in counted})
    other = rows.filter(arrow_compute.invert(known)).to_numpy()
    return Codes(counts, len(other), tuple(other[: _LISTED + 1].tolist()))


def _take_history(named: pa.Table, layout: Layout) -> History | None:
    """Take what says which record of a person is the latest; a number that is none counts as 0."""
    if layout.holds != "registry" or "addressee_id" not in named.column_names:
        return None
    columns = {}
    for name in _HISTORY:
        column = named[name] if name in named.column_names else None
        if column is None:
            column = pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), named.num_rows)])
        if name.startswith("history"):
            digits = "^[0-9]{1,4}$" if name == "history_branch" else "^[0-9]{1,12}$"
            fits = arrow_compute.match_substring_regex(column, digits)
            column = arrow_compute.if_else(fits, column, "0")
        columns[name] = column
    taken = pa.table({**columns, "source_row": named["source_row"]})
    return take_history(taken.filter(arrow_compute.not_equal(taken["addressee_id"], "")))


def _join_parts(parts: Sequence[_Part], blank: int, footers: int, layout: Layout) -> Sounding:
    broken = [row for part in parts for row in part.broken]
    names = list(dict.fromkeys(name for part in parts for name in part.codes))
    codes = {name: _join_codes([part.codes[name] for part in parts]) for name in names}
    facts = {at: merge_facts([part.facts[at] for part in parts]) for at in layout.taken}
    history = [part.history for part in parts if part.history is not None]
    rows = sum(part.rows for part in parts) + len(broken)
    return Sounding(rows, broken, blank, footers, facts, codes, history)


def _join_codes(parts: Sequence[Codes]) -> Codes:
    counts = sum((part.counts for part in parts), Counter[str]())
    rows = tuple(row for part in parts for row in part.rows)[: _LISTED + 1]
    return Codes(counts, sum(part.unknown for part in parts), rows)


def count_latest(history: Sequence[History], is_latest: np.ndarray) -> tuple[int, int, int]:
    """Count people: all, those with two latest records, and those without one.

    Args:
        history: the rows of the file, piece by piece.
        is_latest: of each row whether a rule says that it is the latest.
    """
    chunks = [chunk for part in history for chunk in part.ids.chunks]
    people = pa.chunked_array(chunks, pa.string()).combine_chunks().dictionary_encode()
    indices = people.indices.to_numpy()
    held = np.bincount(indices[is_latest], minlength=len(people.dictionary))
    return len(held), int((held > 1).sum()), int((held == 0).sum())
