"""Glyph proof: an embedded outline that is not the font file's own is found."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont, newTable

from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.glyph_proof import find_foreign_glyphs
from recruitlib.labels.printing import render_labels
from tests.unit.small_fonts import build_font
from tests.unit.test_labels_proof import LARGE, change, make_recipients, print_recipients

FONTS = [LabelFont(default_font_path())]
PDF = print_recipients(make_recipients(["辻　葛", "辻\U000e0100　葛\U000e0100"]))


def find_font(document: pikepdf.Pdf) -> Any:
    return document.pages[0].obj.Resources.Font.F1


def find_number(font: Any, cluster: str) -> int:
    code = b"<" + cluster.encode("utf-16-be").hex().upper().encode() + b">"
    line = next(x for x in font.ToUnicode.read_bytes().splitlines() if x.endswith(b" " + code))
    return int(line[1:5], 16)


def draw_as(document: pikepdf.Pdf, cluster: str, other: str) -> None:
    font = find_font(document)
    target, source = (2 * find_number(font, text) for text in (cluster, other))
    stream = font.DescendantFonts[0].CIDToGIDMap
    table = bytearray(stream.read_bytes())
    table[target : target + 2] = table[source : source + 2]
    stream.write(bytes(table))


def rename(document: pikepdf.Pdf) -> None:
    stream = find_font(document).ToUnicode
    stream.write(stream.read_bytes().replace(b" <69D8>", b" <6A23>"))


def test_what_was_printed_has_the_outlines_of_the_font() -> None:
    assert find_foreign_glyphs(PDF, FONTS) == []


def test_an_exchanged_glyph_is_found() -> None:
    changed = change(PDF, lambda document: draw_as(document, "様", "葛"))
    assert find_foreign_glyphs(changed, FONTS) == ["U+69D8 の字形が、書体の字形と違います"]


def test_another_character_in_the_reverse_map_is_found() -> None:
    assert find_foreign_glyphs(change(PDF, rename), FONTS) == [
        "U+6A23 の字形が、書体の字形と違います"
    ]


def test_a_variant_drawn_as_its_base_is_found() -> None:
    changed = change(PDF, lambda document: draw_as(document, "辻\U000e0100", "辻"))
    assert find_foreign_glyphs(changed, FONTS) == ["U+8FBB U+E0100 の字形が、書体の字形と違います"]


def edit_page(document: pikepdf.Pdf, old: bytes, new: bytes) -> None:
    stream = document.pages[0].obj.Contents
    content = stream.read_bytes()
    assert old in content
    stream.write(content.replace(old, new))


def edit_map(document: pikepdf.Pdf, old: bytes, new: bytes) -> None:
    stream = find_font(document).ToUnicode
    assert old in stream.read_bytes()
    stream.write(stream.read_bytes().replace(old, new))


def edit_program(document: pikepdf.Pdf, edit: Callable[[TTFont], object]) -> None:
    stream = find_font(document).DescendantFonts[0].FontDescriptor.FontFile2
    program, buffer = TTFont(io.BytesIO(stream.read_bytes())), io.BytesIO()
    edit(program)
    program.save(buffer)
    stream.write(buffer.getvalue())


UNKNOWN = ["何の字かの記録（ToUnicode）がない字が 1 種類描かれています"]
UNREAD_MAP = ["文字の記録（ToUnicode）の書き方が決まりと違い、字形を確かめられません"]
UNREAD_FONT = ["埋め込まれた書体が読めず、字形を確かめられません"]
UNREAD_PAGE = ["1ページの文字の書き方が決まりと違い、字形を確かめられません"]


def forget(document: pikepdf.Pdf) -> None:
    number = find_number(find_font(document), "葛")
    edit_map(document, b"<%04X> <845B>\n" % number, b"")


def test_a_glyph_that_stands_for_no_character_is_found() -> None:
    assert find_foreign_glyphs(change(PDF, forget), FONTS) == UNKNOWN
    changed = change(PDF, lambda it: edit_page(it, b"<0001", b"<FFFE"))
    assert find_foreign_glyphs(changed, FONTS) == UNKNOWN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"endcmap", b"1 beginbfrange\n<0001> <0001> <3012>\nendbfrange\nendcmap"),
        (b"<845B>", b"<845b>"),
        (b"> <845B>", b">  <845B>"),
        (b"> <845B>", b"><845B>"),
        (b"> <845B>\n", b"> <845B> "),
        (b"> <845B>\n", b"> <845B>\r\n"),
        (b"> <845B>", b"> [<845B>]"),
        (b"> <845B>", b"> /uni845B"),
        (b"begincmap\n", b"begincmap\n/Other usecmap\n"),
        (b"endcmap", b"% aside\nendcmap"),
        (b"endcmap", b"1 begincidrange\n<0000> <FFFF> 0\nendcidrange\nendcmap"),
    ],
)  # fmt: skip
def test_a_reverse_map_in_another_writing_is_reported_not_passed_over(
    old: bytes, new: bytes
) -> None:
    changed = change(PDF, lambda document: edit_map(document, old, new))
    assert find_foreign_glyphs(changed, FONTS) == UNREAD_MAP


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<0001", rb"(\000\001) Tj <0001"),
        (b"> Tj", b">] TJ"),
        (b"> Tj", b"> '"),
        (b"> Tj", b"> Tj % aside\n"),
        (b"BT\n", b"q BT\n"),
        (b"BT\n", b"/Form Do BT\n"),
        (b"BT\n", b"/State gs BT\n"),
        (b"BT\n", b"\\ BT\n"),
        (b"BT\n", b"3 Tr BT\n"),
        (b"/F1 9 Tf", b"/F1\n9 Tf"),
        (b"/F1 9 Tf", b"/F#31 9 Tf"),
        (b"/F1 9 Tf", b"/F9 9 Tf"),
        (b"/F1 ", b"/Gone "),
        (b"<0001", b"<001"),
        (b"<0001", b"<01"),
        (b"<0001", b"<00 01"),
        (b"<0001", b"<000a"),
        (b"<0001", b"<<0001"),
    ],
)
def test_text_in_another_writing_is_reported_not_passed_over(old: bytes, new: bytes) -> None:
    changed = change(PDF, lambda document: edit_page(document, old, new))
    assert find_foreign_glyphs(changed, FONTS) == UNREAD_PAGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1 0 0 1 ", b"0.01 0 0 0.01 "),
        (b"1 0 0 1 ", b"1 0 0 -1 "),
        (b"1 0 0 1 ", b"1 0 0.8 1 "),
        (b"1 0 0 1 ", b"0.98 -0.17 0.17 0.98 "),
        (b"1 0 0 1 ", b"1 0 0 1 -"),
        (b" 100 Tz", b" 1 Tz"),
        (b" 100 Tz", b" -100 Tz"),
        (b" 100 Tz", b" 101 Tz"),
        (b"/F1 9 Tf", b"/F1 0.1 Tf"),
        (b"/F1 9 Tf", b"/F1 90 Tf"),
    ],
)
def test_text_that_is_not_upright_or_too_small_to_read_is_reported(old: bytes, new: bytes) -> None:
    # Read back, all of them say what they should.
    changed = change(PDF, lambda document: edit_page(document, old, new))
    assert find_foreign_glyphs(changed, FONTS) == UNREAD_PAGE


def test_text_before_any_font_and_a_page_that_cannot_be_read_are_reported() -> None:
    def begin_without(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].obj.Contents
        stream.write(b"BT <0001> Tj ET " + stream.read_bytes())

    def damage(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].obj.Contents
        stream.write(b"no deflate", filter=pikepdf.Name.FlateDecode)

    def empty(document: pikepdf.Pdf) -> None:
        del document.pages[0].obj["/Contents"]

    for plant in (begin_without, damage, empty):
        assert find_foreign_glyphs(change(PDF, plant), FONTS) == UNREAD_PAGE


def add_second_font(document: pikepdf.Pdf, wrong: bool) -> None:
    first = find_font(document)
    second = pikepdf.Dictionary(first)
    inner = pikepdf.Dictionary(first.DescendantFonts[0])
    table = inner.CIDToGIDMap.read_bytes()
    if wrong:
        table = table[:2] + table[4:6] + table[4:]
    inner.CIDToGIDMap = document.make_stream(table)
    second.DescendantFonts = pikepdf.Array([document.make_indirect(inner)])
    document.pages[0].obj.Resources.Font.F2 = document.make_indirect(second)
    stream = document.pages[0].obj.Contents
    line = b"/F2 9 Tf 100 Tz\n1 0 0 1 99 9 Tm <0001> Tj\nET"
    stream.write(stream.read_bytes().removesuffix(b"ET") + line)


def test_each_font_of_a_page_is_compared() -> None:
    right = change(PDF, lambda document: add_second_font(document, wrong=False))
    wrong = change(PDF, lambda document: add_second_font(document, wrong=True))
    assert find_foreign_glyphs(right, FONTS) == []
    assert find_foreign_glyphs(wrong, FONTS) == ["U+3012 の字形が、書体の字形と違います"]


def test_a_page_of_its_own_font_is_compared_too() -> None:
    pdf = print_recipients(make_recipients(["辻　葛"] * 13))

    def give_own_font(document: pikepdf.Pdf) -> None:
        page = document.pages[1].obj
        font = pikepdf.Dictionary(find_font(document))
        inner = pikepdf.Dictionary(font.DescendantFonts[0])
        table = inner.CIDToGIDMap.read_bytes()
        inner.CIDToGIDMap = document.make_stream(table[:2] + table[4:6] + table[4:])
        font.DescendantFonts = pikepdf.Array([inner])
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))

    assert find_foreign_glyphs(pdf, FONTS) == []
    assert find_foreign_glyphs(change(pdf, give_own_font), FONTS) == [
        "U+3012 の字形が、書体の字形と違います"
    ]


def set_encoding(document: pikepdf.Pdf) -> None:
    find_font(document).Encoding = pikepdf.Name("/UniJIS-UTF16-H")


def turn_upright(document: pikepdf.Pdf) -> None:
    find_font(document).Encoding = pikepdf.Name("/Identity-V")


def drop_glyph_map(document: pikepdf.Pdf) -> None:
    del find_font(document).DescendantFonts[0]["/CIDToGIDMap"]


def name_glyph_map(document: pikepdf.Pdf) -> None:
    find_font(document).DescendantFonts[0].CIDToGIDMap = pikepdf.Name.Identity


def cut_glyph_map(document: pikepdf.Pdf) -> None:
    stream = find_font(document).DescendantFonts[0].CIDToGIDMap
    stream.write(stream.read_bytes()[: 2 * find_number(find_font(document), "葛")])


def test_another_encoding_or_no_map_to_the_glyphs_is_reported() -> None:
    for plant in (set_encoding, turn_upright):
        (fault,) = find_foreign_glyphs(change(PDF, plant), FONTS)
        assert "Identity-H ではありません" in fault
    for plant in (drop_glyph_map, name_glyph_map):
        (fault,) = find_foreign_glyphs(change(PDF, plant), FONTS)
        assert "CIDToGIDMap）がありません" in fault
    assert "U+845B の字形が、書体の字形と違います" in find_foreign_glyphs(
        change(PDF, cut_glyph_map), FONTS
    )


def widen(document: pikepdf.Pdf, width: float) -> None:
    number = find_number(find_font(document), "葛")
    find_font(document).DescendantFonts[0].W[1][number - 1] = width


def cut_widths(document: pikepdf.Pdf) -> None:
    row = find_font(document).DescendantFonts[0].W[1]
    while len(row) >= find_number(find_font(document), "葛"):
        del row[-1]


@pytest.mark.parametrize("width", [0, 500, 999.9, 1000.1])
def test_an_advance_that_is_not_the_font_files_is_found(width: float) -> None:
    assert find_foreign_glyphs(change(PDF, lambda it: widen(it, width)), FONTS) == [
        "U+845B の字の幅が、書体の幅と違います"
    ]


def test_an_advance_left_to_the_default_is_found() -> None:
    assert "U+845B の字の幅が、書体の幅と違います" in find_foreign_glyphs(
        change(PDF, cut_widths), FONTS
    )


def write_widths_as_range(document: pikepdf.Pdf) -> None:
    find_font(document).DescendantFonts[0].W = pikepdf.Array([1, 40, 1000])


def write_widths_twice(document: pikepdf.Pdf) -> None:
    find_font(document).DescendantFonts[0].W.extend([1, pikepdf.Array([500])])


def drop(key: str) -> Callable[[pikepdf.Pdf], None]:
    def plant(document: pikepdf.Pdf) -> None:
        font = find_font(document)
        for part in (font, font.DescendantFonts[0], font.DescendantFonts[0].FontDescriptor):
            if key in part:
                del part[key]

    return plant


def cut_program(document: pikepdf.Pdf) -> None:
    stream = find_font(document).DescendantFonts[0].FontDescriptor.FontFile2
    stream.write(stream.read_bytes()[:-400])


def replace_program(document: pikepdf.Pdf) -> None:
    find_font(document).DescendantFonts[0].FontDescriptor.FontFile2.write(b"no font")


@pytest.mark.parametrize(
    "plant",
    [
        cut_program, replace_program, write_widths_as_range, write_widths_twice,
        drop("/FontFile2"), drop("/FontDescriptor"), drop("/DescendantFonts"), drop("/W"),
        drop("/ToUnicode"),
    ],
)  # fmt: skip
def test_a_font_that_cannot_be_read_is_a_sentence_not_a_traceback(
    plant: Callable[[pikepdf.Pdf], None],
) -> None:
    assert find_foreign_glyphs(change(PDF, plant), FONTS) == UNREAD_FONT


def move_sideways(program: TTFont) -> None:
    # TrueType sets an outline by its left side bearing: another bearing moves the ink.
    name = program.getGlyphOrder()[-1]
    advance, bearing = program["hmtx"][name]
    program["hmtx"][name] = (advance, bearing + 100)


def enlarge(program: TTFont) -> None:
    program["head"].unitsPerEm = 1024


def name_font(program: TTFont) -> None:
    program["name"] = newTable("name")
    program["name"].names = []
    program["name"].setName("試験　太郎", 1, 3, 1, 0x411)


def test_a_table_that_could_hold_text_is_found() -> None:
    assert find_foreign_glyphs(change(PDF, lambda it: edit_program(it, name_font)), FONTS) == [
        "埋め込まれた書体に、字形のほかの表があります"
    ]


def test_a_moved_glyph_is_found_and_so_are_all_of_an_enlarged_font() -> None:
    moved = find_foreign_glyphs(change(PDF, lambda it: edit_program(it, move_sideways)), FONTS)
    assert len(moved) == 1 and moved[0].endswith("の字形が、書体の字形と違います")
    large = find_foreign_glyphs(change(PDF, lambda it: edit_program(it, enlarge)), FONTS)
    assert len(large) == 21 and large[-1].startswith("字形の誤りが、ほかに ")


COMMON = "〒-1234567890東京都新宿区丁目－コーポ試験号室　様シート/通番 ０１２３５６８９"


def print_small(font: LabelFont) -> bytes:
    fitted, refused = fit_labels(make_recipients(["甲乙"]), LARGE, [font])
    assert refused.empty
    return render_labels(fitted, LARGE, [font])


def test_of_two_fonts_with_one_name_the_embedded_one_must_be_wholly_either(tmp_path: Path) -> None:
    # The shape of each character in one is the shape of its neighbour in the other.
    first = LabelFont(build_font(tmp_path / "first.ttf", COMMON + "甲乙", "Own"))
    second = LabelFont(build_font(tmp_path / "second.ttf", COMMON + "乙甲", "Own"))
    assert first.name == second.name
    pdf = print_small(second)
    wrong = ["U+7532 の字形が、書体の字形と違います", "U+4E59 の字形が、書体の字形と違います"]
    assert find_foreign_glyphs(pdf, [second]) == []
    assert find_foreign_glyphs(pdf, [first, second]) == []
    assert find_foreign_glyphs(pdf, [second, first]) == []
    assert find_foreign_glyphs(pdf, [first]) == wrong
    # 乙 drawn as 甲: of each character the shape is that of one of the fonts, but not of the same.
    mixed = change(pdf, lambda document: draw_as(document, "乙", "甲"))
    assert len(find_foreign_glyphs(mixed, [first, second])) == 1


def test_a_font_whose_name_cannot_be_written_in_a_pdf_is_compared_by_its_outlines(
    tmp_path: Path,
) -> None:
    path = build_font(tmp_path / "外字 A+B#1.ttf", COMMON + "甲乙", "")
    own, other = LabelFont(path), LabelFont(default_font_path())
    assert own.name == "外字 A+B#1"
    assert find_foreign_glyphs(print_small(own), [other, own]) == []
    assert len(find_foreign_glyphs(print_small(own), [other])) == 21
