"""A process in which the program and the kernels are loaded already, and which forks itself for each.

A command or a kernel that has to load everything first takes seconds, and is killed a thousand times
here. What runs in a fork is the program's own entry, and the kernel's.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import recruitlib

SERVER_VARIABLE = "INTERRUPTION_SERVER"
PROGRAM, KERNEL = "program", "kernel"
# What commands and kernels load besides, each time.
_LOADED = (
    "papermill.execute", "nbconvert.exporters.html", "ipykernel.kernelapp", "ipykernel.zmqshell",
    "ipykernel.ipkernel", "matplotlib.pyplot", "matplotlib_inline.backend_inline",
    "jupyter_client.asynchronous", "nbclient.client",
)  # fmt: skip


def ask_server(place: str, wanted: Mapping[str, Any]) -> int:
    """Ask a server to fork; give the number of the new process."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(place)
        asking.sendall(json.dumps(wanted).encode() + b"\n")
        with asking.makefile() as answer:
            return int(answer.readline())


class Forked:
    """A forked kernel as the program knows one that it has started."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        """Say whether it has ended; the server has taken its exit code."""
        if self.returncode is None and not is_alive(self.pid):
            self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        until = time.monotonic() + (timeout or 600)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("kernel", timeout or 600)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def is_alive(pid: int) -> bool:
    """Whether a process is at work."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def fork_kernel(cmd: list[str], **given: Any) -> Forked:
    """Start a kernel in the place of jupyter_client's own way."""
    assert cmd[1:3] == ["-m", "ipykernel_launcher"], cmd
    wanted = {
        "kind": KERNEL, "words": cmd[3:], "env": dict(given.get("env") or os.environ),
        "folder": str(given.get("cwd") or os.getcwd()), "screen": os.devnull, "code": os.devnull,
    }  # fmt: skip
    return Forked(ask_server(os.environ[SERVER_VARIABLE], wanted))


def list_modules() -> list[str]:
    """List the modules of the program."""
    own = pkgutil.walk_packages(recruitlib.__path__, "recruitlib.")
    return [module.name for module in own if not module.name.endswith("__main__")]


def serve(place: str) -> None:
    """Load everything, then fork for whoever asks, until the parent is gone."""
    import jupyter_client.provisioning.local_provisioner as provisioner
    import pyrage

    from tests.locks import lock_quickly

    # As a kernel says before it loads anything that draws.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    for name in (*list_modules(), *_LOADED):
        importlib.import_module(name)
    provisioner.launch_kernel = fork_kernel  # type: ignore[assignment]
    pyrage.passphrase.encrypt = lock_quickly
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        listener.settimeout(5)
        while os.getppid() == parent:
            with suppress(TimeoutError):
                asking, _ = listener.accept()
                with asking, asking.makefile() as question:
                    wanted = json.loads(question.readline())
                    pid = os.fork()
                    if pid == 0:
                        listener.close()
                        become(wanted)
                    # A kernel's whole group is killed: it must be its own before anybody knows it.
                    with suppress(OSError):
                        os.setpgid(pid, pid)
                    asking.sendall(f"{pid}\n".encode())


def become(wanted: Mapping[str, Any]) -> NoReturn:
    """Become the program or a kernel, as if this process had been started for it."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(wanted["folder"])
        os.environ.clear()
        os.environ.update(wanted["env"])
        screen = os.open(wanted["screen"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(screen, 1)
        os.dup2(screen, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = [wanted["kind"], *wanted["words"]]
        if "BROKEN_LOG" in os.environ:
            from tests.interruption import breaking  # noqa: F401
        if wanted["kind"] == KERNEL:
            from ipykernel import kernelapp

            kernelapp.launch_new_instance()
        else:
            from recruitlib.cli import main

            main()
        code = 0
    except SystemExit as ending:
        code = int(ending.code or 0)
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        Path(wanted["code"]).write_text(str(code), encoding="utf-8")
        os._exit(code)
    raise AssertionError


if __name__ == "__main__":
    serve(sys.argv[1])
