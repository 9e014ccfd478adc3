"""Receipts: every application that was received is there, by four witnesses."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.tables import ReadTable
from recruitlib.optouts.applications import Received
from recruitlib.optouts.receipts import (
    check_exports,
    check_readable,
    check_series,
    check_totals,
    check_year,
    find_series,
    tabulate_series,
)


def list_received(*days: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(days, columns=["source", "received_at"], dtype="str")


def make_received(
    counter: list[str], form: list[tuple[str, str]] | None = None, unreadable: int = 0
) -> Received:
    rows = [("counter", f"counter:{number}", "") for number in counter]
    rows += [("form", f"form:{number}", receipt) for number, receipt in form or []]
    table = pd.DataFrame(rows, columns=["source", "application_id", "receipt_no"], dtype="str")
    quarantine = pd.DataFrame(
        [("counter", row, "受付日が読めません", "0" * 64) for row in range(2, 2 + unreadable)],
        columns=["source", "source_row", "reason", "content"],
    )
    empty = ReadTable(table, table, 0, "", "", [], [], [])
    return Received(table, quarantine, {"form": empty, "counter": empty})


def number_papers(*numbers: int) -> list[str]:
    return [f"R8-{number:03d}" for number in numbers]


BOTH = list_received(("form", "2026-04-03"), ("form", "2026-04-05"), ("counter", "2026-04-07"))
FOUND = {"form": 2, "counter": 1}


def test_totals_that_agree_are_right() -> None:
    assert check_totals(FOUND, {"form": 2, "counter": 1}, "") == []


@pytest.mark.parametrize(
    ("totals", "channel"),
    [
        # A18 いわき市: one was lost between branch and office
        ({"form": 3, "counter": 1}, "電子申請"),
        # A17 八女市: posted applications vanished
        ({"form": 2, "counter": 3}, "窓口・郵送"),
        ({"form": 1, "counter": 1}, "電子申請"),
        ({"form": 2, "counter": 0}, "窓口・郵送"),
    ],
)
def test_a_total_that_differs_from_the_rows_read_names_the_channel(
    totals: dict[str, int], channel: str
) -> None:
    problems = check_totals(FOUND, totals, "")
    assert len(problems) == 1 and problems[0].startswith(channel)


def test_totals_that_differ_in_opposite_ways_do_not_make_each_other_good() -> None:
    assert len(check_totals(FOUND, {"form": 1, "counter": 2}, "")) == 2


def test_no_application_at_all_must_be_confirmed_by_somebody() -> None:
    nobody = {"form": 0, "counter": 0}
    assert check_totals(nobody, nobody, "")
    assert check_totals(nobody, nobody, "担当者A") == []
    assert check_totals(nobody, {"form": 1, "counter": 0}, "担当者A")


def test_last_years_export_is_noticed_by_the_days_of_its_receipt() -> None:
    """A53. A fiscal year's reception opens at the earliest some months before April."""
    assert check_year(BOTH, 2026) == []
    last_year = list_received(("form", "2025-04-03"), ("counter", "2026-04-07"))
    problems = check_year(last_year, 2026)
    assert len(problems) == 1 and "1 件" in problems[0]
    assert check_year(list_received(("form", "2026-01-15")), 2026) == []


AFTER = {"form": "2026-05-18", "counter": "2026-05-18"}


def test_exports_of_the_day_after_the_deadline_are_complete() -> None:
    days = {"form": "2026-05-16", "counter": "2026-05-16"}
    assert check_exports(BOTH, days, "2026-05-15") == []
    assert check_exports(BOTH, AFTER, "2026-05-15", date(2026, 5, 18)) == []


@pytest.mark.parametrize("source", ["form", "counter"])
@pytest.mark.parametrize("day", ["2026-05-15", "2026-05-14", "2026-04-10"])
def test_an_export_before_the_end_of_the_deadline_is_not_complete(source: str, day: str) -> None:
    """A62: exported before the deadline and never again."""
    problems = check_exports(BOTH, {**AFTER, source: day}, "2026-05-15")
    assert len(problems) == 1 and "締切の後" in problems[0]


@pytest.mark.parametrize("source", ["form", "counter"])
def test_each_channel_must_be_exported_again_on_print_day(source: str) -> None:
    days = {"form": "2026-05-20", "counter": "2026-05-20"}
    today = date(2026, 5, 20)
    assert check_exports(BOTH, days, "2026-05-15", today) == []
    problems = check_exports(BOTH, {**days, source: "2026-05-18"}, "2026-05-15", today)
    assert len(problems) == 1 and "本日の出力ではありません" in problems[0]


def test_an_application_received_after_its_export_shows_a_wrong_day() -> None:
    later = list_received(("form", "2026-05-19"), ("counter", "2026-04-07"))
    problems = check_exports(later, AFTER, "2026-05-15")
    assert len(problems) == 1 and "出力日より後" in problems[0]


