"""A request to destroy labels that have left: serials and what to do, in the record, and answered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from recruitlib.base.audit import RUN_NAME, append_entry, digest_bytes, read_entries
from recruitlib.base.course import check_course
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.office import Office, open_office
from recruitlib.base.officers import Officer, is_signed
from recruitlib.base.parameters import read_parameters
from recruitlib.base.scope import read_scope
from recruitlib.base.signatures import check_signatures
from recruitlib.base.supplies import list_asked_back, read_supplies
from recruitlib.handover import duties
from recruitlib.handover.discard import find_supply, request_discard
from recruitlib.handover.documents import describe_occasion, render_discard_request
from tests.conftest import ROOT
from tests.officers import SECOND, STAFF, sign_as
from tests.papers import read_paper
from tests.unit.handed import PEOPLE, hand_over
from tests.unit.stages import make_stage

DUE = "2026-06-16"
TODAY = date(2026, 6, 2)


@pytest.fixture
def supplied(tmp_path: Path) -> Path:
    """Give a project folder whose run has handed over the serials 1 to 3 and 40 to 42."""
    hand_over(tmp_path)
    return tmp_path


def open_register(root: Path) -> Office:
    return open_office(root, root / "runs/test_ward", "test_ward", demonstration=True)


def request(root: Path, *serials: int, due: str = DUE) -> tuple[Path, duties.Duty]:
    folder, office = root / "runs/test_ward", open_register(root)
    return request_discard(root, folder, office, serials, due, sign_as(STAFF), TODAY)


def test_the_request_names_serials_and_what_to_do_and_stands_signed_in_the_record(
    supplied: Path,
) -> None:
    folder = supplied / "runs/test_ward"
    head = read_entries(folder)[-1]["hash"]
    path, opened = request(supplied, 41, 3)
    assert path == folder / "handover/discard_request_001.pdf"
    text = read_paper(path)
    for part in (
        "廃棄依頼書1", "通番3、41", "2枚", "裁断", "返却", "回答の期限令和8年6月16日",
        "余白の通番は、そのシートの最初と最後です", "左上から右へ、行の順に、空いた所も数えます",
        "提供した日令和8年5月25日", "令和8年6月2日", head[:4], "test_ward", "見本（架空の区）",
    ):  # fmt: skip
        assert part in text
    for word in ("申出", "除外", "支援", *PEOPLE["full_name"]):
        assert "".join(word.split()) not in text
    entry = read_entries(folder)[-1]
    assert (entry["stage"], entry["event"]) == ("05", "discard_requested")
    facts = entry["facts"]
    assert facts["files"] == {"handover/discard_request_001.pdf": digest_bytes(path.read_bytes())}
    assert facts["duty"] == opened.number == 1
    signed = facts["signed"]
    assert (signed["content"]["purpose"], signed["content"]["serials"]) == (
        "discard_request", [3, 41],
    )  # fmt: skip
    officer = Officer(**signed["officers"][STAFF])
    assert is_signed(officer, signed["content"], signed["signatures"][STAFF])


def test_a_signature_or_a_paper_that_was_changed_is_found_by_the_rules_of_the_record(
    supplied: Path,
) -> None:
    request(supplied, 3)
    entries = read_entries(supplied / "runs/test_ward")
    seq = entries[-1]["seq"]
    assert seq not in dict(check_signatures(entries))
    assert seq not in dict(check_course(entries))
    entries[-1]["facts"]["signed"]["content"]["serials"] = [3, 4]
    assert "署名が合いません" in dict(check_signatures(entries))[seq]


def test_each_request_waits_for_its_answer_and_the_answer_is_recorded(supplied: Path) -> None:
    _, first = request(supplied, 3)
    path, second = request(supplied, 1, 42)
    assert path.name == "discard_request_002.pdf"
    assert (second.kind, second.run_id, second.due, second.opened_by) == (
        "discard_recipient", "test_ward", DUE, STAFF,
    )  # fmt: skip
    assert second.about == "廃棄依頼書2の通番（2枚）の廃棄又は返却の回答"
    assert [duty.number for duty in duties.list_open(supplied, True, TODAY)] == [1, 2]
    duties.settle_duty(supplied, sign_as(SECOND), first.number, "1枚を返却", TODAY, True)
    settled, still = duties.read_duties(supplied, True)
    assert (settled.result, still.settled_on) == ("1枚を返却", "")


def test_the_office_notes_which_serials_were_asked_back_and_what_was_supplied_stays(
    supplied: Path,
) -> None:
    folder, office = supplied / "runs/test_ward", open_register(supplied)
    before = find_supply(office, read_entries(folder), "test_ward", 2026)
    request(supplied, 3, 41)
    request(supplied, 1)
    after = find_supply(office, read_entries(folder), "test_ward", 2026)
    assert [list(mark) for mark in after.discards] == [
        [3, "2026-06-02", DUE, 1], [41, "2026-06-02", DUE, 1], [1, "2026-06-02", DUE, 2],
    ]  # fmt: skip
    assert after._replace(discards=()) == before._replace(discards=())
    assert list_asked_back(read_entries(folder)) == {1, 3, 41}


@pytest.mark.parametrize(
    ("serials", "due", "told"),
    [
        ((), DUE, "通番を一つずつ"), ((3, 3), DUE, "通番を一つずつ"), ((0,), DUE, "通番 0 は"),
        ((3, 4, 1_043), DUE, "通番 4、1043 は、提供していません"), ((3,), "16日", "期限は"),
        ((3,), "2026-06-02", "今日より後"), ((3,), "2026-05-25", "提供した日"),
        ((2, 3), DUE, "通番 2 には、もう廃棄を求めています"),
        (tuple(range(1, 202)), DUE, "200 枚までです"),
    ],
)  # fmt: skip
def test_a_serial_or_day_that_is_none_leaves_nothing_behind(
    supplied: Path, serials: tuple[int, ...], due: str, told: str
) -> None:
    request(supplied, 2)
    folder = supplied / "runs/test_ward"
    before = len(read_entries(folder))
    with pytest.raises(ParameterError, match=told):
        request(supplied, *serials, due=due)
    assert len(read_entries(folder)) == before
    assert (
        len(list((folder / "handover").iterdir())) == len(duties.read_duties(supplied, True)) == 1
    )
    (own,) = read_supplies(open_register(supplied), 2026)
    assert [mark[0] for mark in own.discards] == [2]


def test_the_paper_holds_as_many_serials_as_one_request_may_name() -> None:
    day = date(2026, 5, 25)
    parameters = read_parameters(ROOT / "params/test_ward.yaml")
    occasion = describe_occasion(parameters, TODAY, "ab" * 32)
    scope = read_scope(ROOT / parameters["scope_file"])
    serials = range(74_601, 75_001, 2)
    pdf = render_discard_request(scope, occasion, 1, serials, day, TODAY)
    assert read_paper(pdf).count("、") >= len(serials) - 1


def test_before_the_hand_over_there_is_nothing_to_ask_back(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    (stage.folder / RUN_NAME).write_text(yaml.safe_dump({"01": dict(stage.parameters)}))
    with pytest.raises(ParameterError, match="05 が完了していません"):
        request(tmp_path, 3)


def test_without_what_the_office_has_kept_nothing_is_asked_back(supplied: Path) -> None:
    entries = read_entries(supplied / "runs/test_ward")
    noted = next(entry for entry in entries if entry["event"] == "supplied")
    facts = {**noted["facts"], "digest": "0" * 64}
    append_entry(supplied / "runs/test_ward", "05", "supplied", **facts)
    with pytest.raises(IntegrityError, match="控えが"):
        request(supplied, 3)
    assert duties.read_duties(supplied, True) == []
