"""The flow of personal information as a paper: the picture with numbered arrows, and its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table, TableStyle

from recruitlib.base.counts import Count
from recruitlib.base.masking import HELD
from recruitlib.base.papers import SMALL, SPECIMEN, TITLE, build_paper, open_page, write_line
from recruitlib.base.scope import Scope
from recruitlib.handover.flow import (
    APPLICANTS,
    DESTROYED,
    FORM,
    LABELS,
    OFFICE,
    REGISTRY,
    Totals,
    Transfer,
    list_transfers,
    sum_counts,
)

_TITLE = "個人情報の流れ"
_LEGEND = (
    "実線は個人情報、破線は個人情報のない報告。「除外」は、申出をした人、支援措置の対象者及び確認中の人を合わせた数。"
    "支援措置の件数は載せない。申出と支援措置の一覧は印刷日と提供日に、抽出は提供日に取り直して比べる。"
)
_HELD_TOLD = f"「{HELD}」は、10未満の数が分かってしまうため伏せた数。"
_CELL = ParagraphStyle("cell", parent=SMALL, fontSize=8, leading=11.5)
_CENTRE = ParagraphStyle("centre", parent=SMALL, alignment=TA_CENTER, leading=12)
_WIDTH, _HEIGHT = 166, 106  # millimetres
_TABLE_WIDTHS = (7, 34, 34, 43, 32, 16)
Point = tuple[float, float]


class _Box(NamedTuple):
    """A box of the picture: left, bottom, width, height in millimetres, and its lines of text."""

    left: float
    bottom: float
    width: float
    height: float
    lines: tuple[str, ...]


class _Arrow(NamedTuple):
    """An arrow: the number of its step, its corners, where the number stands, and if it is dashed."""

    number: int
    corners: tuple[Point, ...]
    place: Point
    dashed: bool = False


# The numbers are those of ``list_transfers``; 6 is work inside the office and has no arrow.
_ARROWS = (
    _Arrow(1, ((44, 95), (62, 95)), (52, 95)),
    _Arrow(2, ((78, 86), (78, 74)), (78, 81)),
    _Arrow(3, ((22, 86), (22, 68), (62, 68)), (42, 68)),
    _Arrow(4, ((44, 54), (62, 54)), (52, 54)),
    _Arrow(5, ((44, 42), (62, 42)), (52, 42)),
    _Arrow(7, ((112, 57), (126, 57)), (118, 57)),
    _Arrow(8, ((151, 46), (151, 28)), (151, 38)),
    _Arrow(9, ((131, 46), (131, 10), (112, 10)), (122, 10)),
    _Arrow(10, ((87, 34), (87, 18)), (87, 27)),
    _Arrow(11, ((96, 86), (96, 74)), (96, 81), dashed=True),
    _Arrow(12, ((138, 22), (119, 22), (119, 40), (112, 40)), (119, 31), dashed=True),
)


def _place_boxes(scope: Scope, parameters: Mapping[str, Any], totals: Totals) -> tuple[_Box, ...]:
    return (
        _Box(0, 86, 44, 18, (APPLICANTS, "提供を望まない申出")),
        _Box(62, 86, 50, 18, (FORM, f"（{scope.counterparty}）")),
        _Box(0, 36, 44, 24, (REGISTRY, "住民基本台帳の抽出", "支援措置対象者の一覧")),
        _Box(62, 34, 50, 40, (
            OFFICE, f"（{parameters['municipality']}", f"{scope.division}）",
            f"募集対象者 {totals.cohort}", f"⑥ 除外 {totals.excluded}",
            f"提供対象者 {totals.recipients}",
        )),
        _Box(126, 46, 40, 22, (LABELS, totals.labels, totals.sheets)),
        _Box(138, 4, 28, 24, (scope.recipient, totals.handed_over)),
        _Box(62, 2, 50, 16, (DESTROYED, f"欠番 {totals.missing}と、すべてのファイル")),
    )  # fmt: skip


class _Picture(Flowable):
    """The boxes and arrows of the flow, as one piece of a page."""

    def __init__(self, boxes: Sequence[_Box]) -> None:
        super().__init__()
        self.hAlign = "CENTER"
        self.width, self.height = _WIDTH * mm, _HEIGHT * mm
        self._boxes = boxes

    def draw(self) -> None:
        """Draw arrows first, so that a box covers what might reach into it."""
        for arrow in _ARROWS:
            self._draw_arrow(arrow)
        for box in self._boxes:
            self._draw_box(box)

    def _draw_arrow(self, arrow: _Arrow) -> None:
        canvas, corners = self.canv, [(x * mm, y * mm) for x, y in arrow.corners]
        canvas.setDash(*([3, 2] if arrow.dashed else []))
        for start, end in zip(corners, corners[1:], strict=False):
            canvas.line(*start, *end)
        canvas.setDash()
        (before_x, before_y), (x, y) = corners[-2:]
        along = ((x > before_x) - (x < before_x), (y > before_y) - (y < before_y))
        back, side = 2.6 * mm, 1.2 * mm
        head = canvas.beginPath()
        head.moveTo(x, y)
        for sign in (1, -1):
            head.lineTo(x - along[0] * back + sign * along[1] * side,
                        y - along[1] * back + sign * along[0] * side)  # fmt: skip
        head.close()
        canvas.drawPath(head, stroke=0, fill=1)
        self._write_centred((_number(arrow.number),), *arrow.place, 6, 5)

    def _draw_box(self, box: _Box) -> None:
        canvas = self.canv
        canvas.setFillColor("#ffffff")
        canvas.rect(box.left * mm, box.bottom * mm, box.width * mm, box.height * mm, fill=1)
        canvas.setFillColor("#000000")
        centre = (box.left + box.width / 2, box.bottom + box.height / 2)
        self._write_centred(box.lines, *centre, box.width - 3)

    def _write_centred(
        self, lines: Sequence[str], x: float, y: float, width: float, ground: float = 0
    ) -> None:
        """Write lines around a point; with a ground, on white of that height."""
        canvas = self.canv
        if ground:
            canvas.setFillColor("#ffffff")
            canvas.rect((x - ground / 2) * mm, (y - ground / 2) * mm, ground * mm, ground * mm,
                        stroke=0, fill=1)  # fmt: skip
            canvas.setFillColor("#000000")
        paragraphs = [write_line(line, _CENTRE) for line in lines]
        heights = [paragraph.wrapOn(canvas, width * mm, 0)[1] for paragraph in paragraphs]
        top = y * mm + sum(heights) / 2
        for paragraph, height in zip(paragraphs, heights, strict=True):
            top -= height
            paragraph.drawOn(canvas, (x - width / 2) * mm, top)


def _number(place: int) -> str:
    """Write a number from 1 to 20 in a circle."""
    return chr(ord("①") + place - 1)


def render_flow(
    scope: Scope, parameters: Mapping[str, Any], counts: Sequence[Count], day: date,
    demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the flow of personal information as one page of A4.

    Args:
        scope: the approved scope.
        parameters: those of the run.
        counts: of ``counts.csv`` when the labels have been handed over.
        day: the day of the hand-over.
        demonstration: whether the paper is stamped.

    Returns:
        a PDF, the same bytes for the same content.
    """
    totals = sum_counts(counts)
    legend = _LEGEND + (_HELD_TOLD if HELD in totals else "")
    story = [
        *open_page(demonstration, day),
        write_line(f"{_TITLE}（資料）", TITLE),
        write_line(f"{scope.name}　実行 {parameters['run_id']}", _CENTRE),
        Spacer(1, 2 * mm),
        _Picture(_place_boxes(scope, parameters, totals)),
        Spacer(1, 2 * mm),
        _draw_transfers(list_transfers(scope, parameters, totals)),
        Spacer(1, 1 * mm),
        write_line(f"{legend}外部結合の形態: {scope.route}", SMALL),
    ]
    return build_paper(story, f"{SPECIMEN}　{_TITLE}" if demonstration else _TITLE)


def _draw_transfers(transfers: Sequence[Transfer]) -> Table:
    heads = ("", "だれから", "だれへ", "項目", "形", "件数")
    rows = [heads, *((_number(place), *own) for place, own in enumerate(transfers, start=1))]
    cells = [[write_line(text, _CELL) for text in row] for row in rows]
    table = Table(cells, colWidths=[width * mm for width in _TABLE_WIDTHS], repeatRows=1)
    table.setStyle(TableStyle([
        ("GRID", (0, 0), (-1, -1), 0.4, "#888888"), ("BACKGROUND", (0, 0), (-1, 0), "#eeeeee"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5), ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]))  # fmt: skip
    return table
