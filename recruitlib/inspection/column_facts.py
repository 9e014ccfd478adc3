"""What the columns of a file hold, as counts of shapes: never one person's value.

Taken piece by piece and added up, so that a city's file costs no more memory than a ward's.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.dates import parse_date
from recruitlib.inspection.captions import DATE, NUMBER, PERSON, PLAIN, POSTAL

MOST_CODES = 30  # a column with more different values holds no codes
CODE = re.compile(r"[0-9A-Za-z]{1,3}")
_LISTED = 10  # rows named
_SAMPLE = 2_000
_MOST_VALUES = 200  # a column with more in one piece is not looked at for codes any more

# Strict forms of text first; the form of a draft is the first that the column keeps.
NAME_FORM = r'[^\p{Cc}\p{Zl}\p{Zp}\x{fffd},"0-9０-９]*'
KANA_FORM = r'[^\p{Cc}\p{Zl}\p{Zp}\x{fffd},"0-9０-９\p{Han}]*'
TEXT_FORM = r'[^\p{Cc}\p{Zl}\p{Zp}\x{fffd}"]*'
DIGITS_FORM = "[0-9]*"
WIDE_DIGITS_FORM = "[0-9０-９]*"
TEXT_FORMS = (KANA_FORM, NAME_FORM, TEXT_FORM)
NUMBER_FORMS = (DIGITS_FORM, WIDE_DIGITS_FORM)

SPACED = "[ \\x{3000}]*"  # spaces around a date or a postal code
EMPTY, UNREADABLE = "空", "読めない"
_DATE_FORMS = (
    ("西暦（年-月-日）", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"),
    ("西暦（年/月/日）", r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"),
    ("西暦8桁", r"[0-9]{8}"),
    ("元号7桁", r"[1-5][0-9]{6}"),
    ("元号と西暦の9桁", r"[1-5][0-9]{8}"),
    ("日時", r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[T ].{1,20}"),
    ("元号の書き方", r"(?:明治|大正|昭和|平成|令和|[明大昭平令MTSHRmtshr]).{1,30}"),
    ("西暦の年月日", r"[0-9]{4}年.{1,20}"),
)  # fmt: skip
NEVER, VAGUE, SERIAL, OTHER = (
    "「なし」の印（0や9だけ）",
    "一部が不詳・おおよそ",
    "5桁の通し日数",
    "そのほかの書き方",
)
_NEVER = re.compile(r"0+|9{6,}|(?:9999|0000)([-/]).+")
_POSTAL_FORMS = (
    ("7桁", r"[0-9]{7}"),
    ("全角7桁", r"[０-９]{7}"),
    ("3桁-4桁", r"[0-9]{3}-[0-9]{4}"),
    ("全角の3桁-4桁", r"[０-９]{3}[－‐−ー-][０-９]{4}"),
    ("6桁以下（先頭の0が失われた疑い）", r"[0-9０-９]{1,6}"),
)
# How a draft writes them as regular expressions; others are left open.
FORM_PATTERNS = dict([*_DATE_FORMS[:5], *_POSTAL_FORMS[:3]])
_DATE_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _DATE_FORMS]
_POSTAL_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _POSTAL_FORMS]


class Facts(NamedTuple):
    """What a column holds: how many cells are filled, and counts of lengths, forms and codes.

    ``lengths`` are those of numbers, ``zeros`` how many of them begin with one, ``forms`` how dates
    and postal codes are written, ``fits`` how many cells have each form that a draft may ask for,
    ``values`` the few different values of a column of codes (None for others), ``unreadable`` the
    first rows with a date or postal code that cannot be read.
    """

    rows: int
    filled: int
    lengths: Counter[int]
    zeros: int
    forms: Counter[str]
    fits: Counter[str]
    values: Counter[str] | None
    unreadable: tuple[int, ...]


def take_facts(
    column: pa.ChunkedArray,
    sort: str,
    rows: npt.NDArray[np.int64],
    cache: dict[str, str],
    drafting: bool,
) -> Facts:
    """Take the facts of some cells of one column.

    Args:
        column: text.
        sort: what the column holds (see ``captions.name_sort``).
        rows: the row number of each cell.
        cache: texts whose form is known already; shared by the pieces of one file.
        drafting: count also how many cells have each form that a draft may ask for.
    """
    trimmed = arrow_compute.utf8_trim_whitespace(column)
    filled = int(arrow_compute.sum(arrow_compute.not_equal(trimmed, "")).as_py() or 0)
    zeros, lengths, forms, fits = 0, Counter[int](), Counter[str](), Counter[str]()
    unreadable: tuple[int, ...] = ()
    values = _count_values(trimmed) if sort == PLAIN else None
    if sort in (DATE, POSTAL):
        forms, unreadable = _count_forms(trimmed, sort, rows, cache)
        spaced = arrow_compute.sum(arrow_compute.not_equal(trimmed, column)).as_py()
        fits = Counter({SPACED: spaced or 0})
    elif sort == NUMBER:
        sizes = arrow_compute.value_counts(arrow_compute.utf8_length(trimmed)).to_pylist()
        lengths = Counter({item["values"]: item["counts"] for item in sizes if item["values"]})
        zeros = _count_matches(trimmed, "^[0０].")
        fits = _count_fits(column, NUMBER_FORMS)
    elif sort == PERSON and drafting:
        fits = _count_fits(column, TEXT_FORMS)
    return Facts(len(column), filled, lengths, zeros, forms, fits, values, unreadable)


def merge_facts(parts: Sequence[Facts]) -> Facts:
    """Add up the facts of the pieces of one column."""
    if not parts:
        return Facts(0, 0, Counter(), 0, Counter(), Counter(), None, ())
    values: Counter[str] | None = Counter()
    for part in parts:
        values = values + part.values if values is not None and part.values is not None else None
    if values is not None and len(values) > MOST_CODES:
        values = None
    return Facts(
        sum(part.rows for part in parts),
        sum(part.filled for part in parts),
        sum((part.lengths for part in parts), Counter()),
        sum(part.zeros for part in parts),
        sum((part.forms for part in parts), Counter()),
        sum((part.fits for part in parts), Counter()),
        values,
        tuple(row for part in parts for row in part.unreadable)[: _LISTED + 1],
    )


def list_codes(facts: Facts) -> dict[str, int]:
    """List the codes that may be shown: 1 to 3 letters or digits, held by two rows at least.

    Returns:
        code to number of rows, in order; nothing for a column that holds other things as well.
    """
    if not facts.values:
        return {}
    return {
        code: count
        for code, count in sorted(facts.values.items())
        if count > 1 and CODE.fullmatch(code)
    }


def sample_sort(texts: Sequence[str], sort: str = PERSON) -> str:
    """Say what a column holds by the shape of some of its cells, where its header does not say.

    Returns:
        ``DATE``, ``POSTAL`` or ``NUMBER`` where nearly all filled cells look like it, else ``sort``.
    """
    filled = [text.strip() for text in texts if text.strip()]
    if not filled:
        return sort
    for guess, readable in (
        (DATE, [name_date_form(text) not in (UNREADABLE, SERIAL, NEVER) for text in filled]),
        (POSTAL, [name_postal_form(text) in FORM_PATTERNS for text in filled]),
        (NUMBER, [re.fullmatch("[0-9０-９]{4,}", text) is not None for text in filled]),
    ):
        if sum(readable) * 10 >= len(filled) * 8:
            return guess
    return sort


def name_date_form(text: str) -> str:
    """Name the form in which a date is written."""
    folded = unicodedata.normalize("NFKC", text[:100]).strip()
    if not folded:
        return EMPTY
    if _NEVER.fullmatch(folded):
        return NEVER
    if re.fullmatch("[0-9]{5}", folded):
        return SERIAL
    status = parse_date(text).status
    if status in ("partial", "unknown"):
        return VAGUE
    if status != "certain":
        return UNREADABLE
    return next((name for name, form in _DATE_PATTERNS if form.fullmatch(folded)), OTHER)


def name_postal_form(text: str) -> str:
    """Name the form in which a postal code is written."""
    folded = text[:100].strip()
    if not folded:
        return EMPTY
    return next((name for name, form in _POSTAL_PATTERNS if form.fullmatch(folded)), UNREADABLE)


def _count_forms(
    column: pa.ChunkedArray, sort: str, rows: npt.NDArray[np.int64], cache: dict[str, str]
) -> tuple[Counter[str], tuple[int, ...]]:
    """Count the forms of dates or postal codes; each different text is looked at once."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    named = []
    for text in encoded.dictionary.to_pylist():
        # The day of a time stamp is enough: there are fewer of them.
        key = sort + (f"{text[:10]} 0:00" if re.match(r"\d{4}[-/]\d\d[-/]\d\d[T ]", text) else text)
        if key not in cache:
            tell = name_date_form if sort == DATE else name_postal_form
            cache[key] = tell(key[len(sort) :])
        named.append(cache[key])
    indices = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    held = np.bincount(indices, minlength=len(named))
    forms: Counter[str] = Counter()
    for name, count in zip(named, held.tolist(), strict=True):
        forms[name] += count
    if not forms[UNREADABLE]:
        return forms, ()
    wrong = np.array([name == UNREADABLE for name in named])[indices]
    return forms, tuple(rows[wrong][: _LISTED + 1].tolist())


def _count_values(column: pa.ChunkedArray) -> Counter[str] | None:
    if len(column.slice(0, _SAMPLE).unique()) > _MOST_VALUES:
        return None
    counted = arrow_compute.value_counts(column)
    if len(counted) > _MOST_VALUES:
        return None
    return Counter({item["values"]: item["counts"] for item in counted.to_pylist()})


def _count_fits(column: pa.ChunkedArray, forms: Sequence[str]) -> Counter[str]:
    return Counter({form: _count_matches(column, rf"\A(?:{form})\z") for form in forms})


def _count_matches(column: pa.ChunkedArray, pattern: str) -> int:
    marks = arrow_compute.match_substring_regex(column, pattern)
    return int(arrow_compute.sum(marks).as_py() or 0)
