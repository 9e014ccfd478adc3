"""The verification of a record, recomputed from its folder alone and without any passphrase.

Alone it tells whether the record agrees with itself; with the head of any of its papers, whether it
still is what it was then; and within the project, whether it is the one that the office has noted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from recruitlib.base.audit import AUDIT_NAME, read_entries
from recruitlib.base.counts import COUNTS_NAME, gather_counts, write_counts
from recruitlib.base.course import check_course, check_forms
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.heads import HEADS_NAME, Place, check_noted, find_heads, is_noted
from recruitlib.base.office import REGISTER
from recruitlib.base.officers import read_officers
from recruitlib.base.parameters import find_root
from recruitlib.base.record import (
    LAUNCHER_NAMES,
    LIVE_FOLDER,
    LOCK_NAMES,
    NOTEBOOK_FOLDER,
    STATUS_NAME,
    check_files,
    list_expected,
)
from recruitlib.base.serial_course import check_blanked
from recruitlib.base.signatures import check_officers, check_signatures
from recruitlib.base.status import read_status
from recruitlib.base.vault import PRIVATE

# What is said of what the record does not vouch for.
STRANGER, STRANGE_FOLDER = "記録にないファイルです。", "記録にないフォルダです。"
_SHORTEST_HEAD = 16
# What the stages after a paper write anew by themselves, beside their own notebooks.
_GOES_ON = re.compile(r"(handover/.*|counts\.csv|run\.yaml|private/.*)")


def verify_record(folder: Path, head: str = "") -> list[str]:
    """Verify a run's record: chain, signatures, outputs, seals, and that nothing stands beside them.

    It needs no passphrase. Within the project it also asks the office's note of the run's head.

    Args:
        folder: the run's folder, or a copy of it anywhere.
        head: the head of the record as printed on any of its papers, or "".

    Returns:
        one Japanese sentence for each problem, with the file and line, in the order of the record;
        empty when all is well.
    """
    try:
        entries = read_entries(folder)
    except IntegrityError as error:
        return [str(error)]
    if not entries:
        return [f"{AUDIT_NAME}: ありません。"]
    if malformed := check_forms(entries):
        return [f"{AUDIT_NAME}: {line}行目: {problem}" for line, problem in malformed]
    lines = _list_lines(entries)
    found = [
        (lines[name], problem)
        for name, digest in list_expected(entries).items()
        for problem in check_files(folder, {name: digest})
    ]
    place = find_heads(folder, entries)
    said = [
        (line, f"{AUDIT_NAME}: {line}行目: {problem}")
        for line, problem in (
            *check_course(entries),
            *check_signatures(entries),
            *check_blanked(entries),
            *_check_officers(folder, entries, place),
        )
    ]
    problems = [problem for _, problem in sorted(found + said)]
    problems += _check_strangers(folder, entries)
    for name in LOCK_NAMES:
        if (folder / name).exists() and (folder / name).stat().st_size:
            problems.append(f"{name}: 空でなければならないファイルに内容があります。")
    if (folder / STATUS_NAME).exists() and not read_status(folder):
        problems.append(f"{STATUS_NAME}: {STRANGER}")
    counts = folder / COUNTS_NAME
    as_vouched = not any(problem.startswith(COUNTS_NAME) for problem in problems)
    if as_vouched and counts.exists() and _differs(counts, entries):
        problems.append(f"{COUNTS_NAME}: 記録の鎖にある件数と違います。")
    if place:
        problems += filter(None, [check_noted(place, entries) or _check_missing(place, entries)])
    return problems + (_check_head(entries, head) if head else [])


def _check_officers(
    folder: Path, entries: Sequence[Mapping[str, Any]], place: Place | None
) -> Iterator[tuple[int, str]]:
    """Within the project, compare the signers with the office's own list."""
    if place is None:
        return
    try:
        officers = read_officers(find_root(folder), place.demonstration)
    except ParameterError as error:
        yield len(entries), str(error)
    else:
        yield from check_officers(entries, officers)


