"""Sheets of labels: where on the paper each label lies."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.errors import ParameterError, raise_problems

PAGE_WIDTH_MM = 210.0
PAGE_HEIGHT_MM = 297.0
_ROUNDING_MM = 1e-6


@dataclass(frozen=True)
class Sheet:
    """One kind of A4 label sheet; all lengths in millimetres from the top left of the page."""

    name: str
    columns: int
    rows: int
    label_width_mm: float
    label_height_mm: float
    left_mm: float
    top_mm: float
    pitch_x_mm: float
    pitch_y_mm: float
    padding_mm: float
    products: tuple[str, ...]
    source: str

    @property
    def per_page(self) -> int:
        """Number of labels on one sheet."""
        return self.columns * self.rows


_COUNTS = ("columns", "rows")
_LENGTHS = tuple(field.name for field in fields(Sheet) if field.name.endswith("_mm"))


def read_sheet(path: Path) -> Sheet:
    """Read the geometry of a label sheet and prove that it lies on A4 without overlaps.

    Published tables of label sheets contain figures that run off the paper, so that no geometry
    is believed before it adds up.

    Args:
        path: a YAML file with exactly the fields of `Sheet`.

    Returns:
        The sheet.

    Raises:
        ParameterError: on unknown, missing, mistyped or repeated keys, or when labels leave the
            page or overlap; all problems at once.
    """
    heading = f"ラベル用紙の設定 {path.name}"
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(
            f"{heading}: YAMLとして読めません（{type(error).__name__}）。"
            "同梱の用紙設定を写して書き直してください。"
        ) from None
    if not isinstance(values, dict):
        raise ParameterError(f"{heading}: 「項目: 値」の形になっていません。")
    raise_problems(ParameterError, _list_key_problems(values, text), heading)
    raise_problems(ParameterError, _list_type_problems(values), heading)
    checked: dict[str, Any] = {key: float(values[key]) for key in _LENGTHS}
    sheet = Sheet(**{**values, **checked, "products": tuple(values["products"])})
    raise_problems(ParameterError, _list_geometry_problems(sheet), heading)
    return sheet


def _list_key_problems(values: dict[Any, Any], text: str) -> list[str]:
    known = [field.name for field in fields(Sheet)]
    written = re.findall(r"^(\w+)\s*:", text, re.MULTILINE)
    return [
        *(f"項目 {key} がありません。" for key in known if key not in values),
        *(f"項目 {key} は使えません。" for key in values if key not in known),
        *(f"項目 {key} が2回書かれています。" for key in known if written.count(key) > 1),
    ]


def _list_type_problems(values: dict[Any, Any]) -> list[str]:
    problems = []
    for key in _COUNTS:
        if type(values[key]) is not int or values[key] < 1:
            problems.append(f"{key} は1以上の整数で書いてください。")
    for key in _LENGTHS:
        value = values[key]
        if type(value) not in (int, float) or not 0 <= value <= PAGE_HEIGHT_MM:
            problems.append(f"{key} は0以上297以下のミリメートルで書いてください。")
    for key in ("name", "source"):
        if not isinstance(values[key], str) or not values[key].strip():
            problems.append(f"{key} は文字で書いてください。")
    products = values["products"]
    if not isinstance(products, list) or not all(isinstance(item, str) for item in products):
        problems.append("products は品番の一覧（文字）で書いてください。")
    return problems


def _list_geometry_problems(sheet: Sheet) -> list[str]:
    problems = []
    right = sheet.left_mm + (sheet.columns - 1) * sheet.pitch_x_mm + sheet.label_width_mm
    bottom = sheet.top_mm + (sheet.rows - 1) * sheet.pitch_y_mm + sheet.label_height_mm
    if right > PAGE_WIDTH_MM + _ROUNDING_MM:
        problems.append(f"右端のラベルが紙からはみ出します（{right:.1f} mm、A4は210 mm）。")
    if bottom > PAGE_HEIGHT_MM + _ROUNDING_MM:
        problems.append(f"下端のラベルが紙からはみ出します（{bottom:.1f} mm、A4は297 mm）。")
    if sheet.columns > 1 and sheet.pitch_x_mm < sheet.label_width_mm - _ROUNDING_MM:
        problems.append("横の間隔 pitch_x_mm がラベルの幅より狭く、ラベルが重なります。")
    if sheet.rows > 1 and sheet.pitch_y_mm < sheet.label_height_mm - _ROUNDING_MM:
        problems.append("縦の間隔 pitch_y_mm がラベルの高さより狭く、ラベルが重なります。")
    if min(sheet.label_width_mm, sheet.label_height_mm) <= 2 * sheet.padding_mm:
        problems.append("padding_mm が大きく、文字を印刷する場所がありません。")
    return problems


def locate_cell(sheet: Sheet, position: int) -> tuple[float, float]:
    """Say where the label at a position of the sheet has its top left corner.

    Args:
        sheet: the sheet.
        position: 1 to `sheet.per_page`, row by row from the top left.

    Returns:
        Distance from the left and from the top edge of the page, in millimetres.

    Raises:
        ParameterError: when the sheet has no such position.
    """
    if not 1 <= position <= sheet.per_page:
        raise ParameterError(
            f"ラベル用紙 {sheet.name} の位置は1から{sheet.per_page}までです（指定: {position}）。"
        )
    row, column = divmod(position - 1, sheet.columns)
    return sheet.left_mm + column * sheet.pitch_x_mm, sheet.top_mm + row * sheet.pitch_y_mm
