"""Printing: fitted labels become a PDF whose bytes depend on nothing but its content."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pikepdf
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.errors import OutputError, ParameterError
from recruitlib.labels.embedding import EmbeddedFont
from recruitlib.labels.fitting import POINTS_PER_MM, FittedLabel
from recruitlib.labels.fonts import LabelFont, choose_font
from recruitlib.labels.lines import find_glyphs, measure_piece
from recruitlib.labels.sheets import PAGE_HEIGHT_MM, PAGE_WIDTH_MM, Sheet, locate_cell

DEFAULT_MARGIN = "シート {sheet}/{sheets} 通番 {first}-{last}"
_MARGIN_SIZE = 8.0
_MARGIN_NEEDED_MM = 8.0
_UNPRINTABLE_MM = 5.0  # what office printers leave blank along the edge of the paper


class SheetPlace(NamedTuple):
    """Which sheet of how many, with the serials of its first and last label."""

    sheet: int
    sheets: int
    first: int
    last: int


def render_labels(
    fitted: Sequence[FittedLabel],
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    margin_lines: str | Callable[[SheetPlace], str] = DEFAULT_MARGIN,
    margin_note: str = "",
    first_serial: int = 1,
) -> bytes:
    """Draw labels on sheets, row by row, as a plain PDF without any property.

    Nothing but the fitted lines stands in the cells. The margin of each sheet tells its number
    and serials, so that a page missing or printed twice is seen on paper. Same labels, same
    bytes: no date, no producer, the file's identifier made from its content.

    Args:
        fitted: labels in print order, none of them refused.
        sheet: the label sheet.
        font_chain: fonts for the margin.
        margin_lines: the margin's text, as a template with {sheet}, {sheets}, {first}, {last} or
            as a function of these; "" for none. It must not hold a person's value.
        margin_note: added to the margin's text, such as 見本 in a demonstration.
        first_serial: serial of the first label.

    Returns:
        The PDF's bytes, not encrypted.

    Raises:
        OutputError: when there is no label, or one of them was refused.
        ParameterError: when the margin has no room or its text cannot be printed.
    """
    if not fitted or any(label.reason for label in fitted):
        raise OutputError(
            "宛名ラベル: 印刷するラベルが0件か、入りきらないラベルが混じっています。"
            "入りきらないラベルの一覧を先に片付けてください。"
        )
    margins = _write_margins(len(fitted), sheet, margin_lines, margin_note, first_serial)
    margin_fonts = [_choose_margin_font(text, font_chain) for text in margins]
    fonts = [line.font for label in fitted for line in label.lines] + margin_fonts
    embedded = {
        font: EmbeddedFont(font, f"label-{number}")
        for number, font in enumerate(dict.fromkeys(fonts), start=1)
    }
    for face in embedded.values():
        pdfmetrics.registerFont(face)
    buffer = io.BytesIO()
    canvas = Canvas(
        buffer,
        pagesize=(PAGE_WIDTH_MM * POINTS_PER_MM, PAGE_HEIGHT_MM * POINTS_PER_MM),
        invariant=1,
        pageCompression=0,
        initialFontName="label-1",
        lang="ja",
    )
    for number, margin in enumerate(margins):
        start = number * sheet.per_page
        _draw_sheet(canvas, fitted[start : start + sheet.per_page], sheet, embedded)
        if margin:
            _draw_margin(canvas, margin, margin_fonts[number], sheet, embedded)
        canvas.showPage()
    canvas.save()
    return _scrub(buffer.getvalue())


def _write_margins(
    labels: int,
    sheet: Sheet,
    margin_lines: str | Callable[[SheetPlace], str],
    margin_note: str,
    first_serial: int,
) -> list[str]:
    sheets = -(-labels // sheet.per_page)
    margins = []
    for number in range(1, sheets + 1):
        first = first_serial + (number - 1) * sheet.per_page
        last = min(first + sheet.per_page, first_serial + labels) - 1
        place = SheetPlace(number, sheets, first, last)
        try:
            text = (
                margin_lines(place)
                if callable(margin_lines)
                else margin_lines.format(**place._asdict())
            )
        except (KeyError, IndexError, ValueError):
            raise ParameterError(
                "余白の文字: 使えるのは {sheet} {sheets} {first} {last} だけです。"
            ) from None
        margins.append(f"{text} {margin_note}".strip())
    return margins


def _choose_margin_font(text: str, font_chain: Sequence[LabelFont]) -> LabelFont:
    font = choose_font(text, font_chain)
    if font is None:
        raise ParameterError("余白の文字: 登録した書体で印刷できない字があります。")
    return font


def _draw_sheet(
    canvas: Canvas,
    labels: Sequence[FittedLabel],
    sheet: Sheet,
    embedded: dict[LabelFont, EmbeddedFont],
) -> None:
    drawing = canvas.beginText()
    for position, label in enumerate(labels, start=1):
        left, top = locate_cell(sheet, position)
        for line in label.lines:
            drawing.setTextOrigin(
                (left + line.x_mm) * POINTS_PER_MM,
                (PAGE_HEIGHT_MM - top - line.y_mm) * POINTS_PER_MM,
            )
            drawing.setFont(embedded[line.font].fontName, line.size_pt)
            drawing.setHorizScale(line.scale_percent)
            drawing.textOut(line.text)
    canvas.drawText(drawing)


def _draw_margin(
    canvas: Canvas,
    text: str,
    font: LabelFont,
    sheet: Sheet,
    embedded: dict[LabelFont, EmbeddedFont],
) -> None:
    used = sheet.top_mm + (sheet.rows - 1) * sheet.pitch_y_mm + sheet.label_height_mm
    if sheet.top_mm >= _MARGIN_NEEDED_MM:
        baseline = sheet.top_mm - 3
    elif PAGE_HEIGHT_MM - used >= _MARGIN_NEEDED_MM:
        baseline = used + 3 + _MARGIN_SIZE / POINTS_PER_MM * 0.88
    else:
        raise ParameterError(
            f"ラベル用紙 {sheet.name}: 上下に{_MARGIN_NEEDED_MM:.0f} mmの余白がなく、"
            "シート番号を印刷できません。余白のある用紙を選んでください。"
        )
    left = max(sheet.left_mm, _UNPRINTABLE_MM)
    width = measure_piece(text, find_glyphs(text, font)).width * _MARGIN_SIZE / 1000
    room = (PAGE_WIDTH_MM - left - _UNPRINTABLE_MM) * POINTS_PER_MM
    if width > room:
        raise ParameterError("余白の文字: 長すぎて1行に入りません。短くしてください。")
    drawing = canvas.beginText()
    drawing.setTextOrigin(left * POINTS_PER_MM, (PAGE_HEIGHT_MM - baseline) * POINTS_PER_MM)
    drawing.setFont(embedded[font].fontName, _MARGIN_SIZE)
    drawing.setHorizScale(100)
    drawing.textOut(text)
    canvas.drawText(drawing)


def _scrub(pdf: bytes) -> bytes:
    # reportlab writes its name, a date and a title, and one identifier for every document.
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for key in ("/Info", "/ID"):
            if key in document.trailer:
                del document.trailer[key]
        for key in ("/Metadata", "/Outlines", "/PageMode"):
            if key in document.Root:
                del document.Root[key]
        document.Root.Lang = pikepdf.String("ja")
        # Viewers offer "fit to page", which moves every label; ask them for the actual size.
        document.Root.ViewerPreferences = pikepdf.Dictionary(PrintScaling=pikepdf.Name.None_)
        for page in document.pages:
            for key in ("/Trans", "/Annots"):
                if key in page:
                    del page[key]
        document.remove_unreferenced_resources()
        document.save(
            buffer,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
    return buffer.getvalue()


def encrypt_pdf(pdf: bytes, password: str) -> bytes:
    """Encrypt a PDF with AES-256 so that only who knows the password opens it, to print it.

    The owner's password, which would lift the restrictions, is random and thrown away.

    Args:
        pdf: the plain PDF.
        password: the print password, at most 127 bytes in UTF-8.

    Returns:
        The encrypted PDF; other bytes at each call, since the salts are random.

    Raises:
        ParameterError: when the password is empty or too long.
    """
    if not password or len(password.encode("utf-8")) > 127:
        raise ParameterError("PDFの印刷用パスワードは1文字以上127バイト以下にしてください。")
    printing_only = pikepdf.Permissions(
        accessibility=False,
        extract=False,
        modify_annotation=False,
        modify_assembly=False,
        modify_form=False,
        modify_other=False,
        print_lowres=True,
        print_highres=True,
    )
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            buffer,
            encryption=pikepdf.Encryption(
                user=password, owner=secrets.token_hex(32), R=6, allow=printing_only
            ),
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
    return buffer.getvalue()
