"""Fitting: each recipient's text is placed inside one label, whole, or the label is refused.

The order is that of a careful typist: full size, then condensed to 70 %, then wrapped, then
smaller down to a floor. What still does not fit goes on a list; nothing is ever cut off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.labels.collector import pause_collector
from recruitlib.labels.fonts import (
    COLUMN_NAMES,
    HONORIFIC,
    POSTAL_MARK,
    LabelFont,
    choose_font,
    describe_code_points,
    split_clusters,
)
from recruitlib.labels.lines import Piece, measure_piece, wrap_pieces
from recruitlib.labels.sheets import Sheet

POINTS_PER_MM = 72 / 25.4
CONDENSED_FLOOR = 0.70
LINE_PITCH = 1.22
# Full size on a label of 86.4 x 42.3 mm, and the floor, in points.
_SIZES = {
    "postal_code": (10.5, 6.0),
    "address": (10.5, 6.0),
    "building": (9.0, 6.0),
    "full_name": (16.0, 8.0),
}
_REFERENCE_HEIGHT_MM = 34.3
_SMALLEST_SHARE = 0.75
_KEPT = 1 << 16  # fields whose setting is remembered: most labels share address and building
_STEPS = [step / 20 for step in range(20, 8, -1)]
_ASCENT, _DESCENT = 0.88, 0.12  # of a Japanese em square
_TOP_SPACE = 0.08  # of the height, above short labels: their first lines stand level on the sheet
_POSTAL_CODE = re.compile(r"([0-9０-９]{3})[-－‐−]?([0-9０-９]{4})")
_TO_ASCII_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True, slots=True)
class FittedLine:
    """One printed line: baseline in millimetres from the label's top left corner."""

    text: str = field(repr=False)
    x_mm: float
    y_mm: float
    size_pt: float
    scale_percent: float
    font: LabelFont


@dataclass(frozen=True, slots=True)
class FittedLabel:
    """One label: its lines, or why it is refused; and what was done to make it fit."""

    source_row: Any
    lines: tuple[FittedLine, ...] = field(default=(), repr=False)
    reason: str = ""
    condensed: bool = False
    wrapped: bool = False
    shrunk: bool = False


class LabelText(NamedTuple):
    """What one label is made from; `source_row` names it without naming the person."""

    source_row: Any
    postal_code: str
    address: str
    building: str
    full_name: str


class _Block(NamedTuple):
    column: str
    text: str
    font: LabelFont


class _Shape(NamedTuple):
    """What decides where a field's lines stand, in points.

    For each line its height above and below the baseline, and how far it moves to the right for
    its first glyph's ink.
    """

    size: float
    boxes: tuple[tuple[float, float], ...]
    insets: tuple[float, ...]


class _Setting(NamedTuple):
    """One field as it is set; the width is that of its widest line, in points."""

    shape: _Shape
    percent: float
    font: LabelFont
    pieces: Sequence[Piece]
    width: float


def format_postal_code(postal_code: str) -> str | None:
    """Write a postal code as it is printed.

    Args:
        postal_code: seven digits, half or full width, with or without the hyphen.

    Returns:
        The form `〒160-0023`; None when it is not seven digits.
    """
    found = _POSTAL_CODE.fullmatch(postal_code)
    if not found:
        return None
    return f"{POSTAL_MARK}{found[1]}-{found[2]}".translate(_TO_ASCII_DIGITS)


def fit_labels(
    recipients: pd.DataFrame,
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    show_postal_code: bool = True,
) -> tuple[list[FittedLabel], pd.DataFrame]:
    """Fit all labels of a print run.

    Args:
        recipients: source_row, full_name, postal_code, address, building, in print order.
        sheet: the label sheet.
        font_chain: fonts in order of preference.
        show_postal_code: whether the postal code is printed.

    Returns:
        The labels that fit, in print order, and a table source_row, reason of those that do not.
        Together they have as many entries as `recipients` has rows.
    """
    columns = [recipients[column] for column in LabelText._fields]
    with pause_collector():
        fitted = [
            fit_label(LabelText(*values), sheet, font_chain, show_postal_code)
            for values in zip(*columns, strict=True)
        ]
    refused = [(label.source_row, label.reason) for label in fitted if label.reason]
    table = pd.DataFrame(refused, columns=["source_row", "reason"]).astype({"reason": str})
    return [label for label in fitted if not label.reason], table


