"""Officers: a staff id typed by somebody else signs nothing, and one person is never two."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base import officers
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import (
    Officer,
    Signer,
    add_officer,
    check_two_officers,
    is_signed,
    locate_officers,
    name_officer,
    open_signer,
    read_officer_passphrase,
    read_officers,
    require_two_officers,
    sign_content,
)
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, STAFF, sign_as

PASSPHRASE = "朝は味噌汁と白い飯を食べる"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an office to whose PCs the officers log in as ``kou`` and ``otsu``."""
    log_in(monkeypatch, "kou")
    return tmp_path


def log_in(monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    monkeypatch.setattr(officers, "find_login", lambda: login)


def test_an_officer_adds_himself_and_signs(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = add_officer(office, False, "1024", "主任", PASSPHRASE)
    log_in(monkeypatch, "otsu")
    add_officer(office, False, "1025", "係長", PASSPHRASE[::-1])
    listed = read_officers(office, demonstration=False)
    assert listed["1024"] == added == Officer("1024", "主任", "kou", added.public_key)
    assert list(listed) == ["1024", "1025"]
    text = locate_officers(office, False).read_text(encoding="utf-8")
    assert PASSPHRASE not in text and "PRIVATE" not in text
    log_in(monkeypatch, "kou")
    signer = open_signer(office, False, "1024", PASSPHRASE)
    content = {"purpose": "test", "number": 1}
    assert is_signed(added, content, sign_content(signer, content))
    assert not is_signed(listed["1025"], content, sign_content(signer, content))
    assert PASSPHRASE not in repr(signer) and "PrivateKey" not in repr(signer)


@pytest.mark.parametrize(
    ("staff_id", "passphrase", "login", "told"),
    [
        ("1024", PASSPHRASE[::-1], "kou", "合言葉が違います"),
        ("1024", "", "kou", "合言葉が違います"),
        ("9999", PASSPHRASE, "kou", "職員の一覧にありません"),
        ("1024", PASSPHRASE, "otsu", "別のログイン"),
    ],
)
def test_nobody_else_opens_the_key(
    office: Path, monkeypatch: pytest.MonkeyPatch, staff_id: str, passphrase: str, login: str,
    told: str,
) -> None:  # fmt: skip
    add_officer(office, False, "1024", "主任", PASSPHRASE)
    log_in(monkeypatch, login)
    with pytest.raises(ParameterError, match=told) as stop:
        open_signer(office, False, staff_id, passphrase)
    assert not passphrase or passphrase not in str(stop.value)


@pytest.mark.parametrize(
    ("staff_id", "title", "login", "told"),
    [
        ("1024", "係長", "otsu", "もう登録されています"),
        ("１０２４", "係長", "otsu", "もう登録されています"),
        ("1025", "", "otsu", "職名"), ("1025", "　", "otsu", "職名"), ("1025", "係\n長", "otsu", "職名"),
        ("", "係長", "otsu", "職員番号は"), ("12345678", "係長", "otsu", "7桁まで"),
        ("a b", "係長", "otsu", "職員番号は"), ("../x", "係長", "otsu", "職員番号は"),
        ("x" * 17, "係長", "otsu", "職員番号は"),
    ],
)  # fmt: skip
def test_one_person_is_added_once_and_what_is_no_staff_id_never(
    office: Path, monkeypatch: pytest.MonkeyPatch, staff_id: str, title: str, login: str, told: str
) -> None:
    add_officer(office, False, "1024", "主任", PASSPHRASE)
    before = locate_officers(office, False).read_bytes()
    log_in(monkeypatch, login)
    with pytest.raises(ParameterError, match=told):
        add_officer(office, False, staff_id, title, PASSPHRASE)
    assert locate_officers(office, False).read_bytes() == before


def test_whoever_forgot_the_passphrase_comes_back_and_stays_one_person(office: Path) -> None:
    first = add_officer(office, False, "1024", "主任", PASSPHRASE)
    again = add_officer(office, False, "1024-2", "主任", PASSPHRASE[::-1])
    assert check_two_officers(first, again, demonstration=False) == "PC のログインが同じです"


@pytest.mark.parametrize("name", ["staff_id", "title", "login", "public_key", "signature"])
def test_an_entry_changed_by_hand_is_noticed(office: Path, name: str) -> None:
    add_officer(office, False, "1024", "主任", PASSPHRASE)
    path = locate_officers(office, False)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    other = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    content["officers"][0][name] = other if name == "public_key" else "AAAA"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match="1人目の職員の行が、登録の後に書き換えられています"):
        read_officers(office, demonstration=False)


def test_another_officers_locked_key_in_ones_own_entry_opens_nothing(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_officer(office, False, "1024", "主任", PASSPHRASE)
    log_in(monkeypatch, "otsu")
    add_officer(office, False, "1025", "係長", PASSPHRASE)
    path = locate_officers(office, False)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["officers"][1]["locked_key"] = content["officers"][0]["locked_key"]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match="書き換えられています"):
        open_signer(office, False, "1025", PASSPHRASE)


@pytest.mark.parametrize(
    "text", ["officers: 1", "officers: [a]", "officers: [{staff_id: a}]", "other: []"]
)
def test_a_file_that_is_no_list_of_officers_is_refused(office: Path, text: str) -> None:
    path = locate_officers(office, False)
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match="職員の一覧ではありません"):
        read_officers(office, demonstration=False)


