"""Parameters: strict types, nothing unknown, missing or given twice, all problems at once.

Right values: PyYAML's own reading of the shipped files, YAML 1.1 (an unquoted 011002 is octal 4610),
and the parameters cell of each notebook as papermill and Python's ast see it.
"""

from __future__ import annotations

import ast
import codecs
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import (
    BY_NAME,
    NOTEBOOKS,
    PARAMETERS,
    STAGE_NAMES,
    STAGES,
    check_parameter,
    check_together,
    find_root,
    read_parameters,
    read_yaml,
    validate_parameters,
)

ROOT = Path(__file__).parents[2]
TEST_WARD = ROOT / "params/test_ward.yaml"
STEADY = settings(deadline=None, derandomize=True)


def _read_shipped() -> dict[str, Any]:
    return dict(yaml.safe_load(TEST_WARD.read_text(encoding="utf-8")))


def _write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _edit(folder: Path, old: str, new: str) -> Path:
    text = TEST_WARD.read_text(encoding="utf-8")
    assert text.count(old) == 1
    return _write(folder, text.replace(old, new))


def _find_line(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.startswith(start) for line in lines].index(True) + 1


def _refuse(path: Path) -> str:
    with pytest.raises(ParameterError) as caught:
        read_parameters(path)
    return str(caught.value)


# ---- the shipped files and the notebooks ----


@pytest.mark.parametrize("name", ["demo", "test_ward"])
def test_a_shipped_parameter_file_is_valid_and_read_as_written(name: str) -> None:
    path = ROOT / f"params/{name}.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))

    values = read_parameters(path)

    assert {key: values[key] for key in written} == written
    assert list(values) == [parameter.name for parameter in PARAMETERS]
    assert written["run_id"] == name
    assert values["runs_folder"] == "runs"


