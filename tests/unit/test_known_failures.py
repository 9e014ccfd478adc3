"""The 22 known failures of other programs (formats.md §8), by their numbers, with the right value.

Each test goes through the functions that a run goes through: reading, dates, addresses, names,
workbooks, protective measures.
"""

from __future__ import annotations

import unicodedata
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from recruitlib.base.dates import format_era, parse_date
from recruitlib.base.names import fold_name, names_agree
from recruitlib.base.profiles import Profile
from recruitlib.base.tables import ReadTable, read_headers, read_table
from recruitlib.base.workbooks import read_workbook
from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.places import LOT, SAME_LOT, Place, compare_places, locate
from recruitlib.optouts.towns import TownTable, read_towns
from recruitlib.registry.protected import select_protected, trace_protections
from recruitlib.registry.protections import PROTECTION_COLUMNS
from tests.conftest import ROOT
from tests.unit.extracts import list_cells, read_people, read_rows

TOWNS = read_towns(ROOT / "params/towns/131041.csv")
PROFILE = Profile(
    name="small", holds="registry",
    columns={
        "addressee_id": ("宛名番号",), "full_name": ("氏名",), "birth_date": ("生年月日",),
        "address": ("住所",), "postal_code": ("郵便番号",),
    },
    required=("addressee_id",), known=("備考",), codes={}, forms={},
    never_dates=("addressee_id", "address", "postal_code"), date_columns=("birth_date",),
)  # fmt: skip
HEADER = "宛名番号,氏名,生年月日,住所,郵便番号"


def read_text(folder: Path, text: str, encoding: str = "utf-8") -> ReadTable:
    path = folder / "a.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path, PROFILE)


def read_book(folder: Path, *row: Any, number_format: str = "") -> ReadTable:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER.split(","))
    sheet.append(list(row))
    if number_format:
        sheet["C2"].number_format = number_format
    book.save(folder / "a.xlsx")
    return read_workbook(folder / "a.xlsx", PROFILE)


