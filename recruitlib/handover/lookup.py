"""Look-up (照会): whether one given person was excluded, supplied, or asked back, over all the years.

It answers an applicant's or a resident's question from the office's encrypted folder alone, also
when the run is closed and its folder gone. It says only what the office may tell: of an exclusion
never the reason, and that somebody was not supplied only where everything could be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import append_entry
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.names import is_kana
from recruitlib.base.office import (
    REAL_ONES,
    REGISTER,
    Office,
    has_office,
    locate_office,
    open_office,
    read_header,
)
from recruitlib.base.supplies import Supply, digest_supply, is_kept, list_told, read_supplies

# Why somebody looks a person up: words of our own, since a free text might name the person.
PURPOSES = ("開示請求", "問合せ", "訂正", "申出", "監査")


class Answer(NamedTuple):
    """What one run says of a person: supplied with a serial, or excluded, then without one.

    ``discards`` are the requests to the recipient to destroy or return the label: day, last day of
    the answer, and the number of the duty that waits for it.
    """

    fiscal_year: int
    run_id: str
    serial: int
    received_on: str
    recipient: str
    request_number: str
    request_date: str
    discards: tuple[tuple[str, str, int], ...] = ()


class Looked(NamedTuple):
    """What a look-up found, and in which fiscal years and runs it has looked.

    ``missing`` is what could not be looked at: the years whose table is gone, and the runs that have
    handed over labels, by their own record, of which the office keeps nothing or something else.
    """

    answers: list[Answer]
    years: list[int]
    runs: int
    missing: list[str]


def open_lookup(root: Path, demonstration: bool) -> Office:
    """Open the office's folder to look a person up; no run and no run's folder is needed.

    Raises:
        ParameterError: nothing has been kept yet.
    """
    if not has_office(root, demonstration):
        real = "" if demonstration else REAL_ONES
        raise ParameterError(f"提供の控えは、まだありません（05 が終わると残ります）。{real}")
    # A passphrase that is refused stands in the office's own chain, as the look-ups do.
    return open_office(root, locate_office(root, demonstration), REGISTER, demonstration)


def look_up(root: Path, office: Office, digests: Iterable[str], by: str, purpose: str) -> Looked:
    """Look one person up in all fiscal years that are kept; that somebody has looked is logged.

    The office's own chain takes who looked, why, and the keyed digests: nothing of the person.

    Args:
        root: the project folder, whose runs say what must be kept.
        office: the open folder.
        digests: of the person's id, or of name and birth date.
        by: staff id of the officer who looks.
        purpose: one of ``PURPOSES``.
    """
    asked = set(digests)
    kept: list[tuple[int, Supply]] = []
    missing = []
    for year in sorted(read_header(office)):
        try:
            kept += [(year, own) for own in read_supplies(office, year)]
        except IntegrityError:
            missing.append(f"{year}年度の控え")
    answers = [answer for year, own in kept for answer in _ask_supply(year, own, asked)]
    append_entry(
        office.folder, "", "looked_up",
        by=by, purpose=purpose, asked=sorted(asked), found=len(answers),
    )  # fmt: skip
    known = {digest_supply(own, office): own for _, own in kept}
    missing += [
        told.folder.relative_to(root).as_posix()
        for told in list_told(root, office.demonstration)
        if not is_kept(told, known)
    ]
    return Looked(answers, sorted({year for year, _ in kept}), len(kept), missing)


def _ask_supply(year: int, own: Supply, asked: set[str]) -> Iterator[Answer]:
    told = own.received_on, own.recipient, own.request_number, own.request_date
    for serial, *digests in own.labels:
        if asked & set(digests):
            discards = tuple(
                (day, due, duty) for number, day, due, duty in own.discards if number == serial
            )
            yield Answer(year, own.run_id, serial, *told, discards)
    if any(asked & set(digests) for digests in own.excluded):
        yield Answer(year, own.run_id, 0, *told)


def describe_answers(looked: Looked, name: str = "") -> list[str]:
    """Describe what a look-up found, in words for whoever has asked; nothing of the person.

    That somebody was not supplied is said only where everything that must be kept was looked at,
    and never for a name, which may be registered in another writing. It holds for the number that
    was typed: a slip of one digit asks for somebody else.

    Args:
        looked: what was found.
        name: the name that was asked for, or "" when an id was.
    """
    lines = [_describe_answer(own) for own in looked.answers]
    where = f"控えのある年度（{'・'.join(map(str, looked.years))}）の {looked.runs} 回の提供"
    if looked.missing or not looked.runs:
        gone = "、".join(looked.missing) or "提供の控え"
        lines.append(
            f"{'ほかには、' if lines else ''}答えられない: {gone}がないか、実行の記録と合いません。最も新しい"
            "バックアップから、受付簿のフォルダ（register）を戻してください。保存期間が終わって廃棄した年度の"
            "ことは、答えられません。"
        )
        if looked.runs and not looked.answers:
            lines.append(f"{where}には、見つかりませんでした。")
    elif any(own.serial for own in looked.answers):
        return lines
    elif not name:
        lines.append(
            f"提供していない: {where}で、この番号の人に当たるシールは渡していません。この番号だけについての答えです。"
            "番号がこの人のものか、住民基本台帳で確かめてから答えてください。"
        )
    else:
        told = f"見つからない: {where}で渡したシールに、この氏名と生年月日の人はいません。"
        if is_kana(name):
            told += "氏名は、ふりがなでなく、住民基本台帳のとおり（漢字）に入れてください。"
        lines.append(f"{told}提供していないと答える前に、宛名番号で調べてください。")
    return lines


def _describe_answer(own: Answer) -> str:
    request = f"依頼 {own.request_number}（{own.request_date}）"
    if not own.serial:
        return (
            f"除外した（申出・支援措置など）: {own.received_on} の {own.recipient} への提供、{request}、"
            f"実行 {own.run_id}。理由は、控えに残していません。"
        )
    told = f"提供した: {own.received_on}、{own.recipient}、{request}、実行 {own.run_id} の通番 {own.serial}"
    for day, due, duty in own.discards:
        told += (
            f"。{day} に、提供先に廃棄を求めた（回答の期限 {due}、結果は義務の簿冊の番号 {duty}）"
        )
    return told
