"""Fonts: every character as the registry holds it, or refused by name of row and code point."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.labels.fonts import (
    LabelFont,
    choose_font,
    split_clusters,
)
from tests.unit.small_fonts import (
    build_font,
    collect_fonts,
    edit_font,
    forbid_embedding,
    make_variable,
)

GOTHIC = LabelFont(default_font_path())
MJ_PATH = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")
needs_mj = pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")


@pytest.fixture(scope="module")
def mincho() -> LabelFont:
    return LabelFont(MJ_PATH)


def test_the_default_font_is_found_without_importing_matplotlib() -> None:
    code = (
        "import sys; from recruitlib.base.papers import default_font_path as find; find();"
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


@needs_mj
def test_the_font_is_chosen_for_the_whole_string(mincho: LabelFont) -> None:
    chain = [GOTHIC, mincho]
    assert choose_font("吉田", chain) is GOTHIC
    assert choose_font("𠮷田", chain) is mincho
    assert choose_font("辻\U000e0100", chain) is GOTHIC
    # IPAmj has the ideograph, only IPAex has the Adobe variant: no font has both.
    assert choose_font("𠮷辻\U000e0100", chain) is None


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


GAIJI = ["\ue000", "A", "　"]


@needs_mj
def test_the_variants_of_the_issue_under_ipamj(mincho: LabelFont) -> None:
    for cluster in ("𠮷", "𩸽", "髙", "\ufa11", "\ufa19", "\ufa1b", "辻\U000e0102"):
        assert mincho.find_glyph(cluster), cluster
    assert not mincho.holds("葛\U000e0100")


@pytest.mark.parametrize(("text", "twin"), [("\ufa19", "神"), ("\ufa1b", "福"), ("\ufa16", "猪"),
                                            ("\ufa10", "塚"), ("\ufa5b", "者")])  # fmt: skip
def test_a_compatibility_ideograph_is_drawn_by_a_glyph_of_its_own(text: str, twin: str) -> None:
    assert unicodedata.normalize("NFC", text) == twin  # what a normalisation would make of it
    names = TTFont(default_font_path(), lazy=True)
    cmap, order = names.getBestCmap(), names.getGlyphOrder()
    own, other = GOTHIC.find_glyph(text), GOTHIC.find_glyph(twin)
    assert own and (other is None or own.number != other.number)
    assert order[own.number] == cmap[ord(text)]


def test_only_where_the_font_itself_draws_both_alike_two_ideographs_share_a_glyph() -> None:
    # 漣煉溺冤屠杓櫛: JIS X 0213:2004 gave these the very shape of their compatibility twins.
    cmap = TTFont(default_font_path(), lazy=True).getBestCmap()
    alike = {
        code
        for code in (*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20))
        if code in cmap
        and (twin := unicodedata.normalize("NFC", chr(code))) != chr(code)
        and cmap.get(ord(twin)) == cmap[code]
    }
    assert alike == {0xF992, 0xF993, 0xF9EC, 0x2F818, 0x2F877, 0x2F8DC, 0x2F8ED}


@pytest.mark.parametrize(
    ("text", "twin"), [("\uf9e1", "李"), ("\ufa6b", "恵"), ("\U0002f800", "丽")]
)
def test_a_compatibility_ideograph_that_a_font_lacks_is_refused_though_it_has_the_twin(
    tmp_path: Path, text: str, twin: str
) -> None:
    assert unicodedata.normalize("NFC", text) == twin
    font = LabelFont(build_font(tmp_path / "twin.ttf", [twin]))
    assert font.holds(twin)
    assert not font.holds(text)
    assert not GOTHIC.holds(text)


@pytest.mark.parametrize("text", ["\U0002ebf0", "\U00031350", "\U000323b0", "\U00033479"])
def test_an_ideograph_newer_than_python_is_printed_by_a_font_that_has_it(
    tmp_path: Path, text: str
) -> None:
    # Extensions I, H and J of Unicode 15.0, 15.1 and 17.0; Python 3.11 calls them unassigned.
    assert LabelFont(build_font(tmp_path / "new.ttf", [text])).holds(text)
    assert "字形がない" in GOTHIC.explain_refusal(text)


@pytest.mark.parametrize("text", ["\U0003347a", "\U0002ee5e", "\U0002fa1e", "\U000e0001"])
def test_no_font_prints_what_is_no_character(tmp_path: Path, text: str) -> None:
    assert not LabelFont(build_font(tmp_path / "none.ttf", [text])).holds(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [("か\u3099", "結合文字"), ("e\u0301", "結合文字"), ("\u20dd", "結合文字"),
     ("\u202e", "書式文字"), ("\u200b", "書式文字"), ("\u2060", "書式文字"), ("\U000e0061", "書式文字"),
     ("\ue000", "外字領域"), ("\uf8ff", "外字領域"), ("\U000f0000", "外字領域"),
     ("\U0010fffd", "外字領域"), ("\u0378", "割り当てがない"), ("\ufdd0", "割り当てがない"),
     ("\x00", "制御文字"), ("\x7f", "制御文字"), ("\x85", "制御文字"), ("\u2028", "行の区切り"),
     ("\U0001f468", "絵文字"), ("⭐", "絵文字"), ("\U0001f1ef", "絵文字"), ("〓", "げた"), ("⿰", "組み立て"), ("⿻", "組み立て"),
     ("\ufe00", "異体字セレクタ"), ("\U000e0101", "異体字セレクタ")],
)  # fmt: skip
def test_a_font_that_has_a_glyph_for_it_does_not_print_what_misleads(
    tmp_path: Path, text: str, words: str
) -> None:
    font = LabelFont(build_font(tmp_path / "all.ttf", [*text, "か", "e"]))
    assert words in font.explain_refusal(text[-1])
    assert not font.holds(text)


def test_private_use_is_printed_only_from_the_font_registered_for_it(tmp_path: Path) -> None:
    path = build_font(tmp_path / "gaiji.ttf", [*GAIJI, "\ue100"])
    assert not LabelFont(path).holds("\ue000")
    registered = LabelFont(path, private_use=[range(0xE000, 0xE100)])
    assert registered.holds("\ue000")
    assert not registered.holds("\ue100")


def test_a_blank_glyph_is_refused_even_where_the_code_point_is_registered(tmp_path: Path) -> None:
    path = build_font(tmp_path / "blank.ttf", GAIJI, blank="A\ue000")
    blank = LabelFont(path, private_use=[range(0xE000, 0xE100)])
    assert not blank.holds("A")
    assert not blank.holds("\ue000")
    assert blank.holds("　")
    assert "空白" in blank.explain_refusal("\ue000")


def test_a_glyph_composed_of_nothing_is_blank_too(tmp_path: Path) -> None:
    def compose(font: TTFont) -> None:
        pen = TTGlyphPen(font.getGlyphSet())
        pen.addComponent("g3", (1, 0, 0, 1, 0, 0))
        font["glyf"]["g2"] = pen.glyph()

    font = LabelFont(edit_font(build_font(tmp_path / "composed.ttf", GAIJI), compose))
    assert "空白" in font.explain_refusal("A")


def test_a_font_with_postscript_outlines_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"cff\.otf.*CFF.*ipaexg\.ttf"):
        LabelFont(build_font(tmp_path / "cff.otf", GAIJI, cff=True))


@pytest.mark.parametrize(
    ("default", "named", "refused"),
    [(100, 400, True), (100, 100, True), (400, 700, True), (400, 400, False)],
)
def test_a_variable_font_is_taken_only_if_its_default_weight_is_regular(
    tmp_path: Path, default: int, named: int, refused: bool
) -> None:
    path = make_variable(build_font(tmp_path / "variable.ttf", GAIJI), default, named)
    if refused:
        with pytest.raises(ParameterError, match=r"太さ.*ipamjm\.ttf"):
            LabelFont(path)
    else:
        assert LabelFont(path).holds("A")


@pytest.mark.parametrize(("kind", "refused"), [(0x0002, True), (0x0100, True), (0x0200, True),
                                               (0x0004, False), (0x0008, False)])  # fmt: skip
def test_a_font_that_forbids_embedding_is_refused(tmp_path: Path, kind: int, refused: bool) -> None:
    path = forbid_embedding(build_font(tmp_path / "restricted.ttf", GAIJI), kind)
    if refused:
        with pytest.raises(ParameterError, match=r"埋め込み.*ipaexg\.ttf"):
            LabelFont(path)
    else:
        assert LabelFont(path).holds("A")


def test_all_faults_of_a_font_are_told_at_once(tmp_path: Path) -> None:
    path = forbid_embedding(make_variable(build_font(tmp_path / "two.ttf", GAIJI), 100))
    with pytest.raises(ParameterError, match=r"太さ.*埋め込み"):
        LabelFont(path)


def test_of_a_collection_the_face_must_be_said(tmp_path: Path) -> None:
    first = build_font(tmp_path / "first.ttf", ["甲"], "First")
    second = build_font(tmp_path / "second.ttf", ["乙"], "Second")
    both = collect_fonts(tmp_path / "both.ttc", first, second)
    for face in (None, 2):
        with pytest.raises(ParameterError, match=r"both\.ttc.*face.*0（First）、1（Second）"):
            LabelFont(both, face)
    assert LabelFont(both, 1).holds("乙")
    assert LabelFont(both, 1).name == "Second"
    with pytest.raises(ParameterError, match="face を消してください"):
        LabelFont(first, 0)


def test_a_font_for_the_web_is_refused(tmp_path: Path) -> None:
    def compress(font: TTFont) -> None:
        font.flavor = "woff"

    path = edit_font(build_font(tmp_path / "web.ttf", GAIJI), compress)
    with pytest.raises(ParameterError, match=r"（WOFF）.*ipaexg\.ttf"):
        LabelFont(path)
    # Where nothing can open the newer format, it is still told what the file is.
    path.write_bytes(b"wOF2" + path.read_bytes()[4:])
    with pytest.raises(ParameterError, match=r"（WOFF2）.*ipaexg\.ttf"):
        LabelFont(path)


@pytest.mark.parametrize("table", ["glyf", "loca", "hmtx", "cmap", "head"])
def test_a_font_that_lacks_a_table_is_refused(tmp_path: Path, table: str) -> None:
    path = build_font(tmp_path / "whole.ttf", GAIJI)
    content = path.read_bytes().replace(table.encode(), b"lost", 1)
    (tmp_path / "lost.ttf").write_bytes(content)
    with pytest.raises(ParameterError, match=r"lost\.ttf.*ipaexg\.ttf"):
        LabelFont(tmp_path / "lost.ttf")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_a_font_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    content = build_font(tmp_path / "whole.ttf", map(chr, range(0x4E00, 0x4F00))).read_bytes()
    (tmp_path / "cut.ttf").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ParameterError, match=r"cut\.ttf"):
        LabelFont(tmp_path / "cut.ttf")


@pytest.mark.parametrize("content", [b"", b"no font at all"])
def test_a_file_that_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.ttf"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match="no.ttf"):
        LabelFont(path)
    with pytest.raises(ParameterError, match="missing.ttf"):
        LabelFont(tmp_path / "missing.ttf")
