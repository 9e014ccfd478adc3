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
    LabelFont,
    choose_font,
    describe_code_points,
    split_clusters,
)
from recruitlib.labels.sheets import Sheet
from recruitlib.labels.wording import (
    COLUMN_NAMES,
    DEFAULT_WORDING,
    PRINTED_COLUMNS,
    Wording,
)
from recruitlib.registry.cohort import read_ranges, select_cohort
from recruitlib.registry.extract import read_extract

CHECK_COLUMNS = ("id", "full_name", "postal_code", "address", "building")
VERDICT_COLUMNS = ("id", "verdict", "reason")
_WIDTH = "列の数が見出しと違います"
_QUOTING = "引用符の位置が不正で、行を読めません"


class Coverage(NamedTuple):
    """What a font chain prints of some people's labels.

    ``held`` and ``chosen`` say for each font how many of the ``clusters`` (a character with its
    variant selector, each counted once; 様 is one) it holds, and how many of the ``strings`` it is chosen
    for. ``missing`` is as `find_unprintable` gives it, ``return_line`` as `list_gaps`.
    """

    people: int
    clusters: int
    strings: int
    held: list[int]
    chosen: list[int]
    missing: pd.DataFrame
    return_line: list[tuple[str, str]]


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


def find_unprintable(
    recipients: pd.DataFrame,
    font_chain: Sequence[LabelFont],
    wording: Wording = DEFAULT_WORDING,
) -> pd.DataFrame:
    """List every character of the labels that no registered font prints.

    Args:
        recipients: source_row, full_name, postal_code, address, building.
        font_chain: fonts in order of preference.
        wording: what the office set; the return line is not looked at.

    Returns:
        source_row, column, code_points (such as `U+8FBB U+E0100`), reason: one row per distinct
        cluster of a string that no font holds. Empty when everything can be printed. Where each
        cluster is in some font but none has all, every gap of every font is a row.
    """
    judged: dict[str, list[tuple[str, str]]] = {}
    found: list[tuple[Any, str, str, str]] = []
    for column in PRINTED_COLUMNS:
        texts = _list_printed(recipients, column, wording)
        for row, text in zip(recipients["source_row"], texts, strict=True):
            if text not in judged:
                judged[text] = list_gaps(text, font_chain)
            found += [(row, column, points, reason) for points, reason in judged[text]]
    table = pd.DataFrame(found, columns=["source_row", "column", "code_points", "reason"])
    order = {row: place for place, row in enumerate(recipients["source_row"])}
    return table.sort_values(
        "source_row", key=lambda rows: rows.map(order), kind="stable", ignore_index=True
    ).astype({"code_points": str, "reason": str})


def list_gaps(text: str, font_chain: Sequence[LabelFont]) -> list[tuple[str, str]]:
    """List the code points of a text that no font prints, each with the reason in Japanese."""
    if choose_font(text, font_chain):
        return []
    gaps: dict[str, list[str]] = {
        cluster: [reason for font in font_chain if (reason := font.explain_refusal(cluster))]
        for cluster in dict.fromkeys(split_clusters(text))
    }
    nowhere = {cluster: why for cluster, why in gaps.items() if len(why) == len(font_chain)}
    shown = nowhere or {cluster: why for cluster, why in gaps.items() if why}
    return [
        (describe_code_points(cluster), "、".join(dict.fromkeys(why)))
        for cluster, why in shown.items()
    ]


def _list_printed(recipients: pd.DataFrame, column: str, wording: Wording) -> list[str]:
    # The strings that one font must print as a whole: a name with its honorific.
    if column == "postal_code" and not wording.show_postal_code:
        return [""] * len(recipients)
    ending = wording.ending if column == "full_name" else ""
    return [text + ending for text in recipients[column]]


