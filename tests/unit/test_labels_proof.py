"""Proof: what is on the sheets equals the approved list, and nothing else is in the file."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pikepdf
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recruitlib.base.errors import OutputError
from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.printing import encrypt_pdf, render_labels
from recruitlib.labels.proof import (
    compare_labels,
    find_clipped,
    find_outside,
    render_page,
    write_expected,
)
from recruitlib.labels.reading import find_positions, read_cells, read_marks
from recruitlib.labels.sheets import Sheet, read_sheet
from recruitlib.labels.structure import find_foreign_structure
from recruitlib.labels.wording import Wording
from tests.unit.printed import find_extra_items, read_labels

SHEETS = Path(__file__).parents[2] / "params" / "label_sheets.yaml"
LARGE = read_sheet(SHEETS, "a4_12_86x42")
SMALL = read_sheet(SHEETS, "a4_24_66x34")
GOTHIC = LabelFont(default_font_path())
MJ_PATH = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")


def make_recipients(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({
        "source_row": [str(number) for number in range(2, 2 + len(names))],
        "postal_code": "1600022", "address": "東京都新宿区新宿６丁目８－９－１２３５",
        "building": "コーポ試験　２０１号室", "full_name": names,
    })  # fmt: skip


def number_names(count: int) -> list[str]:
    digits = "〇一二三四五六七八九"
    return ["試験　" + "".join(digits[int(digit)] for digit in f"{n:03d}") for n in range(count)]


def print_recipients(recipients: pd.DataFrame, sheet: Sheet = LARGE, **options: Any) -> bytes:
    fitted, refused = fit_labels(recipients, sheet, [GOTHIC], **options)
    assert refused.empty
    return render_labels(fitted, sheet, [GOTHIC])


def change(pdf: bytes, edit: Callable[[pikepdf.Pdf], object]) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        edit(document)
        document.save(buffer)
    return buffer.getvalue()


RECIPIENTS = make_recipients(number_names(40))
PDF = print_recipients(RECIPIENTS)
MARGINS = [f"シート {n}/4 通番 {12 * n - 11}-{min(12 * n, 40)}" for n in (1, 2, 3, 4)]


def list_differences(pdf: bytes, expected: pd.DataFrame = RECIPIENTS) -> list[tuple[int, int, str]]:
    found = compare_labels(read_labels(pdf, LARGE), expected, LARGE)
    return list(found.itertuples(index=False, name=None))


def test_what_was_printed_is_read_back_cell_by_cell() -> None:
    printed = read_labels(PDF, LARGE)
    assert len(printed) == 40
    assert printed["sheet_number"].tolist() == [1] * 12 + [2] * 12 + [3] * 12 + [4] * 4
    assert printed["text"].iloc[13] == (
        "〒160-0022東京都新宿区新宿６丁目８－９－１２３５コーポ試験　２０１号室試験　〇一三　様"
    )
    assert list_differences(PDF) == []
    assert find_clipped(PDF, LARGE).empty and find_extra_items(PDF, LARGE, MARGINS) == []


def test_the_encrypted_file_itself_is_proved() -> None:
    encrypted = encrypt_pdf(PDF, "demo")
    assert compare_labels(read_labels(encrypted, LARGE, "demo"), RECIPIENTS, LARGE).empty
    assert find_extra_items(encrypted, LARGE, MARGINS, "demo") == []
    assert find_clipped(encrypted, LARGE, "demo").empty
    for ask in (read_cells, find_clipped):
        with pytest.raises(OutputError, match="パスワード"):
            ask(encrypted, LARGE, "wrong")
    with pytest.raises(OutputError, match="パスワード"):
        find_foreign_structure(encrypted, "wrong")


@pytest.mark.parametrize(
    "name",
    [
        "辻\U000e0100　葛\U000e0100子",
        "\ufa19　\ufa11\ufa1b",
        "髙橋　德",
        "JOHN  SMITH",
        "JOHN ",
        " A",
        "太郎-",
        "ー　ー",
        "〇　〇〇",
    ],
)
def test_hard_names_are_read_back_exactly(name: str) -> None:
    recipients = make_recipients([name] * 3)
    pdf = print_recipients(recipients)
    assert compare_labels(read_labels(pdf, LARGE), recipients, LARGE).empty
    if "  " not in name:
        assert read_labels(pdf, LARGE)["text"].iloc[0].endswith(name + "　様")


@pytest.mark.skipif(not MJ_PATH.is_file(), reason="IPAmj明朝 is not installed")
def test_a_character_beyond_the_basic_plane_is_read_back() -> None:
    recipients = make_recipients(["𠮷田　花子", "𩸽　𠮷"])
    chain = [GOTHIC, LabelFont(MJ_PATH)]
    fitted, _ = fit_labels(recipients, LARGE, chain)
    printed = read_labels(render_labels(fitted, LARGE, chain), LARGE)
    assert compare_labels(printed, recipients, LARGE).empty
    assert "𠮷田　花子　様" in printed["text"].iloc[0]


def test_without_the_postal_code_the_comparison_expects_none() -> None:
    pdf = print_recipients(RECIPIENTS, wording=Wording(False))
    printed = read_labels(pdf, LARGE)
    assert compare_labels(printed, RECIPIENTS, LARGE, Wording(False)).empty
    assert len(compare_labels(printed, RECIPIENTS, LARGE)) == 40


def test_a_page_printed_twice_is_found() -> None:
    # A published accident: the machine restarted at the wrong page, and a spot check missed it.
    def repeat(document: pikepdf.Pdf) -> None:
        document.pages.insert(2, document.pages[1])

    found = list_differences(change(PDF, repeat))
    assert {(place[0], place[2]) for place in found} == {
        (3, "名簿の別の行の宛名が印刷されています"),
        (4, "名簿の別の行の宛名が印刷されています"),
        (4, "名簿の件数より多い余分なラベルです（名簿の宛名がもう一度印刷されています）"),
        (5, "名簿の件数より多い余分なラベルです（名簿の宛名がもう一度印刷されています）"),
    }


def test_a_page_missing_is_found() -> None:
    def remove(document: pikepdf.Pdf) -> None:
        del document.pages[1]

    found = list_differences(change(PDF, remove))
    assert (2, 1, "名簿の別の行の宛名が印刷されています") in found
    assert (4, 4, "ラベルが欠けています") in found
    assert len(found) == 28


def test_labels_made_from_another_list_than_the_approved_are_found() -> None:
    # A published accident: the contractor's own labels, in which names and addresses were shifted.
    other = RECIPIENTS.copy()
    other["building"] = [*other["building"][1:], "別館　９"]
    shifted = RECIPIENTS.copy()
    shifted.loc[5, "address"] = "東京都新宿区新宿６丁目８－９－１２３６"
    assert list_differences(print_recipients(other)) == [(4, 4, "承認された名簿と文字が違います")]
    assert list_differences(print_recipients(shifted)) == [(1, 6, "承認された名簿と文字が違います")]


def test_a_variant_replaced_by_its_base_character_is_found() -> None:
    approved = make_recipients(["辻\U000e0100　一", "\ufa19　二"])
    printed = make_recipients(["辻　一", "神　二"])
    found = compare_labels(read_labels(print_recipients(printed), LARGE), approved, LARGE)
    assert found["position"].tolist() == [1, 2]


def test_a_hyphen_at_the_end_of_a_line_is_read_as_a_hyphen() -> None:
    # pdfium takes it for the division of a word when letters stand on both sides, and hides it.
    recipients = make_recipients(["JEAN", "試験　太郎"]).assign(building="ザ・タワー B-")
    printed = read_labels(print_recipients(recipients), LARGE)
    assert compare_labels(printed, recipients, LARGE).empty
    assert "B-JEAN　様" in printed["text"].iloc[0]


def test_two_neighbours_exchanged_are_found() -> None:
    exchanged = RECIPIENTS.iloc[[1, 0, *range(2, 40)]].reset_index(drop=True)
    assert [place[:2] for place in list_differences(print_recipients(exchanged))] == [
        (1, 1),
        (1, 2),
    ]


def test_a_number_divided_by_a_line_break_is_found() -> None:
    printed = read_labels(PDF, LARGE)
    broken = printed["lines"].iloc[3].replace("８－９－１２３５", "８－９－１\n２３５")
    printed.loc[3, "lines"] = broken
    found = compare_labels(printed, RECIPIENTS, LARGE)
    assert found["reason"].tolist() == ["番号の途中で改行されています"]
    # Where the address ends in a digit and the building begins with one, the break is right.
    recipients = make_recipients(["試験　太郎"]).assign(building="２０１号室")
    assert compare_labels(read_labels(print_recipients(recipients), LARGE), recipients, LARGE).empty


def test_no_reason_names_a_person() -> None:
    other = make_recipients(["別人　太郎"] * 40)
    for _, _, reason in list_differences(print_recipients(other)):
        assert "別人" not in reason and "新宿" not in reason


def set_title(document: pikepdf.Pdf) -> None:
    document.docinfo["/Title"] = "試験　〇〇一"


def add_metadata(document: pikepdf.Pdf) -> None:
    with document.open_metadata() as metadata:
        metadata["dc:title"] = "試験　〇〇一"


def attach_file(document: pikepdf.Pdf) -> None:
    document.attachments["list.csv"] = b"name"


def add_note(document: pikepdf.Pdf) -> None:
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9], Contents="note"
    )
    document.pages[0].obj.Annots = pikepdf.Array([document.make_indirect(note)])


def add_script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def add_form(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = pikepdf.Dictionary(Fields=[])


def add_bookmark(document: pikepdf.Pdf) -> None:
    with document.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("試験　〇〇一", 0))


def add_operators(document: pikepdf.Pdf, content: bytes) -> None:
    page = document.pages[0]
    page.contents_add(content)


def draw_line(document: pikepdf.Pdf) -> None:
    add_operators(document, b"0 0 m 100 100 l S")


def hide_text(document: pikepdf.Pdf) -> None:
    add_operators(document, b"BT /F1 8 Tf 3 Tr 1 0 0 1 90 700 Tm <0001> Tj ET")


def add_margin_text(document: pikepdf.Pdf) -> None:
    add_operators(document, b"BT /F1 8 Tf 1 0 0 1 60 30 Tm <00050006> Tj ET")


def add_image(document: pikepdf.Pdf) -> None:
    image = document.make_stream(b"\0", Subtype=pikepdf.Name.Image, Width=1, Height=1)
    document.pages[0].obj.Resources.XObject = pikepdf.Dictionary(Im=image)


def use_foreign_font(document: pikepdf.Pdf) -> None:
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    document.pages[0].obj.Resources.Font["/F9"] = document.make_indirect(font)


def add_private_data(document: pikepdf.Pdf) -> None:
    document.pages[0].obj.PieceInfo = pikepdf.Dictionary(Data="試験")


def hide_in_stream(document: pikepdf.Pdf) -> None:
    document.pages[0].obj.Contents.Note = pikepdf.String("試験")


def turn_page(document: pikepdf.Pdf) -> None:
    document.pages[0].rotate(180, relative=False)


def change_paper(document: pikepdf.Pdf) -> None:
    document.pages[0].mediabox = pikepdf.Array([0, 0, 612, 792])


def move_paper(document: pikepdf.Pdf) -> None:
    document.pages[0].mediabox = pikepdf.Array([100, 50, 695.28, 891.89])


def ask_for_copies(document: pikepdf.Pdf) -> None:
    document.Root.ViewerPreferences.NumCopies = 2


def fit_to_page(document: pikepdf.Pdf) -> None:
    document.Root.ViewerPreferences.PrintScaling = pikepdf.Name.AppDefault


def note_in_settings(document: pikepdf.Pdf) -> None:
    document.Root.Lang = pikepdf.String("試験　〇〇一")


def note_in_untyped_font(document: pikepdf.Pdf) -> None:
    inner = document.pages[0].obj.Resources.Font.F1.DescendantFonts[0]
    del inner["/Type"]
    inner.Style = pikepdf.Dictionary(Panose=pikepdf.String("試験"))


def use_foreign_untyped_font(document: pikepdf.Pdf) -> None:
    document.pages[0].obj.Resources.Font["/F9"] = pikepdf.Dictionary(
        Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )


@pytest.mark.parametrize(
    ("stain", "words"),
    [
        (move_paper, "A4ではありません"),
        (ask_for_copies, "NumCopies"),
        (fit_to_page, "実際のサイズ"),
        (note_in_settings, "文字の記録"),
        (note_in_untyped_font, "Style"),
        (use_foreign_untyped_font, "埋め込まれていない"),
        (set_title, "文書のプロパティ"),
        (add_metadata, "XMP"),
        (attach_file, "添付ファイル"),
        (add_note, "注釈"),
        (add_script, "スクリプト"),
        (add_form, "入力欄"),
        (add_bookmark, "しおり"),
        (draw_line, "図形"),
        (hide_text, "見えない文字"),
        (add_margin_text, "ラベルの外"),
        (add_image, "画像"),
        (use_foreign_font, "埋め込まれていない"),
        (add_private_data, "PieceInfo"),
        (hide_in_stream, "Note"),
        (turn_page, "回転"),
        (change_paper, "A4ではありません"),
    ],
)
def test_whatever_else_is_in_the_file_is_found(
    stain: Callable[[pikepdf.Pdf], None], words: str
) -> None:
    # A published accident: 3,000 labels printed with sex and birth date; a whitelist of items.
    stained = change(PDF, stain)
    found = find_extra_items(stained, LARGE, MARGINS)
    assert any(words in item for item in found)
    assert not any("試験" in item for item in found)
    encrypted = encrypt_pdf(stained, "demo")
    assert any(words in item for item in find_extra_items(encrypted, LARGE, MARGINS, "demo"))


def save_openly(document: pikepdf.Pdf) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return buffer.getvalue()


def test_a_page_beyond_the_number_of_pages_is_found() -> None:
    # pdfium believes the number and does not see the fifth page; other viewers print it.
    with pikepdf.open(io.BytesIO(PDF)) as document:
        document.pages.append(document.pages[0])
        hidden = save_openly(document).replace(b"/Count 5", b"/Count 4")
    assert list_differences(hidden) == []
    assert any("ページの数" in item for item in find_extra_items(hidden, LARGE, MARGINS))


def test_a_page_that_is_announced_and_missing_is_a_sentence_not_a_traceback() -> None:
    with pikepdf.open(io.BytesIO(PDF)) as document:
        promised = save_openly(document).replace(b"/Count 4", b"/Count 5")
    for ask in (read_cells, find_clipped):
        with pytest.raises(OutputError, match="読めないページ"):
            ask(promised, LARGE)


def rewrite_line(document: pikepdf.Pdf, number: int, across: float, up: float) -> bytes:
    """Write the page's line of that number again, moved by points."""
    line = re.findall(rb"1 0 0 1 [^\n]+", document.pages[0].Contents.read_bytes())[number]
    x, y = map(float, line.split()[4:6])
    return b"1 0 0 1 %.3f %.3f Tm%b" % (x + across, y + up, line.split(b"Tm")[1])


