"""The workshop of the interruptions: projects at every stage, commands in them, and how they end."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.parameters import STAGES
from recruitlib.synth.ward import make_ward
from tests.conftest import PARAMETERS, ROOT, WARD, copy_project
from tests.interruption.server import PROGRAM, SERVER_VARIABLE, ask_server, is_alive

KILLED = -signal.SIGKILL
_LONGEST = 120.0


class Broken(NamedTuple):
    """Where a command is broken off: at which write, by number or name, and by what ("" is a kill)."""

    at: int = 0
    refusal: str = ""
    name: str = ""


class Ended(NamedTuple):
    """How a command ended: exit code (``KILLED``), what it showed, what it wrote, and how long it took."""

    exit_code: int
    screen: str
    writes: list[str]
    seconds: float


class Workshop:
    """Projects of the small ward in a folder of its own, and a server that runs commands in them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.scratch = place / "t"  # the temporary folder of the commands
        self.scratch.mkdir()
        self.server = str(place / "s")
        self.value = ""  # of four groups, which a screen has shown last

    def copy(self, name: str) -> Path:
        """Copy a project as a clean run left it."""
        project = self.place / "p"
        shutil.rmtree(project, ignore_errors=True)
        shutil.rmtree(self.scratch)
        self.scratch.mkdir()
        shutil.copytree(self.place / name, project)
        return project

    def start(
        self, project: Path, command: str, broken: Broken | None = None
    ) -> tuple[int, Callable[[], Ended]]:
        """Start a command; give its process and what waits for its end.

        What it writes is counted in any case; nothing is broken off where nothing is said.
        """
        program, *words = shlex.split(command)
        assert program == "recruitlib", command
        log, group, screen, code = (self.place / f"{name}.{time.monotonic_ns()}" for name in "wgoc")
        for path in (log, group):
            path.touch()
        broken = broken or Broken()
        environment = {
            **os.environ, "TMPDIR": str(self.scratch), "PYTHONPATH": str(ROOT),
            SERVER_VARIABLE: self.server, "BROKEN_TREE": str(project), "BROKEN_LOG": str(log),
            "BROKEN_GROUP": str(group), "BROKEN_AT": str(broken.at), "BROKEN_REFUSAL": broken.refusal,
            "BROKEN_NAME": broken.name,
        }  # fmt: skip
        wanted = {
            "kind": PROGRAM, "words": words, "env": environment, "folder": str(project),
            "screen": str(screen), "code": str(code),
        }  # fmt: skip
        began = time.monotonic()
        pid = ask_server(self.server, wanted)

        def wait() -> Ended:
            while is_alive(pid):
                if time.monotonic() - began > _LONGEST:
                    kill_all(group)
                    raise AssertionError(f"{command} has not ended")
                time.sleep(0.005)
            seconds = time.monotonic() - began
            kill_all(group)  # a kernel whose launcher is gone
            ended = Ended(
                int(code.read_text()) if code.exists() and code.read_text() else KILLED,
                screen.read_text(encoding="utf-8"), log.read_text(encoding="utf-8").split(), seconds,
            )  # fmt: skip
            for path in (log, group, screen, code):
                path.unlink(missing_ok=True)
            return ended

        self.group = group
        return pid, wait

    def run(self, project: Path, command: str, broken: Broken | None = None) -> Ended:
        """Run a command to its end."""
        return self.start(project, command, broken)[1]()


def kill_all(group: Path) -> None:
    """Kill all processes of a command, and wait until they are gone."""
    own = [int(line) for line in group.read_text(encoding="utf-8").split()]
    for pid in own:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(map(is_alive, own)):
        time.sleep(0.005)


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    """Open a workshop, in a folder whose path is short: the kernels' sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="rl") as name:
        workshop = Workshop(Path(name))
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.interruption.server", workshop.server], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        )  # fmt: skip
        try:
            while not Path(workshop.server).exists():
                assert server.poll() is None
                time.sleep(0.05)
            yield workshop
        finally:
            server.kill()
            server.wait()


def run_stage(stage: str) -> str:
    """Write the command that runs one notebook of the small ward."""
    return f"recruitlib run {PARAMETERS} --from {stage} --through {stage}"


def make_projects(workshop: Workshop) -> dict[str, Ended]:
    """Make the project before each stage ("01" to "06") and the closed one; give how each stage ended."""
    first = workshop.place / STAGES[0]
    copy_project(first)
    make_ward(first / WARD, 1_500, 2026, first / "params/towns/131041.csv")
    ends = {}
    for stage, after in zip(STAGES, (*STAGES[1:], "closed"), strict=True):
        project = workshop.copy(stage)
        ends[stage] = workshop.run(project, run_stage(stage))
        assert ends[stage].exit_code == 0, ends[stage].screen
        shutil.copytree(project, workshop.place / after)
    return ends
