"""A live session that went wrong: what it left is found by whichever command comes next."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.vault import KEY_VARIABLE
from recruitlib.base.verification import verify_record
from recruitlib.pipeline import require_recorded
from tests.conftest import PARAMETERS, WARD

RUN = "runs/test_ward"
SECRETS = {
    "RECRUITLIB_PASSPHRASE": "demo", "RECRUITLIB_OFFICER_PASSPHRASE": "secret 2",
    "RECRUITLIB_REGISTER_PASSPHRASE": "secret 3", "RECRUITLIB_REGISTER_KEY": "secret 4",
    "RECRUITLIB_PRINT_PASSWORD": "secret 5",
}  # fmt: skip


def call(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call a command in a project."""
    return subprocess.run(
        [sys.executable, "-m", "recruitlib", *words], cwd=project, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def read_name(project: Path) -> str:
    """Read the name of somebody of the ward."""
    with (project / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        return next(row["氏名"] for row in csv.DictReader(file) if row["生年月日"] > "2008-05")


@pytest.mark.parametrize(
    "words", [("run", PARAMETERS, "--from", "03"), ("seal", RUN), ("review", PARAMETERS)]
)
def test_whichever_command_comes_next_finds_a_name_that_a_killed_session_left(
    reviewed: Path, words: tuple[str, ...]
) -> None:
    name = read_name(reviewed)
    left = reviewed / RUN / "live/.ipynb_checkpoints/03_review_counts_1-checkpoint.ipynb"
    left.parent.mkdir(parents=True)
    left.write_text(f'{{"cells": [{{"outputs": ["{name}"]}}]}}', encoding="utf-8")
    done = call(reviewed, *words)
    assert done.returncode == 15
    assert "record.no_personal_data" in done.stderr
    assert name not in done.stderr + done.stdout
    assert not left.exists()
    assert list((reviewed / RUN / "private").glob("trace_03_review_counts_1-checkpoint*"))
    assert verify_record(reviewed / RUN) == []


def test_a_killed_launcher_leaves_no_server_with_the_key_and_the_run_goes_on(
    reviewed: Path, run_quietly: Callable[..., Path]
) -> None:
    command = [sys.executable, "-m", "recruitlib", "review", PARAMETERS, "--no-browser"]
    review = subprocess.Popen(
        command, cwd=reviewed, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, **SECRETS, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert review.stdout is not None
    said = ""
    while "Ctrl+C" not in said:
        line = review.stdout.readline()
        assert line, said
        said += line
    started = psutil.Process(review.pid).children(recursive=True)
    assert len(started) == 2, "JupyterLab and the kernel"
    for process in started:
        given = process.environ()
        assert KEY_VARIABLE in given
        assert not [
            name for name, value in SECRETS.items() if name in given or value in given.values()
        ]
    with pytest.raises(AwaitingPerson, match="recruitlib review"):
        run_quietly(reviewed, first="03")
    review.send_signal(signal.SIGKILL)
    review.wait()
    log = reviewed / RUN / "live/review_1.log"
    until = time.monotonic() + 30
    while "Shutting down" not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < until, "the server goes on without its launcher"
        time.sleep(0.2)
    token = said.partition("token=")[2].split()[0]
    assert token
    assert token not in log.read_text(encoding="utf-8")
    run_quietly(reviewed, first="03", last="03")
    assert "live/review_1.log" in str(read_entries(reviewed / RUN))
    assert verify_record(reviewed / RUN) == []


def test_what_was_completed_in_a_live_session_only_is_not_printed_from(
    reviewed: Path, run_quietly: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the live notebook does when it is run to its end.
    monkeypatch.setenv(LIVE_VARIABLE, "live/03_review_counts_1.ipynb")
    run_quietly(reviewed, first="03", last="03")
    monkeypatch.delenv(LIVE_VARIABLE)
    with pytest.raises(AwaitingPerson, match="--from 03"):
        run_quietly(reviewed, first="04")
    run_quietly(reviewed, first="03", last="03")
    require_recorded(reviewed / RUN, "04")


def test_a_live_run_is_no_leave_to_change_the_sealed_notebook_of_the_record(
    reviewed: Path,
) -> None:
    folder = reviewed / RUN
    append_entry(folder, "03", "begun", files={}, live="live/03_review_counts_1.ipynb")
    path = folder / "notebooks/03_review_counts.ipynb"
    path.write_bytes(path.read_bytes() + b" ")
    done = call(reviewed, "seal", RUN)
    assert done.returncode == 15
    assert "封をした後に変えられています" in done.stderr
