"""Applications as the channels deliver them: read whole or not at all, and all of them there."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook

from recruitlib.base.errors import FormError
from recruitlib.optouts.applications import (
    APPLICATION_COLUMNS,
    check_exports,
    check_totals,
    check_year,
    join_texts,
    read_applications,
)
from recruitlib.registry.profiles import read_profile

PROFILES = Path(__file__).parents[2] / "params" / "profiles"
FORM = read_profile(PROFILES / "form_logo.yaml")
COUNTER = read_profile(PROFILES / "counter_workbook.yaml")
FORM_ROW = {
    "回答ID": "48210007", "受付番号": "受0001", "送信日時": "2026-04-03 10:15:22",
    "処理状況": "完了", "マイナンバーカード：氏名": "架空　花子",
    "マイナンバーカード：氏名（代替文字）": "00000", "マイナンバーカード：性別": "2",
    "対象者の氏名（姓）": "架空", "対象者の氏名（名）": "花子", "対象者のフリガナ（セイ）": "カクウ",
    "対象者のフリガナ（メイ）": "ハナコ", "対象者の生年月日": "平成20年6月3日",
    "対象者の住所": "新宿区西新宿2-8-1", "電話番号": "090-0000-1000",
    "申出者と対象者の関係": "本人", "添付ファイル": "card_of_somebody.jpg",
}  # fmt: skip
COUNTER_ROW: dict[str, Any] = {
    "整理番号": "R8-001", "受付日": date(2026, 4, 7), "受付方法": "郵送", "氏": "架空", "名": "花子",
    "セイ": "カクウ", "メイ": "ハナコ", "生年月日": date(2008, 6, 3), "住所": "西新宿2-8-1",
    "方書": "ハイツ101", "電話": "03-0000-2000", "申出者区分": "法定代理人",
    "本人確認書類": "運転免許証", "入力者": "担当Ａ", "再鑑者": "担当Ｂ",
}  # fmt: skip


def write_form(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "applications_form.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(FORM_ROW)
        writer.writerows({**FORM_ROW, **row}.values() for row in rows)
    return path


def write_counter(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "applications_counter.xlsx"
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(list(COUNTER_ROW))
    for row in rows:
        sheet.append(list({**COUNTER_ROW, **row}.values()))
    workbook.save(path)
    return path


def read_form(folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    return read_applications(write_form(folder, *rows), FORM)[0]


def list_received(*days: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(days, columns=["source", "received_at"], dtype="str")


def test_an_export_of_the_form_becomes_one_application_a_row(tmp_path: Path) -> None:
    applications = read_form(tmp_path, {}, {"回答ID": "48210020", "処理状況": "取下げ"})
    assert tuple(applications.columns) == APPLICATION_COLUMNS
    first, second = applications.to_dict("records")
    assert first["application_id"] == "48210007"
    assert first["received_at"] == "2026-04-03"
    assert (first["channel"], first["status"], first["applicant_relation"]) == (
        "form", "accepted", "self",
    )  # fmt: skip
    assert first["subject_name"] == "架空　花子" and first["subject_kana"] == "カクウ　ハナコ"
    assert first["subject_birth_text"] == "平成20年6月3日"
    assert first["subject_birth_date"] == "2008-06-03"
    assert second["status"] == "withdrawn"


def test_a_register_of_the_counter_becomes_one_application_a_row(tmp_path: Path) -> None:
    read, source = read_applications(write_counter(tmp_path, COUNTER_ROW), COUNTER)
    row = read.iloc[0]
    assert source.rows_read == 1
    assert (row["channel"], row["applicant_relation"], row["status"]) == (
        "post", "guardian", "accepted",
    )  # fmt: skip
    assert (row["received_at"], row["subject_birth_date"]) == ("2026-04-07", "2008-06-03")
    assert (row["subject_address"], row["subject_building"]) == ("西新宿2-8-1", "ハイツ101")


def test_a_file_without_applications_is_read_as_none(tmp_path: Path) -> None:
    applications = read_form(tmp_path)
    assert applications.empty and tuple(applications.columns) == APPLICATION_COLUMNS


def test_attachments_and_items_beyond_the_approved_ones_are_not_read(tmp_path: Path) -> None:
    """LoGoフォーム 2023: attachments were mixed between applications."""
    applications, source = read_applications(write_form(tmp_path, {}), FORM)
    assert {"添付ファイル", "マイナンバーカード：性別"} <= set(source.dropped)
    assert not any("card_of_somebody" in str(value) for value in applications.iloc[0])


@pytest.mark.parametrize("status", ["却下", "差し戻し", "削除", ""])
def test_a_status_that_nobody_foresaw_stops_and_never_drops_an_application(
    tmp_path: Path, status: str
) -> None:
    with pytest.raises(FormError, match="3 行目"):
        read_form(tmp_path, {}, {"回答ID": "2", "処理状況": status})


def test_an_unknown_relation_of_the_applicant_stops(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="2 行目"):
        read_form(tmp_path, {"申出者と対象者の関係": "知人"})


@pytest.mark.parametrize(
    ("fault", "objection"),
    [
        ({"回答ID": "48210007"}, "受付番号が重なっています（2、3 行目）"),
        ({"回答ID": "2", "送信日時": ""}, "受付日が読めません（3 行目）"),
        ({"回答ID": "2", "対象者の氏名（姓）": "", "対象者の氏名（名）": ""}, "対象者の氏名がありません"),
    ],
)  # fmt: skip
def test_an_application_that_cannot_be_told_apart_or_dated_stops(
    tmp_path: Path, fault: dict[str, str], objection: str
) -> None:
    with pytest.raises(FormError) as stop:
        read_form(tmp_path, {}, fault)
    assert objection in str(stop.value)
    assert "48210007" not in str(stop.value)


@pytest.mark.parametrize("text", ["平成20年2月30日", "ことし", "", "4200402000"])
def test_a_birth_date_that_cannot_be_read_is_left_empty_and_keeps_its_text(
    tmp_path: Path, text: str
) -> None:
    row = read_form(tmp_path, {"対象者の生年月日": text}).iloc[0]
    assert (row["subject_birth_date"], row["subject_birth_text"]) == ("", text)


def test_hostile_cells_are_kept_as_text_and_run_nothing(tmp_path: Path) -> None:
    hostile = {
        "対象者の住所": "=cmd|'/c calc'!A1",
        "対象者の氏名（姓）": "<script>alert(1)</script>",
    }
    row = read_form(tmp_path, hostile).iloc[0]
    assert row["subject_address"] == "=cmd|'/c calc'!A1"
    assert row["subject_name"].startswith("<script>")


@pytest.mark.parametrize("cell", [date(2026, 8, 1), datetime(2026, 8, 1, 0, 0)], ids=str)
def test_a_house_number_that_a_spreadsheet_made_a_date_is_refused(
    tmp_path: Path, cell: date
) -> None:
    with pytest.raises(FormError) as stop:
        read_applications(write_counter(tmp_path, COUNTER_ROW, {"住所": cell}), COUNTER)
    assert "3" in str(stop.value) and "日付" in str(stop.value)


def test_a_missing_file_is_said_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"^applications_form\.csv: ファイルがありません"):
        read_applications(tmp_path / "applications_form.csv", FORM)


def test_two_texts_are_joined_only_where_both_hold_something() -> None:
    joined = join_texts(pd.Series(["架空", "", "架空", ""]), pd.Series(["花子", "花子", "", ""]))
    assert joined.tolist() == ["架空　花子", "花子", "架空", ""]


BOTH = list_received(("form", "2026-04-03"), ("form", "2026-04-05"), ("counter", "2026-04-07"))


def test_totals_that_agree_are_right() -> None:
    assert check_totals(BOTH, {"form": 2, "counter": 1}, "") == []


@pytest.mark.parametrize(
    ("totals", "channel"),
    [
        # いわき市: one was lost between branch and office
        ({"form": 3, "counter": 1}, "電子申請"),
        # 八女市: posted applications vanished, two receipt numbers of the series are missing
        ({"form": 2, "counter": 3}, "窓口・郵送"),
        ({"form": 1, "counter": 1}, "電子申請"),
        ({"form": 2, "counter": 0}, "窓口・郵送"),
    ],
)
def test_a_total_that_differs_from_the_rows_read_names_the_channel(
    totals: dict[str, int], channel: str
) -> None:
    problems = check_totals(BOTH, totals, "")
    assert len(problems) == 1 and problems[0].startswith(channel)


def test_totals_that_differ_in_opposite_ways_do_not_make_each_other_good() -> None:
    assert len(check_totals(BOTH, {"form": 1, "counter": 2}, "")) == 2


def test_no_application_at_all_must_be_confirmed_by_somebody() -> None:
    nobody = list_received()
    assert check_totals(nobody, {"form": 0, "counter": 0}, "")
    assert check_totals(nobody, {"form": 0, "counter": 0}, "担当者A") == []
    assert check_totals(nobody, {"form": 1, "counter": 0}, "担当者A")


def test_last_years_export_is_noticed_by_the_days_of_its_receipt() -> None:
    """A fiscal year's reception opens at the earliest some months before April."""
    assert check_year(BOTH, 2026) == []
    last_year = list_received(("form", "2025-04-03"), ("counter", "2026-04-07"))
    problems = check_year(last_year, 2026)
    assert len(problems) == 1 and "1 件" in problems[0]
    assert check_year(list_received(("form", "2026-01-15")), 2026) == []


