"""What stops a fleet: a person at the terminal, and a run that takes every worker down with it.

The processes of the runs are small stand-ins, so that only the fleet itself is looked at.
"""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import dask
import pytest

from recruitlib.base.parameters import STAGES
from recruitlib.base.status import Event
from recruitlib.fleet.board import Board, find_gravest
from recruitlib.fleet.cluster import open_cluster, run_fleet
from recruitlib.fleet.errand import BROKEN_OFF, DONE
from recruitlib.fleet.orders import Order
from tests.fleet.conftest import open_inner_cluster

# Tells that it has begun, and then does what the test wants. It stands where ``recruitlib`` does.
STAND_IN = """
import json, os, signal, time
def tell(event, code=None, error=""):
    names = "time run_id municipality_code event stage seconds exit_code error message"
    own = {{"event": event, "exit_code": code, "error": error, "run_id": "r", "municipality_code": "131041"}}
    print(json.dumps({{name: own.get(name, "") for name in names.split()}}), flush=True)
tell("stage_begun")
try:
    {work}
    tell("completed", 0)
except KeyboardInterrupt:
    tell("stopped", 130, "KeyboardInterrupt")
"""


def place_order(base: Path, number: int, work: str) -> Order:
    """Place a stand-in whose work is a line of Python, and order its run."""
    root = base / str(number)
    (root / "recruitlib").mkdir(parents=True)
    (root / "recruitlib/__init__.py").touch()
    (root / "recruitlib/__main__.py").write_text(STAND_IN.format(work=work), encoding="utf-8")
    return Order(
        number, str(root / "r.yaml"), str(root), str(root / "runs/r"), "r", "131041", "新宿区", True,
        1, STAGES[:1], "",
    )  # fmt: skip


def test_whoever_stops_a_fleet_stops_what_is_at_work_and_nothing_else_is_begun(
    tmp_path: Path,
) -> None:
    orders = [place_order(tmp_path, number, "time.sleep(60)") for number in range(3)]

    def press(number: int, event: Event) -> None:
        if event["event"] == "stage_begun":
            os.kill(os.getpid(), signal.SIGINT)

    told: list[str] = []
    with open_inner_cluster() as client:
        board = Board(orders, told.append, io.StringIO())
        results, was_stopped = run_fleet(client, orders, board, press)
    assert was_stopped
    assert [(result.state, result.exit_code) for result in results] == [(BROKEN_OFF, 130)]
    assert len(told) == 2


def test_a_run_whose_worker_is_lost_again_and_again_is_given_up_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [
        place_order(tmp_path, 0, "os.kill(os.getppid(), signal.SIGKILL)"),
        place_order(tmp_path, 1, "time.sleep(1)"),
    ]
    events: list[tuple[int, str]] = []
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        open_cluster(2, lambda line: None) as client,
    ):
        board = Board(orders, lambda line: None, io.StringIO())
        results, _ = run_fleet(
            client, orders, board, lambda number, event: events.append((number, event["event"]))
        )
    assert [result.state for result in sorted(results)] == [BROKEN_OFF, DONE]
    assert find_gravest(results) == 1
    assert "もう一度" in sorted(results)[0].message
    assert (0, "stopped") in events
