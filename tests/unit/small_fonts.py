"""Tiny fonts made for a test: each cluster a shape of its own, and fonts with one fault each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

UNITS = 1000


def build_font(
    path: Path, clusters: Iterable[str], name: str = "Small", blank: str = "", cff: bool = False,
    named_glyphs: bool = True,
) -> Path:  # fmt: skip
    """Build a font that holds exactly these clusters; those in `blank` and spaces without ink.

    The shape of glyph n is the number n in bars, so that no two glyphs look alike.
    """
    held = list(dict.fromkeys(clusters))
    order = [".notdef", *(f"g{number}" for number in range(1, len(held) + 1))]
    names = dict(zip(held, order[1:], strict=True))
    builder = FontBuilder(UNITS, isTTF=not cff)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(
        {ord(cluster): glyph for cluster, glyph in names.items() if len(cluster) == 1},
        uvs=[
            (ord(cluster[0]), ord(cluster[1]), glyph)
            for cluster, glyph in names.items()
            if len(cluster) == 2
        ],
    )
    if cff:
        empty = T2CharStringPen(UNITS, None).getCharString()
        builder.setupCFF(name, {}, dict.fromkeys(order, empty), {})
    else:
        without_ink = {names[cluster] for cluster in held if cluster in " \u3000" + blank}
        builder.setupGlyf({
            glyph: TTGlyphPen(None).glyph() if glyph in without_ink else draw_number(number)
            for number, glyph in enumerate(order)
        })  # fmt: skip
    builder.setupHorizontalMetrics(dict.fromkeys(order, (UNITS, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2()
    builder.setupPost(keepGlyphNames=named_glyphs)
    builder.save(path)
    return path


def draw_number(number: int) -> object:
    """Draw a number in bars: a line below, and above it one bar for each bit that is set."""
    pen = TTGlyphPen(None)
    places = [place for place in range(12) if number >> place & 1]
    for left, right, bottom, top in (
        (50, 950, 0, 60), *((60 + 70 * at, 110 + 70 * at, 120, 800) for at in places),
    ):  # fmt: skip
        pen.moveTo((left, bottom))
        for point in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def edit_font(path: Path, edit: Callable[[TTFont], object]) -> Path:
    """Edit a font file in its place."""
    with TTFont(path) as font:
        edit(font)
        font.save(path)
    return path


def make_variable(path: Path, default: int, named: int = 400) -> Path:
    """Give a font a weight axis with a default, and the weight that its tables name."""

    def add_axis(font: TTFont) -> None:
        FontBuilder(font=font).setupFvar([("wght", 100, default, 900, "Weight")], [])
        font["OS/2"].usWeightClass = named

    return edit_font(path, add_axis)


def forbid_embedding(path: Path, kind: int = 0x0002) -> Path:
    """Set a font's embedding permission (OS/2 fsType)."""
    return edit_font(path, lambda font: setattr(font["OS/2"], "fsType", kind))


def collect_fonts(path: Path, *members: Path) -> Path:
    """Put fonts together into one collection file."""
    collection = TTCollection()
    collection.fonts = [TTFont(member) for member in members]
    collection.save(path)
    return path
