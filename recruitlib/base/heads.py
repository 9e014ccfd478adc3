"""Heads (先頭値): the office's own note of how far the record of each run has come.

A record alone cannot show that its end was cut off, or that all of it was written anew. The paper
with its head can, and so can this note, which stands beside the runs and not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from filelock import FileLock

from recruitlib.base.audit import LOCK_NAME, find_latest, read_entries, write_atomically
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.office import REGISTER, locate_office
from recruitlib.base.parameters import find_root, read_yaml
from recruitlib.base.vault import protect_folder

HEADS_NAME = "heads.yaml"
_NOTE = "# 各実行の記録がどこまで進んだかの控え（先頭値）。個人の情報はありません。手で直さないでください。\n"


class Place(NamedTuple):
    """Where the office notes a run: its folder, the name of the run in it, and of which kind it is."""

    folder: Path
    run: str
    demonstration: bool


def locate_heads(root: Path, runs_folder: str, run_id: str, demonstration: bool) -> Place:
    """Tell where the office notes the head of a run."""
    return Place(locate_office(root, demonstration), f"{runs_folder}/{run_id}", demonstration)


def find_heads(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Place | None:
    """Find where the office notes the head of a run; nothing for a copy outside of any project."""
    begun = find_latest(entries, "01", "begun")
    values = begun["facts"].get("parameters") if begun else None
    try:
        root = find_root(folder)
    except ParameterError:
        return None
    # A record made by hand may say neither; that it is none is told by ``verify_record``.
    if (
        begun is None
        or not isinstance(values, Mapping)
        or not {"runs_folder", "run_id"} <= values.keys()
    ):
        return None
    demonstration = begun["facts"].get("run_kind") == "demonstration"
    return locate_heads(root, values["runs_folder"], values["run_id"], demonstration)


def is_noted(place: Place) -> bool:
    """Whether the office has noted a run."""
    return place.run in _read_heads(place.folder)


def check_noted(place: Place, entries: Sequence[Mapping[str, Any]]) -> str:
    """Say why a record is not the one that the office has noted, or nothing."""
    try:
        noted = _read_heads(place.folder).get(place.run)
    except (IntegrityError, ParameterError) as error:
        return str(error)
    if noted is None or _holds(entries, noted):
        return ""
    return f"{REGISTER} の控え（{HEADS_NAME}）と合いません。記録が切り詰められたか、作り直されています。"


def require_noted(place: Place, entries: Sequence[Mapping[str, Any]]) -> None:
    """Require that a record is the one that the office has noted, before anything is added to it.

    Only a demonstration may be removed and begun anew under its name.

    Raises:
        IntegrityError: it was cut short or written anew.
    """
    noted = _read_heads(place.folder).get(place.run, {})
    begun_anew = place.demonstration and (not entries or entries[0]["hash"] != noted.get("first"))
    if not begun_anew and (problem := check_noted(place, entries)):
        raise IntegrityError(
            f"{problem}この実行を使わず、管理者に知らせてください。新しい実行は、別の run_id で始めます。"
        )


def note_head(folder: Path) -> None:
    """Note how far the record of a run has come; a copy outside of any project notes nothing.

    Raises:
        IntegrityError: the record is not the one that was noted before.
    """
    place = find_heads(folder, read_entries(folder))
    if place is None:
        return
    if place.demonstration:
        protect_folder(place.folder.parent)
    protect_folder(place.folder)
    with FileLock(place.folder / LOCK_NAME, mode=0o600):
        entries = read_entries(folder)
        require_noted(place, entries)
        first, last = entries[0], entries[-1]
        noted = {"first": first["hash"], "line": last["seq"], "head": last["hash"]}
        heads = {**_read_heads(place.folder), place.run: noted}
        text = yaml.safe_dump(heads, allow_unicode=True, sort_keys=True)
        write_atomically(place.folder / HEADS_NAME, (_NOTE + text).encode())


def _holds(entries: Sequence[Mapping[str, Any]], noted: Mapping[str, Any]) -> bool:
    """Whether a chain still holds the entry that was noted last."""
    line = noted["line"]
    return line <= len(entries) and bool(entries[line - 1]["hash"] == noted["head"])


def _read_heads(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / HEADS_NAME
    if not path.exists():
        return {}
    heads = read_yaml(path)
    if not all(_is_head(head) for head in heads.values()):
        raise IntegrityError(
            f"{REGISTER}/{HEADS_NAME}: 先頭値の控えではありません。バックアップから戻してください。"
        )
    return heads


def _is_head(head: object) -> bool:
    return (
        isinstance(head, dict)
        and set(head) == {"first", "line", "head"}
        and type(head["line"]) is int
        and head["line"] >= 1
    )
