"""Make an invented registry and damaged applications of which the truth is known.

    python bench/damage.py FOLDER [--residents 350000] [--cohorts 1698 2566] [--seed 1]
                           [--style full] [--realistic 800] [--stress 32]

writes ``registry.csv``, ``applications_realistic.csv`` and ``applications_stress.csv``. The columns
are those of the plain profile; applications have three more that hold the truth: ``expected``
(exclude, review, not_in_cohort, withdrawn), ``true_person_id`` (two joined by | where a form is for
two people) and ``corruption``, the kind of damage. How often a kind comes in the realistic mix is a
guess; in the stress mix every kind comes equally often, those that nobody could decide without
asking half as often. Everybody is invented.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import damage_by_family  # noqa: F401
import damage_by_others  # noqa: F401
import damaged_fields  # noqa: F401
import damaged_names  # noqa: F401
import numpy as np
from casting import plant
from desk import COLUMNS, KINDS, Desk, Form
from registry_table import write_registry
from residents import STYLES, Registry

RESIDENTS, COHORTS, REALISTIC, STRESS = 350_000, (1698, 2566), 800, 32


def mix_realistically(registry: Registry, number: int, seed: int) -> list[Form]:
    """Fill in a number of forms of the kinds as they may come in, in an order of chance."""
    desk = Desk(registry, seed)
    names = list(KINDS)
    weights = np.array([KINDS[name].weight for name in names])
    while len(desk.forms) < number:
        desk.add(names[int(desk.pen.rng.choice(len(names), p=weights / weights.sum()))])
    return _hand_in(desk, desk.forms[:number])


def mix_evenly(registry: Registry, each: int, seed: int) -> list[Form]:
    """Fill in equally many forms of every kind, of those owed a question half as many."""
    desk = Desk(registry, seed)
    for name, kind in KINDS.items():
        for _ in range(each // 2 if kind.owed else each):
            desk.add(name)
    return _hand_in(desk, desk.forms)


def _hand_in(desk: Desk, forms: list[Form]) -> list[Form]:
    ordered = [forms[int(at)] for at in desk.pen.rng.permutation(len(forms))]
    for at, form in enumerate(ordered, start=1):
        form["application_id"] = f"M{at:05d}"
    return ordered


def write_forms(path: Path, forms: list[Form]) -> None:
    """Write applications with their truth."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(forms)


def make_files(
    folder: Path,
    seed: int,
    style: str = "full",
    residents: int = RESIDENTS,
    cohorts: tuple[int, int] = COHORTS,
    realistic: int = REALISTIC,
    stress: int = STRESS,
) -> None:
    """Write a registry and applications on it; a mix of no forms is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    registry = Registry(residents, dict(zip((18, 22), cohorts, strict=True)), seed, style)
    plant(registry)
    write_registry(registry, folder / "registry.csv")
    if realistic:
        forms = mix_realistically(registry, realistic, seed)
        write_forms(folder / "applications_realistic.csv", forms)
    if stress:
        write_forms(folder / "applications_stress.csv", mix_evenly(registry, stress, seed + 1))


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--cohorts", type=int, nargs=2, default=COHORTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", choices=STYLES, default="full")
    parser.add_argument("--realistic", type=int, default=REALISTIC)
    parser.add_argument("--stress", type=int, default=STRESS)
    asked = vars(parser.parse_args())
    make_files(**asked | {"cohorts": tuple(asked["cohorts"])})


if __name__ == "__main__":
    main()
