"""Measure a whole run, stage by stage: beside the floor, and from a ward to a city and the nation.

    PYTHONPATH=$PWD python bench/batch.py [--small] [--data FOLDER]

makes invented municipalities of 350,000 and of 3,800,000 residents (`municipality.py`; 4.5 GB in the
temporary folder, or in the folder of ``--data``, where they are kept for the next time), and runs
each from 01 through 06 as officers do. The floor is six notebooks that hold the real ones' imports
and one parameter, executed by papermill in one process with the same settings (`floor.py`). Both take turns,
each in a process of its own; memory is watched in a turn that is not timed. ``--small`` takes
municipalities of 1,500 and 6,000, one turn, and only prints.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import nbformat
import psutil
from municipality import NAME, PARAMETERS, Size, prepare_project
from report import README, describe_machine, put_section, tabulate, tell_targets

from recruitlib.base.parameters import NOTEBOOKS, STAGE_NAMES
from tests.conftest import ROOT
from tests.refresh import sign_run

WARD = Size("ward", 350_000, (1_698, 2_566), 30)
# About as many applications for each person of the cohorts.
CITY = Size("city", 3_800_000, (32_000, 37_000), 492)
SMALL_WARD, SMALL_CITY = Size("tiny", 1_500, (110, 110), 30), Size("small", 6_000, (440, 440), 60)
WARD_TURNS, CITY_TURNS = 5, 3
MUNICIPALITIES, RESIDENTS = 1_741, 125_000_000
MOST_OF_FLOOR, CITY_SECONDS, CITY_MEMORY = 2.0, 120.0, 2e9
START, WHOLE = "start", "whole"
STAGES = [START, *NOTEBOOKS]
TITLES = {START: "until the first notebook", **{s: f"{s} {STAGE_NAMES[s]}" for s in NOTEBOOKS}}
PICTURE = Path(__file__).with_suffix(".png")
_TICK = 0.1
_AWAITING = 13
_SCREEN = "screen.txt"


class Peaks(NamedTuple):
    """Bytes: of the launcher, of the kernel of each stage, of all processes at one moment by stage."""

    launcher: int
    kernels: dict[str, int]
    moments: dict[str, int]


class Measured(NamedTuple):
    """A contestant: the median seconds of each part and of the whole, the labels, and its memory."""

    seconds: dict[str, float]
    labels: int
    peaks: Peaks


class Watched(NamedTuple):
    """What was seen at one moment: the time, and of each process its own and its proportional memory."""

    at: float
    high: dict[int, int]
    shared: int


# ---- one turn


class Contestant:
    """What is run from nothing in every turn, and where its executed notebooks lie then."""

    def __init__(self, command: list[str], place: Path, notebooks: Path, made: Sequence[Path]):
        self.command, self.place, self.notebooks, self.made = command, place, notebooks, made
        self.screen = ""

    def start(self) -> subprocess.Popen[bytes]:
        """Remove what the last turn made, and start."""
        for path in self.made:
            shutil.rmtree(path, ignore_errors=True)
        self.notebooks.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.place / _SCREEN).open("wb") as screen:
            return subprocess.Popen(
                self.command, cwd=self.place, env=environment, stdout=screen,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def finish(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the end, keep what was shown, and give the exit code."""
        code = process.wait()
        self.screen = (self.place / _SCREEN).read_text(encoding="utf-8")
        return code

    def take_turn(self) -> dict[str, float]:
        """Run once and give the seconds of each part and of the whole.

        Raises:
            RuntimeError: it did not run through.
        """
        began = time.time()
        code = self.finish(self.start())
        ended = time.time()
        if code:
            raise RuntimeError(self.screen)
        return split_time(began, self.list_begins(), ended)

    def list_begins(self) -> dict[str, float]:
        """List when each executed notebook was begun, as papermill has noted in it."""
        begins = {}
        for stage, stem in NOTEBOOKS.items():
            path = self.notebooks / f"{stem}.ipynb"
            if path.exists():
                noted = nbformat.read(path, as_version=4).metadata["papermill"]["start_time"]
                begins[stage] = datetime.fromisoformat(noted).timestamp()
        return begins


