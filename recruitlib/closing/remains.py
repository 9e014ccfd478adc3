"""Remains (残り): what programs left behind of a run's files, and copies of them under any name.

Looked at are the run's folder, the project folder, the system's temporary folder and the trash. A
file is asked about when its name is one that programs give to what they leave behind, or when it
holds the very bytes of a source file or of one of the run's private files, its key among them. In
the folders of programs, of other runs and of the register only the bytes are asked about.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import AUDIT_NAME, read_entries
from recruitlib.base.exports import list_exports
from recruitlib.base.office import REGISTER
from recruitlib.base.record import (
    LAUNCHER_NAMES,
    LIVE_FOLDER,
    NOTEBOOK_FOLDER,
    list_expected,
    read_scanner,
)
from recruitlib.base.run import Stage
from recruitlib.base.scanner import Scanner
from recruitlib.base.vault import KEY_NAME, PRIVATE
from recruitlib.closing.private_files import is_temporary, list_files
from recruitlib.handover.sources import Measure, list_sources, measure_file, read_noted

# Programs keep thousands of files here under names of their own.
_TOOLS = {".git", "__pycache__", "node_modules", "site-packages"}
_ENVIRONMENT = "pyvenv.cfg"
_TRASHES = ("$recycle.bin", ".trash")
# The temporary folder and the trash hold other programs' files as well, deep and in any number.
_DEEPEST, _MOST = 4, 200_000
_SHOWN = 20


class Known(NamedTuple):
    """By what a copy is known: names of label PDFs, exports and sources, and digests by size."""

    locked: frozenset[str]
    exports: frozenset[str]
    sources: frozenset[str]
    digests: Mapping[int, set[str]]


class Walked(NamedTuple):
    """The files below a folder: those of people, and those where only a copy is looked for."""

    plain: list[Path]
    quiet: list[Path]


class Searched(NamedTuple):
    """What a search found, by the names to be shown.

    ``strangers`` lie in the run's own folder without being of its record; ``near`` are the names, in
    lower case, of all files in the project folder and the current one. Not ``whole`` is a search
    that has found too many files to look at all.
    """

    remains: list[str]
    strangers: list[str]
    near: frozenset[str]
    whole: bool


def search_remains(stage: Stage) -> Searched:
    """Search for what is left of the run outside its private folder."""
    known = _list_known(stage)
    sources = {path.resolve() for path in list_sources(stage).values()}
    register = (stage.root / REGISTER).resolve()
    inside = _walk(stage.root, stage.folder, register)
    walks = [_walk(place, stage.root, register, _DEEPEST) for place in _list_outside(stage.root)]
    key = stage.key.digest_key
    found = [
        path for path in inside.plain if _is_left_here(path, path.relative_to(stage.root), known)
    ]
    found += [path for walk in walks for path in walk.plain if _is_left_outside(path, known)]
    found += [
        path for walk in (inside, *walks) for path in chain(*walk) if _is_copy(path, known, key)
    ]
    found = [path for path in dict.fromkeys(found) if path.resolve() not in sources]
    plain = (path for path in inside.plain if path.resolve() not in sources)
    here = (path for path in Path().iterdir())
    return Searched(
        _show(stage, found),
        _show(stage, _list_strangers(stage.folder)),
        frozenset(path.name.casefold() for path in (*plain, *here)),
        all(len(files) < _MOST for walk in (inside, *walks) for files in walk),
    )


def _list_known(stage: Stage) -> Known:
    entries = read_entries(stage.folder)
    locked = {
        Path(name).name.casefold()
        for entry in entries
        for name in entry["facts"].get("files", ())
        if name.startswith(f"{PRIVATE}/") and name.endswith(".pdf")
    }
    measures = read_noted(stage.folder) | {*measure_locked(stage).values()}
    for entry in entries:
        measures |= {Measure(*own) for own in entry["facts"].get("locked", ())}
    digests: dict[int, set[str]] = {}
    for own in measures:
        if own.size:  # an empty file is everybody's copy
            digests.setdefault(own.size, set()).add(own.digest)
    names = (path.name.casefold() for path in list_sources(stage).values())
    exports = (name.casefold() for name in list_exports(stage.folder))
    return Known(frozenset(locked), frozenset(exports), frozenset(names), digests)


def measure_locked(stage: Stage) -> dict[str, Measure]:
    """Measure the private files, all of them locked.

    The PDFs are copied to be printed; a copy of the key opens a copy of any other.
    """
    return {
        name: measure_file(stage.folder / name, stage.key.digest_key)
        for name in list_files(stage.folder)
        if name.startswith(f"{PRIVATE}/")
    }


def _list_outside(root: Path) -> list[Path]:
    """List the temporary folder and the trash folders that are not in the project."""
    trashes = [Path.home() / ".local/share/Trash", Path.home() / ".Trash"]
    for parent in root.parents:
        if os.access(parent, os.R_OK):
            trashes += [path for path in sorted(parent.iterdir()) if _is_trash(path.name)]
    places = dict.fromkeys([Path(tempfile.gettempdir()), *trashes])
    return [place for place in places if place.is_dir()]


def _is_trash(name: str) -> bool:
    return name.casefold().startswith(_TRASHES)


def _walk(place: Path, skipped: Path, register: Path, deepest: int = 0) -> Walked:
    """Walk the files of a folder in a fixed order; what nobody may open is left out."""
    aside: list[Path] = []
    skip = skipped.resolve()

    def is_skipped(folder: Path) -> bool:
        return folder.name == skip.name and folder.resolve() == skip  # resolving each takes long

    def is_aside(folder: Path) -> bool:
        marks = (_ENVIRONMENT, AUDIT_NAME)  # every run closes its own folder
        is_quiet = folder.name in _TOOLS or any(os.path.exists(folder / mark) for mark in marks)
        if is_quiet or folder.resolve() == register:
            aside.append(folder)
            return True
        return False

    plain = _walk_all(place, lambda folder: is_skipped(folder) or is_aside(folder), deepest)
    plain_files = list(islice(plain, _MOST))
    quiet = chain.from_iterable(_walk_all(folder, is_skipped, deepest) for folder in aside)
    return Walked(plain_files, list(islice(quiet, _MOST)))


def _walk_all(place: Path, is_left_out: Callable[[Path], bool], deepest: int) -> Iterator[Path]:
    for folder, folders, files in os.walk(place):
        here = Path(folder)
        if deepest and len(here.relative_to(place).parts) + 1 >= deepest:
            folders.clear()
        folders[:] = sorted(name for name in folders if not is_left_out(here / name))
        yield from (here / name for name in sorted(files))


def _is_left_here(path: Path, inside: Path, known: Known) -> bool:
    """Whether a file of the project is one that programs leave, thrown away, a label PDF or a key.

    A key that was locked anew, under another passphrase, has other bytes.
    """
    is_thrown_away = any(_is_trash(part) or part == "Trash" for part in inside.parts[:-1])
    return (
        is_thrown_away
        or is_temporary(inside)
        or _is_named_after(path.name, known.locked | {KEY_NAME})
    )


def _is_left_outside(path: Path, known: Known) -> bool:
    """Whether a file outside the project has the name of one of the run's, or was left beside one."""
    return _is_named_after(path.name, known.locked | known.exports) or (
        is_temporary(Path(path.name)) and _is_named_after(path.name, known.sources)
    )


