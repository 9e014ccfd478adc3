"""Sources (元のファイル): the inputs that hold personal data, and how a copy of one is known again."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.run import Stage

# The inputs that hold personal data; the office destroys them itself or says why it keeps them.
SOURCES = (
    "registry_file", "protections_file", "form_file", "counter_file", "print_protections_file",
    "print_form_file", "print_counter_file", "handover_registry_file",
    "handover_protections_file", "handover_form_file", "handover_counter_file",
)  # fmt: skip
_NOTED = "sources_noted"


class Measure(NamedTuple):
    """How large a file is, and the keyed digest of its content (it may hold a single person's)."""

    size: int
    digest: str


def measure_file(path: Path, key: bytes) -> Measure:
    """Measure a file, piece by piece."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hmac.new(key, digestmod="sha256"))
    return Measure(path.stat().st_size, digest.hexdigest())


def list_sources(stage: Stage) -> dict[str, Path]:
    """List the source files that this run was given, by parameter."""
    return {name: stage.locate(name) for name in SOURCES if stage.parameters.get(name)}


def note_sources(stage: Stage) -> None:
    """Note in the record how large each source file is, with its keyed digest.

    When the run is closed the files are gone, and a copy of one could not be told any more.
    """
    found = {
        name: measure_file(path, stage.key.digest_key)
        for name, path in list_sources(stage).items()
        if path.is_file()
    }
    append_entry(stage.folder, stage.number, _NOTED, sources=found)


def read_noted(folder: Path) -> set[Measure]:
    """Read the measures of the source files as the run noted them last."""
    noted = [entry for entry in read_entries(folder) if entry["event"] == _NOTED]
    return {Measure(*own) for own in noted[-1]["facts"]["sources"].values()} if noted else set()
