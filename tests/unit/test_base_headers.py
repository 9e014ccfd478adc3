"""Headers: compared without their ornaments, found below titles, and every problem told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.headers import (
    find_header,
    fold_header,
    is_footer,
    match_headers,
    name_column,
    name_rows,
)
from recruitlib.base.profiles import Profile, read_profile
from tests.conftest import ROOT

FOOTERS = ("合計", "総計", "件数", "計", "以上")


def make_profile(
    columns: Mapping[str, Sequence[str]], required: Sequence[str] = (), **fields: object
) -> Profile:
    return Profile(
        name="small",
        holds="applications",
        columns={name: tuple(aliases) for name, aliases in columns.items()},
        required=tuple(required),
        known=("個人番号", "備考"),
        codes={},
        forms={},
    )._replace(**fields)


SMALL = make_profile(
    {"addressee_id": ["宛名番号", "識別コード"], "full_name": ["氏名"]}, ["addressee_id"]
)


@pytest.mark.parametrize(
    ("header", "folded"),
    [
        ("氏名", "氏名"),
        ("　氏　名 ", "氏名"),
        ("Q1.氏名", "氏名"),
        ("Ｑ１．氏名（必須）", "氏名"),
        ("1. 氏名*", "氏名"),
        ("問3 氏名", "氏名"),
        ("(2) 氏名【必須】", "氏名"),
        ("＊氏名", "氏名"),
        ("氏名※必須", "氏名"),
        ("氏名（必須入力）", "氏名"),
        ("氏名【任意】", "氏名"),
        ("[入力必須]氏名", "氏名"),
        ("住民ｺｰﾄﾞ", "住民コード"),
        ("住所＋番地＋方書", "住所+番地+方書"),
        ("18歳", "18歳"),
        ("転出年月日（確定）", "転出年月日(確定)"),
        ("氏名\n(漢字)", "氏名(漢字)"),
        ("Q1-2.生年月日", "生年月日"),
        ("地区管理コード10", "地区管理コード10"),
        ("\ufeff宛名番号", "宛名番号"),  # 4
        ("氏\u200b名\u00ad", "氏名"),
        ('="氏名"', "氏名"),
        ("任意代理人", "任意代理人"),
        ("必須項目", "必須項目"),
    ],
)
def test_a_header_is_compared_without_its_ornaments(header: str, folded: str) -> None:
    assert fold_header(header) == folded
    assert fold_header(fold_header(header)) == folded


def test_columns_are_named_as_a_spreadsheet_names_them() -> None:
    names = {0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 121: "DR", 701: "ZZ", 702: "AAA"}
    assert {position: name_column(position) for position in names} == names


def test_many_rows_are_named_by_the_first_ten() -> None:
    assert name_rows([2, 4]) == "2、4行目"
    assert name_rows(range(1, 13)) == "1、2、3、4、5、6、7、8、9、10行目ほか2行"


def test_every_problem_is_told_and_no_unknown_text_is_shown() -> None:
    plan = match_headers(["氏名", "氏　名", "電話", "備考", ""], SMALL)
    assert plan.positions == {"full_name": 0}
    assert (plan.dropped, plan.blanks) == (["備考"], [4])
    told = " ".join(plan.problems)
    assert len(plan.problems) == 3 and "電話" not in told
    assert "A列とB列" in told and "C列（3列目）" in told and "「宛名番号」がありません" in told


def test_two_aliases_of_one_column_are_a_problem() -> None:
    assert "A列とB列" in match_headers(["宛名番号", "識別コード"], SMALL).problems[0]


def test_a_dropped_header_twice_is_a_problem_too() -> None:
    assert "B列とC列" in match_headers(["宛名番号", "備考", "備考"], SMALL).problems[0]


def test_a_file_without_headers_does_not_show_its_first_person() -> None:
    plan = find_header(
        [["0000012", "架空　太郎", "カクウ"], ["0000013", "仮　花子", "カリ"]], SMALL
    )
    assert "見出しの行が見つかりません" in plan.problems[0]
    assert not any(text in " ".join(plan.problems) for text in ("架空", "0000012"))


@pytest.mark.parametrize(
    "columns", [{"a": ["氏名"], "b": ["Q1.氏 名"]}, {"a": ["氏名"], "b": ["氏名\ufeff"]}]
)
def test_one_header_for_two_columns_is_an_error_of_the_profile(
    columns: dict[str, list[str]],
) -> None:
    with pytest.raises(ParameterError):
        match_headers(["氏名"], make_profile(columns))


def test_a_required_column_without_header_is_a_problem_unless_it_is_fixed() -> None:
    profile = make_profile({"a": ["氏名"], "b": []}, ["b"])
    assert "「b」がありません" in match_headers(["氏名"], profile).problems[0]
    assert match_headers(["氏名"], profile._replace(fixed={"b": "1"})).problems == []


TITLES = [["住民の抽出一覧"], ["令和8年5月18日現在", ""], [""]]


def test_people_above_the_header_of_a_registry_are_a_problem_and_its_titles_are_not() -> None:
    profile = read_profile(ROOT / "params" / "profiles" / "registry_standard.yaml")
    header = [(profile.columns.get(name) or (name,))[0] for name in profile.required]
    values = {
        "addressee_id": "0012345678", "latest_flag": "1", "removed_flag": "0", "nationality": "1",
        "status": "1", "full_name": "架空　太郎", "postal_code": "1600023", "town": "西新宿",
    }  # fmt: skip
    person = [values.get(name, "") for name in profile.required]
    title = [["抽出日", "2026-04-01"], ["新宿区", "件数", "1,698"], ["令和８年度", "住民", "一覧"]]
    assert find_header([*title, header, person], profile).problems == []
    # Whole, or with two cells alone that are just what their columns hold.
    bare = [value if at in (0, len(person) - 1) else "" for at, value in enumerate(person)]
    for lost in (person, ["x"] * len(person), bare, person[:2]):
        problems = find_header([*title, lost, header, person], profile).problems
        assert len(problems) == 1 and "人の行と思われる行があります（4行目）" in problems[0]
        assert "架空" not in problems[0]
    # One such cell may be the number of a title.
    assert find_header([["1698"], header, person], profile).problems == []


@pytest.mark.parametrize("allowed", [2, 3, 5])
def test_titles_stand_above_the_header_as_the_profile_allows(allowed: int) -> None:
    rows = [*TITLES, ["宛名番号", "氏名"], ["1", "架空"]]
    plan = find_header(rows, SMALL._replace(title_rows=allowed))
    if allowed < len(TITLES):
        assert plan.problems
    else:
        assert (plan.titles, plan.rows, plan.problems) == (3, 4, [])


@pytest.mark.parametrize(
    "cells",
    [
        ["合計", "1", "698件"],
        ["合計 1", "698件"],
        ["", "総計：2", "", ""],
        ["計", "", "", "1698"],
        ["合　計", "1,698 件"],
        ["【合計】", "２人"],
        ["--- 合計 1件 ---"],
        ["合計（1,698件）"],
        ["件数=3"],
        ["計 3 名"],
        ["以上"],
        ["以上、1698件です。"],
        ["合計", "1698", "件"],
    ],
)
def test_a_total_is_a_total(cells: list[str]) -> None:
    assert is_footer(cells, FOOTERS)


@pytest.mark.parametrize(
    "cells",
    [
        ["計", "太郎", "ハカリ", "タロウ"],
        ["計　太郎", "20080402"],
        ["計人", ""],
        ["1", "合計", ""],
        ["", " "],
        [],
        ["1698"],
        ["以上", "架空"],
        ["合計額", "1"],
        ["------", ""],
    ],
)
def test_a_person_is_no_total(cells: list[str]) -> None:
    assert not is_footer(cells, FOOTERS)
    assert not is_footer(["合計", "1"], ())