def split_time(began: float, begins: Mapping[str, float], ended: float) -> dict[str, float]:
    """Split the time of a run: a stage lasts until the next notebook is begun, the last to the end.

    What is done between two notebooks (the seal, the page) so belongs to the one before, and the
    parts sum up to the whole.
    """
    marks = [began, *begins.values(), ended]
    seconds = {
        stage: later - earlier
        for stage, (earlier, later) in zip([START, *begins], pairwise(marks), strict=True)
    }
    return {**seconds, WHOLE: ended - began}


def weigh(contestant: Contestant) -> tuple[int, Peaks | None]:
    """Run once and watch the memory of all its processes.

    Returns:
        the exit code, and the memory where it ran through.
    """
    began = time.time()
    process = contestant.start()
    seen: list[Watched] = []
    kernels: dict[int, float] = {}
    while process.poll() is None:
        seen.append(look_at(process.pid, kernels))
        time.sleep(_TICK)
    code = contestant.finish(process)
    return code, None if code else sum_up(process.pid, contestant, began, seen, kernels)


def look_at(launcher: int, kernels: dict[int, float]) -> Watched:
    """Look at the launcher and all that it has started, and take note of kernels that are new."""
    high, shared = {}, 0
    with suppress(psutil.Error):
        root = psutil.Process(launcher)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error, OSError, IndexError):
                if process.pid not in kernels and _is_kernel(process):
                    kernels[process.pid] = process.create_time()
                high[process.pid] = _read_memory(process.pid, "status", "VmHWM")
                shared += _read_memory(process.pid, "smaps_rollup", "Pss")
    return Watched(time.time(), high, shared)


def _is_kernel(process: psutil.Process) -> bool:
    words = process.cmdline()
    return "-f" in words and words[words.index("-f") + 1].endswith(".json")


def _read_memory(pid: int, table: str, name: str) -> int:
    text = Path(f"/proc/{pid}/{table}").read_text(encoding="utf-8")
    return 1024 * int(re.findall(rf"^{name}:\s+([0-9]+) kB", text, re.MULTILINE)[0])


def sum_up(
    launcher: int, contestant: Contestant, began: float, seen: list[Watched],
    kernels: dict[int, float],
) -> Peaks:  # fmt: skip
    """Sum up what was seen: kernels are of the stages in the order in which they were started."""
    high: dict[int, int] = {}
    for watched in seen:
        high |= {pid: max(own, high.get(pid, 0)) for pid, own in watched.high.items()}
    begins = contestant.list_begins()
    order = sorted(kernels, key=lambda pid: kernels[pid])
    by_stage = dict(zip(begins, order, strict=True)) if len(order) == len(begins) else {}
    marks = [began, *begins.values(), math.inf]
    moments = {
        stage: max((w.shared for w in seen if earlier <= w.at < later), default=0)
        for stage, (earlier, later) in zip([START, *begins], pairwise(marks), strict=True)
    }
    return Peaks(
        high[launcher], {stage: high.get(pid, 0) for stage, pid in by_stage.items()}, moments
    )


# ---- contestants


def enter_floor(folder: Path) -> Contestant:
    """Enter the floor."""
    out = folder / "floor"
    command = [sys.executable, str(Path(__file__).with_name("floor.py")), str(out)]
    return Contestant(command, folder, out, [out])


def enter_batch(project: Path) -> Contestant:
    """Enter the whole run of a municipality, begun without a run and without a register."""
    command = [sys.executable, "-m", "recruitlib", "run", PARAMETERS, "--through", "06"]
    made = [project / "runs", project / "register"]
    return Contestant(command, project, project / f"runs/{NAME}/notebooks", made)


def weigh_signed(batch: Contestant) -> Peaks:
    """Weigh a run; let the officers sign first where what is signed is not of this run.

    Raises:
        RuntimeError: it does not run through for another reason.
    """
    for _ in range(2):
        code, peaks = weigh(batch)
        if peaks:
            return peaks
        if code != _AWAITING:
            break
        here = Path.cwd()
        os.chdir(batch.place)
        for path in batch.made:
            shutil.rmtree(path, ignore_errors=True)
        sign_run(batch.place, NAME)
        os.chdir(here)
    raise RuntimeError(batch.screen)


def count_labels(batch: Contestant) -> int:
    """Count the labels of the last run, as the command tells them."""
    rows = re.findall(r"^[0-9]+歳\s+(.+)$", batch.screen, re.MULTILINE)
    return sum(int(row.split()[-2].replace(",", "")) for row in rows)


