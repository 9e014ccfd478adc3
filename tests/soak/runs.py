"""Many demonstrations one after the other in one process: nothing may pile up.

``python -m tests.soak.runs`` runs the demonstration 100 times, prints what the process holds after
each, and writes ``docs/reliability_soak.md``. It fails where something grows from run to run.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from recruitlib.base.run_lock import hold_run
from recruitlib.base.vault import protect_folder
from recruitlib.cli.runs import remove_demonstration
from recruitlib.synth.ward import make_ward
from tests.conftest import PARAMETERS, ROOT, WARD, copy_project
from tests.incidents.accident import RUN, type_here

DOCUMENT = ROOT / "docs/reliability_soak.md"
MB = 1024 * 1024
# The first runs import modules, fill caches and let the allocator find its size.
WARMING_SHARE, WARMING_LEAST = 10, 3
# Of fewer runs the slope is as much that of the allocator's last steps as that of a leak.
FEWEST = 30


class Held(NamedTuple):
    """What stands after a run; each is a count unless its name says otherwise."""

    memory_mb: float
    objects: int
    descriptors: int
    threads: int
    processes: int
    temporary_files: int
    home_files: int
    run_files: int
    register_kb: float
    seconds: float


class Rule(NamedTuple):
    """How much one thing may grow per run; ``grown`` where it is its growth that must not grow."""

    called: str
    most: float
    grown: bool = False


# A kernel left over, a descriptor or a file would show as one or more per run; the slope of a thing
# that stays is 0. Memory has the slack of an allocator: 100 runs may add 20 MB. Click remembers each
# screen that the soak gives to a command: three objects for each run.
RULES = {
    "memory_mb": Rule("memory (MB)", 0.2),
    "objects": Rule("Python objects", 20),
    "descriptors": Rule("descriptors", 0.02),
    "threads": Rule("threads", 0.02),
    "processes": Rule("other processes (kernels)", 0.02),
    "temporary_files": Rule("files in the temporary folder", 0.02),
    "home_files": Rule("files in the home folder", 0.02),
    "run_files": Rule("files of the run", 0.02),
    "register_kb": Rule("register (KB)", 0.1, grown=True),
}


def find_slope(values: Sequence[float]) -> float:
    """Find how much a series grows per step: the median of the slopes of all pairs.

    Source: the estimator of Theil (1950) and Sen (1968), which single outliers do not move.
    """
    if len(values) < 2:
        return 0.0
    return statistics.median(
        (values[later] - values[earlier]) / (later - earlier)
        for earlier in range(len(values))
        for later in range(earlier + 1, len(values))
    )


def find_trends(series: Sequence[Held]) -> dict[str, float]:
    """Find how much each thing grows per run, once the process has warmed up."""
    settled = series[max(WARMING_LEAST, len(series) // WARMING_SHARE) :]
    trends = {}
    for name, rule in RULES.items():
        values = [float(getattr(held, name)) for held in settled]
        if rule.grown:
            values = [after - before for before, after in pairwise(values)]
        trends[name] = find_slope(values)
    return trends


def list_leaks(series: Sequence[Held]) -> list[str]:
    """List what grows from run to run more than its rule allows."""
    return [
        f"{RULES[name].called}: {slope:+.3f} per run, allowed {RULES[name].most}"
        for name, slope in find_trends(series).items()
        if slope > RULES[name].most
    ]


def measure(project: Path, scratch: Path, home: Path, run: Path, seconds: float) -> Held:
    """Measure what this process holds, and what it left around it."""
    gc.collect()
    this = psutil.Process()
    return Held(
        memory_mb=round(this.memory_info().rss / MB, 1),
        objects=len(gc.get_objects()),
        descriptors=this.num_fds() if hasattr(this, "num_fds") else this.num_handles(),
        threads=this.num_threads(),
        processes=count_processes(scratch),
        temporary_files=count_files(scratch),
        home_files=count_files(home),
        run_files=count_files(run),
        register_kb=round(sum(path.stat().st_size for path in list_files(project / "register")) / 1024, 1),
        seconds=round(seconds, 1),
    )  # fmt: skip


def list_files(folder: Path) -> list[Path]:
    """List everything in a folder but the folders: sockets and links are left-overs as well."""
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]


def count_files(folder: Path) -> int:
    """Count everything in a folder but the folders themselves."""
    return len(list_files(folder))


def count_processes(scratch: Path) -> int:
    """Count the other processes of this soak, also those whose parent is gone."""
    found = 0
    for process in psutil.process_iter():
        try:
            own = process.environ().get("TMPDIR") == str(scratch)
        except psutil.Error:
            continue
        found += own and process.pid != os.getpid()
    children = psutil.Process().children(recursive=True)
    # A child that has ended and that nobody has asked for has no environment any more.
    return found + sum(child.status() == psutil.STATUS_ZOMBIE for child in children)


def run_demonstration(project: Path) -> Path:
    """Run the demonstration of 40,000 residents."""
    typed = type_here("recruitlib demo")
    assert typed.exit_code == 0, typed.screen
    return project / "runs/demo"


def run_small(project: Path) -> Path:
    """Run the small ward anew, as ``recruitlib demo`` runs the large one."""
    protect_folder(project / RUN)
    with hold_run(project / RUN):
        remove_demonstration(project / RUN)
    typed = type_here(f"recruitlib run {PARAMETERS}")
    assert typed.exit_code == 0, typed.screen
    return project / RUN


def soak(runs: int, small: bool, tell: Callable[[list[Held]], None]) -> list[Held]:
    """Run the demonstration again and again, in a project, home and temporary folder of its own.

    Args:
        runs: how many times.
        small: the ward of 1,500 residents.
        tell: called with what has been measured, after each run.
    """
    series: list[Held] = []
    with TemporaryDirectory(prefix="rl") as base:
        project, scratch, home = (Path(base) / name for name in ("p", "t", "h"))
        for folder in (project, scratch, home):
            folder.mkdir()
        os.environ.update(TMPDIR=str(scratch), HOME=str(home))
        copy_project(project)
        os.chdir(project)
        if small:
            make_ward(project / WARD, 1_500, 2026, project / "params/towns/131041.csv")
        counts: bytes = b""
        for _ in range(runs):
            began = time.perf_counter()
            run = (run_small if small else run_demonstration)(project)
            counts = counts or (run / "counts.csv").read_bytes()
            assert (run / "counts.csv").read_bytes() == counts, "the counts are not those before"
            seconds = time.perf_counter() - began
            series.append(measure(project, scratch, home, run, seconds))
            tell(series)
        os.chdir(ROOT)
    return series


def tell_result(series: Sequence[Held]) -> str:
    """Tell what grows; that nothing does can be told only of enough runs."""
    leaks = list_leaks(series)
    if len(series) < FEWEST:
        return "; ".join([f"too few runs to tell ({FEWEST} at least)", *leaks])
    return "; ".join(leaks) or "nothing piles up"


def render(series: Sequence[Held], asked: int, small: bool) -> str:
    """Render the measures as a document."""
    ward = "1,500 residents" if small else "40,000 residents"
    trends = find_trends(series)
    lines = [
        "# Many runs in one process",
        "",
        f"{len(series)} of {asked} demonstrations (01 to 05, {ward}) one after the other in one process, "
        f"Python {platform.python_version()} on {platform.system()}. Made by "
        f"`python -m tests.soak.runs --runs {asked}{' --small' if small else ''}`.",
        "",
        "The slope is that of Theil and Sen, after the first tenth of the runs (3 at least). Of the "
        "register, which notes every run, it is its growth that must not grow.",
        "",
        f"Result: {tell_result(series)}.",
        "",
        "| what | after run 1 | after the last | most | slope per run | allowed |",
        "|---|---|---|---|---|---|",
    ]
    for name, rule in RULES.items():
        values = [getattr(held, name) for held in series]
        cells = [f"{value:,}" for value in (values[0], values[-1], max(values))]
        lines.append(f"| {rule.called} | {' | '.join(cells)} | {trends[name]:+.3f} | {rule.most} |")
    taken = [held.seconds for held in series]
    lines += [
        "",
        f"A run took {statistics.median(taken):.0f} s (median; {min(taken):.0f} to {max(taken):.0f}).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Soak, and fail where something grows."""
    words = argparse.ArgumentParser(description="Run the demonstration many times in one process.")
    words.add_argument("--runs", type=int, default=100)
    words.add_argument("--small", action="store_true", help="the ward of 1,500 residents")
    given = words.parse_args()
    print("\t".join(["run", *Held._fields]))

    def tell(series: list[Held]) -> None:
        print("\t".join(map(str, [len(series), *series[-1]])), flush=True)
        DOCUMENT.write_text(render(series, given.runs, given.small), encoding="utf-8")

    if leaks := list_leaks(soak(given.runs, given.small, tell)):
        sys.exit("\n".join(leaks))


if __name__ == "__main__":
    main()
