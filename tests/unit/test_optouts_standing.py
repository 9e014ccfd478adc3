"""Opt-outs of earlier years: carried from the register, matched anew, ended by two people only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import IntegrityError
from recruitlib.base.office import open_office, read_header, write_header
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.traces import read_traces
from recruitlib.labels.print_day import select_fresh
from recruitlib.optouts.acts import tabulate_links
from recruitlib.optouts.exclusion import (
    Matched,
    apply_optouts,
    count_outcomes,
    finish_exclusion,
    settle_rows,
    tabulate_channels,
    tabulate_totals,
    take_applications,
)
from recruitlib.optouts.register import (
    CONTENT,
    join_day,
    join_register,
    make_register,
    note_ended,
    read_register,
)
from recruitlib.optouts.standing import mark_standing, tabulate_standing
from tests.unit.stages import store
from tests.unit.test_optouts_exclusion import MakeStage, make_stage, ward

__all__ = ["make_stage", "ward"]
STANDING = {"optout_validity": "standing"}


def find_people(stage: Stage, ward: Path, age: str) -> list[dict[str, Any]]:
    """Find people of a cohort who would be supplied, as the registry has them."""
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    cohort = read_private_table(stage, "cohort").set_index("addressee_id", drop=False)
    return [
        {str(name): value for name, value in cohort.loc[person].items()}
        for person in sorted(truth["recipients"][age])
    ]


def apply_for(person: dict[str, Any], **changes: str) -> dict[str, str]:
    """Fill in a form of an earlier year for somebody, as that person is registered today."""
    return {
        "application_id": "form:77", "receipt_no": "R4-077", "received_at": "2022-04-20",
        "received_time": "10:00:00", "channel": "form", "subject_name": person["full_name"],
        "subject_kana": "", "subject_birth_text": person["birth_date"],
        "subject_address": person["address"], "subject_building": "", "phone": "",
        "applicant_relation": "self", "identity_check": "card", "wish": "optout",
        "status": "accepted", **changes,
    }  # fmt: skip


def remember(stage: Stage, year: int, *rows: dict[str, str]) -> None:
    """Have a run of an earlier year join its applications into the office's register."""
    earlier = {**stage.parameters, "run_id": f"run_{year}", "fiscal_year": year}
    folder = stage.folder.with_name(earlier["run_id"])
    folder.mkdir(exist_ok=True)
    join_day(replace(stage, folder=folder, parameters=earlier), pd.DataFrame(rows))


def read(stage: Stage, year: int) -> pd.DataFrame:
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    return read_register(office, year)


def match(stage: Stage) -> Matched:
    return apply_optouts(stage, take_applications(stage).applications)


def find_end(matched: Matched, number: str) -> tuple[str, str, str]:
    """Give outcome, subject and reason of one application."""
    [row] = matched.matches[matched.matches["application_id"] == number].to_dict("records")
    return row["outcome"], row["addressee_id"], row["reason"]


def test_who_applied_at_18_counts_at_22(make_stage: MakeStage, ward: Path) -> None:
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    remember(stage, 2022, apply_for(person))
    before = match(
        replace(stage, parameters={**stage.parameters, "optout_validity": "fiscal_year"})
    )
    assert person["addressee_id"] not in set(before.matches["addressee_id"])
    matched = match(stage)
    assert find_end(matched, "standing:2022-0001") == ("matched", person["addressee_id"], "")
    # The others end as without it, and every application ends once.
    own = matched.matches[matched.matches["application_id"] != "standing:2022-0001"]
    pd.testing.assert_frame_equal(own.reset_index(drop=True), before.matches)
    counts = {count.step: count.count for count in count_outcomes(matched)}
    assert counts.pop("applications") == 31 == sum(counts.values())


