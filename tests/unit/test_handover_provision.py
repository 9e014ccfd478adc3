"""The steps of notebook 05: delta confirmed, conditions met, every serial accounted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from recruitlib.base.audit import group_digest, read_entries
from recruitlib.base.contents import list_quarantine
from recruitlib.base.counts import Count, read_counts, write_counts
from recruitlib.base.errors import (
    AwaitingPerson,
    GuardError,
    IntegrityError,
    ParameterError,
    RecruitError,
)
from recruitlib.base.office import open_office
from recruitlib.base.run import Stage, ask_guard, read_completed, read_private_table
from recruitlib.base.run_lock import hold_serials
from recruitlib.base.scope import read_scope
from recruitlib.base.supplies import Supply, digest_named, digest_resident, keep_supplies
from recruitlib.base.tables import ReadTable
from recruitlib.handover import handover_day, provision
from recruitlib.handover.delta import VOID_COLUMNS, digest_delta
from recruitlib.handover.duties import locate_duties, open_duties_of, read_duties
from recruitlib.handover.notices import NOTICES, Notices
from recruitlib.handover.provision import Delta
from recruitlib.handover.serials import Ledger, begin_ledger, reprint_serials, spoil_serials
from recruitlib.optouts.cases import CASE_COLUMNS
from recruitlib.optouts.exclusion import Matched
from recruitlib.registry.extract import Extract
from tests.officers import SECOND, STAFF, sign_content_as
from tests.papers import read_paper
from tests.unit.scopes import read_demo, write_scope
from tests.unit.stages import (
    KEY,
    list_last_answer,
    make_residents,
    make_situation,
    make_stage,
    store,
)

AGES = ["18"] * 5 + ["22"] * 9
PEOPLE = make_residents(*({"cohort": age} for age in AGES))
LABELS = pd.DataFrame(
    {
        "serial": range(1, 15), "bundle": "all", "sheet": [1] * 12 + [2] * 2,
        "position": [*range(1, 13), 1, 2], "addressee_id": PEOPLE["addressee_id"], "cohort": AGES,
    }
)  # fmt: skip
VOID = LABELS.loc[[1, 12]].assign(reason=["died", "newly_protected"])[list(VOID_COLUMNS)]
TABLE = begin_ledger(LABELS)
LEDGER = Ledger(TABLE, PEOPLE.assign(serial=range(1, 15)))
DELTA = Delta(LEDGER, VOID, VOID, digest_delta(VOID, TABLE, KEY.digest_key))
COUNTS = [
    Count(age, step, AGES.count(age))
    for step in ("cohort", "recipients", "labels")
    for age in ("18", "22")
]
HANDLER = "取扱者C（見本）"
RECEIVER = "自衛隊東京地方協力本部 募集課"
NO_CASES = pd.DataFrame(columns=[*CASE_COLUMNS, "problem"])


def begin(folder: Path, **parameters: Any) -> Stage:
    stage = make_stage(folder, "05", **{"handover_registry_total": len(PEOPLE), **parameters})
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    return stage


def confirm(stage: Stage, **changes: object) -> None:
    """Write the confirmation as two officers and the receiver would."""
    content = {
        "demonstration": True, "run_id": "test_ward", "delta_digest": group_digest(DELTA.digest),
        "prepared_by": STAFF, "confirmed_by": SECOND, "handler": HANDLER, "handed_over_labels": 12,
        "received_by": RECEIVER, "received_on": "2026-05-25",
    }  # fmt: skip
    signed = sign_content_as({**content, **changes}, STAFF, SECOND)
    text = yaml.safe_dump(signed, allow_unicode=True)
    stage.locate("handover_file").write_text(text, encoding="utf-8")


def find_with(ledger: Ledger, **changes: Any) -> Delta:
    """Give the delta of another ledger, in which the same labels are void."""
    digest = digest_delta(VOID, ledger.table, KEY.digest_key)
    return DELTA._replace(ledger=ledger, digest=digest, **changes)


def expect_stop(stage: Stage, error: type[RecruitError], guard: str, delta: Delta = DELTA) -> str:
    with pytest.raises(error, match=re.escape(guard)) as stop:
        provision.require_receipt(stage, delta)
    assert type(stop.value) is error
    assert list_last_answer(stage, guard) == "no"
    return str(stop.value)


def test_a_confirmed_delta_with_every_serial_accounted_for_passes(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    confirm(stage)
    receipt = provision.require_receipt(stage, DELTA)
    assert receipt.handed_over_labels == 12
    for guard in ("handover.delta_settled", "handover.within_scope", "handover.conditions_met", "handover.serials_complete",
                  "review.counts_balance"):  # fmt: skip
        assert list_last_answer(stage, guard) == "yes"


def test_before_the_hand_over_the_papers_are_there_and_the_run_waits(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    provision.keep_papers(stage, DELTA)
    message = expect_stop(stage, AwaitingPerson, "handover.delta_settled")
    assert group_digest(DELTA.digest) in message
    assert f"（{stage.parameters['handover_file']}）" in message
    assert "渡す宛名シールは 12枚です。取消しの通番を抜き、" in message
    for name in (provision.LETTER, provision.RECEIPT):
        assert "下見（署名しない）" in read_paper(stage.folder / name)
    letter = read_paper(stage.folder / provision.LETTER)
    assert "宛名シール枚数12枚" in letter
    assert "欠番（取消し・汚損）2枚" in letter
    assert "宛名シール枚数12枚" in read_paper(stage.folder / provision.RECEIPT)
    assert "覚書の発効:令和8年4月20日" in read_paper(stage.folder / provision.CONDITIONS)
    assert not (stage.folder / provision.ENTRY).exists()
    assert read_duties(stage.root, True) == []


def test_where_nothing_is_void_nothing_is_to_be_pulled(tmp_path: Path) -> None:
    none = DELTA._replace(void=VOID.iloc[:0])
    message = expect_stop(begin(tmp_path), AwaitingPerson, "handover.delta_settled", none)
    assert "渡す宛名シールは 14枚です。二人で数えて" in message


def test_the_letter_names_the_head_of_the_record_as_it_stood(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    head = group_digest(read_entries(stage.folder)[-1]["hash"])
    provision.keep_papers(stage, DELTA)
    assert f"先頭値:{head.replace(' ', '')}" in read_paper(stage.folder / provision.LETTER)


def end(table: pd.DataFrame, spoiled: Sequence[int] = ()) -> pd.DataFrame:
    """End every label: some torn up before, some void on the day, the rest handed over."""
    spoiled_before = spoil_serials(table, spoiled)
    return provision.end_labels(DELTA._replace(ledger=LEDGER._replace(table=spoiled_before)))


def print_again(table: pd.DataFrame, *olds: int, number: int = 1) -> pd.DataFrame:
    """Print some labels again, on one new sheet."""
    first = len(table) + 1
    new = table.set_index("serial", drop=False).loc[list(olds)]
    return reprint_serials(
        table,
        new.assign(
            serial=range(first, first + len(olds)), bundle=f"reprint-{number:03d}", sheet=1,
            position=range(1, len(olds) + 1), replaces=olds,
        ),
    )  # fmt: skip


def test_the_letter_tells_reprints_and_never_counts_a_label_twice() -> None:
    # Of fourteen labels 3 was torn up and printed again as 15, and that again as 17 with 4 as 16.
    first = print_again(spoil_serials(TABLE, [3]), 3)
    found = provision.list_label_counts(end(print_again(first, 4, 15, number=2)))
    assert found == [
        ("宛名シール 枚数", "10 枚"), ("宛名シール シート", "2 枚"), ("宛名シール 通番", "1 から 14 まで"),
        ("宛名シール（再印刷） 枚数", "2 枚"), ("宛名シール（再印刷） シート", "1 枚"),
        ("宛名シール（再印刷） 通番", "15 から 17 まで"), ("宛名シール 枚数の計", "12 枚"),
        ("欠番（取消し・汚損）", "5 枚"),
    ]  # fmt: skip


def test_the_papers_write_serials_as_they_are_typed() -> None:
    ended = provision.end_labels(DELTA)
    found = provision.list_label_counts(ended.assign(serial=ended["serial"] + 1033))
    assert ("宛名シール 通番", "1034 から 1047 まで") in found


def test_a_sheet_of_which_nothing_is_left_is_not_counted() -> None:
    found = provision.list_label_counts(end(TABLE, spoiled=[14]))
    assert ("宛名シール シート", "1 枚") in found


def test_a_letter_says_nothing_of_ages_unless_the_bundles_do() -> None:
    one = provision.list_label_counts(provision.end_labels(DELTA))
    assert one == [
        ("宛名シール 枚数", "12 枚"), ("宛名シール シート", "2 枚"), ("宛名シール 通番", "1 から 14 まで"),
        ("欠番（取消し・汚損）", "2 枚"),
    ]  # fmt: skip
    two = provision.list_label_counts(end(TABLE.assign(bundle=AGES), spoiled=[14]))
    assert [row for row in two if "枚数" in row[0]] == [
        ("宛名シール（18歳） 枚数", "4 枚"),
        ("宛名シール（22歳） 枚数", "7 枚"),
        ("宛名シール 枚数の計", "11 枚"),
    ]
    assert two[-1] == ("欠番（取消し・汚損）", "3 枚")


def test_the_letter_counts_the_lots_of_a_bundle_together() -> None:
    lots = ["all-001"] * 9 + ["all-002"] * 5
    sheets = [1] * 7 + [2] * 2 + [1] * 5
    found = provision.list_label_counts(end(TABLE.assign(bundle=lots, sheet=sheets)))
    assert found[:3] == [
        ("宛名シール 枚数", "12 枚"), ("宛名シール シート", "3 枚"), ("宛名シール 通番", "1 から 14 まで"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "digest", ["", "0000 0000 0000 0000", DELTA.digest[:15], DELTA.digest[1:17]]
)
def test_a_confirmation_of_another_delta_waits(tmp_path: Path, digest: str) -> None:
    stage = begin(tmp_path)
    confirm(stage, delta_digest=digest)
    assert "やり直し" in expect_stop(stage, AwaitingPerson, "handover.delta_settled")


def test_labels_received_by_somebody_else_than_the_approved_recipient_stop(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    confirm(stage, received_by="別の団体 総務課")
    assert "相手方" in expect_stop(stage, GuardError, "handover.within_scope")


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"memorandum_on": "2026-05-26"}, "覚書"),
        ({"memorandum_on": ""}, "覚書"),
        ({"memorandum_on": "未定"}, "覚書"),
        ({"guideline_on": "2027-01-01"}, "要綱"),
        ({"handlers": ["別の取扱者"]}, "取扱者"),
        ({"handlers": []}, "取扱者"),
    ],
)
def test_a_condition_that_is_not_met_stops(
    tmp_path: Path, changes: dict[str, object], hint: str
) -> None:
    stage = begin(tmp_path, scope_file=write_scope(tmp_path, **changes))
    confirm(stage)
    assert hint in expect_stop(stage, GuardError, "handover.conditions_met")


@pytest.mark.parametrize("receiver", ["", "募集課", "自衛隊東京地方 協力本部の委託先", "警視庁"])
def test_a_receiver_who_was_not_approved_stops(tmp_path: Path, receiver: str) -> None:
    stage = begin(tmp_path)
    confirm(stage, received_by=receiver)
    assert "相手方" in expect_stop(stage, GuardError, "handover.within_scope")


@pytest.mark.parametrize("day", ["", "令和8年5月25日", "25.05.2026", "2026-5-25", "2026-02-30"])
def test_a_receipt_without_a_day_that_can_be_read_is_refused(tmp_path: Path, day: str) -> None:
    stage = begin(tmp_path)
    confirm(stage, received_on=day)
    with pytest.raises(ParameterError, match="received_on") as stop:
        provision.require_receipt(stage, DELTA)
    assert not day or day not in str(stop.value)


def test_a_run_without_a_request_on_file_stops(tmp_path: Path) -> None:
    # The scope's own request has no number either, else the two would differ and stop before.
    scope = write_scope(tmp_path, request={**read_demo()["request"], "number": "　"})
    stage = begin(tmp_path, request_number=" ", scope_file=scope)
    confirm(stage)
    assert "依頼文書の番号" in expect_stop(stage, GuardError, "handover.within_scope")


@pytest.mark.parametrize(
    ("handed_over", "spoiled"),
    [(0, []), (11, []), (13, []), (12, [4]), (10, [4])],
)
def test_serials_that_do_not_add_up_stop(
    tmp_path: Path, handed_over: int, spoiled: list[int]
) -> None:
    # A42, A44: a spoiled sheet not reported, a sheet fewer than printed.
    stage = begin(tmp_path)
    delta = find_with(LEDGER._replace(table=spoil_serials(TABLE, spoiled)))
    confirm(stage, handed_over_labels=handed_over, delta_digest=delta.digest)
    expect_stop(stage, GuardError, "handover.serials_complete", delta)


def test_counts_that_were_edited_stop_the_hand_over(tmp_path: Path) -> None:
    # A45, at the last step.
    stage = begin(tmp_path)
    edited = [count._replace(count=count.count - (count.step == "labels")) for count in COUNTS]
    (stage.folder / "counts.csv").write_bytes(write_counts(edited))
    confirm(stage)
    expect_stop(stage, GuardError, "review.counts_balance")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Note what a finished hand-over leaves to other modules: register, supplies and PDFs."""
    noted: dict[str, Any] = {}
    monkeypatch.setattr(provision, "note_ended", lambda stage: noted.update(ended=True))
    files = {"labels_all.pdf": b"%PDF without the ended ones"}
    monkeypatch.setattr(provision, "blank_lots", lambda stage, ledger: files)
    monkeypatch.setattr(
        provision,
        "replace_lots",
        lambda stage, ledger, made: noted.update(ledger=ledger, made=made),
    )
    monkeypatch.setattr(
        provision, "keep_supplied",
        lambda stage, handed, newest, receipt: noted.update(handed=handed, newest=newest),
    )  # fmt: skip
    return noted