def measure(contestants: Mapping[str, Contestant], turns: int) -> dict[str, Measured]:
    """Weigh each contestant once, and let them take turns."""
    peaks = {name: weigh_signed(own) for name, own in contestants.items()}
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, contestant in contestants.items():
            taken[name].append(contestant.take_turn())
    return {
        name: Measured(
            {part: median(turn[part] for turn in own) for part in own[0]},
            count_labels(contestants[name]), peaks[name],
        )
        for name, own in taken.items()
    }  # fmt: skip


# ---- the report


def compare_with_floor(floor: Measured, ward: Measured, size: Size) -> tuple[str, list[str]]:
    """Write the table of the run beside the floor, and say whether its target is met."""
    rows = [
        [
            title, f"{floor.seconds[part]:.2f}", f"{ward.seconds[part]:.2f}",
            f"{ward.seconds[part] / floor.seconds[part]:.2f}",
            tell_memory(floor, part), tell_memory(ward, part),
        ]
        for part, title in list_parts()
    ]  # fmt: skip
    heads = ["part", "floor, s", "run, s", "to the floor", "floor: kernel / all, MB",
             "run: kernel / all, MB"]  # fmt: skip
    ratio = ward.seconds[WHOLE] / floor.seconds[WHOLE]
    title = f"### A ward beside the floor: {size.residents:,} residents, {ward.labels:,} labels"
    told = [(f"the whole run at most {MOST_OF_FLOOR} x the floor ({ratio:.2f} x)",
             ratio <= MOST_OF_FLOOR)]  # fmt: skip
    return f"{title}\n\n{tabulate(heads, rows)}", tell_targets(told)


def list_parts() -> list[tuple[str, str]]:
    """List the parts of a run and the whole, with their titles."""
    return [*TITLES.items(), (WHOLE, "**whole**")]


def tell_memory(measured: Measured, part: str) -> str:
    """Tell the peak of a stage's kernel and that of all processes at one moment, in MB."""
    peaks = measured.peaks
    own = {**peaks.kernels, START: peaks.launcher}
    own[WHOLE] = max(own.values())
    moments = {**peaks.moments, WHOLE: max(peaks.moments.values())}
    kernel = f"{own[part] / 1e6:,.0f}" if part in own else "?"
    return f"{kernel} / {moments[part] / 1e6:,.0f}"


def compare_sizes(
    ward: Measured, city: Measured, sizes: tuple[Size, Size]
) -> tuple[str, list[str]]:
    """Write the table of both sizes, and say which targets are met."""
    few, many = (size.residents for size in sizes)
    growth = math.log(many / few)
    rows = []
    for part, title in list_parts():
        short, long = ward.seconds[part], city.seconds[part]
        rows.append([
            title, f"{short:.2f}", f"{long:.2f}", f"{math.log(long / short) / growth:.2f}",
            f"{short / few * 1e6:.1f}", f"{long / many * 1e6:.1f}",
            tell_memory(ward, part), tell_memory(city, part),
        ])  # fmt: skip
    heads = ["part", "ward, s", "city, s", "growth exponent", "ward, µs a resident",
             "city, µs a resident", "ward: kernel / all, MB", "city: kernel / all, MB"]  # fmt: skip
    whole, most = city.seconds[WHOLE], max(city.peaks.moments.values())
    falls = whole / many <= ward.seconds[WHOLE] / few
    told = [
        (f"the city's run in at most {CITY_SECONDS:.0f} s ({whole:.1f} s)", whole <= CITY_SECONDS),
        (f"all its processes at one moment in at most {CITY_MEMORY / 1e9:.0f} GB "
         f"({most / 1e9:.2f} GB)", most <= CITY_MEMORY),
        ("time per resident falling or flat from ward to city", falls),
    ]  # fmt: skip
    title = (
        f"### From a ward to a city: {sizes[1].residents:,} residents, {city.labels:,} labels, "
        f"{sizes[1].applications:,} applications"
    )
    return f"{title}\n\n{tabulate(heads, rows)}", tell_targets(told)


