"""With whom the processes of a session talk: what they ask Python for, and what sockets they hold."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from tests.browser.hook.sitecustomize import find_host

HOOK = Path(__file__).parent / "hook"
LOOPBACK = "127.0.0.1"
EVERY_SECONDS = 0.2
REFUSED: set[str] = set()  # whom this process of tests has asked for


def watch_calls(log: Path) -> dict[str, str]:
    """Make an environment in which every Python process writes down whom it asks for.

    A call that fails at once, as on a computer without a network, holds no socket to be seen.
    """
    paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "WATCHED_CALLS": str(log)}


def refuse_call(event: str, values: tuple[object, ...]) -> None:
    """Fail the test that asks for anybody but this computer: a hook of the tests' own process.

    The host is noted too: what asked may catch whatever comes.
    """
    if (host := find_host(event, values)) and host not in (LOOPBACK, "localhost"):
        REFUSED.add(host)
        raise AssertionError(f"a test asks the network for {host}")


def read_calls(log: Path) -> set[str]:
    """Read whom the processes asked for."""
    return set(log.read_text(encoding="utf-8").split()) if log.exists() else set()


def list_peers(pid: int) -> set[str]:
    """List the addresses at the other end of the sockets of a process and of all that it started."""
    peers: set[str] = set()
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for one in [first, *first.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                peers |= {held.raddr.ip for held in one.net_connections("inet") if held.raddr}
    return peers


class PeerWatch:
    """Look again and again, until it is stopped, with whom the processes talk.

    Args:
        pid: the process that started them all.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._peers, self._done = pid, set[str](), threading.Event()
        self._watcher = threading.Thread(target=self._look_often, daemon=True)
        self._watcher.start()

    def stop(self) -> set[str]:
        """Stop looking, and give everybody that was seen."""
        self._done.set()
        self._watcher.join()
        return self._peers

    def _look_often(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            self._peers |= list_peers(self._pid)
