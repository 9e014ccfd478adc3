"""The record: no person's value in it however written, sealed once, and its files compared.

Right values: nbformat and html.parser as independent readers, hashlib, and Python's own escapes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pyrage
import pytest
from hypothesis import settings

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.record import (
    check_files,
    check_outputs,
    count_kept_pictures,
    list_expected,
    read_scanner,
    render_html,
    seal_notebooks,
)
from recruitlib.base.traces import remember_terms
from recruitlib.base.vault import PRIVATE, RunKey, read_private
from recruitlib.base.verification import verify_record

ROOT = Path(__file__).parents[2]
STEADY = settings(deadline=None, derandomize=True)
NAME, ADDRESS, ID = "架空野　花子", "西新宿六丁目１４番２０号", "0048545432"
PEOPLE = pd.DataFrame(
    {
        "full_name": [NAME, "辻\U000e0100　知江子"],
        "address": [ADDRESS, "上落合三丁目２１番５号"],
        "addressee_id": [ID, "0064725769"],
        "phone": ["090-0000-1000", ""],
        "birth_text": ["2008-06-03", "2008-06-03"],
    }
)
FIRST = f"notebooks/{NOTEBOOKS['01']}"


@pytest.fixture
def key() -> RunKey:
    return RunKey(str(pyrage.x25519.Identity.generate()), b"0" * 32)


@pytest.fixture
def run(tmp_path: Path, key: RunKey) -> Path:
    """Make a run that has begun and knows two people."""
    append_entry(tmp_path, "01", "begun", files={})
    remember_terms(tmp_path, key, "01", PEOPLE)
    return tmp_path


def _build(*outputs: dict[str, Any], source: str = "intake.load()", note: str = "取込") -> Any:
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output(**{"output_type": "display_data", **output}) for output in outputs
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(note), cell])


def _put(folder: Path, notebook: Any, stage: str = "01") -> Path:
    path = folder / f"notebooks/{NOTEBOOKS[stage]}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def _print(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _show(mime: str, data: Any) -> dict[str, Any]:
    return {"data": {mime: data}}


CLEAN = _build(
    _print("01 取込 完了: 関門 9 はすべて「はい」\n"), _show("text/html", "<b>1,500</b>")
)


# ---- the scan ----

WIDE_ID = "００４８５４５４３２"
PLANTED = {
    "in print": _build(_print(f"見つかった人: {NAME}\n")),
    "in standard error": _build({**_print(NAME), "name": "stderr"}),
    "in an error": _build(
        {"output_type": "error", "ename": "KeyError", "evalue": NAME, "traceback": []}
    ),
    "in a traceback over two items": _build(
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["架空野　", "花子"]}
    ),
    "in the source": _build(source=f"find('{NAME}')"),
    "in narration": _build(note=f"{ADDRESS}の件"),
    "as the name of a JSON field": _build(_show("application/json", {NAME: 1})),
    "id as a number without its zeros": _build(_show("application/json", {"n": [48545432]})),
    "address": _build(_print(f"送付先 {ADDRESS} です")),
    "address in half width": _build(_print("西新宿六丁目14番20号")),
    "id": _build(_print(f"宛名番号{ID}の行")),
    "id in full width": _build(_print(f"宛名番号 {WIDE_ID}。")),
    "telephone": _build(_print("電話090-0000-1000まで")),
    "telephone in full width": _build(_print("電話０９０-００００-１０００")),
    "name without the space": _build(_print("架空野花子")),
    "name with a half-width space": _build(_print("架空野 花子")),
    "name over two lines": _build(_print("架空野\n花子")),
    "name as repr": _build(_print(repr([NAME]))),
    "name as escapes in the text": _build(_print(json.dumps({"氏名": NAME}))),
    "name as entities": _build(_show("text/html", "".join(f"&#{ord(c)};" for c in NAME))),
    "name as hex entities": _build(_show("text/html", "".join(f"&#x{ord(c):x};" for c in NAME))),
    "name in two cells of a table": _build(
        _show("text/html", "<tr><td>架空野</td>\n<td>花子</td></tr>")
    ),
    "name in an attribute": _build(_show("text/html", f'<b title="{NAME}">1</b>')),
    "variant left out": _build(_print("辻知江子")),
    "another variant": _build(_print("辻\ufe00\u3000知江子")),
    "name in an SVG": _build(_show("image/svg+xml", f"<svg><text>{NAME}</text></svg>")),
}


@pytest.mark.parametrize("place", PLANTED)
def test_a_planted_value_is_found_moved_to_private_and_not_repeated_in_the_record(
    run: Path, key: RunKey, place: str
) -> None:
    path = _put(run, PLANTED[place])
    content = path.read_bytes()

    with pytest.raises(IntegrityError, match=r"record\.no_personal_data") as caught:
        seal_notebooks(run, key)

    assert not list((run / "notebooks").iterdir())
    assert read_private(run, key, f"trace_{path.name}", "") == content
    assert NAME.encode() not in (run / PRIVATE / f"trace_{path.name}.age").read_bytes()
    entries = read_entries(run)
    answers = [entry["facts"]["answer"] for entry in entries if entry["event"] == "guard"]
    assert answers == ["no", "yes"]  # the notebook, and the chain after it
    assert "sealed" not in [entry["event"] for entry in entries]
    shown = str(caught.value) + (run / "audit.jsonl").read_text(encoding="utf-8")
    for value in (NAME, "花子", "知江子", ADDRESS, ID):
        assert value not in shown


@pytest.mark.parametrize("name", ["handover/note.html", "counts.csv", "run.yaml", f"{NAME}.txt"])
def test_a_value_in_any_other_file_of_the_record_or_in_its_name_is_found(
    run: Path, key: RunKey, name: str
) -> None:
    _put(run, CLEAN)
    path = run / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"担当 {ADDRESS}", encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data"):
        seal_notebooks(run, key)
    assert not path.exists()


def test_an_escape_of_the_file_s_own_json_hides_nothing(run: Path, key: RunKey) -> None:
    path = _put(run, PLANTED["in print"])
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="ascii")
    assert NAME.encode() not in path.read_bytes()
    with pytest.raises(IntegrityError):
        seal_notebooks(run, key)


@pytest.mark.parametrize("cut", range(1, len(NAME)))
def test_a_name_split_over_lines_of_a_json_list_is_found(run: Path, key: RunKey, cut: int) -> None:
    path = _put(run, CLEAN)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][1]["outputs"][0]["text"] = ["人: ", NAME[:cut], NAME[cut:], "\n"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(IntegrityError):
        seal_notebooks(run, key)


def test_a_clean_notebook_is_sealed_with_its_page_and_the_answer_yes(
    run: Path, key: RunKey
) -> None:
    path = _put(run, CLEAN)
    assert seal_notebooks(run, key) == [path.name]
    guard, sealed, chain = [e for e in read_entries(run) if e["event"] in ("guard", "sealed")]
    for asked in (guard, chain):
        assert asked["facts"]["guard"] == "record.no_personal_data"
        assert asked["facts"]["answer"] == "yes"
    assert "audit.jsonl" in chain["facts"]["note"]
    assert (sealed["stage"], sealed["event"]) == ("01", "sealed")
    assert sealed["facts"]["files"] == {
        f"{FIRST}{suffix}": hashlib.sha256(path.with_suffix(suffix).read_bytes()).hexdigest()
        for suffix in (".ipynb", ".html")
    }
    assert verify_record(run) == []


def test_the_terms_of_every_stage_are_searched(run: Path, key: RunKey) -> None:
    remember_terms(run, key, "02", pd.DataFrame({"full_name": ["別野　太郎"]}))
    _put(run, _build(_print("別野　太郎")))
    with pytest.raises(IntegrityError):
        seal_notebooks(run, key)


# ---- the seal ----


def test_the_notebook_at_work_is_left_to_the_next_one(run: Path, key: RunKey) -> None:
    _put(run, CLEAN, "01")
    working = _put(run, CLEAN, "02")
    assert seal_notebooks(run, key, "02") == [f"{NOTEBOOKS['01']}.ipynb"]
    assert not working.with_suffix(".html").exists()
    assert seal_notebooks(run, key) == [working.name]
    assert seal_notebooks(run, key) == []


def test_a_sealed_notebook_changed_afterwards_is_refused_by_name(run: Path, key: RunKey) -> None:
    path = _put(run, CLEAN)
    seal_notebooks(run, key)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match=f"{FIRST}.ipynb: 封をした後に変えられています"):
        seal_notebooks(run, key)
    assert verify_record(run) == [f"{FIRST}.ipynb: 変えられています。"]


def test_a_notebook_run_again_is_sealed_again(run: Path, key: RunKey) -> None:
    path = _put(run, CLEAN)
    seal_notebooks(run, key)
    append_entry(run, "01", "begun", files={})
    _put(run, _build(_print("01 取込 完了: 二度目\n")))
    assert seal_notebooks(run, key) == [path.name]
    assert verify_record(run) == []


def test_a_leak_in_a_second_attempt_does_not_pass_on_the_seal_of_the_first(
    run: Path, key: RunKey
) -> None:
    _put(run, CLEAN)
    seal_notebooks(run, key)
    append_entry(run, "01", "begun", files={})
    _put(run, PLANTED["in print"])
    with pytest.raises(IntegrityError, match="個人の情報"):
        seal_notebooks(run, key)


def test_a_notebook_that_was_cut_off_is_put_aside_and_stops_nobody(run: Path, key: RunKey) -> None:
    """Plain papermill was killed while it saved."""
    other = _put(run, CLEAN, "02")
    path = _put(run, PLANTED["in print"])
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    assert seal_notebooks(run, key) == [other.name]
    assert not path.exists()
    entry = next(entry for entry in read_entries(run) if entry["event"] == "cut_off")
    (kept,) = entry["facts"]["files"]
    assert read_private(run, key, Path(kept).stem, "") == half
    assert verify_record(run) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_sealed_notebook_is_its_owner_s_alone(run: Path, key: RunKey) -> None:
    path = _put(run, CLEAN)
    path.chmod(0o644)
    seal_notebooks(run, key)
    assert {path.stat().st_mode & 0o777, path.with_suffix(".html").stat().st_mode & 0o777} == {
        0o600
    }


# ---- the page ----


class _Page(HTMLParser):
    """Every address that a page would fetch or lead to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        fetching = ("src", "href", "srcset", "data", "poster", "action", "xlink:href", "style")
        self.addresses += [value or "" for name, value in attrs if name in fetching]

    def handle_data(self, data: str) -> None:
        self.text += data


