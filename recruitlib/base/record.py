"""The record of a run: its executed notebooks scanned and sealed, and the files that it vouches for.

A notebook cannot scan and seal its own executed file; the next one does, or ``recruitlib seal``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import (
    AUDIT_NAME,
    LOCK_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    name_partial,
    read_entries,
    write_atomically,
)
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.own_words import leave_out, read_own_words, read_program
from recruitlib.base.pages import describe_work, open_exporter, render_html
from recruitlib.base.parameters import NOTEBOOKS, find_root
from recruitlib.base.run_lock import RUN_LOCK_NAME, SERIAL_LOCK_NAME, STAGE_LOCK_NAME
from recruitlib.base.scanner import Scanner
from recruitlib.base.traces import read_traces
from recruitlib.base.vault import PRIVATE, RunKey, write_private

# What is said of a file that the record vouches for.
MISSING, ALTERED = "ありません。", "変えられています。"
NOTEBOOK_FOLDER = "notebooks"
LIVE_FOLDER = "live"  # what a live session leaves in it is sealed when it has ended
# Empty files that lie in a run's folder beside its record.
LOCK_NAMES = (LOCK_NAME, RUN_LOCK_NAME, STAGE_LOCK_NAME, SERIAL_LOCK_NAME)
# What the launcher tells machines, which nothing vouches for, and what it writes beside it first.
STATUS_NAME = "status.json"
LAUNCHER_NAMES = (*LOCK_NAMES, STATUS_NAME, name_partial(Path(STATUS_NAME)).name)
LIVE_VARIABLE = "RECRUITLIB_LIVE_FILE"  # tells the kernel in which file of the session it works
# The beginning of a PNG file in base64, and the kinds of output whose text is searched like any.
_PNG = "iVBORw0KGgo"
_SEARCHED = (
    "application/vnd.jupyter.widget-view+json", "application/javascript", "application/json",
)  # fmt: skip


def seal_notebooks(
    folder: Path, key: RunKey, current: str = "", *, whole: bool = False
) -> list[str]:
    """Scan and seal every executed notebook but the current one's, each with its HTML.

    Every file is looked at before the first one with a hit stops. A folder that holds nothing
    goes: only its name could say something.

    Args:
        folder: the run's folder.
        key: the run's key.
        current: the stage whose notebook is at work.
        whole: whether the other files are looked at even where no notebook waits for its seal.

    Returns:
        the names of the notebooks sealed now.

    Raises:
        IntegrityError: a sealed notebook was changed, or a file holds personal data (it is moved
            into the private folder first).
    """
    sealed, problems = [], []
    paths = sorted((folder / NOTEBOOK_FOLDER).glob("*.ipynb"))
    waiting = [path for path in paths if not (current and path.stem == NOTEBOOKS[current])]
    waiting = [path for path in waiting if _needs_sealing(folder, path)]
    whole |= bool(waiting)
    scanner = read_scanner(folder, key) if whole else Scanner()
    for path in waiting:
        if _is_cut_off(path):
            _put_aside(folder, key, path)
            continue
        path.chmod(0o600)  # plain papermill writes it as the account writes any file
        page, content = (
            path.with_suffix(".html"),
            render_html(path, describe_work(folder, path.stem[:2])),
        )
        try:
            ask_traces(folder, key, path, scanner, count_kept_pictures(path), content)
        except IntegrityError as error:
            problems.append(str(error))
            continue
        write_atomically(page, content)
        digests = {path.name: digest_bytes(path.read_bytes()), page.name: digest_bytes(content)}
        files = {f"{NOTEBOOK_FOLDER}/{name}": digest for name, digest in digests.items()}
        append_entry(folder, path.stem[:2], "sealed", files=files)
        sealed.append(path.name)
    _remove_folders(folder)
    for path in _list_other_files(folder) if whole else []:
        try:
            ask_traces(folder, key, path, scanner)
        except IntegrityError as error:
            problems.append(str(error))
    if problems:
        raise IntegrityError(" ".join(problems))
    return sealed


def prepare_sealing() -> None:
    """Read ahead what every seal needs and no run changes: the way to HTML and the program's words."""
    open_exporter()
    read_program()


def _remove_folders(folder: Path) -> None:
    """Remove the folders that hold nothing; a live session at work keeps its own."""
    for path in sorted(folder.rglob("*"), reverse=True):
        place = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_dir() or place in (PRIVATE, NOTEBOOK_FOLDER):
            continue
        if not place.startswith(LIVE_FOLDER) and not any(path.iterdir()):
            path.rmdir()


