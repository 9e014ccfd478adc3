"""CSV files: read whole and right, or refused; never shifted, shortened or guessed.

Right values: the regression inputs of formats.md §8 (numbers as there), the accidents A56 and A58,
and Python's own csv module as an independent reader.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base import delimited
from recruitlib.base.delimited import scan_records
from recruitlib.base.errors import FormError, ParameterError
from recruitlib.base.headers import is_footer, match_headers, name_column
from recruitlib.base.tables import (
    ReadTable,
    decode_file,
    fold_header,
    parse_table,
    read_table,
    write_table,
)

STEADY = settings(deadline=None, derandomize=True)
COLUMNS = {
    "addressee_id": ["宛名番号", "識別コード"],
    "full_name": ["氏名"],
    "full_name_kana": ["氏名_フリガナ"],
    "postal_code": ["住所_郵便番号"],
}
KNOWN = ["個人番号", "備考"]
HEADER = "宛名番号,氏名,氏名_フリガナ,住所_郵便番号"
PERSON = "0000012,架空　太郎,カクウ　タロウ,0600000"
CELLS = ["0000012", "架空　太郎", "カクウ　タロウ", "0600000"]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every file of a test then crosses the seams between the chunks.
    monkeypatch.setattr(delimited, "_CHUNK", 7)


def read(tmp_path: Path, content: str | bytes, **options: object) -> ReadTable:
    path = tmp_path / "registry.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, COLUMNS, known=KNOWN, required=["addressee_id"], **options)


def refuse(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(FormError) as caught:
        read(tmp_path, content)
    message = str(caught.value)
    for value in ("架空", "カクウ", "0600000", "0000012"):
        assert value not in message
    assert "registry.csv" in message
    return message


def rows_of(result: ReadTable) -> list[list[str]]:
    return result.table.drop(columns="source_row").values.tolist()


# --- encodings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp932", "cp932"),
        ("utf-16", "utf-16-le"),
    ],
)
def test_each_encoding_gives_the_same_table_and_says_how_it_was_known(
    tmp_path: Path, codec: str, encoding: str
) -> None:
    result = read(tmp_path, f"{HEADER}\r\n{PERSON}\r\n".encode(codec))
    assert rows_of(result) == [CELLS]
    assert result.encoding == encoding
    assert result.how_decoded.endswith("。")


def test_a_big_endian_mark_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xfe\xff" + "氏名".encode("utf-16-be"))
    assert decode_file(path)[:2] == ("氏名", "utf-16-be")


def test_the_byte_order_mark_is_no_part_of_a_quoted_first_header(tmp_path: Path) -> None:  # 4
    result = read(
        tmp_path, b'\xef\xbb\xbf"\xe5\xae\x9b\xe5\x90\x8d\xe7\x95\xaa\xe5\x8f\xb7"\n"1"\n'
    )
    assert result.table["addressee_id"].tolist() == ["1"]


def test_windows_characters_survive(tmp_path: Path) -> None:  # 5: shift_jis lacks all of these
    names = "髙﨑Ⅲ㎝①㈱～∥－￢"
    result = read(tmp_path, f"宛名番号,氏名\r\n1,{names}\r\n".encode("cp932"))
    assert result.table["full_name"].tolist() == [names]


@pytest.mark.parametrize("header", ["処理区分,件数", "点検連番,型式", "髙﨑", "ｶﾅ,ﾒｲ"])  # 6
def test_short_headers_in_cp932_are_not_taken_for_another_codec(
    tmp_path: Path, header: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(header.encode("cp932"))
    assert decode_file(path)[:2] == (header, "cp932")


def test_both_codes_of_a_duplicated_character_are_the_same_character(tmp_path: Path) -> None:  # 7
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xee\xe0\xfb\xfc")
    assert decode_file(path).text == "髙髙"


def test_a_file_of_no_encoding_is_refused_with_the_offset(tmp_path: Path) -> None:
    content = "架空架空ab".encode() + b"\xe6\xb0" + b"cd\x81\xff"
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(UnicodeDecodeError) as reference:
        content.decode("utf-8")
    with pytest.raises(UnicodeDecodeError) as windows:
        content.decode("cp932")
    with pytest.raises(FormError) as caught:
        decode_file(path)
    assert f"UTF-8としては{reference.value.start}バイト目" in str(caught.value)
    assert f"CP932としては{windows.value.start}バイト目" in str(caught.value)
    assert "broken.csv" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfabc\xff",
        b"\xff\xfea",
        "氏名".encode("euc_jp") + b"\xa0",
        b"a\x80b",
        b"a,b\x00\n",
        "氏名".encode("utf-16-le") + b"\x00",
    ],
)
def test_bytes_that_only_nearly_fit_an_encoding_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FormError):
        decode_file(path)


@STEADY
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\ufeff")))
def test_any_utf8_text_is_read_as_itself(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("d") / "a.txt"
    path.write_bytes(text.encode("utf-8"))
    assert decode_file(path)[:2] == (text, "utf-8")


# --- headers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "folded"),
    [
        ("氏名", "氏名"),
        ("　氏　名 ", "氏名"),
        ("Q1.氏名", "氏名"),
        ("Ｑ１．氏名（必須）", "氏名"),
        ("1. 氏名*", "氏名"),
        ("問3 氏名", "氏名"),
        ("(2) 氏名【必須】", "氏名"),
        ("＊氏名", "氏名"),
        ("住民ｺｰﾄﾞ", "住民コード"),
        ("住所＋番地＋方書", "住所+番地+方書"),
        ("18歳", "18歳"),
        ("転出年月日（確定）", "転出年月日(確定)"),
        ("氏名\n(漢字)", "氏名(漢字)"),
        ("Q1-2.生年月日", "生年月日"),
        ("地区管理コード10", "地区管理コード10"),
    ],
)
def test_a_header_is_compared_without_its_ornaments(header: str, folded: str) -> None:
    assert fold_header(header) == folded
    assert fold_header(fold_header(header)) == folded


def test_columns_are_named_as_a_spreadsheet_names_them() -> None:
    assert [name_column(n) for n in (0, 25, 26, 51, 52, 121, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "DR",
        "ZZ",
        "AAA",
    ]


def test_all_header_problems_are_told_at_once(tmp_path: Path) -> None:
    message = refuse(tmp_path, "氏名,氏　名,電話\n架空,カクウ,0600000\n")
    assert "3件の問題" in message
    assert (
        "A列とB列" in message
        and "C列（3列目）の見出し" in message
        and "電話" not in message
        and "「宛名番号」がありません" in message
    )


def test_two_aliases_of_one_column_are_refused(tmp_path: Path) -> None:
    assert "A列とB列" in refuse(tmp_path, "宛名番号,識別コード\n1,2\n")


def test_a_file_without_headers_is_refused_without_showing_its_first_person(tmp_path: Path) -> None:
    assert "見出しの行が見つかりません" in refuse(tmp_path, f"{PERSON}\n{PERSON}\n")


@pytest.mark.parametrize(
    ("columns", "required"),
    [
        ({"a": ["氏名"], "b": ["Q1.氏 名"]}, []),
        ({"a": ["氏名"]}, ["b"]),
        ({"a": []}, ["a"]),
    ],
)
def test_contradicting_columns_are_an_error_of_the_profile(
    columns: dict[str, list[str]], required: list[str]
) -> None:
    with pytest.raises(ParameterError):
        match_headers(["氏名"], columns, required=required)


# --- rows ----------------------------------------------------------------------------------


def test_text_stays_text(tmp_path: Path) -> None:  # 1, 2, A58
    result = read(
        tmp_path, f"{HEADER}\n0000012,NA,ナ,0600000\n000388907,null,nan,\n1.0,1e5,-,TRUE\n"
    )
    assert rows_of(result) == [
        ["0000012", "NA", "ナ", "0600000"],
        ["000388907", "null", "nan", ""],
        ["1.0", "1e5", "-", "TRUE"],
    ]
    assert result.table["source_row"].tolist() == [2, 3, 4]
    assert (result.table.drop(columns="source_row").dtypes == "str").all()
    assert result.table["source_row"].dtype == "int64"


def test_forbidden_columns_never_become_a_table(tmp_path: Path) -> None:
    result = read(tmp_path, f"個人番号,{HEADER},備考\n123456789012,{PERSON},x\n")
    assert list(result.table.columns) == [*COLUMNS, "source_row"]
    assert rows_of(result) == [CELLS] and result.dropped == ["個人番号", "備考"]


def test_the_order_in_the_file_does_not_matter_and_absent_columns_are_empty(tmp_path: Path) -> None:
    result = read(tmp_path, "氏名,識別コード\n架空,1\n")
    assert rows_of(result) == [["1", "架空", "", ""]]
    assert result.absent == ["full_name_kana", "postal_code"]


def test_zeros_in_a_spreadsheet_wrapping_are_taken_out(tmp_path: Path) -> None:
    result = read(tmp_path, '宛名番号,氏名\n="0012","=""0013"""\n="",=1+1\n')
    assert rows_of(result) == [["0012", "0013", "", ""], ["", "=1+1", "", ""]]


