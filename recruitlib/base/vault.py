"""The vault: private files, each encrypted with age to the key of its run, or of the register.

A key itself is encrypted with a passphrase. The launcher opens it once and hands it to the
kernels, which cannot ask for a passphrase.
"""

from __future__ import annotations

import base64
import getpass
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import pyrage

from recruitlib.base.audit import (
    append_entry,
    digest_bytes,
    find_latest,
    read_entries,
    vouch_for,
    write_atomically,
)
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.parameters import STAGE_NAMES
from recruitlib.base.secrecy import hide_values

PRIVATE = "private"
KEY_NAME = "run.key.age"
PASSPHRASE_VARIABLE = "RECRUITLIB_PASSPHRASE"
PRINT_PASSWORD_VARIABLE = "RECRUITLIB_PRINT_PASSWORD"
KEY_VARIABLE = "RECRUITLIB_RUN_KEY"
REGISTER_PASSPHRASE_VARIABLE = "RECRUITLIB_REGISTER_PASSPHRASE"
REGISTER_KEY_VARIABLE = "RECRUITLIB_REGISTER_KEY"
REGISTER_USER = "register"  # under which name the keyring holds the register's passphrase
DEMONSTRATION_PASSPHRASE = "demo"
_MEASURED_AGAIN = 9
SHORTEST_PASSPHRASE, SHORTEST_PRINT_PASSWORD = 12, 8
_OPENING: ContextVar[tuple[str, str] | None] = ContextVar("opening", default=None)
# A demonstration's digests must come out alike on every machine, so that its shipped approvals hold.
DEMONSTRATION_DIGEST_KEY = b"recruitlib demonstration digests"


@hide_values
class RunKey(NamedTuple):
    """What opens a run or the register: the age identity, and the key of its keyed digests."""

    identity: str
    digest_key: bytes


def read_secret(
    variable: str, run_id: str, demonstration: bool, prompt: str, twice: bool = False
) -> str:
    """Find a passphrase: environment variable, OS keyring, the demonstration's own, or a prompt.

    Args:
        variable: the environment variable, which names the secret in the keyring as well.
        run_id: the user under which the keyring holds it.
        demonstration: whether the public passphrase will do.
        prompt: what is asked for, in Japanese.
        twice: whether a person has to type it a second time.

    Raises:
        ParameterError: none is there and nobody can be asked, or the two entries differ.
    """
    if value := os.environ.get(variable):
        return value
    if demonstration:
        return DEMONSTRATION_PASSPHRASE
    if value := _read_keyring(variable, run_id):
        return value
    if sys.stdin is not None and sys.stdin.isatty():
        typed = getpass.getpass(prompt)
        if twice and getpass.getpass(f"{prompt}（もう一度）") != typed:
            raise ParameterError(f"{prompt}の二度の入力が違います。もう一度実行してください。")
        return typed
    raise ParameterError(
        f"{prompt}がありません。環境変数 {variable} か、OS の資格情報（recruitlib）に入れてください。"
    )


def _read_keyring(variable: str, run_id: str) -> str | None:
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(f"recruitlib {variable}", run_id)
    except keyring.errors.KeyringError:
        return None


def read_passphrase(run_id: str, demonstration: bool) -> str:
    """Find the passphrase that opens the run's key.

    Raises:
        ParameterError: an office's own is shorter than 12 characters.
    """
    passphrase = read_secret(PASSPHRASE_VARIABLE, run_id, demonstration, "実行の合言葉")
    if len(passphrase) < SHORTEST_PASSPHRASE and not demonstration:
        raise ParameterError(f"実行の合言葉は {SHORTEST_PASSPHRASE} 文字以上にしてください。")
    return passphrase


def read_register_passphrase(run_id: str, demonstration: bool, new: bool) -> str:
    """Find the passphrase that opens the office's register, which outlives every run.

    Args:
        run_id: the run whose passphrase it must not be.
        demonstration: whether it is the register of the demonstrations.
        new: whether the register's key is made now, so that a person types it twice.

    Raises:
        ParameterError: an office's own is missing, shorter than 12 characters, or the run's.
    """
    passphrase = read_secret(
        REGISTER_PASSPHRASE_VARIABLE, REGISTER_USER, demonstration, "受付簿の合言葉", twice=new
    )
    if demonstration:
        return passphrase
    own = os.environ.get(PASSPHRASE_VARIABLE) or _read_keyring(PASSPHRASE_VARIABLE, run_id)
    if len(passphrase) < SHORTEST_PASSPHRASE or passphrase == own:
        raise ParameterError(
            f"受付簿の合言葉は、実行の合言葉と別の {SHORTEST_PASSPHRASE} 文字以上にしてください。"
        )
    return passphrase


