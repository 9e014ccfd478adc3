"""Towns: the names that an address of the municipality may begin with, however they are written."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.names import fold_variants

TOWN_COLUMNS = ("town", "postal_code", "has_chome", "chome_count")

# Towns of 新宿区 renamed when their 住居表示 was carried out; people go on writing the old names.
OLD_TOWNS = {"三栄町": "四谷三栄町", "坂町": "四谷坂町", "本塩町": "四谷本塩町"}
# What is commonly written inside a town's name though the registered name does without it.
_COMMON_SPELLINGS = (("市谷", "市ケ谷"), ("四谷", "四ツ谷"), ("高田馬場", "高田の馬場"))


class Town(NamedTuple):
    """One town: its registered name, its postal codes, and how many 丁目 it has (0 for none)."""

    name: str
    postal_codes: tuple[str, ...]
    chome_count: int


class TownTable(NamedTuple):
    """The towns of one municipality, found by every folded spelling of their names."""

    towns: dict[str, Town]
    spellings: dict[str, str]
    longest: int


_HYPHENS = "-‐‑‒–—―−ー─━₋⁻~〜∼﹣﹘⁃˗\u00ad"
_TOWN_LETTERS = str.maketrans("ヶヵがガッっつノ", "ケケケケツツツの")


@lru_cache(maxsize=8192)
def _fold_cluster(cluster: str) -> str:
    """Fold one letter with its marks to one character, or to none if nothing is seen of it."""
    letter = unicodedata.normalize("NFKC", fold_variants(cluster))
    letter = fold_variants(letter)
    if not letter:
        return ""
    # ① and ² would become plain digits and ½ three characters: such a letter is left unread,
    # and so are the digits of other scripts.
    odd = unicodedata.category(cluster[0]) in ("No", "Nl") and cluster[0] != "〇"
    if odd or len(letter) > 1 or (letter.isdecimal() and not letter.isascii()):
        letter = "\ufffd"
    if letter in _HYPHENS:
        return "-"
    if letter.isspace() or unicodedata.category(letter) == "Cc":
        return " "
    if unicodedata.category(letter) == "Cf":
        return ""
    return letter.translate(_TOWN_LETTERS)


_CLUSTER = re.compile("[\\s\\S][\u3099\u309a\uff9e\uff9f\u0300-\u036f\u20d0-\u20f0]*")


def fold_address(text: str) -> tuple[str, list[int]]:
    """Fold an address letter by letter, so that each place can be led back to the written text."""
    folded: list[str] = []
    places: list[int] = []
    for found in _CLUSTER.finditer(text):
        letter = _fold_cluster(found[0])
        if letter:
            folded.append(letter)
            places.append(found.start())
    return "".join(folded), [*places, len(text)]


_DIGITS = {**dict(zip("〇一二三四五六七八九", range(10), strict=True)), "零": 0}
_DIGITS.update({"壱": 1, "弐": 2, "参": 3})
KANJI_DIGITS = "".join(_DIGITS)
_KANJI_NUMBER = re.compile(
    f"(?:([{KANJI_DIGITS}]?)百)?(?:([{KANJI_DIGITS}]?)([十拾]))?([{KANJI_DIGITS}]?)"
)


def read_kanji(digits: str) -> int:
    """Read a kanji number, 二十三 or 二三; 0 for what is none."""
    if set(digits) <= set(_DIGITS):
        return int("".join(str(_DIGITS[digit]) for digit in digits))
    found = _KANJI_NUMBER.fullmatch(digits)
    if not found:
        return 0
    hundreds = _DIGITS.get(found[1] or "一", 1) * 100 if "百" in digits else 0
    tens = _DIGITS.get(found[2] or "一", 1) * 10 if found[3] else 0
    return hundreds + tens + _DIGITS.get(found[4] or "〇", 0)


def _list_spellings(town: str) -> set[str]:
    """List how a town's name may be written: the registered and common spellings, 5 for 五."""
    spellings = {fold_address(town)[0]}
    for registered, common in _COMMON_SPELLINGS:
        spellings |= {spelling.replace(registered, common) for spelling in spellings}
    arabic = re.compile(f"[{KANJI_DIGITS}十百]+")
    return spellings | {
        arabic.sub(lambda found: str(read_kanji(found[0])), spelling) for spelling in spellings
    }


def _read_town(row: dict[str, str], line: int, file: str) -> tuple[Town | None, str]:
    name, code, has_chome, count = ((row.get(column) or "").strip() for column in TOWN_COLUMNS)
    place = f"{file} {line}行目"
    if not name or not re.fullmatch("[0-9]{7}", code):
        return None, f"{place}: town（町名）と postal_code（数字7桁）を記入してください。"
    if has_chome not in ("0", "1") or not re.fullmatch("[0-9]{1,2}", count):
        return None, f"{place}: has_chome は 0 か 1、chome_count は数字で記入してください。"
    if (has_chome == "1") != (int(count) > 0):
        return None, f"{place}: 丁目のある町の chome_count は1以上、ない町は0にしてください。"
    return Town(name, (code,), int(count)), ""


def read_towns(path: Path) -> TownTable:
    """Read the towns of the municipality.

    A town with several postal codes has one row for each.

    Args:
        path: CSV in UTF-8 with columns town, postal_code (7 digits), has_chome (0 or 1) and
            chome_count (0 when the town has no 丁目).

    Returns:
        The table; as many towns as the file has distinct names.

    Raises:
        FormError: a missing column, a bad value, rows of one town that differ, or two towns that
            are written alike.
    """
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise FormError(f"町名表 {path.name}: UTF-8 で保存し直してください。") from error
    missing = [column for column in TOWN_COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise FormError(
            f"町名表 {path.name}: 列 {'、'.join(missing)} がありません。見出し行を直してください。"
        )
    towns: dict[str, Town] = {}
    problems: list[str] = []
    for row in rows:
        town, problem = _read_town(row, rows.line_num, path.name)
        if town is None:
            problems.append(problem)
            continue
        known = towns.setdefault(town.name, town)
        if known.chome_count != town.chome_count:
            problems.append(f"{path.name} {rows.line_num}行目: 同じ町の丁目数が前の行と違います。")
        elif town.postal_codes[0] not in known.postal_codes:
            codes = known.postal_codes + town.postal_codes
            towns[town.name] = known._replace(postal_codes=codes)
    spellings: dict[str, str] = {}
    olds = {old: town for old, town in OLD_TOWNS.items() if town in towns and old not in towns}
    for written, name in [*((name, name) for name in towns), *olds.items()]:
        for spelling in _list_spellings(written):
            if spellings.setdefault(spelling, name) != name:
                problems.append(f"{path.name}: 町名の読み分けができない町が2つあります（{name}）。")
    if not towns and not problems:
        problems.append(f"{path.name}: 町が1つもありません。")
    raise_problems(FormError, problems, "町名表の読み込み")
    return TownTable(towns, spellings, max(map(len, spellings)))