def tell_nation(ward: Measured, city: Measured, sizes: tuple[Size, Size]) -> str:
    """Tell how long the nation would take, from a fixed cost of each run and one of each resident."""
    few, many = (size.residents for size in sizes)
    short, long = ward.seconds[WHOLE], city.seconds[WHOLE]
    each = (long - short) / (many - few)
    fixed = short - each * few
    hours = (MUNICIPALITIES * fixed + RESIDENTS * each) / 3600
    written = re.findall(r"2,100,000 labels [^\n]*\(([0-9.]+) s\)", README.read_text("utf-8"))
    labels = (
        f" The 2,100,000 labels by themselves were really written, encrypted and read back in {written[0]} s "
        "(above, `bench/labels.py`)."
        if written else ""
    )  # fmt: skip
    return (
        f"### The nation on paper\n\nAssumed: a run costs a fixed time and a time for each resident, both "
        f"as in the ward and the city above ({fixed:.1f} s a run, {each * 1e6:.1f} µs a resident), "
        "and labels and applications come in proportion to residents. Then "
        f"{MUNICIPALITIES:,} municipalities with {RESIDENTS:,} residents take **{hours:.1f} hours**, "
        f"one after the other on one machine of {os.cpu_count()} cores: "
        f"{MUNICIPALITIES * fixed / 3600:.1f} hours for the runs as such, "
        f"{RESIDENTS * each / 3600:.1f} for the residents.{labels}"
    )


def draw(bars: Mapping[str, Measured], path: Path) -> None:
    """Draw the seconds of each part for each contestant."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    parts = list_parts()
    figure, axes = pyplot.subplots(figsize=(8, 5.5), layout="constrained")
    height = 0.8 / len(bars)
    for at, (name, measured) in enumerate(bars.items()):
        places = [row + (at - (len(bars) - 1) / 2) * height for row in range(len(parts))]
        drawn = axes.barh(places, [measured.seconds[part] for part, _ in parts], height, label=name)
        axes.bar_label(drawn, fmt="%.1f", padding=2, fontsize=7)
    names = {START: "start", WHOLE: "whole"}
    axes.set_yticks(range(len(parts)), [names.get(part, part) for part, _ in parts])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=0.5)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("seconds (logarithmic)")
    axes.legend(loc="upper right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def main(arguments: list[str]) -> None:
    """Measure, print, and write the section and the picture of the report."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--small", action="store_true")
    reader.add_argument("--data", type=Path)
    asked = reader.parse_args(arguments)
    sizes = (SMALL_WARD, SMALL_CITY) if asked.small else (WARD, CITY)
    turns = (1, 1) if asked.small else (WARD_TURNS, CITY_TURNS)
    with tempfile.TemporaryDirectory() as name:
        folder = (asked.data or Path(name)).resolve()
        ward, city = (enter_batch(prepare_project(size, folder)) for size in sizes)
        first = measure({"floor": enter_floor(folder), "ward": ward}, turns[0])
        told = {**first, **measure({"city": city}, turns[1])}
    beside, met = compare_with_floor(told["floor"], told["ward"], sizes[0])
    grown, met_too = compare_sizes(told["ward"], told["city"], sizes)
    parts = [
        "## A whole run",
        f"`bench/batch.py`. {describe_machine('papermill', 'ipykernel', 'pandas', 'pyarrow')}. `recruitlib "
        "run` from 01 through 06, with read-back and seals, of invented municipalities whose registry files "
        f"have 122 columns; median of {turns[0]} turns (ward, floor) and {turns[1]} (city), each from "
        "nothing. The floor: six notebooks with the same imports and one parameter, by papermill in one "
        "process with the same settings. A part lasts until the next notebook is begun, so that the seal "
        "of a stage is in it. Memory, in a turn that is not timed: the peak of the part's own kernel (in "
        "the first row of the launcher), and of all processes at one moment (proportional set size).",
        beside, "\n".join(met), grown, "\n".join(met_too),
        tell_nation(told["ward"], told["city"], sizes),
    ]  # fmt: skip
    if not asked.small:
        bars = {
            "floor": told["floor"],
            f"{WARD.residents:,} residents": told["ward"],
            f"{CITY.residents:,} residents": told["city"],
        }
        draw(bars, PICTURE)
        parts.append(f"![Seconds of each part of a run]({PICTURE.name})")
    text = "\n\n".join(parts)
    sys.stdout.write(f"{text}\n")
    if not asked.small:
        put_section("batch", text)


if __name__ == "__main__":
    main(sys.argv[1:])