def _is_cut_off(path: Path) -> bool:
    """Whether a notebook ends in the middle, as where plain papermill is killed while it saves."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return True
    return False


def _put_aside(folder: Path, key: RunKey, path: Path) -> None:
    """Put what is left of a notebook, encrypted, out of the record: it tells nothing, and stops nobody."""
    name = f"cut_off_{len(read_entries(folder)) + 1}_{path.stem[:2]}"
    digest = write_private(folder, key, name, path.read_bytes())
    path.unlink()
    append_entry(
        folder,
        path.stem[:2],
        "cut_off",
        files={f"{PRIVATE}/{name}.age": digest},
        removed=[path.name],
    )


def _list_other_files(folder: Path) -> list[Path]:
    """List the files of the record beside the sealed ones: chain, parameters, counts, papers, copies."""
    sealed = {
        page
        for path in (folder / NOTEBOOK_FOLDER).glob("*.ipynb")
        for page in (path, path.with_suffix(".html"))
    }
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path not in sealed
        and path.name not in LAUNCHER_NAMES
        and path.relative_to(folder).parts[0] not in (PRIVATE, LIVE_FOLDER)
    ]


def _needs_sealing(folder: Path, path: Path) -> bool:
    digest = refuse_changed(folder, path)
    return digest != digest_bytes(path.read_bytes())


def refuse_changed(folder: Path, path: Path) -> str:
    """Refuse a notebook that was changed after its seal, other than by running its stage again.

    Returns:
        the digest under which it was sealed last; "" when it was not.

    Raises:
        IntegrityError: names the file.
    """
    name = f"{NOTEBOOK_FOLDER}/{path.name}"
    entries = read_entries(folder)
    seals = [
        entry for entry in entries if entry["event"] == "sealed" and name in entry["facts"]["files"]
    ]
    if not seals:
        return ""
    sealed = str(seals[-1]["facts"]["files"][name])
    # A live session works on a file of its own.
    recorded = [entry for entry in entries if "live" not in entry["facts"]]
    begun = find_latest(recorded, path.stem[:2], "begun")
    runs_again = begun is not None and begun["seq"] > seals[-1]["seq"]
    # A run that was refused before it began has put its own file in place of the one kept aside.
    runs_again |= any(
        entry["event"] == "renamed"
        and entry["seq"] > seals[-1]["seq"]
        and name in entry["facts"]["files"]
        for entry in entries
    )
    if sealed != digest_bytes(path.read_bytes()) and not runs_again:
        raise IntegrityError(
            f"{name}: 封をした後に変えられています。記録を使わず、管理者に知らせてください。"
        )
    return sealed


def count_kept_pictures(path: Path) -> int:
    """Count what a notebook holds that nobody can search, beside the charts that its cells draw.

    JupyterLab stores pictures with its widgets (they show real labels), and a person can paste a
    screenshot into a cell. The output of a cell of the project's own notebooks may be a PNG, which
    is how the charts are kept.
    """
    shipped = _list_sources(path)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kept = notebook["metadata"].get("widgets", {})
    models = [model for states in kept.values() for model in states.get("state", {}).values()]
    found = sum(bool(buffer.get("data")) for one in models for buffer in one.get("buffers", []))
    for cell in notebook["cells"]:
        found += len(cell.get("attachments", {}))
        draws = shipped is None or "".join(cell["source"]) in shipped
        for output in cell.get("outputs", []):
            shown = output.get("data", {}).items()
            found += sum(not _is_chart(kind, content, draws) for kind, content in shown)
    return found


def _list_sources(path: Path) -> set[str] | None:
    """List what the cells of the project's own notebooks say; nothing outside a project."""
    try:
        root = find_root(path.parent)
    except ParameterError:
        return None
    return {
        "".join(cell["source"])
        for own in (root / "notebooks").glob("*.ipynb")
        for cell in json.loads(own.read_text(encoding="utf-8"))["cells"]
    }


def _is_chart(kind: str, content: object, draws: bool) -> bool:
    """Whether an output is a chart of a cell that draws some, or no picture or other file at all."""
    if kind == "image/png":
        return draws and "".join(
            content if isinstance(content, list) else [str(content)]
        ).startswith(_PNG)
    return kind.startswith("text/") or kind in _SEARCHED


