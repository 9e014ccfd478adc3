"""What a live session leaves in the run's folder: searched for personal data, then sealed."""

from __future__ import annotations

from pathlib import Path

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.pages import render_html
from recruitlib.base.record import (
    LIVE_FOLDER,
    ask_traces,
    count_kept_pictures,
    list_expected,
    read_scanner,
)
from recruitlib.base.scanner import Scanner
from recruitlib.base.vault import RunKey

REVIEW = "03"


def seal_live(folder: Path, key: RunKey) -> list[str]:
    """Search every file of the live folder for personal data, and seal it.

    JupyterLab's own copies (checkpoints and the like, whose names begin with a dot) are searched
    like the rest and then removed. Every file is looked at before the first one with a hit stops. The
    caller holds the run, so that no session is open; one that was killed has left its files, too.

    Returns:
        the names of the files sealed now.

    Raises:
        IntegrityError: a sealed file was changed, or a file holds personal data or cannot be read
            as text (it is moved, encrypted, into the private folder first).
    """
    expected = list_expected(read_entries(folder))
    waiting, problems = [], []
    for path in sorted((folder / LIVE_FOLDER).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            # It holds nothing, and leads out of the record.
            path.unlink()
        if not path.is_file():
            continue
        if name not in expected:
            waiting.append(path)
        elif expected[name] != digest_bytes(path.read_bytes()):
            problems.append(f"{name}: 封をした後に変えられています。")
    scanner = read_scanner(folder, key) if waiting else Scanner()
    files, removed = {}, []
    for path in waiting:
        unread, page = _read_left(path)
        name = path.relative_to(folder).as_posix()
        try:
            ask_traces(folder, key, path, scanner, unread, page)
        except IntegrityError as error:
            problems.append(str(error))
            continue
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            path.unlink()
            removed.append(name)
        else:
            files[name] = digest_bytes(path.read_bytes())
    if waiting:
        append_entry(folder, REVIEW, "sealed", files=files, removed=removed)
    for inner in sorted((folder / LIVE_FOLDER).rglob("*"), reverse=True):
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()
    if problems:
        raise IntegrityError(" ".join(problems))
    return list(files)


def _read_left(path: Path) -> tuple[int, bytes]:
    """Count the parts of a file that cannot be searched, and make the page of a notebook."""
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return 1, b""
    if path.suffix != ".ipynb":
        return 0, b""
    try:
        return count_kept_pictures(path), render_html(path)
    except Exception:
        # Cut off while it was being written: it is no notebook, and may hold part of a picture.
        return 1, b""
