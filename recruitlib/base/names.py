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
from collections.abc import Callable
from functools import cache
from importlib import resources

GETA = "〓"

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


def _clean_letter(letter: str) -> str:
    """Give what one letter leaves in a key: nothing of what is unseen, else its NFKC form."""
    if letter in _MIDDLE_DOTS or _is_unseen(letter):
        return ""
    form = unicodedata.normalize("NFKC", _SOUND_MARKS.get(letter, letter))
    return "".join(part for part in form if part not in _MIDDLE_DOTS and not _is_unseen(part))


class _Letters(dict[int, str]):
    """A table for `str.translate` that decides on each letter once."""

    def __init__(self, decide: Callable[[str], str]) -> None:
        self._decide = decide

    def __missing__(self, code: int) -> str:
        self[code] = self._decide(chr(code))
        return self[code]


def _read_table(file: str) -> dict[str, str]:
    text = resources.files("recruitlib.base").joinpath(file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line[:1] != "#"]
    return {row["variant"]: row["standard"] for row in csv.DictReader(lines)}


@cache
def read_variants() -> dict[str, str]:
    """Read the table of safe variants that ships with the package.

    Returns:
        The standard form of each variant form, one character each.
    Source:
        常用漢字表, 戸籍法施行規則別表第二, and the sources named at the head of `variants.csv`.
    """
    return _read_table("variants.csv")


@cache
def read_broad_variants() -> dict[str, str]:
    """Read the table of families for finding, which merges 俊 with 駿 and 知 with 智.

    Returns:
        The first character of the family of each other character. Every safe pair is in it.
    Source:
        ja-itaiji (MIT) and the sources named at the head of `broad_variants.csv`.
    """
    return _read_table("broad_variants.csv")


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


_EXACT_LETTERS = _Letters(_clean_letter)
_NAME_LETTERS = _Letters(lambda letter: _clean_letter(letter).translate(_variant_letters()))


def fold_exact(text: str) -> str:
    """Make the key by which two spellings are one writing, each character in its own form.

    As `fold_name`, but old and variant forms stay apart (髙 is not 高).

    Args:
        text: a name as written.
    """
    return unicodedata.normalize("NFKC", text.translate(_EXACT_LETTERS))


def fold_name(text: str) -> str:
    """Make the key by which two spellings of a name count as the same name.

    NFKC; no spaces, zero-width characters, variant selectors or middle dots; radicals and safe
    variants in their standard form (髙 as 高, 邉 and 邊 as 辺, 齋 as 斎 but never as 斉).

    Args:
        text: a name as written.

    Returns:
        The key, empty when nothing is left.
    """
    return unicodedata.normalize("NFKC", text.translate(_NAME_LETTERS))


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


@cache
def _broad_letters() -> dict[int, str]:
    return {ord(variant): standard for variant, standard in read_broad_variants().items()}


def fold_broad(text: str) -> str:
    """Make the loosest key of a name, for finding only: it never tells people apart.

    On top of `fold_lookalikes`, one character for each family of variants: 斉 and 斎, 島 and 嶋,
    but 俊 and 駿, 知 and 智 as well, which are other names.

    Args:
        text: a name as written.
    """
    return fold_lookalikes(text).translate(_broad_letters())


