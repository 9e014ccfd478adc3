"""The board (進み具合の表): how far each run of a fleet is, on one screen, and the table at its end."""

from __future__ import annotations

import shutil
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    OutputError,
    ParameterError,
    UnforeseenError,
)
from recruitlib.base.parameters import STAGE_NAMES
from recruitlib.base.status import STAGE_BEGUN, Event
from recruitlib.fleet.errand import BROKEN_OFF, DONE, DONE_BEFORE, HALTED, WAITS, Result
from recruitlib.fleet.orders import Order

NOT_BEGUN, AT_WORK = "未着手", "作業中"
_STATES = (DONE, DONE_BEFORE, AT_WORK, NOT_BEGUN, WAITS, HALTED, BROKEN_OFF)
_HEADS = (
    "団体コード", "市区町村", "実行", "状態", "段階", "終了コード", "秒", "次にすること",
)  # fmt: skip
# From the gravest: the record, what nobody foresaw, the output, a guard, a file, a parameter, a wait.
_GRAVEST = tuple(
    error.exit_code
    for error in (
        IntegrityError, UnforeseenError, OutputError, GuardError, FormError, ParameterError,
        AwaitingPerson,
    )
)  # fmt: skip


class Board:
    """Shows the runs of a fleet: on a terminal a block that is drawn anew, else a line per change.

    Args:
        orders: the runs.
        say: where the lines that stay go.
        terminal: where the block goes.
    """

    def __init__(
        self, orders: Sequence[Order], say: Callable[[str], None], terminal: TextIO
    ) -> None:
        self._orders, self._say, self._terminal = orders, say, terminal
        self._states = [NOT_BEGUN for _ in orders]
        self._stages = ["" for _ in orders]
        self._moves, self._drawn = terminal.isatty(), 0
        self._lock = threading.Lock()  # events come from a thread of their own

    def take_event(self, number: int, event: Event) -> None:
        """Take note of what a run has told."""
        with self._lock:
            if self._states[number] not in (NOT_BEGUN, AT_WORK):
                return  # a late one of a run that has ended
            self._states[number], self._stages[number] = AT_WORK, event["stage"]
            if event["event"] == STAGE_BEGUN:
                self._show(f"{self._name(number)}: {self._name_stage(number)} 開始")

    def take_result(self, result: Result) -> None:
        """Take note of how a run has ended."""
        with self._lock:
            self._states[result.number], self._stages[result.number] = result.state, result.stage
            told = f" {result.error}: {result.message}" if result.error else ""
            self._show(f"{self._name(result.number)}: {result.state}{told}")

    def close(self) -> None:
        """Take the block away."""
        with self._lock:
            self._erase()

    def _name(self, number: int) -> str:
        order = self._orders[number]
        return f"{order.municipality_code} {order.municipality} {order.run_id}"

    def _name_stage(self, number: int) -> str:
        stage = self._stages[number]
        return f"{stage} {STAGE_NAMES[stage]}" if stage else ""

    def _show(self, line: str) -> None:
        if not self._moves:
            self._say(line)
            return
        self._erase()
        width, height = shutil.get_terminal_size()
        at_work = [number for number, state in enumerate(self._states) if state == AT_WORK]
        lines = [count_states(self._states)]
        lines += [f"{self._name(number)}  {self._name_stage(number)}" for number in at_work]
        shown = [cut_text(line, width - 1) for line in lines[: max(height - 2, 1)]]
        self._terminal.write("".join(f"{line}\n" for line in shown))
        self._terminal.flush()
        self._drawn = len(shown)

    def _erase(self) -> None:
        if self._drawn:
            self._terminal.write(f"\x1b[{self._drawn}A\x1b[J")
            self._terminal.flush()
            self._drawn = 0


def count_states(states: Iterable[str]) -> str:
    """Count runs by their state, in one line."""
    counted = Counter(states)
    return "  ".join(f"{state} {counted[state]}" for state in _STATES if counted[state])


def tabulate_results(orders: Sequence[Order], results: Sequence[Result]) -> list[str]:
    """Write the table of a fleet, its counts by state, and what stopped each run that stopped."""
    by_number = {result.number: result for result in results}
    rows = [_HEADS]
    told = []
    for order in orders:
        result = by_number.get(order.number) or Result(order.number, NOT_BEGUN, "", 0, 0.0)
        has_ended = result.state != NOT_BEGUN
        rows.append((
            order.municipality_code, order.municipality, order.run_id, result.state, result.stage,
            str(result.exit_code) if has_ended else "-", f"{result.seconds:.1f}" if has_ended else "-",
            result.next_step,
        ))  # fmt: skip
        if result.error:
            told.append(
                f"{order.municipality_code} {order.run_id}: {result.error}: {result.message}"
            )
    widths = [max(map(measure_text, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text + " " * (width - measure_text(text))
            for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    states = [
        by_number[one.number].state if one.number in by_number else NOT_BEGUN for one in orders
    ]
    return [*lines, count_states(states), *told]


def find_gravest(results: Iterable[Result]) -> int:
    """Find the exit code of a fleet: 0 where all is complete, else that of its gravest run."""
    codes = {result.exit_code for result in results} - {0}
    known = {code if code in _GRAVEST else UnforeseenError.exit_code for code in codes}
    return next((code for code in _GRAVEST if code in known), 0)


def measure_text(text: str) -> int:
    """Measure how many columns of a terminal a text takes: a Japanese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)


def cut_text(text: str, width: int) -> str:
    """Cut a text to so many columns of a terminal."""
    while measure_text(text) > width:
        text = text[:-1]
    return text
