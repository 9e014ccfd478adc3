"""Correction (訂正): after the hand-over the recipient is told which serials must not be used.

The ward decides a correction after the labels have left: the notice names serials and what to do,
and never why. It needs no key, so that it can be sent when the run is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from recruitlib.base.audit import (
    RUN_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    read_entries,
    write_atomically,
)
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.heads import note_head
from recruitlib.base.officers import Signer, sign_content
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.run import find_last_day, read_completed
from recruitlib.base.scope import read_scope
from recruitlib.handover.documents import describe_occasion, render_correction
from recruitlib.handover.duties import Duty, open_duty, read_duties

_STAGE = "05"


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
    sections = read_yaml(folder / RUN_NAME)
    values: dict[str, Any] = {name: own for part in sections.values() for name, own in part.items()}
    demonstration = values["run_kind"] == "demonstration"
    raise_problems(ParameterError, _check(entries, serials, due), "訂正通知")
    read_duties(root, demonstration)
    number = 1 + sum(entry["event"] == "corrected" for entry in entries)
    today = find_last_day(values, entries)  # after closing the demonstration's day is a later one
    occasion = describe_occasion(values, today, entries[-1]["hash"])
    scope = read_scope(root / values["scope_file"])
    ordered = sorted(serials)
    received_on = read_completed(folder, _STAGE)["facts"]["signed"]["content"]["received_on"]
    days = date.fromisoformat(received_on), date.fromisoformat(due)
    pdf = render_correction(scope, occasion, number, ordered, *days)
    path = folder / f"handover/correction_{number:03d}.pdf"
    write_atomically(path, pdf)
    content = {
        "purpose": "correction", "demonstration": demonstration, "run_id": values["run_id"],
        "number": number, "serials": ordered, "due": due,
    }  # fmt: skip
    officer = signer.officer
    append_entry(
        folder, _STAGE, "corrected",
        files={path.relative_to(folder).as_posix(): digest_bytes(pdf)},
        signed={
            "content": content,
            "signatures": {officer.staff_id: sign_content(signer, content)},
            "officers": {officer.staff_id: officer._asdict()},
        },
    )  # fmt: skip
    note_head(folder)
    about = f"訂正通知{number}の通番（{len(ordered):,}枚）の廃棄又は返却の報告"
    return path, open_duty(
        root, signer, "deletion_recipient", values["run_id"], about, due, today, demonstration
    )


def _check(entries: Sequence[dict[str, Any]], serials: Sequence[int], due: str) -> list[str]:
    given = find_latest(entries, _STAGE, "completed")
    if given is None:
        return ["05 が完了していません。まだ提供していない宛名シールは、05 で取り消します。"]
    receipt = given["facts"]["signed"]["content"]
    problems = [] if is_iso_date(due) else ["期限は 2026-06-15 の形で書いてください。"]
    if not problems and due <= receipt["received_on"]:
        problems = [f"期限は、提供した日（{receipt['received_on']}）より後にしてください。"]
    made = find_latest(entries, "04", "completed")
    counts = made["facts"]["counts"] if made else []
    printed = sum(count for _, step, count in counts if step == "labels")
    if not serials or len(set(serials)) < len(serials):
        problems.append("通番を一つずつ、重ならないように書いてください。")
    if any(not 1 <= serial <= printed for serial in serials):
        problems.append(f"印刷した通番は 1 から {printed:,} までです。")
    kept = {*given["facts"]["voided"], *receipt["spoiled_serials"]}
    if never := [f"{serial:,}" for serial in sorted(kept & set(serials))]:
        problems.append(
            f"通番 {'、'.join(never)} は取消し・汚損で、提供していません。訂正は、提供した通番だけです。"
        )
    return problems
