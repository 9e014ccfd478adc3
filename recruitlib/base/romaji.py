"""The skeleton of a name in Latin letters, and the same skeleton made from its reading.

Hepburn, Kunrei and the spellings of passports write one reading in many ways (OHNO, Oono, Ōno,
ono). The skeleton keeps what they share; as every key it lives in memory only.
"""

from __future__ import annotations

import re
import unicodedata

from recruitlib.base.names import LONG_MARKS, fold_exact, is_kana, write_katakana

_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "s": "サシスセソ",
    "t": "タチツテト",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ",
    "z": "ザジズゼゾ",
    "d": "ダヂヅデド",
    "b": "バビブベボ",
    "p": "パピプペポ",
}
_SYLLABLES = {
    kana: row + vowel
    for row, line in _ROWS.items()
    for kana, vowel in zip(line, "aiueo", strict=True)
}
_SYLLABLES |= {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヰ": "i", "ヱ": "e", "ヲ": "o"}
_SYLLABLES |= {"ヴ": "bu", "ヷ": "ba", "ヸ": "bi", "ヹ": "be", "ヺ": "bo", "ン": "n", "ッ": ""}
_SYLLABLES |= {"ヂ": "zi", "ヅ": "zu"}
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o"}
_SMALL |= {"ャ": "ya", "ュ": "yu", "ョ": "yo", "ヮ": "wa", "ヵ": "ka", "ヶ": "ke"}
# キャ is kya; a small vowel takes the place of the large one before it: ファ ha, ティ ti, ヴァ ba.
_PAIRS = {
    large + small: _SYLLABLES[large][:-1] + sound
    for larges, smalls in (
        ("キシチニヒミリギジヂビピ", {"ャ": "ya", "ュ": "yu", "ョ": "yo", "ェ": "ye"}),
        ("フテツトデドヴ", {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ュ": "yu"}),
        ("クグ", {"ァ": "wa", "ィ": "i", "ェ": "e", "ォ": "o"}),
        ("ウ", {"ィ": "i", "ェ": "e", "ォ": "o"}),
    )
    for large in larges
    for small, sound in smalls.items()
} | {"ディ": "zi", "ドゥ": "zu"}
_PAIR = re.compile("|".join(_PAIRS))
_SINGLES = str.maketrans(_SYLLABLES | _SMALL | dict.fromkeys(LONG_MARKS + "ヽヾ", ""))

_LETTERS = str.maketrans(
    {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
)
_LATIN = re.compile("[a-z]+")
_SPELLINGS = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        ("tch|cch", "ch"),
        ("ssh", "sh"),
        ("tts", "ts"),
        ("sh(?=[iy])", "s"),
        ("sh(?=[aueo])", "sy"),
        ("ch(?=[iy])", "t"),
        ("ch(?=[aueo])", "ty"),
        ("ts", "t"),
        ("j+(?=[iy])|dj(?=[iy])|dz(?=[iy])", "z"),
        ("j+|dj", "zy"),
        ("dz|d(?=[iu])", "z"),
        ("c(?=y)", "t"),
        ("ph|f", "h"),
        ("[cq]", "k"),
        ("v", "b"),
        ("l", "r"),
        ("x", "ks"),
        ("w(?=[ieo])", ""),
        ("m(?=[bmp])", "n"),
        ("y(?![aiueo])", "i"),
    )
)
_SHORTENINGS = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        ("hu(?=[aieo])", "h"),
        # An old register writes シヨ for ショ, and as in `fold_kana` the two are one.
        ("(?<=[kstnhmrgzbp])iy(?=[auo])", "y"),
        ("o[ou]+", "o"),
        (r"([a-mo-z])\1+", r"\1"),
        ("(?<=o)h(?=y)|h(?![aiueoy])", ""),
    )
)


def _replace(steps: tuple[tuple[re.Pattern[str], str], ...], letters: str) -> str:
    for pattern, put in steps:
        letters = pattern.sub(put, letters)
    return letters


def fold_romaji(text: str) -> str:
    """Make the skeleton of a name that is typed in Latin letters.

    Case, accents, spaces, hyphens and apostrophes do not count; shi is si, tsu tu, chi ti, ji zi,
    fu hu, sha sya; long vowels (ō, ou, oo, oh, uu) are short, doubled consonants single except n,
    and m before b, m and p is n. Kato and Kado stay apart.

    Args:
        text: a name as written.

    Returns:
        The skeleton, empty when there is any letter that is not Latin, or none at all.
    """
    plain = unicodedata.normalize("NFD", fold_exact(text).casefold()).translate(_LETTERS)
    letters = "".join(letter for letter in plain if letter.isalpha())
    if not _LATIN.fullmatch(letters):
        return ""
    return _replace(_SHORTENINGS, _replace(_SPELLINGS, letters))


def romanize_kana(text: str) -> str:
    """Make the skeleton of `fold_romaji` from a reading, so that the two can be compared.

    Args:
        text: a reading as written.

    Returns:
        The skeleton, empty when the text is not kana only.
    """
    if not is_kana(text):
        return ""
    sounds = _PAIR.sub(lambda found: _PAIRS[found[0]], write_katakana(text))
    return _replace(_SHORTENINGS, sounds.translate(_SINGLES))
