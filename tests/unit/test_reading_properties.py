"""Files made by chance: what was written is read back, and no damage ever becomes a value.

Right values: the cells as they were written, Python's own csv module as a second reader, and the
calendar of Python with the eras as the law gives them. Half of the files are read in pieces of a
few bytes, so that every row crosses a seam between two pieces.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from recruitlib.base import encodings
from recruitlib.base.dates import parse_date
from recruitlib.base.profiles import Profile, read_profile
from recruitlib.base.tables import ReadTable, read_table
from recruitlib.registry.extract import read_extract

STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
STANDARD = read_profile(Path(__file__).parents[2] / "params/profiles/registry_standard.yaml")
CHUNKS = (16, 40, 90, 4_096, 4_096, 4_096)  # bytes; most files are longer than the first three


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


@contextmanager
def pieces_of(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_CHUNK", size)
        yield


def read(folder: Path, content: bytes, profile: Profile, chunk: int) -> ReadTable:
    path = folder / "people.csv"
    path.write_bytes(content)
    with pieces_of(chunk):
        return read_table(path, profile)


def rows_of(result: ReadTable) -> list[list[str]]:
    return result.table.drop(columns="source_row").values.tolist()


def write_cell(cell: str, delimiter: str, quoting: str) -> str:
    """Quote as RFC 4180 says: always, never where a number, or only where it must be."""
    bare = not re.search(rf'["\r\n{delimiter}]', cell)
    if bare and (
        quoting == "minimal" or (quoting == "nonnumeric" and re.fullmatch("[0-9]+", cell))
    ):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def write_line(cells: Sequence[str], delimiter: str, quoting: str) -> str:
    return delimiter.join(write_cell(cell, delimiter, quoting) for cell in cells)


# --- (a) what is written is read back ------------------------------------------------------

HEADERS = ("番号", "氏名", "カナ", "住所", "備考")  # 備考 is dropped
PLAIN = Profile(
    name="plain",
    holds="applications",
    columns={"id": ("番号",), "name": ("氏名",), "kana": ("カナ",), "home": ("住所",)},
    required=(),
    known=("備考",),
    codes={},
    forms={},
    title_rows=3,
    footers=("合計", "計"),
)
# 〜 and others come back from CP932 as another character; Windows writes neither C1 controls nor
# the bytes A0 and FD to FF, which the codec lets pass.
IN_CP932 = "".join(
    mark
    for mark in map(chr, [*range(1, 0xD800), *range(0xE000, 0x10000)])
    if mark.encode("cp932", "ignore").decode("cp932") == mark
    and not re.match("[\x80-\xa0\uf8f0-\uf8f3]", mark)
)
NO_CELL = "\x00\x1a"  # NUL is damage; the end of a DOS file cannot be told from a cell's last mark
HARD = st.sampled_from(
    ["", "NA", "nan", "null", "0012", "0600000", " ", "　", "=1+1", '="0012"', '"', '""', "a,b", ";",
     "\t", "a,b\nc", "\n,;\t", ",\r\n,", "a\nb", "a\r\nb", "a\rb", "\r", "\n", "髙﨑①", "ﾊﾝｶｸ", "-", "1e5", "TRUE", "，", " x "]
)  # fmt: skip
ANY_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters=NO_CELL), max_size=6)
WINDOWS_TEXT = st.text(alphabet=st.sampled_from(IN_CP932), max_size=6).map(
    lambda text: text.translate({ord(mark): None for mark in NO_CELL})
)
CODECS = ("utf-8", "utf-8-sig", "cp932", "utf-16-le", "utf-16-be")
MARKS = {"utf-8-sig": "", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}
TITLES = ("住民の抽出一覧", "令和8年5月18日現在", "", "以下のとおり")


class Written(NamedTuple):
    """A file, and how it was made."""

    content: bytes
    text: str
    headers: list[str]
    rows: list[list[str] | None]  # in order below the header; None is the total
    titles: int
    delimiter: str
    end: str
    surplus: int


@st.composite
def written_files(draw: st.DrawFn) -> Written:
    codec = draw(st.sampled_from(CODECS))
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    quoting = draw(st.sampled_from(["minimal", "all", "nonnumeric"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    headers = list(draw(st.permutations(HEADERS)))[: draw(st.integers(2, 5))]
    assume(headers != ["備考"])
    cell = HARD | (WINDOWS_TEXT if codec == "cp932" else ANY_TEXT)
    size = len(headers)
    rows = draw(st.lists(st.lists(cell, min_size=size, max_size=size), max_size=6))
    # A second mark in front of the first person says that a file was put behind another one.
    assume(not rows or not rows[0][0].startswith("\ufeff"))
    blank = st.sampled_from([[""], [""] * size, [" "] * size, ["　", *[""] * (size - 1)]])
    for place in draw(st.lists(st.integers(0, len(rows)), max_size=2)):
        rows.insert(place, draw(blank))
    filled = sum(map(is_filled, rows))
    # Of one row alone nobody can tell an empty cell behind it from a comma too many within it.
    surplus = draw(st.integers(0, 2)) if filled > 1 else 0
    lines = [
        row[0] if len(row) == 1 else write_line([*row, *[""] * surplus], delimiter, quoting)
        for row in rows
    ]
    below: list[list[str] | None] = [*rows]
    total = draw(
        st.sampled_from(["", f"合計{delimiter}{filled}件", f"合計：{filled}件", "計 2 名"])
    )
    if total:  # above, among or below the blank rows at the end that hold no line break either
        firm = [is_filled(row) or re.search(r"\r|\n", "".join(row)) for row in rows]
        last = max((place for place, found in enumerate(firm) if found), default=-1)
        place = draw(st.integers(last + 1, len(rows)))
        lines.insert(place, total)
        below.insert(place, None)
    titles = draw(st.lists(st.sampled_from(TITLES), max_size=3))
    lines = [*titles, write_line(headers, delimiter, quoting), *lines]
    # An empty last line without a line end is no line at all.
    text = end.join(lines) + (draw(st.sampled_from(["", end])) if lines[-1] else end)
    finish = draw(st.sampled_from(["", "\x1a"]))
    encoded = (MARKS.get(codec, "") + text + finish).encode(codec)
    return Written(encoded, text, headers, below, len(titles), delimiter, end, surplus)


def is_filled(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def may_be_swallowed(cells: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether a cell of several lines holds as many delimiters as a row has."""
    return any(
        len(re.split(r"\r|\n", cell)) > 1 and len(cell.split(delimiter)) >= width for cell in cells
    )


