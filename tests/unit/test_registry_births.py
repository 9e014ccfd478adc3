"""Birth dates of an extract: certain or a range of days, and on which side of the printed ranges.

Right values: the calendar, the era table (改元の詔書・元号を定める政令), the wordings of unknown dates of
住民記録システム標準仕様書 1.1.8, and the ranges that the ward's document prints.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.registry.births import BirthRange, place_births, read_birth, read_births
from tests.unit.extracts import RANGES

ANY = ("", "9999-99-99")
COLUMNS = ("birth_text", "birth_era", "birth_unknown", "birth_note")
Birth = tuple[str, str, str, str]


def tabulate(*births: Birth) -> pa.Table:
    columns = zip(*births, strict=True) if births else ([], [], [], [])
    return pa.table(
        {name: pa.chunked_array([pa.array(own, pa.string())])
         for name, own in zip(COLUMNS, columns, strict=True)}
    )  # fmt: skip


def place(*births: Birth, ranges: list[BirthRange] = RANGES) -> list[int]:
    return place_births(tabulate(*births), ranges, {})[0].tolist()


@pytest.mark.parametrize(
    ("text", "era", "iso"),
    [
        ("2008-04-02", "4", "2008-04-02"),
        ("2008-02-29", "4", "2008-02-29"),
        ("2004-02-29", "", "2004-02-29"),
        ("4200402", "4", "2008-04-02"),
        ("420080402", "", "2008-04-02"),
        ("平成20年 4月 2日", "4", "2008-04-02"),
        ("H20.04.02", "", "2008-04-02"),
        ("1912-07-30", "1", "1912-07-30"),
        ("1912-07-30", "2", "1912-07-30"),
        ("1926-12-25", "2", "1926-12-25"),
        ("1926-12-25", "3", "1926-12-25"),
        ("1989-01-07", "3", "1989-01-07"),
        ("1989-01-08", "4", "1989-01-08"),
        ("2019-04-30", "4", "2019-04-30"),
        ("2019-05-01", "5", "2019-05-01"),
    ],
)
def test_a_birth_date_of_which_everything_agrees_is_certain(text: str, era: str, iso: str) -> None:
    assert read_birth(text, era, "0", "") == (iso, "certain", iso, iso)


@pytest.mark.parametrize(
    ("birth", "status", "first", "last"),
    [
        # the era is not that of the date, so nobody knows which of them is wrong
        (("2008-04-02", "3", "0", ""), "era_disagrees", *ANY),
        (("1989-01-08", "3", "0", ""), "era_disagrees", *ANY),
        # unknown, and nothing is said of when
        (("", "4", "1", ""), "unknown", *ANY),
        (("", "", "", ""), "empty", *ANY),
        (("0000-00-00", "", "1", "年月日不詳"), "unknown", *ANY),
        (("", "", "1", "平成20年以降"), "unknown", *ANY),
        # the wordings of the standard
        (("", "4", "1", "平成20年 月日不詳"), "unknown", "2008-01-01", "2008-12-31"),
        (("", "4", "1", "平成20年6月 日不詳"), "unknown", "2008-06-01", "2008-06-30"),
        (("2008-06-00", "4", "0", ""), "partial", "2008-06-01", "2008-06-30"),
        (("2008-00-00", "4", "0", ""), "partial", "2008-01-01", "2008-12-31"),
        # two days of the calendar that are none
        (("2009-02-29", "4", "0", ""), "invalid", "2009-02-28", "2009-03-01"),
        # the text is a day, the note says that it is not known
        (("2008-01-01", "4", "1", "平成20年 月日不詳"), "unknown", "2008-01-01", "2008-12-31"),
        (("2008-06-30", "4", "0", "平成20年6月 日不詳"), "unknown", "2008-06-01", "2008-06-30"),
    ],
)
def test_any_other_birth_date_is_a_range_of_days_and_never_a_date(
    birth: Birth, status: str, first: str, last: str
) -> None:
    assert read_birth(*birth) == ("", status, first, last)


def test_a_note_that_only_repeats_the_date_leaves_it_certain() -> None:
    assert read_birth("2008-06-30", "4", "0", "平成20年6月30日")[1] == "certain"


def test_a_whole_day_that_is_flagged_unknown_stands_for_a_year_around_it() -> None:
    iso, status, first, last = read_birth("2008-01-01", "4", "1", "")
    assert (iso, status) == ("", "unknown")
    assert first <= "2007-01-01" and last >= "2008-12-31"


def test_about_a_year_reaches_into_its_neighbours() -> None:
    _, _, first, last = read_birth("", "4", "1", "平成20年頃")
    assert first < "2008-01-01" and last > "2008-12-31"


@pytest.mark.parametrize(
    ("birth", "place_of"),
    [
        (("2008-04-02", "4", "0", ""), 1),
        (("2009-04-01", "4", "0", ""), 1),
        (("2004-04-02", "4", "0", ""), 2),
        (("2005-04-01", "4", "0", ""), 2),
        (("2008-04-01", "4", "0", ""), 0),
        (("2009-04-02", "4", "0", ""), 0),
        (("2004-04-01", "4", "0", ""), 0),
        (("2005-04-02", "4", "0", ""), 0),
        (("1960-05-05", "3", "0", ""), 0),
        # unsure and touching a range
        (("2009-04-31", "4", "0", ""), 0),
        (("2009-03-32", "4", "0", ""), -1),
        (("2008-04-00", "4", "0", ""), -1),
        (("2008-03-00", "4", "0", ""), 0),
        (("2009-04-00", "4", "0", ""), -1),
        (("2009-05-00", "4", "0", ""), 0),
        (("2005-02-30", "4", "0", ""), -1),
        (("", "4", "1", ""), -1),
        (("", "3", "1", "昭和6年頃"), 0),
        (("", "4", "1", "平成17年頃"), -1),
        # not certain, and written weeks outside of every range
        (("1960-05-05", "4", "0", ""), -1),
        (("1960-05-05", "3", "1", ""), 0),
        (("2007-11-30", "4", "1", ""), -1),
    ],
)
def test_each_birth_has_its_place(birth: Birth, place_of: int) -> None:
    assert place(birth) == [place_of]


def test_the_era_that_differs_is_marked_row_by_row() -> None:
    births = [
        ("1960-05-05", "3", "0", ""),
        ("1960-05-05", "4", "0", ""),
        ("1960-05-05", "", "", ""),
    ]
    assert place_births(tabulate(*births), RANGES, {})[1].tolist() == [False, True, False]


DAYS = st.dates(date(1900, 1, 1), date(2026, 4, 1)) | st.dates(date(2004, 1, 1), date(2009, 12, 31))
ERA_STARTS = (
    ("5", date(2019, 5, 1)), ("4", date(1989, 1, 8)), ("3", date(1926, 12, 25)),
    ("2", date(1912, 7, 30)), ("1", date(1868, 10, 23)),
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(st.tuples(DAYS, st.booleans()), max_size=30))
def test_a_certain_date_lies_where_plain_comparison_puts_it(days: list[tuple[date, bool]]) -> None:
    births = []
    for day, with_era in days:
        era = next(digit for digit, start in ERA_STARTS if day >= start)
        births.append((day.isoformat(), era if with_era else "", "0", ""))
    expected = [
        next((n for n, r in enumerate(RANGES, 1) if r.born_from <= day <= r.born_to), 0)
        for day, _ in days
    ]
    assert place(*births) == expected


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(2003, 2010), st.integers(1, 12), st.booleans())
def test_a_month_is_unsure_exactly_where_one_of_its_days_lies_in_a_range(
    year: int, month: int, noted: bool
) -> None:
    day = date(year, month, 1)
    days = []
    while day.month == month:
        days.append(day)
        day += timedelta(days=1)
    touches = any(r.born_from <= one <= r.born_to for r in RANGES for one in days)
    note = f"平成{year - 1988}年{month}月 日不詳"
    birth = ("", "4", "1", note) if noted else (f"{year}-{month:02d}-00", "4", "0", "")
    assert place(birth) == [-1 if touches else 0]


def test_births_are_read_row_by_row_and_equal_ones_once() -> None:
    births = [("2008-04-02", "4", "0", ""), ("", "", "1", ""), ("", "", "1", "")]
    cache: dict[tuple[str, ...], tuple[str, str, str, str]] = {}
    read = read_births(tabulate(*births), cache)
    assert read.dates.to_pylist() == ["2008-04-02", "", ""]
    assert read.statuses.to_pylist() == ["certain", "unknown", "unknown"]
    assert read.first.to_pylist() == ["2008-04-02", "", ""]
    assert read.last.to_pylist() == ["2008-04-02", "9999-99-99", "9999-99-99"]
    assert len(cache) == 1  # what is plainly written needs no memory


def test_no_births_are_placed_nowhere() -> None:
    assert place() == []
    assert place(("2008-04-02", "4", "0", ""), ranges=[]) == [0]
