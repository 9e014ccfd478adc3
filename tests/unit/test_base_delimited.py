"""Records of delimited text: quoting taken strictly, and a broken row costs no other.

Right values: the grammar of RFC 4180 as a regular expression of its own, and Python's csv module.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.delimited import Block, iterate_blocks, mend_block, read_head
from recruitlib.base.encodings import prove_encoding
from recruitlib.base.errors import FormError
from recruitlib.base.quoting import scan_records, split_record, swallows_lines, take_record
from recruitlib.base.rows import (
    CONTROL,
    QUOTING,
    RETURN,
    SWALLOWED,
    TORN,
    WIDTH,
    Shape,
    list_rows,
)

STEADY = settings(deadline=None, derandomize=True)
SHAPE = Shape(",", 4, 0, ("合計",))
GRAMMAR_CELL = r'(?:"(?:[^"]|"")*"|="[^",\r\n]*"|[^",\r\n]*)'
GRAMMAR = re.compile(rf"(?:{GRAMMAR_CELL}(?:,{GRAMMAR_CELL})*\r?\n)+")
RAW = st.text(alphabet='",\n\r=aあ', max_size=24)


def take_all(text: str, final: bool = True, shape: Shape = SHAPE) -> list[tuple[str, str]]:
    """The first cell and the reason of every row."""
    lines = text.encode().split(b"\n")
    return [
        (row.cells[0] if row.cells else "", row.reason) for row in list_rows(lines, final, shape)
    ]


# --- quoting -------------------------------------------------------------------------------


@STEADY
@given(RAW)
def test_the_scan_accepts_exactly_the_grammar_of_quoted_records(text: str) -> None:
    content = f"{text}\n"
    assert scan_records(content.encode()).sound is (GRAMMAR.fullmatch(content) is not None)


@STEADY
@given(RAW)
def test_the_cells_of_a_sound_record_are_those_of_another_reader(text: str) -> None:
    content = f"{text}\n".encode()
    scan = scan_records(content)
    other = (
        list(csv.reader(io.StringIO(f"{text}\n", newline=""), strict=True)) if scan.sound else []
    )
    assert len(other) == (len(scan.ends) if scan.sound else 0)
    for record, cells in enumerate(other):
        assert split_record(content, scan, record) == (cells or [""])
        assert scan.widths[record] == len(cells or [""])


@STEADY
@given(RAW, st.sampled_from([",", ";", "\t"]))
def test_a_record_taken_by_lines_is_the_one_that_the_scan_finds(text: str, delimiter: str) -> None:
    text = text.replace(",", delimiter)
    content = f"{text}\n".encode()
    scan = scan_records(content, delimiter)
    found = take_record(content.split(b"\n")[:-1], 0, delimiter)
    if scan.sound:
        assert found is not None and not found.has_return
        assert found.cells == split_record(content, scan, 0, delimiter)


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,"a ""b"" c",', ["1", 'a "b" c', ""]),
        ('="0012","=""0013""",=1+1', ['="0012"', '="0013"', "=1+1"]),
        ("", [""]),
        ('"",', ["", ""]),
        ("a\r\r", ["a"]),
    ],
)
def test_a_right_record_gives_its_cells(line: str, cells: list[str]) -> None:
    found = take_record([line.encode()], 0, ",")
    assert found is not None and found.cells == cells


@pytest.mark.parametrize(
    "line", ['a "b"', '"a"b', '"a" ,b', ' "a",b', '"a', 'a"', '="a"b', '="a,b"', '""a""']
)
def test_a_quote_in_another_place_makes_no_record(line: str) -> None:
    assert take_record([line.encode()], 0, ",") is None


def test_a_cell_of_many_lines_is_one_record_and_an_open_one_is_none() -> None:
    lines = [b'1,"a', *[b"b"] * 100, b'c",d']
    found = take_record(lines, 0, ",")
    assert found is not None and (found.following, len(found.cells)) == (102, 3)
    assert take_record([b'1,"a', *[b"b"] * 400, b'c",d'], 0, ",") is None


def test_a_huge_cell_is_a_cell() -> None:  # Python's own reader refuses more than 131,072
    huge = "あ" * 300_000
    found = take_record([f'1,"{huge}"'.encode()], 0, ",")
    assert found is not None and found.cells == ["1", huge]


