"""Published accidents at the registry extract, planted one by one: which check sees each of them.

Each test has the number of its accident. What nothing sees is said as well, and how far it reaches.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError, RecruitError
from recruitlib.base.run import Stage, read_private_table
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import check_ranges
from recruitlib.registry.extract import Extract, read_extract
from recruitlib.registry.intake import finish_intake
from recruitlib.registry.protected import select_protected, trace_protections
from recruitlib.registry.protections import gather_column, list_nobody, make_keep
from tests.conftest import WARD
from tests.unit.extracts import (
    PROFILE,
    RANGES,
    TODAY,
    Cells,
    is_cohort_row,
    list_cells,
    read_cells,
    read_people,
    replace_column,
    take_column,
    write_cells,
)
from tests.unit.intakes import begin, take_in

OpenWith = Callable[..., Stage]
NOT_SEEN = ""


@pytest.fixture(scope="module")
def rows(ward_project: Path) -> Cells:
    """Give the rows of the invented ward's extract: 1,500 residents, 1,776 rows."""
    return read_cells(ward_project / WARD / "registry.csv")


@pytest.fixture
def open_with(tmp_path: Path, ward_project: Path) -> OpenWith:
    """Begin notebook 01 with a registry of the rows that are given."""

    def make(cells: Cells, **changes: Any) -> Stage:
        path = str(write_cells(tmp_path / "registry.csv", cells))
        files = {"registry_file": path, "registry_total": len(cells) - 1}
        return begin(tmp_path, ward_project / WARD, **{**files, **changes})

    return make


def find_answer(stage: Stage) -> str:
    """Do the steps of notebook 01 and name the guard that says no, if any."""
    try:
        take_in(stage)
    except RecruitError:
        said = [
            entry["facts"]["guard"] for entry in read_entries(stage.folder)
            if entry["event"] == "guard" and entry["facts"]["answer"] == "no"
        ]  # fmt: skip
        return said[-1]
    return NOT_SEEN


# --- A03 堺市: 1,120 rows shifted under a spreadsheet's filter ----------------------------------


def sort_alone(cells: Cells, headers: Sequence[str]) -> Cells:
    """Sort columns on their own, as a spreadsheet does when the others are not marked."""
    texts = list(zip(*(take_column(cells, header) for header in headers), strict=True))
    return put_columns(cells, headers, sorted(texts))


def sort_down(cells: Cells, headers: Sequence[str]) -> Cells:
    """Sort columns on their own, the other way round."""
    texts = list(zip(*(take_column(cells, header) for header in headers), strict=True))
    return put_columns(cells, headers, sorted(texts, reverse=True))


def move_up_filtered(cells: Cells, headers: Sequence[str]) -> Cells:
    """Move columns up by one among the rows that a filter by birth date shows."""
    births = take_column(cells, "生年月日")
    shown = [place for place, day in enumerate(births) if "2004-04-02" <= day <= "2009-04-01"]
    texts = list(zip(*(take_column(cells, header) for header in headers), strict=True))
    moved = [*texts]
    for place, following in zip(shown, [*shown[1:], shown[0]], strict=True):
        moved[place] = texts[following]
    return put_columns(cells, headers, moved)


def put_columns(cells: Cells, headers: Sequence[str], texts: Sequence[Sequence[str]]) -> Cells:
    for place, header in enumerate(headers):
        cells = replace_column(cells, header, [own[place] for own in texts])
    return cells


