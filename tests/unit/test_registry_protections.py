"""Protective measures: the list is read whole or refused, and everybody whom it may mean is excluded."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from recruitlib.base.errors import FormError
from recruitlib.base.profiles import Profile, read_profile
from recruitlib.registry.extract import Extract, read_extract
from recruitlib.registry.intake import list_possible
from recruitlib.registry.protected import TRACE_COLUMNS, trace_protections
from recruitlib.registry.protections import (
    PROTECTION_COLUMNS,
    check_freshness,
    gather_column,
    list_nobody,
    make_keep,
    read_protections,
    tabulate_protections,
)
from tests.unit import extracts

ROOT = Path(__file__).parents[2]
PROFILE = read_profile(ROOT / "params/profiles/protections_standard.yaml")
BY_NAME = read_profile(ROOT / "params/profiles/protections_by_name.yaml")
TODAY = date(2026, 5, 18)
HEADER = ["宛名番号", "履歴番号", "生年月日", "支援措置開始年月日", "支援措置終了年月日",
          "支援措置区分", "削除フラグ", "作成年月日"]  # fmt: skip
PLAIN = ["0000012", "1", "2008-06-03", "2026-02-01", "", "1", "0", "2026-05-18"]


def write_list(folder: Path, *rows: dict[str, str], header: list[str] = HEADER) -> Path:
    path = folder / "protections.csv"
    plain = dict(zip(HEADER, PLAIN, strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows([({**plain, **row}).get(name, "") for name in header] for row in rows)
    return path


def read_rows(folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    return read_protections(write_list(folder, *rows), PROFILE)


def list_people(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "full_name": "", "full_name_kana": "", "birth_date": "2008-06-03", "address": "",
        "kind": "配偶者暴力等", "starts_on": "2026-02-01", "ends_on": "", "cancelled": False,
        "listed_on": "2026-05-18",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"{number:07}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)[list(PROTECTION_COLUMNS)]


def test_a_list_is_read_with_its_zeros_and_dates(tmp_path: Path) -> None:
    row = {"生年月日": "平成20年6月3日", "支援措置終了年月日": "令和9年1月31日"}
    protections = read_rows(tmp_path, row)
    assert tuple(protections.columns) == PROTECTION_COLUMNS
    read = protections.iloc[0]
    assert (read["addressee_id"], read["birth_date"], read["ends_on"], read["source_row"]) == (
        "0000012", "2008-06-03", "2027-01-31", 2,
    )  # fmt: skip
    assert (read["full_name"], read["address"], read["kind"]) == ("", "", "配偶者暴力等")


def test_a_list_by_name_is_read_with_what_it_has(tmp_path: Path) -> None:
    header = [
        "番号",
        "氏名",
        "フリガナ",
        "生年月日",
        "住所",
        "区分",
        "終了日",
        "状況",
        "加害者氏名",
    ]
    row = {"氏名": "架空　花子", "フリガナ": "カクウ　ハナコ", "生年月日": "H20.6.3",
           "住所": "架空区一丁目１番１号", "区分": "仮支援", "終了日": "9999/12/31", "状況": "実施中",
           "加害者氏名": "架空　次郎"}  # fmt: skip
    path = write_list(tmp_path, row, {**row, "状況": "終了"}, header=header)
    protections = read_protections(path, BY_NAME)
    assert tuple(protections.columns) == PROTECTION_COLUMNS
    assert protections.iloc[0].to_dict() == {
        "addressee_id": "", "full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ",
        "birth_date": "2008-06-03", "address": "架空区一丁目１番１号", "kind": "仮支援措置",
        "starts_on": "", "ends_on": "", "cancelled": False, "listed_on": "", "source_row": 2,
    }  # fmt: skip
    assert protections["cancelled"].tolist() == [False, True]
    assert "架空　次郎" not in protections.to_string()


def test_a_workbook_is_read_as_the_same_list(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["氏名", "フリガナ", "生年月日", "住所", "区分", "終了日"])
    book.active.append(["架空　花子", "カクウ　ハナコ", date(2008, 6, 3), "架空区１", "DV", 46418])
    book.save(tmp_path / "list.xlsx")
    read = read_protections(tmp_path / "list.xlsx", BY_NAME).iloc[0]
    assert (read["full_name"], read["birth_date"]) == ("架空　花子", "2008-06-03")
    assert (read["kind"], read["ends_on"], read["source_row"]) == ("配偶者暴力等", "2027-01-31", 2)


def test_a34_every_kind_of_measure_is_read_the_provisional_and_the_joint_one_as_well(
    tmp_path: Path,
) -> None:
    """枚方市: a flag of another type did not count."""
    protections = read_rows(tmp_path, *({"支援措置区分": str(code)} for code in range(1, 7)))
    assert protections["kind"].tolist() == [
        "配偶者暴力等", "ストーカー行為等", "児童虐待等", "その他", "仮支援措置",
        "併せて支援を求める者",
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["7", "0", "", "01", "A"])
def test_a34_an_unknown_kind_of_measure_stops_at_its_row(tmp_path: Path, code: str) -> None:
    with pytest.raises(FormError, match="3 ?行目"):
        read_rows(tmp_path, {}, {"支援措置区分": code})


def test_an_unknown_kind_stops_where_a_profile_gives_every_code_a_meaning(tmp_path: Path) -> None:
    anything: Profile = PROFILE._replace(codes={**PROFILE.codes, "kind": {"1": "一", "*": ""}})
    path = write_list(tmp_path, {}, {"支援措置区分": "7"})
    with pytest.raises(FormError, match="区分です（3 行目）"):
        read_protections(path, anything)


def test_a_list_without_a_column_of_kinds_protects_everybody_on_it(tmp_path: Path) -> None:
    columns = {name: aliases for name, aliases in PROFILE.columns.items() if name != "kind"}
    profile = PROFILE._replace(
        columns=columns, required=("addressee_id",), codes={}, never_dates=("address",)
    )
    header = [name for name in HEADER if name not in ("支援措置区分", "削除フラグ")]
    protections = read_protections(write_list(tmp_path, {}, {}, header=header), profile)
    assert protections["kind"].tolist() == ["", ""]
    assert not protections["cancelled"].any()


@pytest.mark.parametrize(
    "column", ["支援措置終了年月日", "支援措置開始年月日", "作成年月日", "生年月日"]
)
@pytest.mark.parametrize("text", ["2026-02-30", "未定", "26.4", "40101"])
def test_a_date_that_cannot_be_read_stops_the_list(tmp_path: Path, column: str, text: str) -> None:
    with pytest.raises(FormError, match="読めない日付") as caught:
        read_rows(tmp_path, {}, {column: text})
    assert text not in str(caught.value)
    assert "3 行目" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["9999-12-31", "9999/12/31", "９９９９年１２月３１日", "99991231", "99999999", "9999-99-99", "0",
     "00000000", "0000-00-00", "令和99年12月31日", "R99.12.31", "5991231", ""],
)  # fmt: skip
def test_a54_an_end_date_that_means_none_is_open_ended(tmp_path: Path, text: str) -> None:
    assert read_rows(tmp_path, {"支援措置終了年月日": text})["ends_on"].tolist() == [""]


@pytest.mark.parametrize("text", ["", "平成20年頃", "2008-06-00", "不詳", "00000000"])
def test_a_birth_date_that_is_not_fully_known_is_kept_as_unknown(tmp_path: Path, text: str) -> None:
    assert read_rows(tmp_path, {"生年月日": text})["birth_date"].tolist() == [""]


@pytest.mark.parametrize("column", ["支援措置終了年月日", "支援措置開始年月日", "作成年月日"])
def test_any_other_date_that_is_known_in_part_stops_the_list(tmp_path: Path, column: str) -> None:
    with pytest.raises(FormError, match="読めない日付"):
        read_rows(tmp_path, {column: "令和9年1月"})


def test_a61_a_list_by_name_only_is_not_taken_for_a_list_with_ids(tmp_path: Path) -> None:
    path = write_list(tmp_path, {}, header=["氏名", "生年月日", "支援措置区分", "削除フラグ"])
    with pytest.raises(FormError, match="宛名番号"):
        read_protections(path, PROFILE)


@pytest.mark.parametrize("blank", ["", "　"])
def test_a_row_with_neither_id_nor_name_stops_the_list(tmp_path: Path, blank: str) -> None:
    with pytest.raises(FormError, match="3 ?行目"):
        read_rows(tmp_path, {}, {"宛名番号": blank})


def test_all_rows_that_cannot_be_read_are_named_at_once_and_none_may_be_left_out(
    tmp_path: Path,
) -> None:
    faults = [
        {"支援措置区分": "7"},
        {"支援措置終了年月日": "未定"},
        {"宛名番号": ""},
        {"削除フラグ": "x"},
    ]
    with pytest.raises(FormError) as caught:
        read_rows(tmp_path, {}, *faults)
    said = str(caught.value)
    assert all(f"{row}行目" in said.replace(" ", "") for row in (3, 4, 5, 6))
    assert "行を除いて進むことはできません" in said
    assert "0000012" not in said


def test_a36_a_missing_list_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="登録係から本日の一覧"):
        read_protections(tmp_path / "protections.csv", PROFILE)


def test_todays_list_is_fresh() -> None:
    assert check_freshness(list_people({}), "2026-05-18", "", TODAY) == []


@pytest.mark.parametrize(
    ("protections", "listed_on", "attested_by"),
    [
        (list_nobody(), "", ""),
        (list_nobody(), "2026-05-18", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-04-18", ""),
        (list_people({"listed_on": "2026-05-17"}), "2026-05-17", ""),
        (list_people({"listed_on": "2026-05-19"}), "2026-05-19", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-05-18", ""),
        (list_people({}, {"listed_on": "2026-04-18"}), "2026-05-18", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-04-18", "登録係長"),
        (list_people({}), "", ""),
        (list_nobody(), "", "登録係長"),
        (list_nobody(), "2026-05-17", "登録係長"),
        (list_nobody(), "2026-05-18", "　"),
    ],
    ids=[
        "none", "empty", "last month", "yesterday", "tomorrow", "stated as of today",
        "one old row", "old in spite of an attestation", "without its date",
        "attested without a day", "attested yesterday", "attested by nobody",
    ],
)  # fmt: skip
def test_a36_a37_a_list_that_is_missing_empty_or_of_another_day_is_an_objection(
    protections: pd.DataFrame, listed_on: str, attested_by: str
) -> None:
    assert check_freshness(protections, listed_on, attested_by, TODAY)


def test_a36_an_attestation_of_today_takes_the_place_of_the_list() -> None:
    assert check_freshness(list_nobody(), "2026-05-18", "登録係長", TODAY) == []


def make_marked(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ", "birth_date": "2008-06-03",
        "address": "架空区", "is_latest": True, "protection_kind": "",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"{number:07}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)


MARKING = PROFILE._replace(
    codes={"protection_kind": {"": "", "0": "", "1": "配偶者暴力等", "9": "仮支援措置"}}
)


def test_every_kind_in_the_extracts_own_column_protects() -> None:
    marks = ["", "0", "1", "9"]
    gathered = gather_column(make_marked(*({"protection_kind": mark} for mark in marks)), MARKING)
    assert tuple(gathered.columns) == PROTECTION_COLUMNS
    assert gathered["addressee_id"].tolist() == ["0000002", "0000003"]
    assert gathered["kind"].tolist() == ["配偶者暴力等", "仮支援措置"]
    assert gathered["full_name"].tolist() == ["架空　花子"] * 2
    assert not gathered["cancelled"].any()
    assert gathered["ends_on"].tolist() == ["", ""]


def test_a_person_marked_on_several_records_is_gathered_once_and_an_old_mark_counts() -> None:
    old = {"addressee_id": "0000007", "full_name": "旧姓　花子", "is_latest": False,
           "protection_kind": "1"}  # fmt: skip
    latest = {"addressee_id": "0000007", "protection_kind": "1"}
    assert gather_column(make_marked(old, latest), MARKING)["full_name"].tolist() == ["架空　花子"]
    assert len(gather_column(make_marked(old, {**latest, "protection_kind": "0"}), MARKING)) == 1


def test_an_extract_without_such_a_column_marks_nobody_and_an_unknown_mark_stops() -> None:
    assert gather_column(make_marked({}, {}), PROFILE).empty
    with pytest.raises(FormError, match="3 行目"):
        gather_column(make_marked({}, {"protection_kind": "8"}), MARKING)


def test_the_reader_keeps_whom_the_list_or_the_extracts_own_column_may_mean() -> None:
    cells = pa.table(
        {
            "addressee_id": ["0000001", "0000002", "0000003", "0000004", "0000005"],
            "full_name": ["甲", "乙", "丙", "丁", "戊"],
            "full_name_kana": [""] * 5,
            "full_name_kana_old": [""] * 5,
            "birth_date": ["2008-06-03", "1970-01-01", "1970-01-02", "1970-01-03", "1970-01-04"],
            "protection_kind": ["", "", "0", "1", "7"],
        }
    )
    keep = make_keep(list_people({"addressee_id": "2"}), MARKING)
    assert keep(cells).tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    "former",
    [
        extracts.FOREIGN,
        {"住民状態": "3"},
        {"住民状態": "2"},
        {"住民状態": "9"},
        {"削除フラグ": "1"},
    ],
    ids=str,
)
def test_the_day_of_loading_compares_with_all_that_the_later_days_compare_with(
    tmp_path: Path, former: dict[str, str]
) -> None:
    """Who was naturalised or came back is listed under the former name, which 04 would find."""
    other = {
        "氏名": "見本　アンナ",
        "氏_日本人": "見本",
        "名_日本人": "アンナ",
        "氏名_フリガナ": "",
    }
    old = {**other, "最新フラグ": "0", **former}
    far = {"生年月日": "1980-05-05", "生年月日_元号": "3", "宛名番号": "2"}
    people = [{"宛名番号": "1"}, {**old, "宛名番号": "1"}, far, {**old, **far}]
    path = extracts.write_cells(tmp_path / "registry.csv", extracts.list_cells(people))
    name = "SAMPLE　ANNA" if former is extracts.FOREIGN else other["氏名"]
    listed = list_people({"addressee_id": "", "full_name": name, "birth_date": "2008-07-04"})
    keep = make_keep(listed, extracts.PROFILE)
    reading = (path, extracts.PROFILE, extracts.RANGES, extracts.TODAY)
    kept, whole = read_extract(*reading, keep), read_extract(*reading)

    def trace(extract: Extract) -> dict[str, object]:
        traced = trace_protections(listed, extract.records, list_possible(whole), extracts.RANGES)
        return dict(traced.iloc[0])

    assert trace(kept) == trace(whole)
    assert (trace(kept)["end"], trace(kept)["candidates"]) == ("unsure", ["1"])
    # Only what lies in the ranges: an adult's rows stay counted and are not kept.
    assert kept.records["source_row"].tolist() == [2, 3]
    assert kept.ends == whole.ends
    assert list_possible(kept).equals(list_possible(whole))


def make_traced(*ends: str, cancelled: bool = False) -> pd.DataFrame:
    rows = [(row, cancelled, end, "", [], [], "") for row, end in enumerate(ends, start=2)]
    return pd.DataFrame(rows, columns=list(TRACE_COLUMNS))


def test_a54_measures_past_their_end_and_not_cancelled_are_counted() -> None:
    people = [{"ends_on": "2026-03-31"}] * 12 + [{"ends_on": "2026-03-31", "cancelled": True}]
    traced = make_traced(*["found"] * 11, "unsure")
    traced = pd.concat([traced, make_traced("outside", cancelled=True)])
    table = tabulate_protections(list_people(*people), traced, TODAY)
    shown = dict(table.itertuples(index=False))
    assert shown["配偶者暴力等"] == "12"
    assert shown["合計（終了していないもの）"] == "12"
    assert shown["うち終了日を過ぎ、終了の手続のないもの（保護は続く）"] == "12"
    assert (shown["うち見つかった"], shown["うち要判断"], shown["うち対象者でない"]) == (
        "11", "10未満", "0",
    )  # fmt: skip
