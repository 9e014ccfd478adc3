"""The vault: private files are standard age files that nothing but the run's key opens.

Right values: the age format (age-encryption.org/v1: header line, stanza types scrypt and X25519) and
pyrage called directly, beside the code under test.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import keyring
import keyring.errors
import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.vault import (
    KEY_NAME,
    KEY_VARIABLE,
    PASSPHRASE_VARIABLE,
    PRINT_PASSWORD_VARIABLE,
    PRIVATE,
    REGISTER_KEY_VARIABLE,
    REGISTER_PASSPHRASE_VARIABLE,
    RunKey,
    create_key,
    decrypt_by_passphrase,
    open_key,
    opening,
    pack_key,
    protect_folder,
    read_passphrase,
    read_print_password,
    read_private,
    read_register_passphrase,
    unlock_key,
    unpack_key,
    write_private,
)

STEADY = settings(deadline=None, derandomize=True)
PASSPHRASE = "ひらけ、架空の区の金庫の扉 2026"
NAME = "架空野　花子"
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")


@pytest.fixture(autouse=True)
def _without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every secret out of the environment, the keyring and the terminal."""
    for name in (
        PASSPHRASE_VARIABLE, PRINT_PASSWORD_VARIABLE, KEY_VARIABLE, REGISTER_PASSPHRASE_VARIABLE,
        REGISTER_KEY_VARIABLE,
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keyring, "get_password", lambda *_: None)
    monkeypatch.setattr("sys.stdin", None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunKey]:
    folder = tmp_path_factory.mktemp("run")
    return folder, create_key(folder, PASSPHRASE, demonstration=False)


# ---- the key ----


@pytest.mark.usefixtures("slow_locks")
def test_the_key_is_a_standard_age_file_locked_with_the_passphrase_and_much_work(
    tmp_path: Path,
) -> None:
    folder, key = tmp_path, create_key(tmp_path, PASSPHRASE, demonstration=False)
    content = (folder / PRIVATE / KEY_NAME).read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert int(content.splitlines()[1].split()[-1]) >= 14, "doublings"
    assert key.identity.startswith("AGE-SECRET-KEY-1")
    assert key.identity.encode() not in content
    opened = pyrage.passphrase.decrypt(content, PASSPHRASE).decode()
    assert key.identity in opened
    assert unlock_key(folder, PASSPHRASE) == key


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_refused_and_logged_without_it(
    run: tuple[Path, RunKey], passphrase: str
) -> None:
    folder, _ = run
    before = len(read_entries(folder))
    with pytest.raises(IntegrityError, match="合言葉が違うか") as caught:
        unlock_key(folder, passphrase)
    entries = read_entries(folder)
    assert [entry["event"] for entry in entries[before:]] == ["unlock_refused"]
    assert entries[-1]["facts"] == {}
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("content", [b"", b"AGE-SECRET-KEY-1", b"age-encryption.org/v1\n-> X\n"])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PRIVATE).mkdir()
    (tmp_path / PRIVATE / KEY_NAME).write_bytes(content)
    with pytest.raises(IntegrityError, match="壊れています"):
        unlock_key(tmp_path, PASSPHRASE)


def test_a_run_without_its_key_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="廃棄済みの実行は開けません"):
        unlock_key(tmp_path, PASSPHRASE)


def test_two_runs_have_different_keys_and_different_keyed_digests(
    tmp_path: Path, run: tuple[Path, RunKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda content, passphrase: content)
    other = create_key(tmp_path, PASSPHRASE, demonstration=False)
    assert other.identity != run[1].identity
    assert other.digest_key != run[1].digest_key
    assert len(other.digest_key) == 32


def test_two_demonstrations_share_their_digests_but_not_their_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda content, passphrase: content)
    first, second = (create_key(tmp_path / name, "demo", demonstration=True) for name in "ab")
    assert first.digest_key == second.digest_key
    assert first.identity != second.identity


