"""What a live session leaves in the run's folder: searched for personal data, then sealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import AwaitingPerson, IntegrityError
from recruitlib.base.pages import render_html
from recruitlib.base.record import (
    LIVE_FOLDER,
    LIVE_LOCK_NAME,
    ask_traces,
    count_kept_pictures,
    list_expected,
    read_scanner,
)
from recruitlib.base.scanner import Scanner
from recruitlib.base.vault import RunKey

REVIEW = "03"


@contextmanager
def hold_session(folder: Path) -> Iterator[None]:
    """Hold the one live session that a run may have; a session that was killed holds nothing.

    Raises:
        AwaitingPerson: one is open.
    """
    lock = FileLock(folder / LIVE_LOCK_NAME, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AwaitingPerson(
            "確認の画面（recruitlib review）が開いています。終えてから、もう一度実行してください。"
        ) from None
    try:
        yield
    finally:
        lock.release()


def seal_left_over(folder: Path, key: RunKey) -> list[str]:
    """Search and seal what an earlier session left behind, also one that was killed.

    Returns:
        the names of the files sealed now.

    Raises:
        AwaitingPerson: a session is open.
        IntegrityError: as ``seal_live``.
    """
    if not (folder / LIVE_FOLDER).exists():
        return []
    with hold_session(folder):
        return seal_live(folder, key)


def seal_live(folder: Path, key: RunKey) -> list[str]:
    """Search every file of the live folder for personal data, and seal it.

    JupyterLab's own copies (checkpoints and the like, whose names begin with a dot) are searched
    like the rest and then removed. Every file is looked at before the first one with a hit stops.

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
