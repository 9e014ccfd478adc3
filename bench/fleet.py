"""Measure a fleet: many municipalities with one worker and with two, and a worker that is killed.

    PYTHONPATH=$PWD python bench/fleet.py [--small] [--data FOLDER]

makes 62 invented municipalities of three sizes (`municipality.py`), each a project folder of its own,
and runs all of them from 01 through 05 with one worker and with two. Then six of them are run by two
workers, processes of their own, of a scheduler to which client and workers come with certificates;
one worker is killed with its run in the middle of a stage, and every record is verified at the end.
``--small`` takes four municipalities instead of 62, and only prints.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from batch import enter_batch, weigh_signed
from municipality import NAME, PARAMETERS, Size, prepare_project
from report import describe_machine, put_section, tabulate, tell_targets

from recruitlib.base.audit import read_entries
from recruitlib.base.run import list_completed
from recruitlib.base.verification import verify_record
from tests.conftest import ROOT
from tests.fleet.test_tls import make_certificates

# How many municipalities of each size.
MIX = (
    (Size("village", 1_500, (110, 110), 30), 40),
    (Size("town", 6_000, (440, 440), 30), 18),
    (Size("small_city", 40_000, (1_698, 2_566), 30), 4),
)
SMALL_MIX = ((Size("village", 1_500, (110, 110), 30), 4),)
OF_SCHEDULER = 6
STAGES = ["01", "02", "03", "04", "05"]
KILLED_IN = "03"
LEAST_GAIN = 1.7
_PATIENCE = 1_800.0  # seconds
_LOOPBACK = ("--host", "127.0.0.1", "--protocol", "tls")


class Ended(NamedTuple):
    """A fleet that has ended: after how many seconds, with which exit code, and how many are whole."""

    seconds: float
    code: int
    whole: int


def make_projects(mix: Sequence[tuple[Size, int]], data: Path, folder: Path) -> list[Path]:
    """Make a project for each municipality of a mix; give their folders."""
    projects = []
    for size, count in mix:
        base = prepare_project(size, data)
        weigh_signed(enter_batch(base))
        for number in range(1, count + 1):
            project = folder / f"{size.name}_{number:02}"
            shutil.copytree(base, project, ignore=shutil.ignore_patterns("runs", "register"))
            projects.append(project)
    return projects


def list_files(projects: Sequence[Path]) -> list[str]:
    """List the parameter files of projects, without any run that was there."""
    for project in projects:
        for name in ("runs", "register"):
            shutil.rmtree(project / name, ignore_errors=True)
    return [str(project / PARAMETERS) for project in projects]


def start_fleet(
    files: Sequence[str], options: Sequence[str], settings: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the command on parameter files."""
    command = [sys.executable, "-m", "recruitlib", "fleet", *files, "--through", STAGES[-1]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(settings or {})}
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )


def count_whole(projects: Sequence[Path]) -> int:
    """Count the runs that are complete and whose record verifies."""
    folders = [project / f"runs/{NAME}" for project in projects]
    return sum(
        list_completed(read_entries(folder)) == STAGES and not verify_record(folder)
        for folder in folders
    )


def run_local(projects: Sequence[Path], workers: int) -> Ended:
    """Run all projects on this machine with so many workers."""
    files = list_files(projects)
    began = time.perf_counter()
    code = start_fleet(files, ["--workers", str(workers)]).wait(_PATIENCE)
    return Ended(time.perf_counter() - began, code, count_whole(projects))


