"""The checklists on paper: the document's words, what settles each line, no glyph missing."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from recruitlib.base.papers import default_font_path
from recruitlib.handover.checklist_paper import render_checklists
from tests.unit.test_handover_checklists import ALL, DAY, WARD, attest, judge

LINES = judge(attest())


def render(lines: pd.DataFrame = LINES, demonstration: bool = True) -> bytes:
    return render_checklists(ALL, lines, "r8", DAY, demonstration)


def read_pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def test_every_measure_stands_on_the_paper_in_order_with_its_heading() -> None:
    text = "".join(read_pages(render()))
    place = 0
    for line in (line for own in ALL for line in own.lines):
        # A page may end inside a list, but no line is divided.
        place = text.index("".join(line.text.split()), place)
        assert "".join(line.heading.split()) in text
    for own in ALL:
        assert "".join(own.title.split()) in text
        assert "".join(own.note.split()) in text


def test_each_list_begins_on_a_page_of_its_own_and_says_how_it_stands() -> None:
    pages = read_pages(render())
    begun = [page for page in pages if "実行r8" in page]
    assert [page.split("実行r8")[1].split("・")[0].split("対策が")[0] for page in begun] == [
        "外部結合（区）済16", "外部結合（結合先）済16", "情報提供済11",
    ]  # fmt: skip


def test_an_open_a_lapsed_and_an_unneeded_line_are_told_in_words() -> None:
    plain = [line._replace(kind="not_needed", partner="", evidence="") if line.code == "ward_14" else line
             for line in WARD.lines]  # fmt: skip
    lists = [WARD._replace(lines=tuple(plain))]
    given = [entry for entry in attest(ward_01=None, ward_02={"until": date(2026, 5, 1)}, ward_14=None)
             if entry.code.startswith("ward")]  # fmt: skip
    text = "".join(
        read_pages(render_checklists(lists, judge(given, lists=lists), "r8", DAY, False))
    )
    assert "証明がありません（株式会社トラストバンク）未" in text
    assert "2026-05-01まで期限切れ" in text
    assert text.count("－") == 1 + WARD.note.count("－")
    assert "不要" in text


def test_every_person_who_attested_is_told_with_the_last_day() -> None:
    text = "".join(read_pages(render()))
    assert text.count("2027-03-31まで") == (LINES["until"] != "").sum() == 35
    assert text.count("見本B（") == 35


def test_no_glyph_of_the_paper_is_missing() -> None:
    cmap = TTFont(default_font_path(), lazy=True).getBestCmap()
    said = LINES[["heading", "text", "evidence", "attested_by", "state"]].to_numpy().ravel()
    letters = set("".join([*said, *(own.title + own.note + own.head for own in ALL)]))
    assert sorted(letter for letter in letters if ord(letter) not in cmap) == []


@pytest.mark.parametrize("demonstration", [True, False])
def test_the_same_content_gives_the_same_bytes_and_only_a_demonstration_is_stamped(
    demonstration: bool,
) -> None:
    pdf = render(demonstration=demonstration)
    assert pdf == render(demonstration=demonstration)
    pages = read_pages(pdf)
    assert len(pages) == 5
    assert all(("見本（架空の区）" in page) is demonstration for page in pages)


def test_a_list_longer_than_its_pages_goes_over_them_whole() -> None:
    evidence = "とても長い根拠の説明。" * 40
    pages = read_pages(render(LINES.assign(evidence=evidence)))
    assert len(pages) > 10
    assert "".join(pages).count("とても長い根拠の説明") == 40 * 44
