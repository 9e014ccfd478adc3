"""Write down whom a Python process asks for; loaded by Python itself when it stands on its path."""

from __future__ import annotations

import os
import sys

# The first or second argument of each is the address, or the host that it begins with.
CALLS = {
    "socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0,
}  # fmt: skip


def find_host(event: str, values: tuple[object, ...]) -> str:
    """Find the host that a call asks for; "" for any other event, and for a socket of this computer."""
    if event not in CALLS:
        return ""
    asked = values[CALLS[event]]
    host = str((asked[0] if isinstance(asked, tuple) else asked) or "")
    return "" if host.startswith("/") else host


def note_call(event: str, values: tuple[object, ...]) -> None:
    """Note the host of a call."""
    if host := find_host(event, values):
        with open(os.environ["WATCHED_CALLS"], "a", encoding="utf-8") as log:
            log.write(f"{host}\n")


if "WATCHED_CALLS" in os.environ:
    sys.addaudithook(note_call)
