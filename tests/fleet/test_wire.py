"""Nothing of a person and no secret passes through the scheduler: all that is sent is looked at.

Client, scheduler and worker stand in this process, and what they write to each other is kept as it
is written, before it is encrypted. The runs are processes of their own, as always.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed.comm import tcp

from recruitlib.base.vault import PASSPHRASE_VARIABLE, PRINT_PASSWORD_VARIABLE
from recruitlib.fleet import errand
from recruitlib.fleet.board import Board
from recruitlib.fleet.cluster import run_fleet
from recruitlib.fleet.errand import Result
from recruitlib.fleet.orders import plan_orders
from tests.conftest import WARD
from tests.fleet.conftest import Place, open_inner_cluster, plant_fault

TELLING = ("氏名", "氏名_フリガナ", "宛名番号", "住所_番地号表記", "住所_方書")
OF_THE_PARENT, OF_THE_MUNICIPALITY = "a passphrase of the parent", "a password of 131041"


@contextmanager
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Record every message of distributed that this process writes."""
    sent: list[bytes] = []
    write = tcp.to_frames

    async def record(*args: Any, **options: Any) -> Any:
        frames = await write(*args, **options)
        sent.append(b"".join(map(bytes, frames)))
        return frames

    with monkeypatch.context() as patch:
        patch.setattr(tcp, "to_frames", record)
        yield sent


def read_values(project: Path) -> set[str]:
    """Read what the files of the ward say of its people, and the secrets."""
    values = set()
    for path in (project / WARD).rglob("registry.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                values |= {row[name] for name in TELLING}
    return {value for value in values if len(value) > 3} | {OF_THE_PARENT, OF_THE_MUNICIPALITY}


def find_sent(sent: list[bytes], values: set[str]) -> set[str]:
    """Find the values that stand in what was sent, as they are or as JSON escapes them."""
    content = b"\n".join(sent)
    return {
        value
        for value in values
        if value.encode() in content or value.encode("unicode_escape") in content
    }


def run_recorded(
    monkeypatch: pytest.MonkeyPatch, files: list[Path], secrets: Path
) -> tuple[list[Result], list[bytes]]:
    orders = plan_orders(files, "01", "03", secrets)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, OF_THE_PARENT)  # with which no run here would open
    with (
        recording(monkeypatch) as sent,
        open_inner_cluster() as client,
    ):  # fmt: skip
        board = Board(orders, lambda line: None, io.StringIO())
        results, _ = run_fleet(client, orders, board, lambda number, event: None)
    return sorted(results), sent


def write_secrets(folder: Path) -> Path:
    path = folder / "131041.env"
    path.write_text(f"{PRINT_PASSWORD_VARIABLE}={OF_THE_MUNICIPALITY}\n", encoding="utf-8")
    path.chmod(0o600)
    return folder


@pytest.mark.soak
def test_nothing_of_a_person_and_no_secret_passes_through_the_scheduler(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [place("sent_a", "matched"), plant_fault(place("sent_b", "ward"))]
    results, sent = run_recorded(monkeypatch, files, write_secrets(tmp_path))
    assert [result.exit_code for result in results] == [0, 12]
    assert any(str(files[0]).encode() in one for one in sent)  # the order itself is seen
    assert any(b"stage_completed" in one for one in sent)
    assert find_sent(sent, read_values(files[0].parents[1])) == set()


@pytest.mark.soak
def test_a_name_that_a_result_gave_away_would_be_seen(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place("told", "reviewed")
    values = read_values(file.parents[1])
    name = min(value for value in values if "　" in value)
    describe = errand._describe
    monkeypatch.setattr(
        errand, "_describe", lambda *told: describe(*told)._replace(message=f"{name}の行です")
    )
    _, sent = run_recorded(monkeypatch, [file], write_secrets(tmp_path))
    assert find_sent(sent, values) == {name}
