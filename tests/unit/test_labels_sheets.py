"""Label sheets: geometry that adds up, positions row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.labels.sheets import locate_cell, read_sheet

SHEETS = Path(__file__).parents[2] / "params" / "sheets"


def write_changed(folder: Path, **changes: object) -> Path:
    values = yaml.safe_load((SHEETS / "a4_12_86x42.yaml").read_text(encoding="utf-8"))
    values.update(changes)
    path = folder / "sheet.yaml"
    kept = {key: value for key, value in values.items() if value is not None}
    path.write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(SHEETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_sheet_lies_on_a4_and_names_products_and_source(path: Path) -> None:
    sheet = read_sheet(path)
    left, top = locate_cell(sheet, sheet.per_page)
    assert left + sheet.label_width_mm <= 210 and top + sheet.label_height_mm <= 297
    assert sheet.products and sheet.source


def test_the_12_up_sheet_has_the_published_positions() -> None:
    # LibreOffice labels.xml and gLabels agree: 86.4 x 42.3 mm, first label at 18.6 / 21.2 mm.
    sheet = read_sheet(SHEETS / "a4_12_86x42.yaml")
    assert sheet.per_page == 12
    assert locate_cell(sheet, 1) == pytest.approx((18.6, 21.2))
    assert locate_cell(sheet, 2) == pytest.approx((105.0, 21.2))
    assert locate_cell(sheet, 3) == pytest.approx((18.6, 63.5))
    assert locate_cell(sheet, 12) == pytest.approx((105.0, 232.7))


def test_the_24_up_sheet_has_the_published_positions() -> None:
    sheet = read_sheet(SHEETS / "a4_24_66x34.yaml")
    assert sheet.per_page == 24
    assert locate_cell(sheet, 1) == pytest.approx((6.0, 12.9))
    assert locate_cell(sheet, 24) == pytest.approx((138.0, 250.2))


@pytest.mark.parametrize("position", [0, 13, -1])
def test_a_position_that_the_sheet_does_not_have_is_refused(position: int) -> None:
    with pytest.raises(ParameterError, match="1から12まで"):
        locate_cell(read_sheet(SHEETS / "a4_12_86x42.yaml"), position)


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
    ],
)
def test_a_sheet_that_does_not_add_up_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        read_sheet(write_changed(tmp_path, **changes))


def test_a_key_written_twice_is_refused_because_yaml_keeps_only_the_last(tmp_path: Path) -> None:
    path = write_changed(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "left_mm: 20.0\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="left_mm が2回"):
        read_sheet(path)


@pytest.mark.parametrize("content", ["- 1\n", "a: [\n", "", "!!python/object:os.system {}\n"])
def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sheet.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match="sheet.yaml"):
        read_sheet(path)
