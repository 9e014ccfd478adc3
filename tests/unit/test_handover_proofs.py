"""What the run proves by itself: each proof holds on a right run and fails on one wrong thing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pandas as pd
import pikepdf
import pytest

from recruitlib.base.audit import append_entry
from recruitlib.base.run import Stage, ask_guard
from recruitlib.base.scope import read_scope
from recruitlib.base.vault import protect_folder
from recruitlib.handover import proofs
from recruitlib.handover.documents import describe_occasion, render_conditions
from recruitlib.handover.proofs import find_proofs
from tests.officers import SECOND, STAFF
from tests.unit.stages import make_stage, store


def make_pdf(password: str) -> bytes:
    content, document = io.BytesIO(), pikepdf.new()
    document.add_blank_page()
    lock = pikepdf.Encryption(user=password, owner=password) if password else False
    document.save(content, encryption=lock)
    return content.getvalue()


def begin(folder: Path) -> Stage:
    """Begin 05 as it stands when the papers are written."""
    stage = make_stage(folder, "05")
    protect_folder(stage.folder)
    store(stage, labels=pd.DataFrame({"serial": [1]}))
    keep(stage, "labels_all.pdf", make_pdf("print password"))
    append_entry(stage.folder, "05", "opened", file="private/labels.age")
    append_entry(stage.folder, "03", "approved", by=SECOND)
    ask_guard(stage, "handover.within_scope", [])
    (stage.folder / "handover").mkdir(mode=0o700)
    write_conditions(stage)
    append_entry(stage.folder, "05", "proposed", files={proofs.CONDITIONS: ""})
    return stage


def write_conditions(stage: Stage, words: tuple[str, str] = ("", "")) -> None:
    """Write the paper as 05 does, its words changed where a test wants it."""
    scope = read_scope(stage.locate("scope_file"))
    occasion = describe_occasion(stage.parameters, stage.today, "0" * 64)
    changed = scope._replace(purpose=scope.purpose.replace(*words) if words[0] else scope.purpose)
    (stage.folder / proofs.CONDITIONS).write_bytes(render_conditions(changed, occasion))


def keep(stage: Stage, name: str, content: bytes) -> Path:
    path = stage.folder / "private" / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def list_holding(stage: Stage) -> set[str]:
    return {name for name, proof in find_proofs(stage).items() if proof.holds}


def test_a_right_run_proves_every_word_of_the_checklists(tmp_path: Path) -> None:
    found = find_proofs(begin(tmp_path))
    assert [name for name, proof in found.items() if not proof.holds] == []
    assert "2 個のファイルは、すべて暗号化" in found["files_locked"].text
    assert "開いた 1 回と、合言葉の誤り 0 回" in found["openings_logged"].text
    assert "2026-04-20" in found["within_scope"].text


def test_a_run_that_has_only_begun_proves_only_what_its_scope_says(tmp_path: Path) -> None:
    assert list_holding(make_stage(tmp_path, "05")) == {"scope_approved", "handlers_designated"}


@pytest.mark.parametrize("content", [b"plain,text", b"", make_pdf("")])
@pytest.mark.parametrize("name", ["left.age", "left.pdf", "left"])
def test_a_file_that_is_not_encrypted_is_no_proof(
    tmp_path: Path, content: bytes, name: str
) -> None:
    stage = begin(tmp_path)
    keep(stage, name, content)
    proof = proofs.prove_files_locked(stage)
    assert not proof.holds
    assert "1 個あります" in proof.text


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize(
    ("place", "mode"), [(".", 0o750), ("private", 0o705), ("private/labels.age", 0o640)]
)
def test_what_others_can_open_is_no_proof(tmp_path: Path, place: str, mode: int) -> None:
    stage = begin(tmp_path)
    (stage.folder / place).chmod(mode)
    assert "files_locked" not in list_holding(stage)


def test_refused_passphrases_are_counted_and_the_scan_is_no_opening(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    append_entry(stage.folder, "", "unlock_refused")
    append_entry(stage.folder, "", "opened", file="private/terms_01.age")
    assert "開いた 1 回と、合言葉の誤り 1 回" in proofs.prove_openings_logged(stage).text


def test_an_approval_by_the_operator_proves_nothing(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    append_entry(stage.folder, "03", "approved", by=STAFF)
    assert "officers_signed" not in list_holding(stage)


def test_a_guard_that_said_no_stays_no_proof(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    append_entry(
        stage.folder, "05", "guard", guard="handover.within_scope", answer="no", note="", problems=["x"]
    )  # fmt: skip
    assert "within_scope" not in list_holding(stage)


def test_a_paper_of_an_earlier_attempt_or_one_that_is_gone_is_no_proof(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    assert "asked_in_conditions" in list_holding(stage)
    append_entry(stage.folder, "05", "begun", files={})
    assert "asked_in_conditions" not in list_holding(stage)
    append_entry(stage.folder, "05", "proposed", files={proofs.CONDITIONS: ""})
    (stage.folder / proofs.CONDITIONS).unlink()
    assert "asked_in_conditions" not in list_holding(stage)


def test_a_paper_that_does_not_say_what_was_to_be_asked_is_no_proof(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    write_conditions(stage, ("募集事務", "広告"))
    found = find_proofs(stage)["asked_in_conditions"]
    assert not found.holds and "(1)" in found.text and "(2)" not in found.text
    (stage.folder / proofs.CONDITIONS).write_bytes(b"%PDF")
    assert "asked_in_conditions" not in list_holding(stage)
    write_conditions(stage)
    assert "asked_in_conditions" in list_holding(stage)


def test_a_scope_without_memorandum_handler_or_approver_proves_nothing(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    text = stage.locate("scope_file").read_text(encoding="utf-8")
    for word, name in (("memorandum_on", "within_scope"), ("handlers", "handlers_designated"),
                       ("approved_by", "scope_approved")):  # fmt: skip
        empty = "[]" if word == "handlers" else '""'
        lines = [
            f"{word}: {empty}" if line.startswith(f"{word}:") else line
            for line in text.splitlines()
        ]
        path = tmp_path / f"{word}.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        other = Stage("05", stage.root, stage.folder, {**stage.parameters, "scope_file": str(path)},
                      stage.key, stage.today)  # fmt: skip
        assert name not in list_holding(other)
