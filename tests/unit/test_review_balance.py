"""The count equation: every row, application, person and label is in exactly one place."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.counts import ALL, COUNTS_NAME, STEP_BY_NAME, Count, read_counts, write_counts
from recruitlib.review.balance import (
    check_balance,
    count_people,
    tabulate_people,
)
from recruitlib.review.recipients import Exclusions, select_recipients
from tests.conftest import ROOT
from tests.unit.stages import make_residents

GOLDEN = ROOT / "tests/golden/counts.csv"
# The equation as the ward writes it on paper: a whole, and the parts that add up to it.
ROWS = (
    "superseded", "deleted", "dead", "moved_out", "outsider", "removed", "leaving", "foreign",
    "unreadable", "birth_unsure", "out_of_range",
)  # fmt: skip
ENDS = ("matched", "to_confirm", "outside", "undecided", "withdrawn")
PEOPLE = ("protected", "opted_out", "withheld", "supplied_before", "recipients")
LABELS = ("handed_over", "voided", "spoiled")
AGES = ("18", "22")


def make_counts(numbers: list[int]) -> list[Count]:
    """Make a whole run's counts that add up, from any numbers for the parts."""
    supply = iter(numbers)
    parts = [Count(ALL, step, next(supply)) for step in (*ROWS, *ENDS)]
    parts += [Count(age, step, next(supply)) for age in AGES for step in PEOPLE]
    known = {(count.cohort, count.step): count.count for count in parts}
    cohorts = {age: sum(known[age, step] for step in PEOPLE) for age in AGES}
    wholes = [
        Count(ALL, "rows_read", sum(known[ALL, step] for step in ROWS) + sum(cohorts.values()))
    ]
    wholes.append(Count(ALL, "applications", sum(known[ALL, step] for step in ENDS)))
    for age in AGES:
        wholes += [
            Count(age, "cohort", cohorts[age]),
            Count(age, "labels", known[age, "recipients"]),
        ]
        reprints, voided, spoiled = (next(supply) for _ in range(3))
        wholes.append(Count(age, "reprints", reprints))
        out = known[age, "recipients"] + reprints
        voided = min(voided, out)
        spoiled = min(spoiled, out - voided)
        wholes += [Count(age, "voided", voided), Count(age, "spoiled", spoiled),
                   Count(age, "handed_over", out - voided - spoiled)]  # fmt: skip
    return parts + wholes


NUMBERS = st.lists(st.integers(0, 100_000), min_size=34, max_size=34)


@given(NUMBERS)
@settings(max_examples=100)
def test_numbers_that_add_up_balance(numbers: list[int]) -> None:
    assert check_balance(make_counts(numbers)) == []


@given(NUMBERS, st.integers(0, 39), st.integers(1, 5_000), st.sampled_from([1, -1]))
@settings(max_examples=200)
def test_any_one_number_that_is_off_is_found(
    numbers: list[int], place: int, by: int, sign: int
) -> None:
    counts = make_counts(numbers)
    count = counts[place % len(counts)]
    changed = [*counts]
    changed[place % len(counts)] = count._replace(count=count.count + sign * by)
    assert len(counts) == 40
    assert check_balance(changed)


@given(NUMBERS, st.integers(0, 39))
@settings(max_examples=100)
def test_a_row_that_is_missing_counts_as_nobody(numbers: list[int], place: int) -> None:
    counts = make_counts(numbers)
    removed = counts.pop(place)
    assert bool(check_balance(counts)) == (removed.count != 0)


def test_the_golden_counts_balance_and_an_edited_file_does_not(tmp_path: Path) -> None:
    # A45, 丹波市: a count that did not agree stopped a wrong dispatch.
    (tmp_path / COUNTS_NAME).write_bytes(GOLDEN.read_bytes())
    counts = read_counts(tmp_path)
    assert len(counts) > 20
    assert check_balance(counts) == []
    bound = {step.name for step in STEP_BY_NAME.values()} - {"sheets"}
    for place, count in enumerate(counts):
        if count.step not in bound:
            continue
        edited = [*counts]
        edited[place] = count._replace(count=count.count + 1)
        (tmp_path / COUNTS_NAME).write_bytes(write_counts(edited))
        problems = check_balance(read_counts(tmp_path))
        assert problems, count.step
        assert all("違います" in problem for problem in problems)


def test_a_step_is_compared_only_when_it_has_been_counted() -> None:
    assert check_balance([]) == []
    until_matching = [
        Count(ALL, "rows_read", 12),
        Count(ALL, "out_of_range", 7),
        Count("18", "cohort", 5),
    ]
    assert check_balance(until_matching) == []
    assert check_balance([*until_matching, Count("18", "recipients", 4)])


def test_a_cohort_without_a_single_label_is_found() -> None:
    counts = [Count(age, step, 5) for age in AGES for step in ("cohort", "recipients")] + [
        Count("18", "labels", 5)
    ]
    assert check_balance(counts) == ["22歳: 提供対象者 5 と、その内訳の合計 0 が違います。"]


def test_two_faults_of_two_cohorts_do_not_cancel_out() -> None:
    counts = [Count("18", "cohort", 5), Count("22", "cohort", 5),
              Count("18", "recipients", 4), Count("22", "recipients", 6)]  # fmt: skip
    assert [problem[:3] for problem in check_balance(counts)] == ["18歳", "22歳"]


COHORT = make_residents({}, {}, {}, {"cohort": "22"}, {"cohort": "22"}, {"cohort": "22"})


@given(st.lists(st.sampled_from(["", *Exclusions._fields]), min_size=6, max_size=6))
def test_every_person_of_the_cohort_is_counted_once(reasons: list[str]) -> None:
    ids = COHORT["addressee_id"]
    exclusions = Exclusions(
        *(
            frozenset(one for one, own in zip(ids, reasons, strict=True) if own == reason)
            for reason in Exclusions._fields
        )
    )
    counts = count_people(COHORT, exclusions, select_recipients(COHORT, exclusions))
    # Only a top-up counts who was supplied before.
    top_up = "supplied_before" in reasons
    assert [count.cohort for count in counts] == ["18"] * (4 + top_up) + ["22"] * (4 + top_up)
    assert sum(count.count for count in counts) == 6
    for age, own in (("18", reasons[:3]), ("22", reasons[3:])):
        found = {count.step: count.count for count in counts if count.cohort == age}
        wanted = {reason: own.count(reason) for reason in Exclusions._fields}
        if not top_up:
            del wanted["supplied_before"]
        assert found == {**wanted, "recipients": own.count("")}
    assert check_balance([*counts, Count("18", "cohort", 3), Count("22", "cohort", 3)]) == []


def test_the_table_gives_each_step_by_age_and_in_all() -> None:
    counts = [Count("18", "protected", 1), Count("18", "opted_out", 2), Count("18", "withheld", 0),
              Count("18", "recipients", 7), Count("22", "protected", 0), Count("22", "opted_out", 3),
              Count("22", "withheld", 1), Count("22", "recipients", 6)]  # fmt: skip
    table = tabulate_people(counts)
    assert table.columns.tolist() == ["段階", "18歳", "22歳", "計"]
    assert table[["18歳", "22歳", "計"]].values.tolist() == [
        [10, 10, 20],
        [1, 0, 1],
        [2, 3, 5],
        [0, 1, 1],
        [7, 6, 13],
    ]
