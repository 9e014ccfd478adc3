"""Files that officers write by hand and sign: the hand-over, the disposal, the attestations.

Each of the people named in such a file signs all of it with his or her own key. Whoever changes a
word afterwards has to ask every one of them again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.audit import write_atomically
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import (
    Officer,
    Signer,
    is_signed,
    name_officer,
    require_officer,
    require_two_officers,
    sign_content,
)
from recruitlib.base.plain_yaml import parse_yaml, read_yaml
from recruitlib.base.record import count_personal
from recruitlib.base.signatures import describe_file, tell_kind
from recruitlib.base.vault import RunKey

SIGNATURES = "signatures"
_TITLES = {
    "handover": "提供の確認書",
    "disposal": "廃棄の確認書",
    "attestations": "対策の証明",
}
# The block stands last, so that the officers' own words and comments stay as they are.
_BLOCK = re.compile(rf"^{SIGNATURES}:.*\Z", re.MULTILINE | re.DOTALL)


def sign_file(path: Path, signer: Signer) -> None:
    """Sign all that a file says, and write the signature at its end.

    Signatures over another content, from before a change, go.

    Raises:
        ParameterError: the file cannot be read, is none that officers sign, or its signatures do
            not stand last.
    """
    content = read_yaml(path)
    name_kind(path, content)
    said = pick_said(content)
    text = _BLOCK.sub("", path.read_text(encoding="utf-8-sig"))
    kept = _pick_signatures(content)
    signatures = {**kept, signer.officer.staff_id: sign_content(signer, describe_file(said))}
    block = yaml.safe_dump({SIGNATURES: signatures}, allow_unicode=True, sort_keys=False, width=200)
    signed = f"{text.rstrip()}\n{block}"
    try:
        is_whole = parse_yaml(signed) == {**said, SIGNATURES: signatures}
    except (yaml.YAMLError, ParameterError):
        is_whole = False
    if not is_whole:
        raise ParameterError(
            f"{path.name}: {SIGNATURES} は、ファイルの最後に置いてください（消してから署名し直せます）。"
            "終わりの印「...」がある場合は、消してください。"
        )
    write_atomically(path, signed.encode(), mode=0o644)


def name_kind(path: Path, content: Mapping[str, Any]) -> str:
    """Name in Japanese which of the signed files this is.

    Raises:
        ParameterError: it is none of them; decisions, approvals and duties are signed elsewhere.
    """
    if kind := tell_kind(content):
        return _TITLES[kind]
    raise ParameterError(
        f"{path.name}: {'・'.join(_TITLES.values())}のどれでもないので、署名できません。"
        "ファイルを確かめてください。"
    )


def pick_said(content: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what a file says, which is what its officers sign: all of it but the signatures."""
    return {name: value for name, value in content.items() if name != SIGNATURES}


def _pick_signatures(content: Mapping[str, Any]) -> dict[str, str]:
    signatures = content.get(SIGNATURES)
    return dict(signatures) if isinstance(signatures, dict) else {}


def require_signed(
    path: Path, content: Mapping[str, Any], officers: Mapping[str, Officer],
    staff_ids: Sequence[str],
) -> None:  # fmt: skip
    """Require that each of the people has signed exactly what the file says.

    Args:
        path: the file, for the messages.
        content: the whole file, its signatures among it.
        officers: those of the office.
        staff_ids: who has to have signed.

    Raises:
        ParameterError: a staff id is not listed.
        AwaitingPerson: a signature is missing, or was made over other words.
    """
    said, signatures = pick_said(content), _pick_signatures(content)
    for staff_id in dict.fromkeys(staff_ids):
        officer = require_officer(officers, staff_id)
        if not is_signed(officer, describe_file(said), signatures.get(staff_id)):
            raise AwaitingPerson(
                f"{path.name}: {name_officer(officers, staff_id)} の署名がないか、署名の後に内容が"
                f"変えられています。ご本人が内容を読み、recruitlib sign {_show(path)} --by {staff_id} で"
                "署名してください。"
            )


def _show(path: Path) -> str:
    """Show where a file lies as the officer has to type it."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def require_two_signed(
    path: Path, content: Mapping[str, Any], officers: Mapping[str, Officer],
    roles: Mapping[str, str],
) -> None:  # fmt: skip
    """Require the signatures of two different people.

    Args:
        path: the file, for the messages.
        content: the whole file.
        officers: those of the office.
        roles: the two names of the file that hold a staff id, each with what it is in Japanese.

    Raises:
        ParameterError: a staff id is not listed.
        AwaitingPerson: they are one person, or a signature is missing.
    """
    first, second = (require_officer(officers, content[name]) for name in roles)
    what = f"{path.name}: {'と'.join(roles.values())}"
    require_two_officers(first, second, bool(content["demonstration"]), what)
    require_signed(path, content, officers, [content[name] for name in roles])


def describe_signed(
    content: Mapping[str, Any], officers: Mapping[str, Officer], staff_ids: Sequence[str]
) -> dict[str, Any]:
    """Describe a signed file for the record, so that its signatures can be checked without the office.

    Returns:
        ``content`` (without signatures), ``signatures`` and ``officers``, each by staff id.
    """
    signatures = _pick_signatures(content)
    people = list(dict.fromkeys(staff_ids))
    return {
        "content": pick_said(content),
        "signatures": {staff_id: signatures[staff_id] for staff_id in people},
        "officers": {staff_id: officers[staff_id]._asdict() for staff_id in people},
    }


def name_signers(signed: Mapping[str, Any]) -> list[str]:
    """Name the signers of a file as described for the record: staff id and title."""
    return [f"{staff_id}（{officer['title']}）" for staff_id, officer in signed["officers"].items()]


def refuse_said(folder: Path, key: RunKey, path: Path, said: Mapping[str, Any]) -> None:
    """Refuse a signed file that says something of a person, before its words enter the chain.

    Nothing can be taken out of the chain again: with a name in it the run could never be sealed.

    Raises:
        ParameterError: names the file and the items, never a value.
    """
    texts = [pair for name, value in said.items() for pair in _list_texts(name, value)]
    counts = count_personal(folder, key, [text for _, text in texts])
    if hits := [place for (place, _), found in zip(texts, counts, strict=True) if found]:
        raise ParameterError(
            f"{path.name}: {'、'.join(hits)} に個人の情報があります。記録に残るので、氏名・住所・番号を"
            "書かずに直し、もう一度署名してください。"
        )


def _list_texts(name: str, value: object) -> list[tuple[str, str]]:
    """List the parts of an item of a file, each with where it stands and its text."""
    if isinstance(value, Mapping):
        parts = [f"{own}\n{part}" for own, part in value.items()]
    elif isinstance(value, list):
        parts = [
            "\n".join(map(str, part.values())) if isinstance(part, Mapping) else str(part)
            for part in value
        ]
    else:
        return [(name, str(value))]
    return [(f"{name} の{number}件目", text) for number, text in enumerate(parts, start=1)]