@pytest.mark.parametrize(
    "numbers",
    [
        number_papers(1, 2, 3, 4), number_papers(4, 2, 1, 3), number_papers(101, 102, 103), ["1", "2", "3"],
        ["Ｒ８－００１", "R8-002", "R8-003"], ["10", "20", "30", "40"], ["窓-1", "郵-1", "窓-2"],
        ["20260407-01", "20260407-02", "20260408-01"], ["2026040701", "2026040702", "2026040801"],
        number_papers(1), [],
    ], ids=str,
)  # fmt: skip
def test_papers_numbered_one_after_the_other_are_complete(numbers: list[str]) -> None:
    assert check_series(make_received(numbers)) == []


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        # A17 八女市: two receipt numbers of the series are missing
        (number_papers(1, 2, 3, 6, 7), "2 件欠けています（R8-… 3番の次が6番）"),
        (number_papers(1, 3, 5), "2 件欠けています（R8-… 1番の次が3番、3番の次が5番）"),
        (number_papers(1, 3), "1 件欠けています"),
        (number_papers(3, 4, 5), "R8-… 3番から始まっています"),
        (["1", "2", "4"], "1 件欠けています（2番の次が4番）"),
        (["1", "3", "5", "7"], "3 件欠けています"),
        (["窓-1", "郵-1", "窓-3"], "1 件欠けています（1番の次が3番）"),
        (number_papers(1, 900), "898 件欠けています"),
    ], ids=str,
)  # fmt: skip
def test_a_paper_missing_in_the_offices_series_is_a_problem(
    numbers: list[str], missing: str
) -> None:
    problems = check_series(make_received(numbers))
    assert len(problems) == 1 and missing in problems[0]
    assert problems[0].startswith("窓口・郵送の申出の番号が")


def test_no_whole_number_of_an_application_is_shown() -> None:
    problems = check_series(make_received(["R8-200001", "R8-200004"]))
    assert "200001" not in problems[0] and "…0001番の次が…0004番" in problems[0]


@pytest.mark.parametrize(
    ("prefix", "shown"),
    [
        ("山田太郎", ""), ("山田", ""), ("ヤマダ-", ""), ("R8-山田", ""), ("令和", ""), ("令和8山田", ""),
        ("", ""), ("R8-", "R8-… "), ("ABC", "ABC… "), ("令和8-", "令和8-… "), ("令和8年度-", "令和8年… "),
    ],
)  # fmt: skip
def test_what_stands_before_a_number_is_shown_only_where_it_can_be_no_name(
    prefix: str, shown: str
) -> None:
    numbers = [f"{prefix}{number}" for number in (1, 2, 4)]
    received = make_received(numbers)
    told = [*check_series(received), *tabulate_series(received)["位置"]]
    assert len(told) == 2 and all(f"{shown}2番の次が4番" in text for text in told)
    assert all(name not in text for text in told for name in ("山田", "ヤマダ", "太郎"))
    begins = check_series(make_received([f"{prefix}{number}" for number in (3, 4)]))
    assert f"が {shown}3番から" in begins[0] and "山" not in begins[0]


def test_rows_that_nobody_could_read_may_be_the_missing_ones_and_no_more() -> None:
    papers = number_papers(1, 2, 5, 6)
    assert check_series(make_received(papers, unreadable=2)) == []
    assert check_series(make_received(papers, unreadable=1))
    assert check_series(make_received(number_papers(3, 4), unreadable=2)) == []


def form_rows(receipts: list[str]) -> list[tuple[str, str]]:
    return [(str(48210007 + 17 * place**2), receipt) for place, receipt in enumerate(receipts)]


def test_two_receipts_missing_in_a_forms_own_series_are_a_problem() -> None:
    """A17, on the form."""
    whole = [f"受{number:04d}" for number in range(1, 23)]
    assert check_series(make_received([], form_rows(whole))) == []
    problems = check_series(make_received([], form_rows([*whole[:8], *whole[10:]])))
    assert len(problems) == 1
    assert problems[0].startswith("電子申請の受付番号が 2 件欠けています（8番の次が11番）")


@pytest.mark.parametrize(
    "receipts", [["受0003", "受0041", "受0042", "受0107"], ["4801", "4802", "4890"], [""] * 4, ["a", "b"]],
    ids=str,
)  # fmt: skip
def test_receipt_numbers_shared_with_other_forms_are_no_witness(receipts: list[str]) -> None:
    assert check_series(make_received([], form_rows(receipts))) == []


def test_ids_of_a_form_are_reported_and_stop_nothing() -> None:
    ids = [(str(48210007 + 13 * place), "") for place in range(10) if place != 4]
    received = make_received(number_papers(1, 2, 3), ids)
    assert check_series(received) == []
    table = tabulate_series(received)
    assert table[["受付", "番号", "件数", "欠けた番号"]].to_numpy().tolist() == [
        ["電子申請", "申出の番号", 9, 1], ["窓口・郵送", "申出の番号", 3, 0],
    ]  # fmt: skip
    irregular = tabulate_series(make_received([], form_rows(["", "", "", ""])))
    assert irregular["位置"].tolist() == ["連番でない"]


STEADY = settings(deadline=None, derandomize=True, max_examples=200)


@STEADY
@given(
    st.sets(st.integers(1, 300), min_size=2, max_size=60), st.integers(1, 5),
    st.sampled_from(["R8-", "", "受", "新地コ第"]), st.randoms(use_true_random=False),
)  # fmt: skip
def test_missing_and_present_numbers_are_all_that_lie_between(
    numbers: set[int], width: int, prefix: str, rng: object
) -> None:
    written = [f"{prefix}{number:0{width}d}" for number in sorted(numbers)]
    getattr(rng, "shuffle")(written)  # noqa: B009
    [series] = find_series(written, own=True)
    if series.step == 1:
        assert series.size + series.missing == max(numbers) - min(numbers) + 1
    else:
        assert all(number % 10 == min(numbers) % 10 for number in numbers)


def test_rows_that_nobody_decided_about_stop_a_later_day_by_their_numbers() -> None:
    assert check_readable(make_received(number_papers(1))) == []
    problems = check_readable(make_received(number_papers(1), unreadable=3))
    assert (
        len(problems) == 1
        and "窓口・郵送: 読めない行が 3 件あります（2、3、4 行目）" in problems[0]
    )
