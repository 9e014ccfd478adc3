"""What a notebook shows: static tables in which hostile text stays text, and still pictures.

Right values: Python's html.parser and the PNG specification (signature and chunks).
"""

from __future__ import annotations

import io
import re
import struct
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.views import render_figure, show_paper, show_png, show_table, show_text

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


def test_an_empty_table_shows_its_heads_and_says_that_there_is_nothing() -> None:
    page = _parse(show_table(pd.DataFrame({"年齢": [], "件数": []})).data)
    assert page.cells == ["年齢", "件数", "なし", ""]
    assert page.tags.count("tr") == 2


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


class _Shown(HTMLParser):
    """The text of a page as a browser shows it, its tags, and its text piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.pieces: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not attrs
        self._open = False

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.pieces[-1] += data
        else:
            self.pieces.append(data)
        self._open = True


def read_shown(text: str, limit: int = 300) -> _Shown:
    shown = _Shown()
    shown.feed(show_text(text, limit))
    shown.close()
    return shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("</script><h1>&amp;", "</script><h1>&amp;"),
        ("=HYPERLINK(\"x\")", "=HYPERLINK(\"x\")"),
        (r"$\LaTeX$ \(x\) \[y\]", r"$\LaTeX$ \(x\) \[y\]"),
        ("*a* _b_ `c` [d](e) ~~f~~ | g", "*a* _b_ `c` [d](e) ~~f~~ | g"),
        ("甲\u202e乙\u2066丙", "甲[U+202E]乙[U+2066]丙"),
        ("甲\x1b[2J\x00\r\n乙", "甲[U+001B][2J[U+0000][U+000D][U+000A]乙"),
        ("甲\u200b乙\u3164丙", "甲[U+200B]乙[U+3164]丙"),
        ("甲\udc80", "甲[U+DC80]"),
        # A variant selector belongs to the character that it stands behind.
        ("葛\U000e0100　花子", "葛\U000e0100　花子"),
    ],
)  # fmt: skip
def test_any_text_is_shown_as_typed_with_what_is_unseen_marked(text: str, seen: str) -> None:
    shown = read_shown(text)
    assert "".join(shown.pieces) == seen
    assert shown.tags <= {"bdi", "span"}


def test_what_is_too_long_is_cut_and_the_cut_is_told() -> None:
    assert "".join(read_shown("あ" * 10_000).pieces) == "あ" * 300 + "…（以下略 9,700字）"
    assert "".join(read_shown("あいうえ", 3).pieces) == "あいう…（以下略 1字）"
    assert "".join(read_shown("あいう", 3).pieces) == "あいう"


@given(st.text(max_size=60))
@STEADY
def test_no_text_becomes_a_tag_a_formula_markdown_or_a_turned_line(text: str) -> None:
    content = show_text(text)
    shown = read_shown(text)
    assert shown.tags <= {"bdi", "span"}
    # A formula begins and ends within one piece of text; alone a sign begins none.
    assert not [piece for piece in shown.pieces if len(piece) > 1 and set(piece) & set("$\\")]
    # Outside of our own tags and references no ASCII sign is left that Markdown would read.
    plain = re.sub(r"</?(?:bdi|span)>|&#\d+;", "", content)
    assert not [
        letter for letter in plain if letter.isascii() and not (letter.isalnum() or letter == " ")
    ]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", content)
    content.encode()


def _make_paper(*texts: str) -> bytes:
    paper = io.BytesIO()
    canvas = Canvas(paper, pagesize=(300, 200), invariant=1)
    for text in texts:
        if text:
            canvas.rect(50, 80, 200, 40, fill=1)
        canvas.showPage()
    canvas.save()
    return paper.getvalue()


def test_a_paper_is_one_still_picture_with_its_pages_one_below_the_other() -> None:
    image = show_paper(_make_paper("filled", "", "filled"), "送付状")
    assert image.data.startswith(b"\x89PNG\r\n\x1a\n")
    assert image._repr_mimebundle_()[1]["image/png"]["alt"] == "送付状"
    assert set(_list_chunks(image.data)) == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
    width, height = struct.unpack(">II", image.data[16:24])
    assert (width, height) == (
        400,
        3 * 267,
    )  # 300 and 200 points at 96 dots for 72 points, rounded up
    picture = Picture.open(io.BytesIO(image.data)).convert("L")
    middles = [picture.getpixel((200, 267 * page + 133)) for page in range(3)]
    assert [middle < 128 for middle in middles] == [True, False, True]
    assert show_paper(_make_paper("filled", "", "filled"), "送付状").data == image.data