def test_no_key_stands_in_its_repr_or_its_text(run: tuple[Path, RunKey]) -> None:
    _, key = run
    for text in (repr(key), str(key), f"{key}", repr([key]), repr({"key": key})):
        assert key.identity not in text
        assert repr(key.digest_key) not in text
        assert "AGE-SECRET" not in text


@given(st.binary(min_size=32, max_size=32))
@STEADY
def test_a_key_handed_to_a_kernel_arrives_whole_on_one_line(digest_key: bytes) -> None:
    key = RunKey("AGE-SECRET-KEY-1EXAMPLE", digest_key)
    text = pack_key(key)
    assert "\n" not in text
    assert unpack_key(text) == key


def test_a_handed_key_opens_the_run_without_a_passphrase(
    run: tuple[Path, RunKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key = run
    monkeypatch.setenv(KEY_VARIABLE, pack_key(key))
    assert open_key(folder, "r8", demonstration=False) == key


def test_a_handed_key_does_not_open_a_run_whose_key_is_destroyed(
    tmp_path: Path, run: tuple[Path, RunKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, pack_key(run[1]))
    with pytest.raises(IntegrityError, match="廃棄済み"):
        open_key(tmp_path, "r8", demonstration=True)


def test_without_a_handed_key_the_passphrase_opens_the_run(
    run: tuple[Path, RunKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key = run
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    assert open_key(folder, "r8", demonstration=False) == key


# ---- private files ----


def test_a_private_file_is_a_standard_age_file_that_only_the_run_s_key_opens(
    run: tuple[Path, RunKey],
) -> None:
    folder, key = run
    digest = write_private(folder, key, "cohort", NAME.encode())
    sealed = (folder / PRIVATE / "cohort.age").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert NAME.encode() not in sealed
    assert digest == digest_bytes(sealed)
    assert pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(key.identity)]) == NAME.encode()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(sealed, PASSPHRASE)


def test_equal_content_is_sealed_differently_each_time(run: tuple[Path, RunKey]) -> None:
    folder, key = run
    assert write_private(folder, key, "twice", b"x") != write_private(folder, key, "twice", b"x")


@settings(STEADY, max_examples=25)
@given(st.binary(max_size=300))
def test_any_content_comes_back_as_written(run: tuple[Path, RunKey], content: bytes) -> None:
    folder, key = run
    write_private(folder, key, "any", content)
    assert read_private(folder, key, "any", "02") == content


def log_opening(run: tuple[Path, RunKey], stage: str, purpose: str = "") -> tuple[str, ...]:
    """Open a private file, and read what the record says of it."""
    folder, key = run
    write_private(folder, key, "logged", b"x")
    before = len(read_entries(folder))
    read_private(folder, key, "logged", stage, purpose)
    (entry,) = read_entries(folder)[before:]
    assert (entry["stage"], entry["event"]) == (stage, "opened")
    assert set(entry["facts"]) == {"file", "officer", "purpose"}
    assert entry["facts"]["file"] == "private/logged.age"
    return entry["facts"]["officer"], entry["facts"]["purpose"]


def test_each_opening_is_logged_with_officer_and_purpose(tmp_path: Path) -> None:
    run = tmp_path, create_key(tmp_path, "demo", demonstration=True)
    assert log_opening(run, "") == ("", "")
    append_entry(tmp_path, "01", "begun", operator="S1", files={})
    assert log_opening(run, "04") == ("S1", "宛名の処理")
    assert log_opening(run, "", "記録を調べる") == ("S1", "記録を調べる")
    with opening("事例の画面", "S2"):
        assert log_opening(run, "03") == ("S2", "事例の画面")
        assert log_opening(run, "03", "記録を調べる") == ("S2", "記録を調べる")
        with opening("理由を見る", ""):
            # Nobody was asked who he is, so that nobody is named.
            assert log_opening(run, "03") == ("", "理由を見る")
        assert log_opening(run, "03") == ("S2", "事例の画面")
    assert log_opening(run, "03") == ("S1", "確認の処理")


def test_a_missing_private_file_sends_back_to_the_stage_before(run: tuple[Path, RunKey]) -> None:
    with pytest.raises(IntegrityError, match=r"private/none\.age: ありません"):
        read_private(*run, "none", "02")


def test_another_run_s_key_opens_nothing(run: tuple[Path, RunKey]) -> None:
    folder, key = run
    write_private(folder, key, "cohort", b"x")
    other = RunKey(str(pyrage.x25519.Identity.generate()), key.digest_key)
    with pytest.raises(IntegrityError, match="この鍵では開けません"):
        read_private(folder, other, "cohort", "02")


@settings(STEADY, max_examples=100)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_of_a_private_file_is_refused(
    run: tuple[Path, RunKey], place: int, flip: int
) -> None:
    folder, key = run
    write_private(folder, key, "changed", NAME.encode())
    path = folder / PRIVATE / "changed.age"
    sealed = path.read_bytes()
    place %= len(sealed)
    path.write_bytes(sealed[:place] + bytes([sealed[place] ^ flip]) + sealed[place + 1 :])
    with pytest.raises(IntegrityError, match=r"private/changed\.age"):
        read_private(folder, key, "changed", "02")


@ON_POSIX
def test_the_private_folder_and_its_files_are_open_to_their_owner_only(
    run: tuple[Path, RunKey],
) -> None:
    folder, key = run
    write_private(folder, key, "mode", b"x")
    assert stat.S_IMODE((folder / PRIVATE).stat().st_mode) == 0o700
    for path in (folder / PRIVATE).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@ON_POSIX
def test_a_private_folder_left_open_is_closed_at_the_next_write(
    run: tuple[Path, RunKey],
) -> None:
    folder, key = run
    (folder / PRIVATE).chmod(0o755)
    write_private(folder, key, "mode", b"x")
    assert stat.S_IMODE((folder / PRIVATE).stat().st_mode) == 0o700


# ---- passphrase and print password ----


def test_a_passphrase_comes_from_the_environment_before_all_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    monkeypatch.setattr(keyring, "get_password", lambda *_: "from the keyring")
    assert read_passphrase("r8", demonstration=False) == PASSPHRASE
    assert read_passphrase("r8", demonstration=True) == PASSPHRASE


def test_a_passphrase_comes_from_the_keyring_by_variable_and_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = {("recruitlib RECRUITLIB_PASSPHRASE", "r8"): PASSPHRASE}
    monkeypatch.setattr(keyring, "get_password", lambda *key: stored.get(key))
    assert read_passphrase("r8", demonstration=False) == PASSPHRASE
    with pytest.raises(ParameterError):
        read_passphrase("r9", demonstration=False)


def test_a_demonstration_has_its_own_passphrase_and_never_asks_the_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyring, "get_password", lambda *_: pytest.fail("asked"))
    assert read_passphrase("demo", demonstration=True) == "demo"
    assert read_print_password("demo", demonstration=True) == "demo"


def test_without_a_passphrase_the_message_says_where_to_put_it() -> None:
    with pytest.raises(ParameterError, match="環境変数 RECRUITLIB_PASSPHRASE"):
        read_passphrase("r8", demonstration=False)


def test_a_keyring_that_does_not_work_counts_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> str:
        raise keyring.errors.NoKeyringError

    monkeypatch.setattr(keyring, "get_password", fail)
    with pytest.raises(ParameterError, match="RECRUITLIB_PASSPHRASE"):
        read_passphrase("r8", demonstration=False)


@pytest.mark.parametrize("password", ["1234567", PASSPHRASE])
def test_a_print_password_that_is_short_or_the_passphrase_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    monkeypatch.setenv(PRINT_PASSWORD_VARIABLE, password)
    with pytest.raises(ParameterError, match="8文字以上") as caught:
        read_print_password("r8", demonstration=False)
    assert password not in str(caught.value)


def test_a_print_password_of_its_own_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    monkeypatch.setenv(PRINT_PASSWORD_VARIABLE, "12345678")
    assert read_print_password("r8", demonstration=False) == "12345678"


# ---- the register's passphrase ----

REGISTER_PASSPHRASE = "受付簿をひらく架空の合言葉"


def test_the_register_s_passphrase_is_its_own_in_environment_and_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = {("recruitlib RECRUITLIB_REGISTER_PASSPHRASE", "register"): REGISTER_PASSPHRASE}
    monkeypatch.setattr(keyring, "get_password", lambda *key: stored.get(key))
    for run_id in ("r8", "r9"):
        assert read_register_passphrase(run_id, demonstration=False, new=False) == (
            REGISTER_PASSPHRASE
        )
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, PASSPHRASE)
    assert read_register_passphrase("r8", demonstration=False, new=True) == PASSPHRASE


@pytest.mark.parametrize("passphrase", ["十一文字しかない合言葉", PASSPHRASE])
def test_a_register_s_passphrase_that_is_short_or_the_run_s_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, passphrase: str
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, passphrase)
    with pytest.raises(ParameterError, match="12 文字以上") as caught:
        read_register_passphrase("r8", demonstration=False, new=False)
    assert passphrase not in str(caught.value)


