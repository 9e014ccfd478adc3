"""Erasure (消去): a file overwritten before it is removed."""

from __future__ import annotations

import os
from pathlib import Path

_PIECE = 1 << 20


def erase_file(path: Path) -> None:
    """Overwrite a file with random bytes, wait until they are on the disk, and remove it.

    A disk that writes elsewhere than over the old place (an SSD, a network drive) may keep the old
    bytes for a while. What is private was encrypted for that reason, and its key goes as well.

    Args:
        path: a file, which may be gone already, or a link, of which only the link goes.
    """
    if path.is_file() and not path.is_symlink():
        path.chmod(0o600)
        with path.open("r+b", buffering=0) as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(os.urandom(min(left, _PIECE))) or 0
            os.fsync(file.fileno())
    path.unlink(missing_ok=True)