def finish(stage: Stage, delta: Delta) -> str:
    """Finish a hand-over for which everything was confirmed."""
    receipt = provision.require_receipt(stage, delta)
    for guard in ("record.chain_intact", "protection.list_fresh", "protection.every_row_found",
                  "optouts.complete"):  # fmt: skip
        ask_guard(stage, guard, [])
    return provision.finish_provision(stage, delta, receipt)


def test_a_finished_hand_over_leaves_the_ends_of_all_serials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: dict[str, Any]
) -> None:
    # Nobody has approved the run of this test, so that a measure is open.
    stage = begin(tmp_path, checklist_unmet="list")
    ledger = LEDGER._replace(table=spoil_serials(TABLE, [14]))
    monkeypatch.setattr(provision, "read_ledger", lambda stage: ledger)
    notices = Notices(1, 0, (), {NOTICES: b"%PDF locked"})
    delta = find_with(ledger, notices=notices)
    confirm(stage, handed_over_labels=11, delta_digest=delta.digest)
    assert finish(stage, delta).startswith("05 提供 完了: ")
    found = {(count.cohort, count.step): count.count for count in read_counts(stage.folder)}
    steps = ("reprints", "handed_over", "voided", "spoiled")
    assert [found[age, step] for age in ("18", "22") for step in steps] == [0, 4, 1, 0, 0, 7, 1, 1]
    assert "宛名シール枚数11枚" in read_paper(stage.folder / provision.LETTER)
    for name in (provision.LETTER, provision.RECEIPT):
        assert "下見" not in read_paper(stage.folder / name)
    assert "④住民基本台帳の担当" in read_paper(stage.folder / "handover/flow.pdf")
    assert "未" in read_paper(stage.folder / "handover/checklists.pdf")
    assert read_private_table(stage, "void")["serial"].tolist() == [2, 13]
    table = provision.tabulate_serials(delta)
    assert table.values.tolist() == [["18歳", 5, 0, 4, 1, 0], ["22歳", 9, 0, 7, 1, 1]]
    entry = read_paper(stage.folder / provision.ENTRY)
    for part in ("提供した日令和8年5月25日", "宛名シール枚数11枚", HANDLER, RECEIVER, f"準備した人{STAFF}（",
                 f"確認した人{SECOND}（"):  # fmt: skip
        assert "".join(part.split()) in entry
    assert (stage.folder / "private" / NOTICES).read_bytes() == b"%PDF locked"
    assert read_completed(stage.folder, "05")["facts"]["duties"] == [1, 2]
    assert {duty.due for duty in read_duties(stage.root, True)} == {"2027-03-31"}
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    values = [*PEOPLE["full_name"], *PEOPLE["address"], *PEOPLE["addressee_id"]]
    assert not [value for value in values if value in record]


