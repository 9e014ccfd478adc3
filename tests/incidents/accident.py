"""An accident as the tests have it: where a run stands, the fault in its files, what must come of it.

The fault is planted into real files of a project; the real notebooks run on it, started by the real
command. ``test_accidents.py`` runs every accident of the lists beside it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import yaml

from recruitlib.base.audit import AUDIT_NAME, read_entries
from recruitlib.base.errors import RecruitError
from recruitlib.base.guards import GUARDS
from recruitlib.base.run import list_completed
from recruitlib.base.verification import verify_record
from recruitlib.cli import main
from tests.conftest import PARAMETERS, ROOT, WARD
from tests.terminal import SHOWN, find_value

RUN = "runs/test_ward"
# Columns whose cells tell of a person.
_TELLING = (
    "氏名", "フリガナ", "宛名番号", "世帯番号", "生年月日", "番地号表記", "方書", "対象者の住所",
)  # fmt: skip


class Typed(NamedTuple):
    """What came of one command."""

    exit_code: int
    screen: str


Type = Callable[[str], Typed]
Entry = Mapping[str, Any]


class Before(NamedTuple):
    """What stood before the last command: results, and how many entries of the record."""

    finished: set[str]
    entries: int


class Accident(NamedTuple):
    """One fault and what must come of it.

    Attributes:
        row: of the list ("A09"); of a guard that no row needs, "G" and a number of its own.
        name: what is planted, in a few English words joined by "_".
        start: how far a clean run had come before: a name of the fixture ``checkpoint``.
        plant: changes files of the project, which is the folder of work.
        commands: typed one after the other; all but the last must succeed.
        guard: which must say no to the last command; "" where none has to.
        error: the class of the stop; the guard's own where it is None and a guard is named.
        check: what else must hold, with the project and what the last command showed.
        twin: the clean twin's own files; None where the clean run of the fixtures is the twin.
        run_id: the run of the commands, where it is another than the one of the checkpoint.
        is_record_whole: whether the record agrees with itself after it.
    """

    row: str
    name: str
    start: str
    plant: Callable[[Path], None]
    commands: tuple[str, ...]
    guard: str = ""
    error: type[RecruitError] | None = None
    check: Callable[[Path, Typed], None] | None = None
    twin: Callable[[Path], None] | None = None
    run_id: str = "test_ward"
    is_record_whole: bool = True

    @property
    def label(self) -> str:
        """The id of the accident's test."""
        return f"{self.row}-{self.name}"

    @property
    def stop(self) -> type[RecruitError] | None:
        """The class of the error that must stop it; None where nothing must."""
        return self.error or (GUARDS[self.guard].error if self.guard else None)


