"""Print settings: what the parameters and the approved scope say of sheet, fonts and wording."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recruitlib.base.scope import POSTAL_CODE, list_allowed_items, read_scope
from recruitlib.labels.chain import open_chain
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.sheets import (
    Alignment,
    Sheet,
    align_sheet,
    begin_at,
    inset_sheet,
    read_sheet,
)
from recruitlib.labels.wording import Wording


def open_fonts(root: Path, parameters: Mapping[str, Any]) -> list[LabelFont]:
    """Open the font chain: the office's own fonts first, then the installed IPAexゴシック.

    Raises:
        ParameterError: a font cannot be used.
    """
    return open_chain(root, parameters["label_fonts"])


def list_printed_items(root: Path, parameters: Mapping[str, Any]) -> list[str]:
    """List the items that the labels hold: those of the sheet, else those that the scope provides.

    Raises:
        ParameterError: the scope or the sheet cannot be read.
    """
    sheet = read_sheet(root / parameters["label_sheets_file"], parameters["label_sheet"])
    return list(sheet.items) or list_allowed_items(read_scope(root / parameters["scope_file"]))


def read_wording(root: Path, parameters: Mapping[str, Any]) -> Wording:
    """Read what a label says beside the person.

    The postal code is printed where it is among the items.

    Raises:
        ParameterError: the scope or the sheet cannot be read.
    """
    show_postal_code = POSTAL_CODE in list_printed_items(root, parameters)
    honorific, return_line = parameters["label_honorific"], parameters["label_return_line"]
    return Wording(show_postal_code, honorific, return_line)


def check_return_line(root: Path, parameters: Mapping[str, Any]) -> list[str]:
    """Say if the labels would bear another return line than the approved scope has.

    The line is free text beside the person, and so the one place where more than the approved items
    could be printed.

    Returns:
        one Japanese sentence, or nothing.
    """
    scope = read_scope(root / parameters["scope_file"])
    if parameters["label_return_line"] in ("", scope.return_line):
        return []
    return ["返送先（label_return_line）が、承認された範囲（return_line）と違います。"]


def open_sheet(root: Path, parameters: Mapping[str, Any]) -> Sheet:
    """Open the label sheet as this printer prints it, from the first label that is left on it.

    Raises:
        ParameterError: the sheet is unknown, does not add up or has no such label, or text would
            come too near to the edge of the page.
    """
    sheet = read_sheet(root / parameters["label_sheets_file"], parameters["label_sheet"])
    begun = begin_at(sheet, parameters["label_first_position"])
    insets = parameters["label_inset_left_mm"], parameters["label_inset_top_mm"]
    return inset_sheet(align_sheet(begun, read_alignment(parameters)), *insets)


def read_alignment(parameters: Mapping[str, Any]) -> Alignment:
    """Read what the printer needs from the parameters."""
    offsets = parameters["label_offset_x_mm"], parameters["label_offset_y_mm"]
    return Alignment(*offsets, parameters["label_scale"])
