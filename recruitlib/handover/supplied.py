"""The supplied (提供の控え): who was handed over, kept so that the office can answer for one person.

What is kept outlives the run and is no list of names: for each label that was handed over, keyed
digests in the office's encrypted folder. They answer only whoever asks for one given person.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from filelock import FileLock

from recruitlib.base.audit import (
    AUDIT_NAME,
    LOCK_NAME,
    append_entry,
    digest_keyed,
    find_latest,
    read_entries,
)
from recruitlib.base.counts import index_counts, read_counts
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.names import fold_broad, is_kana
from recruitlib.base.office import (
    REGISTER,
    SUPPLIED,
    Office,
    has_office,
    keep,
    locate_office,
    open_office,
    read_header,
    read_kept,
)
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.scope import read_scope
from recruitlib.base.secrecy import hide_values
from recruitlib.handover.receipt import Receipt

# Why somebody looks a person up: words of our own, since a free text might name the person.
PURPOSES = ("開示請求", "問合せ", "訂正", "監査")
_KIND = "supplied"
# What is written around the digits of an id, or behind a name, and belongs to neither.
_AROUND_ID = re.compile(r"(?:宛名)?番号|no\.?|\.0+\Z|[\s,:#_‐-―−ー-]", re.IGNORECASE)
_TITLE = re.compile(r"\s*(?:様|さん|殿)\Z")


@hide_values
class Supply(NamedTuple):
    """What one run handed over: when, to whom, on which request, and each label's digests.

    A label is its serial, the digest of the person's id, and that of name and birth date.
    """

    run_id: str
    received_on: str
    recipient: str
    request_number: str
    request_date: str
    labels: list[list[Any]]


class Answer(NamedTuple):
    """That a person was supplied: in which run, with which serial, when, to whom, on which request."""

    fiscal_year: int
    run_id: str
    serial: int
    received_on: str
    recipient: str
    request_number: str
    request_date: str


class Looked(NamedTuple):
    """What a look-up found, and in which fiscal years and runs it has looked.

    ``missing`` is what could not be looked at: the years whose table is gone, and the runs that have
    handed over labels, by their own record, of which the office keeps nothing or something else.
    """

    answers: list[Answer]
    years: list[int]
    runs: int
    missing: list[str]


def digest_resident(addressee_id: str, key: bytes) -> str:
    """Give the keyed digest of a person's id, however its width, signs and leading zeros are typed."""
    return _digest(key, "resident", _fold_id(addressee_id))


def _fold_id(addressee_id: str) -> str:
    return _AROUND_ID.sub("", unicodedata.normalize("NFKC", addressee_id).strip()).lstrip("0")


def require_id(typed: str) -> str:
    """Require that what was typed is an id: a slip must not make a person seem never supplied.

    Raises:
        ParameterError: it is more than digits, with what is commonly written around them.
    """
    if re.fullmatch("[0-9]+", _fold_id(typed)):
        return typed
    raise ParameterError("宛名番号は、数字で入れてください（例 0000012345）。")


def digest_named(full_name: str, birth_date: str, key: bytes) -> str:
    """Give the keyed digest of a name, on its loosest key, with the birth date.

    The loosest, because telling somebody that he was not supplied, for a variant of one letter,
    would be worse than two people of one birth date and nearly one name.
    """
    plain = _TITLE.sub("", unicodedata.normalize("NFKC", full_name).strip())
    return _digest(key, "named", fold_broad(plain), birth_date)


def _digest(key: bytes, *said: str) -> str:
    return digest_keyed(key, json.dumps([_KIND, *said]).encode())


def keep_supplied(stage: Stage, labels: pd.DataFrame, void: pd.DataFrame, receipt: Receipt) -> None:
    """Keep what this run has handed over in the office's encrypted folder, and log how many.

    Void and spoiled labels were not supplied. Run again for the same run, it replaces what it kept.

    Args:
        stage: 05 at work, everything confirmed.
        labels: serial and addressee_id of every printed label.
        void: the serials that were pulled.
        receipt: the confirmation, with the spoiled serials.

    Raises:
        IntegrityError: another run of this name has handed over labels, which must not be forgotten.
    """
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    supply = _make_supply(stage, labels, void, receipt, office.key.digest_key)
    keeps_again = any(entry["event"] == _KIND for entry in read_entries(stage.folder))
    with FileLock(office.folder / LOCK_NAME, mode=0o600):
        before = read_supplies(office, year)
        others = [own for own in before if own.run_id != run_id]
        # A demonstration is removed and run again at will; a real run's memory outlives its folder.
        if not stage.demonstration and not keeps_again and len(others) < len(before):
            raise IntegrityError(
                f"同じ実行名（run_id {run_id}）の実行が、すでに提供しています。新しい run_id でやり直してください。"
            )
        append_entry(
            stage.folder, stage.number, _KIND,
            labels=len(supply.labels), digest=_digest_supply(supply, office),
        )  # fmt: skip
        kept = [*others, supply]
        lines = sum(len(own.labels) for own in kept)
        keep(office, year, json.dumps(kept).encode(), lines, SUPPLIED)