def test_only_the_live_labels_are_kept_as_supplied_as_they_were_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: dict[str, Any]
) -> None:
    # The fourth has a new name, under which the fifteenth label was printed.
    stage = begin(tmp_path, checklist_unmet="list")
    new = LEDGER.printed.iloc[[3]].assign(serial=15, full_name="新姓　四郎")
    printed = pd.concat([LEDGER.printed, new], ignore_index=True)
    ledger = Ledger(print_again(spoil_serials(TABLE, [14]), 4), printed)
    monkeypatch.setattr(provision, "read_ledger", lambda stage: ledger)
    # The label of the fourteenth had ended before; that of a protected person must be told still.
    newest = pd.concat(
        [VOID, LABELS.loc[[13], [*VOID.columns[:-1]]].assign(reason="newly_protected")]
    )
    delta = find_with(ledger, newest=newest)
    confirm(stage, handed_over_labels=11, delta_digest=delta.digest)
    finish(stage, delta)
    handed = done["handed"].set_index("serial")["full_name"]
    assert sorted(handed.index) == [1, 3, *range(5, 13), 15]
    assert handed[15] == "新姓　四郎"
    ended = done["ledger"].table.set_index("serial")["state"]
    assert sorted(ended.index[ended.isin(["voided", "spoiled"])]) == [2, 4, 13, 14]
    assert done["ended"] and done["newest"] is newest and "labels_all.pdf" in done["made"]


