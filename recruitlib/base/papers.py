"""Papers as PDF: what the papers of a run share, from the font to bytes that are always the same.

They hold counts, serials and digests, and nothing of a person. A character that the font does not
have is shown by its code point, so that nothing vanishes from a paper unseen.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from recruitlib.base.dates import format_era
from recruitlib.base.errors import ParameterError

# How a serial is found on a sheet, on every paper that names serials.
MARGIN_NOTE = (
    "余白の通番は、そのシートの最初と最後です。位置は、左上から右へ、行の順に、空いた所も数えます。"
)
SPECIMEN = "見本（架空の区）"
_FONT = "document"
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=10.5, leading=17, wordWrap="CJK")
RIGHT = ParagraphStyle("right", parent=_BODY, alignment=TA_RIGHT)
CENTRE = ParagraphStyle("centre", parent=_BODY, alignment=TA_CENTER, spaceBefore=7, spaceAfter=5)
TITLE = ParagraphStyle("title", parent=CENTRE, fontSize=15, leading=24)
SMALL = ParagraphStyle("small", parent=_BODY, fontSize=8.5, leading=12.5)
TINY = ParagraphStyle("tiny", parent=_BODY, fontSize=7.5, leading=11)  # a digest on one line


def default_font_path() -> Path:
    """Find IPAexGothic, shipped unmodified inside the installed package matplotlib_fontja.

    The package is found but not imported, since importing it would load matplotlib.

    Returns:
        The path of `ipaexg.ttf`.

    Raises:
        ParameterError: when the package or its font is not installed.
    """
    package = importlib.util.find_spec("matplotlib_fontja")
    folders = list(package.submodule_search_locations or []) if package else []
    for folder in folders:
        path = Path(folder) / "fonts" / "ipaexg.ttf"
        if path.is_file():
            return path
    raise ParameterError(
        "標準の書体 IPAexゴシック（matplotlib-fontja）が見つかりません。"
        "環境を作り直すか、使う書体のファイルを指定してください。"
    )


def open_page(demonstration: bool, day: date) -> list[Paragraph]:
    """Open a paper: the day of it, and the stamp of a demonstration."""
    _register_font()
    note = [write_line(SPECIMEN, RIGHT)] if demonstration else []
    return [*note, write_line(format_era(day), RIGHT)]


def _register_font() -> None:
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(_FONT, str(default_font_path())))
        pdfmetrics.registerFontFamily(
            _FONT, normal=_FONT, bold=_FONT, italic=_FONT, boldItalic=_FONT
        )


def write_line(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    """Write a paragraph of plain text; a character that the font lacks stands as 〓(U+20BB7)."""
    # Reportlab reads its text as markup; a parameter may hold an ampersand.
    return Paragraph(escape(_show_gaps(text)), style)


def _show_gaps(text: str) -> str:
    _register_font()
    held = pdfmetrics.getFont(_FONT).face.charToGlyph
    return "".join(
        sign if ord(sign) in held or sign.isspace() else f"〓(U+{ord(sign):04X})" for sign in text
    )


def draw_table(
    rows: Sequence[Sequence[str]], widths: Sequence[int] = (95, 70), heads: int = 0
) -> Table:
    """Draw a table of texts with lines around every cell.

    Args:
        widths: of the columns, in millimetres.
        heads: rows that stand again at the top of every page; with them the table is one of
            numbers, close and set to the right.
    """
    styles = [_BODY, *[RIGHT if heads else _BODY] * (len(widths) - 1)]
    return _draw_cells(rows, widths, styles, heads, above=0 if heads else 3)


def draw_list(
    rows: Sequence[Sequence[str]], widths: Sequence[int], style: ParagraphStyle = SMALL
) -> Table:
    """Draw a list of texts in small print; its first row stands again at the top of every page."""
    return _draw_cells(rows, widths, [style] * len(widths), heads=1, above=1)


def _draw_cells(
    rows: Sequence[Sequence[str]], widths: Sequence[int], styles: Sequence[ParagraphStyle],
    heads: int, above: int,
) -> Table:  # fmt: skip
    cells = [
        [write_line(text, style) for text, style in zip(row, styles, strict=True)] for row in rows
    ]
    table = Table(cells, colWidths=[width * mm for width in widths], repeatRows=heads)
    look = [("GRID", (0, 0), (-1, -1), 0.4, "#888888"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if heads:
        look += [("TOPPADDING", (0, 0), (-1, -1), above), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
    table.setStyle(TableStyle(look))
    return table


def build_paper(story: list[object], foot: str = "") -> bytes:
    """Build the paper: a PDF, the same bytes for the same content.

    Args:
        foot: a line for the foot of every page, with the number of the page; "" for none.
    """
    content = io.BytesIO()
    document = SimpleDocTemplate(content, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm,
                                 topMargin=20 * mm, bottomMargin=20 * mm, initialFontName=_FONT)  # fmt: skip

    def make_canvas(*args: object, **settings: object) -> Canvas:
        return Canvas(*args, **{**settings, "invariant": 1})

    def number_page(canvas: Canvas, _: SimpleDocTemplate) -> None:
        if foot:
            canvas.setFont(_FONT, 10.5)
            canvas.drawCentredString(A4[0] / 2, 10 * mm, f"{foot}　{canvas.getPageNumber()}ページ")

    document.build(
        story, canvasmaker=make_canvas, onFirstPage=number_page, onLaterPages=number_page
    )
    return content.getvalue()
