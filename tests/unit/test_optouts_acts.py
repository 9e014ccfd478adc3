"""Acts in the order of time: nobody who applied is freed by a status, an order or a repetition."""

from __future__ import annotations

from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.optouts.acts import (
    OUT_OF_FORCE,
    STATUS_LABELS,
    link_applications,
    name_acts,
    order_acts,
    tabulate_links,
    tabulate_statuses,
)

EXCLUDING = {"matched", "to_confirm", "withdrawn"}  # each excludes until two people decide
PERSON = "0000018"


def make_acts(*acts: tuple[str, str, str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make applications and their matches of (day, time, status, person)."""
    applications = pd.DataFrame(
        [
            {"application_id": f"form:{number}", "received_at": day, "received_time": time,
             "status": status, "wish": "optout", "source": "form", "subject_name": "架空　花子",
             "subject_birth_date": "2008-06-03"}
            for number, (day, time, status, _) in enumerate(acts)
        ], columns=["application_id", "received_at", "received_time", "status", "wish", "source",
                    "subject_name", "subject_birth_date"],
    )  # fmt: skip
    outcomes = [
        ("undecided", "", "no_full_agreement") if not person
        else ("withdrawn", person, OUT_OF_FORCE[status]) if status in OUT_OF_FORCE
        else ("matched", person, "")
        for _, _, status, person in acts
    ]  # fmt: skip
    matches = pd.DataFrame(outcomes, columns=["outcome", "addressee_id", "reason"], dtype="str")
    matches.insert(0, "application_id", applications["application_id"])
    return matches, applications


def order(*acts: tuple[str, str, str, str]) -> list[tuple[str, str]]:
    ordered = order_acts(*make_acts(*acts))
    return list(zip(ordered["outcome"], ordered["reason"], strict=True))


APPLIED = ("2026-04-03", "10:15:22", "accepted", PERSON)
WITHDRAWN = ("2026-04-20", "09:00:00", "withdrawn", PERSON)
AGAIN = ("2026-05-02", "18:30:00", "received", PERSON)
WITHDRAWAL = ("withdrawn", "withdrawal")


def test_an_application_without_a_withdrawal_stays_as_it_is() -> None:
    assert order(APPLIED, AGAIN) == [("matched", ""), ("matched", "")]


def test_a_withdrawal_after_an_application_puts_both_before_two_people() -> None:
    assert order(APPLIED, WITHDRAWN) == [("withdrawn", "withdrawn_later"), WITHDRAWAL]


def test_an_application_after_a_withdrawal_is_in_force() -> None:
    assert order(WITHDRAWN, AGAIN) == [WITHDRAWAL, ("matched", "")]
    assert order(APPLIED, WITHDRAWN, AGAIN) == [("matched", ""), WITHDRAWAL, ("matched", "")]


@pytest.mark.parametrize(
    "times", [("", "09:00:00"), ("09:00:00", ""), ("", ""), ("09:00:00", "09:00:00")], ids=str
)
def test_two_acts_of_one_day_whose_order_nobody_knows_go_before_two_people(
    times: tuple[str, str],
) -> None:
    acts = order(
        ("2026-04-20", times[0], "accepted", PERSON), ("2026-04-20", times[1], "withdrawn", PERSON)
    )
    assert acts == [("withdrawn", "order_unknown"), WITHDRAWAL]


def test_two_acts_of_one_day_are_ordered_by_their_times() -> None:
    early, late = ("2026-04-20", "09:00:00"), ("2026-04-20", "09:00:01")
    assert order((*early, "withdrawn", PERSON), (*late, "accepted", PERSON))[1] == ("matched", "")
    assert order((*early, "accepted", PERSON), (*late, "withdrawn", PERSON))[0] == (
        "withdrawn", "withdrawn_later",
    )  # fmt: skip


def test_a_withdrawal_touches_nobody_else_and_nothing_undecided() -> None:
    acts = order(
        ("2026-04-03", "", "accepted", "0000019"), WITHDRAWN, ("2026-04-03", "", "accepted", "")
    )
    assert acts == [("matched", ""), WITHDRAWAL, ("undecided", "no_full_agreement")]


@pytest.mark.parametrize("status", ["returned", "rejected", "test"])
def test_a_row_returned_or_refused_says_nothing_of_another_application(status: str) -> None:
    """A64: a clerk's status on one row must not put the subject back."""
    later = ("2026-05-01", "", status, PERSON)
    assert order(APPLIED, later) == [("matched", ""), ("withdrawn", OUT_OF_FORCE[status])]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["2026-04-03", "2026-04-04"]),
        st.sampled_from(["", "08:00:00", "12:00:00"]),
        st.sampled_from([status for status in STATUS_LABELS if status != "unknown"]),
        st.sampled_from(["", PERSON, "0000019"]),
    ),
    max_size=8,
)  # fmt: skip
STEADY = settings(deadline=None, derandomize=True, max_examples=200)


