"""The approved scope: nothing outside it, and nothing read as a yes that was not written as one.

Right values: the ward's document (R8: 18 and 22, 氏名 and 住所, paper, 2026-04-01 to 2027-03-31).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.base.scope import (
    LABEL_MEDIUM,
    Scope,
    check_conditions,
    check_scope,
    read_scope,
)

ROOT = Path(__file__).parents[2]
WARD = ROOT / "params/scope/shinjuku_r8.yaml"
DEMO = ROOT / "params/scope/demo.yaml"
DAY = date(2026, 5, 20)


def _write(folder: Path, **changes: Any) -> Path:
    content = {**yaml.safe_load(DEMO.read_text(encoding="utf-8")), **changes}
    path = folder / "scope.yaml"
    path.write_text(
        yaml.safe_dump({k: v for k, v in content.items() if v is not None}, allow_unicode=True),
        encoding="utf-8",
    )
    return path


def test_the_shipped_scope_says_what_the_document_of_the_ward_says() -> None:
    scope = read_scope(WARD)
    assert scope.ages == (18, 22)
    assert scope.provided_items == ("氏名", "住所")
    assert scope.connected_items == ("氏名", "住所", "生年月日", "電話番号", "提供しない申出")
    assert scope.recipient == "自衛隊東京地方協力本部"
    assert scope.medium == LABEL_MEDIUM
    assert (scope.period_from, scope.period_to) == (date(2026, 4, 1), date(2027, 3, 31))
    assert scope.postal_code_is_address is True
    assert scope.legal_basis == (
        "地方自治法第2条", "自衛隊法第97条第1項", "自衛隊法施行令第120条", "個人情報保護法第69条第1項",
    )  # fmt: skip


def test_the_shipped_scope_lets_nothing_out_before_the_office_has_written_its_conditions() -> None:
    problems = check_conditions(read_scope(WARD), "取扱者C（見本）", "第1号", DAY)
    assert len(problems) == 3


def test_the_demo_differs_from_the_scope_of_the_ward_only_in_invented_conditions() -> None:
    ward, demo = read_scope(WARD)._asdict(), read_scope(DEMO)._asdict()
    differing = {name for name in ward if ward[name] != demo[name]}
    assert differing == {"memorandum_on", "guideline_on", "handlers"}


@pytest.mark.parametrize("name", Scope._fields)
def test_a_missing_key_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_scope(_write(tmp_path, **{name: None}))


def test_unknown_and_missing_keys_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="2件") as caught:
        read_scope(_write(tmp_path, medium=None, mediun="紙"))
    assert "medium: 書かれていません" in str(caught.value)
    assert "mediun: 知らない項目" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("postal_code_is_address", "false"),
        ("postal_code_is_address", 0),
        ("handlers", "取扱者C（見本）"),
        ("handlers", [""]),
        ("provided_items", "氏名、住所、生年月日"),
        ("ages", 18),
        ("ages", ["18", "22"]),
        ("ages", [True]),
        ("medium", ["紙（宛名シール）"]),
        ("memorandum_on", date(2026, 4, 20)),
        ("period_from", date(2026, 4, 1)),
        ("period_to", "2027-02-30"),
        ("period_to", "令和9年3月31日"),
        ("period_from", "20260401"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_and_never_taken_for_a_yes(
    tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(ParameterError, match=f"scope.yaml.*{name}: "):
        read_scope(_write(tmp_path, **{name: value}))


def test_what_lies_inside_the_scope_has_no_problem() -> None:
    assert check_scope(read_scope(DEMO), [18, 22], ["氏名", "住所", "郵便番号"], DAY) == []
    assert check_scope(read_scope(DEMO), [18], ["氏名"], DAY) == []


@pytest.mark.parametrize("item", ["生年月日", "性別", "電話番号", "氏名_フリガナ", "住", ""])
def test_an_item_that_was_not_approved_is_outside(item: str) -> None:
    problems = check_scope(read_scope(DEMO), [18], ["氏名", item], DAY)
    assert problems == [f"項目「{item}」は承認されていません。"]


def test_the_postal_code_goes_with_one_line_of_the_scope(tmp_path: Path) -> None:
    scope = read_scope(_write(tmp_path, postal_code_is_address=False))
    assert len(check_scope(scope, [18], ["氏名", "住所", "郵便番号"], DAY)) == 1


@pytest.mark.parametrize("age", [17, 19, 21, 23])
def test_an_age_that_was_not_approved_is_outside(age: int) -> None:
    assert check_scope(read_scope(DEMO), [18, age, 22], ["氏名"], DAY) == [
        f"{age}歳は承認された対象者ではありません。"
    ]


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (date(2027, 3, 31), True),
        (date(2027, 4, 1), False),
    ],
)
def test_the_period_holds_on_its_first_and_last_day_and_not_beside_them(
    day: date, inside: bool
) -> None:
    assert (check_scope(read_scope(DEMO), [18], ["氏名"], day) == []) is inside


def test_another_medium_than_paper_labels_is_outside() -> None:
    scope = read_scope(DEMO)._replace(medium="電子データ")
    assert len(check_scope(scope, [18], ["氏名"], DAY)) == 1


def test_met_conditions_have_no_problem() -> None:
    assert check_conditions(read_scope(DEMO), "取扱者C（見本）", "第1号", date(2026, 4, 20)) == []


@pytest.mark.parametrize(
    ("changes", "handler", "request_number", "word"),
    [
        ({"memorandum_on": ""}, "取扱者C（見本）", "第1号", "覚書"),
        ({"memorandum_on": "2026-05-21"}, "取扱者C（見本）", "第1号", "覚書"),
        ({"guideline_on": "予定"}, "取扱者C（見本）", "第1号", "要綱"),
        ({}, "取扱者", "第1号", "取扱者"),
        ({}, "", "第1号", "取扱者"),
        ({}, "取扱者C（見本）", "　 ", "依頼文書"),
    ],
)
def test_each_condition_that_is_not_met_is_named(
    changes: dict[str, str], handler: str, request_number: str, word: str
) -> None:
    scope = read_scope(DEMO)._replace(**changes)  # type: ignore[arg-type]
    problems = check_conditions(scope, handler, request_number, DAY)
    assert len(problems) == 1
    assert word in problems[0]
