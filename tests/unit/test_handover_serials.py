"""The ledger of serials: each ends exactly once, a reprint has one new label, and a page is no serial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.audit import append_entry
from recruitlib.base.counts import Count
from recruitlib.base.errors import ParameterError
from recruitlib.base.serial_acts import name_serials
from recruitlib.handover.serials import (
    LEDGER_COLUMNS,
    begin_ledger,
    check_ledger,
    choose_reprintable,
    count_ends,
    find_sheet_serials,
    hand_over,
    list_latest,
    list_live,
    parse_serials,
    read_ledger,
    reprint_serials,
    spoil_serials,
    void_serials,
)
from recruitlib.labels.lots import LABEL_COLUMNS
from tests.unit.stages import make_residents, make_stage, store

# Eight people on sheets of three, the last two of them in the lot of the older cohort.
LABELS = pd.DataFrame(
    [
        (1, "18", 1, 1, "0000000001", "18"), (2, "18", 1, 2, "0000000002", "18"),
        (3, "18", 1, 3, "0000000003", "18"), (4, "18", 2, 1, "0000000004", "18"),
        (5, "18", 2, 2, "0000000005", "18"), (6, "18", 2, 3, "0000000006", "18"),
        (7, "22", 1, 1, "0000000007", "22"), (8, "22", 1, 2, "0000000008", "22"),
    ],
    columns=list(LABEL_COLUMNS),
)  # fmt: skip
BEGUN = begin_ledger(LABELS)


def make_lot(table: pd.DataFrame, *olds: int) -> pd.DataFrame:
    """Make the labels of a reprint of old serials, at the next serials."""
    own = table.set_index("serial").loc[list(olds)]
    number = table["bundle"].str.startswith("reprint").sum() + 1
    rows = [
        (len(table) + place, f"reprint-{number:03d}", 1, place, *person, old)
        for place, (old, person) in enumerate(
            zip(olds, own[["addressee_id", "cohort"]].values, strict=True), start=1
        )
    ]
    return pd.DataFrame(rows, columns=[*LABEL_COLUMNS, "replaces"])


def states(table: pd.DataFrame) -> dict[int, str]:
    """Give the states by serial of what is no longer live."""
    ended = table[table["state"] != "live"]
    return dict(zip(ended["serial"], ended["state"], strict=True))


def test_a_ledger_begins_with_every_label_live_in_the_order_of_the_serials() -> None:
    table = begin_ledger(LABELS.sample(frac=1, random_state=1))
    assert table.columns.tolist() == list(LEDGER_COLUMNS)
    assert table["serial"].tolist() == list(range(1, 9))
    assert states(table) == {} and table["replaces"].tolist() == [0] * 8
    assert check_ledger(table) == []


def test_each_act_ends_what_it_names_and_nothing_else_and_leaves_its_table_alone() -> None:
    table = spoil_serials(void_serials(BEGUN, [2, 7]), [5])
    assert states(table) == {2: "voided", 5: "spoiled", 7: "voided"}
    table = reprint_serials(table, make_lot(table, 2, 3, 5))
    assert states(table) == {2: "voided", 3: "voided", 5: "spoiled", 7: "voided"}
    assert table.iloc[8:][["serial", "bundle", "addressee_id", "state", "replaces"]].values.tolist() == [
        [9, "reprint-001", "0000000002", "live", 2],
        [10, "reprint-001", "0000000003", "live", 3],
        [11, "reprint-001", "0000000005", "live", 5],
    ]  # fmt: skip
    assert list_live(table)["serial"].tolist() == [1, 4, 6, 8, 9, 10, 11]
    assert list_latest(table)["serial"].tolist() == [1, 4, 6, 7, 8, 9, 10, 11]
    assert check_ledger(table) == []
    given_out = hand_over(table)
    assert set(given_out["state"]) == {"handed_over", "voided", "spoiled"}
    # 18: 6 labels + 3 reprints = 6 + 2 + 1; 22: 2 labels = 1 + 1.
    assert count_ends(given_out) == [
        Count("18", "reprints", 3), Count("18", "handed_over", 6), Count("18", "voided", 2),
        Count("18", "spoiled", 1), Count("22", "reprints", 0), Count("22", "handed_over", 1),
        Count("22", "voided", 1), Count("22", "spoiled", 0),
    ]  # fmt: skip
    assert check_ledger(given_out) == [] and states(BEGUN) == {}


def test_who_is_printed_again_twice_is_named_by_the_newest_serial() -> None:
    once = reprint_serials(BEGUN, make_lot(BEGUN, 4))
    again = reprint_serials(once, make_lot(once, 9))
    assert again.iloc[8:]["replaces"].tolist() == [4, 9]
    assert states(again) == {4: "voided", 9: "voided"}
    with pytest.raises(ParameterError, match="通番 4 は、もう新しい通番で再印刷しています"):
        reprint_serials(again, make_lot(again, 4))


ENDED = spoil_serials(void_serials(BEGUN, [2, 3]), [5])
GIVEN = hand_over(ENDED)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda: void_serials(ENDED, [1, 2, 3]), "通番 2-3 は、もう終わっています（取消し）。"),
        (lambda: void_serials(ENDED, [5]), "通番 5 は、もう終わっています（汚損・廃棄）。"),
        (lambda: spoil_serials(ENDED, [2, 5]), "通番 2、5 は、もう終わっています（取消し、汚損・廃棄）。"),
        (lambda: void_serials(GIVEN, [1]), "通番 1 は、もう終わっています（提供）。"),
        (lambda: void_serials(BEGUN, [1, 9]), "通番 9 は、この実行で印刷していません。"),
        (lambda: spoil_serials(BEGUN, [0]), "通番 0 は、この実行で印刷していません。"),
        (lambda: spoil_serials(BEGUN, [4, 4]), "通番 4 が、二度書かれています。"),
        (lambda: hand_over(GIVEN), "もう提供しています"),
        (lambda: reprint_serials(GIVEN, make_lot(GIVEN, 2)), "提供済みです"),
        (lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2, 2)), "通番 2 が、二度書かれています。"),
        (
            lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2).assign(replaces=9)),
            "通番 9 は、この実行で印刷していません。",
        ),
        (
            lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2).assign(addressee_id="0000000003")),
            "同じ人のものではありません",
        ),
        (lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2).assign(cohort="22")), "同じ人のもの"),
        (lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2).assign(serial=10)), "続かないか"),
        (lambda: reprint_serials(BEGUN, make_lot(BEGUN, 2).assign(serial=2)), "続かないか"),
    ],
)  # fmt: skip
def test_what_no_serial_can_do_is_refused_with_its_number(
    act: Callable[[], object], told: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        act()
    assert told in str(caught.value)
    assert "00000000" not in str(caught.value)


def test_many_serials_are_all_named_as_ranges() -> None:
    with pytest.raises(ParameterError, match="通番 101-130、1040 は"):
        void_serials(BEGUN, [*range(101, 131), 1040])


# ---- who may be printed again ----


def tell_void(**reasons: str) -> pd.DataFrame:
    """Make what today says of serials: ``s3="died"``."""
    return pd.DataFrame(
        [(int(name[1:]), reason) for name, reason in reasons.items()], columns=["serial", "reason"]
    )


def test_only_who_may_be_handed_over_today_may_be_printed_again() -> None:
    today = tell_void(
        s1="moved_within", s2="renamed", s3="died", s4="moved_out", s5="newly_protected",
        s6="newly_opted_out", s7="not_found",
    )  # fmt: skip
    assert choose_reprintable(BEGUN, today) == [1, 2, 8]
    # A label that ended is no bar; a reason of which nobody knows is one.
    assert choose_reprintable(ENDED, tell_void(s1="some_new_reason")) == [2, 3, 4, 5, 6, 7, 8]


def test_only_the_newest_label_is_printed_again_and_none_after_the_hand_over() -> None:
    table = reprint_serials(BEGUN, make_lot(BEGUN, 4, 7))
    assert choose_reprintable(table, tell_void()) == [1, 2, 3, 5, 6, 8, 9, 10]
    assert choose_reprintable(table, tell_void(s9="died")) == [1, 2, 3, 5, 6, 8, 10]
    assert choose_reprintable(hand_over(table), tell_void()) == []


# ---- what is typed ----


@pytest.mark.parametrize(
    ("text", "serials"),
    [
        ("12", [12]),
        ("12,40-47", [12, 40, 41, 42, 43, 44, 45, 46, 47]),
        (" 47, 3 ,5 - 6 ", [3, 5, 6, 47]),
        ("１２、４０－４１，７", [7, 12, 40, 41]),
        ("40〜42", [40, 41, 42]),
        ("40ー41", [40, 41]),
        ("8-8", [8]),
        ("1040", [1040]),
        ("12、40-41", [12, 40, 41]),
    ],
)
def test_serials_are_read_as_officers_type_them(text: str, serials: list[int]) -> None:
    assert parse_serials(text) == serials


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # A41: a page range printed again brings back people who are void.
        ("p.3", "ページやシートの番号では"), ("3ページ", "ページやシートの番号では"),
        ("3枚目", "ページやシートの番号では"), ("page 3-5", "ページやシートの番号では"),
        ("18:14", "ページやシートの番号では"), ("all", "ページやシートの番号では"),
        ("", "通番だけを"), (",", "通番だけを"), ("1,", "通番だけを"), ("-3", "通番だけを"),
        ("3-", "通番だけを"), ("1-2-3", "通番だけを"), ("1.5", "通番だけを"), ("十二", "通番だけを"),
        # The papers of the office wrote 1,040 once: the serials 1 and 40 would be other people's.
        ("1,040", "「040」は 0 で始まる"), ("１，０４０", "「040」は 0 で始まる"), ("007", "「007」は 0"),
        ("12,1,004-1,010", "「004-1」は 0"), ("3-07", "「3-07」は 0"), ("1040-1,050", "小さい方から"),
        ("9999999", "通番だけを"), ("0", "1 からの番号"), ("0-3", "1 からの番号"),
        ("47-40", "小さい方から"), ("3,3", "通番 3 が、二度"), ("1-5,4", "通番 4 が、二度"),
    ],
)  # fmt: skip
def test_what_is_no_serial_is_refused(text: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        parse_serials(text)


@given(st.sets(st.integers(1, 400) | st.integers(998, 1200), min_size=1), st.booleans())
def test_every_set_of_serials_is_read_from_its_runs(wanted: set[int], is_wide: bool) -> None:
    runs: list[list[int]] = []
    for serial in sorted(wanted):
        if runs and runs[-1][-1] == serial - 1:
            runs[-1].append(serial)
        else:
            runs.append([serial])
    text = "、".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    wide = text.translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))
    assert parse_serials(wide if is_wide else text.replace("、", ",")) == sorted(wanted)
    # What an officer is shown can be typed as it stands, and leaves nobody out.
    assert name_serials(wanted) == text
    assert parse_serials(name_serials(wanted)) == sorted(wanted)


def test_a_sheet_is_named_by_its_lot_and_gives_what_is_live_on_it() -> None:
    assert find_sheet_serials(BEGUN, "18:2") == [4, 5, 6]
    assert find_sheet_serials(BEGUN, "２２：１、18:1") == [1, 2, 3, 7, 8]
    assert find_sheet_serials(ENDED, "18:1, 18:2") == [1, 4, 6]
    table = reprint_serials(BEGUN, make_lot(BEGUN, 4, 7))
    assert find_sheet_serials(table, "reprint-001:1") == [9, 10]
    assert find_sheet_serials(table, "18:2") == [5, 6]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("18:3", "シート 18:3 は、この実行で印刷していません。この実行の束とシート: 18:1-2、22:1。"),
        ("all:1", "印刷していません"),
        ("18:0", "印刷していません"), ("18", "束の名前とシートの番号"), ("2", "束の名前とシートの番号"),
        ("", "束の名前とシートの番号"), ("18:1-2", "束の名前とシートの番号"), (":1", "束の名前とシートの番号"),
        ("18:1,18:1", "シート 18:1 が、二度"), ("18:1,１８：１", "シート 18:1 が、二度"),
        ("22:1", "シート 22:1 には、手元のシールがもうありません"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_none_or_is_empty_is_refused(text: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        find_sheet_serials(void_serials(BEGUN, [7, 8]), text)


# ---- a ledger that no act leaves ----


def change(row: int, table: pd.DataFrame | None = None, **cells: object) -> pd.DataFrame:
    """Write other cells into one row of a ledger by hand."""
    other = (BEGUN if table is None else table).copy()
    for name, value in cells.items():
        other.loc[row - 1, name] = value
    return other


REPRINTED = reprint_serials(BEGUN, make_lot(BEGUN, 4, 7))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (change(3, serial=2), ["通番 2 が、二度あります。", "通番 3 が、抜けています。"]),
        (change(3, state="lost"), ["通番 3 の状態が、決められたものではありません。"]),
        (change(3, addressee_id="0000000001"), ["通番 1、3 が、同じ人の手元にあるシールです。"]),
        (change(3, GIVEN, state="live"), ["通番 3 が、提供の後も手元のままです。"]),
        (
            change(4, REPRINTED, state="live"),
            [
                "通番 4、9 が、同じ人の手元にあるシールです。",
                "通番 4 が、置き換えられたのに、終わっていません。",
            ],
        ),
        (
            change(9, change(10, REPRINTED, state="spoiled"), addressee_id="0000000007"),
            ["通番 9 が、同じ人の前のシールを置き換えていません。"],
        ),
        (
            change(9, change(9, REPRINTED, state="voided"), replaces=7),
            ["通番 7 が、二度置き換えられています。", "通番 9 が、同じ人の前のシールを置き換えていません。"],
        ),
        (change(9, REPRINTED, replaces=9), ["通番 9 が、置き換えられたのに、終わっていません。",
                                            "通番 9 が、同じ人の前のシールを置き換えていません。"]),
    ],
)  # fmt: skip
def test_a_ledger_that_no_act_leaves_is_told(table: pd.DataFrame, told: list[str]) -> None:
    assert check_ledger(table) == told


# ---- the ledger of a run ----


def test_the_ledger_of_a_run_is_read_from_its_print_and_every_act_since(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    people = make_residents(*[{}] * 6, {"cohort": "22"}, {"cohort": "22"})
    lot = make_lot(BEGUN, 4, 7)
    moved = people.iloc[[3, 6]].assign(address="東京都新宿区舟町９番９号")
    with_people = lot.merge(moved.drop(columns="cohort"), on="addressee_id")
    store(stage, labels=LABELS, recipients=people, **{"lot_reprint-001": with_people})
    append_entry(stage.folder, "05", "serials_changed", act="delta", voided=[1], spoiled=[])
    append_entry(stage.folder, "04", "completed", files={}, counts=[])
    assert states(read_ledger(stage).table) == {}  # what was before this print is forgotten
    for facts in (
        {"act": "delta", "voided": [3], "spoiled": []},
        {"act": "spoil", "voided": [], "spoiled": [5]},
        {"act": "reprint", "voided": [4, 7], "spoiled": [], "lot": "reprint-001"},
        {"act": "delta", "voided": [9], "spoiled": []},
    ):
        append_entry(stage.folder, "05", "serials_changed", **facts)
    table, printed = read_ledger(stage)
    assert states(table) == {3: "voided", 4: "voided", 5: "spoiled", 7: "voided", 9: "voided"}
    assert check_ledger(table) == []
    assert printed["serial"].tolist() == list(range(1, 11))
    said = dict(zip(printed["serial"], printed["address"], strict=True))
    assert said[4] == "東京都新宿区片町4番１号" and said[9] == "東京都新宿区舟町９番９号"
    assert printed["cohort"].tolist() == ["18"] * 6 + ["22"] * 2 + ["18", "22"]
    append_entry(stage.folder, "05", "completed", files={}, counts=[], voided=[1])
    ends = read_ledger(stage).table
    assert ends.loc[ends["state"] == "handed_over", "serial"].tolist() == [2, 6, 8, 10]
    assert states(ends) | {1: "voided"} == states(ends)


def test_acts_that_do_not_follow_from_one_another_stop(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    store(stage, labels=LABELS, recipients=make_residents(*[{}] * 8))
    append_entry(stage.folder, "04", "completed", files={}, counts=[])
    for _ in range(2):
        append_entry(stage.folder, "05", "serials_changed", act="delta", voided=[3], spoiled=[])
    with pytest.raises(ParameterError, match="通番 3 は、もう終わっています"):
        read_ledger(stage)
