"""The desk at which invented applications are filled in, each with its truth.

A kind of damage is a function that fills in one or more forms for a person, or gives none where the
person does not suit it (no parent at home, no kana). `KINDS` holds them by name, with the pool that
the person is drawn from, the weight in the realistic mix (per thousand applications), and whether
nobody could decide such a form without asking.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from residents import Mask, Person, Registry, lies_in_range
from spellings import Pen, halve, to_hiragana

COLUMNS = (
    "application_id", "received_at", "channel", "name", "name_kana", "birth_date", "address", "phone",
    "applicant_name", "relation", "withdrawn", "expected", "true_person_id", "corruption",
)  # fmt: skip
_OPENED = datetime(2026, 2, 2, 8, 30)
_TRIES = 400
_PARENTS_AGE = 17 * 365
# Who is 14 to 27 years old may think that the letter is for him.
_YOUNG, _CHILD = date(1998, 4, 2).toordinal(), date(2012, 4, 1).toordinal()
OLD_TOWNS = {"四谷三栄町": "三栄町", "四谷坂町": "坂町", "四谷本塩町": "本塩町"}
Form = dict[str, str]
Fill = Callable[["Desk", Person], list[Form] | None]


class Kind(NamedTuple):
    """A kind of damage: who suffers it, how it is done, how often, and whether asking is owed."""

    fill: Fill
    pool: str
    weight: float
    owed: bool


KINDS: dict[str, Kind] = {}


def damage(pool: str = "anyone", weight: float = 2, owed: bool = False) -> Callable[[Fill], Fill]:
    """Enter a function as a kind of damage under its own name."""

    def enter(fill: Fill) -> Fill:
        KINDS[fill.__name__] = Kind(fill, pool, weight, owed)
        return fill

    return enter


class Desk:
    """Fills in forms for the people of a registry; nobody applies under two kinds."""

    def __init__(self, registry: Registry, seed: int) -> None:
        """Sort the people into pools."""
        self.registry, self.pen = registry, Pen(seed)
        self.forms: list[Form] = []
        cohort, role, born = registry.in_cohort(), registry.role, registry.born
        shares_home = np.isin(registry.home, registry.home[cohort])
        japanese, settled = ~registry.is_foreign, registry.status == 0
        young, in_range = (born > _YOUNG) & (role == ""), lies_in_range(born)
        renamed = [at for at, town in enumerate(registry.towns) if town.name in OLD_TOWNS]
        masks = {
            "anyone": cohort & (role == ""),
            "child": cohort & np.isin(role, ("", "alike_parent")) & (registry.member == "c"),
            "outside": ~cohort & japanese & settled & young & ~shares_home & (born < _CHILD),
            "outside_older": ~cohort & japanese & settled & (role == "") & ~shares_home & (born < _YOUNG),
            "sibling": ~cohort & japanese & settled & young & shares_home & (registry.member == "c"),
            "foreign": ~japanese & settled & young & in_range,
            "moved_out": japanese & (registry.status == 1) & (role == "") & in_range,
            "died": japanese & (registry.status == 2) & in_range,
            "border_out": ~cohort & (role == "border_out"),
            "renamed_town": cohort & (role == "") & np.isin(registry.town[registry.home], renamed),
            "two_children": cohort & self._has_two(cohort) & np.isin(role, ("", "twin")),
        }  # fmt: skip
        named = [name for name in np.unique(role) if name not in ("", "partner", "border_out")]
        masks |= {str(name): cohort & (role == name) for name in named}
        self.pools = {
            name: [int(i) for i in self.pen.rng.permutation(np.flatnonzero(mask))]
            for name, mask in masks.items()
        }
        self.used: set[int] = set()

    def _has_two(self, cohort: Mask) -> Mask:
        homes = self.registry.home
        return np.bincount(homes[cohort], minlength=int(homes[-1]) + 1)[homes] >= 2

    def add(self, kind: str) -> bool:
        """Add one application of a kind (some kinds fill in several forms); tell if it was possible."""
        entry = KINDS[kind]
        pool = self.pools.get(entry.pool, [])
        for _ in range(min(_TRIES, len(pool))):
            number = pool.pop()
            if number in self.used:
                continue
            forms = entry.fill(self, self.registry.read(number))
            if forms is None:
                pool.insert(0, number)
                continue
            self.used.add(number)
            for form in forms:
                form["corruption"] = kind
            self.forms += forms
            return True
        return False

    def name(self, person: Person, joint: str | None = None) -> str:
        """Write a name with one of the usual joints."""
        joint = self.pen.choose(("　", " ", "")) if joint is None else joint
        return f"{person.surname}{joint}{person.given}" if person.given else person.surname

    def kana(self, person: Person) -> str:
        """Write a reading in one of the usual ways."""
        kana = person.kana.strip("　")
        return self.pen.choose(
            (kana, kana, kana.replace("　", " "), to_hiragana(kana), halve(kana))
        )

    def fill(self, person: Person, expected: str = "exclude", **changes: str) -> Form:
        """Fill in a form as most people do, but for the changes."""
        pen = self.pen
        received = _OPENED + timedelta(minutes=pen.below(60 * 24 * 75))
        form = {
            "application_id": "",
            "received_at": received.strftime("%Y-%m-%d %H:%M"),
            "channel": "paper" if pen.happens(0.25) else "logo",
            "name": self.name(person),
            "name_kana": self.kana(person) if pen.happens(0.65) else "",
            "birth_date": pen.write_common_date(person.born),
            "address": pen.write_common_address(person.home),
            "phone": f"0{pen.choose(('90', '80', '70'))}-0000-{pen.below(10_000):04d}",
            "applicant_name": "",
            "relation": "" if pen.happens(0.1) else "本人",
            "withdrawn": "False",
            "expected": expected,
            "true_person_id": person.person_id,
            "corruption": "",
        }
        form |= changes
        if not form["applicant_name"] and "applicant_name" not in changes and pen.happens(0.15):
            form["applicant_name"] = form["name"]
        return form

    def find_parent(self, person: Person) -> Person | None:
        """Find a grown-up of the same home who may be a parent or grandparent of a person."""
        registry, child = self.registry, person.number
        found = [
            i for i in registry.list_home(child)
            if registry.status[i] == 0 and registry.born[i] <= registry.born[child] - _PARENTS_AGE
        ]  # fmt: skip
        return registry.read(self.pen.choose(found)) if found else None

    def find_partner(self, person: Person) -> Person:
        """Find the one whom a planted person was made for."""
        return self.registry.read(int(self.registry.partner[person.number]))

    def list_family(self, person: Person) -> list[int]:
        """List the others of the home."""
        return [i for i in self.registry.list_home(person.number) if i != person.number]