def make_towns(folder: Path, *rows: str) -> TownTable:
    path = folder / "towns.csv"
    lines = ["town,postal_code,has_chome,chome_count", *rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_towns(path)


def read_place(
    text: str, towns: TownTable = TOWNS, prefecture: str = "東京都", municipality: str = "新宿区"
) -> Place:
    return locate(text, "", learn_places((), prefecture, municipality, towns))


def read_lot(text: str, *where: Any) -> tuple[str, int, tuple[int, ...]]:
    """Read an address all of whose numbers are certain."""
    place = read_place(text, *where)
    assert place.kind == LOT
    return place.town, place.chome, place.numbers


def test_1_a_postal_code_keeps_its_zero(tmp_path: Path) -> None:
    source = read_text(tmp_path, f"{HEADER}\n1,架空,,,0600000\n")
    assert source.table["postal_code"].tolist() == ["0600000"]


def test_2_an_id_keeps_its_zeros_in_the_fast_reader_too(tmp_path: Path) -> None:
    lines = [f"{number:09d},架空,,," for number in range(388_900, 390_900)]
    source = read_text(tmp_path, "\n".join([HEADER, *lines, ""]))
    assert source.table["addressee_id"].tolist() == [f"000{n}" for n in range(388_900, 390_900)]


def test_3_a_comma_at_the_end_of_the_rows_shifts_no_column(tmp_path: Path) -> None:
    source = read_text(tmp_path, f"{HEADER}\n0012,架空,2008-04-02,片町1,1600001,\n0013,見本,,,,\n")
    assert source.table.drop(columns="source_row").values.tolist() == [
        ["0012", "架空", "2008-04-02", "片町1", "1600001"], ["0013", "見本", "", "", ""],
    ]  # fmt: skip
    assert source.surplus_columns == 1


@pytest.mark.parametrize("quote", ["", '"'])
def test_4_a_byte_order_mark_is_no_part_of_the_first_header(tmp_path: Path, quote: str) -> None:
    header = HEADER.replace("宛名番号", f"{quote}宛名番号{quote}")
    source = read_text(tmp_path, f"\ufeff{header}\n1,架空,,,\n")
    assert source.headers[0] == "宛名番号"
    assert source.table["addressee_id"].tolist() == ["1"]


def test_5_a_windows_file_keeps_what_shift_jis_does_not_have(tmp_path: Path) -> None:
    names = "髙﨑Ⅲ㎝"
    with pytest.raises(UnicodeEncodeError):
        names.encode("shift_jis")
    source = read_text(tmp_path, f"{HEADER}\n1,{names},,,\n", "cp932")
    assert source.table["full_name"].tolist() == [names]


@pytest.mark.parametrize("header", ["処理区分,件数", "点検連番,型式"])
def test_6_short_headers_of_a_windows_file_are_japanese(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{header}\n1,2\n".encode("cp932"))
    profile = PROFILE._replace(columns={"addressee_id": tuple(header.split(","))}, required=())
    assert read_headers(path, profile) == header.split(",")


def test_7_both_codes_of_one_character_are_that_character(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n1,".encode("cp932") + b"\xee\xe0\xfb\xfc,,,\n")
    assert read_table(path, PROFILE).table["full_name"].tolist() == ["\u9ad9\u9ad9"]


def test_8_the_hyphens_and_brackets_of_both_codecs_are_one_address() -> None:
    minus, full, plain = (f"西新宿2{mark}8{mark}1" for mark in ("\u2212", "\uff0d", "-"))
    places = [read_place(text) for text in (minus, full, plain)]
    assert places[0] == places[1] == places[2] == Place(LOT, "西新宿", 2, (8, 1), "")
    left, right = read_place("西新宿２－８－１（都庁）"), read_place("西新宿2-8-1(都庁)")
    assert compare_places(left, right) == SAME_LOT


def test_9_a_day_number_of_a_spreadsheet_is_the_day_that_it_counts(tmp_path: Path) -> None:
    assert parse_date("44185", from_spreadsheet=True).value == date(2020, 12, 20)
    assert parse_date("44185").value is None
    written = read_book(tmp_path, "1", "架空", datetime(2020, 12, 20), "片町1", "")
    serial = read_book(tmp_path, "1", "架空", 44185, "片町1", "", number_format="General")
    local = read_book(
        tmp_path, "1", "架空", 44185, "片町1", "", number_format='[$-411]ggge"年"m"月"d"日"'
    )
    for source in (written, serial, local):
        (text,) = source.table["birth_date"]
        assert parse_date(text, from_spreadsheet=True).value == date(2020, 12, 20)


def test_10_furigana_is_no_part_of_a_cell(tmp_path: Path) -> None:
    read_book(tmp_path, "1", "架空", "", "TOKYO", "")
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path) as container:
        parts = {name: container.read(name) for name in container.namelist()}
    reading = '<t>東京都</t><rPh sb="0" eb="3"><t>とうきょうと</t></rPh><phoneticPr fontId="1"/>'
    name = next(name for name in parts if b"TOKYO" in parts[name])
    changed = parts[name].decode().replace("<t>TOKYO</t>", reading)
    assert "rPh" in changed
    with zipfile.ZipFile(path, "w") as container:
        for part, content in {**parts, name: changed.encode()}.items():
            container.writestr(part, content)
    assert read_workbook(path, PROFILE).table["address"].tolist() == ["東京都"]


def test_11_the_seams_of_the_eras() -> None:
    assert format_era(date(1926, 12, 24)) == "大正15年12月24日"
    assert format_era(date(2019, 5, 1)) == "令和元年5月1日"
    assert parse_date("令和元年5月1日").value == date(2019, 5, 1)
    assert parse_date("R1.5.1").value == date(2019, 5, 1)
    assert parse_date("平成31年5月1日").value is None
    assert parse_date("大正15年12月24日").value == date(1926, 12, 24)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("東京都新宿区三栄町２－８", (2, 8)),
        ("三栄町１７－１６", (17, 16)),
        ("四谷三栄町2番8号", (2, 8)),
    ],
)
def test_12_an_old_name_of_a_town_is_the_town_of_today(text: str, numbers: tuple[int, ...]) -> None:
    assert read_lot(text) == ("四谷三栄町", 0, numbers)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("新宿区西新宿二丁目８番１２号 ニュー八重洲ビル", "ニュー八重洲ビル"),
        ("新宿区西新宿２－８－１２　タワー３６階", "タワー３６階"),
        ("西新宿2-8-12 三井ー一番館101", "三井ー一番館101"),
    ],
)
def test_13_the_name_of_a_building_is_not_touched(text: str, rest: str) -> None:
    assert read_lot(text) == ("西新宿", 2, (8, 12))
    assert read_place(text).rest == rest


def test_14_a_long_vowel_in_a_towns_name_is_no_hyphen(tmp_path: Path) -> None:
    towns = make_towns(tmp_path, "商工センター,7330833,1,8")
    for text in ("広島県広島市西区商工センター六丁目１番１１号", "商工センター6-1-11"):
        town, *numbers = read_lot(text, towns, "広島県", "広島市西区")
        assert (town.replace("-", "ー"), *numbers) == ("商工センター", 6, (1, 11))


def test_15_the_town_is_looked_for_at_the_beginning_only(tmp_path: Path) -> None:
    towns = make_towns(tmp_path, "山本町,6650000,0,0", "五丁目,6650001,0,0", "ビル,6650002,0,0")
    text = "山本町９９９番地おはようビル２０５号室"
    assert read_lot(text, towns) == ("山本町", 0, (999,))
    assert read_place(text, towns).rest == "おはようビル２０５号室"