@STEADY
@given(ACTS, st.integers(0, 1_000_000))
def test_any_order_of_the_rows_gives_the_same_result(acts: list[Any], seed: int) -> None:
    matches, applications = make_acts(*acts)
    turned = Random(seed).sample(range(len(acts)), len(acts))
    again = order_acts(matches.iloc[turned], applications.iloc[turned]).sort_index()
    pd.testing.assert_frame_equal(order_acts(matches, applications), again)
    linked = link_applications(applications.iloc[turned], matches).sort_index()
    pd.testing.assert_frame_equal(link_applications(applications, matches), linked)


@STEADY
@given(ACTS)
def test_whoever_was_found_stays_excluded_whatever_the_order(acts: list[Any]) -> None:
    matches, applications = make_acts(*acts)
    ordered = order_acts(matches, applications)
    assert ordered["addressee_id"].tolist() == matches["addressee_id"].tolist()
    found = ordered["addressee_id"] != ""
    assert set(ordered.loc[found, "outcome"]) <= EXCLUDING
    # Who has an application in force that no withdrawal can have ended needs no decision.
    for person in set(ordered.loc[found, "addressee_id"]):
        own = [act for act in acts if act[3] == person]
        ends = [act[:2] for act in own if act[2] == "withdrawn"]
        begins = [act[:2] for act in own if act[2] in ("received", "accepted")]
        held = ordered[(ordered["addressee_id"] == person) & (ordered["outcome"] == "matched")]
        latest_day = max((day for day, _ in ends), default="")
        if any(day > latest_day for day, _ in begins):
            assert len(held) == len(begins)
        if begins and ends and all(day < latest_day for day, _ in begins):
            assert held.empty


def test_a_wish_to_withdraw_makes_a_withdrawal_and_no_status_is_lost() -> None:
    rows = pd.DataFrame(
        [
            ("accepted", "optout", "accepted"), ("received", "withdrawal", "withdrawn"),
            ("unknown", "withdrawal", "withdrawn"), ("accepted", "unknown", "unknown"),
            ("rejected", "withdrawal", "rejected"), ("test", "unknown", "test"),
        ], columns=["status", "wish", "act"],
    )  # fmt: skip
    assert name_acts(rows).tolist() == rows["act"].tolist()


def link(*rows: tuple[str, str, str, str, str]) -> list[str]:
    """Link applications of (id, day, name, birth date, person)."""
    applications = pd.DataFrame(
        [row[:4] for row in rows],
        columns=["application_id", "received_at", "subject_name", "subject_birth_date"],
    ).assign(received_time="")
    matches = applications[["application_id"]].assign(addressee_id=[row[4] for row in rows])
    return link_applications(applications, matches)["linked_to"].tolist()


BIRTH = "2008-06-03"


def test_applications_of_one_person_over_the_channels_are_linked_to_the_first() -> None:
    rows = (
        ("form:2", "2026-04-05", "架空花子", BIRTH, PERSON),
        ("counter:R8-001", "2026-04-07", "架空　花子", "", PERSON),
        ("form:1", "2026-04-03", "架空　花子", BIRTH, PERSON),
        ("form:3", "2026-04-03", "架空　月子", BIRTH, "0000019"),
    )
    assert link(*rows) == ["form:1", "form:1", "", ""]


def test_what_is_not_matched_is_linked_by_folded_name_and_birth_date() -> None:
    assert link(
        ("form:1", "2026-04-03", "髙橋　太郎", BIRTH, ""), ("form:2", "2026-04-04", "高橋太郎", BIRTH, ""),
        ("form:3", "2026-04-05", "高橋太郎", BIRTH, PERSON), ("form:4", "2026-04-06", "高橋太郎", "", ""),
        ("form:5", "2026-04-07", "", "", ""), ("form:6", "2026-04-08", "", "", ""),
    ) == ["", "form:1", "form:1", "", "", ""]  # fmt: skip


def test_two_residents_of_one_name_and_birth_date_are_not_linked() -> None:
    assert link(
        ("form:1", "2026-04-03", "架空　花子", BIRTH, PERSON),
        ("form:2", "2026-04-04", "架空　花子", BIRTH, "0000019"),
    ) == ["", ""]


def test_linked_applications_are_all_kept_and_counted() -> None:
    _, applications = make_acts(APPLIED, AGAIN, WITHDRAWN)
    sources = applications.assign(source=["form", "form", "counter"])
    linked = link_applications(sources)
    assert len(linked) == 3
    assert tabulate_links(linked)["件数"].tolist() == [3, 2, 1, 1]


def test_every_status_is_counted_once() -> None:
    acts = [("2026-04-03", "", status, PERSON) for status in STATUS_LABELS if status != "unknown"]
    _, applications = make_acts(*acts)
    table = tabulate_statuses(applications, [("form", "電子申請"), ("counter", "窓口・郵送")])
    assert table.to_numpy().tolist() == [
        ["電子申請", 6, 1, 1, 1, 1, 1, 1, 0], ["窓口・郵送", *[0] * 8],
    ]  # fmt: skip
