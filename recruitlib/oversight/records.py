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
    """List the folders of a project that hold runs, or may: what cannot be opened is not passed over."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name != REGISTER]
    return sorted(path.name for path in folders if any(_list_records(path)))


def _list_records(folder: Path) -> Iterator[Path]:
    """List the records in a folder of runs, with those whose place may not be opened."""
    try:
        runs = sorted(folder.iterdir())
    except PermissionError:
        yield folder / AUDIT_NAME
        return
    for run in runs:
        try:
            (run / AUDIT_NAME).stat()
        except PermissionError:
            pass
        except OSError:
            continue  # no folder of a run
        yield run / AUDIT_NAME


def read_records(root: Path, folders: Iterable[str], demonstration: bool) -> Iterator[Record]:
    """Read the records of one kind; one that has not begun, or is not intact, is of every kind.

    Args:
        root: the project folder.
        folders: the folders of the runs in it.
        demonstration: whether those of demonstrations are meant.
    """
    other_kind = "production" if demonstration else "demonstration"
    for folder in folders:
        if not (root / str(folder)).is_dir():
            continue
        for path in _list_records(root / str(folder)):
            name = path.parent.relative_to(root).as_posix()
            try:
                entries = read_entries(path.parent)
            except IntegrityError as error:
                yield Record(name, [], [str(error)])
                continue
            except PermissionError:
                told = f"{name} を開く権限がありません。権限のある職員が同じコマンドを実行してください。"
                yield Record(name, [], [told])
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
