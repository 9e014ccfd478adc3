"""An independent shaper (HarfBuzz) picks the same glyph for each cluster, and draws it the same.

HarfBuzz alone would not do: where a font lacks a compatibility ideograph it draws the unified one,
and without a selector's glyph the base. So it is asked about what our fonts say that they hold.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import uharfbuzz
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont, split_clusters
from recruitlib.labels.glyph_proof import find_foreign_glyphs
from recruitlib.labels.printing import render_labels
from tests.unit.test_labels_fonts import MJ_PATH
from tests.unit.test_labels_glyph_proof import draw_as
from tests.unit.test_labels_names import NAMES, list_variants
from tests.unit.test_labels_proof import LARGE, change, make_recipients

# By HarfBuzz's fallback or the base alone these would be another character than the registry's.
LACKED_BY_BOTH = ["邉\U000e0102", "𠮷\U000e0100", "𩸽\U000e0101", "\U0002000b\U000e0100", "\uf9e1"]
BEYOND = ["\U00020041\U000e0100", "\U000242ee\ufe00"]  # variants outside the basic plane
IPAEX_LACKS = [*LACKED_BY_BOTH, *BEYOND, "𠮷", "\ufa6b"]
IPAMJ_LACKS = [*LACKED_BY_BOTH, "葛\U000e0100", "辻\U000e0100", "\uf992", "\U0002f8ed"]
# Level 1 of JIS X 0208, rows 16 to 47: the 2,965 kanji of everyday names and places.
LEVEL_1 = [
    text
    for row in range(16, 48)
    for cell in range(1, 95)
    if (text := bytes([0xA0 + row, 0xA0 + cell]).decode("euc_jp", "ignore"))
]

without_ipamj = pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")
FONTS = [default_font_path(), pytest.param(MJ_PATH, marks=without_ipamj)]
# Each font, how many clusters it holds, and what it lacks.
HOLDINGS = [
    (default_font_path(), 12_384, IPAEX_LACKS),
    pytest.param(MJ_PATH, 65_991, IPAMJ_LACKS, marks=without_ipamj),
]


def open_shaper(font: Path | bytes) -> uharfbuzz.Font:
    content = font if isinstance(font, bytes) else font.read_bytes()
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob(content)))


def shape(shaper: uharfbuzz.Font, text: str) -> tuple[list[int], list[tuple[int, int, int]]]:
    """Shape a text as Japanese: its glyphs, and of each the advance and how far it is moved."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.language = "ja"
    uharfbuzz.shape(shaper, buffer)
    places = [(at.x_advance, at.x_offset, at.y_offset) for at in buffer.glyph_positions]
    return [glyph.codepoint for glyph in buffer.glyph_infos], places


def draw(shaper: uharfbuzz.Font, glyph: int) -> list[Any]:
    pen = RecordingPen()
    shaper.draw_glyph_with_pen(glyph, pen)
    return pen.value


def list_clusters(path: Path) -> list[str]:
    """List every character and every variant that the font's tables name."""
    with TTFont(path, lazy=True) as source:
        return [*map(chr, source.getBestCmap()), *list_variants(source)]


@pytest.mark.parametrize(("path", "count", "lacks"), HOLDINGS)
def test_every_cluster_that_a_font_holds_has_the_shapers_glyph_and_advance(
    path: Path, count: int, lacks: list[str]
) -> None:
    font, shaper = LabelFont(path), open_shaper(path)
    held = [cluster for cluster in list_clusters(path) if font.find_glyph(cluster)]
    assert len(held) >= count  # a newer Python knows more characters
    hard = {*split_clusters("".join(NAMES)), *BEYOND, *LEVEL_1}
    assert hard - set(held) == {cluster for cluster in hard if cluster in lacks}
    units = shaper.face.upem
    for cluster in held:
        glyph = font.find_glyph(cluster)
        numbers, [(advance, *moved)] = shape(shaper, cluster)
        assert glyph is not None and [glyph.number] == numbers and moved == [0, 0]
        assert round(advance * 1000 / units, 2) == glyph.advance


@pytest.mark.parametrize(("path", "_", "lacks"), HOLDINGS)
def test_what_the_shaper_would_replace_by_a_look_alike_is_refused(
    path: Path, _: int, lacks: list[str]
) -> None:
    font, shaper = LabelFont(path), open_shaper(path)
    assert [cluster for cluster in lacks if font.find_glyph(cluster)] == []
    assert shape(shaper, "\uf9e1")[0] == shape(shaper, "\u674e")[0] != [0]


def print_clusters(font: LabelFont, clusters: list[str]) -> bytes:
    names = ["".join(clusters[start : start + 8]) for start in range(0, len(clusters), 8)]
    fitted, refused = fit_labels(make_recipients(names), LARGE, [font])
    assert refused.empty
    return render_labels(fitted, LARGE, [font])


def find_other_outlines(pdf: bytes, path: Path) -> list[str]:
    """Find the clusters of a PDF that the shaper draws otherwise from the font file."""
    source = open_shaper(path)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        font = document.pages[0].obj.Resources.Font.F1
        entries = re.findall(rb"<(\w{4})> <(\w+)>\n", font.ToUnicode.read_bytes())
        glyphs = font.DescendantFonts[0].CIDToGIDMap.read_bytes()
        embedded = open_shaper(font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes())
    found = []
    for code, text in entries:
        cluster = bytes.fromhex(text.decode()).decode("utf-16-be")
        place = 2 * int(code, 16)
        [picked], _ = shape(source, cluster)
        outline = draw(embedded, int.from_bytes(glyphs[place : place + 2], "big"))
        if outline != draw(source, picked):
            found.append(cluster)
        assert bool(outline) is (cluster not in " \u3000")
    assert len(entries) > 700
    return found


@pytest.mark.parametrize("path", FONTS)
def test_the_outlines_in_the_finished_file_are_those_that_the_shaper_draws(path: Path) -> None:
    font = LabelFont(path)
    hard = [*split_clusters("".join(NAMES)), *BEYOND, *LEVEL_1[::4]]
    held = [cluster for cluster in dict.fromkeys(hard) if font.find_glyph(cluster)]
    pdf = print_clusters(font, [cluster for cluster in held if cluster != "\u3000"])
    assert find_other_outlines(pdf, path) == []
    assert find_foreign_glyphs(pdf, [font]) == []
    # What the one sees the other sees too: a compatibility ideograph drawn as the unified one.
    planted = change(pdf, lambda document: draw_as(document, "\ufa19", "神"))
    assert find_other_outlines(planted, path) == ["\ufa19"]
    assert find_foreign_glyphs(planted, [font]) == ["U+FA19 の字形が、書体の字形と違います"]
