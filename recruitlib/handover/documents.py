"""The papers that travel with the labels: cover letter (送付状) and receipt (受領書).

They hold counts, serials and the head of the record, and nothing of a person.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from html import escape

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from recruitlib.base.dates import format_era
from recruitlib.base.scope import Scope
from recruitlib.labels.fonts import default_font_path

_FONT = "document"
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=10.5, leading=17, wordWrap="CJK")
_RIGHT = ParagraphStyle("right", parent=_BODY, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", parent=_BODY, fontSize=15, leading=24, alignment=TA_CENTER)


def render_letter(
    scope: Scope, municipality: str, request: tuple[str, date], day: date,
    counts: Sequence[tuple[str, str]], head: str, demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the cover letter with the true counts and the head of the record.

    Args:
        scope: recipient, medium, items and legal basis.
        request: number and date of the request that is answered.
        counts: rows of (what, how many) as they stand today.
        head: the head of the record in groups of four.

    Returns:
        a PDF, the same bytes for the same content.
    """
    number, requested = request
    story = [
        *_open_page(demonstration, day),
        _write(f"{scope.recipient}　御中"),
        _write(f"{municipality}　{scope.division}", _RIGHT),
        Spacer(1, 8 * mm),
        _write("募集対象者情報（宛名シール）の送付について", _TITLE),
        Spacer(1, 6 * mm),
        _write(f"{format_era(requested)}付け{number}により依頼のありました募集対象者の情報を、"
            f"下記のとおり{scope.medium}により提供します。"),
        _write(f"提供する項目: {'、'.join(scope.provided_items)}"),
        _write(f"根拠: {'、'.join(scope.legal_basis)}"),
        Spacer(1, 4 * mm),
        _draw_table(counts),
        Spacer(1, 4 * mm),
        _write("利用は募集案内の送付に限り、複製、再提供及び宛名シールの写しによる保有をしないでください。"
            "利用後は復元できない方法で消去し、その旨を報告してください。"),
        Spacer(1, 6 * mm),
        _write(f"実行記録の先頭値: {head}"),
    ]  # fmt: skip
    return _build(story)


def render_receipt(
    scope: Scope,
    municipality: str,
    day: date,
    counts: Sequence[tuple[str, str]],
    demonstration: bool,
) -> bytes:
    """Render the receipt that the receiver signs on handover day."""
    story = [
        *_open_page(demonstration, day),
        _write(f"{municipality}　{scope.division}　御中"),
        Spacer(1, 8 * mm),
        _write("受領書", _TITLE),
        Spacer(1, 6 * mm),
        _write("下記の宛名シールを受領しました。"),
        Spacer(1, 4 * mm),
        _draw_table(counts),
        Spacer(1, 14 * mm),
        _write(f"{scope.recipient}"),
        _write("所属・職名 ＿＿＿＿＿＿＿＿＿＿＿＿　署名 ＿＿＿＿＿＿＿＿＿＿＿＿"),
    ]
    return _build(story)


def render_disposal(municipality: str, division: str, day: date, rows: Sequence[tuple[str, str]],
                    people: Sequence[tuple[str, str]], demonstration: bool) -> bytes:  # fmt: skip
    """Render the disposal report: what was destroyed, what is kept, and who did it with whom."""
    story = [
        *_open_page(demonstration, day),
        _write(f"{municipality}　{division}", _RIGHT),
        Spacer(1, 8 * mm),
        _write("消去報告書", _TITLE),
        Spacer(1, 6 * mm),
        _write("下記のとおり、個人情報を含むファイルを消去しました。"),
        Spacer(1, 4 * mm),
        _draw_table(rows),
        Spacer(1, 6 * mm),
        _draw_table(people),
    ]
    return _build(story)


def _open_page(demonstration: bool, day: date) -> list[Paragraph]:
    _register_font()
    note = [_write("見本（架空の区）", _RIGHT)] if demonstration else []
    return [*note, _write(format_era(day), _RIGHT)]


def _register_font() -> None:
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(_FONT, str(default_font_path())))
        pdfmetrics.registerFontFamily(
            _FONT, normal=_FONT, bold=_FONT, italic=_FONT, boldItalic=_FONT
        )


def _write(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    # Reportlab reads its text as markup; a parameter may hold an ampersand.
    return Paragraph(escape(text), style)


def _draw_table(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[_write(text) for text in row] for row in rows]
    table = Table(cells, colWidths=[95 * mm, 70 * mm])
    table.setStyle(
        TableStyle(
            [("GRID", (0, 0), (-1, -1), 0.4, "#888888"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        )
    )
    return table


def _build(story: list[object]) -> bytes:
    content = io.BytesIO()
    document = SimpleDocTemplate(content, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm,
                                 topMargin=20 * mm, bottomMargin=20 * mm, initialFontName=_FONT)  # fmt: skip

    def make_canvas(*args: object, **settings: object) -> Canvas:
        return Canvas(*args, **{**settings, "invariant": 1})

    document.build(story, canvasmaker=make_canvas)
    return content.getvalue()
