"""Comparison (照合): an application and a resident field by field, in marks and in words.

It helps a person to see, and decides nothing. What is the same written another way is told apart
from what differs, by the same keys and places by which the matching compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from recruitlib.base.names import fold_exact, fold_kana, fold_name, is_kana, names_agree
from recruitlib.base.secrecy import hide_values
from recruitlib.optouts import weighing
from recruitlib.optouts.birth_readings import read_births
from recruitlib.optouts.gazetteer import Gazetteer
from recruitlib.optouts.places import ELSEWHERE, SAME_LOT, Place, compare_places, locate

SAME, VARIANT, DIFFERS, MISSING = "same", "variant", "differs", "missing"
# More than any name or address has; what is longer is compared no further.
_COMPARED = 300
_NAMED = 3  # differences that are told one by one
_QUOTED = 12  # characters of a difference that are quoted
_NUMBERS = re.compile("[0-9０-９]|[一二三四五六七八九十百〇]+(?=丁目|番(?!町)|号)")

Pieces = tuple[tuple[str, str], ...]


@hide_values
class Line(NamedTuple):
    """One field of both sides: pieces of text with their marks, what agrees, and that in words."""

    label: str
    typed: Pieces
    held: Pieces
    state: str
    words: str


def compare_fields(
    typed: Mapping[str, Any], held: Mapping[str, Any], gazetteer: Gazetteer
) -> list[Line]:
    """Compare an application with a resident, field by field in the order in which they are read.

    Args:
        typed: a row of the applications.
        held: a row of the cohort.
        gazetteer: the places of the municipality.
    """
    lines = [
        compare_names(typed["subject_name"], held["full_name"], held["full_name_kana"]),
        compare_kana(typed["subject_kana"], held["full_name_kana"]),
        compare_births(
            typed["subject_birth_text"], typed["subject_birth_date"], held["birth_date"]
        ),
        *compare_addresses(
            (typed["subject_address"], typed["subject_building"]),
            (held["address"], held["building"]), gazetteer,
        ),
    ]  # fmt: skip
    if typed.get("card_name"):
        card = compare_names(typed["card_name"], held["full_name"], held["full_name_kana"])
        lines.append(card._replace(label="カードの氏名"))
    return lines


def needs_tick(lines: list[Line]) -> bool:
    """Whether neither the name nor the birth date agrees: whoever decides must say to have seen it."""
    states = {line.label: line.state for line in lines}
    return all(states[label] in (DIFFERS, MISSING) for label in ("氏名", "生年月日"))


def compare_names(typed: str, held: str, kana: str = "") -> Line:
    """Compare two names character by character; variants of one character are no difference."""
    if not typed.strip() or not held.strip():
        return _tell_missing("氏名", typed, held)
    left, right, told, variants = _mark(typed, held)
    if typed == held:
        return Line("氏名", left, right, SAME, "一致")
    if fold_exact(typed) == fold_exact(held):
        return Line("氏名", left, right, SAME, "一致（空白や全角・半角だけの違い）")
    if fold_name(typed) == fold_name(held):
        return Line("氏名", left, right, VARIANT, f"異体字の違い（{variants}）")
    if names_agree(typed, held):
        return Line("氏名", left, right, VARIANT, "一致（〓・外字のほかは同じ）")
    if kana and is_kana(typed) and fold_kana(typed) == fold_kana(kana):
        return Line("氏名", ((SAME, typed),), ((SAME, held),), VARIANT, "読みが一致（かなで記入）")
    words = "、".join(part for part in (told, variants) if part)
    return Line("氏名", left, right, DIFFERS, f"違う（{words}）")


def compare_kana(typed: str, held: str) -> Line:
    """Compare two readings; the writing of a sound is no difference."""
    if not typed.strip() or not held.strip():
        return _tell_missing("読み", typed, held)
    left, right, told, _ = _mark(typed, held)
    if fold_kana(typed) == fold_kana(held):
        plain = fold_exact(typed) == fold_exact(held)
        words = "一致" if plain else "一致（かなの書き方の違い）"
        return Line("読み", ((SAME, typed),), ((SAME, held),), SAME, words)
    return Line("読み", left, right, DIFFERS, f"違う（{told}）")


def compare_births(text: str, day: str, held: str) -> Line:
    """Compare a birth date as typed, and as the program reads it, with the registry's."""
    read = read_births(text)
    day = day or (read.plain.isoformat() if read.plain else "")
    typed = text if not day or text == day else f"{text}（{day} と読む）"
    if not text.strip() or not held:
        return _tell_missing("生年月日", typed, held)
    born = date.fromisoformat(held)
    rank = weighing.compare_births(read, born)
    plain = ((SAME, typed),), ((SAME, held),)
    if day == held or rank == weighing.SAME_DAY:
        return Line("生年月日", *plain, SAME, "一致")
    if born in read.others:
        words = "近い（元号か月日の読み方を変えれば同じ）"
        return Line("生年月日", *plain, VARIANT, words)
    if not day:
        return Line("生年月日", ((DIFFERS, text),), ((SAME, held),), DIFFERS, "読み取れない")
    nearly = "一字の誤りとみれば同じ。" if rank == weighing.NEAR_DAY else ""
    mine, its = date.fromisoformat(day), born
    parts = [
        f"{name}が{'同じ' if same else '違う'}"
        for name, same in (
            ("年", mine.year == its.year), ("月", mine.month == its.month),
            ("日", mine.day == its.day),
        )
    ]  # fmt: skip
    left, right, _, _ = _mark(day, held)
    if typed != day:
        left = ((SAME, f"{text}（"), *left, (SAME, " と読む）"))
    return Line("生年月日", left, right, DIFFERS, f"違う（{nearly}{'・'.join(parts)}）")