def _read_page(path: Path) -> _Page:
    page = _Page()
    page.feed(render_html(path).decode("utf-8"))
    return page


@pytest.mark.parametrize("stem", NOTEBOOKS.values())
def test_the_page_of_a_notebook_needs_nothing_from_outside(stem: str) -> None:
    page = _read_page(ROOT / f"notebooks/{stem}.ipynb")
    outside = [
        address
        for address in page.addresses
        if re.search(r"(?i)(https?:|ftp:|^\s*//|url\()", address)
    ]
    assert outside == []
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not re.search(r"@import|url\(", page.text)
    assert len(page.text) > 500


def test_the_page_holds_narration_output_and_japanese_as_text(tmp_path: Path) -> None:
    notebook = _build(_print("件数 1,500\n"), note="## 取込\n\n鰻と𠮷")
    page = _read_page(_put(tmp_path, notebook))
    for text in ("取込", "鰻と𠮷", "件数 1,500"):
        assert text in page.text
    assert render_html(tmp_path / f"{FIRST}.ipynb").startswith(b"<!DOCTYPE html>")


def test_the_same_notebook_gives_the_same_page(tmp_path: Path) -> None:
    path = _put(tmp_path, CLEAN)
    assert render_html(path) == render_html(path)


def test_markup_in_printed_text_stays_text(tmp_path: Path) -> None:
    path = _put(tmp_path, _build(_print("<script>alert(1)</script>")))
    assert html.escape("<script>") in render_html(path).decode()
    assert "script" not in _read_page(path).tags


