"""How people write names, dates and addresses: the spellings of the bench's own applications.

Every function draws one of many ways to write the same thing; none of them changes what is said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

import numpy as np

from recruitlib.synth.places import FULL_WIDTH, Town

_HALF = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in range(0xFF61, 0xFF9E)
} | {"\u3099": "ﾞ", "\u309a": "ﾟ", "　": " "}  # fmt: skip
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ",
    "h": "ハヒフヘホ", "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ",
    "d": "ダヂヅデド", "b": "バビブベボ", "p": "パピプペポ", "v": "ヷヸヴヹヺ", "w": "ワヰ＿ヱヲ",
}  # fmt: skip
_KUNREI = {
    kana: head + vowel
    for head, row in _ROWS.items()
    for kana, vowel in zip(row, "aiueo", strict=True)
}
_KUNREI |= {
    "ヤ": "ya",
    "ユ": "yu",
    "ヨ": "yo",
    "ン": "n",
    "ヲ": "o",
    "ー": "",
    "ヂ": "zi",
    "ヅ": "zu",
}
_SMALL = {"ャ": "ya", "ュ": "yu", "ョ": "yo", "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o"}
_HEPBURN = (
    ("sya", "sha"), ("syu", "shu"), ("syo", "sho"), ("tya", "cha"), ("tyu", "chu"), ("tyo", "cho"),
    ("zya", "ja"), ("zyu", "ju"), ("zyo", "jo"), ("si", "shi"), ("ti", "chi"), ("tu", "tsu"),
    ("hu", "fu"), ("zi", "ji"), ("tsch", "tch"), ("cch", "tch"), ("ssh", "ssh"),
)  # fmt: skip
_LONG = (("ou", "o"), ("oo", "o"), ("uu", "u"))
_DIGITS = "〇一二三四五六七八九"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_LINES = ("-", "－", "ー", "‐", "−", "–", "—", "―", "ｰ", "‑", "─", "~", "〜")
ELSEWHERE = (
    "千葉県船橋市本町{}-{}-{}", "愛知県名古屋市千種区覚王山通{}丁目{}番地の{}", "京都府京都市左京区吉田本町{}-{}-{}",
    "東京都練馬区豊玉北{}-{}-{}", "宮城県仙台市青葉区一番町{}丁目{}-{}", "沖縄県那覇市泉崎{}-{}-{}",
    "2-{}-{} Apt {} Honolulu HI USA", "茨城県つくば市天王台{}-{}-{}", "東京都新宿区外の寮{}-{}-{}",
)  # fmt: skip


Item = TypeVar("Item")


class Home(NamedTuple):
    """A dwelling in its parts."""

    town: Town
    chome: int
    block: int
    lot: int
    building: str
    room: int


class Pen:
    """Draws spellings; equal seeds write equally."""

    def __init__(self, seed: int) -> None:
        """Begin with a source of chance of its own."""
        self.rng = np.random.default_rng(seed)

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to bound - 1."""
        return int(self.rng.integers(bound))

    def happens(self, share: float) -> bool:
        """Draw whether something of this probability happens."""
        return bool(self.rng.random() < share)

    def choose(self, items: Sequence[Item]) -> Item:
        """Draw one of several."""
        return items[self.below(len(items))]

    def write_common_date(self, day: date) -> str:
        """Write a date as most people do."""
        era, year = era_of(day)
        return self.choose(
            (
                day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{era}{year}年{day.month}月{day.day}日",
                f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}", f"{_letter(era)}{year}.{day.month}.{day.day}",
            )
        )  # fmt: skip

    def write_date(self, day: date) -> str:
        """Write a date in one of the ways that a reader of dates has to know."""
        era, year = era_of(day)
        month, number, letter = day.month, day.day, _letter(era)
        western = "".join(_DIGITS[int(digit)] for digit in str(day.year))
        weekday = "月火水木金土日"[day.weekday()]
        month_name = _MONTHS[month - 1]
        texts = (
            f"{era}{count_in_kanji(year)}年{count_in_kanji(month)}月{count_in_kanji(number)}日",
            f"{western}年{count_in_kanji(month)}月{count_in_kanji(number)}日生",
            f"{era} {year} 年 {month} 月 {number} 日生まれ",
            f"{era}{year}年{month}月{number}日（{2026 - day.year}歳）",
            f"{letter}{year:02d}-{month:02d}-{number:02d}".translate(FULL_WIDTH),
            f"{letter.lower()}{year}/{month}/{number}", f"{letter}.{year}.{month}.{number}",
            f"{era}{year}-{month}-{number}", f"{era[0]}{year}・{month}・{number}",
            f"{day.year}年{month:02d}月{number:02d}日({weekday})", f"{day.isoformat()}T00:00:00+09:00",
            f"{day.year}/{month:02d}/{number:02d} 0:00:00", f"{day.year}．{month}．{number}".translate(FULL_WIDTH),
            f"{month_name} {number}, {day.year}", f"{number} {month_name[:3]} {day.year}", f"{day.year}, {month}, {number}",
            f"{'345'[('昭和', '平成', '令和').index(era)]}{year:02d}{month:02d}{number:02d}",
            f"{day.year}年{month}月{number}日（{era}{year}年）", f"西暦{day.year}年{month}月{number}日",
            f"{day.year} {month:02d} {number:02d}", f"生年月日：{day.year}-{month:02d}-{number:02d}", f"　{day.isoformat()}　",
            f"{chr({'昭和': 0x337C, '平成': 0x337B, '令和': 0x32FF}[era])}{year}年{month}月{number}日",
            str((day - date(1899, 12, 30)).days), f"{month}/{number}/{day.year}" if number > 12 else day.isoformat(),
        )  # fmt: skip
        return self.choose(texts)

    def write_common_address(self, home: Home) -> str:
        """Write an address as most people do."""
        chome = f"{home.chome}-" if home.chome else ""
        text = f"{home.town.name}{chome}{home.block}-{home.lot}"
        text = self.choose(("東京都新宿区", "新宿区", "")) + text
        text = text.translate(FULL_WIDTH) if self.happens(0.4) else text
        if home.building and self.happens(0.8):
            text += (
                self.choose((" ", "　"))
                + home.building
                + self.choose((" ", "　", ""))
                + str(home.room)
            )
        return text

    def write_address(self, home: Home, building: bool | None = None) -> str:
        """Write an address in one of the ways that a reader of addresses has to know."""
        line, kanji = self.choose(_LINES), self.happens(0.12)
        number = count_in_kanji if kanji else str
        parts = [number(n) for n in ((home.chome,) if home.chome else ()) + (home.block, home.lot)]
        chome = (
            f"{self.choose((number(home.chome), count_in_kanji(home.chome)))}丁目"
            if home.chome
            else ""
        )
        lots = self.choose(
            (
                f"{chome}{number(home.block)}番{number(home.lot)}号", f"{chome}{number(home.block)}番地の{number(home.lot)}",
                f"{chome}{number(home.block)}番地{number(home.lot)}号", f"{chome}{number(home.block)}-{number(home.lot)}",
                self.choose(("の", "ノ", "－", " - ")).join(parts),
                f"{chome} {number(home.block)} 番 {number(home.lot)}", *([] if kanji else [line.join(parts)] * 3),
            )
        )  # fmt: skip
        lots = lots.translate(FULL_WIDTH) if self.happens(0.35) else lots
        code = home.town.postal_code
        front = self.choose(
            (
                "東京都新宿区",
                "東京都　新宿区　",
                "新宿区",
                "",
                f"〒{code[:3]}-{code[3:]} 東京都新宿区",
                f"{code} 新宿区",
                "Tokyo 新宿区",
            )
        )
        town = home.town.name
        if "ケ" in town:
            town = town.replace("ケ", self.choose(("ヶ", "が", "ケ")))
        gap = self.choose(("", "", " ", "　"))
        with_building = bool(home.building) and self.happens(0.7) if building is None else building
        return front + town + gap + lots + (self.write_room(home) if with_building else "")

    def write_room(self, home: Home) -> str:
        """Write the building and the room behind an address."""
        name, room = home.building or "グリーンコーポ", str(home.room)
        wide = room.translate(FULL_WIDTH)
        return self.choose(
            (
                f"　{name}　{wide}", f" {name}{room}号室", f"　{name}{wide}号", f" {room}", f"\n{name} #{room}", f" {name} {room[0]}F {room}",
                f"（{name}{room}）", f" {room}号室", f"、{name}、{room}", f" {halve(name)} {room}",
            )
        )  # fmt: skip

    def write_elsewhere(self) -> str:
        """Write an address of another town."""
        text = self.choose(ELSEWHERE)
        return text.format(*(1 + self.below(19) for _ in range(3)))


