"""Faults that are more than one process broken off: orphans, two at once, and the clock."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.audit import AUDIT_NAME, digest_bytes, find_latest, read_entries
from recruitlib.base.errors import AwaitingPerson, GuardError
from recruitlib.base.parameters import STAGES
from recruitlib.base.serial_acts import PROPOSED
from tests.conftest import PARAMETERS, ROOT
from tests.incidents.accident import RUN
from tests.interruption.faults import is_answering
from tests.interruption.faults import start_twice as start_both
from tests.interruption.state import look
from tests.interruption.trial import Outcome, Trial, check_end
from tests.interruption.workshop import Ended, Workshop, run_stage

_REFUSED = AwaitingPerson.exit_code
_LONGEST = 90


def kill_launchers(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Kill the launcher alone, really started, and type the command again at once."""
    for stage, trial in trials.items():
        began = time.monotonic()
        project = workshop.copy(stage)
        words = [sys.executable, "-m", "recruitlib", *run_stage(stage).split()[1:]]
        environment = {**os.environ, "TMPDIR": str(workshop.scratch), "PYTHONPATH": str(ROOT)}
        launcher = subprocess.Popen(
            words,
            cwd=project,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The kernel is at work as soon as it has written something.
        before = (project / RUN / AUDIT_NAME).stat().st_mtime_ns if stage > "01" else 0
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until and launcher.poll() is None:
            chain = project / RUN / AUDIT_NAME
            if (
                chain.exists()
                and chain.stat().st_mtime_ns > before
                and is_answering(project, stage)
            ):
                break
            time.sleep(0.01)
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
        broke = launcher.returncode == -signal.SIGKILL
        left = len(look(project, begun=stage > "01").problems)
        repeated = workshop.run(project, trial.command)
        # The kernel that was left behind may have come to the end of the stage meanwhile.
        losses = list(check_end(workshop, project, trial, repeated, is_done=True))
        seconds = time.monotonic() - began
        yield "launcher", f"{stage}", Outcome(f"{stage} launcher", losses, left, broke, seconds)


def start_twice(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Start a command twice on one folder, at once and later; and beside the live session."""
    for stage, trial in trials.items():
        # Before the middle: the second needs seconds to begin, and the first must be at work then.
        for later in (0.0, chance.uniform(0.2, trial.ended.seconds * 0.4)):
            began = time.monotonic()
            project = workshop.copy(stage)
            both = start_both(workshop, project, trial.command, trial.command, later)
            losses = list(check_both(both.first, both.second))
            done = both.first if both.first.exit_code == 0 else both.second
            losses += check_end(workshop, project, trial, done, is_done=False)
            label = f"{stage} twice, {later:.1f} s later"
            seconds = time.monotonic() - began
            yield "two at once", stage, Outcome(label, losses, 0, False, seconds)
    yield from _run_beside_session(workshop, trials["03"])
    yield from _run_beside_act(workshop, trials["05"])


def check_both(*both: Ended) -> Iterator[str]:
    """Say what is wrong where one of two commands must have been refused, and have changed nothing."""
    codes = sorted(ended.exit_code for ended in both)
    if codes != [0, _REFUSED]:
        yield f"exit codes {codes}: {[ended.screen.strip()[-200:] for ended in both]}"
        return
    refused = next(ended for ended in both if ended.exit_code)
    # Only the lock that is somebody else's was looked at.
    if refused.writes or "もう一度実行してください" not in refused.screen:
        yield f"the refused one: {refused.writes[:3]} {refused.screen.strip()[-200:]}"


def _heed_interrupts() -> None:
    """Let Ctrl+C end the session also where this process was started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _open_session(workshop: Workshop, project: Path) -> Iterator[None]:
    """Open the live session of a run, as an officer does, and close it."""
    words = [sys.executable, "-m", "recruitlib", "review", PARAMETERS, "--no-browser"]
    session = subprocess.Popen(
        words, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", preexec_fn=_heed_interrupts, env={**os.environ, "TMPDIR": str(workshop.scratch), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert session.stdout
    try:
        for line in session.stdout:
            if "シャットダウン" in line:
                break
        yield
    finally:
        session.send_signal(signal.SIGINT)
        session.communicate(timeout=_LONGEST)


def _run_beside_session(workshop: Workshop, trial: Trial) -> Iterator[tuple[str, str, Outcome]]:
    began = time.monotonic()
    project = workshop.copy(trial.start)
    with _open_session(workshop, project):
        refused = workshop.run(project, trial.command)
    losses = [] if refused.exit_code == _REFUSED and not refused.writes else [refused.screen[-200:]]
    ended = workshop.run(project, trial.command)
    losses += [
        loss
        for loss in check_end(workshop, project, trial, ended, is_done=False)
        if ": live/" not in loss
    ]  # what the session has sealed
    seconds = time.monotonic() - began
    yield "two at once", "03 beside `review`", Outcome("session", losses, 0, False, seconds)


def _run_beside_act(workshop: Workshop, trial: Trial) -> Iterator[tuple[str, str, Outcome]]:
    """Prepare an act while 05 runs: it comes before 05 has begun, or is refused; 05 ends as ever."""
    began = time.monotonic()
    project = workshop.copy(trial.start)
    act = f"recruitlib spoil {PARAMETERS} --sheets all:3 --by 見本A"
    both = start_both(workshop, project, trial.command, act, trial.ended.seconds / 3)
    losses = list(_check_act(both.second, read_entries(project / RUN)))
    losses += check_end(workshop, project, trial, both.first, is_done=False)
    label = f"act beside 05, exit code {both.second.exit_code}"
    seconds = time.monotonic() - began
    yield "two at once", "05 beside `spoil`", Outcome(label, losses, 0, False, seconds)


def _check_act(act: Ended, entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what is wrong with an act beside 05: done after the hand-over, or refused and has written."""
    if act.exit_code == 0:
        prepared = find_latest(entries, "05", PROPOSED)
        given_out = find_latest(entries, "05", "completed")
        if not prepared or (given_out and given_out["seq"] < prepared["seq"]):
            yield "the act was done, and does not stand before the hand-over"
    elif act.exit_code not in (GuardError.exit_code, _REFUSED):
        yield f"the act: exit code {act.exit_code}: {act.screen[-200:]}"
    elif act.writes:
        yield f"the refused act wrote {act.writes[:3]}"


def set_clock_back(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Let a record end an hour later than now, before a stage, or an act, whose day is the system's."""
    for number in STAGES:
        began = time.monotonic()
        project = workshop.copy("01")
        path = project / PARAMETERS
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        days = {stage: day for stage, day in values["business_date"].items() if stage < number}
        values["business_date"] = days
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        # 01 itself stops, since the lists are not of today, and has begun.
        before = max(days, default=number)
        workshop.run(project, f"recruitlib run {PARAMETERS} --from 01 --through {before}")
        add_later_entry(project / RUN, timedelta(hours=1))
        commands = {number: run_stage(number)}
        if number == "05":
            commands["`spoil`"] = f"recruitlib spoil {PARAMETERS} --sheets all:3 --by 見本A"
        for where, command in commands.items():
            losses = list(_check_clock(workshop.run(project, command), number))
            losses += look(project, begun=True).problems if number < "06" else []
            label, seconds = f"clock {where}", time.monotonic() - began
            yield "clock", where, Outcome(label, losses, 0, False, seconds)
            began = time.monotonic()


def _check_clock(ended: Ended, number: str) -> Iterator[str]:
    """Say what is wrong: a clock that is behind keeps everything waiting but closing."""
    is_kept = ended.exit_code == _REFUSED and "時計" in ended.screen
    if is_kept != (number < "06"):
        yield f"exit code {ended.exit_code}: {ended.screen[-200:]}"


def add_later_entry(folder: Path, later: timedelta) -> None:
    """Add an entry to a record as it would be written with a clock that is ahead."""
    entries = read_entries(folder)
    entry = {
        "seq": len(entries) + 1, "at": (datetime.now(UTC) + later).isoformat(timespec="seconds"),
        "login": entries[-1]["login"], "stage": "", "event": "why_shown", "facts": {},
        "previous": entries[-1]["hash"],
    }  # fmt: skip
    entry["hash"] = digest_bytes(_serialise(entry).encode())
    with (folder / AUDIT_NAME).open("a", encoding="utf-8") as chain:
        chain.write(_serialise(entry) + "\n")


def _serialise(entry: dict[str, object]) -> str:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