def test_one_empty_surplus_cell_on_every_row_is_reported_not_shifted(tmp_path: Path) -> None:  # 3
    result = read(tmp_path, f"{HEADER}\n{PERSON},\n{PERSON},\n")
    assert rows_of(result) == [CELLS, CELLS] and result.surplus_columns == 1
    result = read(tmp_path, f"{HEADER},,\n{PERSON},,\n")
    assert rows_of(result) == [CELLS] and result.surplus_columns == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"{PERSON},\n{PERSON}\n{PERSON},\n", "2、4行目の列数が見出しの4列より多い行"),  # A56
        (f"{PERSON}\n{PERSON},x\n", "3行目の列数が見出しの4列より多い行"),
        (f"{PERSON},x\n{PERSON},\n", "見出しのないE列に値があります（2行目"),
        (f"{PERSON}\n0000012,架空\n", "3行目の列数が見出しの4列より少ない行"),
        (f"{PERSON}\n\n{PERSON}\n", "3行目の列数が見出しの4列より少ない行"),
        (f"{PERSON}\n,,,\n{PERSON}\n", "3行目が空行"),
        (f"{PERSON}\n合計,1,698件\n", "3行目は合計などの行"),
        (f"{PERSON}\n合計,,,1698\n", "3行目は合計などの行"),
        (f"{PERSON}\n計,,,1698\n,,,\n", "3行目は合計などの行"),
        ('0000012,架空 "太郎",カクウ,0600000\n', "2行目付近の引用符"),
        ('0000012,"架空"太郎,カクウ,0600000\n', "2行目付近の引用符"),
        (f'{PERSON}\n0000012,"架空,カクウ,0600000\n', "3行目付近の引用符が閉じて"),
        ('0000012,"架空\n太郎",カクウ,0600000\n', "2行目の「氏名」に改行"),
        ('0000012,"架空\u2028太郎",カクウ,0600000\n', "2行目の「氏名」に改行"),
        (f"{PERSON}\r{PERSON}\n", "2行目付近に、単独の復帰文字"),
    ],
)
def test_a_damaged_row_stops_the_file_and_is_named(tmp_path: Path, body: str, told: str) -> None:
    assert told in refuse(tmp_path, f"{HEADER}\n{body}")