def fit_label(
    label: LabelText,
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    show_postal_code: bool = True,
) -> FittedLabel:
    """Fit one label: full size, condensed to 70 %, wrapped, smaller to the floor, or refused.

    Printed is what the registry holds, apart from the postal mark and hyphen and the honorific
    after the name. Numbers and words stay whole, and the honorific stays with the name.

    Args:
        label: the recipient's text, not normalised.
        sheet: the label sheet; text keeps inside its padding.
        font_chain: fonts in order of preference.
        show_postal_code: whether the postal code is printed.

    Returns:
        The label with its lines, or with a reason in Japanese that names no value.
    """
    blocks, reason = _collect_blocks(label, font_chain, show_postal_code)
    if reason:
        return FittedLabel(label.source_row, reason=reason)
    width = (sheet.label_width_mm - 2 * sheet.padding_mm) * POINTS_PER_MM
    height = (sheet.label_height_mm - 2 * sheet.padding_mm) * POINTS_PER_MM
    share = min(1.0, max(_SMALLEST_SHARE, height / POINTS_PER_MM / _REFERENCE_HEIGHT_MM))
    too_wide = ""
    for step in _STEPS:
        settings = []
        for block in blocks:
            setting = _set_block(block, share * step, width)
            if setting is None:
                too_wide = block.column
                break
            settings.append(setting)
        if len(settings) < len(blocks):
            continue
        lines = _place_lines(settings, width, height, sheet.padding_mm)
        if lines:
            return _finish_label(label.source_row, settings, lines, step < 1)
        too_wide = ""
    if too_wide:
        name = COLUMN_NAMES[too_wide]
        return FittedLabel(
            label.source_row, reason=f"{name}の番号または単語が長く、切らずにラベルに入りません"
        )
    return FittedLabel(label.source_row, reason="最小の文字にしてもラベルの高さに入りません")


def _collect_blocks(
    label: LabelText, font_chain: Sequence[LabelFont], show_postal_code: bool
) -> tuple[list[_Block], str]:
    texts = {"address": label.address, "building": label.building}
    if not label.full_name.strip():
        return [], "氏名が空です"
    if not label.address.strip():
        return [], "住所が空です"
    if show_postal_code and label.postal_code:
        postal_code = format_postal_code(label.postal_code)
        if postal_code is None:
            return [], "郵便番号が7桁の数字ではありません"
        texts = {"postal_code": postal_code, **texts}
    texts["full_name"] = label.full_name + HONORIFIC
    blocks = []
    for column, text in texts.items():
        if not text:
            continue
        font = choose_font(text, font_chain)
        if font is None:
            return [], _explain_characters(column, text, font_chain)
        blocks.append(_Block(column, text, font))
    return blocks, ""


def _explain_characters(column: str, text: str, font_chain: Sequence[LabelFont]) -> str:
    nowhere = [
        cluster
        for cluster in dict.fromkeys(split_clusters(text))
        if not any(font.find_glyph(cluster) for font in font_chain)
    ]
    name = COLUMN_NAMES[column]
    if not nowhere:
        return f"{name}の全部の字を持つ書体が1つもありません"
    points = "、".join(describe_code_points(cluster) for cluster in nowhere)
    return f"{name}に印刷できない字があります（{points}）"


@lru_cache(maxsize=_KEPT)
def _set_block(block: _Block, share: float, width: float) -> _Setting | None:
    full, floor = _SIZES[block.column]
    size = max(floor, round(full * share * 2) / 2)
    glyphs = block.font.list_glyphs(block.text)
    whole = measure_piece(block.text, glyphs)
    limit = width * 1000 / size
    if whole.width <= limit:
        return _measure_setting(size, 1.0, block.font, [whole])
    if whole.width * CONDENSED_FLOOR <= limit:
        # Rounded down to whole thousandths, so that the printed scale never exceeds the space.
        scale = int(limit / whole.width * 1000) / 1000
        return _measure_setting(size, scale, block.font, [whole])
    pieces = wrap_pieces(block.text, glyphs, limit)
    if pieces:
        return _measure_setting(size, 1.0, block.font, pieces)
    pieces = wrap_pieces(block.text, glyphs, limit / CONDENSED_FLOOR)
    if pieces is None:
        return None
    widest = max(piece.width for piece in pieces)
    return _measure_setting(size, int(limit / widest * 1000) / 1000, block.font, pieces)


