"""Whether a form is for one subject: two children on one form are two applications.

Another child may be named in the field of the name, in the reading, in brackets, or behind a word
such as 妹; whoever is found so must not be lost.
"""

from __future__ import annotations

import re

from recruitlib.base.names import fold_kana, fold_kana_loosely
from recruitlib.base.romaji import romanize_kana
from recruitlib.optouts.candidates import (
    Near,
    Subject,
    find_named,
    find_neighbours,
    is_elder_at_home,
    share_family_name,
    share_home,
)
from recruitlib.optouts.people import People, Person, differ_by_one
from recruitlib.optouts.typed_names import TypedName
from recruitlib.optouts.weighing import (
    STRONG,
    compare_names,
)

# What stands behind one name and means others as well: 架空花子　妹, 架空花子他.
_ANOTHER = re.compile("[妹弟姉兄他外等ら達0-9]|ほか|など|たち")


def is_one_subject(subject: Subject, best: Near, people: People) -> bool:
    """Whether every other name in the subject's field is a part of the same name, or an adult's.

    Two children on one form are two applications, and one of them must not be lost.
    """
    if best.evidence.name < STRONG and may_name_another(subject, best.person, people):
        return False
    if any(_reads_another(name, best.person, people) for name in subject.names):
        return False
    return all(
        compare_names(piece, best.person) >= STRONG
        or _is_part(piece, best.person)
        or any(
            not person.in_cohort and is_elder_at_home(person, best.person)
            for person in find_named(piece, people)
        )
        for piece in subject.pieces
    )


def may_name_another(subject: Subject, person: Person, people: People) -> bool:
    """Whether a name that is not quite a person's has a part too many, or a housemate's name in it.

    架空　花子　月子 and 架空花子月子 are two sisters, though nothing stands between them.
    """
    most = max(2, len(person.parts))
    if any(
        len(name.parts) > most and not all(_is_own(part, person) for part in name.parts)
        for name in subject.names
    ):
        return True
    written = ["".join(name.parts) for name in subject.names]
    if any(_ANOTHER.fullmatch(text.removeprefix(person.folded)) for text in written):
        return True
    read = [key for name in subject.names for key in name.kana | name.reading]
    return any(
        any(given in text for text in texts)
        for other in find_neighbours(person, people)
        if share_home(person, other)
        for given, texts in ((guess_given(other), written), ("".join(other.kana_parts[1:]), read))
        if given and given not in (*person.parts, *person.kana_parts)
    )


def _is_own(part: str, person: Person) -> bool:
    """Whether a part of a name is one of a person's; of an unparted name nobody knows the parts."""
    read = fold_kana(part)
    if len(person.parts) > 1:
        return part in person.parts or read in person.kana_parts
    return part in person.folded or read in person.kana


def _reads_another(name: TypedName, person: Person, people: People) -> bool:
    """Whether the reading beside a name is that of somebody else, or of two.

    架空花子（カクウサクラ） and 架空花子 with カクウハナコ　カクウツキコ name two sisters. Whose
    reading the registry does not know may be read in any way.
    """
    keys, own = name.reading, person.kana
    if not keys or not own or own in keys:
        return False
    if any(
        len(key) > len(own) + 1 and all(part in key for part in person.kana_parts) for key in keys
    ):
        return True
    others = [other for other in find_neighbours(person, people) if share_home(person, other)]
    sounds = {"".join(other.kana_parts[1:]) for other in others} - {"", *person.kana_parts}
    if any(sound in key for sound in sounds for key in keys):
        return True
    loose = [fold_kana_loosely(part) for part in (own, *person.kana_parts)]
    if any(differ_by_one(fold_kana_loosely(key), part) for key in keys for part in loose):
        return False
    # After a marriage the given name stays; where nothing parts the reading, its end does.
    if not any(
        part in key or key in part or (part is own and key[-2:] == own[-2:])
        for key in keys
        for part in (person.kana_parts if len(person.kana_parts) > 1 else (own,))
    ):
        return True
    named = (people.persons[at] for key in keys for at in people.by_reading.get(key, ()))
    return any(other.in_cohort for other in named)


def guess_given(person: Person) -> str:
    """Give the given name; of an unparted name its last two letters."""
    return "".join(person.parts[1:]) or person.folded[-2:]


def _is_part(piece: TypedName, person: Person) -> bool:
    """Whether a piece of a field is the family or the given name of a person, or its reading."""
    if piece.kana:
        return not piece.kana.isdisjoint((*person.kana_parts, person.kana))
    if piece.romaji:
        return not piece.romaji.isdisjoint(map(romanize_kana, person.kana_parts))
    if len(person.parts) > 1:
        return not piece.folded.isdisjoint(person.parts)
    whole = "".join(piece.parts)
    return person.folded.startswith(whole) or person.folded.endswith(whole)


def is_borne_by_other(subject: Subject, person: Person, people: People) -> bool:
    """Whether the name as typed is that of somebody else of the cohort and of the family name.

    A parent wrote the name of one child with the birth date of the other.
    """
    named = (other for name in subject.list_names() for other in find_named(name, people))
    return any(
        other.in_cohort and other is not person and share_family_name(other, person)
        for other in named
    )