FORM, ROWS, STATUS = "registry.form_known", "registry.rows_decided", "cohort.status_retested"
# (columns, who sees them sorted up, sorted down, and moved among the filtered rows). The form of a
# cell sees none of this: every cell keeps it. Names are seen by their parts, readings by the others
# of the same family name, birth dates by the history and the era, ids by the birth dates of their
# history, addresses and households by each other, status and the flag of removal by each other.
MOVED = [
    (["宛名番号"], FORM, FORM, FORM),
    (["最新フラグ"], FORM, FORM, FORM),
    (["世帯番号"], FORM, FORM, FORM),
    (["除票フラグ"], FORM, FORM, FORM),
    (["住民種別"], FORM, FORM, FORM),
    (["住民状態"], FORM, FORM, FORM),
    (["消除の異動年月日"], STATUS, STATUS, STATUS),
    (["転出年月日（確定）"], STATUS, STATUS, STATUS),
    (["氏名"], FORM, FORM, FORM),
    (["氏_日本人"], FORM, FORM, FORM),
    (["名_日本人"], FORM, FORM, FORM),
    (["氏名_フリガナ"], FORM, FORM, FORM),
    (["生年月日_元号"], FORM, FORM, NOT_SEEN),
    (["生年月日"], FORM, FORM, FORM),
    (["生年月日_不詳フラグ"], FORM, FORM, NOT_SEEN),
    (["生年月日_不詳表記"], FORM, FORM, NOT_SEEN),
    (["住所_町字"], FORM, FORM, FORM),
    (["住所_番地号表記"], FORM, FORM, FORM),
    (["住所_方書"], FORM, FORM, FORM),
    (["住所_郵便番号"], FORM, FORM, FORM),
    # Columns that were moved together agree with each other, and not with the rest of their row.
    (["氏名", "氏_日本人", "名_日本人"], FORM, FORM, FORM),
    (["氏名", "氏_日本人", "名_日本人", "氏名_フリガナ"], FORM, FORM, FORM),
    (["住所_町字", "住所_番地号表記", "住所_方書", "住所_郵便番号"], FORM, FORM, FORM),
    (["生年月日_元号", "生年月日"], FORM, FORM, FORM),
]
# Nobody is printed with a wrong name or address by these; see the tests below for what they do.
UNSEEN = [
    (["個人履歴番号"], NOT_SEEN, NOT_SEEN, NOT_SEEN),
    (["異動年月日"], NOT_SEEN, FORM, FORM),
    (["転出予定年月日"], NOT_SEEN, NOT_SEEN, NOT_SEEN),
    (["削除フラグ"], NOT_SEEN, NOT_SEEN, NOT_SEEN),
]
# Every row of the ward has the same in these, so that nothing can be moved.
ALIKE = {"個人履歴番号_枝番号", "業務ID", "住所_都道府県", "住所_市区郡町村名"}
WAYS = [sort_alone, sort_down, move_up_filtered]
# Real runs have each way once; every column in every way takes long.
ALL_WAYS = [
    pytest.param(0, id="sorted up", marks=pytest.mark.soak),
    pytest.param(1, id="sorted down", marks=pytest.mark.soak),
    pytest.param(2, id="moved under a filter"),
]


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("case", [*MOVED, *UNSEEN], ids=lambda case: "+".join(case[0]))
def test_a03_a_column_that_was_moved_on_its_own(
    rows: Cells, open_with: OpenWith, case: tuple[Any, ...], way: int
) -> None:
    headers, *seen_by = case
    moved = WAYS[way](rows, headers)
    stage = open_with(moved)
    if moved == rows:
        # Nothing in the filtered rows to be moved: all of them have the same.
        assert seen_by[way] == NOT_SEEN
    assert find_answer(stage) == seen_by[way]


def test_a03_every_column_that_is_kept_was_tried(rows: Cells) -> None:
    tried = {header for headers, *_ in [*MOVED, *UNSEEN] for header in headers}
    known = {header for headers in PROFILE.columns.values() for header in headers}
    assert tried | ALIKE == {header for header in rows[0] if header in known}
    for header in ALIKE:
        assert len(set(take_column(rows, header))) == 1


def compare_cohorts(open_with: OpenWith, plain: Cells, moved: Cells) -> tuple[set[str], set[str]]:
    """Give who is lost and who is added by a fault that nothing sees."""
    before, after = (
        set(take_in(open_with(cells)).intake.cohort["addressee_id"]) for cells in (plain, moved)
    )
    return before - after, after - before


@pytest.mark.soak
@pytest.mark.parametrize("header", ["個人履歴番号", "異動年月日"])
def test_a03_unseen_what_decides_nothing_changes_nobody(
    rows: Cells, open_with: OpenWith, header: str
) -> None:
    assert compare_cohorts(open_with, rows, sort_alone(rows, [header])) == (set(), set())