@pytest.mark.parametrize(
    ("cell", "width", "swallowed"),
    [
        ("一行目、\n二行目, 三", 4, False),
        ("a,b\n3,c,d", 4, True),
        ("a\n2,b,c,d\nx", 4, True),
        ("a\r2,b,c,d", 4, True),
        ("a\nb\nc,d\n2,e,f", 4, True),  # lines of its own among the swallowed ones
        ("a,b,c,d", 4, False),
        ("a\nb", 1, False),
        ("a\nb", 2, False),
        ("a\n2,b", 2, True),
    ],
)
def test_a_cell_that_may_hold_whole_rows_is_known_by_its_delimiters(
    cell: str, width: int, swallowed: bool
) -> None:
    assert swallows_lines(["1", cell, "x\ny"], width, ",") is swallowed


# --- rows ----------------------------------------------------------------------------------

ROW = "{},架空,カクウ,0600000"
ONE, TWO, SIX = (ROW.format(number) for number in (1, 2, 6))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("3,架空,カクウ", WIDTH),
        ("3,架空,カクウ,0600000,", WIDTH),
        ("3,架空，カクウ,0600000", WIDTH),
        (f"{ROW.format(3)}{ROW.format(4)}", WIDTH),
        ('3,架空 "太郎",カクウ,0600000', QUOTING),
        ('3,"架空,カクウ,0600000', QUOTING),
        ('3,架空",カクウ,0600000', QUOTING),
        ('3, "架空",カクウ,0600000', QUOTING),
        ("3,架\r空,カクウ,0600000", RETURN),
        ('3,"架空",カ\rク,0600000', RETURN),
        ("3,架\x00空,カクウ,0600000", CONTROL),
        ("3,架\x1a空,カクウ,0600000", CONTROL),
    ],
)
def test_a_broken_row_costs_no_other(line: str, reason: str) -> None:
    rows = take_all("\n".join([ONE, TWO, line, SIX]))
    assert rows[:2] == [("1", ""), ("2", "")] and rows[3:] == [("6", "")]
    assert rows[2][1] == reason


@pytest.mark.parametrize(
    ("joined", "reasons"),
    [
        # the same column: one record of the right width
        (['3,"架空,カクウ,0', "4,架空,カクウ,0", '5,架",カクウ,0'], [SWALLOWED] * 3),
        (['3,"架空,カクウ,0', '4,架",カクウ,0'], [SWALLOWED] * 2),
        # other columns: one record of another width
        (['3,"架空,カクウ,0', "4,架空,カクウ,0", '5,架空,カクウ",0'], [SWALLOWED] * 3),
        (['3,架空,カクウ,"0', '4",架空,カクウ,0'], [WIDTH, QUOTING]),
    ],
)
def test_two_stray_quotes_cost_no_row_outside_them_and_lose_none_between(
    joined: list[str], reasons: list[str]
) -> None:
    rows = take_all("\n".join([ONE, *joined, SIX]))
    assert [reason for _, reason in rows] == ["", *reasons, ""]


def test_what_looks_like_a_row_in_somebodys_remark_is_no_row() -> None:
    rows = take_all("\n".join([ONE, '3,"よろしく', "9,別人,ベツジン,0600000", 'です",カ,0', SIX]))
    assert [reason for _, reason in rows] == ["", SWALLOWED, SWALLOWED, SWALLOWED, ""]


def test_a_record_of_several_lines_with_a_wrong_width_is_one_broken_row() -> None:
    rows = take_all("\n".join([ONE, '3,"架空\n二段目",カクウ', SIX]))
    assert rows == [("1", ""), ("3", WIDTH), ("6", "")]


@pytest.mark.parametrize(
    ("lines", "reasons"),
    [
        # the end of the row above, or the start of the row below?
        (["3,架空,カクウ,06", "00000"], ["", TORN, WIDTH, TORN, ""]),
        (["3", "4,架空,カクウ,0600000"], [TORN, WIDTH, TORN, "", ""]),
        (["3,架空,カクウ,06", "", "00000"], ["", TORN, "", WIDTH, TORN, ""]),
        (["3,架空,カクウ,06", '000"00'], ["", TORN, QUOTING, TORN, ""]),
        # no part is a whole row
        (["3,架空", "カクウ,0600000"], ["", WIDTH, WIDTH, "", ""]),
    ],
)
def test_a_torn_row_takes_its_neighbours_where_nobody_can_tell_whose_it_is(
    lines: list[str], reasons: list[str]
) -> None:
    rows = take_all("\n".join([ONE, *lines, SIX, ROW.format(7)]))
    assert [reason for _, reason in rows] == reasons


