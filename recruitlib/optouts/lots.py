"""Lots: the numbers behind a town's name, and what of them is certain."""

from __future__ import annotations

import re
from typing import NamedTuple

from recruitlib.optouts.gazetteer import PART_OF_NAME, KnownTown
from recruitlib.optouts.towns import KANJI_DIGITS, read_kanji

# Houses and branch lots (号, 枝番) stay below this, rooms begin at it (101).
LEAST_ROOM = 100


class Reading(NamedTuple):
    """The lot behind a town's name, and where it ends; `sure` unless a number is in doubt."""

    chome: int
    numbers: tuple[int, ...]
    end: int
    sure: bool


NUMBER = re.compile(f"[0-9]+|[{KANJI_DIGITS}十拾百]+")
# A number with one of these behind it counts rooms, floors or buildings.
_OF_BUILDING = re.compile(" *号[室棟]|号[館店]|室(?!町)|[棟階]|番館|F(?![A-Za-z])")
# With one of these, it is part of the name of a town that is not known.
_OF_NAME = re.compile(
    f"{PART_OF_NAME}|丁町|の(?![0-9{KANJI_DIGITS}十百 ])|(?![丁番号の階棟室])[\u4e00-\u9fff]"
)
_BEHIND_NUMBER = re.compile(f"[丁番号]|の[0-9{KANJI_DIGITS}十百]")
_CHOME = re.compile(" *丁目?")
_BLOCK = re.compile(" *(?:番地|番)")
_HOUSE = re.compile(" *号")
_UNIT = re.compile(" *[番号]")
_SPACES = re.compile(" *")
_JOINT = re.compile(f" *- *| *の *(?=[0-9{KANJI_DIGITS}十百])")
_BETWEEN = re.compile("[^0-9A-Za-z\u3005-\u3007\u3041-\u30fa\u30fc-\u30fe\u4e00-\u9fff]*")
LETTER = re.compile("[^\\W\\d_]")


