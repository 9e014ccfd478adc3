"""Discard request (廃棄依頼): after the hand-over the recipient is asked to destroy or return labels.

Somebody has asked not to be supplied when the labels had left already. The request names serials,
what to do and until when, and neither a name nor a reason. It needs no key of the run, so that it
can be sent when the run is closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError, raise_problems
from recruitlib.base.office import Office
from recruitlib.base.officers import Signer
from recruitlib.base.run import read_frozen
from recruitlib.base.scope import read_scope
from recruitlib.base.serial_acts import HANDOVER, name_serials
from recruitlib.base.supplies import (
    DISCARD_REQUESTED,
    KEPT,
    Supply,
    digest_supply,
    list_asked_back,
    read_supplies,
)
from recruitlib.handover.documents import describe_occasion, render_discard_request
from recruitlib.handover.duties import Duty, open_duty, read_duties
from recruitlib.handover.sending import check_asked, require_handed_over, send_paper
from recruitlib.handover.supplied import note_discards

MOST_SERIALS = 200  # serials whose row still fits a page


def find_supply(
    office: Office, entries: Sequence[Mapping[str, Any]], run_id: str, fiscal_year: int
) -> Supply:
    """Find what the office keeps of a run that has handed over its labels.

    Raises:
        ParameterError: the labels were not handed over.
        IntegrityError: the office keeps nothing of the run, or something else than its record says.
    """
    require_handed_over(entries)
    noted = find_latest(entries, HANDOVER, KEPT)
    kept = noted["facts"]["digest"] if noted else ""
    for own in read_supplies(office, fiscal_year):
        if own.run_id == run_id and digest_supply(own, office) == kept:
            return own
    raise IntegrityError(
        "この実行の提供の控えが、受付簿のフォルダ（register）にないか、実行の記録と合いません。最も新しい"
        "バックアップから戻してください。"
    )


def request_discard(
    root: Path, folder: Path, office: Office, serials: Sequence[int], due: str, signer: Signer,
    today: date,
) -> tuple[Path, Duty]:  # fmt: skip
    """Write a request to destroy or return labels, and open the duty that waits for the answer.

    Args:
        root: the project folder.
        folder: the run's folder.
        office: the open folder of the office, which notes what was asked back.
        serials: of labels that were handed over.
        due: until when the recipient answers, as 2026-06-16.
        signer: the officer who sends it.
        today: the day of the request.

    Returns:
        the paper, and the duty that stands open until the recipient has answered.

    Raises:
        ParameterError: the labels were not handed over, or a serial or the date is none.
        IntegrityError: the record or a register was changed.
    """
    entries = read_entries(folder)
    values = read_frozen(folder)
    demonstration, run_id = values["run_kind"] == "demonstration", values["run_id"]
    supply = find_supply(office, entries, run_id, values["fiscal_year"])
    ordered = sorted(serials)
    raise_problems(
        ParameterError, _check(ordered, due, today, supply, list_asked_back(entries)), "廃棄依頼"
    )
    read_duties(root, demonstration)
    number = 1 + sum(entry["event"] == DISCARD_REQUESTED for entry in entries)
    name = f"廃棄依頼書{number}"
    days = date.fromisoformat(supply.received_on), date.fromisoformat(due)
    occasion = describe_occasion(values, today, entries[-1]["hash"])
    scope = read_scope(root / values["scope_file"])
    pdf = render_discard_request(scope, occasion, number, ordered, *days)
    duty = open_duty(
        root, signer, "discard_recipient", run_id,
        f"{name}の通番（{len(ordered):,}枚）の廃棄又は返却の回答", due, today, demonstration,
    )  # fmt: skip
    note_discards(office, values["fiscal_year"], run_id, ordered, today, due, duty.number)
    content = {
        "purpose": "discard_request", "demonstration": demonstration, "run_id": run_id,
        "number": number, "serials": ordered, "due": due,
    }  # fmt: skip
    paper = f"discard_request_{number:03d}.pdf"
    return send_paper(folder, DISCARD_REQUESTED, paper, pdf, content, signer, duty), duty


def _check(
    serials: Sequence[int], due: str, today: date, supply: Supply, before: set[int]
) -> list[str]:
    handed = {label[0] for label in supply.labels}
    problems = check_asked(serials, handed, due, supply.received_on, today)
    if len(serials) > MOST_SERIALS:
        problems.append(
            f"一通の廃棄依頼書で求めるのは、{MOST_SERIALS} 枚までです。分けてください。"
        )
    if again := set(serials) & before:
        problems.append(f"通番 {name_serials(again)} には、もう廃棄を求めています。")
    return problems
