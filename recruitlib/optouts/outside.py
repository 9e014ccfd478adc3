"""Whether an application ends outside the cohort (rules 2 and 3, "household" and "age").

One person who is not of the cohort agrees in all, and nothing says that somebody else is meant.
"""

from __future__ import annotations

from datetime import date

from recruitlib.optouts.candidates import (
    Near,
    Subject,
    count_years,
    find_alike,
    find_neighbours,
    share_home,
)
from recruitlib.optouts.one_subject import guess_given, is_one_subject
from recruitlib.optouts.people import People, Person
from recruitlib.optouts.places import SAME_LOT
from recruitlib.optouts.rivals import find_rivals
from recruitlib.optouts.weighing import (
    SAME_DAY,
    STRONG,
    compare_names,
)

# An applicant younger or older than this applies for somebody else (matching rule 3, "age").
YOUNGEST, OLDEST = 14, 27


def end_outside(
    subject: Subject, near: list[Near], people: People, today: date
) -> tuple[str, Person | None, str]:
    """End an application outside the cohort, where one person agrees in all and nothing is odd."""
    full = [
        one
        for one in near
        if one.evidence.name >= STRONG and one.evidence[1:] == (SAME_DAY, SAME_LOT)
    ]
    if len(full) != 1 or find_rivals(full[0], near, ""):
        reason = "several_agree" if full else "no_full_agreement" if near else "not_found"
        return "C", None, reason
    found = full[0].person
    if not is_one_subject(subject, full[0], people):
        return "C", None, "several_subjects"
    doubt = find_doubt_of_outside(subject, found, people, today)
    doubt = doubt or ("same_day" if _may_be_renamed(found, people) else "")
    return ("C", None, doubt) if doubt else ("O1", found, "not_in_cohort")


def _may_be_renamed(found: Person, people: People) -> bool:
    """Whether somebody of the cohort has the same given name and birth date.

    Who left under one name and came back under another stands in some registries twice.
    """
    born = people.by_birth.get(found.birth, []) if found.birth else []
    return any(
        other.in_cohort and guess_given(other) == guess_given(found)
        for other in (people.persons[at] for at in born)
    )


def find_doubt_of_outside(subject: Subject, found: Person, people: People, today: date) -> str:
    """Find why a person outside the cohort may not be the subject (rules 2 and 3).

    Returns:
        a code: somebody else applied, a person of another generation, another name of the form in
        the cohort, or a home shared with somebody of the cohort; "" for none.
    """
    if not subject.by_subject:
        return "applied_by_other"
    if not YOUNGEST <= count_years(found.birth, today) <= OLDEST:
        return "other_generation"
    if any(
        compare_names(name, found) < STRONG and find_alike(name, people)
        for name in (*subject.list_names(), *subject.others)
    ):
        return "other_name"
    if any(share_home(found, other) for other in find_neighbours(found, people)):
        return "same_home"
    return ""
