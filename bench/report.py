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

README = Path(__file__).with_name("README.md")


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
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {versions}, {platform.machine()}, {os.cpu_count()} cores"


def tabulate(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write_section(name: str, text: str) -> None:
    """Put a text between the two marks of a section of README.md, which stand there already."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    report = README.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not section.search(report):
        raise ValueError(f"{README.name}: {begin} and {end} are missing")
    written = section.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", report)
    README.write_text(written, encoding="utf-8", newline="\n")
