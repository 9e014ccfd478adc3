"""Towns: the names that an address of the municipality may begin with, however they are written."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.names import fold_variants
from recruitlib.base.plain_files import require_plain

_LARGEST = 5_000_000  # bytes; the towns of all of Japan have four million
TOWN_COLUMNS = ("town", "postal_code", "has_chome", "chome_count")

# Towns of 新宿区 renamed when their 住居表示 was carried out; people go on writing the old names.
OLD_TOWNS = {"三栄町": "四谷三栄町", "坂町": "四谷坂町", "本塩町": "四谷本塩町"}
# What is commonly written inside a town's name though the registered name does without it.
_COMMON_SPELLINGS = (("市谷", "市ケ谷"), ("四谷", "四ツ谷"), ("高田馬場", "高田の馬場"))


# A town is known to have 丁目, but not how many.
UNKNOWN_COUNT = 99


# The registered names of a municipality's towns, and how many 丁目 each has (0 for none).
TownTable = dict[str, int]


_HYPHENS = "-‐‑‒–—―−ー─━₋⁻~〜∼﹣﹘⁃˗\u00ad"
_TOWN_LETTERS = str.maketrans("ヶヵがガッっつノ之", "ケケケケツツツのの")


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


_KANJI_RUN = re.compile(f"[{KANJI_DIGITS}十百]+")


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


def write_arabic(name: str) -> str:
    """Write the kanji numbers in a town's name as 5 or 23; what is no number stays (十三一)."""
    return _KANJI_RUN.sub(lambda found: str(read_kanji(found[0]) or found[0]), name)


def list_spellings(town: str) -> set[str]:
    """List how a town's name may be written: the registered and common spellings, 5 for 五.

    Args:
        town: its name as registered, or as written.
    """
    spellings = {fold_address(town)[0]}
    for registered, common in _COMMON_SPELLINGS:
        spellings |= {spelling.replace(registered, common) for spelling in spellings}
    written = {re.sub("[0-9]+", _write_kanji, spelling) for spelling in spellings}
    return spellings | written | {write_arabic(spelling) for spelling in spellings}


def _write_kanji(found: re.Match[str]) -> str:
    """Write the number below 100 that was found in kanji, 23 as 二十三."""
    tens, ones = divmod(int(found[0]), 10)
    if tens > 9:
        return found[0]
    digits = "〇一二三四五六七八九"
    head = ("" if tens == 1 else digits[tens]) + "十" if tens else ""
    return head + (digits[ones] if ones or not tens else "")


def _read_count(row: dict[str, str], line: int, file: str) -> tuple[int | None, str]:
    """Read how many 丁目 the town of a row has, or say what is wrong with the row."""
    name, code, has_chome, count = ((row.get(column) or "").strip() for column in TOWN_COLUMNS)
    place = f"{file} {line}行目"
    if not name or not re.fullmatch("[0-9]{7}", code):
        return None, f"{place}: town（町名）と postal_code（数字7桁）を記入してください。"
    if has_chome == "1" and not count:
        return UNKNOWN_COUNT, ""
    if has_chome not in ("0", "1") or not re.fullmatch("[0-9]{1,2}", count):
        return None, f"{place}: has_chome は 0 か 1、chome_count は数字で記入してください。"
    if (has_chome == "1") != (int(count) > 0):
        return None, f"{place}: 丁目のある町の chome_count は1以上、ない町は0にしてください。"
    return int(count), ""


def read_towns(path: Path) -> TownTable:
    """Read the towns of the municipality.

    A town with several postal codes has one row for each.

    Args:
        path: CSV in UTF-8 with columns town, postal_code (7 digits), has_chome (0 or 1) and
            chome_count (0 when the town has no 丁目, empty when it has an unknown number).

    Returns:
        the table, with a town for each distinct name of the file.

    Raises:
        FormError: a missing column, a bad value, rows of one town that differ, or two towns that
            are written alike.
    """
    require_plain(path, FormError, _LARGEST)
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise FormError(f"町名表 {path.name}: UTF-8 で保存し直してください。") from error
    missing = [column for column in TOWN_COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise FormError(
            f"町名表 {path.name}: 列 {'、'.join(missing)} がありません。見出し行を直してください。"
        )
    towns: TownTable = {}
    problems: list[str] = []
    for row in rows:
        count, problem = _read_count(row, rows.line_num, path.name)
        if count is None:
            problems.append(problem)
        elif towns.setdefault(row["town"].strip(), count) != count:
            problems.append(f"{path.name} {rows.line_num}行目: 同じ町の丁目数が前の行と違います。")
    spellings: dict[str, str] = {}
    olds = {old: town for old, town in OLD_TOWNS.items() if town in towns and old not in towns}
    for written, name in [*((name, name) for name in towns), *olds.items()]:
        for spelling in list_spellings(written):
            if spellings.setdefault(spelling, name) != name:
                problems.append(f"{path.name}: 町名の読み分けができない町が2つあります（{name}）。")
    if not towns and not problems:
        problems.append(f"{path.name}: 町が1つもありません。")
    raise_problems(FormError, problems, "町名表の読み込み")
    return towns