def test_a_row_that_a_quote_has_swallowed_is_found_though_the_width_is_right(
    tmp_path: Path,
) -> None:
    # Two stray quotes in a column that is dropped: three people, one record of the right width.
    lines = ['1,"備a,架空', "2,備b,架空", '3,備c",架空']
    content = "宛名番号,備考,氏名\n" + "\n".join(lines) + "\n"
    assert [len(row) for row in csv.reader(io.StringIO(content), strict=True)] == [3, 3]
    assert "2行目の引用符の中に" in refuse(tmp_path, content)


def test_an_honest_remark_of_several_lines_in_a_dropped_column_is_read(tmp_path: Path) -> None:
    result = read(tmp_path, '宛名番号,備考,氏名\r\n1,"一行目、\r\n二行目, 三",架空\r\n2,,架空\r\n')
    assert result.table["addressee_id"].tolist() == ["1", "2"]
    assert result.table["source_row"].tolist() == [2, 3]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\x1a", "\r\n\x1a", "\n\n\n"])
def test_the_end_of_a_file_may_be_written_in_many_ways(tmp_path: Path, end: str) -> None:
    assert rows_of(read(tmp_path, f"{HEADER}\n{PERSON}{end}")) == [CELLS]


def test_blank_rows_at_the_end_are_left_out_and_counted(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\n{PERSON}\n,,,\n,　,,\n")
    assert (result.rows_read, result.blank_rows) == (1, 2)
    assert rows_of(result) == [CELLS]


def test_two_files_copied_behind_each_other_are_refused(tmp_path: Path) -> None:
    assert "印（BOM）" in refuse(tmp_path, f"{HEADER}\n\ufeff{PERSON}\n")


def test_a_header_alone_is_a_table_of_no_rows(tmp_path: Path) -> None:
    result = read(tmp_path, HEADER)
    assert result.rows_read == 0 and list(result.table.columns) == [*COLUMNS, "source_row"]


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"\x1a"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "空です" in refuse(tmp_path, content)


def test_a_total_is_told_from_a_person() -> None:
    assert is_footer(["合計", "1", "698件"]) and is_footer(["", "総計：2", "", ""])
    assert is_footer(["計", "", "", "1698"])
    assert not is_footer(["計", "太郎", "ハカリ", "タロウ"]) and not is_footer(["1", "合計", ""])
    assert not is_footer(["", " "])


GRAMMAR_CELL = r'(?:=?"(?:[^"]|"")*"|[^",\r\n]*)'
GRAMMAR = re.compile(rf"(?:{GRAMMAR_CELL}(?:,{GRAMMAR_CELL})*\r?\n)+")
RAW = st.text(alphabet='",\n\r=aあ', max_size=24)


@STEADY
@given(RAW)
def test_the_scan_accepts_exactly_the_grammar_of_quoted_records(text: str) -> None:
    content = f"{text}\n"
    scan = scan_records(content.encode())
    assert (scan.problems == []) is (GRAMMAR.fullmatch(content) is not None)


CELL = st.text(
    alphabet=st.characters(
        codec="utf-8", exclude_characters="\x00\r\n\v\f\x85\u2028\u2029\ufeff\x1a"
    ),
    max_size=8,
)
GRID = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=5)
)


