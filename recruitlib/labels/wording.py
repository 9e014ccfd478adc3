"""Wording: what a label says, field by field, as the registry holds it and as the office set it."""

from __future__ import annotations

import re
from typing import NamedTuple

from recruitlib.base.parameters import HONORIFICS

COLUMN_NAMES = {
    "postal_code": "郵便番号", "address": "住所", "building": "方書", "full_name": "氏名",
}  # fmt: skip
PRINTED_COLUMNS = tuple(COLUMN_NAMES)
POSTAL_MARK = "〒"
_POSTAL_CODE = re.compile(r"([0-9０-９]{3})[-－‐−]?([0-9０-９]{4})")
_TO_ASCII_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


class Wording(NamedTuple):
    """What the office sets of a label's text, beside what the registry says of the person.

    ``honorific`` stands after each name, "" for nothing; ``return_line`` on the foot of each label
    as one line of the smallest size, where mail that cannot be delivered goes back to, "" for none.
    """

    show_postal_code: bool = True
    honorific: str = HONORIFICS[0]
    return_line: str = ""

    @property
    def ending(self) -> str:
        """What is printed after a name: a full-width space and the honorific, or nothing."""
        return f"\u3000{self.honorific}" if self.honorific else ""


DEFAULT_WORDING = Wording()
ENDINGS = tuple(Wording(honorific=honorific).ending for honorific in HONORIFICS if honorific)


def format_postal_code(postal_code: str) -> str | None:
    """Write a postal code as it is printed.

    Args:
        postal_code: seven digits, half or full width, with or without the hyphen.

    Returns:
        The form `〒160-0023`; None when it is not seven digits.
    """
    found = _POSTAL_CODE.fullmatch(postal_code)
    if not found:
        return None
    return f"{POSTAL_MARK}{found[1]}-{found[2]}".translate(_TO_ASCII_DIGITS)


def write_field(column: str, text: str, wording: Wording) -> str | None:
    """Write a field as it is printed.

    Args:
        column: one of `PRINTED_COLUMNS`.
        text: what the registry holds, not normalised.
        wording: what the office set.

    Returns:
        The text; "" where nothing is printed, None where the label must be refused.
    """
    if column == "postal_code":
        return format_postal_code(text) if wording.show_postal_code and text else ""
    if column == "building":
        return text if text.strip() else ""
    if not text.strip():
        return None
    return text + wording.ending if column == "full_name" else text
