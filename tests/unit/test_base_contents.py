"""Cells against the forms and codes of their columns: the same answer as looking at each of them.

Right values: Python's own regular expressions, cell by cell.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recruitlib.base.contents import (
    ANY_CODE,
    QUARANTINE_COLUMNS,
    Misfit,
    find_misfits,
    join_reasons,
    list_quarantine,
)
from recruitlib.base.errors import ParameterError
from recruitlib.base.profiles import Profile

STEADY = settings(deadline=None, derandomize=True)
EMPTY = Profile(
    name="small", holds="registry", columns={"a": ("甲",), "b": ("乙",)}, required=(), known=(),
    codes={}, forms={},
)  # fmt: skip
# Written so that Python and the reader's expressions mean the same.
PATTERNS = (
    "[0-9]{1,15}", "[0-9]{0,4}", "[0-9]{2,3}", "[01]", "[01]?", "[1-5]?", '[^\\x00-\\x1f",]{0,5}',
    '[^\\x00-\\x1f",0-9０-９]{1,4}', "[^a]", "a|bb|", "([0-9]{7}|[0-9]{3}-[0-9]{4})?", "[あ-ん]{2,3}",
    "[a-c\\]x]{0,2}", "[\\^a-]{1,2}", "東京都|", "[ -~]{0,3}", "[0-9a]{3,3}", "(?:a|b)+", "[^b-y]{0,9}",
)  # fmt: skip
CELL = st.sampled_from(
    ["", "a", "b", "bb", "0", "1", "12", "123", "0600000", "060-0000", "架空", "あい", "あいう", "０",
     '"', ",", "\n", "\x00", "x]", "^-", "東京都", "～", "\x7f", "\x80", "ab\n", "𠮷𠮷"]
) | st.text(max_size=6)  # fmt: skip


def mark(cells: list[str], pattern: str, *, slices: bool = False) -> list[bool]:
    """Which cells do not have the form, as the reader finds them."""
    column = pa.chunked_array([pa.array(["x", *cells], pa.string())[1:]], pa.string())
    if slices:
        column = pa.chunked_array([column.chunk(0)[:1], column.chunk(0)[1:]], pa.string())
    found = find_misfits(pa.table({"a": column}), EMPTY._replace(forms={"a": pattern}), {})
    assert len(found) <= 1
    return found[0].rows.tolist() if found else [False] * len(cells)


@settings(STEADY, max_examples=1_500)
@given(st.lists(CELL, max_size=6), st.sampled_from(PATTERNS), st.integers(1, 3), st.booleans())
@example(["0", ""], "[0-9]{1,15}", 1, False)
@example(["あい", "あいうえ"], "[あ-ん]{2,3}", 1, True)
def test_a_form_holds_where_it_holds_for_the_whole_cell(
    cells: list[str], pattern: str, times: int, slices: bool
) -> None:
    cells = cells * times
    expected = [re.fullmatch(pattern, cell) is None for cell in cells]
    assert mark(cells, pattern, slices=slices) == expected


@settings(STEADY, max_examples=40)
@given(st.lists(CELL, min_size=1, max_size=4), CELL, st.sampled_from(PATTERNS), st.data())
def test_one_odd_cell_among_thousands_is_found(
    cells: list[str], odd: str, pattern: str, data: st.DataObject
) -> None:
    column = (cells * 3_000)[:2_500]
    column[data.draw(st.integers(0, 2_499))] = odd
    assert mark(column, pattern) == [re.fullmatch(pattern, cell) is None for cell in column]


@settings(STEADY, max_examples=500)
@given(
    st.lists(CELL, max_size=6),
    st.lists(st.sampled_from(["", "1", "2", "9", "01", "あ", "bb"]), unique=True),
)
def test_a_code_is_one_of_the_table_or_a_misfit(cells: list[str], codes: list[str]) -> None:
    table = pa.table({"a": pa.array(cells, pa.string())})
    profile = EMPTY._replace(codes={"a": dict.fromkeys(codes, "meaning")})
    found = find_misfits(table, profile, {"a": "甲"})
    expected = [cell not in codes for cell in cells]
    assert [misfit.rows.tolist() for misfit in found] == ([expected] if any(expected) else [])
    assert all(misfit.reason == "「甲」が符号表にない符号です" for misfit in found)


def test_a_table_of_codes_with_a_meaning_for_all_others_has_no_misfit() -> None:
    table = pa.table({"a": pa.array(["1", "x", ""], pa.string())})
    assert find_misfits(table, EMPTY._replace(codes={"a": {"1": "y", ANY_CODE: "z"}}), {}) == []


def test_a_column_that_the_table_does_not_have_is_not_looked_at() -> None:
    table = pa.table({"b": pa.array(["x"], pa.string())})
    profile = EMPTY._replace(forms={"a": "[0-9]"}, codes={"a": {"1": "y"}})
    assert find_misfits(table, profile, {}) == []


def test_the_header_of_the_file_is_named_and_no_value() -> None:
    table = pa.table({"a": pa.array(["架空"], pa.string())})
    found = find_misfits(table, EMPTY._replace(forms={"a": "[0-9]"}), {"a": "宛名番号"})
    assert [misfit.reason for misfit in found] == ["「宛名番号」の形が違います"]


def test_a_form_that_cannot_be_used_is_an_error_of_the_profile() -> None:
    table = pa.table({"a": pa.array(["x"], pa.string())})
    with pytest.raises(ParameterError, match="forms の a"):
        find_misfits(table, EMPTY._replace(forms={"a": "(?=x)"}), {})


def test_the_reasons_of_a_row_are_joined() -> None:
    misfits = [
        Misfit("一", np.array([True, False, True])),
        Misfit("二", np.array([True, False, False])),
    ]
    assert join_reasons(misfits, 3).tolist() == ["一、二", "", "一"]


def test_the_quarantine_is_in_the_order_of_the_file() -> None:
    listed = list_quarantine([(9, "二", "f"), (3, "一", "e")])
    assert tuple(listed.columns) == QUARANTINE_COLUMNS
    assert listed.values.tolist() == [[3, "一", "e"], [9, "二", "f"]]
    assert listed.dtypes.astype(str).tolist() == ["int64", "str", "str"]
    assert list_quarantine([]).dtypes.astype(str).tolist() == ["int64", "str", "str"]