def read_print_password(run_id: str, demonstration: bool) -> str:
    """Find the password of the label PDFs; an office's own must differ from the passphrase.

    Raises:
        ParameterError: it is missing, shorter than 8 characters, or equal to the passphrase.
    """
    password = read_secret(PRINT_PASSWORD_VARIABLE, run_id, demonstration, "印刷用パスワード")
    if demonstration:
        return password
    passphrase = os.environ.get(PASSPHRASE_VARIABLE) or _read_keyring(PASSPHRASE_VARIABLE, run_id)
    if len(password) < SHORTEST_PRINT_PASSWORD or password == passphrase:
        raise ParameterError("印刷用パスワードは、合言葉と別の8文字以上にしてください。")
    return password


def protect_folder(folder: Path, posix: bool = os.name == "posix") -> None:
    """Make a folder that only its owner may open, by mode or, on Windows, by its list of rights."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if posix:
        folder.chmod(0o700)
    elif is_new:
        _restrict_rights(folder)


def _restrict_rights(folder: Path) -> None:
    """Give a folder, and all that will lie in it, to this account alone (Windows).

    Where the system's tools are missing, or the drive keeps no rights, the parent's rights hold.
    """
    own, tool = shutil.which("whoami"), shutil.which("icacls")
    if own is None or tool is None:
        return
    account = subprocess.run([own], capture_output=True, text=True, check=False).stdout.strip()
    if account:
        subprocess.run(
            [tool, str(folder), "/grant:r", f"{account}:(OI)(CI)F", "/inheritance:r", "/Q"],
            capture_output=True, check=False,
        )  # fmt: skip


def generate_key(demonstration: bool) -> RunKey:
    """Make a key; the digests of demonstrations come out alike everywhere."""
    identity = str(pyrage.x25519.Identity.generate())
    return RunKey(identity, DEMONSTRATION_DIGEST_KEY if demonstration else secrets.token_bytes(32))


def lock_key(key: RunKey, passphrase: str) -> bytes:
    """Encrypt a key with a passphrase."""
    return bytes(pyrage.passphrase.encrypt(pack_key(key).encode(), passphrase))


def decrypt_by_passphrase(content: bytes, passphrase: str) -> bytes:
    """Open content that was encrypted with a passphrase.

    age first measures how fast the computer is, and refuses what would take too long. On a busy
    one it measures wrongly now and then, and a right passphrase must not be called wrong for that.

    Raises:
        pyrage.DecryptError: the passphrase does not open it.
    """
    for _ in range(_MEASURED_AGAIN):
        try:
            return bytes(pyrage.passphrase.decrypt(content, passphrase))
        except pyrage.DecryptError as error:
            if "xcessive work" not in str(error):
                raise
    return bytes(pyrage.passphrase.decrypt(content, passphrase))


def open_locked(content: bytes, passphrase: str) -> RunKey:
    """Open a key that ``lock_key`` locked.

    Raises:
        IntegrityError: the passphrase does not open it.
    """
    try:
        return unpack_key(decrypt_by_passphrase(content, passphrase).decode())
    except pyrage.DecryptError:
        raise IntegrityError(
            "合言葉が違うか、鍵のファイルが壊れています。合言葉を確かめてください。"
        ) from None


def create_key(folder: Path, passphrase: str, demonstration: bool) -> RunKey:
    """Make the key of a new run and store it encrypted with the passphrase."""
    key = generate_key(demonstration)
    protect_folder(folder / PRIVATE)
    content = lock_key(key, passphrase)
    vouch_for(folder, "", "key_made", {f"{PRIVATE}/{KEY_NAME}": content})
    return key


def unlock_key(folder: Path, passphrase: str) -> RunKey:
    """Open the key of a run with the passphrase.

    Raises:
        IntegrityError: there is no key, or the passphrase does not open it.
    """
    path = folder / PRIVATE / KEY_NAME
    if not path.exists():
        raise IntegrityError(
            f"{PRIVATE}/{KEY_NAME}: 実行の鍵がありません。廃棄済みの実行は開けません。"
            "廃棄していないときは、実行のフォルダをバックアップから戻してください。"
        )
    try:
        return open_locked(path.read_bytes(), passphrase)
    except IntegrityError as error:
        append_entry(folder, "", "unlock_refused")
        raise IntegrityError(f"実行 {folder.name}: {error}") from None


def pack_key(key: RunKey) -> str:
    """Write a key as one line of text, to hand it to a kernel."""
    return json.dumps([key.identity, base64.b64encode(key.digest_key).decode()])


def unpack_key(text: str) -> RunKey:
    """Read a key that ``pack_key`` wrote."""
    identity, digest_key = json.loads(text)
    return RunKey(identity, base64.b64decode(digest_key))


def open_key(folder: Path, run_id: str, demonstration: bool) -> RunKey:
    """Open the run's key: handed over by the launcher, or with the passphrase."""
    handed = os.environ.get(KEY_VARIABLE)
    if handed and (folder / PRIVATE / KEY_NAME).exists():
        return unpack_key(handed)
    return unlock_key(folder, read_passphrase(run_id, demonstration))