AFTER = {"form": "2026-05-18", "counter": "2026-05-18"}


def test_exports_of_the_day_after_the_deadline_are_complete() -> None:
    days = {"form": "2026-05-16", "counter": "2026-05-16"}
    assert check_exports(BOTH, days, "2026-05-15") == []
    assert check_exports(BOTH, AFTER, "2026-05-15", date(2026, 5, 18)) == []


@pytest.mark.parametrize("source", ["form", "counter"])
@pytest.mark.parametrize("day", ["2026-05-15", "2026-05-14", "2026-04-10"])
def test_an_export_before_the_end_of_the_deadline_is_not_complete(source: str, day: str) -> None:
    problems = check_exports(BOTH, {**AFTER, source: day}, "2026-05-15")
    assert len(problems) == 1 and "締切の後" in problems[0]


@pytest.mark.parametrize("source", ["form", "counter"])
def test_each_channel_must_be_exported_again_on_print_day(source: str) -> None:
    days = {"form": "2026-05-20", "counter": "2026-05-20"}
    today = date(2026, 5, 20)
    assert check_exports(BOTH, days, "2026-05-15", today) == []
    problems = check_exports(BOTH, {**days, source: "2026-05-18"}, "2026-05-15", today)
    assert len(problems) == 1 and "本日の出力ではありません" in problems[0]


def test_an_application_received_after_its_export_shows_a_wrong_day() -> None:
    later = list_received(("form", "2026-05-19"), ("counter", "2026-04-07"))
    problems = check_exports(later, AFTER, "2026-05-15")
    assert len(problems) == 1 and "出力日より後" in problems[0]
