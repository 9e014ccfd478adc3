"""Printing: fitted labels become a PDF whose bytes depend on nothing but its content."""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pikepdf
from reportlab.lib.rl_accel import fp_str
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.errors import OutputError, ParameterError
from recruitlib.labels.collector import pause_collector
from recruitlib.labels.embedding import EmbeddedFont
from recruitlib.labels.fitting import POINTS_PER_MM, FittedLabel, FittedLine
from recruitlib.labels.fonts import LabelFont, choose_font
from recruitlib.labels.lines import find_glyphs, measure_piece
from recruitlib.labels.sheets import (
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    UNPRINTABLE_MM,
    Sheet,
    find_place,
    locate_cell,
    share_out,
)

DEFAULT_MARGIN = "シート {sheet}/{sheets} 通番 {first}-{last}"
_MARGIN_SIZE = 8.0
# Where the lines of a page go, because reportlab encodes a page's content slowly.
_PLACE = "% labels"
_MARGIN_NEEDED_MM = 8.0


class SheetPlace(NamedTuple):
    """Which sheet of how many, with the serials of its first and last label."""

    sheet: int
    sheets: int
    first: int
    last: int


@pause_collector()
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
    canvas, names = open_canvas(fonts)
    writer = _LineWriter(canvas, names)
    contents = []
    pages = zip(share_out(sheet, len(fitted)), margins, margin_fonts, strict=True)
    for orders, margin, font in pages:
        contents.append(_write_sheet(writer, fitted, orders, sheet))
        canvas.addLiteral(_PLACE)
        if margin:
            _draw_margin(canvas, margin, font, sheet, names)
        canvas.showPage()
    return close_canvas(canvas, contents)


def open_canvas(fonts: Iterable[LabelFont]) -> tuple[Canvas, dict[LabelFont, str]]:
    """Open an A4 document in which only the given fonts are embedded.

    Returns:
        The canvas, and the name of each font on it.
    """
    names = {}
    for number, font in enumerate(dict.fromkeys(fonts), start=1):
        names[font] = f"label-{number}"
        pdfmetrics.registerFont(EmbeddedFont(font, names[font]))
    canvas = Canvas(
        io.BytesIO(),
        pagesize=(PAGE_WIDTH_MM * POINTS_PER_MM, PAGE_HEIGHT_MM * POINTS_PER_MM),
        invariant=1,
        pageCompression=0,
        initialFontName="label-1",
        lang="ja",
    )
    return canvas, names


def close_canvas(canvas: Canvas, contents: Sequence[str] = ()) -> bytes:
    """Finish a document: its bytes, without any property.

    Args:
        canvas: the document.
        contents: for each page what is set into the place kept for it, if any.
    """
    return _scrub(canvas.getpdfdata(), contents)


def _write_margins(
    labels: int,
    sheet: Sheet,
    margin_lines: str | Callable[[SheetPlace], str],
    margin_note: str,
    first_serial: int,
) -> list[str]:
    shares = share_out(sheet, labels)
    margins = []
    for number, orders in enumerate(shares, start=1):
        first, last = first_serial + orders[0], first_serial + orders[-1]
        place = SheetPlace(number, len(shares), first, last)
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


class _LineWriter:
    """Writes lines as page content, each distinct text, style and distance once for a document.

    reportlab's text objects write the same, but anew for each line.
    """

    def __init__(self, canvas: Canvas, names: dict[LabelFont, str]) -> None:
        self._canvas = canvas
        self._names = names
        self._fonts: dict[LabelFont, EmbeddedFont] = {}
        self._styles: dict[tuple[LabelFont, float, float], str] = {}
        self._numbers: dict[float, str] = {}

    def write(self, line: FittedLine, left: float, top: float) -> str:
        """Write one line of the label whose corner lies there."""
        x = self._write_mm(left + line.x_mm)
        y = self._write_mm(PAGE_HEIGHT_MM - top - line.y_mm)
        style = self._styles.get((line.font, line.size_pt, line.scale_percent))
        if style is None:
            style = self._write_style(line.font, line.size_pt, line.scale_percent)
        text = self._fonts[line.font].formatForPdf(line.text)
        return f"1 0 0 1 {x} {y} Tm {style} ({text}) Tj"

    def _write_mm(self, length: float) -> str:
        known = self._numbers.get(length)
        if known is None:
            known = self._numbers[length] = fp_str(length * POINTS_PER_MM)
        return known

    def _write_style(self, font: LabelFont, size: float, scale: float) -> str:
        if font not in self._fonts:
            # A font's first use on a text object gives it its place among the document's fonts.
            self._canvas.beginText().setFont(self._names[font], size)
            self._fonts[font] = pdfmetrics.getFont(self._names[font])
        face = f"/{self._fonts[font].resource} {fp_str(size)} Tf {fp_str(size * 1.2)} TL"
        style = f"{face} {fp_str(scale)} Tz {face}"
        self._styles[font, size, scale] = style
        return style


def _write_sheet(
    writer: _LineWriter, labels: Sequence[FittedLabel], orders: range, sheet: Sheet
) -> str:
    lines = ["BT 1 0 0 1 0 0 Tm"]
    for order in orders:
        left, top = locate_cell(sheet, find_place(sheet, order)[1])
        lines += [writer.write(line, left, top) for line in labels[order].lines]
    return " ".join([*lines, "ET"])


def _draw_margin(
    canvas: Canvas,
    text: str,
    font: LabelFont,
    sheet: Sheet,
    names: dict[LabelFont, str],
) -> None:
    used = sheet.top_mm + (sheet.rows - 1) * sheet.pitch_y_mm + sheet.label_height_mm
    above, below = (_MARGIN_SIZE / POINTS_PER_MM * share for share in (0.88, 0.12))
    # 3 mm from the labels, and nearer to them where the printer would cut the line off.
    if sheet.top_mm >= _MARGIN_NEEDED_MM:
        baseline = min(max(sheet.top_mm - 3, UNPRINTABLE_MM + above), sheet.top_mm - below)
    elif PAGE_HEIGHT_MM - used >= _MARGIN_NEEDED_MM:
        baseline = min(used + 3 + above, PAGE_HEIGHT_MM - UNPRINTABLE_MM - below)
    else:
        raise ParameterError(
            f"ラベル用紙 {sheet.name}: 上下に{_MARGIN_NEEDED_MM:.0f} mmの余白がなく、"
            "シート番号を印刷できません。余白のある用紙を選んでください。"
        )
    left = max(sheet.left_mm, UNPRINTABLE_MM)
    width = measure_piece(text, find_glyphs(text, font)).width * _MARGIN_SIZE / 1000
    room = (PAGE_WIDTH_MM - left - UNPRINTABLE_MM) * POINTS_PER_MM
    if width > room:
        raise ParameterError("余白の文字: 長すぎて1行に入りません。短くしてください。")
    drawing = canvas.beginText()
    drawing.setTextOrigin(left * POINTS_PER_MM, (PAGE_HEIGHT_MM - baseline) * POINTS_PER_MM)
    drawing.setFont(names[font], _MARGIN_SIZE)
    drawing.setHorizScale(100)
    drawing.textOut(text)
    canvas.drawText(drawing)


def _scrub(pdf: bytes, contents: Sequence[str]) -> bytes:
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
        for page, content in itertools.zip_longest(document.pages, contents):
            if content:
                stream = page.Contents
                stream.write(stream.read_bytes().replace(_PLACE.encode(), content.encode()))
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
