"""Approval: exactly this content, by a second person, or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.audit import group_digest
from recruitlib.base.counts import Count
from recruitlib.base.decisions import decide_case
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.parameters import read_parameters
from recruitlib.review.approval import (
    Approval,
    Content,
    Tick,
    Workers,
    approve_content,
    check_approval,
    digest_approval,
    digest_files,
    name_changes,
    read_approval,
    read_checklist,
    write_approval,
)
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, STAFF, THIRD, begin_decisions, sign_as
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
FILES = digest_files(ROOT, PARAMETERS)
CONTENT = digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED, [], KEY)
DIGEST = CONTENT.digest
RUN = ("r8", True)
TICKS = [Tick("counts", "件数を確かめた"), Tick("cases", "事例を読んだ")]
CODES = [tick.code for tick in TICKS]
APPROVED = (
    "run_id", "run_kind", "municipality_code", "fiscal_year", "request_number", "request_date",
    "cohort_ages", "cohort_birth_ranges", "registry_base_date", "protections_attested_by",
    "applications_zero_confirmed_by", "optout_deadline", "optout_validity", "late_optout",
    "applicants", "undecided", "bundle_by", "bundle_request_quote", "top_up_of",
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
    same = digest_approval(changed, FILES, COUNTS, RECIPIENTS, SETTLED, [], KEY).digest == DIGEST
    assert same == (name not in APPROVED)


@pytest.mark.parametrize("name", [n for n in PARAMETERS if n.endswith(("_file", "_folder"))])
def test_the_same_approval_holds_in_another_folder(name: str) -> None:
    moved = {**PARAMETERS, name: f"C:\\office\\{name}"}
    assert digest_approval(moved, FILES, COUNTS, RECIPIENTS, SETTLED, [], KEY).digest == DIGEST


BOUND = ("scope_file", "registry_profile", "protections_profile", "form_profile", "counter_profile")


@pytest.mark.parametrize("name", BOUND)
def test_a_changed_scope_or_profile_voids_the_approval_and_is_named(
    tmp_path: Path, name: str
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_bytes((ROOT / PARAMETERS[name]).read_bytes() + b"# another\n")
    files = digest_files(ROOT, {**PARAMETERS, name: str(changed)})
    other = digest_approval(PARAMETERS, files, COUNTS, RECIPIENTS, SETTLED, [], KEY)
    assert other.digest != DIGEST
    [change] = name_changes(CONTENT.parts, other.parts)
    assert name in change


def test_a_copy_of_scope_and_profiles_elsewhere_is_approved_too(tmp_path: Path) -> None:
    moved = {name: str(tmp_path / f"{name}.yaml") for name in BOUND}
    for name, path in moved.items():
        Path(path).write_bytes((ROOT / PARAMETERS[name]).read_bytes())
    assert digest_files(ROOT, {**PARAMETERS, **moved}) == FILES


def test_the_digest_is_keyed_and_can_be_made_again() -> None:
    assert digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED, [], KEY).digest == DIGEST
    assert (
        digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED, [], b"other").digest
        != DIGEST
    )
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
    digest = digest_approval(
        PARAMETERS, FILES, COUNTS, tables["recipients"], tables["settled"], [], KEY
    ).digest
    assert (digest == DIGEST) == same


@given(st.lists(st.integers(-2, 2), min_size=2, max_size=2))
def test_any_count_that_changes_makes_another_digest(by: list[int]) -> None:
    counts = [count._replace(count=count.count + n) for count, n in zip(COUNTS, by, strict=True)]
    digest = digest_approval(PARAMETERS, FILES, counts, RECIPIENTS, SETTLED, [], KEY).digest
    assert (digest == DIGEST) == (by == [0, 0])


def test_one_person_more_or_less_or_in_another_order_makes_another_digest() -> None:
    for other in (RECIPIENTS.iloc[:2], RECIPIENTS.iloc[[0, 1, 1, 2]], RECIPIENTS.iloc[::-1]):
        assert digest_approval(PARAMETERS, FILES, COUNTS, other, SETTLED, [], KEY).digest != DIGEST
    assert (
        digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED.iloc[:1], [], KEY).digest
        != DIGEST
    )


def approve(by: str = SECOND, content: Content = CONTENT, run: tuple[str, bool] = RUN) -> Approval:
    return approve_content(content, TICKS, CODES, sign_as(by), run, "2026-05-19")


def check(
    approval: Approval | None, content: Content = CONTENT, others: Sequence[str] = (STAFF,)
) -> list[str]:
    return check_approval(approval, content, TICKS, OFFICERS, Workers(others, []), RUN)


def test_an_approval_of_this_content_by_a_second_officer_counts() -> None:
    assert check(approve()) == []


def test_without_an_approval_the_value_is_asked_for() -> None:
    assert group_digest(DIGEST) in check(None)[0]


@pytest.mark.parametrize("others", [[SECOND], [STAFF, SECOND], [SECOND, STAFF]])
def test_who_worked_or_decided_cannot_approve(others: list[str]) -> None:
    # A65: one officer was both.
    [problem] = check(approve(), others=others)
    assert "別の人の承認" in problem and "職員番号が同じです" in problem


def test_the_same_key_or_login_under_another_staff_id_is_the_same_person() -> None:
    # A65: under another typed id.
    twin = OFFICERS[SECOND]._replace(staff_id="1234", title="係員")
    officers = {**OFFICERS, "1234": twin}
    [problem] = check_approval(approve(), CONTENT, TICKS, officers, Workers(["1234"], []), RUN)
    assert "署名の鍵が同じです" in problem
    real = ("r8", False)
    one, other = OFFICERS[STAFF]._replace(login="kou"), OFFICERS[SECOND]._replace(login="kou")
    approved = approve(run=real)
    officers = {STAFF: one, SECOND: other}
    [problem] = check_approval(approved, CONTENT, TICKS, officers, Workers([STAFF], []), real)
    assert "PC のログインが同じです" in problem
    officers[SECOND] = other._replace(login="otsu")
    assert check_approval(approved, CONTENT, TICKS, officers, Workers([STAFF], ["kou"]), real) == []
    # Whoever worked under a colleague's staff id is told by the login of 01 and 02.
    workers = Workers([STAFF], ["kou", "otsu"])
    [problem] = check_approval(approved, CONTENT, TICKS, officers, workers, real)
    assert "ログインで、この実行の取込・除外が行われています" in problem


@pytest.mark.parametrize(
    "changes",
    [
        {"approved_by": THIRD}, {"approved_on": "2026-05-20"}, {"digest": "0" * 64},
        {"parts": {**CONTENT.parts, "counts": "0" * 64}}, {"ticked": {}}, {"signature": "AAAA"},
        {"signature": ""},
    ],
    ids=str,
)  # fmt: skip
def test_an_approval_changed_by_hand_does_not_count(changes: dict[str, Any]) -> None:
    [problem] = check(approve()._replace(**changes))
    assert "署名が合いません" in problem


def test_an_approval_by_nobody_listed_does_not_count() -> None:
    [problem] = check(approve()._replace(approved_by="見本Z"))
    assert "職員の一覧にありません" in problem


@pytest.mark.parametrize("run", [("r9", True), ("r8", False)])
def test_an_approval_copied_from_another_run_does_not_count(run: tuple[str, bool]) -> None:
    [problem] = check(approve(run=run))
    assert "別の実行のものです" in problem


def test_a_copy_from_a_run_of_the_same_name_has_another_key_and_does_not_count() -> None:
    other = digest_approval(
        PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED, [], b"key of another run"
    )
    [problem] = check(approve(content=other))
    assert "内容が変わりました" in problem and group_digest(DIGEST) in problem


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (digest_approval({**PARAMETERS, "undecided": "withhold"}, FILES, COUNTS, RECIPIENTS, SETTLED, [], KEY),
         "未決の申出の扱い（undecided）。"),
        (digest_approval(PARAMETERS, FILES, COUNTS[:1], RECIPIENTS, SETTLED, [], KEY), "件数。"),
        (digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS.iloc[:2], SETTLED, [], KEY),
         "提供対象者 18歳 3人→2人、提供対象者の内容。"),
        (digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED.iloc[:1], [], KEY), "申出の結果。"),
    ],
    ids=["parameter", "counts", "people", "outcomes"],
)  # fmt: skip
def test_a_change_after_the_approval_makes_it_void_and_says_what_changed(
    content: Content, named: str
) -> None:
    [problem] = check(approve(), content)
    assert f"承認の後に内容が変わりました。変わったもの: {named}" in problem
    assert not [name for name in RECIPIENTS["full_name"] if name in problem]


def test_a_decision_made_anew_with_the_same_effect_makes_the_approval_void() -> None:
    decisions = begin_decisions("r8")
    case = {"case": 1, "kind": "housemate", "choices": 0, "digest": "0" * 16}
    contents = []
    for reason in ("not_protected", "checked_with_registry"):
        choice = {"decision": "supplied", "reason": reason}
        decided = [decide_case(decisions, case, choice, sign_as(STAFF))]
        contents.append(
            digest_approval(PARAMETERS, FILES, COUNTS, RECIPIENTS, SETTLED, decided, KEY)
        )
    before, after = contents
    assert check(approve(content=before), before) == []
    [problem] = check(approve(content=before), after)
    assert "変わったもの: 事例の決定（決めた人・確かめた人・理由を含む）。" in problem


def test_a_line_whose_words_have_changed_is_ticked_anew() -> None:
    other = [*TICKS[:1], Tick("cases", "別のことを確かめた")]
    [problem] = check_approval(approve(), CONTENT, other, OFFICERS, Workers([STAFF], []), RUN)
    told = "承認に、確かめる項目のチェックがありません: 別のことを確かめた。"
    assert problem == f"{told}すべて確かめて、承認をやり直してください。"


def test_every_line_of_the_checklist_is_ticked() -> None:
    with pytest.raises(AwaitingPerson, match="チェックのないものがあります: 事例を読んだ"):
        approve_content(CONTENT, TICKS, ["counts"], sign_as(SECOND), RUN, "2026-05-19")
    fewer = approve_content(CONTENT, TICKS[:1], ["counts"], sign_as(SECOND), RUN, "2026-05-19")
    [problem] = check(fewer)
    assert "承認に、確かめる項目のチェックがありません: 事例を読んだ。" in problem


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "people/approval.yaml"
    write_approval(path, *RUN, approve())
    read = read_approval(path, *RUN)
    assert read == approve()
    assert check(read) == []
    assert [item.name for item in path.parent.iterdir()] == ["approval.yaml"]


def test_without_a_file_there_is_no_approval(tmp_path: Path) -> None:
    assert read_approval(tmp_path / "approval.yaml", "r8", False) is None


def test_the_shipped_checklist_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    shipped = read_checklist(ROOT / "params/checklists/review.yaml")
    assert [tick.code for tick in shipped] == ["request", "counts", "towns", "cases", "lists"]
    path = tmp_path / "review.yaml"
    for text in ("lines: 1", "lines: [a]", "lines: [{code: a}]", "lines: [{code: a, text: ''}]",
                 "lines: [{code: 1, text: b}]", "other: []",
                 "lines: [{code: a, text: b}, {code: a, text: c}]"):  # fmt: skip
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ParameterError, match=re.escape("review.yaml: lines に")):
            read_checklist(path)


GOOD = {
    "demonstration": False, "run_id": "r8", "approved_digest": DIGEST, "content": {"counts": "a"},
    "ticked": {"counts": "b"}, "approved_by": SECOND, "approved_on": "2026-05-19", "signature": "c",
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
        ("content: []", "content"),
        ("ticked: [counts]", "ticked"),
        ("demonstration: 'false'", "demonstration"),
        ("approved_by: 12", "approved_by"),
    ],
)
def test_a_value_without_its_quotes_is_named(tmp_path: Path, line: str, name: str) -> None:
    kept = {key: value for key, value in GOOD.items() if key != name}
    path = tmp_path / "approval.yaml"
    path.write_text(yaml.safe_dump(kept, allow_unicode=True) + line, encoding="utf-8")
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