def ask_traces(
    folder: Path, key: RunKey, path: Path, scanner: Scanner, pictures: int = 0, page: bytes = b""
) -> None:
    """Ask of one file whether it holds nothing of a person; else move it, encrypted, out of the record.

    Args:
        folder: the run's folder.
        key: the run's key.
        path: the file.
        scanner: looks for what must not stand in it, nor in its name and those of its folders.
        pictures: how many parts of it cannot be searched.
        page: what was made of it and is searched with it.

    Raises:
        IntegrityError: it holds something.
    """
    place = path.relative_to(folder).as_posix()
    hits = scanner.count(place, path.read_bytes(), page) + pictures
    # Whoever names a file after a person would else write the name into the chain.
    name = path.name if not scanner.count(place) else f"unnamed{path.suffix}"
    note = f"{name}: {scanner.size:,}語を探し、{hits}語が見つかりました"
    if pictures:
        note += f"（うち読めない画像や内容 {pictures}）"
    files: dict[str, str] = {}
    if hits:
        trace = f"trace_{name}"
        if (folder / PRIVATE / f"{trace}.age").exists():
            trace = f"trace_{len(read_entries(folder)) + 1}_{name}"
        files[f"{PRIVATE}/{trace}.age"] = write_private(folder, key, trace, path.read_bytes())
        if path.name != AUDIT_NAME:
            path.unlink()
            _remove_empty(path.parent, folder)
    append_entry(
        folder, path.stem[:2] if path.suffix == ".ipynb" and name == path.name else "", "guard",
        guard="record.no_personal_data", answer="no" if hits else "yes", note=note,
        problems=[note] if hits else [], files=files,
    )  # fmt: skip
    if hits:
        raise IntegrityError(
            f"関門 record.no_personal_data が「否」です。{name} に個人の情報が{hits}か所あります。"
            f"暗号化して {PRIVATE} に移しました。その段階をやり直してください。"
        )


def _remove_empty(inner: Path, folder: Path) -> None:
    """Remove a folder of which nothing is left, and those around it: its name may be a person's."""
    while inner not in (folder, folder / NOTEBOOK_FOLDER) and not any(inner.iterdir()):
        inner.rmdir()
        inner = inner.parent


def read_scanner(folder: Path, key: RunKey) -> Scanner:
    """Read what to search the record for, without what only a form holds and any record says.

    What the registry holds of the cohort is searched for in any case, so that a name that somebody
    noted in a notebook is found.
    """
    traces = read_traces(folder, key)
    try:
        root = find_root(folder)
    except ParameterError:
        return Scanner(traces)
    return Scanner(leave_out(traces, read_traces(folder, key, "01"), read_own_words(root, folder)))


def count_personal(folder: Path, key: RunKey, texts: Sequence[str]) -> list[int]:
    """Count the traces of people in each text, as ``read_scanner`` does.

    Where a search that leaves nothing out finds nothing, neither would one that does, and what any
    record says by itself need not be read.
    """
    scanner = Scanner(read_traces(folder, key))
    if any(map(scanner.count, texts)):
        scanner = read_scanner(folder, key)
        return [scanner.count(text) for text in texts]
    return [0] * len(texts)


def list_expected(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """List every file that the record vouches for now, with its digest.

    An entry that made files names them with their digests; one that took files away lists names.
    """
    expected: dict[str, str] = {}
    for entry in entries:
        files = entry["facts"].get("files", {})
        if isinstance(files, Mapping):
            expected.update(files)
        else:
            for name in files:
                expected.pop(name, None)
    return expected


def check_outputs(
    folder: Path, entries: Sequence[Mapping[str, Any]], stages: Sequence[str]
) -> list[str]:
    """Compare the outputs of stages with their digests; one Japanese sentence for each that differs."""
    relevant = [
        entry for entry in entries if entry["stage"] in stages or entry["event"] != "sealed"
    ]
    expected = {
        name: digest
        for name, digest in list_expected(relevant).items()
        if not name.startswith(f"{NOTEBOOK_FOLDER}/")
    }
    return check_files(folder, expected)


def check_files(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Say of each file that is missing or changed which one it is."""
    problems = []
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name}: {MISSING}")
        elif digest_bytes(path.read_bytes()) != digest:
            problems.append(f"{name}: {ALTERED}")
    return problems
