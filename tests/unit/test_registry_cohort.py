"""The cohort: printed ranges against the age rule, base dates, counts, and the second test.

Right values: the table that the ward's document prints (令和8年度), and published accidents.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from recruitlib.base.counts import Count
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import (
    check_base_date,
    check_births,
    check_ranges,
    check_rows,
    count_boundary_days,
    count_months,
    count_rows,
    draw_birth_months,
    read_ranges,
    retest_status,
    select_cohort,
)
from recruitlib.registry.extract import RESIDENT_COLUMNS, ROW_ENDS

EIGHTEEN = BirthRange(18, date(2008, 4, 2), date(2009, 4, 1))
TWENTY_TWO = BirthRange(22, date(2004, 4, 2), date(2005, 4, 1))
PRINTED = [EIGHTEEN, TWENTY_TWO]
TODAY, BASE = date(2026, 5, 18), date(2026, 4, 1)


def make_records(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        **dict.fromkeys(RESIDENT_COLUMNS, ""), "birth_date": "2008-06-03", "status": "resident",
        "birth_status": "certain", "nationality": "japanese", "is_latest": True,
        "changed_on": "2026-03-20", "left_on": "", "end": "18",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"{number:07}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)


def make_year(birth_range: BirthRange, people: int) -> pd.DataFrame:
    days = (birth_range.born_to - birth_range.born_from).days
    births = [
        (birth_range.born_from + timedelta(days=number * days // (people - 1))).isoformat()
        for number in range(people)
    ]
    return pd.DataFrame({"birth_date": births, "cohort": str(birth_range.age)}, dtype="str")


def test_the_ranges_of_the_request_are_read_as_printed() -> None:
    parameters = {
        "cohort_ages": [18, 22],
        "cohort_birth_ranges": ["2008-04-02/2009-04-01", "2004-04-02/2005-04-01"],
    }
    assert read_ranges(parameters) == PRINTED


def test_the_printed_ranges_of_the_documents_year_agree_with_the_age_rule() -> None:
    assert check_ranges(PRINTED, 2026) == []


@pytest.mark.parametrize(
    ("age", "born_from", "born_to"),
    [
        # 小山市: 平成14-15 in place of 平成16-17
        (22, date(2002, 4, 2), date(2003, 4, 1)),
        # a published list that set 2008 beside 平成16
        (18, date(2008, 4, 2), date(2005, 4, 1)),
        (18, date(2004, 4, 2), date(2009, 4, 1)),
        # the borders one day off, and the calendar year in place of the school year
        (18, date(2008, 4, 1), date(2009, 4, 1)),
        (18, date(2008, 4, 2), date(2009, 4, 2)),
        (18, date(2008, 4, 1), date(2009, 3, 31)),
        (22, date(2004, 1, 1), date(2004, 12, 31)),
        # the other age's range
        (22, date(2008, 4, 2), date(2009, 4, 1)),
    ],
)
def test_a_printed_range_that_is_not_the_age_rules_is_an_objection(
    age: int, born_from: date, born_to: date
) -> None:
    problems = check_ranges([BirthRange(age, born_from, born_to)], 2026)
    assert len(problems) == 1
    assert problems[0].startswith(f"{age}歳")


def test_last_years_printed_ranges_are_an_objection_for_both_ages() -> None:
    last = [
        BirthRange(18, date(2007, 4, 2), date(2008, 4, 1)),
        BirthRange(22, date(2003, 4, 2), date(2004, 4, 1)),
    ]
    assert len(check_ranges(last, 2026)) == 2
    assert check_ranges(last, 2025) == []


def test_other_ages_follow_the_same_rule() -> None:
    """Other municipalities are asked for 21 as well: those who turn 21 in 令和8年度."""
    assert check_ranges([BirthRange(21, date(2005, 4, 2), date(2006, 4, 1))], 2026) == []


def test_a_fresh_extract_of_its_stated_base_date_is_right() -> None:
    assert check_base_date("2026-04-01", BASE, TODAY, 60) == []


@pytest.mark.parametrize(
    ("newest_change", "base_date", "objection"),
    [
        ("2025-03-31", date(2025, 4, 1), "日たっています"),
        ("2025-03-31", BASE, "異動が一件もありません"),
        ("2026-04-02", BASE, "基準日より後の異動"),
        ("2026-05-18", date(2026, 5, 19), "業務日より後"),
        ("", BASE, "異動年月日がどの行にもありません"),
    ],
)
def test_an_extract_of_another_day_or_year_is_an_objection(
    newest_change: str, base_date: date, objection: str
) -> None:
    problems = check_base_date(newest_change, base_date, TODAY, 60)
    assert any(objection in problem for problem in problems)


def test_the_oldest_extract_that_may_be_used_is_as_old_as_the_parameter_says() -> None:
    assert check_base_date("2026-03-31", BASE, BASE + timedelta(days=60), 60) == []
    assert check_base_date("2026-03-31", BASE, BASE + timedelta(days=61), 60)


def test_a_month_without_a_change_is_an_old_extract() -> None:
    assert check_base_date("2026-03-01", BASE, TODAY, 60) == []
    assert check_base_date("2026-02-28", BASE, TODAY, 60)


def test_a_run_on_the_leap_day_does_not_stop() -> None:
    """豊川市: a system that could not work on 29 February."""
    leap_day = date(2028, 2, 29)
    assert check_base_date("2028-02-29", leap_day, leap_day, 0) == []
    ranges = [
        BirthRange(18, date(2007, 4, 2), date(2008, 4, 1)),
        BirthRange(22, date(2003, 4, 2), date(2004, 4, 1)),
    ]
    assert check_ranges(ranges, 2025) == []
    born = pd.DataFrame(
        {"birth_date": ["2008-02-29", "2004-02-29"], "cohort": ["18", "22"]}, dtype="str"
    )
    assert check_births(born, ranges) == []
    assert draw_birth_months(born, ranges).axes


def test_the_cohort_is_taken_as_whole_rows() -> None:
    records = make_records(
        {"full_name": "架空　花子"},
        {"full_name": "見本　太郎", "end": "out_of_range"},
        {"end": "22"},
    )
    cohort = select_cohort(records, {})
    assert cohort["cohort"].tolist() == ["18", "22"]
    kept = records.loc[[0, 2], list(RESIDENT_COLUMNS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(cohort[list(RESIDENT_COLUMNS)], kept)


@pytest.mark.parametrize("end", ROW_ENDS)
def test_nobody_with_another_end_is_of_a_cohort(end: str) -> None:
    assert select_cohort(make_records({"end": end}), {}).empty


def test_of_the_unsure_births_only_those_whom_two_people_included_are_of_the_cohort_they_named() -> (
    None
):
    unsure = {"end": "birth_unsure", "birth_date": ""}
    records = make_records(unsure, unsure, {}, {**unsure, "is_latest": False})
    cohort = select_cohort(records, {"0000001": "22", "0000003": "18"})
    assert cohort[["addressee_id", "cohort"]].values.tolist() == [
        ["0000001", "22"],
        ["0000002", "18"],
    ]


def test_an_inclusion_takes_nobody_back_who_has_another_end() -> None:
    records = make_records(
        {"end": "dead"}, {"end": "superseded", "is_latest": False}, {"end": "22"}
    )
    included = {"0000000": "18", "0000001": "18", "0000002": "18"}
    assert select_cohort(records, included)["cohort"].tolist() == ["22"]


ENDS = {
    "18": 1,
    "22": 2,
    "superseded": 5,
    "foreign": 1,
    "dead": 3,
    "birth_unsure": 2,
    "out_of_range": 9,
}
CHOSEN = pd.DataFrame({"cohort": ["18", "22", "22"]}, dtype="str")


def test_every_row_is_in_exactly_one_count() -> None:
    counts = count_rows(ENDS, 4, {}, PRINTED)
    found = {(count.cohort, count.step): count.count for count in counts}
    assert found["all", "rows_read"] == 27
    assert (found["18", "cohort"], found["22", "cohort"]) == (1, 2)
    assert {step: number for (who, step), number in found.items() if who == "all" and number} == {
        "rows_read": 27, "superseded": 5, "foreign": 1, "dead": 3, "birth_unsure": 2,
        "out_of_range": 9, "unreadable": 4,
    }  # fmt: skip
    assert [count.step for count in counts if count.cohort == "all"][1:] == [
        "superseded", "deleted", "dead", "moved_out", "outsider", "removed", "leaving", "foreign",
        "unreadable", "birth_unsure", "out_of_range",
    ]  # fmt: skip
    assert check_rows(counts, 27, CHOSEN) == []


def test_who_was_included_by_two_people_is_counted_in_the_cohort_and_no_longer_as_unsure() -> None:
    counts = count_rows(ENDS, 0, {"0000007": "22"}, PRINTED)
    assert Count("22", "cohort", 3) in counts and Count("18", "cohort", 1) in counts
    assert Count("all", "birth_unsure", 1) in counts
    chosen = pd.DataFrame({"cohort": ["18", "22", "22", "22"]}, dtype="str")
    assert check_rows(counts, 23, chosen) == []


@pytest.mark.parametrize(
    ("ends", "rows_in_file"),
    [
        (ENDS, 22),
        (ENDS, 24),
        ({**ENDS, "lost": 1}, 24),
        ({**ENDS, "21": 1}, 24),
        ({**ENDS, "dead": 2}, 23),
    ],
)
def test_a_row_that_is_lost_doubled_or_in_no_known_count_is_an_objection(
    ends: dict[str, int], rows_in_file: int
) -> None:
    problems = check_rows(count_rows(ends, 0, {}, PRINTED), rows_in_file, CHOSEN)
    assert len(problems) == 2 and "ください" in problems[1]


@pytest.mark.parametrize(
    "cohorts", [["18", "22"], ["18", "22", "22", "22"], ["22", "22", "22"], []]
)
def test_a_person_who_was_lost_or_doubled_after_counting_is_an_objection(
    cohorts: list[str],
) -> None:
    counts = count_rows(ENDS, 0, {}, PRINTED)
    assert check_rows(counts, 23, pd.DataFrame({"cohort": cohorts}, dtype="str"))


def test_a_whole_year_of_births_is_right() -> None:
    cohort = pd.concat([make_year(EIGHTEEN, 1_698), make_year(TWENTY_TWO, 2_566)])
    assert check_births(cohort, PRINTED) == []


def test_people_of_one_years_end_who_are_missing_are_noticed() -> None:
    """文京区: one condition lost everybody born from January to March."""
    cohort = make_year(EIGHTEEN, 1_698)
    lost = cohort[~cohort["birth_date"].str[5:7].isin(["01", "02", "03"])]
    assert any("生まれ月" in problem for problem in check_births(lost, [EIGHTEEN]))


def test_any_missing_month_is_noticed_from_a_hundred_people_on() -> None:
    """Also April, in which whoever was born on the last day of the range is left."""
    cohort = make_year(EIGHTEEN, 120)
    months = pd.date_range("2008-04-01", periods=13, freq="MS")
    for days in (0, 1):  # months of the calendar, and from the 2nd to the 1st as in the range
        starts = (months + pd.Timedelta(days, "D")).strftime("%Y-%m-%d")
        for first, following in pairwise(starts):
            lost = cohort[(cohort["birth_date"] < first) | (cohort["birth_date"] >= following)]
            assert len(lost) >= 100 and check_births(lost, [EIGHTEEN]), first


def test_a_small_ward_is_not_stopped_by_an_empty_month() -> None:
    assert check_births(make_year(EIGHTEEN, 5), [EIGHTEEN]) == []


def test_births_outside_the_range_are_noticed_at_both_ends() -> None:
    """港区: a top-up extract without its lower bound brought in 204 older children."""
    for birth in ("2008-04-01", "2009-04-02", "1999-01-01"):
        cohort = pd.concat(
            [make_year(EIGHTEEN, 120), pd.DataFrame({"birth_date": [birth], "cohort": ["18"]})]
        )
        assert any("範囲の外" in problem for problem in check_births(cohort, [EIGHTEEN]))


def test_an_age_without_anybody_is_an_objection() -> None:
    problems = check_births(make_year(EIGHTEEN, 120), PRINTED)
    assert len(problems) == 1 and problems[0].startswith("22歳: 一人もいません。")


def test_somebody_whom_two_people_included_has_no_date_that_could_be_out_of_range() -> None:
    included = pd.DataFrame({"birth_date": [""], "cohort": ["18"]})
    cohort = pd.concat([make_year(EIGHTEEN, 120), included])
    assert check_births(cohort, [EIGHTEEN]) == []


def test_living_resident_nationals_pass_the_second_test() -> None:
    records = make_records({}, {})
    assert retest_status(select_cohort(records, {}), records) == []


@pytest.mark.parametrize(
    ("fault", "objection"),
    [
        ({"status": "moved_out"}, "住民でない"),
        ({"status": "dead"}, "住民でない"),
        ({"status": "removed"}, "住民でない"),
        ({"nationality": "foreign"}, "日本国籍でない"),
        ({"is_latest": False}, "最新でない"),
        # 018サポート: delivered as residents by the extraction tool, though they had left
        ({"left_on": "2026-02-01"}, "消除または転出の日がある"),
    ],
)
def test_a_selected_row_that_should_not_be_there_is_found_by_row(
    fault: dict[str, object], objection: str
) -> None:
    records = make_records({}, fault, {})
    cohort = records[list(RESIDENT_COLUMNS)].assign(cohort="18")
    problems = retest_status(cohort, records)
    assert len(problems) == 2 and "ください" in problems[1]
    assert objection in problems[0] and "3 行目" in problems[0]


def test_ids_that_were_moved_against_their_rows_are_found() -> None:
    records = make_records({}, {}, {})
    cohort = select_cohort(records, {})
    cohort["addressee_id"] = cohort["addressee_id"].to_numpy()[[1, 2, 0]]
    assert any("宛名番号が違う" in problem for problem in retest_status(cohort, records))


def test_the_months_run_from_the_second_to_the_first() -> None:
    """2 April begins the first month of a school year's births, and 1 April ends the last."""
    days = ["2008-04-02", "2008-05-01", "2008-05-02", "2009-03-01", "2009-03-02", "2009-04-01", ""]
    counts = count_months(pd.Series(days, dtype="str"), EIGHTEEN.born_from)
    assert counts == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    assert count_months(pd.Series([], dtype="str"), EIGHTEEN.born_from) == [0] * 12
    leap = BirthRange(18, date(2007, 4, 2), date(2008, 4, 1))
    assert count_months(pd.Series(["2008-02-29"], dtype="str"), leap.born_from)[10] == 1


