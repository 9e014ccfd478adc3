"""Random labels on every sheet, a few of those that ``make soak`` prints, and faults that it sees."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.printing import render_labels
from recruitlib.labels.sheets import Alignment, align_sheet, begin_at, read_sheet
from tests.soak import labels as soak

GOTHIC = LabelFont(default_font_path())
ROW = soak.Row(
    1, "1600022", "東京都新宿区片町１２３番４５号", "Park　Maison２０１", "葛\U000e0100西　一郎"
)
WHOLE = [
    "〒160-0022",
    "東京都新宿区片町１２３番４５号",
    "Park　Maison２０１",
    "葛\U000e0100西　一郎　様",
]


@pytest.mark.parametrize("name", soak.list_names())
def test_random_labels_are_whole_and_inside_their_label_or_refused(name: str) -> None:
    refused = soak.check_labels(read_sheet(soak.SHEETS, name), GOTHIC, soak.make_rows(7, 60))
    assert refused < 40


def test_so_they_are_on_a_used_sheet_and_a_printer_that_needs_much() -> None:
    sheet = align_sheet(
        begin_at(read_sheet(soak.SHEETS, "a4_24_66x34"), 23), Alignment(1.0, -3.0, 0.99)
    )
    soak.check_labels(sheet, GOTHIC, soak.make_rows(8, 100))


def test_what_no_font_has_is_among_the_random_labels() -> None:
    texts = ["".join(row[1:]) for row in soak.make_rows(2026, 10_000)]
    for sign in [*soak.REFUSED, *soak.CLUSTERS, "ALEXANDER", "ー", "（"]:
        assert any(sign in text for text in texts)


@pytest.mark.parametrize(
    "lines",
    [
        [*WHOLE[:1], "東京都新宿区片町１２", "３番４５号", *WHOLE[2:]],
        [*WHOLE[:2], "Park　Mai", "son２０１", WHOLE[3]],
        [*WHOLE[:3], "葛", "\U000e0100西　一郎　様"],
        [*WHOLE[:3], "葛\U000e0100西　一郎", "　様"],
        [*WHOLE[:2], WHOLE[3]],
        [*WHOLE[:3], "葛西　一郎　様"],
        [WHOLE[0], WHOLE[1] + WHOLE[2], WHOLE[3]],
    ],
    ids=["digits", "word", "cluster", "honorific", "building", "selector", "fields"],
)  # fmt: skip
def test_the_checks_see_a_line_broken_or_a_text_left_out(lines: list[str]) -> None:
    soak.check_lines(ROW, WHOLE)
    with pytest.raises(AssertionError):
        soak.check_lines(ROW, lines)


def test_the_checks_see_a_glyph_that_leaves_its_label() -> None:
    sheet = read_sheet(soak.SHEETS, "a4_12_84x42_op861")
    fitted, _ = fit_labels(pd.DataFrame([ROW]), sheet, [GOTHIC])
    pdf = render_labels(fitted, sheet, [GOTHIC])
    soak.check_boxes(pdf, sheet)
    for wrong in (replace(sheet, left_mm=30.0), replace(sheet, label_height_mm=20.0)):
        with pytest.raises(AssertionError):
            soak.check_boxes(pdf, wrong)