@pytest.mark.parametrize("header", ["転出予定年月日", "削除フラグ"])
@pytest.mark.parametrize("way", ALL_WAYS)
def test_a03_unseen_a_rare_mark_that_was_moved_changes_no_more_people_than_have_it(
    rows: Cells, open_with: OpenWith, header: str, way: int
) -> None:
    marked = sum(text not in ("", "0") for text in take_column(rows, header))
    lost, added = compare_cohorts(open_with, rows, WAYS[way](rows, [header]))
    assert marked <= 4
    assert len(lost) <= marked and len(added) <= marked


# --- the cohort: the wrong people --------------------------------------------------------------


# Of those born in April one is on the list of protected people: that nobody has the number tells first.
@pytest.mark.parametrize(("month", "guard"), [
    ("01", "cohort.birth_range"), ("04", ROWS), ("12", "cohort.birth_range"),
])  # fmt: skip
def test_a10_even_one_month_that_is_missing_stops(
    rows: Cells, open_with: OpenWith, month: str, guard: str
) -> None:
    place = rows[0].index("生年月日")
    assert find_answer(open_with([row for row in rows if row[place][5:7] != month])) == guard


def test_a15_a_single_one_of_them_stops_as_well(rows: Cells, open_with: OpenWith) -> None:
    cells = [[*row] for row in rows]
    one = next(row for row in cells[1:] if is_cohort_row(cells[0], row))
    one[cells[0].index("転出年月日（確定）")] = "2026-02-10"
    assert find_answer(open_with(cells)) == STATUS


# --- A54: who is protected by the extract's own column ------------------------------------------


def test_a54_every_kind_in_the_extracts_own_column_protects_and_no_date_of_the_row_frees(
    tmp_path: Path,
) -> None:
    """A test of "end <= today" dropped exactly the protected."""
    columns = {**PROFILE.columns, "protection_kind": ("支援措置",)}
    codes = {**PROFILE.codes, "protection_kind": {"": "", "0": "", "1": "暴力", "5": "仮支援"}}
    profile = PROFILE._replace(columns=columns, codes=codes)
    marks = ["1", "5", "0", "", "1"]
    days = ["2025-01-01", "2027-12-31", "2025-01-01", "", ""]
    people = [{"宛名番号": str(number), "転出予定年月日": ""} for number in range(1, 6)]
    cells = list_cells(people)
    cells = [[*cells[0], "支援措置"]] + [
        [*row, mark] for row, mark in zip(cells[1:], marks, strict=True)
    ]
    cells = replace_column(cells, "異動年月日", [day or "2026-03-20" for day in days])
    path = write_cells(tmp_path / "registry.csv", cells)
    extract = read_extract(path, profile, RANGES, TODAY, make_keep(list_nobody(), profile))
    own = gather_column(extract.records, profile)
    records = extract.records
    traced = trace_protections(own, records, records[records["is_latest"]])
    assert select_protected(traced).tolist() == ["1", "2", "5"]


# --- A55: dates that other readers get wrong -----------------------------------------------------


# (as written, the date; None where a person must look)
WRITTEN = [
    ("4200402", "2008-04-02"),
    ("420080402", "2008-04-02"),
    ("20080402", "2008-04-02"),
    ("H20.04.02", "2008-04-02"),
    ("平成20年 4月 2日", "2008-04-02"),
    ("平成２０年４月２日", "2008-04-02"),
    ("平成二十年四月二日", "2008-04-02"),
    ("5010501", "2019-05-01"),
    ("20.4.2", None),
    ("平成31年5月1日", None),
    ("39540", None),
    ("520080402", None),
    ("4200-04-02", None),
    ("2009-02-29", None),
]


@pytest.mark.parametrize(("text", "iso"), WRITTEN)
def test_a55_a_birth_date_is_right_or_before_an_officer_and_never_another_date(
    tmp_path: Path, text: str, iso: str | None
) -> None:
    extract = read_people(
        tmp_path,
        {"生年月日": text, "生年月日_元号": ""},
        {"生年月日": "1960-01-01", "生年月日_元号": "3"},
    )
    record = extract.records.iloc[0]
    assert record["birth_text"] == text
    assert record["birth_date"] == (iso or "")
    assert (record["birth_status"] == "certain") == (iso is not None)