def _differs(counts: Path, entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the table of counts says something else than the completions in the chain."""
    try:
        return counts.read_bytes() != write_counts(gather_counts(entries))
    except (KeyError, TypeError, ValueError):
        return False  # told by ``check_course``


def _check_missing(place: Place, entries: Sequence[Mapping[str, Any]]) -> str:
    """Say that the office has no note of a run that has come past its first completion."""
    completed = [entry["seq"] for entry in entries if entry["event"] == "completed"]
    # A completion is noted right after it stands in the chain; what is cut off there is no problem.
    if not completed or is_noted(place) or completed == [len(entries)]:
        return ""
    return f"{REGISTER} の控え（{HEADS_NAME}）に、この実行がありません。控えが消されています。"


def _list_lines(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """List for each file the line of the chain that vouches for it."""
    lines: dict[str, int] = {}
    for entry in entries:
        files = entry["facts"].get("files", {})
        if isinstance(files, Mapping):
            lines.update(dict.fromkeys(files, entry["seq"]))
    return lines


def find_head(entries: Sequence[Mapping[str, Any]], head: str) -> int:
    """Find the line of a chain whose hash a paper has printed as the head; 0 where there is none."""
    plain = read_head(head)
    found = (entry["seq"] for entry in entries if entry["hash"].startswith(plain))
    return next(found, 0) if is_head(head) else 0


def read_head(head: str) -> str:
    """Read the digits of a head as somebody typed it from paper: blanks, width and case do not matter."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", head)).lower()


def is_head(head: str) -> bool:
    """Whether a text can be the head that a paper printed: sixteen digits of a hash or more."""
    return bool(re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_HEAD},64}}", read_head(head)))


def _check_head(entries: Sequence[Mapping[str, Any]], head: str) -> list[str]:
    """Say how the record differs from what it was when the paper with its head was printed."""
    line = find_head(entries, head)
    if not line:
        return [
            "紙の先頭値と合いません。打ち間違いでなければ、記録が切り詰められたか、作り直されています。"
        ]
    before, after = entries[:line], entries[line:]
    # The last papers of the hand-over are drawn between these two, and 05 completes with them.
    final = (before[-1]["stage"], before[-1]["event"]) == ("05", "supplied")
    if final and [entry["event"] for entry in after[:2]] != ["completing", "completed"]:
        return ["先頭値の紙は提供の紙ですが、その提供が記録にありません。"]
    then, now, lines = list_expected(before), list_expected(entries), _list_lines(before)
    # A stage that is begun again makes everything of its own, and of the later ones, anew.
    anew = min([*list_begun(after), *list_unsealed(before)], default="99")
    return [
        f"{name}: 先頭値の紙の後に変えられています。"
        for name, digest in then.items()
        if now.get(name) != digest
        and not _GOES_ON.fullmatch(name)
        and entries[lines[name] - 1]["stage"] < anew
    ]


def list_begun(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the stages that were begun, in the order of the entries."""
    return [entry["stage"] for entry in entries if entry["event"] == "begun"]


def list_unsealed(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the stage that was at work last, unless its notebook is sealed."""
    for entry in reversed(entries):
        if entry["event"] == "begun":
            return [entry["stage"]]
        if entry["event"] == "sealed":
            break
    return []


def _check_strangers(folder: Path, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which files the record does not know, and which folders hold nothing but their name."""
    known = {*list_expected(entries), AUDIT_NAME, *LAUNCHER_NAMES}
    own = {parent.as_posix() for name in known for parent in PurePosixPath(name).parents}
    own |= {PRIVATE, NOTEBOOK_FOLDER, LIVE_FOLDER}
    problems = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_dir():
            problems += [f"{name}: {STRANGER}"] * (name not in known)
        elif name not in own and not any(path.iterdir()):
            problems.append(f"{name}: {STRANGE_FOLDER}")
    return problems