def halve(text: str) -> str:
    """Write kana in half width."""
    return "".join(
        _HALF.get(part, part) for letter in text
        for part in (unicodedata.normalize("NFD", letter) if "ァ" <= letter <= "ヺ" else letter)
    )  # fmt: skip


def to_hiragana(text: str) -> str:
    """Write katakana as hiragana."""
    return text.translate(_HIRAGANA)


def to_roman(kana: str, hepburn: bool = True, short: bool = True) -> str:
    """Write a reading in roman letters.

    Args:
        kana: katakana of one name part.
        hepburn: Hepburn's spelling, else 訓令式.
        short: long o and u as one letter, as in a passport.
    """
    written, doubled = "", False
    for letter in kana:
        if letter == "ッ":
            doubled = True
            continue
        if letter in _SMALL:
            small = _SMALL[letter]
            written = written[:-1] + (small if written[-2:-1].isalpha() else small[-1:])
            continue
        sound = _KUNREI.get(letter, letter)
        written += (sound[:1] if doubled else "") + sound
        doubled = False
    for old, new in (_HEPBURN if hepburn else ()) + (_LONG if short else ()):
        written = written.replace(old, new)
    return written


def count_in_kanji(number: int) -> str:
    """Write a number below 1,000 in kanji: 百二十三."""
    written = ""
    for unit, letter in ((100, "百"), (10, "十")):
        count, number = divmod(number, unit)
        written += (_DIGITS[count] if count > 1 else "") + (letter if count else "")
    return written + (_DIGITS[number] if number or not written else "")


