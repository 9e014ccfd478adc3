"""Invented addresses in the real towns of the ward: lots, buildings, rooms."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from recruitlib.base.errors import FormError
from recruitlib.synth.draws import WeightedItems, draw_below, draw_one

FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
_KANJI_DIGITS = "〇一二三四五六七八九"
_FRONTS = ["メゾン", "グランド", "パーク", "コーポ", "ハイツ", "シティ", "サン", "ロイヤル",
           "ヴィラ", "エスポワール", "第二", "第三", "プレール・ドゥーク", "カーサ",
           "ルミエール"]  # fmt: skip
_BACKS = ["マンション", "レジデンス", "ハイム", "コート", "ハウス", "タワー", "荘", "ガーデン",
          "テラス", "プラザ", "ヒルズ", "アパート"]  # fmt: skip
_LONG = "グランドメゾン{town}パークサイドレジデンスセントラルタワー{wing}・アネックス館"
_WINGS = ["イースト", "ウエスト", "ノース", "サウス"]
_COLUMNS = ["town", "postal_code", "has_chome", "chome_count"]


@dataclass(frozen=True, slots=True)
class Town:
    """A town (町名) of the ward with its postal code, number in the table and number of 丁目."""

    name: str
    postal_code: str
    number: int
    chome_count: int


@dataclass(frozen=True, slots=True)
class Place:
    """A dwelling: town, numbers of the lot, building and room."""

    town: Town
    chome: int
    block: int
    lot: int
    building: str = ""
    room: str = ""

    @property
    def town_text(self) -> str:
        """町字 with the 丁目 in kanji, as the registry holds it."""
        return self.town.name + (f"{_KANJI_DIGITS[self.chome]}丁目" if self.chome else "")

    @property
    def lot_text(self) -> str:
        """番地号表記 in full-width digits."""
        if self.chome:
            text = f"{self.block}番{self.lot}号"
        else:
            text = f"{self.block}番地" + (str(self.lot) if self.lot else "")
        return text.translate(FULL_WIDTH)

    @property
    def building_text(self) -> str:
        """方書: building and room, empty for a house."""
        return self.building + self.room

    @property
    def postal_text(self) -> str:
        """Seven full-width digits without a hyphen."""
        return self.town.postal_code.translate(FULL_WIDTH)

    @property
    def town_code(self) -> str:
        """町字コード, seven digits (invented)."""
        return f"{self.town.number:04d}{self.chome:03d}"

    @property
    def full_text(self) -> str:
        """The whole address from the prefecture on, in the notation of the registry."""
        tail = f"　{self.building_text}" if self.building_text else ""
        return f"東京都新宿区{self.town_text}{self.lot_text}{tail}"


@dataclass(frozen=True, slots=True)
class Streets:
    """What addresses are drawn from: the towns, shared buildings and dormitories."""

    towns: WeightedItems[Town]
    buildings: list[Place]
    dormitories: list[Place]


def read_towns(path: Path) -> list[Town]:
    """Read the towns of the ward.

    Of a town with two postal codes the first row counts: it holds the code of most lots.

    Args:
        path: CSV with the columns town, postal_code, has_chome, chome_count.

    Returns:
        One entry per name of town.

    Raises:
        FormError: The columns are other ones, or there is no row.
    """
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    if not rows or list(rows[0]) != _COLUMNS:
        raise FormError(
            f"{path.name} 1行目: 町名表の見出しは {','.join(_COLUMNS)} のはずです。"
            "params/towns の表を指定してください。"
        )
    first: dict[str, Town] = {}
    for number, row in enumerate(rows, start=1):
        count = int(row["chome_count"])
        first.setdefault(row["town"], Town(row["town"], row["postal_code"], number, count))
    return list(first.values())


def _draw_site(rng: Random, towns: WeightedItems[Town]) -> Place:
    town = towns.draw(rng)
    chome = 1 + draw_below(rng, town.chome_count) if town.chome_count else 0
    block = 1 + draw_below(rng, 40)
    lot = 1 + draw_below(rng, 25)
    return Place(town, chome, block, lot if chome or rng.random() < 0.8 else 0)


def _draw_building(rng: Random, site: Place) -> Place:
    if rng.random() < 0.08:
        name = _LONG.format(town=site.town_text, wing=draw_one(rng, _WINGS))
    else:
        middle = site.town.name if rng.random() < 0.6 else ""
        name = draw_one(rng, _FRONTS) + middle + draw_one(rng, _BACKS)
    return replace(site, building=name + ("　" if rng.random() < 0.5 else ""))


def make_streets(rng: Random, towns: list[Town], residents: int) -> Streets:
    """Make the buildings that households share.

    Args:
        rng: Source of chance.
        towns: Towns of the ward.
        residents: Number of people to house; one building per forty, at most 4,000.

    Returns:
        What `draw_place` and `draw_dormitory` draw from.
    """
    weighted = WeightedItems(towns, [3 * town.chome_count or 1 for town in towns])
    count = min(4000, 20 + residents // 40)
    buildings = [_draw_building(rng, _draw_site(rng, weighted)) for _ in range(count)]
    dormitories = [
        replace(_draw_site(rng, weighted), building=name)
        for name in ("学生会館みどり寮", "若葉学生寮", "都の北学生ハウス", "青雲寮　")
    ]
    return Streets(weighted, buildings, dormitories)


def _draw_room(rng: Random, dwelling: Place) -> Place:
    number = (1 + draw_below(rng, 14)) * 100 + 1 + draw_below(rng, 12)
    ending = "号室" if len(dwelling.building) % 2 else "号" if dwelling.lot % 3 == 0 else ""
    return replace(dwelling, room=f"{number}{ending}".translate(FULL_WIDTH))


def draw_place(rng: Random, streets: Streets) -> Place:
    """Draw a dwelling: a flat in a shared building, a house, or a room with somebody.

    Args:
        rng: Source of chance.
        streets: Result of `make_streets`.

    Returns:
        The dwelling; three in ten have no building.
    """
    which = rng.random()
    if which < 0.68:
        return _draw_room(rng, draw_one(rng, streets.buildings))
    site = _draw_site(rng, streets.towns)
    return replace(site, building="大家方") if which > 0.985 else site


def draw_dormitory(rng: Random, streets: Streets) -> Place:
    """Draw a room in one of the students' dormitories.

    Args:
        rng: Source of chance.
        streets: Result of `make_streets`.

    Returns:
        The room.
    """
    return _draw_room(rng, draw_one(rng, streets.dormitories))
