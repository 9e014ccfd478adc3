"""A fleet of three wards: one is wrong, the workers of two are killed, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.run import list_completed
from recruitlib.base.status import read_status
from recruitlib.base.verification import verify_record
from tests.browser.sockets import LOOPBACK, read_calls, watch_calls
from tests.conftest import ROOT, Made
from tests.fleet.conftest import Place, plant_fault
from tests.incidents.accident import RUN

PATIENCE = 150.0
STAGE_KILLED, TREE_KILLED, WRONG = 0, 1, 2


class Ended(NamedTuple):
    """A fleet that has ended: its runs' folders in order, its exit code, screen, log, calls and what it left."""

    folders: list[Path]
    code: int
    screen: list[str]
    log: list[dict[str, object]]
    calls: set[str]
    left: list[str]


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def find_run(fleet: psutil.Process, file: Path) -> psutil.Process | None:
    """Find the process of a run below the workers of a fleet."""
    for one in fleet.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if {"run", str(file)} <= set(one.cmdline()):
                return one
    return None


def is_in(file: Path, stage: str) -> bool:
    """Whether a run is in the middle of a stage, by its record."""
    last = read_entries(file.parents[1] / RUN)[-1]
    return (last["stage"], last["event"] != "completed") == (stage, True)


def kill_worker(fleet: psutil.Process, file: Path, *, with_run: bool) -> None:
    """Kill the worker that does a run; the run too, as where the power of the whole PC fails."""
    run = find_run(fleet, file)
    assert run is not None
    lost = [run, *run.children(recursive=True)] if with_run else []
    for one in [run.parent(), *lost]:
        assert one is not None
        with suppress(psutil.NoSuchProcess):
            one.kill()


@pytest.fixture(scope="module")
def ended(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    files = [place("a", "matched"), place("b", "matched"), plant_fault(place("c", "ward"))]
    base = tmp_path_factory.mktemp("fleet")
    log, calls, screen = base / "fleet.jsonl", base / "calls.txt", base / "screen.txt"
    watched = watch_calls(calls)
    scratch = Path(tempfile.mkdtemp(prefix="rl"))  # a short path, as the kernels' sockets want
    with screen.open("wb") as shown:
        fleet = subprocess.Popen(
            [sys.executable, "-m", "recruitlib", "fleet", *map(str, files), "--through", "04",
             "--workers", "2", "--log", str(log)],
            stdout=shown, stderr=subprocess.STDOUT, cwd=base,
            env={**os.environ, **watched, "TMPDIR": str(scratch),
                 "PYTHONPATH": f"{watched['PYTHONPATH']}{os.pathsep}{ROOT}"},
        )  # fmt: skip
    try:
        process = psutil.Process(fleet.pid)
        wait_for(lambda: is_in(files[STAGE_KILLED], "03"))
        kill_worker(process, files[STAGE_KILLED], with_run=False)
        wait_for(lambda: is_in(files[TREE_KILLED], "03") and find_run(process, files[TREE_KILLED]))
        kill_worker(process, files[TREE_KILLED], with_run=True)
        code = fleet.wait(PATIENCE)
    finally:
        fleet.kill()
        fleet.wait()
    yield Ended(
        [file.parents[1] / RUN for file in files], code,
        screen.read_text(encoding="utf-8").splitlines(),
        [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()],
        read_calls(calls), [path.name for path in scratch.iterdir()],
    )  # fmt: skip


def test_the_fleet_ends_with_the_code_of_the_one_that_is_wrong(ended: Ended) -> None:
    assert ended.code == 12, ended.screen
    assert [line.split()[3] for line in ended.screen if line.startswith("131041  ")] == [
        "完了済み",  # by its own process, which went on without its worker
        "完了",
        "停止",
    ]
    assert "完了 1  完了済み 1  停止 1" in ended.screen


def test_two_are_complete_with_the_counts_of_a_plain_run(ended: Ended, checkpoint: Made) -> None:
    plain = checkpoint("printed") / RUN
    for folder in ended.folders[:2]:
        assert list_completed(read_entries(folder)) == ["01", "02", "03", "04"]
        assert (folder / "counts.csv").read_bytes() == (plain / "counts.csv").read_bytes()
        made, expected = (
            {path.name for path in (one / "private").glob("*.pdf")} for one in (folder, plain)
        )
        assert made == expected


def test_the_third_has_stopped_at_its_guard_and_says_why(ended: Ended) -> None:
    status = read_status(ended.folders[WRONG])
    assert (status["state"], status["exit_code"], status["error"]) == ("stopped", 12, "GuardError")
    assert "1,775" in status["message"]
    assert list_completed(read_entries(ended.folders[WRONG])) == []


def test_every_record_is_clean(ended: Ended) -> None:
    assert [verify_record(folder) for folder in ended.folders] == [[], [], []]


def test_no_stage_was_done_twice_but_the_one_that_was_cut_off(ended: Ended) -> None:
    begun = [
        [entry["stage"] for entry in read_entries(folder) if entry["event"] == "begun"]
        for folder in ended.folders
    ]
    assert begun == [["01", "02", "03", "04"], ["01", "02", "03", "03", "04"], ["01"]]


def test_the_log_tells_of_every_run_how_it_ended(ended: Ended) -> None:
    ends = sorted(str(one["event"]) for one in ended.log if one["exit_code"] is not None)
    assert ends == ["completed", "completed", "stopped"]
    assert {one["run_id"] for one in ended.log} == {"test_ward"}


def test_nobody_outside_this_computer_is_asked(ended: Ended) -> None:
    assert ended.calls <= {LOOPBACK}


def test_the_workers_leave_nothing_in_the_temporary_folder(ended: Ended) -> None:
    assert [name for name in ended.left if "dask" in name] == []