def era_of(day: date) -> tuple[str, int]:
    """Give the era and its year, of the eras of people alive."""
    if day >= date(2019, 5, 1):
        return "令和", day.year - 2018
    if day >= date(1989, 1, 8):
        return "平成", day.year - 1988
    return "昭和", max(day.year - 1925, 1)


def list_date_slips(day: date) -> list[date]:
    """List dates that a slip of the pen makes of one: one unit off, two digits exchanged."""
    slips = [day + timedelta(days=1), day - timedelta(days=1)]
    for year, month, number in (
        (day.year + 1, day.month, day.day), (day.year - 1, day.month, day.day),
        (day.year, day.month + 1, day.day), (day.year, day.month - 1, day.day),
        (day.year, day.month, int(f"{day.day:02d}"[::-1])), (day.year, day.month, day.day + 10),
    ):  # fmt: skip
        try:
            slips.append(date(year, month, number))
        except ValueError:
            continue
    return [slip for slip in slips if slip != day]


def swap_month_and_day(day: date) -> date | None:
    """Give the date with month and day exchanged, if it is another one."""
    if day.day > 12 or day.day == day.month:
        return None
    return date(day.year, day.day, day.month)


def _letter(era: str) -> str:
    return {"昭和": "S", "平成": "H", "令和": "R"}[era]
