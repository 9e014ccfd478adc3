"""What a live session leaves: searched wherever JupyterLab may put it, then sealed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pandas as pd
import pyrage
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import AwaitingPerson, IntegrityError
from recruitlib.base.live_files import seal_live
from recruitlib.base.record import seal_notebooks
from recruitlib.base.run_lock import hold_run
from recruitlib.base.traces import remember_terms
from recruitlib.base.vault import PRIVATE, RunKey, read_private
from recruitlib.base.verification import verify_record

NAME = "架空野　花子"
NOTEBOOK = "03_review_counts_1.ipynb"
COPY = ".ipynb_checkpoints/03_review_counts_1-checkpoint.ipynb"
CLEAN = {
    NOTEBOOK: "件数 1,500", COPY: "件数 1,500", "review_1.log": "Saving file at /03.ipynb",
    "03_review_counts_1.html": "<p>件数</p>",
}  # fmt: skip


@pytest.fixture
def key() -> RunKey:
    return RunKey(str(pyrage.x25519.Identity.generate()), b"0" * 32)


@pytest.fixture
def run(tmp_path: Path, key: RunKey) -> Path:
    """Make a run that knows one person and that a live session has just left."""
    append_entry(tmp_path, "03", "begun", files={})
    remember_terms(tmp_path, key, "01", pd.DataFrame({"full_name": [NAME]}))
    for name, text in CLEAN.items():
        put(tmp_path, name, text)
    return tmp_path


def put(folder: Path, name: str, text: str) -> Path:
    """Put a file into the live folder; a notebook printed the text."""
    path = folder / "live" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ipynb":
        cell = nbformat.v4.new_code_cell("show()", execution_count=1, id="one")
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    else:
        path.write_text(text, encoding="utf-8")
    return path


def list_answers(folder: Path) -> list[str]:
    """List the answers of the scan."""
    return [
        entry["facts"]["answer"] for entry in read_entries(folder)
        if entry["event"] == "guard" and entry["facts"]["guard"] == "record.no_personal_data"
    ]  # fmt: skip


def test_what_is_clean_is_sealed_and_jupyterlab_s_copies_go(run: Path, key: RunKey) -> None:
    assert seal_live(run, key) == [
        "live/03_review_counts_1.html", f"live/{NOTEBOOK}", "live/review_1.log",
    ]  # fmt: skip
    assert list_answers(run) == ["yes"] * 4
    assert not (run / "live/.ipynb_checkpoints").exists()
    assert verify_record(run) == []
    assert seal_live(run, key) == []


@pytest.mark.parametrize("place", CLEAN)
def test_a_name_is_found_in_each_of_them_and_moved_and_the_others_are_sealed(
    run: Path, key: RunKey, place: str
) -> None:
    path = put(run, place, f"見た人: {NAME}")
    content = path.read_bytes()
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data") as caught:
        seal_live(run, key)
    assert not path.exists()
    assert read_private(run, key, f"trace_{path.name}", "") == content
    assert sorted(list_answers(run)) == ["no", "yes", "yes", "yes"]
    assert NAME not in str(caught.value) + (run / "audit.jsonl").read_text(encoding="utf-8")
    assert verify_record(run) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda run: put(run, f"{NAME}.txt", "件数"),
        lambda run: put(run, f"{NAME}/memo.txt", "件数"),
        lambda run: put(run, "review_1.log", f"404 GET /api/contents/{quote(NAME)}.ipynb"),
        lambda run: put(run, NOTEBOOK, "<td>架空野</td><td>花子</td>"),
        lambda run: put(run, "deep/down/memo.txt", "架空野花子"),
    ],
    ids=["name of a file", "name of a folder", "log in per cent", "over cells", "in a folder"],
)
def test_a_name_is_found_however_it_got_there(
    run: Path, key: RunKey, write: Callable[[Path], Path]
) -> None:
    path = write(run)
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data") as caught:
        seal_live(run, key)
    assert not path.exists()
    assert not list((run / "live").glob(f"{NAME}*"))
    chain = (run / "audit.jsonl").read_text(encoding="utf-8")
    assert "花子" not in str(caught.value) + chain
    assert verify_record(run) == []


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\xff", json.dumps({"cells": [NAME]}).encode()[:-3], NAME.encode("cp932")],
    ids=["a picture", "a notebook that was cut off", "another encoding"],
)
def test_what_cannot_be_read_as_text_is_not_trusted(run: Path, key: RunKey, content: bytes) -> None:
    path = run / f"live/{NOTEBOOK}"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data"):
        seal_live(run, key)
    assert not path.exists()
    assert (run / PRIVATE / f"trace_{NOTEBOOK}.age").exists()


def test_a_picture_that_a_widget_stored_is_not_searchable_and_goes(run: Path, key: RunKey) -> None:
    path = put(run, NOTEBOOK, "件数")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    model = {"model_name": "ImageModel", "buffers": [{"data": "iVBORw0KGgo="}]}
    content["metadata"]["widgets"] = {"x": {"state": {"a": model}}}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(IntegrityError):
        seal_live(run, key)
    assert not path.exists()


def test_a_notebook_that_was_cut_off_may_hold_a_picture_and_goes_without_any_name(
    run: Path, key: RunKey
) -> None:
    path = run / f"live/{NOTEBOOK}"
    content = path.read_bytes()[:-3]
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data"):
        seal_live(run, key)
    assert not path.exists()
    assert read_private(run, key, f"trace_{NOTEBOOK}", "") == content
    assert verify_record(run) == []


def test_a_sealed_file_that_was_changed_is_refused_by_name(run: Path, key: RunKey) -> None:
    seal_live(run, key)
    put(run, "review_1.log", "anything else")
    assert verify_record(run) == ["live/review_1.log: 変えられています。"]
    with pytest.raises(IntegrityError, match=r"live/review_1\.log: 封をした後に変えられています"):
        seal_live(run, key)


def test_what_is_not_sealed_yet_is_a_stranger_to_the_record(run: Path) -> None:
    assert f"live/{NOTEBOOK}: 記録にないファイルです。" in verify_record(run)


def test_only_one_session_is_open_and_nobody_seals_beneath_it(run: Path, key: RunKey) -> None:
    with hold_run(run):
        with pytest.raises(AwaitingPerson, match="recruitlib review"), hold_run(run):
            raise AssertionError
        # The notebook at work seals those of the stages before, and touches nothing of its own.
        put(run, "review_1.log", NAME)
        assert seal_notebooks(run, key, "03") == []
        assert (run / "live/review_1.log").exists()
    put(run, "review_1.log", "")
    assert len(seal_live(run, key)) == 3
    assert verify_record(run) == []


def test_a_run_without_a_session_has_nothing_to_seal(tmp_path: Path, key: RunKey) -> None:
    append_entry(tmp_path, "03", "begun", files={})
    assert seal_live(tmp_path, key) == []
    assert verify_record(tmp_path) == []


PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize(
    ("kind", "content", "clean"),
    [
        ("image/png", PICTURE, True),
        ("image/png", [PICTURE[:40], PICTURE[40:]], True),
        ("text/html", "<table></table>", True),
        ("image/png", "plain text in the place of a picture", False),
        ("image/jpeg", "/9j/4AAQSkZJRg==", False),
        ("image/svg+xml", "<svg></svg>", False),
        ("application/pdf", "JVBERi0=", False),
    ],
)
def test_an_output_is_a_chart_or_text_or_nobody_can_search_it(
    run: Path, key: RunKey, kind: str, content: Any, clean: bool
) -> None:
    path = run / "live" / NOTEBOOK
    notebook = json.loads(path.read_text(encoding="utf-8"))
    output = {"output_type": "display_data", "data": {kind: content}, "metadata": {}}
    notebook["cells"][0]["outputs"] = [output]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    if clean:
        assert f"live/{NOTEBOOK}" in seal_live(run, key)
    else:
        with pytest.raises(IntegrityError, match=NOTEBOOK):
            seal_live(run, key)
        assert not path.exists()


def test_a_screenshot_pasted_into_a_cell_goes_into_the_private_folder(
    run: Path, key: RunKey
) -> None:
    path = run / "live" / NOTEBOOK
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = nbformat.v4.new_markdown_cell("![x](attachment:x.png)", id="two")
    cell["attachments"] = {"x.png": {"image/png": PICTURE}}
    notebook["cells"].append(cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(IntegrityError, match=NOTEBOOK):
        seal_live(run, key)
    assert not path.exists()


def test_a_link_out_of_the_record_goes_and_one_elsewhere_is_a_stranger(
    run: Path, key: RunKey
) -> None:
    (run / "live/ln").symlink_to(f"/nowhere/{NAME}")
    seal_live(run, key)
    assert not (run / "live/ln").is_symlink() and verify_record(run) == []
    (run / "ln").symlink_to("/nowhere")
    assert verify_record(run) == ["ln: 記録にないファイルです。"]
