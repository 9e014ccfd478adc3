"""Japanese dates: reading what registries, forms and people write, and the age rule of the law.

Every form is matched as a whole. What can be read in two ways, lies outside its era, or has a part
that nobody knows never becomes a date by itself: it is handed on with its possible readings, and a
person decides. (``strptime`` reads 4200402, the second of April of Heisei 20, as the year 4200.)
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

FIRST_DAY = date(1873, 1, 1)  # the solar calendar of Japan begins; older dates need a conversion
LAST_DAY = date(2099, 12, 31)
_LONGEST = 80  # characters; the longest wording of the standard has about forty
_SERIAL_ORIGIN = date(1899, 12, 30)  # Excel's day 0, which absorbs its 29 February 1900
_ERA_OVERRUN = 10  # years that people and old forms count on in an era that has ended
_OUT_OF_ERA = "その元号の期間の外の日付です。正しい元号を確かめてください。"
_UNKNOWN_PART = (0, 99)  # what systems store for a month or day that is not known


class ParsedDate(NamedTuple):
    """What a text says about a date.

    ``value`` is a date only where ``status`` is ``certain``. ``readings`` are all plausible dates;
    for ``partial`` they are the first and the last possible day. No readings means that nothing
    can be said, so any date is possible. ``note`` is Japanese and holds no value.
    """

    value: date | None
    status: str
    note: str
    readings: tuple[date, ...]


class Era(NamedTuple):
    """An era with the digit of the registry and its first and last day, both inclusive."""

    digit: str
    name: str
    letter: str
    year_zero: int
    first: date
    last: date


# The day of an accession belongs to both eras: registries hold 大正15年12月25日 beside 昭和元年.
# Source: 改元の詔書・元号を定める政令. 明治 is cut to the solar calendar.
ERAS = (
    Era("1", "明治", "M", 1867, FIRST_DAY, date(1912, 7, 30)),
    Era("2", "大正", "T", 1911, date(1912, 7, 30), date(1926, 12, 25)),
    Era("3", "昭和", "S", 1925, date(1926, 12, 25), date(1989, 1, 7)),
    Era("4", "平成", "H", 1988, date(1989, 1, 8), date(2019, 4, 30)),
    Era("5", "令和", "R", 2018, date(2019, 5, 1), LAST_DAY),
)
_ERA_OF = {key: era for era in ERAS for key in (era.name, era.name[0], era.letter, era.digit)}

_N = r"[0-9]{1,2}"
_ERA_NAME = "明治|大正|昭和|平成|令和"
_ERA = rf"({_ERA_NAME}|[明大昭平令MTSHR])"
_WORDED = re.compile(rf"(?:{_ERA}|西暦)?([0-9]{{1,4}})年({_N})月({_N})日")
_POINTED = re.compile(rf"(?:{_ERA}\.?)?([0-9]{{1,4}})([-/.,、・ ])({_N})\3({_N})")
_COMPACT = re.compile(rf"{_ERA}([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})")
_MONTH_ONLY = re.compile(rf"(?:{_ERA}|西暦)?([0-9]{{1,4}})(?:年|[-/.](?=[0-9]))(?:({_N})月?)?")
_BRACKET = re.compile(r"\(([^()]*)\)")
_YEAR = re.compile(rf"(?:{_ERA}|西暦)?([0-9]{{1,4}})年?")
_WEEKDAY = re.compile(r"\(([月火水木金土日])(?:曜日?)?\)$|([月火水木金土日])曜日?$")
_TIME = re.compile(
    r"(?:T|\s+|(?<=[日)]))(?:(?:午前|午後)\s*)?(?:[01]?[0-9]|2[0-3])"
    r"(?::[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?|時(?:[0-5]?[0-9]分(?:[0-5]?[0-9]秒)?)?)"
    r"\s*(?:AM|PM)?\s*(Z|UTC|JST|[+-][0-9]{2}:?[0-9]{2})?$"
)
_APPROXIMATE = re.compile("頃|ころ|ごろ|推定|[春夏秋冬]")
_VAGUE = re.compile(rf"不詳|不明|{_APPROXIMATE.pattern}|[上中下]旬|から|まで|の間|以前|以後|以降")
_FRAGMENT = re.compile(rf"(?:(?:{_ERA}|西暦)?([0-9]{{1,4}})年)?(?:({_N})月)?(?:({_N})日)?")
_DIGIT_OF = dict(zip("〇零一壱二弐三参四五六七八九", "00112233456789", strict=True))
_DIGITS = "".join(_DIGIT_OF)
_KANJI_RUN = re.compile(rf"[{_DIGITS}十]+")
_KANJI_TENS = re.compile(rf"([{_DIGITS}])?十([{_DIGITS}])?")
_Part = tuple[Era | None, int, int | None, int | None]  # era, western year, month, day
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−－ー─━", "-") | {"拾": "十"})


def parse_date(text: str, from_spreadsheet: bool = False) -> ParsedDate:
    """Read one date as Japanese offices and people write it, or say why it cannot be read.

    Accepted as a whole text only, after NFKC, a time of day cut off: western and era dates with
    年月日 or one separator, kanji numerals, 元年, 8 digits (western), 7 digits (era digit, year,
    month, day), 9 digits (era digit and western year, which must agree), and the same date or
    year in the other calendar in brackets.

    Args:
        text: the cell as it stands in the file.
        from_spreadsheet: the file is a workbook, so 5 digits are a serial day number counted from
            1899-12-30, and a ``.0`` behind digits is the trace of a number.

    Returns:
        status ``certain`` (value is the date), ``partial`` (year or month known, or 頃 and the
        like), ``unknown`` (不詳), ``invalid`` (a person must look), ``empty``.
    Source: 住民記録システム標準仕様書 1.1.8 (wordings of unknown dates); JPKI dateOfBirth.
    """
    if len(text) > _LONGEST:
        return _refuse("日付としては長すぎます。")
    folded = " ".join(unicodedata.normalize("NFKC", text).translate(_HYPHENS).upper().split())
    if not folded:
        return ParsedDate(None, "empty", "", ())
    time = _TIME.search(folded)
    zone = (time[1] or "") if time else ""
    body = folded[: time.start()].rstrip() if time else folded
    weekday = _WEEKDAY.search(body)
    if weekday:
        body = body[: weekday.start()].rstrip()
    body = write_arabic(re.sub(r"(?<=[和成正治平令昭大明RHSTM])\s*元", "1", body))
    # A space between two digits stays: 2010 8 12 must not become 2010812, which is of the era 2.
    body = re.sub(r"\s*([^0-9\s])\s*", r"\1", body)
    found = _read_whole(re.sub(r"(?<=[0-9日])生(?:まれ)?$", "", body), from_spreadsheet)
    if found.value is not None and zone not in ("", "JST", "+09:00", "+0900"):
        around = tuple(found.value + timedelta(days=shift) for shift in (-1, 0, 1))
        return _refuse("日本時間でない時刻が付いているため、日が決まりません。", *around)
    if found.value is not None and weekday:
        named = weekday[1] or weekday[2]
        if "月火水木金土日"[found.value.weekday()] != named:
            return _refuse("日付と曜日が合いません。")
    return found


def may_lie_within(parsed: ParsedDate, first: date, last: date) -> bool:
    """Say whether the true date could lie from ``first`` to ``last``, both inclusive.

    A date that nothing is known about could lie anywhere, so it answers yes.
    """
    if not parsed.readings:
        return True
    if parsed.status == "partial":
        return min(parsed.readings) <= last and max(parsed.readings) >= first
    return any(first <= reading <= last for reading in parsed.readings)


def format_era(day: date) -> str:
    """Write a date in the Japanese calendar, as 平成20年4月2日 or 令和元年5月1日.

    The day of an accession is written in the new era.

    Raises:
        ValueError: the day lies outside 1873-01-01 to 2099-12-31.
    """
    era = _era_of(day)
    year = day.year - era.year_zero
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def era_digit(day: date) -> str:
    """Give the registry's digit of a day's era: 1 明治, 2 大正, 3 昭和, 4 平成, 5 令和."""
    return _era_of(day).digit


def fiscal_year_of(day: date) -> int:
    """Give the fiscal year (April to March) that a day belongs to."""
    return day.year if day.month >= 4 else day.year - 1


def reach_age(birth: date, age: int) -> date:
    """Give the day at whose end a person reaches an age: the day before the birthday.

    Born on 1 April reaches it on 31 March; born on 29 February at the end of 28 February.

    Args:
        birth: the day of birth.
        age: full years, 1 or more.
    Source: 年齢計算ニ関スル法律; 民法第143条第2項.
    """
    if (birth.month, birth.day) == (2, 29):
        return date(birth.year + age, 2, 28)
    return date(birth.year + age, birth.month, birth.day) - timedelta(days=1)


def birth_range_of(age: int, fiscal_year: int) -> tuple[date, date]:
    """Give the first and last birth date of those who reach an age within a fiscal year.

    Reached on 1 April at the earliest (born 2 April) and on 31 March at the latest (born 1 April).

    Args:
        age: full years, 1 or more.
        fiscal_year: western year in which the fiscal year begins.
    Source: the seed's printed ranges (令和8年度: 18歳 平成20.4.2-平成21.4.1).
    """
    return date(fiscal_year - age, 4, 2), date(fiscal_year - age + 1, 4, 1)


def _era_of(day: date) -> Era:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("元号で書けるのは1873年から2099年までの日付です。")
    return next(era for era in reversed(ERAS) if era.first <= day)


def _refuse(note: str, *readings: date) -> ParsedDate:
    kept = sorted({day for day in readings if FIRST_DAY <= day <= LAST_DAY})
    return ParsedDate(None, "invalid", note, tuple(kept))


def write_arabic(text: str) -> str:
    """Write kanji numerals up to 99, and years written digit by digit, in Arabic digits."""
    return _KANJI_RUN.sub(_write_run, text)


def _write_run(run: re.Match[str]) -> str:
    """Turn a run of kanji numerals into digits; what is no number stays and matches nothing."""
    if all(mark in _DIGIT_OF for mark in run[0]):
        return "".join(_DIGIT_OF[mark] for mark in run[0])
    number = _KANJI_TENS.fullmatch(run[0])
    if not number:
        return run[0]
    return _DIGIT_OF.get(number[1] or "", "1") + _DIGIT_OF.get(number[2] or "", "0")


def _read_whole(body: str, from_spreadsheet: bool) -> ParsedDate:
    if from_spreadsheet:
        body = re.sub(r"^([0-9]{5,9})\.0+$", r"\1", body)
    if re.fullmatch(r"[0-9]+", body):
        return _read_digits(body, from_spreadsheet)
    for form in (_WORDED, _POINTED, _COMPACT):
        if match := form.fullmatch(body):
            era, year, month, day = (*match.groups()[:2], *match.groups()[-2:])
            return _read_parts(era, year, int(month), int(day))
    if bracket := _BRACKET.search(body):
        return _read_both(body[: bracket.start()] + body[bracket.end() :], bracket[1])
    if match := _MONTH_ONLY.fullmatch(body):
        return _read_parts(match[1], match[2], int(match[3] or 0), 0)
    if _VAGUE.search(body):
        return _read_vague(body)
    if re.fullmatch(rf"(?:{_ERA}|西暦)?年?月?日?", body):
        return ParsedDate(None, "unknown", "年月日が書かれていません。", ())
    return _refuse("日付の書き方として読めません。")


def _read_digits(digits: str, from_spreadsheet: bool) -> ParsedDate:
    if set(digits) <= {"0"} or (set(digits) == {"9"} and len(digits) >= 7):
        return ParsedDate(None, "unknown", "年月日がすべて0または9です。", ())
    month, day = int(digits[-4:-2] or 0), int(digits[-2:])
    if len(digits) == 8:
        return _read_parts(None, digits[:4], month, day)
    if len(digits) == 7 and digits[0] in "12345":
        return _read_parts(digits[0], digits[1:3], month, day)
    if len(digits) == 9:
        found = _read_parts(None, digits[1:5], month, day)
        era = _ERA_OF.get(digits[0])
        if era is None or any(not era.first <= read <= era.last for read in found.readings[:1]):
            return _refuse("先頭の元号の数字と西暦年が合いません。")
        return found
    if len(digits) == 6:
        return _read_parts(None, digits[:2], month, day)
    if len(digits) == 5:
        counted = _SERIAL_ORIGIN + timedelta(days=int(digits))
        if from_spreadsheet and FIRST_DAY <= counted <= LAST_DAY:
            return ParsedDate(counted, "certain", "表計算の通し日数から読みました。", (counted,))
        return _refuse("5桁の数は、表計算の日付欄でなければ日付として読めません。", counted)
    return _refuse("日付の桁数ではありません。")


def _read_parts(era_key: str | None, year: str, month: int, day: int) -> ParsedDate:
    """Read a date from its parts; a month or day of 0 or 99 is one that is not known."""
    if era_key is None and len(year) < 4:
        if len(year) != 2:
            return _refuse("年の桁数が正しくありません。")
        zeros = [*(era.year_zero for era in ERAS), 1900, 2000]
        days = [real for zero in zeros for real in _real(zero + int(year), month, day)]
        return _refuse("年が2桁で元号がないため、年が決まりません。", *days)
    era = _ERA_OF[era_key] if era_key else None
    west = int(year) + (era.year_zero if era else 0)
    if not FIRST_DAY.year <= west <= LAST_DAY.year or (era and int(year) == 0):
        return _refuse("年が範囲（1873年から2099年）の外です。")
    if month in _UNKNOWN_PART or day in _UNKNOWN_PART:
        return _cover([(era, west, None if month in _UNKNOWN_PART else month, None)], 0)
    real = _real(west, month, day)
    if len(real) != 1:
        return _refuse("暦にない日付です。", *real)
    if era and not era.first <= real[0] <= era.last:
        # Counting on in the old era is a habit, a year far outside is a slip of the pen.
        near = abs(west - era.last.year) <= _ERA_OVERRUN or west == era.first.year
        return _refuse(_OUT_OF_ERA, *(real if near else ()))
    return ParsedDate(real[0], "certain", "", real)


def _real(year: int, month: int, day: int) -> tuple[date, ...]:
    """Give the day; its two neighbours for a 31st or 29 February that is none; else nothing."""
    if not (FIRST_DAY.year <= year <= LAST_DAY.year and 1 <= month <= 12 and 1 <= day <= 31):
        return ()
    last = date(year, month, monthrange(year, month)[1])
    if day > last.day:
        return last, last + timedelta(days=1)
    return (date(year, month, day),)


def _read_both(outside: str, inside: str) -> ParsedDate:
    """Read a date given in both calendars; where the two differ a person must look."""
    found = _read_whole(outside, False)
    if found.value is None or _BRACKET.search(outside):
        return found
    if year := _YEAR.fullmatch(inside):
        other = _read_parts(year[1], year[2], found.value.month, found.value.day)
    else:
        other = _read_whole(inside, False)
    if other.value == found.value:
        return found
    return _refuse("西暦と和暦が合いません。", found.value, *other.readings)


def _read_vague(body: str) -> ParsedDate:
    """Read 不詳, 頃, 推定 and the like as the first and last day that they leave possible."""
    if re.search(r"以前|以後|以降", body):
        return ParsedDate(None, "unknown", "日付の範囲に終わりがありません。", ())
    body = re.sub(rf"([0-9]{{1,4}})[-/.]({_N})[-/.]({_N})", r"\1年\2月\3日", body)
    parts: list[_Part] = []
    year: tuple[Era | None, int] | None = None
    month: int | None = None
    for match in _FRAGMENT.finditer(body):
        if match[2]:
            carried = year[0] if year and len(match[2]) < 4 else None  # 平成20年から22年頃
            era = _ERA_OF[match[1]] if match[1] else carried
            if era is None and len(match[2]) < 4:
                return ParsedDate(None, "unknown", "年が決まりません。", ())
            year, month = (era, int(match[2]) + (era.year_zero if era else 0)), None
        month = int(match[3]) if match[3] else month
        if match[0] and year is not None:
            parts.append((*year, month, int(match[4]) if match[4] else None))
    if parts:
        # "About" may cross the end of the year or month that is named; so may a day with 不詳.
        loose = _APPROXIMATE.search(body) or any(day for *_, day in parts)
        margin = 31 if all(month for _, _, month, _ in parts) else 366
        return _cover(parts, margin if loose else 0)
    if era_only := re.search(_ERA_NAME, body):
        era = _ERA_OF[era_only[0]]
        return ParsedDate(None, "partial", "年が不詳です。", (era.first, era.last))
    return ParsedDate(None, "unknown", "年が不詳です。", ())


def _cover(parts: list[_Part], margin: int) -> ParsedDate:
    """Give the first and last day that fragments of dates leave possible, widened by a margin."""
    days: list[date] = []
    for era, year, month, day in parts:
        if not FIRST_DAY.year <= year <= LAST_DAY.year or not 1 <= (month or 1) <= 12:
            return _refuse("年または月が範囲の外です。")
        last_day = monthrange(year, month or 12)[1]
        span = (date(year, month or 1, 1), date(year, month or 12, last_day))
        if day is not None:
            real = _real(year, month or 0, day)
            span = (real[0], real[-1]) if real else span
        if era and (span[-1] < era.first or span[0] > era.last):
            return _refuse(_OUT_OF_ERA)
        days += span
    first, last = min(days) - timedelta(days=margin), max(days) + timedelta(days=margin)
    readings = (max(first, FIRST_DAY), min(last, LAST_DAY))
    return ParsedDate(None, "partial", "年月日の一部が不詳か、おおよその日付です。", readings)
