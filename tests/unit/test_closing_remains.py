"""Remains: what programs leave beside a run's files, and copies of these under any name, are found.

Names: Excel writes ``~$x.xlsx`` and LibreOffice ``.~lock.x.xlsx#`` beside an open workbook; the
trash is ``.local/share/Trash`` or ``.Trash-1000`` (freedesktop.org Trash specification 1.0) and
``$RECYCLE.BIN`` on Windows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from recruitlib.base.audit import append_entry
from recruitlib.base.errors import GuardError, ParameterError
from recruitlib.base.run import Stage
from recruitlib.base.traces import remember_terms
from recruitlib.closing import disposal
from recruitlib.closing.attestation import check_sources
from recruitlib.closing.private_files import list_private
from recruitlib.closing.remains import check_remains, search_remains
from recruitlib.handover.sources import SOURCES, list_sources, note_sources, note_used
from tests.unit.closings import GONE, KEPT, attest, begin, own_places, place_sources
from tests.unit.stages import KEY, list_last_answer, make_residents

__all__ = ["own_places"]
SOURCE = b"a source file with many people in it\n"


def find(stage: Stage) -> list[str]:
    return search_remains(stage).remains


def place(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def note(stage: Stage) -> None:
    """Place the sources, let 05 note them, and let the office delete them."""
    place_sources(stage, SOURCE)
    note_sources(stage)
    shutil.rmtree(stage.root / "inputs")


def test_a_clean_run_has_no_remains(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage)
    note_sources(stage)
    place(tmp_path / "inputs/next_year/registry.csv", b"another file")
    searched = search_remains(stage)
    assert (searched.remains, searched.strangers) == ([], [])
    assert searched.whole


def test_a_search_that_did_not_see_everything_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    for number in range(6):
        place(tmp_path / f"inputs/{number}.csv")
    disposal.destroy_private(stage, attest(GONE))
    monkeypatch.setattr("recruitlib.closing.remains._MOST", 5)
    assert not search_remains(stage).whole
    disposal.prove_nothing_left(stage, attest(GONE))
    assert "途中まで" in (stage.folder / "audit.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "left",
    [
        "inputs/test_ward/~$applications_counter.xlsx",
        "inputs/test_ward/.~lock.applications_counter.xlsx#",
        "inputs/test_ward/registry.csv.bak",
        "inputs/test_ward/registry.csv~",
        "inputs/test_ward/.registry.csv.partial",
        "inputs/A1B2C3D4.tmp",
        "A1B2C3D4.TMP",
        "notebooks/.ipynb_checkpoints/03_review_counts-checkpoint.ipynb",
        "inputs/.ipynb_checkpoints/registry-checkpoint.csv",
        ".Trash-1000/files/registry.csv",
        ".Trash/registry.csv",
        "$RECYCLE.BIN/S-1-5-21/$R1A2B3.csv",
        ".local/share/Trash/files/registry.csv",
        "inputs/labels_all.pdf",
        "LABELS_ALL.PDF",
        "inputs/labels_all - コピー.pdf",
    ],
)
def test_what_a_program_leaves_in_the_project_folder_stops_until_it_is_gone_or_kept(
    tmp_path: Path, left: str
) -> None:
    # A51, 尼崎市: data was not erased after use.
    stage = begin(tmp_path)
    path = place(tmp_path / left)
    before = list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape(f"開いたときの残りが 1 個あります（{left}）")):
        disposal.destroy_private(stage, attest(GONE))
    assert list_private(stage.folder) == before
    kept = attest(GONE, remains={left: "kept: 監査のため"})
    disposal.destroy_private(stage, kept)
    disposal.prove_nothing_left(stage, kept)
    assert ("保有: 監査のため") in disposal.tabulate_disposal(stage, kept, {})["状態"].tolist()
    path.unlink()
    with pytest.raises(GuardError, match="見つからないファイルが 1 個あります"):
        disposal.prove_nothing_left(stage, kept)
    stage = begin_again(stage)
    disposal.prove_nothing_left(stage, attest(GONE))
    assert list_last_answer(stage, "closing.nothing_left") == "yes"


def begin_again(stage: Stage) -> Stage:
    append_entry(stage.folder, "06", "begun", files={})
    return stage


@pytest.mark.parametrize("where", ["inputs/deep/er/old list.txt", "x.dat"])
@pytest.mark.parametrize("what", ["source", "label"])
def test_a_copy_is_found_under_any_name_also_after_the_file_itself_is_gone(
    tmp_path: Path, where: str, what: str
) -> None:
    stage = begin(tmp_path)
    note(stage)
    content = SOURCE if what == "source" else (stage.folder / "private/labels_all.pdf").read_bytes()
    disposal.destroy_private(stage, attest(GONE))
    assert find(stage) == []
    place(tmp_path / where, content)
    assert find(stage) == [where]
    place(tmp_path / where, content[:-1] + b"?")
    assert find(stage) == []


@pytest.mark.parametrize("where", ["scratch", "scratch/Temp1_list.zip", "home/.local/share/Trash/files",
                                   "home/.Trash", "home/.local/share/Trash/files/a folder"])  # fmt: skip
def test_a_copy_outside_the_project_is_found_by_its_bytes_or_by_the_name_of_a_label_pdf(
    tmp_path: Path, where: str
) -> None:
    stage = begin(tmp_path / "project")
    note(stage)
    folder = tmp_path / "machine" / where
    outside = place(folder / "x.dat", SOURCE)
    labels = place(folder / "labels_all (1).pdf")
    place(folder / "other.csv")
    place(folder / "other.csv.bak")
    place(folder / "registry.csv")  # another program's, by its bytes
    lock = place(folder / ".~lock.registry.csv#")
    shown = [outside, labels, lock]
    home = tmp_path / "machine/home"
    assert sorted(find(stage)) == sorted(
        f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path) for path in shown
    )


def test_that_folder_may_hold_the_project_and_pipes_that_never_end(tmp_path: Path) -> None:
    stage = begin(tmp_path / "machine/scratch/ward")
    place_sources(stage, SOURCE)
    note_sources(stage)
    os.mkfifo(tmp_path / "machine/scratch/pipe")
    os.mkfifo(tmp_path / "machine/scratch/labels_all.pdf.pipe")
    assert find(stage) == [str(tmp_path / "machine/scratch/labels_all.pdf.pipe")]


def test_an_exported_workbook_in_the_temporary_folder_is_found(tmp_path: Path) -> None:
    stage = begin(tmp_path / "project")
    append_entry(stage.folder, "", "exported", kind="register", file="r8.xlsx", due="2026-06-30")
    path = place(tmp_path / "machine/scratch/Rar$DI/r8.xlsx")
    assert find(stage) == [str(path)]


QUIET = ["runs/other", "register", ".venv/lib", ".git", "node_modules", "mine"]


def make_quiet(root: Path) -> None:
    place(root / "runs/other/audit.jsonl")
    for name in (".venv", "mine"):
        place(root / name / "pyvenv.cfg")


def test_by_name_nothing_is_asked_in_other_runs_the_register_and_folders_of_programs(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    make_quiet(tmp_path)
    for folder in QUIET:
        for name in ("labels_all.pdf", "x.bak", ".x.partial", "run.key.age"):
            place(tmp_path / folder / name)
    assert find(stage) == []


@pytest.mark.parametrize("where", [*QUIET, "runs", "runs/no_run", "runs/other/private"])
@pytest.mark.parametrize("what", ["source", "private/labels_all.pdf", "private/recipients.age"])
def test_a_copy_is_found_by_its_bytes_in_every_folder_of_the_project(
    tmp_path: Path, where: str, what: str
) -> None:
    stage = begin(tmp_path)
    make_quiet(tmp_path)
    note(stage)
    content = SOURCE if what == "source" else (stage.folder / what).read_bytes()
    disposal.destroy_private(stage, attest(GONE))
    path = place(tmp_path / where / "x.dat", content)
    assert find(stage) == [f"{where}/x.dat"]
    path.write_bytes(content[:-1] + b"?")
    assert find(stage) == []


@pytest.mark.parametrize("where", ["saved/x.dat", ".git/x.dat"])
def test_a_copy_of_the_key_stops_the_closing_before_anything_is_erased(
    tmp_path: Path, where: str
) -> None:
    stage = begin(tmp_path)
    copy = place(tmp_path / where, (stage.folder / "private/run.key.age").read_bytes())
    before = list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape(where)):
        disposal.destroy_private(stage, attest(GONE))
    assert list_private(stage.folder) == before
    copy.unlink()
    disposal.destroy_private(stage, attest(GONE))
    place(tmp_path / where, (stage.folder / "private/run.key.age").read_bytes())
    assert find(stage) == [where]


@pytest.mark.parametrize("name", ["run.key.age", "run.key.age.2", "RUN.KEY (1).AGE"])
def test_a_key_that_was_locked_anew_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    stage = begin(tmp_path)
    place(tmp_path / "saved" / name, b"the key under another passphrase")
    place(tmp_path / "saved/other.age", b"another file")
    assert find(stage) == [f"saved/{name}"]


def test_an_empty_source_file_is_nobody_s_copy(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage, b"")
    note_sources(stage)
    place(tmp_path / "inputs/empty.csv", b"")
    assert find(stage) == []


def test_a_file_in_the_run_s_folder_that_is_not_of_the_record_must_go(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    for name in ("notebooks/06_close_run.ipynb", "live/03_review_counts.ipynb"):
        place(stage.folder / name)
    assert search_remains(stage).strangers == []
    place(stage.folder / "handover/a scan.pdf")
    name = "runs/test_ward/handover/a scan.pdf"
    searched = search_remains(stage)
    assert searched.strangers == [name]
    (problem,) = check_remains(searched, {})
    assert problem.startswith(f"この実行の記録にないファイルが 1 個あります（{name}）。")


def test_many_remains_are_counted_and_the_first_twenty_named(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    for number in range(23):
        place(tmp_path / f"inputs/{number:02d}.bak")
    (problem,) = check_remains(search_remains(stage), {"inputs/00.bak": "kept: 監査のため"})
    assert "22 個あります" in problem
    assert "inputs/20.bak ほか 2 個" in problem
    assert "inputs/21.bak" not in problem


def test_a_name_that_tells_of_a_person_is_not_shown(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    person = make_residents({"full_name": "架空野　花子"})
    remember_terms(stage.folder, KEY, "01", person)
    place(tmp_path / "inputs/架空野花子/架空野花子.csv.bak")
    place(tmp_path / "inputs/架空野　花子.csv.bak")
    shown = find(stage)
    assert len(shown) == 2
    assert not [name for name in shown if "花子" in name]
    assert all(name.startswith("inputs/（名前に個人の情報がある") for name in shown)
    assert all(name.endswith("）.bak") for name in shown)


def test_the_sources_are_noted_with_keyed_digests_and_without_names(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage, SOURCE)
    stage.locate("form_file").unlink()
    note_sources(stage)
    lines = (stage.folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    (noted,) = [json.loads(line) for line in lines if "sources_noted" in line]
    assert set(noted["facts"]["sources"]) == {*SOURCES} - {"form_file"}
    digest = hmac.new(KEY.digest_key, SOURCE, hashlib.sha256).hexdigest()
    assert noted["facts"]["sources"]["registry_file"] == [len(SOURCE), digest]


def test_a_file_that_an_act_has_read_is_a_source_by_its_path(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    given = {**stage.parameters, "handover_registry_file": "inputs/r8/0521.csv"}
    act = replace(stage, number="05", parameters=given)
    place(act.locate("handover_registry_file"), SOURCE)
    note_used(act)
    assert list_sources(stage)["inputs/r8/0521.csv"] == tmp_path / "inputs/r8/0521.csv"
    assert len(list_sources(stage)) == len(SOURCES) + 1
    problems = check_sources(stage, attest(GONE))
    assert [one for one in problems if "作業で読んだファイル inputs/r8/0521.csv" in one]
    gone = {**GONE, "inputs/r8/0521.csv": "destroyed"}
    assert "ファイルが残っています" in check_sources(stage, attest(gone))[0]
    act.locate("handover_registry_file").unlink()
    assert check_sources(stage, attest(gone)) == []
    other = {**gone, "inputs/r8/another.csv": "destroyed"}
    assert "読んだファイルではありません" in check_sources(stage, attest(other))[0]
    # A copy of it is known by its content although the file is gone.
    place(tmp_path / "inputs/copied.txt", SOURCE)
    assert find(stage) == ["inputs/copied.txt"]


def test_a_file_that_a_stage_had_read_before_it_was_begun_again_is_asked_for_too(
    tmp_path: Path,
) -> None:
    # An application before the print takes the run back: the lists of the load day lie there still.
    stage = begin(tmp_path)
    earlier = place(tmp_path / "inputs/0518.csv", b"the list of the load day")
    for path in ("inputs/0518.csv", stage.parameters["form_file"]):
        append_entry(stage.folder, "02", "begun", parameters={"form_file": path})
    assert len(list_sources(stage)) == len(SOURCES) + 1
    (problem,) = check_sources(stage, attest(GONE))
    assert "inputs/0518.csv" in problem
    (problem,) = check_sources(stage, attest({**GONE, "inputs/0518.csv": "destroyed"}))
    assert "ファイルが残っています" in problem
    assert check_sources(stage, attest({**GONE, "inputs/0518.csv": "kept: 監査のため"})) == []
    earlier.unlink()
    assert check_sources(stage, attest({**GONE, "inputs/0518.csv": "destroyed"})) == []


def test_a_file_named_after_a_person_does_not_enter_the_chain(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    remember_terms(stage.folder, KEY, "01", make_residents({"full_name": "架空野　花子"}))
    given = {**stage.parameters, "handover_registry_file": "inputs/架空野花子.csv"}
    with pytest.raises(ParameterError, match="名前に個人の情報"):
        note_used(replace(stage, number="05", parameters=given))
    assert "花子" not in (stage.folder / "audit.jsonl").read_text(encoding="utf-8")


def test_a_source_that_is_kept_is_no_copy_of_itself(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage, SOURCE)
    note_sources(stage)
    disposal.destroy_private(stage, attest(KEPT))
    disposal.prove_nothing_left(stage, attest(KEPT))
    assert list_last_answer(stage, "closing.nothing_left") == "yes"