def as_read(cell: str, end: str) -> str:
    """What a reader should give: no wrapping, and in an old Macintosh file one kind of break."""
    if end == "\r":
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r'\A="([^"]*)"\Z', r"\1", cell)


@settings(STEADY, max_examples=1_000)
@given(written_files(), st.sampled_from(CHUNKS))
@example(
    Written(
        '番号,氏名\r,",\r"'.encode(),
        '番号,氏名\r,",\r"',
        ["番号", "氏名"],
        [["", ",\r"]],
        0,
        ",",
        "\r",
        0,
    ),
    16,
)
@example(
    Written("番号,氏名\n,\",\r\"".encode(), "番号,氏名\n,\",\r\"", ["番号", "氏名"],
            [["", ",\r"]], 0, ",", "\n", 0),
    16,
)  # fmt: skip
def test_any_table_in_any_writing_is_read_back_and_every_row_counted(
    folder: Path, file: Written, chunk: int
) -> None:
    """Listed are only rows with a cell that may hold other rows of the file, line by line."""
    profile = PLAIN._replace(delimiter=file.delimiter)
    result = read(folder, file.content, profile, chunk)
    parsed = csv.reader(io.StringIO(file.text, newline=""), delimiter=file.delimiter, strict=True)
    other = [row or [""] for row in parsed][file.titles + 1 :]
    width = len(file.headers)
    people, listed, number = {}, [], file.titles + 1
    for row, cells in zip(file.rows, other, strict=True):
        number += 1
        if row is None or not is_filled(row):
            continue
        assert cells == [*row, *[""] * file.surplus]  # the other reader agrees
        if may_be_swallowed(row, width, file.delimiter):
            breaks = sum(len(re.findall("\r\n|\n|\r" if file.end == "\r" else "\n", cell))
                         for cell in row)  # fmt: skip
            listed += range(number, number + breaks + 1)
            number += breaks
        else:
            people[number] = row
    totals = sum(row is None for row in file.rows)
    blanks = sum(row is not None and not is_filled(row) for row in file.rows)
    assert (result.title_rows, result.footer_rows) == (file.titles, totals)
    assert (result.blank_rows, result.rows_read) == (blanks, len(people) + len(listed))
    assert result.quarantine["source_row"].tolist() == listed
    assert result.table["source_row"].tolist() == list(people)
    expected = [
        [
            as_read(row[file.headers.index(header)], file.end) if header in file.headers else ""
            for header in HEADERS[:4]
        ]
        for row in people.values()
    ]
    assert rows_of(result) == expected


