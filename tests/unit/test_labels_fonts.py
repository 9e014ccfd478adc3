"""Fonts: every character as the registry holds it, or refused by name of row and code point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import ParameterError
from recruitlib.labels.fonts import (
    LabelFont,
    choose_font,
    default_font_path,
    find_unprintable,
    split_clusters,
)

GOTHIC = LabelFont(default_font_path())
MJ_PATH = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")
needs_mj = pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")


@pytest.fixture(scope="module")
def mincho() -> LabelFont:
    return LabelFont(MJ_PATH)


def make_recipients(**columns: list[str]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    table = {
        "source_row": [str(number) for number in range(2, 2 + rows)],
        "full_name": ["試験　太郎"] * rows,
        "postal_code": ["1600022"] * rows,
        "address": ["東京都新宿区新宿１丁目"] * rows,
        "building": [""] * rows,
    }
    return pd.DataFrame({**table, **columns})


def build_font(path: Path, glyph_filled: bool = True, cff: bool = False) -> Path:
    builder = FontBuilder(1000, isTTF=not cff)
    builder.setupGlyphOrder([".notdef", "uniE000", "A"])
    builder.setupCharacterMap({0xE000: "uniE000", 0x41: "A"})
    pen = TTGlyphPen(None)
    if glyph_filled:
        for step, point in enumerate([(0, 0), (500, 0), (500, 700)]):
            (pen.lineTo if step else pen.moveTo)(point)
        pen.closePath()
    glyph = pen.glyph()
    if cff:
        from fontTools.pens.t2CharStringPen import T2CharStringPen

        chars = {
            name: T2CharStringPen(600, None).getCharString()
            for name in builder.font.getGlyphOrder()
        }
        builder.setupCFF("Cff", {}, chars, {})
    else:
        builder.setupGlyf({".notdef": glyph, "uniE000": glyph, "A": glyph})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "uniE000": (600, 0), "A": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Gaiji", "styleName": "Regular", "psName": "Gaiji"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def test_the_default_font_is_found_without_importing_matplotlib() -> None:
    code = (
        "import sys; from recruitlib.labels.fonts import default_font_path as find; find();"
        "sys.exit('matplotlib' in sys.modules or 'matplotlib_fontja' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text())
def test_clusters_joined_are_the_text_again(text: str) -> None:
    assert "".join(split_clusters(text)) == text


def test_a_selector_belongs_to_the_character_before_it() -> None:
    assert split_clusters("辻\U000e0100𠮷\U000e0101神\ufe00") == [
        "辻\U000e0100", "𠮷\U000e0101", "神\ufe00",
    ]  # fmt: skip
    assert split_clusters("\U000e0100辻") == ["\U000e0100", "辻"]


def test_all_of_jis_x_0208_is_printed_except_the_geta_mark() -> None:
    # JIS X 0208 has 6,879 characters; Python's own EUC-JP codec lists them independently.
    characters = []
    for first in range(0xA1, 0xFF):
        for second in range(0xA1, 0xFF):
            try:
                characters.append(bytes([first, second]).decode("euc_jp"))
            except UnicodeDecodeError:
                continue
    assert len(characters) == 6879
    assert [sign for sign in characters if not GOTHIC.find_glyph(sign)] == ["〓"]


@pytest.mark.parametrize(
    "text",
    [
        "辻\U000e0100",
        "葛\U000e0100",
        "葛\U000e0101",
        "\ufa19",
        "\ufa11",
        "\ufa1b",
        "髙橋",
        "德永",
        "濵田",
        "　",
        " ",
        "－",
        "〒160-0022",
    ],
)
def test_hard_strings_are_held_by_the_default_font(text: str) -> None:
    assert GOTHIC.holds(text)


def test_a_variant_has_another_glyph_than_its_base_where_the_font_says_so() -> None:
    tables = TTFont(default_font_path(), lazy=True)["cmap"].tables
    variants = next(table for table in tables if table.format == 14).uvsDict
    pairs = [
        (base, selector, name)
        for selector, entries in variants.items()
        for base, name in entries
        if name is not None
    ]
    assert len(pairs) == 264  # measured before: 445 sequences, 264 not the default form
    for base, selector, _ in pairs:
        varied, plain = GOTHIC.find_glyph(chr(base) + chr(selector)), GOTHIC.find_glyph(chr(base))
        assert varied and (plain is None or varied.number != plain.number)


@pytest.mark.parametrize(
    ("text", "points", "words"),
    [
        ("𠮷田", "U+20BB7", "字形がない"),
        ("\u69d7", "U+69D7", "字形がない"),
        ("葛\U000e0102", "U+845B U+E0102", "異体字がない"),
        ("か\u3099", "U+3099", "結合文字"),
        ("e\u0301", "U+0301", "結合文字"),
        ("新\u00ad宿", "U+00AD", "書式文字"),
        ("新\u200b宿", "U+200B", "書式文字"),
        ("新\u200d宿", "U+200D", "書式文字"),
        ("\ue000", "U+E000", "外字"),
        ("\uf860", "U+F860", "外字"),
        ("\U00100000", "U+100000", "外字"),
        ("〓", "U+3013", "げた"),
        ("\ufffd", "U+FFFD", "置換文字"),
        ("A\tB", "U+0009", "制御文字"),
        ("A\nB", "U+000A", "制御文字"),
        ("A\u00a0B", "U+00A0", "特殊な空白"),
        ("A\u2009B", "U+2009", "特殊な空白"),
        ("\u0378", "U+0378", "割り当てがない"),
        ("\U0001f600", "U+1F600", "絵文字"),
        ("⚡", "U+26A1", "絵文字"),
        ("☎\ufe0f", "U+260E U+FE0F", "絵文字"),
        ("\U000e0100辻", "U+E0100", "結合文字"),
        ("\uf9e1", "U+F9E1", "字形がない"),
    ],
)
def test_what_cannot_be_printed_exactly_is_named_by_row_column_and_code_point(
    text: str, points: str, words: str
) -> None:
    found = find_unprintable(make_recipients(full_name=["試験　太郎", text]), [GOTHIC])
    assert found["source_row"].tolist() == ["3"]
    assert found["column"].tolist() == ["full_name"]
    assert found["code_points"].tolist() == [points]
    assert words in found["reason"].iloc[0]
    assert text not in found["reason"].iloc[0]


def test_the_font_has_a_glyph_for_what_is_refused_as_misleading() -> None:
    # So that the refusals above test the rule and not merely a gap in the font.
    cmap = TTFont(default_font_path(), lazy=True).getBestCmap()
    assert {0x3099, 0x0301, 0x00AD, 0xF860, 0x3013} <= set(cmap)


def test_every_column_is_searched_and_rows_keep_their_order() -> None:
    recipients = make_recipients(
        full_name=["𠮷", "甲", "乙"], building=["", "\ue000", ""], address=["甲", "乙", "〓"],
        postal_code=["1600022", "160\u200b0022", ""],
    )  # fmt: skip
    found = find_unprintable(recipients, [GOTHIC])
    assert list(zip(found["source_row"], found["column"], strict=True)) == [
        ("2", "full_name"), ("3", "postal_code"), ("3", "building"), ("4", "address"),
    ]  # fmt: skip


def test_nothing_is_listed_when_all_can_be_printed() -> None:
    found = find_unprintable(make_recipients(full_name=["甲　乙"]), [GOTHIC])
    assert found.empty
    assert list(found.columns) == ["source_row", "column", "code_points", "reason"]


@needs_mj
def test_the_font_is_chosen_for_the_whole_string(mincho: LabelFont) -> None:
    chain = [GOTHIC, mincho]
    assert choose_font("吉田", chain) is GOTHIC
    assert choose_font("𠮷田", chain) is mincho
    assert choose_font("辻\U000e0100", chain) is GOTHIC
    # IPAmj has the ideograph, only IPAex has the Adobe variant: no font has both.
    assert choose_font("𠮷辻\U000e0100", chain) is None


@needs_mj
def test_a_string_that_fits_no_font_names_the_gap_of_each(mincho: LabelFont) -> None:
    found = find_unprintable(make_recipients(full_name=["𠮷辻\U000e0100"]), [GOTHIC, mincho])
    assert found["code_points"].tolist() == ["U+20BB7", "U+8FBB U+E0100"]
    assert "IPAexGothic" in found["reason"].iloc[0] and "IPAmj" in found["reason"].iloc[1]


@needs_mj
@pytest.mark.parametrize("text", ["\uf992", "\uf9e1", "\U0002f8ed"])
def test_a_compatibility_ideograph_is_never_replaced_by_its_unified_twin(
    mincho: LabelFont, text: str
) -> None:
    # Measured: a shaping engine draws the unified character here without a word.
    assert not mincho.holds(text)


@needs_mj
def test_only_the_last_full_advance_repeats_in_a_fixed_pitch_font(mincho: LabelFont) -> None:
    source = TTFont(MJ_PATH, lazy=True)
    cmap, metrics = source.getBestCmap(), source["hmtx"]
    for character in "𠮷邉髙ｱA1　漢":
        glyph = mincho.find_glyph(character)
        assert glyph is not None
        assert glyph.advance == round(metrics[cmap[ord(character)]][0] * 1000 / 2048, 2)


def test_private_use_is_printed_only_from_the_font_registered_for_it(tmp_path: Path) -> None:
    path = build_font(tmp_path / "gaiji.ttf")
    assert not LabelFont(path).holds("\ue000")
    assert LabelFont(path, private_use=[range(0xE000, 0xE100)]).holds("\ue000")


def test_a_blank_glyph_is_refused_even_where_the_code_point_is_registered(tmp_path: Path) -> None:
    blank = LabelFont(
        build_font(tmp_path / "blank.ttf", glyph_filled=False), private_use=[range(0xE000, 0xE100)]
    )
    assert not blank.holds("A")
    assert not blank.holds("\ue000")
    assert "空白" in blank.explain_refusal("\ue000")


def test_a_font_with_postscript_outlines_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="CFF.*ipaexg.ttf"):
        LabelFont(build_font(tmp_path / "cff.otf", cff=True))


@pytest.mark.parametrize(("default", "refused"), [(100, True), (400, False)])
def test_a_variable_font_is_taken_only_if_its_default_weight_is_regular(
    tmp_path: Path, default: int, refused: bool
) -> None:
    path = build_font(tmp_path / "variable.ttf")
    font = TTFont(path)
    FontBuilder(font=font).setupFvar([("wght", 100, default, 900, "Weight")], [])
    font.save(path)
    if refused:
        with pytest.raises(ParameterError, match="太さ"):
            LabelFont(path)
    else:
        assert LabelFont(path).holds("A")


def test_a_font_that_forbids_embedding_is_refused(tmp_path: Path) -> None:
    path = build_font(tmp_path / "restricted.ttf")
    font = TTFont(path)
    font["OS/2"].fsType = 0x0002
    font.save(path)
    with pytest.raises(ParameterError, match="埋め込み"):
        LabelFont(path)


@pytest.mark.parametrize("content", [b"", b"no font at all"])
def test_a_file_that_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.ttf"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match="no.ttf"):
        LabelFont(path)
    with pytest.raises(ParameterError, match="missing.ttf"):
        LabelFont(tmp_path / "missing.ttf")
