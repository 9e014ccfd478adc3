"""What a typed birth date may mean: the one right reading, and every other reading of the writing.

Nothing is coerced: a reading is one way to read what stands there (another era, month and day
swapped, the day number of a spreadsheet), and a date that no calendar has is not moved.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from recruitlib.base.dates import ERAS, FIRST_DAY, LAST_DAY, Era, write_arabic
from recruitlib.base.secrecy import hide_values

_LONGEST = 80  # characters
_YOUNGEST = 10  # years; no application means anybody who is younger
_ERA_OVERRUN = 10  # years that people count on in an era that has ended
_SERIAL_ORIGINS = (date(1899, 12, 30), date(1904, 1, 1))  # Excel, and Excel on old Macs
_UNKNOWN_PART = (0, 99)  # what systems store for a month or day that is not known


@hide_values
class BirthReadings(NamedTuple):
    """What a text says about a birth date.

    ``plain`` is the one right reading, ``others`` are all other readings in order of time.
    ``missing`` says that no birth date is named that could be meant: nothing, an age, a year or a
    month and day only, or a date after or shortly before the application. A text that names a date
    which cannot be read has no reading and is not missing.
    """

    plain: date | None
    others: tuple[date, ...]
    missing: bool


_MISSING = BirthReadings(None, (), True)
_UNREADABLE = BirthReadings(None, (), False)
_SAME_MARKS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−ー─━〜~", "-") | dict.fromkeys("\\¥_", "/") | {"拾": "十", "ニ": "二"}
)
_ERA_OF = {key: era for era in ERAS for key in (era.name, era.name[0], era.letter, era.digit)}
_CONFUSED = tuple(era for era in ERAS if era.name in ("昭和", "平成", "令和"))
_HEISEI, _SHOWA = _ERA_OF["平成"], _ERA_OF["昭和"]

_ERA = "(明治?|大正?|昭和?|平成?|令和?|[MTSHR])"
_N = "([0-9]{1,2})"
_SEPARATOR = r"[-/.,、・\s]"
_FIRST_YEAR = re.compile(r"元(?=年)|(?<=[和成正治平令昭大明RHSTM])\s*元")
_BOX = "[□☐■☑✓✔○◯●]"
_ERA_CHOICE = re.compile(
    rf"\(?{_BOX}?(?<![A-Z]){_ERA}(?:(?:[・,、/|\s]|{_BOX})+{_ERA})+(?![A-Z])\)?"
)
_FRAMED_ERA = re.compile(rf"[(\[「【〔]{_ERA}[)\]」】〕]")
_LABEL = re.compile(
    r"生年月日|誕生日|出生日?|生まれ|西暦|和暦|生?\s*[男女]性?$|生$|D\.?O\.?B\b\.?|(?:DATE OF )?BIRTH(?:DAY)?|:$|^:"
)
_ENGLISH_WEEKDAY = re.compile(
    r"\(?\b(?:MON|TUE(?:S)?|WED(?:NES)?|THU(?:RS)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?\b[.,]?\)?"
)
_AGE = re.compile(r"\(?(?:年齢|現在|満|\s)*[0-9]{1,3}\s*[歳才]\)?|\([0-9]{1,2}\)$")
_FRAMED = re.compile(r"(?<![0-9])\(([0-9]{1,4})\)(?=[年月日])")
_VAGUE = re.compile(r"\(?(?:不明|不詳|未詳|頃|ころ|ごろ|推定|\?)\)?")
_START = rf"(?:{_ERA}[.・]?)?[0-9]"
_AROUND = re.compile(rf"^(?!{_START})[^0-9]+?(?={_START})|(?<=[0-9])日?[^0-9]*$")
_TIME = re.compile(
    r"(?:T|\s+|(?<=日))(?:午前|午後)?\s*[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?|時.*)"
    r"\s*(?:AM|PM)?\s*(Z|UTC|GMT|JST|[-+][0-9]{2}:?[0-9]{2})?$"
)
_HOME_ZONES = (None, "JST", "+0900", "+09:00")
_WEEKDAY = re.compile(r"\(([月火水木金土日])(?:曜日?)?\)|([月火水木金土日])曜日?$")
_EDGES = " :,;.、。・'`*-/☑✓✔■●"
_BRACKET = re.compile(r"\(([^()]*[0-9][^()]*)\)")
_YEAR_FIRST = re.compile(
    rf"{_ERA}?[-/.・]?([0-9]{{1,4}})(年{_SEPARATOR}?|{_SEPARATOR}){_N}(?:月{_SEPARATOR}?|{_SEPARATOR}){_N}[日.]?"
)
_YEAR_LAST = re.compile(rf"{_N}{_SEPARATOR}{_N}{_SEPARATOR}([0-9]{{4}})")
_YEAR_ONLY = re.compile(rf"{_ERA}?\.?([0-9]{{1,4}})年?")
_IN_PART = re.compile(
    rf"{_ERA}?\.?[0-9]{{1,4}}(?:年(?:{_N}月?)?|{_SEPARATOR}{_N}月?)?|{_N}月(?:{_N}日?)?|{_N}日"
)
_RUN = re.compile(rf"{_ERA}?([0-9]{{5,9}})(\.[0-9]+)?")
_MONTH_OF = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_MONTH = rf"({'|'.join(_MONTH_OF)})[A-Z]*"
_BETWEEN = r"[-/.,\s]*"
_ENGLISH = (
    re.compile(
        rf"(?P<d>[0-9]{{1,2}})(?:ST|ND|RD|TH)?(?:OF)?{_BETWEEN}{_MONTH}{_BETWEEN}(?P<y>[0-9]{{4}}|[0-9]{{2}})"
    ),
    re.compile(
        rf"{_MONTH}{_BETWEEN}(?P<d>[0-9]{{1,2}})(?:ST|ND|RD|TH)?{_BETWEEN}(?<![0-9])(?P<y>[0-9]{{4}}|[0-9]{{2}})"
    ),
    re.compile(rf"(?P<y>[0-9]{{4}}){_BETWEEN}{_MONTH}{_BETWEEN}(?P<d>[0-9]{{1,2}})"),
)
_Reading = tuple[date | None, set[date]]  # the right one, if there is one, and the others


def read_births(text: str, received_on: date | None = None) -> BirthReadings:
    """Read a birth date in every way that its writing allows.

    Right is a date that is written in full, in the western calendar or within its era. Other
    readings of a writing are the era mistaken (昭和20年 for 平成20年), a western year in the field
    of an era (平成08年 for 2008) and the reverse (2020年 for 平成20年), month and day swapped, both
    orders of 3/5/2008, every era of a bare year, and the other origin of a serial day number.

    Args:
        text: the birth date as the application has it.
        received_on: the day of the application; no reading that is later, or less than ten years
            before it, is kept. Without it all are kept.

    Returns:
        The readings; the plain one is never among the others.
    """
    found = _read(text)
    if received_on is None:
        return found
    leap = (received_on.month, received_on.day) == (2, 29)
    last = received_on.replace(
        year=received_on.year - _YOUNGEST, day=28 if leap else received_on.day
    )
    if found.plain is None or found.plain <= last:
        return found._replace(others=tuple(day for day in found.others if day <= last))
    return BirthReadings(None, tuple(day for day in found.others if day <= last), True)


@lru_cache(maxsize=1 << 16)
def _read(text: str) -> BirthReadings:
    if len(text) > _LONGEST:
        return _UNREADABLE
    body = unicodedata.normalize("NFKC", text).translate(_SAME_MARKS).upper()
    body = write_arabic(_FIRST_YEAR.sub("1", " ".join(body.split())))
    time = _TIME.search(body)
    body = _ERA_CHOICE.sub("", body[: time.start()] if time else body)
    body = _FRAMED.sub(r"\1", _FRAMED_ERA.sub(r"\1", _ENGLISH_WEEKDAY.sub("", body)))
    body = _LABEL.sub("", _AGE.sub("", body).strip())
    weekday, vague = _WEEKDAY.search(body), _VAGUE.search(body)
    body = _VAGUE.sub("", _WEEKDAY.sub("", body))
    # A space between two digits stays: 2010 8 12 must not become 2010812, which is of the era 2.
    body = re.sub(r"\s*([^0-9\s])\s*", r"\1", body)
    body = re.sub(r"([-/.])\1+", r"\1", body).strip(_EDGES)
    if not re.search("[0-9]", body):
        return _MISSING
    bracket = _BRACKET.search(body)
    found = _read_both(body, bracket) if bracket else _read_one(body)
    unsure = bool(vague)
    if found == (None, set()):
        # Words that nobody foresaw may change the meaning, so what they leave is never plain.
        unsure, found = True, _read_one(_AROUND.sub("", body))
    if found is None:
        return _MISSING
    plain, others = found
    if plain and time and time[1] not in _HOME_ZONES:
        unsure = True
        others |= {plain + timedelta(days=shift) for shift in (-1, 1)}
    if plain and weekday:
        unsure |= "月火水木金土日"[plain.weekday()] != (weekday[1] or weekday[2])
    if plain and unsure:
        others.add(plain)
        plain = None
    return BirthReadings(plain, tuple(sorted(day for day in others if day != plain)), False)


def _read_both(body: str, bracket: re.Match[str]) -> _Reading | None:
    """Read a date that stands there in both calendars; where they differ neither is right."""
    before, inside, after = body[: bracket.start()], bracket[1], body[bracket.end() :]
    outside = (
        f"{before} {after}" if before[-1:].isdigit() and after[:1].isdigit() else before + after
    )
    if _YEAR_ONLY.fullmatch(inside) and (written := _YEAR_FIRST.fullmatch(outside)):
        inside = f"{inside.rstrip('年')}年{written[4]}月{written[5]}日"
    found = [reading for part in (outside, inside) if (reading := _read_one(part))]
    return _join(found) if found else None


def _join(found: Iterable[_Reading]) -> _Reading:
    """Put readings together: right is only what no other one contradicts."""
    plains: set[date] = set()
    others: set[date] = set()
    for plain, rest in found:
        plains |= {plain} if plain else set()
        others |= rest
    if len(plains) == 1:
        return plains.pop(), others
    return None, others | plains


def _read_one(body: str) -> _Reading | None:
    """Read one date, or give nothing where only a part of a date is written."""
    if match := _YEAR_FIRST.fullmatch(body):
        era = _ERA_OF[match[1]] if match[1] else None
        year, month, day = match[2], int(match[4]), int(match[5])
        found = _read_parts(era, year, month, day)
        if era is None and len(year) < 3 and match[3] in "-/" and len(match[5]) == 2:
            return _join([found, _read_year_last(int(year), month, match[5])])
        return None if {month, day} & set(_UNKNOWN_PART) else found
    if match := _YEAR_LAST.fullmatch(body):
        return _read_year_last(int(match[1]), int(match[2]), match[3])
    if match := _RUN.fullmatch(body):
        return _read_run(match[1], match[2], match[3] or "")
    for form in _ENGLISH:
        if match := form.fullmatch(body):
            month = next(_MONTH_OF[part] for part in match.groups() if part in _MONTH_OF)
            years = _list_centuries(match["y"])
            return _join((day, set()) for day in _list_days(years, month, int(match["d"])))
    return None if _IN_PART.fullmatch(body) else (None, set())


def _list_days(years: Iterable[int], month: int, day: int) -> set[date]:
    """Give the days of the calendar with this month and day in the years."""
    days = set()
    for year in years:
        try:
            days.add(date(year, month, day))
        except ValueError:
            continue
    return {day for day in days if FIRST_DAY <= day <= LAST_DAY}


def _list_centuries(year: str) -> set[int]:
    return {int(year)} if len(year) == 4 else {1900 + int(year), 2000 + int(year)}


def _list_eras(number: int, eras: Iterable[Era]) -> set[int]:
    """Give the western years of the number in the eras that last long enough."""
    return {era.year_zero + number for era in eras if 1 <= number <= era.last.year - era.year_zero}


def _read_parts(era: Era | None, year: str, month: int, day: int) -> _Reading:
    """Read a year, a month and a day in the order in which they are written."""
    number = int(year)
    written: set[int] = set()
    confused: set[int] = set()
    if len(year) <= 2:
        confused = _list_eras(number, _CONFUSED) | _list_centuries(year)
        if era and 1 <= number <= era.last.year - era.year_zero + _ERA_OVERRUN:
            written = {era.year_zero + number}
    elif era:
        confused = {number}
    elif number < FIRST_DAY.year or number > LAST_DAY.year:
        return None, set()
    else:
        written = {number}
        confused = _list_eras(number % 100, [_HEISEI if number >= 2000 else _SHOWA])
    others = _list_days(confused, month, day)
    if written or month > 12:
        others |= _list_days(written or confused, day, month)
    plain = next(iter(_list_days(written, month, day)), None)
    if plain and era and not era.first <= plain <= era.last:
        return None, others | {plain}
    return plain, others


def _read_year_last(first: int, second: int, year: str) -> _Reading:
    """Read 3/5/2008, in which either number may be the month; two digits are no sure year."""
    years = _list_centuries(year)
    days = _list_days(years, first, second) | _list_days(years, second, first)
    return _join((day, set()) for day in days) if len(year) == 4 else (None, days)


def _read_run(era_key: str | None, digits: str, fraction: str) -> _Reading | None:
    """Read digits without a separator."""
    if set(digits) <= {"0"} or set(digits) == {"9"}:
        return None
    if fraction.strip(".0") and len(digits) != 5:
        return None, set()
    era, count = _ERA_OF[era_key] if era_key else None, len(digits)
    month, day = int(digits[-4:-2]), int(digits[-2:])
    if count in (6, 8) and (era or count == 8) and {month, day} & set(_UNKNOWN_PART):
        return None
    if era and count in (6, 8):
        return _read_parts(era, digits[:-4], month, day)
    if era:
        return None, set()
    if count == 5:
        return _read_serial(int(digits), _read_parts(None, digits[0], month, day)[1])
    if count == 8:
        if int(digits[:4]) < FIRST_DAY.year:
            return _read_year_last(int(digits[:2]), int(digits[2:4]), digits[4:])
        return _read_parts(None, digits[:4], month, day)
    if count == 9:
        found = _read_parts(None, digits[1:5], month, day)
        named = _ERA_OF.get(digits[0])
        if found[0] and (named is None or not named.first <= found[0] <= named.last):
            return None, found[1] | {found[0]}
        return found
    # 2008 5 03 or 2008 50 3: a year of four digits whose month or day lost its leading zero.
    unpadded = [
        _read_parts(None, digits[:4], int(digits[4:cut]), int(digits[cut:]))
        for cut in range(5, count)
        if digits[cut] != "0" or count - cut > 1
    ]
    if count == 6:
        return None, set().union(
            *({plain} for plain, _ in unpadded if plain),
            _read_parts(None, digits[:2], month, day)[1],
        )
    by_era = _ERA_OF.get(digits[0])
    return _join([*unpadded, *([_read_parts(by_era, digits[1:3], month, day)] if by_era else [])])


def _read_serial(number: int, unpadded: set[date]) -> _Reading:
    """Read five digits: a day number of a spreadsheet, unless they may be a year, month and day."""
    first, second = (origin + timedelta(days=number) for origin in _SERIAL_ORIGINS)
    known = FIRST_DAY <= first <= LAST_DAY
    others = unpadded | ({second} if second <= LAST_DAY else set())
    if not known:
        return None, others
    return (None, others | {first}) if unpadded else (first, others)


def is_typo_of(typed: date, true: date) -> bool:
    """Tell whether one date may be a slip of the pen or the finger for another.

    One digit is another, two neighbouring digits are swapped (both in the western calendar, or
    within one era), month and day are swapped, or the year, month or day is off by one.

    Args:
        typed: the date as read.
        true: the date that may have been meant; the same date is no slip.
    """
    if abs((typed - true).days) == 1:
        return True
    steps = (abs(typed.year - true.year), abs(typed.month - true.month), abs(typed.day - true.day))
    changed = 3 - steps.count(0)
    if changed in (0, 3):
        return False  # two neighbouring digits belong to two parts at most
    if sum(steps) == 1 or (typed.month == true.day and typed.day == true.month and not steps[0]):
        return True
    if _is_slip(_write_digits(typed, 0), _write_digits(true, 0)):
        return True
    return any(
        _is_slip(_write_digits(typed, era.year_zero), _write_digits(true, era.year_zero))
        for era in ERAS
        if steps[0] and era.first <= typed <= era.last and era.first <= true <= era.last
    )


def _write_digits(day: date, year_zero: int) -> str:
    return f"{day.year - year_zero:02d}{day.month:02d}{day.day:02d}"


def _is_slip(left: str, right: str) -> bool:
    """Tell whether one digit is another, or two neighbours are swapped."""
    apart = [
        place for place, (one, other) in enumerate(zip(left, right, strict=True)) if one != other
    ]
    if len(apart) == 1:
        return True
    if len(apart) != 2 or apart[1] - apart[0] != 1:
        return False
    first, second = apart
    return left[first] == right[second] and left[second] == right[first]