def test_a_carried_application_is_no_part_of_the_channels_and_of_this_years_register(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    first, second = find_people(stage, ward, "22")[:2]
    remember(stage, 2022, apply_for(first))
    remember(stage, 2023, apply_for(second, application_id="counter:9", channel="counter"))
    received = take_applications(stage)
    assert tabulate_totals(stage, received)["読んだ件数"].tolist() == [22, 8]
    channels = tabulate_channels(received.applications, "2026-05-15")
    assert channels[["受付", "件数"]].to_numpy().tolist() == [
        ["電子申請", 22], ["窓口・郵送", 8], ["前年度までの申出", 2],
    ]  # fmt: skip
    settle_rows(stage, received)
    assert len(read(stage, 2026)) == 30
    assert read(stage, 2026)["application_id"].str.startswith("standing").sum() == 0
    # Run again, it carries the same, once.
    again = take_applications(stage).applications
    pd.testing.assert_frame_equal(again, received.applications)
    shown = tabulate_standing(stage, received)
    assert shown[["年度", "申出", "引き継ぐもの"]].to_numpy().tolist() == [
        ["2022年度", 1, 1], ["2023年度", 1, 1],
    ]  # fmt: skip


def test_without_the_policy_nothing_is_carried(make_stage: MakeStage, ward: Path) -> None:
    stage = make_stage(loaded=True)
    remember(stage, 2022, apply_for(find_people(stage, ward, "22")[0]))
    received = take_applications(stage)
    assert len(received.applications) == 30
    assert tabulate_standing(stage, received)["引き継ぐもの"].tolist() == [0]
    assert tabulate_channels(received.applications, "2026-05-15")["件数"].tolist() == [22, 8]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        # Moved within the ward since: name and birth date, another lot.
        ({"subject_address": "東京都新宿区西新宿２丁目８番１号"}, "to_confirm"),
        # A new family name since: birth date and lot.
        ({"subject_name": "架空野宮　花子"}, ""),
        ({"subject_birth_text": "平成30年1月1日", "subject_address": "東京都新宿区片町99番"}, ""),
    ],
    ids=["moved", "renamed", "somebody else"],
)
def test_nobody_is_trusted_by_an_earlier_years_finding(
    make_stage: MakeStage, ward: Path, changes: dict[str, str], found: str
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    remember(stage, 2022, apply_for(person, **changes))
    matched = match(stage)
    outcome, addressee_id, _ = find_end(matched, "standing:2022-0001")
    assert outcome in ("to_confirm", "undecided")
    if found:
        assert (outcome, addressee_id) == (found, person["addressee_id"])


def test_the_birth_date_is_read_again_from_what_was_written(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    born = date.fromisoformat(person["birth_date"])
    written = f"平成{born.year - 1988}年{born.month}月{born.day}日"
    remember(stage, 2022, apply_for(person, subject_birth_text=written, subject_birth_date="x"))
    received = take_applications(stage).applications.set_index("application_id")
    row = received.loc["standing:2022-0001"]
    assert row["subject_birth_text"] == written
    assert row["subject_birth_date"] == person["birth_date"]
    assert (row["source"], row["channel"], row["card_name"]) == ("standing", "form", "")


def test_who_applies_two_years_in_a_row_is_one_subject(make_stage: MakeStage, ward: Path) -> None:
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    remember(stage, 2022, apply_for(person))
    remember(stage, 2023, apply_for(person, application_id="form:9", received_at="2023-04-20"))
    matched = match(stage)
    for number in ("standing:2022-0001", "standing:2023-0001"):
        assert find_end(matched, number)[:2] == ("matched", person["addressee_id"])
    links = matched.applications.set_index("application_id")["linked_to"]
    assert links["standing:2023-0001"] == "standing:2022-0001"
    assert tabulate_links(matched.applications)["件数"].iloc[0] == 32


def test_one_application_in_the_exports_of_two_years_counts_once(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    row = apply_for(find_people(stage, ward, "22")[0])
    remember(stage, 2022, row)
    remember(stage, 2023, row)
    # And one that stands in this year's list, word for word.
    today = take_applications(replace(stage, parameters={
        **stage.parameters, "optout_validity": "fiscal_year",
    })).applications.iloc[0]  # fmt: skip
    remember(stage, 2024, {str(name): today[name] for name in row})
    received = take_applications(stage)
    assert received.applications["source"].eq("standing").sum() == 1
    shown = tabulate_standing(stage, received)
    assert shown["引き継ぐもの"].tolist() == [1, 0, 0]
    assert shown["今年度の一覧にもあるもの"].tolist() == [0, 0, 1]


def test_only_the_latest_line_of_an_application_is_carried(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    remember(stage, 2022, apply_for(person, subject_address="東京都新宿区片町1番"))
    remember(stage, 2022, apply_for(person))
    received = take_applications(stage).applications
    carried = received[received["source"] == "standing"]
    assert carried["application_id"].tolist() == ["standing:2022-0002"]
    assert carried["subject_address"].tolist() == [person["address"]]


def test_a_status_that_was_changed_and_changed_back_frees_nobody(
    make_stage: MakeStage, ward: Path
) -> None:
    """A64 over the years: the register knows both states, and not which of them came last."""
    stage = make_stage(loaded=True, **STANDING)
    person = find_people(stage, ward, "22")[0]
    for status in ("accepted", "withdrawn", "accepted"):
        remember(stage, 2022, apply_for(person, status=status))
    matched = match(stage)
    for number, reason in (
        ("standing:2022-0001", "order_unknown"),
        ("standing:2022-0002", "withdrawal"),
    ):
        # Excluded until two people have ended both.
        assert find_end(matched, number) == ("withdrawn", person["addressee_id"], reason)


def settle(stage: Stage, matched: Matched, ends: dict[str, str], open_ones: set[str]) -> Stage:
    """Keep what two people have decided, as 03 does, and begin 05."""
    settled = matched.matches.copy()
    for number, outcome in ends.items():
        settled.loc[settled["application_id"] == number, "outcome"] = outcome
    cases = pd.DataFrame(
        [(number, "まだ" if number in open_ones else "") for number in (*ends, *open_ones)],
        columns=["application_id", "problem"],
    )
    store(stage, applications=matched.applications, settled=settled, cases=cases)
    return replace(stage, number="05")


def withdraw(stage: Stage, ward: Path) -> tuple[Stage, Matched, str]:
    """Have somebody who applied in 2022 withdraw it this year, at the counter."""
    person = find_people(stage, ward, "22")[0]
    remember(stage, 2022, apply_for(person), apply_for(
        find_people(stage, ward, "22")[1], application_id="form:78", receipt_no="R4-078",
    ))  # fmt: skip
    received = take_applications(stage)
    row = apply_for(
        person, application_id="form:9001", received_at="2026-05-10", status="withdrawn",
        channel="form",
    )  # fmt: skip
    more = pd.DataFrame([{**dict.fromkeys(received.applications.columns, ""), **row}]).assign(
        source="form", source_row=99, subject_birth_date=person["birth_date"]
    )
    applications = pd.concat([received.applications, more], ignore_index=True)
    join_day(stage, applications)
    return stage, apply_optouts(stage, applications), person["addressee_id"]


def test_a_withdrawal_of_this_year_ends_an_earlier_one_only_when_two_people_say_so(
    make_stage: MakeStage, ward: Path
) -> None:
    stage, matched, person = withdraw(make_stage(loaded=True, **STANDING), ward)
    carried = "standing:2022-0001"
    assert find_end(matched, carried) == ("withdrawn", person, "withdrawn_later")
    assert find_end(matched, "form:9001") == ("withdrawn", person, "withdrawal")
    ends = {carried: "withdrawn", "form:9001": "withdrawn"}
    # Nobody has confirmed it: it stays in force.
    late = settle(stage, matched, {}, {carried, "form:9001"})
    assert note_ended(late) == 0
    assert read(stage, 2022)["ended_by"].tolist() == ["", ""]
    # Two people have.
    late = settle(replace(stage, number="02"), matched, ends, set())
    assert note_ended(late) == note_ended(late) == 2
    assert read(stage, 2022)["ended_by"].tolist() == ["test_ward", ""]
    register = read(stage, 2026).set_index("application_id")["ended_by"]
    assert register[register != ""].to_dict() == {"form:9001": "test_ward"}
    # This run may ask again until its labels have left; next year nobody does.
    assert take_applications(stage).applications["source"].eq("standing").sum() == 2
    later = {**stage.parameters, "run_id": "r9_1"}
    received = take_applications(replace(stage, parameters=later))
    numbers = received.applications["application_id"]
    assert numbers[numbers.str.startswith("standing")].tolist() == ["standing:2022-0002"]
    told = tabulate_standing(replace(stage, parameters=later), received)
    assert told[["申出", "うち効力をなくしたもの", "引き継ぐもの"]].to_numpy().tolist() == [
        [2, 1, 1]
    ]


def test_what_two_people_leave_in_force_later_is_in_force_again(
    make_stage: MakeStage, ward: Path
) -> None:
    stage, matched, _ = withdraw(make_stage(loaded=True, **STANDING), ward)
    ends = {"standing:2022-0001": "withdrawn", "form:9001": "withdrawn"}
    note_ended(settle(stage, matched, ends, set()))
    back = dict.fromkeys(ends, "matched")
    assert note_ended(settle(replace(stage, number="02"), matched, back, set())) == 0
    assert read(stage, 2022)["ended_by"].tolist() == ["", ""]
    assert set(read(stage, 2026)["ended_by"]) == {""}


def test_a_test_entry_is_not_carried_when_two_people_have_said_so(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    remember(stage, 2022, apply_for(find_people(stage, ward, "22")[0], subject_name="テスト"))
    matched = match(stage)
    number = "standing:2022-0001"
    decided = settle(stage, matched, {number: "outside"}, set())
    settled = read_private_table(decided, "settled")
    for reason, count in (("no_such_person", 0), ("test_row", 1)):
        settled.loc[settled["application_id"] == number, "reason"] = reason
        store(decided, settled=settled)
        assert note_ended(decided) == count


def test_on_the_later_days_the_carried_ones_are_there_and_none_is_new(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    first, second = find_people(stage, ward, "22")[:2]
    remember(stage, 2022, apply_for(first))
    received = take_applications(stage)
    settle_rows(stage, received)
    finish_exclusion(stage, apply_optouts(stage, received.applications))
    day = replace(stage, number="04", today=date(2026, 5, 20))
    printing = take_applications(day, "print_").applications
    assert printing["source"].eq("standing").sum() == 1
    fresh = select_fresh(day, printing)
    assert fresh["source"].tolist() == ["form"]
    handing_over = replace(stage, number="05", today=date(2026, 5, 25))
    handed = take_applications(handing_over, "handover_").applications
    assert handed["source"].eq("standing").sum() == 1
    assert "standing" not in set(select_fresh(handing_over, handed)["source"])
    # One that an earlier year's register has got since is new.
    remember(stage, 2023, apply_for(second, application_id="form:9"))
    fresh = select_fresh(day, take_applications(day, "print_").applications)
    assert fresh["source"].tolist() == ["form", "standing"]


def test_an_earlier_year_that_is_gone_stops_unless_its_time_is_over(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    remember(stage, 2022, apply_for(find_people(stage, ward, "22")[0]))
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    (office.folder / "r2022.age").unlink()
    with pytest.raises(IntegrityError, match="バックアップから"):
        take_applications(stage)
    over = {
        year: own._replace(retain_until="2026-03-31") if year == 2022 else own
        for year, own in read_header(office).items()
    }
    write_header(office, over)
    received = take_applications(stage)
    assert len(received.applications) == 30
    [told] = tabulate_standing(stage, received).to_dict("records")
    assert told["引き継ぐもの"] == 0 and "廃棄した年度" in told["備考"]


def test_nothing_of_a_carried_subject_may_stand_in_the_record(
    make_stage: MakeStage, ward: Path
) -> None:
    stage = make_stage(loaded=True, **STANDING)
    row = apply_for(find_people(stage, ward, "22")[0], subject_name="架空野宮　花子之助")
    remember(stage, 2022, row)
    take_applications(stage)
    traces = read_traces(stage.folder, stage.key)
    assert any("架空野宮" in name for name in traces.names)


STATUSES = st.sampled_from(["accepted", "received", "withdrawn", "returned"])
EXPORTS = st.lists(
    st.dictionaries(st.sampled_from(["form:1", "form:2", "counter:3"]), STATUSES),
    min_size=1, max_size=6,
)  # fmt: skip


@given(EXPORTS, st.sets(st.integers(1, 12), max_size=3))
def test_whatever_an_application_said_last_only_two_people_end_it(
    exports: list[dict[str, str]], ended: set[int]
) -> None:
    register = make_register()
    for export in exports:
        rows = [
            {**dict.fromkeys(CONTENT, ""), "application_id": name, "status": status}
            for name, status in export.items()
        ]
        frame = pd.DataFrame(rows, columns=list(CONTENT), dtype="str")
        register = join_register(register, frame, "r4", 2022, b"key").register
    is_ended = register["number"].isin(ended)
    carried = register[mark_standing(register, is_ended) & ~is_ended]
    for name, own in register.groupby("application_id"):
        left = carried[carried["application_id"] == name]
        if not own["number"].isin(ended).any():
            # Nobody has ended anything of it: it is there, and in force wherever it ever was so.
            assert len(left)
            in_force = ["accepted", "received"]
            assert left["status"].isin(in_force).any() == own["status"].isin(in_force).any()
        latest = own[~own["number"].astype("str").isin(own["replaces"])]
        if latest["number"].isin(ended).all():
            assert left.empty
