"""Supplies (提供の控え): what each run handed over and whom it excluded, as keyed digests by year.

They lie in the office's encrypted folder and outlive the runs. They are no list of names: they
answer only whoever asks for one given person, by the id, or by name and birth date.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.audit import AUDIT_NAME, digest_keyed, find_latest, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.names import fold_broad
from recruitlib.base.office import SUPPLIED, Office, keep, read_kept
from recruitlib.base.secrecy import hide_values
from recruitlib.base.serial_acts import HANDOVER

# The entries of a run's record: with the digest of what the office has kept of it, and with the
# serials that the recipient was asked to destroy or return.
KEPT, DISCARD_REQUESTED = "supplied", "discard_requested"
_KIND = "supplied"
# What is written around the digits of an id, or behind a name, and belongs to neither.
_AROUND_ID = re.compile(r"(?:宛名)?番号|no\.?|\.0+\Z|[\s,:#_‐-―−ー-]", re.IGNORECASE)
_TITLE = re.compile(r"\s*(?:様|さん|殿)\Z")


@hide_values
class Supply(NamedTuple):
    """What one run handed over: when, to whom, on which request, and each label's digests.

    A label is its serial, the digest of the person's id, and that of name and birth date.
    ``excluded`` are the two digests of everybody who was left out for an application, a protective
    measure or a doubt: one kind, without the reason. ``discards`` are the serials that were asked
    back since, each with the day and the last day of the answer.
    """

    run_id: str
    received_on: str
    recipient: str
    request_number: str
    request_date: str
    labels: Sequence[Sequence[Any]]
    excluded: Sequence[Sequence[str]] = ()
    discards: Sequence[Sequence[Any]] = ()


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


def digest_supply(supply: Supply, office: Office) -> str:
    """Digest what a run's record says was kept of it; what was asked back since is not in it."""
    return digest_keyed(office.key.digest_key, json.dumps(supply._replace(discards=())).encode())


def list_asked_back(entries: Sequence[Mapping[str, Any]]) -> set[int]:
    """List the serials of a run that the recipient was asked to destroy or return."""
    asked = [entry for entry in entries if entry["event"] == DISCARD_REQUESTED]
    return {serial for entry in asked for serial in entry["facts"]["signed"]["content"]["serials"]}


class Told(NamedTuple):
    """What the record of a run tells of itself: its name, year and kind, and its entries.

    ``entries`` is nothing where the record is broken, ``fiscal_year`` 0 where it tells none.
    """

    folder: Path
    run_id: str
    fiscal_year: int
    entries: Sequence[Mapping[str, Any]] | None


def list_told(root: Path, demonstration: bool) -> list[Told]:
    """List what the records of a project's runs of one kind tell; a broken one may be of any."""
    told = []
    for path in sorted(root.glob(f"*/*/{AUDIT_NAME}")):
        try:
            entries = read_entries(path.parent)
        except (IntegrityError, OSError):
            told.append(Told(path.parent, "", 0, None))
            continue
        begun = find_latest(entries, "01", "begun")
        facts = begun["facts"] if begun else {}
        kind = facts.get("run_kind")
        if kind is not None and (kind == "demonstration") is not demonstration:
            continue
        values = facts.get("parameters")
        values = values if isinstance(values, Mapping) else {}
        year = values.get("fiscal_year")
        told.append(
            Told(
                path.parent,
                str(values.get("run_id", "")),
                year if type(year) is int else 0,
                entries,
            )
        )
    return told


def is_kept(own: Told, known: Mapping[str, Supply]) -> bool:
    """Whether the office keeps of a run what its record says, and every serial it has asked back.

    Args:
        own: what the record tells.
        known: what the office keeps, by the digest of each.
    """
    if own.entries is None:
        return False
    noted = find_latest(own.entries, HANDOVER, KEPT)
    if not noted:
        return True
    supply = known.get(noted["facts"].get("digest"))
    return supply is not None and list_asked_back(own.entries) <= {
        mark[0] for mark in supply.discards
    }


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


def keep_supplies(office: Office, fiscal_year: int, supplies: Sequence[Supply]) -> None:
    """Keep what the runs of a fiscal year have handed over; the caller holds the folder's lock."""
    lines = sum(len(own.labels) for own in supplies)
    keep(office, fiscal_year, json.dumps(supplies).encode(), lines, SUPPLIED)
