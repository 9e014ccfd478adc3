"""The line of a stage: one that moves on a terminal, two that stay elsewhere."""

from __future__ import annotations

import io
import re
import time
from types import SimpleNamespace

import pytest

from recruitlib import stage_line
from recruitlib.stage_line import StageLine

CODE, TEXT = SimpleNamespace(cell_type="code"), SimpleNamespace(cell_type="markdown")


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_tells_the_cell_and_the_seconds_and_is_clean_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stage_line, "_EVERY_SECONDS", 0.01)
    said: list[str] = []
    terminal = Terminal()
    with StageLine("02 除外", 12, said.append, terminal) as moving:
        for number, cell in enumerate((TEXT, CODE, TEXT, CODE)):
            moving.count_cell(cell=cell, cell_index=number)
        time.sleep(0.05)
    lines = [line.rstrip() for line in terminal.getvalue().split("\r")]
    assert "02 除外 セル 2/12  0秒" in lines
    assert lines[-2:] == ["", ""]
    assert [re.sub(r"[\d.]+秒", "x秒", line) for line in said] == ["02 除外 完了 x秒"]


def test_a_file_gets_one_line_at_the_begin_and_one_at_the_end() -> None:
    said: list[str] = []
    file = io.StringIO()
    with StageLine("02 除外", 12, said.append, file) as moving:
        moving.count_cell(cell=CODE, cell_index=0)
    assert [line[:8] for line in said] == ["02 除外 開始", "02 除外 完了"]
    assert file.getvalue() == ""


@pytest.mark.parametrize("terminal", [Terminal(), io.StringIO()])
def test_a_stop_is_not_called_an_end(terminal: io.StringIO) -> None:
    said: list[str] = []
    with pytest.raises(RuntimeError), StageLine("02 除外", 12, said.append, terminal):
        raise RuntimeError
    assert not [line for line in said if "完了" in line]
    assert terminal.getvalue()[-1:] in ("", "\r")
