"""The file of the registry, written household by household in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

from recruitlib.synth.columns import REGISTRY_COLUMNS
from recruitlib.synth.extract import list_rows
from recruitlib.synth.households import Settlement
from recruitlib.synth.people import BASE_DAY, COHORT_DAYS, Household

# Birth day (0 for any), 住民状態, 除票フラグ, 削除フラグ.
Former = tuple[int, str, bool, bool]
# Roles that several households share; nobody has to find one of them again.
_GROUPS = ("siblings", "twins", "same_name", "rare", "next_day", "foreign_in_range",
           "unknown_birth", "rare_outside", "leaving")  # fmt: skip


def plan_formers(sizes: dict[str, int]) -> list[Former]:
    """Plan people born in the cohorts' ranges who are not residents by one reason or another.

    Args:
        sizes: Number of people of each cohort.

    Returns:
        Per person: birth day, 住民状態, 除票フラグ, 削除フラグ.
    """
    formers: list[Former] = []
    for cohort, number in sizes.items():
        low, high = COHORT_DAYS[cohort]
        states = [("2", True, False)] * max(4, number // 60)
        states += [("3", True, False)] * 2 + [("9", True, False)] * 2
        states += [("1", True, False)] * 2 + [("1", False, True)] * 2
        step = (high - low) // len(states)
        formers += [(low + at * step, *state) for at, state in enumerate(states)]
    return formers


class Tally:
    """What is remembered of the ward while its registry is written."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.cast: dict[str, Household] = {}
        self.late = ["late_after_handover", "late_before_print", "late_after_print"]
        self.cohorts: dict[str, list[str]] = {"18": [], "22": []}
        self.rows = dict.fromkeys(
            ("registry", "history", "people", "residents", "foreign", "former"), 0
        )

    def note(self, household: Household, rows: int) -> None:
        """Count a household and keep it when it has a part to play.

        Args:
            household: Just written.
            rows: Number of its registry rows.
        """
        size = len(household.members)
        self.rows["registry"] += rows
        self.rows["history"] += rows - size
        self.rows["people"] += size
        self.rows["former" if household.kind == "former" else "residents"] += size
        for person in household.members:
            self.rows["foreign"] += person.foreign is not None
            if person.cohort:
                self.cohorts[person.cohort].append(person.addressee_id)
                if not household.role and self.late:
                    # Nothing else happens to the first of the ordinary ones.
                    self.cast[self.late.pop(0)] = household
        if household.role and household.role not in _GROUPS:
            self.cast[household.role] = household


def _plan_move_out(household: Household) -> None:
    # One who leaves had announced it before the base date, for a day after the load.
    days = {"moved_out_2": 51, "leaving": 40}
    if household.role in days:
        head = household.members[0]
        head.planned_move_out = BASE_DAY + days[household.role]


def _mix_formers(
    rng: Random, settlement: Settlement, households: Iterator[Household], formers: list[Former]
) -> Iterator[Household]:
    waiting = list(formers)
    for household in households:
        yield household
        if rng.random() < 0.05:
            status = ("2", "2", "2", "3", "3", "9")[int(rng.random() * 6)]
            former = waiting.pop() if waiting else (0, status, True, False)
            yield settlement.make_former(*former)
    for former in waiting:
        yield settlement.make_former(*former)


def write_registry(
    path: Path,
    rng: Random,
    settlement: Settlement,
    households: Iterator[Household],
    formers: list[Former],
) -> Tally:
    """Write the registry extract of the base date, household by household.

    Args:
        path: Where to.
        rng: Source of chance.
        settlement: Where former residents are made.
        households: Households of the residents.
        formers: Result of `plan_formers`, all of whom come.

    Returns:
        What has to be remembered: counts, people of the cohorts, planted households.
    """
    tally = Tally()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(REGISTRY_COLUMNS)
        for household in _mix_formers(rng, settlement, households, formers):
            _plan_move_out(household)
            rows = list_rows(household)
            writer.writerows(rows)
            tally.note(household, len(rows))
    return tally