def _make_supply(
    stage: Stage, labels: pd.DataFrame, void: pd.DataFrame, receipt: Receipt, key: bytes
) -> Supply:
    ended = {*void["serial"], *receipt.spoiled_serials}
    recipients = read_private_table(stage, "recipients")
    people = recipients[["addressee_id", "full_name", "birth_date"]]
    handed = labels.loc[~labels["serial"].isin(ended), ["serial", "addressee_id"]]
    rows = handed.merge(people, on="addressee_id", how="left", validate="one_to_one").sort_values(
        "serial"
    )
    values = stage.parameters
    return Supply(
        str(values["run_id"]), receipt.received_on, read_scope(stage.locate("scope_file")).recipient,
        values["request_number"], values["request_date"],
        [
            [int(serial), digest_resident(person, key), digest_named(name, birth, key)]
            for serial, person, name, birth in rows[
                ["serial", "addressee_id", "full_name", "birth_date"]
            ].itertuples(index=False, name=None)
        ],
    )  # fmt: skip


def _digest_supply(supply: Supply, office: Office) -> str:
    return digest_keyed(office.key.digest_key, json.dumps(supply).encode())


def read_supplies(office: Office, fiscal_year: int) -> list[Supply]:
    """Read what the runs of a fiscal year have handed over; empty when none has.

    Raises:
        IntegrityError: the table is gone, or older than the header says.
    """
    kept = read_kept(office, fiscal_year, SUPPLIED)
    supplies = [Supply(*own) for own in json.loads(kept.content)] if kept else []
    if kept and sum(len(own.labels) for own in supplies) < kept.lines:
        raise IntegrityError(
            f"提供の控え（{fiscal_year}年度）: 行が欠けています。最も新しいバックアップから戻してください。"
        )
    return supplies


def check_supplied(stage: Stage) -> list[str]:
    """Say why the office could not answer, after this run is closed, for those it has handed over."""
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    noted = find_latest(read_entries(stage.folder), "05", _KIND)
    counts = index_counts(read_counts(stage.folder))
    handed = sum(count for (_, step), count in counts.items() if step == "handed_over")
    if noted and has_office(stage.root, stage.demonstration):
        office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
        kept = [own for own in read_supplies(office, year) if own.run_id == run_id]
        digests = [_digest_supply(own, office) for own in kept]
        if digests == [noted["facts"]["digest"]] and len(kept[0].labels) == handed:
            return []
    return [
        f"受付簿のフォルダ（register）に、この実行で提供した {handed:,} 枚の控えがありません。消去すると、"
        "提供したかを誰にも答えられなくなります。最も新しいバックアップから戻してください。"
    ]


def open_lookup(root: Path, demonstration: bool) -> Office:
    """Open the office's folder to look a person up; no run and no run's folder is needed.

    Raises:
        ParameterError: nothing has been kept yet.
    """
    if not has_office(root, demonstration):
        raise ParameterError("提供の控えは、まだありません（05 が終わると残ります）。")
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
    answers = [
        Answer(year, own.run_id, serial, own.received_on, own.recipient, own.request_number, own.request_date)
        for year, own in kept
        for serial, *known in own.labels
        if asked & set(known)
    ]  # fmt: skip
    append_entry(
        office.folder, "", "looked_up",
        by=by, purpose=purpose, asked=sorted(asked), found=len(answers),
    )  # fmt: skip
    digests = {_digest_supply(own, office) for _, own in kept}
    missing += _list_missing(root, office.demonstration, digests)
    return Looked(answers, sorted({year for year, _ in kept}), len(kept), missing)


def _list_missing(root: Path, demonstration: bool, digests: Collection[str]) -> list[str]:
    """List the runs of the project whose record says that they kept something else than is kept."""
    missing = []
    for path in sorted(root.glob(f"*/*/{AUDIT_NAME}")):
        name = path.parent.relative_to(root).as_posix()
        try:
            entries = read_entries(path.parent)
        except IntegrityError:
            missing.append(name)
            continue
        begun = find_latest(entries, "01", "begun")
        noted = find_latest(entries, "05", _KIND)
        is_other = begun and (begun["facts"]["run_kind"] == "demonstration") is not demonstration
        if noted and not is_other and noted["facts"]["digest"] not in digests:
            missing.append(name)
    return missing


def describe_answers(looked: Looked, name: str = "") -> list[str]:
    """Describe what a look-up found, in words for whoever has asked; nothing of the person.

    That somebody was not supplied is said only where everything that must be kept was looked at,
    and never for a name, which may be registered in another writing.

    Args:
        looked: what was found.
        name: the name that was asked for, or "" when an id was.
    """
    if looked.answers:
        return [
            f"提供した: {own.received_on}、{own.recipient}、依頼 {own.request_number}（{own.request_date}）、"
            f"実行 {own.run_id} の通番 {own.serial:,}"
            for own in looked.answers
        ]
    where = f"控えのある年度（{'・'.join(map(str, looked.years))}）の {looked.runs} 回の提供"
    if looked.missing or not looked.runs:
        gone = "、".join(looked.missing) or "提供の控え"
        return [
            f"答えられない: {gone}がないか、実行の記録と合いません。最も新しいバックアップから、受付簿の"
            "フォルダ（register）を戻してください。保存期間が終わって廃棄した年度のことは、答えられません。",
            *([f"{where}には、見つかりませんでした。"] if looked.runs else []),
        ]
    if not name:
        return [f"提供していない: {where}に、この人はいません。"]
    told = f"見つからない: {where}に、この氏名と生年月日の人はいません。"
    if is_kana(name):
        told += "氏名は、ふりがなでなく、住民基本台帳のとおり（漢字）に入れてください。"
    return [f"{told}提供していないと答える前に、宛名番号で調べてください。"]
