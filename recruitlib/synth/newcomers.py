"""The people who move in after the base date, for whom a second run of the year is made."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from recruitlib.synth.applications import find_subject
from recruitlib.synth.extract import list_rows
from recruitlib.synth.households import Settlement
from recruitlib.synth.people import COHORTS, Household
from recruitlib.synth.plans import Plan

TOP_UP_ON = "2026-07-15"
_CHILD = date(2014, 9, 14)
# Role, kind of household, birth dates of its young people, day of moving in.
_NEWCOMERS: tuple[tuple[str, str, tuple[date, ...], date], ...] = (
    ("new_18_family", "family", (date(2008, 8, 20), _CHILD), date(2026, 6, 1)),
    ("new_18_youngest", "single", (COHORTS["18"][1],), date(2026, 6, 22)),
    ("new_22_single", "single", (date(2004, 10, 10),), date(2026, 4, 20)),
    ("new_22_dormitory", "dormitory", (date(2005, 1, 25),), date(2026, 7, 14)),
    ("new_optout_form", "single", (date(2004, 12, 5),), date(2026, 6, 8)),
    ("new_optout_counter", "mother", (date(2008, 6, 15),), date(2026, 6, 29)),
    ("new_protected", "mother", (date(2008, 11, 11),), date(2026, 6, 15)),
    ("new_outside", "single", (date(1996, 5, 20),), date(2026, 5, 28)),
    ("new_day_after", "family", (date(2009, 4, 2),), date(2026, 6, 3)),
    ("new_foreign", "foreign", (date(2004, 9, 9),), date(2026, 6, 10)),
)


def make_newcomers(settlement: Settlement) -> dict[str, Household]:
    """Make the households that moved in between the base date and the day of the top-up.

    Args:
        settlement: Where households are made.

    Returns:
        By role: recipients of both cohorts, two who opted out, one protected with the mother, one
        outside the ranges, one born the day after the younger range, one foreign. Parents and a
        child come with them.
    """
    cast = {}
    for role, kind, births, day in _NEWCOMERS:
        days = [birth.toordinal() for birth in births]
        household = settlement.make_planned(Plan(kind, days, role, foreign=kind == "foreign"))
        for person in household.members:
            person.began_on, person.reason, person.past = day.toordinal(), "転入", []
        cast[role] = household
    return cast


def write_top_up_registry(source: Path, target: Path, newcomers: Iterable[Household]) -> int:
    """Write the registry of the day of the top-up: that of handover day and the newcomers.

    Args:
        source: Registry of handover day.
        target: Where the later one goes.
        newcomers: Households that moved in.

    Returns:
        Number of rows that were added.
    """
    shutil.copyfile(source, target)
    rows = [row for household in newcomers for row in list_rows(household)]
    with target.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)
    return len(rows)


def tell_newcomers(cast: dict[str, Household]) -> dict[str, list[str]]:
    """Tell what must become of the newcomers whose birth or application is about a cohort.

    Args:
        cast: Result of `make_newcomers`.

    Returns:
        Their numbers by end: recipients of each cohort, opted out, protected, outside, foreign.
    """
    ends = {
        "recipients_18": ("new_18_family", "new_18_youngest"),
        "recipients_22": ("new_22_single", "new_22_dormitory"),
        "opted_out": ("new_optout_form", "new_optout_counter"),
        "protected": ("new_protected",),
        "outside": ("new_outside", "new_day_after"),
        "foreign": ("new_foreign",),
    }
    return {
        end: [find_subject(cast[role]).addressee_id for role in roles]
        for end, roles in ends.items()
    }
