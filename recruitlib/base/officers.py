"""Officers (職員): who may decide, confirm and approve, each with a signing key of his or her own.

The list is public and stands in the office's folder. An officer's private key stands in it locked
with a passphrase that nobody else knows, so that whoever types another's staff id cannot sign for
him or her. Each entry is signed by its own key: a title or a login changed by hand is noticed.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyrage
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from filelock import FileLock

from recruitlib.base.audit import LOCK_NAME, find_login, write_atomically
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.names import fold_name
from recruitlib.base.office import locate_office
from recruitlib.base.parameters import read_yaml
from recruitlib.base.secrecy import hide_values
from recruitlib.base.vault import (
    PASSPHRASE_VARIABLE,
    SHORTEST_PASSPHRASE,
    decrypt_by_passphrase,
    protect_folder,
    read_secret,
)

OFFICERS_NAME = "officers.yaml"
DEMONSTRATION_OFFICERS = "params/demonstration_officers.yaml"
OFFICER_PASSPHRASE_VARIABLE = "RECRUITLIB_OFFICER_PASSPHRASE"
_FIELDS = ("staff_id", "title", "login", "public_key", "locked_key", "signature")
# No eight digits in a row: those are what the scan of the record looks for.
STAFF_ID = re.compile(r"(?!.*\d{8})[\w-]{1,16}")
_NOTE = (
    "# 職員の一覧（決める人・確かめる人・承認する人）。recruitlib officer add で書き足します。\n"
    "# 手で直すと、その職員の署名が合わなくなります。\n"
)


class Officer(NamedTuple):
    """An officer as listed: staff id, title, the OS login that added the entry, the public key."""

    staff_id: str
    title: str
    login: str
    public_key: str


@hide_values
class Signer(NamedTuple):
    """An officer with the opened private key, in memory only."""

    officer: Officer
    private_key: Ed25519PrivateKey


def locate_officers(root: Path, demonstration: bool) -> Path:
    """Find the list of officers; that of demonstrations is shipped, its passphrase is ``demo``."""
    if demonstration:
        return root / DEMONSTRATION_OFFICERS
    return locate_office(root, demonstration=False) / OFFICERS_NAME


def read_officers(root: Path, demonstration: bool) -> dict[str, Officer]:
    """Read the officers by staff id; without the file there are none.

    Raises:
        ParameterError: it is no list of officers, or an entry was changed by hand.
    """
    return {entry["staff_id"]: _pick_officer(entry) for entry in _read(root, demonstration)}


def _read(root: Path, demonstration: bool) -> list[dict[str, str]]:
    path = locate_officers(root, demonstration)
    if not path.exists():
        return []
    entries = read_yaml(path).get("officers")
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        raise ParameterError(
            f"{path.name}: 職員の一覧ではありません。バックアップから戻すか、除いて recruitlib officer add で"
            "作り直してください。"
        )
    problems = [
        f"{path.name}: {place}人目の職員の行が、登録の後に書き換えられています。"
        for place, entry in enumerate(entries, start=1)
        if not is_signed(_pick_officer(entry), _describe(entry), entry["signature"])
    ]
    ids = [_fold(entry["staff_id"]) for entry in entries]
    if len(set(ids)) < len(ids):
        problems.append(f"{path.name}: 同じ職員番号が二度あります。")
    raise_problems(ParameterError, problems, path.name)
    return entries


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and set(entry) == set(_FIELDS)
        and all(isinstance(value, str) for value in entry.values())
    )


def _pick_officer(entry: Mapping[str, str]) -> Officer:
    return Officer(*(entry[name] for name in Officer._fields))


def _describe(entry: Mapping[str, str]) -> dict[str, str]:
    return {"purpose": "officer", **{name: entry[name] for name in Officer._fields}}


def _fold(staff_id: str) -> str:
    return fold_name(staff_id).casefold()


def read_officer_passphrase(staff_id: str, demonstration: bool, new: bool = False) -> str:
    """Find an officer's own passphrase: environment variable, OS keyring, or a prompt.

    Raises:
        ParameterError: it is missing, shorter than 12 characters, or the run's.
    """
    passphrase = read_secret(
        OFFICER_PASSPHRASE_VARIABLE, staff_id, demonstration, "職員ご本人の合言葉", twice=new
    )
    if demonstration:
        return passphrase
    if len(passphrase) < SHORTEST_PASSPHRASE or passphrase == os.environ.get(PASSPHRASE_VARIABLE):
        raise ParameterError(
            f"職員の合言葉は、実行の合言葉と別の {SHORTEST_PASSPHRASE} 文字以上にし、"
            "ほかの人に知らせないでください。"
        )
    return passphrase


def add_officer(
    root: Path, demonstration: bool, staff_id: str, title: str, passphrase: str
) -> Officer:
    """Add an officer with a new signing key; entries are added and never replaced.

    Args:
        root: the project folder.
        demonstration: whether to the shipped list (a developer's work).
        staff_id: 1 to 16 letters, digits, ``_`` or ``-``.
        title: the officer's title (職名).
        passphrase: the officer's own.

    Raises:
        ParameterError: the id is none, or belongs to an officer already. Whoever has forgotten the
            passphrase comes back under another id: two ids of one login are one person.
    """
    path = locate_officers(root, demonstration)
    protect = protect_folder if not demonstration else lambda folder: folder.mkdir(exist_ok=True)
    protect(path.parent)
    with FileLock(path.parent / LOCK_NAME, mode=0o600):
        entries = _read(root, demonstration)
        login = "" if demonstration else find_login()
        problems = []
        if not STAFF_ID.fullmatch(staff_id):
            problems.append("職員番号は、文字・数字・_・- の16字以内です（数字は7桁まで）。")
        if not fold_name(title) or len(title) > 40 or not title.isprintable():
            problems.append("職名（--title）を、40字以内で書いてください。")
        if _fold(staff_id) in {_fold(entry["staff_id"]) for entry in entries}:
            problems.append("この職員番号は、もう登録されています。")
        raise_problems(ParameterError, problems, "職員の登録")
        private_key = Ed25519PrivateKey.generate()
        officer = Officer(
            staff_id, title, login, _encode(private_key.public_key().public_bytes_raw())
        )
        locked = pyrage.passphrase.encrypt(private_key.private_bytes_raw(), passphrase)
        signature = sign_content(
            Signer(officer, private_key), {"purpose": "officer", **officer._asdict()}
        )
        entry = {**officer._asdict(), "locked_key": _encode(locked), "signature": signature}
        text = yaml.safe_dump({"officers": [*entries, entry]}, allow_unicode=True, sort_keys=False)
        write_atomically(path, (_NOTE + text).encode(), mode=0o644)
    if demonstration:
        (path.parent / LOCK_NAME).unlink(missing_ok=True)
    return officer


def require_officer(officers: Mapping[str, Officer], staff_id: str) -> Officer:
    """Find an officer by staff id.

    Raises:
        ParameterError: nobody is listed under it.
    """
    if staff_id not in officers:
        raise ParameterError(
            "この職員番号は、職員の一覧にありません。番号を確かめるか、ご本人が recruitlib officer add で"
            "登録してください。"
        )
    return officers[staff_id]


def open_signer(root: Path, demonstration: bool, staff_id: str, passphrase: str) -> Signer:
    """Open an officer's signing key.

    Raises:
        ParameterError: nobody is listed under the staff id, the passphrase is wrong, or somebody
            else is logged in to the PC.
    """
    entries = {entry["staff_id"]: entry for entry in _read(root, demonstration)}
    officer = require_officer(
        {name: _pick_officer(entry) for name, entry in entries.items()}, staff_id
    )
    if not demonstration and officer.login != find_login():
        raise ParameterError(
            "この職員は、PC の別のログインで登録されています。ご本人のログインで使ってください。"
        )
    try:
        locked = base64.b64decode(entries[staff_id]["locked_key"])
        opened = Ed25519PrivateKey.from_private_bytes(decrypt_by_passphrase(locked, passphrase))
    except (pyrage.DecryptError, ValueError):
        raise ParameterError("職員の合言葉が違います。ご本人の合言葉を確かめてください。") from None
    if _encode(opened.public_key().public_bytes_raw()) != officer.public_key:
        raise ParameterError(
            "職員の一覧の鍵が、登録の後に書き換えられています。バックアップから戻してください。"
        )
    return Signer(officer, opened)


def sign_content(signer: Signer, content: Mapping[str, Any]) -> str:
    """Sign a content (no paths, no times) with an officer's own key.

    Source: Ed25519, RFC 8032.
    """
    return _encode(signer.private_key.sign(_canonicalise(content)))


def is_signed(officer: Officer, content: Mapping[str, Any], signature: object) -> bool:
    """Whether an officer's own key has signed exactly this content."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(officer.public_key))
        key.verify(base64.b64decode(str(signature)), _canonicalise(content))
    except (InvalidSignature, ValueError):
        return False
    return True


def _canonicalise(content: Mapping[str, Any]) -> bytes:
    # What is no JSON (a date that YAML made of digits, names of two kinds in one table) was never
    # signed; it only has to be told apart.
    try:
        told = json.dumps(
            content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr
        )
    except TypeError:
        told = repr(content)
    return told.encode()


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def name_officer(officers: Mapping[str, Officer], staff_id: str) -> str:
    """Name an officer for a person: staff id and title."""
    officer = officers.get(staff_id)
    return f"{staff_id}（{officer.title}）" if officer else staff_id


def check_two_officers(first: Officer, second: Officer, demonstration: bool) -> str:
    """Say why two officers are one person, or nothing.

    Staff id, signing key and, outside demonstrations, the OS login must all differ.
    """
    if _fold(first.staff_id) == _fold(second.staff_id):
        return "職員番号が同じです"
    if first.public_key == second.public_key:
        return "署名の鍵が同じです"
    if not demonstration and first.login == second.login:
        return "PC のログインが同じです"
    return ""


def require_two_officers(first: Officer, second: Officer, demonstration: bool, what: str) -> None:
    """Require two different people.

    Args:
        first: who worked.
        second: who checks.
        demonstration: whether one OS login may stand for both.
        what: what the second one does, in Japanese.

    Raises:
        AwaitingPerson: they are one person.
    """
    if same := check_two_officers(first, second, demonstration):
        raise AwaitingPerson(
            f"{what}は、別の人でなければなりません（{same}）。別の職員が行ってください。"
        )
