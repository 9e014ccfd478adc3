"""Workbooks: what a spreadsheet did to the typing is read as it was meant, or listed by row.

Right values: the damage measured in formats.md §1.6, §2.4 and §8 (9, 10), accidents A57 and A58,
the format numbers of ECMA-376 part 1, 18.8.30, and files whose XML is written by hand where the
library would not write the trap itself.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from recruitlib.base import containers
from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError
from recruitlib.base.headers import combine_headers
from recruitlib.base.profiles import Profile, read_profile
from recruitlib.base.tables import ReadTable
from recruitlib.base.workbooks import read_workbook

STEADY = settings(deadline=None, derandomize=True, max_examples=100)
PROFILE = Profile(
    name="paper",
    holds="applications",
    columns={
        "receipt_no": ("整理番号",),
        "surname": ("氏",),
        "given": ("名",),
        "birth": ("生年月日",),
        "address": ("住所",),
        "postal_code": ("郵便番号",),
    },
    required=("receipt_no", "surname"),
    known=("備考", "入力者"),
    codes={},
    forms={},
    footers=("合計", "総計", "件数"),
    never_dates=("receipt_no", "address"),
    date_columns=("birth",),
)
HEADERS = ["整理番号", "氏", "名", "生年月日", "住所", "郵便番号"]
PERSON = ["001", "架空", "太郎", "平成20年4月2日", "新宿一丁目8-1", "0600000"]
OTHER = ["002", "架空", "花子", "平成20年5月2日", "新宿一丁目8-2", "0600000"]
SHEET = "xl/worksheets/sheet1.xml"
JAPANESE_POSTAL = r"[<=999]000;[<=9999]000\-00;000\-0000"
ROOT = Path(__file__).resolve().parents[2]

Change = Callable[[Worksheet], object]


def save(folder: Path, rows: list[list[Any]], change: Change | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if change:
        change(sheet)
    path = folder / "paper.xlsx"
    book.save(path)
    return path


def read(path: Path, sheet: str | None = None, **changes: Any) -> ReadTable:
    result = read_workbook(path, PROFILE._replace(**changes), sheet)
    below = openpyxl.load_workbook(path)
    named = below[sheet] if sheet else below.worksheets[0]
    header = int(re.findall(r"([0-9]+)行目の見出し", result.how_decoded)[0])
    assert result.rows_read == len(result.table) + len(result.quarantine)
    assert result.rows_read + result.blank_rows + result.footer_rows == named.max_row - header
    for text in [*result.quarantine["reason"], *result.remarks, result.how_decoded]:
        assert_impersonal(text)
    return result


def assert_impersonal(text: str) -> None:
    for value in ("架空", "太郎", "花子", "新宿", "0600000", "平成20"):
        assert value not in text


def refuse(path: Path, **changes: Any) -> str:
    with pytest.raises(FormError) as caught:
        read(path, **changes)
    message = str(caught.value)
    assert path.name in message
    assert_impersonal(message)
    return message


def rows_of(result: ReadTable) -> list[list[str]]:
    return result.table.drop(columns="source_row").values.tolist()


def broken_of(result: ReadTable) -> dict[int, str]:
    return dict(zip(result.quarantine["source_row"], result.quarantine["reason"], strict=True))


def rewrite(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """Change one part of the container by hand."""
    with zipfile.ZipFile(path) as container:
        parts = {info.filename: container.read(info) for info in container.infolist()}
    before = parts.get(part, b"").decode()
    parts[part] = change(before).encode()
    assert parts[part] != before.encode(), "the part was not changed"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return path


# Plain sheets


def test_a_plain_sheet_is_read_as_text(tmp_path: Path) -> None:  # A58
    other = ["0000012", "NA", "nan", "", "None", None]
    result = read(save(tmp_path, [HEADERS, PERSON, other]))
    assert rows_of(result) == [PERSON, [*other[:5], ""]]
    assert result.table["source_row"].tolist() == [2, 3]
    assert (result.table.drop(columns="source_row").dtypes == "str").all()
    assert result.table["source_row"].dtype == "int64"
    assert (result.encoding, result.headers, result.title_rows) == ("xlsx", HEADERS, 0)
    assert result.quarantine.empty and result.remarks == ()


def test_absent_dropped_fixed_and_surplus_columns_are_told(tmp_path: Path) -> None:
    rows = [["氏", "備考", "整理番号", None, None], ["架空", "秘", "1", None, ""]]
    result = read(save(tmp_path, rows), fixed={"channel": "post"})
    assert result.absent == ["given", "birth", "address", "postal_code"]
    assert (result.dropped, result.surplus_columns) == (["備考"], 2)
    assert list(result.table) == [*PROFILE.columns, "channel", "source_row"]
    assert result.table.loc[0, ["receipt_no", "surname", "given", "channel"]].tolist() == [
        "1", "架空", "", "post",
    ]  # fmt: skip
    assert "秘" not in result.table.to_csv()


def test_a_sheet_without_people_is_read_as_none(tmp_path: Path) -> None:
    result = read(save(tmp_path, [HEADERS]), forms={"receipt_no": "[0-9]+"})
    assert (result.rows_read, list(result.table)) == (0, [*PROFILE.columns, "source_row"])


def test_numbers_and_dates_become_the_text_that_an_officer_means(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["A2"], sheet["A2"].number_format = 12, "0000000"
        sheet["D2"], sheet["D2"].number_format = date(2008, 4, 2), '[$-411]ggge"年"m"月"d"日"'
        sheet["F2"], sheet["F2"].number_format = 600000, JAPANESE_POSTAL
        sheet["A3"], sheet["D3"], sheet["F3"] = 8.0, 4200402, 600000
        sheet["A4"], sheet["D4"], sheet["F4"] = 1.5, 20080402, True
        sheet["D5"], sheet["F5"] = datetime(2008, 4, 2, 9, 30), 601
        sheet["A5"], sheet["A5"].number_format = 7, "000;[Red]-000;0"
        sheet["F5"].number_format = JAPANESE_POSTAL
        sheet["A6"], sheet["A6"].number_format = 7, r'"窓"-000'
        sheet["D6"] = "2008/4/2"

    path = save(tmp_path, [HEADERS, *([None, "架空"] for _ in range(5))], change)
    table = read(path).table
    assert table["receipt_no"].tolist() == ["0000012", "8", "1.5", "007", "窓-007"]
    assert table["birth"].tolist() == [
        "2008-04-02", "4200402", "20080402", "2008-04-02 09:30:00", "2008/4/2",
    ]  # fmt: skip
    assert table["postal_code"].tolist() == ["060-0000", "600000", "TRUE", "601", ""]
    assert {parse_date(text, True).value for text in table["birth"]} == {date(2008, 4, 2)}


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        (12, "00000", "00012"), (123456, "00000", "123456"), (0, "000;-000;00", "00"),
        (12345678, r"000\-0000", "12345678"), (1600000, JAPANESE_POSTAL, "160-0000"),
        (12, "0", "12"), (1200, "#,##0", "1200"), (-5, "000", "-5"), (12, "0000.00", "12"),
    ],
)  # fmt: skip
def test_a_number_keeps_the_zeros_that_its_format_shows(
    tmp_path: Path, value: int, shape: str, text: str
) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["F2"].number_format = shape

    path = save(tmp_path, [HEADERS, [*PERSON[:5], value]], change)
    assert read(path).table["postal_code"].tolist() == [text]


# Day numbers


@pytest.mark.parametrize(
    ("serial", "day"),
    [
        (38079, "2004-04-02"), (38443, "2005-04-01"), (39540, "2008-04-02"),
        (39904, "2009-04-01"), (44185, "2020-12-20"),
    ],
)  # fmt: skip
def test_a_bare_day_number_in_a_date_column_is_that_day_by_either_calendar(
    tmp_path: Path, serial: int, day: str
) -> None:  # §2.4; §8 9
    def count_from_1904(sheet: Worksheet) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904

    values: list[Any] = [serial, str(serial), float(serial)]
    rows = [HEADERS, *([str(value), "架空", "", value] for value in values)]
    assert read(save(tmp_path, rows)).table["birth"].tolist() == [day] * 3
    rows = [HEADERS, [1, "架空", "", serial - 1462], [2, "架空", "", date.fromisoformat(day)]]
    assert read(save(tmp_path, rows, count_from_1904)).table["birth"].tolist() == [day] * 2


def test_a_day_number_with_a_time_keeps_its_time_and_other_columns_their_number(
    tmp_path: Path,
) -> None:
    row = [12345, "架空", "39540", 39540.4375, "39540", 39540]
    assert rows_of(read(save(tmp_path, [HEADERS, row]))) == [
        ["12345", "架空", "39540", "2008-04-02 10:30:00", "39540", "39540"]
    ]


def test_a_day_number_that_counts_from_1904_is_listed_where_no_date_column_is_named(
    tmp_path: Path,
) -> None:
    def count_from_1904(sheet: Worksheet) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904

    rows = [HEADERS, [1, "架空", "", 38078], PERSON]
    result = read(save(tmp_path, rows, count_from_1904), date_columns=())
    assert "D列「生年月日」" in broken_of(result)[2] and rows_of(result) == [PERSON]
    assert read(save(tmp_path, rows), date_columns=()).table["birth"][0] == "38078"


# Dates where none can be


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 8, 1), datetime(2002, 8, 1), date(2004, 1, 4), time(8, 1),
        timedelta(hours=8), "8月1日", "2026/8/1", "1-Aug", "Aug-1", "2026-08-01 00:00:00",
    ],
)  # fmt: skip
def test_an_address_that_became_a_date_is_listed_with_a_hint(
    tmp_path: Path, value: Any
) -> None:  # A57
    damaged = [*OTHER[:4], value, OTHER[5]]
    result = read(save(tmp_path, [HEADERS, PERSON, damaged, OTHER]))
    assert rows_of(result) == [PERSON, OTHER]
    assert list(broken_of(result)) == [3]
    reason = broken_of(result)[3]
    assert "E列「住所」" in reason and "8-1と入力すると8月1日" in reason and "文字列" in reason


@pytest.mark.parametrize("text", ["新宿8-1", "8-1", "2-8-1", "4-1-4", "8月町1日市", "Aug 1"])
def test_an_address_that_only_looks_like_a_date_is_read(tmp_path: Path, text: str) -> None:
    assert rows_of(read(save(tmp_path, [HEADERS, [*PERSON[:4], text, ""]])))[0][4] == text


@pytest.mark.parametrize("number", [*range(27, 37), *range(50, 59)])
def test_a_date_in_a_format_that_only_a_japanese_excel_names_is_a_date(
    tmp_path: Path, number: int
) -> None:  # A57; §8 9
    # 8-1 typed into a Japanese Excel is 46235 in format 56, which has no code in the file.
    rows = [HEADERS, PERSON, [2, "架空", "", 39540, "新宿"], [3, "架空", "", "", 46235]]
    path = save(tmp_path, rows)

    def set_style(text: str) -> str:
        for cell in ("D3", "E4"):
            text = text.replace(f'<c r="{cell}" t="n">', f'<c r="{cell}" s="1" t="n">')
        return text

    rewrite(path, SHEET, set_style)
    style = f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>'
    rewrite(
        path,
        "xl/styles.xml",
        lambda text: text.replace("</cellXfs>", f"{style}</cellXfs>"),
    )
    result = read(path)
    assert "E列「住所」が日付" in broken_of(result)[4] and len(result.quarantine) == 1
    assert result.table["birth"].tolist() == [PERSON[3], "2008-04-02"]


# What the file format hides


@pytest.mark.parametrize("where", ["shared", "inline"])
def test_furigana_is_no_part_of_a_cell(tmp_path: Path, where: str) -> None:  # §8 10
    # As Excel writes it: the phonetic run stands beside the text.
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = '<t>東京都</t><rPh sb="0" eb="3"><t>とうきょうと</t></rPh><phoneticPr fontId="1"/>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    cell = {
        "shared": '<c r="B2" t="s"><v>0</v></c>',
        "inline": f'<c r="B2" t="inlineStr"><is>{text}</is></c>',
    }[where]
    shared = f'<sst xmlns="{main}" count="1"><si>{text}</si></sst>'
    path = save(tmp_path, [["整理番号", "氏"], [1, 77]])
    rewrite(path, "xl/sharedStrings.xml", lambda _: shared)
    rewrite(path, "[Content_Types].xml", lambda types: types.replace("</Types>", entry))
    rewrite(path, SHEET, lambda xml: xml.replace('<c r="B2" t="n"><v>77</v></c>', cell))
    assert read(path).table["surname"].tolist() == ["東京都"]


def test_a_wrong_dimension_hides_no_row(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, *([str(n), "架空", "", "", "", ""] for n in range(50))])
    rewrite(path, SHEET, lambda text: text.replace('ref="A1:F51"', 'ref="A1"'))
    assert read(path).rows_read == 50


def test_a_line_break_is_kept_however_the_file_writes_it(tmp_path: Path) -> None:
    row = [1, "架空", "", "", "新宿_x000D_\n一丁目_x0009_8", "_x005F_x000D_"]
    assert rows_of(read(save(tmp_path, [HEADERS, row])))[0][4:] == [
        "新宿\r\n一丁目\t8", "_x000D_",
    ]  # fmt: skip


def test_a_line_break_where_the_form_allows_none_is_listed(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON, [*OTHER[:4], "新宿\n一丁目", ""]])
    result = read(path, forms={"address": ".{1,50}"})
    assert rows_of(result) == [PERSON] and "「住所」の形" in broken_of(result)[3]


# Formulas


def give_result(path: Path, cell: str, attributes: str, value: str) -> Path:
    """Write the result of a formula into the file as a spreadsheet does."""
    pattern = rf'<c r="{cell}"[^>]*><f>([^<]*)</f><v ?/?>(?:</v>)?</c>'
    new = rf'<c r="{cell}"{attributes}><f>\1</f><v>{value}</v></c>'
    return rewrite(path, SHEET, lambda text: re.sub(pattern, new, text))


def test_a_formula_that_was_never_calculated_is_listed(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON, [2, "=B2", "", "", "", ""]])
    result = read(path)
    assert "B列「氏」に計算されていない数式" in broken_of(result)[3] and len(result.table) == 1


def test_a_formula_outside_the_columns_that_are_read_does_not_matter(tmp_path: Path) -> None:
    path = save(tmp_path, [[*HEADERS, "備考"], [*PERSON, "=A9"]])
    assert rows_of(read(path)) == [PERSON]


def test_a_calculated_formula_is_read_by_its_result(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, [1, "=A9", "=A8", "=A7", "", ""]])
    give_result(path, "B2", ' t="str"', "架空")
    give_result(path, "C2", ' t="str"', "")  # ="" and the like
    give_result(path, "D2", "", "39540")
    assert rows_of(read(path)) == [["1", "架空", "", "2008-04-02", "", ""]]


def test_a_zero_that_stands_for_no_result_is_listed(tmp_path: Path) -> None:
    # Some libraries store 0 beside each formula and ask for a calculation on opening.
    path = save(tmp_path, [HEADERS, [1, "=A9", "", "", "", ""]])
    give_result(path, "B2", "", "0")
    assert "計算されていない" in broken_of(read(path))[2]
    rewrite(path, "xl/workbook.xml", lambda text: text.replace(' fullCalcOnLoad="1"', ""))
    assert read(path).table["surname"].tolist() == ["0"]


def test_zeros_kept_by_a_wrapping_are_read(tmp_path: Path) -> None:  # §1.6
    path = save(tmp_path, [HEADERS, ['="0012"', "架空", "", "", "", "x"]])
    rewrite(path, SHEET, lambda text: re.sub(r'<c r="F2".*?</c>', INLINE, text))
    assert rows_of(read(path)) == [["0012", "架空", "", "", "", "0600000"]]


INLINE = '<c r="F2" t="inlineStr"><is><t>="0600000"</t></is></c>'


# Damaged rows


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [
        ("B3", "#REF!", "B列「氏」にエラー値"),
        ("E3", "#N/A", "E列「住所」にエラー値"),
        ("A3", 1234567890123456, "A列「整理番号」に15桁を超える数"),
        ("H3", "新宿", "H列に、見出しがないのに値"),
        ("A3", "x-3", "「整理番号」の形が違います"),
        ("F3", "〒", "「郵便番号」が符号表にない符号"),
        ("A3", "001", ""),
        ("G3", "#REF!", ""),
        ("B3", "#1", ""),
        ("A3", 123456789012345, ""),
    ],
)
def test_a_damaged_cell_costs_its_own_row_only(
    tmp_path: Path, cell: str, value: Any, told: str
) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["G1"], sheet[cell] = "備考", value

    path = save(tmp_path, [HEADERS, PERSON, OTHER, PERSON], change)
    codes = {"postal_code": {"0600000": "a", "": "b"}}
    result = read(path, forms={"receipt_no": "[0-9]+"}, codes=codes)
    if told:
        assert list(broken_of(result)) == [3] and told in broken_of(result)[3]
        assert rows_of(result) == [PERSON, PERSON]
        assert result.table["source_row"].tolist() == [2, 4]
    else:
        assert result.quarantine.empty and len(result.table) == 3


def test_all_that_is_wrong_with_a_row_is_told_at_once(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, ["x", "#N/A", "", "", date(2026, 8, 1), "", "新宿"]])
    reason = broken_of(read(path, forms={"receipt_no": "[0-9]+"}))[2]
    for part in ("B列「氏」", "E列「住所」", "G列に", "「整理番号」の形"):
        assert part in reason


def test_equal_damaged_rows_have_equal_digests_and_no_value(tmp_path: Path) -> None:
    bad = [*PERSON[:4], date(2026, 8, 1), ""]
    first = read(save(tmp_path, [HEADERS, bad, OTHER, bad, [*bad[:5], "1"]])).quarantine
    digests = first["content"].tolist()
    assert digests[0] == digests[1] != digests[2]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)

    def format_far(sheet: Worksheet) -> None:
        sheet["Z9"].number_format = "0"

    again = read(save(tmp_path, [HEADERS, bad], format_far)).quarantine
    assert again["content"].tolist() == digests[:1]


@pytest.mark.parametrize(
    ("cells", "touched"),
    [
        ("B3:B4", [3, 4]),
        ("D3:E3", [3]),
        ("A2:F4", [2, 3, 4]),
        ("A1:A2", [2]),  # the header's cell covers a person's number
        ("A4:A6", [4, 5, 6]),  # the last person's cell stands for two more
        ("A5:A6", []),  # empty rows merged for their looks
        ("H2:I2", [2]),
    ],
)
def test_merged_cells_cost_every_row_that_they_touch(
    tmp_path: Path, cells: str, touched: list[int]
) -> None:
    path = save(tmp_path, [HEADERS, PERSON, OTHER, PERSON], lambda sheet: sheet.merge_cells(cells))
    result = read(path)
    assert list(broken_of(result)) == touched
    assert all("結合" in reason for reason in broken_of(result).values())
    assert result.table["source_row"].tolist() == [n for n in (2, 3, 4) if n not in touched]


def test_a_header_that_is_repeated_on_each_page_is_no_person(tmp_path: Path) -> None:
    result = read(save(tmp_path, [HEADERS, PERSON, HEADERS, OTHER]))
    assert rows_of(result) == [PERSON, OTHER] and "見出しの行が繰り返" in broken_of(result)[3]


# Blank rows and totals


def test_blank_rows_anywhere_are_left_out_and_counted(tmp_path: Path) -> None:
    blank = [None, "", "　", None, None]
    result = read(save(tmp_path, [HEADERS, blank, PERSON, blank, [], OTHER, blank, blank]))
    assert rows_of(result) == [PERSON, OTHER] and result.table["source_row"].tolist() == [3, 6]
    assert (result.blank_rows, result.rows_read) == (5, 2)


@pytest.mark.parametrize(
    "footer", [["合計", "1,698件"], [None, "総計", 1698], ["合　計", None, None, 2]]
)
def test_totals_at_the_end_are_left_out_and_counted(tmp_path: Path, footer: list[Any]) -> None:
    result = read(save(tmp_path, [HEADERS, PERSON, [], footer, ["件数", 1], []]))
    assert rows_of(result) == [PERSON]
    assert (result.footer_rows, result.blank_rows, len(result.quarantine)) == (2, 1, 0)


def test_a_merged_total_is_a_total(tmp_path: Path) -> None:
    rows = [HEADERS, PERSON, ["合計", None, None, "1,698件"]]
    result = read(save(tmp_path, rows, lambda sheet: sheet.merge_cells("A3:C4")))
    assert (result.footer_rows, result.blank_rows, len(result.quarantine)) == (1, 1, 0)


def test_a_total_between_people_is_listed(tmp_path: Path) -> None:
    result = read(save(tmp_path, [HEADERS, PERSON, ["合計", 1], OTHER]))
    assert rows_of(result) == [PERSON, OTHER] and "合計などの行" in broken_of(result)[3]


def test_a_person_who_is_called_like_a_total_is_a_person(tmp_path: Path) -> None:
    person = [None, "合計", "太郎", "平成20年4月2日", "新宿", ""]
    assert rows_of(read(save(tmp_path, [HEADERS, person]))) == [["", *person[1:]]]
    assert read(save(tmp_path, [HEADERS, ["合計", 3]]), footers=()).footer_rows == 0


# Headers


def test_titles_and_blank_rows_above_the_header_are_counted(tmp_path: Path) -> None:
    rows = [["除外申出書 受付簿"], [], ["作成", "備考"], [*HEADERS, "備考"], [*PERSON, "x"]]
    result = read(save(tmp_path, rows, lambda sheet: sheet.merge_cells("A1:E1")))
    assert rows_of(result) == [PERSON] and result.title_rows == 3
    assert result.table["source_row"].tolist() == [5] and result.dropped == ["備考"]


def merge_two_rows(sheet: Worksheet) -> None:
    """氏名 over 氏 and 名, every other header over both rows, as an office draws a form."""
    for cells in ("A1:A2", "B1:C1", "D1:D2", "E1:E2", "F1:F2"):
        sheet.merge_cells(cells)


UPPER = ["整理番号", "氏名", None, "生年月日", "住所", "郵便番号"]
LOWER = [None, "氏", "名", None, None, None]


@pytest.mark.parametrize("titles", [[], [["除外申出書 受付簿"]], [["受付簿"], [], ["備考"]]])
def test_a_header_of_two_rows_is_read(tmp_path: Path, titles: list[list[Any]]) -> None:
    def change(sheet: Worksheet) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:D2", "E1:E2", "F1:F2"):
            shift = len(titles)
            first, last = (f"{name[0]}{int(name[1]) + shift}" for name in cells.split(":"))
            sheet.merge_cells(f"{first}:{last}")

    result = read(save(tmp_path, [*titles, UPPER, LOWER, PERSON, OTHER], change))
    assert rows_of(result) == [PERSON, OTHER] and result.quarantine.empty
    assert result.headers == HEADERS and result.title_rows == len(titles)
    assert f"{len(titles) + 1}・{len(titles) + 2}行目の見出し" in result.how_decoded


def test_a_header_of_two_rows_is_read_where_only_the_upper_text_is_required(
    tmp_path: Path,
) -> None:
    # The lower row alone would be a header without a number, the upper one without names.
    path = save(tmp_path, [UPPER, LOWER, PERSON], merge_two_rows)
    assert rows_of(read(path, required=("surname",))) == [PERSON]
    wider = {**PROFILE.columns, "name": ("氏名",)}
    assert rows_of(read(path, columns=wider)) == [[*PERSON, ""]]


def test_a_header_of_two_rows_with_a_lower_text_that_is_unknown_is_refused(
    tmp_path: Path,
) -> None:
    lower = [None, "姓", "下の名", None, None, None]
    path = save(tmp_path, [UPPER, lower, PERSON], merge_two_rows)
    wider = {**PROFILE.columns, "name": ("氏名",)}
    assert "2行目" in refuse(path, columns=wider, required=("receipt_no", "name"))


def test_a_header_merged_over_two_rows_by_itself_is_one_header(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        for name in "ABCDEF":
            sheet.merge_cells(f"{name}1:{name}2")

    result = read(save(tmp_path, [HEADERS, [], PERSON], change))
    assert rows_of(result) == [PERSON]
    assert (result.blank_rows, result.table["source_row"].tolist()) == (0, [3])


def test_a_person_below_the_header_is_never_a_header(tmp_path: Path) -> None:
    for person in (["1", "氏", "名"], ["1", "名", "氏", "備考"], [None, "架空", None, "住所"]):
        result = read(save(tmp_path, [[*HEADERS, "備考"], person, OTHER]))
        assert result.title_rows == 0 and result.table["source_row"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("upper", "lower", "combined"),
    [
        (["番号", "氏名", "", "住所"], ["", "氏", "名", ""], ["番号", "氏", "名", "住所"]),
        # Both texts joined, where the profile knows them so.
        (
            ["番号", "対象者", "", "申出者", ""],
            ["", "氏", "名", "氏", "名"],
            ["番号", "氏", "名", "申出者氏", "申出者_名"],
        ),
        # A note below a known header leaves it as it is.
        (["番号", "氏名", "", "住所"], ["", "氏", "名", "（番地まで）"], ["番号", "氏", "名", "住所"]),
        # A lower text that nobody knows is told with its group.
        (["番号", "氏名", "", ""], ["", "氏", "名", "旧姓"], ["番号", "氏", "名", "氏名旧姓"]),
        # The first text of a group never goes by the group's name: 姓 is not the whole name.
        (["住所", "", "", "氏名", ""], ["甲", "氏", "名", "氏", "名"], ["住所甲", "氏", "名", "氏", "名"]),
        # A person is no header.
        (["番号", "氏", "名", "住所"], ["1", "架空", "太郎", "新宿"], []),
        (["番号", "氏", "名", ""], ["1", "氏", "名", "住所"], []),
        (["番号", "氏", "名"], ["", "", ""], []),
    ],
)  # fmt: skip
def test_two_header_rows_are_combined_by_what_the_profile_knows(
    upper: list[str], lower: list[str], combined: list[str]
) -> None:
    known = {"番号", "氏", "名", "住所", "申出者氏", "申出者_名"}
    assert combine_headers(upper, lower, known) == combined


def test_headers_that_cannot_be_found_show_no_person(tmp_path: Path) -> None:
    assert "見出しの行が見つかりません" in refuse(save(tmp_path, [PERSON, PERSON]))
    late: list[list[Any]] = [["題"]] * 10 + [HEADERS, PERSON]
    assert "見出しの行が見つかりません" in refuse(save(tmp_path, late))
    assert read(save(tmp_path, late), title_rows=1).title_rows == 10


def test_header_problems_are_told_at_once(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["整理番号", "名", "住所", "電話", "名"], PERSON]
    message = refuse(save(tmp_path, rows))
    assert "3件の問題" in message and "必要な見出し「氏」" in message
    assert "D列（4列目）" in message and "B列とE列" in message


# Options


OPTIONS = {"kind": {"種別[本人]": "self", "種別[代理人]": "agent"}}


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ([1, None], "self"), ([None, True], "agent"), (["○", ""], "self"), (["", "選択"], "agent"),
        (["種別[本人]", False], "self"), ([0, "true"], "agent"), ([None, None], ""),
        (["１", ""], "self"),
    ],
)  # fmt: skip
def test_the_marked_one_of_several_option_columns_is_the_value(
    tmp_path: Path, cells: list[Any], value: str
) -> None:
    path = save(tmp_path, [["整理番号", "氏", *OPTIONS["kind"]], [1, "架空", *cells]])
    result = read(path, options=OPTIONS, required=("surname", "kind"))
    assert result.table["kind"].tolist() == [value] and result.quarantine.empty


def test_an_option_that_cannot_be_told_is_listed(tmp_path: Path) -> None:
    header = ["整理番号", "氏", *OPTIONS["kind"]]
    rows = [header, [1, "架空", "×", 1], [2, "架空", 1, 1], [3, "架空", 1, 0], [4, "架空", "", ""]]
    codes = {"kind": {"self": "a", "agent": "b"}}
    result = read(save(tmp_path, rows), options=OPTIONS, codes=codes)
    assert result.table["receipt_no"].tolist() == ["3"]
    assert "C列「種別[本人]」の印が読めません" in broken_of(result)[2]
    assert list(broken_of(result)) == [2, 3, 5]
    open_to_all = read(save(tmp_path, rows), options=OPTIONS, codes={"kind": {"*": "x"}})
    assert open_to_all.table["kind"].tolist() == ["self、agent", "self", ""]


# People above the header


LISTED = ["田中　架空", "2008-04-02", "DV", "新宿8-1"]
LIST_HEADERS = ["氏名", "生年月日", "区分", "住所"]
PROTECTIONS = read_profile(ROOT / "params" / "profiles" / "protections_by_name.yaml")


@pytest.mark.parametrize(
    "above",
    [
        [LISTED], [LISTED, LISTED], [["受付簿"], LISTED], [LISTED[:3]], [["架空花子", "", "DV", "新宿"]],
        [["", "平成20年4月2日", "ストーカー"]], [["", 39540, "その他"]], [["", date(2008, 4, 2), 4]],
    ],
)  # fmt: skip
def test_people_above_the_header_stop_the_file(tmp_path: Path, above: list[list[Any]]) -> None:
    path = save(tmp_path, [*above, LIST_HEADERS, LISTED])
    with pytest.raises(FormError) as caught:
        read_workbook(path, PROTECTIONS)
    message = str(caught.value)
    assert_impersonal(message)
    places = "、".join(str(at) for at, row in enumerate(above, 1) if row != ["受付簿"])
    assert f"見出しの上に人の行と思われる行があります（{places}行目）" in message


@pytest.mark.parametrize(
    "above",
    [
        [["令和８年度 除外申出 受付簿"]], [["抽出日", "2026-04-01"]], [["新宿区", "件数", "1,698"]],
        [["新宿区", "件数", 1698]], [[], ["備考", "番号", "世帯主", "続柄"]], [["題", "作成"]] * 3,
    ],
)  # fmt: skip
def test_titles_above_the_header_are_no_people(tmp_path: Path, above: list[list[Any]]) -> None:
    result = read_workbook(save(tmp_path, [*above, LIST_HEADERS, LISTED]), PROTECTIONS)
    assert (len(result.table), result.title_rows) == (1, len(above))


def test_a_receipt_book_is_read_below_its_titles_and_not_below_its_people(tmp_path: Path) -> None:
    profile = read_profile(ROOT / "params" / "profiles" / "counter_workbook.yaml")
    header = ["整理番号", "受付日", "氏名", "生年月日", "住所"]
    person = ["窓-1", "2026-04-01", "架空太郎", "平成20年4月2日", "新宿8-1"]
    titles = [["令和８年度", "除外申出", "受付簿"], ["抽出日", "2026-04-01"]]
    assert len(read_workbook(save(tmp_path, [*titles, header, person]), profile).table) == 1
    for lost in (person, ["窓-2", "2026-04-01"], ["", "2026-04-01", "", "平成20年4月2日"]):
        with pytest.raises(FormError, match="人の行と思われる行があります（3行目）"):
            read_workbook(save(tmp_path, [*titles, lost, header, person]), profile)


# Sheets and what is hidden


def test_only_a_named_sheet_is_read_when_several_hold_values(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "4月"
    book.create_sheet("5月")
    for sheet in book.worksheets:
        sheet.append(HEADERS)
        sheet.append(PERSON)
    book["5月"].append(OTHER)
    book.create_sheet("空")["A1"] = " "
    path = tmp_path / "paper.xlsx"
    book.save(path)
    message = refuse(path)
    assert "ほかのシートに値があります（値のあるシート: 1枚目のシート、2枚目のシート）" in message
    assert "別のファイルに分けて" in message and "指定" not in message
    with pytest.raises(FormError, match="一つに決まりません"):
        read_workbook(path, PROFILE, "6月")
    result = read(path, sheet="5月")
    assert result.rows_read == 2 and "1枚" in result.remarks[0]
    assert "表計算ブックの2枚目のシートを" in result.how_decoded


@pytest.mark.parametrize("state", ["visible", "hidden", "veryHidden"])
@pytest.mark.parametrize("people", [True, False])
def test_a_further_sheet_with_people_stops_the_file_however_it_is_hidden(
    tmp_path: Path, state: str, people: bool
) -> None:
    book = openpyxl.Workbook()
    further = book.create_sheet("架空花子さん分")
    for row in [HEADERS, OTHER] if people else [[" "], [""]]:
        further.append(row)
    further.sheet_state = state
    for row in [HEADERS, PERSON]:
        book.worksheets[0].append(row)
    path = tmp_path / "paper.xlsx"
    book.save(path)
    if people:
        hidden = "" if state == "visible" else "（非表示）"
        assert f"1枚目のシート、2枚目のシート{hidden}" in refuse(path)
        assert len(read_workbook(path, PROFILE, "架空花子さん分").table) == 1
    else:
        result = read(path)
        assert rows_of(result) == [PERSON] and result.remarks == ()


def test_people_on_a_hidden_sheet_alone_are_not_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("空")
    for row in [HEADERS, PERSON]:
        book.worksheets[0].append(row)
    book.worksheets[0].sheet_state = "hidden"
    path = tmp_path / "paper.xlsx"
    book.save(path)
    assert "1枚目のシート（非表示）" in refuse(path)


def test_hidden_rows_and_columns_are_read_and_remarked(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions.group("B", "C", hidden=True)

    result = read(save(tmp_path, [HEADERS, PERSON, OTHER], change))
    assert rows_of(result) == [PERSON, OTHER]
    assert [remark[:14] for remark in result.remarks] == [
        "表示されていない行が1行あり",
        "表示されていない列が2列あり",
    ]


# Files that are no workbook, or a trap


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
    assert ("パスワード" in refuse(path)) == content.startswith(b"\xd0")


def test_too_large_a_file_or_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, [HEADERS, PERSON])
    rewrite(path, "docProps/app.xml", lambda text: text + " " * 2_000_000)
    assert path.stat().st_size < 100_000
    assert read(path).rows_read == 1
    monkeypatch.setattr(containers, "_LARGEST_UNPACKED", 1_000_000)
    assert "展開すると大きすぎ" in refuse(path)
    monkeypatch.setattr(containers, "_LARGEST_FILE", 1000)
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


def test_the_file_is_not_held_open(tmp_path: Path) -> None:
    path = save(tmp_path, [HEADERS, PERSON])
    read_workbook(path, PROFILE)
    path.unlink()  # fails on Windows while a handle is open
    assert not path.exists()


def test_the_profile_of_the_counter_reads_a_damaged_workbook(tmp_path: Path) -> None:
    profile = read_profile(ROOT / "params" / "profiles" / "counter_workbook.yaml")
    header = [
        "整理番号",
        "受付日",
        "受付方法",
        "氏",
        "名",
        "生年月日",
        "住所",
        "申出者区分",
        "本人確認書類",
    ]
    good = ["窓-1", 46113, "窓口", "架空", "太郎", 39540, "新宿8-1", "本人", "免許証"]
    bad = [
        "窓-2",
        date(2026, 4, 2),
        "郵送",
        "架空",
        "花子",
        "H20.4.2",
        date(2026, 8, 1),
        "本人",
        "",
    ]
    result = read_workbook(save(tmp_path, [["受付簿"], header, good, bad, ["合計", 2]]), profile)
    assert result.table["subject_birth_text"].tolist() == ["2008-04-02"]
    assert result.table["received_at"].tolist() == ["2026-04-01"]
    assert list(broken_of(result)) == [4] and "G列「住所」" in broken_of(result)[4]
    assert (result.title_rows, result.footer_rows) == (1, 1)


# Any workbook


CELL = st.text(
    alphabet=st.characters(
        categories=["L", "Nd", "Zs", "Pd", "Co", "Mn"], include_characters="#'\"<>&,"
    ),
    max_size=8,
)


@STEADY
@given(st.lists(st.lists(CELL, min_size=6, max_size=6), min_size=1, max_size=4))
def test_any_text_typed_in_a_sheet_is_read_as_itself(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    rows = [[f"x{cell}" for cell in row] for row in rows]
    result = read(save(tmp_path_factory.mktemp("w"), [HEADERS, *rows]))
    assert rows_of(result) == rows


@STEADY
@given(st.permutations(range(6)))
def test_the_order_of_the_columns_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    rows = [[row[place] for place in order] for row in (HEADERS, PERSON)]
    assert rows_of(read(save(tmp_path_factory.mktemp("w"), rows))) == [PERSON]


KINDS = ("person", "blank", "total", "date", "error", "formula", "headless", "merged", "repeated")


@settings(STEADY, max_examples=200)
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=7),
    titles=st.integers(0, 3),
    two_rows=st.booleans(),
    blank_after=st.integers(0, 2),
)
def test_every_row_of_any_sheet_is_read_or_listed_or_counted(
    tmp_path_factory: pytest.TempPathFactory,
    kinds: list[str],
    titles: int,
    two_rows: bool,
    blank_after: int,
) -> None:
    made: dict[str, Callable[[int], list[Any]]] = {
        "person": lambda n: [f"{n:03}", *PERSON[1:]],
        "blank": lambda n: [None, " "],
        "total": lambda n: ["合計", n],
        "date": lambda n: [n, "架空", "太郎", "", date(2026, 8, 1)],
        "error": lambda n: [n, "#REF!"],
        "formula": lambda n: [n, "=B1&B2"],
        "headless": lambda n: [f"{n:03}", *PERSON[1:], None, "新宿"],
        "merged": lambda n: [f"{n:03}", *PERSON[1:]],
        "repeated": lambda n: list(HEADERS),
    }
    header: list[list[Any]] = [UPPER, LOWER] if two_rows else [HEADERS]
    first = titles + len(header) + 1
    numbered = dict(enumerate(kinds, first))

    def change(sheet: Worksheet) -> None:
        for number, kind in numbered.items():
            if kind == "merged":
                sheet.merge_cells(f"D{number}:E{number}")
        for number in range(blank_after):
            sheet.cell(first + len(kinds) + number, 1).number_format = "@"

    rows = [*([["題"]] * titles), *header, *(made[kind](n) for n, kind in numbered.items())]
    result = read(save(tmp_path_factory.mktemp("w"), rows, change))
    last = max((n for n, kind in numbered.items() if kind not in ("blank", "total")), default=0)
    totals = [n for n, kind in numbered.items() if kind == "total"]
    people = [n for n, kind in numbered.items() if kind == "person"]
    assert result.table["source_row"].tolist() == people
    assert rows_of(result) == [made["person"](n) for n in people]
    assert list(broken_of(result)) == [
        n
        for n, kind in numbered.items()
        if kind not in ("person", "blank", "total") or (kind == "total" and n < last)
    ]
    assert result.footer_rows == sum(n > last for n in totals)
    assert result.title_rows == titles
