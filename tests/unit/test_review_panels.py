"""Panels: a person sees the case, the stored notebook does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from recruitlib.base.audit import read_entries
from recruitlib.base.decisions import decide_case
from recruitlib.base.errors import ParameterError
from recruitlib.base.run import Stage
from recruitlib.review import panels
from recruitlib.review.confirmation import Review, prepare_review
from recruitlib.review.panels import _render_case, describe_cases, gather_case, show_cases
from tests.conftest import ROOT
from tests.unit.stages import (
    CHOICES,
    KEY,
    SECOND,
    STAFF,
    decide_cases,
    make_situation,
    make_stage,
    store,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><iframe src=//invalid.example>',
    "<b>&amp;</b>",
    "=cmd|' /C calc'!A0",
    "</table><h1>",
]


def begin(folder: Path, **changes: str) -> tuple[Stage, Review]:
    """Begin 03 with the situation's tables, the third application as typed by a stranger."""
    stage = make_stage(folder, "03")
    tables = make_situation()
    for name, value in changes.items():
        tables["applications"].loc[2, name] = value
    store(stage, **tables)
    return stage, prepare_review(stage)


def list_values(review: Review) -> set[str]:
    """List every value of a person that a panel could show."""
    columns = ("full_name", "full_name_kana", "addressee_id", "address", "birth_date")
    typed = ("subject_name", "subject_kana", "subject_address", "subject_birth_text", "phone")
    values = {value for name in columns for value in review.cohort[name]}
    return {*values, *(value for name in typed for value in review.applications[name])} - {""}


def test_a_notebook_in_batch_shows_the_number_of_cases_and_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    stage, review = begin(tmp_path)
    show_cases(stage, review)
    shown = capsys.readouterr().out
    assert "事例 4 件" in shown
    assert not [value for value in list_values(review) if value in shown]
    assert "cases_shown" not in [entry["event"] for entry in read_entries(stage.folder)]


def test_a_live_notebook_without_cases_shows_no_widget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")
    stage, review = begin(tmp_path)
    show_cases(stage, review._replace(cases=review.cases.iloc[:0]))
    assert "事例 0 件" in capsys.readouterr().out


def show_live(
    stage: Stage, review: Review, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[dict[str, Any]], list[Any]]:
    """Show the cases as JupyterLab would, and give what is stored and the widgets that are shown."""
    import ipywidgets

    made: list[Any] = []
    shown: list[dict[str, Any]] = []

    class SeenHTML(ipywidgets.HTML):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            made.append(self)

    class SeenNumber(ipywidgets.BoundedIntText):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            made.append(self)

    def keep(content: dict[str, Any], raw: bool = False) -> None:
        assert raw
        shown.append(content)

    monkeypatch.setattr(ipywidgets, "HTML", SeenHTML)
    monkeypatch.setattr(ipywidgets, "BoundedIntText", SeenNumber)
    monkeypatch.setattr("IPython.display.display", keep)
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")
    show_cases(stage, review)
    return shown, made


def test_the_officer_sees_each_case_with_its_people_and_the_showing_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review = begin(tmp_path)
    shown, (page, number) = show_live(stage, review, monkeypatch)
    # Nothing of a person is in the widget before somebody asks for a case.
    assert not [value for value in list_values(review) if value in page.value]
    assert (number.value, number.max) == (0, 4)
    number.value = 1
    assert review.applications["subject_name"][1] in page.value
    number.value = 2
    names = review.cohort["full_name"]
    assert all(text in page.value for text in ("試験　三四郎", names[2], names[3], "候補 2"))
    assert names[0] not in page.value
    assert "除外する（この候補が本人）" in page.value
    stored = json.dumps(shown, ensure_ascii=False)
    assert not [value for value in list_values(review) if value in stored]
    assert set(shown[0]) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "cases_shown" in [entry["event"] for entry in read_entries(stage.folder)]


CELL = """
import os, sys
from pathlib import Path
os.environ["JPY_SESSION_NAME"] = "03.ipynb"
sys.path.insert(0, {root!r})
from recruitlib.base.kernel import quiet_kernel
from recruitlib.review.confirmation import prepare_review
from recruitlib.review.panels import show_cases
from tests.unit.stages import make_situation, make_stage, store
quiet_kernel()
stage = make_stage(Path({folder!r}), "03")
store(stage, **make_situation())
show_cases(stage, prepare_review(stage))
"""


