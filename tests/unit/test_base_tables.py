"""CSV files: every row read right or listed by its number; and the canonical bytes of a table.

Right values: the regression inputs of formats.md §8 (numbers as there), the accidents A56 and A58,
and Python's own csv module as an independent reader.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base import encodings
from recruitlib.base.errors import FormError
from recruitlib.base.profiles import Profile
from recruitlib.base.rows import CONTROL, QUOTING, RETURN, SWALLOWED, TORN, WIDTH
from recruitlib.base.tables import (
    ReadTable,
    parse_table,
    read_headers,
    read_table,
    write_table,
)

STEADY = settings(deadline=None, derandomize=True)
SMALL = Profile(
    name="small",
    holds="registry",
    columns={
        "addressee_id": ("宛名番号", "識別コード"),
        "full_name": ("氏名",),
        "full_name_kana": ("氏名_フリガナ",),
        "postal_code": ("住所_郵便番号",),
    },
    required=("addressee_id",),
    known=("個人番号", "備考"),
    codes={},
    forms={},
    title_rows=2,
    footers=("合計", "計"),
)
STRICT = SMALL._replace(
    forms={"addressee_id": "[0-9]{1,15}", "full_name": r'[^\p{Cc}\p{Zl},"0-9]{0,40}'},
    codes={"full_name_kana": {"ナ": "na", "カクウ　タロウ": "kakuu"}},
)
HEADER = "宛名番号,氏名,氏名_フリガナ,住所_郵便番号"
PERSON = "0000012,架空　太郎,カクウ　タロウ,0600000"
CELLS = ["0000012", "架空　太郎", "カクウ　タロウ", "0600000"]


@pytest.fixture(autouse=True, params=[16, 1 << 23], ids=["tiny", "whole"])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # In pieces of a few bytes every row of a test crosses a seam.
    monkeypatch.setattr(encodings, "_CHUNK", request.param)


def read(
    tmp_path: Path, content: str | bytes, profile: Profile = SMALL, **fields: Any
) -> ReadTable:
    path = tmp_path / "registry.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, profile._replace(**fields))


def refuse(tmp_path: Path, content: str | bytes, profile: Profile = SMALL, **fields: Any) -> str:
    with pytest.raises(FormError) as caught:
        read(tmp_path, content, profile, **fields)
    message = str(caught.value)
    assert "registry.csv" in message
    assert_no_value(message)
    return message


def assert_no_value(text: str) -> None:
    for value in ("架空", "カクウ", "0600000", "0000012"):
        assert value not in text


def rows_of(result: ReadTable) -> list[list[str]]:
    return result.table.drop(columns="source_row").values.tolist()


def listed(result: ReadTable) -> list[tuple[int, str]]:
    """What was not read; every row of the file is in one place, and no reason holds a value."""
    assert result.rows_read == len(result.table) + len(result.quarantine)
    numbers = [*result.table["source_row"], *result.quarantine["source_row"]]
    assert len(set(numbers)) == result.rows_read
    for row in result.quarantine.itertuples(index=False):
        assert re.fullmatch("[0-9a-f]{64}", row.content)
        assert_no_value(row.reason)
    return list(result.quarantine[["source_row", "reason"]].itertuples(index=False, name=None))


# --- encodings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp932", "cp932"), ("utf-16", "utf-16-le")],
)
def test_each_encoding_gives_the_same_table_and_says_how_it_was_known(
    tmp_path: Path, codec: str, encoding: str
) -> None:
    result = read(tmp_path, f"{HEADER}\r\n{PERSON}\r\n".encode(codec))
    assert rows_of(result) == [CELLS]
    assert result.encoding == encoding
    assert result.how_decoded.endswith("。")


def test_the_byte_order_mark_is_no_part_of_a_quoted_first_header(tmp_path: Path) -> None:  # 4
    result = read(tmp_path, '"宛名番号"\n"1"\n'.encode("utf-8-sig"))
    assert result.table["addressee_id"].tolist() == ["1"]


def test_a_second_mark_is_no_part_of_it_either(tmp_path: Path) -> None:
    result = read(tmp_path, '\ufeff"宛名番号"\n"1"\n'.encode("utf-8-sig"))
    assert result.table["addressee_id"].tolist() == ["1"]


def test_windows_characters_survive(tmp_path: Path) -> None:  # 5: shift_jis lacks all of these
    names = "髙﨑Ⅲ㎝①㈱～∥－￢"
    result = read(tmp_path, f"宛名番号,氏名\r\n1,{names}\r\n".encode("cp932"))
    assert result.table["full_name"].tolist() == [names]


def test_nothing_is_normalised(tmp_path: Path) -> None:  # 17, 20
    names = ["葛\U000e0100城", "\ufa67", "が", "\u304b\u3099", "ｶﾞ", "\U00020bb7", "\ue000"]
    result = read(tmp_path, "宛名番号,氏名\n" + "".join(f"1,{name}\n" for name in names))
    assert result.table["full_name"].tolist() == names


# --- headers -------------------------------------------------------------------------------


def test_all_header_problems_are_told_at_once(tmp_path: Path) -> None:
    message = refuse(tmp_path, "氏名,氏　名,電話\n架空,カクウ,0600000\n")
    assert "3件の問題" in message
    assert "A列とB列" in message and "C列（3列目）の見出し" in message
    assert "電話" not in message and "「宛名番号」がありません" in message


def test_two_aliases_of_one_column_are_refused(tmp_path: Path) -> None:
    assert "A列とB列" in refuse(tmp_path, "宛名番号,識別コード\n1,2\n")


def test_a_file_without_headers_is_refused_without_showing_its_first_person(tmp_path: Path) -> None:
    assert "見出しの行が見つかりません" in refuse(tmp_path, f"{PERSON}\n{PERSON}\n")


def test_another_delimiter_than_the_profiles_is_refused(tmp_path: Path) -> None:
    content = f"{HEADER}\n{PERSON}\n".replace(",", ";")
    assert "区切りの文字" in refuse(tmp_path, content)
    assert rows_of(read(tmp_path, content, delimiter=";")) == [CELLS]
    assert rows_of(read(tmp_path, content.replace(";", "\t"), delimiter="\t")) == [CELLS]


def test_titles_above_the_header_are_counted_and_the_rows_keep_their_numbers(
    tmp_path: Path,
) -> None:
    result = read(tmp_path, f"住民の一覧\n\n{HEADER}\n{PERSON}\n")
    assert (result.title_rows, result.table["source_row"].tolist()) == (2, [4])
    assert "見出しの行が見つかりません" in refuse(tmp_path, f"a\nb\nc\n{HEADER}\n{PERSON}\n")


def test_a_header_of_two_rows_is_read(tmp_path: Path) -> None:
    result = read(tmp_path, f"宛名番号,本人,,住所\n,氏名,氏名_フリガナ,郵便番号\n{PERSON}\n")
    assert (rows_of(result), result.table["source_row"].tolist()) == ([CELLS], [3])


def test_headers_are_given_as_they_stand_for_whoever_compares_them(tmp_path: Path) -> None:
    path = tmp_path / "registry.csv"
    path.write_text(f"題名\nＱ１．氏名（必須）,宛名番号,知らない\n{PERSON}\n", encoding="utf-8")
    assert read_headers(path, SMALL) == ["Ｑ１．氏名（必須）", "宛名番号", "知らない"]


def test_a_file_of_which_nothing_would_be_read_is_refused(tmp_path: Path) -> None:
    message = refuse(tmp_path, "個人番号,備考\n1,2\n", required=())
    assert "読む列の見出しが一つもありません" in message


def test_two_files_copied_behind_each_other_are_refused_or_listed(tmp_path: Path) -> None:
    assert "印（BOM）" in refuse(tmp_path, f"{HEADER}\n\ufeff{PERSON}\n")
    for mark in ("", "\ufeff"):
        result = read(tmp_path, f"{HEADER}\n{PERSON}\n{mark}{HEADER}\n{PERSON}\n")
        assert rows_of(result) == [CELLS, CELLS]
        assert [row for row, _ in listed(result)] == [3]
    result = read(tmp_path, f"{HEADER}\n{PERSON}\n\x1a{HEADER}\n{PERSON}\n")
    assert listed(result) == [(3, CONTROL)] and rows_of(result) == [CELLS, CELLS]


# --- rows that are read --------------------------------------------------------------------


def test_text_stays_text(tmp_path: Path) -> None:  # 1, 2, 21, A58
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
    assert list(result.table.columns) == [*SMALL.columns, "source_row"]
    assert rows_of(result) == [CELLS] and result.dropped == ["個人番号", "備考"]


def test_the_order_in_the_file_does_not_matter_and_absent_columns_are_empty(tmp_path: Path) -> None:
    result = read(tmp_path, "氏名,識別コード\n架空,1\n")
    assert rows_of(result) == [["1", "架空", "", ""]]
    assert result.absent == ["full_name_kana", "postal_code"]


def test_what_the_file_does_not_have_is_filled_as_the_profile_says(tmp_path: Path) -> None:
    result = read(tmp_path, "宛名番号\n1\n2\n", fixed={"kind": "5"})
    assert result.table["kind"].tolist() == ["5", "5"] and "kind" not in result.absent


def test_zeros_in_a_spreadsheet_wrapping_are_taken_out(tmp_path: Path) -> None:
    result = read(tmp_path, '宛名番号,氏名\n="0012","=""0013"""\n="",=1+1\n')
    assert rows_of(result) == [["0012", "0013", "", ""], ["", "=1+1", "", ""]]
    result = read(tmp_path, '="宛名番号",="氏名"\n="0012",="架空"\n')
    assert rows_of(result) == [["0012", "架空", "", ""]]


