"""The lock on a run's serials: of all that changes them or begins a stage, one at a time.

An act and the hand-over both read the serials, work for seconds, and then write what became of
them. Whoever comes in between would end a serial twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recruitlib.base.errors import AwaitingPerson

SERIAL_LOCK_NAME = ".serials.lock"


@contextmanager
def hold_serials(folder: Path) -> Iterator[None]:
    """Hold the serials of a run; whoever was killed holds nothing.

    Raises:
        AwaitingPerson: an act or the hand-over is at work on them.
    """
    lock = FileLock(folder / SERIAL_LOCK_NAME, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AwaitingPerson(
            "この実行では、通番を変える作業（差引・再印刷・汚損）か 05 が動いています。終わるのを待って、もう一度"
            "実行してください。"
        ) from None
    try:
        yield
    finally:
        lock.release()
