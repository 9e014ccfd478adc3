"""Sources (元のファイル): the inputs that hold personal data, and how a copy of one is known again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import append_entry, find_latest, read_entries
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import BY_NAME
from recruitlib.base.record import read_scanner
from recruitlib.base.run import Stage

# The inputs that hold personal data; the office destroys them itself or says why it keeps them.
SOURCES = (
    "registry_file", "protections_file", "form_file", "counter_file", "print_protections_file",
    "print_form_file", "print_counter_file", "handover_registry_file",
    "handover_protections_file", "handover_form_file", "handover_counter_file",
)  # fmt: skip
_NOTED, _USED, _LOOKED = "sources_noted", "sources_used", "day_looked"
# The sources of a day, and of which day their files are.
DAY_SOURCES = {
    "registry": "住民基本台帳", "protections": "支援措置", "form": "電子申請", "counter": "窓口・郵送",
}  # fmt: skip
_DATED = {
    "registry": "registry_base_date", "protections": "protections_listed_on",
    "form": "form_exported_on", "counter": "counter_exported_on",
}  # fmt: skip


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
    """List the source files that this run was given: by parameter, and by path what acts have read.

    An act on serials may have been given the lists of another day than the hand-over's, and a stage
    that was begun again other ones than before: these lie there still.
    """
    named = {name: stage.locate(name) for name in SOURCES if stage.parameters.get(name)}
    known = {path.resolve() for path in named.values()}
    shown: set[str] = set()
    for entry in read_entries(stage.folder):
        if entry["event"] == _USED:
            shown |= set(entry["facts"]["sources"])
        elif entry["event"] == "begun":
            given = entry["facts"].get("parameters", {})
            shown |= {_show(stage, stage.root / given[name]) for name in SOURCES if given.get(name)}
    used = {name: stage.root / name for name in sorted(shown)}
    return named | {name: path for name, path in used.items() if path.resolve() not in known}


def name_source(name: str) -> str:
    """Name a source file in Japanese, as an officer finds it in the parameters or in the folder."""
    return BY_NAME[name].label if name in BY_NAME else f"作業で読んだファイル {name}"


def note_sources(stage: Stage) -> None:
    """Note in the record how large each source file is, with its keyed digest.

    When the run is closed the files are gone, and a copy of one could not be told any more.
    """
    append_entry(stage.folder, stage.number, _NOTED, sources=_measure(stage, list_sources(stage)))


def note_used(stage: Stage) -> None:
    """Note the files of the day that an act on serials has read, by path: 06 asks for them as well.

    Args:
        stage: with the parameters of this act.

    Raises:
        ParameterError: a file's name says something of a person, and would stand in the chain.
    """
    paths = (stage.locate(name) for name in SOURCES if stage.parameters.get(name))
    shown = {_show(stage, path): path for path in paths}
    if read_scanner(stage.folder, stage.key).count("\n".join(shown)):
        raise ParameterError(
            "読むファイルの名前かフォルダの名前に個人の情報があります。記録に残るので、名前を変えてください。"
        )
    append_entry(stage.folder, stage.number, _USED, sources=_measure(stage, shown))


def note_looked(stage: Stage, attested: Collection[str]) -> None:
    """Note of which day the files are at which this run has looked, so that none is forgotten.

    Args:
        stage: with the parameters of the day.
        attested: the sources of which no file of the day was read.
    """
    paths = {
        source: stage.locate(f"handover_{source}_file")
        for source in DAY_SOURCES
        if source not in attested and stage.parameters[f"handover_{source}_file"]
    }
    looked = {
        source: [stage.parameters[f"handover_{_DATED[source]}"], *measure]
        for source, measure in _measure(stage, paths).items()
    }
    append_entry(stage.folder, stage.number, _LOOKED, looked=looked)


def check_looked(stage: Stage, attested: Collection[str]) -> list[str]:
    """Say which sources this run has read newer than the file that an attestation reads again.

    Args:
        stage: with the earlier file of each source that is attested in the place of today's.
        attested: those sources.

    Returns:
        one Japanese sentence for each source that would forget somebody.
    """
    entries = read_entries(stage.folder)
    problems = []
    for source in attested:
        looked = [
            (own[0], entry["seq"], Measure(*own[1:]))
            for entry in entries if entry["event"] == _LOOKED
            for name, own in entry["facts"]["looked"].items() if name == source
        ]  # fmt: skip
        if not looked:
            continue
        *newest, measure = max(looked)
        first, prefix = ("01", "") if source == "registry" else ("04", "print_")
        begun = find_latest(entries, first, "begun")
        before = [stage.parameters[f"{prefix}{_DATED[source]}"], begun["seq"] if begun else 0]
        path = stage.locate(f"handover_{source}_file")
        is_same = path.is_file() and measure_file(path, stage.key.digest_key) == measure
        if newest > before and not is_same:
            problems.append(
                f"{DAY_SOURCES[source]}は、この実行で、もう {newest[0]} のものを読んでいます。以後なしの証明では、"
                "その前のファイルに戻って、その間の異動や申出を忘れます。そのファイルか、もっと新しいファイルを指定してください。"
            )
    return problems


def _show(stage: Stage, path: Path) -> str:
    whole, root = path.resolve(), stage.root.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def _measure(stage: Stage, paths: Mapping[str, Path]) -> dict[str, Measure]:
    key = stage.key.digest_key
    return {name: measure_file(path, key) for name, path in paths.items() if path.is_file()}


def read_noted(folder: Path) -> set[Measure]:
    """Read the measures of the source files: as the run noted them last, and as acts have read them."""
    entries = read_entries(folder)
    noted = [entry for entry in entries if entry["event"] == _NOTED][-1:]
    noted += [entry for entry in entries if entry["event"] == _USED]
    return {Measure(*own) for entry in noted for own in entry["facts"]["sources"].values()}
