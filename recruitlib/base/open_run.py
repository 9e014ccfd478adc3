"""A run opened between its notebooks: for what is done to its labels by command.

It begins no stage and withdraws nothing, but asks for the same as a notebook does at its start: the
parameters as they were frozen, a whole record, every earlier output unchanged, the run's key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recruitlib.base.audit import RUN_NAME, read_entries
from recruitlib.base.errors import ParameterError
from recruitlib.base.heads import locate_heads, require_noted
from recruitlib.base.progress import show_progress
from recruitlib.base.run import (
    Stage,
    erase_strangers,
    find_today,
    finish_writes,
    list_completed,
    locate_run,
    read_frozen,
    refuse_after_handover,
    refuse_changes,
    require_clock,
    require_earlier,
    require_recorded,
)
from recruitlib.base.run_lock import hold_serials
from recruitlib.base.serial_acts import HANDOVER
from recruitlib.base.vault import KEY_NAME, PRIVATE, open_key


@show_progress("実行の記録を確かめ、鍵を開いています")
def open_run(root: Path, parameters: Mapping[str, Any]) -> Stage:
    """Open a run whose labels are printed and have not left the office yet.

    Args:
        root: the project folder.
        parameters: of the whole run, as validated; those of 05 may be of the day.

    Returns:
        05 as a stage that has not begun.

    Raises:
        IntegrityError: a parameter differs from what a notebook froze, 01 to 04 are not all
            complete, or the record or an output was changed.
        GuardError: the labels have been handed over already.
        AwaitingPerson: an act on the serials, or a notebook, is at work, or the clock went back.
    """
    folder = locate_run(root, parameters)
    refuse_after_handover(folder, HANDOVER)
    _require_noted(root, parameters, folder)
    finish_writes(folder)
    require_clock(folder, parameters, HANDOVER)
    require_earlier(folder, HANDOVER)
    require_recorded(folder, HANDOVER)
    stage = _open(root, parameters, folder, read_frozen(folder, HANDOVER))
    with hold_unsupplied(folder):
        # Of an act that was cut off a PDF may be left which nothing vouches for or makes again; what
        # 05 writes meanwhile has other names.
        erase_strangers(folder, "labels_", "lot_")
    return stage


@contextmanager
def hold_unsupplied(folder: Path) -> Iterator[None]:
    """Hold the serials of a run whose labels have not left the office yet.

    Whoever waited for them asks again: 05 may have had them meanwhile.

    Raises:
        GuardError: the labels have been handed over; they are not touched again.
        AwaitingPerson: an act or the hand-over is at work on them.
    """
    with hold_serials(folder):
        refuse_after_handover(folder, HANDOVER)
        yield


def open_supplied(root: Path, parameters: Mapping[str, Any]) -> Stage:
    """Open a run whose labels have been handed over and whose private files are not destroyed yet.

    Args:
        root: the project folder.
        parameters: of the whole run, as validated.

    Returns:
        05 as a stage, complete.

    Raises:
        IntegrityError: as ``open_run``.
        AwaitingPerson: a notebook is at work.
        ParameterError: the run is closed: its key is gone.
    """
    folder = locate_run(root, parameters)
    _require_noted(root, parameters, folder)
    if (folder / RUN_NAME).exists() and not (folder / PRIVATE / KEY_NAME).exists():
        raise ParameterError("この実行は廃棄まで終わっていて、個人情報のファイルがありません。")
    if HANDOVER not in list_completed(read_entries(folder)):
        raise ParameterError(
            "宛名シールは、まだ提供していません（05 が完了していません）。提供の前の申出は、recruitlib delta で"
            "取り消します。"
        )
    finish_writes(folder)
    require_earlier(folder, "06")
    return _open(root, parameters, folder, read_frozen(folder, "06"))


def _require_noted(root: Path, parameters: Mapping[str, Any], folder: Path) -> None:
    demonstration = parameters["run_kind"] == "demonstration"
    noted = locate_heads(root, parameters["runs_folder"], parameters["run_id"], demonstration)
    require_noted(noted, read_entries(folder))


def _open(
    root: Path, parameters: Mapping[str, Any], folder: Path, frozen: Mapping[str, Any]
) -> Stage:
    refuse_changes(frozen, parameters)
    values = {**parameters, **frozen}
    key = open_key(folder, values["run_id"], values["run_kind"] == "demonstration")
    return Stage(HANDOVER, root, folder, values, key, find_today(values, HANDOVER))
