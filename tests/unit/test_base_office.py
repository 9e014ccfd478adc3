"""The office's own folder: a key and a passphrase of its own, dates of keeping, nothing put back old.

Right values: the age format (age-encryption.org/v1) by pyrage called directly; the fiscal year ends
on 31 March (地方自治法 208条).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
import yaml

from recruitlib.base import office as module
from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.office import (
    DEMONSTRATION,
    HEADER_NAME,
    REGISTER,
    REGISTER_KEY_NAME,
    SUPPLIED,
    Office,
    YearHeader,
    keep,
    list_expired,
    open_office,
    read_header,
    read_kept,
)
from recruitlib.base.retention import RETENTION_FILE
from recruitlib.base.vault import (
    PASSPHRASE_VARIABLE,
    REGISTER_KEY_VARIABLE,
    REGISTER_PASSPHRASE_VARIABLE,
    generate_key,
    pack_key,
)

PASSPHRASE = "受付簿をひらく架空の合言葉"
NAME = "架空野　花子"


@pytest.fixture(autouse=True)
def _without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PASSPHRASE_VARIABLE, REGISTER_PASSPHRASE_VARIABLE, REGISTER_KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("keyring.get_password", lambda *_: None)
    monkeypatch.setattr("sys.stdin", None)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Give the folder of a run that has begun."""
    folder = tmp_path / "runs/r8_1"
    folder.mkdir(parents=True)
    append_entry(folder, "01", "begun", files={})
    return folder


