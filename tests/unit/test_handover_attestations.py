"""The file of attestations: whoever attests something in it has signed the whole of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.handover.attestations import read_attestations
from tests.officers import OFFICERS, SECOND, STAFF, sign_content_as

ENTRY = {
    "code": "ward_01", "line": "0123456789abcdef", "attested_by": STAFF, "with": "相手", "attested_on": "2026-04-10",
    "until": "2027-03-31", "evidence": "打合せの記録",
}  # fmt: skip
OTHER = {**ENTRY, "code": "ward_02", "attested_by": SECOND}


def write(path: Path, *entries: object, signers: tuple[str, ...] = (STAFF, SECOND), **changes: Any) -> Path:  # fmt: skip
    content = {"demonstration": True, "attestations": list(entries), **changes}
    signed = sign_content_as(content, *signers)
    path.write_text(yaml.safe_dump(signed, allow_unicode=True), encoding="utf-8")
    return path


def test_a_signed_file_gives_its_attestations_and_what_was_signed(tmp_path: Path) -> None:
    given = read_attestations(write(tmp_path / "a.yaml", ENTRY, OTHER), OFFICERS, True)
    assert given.entries[0] == (
        "ward_01", "0123456789abcdef", STAFF, "相手", date(2026, 4, 10), date(2027, 3, 31), "打合せの記録",
    )  # fmt: skip
    assert [entry.attested_by for entry in given.entries] == [STAFF, SECOND]
    assert set(given.signed["signatures"]) == {STAFF, SECOND}
    assert given.signed["content"]["attestations"] == [ENTRY, OTHER]


def test_nothing_is_attested_before_the_file_is_there(tmp_path: Path) -> None:
    given = read_attestations(tmp_path / "none.yaml", OFFICERS, True)
    assert given.entries == ()
    assert given.signed == {}


@pytest.mark.parametrize(("signers", "missing"), [((), STAFF), ((STAFF,), SECOND), ((SECOND,), STAFF)])  # fmt: skip
def test_everybody_who_attests_must_have_signed(
    tmp_path: Path, signers: tuple[str, ...], missing: str
) -> None:
    path = write(tmp_path / "a.yaml", ENTRY, OTHER, signers=signers)
    with pytest.raises(AwaitingPerson, match=missing):
        read_attestations(path, OFFICERS, True)


@pytest.mark.parametrize("word", ["2027-03-31", "打合せの記録", "ward_02", "2026-04-10"])
def test_a_word_changed_after_the_signature_is_noticed(tmp_path: Path, word: str) -> None:
    path = write(tmp_path / "a.yaml", ENTRY, OTHER)
    changed = {"2027-03-31": "2028-03-31", "ward_02": "ward_03", "2026-04-10": "2026-04-11"}
    text = path.read_text(encoding="utf-8").replace(word, changed.get(word, "回答書"))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AwaitingPerson, match=re.escape("a.yaml")):
        read_attestations(path, OFFICERS, True)


def test_attestations_of_the_invented_ward_do_not_serve_a_real_run(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", ENTRY, OTHER)
    with pytest.raises(ParameterError, match="見本の証明"):
        read_attestations(path, OFFICERS, False)
    with pytest.raises(ParameterError, match="見本の証明"):
        read_attestations(write(path, ENTRY, demonstration=False), OFFICERS, True)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("ward_01", "code などの項目を書いてください"),
        ({**ENTRY, "until": None}, "until: 書かれていません"),
        ({**ENTRY, "note": "x"}, "note: 知らない項目"),
        ({**ENTRY, "evidence": " "}, "evidence: 空です"),
        ({**ENTRY, "until": "31.3.2027"}, "until: 日付は"),
        ({**ENTRY, "attested_on": "2026-02-30"}, "attested_on: 日付は"),
        ({**ENTRY, "until": "2026-04-09"}, "until が attested_on より前"),
        ({**ENTRY, "until": 20270331}, "until: 文字"),
    ],
)
def test_an_entry_that_is_none_is_told_by_its_place(
    tmp_path: Path, entry: object, problem: str
) -> None:
    path = write(tmp_path / "a.yaml", OTHER, entry)
    with pytest.raises(ParameterError, match=re.escape(f"2件目: {problem}")):
        read_attestations(path, OFFICERS, True)


def test_an_attesting_person_is_a_listed_officer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", {**ENTRY, "attested_by": "9999"})
    with pytest.raises(ParameterError, match="職員の一覧にありません"):
        read_attestations(path, OFFICERS, True)
