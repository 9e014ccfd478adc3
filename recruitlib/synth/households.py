"""Households of the invented ward, one after the other: never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from recruitlib.synth.draws import draw_below, draw_one
from recruitlib.synth.identifiers import list_numbers
from recruitlib.synth.names import Name, NameBook, draw_foreign_name, vary_surname
from recruitlib.synth.people import (
    BASE_DAY,
    History,
    Household,
    Person,
    find_birth_range,
)
from recruitlib.synth.places import Place, Streets, draw_dormitory, draw_place
from recruitlib.synth.plans import Plan

YEAR = 365
_KINDS = ("single",) * 11 + ("couple",) * 3 + ("family",) * 4 + ("mother", "three")


def keep_outside_ranges(day: int) -> int:
    """Move a birth day that falls into a cohort's range to the year after it.

    Args:
        day: Ordinal of a birth date.

    Returns:
        An ordinal in no range.
    """
    return day + YEAR if find_birth_range(day) else day


class Settlement:
    """Makes households; what is used up (numbers, dwellings, names) is kept here."""

    def __init__(self, rng: Random, book: NameBook, streets: Streets, taken: set[str]) -> None:
        """Begin an empty ward.

        Args:
            rng: Source of chance.
            book: Names.
            streets: Towns and buildings.
            taken: Full names that only planned people may bear.
        """
        self._rng, self._book, self._streets = rng, book, streets
        self._taken_names = taken
        self._cohort_names: set[tuple[str, int]] = set()
        self._dwellings: set[tuple[object, ...]] = set()
        self._own_lots = 0
        self._person_ids = list_numbers(draw_below(rng, 9_000_000), 1_618_033)
        self._household_ids = list_numbers(draw_below(rng, 9_000_000), 2_718_281)

    def make_planned(self, plan: Plan) -> Household:
        """Make a planned household.

        Args:
            plan: Its plan.

        Returns:
            The household, of the planned size.
        """
        rng = self._rng
        if plan.foreign:
            return self._make_foreign(1, plan.births[0], plan.role)
        surname = plan.surname or vary_surname(rng, self._book.surnames.draw(rng), False)
        members = self._make_members(plan, surname)
        if plan.unknown_birth:
            members[0].unknown_birth = plan.unknown_birth
        return self._settle(plan.kind, plan.role, members, self._find_place(plan))

    def make_any(self, room_for: int) -> Household:
        """Make a household in which nobody is of a cohort.

        Args:
            room_for: Most people that it may have, 1 or more.

        Returns:
            The household.
        """
        rng = self._rng
        if rng.random() < 0.17:
            return self._make_foreign(1 + draw_below(rng, min(3, room_for)), 0, "")
        plan = Plan(draw_one(rng, _KINDS), [])
        if plan.kind not in ("single", "couple"):
            child = BASE_DAY - draw_below(rng, 30 * YEAR)
            plan.births = [keep_outside_ranges(child)]
            plan.siblings = draw_below(rng, 3)
        if plan.size > room_for:
            plan = Plan("single", [])
        if not plan.births:
            oldest = 72 if plan.kind == "single" else 55
            age = 19 * YEAR + int(rng.random() * (0.3 + 0.7 * rng.random()) * oldest * YEAR)
            plan.births = [keep_outside_ranges(BASE_DAY - age)]
        surname = vary_surname(rng, self._book.surnames.draw(rng), True)
        return self._settle(plan.kind, "", self._make_members(plan, surname), self._find_place())

    def make_former(self, cohort_day: int, status: str, closed: bool, deleted: bool) -> Household:
        """Make somebody whom the registry still holds but who is not a resident.

        Args:
            cohort_day: Ordinal of the birth date, 0 for any.
            status: 住民状態.
            closed: 除票フラグ.
            deleted: 削除フラグ.

        Returns:
            A household of one.
        """
        rng = self._rng
        birth = cohort_day or BASE_DAY - draw_below(rng, 85 * YEAR)
        surname = vary_surname(rng, self._book.surnames.draw(rng), True)
        person = self._make_person(surname, birth, "02")
        person.status, person.closed, person.deleted = status, closed, deleted
        person.reason = {"2": "国内転出", "3": "死亡", "9": "職権消除"}.get(status, "転入")
        person.began_on = max(birth, BASE_DAY - draw_below(rng, 4 * YEAR))
        return Household(next(self._household_ids), self._find_place(), "former", "", [person])

    def find_free_place(self, dormitory: bool = False) -> Place:
        """Find a dwelling in which nobody lives.

        Args:
            dormitory: Look in the dormitories first.

        Returns:
            The dwelling, now taken.
        """
        for attempt in range(200):
            draw = draw_dormitory if dormitory and attempt < 20 else draw_place
            place = draw(self._rng, self._streets)
            key = (place.town.number, place.chome, place.block, place.lot, place.building_text)
            if key not in self._dwellings:
                self._dwellings.add(key)
                break
        return place

    def draw_surname(self) -> Name:
        """Draw a surname in its common spelling.

        Returns:
            The surname.
        """
        return self._book.surnames.draw(self._rng)

    def _find_place(self, plan: Plan | None = None) -> Place:
        if plan is None:
            return self.find_free_place()
        place = self.find_free_place(plan.kind == "dormitory")
        while plan.with_chome and not (place.chome and place.building):
            place = self.find_free_place()
        if plan.own_lot:
            # Blocks above 40 are never drawn: no other household has this lot.
            self._own_lots += 1
            return replace(place, block=60 + self._own_lots, lot=3, building="", room="")
        return place

    def _make_person(
        self, surname: Name, birth: int, relation: str, sex: str = "", given: Name | None = None
    ) -> Person:
        rng = self._rng
        sex = sex or ("1" if rng.random() < 0.5 else "2")
        names = self._book.given[sex, birth < BASE_DAY - 45 * YEAR]
        chosen = given or names.draw(rng)
        if not given and find_birth_range(birth):
            while (
                f"{surname.text}　{chosen.text}" in self._taken_names
                or (surname.text + chosen.text, birth) in self._cohort_names
            ):
                chosen = names.draw(rng)
        if find_birth_range(birth):
            self._cohort_names.add((surname.text + chosen.text, birth))
        return Person(next(self._person_ids), surname, chosen, sex, birth, relation)

    def _make_members(self, plan: Plan, surname: Name) -> list[Person]:
        rng = self._rng
        eldest = min(plan.births)
        if plan.kind in ("single", "dormitory"):
            return [self._make_person(surname, eldest, "02", plan.sex, plan.given)]
        if plan.kind == "couple":
            partner = keep_outside_ranges(eldest + draw_below(rng, 6 * YEAR) - 3 * YEAR)
            return [
                self._make_person(surname, eldest, "02", "1"),
                self._make_person(surname, partner, "12", "2"),
            ]
        mother = eldest - 24 * YEAR - draw_below(rng, 14 * YEAR)
        members = []
        if plan.kind == "mother":
            members.append(self._make_person(surname, mother, "02", "2"))
        else:
            father = mother - draw_below(rng, 5 * YEAR)
            members.append(self._make_person(surname, father, "02", "1"))
            members.append(self._make_person(surname, mother, "12", "2"))
            if plan.kind == "three":
                elder, relation = ("1", "51") if rng.random() < 0.3 else ("2", "52")
                birth = father - 23 * YEAR - draw_below(rng, 9 * YEAR)
                members.append(self._make_person(surname, birth, relation, elder))
        for number, birth in enumerate(plan.births):
            first = number == 0
            sex, given = (plan.sex, plan.given) if first else ("", None)
            child = self._make_person(surname, birth, "20", sex, given)
            while not first and child.given == members[-1].given:
                child.given = self._book.given[child.sex, False].draw(rng)
            members.append(child)
        for number in range(plan.siblings):
            birth = eldest + (2 + 2 * number) * YEAR + draw_below(rng, YEAR)
            if birth <= BASE_DAY:
                members.append(self._make_person(surname, keep_outside_ranges(birth), "20"))
        return members

    def _make_foreign(self, size: int, birth: int, role: str) -> Household:
        rng = self._rng
        members = []
        for number in range(size):
            day = birth or BASE_DAY - 18 * YEAR - draw_below(rng, 40 * YEAR)
            person = self._make_person(Name("", ""), day, "99" if number else "02")
            person.foreign = draw_foreign_name(rng)
            members.append(person)
        return self._settle("foreign", role, members, self._find_place())

    def _settle(self, kind: str, role: str, members: list[Person], place: Place) -> Household:
        rng = self._rng
        began_on = BASE_DAY - int(rng.random() * rng.random() * 18 * YEAR)
        if rng.random() < 0.03:
            began_on = BASE_DAY - draw_below(rng, 8)
        moves = 0 if rng.random() < 0.87 else 1 if rng.random() < 0.8 else 2
        earlier: list[tuple[Place, int, str]] = []
        day = began_on
        for move in range(moves):
            day -= 200 + draw_below(rng, 1500)
            reason = "転入" if move == moves - 1 else "転居"
            earlier.insert(0, (self.find_free_place(), day, reason))
        for person in members:
            person.began_on = max(began_on, person.birth)
            person.reason = "出生" if person.birth >= began_on else "転居" if moves else "転入"
            person.past = [
                History(person.surname, where, max(when, person.birth), reason)
                for where, when, reason in earlier
                if person.birth < began_on
            ]
            married = person.relation == "12" and not person.foreign
            if married and not moves and rng.random() < 0.2:
                before = max(person.birth, began_on - 300)
                person.past = [History(self.draw_surname(), place, before, "転入")]
                person.reason = "氏名変更"
        return Household(next(self._household_ids), place, kind, role, members)


def list_households(
    rng: Random, settlement: Settlement, plans: list[Plan], residents: int
) -> Iterator[Household]:
    """List the households of the ward, planned and other ones mixed.

    Args:
        rng: Source of chance.
        settlement: Where households are made.
        plans: Planned households, all of which come.
        residents: People to be registered; met exactly.

    Returns:
        An iterator of households whose members sum up to `residents`.
    """
    waiting = list(reversed(plans))
    needed = sum(plan.size for plan in waiting)
    left = residents
    while left > 0:
        slack = left - needed
        if waiting and (slack <= 0 or rng.random() * left < needed):
            plan = waiting.pop()
            needed -= plan.size
            household = settlement.make_planned(plan)
        else:
            household = settlement.make_any(slack)
        left -= len(household.members)
        yield household