@pytest.fixture
def own(run: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Give the open folder of a demonstration, and hand its key over as the launcher does."""
    with monkeypatch.context() as patch:
        # Locking is slow on purpose; the key comes from the launcher here.
        patch.setattr(module, "lock_key", lambda *_: b"locked")
        office = open_office(run.parents[1], run, "r8_1", True)
    monkeypatch.setenv(REGISTER_KEY_VARIABLE, pack_key(office.key))
    return office


def reopen(run: Path, demonstration: bool = True) -> Office:
    return open_office(run.parents[1], run, "r8_1", demonstration)


def test_the_key_is_a_standard_age_file_under_a_passphrase_of_its_own(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "実行をひらく別の架空の合言葉")
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, PASSPHRASE)
    office = reopen(run, demonstration=False)
    place = run.parents[1] / REGISTER
    assert office.folder == place
    sealed = (place / REGISTER_KEY_NAME).read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert office.key.identity in pyrage.passphrase.decrypt(sealed, PASSPHRASE).decode()
    assert reopen(run, demonstration=False) == office
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, "実行をひらく別の架空の合言葉！")
    with pytest.raises(IntegrityError, match="受付簿: 合言葉が違うか"):
        reopen(run, demonstration=False)
    assert read_entries(run)[-1]["event"] == "register_refused"


def test_without_a_passphrase_nothing_is_made(run: Path) -> None:
    with pytest.raises(ParameterError, match=REGISTER_PASSPHRASE_VARIABLE):
        reopen(run, demonstration=False)
    left = [path.name for path in (run.parents[1] / REGISTER).iterdir() if path.name != ".lock"]
    assert left == []


def test_what_is_kept_is_encrypted_to_that_key_and_comes_back(own: Office) -> None:
    assert read_kept(own, 2026) is None
    keep(own, 2026, NAME.encode(), 1)
    sealed = (own.folder / "r2026.age").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert NAME.encode() not in sealed
    identity = pyrage.x25519.Identity.from_str(own.key.identity)
    assert pyrage.decrypt(sealed, [identity]) == NAME.encode()
    assert read_kept(own, 2026) == (NAME.encode(), 1)
    assert read_kept(own, 2025) is None


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_the_folders_and_files_are_open_to_their_owner_only(own: Office) -> None:
    keep(own, 2026, b"x", 1)
    for folder in (own.folder, own.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in (REGISTER_KEY_NAME, HEADER_NAME, "r2026.age"):
        assert stat.S_IMODE((own.folder / name).stat().st_mode) == 0o600


def test_the_header_tells_how_long_each_year_is_kept_and_nothing_else(own: Office) -> None:
    keep(own, 2026, NAME.encode(), 1)
    keep(own, 2025, NAME.encode(), 7)
    text = (own.folder / HEADER_NAME).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert set(content) == {"demonstration", "key", "years", "seal"}
    assert list(content["years"]) == [2025, 2026]
    # 令和8年度 ends on 2027-03-31; five years later.
    assert content["years"][2026] == {"retain_until": "2032-03-31", "lines": 1, "supplied": 0}
    assert own.key.identity[-20:] not in text
    assert NAME not in text


def test_the_offices_own_years_hold_for_the_years_that_begin_after_them(own: Office) -> None:
    keep(own, 2026, b"x", 1)
    path = own.folder.parents[1] / RETENTION_FILE
    path.parent.mkdir()
    path.write_text("register: 7\n", encoding="utf-8")
    keep(own, 2026, b"x", 2)
    keep(own, 2027, b"x", 1)
    years = yaml.safe_load((own.folder / HEADER_NAME).read_text(encoding="utf-8"))["years"]
    assert [years[year]["retain_until"] for year in (2026, 2027)] == ["2032-03-31", "2035-03-31"]


def test_a_year_whose_time_is_over_is_listed_from_the_next_day_on(own: Office) -> None:
    keep(own, 2026, b"x", 1)
    assert list_expired(own, date(2032, 3, 31)) == []
    assert list_expired(own, date(2032, 4, 1)) == [2026]


def change_header(office: Office, **changes: Any) -> None:
    path = office.folder / HEADER_NAME
    content = {**yaml.safe_load(path.read_text(encoding="utf-8")), **changes}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.mark.parametrize(
    "years",
    [None, [], {"2026": {"retain_until": "2032-03-31", "lines": 1}}, {2026: None},
     {2026: {"retain_until": date(2032, 3, 31), "lines": 1}}, {2026: {"retain_until": "2032-02-30", "lines": 1}},
     {2026: {"retain_until": "2032-03-31"}}, {2026: {"retain_until": "2032-03-31", "lines": True}},
     {2026: {"retain_until": "2032-03-31", "lines": 1, "supplied": "1"}},
     {2026: {"retain_until": "2032-03-31", "supplied": 1}},
     {2026: {"retain_until": "2032-03-31", "lines": 1, "note": "x"}}],
)  # fmt: skip
def test_a_header_that_was_spoiled_is_refused(own: Office, run: Path, years: object) -> None:
    change_header(own, years=years)
    with pytest.raises(ParameterError, match=r"register\.yaml"):
        reopen(run)


def test_a_date_of_keeping_that_the_office_wrote_stays(own: Office) -> None:
    keep(own, 2026, b"x", 1)
    change_header(own, years={2026: {"retain_until": "2030-03-31", "lines": 1}})
    keep(own, 2026, b"xy", 2)
    assert read_header(own) == {2026: YearHeader("2030-03-31", 2)}


@pytest.mark.parametrize(
    "years",
    [
        {},
        {2026: {"retain_until": "2032-03-31", "lines": 1, "supplied": 0}},
        {2026: {"retain_until": "2032-03-31", "lines": 0, "supplied": 5}},
        {2027: {"retain_until": "2032-03-31", "lines": 1, "supplied": 5}},
    ],
)
def test_a_header_of_which_a_year_or_its_lines_were_taken_out_is_refused(
    own: Office, run: Path, years: dict[int, object]
) -> None:
    keep(own, 2026, b"applications", 1)
    keep(own, 2026, b"supplied", 5, SUPPLIED)
    change_header(own, years=years)
    with pytest.raises(IntegrityError, match="書き換えられています"):
        reopen(run)
    change_header(own, years={2026: {"retain_until": "2031-03-31", "lines": 1, "supplied": 5}})
    assert reopen(run) == own
    change_header(own, seal=None)
    with pytest.raises(IntegrityError, match="書き換えられています"):
        reopen(run)


def test_the_seal_of_the_header_is_a_keyed_digest_of_the_years_and_their_lines(own: Office) -> None:
    keep(own, 2026, b"supplied", 5, SUPPLIED)
    content = yaml.safe_load((own.folder / HEADER_NAME).read_text(encoding="utf-8"))
    told = b'["register", [[2026, 0, 5]]]'
    assert content["seal"] == hmac.new(own.key.digest_key, told, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("changes", [{"demonstration": False}, {"key": "0" * 16}, {"key": None}])
def test_a_header_of_another_register_is_refused(
    own: Office, run: Path, changes: dict[str, object]
) -> None:
    change_header(own, **changes)
    with pytest.raises(IntegrityError, match="鍵と合いません"):
        reopen(run)


def test_a_handed_key_of_another_register_keeps_nothing(
    own: Office, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(own, 2026, b"x", 1)
    before = (own.folder / "r2026.age").read_bytes()
    monkeypatch.setenv(REGISTER_KEY_VARIABLE, pack_key(generate_key(True)))
    with pytest.raises(IntegrityError, match="鍵と合いません"):
        reopen(run)
    assert (own.folder / "r2026.age").read_bytes() == before


def test_a_lost_key_is_never_replaced_while_a_table_is_there(
    own: Office, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(own, 2026, b"x", 1)
    (own.folder / REGISTER_KEY_NAME).unlink()
    monkeypatch.delenv(REGISTER_KEY_VARIABLE)
    with pytest.raises(IntegrityError, match="受付簿の鍵がありません"):
        reopen(run)
    assert not (own.folder / REGISTER_KEY_NAME).exists()


def test_a_lost_table_is_never_begun_anew(own: Office) -> None:
    keep(own, 2026, b"x", 1)
    (own.folder / "r2026.age").unlink()
    with pytest.raises(IntegrityError, match=r"r2026\.age: 受付簿の表がありません"):
        read_kept(own, 2026)


def test_the_two_tables_of_a_year_are_kept_apart_with_lines_of_their_own(own: Office) -> None:
    keep(own, 2026, b"applications", 3)
    assert read_kept(own, 2026, SUPPLIED) is None
    keep(own, 2026, b"supplied", 5, SUPPLIED)
    keep(own, 2026, b"more applications", 4)
    assert read_kept(own, 2026) == (b"more applications", 4)
    assert read_kept(own, 2026, SUPPLIED) == (b"supplied", 5)
    assert read_header(own) == {2026: YearHeader("2032-03-31", 4, 5)}
    (own.folder / "supplied_r2026.age").unlink()
    with pytest.raises(IntegrityError, match=r"supplied_r2026\.age: 提供の控えがありません"):
        read_kept(own, 2026, SUPPLIED)


@pytest.mark.parametrize("content", [b"", b"x", b"age-encryption.org/v1\n"])
def test_a_damaged_table_is_refused(own: Office, content: bytes) -> None:
    keep(own, 2026, b"x", 1)
    (own.folder / "r2026.age").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"r2026\.age: この鍵では開けません"):
        read_kept(own, 2026)


def test_a_beginning_that_was_cut_off_before_the_key_begins_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "lock_key", lambda *_: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            reopen(run)
    assert not (run.parents[1] / REGISTER / DEMONSTRATION / REGISTER_KEY_NAME).exists()
    assert read_header(reopen(run)) == {}


def test_two_first_openings_make_one_key(run: Path) -> None:
    found: list[Office] = []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait(30)
        found.append(reopen(run))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 3
    assert len(set(found)) == 1
