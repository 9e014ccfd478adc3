"""Measure how fast an extract is read, and in how much memory, beside pandas and bare pyarrow.

``make bench`` makes invented extracts of a ward (350,000 residents) and of Yokohama's size
(3,800,000) in a temporary folder, which takes about 1.6 GB there; ``--small`` makes the small one
only, prints and writes nothing. Every contestant reads the same columns. Each also reads once in a
process of its own, for the memory that it takes at most.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from extracts import COLUMNS, write_extract
from pyarrow import csv as arrow_csv
from report import (
    STATUS,
    describe_machine,
    put_section,
    tabulate,
    take_turns,
    tell_peak,
    tell_targets,
)

from recruitlib.base.profiles import read_profile
from recruitlib.registry.births import BirthRange
from recruitlib.registry.extract import read_extract

ROOT = Path(__file__).parents[1]
PROFILE = read_profile(ROOT / "params/profiles/registry_standard.yaml")
TOWNS = ROOT / "params/towns/131041.csv"
READ = [name for name in COLUMNS if any(name in aliases for aliases in PROFILE.columns.values())]
# The ranges that the ward's document prints, and a day on which it would be read.
RANGES = [
    BirthRange(18, date(2008, 4, 2), date(2009, 4, 1)),
    BirthRange(22, date(2004, 4, 2), date(2005, 4, 1)),
]
TODAY = date(2026, 5, 18)
MOST_OF_BARE, MOST_MEMORY = 3.0, 1.5
BARE = "pyarrow.csv, bare (the limit)"
TEXT = "pandas read_csv, all text"
PLAIN = "pandas read_csv, plain"
OURS = "recruitlib read_extract to `residents`"


class Sized(NamedTuple):
    """An extract to be read: its residents, its encoding, the turns, and whether memory counts."""

    residents: int
    encoding: str
    turns: int
    in_memory: bool


SMALL = Sized(350_000, "utf-8", 5, True)
LARGE = Sized(3_800_000, "utf-8", 3, True)
CP932 = Sized(350_000, "cp932", 5, False)


def read_bare(path: Path, encoding: str) -> int:
    """Read the columns as text with pyarrow alone; give the rows."""
    return arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(encoding=encoding),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=READ,
            column_types=dict.fromkeys(READ, pa.string()),
            strings_can_be_null=False,
        ),
    ).num_rows


def read_by_pandas(path: Path, encoding: str) -> int:
    """Read the columns as text with pandas, NA being a text; give the rows."""
    return len(pd.read_csv(path, dtype=str, usecols=READ, keep_default_na=False, encoding=encoding))


def read_plainly(path: Path, encoding: str) -> int:
    """Read the columns with pandas as most people would; give the rows."""
    return len(pd.read_csv(path, dtype=str, usecols=READ, encoding=encoding))


def read_ours(path: Path, encoding: str) -> int:
    """Read the cohorts with the package, every row checked and counted; give the rows."""

    def keep_none(cells: pa.Table) -> npt.NDArray[np.bool_]:
        return np.zeros(cells.num_rows, dtype=bool)

    extract = read_extract(path, PROFILE, RANGES, TODAY, keep_none)
    if extract.source.encoding != encoding:
        raise ValueError("the encoding was not recognised")
    return sum(extract.ends.values()) + len(extract.source.quarantine)


CONTESTANTS: dict[str, Callable[[Path, str], int]] = {
    BARE: read_bare,
    TEXT: read_by_pandas,
    PLAIN: read_plainly,
    OURS: read_ours,
}


def weigh(name: str, path: Path, encoding: str) -> tuple[int, int]:
    """Let a contestant read once in a process of its own.

    Returns:
        the most memory that the process took in bytes, and how much of it the reading.
    """
    command = [sys.executable, __file__, "--weigh", name, str(path), encoding]
    told = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    before, peak = json.loads(told.stdout)
    return peak, peak - before


def measure(sized: Sized, folder: Path) -> tuple[str, list[str]]:
    """Measure all contestants on one extract.

    Returns:
        the table with its heading, and one line for each target.
    """
    path = folder / "extract.csv"
    rows = write_extract(path, TOWNS, sized.residents)
    if sized.encoding != "utf-8":
        path.write_bytes(path.read_bytes().decode().encode(sized.encoding))
    size = path.stat().st_size
    found: dict[str, int] = {}

    def enter(name: str) -> Callable[[], None]:
        return lambda: found.update({name: CONTESTANTS[name](path, sized.encoding)})

    seconds = take_turns({name: enter(name) for name in CONTESTANTS}, sized.turns)
    peaks = {}
    if sized.in_memory and STATUS.exists():
        peaks = {name: weigh(name, path, sized.encoding) for name in CONTESTANTS}
    path.unlink()
    title = f"{sized.residents:,} residents, {rows:,} rows, {size / 1e6:,.0f} MB, {sized.encoding}"
    cells = [
        [
            name, f"{taken:.2f}", f"{taken / seconds[BARE]:.2f}", f"{taken / seconds[PLAIN]:.2f}",
            *([f"{peaks[name][1] / size:.2f} ({peaks[name][0] / 1e6:,.0f} MB)"] if peaks else []),
        ]
        for name, taken in seconds.items()
    ]  # fmt: skip
    headers = ["contestant", "seconds", "to bare pyarrow", "to plain pandas"]
    headers += ["peak memory / file (whole process)"] if peaks else []
    table = f"### {title}; median of {sized.turns} turns\n\n{tabulate(headers, cells)}"
    return table, judge(seconds, peaks, size, found, rows)


def judge(
    seconds: dict[str, float], peaks: dict[str, tuple[int, int]], size: int,
    found: dict[str, int], rows: int,
) -> list[str]:  # fmt: skip
    """Say which targets are met."""
    to_plain, to_bare = seconds[OURS] / seconds[PLAIN], seconds[OURS] / seconds[BARE]
    told = [
        (f"not slower than pandas' plain read ({to_plain:.2f} of it)", to_plain <= 1),
        (f"at most {MOST_OF_BARE:.0f} x the bare read ({to_bare:.2f} x)", to_bare <= MOST_OF_BARE),
    ]
    if peaks:
        share = peaks[OURS][1] / size
        told.append(
            (f"peak memory at most {MOST_MEMORY} x the file ({share:.2f} x)", share <= MOST_MEMORY)
        )
    told.append((f"every row counted ({found[OURS]:,})", set(found.values()) == {rows}))
    return tell_targets(told)


def main(arguments: list[str]) -> None:
    """Measure, print, and write the section of the report; or read once for the memory."""
    if arguments[:1] == ["--weigh"]:
        name, path, encoding = arguments[1:]
        before = tell_peak()
        CONTESTANTS[name](Path(path), encoding)
        sys.stdout.write(json.dumps([before, tell_peak()]))
        return
    wanted = [SMALL, CP932] if arguments == ["--small"] else [SMALL, LARGE, CP932]
    parts = [
        "## Reading an extract\n",
        f"`bench/reading.py`. {describe_machine('pandas', 'pyarrow')}. Extracts of {len(COLUMNS)} "
        f"columns, of which {len(READ)} are read, with one row in eleven an older record. The package "
        "proves the encoding, checks the form, code and date of every cell read, and whether records, "
        "households and eras agree, and keeps the rows of the cohorts; the others check nothing.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for sized in wanted:
            table, judged = measure(sized, Path(folder))
            parts += ["", table, "", *judged]
            sys.stdout.write(f"{table}\n\n" + "\n".join(judged) + "\n\n")
            sys.stdout.flush()
    if wanted[1] is LARGE:
        put_section("reading", "\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
