"""What breaks a command off, one function per kind of fault; each gives how the command ended."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import read_entries
from tests.incidents.accident import RUN
from tests.interruption.server import is_alive
from tests.interruption.workshop import Broken, Ended, Workshop, kill_all

Fault = Callable[[Workshop, Path, str], Ended]


def at_write(number: int, refusal: str = "") -> Fault:
    """Kill at a write, every other time with the file half written; or refuse it and all later ones."""

    def break_off(workshop: Workshop, project: Path, command: str) -> Ended:
        return workshop.run(project, command, Broken(number, refusal))

    return break_off


def at_name(name: str, refusal: str = "") -> Fault:
    """Break off at the first write of a file whose path ends so, as ``at_write`` does."""

    def break_off(workshop: Workshop, project: Path, command: str) -> Ended:
        return workshop.run(project, command, Broken(0, refusal, name))

    return break_off


def after_seconds(seconds: float) -> Fault:
    """Kill the launcher and its kernels after a while."""

    def break_off(workshop: Workshop, project: Path, command: str) -> Ended:
        _, wait = workshop.start(project, command)
        group = workshop.group
        time.sleep(seconds)
        kill_all(group)
        return wait()

    return break_off


def kernel_after_seconds(seconds: float) -> Fault:
    """Kill the kernel alone after a while; the launcher goes on."""
    return _kill_kernel(lambda project, since: since >= seconds)


def kernel_after_guard(stage: str) -> Fault:
    """Kill the kernel alone when the last word of the record is a guard's answer in this stage."""
    return _kill_kernel(lambda project, since: is_answering(project, stage))


def is_answering(project: Path, stage: str) -> bool:
    """Whether the last entry of the record is a guard's answer in a stage: its kernel is at work."""
    entries = read_entries(project / RUN)
    return bool(entries) and (entries[-1]["stage"], entries[-1]["event"]) == (stage, "guard")


def _kill_kernel(is_due: Callable[[Path, float], bool]) -> Fault:
    def break_off(workshop: Workshop, project: Path, command: str) -> Ended:
        launcher, wait = workshop.start(project, command)
        group, began = workshop.group, time.monotonic()
        while is_alive(launcher):
            own = [int(line) for line in group.read_text(encoding="utf-8").split()]
            kernels = [pid for pid in own if pid != launcher and is_alive(pid)]
            if kernels and is_due(project, time.monotonic() - began):
                os.kill(kernels[0], signal.SIGKILL)
                break
            time.sleep(0.005)
        return wait()

    return break_off


def disk_full(free: int) -> Fault:
    """Put the run and the register on a disk of their own, on which this many bytes are free."""

    def break_off(workshop: Workshop, project: Path, command: str) -> Ended:
        with mounted(project, free):
            return workshop.run(project, command)

    return break_off


@contextmanager
def mounted(project: Path, free: int) -> Iterator[None]:
    """Mount a small disk over the runs of a project, with what is there; take its content back."""
    place = project / "runs"
    kept = project / "kept"
    place.mkdir(exist_ok=True)  # before 01 there is none
    place.rename(kept)
    try:
        place.mkdir()
        _mount(place, check=True)
        subprocess.run(["cp", "-a", f"{kept}/.", str(place)], check=True)
        about = os.statvfs(place)
        ballast = place / "ballast"
        with ballast.open("wb") as file:
            file.write(bytes(max(0, about.f_bavail * about.f_bsize - free)))
        yield
        ballast.unlink()
        subprocess.run(["rm", "-rf", str(kept)], check=True)
        subprocess.run(["cp", "-a", str(place), str(kept)], check=True)
    finally:
        if os.path.ismount(place):
            subprocess.run(["umount", str(place)], check=True)
        place.rmdir()
        kept.rename(place)


def can_mount() -> bool:
    """Say whether a disk can be mounted: the system lets nobody but root, and not everywhere."""
    with tempfile.TemporaryDirectory() as name:
        if not _mount(Path(name)):
            return False
        subprocess.run(["umount", name], check=True)
    return True


def _mount(place: Path, *, check: bool = False) -> bool:
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    return subprocess.run(words, check=check, stderr=subprocess.DEVNULL).returncode == 0


class Twice(NamedTuple):
    """How two commands ended that were started at once."""

    first: Ended
    second: Ended


def start_twice(workshop: Workshop, project: Path, first: str, second: str, later: float) -> Twice:
    """Start a second command on the same project while the first one is at work."""
    _, wait_first = workshop.start(project, first)
    time.sleep(later)
    _, wait_second = workshop.start(project, second)
    return Twice(wait_first(), wait_second())
