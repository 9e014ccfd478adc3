"""The flow of personal information: its counts are those of counts.csv, hidden as they are published."""

from __future__ import annotations

import pytest

from recruitlib.base.counts import ALL, Count
from recruitlib.base.masking import HELD, SMALL
from recruitlib.base.scope import read_scope
from recruitlib.handover.flow import FORM, LABELS, OFFICE, list_transfers, sum_counts
from tests.conftest import ROOT

SCOPE = read_scope(ROOT / "params/scope/shinjuku_r8.yaml")
VALUES = {"form_total": 22, "counter_total": 12}


def count(opted_out: int = 10, protected: int = 2, withheld: int = 0, voided: int = 3) -> list[Count]:  # fmt: skip
    """Count two ages, the younger as asked and the elder with fifteen excluded."""
    people = {
        "18": (protected, opted_out, withheld, 115, 115, 112, voided, 115 - 112 - voided),
        "22": (2, 13, 0, 177, 177, 171, 5, 1),
    }
    steps = ("protected", "opted_out", "withheld", "recipients", "labels", "handed_over", "voided", "spoiled")  # fmt: skip
    own = [Count(age, step, n) for age, counts in people.items() for step, n in zip(steps, counts, strict=True)]  # fmt: skip
    return [Count(ALL, "rows_read", 1776), Count(ALL, "sheets", 25), *own]


def test_the_sums_are_those_of_the_counts() -> None:
    assert sum_counts(count()) == (
        "1,776 行", "319 人", "27 人", "292 人", "292 枚", "25 シート", "283 枚", "9 枚",
    )  # fmt: skip


def test_why_somebody_was_excluded_makes_no_difference() -> None:
    told = sum_counts(count(opted_out=12, protected=0))
    assert told == sum_counts(count(opted_out=0, protected=5, withheld=7)) == sum_counts(count())


@pytest.mark.parametrize("excluded", [0, 1, 9])
def test_where_the_count_report_hides_an_age_no_sum_tells_it(excluded: int) -> None:
    told = sum_counts(count(opted_out=excluded, protected=0))
    # Cohort minus recipients would be the excluded of both ages, of which the report tells one.
    assert told.excluded == told.cohort == HELD
    assert told.recipients == "292 人"
    assert told == sum_counts(count(opted_out=0, protected=9 - excluded, withheld=0))


def test_ten_of_an_age_are_told() -> None:
    assert sum_counts(count(opted_out=8)).excluded == "25 人"


def test_the_steps_go_from_the_applicants_to_the_recipient_and_the_destruction() -> None:
    steps = list_transfers(SCOPE, VALUES, sum_counts(count()))
    assert len(steps) == 12
    given = next(step for step in steps if step.taker == SCOPE.recipient)
    assert given == (
        LABELS,
        SCOPE.recipient,
        "氏名、住所（郵便番号を含む）",
        SCOPE.medium,
        "283 枚",
    )
    # The five connected items and no other come in, the two provided ones go out.
    assert steps[0].items == steps[1].items == "氏名、住所、生年月日、電話番号、提供しない申出"
    assert [step.told for step in steps[:4]] == ["22 件", "22 件", "12 件", "1,776 行"]
    assert {
        step.items
        for step in steps
        if step.giver in (FORM, SCOPE.recipient) and step.told == "報告書"
    } == {"個人情報なし"}
    # Every place that holds personal information afterwards owes its destruction or a report of it.
    assert {step.giver for step in steps[8:]} == {LABELS, OFFICE, FORM, SCOPE.recipient}


def test_the_number_of_protected_people_is_never_told() -> None:
    steps = list_transfers(SCOPE, VALUES, sum_counts(count(protected=31)))
    assert not [step for step in steps if "31" in step.told]


def test_sheets_are_summed_over_the_bundles() -> None:
    # The demonstration has a bundle of each age, and its sheets are not counted as a whole.
    kept = [one for one in count() if one.step != "sheets"]
    counts = [*kept, Count("18", "sheets", 141), Count("22", "sheets", 213)]
    assert sum_counts(counts).sheets == "354 シート"


def test_few_applications_of_a_channel_are_not_told() -> None:
    steps = list_transfers(SCOPE, {"form_total": 9, "counter_total": 0}, sum_counts(count()))
    assert [step.told for step in steps[:3]] == [SMALL, SMALL, "0 件"]


def test_a_scope_without_the_postal_code_does_not_give_it() -> None:
    scope = SCOPE._replace(postal_code_is_address=False)
    assert list_transfers(scope, VALUES, sum_counts(count()))[7].items == "氏名、住所"
