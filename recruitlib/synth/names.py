"""Invented names: surnames by real frequency, given names by sex and age, foreign names."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources
from random import Random

from recruitlib.synth.draws import WeightedItems, draw_one

RESERVED_SURNAMES = 8
SELECTOR = "\U000e0100"
# Variants as registries hold them; the default label font lacks the last one.
GLYPHS = {
    "高": "髙",
    "崎": "﨑",
    "辺": "邉",
    "辻": "辻" + SELECTOR,
    "葛": "葛" + SELECTOR,
    "神": "\ufa19",
    "福": "\ufa1b",
}
UNPRINTABLE_GLYPHS = {"吉": "\U00020bb7"}

_CHINESE = [("王", "ワン", "WANG"), ("李", "リ", "LI"), ("張", "チャン", "ZHANG"),
            ("劉", "リュウ", "LIU"), ("陳", "チン", "CHEN"), ("楊", "ヨウ", "YANG")]  # fmt: skip
_CHINESE_GIVEN = [("小明", "シャオミン", "XIAOMING"), ("子涵", "ズーハン", "ZIHAN"),
                  ("浩然", "ハオラン", "HAORAN"), ("思遠", "スーユエン", "SIYUAN"),
                  ("佳怡", "ジアイー", "JIAYI"), ("博文", "ボーウェン", "BOWEN")]  # fmt: skip
_KOREAN = [("金", "キム", "KIM"), ("朴", "パク", "PARK"), ("崔", "チェ", "CHOI"),
           ("鄭", "チョン", "JUNG"), ("姜", "カン", "KANG")]  # fmt: skip
_KOREAN_GIVEN = [("民俊", "ミンジュン", "MINJUN"), ("智厚", "ジフ", "JIHOO"),
                 ("志宇", "ジウ", "JIWOO"), ("恩智", "ウンジ", "EUNJI"),
                 ("多恩", "ダウン", "DAEUN")]  # fmt: skip
_LATIN = [("NGUYEN", "グエン"), ("TRAN", "チャン"), ("PHAM", "ファム"), ("SHRESTHA", "シュレスタ"),
          ("GURUNG", "グルン"), ("SMITH", "スミス"), ("BROWN", "ブラウン"), ("SANTOS", "サントス"),
          ("MARTIN", "マルタン"), ("SINGH", "シン"), ("AUNG", "アウン")]  # fmt: skip
_LATIN_GIVEN = [("VAN ANH", "ヴァン　アイン"), ("THI HOA", "ティ　ホア"), ("MINH", "ミン"),
                ("SUJAN", "スジャン"), ("MYA", "ミャ"), ("JOHN", "ジョン"), ("MARIA", "マリア"),
                ("ANNA", "アンナ"), ("AMIT", "アミト"), ("PIERRE", "ピエール")]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name part with its reading in katakana."""

    text: str
    kana: str


@dataclass(frozen=True, slots=True)
class ForeignName:
    """A foreign resident's name: as registered, reading, roman, ideographs, and country."""

    full: str
    kana: str
    roman: str
    ideographs: str
    country_code: str
    country: str


@dataclass(frozen=True, slots=True)
class NameBook:
    """The name tables, ready for drawing."""

    surnames: WeightedItems[Name]
    reserved: list[Name]
    given: dict[tuple[str, bool], WeightedItems[Name]]


def _read_rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("recruitlib.synth.data") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def read_names() -> NameBook:
    """Read the name tables kept beside this module.

    The rarest surnames are held back for planted people, so that nobody else bears them.

    Returns:
        The surnames, the reserved ones, and given names by sex and by older or not.
    """
    rows = _read_rows("surnames.csv")
    surnames = [Name(row["surname"], row["kana"]) for row in rows]
    common = surnames[:-RESERVED_SURNAMES]
    given_rows = _read_rows("given_names.csv")
    given: dict[tuple[str, bool], WeightedItems[Name]] = {}
    for sex in ("1", "2"):
        of_sex = [row for row in given_rows if row["sex"] == sex]
        names = [Name(row["given"], row["kana"]) for row in of_sex]
        for older, column in ((True, "older"), (False, "younger")):
            given[sex, older] = WeightedItems(names, [int(row[column]) for row in of_sex])
    weights = [int(row["bearers"]) for row in rows[:-RESERVED_SURNAMES]]
    return NameBook(WeightedItems(common, weights), surnames[-RESERVED_SURNAMES:], given)


def vary_surname(rng: Random, surname: Name, unprintable: bool) -> Name:
    """Write some surnames with a variant character, as registries do.

    Args:
        rng: Source of chance.
        surname: As tables of names give it.
        unprintable: Whether 𠮷, which the default label font lacks, may come in.

    Returns:
        The surname, in about one of eight cases with variants; the reading stays.
    """
    if rng.random() >= 0.12:
        return surname
    glyphs = {**GLYPHS, **UNPRINTABLE_GLYPHS} if unprintable else GLYPHS
    return Name("".join(glyphs.get(c, c) for c in surname.text), surname.kana)


def draw_foreign_name(rng: Random) -> ForeignName:
    """Draw a foreign resident's name.

    Args:
        rng: Source of chance.

    Returns:
        A name in ideographs (with roman letters beside it) or in roman letters alone.
    """
    which = rng.random()
    if which < 0.6:
        chinese = which < 0.42
        family = draw_one(rng, _CHINESE if chinese else _KOREAN)
        given = draw_one(rng, _CHINESE_GIVEN if chinese else _KOREAN_GIVEN)
        country = ("156", "中国") if chinese else ("410", "韓国")
        ideographs = f"{family[0]}　{given[0]}"
        roman = f"{family[2]} {given[2]}"
        full = ideographs if rng.random() < 0.6 else roman
        return ForeignName(full, f"{family[1]}　{given[1]}", roman, ideographs, *country)
    surname, given_name = draw_one(rng, _LATIN), draw_one(rng, _LATIN_GIVEN)
    country = draw_one(rng, (("704", "ベトナム"), ("524", "ネパール"), ("840", "米国")))
    roman = f"{surname[0]} {given_name[0]}"
    kana = f"{surname[1]}　{given_name[1]}" if rng.random() < 0.5 else ""
    return ForeignName(roman, kana, roman, "", *country)