@pytest.mark.parametrize(("across", "up"), [(0, 0), (3, 0), (0, 2), (0, 6), (8, 4)])
def test_a_line_printed_twice_beside_itself_is_found(across: float, up: float) -> None:
    # pdfium takes the second for a shadow of the first, and reads it once.
    def shadow(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].Contents
        again = b"\n%b\nET" % rewrite_line(document, 3, across, up)
        stream.write(stream.read_bytes().removesuffix(b"\nET") + again)

    def shadow_at_once(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].Contents
        line = rewrite_line(document, 3, 0, 0)
        again = line + b"\n" + rewrite_line(document, 3, across, up)
        content = stream.read_bytes()
        assert line in content
        stream.write(content.replace(line, again))

    assert list_differences(change(PDF, shadow))
    assert list_differences(change(PDF, shadow_at_once)) == [
        (1, 1, "承認された名簿と文字が違います")
    ]


@pytest.mark.parametrize("up", [-0.1, -0.4, -1, -3])
def test_a_line_printed_over_the_next_is_found(up: float) -> None:
    def lift(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].Contents
        building, over = rewrite_line(document, 2, 0, 0), rewrite_line(document, 1, 0, up)
        moved = over.split(b"<")[0] + b"<" + building.split(b"<")[1]
        assert building in stream.read_bytes()
        stream.write(stream.read_bytes().replace(building, moved))

    pdf = change(PDF, lift)
    found = find_outside(read_cells(pdf, LARGE), LARGE)
    reasons = [*list_differences(pdf), *found.itertuples(index=False, name=None)]
    assert reasons and all(
        place[:2] == (1, 1) and "重なっています" in place[2] for place in reasons
    )
    assert find_outside(read_cells(PDF, LARGE), LARGE).empty


