"""Delta, reprint and spoil: prepared by one officer, executed by another, and nobody else is printed.

Right values: what a reader of the paper finds in the cells of the sheet, and the accidents.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import AwaitingPerson, GuardError, OutputError, ParameterError
from recruitlib.base.record import check_files, list_expected
from recruitlib.base.run import Stage
from recruitlib.base.run_lock import hold_serials
from recruitlib.base.serial_acts import BLANKED
from recruitlib.base.serial_course import NOT_BLANKED, check_blanked, replay_serials
from recruitlib.base.verification import verify_record
from recruitlib.handover import blanks, changes, provision
from recruitlib.handover.blanks import resume_lots
from recruitlib.handover.changes import (
    Act,
    confirm_act,
    plan_delta,
    plan_reprint,
    plan_spoil,
    propose_act,
)
from recruitlib.handover.duties import open_duty
from recruitlib.handover.handover_day import HandoverDay
from recruitlib.handover.serials import read_ledger, void_serials
from recruitlib.labels import export
from recruitlib.labels.lots import number_labels
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.print_settings import open_sheet
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.unit.printed import read_labels
from tests.unit.stages import make_residents, make_stage, store

PEOPLE = make_residents(*[{}] * 13, {"cohort": "22"})
NOBODY = PEOPLE.iloc[:0]
EXCLUDED = pd.DataFrame({"reason": [], "addressee_id": []}, dtype="str")
ALL_LABELS = "private/labels_all.pdf"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Print fourteen people as 04 does, to be copied and not to be changed."""
    folder = tmp_path_factory.mktemp("printed")
    stage = make_stage(folder, "04")
    bundles = export.make_bundles(stage, PrintDay(PEOPLE, NOBODY))
    labels = number_labels(bundles)
    store(stage, labels=labels, recipients=PEOPLE, cohort=PEOPLE, excluded=EXCLUDED)
    files = {f"private/{name}": pdf for name, pdf in export.lock_bundles(stage, bundles).items()}
    for name, pdf in files.items():
        (stage.folder / name).write_bytes(pdf)
    append_entry(
        stage.folder, "04", "completed",
        files={name: digest_bytes(pdf) for name, pdf in files.items()},
        counts=[["18", "labels", 13], ["22", "labels", 1]],
    )  # fmt: skip
    return folder


@pytest.fixture
def stage(printed: Path, tmp_path: Path) -> Stage:
    """Give a run of fourteen printed labels, before the hand-over."""
    shutil.copytree(printed, tmp_path / "project")
    return make_stage(tmp_path / "project", "05")


def set_today(
    monkeypatch: pytest.MonkeyPatch, protected: Iterable[int] = (), opted_out: Iterable[int] = (),
    supplied: Iterable[int] = (), attested: tuple[tuple[str, str], ...] = (),
    **people: dict[str, str],
) -> None:  # fmt: skip
    """Set what today says; ``p3={...}`` changes the third person in the registry."""
    records = PEOPLE.drop(columns="cohort").assign(is_latest=True, left_on="")
    for person, cells in people.items():
        for name, value in cells.items():
            records.loc[int(person[1:]) - 1, name] = value
    barred = [
        frozenset(PEOPLE["addressee_id"][number - 1] for number in one)
        for one in (protected, opted_out, supplied)
    ]

    def look(stage: Stage) -> HandoverDay:
        return HandoverDay(read_ledger(stage), records, *barred, attested=attested)

    monkeypatch.setattr(changes, "look_at_today", look)


def execute(stage: Stage, act: Act) -> None:
    """Prepare an act as one officer and execute it as another."""
    confirm_act(stage, act, propose_act(stage, act, sign_as(STAFF)), sign_as(SECOND))


def read_cells(stage: Stage, name: str = ALL_LABELS) -> dict[tuple[int, int], str]:
    """Read the labels of a locked file by sheet and position."""
    pdf = (stage.folder / name).read_bytes()
    table = read_labels(pdf, open_sheet(stage.root, stage.parameters), "demo")
    return {(row["sheet_number"], row["position"]): row["text"] for row in table.to_dict("records")}


def list_files(stage: Stage) -> list[str]:
    """List what the record vouches for that is missing or changed."""
    return check_files(stage.folder, list_expected(read_entries(stage.folder)))


MOVED = {"address": "東京都新宿区片町99番"}
DEAD = {"status": "dead"}


