"""Fields: how one text of a label is set: whole, condensed to 70 %, or on several lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.lines import Piece, measure_piece, measure_whole, wrap_pieces

CONDENSED_FLOOR = 0.70
# Full size on a label of 86.4 x 42.3 mm, and the floor, in points.
_SIZES = {
    "postal_code": (10.5, 6.0),
    "address": (10.5, 6.0),
    "building": (9.0, 6.0),
    "full_name": (16.0, 8.0),
    "return_line": (6.0, 6.0),
}
_ASCENT, _DESCENT = 0.88, 0.12  # of a Japanese em square
_KEPT = 1 << 16  # fields whose setting is remembered: most labels share address and building


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What decides where a field's lines stand, in points; equal shapes are one object.

    For each line its height above and below the baseline, and how far it moves to the right for
    its first glyph's ink.
    """

    size: float
    boxes: tuple[tuple[float, float], ...]
    insets: tuple[float, ...]


_share_shape = lru_cache(maxsize=_KEPT)(Shape)


class Setting(NamedTuple):
    """One field as it is set; the width is that of its widest line, in points."""

    shape: Shape
    percent: float
    font: LabelFont
    pieces: Sequence[Piece]
    width: float


@lru_cache(maxsize=_KEPT)
def set_field(
    column: str, text: str, font: LabelFont, share: float, width: float
) -> Setting | None:
    """Set a field whole, else condensed to 70 %, else on lines, else on condensed lines.

    Args:
        column: the field's name, which decides its size.
        text: what is printed.
        font: a font that is known to hold the text.
        share: of the full size, never under the field's floor.
        width: the widest line, in points.

    Returns:
        The setting; None when a number or word is wider than a condensed line.
    """
    size, limit = _find_limit(column, share, width)
    glyphs = font.list_glyphs(text)
    whole = measure_piece(text, glyphs)
    if whole.width <= limit:
        return _measure_setting(size, 1.0, font, [whole])
    if whole.width * CONDENSED_FLOOR <= limit:
        # Rounded down to whole thousandths, so that the printed scale never exceeds the space.
        return _measure_setting(size, int(limit / whole.width * 1000) / 1000, font, [whole])
    pieces = wrap_pieces(text, glyphs, limit)
    if pieces:
        return _measure_setting(size, 1.0, font, pieces)
    pieces = wrap_pieces(text, glyphs, limit / CONDENSED_FLOOR)
    if pieces is None:
        return None
    widest = max(piece.width for piece in pieces)
    return _measure_setting(size, int(limit / widest * 1000) / 1000, font, pieces)


def set_fields(
    column: str, texts: Sequence[str], font: LabelFont, share: float, width: float
) -> list[Setting | None]:
    """Set many texts as `set_field` sets each: those that stand whole are measured together.

    Args:
        column: the fields' name.
        texts: what is printed.
        font: any font.
        share: of the full size.
        width: the widest line, in points.

    Returns:
        One setting per text; None also when the font does not hold it.
    """
    size, limit = _find_limit(column, share, width)
    settings: list[Setting | None] = []
    shapes: dict[tuple[float, float, float], Shape] = {}
    for text, whole in zip(texts, measure_whole(texts, font), strict=True):
        if whole is not None and whole.width <= limit:
            key = whole.inset, whole.top, whole.bottom
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = _measure_setting(size, 1.0, font, [whole]).shape
            settings.append(Setting(shape, 100.0, font, [whole], whole.width * size / 1000))
        elif font.holds(text):
            settings.append(set_field(column, text, font, share, width))
        else:
            settings.append(None)
    return settings


def _find_limit(column: str, share: float, width: float) -> tuple[float, float]:
    # The size in points, and the widest line in 1/1000 of it.
    full, floor = _SIZES[column]
    size = max(floor, round(full * share * 2) / 2)
    return size, width * 1000 / size


def _measure_setting(
    size: float, scale: float, font: LabelFont, pieces: Sequence[Piece]
) -> Setting:
    # Ink decides where it reaches further than the em square: an accent, a bracket's foot.
    boxes = [
        (size * max(_ASCENT, piece.top / 1000), size * max(_DESCENT, -piece.bottom / 1000))
        for piece in pieces
    ]
    insets = [size * scale * piece.inset / 1000 for piece in pieces]
    width = max([piece.width for piece in pieces]) * size * scale / 1000
    shape = _share_shape(size, tuple(boxes), tuple(insets))
    return Setting(shape, round(scale * 100, 1), font, pieces, width)