def test_the_notebook_as_stored_by_a_real_kernel_holds_no_value_of_a_person(tmp_path: Path) -> None:
    code = CELL.format(root=str(ROOT), folder=str(tmp_path))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    # Papermill is told not to store the state of widgets, and JupyterLab does not unless asked.
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()  # fmt: skip
    outputs = json.dumps(notebook.cells[0].outputs, ensure_ascii=False)
    assert "事例の画面" in outputs
    assert "widget-view" in outputs
    _, review = begin(tmp_path)
    stored = json.dumps({**notebook, "cells": notebook.cells[0].outputs}, ensure_ascii=False)
    assert not [value for value in list_values(review) if value in stored]


@pytest.mark.parametrize("markup", HOSTILE)
@pytest.mark.parametrize(
    "field", ["subject_name", "subject_address", "subject_building", "card_name"]
)
def test_markup_in_an_application_is_shown_as_typed_and_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, markup: str
) -> None:
    stage, review = begin(tmp_path, **{field: markup})
    _, (page, number) = show_live(stage, review, monkeypatch)
    number.value = 2
    assert list_tags(page.value) <= {"h4", "table", "tr", "td", "b", "div", "p"}
    assert markup in read_page(page.value)


def list_tags(page: str) -> set[str]:
    """List the tags that a browser's own parser finds, by the standard library's."""
    from html.parser import HTMLParser

    tags: set[str] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attributes: Any) -> None:
            tags.add(tag)
            assert not [name for name, _ in attributes if name.startswith("on")]

    Parser().feed(page)
    return tags


def read_page(page: str) -> str:
    """Read the text of a page as a browser shows it."""
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", page))


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_becomes_a_tag(typed: list[str], name: str) -> None:
    case = {"case": 1, "kind": "undecided", "reason": "not_found", "choices": 1, "digest": "0" * 64}
    page = _render_case(case, typed, [[name, "一致: 氏名"]], name)
    assert list_tags(page) <= {"h4", "table", "tr", "td", "b", "div", "p"}


def test_the_candidates_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    _, review = begin(tmp_path)
    case = review.cases.to_dict("records")[1]
    mixed = review.candidates.iloc[::-1]
    typed, people = gather_case(case, review.applications, mixed, review.cohort)
    names = review.cohort["full_name"]
    assert [person[0] for person in people] == [names[2], names[3]]
    assert [person[-1] for person in people] == ["一致: 番地", "一致: 氏名"]
    assert typed[0] == "氏名: 試験　三四郎"
    assert "申出者: 本人" in typed
    assert "" not in typed


def test_a_housemate_is_shown_without_an_application(tmp_path: Path) -> None:
    _, review = begin(tmp_path)
    case = review.cases.to_dict("records")[3]
    typed, people = gather_case(case, review.applications, review.candidates, review.cohort)
    assert typed == ["（世帯の確認。申出はありません）"]
    assert [person[0] for person in people] == [review.cohort["full_name"][6]]