def read_list() -> list[dict[str, str]]:
    """Read the published accidents."""
    with (ROOT / "tests/incidents/accidents.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_stages(first: str, last: str = "") -> str:
    """Write the command that runs notebooks of the small ward."""
    return f"recruitlib run {PARAMETERS} --from {first} --through {last or first}"


def type_here(command: str) -> Typed:
    """Type a command into this process, through the program's own entry."""
    program, *words = shlex.split(command)
    assert program == "recruitlib", command
    screen = io.StringIO()
    before, mask = sys.argv, os.umask(0o077)
    sys.argv = [program, *words]
    try:
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            main()
        code = 0
    except SystemExit as ending:
        code = int(ending.code or 0)
    finally:
        sys.argv = before
        os.umask(mask)
    return Typed(code, screen.getvalue())


def type_into(package: Path) -> Type:
    """Type commands into a process of its own, with a copy of the package that a test has changed.

    Args:
        package: the folder in which the copy ``recruitlib`` lies.
    """

    def type_there(command: str) -> Typed:
        program, *words = shlex.split(command)
        assert program == "recruitlib", command
        done = subprocess.run(
            [sys.executable, "-m", "recruitlib", *words], capture_output=True, text=True,
            encoding="utf-8", check=False, env={**os.environ, "PYTHONPATH": str(package)},
        )  # fmt: skip
        return Typed(done.returncode, done.stdout + done.stderr)

    return type_there


def type_all(commands: Iterable[str], type_one: Type = type_here) -> Typed:
    """Type commands in order; all but the last must succeed; give what the last one showed."""
    value, typed = "", Typed(0, "")
    for command in commands:
        assert typed.exit_code == 0, typed.screen
        typed = type_one(command.replace(SHOWN, value))
        value = find_value(typed.screen) or value
    return typed


def happen(accident: Accident, project: Path) -> None:
    """Let an accident happen in a copy of its checkpoint, and require what must come of it.

    The folder of work is the project. A stop must be the named one, tell what to do, stand in a
    record that is whole, tell nobody's value on the screen or there, and leave nothing
    finished-looking.
    """
    values = list_values(project)
    accident.plant(project)
    values |= list_values(project)
    folder = project / "runs" / accident.run_id
    before = Before(set(), 0)

    def type_one(command: str) -> Typed:
        nonlocal before
        before = Before(list_finished(folder), len(read_all(folder)))
        return type_here(command)

    typed = type_all(accident.commands, type_one)
    if accident.stop is None:
        assert typed.exit_code == 0, typed.screen
    else:
        expect_stop(accident, typed, folder, before, values)
    if folder.exists() and accident.is_record_whole:
        assert verify_record(folder) == []
    if accident.check:
        accident.check(project, typed)


def expect_stop(
    accident: Accident, typed: Typed, folder: Path, before: Before, values: set[str]
) -> None:
    """Require the stop of an accident: by whom, with which code, and what is left and told.

    Where a notebook had begun, its record must hold the stop as well.
    """
    assert accident.stop is not None
    assert typed.exit_code == accident.stop.exit_code, typed.screen
    message = next(
        line for line in typed.screen.splitlines() if line.startswith(accident.stop.__name__)
    )
    assert "ください" in message, message
    told = "\n".join([typed.screen, *list_record(folder)])
    assert not [value for value in values if value in told]
    entries = read_all(folder)[before.entries :]
    if accident.guard:
        assert list_refusals(entries)[-1:] == [accident.guard], message
    events = [entry["event"] for entry in entries]
    if "begun" in events:
        stopped = entries[-1 - events[::-1].index("stopped")]["facts"]
        assert (stopped["error"], stopped["exit_code"]) == (
            accident.stop.__name__, accident.stop.exit_code,
        )  # fmt: skip
    assert list_finished(folder) <= before.finished
    assert not list(folder.rglob("*.partial"))


def list_record(folder: Path) -> list[str]:
    """List the texts that leave the office with the record: its chain and the executed notebooks."""
    paths = [folder / AUDIT_NAME, *folder.glob("notebooks/*.ipynb")]
    return [path.read_text(encoding="utf-8") for path in paths if path.exists()]


def read_all(folder: Path) -> Sequence[Entry]:
    """Read the entries of a record; none where there is no run yet."""
    return read_entries(folder) if folder.exists() else []


def list_refusals(entries: Sequence[Entry]) -> list[str]:
    """List the guards that have said no, in order."""
    return [
        entry["facts"]["guard"] for entry in entries
        if entry["event"] == "guard" and entry["facts"]["answer"] == "no"
    ]  # fmt: skip


def list_finished(folder: Path) -> set[str]:
    """List what a person would take for a result: label PDFs, papers, tables and completed stages.

    The drafts that 05 shows while the hand-over is awaited are none.
    """
    if not folder.exists():
        return set()
    entries = read_entries(folder)
    drafts = {
        name for entry in entries if entry["event"] == "proposed"
        for name in entry["facts"]["files"]
    }  # fmt: skip
    made = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*")
        if path.suffix in (".pdf", ".xlsx", ".csv") and path.name != "counts.csv"
    }  # fmt: skip
    return made - drafts | {f"stage {stage}" for stage in list_completed(entries)}


def list_values(project: Path) -> set[str]:
    """List what the ward's files say of people: names, readings, numbers, places and birth dates."""
    words: set[str] = set()
    for root in (ROOT, project):  # the ends of the ranges stand in messages that explain them
        stated = yaml.safe_load((root / PARAMETERS).read_text(encoding="utf-8"))
        words |= {str(part) for one in stated["cohort_birth_ranges"] for part in one.split("/")}
    # A workbook may have its headers below a title; the other word stands in headers of the form.
    words |= {*_TELLING, "マイナンバーカード"}
    values: set[str] = set()
    for path in (project / WARD).rglob("*"):
        if path.suffix in (".csv", ".xlsx"):
            values |= _read_values(path.suffix, path.read_bytes())
    telling = {value for value in values if len(value) > 3 and not value.isascii()}
    numbers = {value for value in values if re.fullmatch(r"\d{10,}|(19|20)\d\d-\d\d-\d\d", value)}
    return (telling | numbers) - words


@lru_cache(maxsize=40)  # the files of a checkpoint are the same for every accident
def _read_values(suffix: str, content: bytes) -> frozenset[str]:
    if suffix == ".xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        lines = sheet.iter_rows(min_row=4, values_only=True)  # below title and heads
        return frozenset(str(value) for line in lines for value in line if isinstance(value, str))
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return frozenset()
    return frozenset(
        value for row in rows for name, value in row.items()
        if isinstance(value, str) and name and any(word in name for word in _TELLING)
    )  # fmt: skip