def test_serials_that_were_changed_after_the_delta_stop_the_hand_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: dict[str, Any]
) -> None:
    stage = begin(tmp_path, checklist_unmet="list")
    now = LEDGER._replace(table=spoil_serials(TABLE, [14]))
    monkeypatch.setattr(provision, "read_ledger", lambda stage: now)
    confirm(stage)
    with pytest.raises(IntegrityError, match="通番が変わっています"):
        finish(stage, DELTA)
    assert done == {} and not (stage.folder / provision.ENTRY).exists()


def test_labels_that_are_taken_out_of_the_confirmed_delta_stop_the_hand_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: dict[str, Any]
) -> None:
    # A21: who has died is left out of the delta in the notebook, before the confirmation is asked
    # for or after it; the labels are counted and handed over with the others.
    stage = begin(tmp_path, checklist_unmet="list")
    monkeypatch.setattr(provision, "read_ledger", lambda stage: LEDGER)
    less = DELTA._replace(void=VOID.iloc[1:])
    confirm(stage, handed_over_labels=13)
    assert "やり直し" in expect_stop(stage, AwaitingPerson, "handover.delta_settled", less)
    confirm(stage)
    receipt = provision.require_receipt(stage, DELTA)
    with pytest.raises(AwaitingPerson, match=r"handover\.delta_settled"):
        provision.finish_provision(stage, less, receipt)
    assert done == {}


