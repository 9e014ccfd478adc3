"""Which households the ward must have: the cohorts to the exact number, and the planted cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from recruitlib.base.errors import ParameterError
from recruitlib.synth.draws import draw_below, draw_one, draw_order
from recruitlib.synth.names import GLYPHS, Name, NameBook
from recruitlib.synth.people import COHORT_DAYS, COHORTS

LEAST_COHORT = 80
PARENTS = {"single": 0, "dormitory": 0, "couple": 1, "mother": 1, "family": 2, "three": 3}
_RARE = (
    Name("髙橋", "タカハシ"), Name("山﨑", "ヤマザキ"), Name("渡邉", "ワタナベ"),
    Name(GLYPHS["辻"], "ツジ"), Name(GLYPHS["葛"] + "西", "カサイ"),
    Name("\ufa19田", "カンダ"), Name("\ufa1b田", "フクダ"),
)  # fmt: skip
YOSHI = Name("\U00020bb7田", "ヨシダ")
# Applicants and other planted people: role, cohort, kind, rare surname.
_CASES: tuple[tuple[str, str, str, Name | None], ...] = (
    *((f"agrees_{n}", "18", "family", None) for n in range(3)),
    *((f"agrees_{n}", "22", "single", None) for n in range(3, 7)),
    ("agrees_7", "22", "single", YOSHI),
    ("agrees_8", "22", "family", _RARE[5]),
    ("protected_optout", "18", "single", None),
    ("counter_0", "18", "family", _RARE[6]),
    ("counter_1", "18", "family", None),
    ("counter_2", "22", "family", None),
    ("counter_3", "22", "single", None),
    ("notation_digits", "18", "family", None),
    ("notation_chome", "22", "single", None),
    ("notation_taka", "18", "family", _RARE[0]),
    ("notation_saki", "22", "family", _RARE[1]),
    ("notation_tsuji", "18", "family", _RARE[3]),
    ("notation_counter", "22", "single", None),
    ("duplicate", "22", "single", None),
    ("withdrawn", "18", "family", None),
    ("late", "22", "single", None),
    ("wrong_digit", "18", "family", None),
    ("parent_as_subject", "18", "family", None),
    ("died_18", "18", "family", None),
    ("died_22", "22", "single", None),
    ("moved_out_0", "18", "dormitory", None),
    ("moved_out_1", "22", "single", None),
    ("moved_out_2", "22", "single", None),
    ("moved_within_0", "18", "single", None),
    ("moved_within_1", "22", "single", None),
    ("renamed", "22", "single", None),
    ("newly_protected", "22", "single", None),
    ("protected_past_end", "22", "single", None),
)
_LARGE_CASES: tuple[tuple[str, str, str, Name | None], ...] = (
    ("protected_mother", "18", "mother", None),
    ("protected_stalked", "22", "single", None),
    ("protected_provisional", "22", "single", None),
    ("protected_open", "22", "family", None),
)
_KINDS = {
    "18": ("family",) * 14 + ("mother",) * 2 + ("three", "single", "dormitory", "dormitory"),
    "22": ("single",) * 11 + ("dormitory",) + ("family",) * 6 + ("mother", "three"),
}


@dataclass(slots=True)
class Plan:
    """A household to be made: kind, birth days of its young people, and what is fixed of them."""

    kind: str
    births: list[int]
    role: str = ""
    surname: Name | None = None
    given: Name | None = None
    sex: str = ""
    siblings: int = 0
    own_lot: bool = False
    with_chome: bool = False
    foreign: bool = False
    unknown_birth: str = ""

    @property
    def size(self) -> int:
        """Number of people."""
        return PARENTS[self.kind] + max(1, len(self.births)) + self.siblings


def _draw_birth(rng: Random, cohort: str) -> int:
    low, high = COHORT_DAYS[cohort]
    return low + draw_below(rng, high - low + 1)


def _fix_name(rng: Random, plan: Plan, book: NameBook, taken: set[str]) -> Plan:
    plan.sex = "1" if rng.random() < 0.5 else "2"
    while True:
        surname = plan.surname or book.surnames.draw(rng)
        given = book.given[plan.sex, False].draw(rng)
        if f"{surname.text}　{given.text}" not in taken:
            break
    plan.surname, plan.given = surname, given
    taken.add(f"{surname.text}　{given.text}")
    return plan


def _plan_cases(rng: Random, book: NameBook, large: bool, taken: set[str]) -> list[Plan]:
    cases = _CASES + _LARGE_CASES if large else _CASES
    plans = []
    for role, cohort, kind, surname in cases:
        plan = Plan(kind, [_draw_birth(rng, cohort)], role, surname)
        plan.with_chome = role.startswith("notation")
        if role == "notation_digits":
            # A day of one digit, so that 平成20年5月3日 and 2008-05-03 differ in more than signs.
            plan.births = [date(2008, 5, 3).toordinal()]
        plans.append(_fix_name(rng, plan, book, taken))
    return plans


def _plan_siblings(rng: Random, book: NameBook, count: int, taken: set[str]) -> list[Plan]:
    plans = [
        Plan("family", [_draw_birth(rng, "22"), _draw_birth(rng, "18")], "siblings")
        for _ in range(count)
    ]
    plans[0].kind, plans[0].role = "mother", "protected_siblings"
    _fix_name(rng, plans[0], book, taken)
    return plans


def _plan_groups(rng: Random, book: NameBook, cohort: str, number: int) -> list[Plan]:
    plans = []
    for _ in range(max(1, number // 150)):
        birth = _draw_birth(rng, cohort)
        plans.append(Plan("family", [birth, birth], "twins"))
    birth = _draw_birth(rng, cohort)
    twice = [Plan(kind, [birth], "same_name") for kind in ("family", "single")]
    sex = "1" if cohort == "18" else "2"
    surname, given = book.surnames.draw(rng), book.given[sex, False].draw(rng)
    for plan in twice:
        plan.surname, plan.given, plan.sex = surname, given, sex
    rare = [
        Plan(draw_one(rng, _KINDS[cohort]), [_draw_birth(rng, cohort)], "rare", surname)
        for surname in _RARE
        for _ in range(2)
    ]
    return plans + twice + rare


def _plan_ordinary(rng: Random, cohort: str, number: int) -> list[Plan]:
    low, high = COHORTS[cohort]
    fixed = [low.toordinal(), high.toordinal()]
    fixed += [
        date(low.year + (1 if month < 4 else 0), month, 15).toordinal() for month in range(1, 13)
    ]
    births = fixed + [_draw_birth(rng, cohort) for _ in range(number - len(fixed))]
    plans = []
    for birth in births:
        kind = draw_one(rng, _KINDS[cohort])
        siblings = draw_below(rng, 3) if kind in ("family", "three") else 0
        plans.append(Plan(kind, [birth], siblings=siblings))
    return plans


def _plan_outside(rng: Random, book: NameBook, sizes: dict[str, int], large: bool) -> list[Plan]:
    plans = [
        Plan("family", [date(2009, 7, 21).toordinal()], "outside_17", own_lot=True),
        Plan("single", [date(2006, 8, 18).toordinal()], "outside_20", own_lot=True),
        Plan("single", [date(2005, 9, 26).toordinal()], "outside_21", own_lot=True),
    ]
    for plan, surname in zip(plans, book.reserved, strict=False):
        plan.surname = surname
    for low, high in COHORT_DAYS.values():
        plans += [Plan("family", [day], "next_day") for day in (low - 1, high + 1) * 2]
    for cohort, number in sizes.items():
        plans += [
            Plan("single", [_draw_birth(rng, cohort)], "foreign_in_range", foreign=True)
            for _ in range(max(4, number // 30))
        ]
    for day, words in ((date(1931, 6, 30), "昭和６年頃"), (date(1926, 6, 30), "大正１５年頃")):
        plans.append(Plan("single", [day.toordinal()], "unknown_birth", unknown_birth=words))
    for number in range(7 if large else 3):
        child = date(2012 + number % 6, 3 + number, 11).toordinal()
        plans.append(Plan("mother", [child], f"protected_outside_{number}"))
    for role, year in (
        ("cancelled", 1988), ("newly_protected_outside", 1994),
        ("leaving", 1990), ("leaving", 1985), ("leaving", 1999),
    ):  # fmt: skip
        plans.append(Plan("single", [date(year, 5, 20).toordinal()], role))
    for surname in (*_RARE, YOSHI):
        birth = date(1979, 1, 1).toordinal() + draw_below(rng, 3000)
        plans.append(Plan("couple", [birth], "rare_outside", surname))
    return plans


def plan_households(
    rng: Random, book: NameBook, residents: int, sizes: dict[str, int]
) -> tuple[list[Plan], set[str]]:
    """Plan every household that has somebody of a cohort, and the planted ones outside.

    Args:
        rng: Source of chance.
        book: Names.
        residents: People to be registered on the base date.
        sizes: Number of people of each cohort, by `18` and `22`.

    Returns:
        The plans in an order of chance, and the full names that nobody else may bear.

    Raises:
        ParameterError: The numbers are too small, or the cohorts too large for the ward.
    """
    large = residents >= 20_000
    if min(sizes.values()) < LEAST_COHORT:
        raise ParameterError(
            f"架空の区の対象者数: 各年齢{LEAST_COHORT}人以上が必要です。人数を増やしてください。"
        )
    taken: set[str] = set()
    plans = _plan_cases(rng, book, large, taken)
    plans += _plan_siblings(rng, book, 2 + min(sizes.values()) // 40, taken)
    for cohort, number in sizes.items():
        plans += _plan_groups(rng, book, cohort, number)
    for cohort, number in sizes.items():
        low, high = COHORT_DAYS[cohort]
        planned = sum(low <= birth <= high for plan in plans for birth in plan.births)
        plans += _plan_ordinary(rng, cohort, number - planned)
    plans += _plan_outside(rng, book, sizes, large)
    least = sum(plan.size for plan in plans)
    if least > residents:
        raise ParameterError(
            f"架空の区の住民数: 対象者とその家族だけで{least}人になります。"
            "住民数を増やすか、対象者数を減らしてください。"
        )
    return draw_order(rng, plans), taken
