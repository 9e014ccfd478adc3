"""Evidence of a pair: how far name, birth date and lot of an application and a resident agree.

Each field is ranked by itself and never added up: a name cannot make good for a date. What is
found by looking alike alone (a look-alike character, one edit) ranks below what is the same.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from recruitlib.base.names import GETA, fold_broad, fold_kana_loosely, keys_agree
from recruitlib.optouts.birth_readings import BirthReadings, is_typo_of
from recruitlib.optouts.people import Person, differ_by_one
from recruitlib.optouts.places import SAME_LOT, Place, compare_places
from recruitlib.optouts.typed_names import Half, TypedName

# Names, from the same characters down to the family name alone.
SAME, VARIANT, READING, PARTLY, NEAR, GIVEN, FAMILY, NO_NAME = 9, 8, 7, 6, 4, 2, 1, 0
# Birth dates: the same; another reading or a slip of the pen; none to compare; another one.
SAME_DAY, NEAR_DAY, NO_DAY, OTHER_DAY = 4, 3, 2, 0
STRONG = PARTLY  # a name of this rank or above is the person's name


class Evidence(NamedTuple):
    """How far the three fields of a pair agree, each by its own ranks."""

    name: int
    birth: int
    place: int

    def count_agreeing(self) -> int:
        """Count the fields that agree, be it nearly."""
        return (self.name >= NEAR) + (self.birth >= NEAR_DAY) + (self.place >= SAME_LOT)

    def count_hints(self) -> int:
        """Count the fields that agree in anything: a family or given name, a birth date, a lot."""
        return (self.name >= FAMILY) + (self.birth >= NEAR_DAY) + (self.place >= SAME_LOT)

    def dominates(self, other: Evidence) -> bool:
        """Say whether this is nowhere weaker than the other evidence, and somewhere stronger."""
        return self != other and all(mine >= its for mine, its in zip(self, other, strict=True))


def compare_births(read: BirthReadings, birth: date | None, nearly: bool = True) -> int:
    """Rank how a typed birth date agrees with a resident's.

    Args:
        read: what was typed.
        birth: the resident's.
        nearly: whether to look for a slip of the pen, too.
    """
    if birth is None or (read.missing and not read.others):
        return NO_DAY
    if read.plain == birth:
        return SAME_DAY
    if birth in read.others:
        return NEAR_DAY
    if nearly and any(is_typo_of(typed, birth) for typed in list_days(read)):
        return NEAR_DAY
    return NO_DAY if read.missing else OTHER_DAY


def list_days(read: BirthReadings) -> list[date]:
    """List the days that a typed birth date may mean, the plain one first."""
    return [*([read.plain] if read.plain else []), *read.others]


def weigh(
    names: tuple[TypedName, ...], read: BirthReadings, place: Place, person: Person
) -> Evidence:
    """Weigh a pair: an empty field on either side is evidence of nothing."""
    name = max((compare_names(typed, person) for typed in names), default=NO_NAME)
    lot = compare_places(place, person.place)
    # A slip of the pen counts only beside something else that agrees.
    nearly = name >= FAMILY or lot >= SAME_LOT
    return Evidence(name, compare_births(read, person.birth, nearly), lot)


def compare_names(typed: TypedName, person: Person) -> int:
    """Rank how a typed name agrees with a resident's."""
    if not person.folded:
        return NO_NAME
    if typed.exact == person.exact:
        return SAME
    if person.folded in typed.folded or _agree_masked(typed, person):
        return VARIANT
    if person.kana and person.kana in typed.kana:
        return READING
    if _agree_partly(typed, person):
        return PARTLY
    if _is_near(typed, person):
        return NEAR
    if _share_given(typed, person):
        return GIVEN
    return FAMILY if _share_family(typed, person) else NO_NAME


def _agree_masked(typed: TypedName, person: Person) -> bool:
    """Whether names agree in all characters that both could write, and in at least half of all."""
    if not person.is_masked and not typed.masked and GETA not in typed.exact:
        return False
    return any(keys_agree(key, person.folded) for key in (*typed.folded, typed.masked))


def _agree_partly(typed: TypedName, person: Person) -> bool:
    """Whether one part is written in kana and the other in characters, or all in Latin letters."""
    if person.romaji and person.romaji in typed.romaji:
        return True
    return any(_agree_half(half, person) for half in typed.halves)


def _agree_half(half: Half, person: Person) -> bool:
    """Whether a part in kana is read so, and the other part is the same.

    A name that is not parted agrees by its beginning and its end.
    """
    if not person.kana:
        return False
    if half.kana_first:
        read = half.reading == person.kana_parts[0] if len(person.kana_parts) > 1 else (
            person.kana.startswith(half.reading)
        )  # fmt: skip
        rest = person.parts[-1]
        same = half.rest == rest if len(person.parts) > 1 else person.folded.endswith(half.rest)
    else:
        read = half.reading == person.kana_parts[-1] if len(person.kana_parts) > 1 else (
            person.kana.endswith(half.reading)
        )  # fmt: skip
        rest = person.parts[0]
        same = half.rest == rest if len(person.parts) > 1 else person.folded.startswith(half.rest)
    return read and same and bool(half.rest)


def _is_near(typed: TypedName, person: Person) -> bool:
    """Whether names look alike, differ by one letter, or are read alike."""
    if person.broad in typed.broad:
        return True
    # Two letters are too few to be told from another name by one, and a family name is not near.
    told_apart = len(person.broad) > 2 and typed.folded.isdisjoint(person.parts)
    if told_apart and any(
        differ_by_one(key, person.broad) and _keeps_given(key, person) for key in typed.broad
    ):
        return True
    if not person.kana:
        return False
    if person.kana in typed.reading:
        return True
    return any(differ_by_one(key, person.kana) for key in typed.kana) or any(
        key == fold_kana_loosely(person.kana) for key in typed.loose
    )


def _keeps_given(key: str, person: Person) -> bool:
    """Whether something of the given name is left: one letter of one is another name."""
    if len(person.parts) > 1:
        return not set(fold_broad(person.parts[-1])).isdisjoint(key)
    return len(person.broad) > 3 or person.broad[-1:] in key


def _share_given(typed: TypedName, person: Person) -> bool:
    """Whether the given name is the same, as after a marriage."""
    if len(person.kana_parts) > 1 and len(person.kana_parts[-1]) > 1:
        given = person.kana_parts[-1]
        if any(key.endswith(given) for key in (*typed.kana, *typed.reading)):
            return True
    whole = "".join(typed.parts)
    if len(person.parts) > 1:
        given = person.parts[-1]
        if len(typed.parts) > 1:
            return given in typed.parts
        return whole.endswith(given)
    # Nobody knows where the given name of an unparted name begins.
    return len(whole) > 1 and person.folded[-2:] == whole[-2:] and person.folded != whole


def _share_family(typed: TypedName, person: Person) -> bool:
    whole = "".join(typed.parts)
    if len(person.kana_parts) > 1 and len(person.kana_parts[0]) > 1:
        family = person.kana_parts[0]
        if any(key.startswith(family) for key in (*typed.kana, *typed.reading)):
            return True
    if len(person.parts) > 1:
        return whole.startswith(person.parts[0]) or person.parts[0] in typed.parts
    return len(whole) > 2 and whole[:2] == person.folded[:2]