# The first half: what handover day finds.
SETTLED = make_situation()["matches"]


def keep_all(cells: pa.Table) -> npt.NDArray[np.bool_]:
    return np.ones(cells.num_rows, dtype=bool)


def make_extract(records: pd.DataFrame) -> Extract:
    """Give an extract of these records, of which the last change is the newest."""
    source = ReadTable(
        table=records.iloc[:0], quarantine=list_quarantine([]), rows_read=len(records),
        encoding="utf-8", how_decoded="", headers=[], dropped=[], absent=[],
    )  # fmt: skip
    newest = max(records["changed_on"], default="") if "changed_on" in records else ""
    return Extract(records, {}, source, "", newest, len(records))


def find(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, records: pd.DataFrame, fresh: pd.DataFrame | None = None,
    protected: str = "", cases: pd.DataFrame = NO_CASES, recipients: pd.DataFrame = PEOPLE,
    settled: pd.DataFrame = SETTLED,
) -> Delta:  # fmt: skip
    """Find the delta of a day whose files have been read."""
    applications = make_situation()["applications"]
    mates = pd.DataFrame(
        [("0000000003", "0000000050")], columns=["addressee_id", "lives_with"], dtype="str"
    )
    store(stage, housemates=mates, labels=LABELS, recipients=recipients, possible=recipients, applications=applications,
          cases=cases, settled=settled)  # fmt: skip
    empty = make_situation()["applications"].iloc[:0]
    monkeypatch.setattr(
        handover_day, "_read_today", lambda stage, keep, is_attested: make_extract(records)
    )
    monkeypatch.setattr(handover_day, "read_listed", lambda stage, prefix: None)
    monkeypatch.setattr(handover_day, "take_protections", lambda *content: None)
    listed = pd.Series([protected] if protected else [], dtype="str", name="addressee_id")
    monkeypatch.setattr(handover_day, "find_protected", lambda stage, traced: listed)
    received = SimpleNamespace(applications=empty if fresh is None else fresh)
    monkeypatch.setattr(handover_day, "take_applications", lambda stage, prefix: received)
    monkeypatch.setattr(handover_day, "join_later_day", lambda stage, received: [])
    return provision.find_delta(stage)