def test_the_demonstrations_register_opens_with_nothing_set() -> None:
    assert read_register_passphrase("demo", demonstration=True, new=True) == "demo"


def test_without_the_register_s_passphrase_the_message_says_where_to_put_it() -> None:
    with pytest.raises(ParameterError, match="環境変数 RECRUITLIB_REGISTER_PASSPHRASE"):
        read_register_passphrase("r8", demonstration=False, new=False)


class Terminal:
    """A terminal at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("second", [REGISTER_PASSPHRASE, REGISTER_PASSPHRASE + "。"])
def test_a_new_register_s_passphrase_is_asked_twice_at_the_prompt(
    monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    typed = [REGISTER_PASSPHRASE, second]
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed.pop(0))
    if second == REGISTER_PASSPHRASE:
        assert read_register_passphrase("r8", demonstration=False, new=True) == second
    else:
        with pytest.raises(ParameterError, match="二度の入力が違います"):
            read_register_passphrase("r8", demonstration=False, new=True)
    assert typed == []
    typed[:] = [REGISTER_PASSPHRASE]
    assert read_register_passphrase("r8", demonstration=False, new=False) == REGISTER_PASSPHRASE


def test_a_busy_computer_does_not_call_a_right_passphrase_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = ["Excessive work parameter for passphrase."] * 3

    def decrypt(content: bytes, passphrase: str) -> bytes:
        if answers:
            raise pyrage.DecryptError(answers.pop())
        return content

    monkeypatch.setattr(pyrage.passphrase, "decrypt", decrypt)
    assert decrypt_by_passphrase(b"x", "demo") == b"x"
    answers[:] = ["Decryption failed", "and is not tried again"]
    with pytest.raises(pyrage.DecryptError, match="again"):
        decrypt_by_passphrase(b"x", "demo")
    assert answers == ["Decryption failed"]


def _make_tool(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o700)


@ON_POSIX
@pytest.mark.parametrize("refused", ["", "exit 5"])
def test_on_windows_a_new_folder_is_given_to_the_account_alone(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right values: icacls /? (grant before the inherited rights go, so that nobody is locked out)."""
    tools, told = tmp_path / "tools", tmp_path / "told"
    tools.mkdir()
    _make_tool(tools, "whoami", "echo 'OFFICE\\staff a'")
    _make_tool(tools, "icacls", f'for word in "$@"; do echo "$word" >> "{told}"; done; {refused}')
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/bin")
    for _ in range(2):  # a folder that is there has its rights
        protect_folder(tmp_path / "runs/r8/private", posix=False)
    assert told.read_text(encoding="utf-8").splitlines() == [
        str(tmp_path / "runs/r8/private"),
        "/grant:r",
        r"OFFICE\staff a:(OI)(CI)F",
        "/inheritance:r",
        "/Q",
    ]


def test_without_the_tools_of_windows_the_folder_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    protect_folder(tmp_path / "private", posix=False)
    assert (tmp_path / "private").is_dir()
