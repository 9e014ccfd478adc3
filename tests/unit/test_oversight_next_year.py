"""The next year's files: what is taken over, what is emptied, and that nothing forgotten passes."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from recruitlib.base.dates import reach_age
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import PARAMETERS, read_parameters
from recruitlib.base.scope import check_scope, check_written, read_scope
from recruitlib.cli.years import new_year
from recruitlib.optouts.applications import SOURCES
from recruitlib.optouts.receipts import check_exports, check_totals
from recruitlib.oversight.next_year import (
    check_typed,
    describe_ranges,
    plan_next_year,
    write_next_year,
)
from recruitlib.registry.cohort import check_base_date
from recruitlib.registry.protections import check_freshness
from tests.conftest import ROOT

TYPED = "2009-04-02/2010-04-01,2005-04-02/2006-04-01"
# What an office has settled once; every other parameter is of one year.
KEPT = {
    "run_kind", "operator", "prefecture", "municipality", "municipality_code", "cohort_ages",
    "registry_profile", "registry_max_age_days", "protections_profile", "towns_file",
    "form_profile", "counter_profile", "optout_validity", "late_optout", "applicants",
    "review_checklist_file", "undecided", "bundle_by", "label_sheet", "label_sheets_file",
    "label_offset_x_mm", "label_offset_y_mm", "label_scale", "label_order", "label_lot_sheets",
    "label_inset_left_mm", "label_inset_top_mm", "label_honorific", "label_return_line",
    "label_fonts", "checklist_files", "checklist_unmet", "decision_notice",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project whose run of 2026 says something for every parameter."""
    shutil.copytree(ROOT / "params", tmp_path / "params")
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "params/test_ward.yaml"
    values = read_parameters(path)
    said = {
        name: "証明者" for name, value in values.items() if name.endswith("_by") and value == ""
    }
    for name in ("registry", "form", "counter"):
        said.pop(f"handover_{name}_attested_by")
    said |= {
        "bundle_request_quote": "分けて提出されたい",
        "top_up_of": ["r8_0"],
        "label_first_position": 7,
    }
    text = path.read_text(encoding="utf-8")
    for name in said:
        text = "\n".join(line for line in text.split("\n") if not line.startswith(f"{name}:"))
    path.write_text(text + "\n" + yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    read_parameters(path)
    return tmp_path


def make_next(project: Path, name: str = "r9_1") -> Path:
    out = project / f"params/{name}.yaml"
    write_next_year(plan_next_year(project / "params/test_ward.yaml", out))
    return out


def read(path: Path) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def test_policies_stay_and_all_that_is_of_the_year_goes(project: Path) -> None:
    before, after = read(project / "params/test_ward.yaml"), read(make_next(project))
    assert before.keys() == after.keys()
    assert set(after) == {parameter.name for parameter in PARAMETERS} - {"runs_folder"}
    # Three are empty in both: they would contradict the file beside them.
    empty = {f"handover_{name}_attested_by" for name in ("registry", "form", "counter")}
    assert {name for name in before if before[name] == after[name]} == KEPT | empty
    assert after["fiscal_year"] == 2027
    assert after["run_id"] == "r9_1"
    assert after["cohort_birth_ranges"] == TYPED.split(",")
    texts = [text for name, text in after.items() if isinstance(text, str) and name not in KEPT]
    assert not [text for text in texts if "2027" in text or "test_ward" in text or "証明者" in text]
    assert [text for text in texts if text.startswith("inputs/")] == [
        f"inputs/r9_1/{day}{name}"
        for day, names in (
            ("", ("registry.csv", "protections.csv", "applications_form.csv", "applications_counter.xlsx")),
            ("print_day/", ("protections.csv", "applications_form.csv", "applications_counter.xlsx")),
            ("handover_day/",
             ("registry.csv", "protections.csv", "applications_form.csv", "applications_counter.xlsx")),
        )
        for name in names
    ]  # fmt: skip


def test_comments_stay(project: Path) -> None:
    def list_comments(path: Path) -> list[str]:
        return [line.partition("#")[2] for line in path.read_text(encoding="utf-8").split("\n")]

    out = make_next(project)
    assert list_comments(out) == list_comments(project / "params/test_ward.yaml")
    assert list_comments(project / "params/scope/demo_r9.yaml") == list_comments(
        project / "params/scope/demo.yaml"
    )


def test_the_file_is_refused_until_each_forgotten_value_is_written(project: Path) -> None:
    out = make_next(project)
    with pytest.raises(ParameterError) as stop:
        read_parameters(out)
    wanted = ("request_number", "request_date", "registry_base_date", "optout_deadline")
    assert [name for name in wanted if f"{name}（" not in str(stop.value)] == []


def test_what_is_only_planned_and_then_forgotten_stops_at_its_guard(project: Path) -> None:
    planned = read(make_next(project))
    nobody = pd.DataFrame({"source": [], "received_at": []}, dtype="str")
    # As early as an office may close its reception, and on any day of work of the year.
    for deadline, today in (("2027-04-01", date(2027, 4, 2)), ("2028-03-30", date(2028, 3, 31))):
        for prefix in ("", "print_", "handover_"):
            days = {source: str(planned[f"{prefix}{source}_exported_on"]) for source in SOURCES}
            assert len(check_exports(nobody, days, deadline)) == len(SOURCES)
            stale = check_freshness(
                nobody, str(planned[f"{prefix}protections_listed_on"]),
                str(planned[f"{prefix}protections_attested_by"]), today,
            )  # fmt: skip
            assert stale
        base = date.fromisoformat(str(planned["handover_registry_base_date"]))
        assert check_base_date(base.isoformat(), base, today, max_age_days=0)
    totals = {source: int(str(planned[f"{source}_total"])) for source in SOURCES}
    assert len(check_totals(dict.fromkeys(SOURCES, 1), totals, "")) == len(SOURCES)
    assert check_totals({}, totals, str(planned["applications_zero_confirmed_by"]))
    files = [str(value) for name, value in planned.items() if name.endswith("_file")]
    missing = [name for name in files if name.startswith(("inputs/", "params/attestations/"))]
    assert len(missing) == 12
    assert not [name for name in missing if (project / name).exists()]


def test_the_scope_has_no_approver_and_names_the_file_that_it_replaces(project: Path) -> None:
    make_next(project)
    old, path = project / "params/scope/demo.yaml", project / "params/scope/demo_r9.yaml"
    before, scope = read_scope(old), read_scope(path)
    assert scope.replaces == hashlib.sha256(old.read_bytes()).hexdigest()
    assert (scope.period_from, scope.period_to) == (date(2027, 4, 1), date(2028, 3, 31))
    assert list(scope.request.birth_ranges) == TYPED.split(",")
    assert (scope.request.number, scope.request.date) == ("", "")
    problems = check_scope(scope, scope.request, [18, 22], ["氏名"], date(2027, 5, 1))
    assert [problem for problem in problems if "approved_by" in problem]
    assert len(check_written(scope)) == 3  # memorandum, guideline, handlers
    same = set(scope._fields) - {
        "request", "period_from", "period_to", "memorandum_on", "guideline_on", "handlers",
        "approved_by", "approved_on", "replaces",
    }  # fmt: skip
    assert [name for name in same if getattr(scope, name) != getattr(before, name)] == []


@pytest.mark.parametrize(
    "taken", ["params/r9_1.yaml", "params/scope/demo_r9.yaml", "params/r9_1_start.txt", "params/r9_1/x", "runs/r9_1/x"]
)  # fmt: skip
def test_nothing_is_replaced_and_nothing_is_half_written(project: Path, taken: str) -> None:
    path = project / taken
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    before = sorted(project.rglob("*"))
    with pytest.raises(ParameterError, match="もうあります"):
        make_next(project)
    assert sorted(project.rglob("*")) == before
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "out", ["r9_1.yaml", "params/sub/r9_1.yaml", "params/R9.yaml", "params/r9_1.txt"]
)
def test_the_file_must_be_one_that_can_name_a_run(project: Path, out: str) -> None:
    with pytest.raises(ParameterError, match="--out"):
        plan_next_year(project / "params/test_ward.yaml", project / out)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        (TYPED, True),
        ("平成17.4.2～平成18.4.1、平成21年4月2日～平成22年4月1日", True),
        ("2009-04-02/2010-04-01", False),  # an age is missing
        (TYPED.replace("2010-04-01", "2010-04-02"), False),  # one day more (A9 and the like)
        ("2008-04-02/2009-04-01,2004-04-02/2005-04-01", False),  # last year's
        (f"{TYPED},2006-04-02/2007-04-01", False),
        ("18歳と22歳", False),
    ],
)
def test_ranges_typed_from_the_request_must_be_those_of_the_rule(
    project: Path, typed: str, right: bool
) -> None:
    plan = plan_next_year(project / "params/test_ward.yaml", project / "params/r9_1.yaml")
    assert (check_typed(plan, typed) == []) is right


