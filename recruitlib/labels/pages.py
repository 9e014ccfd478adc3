"""Pages for plain paper: the outline of a sheet with rulers, and a list of counts."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.errors import ParameterError
from recruitlib.labels.fonts import LabelFont, choose_font
from recruitlib.labels.layout import LINE_PITCH, POINTS_PER_MM
from recruitlib.labels.lines import wrap_pieces
from recruitlib.labels.printing import close_canvas, open_canvas
from recruitlib.labels.sheets import PAGE_HEIGHT_MM, Alignment, Sheet, align_sheet, locate_cell

ACTUAL_SIZE = "実際のサイズ（100%）で印刷してください"
_ADVICE = "普通紙に印刷し、用紙に重ねて枠を比べます。"
_TEXT_SIZES = (8.0, 7.0, 6.0, 5.0)
_SMALL_SIZE = 6.0
_RULER_ACROSS_MM = (30.0, 130.0)  # on every shipped sheet left of the middle of the last column
_RULER_DOWN_MM = (50.0, 250.0)
_TICK_MM = {10: 4.0, 5: 3.0, 1: 1.8}
_LIST_COLUMNS_MM = (20.0, 70.0, 100.0, 130.0)
_LIST_LINES = 40


def render_outline(sheet: Sheet, alignment: Alignment, font: LabelFont) -> bytes:
    """Draw the outline of every label with its position, and rulers in millimetres.

    It is printed on plain paper and laid over the label sheet before the first label is wasted.
    Outlines and rulers are moved and scaled as the labels will be, so that with the right
    alignment they measure right on paper.

    Args:
        sheet: the sheet as the maker cut it.
        alignment: what the printer needs.
        font: font of the texts.

    Returns:
        The PDF's bytes: one page.

    Raises:
        ParameterError: when text would come too near to the edge of the page, or the sheet's name
            cannot be printed.
    """
    aligned = align_sheet(sheet, alignment)
    texts = (ACTUAL_SIZE, f"{sheet.name}（{'、'.join(sheet.products)}）", _ADVICE)
    if choose_font("".join(texts), [font]) is None:
        raise ParameterError("ラベル用紙の名前か品番に、印刷できない字があります。")
    canvas, names = open_canvas([font])
    canvas.setLineWidth(0.4)
    for position in range(1, sheet.per_page + 1):
        left, top = locate_cell(aligned, position)
        canvas.rect(
            *_place(left, top + aligned.label_height_mm),
            aligned.label_width_mm * POINTS_PER_MM,
            aligned.label_height_mm * POINTS_PER_MM,
        )
        _write(canvas, names[font], _SMALL_SIZE, str(position), *_find_corner(aligned, position))
    left, top = locate_cell(aligned, 1)
    size, lines = _set_texts(texts, aligned, font)
    for number, line in enumerate(lines, start=1):
        down = top + aligned.padding_mm + number * size * LINE_PITCH / POINTS_PER_MM
        _write(canvas, names[font], size, line, left + aligned.padding_mm, down)
    _draw_rulers(canvas, names[font], sheet, alignment)
    canvas.showPage()
    return close_canvas(canvas)


def _set_texts(texts: Sequence[str], sheet: Sheet, font: LabelFont) -> tuple[float, list[str]]:
    # As large as the first label has room for, above its number.
    width, height = (
        (side - 2 * sheet.padding_mm) * POINTS_PER_MM
        for side in (sheet.label_width_mm, sheet.label_height_mm)
    )
    for size in _TEXT_SIZES:
        limit = width * 1000 / size
        wrapped = [wrap_pieces(text, font.list_glyphs(text), limit) for text in texts]
        lines = [piece.text for pieces in wrapped for piece in pieces or []]
        if all(wrapped) and len(lines) * size * LINE_PITCH <= height - _SMALL_SIZE * LINE_PITCH:
            return size, lines
    return _TEXT_SIZES[-1], list(texts)


def _place(x_mm: float, y_mm: float) -> tuple[float, float]:
    return x_mm * POINTS_PER_MM, (PAGE_HEIGHT_MM - y_mm) * POINTS_PER_MM


def _write(canvas: Canvas, font: str, size: float, text: str, x_mm: float, y_mm: float) -> None:
    drawing = canvas.beginText()
    drawing.setTextOrigin(*_place(x_mm, y_mm))
    drawing.setFont(font, size)
    drawing.textOut(text)
    canvas.drawText(drawing)


def _find_corner(sheet: Sheet, position: int) -> tuple[float, float]:
    # Below on the left, where neither the texts nor the rulers stand.
    left, top = locate_cell(sheet, position)
    return left + sheet.padding_mm, top + sheet.label_height_mm - sheet.padding_mm


def _draw_rulers(canvas: Canvas, font: str, sheet: Sheet, alignment: Alignment) -> None:
    def place(x_mm: float, y_mm: float) -> tuple[float, float]:
        return (
            alignment.offset_x_mm + x_mm * alignment.scale,
            alignment.offset_y_mm + y_mm * alignment.scale,
        )

    def draw(start: tuple[float, float], end: tuple[float, float]) -> None:
        canvas.line(*_place(*place(*start)), *_place(*place(*end)))

    x = sheet.left_mm + (sheet.columns - 1) * sheet.pitch_x_mm + sheet.label_width_mm / 2
    y = sheet.top_mm + min(1, sheet.rows - 1) * sheet.pitch_y_mm + sheet.label_height_mm / 2
    (first_x, last_x), (first_y, last_y) = _RULER_ACROSS_MM, _RULER_DOWN_MM
    draw((first_x, y), (last_x, y))
    draw((x, first_y), (x, last_y))
    for mark in range(int(last_x - first_x) + 1):
        draw((first_x + mark, y), (first_x + mark, y - _find_tick(mark)))
        if mark % 10 == 0:
            _write(canvas, font, _SMALL_SIZE, str(mark), *place(first_x + mark - 0.6, y - 4.6))
    for mark in range(int(last_y - first_y) + 1):
        draw((x, first_y + mark), (x + _find_tick(mark), first_y + mark))
        if mark % 10 == 0:
            _write(canvas, font, _SMALL_SIZE, str(mark), *place(x + 4.6, first_y + mark + 0.7))
    _write(canvas, font, _SMALL_SIZE, "mm", *place(last_x + 1, y))


def _find_tick(mark: int) -> float:
    return next(length for step, length in _TICK_MM.items() if mark % step == 0)


def render_list(title: str, rows: Sequence[Sequence[str]], font: LabelFont) -> bytes:
    """Draw a list of counts as plain text.

    Args:
        title: the first line of each page.
        rows: the lines, each of at most four columns.
        font: font of the texts.

    Returns:
        The PDF's bytes, not encrypted.
    """
    canvas, names = open_canvas([font])
    for start in range(0, len(rows), _LIST_LINES):
        _write(canvas, names[font], 12.0, title, _LIST_COLUMNS_MM[0], 25)
        for line, row in enumerate(rows[start : start + _LIST_LINES]):
            for x_mm, text in zip(_LIST_COLUMNS_MM, row, strict=True):
                _write(canvas, names[font], 10.0, text, x_mm, 37 + 6 * line)
        canvas.showPage()
    return close_canvas(canvas)
