"""The registry extract: every row in one end, nothing shifted, nothing folded, nothing guessed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.errors import FormError
from recruitlib.registry.extract import (
    RESIDENT_COLUMNS,
    BirthRange,
    Extract,
    join_address,
    name_ends,
    read_births,
    read_extract,
)
from recruitlib.registry.profiles import read_profile
from recruitlib.synth.ward import make_ward

ROOT = Path(__file__).parents[2]
PROFILE = read_profile(ROOT / "params/profiles/registry_standard.yaml")
# The ranges that the ward's document prints.
RANGES = [
    BirthRange(18, date(2008, 4, 2), date(2009, 4, 1)),
    BirthRange(22, date(2004, 4, 2), date(2005, 4, 1)),
]
DEFAULTS = {
    "宛名番号": "0000012", "世帯番号": "", "最新フラグ": "1", "除票フラグ": "0", "削除フラグ": "0",
    "業務ID": "RECRUITLIB-SYNTH", "住民種別": "1", "住民状態": "1", "異動年月日": "2026-03-20",
    "転出年月日（確定）": "", "消除の異動年月日": "", "氏名": "架空　花子", "氏_日本人": "架空",
    "名_日本人": "花子", "氏名_フリガナ": "カクウ　ハナコ", "生年月日_元号": "4",
    "生年月日": "2008-06-03", "生年月日_不詳フラグ": "0", "住所_都道府県": "東京都",
    "住所_市区郡町村名": "新宿区", "住所_町字": "西新宿二丁目", "住所_番地号表記": "８番１号",
    "住所_方書": "", "住所_郵便番号": "1600023",
}  # fmt: skip
Cells = list[list[str]]


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "invented_ward"
    if not (folder / "README.txt").exists():
        folder.mkdir()
        make_ward(folder, 1_500, 2026, ROOT / "params/towns/131041.csv")
    return folder


def write_rows(path: Path, people: Iterable[dict[str, str]]) -> Path:
    rows = [list(DEFAULTS)] + [list({**DEFAULTS, **person}.values()) for person in people]
    return write_cells(path, rows)


def write_cells(path: Path, rows: Cells, ending: str = "") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator=f"{ending}\r\n").writerows(rows)
    return path


def read_cells(path: Path) -> Cells:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def read_people(tmp_path: Path, *people: dict[str, str]) -> Extract:
    return read_extract(write_rows(tmp_path / "registry.csv", people), PROFILE)


def test_the_invented_ward_is_read_whole(ward: Path) -> None:
    extract = read_extract(ward / "registry.csv", PROFILE)
    assert extract.source.rows_read == len(extract.records) == 1_776
    assert extract.records["is_marked"].all()
    assert extract.records["source_row"].tolist() == list(range(2, 1_778))
    later = read_extract(ward / "handover_day" / "registry.csv", PROFILE)
    assert later.source.rows_read == 1_784


def test_the_forbidden_numbers_of_the_file_are_never_in_the_table(ward: Path) -> None:
    extract = read_extract(ward / "registry.csv", PROFILE)
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index("個人番号")
    carried = {row[place] for row in rows[1:]} - {""}
    assert carried
    assert "個人番号" in extract.source.dropped
    for column in extract.records.select_dtypes("str"):
        assert carried.isdisjoint(set(extract.records[column]))


def test_names_are_kept_exactly_as_the_registry_writes_them(tmp_path: Path) -> None:
    names = [
        ("\ufa19田　花子", "\ufa19田"), ("\ufa1b田　花子", "\ufa1b田"), ("山\ufa11　花子", "山\ufa11"),
        ("\U00020bb7田　花子", "\U00020bb7田"), ("辻\U000e0102　花子", "辻\U000e0102"),
        ("外\ue000　花子", "外\ue000"),
    ]  # fmt: skip
    people = [
        {"宛名番号": str(number), "氏名": name, "氏_日本人": surname}
        for number, (name, surname) in enumerate(names)
    ]
    records = read_people(tmp_path, *people).records
    assert records["full_name"].tolist() == [name for name, _ in names]


def test_what_looks_like_a_missing_value_or_a_number_is_kept_as_text(tmp_path: Path) -> None:
    records = read_people(
        tmp_path,
        {"氏名_フリガナ": "NA", "住所_郵便番号": "0600000", "住所_方書": "NULL"},
        {"宛名番号": "12", "氏名_フリガナ": "ナ", "住所_方書": "1E5"},
    ).records
    assert records["addressee_id"].tolist() == ["0000012", "12"]
    assert records["full_name_kana"].tolist() == ["NA", "ナ"]
    assert records["postal_code"].tolist() == ["0600000", "1600023"]
    assert records["building"].tolist() == ["NULL", "1E5"]


def test_an_address_is_joined_as_it_stands() -> None:
    parts = {
        "prefecture": ["東京都"],
        "city": ["新宿区"],
        "town": ["四谷　一丁目"],
        "lot": [" １番"],
    }
    assert join_address(pd.DataFrame(parts)).tolist() == ["東京都新宿区四谷　一丁目 １番"]


def test_a_comma_at_the_end_of_every_row_shifts_nothing(tmp_path: Path, ward: Path) -> None:
    rows = read_cells(ward / "registry.csv")
    path = tmp_path / "registry.csv"
    write_cells(path, [rows[0], *([*row, ""] for row in rows[1:])])
    plain = read_extract(ward / "registry.csv", PROFILE).records
    pd.testing.assert_frame_equal(read_extract(path, PROFILE).records, plain)


def test_a_comma_at_the_end_of_some_rows_stops(tmp_path: Path, ward: Path) -> None:
    rows = read_cells(ward / "registry.csv")
    rows[5] = [*rows[5], ""]
    with pytest.raises(FormError):
        read_extract(write_cells(tmp_path / "registry.csv", rows), PROFILE)


@pytest.mark.parametrize(
    "header",
    [
        "宛名番号", "世帯番号", "最新フラグ", "住民種別", "氏名", "氏_日本人", "名_日本人",
        "生年月日", "生年月日_元号", "住所_町字", "住所_番地号表記", "住所_方書", "住所_郵便番号",
    ],
)  # fmt: skip
def test_a_column_that_was_sorted_on_its_own_stops(tmp_path: Path, ward: Path, header: str) -> None:
    rows = read_cells(ward / "registry.csv")
    place = rows[0].index(header)
    for row, text in zip(rows[1:], sorted(row[place] for row in rows[1:]), strict=True):
        row[place] = text
    with pytest.raises(FormError) as stop:
        read_extract(write_cells(tmp_path / "registry.csv", rows), PROFILE)
    assert "registry.csv" in str(stop.value)


@pytest.mark.parametrize("header", ["氏名", "住所_番地号表記", "住所_方書", "生年月日"])
def test_a_column_that_was_moved_up_by_one_among_the_filtered_rows_stops(
    tmp_path: Path, ward: Path, header: str
) -> None:
    rows = read_cells(ward / "registry.csv")
    births, place = rows[0].index("生年月日"), rows[0].index(header)
    shown = [row for row in rows[1:] if "2004-04-02" <= row[births] <= "2009-04-01"]
    moved = [row[place] for row in shown]
    for row, text in zip(shown, [*moved[1:], moved[0]], strict=True):
        row[place] = text
    with pytest.raises(FormError, match="並べ替え"):
        read_extract(write_cells(tmp_path / "registry.csv", rows), PROFILE)


def test_two_swapped_names_stop_and_are_named_by_row_only(tmp_path: Path) -> None:
    first = {"宛名番号": "1", "氏名": "架空　次郎", "氏_日本人": "架空", "名_日本人": "太郎"}
    second = {"宛名番号": "2", "氏名": "架空　太郎", "氏_日本人": "架空", "名_日本人": "次郎"}
    with pytest.raises(FormError, match="2、3 行目") as stop:
        read_people(tmp_path, first, second)
    assert "架空" not in str(stop.value) and "太郎" not in str(stop.value)


def test_a_name_that_only_spaces_tell_from_its_parts_is_no_contradiction(tmp_path: Path) -> None:
    assert len(read_people(tmp_path, {"氏名": "架空 花子"}, {"宛名番号": "2"}).records) == 2


def test_an_extract_without_the_parts_of_a_name_is_still_read(tmp_path: Path) -> None:
    rows = read_cells(write_rows(tmp_path / "registry.csv", [{}]))
    places = [rows[0].index(header) for header in ("氏_日本人", "名_日本人")]
    kept = [[cell for place, cell in enumerate(row) if place not in places] for row in rows]
    extract = read_extract(write_cells(tmp_path / "registry.csv", kept), PROFILE)
    assert len(extract.records) == 1


def test_an_unknown_header_stops(tmp_path: Path) -> None:
    rows = read_cells(write_rows(tmp_path / "registry.csv", [{}]))
    rows[0].append("備考欄")
    rows[1].append("")
    with pytest.raises(FormError, match="25列目"):
        read_extract(write_cells(tmp_path / "registry.csv", rows), PROFILE)


def test_a_missing_file_is_said_without_a_path(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"^nothing\.csv: ファイルがありません"):
        read_extract(tmp_path / "nothing.csv", PROFILE)


@pytest.mark.parametrize(
    ("people", "fault"),
    [
        ([{}, {}], "最新の記録が二つ以上"),
        ([{"最新フラグ": "0"}, {"宛名番号": "2"}], "最新の記録がない"),
    ],
)
def test_a_person_with_two_latest_records_or_none_stops(
    tmp_path: Path, people: list[dict[str, str]], fault: str
) -> None:
    with pytest.raises(FormError, match=fault) as stop:
        read_people(tmp_path, *people)
    assert "0000012" not in str(stop.value)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("住民状態", "4"), ("住民種別", "3"), ("宛名番号", "A12"), ("最新フラグ", ""),
        ("住所_郵便番号", "西新宿"), ("氏名", ""), ("住所_市区郡町村名", "新宿区8"),
    ],
)  # fmt: skip
def test_an_unknown_code_or_a_misshapen_cell_stops_at_its_row(
    tmp_path: Path, header: str, text: str
) -> None:
    people = [{"宛名番号": "1"}, {"宛名番号": "2", header: text}]
    with pytest.raises(FormError, match="3 行目"):
        read_people(tmp_path, *people)


@pytest.mark.parametrize(
    ("text", "era", "unknown", "birth"),
    [
        ("2008-04-02", "4", "0", ("2008-04-02", "certain")),
        ("2008-02-29", "4", "0", ("2008-02-29", "certain")),
        ("2004-02-29", "", "", ("2004-02-29", "certain")),
        ("1989-01-07", "3", "0", ("1989-01-07", "certain")),
        ("1989-01-08", "4", "0", ("1989-01-08", "certain")),
        ("2008-04-02", "3", "0", ("", "era_disagrees")),
        ("2008-04-02", "4", "1", ("", "unknown")),
    ],
)
def test_a_birth_date_counts_only_when_everything_about_it_agrees(
    text: str, era: str, unknown: str, birth: tuple[str, str]
) -> None:
    table = pd.DataFrame(
        {"birth_text": [text], "birth_era": [era], "birth_unknown": [unknown]}, dtype="str"
    )
    assert tuple(read_births(table).iloc[0]) == birth


@pytest.mark.parametrize("text", ["2009-02-29", "昭和６年頃", "2008-00-00", ""])
def test_a_birth_date_that_is_none_is_unreadable_and_never_another_date(text: str) -> None:
    table = pd.DataFrame({"birth_text": [text], "birth_era": [""], "birth_unknown": [""]})
    birth_date, status = read_births(table.astype("str")).iloc[0]
    assert birth_date == "" and status != "certain"


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
    ({"住民種別": "2", "氏_日本人": "", "名_日本人": ""}, "foreign"),
    ({"住民状態": "2"}, "not_resident"),
    ({"住民状態": "3"}, "not_resident"),
    ({"住民状態": "9"}, "not_resident"),
    ({"除票フラグ": "1"}, "not_resident"),
    ({"削除フラグ": "1"}, "not_resident"),
    ({"生年月日_不詳フラグ": "1"}, "unreadable"),
    ({"住民種別": "2", "住民状態": "3", "氏_日本人": "", "名_日本人": ""}, "not_resident"),
]


def test_every_row_has_the_one_end_that_the_request_gives_it(tmp_path: Path) -> None:
    people = [{"宛名番号": str(number), **person} for number, (person, _) in enumerate(ENDS)]
    people.append({"宛名番号": "0", "最新フラグ": "0"})
    ends = name_ends(read_people(tmp_path, *people).records, RANGES)
    assert ends.tolist() == [*(end for _, end in ENDS), "superseded"]


def test_people_born_on_a_leap_day_reach_the_age_in_the_year_before(tmp_path: Path) -> None:
    """By 年齢計算ニ関スル法律 a leap-day child attains an age on 28 February at midnight."""
    ranges = [
        BirthRange(18, date(2007, 4, 2), date(2008, 4, 1)),
        BirthRange(22, date(2003, 4, 2), date(2004, 4, 1)),
    ]
    people = [{"宛名番号": day[:4], "生年月日": day} for day in ("2008-02-29", "2004-02-29")]
    assert name_ends(read_people(tmp_path, *people).records, ranges).tolist() == ["18", "22"]


BIRTHS = st.dates(date(2003, 12, 1), date(2009, 8, 1)).map(date.isoformat) | st.just("")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(
        st.tuples(
            BIRTHS,
            st.sampled_from(["resident", "moved_out", "dead", "removed"]),
            st.sampled_from(["japanese", "foreign"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_cohort_is_exactly_the_living_latest_japanese_residents_of_the_range(
    rows: list[tuple[str, str, str, bool]],
) -> None:
    columns = ["birth_date", "status", "nationality", "is_latest"]
    records = pd.DataFrame(rows, columns=columns)
    records["birth_status"] = ["certain" if birth else "unknown" for birth, *_ in rows]
    ends = name_ends(records, RANGES)
    assert len(ends) == len(rows)
    for (birth, status, nationality, latest), end in zip(rows, ends, strict=True):
        wanted = {
            str(r.age) for r in RANGES
            if birth and r.born_from <= date.fromisoformat(birth) <= r.born_to
        }  # fmt: skip
        chosen = (status, nationality, latest) == ("resident", "japanese", True) and wanted
        assert (end in ("18", "22")) == bool(chosen)
        assert not chosen or {end} == wanted


def test_the_records_hold_the_columns_that_the_rooms_agreed_on(tmp_path: Path) -> None:
    assert set(RESIDENT_COLUMNS) <= set(read_people(tmp_path, {}).records.columns)