def _measure_setting(
    size: float, scale: float, font: LabelFont, pieces: Sequence[Piece]
) -> _Setting:
    # Ink decides where it reaches further than the em square: an accent, a bracket's foot.
    boxes = [
        (size * max(_ASCENT, piece.top / 1000), size * max(_DESCENT, -piece.bottom / 1000))
        for piece in pieces
    ]
    insets = [size * scale * piece.inset / 1000 for piece in pieces]
    width = max(piece.width for piece in pieces) * size * scale / 1000
    return _Setting(
        _Shape(size, tuple(boxes), tuple(insets)), round(scale * 100, 1), font, pieces, width
    )


def _line_gaps(shapes: Sequence[_Shape]) -> list[float]:
    # The space before each line; the name stands apart from the address.
    gaps = []
    for place, shape in enumerate(shapes):
        last = place == len(shapes) - 1
        before = shape.size * (0.3 if last else LINE_PITCH - 1)
        gaps += [before, *[shape.size * (LINE_PITCH - 1)] * (len(shape.boxes) - 1)]
    return [0.0, *gaps[1:]]


@lru_cache(maxsize=_KEPT)
def _place_shapes(
    shapes: tuple[_Shape, ...], indent: float, height: float, padding: float
) -> list[tuple[float, float]] | None:
    # Where each line begins, in millimetres from the label's corner; None when it is too high.
    gaps = _line_gaps(shapes)
    used = sum(above + below for shape in shapes for above, below in shape.boxes) + sum(gaps)
    if used > height:
        return None
    apart = min((height - used) / 2, shapes[-1].size * 0.8)
    down = min((height - used - apart) / 2, _TOP_SPACE * height)
    first_of_name = len(gaps) - len(shapes[-1].boxes)
    lines = [line for shape in shapes for line in zip(shape.boxes, shape.insets, strict=True)]
    places = []
    for number, (((above, below), inset), gap) in enumerate(zip(lines, gaps, strict=True)):
        down += gap + above + (apart if number == first_of_name else 0.0)
        across = inset + (indent if number >= first_of_name else 0.0)
        places.append(
            (round(padding + across / POINTS_PER_MM, 4), round(padding + down / POINTS_PER_MM, 4))
        )
        down += below
    return places


def _place_lines(
    settings: Sequence[_Setting], width: float, height: float, padding: float
) -> tuple[FittedLine, ...] | None:
    name = settings[-1]
    indent = max(0.0, min(name.shape.size, width - name.width))
    shapes = tuple([setting.shape for setting in settings])
    places = _place_shapes(shapes, indent, height, padding)
    if places is None:
        return None
    lines = [(setting, piece) for setting in settings for piece in setting.pieces]
    return tuple([
        FittedLine(piece.text, *place, setting.shape.size, setting.percent, setting.font)
        for (setting, piece), place in zip(lines, places, strict=True)
    ])  # fmt: skip


def _finish_label(
    source_row: Any, settings: Sequence[_Setting], lines: tuple[FittedLine, ...], shrunk: bool
) -> FittedLabel:
    return FittedLabel(
        source_row,
        lines,
        condensed=any(setting.percent < 100 for setting in settings),
        wrapped=any(len(setting.pieces) > 1 for setting in settings),
        shrunk=shrunk,
    )


def count_adjustments(fitted: Sequence[FittedLabel]) -> dict[str, int]:
    """Count how many labels needed what to fit; one label may count under several.

    Args:
        fitted: labels that fit.

    Returns:
        Counts under `labels`, `full_size`, `condensed`, `wrapped` and `shrunk`.
    """
    return {
        "labels": len(fitted),
        "full_size": sum(
            not (label.condensed or label.wrapped or label.shrunk) for label in fitted
        ),
        "condensed": sum(label.condensed for label in fitted),
        "wrapped": sum(label.wrapped for label in fitted),
        "shrunk": sum(label.shrunk for label in fitted),
    }
