"""The cohort: who is asked for, by the printed birth range, cross-checked with the age rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from recruitlib.base.counts import ALL, ROW_STEPS, Count
from recruitlib.base.dates import birth_range_of, format_era
from recruitlib.base.masking import (
    MARK_WORDS,
    MARKS,
    SMALLEST_SHOWN,
    mask_counts,
    mask_small,
)
from recruitlib.base.profiles import list_rows
from recruitlib.base.views import make_panels
from recruitlib.registry.births import BirthRange
from recruitlib.registry.extract import (
    BIRTH_UNSURE,
    JAPANESE,
    RESIDENT,
    RESIDENT_COLUMNS,
    ROW_ENDS,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With fewer people an empty month is no sign of a fault: at 100 its chance is below 1 in 300.
FEWEST_FOR_MONTHS = 100
# A living registry changes every day; a month without any change is an old extract.
QUIET_DAYS = 31
_CONDITIONS = "抽出の条件を登録係に確かめ、抽出し直してもらってください。"


def read_ranges(parameters: Mapping[str, Any]) -> list[BirthRange]:
    """Read the printed birth ranges of a run, one for each age."""
    ranges = []
    for age, text in zip(parameters["cohort_ages"], parameters["cohort_birth_ranges"], strict=True):
        born_from, born_to = (date.fromisoformat(end) for end in text.split("/"))
        ranges.append(BirthRange(age, born_from, born_to))
    return ranges


def check_ranges(ranges: Sequence[BirthRange], fiscal_year: int) -> list[str]:
    """Say where a printed range and the age rule disagree.

    Source: 年齢計算ニ関スル法律; the ward's document prints both ranges of 令和8年度.
    """
    problems = []
    for birth_range in ranges:
        born_from, born_to = birth_range_of(birth_range.age, fiscal_year)
        if (birth_range.born_from, birth_range.born_to) != (born_from, born_to):
            problems.append(
                f"{birth_range.age}歳: 印字された範囲が、{fiscal_year}年度に{birth_range.age}歳に達する範囲"
                f"（{format_era(born_from)}〜{format_era(born_to)}）と違います。依頼文書と年度を確かめてください。"
            )
    return problems


def check_base_date(
    newest_change: str, base_date: date, today: date, max_age_days: int
) -> list[str]:
    """Say why an extract is not of its stated base date, or too old for today.

    Args:
        newest_change: the latest date of a change in the extract, ISO text.
    """
    problems = []
    if base_date > today:
        problems.append("抽出基準日が業務日より後です。")
    if today - base_date > timedelta(days=max_age_days):
        problems.append(
            f"抽出基準日から{(today - base_date).days}日たっています（上限{max_age_days}日）。"
        )
    if not newest_change:
        problems.append("異動年月日がどの行にもありません。")
    elif newest_change > base_date.isoformat():
        problems.append("抽出基準日より後の異動があります。")
    elif newest_change < (base_date - timedelta(days=QUIET_DAYS)).isoformat():
        problems.append(
            f"抽出基準日の前{QUIET_DAYS}日間に異動が一件もありません。古い抽出ではありませんか。"
        )
    return problems


def select_cohort(records: pd.DataFrame, included: Mapping[str, str]) -> pd.DataFrame:
    """Select the rows of the cohorts as whole records.

    Args:
        records: rows of the extract with their ``end``.
        included: of people whose birth date is unsure, the ids that two people included, each
            with the age of its cohort.

    Returns:
        the columns of ``residents`` and ``cohort`` (the age as text); as many rows as ends that
        name an age, and as many as ``included``.
    """
    latest = records[records["is_latest"]]
    unsure = latest["end"] == BIRTH_UNSURE
    ages = latest["end"].mask(
        unsure, latest["addressee_id"].map(lambda person: included.get(person, BIRTH_UNSURE))
    )
    chosen = ~ages.isin(ROW_ENDS)
    cohort = latest.loc[chosen, list(RESIDENT_COLUMNS)].copy()
    cohort["cohort"] = ages[chosen].astype("str")
    return cohort.reset_index(drop=True)


def count_rows(
    ends: Mapping[str, int], unreadable: int, included: Mapping[str, str],
    ranges: Sequence[BirthRange],
) -> list[Count]:  # fmt: skip
    """Count the rows of the file by their ends.

    Args:
        ends: rows by end, the unreadable ones aside.
        unreadable: rows that could not be read.
        included: ids of unsure births that were included, with their age.
    """
    found = {**ends, "unreadable": unreadable}
    found[BIRTH_UNSURE] = found.get(BIRTH_UNSURE, 0) - len(included)
    counts = [Count(ALL, "rows_read", sum(ends.values()) + unreadable)]
    counts += [Count(ALL, step, found.get(step, 0)) for step in ROW_STEPS]
    for wanted in ranges:
        age = str(wanted.age)
        more = sum(chosen == age for chosen in included.values())
        counts.append(Count(age, "cohort", found.get(age, 0) + more))
    return counts


def check_rows(counts: Sequence[Count], rows_in_file: int, cohort: pd.DataFrame) -> list[str]:
    """Say if the rows of the file and the sum of their ends differ, or a cohort and its count."""
    problems = []
    parts = sum(count.count for count in counts if count.step != "rows_read")
    if parts != rows_in_file:
        problems.append(f"ファイルの行 {rows_in_file:,} と、行き先の合計 {parts:,} が違います。")
    for count in counts:
        chosen = int((cohort["cohort"] == count.cohort).sum())
        if count.step == "cohort" and count.count != chosen:
            problems.append(
                f"{count.cohort}歳: 数えた {count.count:,} 人と、選んだ {chosen:,} 人が違います。"
            )
    if problems:
        problems.append(
            "01 からやり直し、なお違えば、この記録をつけて保守の担当に知らせてください。"
        )
    return problems


def check_births(cohort: pd.DataFrame, ranges: Sequence[BirthRange]) -> list[str]:
    """Say where a cohort is not what its range promises: bounds, or a month without anybody."""
    problems = []
    for birth_range in ranges:
        births = cohort.loc[cohort["cohort"] == str(birth_range.age), "birth_date"]
        births = births[births != ""]  # one that two people included has no certain date
        if births.empty:
            problems.append(f"{birth_range.age}歳: 一人もいません。{_CONDITIONS}")
            continue
        if (
            births.min() < birth_range.born_from.isoformat()
            or births.max() > birth_range.born_to.isoformat()
        ):
            problems.append(f"{birth_range.age}歳: 範囲の外の生年月日があります。{_CONDITIONS}")
        # A month of the calendar or one from the 2nd to the 1st: one person of 1 April fills neither.
        begins = (birth_range.born_from.replace(day=1), birth_range.born_from)
        empty = [day for day in begins if 0 in count_months(births, day)]
        if len(births) >= FEWEST_FOR_MONTHS and empty:
            problems.append(f"{birth_range.age}歳: 一人もいない生まれ月があります。{_CONDITIONS}")
    return problems


def retest_status(cohort: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Test every selected row again: living, resident, Japanese, and with no date of leaving.

    The test looks the rows up by row number in the file and repeats no step of the selection, so
    that a fault of either shows.
    """
    rows = records.set_index("source_row").loc[cohort["source_row"]]
    faults = {
        "住民でない": rows["status"] != RESIDENT,
        "日本国籍でない": rows["nationality"] != JAPANESE,
        "最新でない": ~rows["is_latest"],
        "消除または転出の日がある": rows["left_on"] != "",
        "宛名番号が違う": rows["addressee_id"].to_numpy() != cohort["addressee_id"].to_numpy(),
    }
    problems = [
        f"{fault}行が選ばれています（{list_rows(pd.Series(rows.index[wrong]))}）。"
        for fault, wrong in faults.items()
        if wrong.any()
    ]
    return [*problems, _CONDITIONS] if problems else []


