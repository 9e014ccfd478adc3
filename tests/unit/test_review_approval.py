"""Approval: exactly this content, by a second person, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.audit import group_digest
from recruitlib.base.counts import Count
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import read_parameters
from recruitlib.review.approval import (
    Approval,
    check_approval,
    digest_approval,
    read_approval,
    write_approval,
)
from tests.conftest import ROOT
from tests.unit.stages import make_residents

PARAMETERS = read_parameters(ROOT / "params/test_ward.yaml")
COUNTS = [Count("18", "recipients", 3), Count("18", "opted_out", 1)]
RECIPIENTS = make_residents({}, {}, {})
SETTLED = pd.DataFrame(
    [("form:1", "matched", "0000000009", ""), ("form:2", "outside", "", "no_such_person")],
    columns=["application_id", "outcome", "addressee_id", "reason"],
    dtype="str",
)
KEY = b"key"
DIGEST = digest_approval(PARAMETERS, COUNTS, RECIPIENTS, SETTLED, KEY)
APPROVED = (
    "run_id", "run_kind", "municipality_code", "fiscal_year", "request_number", "request_date",
    "cohort_ages", "cohort_birth_ranges", "registry_base_date", "optout_deadline",
    "optout_validity", "late_optout", "applicants", "undecided", "bundle_by",
    "bundle_request_quote",
)  # fmt: skip


def change(value: Any) -> Any:
    """Change a parameter's value into another of its kind."""
    if isinstance(value, list):
        return [*value, "cohort"]
    if isinstance(value, int):
        return value + 1
    return {**value, "04": "2026-12-01"} if isinstance(value, dict) else f"{value}2"


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_what_is_approved_is_the_request_and_the_policies_not_paths_and_days(name: str) -> None:
    changed = {**PARAMETERS, name: change(PARAMETERS[name])}
    same = digest_approval(changed, COUNTS, RECIPIENTS, SETTLED, KEY) == DIGEST
    assert same == (name not in APPROVED)


@pytest.mark.parametrize("name", [n for n in PARAMETERS if n.endswith(("_file", "_folder"))])
def test_the_same_approval_holds_in_another_folder(name: str) -> None:
    moved = {**PARAMETERS, name: f"C:\\office\\{name}"}
    assert digest_approval(moved, COUNTS, RECIPIENTS, SETTLED, KEY) == DIGEST


def test_the_digest_is_keyed_and_can_be_made_again() -> None:
    assert digest_approval(PARAMETERS, COUNTS, RECIPIENTS, SETTLED, KEY) == DIGEST
    assert digest_approval(PARAMETERS, COUNTS, RECIPIENTS, SETTLED, b"other") != DIGEST
    assert len(DIGEST) == 64


TEXT_COLUMNS = [name for name in RECIPIENTS.columns if name != "source_row"]


