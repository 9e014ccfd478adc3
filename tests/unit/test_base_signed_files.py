"""Files of officers with their signatures: signed as a whole, by themselves, and kept as written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import DEMONSTRATION_OFFICERS, Officer, is_signed
from recruitlib.base.signed_files import (
    describe_signed,
    refuse_said,
    require_signed,
    require_two_signed,
    sign_file,
)
from recruitlib.base.traces import remember_terms
from recruitlib.cli import commands
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, STAFF, sign_as, sign_content_as
from tests.unit.stages import KEY, make_residents

TEXT = """# 提供の確認書
demonstration: true
run_id: r8      # 実行名
first: 見本A
second: 見本B
serials: [1, 2]
handed_over_labels: 2
"""
ROLES = {"first": "準備した人", "second": "確認した人"}


def write(path: Path, text: str = TEXT) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> dict[str, object]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_two_officers_sign_and_the_text_stays_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "handover.yaml")
    for staff_id in (STAFF, SECOND, STAFF):
        sign_file(path, sign_as(staff_id))
    assert path.read_text(encoding="utf-8").startswith(TEXT)
    require_two_signed(path, read(path), OFFICERS, ROLES)


def test_a_changed_word_asks_for_every_signature_again(tmp_path: Path) -> None:
    path = write(tmp_path / "handover.yaml")
    for staff_id in (STAFF, SECOND):
        sign_file(path, sign_as(staff_id))
    write(path, path.read_text(encoding="utf-8").replace("[1, 2]", "[1, 3]"))
    sign_file(path, sign_as(SECOND))
    with pytest.raises(AwaitingPerson, match="見本A"):
        require_two_signed(path, read(path), OFFICERS, ROLES)
    sign_file(path, sign_as(STAFF))
    require_two_signed(path, read(path), OFFICERS, ROLES)


def test_a_signature_cannot_be_taken_from_another_file(tmp_path: Path) -> None:
    path, other = write(tmp_path / "a.yaml"), write(tmp_path / "b.yaml", TEXT.replace("r8 ", "r9 "))
    for staff_id in (STAFF, SECOND):
        sign_file(other, sign_as(staff_id))
    content = {**read(path), "signatures": read(other)["signatures"]}
    with pytest.raises(AwaitingPerson):
        require_signed(path, content, OFFICERS, [STAFF])


def test_one_login_is_one_person_outside_demonstrations(tmp_path: Path) -> None:
    content = sign_content_as({**read(write(tmp_path / "a.yaml")), "demonstration": False}, STAFF, SECOND)  # fmt: skip
    one_login = {name: one._replace(login="x") for name, one in OFFICERS.items()}
    with pytest.raises(AwaitingPerson, match="ログインが同じ"):
        require_two_signed(tmp_path / "a.yaml", content, one_login, ROLES)


def test_what_stands_behind_the_signatures_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml")
    sign_file(path, sign_as(STAFF))
    write(path, path.read_text(encoding="utf-8") + "serials_more: [3]\n")
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="最後に置いて"):
        sign_file(path, sign_as(SECOND))
    assert path.read_bytes() == before


def test_a_file_with_an_end_mark_is_not_signed_into_one_that_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", f"{TEXT}...\n")
    with pytest.raises(ParameterError, match="終わりの印"):
        sign_file(path, sign_as(STAFF))
    assert path.read_text(encoding="utf-8") == f"{TEXT}...\n"


def test_the_record_can_check_the_signatures_without_the_office(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml")
    for staff_id in (STAFF, SECOND):
        sign_file(path, sign_as(staff_id))
    told = describe_signed(read(path), OFFICERS, [STAFF, SECOND])
    for staff_id, signature in told["signatures"].items():
        officer = Officer(**told["officers"][staff_id])
        signed = {"purpose": "file", "kind": "handover", "content": told["content"]}
        assert is_signed(officer, signed, signature)
        signed["content"] = {**told["content"], "serials": [1]}
        assert not is_signed(officer, signed, signature)


# Control characters are refused when a file is read.
SIGNS = st.characters(exclude_categories=("Cc", "Cs"))
SCALARS = st.none() | st.booleans() | st.integers() | st.text(SIGNS, max_size=20)


@given(
    st.dictionaries(
        st.text(SIGNS, min_size=1, max_size=12).filter(lambda name: name != "signatures"),
        SCALARS | st.lists(SCALARS, max_size=3), min_size=1, max_size=5,
    )
)  # fmt: skip
def test_whatever_a_file_says_signing_changes_no_word_of_it(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("signed") / "a.yaml"
    said = {**said, "attestations": []}
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    before = read(path)
    sign_file(path, sign_as(STAFF))
    content = read(path)
    require_signed(path, content, OFFICERS, [STAFF])
    content.pop("signatures")
    assert content == before


DECISION = {
    "purpose": "decision", "run_id": "r8", "demonstration": True, "case": 1, "digest": "0" * 16,
    "decision": "matched", "reason": "typing_error", "decided_by": STAFF,
}  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        DECISION,
        {"purpose": "approval", "digest": "1" * 64, "parts": {}, "approved_by": STAFF},
        {"purpose": "duty", "demonstration": True, "before": "0" * 64, "act": "settled"},
        {"run_id": "r8"},
        {"attestations": [], "handed_over_labels": 2},
    ],
    ids=lambda said: str(said.get("purpose", list(said))),
)
def test_nothing_but_a_file_of_officers_is_signed(tmp_path: Path, said: dict[str, object]) -> None:
    path = write(tmp_path / "a.yaml", yaml.safe_dump(said))
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="のどれでもない"):
        sign_file(path, sign_as(STAFF))
    result = CliRunner().invoke(commands, ["sign", str(path), "--by", STAFF])
    assert isinstance(result.exception, ParameterError)
    assert path.read_bytes() == before


def test_no_signature_of_a_file_is_one_of_a_decision(tmp_path: Path) -> None:
    # The names of a file beside those of a decision: the file can be signed, the decision is not.
    path = write(tmp_path / "a.yaml", yaml.safe_dump({**DECISION, "attestations": []}))
    sign_file(path, sign_as(STAFF))
    signature = read(path)["signatures"][STAFF]  # type: ignore[index]
    require_signed(path, read(path), OFFICERS, [STAFF])
    for said in (DECISION, {**DECISION, "attestations": []}):
        assert not is_signed(OFFICERS[STAFF], said, signature)


def test_the_command_shows_what_is_signed_and_signs(tmp_path: Path) -> None:
    for name in ("params", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / DEMONSTRATION_OFFICERS).write_bytes((ROOT / DEMONSTRATION_OFFICERS).read_bytes())
    path = write(tmp_path / "params/handover.yaml")
    result = CliRunner().invoke(commands, ["sign", str(path), "--by", STAFF])
    assert result.exit_code == 0, result.output
    assert "handover.yaml: 提供の確認書" in result.output
    assert "serials: [1, 2]" in result.output
    assert "見本A が署名しました" in result.output
    require_signed(path, read(path), OFFICERS, [STAFF])


def test_words_of_a_person_are_refused_with_where_they_stand_and_never_repeated(
    tmp_path: Path,
) -> None:
    remember_terms(tmp_path, KEY, "01", make_residents({"full_name": "架空野　花子"}))
    said = {
        "received_by": "募集課", "serials": [1, 2], "remains": {"写し.csv": "kept: 監査"},
        "attestations": [{"evidence": "規程"}, {"evidence": "覚書"}],
    }  # fmt: skip
    path = tmp_path / "handover.yaml"
    refuse_said(tmp_path, KEY, path, said)
    said["received_by"] = "架空野花子"
    said["remains"] = {"写し.csv": "kept: 監査", "架空野 花子.csv": "kept: 監査"}
    said["attestations"] = [{"evidence": "規程"}, {"evidence": "架空野 花子の件"}]
    places = "received_by、remains の2件目、attestations の2件目"
    with pytest.raises(ParameterError, match=f"handover.yaml: {places} に") as stop:
        refuse_said(tmp_path, KEY, path, said)
    assert "花子" not in str(stop.value)