def count_boundary_days(cohort: pd.DataFrame, wanted: BirthRange) -> tuple[str, str]:
    """Count who was born on the first and on the last day of a range, small numbers hidden."""
    births = cohort.loc[cohort["cohort"] == str(wanted.age), "birth_date"]
    first, last = (
        mask_small(int((births == day.isoformat()).sum()))
        for day in (wanted.born_from, wanted.born_to)
    )
    return first, last


def count_months(births: pd.Series, born_from: date) -> list[int]:
    """Count births by the twelve months that begin with a day, as the first day of a range.

    A range of one year begins on 2 April, so that its months run from the 2nd to the 1st: by the
    calendar, 1 April alone would be a month of its own.

    Args:
        births: certain dates as ISO text; others are in no month.
    """
    dates = pd.to_datetime(births[births != ""], format="%Y-%m-%d")
    months = (dates.dt.year - born_from.year) * 12 + dates.dt.month - born_from.month
    months -= dates.dt.day < born_from.day
    found = months.value_counts()
    return [int(found.get(month, 0)) for month in range(12)]


def draw_birth_months(cohort: pd.DataFrame, ranges: Sequence[BirthRange]) -> Figure:
    """Draw the people of each cohort by birth month, with both printed bounds as lines.

    At each line stand its date and how many were born on that very day. A month with fewer than
    ten people has a mark in place of its bar.
    """
    figure, panels = make_panels(len(ranges), 1, 3.6)
    for panel, wanted in zip(panels, ranges, strict=True):
        births = cohort.loc[cohort["cohort"] == str(wanted.age), "birth_date"]
        cells = mask_counts(count_months(births, wanted.born_from))
        bars = panel.bar(
            range(12), [cell if isinstance(cell, int) else 0 for cell in cells],
            color="#4878a8", width=0.8,
        )  # fmt: skip
        panel.bar_label(
            bars, [f"{cell:,}" if isinstance(cell, int) else MARKS[cell] for cell in cells]
        )
        starts = pd.period_range(wanted.born_from, periods=12, freq="M")
        panel.set_xticks(range(12), [f"{start.month}月" for start in starts])
        panel.set_xlabel(
            f"生まれ月（各月{wanted.born_from.day}日から翌月{wanted.born_to.day}日まで）　{MARK_WORDS}"
        )
        panel.set_ylabel("人")
        panel.set_xlim(-1, 12)
        panel.set_ylim(0, max(SMALLEST_SHOWN, panel.get_ylim()[1] * 1.12))
        ends = zip((wanted.born_from, wanted.born_to), count_boundary_days(cohort, wanted), (-0.5, 11.5),
                   ("left", "right"), strict=True)  # fmt: skip
        for day, born, place, side in ends:
            panel.axvline(place, color="#c0392b", linestyle="--", linewidth=2)
            panel.annotate(
                f"{format_era(day)}\nこの日に生まれた人: {born}", (place, 1.02),
                xycoords=("data", "axes fraction"), ha=side,
            )  # fmt: skip
        panel.set_title(f"{wanted.age}歳\n{len(births):,}人")
    return figure
