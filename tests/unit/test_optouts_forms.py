"""Forms of applications: a changed form stops and shows the difference, and nothing of a person."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.profiles import Profile, read_profile
from recruitlib.base.scope import Scope, read_scope
from recruitlib.base.tables import ReadTable
from recruitlib.optouts.forms import (
    OUTSIDE,
    check_columns,
    check_fingerprint,
    check_name_columns,
    describe_columns,
    tabulate_columns,
)
from recruitlib.synth.application_files import COUNTER_COLUMNS, FORM_COLUMNS

PARAMS = Path(__file__).parents[2] / "params"
FORM = read_profile(PARAMS / "profiles" / "form_logo.yaml")
COUNTER = read_profile(PARAMS / "profiles" / "counter_workbook.yaml")
OPTIONS = read_profile(PARAMS / "profiles" / "form_options.yaml")
SCOPE = read_scope(PARAMS / "scope" / "shinjuku_r8.yaml")
HEADERS = list(FORM_COLUMNS)
PEOPLE = ["架空　花子", "新宿区西新宿2-8-1", "090-0000-1000", "平成20年6月3日"] * 5


def make_read(
    headers: list[str], absent: tuple[str, ...] = (), profile: Profile = FORM
) -> ReadTable:
    columns = list(dict.fromkeys([*profile.columns, *profile.options, *profile.fixed]))
    table = pd.DataFrame({name: pd.Series([], dtype="str") for name in columns})
    return ReadTable(table, table, 0, "utf-8", "", headers, [], list(absent))


def test_the_shipped_fingerprint_is_the_header_of_the_invented_form() -> None:
    assert FORM.headers == FORM_COLUMNS
    assert check_fingerprint(HEADERS, FORM) == []


@pytest.mark.parametrize(
    "headers",
    [
        [f" {header}\u3000" for header in HEADERS],
        [header.replace("：", ":").replace("（", "(").replace("）", ")") for header in HEADERS],
        [*HEADERS, "", " "],
    ],
    ids=["spaces", "width", "empty columns behind"],
)
def test_width_and_spaces_of_a_header_are_no_change(headers: list[str]) -> None:
    assert check_fingerprint(headers, FORM) == []


def test_a_profile_without_a_fingerprint_compares_nothing() -> None:
    assert check_fingerprint(["何か"], COUNTER) == []


def test_a_missing_header_is_named() -> None:
    problems = check_fingerprint([name for name in HEADERS if name != "電話番号"], FORM)
    assert problems[0] == "見出し「電話番号」がありません。" and len(problems) == 2


def test_an_added_header_is_named_by_column_and_text() -> None:
    problems = check_fingerprint([*HEADERS[:2], "あなたの\x1b性別\n", *HEADERS[2:]], FORM)
    assert (
        problems[0] == "C列に、様式にない見出し「あなたの性別」があります。" and len(problems) == 2
    )


def test_a_renamed_header_is_one_change_with_both_names() -> None:
    changed = ["お電話" if name == "電話番号" else name for name in HEADERS]
    problems = check_fingerprint(changed, FORM)
    assert (
        problems[0] == "見出し「電話番号」がP列で「お電話」に変わりました。" and len(problems) == 2
    )


def test_another_order_alone_is_a_change_and_says_so() -> None:
    problems = check_fingerprint([*HEADERS[1:5], HEADERS[0], *HEADERS[5:]], FORM)
    assert problems[0] == "見出しの並びが変わりました（「回答ID」）。" and len(problems) == 2


def test_a_header_twice_is_an_added_one() -> None:
    problems = check_fingerprint([*HEADERS, "電話番号"], FORM)
    assert problems[0].startswith("T列に、様式にない見出し「電話番号」")


def test_a_long_added_header_is_cut() -> None:
    problems = check_fingerprint([*HEADERS, "あ" * 300], FORM)
    assert f"「{'あ' * 40}」" in problems[0]


def test_a_file_without_headers_shows_nothing_of_its_first_person() -> None:
    problems = " ".join(check_fingerprint(PEOPLE[: len(HEADERS)], FORM))
    assert "「回答ID」がありません" in problems and "A列" in problems
    assert not any(value in problems for value in PEOPLE)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.permutations(HEADERS[:8]), st.integers(0, 8), st.lists(st.sampled_from("あいう"), max_size=3)
)
def test_exactly_the_same_headers_in_the_same_order_are_unchanged(
    order: list[str], cut: int, added: list[str]
) -> None:
    headers = [*order[:cut], *HEADERS[8:], *added]
    same = headers == HEADERS
    problems = check_fingerprint(headers, FORM)
    assert (problems == []) == same
    missing = [name for name in HEADERS if name not in headers]
    assert all(any(f"「{name}」" in problem for problem in problems) for name in missing)


def test_each_column_of_the_form_is_of_one_kind() -> None:
    table = tabulate_columns(make_read(HEADERS), FORM, SCOPE, "form")
    assert table["見出し"].tolist() == HEADERS
    kinds = dict(zip(table["見出し"], table["扱い"], strict=True))
    assert kinds["電話番号"] == "結合する項目（電話番号）"
    assert kinds["対象者の氏名（姓）"] == "結合する項目（氏名）"
    assert kinds["情報提供を希望しない旨の申出"] == "結合する項目（提供しない申出）"
    assert kinds["送信日時"] == kinds["マイナンバーカード：氏名"] == "システム・窓口が付ける項目"
    assert kinds["対象者のフリガナ（セイ）"] == "結合する項目（氏名）"
    assert kinds["申出者と対象者の関係"] == "結合する項目（提供しない申出）"
    assert kinds["マイナンバーカード：性別"] == "読まない"
    assert kinds["添付ファイル"] == "読まない（添付ファイル）"
    assert check_columns(table, "電子申請") == []
    # The record names what was left out, in the profile's words.
    assert describe_columns(table).endswith(
        "申出、読み込まなかった列: マイナンバーカード：生年月日・マイナンバーカード：性別・マイナンバーカード：住所・添付ファイル"
    )
    assert describe_columns(table).startswith("読み込んだ列: 回答ID・受付番号・")


def list_outside(profile: Profile, scope: Scope, channel: str) -> list[str]:
    """List the headers of a file with every column of the profile that nobody approved."""
    headers = [names[0] for names in profile.columns.values()]
    headers += [header for choices in profile.options.values() for header in choices]
    table = tabulate_columns(make_read(headers, profile=profile), profile, scope, channel)
    assert not table["扱い"].str.startswith("読まない").any()
    outside = table.loc[table["扱い"] == OUTSIDE, "見出し"].tolist()
    problems = check_columns(table, "申出")
    assert [f"「{header}」は、承認された範囲にない項目です" in problem
            for header, problem in zip(outside, problems, strict=True)] == [True] * len(outside)  # fmt: skip
    return outside


def test_a_first_person_whose_row_was_joined_to_the_header_is_not_shown() -> None:
    joined = check_fingerprint([*HEADERS, *PEOPLE], FORM)
    swallowed = check_fingerprint([*HEADERS[:-1], f"{HEADERS[-1]}２\n1,{','.join(PEOPLE)}"], FORM)
    assert joined and swallowed
    assert not any(cell in problem for cell in PEOPLE for problem in joined + swallowed)


@pytest.mark.parametrize(
    ("profile", "channel"), [(FORM, "form"), (COUNTER, "counter")], ids=["form", "counter"]
)
def test_no_shipped_profile_reads_an_item_beyond_the_scope(profile: Profile, channel: str) -> None:
    assert list_outside(profile, SCOPE, channel) == []
    small = SCOPE._replace(connected_items=("氏名", "住所", "生年月日", "提供しない申出"))
    assert list_outside(profile, small, channel) == [profile.columns["phone"][0]]


@pytest.mark.parametrize(
    ("switch", "names"),
    [
        ("kana_is_name", ["対象者のフリガナ（セイ）", "対象者のフリガナ（メイ）"]),
        ("relation_is_optout", ["申出者と対象者の関係"]),
    ],
)
def test_what_is_counted_as_an_approved_item_goes_with_one_line_of_the_scope(
    switch: str, names: list[str]
) -> None:
    assert list_outside(FORM, SCOPE._replace(**{switch: False}), "form") == names  # type: ignore[arg-type]


def test_of_the_forms_system_only_the_columns_listed_in_the_scope_are_read() -> None:
    listed = tuple(name for name in SCOPE.form_system_columns if name != "マイナンバーカード：氏名")
    smaller = SCOPE._replace(form_system_columns=listed)
    assert list_outside(FORM, smaller, "form") == ["マイナンバーカード：氏名"]
    # Another form's system fills in other columns; what the clerks of the counter write is the office's.
    own = ["レコード番号", "受付番号", "作成日時", "ステータス", "本人確認"]
    assert list_outside(OPTIONS, SCOPE, "form") == ["レコード番号", "作成日時", "ステータス"]
    assert list_outside(OPTIONS, SCOPE._replace(form_system_columns=tuple(own)), "form") == []
    assert list_outside(COUNTER, SCOPE._replace(form_system_columns=()), "counter") == []


def test_a_profile_that_calls_an_item_the_systems_own_does_not_make_it_so() -> None:
    sly = FORM._replace(
        columns={**FORM.columns, "sex": ("マイナンバーカード：性別",)}, system=(*FORM.system, "sex")
    )
    assert list_outside(sly, SCOPE, "form") == ["マイナンバーカード：性別"]


def test_a_column_that_no_profile_knows_is_shown_by_its_place_alone() -> None:
    table = tabulate_columns(make_read(["回答ID", "架空　花子", ""]), FORM, SCOPE, "form")
    assert table.to_numpy().tolist() == [
        ["A", "回答ID", "システム・窓口が付ける項目"],
        ["B", "（様式にない見出し）", "読まない"],
        ["C", "（見出しなし）", "読まない"],
    ]


@pytest.mark.parametrize(
    ("absent", "is_right"),
    [
        (("subject_name", "subject_kana"), True),
        (("subject_surname", "subject_given"), True),
        (("subject_name", "subject_given"), False),
        (("subject_name", "subject_surname", "subject_given"), False),
    ],
)  # fmt: skip
def test_a_name_stands_in_one_column_or_in_two(absent: tuple[str, ...], is_right: bool) -> None:
    problems = check_name_columns(make_read(list(COUNTER_COLUMNS), absent, COUNTER))
    assert (problems == []) == is_right
