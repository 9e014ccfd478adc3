"""The attestations (証明): what officers attest of the protective measures, with whom, until when.

The file is the office's and not a run's: it holds as long as its days say. Everybody who attests
something in it signs the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.officers import Officer
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.people_files import check_content
from recruitlib.base.signed_files import describe_signed, pick_said, require_signed

_KINDS = {"demonstration": bool, "attestations": list}
_ENTRY = {
    "code": str, "line": str, "attested_by": str, "with": str, "attested_on": str, "until": str, "evidence": str,
}  # fmt: skip


class Attestation(NamedTuple):
    """What one officer attests of one line: with whom, since when, until when, on what ground.

    ``line`` is the value of the line's words (``checklists.digest_line``), so that an attestation
    ends with the words that were attested.
    """

    code: str
    line: str
    attested_by: str
    partner: str
    attested_on: date
    until: date
    evidence: str


class Attestations(NamedTuple):
    """What a file of attestations says, and the file with its signatures as the record keeps it."""

    entries: tuple[Attestation, ...]
    signed: Mapping[str, Any]


NOTHING_ATTESTED = Attestations((), MappingProxyType({}))


def read_attestations(
    path: Path, officers: Mapping[str, Officer], demonstration: bool
) -> Attestations:
    """Read the attestations; nothing is attested while the file is still to come.

    Raises:
        ParameterError: the file holds something else, an officer is not listed, or it is for the
            other kind of run.
        AwaitingPerson: somebody who attests in it has not signed exactly this content.
    """
    if not path.exists():
        return NOTHING_ATTESTED
    content = read_yaml(path)
    problems = check_content(pick_said(content), _KINDS)
    if not problems and content["demonstration"] is not demonstration:
        problems.append("見本の証明は、見本でない実行には使えません（逆も同じです）。")
    entries = [] if problems else content["attestations"]
    for place, entry in enumerate(entries, start=1):
        problems += [f"{place}件目: {problem}" for problem in _check_entry(entry)]
    raise_problems(ParameterError, problems, f"個人情報保護対策の証明（{path.name}）")
    people = [entry["attested_by"] for entry in entries]
    require_signed(path, content, officers, people)
    signed = describe_signed(content, officers, people)
    return Attestations(tuple(_make_attestation(entry) for entry in entries), signed)


def _check_entry(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return ["code などの項目を書いてください。"]
    if problems := check_content(entry, _ENTRY):
        return problems
    problems = [f"{name}: 空です。" for name in _ENTRY if not entry[name].strip()]
    problems += [
        f"{name}: 日付は 2026-04-01 の形で書いてください。"
        for name in ("attested_on", "until")
        if not is_iso_date(entry[name])
    ]
    if not problems and entry["until"] < entry["attested_on"]:
        problems.append("until が attested_on より前です。")
    return problems


def _make_attestation(entry: Mapping[str, str]) -> Attestation:
    begun, ends = (date.fromisoformat(entry[name]) for name in ("attested_on", "until"))
    return Attestation(
        entry["code"],
        entry["line"],
        entry["attested_by"],
        entry["with"],
        begun,
        ends,
        entry["evidence"],
    )
