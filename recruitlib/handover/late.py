"""Late opt-outs (提供の後の申出): whose label has left already, and is asked back for an application.

Before the print an application takes the run back to the review, after the print it makes its label
void. When the labels have left, only the recipient can still destroy them.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.heads import note_head
from recruitlib.base.office import Office
from recruitlib.base.officers import Signer
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.supplies import digest_resident, list_asked_back, read_supplies
from recruitlib.handover.discard import find_supply
from recruitlib.handover.duties import Duty, list_open, open_duty
from recruitlib.handover.sources import measure_file, note_used, read_noted
from recruitlib.labels.print_day import select_fresh
from recruitlib.optouts.acts import OUT_OF_FORCE
from recruitlib.optouts.exclusion import (
    Matched,
    choose_rows,
    join_later_day,
    match_day,
    reread_registry,
    take_applications,
)
from recruitlib.optouts.register import CONTENT, list_freed
from recruitlib.registry.extract import Extract, Keep, read_extract

LATE_LOOKED, UNCLEAR = "late_looked", "unclear_optout"


class Late(NamedTuple):
    """What the applications since the hand-over mean for the labels that have left.

    ``serials`` are to be asked back, those of every candidate where an application is undecided.
    ``returned`` applications came after the deadline and mean somebody supplied, but the policy
    sends them back; ``unclear`` ones may mean anybody. ``others`` are the other runs that have
    supplied in this fiscal year. Of the ``fresh`` applications ``supplied`` may mean somebody who was
    supplied, ``excluded`` mean somebody whom this run has excluded, if only after the print,
    ``absent`` mean nobody of either; all the others nobody can decide.
    """

    fresh: int
    supplied: int
    excluded: int
    absent: int
    serials: list[int]
    asked_before: int
    returned: int
    unclear: int
    others: list[str]


@show_progress("提供の後の申出を、提供した人と突き合わせています")
def find_late(stage: Stage, office: Office) -> Late:
    """Find the labels that the newest applications ask back.

    Args:
        stage: 05, complete, with the lists of today as those of handover day.
        office: the open folder of the office, which knows who was supplied.

    Raises:
        GuardError: the lists of today are not whole.
        IntegrityError: the extract of handover day has changed since, or the office's folder.
    """
    entries = read_entries(stage.folder)
    run_id, year = stage.parameters["run_id"], stage.parameters["fiscal_year"]
    supply = find_supply(office, entries, run_id, year)
    received = take_applications(stage, prefix="handover_")
    cohort = read_private_table(stage, "cohort")
    extract = _reread_latest(stage, choose_rows(stage, received.applications, cohort))
    note_used(stage)
    if lost := join_later_day(stage, received):
        ask_guard(stage, "optouts.complete", lost)
    fresh = _drop_settled(stage, select_fresh(stage, received.applications))
    meant = _find_meant(match_day(stage, received.applications, extract), fresh)
    key = office.key.digest_key
    serial_of = {digest: serial for serial, digest, _ in supply.labels}
    left_out = {digest for digest, _ in supply.excluded}
    digests = [digest_resident(own, key) for own in meant["addressee_id"]]
    meant = meant.assign(
        serial=[serial_of.get(digest, 0) for digest in digests],
        is_left_out=[digest in left_out for digest in digests],
    )
    values = stage.parameters
    late = fresh.loc[fresh["received_at"] > values["optout_deadline"], "application_id"]
    is_returned = meant["application_id"].isin(late) & (values["late_optout"] == "return")
    hits = meant["serial"] > 0
    asked = set(meant.loc[hits & ~is_returned, "serial"])
    before = list_asked_back(entries)
    is_open = meant["outcome"] == "undecided"
    supplied = set(meant.loc[hits, "application_id"])
    undecided = set(meant.loc[is_open, "application_id"]) - supplied
    excluded = set(meant.loc[meant["is_left_out"], "application_id"]) - supplied - undecided
    unclear = set(meant.loc[is_open & ~is_returned, "application_id"])
    return Late(
        len(fresh), len(supplied), len(excluded),
        len(fresh) - len(supplied) - len(excluded) - len(undecided), sorted(asked - before), len(asked & before),
        meant.loc[hits & is_returned, "application_id"].nunique(),
        len(unclear - supplied),
        [own.run_id for own in read_supplies(office, year) if own.run_id != run_id],
    )  # fmt: skip


def note_late(stage: Stage, found: Late, due: str, signer: Signer) -> Duty | None:
    """Note what the applications since the hand-over have led to, also where it is no request.

    Whoever is sent back, or may be anybody, stands in no discard request: only the record can tell
    later that the application was looked at, and only a duty that somebody has still to ask.

    Args:
        stage: as of ``find_late``.
        found: what it has found.
        due: until when it is to be clear whom the applications mean, as 2026-06-16.
        signer: the officer who looks.

    Returns:
        the duty to find out whom applications mean that nobody can decide; nothing where there is
        none, or where a duty that says the same stands open.

    Raises:
        ParameterError: the date is none.
        IntegrityError: the register of duties was changed.
    """
    root, demonstration, run_id = stage.root, stage.demonstration, str(stage.parameters["run_id"])
    about = f"提供の後の、だれを指すか決められない申出 {found.unclear:,} 件の確認"
    known = {
        (own.kind, own.run_id, own.about) for own in list_open(root, demonstration, stage.today)
    }
    duty = None
    if found.unclear and (UNCLEAR, run_id, about) not in known:
        duty = open_duty(root, signer, UNCLEAR, run_id, about, due, stage.today, demonstration)
    append_entry(
        stage.folder, stage.number, LATE_LOOKED, fresh=found.fresh, asked=len(found.serials),
        returned=found.returned, unclear=found.unclear, by=signer.officer.staff_id,
    )  # fmt: skip
    note_head(stage.folder)
    return duty


def _drop_settled(stage: Stage, fresh: pd.DataFrame) -> pd.DataFrame:
    """Drop what is new only in a status that says what two people have decided before the print."""
    freed = list_freed(read_private_table(stage, "settled"), read_private_table(stage, "cases"))
    known = read_private_table(stage, "applications")
    said = [name for name in CONTENT if name != "status"]
    ended = known[known["application_id"].isin(freed)]
    same = set(ended[said].itertuples(index=False, name=None))
    is_same = [row in same for row in fresh[said].itertuples(index=False, name=None)]
    return fresh[
        ~(pd.Series(is_same, index=fresh.index, dtype=bool) & fresh["status"].isin(OUT_OF_FORCE))
    ]


def _find_meant(matched: Matched, fresh: pd.DataFrame) -> pd.DataFrame:
    """Find everybody whom the new applications may mean: when in doubt, every candidate.

    Whatever stands in the status of an application, only two people take it out of force.

    Returns:
        application_id, outcome and addressee_id; "" for an application without a candidate.
    """
    matches = matched.matches
    holds = matches["application_id"].isin(fresh["application_id"])
    holds &= matches["outcome"] != "outside"
    own = matches.loc[holds, ["application_id", "outcome", "addressee_id"]]
    undecided = own.loc[own["outcome"] == "undecided", ["application_id", "outcome"]]
    candidates = matched.candidates[["application_id", "addressee_id"]]
    return pd.concat([own, undecided.merge(candidates, on="application_id")], ignore_index=True)


def _reread_latest(stage: Stage, keep: Keep) -> Extract:
    """Read the extract of handover day again, or that of 01 where nothing had come since.

    Raises:
        IntegrityError: it was changed since the hand-over.
    """
    if not stage.parameters["handover_registry_file"]:
        return reread_registry(stage, keep)
    path = stage.locate("handover_registry_file")
    profile = read_profile(stage.locate("registry_profile"))
    extract = read_extract(path, profile, keep=keep, with_addresses=True)
    if measure_file(path, stage.key.digest_key) not in read_noted(stage.folder):
        raise IntegrityError(
            "提供日の抽出ファイルが、提供の後に変わっています。元のファイルを戻してください。"
        )
    return extract
