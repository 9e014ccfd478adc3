"""Lines: where a label's text may be broken, and how wide a piece of it is."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from recruitlib.base.secrecy import hide_values
from recruitlib.labels.fonts import SELECTOR, Glyph, LabelFont, split_clusters
from recruitlib.labels.wording import ENDINGS

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


@hide_values
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
    if text.endswith(ENDINGS):
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
    advance = sum([glyph.advance for glyph in glyphs])
    last = glyphs[-1]
    inset = max(0.0, -glyphs[0].x_min)
    reach = max(advance, advance - last.advance + last.x_max)
    return Piece(
        text,
        inset,
        round(inset + reach, 2),
        max([glyph.y_max for glyph in glyphs]),
        min([glyph.y_min for glyph in glyphs]),
    )


def measure_whole(texts: Sequence[str], font: LabelFont) -> list[Piece | None]:
    """Measure many texts, each as one printed line, as `measure_piece` does one by one.

    Args:
        texts: texts that are not empty.
        font: any font.

    Returns:
        One piece per text; None when the text holds a variant selector, or a character that the
        font does not print.
    """
    plain = [text for text in texts if not SELECTOR.search(text)]
    if not plain:
        return [None] * len(texts)
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), "<u4")
    ends = np.cumsum([len(text) for text in plain])
    starts = np.concatenate(([0], ends[:-1]))
    distinct, places = np.unique(codes, return_inverse=True)
    glyphs = [font.find_glyph(chr(code)) for code in distinct.tolist()]
    table = np.array([glyph[1:] if glyph else (np.nan,) * 5 for glyph in glyphs])
    advances, x_min, y_min, x_max, y_max = table.T
    firsts, lasts = places[starts], places[ends - 1]
    advance = np.add.reduceat(advances[places], starts)
    inset = np.maximum(0.0, -x_min[firsts])
    width = np.round(inset + np.maximum(advance, advance - advances[lasts] + x_max[lasts]), 2)
    top = np.maximum.reduceat(y_max[places], starts)
    bottom = np.minimum.reduceat(y_min[places], starts)
    numbers = [column.tolist() for column in (inset, width, top, bottom)]
    pieces = map(Piece, plain, *numbers)
    whole = {piece.text: piece for piece in pieces if not math.isnan(piece.width)}
    return [whole.get(text) for text in texts]


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
    clusters, kinds = split_clusters(text), list_breaks(text)
    ends = _find_line_ends(glyphs, kinds, limit, prefer=False)
    if ends is None:
        return None
    if len(ends) > 1:
        pleasing = _find_line_ends(glyphs, kinds, limit, prefer=True)
        ends = pleasing if pleasing and len(pleasing) == len(ends) else ends
    return [
        measure_piece("".join(clusters[start:end]), glyphs[start:end])
        for start, end in itertools.pairwise([0, *ends])
    ]


def _find_line_ends(
    glyphs: Sequence[Glyph], kinds: Sequence[int], limit: float, prefer: bool
) -> list[int] | None:
    advances = [glyph.advance for glyph in glyphs]
    reaches = [max(glyph.advance, glyph.x_max) for glyph in glyphs]
    breaks = [*kinds[1:], 0]
    ends: list[int] = []
    start = 0
    while True:
        used = max(0.0, -glyphs[start].x_min)
        best = pleasing = None
        for place in range(start, len(glyphs)):
            if used + reaches[place] > limit:
                break
            used += advances[place]
            if breaks[place]:
                best = place + 1
                if breaks[place] == 2 and used >= limit / 2:
                    pleasing = best
        else:
            return [*ends, len(glyphs)]
        end = pleasing if prefer and pleasing else best
        if end is None:
            return None
        ends.append(end)
        start = end
