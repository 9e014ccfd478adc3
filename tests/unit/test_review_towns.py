"""Counts by town: read from addresses as registries write them, small ones hidden with care.

Right values: the town table of 新宿区 as the post office lists it, and sums made by hand.
"""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.masking import HELD, SMALL
from recruitlib.optouts.towns import UNKNOWN_COUNT, TownTable, read_towns
from recruitlib.review.towns import OTHER_TOWN, count_towns, mask_towns, name_towns, tabulate_towns
from tests.conftest import ROOT

TABLE = read_towns(ROOT / "params/towns/131041.csv")
PLACE = {"prefecture": "東京都", "municipality": "新宿区"}
STEADY = settings(deadline=None, derandomize=True, max_examples=60)


@pytest.mark.parametrize(
    ("address", "town"),
    [
        ("東京都新宿区西新宿二丁目8番1号", "西新宿2丁目"),
        ("東京都新宿区西新宿２丁目８番１号", "西新宿2丁目"),
        ("東京都新宿区片町1番1号", "片町"),
        ("東京都新宿区二十騎町1番地", "二十騎町"),
        ("東京都新宿区市谷加賀町二丁目2番2号", "市谷加賀町2丁目"),
        # What is not in the table may be anything, a name as well.
        ("東京都新宿区山田太郎方", OTHER_TOWN),
        ("東京都新宿区どこか1番", OTHER_TOWN),
        ("埼玉県川口市片町1番1号", OTHER_TOWN),
        ("", OTHER_TOWN),
    ],
)
def test_the_town_of_an_address(address: str, town: str) -> None:
    assert name_towns(pd.Series([address], dtype="str"), PLACE, TABLE) == [town]


def test_no_name_of_a_town_is_written_that_is_not_in_the_table() -> None:
    addresses = pd.Series(
        ["東京都新宿区西新宿十二丁目3番1号", "東京都新宿区西新宿八番一号", "東京都新宿区四谷99丁目1番1号"],
        dtype="str",
    )  # fmt: skip
    allowed = {OTHER_TOWN} | {
        f"{town}{number}丁目" if number else town
        for town, count in TABLE.items() for number in range(count + 1)
    }  # fmt: skip
    assert set(name_towns(addresses, PLACE, TABLE)) <= allowed


# What a registry's address may hold beside, or in place of, a town and its lot.
_SHREDS = st.lists(
    st.one_of(
        st.sampled_from(["東京都", "新宿区", "片町", "西新宿", "山田太郎方", "大久保一", "二丁目", "丁目",
                         "45", "１２", "番", "号", "-", "　", "ハイツ", "川口市", "字", "〒160-0023"]),
        st.text(max_size=6),
    ),
    max_size=9,
).map("".join)  # fmt: skip
_TABLES = st.sampled_from(
    [TABLE, {}, {"西新宿": UNKNOWN_COUNT, "片町": 0}, {"西新宿": 2}, {"山吹町": 0, "大久保": 3}]
)


@STEADY
@given(st.lists(_SHREDS, max_size=5), _TABLES, st.booleans())
def test_whatever_an_address_holds_only_names_of_the_table_are_written(
    shreds: list[str], table: TownTable, begins: bool
) -> None:
    addresses = pd.Series(["東京都新宿区" * begins + shred for shred in shreds], dtype="str")
    allowed = {OTHER_TOWN} | {
        f"{town}{number}丁目" if number else town
        for town, count in table.items()
        for number in range(count + 1 if count != UNKNOWN_COUNT else 1)
    }
    assert set(name_towns(addresses, PLACE, table)) <= allowed


@pytest.mark.parametrize(
    "address", ["西新宿45番3号", "西新宿45-3-1", "西新宿四十五丁目3番", "西新宿45丁目3番1号"]
)
def test_a_lot_is_never_a_chome_where_nobody_knows_how_many_there_are(address: str) -> None:
    table = {"西新宿": UNKNOWN_COUNT}
    names = name_towns(pd.Series([f"東京都新宿区{address}"], dtype="str"), PLACE, table)
    assert names[0] in ("西新宿", OTHER_TOWN)


def test_the_word_for_other_towns_is_fixed() -> None:
    """Offices compare it from year to year."""
    assert OTHER_TOWN == "その他の町"


def test_every_town_of_the_table_is_named_by_its_own_addresses() -> None:
    kanji = "一二三四五六七八九"
    wanted = [
        (f"東京都新宿区{town}{kanji[number - 1] + '丁目' if number else ''}7番3号",
         f"{town}{number}丁目" if number else town)
        for town, count in TABLE.items() for number in range(bool(count), count + 1)
    ]  # fmt: skip
    assert len(wanted) > 140
    addresses = pd.Series([address for address, _ in wanted], dtype="str")
    assert name_towns(addresses, PLACE, TABLE) == [name for _, name in wanted]


def make_people(*towns: tuple[str, str, int]) -> pd.DataFrame:
    rows = [
        (f"東京都新宿区{town}{n}番{n}号", age) for town, age, people in towns
        for n in range(1, people + 1)
    ]  # fmt: skip
    people = pd.DataFrame(rows, columns=["address", "cohort"], dtype="str")
    return people.assign(addressee_id=[f"{number:010d}" for number in range(len(people))])


