"""Rivals: whoever else an application may mean as well (rule 1)."""

from __future__ import annotations

from recruitlib.optouts.candidates import (
    Near,
    is_elder_at_home,
)
from recruitlib.optouts.weighing import (
    NEAR,
    NEAR_DAY,
    SAME_DAY,
    VARIANT,
)


def find_rivals(best: Near, near: list[Near], tier: str) -> list[Near]:
    """Find the people whom the application may mean as well (rule 1).

    Whoever agrees in two fields is a rival unless the best person agrees better in one field and
    no worse in all others. A parent whose birth date was filled in is none.
    """
    return [
        one
        for one in near
        if one.person is not best.person
        and (not _dominates(best, one) or _may_be_read_so(best, one))
        and not (tier == "B6" and is_parent(one, best))
    ]


def _dominates(best: Near, one: Near) -> bool:
    """Whether a person agrees better.

    The form of a character alone makes nobody better: 斎 and 齋 never, 斎 and 斉 only of those who
    wrote their birth date.
    """
    alike = best.person.folded == one.person.folded
    if best.evidence.birth < SAME_DAY:
        alike = best.person.broad == one.person.broad
    if alike:
        return best.evidence._replace(name=0).dominates(one.evidence._replace(name=0))
    return best.evidence.dominates(one.evidence)


def _may_be_read_so(best: Near, one: Near) -> bool:
    """Whether a person without a reading may be meant by a name that agrees by its reading alone."""
    return (
        best.evidence.name < VARIANT
        and not one.person.kana
        and one.person.birth == best.person.birth
    )


def is_parent(one: Near, child: Near) -> bool:
    """Whether the typed birth date is that of somebody a generation older in the household."""
    return (
        one.evidence.birth >= NEAR_DAY
        and one.evidence.name < NEAR
        and is_elder_at_home(one.person, child.person)
    )