def test_empty_cells_behind_every_row_are_reported_not_shifted(tmp_path: Path) -> None:  # 3, A56
    result = read(tmp_path, f"{HEADER}\n{PERSON},\n{PERSON},\n")
    assert rows_of(result) == [CELLS, CELLS] and result.surplus_columns == 1
    result = read(tmp_path, f"{HEADER},,\n{PERSON},,\n")
    assert rows_of(result) == [CELLS] and result.surplus_columns == 2


def test_a_comma_behind_the_header_alone_makes_no_column(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER},\n{PERSON}\n{PERSON}\n")
    assert rows_of(result) == [CELLS, CELLS] and result.surplus_columns == 0


def test_an_honest_remark_of_several_lines_is_read_as_it_stands(tmp_path: Path) -> None:
    content = '宛名番号,備考,氏名\r\n1,"一行目、\r\n二行目, 三","架\r\n空"\r\n2,,仮\r\n'
    result = read(tmp_path, content)
    assert result.table["full_name"].tolist() == ["架\r\n空", "仮"]
    assert result.table["source_row"].tolist() == [2, 3]
    # beside a damaged row the lines are looked at one by one, with the same result
    result = read(tmp_path, f"{content}3,仮\r\n4,,仮\r\n")
    assert result.table["full_name"].tolist() == ["架\r\n空", "仮", "仮"]
    assert listed(result) == [(4, WIDTH)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\r\r\n", "\x1a", "\r\n\x1a", "\n\n\n"])
def test_the_end_of_a_file_may_be_written_in_many_ways(tmp_path: Path, end: str) -> None:
    assert rows_of(read(tmp_path, f"{HEADER}\n{PERSON}{end}")) == [CELLS]


def test_the_lines_of_an_old_macintosh_are_rows(tmp_path: Path) -> None:
    content = f'{HEADER}\r{PERSON}\r1,"a\nb",,\r'
    assert rows_of(read(tmp_path, content)) == [CELLS, ["1", "a\nb", "", ""]]


def test_lines_that_end_in_different_ways_are_rows(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\r\n{PERSON}\r{PERSON}\n{PERSON}\r\r\n{PERSON}")
    assert rows_of(result) == [CELLS] * 4
    assert result.table["source_row"].tolist() == [2, 3, 4, 5]


def test_rows_without_a_value_are_left_out_and_counted_wherever_they_stand(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\n\n{PERSON}\n,,,\n　, ,,\n{PERSON}\n,,,\n,　,,\n\n")
    assert (result.rows_read, result.blank_rows) == (2, 6)
    assert result.table["source_row"].tolist() == [3, 6]


def test_a_row_that_has_a_value_only_where_nothing_is_read_is_a_row(tmp_path: Path) -> None:
    result = read(tmp_path, "宛名番号,備考\n\n,x\n,\n,y\n")
    assert (result.rows_read, result.blank_rows) == (2, 2)
    assert result.table["source_row"].tolist() == [3, 5]


@pytest.mark.parametrize(
    "total",
    ["合計,1,698件", "合計,,,1698", "計,,,1698\n,,,", "\n合計：1,698件", '"合計","1,698件"'],
)
def test_a_total_below_the_last_person_is_counted_and_no_person(tmp_path: Path, total: str) -> None:
    result = read(tmp_path, f"{HEADER}\n{PERSON}\n{total}\n")
    assert rows_of(result) == [CELLS]
    assert (result.footer_rows, result.rows_read) == (1, 1)


def test_a_total_between_people_is_listed(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\n{PERSON}\n小計,1件\n{PERSON}\n")
    assert rows_of(result) == [CELLS, CELLS] and listed(result) == [(3, WIDTH)]


def test_a_header_alone_is_a_table_of_no_rows(tmp_path: Path) -> None:
    for content in (HEADER, f"{HEADER}\n", f"{HEADER}\n,,,\n", f'"{HEADER[:4]}"\x1a'):
        result = read(tmp_path, content)
        assert result.rows_read == 0
        assert list(result.table.columns) == [*SMALL.columns, "source_row"]


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"\x1a", b"\xff\xfe"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "空です" in refuse(tmp_path, content)


def test_a_mark_within_a_cell_is_text_at_the_start_of_a_piece_too(tmp_path: Path) -> None:
    rows = "".join(f"\ufeff{number},\ufeff\n" for number in range(20))
    result = read(tmp_path, f"宛名番号,氏名\n0,x\n{rows}")
    assert result.table["addressee_id"].tolist()[1:] == [f"\ufeff{number}" for number in range(20)]


def test_huge_cells_and_rows_of_many_cells_harm_no_other_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = "あ" * 200_000
    monkeypatch.setattr(encodings, "_CHUNK", 1 << 16)
    result = read(tmp_path, f'{HEADER}\n{PERSON}\n1,{huge},"{huge}",\n1{",x" * 998}\n{PERSON}\n')
    assert rows_of(result) == [CELLS, ["1", huge, huge, ""], CELLS]
    assert listed(result) == [(4, WIDTH)]


# --- rows that are listed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"{PERSON},\n{PERSON}\n{PERSON}\n", [(2, WIDTH)]),  # A56
        (f"{PERSON},\n{PERSON},\n{PERSON}\n", [(4, WIDTH)]),
        (f"{PERSON}\n{PERSON},x\n{PERSON}\n", [(3, WIDTH)]),
        (f"{PERSON},x\n{PERSON},\n{PERSON},\n", [(2, "見出しのない列に値があります")]),
        (f"{PERSON}\n0000012,架空\n", [(3, WIDTH)]),
        (f'{PERSON}\n0000012,架空 "太郎",カクウ,0600000\n', [(3, QUOTING)]),
        (f'0000012,"架空"太郎,カクウ,0600000\n{PERSON}\n', [(2, QUOTING)]),
        (f'{PERSON}\n0000012,"架空,カクウ,0600000\n', [(3, QUOTING)]),
        (f"{PERSON}\n0000012,架\r空,カクウ,0600000\n", [(3, RETURN)]),
        (f"{PERSON}\n0000012,架\x00空,カクウ,0600000\n{PERSON}\n", [(3, CONTROL)]),
        (f"{PERSON}\n0000012,架空,カ\nクウ,0600000\n", [(3, WIDTH), (4, WIDTH)]),
        (f"{PERSON}\n0000012,架空,カクウ,0600\n000\n", [(3, TORN), (4, WIDTH)]),
    ],
)
def test_a_damaged_row_is_listed_and_the_others_are_read(
    tmp_path: Path, body: str, found: list[tuple[int, str]]
) -> None:
    result = read(tmp_path, f"{HEADER}\n{body}")
    assert listed(result) == found
    numbers = {row for row, _ in found}
    others = [row for row in range(2, 2 + result.rows_read) if row not in numbers]
    assert result.table["source_row"].tolist() == others
    assert rows_of(result) == [CELLS] * len(others)


def test_in_one_row_alone_an_empty_cell_behind_may_be_a_comma_too_many(tmp_path: Path) -> None:
    assert listed(read(tmp_path, f"{HEADER}\n1,,架空,カクウ,\n")) == [(2, WIDTH)]


def test_a_row_that_lost_a_comma_is_not_filled_up_where_all_end_with_one(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\n{PERSON},\n{PERSON},\n0000012,架空 カクウ,0600000,\n")
    assert listed(result) == [(4, WIDTH)] and rows_of(result) == [CELLS, CELLS]


def test_rows_that_a_quote_has_swallowed_are_listed_though_the_width_is_right(
    tmp_path: Path,
) -> None:
    # Two stray quotes in a column that is dropped: three people, one record of the right width.
    lines = ['1,"備a,架空', "2,備b,架空", '3,備c",架空']
    content = "宛名番号,備考,氏名\n" + "\n".join(lines) + "\n4,,仮\n"
    assert [len(row) for row in csv.reader(io.StringIO(content), strict=True)] == [3, 3, 3]
    result = read(tmp_path, content)
    assert listed(result) == [(2, SWALLOWED), (3, SWALLOWED), (4, SWALLOWED)]
    assert result.table["source_row"].tolist() == [5]


def test_a_remark_that_looks_like_a_row_makes_no_person(tmp_path: Path) -> None:
    result = read(tmp_path, f'{HEADER}\n1,"よろしく\n{PERSON}\nです",,\n{PERSON}\n')
    assert [row for row, _ in listed(result)] == [2, 3, 4]
    assert result.table["source_row"].tolist() == [5]


def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path) -> None:
    result = read(tmp_path, f'{HEADER}\n1,"架空,カクウ,0600000\n' + f"{PERSON}\n" * 500)
    assert listed(result) == [(2, QUOTING)] and rows_of(result) == [CELLS] * 500


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("x,架空,ナ,", ["「宛名番号」の形が違います"]),
        ('1,"架空\n太郎",ナ,', ["「氏名」の形が違います"]),
        ('1,"架空\u2028太郎",ナ,', ["「氏名」の形が違います"]),
        ("1,架空,ニ,", ["「氏名_フリガナ」が符号表にない符号です"]),
        ("ナ,1,架空,", ["「宛名番号」", "「氏名」", "「氏名_フリガナ」"]),
    ],
)
def test_a_cell_without_the_form_or_the_code_of_its_column_lists_its_row(
    tmp_path: Path, row: str, reasons: list[str]
) -> None:
    result = read(tmp_path, f"{HEADER}\n{PERSON}\n{row}\n{PERSON}\n", STRICT)
    assert rows_of(result) == [CELLS, CELLS]
    found = listed(result)
    assert [number for number, _ in found] == [3]
    assert all(reason in found[0][1] for reason in reasons)


