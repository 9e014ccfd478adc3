"""Blanks (空き): the lots made again without the labels that have ended, and the old files destroyed.

Whoever prints a lot later then prints nobody who is void, and before the print nothing has to be
peeled off by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from recruitlib.base.audit import append_entry, digest_bytes, read_entries, write_atomically
from recruitlib.base.erasure import erase_file
from recruitlib.base.heads import note_head
from recruitlib.base.open_run import hold_unsupplied
from recruitlib.base.run import Stage
from recruitlib.base.serial_acts import BLANKED, CHANGED, SPOILED, VOIDED, list_since_print
from recruitlib.base.vault import PRIVATE
from recruitlib.handover.serials import Ledger, read_ledger
from recruitlib.handover.sources import measure_file
from recruitlib.labels.lots import LABEL_COLUMNS
from recruitlib.labels.reissue import blank_ended


def blank_lots(stage: Stage, ledger: Ledger) -> dict[str, bytes]:
    """Make the lots that hold an ended serial again without it; nothing is written yet.

    Where the lots stand without exactly these already, nothing is made.

    Args:
        ledger: as it is after the act.

    Raises:
        OutputError: a lot cannot be made again.
    """
    table = ledger.table
    ended = _list_ended(table)
    _, blanked = _follow_acts(read_entries(stage.folder))
    if ended == blanked:
        return {}
    return blank_ended(stage, table[list(LABEL_COLUMNS)], ledger.printed, ended)


def _list_ended(table: pd.DataFrame) -> set[int]:
    return set(table.loc[table["state"].isin([VOIDED, SPOILED]), "serial"])


def _follow_acts(entries: Sequence[Mapping[str, Any]]) -> tuple[set[int], set[int] | None]:
    """Follow the acts since the print: which serials they ended, and without which the lots stand.

    That is not known where lots were taken away and not made again, or were made again for a
    hand-over that did not come to its end.
    """
    ended: set[int] = set()
    blanked: set[int] | None = set()
    for entry in list_since_print(entries):
        event, facts = entry["event"], entry["facts"]
        if event == CHANGED:
            ended.update(facts["voided"], facts["spoiled"])
        elif event == BLANKED:
            blanked = set(ended) if facts["blank"] == len(ended) else None
        elif event == "withdrawn" and any(_is_lot(name) for name in facts["files"]):
            blanked = None
    return ended, blanked


def _is_lot(name: str) -> bool:
    return name.startswith(f"{PRIVATE}/labels_")


def replace_lots(stage: Stage, ledger: Ledger, files: Mapping[str, bytes]) -> None:
    """Put the lots that were made again in the place of the old ones, which are destroyed.

    The old files leave the record before they are destroyed, so that a run that is cut off in
    between holds no PDF with a void label, and goes on with ``resume_lots``.
    """
    if files:
        names = sorted(f"{PRIVATE}/{name}" for name in files)
        paths = [stage.folder / name for name in names]
        # When the run is closed a copy of one would not be known any more.
        locked = [measure_file(path, stage.key.digest_key) for path in paths if path.exists()]
        append_entry(stage.folder, stage.number, "withdrawn", files=names, locked=locked)
        for path in paths:
            erase_file(path)
        digests, blank = write_locked(stage, files), len(_list_ended(ledger.table))
        append_entry(stage.folder, stage.number, BLANKED, files=digests, blank=blank)
    note_head(stage.folder)


def resume_lots(stage: Stage) -> bool:
    """Make the lots again where an act was cut off before it had; say whether it was.

    Raises:
        AwaitingPerson: an act or the end of 05 is at work.
        GuardError: 05 has ended since the run was opened; its labels are not touched again.
    """
    with hold_unsupplied(stage.folder):
        ended, blanked = _follow_acts(read_entries(stage.folder))
        if ended == blanked:
            return False
        ledger = read_ledger(stage)
        files = blank_lots(stage, ledger)
        replace_lots(stage, ledger, files)
        return bool(files)


def write_locked(stage: Stage, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write locked PDFs into the private folder; give the digest of each by its place."""
    for name, content in files.items():
        write_atomically(stage.folder / PRIVATE / name, content)
    return {f"{PRIVATE}/{name}": digest_bytes(content) for name, content in files.items()}