@given(
    table=st.sampled_from(["recipients", "settled"]),
    row=st.integers(0, 1),
    column=st.integers(0, 20),
    text=st.text(max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_any_cell_of_a_recipient_or_an_outcome_that_changes_makes_another_digest(
    table: str, row: int, column: int, text: str
) -> None:
    tables = {"recipients": RECIPIENTS.copy(), "settled": SETTLED.copy()}
    names = TEXT_COLUMNS if table == "recipients" else SETTLED.columns
    name = names[column % len(names)]
    same = tables[table].loc[row, name] == text
    tables[table].loc[row, name] = text
    digest = digest_approval(PARAMETERS, COUNTS, tables["recipients"], tables["settled"], KEY)
    assert (digest == DIGEST) == same


@given(st.lists(st.integers(-2, 2), min_size=2, max_size=2))
def test_any_count_that_changes_makes_another_digest(by: list[int]) -> None:
    counts = [count._replace(count=count.count + n) for count, n in zip(COUNTS, by, strict=True)]
    digest = digest_approval(PARAMETERS, counts, RECIPIENTS, SETTLED, KEY)
    assert (digest == DIGEST) == (by == [0, 0])


def test_one_person_more_or_less_or_in_another_order_makes_another_digest() -> None:
    for other in (RECIPIENTS.iloc[:2], RECIPIENTS.iloc[[0, 1, 1, 2]], RECIPIENTS.iloc[::-1]):
        assert digest_approval(PARAMETERS, COUNTS, other, SETTLED, KEY) != DIGEST
    assert digest_approval(PARAMETERS, COUNTS, RECIPIENTS, SETTLED.iloc[:1], KEY) != DIGEST


def approve(digest: str = DIGEST, by: str = "係長 乙") -> Approval:
    return Approval(digest, by, "係長", "2026-05-19")


@pytest.mark.parametrize("digits", [16, 20, 64])
def test_an_approval_of_this_digest_by_a_second_person_counts(digits: int) -> None:
    assert check_approval(approve(DIGEST[:digits]), DIGEST, ["主任 甲", ""]) == []


def test_without_an_approval_the_value_is_asked_for() -> None:
    assert group_digest(DIGEST) in check_approval(None, DIGEST, [])[0]


@pytest.mark.parametrize("digest", ["", DIGEST[:15], DIGEST[:4], "0" * 16, DIGEST[1:17]])
def test_an_approval_of_another_or_a_short_digest_does_not_count(digest: str) -> None:
    problems = check_approval(approve(digest), DIGEST, ["主任 甲"])
    assert len(problems) == 1
    assert "内容が変わりました" in problems[0]


@pytest.mark.parametrize("by", ["主任 甲", "主任甲", "主任　甲 ", "主任\u3000甲"])
@pytest.mark.parametrize("others", [["主任 甲", "係員 丙"], ["係員 丙", "主任 甲"]])
def test_who_worked_or_decided_cannot_approve_under_another_spelling(
    by: str, others: list[str]
) -> None:
    # A65: one officer was both.
    problems = check_approval(approve(by=by), DIGEST, others)
    assert len(problems) == 1
    assert "別の人の承認" in problems[0]
    assert "甲" not in problems[0]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "people/approval.yaml"
    write_approval(path, "r8", False, approve(group_digest(DIGEST).upper()))
    assert read_approval(path, "r8", False) == approve(DIGEST[:16])
    assert [item.name for item in path.parent.iterdir()] == ["approval.yaml"]


def test_without_a_file_there_is_no_approval(tmp_path: Path) -> None:
    assert read_approval(tmp_path / "approval.yaml", "r8", False) is None


@pytest.mark.parametrize(
    "digest", ["", "adf5", DIGEST[:15], "z" * 16, "ａｄｆ５ ５ａ５５ ５３６８ ｃｆ４３"]
)
def test_a_digest_that_notebook_03_never_shows_is_not_written(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ParameterError, match="16桁"):
        write_approval(tmp_path / "approval.yaml", "r8", False, approve(digest))
    assert not list(tmp_path.iterdir())


GOOD = {
    "demonstration": False, "run_id": "r8", "approved_digest": group_digest(DIGEST),
    "approved_by": "係長 乙", "approved_role": "係長", "approved_on": "2026-05-19",
}  # fmt: skip


def write_by_hand(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({**GOOD, **changes}, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"demonstration"}))
@pytest.mark.parametrize("value", ["", None])
def test_an_empty_field_is_named(tmp_path: Path, name: str, value: str | None) -> None:
    path = write_by_hand(tmp_path / "approval.yaml", **{name: value})
    with pytest.raises(ParameterError, match=rf"{name}: 書かれていません"):
        read_approval(path, "r8", False)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("approved_on: 2026-05-19", "approved_on"),
        ("approved_digest: 1234567890123456", "approved_digest"),
        ("approved_digest: [adf5, 5a55]", "approved_digest"),
        ("demonstration: 'false'", "demonstration"),
        ("approved_by: 12", "approved_by"),
    ],
)
def test_a_value_without_its_quotes_is_named(tmp_path: Path, line: str, name: str) -> None:
    kept = [
        f"{key}: {yaml.safe_dump(value).splitlines()[0]}"
        for key, value in GOOD.items()
        if key != name
    ]
    path = tmp_path / "approval.yaml"
    path.write_text("\n".join([*kept, line]), encoding="utf-8")
    with pytest.raises(ParameterError, match=name):
        read_approval(path, "r8", False)


def test_unknown_fields_and_approvals_of_other_runs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "approval.yaml"
    with pytest.raises(ParameterError, match="知らない項目"):
        read_approval(write_by_hand(path, approved_too="x"), "r8", False)
    with pytest.raises(ParameterError, match="見本"):
        read_approval(write_by_hand(path, demonstration=True), "r8", False)
    with pytest.raises(ParameterError, match="別の実行"):
        read_approval(write_by_hand(path), "r9", False)
