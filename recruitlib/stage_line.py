"""The line of a stage on the terminal: which cell of how many, and for how many seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

_EVERY_SECONDS = 1.0
_BLANK = " " * 60


class StageLine:
    """Tell of one stage how far it is: on a terminal one line that moves, else its begin and end.

    Args:
        name: the stage, with its Japanese name.
        cells: how many code cells its notebook holds.
        say: where the lines that stay go.
        terminal: where the moving line goes.
    """

    def __init__(self, name: str, cells: int, say: Callable[[str], None], terminal: TextIO) -> None:
        self._name, self._cells, self._say, self._terminal = name, cells, say, terminal
        self._moves = terminal.isatty()
        self._done = threading.Event()
        self._teller = threading.Thread(target=self._tell_often, daemon=True)
        self.at = 0

    def __enter__(self) -> StageLine:
        self._began = time.monotonic()
        if self._moves:
            self._teller.start()
        else:
            self._say(f"{self._name} 開始")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done.set()
        if self._moves:
            self._teller.join()
            self._terminal.write(f"\r{_BLANK}\r")
            self._terminal.flush()
        if kind is None:
            self._say(f"{self._name} 完了 {time.monotonic() - self._began:.1f}秒")

    def count_cell(self, cell: Any, cell_index: int) -> None:
        """Take note that a cell begins (called by nbclient, also for cells without code)."""
        self.at += cell.cell_type == "code"

    def _tell_often(self) -> None:
        while not self._done.is_set():
            seconds = int(time.monotonic() - self._began)
            self._terminal.write(f"\r{self._name} セル {self.at}/{self._cells}  {seconds}秒 ")
            self._terminal.flush()
            self._done.wait(_EVERY_SECONDS)
