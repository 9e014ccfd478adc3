"""Lines: where a label's text may be broken, and how wide a piece of it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from recruitlib.labels.fonts import HONORIFIC, Glyph, LabelFont, split_clusters

_NO_START = frozenset(
    "、。，．・：；？！゛゜´｀¨＾ヽヾゝゞ々〻ー‐－―〜～…‥）〕］｝〉》」』】’”°′″％"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶｧｨｩｪｫｬｭｮｯｰﾞﾟ､｡･｣!%),.:;?]}-\u2010\u2011"
    "\u2012\u2013\u2212\u3000 "
)
_NO_END = frozenset("（〔［｛〈《「『【‘“〒＃№#([{｢")
_OPENING = frozenset("（〔［｛〈《「『【([")
_SPACES = frozenset("\u3000 ")
# A word or number: letters and digits with what joins them. A break inside turns room 1235 into
# room 235, so it stays whole. The long-vowel mark and the middle dot join only between two digits
# or letters, since タワー１０１ is two words; a hyphen before a digit belongs to it in any case.
_SIGN = r"0-9０-９〇一二三四五六七八九十百千A-Za-zＡ-Ｚａ-ｚ\u00c0-\u024f①-⑳Ⅰ-ⅻ"
_HYPHEN = r"\-\u2010-\u2015\u2212\u2500\u301c\ufe63\uff0d\uff5e"
_JOINER = _HYPHEN + r"ー\uff70~./．／,，:：'’_＿&＆・･"
_TOKEN = re.compile(rf"[{_HYPHEN}]?[{_SIGN}](?:[{_JOINER}]{{0,2}}[{_SIGN}])*[{_HYPHEN}]*")


class Piece(NamedTuple):
    """A run of clusters as one printed line, in 1/1000 of the size.

    `inset` is what the first glyph's ink reaches out to the left of its place, `width` the whole
    from the leftmost ink or place to the rightmost, `top` and `bottom` the ink above and below the
    baseline.
    """

    text: str
    inset: float
    width: float
    top: float
    bottom: float


@lru_cache(maxsize=65536)
def list_breaks(text: str) -> tuple[int, ...]:
    """Say before which clusters of a text a line may be broken, and where it reads best.

    Args:
        text: one field as it is printed.

    Returns:
        One number per cluster: 0 no break before it, 1 allowed, 2 preferred (after a full-width
        space or before an opening bracket).
    """
    clusters = split_clusters(text)
    bases = [cluster[0] for cluster in clusters]
    kinds = [
        0,
        *(_judge_break(left, right) for left, right in zip(bases, bases[1:], strict=False)),
    ][: len(bases)]
    for token in _TOKEN.finditer("".join(bases)):
        for place in range(token.start() + 1, token.end()):
            kinds[place] = 0
    if text.endswith(HONORIFIC):
        kinds[-2:] = [0, 0]
    return tuple(kinds)


def _judge_break(left: str, right: str) -> int:
    if right in _NO_START or left in _NO_END:
        return 0
    return 2 if left == "\u3000" or right in _OPENING else 1


def measure_piece(text: str, glyphs: Sequence[Glyph]) -> Piece:
    """Measure a run of glyphs that is printed as one line.

    Args:
        text: the run's text.
        glyphs: its glyphs, at least one.

    Returns:
        The piece.
    """
    advance = sum(glyph.advance for glyph in glyphs)
    last = glyphs[-1]
    inset = max(0.0, -glyphs[0].x_min)
    reach = max(advance, advance - last.advance + last.x_max)
    return Piece(
        text,
        inset,
        inset + reach,
        max(glyph.y_max for glyph in glyphs),
        min(glyph.y_min for glyph in glyphs),
    )


def find_glyphs(text: str, font: LabelFont) -> list[Glyph]:
    """Find the glyphs of a text that the font is known to hold."""
    glyphs = map(font.find_glyph, split_clusters(text))
    return [glyph for glyph in glyphs if glyph is not None]


def wrap_pieces(text: str, glyphs: Sequence[Glyph], limit: float) -> list[Piece] | None:
    """Divide a text into as few lines as the limit allows.

    A preferred break is taken where it leaves a line at least half full and costs no further line.

    Args:
        text: one field as it is printed.
        glyphs: one per cluster.
        limit: the widest line, in 1/1000 of the size.

    Returns:
        The lines in order, which joined are the text; None when a number or word is wider than a
        line.
    """
    clusters = split_clusters(text)
    kinds = list_breaks(text)
    plain = _fill_lines(clusters, glyphs, kinds, limit, prefer=False)
    if plain is None or len(plain) == 1:
        return plain
    pleasing = _fill_lines(clusters, glyphs, kinds, limit, prefer=True)
    return pleasing if pleasing and len(pleasing) == len(plain) else plain


def _fill_lines(
    clusters: Sequence[str],
    glyphs: Sequence[Glyph],
    kinds: Sequence[int],
    limit: float,
    prefer: bool,
) -> list[Piece] | None:
    pieces = []
    start = 0
    while start < len(clusters):
        end = _find_line_end(glyphs, kinds, start, limit, prefer)
        if end is None:
            return None
        pieces.append(measure_piece("".join(clusters[start:end]), glyphs[start:end]))
        start = end
    return pieces


def _find_line_end(
    glyphs: Sequence[Glyph], kinds: Sequence[int], start: int, limit: float, prefer: bool
) -> int | None:
    used = max(0.0, -glyphs[start].x_min)
    best: int | None = None
    pleasing: int | None = None
    for place in range(start, len(glyphs)):
        glyph = glyphs[place]
        fits = used + max(glyph.advance, glyph.x_max) <= limit
        if not fits:
            break
        used += glyph.advance
        after = place + 1
        if after == len(glyphs):
            return after
        if kinds[after]:
            best = after
            if kinds[after] == 2 and used >= limit / 2:
                pleasing = after
    return pleasing if prefer and pleasing else best