# ---- what the record vouches for ----


def test_what_was_withdrawn_destroyed_or_renamed_is_expected_no_more() -> None:
    def make(event: str, files: Any) -> dict[str, Any]:
        return {"event": event, "facts": {"files": files}}

    entries = [
        make("begun", {"run.yaml": "1"}),
        make("completed", {"a": "1", "b": "1", "c": "1", "counts.csv": "1"}),
        make("proposed", {"d": "1"}),
        make("withdrawn", ["a"]),
        make("destroyed", ["b"]),
        make("renamed", ["c"]),
        make("completed", {"a": "2", "counts.csv": "2"}),
    ]
    assert list_expected(entries) == {"run.yaml": "1", "a": "2", "d": "1", "counts.csv": "2"}


def test_the_outputs_of_stages_are_checked_without_the_notebooks(run: Path, key: RunKey) -> None:
    _put(run, CLEAN)
    seal_notebooks(run, key)
    append_entry(run, "05", "completed", files={"counts.csv": digest_bytes(b"right")})
    (run / f"{FIRST}.html").unlink()
    (run / "counts.csv").write_bytes(b"other")
    problems = check_outputs(run, read_entries(run), ("01", "02", "03", "04", "05"))
    assert problems == ["counts.csv: 変えられています。"]


def test_files_are_compared_by_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert check_files(tmp_path, {"a": hashlib.sha256(b"abc").hexdigest()}) == []
    assert check_files(tmp_path, {"a": hashlib.sha256(b"abd").hexdigest()})