@pytest.mark.parametrize("across", [1.5, 12.0, 60.0, 90.0])
def test_a_line_printed_in_two_pieces_over_or_apart_from_each_other_is_found(across: float) -> None:
    # Read from the left, the characters are those of the list.
    def divide(document: pikepdf.Pdf) -> None:
        stream = document.pages[0].Contents
        whole = rewrite_line(document, 3, 0, 0)
        place, codes = whole.split(b" Tm <")
        x, y = map(float, place.split()[4:6])
        rest = b"1 0 0 1 %.3f %.3f Tm <%b" % (x + across, y, codes[4:])
        stream.write(
            stream.read_bytes().replace(whole, place + b" Tm <" + codes[:4] + b"> Tj\n" + rest)
        )

    cells = read_cells(change(PDF, divide), LARGE)
    found = find_outside(cells, LARGE).itertuples(index=False, name=None)
    assert list(found) == [(1, 1, "行が重なっています")]


def test_resaving_alone_adds_nothing_so_that_each_stain_above_is_what_was_found() -> None:
    assert find_extra_items(change(PDF, lambda document: None), LARGE, MARGINS) == []


def test_an_earlier_version_or_foreign_bytes_in_the_file_are_found() -> None:
    end = PDF[PDF.rindex(b"startxref") :]
    assert any("古い版" in item for item in find_extra_items(PDF + b"\n" + end, LARGE, MARGINS))
    assert any(
        "別のデータ" in item for item in find_extra_items(PDF + b"\nname list", LARGE, MARGINS)
    )


