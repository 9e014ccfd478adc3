"""Matching (突合) of applications with residents, fail closed.

Each application ends exactly once: with one person of the cohort (tier A by full agreement, B
listed for an officer), outside the cohort with proof (O), or before two people (C). Four rules
carry it: whoever else agrees in two fields must be weaker in one field and stronger in none
(rival); a match outside the cohort is no end where the subject may live there (household), is of
another generation (age), or nobody was found at all (not found).

Source: 西東京市 (one hit on name, birth date and sex was somebody else); 要綱 of several cities
(parents and agents may apply).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from recruitlib.optouts.candidates import (
    Near,
    Subject,
    find_places,
    list_candidates,
    rank_near,
    share_family_name,
)
from recruitlib.optouts.one_subject import is_borne_by_other, is_one_subject
from recruitlib.optouts.outside import end_outside
from recruitlib.optouts.people import People, Person, list_lots
from recruitlib.optouts.places import SAME_LOT, Place, compare_places
from recruitlib.optouts.rivals import find_rivals, is_parent
from recruitlib.optouts.weighing import (
    GIVEN,
    NEAR,
    NEAR_DAY,
    NO_DAY,
    OTHER_DAY,
    SAME_DAY,
    STRONG,
    VARIANT,
    Evidence,
    weigh,
)


class Match(NamedTuple):
    """How an application ends.

    ``tier`` is A1, B2 to B7, O1 or C; ``person`` is missing only in C; ``near`` are the residents
    looked at who agree in two fields, strongest first, ``candidates`` whom people choose from;
    ``reason`` is a code.
    """

    application_id: str
    tier: str
    person: Person | None
    evidence: Evidence
    reason: str
    near: list[Near]
    candidates: list[Near]
    is_signed_by_other: bool


def match_subject(subject: Subject, people: People, today: date) -> Match:
    """Find the one end of an application.

    Args:
        subject: the application.
        people: whoever may be meant.
        today: the day on which ages are counted.
    """
    looked = [
        Near(person, weigh(subject.list_names(), subject.birth, subject.place, person))
        for person in (people.persons[at] for at in find_places(subject, people))
    ]
    near = sorted((one for one in looked if one.evidence.count_agreeing() >= 2), key=rank_near)
    own = [one for one in near if one.person.in_cohort]
    tier, person, reason = _find_end(subject, near, own, people, today)
    evidence = next((one.evidence for one in near if one.person is person), Evidence(0, 0, 0))
    candidates = list_candidates(subject, looked, near, people) if tier == "C" else []
    return Match(
        subject.application_id, tier, person, evidence, reason, near, candidates,
        bool(subject.others),
    )  # fmt: skip


def _find_end(
    subject: Subject, near: list[Near], own: list[Near], people: People, today: date
) -> tuple[str, Person | None, str]:
    if subject.doubtful:
        return "C", None, "several_subjects"
    if not own:
        return end_outside(subject, near, people, today)
    best = own[0]
    tier = name_tier(best, near, people)
    if not tier:
        return "C", None, "no_full_agreement"
    if find_rivals(best, near, tier):
        return "C", None, "several_agree"
    if not is_one_subject(subject, best, people):
        return "C", None, "several_subjects"
    if tier == "B4" and is_borne_by_other(subject, best.person, people):
        return "C", None, "several_agree"
    if tier == "B2" and _is_family_there(subject.place, best.person, people):
        return "C", None, "family_there"
    if subject.handwritten and _has_near_twin(best, near):
        return "C", None, "twin"
    return tier, best.person, ""


def name_tier(best: Near, near: list[Near], people: People) -> str:
    """Name the tier of the strongest person of the cohort by the evidence alone.

    A1: name, birth date and lot. B2: name and birth date, and no namesake of that day anywhere.
    B3: name and lot, the birth date nearly. B4: birth date and lot, the name nearly, and nobody
    else of that family, day and lot. B5: name and lot, no birth date. B6: name and lot, the birth
    date of a parent in the household. B7: name and lot, a birth date that is nobody's.

    Returns:
        the tier; "" where the evidence is not enough for any.
    """
    name, birth, place = best.evidence
    here = place >= SAME_LOT
    if name >= STRONG and birth == SAME_DAY:
        if here:
            return "A1"
        alone = not _has_namesake(best, near) and not _has_unread(best, people)
        return "B2" if alone else ""
    if name >= STRONG and birth == NEAR_DAY and here:
        return "B3"
    if name >= GIVEN and birth == SAME_DAY and here:
        return "" if _has_twin(best, people) else "B4"
    if name >= VARIANT and here:
        if birth == NO_DAY:
            return "B5"
        if birth == OTHER_DAY:
            return "B6" if any(is_parent(one, best) for one in near) else "B7"
    return ""


def _has_namesake(best: Near, near: list[Near]) -> bool:
    return any(
        one.person is not best.person
        and one.evidence.name >= NEAR
        and one.evidence.birth >= NEAR_DAY
        and (
            one.evidence.name >= STRONG
            or one.person.kana == best.person.kana
            or one.person.broad == best.person.broad
        )
        for one in near
    )


def _has_unread(best: Near, people: People) -> bool:
    """Whether a name that agrees by its reading may be that of somebody whose reading is not known."""
    if best.evidence.name >= VARIANT or best.person.birth is None:
        return False
    born = (people.persons[at] for at in people.by_birth.get(best.person.birth, []))
    return any(
        _may_be_read_as(other, best.person, people) for other in born if other is not best.person
    )


def _may_be_read_as(other: Person, found: Person, people: People) -> bool:
    """Whether somebody without a reading may bear the family name of the person found.

    森 may be モリ, but 佐藤 is not where the registry reads it in other ways only.
    """
    if other.kana or other.folded.isascii():
        return False
    known = people.family_readings.get(other.parts[0], set()) if len(other.parts) > 1 else set()
    return not known or len(found.kana_parts) < 2 or found.kana_parts[0] in known


def _is_family_there(place: Place, person: Person, people: People) -> bool:
    """Whether somebody else of the cohort has the same family name and lives on a written lot.

    Source: 松前町 (two families that differed in 番地 only).
    """
    return any(
        other.in_cohort
        and other is not person
        and share_family_name(other, person)
        and compare_places(place, other.place) >= SAME_LOT
        for lot in list_lots(place)
        for other in (people.persons[at] for at in people.by_lot.get(lot, ()))
    )


def _has_twin(best: Near, people: People) -> bool:
    """Whether somebody of the same family name was born on that day and lives on that lot."""
    born = people.by_birth.get(best.person.birth, []) if best.person.birth else []
    return any(
        share_family_name(other, best.person)
        and compare_places(other.place, best.person.place) >= SAME_LOT
        for other in (people.persons[at] for at in born)
        if other is not best.person
    )


def _has_near_twin(best: Near, near: list[Near]) -> bool:
    return any(
        one.person is not best.person
        and min(one.evidence.birth, best.evidence.birth) >= NEAR_DAY
        and one.evidence.name >= NEAR
        and one.person.birth == best.person.birth
        and compare_places(one.person.place, best.person.place) >= SAME_LOT
        for one in near
    )


def match_subjects(subjects: Iterable[Subject], people: People, today: date) -> list[Match]:
    """Match every application: one end for each."""
    return [match_subject(subject, people, today) for subject in subjects]