def write_grid(rows: list[list[str]], quoting: Literal[0, 1], end: str) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=quoting, lineterminator=end).writerows(rows)
    return written.getvalue()


@STEADY
@given(GRID, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
def test_any_grid_is_read_exactly_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    quoting: Literal[0, 1],
    end: str,
) -> None:
    headers = list(COLUMNS.values())[: len(rows[0]) if rows else 2]
    content = write_grid([[names[0] for names in headers], *rows], quoting, end)
    path = tmp_path_factory.mktemp("g")
    try:
        result = read(path, content)
    except FormError as error:
        assert "空行" in str(error) or "合計" in str(error)
        return
    expected = [[re.sub(r'^="([^"]*)"$', r"\1", cell) for cell in row] for row in rows]
    while expected and not any(cell.strip() for cell in expected[-1]):
        expected.pop()
    got = [row[: len(headers)] for row in rows_of(result)]
    assert got[: len(expected)] == expected
    assert all(not cell.strip() for row in got[len(expected) :] for cell in row)


@STEADY
@given(st.data())
def test_a_row_with_a_cell_more_or_less_is_never_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    widths = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    body = [",".join("x" * width) for width in widths]
    content = "\n".join([HEADER, *body]) + "\n"
    path = tmp_path_factory.mktemp("w")
    if all(width == 4 for width in widths):
        assert read(path, content).rows_read == len(widths)
    else:
        refuse(path, content)


