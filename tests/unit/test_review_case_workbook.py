"""Cases on paper: what comes back is what the officer chose, or nothing at all.

Right values: the choices themselves, decided one by one through ``decide_case``.
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import PIL.Image
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.colors import Color
from openpyxl.workbook import Workbook

from recruitlib.base.audit import append_entry
from recruitlib.base.choices import DECISION_LABELS, DECISIONS, POINTING, REASONS, list_decisions
from recruitlib.base.decisions import (
    Decisions,
    check_decision,
    decide_case,
    encrypt_note,
    read_decisions,
    read_note,
)
from recruitlib.base.errors import AwaitingPerson, FormError, ParameterError
from recruitlib.base.exports import Form, list_exports, render_workbook
from recruitlib.base.vault import PRIVATE
from recruitlib.cli import case_workbooks
from recruitlib.review import case_workbook
from recruitlib.review.case_workbook import (
    COLUMNS,
    FILLED,
    SHEET,
    export_cases,
    tabulate_forms,
)
from recruitlib.review.casebook import CaseView
from recruitlib.review.panels import read_cases, read_views
from recruitlib.review.workbook_choices import (
    Imported,
    import_choices,
    list_choices,
    read_choices,
)
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, STAFF, begin_decisions, confirm_all, sign_as
from tests.unit.stages import CHOICES, KEY, make_situation, make_stage, store

# The second application is linked to somebody of another name and birth date: a note says why.
ON_PAPER = {**CHOICES, 2: {**CHOICES[2], "note": "登録係に電話で確かめた"}}
PLACES = {name: place for place, name in enumerate(COLUMNS, start=1)}
SOME = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


class Paper(NamedTuple):
    """The cases of the situation, and their workbook as exported."""

    cases: pd.DataFrame
    content: bytes
    views: dict[int, CaseView]
    shown: pd.DataFrame

    def __repr__(self) -> str:
        return "Paper(…)"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    stage = make_stage(tmp_path_factory.mktemp("paper"), "03")
    store(stage, **make_situation())
    table, form = tabulate_forms(stage.folder, KEY, "03")
    content = render_workbook(table, SHEET, ["見本"], form)
    views = {view.case["case"]: view for view in read_views(stage.folder, KEY)}
    return Paper(read_cases(stage.folder, KEY)[0], content, views, table)


def fill(paper: Paper, choices: dict[int, dict[str, Any]], target: Path) -> Path:
    """Fill the workbook in as an officer would: words from the lists, numbers as they are typed."""
    book = openpyxl.load_workbook(io.BytesIO(paper.content))
    sheet = book[SHEET]
    for row in range(2, sheet.max_row + 1):
        choice = choices.get(int(sheet.cell(row, 1).value))
        if choice is None:
            continue
        words = {
            "決定": f"{DECISION_LABELS[choice['decision']]}［{choice['decision']}］",
            "理由": f"{REASONS[choice['reason']]}［{choice['reason']}］",
            "候補": str(choice.get("candidate", "")),
            "ほかの候補": "・".join(map(str, choice.get("also", []))),
            "備考": choice.get("note", ""),
        }
        for name, text in words.items():
            cell = sheet.cell(row, PLACES[name])
            cell.value = text or None
            # The cells are formatted as text, so that whatever is typed stays one.
            cell.data_type = "s" if text else "n"
    book.save(target)
    return target


def change(path: Path, row: int, name: str, value: object) -> Path:
    book = openpyxl.load_workbook(path)
    book[SHEET].cell(row, PLACES[name]).value = value
    book.save(path)
    return path


def say(decisions: Decisions) -> dict[int, dict[str, Any]]:
    """Say what decisions hold, without what differs each time (the encrypted note)."""
    return {
        number: {name: value for name, value in own.items() if name not in ("note", "decided_signature")}
        | {"note": read_note(KEY, own)}
        for number, own in decisions.cases.items()
    }  # fmt: skip


def load(paper: Paper, path: Path, before: Decisions | None = None) -> Imported:
    choices = read_choices(path, paper.cases, paper.views, paper.shown)
    return import_choices(
        before or begin_decisions(), paper.cases, choices, sign_as(STAFF), KEY
    )  # fmt: skip


@st.composite
def choose_for_all(draw: st.DrawFn, cases: pd.DataFrame) -> dict[int, dict[str, Any]]:
    chosen: dict[int, dict[str, Any]] = {}
    for case in cases.to_dict("records"):
        if draw(st.integers(0, 4)) == 0:
            continue
        kind, places = case["kind"], list(range(1, case["choices"] + 1))
        decision = draw(st.sampled_from(list_decisions(kind, case["choices"])))
        choice: dict[str, Any] = {
            "decision": decision,
            "reason": draw(st.sampled_from(DECISIONS[kind][decision])),
        }
        if (kind, decision) in POINTING:
            choice["candidate"] = draw(st.sampled_from(places))
            others = [place for place in places if place != choice["candidate"]]
            if kind == "undecided" and (
                also := draw(st.lists(st.sampled_from(others), unique=True))
            ):
                choice["also"] = also
        notes = ["電話で確かめた", "=1+1", "架空野　花子"]
        if note := draw(st.sampled_from(notes if "candidate" in choice else ["", *notes])):
            choice["note"] = note
        chosen[case["case"]] = choice
    return chosen


@SOME
@given(data=st.data())
def test_a_filled_workbook_decides_what_deciding_one_by_one_decides(
    paper: Paper, tmp_path: Path, data: st.DataObject
) -> None:
    choices = data.draw(choose_for_all(paper.cases))
    done = load(paper, fill(paper, choices, tmp_path / "filled.xlsx"))
    one_by_one = begin_decisions()
    for case in paper.cases.to_dict("records"):
        if choice := choices.get(case["case"]):
            own = dict(choice)
            if "note" in own:
                own["note"] = encrypt_note(KEY, own["note"])
            one_by_one = decide_case(one_by_one, case, own, sign_as(STAFF))
    assert say(done.decisions) == say(one_by_one)
    assert (done.new, done.empty) == (len(choices), len(paper.cases) - len(choices))


WORDS = [
    f"{text}［{code}］" for labels in (DECISION_LABELS, REASONS) for code, text in labels.items()
]
DAMAGE = st.one_of(
    st.sampled_from([*WORDS, *DECISION_LABELS, *REASONS, "1", "2", "3", "１", "1・2", 1, 2, 0, -1, True,
                     "除外", "=A1", "#REF!", None, " ", "同上", "〃"]),
    st.text(max_size=12).filter(lambda text: not openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.search(text)),
)  # fmt: skip


@SOME
@given(row=st.integers(2, 5), name=st.sampled_from(COLUMNS), value=DAMAGE)
def test_a_damaged_cell_never_yields_another_decision_than_its_words_say(
    paper: Paper, tmp_path: Path, row: int, name: str, value: object
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    right = say(load(paper, path).decisions)
    number = row - 1
    try:
        found = say(load(paper, change(path, row, name, value)).decisions)
    except FormError as stop:
        assert f"{row}行目" in str(stop) or f"事例{number}の行" in str(stop)
        return
    others = {n: own for n, own in right.items() if n != number}
    assert {n: own for n, own in found.items() if n != number} == others
    if name not in FILLED:
        # Only what reads as before is let through where nothing is to be filled in.
        assert found == right
        return
    own = found[number]
    text = str(value).strip() if value is not None else ""
    expected = dict(right[number])
    if name in ("決定", "理由"):
        field = "decision" if name == "決定" else "reason"
        expected[field] = text.rpartition("［")[2].removesuffix("］")
        assert text == f"{(DECISION_LABELS | REASONS)[expected[field]]}［{expected[field]}］"
    elif name == "備考":
        expected["note"] = text
    elif text:
        found_number = int(text)
        expected |= {"candidate": found_number} if name == "候補" else {"also": [found_number]}
    assert own == expected


def refuse(paper: Paper, path: Path) -> str:
    with pytest.raises(FormError) as stop:
        read_choices(path, paper.cases, paper.views, paper.shown)
    assert not [name for name in make_situation()["cohort"]["full_name"] if name in str(stop.value)]
    return str(stop.value)


@pytest.mark.parametrize(
    ("row", "name", "value", "told"),
    [
        (2, "決定", "除外する", "2行目のG列「決定」: この事例の一覧にない決定です"),
        (2, "決定", "対象者の中に該当者なし［outside］", "2行目のG列「決定」: この事例の一覧にない決定です"),
        (2, "理由", "別人［other_person］", "2行目のH列「理由」: この決定の理由でないか、空です"),
        (2, "理由", None, "2行目のH列「理由」"),
        (2, "候補", "1", "2行目のI列「候補」"),
        (3, "候補", None, "3行目のI列「候補」: 候補の番号を一つ書いてください"),
        (3, "候補", "3", "3行目のI列「候補」: 候補の番号ではありません"),
        (3, "候補", "1・2", "3行目のI列「候補」: 候補の番号を一つ書いてください"),
        (3, "ほかの候補", "2", "3行目のJ列「ほかの候補」: 同じ候補が二度"),
        (4, "ほかの候補", "1", "4行目のJ列「ほかの候補」"),
        (3, "内容の値", "0" * 16, "3行目のC列「内容の値」: 事例の内容の値と違います"),
        (3, "事例", "9", "3行目のA列「事例」: その番号の事例はありません"),
        (3, "事例", "1", "3行目のA列「事例」: 同じ事例の行が二度あります"),
        (3, "決定", None, "3行目のH列「理由」: 「決定」が空なのに"),
        (3, "決定", '="除外する"', "3行目のG列に式があります"),
        (3, "申出", "=1+1", "3行目のE列に式があります"),
        (3, "備考", "#REF!", "3行目のK列にエラー値"),
        (3, "備考", None, "3行目のK列「備考」: 氏名も生年月日も一致しない人を指しています"),
        (2, "備考", "あ" * 501, "2行目のK列「備考」: 500字までです"),
        (3, "種類", "要確認", "3行目のB列「種類」: 事例の内容と違う文字です"),
        (3, "事情", "事情なし", "3行目のD列「事情」: 事例の内容と違う文字です"),
        (3, "申出", "氏名: 別の人", "3行目のE列「申出」: 事例の内容と違う文字です"),
        (3, "申出", None, "3行目のE列「申出」: 事例の内容と違う文字です"),
        (3, "該当しうる人", "候補 2: 別の人", "3行目のF列「該当しうる人」: 事例の内容と違う文字です"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_row_and_column(
    paper: Paper, tmp_path: Path, row: int, name: str, value: object, told: str
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    assert told in refuse(paper, change(path, row, name, value))


def test_all_that_is_wrong_is_told_at_once(paper: Paper, tmp_path: Path) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    change(change(path, 2, "決定", "はい"), 5, "理由", "いいえ")
    told = refuse(paper, path)
    assert "2行目のG列" in told
    assert "5行目のH列" in told


def test_a_row_taken_out_a_merged_cell_and_a_strange_header_are_told(
    paper: Paper, tmp_path: Path
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    book = openpyxl.load_workbook(path)
    book[SHEET].delete_rows(3)
    book[SHEET].merge_cells("G2:G3")
    book.save(path)
    told = refuse(paper, path)
    assert "事例2の行がありません" in told
    assert "結合されたセル" in told
    change(path, 1, "決定", "判断")
    assert "見出しと違います" in refuse(paper, path)
    path = fill(paper, ON_PAPER, tmp_path / "wide.xlsx")
    book = openpyxl.load_workbook(path)
    book[SHEET].cell(3, len(COLUMNS) + 1).value = "x"
    book.save(path)
    assert "3行目のL列に、見出しのない値" in refuse(paper, path)


def test_the_people_of_two_rows_exchanged_are_told_in_both(paper: Paper, tmp_path: Path) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    book = openpyxl.load_workbook(path)
    first, second = (book[SHEET].cell(row, PLACES["該当しうる人"]) for row in (2, 3))
    first.value, second.value = second.value, first.value
    book.save(path)
    told = refuse(paper, path)
    assert "2行目のF列「該当しうる人」" in told
    assert "3行目のF列「該当しうる人」" in told


def strike_candidate(book: Workbook) -> None:
    parts = [TextBlock(InlineFont(strike=True), "1"), "・2"]
    book[SHEET]["J3"].value = CellRichText(parts)


def hide_sheet(book: Workbook) -> None:
    twin = book.copy_worksheet(book[SHEET])
    twin["G2"].value = "除外する"
    book[SHEET].sheet_state = "hidden"
    book.active = book.index(twin)


def hide_very(book: Workbook) -> None:
    book[SHEET].sheet_state = "veryHidden"


def add_sheet(book: Workbook) -> None:
    book.create_sheet("Sheet1")["A1"].value = "架空野　花子"


def hide_default(book: Workbook) -> None:
    book[SHEET].sheet_format.zeroHeight = True


def narrow_default(book: Workbook) -> None:
    book[SHEET].column_dimensions.clear()
    book[SHEET].sheet_format.defaultColWidth = 0


def hide_columns(book: Workbook) -> None:
    book[SHEET].column_dimensions.group("H", "I", hidden=True)


def colour_by_rule(book: Workbook) -> None:
    rule = FormulaRule(["TRUE"], font=Font(color="FFFFFFFF"))
    book[SHEET].conditional_formatting.add("G2:G5", rule)


def comment(book: Workbook) -> None:
    book[SHEET]["G3"].comment = Comment("やめる", "だれか")


def cover(book: Workbook) -> None:
    picture = io.BytesIO()
    PIL.Image.new("RGB", (9, 9)).save(picture, "png")
    book[SHEET].add_image(Image(picture), "G3")


def style(place: str, name: str, value: object) -> Callable[[Workbook], None]:
    def change_style(book: Workbook) -> None:
        setattr(book[SHEET][place], name, value)

    return change_style


def size(kind: str, at: int | str, name: str, value: object) -> Callable[[Workbook], None]:
    def change_size(book: Workbook) -> None:
        setattr(getattr(book[SHEET], f"{kind}_dimensions")[at], name, value)

    return change_size


@pytest.mark.parametrize(
    ("disguise", "told"),
    [
        (style("I3", "number_format", ';;;"1"'), "3行目のI列の表示形式"),
        (style("F3", "number_format", ';;;"候補 1"'), "3行目のF列の表示形式"),
        (style("G1", "number_format", ';;;"備考"'), "1行目のG列の表示形式"),
        (hide_sheet, "1枚目のシート（非表示）を読みますが、隠れています"),
        (hide_sheet, "4枚目のシートに値があり"),
        (hide_very, "1枚目のシート（非表示）を読みますが、隠れています"),
        (add_sheet, "4枚目のシートに値があり"),
        (size("row", 3, "hidden", True), "3行目が隠れているか"),
        (size("row", 3, "height", 0.75), "3行目が隠れているか"),
        (hide_default, "5行目が隠れているか"),
        (size("column", "F", "hidden", True), "F列「該当しうる人」が隠れているか"),
        (size("column", "G", "width", 0.1), "G列「決定」が隠れているか"),
        (hide_columns, "I列「候補」が隠れているか"),
        (narrow_default, "G列「決定」が隠れているか"),
        (style("G3", "font", Font(strike=True)), "3行目のG列に取り消し線"),
        (strike_candidate, "3行目のJ列に取り消し線"),
        (style("G3", "font", Font(color="FFFFFFFF")), "3行目のG列の文字が、背景と同じような色"),
        (style("G3", "font", Font(color="FFFEFEFE")), "3行目のG列の文字が、背景と同じような色"),
        (style("G3", "font", Font(color=Color(indexed=9))), "3行目のG列の文字が、背景と"),
        (style("G3", "font", Font(color=Color(theme=0))), "3行目のG列の文字が、背景と"),
        (style("G3", "font", Font(color=Color(theme=1, tint=1.0))), "3行目のG列の文字が、背景と"),
        (style("G3", "fill", PatternFill("solid", fgColor="FF000000")), "3行目のG列の文字が、背景と"),
        (style("G3", "font", Font(sz=1)), "3行目のG列の文字が、背景と同じような色か小さすぎて"),
        (colour_by_rule, "条件付き書式があります"),
        (comment, "コメント（メモ）があり"),
        (cover, "図形や画像があり"),
    ],
)  # fmt: skip
def test_a_workbook_that_shows_something_else_than_it_holds_is_refused(
    paper: Paper, tmp_path: Path, disguise: Callable[[Workbook], None], told: str
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    book = openpyxl.load_workbook(path)
    disguise(book)
    book.save(path)
    assert told in refuse(paper, path)


@pytest.mark.parametrize(
    ("pattern", "written", "told"),
    [
        (r'<row r="3"', '<row r="3" ht="0" customHeight="1"', "3行目が隠れているか"),
        (r'(<col [^>]*?)width="[0-9.]+"', r'\1width="0"', "G列「決定」が隠れているか"),
        # An extension of the format, which the library drops.
        ("</worksheet>", '<extLst><ext xmlns:x14="urn:x14" uri="{78C0D931}"><x14:conditionalFormattings>'
         "<x14:conditionalFormatting/></x14:conditionalFormattings></ext></extLst></worksheet>",
         "条件付き書式があります"),
    ],
)  # fmt: skip
def test_what_the_library_does_not_write_is_refused_too(
    paper: Paper, tmp_path: Path, pattern: str, written: str, told: str
) -> None:
    path, edited = fill(paper, ON_PAPER, tmp_path / "filled.xlsx"), tmp_path / "edited.xlsx"
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(edited, "w") as after:
        for name in before.namelist():
            part = before.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                assert re.search(pattern, part)
                part = re.sub(pattern, written, part)
            after.writestr(name, part)
    assert told in refuse(paper, edited)


@pytest.mark.parametrize(
    "harmless",
    [
        lambda _: None,
        lambda book: book.create_sheet("Sheet1"),
        style("I3", "number_format", "General"),
        style("G3", "font", Font(color="FFFF0000", b=True)),
        style("G3", "fill", PatternFill("solid", fgColor="FFFFFF00")),
        size("row", 3, "height", 120),
        size("column", "C", "width", 5),
        size("row", 9, "hidden", True),
        size("column", "M", "hidden", True),
    ],
)
def test_a_workbook_marked_in_colour_or_widened_still_decides(
    paper: Paper, tmp_path: Path, harmless: Callable[[Workbook], None]
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    right = say(load(paper, path).decisions)
    book = openpyxl.load_workbook(path)
    harmless(book)
    book.save(path)
    assert say(load(paper, path).decisions) == right


def test_disguises_and_wrong_words_are_told_at_once(paper: Paper, tmp_path: Path) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    book = openpyxl.load_workbook(path)
    hide_sheet(book)
    hide_columns(book)
    strike_candidate(book)
    book[SHEET]["E2"].value = "氏名: 別の人"
    book[SHEET]["H5"].value = "いいえ"
    book.save(path)
    told = refuse(paper, path)
    for part in (
        "隠れています",
        "4枚目",
        "H列「理由」が",
        "3行目のJ列",
        "2行目のE列",
        "5行目のH列",
    ):
        assert part in told


def test_signs_that_the_file_format_escapes_come_back_as_shown(tmp_path: Path) -> None:
    # The underscore escapes of ECMA-376 part 1, 22.4.2.4 (bstr), which applications write or drop.
    typed = ("氏名: _x003D_架空野", "住所: _x005F_ =1+1", "  電話: 03")
    shown = pd.DataFrame(
        [("1", "未定", "ab" * 8, "事情", typed, '="架空野"', *[""] * len(FILLED))],
        columns=list(COLUMNS),
    )
    cases = pd.DataFrame(
        [(1, "undecided", 2, "ab" * 32)], columns=["case", "kind", "choices", "digest"]
    )
    path = tmp_path / "escaped.xlsx"
    path.write_bytes(render_workbook(shown, SHEET, ["見本"], Form(FILLED, [{}])))
    assert read_choices(path, cases, {}, shown) == {1: {}}
    openpyxl.load_workbook(path).save(path)
    assert read_choices(path, cases, {}, shown) == {1: {}}


def test_what_was_read_is_listed_by_case_without_the_notes() -> None:
    choices = {
        3: {},
        2: {"decision": "matched", "reason": "typing_error", "candidate": 2, "also": [1, 3],
            "note": "架空野　花子"},
    }  # fmt: skip
    assert list_choices(choices) == [
        f"事例2: {DECISION_LABELS['matched']}、理由: {REASONS['typing_error']}、候補 2、"
        "ほかの候補 1・3",
        "事例3: 空（まだ決めません）",
    ]


def test_rows_in_another_order_are_the_same_cases(paper: Paper, tmp_path: Path) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    right = say(load(paper, path).decisions)
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    for number, row in enumerate(reversed(rows), start=2):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place).value = value
    book.save(path)
    assert say(load(paper, path).decisions) == right


def test_the_workbook_of_another_run_is_refused(paper: Paper, tmp_path: Path) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    other = paper.cases.assign(digest=["f" * 64] * len(paper.cases))
    with pytest.raises(FormError, match="別の実行"):
        read_choices(path, other, paper.views, paper.shown)


def test_a_second_import_changes_nothing_and_a_confirmed_decision_is_not_overwritten(
    paper: Paper, tmp_path: Path
) -> None:
    path = fill(paper, ON_PAPER, tmp_path / "filled.xlsx")
    first = load(paper, path)
    again = load(paper, path, first.decisions)
    assert (again.new, again.changed, again.same, again.empty) == (0, 0, len(ON_PAPER), 0)
    assert again.decisions == first.decisions

    other = {**ON_PAPER, 4: {"decision": "excluded", "reason": "household_protected"}}
    changed = load(paper, fill(paper, other, path), first.decisions)
    assert (changed.changed, changed.same) == (1, len(ON_PAPER) - 1)
    assert changed.decisions.cases[4]["decision"] == "excluded"

    rows = paper.cases.to_dict("records")
    confirmed = confirm_all(first.decisions, rows, SECOND)
    with pytest.raises(ParameterError, match="事例4: 別の人が確かめた決定と違います"):
        load(paper, path, confirmed)
    whole = load(paper, fill(paper, ON_PAPER, path), confirmed)
    assert not [case for case in rows if check_decision(case, whole.decisions)]


def test_an_empty_row_leaves_what_was_decided_before(paper: Paper, tmp_path: Path) -> None:
    first = load(paper, fill(paper, ON_PAPER, tmp_path / "filled.xlsx"))
    done = load(paper, fill(paper, {}, tmp_path / "empty.xlsx"), first.decisions)
    assert done.empty == len(paper.cases)
    assert done.decisions == first.decisions


def test_the_lists_offer_exactly_what_each_case_offers_and_the_rest_is_locked(paper: Paper) -> None:
    book = openpyxl.load_workbook(io.BytesIO(paper.content))
    sheet = book[SHEET]
    assert sheet.protection.sheet
    assert book["選択肢"].sheet_state == "hidden"
    offered: dict[str, list[str]] = {}
    for validation in sheet.data_validations.dataValidation:
        assert validation.showErrorMessage
        own = validation.formula1.split("!")[1].replace("$", "")
        texts = [str(cell.value) for (cell,) in book["選択肢"][own]]
        for place in validation.sqref.ranges:
            for row, column in place.cells:
                offered[sheet.cell(row, column).coordinate] = texts
    for row, case in enumerate(paper.cases.to_dict("records"), start=2):
        decisions = [
            f"{DECISION_LABELS[n]}［{n}］" for n in list_decisions(case["kind"], case["choices"])
        ]
        assert offered[f"G{row}"] == decisions
        reasons = {
            r
            for n in list_decisions(case["kind"], case["choices"])
            for r in DECISIONS[case["kind"]][n]
        }
        assert {text.split("［")[1][:-1] for text in offered[f"H{row}"]} == reasons
        if case["kind"] == "undecided":
            assert offered[f"I{row}"] == ["1", "2"]
        else:
            assert f"I{row}" not in offered
        locked = {name: sheet.cell(row, place).protection.locked for name, place in PLACES.items()}
        assert {name for name, own in locked.items() if not own} == set(FILLED)
        assert not [name for name in FILLED if sheet.cell(row, PLACES[name]).value]
        assert sheet.cell(row, PLACES["内容の値"]).value == case["digest"][:16]


def test_the_officer_reads_what_was_typed_beside_who_may_be_meant(paper: Paper) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(paper.content))[SHEET]
    typed, people = (sheet.cell(3, PLACES[name]).value for name in ("申出", "該当しうる人"))
    assert "氏名: 試験　三四郎" in typed.splitlines()
    assert [line[:4] for line in people.splitlines() if line.startswith("候補")] == [
        "候補 1", "候補 2",
    ]  # fmt: skip
    assert people.count("≠ 氏名") == 2


# ---- the export ----


@pytest.fixture
def root(tmp_path: Path, paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose run has come as far as 03, with the situation's tables."""
    stage = make_stage(tmp_path, "03")
    store(stage, **make_situation())
    own = {**stage.parameters, "runs_folder": "runs"}
    (stage.folder / "run.yaml").write_text(yaml.safe_dump({"01": own}), encoding="utf-8")
    monkeypatch.setattr(case_workbook, "open_key", lambda *_: KEY)
    return tmp_path


