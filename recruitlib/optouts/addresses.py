"""Lots: where an address says that somebody lives, as a value that can be compared.

One address is written in many ways (西新宿二丁目８番１号, 西新宿2-8-1); a lot is the same for all
of them. A lot that is wrong is worse than none, so whatever leaves a doubt gives None and goes
before a person. Lots live in memory only; the text of the address stays as it was written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from recruitlib.optouts.towns import KANJI_DIGITS, Town, fold_address, read_kanji
from recruitlib.optouts.towns import TownTable as TownTable
from recruitlib.optouts.towns import read_towns as read_towns

# Two hundred characters is what a signature certificate allows; a longer text is no address.
MAX_LENGTH = 300
# Houses and branch lots (号, 枝番) stay below this, rooms begin at it (101).
LEAST_ROOM = 100


class Lot(NamedTuple):
    """Where an address lies: its town, 丁目 (0 for none), the numbers after it, and what is left.

    `rest` is the building and room exactly as written. The value is a person's, so it shows
    nothing of itself.
    """

    town: str
    chome: int
    numbers: tuple[int, ...]
    rest: str

    def __repr__(self) -> str:
        """Hide the address from messages, logs and notebooks."""
        return "Lot(…)"


_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_POSTAL = re.compile("(?:〒 *)?[0-9]{3} *-? *[0-9]{4}(?![0-9])|〒")
_NUMBER = re.compile(f"[0-9]+|[{KANJI_DIGITS}十拾百]+")
# A number with one of these behind it counts rooms, floors or buildings, or is part of a name.
_OF_BUILDING = re.compile(" *号[室棟]|号[館店]|室(?!町)|[棟階条]|番[館街町外目]|F(?![A-Za-z])")
_BEHIND_NUMBER = re.compile(f"[丁番号]|の[0-9{KANJI_DIGITS}十百]")
_CHOME = re.compile(" *丁目?")
_BLOCK = re.compile(" *(?:番地|番)")
_HOUSE = re.compile(" *号")
_UNIT = re.compile(" *[番号]")
_SPACES = re.compile(" *")
_JOINT = re.compile(f" *- *| *の *(?=[0-9{KANJI_DIGITS}十百])")
_BEFORE_REST = re.compile("[ ,、.-]*(?:の(?=[0-9]))?")
_BETWEEN = re.compile("[^0-9A-Za-z\u3005-\u3007\u3041-\u30fa\u30fc-\u30fe\u4e00-\u9fff]*")
_LETTER = re.compile("[^\\W\\d_]")


class _DoubtError(Exception):
    """The address may be read in two ways."""


def _skip(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _is_word(text: str, number: re.Match[str]) -> bool:
    """Tell whether these kanji digits begin a word, as in 三井ビル, and are no number."""
    if number[0].isascii() or _BEHIND_NUMBER.match(text, number.end()):
        return False
    return bool(_LETTER.match(text, number.end()))


def _read_number(text: str, start: int) -> tuple[int, int] | None:
    """Read a number of a lot and where it ends; None when what stands here is no such number."""
    found = _NUMBER.match(text, start)
    if not found or _OF_BUILDING.match(text, found.end()) or _is_word(text, found):
        return None
    behind = text[found.end() :]
    if found[0].isascii():
        value = int(found[0]) if len(found[0]) <= 4 else 0
        # 1A may be house 1 or room 1A, and 1½ is nothing known.
        doubtful = bool(re.match("[A-Za-z](?![A-Za-z])|\ufffd", behind))
        other = _NUMBER.match(behind)
        # 8一1 hides a hyphen; 8三井 does not.
        doubtful |= bool(other) and not (other and _is_word(behind, other))
    else:
        value = read_kanji(found[0]) if len(found[0]) <= 6 else 0
        doubtful = bool(_NUMBER.match(behind))
    if doubtful or value == 0:
        raise _DoubtError
    return value, found.end()


def _read_numbers(text: str, start: int, limit: int) -> tuple[tuple[int, ...], int]:
    """Read the numbers after the town and 丁目, and where they end.

    At most `limit` numbers belong to the lot; one more is a room.
    """
    numbers: list[int] = []
    place = end = start
    spaced, closed = "", False
    while len(numbers) < limit and (number := _read_number(text, place)):
        value, end = number
        numbers.append(value)
        house, block = _HOUSE.match(text, end), _BLOCK.match(text, end)
        # 8番 1号 is a house for certain; 8番 1 and 8番地 1号 may be a room.
        certain = spaced in ("", "番") and (not spaced or (house and value < LEAST_ROOM))
        if not certain or (house and len(numbers) == 1) or _CHOME.match(text, end):
            raise _DoubtError
        if house:
            end, closed = house.end(), True
            break
        if block and len(numbers) > 1 and (spaced or not block[0].endswith("地")):
            raise _DoubtError
        if block:
            end = block.end()
            if len(numbers) > 1:
                closed = True
                break
        joint = _JOINT.match(text, end)
        if not joint and not block:
            break
        place = joint.end() if joint else _skip(_SPACES, text, end)
        spaced = block[0][-1] if block and joint is None and place > end else ""
    if not closed and len(numbers) < 2:
        _require_no_number(text, end)
    return tuple(numbers), end


def _require_no_number(text: str, end: int) -> None:
    """Doubt a lot that may be incomplete when something like its next number follows."""
    place = _skip(_BETWEEN, text, end)
    found, gap = _NUMBER.match(text, place), text[end:place]
    if not found or _OF_BUILDING.match(text, found.end()):
        return
    if not (gap.endswith(" ") and "-" not in gap and _is_word(text, found)):
        raise _DoubtError


def _read_lot(text: str, start: int, towns: TownTable) -> tuple[Town, int, tuple[int, ...], int]:
    """Read town, 丁目, numbers and the place behind them, from the beginning of a town's name."""
    sizes = range(min(towns.longest, len(text) - start), 0, -1)
    size = next((size for size in sizes if text[start : start + size] in towns.spellings), 0)
    if not size:
        raise _DoubtError
    town = towns.towns[towns.spellings[text[start : start + size]]]
    end = start + size
    place = _skip(_SPACES, text, end)
    chome = 0
    first = _read_number(text, place)
    written = _CHOME.match(text, first[1]) if first else None
    if first and (written or town.chome_count):
        chome, end = first[0], written.end() if written else first[1]
        place = _skip(_JOINT, text, end)
        if written:
            place = _skip(_SPACES, text, place)
        if chome > town.chome_count or (not written and _UNIT.match(text, end)):
            raise _DoubtError
        if not written and place == end:
            _require_no_number(text, end)
            return town, chome, (), end
    numbers, numbers_end = _read_numbers(text, place, limit=2 if chome else 3)
    end = numbers_end if numbers else end
    if not chome and not numbers and text[end:].strip(" "):
        raise _DoubtError
    return town, chome, numbers, end


