"""Source profiles: the shipped ones, what is refused, codes, and cells that do not have their form.

Right values: the column names of the standard as real extracts carry them (formats.md §1.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from recruitlib.base.contents import find_misfits, join_reasons
from recruitlib.base.errors import ParameterError
from recruitlib.base.headers import match_headers
from recruitlib.base.profiles import Profile, list_rows, read_profile, translate_codes
from recruitlib.synth.columns import REGISTRY_COLUMNS

PROFILES = Path(__file__).parents[2] / "params" / "profiles"
NEVER_TO_TRAVEL = (
    "個人番号", "住民票コード", "基礎年金番号", "在留カード等番号", "在留カード番号", "性別",
)  # fmt: skip
SMALL: dict[str, Any] = {
    "name": "small",
    "holds": "registry",
    "columns": {"addressee_id": ["宛名番号"], "kind": ["区分"], "postal_code": ["郵便番号"]},
    "required": ["addressee_id"],
    "known": ["備考"],
    "codes": {"kind": {"1": "first", "5": "provisional"}},
    "forms": {"addressee_id": "[0-9]{1,15}", "postal_code": "([0-9]{7})?"},
}
HEADERS = {"addressee_id": "宛名番号", "kind": "区分", "postal_code": "郵便番号"}


def write_profile(folder: Path, content: Mapping[str, Any]) -> Path:
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(dict(content), allow_unicode=True), encoding="utf-8")
    return path


def read_small(folder: Path) -> Profile:
    return read_profile(write_profile(folder, SMALL))


def list_reasons(profile: Profile, **columns: list[str]) -> list[str]:
    cells = {
        name: pa.chunked_array([pa.array(texts, pa.string())]) for name, texts in columns.items()
    }
    table = pa.table(cells)
    return join_reasons(find_misfits(table, profile, HEADERS), table.num_rows).tolist()


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_read_and_names_itself(path: Path) -> None:
    profile = read_profile(path)
    assert profile.name == path.stem
    columns = {*profile.columns, *profile.options, *profile.fixed}
    for named in (profile.required, profile.forms, profile.codes, profile.date_columns):
        assert set(named) <= columns


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_shipped_profile_reads_a_number_that_must_not_travel(path: Path) -> None:
    read = {header for headers in read_profile(path).columns.values() for header in headers}
    assert read.isdisjoint(NEVER_TO_TRAVEL)
    assert not any("添付" in header for header in read)


REGISTRIES = ("registry_standard", "registry_vendor")


@pytest.mark.parametrize("name", REGISTRIES)
def test_the_registry_profiles_know_the_forbidden_numbers_so_that_they_can_drop_them(
    name: str,
) -> None:
    profile = read_profile(PROFILES / f"{name}.yaml")
    assert set(NEVER_TO_TRAVEL) <= set(profile.known)
    plan = match_headers(NEVER_TO_TRAVEL, profile)
    assert plan.dropped == list(NEVER_TO_TRAVEL) and not plan.positions


# formats.md §1.1 word by word: what a municipality's extract carries, both versions of the readings.
STANDARD = [
    "市区町村コード", "宛名番号", "個人履歴番号", "個人履歴番号_枝番号", "最新フラグ", "改製番号", "世帯番号", "除票フラグ", "削除フラグ",
    "履歴選択不可フラグ", "他業務参照不可フラグ", "業務ID", "住民種別", "住民状態", "異動年月日", "異動年月日_不詳フラグ", "異動年月日_不詳表記",
    "異動届出年月日", "異動事由", "異動区分", "記載の事由", "消除の事由", "消除の届出年月日", "消除の異動年月日", "消除の異動年月日_不詳フラグ",
    "転出予定年月日", "転出年月日（確定）", "住民となった年月日", "住所を定めた年月日", "処理年月日", "氏名", "氏_日本人", "名_日本人",
    "氏名_外国人ローマ字", "氏名_外国人漢字", "旧氏", "旧氏_フリガナ", "通称", "通称_フリガナ", "性別", "性別表記", "生年月日_元号", "生年月日",
    "生年月日_不詳フラグ", "生年月日_不詳表記", "続柄表記", "世帯主氏名", "記載順位", "個人番号", "住民票コード", "基礎年金番号", "在留カード等番号",
]  # fmt: skip
STANDARD += [f"続柄コード{number}" for number in range(1, 5)]
STANDARD += [f"地区管理コード{number}" for number in range(1, 11)]
STANDARD += [
    f"{prefix}_{suffix}"
    for prefix in ("住所", "転入前住所", "転居前住所", "転出先住所（予定）", "転出先住所（確定）")
    for suffix in (
        "市区町村コード", "町字コード", "都道府県", "市区郡町村名", "町字", "番地号表記", "番地枝番数値",
        "方書コード", "方書", "方書_フリガナ", "郵便番号",
    )
]  # fmt: skip
OLD_READINGS = [
    "氏名_フリガナ",
    "氏_日本人_フリガナ",
    "名_日本人_フリガナ",
    "氏名_フリガナ確認状況",
]
NEW_READINGS = [
    "氏名_振り仮名（フリガナ）", "氏_日本人_振り仮名", "名_日本人_振り仮名", "氏名_氏名のカタカナ表記",
]  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        [*STANDARD, *OLD_READINGS],
        [*STANDARD, *NEW_READINGS],
        [*STANDARD, *OLD_READINGS, *NEW_READINGS],
        list(REGISTRY_COLUMNS),
    ],
    ids=["old readings", "new readings", "both", "the invented ward"],
)
def test_every_column_of_the_standard_is_read_or_dropped_on_purpose(headers: list[str]) -> None:
    plan = match_headers(headers, read_profile(PROFILES / "registry_standard.yaml"))
    assert plan.problems == []
    assert len(plan.positions) + len(plan.dropped) == len(headers)


# (as the standard writes it, as it was seen): the aliases of formats.md §1.1.
@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("住所_番地号表記", "住所_地番号表記"),
        ("続柄コード1", "続柄コード"),
        ("転出年月日（確定）", "転出年月日"),
        ("転出年月日（確定）", "転出年月日(確定)"),
        ("氏名_外国人漢字", "氏名_外国人感じ"),
        ("個人番号", "　個人番号 "),
        ("地区管理コード1", "地区管理ｺｰﾄﾞ1"),
    ],
)
def test_a_header_seen_in_the_wild_is_the_same_column(written: str, seen: str) -> None:
    profile = read_profile(PROFILES / "registry_standard.yaml")
    headers = [*STANDARD, *OLD_READINGS]
    plain = match_headers(headers, profile)
    place = headers.index(written)
    other = match_headers([*headers[:place], seen, *headers[place + 1 :]], profile)
    assert other.problems == []
    assert other.positions == plain.positions


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("識別コード", "addressee_id"), ("住民ｺｰﾄﾞ", "addressee_id"), ("世帯コード", "household_id"),
        ("世帯ｺｰﾄﾞ", "household_id"), ("氏名カナ", "full_name_kana"), ("氏名ｶﾅ", "full_name_kana"),
        ("住所", "town"), ("番地", "lot"), ("方書", "building"), ("履歴番号", "history_number"),
    ],
)  # fmt: skip
def test_a_vendors_header_is_known_in_either_width(header: str, column: str) -> None:
    plan = match_headers([header], read_profile(PROFILES / "registry_vendor.yaml"))
    assert plan.positions == {column: 0}


@pytest.mark.parametrize(
    "header", ["住所コード", "行政区コード", "住所＋番地＋方書", "住所_番地_方書"]
)
def test_a_vendors_codes_and_an_address_in_one_column_are_no_address(header: str) -> None:
    plan = match_headers([header], read_profile(PROFILES / "registry_vendor.yaml"))
    assert not plan.positions
    assert bool(plan.dropped) == header.endswith("コード")


def test_the_same_digit_means_another_status_at_another_vendor() -> None:
    standard, vendor = (
        read_profile(PROFILES / f"{name}.yaml").codes["status"] for name in REGISTRIES
    )
    assert [standard[code] for code in "1239"] == ["resident", "moved_out", "dead", "removed"]
    assert [vendor[code] for code in "12349"] == [
        "resident", "outsider", "moved_out", "dead", "removed",
    ]  # fmt: skip
    assert "4" not in standard


WANTED = [name for name in Profile._fields if name not in Profile._field_defaults]


@pytest.mark.parametrize("name", WANTED)
def test_a_profile_without_one_of_its_parts_is_refused_by_the_name_of_the_part(
    tmp_path: Path, name: str
) -> None:
    content = {key: value for key, value in SMALL.items() if key != name}
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_profile(write_profile(tmp_path, content))


def test_all_that_is_wrong_with_a_profile_is_said_at_once(tmp_path: Path) -> None:
    content = {**SMALL, "colunms": {}, "required": "addressee_id"}
    del content["forms"]
    with pytest.raises(ParameterError) as stop:
        read_profile(write_profile(tmp_path, content))
    message = str(stop.value)
    assert "3件の問題" in message
    assert all(
        word in message for word in ("colunms: 知らない", "forms: 書かれて", "required: 文字の並び")
    )


@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"addressee_id": "宛名番号"}},
        {"columns": ["宛名番号"]},
        {"codes": {"kind": {1: "first"}}},
        {"codes": {"kind": ["1"]}},
        {"forms": []},
        {"known": "備考"},
        {"holds": "people"},
        {"latest": "newest"},
        {"encodings": ["shift_jis"]},
        {"delimiter": "|"},
        {"title_rows": "5"},
        {"fixed": {"city": 131041}},
        {"options": {"kind": {"区分[1]": 1}}},
        {"required": ["birth_text"]},
        {"codes": {"status": {"1": "resident"}}},
        {"forms": {"birth_text": "[0-9]*"}},
        {"forms": {"addressee_id": "([0-9]"}},
        {"forms": {"addressee_id": "(?=1)[0-9]+"}},
    ],
    ids=str,
)
def test_a_part_of_another_kind_is_refused_and_never_read_letter_by_letter(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError):
        read_profile(write_profile(tmp_path, {**SMALL, **change}))


def test_codes_are_translated_row_by_row_and_an_unknown_one_has_no_meaning(tmp_path: Path) -> None:
    kinds = pd.Series(["5", "1", "7", "5"], dtype="str")
    meanings = translate_codes(kinds, read_small(tmp_path), "kind")
    assert meanings.tolist() == ["provisional", "first", "", "provisional"]


@pytest.mark.parametrize("code", ["7", "01", "", "１", " 1", "1\n", "51"])
def test_an_unknown_code_is_a_misfit_of_its_row_and_is_not_shown(tmp_path: Path, code: str) -> None:
    reasons = list_reasons(read_small(tmp_path), kind=["1", code, "5"])
    assert reasons == ["", "「区分」が符号表にない符号です", ""]


def test_a_code_table_may_give_a_meaning_to_every_other_code(tmp_path: Path) -> None:
    codes = {"kind": {"1": "first", "*": "other"}}
    profile = read_profile(write_profile(tmp_path, {**SMALL, "codes": codes}))
    assert list_reasons(profile, kind=["1", "77", ""]) == ["", "", ""]


def test_a_code_is_taken_literally_and_is_no_pattern(tmp_path: Path) -> None:
    codes = {"kind": {"1.": "first", "(2)": "second", "": "none"}}
    profile = read_profile(write_profile(tmp_path, {**SMALL, "codes": codes}))
    reasons = list_reasons(profile, kind=["1.", "(2)", "", "12", "2"])
    assert [bool(reason) for reason in reasons] == [False, False, False, True, True]


def test_well_formed_cells_raise_no_objection(tmp_path: Path) -> None:
    columns = {"addressee_id": ["0000012", "9"], "kind": ["1", "1"], "postal_code": ["0600000", ""]}
    assert list_reasons(read_small(tmp_path), **columns) == ["", ""]


def test_a_shift_that_keeps_the_width_is_seen_by_the_form_of_the_cells(tmp_path: Path) -> None:
    reasons = list_reasons(
        read_small(tmp_path),
        addressee_id=["0000012", "架空花子", "0000013"],
        kind=["1", "1", "1"],
        postal_code=["1600022", "0000014", "西新宿"],
    )
    assert reasons == ["", "「宛名番号」の形が違います", "「郵便番号」の形が違います"]


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    reasons = list_reasons(read_small(tmp_path), addressee_id=["x"], kind=["9"], postal_code=[""])
    assert reasons == ["「宛名番号」の形が違います、「区分」が符号表にない符号です"]


def test_a_form_must_hold_for_the_whole_cell(tmp_path: Path) -> None:
    reasons = list_reasons(read_small(tmp_path), addressee_id=["0000012\n", "12 ", " 12", "12"])
    assert [bool(reason) for reason in reasons] == [True, True, True, False]


@pytest.mark.parametrize("rows", [50, 5_000])
def test_few_values_and_many_are_looked_at_alike(tmp_path: Path, rows: int) -> None:
    ids = ["0000012"] * rows
    ids[rows // 2] = "?"
    reasons = list_reasons(read_small(tmp_path), addressee_id=ids)
    assert [place for place, reason in enumerate(reasons) if reason] == [rows // 2]


@pytest.mark.parametrize(
    ("count", "written"),
    [(1, "2 行目"), (3, "2、3、4 行目"), (12, "2、3、4、5、6、7、8、9、10、11 行目 ほか2行")],
)
def test_rows_are_written_for_an_officer(count: int, written: str) -> None:
    assert list_rows(pd.Series(range(2, count + 2))) == written
