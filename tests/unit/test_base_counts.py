"""Counts: ``counts.csv`` written, read and grown stage by stage.

Right values: Python's csv module, and the steps of the count equation in the design.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.counts import (
    ALL,
    COUNTS_NAME,
    ROW_STEPS,
    STEPS,
    Count,
    index_counts,
    merge_counts,
    read_counts,
    write_counts,
)
from recruitlib.base.parameters import STAGES

STEADY = settings(deadline=None, derandomize=True)
EQUATION = {
    "01": "rows_read superseded deleted dead moved_out outsider removed leaving foreign unreadable"
    " birth_unsure out_of_range cohort",
    "02": "applications matched to_confirm outside undecided withdrawn",
    "03": "protected opted_out withheld supplied_before recipients",
    "04": "labels sheets",
    "05": "reprints handed_over voided spoiled",
}
STEP_COUNTS = st.lists(
    st.builds(
        Count,
        st.sampled_from(["18", "21", "22", ALL]),
        st.sampled_from([step.name for step in STEPS]),
        st.integers(0, 10**7),
    ),
    unique_by=lambda count: (count.cohort, count.step),
)


def test_a_row_of_the_extract_ends_in_a_cohort_or_in_one_of_these() -> None:
    assert ("rows_read", *ROW_STEPS, "cohort") == tuple(EQUATION["01"].split())


@pytest.mark.parametrize("stage", STAGES)
def test_every_term_of_the_equation_belongs_to_the_stage_that_counts_it(stage: str) -> None:
    assert [step.name for step in STEPS if step.stage == stage] == EQUATION.get(stage, "").split()


def test_no_two_steps_share_a_name_or_a_label() -> None:
    assert len({step.name for step in STEPS}) == len({step.label for step in STEPS}) == len(STEPS)


def test_counts_are_written_as_plain_csv_with_unix_lines() -> None:
    counts = [Count("all", "rows_read", 1_500), Count("18", "cohort", 17)]
    assert write_counts(counts) == b"cohort,step,count\nall,rows_read,1500\n18,cohort,17\n"


def test_a_run_without_counts_has_none(tmp_path: Path) -> None:
    assert read_counts(tmp_path) == []


@STEADY
@given(STEP_COUNTS)
def test_any_counts_come_back_as_written_and_as_the_csv_module_reads_them(
    tmp_path_factory: pytest.TempPathFactory, counts: list[Count]
) -> None:
    folder = tmp_path_factory.mktemp("counts")
    content = write_counts(counts)
    (folder / COUNTS_NAME).write_bytes(content)

    assert read_counts(folder) == counts
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert rows[1:] == [[cohort, step, str(count)] for cohort, step, count in counts]


@STEADY
@given(STEP_COUNTS, STEP_COUNTS, st.sampled_from(STAGES))
def test_a_stage_replaces_its_own_and_all_later_counts_and_keeps_the_earlier(
    old: list[Count], new: list[Count], stage: str
) -> None:
    own = [count for count in new if count.step in EQUATION.get(stage, "").split()]
    earlier = " ".join(EQUATION.get(number, "") for number in STAGES if number < stage).split()
    kept = [count for count in old if count.step in earlier]

    merged = merge_counts(old, own, stage)

    assert sorted(merged) == sorted([*kept, *own])
    order = " ".join(EQUATION.values()).split()
    places = [(order.index(count.step), count.cohort != ALL, count.cohort) for count in merged]
    assert places == sorted(places)


def test_running_a_stage_again_gives_the_same_file() -> None:
    first = merge_counts([], [Count("18", "cohort", 3), Count(ALL, "rows_read", 9)], "01")
    again = merge_counts(first, [Count(ALL, "rows_read", 9), Count("18", "cohort", 3)], "01")
    assert write_counts(first) == write_counts(again)
    assert [count.step for count in first] == ["rows_read", "cohort"]


def test_a_count_is_found_by_cohort_and_step() -> None:
    found = index_counts([Count("18", "cohort", 3), Count("22", "cohort", 5)])
    assert found == {("18", "cohort"): 3, ("22", "cohort"): 5}
