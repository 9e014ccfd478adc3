"""The peers of bench/labels.py: the same labels as others print them, without any check."""

from __future__ import annotations

import importlib.util
import io
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

import pandas as pd
from fpdf import FPDF
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.papers import default_font_path
from recruitlib.labels.sheets import Sheet, locate_cell, read_sheet, share_out
from recruitlib.labels.wording import format_postal_code

SHEET = read_sheet(Path(__file__).parents[1] / "params/label_sheets.yaml", "a4_12_86x42")
FONT = "naive"
SIZES = (10.0, 10.0, 9.0, 14.0)
WIDTH_MM, STEP_MM, INSET_MM, FIRST_MM = 78.0, 7.0, 4.0, 8.0
MARGIN_MM, MARGIN_SIZE = 18.0, 8.0


def import_pylabels() -> ModuleType:
    """Import the package `labels` of pylabels, past the script of this name beside this file."""
    if "labels" not in sys.modules:
        here = Path(__file__).parent
        spec = PathFinder.find_spec("labels", [p for p in sys.path if Path(p).resolve() != here])
        if spec is None or spec.loader is None:
            raise ImportError("pylabels is not installed")
        sys.modules["labels"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["labels"])
    return sys.modules["labels"]


def write_lines(people: pd.DataFrame) -> list[tuple[str, ...]]:
    """Write the lines of each label, as the package prints them."""
    columns = (people[name] for name in ("postal_code", "address", "building", "full_name"))
    return [
        (format_postal_code(postal_code) or "", address, building, f"{name}\u3000様")
        for postal_code, address, building, name in zip(*columns, strict=True)
    ]


def write_margin(sheet: Sheet, number: int, orders: range, sheets: int) -> str:
    """Write the margin line of a sheet."""
    return f"シート {number}/{sheets} 通番 {orders[0] + 1}-{orders[-1] + 1}"


def shrink(text: str, size: float, measure: Callable[[str, float], float], width: float) -> float:
    """Make a line smaller until it fits, half a point at a time."""
    while measure(text, size) > width:
        size -= 0.5
    return size


def measure_points(text: str, size: float) -> float:
    """Measure a line as reportlab does, in points."""
    return float(pdfmetrics.stringWidth(text, FONT, size))


def register_font() -> None:
    """Let reportlab know the font, once in a process."""
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(FONT, str(default_font_path())))


def print_naively(people: pd.DataFrame) -> bytes:
    """Print labels as reportlab's manual shows: one font, one drawString a line, shrunk to fit."""
    register_font()
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=A4, invariant=1)
    labels = write_lines(people)
    shares = share_out(SHEET, len(labels))
    for number, orders in enumerate(shares, start=1):
        for position, order in enumerate(orders, start=1):
            left, top = locate_cell(SHEET, position)
            for place, (text, size) in enumerate(zip(labels[order], SIZES, strict=True)):
                canvas.setFont(FONT, shrink(text, size, measure_points, WIDTH_MM * mm))
                baseline = A4[1] - (top + FIRST_MM + STEP_MM * place) * mm
                canvas.drawString((left + INSET_MM) * mm, baseline, text)
        canvas.setFont(FONT, MARGIN_SIZE)
        text = write_margin(SHEET, number, orders, len(shares))
        canvas.drawString(SHEET.left_mm * mm, A4[1] - MARGIN_MM * mm, text)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def print_by_pylabels(people: pd.DataFrame) -> bytes:
    """Print labels with pylabels, which draws each label on a drawing of its own."""
    register_font()
    pylabels = import_pylabels()
    specification = pylabels.Specification(
        210, 297, SHEET.columns, SHEET.rows, SHEET.label_width_mm, SHEET.label_height_mm,
        left_margin=SHEET.left_mm, top_margin=SHEET.top_mm, column_gap=0, row_gap=0,
    )  # fmt: skip

    def draw(label: Drawing, width: float, height: float, lines: Sequence[str]) -> None:
        for place, (text, size) in enumerate(zip(lines, SIZES, strict=True)):
            size = shrink(text, size, measure_points, WIDTH_MM * mm)
            baseline = height - (FIRST_MM + STEP_MM * place) * mm
            label.add(String(INSET_MM * mm, baseline, text, fontName=FONT, fontSize=size))

    sheets = pylabels.Sheet(specification, draw)
    sheets.add_labels(write_lines(people))
    content = io.BytesIO()
    sheets.save(content)
    return content.getvalue()


def print_by_fpdf2(people: pd.DataFrame) -> bytes:
    """Print labels with fpdf2, one text a line."""
    logging.getLogger("fpdf").setLevel(logging.ERROR)  # it tells of each selector
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.add_font(FONT, fname=str(default_font_path()))
    pdf.set_font(FONT)

    def measure(text: str, size: float) -> float:
        pdf.set_font_size(size)
        return float(pdf.get_string_width(text))

    labels = write_lines(people)
    shares = share_out(SHEET, len(labels))
    for number, orders in enumerate(shares, start=1):
        pdf.add_page()
        for position, order in enumerate(orders, start=1):
            left, top = locate_cell(SHEET, position)
            for place, (text, size) in enumerate(zip(labels[order], SIZES, strict=True)):
                pdf.set_font_size(shrink(text, size, measure, WIDTH_MM))
                pdf.text(left + INSET_MM, top + FIRST_MM + STEP_MM * place, text)
        pdf.set_font_size(MARGIN_SIZE)
        pdf.text(SHEET.left_mm, MARGIN_MM, write_margin(SHEET, number, orders, len(shares)))
    return bytes(pdf.output())