@contextmanager
def open_scheduler(folder: Path) -> Iterator[tuple[str, list[psutil.Process], dict[str, str]]]:
    """Start a scheduler and two workers, each a process of its own, which show certificates."""
    own = make_certificates(folder, "centre")
    tls = ["--tls-ca-file", own["ca-file"], "--tls-cert", own["cert"], "--tls-key", own["key"]]
    settings = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": own["ca-file"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": own["cert"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": own["key"],
    }
    meeting = folder / "scheduler.json"
    options: dict[str, Any] = {
        "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(folder)},
    }  # fmt: skip
    dask = [sys.executable, "-m", "dask"]
    started = [
        subprocess.Popen(
            [*dask, "scheduler", *tls, *_LOOPBACK, "--port", "0", "--no-dashboard",
             "--scheduler-file", str(meeting)], **options,
        )
    ]  # fmt: skip
    try:
        wait_for(lambda: meeting.exists() and meeting.read_text(encoding="utf-8"))
        address = json.loads(meeting.read_text(encoding="utf-8"))["address"]
        for _ in range(2):
            started.append(
                subprocess.Popen(
                    [*dask, "worker", address, *tls, *_LOOPBACK, "--nthreads", "1", "--no-nanny",
                     "--no-dashboard"], **options,
                )
            )  # fmt: skip
        yield address, [psutil.Process(one.pid) for one in started[1:]], settings
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(what: Any) -> None:
    """Wait until something holds."""
    until = time.monotonic() + _PATIENCE
    while not what():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)


def is_in_middle(worker: psutil.Process, projects: Sequence[Path]) -> bool:
    """Whether a run of a worker is in the middle of the stage in which it is to be killed."""
    files = {word for run in worker.children() for word in run.cmdline()}
    for project in projects:
        if str(project / PARAMETERS) in files and (project / f"runs/{NAME}/audit.jsonl").exists():
            last = read_entries(project / f"runs/{NAME}")[-1]
            return bool(last["stage"] == KILLED_IN and last["event"] != "completed")
    return False


def run_with_loss(projects: Sequence[Path], folder: Path) -> Ended:
    """Run projects through a scheduler with two workers, and kill one with its run in a stage."""
    files = list_files(projects)
    with open_scheduler(folder) as (address, workers, settings):
        began = time.perf_counter()
        fleet = start_fleet(files, ["--scheduler", address], settings)
        wait_for(lambda: is_in_middle(workers[0], projects))
        for process in [workers[0], *workers[0].children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        code = fleet.wait(_PATIENCE)
        return Ended(time.perf_counter() - began, code, count_whole(projects))


def describe(one: Ended, two: Ended, lost: Ended, counts: tuple[int, int]) -> str:
    """Write the table, and say which targets are met."""
    many, few = counts
    gain = one.seconds / two.seconds
    rows = [
        (f"{many} municipalities, 1 worker", one, many, "1.00"),
        (f"{many} municipalities, 2 workers", two, many, f"{gain:.2f}"),
        (
            f"{few} municipalities, 2 workers of a scheduler, one killed in {KILLED_IN}",
            lost,
            few,
            "",
        ),
    ]
    table = tabulate(
        ("fleet", "seconds", "times as fast", "complete, record verified", "exit code"),
        [
            (name, f"{ended.seconds:.0f}", ratio, f"{ended.whole} of {count}", str(ended.code))
            for name, ended, count, ratio in rows
        ],
    )
    told = tell_targets([
        (f"two workers at least {LEAST_GAIN} x one ({gain:.2f} x)", gain >= LEAST_GAIN),
        ("every municipality complete, also where a worker was killed",
         all(ended.whole == count and not ended.code for _, ended, count, _ in rows)),
    ])  # fmt: skip
    return "\n\n".join([table, "\n".join(told)])


def main(arguments: list[str]) -> None:
    """Measure, print, and write the section of the report."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--small", action="store_true")
    reader.add_argument("--data", type=Path)
    asked = reader.parse_args(arguments)
    mix = SMALL_MIX if asked.small else MIX
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        data = (asked.data or folder / "data").resolve()
        projects = make_projects(mix, data, folder / "municipalities")
        one, two = run_local(projects, 1), run_local(projects, 2)
        few = projects[:OF_SCHEDULER]
        lost = run_with_loss(few, folder)
    sizes = ", ".join(f"{count} of {size.residents:,} residents" for size, count in mix)
    text = "\n\n".join([
        "## Many municipalities",
        f"`bench/fleet.py`. {describe_machine('distributed', 'papermill')}. `recruitlib fleet` from 01 through "
        f"05: {sizes}; each from nothing, once. A run uses the second core too, while the next kernel starts.",
        describe(one, two, lost, (len(projects), len(few))),
    ])  # fmt: skip
    sys.stdout.write(f"{text}\n")
    if not asked.small:
        put_section("fleet", text)


if __name__ == "__main__":
    main(sys.argv[1:])
