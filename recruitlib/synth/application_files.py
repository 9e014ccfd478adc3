"""The files that applications come in: the form's export and the counter's workbook."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell

from recruitlib.synth.applications import (
    Application,
    substitute_characters,
    write_card_date,
    write_era_date,
)
from recruitlib.synth.workbook import write_workbook

FORM_COLUMNS = (
    "回答ID", "受付番号", "送信日時", "処理状況", "マイナンバーカード：氏名",
    "マイナンバーカード：氏名（代替文字）", "マイナンバーカード：生年月日",
    "マイナンバーカード：性別", "マイナンバーカード：住所", "対象者の氏名（姓）",
    "対象者の氏名（名）", "対象者のフリガナ（セイ）", "対象者のフリガナ（メイ）",
    "対象者の生年月日", "対象者の住所", "電話番号", "申出者と対象者の関係",
    "情報提供を希望しない旨の申出", "添付ファイル",
)  # fmt: skip
COUNTER_COLUMNS = (
    "整理番号", "受付日", "受付方法", "氏", "名", "セイ", "メイ", "生年月日", "郵便番号", "住所",
    "方書", "電話", "申出者区分", "本人確認書類", "代理人氏名", "入力者", "再鑑者",
)  # fmt: skip
COUNTER_TITLE = "令和８年度 除外申出 受付簿（見本）"
WISH = "自衛隊への情報提供を希望しません"
_FIRST_SENT = datetime(2026, 4, 3, 10, 15, 22)
_LAST_SENT = datetime(2026, 5, 16, 8, 41, 5)
_REPEATED_SENT = datetime(2026, 5, 19, 20, 3, 47)
_PAPERS = ("マイナンバーカード", "運転免許証", "旅券")


def number_answer(position: int) -> str:
    """Give an answer of the form its number.

    Args:
        position: From 0, in the order of sending.

    Returns:
        回答ID.
    """
    return str(48210007 + 13 * position)


def number_case(position: int) -> str:
    """Give an entry of the counter's register its number.

    Args:
        position: From 0.

    Returns:
        整理番号.
    """
    return f"R8-{position + 1:03d}"


def find_sending_time(position: int, count: int) -> datetime:
    """Tell when an application was sent.

    Args:
        position: From 0, in the order of sending.
        count: Applications in all; the last one was sent after the deadline.

    Returns:
        The time.
    """
    if position >= count:
        return _REPEATED_SENT
    if position == count - 1:
        return _LAST_SENT
    return _FIRST_SENT + position * timedelta(days=1, hours=22, minutes=17, seconds=41)


def tabulate_form(applications: list[Application], count: int) -> list[list[str]]:
    """Put applications into the form of the export.

    Args:
        applications: In the order of sending.
        count: How many of them had come when the form was exported first.

    Returns:
        Header and one row per application.
    """
    rows = [list(FORM_COLUMNS)]
    for position, application in enumerate(applications):
        card_name, marks = substitute_characters(application.card_name)
        building = f"　{application.building}" if application.building else ""
        sent = application.received or find_sending_time(position, count)
        rows.append([
            number_answer(position), f"受{position + 1:04d}",
            sent.strftime("%Y-%m-%d %H:%M:%S"), application.status,
            card_name, marks, write_card_date(application.birth), application.sex,
            application.card_address, application.surname, application.given,
            application.surname_kana, application.given_kana, application.birth_text,
            application.address + building, f"090-0000-{1000 + 37 * position:04d}", "本人", WISH,
            "",
        ])  # fmt: skip
    return rows


def _write_birth_cell(application: Application, position: int) -> date | str:
    if application.birth_text != application.birth.isoformat():
        return application.birth_text
    return application.birth if position % 2 else write_era_date(application.birth)


def write_counter_register(applications: list[Application], path: Path) -> None:
    """Write the counter's register as a workbook.

    Args:
        applications: In the order of the register.
        path: Where to.
    """
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "受付簿"
    sheet.append([COUNTER_TITLE])
    sheet.append([])
    sheet.append(list(COUNTER_COLUMNS))
    for position, application in enumerate(applications):
        received: date | str = date(2026, 4, 7) + timedelta(days=5 * position)
        if application.received:
            received = application.received.date()
        elif position % 3 == 2 and isinstance(received, date):
            received = f"令和8年{received.month}月{received.day}日"
        sheet.append([
            number_case(position), received, "郵送" if position % 3 == 1 else "窓口",
            application.surname, application.given, application.surname_kana,
            application.given_kana, _write_birth_cell(application, position),
            f"{application.postal_code[:3]}-{application.postal_code[3:]}", application.address,
            application.building, f"03-0000-{2000 + 41 * position:04d}", "本人",
            _PAPERS[position % 3], "", "担当Ａ", "担当Ｂ",
        ])  # fmt: skip
    for cells in sheet.iter_rows(min_row=4):
        for cell in cells:
            if isinstance(cell, Cell) and cell.is_date:
                cell.number_format = "yyyy/mm/dd"
    write_workbook(workbook, path)
