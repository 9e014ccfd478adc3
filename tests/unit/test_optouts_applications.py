"""Applications as the channels deliver them: whatever the public typed, no row is ever lost."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from recruitlib.base.errors import FormError
from recruitlib.base.profiles import read_profile
from recruitlib.base.tables import ReadTable
from recruitlib.optouts.applications import (
    APPLICATION_COLUMNS,
    QUARANTINE_COLUMNS,
    gather_received,
    join_texts,
    read_applications,
    tabulate_quarantine,
)
from recruitlib.synth.application_files import WISH

PROFILES = Path(__file__).parents[2] / "params" / "profiles"
FORM = read_profile(PROFILES / "form_logo.yaml")
COUNTER = read_profile(PROFILES / "counter_workbook.yaml")
OPTIONS = read_profile(PROFILES / "form_options.yaml")
FORM_ROW = {
    "回答ID": "48210007", "受付番号": "受0001", "送信日時": "2026-04-03 10:15:22",
    "処理状況": "完了", "マイナンバーカード：氏名": "架空　花子",
    "マイナンバーカード：氏名（代替文字）": "00000", "マイナンバーカード：生年月日": "420080603",
    "マイナンバーカード：性別": "2", "マイナンバーカード：住所": "東京都新宿区西新宿２－８－１",
    "対象者の氏名（姓）": "架空", "対象者の氏名（名）": "花子", "対象者のフリガナ（セイ）": "カクウ",
    "対象者のフリガナ（メイ）": "ハナコ", "対象者の生年月日": "平成20年6月3日",
    "対象者の住所": "新宿区西新宿2-8-1", "電話番号": "090-0000-1000",
    "申出者と対象者の関係": "本人", "情報提供を希望しない旨の申出": WISH,
    "添付ファイル": "card_of_somebody.jpg",
}  # fmt: skip
COUNTER_ROW: dict[str, Any] = {
    "整理番号": "R8-001", "受付日": date(2026, 4, 7), "受付方法": "郵送", "氏": "架空", "名": "花子",
    "セイ": "カクウ", "メイ": "ハナコ", "生年月日": date(2008, 6, 3), "住所": "西新宿2-8-1",
    "方書": "ハイツ101", "電話": "03-0000-2000", "申出者区分": "法定代理人",
    "本人確認書類": "運転免許証", "入力者": "担当Ａ", "再鑑者": "担当Ｂ",
}  # fmt: skip
OPTIONS_ROW = {
    "レコードの開始行": "*", "レコード番号": "12", "作成日時": "2026/04/03 10:15", "氏名": "架空　花子",
    "フリガナ": "カクウ　ハナコ", "生年月日": "2008-06-03", "住所": "新宿区西新宿2-8-1",
    "電話番号": "090-0000-1000", "申出者区分[本人]": "1", "申出者区分[法定代理人]": "",
    "申出者区分[任意代理人]": "", "申出内容[情報提供を希望しない]": "1", "申出内容[申出を取り下げる]": "",
}  # fmt: skip


def write_rows(path: Path, plain: dict[str, str], rows: Any, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(plain)
        writer.writerows({**plain, **row}.values() for row in rows)
    return path


def write_form(folder: Path, *rows: dict[str, str]) -> Path:
    return write_rows(folder / "applications_form.csv", FORM_ROW, rows)


def write_counter(folder: Path, *rows: dict[str, Any], headers: Any = None) -> Path:
    path = folder / "applications_counter.xlsx"
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(list(headers or COUNTER_ROW))
    for row in rows:
        sheet.append(list((row if headers else {**COUNTER_ROW, **row}).values()))
    workbook.save(path)
    return path


def number_rows(rows: tuple[dict[str, str], ...]) -> list[dict[str, str]]:
    return [{"回答ID": str(48210007 + 13 * place), **row} for place, row in enumerate(rows)]


def read_form(folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    return read_applications(write_form(folder, *number_rows(rows)), FORM)[0]


def read_refused(path: Path, profile: Any) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    applications, source = read_applications(path, profile)
    assert len(applications) + len(source.quarantine) == source.rows_read
    rows = source.quarantine[["source_row", "reason"]].itertuples(index=False, name=None)
    return applications, list(rows)


def test_an_export_of_the_form_becomes_one_application_a_row(tmp_path: Path) -> None:
    applications = read_form(tmp_path, {}, {"処理状況": "取下げ"})
    assert tuple(applications.columns) == APPLICATION_COLUMNS
    first, second = applications.to_dict("records")
    assert (first["application_id"], first["receipt_no"]) == ("48210007", "受0001")
    assert (first["received_at"], first["received_time"]) == ("2026-04-03", "10:15:22")
    assert (first["channel"], first["status"], first["applicant_relation"], first["wish"]) == (
        "form", "accepted", "self", "optout",
    )  # fmt: skip
    assert first["subject_name"] == "架空　花子" and first["subject_kana"] == "カクウ　ハナコ"
    assert first["subject_birth_text"] == "平成20年6月3日"
    assert first["subject_birth_date"] == "2008-06-03"
    assert (first["card_name"], first["card_substitutes"]) == ("架空　花子", "00000")
    assert (second["status"], second["source_row"]) == ("withdrawn", 3)


def test_a_register_of_the_counter_becomes_one_application_a_row(tmp_path: Path) -> None:
    read, source = read_applications(write_counter(tmp_path, COUNTER_ROW), COUNTER)
    row = read.iloc[0]
    assert source.rows_read == 1
    assert (row["channel"], row["applicant_relation"], row["status"], row["wish"]) == (
        "post", "guardian", "received", "optout",
    )  # fmt: skip
    assert (row["received_at"], row["received_time"]) == ("2026-04-07", "")
    assert row["subject_birth_date"] == "2008-06-03" and row["identity_check"] == "運転免許証"
    assert (row["subject_address"], row["subject_building"]) == ("西新宿2-8-1", "ハイツ101")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp932"])
def test_an_export_with_one_column_for_each_choice_is_read_in_every_encoding(
    tmp_path: Path, encoding: str
) -> None:
    rows = [
        {"氏名": "髙﨑　花子"},
        {"レコード番号": "13", "申出者区分[本人]": "", "申出者区分[法定代理人]": "1"},
        {"レコード番号": "14", "申出者区分[法定代理人]": "1"},
        {"レコード番号": "15", "申出者区分[本人]": ""},
        {
            "レコード番号": "16",
            "申出内容[情報提供を希望しない]": "",
            "申出内容[申出を取り下げる]": "1",
        },
        {"レコード番号": "17", "申出内容[申出を取り下げる]": "1"},
    ]
    path = write_rows(tmp_path / "export.csv", OPTIONS_ROW, rows, encoding)
    read, refused = read_refused(path, OPTIONS)
    assert refused == [] and read["application_id"].tolist() == ["12", "13", "14", "15", "16", "17"]
    assert (
        read["subject_name"].iloc[0] == "髙﨑　花子"
        and read["subject_kana"].iloc[0] == "カクウ　ハナコ"
    )
    # None marked, and two marked, are a person's to decide.
    assert read["applicant_relation"].tolist() == [
        "self", "guardian", "unknown", "unknown", "self", "self",
    ]  # fmt: skip
    assert read["wish"].tolist() == [*["optout"] * 4, "withdrawal", "unknown"]
    assert (read["received_at"].iloc[0], read["received_time"].iloc[0]) == (
        "2026-04-03",
        "10:15:00",
    )
    assert set(read["status"]) == {"received"} and set(read["channel"]) == {"form"}


def test_a_mark_at_the_beginning_of_a_record_is_no_item(tmp_path: Path) -> None:
    plain = {
        ("*" if name == "レコードの開始行" else name): cell for name, cell in OPTIONS_ROW.items()
    }
    read, refused = read_refused(write_rows(tmp_path / "export.csv", plain, [{}]), OPTIONS)
    assert len(read) == 1 and refused == []


def test_a_record_repeated_by_a_table_of_the_form_is_one_application(tmp_path: Path) -> None:
    rows = [{}, {"レコードの開始行": ""}, {"レコードの開始行": ""}, {"レコード番号": "13"}]
    path = write_rows(tmp_path / "export.csv", OPTIONS_ROW, rows)
    read, source = read_applications(path, OPTIONS)
    assert read["application_id"].tolist() == ["12", "13"] and source.rows_read == 2
    assert any("同じ行が2行" in remark for remark in source.remarks)


def test_a_record_whose_repetition_says_something_else_is_read_by_nobody(tmp_path: Path) -> None:
    rows = [{}, {"レコードの開始行": "", "氏名": "架空　月子"}, {"レコード番号": "13"}]
    read, refused = read_refused(write_rows(tmp_path / "export.csv", OPTIONS_ROW, rows), OPTIONS)
    assert read["application_id"].tolist() == ["13"]
    assert refused == [(row, "「レコード番号」がほかの行と重なっています") for row in (2, 3)]


def test_a_file_without_applications_is_read_as_none(tmp_path: Path) -> None:
    applications = read_form(tmp_path)
    assert applications.empty and tuple(applications.columns) == APPLICATION_COLUMNS
    empty = gather_received(
        {"form": (applications, read_applications(write_form(tmp_path), FORM)[1])}
    )
    assert tuple(empty.quarantine.columns) == QUARANTINE_COLUMNS and empty.count_rows() == {
        "form": 0
    }


def test_attachments_and_items_beyond_the_approved_ones_are_not_read(tmp_path: Path) -> None:
    """A52, LoGoフォーム 2023: attachments were mixed between applications."""
    applications, source = read_applications(write_form(tmp_path, {}), FORM)
    assert {"添付ファイル", "マイナンバーカード：性別"} <= set(source.dropped)
    kept = [str(value) for value in (*applications.iloc[0], *source.table.iloc[0])]
    assert not any(word in cell for cell in kept for word in ("card_of_somebody", "420080603"))


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("受付", "received"), ("", "received"), ("完了", "accepted"), ("差し戻し", "returned"),
        ("却下", "rejected"), ("取下げ", "withdrawn"), ("取り下げ ", "withdrawn"), ("テスト", "test"),
        ("削除", "unknown"), ("保留（要確認）", "unknown"), ("*", "unknown"),
    ],
)  # fmt: skip
def test_every_status_is_a_fact_and_none_stops_or_drops_an_application(
    tmp_path: Path, typed: str, status: str
) -> None:
    """A64: 却下, 差し戻し, 取下げ, and what nobody foresaw."""
    applications = read_form(tmp_path, {}, {"処理状況": typed})
    assert applications["status"].tolist() == ["accepted", status]


@pytest.mark.parametrize("typed", ["知人", "", "<b>本人</b>"])
def test_an_unknown_relation_of_the_applicant_is_unknown(tmp_path: Path, typed: str) -> None:
    assert read_form(tmp_path, {"申出者と対象者の関係": typed})["applicant_relation"].tolist() == [
        "unknown"
    ]


def test_a_register_without_kana_relation_and_status_is_read(tmp_path: Path) -> None:
    row = {
        "整理番号": 1,
        "受付日": "令和8年4月7日",
        "氏名": "架空花子",
        "生年月日": "H20.6.3",
        "住所": "西新宿2-8-1",
    }
    read, _ = read_applications(write_counter(tmp_path, row, headers=row), COUNTER)
    assert read[["application_id", "subject_name", "subject_kana", "applicant_relation"]].to_numpy().tolist() == [
        ["1", "架空花子", "", "unknown"]
    ]  # fmt: skip
    assert (read["received_at"].iloc[0], read["subject_birth_date"].iloc[0]) == (
        "2026-04-07",
        "2008-06-03",
    )


def test_a_register_with_half_a_name_is_refused(tmp_path: Path) -> None:
    row = {"整理番号": 1, "受付日": "令和8年4月7日", "氏": "架空", "生年月日": "", "住所": ""}
    with pytest.raises(FormError, match="氏名の見出しがありません"):
        read_applications(write_counter(tmp_path, row, headers=row), COUNTER)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"送信日時": ""}, "「送信日時」が日時として読めません"),
        ({"送信日時": "2026-02-30 10:00"}, "「送信日時」が日時として読めません"),
        ({"送信日時": "26/4/3"}, "「送信日時」が日時として読めません"),
        ({"回答ID": ""}, "「回答ID」の形が違います"),
    ],
)  # fmt: skip
def test_an_application_without_a_number_or_day_goes_before_people_and_no_other(
    tmp_path: Path, fault: dict[str, str], reason: str
) -> None:
    path = write_form(tmp_path, *number_rows(({}, fault, {})))
    read, refused = read_refused(path, FORM)
    assert read["source_row"].tolist() == [2, 4] and refused == [(3, reason)]


def test_two_applications_of_one_number_both_go_before_people(tmp_path: Path) -> None:
    rows = [{}, {"対象者の氏名（名）": "月子", "送信日時": ""}, {"回答ID": "48210020"}]
    read, refused = read_refused(write_form(tmp_path, *rows), FORM)
    twice = "「回答ID」がほかの行と重なっています"
    assert read["source_row"].tolist() == [4]
    assert refused == [(2, twice), (3, f"{twice}、「送信日時」が日時として読めません")]


def test_what_could_not_be_read_is_held_as_a_digest_and_shown_by_row(tmp_path: Path) -> None:
    table, source = read_applications(write_form(tmp_path, {"送信日時": "きのう"}), FORM)
    received = gather_received({"form": (table, source)})
    [content] = received.quarantine["content"]
    assert len(content) == 64 and set(content) <= set("0123456789abcdef")
    assert tabulate_quarantine(received).to_numpy().tolist() == [
        ["電子申請", 2, "「送信日時」が日時として読めません"]
    ]


def test_an_export_of_which_no_time_can_be_read_is_of_another_form(tmp_path: Path) -> None:
    rows = [{"送信日時": "26/4/3"}] * 40
    with pytest.raises(FormError, match="多すぎます"):
        read_form(tmp_path, *rows)


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        ("2026-04-03 10:15:22", "10:15:22"), ("2026/4/3 9:05", "09:05:00"), ("2026-04-03", ""),
        ("2026年4月3日 午後3時5分", "15:05:00"), ("2026-04-03T10:15:22+09:00", "10:15:22"),
        ("令和8年4月3日", ""), ("2026/04/03 12:30 AM", "00:30:00"), ("2026/04/03 12:30 PM", "12:30:00"),
    ],
)  # fmt: skip
def test_the_time_of_receipt_is_kept_beside_its_day(tmp_path: Path, typed: str, time: str) -> None:
    row = read_form(tmp_path, {"送信日時": typed}).iloc[0]
    assert (row["received_at"], row["received_time"]) == ("2026-04-03", time)


@pytest.mark.parametrize("text", ["平成20年2月30日", "ことし", "", "4200402000", "平成\n20年"])
def test_a_birth_date_that_cannot_be_read_is_left_empty_and_keeps_its_text(
    tmp_path: Path, text: str
) -> None:
    row = read_form(tmp_path, {"対象者の生年月日": text}).iloc[0]
    assert (row["subject_birth_date"], row["subject_birth_text"]) == ("", text)


PUBLIC = {
    "対象者の氏名（姓）": "subject_name", "対象者のフリガナ（セイ）": "subject_kana",
    "対象者の生年月日": "subject_birth_text", "対象者の住所": "subject_address", "電話番号": "phone",
}  # fmt: skip
HOSTILE = [
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "a" * 10_000,
    "一行目\n二行目\r\n三行目",
    '"引用"',
    ",,,",
    "\u202e逆",
    "\ufeff",
    "090－０００内線",
    "NA",
    "null",
    "合計",
    "\t",
    "'",
    "😀𠮷辻󠄂",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_the_public_types_is_kept_and_stops_nothing(tmp_path: Path, text: str) -> None:
    path = write_form(tmp_path, *number_rows(({}, dict.fromkeys(PUBLIC, text), {})))
    read, refused = read_refused(path, FORM)
    assert refused == [] and len(read) == 3
    row = read.iloc[1]
    for name in PUBLIC.values():
        behind = {"subject_name": "　花子", "subject_kana": "　ハナコ"}.get(name, "")
        assert row[name] == text + behind


# NUL and the old end-of-file sign cannot be typed; a row that holds them is one of damage.
TYPED = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x1a"), max_size=40
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.tuples(*[TYPED] * len(PUBLIC)), min_size=1, max_size=4))
def test_any_text_in_any_field_of_the_public_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, typed: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("typed")
    rows = [dict(zip(PUBLIC, texts, strict=True)) for texts in typed]
    read, refused = read_refused(write_form(folder, *number_rows(tuple(rows))), FORM)
    assert refused == []
    for texts, row in zip(typed, read.to_dict("records"), strict=True):
        assert row["subject_address"] == texts[3] and row["phone"] == texts[4]
        assert row["subject_birth_text"] == texts[2]


@pytest.mark.parametrize("column", ["住所", "方書"])
@pytest.mark.parametrize("cell", [date(2026, 8, 1), datetime(2026, 8, 1, 0, 0)], ids=str)
def test_a_house_number_that_a_spreadsheet_made_a_date_is_refused_with_a_hint(
    tmp_path: Path, cell: date, column: str
) -> None:
    """A57."""
    path = write_counter(
        tmp_path, COUNTER_ROW, {"整理番号": "R8-002", column: cell}, {"整理番号": "R8-003"}
    )
    read, refused = read_refused(path, COUNTER)
    assert read["application_id"].tolist() == ["R8-001", "R8-003"]
    [(row, reason)] = refused
    assert row == 3 and f"「{column}」" in reason and "8-1" in reason and "文字列" in reason


@pytest.mark.parametrize("text", ["8月1日", "８月１日", "2026/8/1", "1-Aug", "2026-08-01 00:00:00"])
def test_a_house_number_that_became_a_date_before_the_register_was_saved_as_csv_is_refused(
    tmp_path: Path, text: str
) -> None:
    """A57, with the workbook saved as CSV."""
    plain = {name: str(cell) for name, cell in COUNTER_ROW.items()}
    rows = [{}, {"整理番号": "R8-002", "住所": text}, {"整理番号": "R8-003", "住所": "8-1"}]
    path = write_rows(tmp_path / "applications_counter.csv", plain, rows)
    read, refused = read_refused(path, COUNTER)
    assert read["application_id"].tolist() == ["R8-001", "R8-003"]
    [(row, reason)] = refused
    assert row == 3 and "「住所」" in reason and "8-1" in reason and "文字列" in reason


def test_a_house_number_kept_as_text_is_read(tmp_path: Path) -> None:
    """A57, the clean twin."""
    path = write_counter(tmp_path, {"住所": "8-1"}, {"整理番号": "R8-002", "住所": "西新宿2-8-1"})
    read, refused = read_refused(path, COUNTER)
    assert refused == [] and read["subject_address"].tolist() == ["8-1", "西新宿2-8-1"]


def test_an_edited_form_stops_and_shows_the_difference(tmp_path: Path) -> None:
    edited = {("ご連絡先" if name == "電話番号" else name): cell for name, cell in FORM_ROW.items()}
    with pytest.raises(FormError) as stop:
        read_applications(write_rows(tmp_path / "applications_form.csv", edited, [{}]), FORM)
    assert "見出し「電話番号」がP列で「ご連絡先」に変わりました" in str(stop.value)
    assert "架空" not in str(stop.value)


def test_an_edited_form_without_its_header_shows_nobody(tmp_path: Path) -> None:
    person = {value or str(place): "" for place, value in enumerate(FORM_ROW.values())}
    with pytest.raises(FormError) as stop:
        read_applications(write_rows(tmp_path / "applications_form.csv", person, [{}]), FORM)
    assert not any(value in str(stop.value) for value in ("架空", "西新宿", "090-0000"))


def test_a_missing_file_is_said_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"^applications_form\.csv: ファイルがありません"):
        read_applications(tmp_path / "applications_form.csv", FORM)


def test_two_texts_are_joined_only_where_both_hold_something() -> None:
    joined = join_texts(pd.Series(["架空", "", "架空", ""]), pd.Series(["花子", "花子", "", ""]))
    assert joined.tolist() == ["架空　花子", "花子", "架空", ""]


def test_the_channels_are_gathered_with_ids_that_name_them(tmp_path: Path) -> None:
    counter = write_counter(tmp_path, COUNTER_ROW, {"整理番号": "R8-002", "受付日": "いつか"})
    tables: dict[str, tuple[pd.DataFrame, ReadTable]] = {
        "form": read_applications(write_form(tmp_path, {}), FORM),
        "counter": read_applications(counter, COUNTER),
    }
    received = gather_received(tables)
    assert received.applications["application_id"].tolist() == ["form:48210007", "counter:R8-001"]
    assert received.quarantine[["source", "source_row"]].to_numpy().tolist() == [["counter", 3]]
    assert received.count_rows() == {"form": 1, "counter": 2}