def compare_addresses(
    typed: tuple[str, str], held: tuple[str, str], gazetteer: Gazetteer
) -> list[Line]:
    """Compare two addresses in three parts: town, 丁目・番地・号, and 方書.

    Args:
        typed: address and building of the application.
        held: those of the registry.
        gazetteer: the places of the municipality.
    """
    one, other = (locate(*pair, gazetteer) for pair in (typed, held))
    left, right = _split(typed, gazetteer), _split(held, gazetteer)
    labels = ("住所: 町", "住所: 丁目・番地・号", "住所: 方書")
    told = (_tell_town(one, other), _tell_lot(one, other), "")
    lines = []
    for label, mine, its, words in zip(labels, left, right, told, strict=True):
        if not mine.strip() or not its.strip():
            lines.append(_tell_missing(label, mine, its))
            continue
        marked, held_marked, difference, _ = _mark(mine, its)
        if words:
            lines.append(Line(label, ((SAME, mine),), ((SAME, its),), SAME, words))
        elif fold_name(mine) == fold_name(its):
            lines.append(Line(label, marked, held_marked, SAME, "一致"))
        else:
            outside = one.kind == ELSEWHERE and label == labels[0]
            why = "市区町村の外とみられる" if outside else difference
            lines.append(Line(label, marked, held_marked, DIFFERS, f"違う（{why}）"))
    return lines


def _tell_town(one: Place, other: Place) -> str:
    same = one.town == other.town or not {*one.towns}.isdisjoint(other.towns)
    return "一致" if one.town and same else ""


def _tell_lot(one: Place, other: Place) -> str:
    if one.numbers and (one.chome, one.numbers) == (other.chome, other.numbers):
        return "一致"
    return "一致（部屋番号の書き方の違い）" if compare_places(one, other) == SAME_LOT else ""


def _split(pair: tuple[str, str], gazetteer: Gazetteer) -> tuple[str, str, str]:
    """Split an address as written, for display: up to the first number, the numbers, the rest."""
    text, building = pair
    rest = locate(text, "", gazetteer).rest
    end = text.rfind(rest) if rest else len(text)
    found = _NUMBERS.search(text, 0, end)
    start = found.start() if found else end
    beyond = " ".join(part for part in (text[end:], building) if part)
    return text[:start], text[start:end], beyond


def _tell_missing(label: str, typed: str, held: str) -> Line:
    if not typed.strip() and not held.strip():
        words = "どちらにも書かれていない"
    else:
        words = "書かれていない" if not typed.strip() else "台帳にない"
    return Line(label, ((SAME, typed),), ((SAME, held),), MISSING, words)


def _mark(typed: str, held: str) -> tuple[Pieces, Pieces, str, str]:
    """Mark both texts: what differs, and what is a variant of one character.

    Returns:
        the pieces of each, what differs in words, and the variants in words.
    """
    mine, its = _spell(typed[:_COMPARED]), _spell(held[:_COMPARED])
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    told: list[str] = []
    variants: list[str] = []
    matcher = SequenceMatcher(None, [k for k, _ in mine], [k for k, _ in its], autojunk=False)
    for sort, start, end, at, to in matcher.get_opcodes():
        if sort == "equal":
            for (_, one), (_, other) in zip(mine[start:end], its[at:to], strict=True):
                state = SAME if fold_exact(one) == fold_exact(other) else VARIANT
                if state == VARIANT:
                    variants.append(f"「{one.strip()}」と「{other.strip()}」は同じ字の異体")
                left.append((state, one))
                right.append((state, other))
            continue
        one, other = ("".join(text for _, text in part) for part in (mine[start:end], its[at:to]))
        left += [(DIFFERS, one)] * bool(one)
        right += [(DIFFERS, other)] * bool(other)
        if not one:
            told.append(f"申出に「{_shorten(other)}」がない")
        elif not other:
            told.append(f"台帳に「{_shorten(one)}」がない")
        else:
            told.append(f"「{_shorten(one)}」と「{_shorten(other)}」")
    ends = (typed[_COMPARED:], held[_COMPARED:])
    left, right = (
        [*pieces, *[(DIFFERS, end)] * bool(end)]
        for pieces, end in zip((left, right), ends, strict=True)
    )
    return _join(left), _join(right), _cut(told), _cut(variants)


def _shorten(text: str) -> str:
    plain = text.strip()
    return f"{plain[:_QUOTED]}…" if len(plain) > _QUOTED else plain


def _cut(told: list[str]) -> str:
    more = f"、ほか{len(told) - _NAMED}か所" if len(told) > _NAMED else ""
    return "、".join(told[:_NAMED]) + more


def _spell(text: str) -> list[tuple[str, str]]:
    """Spell a text as keys with what is written; blanks and selectors go with the letter before."""
    spelled: list[tuple[str, str]] = []
    for letter in text:
        key = fold_name(letter)
        if key or not spelled:
            spelled.append((key, letter))
        else:
            spelled[-1] = (spelled[-1][0], spelled[-1][1] + letter)
    return spelled


def _join(pieces: list[tuple[str, str]]) -> Pieces:
    joined: list[tuple[str, str]] = []
    for state, text in pieces:
        if joined and joined[-1][0] == state and state != VARIANT:
            joined[-1] = (state, joined[-1][1] + text)
        else:
            joined.append((state, text))
    return tuple(joined)
