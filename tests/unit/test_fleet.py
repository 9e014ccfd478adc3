"""The fleet without its workers: orders, errands, secrets, the board, and what the command refuses."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recruitlib import cli
from recruitlib.base.audit import append_entry
from recruitlib.base.errors import ParameterError
from recruitlib.base.record import STATUS_NAME
from recruitlib.base.run_lock import hold_run
from recruitlib.base.status import COMPLETED, STAGE_BEGUN, STOPPED, RunStatus, make_event
from recruitlib.base.vault import PASSPHRASE_VARIABLE, PRINT_PASSWORD_VARIABLE
from recruitlib.fleet import errand
from recruitlib.fleet.board import Board, find_gravest, tabulate_results
from recruitlib.fleet.errand import (
    BROKEN_OFF,
    DONE,
    DONE_BEFORE,
    HALTED,
    WAITS,
    Result,
    list_rest,
    make_environment,
    read_secrets,
    run_municipality,
)
from recruitlib.fleet.orders import Order, plan_orders
from tests.conftest import PARAMETERS, copy_project

TOPIC = "of this test"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "one")


def make_order(root: Path, number: int = 0, **own: Any) -> Order:
    order = Order(
        number, str(root / PARAMETERS), str(root), str(root / "runs/test_ward"), "test_ward", "131041",
        "新宿区", True, 1776, ("02", "03", "04"), "",
    )  # fmt: skip
    return order._replace(**own)


def complete(order: Order, *stages: str) -> None:
    """Write a record that calls stages complete."""
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        append_entry(folder, stage, "begun")
        append_entry(folder, stage, "completed")


def end_with(*ends: tuple[int, str, int | None]) -> tuple[list[str], Callable[..., Any]]:
    """Stand in for the process of a run: code, last event and its exit code, one after the other."""
    begun: list[str] = []

    def run(order: Order, first: str, *_: object) -> tuple[int, dict[str, Any]]:
        begun.append(first)
        code, event, exit_code = ends[len(begun) - 1]
        return code, make_event("test_ward", "131041", event, stage="03", exit_code=exit_code)

    return begun, run


def test_a_fleet_is_planned_from_its_files(project: Path, tmp_path: Path) -> None:
    other = shutil.copytree(project, tmp_path / "two")
    orders = plan_orders([project / PARAMETERS, other / PARAMETERS], "02", "04", tmp_path / "s")
    assert orders[0] == make_order(project.resolve(), secrets=str(tmp_path / "s"))
    assert orders[1].root == str(other.resolve())


def test_everything_that_is_wrong_is_said_at_once_before_anything_begins(
    project: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(project, tmp_path / "two")
    text = (other / PARAMETERS).read_text(encoding="utf-8")
    (other / PARAMETERS).write_text(text.replace("fiscal_year: 2026", "fiscal_year: R8"), "utf-8")
    neighbour = project / "params/neighbour.yaml"
    own = (project / PARAMETERS).read_text(encoding="utf-8")
    neighbour.write_text(
        own.replace('"131041"', '"131059"').replace("run_id: test_ward", "run_id: b"), "utf-8"
    )
    again = project / "params/again.yaml"
    again.write_text(own.replace("run_id: test_ward", "run_id: again"), "utf-8")
    files = [project / PARAMETERS, other / PARAMETERS, tmp_path / "none.yaml", neighbour, again,
             project / PARAMETERS]  # fmt: skip
    with pytest.raises(ParameterError) as stop:
        plan_orders(files, "01", "05")
    told = str(stop.value)
    assert "5件の問題" in told
    for part in (
        "fiscal_year",
        "none.yaml: ファイルがありません",
        "別の市区町村",
        "一度に一つ",
        "同じ実行です",
    ):
        assert part in told, part
    with pytest.raises(ParameterError, match="--from と --through"):
        plan_orders([project / PARAMETERS], "03", "02")


def test_a_run_goes_on_after_its_last_complete_stage_and_never_before_the_first_asked(
    project: Path,
) -> None:
    order = make_order(project)
    assert list_rest(order) == ["02", "03", "04"]
    complete(order, "01", "02")
    assert list_rest(order) == ["03", "04"]
    complete(order, "03", "04")
    assert list_rest(order) == []


def test_what_is_complete_is_not_run_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order(project)
    complete(order, "01", "02", "03", "04")
    begun, run = end_with()
    monkeypatch.setattr(errand, "_run_child", run)
    told: list[dict[str, Any]] = []
    result = run_municipality(order, TOPIC, told.append)
    assert (result.state, result.exit_code, begun) == (DONE_BEFORE, 0, [])
    assert [event["event"] for event in told] == [COMPLETED]


@pytest.mark.parametrize(
    ("ends", "state", "code", "attempts"),
    [
        ([(0, COMPLETED, 0)], DONE, 0, 1),
        ([(12, STOPPED, 12)], HALTED, 12, 1),
        ([(13, STOPPED, 13)], WAITS, 13, 1),
        ([(1, STOPPED, 1)], HALTED, 1, 1),
        ([(-9, STAGE_BEGUN, None), (0, COMPLETED, 0)], DONE, 0, 2),
        ([(-9, STAGE_BEGUN, None), (-9, STAGE_BEGUN, None)], BROKEN_OFF, 1, 2),
        ([(2, "", None)], BROKEN_OFF, 1, 1),
    ],
    ids=["done", "guard", "waits", "unforeseen", "killed", "killed twice", "never begun"],
)
def test_only_a_killed_process_is_tried_again_and_only_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, ends: list[Any], state: str, code: int,
    attempts: int,
) -> None:  # fmt: skip
    begun, run = end_with(*ends)
    monkeypatch.setattr(errand, "_run_child", run)
    result = run_municipality(make_order(project), TOPIC, lambda event: None)
    assert (result.state, result.exit_code, len(begun)) == (state, code, attempts)


def test_a_record_that_was_changed_is_a_result_and_no_error_of_the_fleet(project: Path) -> None:
    order = make_order(project)
    complete(order, "01")
    path = Path(order.folder) / "audit.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("begun", "begum"), encoding="utf-8")
    result = run_municipality(order, TOPIC, lambda event: None)
    assert (result.state, result.exit_code) == (HALTED, 15)


def test_the_text_of_an_unforeseen_error_stays_on_the_worker(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("氏名")

    monkeypatch.setattr(errand, "_run_child", fail)
    result = run_municipality(make_order(project), TOPIC, lambda event: None)
    assert (result.state, result.exit_code) == (HALTED, 1)
    assert "ValueError" in result.message
    assert "氏名" not in result.message


def test_a_run_whose_worker_was_lost_is_waited_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(project)
    folder = Path(order.folder)
    folder.mkdir(parents=True)
    begun, run = end_with((0, COMPLETED, 0))
    monkeypatch.setattr(errand, "_run_child", run)
    monkeypatch.setattr(errand, "_EVERY_SECONDS", 0.01)
    results: list[Result] = []
    rerun = threading.Thread(
        target=lambda: results.append(run_municipality(order, TOPIC, lambda event: None))
    )
    with hold_run(folder), RunStatus().keep(folder):
        assert (folder / STATUS_NAME).exists()
        rerun.start()
        rerun.join(0.3)
        assert begun == []
    rerun.join(10)
    assert [result.state for result in results] == [DONE]


def test_a_run_that_never_ends_is_waited_for_no_longer_than_an_hour(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(project)
    folder = Path(order.folder)
    folder.mkdir(parents=True)
    monkeypatch.setattr(errand, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(errand, "_ORPHAN_SECONDS", 0.05)
    with hold_run(folder), RunStatus().keep(folder):
        result = run_municipality(order, TOPIC, lambda event: None)
    assert (result.state, result.exit_code) == (WAITS, 13)


def test_a_run_gets_the_secrets_of_its_municipality_and_none_of_the_worker(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRUITLIB_RUN_KEY", "of another run")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "of the worker")
    path = tmp_path / "131041.env"
    path.write_text(f"# 新宿区\n\n{PRINT_PASSWORD_VARIABLE}=a=b \n", encoding="utf-8")
    path.chmod(0o600)
    made = make_environment(make_order(project, secrets=str(tmp_path)))
    own = {name: value for name, value in made.items() if name.startswith("RECRUITLIB_")}
    assert own == {PRINT_PASSWORD_VARIABLE: "a=b "}
    assert "PATH" in made
    other = make_environment(make_order(project, municipality_code="011002", secrets=str(tmp_path)))
    assert not [name for name in other if name.startswith("RECRUITLIB_")]
    with pytest.raises(ParameterError, match="そのフォルダがありません"):
        make_environment(make_order(project, secrets=str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("line", "mode", "message"),
    [
        (f"{PASSPHRASE_VARIABLE}=geheim", 0o640, "chmod 600"),
        ("PATH=geheim", 0o600, "1行目"),
        ("geheim", 0o600, "1行目"),
        (f"{PASSPHRASE_VARIABLE}=", 0o600, "1行目"),
    ],
    ids=["open to the group", "another variable", "no variable", "no value"],
)
def test_a_file_of_secrets_that_is_none_is_refused_without_its_value(
    tmp_path: Path, line: str, mode: int, message: str
) -> None:
    path = tmp_path / "131041.env"
    path.write_text(f"{line}\n", encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(ParameterError, match=message) as stop:
        read_secrets(path, posix=True)
    assert "geheim" not in str(stop.value)


def test_nothing_but_events_goes_further_from_the_output_of_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = project / "says.py"
    says.write_text(
        "import json\nfrom recruitlib.base.status import make_event\n"
        "print('山田　太郎')\nprint('{\"name\": \"山田\"}')\nprint('[1]', flush=True)\n"
        "print(json.dumps(make_event('test_ward', '131041', 'completed', exit_code=0)))\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(says)], stdout=subprocess.PIPE) as child:
        assert [event["event"] for event in errand._read_events(child)] == [COMPLETED]


class Screen(io.StringIO):
    """A terminal that moves."""

    def isatty(self) -> bool:
        return True


def show_board(terminal: io.StringIO) -> list[str]:
    said: list[str] = []
    orders = [make_order(Path("/a")), make_order(Path("/b"), 1, municipality_code="011002")]
    board = Board(orders, said.append, terminal)
    board.take_event(0, make_event("test_ward", "131041", STAGE_BEGUN, stage="02"))
    board.take_result(Result(0, DONE, "04", 0, 61.23))
    board.take_event(0, make_event("test_ward", "131041", STAGE_BEGUN, stage="03"))  # a late one
    board.take_result(Result(1, HALTED, "02", 11, 3.0, "FormError", "見出しを直してください。"))
    board.close()
    return said


def test_elsewhere_than_on_a_terminal_each_change_is_a_line() -> None:
    assert show_board(io.StringIO()) == [
        "131041 新宿区 test_ward: 02 除外 開始",
        "131041 新宿区 test_ward: 完了",
        "011002 新宿区 test_ward: 停止 FormError: 見出しを直してください。",
    ]


def test_on_a_terminal_one_block_is_drawn_anew() -> None:
    terminal = Screen()
    assert show_board(terminal) == []
    assert terminal.getvalue() == (
        "作業中 1  未着手 1\n131041 新宿区 test_ward  02 除外\n"
        "\x1b[2A\x1b[J完了 1  未着手 1\n"
        "\x1b[1A\x1b[J完了 1  停止 1\n"
        "\x1b[1A\x1b[J"
    )


def test_the_table_says_of_each_run_what_to_do_next() -> None:
    orders = [make_order(Path("/a"), number) for number in range(3)]
    results = [
        Result(1, WAITS, "03", 13, 8.04, "AwaitingPerson", "承認を待っています。", "recruitlib review"),
        Result(0, DONE, "04", 0, 61.23),
    ]  # fmt: skip
    assert tabulate_results(orders, results) == [
        "団体コード  市区町村  実行       状態      段階  終了コード  秒    次にすること",
        "131041      新宿区    test_ward  完了      04    0           61.2",
        "131041      新宿区    test_ward  判断待ち  03    13          8.0   recruitlib review",
        "131041      新宿区    test_ward  未着手          -           -",
        "完了 1  未着手 1  判断待ち 1",
        "131041 test_ward: AwaitingPerson: 承認を待っています。",
    ]


@pytest.mark.parametrize(
    ("codes", "gravest"),
    [
        ([], 0), ([0, 0], 0), ([0, 13], 13), ([13, 10], 10), ([10, 12, 11], 12), ([14, 12], 14),
        ([14, 1], 1), ([1, 15], 15), ([13, 130], 1),
    ],
)  # fmt: skip
def test_the_fleet_ends_with_its_gravest_code(codes: list[int], gravest: int) -> None:
    results = [Result(number, "", "", code, 0.0) for number, code in enumerate(codes)]
    assert find_gravest(results) == gravest


def type_fleet(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["recruitlib", "fleet", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_without_its_packages_the_command_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("recruitlib.fleet")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("dask", "dask.system", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    assert type_fleet(monkeypatch, str(project / PARAMETERS)) == 10
    assert 'pip install "recruitlib[fleet]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:8786"], "tls://"),
        (["--scheduler", "tls://127.0.0.1:1", "--workers", "2"], "どちらか一つ"),
        (["params/none.yaml"], "まだ何も始めていません"),
        (["--log", "params/log.jsonl"], "フォルダの外に書き出してください"),
    ],
    ids=["in the clear", "both", "a bad file", "a log among the parameters"],
)
def test_what_the_command_refuses_before_it_begins(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(project)
    assert type_fleet(monkeypatch, PARAMETERS, *words) == 10
    assert message in capsys.readouterr().err
    assert not (project / "runs").exists()
