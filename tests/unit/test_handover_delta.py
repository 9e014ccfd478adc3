"""The delta: every label that must not be handed over is found, with one reason and no person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.handover.delta import (
    REASONS,
    VOID_COLUMNS,
    digest_delta,
    find_void,
    render_pull_list,
    tabulate_pull_list,
    tabulate_reasons,
)
from tests.papers import read_paper
from tests.unit.stages import make_residents

TODAY = date(2026, 5, 25)
PEOPLE = make_residents(*[{}] * 8)
PRINTED = PEOPLE.assign(serial=range(1, 9))
LABELS = pd.DataFrame(
    {
        "serial": range(1, 9),
        "bundle": "all",
        "sheet": [1] * 6 + [2] * 2,
        "position": [*range(1, 7), 1, 2],
        "addressee_id": PRINTED["addressee_id"],
        "state": "live",
    }
)


def read_today(**changes: Any) -> pd.DataFrame:
    """Give the records of handover day; ``p3={...}`` changes the third person."""
    records = PEOPLE.drop(columns="cohort").assign(is_latest=True, left_on="")
    for person, cells in changes.items():
        for name, value in cells.items():
            records.loc[int(person[1:]) - 1, name] = value
    return records


def find(
    records: pd.DataFrame,
    protected: Sequence[str] = (),
    opted_out: Sequence[str] = (),
    supplied: Sequence[str] = (),
) -> dict[int, str]:
    void = find_void(LABELS, PRINTED, records, protected, opted_out, supplied, TODAY)
    assert void.columns.tolist() == list(VOID_COLUMNS)
    return dict(zip(void["serial"], void["reason"], strict=True))


def test_nothing_is_void_where_nothing_changed() -> None:
    assert find(read_today()) == {}
    assert find(read_today().sample(frac=1, random_state=1)) == {}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"status": "dead"}, "died"),
        ({"status": "moved_out"}, "moved_out"),
        ({"status": "removed"}, "removed"),
        ({"status": "deleted"}, "removed"),
        ({"status": "outsider"}, "removed"),
        ({"planned_move_out": "2026-05-24"}, "moved_out"),
        ({"planned_move_out": "2026-05-25"}, "moved_out"),
        ({"planned_move_out": "2026-05-25", "status": "dead"}, "died"),
        ({"left_on": "2026-05-20"}, "removed"),
        ({"address": "東京都新宿区片町99番"}, "moved_within"),
        ({"building": "コーポ　１"}, "moved_within"),
        ({"postal_code": "１６０００９９"}, "moved_within"),
        ({"full_name": "新姓　三郎"}, "renamed"),
        ({"full_name": "試験　三郎3\U000e0100"}, "renamed"),
        ({"birth_date": "2009-05-04"}, "birth_changed"),
        ({"birth_date": "2009-05-04", "address": "x"}, "birth_changed"),
        ({"nationality": "foreign"}, "nationality_lost"),
        ({"status": "dead", "address": "x", "full_name": "y", "nationality": "foreign"}, "died"),
        ({"status": "moved_out", "address": "x", "left_on": "2026-05-20"}, "moved_out"),
    ],
)
def test_each_kind_of_change_voids_exactly_that_label(cells: dict[str, str], reason: str) -> None:
    # A21, 平川市: 20 dead and 33 moved between extraction and dispatch.
    assert find(read_today(p3=cells)) == {3: reason}


@pytest.mark.parametrize(
    "cells",
    [
        {"full_name_kana": "カナ"},
        {"household_id": "1"},
        {"source_row": 900},
        {"planned_move_out": "2026-05-26"},
    ],
)
def test_what_is_not_printed_voids_nothing(cells: dict[str, object]) -> None:
    assert find(read_today(p3=cells)) == {}


def test_who_is_not_in_the_extract_of_today_is_void() -> None:
    assert find(read_today().drop(index=2)) == {3: "not_found"}
    superseded = read_today(p3={"is_latest": False})
    assert find(superseded) == {3: "not_found"}


def test_only_the_latest_record_of_a_person_counts() -> None:
    old = read_today(p3={"status": "moved_out"}).iloc[[2]].assign(is_latest=False, source_row=99)
    assert find(pd.concat([old, read_today()], ignore_index=True)) == {}
    new = read_today(p3={"status": "dead"})
    old = read_today().iloc[[2]].assign(is_latest=False, source_row=99)
    assert find(pd.concat([new, old], ignore_index=True)) == {3: "died"}


def test_new_applications_and_new_protection_void_and_protection_is_named_first() -> None:
    second, fifth = PRINTED["addressee_id"][1], PRINTED["addressee_id"][4]
    records = read_today(p5={"status": "dead"})
    assert find(records, [fifth], [second, fifth]) == {2: "newly_opted_out", 5: "newly_protected"}
    assert find(read_today(), ["0000000099"], ["0000000098"]) == {}


def test_whom_another_run_has_handed_over_is_void_unless_more_is_known_of_him() -> None:
    second, fifth = PRINTED["addressee_id"][1], PRINTED["addressee_id"][4]
    records = read_today(p2={"status": "dead"})
    assert find(records, supplied=[second]) == {2: "already_supplied"}
    assert find(records, [], [fifth], [fifth]) == {2: "died", 5: "newly_opted_out"}


def test_a_label_is_compared_with_what_it_says_itself_and_not_with_an_older_one() -> None:
    # Moved, printed again as serial 9, and moved back: then the older label would be the right one.
    moved = read_today(p3={"address": "東京都新宿区片町99番"})
    labels = pd.concat([LABELS, LABELS.iloc[[2]].assign(serial=9, bundle="reprint-001")])
    again = PRINTED.iloc[[2]].assign(serial=9, address="東京都新宿区片町99番")
    printed = pd.concat([PRINTED, again], ignore_index=True)

    def list_void(records: pd.DataFrame) -> list[int]:
        return find_void(labels, printed, records, [], [], [], TODAY)["serial"].tolist()

    assert list_void(moved) == [3]
    assert list_void(read_today()) == [9]


def test_a_label_whose_person_is_not_in_the_printed_list_is_void() -> None:
    void = find_void(LABELS, PRINTED.iloc[:7], read_today(), [], [], [], TODAY)
    assert void["serial"].tolist() == [8]


@given(st.dictionaries(st.integers(1, 8), st.sampled_from(sorted(REASONS)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_the_void_labels_are_exactly_those_whose_people_changed(changed: dict[int, str]) -> None:
    cells = {
        "died": {"status": "dead"}, "moved_out": {"status": "moved_out"},
        "removed": {"status": "removed"}, "moved_within": {"address": "x"},
        "renamed": {"full_name": "x"}, "nationality_lost": {"nationality": "foreign"},
        "newly_protected": {}, "newly_opted_out": {}, "not_found": {}, "already_supplied": {},
        "birth_changed": {"birth_date": "2009-05-04"},
    }  # fmt: skip
    records = read_today(**{f"p{serial}": cells[reason] for serial, reason in changed.items()})
    ids = {
        reason: [
            PRINTED["addressee_id"][serial - 1] for serial, why in changed.items() if why == reason
        ]
        for reason in REASONS
    }
    records = records[~records["addressee_id"].isin(ids["not_found"])]
    barred = (ids[name] for name in ("newly_protected", "newly_opted_out", "already_supplied"))
    assert find(records, *barred) == changed


VOID = pd.DataFrame(
    [(7, "all", 2, 1, "0000000007", "newly_protected"), (3, "all", 1, 3, "0000000003", "died"),
     (2, "all", 1, 2, "0000000002", "newly_opted_out")],
    columns=list(VOID_COLUMNS),
)  # fmt: skip


def test_the_pull_list_tells_where_the_labels_are_and_not_why() -> None:
    table = tabulate_pull_list(VOID)
    assert table.columns.tolist() == ["束", "シート", "シートの中の位置", "通番"]
    assert table["通番"].tolist() == ["2", "3", "7"]
    # As it is typed: a table would write a number with a comma, and 3,598 be taken for two serials.
    assert tabulate_pull_list(VOID.assign(serial=3598))["通番"].tolist() == ["3598"] * 3
    shown = table.to_csv()
    assert not [word for word in (*REASONS, *REASONS.values(), "0000000007") if word in shown]


def test_protection_and_opt_out_are_one_row_of_the_reasons() -> None:
    table = tabulate_reasons(VOID)
    assert table.values.tolist() == [
        ["死亡", 1],
        ["新たな除外（申出・支援措置）", 2],
        ["取り消したシール 計", 3],
    ]
    assert tabulate_reasons(VOID.iloc[:0]).values.tolist() == [["取り消したシール 計", 0]]


def test_the_digest_is_of_every_void_serial_and_reason_and_of_every_label() -> None:
    digest = digest_delta(VOID, LABELS, b"key")
    assert digest_delta(VOID.copy(), LABELS.copy(), b"key") == digest
    other_reason = VOID.assign(reason=["died", "died", "newly_opted_out"])
    other_lots = [
        LABELS.iloc[:7],
        LABELS.iloc[1:],
        LABELS.assign(serial=range(2, 10)),
        LABELS.assign(state=["voided"] + ["live"] * 7),
    ]
    others = [(VOID, LABELS, b"k"), (VOID.iloc[:2], LABELS, b"key"), (other_reason, LABELS, b"key"),
              (VOID.assign(serial=[7, 3, 4]), LABELS, b"key"), (VOID.iloc[:0], LABELS, b"key"),
              *((VOID, lot, b"key") for lot in other_lots)]  # fmt: skip
    digests = {digest_delta(*other) for other in others}
    assert len(digests) == len(others)
    assert digest not in digests


@pytest.mark.parametrize("void", [VOID, VOID.iloc[:0]], ids=["some void", "none void"])
@pytest.mark.parametrize("serial", range(1, 9))
def test_a_confirmation_of_a_lot_with_one_other_person_does_not_fit(
    void: pd.DataFrame, serial: int
) -> None:
    # The lot was printed anew: as many labels, the same void serials, and one other person.
    ids = LABELS["addressee_id"].mask(LABELS["serial"] == serial, "0000000099")
    other = digest_delta(void, LABELS.assign(addressee_id=ids), b"key")
    assert other != digest_delta(void, LABELS, b"key")


def test_a_confirmation_of_a_lot_in_another_order_does_not_fit() -> None:
    exchanged = LABELS.assign(addressee_id=LABELS["addressee_id"].tolist()[::-1])
    assert digest_delta(VOID, exchanged, b"key") != digest_delta(VOID, LABELS, b"key")


def test_the_paper_to_pull_by_has_a_box_for_each_label_and_no_reason(tmp_path: Path) -> None:
    path = tmp_path / "pull.pdf"
    path.write_bytes(render_pull_list(tabulate_pull_list(VOID), "r8_1", TODAY, True))
    text = read_paper(path)
    assert "抜く一覧（3枚）" in text and text.count("□") == 3 and "実行名:r8_1" in text
    assert "見本（架空の区）" in text and "令和8年5月25日" in text
    assert "左上から右へ、行の順に、空いた所も数えます" in text
    assert not [word for word in (*REASONS.values(), "0000000007") if word in text]
