"""Names as people type them into a form: one field may hold a reading, a parent, or two children.

What a field may mean is kept side by side and never decided here; a name that nobody can take
apart goes before a person because it agrees with nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

from recruitlib.base.names import (
    GETA,
    fold_broad,
    fold_exact,
    fold_kana,
    fold_kana_loosely,
    fold_name,
    is_kana,
)
from recruitlib.base.romaji import fold_romaji
from recruitlib.base.secrecy import hide_values

_MOST_LETTERS = 60  # of one name; what is longer is no name
_MOST_ROTATED = 14  # letters of a name without blanks whose parts may stand in the other order
_MOST_NAMES = 6
_BRACKETS = re.compile(
    r"[(（\[［〔【「『<＜《〈{｛]([^)）\]］〕】」』>＞》〉}｝]*)[)）\]］〕】」』>＞》〉}｝]?"
)
_EDGES = " 　\t\n\r:：-－・･.．、,／=＝"
# Symbols by their category that are letters all the same: radicals as PDFs give them, sound marks.
_LETTERS = re.compile(f"[{GETA}\u2e80-\u2fdf\u309b\u309c]")
_DECORATION = "…‥。.．!！?？*＊※\"'“”‘’`´♪\ufe0f\u200d"
_NO_NAME = re.compile(
    "[男女笑印済様殿夫妻]|[長次二三四五末]?[男女]|男性|女性|代理|代筆|自署|署名|捺印|[0-9０-９]+歳?"
)
_KANJI = "\u3005\u4e00-\u9fff\uf900-\ufaff"
_SEPARATORS = re.compile(
    rf"c/o|[/／,，、;；\n\r|｜&＆+＋]|(?<=[{_KANJI}])[・･と](?=[{_KANJI}])|[ 　]と[ 　]|及び|および|並びに"
)
_BLANKS = re.compile(r"[\s\u3000\u00a0\u200b=＝]+")
# Words beside a name that say whose it is; some are names as well where no colon follows.
_LABELS = re.compile(
    r"^(?:[長次二三四五末][男女]|娘|息子)[ 　:：]+"
    r"|(?:申出者|申請者|届出人|届出者|対象者|本人|お?名前|氏名|子ども|子供|こども|お子様|子の氏名|保護者|法定代理人|代理人"
    r"|世帯主|父親|母親|父母|記入者|親権者|代理)(?:の?(?:氏名|名前|名))?[ 　]*[:：=＝]?"
    rf"|(?<![{_KANJI}])(?:父|母|子|親|旧姓|通称|フリガナ|ふりがな|カナ|かな|姓|名|氏)[ 　]*[:：=＝]"
)
_FORMER = re.compile("^(?:旧[姓氏]|戸籍名|戸籍上の?(?:氏名|名|氏|姓)?|本名|通称名?)[ 　:：]*")
_TELLS_FORMER = re.compile("旧[姓氏]|戸籍|本名|通称")
_HONORIFIC = re.compile(
    r"(?<=..)[ 　]*(?:様|さん|さま|殿|くん|ちゃん|です|でございます)$|[ 　]+印$"
)
_REPEATED = re.compile("同上|同じ|〃|々々|なし|無し?|-*")
_OTHERS = re.compile(
    r"(?:他|ほか|外)\s*[0-9０-９一二三四]+\s*[名人]|双子|兄弟|姉妹|きょうだい|同上|同じ|々々|〃"
)


@hide_values
class Half(NamedTuple):
    """A name of which one part is written in kana: the reading of that part, and the other part."""

    reading: str
    rest: str
    kana_first: bool


@hide_values
class TypedName(NamedTuple):
    """One name as typed, with the keys of all that it may mean.

    ``folded`` are the keys of the name in every order of its parts, ``parts`` its parts where
    blanks show them; ``kana`` and ``romaji`` are the keys of a reading that the field itself is,
    ``reading`` that of the field for the reading. ``letters`` are those of ``broad``.
    """

    exact: str
    folded: frozenset[str]
    parts: tuple[str, ...]
    broad: frozenset[str]
    kana: frozenset[str]
    loose: frozenset[str]
    romaji: frozenset[str]
    reading: frozenset[str]
    masked: str
    halves: tuple[Half, ...]
    letters: frozenset[str]


class TypedField(NamedTuple):
    """What the field of the subject's name holds.

    ``names`` are the names that the field may be as a whole (with a former family name, in another
    order); ``pieces`` the names in it where it may hold several; ``doubtful`` says that it names
    others without their names, or nobody.
    """

    names: tuple[TypedName, ...]
    pieces: tuple[TypedName, ...]
    doubtful: bool


@lru_cache(maxsize=50_000)
def read_field(text: str, reading: str = "", masked: str = "") -> TypedField:
    """Read what somebody typed as the subject's name.

    Args:
        text: the field of the name.
        reading: the field of the reading, empty where the form has none.
        masked: the name with 〓 for each character that the card could not hold, empty if none.
    """
    doubtful = bool(_SEPARATORS.search(_strip(reading)))
    reading = _strip(_strip_marks(reading))
    reading = "" if _REPEATED.fullmatch(reading) else reading
    doubtful |= bool(_OTHERS.search(f"{text} {reading}"))
    if not _strip(text):
        text, reading = reading, ""
    plain = _LABELS.sub("／", _strip_marks(text))
    if reading and not is_kana(reading) and is_kana(plain):
        text, plain, reading = reading, reading, plain  # the two fields exchanged
    outside = [part for part in _BRACKETS.split(plain)[::2] if part.strip()]
    held = [_strip(part) for part in _BRACKETS.split(plain)[1::2]]
    held = [part for part in held if part and not _NO_NAME.fullmatch(part)]
    kana = "　".join(part for part in held if is_kana(part))
    held = [part for part in held if not is_kana(part)]
    if not outside and held:
        outside, held = held[:1], held[1:]
    whole = _strip(" ".join(outside))
    pieces = [
        piece for piece in (_strip(part) for part in _SEPARATORS.split(" ".join(outside))) if piece
    ]
    names = [make_name(" ".join(pieces), reading or kana, masked)]
    # Behind a name that nothing parts may stand its reading in two parts.
    first = _part(pieces[0]) if len(pieces) == 1 else []
    if len(first) == 3 and len(first[0]) > 2 and all(map(is_kana, first[1:])):
        names.append(make_name(first[0], " ".join(first[1:])))
    if kana and reading:
        names.append(make_name(" ".join(pieces), kana))
    if held and len(outside) > 1:
        # A former family name stands in brackets before the given name.
        names.append(make_name(f"{held[0]} {_strip(outside[-1])}", reading))
        held = held[1:]
    elif held and _TELLS_FORMER.search(text):
        parts = _part(whole)
        # Where nothing parts the name, the given name has up to three letters.
        givens = [parts[-1]] if len(parts) > 1 else [whole[-size:] for size in (1, 2, 3)]
        names += [make_name(f"{held[0]} {given}", reading) for given in givens]
        held = held[1:]
    # What stands in the field of the reading and is none may be the name of another.
    held += [] if not reading or is_kana(reading) else [reading]
    several = [*(pieces if len(pieces) > 1 or held else []), *held]
    found = [make_name(piece) for piece in several[:_MOST_NAMES]]
    family, *given = _part(several[0]) if several else [""]
    if given:
        # The family name may be written before the first of two children only.
        alone = [piece for piece in several[1:_MOST_NAMES] if len(_part(piece)) == 1]
        names += [make_name(f"{family} {piece}") for piece in alone]
    return TypedField(
        tuple(name for name in names if name.exact),
        tuple(name for name in found if name.exact),
        doubtful or len(several) > _MOST_NAMES or len(fold_exact(text)) > _MOST_LETTERS,
    )


def _strip_marks(text: str) -> str:
    """Take off what is no letter of a name: pictures, dots, quotation marks.

    A sign (+, |, →) may part two names and stays as such.
    """
    return "".join(
        "／" if category(letter) == "Sm" and letter not in "=＝" else letter
        for letter in text
        if _LETTERS.match(letter)
        or (category(letter)[:2] not in ("So", "Sk", "Sc") and letter not in _DECORATION)
    )


def _strip(text: str) -> str:
    bare = _FORMER.sub("", _LABELS.sub(" ", text).strip(_EDGES))
    return _HONORIFIC.sub("", bare).strip(_EDGES)


def _part(text: str) -> list[str]:
    return [part for part in _BLANKS.split(text) if part]


@lru_cache(maxsize=50_000)
def make_name(text: str, reading: str = "", masked: str = "") -> TypedName:
    """Make the keys of one name.

    Args:
        text: one name, with or without blanks between its parts.
        reading: its reading, empty where none is known.
        masked: the same name with 〓 where a character is a substitute.
    """
    text = " ".join(_part(text))[:_MOST_LETTERS]
    parts = _part(text)
    own = is_kana(text)
    roman = frozenset(_turn(parts, fold_romaji)) if fold_romaji(text) else frozenset()
    exact, broad = fold_exact(text), _turn(parts, fold_broad)
    return TypedName(
        exact=exact,
        folded=_turn(parts, fold_name),
        parts=tuple(part for part in map(fold_name, parts) if part),
        broad=broad,
        kana=_turn(parts, fold_kana) if own else frozenset(),
        loose=_turn(parts, fold_kana_loosely) if own else frozenset(),
        romaji=roman,
        reading=_turn(_part(reading[:_MOST_LETTERS]), fold_kana)
        if is_kana(reading)
        else frozenset(),
        masked=fold_name(masked),
        halves=() if own or roman else _list_halves(exact),
        letters=frozenset("".join(broad)),
    )


def _list_halves(exact: str) -> tuple[Half, ...]:
    """List the ways in which one part of a name may be written in kana."""
    halves = []
    for at in range(1, len(exact)):
        left, right = exact[:at], exact[at:]
        if is_kana(right):
            halves.append(Half(fold_kana(right), fold_name(left), kana_first=False))
        if is_kana(left):
            halves.append(Half(fold_kana(left), fold_name(right), kana_first=True))
    return tuple(halves)


def _turn(parts: list[str], fold: Callable[[str], str]) -> frozenset[str]:
    """Fold a name in every order in which its parts may have been written."""
    folded = [part for part in map(fold, parts) if part]
    if not folded:
        return frozenset()
    whole = "".join(folded)
    if len(folded) > 1:
        turned = {"".join(folded[at:] + folded[:at]) for at in range(len(folded))}
        return frozenset(turned | {"".join(reversed(folded))})
    if len(whole) > _MOST_ROTATED:
        return frozenset([whole])
    return frozenset(whole[at:] + whole[:at] for at in range(len(whole)))