def test_the_names_of_towns_are_no_traces_and_the_names_of_people_are(
    tmp_path: Path, key: RunKey
) -> None:
    """A form may name 大久保 or 大久保1丁目 only; a person may be called 大久保一."""
    for name in ("params", "notebooks", "runs/r8"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "params/towns.csv").write_text(
        "town,postal_code,has_chome,chome_count\n大久保,1690072,1,3\n下北町,1690073,1,\n片町,1600001,0,0\n",
        encoding="utf-8-sig",
    )
    folder = tmp_path / "runs/r8"
    towns = ["大久保1丁目", "下北町40丁目"]
    people = ["大久保9丁目", "大久保一", "大久保　一", "片町1番1号", NAME]
    typed = pd.DataFrame({"address": [*towns, "大久保９丁目", "片町1番1号"]})
    remember_terms(folder, key, "02", typed)
    remember_terms(folder, key, "02", pd.DataFrame({"full_name": ["大久保一", "大久保　一", NAME]}))
    assert _find(folder, key, [*towns, *people]) == {*towns, *people}
    (folder / "run.yaml").write_text('"02": {towns_file: params/towns.csv}', encoding="utf-8")
    assert _find(folder, key, [*towns, *people]) == set(people)
    # A table that 02 will refuse is none.
    (tmp_path / "params/towns.csv").write_text("町名\n大久保\n", encoding="utf-8")
    assert _find(folder, key, towns) == set(towns)


def _find(folder: Path, key: RunKey, texts: list[str]) -> set[str]:
    scanner = read_scanner(folder, key)
    return {text for text in texts if scanner.count(text)}


def test_a_word_of_the_notebooks_is_no_trace_unless_the_registry_holds_it(
    tmp_path: Path, key: RunKey
) -> None:
    """Whoever types 提供対象者 into the form stops nothing; a name noted in a notebook is found."""
    (tmp_path / "params").mkdir()
    notebook = tmp_path / "notebooks/03_review_counts.ipynb"
    notebook.parent.mkdir()
    nbformat.write(_build(note=f"メモ: {NAME}さんは窓口に来た。提供対象者の表。"), notebook)
    folder = tmp_path / "runs/r8"
    folder.mkdir(parents=True)
    words = ["提供対象者", NAME]
    remember_terms(folder, key, "02", pd.DataFrame({"full_name": words}))
    assert _find(folder, key, words) == set()
    remember_terms(folder, key, "01", PEOPLE)
    assert _find(folder, key, words) == {NAME}


@pytest.mark.parametrize(("source", "kept"), [("intake.load()", 0), ("show(page)", 1)])
def test_only_the_cells_of_the_project_s_own_notebooks_draw_charts(
    tmp_path: Path, source: str, kept: int
) -> None:
    (tmp_path / "params").mkdir()
    _put(tmp_path, _build(source="intake.load()"))
    folder = tmp_path / "runs/r8"
    folder.mkdir(parents=True)
    chart = _show("image/png", base64.b64encode(b"\x89PNG\r\n\x1a\n0000").decode())
    assert count_kept_pictures(_put(folder, _build(chart, source=source))) == kept
    assert count_kept_pictures(_put(folder, _build(_print("1"), source=source))) == 0


def test_the_page_of_a_run_that_waits_says_so_in_japanese(tmp_path: Path) -> None:
    notebook = _build()
    told = nbformat.v4.new_markdown_cell("An Exception was encountered at 'In [1]'.")
    told.metadata["tags"] = ["papermill-error-cell-tag"]
    notebook.cells.insert(0, told)
    path = _put(tmp_path, notebook)
    page = render_html(path).decode()
    assert "Exception" not in page and "この実行は途中で止まっています" in page
    assert "An Exception" in path.read_text(encoding="utf-8")
