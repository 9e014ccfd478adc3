"""Workbooks: what a spreadsheet did to the typing is named and refused, the rest is read as text.

Right values: the damage measured in formats.md §1.6, §2.4 and §8 (9, 10), accidents A57 and A58,
and files whose XML is written by hand where the library would not write the trap itself.
"""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base import workbooks
from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError
from recruitlib.base.tables import ReadTable
from recruitlib.base.workbooks import read_workbook

STEADY = settings(deadline=None, derandomize=True)
COLUMNS = {
    "receipt_no": ["整理番号"],
    "name": ["氏名"],
    "birth": ["生年月日"],
    "address": ["住所"],
    "postal_code": ["郵便番号"],
}
HEADERS = ["整理番号", "氏名", "生年月日", "住所", "郵便番号"]
PERSON = ["001", "架空　太郎", "平成20年4月2日", "新宿一丁目8-1", "0600000"]
SHEET = "xl/worksheets/sheet1.xml"
JAPANESE_POSTAL = r"[<=999]000;[<=9999]000\-00;000\-0000"


def save(tmp_path: Path, rows: list[list[Any]], change: Any = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if change:
        change(sheet)
    path = tmp_path / "paper.xlsx"
    book.save(path)
    return path


def read(path: Path, **options: Any) -> ReadTable:
    options = {"known": ["備考"], "required": ["name"], "never_dates": ["address"]} | options
    return read_workbook(path, COLUMNS, **options)


def refuse(path: Path, **options: Any) -> str:
    with pytest.raises(FormError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert path.name in message
    for value in ("架空", "新宿", "0600000", "平成20"):
        assert value not in message
    return message


def rows_of(result: ReadTable) -> list[list[str]]:
    return result.table.drop(columns="source_row").values.tolist()


def rewrite(path: Path, part: str, change: Any) -> Path:
    """Change one part of the container by hand."""
    with zipfile.ZipFile(path) as container:
        parts = {info.filename: container.read(info) for info in container.infolist()}
    parts[part] = change(parts.get(part, b"").decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return path


def test_a_plain_sheet_is_read_as_text(tmp_path: Path) -> None:  # A58
    other = ["0000012", "NA", "39540", "", None]
    result = read(save(tmp_path, [HEADERS, PERSON, other]))
    assert rows_of(result) == [PERSON, ["0000012", "NA", "39540", "", ""]]
    assert result.table["source_row"].tolist() == [2, 3]
    assert (result.table.drop(columns="source_row").dtypes == "str").all()
    assert (result.rows_read, result.encoding, result.blank_rows) == (2, "xlsx", 0)


def test_titles_and_blank_rows_above_the_header_are_passed_over(tmp_path: Path) -> None:
    rows = [["除外申出書 受付簿"], [], ["作成", "令和8年"], [*HEADERS, "備考"], [*PERSON, "x"]]
    result = read(save(tmp_path, rows, lambda sheet: sheet.merge_cells("A1:E1")))
    assert rows_of(result) == [PERSON]
    assert result.table["source_row"].tolist() == [5] and result.dropped == ["備考"]


def test_numbers_and_dates_become_the_text_that_an_officer_means(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["A2"], sheet["A2"].number_format = 12, "0000000"
        sheet["C2"], sheet["C2"].number_format = date(2008, 4, 2), '[$-411]ggge"年"m"月"d"日"'
        sheet["E2"], sheet["E2"].number_format = 600000, JAPANESE_POSTAL
        sheet["A3"], sheet["C3"], sheet["E3"] = 8.0, 4200402, 600000
        sheet["A4"], sheet["C4"], sheet["E4"] = 1.5, 39540, True
        sheet["C5"] = datetime(2008, 4, 2, 9, 30)

    path = save(tmp_path, [HEADERS, *([None, "架空", None, None, None] for _ in range(4))], change)
    rows = rows_of(read(path))
    assert [row[0] for row in rows] == ["0000012", "8", "1.5", ""]
    assert [row[2] for row in rows] == ["2008-04-02", "4200402", "39540", "2008-04-02 09:30:00"]
    assert [row[4] for row in rows] == ["060-0000", "600000", "TRUE", ""]
    assert {parse_date(row[2], from_spreadsheet=True).value for row in rows} == {date(2008, 4, 2)}


def test_a_bare_day_number_in_a_date_column_is_a_date(tmp_path: Path) -> None:  # 9
    path = save(tmp_path, [HEADERS, [1, "架空", 44185, "", None], [2, "架空", "44185", "", None]])
    assert read(path, date_columns=["birth"]).table["birth"].tolist() == ["2020-12-20", "44185"]


def test_a_workbook_that_counts_from_1904_is_read_by_its_own_calendar(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append(HEADERS)
    sheet.append([1, "架空", date(2008, 4, 2), "", None])
    sheet.append([2, "架空", 39540 - 1462, "", None])
    path = tmp_path / "mac.xlsx"
    book.save(path)
    assert "C列「生年月日」の3行目" in refuse(path)
    assert read(path, date_columns=["birth"]).table["birth"].tolist() == ["2008-04-02"] * 2


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 8, 1),
        datetime(2002, 8, 1),
        time(8, 1),
        timedelta(hours=8),
        date(2004, 1, 4),
    ],
)
def test_an_address_that_became_a_date_is_refused_with_a_hint(
    tmp_path: Path, value: Any
) -> None:  # A57
    damaged = [*PERSON[:3], value, PERSON[4]]
    message = refuse(save(tmp_path, [HEADERS, PERSON, damaged]))
    assert "D列「住所」の3行目" in message and "文字列にして" in message


def test_furigana_is_no_part_of_a_cell(tmp_path: Path) -> None:  # 10
    # As Excel writes it: a shared string whose phonetic run stands beside the text.
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    phonetic = '<rPh sb="0" eb="3"><t>とうきょうと</t></rPh><phoneticPr fontId="1"/>'
    shared = f'<sst xmlns="{main}" count="1"><si><t>東京都</t>{phonetic}</si></sst>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    path = save(tmp_path, [HEADERS, [1, 77, "", "", ""]])
    rewrite(path, "xl/sharedStrings.xml", lambda _: shared)
    rewrite(path, "[Content_Types].xml", lambda text: text.replace("</Types>", entry))
    rewrite(
        path,
        SHEET,
        lambda text: text.replace('<c r="B2" t="n"><v>77</v></c>', '<c r="B2" t="s"><v>0</v></c>'),
    )
    assert read(path).table["name"].tolist() == ["東京都"]


def test_a_wrong_dimension_hides_no_row(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, *([str(n), "架空", "", "", ""] for n in range(50))])
    rewrite(path, SHEET, lambda text: text.replace('ref="A1:E51"', 'ref="A1"'))
    assert 'dimension ref="A1"' in zipfile.ZipFile(path).read(SHEET).decode()
    assert read(path).rows_read == 50


def test_a_formula_that_was_never_calculated_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON, [2, "=B2", '="0012"', "", ""]])
    assert "B列「氏名」の3行目" in refuse(path)


