"""Names of the registry, hard ones: printed as they stand under a font that has them, or stopped."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pikepdf
import pytest
from fontTools.ttLib import TTFont

from recruitlib.base.errors import OutputError
from recruitlib.base.papers import default_font_path
from recruitlib.labels import export, press
from recruitlib.labels.fonts import LabelFont, split_clusters
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.sheets import read_sheet
from tests.conftest import ROOT
from tests.unit.printed import read_labels
from tests.unit.small_fonts import build_font, collect_fonts, make_variable
from tests.unit.stages import list_last_answer, make_residents, make_stage
from tests.unit.test_labels_fonts import MJ_PATH
from tests.unit.test_labels_printing import draw_outline

LARGE = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
NAMES = [
    "𠮷田　𠮷子",
    "𩸽　太郎",
    "髙橋　﨑",
    "\ufa19　\ufa1b",
    "神　福",
    "辻\U000e0100　葛\U000e0100",
    "辻　葛",
    "渡邉\U000e0102　一",
    "渡邉　一",
    "𠮷\U000e0100　𩸽\U000e0101",
    "\U0002000b\U000e0100　二",
]
# What IPAexGothic lacks of them, by row of the registry: the format 12 and 14 tables of its cmap.
LACKING = {2: "U+20BB7", 9: "U+9089 U+E0102", 11: "U+20BB7 U+E0100", 12: "U+2000B U+E0100"}


def make_day(names: list[str]) -> PrintDay:
    return PrintDay(make_residents(*({"full_name": name} for name in names)), make_residents())


def print_names(folder: Path, font: Any, names: list[str]) -> tuple[bytes, pd.DataFrame]:
    """Print names under a font of the office, with the proof of notebook 04; give the plain PDF."""
    stage = make_stage(folder, "04", label_fonts=[font])
    day = make_day(names)
    bundles = export.make_bundles(stage, day)
    files = export.lock_bundles(stage, bundles)
    export.prove_bundles(stage, bundles, files, day)
    return bundles[0].pdf, read_labels(files["labels_all.pdf"], LARGE, "demo")


def list_variants(font: TTFont) -> dict[str, str | None]:
    """List the clusters of a font's format 14 table with the glyphs that it names."""
    return {
        chr(base) + chr(selector): name
        for table in font["cmap"].tables if table.format == 14
        for selector, pairs in table.uvsDict.items() for base, name in pairs
    }  # fmt: skip


def check_glyphs(pdf: bytes, path: Path, names: list[str]) -> None:
    """Compare each embedded outline of the names with what cmap and format 14 of the font name."""
    source = TTFont(path, lazy=True)
    cmap, variants = source.getBestCmap(), list_variants(source)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        fonts = document.pages[0].obj.Resources.Font
        own = LabelFont(path).name
        [resource] = [font for font in dict(fonts) if str(fonts[font].BaseFont).endswith(own)]
        reverse = fonts[resource].ToUnicode.read_bytes().decode()
        descendant = fonts[resource].DescendantFonts[0]
        glyph_map = descendant.CIDToGIDMap.read_bytes()
        embedded = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
    order = embedded.getGlyphOrder()
    numbers = {
        bytes.fromhex(text).decode("utf-16-be"): int(number, 16)
        for number, text in re.findall("<([0-9A-F]{4})> <([0-9A-F]+)>", reverse)
    }
    for cluster in dict.fromkeys(split_clusters("".join(names))):
        number = numbers[cluster]
        place = int.from_bytes(glyph_map[2 * number : 2 * number + 2], "big")
        expected = variants[cluster] if len(cluster) > 1 else cmap[ord(cluster)]
        expected = expected or cmap[ord(cluster[0])]
        assert draw_outline(embedded, order[place]) == draw_outline(source, expected)


@pytest.mark.parametrize("named_glyphs", [True, False])
def test_every_hard_name_is_printed_as_in_the_registry_and_read_back_equal(
    tmp_path: Path, named_glyphs: bool
) -> None:
    clusters = split_clusters("".join(NAMES) + "　様")
    path = build_font(tmp_path / "own.ttf", clusters, "Own", named_glyphs=named_glyphs)
    pdf, printed = print_names(tmp_path, str(path), NAMES)
    assert [text.removesuffix("　様").split("号")[1] for text in printed["text"]] == NAMES
    check_glyphs(pdf, path, NAMES)


def test_a_face_of_a_collection_and_a_variable_font_are_embedded_as_plain_fonts(
    tmp_path: Path,
) -> None:
    other = build_font(tmp_path / "other.ttf", ["甲"], "Other")
    variable = make_variable(build_font(tmp_path / "own.ttf", "𠮷田　様", "Own"), 400)
    collection = collect_fonts(tmp_path / "both.ttc", other, variable)
    entry = {"file": str(collection), "face": 1}
    pdf, printed = print_names(tmp_path, entry, ["𠮷田　田"])
    assert printed["text"][0].endswith("号𠮷田　田　様")
    check_glyphs(pdf, variable, ["𠮷田　田"])
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for font in document.pages[0].obj.Resources.Font.values():
            file = font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
            assert file[:4] == b"\0\1\0\0"
            assert "fvar" not in TTFont(io.BytesIO(file))


@pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")
def test_hard_names_under_ipamj(tmp_path: Path) -> None:
    variants = list_variants(TTFont(MJ_PATH, lazy=True))
    beyond = sorted(cluster for cluster, name in variants.items() if cluster[0] > "\uffff" and name)
    names = [*NAMES[:5], "辻\U000e0102　太", f"{beyond[0]}　{beyond[-1]}"]
    pdf, printed = print_names(tmp_path, str(MJ_PATH), names)
    assert [text.removesuffix("　様").split("号")[1] for text in printed["text"]] == names
    check_glyphs(pdf, MJ_PATH, names)


def test_what_the_default_font_has_of_them_is_printed(tmp_path: Path) -> None:
    names = [name for row, name in enumerate(NAMES, start=2) if row not in LACKING]
    pdf, printed = print_names(tmp_path, str(default_font_path()), names)
    assert [text.removesuffix("　様").split("号")[1] for text in printed["text"]] == names
    check_glyphs(pdf, default_font_path(), names)


@pytest.fixture
def print_nothing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("something was drawn")

    monkeypatch.setattr(press, "render_labels", refuse)
    return refuse


@pytest.mark.usefixtures("print_nothing")
def test_what_the_default_font_lacks_stops_by_row_and_code_point_before_anything_is_printed(
    tmp_path: Path,
) -> None:
    stage = make_stage(tmp_path, "04")
    with pytest.raises(OutputError, match=r"labels\.every_character") as stop:
        export.make_bundles(stage, make_day(NAMES))
    told = str(stop.value)
    for row in range(2, 2 + len(NAMES)):
        assert (f"{row}行目の氏名: {LACKING.get(row, '')}" in told) is (row in LACKING)
    assert told.count("行目の") == len(LACKING) + 1  # of row 11 both characters
    assert not any(ord(sign) > 0xFFFF for sign in told)
    assert list_last_answer(stage, "labels.every_character") == "no"