def read_today(**changes: dict[str, str]) -> pd.DataFrame:
    records = PEOPLE.drop(columns="cohort").assign(is_latest=True, left_on="")
    for person, cells in changes.items():
        for name, value in cells.items():
            records.loc[int(person[1:]) - 1, name] = value
    return records


def test_deaths_moves_and_new_protection_become_void_serials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A21, 平川市.
    records = read_today(p2={"status": "dead"}, p5={"address": "東京都新宿区片町99番"})
    delta = find(begin(tmp_path), monkeypatch, records, protected="0000000014")
    assert list(zip(delta.void["serial"], delta.void["reason"], strict=True)) == [
        (2, "died"), (5, "moved_within"), (14, "newly_protected"),
    ]  # fmt: skip
    # Whoever has moved within the ward may be printed again; until then there is no label.
    assert delta.renewable == {5: "moved"}
    quiet = find(begin(tmp_path / "quiet"), monkeypatch, read_today())
    assert quiet.renewable == {}
    # Beside each serial stands what the reprint is for; a torn label has nothing of the kind.
    told = provision.tabulate_renewable(delta._replace(renewable={5: "moved", 6: "renamed", 9: ""}))
    assert told.values.tolist() == [["5", "転居"], ["6", "氏名の変更"], ["9", "なし"]]
    assert provision.tabulate_renewable(quiet).empty
    assert quiet.void.empty
    assert quiet.digest != delta.digest


def test_whoever_another_run_has_supplied_meanwhile_gets_no_second_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    office = open_office(stage.root, stage.folder, "test_ward", demonstration=True)
    key, person = office.key.digest_key, PEOPLE.iloc[8]
    # The ninth had another id then.
    named = digest_named(person["full_name"], person["birth_date"], key)
    labels = [[7, digest_resident("0000000004", key), ""], [8, "", named]]
    keep_supplies(
        office, 2026, [Supply("spring", "2026-05-22", RECEIVER, "見本第1号", "2026-04-06", labels)]
    )
    delta = find(stage, monkeypatch, read_today())
    assert list(zip(delta.void["serial"], delta.void["reason"], strict=True)) == [
        (4, "already_supplied"), (9, "already_supplied"),
    ]  # fmt: skip
    assert not delta.renewable


def test_notices_are_made_from_the_registry_of_this_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Notices(1, 0, (), {})
    seen = []
    monkeypatch.setattr(
        provision, "prepare_notices", lambda stage, records: seen.append(records) or made
    )
    records = read_today(p5={"address": "東京都新宿区片町99番"})
    assert find(begin(tmp_path), monkeypatch, records).notices is made
    pd.testing.assert_frame_equal(seen[0], records)


