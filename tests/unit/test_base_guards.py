"""The list of guards: which there are, where each is due, and the class of its no.

Right values: the table of guards in the design, copied here by hand, so that a guard can be neither
lost nor moved to another stage by a slip.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    OutputError,
    RecruitError,
)
from recruitlib.base.guards import GUARDS, Guard, list_due
from recruitlib.base.parameters import STAGES

ROOT = Path(__file__).parents[2]
DESIGN: dict[str, tuple[str, type[RecruitError]]] = {
    "registry.form_known": ("01", FormError),
    "registry.every_row_counted": ("01", GuardError),
    "registry.base_date": ("01", GuardError),
    "cohort.birth_range": ("01", GuardError),
    "cohort.status_retested": ("01", GuardError),
    "protection.list_fresh": ("01 04 05", GuardError),
    "protection.every_row_found": ("01 04 05", GuardError),
    # Two guards more than the design's list: what cannot be read is decided by two people.
    "registry.rows_decided": ("01", AwaitingPerson),
    "optouts.rows_decided": ("02", AwaitingPerson),
    "optouts.total_agrees": ("02", GuardError),
    "optouts.complete": ("02 04 05", GuardError),
    "optouts.one_end_each": ("02", GuardError),
    # A second run of a year is told from a first one.
    "cohort.not_supplied": ("02", GuardError),
    "optouts.all_decided": ("03", AwaitingPerson),
    "exclusion.whole_records": ("03", GuardError),
    "exclusion.zero_leak": ("03 04", GuardError),
    "review.counts_balance": ("03 04 05", GuardError),
    "review.approved": ("03 04", AwaitingPerson),
    "labels.every_character": ("04", OutputError),
    "labels.nothing_clipped": ("04", OutputError),
    "labels.print_is_approved": ("04", OutputError),
    "labels.only_allowed_items": ("04", OutputError),
    "handover.within_scope": ("01 02 04 05", GuardError),
    "handover.delta_settled": ("05", AwaitingPerson),
    "handover.conditions_met": ("05", GuardError),
    "handover.checklists_met": ("05", AwaitingPerson),
    "handover.serials_complete": ("05 06", GuardError),
    "record.no_personal_data": ("", IntegrityError),
    "record.chain_intact": ("01 02 03 04 05 06", IntegrityError),
    "closing.nothing_left": ("06", GuardError),
}


def test_the_list_holds_exactly_the_guards_of_the_design() -> None:
    assert list(GUARDS) == list(DESIGN)


@pytest.mark.parametrize(("name", "wanted"), DESIGN.items())
def test_each_guard_is_due_where_the_design_says_and_stops_with_its_class(
    name: str, wanted: tuple[str, type[RecruitError]]
) -> None:
    stages, error = wanted
    assert " ".join(GUARDS[name].stages) == stages
    assert GUARDS[name].error is error


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_owes_every_guard_that_the_design_gives_it(stage: str) -> None:
    assert list_due(stage) == [name for name, (stages, _) in DESIGN.items() if stage in stages]
    assert "record.chain_intact" in list_due(stage)


@pytest.mark.parametrize("guard", GUARDS.values(), ids=lambda guard: guard.name)
def test_each_guard_asks_a_japanese_question_and_names_an_accident(guard: Guard) -> None:
    assert guard.question.endswith("か。")
    assert re.search(r"[ぁ-ん]", guard.accident)


def test_only_two_guards_may_pass_without_a_yes() -> None:
    assert [name for name, guard in GUARDS.items() if guard.not_due_when] == [
        "protection.every_row_found", "handover.checklists_met",
    ]  # fmt: skip


@pytest.mark.parametrize("name", DESIGN)
def test_each_guard_of_the_list_is_asked_somewhere_in_the_package(name: str) -> None:
    asked = [
        path.name
        for path in (ROOT / "recruitlib").rglob("*.py")
        if path.name != "guards.py" and f'"{name}"' in path.read_text(encoding="utf-8")
    ]
    assert asked