UNSURE = [text for text, iso in WRITTEN if iso is None]


@pytest.mark.parametrize("text", UNSURE)
def test_a55_an_unsure_birth_is_out_of_range_only_where_no_reading_of_it_is_asked_for(
    tmp_path: Path, text: str
) -> None:
    extract = read_people(tmp_path, {"生年月日": text, "生年月日_元号": ""})
    readings = parse_date(text).readings
    touches = not readings or any(
        min(readings) <= wanted.born_to and max(readings) >= wanted.born_from for wanted in RANGES
    )
    assert extract.records["end"].tolist() == ["birth_unsure" if touches else "out_of_range"]
    assert touches == (text != "平成31年5月1日")


# --- A56: commas at the end of rows --------------------------------------------------------------


def read_written(folder: Path, lines: Sequence[str]) -> Extract:
    path = folder / "registry.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode())
    return read_extract(path, PROFILE, RANGES, TODAY)


def list_lines(cells: Cells) -> list[str]:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(cells)
    return written.getvalue().splitlines()


@pytest.mark.parametrize("commas", [3])
def test_a56_commas_at_the_end_of_every_row_shift_nothing(
    rows: Cells, tmp_path: Path, commas: int
) -> None:
    header, *people = list_lines(rows)
    plain = read_written(tmp_path, [header, *people])
    extract = read_written(tmp_path, [header, *(line + "," * commas for line in people)])
    assert extract.records.equals(plain.records)
    assert extract.ends == plain.ends
    assert extract.source.surplus_columns == commas
    assert extract.source.quarantine.empty


def test_a56_a_comma_at_the_end_of_the_header_too_is_a_column_without_a_name(
    rows: Cells, tmp_path: Path
) -> None:
    lines = list_lines(rows)
    plain = read_written(tmp_path, lines)
    extract = read_written(tmp_path, [line + "," for line in lines])
    assert extract.records.equals(plain.records) and extract.source.surplus_columns == 1


@pytest.mark.parametrize("places", [[1], [3, 4, 9], list(range(100, 120))])
def test_a56_a_comma_at_the_end_of_some_rows_costs_no_more_than_these(
    rows: Cells, tmp_path: Path, places: list[int]
) -> None:
    lines = list_lines(rows)
    plain = read_written(tmp_path, lines)
    for place in places:
        lines[place] += ","
    extract = read_written(tmp_path, lines)
    listed = set(extract.source.quarantine["source_row"])
    # The older records of somebody whose latest row is listed are listed too.
    assert {place + 1 for place in places} <= listed
    kept = plain.records[~plain.records["source_row"].isin(listed)].reset_index(drop=True)
    assert extract.records.equals(kept)
    assert sum(extract.ends.values()) + len(listed) == len(lines) - 1


