"""The receipt: every serial ends exactly once, confirmed by two officers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import name_officer
from recruitlib.base.signed_files import name_signers
from recruitlib.handover.receipt import Receipt, check_serials, read_receipt
from recruitlib.handover.serials import begin_ledger, reprint_serials, spoil_serials
from tests.officers import OFFICERS, SECOND, STAFF, THIRD, sign_content_as

TABLE = begin_ledger(
    pd.DataFrame(
        {
            "serial": range(1, 31), "bundle": "all", "sheet": [1] * 12 + [2] * 12 + [3] * 6,
            "position": [*range(1, 13), *range(1, 13), *range(1, 7)],
            "addressee_id": [f"{number:010d}" for number in range(1, 31)],
            "cohort": ["18"] * 12 + ["22"] * 18,
        }
    )
)  # fmt: skip
VOID = pd.DataFrame({"serial": [3, 20]})
GOOD = {
    "demonstration": True, "run_id": "r8", "delta_digest": "0CFE f37f be57 7f79",
    "prepared_by": STAFF, "confirmed_by": SECOND, "handler": "取扱者", "handed_over_labels": 27,
    "received_by": "募集課", "received_on": "2026-05-25",
}  # fmt: skip


def check(handed_over: int, table: pd.DataFrame = TABLE) -> list[str]:
    receipt = Receipt(True, "r8", "", "", "", "", handed_over, "", "")
    return check_serials(table, VOID, receipt)


def test_every_serial_handed_over_void_or_spoiled_once_is_complete() -> None:
    assert check(28) == []
    assert check(27, spoil_serials(TABLE, [5])) == []
    receipt = Receipt(True, "r8", "", "", "", "", 30, "", "")
    assert check_serials(TABLE, VOID.iloc[:0], receipt) == []


def test_a_label_that_was_printed_again_is_counted_once() -> None:
    new = TABLE.iloc[[4, 7]].assign(serial=[31, 32], bundle="reprint-001", replaces=[5, 8])
    again = reprint_serials(TABLE, new.assign(sheet=1, position=[1, 2]))
    assert check(28, again) == []
    assert check(30, again) and check(26, again)
    # The old label of one of them turned up among the sheets.
    found = again.assign(state=again["state"].mask(again["serial"] == 5, "live"))
    assert any("通番 5、31" in problem for problem in check(29, found))


def test_a_sheet_that_was_lost_is_found_on_the_day() -> None:
    # A44, 福岡市: 145 labels were lost and noticed 19 days later.
    assert "数え直して" in check(28 - 12)[0]


def test_a_spoiled_sheet_that_nobody_reported_is_found() -> None:
    # A42, 高浜町: misprints were mixed in and nobody could say whose.
    assert check(28 - 11)
    assert "recruitlib spoil" in check(28 - 11, spoil_serials(TABLE, range(5, 15)))[0]
    assert check(28 - 11, spoil_serials(TABLE, range(5, 16))) == []


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)), st.integers(0, 30))
def test_complete_means_that_as_many_are_handed_over_as_are_left(
    void: set[int], spoiled: set[int], handed_over: int
) -> None:
    table = spoil_serials(TABLE, spoiled - void)
    receipt = Receipt(True, "r8", "", "", "", "", handed_over, "", "")
    problems = check_serials(table, pd.DataFrame({"serial": sorted(void)}), receipt)
    assert (problems == []) == (handed_over == 30 - len(void | spoiled))


def write(path: Path, **changes: object) -> Path:
    content = sign_content_as({**GOOD, **changes}, STAFF, SECOND)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_a_receipt_is_read_as_written(tmp_path: Path) -> None:
    receipt = read_receipt(write(tmp_path / "handover.yaml"), "r8", True, OFFICERS)
    assert receipt is not None
    assert receipt._replace(signed={}) == Receipt(
        **{**GOOD, "delta_digest": "0cfef37fbe577f79"}, signed={}
    )
    assert receipt.signed["content"] == GOOD
    assert name_signers(receipt.signed) == [
        name_officer(OFFICERS, STAFF), name_officer(OFFICERS, SECOND),
    ]  # fmt: skip
    assert read_receipt(tmp_path / "none.yaml", "r8", True, OFFICERS) is None


def test_one_person_cannot_prepare_and_confirm(tmp_path: Path) -> None:
    path = write(tmp_path / "handover.yaml", confirmed_by=STAFF)
    with pytest.raises(AwaitingPerson, match="別の人"):
        read_receipt(path, "r8", True, OFFICERS)


@pytest.mark.parametrize("second", ["", "主任 甲", "見本A ", "見本Ａ"])
def test_who_is_not_listed_confirms_nothing(tmp_path: Path, second: str) -> None:
    path = write(tmp_path / "handover.yaml", confirmed_by=second)
    with pytest.raises(ParameterError, match="職員の一覧にありません"):
        read_receipt(path, "r8", True, OFFICERS)


@pytest.mark.parametrize("signers", [(), (STAFF,), (SECOND,), (STAFF, THIRD)])
def test_without_both_signatures_it_is_no_confirmation(
    tmp_path: Path, signers: tuple[str, ...]
) -> None:
    path = tmp_path / "handover.yaml"
    content = sign_content_as(GOOD, *signers)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(AwaitingPerson, match="署名"):
        read_receipt(path, "r8", True, OFFICERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("handed_over_labels", 26), ("received_on", "2026-05-26"),
     ("handler", "別の人"), ("delta_digest", "0CFE f37f be57 7f70")],
)  # fmt: skip
def test_what_was_changed_after_signing_is_refused(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "handover.yaml"
    content = {**sign_content_as(GOOD, STAFF, SECOND), name: value}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(AwaitingPerson, match="署名の後に内容が変えられています"):
        read_receipt(path, "r8", True, OFFICERS)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("received_on: 2026-05-25", "received_on"),
        ("delta_digest: 0123456701234567", "delta_digest"),
        ("delta_digest: 1234567890123456", "delta_digest"),
        ("handed_over_labels: '27'", "handed_over_labels"),
        ("handed_over_labels: 27.0", "handed_over_labels"),
        ("handed_over_labels: true", "handed_over_labels"),
        ("confirmed_by:", "confirmed_by"),
        ("confirmed_by: [a, b]", "confirmed_by"),
    ],
)
def test_a_value_of_another_kind_is_named(tmp_path: Path, line: str, name: str) -> None:
    path = write(tmp_path / "handover.yaml")
    kept = {key: value for key, value in GOOD.items() if key != name}
    text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False) + line + "\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=name):
        read_receipt(path, "r8", True, OFFICERS)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"run_id": "r9"}, "別の実行"),
        ({"demonstration": False}, "見本"),
        ({"extra": 1}, "extra"),
        ({"spoiled_serials": [5]}, "spoiled_serials"),
    ],
)
def test_another_runs_receipt_and_unknown_fields_are_refused(
    tmp_path: Path, changes: dict[str, object], hint: str
) -> None:
    with pytest.raises(ParameterError, match=hint):
        read_receipt(write(tmp_path / "handover.yaml", **changes), "r8", True, OFFICERS)
