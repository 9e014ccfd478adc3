"""A notice of correction after the hand-over: serials and what to do, in the record, and reported back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recruitlib.base.audit import AUDIT_NAME, RUN_NAME, append_entry, digest_bytes, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.officers import Officer, is_signed
from recruitlib.base.run import Stage
from recruitlib.base.verification import verify_record
from recruitlib.handover import duties
from recruitlib.handover.correction import correct_labels
from tests.officers import STAFF, sign_as
from tests.papers import read_paper
from tests.unit.stages import make_stage

DUE = "2026-06-15"


def change_serials(stage: Stage, act: str, reason: str, **changes: object) -> None:
    """Write an act of two officers on serials, as far as the serials are read from it."""
    serials = changes.get("spoiled", changes.get("voided"))
    content = {"act": act, "reason": reason, "digest": "", "serials": serials}
    facts = {"voided": [], "spoiled": [], "reprinted": [], "lot": "", **changes}
    append_entry(
        stage.folder, "05", "serials_changed", act=act, reason=reason, digest="", files={},
        change={"content": content, "prepared_signature": ""}, **facts,
    )  # fmt: skip


@pytest.fixture
def supplied(tmp_path: Path) -> Path:
    """Give a project folder whose run has printed fifteen labels and handed over twelve."""
    stage = make_stage(tmp_path, "05")
    content = yaml.safe_dump({"01": dict(stage.parameters)}, allow_unicode=True).encode()
    (stage.folder / RUN_NAME).write_bytes(content)
    (stage.folder / "handover").mkdir()
    counts = [["18", "labels", 5], ["22", "labels", 9], ["all", "sheets", 2]]
    append_entry(stage.folder, "04", "completed", files={}, counts=counts)
    # The ninth was torn up, the second printed again as serial 15, and the seventh voided by 05.
    change_serials(stage, "spoil", "", spoiled=[9])
    change_serials(stage, "reprint", "soiled", voided=[2], reprinted=[[2, 15]], lot="reprint-001")
    said: dict[str, object] = {"received_on": "2026-05-25"}
    append_entry(
        stage.folder, "05", "completed", files={RUN_NAME: digest_bytes(content)}, counts=[],
        signed={"content": said, "signatures": {}, "officers": {}}, voided=[7],
    )  # fmt: skip
    return tmp_path


def correct(root: Path, *serials: int, due: str = DUE) -> tuple[Path, duties.Duty]:
    return correct_labels(root, root / "runs/test_ward", serials, due, sign_as(STAFF))


def test_the_notice_names_the_serials_in_order_and_stands_in_the_record(supplied: Path) -> None:
    folder = supplied / "runs/test_ward"
    head = read_entries(folder)[-1]["hash"]
    path, opened = correct(supplied, 15, 3)
    assert path == folder / "handover/correction_001.pdf"
    text = read_paper(path)
    for part in (
        "訂正通知1",
        "通番3、15",
        "2枚",
        "令和8年6月15日",
        "提供した日令和8年5月25日",
        head[:4],
        "test_ward",
        "見本（架空の区）",
    ):
        assert part in text
    facts = read_entries(folder)[-1]["facts"]
    assert facts["files"] == {"handover/correction_001.pdf": digest_bytes(path.read_bytes())}
    assert facts["duty"] == opened.number == 1
    signed = facts["signed"]
    assert signed["content"]["serials"] == [3, 15]
    officer = Officer(**signed["officers"][STAFF])
    assert is_signed(officer, signed["content"], signed["signatures"][STAFF])
    path.write_bytes(b"%PDF")
    assert any("correction_001.pdf: 変えられています" in line for line in verify_record(folder))


def test_each_notice_has_a_number_and_a_report_that_is_due(supplied: Path) -> None:
    first, opened = correct(supplied, 3)
    second, again = correct(supplied, 4, 5)
    assert [path.name for path in (first, second)] == ["correction_001.pdf", "correction_002.pdf"]
    assert first.read_bytes() != second.read_bytes()
    assert (opened.number, again.number) == (1, 2)
    assert (again.kind, again.run_id, again.due, again.opened_by) == (
        "deletion_recipient", "test_ward", DUE, STAFF,
    )  # fmt: skip
    assert again.about == "訂正通知2の通番（2枚）の廃棄又は返却の報告"


def test_a_notice_that_is_cut_off_leaves_a_duty_too_many_and_is_made_again(
    supplied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr("recruitlib.handover.sending.write_atomically", None)
        with pytest.raises(TypeError):
            correct(supplied, 3)
    assert [duty.number for duty in duties.read_duties(supplied, True)] == [1]
    path, opened = correct(supplied, 3)
    assert (path.name, opened.number) == ("correction_001.pdf", 2)


def test_a_notice_that_is_cut_off_the_record_is_found_by_the_office_s_note(supplied: Path) -> None:
    (supplied / "notebooks").mkdir(exist_ok=True)
    folder = supplied / "runs/test_ward"
    append_entry(
        folder, "01", "begun", run_kind="demonstration",
        parameters={"run_id": "test_ward", "runs_folder": "runs"},
    )  # fmt: skip
    before = (folder / AUDIT_NAME).read_bytes()
    path, _ = correct(supplied, 3)
    differs = "記録が切り詰められたか"
    assert not any(differs in problem for problem in verify_record(folder))
    (folder / AUDIT_NAME).write_bytes(before)
    path.unlink()
    assert any(differs in problem for problem in verify_record(folder))


@pytest.mark.parametrize(
    ("serials", "due", "told"),
    [
        ((), DUE, "通番を一つずつ"), ((3, 3), DUE, "通番を一つずつ"), ((0,), DUE, "通番 0 は、提供"),
        ((16,), DUE, "通番 16 は、提供"), ((3,), "15日", "期限は"),
        ((3,), "2026-05-25", "提供した日"), ((3, 7), DUE, "通番 7 は、提供していません"), ((9,), DUE, "通番 9 は"),
        ((2, 15), DUE, "通番 2 は、提供していません"),
    ],
)  # fmt: skip
def test_a_serial_or_day_that_is_none_leaves_nothing_behind(
    supplied: Path, serials: tuple[int, ...], due: str, told: str
) -> None:
    before = len(read_entries(supplied / "runs/test_ward"))
    with pytest.raises(ParameterError, match=told):
        correct(supplied, *serials, due=due)
    assert len(read_entries(supplied / "runs/test_ward")) == before
    assert not list((supplied / "runs/test_ward/handover").iterdir())
    assert duties.read_duties(supplied, True) == []


def test_before_the_hand_over_there_is_nothing_to_correct(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    (stage.folder / RUN_NAME).write_text(yaml.safe_dump({"01": dict(stage.parameters)}))
    with pytest.raises(ParameterError, match="05 が完了していません"):
        correct(tmp_path, 3)


def test_a_damaged_register_stops_before_the_notice_is_written(supplied: Path) -> None:
    correct(supplied, 3)
    path = duties.locate_duties(supplied, True)
    path.write_text(path.read_text(encoding="utf-8").replace(DUE, "2026-12-15"), encoding="utf-8")
    with pytest.raises(IntegrityError):
        correct(supplied, 4)
    assert not (supplied / "runs/test_ward/handover/correction_002.pdf").exists()
