"""Coverage: what the fonts of a run print, and which rows of any table can become labels."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from recruitlib.base.audit import write_atomically
from recruitlib.base.encodings import decode_file
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.profiles import read_profile
from recruitlib.base.quoting import swallows_lines, take_record
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import (
    COLUMN_NAMES,
    PRINTED_COLUMNS,
    LabelFont,
    choose_font,
    find_unprintable,
    list_printed,
    split_clusters,
)
from recruitlib.labels.sheets import Sheet
from recruitlib.registry.cohort import read_ranges, select_cohort
from recruitlib.registry.extract import read_extract

CHECK_COLUMNS = ("id", "full_name", "postal_code", "address", "building")
_WIDTH = "列の数が見出しと違います"
_QUOTING = "引用符の位置が不正で、行を読めません"


class Coverage(NamedTuple):
    """What a font chain prints of some people's labels.

    ``held`` and ``chosen`` say for each font how many of the ``clusters`` (a character with its
    variant selector, each counted once; 様 is one) it holds, and how many of the ``strings`` it is chosen
    for. ``missing`` is as `find_unprintable` gives it.
    """

    people: int
    clusters: int
    strings: int
    held: list[int]
    chosen: list[int]
    missing: pd.DataFrame


def read_cohort(root: Path, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Read the cohort of a run's registry extract, before anybody is excluded.

    Raises:
        FormError: the extract is not what its profile says.
    """
    extract = read_extract(
        root / parameters["registry_file"],
        read_profile(root / parameters["registry_profile"]),
        read_ranges(parameters),
        keep=lambda cells: np.zeros(cells.num_rows, dtype=bool),
    )
    return select_cohort(extract.records, {})


def measure_coverage(people: pd.DataFrame, font_chain: Sequence[LabelFont]) -> Coverage:
    """Measure how far a font chain prints the labels of some people.

    Args:
        people: source_row, full_name, postal_code, address, building.
        font_chain: fonts in order of preference.

    Returns:
        the coverage; ``missing`` is empty when every string is printed by one font.
    """
    strings = [text for column in PRINTED_COLUMNS for text in list_printed(people, column) if text]
    clusters = {cluster for text in set(strings) for cluster in split_clusters(text)}
    fonts = {text: choose_font(text, font_chain) for text in set(strings)}
    return Coverage(
        len(people),
        len(clusters),
        len(strings),
        [sum(map(bool, map(font.find_glyph, clusters))) for font in font_chain],
        [sum(fonts[text] is font for text in strings) for font in font_chain],
        find_unprintable(people, font_chain),
    )


def describe_coverage(coverage: Coverage, font_chain: Sequence[LabelFont]) -> list[str]:
    """Describe a coverage in Japanese lines without a name: fonts, figures, rows, code points."""
    lines = [
        f"対象者 {coverage.people:,}人、文字列 {coverage.strings:,}、字 {coverage.clusters:,}種類",
        "書体（上にあるものから。一つの文字列は、全部の字を持つ最初の書体だけで印刷します）:",
    ]
    for place, font in enumerate(font_chain):
        kind = "、標準の書体" if place == len(font_chain) - 1 else ""
        lines.append(
            f"  {place + 1}. {font.name}（{font.path.name}{kind}）: "
            f"字 {coverage.held[place]:,} / {coverage.clusters:,}種類、"
            f"この書体で印刷する文字列 {coverage.chosen[place]:,}"
        )
    if coverage.missing.empty:
        return [*lines, "印刷できない字: なし"]
    lines.append(f"印刷できない字: {len(coverage.missing):,}か所")
    lines += [
        f"  {row.source_row}行目の{COLUMN_NAMES[row.column]}: {row.code_points}（{row.reason}）"
        for row in coverage.missing.itertuples()
    ]
    return lines


def read_labels(path: Path) -> pd.DataFrame:
    """Read a table of labels to be judged: every row of the file, right or not.

    Args:
        path: a CSV file with the columns `CHECK_COLUMNS`; others are not read.

    Returns:
        source_row (the record's number; the header is 1), `CHECK_COLUMNS`, and ``problem``: why
        the row is none, "" where it is one. Blank lines are no rows.

    Raises:
        FormError: the file is no CSV, its encoding is unsure, or a column is missing or doubled.
    """
    lines = decode_file(path).encode().split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    header = take_record(lines, 0, ",") if lines else None
    names = [name.strip() for name in header.cells] if header else []
    problems = [
        f"列 {column} が{'二つ以上あります' if column in names else 'ありません'}。"
        for column in CHECK_COLUMNS
        if names.count(column) != 1
    ]
    raise_problems(FormError, problems, path.name)
    places = [names.index(column) for column in CHECK_COLUMNS]
    rows: list[tuple[Any, ...]] = []
    place = header.following if header else 0
    while place < len(lines):
        found = take_record(lines, place, ",")
        if found is None or swallows_lines(found.cells, len(names), ","):
            # This line alone is no row; its id is given as far as it can be told.
            cells, problem, place = lines[place].decode().split(","), _QUOTING, place + 1
        else:
            cells, place = found.cells, found.following
            problem = "" if len(cells) == len(names) else _WIDTH
        if cells == [""]:
            continue
        values = [cells[at] if at < len(cells) else "" for at in places]
        rows.append((len(rows) + 2, *values, problem))
    return pd.DataFrame(rows, columns=["source_row", *CHECK_COLUMNS, "problem"]).astype(
        {column: "str" for column in (*CHECK_COLUMNS, "problem")}
    )


def judge_labels(
    labels: pd.DataFrame, sheet: Sheet, font_chain: Sequence[LabelFont], show_postal_code: bool
) -> pd.DataFrame:
    """Judge whether each row could be printed in full and exactly, without printing it.

    Args:
        labels: as `read_labels` gives them.
        sheet: the label sheet.
        font_chain: fonts in order of preference.
        show_postal_code: whether the postal code is printed.

    Returns:
        id, verdict (``print`` or ``refuse``) and reason, one row for each of ``labels``, in their
        order; the reason names columns and code points, never a value.
    """
    if not show_postal_code:
        labels = labels.assign(postal_code="")
    sound = labels[labels["problem"] == ""]
    reasons = dict(zip(labels["source_row"], labels["problem"], strict=True))
    _, misfits = fit_labels(sound, sheet, font_chain, show_postal_code)
    reasons.update(zip(misfits["source_row"], misfits["reason"], strict=True))
    # Of unprintable characters all are named, which fitting, at the first of them, does not do.
    for row, gaps in find_unprintable(sound, font_chain).groupby("source_row", sort=False):
        reasons[row] = "、".join(
            f"{COLUMN_NAMES[gap.column]}の {gap.code_points}（{gap.reason}）"
            for gap in gaps.itertuples()
        )
    told = labels["source_row"].map(reasons).astype("str")
    verdicts = np.where(told == "", "print", "refuse")
    return pd.DataFrame({"id": labels["id"], "verdict": verdicts, "reason": told})


def write_verdicts(path: Path, verdicts: pd.DataFrame) -> None:
    """Write the verdicts as CSV, whole or not at all; they name people by their ids only."""
    text = verdicts.to_csv(index=False, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    write_atomically(path, text.encode())