def test_an_item_within_a_label_is_a_difference() -> None:
    # Birth dates on the labels would be text in the cells, which the list does not have.
    fitted = make_recipients(["試験　太郎"]).assign(
        building="コーポ試験　２０１号室平成２０年４月２日"
    )
    printed = read_labels(print_recipients(fitted), LARGE)
    assert len(compare_labels(printed, make_recipients(["試験　太郎"]), LARGE)) == 1


def test_only_the_margin_that_was_agreed_is_accepted() -> None:
    fitted, _ = fit_labels(RECIPIENTS, LARGE, [GOTHIC])
    pdf = render_labels(fitted, LARGE, [GOTHIC], "demo {sheet}", margin_note="見本")
    agreed = [f"demo {sheet} 見本" for sheet in (1, 2, 3, 4)]
    assert find_extra_items(pdf, LARGE, agreed) == []
    assert "シート 1、2、3、4" in find_extra_items(pdf, LARGE, MARGINS)[0]
    assert "シート 3）" in find_extra_items(pdf, LARGE, [*agreed[:2], "demo 4 見本", agreed[3]])[0]
    assert "3 枚ではなく 4 枚" in find_extra_items(pdf, LARGE, agreed[:3])[0]
    assert find_extra_items(render_labels(fitted, LARGE, [GOTHIC], ""), LARGE, [""] * 4) == []


