"""The supplied (提供の控え): who was handed over, kept so that the office can answer for one person.

What is kept outlives the run and is no list of names: for each label that was handed over, keyed
digests in the office's encrypted folder. They answer only whoever asks for one given person.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pandas as pd
from filelock import FileLock

from recruitlib.base.audit import LOCK_NAME, append_entry, find_latest, read_entries
from recruitlib.base.counts import index_counts, read_counts
from recruitlib.base.errors import IntegrityError
from recruitlib.base.office import Office, has_office, open_office
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.scope import read_scope
from recruitlib.base.supplies import (
    KEPT,
    Supply,
    digest_named,
    digest_resident,
    digest_supply,
    keep_supplies,
    read_supplies,
)
from recruitlib.handover.receipt import Receipt

# Whose label is void for these is kept from the recipient as if it had never been printed.
_EXCLUDING = ("newly_protected", "newly_opted_out")


def keep_supplied(
    stage: Stage, handed: pd.DataFrame, newest: pd.DataFrame, receipt: Receipt
) -> None:
    """Keep what this run has handed over, and whom it excluded, in the office's encrypted folder.

    Run again for the same run, it replaces what it kept. The record is told how many.

    Args:
        stage: 05 at work, everything confirmed.
        handed: the live labels that leave the office: serial, and the person's id, full_name and
            birth_date as printed.
        newest: the id and the reason of everybody whose newest label may not be handed over as
            today says, whether it ends now or has ended before.
        receipt: the confirmation.

    Raises:
        IntegrityError: another run of this name has handed over labels, which must not be forgotten.
    """
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    supply = _make_supply(stage, handed, newest, receipt, office.key.digest_key)
    keeps_again = any(entry["event"] == KEPT for entry in read_entries(stage.folder))
    with FileLock(office.folder / LOCK_NAME, mode=0o600):
        before = read_supplies(office, year)
        others = [own for own in before if own.run_id != run_id]
        # A demonstration is removed and run again at will; a real run's memory outlives its folder.
        if not stage.demonstration and not keeps_again and len(others) < len(before):
            raise IntegrityError(
                f"同じ実行名（run_id {run_id}）の実行が、すでに提供しています。新しい run_id でやり直してください。"
            )
        append_entry(
            stage.folder, stage.number, KEPT,
            labels=len(supply.labels), excluded=len(supply.excluded),
            digest=digest_supply(supply, office),
        )  # fmt: skip
        keep_supplies(office, year, [*others, supply])


def _make_supply(
    stage: Stage, handed: pd.DataFrame, newest: pd.DataFrame, receipt: Receipt, key: bytes
) -> Supply:
    excluded = read_private_table(stage, "excluded")
    left_out = {
        *excluded.loc[excluded["reason"] != "supplied_before", "addressee_id"],
        *newest.loc[newest["reason"].isin(_EXCLUDING), "addressee_id"],
    }
    cohort = read_private_table(stage, "cohort")
    handed = handed.sort_values("serial")
    values = stage.parameters
    return Supply(
        str(values["run_id"]), receipt.received_on, read_scope(stage.locate("scope_file")).recipient,
        values["request_number"], values["request_date"],
        [
            [int(serial), *digests]
            for serial, *digests in zip(
                handed["serial"], *_digest_people(handed, key), strict=True
            )
        ],
        # In the order of the digests: that of the cohort would tell who stands beside whom.
        sorted(zip(*_digest_people(cohort[cohort["addressee_id"].isin(left_out)], key), strict=True)),
    )  # fmt: skip


def _digest_people(people: pd.DataFrame, key: bytes) -> tuple[list[str], list[str]]:
    """Digest the ids of people, and their names with birth dates."""
    names = zip(people["full_name"], people["birth_date"], strict=True)
    return (
        [digest_resident(person, key) for person in people["addressee_id"]],
        [digest_named(name, birth, key) for name, birth in names],
    )


def check_supplied(stage: Stage) -> list[str]:
    """Say why the office could not answer, after this run is closed, for those it has handed over."""
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    noted = find_latest(read_entries(stage.folder), "05", KEPT)
    counts = index_counts(read_counts(stage.folder))
    handed = sum(count for (_, step), count in counts.items() if step == "handed_over")
    if noted and has_office(stage.root, stage.demonstration):
        office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
        kept = [own for own in read_supplies(office, year) if own.run_id == run_id]
        digests = [digest_supply(own, office) for own in kept]
        if digests == [noted["facts"]["digest"]] and len(kept[0].labels) == handed:
            return []
    return [
        f"受付簿のフォルダ（register）に、この実行で提供した {handed:,} 枚の控えがありません。消去すると、"
        "提供したかを誰にも答えられなくなります。最も新しいバックアップから戻してください。"
    ]


def note_discards(
    office: Office, fiscal_year: int, run_id: str, serials: Collection[int], asked_on: date,
    due: str, duty: int,
) -> None:  # fmt: skip
    """Note which labels of a run were asked back, so that a look-up can tell it.

    Args:
        office: the open folder.
        fiscal_year: of the run.
        run_id: the run.
        serials: of the labels.
        asked_on: the day of the request.
        due: until when the recipient answers, as 2026-06-16.
        duty: number of the duty that waits for the answer.
    """
    marks = [[serial, asked_on.isoformat(), due, duty] for serial in serials]
    with FileLock(office.folder / LOCK_NAME, mode=0o600):
        kept = read_supplies(office, fiscal_year)
        # Every request counts: a second one for a serial stands beside the first.
        noted = [
            own._replace(discards=[*own.discards, *marks]) if own.run_id == run_id else own
            for own in kept
        ]
        keep_supplies(office, fiscal_year, noted)
