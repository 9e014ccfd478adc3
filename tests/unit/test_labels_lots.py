"""Lots: the print order, by postal code, town, lot and building, numbers as numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.labels.lots import sort_recipients
from tests.unit.stages import make_residents

TOWN = "東京都新宿区見本町"
# In the order in which a postman walks: code, address, building.
WALK = [
    ("１６００００１", f"{TOWN}二丁目２番９号", ""),
    ("１６００００１", f"{TOWN}二丁目２番９号", "見本荘２０１号室"),
    ("１６００００１", f"{TOWN}二丁目２番９号", "見本荘１００１号室"),
    ("1600001", f"{TOWN}２－２－１０", ""),
    ("１６００００１", f"{TOWN}二丁目１０番１号", "Ａ棟９９号室"),
    ("１６００００１", f"{TOWN}二丁目１０番１号", "Ａ棟１００号室"),
    ("160-0001", f"{TOWN}2丁目10番2号", ""),
    ("１６００００１", f"{TOWN}十丁目１番１号", ""),
    ("１６００００１", f"{TOWN}二十一丁目１番１号", ""),
    ("１６０００１０", f"{TOWN}９番地", ""),
    ("１６０００１０", f"{TOWN}９番地の２", ""),
    ("１６０００１０", f"{TOWN}９番地の１１", ""),
    ("１６０００１０", f"{TOWN}１０番地", ""),
    ("１６０００１０", f"{TOWN}百二番地", ""),
    ("１６０００１１", "東京都新宿区三栄町９番", ""),
    ("１６０００１１", "東京都新宿区三栄町１０番", ""),
    ("１６０００１１", "東京都新宿区二十騎町１番", ""),
]


def make_people(*places: tuple[str, str, str]) -> pd.DataFrame:
    columns = ("postal_code", "address", "building")
    return make_residents(*(dict(zip(columns, place, strict=True)) for place in places))


def list_places(people: pd.DataFrame) -> list[Any]:
    return list(people[["postal_code", "address", "building"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("seed", range(3))
def test_the_print_goes_by_postal_code_town_lot_and_room_with_numbers_as_numbers(seed: int) -> None:
    mixed = make_people(*WALK).sample(frac=1, random_state=seed)
    assert list_places(sort_recipients(mixed, "postal_code")) == WALK


def test_people_of_one_home_stand_together_by_id() -> None:
    home, other = ("１６００００１", f"{TOWN}２番", "見本荘"), ("１６００００１", f"{TOWN}２番", "")
    people = make_people(home, other, home, other).iloc[::-1]
    ordered = sort_recipients(people, "postal_code")["addressee_id"].tolist()
    assert ordered == ["0000000002", "0000000004", "0000000001", "0000000003"]


def test_the_registrys_order_is_that_of_its_rows() -> None:
    people = make_people(*WALK).sample(frac=1, random_state=1)
    assert list_places(sort_recipients(people, "registry")) == WALK
    assert sort_recipients(people.iloc[:0], "postal_code").empty


def write_place(numbers: tuple[int, int, int, int], style: int) -> tuple[str, str, str]:
    """Write 丁目, 番, 号 and room as one of the ways in which registries write them."""
    chome, block, house, room = numbers
    kanji = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
    tens = ("" if chome < 10 else kanji[chome // 10].replace("一", "") + "十") + kanji[chome % 10]
    text = (
        f"{tens}丁目{block}番{house}号",
        f"{chome}丁目{block}番地の{house}",
        f"{chome}-{block}-{house}",
        f"{chome}丁目 {block}番 {house}号",
    )[style // 2]
    if style % 2:
        text = text.translate(str.maketrans("0123456789- ", "０１２３４５６７８９－　"))
    return "１６００００１", TOWN + text, f"見本荘{room}号室"


NUMBERS = st.tuples(st.integers(1, 25), *[st.integers(1, 1200)] * 3)


@given(
    st.lists(st.tuples(NUMBERS, st.integers(0, 7)), unique_by=lambda place: place[0], max_size=12)
)
def test_however_places_are_written_they_sort_as_their_numbers(
    places: list[tuple[tuple[int, int, int, int], int]],
) -> None:
    ordered = sort_recipients(
        make_people(*(write_place(*place) for place in places)), "postal_code"
    )
    assert list_places(ordered) == [write_place(*place) for place in sorted(places)]


PARTS = st.lists(
    st.sampled_from([*"町番地号室の丁目条千百十二〇1２0９-－ー 　③", "丁目", "0" * 20, "９" * 40]) | st.text(max_size=2),
    max_size=8,
).map("".join)  # fmt: skip


@given(st.lists(st.tuples(PARTS, PARTS, PARTS), max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_any_texts_are_sorted_in_one_way_whole_and_unchanged(
    places: list[tuple[str, str, str]], dice: Any
) -> None:
    people = make_people(*places)
    order = list(range(len(people)))
    dice.shuffle(order)
    ordered = sort_recipients(people, "postal_code")
    pd.testing.assert_frame_equal(sort_recipients(people.iloc[order], "postal_code"), ordered)
    by_id = ordered.sort_values("addressee_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(by_id, people)
