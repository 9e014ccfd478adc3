"""Addresses of 新宿区 read as lots; the addresses are those of public buildings, or invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import FormError
from recruitlib.optouts.addresses import (
    Lot,
    TownTable,
    lots_agree,
    parse_address,
    read_towns,
)

TESTS = Path(__file__).parents[1]
REAL_TOWNS = TESTS.parent / "params" / "towns" / "131041.csv"
TOWNS = read_towns(TESTS / "fixtures" / "towns_sample.csv")


def parse(text: str, towns: TownTable = TOWNS) -> tuple[str, int, tuple[int, ...], str] | None:
    lot = parse_address(text, towns)
    return None if lot is None else tuple(lot)  # type: ignore[return-value]


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


@pytest.mark.parametrize(("text", "town", "chome", "numbers"), PUBLIC_BUILDINGS)
def test_an_address_of_a_public_building_is_read_however_it_is_printed(
    text: str, town: str, chome: int, numbers: tuple[int, ...]
) -> None:
    assert parse(text) == (town, chome, numbers, "")


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
    assert parse(text) == ("住吉町", 0, numbers, rest)


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
    assert parse(text) == ("西新宿", 2, (8, 1), rest)


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
        "住吉町8一1",
        "住吉町8二",
        "西新宿2一8一1",
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
        "西新宿2-8-1" + " " * 300,
    ],
)
def test_an_address_that_may_be_read_in_two_ways_or_lies_elsewhere_has_no_lot(text: str) -> None:
    assert parse(text) is None


def test_a_town_or_chome_alone_is_known_but_agrees_with_nothing() -> None:
    assert parse("新宿区西新宿") == ("西新宿", 0, (), "")
    assert parse("西新宿2丁目") == ("西新宿", 2, (), "")
    assert parse("西新宿2丁目8番") == ("西新宿", 2, (8,), "")
    town = parse_address("新宿区西新宿", TOWNS)
    assert not lots_agree(town, town)


@pytest.mark.parametrize(
    ("text", "town", "numbers"),
    [
        ("東京都新宿区三栄町２－８", "四谷三栄町", (2, 8)),
        ("三栄町１７－１６", "四谷三栄町", (17, 16)),
        ("坂町25番地", "四谷坂町", (25,)),
        ("新宿区本塩町7の6", "四谷本塩町", (7, 6)),
    ],
)
def test_an_old_town_name_is_read_as_the_present_one(
    text: str, town: str, numbers: tuple[int, ...]
) -> None:
    assert parse(text) == (town, 0, numbers, "")


def write_towns(folder: Path, lines: str) -> Path:
    path = folder / "towns.csv"
    path.write_text("town,postal_code,has_chome,chome_count\n" + lines, encoding="utf-8")
    return path


def test_a_long_mark_and_a_kanji_number_in_a_town_name_belong_to_the_town(tmp_path: Path) -> None:
    lines = "商工センター,7330833,1,8\n宮の森,0640950,0,0\n宮の森四条,0640954,1,13\n"
    towns = read_towns(write_towns(tmp_path, lines))
    assert parse("商工センター六丁目1-2", towns) == ("商工センター", 6, (1, 2), "")
    assert parse("宮の森４条１０丁目1-2", towns) == ("宮の森四条", 10, (1, 2), "")
    assert parse("宮ノ森四条十丁目1番2号", towns) == ("宮の森四条", 10, (1, 2), "")


def test_selectors_in_a_town_name_do_not_hide_it(tmp_path: Path) -> None:
    towns = read_towns(write_towns(tmp_path, "葛城町,1000001,0,0\n"))
    for selector in "\U000e0100\U000e0101\U000e0102\U000e0103":
        assert parse(f"葛{selector}城町1-2", towns) == ("葛城町", 0, (1, 2), "")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "町が1つもありません"),
        ("西新宿,160-0023,1,8\n", "2行目"),
        ("西新宿,1600023,はい,8\n", "has_chome"),
        ("西新宿,1600023,1,0\n", "chome_count"),
        ("戸山,1620052,1,3\n戸山,1690052,1,2\n", "3行目"),
        ("霞ケ丘町,1600013,0,0\n霞ヶ丘町,1600013,0,0\n", "読み分け"),
    ],
)
def test_a_table_of_towns_that_is_not_right_is_refused(
    tmp_path: Path, lines: str, words: str
) -> None:
    with pytest.raises(FormError, match=words):
        read_towns(write_towns(tmp_path, lines))


def test_a_table_without_a_column_or_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("town,postal_code\n西新宿,1600023\n", encoding="utf-8")
    with pytest.raises(FormError, match="chome_count"):
        read_towns(path)
    path.write_bytes("town\n西新宿\n".encode("cp932"))
    with pytest.raises(FormError, match="UTF-8"):
        read_towns(path)


def test_a_town_with_two_postal_codes_keeps_both() -> None:
    assert TOWNS.towns["戸山"].postal_codes == ("1620052", "1690052")


def lots(left: str, right: str) -> bool:
    one, other = parse_address(left, TOWNS), parse_address(right, TOWNS)
    assert lots_agree(one, other) == lots_agree(other, one)
    return lots_agree(one, other)


def test_the_same_lot_in_another_notation_agrees() -> None:
    """A27: 1-2-3 against 一丁目2番3号."""
    assert lots("西新宿1-2-3", "東京都新宿区西新宿一丁目２番３号")
    assert lots("西新宿1-2-3-405", "西新宿一丁目2番3号 メゾン405")
    assert lots("西新宿1-2-3 405", "西新宿一丁目2番3号 別の建物")


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
    assert not lots(left, right)


@pytest.mark.parametrize(
    ("typed", "registry", "agree"),
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
    typed: str, registry: str, agree: bool
) -> None:
    assert lots(typed, registry) == agree


def test_no_lot_agrees_with_no_lot() -> None:
    assert not lots_agree(None, None)
    assert not lots_agree(None, parse_address("住吉町8-1", TOWNS))


def test_a_lot_shows_nothing_of_itself() -> None:
    lot = Lot("住吉町", 0, (8, 1), "ハイツ101")
    assert "住吉" not in f"{lot!r} {lot} {[lot]}"
    assert not any(digit in repr(lot) for digit in "0123456789")


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
HYPHENS = "-‐‑‒–—―−－ｰー─━₋~〜"
KANJI = "〇一二三四五六七八九"


def write_kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else KANJI[tens]) + "十" if tens else ""
    return head + (KANJI[ones] if ones or not tens else "")


def write_digit_by_digit(number: int) -> str:
    return "".join(KANJI[int(digit)] for digit in str(number))


WRITERS: list[Callable[[int], str]] = [
    str,
    lambda n: str(n).translate(FULL_WIDTH),
    write_kanji,
    write_digit_by_digit,
]
CHOME_TOWNS = [town for town in TOWNS.towns.values() if town.chome_count]
PLAIN_TOWNS = [town for town in TOWNS.towns.values() if not town.chome_count]
NUMBERS = st.integers(1, 99)


@st.composite
def written_lots(draw: st.DrawFn) -> tuple[str, tuple[str, int, tuple[int, ...], str]]:
    """Draw a lot, and one of the many ways in which it may be written."""
    town = draw(st.sampled_from([*CHOME_TOWNS, *PLAIN_TOWNS]))
    chome = draw(st.integers(1, town.chome_count)) if town.chome_count else 0
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
    text = prefix + town.name + space
    text += write(chome) + chome_mark if chome else ""
    text += write(block) + mark + write(house) + end
    rest = draw(st.sampled_from(["", "メゾン二番館", "ニュー八重洲ビル３６階", "1102"]))
    text += f" {rest}" if rest else ""
    return text, (town.name, chome, (block, house), rest)


@given(written_lots())
def test_every_way_of_writing_a_lot_is_read_as_the_same_lot(
    case: tuple[str, tuple[str, int, tuple[int, ...], str]],
) -> None:
    text, expected = case
    assert parse(text) == expected


@given(written_lots(), written_lots())
def test_two_lots_agree_exactly_when_they_are_one(
    left: tuple[str, tuple[str, int, tuple[int, ...], str]],
    right: tuple[str, tuple[str, int, tuple[int, ...], str]],
) -> None:
    assert lots(left[0], right[0]) == (left[1][:3] == right[1][:3])
    assert lots(left[0], left[0])


@given(
    st.text(
        alphabet="西新宿住吉町東京都区四谷三一二十百丁目番地号の-ー－ 　0123456789"
        "１２ABｱﾊﾞが\u3099\ufe00①½ビル室",
        max_size=40,
    )
)
def test_no_text_breaks_the_reader_and_what_is_left_over_stands_in_the_text(text: str) -> None:
    lot = parse_address(text, TOWNS)
    if lot is not None:
        assert text.endswith(lot.rest) or text.rstrip().endswith(lot.rest)
        assert lot.town in TOWNS.towns
        assert 0 <= lot.chome <= TOWNS.towns[lot.town].chome_count
        assert len(lot.numbers) + (lot.chome > 0) <= 3
        assert all(0 < number < 10000 for number in lot.numbers)


@pytest.mark.skipif(not REAL_TOWNS.exists(), reason="the real table is not there")
def test_the_real_table_reads_every_public_building_and_all_its_towns() -> None:
    towns = read_towns(REAL_TOWNS)
    assert sum(town.chome_count > 0 for town in towns.towns.values()) == 22
    for text, town, chome, numbers in PUBLIC_BUILDINGS:
        assert parse(text, towns) == (town, chome, numbers, "")
    for entry in towns.towns.values():
        last = f"{entry.chome_count}丁目" if entry.chome_count else ""
        expected = (entry.name, entry.chome_count, (8, 1), "")
        assert parse(f"東京都新宿区{entry.name}{last}8番1号", towns) == expected