def test_a_delta_is_executed_by_a_second_officer_and_the_lot_is_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A21, 平川市; A66: the old PDF is not there to be printed after the delta.
    set_today(monkeypatch, [14], p2=DEAD, p5=MOVED)
    before = read_cells(stage)
    old = (stage.folder / ALL_LABELS).read_bytes()
    act = plan_delta(stage)
    assert (act.serials, act.renewable) == ([2, 5, 14], {5: "moved"})
    value = propose_act(stage, act, sign_as(STAFF))
    assert (stage.folder / ALL_LABELS).read_bytes() == old
    with pytest.raises(AwaitingPerson, match="別の人"):
        confirm_act(stage, act, value, sign_as(STAFF))
    assert set(replay_serials(read_entries(stage.folder)).values()) == {"live"}
    confirm_act(stage, plan_delta(stage), value, sign_as(SECOND))
    states = replay_serials(read_entries(stage.folder))
    assert [serial for serial, state in states.items() if state == "voided"] == [2, 5, 14]
    gone = {(1, 2), (1, 5), (2, 2)}
    assert read_cells(stage) == {place: text for place, text in before.items() if place not in gone}
    assert (stage.folder / ALL_LABELS).read_bytes() != old
    assert list_files(stage) == []
    assert plan_delta(stage).serials == []


def test_what_has_changed_since_it_was_prepared_is_not_executed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, p2=DEAD)
    value = propose_act(stage, plan_delta(stage), sign_as(STAFF))
    set_today(monkeypatch, p2=DEAD, p3=DEAD)
    with pytest.raises(AwaitingPerson, match="違います") as stop:
        confirm_act(stage, plan_delta(stage), value, sign_as(SECOND))
    assert "差引の通番 2 です" in str(stop.value)  # what was prepared, and no value to be typed
    assert not re.search("[0-9a-f]{4} [0-9a-f]{4}", str(stop.value))
    with pytest.raises(AwaitingPerson, match="今はありません"):
        confirm_act(stage, plan_delta(stage), "0000 0000 0000 0000", sign_as(SECOND))
    # The same people for another reason are another delta, and so is the old one after an act.
    set_today(monkeypatch, [2])
    with pytest.raises(AwaitingPerson):
        confirm_act(stage, plan_delta(stage), value, sign_as(SECOND))
    execute(stage, plan_spoil(stage, [7]))
    set_today(monkeypatch, p2=DEAD)
    with pytest.raises(AwaitingPerson):
        confirm_act(stage, plan_delta(stage), value, sign_as(SECOND))


def test_a_reprint_is_of_exactly_those_serials_at_today_s_address(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A41, 札幌市: the fifth was void already, the fourth is soiled; neither shifts the others.
    set_today(monkeypatch, p4={"full_name": "新姓　四郎"}, p5=MOVED)
    execute(stage, plan_delta(stage))
    execute(stage, plan_reprint(stage, [4, 5], "misprint"))
    cells = read_cells(stage, "private/labels_reprint-001.pdf")
    assert set(cells) == {(1, 1), (1, 2)}
    assert "片町4番１号" in cells[1, 1] and "新姓　四郎" in cells[1, 1].replace(" ", "　")
    assert "片町99番" in cells[1, 2]
    ledger = read_ledger(stage)
    new = ledger.table[ledger.table["replaces"] != 0]
    assert new[["serial", "replaces", "cohort"]].values.tolist() == [[15, 4, "18"], [16, 5, "18"]]
    assert ledger.printed.set_index("serial")["address"][16] == MOVED["address"]
    # What is printed now is right, so that nothing more is void.
    assert plan_delta(stage).serials == []
    assert list_files(stage) == []
    with pytest.raises(ParameterError, match="4 は、もう再印刷しています"):
        plan_reprint(stage, [3, 4], "soiled")
    execute(stage, plan_reprint(stage, [15], "soiled"))
    assert set(read_cells(stage, "private/labels_reprint-001.pdf")) == {(1, 2)}
    assert set(read_cells(stage, "private/labels_reprint-002.pdf")) == {(1, 1)}
    states = replay_serials(read_entries(stage.folder))
    assert [serial for serial, state in states.items() if state == "voided"] == [4, 5, 15]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ({"protected": [3]}, "soiled"),
        ({"opted_out": [3]}, "soiled"),
        ({"supplied": [3]}, "misprint"),
        ({"p3": DEAD}, "soiled"),
        ({"p3": {"status": "moved_out"}}, "moved"),
        ({"p3": {"nationality": "foreign"}}, "soiled"),
        ({"p3": {"birth_date": "2010-05-04"}}, "soiled"),
        ({"p3": {"is_latest": False}}, "soiled"),
    ],
)
def test_whoever_must_not_be_printed_today_is_refused_without_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, day: dict[str, Any], reason: str
) -> None:
    set_today(monkeypatch, **day)
    with pytest.raises(AwaitingPerson, match="通番 3 の人は") as stop:
        plan_reprint(stage, [2, 3], reason)
    told = str(stop.value)
    assert not [word for word in ("死亡", "転出", "支援", "申出", "国籍") if word in told]
    assert not (stage.folder / "private/labels_reprint-001.pdf").exists()


