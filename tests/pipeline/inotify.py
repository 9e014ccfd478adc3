"""Every file that comes into being in a tree, as the system tells it, also from other programs."""

from __future__ import annotations

import ctypes
import hashlib
import os
import struct
import threading
from pathlib import Path
from types import TracebackType

_MODIFY, _CLOSED, _ARRIVED, _CREATED, _DELETED, _LEFT = 0x2, 0x8, 0x80, 0x100, 0x200, 0x40
_FOLDER, _OVERFLOW = 0x40000000, 0x4000
_EVENTS = _MODIFY | _CLOSED | _ARRIVED | _CREATED | _DELETED | _LEFT
_HEAD = struct.Struct("iIII")


class FileWatch:
    """Read each file of a tree again whenever it changes, and note which ones come and go.

    ``contents`` has what was read by digest, ``read`` and ``gone`` the paths of regular files;
    ``whole`` is false when the system told of more than could be followed.
    """

    def __init__(self, tree: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._libc.inotify_init1(os.O_CLOEXEC)
        assert self._inotify >= 0
        self._folders: dict[int, Path] = {}
        self.contents: dict[str, bytes] = {}
        self.read: set[str] = set()
        self.gone: set[str] = set()
        self.whole = True
        self._others: set[str] = set()  # sockets and the like
        self._end = tree / ".watch_ends"
        self._add(tree)

    def __enter__(self) -> FileWatch:
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.touch()
        self._thread.join()
        os.close(self._inotify)
        self._end.unlink()

    def _add(self, folder: Path) -> None:
        number = self._libc.inotify_add_watch(self._inotify, os.fsencode(folder), _EVENTS)
        if number < 0:
            return
        self._folders[number] = folder
        # What came before the watch did.
        for path in folder.iterdir() if folder.exists() else ():
            self._add(path) if path.is_dir() and not path.is_symlink() else self._read(path)

    def _read(self, path: Path) -> None:
        try:
            if not path.is_file():
                if path.exists():
                    self._others.add(str(path))
                return
            content = path.read_bytes()
        except OSError:
            return
        self.contents[hashlib.sha256(content).hexdigest()] = content
        self.read.add(str(path))

    def _follow(self) -> None:
        while True:
            events = os.read(self._inotify, 1 << 20)
            at = 0
            while at < len(events):
                number, mask, _, length = _HEAD.unpack_from(events, at)
                at += _HEAD.size + length
                name = os.fsdecode(events[at - length : at].rstrip(b"\0"))
                if mask & _OVERFLOW:
                    self.whole = False
                    continue
                if number not in self._folders or not name:
                    continue
                path = self._folders[number] / name
                if path == self._end:
                    return
                if mask & _FOLDER:
                    if mask & (_CREATED | _ARRIVED):
                        self._add(path)
                elif mask & (_DELETED | _LEFT):
                    if str(path) not in self._others:
                        self.gone.add(str(path))
                else:
                    self._read(path)
