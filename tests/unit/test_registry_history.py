"""History: each person's latest row, by the rule of the profile, or nobody's.

Right values: 住民記録システム標準仕様書 1.1.5 and 10.1, and a plain search through all rows.
"""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.delimited import Broken
from recruitlib.registry.history import (
    NO_LATEST,
    History,
    Latest,
    find_latest,
    take_history,
    tell_unread,
)

Row = tuple[str, str, str, str]  # id, flag, number, branch


def take(rows: list[Row], first: int = 2) -> History:
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    names = ("addressee_id", "latest_flag", "history_number", "history_branch")
    cells = {
        name: pa.chunked_array([pa.array(own, pa.string())])
        for name, own in zip(names, columns, strict=True)
    }
    numbers = pa.chunked_array([pa.array(range(first, first + len(rows)), pa.int64())])
    return take_history(pa.table({**cells, "source_row": numbers}))


def find(rows: list[Row], rule: str, cut: int = 0) -> Latest:
    """Find the latest rows, the rows read in two pieces."""
    return find_latest([take(rows[:cut]), take(rows[cut:], cut + 2)], rule)


def test_by_the_flag_the_marked_row_is_latest_whatever_its_number() -> None:
    rows = [("1", "0", "9", ""), ("1", "1", "2", ""), ("2", "1", "", "")]
    assert find(rows, "flag").is_latest.tolist() == [False, True, True]


def test_by_the_number_the_highest_is_latest_and_the_branch_decides_between_equal_ones() -> None:
    rows = [("1", "", "9", ""), ("1", "", "10", "1"), ("1", "", "10", "2"), ("2", "", "1", "")]
    assert find(rows, "highest").is_latest.tolist() == [False, False, True, True]


def test_by_single_everybody_has_one_row() -> None:
    found = find([("1", "", "", ""), ("2", "", "", "")], "single")
    assert found.is_latest.all() and not found.problems
    assert find([("1", "", "", ""), ("1", "", "", "")], "single").problems


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("flag", [("1", "1", "1", ""), ("2", "1", "1", ""), ("1", "1", "2", "")]),
        ("highest", [("1", "", "3", "1"), ("2", "", "1", ""), ("1", "", "3", "1")]),
        ("single", [("1", "", "", ""), ("2", "", "", ""), ("1", "", "", "")]),
    ],
)
def test_two_latest_rows_of_one_person_are_a_problem_that_names_both(
    rule: str, rows: list[Row]
) -> None:
    problems = find(rows, rule, 1).problems
    assert len(problems) == 1 and "2、4 行目" in problems[0]


def test_a_person_without_a_latest_row_is_listed_with_every_row() -> None:
    found = find([("1", "0", "1", ""), ("2", "1", "1", ""), ("1", "0", "2", "")], "flag", 2)
    assert found.is_missing.tolist() == [True, False, True]
    assert [(row.row, row.reason) for row in found.broken] == [(2, NO_LATEST), (4, NO_LATEST)]
    assert not found.problems


def test_ids_that_differ_by_a_zero_are_two_people() -> None:
    assert find([("012", "1", "", ""), ("12", "1", "", "")], "flag").is_latest.all()


def test_no_rows_are_nobodys() -> None:
    assert find([], "flag").is_latest.tolist() == [] == find([], "highest").broken


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "01"]),
        st.sampled_from(["0", "1"]),
        st.integers(0, 12).map(str) | st.just(""),
        st.integers(0, 3).map(str) | st.just(""),
    ),
    max_size=14,
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(ROWS, st.sampled_from(["flag", "highest"]), st.integers(0, 14))
def test_the_latest_rows_are_those_that_a_plain_search_finds(
    rows: list[Row], rule: str, cut: int
) -> None:
    people: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        people[row[0]].append(place)
    latest, missing, doubled = set(), set(), False
    for places in people.values():
        if rule == "flag":
            chosen = [place for place in places if rows[place][1] == "1"]
        else:
            numbers = {
                place: (int(rows[place][2] or 0), int(rows[place][3] or 0)) for place in places
            }
            chosen = [place for place in places if numbers[place] == max(numbers.values())]
        latest |= set(chosen)
        missing |= set() if chosen else set(places)
        doubled |= len(chosen) > 1
    found = find(rows, rule, min(cut, len(rows)))
    assert {place for place, is_one in enumerate(found.is_latest) if is_one} == latest
    assert {place for place, is_one in enumerate(found.is_missing) if is_one} == missing
    assert {row.row - 2 for row in found.broken} == missing
    assert bool(found.problems) == doubled


UNREAD = [Broken(7, "列数が見出しと違います", "x"), Broken(4, "「氏名」の形が違います", "y")]


def test_an_unreadable_row_may_be_the_latest_where_no_flag_says_which_one_is() -> None:
    problems = tell_unread(UNREAD, "highest")
    assert problems[0].startswith("4行目: 「氏名」") and problems[1].startswith("7行目: ")
    assert "最新フラグのない抽出" in problems[-1]
    assert (
        tell_unread([], "highest")
        == tell_unread(UNREAD, "flag")
        == tell_unread(UNREAD, "single")
        == []
    )