_KATAKANA = {code: chr(code + 0x60) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_SAME_SOUND = str.maketrans("ヂヅヲヰヱヷヸヹヺ", "ジズオイエバビベボ")
_V_SOUNDS = {"ヴア": "バ", "ヴイ": "ビ", "ヴエ": "ベ", "ヴオ": "ボ", "ヴ": "ブ"}
_V_SOUND = re.compile("ヴ[アイエオ]?")
LONG_MARKS = "ー―－‐-−–—‑─━〜~"
_NO_LONG_MARKS = str.maketrans(dict.fromkeys(LONG_MARKS, ""))
_LONG_O = re.compile("(?<=[オコソトノホモヨロゴゾドボポ])ウ+")
_ITERATED = re.compile("([^ヽヾ])([ヽヾ]+)")
_KANA = re.compile(f"[ァ-ヺヽヾ][ァ-ヺヽヾ{re.escape(LONG_MARKS)}]*")


def _fold_kana_letter(letter: str) -> str:
    form = _clean_letter(letter).translate(_KATAKANA).translate(_LARGE)
    return form.translate(_SAME_SOUND).translate(_NO_LONG_MARKS)


_KANA_LETTERS = _Letters(_fold_kana_letter)
_KATAKANA_LETTERS = _Letters(lambda letter: _clean_letter(letter).translate(_KATAKANA))


def write_katakana(text: str) -> str:
    """Write a reading in full-width katakana without spaces, all else as it stands.

    Args:
        text: a reading as written.
    """
    sounds = unicodedata.normalize("NFKC", text.translate(_KATAKANA_LETTERS))
    if "ヽ" in sounds or "ヾ" in sounds:
        return _ITERATED.sub(_repeat_sound, sounds)
    return sounds


def _repeat_sound(found: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFD", found[1])[0]
    voiced = unicodedata.normalize("NFC", plain + "\u3099")
    return found[1] + "".join(voiced if mark == "ヾ" else found[1] for mark in found[2])


def is_kana(text: str) -> bool:
    """Tell whether a name is written in kana only, with long marks of any kind.

    Args:
        text: a name as written; spaces and middle dots do not count.
    """
    return _KANA.fullmatch(write_katakana(text)) is not None


def fold_kana(text: str) -> str:
    """Make the key by which two spellings of a reading count as the same reading.

    Levels 0 to 2: width, hiragana as katakana, no spaces, ゞ written out; small letters as large,
    ヂヅヲヰヱヴ by their sound; no long mark, and ウ after オ段 as オ (コウ as コオ). 清濁 stays
    apart (ナカジマ and ナカシマ), and so do オオノ and オノ.

    Args:
        text: a reading as written.
    Source:
        住民記録システム標準仕様書 2.1.2 (あいまい検索), without the folding of 清濁.
    """
    sounds = text.translate(_KANA_LETTERS)
    if not unicodedata.is_normalized("NFKC", sounds) or "ヽ" in sounds or "ヾ" in sounds:
        sounds = write_katakana(sounds).translate(_KANA_LETTERS)
    if "ヴ" in sounds:
        sounds = _V_SOUND.sub(lambda found: _V_SOUNDS[found[0]], sounds)
    return _LONG_O.sub(lambda found: "オ" * len(found[0]), sounds) if "ウ" in sounds else sounds


_VOICELESS = str.maketrans(
    "ガギグゲゴザジズゼゾダデドバビブベボパピプペポ",
    "カキクケコサシスセソタテトハヒフヘホハヒフヘホ",
)
_DOUBLED = re.compile("(?<=.)ツ(?=[カキクケコサシスセソタチツテトハヒフヘホ])")
_LONG_OO = re.compile("(?<=[オコソトノホモヨロ])オ+")


def fold_kana_loosely(text: str) -> str:
    """Make the loosest key of a reading, for finding only: it never tells people apart.

    On top of `fold_kana`: 清濁 (ナカジマ as ナカシマ, バ and パ as ハ), no ッ (nor the ツ that an
    old register writes for it: マツダ as マタ), and a long オ as a short one (オオノ as オノ).

    Args:
        text: a reading as written.
    Source:
        住民記録システム標準仕様書 2.1.2 (あいまい検索).
    """
    return _LONG_OO.sub("", _DOUBLED.sub("", fold_kana(text).translate(_VOICELESS)))


def mask_substitutes(text: str, substitutes: str) -> str:
    """Put 〓 for the characters of a name that the signature certificate flags as substitutes.

    Args:
        text: a name as the card gives it.
        substitutes: for each character of the name a 1 if it is a substitute, else a 0; anything
            of another length or form flags nothing.
    Source:
        公的個人認証 (substituteCharacterOfCommonName).
    """
    if len(substitutes) != len(text) or not set(substitutes) <= {"0", "1"}:
        return text
    return "".join(
        GETA if flag == "1" and not _is_unseen(letter) else letter
        for letter, flag in zip(text, substitutes, strict=True)
    )


def _mask_letter(letter: str) -> str:
    return GETA if unicodedata.category(letter) == "Co" else letter


_PRIVATE = _Letters(_mask_letter)


def mask_private(key: str) -> str:
    """Put 〓 for characters of private use: their code points differ between extracts."""
    return key.translate(_PRIVATE)


def keys_agree(left: str, right: str) -> bool:
    """Tell whether two keys agree in all characters but 〓, and in at least half of them.

    Args:
        left: a key of `fold_name`, characters of private use masked.
        right: likewise; the order does not matter.
    """
    if not left or len(left) != len(right):
        return False
    known = [pair for pair in zip(left, right, strict=True) if GETA not in pair]
    return 2 * len(known) >= len(left) and all(one == other for one, other in known)


def names_agree(left: str, right: str) -> bool:
    """Tell whether two names are one name, a character that nobody could write standing for any.

    〓 and characters of private use stand for any one character. At least half of the characters
    must be known on both sides and equal: a name of nothing but 〓 is evidence of nothing, and so
    is an empty one.

    Args:
        left: a name as written.
        right: a name as written; the order does not matter.
    """
    return keys_agree(mask_private(fold_name(left)), mask_private(fold_name(right)))