def test_residents_and_recipients_are_counted_by_town_and_age() -> None:
    cohort = make_people(("百人町四丁目", "18", 3), ("片町", "22", 2), ("百人町一丁目", "22", 4))
    counts = count_towns(cohort, cohort.iloc[[0, 1, 3]], PLACE, TABLE)
    # In the order of the table, by 丁目, with a row for each age.
    assert counts.values.tolist() == [
        ["片町", "18", 0, 0], ["片町", "22", 2, 1],
        ["百人町1丁目", "18", 0, 0], ["百人町1丁目", "22", 4, 0],
        ["百人町4丁目", "18", 3, 2], ["百人町4丁目", "22", 0, 0],
    ]  # fmt: skip


def make_counts(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["town", "cohort", "residents", "given"])


def test_given_and_excluded_are_hidden_each_against_its_own_total() -> None:
    masked = mask_towns(
        make_counts(("片町", "18", 60, 40), ("片町", "22", 30, 30), ("舟町", "18", 33, 30),
                    ("舟町", "22", 5, 5), ("袋町", "18", 10, 9), ("袋町", "22", 21, 20)),
        set(),
    )  # fmt: skip
    assert masked.values.tolist() == [
        ["片町", "18", HELD, HELD], ["片町", "22", HELD, SMALL],
        ["舟町", "18", 30, SMALL], ["舟町", "22", SMALL, SMALL],
        ["袋町", "18", SMALL, SMALL], ["袋町", "22", 20, SMALL],
    ]  # fmt: skip


def test_a_town_that_a_warning_tells_hides_no_other() -> None:
    counts = make_counts(*((town, "18", 50, given) for town, given in
                           (("片町", 50), ("舟町", 0), ("袋町", 9), ("北町", 1))))  # fmt: skip
    assert mask_towns(counts, {"舟町"})["given"].tolist() == [HELD, SMALL, SMALL, SMALL]
    assert mask_towns(counts, set())["given"].tolist() == [50, SMALL, SMALL, SMALL]


@STEADY
@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=2, max_size=40))
def test_no_hidden_count_of_a_town_is_told_by_the_totals_of_the_run(
    towns: list[tuple[int, int, int, int]],
) -> None:
    """From counts.csv a reader knows what is given and excluded in each age; nothing else is summed."""
    rows = []
    for number, (given18, excluded18, given22, excluded22) in enumerate(towns):
        rows.append((f"町{number}", "18", given18 + excluded18, given18))
        rows.append((f"町{number}", "22", given22 + excluded22, given22))
    counts = make_counts(*rows)
    masked = mask_towns(counts, set())
    assert masked.columns.tolist() == ["town", "cohort", "given", "excluded"]
    true = counts.assign(excluded=counts["residents"] - counts["given"])
    for age in ("18", "22"):
        for column in ("given", "excluded"):
            values = true.loc[true["cohort"] == age, column].tolist()
            cells = masked.loc[masked["cohort"] == age, column].tolist()
            hidden = [v for v, cell in zip(values, cells, strict=True) if not isinstance(cell, int)]
            assert not [cell for cell in cells if isinstance(cell, int) and cell < 10]
            if not hidden or sum(values) == 0:
                continue
            # Two at least, and their sum is that of no end of them: not all nought, not all nine.
            assert len(hidden) >= 2
            assert sum(hidden) > 0
            assert HELD in cells or sum(hidden) < 9 * len(hidden)


@pytest.mark.parametrize(
    ("towns", "blocks"), [(1, 1), (20, 1), (21, 2), (60, 2), (61, 3), (150, 3)]
)
def test_a_long_table_stands_side_by_side_and_loses_no_town(towns: int, blocks: int) -> None:
    rows = [(f"町{n}", age, n if age == "18" else SMALL, 0) for n in range(towns) for age in ("18", "22")]  # fmt: skip
    table = tabulate_towns(pd.DataFrame(rows, columns=["town", "cohort", "given", "excluded"]), {})
    assert table.columns.tolist() == ["町丁", "18歳", "22歳"] * blocks
    assert len(table) == -(-towns // blocks)
    found = [
        tuple(line[start : start + 3]) for start in range(0, 3 * blocks, 3)
        for line in table.values.tolist()
    ]  # fmt: skip
    assert [row for row in found if row[0]] == [(f"町{n}", n, SMALL) for n in range(towns)]


def test_the_run_before_stands_beside_with_the_change_where_both_show_a_number() -> None:
    masked = pd.DataFrame(
        [("片町", "18", 40), ("片町", "22", SMALL), ("舟町", "18", HELD), ("舟町", "22", 12),
         ("袋町", "18", 1_300), ("袋町", "22", 15)],
        columns=["town", "cohort", "given"],
    )  # fmt: skip
    # 22 was not asked for, 袋町 had nobody, and 北町 has nobody now.
    before: dict[tuple[str, str], int | str] = {
        ("片町", "18"): 31, ("舟町", "18"): 50, ("北町", "18"): SMALL,
    }  # fmt: skip
    table = tabulate_towns(masked, before)
    assert table.columns.tolist() == ["町丁", "18歳", "前回", "22歳"]
    assert table.values.tolist() == [
        ["片町", 40, "31（+9）", SMALL], ["舟町", HELD, "50", 12], ["袋町", 1_300, "なし", 15],
        ["北町", "なし", SMALL, "なし"],
    ]  # fmt: skip


def test_with_the_run_before_beside_a_long_table_has_two_columns_at_most() -> None:
    rows = [(f"町{n}", age, 20, 0) for n in range(150) for age in ("18", "22")]
    masked = pd.DataFrame(rows, columns=["town", "cohort", "given", "excluded"])
    table = tabulate_towns(masked, {(town, age): 20 for town, age, _, _ in rows})
    assert len(table.columns) == 10
    assert len(table) == 75