def test_16_a_block_that_the_town_does_not_have_goes_before_a_person(tmp_path: Path) -> None:
    towns = make_towns(tmp_path, "紀尾井町,1020094,0,0", "麹町,1020083,1,6")
    where = (towns, "東京都", "千代田区")
    unclear = read_place("東京都千代田区紀尾井町1丁目3番地", *where)
    known = read_place("千代田区紀尾井町1番3号", *where)
    assert (unclear.kind, unclear.numbers) == ("town", ())
    assert compare_places(unclear, known) < SAME_LOT
    assert read_lot("千代田区紀尾井町1番3号", *where) == ("紀尾井町", 0, (1, 3))
    assert read_lot("千代田区麹町1丁目3番地", *where) == ("麹町", 1, (3,))


@pytest.mark.parametrize(
    "selector", ["\U000e0100", "\U000e0101", "\U000e0102", "\U000e0103", "\ufe00"]
)
def test_17_a_variant_selector_parts_neither_names_nor_towns(tmp_path: Path, selector: str) -> None:
    assert fold_name(f"葛{selector}城　花子") == fold_name("葛城　花子")
    assert names_agree(f"辻{selector}　花子", "辻　花子")
    towns = make_towns(tmp_path, "葛町,6390000,0,0")
    found = read_lot(f"葛{selector}城市葛{selector}町1-2", towns, "奈良県", "葛城市")
    assert found == ("葛町", 0, (1, 2))


def test_18_a_number_may_be_part_of_a_towns_name(tmp_path: Path) -> None:
    towns = make_towns(tmp_path, "宮の森,0640950,0,0", "宮の森四条,0640954,1,17")
    text = "札幌市中央区宮の森４条１０丁目２番３号"
    found = read_lot(text, towns, "北海道", "札幌市中央区")
    assert found == ("宮の森四条", 10, (2, 3))


def test_19_a_postal_code_of_two_towns_and_a_town_of_two_codes_are_read(
    tmp_path: Path,
) -> None:
    towns = make_towns(tmp_path, "大桑町,9218046,0,0", "大桑町,9218045,0,0", "大桑新町,9218046,0,0")
    assert towns == {"大桑町": 0, "大桑新町": 0}


def test_20_a_compatibility_character_is_printed_as_written_and_compared_by_its_key(
    tmp_path: Path,
) -> None:
    name = "\ufa67見　花子"
    assert unicodedata.normalize("NFC", name) != name
    records = read_people(tmp_path, {"氏名": name, "氏_日本人": "\ufa67見"}).records
    assert list(records["full_name"][0]) == list(name)
    assert fold_name(name) == fold_name("\u9038見　花子")


def test_21_ids_never_become_numbers_whatever_else_is_in_their_column(tmp_path: Path) -> None:
    people = [{"宛名番号": "0000123"}, {"宛名番号": "123"}, {"宛名番号": "123.0"}]
    extract = read_rows(tmp_path, list_cells(people))
    assert extract.records["addressee_id"].tolist() == ["0000123", "123"]
    assert extract.source.quarantine["source_row"].tolist() == [4]
    path = tmp_path / "cp932.csv"
    text = HEADER + "\n" + "0001,架空,,,\n" * 20_000 + "0001,髙﨑,,,\n"
    path.write_bytes(text.encode("cp932"))
    source = read_table(path, PROFILE)
    assert source.encoding == "cp932"
    assert set(source.table["addressee_id"]) == {"0001"}
    assert source.table["full_name"].iloc[-1] == "髙﨑"


@pytest.mark.parametrize("ends_on", ["", "2027-03-31", "2026-03-31", "2026-05-18"])
def test_22_a_measure_protects_until_it_is_cancelled_whatever_its_end_date(
    tmp_path: Path, ends_on: str
) -> None:
    records = read_people(tmp_path, {}).records
    row = {
        **dict.fromkeys(PROTECTION_COLUMNS, ""), **records.iloc[0][["addressee_id", "full_name"]],
        "birth_date": "2008-06-03", "starts_on": "2026-04-01", "ends_on": ends_on,
        "cancelled": False, "source_row": 2,
    }  # fmt: skip
    listed = pd.DataFrame([row])[list(PROTECTION_COLUMNS)]
    assert select_protected(trace_protections(listed, records, records)).tolist() == ["1"]
    ended = listed.assign(cancelled=True)
    assert select_protected(trace_protections(ended, records, records)).empty


def test_each_of_the_22_numbers_has_its_test() -> None:
    numbers = {
        name.split("_")[1] for name in globals() if name.startswith("test_") and name[5].isdigit()
    }
    assert numbers == {str(number) for number in range(1, 23)}