def test_the_year_of_the_wards_document_has_the_ranges_that_it_prints(project: Path) -> None:
    before = project / "params/test_ward.yaml"
    before.write_text(
        before.read_text(encoding="utf-8").replace("fiscal_year: 2026", "fiscal_year: 2025"),
        encoding="utf-8",
    )
    plan = plan_next_year(before, project / "params/r8_1.yaml")
    # As 資料 3 of the document prints them, the older ones first.
    assert check_typed(plan, "平成16年4月2日～平成17年4月1日、平成20年4月2日～平成21年4月1日") == []
    assert describe_ranges(plan) == [
        "18歳: 2008-04-02 から 2009-04-01 まで（平成20年4月2日〜平成21年4月1日）",
        "22歳: 2004-04-02 から 2005-04-01 まで（平成16年4月2日〜平成17年4月1日）",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("shinjuku_r8", "shinjuku_r9"), ("r8_scope", "r9_scope"), ("ward_2026", "ward_2027"),
     ("r80", "r80_r9"), ("demo", "demo_r9")],
)  # fmt: skip
def test_the_scope_is_named_after_its_year(project: Path, name: str, expected: str) -> None:
    (project / "params/scope/demo.yaml").rename(project / f"params/scope/{name}.yaml")
    path = project / "params/test_ward.yaml"
    text = path.read_text(encoding="utf-8").replace("scope/demo.yaml", f"scope/{name}.yaml")
    path.write_text(text, encoding="utf-8")
    plan = plan_next_year(path, project / "params/r9_1.yaml")
    assert project / f"params/scope/{expected}.yaml" in plan.files