@pytest.mark.parametrize(
    ("kind", "problem", "void"),
    [("", "", [3, 6]), ("housemate", "まだ決まっていません", [3, 6]), ("to_confirm", "", [3, 6]),
     ("housemate", "", [6])],
)  # fmt: skip
def test_housemates_of_a_protected_person_whom_nobody_decided_about_are_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, problem: str, void: list[int]
) -> None:
    # A parent of two recipients, of no cohort, stands on the list of the day.
    home = "0000000950"
    family = PEOPLE.copy()
    family.loc[[2, 5], "household_id"] = home
    records = read_today(p3={"household_id": home}, p6={"household_id": home})
    parent = records.iloc[[2]].assign(addressee_id="0000000050")
    records = pd.concat([records, parent], ignore_index=True)
    row = (1, kind, "", "0000000003", "same_household", 0, "", problem)
    cases = pd.DataFrame([row] if kind else [], columns=NO_CASES.columns)
    delta = find(begin(tmp_path), monkeypatch, records, protected="0000000050", cases=cases,
                 recipients=family)  # fmt: skip
    assert delta.void["serial"].tolist() == void
    assert set(delta.void["reason"]) == {"newly_protected"}


def match_today(
    monkeypatch: pytest.MonkeyPatch, outcome: str, person: str, near: list[str]
) -> pd.DataFrame:
    """Give one new application and let its matching end so."""
    fresh = make_situation()["applications"].iloc[[0]].assign(application_id="form:9")

    def match(stage: Stage, fresh: pd.DataFrame, extract: Extract) -> Matched:
        ends = fresh[["application_id"]].assign(outcome=outcome, addressee_id=person)
        rows = [("form:9", place, one, "") for place, one in enumerate(near, start=1)]
        columns = ["application_id", "place", "addressee_id", "evidence"]
        return Matched(fresh, ends, pd.DataFrame(rows, columns=columns), pd.DataFrame())

    monkeypatch.setattr(handover_day, "match_day", match)
    return fresh


@pytest.mark.parametrize(
    ("outcome", "person", "near", "void"),
    [
        ("matched", "0000000003", [], [3]),
        ("to_confirm", "0000000003", [], [3]),
        ("withdrawn", "0000000003", [], [3]),
        ("outside", "0000000003", [], []),
        ("matched", "0000000077", [], []),
    ],
)
def test_whoever_a_new_application_may_mean_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, person: str, near: list[str], void: list[int]
) -> None:  # fmt: skip
    fresh = match_today(monkeypatch, outcome, person, near)
    delta = find(begin(tmp_path), monkeypatch, read_today(), fresh)
    assert delta.void["serial"].tolist() == void
    assert set(delta.void["reason"]) <= {"newly_opted_out"}


@pytest.mark.parametrize(
    ("settled", "reason", "problem", "void"),
    [("outside", "", "", [3]), ("undecided", "", "", [3]), ("rejected", "", "", []),
     ("withdrawn", "", "", []), ("withdrawn", "", "まだ決まっていません", [3]),
     ("outside", "test_row", "", []), ("outside", "test_row", "まだ決まっていません", [3])],
)  # fmt: skip
def test_an_application_that_is_not_new_is_matched_again_with_the_extract_of_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: str, reason: str, problem: str,
    void: list[int],
) -> None:  # fmt: skip
    # Who was not found may be found once somebody has moved; two people have freed the others.
    match_today(monkeypatch, "matched", "0000000003", [])
    known = make_situation()["applications"].iloc[[0]]
    before = SETTLED.assign(outcome=settled, reason=reason)
    row = (1, "withdrawn", "form:1", "", "", 0, "", problem)
    cases = pd.DataFrame([row], columns=NO_CASES.columns)
    delta = find(begin(tmp_path), monkeypatch, read_today(), known, cases=cases, settled=before)
    assert delta.void["serial"].tolist() == void


