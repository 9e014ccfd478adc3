"""Source profiles: the shipped ones, what is refused, and cells that do not have their form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from recruitlib.base.errors import FormError, ParameterError
from recruitlib.registry.profiles import (
    Profile,
    check_forms,
    decode_column,
    list_rows,
    read_profile,
)

PROFILES = Path(__file__).parents[2] / "params" / "profiles"
NEVER_TO_TRAVEL = ("個人番号", "住民票コード", "基礎年金番号", "在留カード等番号", "性別")
SMALL: dict[str, Any] = {
    "name": "small",
    "columns": {"addressee_id": ["宛名番号"], "kind": ["区分"], "postal_code": ["郵便番号"]},
    "required": ["addressee_id"],
    "known": ["備考"],
    "codes": {"kind": {"1": "first", "5": "provisional"}},
    "forms": {"addressee_id": "[0-9]{1,15}", "postal_code": "([0-9]{7})?"},
    "never_dates": [],
    "marker": "",
}


def write_profile(folder: Path, content: Mapping[str, Any]) -> Path:
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(dict(content), allow_unicode=True), encoding="utf-8")
    return path


def read_small(folder: Path) -> Profile:
    return read_profile(write_profile(folder, SMALL))


def tabulate(**columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(columns, dtype="str")
    return table.assign(source_row=range(2, len(table) + 2))


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_read_and_names_itself(path: Path) -> None:
    profile = read_profile(path)
    assert profile.name == path.stem
    assert set(profile.required) <= set(profile.columns)
    assert set(profile.forms) <= set(profile.columns)
    assert set(profile.codes) <= set(profile.columns)


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_shipped_profile_reads_a_number_that_must_not_travel(path: Path) -> None:
    read = {header for headers in read_profile(path).columns.values() for header in headers}
    assert read.isdisjoint(NEVER_TO_TRAVEL)
    assert not any("添付" in header for header in read)


def test_the_registry_profile_knows_the_forbidden_numbers_so_that_it_can_drop_them() -> None:
    profile = read_profile(PROFILES / "registry_standard.yaml")
    assert set(NEVER_TO_TRAVEL) <= set(profile.known)


@pytest.mark.parametrize("name", Profile._fields)
def test_a_profile_without_one_of_its_parts_is_refused_by_the_name_of_the_part(
    tmp_path: Path, name: str
) -> None:
    content = {key: value for key, value in SMALL.items() if key != name}
    with pytest.raises(ParameterError, match=f"{name}: 書かれていません"):
        read_profile(write_profile(tmp_path, content))


def test_all_that_is_wrong_with_a_profile_is_said_at_once(tmp_path: Path) -> None:
    content = {**SMALL, "colunms": {}, "required": "addressee_id"}
    del content["marker"]
    with pytest.raises(ParameterError) as stop:
        read_profile(write_profile(tmp_path, content))
    message = str(stop.value)
    assert "3件の問題" in message
    assert all(
        word in message for word in ("colunms: 知らない", "marker: 書かれて", "required: 並び")
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
    ],
    ids=str,
)
def test_a_part_of_another_kind_is_refused_and_never_read_letter_by_letter(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError):
        read_profile(write_profile(tmp_path, {**SMALL, **change}))


def test_codes_are_translated_row_by_row(tmp_path: Path) -> None:
    table = tabulate(kind=["5", "1", "5"])
    meanings = decode_column(table, read_small(tmp_path), "kind")
    assert meanings.tolist() == ["provisional", "first", "provisional"]


@pytest.mark.parametrize("code", ["7", "01", "", "１", " 1"])
def test_an_unknown_code_stops_and_names_the_row_but_not_the_value(
    tmp_path: Path, code: str
) -> None:
    table = tabulate(kind=["1", code, "5"])
    with pytest.raises(FormError, match="3 行目") as stop:
        decode_column(table, read_small(tmp_path), "kind")
    assert "符号が 1 行" in str(stop.value)


def test_well_formed_cells_raise_no_objection(tmp_path: Path) -> None:
    table = tabulate(addressee_id=["0000012", "9"], kind=["1", "1"], postal_code=["0600000", ""])
    assert check_forms(table, read_small(tmp_path)) == []


def test_a_shift_that_keeps_the_width_is_seen_by_the_form_of_the_cells(tmp_path: Path) -> None:
    table = tabulate(
        addressee_id=["0000012", "架空花子", "0000013"],
        kind=["1", "1", "1"],
        postal_code=["1600022", "0000014", "西新宿"],
    )
    problems = check_forms(table, read_small(tmp_path))
    assert len(problems) == 2
    assert "「宛名番号」の形が違う行が 1 行あります（3 行目）" in problems[0]
    assert "「郵便番号」の形が違う行が 1 行あります（4 行目）" in problems[1]
    assert not any("架空" in problem or "西新宿" in problem for problem in problems)


def test_a_form_must_hold_for_the_whole_cell(tmp_path: Path) -> None:
    table = tabulate(addressee_id=["0000012\n", "12 "], kind=["1", "1"], postal_code=["", ""])
    assert "2 行あります" in check_forms(table, read_small(tmp_path))[0]


@pytest.mark.parametrize(
    ("count", "written"),
    [(1, "2 行目"), (3, "2、3、4 行目"), (12, "2、3、4、5、6、7、8、9、10、11 行目 ほか2行")],
)
def test_rows_are_written_for_an_officer(count: int, written: str) -> None:
    assert list_rows(pd.Series(range(2, count + 2))) == written
