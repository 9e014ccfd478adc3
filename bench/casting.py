"""Plant in an invented registry those who make matching hard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
from residents import BASE, DRAWN, SPANS, STATUSES, YEAR, Mask, Registry
from spellings import list_date_slips

_RARE = (
    ("勘解由小路", "カデノコウジ"), ("小鳥遊", "タカナシ"), ("一", "ニノマエ"), ("月見里", "ヤマナシ"),
    ("東海林", "ショウジ"), ("四月一日", "ワタヌキ"), ("五百旗頭", "イオキベ"), ("薬袋", "ミナイ"),
    ("左衛門三郎", "サエモンサブロウ"), ("京", "カナドメ"), ("釋", "シャク"), ("八月一日宮", "ホズミヤ"),
    ("日月", "タチモリ"), ("百目鬼", "ドウメキ"), ("一尺八寸", "カマツカ"), ("乙", "キノト"),
)  # fmt: skip
_NATURALISED = (
    ("スミス", "スミス", "ジョン　健", "ジョン　ケン"), ("リー", "リー", "明華", "メイカ"),
    ("グエン", "グエン", "ティ　ホア　花", "ティ　ホア　ハナ"), ("佐久間", "サクマ", "マリア", "マリア"),
    ("マクドナルド", "マクドナルド", "丈", "ジョー"), ("カルロス", "カルロス", "ひろし", "ヒロシ"),
    ("フェルナンデス", "フェルナンデス", "エミ　リナ", "エミ　リナ"), ("朴木", "ホオノキ", "ミンジュン", "ミンジュン"),
    ("王", "オウ", "大偉", "ダイイ"), ("ド・ラ・トゥール", "ドラトゥール", "杏", "アン"),
)  # fmt: skip


def plant(registry: Registry) -> None:
    """Give parts to some people of the cohorts, and bring the cohorts to their sizes again.

    Twins; namesakes of one birth date and of one reading; somebody of the same name whose date is a
    slip of the pen away; people registered twice, once as moved out; a parent elsewhere in the
    ward; gaiji, rare and naturalised names; a parent of nearly the same name, in another household
    or of another surname; a dormitory; births on and beside the borders of the ranges.
    """
    count = max(4, min(90, min(registry.cohorts.values()) // 18))
    cohort, settled = registry.in_cohort(), ~registry.is_foreign & (registry.status == 0)
    alone = (registry.member == "h") & (np.bincount(registry.home)[registry.home] == 1)
    grown = alone & settled & (registry.born < BASE - 26 * YEAR)
    child = cohort & (registry.member == "c")
    _plant_twins(registry, child & np.roll(settled, 1), count)
    _plant_namesakes(registry, cohort & alone, count)
    _plant_homonyms(registry, cohort, grown, count)
    parents = grown & (registry.born > BASE - 58 * YEAR) & (registry.born < BASE - 40 * YEAR)
    for i, j in _pair(registry, cohort & alone, parents, count):
        registry.family[j] = registry.family[i]
        _cast(registry, "parent_away", i, j)
    _plant_names(registry, cohort, count)
    _plant_families(registry, child, count)
    _plant_dormitory(registry, cohort & alone, 2 * count)
    _plant_borders(registry, cohort, settled & alone & ~cohort, count)
    registry.resize()


def _cast(registry: Registry, role: str, number: int, partner: int = -1) -> None:
    registry.role[number], registry.partner[number] = role, partner
    if partner >= 0 and not registry.role[partner]:
        registry.role[partner] = "partner"


def _pair(registry: Registry, ones: Mask, others: Mask, count: int) -> Iterator[tuple[int, int]]:
    return zip(registry.take(ones, count), registry.take(others, count), strict=False)


def _name_after(registry: Registry, one: int, other: int) -> None:
    for column in (registry.family, registry.own, registry.born, registry.is_male):
        column[one] = column[other]


def _draw_alike(registry: Registry, number: int, by_reading: bool) -> int:
    """Draw another given name of the same reading, or of the same first character."""
    text, kana = registry.given[registry.own[number]]
    table = registry.readings if by_reading else registry.initials
    key = (bool(registry.is_male[number]), kana if by_reading else text[:1])
    found = [at for at in table.get(key, []) if registry.given[at][0] != text]
    return int(registry.rng.choice(found if found else registry.nothing))


def _plant_twins(registry: Registry, mask: Mask, count: int) -> None:
    is_child, same_home = registry.member[:-1] == "c", registry.home[1:] == registry.home[:-1]
    has_elder = np.append(False, is_child & same_home)
    for at, i in enumerate(registry.take(mask & has_elder, count)):
        j = i - 1
        if registry.role[i] or registry.role[j]:
            continue
        registry.born[j], registry.is_male[j] = registry.born[i], registry.is_male[i]
        registry.own[j] = _draw_alike(registry, i, by_reading=at % 3 == 0)
        _cast(registry, "twin", i, j)
        _cast(registry, "twin", j, i)


def _plant_namesakes(registry: Registry, mask: Mask, count: int) -> None:
    for role in ("namesake", "same_reading"):
        people = registry.take(mask, 2 * count)
        for i, j in zip(people[::2], people[1::2], strict=False):
            _name_after(registry, j, i)
            if role == "same_reading":
                registry.own[j] = _draw_alike(registry, i, by_reading=True)
            _cast(registry, role, i, j)
            _cast(registry, role, j, i)


def _plant_homonyms(registry: Registry, cohort: Mask, grown: Mask, count: int) -> None:
    for i, j in _pair(registry, cohort, grown, count):
        slips = list_date_slips(date.fromordinal(int(registry.born[i])))
        _name_after(registry, j, i)
        registry.born[j] = slips[int(registry.rng.integers(len(slips)))].toordinal()
        _cast(registry, "near_date", i, j)
    for i, j in _pair(registry, cohort, grown, count):
        _name_after(registry, j, i)
        registry.status[j] = STATUSES.index("転出")
        _cast(registry, "moved_back", i, j)


def _plant_names(registry: Registry, cohort: Mask, count: int) -> None:
    for at, i in enumerate(registry.take(cohort, count)):
        text = registry.write_name(i)
        spot = int(registry.rng.integers(len(text) - 1))
        spot += text[spot] in "　 "
        mark = ("〓", chr(0xE000 + at), chr(0xF0000 + at))[at % 3]
        registry.written[i] = text[:spot] + mark + text[spot + 1 :].lstrip("\U000e0100")
        _cast(registry, "gaiji", i)
    for role, entries in (("rare", _RARE), ("naturalised", _NATURALISED)):
        for at, i in enumerate(registry.take(cohort, count)):
            home = registry.list_home(i)
            if any(registry.role[j] for j in home):
                continue
            surname, kana, *given = entries[at % len(entries)]
            registry.surnames.append((surname, kana))
            for j in home:
                if not registry.is_foreign[j]:
                    registry.family[j] = len(registry.surnames) - 1
            if given:
                registry.given.append((given[0], given[1]))
                registry.own[i] = len(registry.given) - 1
            _cast(registry, role, i)


def _plant_families(registry: Registry, child: Mask, count: int) -> None:
    for i in registry.take(child, count):
        same = [
            j for j in registry.list_home(i)
            if registry.member[j] in "hs" and registry.is_male[j] == registry.is_male[i]
            and not registry.is_foreign[j] and not registry.role[j]
        ]  # fmt: skip
        if same:
            by_reading = bool(registry.rng.random() < 0.5)
            registry.own[same[0]] = _draw_alike(registry, i, by_reading)
            _cast(registry, "alike_parent", i, same[0])
    for i in registry.take(child, count):
        registry.household[i] = int(registry.household.max()) + 1
        _cast(registry, "split_home", i)
    for i in registry.take(child, count):
        registry.family[i] = int(registry.rng.integers(0, DRAWN))
        _cast(registry, "other_surname", i)


def _plant_dormitory(registry: Registry, mask: Mask, count: int) -> None:
    for at, i in enumerate(registry.take(mask, count)):
        home = registry.home[i]
        registry.town[home], registry.chome[home] = 0, 0
        registry.block[home], registry.lot[home] = 7, 7
        registry.building[home], registry.room[home] = 2, 101 + at
        _cast(registry, "dorm", i)


def _plant_borders(registry: Registry, inside: Mask, outside: Mask, count: int) -> None:
    spans = [SPANS[age] for age in (18, 22)]
    for at, i in enumerate(registry.take(inside, count)):
        registry.born[i] = spans[at // 2 % 2][at % 2]
        _cast(registry, "border_in", i)
    for at, i in enumerate(registry.take(outside & (registry.born > BASE - 30 * YEAR), count)):
        registry.born[i] = spans[at // 2 % 2][at % 2] + (-1, 1)[at % 2]
        _cast(registry, "border_out", i)
