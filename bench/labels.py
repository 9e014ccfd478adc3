"""Measure how fast labels are printed and proved, beside reportlab, pylabels and fpdf2.

``make bench`` prints 4,264 and 70,000 labels of invented people with every contestant, and 2,100,000
in lots on two processes with the package alone; ``--small`` leaves all but the first out, prints and
writes nothing. Each contestant also works once in a process of its own, for the memory that it takes
at most.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from label_peers import SHEET, print_by_fpdf2, print_by_pylabels, print_naively
from report import (
    STATUS,
    describe_machine,
    put_section,
    tabulate,
    take_turns,
    tell_peak,
    tell_targets,
)

from recruitlib.base.papers import default_font_path
from recruitlib.base.profiles import read_profile
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.glyph_proof import find_foreign_glyphs
from recruitlib.labels.printing import encrypt_pdf, render_labels
from recruitlib.labels.proof import compare_labels, find_clipped, find_outside
from recruitlib.labels.reading import read_cells
from recruitlib.labels.structure import find_foreign_structure
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import select_cohort
from recruitlib.registry.extract import read_extract
from recruitlib.synth.ward import make_ward

ROOT = Path(__file__).parents[1]
RESIDENTS, SEED = 175_000, 2026
SMALL, LARGE, LOTS, PROCESSES = 4_264, 70_000, 30, 2
TURNS = {SMALL: 5, LARGE: 3}
PASSWORD = "bench"
MOST_TO_WRITE, MOST_TO_READ_BACK, MOST_MEMORY_MB, MOST_SECONDS = 0.45, 1.0, 600, 360
NAIVE = "reportlab, naive drawString"
WRITE = "recruitlib: write"
READ_BACK = "recruitlib: write, encrypt, read every label back, check every line's box"
PROVE = "recruitlib: that, and the proof glyph by glyph (every box, every outline)"


def make_people(folder: Path) -> pd.DataFrame:
    """Make as many people as the large print needs, each of a household of their own."""
    make_ward(folder, RESIDENTS, SEED, ROOT / "params/towns/131041.csv")
    profile = read_profile(ROOT / "params/profiles/registry_standard.yaml")
    everybody = [BirthRange(18, date(1900, 1, 1), date(2026, 5, 18))]
    extract = read_extract(folder / "registry.csv", profile, everybody)
    people = select_cohort(extract.records, {}).drop_duplicates("household_id")
    # The naive printer has no glyph for the rarest surname; all print the same people.
    people = people[~people["full_name"].str.contains("\U00020bb7")].head(LARGE)
    columns = ["source_row", "postal_code", "address", "building", "full_name"]
    if len(people) < LARGE:
        raise ValueError("the ward has too few households")
    return people[columns].reset_index(drop=True)


def write_ours(people: pd.DataFrame) -> bytes:
    """Fit and write labels as notebook 04 does."""
    fonts = [LabelFont(default_font_path())]
    fitted, refused = fit_labels(people, SHEET, fonts)
    if len(refused):
        raise ValueError("a label was refused")
    return render_labels(fitted, SHEET, fonts)


def read_ours_back(people: pd.DataFrame) -> bytes:
    """Write labels, encrypt the file, read it back, and compare every label and every line's box."""
    locked = encrypt_pdf(write_ours(people), PASSWORD)
    cells = read_cells(locked, SHEET, PASSWORD)
    if len(compare_labels(cells, people, SHEET)) or len(find_outside(cells, SHEET)):
        raise ValueError("a label is not as approved")
    return locked


def prove_ours(people: pd.DataFrame) -> bytes:
    """Do all that notebook 04 does: also every glyph's box and outline, and the file's structure."""
    locked = read_ours_back(people)
    fonts = [LabelFont(default_font_path())]
    found = [
        *find_foreign_glyphs(locked, fonts, PASSWORD),
        *find_foreign_structure(locked, PASSWORD),
    ]
    if len(find_clipped(locked, SHEET, PASSWORD)) or found:
        raise ValueError("a glyph is not as approved")
    return locked


CONTESTANTS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    NAIVE: print_naively,
    "pylabels": print_by_pylabels,
    "fpdf2": print_by_fpdf2,
    WRITE: write_ours,
    READ_BACK: read_ours_back,
    PROVE: prove_ours,
}


