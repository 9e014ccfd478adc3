"""What a notebook shows: static tables in which hostile text stays text, and still pictures.

Right values: Python's html.parser and the PNG specification (signature and chunks).
"""

from __future__ import annotations

import struct
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.views import render_figure, show_png, show_table

STEADY = settings(deadline=None, derandomize=True)
OWN_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td"}


class _Page(HTMLParser):
    """Which tags a page has, and the text of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(name == "style" for name, _ in attrs)
        if tag in ("th", "td", "caption"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


def _parse(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    return page


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<>&\"'/="), max_size=30
)


@STEADY
@given(HOSTILE, HOSTILE, HOSTILE)
def test_any_text_in_head_cell_or_caption_stays_text(head: str, cell: str, caption: str) -> None:
    page = _parse(show_table(pd.DataFrame({head: [cell]}), caption).data)
    assert set(page.tags) <= OWN_TAGS
    assert page.cells == [*([caption] if caption else []), head, cell]


def test_markup_of_an_application_does_not_run() -> None:
    table = pd.DataFrame({"氏名": ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"]})
    html = show_table(table).data
    assert "<script" not in html
    assert "<img" not in html


def test_whole_numbers_stand_right_with_separators_and_text_left() -> None:
    table = pd.DataFrame({"番号": ["0012345"], "件数": [1_234_567], "はい": [True]})
    html = show_table(table).data
    assert '<td style="text-align:right">1,234,567</td>' in html
    assert '<td style="text-align:left">0012345</td>' in html
    assert '<td style="text-align:left">True</td>' in html


def test_an_empty_table_shows_its_heads_and_no_row() -> None:
    page = _parse(show_table(pd.DataFrame({"年齢": [], "件数": []})).data)
    assert page.cells == ["年齢", "件数"]
    assert page.tags.count("tr") == 1


def _draw() -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.add_subplot().bar(["18", "22"], [3, 5])
    return render_figure(figure)


def _list_chunks(png: bytes) -> list[bytes]:
    chunks, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        chunks.append(png[place + 4 : place + 8])
        place += 12 + length
    return chunks


def test_the_same_chart_gives_the_same_bytes_without_date_or_version() -> None:
    png = _draw()
    assert png == _draw()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = _list_chunks(png)
    assert chunks[0] == b"IHDR"
    assert chunks[-1] == b"IEND"
    assert not {b"tEXt", b"iTXt", b"zTXt", b"tIME", b"eXIf"} & set(chunks)


@pytest.mark.parametrize("alternative", ["年齢ごとの件数の棒グラフ"])
def test_a_picture_carries_its_text_alternative(alternative: str) -> None:
    image = show_png(_draw(), alternative)
    _, metadata = image._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == alternative
