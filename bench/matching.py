"""Measure the matching of applications beside pandas with rapidfuzz and Splink.

    python bench/matching.py [--small] [--large] [--seeds 8101 8102 8103] [--data FOLDER ...]

makes invented registries of 350,000 residents with damaged applications (`damage.py`; each seed has
another style of registry), and of a city of 3,800,000; ``--data`` adds folders of another's making
that hold ``registry.csv`` (or ``.parquet``) and ``applications*.csv`` or ``opt_*.csv``. Contestants
take turns, each in a process of its own. ``--small`` measures one seed without the city and only
prints. The peers are installed by ``make bench`` from ``bench/requirements.txt``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd
from damage import make_files
from peers import match_by_ratio, match_by_splink
from report import describe_machine, put_section, tabulate, tell_peak, tell_targets
from residents import RANGES, STYLES
from scoring import COUNTS, score

import recruitlib
from recruitlib.registry.births import BirthRange

ROOT = Path(recruitlib.__file__).parents[1]
SEEDS = (8101, 8102, 8103)
CITY, CITY_COHORTS, CITY_FORMS, CITY_SEED = 3_800_000, (32_000, 37_000), 8_112, 8104
REALISTIC, STRESS = "realistic", "stress"
MOST_REVIEWS, MOST_BLIND = {REALISTIC: 6.0, STRESS: 22.0}, 2.0
LINK_SECONDS, KEY_SECONDS, KEY_MEMORY = 0.5, 6.0, 700e6
CITY_SECONDS, CITY_MEMORY = 100.0, 3e9
Outcomes = tuple[pd.DataFrame, float, float]


def match_ours(registry: Path, applications: Path) -> Outcomes:
    """Match with the package; the only function of the bench that knows how.

    Returns:
        the outcomes, and the seconds that reading with keys and linking took.
    """
    from recruitlib.base.profiles import read_profile
    from recruitlib.optouts import trial

    of_registry, of_applications = (
        read_profile(ROOT / f"params/profiles/{name}_plain.yaml")
        for name in ("registry", "applications")
    )
    ranges = [BirthRange(age, *days) for age, days in RANGES.items()]
    began = time.perf_counter()
    forms = trial.read_forms(applications, of_applications)
    (people, places), _ = trial.read_people(registry, of_registry, forms, ranges, None)
    keyed = time.perf_counter()
    subjects = [
        form.subject._replace(place=trial.locate(form.address, "", places)) for form in forms.rows
    ]
    matches = trial.match_subjects(subjects, people, forms.today)
    outcomes = trial.end_applications(forms, matches)
    return outcomes, keyed - began, time.perf_counter() - keyed


def match_by_command(registry: Path, applications: Path) -> Outcomes:
    """Match with the command that officers have; the seconds are those of the whole process."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.csv")
        ranges = [f"{age}:{first}:{last}" for age, (first, last) in RANGES.items()]
        command = [sys.executable, "-m", "recruitlib", "match", "--registry", str(registry)]
        command += ["--applications", str(applications), "--out", str(out)]
        command += [part for text in ranges for part in ("--birth-range", text)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        outcomes = _read(out)
    return outcomes, 0.0, time.perf_counter() - began


OURS = "recruitlib"
CONTESTANTS: dict[str, Callable[[Path, Path], Outcomes]] = {
    "pandas + rapidfuzz": match_by_ratio,
    "Splink (DuckDB)": match_by_splink,
    OURS: match_ours,
}


class Task(NamedTuple):
    """One file of applications with its registry: who made it, which mix, and with all columns or not."""

    maker: str
    mix: str
    is_told: bool
    registry: Path
    applications: Path


class Result(NamedTuple):
    """How a contestant fared on a task: scores per kind, seconds, and memory of the process."""

    task: Task
    contestant: str
    scores: pd.DataFrame
    keys: float
    link: float
    peak: int


def run(contestant: str, task: Task) -> Result:
    """Let a contestant match in a process of its own, and score what it found."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "outcomes.csv")
        command = [sys.executable, __file__, "--run", contestant]
        command += [str(task.registry), str(task.applications), str(out)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        keys, link, peak = json.loads(told.stdout.splitlines()[-1])
        return Result(
            task, contestant, score(_read(task.applications), _read(out)), keys, link, peak
        )


def run_here(contestant: str, registry: Path, applications: Path, out: Path) -> None:
    """Match in this process; write the outcomes, and tell seconds and memory."""
    outcomes, keys, link = CONTESTANTS[contestant](registry, applications)
    peak = tell_peak()
    outcomes.to_csv(out, index=False)
    sys.stdout.write(f"\n{json.dumps([keys, link, peak])}\n")


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def list_tasks(maker: str, source: Path, folder: Path) -> Iterator[Task]:
    """List the tasks of a folder: each file of applications with all columns, and without two.

    Args:
        maker: who made the files.
        source: where they are.
        folder: for the files that have to be made from them.
    """
    registry = source / "registry.csv"
    if not registry.exists():
        registry = folder / f"{source.name}_registry.csv"
        pd.read_parquet(source / "registry.parquet").to_csv(registry, index=False)
    for path in sorted([*source.glob("applications*.csv"), *source.glob("opt_*.csv")]):
        mix = STRESS if STRESS in path.stem else REALISTIC
        yield Task(maker, mix, True, registry, path)
        blanked = folder / f"{source.name}_{path.stem}_blanked.csv"
        _read(path).assign(name_kana="", relation="").to_csv(blanked, index=False)
        yield Task(maker, mix, False, registry, blanked)


def take_turns(tasks: list[Task]) -> list[Result]:
    """Let the contestants work on each task in turn, telling how far they are."""
    results = []
    for task in tasks:
        for contestant in CONTESTANTS:
            results.append(run(contestant, task))
            counts = results[-1].scores.sum()
            sys.stderr.write(
                f"{task.registry.parent.name} {task.applications.stem} {contestant}: "
                f"{ {name: int(counts[name]) for name in COUNTS} } "
                f"{results[-1].keys:.1f} + {results[-1].link:.1f} s\n"
            )
    return results


def _name_group(task: Task) -> str:
    return f"{task.maker}, {task.mix}" + ("" if task.is_told else ", no kana and relation")


def _group(results: list[Result]) -> dict[str, dict[str, list[Result]]]:
    groups: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        of_group = groups.setdefault(_name_group(result.task), {})
        of_group.setdefault(result.contestant, []).append(result)
    return groups


def write_totals(results: list[Result]) -> str:
    """Write the table of totals: a line per group of tasks and contestant."""
    rows = []
    for group, contestants in _group(results).items():
        for contestant, found in contestants.items():
            counts = sum(result.scores.sum() for result in found)
            per_100 = {name: f"{100 * counts[name] / counts['n']:.1f}" for name in COUNTS}
            rows.append(
                [
                    group, f"{counts['n']:,}", per_100["owed"], contestant, f"{counts['silent']:,}", f"{counts['wrong']:,}",
                    per_100["review"], per_100["blind"], f"{median(result.keys for result in found):.1f}",
                    f"{median(result.link for result in found):.2f}", f"{max(result.peak for result in found) / 1e6:,.0f}",
                ]
            )  # fmt: skip
    headers = ["applications", "n", "owed a question, per 100", "contestant", "silent", "wrong", "reviews per 100",
               "blind per 100", "reading and keys, s", "linking, s", "peak memory, MB"]  # fmt: skip
    return tabulate(headers, rows)


def write_kinds(results: list[Result], group: str) -> str:
    """Write the table of kinds of damage of one group: silent/wrong/review/blind."""
    contestants = _group(results)[group]
    summed = {
        name: pd.concat([result.scores for result in found]).groupby("corruption", sort=False).sum()
        for name, found in contestants.items()
    }
    rows = []
    for kind in sorted(summed[OURS].index):
        cells = [
            "/".join(
                str(int(scores.loc[kind, count]))
                for count in ("silent", "wrong", "review", "blind")
            )
            for scores in summed.values()
        ]
        rows.append([kind, str(int(summed[OURS].loc[kind, "n"])), *cells])
    return tabulate(["kind of damage", "n", *summed], rows)


def judge(results: list[Result], is_city: bool) -> list[str]:
    """Say which targets are met by the package."""
    told = []
    for group, contestants in _group(results).items():
        found = contestants[OURS]
        mix = found[0].task.mix
        counts = sum(result.scores.sum() for result in found)
        reviews, blind = (100 * counts[name] / counts["n"] for name in ("review", "blind"))
        keys, link = (
            median(getattr(result, name) for result in found) for name in ("keys", "link")
        )
        peak = max(result.peak for result in found)
        told += [
            (f"{group}: no silent miss ({counts['silent']})", counts["silent"] == 0),
            (f"{group}: no wrong exclusion ({counts['wrong']})", counts["wrong"] == 0),
            (f"{group}: at most {MOST_REVIEWS[mix]:.0f} reviews per 100 ({reviews:.1f})", reviews <= MOST_REVIEWS[mix]),
            (f"{group}: at most {MOST_BLIND:.0f} blind reviews per 100 ({blind:.1f})", blind <= MOST_BLIND),
        ]  # fmt: skip
        if is_city:
            told += [
                (f"{group}: at most {CITY_SECONDS:.0f} s with keys ({keys + link:.1f})", keys + link <= CITY_SECONDS),
                (f"{group}: at most {CITY_MEMORY / 1e6:,.0f} MB ({peak / 1e6:,.0f})", peak <= CITY_MEMORY),
            ]  # fmt: skip
            continue
        if not found[0].task.is_told:
            continue
        told += [
            (f"{group}: keys in at most {KEY_SECONDS:.0f} s ({keys:.1f})", keys <= KEY_SECONDS),
            (f"{group}: at most {KEY_MEMORY / 1e6:.0f} MB ({peak / 1e6:.0f})", peak <= KEY_MEMORY),
        ]  # fmt: skip
        if mix == REALISTIC:
            told.append(
                (f"{group}: linking in at most {LINK_SECONDS} s ({link:.2f})", link <= LINK_SECONDS)
            )
    return tell_targets(told)


def check_command(task: Task) -> str:
    """Say whether the command ends every application as the functions do."""
    columns = ["application_id", "outcome", "person_id", "candidates"]
    by_command = match_by_command(task.registry, task.applications)[0][columns]
    in_process = match_ours(task.registry, task.applications)[0][columns]
    same = (
        by_command.sort_values(columns).values.tolist()
        == in_process.sort_values(columns).values.tolist()
    )
    return f"- the command ends all applications alike: {'met' if same else '**not met**'}"


def measure_ward(seeds: list[int], folders: list[Path], work: Path) -> list[str]:
    """Measure the registries of a ward's size: the bench's own and those of another's making."""
    tasks = []
    for seed, style in zip(seeds, list(STYLES) * len(seeds), strict=False):
        make_files(work / f"seed_{seed}", seed, style)
        tasks += list_tasks("own", work / f"seed_{seed}", work)
    for folder in folders:
        tasks += list_tasks("of other making", folder, work)
    results = take_turns(tasks)
    parts = [
        "### A ward: 350,000 residents, cohorts of 1,698 and 2,566\n",
        write_totals(results),
        "",
    ]
    parts += [*judge(results, is_city=False), check_command(tasks[0])]
    for group in _group(results):
        if group.endswith(STRESS):
            parts += [
                f"\n### Kinds of damage ({group})\n",
                "Each cell: silent/wrong/reviews/blind reviews.\n",
            ]
            parts.append(write_kinds(results, group))
    return parts


def measure_city(work: Path) -> list[str]:
    """Measure a registry of a city's size."""
    source = work / f"seed_{CITY_SEED}"
    make_files(source, CITY_SEED, "full", CITY, CITY_COHORTS, CITY_FORMS, stress=0)
    results = take_turns(list(list_tasks("own", source, work)))
    title = f"\n### A city: {CITY:,} residents, cohorts of {CITY_COHORTS[0]:,} and {CITY_COHORTS[1]:,}\n"
    return [title, write_totals(results), "", *judge(results, is_city=True)]


def main() -> None:
    """Measure, print, and write the section of the report; or match once for seconds and memory."""
    if sys.argv[1:2] == ["--run"]:
        run_here(sys.argv[2], *map(Path, sys.argv[3:]))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    seeds = list(asked.seeds)[: 1 if asked.small else None]
    parts = [
        "## Matching applications\n",
        f"`bench/matching.py`. {describe_machine('pandas', 'duckdb', 'splink', 'rapidfuzz')}. Seeds "
        f"{', '.join(map(str, seeds)) or 'none'} (registries in full width, in half width, and in full width without a "
        "separator in names), each made afresh for this run. Whatever a peer does not match goes before a person. "
        "How often each kind of damage comes in the realistic mix is a guess; the kinds do not depend on it.\n",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        parts += measure_ward(seeds, asked.data, Path(work))
        if asked.large or not asked.small:
            parts += measure_city(Path(work))
    sys.stdout.write("\n".join(parts) + "\n")
    if not asked.small:
        put_section("matching", "\n".join(parts))


if __name__ == "__main__":
    main()
