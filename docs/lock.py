"""The lock as a list of packages: what ``requirements.txt`` pins, and why each is there."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.txt"
LICENCES = ROOT / "docs/licences.csv"
OWN = "recruitlib"
_PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;\\]+)(?: ; ([^\\]+?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


class Pin(NamedTuple):
    """One pinned version.

    Attributes:
        name: of the package, in its canonical form.
        version: the only one that is installed.
        marker: the computers that it is for; "" for all.
        hashes: of the files that may be installed as this version.
        wanted_by: the packages that ask for it; ``recruitlib`` where the project does itself.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: frozenset[str]


def read_pins(text: str) -> list[Pin]:
    """Read the pins of a lock that uv has written with its annotations."""
    found = list(_PIN.finditer(text))
    ends = [pin.start() for pin in found[1:]] + [len(text)]
    return [
        Pin(
            pin[1], pin[2], pin[3] or "", tuple(_HASH.findall(text, pin.end(), end)),
            _read_wanting(text[pin.end() : end]),
        )
        for pin, end in zip(found, ends, strict=True)
    ]  # fmt: skip


def _read_wanting(text: str) -> frozenset[str]:
    lines = [line.strip().removeprefix("#").strip() for line in text.splitlines() if "#" in line]
    words = [line.removeprefix("via").split(" (")[0].strip() for line in lines]
    return frozenset(filter(None, words))


def list_needed(pins: list[Pin]) -> set[str]:
    """List the packages without which the package does not run; the others serve its developers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {name_required(text) for text in project["dependencies"]}
    while more := {pin.name for pin in pins if pin.wanted_by & needed} - needed:
        needed |= more
    return needed


def name_required(text: str) -> str:
    """Name the package that a requirement asks for, in its canonical form."""
    return canonicalize_name(Requirement(text).name)


def read_licences() -> dict[str, str]:
    """Read the licence of each package, as somebody has looked it up (an expression of SPDX)."""
    with LICENCES.open(encoding="utf-8", newline="") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}