def test_the_terminal_names_case_digest_candidates_and_choices(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    text = "\n".join(describe_cases(stage.folder, KEY, review.decisions))
    for case in review.cases.to_dict("records"):
        assert f"事例 {case['case']}  " in text
        assert case["digest"][:16] in text
    second = text.split("事例 2  ")[1].split("事例 3  ")[0]
    names = review.cohort["full_name"]
    assert f"候補 1: {names[2]} / " in second
    assert f"候補 2: {names[3]} / " in second
    assert (
        "    matched=除外する（この候補が本人）: typing_error=記入の誤り、parent_signed=" in second
    )
    assert "    outside=対象者の中に該当者なし: no_such_person=該当者なし、other_person=" in second
    assert "household_protected" not in second


def test_the_second_person_sees_what_was_decided_by_whom_before_confirming(tmp_path: Path) -> None:
    stage, _ = begin(tmp_path)
    choices = {1: CHOICES[1], 2: {**CHOICES[2], "also": [1]}, 4: CHOICES[4]}

    def show(choices: dict[int, dict[str, Any]], confirmed_by: str) -> list[str]:
        decide_cases(stage, choices, confirmed_by)
        lines = list(describe_cases(stage.folder, KEY, prepare_review(stage).decisions))
        return [line.strip() for line in lines if "決定: " in line]

    told = show(choices, "")
    assert told == [
        f"決定: 除外する（この候補が本人）、理由: 資格を確かめた。決めた人: {STAFF}、確認: まだ",
        "決定: 除外する（この候補が本人）、理由: 記入の誤り、候補 2、ほかの候補 1。"
        f"決めた人: {STAFF}、確認: まだ",
        "決定: まだ",
        f"決定: 提供する、理由: 保護の対象でない。決めた人: {STAFF}、確認: まだ",
        "決定: 4件のうち3件。確認: まだ。残りは事例 3 です。recruitlib decide で決めてください。",
    ]
    assert show(CHOICES, "")[-1].startswith("決定: 4件のうち4件。確認: まだ。決めた人と別の人が、")
    assert show(CHOICES, "主任（代理）　甲")[0].endswith("確認した人: 主任（代理）　甲")
    assert show(CHOICES, f"{STAFF}（見本）")[0].endswith("確認: まだ")
    confirmed = show(CHOICES, SECOND)
    assert confirmed[2].endswith(f"決めた人: {STAFF}、確認した人: {SECOND}")
    assert confirmed[-1] == (
        f"決定: 4件のうち4件。確認した人: {SECOND}。03 をもう一度実行してください。"
    )


def test_a_decision_of_something_else_is_told_as_none(tmp_path: Path) -> None:
    stage, _ = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    _, review = begin(tmp_path, subject_name="試験　三六郎")
    lines = list(describe_cases(stage.folder, KEY, review.decisions))
    assert "  決定: まだ（決定の後に内容が変わりました）" in lines
    assert "4件のうち3件" in lines[-1] and "残りは事例 2 です" in lines[-1]


def test_the_live_page_tells_the_decision_and_by_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = begin(tmp_path)
    decide_cases(stage, CHOICES, "")
    _, (page, number) = show_live(stage, prepare_review(stage), monkeypatch)
    number.value = 2
    assert "決定: 除外する（この候補が本人）、理由: 記入の誤り、候補 2" in page.value
    assert f"決めた人: {STAFF}、確認: まだ" in page.value


def test_a_case_without_a_candidate_does_not_offer_one_and_says_what_to_do(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "03")
    tables = make_situation()
    store(stage, **{**tables, "candidates": tables["candidates"].iloc[:0]})
    review = prepare_review(stage)
    text = "\n".join(describe_cases(stage.folder, KEY, review.decisions))
    case = text.split("事例 2  ")[1].split("事例 3  ")[0]
    assert "matched=" not in case and "outside=対象者の中に該当者なし: " in case
    assert "受付簿" in case and "02 からやり直して" in case
    assert text.count("候補がないので") == 1
    [second] = [row for row in review.cases.to_dict("records") if row["case"] == 2]
    assert "除外する" not in _render_case(second, [], [], "まだ")
    for candidate in ({}, {"candidate": 1}):
        choice = {"decision": "matched", "reason": "typing_error", **candidate}
        with pytest.raises(ParameterError, match="選べない決定です（選べるもの: outside="):
            decide_case(review.decisions, second, choice, STAFF)


def test_what_was_typed_cannot_command_the_terminal(tmp_path: Path) -> None:
    typed = "試\x1b[2J\x1b]0;x\x07験\u202e\r\n  候補 1: 別人"
    stage, review = begin(tmp_path, subject_name=typed)
    lines = list(describe_cases(stage.folder, KEY, review.decisions))
    for line in lines:
        assert not re.search(r"[\x00-\x1f\x7f\x9b\u202e]", line)
    assert len([line for line in lines if line.startswith("  候補 1: ")]) == 4


def test_the_words_cover_every_decision() -> None:
    offered = {name for names in panels.DECISIONS.values() for name in names}
    assert offered == set(panels.DECISION_LABELS)