def test_ink_outside_the_padding_is_found() -> None:
    # Fitted for labels with less padding than the sheet that is really in the printer.
    narrow = dataclasses.replace(LARGE, padding_mm=1.0)
    fitted, _ = fit_labels(RECIPIENTS.head(1), narrow, [GOTHIC])
    pdf = render_labels(fitted, narrow, [GOTHIC])
    assert find_clipped(pdf, narrow).empty
    found = find_clipped(pdf, LARGE)
    assert list(zip(found["sheet_number"], found["position"], strict=True)) == [(1, 1)]


def test_the_boxes_of_lines_tell_the_same_as_those_of_glyphs() -> None:
    # pdfium measures a line as it draws it, and its glyphs as they are selected: two ways.
    names = ["試験　太郎", "ｷﾞｬ　ﾟ", "Åsa　Çelik", "長" * 30, "一　一", "ー　ー"]
    recipients = make_recipients(names).assign(building="（ハイツ「１２」Ｑｇ）　５０１")
    pdf = print_recipients(recipients)
    cells = read_cells(pdf, LARGE)
    with pdfium.PdfDocument(pdf) as document:
        page = document[0]
        textpage = page.get_textpage()
        places = read_marks(textpage, page.get_height()).places
        textpage.close()
    positions = find_positions(places[:, 0], places[:, 1], LARGE)
    assert set(positions) == {0, 1, 2, 3, 4, 5, 6}
    for row in cells.itertuples():
        own = places[positions == row.position, 2:]
        glyphs = [*np.nanmin(own[:, :2], axis=0), *np.nanmax(own[:, 2:], axis=0)]
        assert [row.left_mm, row.top_mm, row.right_mm, row.bottom_mm] == pytest.approx(
            glyphs, abs=0.05
        )