def test_no_two_parameters_share_a_name_and_each_belongs_to_a_stage() -> None:
    assert len(BY_NAME) == len(PARAMETERS)
    assert {parameter.stage for parameter in PARAMETERS} == set(STAGES)
    assert list(STAGE_NAMES) == list(NOTEBOOKS) == list(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_notebook_declares_exactly_its_names_with_the_values_of_the_test_ward(
    stage: str,
) -> None:
    path = ROOT / f"notebooks/{NOTEBOOKS[stage]}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    declared = {}
    for statement in ast.parse(cells[0].source).body:
        assert isinstance(statement, ast.AnnAssign)
        assert isinstance(statement.target, ast.Name)
        assert isinstance(statement.annotation, ast.Name)
        assert statement.value is not None
        value = ast.literal_eval(statement.value)
        assert type(value).__name__ == statement.annotation.id
        declared[statement.target.id] = value
    shipped = {"runs_folder": "runs", **_read_shipped()}
    wanted = {"run_id", "runs_folder"} | {p.name for p in PARAMETERS if p.stage == stage}
    assert declared == {name: shipped[name] for name in wanted}


@pytest.mark.parametrize("stage", STAGES)
def test_papermill_sees_each_parameter_with_its_type_and_its_japanese_name(stage: str) -> None:
    inspected = papermill.inspect_notebook(str(ROOT / f"notebooks/{NOTEBOOKS[stage]}.ipynb"))
    wanted = {"run_id", "runs_folder"} | {p.name for p in PARAMETERS if p.stage == stage}
    assert set(inspected) == wanted
    for name in wanted:
        if "\n" not in inspected[name]["default"] and inspected[name]["default"] not in "({[":
            assert inspected[name]["inferred_type_name"] == BY_NAME[name].kind.__name__
            assert inspected[name]["help"] == BY_NAME[name].label


# ---- unknown, missing, mistyped ----


def test_an_unknown_name_is_refused_with_its_line(tmp_path: Path) -> None:
    path = _edit(tmp_path, "optout_deadline:", "optout_dedline:")
    message = _refuse(path)
    line = _find_line(path, "optout_dedline")
    assert "optout_dedline: 知らない項目です" in message
    assert "optout_deadline（申出の締切日）: 書かれていません" in message
    assert f"run.yaml の optout_dedline={line}行目" in message


@pytest.mark.parametrize("key", ["on", "1", "~", "対象年度"])
def test_a_key_that_is_no_name_is_refused_and_does_not_break_the_message(
    tmp_path: Path, key: str
) -> None:
    path = _write(tmp_path, f"{key}: x\n" + TEST_WARD.read_text(encoding="utf-8"))
    assert "知らない項目です" in _refuse(path)


REQUIRED_NAMES = sorted(set(_read_shipped()) - {
    "business_date", "registry_max_age_days", "applications_zero_confirmed_by", "optout_validity",
    "late_optout", "applicants", "top_up_of", "review_checklist_file", "undecided", "bundle_by", "bundle_request_quote", "label_fonts",
    "label_sheets_file", "label_first_position", "label_offset_x_mm", "label_offset_y_mm",
    "label_scale", "label_order", "label_lot_sheets",
    "label_inset_left_mm", "label_inset_top_mm", "label_honorific", "label_return_line",
    "checklist_files", "attestations_file", "checklist_unmet", "decision_notice",
    "handover_registry_total",
    # A day's file, or who attests that nothing has happened since: asked together, below.
    *(f"handover_{what}_{part}" for what in ("registry", "form", "counter")
      for part in ("file", "attested_by")),
    *(f"{day}protections_{what}" for day in ("", "print_", "handover_")
      for what in ("file", "listed_on", "attested_by")),
})  # fmt: skip


@pytest.mark.parametrize("name", REQUIRED_NAMES)
def test_a_missing_parameter_is_refused_by_name(name: str) -> None:
    given_values = _read_shipped()
    del given_values[name]
    with pytest.raises(ParameterError, match=f"1件.*{name}（.*）: 書かれていません"):
        validate_parameters(given_values, STAGES)


def test_policies_left_out_take_the_cautious_default() -> None:
    names = [
        *REQUIRED_NAMES,
        *(f"handover_{what}_file" for what in ("registry", "form", "counter")),
    ]
    given_values = {name: _read_shipped()[name] for name in names}
    values = validate_parameters(given_values, STAGES)
    assert (values["undecided"], values["optout_validity"]) == ("block", "fiscal_year")
    assert (values["applicants"], values["bundle_by"]) == (["self"], [])
    assert values["business_date"] == {}
    # Nothing about the sheet, the printer, the order or the lots is changed unless somebody asks.
    assert [value for name, value in values.items() if name.startswith("label_")][1:] == [
        "params/label_sheets.yaml", 1, 0.0, 0.0, 1.0, "postal_code", 0, 0.0, 0.0, "様", "", []
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('municipality_code: "131041"', "municipality_code: 011002", "municipality_code"),
        ('municipality_code: "131041"', "municipality_code: 131041", "municipality_code"),
        ("fiscal_year: 2026", 'fiscal_year: "2026"', "fiscal_year"),
        ("fiscal_year: 2026", "fiscal_year: true", "fiscal_year"),
        ("fiscal_year: 2026", "fiscal_year: 2026.0", "fiscal_year"),
        ("form_total: 22", "form_total: true", "form_total"),
        ("form_total: 22", 'form_total: "22"', "form_total"),
        ("cohort_ages: [18, 22]", 'cohort_ages: ["18", 22]', "cohort_ages"),
        ("cohort_ages: [18, 22]", "cohort_ages: [true, 22]", "cohort_ages"),
        ("cohort_ages: [18, 22]", "cohort_ages: 18", "cohort_ages"),
        ('request_date: "2026-04-06"', "request_date: 2026-04-06", "request_date"),
        ("operator: 見本A", "operator:", "operator"),
        ("applicants: [self]", "applicants: self", "applicants"),
        ("label_scale: 1.0", "label_scale: 1", "label_scale"),
        ("label_first_position: 1", "label_first_position: 1.5", "label_first_position"),
    ],
)
def test_a_mistyped_value_is_refused_and_never_coerced(
    tmp_path: Path, old: str, new: str, name: str
) -> None:
    text = TEST_WARD.read_text(encoding="utf-8")
    path = _write(tmp_path, text.replace("\n" + old, "\n" + new, 1))
    message = _refuse(path)
    assert "1件の問題" in message
    assert f"{name}（{BY_NAME[name].label}）: " in message
    assert f"{name}={_find_line(path, name)}行目" in message


