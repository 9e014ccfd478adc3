"""Glyph proof: the outlines inside the finished PDF are those that the font files name.

The font files are read anew with fontTools; nothing is taken from what chose the glyphs. Only the
plain writing of a label PDF is understood, and whatever is written otherwise is reported, so that
no character is drawn that was not compared. That text stands on the pages alone, and not in a
form or a note, is asked by `structure`.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

from recruitlib.labels.fonts import LabelFont, describe_code_points
from recruitlib.labels.structure import open_file

# A line as it is printed: a font with its size and width, then the place, upright, and the text.
_NUMBER = rb"\d+(?:\.\d+)?"
_LINE = re.compile(
    rb"(?:/(\w+) (%b) Tf (%b) Tz\n)?1 0 0 1 %b %b Tm <((?:[0-9A-F]{4})+)> Tj\n" % ((_NUMBER,) * 4)
)
_SIZES = (6.0, 16.0)  # points
_CONDENSED = (69.9, 100.0)  # percent, rounded
_PAIR = re.compile(rb"(?s)..")
_BLOCK = re.compile(rb"\d+ beginbfchar\n((?:<[0-9A-F]{4}> <(?:[0-9A-F]{4})+>\n)*+)endbfchar\n")
_ENTRY = re.compile(rb"<(.{4})> <(.+)>\n")
# What else could map a code in a reverse map: ranges, other maps, or entries in another writing.
_OTHER_MAPPING = re.compile(rb"(?i)bf|cid(char|range)|notdef|usecmap|%")
# What drawing a glyph by its number needs; any other table could hold text.
_TABLES = frozenset(
    ["head", "hhea", "maxp", "hmtx", "fpgm", "prep", "cvt ", "loca", "glyf", "post"]
)
_SHOWN = 20
_ROUNDING = 0.01  # widths are written with two decimals, in 1/1000 of the size


def find_foreign_glyphs(pdf: bytes, fonts: Sequence[LabelFont], password: str = "") -> list[str]:
    """Find everything that is drawn otherwise than the font files draw the character it stands for.

    Each character id that is drawn or stands in a reverse map (ToUnicode) is compared once per
    embedded font: outline and advance. An embedded font is right when it agrees as a whole with
    one font of the chain.

    Args:
        pdf: the file's bytes.
        fonts: the font chain; its files are opened anew.
        password: the print password of an encrypted file.

    Returns:
        One Japanese sentence per fault, at most 20 and how many more, with code points only; empty
        when all are right.

    Raises:
        OutputError: when the file cannot be opened.
    """
    embedded: dict[bytes, Any] = {}
    drawn: dict[bytes, set[bytes]] = {}
    found: list[str] = []
    with open_file(pdf, password) as document:
        for number, page in enumerate(document.pages, start=1):
            try:
                texts = _read_texts(page)
                for name, codes in texts.items():
                    font = page.obj.Resources.Font[f"/{name}"]
                    key = font.unparse()
                    embedded[key] = font
                    drawn.setdefault(key, set()).update(codes)
            except Exception:
                # Damaged content may lead pikepdf to any error.
                found.append(f"{number}ページの文字の書き方が決まりと違い、字形を確かめられません")
        for key, font in embedded.items():
            found += _judge_font(font, drawn[key], fonts)
    found = list(dict.fromkeys(found))
    more = [f"字形の誤りが、ほかに {len(found) - _SHOWN} 件あります"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + more


def _read_texts(page: pikepdf.Page) -> dict[str, set[bytes]]:
    # The two-byte codes that the page draws, by the name of their font.
    page.contents_coalesce()
    content = page.obj.Contents.read_bytes()
    pieces = _LINE.split(content)
    if [piece for piece in pieces[::5] if piece] != [b"BT\n", b"ET"] or content[-3:] != b"\nET":
        raise ValueError("neither a text nor its place")
    texts: dict[str, list[bytes]] = {}
    name = b""
    for font, size, percent, text in zip(*(pieces[part::5] for part in (1, 2, 3, 4)), strict=True):
        if font:
            name = font
            if not _lies_in(float(size), _SIZES) or not _lies_in(float(percent), _CONDENSED):
                raise ValueError("a size in which nothing is printed")
        texts.setdefault(name.decode(), []).append(bytes.fromhex(text.decode()))
    return {name: set(_PAIR.findall(b"".join(own))) for name, own in texts.items()}


def _lies_in(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] <= value <= ends[1]


def _judge_font(item: Any, drawn: set[bytes], fonts: Sequence[LabelFont]) -> list[str]:
    # Two fonts may have one name, so a name is no proof; it only says which to try first.
    name = str(item.get("/BaseFont", ""))
    verdicts: list[list[str]] = []
    for font in sorted(fonts, key=lambda font: not name.endswith(f"+{font.name}")):
        with font.open() as source:
            try:
                verdicts.append(list(_compare_font(item, drawn, source)))
            except Exception:
                # A damaged font program may lead fontTools to any error.
                verdicts.append(["埋め込まれた書体が読めず、字形を確かめられません"])
        if not verdicts[-1]:
            break
    return min(verdicts, key=len)


def _compare_font(item: Any, drawn: set[bytes], source: TTFont) -> Iterator[str]:
    inner = item.DescendantFonts[0]
    if item.get("/Encoding") != "/Identity-H":
        yield "埋め込まれた書体の符号化（Encoding）が Identity-H ではありません"
        return
    if not isinstance(inner.get("/CIDToGIDMap"), pikepdf.Stream):
        yield "埋め込まれた書体に、番号から字形への表（CIDToGIDMap）がありません"
        return
    reverse_map = item.ToUnicode.read_bytes()
    if _OTHER_MAPPING.search(_BLOCK.sub(b"", reverse_map)):
        yield "文字の記録（ToUnicode）の書き方が決まりと違い、字形を確かめられません"
        return
    entries = [
        (int(code, 16), bytes.fromhex(text.decode()).decode("utf-16-be", "replace"))
        for code, text in _ENTRY.findall(b"".join(_BLOCK.findall(reverse_map)))
    ]
    nameless = drawn - {number.to_bytes(2, "big") for number, _ in entries}
    if nameless:
        yield f"何の字かの記録（ToUnicode）がない字が {len(nameless)} 種類描かれています"
    program = TTFont(io.BytesIO(inner.FontDescriptor.FontFile2.read_bytes()), lazy=True)
    if not set(program.reader.tables) <= _TABLES:
        yield "埋め込まれた書体に、字形のほかの表があります"
    places, widths = inner.CIDToGIDMap.read_bytes(), _read_widths(inner)
    order, shapes, rights = program.getGlyphOrder(), program.getGlyphSet(), source.getGlyphSet()
    units = source["head"].unitsPerEm
    same_units = program["head"].unitsPerEm == units
    names = _name_glyphs(source)
    for number, cluster in entries:
        glyph = int.from_bytes(places[2 * number : 2 * number + 2], "big")
        right = names.get(cluster)
        points = describe_code_points(cluster)
        if (
            not same_units
            or right is None
            or glyph >= len(order)
            or _trace(shapes, order[glyph]) != _trace(rights, right)
        ):
            yield f"{points} の字形が、書体の字形と違います"
        elif abs(widths.get(number, math.inf) - rights[right].width * 1000 / units) > _ROUNDING:
            yield f"{points} の字の幅が、書体の幅と違います"


def _read_widths(inner: Any) -> dict[int, float]:
    first, row = inner.W  # one row; any other writing of widths fails here
    return {int(first) + place: float(width) for place, width in enumerate(row)}


def _name_glyphs(source: TTFont) -> dict[str, str | None]:
    characters = source.getBestCmap()
    names = {chr(code): name for code, name in characters.items()}
    # Format 14 names no glyph where the variant is the font's ordinary form.
    variants = {
        chr(base) + chr(selector): name or characters.get(base)
        for table in source["cmap"].tables
        if table.format == 14
        for selector, pairs in table.uvsDict.items()
        for base, name in pairs
    }
    return names | variants


def _trace(glyphs: Any, name: str) -> list[Any]:
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    return pen.value
