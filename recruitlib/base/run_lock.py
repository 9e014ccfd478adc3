"""The locks of a run's folder: of the program or live session, of a notebook, of the serials.

Whoever was killed holds nothing: the system gives its locks back. A kernel outlives a launcher that
was killed by a second or so; that is why the notebook has a lock of its own, which is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from recruitlib.base.errors import AwaitingPerson

RUN_LOCK_NAME, STAGE_LOCK_NAME, SERIAL_LOCK_NAME = ".run.lock", ".stage.lock", ".serials.lock"
_ORPHAN_SECONDS = 10


@contextmanager
def hold_lock(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock, or refuse at once.

    Args:
        path: its file, which stays.
        busy: says in Japanese who holds it, and what to do.

    Raises:
        AwaitingPerson: somebody holds it.
    """
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AwaitingPerson(busy) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def hold_run(folder: Path) -> Iterator[None]:
    """Hold a run: one command that begins stages, seals, makes it anew or opens the session at a time.

    Raises:
        AwaitingPerson: another one is at work on it, or a notebook that nobody has ended.
    """
    busy = (
        f"実行 {folder.name} では、recruitlib のほかの作業か確認の画面（recruitlib review）が、もう動いています。"
        "何も変えていません。終わるのを待って、もう一度実行してください。"
    )
    with hold_lock(folder / RUN_LOCK_NAME, busy):
        take_stage(folder).release()
        yield


def is_at_work(folder: Path) -> bool:
    """Say if a command or a notebook is at work on a run now; a copy elsewhere is at rest."""
    for name in (RUN_LOCK_NAME, STAGE_LOCK_NAME):
        if not (folder / name).exists():
            continue
        lock = FileLock(folder / name, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            continue  # where nothing can be written nobody works
        lock.release()
    return False


def take_stage(folder: Path) -> BaseFileLock:
    """Take the lock of the notebook that is at work on a run; the same process may take it again.

    Returns:
        the lock, which is free again when it is released, or nobody has it any more.

    Raises:
        AwaitingPerson: another notebook has it, and not only until a killed one has ended.
    """
    lock = FileLock(folder / STAGE_LOCK_NAME, mode=0o600, is_singleton=True)
    try:
        lock.acquire(timeout=_ORPHAN_SECONDS)
    except Timeout:
        raise AwaitingPerson(
            f"実行 {folder.name} では、ほかのノートブックが動いています。何も変えていません。終わるのを待つか、"
            "JupyterLab で開いているときはそのカーネルを終えて、もう一度実行してください。"
        ) from None
    return lock


@contextmanager
def hold_serials(folder: Path) -> Iterator[None]:
    """Hold the serials of a run: of all that changes them or begins a stage, one at a time.

    An act and the hand-over both read the serials, work for seconds, and then write what became of
    them. Whoever comes in between would end a serial twice.

    Raises:
        AwaitingPerson: an act or the hand-over is at work on them.
    """
    busy = (
        "この実行では、通番を変える作業（差引・再印刷・汚損）か 05 が動いています。終わるのを待って、もう一度"
        "実行してください。"
    )
    with hold_lock(folder / SERIAL_LOCK_NAME, busy):
        yield
