"""The flow as a paper: one page, every step as a numbered arrow and a line, no glyph missing."""

from __future__ import annotations

from datetime import date

import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from recruitlib.base.masking import HELD
from recruitlib.base.papers import default_font_path
from recruitlib.base.scope import Scope
from recruitlib.handover.flow import list_transfers, sum_counts
from recruitlib.handover.flow_picture import render_flow
from tests.papers import read_paper
from tests.unit.test_handover_flow import SCOPE, count

VALUES = {"form_total": 22, "counter_total": 12, "run_id": "r8", "municipality": "新宿区"}
DAY = date(2026, 5, 25)


def render(scope: Scope = SCOPE, opted_out: int = 10, demonstration: bool = False) -> bytes:
    return render_flow(scope, VALUES, count(opted_out), DAY, demonstration)


def test_every_step_is_an_arrow_and_a_line_of_the_table() -> None:
    text = read_paper(render())
    for place, step in enumerate(list_transfers(SCOPE, VALUES, sum_counts(count()))):
        number = chr(ord("①") + place)
        assert text.count(number) == 2
        assert (
            f"{number}{step.giver}{step.taker}{step.items}{step.form}{step.told}".replace(" ", "")
            in text
        )


def test_the_boxes_hold_the_counts_of_the_run() -> None:
    text = read_paper(render())
    for told in ("募集対象者319人", "除外27人", "提供対象者292人", "宛名シール292枚25シート",
                 "自衛隊東京地方協力本部", "283枚", "欠番9枚", "（株式会社トラストバンク）"):  # fmt: skip
        assert told in text


def test_what_is_held_back_is_explained_and_else_not_spoken_of() -> None:
    assert HELD not in read_paper(render())
    text = read_paper(render(opted_out=3))
    assert f"除外{HELD}" in text
    assert f"募集対象者{HELD}" in text
    assert f"「{HELD}」は" in text


def test_it_is_one_page_also_with_long_names() -> None:
    assert len(pypdfium2.PdfDocument(render(demonstration=True))) == 1
    longer = SCOPE._replace(
        division="市民生活部地域コミュニティ推進課自衛官募集係", counterparty="株式会社行政手続電子申請共同運営機構",
        recipient="自衛隊神奈川地方協力本部横浜中央募集案内所",
    )  # fmt: skip
    pdf = render(longer, demonstration=True)
    assert len(pypdfium2.PdfDocument(pdf)) == 1
    assert longer.division in read_paper(pdf)


@pytest.mark.parametrize("demonstration", [True, False])
def test_the_same_content_gives_the_same_bytes_and_only_a_demonstration_is_stamped(
    demonstration: bool,
) -> None:
    pdf = render(demonstration=demonstration)
    assert pdf == render(demonstration=demonstration)
    assert ("見本（架空の区）" in read_paper(pdf)) is demonstration


def test_no_glyph_of_the_paper_is_missing() -> None:
    cmap = TTFont(default_font_path(), lazy=True).getBestCmap()
    letters = set(read_paper(render(demonstration=True)))
    assert sorted(letter for letter in letters if ord(letter) not in cmap) == []