def test_where_opt_outs_stand_for_later_years_the_checklist_asks_for_the_earlier_registers(
    project: Path,
) -> None:
    path = project / "params/test_ward.yaml"
    words = "前の年度までの受付簿が register にある"
    assert words not in plan_next_year(path, project / "params/r9_1.yaml").checklist
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("optout_validity: fiscal_year", "optout_validity: standing"), encoding="utf-8"
    )
    plan = plan_next_year(path, project / "params/r9_1.yaml")
    assert words in plan.checklist
    assert "optout_validity: standing" in plan.files[project / "params/r9_1.yaml"]


def test_four_years_in_a_row_have_the_ranges_of_those_who_reach_the_age(project: Path) -> None:
    # Computed from the days of birth alone: who reaches the age on a day of the fiscal year.
    path = project / "params/test_ward.yaml"
    for year in (2027, 2028, 2029, 2030):
        plan = plan_next_year(path, project / f"params/y{year}.yaml")
        write_next_year(plan)
        for age, (first, last) in plan.ranges.items():
            days = [date.fromordinal(day) for day in range(date(year - age, 1, 1).toordinal(), date(year - age + 2, 1, 1).toordinal())]  # fmt: skip
            inside = [
                day
                for day in days
                if date(year, 4, 1) <= reach_age(day, age) <= date(year + 1, 3, 31)
            ]
            assert (first, last) == (inside[0], inside[-1])
            assert len(inside) == (last - first).days + 1
        path = project / f"params/y{year}.yaml"
        text = path.read_text(encoding="utf-8")
        # An officer fills in what is empty, so that the year after can be made of it.
        filled = {"request_number": "甲", "request_date": f"{year}-04-05", "optout_deadline": f"{year}-05-15",
                  "registry_base_date": f"{year}-04-01", "bundle_request_quote": "分けて"}  # fmt: skip
        for name, value in filled.items():
            text = text.replace(f'\n{name}: ""', f'\n{name}: "{value}"')
        path.write_text(text, encoding="utf-8")
    names = sorted(one.name for one in (project / "params/scope").iterdir())
    assert {"demo_r9.yaml", "demo_r10.yaml", "demo_r11.yaml", "demo_r12.yaml"} <= set(names)


def test_the_command_shows_both_calendars_and_makes_nothing_without_a_yes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    words = ["params/test_ward.yaml", "--out", "params/r9_1.yaml"]
    refused = CliRunner().invoke(new_year, words, input="n\n")
    assert isinstance(refused.exception, ParameterError)
    assert not (project / "params/r9_1.yaml").exists()
    other = CliRunner().invoke(new_year, [*words, "--ranges", TYPED.replace("2005", "2004")])
    assert isinstance(other.exception, ParameterError)
    assert not (project / "params/r9_1.yaml").exists()
    done = CliRunner().invoke(new_year, words, input="y\n")
    assert done.exception is None, done.output
    assert "2009-04-02 から 2010-04-01 まで（平成21年4月2日〜平成22年4月1日）" in done.output
    checklist = (project / "params/r9_1_start.txt").read_text(encoding="utf-8")
    assert checklist in done.output
    for name in (
        "request_number",
        "registry_total",
        "print_form_exported_on",
        "handover_registry_file",
    ):
        assert f"□ {name}（" in checklist