def test_a_row_of_several_lines_above_a_wrong_quote_is_not_believed() -> None:
    # The stray quote of 2 is closed by the first quote of 3, whose cell begins with a line break.
    rows = take_all("\n".join([ONE, '2,架空,カクウ,"06', '3,架空,"', 'メモ",0600000', SIX]))
    assert rows == [("1", ""), ("2", TORN), ("", QUOTING), ("6", TORN)]


def test_what_may_go_on_or_end_the_file_is_kept_for_the_next_piece() -> None:
    text = "\n".join([ONE, TWO, ROW.format(3)])
    assert take_all(text, final=False) == [("1", ""), ("2", "")]
    assert take_all(f"{text}\n合計,3件", final=False) == [("1", ""), ("2", "")]
    assert take_all(f"{text}\n,,,\n\n", final=False) == [("1", ""), ("2", "")]
    assert take_all(f'{text}\n4,"架空', final=False) == [("1", ""), ("2", "")]
    assert take_all(f"{text}\n00000", final=False) == [("1", ""), ("2", "")]


# --- blocks --------------------------------------------------------------------------------


def read_blocks(tmp_path: Path, text: str, shape: Shape = SHAPE) -> list[Block]:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode())
    return list(iterate_blocks(path, prove_encoding(path), shape, 1, 1))


def test_the_head_is_the_first_records_and_how_many_lines_they_take(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('題名\n"宛名\n番号",氏名\n1,架空\n2,仮\n', encoding="utf-8")
    records, ends = read_head(path, prove_encoding(path), ",", 3)
    assert records == [["題名"], ["宛名\n番号", "氏名"], ["1", "架空"]]
    assert ends == [1, 3, 4]


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "空です"), ("\n\r\n", "空です"), ("\x1a", "空です"), (' "a",b\n', "引用符の位置が不正")],
)
def test_a_head_of_nothing_is_refused(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(FormError, match=told):
        read_head(path, prove_encoding(path), ",", 3)


@pytest.mark.parametrize(
    ("tail", "blank", "footers"),
    [
        ("", 0, 0),
        ("\n\n\n", 3, 0),
        (",,,\n,　,,\n", 2, 0),
        ("合計,2件\n", 0, 1),
        ("\n合計,2件\n,,,\n", 2, 1),
        ("合計,,,2\r\n\x1a", 0, 1),
        ('"","","",""\n', 1, 0),
    ],
)
def test_what_stands_below_the_last_person_is_counted(
    tmp_path: Path, tail: str, blank: int, footers: int
) -> None:
    blocks = read_blocks(tmp_path, f"header\n{ONE}\n{TWO}\n{tail}")
    assert [row for block in blocks for row in block.rows] == [2, 3]
    assert (sum(block.blank for block in blocks), sum(block.footers for block in blocks)) == (
        blank,
        footers,
    )


def test_a_hundred_thousand_blank_rows_below_take_no_time(tmp_path: Path) -> None:
    # Cutting the text once for each of them took minutes.
    text = f"header\n{ONE}\n" + f"{TWO}\n" * 100_000 + ",,,\n" * 100_000
    blocks = read_blocks(tmp_path, text)
    assert sum(block.blank for block in blocks) == 100_000
    assert sum(len(block.rows) for block in blocks) == 100_001


def test_lines_that_end_in_three_ways_are_all_rows_with_their_own_numbers(tmp_path: Path) -> None:
    text = f"header\r\n{ONE}\r\n{TWO}\r{ROW.format(3)}\n{ROW.format(4)}\r\r\n{SIX}"
    blocks = read_blocks(tmp_path, text)
    assert [row for block in blocks for row in block.rows] == [2, 3, 4, 5, 6]
    written = b"".join(block.content for block in blocks).decode().splitlines()
    assert written == [ONE, TWO, ROW.format(3), ROW.format(4), SIX]


def test_mending_keeps_every_row_once(tmp_path: Path) -> None:
    block = read_blocks(tmp_path, f"header\n{ONE}\n\n3,架空\n{SIX}\n")[0]
    assert block.rows.tolist() == [2, 3, 4, 5] and not block.mended
    mended = mend_block(block, SHAPE)
    assert (mended.rows.tolist(), mended.blank) == ([2, 5], 1)
    assert [(row.row, row.reason) for row in mended.broken] == [(4, WIDTH)]
    assert re.fullmatch("[0-9a-f]{64}", mended.broken[0].content)
