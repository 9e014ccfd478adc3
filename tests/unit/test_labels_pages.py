"""Pages for plain paper: outlines where the labels lie, a ruler that measures right, plain lists."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.pages import render_list, render_outline
from recruitlib.labels.sheets import Alignment, locate_cell, read_sheet

SHEETS = Path(__file__).parents[2] / "params" / "label_sheets.yaml"
NAMES = list(yaml.safe_load(SHEETS.read_text(encoding="utf-8")))
LARGE = read_sheet(SHEETS, "a4_12_86x42")
GOTHIC = LabelFont(default_font_path())
MM = 72 / 25.4


def read_drawing(pdf: bytes, operator: str) -> list[list[float]]:
    """Read the operands of one operator in mm."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        (page,) = document.pages
        return [
            [float(number) / MM for number in instruction.operands]
            for instruction in pikepdf.parse_content_stream(page)
            if str(instruction.operator) == operator
        ]


def read_rulers(pdf: bytes) -> list[float]:
    """Read how long the two rulers are: the longest lines across and down."""
    starts, ends = read_drawing(pdf, "m"), read_drawing(pdf, "l")
    across = max(abs(end[0] - start[0]) for start, end in zip(starts, ends, strict=True))
    down = max(abs(end[1] - start[1]) for start, end in zip(starts, ends, strict=True))
    return [across, down]


def read_text(pdf: bytes) -> str:
    return pdfium.PdfDocument(pdf)[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("name", NAMES)
def test_every_label_of_every_sheet_is_outlined_where_it_lies(name: str) -> None:
    sheet = read_sheet(SHEETS, name)
    pdf = render_outline(sheet, Alignment(), GOTHIC)
    boxes = [box for box in read_drawing(pdf, "re") if box[2] < 200]
    assert len(boxes) == sheet.per_page
    for position, (left, bottom, width, height) in enumerate(boxes, start=1):
        assert (width, height) == pytest.approx(
            (sheet.label_width_mm, sheet.label_height_mm), abs=0.01
        )
        assert (left, 297 - bottom - height) == pytest.approx(
            locate_cell(sheet, position), abs=0.01
        )
    text = read_text(pdf)
    assert "実際のサイズ（100%）で印刷してください" in "".join(text.split())
    assert "".join(f"A4 {sheet.per_page}面".split()) in "".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_the_texts_stand_inside_the_first_label_and_on_no_other_text(name: str) -> None:
    sheet = read_sheet(SHEETS, name)
    document = pdfium.PdfDocument(render_outline(sheet, Alignment(), GOTHIC))
    page = document[0].get_textpage()
    left, top = locate_cell(sheet, 1)
    drawn = [(number, sign) for number, sign in enumerate(page.get_text_range()) if sign.strip()]
    text = "".join(sign for _, sign in drawn)
    start, end = text.index("実際"), text.index("比べます。") + len("比べます。")
    boxes = [page.get_charbox(number) for number, _ in drawn[start:end]]
    lowest = 297 - min(box[1] for box in boxes) / MM
    assert min(box[0] for box in boxes) / MM >= left + sheet.padding_mm - 0.1
    assert max(box[2] for box in boxes) / MM <= left + sheet.label_width_mm - sheet.padding_mm + 0.1
    assert top + sheet.padding_mm <= 297 - max(box[3] for box in boxes) / MM
    # The number 1 stands below, 6 points high.
    assert lowest <= top + sheet.label_height_mm - sheet.padding_mm - 1.6


def test_the_rulers_measure_100_and_200_mm_and_are_scaled_with_the_labels() -> None:
    plain = render_outline(LARGE, Alignment(), GOTHIC)
    assert read_rulers(plain) == pytest.approx([100, 200], abs=0.01)
    corrected = render_outline(LARGE, Alignment(1.0, -2.0, 1.01), GOTHIC)
    assert read_rulers(corrected) == pytest.approx([101, 202], abs=0.01)
    left, bottom, width, height = next(b for b in read_drawing(corrected, "re") if b[2] < 200)
    assert (left, 297 - bottom - height) == pytest.approx(
        (18.6 * 1.01 + 1, 21.2 * 1.01 - 2), abs=0.01
    )


def test_the_page_asks_the_viewer_for_the_actual_size_and_is_the_same_every_time() -> None:
    pdf = render_outline(LARGE, Alignment(), GOTHIC)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root.ViewerPreferences.PrintScaling == pikepdf.Name("/None")
    assert pdf == render_outline(LARGE, Alignment(), GOTHIC)


def test_a_sheet_whose_name_has_no_glyph_is_refused() -> None:
    with pytest.raises(ParameterError, match="印刷できない字"):
        render_outline(replace(LARGE, name="用紙\ue000"), Alignment(), GOTHIC)


def test_a_long_list_goes_on_to_the_next_page_under_the_same_title() -> None:
    rows = [(f"lot-{number:03d}", "1", "12", "") for number in range(1, 90)]
    document = pdfium.PdfDocument(render_list("一覧", rows, GOTHIC))
    texts = [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
    assert [text.count("一覧") for text in texts] == [1, 1, 1]
    assert [text.count("lot-") for text in texts] == [40, 40, 9]