def test_the_chart_shows_every_month_and_both_bounds_with_their_days() -> None:
    # Fifteen on the first day, none on the last: a range that has slipped by a day.
    cohort = pd.concat([make_year(EIGHTEEN, 365), make_year(EIGHTEEN, 2).iloc[[0] * 14]])
    cohort = cohort[cohort["birth_date"] != "2009-04-01"]
    panel = draw_birth_months(cohort, [EIGHTEEN]).axes[0]
    heights = [bar.get_height() for bar in panel.patches]
    assert len(heights) == 12
    assert sum(heights) == 378
    texts = [text.get_text() for text in panel.texts]
    assert texts[:12] == [str(int(height)) for height in heights]
    assert texts[12:] == [
        "平成20年4月2日\nこの日に生まれた人: 15", "平成21年4月1日\nこの日に生まれた人: 0",
    ]  # fmt: skip
    assert sorted(line.get_xdata()[0] for line in panel.lines) == [-0.5, 11.5]
    assert "378人" in panel.get_title(loc="center")
    assert [label.get_text() for label in panel.get_xticklabels()][::11] == ["4月", "3月"]


def test_a_month_with_few_people_has_a_mark_and_no_bar() -> None:
    everybody = pd.Series(
        [day for month in range(5, 13) for day in [f"2008-{month:02d}-10"] * 20] + ["2008-04-10"] * 3
        + [f"2009-{month:02d}-10" for month in (1, 2, 3) for _ in range(20)],
        dtype="str",
    )  # fmt: skip
    cohort = pd.DataFrame({"birth_date": everybody, "cohort": "18"})
    panel = draw_birth_months(cohort, [EIGHTEEN]).axes[0]
    # The first full month is held back, since the total would tell the three of April.
    assert [text.get_text() for text in panel.texts][:12] == ["○", "×", *["20"] * 10]
    assert [bar.get_height() for bar in panel.patches] == [0, 0, *[20] * 10]


def test_the_days_at_the_bounds_hide_a_small_number_and_tell_none() -> None:
    births = ["2008-04-02"] * 10 + ["2009-04-01"] * 9
    cohort = pd.DataFrame({"birth_date": births, "cohort": "18"}, dtype="str")
    assert count_boundary_days(cohort, EIGHTEEN) == ("10", "10未満")
    assert count_boundary_days(cohort, TWENTY_TWO) == ("0", "0")
