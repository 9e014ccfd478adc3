"""Printing: exact text and glyphs, nothing else in the file, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pikepdf
import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

from recruitlib.base.errors import OutputError, ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import FittedLabel, fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.printing import encrypt_pdf, render_labels
from recruitlib.labels.sheets import Sheet, read_sheet
from tests.unit.printed import read_margins

SHEETS = Path(__file__).parents[2] / "params" / "label_sheets.yaml"
LARGE = read_sheet(SHEETS, "a4_12_86x42")
GOTHIC = LabelFont(default_font_path())
MJ_PATH = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")
HARD_NAMES = [
    "辻\U000e0100　一",
    "葛\U000e0100　二",
    "葛　三",
    "\ufa19　四",
    "\ufa11　五",
    "\ufa1b　六",
    "福　七",
]


def fit_names(names: list[str], fonts: list[LabelFont] | None = None) -> list[FittedLabel]:
    recipients = pd.DataFrame({
        "source_row": [str(number) for number in range(2, 2 + len(names))],
        "postal_code": "1600022", "address": "東京都新宿区新宿６丁目８－９－１２３５",
        "building": "コーポ試験　２０１号室", "full_name": names,
    })  # fmt: skip
    fitted, refused = fit_labels(recipients, LARGE, fonts or [GOTHIC])
    assert refused.empty
    return fitted


def render(names: list[str], **options: Any) -> bytes:
    return render_labels(fit_names(names), LARGE, [GOTHIC], **options)


def read_shown_clusters(page: pikepdf.Page) -> list[tuple[str, int]]:
    """The text of a page by the content stream and the fonts' reverse maps, without pdfium."""
    fonts = page.obj.Resources.Font
    maps = {
        name: {
            int(number, 16): bytes.fromhex(text).decode("utf-16-be")
            for number, text in re.findall(
                r"<([0-9A-F]{4})> <([0-9A-F]+)>", fonts[name].ToUnicode.read_bytes().decode()
            )
        }
        for name in dict(fonts)
    }  # fmt: skip
    shown, current = [], ""
    for instruction in pikepdf.parse_content_stream(page):
        if str(instruction.operator) == "Tf":
            current = str(instruction.operands[0])
        elif str(instruction.operator) == "Tj":
            codes = bytes(instruction.operands[0])
            numbers = [int.from_bytes(codes[i : i + 2], "big") for i in range(0, len(codes), 2)]
            shown += [(maps[current][number], number) for number in numbers]
    return shown


def draw_outline(font: TTFont, name: str) -> list[object]:
    glyphs = font.getGlyphSet()
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    return pen.value


def test_the_text_in_the_file_is_the_fitted_text_by_an_independent_parse() -> None:
    fitted = fit_names(HARD_NAMES)
    with pikepdf.open(io.BytesIO(render_labels(fitted, LARGE, [GOTHIC], ""))) as document:
        text = "".join(cluster for cluster, _ in read_shown_clusters(document.pages[0]))
    assert text == "".join(line.text for label in fitted for line in label.lines)


def test_every_embedded_glyph_is_the_one_the_source_font_has_for_the_cluster() -> None:
    source = TTFont(default_font_path(), lazy=True)
    cmap = source.getBestCmap()
    variants = {
        (base, selector): name
        for table in source["cmap"].tables if table.format == 14
        for selector, pairs in table.uvsDict.items() for base, name in pairs
    }  # fmt: skip
    with pikepdf.open(io.BytesIO(render(HARD_NAMES))) as document:
        composite = document.pages[0].obj.Resources.Font["/F1"]
        descendant = composite.DescendantFonts[0]
        glyph_map = descendant.CIDToGIDMap.read_bytes()
        widths = [float(width) for width in descendant.W[1]]
        embedded = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
        shown = dict(read_shown_clusters(document.pages[0]))
    names = embedded.getGlyphOrder()
    assert {"辻\U000e0100", "葛\U000e0100", "葛", "\ufa19", "福"} <= set(shown)
    for cluster, number in shown.items():
        expected = cmap[ord(cluster[0])]
        if len(cluster) > 1:
            expected = variants[ord(cluster[0]), ord(cluster[1])] or expected
        place = int.from_bytes(glyph_map[2 * number : 2 * number + 2], "big")
        assert draw_outline(embedded, names[place]) == draw_outline(source, expected)
        advance = source["hmtx"][expected][0]
        assert embedded["hmtx"][names[place]][0] == advance
        assert widths[number - 1] == pytest.approx(advance * 1000 / 2048, abs=0.01)


@pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")
def test_a_character_beyond_the_basic_plane_is_mapped_back_to_itself() -> None:
    mincho = LabelFont(MJ_PATH)
    fitted = fit_names(["𠮷田　花子"], [GOTHIC, mincho])
    with pikepdf.open(io.BytesIO(render_labels(fitted, LARGE, [GOTHIC, mincho]))) as document:
        assert "𠮷" in dict(read_shown_clusters(document.pages[0]))
        fonts = document.pages[0].obj.Resources.Font
        # The name is in one font altogether, the address in the other.
        assert len(fonts.keys()) == 2
    assert {line.font.name for line in fitted[0].lines} == {"IPAexGothic", mincho.name}
    assert fitted[0].lines[-1].font is mincho


def test_two_renders_of_the_same_labels_are_byte_identical() -> None:
    assert render(HARD_NAMES) == render(HARD_NAMES)
    assert render(HARD_NAMES) != render(HARD_NAMES[::-1])


def test_another_process_with_another_hash_seed_makes_the_same_bytes() -> None:
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_labels_printing as t;"
        "print(hashlib.sha256(t.render(t.HARD_NAMES)).hexdigest())"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(SHEETS.parents[1])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stdout.strip() == hashlib.sha256(render(HARD_NAMES)).hexdigest()


def test_other_content_has_another_identifier_and_other_font_tags() -> None:
    tags, identifiers = set(), set()
    for name in ("甲　一", "乙　二"):
        with pikepdf.open(io.BytesIO(render([name]))) as document:
            tags.add(str(document.pages[0].obj.Resources.Font["/F1"].BaseFont))
            identifiers.add(bytes(document.trailer.ID[0]))
    assert len(tags) == len(identifiers) == 2
    assert all(re.fullmatch(r"/[A-Z]{6}\+IPAexGothic", tag) for tag in tags)


def test_the_file_names_no_software_no_date_and_no_other_font() -> None:
    pdf = render(HARD_NAMES)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert "/Info" not in document.trailer and "/Metadata" not in document.Root
        assert str(document.Root.Lang) == "ja"
        assert document.Root.ViewerPreferences.PrintScaling == pikepdf.Name("/None")
        everything = pdf + b"".join(
            thing.unparse(resolved=True) for thing in document.objects
            if isinstance(thing, pikepdf.Dictionary)
        )  # fmt: skip
    for word in (b"ReportLab", b"Helvetica", b"anonymous", b"untitled", b"CreationDate"):
        assert word not in everything


def test_each_sheet_tells_its_number_and_serials_in_the_margin() -> None:
    template = "demo 18 シート {sheet}/{sheets} 通番 {first}-{last}"
    pdf = render(["試験　太郎"] * 26, margin=template, margin_note="見本")
    assert read_margins(pdf, LARGE) == [
        "demo 18 シート 1/3 通番 1-12 見本",
        "demo 18 シート 2/3 通番 13-24 見本",
        "demo 18 シート 3/3 通番 25-26 見本",
    ]


def test_serials_go_on_from_lot_to_lot_and_a_margin_may_be_blank() -> None:
    pdf = render(["試験　太郎"] * 13, margin="{sheet} {first} {last}", first_serial=101)
    assert read_margins(pdf, LARGE) == ["1 101 112", "2 113 113"]
    assert read_margins(render(["試験"], margin=""), LARGE) == [""]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("𠮷", "印刷できない"),
        ("長" * 200, "長すぎて"),
    ],
)
def test_a_margin_that_cannot_be_printed_is_refused(template: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        render(["試験　太郎"], margin=template)


def test_a_sheet_without_a_margin_is_refused() -> None:
    values = {name: getattr(LARGE, name) for name in Sheet.__dataclass_fields__}
    edge = Sheet(**{**values, "rows": 7, "top_mm": 0.4})
    with pytest.raises(ParameterError, match="余白がなく"):
        render_labels(fit_names(["試験　太郎"]), edge, [GOTHIC])


def test_refused_labels_and_an_empty_list_are_not_printed() -> None:
    with pytest.raises(OutputError):
        render_labels([], LARGE, [GOTHIC])
    with pytest.raises(OutputError):
        render_labels([FittedLabel("2", reason="入りません")], LARGE, [GOTHIC])


def test_the_delivered_file_is_aes_256_and_allows_printing_only() -> None:
    encrypted = encrypt_pdf(render(["試験　太郎"]), "印刷 password")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(encrypted))
    with pikepdf.open(io.BytesIO(encrypted), password="印刷 password") as document:
        assert document.encryption.R == 6 and document.encryption.bits == 256
        assert document.encryption.stream_method == pikepdf.models.encryption.EncryptionMethod.aesv3
        assert document.user_password_matched and not document.owner_password_matched
        allowed = document.allow._asdict()
    assert {name for name, value in allowed.items() if value} <= {
        "print_lowres", "print_highres", "accessibility",
    }  # fmt: skip
    assert allowed["print_lowres"] and allowed["print_highres"]


@pytest.mark.parametrize("password", ["", "あ" * 43])
def test_an_empty_or_overlong_password_is_refused(password: str) -> None:
    with pytest.raises(ParameterError, match="パスワード"):
        encrypt_pdf(b"", password)
