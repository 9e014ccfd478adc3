"""The locks of a run's folder: whoever comes second is refused, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recruitlib.base import run_lock
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.run_lock import hold_run, take_stage

_HOLD = """
import sys, time
from pathlib import Path
from recruitlib.base.run_lock import hold_run, take_stage
folder = Path(sys.argv[1])
lock = hold_run(folder) if sys.argv[2] == "run" else take_stage(folder)
lock.__enter__()
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def held_elsewhere(folder: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process."""
    words = [sys.executable, "-c", _HOLD, str(folder), what]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ}) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "_ORPHAN_SECONDS", 0.1)


def test_a_second_command_is_refused_at_once_and_told_what_to_do(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path, "run"):
        began = time.monotonic()
        with pytest.raises(AwaitingPerson, match="もう一度実行してください"), hold_run(tmp_path):
            raise AssertionError
        assert time.monotonic() - began < 1
    with hold_run(tmp_path):
        pass


@pytest.mark.usefixtures("impatient")
def test_no_command_begins_and_no_second_notebook_while_one_is_at_work(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path, "stage"):
        with pytest.raises(AwaitingPerson, match="ノートブックが動いています"), hold_run(tmp_path):
            raise AssertionError
        with pytest.raises(AwaitingPerson, match="カーネルを終えて"):
            take_stage(tmp_path)


def test_the_killed_hold_nothing_and_an_orphan_is_waited_for(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path, "stage") as orphan:
        orphan.send_signal(signal.SIGKILL)
        with hold_run(tmp_path):
            take_stage(tmp_path).release()


def test_a_notebook_that_begins_again_takes_its_own_lock_again(tmp_path: Path) -> None:
    first = take_stage(tmp_path)
    assert take_stage(tmp_path) is first
    first.release(force=True)
    with held_elsewhere(tmp_path, "stage"):
        pass
