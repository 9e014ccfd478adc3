"""The records of all runs, as far as they can be read without a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.audit import AUDIT_NAME, find_latest, read_entries
from recruitlib.base.course import check_forms
from recruitlib.base.errors import IntegrityError
from recruitlib.base.office import REGISTER


class Record(NamedTuple):
    """The record of one run, and what does not fit in it; its name is the place in the project."""

    name: str
    entries: Sequence[dict[str, Any]]
    problems: Sequence[str]


def list_run_folders(root: Path) -> list[str]:
    """List the folders of a project that hold runs."""
    found = {path.parents[1].name for path in root.glob(f"*/*/{AUDIT_NAME}")}
    return sorted(found - {REGISTER})


def read_records(root: Path, folders: Iterable[str], demonstration: bool) -> Iterator[Record]:
    """Read the records of one kind; one that has not begun, or is not intact, is of every kind.

    Args:
        root: the project folder.
        folders: the folders of the runs in it.
        demonstration: whether those of demonstrations are meant.
    """
    other_kind = "production" if demonstration else "demonstration"
    for folder in folders:
        for path in sorted((root / str(folder)).glob(f"*/{AUDIT_NAME}")):
            name = f"{folder}/{path.parent.name}"
            try:
                entries = read_entries(path.parent)
            except IntegrityError as error:
                yield Record(name, [], [str(error)])
                continue
            except OSError as error:
                yield Record(name, [], [f"{AUDIT_NAME}: 開けません（{type(error).__name__}）。"])
                continue
            if malformed := check_forms(entries):
                line, problem = malformed[0]
                yield Record(name, [], [f"{AUDIT_NAME}: {line}行目: {problem}"])
                continue
            begun = find_latest(entries, "01", "begun")
            if begun is None or begun["facts"].get("run_kind") != other_kind:
                yield Record(name, entries, [])
