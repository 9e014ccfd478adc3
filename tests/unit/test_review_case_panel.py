"""The live panel: nobody is in a widget before an officer signs in, and no choice is ever lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from recruitlib.base import officers
from recruitlib.base.audit import read_entries
from recruitlib.base.decisions import (
    check_decision,
    decide_case,
    read_own_decisions,
    write_decisions,
)
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.run import Stage
from recruitlib.review import case_panel
from recruitlib.review.case_panel import CasePanel, show_cases
from recruitlib.review.confirmation import Review
from recruitlib.review.panel_parts import KEYS, STYLE
from tests.conftest import ROOT
from tests.officers import SECOND, STAFF, begin_decisions, sign_as
from tests.unit.desks import (
    PASSPHRASE,
    be_live,
    begin_review,
    find_widget,
    list_held,
    list_values,
    list_widgets,
)
from tests.unit.stages import CHOICES, decide_cases, make_situation
from tests.unit.test_review_casebook import read_page


def open_panel(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tables: dict[str, Any] | None = None
) -> tuple[Stage, Review, Any]:
    be_live(monkeypatch)
    stage, review = begin_review(folder, tables)
    return stage, review, CasePanel(stage, review).widget


def sign_in(panel: Any, staff_id: str, passphrase: str = PASSPHRASE) -> None:
    find_widget(panel, "staff-id").value = staff_id
    find_widget(panel, "passphrase").value = passphrase
    find_widget(panel, "sign-in").click()


def read_line(panel: Any) -> str:
    """Read the one line that says what came of the last act."""
    return read_page(find_widget(panel, "message").value)


def press(panel: Any, name: str) -> str:
    find_widget(panel, name).click()
    return read_line(panel)


def get_progress(panel: Any) -> str:
    return str(find_widget(panel, "progress").value)


@pytest.mark.parametrize("missing", ["JPY_SESSION_NAME", LIVE_VARIABLE])
def test_in_batch_and_in_plain_jupyterlab_one_sentence_stands_and_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    missing: str,
) -> None:  # fmt: skip
    shown = be_live(monkeypatch)
    monkeypatch.delenv(missing)
    stage, review = begin_review(tmp_path)
    show_cases(stage, review)
    assert capsys.readouterr().out == (
        "事例 4 件。内容は、recruitlib review params/test_ward.yaml の画面か recruitlib cases で見られます。\n"
    )
    assert shown == []
    assert "cases_shown" not in [entry["event"] for entry in read_entries(stage.folder)]


def test_a_live_notebook_without_cases_shows_no_widget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = be_live(monkeypatch)
    stage, review = begin_review(tmp_path)
    show_cases(stage, review._replace(cases=review.cases.iloc[:0]))
    assert "事例 0 件" in capsys.readouterr().out
    assert shown == []


def test_the_notebook_keeps_one_fixed_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = be_live(monkeypatch)
    show_cases(*begin_review(tmp_path))
    assert [set(content) for content in shown] == [
        {"application/vnd.jupyter.widget-view+json", "text/plain"}
    ]
    assert shown[0]["text/plain"] == "事例の画面（実行中だけ表示されます）"


def test_nobody_is_in_any_widget_before_signing_in_nor_after_signing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review, panel = open_panel(tmp_path, monkeypatch)
    assert list_held(panel, review) == []
    sign_in(panel, STAFF, "wrong")
    assert read_line(panel) == "できません: 職員の合言葉が違います。"
    assert list_held(panel, review) == []
    assert find_widget(panel, "passphrase").value == ""
    sign_in(panel, STAFF)
    assert list_held(panel, review)
    assert "passphrase" not in str(
        [getattr(own, "_dom_classes", ()) for own in list_widgets(panel)]
    )
    entries = [entry for entry in read_entries(stage.folder) if entry["event"] == "cases_shown"]
    assert [entry["facts"] for entry in entries] == [{"by": STAFF}]
    opened = [own for own in read_entries(stage.folder) if own["seq"] > entries[0]["seq"]]
    assert [own["facts"] for own in opened if own["event"] == "opened"] == [
        {"file": f"private/{name}.age", "officer": STAFF, "purpose": "事例の画面"}
        for name in ("matches", "near")
    ]
    refused = [
        own["facts"] for own in read_entries(stage.folder) if own["event"] == "sign_in_refused"
    ]
    assert refused == [{"by": STAFF}]
    find_widget(panel, "note").value = make_situation()["cohort"]["full_name"][0]
    press(panel, "sign-out")
    assert list_held(panel, review) == []
    assert read_line(panel) == "サインアウトしました。"


def test_what_is_typed_in_the_place_of_a_staff_id_does_not_go_into_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, "試験　二郎", "wrong")
    last = read_entries(stage.folder)[-1]
    assert (last["event"], last["facts"]) == ("sign_in_refused", {"by": ""})


def test_a_second_wrong_passphrase_signs_the_first_officer_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, review, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    press(panel, "sign-out")
    sign_in(panel, SECOND, "wrong")
    assert list_held(panel, review) == []


def test_an_officer_decides_another_confirms_and_a_fresh_panel_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    assert get_progress(panel) == "1 / 4"
    find_widget(panel, "reason").value = "authority_checked"
    assert "「除外する（この候補が本人）」と決め、保存しました" in press(panel, "choice-matched")
    assert get_progress(panel) == "2 / 4"
    # The form of the next case is empty: a key pressed twice decides nothing.
    assert find_widget(panel, "reason").value == ""
    assert "理由を選んで" in press(panel, "choice-matched")
    find_widget(panel, "pick").value = 2
    find_widget(panel, "reason").value = "typing_error"
    assert "チェックを付けて" in press(panel, "choice-matched")
    find_widget(panel, "tick-doubt").value = True
    assert "事例 2 を" in press(panel, "choice-matched")
    assert get_progress(panel) == "3 / 4"
    # The browser is lost; a fresh panel reads the file again.
    panel = CasePanel(stage, review).widget
    sign_in(panel, STAFF)
    assert get_progress(panel) == "3 / 4"
    press(panel, "back")
    assert "別の人でなければなりません" in press(panel, "confirm")
    press(panel, "sign-out")
    sign_in(panel, SECOND)
    assert get_progress(panel) == "1 / 4"
    assert press(panel, "confirm") == "事例 1 の決定を確かめ、保存しました。"
    decisions = read_own_decisions(stage, "decisions_file")
    first, second, *_ = review.cases.to_dict("records")
    assert check_decision(first, decisions) == ""
    assert check_decision(second, decisions) != ""


def test_the_ends_are_told_and_nothing_is_decided_by_moving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    assert "これが最初の事例です" in press(panel, "back")
    for _ in range(3):
        press(panel, "next")
    assert get_progress(panel) == "4 / 4"
    assert press(panel, "next") == (
        "これが最後の事例です。残り: まだ決めていない事例 4件、確認待ち 0件。"
    )
    assert not stage.locate("decisions_file").exists()


def test_a_held_case_is_found_again_in_a_fresh_panel_until_it_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    assert press(panel, "hold") == "事例 1 を保留にしました。"
    assert get_progress(panel) == "2 / 4"
    assert not stage.locate("decisions_file").exists()
    panel = CasePanel(stage, review).widget
    sign_in(panel, STAFF)
    assert get_progress(panel) == "2 / 4"
    find_widget(panel, "filter").value = "held"
    assert get_progress(panel) == "1 / 1"
    assert "決定: 保留（まだ）" in read_page(find_widget(panel, "page").value)
    assert press(panel, "hold") == (
        "事例 1 を保留にしました。残り: まだ決めていない事例 4件（うち保留 1件）、確認待ち 0件。"
    )
    find_widget(panel, "reason").value = "authority_checked"
    press(panel, "choice-matched")
    assert "保留" not in read_page(find_widget(panel, "page").value)
    assert find_widget(panel, "hold").disabled
    find_widget(panel, "kind").value = "to_confirm"
    assert get_progress(panel) == "0 / 0"


def test_a_decision_changed_since_it_was_shown_is_shown_anew_instead_of_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review, panel = open_panel(tmp_path, monkeypatch)
    decide_cases(stage, CHOICES, confirmed_by="")
    sign_in(panel, SECOND)
    find_widget(panel, "kind").value = "undecided"
    find_widget(panel, "tick-doubt").value = True
    other = {2: {"decision": "matched", "candidate": 1, "reason": "typing_error"}}
    decide_cases(stage, CHOICES | other, confirmed_by="")
    assert press(panel, "confirm") == (
        "できません: 事例 2 の決定は、表示した後に変わりました。今の決定を読んでから、もう一度確かめてください。"
    )
    assert "候補 1。決めた人" in read_page(find_widget(panel, "page").value)
    # The tick was given to somebody else.
    assert find_widget(panel, "tick-doubt").value is False
    find_widget(panel, "tick-doubt").value = True
    assert press(panel, "confirm").startswith("事例 2 の決定を確かめ、保存しました。")
    second = review.cases.to_dict("records")[1]
    assert check_decision(second, read_own_decisions(stage, "decisions_file")) == ""


def test_what_was_decided_since_a_case_was_seen_is_not_confirmed_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = make_situation()
    tables["matches"].loc[1, "reason"] = "listed"
    stage, review, panel = open_panel(tmp_path, monkeypatch, tables)
    sign_in(panel, SECOND)
    [case, *_] = review.cases.to_dict("records")
    choice = {"decision": "matched", "reason": "list_checked"}
    decided = decide_case(begin_decisions(), case, choice, sign_as(STAFF))
    write_decisions(stage.locate("decisions_file"), decided)
    assert "事例 1 の決定は、表示した後に変わりました" in press(panel, "confirm-seen")
    # It is on the screen now.
    assert "1 件の決定を確かめ" in press(panel, "confirm-seen")


REAL = {
    "kou": ("1024", "朝は味噌汁と白い飯を食べる"),
    "otsu": ("1025", "夜は温かい蕎麦を二杯食べる"),
}


def test_in_a_real_run_each_officer_signs_in_under_the_own_login_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_live(monkeypatch)
    monkeypatch.setattr("recruitlib.review.panel_parts.open_signer", officers.open_signer)
    stage, review = begin_review(tmp_path, run_kind="production")

    def open_under(login: str) -> Any:
        monkeypatch.setattr(officers, "find_login", lambda: login)
        return CasePanel(stage, review).widget

    for login, (staff_id, passphrase) in REAL.items():
        monkeypatch.setattr(officers, "find_login", lambda login=login: login)
        officers.add_officer(tmp_path, False, staff_id, "主任", passphrase)
    panel = open_under("kou")
    assert "ご本人の PC のログインで recruitlib review params/test_ward.yaml を開いて" in read_page(
        find_widget(panel, "hint").value
    )
    sign_in(panel, *REAL["kou"])
    find_widget(panel, "reason").value = "authority_checked"
    assert "決め、保存しました" in press(panel, "choice-matched")
    press(panel, "sign-out")
    sign_in(panel, *REAL["otsu"])
    assert "PC の別のログインで登録されています" in read_line(panel)
    assert list_held(panel, review) == []
    panel = open_under("otsu")
    sign_in(panel, *REAL["otsu"])
    assert press(panel, "confirm") == "事例 1 の決定を確かめ、保存しました。"
    [first, *_] = review.cases.to_dict("records")
    assert check_decision(first, read_own_decisions(stage, "decisions_file")) == ""


def test_a_demonstration_tells_nothing_of_logins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    assert not [own for own in list_widgets(panel) if "rl-hint" in getattr(own, "_dom_classes", ())]


def test_the_progress_stands_in_the_foot_that_stays_in_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    press(panel, "next")
    assert get_progress(find_widget(panel, "foot")) == "2 / 4"
    [bar] = [own for own in list_widgets(find_widget(panel, "foot")) if hasattr(own, "bar_style")]
    assert (bar.value, bar.max) == (0, 4)
    press(panel, "back")
    find_widget(panel, "reason").value = "authority_checked"
    assert "保存しました" in press(panel, "choice-matched")
    press(panel, "sign-out")
    sign_in(panel, SECOND)
    assert "保存しました" in press(panel, "confirm")
    # What is decided and confirmed, whichever case is looked at.
    assert (bar.value, bar.max) == (1, 4)


def test_only_what_can_be_done_is_offered_and_a_decision_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)

    def list_offered() -> list[str]:
        names = ("choice-matched", "choice-rejected", "confirm", "undo")
        return [name for name in names if not find_widget(panel, name).disabled]

    assert list_offered() == ["choice-matched", "choice-rejected"]
    find_widget(panel, "reason").value = "authority_checked"
    press(panel, "choice-matched")
    press(panel, "back")
    assert list_offered() == ["confirm", "undo"]
    assert press(panel, "undo") == "事例 1 の決定を取り消しました。"
    assert list_offered() == ["choice-matched", "choice-rejected"]


def test_the_decisions_of_a_kind_stand_behind_the_keys_1_and_2_and_the_reasons_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    keys = ("choice-matched", "choice-rejected", "hold", "back", "next", "confirm", "undo")
    assert [find_widget(panel, name).description[:2] for name in keys] == [
        "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "0 ",
    ]  # fmt: skip
    labels = [label for label, _ in find_widget(panel, "reason").options]
    assert "別人（2）" in labels and "状況を確かめた（1・2）" in labels


def test_a_filter_shows_what_is_left_and_says_when_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)
    find_widget(panel, "kind").value = "housemate"
    assert get_progress(panel) == "1 / 1"
    find_widget(panel, "filter").value = "waiting"
    assert get_progress(panel) == "0 / 0"
    assert "当たる事例はありません" in find_widget(panel, "page").value


def test_an_error_that_nobody_foresaw_is_one_line_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    sign_in(panel, STAFF)

    def fail(*_: Any) -> str:
        raise ValueError("試験　二郎")

    monkeypatch.setattr(case_panel.case_desk, "save_decision", fail)
    told = press(panel, "choice-matched")
    assert told.startswith("予期しない誤りです: ValueError（")
    assert "二郎" not in told


def test_nothing_of_the_panel_comes_from_outside_or_reads_what_was_typed_as_code() -> None:
    for part in (STYLE, KEYS):
        assert not re.search(r"//|url\(|@import|import\(|eval|innerHTML|fetch|localStorage", part)


def test_no_field_sends_what_is_still_being_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, panel = open_panel(tmp_path, monkeypatch)
    fields = [find_widget(panel, name) for name in ("staff-id", "passphrase")]
    sign_in(panel, STAFF)
    fields.append(find_widget(panel, "note"))
    assert not [field for field in fields if field.continuous_update]
    # Enter, which ends a conversion of the input method, does nothing in any of them.
    assert not [field for field in fields if field._submission_callbacks.callbacks]


CELL = """
import os, sys
from pathlib import Path
os.environ |= {{"JPY_SESSION_NAME": "03.ipynb", "{live}": "live/03.ipynb"}}
sys.path.insert(0, {root!r})
from recruitlib.base.kernel import quiet_kernel
from recruitlib.review.case_panel import show_cases
from tests.unit.desks import begin_review
quiet_kernel()
show_cases(*begin_review(Path({folder!r})))
"""


@pytest.mark.parametrize("keeps_state", [False, True])
def test_the_notebook_as_stored_by_a_real_kernel_holds_no_value_of_a_person(
    tmp_path: Path, keeps_state: bool
) -> None:
    code = CELL.format(root=str(ROOT), folder=str(tmp_path), live=LIVE_VARIABLE)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", store_widget_state=keeps_state,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()  # fmt: skip
    outputs = json.dumps(notebook.cells[0].outputs, ensure_ascii=False)
    assert "事例の画面" in outputs and "widget-view" in outputs
    assert "javascript" not in outputs
    _, review = begin_review(tmp_path)
    stored = json.dumps({**notebook, "cells": notebook.cells[0].outputs}, ensure_ascii=False)
    assert ("職員番号" in stored) is keeps_state
    assert not [value for value in list_values(review) if value in stored]
