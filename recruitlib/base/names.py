"""Keys by which two spellings of one name are compared.

A key folds what is the same name written another way: width, spaces, variant selectors, old and
variant forms of one character. It never folds what tells people apart (俊/駿, 斉/斎, 崎/埼). Keys
live in memory only: they are neither stored nor printed, and no stored text is ever replaced by
its key.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib import resources

GETA = "〓"

_VARIANTS_FILE = "variants.csv"
_MIDDLE_DOTS = "・･·•‧∙"
# Neither a space nor a format character for Unicode, yet nothing is seen of them on paper: the
# Hangul fillers, the blank braille cell and the grapheme joiner.
_UNSEEN = "\u115f\u1160\u3164\uffa0\u2800\u034f"
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180D), (0x180F, 0x180F))
# NFKC turns these two into a space and a combining mark, which no longer joins its letter.
_SOUND_MARKS = {"\u309b": "\u3099", "\u309c": "\u309a"}


def _is_selector(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _SELECTORS)


def _is_unseen(letter: str) -> bool:
    return (
        unicodedata.category(letter) in ("Zs", "Zl", "Zp", "Cc", "Cf")
        or letter in _UNSEEN
        or _is_selector(letter)
    )


class _NameLetters(dict[int, str | None]):
    """A table for `str.translate` that decides on each letter once."""

    def __missing__(self, code: int) -> str | None:
        letter = chr(code)
        folded = _SOUND_MARKS.get(letter, letter)
        self[code] = None if letter in _MIDDLE_DOTS or _is_unseen(letter) else folded
        return self[code]


_NAME_LETTERS = _NameLetters()


@cache
def read_variants() -> dict[str, str]:
    """Read the table of safe variants that ships with the package.

    Returns:
        The standard form of each variant form, one character each.
    Source:
        常用漢字表, 戸籍法施行規則別表第二, and the sources named at the head of `variants.csv`.
    """
    file = resources.files("recruitlib.base").joinpath(_VARIANTS_FILE)
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    return {row["variant"]: row["standard"] for row in csv.DictReader(lines)}


@cache
def _variant_letters() -> dict[int, str]:
    return {ord(variant): standard for variant, standard in read_variants().items()}


def fold_variants(text: str) -> str:
    """Drop variant selectors and write every safe variant in its standard form.

    Width, spaces and everything else stay as they are.

    Args:
        text: any text; one character in gives at most one character out.
    """
    plain = "".join(letter for letter in text if not _is_selector(letter))
    return plain.translate(_variant_letters())


def _clean(text: str) -> str:
    # Twice, since what is unseen may part a letter from its sound mark, and NFKC makes new spaces.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text.translate(_NAME_LETTERS))
    return text


def fold_name(text: str) -> str:
    """Make the key by which two spellings of a name count as the same name.

    NFKC; no spaces, zero-width characters, variant selectors or middle dots; radicals and safe
    variants in their standard form (髙 as 高, 邉 and 邊 as 辺, 齋 as 斎 but never as 斉).

    Args:
        text: a name as written.

    Returns:
        The key, empty when nothing is left.
    """
    return _clean(text).translate(_variant_letters())


_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("ー―—–‒−‐‑-─━", "一"),
        **dict(zip("ニカヵエロタトハチヶ", "二力力工口夕卜八千ケ", strict=True)),
        **dict.fromkeys("之のﾉ", "ノ"),
    }
)
_REPEATED = re.compile("(.)々")


def fold_lookalikes(text: str) -> str:
    """Make the second, looser key, on which characters that look alike are one.

    On top of `fold_name`: ー and 一, ニ and 二, カ and 力, エ and 工, ノ and 之 and の, ヶ and
    ケ, and 々 written out. 一ノ瀬 and 一之瀬 are two surnames, so this key finds candidates and
    is no evidence by itself.

    Args:
        text: a name as written.
    """
    return _REPEATED.sub(r"\1\1", fold_name(text)).translate(_LOOKALIKES)


_KATAKANA = {code: chr(code + 0x60) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_SAME_SOUND = str.maketrans("ヂヅヲヰヱヷヸヹヺ", "ジズオイエバビベボ")
_V_SOUNDS = {"ヴア": "バ", "ヴイ": "ビ", "ヴエ": "ベ", "ヴオ": "ボ", "ヴ": "ブ"}
_V_SOUND = re.compile("ヴ[アイエオ]?")
_LONG_MARKS = "ー―－‐-−–—‑─━〜~"
_LONG_MARK = re.compile(f"[{re.escape(_LONG_MARKS)}]")
_LONG_O = re.compile("(?<=[オコソトノホモヨロゴゾドボポ])ウ")


def fold_kana(text: str) -> str:
    """Make the key by which two spellings of a reading count as the same reading.

    Levels 0 to 2: width, hiragana as katakana, no spaces; small letters as large, ヂヅヲヰヱヴ by
    their sound; no long mark, and ウ after オ段 as オ (コウ as コオ). 清濁 stays apart (ナカジマ
    and ナカシマ), and so do オオノ and オノ.

    Args:
        text: a reading as written.
    Source:
        住民記録システム標準仕様書 2.1.2 (あいまい検索), without the folding of 清濁.
    """
    sounds = _clean(text).translate(_KATAKANA).translate(_LARGE).translate(_SAME_SOUND)
    sounds = _V_SOUND.sub(lambda found: _V_SOUNDS.get(found[0], "ブ"), sounds)
    return _LONG_MARK.sub("", _LONG_O.sub("オ", sounds))


def _mask_substitutes(text: str, substitutes: str) -> str:
    if len(substitutes) != len(text) or not set(substitutes) <= {"0", "1"}:
        return text
    return "".join(
        GETA if flag == "1" and not _is_unseen(letter) else letter
        for letter, flag in zip(text, substitutes, strict=True)
    )


def _is_wildcard(letter: str) -> bool:
    # Code points of private use differ from one extract to the next, so they say nothing.
    return letter == GETA or unicodedata.category(letter) == "Co"


def names_agree(left: str, right: str, substitutes: str = "") -> bool:
    """Tell whether two names are one name, a character that nobody could write standing for any.

    〓 and characters of private use stand for any one character, and so do the positions of
    `left` that the signature certificate flags as substitutes. At least half of the characters
    must be known on both sides and equal: a name of nothing but 〓 is evidence of nothing, and so
    is an empty one.

    Args:
        left: a name as written, the application's.
        right: a name as written, the registry's.
        substitutes: for each character of `left` a 1 if it is a substitute, else a 0
            (substituteCharacterOfCommonName); anything of another length or form flags nothing.
    """
    left_key, right_key = fold_name(_mask_substitutes(left, substitutes)), fold_name(right)
    if not left_key or len(left_key) != len(right_key):
        return False
    known = 0
    for ours, theirs in zip(left_key, right_key, strict=True):
        if _is_wildcard(ours) or _is_wildcard(theirs):
            continue
        if ours != theirs:
            return False
        known += 1
    return known * 2 >= len(left_key)
