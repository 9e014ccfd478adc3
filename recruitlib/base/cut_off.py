"""Interruption (中断): what a run that was cut off leaves beside its record, until the next run ends it.

They are told by ``verify`` like any stranger. What makes them no broken record is that the chain
itself says that somebody was at work, or that nothing but a next attempt's own files is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import digest_bytes, find_latest, name_partial
from recruitlib.base.counts import COUNTS_NAME
from recruitlib.base.parameters import STAGES
from recruitlib.base.record import ALTERED, MISSING, list_expected
from recruitlib.base.run import list_ending
from recruitlib.base.serial_acts import find_prepared
from recruitlib.base.serial_course import NOT_BLANKED, check_blanked
from recruitlib.base.verification import STRANGE_FOLDER, STRANGER, list_unsealed

CUT_OFF = "どれも、中断した実行が残したものです。recruitlib runs が示す次のコマンドを実行してください。整います。"
# What the next attempt replaces or seals, whoever was at work.
_COMING = re.compile(rf"(?:(?:.*/)?\..*\.partial|notebooks/.*|live/.*): {STRANGER}")
# What it erases, where somebody was at work.
_UNMADE = re.compile(
    rf"(?:private/.*|handover/.*|count_report\..*|review_counts\.csv): {STRANGER}"
    rf"|handover: {STRANGE_FOLDER}"
)


def list_broken(
    folder: Path, entries: Sequence[dict[str, Any]], problems: Sequence[str]
) -> list[str]:
    """List those of the problems of ``verify_record`` that no run leaves which was cut off.

    Args:
        folder: the run's folder.
        entries: its chain.
        problems: what ``verify_record`` says.
    """
    left = {f"{name}: {how}" for name in _list_pending(folder, entries)
            for how in (ALTERED, MISSING, STRANGER)}  # fmt: skip
    left |= {f"{name}: {STRANGER}" for name in list_ending(entries)}
    at_work = bool(list_unsealed(entries) or find_prepared(entries) or check_blanked(entries))
    return [
        problem for problem in problems
        if problem not in left
        and not _COMING.fullmatch(problem)
        and not (at_work and _UNMADE.fullmatch(problem))
        # An act that was cut off is no broken record: the next step ends it.
        and not problem.endswith(NOT_BLANKED)
    ]  # fmt: skip


def _list_pending(folder: Path, entries: Sequence[dict[str, Any]]) -> list[str]:
    """List the files that are still to be moved into their places, or to be written again."""
    pending = []
    for name, digest in list_expected(entries).items():
        partial = name_partial(folder / name)
        if partial.is_file() and digest_bytes(partial.read_bytes()) == digest:
            pending.append(name)
    return pending + [COUNTS_NAME] * any(_is_open(entries, stage) for stage in STAGES)


def _is_open(entries: Sequence[Mapping[str, Any]], stage: str) -> bool:
    """Whether a completion has been announced and neither come to its end nor been taken back."""
    places = [
        (find_latest(entries, stage, event) or {"seq": 0})["seq"]
        for event in ("completing", "completed", "rolled_back")
    ]
    return places[0] > max(places[1:])
