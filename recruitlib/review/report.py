"""The count report (件数報告): given and excluded by town and age, in the form that a city publishes.

Why somebody was excluded is not told: protected, opted out and withheld are one number. Small
numbers are hidden with those that would tell them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from recruitlib.base.dates import format_era
from recruitlib.base.masking import MASK_WORDS, SMALL, SMALLEST_SHOWN, Cell, read_cell
from recruitlib.base.papers import (
    RIGHT,
    SPECIMEN,
    TITLE,
    build_paper,
    draw_table,
    open_page,
    write_line,
)

REPORT_CSV, REPORT_PDF = "count_report.csv", "count_report.pdf"
TOTAL = "計"
_TITLE = "募集対象者情報の提供件数（町丁・年齢別）"
_HEADS = ("町丁", "年齢", "提供", "除外")
_EXPLANATION = (
    "「提供」は情報を提供する人、「除外」は、支援措置の対象者、提供を望まない申出をした人及び申出を確認中の"
    "人を合わせた数です。町ごとの計は、伏せた数が分かるため載せていません。"
    "「その他の町」は、町名表にない町と、町名の読めない住所です。"
)


def sum_towns(counts: pd.DataFrame) -> list[tuple[str, Cell, Cell]]:
    """Sum given and excluded by age over all towns, small sums hidden.

    Args:
        counts: of ``count_towns``.
    """
    sums = counts.groupby("cohort", sort=True)[["residents", "given"]].sum()
    return [
        (str(age), _hide(int(given)), _hide(int(residents - given)))
        for age, residents, given in sums.itertuples(name=None)
    ]


def _hide(count: int) -> Cell:
    return SMALL if count < SMALLEST_SHOWN else count


def write_report(
    masked: pd.DataFrame, totals: list[tuple[str, Cell, Cell]], demonstration: bool
) -> bytes:
    """Write the report as CSV in UTF-8 with a mark that spreadsheets read it by.

    Args:
        masked: of ``mask_towns``.
        totals: of ``sum_towns``.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    rows = [*masked.itertuples(index=False, name=None), *((TOTAL, *total) for total in totals)]
    mark = (SPECIMEN,) if demonstration else ()
    writer.writerow((*_HEADS, *("備考" for _ in mark)))
    writer.writerows((*row, *mark) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def read_report(text: str) -> dict[tuple[str, str], Cell]:
    """Read by town and age how many were given, or the mark of what is hidden.

    Raises:
        ValueError: a cell is neither a number nor such a mark.
        KeyError: a column is missing.
    """
    return {
        (row["町丁"], row["年齢"]): read_cell(row["提供"])
        for row in csv.DictReader(io.StringIO(text))
        if row["町丁"] != TOTAL
    }


def render_report(
    masked: pd.DataFrame, totals: list[tuple[str, Cell, Cell]], parameters: Mapping[str, Any],
    day: date, demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the report as pages of A4, the same bytes for the same content.

    Args:
        masked: of ``mask_towns``.
        totals: of ``sum_towns``.
        parameters: those of the run.
        day: the day of the review.
    """
    ages = [age for age, _, _ in totals]
    cells = masked.set_index(["town", "cohort"])[["given", "excluded"]]
    heads = ["町丁", *(f"{age}歳 {what}" for age in ages for what in ("提供", "除外"))]
    rows = [
        [town, *(_tell(cell) for age in ages for cell in cells.loc[(town, age)])]
        for town in dict.fromkeys(masked["town"])
    ]
    rows.append([TOTAL, *(_tell(cell) for _, *both in totals for cell in both)])
    base_date = format_era(date.fromisoformat(parameters["registry_base_date"]))
    story = [
        *open_page(demonstration, day),
        write_line(f"{parameters['prefecture']}{parameters['municipality']}", RIGHT),
        Spacer(1, 6 * mm),
        write_line(_TITLE, TITLE),
        Spacer(1, 4 * mm),
        write_line(f"住民基本台帳の基準日 {base_date}。単位は人。"),
        write_line(_EXPLANATION),
        write_line(MASK_WORDS),
        Spacer(1, 4 * mm),
        draw_table([heads, *rows], [54, *[112 // (2 * len(ages))] * (2 * len(ages))], heads=1),
    ]
    return build_paper(story, f"{SPECIMEN}　{_TITLE}" if demonstration else _TITLE)


def _tell(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell
