"""Sending (通知): a paper to the recipient after the hand-over, signed, in the record, and answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from recruitlib.base.audit import append_entry, digest_bytes, find_latest, write_atomically
from recruitlib.base.errors import ParameterError
from recruitlib.base.heads import note_head
from recruitlib.base.officers import Signer, sign_content
from recruitlib.base.parameters import is_iso_date
from recruitlib.base.serial_acts import HANDOVER, name_serials
from recruitlib.handover.duties import Duty


def require_handed_over(entries: Sequence[Mapping[str, Any]]) -> None:
    """Require that the labels have left: before that there is nothing to write to the recipient.

    Raises:
        ParameterError: 05 is not complete.
    """
    if find_latest(entries, HANDOVER, "completed") is None:
        raise ParameterError(
            "05 が完了していません。まだ提供していない宛名シールは、05 で取り消します。"
        )


def check_asked(
    serials: Sequence[int], handed: Collection[int], due: str, received_on: str, today: date
) -> list[str]:
    """Say what is wrong with the serials that a paper names, or with its day.

    Args:
        serials: those that the paper names.
        handed: all that the recipient was given.
        due: until when the recipient answers, as 2026-06-16.
        received_on: the day of the hand-over.
        today: the day of the paper.
    """
    problems = [] if is_iso_date(due) else ["期限は 2026-06-16 の形で書いてください。"]
    if not problems and due <= max(today.isoformat(), received_on):
        problems.append("期限は、提供した日と今日より後にしてください。")
    if not serials or len(set(serials)) < len(serials):
        problems.append("通番を一つずつ、重ならないように書いてください。")
    if never := set(serials) - set(handed):
        problems.append(
            f"通番 {name_serials(never)} は、提供していません（印刷していないか、取消し・汚損です）。書けるのは、"
            "提供した通番だけです。"
        )
    return problems


def send_paper(
    folder: Path, event: str, name: str, pdf: bytes, content: Mapping[str, Any], signer: Signer,
    duty: Duty,
) -> Path:  # fmt: skip
    """Write a paper into the run's folder, and its signed entry into the record.

    The duty that waits for the answer is open before: where it is cut off, a duty too many is seen
    and settled, and the paper is simply made again. No paper is ever sent that nobody waits for.

    Args:
        folder: the run's folder.
        event: of the entry.
        name: of the paper, in the folder of the run's documents.
        pdf: the paper.
        content: what the officer signs of it, with its purpose.
        signer: the officer who sends it.
        duty: which waits for the answer; the entry names it.
    """
    path = folder / "handover" / name
    write_atomically(path, pdf)
    officer = signer.officer
    append_entry(
        folder, HANDOVER, event, duty=duty.number,
        files={path.relative_to(folder).as_posix(): digest_bytes(pdf)},
        signed={
            "content": content,
            "signatures": {officer.staff_id: sign_content(signer, content)},
            "officers": {officer.staff_id: officer._asdict()},
        },
    )  # fmt: skip
    note_head(folder)
    return path