def parse_address(
    text: str, towns: TownTable, municipality: str = "新宿区", prefecture: str = "東京都"
) -> Lot | None:
    """Read the lot of an address, however it is written.

    The longest town at the beginning (after postal code, prefecture and municipality, each of
    which may be missing) is read before any hyphen is, since a town's name may hold a ー. In a
    town with 丁目, the first number is the 丁目 when none is marked. Three numbers are the most
    that a lot has, 丁目 included; a fourth is a room and stays in `rest`, as does everything
    behind a space ("8-1 1102" is lot 8-1). Numbers in the building's name are never touched.

    Args:
        text: the address as written, its building behind it if there is one.
        towns: the towns of the municipality.
        municipality: its name, as addresses begin with it.
        prefecture: likewise.

    Returns:
        The lot; without numbers when only a town (and 丁目) is written. None when the town is
        unknown or of another municipality, when a 丁目 does not exist, or when the text may be
        read in two ways.
    """
    if len(text) > MAX_LENGTH or _REORDERING.search(text):
        return None
    folded, places = fold_address(text)
    start = _skip(_SPACES, folded, _skip(_POSTAL, folded, _skip(_SPACES, folded, 0)))
    prefecture, ward = fold_address(prefecture)[0], fold_address(municipality)[0]
    if folded.startswith(prefecture, start):
        start = _skip(_SPACES, folded, start + len(prefecture))
    if folded.startswith(ward, start):
        starts = [_skip(_SPACES, folded, start + len(ward))]
    else:
        # 新宿西新宿2-8-1: the ward without its 区, unless it is the town of the same name.
        starts = [start, start + len(ward) - 1][: 1 + folded.startswith(ward[:-1], start)]
    for place in starts:
        try:
            town, chome, numbers, end = _read_lot(folded, place, towns)
        except _DoubtError:
            continue
        rest = text[places[_skip(_BEFORE_REST, folded, end)] :].strip()
        return Lot(town.name, chome, numbers, rest)
    return None


def _list_numbers(text: str) -> list[int]:
    found = _NUMBER.findall(fold_address(text)[0])
    return [int(digits) if digits.isascii() else read_kanji(digits) for digits in found]


def lots_agree(left: Lot | None, right: Lot | None) -> bool:
    """Tell whether two addresses lie on the same lot.

    Town, 丁目 and every number are equal. One surplus number is let pass only as a room, that is
    from 100 up, and only where the building on the other side holds that number, or is written
    without any number on a lot that has two numbers of its own: (8, 1, 101) agrees with (8, 1)
    and ハイツ101, and with (8, 1) and no building, not with (8, 1) and ハイツ202, and (8, 1) never
    agrees with (8,). A town or 丁目 alone, and no lot at all, agree with nothing.

    Args:
        left: a lot, or None.
        right: a lot, or None; the order does not matter.
    """
    if left is None or right is None or left[:2] != right[:2]:
        return False
    shorter, longer = sorted((left, right), key=lambda lot: len(lot.numbers))
    if not shorter.numbers or longer.numbers[: len(shorter.numbers)] != shorter.numbers:
        return False
    surplus = longer.numbers[len(shorter.numbers) :]
    if len(surplus) != 1:
        return not surplus
    rooms = _list_numbers(shorter.rest)
    held = surplus[0] in rooms or (not rooms and len(shorter.numbers) > 1)
    return surplus[0] >= LEAST_ROOM and held