def encrypt_content(key: RunKey, content: bytes) -> bytes:
    """Encrypt content to a key."""
    recipient = pyrage.x25519.Identity.from_str(key.identity).to_public()
    return bytes(pyrage.encrypt(content, [recipient]))


def decrypt_content(key: RunKey, sealed: bytes, name: str) -> bytes:
    """Open content that was encrypted to a key.

    Raises:
        IntegrityError: the key does not open it; names the file.
    """
    try:
        return bytes(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(key.identity)]))
    except pyrage.DecryptError:
        raise IntegrityError(
            f"{name}: この鍵では開けません。記録が変えられています。使わずに、管理者に知らせてください。"
        ) from None


def write_private(folder: Path, key: RunKey, name: str, content: bytes) -> str:
    """Encrypt a private file to the run's key.

    Returns:
        the digest of the encrypted file, which tells nothing about its content.
    """
    sealed = encrypt_content(key, content)
    protect_folder(folder / PRIVATE)
    write_atomically(folder / PRIVATE / f"{name}.age", sealed)
    return digest_bytes(sealed)


@contextmanager
def opening(purpose: str, by: str) -> Iterator[None]:
    """Say for what, and for which officer, private files are opened within.

    Args:
        purpose: in Japanese, for whoever reads the record.
        by: the staff id of the officer who has shown who he is; "" where nobody was asked, so that
            only the login tells.
    """
    before = _OPENING.set((purpose, by))
    try:
        yield
    finally:
        _OPENING.reset(before)


def read_private(folder: Path, key: RunKey, name: str, stage: str, purpose: str = "") -> bytes:
    """Open a private file and log that it was opened, by which officer and for what.

    The officer is the operator that 01 has frozen, unless ``opening`` says another one.

    Args:
        folder: the run's folder.
        key: the run's key.
        name: of the file, without its ending.
        stage: the stage that opens it, or "".
        purpose: in Japanese; without it, what ``opening`` says, or the work of the stage.

    Raises:
        IntegrityError: the file is gone or cannot be opened with the run's key.
    """
    path = folder / PRIVATE / f"{name}.age"
    if not path.exists():
        raise IntegrityError(f"{PRIVATE}/{path.name}: ありません。前の段階からやり直してください。")
    content = decrypt_content(key, path.read_bytes(), f"{PRIVATE}/{path.name}")
    work = f"{STAGE_NAMES[stage]}の処理" if stage else ""
    said, officer = _OPENING.get() or (work, _find_operator(folder))
    append_entry(
        folder, stage, "opened",
        file=f"{PRIVATE}/{path.name}", officer=officer, purpose=purpose or said,
    )  # fmt: skip
    return content


def _find_operator(folder: Path) -> str:
    begun = find_latest(read_entries(folder), "01", "begun")
    return str(begun["facts"].get("operator", "")) if begun else ""