def _is_named_after(name: str, known: Iterable[str]) -> bool:
    """Whether a file has a known name, with something around it (``.bak``) or in it (`` (1)``)."""
    plain = name.casefold()
    return any(
        own in plain or plain.startswith(Path(own).stem) and plain.endswith(Path(own).suffix)
        for own in known
    )


def _is_copy(path: Path, known: Known, key: bytes) -> bool:
    try:
        about = path.lstat()
        # A pipe would never end.
        if not stat.S_ISREG(about.st_mode) or about.st_size not in known.digests:
            return False
        return measure_file(path, key).digest in known.digests[about.st_size]
    except OSError:
        return False  # gone meanwhile, or somebody else's


def _list_strangers(folder: Path) -> list[Path]:
    """List what lies in the run's folder without being of the record or about to be erased.

    The notebooks of this stage and of live sessions are sealed later.
    """
    known = {*list_expected(read_entries(folder)), AUDIT_NAME, *LAUNCHER_NAMES}
    return [
        folder / name
        for name in list_files(folder)
        if name not in known
        and Path(name).parts[0] != PRIVATE
        and not is_temporary(Path(name))
        and not (
            Path(name).parts[0] in (NOTEBOOK_FOLDER, LIVE_FOLDER)
            and Path(name).suffix in (".ipynb", ".html")
        )
    ]


def _show(stage: Stage, paths: Iterable[Path]) -> list[str]:
    """Show where files lie; a name that tells of a person is not shown, only its folder."""
    shown = [_shorten(stage.root, path) for path in paths]
    scanner = read_scanner(stage.folder, stage.key) if shown else Scanner()
    return [_hide_name(path, scanner) if scanner.count(path) else path for path in shown]


def _shorten(root: Path, path: Path) -> str:
    for place, word in ((root, ""), (Path.home(), "~/")):
        if path.is_relative_to(place):
            return word + path.relative_to(place).as_posix()
    return path.as_posix()


def _hide_name(path: str, scanner: Scanner) -> str:
    folder, hidden = Path(path).parent, f"（名前に個人の情報があるファイル）{Path(path).suffix}"
    while scanner.count(folder.as_posix()):
        folder, hidden = folder.parent, f"（名前に個人の情報があるフォルダ）/{hidden}"
    return (folder / hidden).as_posix()


def check_remains(searched: Searched, kept: Mapping[str, str]) -> list[str]:
    """Say which files are neither gone nor attested as kept.

    Args:
        searched: what the search has found.
        kept: the files attested as kept, by the name that was shown.
    """
    open_remains = [name for name in searched.remains if name not in kept]
    gone = [name for name in kept if name not in searched.remains]
    told = (
        (searched.strangers, "この実行の記録にないファイル", "実行のフォルダの外に移すか、消してください。"),
        (open_remains, "個人情報のファイルの写しか、開いたときの残り",
         "消すか、廃棄の確認書の remains に「kept: 理由」と書いてください。"),
        (gone, "確認書の remains に書かれていて、見つからないファイル", "確認書から除いてください。"),
    )  # fmt: skip
    return [
        f"{what}が {len(names)} 個あります（{_list(names)}）。{then}"
        for names, what, then in told
        if names
    ]


def _list(names: list[str]) -> str:
    more = f" ほか {len(names) - _SHOWN} 個" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more
