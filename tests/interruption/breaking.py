"""Break off this process at one of its writes: what a forked command or kernel loads first.

The writes of all processes that share a log are counted in it, one line each: a file that is moved
into its place, removed, or opened to be written where it lies. At the wanted one the process, its
launcher and its kernels are killed, or the system refuses this write and every later one.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from glob import glob

LOG = os.environ.get("BROKEN_LOG", "")
TREE = os.environ.get("BROKEN_TREE", "")
AT = int(os.environ.get("BROKEN_AT", "0"))
# Without a number, the first write of a file whose path ends so.
NAME = os.environ.get("BROKEN_NAME", "")
# "" kills; else the name of the error with which the system refuses.
REFUSAL = os.environ.get("BROKEN_REFUSAL", "")
# The processes of a run write down their numbers here.
GROUP = os.environ.get("BROKEN_GROUP", "")


def name_write(event: str, values: tuple[object, ...]) -> tuple[str, str]:
    """Name the file that a call moves into its place, removes or opens to write, and from where."""
    if event == "os.rename":
        return locate(values[1], values[3]), locate(values[0], values[2])
    if event == "os.remove":
        path = locate(values[0], values[1])
        return (path, "") if os.path.lexists(path) else ("", "")
    if event == "open" and not isinstance(values[0], int) and values[0] is not None:
        flags = values[2] if isinstance(values[2], int) else 0
        path = locate(values[0], -1)
        # What is written beside its place counts when it is moved there; a lock is no write.
        if flags & (os.O_WRONLY | os.O_RDWR) and (REFUSAL or not path.endswith(".partial")):
            return path, ""
    return "", ""


def locate(path: object, folder: object) -> str:
    """Locate a file that is named from an open folder, or from the current one."""
    name = os.fsdecode(path)  # type: ignore[arg-type]
    base = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else ""
    return os.path.abspath(os.path.join(base, name))


def count_write(path: str) -> int:
    """Count the writes of the run so far, this one included."""
    with open(LOG, "ab") as log:
        log.write(f"{path.removeprefix(TREE + os.sep):<199}\n".encode()[-200:])
        log.flush()
        return log.tell() // 200


def kill_group() -> None:
    """Kill all processes of the run, this one last."""
    with open(GROUP, encoding="utf-8") as group:
        own = [int(line) for line in group]
    for number in own:
        if number != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def is_vouched_for(source: str) -> bool:
    """Whether the record was written after what is moved: that was on the disk by then, whole."""
    records = glob(os.path.join(TREE, "runs", "*", "audit.jsonl"))
    made = os.stat(source).st_mtime_ns
    return any(os.stat(record).st_mtime_ns > made for record in records)


def look(event: str, values: tuple[object, ...]) -> None:
    """Look at a call before it happens."""
    global AT
    if event not in ("open", "os.rename", "os.remove"):
        return
    path, source = name_write(event, values)
    if not path.startswith(TREE + os.sep) or path.endswith(".lock"):
        return
    number = count_write(path)
    if NAME and not AT and path.endswith(NAME):
        AT = number
    if not AT or number < AT:
        return
    if REFUSAL:
        code = getattr(errno, REFUSAL)
        raise OSError(code, os.strerror(code))
    # Every other time the file is half written when everything ends, where it can be.
    torn = source or path
    is_torn = number % 2 and event != "os.remove" and os.path.exists(torn)
    if is_torn and not (source and is_vouched_for(source)):
        os.truncate(torn, os.path.getsize(torn) // 2)
    kill_group()


def watch() -> None:
    """Watch this process from now on."""
    with open(GROUP, "a", encoding="utf-8") as group:
        group.write(f"{os.getpid()}\n")
    sys.addaudithook(look)


if LOG:
    watch()
