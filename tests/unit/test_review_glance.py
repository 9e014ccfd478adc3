"""The review at a glance: tables of 03 without a person, and the report as 03 keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.audit import append_entry, digest_bytes
from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.run import Stage
from recruitlib.review import confirmation, glance
from recruitlib.review.confirmation import Review
from tests.unit.stages import (
    make_residents,
    make_situation,
    make_stage,
    store,
)

COUNTS = [Count(ALL, "rows_read", 9), Count("18", "cohort", 7), Count("22", "cohort", 2),
          Count(ALL, "applications", 4)]  # fmt: skip


def begin(folder: Path, **tables: Any) -> tuple[Stage, Review]:
    stage = make_stage(folder, "03")
    store(stage, **{**make_situation(), **tables})
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    return stage, confirmation.prepare_review(stage)


def test_the_nine_people_of_one_town_are_hidden_and_counted(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    seen = glance.take_glance(stage, review)
    assert seen.masked.values.tolist() == [
        ["片町", "18", "10未満", "10未満"], ["片町", "22", "10未満", "10未満"],
    ]  # fmt: skip
    assert {(count.cohort, count.step): count.count for count in seen.counts}[
        ALL, "applications"
    ] == 4
    assert glance.tabulate_runs(stage, seen).iloc[0].tolist() == ["受け付けた申出", 4]
    assert glance.tabulate_warnings(seen).values.tolist() == [["", glance.NO_WARNING]]


def test_a_word_in_place_of_the_list_of_protected_people_is_ticked(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    attested = replace(stage, parameters={**stage.parameters, "protections_attested_by": "登録係"})
    [tick] = glance.take_glance(attested, review).warnings
    assert tick.code == "warning_protections_attested" and "「登録係」" in tick.text
    # The clean twin: there was a list with somebody on it.
    append_entry(stage.folder, "01", "completed", protections_listed=True)
    assert glance.take_glance(attested, review).warnings == []


def test_a_town_where_everybody_is_excluded_warns_by_its_code(tmp_path: Path) -> None:
    everybody = make_residents(*[{}] * 12)
    stage, review = begin(tmp_path, cohort=everybody, protected=everybody[["addressee_id"]])
    warnings = glance.tabulate_warnings(glance.take_glance(stage, review))
    assert warnings["符号"].tolist() == ["warning_towns_empty"]
    assert "片町" in warnings["確かめること"].iloc[0]
    # The second officer ticks it behind the ward's own checklist.
    assert [tick.code for tick in confirmation.list_ticks(stage, review)][-2:] == [
        "lists", "warning_towns_empty",
    ]  # fmt: skip


HEADS = ["受付", "一致", "要確認", "対象外", "申出を認めない", "未決", "取下げ", "計"]


def test_applications_by_channel_and_end_add_up(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    # By no known way stands with the others.
    applications = review.applications.assign(channel=["form", "post", "post", "fax"])
    settled = review.settled.assign(outcome=["matched", "rejected", "outside", "withdrawn"])
    changed = review._replace(applications=applications, settled=settled.iloc[::-1])
    table = glance.tabulate_channels(glance.take_glance(stage, changed))
    assert table.columns.tolist() == HEADS
    assert table.values.tolist() == [
        ["電子申請", 1, 0, 0, 0, 0, 0, 1], ["窓口", 0, 0, 0, 0, 0, 0, 0],
        ["郵送", 0, 0, 1, 1, 0, 0, 2], ["その他", 0, 0, 0, 0, 0, 1, 1],
        ["計", 1, 0, 1, 1, 0, 1, 4],
    ]  # fmt: skip


def test_the_undecided_stand_in_their_own_column(tmp_path: Path) -> None:
    table = glance.tabulate_channels(glance.take_glance(*begin(tmp_path)))
    assert table.iloc[0].tolist() == ["電子申請", 1, 1, 0, 0, 1, 1, 4]
    assert table.iloc[-1].tolist() == ["計", 1, 1, 0, 0, 1, 1, 4]


def test_the_birth_months_are_hidden_as_in_the_picture_of_01(tmp_path: Path) -> None:
    """Twenty in April and May of 2008, three in June: what is held back is the first that is shown."""
    days = ["2008-04-10"] * 20 + ["2008-06-01"] * 20 + ["2008-06-02"] * 3
    days += [f"2008-{month:02d}-10" for month in range(7, 13) for _ in range(20)]
    days += [f"2009-{month:02d}-01" for month in (2, 3, 4) for _ in range(20)]
    cohort = make_residents(*({"birth_date": day} for day in days))
    seen = glance.take_glance(*begin(tmp_path, cohort=cohort))
    table = glance.tabulate_months(seen)
    assert table.columns.tolist() == ["生まれ月", "18歳", "22歳"]
    assert table["18歳"].tolist() == ["—（伏せ）", 20, "10未満", *[20] * 9]
    assert table["22歳"].tolist() == ["10未満"] * 12
    assert table["生まれ月"].tolist() == [
        f"{month}月" for month in (4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3)
    ]


def make_earlier(stage: Stage, figures: bytes, report: bytes) -> None:
    """Make a run of the year before beside the one of the stage."""
    folder = stage.folder.parent / "r7"
    folder.mkdir()
    own = {**stage.parameters, "fiscal_year": 2025, "registry_base_date": "2025-04-01"}
    names = ("run_kind", "municipality_code", "fiscal_year", "registry_base_date")
    files = {
        "run.yaml": yaml.safe_dump({"01": {name: own[name] for name in names}}).encode(),
        "counts.csv": write_counts(COUNTS), "review_counts.csv": figures, "count_report.csv": report,
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digests = {name: digest_bytes(content) for name, content in files.items()}
    append_entry(folder, "03", "completed", files=digests, counts=[])


def test_what_a_run_kept_stands_beside_the_figures_of_the_next(tmp_path: Path) -> None:
    """The same people once more: the files that 03 renders are those that the next 03 reads."""
    many = make_residents(
        *[{"birth_date": f"2008-{m:02d}-10"} for m in range(5, 13) for _ in range(15)]
    )
    stage, review = begin(tmp_path, cohort=many)
    first = glance.take_glance(stage, review)
    kept = glance.render_reports(stage, first)
    make_earlier(stage, kept["review_counts.csv"], kept["count_report.csv"])
    seen = glance.take_glance(stage, review)
    assert seen.history.unreadable == []
    assert seen.figures_before == first.figures
    months = glance.tabulate_months(seen)
    assert months.columns.tolist() == ["生まれ月", "18歳", "前回", "22歳", "前回"]
    # Of 120 in eight months, four months are empty.
    shown = [row for row in months.values.tolist() if row[1] == 15]
    assert {row[2] for row in shown} == {"15（+0）"}
    assert {row[2] for row in months.values.tolist() if row[1] != 15} == {
        row[1] for row in months.values.tolist() if row[1] != 15
    }
    places = glance.tabulate_places(seen)
    assert places.columns.tolist() == ["町丁", "18歳", "前回"]
    given = first.masked["given"].iloc[0]
    assert places.values.tolist() == [["片町", given, f"{given}（+0）"]]
    # Whatever is hidden in one run is not told by the other.
    assert seen.masked.equals(first.masked)


def test_the_channels_of_the_run_before_stand_beneath_with_the_change(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    figures = "figure,row,column,count\nchannel,form,matched,12\nchannel,post,outside,2\n"
    make_earlier(stage, figures.encode(), "町丁,年齢,提供,除外\n".encode())
    table = glance.tabulate_channels(glance.take_glance(stage, review))
    assert table.columns.tolist() == HEADS
    rows = table.values.tolist()
    assert len(rows) == 15
    assert rows[:3] == [
        ["電子申請", 1, 1, 0, 0, 1, 1, 4], ["　前回", 12, 0, 0, 0, 0, 0, 12],
        ["　前回からの増減", "-11", "+1", "+0", "+0", "+1", "+1", "-8"],
    ]  # fmt: skip
    assert rows[-3:] == [
        ["計", 1, 1, 0, 0, 1, 1, 4], ["　前回", 12, 0, 2, 0, 0, 0, 14],
        ["　前回からの増減", "-11", "+1", "-2", "+0", "+1", "+1", "-10"],
    ]  # fmt: skip


def test_without_figures_of_the_run_before_only_those_of_today_stand_there(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    make_earlier(stage, b"figure,row,column,count\n", "町丁,年齢,提供,除外\n".encode())
    seen = glance.take_glance(stage, review)
    assert seen.latest is not None
    assert len(glance.tabulate_channels(seen)) == 5
    assert glance.tabulate_months(seen).columns.tolist() == ["生まれ月", "18歳", "22歳"]
    assert glance.tabulate_places(seen).columns.tolist() == ["町丁", "18歳", "22歳"]


def test_the_report_and_the_tables_hold_nothing_of_a_person(tmp_path: Path) -> None:
    stage, review = begin(tmp_path)
    seen = glance.take_glance(stage, review)
    reports = glance.render_reports(stage, seen)
    assert sorted(reports) == [
        "count_report.csv", "count_report.pdf", "review_counts.csv",
    ]  # fmt: skip
    assert reports["count_report.pdf"].startswith(b"%PDF")
    assert reports == glance.render_reports(stage, seen)
    text = reports["count_report.csv"].decode("utf-8-sig")
    assert text.count("見本（架空の区）") == 4
    text += reports["review_counts.csv"].decode()
    shown = text + str([table.values.tolist() for table in (
        glance.tabulate_runs(stage, seen), glance.tabulate_warnings(seen), glance.tabulate_channels(seen),
        glance.tabulate_months(seen), glance.tabulate_places(seen),
    )])  # fmt: skip
    for column in ("full_name", "addressee_id", "address", "birth_date"):
        assert not [value for value in review.cohort[column] if value in shown]


def test_what_earlier_years_have_carried_here_stands_apart_from_the_channels(
    tmp_path: Path,
) -> None:
    stage, review = begin(tmp_path)
    sources = ["form", "standing", "standing", "form"]
    carried = review._replace(applications=review.applications.assign(source=sources))
    table = glance.tabulate_channels(glance.take_glance(stage, carried))
    assert table["受付"].tolist() == [
        "電子申請",
        "窓口",
        "郵送",
        "その他",
        "前年度までの申出",
        "計",
    ]
    assert table["計"].tolist() == [2, 0, 0, 0, 2, 4]
    # Next year, without any, this year's stand beneath a line of none.
    kept = glance.render_reports(stage, glance.take_glance(stage, carried))
    make_earlier(stage, kept["review_counts.csv"], kept["count_report.csv"])
    table = glance.tabulate_channels(glance.take_glance(stage, review))
    place = table["受付"].tolist().index("前年度までの申出")
    assert table["計"].tolist()[place : place + 3] == [0, 2, "-2"]


def test_a_top_up_is_not_warned_of_the_towns_that_the_first_run_has_supplied(
    tmp_path: Path,
) -> None:
    stage, review = begin(tmp_path)
    report = "町丁,年齢,提供,除外\r\n片町,18,30,10未満\r\n舟町,18,12,10未満\r\n".encode("utf-8-sig")
    make_earlier(stage, b"figure,row,column,count\n", report)
    codes = [tick.code for tick in glance.take_glance(stage, review).warnings]
    assert "warning_towns_vanished" in codes
    top_up = replace(stage, parameters={**stage.parameters, "top_up_of": ["r7"]})
    seen = glance.take_glance(top_up, review)
    assert "warning_towns_vanished" not in [tick.code for tick in seen.warnings]
    assert seen.latest is not None and seen.given_before == {}
