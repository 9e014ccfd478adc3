"""The registry extract: every row in one end, nothing shifted, nothing folded, nothing guessed.

Right values: the standard's codes (formats.md §1.3), the printed ranges of the ward's document,
Python's csv module, and the truth file of the invented ward.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.errors import FormError, ParameterError
from recruitlib.registry.births import BirthRange
from recruitlib.registry.extract import (
    RESIDENT_COLUMNS,
    ROW_ENDS,
    check_meanings,
    join_address,
    read_extract,
)
from recruitlib.registry.history import NO_LATEST
from tests.conftest import WARD
from tests.unit.extracts import (
    DEFAULTS,
    FOREIGN,
    PROFILE,
    RANGES,
    TODAY,
    VENDOR,
    is_cohort_row,
    list_cells,
    list_vendor_cells,
    read_cells,
    read_people,
    read_rows,
    take_column,
    write_cells,
)

NO_PARTS = {"氏_日本人": "", "名_日本人": ""}


@pytest.fixture(scope="module")
def ward(ward_project: Path) -> Path:
    return ward_project / WARD


def test_the_invented_ward_is_read_whole(ward: Path) -> None:
    extract = read_extract(ward / "registry.csv", PROFILE, RANGES, TODAY)
    assert extract.source.rows_read == len(extract.records) == sum(extract.ends.values()) == 1_776
    assert extract.marked == 1_776
    assert extract.records["source_row"].tolist() == list(range(2, 1_778))
    content = (ward / "registry.csv").read_bytes()
    assert extract.digest == hashlib.sha256(content).hexdigest()
    later = read_extract(ward / "handover_day" / "registry.csv", PROFILE)
    assert later.source.rows_read == 1_784


def test_every_row_of_the_invented_ward_has_the_end_that_its_truth_says(ward: Path) -> None:
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    ends = read_extract(ward / "registry.csv", PROFILE, RANGES, TODAY).ends
    assert {age: ends[age] for age in ("18", "22")} == truth["cohorts"]
    assert ends["superseded"] == truth["rows"]["history"]
    former = ("dead", "moved_out", "removed", "outsider", "deleted")
    assert sum(ends[name] for name in former) == truth["rows"]["former"]
    assert ends["foreign"] == truth["rows"]["foreign"]


def test_the_forbidden_numbers_of_the_file_are_never_in_the_table(ward: Path) -> None:
    extract = read_extract(ward / "registry.csv", PROFILE)
    rows = read_cells(ward / "registry.csv")
    for header in ("個人番号", "住民票コード", "基礎年金番号", "在留カード等番号"):
        carried = set(take_column(rows, header)) - {""}
        assert carried
        assert header in extract.source.dropped
        for column in extract.records.select_dtypes("str"):
            assert carried.isdisjoint(set(extract.records[column]))


def test_only_the_cohorts_and_who_is_asked_for_stay_but_every_row_is_counted(ward: Path) -> None:
    path = ward / "registry.csv"
    rows = read_cells(path)
    asked = take_column(rows, "宛名番号")[0]

    def keep(cells: pa.Table) -> npt.NDArray[np.bool_]:
        return np.array([person == asked for person in cells["addressee_id"].to_pylist()])

    whole = read_extract(path, PROFILE, RANGES, TODAY)
    extract = read_extract(path, PROFILE, RANGES, TODAY, keep)
    assert extract.ends == whole.ends
    latest = extract.records[extract.records["is_latest"]]
    assert asked in set(latest["addressee_id"])
    wanted = [row[1] for row in rows[1:] if is_cohort_row(rows[0], row)]
    found = latest.loc[latest["end"].isin(["18", "22"]), "addressee_id"]
    assert Counter(found) == Counter(wanted)
    assert len(extract.records) < len(whole.records) / 2


def test_names_are_kept_exactly_as_the_registry_writes_them(tmp_path: Path) -> None:
    names = [
        ("\ufa19田　花子", "\ufa19田"), ("\ufa1b田　花子", "\ufa1b田"), ("山\ufa11　花子", "山\ufa11"),
        ("\U00020bb7田　花子", "\U00020bb7田"), ("辻\U000e0102　花子", "辻\U000e0102"),
        ("外\ue000　花子", "外\ue000"),
    ]  # fmt: skip
    people = [{"氏名": name, "氏_日本人": surname} for name, surname in names]
    records = read_people(tmp_path, *people).records
    assert records["full_name"].tolist() == [name for name, _ in names]


def test_what_looks_like_a_missing_value_or_a_number_is_kept_as_text(tmp_path: Path) -> None:
    records = read_people(
        tmp_path,
        {"宛名番号": "0000012", "氏名_フリガナ": "NA", "住所_郵便番号": "0600000", "住所_方書": "NULL"},
        {"宛名番号": "12", "氏名_フリガナ": "ナ", "住所_方書": "1E5"},
    ).records  # fmt: skip
    assert records["addressee_id"].tolist() == ["0000012", "12"]
    assert records["full_name_kana"].tolist() == ["NA", "ナ"]
    assert records["postal_code"].tolist() == ["0600000", "１６０００２３"]
    assert records["building"].tolist() == ["NULL", "1E5"]


def test_an_address_is_joined_as_it_stands() -> None:
    parts = {
        "prefecture": ["東京都"],
        "city": ["新宿区"],
        "town": ["四谷　一丁目"],
        "lot": [" １番"],
    }
    assert join_address(pd.DataFrame(parts)).tolist() == ["東京都新宿区四谷　一丁目 １番"]


def test_titles_totals_and_blank_rows_are_counted_and_no_person(tmp_path: Path) -> None:
    header, *people = list_cells([{"宛名番号": "1"}, {"宛名番号": "2"}])
    nothing = [""] * len(header)
    total = ["合計", "2件", *nothing[2:]]
    rows = [
        ["住民基本台帳 抽出", *nothing[1:]],
        nothing,
        header,
        people[0],
        nothing,
        people[1],
        total,
    ]
    extract = read_rows(tmp_path, rows)
    source = extract.source
    assert extract.records["source_row"].tolist() == [4, 6]
    assert (source.title_rows, source.blank_rows, source.footer_rows) == (2, 1, 1)
    assert source.rows_read == sum(extract.ends.values()) == 2


def test_a_name_that_only_spaces_tell_from_its_parts_is_no_contradiction(tmp_path: Path) -> None:
    extract = read_people(tmp_path, {"氏名": "架空 花子"}, {"氏名": "架空花子"}, {})
    assert len(extract.records) == 3 and extract.source.quarantine.empty


def test_a_name_that_is_not_made_of_its_parts_is_listed_by_row_only(tmp_path: Path) -> None:
    first = {"氏名": "架空　次郎", "氏_日本人": "架空", "名_日本人": "太郎"}
    second = {"氏名": "架空　太郎", "氏_日本人": "架空", "名_日本人": "次郎"}
    extract = read_people(tmp_path, first, second, {})
    assert extract.source.quarantine["source_row"].tolist() == [2, 3]
    assert extract.records["source_row"].tolist() == [4]
    told = extract.source.quarantine.to_csv()
    assert "氏名と、その氏・名が違います" in told
    assert not any(text in told for text in ("架空", "太郎", "次郎"))


def test_an_extract_without_the_parts_of_a_name_is_still_read(tmp_path: Path) -> None:
    rows = list_cells([{}])
    places = [rows[0].index(header) for header in ("氏_日本人", "名_日本人")]
    kept = [[cell for place, cell in enumerate(row) if place not in places] for row in rows]
    assert len(read_rows(tmp_path, kept).records) == 1


def test_of_the_readings_of_both_versions_the_new_one_is_read_and_the_old_one_where_it_is_empty(
    tmp_path: Path,
) -> None:
    rows = list_cells([{"宛名番号": "1"}, {"宛名番号": "2"}])
    rows = [[*rows[0], "氏名_振り仮名（フリガナ）"], [*rows[1], "アラタナ　ハナコ"], [*rows[2], ""]]
    records = read_rows(tmp_path, rows).records
    assert records["full_name_kana"].tolist() == ["アラタナ　ハナコ", "カクウ　ハナコ"]


@pytest.mark.parametrize("header", ["転出年月日（確定）", "転出年月日"])
def test_a_day_of_moving_out_is_read_under_both_of_its_headers(tmp_path: Path, header: str) -> None:
    rows = list_cells([{"転出年月日（確定）": "2026-02-01"}])
    rows[0][rows[0].index("転出年月日（確定）")] = header
    assert read_rows(tmp_path, rows).records["left_on"].tolist() == ["2026-02-01"]


def test_an_unknown_header_stops(tmp_path: Path) -> None:
    rows = [[*list_cells([])[0], "備考欄"], [*list_cells([{}])[1], ""]]
    with pytest.raises(FormError, match=f"{len(rows[0])}列目"):
        read_rows(tmp_path, rows)


def test_a_missing_file_is_said_without_a_path(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"^nothing\.csv: ファイルがありません"):
        read_extract(tmp_path / "nothing.csv", PROFILE)


def test_a_person_with_two_latest_records_stops_the_file(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="最新の記録が二つ以上.*2、3 行目") as stop:
        read_people(tmp_path, {"宛名番号": "0000012"}, {"宛名番号": "0000012"}, {})
    assert "0000012" not in str(stop.value)


def test_people_without_a_latest_record_are_listed_with_all_their_rows(tmp_path: Path) -> None:
    old = {"宛名番号": "7", "最新フラグ": "0"}
    extract = read_people(tmp_path, old, {}, old)
    assert extract.source.quarantine["source_row"].tolist() == [2, 4]
    assert set(extract.source.quarantine["reason"]) == {NO_LATEST}
    assert extract.records["source_row"].tolist() == [3]
    assert sum(extract.ends.values()) == 1 and extract.source.rows_read == 3


def test_an_older_record_never_takes_the_place_of_a_latest_one_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    old = {"宛名番号": "7", "最新フラグ": "0", "住民状態": "1"}
    dead = {"宛名番号": "7", "住民状態": "?"}
    extract = read_people(tmp_path, old, dead, {})
    assert extract.source.quarantine["source_row"].tolist() == [2, 3]
    assert extract.ends["18"] == 1


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("住民状態", "4"), ("住民種別", "3"), ("宛名番号", "A12"), ("最新フラグ", ""),
        ("住所_郵便番号", "西新宿"), ("氏名", ""), ("住所_市区郡町村名", "新宿区8"),
        ("異動年月日", "2026-02-30"), ("転出予定年月日", "いつか"), ("宛名番号", "12.0"),
    ],
)  # fmt: skip
def test_a_row_with_an_unknown_code_or_a_misshapen_cell_is_listed_with_its_reason(
    tmp_path: Path, header: str, text: str
) -> None:
    extract = read_people(tmp_path, {}, {header: text})
    listed = extract.source.quarantine
    assert listed["source_row"].tolist() == [3]
    assert header in listed["reason"][0] or "異動年月日" in listed["reason"][0]
    assert not text or text not in listed["reason"][0]
    assert extract.records["source_row"].tolist() == [2]


def test_so_many_rows_that_cannot_be_read_are_another_layout(tmp_path: Path) -> None:
    people = [{"住民状態": "4" if number % 2 else "1"} for number in range(60)]
    with pytest.raises(FormError, match="読めない行が多すぎます"):
        read_people(tmp_path, *people)


@pytest.mark.parametrize(
    ("header", "damage"),
    [("住所_番地号表記", "8月1日"), ("住所_方書", "ハイツ？１０１"), ("住所_町字", "西新宿?丁目")],
)
def test_a_damaged_name_or_address_of_a_cohort_is_listed_and_no_other_one(
    tmp_path: Path, header: str, damage: str
) -> None:
    old = {header: damage, "生年月日": "1960-01-01", "生年月日_元号": "3"}
    extract = read_people(tmp_path, {header: damage}, old, {})
    assert extract.source.quarantine["source_row"].tolist() == [2]
    assert damage not in extract.source.quarantine["reason"][0]
    assert extract.ends["18"] == 1 and extract.ends["out_of_range"] == 1
    assert sum(extract.ends.values()) + 1 == extract.source.rows_read == 3


# (changes, end): codes of formats.md §1.3, ranges of the ward's document, today 2026-05-18.
ENDS = [
    ({}, "18"),
    ({"生年月日": "2008-04-02"}, "18"),
    ({"生年月日": "2009-04-01"}, "18"),
    ({"生年月日": "2008-04-01"}, "out_of_range"),
    ({"生年月日": "2009-04-02"}, "out_of_range"),
    ({"生年月日": "2004-04-02"}, "22"),
    ({"生年月日": "2005-04-01"}, "22"),
    ({"生年月日": "2004-04-01"}, "out_of_range"),
    ({"生年月日": "2005-04-02"}, "out_of_range"),
    ({"生年月日": "平成20年6月3日"}, "18"),
    ({"生年月日": "4200603"}, "18"),
    ({"生年月日": "420080603"}, "18"),
    ({"生年月日": "20080603"}, "18"),
    (FOREIGN, "foreign"),
    ({"住民状態": "2"}, "moved_out"),
    ({"住民状態": "3"}, "dead"),
    ({"住民状態": "9"}, "removed"),
    ({"除票フラグ": "1"}, "removed"),
    ({"住民状態": "3", "除票フラグ": "1"}, "dead"),
    ({"削除フラグ": "1"}, "deleted"),
    ({"削除フラグ": "1", "住民状態": "3"}, "deleted"),
    ({"転出予定年月日": "2026-05-18"}, "leaving"),
    ({"転出予定年月日": "2026-05-19"}, "18"),
    ({"転出予定年月日": "9999-12-31"}, "18"),
    ({"転出予定年月日": "2026-05-01", "住民状態": "2"}, "moved_out"),
    ({"生年月日_不詳フラグ": "1"}, "birth_unsure"),
    ({"生年月日": "2008-00-00"}, "birth_unsure"),
    ({"生年月日": "", "生年月日_不詳フラグ": "1", "生年月日_不詳表記": "平成20年頃"}, "birth_unsure"),
    ({"生年月日": "", "生年月日_不詳フラグ": "1"}, "birth_unsure"),
    ({"生年月日": "2009-02-29"}, "birth_unsure"),
    ({"生年月日_元号": "3"}, "birth_unsure"),
    ({"生年月日": "1950-00-00", "生年月日_元号": "3"}, "out_of_range"),
    ({"生年月日": "", "生年月日_不詳フラグ": "1", "生年月日_不詳表記": "昭和6年頃"}, "out_of_range"),
    ({**FOREIGN, "住民状態": "3"}, "dead"),
    ({**FOREIGN, "生年月日_不詳フラグ": "1"}, "foreign"),
]  # fmt: skip


def test_every_row_has_the_one_end_that_the_request_gives_it(tmp_path: Path) -> None:
    people = [person for person, _ in ENDS]
    old = {"宛名番号": "1", "最新フラグ": "0", "住民状態": "3"}
    extract = read_people(tmp_path, *people, old)
    assert extract.records["end"].tolist() == [*(end for _, end in ENDS), "superseded"]
    counted = Counter([*(end for _, end in ENDS), "superseded"])
    assert extract.ends == {name: counted[name] for name in ("18", "22", *ROW_ENDS)}


def test_without_a_day_of_work_a_planned_move_is_left_aside(tmp_path: Path) -> None:
    rows = list_cells([{"転出予定年月日": "2026-05-01"}])
    assert read_rows(tmp_path, rows, None).records["end"].tolist() == ["18"]


def test_people_born_on_a_leap_day_reach_the_age_in_the_year_before(tmp_path: Path) -> None:
    """By 年齢計算ニ関スル法律 a leap-day child attains an age on 28 February at midnight."""
    ranges = [
        BirthRange(18, date(2007, 4, 2), date(2008, 4, 1)),
        BirthRange(22, date(2003, 4, 2), date(2004, 4, 1)),
    ]
    people = [{"宛名番号": day[:4], "生年月日": day} for day in ("2008-02-29", "2004-02-29")]
    path = write_cells(tmp_path / "registry.csv", list_cells(people))
    assert read_extract(path, PROFILE, ranges).records["end"].tolist() == ["18", "22"]


def test_the_newest_change_is_the_latest_day_of_all_rows_and_no_day_without_an_end(
    tmp_path: Path,
) -> None:
    days = ["2026-03-20", "2026/4/1", "20260331", "9999-12-31", ""]
    extract = read_people(tmp_path, *({"異動年月日": day} for day in days))
    assert extract.newest_change == "2026-04-01"


PEOPLE = st.fixed_dictionaries(
    {
        "生年月日": st.dates(date(2003, 12, 1), date(2009, 8, 1)).map(date.isoformat) | st.just(""),
        "住民状態": st.sampled_from(["1", "1", "1", "2", "3", "9", "7"]),
        "住民種別": st.sampled_from(["1", "1", "2"]),
        "最新フラグ": st.sampled_from(["1", "1", "0"]),
        "転出予定年月日": st.sampled_from(["", "", "2026-05-18", "2026-05-19"]),
        "削除フラグ": st.sampled_from(["0", "0", "1"]),
        "住所_番地号表記": st.sampled_from(["８番１号", "８番１号", "8月1日"]),
    }
)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.lists(PEOPLE, min_size=1, max_size=20))
def test_the_cohort_is_exactly_the_living_latest_japanese_residents_of_the_range(
    tmp_path_factory: pytest.TempPathFactory, people: list[dict[str, str]]
) -> None:
    # Without the parts of a name nationality cannot contradict them.
    extract = read_people(
        tmp_path_factory.mktemp("d"), *({**NO_PARTS, **person} for person in people)
    )
    ends = dict(zip(extract.records["source_row"], extract.records["end"], strict=True))
    listed = set(extract.source.quarantine["source_row"])
    assert sum(extract.ends.values()) + len(listed) == len(people)
    for row, person in enumerate(people, start=2):
        born = person["生年月日"]
        wanted = {
            str(r.age) for r in RANGES
            if born and r.born_from <= date.fromisoformat(born) <= r.born_to
        }  # fmt: skip
        living = (
            [person[name] for name in ("住民状態", "住民種別", "最新フラグ")] == ["1", "1", "1"]
            and person["削除フラグ"] == "0"
            and person["転出予定年月日"] != "2026-05-18"
        )
        damaged = person["住所_番地号表記"] == "8月1日" and living and (bool(wanted) or not born)
        assert (row in listed) == (
            person["住民状態"] == "7" or person["最新フラグ"] == "0" or damaged
        )
        assert (row in ends) != (row in listed)
        if row in ends:
            assert (ends[row] in ("18", "22")) == bool(living and wanted)
            assert ends[row] not in ("18", "22") or {ends[row]} == wanted
            assert (ends[row] == "birth_unsure") == (living and not born)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.data())
def test_a_single_damaged_row_is_listed_or_read_right_and_no_row_further_off_changes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("d")
    people = [{"宛名番号": str(number)} for number in range(1, 13)]
    rows = list_cells(people)
    plain = read_rows(folder, rows).records
    lines = [",".join(row) for row in rows]
    place = data.draw(st.integers(1, len(people)))
    at = data.draw(st.integers(0, len(lines[place])))
    mark = data.draw(st.sampled_from(['"', ",", '""', "\x1a", "x", "　", '="', "\t"]))
    cut = data.draw(st.integers(0, 3))
    lines[place] = lines[place][:at] + mark + lines[place][at + cut :]
    (folder / "registry.csv").write_bytes("\r\n".join([*lines, ""]).encode())
    extract = read_extract(folder / "registry.csv", PROFILE, RANGES, TODAY)
    listed = set(extract.source.quarantine["source_row"])
    blank = extract.source.blank_rows
    assert sum(extract.ends.values()) + len(listed) + blank == len(people)
    others = extract.records[extract.records["source_row"] != place + 1].reset_index(drop=True)
    kept = plain[~plain["source_row"].isin(listed) & (plain["source_row"] != place + 1)]
    pd.testing.assert_frame_equal(others, kept.reset_index(drop=True))
    # A row that breaks off may go on in its neighbour, so these are listed with it.
    assert listed <= {place, place + 1, place + 2}


def test_the_records_hold_the_columns_that_the_rooms_agreed_on(tmp_path: Path) -> None:
    assert set(RESIDENT_COLUMNS) <= set(read_people(tmp_path, {}).records.columns)


def test_an_extract_with_nobody_in_it_is_read_as_such(tmp_path: Path) -> None:
    extract = read_rows(tmp_path, list_cells([]))
    assert extract.records.empty and not any(extract.ends.values())


# --- a vendor's layout -----------------------------------------------------------------------


def read_vendor(folder: Path, rows: list[list[str]], encoding: str = "cp932") -> pd.DataFrame:
    path = write_cells(folder / "vendor.csv", rows, encoding)
    return read_extract(path, VENDOR, RANGES, TODAY).records


def test_the_ward_in_a_vendors_layout_has_the_same_cohorts(ward: Path, tmp_path: Path) -> None:
    rows = read_cells(ward / "registry.csv")
    path = write_cells(tmp_path / "vendor.csv", list_vendor_cells(rows), "cp932")
    extract = read_extract(path, VENDOR, RANGES, TODAY)
    plain = read_extract(ward / "registry.csv", PROFILE, RANGES, TODAY)
    assert extract.source.encoding == "cp932"
    assert extract.source.quarantine.empty
    merged = ("removed", "deleted")  # the vendor has one code for both
    assert sum(extract.ends[name] for name in merged) == sum(plain.ends[name] for name in merged)
    # Its two people of an unknown birth date have no note here that says how old they are.
    assert extract.ends["birth_unsure"] == plain.ends["birth_unsure"] + 2
    assert extract.ends["out_of_range"] == plain.ends["out_of_range"] - 2
    for name in extract.ends.keys() - {*merged, "birth_unsure", "out_of_range"}:
        assert extract.ends[name] == plain.ends[name], name
    for column in (
        "addressee_id",
        "birth_date",
        "address",
        "building",
        "postal_code",
        "changed_on",
    ):
        assert extract.records[column].tolist() == plain.records[column].tolist(), column


def make_vendor(*changes: dict[str, str]) -> list[list[str]]:
    rows = list_vendor_cells(list_cells({"宛名番号": str(n)} for n in range(1, len(changes) + 1)))
    for row, own in zip(rows[1:], changes, strict=True):
        for header, text in own.items():
            row[rows[0].index(header)] = text
    return rows


def test_the_digits_of_a_vendors_status_have_the_vendors_meaning(tmp_path: Path) -> None:
    """formats.md §1.3: 2 is 住登外 and 3 is 転出 where the standard has 転出 and 死亡."""
    codes = {"1": "18", "2": "outsider", "3": "moved_out", "4": "dead", "9": "removed"}
    records = read_vendor(tmp_path, make_vendor(*({"住民状態": code} for code in codes)))
    assert records["end"].tolist() == list(codes.values())


def test_a_vendors_latest_record_is_the_one_of_the_highest_number(tmp_path: Path) -> None:
    same = {"識別コード": "0000077"}
    rows = make_vendor(
        {**same, "履歴番号": "2", "番地": "古い番地２"}, {**same, "履歴番号": "10", "番地": "新しい番地"},
        {**same, "履歴番号": "9", "番地": "古い番地９"}, {},
    )  # fmt: skip
    latest = read_vendor(tmp_path, rows)
    latest = latest[latest["is_latest"]]
    assert latest["address"].str.endswith("新しい番地").tolist() == [True, False]


def test_a_vendors_city_and_half_width_reading_are_kept_as_they_stand(tmp_path: Path) -> None:
    rows = make_vendor({"氏名カナ": "ｶｸｳ ﾊﾅｺ", "生年月日": "4210401", "番地": "８－１"})
    records = read_vendor(tmp_path, rows)
    assert records["full_name_kana"].tolist() == ["ｶｸｳ ﾊﾅｺ"]
    assert records["address"].tolist() == ["東京都新宿区西新宿二丁目８－１"]
    assert records["birth_date"].tolist() == ["2009-04-01"]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("郵便番号", "600000"), ("住所", "新宿区西新宿二丁目"), ("生年月日", "2008-06-03"),
        ("住民状態", "5"), ("履歴番号", ""), ("異動年月日", "4310501"),
    ],
)  # fmt: skip
def test_without_a_flag_a_row_that_cannot_be_read_may_be_the_latest_so_the_file_stops(
    tmp_path: Path, header: str, text: str
) -> None:
    rows = make_vendor({}, {"識別コード": "1", "履歴番号": "2", header: text}, {})
    with pytest.raises(FormError, match="3行目.*最新フラグのない抽出") as stop:
        read_vendor(tmp_path, rows)
    assert not text or text not in str(stop.value)


def test_a_vendors_file_that_was_saved_as_utf8_is_the_same(tmp_path: Path) -> None:
    rows = make_vendor({}, {})
    left, right = read_vendor(tmp_path, rows), read_vendor(tmp_path, rows, "utf-8")
    pd.testing.assert_frame_equal(left, right)


@pytest.mark.parametrize(
    "change",
    [
        {"codes": {"status": {"1": "resident", "2": "gone"}, "nationality": {"1": "japanese"}}},
        {"codes": {"status": {"1": "resident"}, "nationality": {"1": "日本人"}}},
        {"codes": {"nationality": {"1": "japanese"}}},
        {"required": tuple(name for name in PROFILE.required if name not in {"status"})},
        {"required": tuple(name for name in PROFILE.required if name not in {"nationality"})},
        {"required": tuple(name for name in PROFILE.required if name not in {"latest_flag"})},
        {"latest": "highest"},
    ],
    ids=str,
)
def test_a_profile_that_would_make_everybody_a_resident_is_refused(
    change: dict[str, object],
) -> None:
    with pytest.raises(ParameterError):
        check_meanings(PROFILE._replace(**change))  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", [PROFILE, VENDOR], ids=lambda profile: profile.name)
def test_the_shipped_registry_profiles_have_meanings_that_the_program_knows(
    profile: object,
) -> None:
    check_meanings(profile)  # type: ignore[arg-type]


def test_the_defaults_of_these_tests_are_of_the_standard_layout() -> None:
    known = {name for names in PROFILE.columns.values() for name in names}
    assert set(DEFAULTS) <= known