def test_the_digest_of_a_listed_row_tells_rows_apart(tmp_path: Path) -> None:
    result = read(tmp_path, f"{HEADER}\n1,a\n1,a\n1,b\nx,架空,ナ,\ny,架空,ナ,\n", STRICT)
    digests = result.quarantine["content"].tolist()
    assert len(digests) == 5 and digests[0] == digests[1] and len(set(digests)) == 4


def test_so_many_broken_rows_are_another_layout_and_refuse_the_file(tmp_path: Path) -> None:
    for broken, whole in ((21, 0), (21, 300)):
        message = refuse(tmp_path, f"{HEADER}\n" + "1,a\n" * broken + f"{PERSON}\n" * whole)
        assert WIDTH in message and "2、3、4、5、6、7、8、9、10、11行目ほか11行" in message
        assert "読めない行が多すぎます" in message
    for broken, whole in ((20, 0), (21, 500)):
        result = read(tmp_path, f"{HEADER}\n" + "1,a\n" * broken + f"{PERSON}\n" * whole)
        assert (len(result.quarantine), len(result.table)) == (broken, whole)


# --- by chance -----------------------------------------------------------------------------

CELL = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r\n\ufeff\x1a"), max_size=8
)
GRID = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=5)
)
RAW = st.text(alphabet='",\n\r=aあ', max_size=24)