def test_whoever_was_excluded_before_the_print_is_never_printed_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch)
    ids = PEOPLE["addressee_id"][[2]].tolist()
    store(stage, excluded=pd.DataFrame({"reason": ["opted_out"], "addressee_id": ids}))
    with pytest.raises(OutputError):
        plan_reprint(stage, [3], "soiled")


RENAMED = {"full_name": "新姓　四郎"}


@pytest.mark.parametrize(
    ("serials", "reason", "wrong"),
    [
        ([5, 6], "moved", "6"), ([4, 6], "renamed", "6"), ([4, 5], "moved", "4"),
        ([4, 5], "renamed", "5"), ([1, 2, 3], "moved", "1-3"),
    ],
)  # fmt: skip
def test_nobody_signs_that_a_person_moved_or_was_renamed_who_was_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, serials: list[int], reason: str, wrong: str
) -> None:
    set_today(monkeypatch, p4=RENAMED, p5=MOVED)
    with pytest.raises(ParameterError, match=f"通番 {wrong} の印刷の後の異動は"):
        plan_reprint(stage, serials, reason)


@pytest.mark.parametrize(("serial", "reason"), [(4, "renamed"), (5, "moved"), (4, "soiled")])
def test_the_reason_that_the_delta_tells_is_the_one_that_is_taken(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, serial: int, reason: str
) -> None:
    set_today(monkeypatch, p4=RENAMED, p5=MOVED)
    execute(stage, plan_spoil(stage, [7]))
    act = plan_delta(stage)
    assert act.renewable == {4: "renamed", 5: "moved", 7: ""}
    execute(stage, act)
    assert plan_delta(stage).renewable == act.renewable
    assert plan_reprint(stage, [serial], reason).reason == reason


def test_a_reason_is_one_of_the_list_and_a_lost_label_is_an_incident_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch)
    for reason in ("", "SOILED", "汚損"):
        with pytest.raises(ParameterError, match="soiled=汚損"):
            plan_reprint(stage, [3], reason)
    signer, day = sign_as(STAFF), date(2026, 5, 25)

    def open_incident(run_id: str) -> None:
        about = "宛名シール1枚の紛失"
        open_duty(stage.root, signer, "incident", run_id, about, "2026-06-30", day, True)

    open_incident("another_run")
    with pytest.raises(ParameterError, match="duty add --kind incident"):
        plan_reprint(stage, [3], "lost")
    open_incident("test_ward")
    assert plan_reprint(stage, [3], "lost").serials == [3]


@pytest.mark.parametrize("serials", [[0], [15], [3, 99]])
def test_what_was_never_printed_is_neither_printed_again_nor_torn_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, serials: list[int]
) -> None:
    set_today(monkeypatch)
    for plan in (
        lambda: plan_reprint(stage, serials, "soiled"),
        lambda: plan_spoil(stage, serials),
    ):
        with pytest.raises(ParameterError, match="印刷していません"):
            plan()


def test_a_torn_sheet_ends_once_and_its_people_may_be_printed_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch)
    execute(stage, plan_spoil(stage, [13, 14]))
    assert {place[0] for place in read_cells(stage)} == {1}
    with pytest.raises(ParameterError, match="もう終わっています"):
        plan_spoil(stage, [13])
    act = plan_reprint(stage, [13], "soiled")
    assert act.pulled.empty
    execute(stage, act)
    states = replay_serials(read_entries(stage.folder))
    assert (states[13], states[14], states[15]) == ("spoiled", "spoiled", "live")


