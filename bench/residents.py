"""The people of an invented registry: households of parents, children and others.

They are drawn whole columns at a time, so that a city takes a minute, and the two cohorts are
brought to their exact sizes. ``casting.py`` plants those among them who make matching hard.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from spellings import Home

from recruitlib.synth.names import GLYPHS, UNPRINTABLE_GLYPHS, draw_foreign_name, read_names
from recruitlib.synth.places import read_towns

TOWNS = Path(__file__).parents[1] / "params/towns/131041.csv"
RANGES = {18: (date(2008, 4, 2), date(2009, 4, 1)), 22: (date(2004, 4, 2), date(2005, 4, 1))}
STATUSES = ("住民", "転出", "死亡")
BASE, YEAR = date(2026, 4, 1).toordinal(), 365
DRAWN = 20_000  # names drawn by their real frequency, of which each person then takes one
SPANS = {age: (first.toordinal(), last.toordinal()) for age, (first, last) in RANGES.items()}
# Members of a household: h head, s spouse, c child, g grandparent, f somebody else.
_KINDS = ("h", "hs", "hsc", "hscc", "hsccc", "hc", "hcc", "hscg", "hf")
_SHARES = (0.52, 0.15, 0.10, 0.10, 0.02, 0.04, 0.02, 0.02, 0.03)
_FRONTS = (
    "ベルエア",
    "フォレスト",
    "コスモ",
    "シャトー",
    "ドミール",
    "アーバン",
    "第三",
    "朝日",
    "リバー",
)
_BACKS = ("ハイツ", "パレス", "寮", "館", "ビュー", "ホームズ", "荘", "スクエア", "・ＡＸＩＳ")
BUILDINGS = len(_FRONTS) * len(_BACKS)
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Style(NamedTuple):
    """How a registry writes: the separator within names, and whether digits and kana are wide."""

    separator: str
    wide: bool
    plain_lots: bool


STYLES = {
    "full": Style("　", True, False),
    "half": Style(" ", False, True),
    "joined": Style("", True, True),
}


class Person(NamedTuple):
    """One of the registry, in parts, as no registry would hand them out."""

    number: int
    person_id: str
    surname: str
    given: str
    surname_kana: str
    given_kana: str
    born: date
    home: Home

    @property
    def kana(self) -> str:
        """The whole reading with a space."""
        return f"{self.surname_kana}　{self.given_kana}"


def lies_in_range(born: Numbers) -> Mask:
    """Tell which births lie within one of the ranges."""
    within = [(born >= low) & (born <= high) for low, high in SPANS.values()]
    return np.logical_or.reduce(within)


class Registry:
    """The people in columns, with the parts that planted ones play."""

    def __init__(
        self, residents: int, cohorts: dict[int, int], seed: int, style: str = "full"
    ) -> None:
        """Draw the households, and bring the cohorts to their sizes.

        Args:
            residents: rows of the registry.
            cohorts: size of each cohort by age, met exactly.
            seed: equal seeds give equal registries.
            style: one of `STYLES`.
        """
        self.rng = np.random.default_rng(seed)
        self.style = STYLES[style]
        self.towns = read_towns(TOWNS)
        self._read_names(seed)
        self._draw_people(residents)
        self._draw_homes()
        self.role = np.full(residents, "", dtype="U14")
        self.partner = np.full(residents, -1)
        self.written: dict[int, str] = {}
        self.cohorts = cohorts
        self.resize()
        self.ids = self.rng.permutation(residents)

    def _read_names(self, seed: int) -> None:
        chance, book = Random(seed), read_names()
        drawn = [book.surnames.draw(chance) for _ in range(DRAWN)]
        glyphs = {**GLYPHS, **UNPRINTABLE_GLYPHS}
        self.surnames = [
            (
                "".join(glyphs.get(c, c) for c in name.text) if at % 9 == 0 else name.text,
                name.kana,
            )
            for at, name in enumerate(drawn)
        ]
        self.given = [
            (name.text, name.kana)
            for items in book.given.values()
            for name in (items.draw(chance) for _ in range(DRAWN))
        ]
        self._sex_of_given = [key == "1" for key, _ in book.given for _ in range(DRAWN)]
        foreign = [draw_foreign_name(chance) for _ in range(DRAWN)]
        self.first_foreign = len(self.surnames)
        self.surnames += [(name.full, name.kana) for name in foreign]
        self.nothing = len(self.given)
        self.given.append(("", ""))
        self.readings: dict[tuple[bool, str], list[int]] = {}
        self.initials: dict[tuple[bool, str], list[int]] = {}
        for at, is_male in enumerate(self._sex_of_given):
            self.readings.setdefault((is_male, self.given[at][1]), []).append(at)
            self.initials.setdefault((is_male, self.given[at][0][0]), []).append(at)

    def _draw_people(self, residents: int) -> None:
        rng = self.rng
        sizes = np.array([len(kind) for kind in _KINDS])
        kinds = rng.choice(len(_KINDS), residents, p=_SHARES)
        kinds = kinds[: int(np.searchsorted(np.cumsum(sizes[kinds]), residents)) + 1]
        self.home = np.repeat(np.arange(len(kinds)), sizes[kinds])[:residents]
        first = np.searchsorted(self.home, self.home)
        place = np.arange(residents) - first
        letters = np.array([list(kind.ljust(5)) for kind in _KINDS])
        self.member = letters[kinds[self.home], place]
        has_child = np.array(["c" in kind for kind in _KINDS])[kinds]
        alone = rng.gamma(2.0, 13.0, len(kinds)) + 18
        head = np.where(has_child, rng.normal(46, 8, len(kinds)), alone).clip(18, 97)
        head = np.where(has_child, head.clip(27, 66), head)[self.home]
        shift = {"s": (-6, 5), "c": (-38, -22), "g": (22, 34), "f": (-8, 8), "h": (0, 1)}
        low, high = (np.array([shift[letter][end] for letter in "hscgf"]) for end in (0, 1))
        code = np.select([self.member == letter for letter in "hscgf"], range(5))
        age = head + np.where(code == 0, 0, rng.uniform(low[code], high[code]))
        age = np.where(code == 2, age.clip(0, 33), age.clip(18, 104))
        self.born = BASE - (age * 365.2425).astype(np.int64) - rng.integers(0, YEAR, residents)
        self.is_male = rng.random(residents) < 0.5
        spouse = np.flatnonzero(self.member == "s")
        self.is_male[spouse] = ~self.is_male[spouse - 1]
        self.is_foreign = (rng.random(len(kinds)) < 0.11)[self.home]
        self.is_foreign |= (self.member == "s") & (rng.random(residents) < 0.02)
        family = rng.integers(0, DRAWN, len(kinds))[self.home]
        self.family = np.where(self.member == "f", rng.integers(0, DRAWN, residents), family)
        older = self.born < BASE - 45 * YEAR
        block = np.where(self.is_male, 0, 2) + np.where(older, 0, 1)
        self.own = block * DRAWN + rng.integers(0, DRAWN, residents)
        strangers = self.first_foreign + rng.integers(0, DRAWN, residents)
        self.family = np.where(self.is_foreign, strangers, self.family)
        self.own = np.where(self.is_foreign, self.nothing, self.own)
        self.status = rng.choice(3, residents, p=(0.976, 0.018, 0.006))
        self.has_kana = rng.random(residents) < 0.99
        self.household = self.home.copy()

    def _draw_homes(self) -> None:
        rng, count = self.rng, int(self.home[-1]) + 1
        weights = np.array([3 * town.chome_count + 1 for town in self.towns], dtype=float)
        self.town = rng.choice(len(self.towns), count, p=weights / weights.sum())
        chomes = np.array([town.chome_count for town in self.towns])[self.town]
        self.chome = np.where(chomes > 0, rng.integers(0, 60, count) % np.maximum(chomes, 1) + 1, 0)
        self.block = rng.integers(1, 36 * max(1, len(self.home) // 350_000), count)
        self.lot = rng.integers(1, 28, count)
        shared = rng.random(count) < 0.72
        # One lot has one building, so that its people differ by the room alone.
        site = self.town * 7 + self.chome * 5 + self.block * 3 + self.lot
        self.building = np.where(shared, site % BUILDINGS, -1)
        self.room = rng.integers(1, 13, count) * 100 + rng.integers(1, 10, count)

    def in_cohort(self) -> Mask:
        """Tell who is in a cohort: Japanese, a resident, born within a range."""
        return lies_in_range(self.born) & ~self.is_foreign & (self.status == 0)

    def resize(self) -> None:
        """Move births of people without a part until each cohort has its size."""
        gap = (SPANS[22][1] + 1, SPANS[18][0] - 1)
        movable = (self.role == "") & ~self.is_foreign & (self.status == 0)
        movable &= (self.member == "c") | (self.member == "h")
        outside = {18: (SPANS[18][1] + 1, SPANS[18][1] + 4 * YEAR), 22: gap}
        for age, size in self.cohorts.items():
            low, high = SPANS[age]
            inside = (self.born >= low) & (self.born <= high)
            now = int((inside & ~self.is_foreign & (self.status == 0)).sum())
            near = (self.born >= low - 4 * YEAR) & (self.born <= high + 4 * YEAR)
            pool = inside if now > size else near & ~self.in_cohort()
            chosen = self.rng.choice(np.flatnonzero(pool & movable), abs(now - size), replace=False)
            first, last = outside[age] if now > size else (low, high)
            self.born[chosen] = self.rng.integers(first, last + 1, len(chosen))

    def take(self, mask: Mask, count: int) -> list[int]:
        """Draw some people without a part."""
        pool = np.flatnonzero(mask & (self.role == ""))
        return [int(i) for i in self.rng.choice(pool, min(count, len(pool)), replace=False)]

    def list_home(self, number: int) -> range:
        """List those who live in one home, by their numbers."""
        home = self.home[number]
        return range(*(int(np.searchsorted(self.home, home, side)) for side in ("left", "right")))

    def write_name(self, number: int) -> str:
        """Write a name as the registry does."""
        surname, given = self.surnames[self.family[number]][0], self.given[self.own[number]][0]
        if not given:
            return surname
        return surname + self.style.separator + given.replace("　", self.style.separator)

    def read(self, number: int) -> Person:
        """Tell about one person."""
        i, home = number, self.home[number]
        (surname, surname_kana), (given, given_kana) = (
            self.surnames[self.family[i]], self.given[self.own[i]],
        )  # fmt: skip
        return Person(
            number, f"N{self.ids[i]:08d}", surname, given, surname_kana, given_kana,
            date.fromordinal(int(self.born[i])),
            Home(
                self.towns[self.town[home]], int(self.chome[home]), int(self.block[home]),
                int(self.lot[home]), name_building(int(self.building[home])), int(self.room[home]),
            ),
        )  # fmt: skip


def name_building(number: int) -> str:
    """Give the name of a building, none for -1."""
    return "" if number < 0 else _FRONTS[number // len(_BACKS)] + _BACKS[number % len(_BACKS)]
