"""Printing: fitted labels become a PDF whose bytes depend on nothing but its content."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import pikepdf
from reportlab.lib.rl_accel import fp_str
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.errors import OutputError, ParameterError
from recruitlib.labels.collector import pause_collector
from recruitlib.labels.embedding import EmbeddedFont
from recruitlib.labels.fitting import FittedLabel
from recruitlib.labels.fonts import LabelFont, choose_font
from recruitlib.labels.layout import POINTS_PER_MM, FittedLine
from recruitlib.labels.lines import measure_piece
from recruitlib.labels.sheets import (
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    UNPRINTABLE_MM,
    Sheet,
    find_place,
    locate_cell,
    share_out,
)

K = TypeVar("K")
DEFAULT_MARGIN = "シート {sheet}/{sheets} 通番 {first}-{last}"
_MARGIN_SIZE = 8.0
_MARGIN_NEEDED_MM = 8.0


@pause_collector()
def render_labels(
    fitted: Sequence[FittedLabel],
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    margin: str = DEFAULT_MARGIN,
    margin_note: str = "",
    first_serial: int = 1,
) -> bytes:
    """Draw labels on sheets, row by row, as a plain PDF without any property.

    Nothing but the fitted lines stands in the cells. The margin of each sheet tells its number
    and serials, so that a page missing or printed twice is seen on paper. Same labels, same
    bytes: no date, no producer, the file's identifier made from its content.

    Args:
        fitted: labels in print order, none of them refused; one without lines leaves its cell empty.
        sheet: the label sheet.
        font_chain: fonts for the margin.
        margin: the margin's text, in which {sheet}, {sheets}, {first} and {last} stand for the
            sheet's number, how many there are, and its first and last serial; "" for none. It must
            not hold a person's value.
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
            "宛名シール: 印刷するものが0件か、入りきらないものが混じっています。"
            "入りきらないものの一覧を先に片付けてください。"
        )
    margins = _write_margins(len(fitted), sheet, margin, margin_note, first_serial)
    bottoms = _place_margins(margins, sheet, font_chain)
    fonts = [line.font for label in fitted for line in label.lines]
    fonts += [line.font for lines in bottoms for line in lines]
    canvas, names = open_canvas(fonts)
    writer = LineWriter(canvas, names)
    contents = []
    for orders, bottom in zip(share_out(sheet, len(fitted)), bottoms, strict=True):
        labels = [
            (fitted[order].lines, *locate_cell(sheet, find_place(sheet, order)[1]))
            for order in orders
        ]
        contents.append(writer.write([*labels, (bottom, 0.0, 0.0)]))
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


def close_canvas(canvas: Canvas, contents: Sequence[bytes] = ()) -> bytes:
    """Finish a document: its bytes, without any property.

    Args:
        canvas: the document.
        contents: what stands on each page, when the canvas has only one empty page with the fonts;
            because reportlab writes pages slowly.
    """
    return _scrub(canvas.getpdfdata(), contents)


def _write_margins(
    labels: int, sheet: Sheet, margin: str, margin_note: str, first_serial: int
) -> list[str]:
    shares = share_out(sheet, labels)
    margins = []
    for number, orders in enumerate(shares, start=1):
        first, last = first_serial + orders[0], first_serial + orders[-1]
        text = margin.format(sheet=number, sheets=len(shares), first=first, last=last)
        margins.append(f"{text} {margin_note}".strip())
    return margins


class LineWriter:
    """Writes lines as page content, each distinct text, style and distance once for a document.

    reportlab's text objects write the same, but anew for each line.
    """

    def __init__(self, canvas: Canvas, names: dict[LabelFont, str]) -> None:
        self._fonts: dict[LabelFont, EmbeddedFont] = {}
        for font, name in names.items():
            # Its first use on a text object gives a font its place among the document's fonts.
            canvas.beginText().setFont(name, 1.0)
            self._fonts[font] = pdfmetrics.getFont(name)
        self._styles = _Written(self._write_style)
        self._numbers = _Written(_write_mm)
        self._texts = {font: _Written(own.encode) for font, own in self._fonts.items()}

    def write(self, labels: Iterable[tuple[Sequence[FittedLine], float, float]]) -> bytes:
        """Write the lines of a page's labels, each label with its corner in millimetres."""
        content, last = ["BT"], None
        numbers, styles, texts = self._numbers, self._styles, self._texts
        for lines, left, top in labels:
            for text, x_mm, y_mm, size, percent, font in lines:
                style = font, size, percent
                if style != last:
                    content.append(styles[style])
                    last = style
                x, y = numbers[left + x_mm], numbers[PAGE_HEIGHT_MM - top - y_mm]
                content.append(f"1 0 0 1 {x} {y} Tm <{texts[font][text]}> Tj")
        return "\n".join([*content, "ET"]).encode("ascii")

    def _write_style(self, style: tuple[LabelFont, float, float]) -> str:
        font, size, percent = style
        return f"/{self._fonts[font].resource} {fp_str(size)} Tf {fp_str(percent)} Tz"


def _write_mm(length: float) -> str:
    return str(fp_str(round(length * POINTS_PER_MM, 3)))


class _Written(dict[K, str]):
    """What is written so far: whatever is asked for the first time is written and kept."""

    def __init__(self, write: Callable[[K], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: K) -> str:
        written = self[key] = self._write(key)
        return written


def _place_margins(
    texts: Sequence[str], sheet: Sheet, font_chain: Sequence[LabelFont]
) -> list[list[FittedLine]]:
    if not any(texts):
        return [[] for _ in texts]
    fonts = [choose_font(text, font_chain) for text in texts]
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
    room = (PAGE_WIDTH_MM - left - UNPRINTABLE_MM) * POINTS_PER_MM
    lines = []
    for text, font in zip(texts, fonts, strict=True):
        if font is None:
            raise ParameterError("余白の文字: 登録した書体で印刷できない字があります。")
        if measure_piece(text, font.list_glyphs(text)).width * _MARGIN_SIZE / 1000 > room:
            raise ParameterError("余白の文字: 長すぎて1行に入りません。短くしてください。")
        lines.append([FittedLine(text, left, baseline, _MARGIN_SIZE, 100.0, font)])
    return lines


def _scrub(pdf: bytes, contents: Sequence[bytes]) -> bytes:
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
        document.Root.ViewerPreferences = pikepdf.Dictionary(PrintScaling=pikepdf.Name("/None"))
        for page in document.pages:
            for key in ("/Trans", "/Annots"):
                if key in page:
                    del page[key]
        if contents:
            _set_pages(document, contents)
        else:
            document.remove_unreferenced_resources()
        document.save(
            buffer,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
    return buffer.getvalue()


def _set_pages(document: pikepdf.Pdf, contents: Sequence[bytes]) -> None:
    # Each page is the document's only page with other content.
    first, tree = document.pages[0].obj, document.Root.Pages
    first.Resources = document.make_indirect(first.Resources)
    pages = []
    for content in contents:
        page = pikepdf.Dictionary(dict(first.items()))
        page.Contents = pikepdf.Stream(document, content)
        pages.append(document.make_indirect(page))
    tree.Kids, tree.Count = pikepdf.Array(pages), len(pages)


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
