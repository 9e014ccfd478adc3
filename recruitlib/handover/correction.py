"""Correction (訂正): after the hand-over the recipient is told which serials must not be used.

The ward decides a correction after the labels have left: the notice names serials and what to do,
and never why. It needs no key, so that it can be sent when the run is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.officers import Signer
from recruitlib.base.run import find_last_day, read_completed, read_frozen
from recruitlib.base.scope import read_scope
from recruitlib.base.serial_acts import HANDED_OVER, HANDOVER
from recruitlib.base.serial_course import replay_serials
from recruitlib.handover.documents import describe_occasion, render_correction
from recruitlib.handover.duties import Duty, open_duty, read_duties
from recruitlib.handover.sending import check_asked, require_handed_over, send_paper


def correct_labels(
    root: Path, folder: Path, serials: Sequence[int], due: str, signer: Signer
) -> tuple[Path, Duty]:
    """Write a notice of correction into the run's record, and open the report that it asks for.

    Args:
        root: the project folder.
        folder: the run's folder.
        serials: of the labels that must not be used.
        due: until when the recipient reports, as 2026-06-15.
        signer: the officer who sends it.

    Returns:
        the notice, and the duty that stands open until the recipient has reported.

    Raises:
        ParameterError: the labels were not handed over, or a serial or the date is none.
        IntegrityError: the record or the register of duties was changed.
    """
    entries = read_entries(folder)
    values = read_frozen(folder)
    demonstration = values["run_kind"] == "demonstration"
    require_handed_over(entries)
    received_on = read_completed(folder, HANDOVER)["facts"]["signed"]["content"]["received_on"]
    today = find_last_day(values, entries)  # after closing the demonstration's day is a later one
    handed = [serial for serial, end in replay_serials(entries).items() if end == HANDED_OVER]
    problems = check_asked(serials, handed, due, received_on, today)
    raise_problems(ParameterError, problems, "訂正通知")
    read_duties(root, demonstration)
    number = 1 + sum(entry["event"] == "corrected" for entry in entries)
    occasion = describe_occasion(values, today, entries[-1]["hash"])
    scope = read_scope(root / values["scope_file"])
    ordered = sorted(serials)
    days = date.fromisoformat(received_on), date.fromisoformat(due)
    pdf = render_correction(scope, occasion, number, ordered, *days)
    content = {
        "purpose": "correction", "demonstration": demonstration, "run_id": values["run_id"],
        "number": number, "serials": ordered, "due": due,
    }  # fmt: skip
    duty = open_duty(
        root, signer, "deletion_recipient", values["run_id"],
        f"訂正通知{number}の通番（{len(ordered):,}枚）の廃棄又は返却の報告", due, today, demonstration,
    )  # fmt: skip
    name = f"correction_{number:03d}.pdf"
    return send_paper(folder, "corrected", name, pdf, content, signer, duty), duty
