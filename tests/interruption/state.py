"""What stands on the disk after an interruption: what it claims, what it leaves, and what it gives away."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pikepdf

from recruitlib.base.audit import AUDIT_NAME, find_latest, read_entries
from recruitlib.base.office import REGISTER_KEY_NAME
from recruitlib.base.run import list_completed
from recruitlib.base.serial_course import replay_serials
from recruitlib.base.vault import KEY_NAME, decrypt_content, open_locked
from recruitlib.base.verification import verify_record
from recruitlib.oversight.run_index import BROKEN, RunLine, list_runs
from recruitlib.oversight.story import tell_story
from tests.conftest import WARD
from tests.incidents.accident import RUN

REGISTER = "register/demonstration"
STATUS = ("status.json", ".status.json.partial")  # of the launcher, for machines
_PASSPHRASE = "demo"
_TELLING = ("氏名", "氏名_フリガナ", "宛名番号")
# What belongs to an attempt that was broken off, and is no result.
_ATTEMPTED = re.compile(r"stop_\d+|cut_off_.*|trace_.*|.*_attempt\d+")


class State(NamedTuple):
    """What can be seen of a run: its line in the index, what ``verify`` says, and what it tells."""

    line: RunLine | None
    problems: list[str]
    story: int

    @property
    def clear(self) -> bool:
        """Whether an officer is told how far the run is and what to type next."""
        if self.line is None:
            return not self.problems
        return self.line.state != BROKEN and bool(self.story)


def look(project: Path, *, begun: bool) -> State:
    """Look at a run as an officer can, without any key.

    Args:
        project: where the run is.
        begun: whether it had a record before; it may be nowhere only where it had none.
    """
    lines = list_runs(project, demonstration=True)
    folder = project / RUN
    if not lines:
        gone = begun or (folder / AUDIT_NAME).exists()
        return State(None, [f"{RUN}: no command lists it"] if gone else [], 0)
    return State(lines[0], verify_record(folder), len(list(tell_story(folder))))


def find_untold(project: Path, problems: Iterable[str]) -> list[str]:
    """Find the files of a run that its record does not vouch for and ``verify`` does not name.

    Neither is asked how it decides: what the entries say is read here anew.
    """
    folder, vouched = project / RUN, {}
    chain = folder / AUDIT_NAME
    lines = chain.read_text(encoding="utf-8").splitlines() if chain.exists() else []
    for line in lines:
        files = json.loads(line)["facts"].get("files", {})
        vouched = (
            {**vouched, **files}
            if isinstance(files, dict)
            else {name: value for name, value in vouched.items() if name not in files}
        )
    named = {problem.partition(": ")[0] for problem in problems}
    found = []
    for path in folder.rglob("*") if lines else ():
        name = path.relative_to(folder).as_posix()
        own = path == chain or name.endswith(".lock") or name in STATUS
        if path.is_file() and not own and name not in named:
            content = path.read_bytes()
            if vouched.get(name) != hashlib.sha256(content).hexdigest():
                found.append(name)
    return found


def read_progress(project: Path) -> dict[str, str]:
    """Read how far a run is, by its record and the files of the officers: what a command advances."""
    entries = read_entries(project / RUN)
    progress = {
        "stages": " ".join(list_completed(entries)),
        "serials": _digest(repr(sorted(replay_serials(entries).items())).encode()),
    }
    for path in (project / "params/test_ward").glob("*.yaml"):
        progress[f"params/{path.name}"] = _digest(path.read_bytes())
    return progress


def read_results(project: Path) -> dict[str, str]:
    """Read what a run has made, each with a digest that no nonce and no time changes."""
    folder, results = project / RUN, read_progress(project)
    asked = find_latest(read_entries(folder), "03", "approval_asked")
    results["approval"] = asked["facts"]["digest"] if asked else ""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.name.startswith(".") and not _ATTEMPTED.fullmatch(path.stem):
            results[name] = ""
    if "counts.csv" in results:
        results["counts.csv"] = _digest((folder / "counts.csv").read_bytes())
    results |= _open_tables(folder / "private", KEY_NAME, "private/")
    results |= _open_tables(project / REGISTER, REGISTER_KEY_NAME, "register/")
    for path in folder.glob("private/labels_*.pdf"):
        results[f"private/{path.name}"] = _read_pages(path)
    return results


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _open_tables(place: Path, key_name: str, prefix: str) -> dict[str, str]:
    """Open the tables of a folder with its key."""
    if not (place / key_name).exists():
        return {}
    key = open_locked((place / key_name).read_bytes(), _PASSPHRASE)
    return {
        f"{prefix}{path.name}": _digest(decrypt_content(key, path.read_bytes(), path.name))
        for path in place.glob("*.age")
        if path.name != key_name and not _ATTEMPTED.fullmatch(path.stem)
    }


def _read_pages(path: Path) -> str:
    """Read what the pages of a locked PDF draw."""
    with pikepdf.open(path, password=_PASSPHRASE) as pdf:
        drawn = [page.Contents.read_bytes() for page in pdf.pages]
    return _digest(b"".join(drawn))


def read_people(project: Path) -> set[str]:
    """Read the names, readings and numbers of everybody in the ward's registry files."""
    values = set()
    for path in (project / WARD).rglob("registry.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                values |= {value for name, value in row.items() if name in _TELLING}
    return {value for value in values if len(value) > 3}


def find_clear(places: Iterable[Path], values: Iterable[str]) -> list[str]:
    """Find the files that hold a value of the ward in the clear."""
    wanted: dict[bytes, list[bytes]] = {}
    for value in {value.encode() for value in values if len(value.encode()) >= 8}:
        wanted.setdefault(value[:8], []).append(value)
    heads = np.unique(np.array([int.from_bytes(head, "little") for head in wanted], "u8"))
    found = []
    for place in places:
        for path in place.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                places_found = _find_heads(content, heads)
                if any(
                    content.startswith(tuple(wanted[content[at : at + 8]]), at)
                    for at in places_found
                ):
                    found.append(path.relative_to(place).as_posix())
    return found


def _find_heads(content: bytes, heads: np.ndarray) -> list[int]:
    """Find where eight bytes stand with which a value begins."""
    if len(content) < 8:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, "u1"), 8)
    numbers = np.ascontiguousarray(windows).view("<u8").ravel()
    return [int(at) for at in np.flatnonzero(np.isin(numbers, heads))]