def test_a_calculated_formula_and_a_wrapped_text_are_read(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, ['="0012"', "=A9", "", "", ""]])
    rewrite(
        path,
        SHEET,
        lambda text: re.sub(
            r'<c r="B2"><f>A9</f><v ?/?>(?:</v>)?</c>',
            '<c r="B2" t="str"><f>A9</f><v>架空</v></c>',
            text,
        ),
    )
    assert rows_of(read(path)) == [["0012", "架空", "", "", ""]]


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [
        ("B3", "#REF!", "B列「氏名」の3行目"),
        ("D3", "#N/A", "D列「住所」の3行目"),
        ("D3", "新宿\n一丁目", "D列「住所」の3行目に改行"),
        ("A3", 1234567890123456, "A列「整理番号」の3行目"),
        ("G3", "新宿", "見出しのないG列に値があります（3行目）"),
        ("B4", "架空", ""),
    ],
)
def test_a_damaged_cell_is_named_by_row_and_column(
    tmp_path: Path, cell: str, value: Any, told: str
) -> None:
    def change(sheet: Worksheet) -> None:
        sheet[cell] = value

    path = save(tmp_path, [HEADERS, PERSON, PERSON], change)
    if told:
        assert told in refuse(path)
    else:
        assert read(path).rows_read == 3


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("B2:B3", "データの行のセルが結合"),
        ("C2:D2", "データの行のセルが結合"),
        ("A1:A2", "見出しと次の行のセルが結合"),
    ],
)
def test_merged_cells_below_the_header_are_refused(tmp_path: Path, cells: str, told: str) -> None:
    path = save(tmp_path, [HEADERS, PERSON, PERSON], lambda sheet: sheet.merge_cells(cells))
    assert told in refuse(path)