@pytest.mark.parametrize(
    ("module", "broken"),
    [(changes, "replace_lots"), (blanks, "erase_file"), (blanks, "write_locked")],
)
def test_an_act_that_is_cut_off_goes_on_with_the_old_file_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, module: ModuleType, broken: str
) -> None:
    set_today(monkeypatch, p2=DEAD)
    act = plan_delta(stage)
    value = propose_act(stage, act, sign_as(STAFF))

    def fail(*given: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
        patch.setattr(module, broken, fail)
        confirm_act(stage, act, value, sign_as(SECOND))
    # What the record vouches for is there, so that nobody is shut out of the run.
    assert list_files(stage) == []
    assert resume_lots(stage)
    assert (1, 2) not in read_cells(stage) and (1, 3) in read_cells(stage)
    assert list_files(stage) == []
    assert not resume_lots(stage)
    blank = [
        entry["facts"]["blank"]
        for entry in read_entries(stage.folder)
        if entry["event"] == "blanked"
    ]
    assert blank == [1]


def test_of_two_officers_who_execute_one_act_at_once_the_second_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = plan_spoil(stage, [3])
    value = propose_act(stage, act, sign_as(STAFF))
    blank = changes.blank_lots

    def meet(*given: Any) -> Any:
        monkeypatch.setattr(changes, "blank_lots", blank)
        confirm_act(stage, plan_spoil(stage, [3]), value, sign_as(THIRD))
        return blank(*given)

    monkeypatch.setattr(changes, "blank_lots", meet)
    with pytest.raises(AwaitingPerson, match="今はありません"):
        confirm_act(stage, act, value, sign_as(SECOND))
    acts = [entry for entry in read_entries(stage.folder) if entry["event"] == "serials_changed"]
    assert [own["facts"]["change"]["confirmed_by"] for own in acts] == [THIRD]
    assert list_files(stage) == []


def test_an_act_after_which_a_lot_cannot_be_made_again_changes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise OutputError("the fonts of 04 are gone")

    act = plan_spoil(stage, [3])
    value = propose_act(stage, act, sign_as(STAFF))
    monkeypatch.setattr(blanks, "blank_ended", refuse)
    with pytest.raises(OutputError):
        confirm_act(stage, act, value, sign_as(SECOND))
    assert set(replay_serials(read_entries(stage.folder)).values()) == {"live"}
    assert not resume_lots(stage)
    assert list_files(stage) == []


def test_an_act_writes_nothing_of_a_person_into_the_record(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, p5=MOVED, p2=DEAD)
    execute(stage, plan_delta(stage))
    execute(stage, plan_reprint(stage, [5], "moved"))
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    values = [*PEOPLE["full_name"], *PEOPLE["address"], *PEOPLE["addressee_id"], "片町99番"]
    assert not [value for value in values if value in record]


def list_blanked(stage: Stage) -> list[int]:
    """List how many cells were empty each time that lots were made again."""
    entries = read_entries(stage.folder)
    return [own["facts"]["blank"] for own in entries if own["event"] == BLANKED]


def test_lots_that_stand_without_what_has_ended_are_not_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch)
    execute(stage, plan_spoil(stage, [3]))
    made = (stage.folder / ALL_LABELS).read_bytes()
    # Printing a torn label again ends nothing: neither now nor when the run is opened next.
    execute(stage, plan_reprint(stage, [3], "soiled"))
    assert not resume_lots(stage)
    assert blanks.blank_lots(stage, read_ledger(stage)) == {}
    assert (stage.folder / ALL_LABELS).read_bytes() == made
    assert list_blanked(stage) == [1]
    # A label that ends is another set, also one of the same number of labels.
    execute(stage, plan_spoil(stage, [15]))
    assert list_blanked(stage) == [1, 2]
    assert read_cells(stage, "private/labels_reprint-001.pdf") == {}
    assert list_files(stage) == []


def test_where_it_is_not_known_without_whom_the_lots_stand_they_are_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch)
    execute(stage, plan_spoil(stage, [3]))
    # A hand-over that would have voided two more had made the lots again, and was cut off.
    ledger = read_ledger(stage)
    more = ledger._replace(table=void_serials(ledger.table, [5, 6]))
    blanks.replace_lots(stage, more, blanks.blank_lots(stage, more))
    assert (1, 5) not in read_cells(stage)
    assert set(blanks.blank_lots(stage, ledger)) == {"labels_all.pdf"}
    assert resume_lots(stage)
    assert (1, 5) in read_cells(stage) and (1, 3) not in read_cells(stage)
    # Taken away and not written: the power was cut between the two.
    append_entry(stage.folder, "05", "withdrawn", files=[ALL_LABELS], locked=[])
    (stage.folder / ALL_LABELS).unlink()
    assert resume_lots(stage)
    assert not resume_lots(stage)
    assert list_files(stage) == []


