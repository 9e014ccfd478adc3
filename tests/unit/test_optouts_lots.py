"""Lots of addresses: what is part of them, what is a room, and what is left in doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.places import LOT, SAME_LOT, compare_places, locate
from recruitlib.optouts.towns import read_towns
from tests.conftest import ROOT
from tests.unit.test_optouts_places import FULL_WIDTH, HYPHENS, KANJI, PUBLIC_BUILDINGS, write_kanji

TOWNS = read_towns(Path(__file__).parents[1] / "fixtures/towns_sample.csv")
WARD = learn_places((), "東京都", "新宿区", TOWNS)


@pytest.mark.parametrize(
    ("text", "numbers", "rest"),
    [
        ("住吉町8-1 1102", (8, 1), "1102"),
        ("住吉町８－１　１１０２", (8, 1), "１１０２"),
        ("住吉町8番地1 101号室", (8, 1), "101号室"),
        ("住吉町8-1番地", (8, 1), ""),
        ("住吉町8番1号の101", (8, 1), "101"),
        ("住吉町8番1号ニュー八重洲ビル", (8, 1), "ニュー八重洲ビル"),
        ("住吉町8番1号 タワー３６階", (8, 1), "タワー３６階"),
        ("住吉町999番地おはようビル２０５号室", (999,), "おはようビル２０５号室"),
        ("住吉町8番地のぞみ荘", (8,), "のぞみ荘"),
        ("住吉町8番地ノースタワー", (8,), "ノースタワー"),
        ("住吉町8番地 三井ビル", (8,), "三井ビル"),
        ("住吉町8 第二ハイツ203", (8,), "第二ハイツ203"),
        ("住吉町8-1三井ビル", (8, 1), "三井ビル"),
        ("住吉町八番一号三井ビル", (8, 1), "三井ビル"),
        ("住吉町8-1(神荘)", (8, 1), "(神荘)"),
        ("住吉町8-101号室", (8,), "101号室"),
        ("住吉町8-1番館", (8,), "1番館"),
        ("住吉町8-1-101", (8, 1, 101), ""),
        ("住吉町8番1号　葛󠄀荘", (8, 1), "葛󠄀荘"),
    ],
)
def test_a_building_stays_as_written_and_a_room_never_joins_the_lot(
    text: str, numbers: tuple[int, ...], rest: str
) -> None:
    assert tuple(locate(text, "", WARD)) == (LOT, "住吉町", 0, numbers, rest)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("西新宿2-8-1-1102", "1102"),
        ("西新宿2-8-1-1102号室", "1102号室"),
        ("西新宿2-8-1-A101", "A101"),
        ("西新宿二-八-一-三井ビル", "三井ビル"),
        ("西新宿２丁目８番１－１１０２号", "１１０２号"),
        ("西新宿2-8-1 Aコーポ", "Aコーポ"),
        ("西新宿2-8-1ABCビル", "ABCビル"),
        ("西新宿2-8-1\n1102", "1102"),
    ],
)
def test_a_fourth_number_is_a_room(text: str, rest: str) -> None:
    assert tuple(locate(text, "", WARD)) == (LOT, "西新宿", 2, (8, 1), rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "　",
        "東京都新宿区",
        "新宿区1-2-3",
        "千代田区紀尾井町1-3",
        "東京都中野区中野4-8-1",
        "神奈川県横浜市港北区日吉2-8-1",
        "原町市本町1-2-3",
        "新宿区架空町1-2",
        "荒木町1丁目3番地",
        "住吉町8-2丁目",
        "西新宿9-8-1",
        "西新宿12-8-1",
        "西新宿0-8-1",
        "住吉町0-1",
        "西新宿8番1号",
        "西新宿8番地1",
        "西新宿2丁目8号",
        "住吉町8号",
        "住吉町8 1",
        "西新宿2 8 1",
        "西新宿2-8 1",
        "住吉町8番 1",
        "住吉町8番地 12号",
        "住吉町8.1",
        "住吉町8--1",
        "住吉町8二",
        "西新宿2十1",
        "西新宿二-八-一三井ビル",
        "住吉町8-三の丸ビル",
        "住吉町八十十-1",
        "西新宿①-②-③",
        "西新宿2-8²-1",
        "西新宿2-8-1½",
        "西新宿2-8-1٣",
        "西新宿2-8-1Aコーポ",
        "西新宿2-80000-1",
        "西新宿2-8・9",
        "新宿三井ビル",
        "西新宿都営住宅3-101",
        "住吉町205号室",
        "西新宿4条10丁目",
        "2026-08-01",
        "西新宿2-8-1\u202e",
    ],
)
def test_an_address_that_may_be_read_in_two_ways_or_lies_elsewhere_has_no_lot(text: str) -> None:
    assert locate(text, "", WARD).kind != LOT


def test_a_town_or_chome_alone_is_known_but_agrees_with_nothing() -> None:
    assert tuple(locate("新宿区西新宿", "", WARD)) == ("town", "西新宿", 0, (), "")
    assert tuple(locate("西新宿2丁目", "", WARD)) == ("town", "西新宿", 2, (), "")
    assert tuple(locate("西新宿2丁目8番", "", WARD)) == (LOT, "西新宿", 2, (8,), "")
    for text in ("新宿区西新宿", "西新宿2丁目", "新宿区", ""):
        assert not agree(text, text)


def agree(left: str, right: str) -> bool:
    one, other = locate(left, "", WARD), locate(right, "", WARD)
    nearness = compare_places(one, other)
    assert nearness == compare_places(other, one)
    return nearness == SAME_LOT


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("住吉町8番地1", "住吉町9番地1"),
        ("住吉町8番地1", "住吉町18番地1"),
        ("住吉町8番地1", "住吉町8番地11"),
        ("住吉町8番地1", "住吉町8番地"),
        ("住吉町8番地1", "住吉町8番地 1号室"),
        ("住吉町8番地1", "余丁町8番地1"),
        ("西新宿1-8-1", "西新宿2-8-1"),
        ("西新宿2-8-1", "北新宿2-8-1"),
        ("西新宿2丁目8番", "西新宿2-8-1"),
        ("住吉町8-1-2", "住吉町8-1"),
        ("住吉町8-1-101", "住吉町9-1 ハイツ101"),
        ("住吉町8-101", "住吉町8番地"),
        ("住吉町8-1", "東京都中野区中野4-8-1"),
    ],
)
def test_lots_that_differ_in_one_number_never_agree(left: str, right: str) -> None:
    """A29: two families whose addresses differ in the 番地 only."""
    assert not agree(left, right)


@pytest.mark.parametrize(
    ("typed", "registry", "same"),
    [
        ("住吉町8-1-101", "住吉町8番地1", True),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ", True),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ１０１号", True),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ一〇一号室", True),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ１０２号", False),
        ("住吉町8-1-101", "住吉町8番地1 ハイツ１１０１号", False),
        ("住吉町8-101", "住吉町8番地 ハイツ101号室", True),
    ],
)
def test_a_surplus_number_is_a_room_only_where_the_building_allows_it(
    typed: str, registry: str, same: bool
) -> None:
    assert agree(typed, registry) == same


def write_digit_by_digit(number: int) -> str:
    return "".join(KANJI[int(digit)] for digit in str(number))


WRITERS: list[Callable[[int], str]] = [
    str,
    lambda n: str(n).translate(FULL_WIDTH),
    write_kanji,
    write_digit_by_digit,
]
CHOME_TOWNS = [town for town in TOWNS.items() if town[1]]
PLAIN_TOWNS = [town for town in TOWNS.items() if not town[1]]
NUMBERS = st.integers(1, 99)
STEADY = settings(deadline=None, derandomize=True)


@st.composite
def written_lots(draw: st.DrawFn) -> tuple[str, tuple[str, int, tuple[int, ...], str]]:
    """Draw a lot, and one of the many ways in which it may be written."""
    town, count = draw(st.sampled_from([*CHOME_TOWNS, *PLAIN_TOWNS]))
    chome = draw(st.integers(1, count)) if count else 0
    block, house = draw(NUMBERS), draw(NUMBERS)
    write = draw(st.sampled_from(WRITERS))
    space = draw(st.sampled_from(["", " ", "　"]))
    marks = [draw(st.sampled_from([*HYPHENS, "の", "ノ", "ﾉ", " - "]))]
    chome_mark = draw(st.sampled_from(["丁目", "丁目" + space, marks[0]]))
    if chome_mark.startswith("丁目"):
        marks += ["番地の", "番地", "番", "番地ノ"]
    elif chome or draw(st.booleans()):
        marks = [*marks, "番地", "番"]
    mark = draw(st.sampled_from(marks))
    end = "号" if mark.startswith("番") and draw(st.booleans()) else ""
    prefix = draw(
        st.sampled_from(["", "新宿区", "東京都新宿区", "〒160-0000 東京都 新宿区 ", "1600000 "])
    )
    text = prefix + town + space
    text += write(chome) + chome_mark if chome else ""
    text += write(block) + mark + write(house) + end
    rest = draw(st.sampled_from(["", "メゾン二番館", "ニュー八重洲ビル３６階", "1102"]))
    text += f" {rest}" if rest else ""
    return text, (town, chome, (block, house), rest)


@STEADY
@given(written_lots())
def test_every_way_of_writing_a_lot_is_read_as_the_same_lot(
    case: tuple[str, tuple[str, int, tuple[int, ...], str]],
) -> None:
    text, expected = case
    assert tuple(locate(text, "", WARD)) == (LOT, *expected)


@STEADY
@given(written_lots(), written_lots())
def test_two_lots_agree_exactly_when_they_are_one(
    left: tuple[str, tuple[str, int, tuple[int, ...], str]],
    right: tuple[str, tuple[str, int, tuple[int, ...], str]],
) -> None:
    assert agree(left[0], right[0]) == (left[1][:3] == right[1][:3])
    assert agree(left[0], left[0])


def test_the_table_of_the_ward_reads_every_public_building_and_all_its_towns() -> None:
    towns = read_towns(ROOT / "params/towns/131041.csv")
    ward = learn_places((), "東京都", "新宿区", towns)
    assert sum(count > 0 for count in towns.values()) == 22
    for text, town, chome, numbers in PUBLIC_BUILDINGS:
        assert tuple(locate(text, "", ward)) == (LOT, town, chome, numbers, "")
    for name, count in towns.items():
        last = f"{count}丁目" if count else ""
        expected = (LOT, name.replace("之", "の"), count, (8, 1), "")
        assert tuple(locate(f"東京都新宿区{name}{last}8番1号", "", ward)) == expected
