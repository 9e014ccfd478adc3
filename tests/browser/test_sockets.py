"""The watch over the sockets of a session sees what it is there to see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.browser.sockets import (
    EVERY_SECONDS,
    LOOPBACK,
    REFUSED,
    PeerWatch,
    list_peers,
    read_calls,
    watch_calls,
)

# Nobody's (TEST-NET-1 of RFC 5737, and a name of RFC 2606), and one that needs no network at all.
ADDRESS, NAME, OTHER = "192.0.2.1", "somebody.invalid", "127.0.0.2"
# A datagram socket is connected without a word sent.
HOLD = f"""
import socket, sys
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.connect(("{OTHER}", 9))
print(flush=True)
sys.stdin.read()
"""
ASK = f"""
import contextlib, socket
with contextlib.suppress(OSError):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("{ADDRESS}", 9))
with contextlib.suppress(OSError):
    socket.getaddrinfo("{NAME}", 443)
with contextlib.suppress(OSError):
    socket.socket(socket.AF_UNIX).connect("/nowhere")
"""


def test_a_socket_that_a_process_holds_is_seen_from_the_one_that_started_it() -> None:
    watch = PeerWatch(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert OTHER in list_peers(os.getpid())
        time.sleep(2 * EVERY_SECONDS)
    assert OTHER in watch.stop()
    assert OTHER not in list_peers(os.getpid())


def test_a_call_is_seen_also_when_it_fails_at_once(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    environment = {**os.environ, **watch_calls(log)}
    subprocess.run([sys.executable, "-c", "import subprocess, sys; "
                    "subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)", ASK],
                   env=environment, check=True)  # fmt: skip
    assert read_calls(log) == {ADDRESS, NAME}


def test_a_test_that_asks_the_network_fails_at_once() -> None:
    with pytest.raises(AssertionError, match=ADDRESS):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((ADDRESS, 9))
    with pytest.raises(AssertionError, match=NAME):
        socket.getaddrinfo(NAME, 443)
    socket.getaddrinfo(LOOPBACK, 9)
    assert {ADDRESS, NAME} <= REFUSED
    REFUSED.difference_update({ADDRESS, NAME})  # the session fails for any other