def write_grid(rows: list[list[str]], quoting: Literal[0, 1], end: str) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=quoting, lineterminator=end).writerows(rows)
    return written.getvalue()


@STEADY
@given(GRID, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
def test_any_grid_of_another_writer_is_read_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    quoting: Literal[0, 1],
    end: str,
) -> None:
    headers = list(SMALL.columns.values())[: len(rows[0]) if rows else 2]
    content = write_grid([[names[0] for names in headers], *rows], quoting, end)
    result = read(tmp_path_factory.mktemp("g"), content, footers=())
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    expected = [[re.sub(r'^="([^"]*)"$', r"\1", cell) for cell in row] for row in filled]
    assert [row[: len(headers)] for row in rows_of(result)] == expected
    assert (result.blank_rows, listed(result)) == (len(rows) - len(filled), [])


@STEADY
@given(st.lists(st.integers(1, 7), min_size=3, max_size=6))
def test_a_row_with_a_cell_more_or_less_is_never_read(
    tmp_path_factory: pytest.TempPathFactory, widths: list[int]
) -> None:
    body = [",".join("x" * width) for width in widths]
    result = read(tmp_path_factory.mktemp("w"), "\n".join([HEADER, *body]) + "\n")
    right = [number for number, width in enumerate(widths, 2) if width == 4]
    # A line of one cell may be a part of its neighbours.
    near = {at + shift for at, width in enumerate(widths, 2) if width == 1 for shift in (-1, 1)}
    assert result.table["source_row"].tolist() == [row for row in right if row not in near]
    assert len(listed(result)) + len(result.table) == len(widths)


@STEADY
@given(RAW)
def test_whatever_is_read_agrees_with_another_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    content = f"宛名番号,氏名\n{text}\n"
    result = read(tmp_path_factory.mktemp("r"), content)
    if len(result.quarantine):
        return
    other = list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:]
    filled = [row for row in other if any(cell.strip() for cell in row)]
    expected = [[re.sub(r'^="([^"]*)"$', r"\1", cell) for cell in row] for row in filled]
    assert [row[:2] for row in rows_of(result)] == expected


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