def test_blank_rows_at_the_end_are_left_out_and_one_in_the_middle_is_refused(
    tmp_path: Path,
) -> None:
    blank = [None, "", "　", None, None]
    result = read(save(tmp_path, [HEADERS, PERSON, blank, blank]))
    assert (result.rows_read, result.blank_rows) == (1, 2)
    assert "3行目が空行" in refuse(save(tmp_path, [HEADERS, PERSON, blank, PERSON]))


@pytest.mark.parametrize(
    "footer", [["合計", 1698], [None, "総計", "1,698件"], ["計", None, None, 2]]
)
def test_a_total_is_never_a_person(tmp_path: Path, footer: list[Any]) -> None:
    assert "3行目は合計などの行" in refuse(save(tmp_path, [HEADERS, PERSON, footer]))


def test_headers_that_cannot_be_found_show_no_person(tmp_path: Path) -> None:
    assert "見出しの行が見つかりません" in refuse(save(tmp_path, [PERSON, PERSON]))
    late: list[list[Any]] = [["題"]] * 10 + [HEADERS, PERSON]
    assert "見出しの行が見つかりません" in refuse(save(tmp_path, late))


def test_header_and_cell_problems_are_told_at_once(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [*HEADERS, "電話", "氏　名"],
        [*PERSON[:3], date(2026, 8, 1), "", "", ""],
    ]
    message = refuse(save(tmp_path, rows))
    assert "3件の問題" in message and "F列（6列目）" in message and "B列とG列" in message


def test_only_a_named_sheet_is_read_when_several_hold_values(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "4月"
    book.create_sheet("5月")
    for sheet in book.worksheets:
        sheet.append(HEADERS)
        sheet.append(PERSON)
    book["5月"].append(PERSON)
    book.create_sheet("空")
    path = tmp_path / "paper.xlsx"
    book.save(path)
    assert "「4月」、「5月」" in refuse(path)
    assert "一つに決まりません" in refuse(path, sheet="6月")
    result = read(path, sheet="5月")
    assert result.rows_read == 2 and "1枚" in result.remarks[0]
    book["4月"].sheet_state = "hidden"
    book.save(path)
    assert read(path).rows_read == 2


def test_hidden_rows_are_read_and_remarked(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True

    result = read(save(tmp_path, [HEADERS, PERSON, PERSON], change))
    assert result.rows_read == 2 and "1行" in result.remarks[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04broken",
        "整理番号,氏名".encode(),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "paper.xlsx"
    path.write_bytes(content)
    refuse(path)


def test_too_large_a_file_or_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, [HEADERS, PERSON])
    rewrite(path, "docProps/app.xml", lambda text: text + " " * 2_000_000)
    assert path.stat().st_size < 100_000
    assert read(path).rows_read == 1
    monkeypatch.setattr(workbooks, "_LARGEST_UNPACKED", 1_000_000)
    assert "展開すると大きすぎる" in refuse(path)
    monkeypatch.setattr(workbooks, "_LARGEST_FILE", 1000)
    assert "50MB" in refuse(path)


def test_a_sheet_formatted_to_its_last_row_is_refused_not_walked(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.cell(1_048_576, 1).number_format = "@"

    assert "範囲が大きすぎます" in refuse(save(tmp_path, [HEADERS, PERSON], change))


def test_declared_entities_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON])
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    rewrite(path, SHEET, lambda text: bomb + text)
    assert "宣言" in refuse(path)


CELL = st.text(
    alphabet=st.characters(
        categories=["L", "Nd", "Zs", "Pd", "Co", "Mn"], include_characters="#'\"<>&,"
    ),
    max_size=8,
)


@STEADY
@given(st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=1, max_size=4))
def test_any_text_typed_in_a_sheet_is_read_as_itself(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    rows = [[f"x{cell}" for cell in row] for row in rows]
    result = read(save(tmp_path_factory.mktemp("w"), [HEADERS, *rows]))
    assert rows_of(result) == rows


@STEADY
@given(st.permutations(range(5)))
def test_the_order_of_the_columns_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    rows = [[row[place] for place in order] for row in (HEADERS, PERSON)]
    assert rows_of(read(save(tmp_path_factory.mktemp("w"), rows))) == [PERSON]


def test_the_file_is_not_held_open(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON])
    read(path)
    path.unlink()  # fails on Windows while a handle is open
    assert not path.exists()
