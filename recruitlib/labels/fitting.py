"""Fitting: each recipient's text is placed inside one label, whole, or the label is refused.

The order is that of a careful typist: full size, then condensed to 70 %, then wrapped, then
smaller down to a floor. What still does not fit goes on a list; nothing is ever cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.secrecy import hide_values
from recruitlib.labels.collector import pause_collector
from recruitlib.labels.fields import Setting, set_field, set_fields
from recruitlib.labels.fonts import (
    LabelFont,
    choose_font,
    describe_code_points,
    split_clusters,
)
from recruitlib.labels.layout import FittedLine, Room, find_room, place_shapes
from recruitlib.labels.sheets import Sheet
from recruitlib.labels.wording import (
    COLUMN_NAMES,
    DEFAULT_WORDING,
    PRINTED_COLUMNS,
    Wording,
    write_field,
)

_STEPS = [step / 20 for step in range(20, 8, -1)]


@dataclass(frozen=True, slots=True)
class FittedLabel:
    """One label: its lines, or why it is refused; and what was done to make it fit."""

    source_row: Any
    lines: tuple[FittedLine, ...] = field(default=(), repr=False)
    reason: str = ""
    condensed: bool = False
    wrapped: bool = False
    shrunk: bool = False


@hide_values
class LabelText(NamedTuple):
    """What one label is made from; `source_row` names it without naming the person."""

    source_row: Any
    postal_code: str
    address: str
    building: str
    full_name: str


def fit_labels(
    recipients: pd.DataFrame,
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    wording: Wording = DEFAULT_WORDING,
) -> tuple[list[FittedLabel], pd.DataFrame]:
    """Fit all labels of a print run.

    Args:
        recipients: source_row, full_name, postal_code, address, building, in print order.
        sheet: the label sheet.
        font_chain: fonts in order of preference.
        wording: what the office set.

    Returns:
        The labels that fit, in print order, and a table source_row, reason of those that do not.
        Together they have as many entries as `recipients` has rows.
    """
    room = find_room(sheet, font_chain, wording.return_line)
    fitted: list[FittedLabel] = []
    with pause_collector():
        whole = _set_columns(recipients, room, font_chain, wording)
        columns = [recipients[column].tolist() for column in LabelText._fields]
        for values, own in zip(zip(*columns, strict=True), whole, strict=True):
            label = _place_label(values[0], own, room, shrunk=False) if room and own else None
            fitted.append(label or fit_label(LabelText(*values), sheet, font_chain, wording))
    refused = [(label.source_row, label.reason) for label in fitted if label.reason]
    table = pd.DataFrame(refused, columns=["source_row", "reason"]).astype({"reason": str})
    return [label for label in fitted if not label.reason], table


def _set_columns(
    recipients: pd.DataFrame,
    room: Room | None,
    font_chain: Sequence[LabelFont],
    wording: Wording,
) -> Iterator[list[Setting] | None]:
    # For each label its fields at full size in the first font, each distinct text set once; None
    # where one of them is empty, needs another font or cannot be set at full size.
    columns = []
    for column in PRINTED_COLUMNS:
        rows, texts = pd.factorize(recipients[column])
        printed = [write_field(column, text, wording) if room else None for text in texts]
        known = [text for text in printed if text]
        found = iter(
            set_fields(column, known, font_chain[0], room.share, room.width) if room else []
        )
        settings = [next(found) if text else text for text in printed]
        columns.append([settings[row] for row in rows])
    for own in zip(*columns, strict=True):
        yield None if None in own else [setting for setting in own if setting]


def fit_label(
    label: LabelText,
    sheet: Sheet,
    font_chain: Sequence[LabelFont],
    wording: Wording = DEFAULT_WORDING,
) -> FittedLabel:
    """Fit one label: full size, condensed to 70 %, wrapped, smaller to the floor, or refused.

    Printed is what the registry holds, apart from the postal mark and hyphen and the honorific
    after the name. Numbers and words stay whole, and the honorific stays with the name.

    Args:
        label: the recipient's text, not normalised.
        sheet: the label sheet; text keeps inside its padding.
        font_chain: fonts in order of preference.
        wording: what the office set.

    Returns:
        The label with its lines, or with a reason in Japanese that names no value.
    """
    blocks, reason = _collect_blocks(label, font_chain, wording)
    if reason:
        return FittedLabel(label.source_row, reason=reason)
    room = find_room(sheet, font_chain, wording.return_line)
    if room is None:
        reason = _explain_return_line(wording.return_line, font_chain)
        return FittedLabel(label.source_row, reason=reason)
    too_wide = ""
    for step in _STEPS:
        settings = []
        for column, text, font in blocks:
            setting = set_field(column, text, font, room.share * step, room.width)
            if setting is None:
                too_wide = column
                break
            settings.append(setting)
        if len(settings) < len(blocks):
            continue
        fitted = _place_label(label.source_row, settings, room, step < 1)
        if fitted:
            return fitted
        too_wide = ""
    if too_wide:
        name = COLUMN_NAMES[too_wide]
        return FittedLabel(
            label.source_row, reason=f"{name}の番号または単語が長く、切らずにラベルに入りません"
        )
    return FittedLabel(label.source_row, reason="最小の文字にしてもラベルの高さに入りません")


def _explain_return_line(text: str, font_chain: Sequence[LabelFont]) -> str:
    if choose_font(text, font_chain) is None:
        return _explain_characters("返送先", text, font_chain)
    return "返送先（label_return_line）が長く、6 ポイントの1行に入りません"


def _collect_blocks(
    label: LabelText, font_chain: Sequence[LabelFont], wording: Wording
) -> tuple[list[tuple[str, str, LabelFont]], str]:
    # Each printed field's name, text and font, or why the label is refused.
    if not label.full_name.strip():
        return [], "氏名が空です"
    if not label.address.strip():
        return [], "住所が空です"
    blocks = []
    for column in PRINTED_COLUMNS:
        text = write_field(column, getattr(label, column), wording)
        if text is None:
            return [], "郵便番号が7桁の数字ではありません"
        font = choose_font(text, font_chain)
        if font is None:
            return [], _explain_characters(COLUMN_NAMES[column], text, font_chain)
        if text:
            blocks.append((column, text, font))
    return blocks, ""


def _explain_characters(name: str, text: str, font_chain: Sequence[LabelFont]) -> str:
    nowhere = [
        cluster
        for cluster in dict.fromkeys(split_clusters(text))
        if not any(font.find_glyph(cluster) for font in font_chain)
    ]
    if not nowhere:
        return f"{name}の全部の字を持つ書体が1つもありません"
    points = "、".join(describe_code_points(cluster) for cluster in nowhere)
    return f"{name}に印刷できない字があります（{points}）"


def _place_label(
    source_row: Any, settings: Sequence[Setting], room: Room, shrunk: bool
) -> FittedLabel | None:
    # None when the fields are together higher than the label.
    name = settings[-1]
    indent = max(0.0, min(name.shape.size, room.width - name.width))
    shapes = tuple([setting.shape for setting in settings])
    places = place_shapes(shapes, indent, room)
    if places is None:
        return None
    lines, condensed, wrapped = [], False, False
    at = iter(places)
    for shape, percent, font, pieces, _ in settings:
        condensed = condensed or percent < 100
        wrapped = wrapped or len(pieces) > 1
        lines += [FittedLine(piece.text, *next(at), shape.size, percent, font) for piece in pieces]
    return FittedLabel(source_row, (*lines, *room.foot), "", condensed, wrapped, shrunk)


def count_adjustments(fitted: Sequence[FittedLabel]) -> dict[str, int]:
    """Count how many labels needed what to fit; one label may count under several.

    Args:
        fitted: labels that fit.

    Returns:
        Counts under `labels`, `full_size`, `condensed`, `wrapped` and `shrunk`.
    """
    return {
        "labels": len(fitted),
        "full_size": sum(
            not (label.condensed or label.wrapped or label.shrunk) for label in fitted
        ),
        "condensed": sum(label.condensed for label in fitted),
        "wrapped": sum(label.wrapped for label in fitted),
        "shrunk": sum(label.shrunk for label in fitted),
    }