def export(root: Path, **changes: str) -> int:
    terms = {"stage": "03", "by": STAFF, "due": "2026-06-30", **changes}
    out = root / terms.pop("out", "cases.xlsx")
    return export_cases(root, root / "runs/test_ward", out=out, **terms)


def test_an_export_is_logged_so_that_06_asks_for_it(root: Path, paper: Paper) -> None:
    assert export(root) == len(paper.cases)
    facts = list_exports(root / "runs/test_ward")["cases.xlsx"]
    assert (facts["kind"], facts["cases_of"], facts["by"], facts["due"]) == (
        "cases", "03", STAFF, "2026-06-30",
    )  # fmt: skip
    assert read_choices(root / "cases.xlsx", paper.cases, {}, paper.shown) == dict.fromkeys(
        paper.cases["case"], {}
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"out": "runs/cases.xlsx"}, "フォルダの外"),
        ({"by": "だれか"}, "職員の一覧にありません"),
        ({"due": "2026-05-19"}, "明日以後"),
        ({"due": "2027-04-01"}, "保存期間の終わりより後"),
    ],
)
def test_place_officer_and_due_date_must_do(root: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        export(root, **changes)
    assert not list(root.glob("*.xlsx"))


def test_a_stage_whose_cases_nobody_knows_exports_nothing(root: Path) -> None:
    (root / "runs/test_ward" / PRIVATE / "matches.age").unlink()
    with pytest.raises(AwaitingPerson, match="02 が完了していない"):
        export(root)
    append_entry(root / "runs/test_ward", "01", "begun", files={})
    with pytest.raises(AwaitingPerson, match="01 が事例を調べるところまで進んでいない"):
        export(root, stage="01")
    assert list_exports(root / "runs/test_ward") == {}


def test_the_doubts_of_01_stand_in_the_workbook_with_the_people_meant(root: Path) -> None:
    folder = root / "runs/test_ward"
    stage = make_stage(root, "01")
    cases = pd.DataFrame(
        [(1, "birth_unsure", "registry", 7, "日が不詳", 1, "ab" * 32)],
        columns=["case", "kind", "source", "source_row", "reason", "choices", "digest"],
    )
    people = pd.DataFrame({"case": [1], "place": ["1"], "who": ["試験　一郎 / 2008-04-00"]})
    store(stage, doubts_01=cases, doubt_people_01=people)
    append_entry(folder, "01", "proposed", files={})
    assert export(root, stage="01", out="doubts.xlsx") == 1
    sheet = openpyxl.load_workbook(root / "doubts.xlsx")[SHEET]
    assert [sheet.cell(2, PLACES[name]).value for name in ("事情", "該当しうる人")] == [
        "抽出の7行目: 日が不詳", "候補 1: 試験　一郎 / 2008-04-00",
    ]  # fmt: skip


# ---- the two commands ----


def test_the_commands_write_the_workbook_and_decide_from_it(
    root: Path, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "notebooks").mkdir()
    values = yaml.safe_load((ROOT / "params/test_ward.yaml").read_text(encoding="utf-8"))
    parameters = root / "params/test_ward.yaml"
    parameters.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr("recruitlib.base.vault.open_key", lambda *_: KEY)
    out = root / "cases.xlsx"
    words = [str(parameters), "--out", str(out), "--by", STAFF, "--due", "2026-06-30"]
    run = CliRunner()
    done = run.invoke(case_workbooks.cases_workbook, words, catch_exceptions=False)
    assert f"事例 {len(paper.cases)}件を書き出しました" in done.output

    decided = root / "params/test_ward/decisions.yaml"
    filled = fill(paper._replace(content=out.read_bytes()), ON_PAPER, root / "filled.xlsx")
    words = [str(parameters), str(filled), "--by", STAFF]
    broken = change(shutil.copy(filled, root / "broken.xlsx"), 2, "決定", "はい")
    with pytest.raises(FormError, match="2行目のG列"):
        run.invoke(
            case_workbooks.decide_workbook, [words[0], str(broken), *words[2:]],
            catch_exceptions=False,
        )  # fmt: skip
    assert not decided.exists()
    done = run.invoke(case_workbooks.decide_workbook, words, catch_exceptions=False)
    for number, choice in ON_PAPER.items():
        assert f"事例{number}: {DECISION_LABELS[choice['decision']]}、理由: " in done.output
    assert ON_PAPER[2]["note"] not in done.output
    assert f"新しい決定 {len(ON_PAPER)}件、決め直し 0件、前と同じ 0件、空の行 0件" in done.output
    written = read_decisions(decided, "test_ward", True, OFFICERS)
    assert say(written) == say(load(paper, filled).decisions)
    # What stands there already is not written anew.
    before = decided.read_bytes()
    run.invoke(case_workbooks.decide_workbook, words, catch_exceptions=False)
    assert decided.read_bytes() == before
