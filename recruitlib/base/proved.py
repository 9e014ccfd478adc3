"""What a step has proved, noted in the record, so that the step that writes knows it again.

Between the two somebody may work in the notebook; what was asked about is what must be written.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from recruitlib.base.audit import append_entry, digest_keyed, find_latest, read_entries
from recruitlib.base.run import Stage
from recruitlib.base.tables import write_table

Contents = Mapping[str, pd.DataFrame | bytes]


def note_proved(stage: Stage, contents: Contents) -> None:
    """Note keyed digests of tables and files about which a step has asked its guards.

    Args:
        stage: the notebook at work.
        contents: by the name that a message gives to each.
    """
    append_entry(stage.folder, stage.number, "proved", keyed_digests=_digest(stage, contents))


def check_proved(stage: Stage, contents: Contents, again: str) -> list[str]:
    """Say which tables and files are not those that were proved.

    Args:
        stage: the notebook at work.
        contents: all that was proved, as it is to be written.
        again: what to do then, as a sentence.
    """
    told = find_latest(read_entries(stage.folder), stage.number, "proved")
    proved = told["facts"]["keyed_digests"] if told else {}
    now = _digest(stage, contents)
    changed = [name for name in {**proved, **now} if proved.get(name) != now.get(name)]
    return [f"{'、'.join(changed)} が、確かめたものと違います。{again}"] if changed else []


def _digest(stage: Stage, contents: Contents) -> dict[str, str]:
    return {
        name: digest_keyed(
            stage.key.digest_key, one if isinstance(one, bytes) else write_table(one)
        )
        for name, one in contents.items()
    }
