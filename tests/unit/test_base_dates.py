"""Dates: every form of the reference page, the traps that produced wrong dates, and the age rule.

Right values: the conversions printed in formats.md §1.6, §2.4, §3 and §8, the calendar (days of
accession), 民法143条 as explained by the 参議院法制局, and the ranges printed in the seed.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.dates import (
    birth_range_of,
    era_digit,
    fiscal_year_of,
    format_era,
    may_lie_within,
    parse_date,
    reach_age,
)

STEADY = settings(deadline=None, derandomize=True)
APRIL_2 = date(2008, 4, 2)

CERTAIN = [
    # 平成20年4月2日 as registries, forms and people write it
    ("2008-04-02", APRIL_2),
    ("2008/04/02", APRIL_2),
    ("2008/4/2", APRIL_2),
    ("2008.4.2", APRIL_2),
    ("2008年4月2日", APRIL_2),
    ("西暦2008年4月2日", APRIL_2),
    ("20080402", APRIL_2),
    ("２００８年０４月０２日", APRIL_2),
    ("２００８／０４／０２　　", APRIL_2),
    ("2008ー04ー02", APRIL_2),
    ("2008 4 2", APRIL_2),
    ("2008/04/02 0:00", APRIL_2),
    ("2008-04-02 00:00:00", APRIL_2),
    ("2008-04-02T09:30:00+09:00", APRIL_2),
    ("平成20年4月2日 午後3時05分", APRIL_2),
    ("2008年4月2日(水)", APRIL_2),
    ("2008年4月2日㈬ 10:15", APRIL_2),
    ("平成20年4月2日", APRIL_2),
    ("平成20年 4月 2日", APRIL_2),
    ("平成　２０年　４月　２日", APRIL_2),
    ("平成20年4月2日生", APRIL_2),
    ("平成二十年四月二日", APRIL_2),
    ("平成弐拾年四月弐日", APRIL_2),
    ("二〇〇八年四月二日", APRIL_2),
    ("㍻20年4月2日", APRIL_2),
    ("平20.4.2", APRIL_2),
    ("H20.04.02", APRIL_2),
    ("H20.4.2", APRIL_2),
    ("h20/4/2", APRIL_2),
    ("H20-04-02", APRIL_2),
    ("Ｈ２０．４．２", APRIL_2),
    ("H.20.4.2", APRIL_2),
    ("H20・4・2", APRIL_2),
    ("H200402", APRIL_2),
    ("4200402", APRIL_2),
    ("420080402", APRIL_2),
    ("平成20年(2008年)4月2日", APRIL_2),
    ("2008年(平成20年)4月2日", APRIL_2),
    ("2008-04-02(平成20年4月2日)", APRIL_2),
    # the seams of the eras; the day of an accession belongs to both
    ("明治45年7月30日", date(1912, 7, 30)),
    ("大正元年7月30日", date(1912, 7, 30)),
    ("大正15-12-25", date(1926, 12, 25)),
    ("昭和元年12月25日", date(1926, 12, 25)),
    ("S64.1.7", date(1989, 1, 7)),
    ("平成元年1月8日", date(1989, 1, 8)),
    ("平成1年1月8日", date(1989, 1, 8)),
    ("平成31年4月30日", date(2019, 4, 30)),
    ("令和元年5月1日", date(2019, 5, 1)),
    ("R1.5.1", date(2019, 5, 1)),
    ("5010501", date(2019, 5, 1)),
    ("520190501", date(2019, 5, 1)),
    ("3630229", date(1988, 2, 29)),
    ("平成十六年二月二十九日", date(2004, 2, 29)),
]

# (text, readings): no value, and exactly these dates are offered to the person who decides
INVALID = [
    ("20.4.2", tuple(date(y, 4, 2) for y in (1887, 1920, 1931, 1945, 2008, 2020, 2038))),
    ("200402", tuple(date(y, 4, 2) for y in (1887, 1920, 1931, 1945, 2008, 2020, 2038))),
    ("平成31年5月1日", (date(2019, 5, 1),)),
    ("昭和64年1月8日", (date(1989, 1, 8),)),
    ("平成1年1月1日", (date(1989, 1, 1),)),
    ("大正15年12月26日", (date(1926, 12, 26),)),
    ("4310501", (date(2019, 5, 1),)),
    ("平成99年1月1日", ()),
    ("平成0年4月2日", ()),
    ("520080402", ()),
    ("020080402", ()),
    ("平成21年2月29日", (date(2009, 2, 28), date(2009, 3, 1))),
    ("2009-04-31", (date(2009, 4, 30), date(2009, 5, 1))),
    ("20081301", ()),
    ("42004020", ()),
    ("4200-04-02", ()),
    ("9999-12-31", ()),
    ("0020-04-02", ()),
    ("明治5年12月2日", ()),
    ("4/2", ()),
    ("4/2/2008", ()),
    ("2008/04-02", ()),
    ("2010 812", ()),
    ("2008", ()),
    ("39540", (APRIL_2,)),
    ("2008-04-01T15:00:00Z", (date(2008, 3, 31), date(2008, 4, 1), APRIL_2)),
    ("2008年4月2日(木)", ()),
    ("2008年(平成16年)4月2日", (date(2004, 4, 2), APRIL_2)),
    ("平成2十年4月2日", ()),
    ("20080402.0", ()),
    ("平成20年4月2日頃ではない日付らしくない文" * 5, ()),
    ("nan", ()),
    ("NA", ()),
    ("=1+1", ()),
]

# (text, first, last): part of the date is known, and these days are possible
PARTIAL = [
    ("平成20年 月日不詳", date(2008, 1, 1), date(2008, 12, 31)),
    ("平成20年4月 日不詳", date(2008, 4, 1), date(2008, 4, 30)),
    ("平成20年4月", date(2008, 4, 1), date(2008, 4, 30)),
    ("平成20年", date(2008, 1, 1), date(2008, 12, 31)),
    ("2008-04", date(2008, 4, 1), date(2008, 4, 30)),
    ("20080400", date(2008, 4, 1), date(2008, 4, 30)),
    ("20080000", date(2008, 1, 1), date(2008, 12, 31)),
    ("4200499", date(2008, 4, 1), date(2008, 4, 30)),
    ("2008-00-00", date(2008, 1, 1), date(2008, 12, 31)),
    ("平成31年月日不詳", date(2019, 1, 1), date(2019, 12, 31)),
    ("昭和年月日不詳", date(1926, 12, 25), date(1989, 1, 7)),
]

# wordings that may cross the end of what they name: the named span must be inside the readings
VAGUE = [
    ("平成20年頃", date(2008, 1, 1), date(2008, 12, 31)),
    ("平成20年4月頃", date(2008, 4, 1), date(2008, 4, 30)),
    ("平成20年4月2日頃", APRIL_2, APRIL_2),
    ("平成20年4月2日不詳", APRIL_2, APRIL_2),
    ("推定平成20年4月2日", APRIL_2, APRIL_2),
    ("平成20年春", date(2008, 3, 1), date(2008, 5, 31)),
    ("平成20年冬", date(2007, 12, 1), date(2008, 12, 31)),
    ("平成20年4月上旬", date(2008, 4, 1), date(2008, 4, 10)),
    ("平成20年4月中旬頃", date(2008, 4, 11), date(2008, 4, 20)),
    ("平成20年3月から同年5月頃までの間", date(2008, 3, 1), date(2008, 5, 31)),
    ("平成20年12月から平成21年1月までの間", date(2008, 12, 1), date(2009, 1, 31)),
    ("平成20年から22年頃までの間", date(2008, 1, 1), date(2010, 12, 31)),
    ("平成20年3月28日から4月3日頃までの間", date(2008, 3, 28), date(2008, 4, 3)),
]

UNKNOWN = [
    "不詳",
    "年月日不詳",
    "生年月日不詳",
    "不明",
    "平成  年  月  日",
    "年 月 日",
    "00000000",
    "0",
    "99999999",
    "20年頃",
    "平成20年4月2日以前",
]


@pytest.mark.parametrize(("text", "day"), CERTAIN)
def test_a_certain_form_gives_its_date_and_nothing_else(text: str, day: date) -> None:
    parsed = parse_date(text)
    assert (parsed.value, parsed.status, parsed.readings) == (day, "certain", (day,))


@pytest.mark.parametrize(("text", "readings"), INVALID)
def test_what_is_no_certain_date_gives_no_value_but_its_readings(
    text: str, readings: tuple[date, ...]
) -> None:
    parsed = parse_date(text)
    assert (parsed.value, parsed.status) == (None, "invalid")
    assert parsed.readings == readings
    assert parsed.note and not any(
        mark.isdigit()
        for mark in parsed.note.replace("1873", "")
        .replace("2099", "")
        .replace("2桁", "")
        .replace("5桁", "")
    )


@pytest.mark.parametrize(("text", "first", "last"), PARTIAL)
def test_a_date_known_in_part_gives_its_first_and_last_possible_day(
    text: str, first: date, last: date
) -> None:
    assert parse_date(text)[:2] == (None, "partial")
    assert parse_date(text).readings == (first, last)


@pytest.mark.parametrize(("text", "first", "last"), VAGUE)
def test_a_vague_wording_covers_all_that_it_names(text: str, first: date, last: date) -> None:
    parsed = parse_date(text)
    assert parsed[:2] == (None, "partial")
    assert min(parsed.readings) <= first and last <= max(parsed.readings)
    assert max(parsed.readings) - min(parsed.readings) <= last - first + timedelta(days=3 * 366)


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_date_nobody_knows_is_unknown_and_could_lie_anywhere(text: str) -> None:
    parsed = parse_date(text)
    assert (parsed.value, parsed.status, parsed.readings) == (None, "unknown", ())
    assert may_lie_within(parsed, APRIL_2, APRIL_2)


@pytest.mark.parametrize("text", ["", " ", "　　", "\t\n"])
def test_nothing_written_is_empty_not_invalid(text: str) -> None:
    assert parse_date(text)[:2] == (None, "empty")


@pytest.mark.parametrize(
    ("serial", "day"),
    [
        ("38079", date(2004, 4, 2)),
        ("38443", date(2005, 4, 1)),
        ("39540", date(2008, 4, 2)),
        ("39904", date(2009, 4, 1)),
        ("44185", date(2020, 12, 20)),
        ("39540.0", date(2008, 4, 2)),
    ],
)
def test_a_serial_day_number_is_a_date_only_from_a_spreadsheet(serial: str, day: date) -> None:
    assert parse_date(serial, from_spreadsheet=True).value == day
    assert parse_date(serial).value is None


def test_digits_apart_are_never_pushed_together_into_an_era() -> None:
    assert parse_date("2010812").value == date(1912, 8, 12)  # 大正元年
    assert parse_date("2010 8 12").value == date(2010, 8, 12)


def test_a_cell_of_ten_megabytes_is_refused_without_being_read() -> None:
    assert parse_date("平成" * 5_000_000).status == "invalid"


DAYS = st.dates(date(1873, 1, 1), date(2099, 12, 31))
ERA_ROWS = [  # letter, digit, name, western year of year 1, first day: an own table, on purpose
    ("M", "1", "明治", 1868, date(1873, 1, 1)),
    ("T", "2", "大正", 1912, date(1912, 7, 30)),
    ("S", "3", "昭和", 1926, date(1926, 12, 25)),
    ("H", "4", "平成", 1989, date(1989, 1, 8)),
    ("R", "5", "令和", 2019, date(2019, 5, 1)),
]


def write_forms(day: date) -> list[str]:
    letter, digit, name, year_one, _ = [row for row in ERA_ROWS if row[4] <= day][-1]
    year = day.year - year_one + 1
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    return [
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日".translate(wide) + "　",
        f"{day:%Y-%m-%d %H:%M}",
        f"{digit}{year:02}{day:%m%d}",
        f"{digit}{day:%Y%m%d}",
        f"{letter}{year:02}.{day:%m.%d}",
        f"{name}{'元' if year == 1 else year}年 {day.month:>2}月 {day.day:>2}日",
        format_era(day),
    ] + ([f"{letter}{year}-{day.month}-{day.day}"] if year < 100 else [])


@STEADY
@given(DAYS)
def test_any_day_written_in_any_form_reads_as_itself(day: date) -> None:
    assert {parse_date(form).value for form in write_forms(day)} == {day}


@STEADY
@given(DAYS)
def test_a_day_and_its_excel_number_are_the_same(day: date) -> None:
    serial = day.toordinal() - date(1899, 12, 30).toordinal()
    if serial >= 10_000:
        assert parse_date(str(serial), from_spreadsheet=True).value == day


@STEADY
@given(st.text(alphabet="0123456789年月日平成令和昭HSR元./- 十二〇頃不詳()水T:", max_size=14))
def test_no_text_crashes_and_only_a_certain_one_has_a_value(text: str) -> None:
    parsed = parse_date(text)
    assert parsed.status in {"certain", "partial", "unknown", "invalid", "empty"}
    assert (parsed.value is not None) == (parsed.status == "certain")
    if parsed.value is not None:
        assert parsed.readings == (parsed.value,)
        assert date(1873, 1, 1) <= parsed.value <= date(2099, 12, 31)


@STEADY
@given(st.integers(0, 9_999_999).map(lambda n: f"{n:07}"))
def test_seven_digits_are_an_era_date_or_nothing(digits: str) -> None:
    value = parse_date(digits).value
    if value is not None:
        row = next(row for row in ERA_ROWS if row[1] == digits[0])
        assert value.strftime("%m%d") == digits[3:]
        assert value.year == row[3] + int(digits[1:3]) - 1 and value >= row[4]


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("平成20年4月2日", True),
        ("平成20年4月1日", False),
        ("平成21年4月1日", True),
        ("平成21年4月2日", False),
        ("20.4.2", True),
        ("平成20年月日不詳", True),
        ("平成19年月日不詳", False),
        ("平成20年3月頃", True),
        ("", True),
        ("520080402", True),
        ("昭和55年2月30日", False),
        ("昭和年月日不詳", False),
        ("平成年月日不詳", True),
    ],
)
def test_what_could_lie_in_the_cohort_is_never_ruled_out(text: str, within: bool) -> None:
    assert may_lie_within(parse_date(text), date(2008, 4, 2), date(2009, 4, 1)) is within


@pytest.mark.parametrize(
    ("day", "written", "digit"),
    [
        (date(2008, 4, 2), "平成20年4月2日", "4"),
        (date(2019, 4, 30), "平成31年4月30日", "4"),
        (date(2019, 5, 1), "令和元年5月1日", "5"),
        (date(1926, 12, 24), "大正15年12月24日", "2"),
        (date(1926, 12, 25), "昭和元年12月25日", "3"),
        (date(1989, 1, 7), "昭和64年1月7日", "3"),
        (date(1989, 1, 8), "平成元年1月8日", "4"),
        (date(1912, 7, 30), "大正元年7月30日", "2"),
        (date(2027, 3, 31), "令和9年3月31日", "5"),
        (date(1873, 1, 1), "明治6年1月1日", "1"),
    ],
)
def test_a_day_is_written_in_the_era_of_its_day(day: date, written: str, digit: str) -> None:
    assert (format_era(day), era_digit(day)) == (written, digit)


def test_a_day_before_the_solar_calendar_is_not_written_in_an_era() -> None:
    with pytest.raises(ValueError, match="1873年"):
        format_era(date(1872, 12, 31))


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 4, 1), 2026),
        (date(2027, 3, 31), 2026),
        (date(2026, 3, 31), 2025),
    ],
)
def test_a_fiscal_year_runs_from_april_to_march(day: date, year: int) -> None:
    assert fiscal_year_of(day) == year


@pytest.mark.parametrize(
    ("birth", "age", "reached"),
    [
        (date(2009, 4, 1), 18, date(2027, 3, 31)),
        (date(2008, 4, 2), 18, date(2026, 4, 1)),
        (date(2008, 4, 1), 18, date(2026, 3, 31)),
        (date(2004, 2, 29), 18, date(2022, 2, 28)),
        (date(2004, 2, 29), 20, date(2024, 2, 28)),
        (date(2008, 3, 1), 20, date(2028, 2, 29)),
        (date(2005, 3, 1), 18, date(2023, 2, 28)),
        (date(2008, 1, 1), 18, date(2025, 12, 31)),
    ],
)
def test_an_age_is_reached_at_the_end_of_the_day_before(
    birth: date, age: int, reached: date
) -> None:
    assert reach_age(birth, age) == reached


def test_the_birth_ranges_are_those_printed_in_the_official_document() -> None:
    assert birth_range_of(18, 2026) == (date(2008, 4, 2), date(2009, 4, 1))
    assert birth_range_of(22, 2026) == (date(2004, 4, 2), date(2005, 4, 1))
    # 横浜市 2025: those who turn 18 in R7.4.2-R8.4.1; 18 in 令和4年度 are the 22 of 令和8年度
    assert birth_range_of(18, 2025) == (date(2007, 4, 2), date(2008, 4, 1))
    assert birth_range_of(18, 2022) == birth_range_of(22, 2026)


@STEADY
@given(st.dates(date(1990, 1, 1), date(2015, 12, 31)), st.sampled_from([15, 18, 20, 21, 22]))
def test_the_birth_range_holds_exactly_those_who_reach_the_age_in_the_year(
    birth: date, age: int
) -> None:
    year = fiscal_year_of(reach_age(birth, age))
    for candidate in (year - 1, year, year + 1):
        first, last = birth_range_of(age, candidate)
        assert (first <= birth <= last) is (candidate == year)