def skip(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Find the place behind what the pattern matches here; this place if it matches nothing."""
    found = pattern.match(text, place)
    return found.end() if found else place


def _is_word(text: str, number: re.Match[str]) -> bool:
    """Tell whether these kanji digits begin a word, as in 三井ビル, and are no number."""
    if number[0].isascii() or _BEHIND_NUMBER.match(text, number.end()):
        return False
    return bool(LETTER.match(text, number.end()))


def _read_number(text: str, start: int) -> tuple[int, int] | None:
    """Read a number of a lot and where it ends; 0 for one in doubt, None when none stands here."""
    found = NUMBER.match(text, start)
    if not found or _OF_BUILDING.match(text, found.end()) or _is_word(text, found):
        return None
    behind = text[found.end() :]
    other = NUMBER.match(behind)
    if found[0].isascii():
        value = int(found[0]) if len(found[0]) <= 4 else 0
        # 1A may be house 1 or room 1A, and 1½ is nothing known.
        doubtful = bool(re.match("[A-Za-z](?![A-Za-z])|\ufffd", behind))
        # 8一1 hides a hyphen; 8三井 does not.
        doubtful |= bool(other) and not (other and _is_word(behind, other))
    else:
        value = read_kanji(found[0]) if len(found[0]) <= 6 else 0
        doubtful = bool(other) or behind.startswith("\ufffd")
    return 0 if doubtful else value, found.end()


def _read_numbers(text: str, start: int, limit: int) -> tuple[tuple[int, ...], int, bool]:
    """Read the numbers after the town and 丁目, where they end, and whether nothing is in doubt.

    At most `limit` numbers belong to the lot; one more is a room.
    """
    numbers: list[int] = []
    place = end = start
    spaced, closed = "", False
    while len(numbers) < limit and (number := _read_number(text, place)):
        value, behind = number
        house, block = _HOUSE.match(text, behind), _BLOCK.match(text, behind)
        if value >= LEAST_ROOM and spaced:
            break
        # 8番 1号 is a house for certain; 8番 1 and 8番地 1号 may be a room.
        certain = not spaced or (house and spaced == "番")
        if not value or not certain or (house and not numbers):
            return tuple(numbers), end, False
        if _CHOME.match(text, behind):
            return (), start, False
        if block and numbers and (spaced or not block[0].endswith("地")):
            return tuple(numbers), end, False
        numbers.append(value)
        end = behind
        if house:
            end, closed = house.end(), True
            break
        if block:
            end = block.end()
            if len(numbers) > 1:
                closed = True
                break
        joint = _JOINT.match(text, end)
        if not joint and not block:
            break
        place = joint.end() if joint else skip(_SPACES, text, end)
        # In 8 番 1 the blanks are the writing's own; in 8番 1 a room may stand behind one.
        alone = block and not block[0].startswith(" ") and joint is None and place > end
        spaced = block[0][-1] if block and alone else ""
    sure = bool(numbers) and (closed or len(numbers) > 1 or not _goes_on(text, end))
    return tuple(numbers), end, sure


def _goes_on(text: str, end: int) -> bool:
    """Tell whether something like the next number of the lot follows, so that it may lack one."""
    place = skip(_BETWEEN, text, end)
    found, gap = NUMBER.match(text, place), text[end:place]
    if not found or _OF_BUILDING.match(text, found.end()):
        return "\ufffd" in gap
    if found[0].isascii() and int(found[0]) >= LEAST_ROOM and gap.strip(" ") in ("", "番", "番地"):
        return not gap.endswith(" ")
    return not (gap.endswith(" ") and "-" not in gap and _is_word(text, found))


def _begins_word(text: str, place: int) -> bool:
    """Tell whether a word in kanji or kana begins here, and no number."""
    number = NUMBER.match(text, place)
    if number:
        return _is_word(text, number)
    return bool(LETTER.match(text, place)) and not text[place].isascii()


def read_lot(text: str, start: int, known: KnownTown) -> Reading | None:
    """Read 丁目 and numbers behind a town's name.

    Args:
        text: a folded address.
        start: where the town's name ends in it.
        known: the town.

    Returns:
        The lot, without the numbers that are in doubt. None when the name must go on, so that
        another town is meant.
    """
    place = skip(_SPACES, text, skip(_JOINT, text, skip(_SPACES, text, start)))
    first = _read_number(text, place)
    if not first:
        return None if _begins_word(text, place) else Reading(0, (), start, False)
    value, end = first
    if _OF_NAME.match(text, end) and not NUMBER.match(text, end):
        return None
    unsure = Reading(0, (), start, False)
    if written := _CHOME.match(text, end):
        if not value or value > known.chome_count:
            return unsure
        if _begins_word(text, written.end()):
            return None
        place = skip(_SPACES, text, skip(_JOINT, text, written.end()))
        return _end_lot(text, value, place, written.end())
    if known.mixed:
        return _read_mixed(text, place, known.chome_count) or unsure
    if not known.chome_count:
        numbers, behind, sure = _read_numbers(text, place, limit=3)
        return Reading(0, numbers, behind, sure)
    if not value or value > known.chome_count or _UNIT.match(text, end):
        return unsure
    joint = _JOINT.match(text, end)
    if joint:
        return _end_lot(text, value, joint.end(), end)
    # 2 8-1 is 2-8-1, but 2 1102 may be anything.
    numbers, behind, sure = _read_numbers(text, skip(_SPACES, text, end), limit=2)
    if sure and len(numbers) > 1 and max(numbers) < LEAST_ROOM:
        return Reading(value, numbers, behind, True)
    return Reading(value, (), end, False)


def _end_lot(text: str, chome: int, place: int, end: int) -> Reading:
    numbers, behind, sure = _read_numbers(text, place, limit=2)
    return Reading(chome, numbers, behind if numbers else end, sure)


def _read_mixed(text: str, place: int, chome_count: int) -> Reading | None:
    """Read unmarked numbers in a town some of whose lots have a 丁目; None when in doubt."""
    numbers, behind, sure = _read_numbers(text, place, limit=3)
    if not numbers or not sure:
        return None
    first = NUMBER.match(text, place)
    if numbers[0] > chome_count or (first and _UNIT.match(text, first.end())):
        return Reading(0, numbers, behind, True)
    if len(numbers) == 3 and max(numbers) < LEAST_ROOM:
        return Reading(numbers[0], numbers[1:], behind, True)
    return None
