"""The state of a run for machines: ``status.json`` in its folder, and a log of JSON lines.

A job scheduler reads them; officers have ``recruitlib runs``. Neither is evidence: nothing vouches
for them, and whoever asks how far a run is asks its record. A launcher that was killed leaves
``running`` behind. What an event says are codes, stages, times and the one line of an error, which
never holds a person's value.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recruitlib.base.audit import read_entries, write_atomically
from recruitlib.base.errors import (
    AwaitingPerson,
    ParameterError,
    RecruitError,
    describe_place,
    explain_refusal,
)
from recruitlib.base.parameters import STAGES
from recruitlib.base.record import STATUS_NAME
from recruitlib.base.run import list_completed

RUNNING, COMPLETED, STOPPED, WAITING = "running", "completed", "stopped", "waiting"
BEGUN, STAGE_BEGUN, STAGE_COMPLETED = "begun", "stage_begun", "stage_completed"
INTERRUPTED = 130
_STATES = (RUNNING, COMPLETED, STOPPED, WAITING)
_FIELDS = {
    "run_id": str, "municipality_code": str, "state": str, "stage": str, "completed": list,
    "exit_code": int | None, "error": str, "message": str, "time": str,
}  # fmt: skip
_LARGEST = 100_000  # bytes
Event = dict[str, Any]
Tell = Callable[[Event], None]


class RunStatus:
    """Tells how far a run is, to a log from the start and to ``status.json`` while the run is held.

    It is told on the way and stops nothing: what cannot be written is left out, so that a full disk
    ends a run with the code that it would have had.

    Args:
        tell: where each event goes; it may fail.
    """

    def __init__(self, tell: Tell | None = None) -> None:
        self._tell = tell
        self._run = {"run_id": "", "municipality_code": ""}
        self._folder: Path | None = None
        self._completed: list[str] = []
        self._stage, self._began, self._has_ended = "", time.monotonic(), False

    def __enter__(self) -> RunStatus:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._end(error)

    def name_run(self, parameters: Mapping[str, Any]) -> None:
        """Say whose run it is, as soon as its parameters are known."""
        self._run = {name: parameters[name] for name in self._run}

    @contextmanager
    def keep(self, folder: Path) -> Iterator[None]:
        """Keep ``status.json`` of a run; the caller holds the run."""
        self._folder = folder
        self._report(BEGUN)
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise
        self._end(None)

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Tell that a stage begins, and that it is complete unless something stops it."""
        self._stage, began = stage, time.monotonic()
        self._report(STAGE_BEGUN)
        yield
        self._report(STAGE_COMPLETED, seconds=time.monotonic() - began)

    def _end(self, error: BaseException | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        state = COMPLETED if error is None else STOPPED
        facts = describe_end(error)
        self._report(state, seconds=time.monotonic() - self._began, **facts)

    def _report(self, event: str, seconds: float | None = None, exit_code: int | None = None,
                error: str = "", message: str = "") -> None:  # fmt: skip
        made = make_event(**self._run, event=event, stage=self._stage, seconds=seconds,
                          exit_code=exit_code, error=error, message=message)  # fmt: skip
        with suppress(OSError, ValueError):
            if self._tell:
                self._tell(made)
        if self._folder is None:
            return
        with suppress(OSError, RecruitError):
            self._completed = list_completed(read_entries(self._folder))
        state = event if event in _STATES else RUNNING
        if error == AwaitingPerson.__name__:
            state = WAITING
        status = {
            **self._run, "state": state, "stage": self._stage, "completed": self._completed,
            **{name: made[name] for name in ("exit_code", "error", "message", "time")},
        }  # fmt: skip
        with suppress(OSError):
            write_atomically(self._folder / STATUS_NAME, _write_line(status))


def make_event(
    run_id: str, municipality_code: str, event: str, stage: str = "", seconds: float | None = None,
    exit_code: int | None = None, error: str = "", message: str = "",
) -> Event:  # fmt: skip
    """Make an event of a run, of now: what a line of the log says."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"), "run_id": run_id,
        "municipality_code": municipality_code, "event": event, "stage": stage,
        "seconds": None if seconds is None else round(seconds, 3), "exit_code": exit_code,
        "error": error, "message": message,
    }  # fmt: skip


def describe_end(error: BaseException | None) -> dict[str, Any]:
    """Describe how a run ended: its exit code, the class of what stopped it, and its one line."""
    if error is None:
        return {"exit_code": 0}
    code, message = 1, explain_refusal(error) or describe_place(error)
    if isinstance(error, RecruitError):
        code, message = error.exit_code, str(error)
    elif isinstance(error, KeyboardInterrupt):
        code, message = INTERRUPTED, "中断しました。同じコマンドで続きから実行してください。"
    return {"exit_code": code, "error": type(error).__name__, "message": message}


def read_status(folder: Path) -> dict[str, Any]:
    """Read ``status.json`` of a run; empty where a launcher has written none of its form."""
    path = folder / STATUS_NAME
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return {}
        content = path.read_bytes()
        status = json.loads(content)
        is_ours = _is_status(status) and _write_line(status) == content
    except (OSError, ValueError, RecursionError):
        return {}
    return dict(status) if is_ours else {}


def _is_status(status: object) -> bool:
    return (
        isinstance(status, dict)
        and status.keys() == _FIELDS.keys()
        and all(isinstance(status[name], kind) for name, kind in _FIELDS.items())
        and status["state"] in _STATES
        and set(status["completed"]) <= set(STAGES)
    )


def _write_line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def open_log(place: str) -> Tell:
    """Open a log of JSON lines, to which every event is appended at once.

    Args:
        place: the file, which only its owner can read; "-" is the standard output.

    Raises:
        ParameterError: it cannot be written.
    """
    if place == "-":
        return lambda event: _append(sys.stdout.fileno(), event)
    try:
        os.close(_open_file(place))
    except OSError as error:
        raise ParameterError(
            f"--log {place}: 書けません（{type(error).__name__}）。場所と権限を確かめてください。"
        ) from None

    def tell(event: Event) -> None:
        descriptor = _open_file(place)
        try:
            _append(descriptor, event)
        finally:
            os.close(descriptor)

    return tell


def _open_file(place: str) -> int:
    return os.open(
        place, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
    )


def _append(descriptor: int, event: Event) -> None:
    """Append one line in one piece: other processes may write to the same file."""
    os.write(descriptor, _write_line(event))