def weigh(name: str, path: Path, labels: int) -> int:
    """Let a contestant print once in a process of its own; give the memory that it took, in MB."""
    command = [sys.executable, __file__, "--weigh", name, str(path), str(labels)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    return int(json.loads(told.stdout))


def measure(
    people: pd.DataFrame, path: Path, labels: int
) -> tuple[str, dict[str, float], dict[str, int]]:
    """Measure all contestants on so many labels.

    Returns:
        the table with its heading, the median seconds and the peaks in MB.
    """
    own = people.head(labels)

    def enter(work: Callable[[pd.DataFrame], bytes]) -> Callable[[], object]:
        return lambda: work(own)

    seconds = take_turns({name: enter(work) for name, work in CONTESTANTS.items()}, TURNS[labels])
    peaks = {name: weigh(name, path, labels) for name in CONTESTANTS} if STATUS.exists() else {}
    rows = [
        [name, f"{taken:.2f}", f"{taken / seconds[NAIVE]:.2f}", f"{peaks.get(name, 0):,}"]
        for name, taken in seconds.items()
    ]
    title = f"### {labels:,} labels; median of {TURNS[labels]} turns"
    table = tabulate(["contestant", "seconds", "to naive", "peak MB (whole process)"], rows)
    return f"{title}\n\n{table}", seconds, peaks


def print_lot(task: tuple[str, int]) -> int:
    """Write and read back one lot, of people whom no other lot has; give its labels."""
    path, number = task
    people = pd.read_pickle(path)
    names = np.roll(people["full_name"].to_numpy(), number * 101)
    return len(people) if read_ours_back(people.assign(full_name=names)) else 0


def measure_lots(path: Path) -> tuple[int, float]:
    """Print 2,100,000 labels in lots on two processes; give the labels and the seconds."""
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        labels = sum(pool.map(print_lot, [(str(path), number) for number in range(LOTS)], 1))
    return labels, time.perf_counter() - began


def judge(seconds: dict[str, float], peaks: dict[str, int], lots: tuple[int, float]) -> list[str]:
    """Say which targets of the large print are met."""
    to_write, to_read = (seconds[name] / seconds[NAIVE] for name in (WRITE, READ_BACK))
    labels, taken = lots
    told = [
        (f"writing at most {MOST_TO_WRITE} x naive ({to_write:.2f} x)", to_write <= MOST_TO_WRITE),
        (f"writing, reading back and checking boxes at most {MOST_TO_READ_BACK} x naive "
         f"({to_read:.2f} x)", to_read <= MOST_TO_READ_BACK),
        (f"{labels:,} labels in {LOTS} lots, written, encrypted and read back on {PROCESSES} processes "
         f"in at most {MOST_SECONDS} s ({taken:.0f} s)",
         taken <= MOST_SECONDS and labels == LOTS * LARGE),
    ]  # fmt: skip
    if peaks:
        most = max(peaks[READ_BACK], peaks[WRITE], peaks[PROVE])
        told.append(
            (f"peak memory at most {MOST_MEMORY_MB} MB ({most} MB)", most <= MOST_MEMORY_MB)
        )
    lines = tell_targets(told)
    alone = seconds[PROVE] - seconds[READ_BACK]
    return [
        *lines,
        f"- the proof glyph by glyph by itself: {alone:.1f} s ({alone / seconds[NAIVE]:.2f} x)",
    ]


def main(arguments: list[str]) -> None:
    """Measure, print, and write the section of the report; or print once for the memory."""
    if arguments[:1] == ["--weigh"]:
        name, path, labels = arguments[1:]
        CONTESTANTS[name](pd.read_pickle(path).head(int(labels)))
        sys.stdout.write(json.dumps(tell_peak() // 1_000_000))
        return
    parts = [
        "## Printing labels",
        f"`bench/labels.py`. {describe_machine('reportlab', 'pylabels', 'fpdf2', 'pypdfium2')}. "
        "The same people, text, sheet and font, 12 labels a sheet with a margin line. The peers shrink "
        "a line until it fits, break none and check nothing; variant selectors become boxes.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        people = make_people(Path(folder))
        path = Path(folder) / "people.pickle"
        people.to_pickle(path)
        parts.append(measure(people, path, SMALL)[0])
        if arguments != ["--small"]:
            table, seconds, peaks = measure(people, path, LARGE)
            parts += [table, "\n".join(judge(seconds, peaks, measure_lots(path)))]
    text = "\n\n".join(parts)
    sys.stdout.write(f"{text}\n")
    if arguments != ["--small"]:
        put_section("labels", text)


if __name__ == "__main__":
    main(sys.argv[1:])