def test_a_line_that_leaves_its_label_is_found_by_its_box_too() -> None:
    narrow = dataclasses.replace(LARGE, padding_mm=1.0)
    fitted, _ = fit_labels(RECIPIENTS.head(1), narrow, [GOTHIC])
    cells = read_cells(render_labels(fitted, narrow, [GOTHIC]), LARGE)
    assert find_outside(cells, narrow).empty
    found = find_outside(cells, LARGE)
    assert list(zip(found["sheet_number"], found["position"], strict=True)) == [(1, 1)]
    lower = dataclasses.replace(LARGE, top_mm=18.3)
    assert 0 in find_outside(read_cells(PDF, lower), lower)["position"].tolist()


def test_a_page_that_is_not_plain_lines_is_read_character_by_character() -> None:
    # A hyphen at a line's end is a mark of division to pdfium, and a box is no text.
    recipients = make_recipients(["試験－", "試験-", "e-"]).assign(building="棟-")
    assert not list_differences(print_recipients(recipients), recipients)
    drawn = change(PDF, draw_line)
    assert not list_differences(drawn)
    assert list_differences(drawn, make_recipients(number_names(41))[1:])


def test_a_margin_that_runs_into_a_label_is_found() -> None:
    lower = dataclasses.replace(LARGE, top_mm=18.3)
    assert 0 in find_clipped(PDF, lower)["position"].tolist()


