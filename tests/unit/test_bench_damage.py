"""The bench's own registry and applications: sizes as asked, the same every time, a truth that holds."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

from damage import make_files
from desk import KINDS
from registry_table import STYLES

BENCH = Path(__file__).parents[2] / "bench"
RANGES = (("2008-04-02", "2009-04-01"), ("2004-04-02", "2005-04-01"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make(folder: Path, seed: int = 5, style: str = "full") -> Path:
    make_files(folder, seed, style, residents=8_000, cohorts=(250, 300), realistic=60, stress=2)
    return folder


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("ward"))


@pytest.fixture(scope="module")
def people(ward: Path) -> dict[str, dict[str, str]]:
    return {row["person_id"]: row for row in read(ward / "registry.csv")}


def is_in_cohort(person: dict[str, str]) -> bool:
    in_range = any(first <= person["birth_date"] <= last for first, last in RANGES)
    return in_range and person["nationality"] == "JP" and person["status"] == "住民"


def test_the_registry_has_the_sizes_asked_for(people):
    assert len(people) == 8_000
    cohorts = [
        sum(
            is_in_cohort(person) and first <= person["birth_date"] <= last
            for person in people.values()
        )
        for first, last in RANGES
    ]
    assert cohorts == [250, 300]


def test_the_realistic_mix_has_the_number_asked_for(ward):
    assert len(read(ward / "applications_realistic.csv")) == 60


def test_the_stress_mix_has_nearly_every_kind(ward):
    kinds = {row["corruption"] for row in read(ward / "applications_stress.csv")}
    assert kinds <= set(KINDS)
    assert len(kinds) > 0.9 * len(KINDS)


@pytest.mark.parametrize("mix", ["realistic", "stress"])
def test_whoever_applied_is_in_the_cohort(ward, people, mix):
    for row in read(ward / f"applications_{mix}.csv"):
        owners = [owner for owner in row["true_person_id"].split("|") if owner]
        if row["expected"] in ("exclude", "withdrawn"):
            assert owners
        if row["expected"] == "not_in_cohort":
            assert not owners
        assert all(is_in_cohort(people[owner]) for owner in owners)


def test_an_undamaged_form_bears_the_name_of_the_registry(ward, people):
    rows = [
        row for mix in ("realistic", "stress") for row in read(ward / f"applications_{mix}.csv")
    ]
    undamaged = [row for row in rows if row["corruption"] == "as_registered"]
    assert undamaged
    for row in undamaged:
        registered = people[row["true_person_id"]]["name"]
        assert "".join(row["name"].split()) == "".join(registered.split())


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_makes_the_same_bytes(ward, tmp_path, hash_seed):
    command = [sys.executable, "-B", str(BENCH / "damage.py"), str(tmp_path), "--seed", "5"]
    command += [
        "--residents",
        "8000",
        "--cohorts",
        "250",
        "300",
        "--realistic",
        "60",
        "--stress",
        "2",
    ]
    places = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(BENCH.parent)}
    subprocess.run(command, check=True, env=os.environ | places)
    for path in sorted(ward.iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_another_seed_makes_other_files(ward, tmp_path):
    make(tmp_path, seed=6)
    for path in sorted(ward.iterdir()):
        assert path.read_bytes() != (tmp_path / path.name).read_bytes()


def test_every_style_writes_the_same_people(ward, people, tmp_path):
    for style in STYLES:
        written = read(make(tmp_path / style, style=style) / "registry.csv")
        assert [row["person_id"] for row in written] == list(people)
        assert [row["birth_date"] for row in written] == [
            row["birth_date"] for row in people.values()
        ]
    joined = {
        row["name"]
        for row in read(tmp_path / "joined" / "registry.csv")
        if row["nationality"] == "JP"
    }
    assert not any(" " in name or "　" in name for name in joined)
