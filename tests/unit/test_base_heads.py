"""The office's note of each run's head: a record cut short or written anew is not gone on with."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.audit import AUDIT_NAME, append_entry, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.heads import (
    HEADS_NAME,
    check_noted,
    find_heads,
    is_noted,
    locate_heads,
    note_head,
    require_noted,
)
from recruitlib.base.verification import verify_record
from tests.conftest import ROOT
from tests.unit.courses import begin_entry, go_through

_KEYS = itertools.count()
DIFFERS = "記録が切り詰められたか、作り直されています。"


def begin(root: Path, kind: str = "production", name: str = "r8") -> Path:
    """Begin a run in a project."""
    for own in ("params", "notebooks"):
        (root / own).mkdir(exist_ok=True)
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    append_entry(folder, "", "key_made", key=next(_KEYS))  # every run has a key of its own
    append_entry(
        folder, "01", "begun", operator="S1", run_kind=kind,
        parameters={"run_id": name, "runs_folder": "runs"},
    )  # fmt: skip
    return folder


def read_note(root: Path) -> dict[str, Any]:
    """Read the note of an office."""
    text = (root / "register" / HEADS_NAME).read_text(encoding="utf-8")
    assert text.startswith("# ")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def test_the_note_says_how_far_each_run_has_come(tmp_path: Path) -> None:
    folder = begin(tmp_path)
    note_head(folder)
    entries = read_entries(folder)
    assert read_note(tmp_path) == {
        "runs/r8": {"first": entries[0]["hash"], "line": 2, "head": entries[1]["hash"]}
    }
    append_entry(folder, "01", "completed")
    note_head(begin(tmp_path, name="r9"))
    note_head(folder)
    assert {name: own["line"] for name, own in read_note(tmp_path).items()} == {
        "runs/r8": 3, "runs/r9": 2,
    }  # fmt: skip
    place = find_heads(folder, read_entries(folder))
    assert place is not None
    assert is_noted(place)
    # The record goes on between two notes.
    append_entry(folder, "02", "begun")
    assert check_noted(place, read_entries(folder)) == ""


def test_demonstrations_are_noted_in_a_folder_of_their_own(tmp_path: Path) -> None:
    note_head(begin(tmp_path, "demonstration"))
    assert (tmp_path / "register/demonstration" / HEADS_NAME).exists()
    assert not (tmp_path / "register" / HEADS_NAME).exists()


def test_a_copy_outside_of_any_project_notes_nothing_and_is_asked_nothing(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    folder = begin(tmp_path / "project")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    note_head(copy)
    assert find_heads(copy, read_entries(copy)) is None
    assert not list(tmp_path.glob("**/heads.yaml"))


def test_a_run_that_has_not_begun_is_not_noted(tmp_path: Path) -> None:
    begin(tmp_path)
    folder = tmp_path / "runs/other"
    folder.mkdir()
    append_entry(folder, "", "key_made")
    note_head(folder)
    assert not (tmp_path / "register").exists()


def cut(folder: Path) -> None:
    """Cut the last line off a record."""
    lines = (folder / AUDIT_NAME).read_bytes().splitlines(keepends=True)
    (folder / AUDIT_NAME).write_bytes(b"".join(lines[:-1]))


def begin_anew(folder: Path) -> None:
    """Remove a run and begin it under its name again."""
    shutil.rmtree(folder)
    begin(folder.parents[1])
    append_entry(folder, "01", "completed")


@pytest.mark.parametrize("forge", [cut, begin_anew])
def test_a_record_that_is_another_than_the_noted_one_is_refused_and_its_note_stays(
    tmp_path: Path, forge: Any
) -> None:
    folder = begin(tmp_path)
    append_entry(folder, "01", "completed")
    note_head(folder)
    before = read_note(tmp_path)
    forge(folder)
    assert verify_record(folder)[-1].endswith(DIFFERS)
    for act in (lambda: note_head(folder), lambda: require(folder)):
        with pytest.raises(IntegrityError, match="別の run_id で始めます"):
            act()
    assert read_note(tmp_path) == before


def require(folder: Path) -> None:
    """Require a record as a stage does that begins."""
    entries = read_entries(folder)
    require_noted(locate_heads(folder.parents[1], "runs", "r8", demonstration=False), entries)


def test_a_demonstration_may_be_made_anew_but_not_cut_short(tmp_path: Path) -> None:
    folder = begin(tmp_path, "demonstration")
    append_entry(folder, "01", "completed")
    note_head(folder)
    cut(folder)
    with pytest.raises(IntegrityError, match="別の run_id"):
        note_head(folder)
    shutil.rmtree(folder)
    begin(tmp_path, "demonstration")
    append_entry(folder, "", "anything")
    assert len(verify_record(folder)) == 1
    note_head(folder)
    assert verify_record(folder) == []


@pytest.mark.parametrize(
    "text", ["runs/r8: 3\n", "runs/r8: {line: 1}\n", "runs/r8: {first: a, line: 0, head: b}\n"]
)
def test_a_note_that_is_none_is_told_and_not_taken_for_a_run_that_was_never_noted(
    tmp_path: Path, text: str
) -> None:
    folder = begin(tmp_path)
    note_head(folder)
    (tmp_path / "register" / HEADS_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"register/heads\.yaml: 先頭値の控えではありません"):
        note_head(folder)
    assert "先頭値の控えではありません" in verify_record(folder)[0]


def test_a_run_past_its_first_completion_that_the_office_does_not_note_is_told(
    tmp_path: Path,
) -> None:
    for own in ("params", "notebooks"):
        (tmp_path / own).mkdir()
    shutil.copytree(ROOT / "params", tmp_path / "params", dirs_exist_ok=True)
    folder = tmp_path / "runs/r8"
    folder.mkdir(parents=True)
    go_through(folder, "01")  # cut off before it was noted
    assert verify_record(folder) == []
    begin_entry(folder, "02")
    note = tmp_path / "register/demonstration" / HEADS_NAME
    told = ["register の控え（heads.yaml）に、この実行がありません。控えが消されています。"]
    assert verify_record(folder) == told
    note_head(folder)
    assert verify_record(folder) == []
    note.unlink()
    assert verify_record(folder) == told
    copy = tmp_path.parent / f"{tmp_path.name}_copy"
    shutil.copytree(folder, copy)
    assert verify_record(copy) == []
