"""Plausibility: the limits at which a person is asked to look twice, from both sides."""

from __future__ import annotations

import pandas as pd
import pytest

from recruitlib.base.counts import ALL, Count
from recruitlib.review.plausibility import list_empty_towns, list_warnings
from recruitlib.review.previous import History, PreviousRun

NO_TOWNS = pd.DataFrame({"town": ["片町"], "cohort": ["18"], "residents": [30], "given": [29]})


def make_history(*counts: Count, towns: tuple[str, ...] = ()) -> History:
    older = PreviousRun(
        "r6", 2024, "2024-04-01", [Count(ALL, "applications", 1)], {("北町", "18"): 10}, {}
    )
    given: dict[tuple[str, str], int | str] = {(town, "18"): 12 for town in towns}
    given |= {("若葉", "18"): "10未満", ("若松町", "18"): "—（伏せ）"}
    run = PreviousRun("r7", 2025, "2025-04-01", list(counts), given, {})
    return History([older, run], [])


def list_codes(counts: list[Count], towns: pd.DataFrame, history: History) -> list[str]:
    return [warned.code for warned in list_warnings(counts, towns, history)]


@pytest.mark.parametrize(
    ("before", "now", "warns"),
    [
        (40, 4_000, True), (40, 3_999, False), (400, 4, True), (400, 5, False), (0, 99, False),
        (0, 100, True), (3, 0, True), (0, 0, False), (40, 40, False),
    ],
)  # fmt: skip
def test_a_hundred_times_the_applications_or_a_hundredth(
    before: int, now: int, warns: bool
) -> None:
    codes = list_codes(
        [Count(ALL, "applications", now)],
        NO_TOWNS,
        make_history(Count(ALL, "applications", before)),
    )
    assert codes == ["warning_applications"] * warns


@pytest.mark.parametrize(
    ("before", "now", "warns"),
    [(1_000, 1_200, False), (1_000, 1_201, True), (1_000, 800, False), (1_000, 799, True), (0, 1, True)],
)  # fmt: skip
def test_a_cohort_that_changed_by_more_than_a_fifth(before: int, now: int, warns: bool) -> None:
    history = make_history(Count("18", "cohort", before), Count("22", "cohort", 50))
    counts = [Count("18", "cohort", now), Count("22", "cohort", 50)]
    assert list_codes(counts, NO_TOWNS, history) == ["warning_cohort_18"] * warns


def test_an_age_that_is_new_or_no_longer_asked_for_warns_of_nothing() -> None:
    history = make_history(Count("15", "cohort", 700))
    assert list_codes([Count("22", "cohort", 900)], NO_TOWNS, history) == []


def make_towns(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Make towns with half of each number in each of two ages."""
    return pd.DataFrame(
        [
            (town, age, residents // 2 + residents % 2 * (age == "18"), given // 2 + given % 2 * (age == "18"))
            for town, residents, given in rows for age in ("18", "22")
        ],
        columns=["town", "cohort", "residents", "given"],
    )  # fmt: skip


def test_a_town_where_ten_or_more_live_and_nobody_is_supplied() -> None:
    towns = make_towns(("片町", 10, 0), ("舟町", 9, 0), ("袋町", 90, 1), ("北町", 40, 0))
    (warned,) = list_warnings([], towns, History([], []))
    assert warned.code == "warning_towns_empty"
    assert "片町、北町。" in warned.text
    assert "舟町" not in warned.text and "袋町" not in warned.text


def test_a_town_that_the_latest_run_showed_and_nobody_of_which_is_supplied_now() -> None:
    towns = make_towns(("片町", 10, 0), ("舟町", 9, 0), ("袋町", 90, 1))
    # 北町 is not in the extract at all; that the run before the last showed it as well is no matter.
    history = make_history(towns=("片町", "舟町", "袋町", "北町"))
    assert list_empty_towns(towns, history) == (["片町"], ["北町", "舟町"])
    codes = {warned.code: warned.text for warned in list_warnings([], towns, history)}
    assert list(codes) == ["warning_towns_empty", "warning_towns_vanished"]
    assert "北町、舟町。" in codes["warning_towns_vanished"]
    assert list_empty_towns(towns, make_history()) == (["片町"], [])


def test_without_a_run_before_only_the_registry_of_today_can_warn() -> None:
    assert list_warnings([Count(ALL, "applications", 9_999)], NO_TOWNS, History([], [])) == []


def test_the_texts_to_tick_are_the_same_in_whatever_order_the_counts_come() -> None:
    """What was ticked is compared by its text."""
    counts = [Count(ALL, "applications", 9_000), Count("18", "cohort", 9), Count("22", "cohort", 9)]
    before = [Count(ALL, "applications", 3), Count("18", "cohort", 90), Count("22", "cohort", 90)]
    names = ("北町", "舟町", "袋町", "南町", "片町")
    towns = make_towns(("山吹町", 20, 0), ("赤城下町", 30, 0))
    texts = [
        list_warnings(now, towns, make_history(*then, towns=listed))
        for now, then, listed in (
            (counts, before, names), (counts[::-1], before[::-1], names[::-1]),
        )
    ]  # fmt: skip
    assert texts[0] == texts[1]
    assert [tick.code for tick in texts[0]] == [
        "warning_applications", "warning_cohort_18", "warning_cohort_22", "warning_towns_empty",
        "warning_towns_vanished",
    ]  # fmt: skip