def measure_coverage(
    people: pd.DataFrame, font_chain: Sequence[LabelFont], wording: Wording = DEFAULT_WORDING
) -> Coverage:
    """Measure how far a font chain prints the labels of some people.

    Args:
        people: source_row, full_name, postal_code, address, building.
        font_chain: fonts in order of preference.
        wording: what the office set.

    Returns:
        the coverage; nothing is missing when every string is printed by one font.
    """
    strings = [
        text
        for column in PRINTED_COLUMNS
        for text in _list_printed(people, column, wording)
        if text
    ]
    clusters = {cluster for text in set(strings) for cluster in split_clusters(text)}
    fonts = {text: choose_font(text, font_chain) for text in set(strings)}
    return Coverage(
        len(people),
        len(clusters),
        len(strings),
        [sum(map(bool, map(font.find_glyph, clusters))) for font in font_chain],
        [sum(fonts[text] is font for text in strings) for font in font_chain],
        find_unprintable(people, font_chain, wording),
        list_gaps(wording.return_line, font_chain),
    )


def describe_coverage(coverage: Coverage, font_chain: Sequence[LabelFont]) -> list[str]:
    """Describe a coverage in Japanese lines without a name; the last says whether 04 will stop."""
    lines = [
        f"対象者 {coverage.people:,}人（このあと除外する人も含みます）、文字列 {coverage.strings:,}、字 {coverage.clusters:,}種類",
        "書体（上にあるものから。一つの文字列は、全部の字を持つ最初の書体だけで印刷します）:",
    ]
    for place, font in enumerate(font_chain):
        kind = "、標準の書体" if place == len(font_chain) - 1 else ""
        lines.append(
            f"  {place + 1}. {font.name}（{font.path.name}{kind}）: "
            f"字 {coverage.held[place]:,} / {coverage.clusters:,}種類、"
            f"この書体で印刷する文字列 {coverage.chosen[place]:,}"
        )
    gaps = len(coverage.missing) + len(coverage.return_line)
    if not gaps:
        return [*lines, "印刷できない字: なし", "すべての字を印刷できます。"]
    lines.append(f"印刷できない字: {gaps:,}か所")
    lines += [f"  返送先: {points}（{reason}）" for points, reason in coverage.return_line]
    lines += [
        f"  {row.source_row}行目の{COLUMN_NAMES[row.column]}: {row.code_points}（{row.reason}）"
        for row in coverage.missing.itertuples()
    ]
    if coverage.return_line:
        return [*lines, "返送先を印刷できません。このままでは 04 で止まります。"]
    rows = coverage.missing["source_row"].nunique()
    return [
        *lines,
        f"印刷できない行が {rows:,} 行あります。このままでは 04 で止まります"
        "（除外する人の行だけなら、止まりません）。",
    ]


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
    labels: pd.DataFrame,
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    wording: Wording = DEFAULT_WORDING,
) -> pd.DataFrame:
    """Judge whether each row could be printed in full and exactly, without printing it.

    Args:
        labels: as `read_labels` gives them.
        sheet: the label sheet.
        font_chain: fonts in order of preference.
        wording: what the office set.

    Returns:
        id, verdict (``print`` or ``refuse``) and reason, one row for each of ``labels``, in their
        order; the reason names columns and code points, never a value.
    """
    sound = labels[labels["problem"] == ""]
    reasons = dict(zip(labels["source_row"], labels["problem"], strict=True))
    _, misfits = fit_labels(sound, sheet, font_chain, wording)
    reasons.update(zip(misfits["source_row"], misfits["reason"], strict=True))
    # Of unprintable characters all are named, which fitting, at the first of them, does not do.
    for row, gaps in find_unprintable(sound, font_chain, wording).groupby("source_row", sort=False):
        reasons[row] = "、".join(
            f"{COLUMN_NAMES[gap.column]}の {gap.code_points}（{gap.reason}）"
            for gap in gaps.itertuples()
        )
    told = labels["source_row"].map(reasons).astype("str")
    verdicts = np.where(told == "", "print", "refuse")
    return pd.DataFrame(dict(zip(VERDICT_COLUMNS, (labels["id"], verdicts, told), strict=True)))


def write_verdicts(path: Path, verdicts: pd.DataFrame) -> None:
    """Write the verdicts as CSV, whole or not at all; they name people by their ids only."""
    text = verdicts.to_csv(index=False, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    write_atomically(path, text.encode())
