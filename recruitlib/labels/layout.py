"""Layout: what room a label has for its fields, and where their lines stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from recruitlib.base.secrecy import hide_values
from recruitlib.labels.fields import Shape, set_field
from recruitlib.labels.fonts import LabelFont, choose_font
from recruitlib.labels.sheets import Sheet

POINTS_PER_MM = 72 / 25.4
LINE_PITCH = 1.22
_REFERENCE_HEIGHT_MM = 34.3
_SMALLEST_SHARE = 0.75
_KEPT = 1 << 16  # places that are remembered: most labels have the shapes of another
_TOP_SPACE = 0.08  # of the height, above short labels: their first lines stand level on the sheet


@hide_values
class FittedLine(NamedTuple):
    """One printed line: baseline in millimetres from the label's top left corner."""

    text: str
    x_mm: float
    y_mm: float
    size_pt: float
    scale_percent: float
    font: LabelFont


class Room(NamedTuple):
    """What a label has for its fields, in points; its corner in millimetres from the label's.

    The share of the full size and the space above are those of the whole label: an inset or a
    return line makes text smaller only where it would not fit otherwise.
    """

    width: float
    height: float
    share: float
    top_space: float
    corner: tuple[float, float]
    foot: tuple[FittedLine, ...]


def find_room(sheet: Sheet, font_chain: Sequence[LabelFont], return_line: str) -> Room | None:
    """Find the room of a label of this sheet, with the return line placed on its foot.

    Args:
        sheet: the label sheet; text keeps inside its padding and insets.
        font_chain: fonts for the return line.
        return_line: one line of the smallest size; "" for none.

    Returns:
        The room; None when no font prints the return line, or it does not fit on one line.
    """
    left, top = sheet.padding_mm + sheet.inset_left_mm, sheet.padding_mm + sheet.inset_top_mm
    width = (sheet.label_width_mm - sheet.padding_mm - left) * POINTS_PER_MM
    height = (sheet.label_height_mm - sheet.padding_mm - top) * POINTS_PER_MM
    whole = (sheet.label_height_mm - 2 * sheet.padding_mm) * POINTS_PER_MM
    share = min(1.0, max(_SMALLEST_SHARE, whole / POINTS_PER_MM / _REFERENCE_HEIGHT_MM))
    room = Room(width, height, share, _TOP_SPACE * whole, (left, top), ())
    if not return_line:
        return room
    font = choose_font(return_line, font_chain) if width > 0 else None
    setting = set_field("return_line", return_line, font, 1.0, width) if font else None
    if font is None or setting is None or len(setting.pieces) > 1:
        return None
    (above, below), size = setting.shape.boxes[0], setting.shape.size
    across = round(left + setting.shape.insets[0] / POINTS_PER_MM, 4)
    down = round(sheet.label_height_mm - sheet.padding_mm - below / POINTS_PER_MM, 4)
    foot = FittedLine(return_line, across, down, size, setting.percent, font)
    used = above + below + size * (LINE_PITCH - 1)
    return room._replace(height=height - used, foot=(foot,))


def _line_gaps(shapes: Sequence[Shape]) -> list[float]:
    # The space before each line; the name stands apart from the address.
    gaps = []
    for place, shape in enumerate(shapes):
        last = place == len(shapes) - 1
        before = shape.size * (0.3 if last else LINE_PITCH - 1)
        gaps += [before, *[shape.size * (LINE_PITCH - 1)] * (len(shape.boxes) - 1)]
    return [0.0, *gaps[1:]]


@lru_cache(maxsize=_KEPT)
def place_shapes(
    shapes: tuple[Shape, ...], indent: float, room: Room
) -> list[tuple[float, float]] | None:
    """Place the fields of a label one below the other, the name apart from the others.

    Args:
        shapes: the fields' shapes, the name last.
        indent: how far the name moves to the right, in points.
        room: the label's room.

    Returns:
        Where each line begins, in millimetres from the label's corner; None when all is too high.
    """
    height, corner = room.height, room.corner
    gaps = _line_gaps(shapes)
    used = sum(above + below for shape in shapes for above, below in shape.boxes) + sum(gaps)
    if used > height:
        return None
    apart = min((height - used) / 2, shapes[-1].size * 0.8)
    down = min((height - used - apart) / 2, room.top_space)
    first_of_name = len(gaps) - len(shapes[-1].boxes)
    lines = [line for shape in shapes for line in zip(shape.boxes, shape.insets, strict=True)]
    places = []
    for number, (((above, below), inset), gap) in enumerate(zip(lines, gaps, strict=True)):
        down += gap + above + (apart if number == first_of_name else 0.0)
        across = inset + (indent if number >= first_of_name else 0.0)
        places.append(
            (
                round(corner[0] + across / POINTS_PER_MM, 4),
                round(corner[1] + down / POINTS_PER_MM, 4),
            )
        )
        down += below
    return places