def test_yaml_itself_would_have_made_another_code_of_an_unquoted_one() -> None:
    assert yaml.safe_load("municipality_code: 011002") == {"municipality_code": 4610}
    assert check_parameter(BY_NAME["municipality_code"], 4610)
    assert not check_parameter(BY_NAME["municipality_code"], "011002")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("municipality_code", "13104"),
        ("municipality_code", "１３１０４１"),
        ("municipality_code", "131041\n"),
        ("run_id", ""),
        ("run_id", "../elsewhere"),
        ("run_id", "R8"),
        ("run_id", "a" * 41),
        ("run_id", "-r"),
        ("run_kind", "test"),
        ("operator", ""),
        ("fiscal_year", 8),
        ("request_date", "令和8年4月6日"),
        ("request_date", "2026-02-29"),
        ("request_date", "20260406"),
        ("request_date", "2026-W15-1"),
        ("optout_deadline", ""),
        ("cohort_ages", []),
        ("cohort_ages", [18, 18]),
        ("cohort_ages", [14]),
        ("cohort_birth_ranges", ["2009-04-01/2008-04-02"]),
        ("cohort_birth_ranges", ["2008-04-02"]),
        ("cohort_birth_ranges", [20080402]),
        ("cohort_birth_ranges", ["20080402/2009-04-01"]),
        ("business_date", {"01": "2026-02-30"}),
        ("business_date", {"1": "2026-05-18"}),
        ("business_date", {1: "2026-05-18"}),
        ("registry_max_age_days", -1),
        ("applicants", ["self", "neighbour"]),
        ("undecided", "ignore"),
        ("bundle_by", ["sex"]),
        ("label_first_position", 0),
        ("label_offset_x_mm", 5.1),
        ("label_offset_y_mm", -5.1),
        ("label_offset_y_mm", float("nan")),
        ("label_scale", 0.97),
        ("label_scale", 1.03),
        ("label_order", "name"),
        ("label_lot_sheets", -1),
        ("label_inset_left_mm", -0.1),
        ("label_inset_top_mm", 30.1),
        ("label_honorific", "君"),
        ("label_honorific", " "),
        ("label_return_line", "返送先\n見本区"),
    ],
)
def test_a_value_of_the_right_type_but_outside_what_it_may_hold_is_refused(
    name: str, value: Any
) -> None:
    with pytest.raises(ParameterError, match=f"1件の問題.*{name}（"):
        validate_parameters({**_read_shipped(), name: value}, STAGES)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
@settings(STEADY, max_examples=20)
@given(
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.lists(st.text(max_size=5) | st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=2)
)  # fmt: skip
def test_any_value_is_accepted_or_refused_in_words_and_only_in_its_own_type(
    parameter: Any, value: Any
) -> None:
    problem = check_parameter(parameter, value)
    assert isinstance(problem, str)
    if type(value) is not parameter.kind:
        assert problem


def test_all_problems_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = TEST_WARD.read_text(encoding="utf-8")
    for old, new in (
        ("fiscal_year: 2026", "fiscal_year: R8"),
        ("undecided: block", "undecided: ignore"),
        ("\nlabel_sheet:", "\nlabel_shet:"),
        ("print_form_total: 23", 'print_form_total: "23"'),
    ):
        text = text.replace(old, new)
    path = _write(tmp_path, text)
    message = _refuse(path)
    assert "5件の問題" in message
    for name in ("fiscal_year", "undecided", "label_shet", "label_sheet", "print_form_total"):
        assert f"{name}" in message
    assert f"print_form_total={_find_line(path, 'print_form_total')}行目" in message
    # The name of another parameter is part of this one, and its line is not at fault.
    assert f"form_total={_find_line(path, 'form_total')}行目" not in message.replace("print_", "")


def test_a_message_names_the_parameter_and_never_its_value(tmp_path: Path) -> None:
    path = _edit(tmp_path, "fiscal_year: 2026", "fiscal_year: 架空野花子")
    assert "架空野花子" not in _refuse(path)


# ---- what must agree ----


def test_a_business_date_is_refused_in_production() -> None:
    values = {**_read_shipped(), "run_kind": "production"}
    with pytest.raises(ParameterError, match="business_date は見本"):
        validate_parameters(values, STAGES)
    assert validate_parameters({**values, "business_date": {}}, STAGES)["business_date"] == {}


@pytest.mark.parametrize("quote", ["", "  ", "　"])
def test_bundling_by_cohort_needs_the_words_of_the_request(quote: str) -> None:
    values = {**_read_shipped(), "bundle_by": ["cohort"], "bundle_request_quote": quote}
    with pytest.raises(ParameterError, match="bundle_request_quote に依頼文書の文言"):
        validate_parameters(values, STAGES)


def test_bundling_by_cohort_with_the_words_of_the_request_is_accepted() -> None:
    values = {**_read_shipped(), "bundle_by": ["cohort"], "bundle_request_quote": "年齢別に分けて"}
    assert validate_parameters(values, STAGES)["bundle_by"] == ["cohort"]


def test_each_age_needs_a_birth_range() -> None:
    with pytest.raises(ParameterError, match="cohort_ages と cohort_birth_ranges の数"):
        validate_parameters({**_read_shipped(), "cohort_ages": [18]}, STAGES)