def test_without_a_list_there_is_nobody(office: Path) -> None:
    assert read_officers(office, demonstration=False) == {}


CONTENTS = st.dictionaries(
    st.text(max_size=5), st.one_of(st.text(max_size=5), st.integers(), st.lists(st.integers()))
)


@given(CONTENTS, CONTENTS)
def test_a_signature_holds_for_exactly_one_content(
    content: dict[str, Any], other: dict[str, Any]
) -> None:
    signature = sign_content(sign_as(STAFF), content)
    assert is_signed(OFFICERS[STAFF], content, signature)
    assert is_signed(OFFICERS[STAFF], other, signature) == (content == other)
    assert not is_signed(OFFICERS[SECOND], content, signature)


@pytest.mark.parametrize("signature", ["", "A", "AAAA", "あ", None, 1, b"x", ["a"]])
def test_what_is_no_signature_signs_nothing(signature: object) -> None:
    assert not is_signed(OFFICERS[STAFF], {}, signature)


def test_a_signature_is_that_of_rfc_8032() -> None:
    # RFC 8032, 7.1, TEST 1 gives key and public key; the content is ours, checked by the library.
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    officer = Officer("x", "", "", base64.b64encode(public).decode())
    signer = Signer(officer, Ed25519PrivateKey.from_private_bytes(secret))
    assert is_signed(officer, {"a": 1}, sign_content(signer, {"a": 1}))


ONE = OFFICERS[STAFF]._replace(login="kou")
OTHER = OFFICERS[SECOND]._replace(login="otsu")


@pytest.mark.parametrize(
    ("second", "demonstration", "same"),
    [
        (OTHER, False, ""), (OTHER, True, ""),
        (OTHER._replace(login="kou"), True, ""),
        (OTHER._replace(login="kou"), False, "PC のログインが同じです"),
        (OTHER._replace(public_key=ONE.public_key), False, "署名の鍵が同じです"),
        (OTHER._replace(public_key=ONE.public_key), True, "署名の鍵が同じです"),
        (OTHER._replace(staff_id="見本Ａ"), False, "職員番号が同じです"),
        (ONE, True, "職員番号が同じです"),
    ],
)  # fmt: skip
def test_two_officers_differ_in_staff_id_key_and_login(
    second: Officer, demonstration: bool, same: str
) -> None:
    # A65: one officer was both, under another typed id.
    assert check_two_officers(ONE, second, demonstration) == same
    if same:
        with pytest.raises(AwaitingPerson, match=same):
            require_two_officers(ONE, second, demonstration, "確かめる人と決めた人")
    else:
        require_two_officers(ONE, second, demonstration, "確かめる人と決めた人")


def test_an_officers_passphrase_is_long_and_not_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for own, run in (("short", "x"), (PASSPHRASE, PASSPHRASE)):
        monkeypatch.setenv("RECRUITLIB_OFFICER_PASSPHRASE", own)
        monkeypatch.setenv("RECRUITLIB_PASSPHRASE", run)
        with pytest.raises(ParameterError, match="職員の合言葉は"):
            read_officer_passphrase("1024", demonstration=False)
    monkeypatch.setenv("RECRUITLIB_PASSPHRASE", "another passphrase")
    assert read_officer_passphrase("1024", demonstration=False) == PASSPHRASE


def test_the_shipped_officers_are_invented_and_named() -> None:
    assert [name_officer(OFFICERS, staff_id) for staff_id in (*OFFICERS, "x")] == [
        "見本A（担当者A（見本））", "見本B（地域コミュニティ課 係長（見本））", "見本C（取扱者C（見本））", "x",
    ]  # fmt: skip
    assert read_officers(ROOT, demonstration=True) == OFFICERS
