"""The approval panel: a third officer approves exactly what is shown, with every line ticked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.run import Stage
from recruitlib.review.approval import read_approval
from recruitlib.review.approval_panel import ApprovalPanel, approve, is_current, show_approval
from recruitlib.review.confirmation import (
    Review,
    list_ticks,
    prepare_review,
    require_approval,
)
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.unit.desks import be_live, begin_review, find_widget, list_held, list_widgets
from tests.unit.stages import CHOICES, decide_cases
from tests.unit.test_review_case_panel import press, read_line, sign_in
from tests.unit.test_review_casebook import read_page

CODES = ["request", "counts", "towns", "cases", "lists"]


def begin(
    folder: Path, confirmed_by: str = SECOND, decided_by: str = STAFF
) -> tuple[Stage, Review]:
    stage, _ = begin_review(folder)
    decide_cases(stage, CHOICES, confirmed_by, decided_by)
    return stage, prepare_review(stage)


def open_panel(stage: Stage, review: Review, monkeypatch: pytest.MonkeyPatch) -> Any:
    be_live(monkeypatch)
    return ApprovalPanel(stage, review).widget


def read_own(stage: Stage) -> Any:
    return read_approval(stage.locate("approval_file"), "test_ward", True)


@pytest.mark.parametrize("missing", ["JPY_SESSION_NAME", LIVE_VARIABLE])
def test_outside_of_a_session_one_sentence_says_where_to_approve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    missing: str,
) -> None:  # fmt: skip
    shown = be_live(monkeypatch)
    monkeypatch.delenv(missing)
    show_approval(*begin(tmp_path))
    assert capsys.readouterr().out == (
        "承認は、recruitlib review params/test_ward.yaml の画面か recruitlib approve で行います。\n"
    )
    assert shown == []


def test_the_notebook_keeps_one_fixed_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = be_live(monkeypatch)
    show_approval(*begin(tmp_path))
    assert [content["text/plain"] for content in shown] == ["承認の画面（実行中だけ表示されます）"]


def test_a_third_officer_sees_the_table_ticks_each_line_and_approves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review = begin(tmp_path)
    panel = open_panel(stage, review, monkeypatch)
    sign_in(panel, THIRD)
    page = read_page(find_widget(panel, "subject").value)
    for staff_id in (STAFF, SECOND, THIRD):
        assert f"{staff_id}（" in page
    assert "4件のうち 4件" in page and "承認の値" in page
    assert "チェックのないものがあります" in press(panel, "approve")
    assert read_own(stage) is None
    for code in CODES:
        find_widget(panel, f"tick-{code}").value = True
    assert press(panel, "approve").startswith("承認しました（承認の値 ")
    assert "recruitlib run に --from 03" in read_line(panel)
    approval = read_own(stage)
    assert (approval.approved_by, list(approval.ticked)) == (THIRD, CODES)
    assert require_approval(stage, review) == approval
    # Nobody of the register is in this panel at any time.
    assert list_held(panel, review) == []


def test_who_worked_is_refused_and_so_is_who_decided_and_a_third_officer_approves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, review = begin(tmp_path, confirmed_by=THIRD, decided_by=SECOND)
    assert stage.parameters["operator"] == STAFF
    panel = open_panel(stage, review, monkeypatch)

    def press_as(staff_id: str) -> str:
        sign_in(panel, staff_id)
        for code in CODES:
            find_widget(panel, f"tick-{code}").value = True
        told = press(panel, "approve")
        press(panel, "sign-out")
        return told

    for staff_id in (STAFF, SECOND):
        assert "作業または決定をした人と同じです（職員番号が同じです）" in press_as(staff_id)
        assert read_own(stage) is None
    assert press_as(THIRD).startswith("承認しました")
    assert read_own(stage).approved_by == THIRD


def test_an_open_case_is_named_and_nothing_is_approved(tmp_path: Path) -> None:
    stage, review = begin(tmp_path, confirmed_by="")
    with pytest.raises(AwaitingPerson, match="事例 1・2・4 が"):
        approve(stage, review, sign_as(THIRD), CODES, list_ticks(stage, review))
    assert read_own(stage) is None


def test_what_the_tables_above_do_not_show_is_not_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, before = begin_review(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    # The notebook ran before the decisions: its tables have other numbers.
    panel = open_panel(stage, before, monkeypatch)
    sign_in(panel, THIRD)
    assert "上の表と図が古くなりました" in find_widget(panel, "subject").value
    assert not [one for one in list_widgets(panel) if "rl-approve" in one._dom_classes]
    shown = prepare_review(stage)
    assert is_current(stage, shown) and not is_current(stage, before)
    decide_cases(
        stage, {**CHOICES, 3: {"decision": "withdrawn", "reason": "withdrawn_by_subject"}}, SECOND
    )
    with pytest.raises(ParameterError, match="上の表と図が古くなりました"):
        approve(stage, shown, sign_as(THIRD), CODES, list_ticks(stage, shown))
    assert read_own(stage) is None


def test_signing_out_clears_the_table_and_the_ticks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = open_panel(*begin(tmp_path), monkeypatch)
    sign_in(panel, THIRD)
    find_widget(panel, "tick-counts").value = True
    press(panel, "sign-out")
    sign_in(panel, THIRD)
    assert find_widget(panel, "tick-counts").value is False
