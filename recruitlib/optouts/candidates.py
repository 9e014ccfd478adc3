"""Candidates: who is looked at for an application, and whom people are shown.

The cohort is searched up to one letter of a name's writing or reading; a lot leads to it, too.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from recruitlib.base.secrecy import hide_values
from recruitlib.optouts.birth_readings import BirthReadings
from recruitlib.optouts.people import People, Person, list_lots, shorten
from recruitlib.optouts.places import SAME_LOT, Place, compare_places
from recruitlib.optouts.typed_names import TypedName
from recruitlib.optouts.weighing import (
    NEAR,
    SAME_DAY,
    Evidence,
    compare_names,
    list_days,
    weigh,
)

GENERATION = 17  # years between a parent and a child at least
MOST_CANDIDATES = 200


@hide_values
class Subject(NamedTuple):
    """What is compared of one application.

    ``names`` are what the field of the subject's name may be as a whole, ``pieces`` the names in
    it where it may hold several, ``others`` those of whoever else the form names (applicant,
    card); ``handwritten`` says that somebody keyed a paper in.
    """

    application_id: str
    names: tuple[TypedName, ...]
    pieces: tuple[TypedName, ...]
    others: tuple[TypedName, ...]
    birth: BirthReadings
    place: Place
    by_subject: bool
    doubtful: bool
    handwritten: bool

    def list_names(self) -> tuple[TypedName, ...]:
        """List the names that may be the subject's."""
        return (*self.names, *self.pieces)


class Near(NamedTuple):
    """A resident near an application, and how far they agree."""

    person: Person
    evidence: Evidence


def rank_near(near: Near) -> tuple[int, int, int, int, int, str]:
    """Give what residents near an application are sorted by: the strongest first."""
    evidence = near.evidence
    total = evidence.count_agreeing()
    return (
        -total,
        -evidence.count_hints(),
        -evidence.name,
        -evidence.birth,
        -evidence.place,
        near.person.addressee_id,
    )


def find_places(subject: Subject, people: People) -> list[int]:
    """Find everybody who shares something with an application, as places in ``people.persons``."""
    found: set[int] = set()
    for name in subject.list_names():
        found |= _find_near(name, people)
    for name in (*subject.list_names(), *subject.others):
        for key in name.folded:
            found.update(people.by_name.get(key, ()))
        for key in name.kana | name.reading:
            found.update(people.by_reading.get(key, ()))
        for key in name.romaji:
            found.update(people.by_romaji.get(key, ()))
    # Of other people those who share nothing but a lot were not kept (see ``Wanted``), or only for
    # another application, which must not matter.
    for lot in list_lots(subject.place):
        found.update(at for at in people.by_lot.get(lot, ()) if people.persons[at].in_cohort)
    # A birth date alone says nothing: some letter of the name must agree as well, or a reading.
    letters = frozenset().union(*(name.letters for name in subject.list_names()))
    read = any(name.kana or name.romaji or name.halves for name in subject.list_names())
    for day in list_days(subject.birth):
        for at in people.by_birth.get(day, ()):
            if read or not letters.isdisjoint(people.persons[at].broad):
                found.add(at)
    found.update(at for at in people.masked if not letters.isdisjoint(people.persons[at].broad))
    return sorted(found)


def _find_near(name: TypedName, people: People) -> set[int]:
    """Find whom of the cohort a name may mean, up to one letter of its writing or its reading."""
    return {
        at
        for keys, index in ((name.broad, people.near_names), (name.loose, people.near_readings))
        for key in keys
        for left in shorten(key)
        for at in index.get(left, ())
    }


def find_alike(name: TypedName, people: People) -> list[Person]:
    """Find the people of the cohort whose name is nearly or surely a typed one."""
    near = (people.persons[at] for at in sorted(_find_near(name, people)))
    return [person for person in near if compare_names(name, person) >= NEAR]


def find_named(name: TypedName, people: People) -> list[Person]:
    """Find everybody who bears a typed name, in any order of its parts or by its reading."""
    places = {at for key in name.folded for at in people.by_name.get(key, [])}
    places |= {at for key in name.kana for at in people.by_reading.get(key, [])}
    return [people.persons[at] for at in sorted(places)]


def find_neighbours(person: Person, people: People) -> list[Person]:
    """Find the people of the cohort in a person's household or on the same lot."""
    places = {*people.by_household.get(person.household_id, [])} if person.household_id else set()
    for lot in list_lots(person.place):
        places |= {*people.by_lot.get(lot, [])}
    others = (people.persons[at] for at in sorted(places))
    return [other for other in others if other.in_cohort and other is not person]


def share_home(one: Person, other: Person) -> bool:
    """Say whether two residents live together as far as the registry shows.

    That is one household; or one lot with the same family name, or the same building and room.
    """
    if one.household_id and one.household_id == other.household_id:
        return True
    if compare_places(one.place, other.place) < SAME_LOT:
        return False
    # Who has no building written lives somewhere on the whole lot.
    together = one.building == other.building or not (one.building and other.building)
    return together or share_family_name(one, other)


def share_family_name(one: Person, other: Person) -> bool:
    """Say whether two residents have one family name; unparted names are compared by a letter."""
    if len(one.parts) > 1 and len(other.parts) > 1:
        return one.parts[0] == other.parts[0]
    return one.folded[:1] == other.folded[:1]


def count_years(earlier: date | None, later: date | None) -> int:
    """Count the whole years from one day to another; -1 where one is not known."""
    if earlier is None or later is None:
        return -1
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


def is_elder_at_home(person: Person, child: Person) -> bool:
    """Say whether somebody is a generation older than another and lives with him or her."""
    older = count_years(person.birth, child.birth) >= GENERATION
    return older and share_home(person, child)


def list_candidates(
    subject: Subject, looked: list[Near], near: list[Near], people: People
) -> list[Near]:
    """List whom an officer should look at: the cohort, strongest first, then housemates.

    Args:
        subject: the application.
        looked: everybody who shares something with it.
        near: those who agree in two fields.
        people: the residents.

    Returns:
        people of the cohort only; at most 200.
    """
    found = {id(one.person): one for one in near if one.person.in_cohort}
    # Whoever is named or surely meant may have applied for a child at home.
    signers = [
        person
        for name in (*subject.list_names(), *subject.others)
        for person in (*find_named(name, people), *find_alike(name, people))
    ]
    signers += [one.person for one in near]
    for signer in signers:
        for other in (signer, *find_neighbours(signer, people)):
            if other.in_cohort and (other is signer or share_home(signer, other)):
                evidence = weigh(subject.list_names(), subject.birth, subject.place, other)
                found.setdefault(id(other), Near(other, evidence))
    texts = ["".join(name.parts) for name in subject.list_names()]
    read = any(name.kana or name.romaji for name in subject.list_names())
    for one in looked:
        if one.person.in_cohort and (
            one.evidence.name >= NEAR
            or one.evidence.count_hints() > 1
            or any(one.person.folded in text for text in texts)
            or (read and not one.person.kana and one.evidence.birth == SAME_DAY)
        ):
            found.setdefault(id(one.person), one)
    return sorted(found.values(), key=rank_near)[:MOST_CANDIDATES]
