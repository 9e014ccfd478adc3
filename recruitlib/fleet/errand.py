"""Errands (使い): what a worker does for one order, in a process of its own.

Each run is a ``recruitlib run`` of its own in the folder of its municipality. It is given no secret
of the worker, and however it ends is a result and no error of the fleet. What was broken off goes
on from its record; nothing else is tried again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import (
    AwaitingPerson,
    IntegrityError,
    ParameterError,
    RecruitError,
    UnforeseenError,
    describe_place,
)
from recruitlib.base.run import list_completed
from recruitlib.base.run_lock import is_at_work
from recruitlib.base.status import (
    COMPLETED,
    INTERRUPTED,
    RUNNING,
    STOPPED,
    Event,
    make_event,
    read_status,
)
from recruitlib.base.vault import (
    PASSPHRASE_VARIABLE,
    PRINT_PASSWORD_VARIABLE,
    REGISTER_PASSPHRASE_VARIABLE,
)
from recruitlib.fleet.orders import Order
from recruitlib.oversight.run_index import list_runs

# How a run ended, as an officer reads it.
DONE, DONE_BEFORE, WAITS, HALTED, BROKEN_OFF = "完了", "完了済み", "判断待ち", "停止", "中断"
SECRETS = (PASSPHRASE_VARIABLE, PRINT_PASSWORD_VARIABLE, REGISTER_PASSPHRASE_VARIABLE)
_OWN = "RECRUITLIB_"  # how every variable of this program begins
_ATTEMPTS = 2
_ORPHAN_SECONDS, _EVERY_SECONDS = 3600.0, 0.5
AGAIN = "同じコマンドをもう一度実行してください。続きから始まります。"
_at_work: dict[str, set[subprocess.Popen[bytes]]] = {}
_stopped: set[str] = set()


class Result(NamedTuple):
    """How the run of an order ended; ``next_step`` is what a person does next, "" for nothing."""

    number: int
    state: str
    stage: str
    exit_code: int
    seconds: float
    error: str = ""
    message: str = ""
    next_step: str = ""


def run_municipality(order: Order, topic: str, tell: Callable[[Event], None]) -> Result:
    """Run what is not complete yet of an order, and say how it ended.

    Args:
        order: the run.
        topic: of the fleet; ``stop_errands`` knows it by that.
        tell: where the events of the run go.
    """
    began = time.monotonic()
    try:
        end = _run_rest(order, topic, tell)
    except RecruitError as error:
        end = _end_by(order, error)
    except Exception as error:
        end = _end_by(order, UnforeseenError(f"予期しない誤りです: {describe_place(error)}"))
    if not end.pop("is_told", False):
        tell(end)
    return _describe(order, end, time.monotonic() - began)


def _end_by(order: Order, error: RecruitError, stage: str = "", code: int | None = None) -> Event:
    return make_event(
        order.run_id, order.municipality_code, STOPPED, stage=stage,
        exit_code=error.exit_code if code is None else code, error=type(error).__name__,
        message=str(error),
    )  # fmt: skip


def _run_rest(order: Order, topic: str, tell: Callable[[Event], None]) -> Event:
    """Run the stages that are not complete; once more where somebody has killed the process."""
    _await_orphan(Path(order.folder), topic)
    environment = make_environment(order)
    stage = ""
    for _ in range(_ATTEMPTS):
        rest = list_rest(order)
        if not rest:
            return make_event(
                order.run_id, order.municipality_code, COMPLETED, stage=order.stages[-1],
                exit_code=0, message=DONE_BEFORE,
            )  # fmt: skip
        if topic in _stopped:
            return _end_by(order, UnforeseenError(f"止められました。{AGAIN}"), code=INTERRUPTED)
        code, last = _run_child(order, rest[0], environment, topic, tell)
        stage = last.get("stage", "")
        if last.get("event") in (COMPLETED, STOPPED):
            return {**last, "is_told": True}
        if code >= 0:
            break
    error = UnforeseenError(f"実行のプロセスが途中で終わりました（コード {code}）。{AGAIN}")
    return _end_by(order, error, stage)


def list_rest(order: Order) -> list[str]:
    """List the stages of an order that its record does not call complete.

    Raises:
        IntegrityError: the record is not intact.
    """
    done = list_completed(read_entries(Path(order.folder)))
    return [stage for stage in order.stages if stage not in done]


def _await_orphan(folder: Path, topic: str) -> None:
    """Wait until a run has ended whose worker was lost; it still holds the run, and goes on.

    Raises:
        AwaitingPerson: it has not ended in an hour.
    """
    until = time.monotonic() + _ORPHAN_SECONDS
    while read_status(folder).get("state") == RUNNING and is_at_work(folder):
        if topic in _stopped:
            return
        if time.monotonic() > until:
            raise AwaitingPerson(
                f"実行 {folder.name} では、ほかの作業が動き続けています。終わるのを待ってください。"
            )
        time.sleep(_EVERY_SECONDS)


def make_environment(order: Order) -> dict[str, str]:
    """Make the environment of a run: without the worker's secrets, with those of its municipality.

    Where no file holds them, the run finds its own in the keyring, as ever.

    Raises:
        ParameterError: the file of secrets is not what it should be.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    if not order.secrets:
        return plain
    folder = Path(order.secrets)
    if not folder.is_dir():
        raise ParameterError(
            "--secrets: 作業する PC に、そのフォルダがありません。場所を確かめてください。"
        )
    return plain | read_secrets(folder / f"{order.municipality_code}.env")


