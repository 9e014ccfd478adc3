"""The cells of a spreadsheet as text, and the damage that a spreadsheet does to what was typed."""

from __future__ import annotations

import operator
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeGuard

from openpyxl.cell.cell import ERROR_CODES, Cell, MergedCell
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel

from recruitlib.base.typed_days import BECAME_DAY, DAY_TEXT

TEXT, DATE, NEVER_DATE, ANY = "text", "date", "never_date", "any"
DAMAGE = {
    "formula": "に計算されていない数式があります（表計算で開いて計算し、保存し直してください）",
    "error": "にエラー値（#REF! など）があります（正しい値を入力してください）",
    "date": BECAME_DAY,
    "digits": "に15桁を超える数があり、末尾が失われています（書式を文字列にして入力してください）",
    "epoch": "に日付かどうか分からない5桁の数があります（1904年から日を数えるブックのため、"
    "書式を日付にして入力し直してください）",
}
_MOST_DIGITS = 15  # a spreadsheet's number keeps no more
_DAY_NUMBER = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?")
_DAY_TEXT = re.compile(DAY_TEXT)
_WRAPPED = re.compile('="([^"]*)"')  # how some exports keep zeros; it needs no calculation
_ESCAPED = re.compile("_x(000[9AD]|005F)_")  # how the file format writes tabs and line breaks
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)([0-9.]+)\]")
_HOLDS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_FORMAT_PART = re.compile(r'"([^"]*)"|\\(.)|(0)|([-() ])')

# A Japanese Excel writes these formats as numbers only, 56 for a typed 8-1. The library does not
# know them and would take the day for a plain number, so that an address would become 46235.
# Source: ECMA-376 part 1, 18.8.30 (numFmt), language ja-jp.
_ERA, _LONG_ERA, _MONTH, _DAY = (
    "[$-411]ge.m.d",
    '[$-411]ggge"年"m"月"d"日"',
    'yyyy"年"m"月"',
    'm"月"d"日"',
)
BUILTIN_FORMATS.update(
    {
        **dict.fromkeys((27, 36, 50, 57), _ERA),
        **dict.fromkeys((28, 29, 51, 54, 58), _LONG_ERA),
        **dict.fromkeys((34, 52, 55), _MONTH),
        **dict.fromkeys((35, 53, 56), _DAY),
        **{30: "m/d/yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"時"mm"分"', 33: 'h"時"mm"分"ss"秒"'},
    }
)


class Book(NamedTuple):
    """How the cells of a workbook are to be taken.

    ``epoch`` is its day 0; ``recalculates`` says that it asks to be calculated when it is opened,
    so that a stored 0 may be the result of nothing.
    """

    epoch: datetime
    recalculates: bool


def read_cell(
    written: Cell | MergedCell, saved: Cell | MergedCell, sort: str, book: Book
) -> tuple[str, str]:
    """Give the text of a cell and the kind of its damage, or "".

    Args:
        written: the cell with its formula.
        saved: the same cell with the result that was saved beside the formula.
        sort: what its column holds: ``DATE``, ``NEVER_DATE`` (an address, a number), ``TEXT``, or
            ``ANY`` where the profile names no date columns.
        book: how the cells of the workbook are to be taken.

    Returns:
        the text as it was meant and ""; or the text as it stands and a key of ``DAMAGE``.
    """
    value = saved.value
    if written.data_type == "f":
        formula = str(getattr(written.value, "text", written.value))
        if literal := _WRAPPED.fullmatch(formula):
            return literal[1], ""
        # Where the result is an empty text, the cell is of the type of texts.
        missing = value is None and saved.data_type != "str"
        if missing or (book.recalculates and _is_number(value) and value == 0):
            return formula, "formula"
    if saved.data_type == "e" or (isinstance(value, str) and value in ERROR_CODES):
        return str(value), "error"
    if isinstance(value, timedelta) or (sort == NEVER_DATE and isinstance(value, date | time)):
        return _show(value), "date"
    if _is_number(value):
        if abs(value) >= 10**_MOST_DIGITS:
            return repr(value), "digits"
        plain, text = repr(value), _show_number(value, str(saved.number_format))
    else:
        text = _show(value)
        plain = unicodedata.normalize("NFKC", text).strip()
        if sort == NEVER_DATE and _DAY_TEXT.fullmatch(plain):
            return text, "date"
    if sort == DATE and _DAY_NUMBER.fullmatch(plain):
        return _show(from_excel(float(plain), book.epoch)), ""
    if sort == ANY and book.epoch == CALENDAR_MAC_1904 and _DAY_NUMBER.fullmatch(plain):
        return text, "epoch"
    return text, ""


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _show(value: object) -> str:
    """Give a value as text: dates in ISO form, the time only where there is one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        # A time of day is a fraction of a day, so it comes with a rounding error.
        moment = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return moment.date().isoformat() if moment.time() == time(0) else moment.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))
    literal = _WRAPPED.fullmatch(text)
    return literal[1] if literal else text


def _show_number(value: int | float, number_format: str) -> str:
    """Give a number as the cell shows it where the format is one of zeros, else plainly."""
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    section = re.sub(r"\[[^\]]*\]", "", _pick_section(value, number_format))
    parts = list(_FORMAT_PART.finditer(section))
    zeros = sum(part[3] is not None for part in parts)
    if value < 0 or zeros < 2 or "".join(part[0] for part in parts) != section:
        return digits
    if len(digits) > zeros and section.strip("0"):
        return digits  # more digits than a postal code has: the marks between would mislead
    padded = digits.zfill(zeros)
    at = len(padded) - zeros
    shown = padded[:at]
    for part in parts:
        shown += padded[at] if part[3] else part[1] or part[2] or part[4] or ""
        at += part[3] is not None
    return shown


def _pick_section(value: int | float, number_format: str) -> str:
    """Pick the part of a format that a number goes by: ``[<=999]000;[<=9999]000-00;000-0000``."""
    sections = number_format.split(";")
    if not any(_CONDITION.match(section) for section in sections):
        return sections[2] if value == 0 and len(sections) > 2 else sections[0]
    for section in sections:
        condition = _CONDITION.match(section)
        if condition is None or _HOLDS[condition[1]](value, float(condition[2])):
            return section
    return ""