def test_whom_a_delta_has_voided_no_attestation_brings_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, p2=DEAD, p5=MOVED)
    execute(stage, plan_delta(stage))
    attested = (("registry", "課長"),)
    # As the earlier registry has it: nobody has died.
    set_today(monkeypatch, attested=attested, p5=MOVED)
    with pytest.raises(AwaitingPerson, match="通番 2 の人は"):
        plan_reprint(stage, [2], "soiled")
    assert plan_delta(stage).renewable == {5: "moved"}
    assert plan_reprint(stage, [5], "moved").serials == [5]
    assert plan_reprint(stage, [3], "soiled").serials == [3]
    # A file of today may say that the delta was wrong.
    set_today(monkeypatch, p5=MOVED)
    assert plan_reprint(stage, [2], "soiled").serials == [2]


def test_while_the_hand_over_ends_no_act_is_executed(stage: Stage) -> None:
    act = plan_spoil(stage, [3])
    value = propose_act(stage, act, sign_as(STAFF))
    with hold_serials(stage.folder), pytest.raises(AwaitingPerson, match="もう一度"):
        confirm_act(stage, act, value, sign_as(SECOND))
    assert set(replay_serials(read_entries(stage.folder)).values()) == {"live"}
    confirm_act(stage, act, value, sign_as(SECOND))
    assert replay_serials(read_entries(stage.folder))[3] == "spoiled"


def test_an_act_that_was_prepared_before_the_hand_over_is_not_executed_after_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = plan_spoil(stage, [3])
    value = propose_act(stage, act, sign_as(STAFF))
    blank = changes.blank_lots

    def hand_over(*given: Any) -> Any:
        made = blank(*given)
        append_entry(stage.folder, "05", "completed", files={}, counts=[], voided=[])
        return made

    monkeypatch.setattr(changes, "blank_lots", hand_over)
    with pytest.raises(GuardError, match="提供済み"):
        confirm_act(stage, act, value, sign_as(SECOND))
    assert replay_serials(read_entries(stage.folder))[3] == "handed_over"


def test_05_ends_what_an_act_that_was_cut_off_has_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, p2=DEAD)
    monkeypatch.setattr(provision, "look_at_today", changes.look_at_today)
    monkeypatch.setattr(provision, "prepare_notices", lambda stage, records: provision.NO_NOTICES)
    act = plan_delta(stage)
    value = propose_act(stage, act, sign_as(STAFF))

    def fail(*given: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
        patch.setattr(changes, "replace_lots", fail)
        confirm_act(stage, act, value, sign_as(SECOND))
    # The act stands in the record, and the old PDF still shows the dead: that is said.
    assert (1, 2) in read_cells(stage)
    assert [problem for _, problem in check_blanked(read_entries(stage.folder))] == [NOT_BLANKED]
    assert f"audit.jsonl: {read_entries(stage.folder)[-1]['seq']}行目: {NOT_BLANKED}" in (
        verify_record(stage.folder)
    )
    delta = provision.find_delta(stage)
    assert delta.void.empty and (1, 2) not in read_cells(stage) and (1, 3) in read_cells(stage)
    assert check_blanked(read_entries(stage.folder)) == []
    assert not [line for line in verify_record(stage.folder) if NOT_BLANKED in line]
    assert list_files(stage) == [] and list_blanked(stage) == [1]
    provision.find_delta(stage)
    assert list_blanked(stage) == [1]


def test_an_act_that_waited_while_05_ended_touches_nothing(stage: Stage) -> None:
    """It was opened before the hand-over, and had the serials only after it."""
    act = plan_spoil(stage, [3])
    append_entry(stage.folder, stage.number, "completed", files={})
    before = read_entries(stage.folder)
    with pytest.raises(GuardError, match="提供済み"):
        resume_lots(stage)
    with pytest.raises(GuardError, match="提供済み"):
        propose_act(stage, act, sign_as(STAFF))
    assert read_entries(stage.folder) == before