def test_a_page_is_drawn_as_a_picture_with_ink_inside_the_labels_only() -> None:
    encrypted = encrypt_pdf(PDF, "demo")
    picture = Image.open(io.BytesIO(render_page(encrypted, 1, 72, "demo"))).convert("L")
    assert picture.size == (596, 842) or picture.size == (595, 842)
    dark = picture.point(lambda value: 255 if value < 128 else 0)
    left, top, right, bottom = dark.getbbox() or (0, 0, 0, 0)
    assert left >= 50 and right <= 595 - 50 and bottom < 842 - 60 and top >= 40
    with pytest.raises(OutputError, match="全4ページ"):
        render_page(PDF, 5)


def test_bytes_that_are_no_pdf_are_refused() -> None:
    for ask in (read_cells, find_clipped):
        with pytest.raises(OutputError):
            ask(b"no pdf", LARGE)
    with pytest.raises(OutputError):
        find_foreign_structure(b"no pdf")


SIGNS = st.sampled_from(
    [
        *"あ漢字ﾊﾟ　 ー-－〜（）「」、。ッ0189０１８９ABcgjyＡ・々様一二三ÅÇ@/",
        "辻\U000e0100",
        "\ufa19",
    ]
)
TEXTS = st.lists(SIGNS, min_size=1, max_size=60).map("".join)
ROWS = st.tuples(TEXTS, st.one_of(st.just(""), TEXTS), TEXTS.filter(str.strip))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=st.lists(ROWS, min_size=1, max_size=40), sheet=st.sampled_from([LARGE, SMALL]))
def test_random_labels_keep_all_ink_inside_and_are_read_back_exactly(
    rows: list[tuple[str, str, str]], sheet: Sheet
) -> None:
    recipients = make_recipients([row[2] for row in rows])
    recipients["address"] = ["東" + row[0] for row in rows]
    recipients["building"] = [row[1] for row in rows]
    fitted, refused = fit_labels(recipients, sheet, [GOTHIC])
    if not fitted:
        return
    kept = recipients[~recipients["source_row"].isin(refused["source_row"])]
    pdf = render_labels(fitted, sheet, [GOTHIC])
    found = compare_labels(read_labels(pdf, sheet), kept, sheet)
    assert found.empty, found["reason"].tolist()
    assert find_clipped(pdf, sheet).empty


def test_what_is_expected_of_a_label_is_written_as_it_is_read_back() -> None:
    people = pd.DataFrame(
        [
            (
                "１６００００１",
                "東京都新宿区葛\U000e0100町４番１号",
                "見本  ハイツ 101",
                "辻\U000e0100　花子",
            )
        ],
        columns=["postal_code", "address", "building", "full_name"],
    )
    whole = "東京都新宿区葛\U000e0100町４番１号見本 ハイツ 101辻\U000e0100　花子　様"
    assert write_expected(people, Wording(True)) == [f"〒160-0001{whole}"]
    assert write_expected(people, Wording(False)) == [whole]


@pytest.mark.parametrize(
    ("honorific", "ending"), [("様", "\u3000様"), ("殿", "\u3000殿"), ("", "")]
)
def test_another_honorific_and_a_return_line_are_printed_and_proved(
    honorific: str, ending: str
) -> None:
    words = Wording(True, honorific, "返送先　見本市役所")
    pdf = print_recipients(RECIPIENTS, wording=words)
    printed = read_labels(pdf, LARGE)
    assert compare_labels(printed, RECIPIENTS, LARGE, words).empty
    assert len(compare_labels(printed, RECIPIENTS, LARGE)) == len(RECIPIENTS)
    assert printed["text"][0].endswith(RECIPIENTS["full_name"].iloc[0] + ending + words.return_line)
    assert find_clipped(pdf, LARGE).empty


def test_insets_move_the_text_and_the_room_it_must_keep() -> None:
    inset = dataclasses.replace(LARGE, inset_left_mm=10.0, inset_top_mm=5.0)
    pdf = print_recipients(RECIPIENTS, inset)
    assert compare_labels(read_labels(pdf, inset), RECIPIENTS, inset).empty
    assert find_clipped(pdf, inset).empty
    assert len(find_clipped(PDF, inset)) == len(RECIPIENTS)
