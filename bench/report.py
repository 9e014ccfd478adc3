"""The report of the bench: each script writes its own section of README.md and no other."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

STATUS = Path("/proc/self/status")
README = Path(__file__).with_name("README.md")
SECTIONS = ("labels", "reading", "matching", "review", "batch", "fleet")
HEAD = """# Bench

What `make bench` measured: the same work by this package and by named peers, in turn, in one run.
Ratios travel between machines, seconds do not; none of them is a test. Each script writes its own
section. The extracts of `bench/reading.py` take about 1.6 GB in the temporary folder, those of
`bench/matching.py` 1.2 GB and those of `bench/batch.py` 4.5 GB; with `--small` each leaves the
large one out and only prints. `bench/batch.py --data FOLDER` keeps its files for the next time.
`make bench DATA="FOLDER ..."` measures the matching on files of another's making, too.
"""


def take_turns(contestants: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Let each contestant work once in every turn, and give the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, work in contestants.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def describe_machine(*packages: str) -> str:
    """Say what the figures were measured with."""
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in packages]
    return f"{', '.join(versions)}; {platform.machine()}, {os.cpu_count()} cores"


def tell_peak() -> int:
    """Give the most memory that this process has had so far, in bytes; 0 where Linux does not tell.

    ``ru_maxrss`` would count what the process was before it was this program.
    """
    told = re.findall(r"VmHWM:\s+([0-9]+) kB", STATUS.read_text()) if STATUS.exists() else ["0"]
    return int(told[0]) * 1024


def tell_targets(told: Sequence[tuple[str, bool]]) -> list[str]:
    """Write a line for each target: what it is, and whether it was met."""
    return [f"- {what}: {'met' if met else '**not met**'}" for what, met in told]


def tabulate(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put_section(name: str, text: str) -> None:
    """Put a text between the two marks of its section of README.md, and leave the others."""
    empty = [f"\n{_begin(section)}\n{_end(section)}\n" for section in SECTIONS]
    report = README.read_text(encoding="utf-8") if README.exists() else "".join([HEAD, *empty])
    section = re.compile(f"{re.escape(_begin(name))}.*{re.escape(_end(name))}", re.DOTALL)
    written, found = section.subn(lambda _: f"{_begin(name)}\n{text.strip()}\n{_end(name)}", report)
    if not found:
        raise ValueError(f"{README.name}: the marks of the section {name} are missing")
    README.write_text(written, encoding="utf-8", newline="\n")


def _begin(name: str) -> str:
    return f"<!-- {name} -->"


def _end(name: str) -> str:
    return f"<!-- end of {name} -->"