def read_secrets(path: Path, posix: bool = os.name == "posix") -> dict[str, str]:
    """Read the secrets of a municipality: lines of a variable's name, ``=`` and its value.

    Returns:
        the value of each variable; empty where there is no file.

    Raises:
        ParameterError: others can read it, or a line is no such line; names the line, not the value.
    """
    if not path.exists():
        return {}
    if posix and path.stat().st_mode & 0o077:
        raise ParameterError(
            f"{path.name}: ほかの利用者も開けるファイルです。chmod 600 {path.name} を実行してください。"
        )
    secrets = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        name, sign, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if name.strip() not in SECRETS or not sign or not value:
            raise ParameterError(
                f"{path.name}: {number}行目を読めません。{'、'.join(SECRETS)} のどれかを、名前=値 と書いてください。"
            )
        secrets[name.strip()] = value
    return secrets


def _run_child(
    order: Order, first: str, environment: Mapping[str, str], topic: str,
    tell: Callable[[Event], None],
) -> tuple[int, Event]:  # fmt: skip
    """Run stages in a process of their own; give its exit code and the last event that it told."""
    command = [
        sys.executable, "-m", "recruitlib", "run", order.file, "--from", first,
        "--through", order.stages[-1], "--log", "-",
    ]  # fmt: skip
    child = subprocess.Popen(
        command, cwd=order.root, env=dict(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=os.name == "posix",  # Ctrl+C at the terminal is the fleet's to pass on
    )  # fmt: skip
    own = _at_work.setdefault(topic, set())
    own.add(child)
    last: Event = {}
    try:
        for event in _read_events(child):
            tell(event)
            last = event
        return child.wait(), last
    finally:
        own.discard(child)


def _read_events(child: subprocess.Popen[bytes]) -> Iterator[Event]:
    """Read the events of a run; nothing else that stands on its output goes further."""
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and event.keys() == make_event("", "", "").keys():
                yield event


def stop_errands(topic: str) -> None:
    """Stop what this worker does for a fleet: its runs end as if somebody had pressed Ctrl+C."""
    _stopped.add(topic)
    for child in tuple(_at_work.get(topic, ())):
        if os.name == "posix":
            child.send_signal(signal.SIGINT)
        else:
            child.terminate()


def _describe(order: Order, end: Mapping[str, Any], seconds: float) -> Result:
    code = int(end["exit_code"])
    if code == 0:
        state = DONE_BEFORE if end["message"] == DONE_BEFORE else DONE
        return Result(order.number, state, end["stage"], 0, seconds)
    state = WAITS if code == AwaitingPerson.exit_code else HALTED
    if code == INTERRUPTED or AGAIN in end["message"]:
        state = BROKEN_OFF
    return Result(
        order.number, state, end["stage"], code, seconds, end["error"], end["message"],
        _find_next(order, code),
    )  # fmt: skip


def _find_next(order: Order, code: int) -> str:
    """Find what to type next, as the index of runs says it; a run without a record has no line."""
    name = Path(order.folder).relative_to(order.root).as_posix()
    try:
        lines = list_runs(Path(order.root), order.is_demonstration)
    except (OSError, RecruitError):
        lines = []
    told = next((line.next_step for line in lines if line.name == name), "")
    is_broken = code == IntegrityError.exit_code
    return told or ("管理者に知らせてください" if is_broken else "直して、同じコマンドをもう一度")
