"""Panels on the terminal: who decides reads the same comparison there, and nothing commands the screen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.decisions import decide_case
from recruitlib.base.errors import ParameterError
from recruitlib.base.run import Stage
from recruitlib.review import panels
from recruitlib.review.confirmation import Review, prepare_review
from recruitlib.review.panels import describe_cases
from tests.officers import OFFICERS, SECOND, STAFF, sign_as
from tests.unit.desks import begin_review
from tests.unit.stages import CHOICES, KEY, decide_cases, make_situation

FIRST_NAMED = f"{STAFF}（{OFFICERS[STAFF].title}）"
SECOND_NAMED = f"{SECOND}（{OFFICERS[SECOND].title}）"
UNCONFIRMED = f"決めた人: {FIRST_NAMED}、確認: まだ"


def begin(folder: Path, **changes: str) -> tuple[Stage, Review]:
    """Begin 03 with the situation's tables, the third application as typed by a stranger."""
    tables = make_situation()
    for name, value in changes.items():
        tables["applications"].loc[2, name] = value
    return begin_review(folder, tables)


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


def test_the_terminal_shows_the_person_matched_who_is_near_and_what_differs(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    text = "\n".join(describe_cases(stage.folder, KEY, review.decisions))
    first = text.split("事例 1  ")[1].split("事例 2  ")[0]
    names = review.cohort["full_name"]
    assert f"  一致した人: {names[1]} / シケン　タロウ / 2008-05-03 / " in first
    assert f"  ほかに近い人 1: {names[7]} / " in first
    assert "    ＝ 氏名: 一致\n" in first
    assert (
        "    ≠ 氏名: 違う（「二」と「八」、「2」と「8」）: 申出 試験　【二】郎【2】、台帳 試験　【八】郎【8】"
        in first
    )
    second = text.split("事例 2  ")[1].split("事例 3  ")[0]
    assert second.count("⚠ 氏名も生年月日も一致しません") == 1
    last = text.split("事例 4  ")[1]
    assert "世帯の確認。申出はありません" in last
    assert f"  同じ世帯の対象者: {names[6]} / " in last


def test_the_second_person_sees_what_was_decided_by_whom_before_confirming(tmp_path: Path) -> None:
    stage, _ = begin(tmp_path)
    choices = {1: CHOICES[1], 2: {**CHOICES[2], "also": [1]}, 4: CHOICES[4]}

    def show(choices: dict[int, dict[str, Any]], confirmed_by: str) -> list[str]:
        decide_cases(stage, choices, confirmed_by)
        lines = list(describe_cases(stage.folder, KEY, prepare_review(stage).decisions))
        return [line.strip() for line in lines if "決定: " in line]

    told = show(choices, "")
    assert told == [
        f"決定: 除外する（この候補が本人）、理由: 資格を確かめた。{UNCONFIRMED}",
        f"決定: 除外する（この候補が本人）、理由: 記入の誤り、候補 2、ほかの候補 1。{UNCONFIRMED}",
        "決定: まだ",
        f"決定: 提供する、理由: 保護の対象でない。{UNCONFIRMED}",
        "決定: 4件のうち3件、確認: 0件。残りは事例 3 です。recruitlib decide で決めてください。",
    ]
    assert show(CHOICES, "")[-1].startswith("決定: 4件のうち4件、確認: 0件。決めた人と別の人が、")
    confirmed = show(CHOICES, SECOND)
    assert confirmed[2].endswith(f"決めた人: {FIRST_NAMED}、確認した人: {SECOND_NAMED}")
    assert confirmed[-1] == "決定: 4件のうち4件、確認: 4件。03 をもう一度実行してください。"


def test_a_decision_of_something_else_is_told_as_none(tmp_path: Path) -> None:
    stage, _ = begin(tmp_path)
    decide_cases(stage, CHOICES, SECOND)
    _, review = begin(tmp_path, subject_name="試験　三六郎")
    lines = list(describe_cases(stage.folder, KEY, review.decisions))
    assert "  決定: まだ（決定の後に内容が変わりました）" in lines
    assert "4件のうち3件" in lines[-1] and "残りは事例 2 です" in lines[-1]


def test_a_case_without_a_candidate_does_not_offer_one_and_says_what_to_do(tmp_path: Path) -> None:
    tables = make_situation()
    stage, review = begin_review(tmp_path, {**tables, "candidates": tables["candidates"].iloc[:0]})
    text = "\n".join(describe_cases(stage.folder, KEY, review.decisions))
    case = text.split("事例 2  ")[1].split("事例 3  ")[0]
    assert "matched=" not in case and "outside=対象者の中に該当者なし: " in case
    assert "受付簿" in case and "02 からやり直して" in case
    assert text.count("候補がないので") == 1
    [second] = [row for row in review.cases.to_dict("records") if row["case"] == 2]
    for candidate in ({}, {"candidate": 1}):
        choice = {"decision": "matched", "reason": "typing_error", **candidate}
        with pytest.raises(ParameterError, match="選べない決定です（選べるもの: outside="):
            decide_case(review.decisions, second, choice, sign_as(STAFF))


def test_what_was_typed_cannot_command_the_terminal(tmp_path: Path) -> None:
    typed = "試\x1b[2J\x1b]0;x\x07験\u202e\r\n  候補 1: 別人"
    stage, review = begin(tmp_path, subject_name=typed)
    lines = list(describe_cases(stage.folder, KEY, review.decisions))
    for line in lines:
        assert not re.search(r"[\x00-\x1f\x7f\x9b\u202e]", line)
    assert len([line for line in lines if line.startswith("  候補 1: ")]) == 1


def test_the_words_cover_every_decision() -> None:
    offered = {name for names in panels.DECISIONS.values() for name in names}
    assert offered == set(panels.DECISION_LABELS)