@pytest.mark.parametrize("near", [[], ["0000000003"], ["0000000003", "0000000006"]])
def test_a_new_application_that_is_undecided_waits_for_a_person_and_nobody_is_void_on_a_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: list[str]
) -> None:
    fresh = match_today(monkeypatch, "undecided", "", near)
    with pytest.raises(AwaitingPerson, match="新しい申出が 1 件.*01 からやり直し") as stop:
        find(begin(tmp_path), monkeypatch, read_today(), fresh)
    assert not [person for person in near if person in str(stop.value)]


def test_the_file_of_another_day_is_no_extract_of_handover_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = read_today().assign(changed_on="2026-05-20")
    monkeypatch.setattr(handover_day, "read_extract", lambda *files, **asked: make_extract(records))
    stage = begin(tmp_path, handover_registry_base_date="2026-05-24")
    with pytest.raises(AwaitingPerson, match=re.escape("handover.delta_settled")):
        handover_day._read_today(stage, keep_all, False)
    assert handover_day._read_today(begin(tmp_path / "today"), keep_all, False).records is records


@pytest.mark.parametrize("total", [0, len(PEOPLE) - 1, len(PEOPLE) + 1])
def test_an_extract_of_handover_day_with_other_rows_than_its_slip_says_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int
) -> None:
    # A part of the extract would hide who is protected in whose household.
    records = read_today().assign(changed_on="2026-05-20")
    monkeypatch.setattr(handover_day, "read_extract", lambda *files, **asked: make_extract(records))
    stage = begin(tmp_path, handover_registry_total=total)
    with pytest.raises(
        AwaitingPerson, match=rf"handover\.delta_settled.*読んだ 14 行.*の {total} 行"
    ):
        handover_day._read_today(stage, keep_all, False)
    assert list_last_answer(stage, "handover.delta_settled") == "no"


def test_an_extract_that_is_not_there_answers_the_guard_with_no(tmp_path: Path) -> None:
    stage = begin(tmp_path, handover_registry_file="none.csv")
    with pytest.raises(RecruitError, match="none.csv"):
        handover_day._read_today(stage, keep_all, False)
    assert list_last_answer(stage, "handover.delta_settled") == "no"


def test_a_damaged_register_of_duties_is_known_before_the_labels_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    open_duties_of(stage, read_scope(stage.locate("scope_file")))
    path = locate_duties(stage.root, True)
    path.write_text(path.read_text(encoding="utf-8").replace("2027", "2028"), encoding="utf-8")
    with pytest.raises(IntegrityError, match="1行目"):
        find(stage, monkeypatch, read_today())


def test_what_an_earlier_look_has_read_is_not_forgotten_for_an_attestation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    for name in ("handover_registry_file", "registry_file"):
        stage.locate(name).parent.mkdir(parents=True, exist_ok=True)
        stage.locate(name).write_bytes(name.encode())
    assert find(stage, monkeypatch, read_today(p2={"status": "dead"})).void["serial"].tolist() == [
        2
    ]
    attested = {"handover_registry_file": "", "handover_registry_attested_by": "課長"}
    with pytest.raises(ParameterError, match="もう 2026-05-25 のものを読んでいます"):
        find(begin(tmp_path, **attested), monkeypatch, read_today())
    # The clean twin: of another run, which has read none.
    assert find(begin(tmp_path / "other", **attested), monkeypatch, read_today()).void.empty


def test_while_an_act_is_at_work_the_hand_over_waits_and_while_it_ends_no_act_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: dict[str, Any]
) -> None:
    stage = begin(tmp_path, checklist_unmet="list")
    monkeypatch.setattr(provision, "read_ledger", lambda stage: LEDGER)
    confirm(stage)
    with hold_serials(stage.folder), pytest.raises(AwaitingPerson, match="もう一度"):
        finish(stage, DELTA)
    assert done == {}
    complete = provision.complete_stage

    def try_an_act(*given: Any, **facts: Any) -> str:
        with pytest.raises(AwaitingPerson), hold_serials(stage.folder):
            pass
        return complete(*given, **facts)

    monkeypatch.setattr(provision, "complete_stage", try_an_act)
    assert finish(stage, DELTA).startswith("05 提供 完了: ")
    with hold_serials(stage.folder):
        assert done["ended"]
