"""The audit chain: what happened in a run, line by line, each line bound to the one before.

``audit.jsonl`` holds who, when, which stage, parameters, digests, counts and the answers of the
guards, and never a person's data. A changed byte anywhere in it is found, because the file must
equal, byte for byte, what its own entries write.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from recruitlib.base.errors import IntegrityError
from recruitlib.base.plain_files import require_plain

AUDIT_NAME = "audit.jsonl"
RUN_NAME = "run.yaml"
LOCK_NAME = ".lock"
START = "0" * 64
# What this process has read and checked of each chain; it only grows, so that the rest is new.
_CHECKED: dict[Path, tuple[bytes, list[dict[str, Any]]]] = {}


def digest_bytes(content: bytes) -> str:
    """Give the SHA-256 of a file's content, for files that hold no single person's data."""
    return hashlib.sha256(content).hexdigest()


def digest_keyed(key: bytes, content: bytes) -> str:
    """Give the keyed digest (HMAC-SHA-256) of personal content.

    An unkeyed digest of one person could be tried out by anybody with a list of names.
    """
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def group_digest(digest: str) -> str:
    """Write the first 16 digits of a digest in groups of four, to be read over the telephone."""
    return " ".join(digest[start : start + 4] for start in range(0, 16, 4))


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: beside it first, then moved into its place."""
    partial = write_beside(path, content, mode)
    try:
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def name_partial(path: Path) -> Path:
    """Name what is written beside a file, to be moved into its place."""
    return path.with_name(f".{path.name}.partial")


def write_beside(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write the coming content of a file beside it; give where."""
    partial = name_partial(path)
    descriptor = os.open(
        partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), mode
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def find_login() -> str:
    """Find who is logged in to this PC, by the system's own word: a variable can be set by anybody."""
    if os.name == "nt":
        return os.getlogin().casefold()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return str(os.getuid())


def _serialise(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash_entry(entry: Mapping[str, Any]) -> str:
    body = {name: value for name, value in entry.items() if name != "hash"}
    return digest_bytes(_serialise(body).encode())


def append_entry(folder: Path, stage: str, event: str, **facts: Any) -> dict[str, Any]:
    """Append one entry to the chain of a run.

    Args:
        folder: the run's folder.
        stage: the stage that acts, or "" for the office's tools.
        event: what happened, one word.
        facts: JSON values without personal data.

    Returns:
        the entry as written.

    Raises:
        IntegrityError: the chain so far is not intact.
    """
    with FileLock(folder / LOCK_NAME, mode=0o600):
        entries = read_entries(folder)
        entry = {
            "seq": len(entries) + 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "login": find_login(),
            "stage": stage,
            "event": event,
            "facts": facts,
            "previous": entries[-1]["hash"] if entries else START,
        }
        entry["hash"] = _hash_entry(entry)
        line = f"{_serialise(entry)}\n".encode()
        write_atomically(folder / AUDIT_NAME, _CHECKED[folder][0] + line if entries else line)
    return entry


def vouch_for(
    folder: Path, stage: str, event: str, contents: Mapping[str, bytes], **facts: Any
) -> None:
    """Write files that an entry vouches for, so that no kill comes between a file and its entry.

    They are written beside their places first; after the entry they are moved, by ``finish_moves``
    where the process was killed.

    Args:
        folder: the run's folder.
        stage: as in ``append_entry``.
        event: as in ``append_entry``.
        contents: each file's, by its place in the run's folder.
        facts: what else the entry says.
    """
    for name, content in contents.items():
        write_beside(folder / name, content)
    files = {name: digest_bytes(content) for name, content in contents.items()}
    append_entry(folder, stage, event, files=files, **facts)
    for name in contents:
        os.replace(name_partial(folder / name), folder / name)


def finish_moves(folder: Path, expected: Mapping[str, str]) -> None:
    """Move what lies beside its place and is just what the record vouches for there.

    Args:
        folder: the run's folder.
        expected: the digest of every file that the record vouches for.
    """
    for name, digest in expected.items():
        partial = name_partial(folder / name)
        if partial.is_file() and digest_bytes(partial.read_bytes()) == digest:
            os.replace(partial, folder / name)


def read_entries(folder: Path) -> list[dict[str, Any]]:
    """Read the chain of a run and check every link of it.

    Returns:
        the entries in order; empty when the run has not begun.

    Raises:
        IntegrityError: a line is not what the chain says; names the first such line.
    """
    path = folder / AUDIT_NAME
    if not path.exists():
        return []
    require_plain(path, IntegrityError)
    content = path.read_bytes()
    checked, entries = _CHECKED.get(folder, (b"", []))
    if not content.startswith(checked):
        checked, entries = b"", []
    entries = entries[:]
    previous = entries[-1]["hash"] if entries else START
    *lines, rest = content[len(checked) :].split(b"\n")
    for number, line in enumerate(lines, start=len(entries) + 1):
        entry = _read_line(line, number)
        if (
            entry.get("hash") != _hash_entry(entry)
            or entry.get("previous") != previous
            or entry.get("seq") != number
        ):
            raise IntegrityError(_broken(number))
        entries.append(entry)
        previous = entry["hash"]
    # The last line ends too: what stands behind it, or an empty file, is not ours.
    if rest or not entries:
        raise IntegrityError(_broken(len(entries) + 1))
    _CHECKED[folder] = content, entries
    return entries[:]


def _read_line(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        is_ours = isinstance(entry, dict) and _serialise(entry).encode() == line
    except (ValueError, RecursionError):
        is_ours = False
    if not is_ours:
        raise IntegrityError(_broken(number))
    return dict(entry)


def _broken(number: int) -> str:
    return (
        f"{AUDIT_NAME}: {number}行目が記録の鎖と合いません。"
        "記録が変えられています。この実行を使わず、管理者に知らせてください。"
    )


def list_since_begun(entries: Sequence[dict[str, Any]], stage: str) -> Sequence[dict[str, Any]]:
    """List the entries since a stage was begun last, or an earlier one, which begins it anew too."""
    begun = [
        entry["seq"] for entry in entries if entry["event"] == "begun" and entry["stage"] <= stage
    ]
    return entries[max(begun, default=0) :]


def find_latest(
    entries: Iterable[Mapping[str, Any]], stage: str, event: str
) -> Mapping[str, Any] | None:
    """Find the last entry of a stage and event, or nothing."""
    latest = None
    for entry in entries:
        if entry["stage"] == stage and entry["event"] == event:
            latest = entry
    return latest
