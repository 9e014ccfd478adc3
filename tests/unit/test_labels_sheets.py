"""Label sheets: geometry that adds up, positions row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import ParameterError
from recruitlib.labels.sheets import (
    Alignment,
    align_sheet,
    begin_at,
    find_place,
    find_sheet_name,
    locate_cell,
    read_sheet,
    share_out,
)

SHEETS = Path(__file__).parents[2] / "params" / "label_sheets.yaml"
NAMES = list(yaml.safe_load(SHEETS.read_text(encoding="utf-8")))
# Typed from LibreOffice 7.4 labels.xml and gLabels hisago-templates.xml, not from the file:
# columns, rows, width, height, left, top, pitch across and down, and one of the products.
PUBLISHED = {
    "a4_10_86x51": (2, 5, 86.4, 50.8, 18.6, 21.2, 86.4, 50.8, "A-one 28367"),
    "a4_12_86x42": (2, 6, 86.4, 42.3, 18.6, 21.2, 86.4, 42.3, "Kokuyo KPC-E1121-20N"),
    "a4_12_84x42_op861": (2, 6, 83.8, 42.3, 20.3, 20.3, 87.6, 42.3, "Hisago OP861"),
    "a4_12_84x42_28175": (2, 6, 83.8, 42.3, 20.3, 20.0, 87.6, 42.3, "A-one 28175"),
    "a4_12_84x42_28183": (2, 6, 83.8, 42.3, 19.3, 21.5, 87.6, 42.3, "A-one 28183"),
    "a4_12_84x42_28187": (2, 6, 84.0, 42.0, 20.0, 22.5, 86.0, 42.0, "A-one 28187"),
    "a4_12_90x42_28171": (2, 6, 90.2, 42.3, 16.5, 20.0, 92.7, 42.3, "A-one 28171"),
    "a4_12_90x42_op866": (2, 6, 90.2, 42.3, 17.0, 20.0, 92.7, 42.3, "Hisago OP866"),
    "a4_18_70x42": (3, 6, 70.0, 42.3, 0.0, 21.2, 70.0, 42.3, "Hisago OP3009"),
    "a4_18_64x47": (3, 6, 63.5, 46.5, 7.2, 9.0, 66.05, 46.5, "A-one 28370"),
    "a4_21_64x38": (3, 7, 63.5, 38.1, 7.2, 15.2, 66.05, 38.1, "A-one 28379"),
    "a4_21_70x38": (3, 7, 70.0, 38.1, 0.0, 14.8, 70.0, 38.1, "A-one 28365"),
    "a4_24_70x34": (3, 8, 70.0, 33.9, 0.0, 12.7, 70.0, 33.9, "A-one 28366"),
    "a4_24_66x34": (3, 8, 66.0, 33.9, 6.0, 12.9, 66.0, 33.9, "A-one 28369"),
    "a4_44_48x25": (4, 11, 48.3, 25.4, 8.4, 8.8, 48.3, 25.4, "Hisago GB901"),
}


def write_changed(folder: Path, **changes: object) -> Path:
    values = yaml.safe_load(SHEETS.read_text(encoding="utf-8"))["a4_12_86x42"]
    values.update(changes)
    path = folder / "sheets.yaml"
    kept = {key: value for key, value in values.items() if value is not None}
    path.write_text(yaml.safe_dump({"own": kept}, allow_unicode=True), encoding="utf-8")
    return path


def test_the_shipped_sheets_are_at_least_twelve_and_each_has_its_published_figures() -> None:
    assert len(PUBLISHED) >= 12
    assert list(PUBLISHED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_sheet_is_as_published_and_lies_on_a4(name: str) -> None:
    columns, rows, width, height, left, top, across, down, product = PUBLISHED[name]
    sheet = read_sheet(SHEETS, name)
    assert sheet.per_page == columns * rows
    assert (sheet.label_width_mm, sheet.label_height_mm) == (width, height)
    assert locate_cell(sheet, 1) == pytest.approx((left, top))
    last = left + (columns - 1) * across, top + (rows - 1) * down
    assert locate_cell(sheet, sheet.per_page) == pytest.approx(last)
    assert locate_cell(sheet, columns) == pytest.approx((last[0], top))
    assert last[0] + width <= 210.000001 and last[1] + height <= 297.000001
    assert across >= width and down >= height
    assert product in sheet.products and sheet.source
    assert name.startswith(f"a4_{columns * rows}_{int(width + 0.5)}x{int(height + 0.5)}")


def test_a_product_number_stands_at_one_sheet_only() -> None:
    products = [product for name in NAMES for product in read_sheet(SHEETS, name).products]
    assert len(set(products)) == len(products) > 50


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("28382", "a4_12_86x42"), ("A-one 28187", "a4_12_84x42_28187"), ("gb901", "a4_44_48x25"),
        ("a4_10_86x51", "a4_10_86x51"), ("A-one", "A-one"), ("2838", "2838"), ("", ""),
    ],
)  # fmt: skip
def test_a_sheet_is_found_by_the_number_on_its_package(text: str, name: str) -> None:
    assert find_sheet_name(SHEETS, text) == name


def test_a_number_that_two_sheets_have_or_that_is_a_sheets_name_finds_no_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sheets.yaml"
    path.write_text(
        "one: {products: [A-one 1, A-one 2, A-one three, 5]}\ntwo: {products: [Hisago 2]}\n"
        "three: {products: 1}\nfour: 1\n",
        encoding="utf-8",
    )
    found = [find_sheet_name(path, text) for text in ("1", "2", "three", "hisago 2")]
    assert found == ["one", "2", "three", "two"]
    with pytest.raises(ParameterError) as stop:
        read_sheet(path, "2")
    assert "one（A-one 1、A-one 2、A-one three）、two（Hisago 2）、three、four" in str(stop.value)


@pytest.mark.parametrize("position", [0, 13, -1])
def test_a_position_that_the_sheet_does_not_have_is_refused(position: int) -> None:
    with pytest.raises(ParameterError, match="1から12まで"):
        locate_cell(read_sheet(SHEETS, "a4_12_86x42"), position)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # LibreOffice's own table has a product, A-one 29233, that runs 227 mm off the sheet.
        ({"pitch_x_mm": 150.0}, "右端のラベルが紙から"),
        ({"rows": 7}, "下端のラベルが紙から"),
        ({"pitch_x_mm": 80.0}, "横の間隔"),
        ({"pitch_y_mm": 40.0}, "縦の間隔"),
        ({"padding_mm": 22.0}, "印刷する場所がありません"),
        ({"top_mm": None}, "top_mm がありません"),
        ({"margin_mm": 3}, "margin_mm は使えません"),
        ({"columns": "2"}, "columns は1以上の整数"),
        ({"columns": True}, "columns は1以上の整数"),
        ({"left_mm": float("nan")}, "left_mm は0以上"),
        ({"left_mm": -3}, "left_mm は0以上"),
        ({"products": "A-one 28362"}, "products"),
        ({"source": ""}, "source"),
        # Printers leave the edge of the paper blank.
        ({"left_mm": 0.5, "padding_mm": 4.0}, "紙の端から 4.5 mm"),
    ],
)
def test_a_sheet_that_does_not_add_up_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        read_sheet(write_changed(tmp_path, **changes), "own")


def test_a_key_written_twice_is_refused_because_yaml_keeps_only_the_last(tmp_path: Path) -> None:
    path = write_changed(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "  left_mm: 20.0\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="left_mm が二度"):
        read_sheet(path, "own")


def test_a_custom_sheet_in_millimetres_is_read(tmp_path: Path) -> None:
    changes = {"columns": 1, "rows": 4, "label_width_mm": 190, "left_mm": 10, "pitch_x_mm": 0}
    sheet = read_sheet(write_changed(tmp_path, **changes, name="手製", products=[]), "own")
    assert (sheet.per_page, locate_cell(sheet, 4)) == (4, pytest.approx((10, 148.1)))


def test_a_name_that_the_file_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(
        ParameterError, match=r"a4_99.*a4_12_86x42（A-one 28362、[^（]*）、a4_12_84x42_op861（"
    ):
        read_sheet(SHEETS, "a4_99")


@pytest.mark.parametrize(
    "content", ["- 1\n", "own: [\n", "", "own: 3\n", "!!python/object:os.system {}\n"]
)
def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sheets.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=re.escape("sheets.yaml")):
        read_sheet(path, "own")


# ---- what the printer needs, and used sheets ----


def test_a_printer_that_needs_nothing_changes_nothing() -> None:
    sheet = read_sheet(SHEETS, "a4_12_86x42")
    assert align_sheet(sheet, Alignment()) == sheet


def test_a_printer_that_prints_one_percent_small_and_to_the_left_meets_the_labels() -> None:
    # The printer shrinks all to 99 % from the corner and then moves it 2 mm left, 1 mm down.
    sheet = read_sheet(SHEETS, "a4_12_86x42")
    aligned = align_sheet(sheet, Alignment(2 / 0.99, -1 / 0.99, 1 / 0.99))
    for position in range(1, 13):
        left, top = locate_cell(aligned, position)
        assert (left * 0.99 - 2, top * 0.99 + 1) == pytest.approx(locate_cell(sheet, position))
    assert aligned.label_width_mm * 0.99 == pytest.approx(86.4)
    assert aligned.padding_mm * 0.99 == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("name", "alignment", "distance"),
    [
        # 12 labels leave 18.6 mm beside them: nothing comes near the edge.
        ("a4_12_86x42", Alignment(-5.0, -5.0, 0.98), ""),
        ("a4_12_86x42", Alignment(5.0, 5.0, 1.02), ""),
        # 70 mm labels reach from edge to edge, with 6 mm of padding.
        ("a4_24_70x34", Alignment(1.0, 0.0, 1.0), ""),
        ("a4_24_70x34", Alignment(-1.5, 0.0, 1.0), "4.5 mm"),
        ("a4_24_70x34", Alignment(0.0, 0.0, 1.02), "1.9 mm"),
    ],
)
def test_text_may_not_be_moved_to_the_edge_of_the_page(
    name: str, alignment: Alignment, distance: str
) -> None:
    sheet = read_sheet(SHEETS, name)
    if not distance:
        assert align_sheet(sheet, alignment).per_page == sheet.per_page
        return
    with pytest.raises(ParameterError, match=f"位置の補正.*{distance}"):
        align_sheet(sheet, alignment)


def test_a_used_sheet_takes_the_first_labels_of_the_print() -> None:
    sheet = begin_at(read_sheet(SHEETS, "a4_12_86x42"), 11)
    assert [find_place(sheet, order) for order in (0, 1, 2, 13, 14)] == [
        (1, 11), (1, 12), (2, 1), (2, 12), (3, 1)
    ]  # fmt: skip
    with pytest.raises(ParameterError, match="1から12まで"):
        begin_at(sheet, 13)


@given(st.integers(1, 12), st.integers(1, 60))
def test_the_sheets_share_out_every_label_once_in_order(first: int, labels: int) -> None:
    sheet = begin_at(read_sheet(SHEETS, "a4_12_86x42"), first)
    shares = share_out(sheet, labels)
    assert [order for share in shares for order in share] == list(range(labels))
    for number, share in enumerate(shares, start=1):
        assert {find_place(sheet, order)[0] for order in share} == {number}
    assert len(shares) == -(-(labels + first - 1) // 12)
