"""The people of the invented ward and what the registry says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from recruitlib.synth.names import ForeignName, Name
from recruitlib.synth.places import Place

BASE_DATE = date(2026, 4, 1)
BASE_DAY = BASE_DATE.toordinal()
# Youngest and oldest birth date of each cohort, both included.
COHORTS = {
    "18": (date(2008, 4, 2), date(2009, 4, 1)),
    "22": (date(2004, 4, 2), date(2005, 4, 1)),
}
COHORT_DAYS = {key: (low.toordinal(), high.toordinal()) for key, (low, high) in COHORTS.items()}
_ERA_STARTS = (
    (date(2019, 5, 1).toordinal(), "5"),
    (date(1989, 1, 8).toordinal(), "4"),
    (date(1926, 12, 25).toordinal(), "3"),
    (date(1912, 7, 30).toordinal(), "2"),
)
RELATIONS = {
    "02": "世帯主", "11": "夫", "12": "妻", "20": "子", "51": "父", "52": "母", "99": "同居人",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class History:
    """An older record of a person: surname, dwelling, and the event that began it."""

    surname: Name
    place: Place
    began_on: int
    reason: str


@dataclass(slots=True)
class Person:
    """One invented person; days are proleptic ordinals."""

    addressee_id: str
    surname: Name
    given: Name
    sex: str
    birth: int
    relation: str
    foreign: ForeignName | None = None
    status: str = "1"
    closed: bool = False
    deleted: bool = False
    unknown_birth: str = ""
    began_on: int = 0
    reason: str = "転入"
    planned_move_out: int = 0
    past: list[History] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """氏名 as the registry holds it."""
        return self.foreign.full if self.foreign else f"{self.surname.text}　{self.given.text}"

    @property
    def full_kana(self) -> str:
        """Reading of the whole name in katakana."""
        return self.foreign.kana if self.foreign else f"{self.surname.kana}　{self.given.kana}"

    @property
    def cohort(self) -> str:
        """`18` or `22` for somebody who is to be supplied by age and status, else empty."""
        if self.foreign or self.status != "1" or self.closed or self.deleted or self.unknown_birth:
            return ""
        return find_birth_range(self.birth)

    @property
    def birth_date(self) -> date:
        """Birth date."""
        return date.fromordinal(self.birth)


@dataclass(slots=True)
class Household:
    """People who live together, the head first."""

    household_id: str
    place: Place
    kind: str
    role: str
    members: list[Person]


def find_birth_range(day: int) -> str:
    """Tell which cohort's birth range holds a day.

    Args:
        day: Ordinal of a birth date.

    Returns:
        `18`, `22` or empty.
    """
    for key, (low, high) in COHORT_DAYS.items():
        if low <= day <= high:
            return key
    return ""


def find_era(day: int) -> str:
    """Tell the era digit of a day: 1 明治, 2 大正, 3 昭和, 4 平成, 5 令和.

    Args:
        day: Ordinal of a date.

    Returns:
        One digit.
    """
    return next((digit for start, digit in _ERA_STARTS if day >= start), "1")
