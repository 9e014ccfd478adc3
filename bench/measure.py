"""Measure how fast labels are printed, beside a naive printer.

``make bench`` makes an invented ward of 40,000 people, lets each contestant do the same work several
times in turn, and writes its section of ``bench/README.md``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import pandas as pd
from report import describe_machine, put_section, tabulate, take_turns
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.profiles import Profile, read_profile
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont, default_font_path
from recruitlib.labels.printing import render_labels
from recruitlib.labels.sheets import locate_cell, read_sheet
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import select_cohort
from recruitlib.registry.extract import read_extract
from recruitlib.synth.ward import make_ward

ROOT = Path(__file__).parents[1]
RESIDENTS, SEED, TURNS = 40_000, 2026, 5
RANGES = [
    BirthRange(18, pd.Timestamp("2008-04-02").date(), pd.Timestamp("2009-04-01").date()),
    BirthRange(22, pd.Timestamp("2004-04-02").date(), pd.Timestamp("2005-04-01").date()),
]


def print_naively(cohort: pd.DataFrame) -> bytes:
    """Print labels as reportlab's manual shows: one font, one drawString a line, shrunk to fit.

    It drops variant selectors into boxes and checks nothing; it is here for its speed only.
    """
    if "naive" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("naive", str(default_font_path())))
    sheet = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=A4, invariant=1)
    columns = zip(
        cohort["postal_code"],
        cohort["address"],
        cohort["building"],
        cohort["full_name"],
        strict=True,
    )
    for place, lines in enumerate(columns):
        position = place % sheet.per_page + 1
        if place and position == 1:
            canvas.showPage()
        left, top = locate_cell(sheet, position)
        for number, (text, size) in enumerate(zip(lines, (10, 10, 9, 14), strict=True)):
            while pdfmetrics.stringWidth(text, "naive", size) > 78 * mm:
                size -= 0.5
            canvas.setFont("naive", size)
            canvas.drawString((left + 4) * mm, A4[1] - (top + 8 + 7 * number) * mm, text)
    canvas.save()
    return content.getvalue()


def print_ours(cohort: pd.DataFrame) -> bytes:
    """Print labels as notebook 04 does, before its proof."""
    sheet = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
    fonts = [LabelFont(default_font_path())]
    fitted, _ = fit_labels(cohort, sheet, fonts)
    return render_labels(fitted, sheet, fonts)


def measure(ward: Path, profile: Profile) -> list[tuple[str, dict[str, float]]]:
    """Measure every block."""
    path = ward / "registry.csv"
    extract = read_extract(path, profile, RANGES)
    cohort = select_cohort(extract.records, {})
    # The naive printer has no glyph for the rarest surname; both print the same people.
    cohort = cohort[~cohort["full_name"].str.contains("\U00020bb7")]
    return [
        (
            f"Print {len(cohort):,} labels, 12 a sheet",
            take_turns(
                {
                    "reportlab 5.1, naive drawString (no check, variants become boxes)": lambda: (
                        print_naively(cohort)
                    ),
                    "recruitlib (fit, variants, content-based subset)": lambda: print_ours(cohort),
                },
                TURNS,
            ),
        ),
    ]


def write_tables(blocks: list[tuple[str, dict[str, float]]]) -> str:
    """Write the tables; a ratio is to the first line of its table."""
    machine = describe_machine("reportlab", "fonttools")
    lines = ["## Printing\n", f"`bench/measure.py`. {machine}; median of {TURNS} turns."]
    for title, medians in blocks:
        first = next(iter(medians.values()))
        rows = [[name, f"{taken:.2f}", f"{taken / first:.2f}"] for name, taken in medians.items()]
        lines += [f"\n### {title}\n", tabulate(["contestant", "seconds", "ratio"], rows)]
    return "\n".join(lines)


def main() -> None:
    """Make the ward, measure, print and write the section."""
    with tempfile.TemporaryDirectory() as folder:
        ward = Path(folder)
        make_ward(ward, RESIDENTS, SEED, ROOT / "params/towns/131041.csv")
        profile = read_profile(ROOT / "params/profiles/registry_standard.yaml")
        tables = write_tables(measure(ward, profile))
    put_section("printing", tables)
    sys.stdout.write(f"{tables}\n")


if __name__ == "__main__":
    main()
