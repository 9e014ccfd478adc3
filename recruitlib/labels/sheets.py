"""Sheets of labels: where on the paper each label lies, and where this printer puts it."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.parameters import read_yaml

PAGE_WIDTH_MM = 210.0
PAGE_HEIGHT_MM = 297.0
UNPRINTABLE_MM = 5.0  # what office printers leave blank along the edge of the paper
_ROUNDING_MM = 1e-6


@dataclass(frozen=True)
class Sheet:
    """One kind of A4 label sheet; all lengths in millimetres from the top left of the page.

    `first_position` is where a print begins: on a used sheet, the first label that is left.
    The insets are what an office leaves blank inside the padding. `items` are what the sheet prints
    (氏名, 住所, 郵便番号); where the file does not say, whatever the approved scope provides.
    """

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
    first_position: int = 1
    inset_left_mm: float = 0.0
    inset_top_mm: float = 0.0
    items: tuple[str, ...] = ()

    @property
    def per_page(self) -> int:
        """Number of labels on one sheet."""
        return self.columns * self.rows


class Alignment(NamedTuple):
    """What one printer needs so that its print meets the labels: offset, and scale from the corner."""

    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    scale: float = 1.0


# What stands in the file: everything but the place where a print begins; the items may.
_KEYS = tuple(field.name for field in fields(Sheet) if field.default is MISSING)
_ITEMS = "items"
_PRINTABLE = (["住所", "氏名"], ["住所", "氏名", "郵便番号"])
_COUNTS = ("columns", "rows")
_LENGTHS = tuple(key for key in _KEYS if key.endswith("_mm"))


def read_sheet(path: Path, name: str) -> Sheet:
    """Read the geometry of one label sheet and prove that it lies on A4 without overlaps.

    Published tables of label sheets contain figures that run off the paper, so that no geometry
    is believed before it adds up.

    Args:
        path: a YAML file of named sheets, each with exactly the fields of `Sheet` (`items` or not).
        name: which of them.

    Returns:
        The sheet.

    Raises:
        ParameterError: when the file has no such sheet; on unknown, missing, mistyped or repeated
            keys, or when labels leave the page or overlap; all problems at once.
    """
    sheets = read_yaml(path)
    if name not in sheets:
        known = "、".join(
            f"{other}（{'、'.join(products)}）" if products else str(other)
            for other, products in _list_products(sheets)
        )
        raise ParameterError(
            f"{path.name}: ラベル用紙 {name} はありません。次のどれかです（括弧内は品番）: {known}。"
        )
    heading = f"ラベル用紙の設定 {path.name} の {name}"
    values = sheets[name]
    if not isinstance(values, dict):
        raise ParameterError(f"{heading}: 「項目: 値」の形になっていません。")
    raise_problems(ParameterError, _list_key_problems(values), heading)
    raise_problems(ParameterError, _list_type_problems(values), heading)
    checked: dict[str, Any] = {key: float(values[key]) for key in _LENGTHS}
    lists = {key: tuple(values[key]) for key in ("products", _ITEMS) if key in values}
    sheet = Sheet(**{**values, **checked, **lists})
    raise_problems(ParameterError, _list_geometry_problems(sheet), heading)
    return sheet


def find_sheet_name(path: Path, text: str) -> str:
    """Find the name of the sheet that is meant by a maker's product number, such as 28382.

    Args:
        path: a YAML file of named sheets.
        text: the name of a sheet, or a product number with or without the maker.

    Returns:
        the sheet's name; the text as it is where no product, or more than one sheet, is meant.
    """
    sheets = read_yaml(path)
    sought = text.strip().casefold()
    found = [
        str(name)
        for name, products in _list_products(sheets)
        if any(sought in (own, own.split()[-1]) for own in map(str.casefold, products))
    ]
    return found[0] if len(found) == 1 and text not in sheets else text


def _list_products(sheets: dict[Any, Any]) -> list[tuple[Any, list[str]]]:
    # Of sheets that are not read and may be written wrongly.
    found = []
    for name, values in sheets.items():
        products = values.get("products") if isinstance(values, dict) else None
        written = products if isinstance(products, list) else []
        found.append((name, [item for item in written if isinstance(item, str) and item.strip()]))
    return found


def _list_key_problems(values: dict[Any, Any]) -> list[str]:
    return [
        *(f"項目 {key} がありません。" for key in _KEYS if key not in values),
        *(f"項目 {key} は使えません。" for key in values if key not in (*_KEYS, _ITEMS)),
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
    items = values.get(_ITEMS, _PRINTABLE[0])
    if not isinstance(items, list) or sorted(map(str, items)) not in _PRINTABLE:
        problems.append("items は [氏名, 住所] か [氏名, 住所, 郵便番号] です。")
    return problems


def _list_geometry_problems(sheet: Sheet) -> list[str]:
    problems = []
    right, bottom = _find_far_edges(sheet)
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
    return problems or _list_edge_problems(sheet)


def _list_edge_problems(sheet: Sheet) -> list[str]:
    right, bottom = _find_far_edges(sheet)
    nearest = sheet.padding_mm + min(
        sheet.left_mm, sheet.top_mm, PAGE_WIDTH_MM - right, PAGE_HEIGHT_MM - bottom
    )
    if nearest >= UNPRINTABLE_MM - _ROUNDING_MM:
        return []
    return [
        f"文字が紙の端から {nearest:.1f} mm の所まで来ます。プリンターが印刷できるように "
        f"{UNPRINTABLE_MM:.0f} mm 以上あけてください（padding_mm を大きくした用紙にします）。"
    ]


def _find_far_edges(sheet: Sheet) -> tuple[float, float]:
    return (
        sheet.left_mm + (sheet.columns - 1) * sheet.pitch_x_mm + sheet.label_width_mm,
        sheet.top_mm + (sheet.rows - 1) * sheet.pitch_y_mm + sheet.label_height_mm,
    )


def align_sheet(sheet: Sheet, alignment: Alignment) -> Sheet:
    """Move and scale a sheet as a printer needs it, so that every later step knows the same cells.

    The labels' outer edges may leave the page, as those of a sheet without margins do; what is
    printed inside their padding may not.

    Args:
        sheet: the sheet as the maker cut it.
        alignment: what the printer needs.

    Returns:
        The sheet as it is drawn.

    Raises:
        ParameterError: when text would come too near to the edge of the page.
    """
    lengths = {key: getattr(sheet, key) * alignment.scale for key in _LENGTHS}
    lengths["left_mm"] += alignment.offset_x_mm
    lengths["top_mm"] += alignment.offset_y_mm
    aligned = replace(sheet, **lengths)
    heading = f"ラベル用紙 {sheet.name} の位置の補正"
    raise_problems(ParameterError, _list_edge_problems(aligned), heading)
    return aligned


def inset_sheet(sheet: Sheet, left_mm: float, top_mm: float) -> Sheet:
    """Leave more room blank at the left and top of every label.

    Raises:
        ParameterError: when no room is left for text.
    """
    width, height = (
        side - 2 * sheet.padding_mm for side in (sheet.label_width_mm, sheet.label_height_mm)
    )
    if left_mm >= width or top_mm >= height:
        raise ParameterError(
            f"ラベル用紙 {sheet.name}: 余白が大きく、文字を印刷する場所がありません。"
        )
    return replace(sheet, inset_left_mm=left_mm, inset_top_mm=top_mm)


def begin_at(sheet: Sheet, first_position: int) -> Sheet:
    """Begin the print at a later label, because the first sheet was used before.

    Raises:
        ParameterError: when the sheet has no such position.
    """
    locate_cell(sheet, first_position)
    return replace(sheet, first_position=first_position)


def find_place(sheet: Sheet, order: int) -> tuple[int, int]:
    """Say on which sheet and at which position a label is printed.

    Args:
        sheet: the sheet.
        order: 0 for the first label of the print.

    Returns:
        The sheet's number and the position on it, both from 1.
    """
    number, cell = divmod(sheet.first_position - 1 + order, sheet.per_page)
    return number + 1, cell + 1


def share_out(sheet: Sheet, labels: int) -> list[range]:
    """Share labels out to sheets, the first of which may have been used before.

    Returns:
        For each sheet the orders of its labels, from 0.
    """
    first_end = sheet.per_page - sheet.first_position + 1
    ends = range(first_end, labels + sheet.per_page, sheet.per_page)
    return [range(max(0, end - sheet.per_page), min(end, labels)) for end in ends]


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