@pytest.mark.parametrize("first", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("share", [2, 3])
def test_a56_commas_at_the_end_of_many_rows_stop_the_file_or_list_the_rows(
    rows: Cells, tmp_path: Path, first: int, share: int
) -> None:
    lines = list_lines(rows)
    plain = read_written(tmp_path, lines).records.set_index("source_row")
    for place in range(first, len(lines), share):
        lines[place] += ","
    try:
        extract = read_written(tmp_path, lines)
    except FormError as stop:
        assert "列数が見出しと違います" in str(stop)
        return
    records = extract.records.set_index("source_row")
    assert records.equals(plain.loc[records.index])


def test_a56_a_value_behind_the_last_column_is_never_dropped_in_silence(
    rows: Cells, tmp_path: Path
) -> None:
    lines = list_lines(rows)
    shifted = [lines[0], *(f"{line}," for line in lines[1:])]
    shifted[7] = f"{lines[7]},東京都"
    extract = read_written(tmp_path, shifted)
    assert 8 in extract.source.quarantine["source_row"].tolist()


def test_a56_a_comma_in_front_of_every_row_stops(rows: Cells, tmp_path: Path) -> None:
    lines = list_lines(rows)
    with pytest.raises(FormError):
        read_written(tmp_path, [lines[0], *(f",{line}" for line in lines[1:])])


# --- A58, A59: text stays text, and every character itself ---------------------------------------


def test_a58_a_name_of_na_a_postal_code_and_an_id_with_zeros_are_kept_as_text(
    tmp_path: Path,
) -> None:
    person = {
        "宛名番号": "0000012", "氏名_フリガナ": "ナ", "住所_郵便番号": "0600000", "住所_方書": "NA",
        "世帯番号": "000",
    }  # fmt: skip
    others = [{"氏名_フリガナ": text, "住所_方書": text} for text in ("NA", "NULL", "nan", "None")]
    records = read_people(tmp_path, person, *others).records
    first = records.iloc[0]
    assert [first[name] for name in ("addressee_id", "full_name_kana", "postal_code", "building")] == [
        "0000012", "ナ", "0600000", "NA",
    ]  # fmt: skip
    assert first["household_id"] == "000"
    assert records["full_name_kana"].tolist() == ["ナ", "NA", "NULL", "nan", "None"]
    assert records["building"].tolist() == ["NA", "NA", "NULL", "nan", "None"]
    assert (records.dtypes.drop(["source_row", "is_latest"]) == "str").all()


# Spellings that NFC or NFKC would replace by another character, or break.
SPELLINGS = [
    "\ufa19木", "\ufa1b田", "山\ufa11", "\U00020bb7野", "辻\U000e0102", "葛\U000e0100西", "髙橋",
    "ﾀﾅｶ", "e\u0301",
]  # fmt: skip


def test_a59_names_and_addresses_come_through_the_intake_character_by_character(
    rows: Cells, open_with: OpenWith
) -> None:
    cells = [[*row] for row in rows]
    header = cells[0]
    wanted = {}
    people = [row for row in cells[1:] if is_cohort_row(header, row)][7:]
    for surname, own in zip(SPELLINGS, people, strict=False):
        name, town = f"{surname}　{own[header.index('名_日本人')]}", f"{surname}町"
        for column, text in (("氏名", name), ("氏_日本人", surname), ("住所_方書", town)):
            own[header.index(column)] = text
        wanted[own[header.index("宛名番号")]] = [*name, *town]
    stage = open_with(cells)
    taken = take_in(stage)
    finish_intake(stage, taken.intake, taken.loaded)
    stored = read_private_table(stage, "cohort").set_index("addressee_id")
    written = stored["full_name"] + stored["building"]
    assert {person: [*written[person]] for person in wanted} == wanted
    assert len(wanted) == len(SPELLINGS)


# --- A67: a published range that crossed eras and years ------------------------------------------


@pytest.mark.parametrize("text", ["2008(H16).4.2", "2009(H17).4.1", "2008年(平成16年)4月2日"])
def test_a67_a_day_of_which_both_calendars_disagree_is_no_date(text: str) -> None:
    parsed = parse_date(text)
    assert parsed.value is None and parsed.status == "invalid"
    assert "西暦と和暦が合いません" in parsed.note


@pytest.mark.parametrize(
    ("text", "day"),
    [("2008(H20).4.2", date(2008, 4, 2)), ("2005(H17).4.1", date(2005, 4, 1))],
)
def test_a67_a_day_of_which_both_calendars_agree_is_that_day(text: str, day: date) -> None:
    assert parse_date(text).value == day


@pytest.mark.parametrize(
    ("age", "born_from", "born_to"),
    [
        (18, date(2008, 4, 2), date(2005, 4, 1)),
        (22, date(2008, 4, 2), date(2009, 4, 1)),
        (18, date(2004, 4, 2), date(2009, 4, 1)),
        (22, date(2004, 4, 2), date(2009, 4, 1)),
    ],
)
def test_a67_a_range_that_took_one_year_from_each_calendar_stops(
    age: int, born_from: date, born_to: date
) -> None:
    (problem,) = check_ranges([BirthRange(age, born_from, born_to)], 2026)
    assert problem.startswith(f"{age}歳") and "ください" in problem
