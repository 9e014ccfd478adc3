"""What a run tells machines: its status and its log, and that telling stops nothing."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from recruitlib.base import status
from recruitlib.base.audit import append_entry
from recruitlib.base.errors import AwaitingPerson, GuardError, ParameterError
from recruitlib.base.record import STATUS_NAME
from recruitlib.base.status import RunStatus, open_log, read_status
from recruitlib.base.verification import verify_record
from recruitlib.cli.runs import remove_demonstration

OWN = {"run_id": "r8_1", "municipality_code": "131041", "operator": "1024"}


def run(folder: Path, stop: BaseException | None = None, tell: Any = None) -> None:
    """Stand in for a launcher: 01 completes, and 02 as well unless something stops it."""
    with RunStatus(tell) as told:
        told.name_run(OWN)
        with told.keep(folder):
            with told.at("01"):
                append_entry(folder, "01", "begun")
                append_entry(folder, "01", "completed")
            with told.at("02"):
                if stop:
                    raise stop


def read(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / STATUS_NAME).read_text(encoding="utf-8")))


def test_a_run_at_work_says_at_which_stage_it_is(tmp_path: Path) -> None:
    told = RunStatus()
    told.name_run(OWN)
    with told.keep(tmp_path), told.at("03"):
        found = read(tmp_path)
    time = found.pop("time")
    assert time.endswith("+00:00")
    assert found == {
        "run_id": "r8_1", "municipality_code": "131041", "state": "running", "stage": "03",
        "completed": [], "exit_code": None, "error": "", "message": "",
    }  # fmt: skip
    assert stat.S_IMODE((tmp_path / STATUS_NAME).stat().st_mode) == 0o600


def test_a_run_that_came_to_its_end_says_so(tmp_path: Path) -> None:
    run(tmp_path)
    found = read(tmp_path)
    assert (found["state"], found["stage"], found["completed"], found["exit_code"]) == (
        "completed", "02", ["01"], 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stop", "state", "code", "message"),
    [
        (GuardError("件数が違います。"), "stopped", 12, "件数が違います。"),
        (AwaitingPerson("承認を待っています。"), "waiting", 13, "承認を待っています。"),
        (KeyboardInterrupt(), "stopped", 130, "中断しました"),
        (ValueError("山田　太郎"), "stopped", 1, "ValueError（"),
        (OSError(errno.ENOSPC, "full"), "stopped", 1, "ディスクに空きがなく"),
    ],
    ids=["guard", "waits", "ctrl-c", "unforeseen", "full disk"],
)
def test_a_run_that_stopped_says_by_what_and_never_by_whom(
    tmp_path: Path, stop: BaseException, state: str, code: int, message: str
) -> None:
    with pytest.raises(type(stop)):
        run(tmp_path, stop)
    found = read(tmp_path)
    assert (found["state"], found["exit_code"], found["error"]) == (
        state,
        code,
        type(stop).__name__,
    )
    assert message in found["message"]
    assert "山田" not in found["message"]


def test_the_log_has_one_line_for_each_event_and_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    folder = tmp_path / "run"
    folder.mkdir()
    run(folder, tell=open_log(str(log)))
    with pytest.raises(GuardError):
        run(folder, GuardError("件数が違います。"), open_log(str(log)))
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["stage"], line["exit_code"]) for line in lines] == [
        ("begun", "", None), ("stage_begun", "01", None), ("stage_completed", "01", None),
        ("stage_begun", "02", None), ("stage_completed", "02", None), ("completed", "02", 0),
        ("begun", "", None), ("stage_begun", "01", None), ("stage_completed", "01", None),
        ("stage_begun", "02", None), ("stopped", "02", 12),
    ]  # fmt: skip
    assert [line["seconds"] is None for line in lines[:6]] == [
        True,
        True,
        False,
        True,
        False,
        False,
    ]
    assert {line["run_id"] for line in lines} == {"r8_1"}
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_what_is_refused_before_there_is_a_run_stands_in_the_log_alone(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with pytest.raises(ParameterError), RunStatus(open_log(str(log))):
        raise ParameterError("項目がありません。書いてください。")
    line = json.loads(log.read_text(encoding="utf-8"))
    assert (line["event"], line["exit_code"], line["run_id"]) == ("stopped", 10, "")


def test_a_log_that_cannot_be_written_is_refused_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="書けません"):
        open_log(str(tmp_path / "none/log.jsonl"))


@pytest.mark.parametrize("stop", [None, GuardError("件数が違います。")], ids=["clean", "stopped"])
def test_a_disk_that_refuses_the_status_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: GuardError | None
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(status, "write_atomically", refuse)
    if stop is None:
        run(tmp_path, tell=refuse)
    else:
        with pytest.raises(GuardError):
            run(tmp_path, stop, refuse)
    assert not (tmp_path / STATUS_NAME).exists()


def test_a_record_that_was_changed_is_not_hidden_by_the_status(tmp_path: Path) -> None:
    with pytest.raises(GuardError), RunStatus() as told, told.keep(tmp_path):
        (tmp_path / "audit.jsonl").write_text("no chain\n", encoding="utf-8")
        raise GuardError("件数が違います。")
    assert read(tmp_path)["exit_code"] == 12


def test_verify_knows_a_status_of_the_launcher_and_no_other_file_of_its_name(
    tmp_path: Path,
) -> None:
    run(tmp_path)
    problems = verify_record(tmp_path)
    assert not [problem for problem in problems if STATUS_NAME in problem]
    path = tmp_path / STATUS_NAME
    written = path.read_text(encoding="utf-8")
    for other in ("", "[]\n", "{}\n", written + "山田　太郎\n", written.replace("completed", "done"),
                  written.replace('"error": ""', '"error": []')):  # fmt: skip
        path.write_text(other, encoding="utf-8")
        assert read_status(tmp_path) == {}
        told = [problem for problem in verify_record(tmp_path) if STATUS_NAME in problem]
        assert told == [f"{STATUS_NAME}: 記録にないファイルです。"]


def test_a_demonstration_that_left_only_its_status_is_removed(tmp_path: Path) -> None:
    with RunStatus().keep(tmp_path):
        pass
    remove_demonstration(tmp_path)
    assert list(tmp_path.iterdir()) == []