@STEADY
@given(RAW)
def test_whatever_is_read_agrees_with_another_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    content = f"宛名番号,氏名\n{text}\n"
    try:
        result = read(tmp_path_factory.mktemp("r"), content)
    except FormError:
        return
    other = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True)][1:]
    expected = [[re.sub(r'^="([^"]*)"$', r"\1", cell) for cell in row] for row in other]
    expected = [row for row in expected if any(row)]
    assert [row[:2] for row in rows_of(result)] == [row[:2] for row in expected]
    assert all(not any(row[2:]) for row in expected)


# --- canonical bytes -----------------------------------------------------------------------

ANY_CELL = st.text(alphabet=st.characters(codec="utf-8"), max_size=10) | st.sampled_from(
    [
        "",
        "NA",
        "nan",
        '"',
        ",",
        "\r\n",
        "a\nb",
        "辻\U000e0100",
        "葛\U000e0100城",
        "𠮷",
        "\ufeff",
        "0012",
        "=",
    ]
)
NAMES = st.lists(
    ANY_CELL.filter(lambda name: name != "source_row"), min_size=1, max_size=4, unique=True
)


@STEADY
@given(st.data())
def test_any_table_of_text_comes_back_exactly(data: st.DataObject) -> None:
    names = data.draw(NAMES)
    size = data.draw(st.integers(0, 5))
    table = pd.DataFrame(
        {
            name: pd.Series(
                data.draw(st.lists(ANY_CELL, min_size=size, max_size=size)), dtype="str"
            )
            for name in names
        }
    )
    table["source_row"] = pd.Series(range(2, size + 2), dtype="int64")
    content = write_table(table)
    back = parse_table(content)
    pd.testing.assert_frame_equal(back, table, check_column_type=False)
    assert write_table(back) == content


def test_the_canonical_bytes_are_fixed() -> None:
    table = pd.DataFrame({"氏名": ['架"空', "NA"], "source_row": [2, 3]}, index=[7, 5])
    assert write_table(table) == '"氏名","source_row"\n"架""空","2"\n"NA","3"\n'.encode()


def test_dates_come_back_as_dates_and_none_as_none() -> None:
    table = pd.DataFrame({"birth_date": pd.Series([date(2008, 4, 2), None], dtype="object")})
    content = write_table(table)
    assert content == b'"birth_date"\n"2008-04-02"\n""\n'
    assert parse_table(content, dates=["birth_date"])["birth_date"].tolist() == [
        date(2008, 4, 2),
        None,
    ]
    assert parse_table(content)["birth_date"].tolist() == ["2008-04-02", ""]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": ["架空", None]}),
        pd.DataFrame({"a": [1.5]}),
        pd.DataFrame({1: ["x"]}),
        pd.DataFrame([["x", "y"]], columns=["a", "a"]),
        pd.DataFrame(),
        pd.DataFrame({"a": pd.to_datetime(["2008-04-02"])}),
        pd.DataFrame({"a": [True]}),
        pd.DataFrame({"a": pd.Series([date(2008, 4, 2), "x"], dtype="object")}),
    ],
)
def test_what_could_not_come_back_is_not_written(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError) as caught:
        write_table(table)
    assert "架空" not in str(caught.value)


@pytest.mark.parametrize("content", [b'"a","b"\n"1"\n', b'"a"\n"1', b'"a"\n"1"', b'"a"\nx"1"\n'])
def test_damaged_canonical_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(FormError):
        parse_table(content)
