"""What a typed birth date may mean; every right value stands here, all people are invented."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.dates import parse_date
from recruitlib.optouts.birth_readings import BirthReadings, is_typo_of, read_births

RECEIVED = date(2026, 9, 30)
BORN = date(2008, 5, 3)  # a Saturday
FULL_WIDTH = str.maketrans("0123456789/.-", "０１２３４５６７８９／．－")


@pytest.mark.parametrize(
    "text",
    """2008-05-03|2008/5/3|2008/05/03|2008.5.3|2008.05.03.|2008年5月3日|2008年05月03日|20080503
    2008 5 3|2008、5、3|2008年5月3|2008年5/3|２００８年５月３日|２００８／５／３|2008/5/3 0:00
    2008/05/03 00:00:00|2008-05-03T00:00:00|2008-05-03T00:00:00+09:00|2008年5月3日 午前9時
    平成20年5月3日|平成 20年 5月 3日|平成２０年５月３日|平成二十年五月三日|二〇〇八年五月三日
    ㍻20年5月3日|平20.5.3|H20.5.3|h20.5.3|Ｈ２０．５．３|H.20.5.3|H20/5/3|H20-5-3|平20・5・3
    H200503|4200503|420080503|2008503|平成(20)年(5)月(3)日|平成20年5月3日生|平成20年5月3日生まれ
    生年月日：2008/5/3|西暦2008年5月3日|平成20年5月3日（18歳）|平成20年5月3日(18)|満18歳 H20.5.3
    平成20年5月3日(2008年5月3日)|2008年（平成20年）5月3日|2008(平成20)年5月3日|2008/5/3(土)
    2008年5月3日（土曜日）|39571|39571.0|39571.375|3 May 2008|3rd May, 2008|May 3, 2008
    2008年5月3日生（18歳）|（平成）20年5月3日|平成20(2008)年5月3日|平成・20・5・3|2008_05_03|2008//5/3
    平成ニ拾年五月三日|'2008/5/3|2008年5月3日。|平成20年5月3日　男|2008 (H20) 5 3|☑平成20年5月3日
    May 3rd 2008|3-May-2008|2008-May-03|Saturday, May 3, 2008|2008-5-3 (Sat)|DOB: 2008-05-03""".replace(
        "\n    ", "|"
    ).split("|"),
)
def test_a_date_written_in_full_has_one_right_reading(text: str) -> None:
    found = read_births(text, RECEIVED)
    assert found.plain == BORN
    assert BORN not in found.others
    assert not found.missing


@pytest.mark.parametrize(
    "text",
    """昭和20年5月3日|令和20年5月3日|S20.5.3|2020年5月3日|2020-05-03|20年5月3日|20.5.3|20/5/3
    平成08年5月3日|平成8年5月3日|H8.5.3|H08.5.3|令和8年5月3日|08年5月3日|平成2008年5月3日
    H20080503|昭和2008年5月3日|2008-03-05|2008/25/5|200503|080503|80503|3/5/2008|5/3/2008
    03.05.2008|03052008|5/3/08|3-5-08|03-May-08|3200503|200853|2008年（平成21年）5月3日
    2008/5/3(日)|昭和・平成・令和20年5月3日|S・H・R 20.5.3|(昭和/平成)20年5月3日
    2008年5月3日頃|2008/5/3?|平成20年5月3日(戸籍上)|20年5月3日(平成)|長男 平成20年5月3日|□昭和 ■平成 20年5月3日
    2008-05-02T15:00:00.000Z|38109""".replace("\n    ", "|").split("|"),
)
def test_the_true_date_is_among_the_other_readings(text: str) -> None:
    true = date(2008, 5, 25) if text == "2008/25/5" else BORN
    assert true in read_births(text, RECEIVED).others


@pytest.mark.parametrize(
    ("text", "plain", "others"),
    [
        ("昭和20年5月3日", "1945-05-03", ["1920-05-03", "1945-03-05", "2008-05-03", "2020-05-03"]),
        ("平成20年5月3日", "2008-05-03", ["1920-05-03", "1945-05-03", "2008-03-05", "2020-05-03"]),
        ("H8.5.3", "1996-05-03", ["1908-05-03", "1933-05-03", "1996-03-05", "2008-05-03"]),
        ("2008/5/3 0:00", "2008-05-03", ["1996-05-03", "2008-03-05"]),
        ("20.5.3", None, ["1920-05-03", "1945-05-03", "2008-05-03", "2020-05-03"]),
        ("39571", "2008-05-03", ["2012-05-04"]),
        ("3/5/2008", None, ["2008-03-05", "2008-05-03"]),
        ("25/5/2008", "2008-05-25", []),
        ("3 May 2008", "2008-05-03", []),
        (
            "平成元年5月3日",
            "1989-05-03",
            ["1901-05-03", "1926-05-03", "1989-03-05", "2001-05-03", "2019-05-03"],
        ),
        ("平成31年5月1日", None, ["1931-05-01", "1956-05-01", "2019-01-05", "2019-05-01"]),
        (
            "大正15年12月25日",
            "1926-12-25",
            ["1915-12-25", "1940-12-25", "2003-12-25", "2015-12-25"],
        ),
        ("2009-02-29", None, []),
        ("2008-02-30", None, []),
        ("2008-13-40", None, []),
        ("2009-02-31", None, []),
        ("平成99年5月3日", None, ["1999-05-03"]),
        ("平成0年5月3日", None, ["1900-05-03", "2000-05-03"]),
        ("2008/5/3(日)", None, ["1996-05-03", "2008-03-05", "2008-05-03"]),
    ],
)
def test_all_readings_of_a_writing_and_no_more(
    text: str, plain: str | None, others: list[str]
) -> None:
    late = date(2031, 1, 1)  # of these readings only 令和20年 lies beyond
    expected = tuple(date.fromisoformat(day) for day in others)
    assert read_births(text, late) == BirthReadings(
        date.fromisoformat(plain) if plain else None, expected, False
    )


@pytest.mark.parametrize(
    "text",
    """|　|不明|不詳|18歳|満18才|(18歳)|5月3日|5/3|05-03|3日|平成20年|2008年|2008|2008年5月|2008/05
    平成20年5月|平成20年5月頃|00000000|99999999|2008-00-00|20080500|平成20年0月0日|同上|18|なし|―|年　月　日
    平成　　年　　月　　日|2008年5月不詳""".replace("\n    ", "|").split("|"),
)
def test_no_birth_date_is_missing(text: str) -> None:
    assert read_births(text, RECEIVED) == BirthReadings(None, (), True)


@pytest.mark.parametrize("text", ["2009-02-29", "5い3", "12345678901", "9" * 81, "H20503"])
def test_what_names_a_date_that_cannot_be_read_is_not_missing(text: str) -> None:
    assert read_births(text, RECEIVED) == BirthReadings(None, (), False)


def test_a_date_after_the_application_or_shortly_before_it_is_missing() -> None:
    assert read_births("2026-02-15", RECEIVED) == BirthReadings(None, (date(2014, 2, 15),), True)
    assert read_births("2026-02-15").plain == date(2026, 2, 15)
    assert read_births("2016-09-30", RECEIVED).plain == date(2016, 9, 30)
    assert read_births("2016-10-01", RECEIVED).plain is None
    assert read_births("2016-10-01", RECEIVED).missing
    assert date(2008, 3, 1) in read_births("令和8年3月1日", RECEIVED).others
    assert read_births("2018-02-28", date(2028, 2, 29)).plain == date(2018, 2, 28)
    assert read_births("2018-03-01", date(2028, 2, 29)).missing


def write_fully(day: date) -> list[str]:
    """Write a day in the ways in which forms are filled in."""
    year, month, number = day.year, day.month, day.day
    forms = [f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{year}.{month}.{number}"]
    forms += [
        f"{year}/{month}/{number}",
        f"{year}年{month}月{number}日",
        f"{year}-{month}-{number}",
    ]
    for name, letter, zero, first, last in (
        ("平成", "H", 1988, date(1989, 1, 8), date(2019, 4, 30)),
        ("昭和", "S", 1925, date(1926, 12, 25), date(1989, 1, 7)),
    ):
        if first <= day <= last:
            era = year - zero
            forms += [f"{name}{era}年{month}月{number}日", f"{name[0]}{era}.{month}.{number}"]
            forms += [f"{letter}{era}.{month}.{number}", f"{letter}{era}/{month}/{number}"]
            forms += [f"{letter}{era:02d}{day:%m%d}", f"{name} {era}年 {month}月 {number}日"]
    return forms + [form.translate(FULL_WIDTH) for form in forms]


def write_wrongly(day: date) -> list[str]:
    """Write a day of 平成 with another era, or with the year of the other calendar."""
    heisei, month, number = day.year - 1988, day.month, day.day
    two = day.year % 100
    return [
        *(f"{era}{heisei}年{month}月{number}日" for era in ("昭和", "令和", "", "20")),
        *(f"{era}{heisei}.{month}.{number}" for era in ("S", "R", "")),
        f"20{heisei:02d}-{month:02d}-{number:02d}",
        *(f"{era}{two}年{month}月{number}日" for era in ("平成", "昭和", "")),
        *(f"H{year}.{month}.{number}" for year in (two, f"{two:02d}", day.year)),
    ]


@given(st.dates(date(1930, 1, 1), date(2015, 12, 31)))
def test_every_full_writing_reads_as_the_day_itself(day: date) -> None:
    for text in write_fully(day):
        found = read_births(text, RECEIVED)
        assert (found.plain, found.missing) == (day, False), text


@given(st.dates(date(1998, 1, 1), date(2014, 12, 31)))
def test_every_mistaken_writing_holds_the_day_among_its_readings(day: date) -> None:
    for text in write_wrongly(day):
        found = read_births(text, RECEIVED)
        assert day in (found.plain, *found.others), text


@given(
    st.one_of(st.text(max_size=20), st.text(alphabet="0123456789年月日平成H/.-() ", max_size=14))
)
def test_any_text_is_read_without_an_error_and_readings_are_sorted_and_distinct(text: str) -> None:
    found = read_births(text)
    assert list(found.others) == sorted(set(found.others) - {found.plain})
    kept = read_births(text, RECEIVED)
    assert set(kept.others) == {day for day in found.others if day <= date(2016, 9, 30)}
    parsed = parse_date(text)
    # Seven digits such as 2010812 are an era date for a registry, and an unsure one on a form.
    if parsed.value and found.plain:
        assert found.plain == parsed.value or text.strip().isdigit()


@pytest.mark.parametrize(
    ("typed", "true"),
    [
        ("2008-05-04", "2008-05-03"),  # one digit, and off by one
        ("2008-05-08", "2008-05-03"),  # one digit
        ("2008-06-03", "2008-05-03"),
        ("2008-05-31", "2008-05-13"),  # two neighbouring digits
        ("2008-06-01", "2008-05-31"),  # off by one over the end of a month
        ("2009-10-03", "2009-09-03"),  # off by one month, two digits differ
        ("2010-05-03", "2009-05-03"),  # off by one year, two digits differ
        ("2008-03-05", "2008-05-03"),  # month and day
        ("2008-12-11", "2008-11-12"),
        ("2003-05-03", "2008-05-03"),  # one digit of the year
        ("1998-05-03", "2008-05-03"),  # 平成10年 and 平成20年
        ("1989-05-03", "1998-05-03"),  # 平成01年 and 平成10年
        ("2012-05-03", "2008-05-03"),  # 平成24年 and 平成20年
        ("1989-01-08", "1989-01-07"),
    ],
)
def test_a_slip_of_the_finger_is_a_typo(typed: str, true: str) -> None:
    left, right = date.fromisoformat(typed), date.fromisoformat(true)
    assert is_typo_of(left, right)
    assert is_typo_of(right, left)


@pytest.mark.parametrize(
    ("typed", "true"),
    [
        ("2008-05-03", "2008-05-03"),
        ("2008-05-15", "2008-05-03"),
        ("2008-07-05", "2008-05-03"),
        ("2004-08-21", "2008-05-03"),
        ("1975-05-03", "2008-05-03"),
        ("2011-06-03", "2008-05-03"),
        ("2009-05-04", "2008-05-03"),
        ("2008-04-13", "2008-05-03"),
    ],
)
def test_another_date_is_no_typo(typed: str, true: str) -> None:
    assert not is_typo_of(date.fromisoformat(typed), date.fromisoformat(true))


@given(st.dates(date(1930, 1, 1), date(2015, 12, 31)), st.integers(-400, 400))
def test_a_typo_is_one_in_both_directions(day: date, shift: int) -> None:
    other = day + timedelta(days=shift)
    assert is_typo_of(day, other) == is_typo_of(other, day)