def test_a_notebook_may_be_given_only_what_it_declares() -> None:
    own = {"run_id": "r8", "disposal_file": "params/disposal.yaml"}
    assert validate_parameters(own, ("06",)) == {"disposal_file": "params/disposal.yaml"}


# ---- reading YAML ----


def test_a_key_given_twice_is_refused_with_the_line_of_the_second(tmp_path: Path) -> None:
    path = _write(tmp_path, "# 実行\nform_total: 1\ncounter_total: 2\nform_total: 3\n")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["form_total"] == 3
    with pytest.raises(ParameterError, match=r"run\.yaml: 4行目: 項目 form_total が二度"):
        read_yaml(path)


def test_a_key_given_twice_inside_a_value_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, 'a: 1\nbusiness_date: {"01": x,\n  "01": y}\n')
    with pytest.raises(ParameterError, match="3行目: 項目 01 が二度"):
        read_yaml(path)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(codecs.BOM_UTF8 + TEST_WARD.read_bytes())
    assert read_parameters(path) == read_parameters(TEST_WARD)


def test_a_file_with_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(TEST_WARD.read_bytes().replace(b"\n", b"\r\n"))
    assert read_parameters(path) == read_parameters(TEST_WARD)


def test_cp932_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes("operator: 担当者\n".encode("cp932"))
    with pytest.raises(ParameterError, match=r"run\.yaml: UTF-8 ではありません（10バイト目）"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: [1, 2\nb: 3\n", "行目: YAML として読めません"),
        ("a: !!python/object/apply:os.getcwd []\n", "YAML として読めません"),
        ("a: 2026-02-30\n", "YAML として読めません"),
        ("- a\n- b\n", "並びではありません"),
        ("", "並びではありません"),
        ("a\n", "並びではありません"),
        ("? [a]\n: 1\n", "1行目: 項目の名前"),
        ("a: \x00\n", "YAML として読めません"),
    ],
)
def test_what_is_not_a_list_of_named_values_is_refused(
    tmp_path: Path, text: str, hint: str
) -> None:
    with pytest.raises(ParameterError, match=hint):
        read_yaml(_write(tmp_path, text))


def test_a_missing_file_or_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"none\.yaml: ファイルがありません"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(ParameterError, match=f"{tmp_path.name}: 開けません"):
        read_yaml(tmp_path)


@STEADY
@given(
    st.binary(max_size=60) | st.text("ab:-[]{}?!&*<0129\"'#\n 、年", max_size=40).map(str.encode)
)
def test_any_bytes_are_read_or_refused_as_a_parameter_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("yaml") / "run.yaml"
    path.write_bytes(content)
    try:
        assert isinstance(read_yaml(path), dict)
    except ParameterError as error:
        assert str(error).startswith("run.yaml: ")


# ---- the project folder ----


def test_the_project_folder_is_the_nearest_one_upwards(tmp_path: Path) -> None:
    for name in ("params", "notebooks", "notebooks/inner"):
        (tmp_path / name).mkdir()
    assert find_root(tmp_path / "notebooks/inner") == tmp_path.resolve()


def test_outside_a_project_folder_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    with pytest.raises(ParameterError, match="params と notebooks"):
        find_root(tmp_path)


@pytest.mark.parametrize("what", ["registry", "form", "counter"])
@pytest.mark.parametrize(
    ("file", "attested_by", "is_right"),
    [("a.csv", "", True), ("", "登録係長", True), ("", "", False), ("a.csv", "登録係長", False)],
)
def test_a_later_day_has_a_file_or_somebody_who_attests_that_nothing_has_happened(
    what: str, file: str, attested_by: str, is_right: bool
) -> None:
    given = {f"handover_{what}_file": file, f"handover_{what}_attested_by": attested_by}
    problems = check_together({**_read_shipped(), **given})
    assert bool(problems) is not is_right
    assert all(f"handover_{what}_file" in problem for problem in problems)


def test_a_run_is_no_top_up_of_itself() -> None:
    assert check_together({**_read_shipped(), "top_up_of": ["test_ward"]})
    assert not check_together({**_read_shipped(), "top_up_of": ["another"]})


@pytest.mark.parametrize("value", [[1], [""], ["r8_1", "r8_1"]])
def test_earlier_runs_are_listed_by_name_and_each_once(value: list[object]) -> None:
    assert check_parameter(BY_NAME["top_up_of"], value)
    assert not check_parameter(BY_NAME["top_up_of"], ["r8_1", "r8_2"])
