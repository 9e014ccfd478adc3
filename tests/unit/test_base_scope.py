"""The approved scope: nothing outside it, and nothing read as a yes that was not written as one.

Right values: the ward's document (R8: 18 and 22, 氏名 and 住所, paper, 2026-04-01 to 2027-03-31), its
sentences copied here by hand.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.scope import (
    LABEL_MEDIUM,
    Request,
    Scope,
    check_conditions,
    check_recipient,
    check_scope,
    list_allowed_items,
    list_unwritten,
    read_scope,
)
from tests.conftest import ROOT
from tests.unit.scopes import DEMO, read_demo, write_scope

WARD = ROOT / "params/scope/shinjuku_r8.yaml"
DAY = date(2026, 5, 20)
RANGES = ("2008-04-02/2009-04-01", "2004-04-02/2005-04-01")
REQUEST = Request("見本第1号", "2026-04-06", RANGES)
HANDLER = "取扱者C（見本）"


def read_changed(folder: Path, **changes: object) -> Scope:
    return read_scope(Path(write_scope(folder, **changes)))


def check(
    scope: Scope, ages: list[int] | None = None, items: list[str] | None = None, day: date = DAY,
    request: Request = REQUEST,
) -> list[str]:  # fmt: skip
    return check_scope(scope, request, ages or [18, 22], items or ["氏名", "住所"], day)


def test_the_shipped_scope_says_what_the_document_of_the_ward_says() -> None:
    scope = read_scope(WARD)
    assert scope.name == "自衛官等募集事務"
    assert scope.division == "地域振興部地域コミュニティ課"
    assert scope.purpose == "自衛官及び自衛官候補生に関する募集事務に利用するため"
    assert scope.subjects == (
        "自衛官及び自衛官候補生を採用する年の4月1日時点において、満18歳または満22歳の日本国籍を有する区民"
    )
    assert scope.ages == (18, 22)
    assert scope.reason_for_connection == (
        "当該電子申請サービスは、東京都及び都内の自治体が共同調達・利用することで高品質なサービスの廉価な提供を"
        "実現しているため。また、同サービスを活用することで、申請者は窓口に来庁することなく、24時間申請手続きが"
        "可能となり、区民の利便性向上を図ることができるため。"
    )
    assert scope.counterparty == "株式会社トラストバンク"
    assert scope.route == (
        "LGWAN 回線を利用して、当該電子申請サービスの提供がされるクラウドサーバと区のイントラネット端末を接続する。"
    )
    assert scope.connected_items == ("氏名", "住所", "生年月日", "電話番号", "提供しない申出")
    assert scope.reason_for_provision == (
        "自衛官募集対象者が年々減少し、自衛官の募集環境はますます厳しくなっている中、国民の命と暮らしを守るため、"
        "質の高い人材の確保や自衛官の活動に対する幅広い理解を得ることが求められるため。"
    )
    assert scope.recipient == "自衛隊東京地方協力本部"
    assert scope.provided_items == ("氏名", "住所")
    assert scope.medium == LABEL_MEDIUM
    assert (scope.period_from, scope.period_to) == (date(2026, 4, 1), date(2027, 3, 31))
    assert scope.notice_in_emergency == "—"
    assert scope.request.birth_ranges == RANGES
    assert scope.legal_basis == (
        "地方自治法第2条", "自衛隊法第97条第1項", "自衛隊法施行令第120条", "個人情報保護法第69条第1項",
        "個人情報保護管理運営会議要綱第3条第1項第4号",
    )  # fmt: skip


def test_the_shipped_scope_says_which_neighbours_it_counts_as_an_approved_item() -> None:
    scope = read_scope(WARD)
    assert (scope.kana_is_name, scope.relation_is_optout, scope.postal_code_is_address) == (
        True,
    ) * 3
    assert list_allowed_items(scope) == ["氏名", "住所", "郵便番号"]


def test_the_shipped_scope_lets_nothing_begin_before_the_office_has_written_the_rest() -> None:
    scope = read_scope(WARD)
    assert len(check_conditions(scope, HANDLER, "第1号", DAY, DAY)) == 3
    assert list_unwritten(scope) == ["覚書の日", "要綱の日", "取扱者"]
    problems = check(scope)
    assert len(problems) == 3
    for word in ("approved_by・approved_on", "依頼文書の番号（request の number）",
                 "依頼文書の日付（request の date）"):  # fmt: skip
        assert sum(word in problem for problem in problems) == 1


def test_the_demo_differs_from_the_scope_of_the_ward_only_in_invented_conditions() -> None:
    ward, demo = read_scope(WARD)._asdict(), read_scope(DEMO)._asdict()
    differing = {name for name in ward if ward[name] != demo[name]}
    assert differing == {
        "request", "memorandum_on", "guideline_on", "handlers", "approved_by", "approved_on",
    }  # fmt: skip
    assert ward["request"].birth_ranges == demo["request"].birth_ranges


@pytest.mark.parametrize("name", Scope._fields)
def test_a_missing_key_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_changed(tmp_path, **{name: None})


def test_unknown_and_missing_keys_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="2件") as caught:
        read_changed(tmp_path, medium=None, mediun="紙")
    assert "medium: 書かれていません" in str(caught.value)
    assert "mediun: 知らない項目" in str(caught.value)


@pytest.mark.parametrize("name", Request._fields)
def test_a_request_without_one_of_its_three_parts_is_refused(tmp_path: Path, name: str) -> None:
    request = {key: value for key, value in read_demo()["request"].items() if key != name}
    with pytest.raises(ParameterError, match=f"request の {name}: 書かれていません"):
        read_changed(tmp_path, request=request)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 1), ("date", date(2026, 4, 6)), ("birth_ranges", RANGES[0]),
        ("birth_ranges", [""]), ("birth_ranges", [2008]),
    ],
)  # fmt: skip
def test_a_request_of_the_wrong_kind_is_refused(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"request の {name}: "):
        read_changed(tmp_path, request={**read_demo()["request"], name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("postal_code_is_address", "false"),
        ("postal_code_is_address", 0),
        ("kana_is_name", "no"),
        ("relation_is_optout", 1),
        ("handlers", "取扱者C（見本）"),
        ("handlers", [""]),
        ("provided_items", "氏名、住所、生年月日"),
        ("form_system_columns", "回答ID"),
        ("document", "付議事項"),
        ("ages", 18),
        ("ages", ["18", "22"]),
        ("ages", [True]),
        ("request", "見本第1号"),
        ("medium", ["紙（宛名シール）"]),
        ("recipient", ""),
        ("counterparty", "　"),
        ("memorandum_on", date(2026, 4, 20)),
        ("approved_on", date(2026, 3, 25)),
        ("period_from", date(2026, 4, 1)),
        ("period_to", "2027-02-30"),
        ("period_to", "令和9年3月31日"),
        ("period_from", "20260401"),
        ("replaces", "前の範囲"),
        ("replaces", "F" * 64),
        ("replaces", "0" * 63),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_and_never_taken_for_a_yes(
    tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(ParameterError, match=f"scope.yaml.*{name}: "):
        read_changed(tmp_path, **{name: value})


def test_a_scope_may_name_the_one_that_it_replaces(tmp_path: Path) -> None:
    assert read_changed(tmp_path, replaces="0a" * 32).replaces == "0a" * 32


def test_what_lies_inside_the_scope_has_no_problem() -> None:
    assert check(read_scope(DEMO), items=["氏名", "住所", "郵便番号"]) == []
    assert check(read_scope(DEMO), [18], ["氏名"]) == []


@pytest.mark.parametrize("item", ["生年月日", "性別", "電話番号", "氏名_フリガナ", "住", ""])
def test_an_item_that_was_not_approved_is_outside(item: str) -> None:
    problems = check(read_scope(DEMO), items=["氏名", item])
    assert problems == [f"項目「{item}」は承認されていません。"]


def test_the_postal_code_goes_with_one_line_of_the_scope(tmp_path: Path) -> None:
    scope = read_changed(tmp_path, postal_code_is_address=False)
    assert check(scope, items=["氏名", "住所", "郵便番号"]) == [
        "項目「郵便番号」は承認されていません。"
    ]
    assert list_allowed_items(scope) == ["氏名", "住所"]


@pytest.mark.parametrize("age", [17, 19, 21, 23])
def test_an_age_that_was_not_approved_is_outside(age: int) -> None:
    assert check(read_scope(DEMO), [18, age, 22]) == [f"{age}歳は承認された対象者ではありません。"]


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
    assert (check(read_scope(DEMO), day=day) == []) is inside


def test_another_medium_than_paper_labels_is_outside() -> None:
    scope = read_scope(DEMO)._replace(medium="電子データ")
    assert len(check(scope)) == 1


@pytest.mark.parametrize(
    ("approver", "day", "inside"),
    [
        ("会議", "2026-05-20", True),
        ("会議", "2026-05-21", False),
        ("会議", "", False),
        ("会議", "3月25日", False),
        (" ", "2026-05-20", False),
    ],
)
def test_a_scope_without_an_approver_or_approved_later_is_none(
    approver: str, day: str, inside: bool
) -> None:
    scope = read_scope(DEMO)._replace(approved_by=approver, approved_on=day)
    problems = check(scope)
    assert len(problems) == (not inside)
    assert all("承認" in problem for problem in problems)


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        (REQUEST._replace(number="見本第2号"), "番号"),
        (REQUEST._replace(number=""), "番号"),
        (REQUEST._replace(date="2025-04-06"), "日付"),
        (REQUEST._replace(birth_ranges=RANGES[:1]), "生年月日の範囲"),
        (REQUEST._replace(birth_ranges=(RANGES[0], "2004-04-02/2005-04-02")), "生年月日の範囲"),
        (REQUEST._replace(birth_ranges=(*RANGES, "2007-04-02/2008-04-01")), "生年月日の範囲"),
    ],
)
def test_a_request_that_differs_from_the_approved_one_is_outside(
    stated: Request, word: str
) -> None:
    problems = check(read_scope(DEMO), request=stated)
    assert len(problems) == 1
    assert f"依頼文書の{word}が、" in problems[0]


def test_the_order_of_the_birth_ranges_says_nothing() -> None:
    assert check(read_scope(DEMO), request=REQUEST._replace(birth_ranges=RANGES[::-1])) == []


@pytest.mark.parametrize("day", [date(2026, 4, 20), DAY])
def test_met_conditions_have_no_problem(day: date) -> None:
    assert check_conditions(read_scope(DEMO), HANDLER, "第1号", day, DAY) == []


@pytest.mark.parametrize(
    ("changes", "handler", "request_number", "received_on", "word"),
    [
        ({"memorandum_on": ""}, HANDLER, "第1号", DAY, "覚書"),
        ({"memorandum_on": "2026-05-21"}, HANDLER, "第1号", DAY, "覚書"),
        ({"memorandum_on": "2026-05-20"}, HANDLER, "第1号", date(2026, 5, 19), "覚書"),
        ({"guideline_on": "予定"}, HANDLER, "第1号", DAY, "要綱"),
        ({"guideline_on": "2026-05-20"}, HANDLER, "第1号", date(2026, 5, 19), "要綱"),
        ({}, "取扱者", "第1号", DAY, "取扱者"),
        ({}, "", "第1号", DAY, "取扱者"),
        ({}, HANDLER, "　 ", DAY, "依頼文書"),
        ({}, HANDLER, "第1号", date(2026, 5, 21), "業務日より後"),
        ({"period_to": date(2026, 5, 19)}, HANDLER, "第1号", DAY, "期間の外"),
        ({"period_from": date(2026, 5, 21)}, HANDLER, "第1号", DAY, "期間の外"),
    ],
)
def test_each_condition_that_is_not_met_is_named(
    changes: dict[str, object], handler: str, request_number: str, received_on: date, word: str
) -> None:
    scope = read_scope(DEMO)._replace(**changes)  # type: ignore[arg-type]
    problems = check_conditions(scope, handler, request_number, received_on, DAY)
    assert len(problems) == 1
    assert word in problems[0]


@pytest.mark.parametrize(
    ("receiver", "is_right"),
    [
        ("自衛隊東京地方協力本部", True),
        ("自衛隊東京地方協力本部 募集課", True),
        ("自衛隊東京地方協力本部　募集課（見本）", True),
        ("自衛隊東京地方協力本部（新宿出張所）", True),
        ("自衛隊東京地方協力本部の委託先", False),
        ("委託先（自衛隊東京地方協力本部 から）", False),
        ("自衛隊東京地方 協力本部", False),
        ("自衛隊東京地方協力本部 気付 株式会社名簿屋（委託先）", False),
        ("自衛隊東京地方協力本部 株式会社名簿屋営業部", False),
        ("自衛隊東京地方協力本部 募集課気付名簿屋営業部", False),
        ("自衛隊東京地方協力本部 田中", False),
        ("自衛隊東京地方協力本部\n募集課", False),
        ("", False),
    ],
)
def test_only_the_recipient_itself_and_its_sections_are_the_recipient(
    receiver: str, is_right: bool
) -> None:
    assert (check_recipient(read_scope(DEMO), receiver) == []) is is_right
