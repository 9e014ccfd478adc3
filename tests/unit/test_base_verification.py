"""The verification: whatever is changed, gone or added in a record's folder is named.

A whole run is tried in tests/pipeline/test_record_proof.py.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pyrage
import pytest

from recruitlib.base.audit import append_entry, digest_bytes
from recruitlib.base.counts import Count, write_counts
from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.record import seal_notebooks
from recruitlib.base.vault import RunKey, write_private
from recruitlib.base.verification import verify_record
from tests.unit.courses import answer_guards, begin_entry, complete_entry, go_through

LETTER = "handover/cover_letter.pdf"
FIRST = f"notebooks/{NOTEBOOKS['01']}"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Make a run with a sealed notebook, a private table and a document."""
    run, key = tmp_path, RunKey(str(pyrage.x25519.Identity.generate()), b"0" * 32)
    begin_entry(run, "01")
    (run / "notebooks").mkdir()
    cells = [nbformat.v4.new_markdown_cell("取込")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), run / f"{FIRST}.ipynb")
    seal_notebooks(run, key)
    go_through(run, "04")
    begin_entry(run, "05")
    answer_guards(run, "05")
    files = {"private/void.age": write_private(run, key, "void", b"x")}
    counts = [Count("18", "handed_over", 0)]
    pages = {"counts.csv": write_counts(counts), LETTER: b"letter"}
    for name, content in pages.items():
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(content)
        files[name] = digest_bytes(content)
    complete_entry(run, "05", files=files, counts=[list(count) for count in counts])
    assert verify_record(run) == []
    return run


VOUCHED = [
    f"{FIRST}.ipynb", f"{FIRST}.html", "private/void.age", "counts.csv", LETTER,
]  # fmt: skip


@pytest.mark.parametrize("name", VOUCHED)
def test_a_changed_file_is_named(whole: Path, name: str) -> None:
    content = bytearray((whole / name).read_bytes())
    content[-1] ^= 1
    (whole / name).write_bytes(bytes(content))
    assert verify_record(whole) == [f"{name}: 変えられています。"]


@pytest.mark.parametrize("name", VOUCHED)
def test_a_missing_file_is_named(whole: Path, name: str) -> None:
    (whole / name).unlink()
    assert verify_record(whole) == [f"{name}: ありません。"]


@pytest.mark.parametrize(
    "name",
    [
        "名簿.xlsx",
        "private/copy.age",
        "notebooks/old.ipynb",
        "handover/a/b.pdf",
        ".counts.csv.partial",
    ],
)
def test_a_file_that_the_record_does_not_know_is_named(whole: Path, name: str) -> None:
    (whole / name).parent.mkdir(exist_ok=True)
    (whole / name).write_bytes(b"x")
    assert verify_record(whole) == [f"{name}: 記録にないファイルです。"]


def test_all_problems_of_a_record_are_named_at_once(whole: Path) -> None:
    (whole / "counts.csv").unlink()
    (whole / LETTER).write_bytes(b"other")
    (whole / "stray.txt").write_bytes(b"")
    assert verify_record(whole, "0" * 64) == [
        "counts.csv: ありません。",
        "handover/cover_letter.pdf: 変えられています。",
        "stray.txt: 記録にないファイルです。",
        "紙の先頭値と合いません。打ち間違いでなければ、記録が切り詰められたか、作り直されています。",
    ]


def test_a_file_put_back_as_it_was_is_whole_again(whole: Path) -> None:
    content = (whole / "counts.csv").read_bytes()
    (whole / "counts.csv").write_bytes(b"")
    assert verify_record(whole)
    (whole / "counts.csv").write_bytes(content)
    assert verify_record(whole) == []


@pytest.mark.parametrize("name", ["handover/架空太郎", "notebooks/a/b", "private/copy", "空"])
def test_an_empty_folder_that_the_record_does_not_know_is_named(whole: Path, name: str) -> None:
    for own in ("live", "private", "notebooks"):
        (whole / own).mkdir(exist_ok=True)
    assert verify_record(whole) == []
    (whole / name).mkdir(parents=True)
    assert verify_record(whole) == [f"{name}: 記録にないフォルダです。"]


def test_a_head_of_the_last_papers_holds_only_with_the_hand_over_after_it(tmp_path: Path) -> None:
    go_through(tmp_path, "04")
    begin_entry(tmp_path, "05")
    answer_guards(tmp_path, "05")
    head = append_entry(tmp_path, "05", "supplied", labels=2)["hash"]
    told = "先頭値の紙は提供の紙ですが、その提供が記録にありません。"
    assert verify_record(tmp_path, head) == [told]
    append_entry(tmp_path, "05", "completing", writes=[])
    complete_entry(tmp_path, "05")
    assert verify_record(tmp_path, head) == []
