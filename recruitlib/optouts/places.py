"""Places: where an address, typed by hand or held by the registry, says that somebody lives.

One address is written in many ways (西新宿二丁目８番１号, 西新宿2-8-1); its place is the same for
all of them. A lot that is wrong is worse than none: where the numbers are in doubt, a place says
only what is sure. Places live in memory only; the text of the address stays as it was written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from recruitlib.base.secrecy import hide_values
from recruitlib.optouts.gazetteer import (
    MUNICIPALITY,
    PREFECTURE,
    Gazetteer,
    Head,
    loosen,
)
from recruitlib.optouts.lots import LEAST_ROOM, LETTER, NUMBER, Reading, read_lot, skip
from recruitlib.optouts.towns import fold_address, read_kanji

LOT, TOWN, WARD, ELSEWHERE, MISSING = "lot", "town", "ward", "elsewhere", "missing"
SAME_LOT, SAME_BLOCK, SAME_TOWN, SAME_MUNICIPALITY, APART = 4, 3, 2, 1, 0
# Two hundred characters is what a signature certificate allows; a longer text is no address.
_MAX_LENGTH = 300
# Parts the towns of one name in several wards.
_OR = "|"


@hide_values
class Place(NamedTuple):
    """Where an address lies.

    `kind` is lot (every number of the lot is known), town (the numbers are missing or in doubt,
    those given are sure), ward (only the municipality is), elsewhere, or missing. `town` is
    folded, for comparison only; it holds the ward in a designated city, and several towns when
    the ward is not written. `chome` is 0
    for none, `rest` the building and room exactly as written. The value is a person's, so it
    shows nothing of itself.
    """

    kind: str
    town: str = ""
    chome: int = 0
    numbers: tuple[int, ...] = ()
    rest: str = ""

    @property
    def towns(self) -> tuple[str, ...]:
        """The towns that may be meant: one, or those of the same name in several wards."""
        return tuple(self.town.split(_OR)) if self.town else ()


_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Tokyo 新宿区西新宿: what stands in Latin letters before an address says nothing more.
_LATIN_HEAD = re.compile("[A-Za-z,. -]+(?=[\u3041-\u9fff])")
_POSTAL = re.compile(
    " *(?:(?:現?住所|日本国?)[:、, ]+)?(?:(?:〒 *)?[0-9]{3} *-? *[0-9]{4}(?![0-9])|〒)? *"
)
# 2一8一1 is written with the kanji for one, which looks like a hyphen.
_ONE_AS_HYPHEN = re.compile("(?<=[0-9])一(?=[0-9])")
_BEFORE_REST = re.compile("[ ,、.-]*(?:の(?=[0-9]))?")
_LOT_IN_BUILDING = re.compile(" *[0-9]+(?: *丁目| *番(?!館)| *- *[0-9]+ *- *[0-9])")


def _read_ward(text: str, start: int, gazetteer: Gazetteer) -> tuple[str, int]:
    spelling = next((ward for ward in gazetteer.wards if text.startswith(ward, start)), "")
    return gazetteer.wards.get(spelling, ""), start + len(spelling)


def _open(text: str, gazetteer: Gazetteer) -> tuple[list[tuple[int, str]], str]:
    """Read prefecture, municipality and ward.

    Returns:
        where the town may begin, each with the ward that is written ("" for none), and the kind
        of place if no town is found there.
    """
    found = PREFECTURE.match(text)
    if found and gazetteer.prefecture and found[0] != gazetteer.prefecture:
        return [], ELSEWHERE
    start = found.end() if found else 0
    short = gazetteer.prefecture[:-1]
    if not found and short and text.startswith(tuple(short + name for name in gazetteer.names)):
        start = len(short)
    name = next((name for name in gazetteer.names if text.startswith(name, start)), "")
    end = start + len(name)
    # 東京都新宿区東京都新宿区西新宿: a form may write the beginning by itself.
    while name and (again := gazetteer.prefecture + name) and text.startswith(again, end):
        end += len(again)
    ward, behind = _read_ward(text, end, gazetteer)
    starts = [(behind, ward)]
    if name and not ward:
        # 南箕輪村49: a town of the municipality's own name.
        starts.append((start, ""))
    if not name and not ward:
        # 新宿西新宿2-8-1: the ward without its 区, unless it is the town of the same name.
        for full in gazetteer.names:
            if text.startswith(full[:-1], start):
                other_ward, behind = _read_ward(text, start + len(full) - 1, gazetteer)
                starts.append((behind, other_ward))
    if name or ward:
        return starts, WARD
    other = MUNICIPALITY.match(text, start)
    if other and (found or other[0][-1] in "市区" or "郡" in other[0]):
        return starts, ELSEWHERE
    return starts, MISSING


def _find_town(
    text: str,
    spellings: dict[str, tuple[str, ...]],
    places: list[int],
    folded: str,
    gazetteer: Gazetteer,
) -> tuple[Place, int]:
    """Find the longest town that the text may begin with, and the lot behind it.

    Returns:
        the place without its `rest`, and where that begins in the folded text.
    """
    starts, kind = _open(text, gazetteer)
    for start, ward in starts:
        for size in range(min(gazetteer.longest, len(text) - start), 0, -1):
            names = spellings.get(text[start : start + size], ())
            if ward:
                names = tuple(name for name in names if gazetteer.towns[name].ward == ward)
            if not names:
                continue
            end = places[start + size - 1] + 1
            if folded[end - 1].isdigit() and folded[end : end + 1].isdigit():
                continue
            towns = [gazetteer.towns[name] for name in names]
            readings = {read_lot(folded, end, town) for town in towns}
            reading = readings.pop()
            if reading is None:
                continue
            # One name in several wards is one place; two towns of one ward are not.
            if readings or len({town.ward for town in towns}) < len(towns):
                reading = Reading(0, (), end, False)
            found = LOT if reading.sure and reading.numbers else TOWN
            return Place(found, _OR.join(names), reading.chome, reading.numbers), reading.end
    return Place(kind), len(folded)


def _locate_carefully(text: str, gazetteer: Gazetteer) -> Place:
    if len(text) > _MAX_LENGTH or _REORDERING.search(text):
        return Place(MISSING)
    folded, written = fold_address(text)
    folded = _ONE_AS_HYPHEN.sub("-", folded)
    start = skip(_POSTAL, folded, skip(_LATIN_HEAD, folded, 0))
    places = [place for place in range(start, len(folded)) if folded[place] != " "]
    compact = "".join(folded[place] for place in places)
    place, end = _find_town(compact, gazetteer.exact, places, folded, gazetteer)
    if not place.town:
        loose, kept = loosen(compact)
        kept = [places[index] for index in kept]
        other, other_end = _find_town(loose, gazetteer.loose, kept, folded, gazetteer)
        place, end = (other, other_end) if other.town else (place, end)
    if not place.town:
        return place
    rest = text[written[skip(_BEFORE_REST, folded, end)] :].strip()
    return place._replace(rest=rest)


_DIGIT = "[0-9０-９]"
_LOT_NUMBER = f"({_DIGIT}{{1,4}})"
_REGULAR = re.compile(
    f"([^0-9０-９ 　]+(?:{_DIGIT}+条[^0-9０-９ 　]+)?)"
    f"(?:(?:{_LOT_NUMBER}丁目)?{_LOT_NUMBER}(?:番地?|[-－](?={_DIGIT}))(?:{_LOT_NUMBER}(号)?)?"
    f"|{_LOT_NUMBER}[-－]{_LOT_NUMBER}[-－]{_LOT_NUMBER})"
    "(?:[ 　]+(.+))?"
)


def _read_head(text: str, gazetteer: Gazetteer) -> Head | None:
    """Read what stands before the first number; None unless its town is certain."""
    place = _locate_carefully(text, gazetteer)
    if place.kind != TOWN or place.numbers or place.rest or len(place.towns) != 1:
        return None
    if text[-1] not in "目" if place.chome else not LETTER.match(text[-1]):
        return None
    # 上 may begin the town 上2, whose number is then no 丁目.
    folded = fold_address(text)[0].replace(" ", "")
    if any(folded[place:] in gazetteer.numbered for place in range(len(folded))):
        return None
    return Head(place.town, place.chome, gazetteer.towns[place.town])


def _locate_regular(found: re.Match[str], gazetteer: Gazetteer) -> Place | None:
    """Read an address as registries write it; None when a closer look is needed."""
    beginning, chome, block, house, closed, one, two, three, rest = found.groups()
    if beginning not in gazetteer.heads:
        gazetteer.heads[beginning] = _read_head(beginning, gazetteer)
    head = gazetteer.heads[beginning]
    if head is None or (rest and not closed and not three):
        return None
    if rest and (len(rest) > _MAX_LENGTH // 2 or _REORDERING.search(rest)):
        return None
    town, number, known = head
    if known.mixed and not (chome or number):
        return None
    numbers: tuple[int, ...]
    if three:
        numbers = (int(one), int(two), int(three))
    else:
        numbers = (int(block), int(house)) if house else (int(block),)
    if (chome or three) and number:
        return None
    if three and known.chome_count:
        number, numbers = numbers[0], numbers[1:]
    elif chome:
        number = int(chome)
    if 0 in numbers or bool(number) != bool(known.chome_count) or number > known.chome_count:
        return None
    return Place(LOT, town, number, numbers, rest.strip() if rest else "")


def locate(text: str, building: str, gazetteer: Gazetteer) -> Place:
    """Read where an address lies, as the public types it or as the registry holds it.

    Postal code, prefecture, municipality and ward may each be missing. The longest town is read
    before any hyphen is, since a town's name may hold a ー. In a town with 丁目, the first number
    is the 丁目 when none is marked. Three numbers are the most that a lot has, 丁目 included; a
    fourth is a room and stays in `rest`, as does everything behind a space ("8-1 1102" is lot
    8-1). Numbers in the building's name are never touched.

    Args:
        text: the address as written, its building behind it if there is one.
        building: the building and room, where they have a field of their own.
        gazetteer: the places of the municipality.
    """
    found = _REGULAR.fullmatch(text)
    place = found and _locate_regular(found, gazetteer)
    if not place:
        place = _locate_carefully(text, gazetteer)
        if place.kind == TOWN and not place.numbers and _LOT_IN_BUILDING.match(building):
            whole = _locate_carefully(f"{text} {building}", gazetteer)
            if whole.kind == LOT:
                return whole
    if not building:
        return place
    return place._replace(rest=f"{place.rest} {building}".strip())


def _list_numbers(text: str) -> list[int]:
    found = NUMBER.findall(fold_address(text)[0])
    return [int(digits) if digits.isascii() else read_kanji(digits) for digits in found]


def _lots_agree(one: Place, other: Place) -> bool:
    """Tell whether all numbers of two lots agree, one surplus room aside.

    A surplus number is a room only from 100 up, and only where the building on the other side
    holds that number, or has no number on a lot with two numbers of its own: (8, 1, 101) agrees
    with (8, 1) and ハイツ101, and with (8, 1) and no building, not with (8, 1) and ハイツ202.
    """
    shorter, longer = sorted((one, other), key=lambda place: len(place.numbers))
    if longer.numbers[: len(shorter.numbers)] != shorter.numbers:
        return False
    surplus = longer.numbers[len(shorter.numbers) :]
    if len(surplus) != 1:
        return not surplus
    rooms = _list_numbers(shorter.rest)
    held = surplus[0] in rooms or (not rooms and len(shorter.numbers) > 1)
    return surplus[0] >= LEAST_ROOM and held


def compare_places(one: Place, other: Place) -> int:
    """Tell how near two places are.

    Args:
        one: a place.
        other: a place of the same gazetteer; the order does not matter.

    Returns:
        4 for the same lot (a surplus room is no difference); 3 for the same block: town, 丁目
        and first number; 2 for the same town, 丁目 equal or missing on one side; 1 for another
        town of the municipality, or where one of the two is not known; 0 where one lies elsewhere.
    """
    if ELSEWHERE in (one.kind, other.kind):
        return APART
    same_town = one.town == other.town or not {*one.towns}.isdisjoint(other.towns)
    if not one.town or not same_town or (one.chome and other.chome and one.chome != other.chome):
        return SAME_MUNICIPALITY
    if one.chome != other.chome or not one.numbers or one.numbers[:1] != other.numbers[:1]:
        return SAME_TOWN
    if one.kind == other.kind == LOT and _lots_agree(one, other):
        return SAME_LOT
    return SAME_BLOCK