@settings(STEADY, max_examples=300)
@given(
    st.lists((HARD | ANY_TEXT).filter(str.strip), max_size=6),
    st.sampled_from(["minimal", "all"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(CHUNKS),
)
def test_a_file_of_one_column_is_read_back(
    folder: Path, cells: list[str], quoting: str, end: str, chunk: int
) -> None:
    """Without blank cells: in one column an empty cell and an empty line are the same."""
    assume(not cells or not cells[0].startswith("\ufeff"))
    lines = [write_line([cell], ",", quoting) for cell in ["氏名", *cells]]
    result = read(folder, "".join(line + end for line in lines).encode(), PLAIN, chunk)
    assert result.table["name"].tolist() == [as_read(cell, end) for cell in cells]
    assert (result.rows_read, result.blank_rows) == (len(cells), 0)


# --- (b) damage is read right or listed ----------------------------------------------------


class Column(NamedTuple):
    """One column of a file of people: its header, what a cell must be, and cells that are so.

    ``form`` is empty where anything is allowed, and None where the column is dropped unread.
    """

    header: str
    form: str | None
    cells: tuple[str, ...]


PEOPLE = (
    Column("番号", "[0-9]{8}", ()),
    Column("氏名", '[^\x00-\x1f",0-9]{1,20}', ("架空　太郎", "模擬　花子", "仮　NA", "髙﨑　①")),
    Column("生年月日", "[0-9]{4}-[0-9]{2}-[0-9]{2}", ("2008-04-02", "2009-04-01", "2004-12-31")),
    Column("状態", "1|2|3|9", ("1", "2", "3", "9")),
    Column("町", "", ("西新宿二丁目", "", "上, 下", 'い"ろ"は', "二段\n目", "\nA", ",,\nB")),
    Column("郵便番号", "[0-9]{7}", ("0600000", "1600023")),
    Column("備考", None, ("", "メモ", "一, 二\r\n三", '"', "x" * 9)),
)
FORMS = Profile(
    name="forms",
    holds="registry",
    columns={column.header: (column.header,) for column in PEOPLE if column.form is not None},
    required=("番号",),
    known=("備考",),
    codes={"状態": {code: code for code in "1239"}},
    forms={column.header: column.form for column in PEOPLE if column.form},
)
NAMED = r'[^\x00-\x1f",0-9]{1,100}'
PLACED = r'[^\x00-\x1f",]{0,60}'
REGISTRY = (
    Column("宛名番号", "[0-9]{1,15}", ()),
    Column("最新フラグ", "0|1", ("1",)),
    Column("除票フラグ", "0|1|", ("0", "")),
    Column("削除フラグ", "0|1|", ("0", "")),
    Column("個人番号", None, ("", "000000000000")),
    Column("住民種別", "1|2", ("1", "2")),
    Column("住民状態", "1|2|3|9", ("1", "2", "3", "9")),
    Column("異動年月日", "", ("2026-03-20", "")),  # read_extract reads the dates
    Column("氏名", NAMED, ("架空　太郎", "模擬　花子", "髙﨑　ナ")),
    Column("生年月日", PLACED, ("2008-06-03", "20080402", "平成20年頃")),
    Column("住所_都道府県", "東京都|", ("東京都",)),
    Column("住所_市区郡町村名", NAMED + "|", ("新宿区",)),
    Column("住所_町字", PLACED, ("西新宿二丁目", "市谷　田町")),
    Column("住所_番地号表記", PLACED, ("８番１号", "１６－１")),
    Column("住所_方書", r'[^\x00-\x1f"]{0,120}', ("", "コーポ架空１０１", "A, B棟")),
    Column("住所_郵便番号", "[0-9]{7}|", ("1600023", "")),
)


class Case(NamedTuple):
    """A file of people as records without their line ends, before and while it is damaged.

    ``marred`` are the rows whose line was changed, ``torn`` those of them that were broken in two
    (1) or cut (0), ``glued`` the rows that lost their line end.
    """

    columns: list[Column]
    rows: list[list[str]]
    lines: list[str]
    marred: set[int]
    torn: dict[int, int]
    glued: set[int]
    delimiter: str
    quoting: str
    end: str


def make_people(chance: random.Random, kinds: Sequence[Column], delimiter: str) -> Case:
    columns = chance.sample(list(kinds), len(kinds))
    quoting = chance.choice(["minimal", "minimal", "all", "nonnumeric"])
    rows = [
        [
            chance.choice(column.cells) if column.cells else f"{chance.randrange(10**6):06}{n:02}"
            for column in columns
        ]
        for n in range(chance.randrange(2, 9))
    ]
    lines = [write_line(row, delimiter, quoting) for row in rows]
    end = chance.choice(["\n", "\r\n"])
    return Case(columns, rows, lines, set(), {}, set(), delimiter, quoting, end)


def fits(cells: Sequence[str], columns: Sequence[Column]) -> bool:
    """Whether every cell is what its column promises, by Python's own regular expressions."""
    return all(
        not column.form or re.fullmatch(column.form, cell)
        for cell, column in zip(cells, columns, strict=True)
    )


def as_kept(cells: Sequence[str], columns: Sequence[Column]) -> list[str]:
    return [cell for cell, column in zip(cells, columns, strict=True) if column.form is not None]


def places_of(line: str, wanted: str) -> list[int]:
    return [place for place, mark in enumerate(line) if mark == wanted]


def outside(line: str, delimiter: str) -> list[int]:
    """The places of the delimiters that stand between two cells."""
    return [place for place in places_of(line, delimiter) if line[:place].count('"') % 2 == 0]


def insert(line: str, place: int, text: str) -> str:
    return line[:place] + text + line[place:]


def rewrite(case: Case, at: int, cells: Sequence[str]) -> str | None:
    """Write other cells, unless they could be a right row: no form can see that."""
    if len(cells) == len(case.columns) and fits(cells, case.columns):
        return None
    return write_line(cells, case.delimiter, case.quoting)


def delete_a_cell(case: Case, at: int, chance: random.Random) -> str | None:
    place = chance.randrange(len(case.columns))
    return rewrite(case, at, case.rows[at][:place] + case.rows[at][place + 1 :])


def add_a_cell(case: Case, at: int, chance: random.Random) -> str | None:
    place = chance.randrange(len(case.columns) + 1)
    return rewrite(
        case, at, [*case.rows[at][:place], chance.choice(["", "x", "1"]), *case.rows[at][place:]]
    )


def swap_two_cells(case: Case, at: int, chance: random.Random) -> str | None:
    first, second = chance.sample(range(len(case.columns)), 2)
    cells = list(case.rows[at])
    cells[first], cells[second] = cells[second], cells[first]
    return rewrite(case, at, cells)


def shift_the_cells(case: Case, at: int, chance: random.Random) -> str | None:
    cells = case.rows[at]
    return rewrite(case, at, chance.choice([["", *cells[:-1]], [*cells[1:], ""]]))


def spoil_the_number(case: Case, at: int, chance: random.Random) -> str | None:
    cells = list(case.rows[at])
    place = next(n for n, column in enumerate(case.columns) if not column.cells)
    digit = chance.randrange(len(cells[place]))
    cells[place] = cells[place][:digit] + chance.choice("OlI　") + cells[place][digit + 1 :]
    return rewrite(case, at, cells)


def repeat_the_header(case: Case, at: int, chance: random.Random) -> str | None:
    return write_line([column.header for column in case.columns], case.delimiter, case.quoting)


def add_a_quote(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    return insert(line, chance.randrange(len(line) + 1), '"')


def begin_a_cell_with_a_quote(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    starts = [0, *(place + 1 for place in outside(line, case.delimiter))]
    return insert(line, chance.choice(starts), '"')


def lose_a_quote(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    if not (quotes := places_of(line, '"')):
        return None
    place = chance.choice(quotes)
    return line[:place] + line[place + 1 :]


def put_spaces_around_quotes(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    places = [
        place for place in outside(line, case.delimiter) if line[place + 1 : place + 2] == '"'
    ]
    return insert(line, chance.choice(places) + 1, " ") if places else None


def change_a_delimiter(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    place = chance.choice(outside(line, case.delimiter))
    return line[:place] + chance.choice(["，", "、", " ", "", "|"]) + line[place + 1 :]


def double_a_delimiter(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    return insert(line, chance.choice(outside(line, case.delimiter)), case.delimiter)


def add_nul(case: Case, at: int, chance: random.Random) -> str | None:
    line = case.lines[at]
    return insert(line, chance.randrange(len(line) + 1), "\x00")


def add_a_return(case: Case, at: int, chance: random.Random) -> str | None:
    """Not between the quotes of a cell that may hold anything: no form can see it there."""
    return _break(case, at, chance, "\r")


def break_the_line(case: Case, at: int, chance: random.Random) -> str | None:
    """The same, with the line end of the file: one row becomes two lines."""
    return _break(case, at, chance, case.end)


def _break(case: Case, at: int, chance: random.Random, mark: str) -> str | None:
    line = case.lines[at]
    place = chance.randrange(1, len(line))
    if line[:place].count('"') % 2:
        inside = case.columns[sum(border < place for border in outside(line, case.delimiter))]
        if inside.form == "":
            return None
    elif mark == case.end:
        case.torn[at] = 1
    return insert(line, place, mark)


def cut_the_line(case: Case, at: int, chance: random.Random) -> str | None:
    """Not to nothing, which is an empty line, and not to a row that has the form of another."""
    line = case.lines[at]
    place = chance.randrange(1, len(line))
    cut = line[:place]
    if cut.count('"') % 2 == 0:
        cells = next(csv.reader([cut], delimiter=case.delimiter), [])
        if not is_filled(cells) or (len(cells) == len(case.columns) and fits(cells, case.columns)):
            return None
    case.torn[at] = 0
    return cut


Damage = Callable[[Case, int, random.Random], str | None]
DAMAGES: tuple[Damage, ...] = (
    delete_a_cell, add_a_cell, swap_two_cells, shift_the_cells, spoil_the_number,
    repeat_the_header, add_a_quote, begin_a_cell_with_a_quote, lose_a_quote,
    put_spaces_around_quotes, change_a_delimiter, double_a_delimiter, add_nul, add_a_return,
    break_the_line, cut_the_line,
)  # fmt: skip


def damage(case: Case, chance: random.Random, kinds: Sequence[Damage]) -> bool:
    """Damage one row that is still whole; say whether it could be done."""
    at = chance.randrange(len(case.rows))
    if at in case.marred:
        return False
    changed = chance.choice(list(kinds))(case, at, chance)
    if changed is None or changed == case.lines[at]:
        case.torn.pop(at, None)
        return False
    case.lines[at] = changed
    case.marred.add(at)
    return True


def glue(case: Case, chance: random.Random) -> bool:
    """Drop the line break between two rows that are still whole: they become one listed row."""
    at = chance.randrange(len(case.rows))
    if at + 1 >= len(case.rows) or {at, at + 1} & case.marred:
        return False
    case.marred.update((at, at + 1))
    case.glued.add(at)
    return True


def count_lines(text: str) -> int:
    return len(re.findall("\n", text)) + 1


def list_beside(case: Case) -> set[int]:
    """List the rows that may be listed with a damaged one.

    A line of one cell may be the end of the row above or the beginning of the row below. A quote
    may close or open a cell of several lines in the next row, so that its rest is such a line. And
    what stands between a quote too many and the next one that can close it may be one cell.
    """
    beside = set()
    for at in case.marred:
        above, below = case.lines[max(at - 1, 0)], case.lines[at + 1 : at + 2]
        if at in case.torn or "\n" in case.lines[at]:
            beside |= {at - 1, at + 1}
        if "\n" in above:
            beside.add(at - 1)
        if case.lines[at].count('"') % 2:
            if "\n" in "".join(below):
                beside |= {at + 1, at + 2}
            end = next((n for n in range(at + 1, len(case.lines)) if can_close(case, n)), at)
            beside |= set(range(at + 1, end + 2))
    return beside


def can_close(case: Case, at: int) -> bool:
    """Whether a quote of a row can close what a row above it opened."""
    mark = re.escape(case.delimiter)
    first = case.lines[at].split("\n")[0].removesuffix("\r")
    odd = at in case.marred and case.lines[at].count('"') % 2 == 1
    return odd or (first != case.lines[at] and bool(re.search(f'(^|{mark})"({mark}|$)', first)))


def may_merge(case: Case, at: int) -> bool:
    """Whether a row may be taken for the end of the one above, whose quotes do not add up."""
    odd = at > 0 and at - 1 in case.marred and case.lines[at - 1].count('"') % 2 == 1
    return odd and (at in case.marred or "\n" in case.lines[at])


def check_case(folder: Path, case: Case, profile: Profile, codec: str, chunk: int) -> None:
    """Read a damaged file and compare every row of the answer with what was written.

    A damaged row with line breaks may be listed by each of its lines; two rows that lost the line
    break between them are one, and so may be a row with a quote too many or too few and the next
    one, where that is damaged too or has a cell of several lines.
    """
    header = write_line([column.header for column in case.columns], case.delimiter, case.quoting)
    text = header + case.end
    for at, line in enumerate(case.lines):
        text += line + ("" if at in case.glued else case.end)
    result = read(folder, text.encode(codec), profile._replace(delimiter=case.delimiter), chunk)
    spans: list[tuple[int, int]] = []  # the least and the highest number that each row may have
    first = last = 2
    beside = list_beside(case)
    for at, line in enumerate(case.lines):
        least = 1 + case.torn.get(at, 0) if at in case.marred else 1
        split = at in case.marred | beside or may_merge(case, at)
        most = max(count_lines(line), least) if split else 1
        if at - 1 in case.glued:
            first, last = first - 1, last - 1
        elif may_merge(case, at):
            first -= 1
        spans.append((first, last + most - 1))
        first, last = first + least, last + most
    assert first - 2 <= result.rows_read + result.blank_rows <= last - 2
    assert result.rows_read == len(result.table) + len(result.quarantine)
    kept = [column.header for column in case.columns if column.form is not None]
    written = {as_kept(row, case.columns)[kept.index(NUMBER[profile.name])]: at
               for at, row in enumerate(case.rows)}  # fmt: skip
    names = {header: name for name, aliases in profile.columns.items() for header in aliases}
    found = {}
    for number, *cells in result.table[
        ["source_row", *(names[header] for header in kept)]
    ].values.tolist():
        at = written[cells[kept.index(NUMBER[profile.name])]]
        assert cells == as_kept(case.rows[at], case.columns)
        assert spans[at][0] <= number <= spans[at][1] and at not in found
        found[at] = number
    listed = result.quarantine["source_row"].tolist()
    assert len({*listed, *found.values()}) == result.rows_read
    for at, (low, high) in enumerate(spans):
        if at not in found:
            assert at in case.marred | beside
            assert any(low <= number <= high for number in listed) or may_merge(case, at)


NUMBER = {"forms": "番号", "registry_standard": "宛名番号"}


def make_case(seed: int, kinds: Sequence[Column], damages: int) -> tuple[Case, str, int]:
    chance = random.Random(seed)
    case = make_people(chance, kinds, chance.choice([",", ",", ";", "\t"]))
    done = 0
    while done < damages:
        done += glue(case, chance) if chance.random() < 0.06 else damage(case, chance, DAMAGES)
        if len(case.marred) >= len(case.rows) - 1:
            break
    if is_one_right_record(case):
        return make_case(seed + 1, kinds, damages)
    return case, chance.choice(["utf-8", "utf-8-sig", "cp932", "utf-16"]), chance.choice(CHUNKS)


def is_one_right_record(case: Case) -> bool:
    """Whether two damaged rows are one record of several lines for everybody.

    One lost the quote that closes a cell, the next the one that opens it: nobody can tell that
    from somebody's remark of two lines.
    """
    for at in case.marred:
        if at + 1 in case.marred and case.lines[at].count('"') % 2:
            text = case.lines[at] + case.end + case.lines[at + 1]
            reader = csv.reader(
                io.StringIO(text, newline=""), delimiter=case.delimiter, strict=True
            )
            try:
                records = list(reader)
            except csv.Error:
                continue
            if len(records) == 1 and len(records[0]) == len(case.columns):
                return True
    return False


SEEDS = st.integers(0, 2**40)


@settings(STEADY, max_examples=1_300)
@given(SEEDS)
def test_one_damaged_row_is_read_right_or_listed_and_costs_no_other(
    folder: Path, seed: int
) -> None:
    case, codec, chunk = make_case(seed, PEOPLE, 1)
    check_case(folder, case, FORMS, codec, chunk)


@settings(STEADY, max_examples=500)
@given(SEEDS)
def test_two_damaged_rows_are_read_right_or_listed_and_cost_no_other(
    folder: Path, seed: int
) -> None:
    case, codec, chunk = make_case(seed, PEOPLE, 2)
    check_case(folder, case, FORMS, codec, chunk)


@settings(STEADY, max_examples=200)
@given(SEEDS, st.integers(1, 2))
def test_damage_in_the_columns_of_a_registry_is_read_right_or_listed(
    folder: Path, seed: int, damages: int
) -> None:
    case, codec, chunk = make_case(seed, REGISTRY, damages)
    check_case(folder, case, STANDARD, codec, chunk)


@settings(STEADY, max_examples=60)
@given(SEEDS, st.integers(1, 2))
def test_damage_never_changes_a_record_of_an_extract(folder: Path, seed: int, damages: int) -> None:
    """The records are those of the whole file, or their rows are listed or stop the run."""
    case, codec, chunk = make_case(seed, REGISTRY, damages)
    whole = [write_line(row, case.delimiter, case.quoting) for row in case.rows]
    header = write_line([column.header for column in case.columns], case.delimiter, case.quoting)
    lines = [line + ("" if at in case.glued else case.end) for at, line in enumerate(case.lines)]
    damaged = header + case.end + "".join(lines)
    profile = STANDARD._replace(delimiter=case.delimiter)
    records = []
    for text in (case.end.join([header, *whole, ""]), damaged):
        path = folder / "registry.csv"
        path.write_bytes(text.encode(codec))
        with pieces_of(chunk):
            extract = read_extract(path, profile)
        assert extract.source.rows_read == len(extract.records) + len(extract.source.quarantine)
        assert sum(extract.ends.values()) == len(extract.records)
        records.append(
            {row[0]: row for row in extract.records.drop(columns="source_row").values.tolist()}
        )
    before, after = records
    assert all(before[number] == row for number, row in after.items())
    untouched = set(range(len(case.rows))) - case.marred - list_beside(case)
    numbers = {case.rows[at][place] for at in untouched
               for place, column in enumerate(case.columns) if not column.cells}  # fmt: skip
    assert numbers <= set(after)


SCRAPS = st.sampled_from(
    ["1,a,b", '2,"x",y', "3,,", '"4","p, q","r"', '5,"line\nbreak",z', '6,"a\nb,c\nd",e', "7", "8,a",
     "9,a,b,", ",,", "", "合計,3件", " ", '="0012",a,b', '10,"', ',"', '"', "\r", 'a"b', "16,\x00,y",
     "11,a,b\r12,c,d", '13,"a\r\nb",c', '14,x,"tail\nmore"', '15,"q""q",""', "\x1a", "番号,氏名,カナ"]
)  # fmt: skip


@settings(STEADY, max_examples=250)
@given(
    st.lists(st.tuples(SCRAPS, st.sampled_from(["\n", "\n", "\r\n", "\r", ""])), max_size=11),
    st.sampled_from(["utf-8", "cp932", "utf-16"]),
    st.sampled_from([1, 5, 13, 37]),
)
def test_the_answer_is_the_same_however_a_file_is_cut_into_pieces(
    folder: Path, scraps: list[tuple[str, str]], codec: str, chunk: int
) -> None:
    """Whatever was thrown together, the seams change nothing, and every row ends in one place."""
    text = "番号,氏名,カナ\n" + "".join(part + end for part, end in scraps)
    answers = []
    for size in (4_096, chunk):
        result = read(folder, text.encode(codec), PLAIN, size)
        numbers = [*result.table["source_row"], *result.quarantine["source_row"]]
        assert len(set(numbers)) == len(numbers) == result.rows_read
        answers.append(
            (result.table.values.tolist(), result.quarantine.values.tolist(), result[2:])
        )
    assert answers[0] == answers[1]


# --- (c) a date is that date or none -------------------------------------------------------

# Source: 改元の詔書, 元号を定める政令. The day of an accession is of both eras.
ERAS = (
    ("明治", "M", 1, date(1868, 1, 1), date(1912, 7, 30)),
    ("大正", "T", 2, date(1912, 7, 30), date(1926, 12, 25)),
    ("昭和", "S", 3, date(1926, 12, 25), date(1989, 1, 7)),
    ("平成", "H", 4, date(1989, 1, 8), date(2019, 4, 30)),
    ("令和", "R", 5, date(2019, 5, 1), date(2118, 12, 31)),
)
KANJI = "〇一二三四五六七八九"
WEEKDAYS = "月火水木金土日"
WIDE = str.maketrans("0123456789-/.HSTRM", "０１２３４５６７８９－／．ＨＳＴＲＭ")
SOLAR, LAST = date(1873, 1, 1), date(2099, 12, 31)


def in_kanji(number: int) -> str:
    """Write 1 to 99 as 二十三."""
    tens, ones = divmod(number, 10)
    return (
        ("" if tens < 2 else KANJI[tens]) + ("十" if tens else "") + (KANJI[ones] if ones else "")
    )


def western_forms(day: date) -> list[str]:
    y, m, d = day.year, day.month, day.day
    plain = [f"{y}-{m:02}-{d:02}", f"{y}/{m:02}/{d:02}", f"{y}/{m}/{d}", f"{y}.{m}.{d}"]
    kanji = "".join(KANJI[int(digit)] for digit in str(y))
    return [
        *plain,
        *(text.translate(WIDE) for text in plain),
        f"{y}{m:02}{d:02}",
        f"{y}年{m}月{d}日",
        f"西暦{y}年{m:02}月{d:02}日",
        f"　{y}年 {m}月 {d}日　",
        f"{kanji}年{in_kanji(m)}月{in_kanji(d)}日",
        f"{y}-{m:02}-{d:02}T00:00:00+09:00",
        f"{y}/{m}/{d} 0:00",
        f"{y}年{m}月{d}日({WEEKDAYS[day.weekday()]})",
    ]


def era_forms(day: date) -> list[str]:
    texts = []
    for name, letter, digit, first, last in ERAS:
        if not first <= day <= last:
            continue
        year, m, d = day.year - first.year + 1, day.month, day.day
        plain = [f"{letter}{year:02}.{m:02}.{d:02}", f"{letter}{year}.{m}.{d}",
                 f"{letter}{year}/{m}/{d}", f"{name}{year}年{m}月{d}日"]  # fmt: skip
        texts += [
            *plain,
            *(text.translate(WIDE) for text in plain),
            f"{name}{year}年 {m}月 {d}日",
            f"{name[0]}{year}.{m}.{d}",
            f"{name}{in_kanji(year)}年{in_kanji(m)}月{in_kanji(d)}日",
            f"{name}{year}-{m:02}-{d:02}",
            f"{digit}{year:02}{m:02}{d:02}",
            f"{digit}{day.year}{m:02}{d:02}",
            f"{day.year}年({name}{year}年){m}月{d}日",
            f"{name}{year}年{m}月{d}日生",
        ]
        texts += [f"{name}元年{m}月{d}日", f"{letter}元.{m}.{d}"] if year == 1 else []
    return texts


def seams() -> list[date]:
    """The days around every change of era, and the ends of February."""
    around = [day for *_, first, last in ERAS for day in (first, last) if SOLAR <= day <= LAST]
    days = {day + timedelta(days=shift) for day in around for shift in range(-2, 3)}
    for year in (1900, 2000, 2004, 2008, 2009, 2100):
        days |= {date(year, 3, 1) - timedelta(days=shift) for shift in range(3)}
    return sorted(day for day in days if SOLAR <= day <= LAST)


SAMPLED = [SOLAR + timedelta(days=shift) for shift in range(0, (LAST - SOLAR).days, 29)]


@pytest.mark.parametrize("days", [seams(), [LAST], SAMPLED], ids=["seams", "last", "sampled"])
def test_every_form_of_a_day_gives_that_day(days: list[date]) -> None:
    for day in days:
        for text in [*western_forms(day), *era_forms(day)]:
            parsed = parse_date(text)
            assert (parsed.value, parsed.status) == (day, "certain")


@pytest.mark.parametrize("day", seams())
def test_a_day_in_an_era_that_is_not_its_own_is_never_another_day(day: date) -> None:
    for name, letter, digit, first, last in ERAS:
        year = day.year - first.year + 1
        if first <= day <= last or not 1 <= year <= 99:
            continue
        for text in (f"{name}{year}年{day.month}月{day.day}日", f"{digit}{year:02}{day:%m%d}",
                     f"{letter}{year}.{day.month}.{day.day}"):  # fmt: skip
            parsed = parse_date(text)
            assert parsed.value is None and parsed.status != "certain"
            assert set(parsed.readings) <= {day}


@settings(STEADY, max_examples=300)
@given(st.dates(SOLAR, LAST))
def test_what_may_be_two_days_is_none(day: date) -> None:
    """Two digits for a year, a day number outside a spreadsheet, an era beside another year."""
    for text in (f"{day:%y.%m.%d}", f"{day:%y%m%d}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}",
                 str((day - date(1899, 12, 30)).days), f"{day:%m}/{day:%d}"):  # fmt: skip
        parsed = parse_date(text)
        assert parsed.value is None and parsed.status != "certain"


@settings(STEADY, max_examples=300)
@given(st.dates(date(1927, 5, 18), LAST))
def test_a_day_number_of_a_spreadsheet_is_that_day(day: date) -> None:
    number = (day - date(1899, 12, 30)).days
    for text in (str(number), f"{number}.0", f" {number} "):
        assert parse_date(text, from_spreadsheet=True).value == day


@pytest.mark.parametrize("year", [1900, 2004, 2008, 2009, 2100 - 1])
def test_a_day_that_the_calendar_does_not_have_is_none(year: int) -> None:
    for month, day in [(2, 29), (2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31), (13, 1),
                       (0, 1), (1, 0), (1, 32)]:  # fmt: skip
        if (month, day) == (2, 29) and (date(year, 3, 1) - timedelta(days=1)).day == 29:
            continue
        for text in (f"{year}-{month:02}-{day:02}", f"{year}{month:02}{day:02}",
                     f"{year}年{month}月{day}日", f"{year}/{month}/{day}"):  # fmt: skip
            parsed = parse_date(text)
            assert parsed.value is None and parsed.status != "certain"
