"""The record of a run: its executed notebooks scanned, sealed and verified.

A notebook cannot scan and seal its own executed file; the next one does, or ``recruitlib seal``.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import (
    AUDIT_NAME,
    LOCK_NAME,
    RUN_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    read_entries,
    write_atomically,
)
from recruitlib.base.counts import COUNTS_NAME, gather_counts, write_counts
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.parameters import NOTEBOOKS, find_root, read_yaml
from recruitlib.base.traces import find_terms, fold_whole, read_all_terms, read_text
from recruitlib.base.vault import PRIVATE, RunKey, write_private

NOTEBOOK_FOLDER = "notebooks"
# What a live session leaves is sealed when it has ended; a lock says that one is open.
LIVE_FOLDER, LIVE_LOCK_NAME = "live", ".live.lock"
LIVE_VARIABLE = "RECRUITLIB_LIVE_FILE"  # tells the kernel in which file of the session it works
_SHORTEST_HEAD = 16
_STOPPED = {"papermill-error-cell-tag"}
_STOP_TOLD = (
    "この実行は途中で止まっています（人の決定や承認を待つときも止まります）。"
    "理由は、止まったところの最後の行にあります。"
)
# The beginning of a PNG file in base64, and the kinds of output whose text is searched like any.
_PNG = "iVBORw0KGgo"
_SEARCHED = (
    "application/vnd.jupyter.widget-view+json", "application/javascript", "application/json",
)  # fmt: skip


def seal_notebooks(folder: Path, key: RunKey, current: str = "") -> list[str]:
    """Scan and seal every executed notebook but the current one's, each with its HTML.

    Returns:
        the names of the notebooks sealed now.

    Raises:
        IntegrityError: a sealed notebook was changed, or a file holds personal data (it is moved
            into the private folder first).
    """
    sealed = []
    paths = sorted((folder / NOTEBOOK_FOLDER).glob("*.ipynb"))
    waiting = [path for path in paths if not (current and path.stem == NOTEBOOKS[current])]
    waiting = [path for path in waiting if _needs_sealing(folder, path)]
    terms = read_search_terms(folder, key) if waiting else []
    for path in waiting:
        page, content = (
            path.with_suffix(".html"),
            render_html(path, describe_work(folder, path.stem[:2])),
        )
        text = "\n".join((path.name, read_text(path), html.unescape(content.decode())))
        ask_traces(folder, key, path, text, terms, count_kept_pictures(path))
        write_atomically(page, content)
        digests = {path.name: digest_bytes(path.read_bytes()), page.name: digest_bytes(content)}
        files = {f"{NOTEBOOK_FOLDER}/{name}": digest for name, digest in digests.items()}
        append_entry(folder, path.stem[:2], "sealed", files=files)
        sealed.append(path.name)
    for path in _list_other_files(folder) if waiting else []:
        ask_traces(folder, key, path, f"{path.name}\n{read_text(path)}", terms)
    return sealed


def _list_other_files(folder: Path) -> list[Path]:
    """List the files of the record beside the notebooks: chain, parameters, counts, papers."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in (LOCK_NAME, LIVE_LOCK_NAME)
        and path.relative_to(folder).parts[0] not in (PRIVATE, NOTEBOOK_FOLDER, LIVE_FOLDER)
    ]


def _needs_sealing(folder: Path, path: Path) -> bool:
    digest = refuse_changed(folder, path)
    return digest != digest_bytes(path.read_bytes())


def refuse_changed(folder: Path, path: Path) -> str:
    """Refuse a notebook that was changed after its seal, other than by running its stage again.

    Returns:
        the digest under which it was sealed last; "" when it was not.

    Raises:
        IntegrityError: names the file.
    """
    name = f"{NOTEBOOK_FOLDER}/{path.name}"
    entries = read_entries(folder)
    seals = [
        entry for entry in entries if entry["event"] == "sealed" and name in entry["facts"]["files"]
    ]
    if not seals:
        return ""
    sealed = str(seals[-1]["facts"]["files"][name])
    # A live session works on a file of its own.
    recorded = [entry for entry in entries if "live" not in entry["facts"]]
    begun = find_latest(recorded, path.stem[:2], "begun")
    runs_again = begun is not None and begun["seq"] > seals[-1]["seq"]
    # A run that was refused before it began has put its own file in place of the one kept aside.
    runs_again |= any(
        entry["event"] == "renamed"
        and entry["seq"] > seals[-1]["seq"]
        and name in entry["facts"]["files"]
        for entry in entries
    )
    if sealed != digest_bytes(path.read_bytes()) and not runs_again:
        raise IntegrityError(
            f"{name}: 封をした後に変えられています。記録を使わず、管理者に知らせてください。"
        )
    return sealed


def count_kept_pictures(path: Path) -> int:
    """Count what a notebook holds that nobody can search, beside the charts that its cells draw.

    JupyterLab stores pictures with its widgets (they show real labels), and a person can paste a
    screenshot into a cell. A cell's own output may be a PNG, which is how the charts are kept.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kept = notebook["metadata"].get("widgets", {})
    models = [model for states in kept.values() for model in states.get("state", {}).values()]
    found = sum(bool(buffer.get("data")) for one in models for buffer in one.get("buffers", []))
    for cell in notebook["cells"]:
        found += len(cell.get("attachments", {}))
        for output in cell.get("outputs", []):
            found += sum(not _is_chart(*item) for item in output.get("data", {}).items())
    return found


def _is_chart(kind: str, content: object) -> bool:
    """Whether an output is a chart, or no picture or other file at all."""
    if kind == "image/png":
        return "".join(content if isinstance(content, list) else [str(content)]).startswith(_PNG)
    return kind.startswith("text/") or kind in _SEARCHED


def ask_traces(
    folder: Path, key: RunKey, path: Path, text: str, terms: Sequence[str], pictures: int = 0
) -> None:
    """Ask of one file whether it holds nothing of a person; else move it, encrypted, out of the record.

    Args:
        folder: the run's folder.
        key: the run's key.
        path: the file.
        text: what it says, its name included.
        terms: what must not stand in it.
        pictures: how many parts of it cannot be searched.

    Raises:
        IntegrityError: it holds something.
    """
    hits = find_terms(text, terms) + pictures
    # Whoever names a file after a person would else write the name into the chain.
    name = path.name if not find_terms(path.name, terms) else f"unnamed{path.suffix}"
    note = f"{name}: {len(terms):,}語を探し、{hits}語が見つかりました"
    if pictures:
        note += f"（うち読めない画像や内容 {pictures}）"
    files: dict[str, str] = {}
    if hits:
        trace = f"trace_{name}"
        if (folder / PRIVATE / f"{trace}.age").exists():
            trace = f"trace_{len(read_entries(folder)) + 1}_{name}"
        files[f"{PRIVATE}/{trace}.age"] = write_private(folder, key, trace, path.read_bytes())
        if path.name != AUDIT_NAME:
            path.unlink()
    append_entry(
        folder, path.stem[:2] if path.suffix == ".ipynb" and name == path.name else "", "guard",
        guard="record.no_personal_data", answer="no" if hits else "yes", note=note,
        problems=[note] if hits else [], files=files,
    )  # fmt: skip
    if hits:
        raise IntegrityError(
            f"関門 record.no_personal_data が「否」です。{name} に個人の情報が{hits}か所あります。"
            f"暗号化して {PRIVATE} に移しました。その段階をやり直してください。"
        )


_PAGE = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 15mm }}
body {{ font-family: "IPAexGothic", "Yu Gothic", "Meiryo", sans-serif; line-height: 1.6;
  max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; margin: .8rem 0; font-size: .9rem }}
caption {{ text-align: left; font-weight: bold; padding: .3rem 0 }}
th, td {{ border: 1px solid #bbb; padding: .25rem .6rem; text-align: left; vertical-align: top }}
th {{ background: #eef2f6 }}
pre {{ white-space: pre-wrap; background: #f7f7f7; padding: .5rem; font-size: .85rem }}
img {{ max-width: 100% }}
.prompt, .jp-InputPrompt, .jp-OutputPrompt {{ display: none }}
</style></head><body>
{body}
<footer>{foot}</footer>
</body></html>
"""


def read_search_terms(folder: Path, key: RunKey) -> list[str]:
    """Read the terms to search the record for, without the words that notebooks say by themselves.

    The form is public: whoever writes a word of the notebooks, or only a town, into it must not
    stop the seal. What the registry holds of the cohort is searched for in any case, so that a name
    that somebody noted in a notebook is found.
    """
    terms = read_all_terms(folder, key)
    try:
        root = find_root(folder)
    except ParameterError:
        return terms
    registered = set(read_all_terms(folder, key, "01"))
    texts = [
        "".join(cell["source"])
        for path in sorted((root / "notebooks").glob("0*.ipynb"))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    said = fold_whole("、".join([*texts, *_list_towns(root, folder)]))
    return [term for term in terms if term in registered or fold_whole(term) not in said]


def _list_towns(root: Path, folder: Path) -> list[str]:
    """List the towns of the run's table of towns as a table of counts writes them."""
    own = read_yaml(folder / RUN_NAME).get("02", {}) if (folder / RUN_NAME).exists() else {}
    path = root / own.get("towns_file", "")
    if not path.is_file():
        return []
    towns = []
    try:
        for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()):
            last = int(row["chome_count"] or 99)  # where nobody knows how many there are
            towns += [row["town"], *(f"{row['town']}{number}丁目" for number in range(1, last + 1))]
    except (ValueError, KeyError, TypeError):
        return []  # 02 says what is wrong with its table
    return towns


def describe_work(folder: Path, stage: str) -> str:
    """Describe when and by whom a stage was worked on last, for the foot of its page."""
    begun = find_latest(read_entries(folder), stage, "begun")
    if begun is None:
        return ""
    facts = begun["facts"]
    day = f"、業務日 {facts['business_date']}（見本）" if facts.get("business_date") else ""
    return (
        f"実行の開始 {begun['at']}（協定世界時）{day}、担当 {facts.get('operator', '')}、"
        f"ログイン {begun['login']}"
    )


def render_html(path: Path, foot: str = "") -> bytes:
    """Render an executed notebook as one self-contained HTML page without any outside address.

    The page reads like minutes: what was asked, what was found, what was answered. The code stays
    in the notebook beside it.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    settings = Config({"HTMLExporter": {"anchor_link_text": " ", "exclude_input": True}})
    exporter = HTMLExporter(template_name="basic", config=settings)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        # papermill puts its own English in front of a cell that stopped.
        if _STOPPED & set(cell.metadata.get("tags", [])):
            cell.source = _STOP_TOLD
    body, _ = exporter.from_notebook_node(notebook)
    whole = _PAGE.format(title=html.escape(path.stem), body=body, foot=html.escape(foot))
    return whole.encode()


def list_expected(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """List every file that the record vouches for now, with its digest.

    An entry that made files names them with their digests; one that took files away lists names.
    """
    expected: dict[str, str] = {}
    for entry in entries:
        files = entry["facts"].get("files", {})
        if isinstance(files, Mapping):
            expected.update(files)
        else:
            for name in files:
                expected.pop(name, None)
    return expected


def check_outputs(
    folder: Path, entries: Sequence[Mapping[str, Any]], stages: Sequence[str]
) -> list[str]:
    """Compare the outputs of stages with their digests; one Japanese sentence for each that differs."""
    relevant = [
        entry for entry in entries if entry["stage"] in stages or entry["event"] != "sealed"
    ]
    expected = {
        name: digest
        for name, digest in list_expected(relevant).items()
        if not name.startswith(f"{NOTEBOOK_FOLDER}/")
    }
    return check_files(folder, expected)


def check_files(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Say of each file that is missing or changed which one it is."""
    problems = []
    for name, digest in expected.items():
        path = folder / name
        if not path.exists():
            problems.append(f"{name}: ありません。")
        elif digest_bytes(path.read_bytes()) != digest:
            problems.append(f"{name}: 変えられています。")
    return problems


def verify_record(folder: Path, head: str = "") -> list[str]:
    """Verify a run's record: chain, outputs, seals, and that nothing stands beside them.

    Args:
        folder: the run's folder.
        head: the hash of the last entry as printed on the paper letter, or "".

    Returns:
        one Japanese sentence for each problem, with the file and line; empty when all is well.
    """
    try:
        entries = read_entries(folder)
    except IntegrityError as error:
        return [str(error)]
    if not entries:
        return [f"{AUDIT_NAME}: ありません。"]
    problems = check_files(folder, list_expected(entries))
    problems += [f"{name}: 記録にないファイルです。" for name in _list_strangers(folder, entries)]
    for name in (LOCK_NAME, LIVE_LOCK_NAME):
        if (folder / name).exists() and (folder / name).stat().st_size:
            problems.append(f"{name}: 空でなければならないファイルに内容があります。")
    counts = folder / COUNTS_NAME
    as_vouched = not any(problem.startswith(COUNTS_NAME) for problem in problems)
    differs = counts.exists() and counts.read_bytes() != write_counts(gather_counts(entries))
    if as_vouched and differs:
        problems.append(f"{COUNTS_NAME}: 記録の鎖にある件数と違います。")
    return problems + (_check_head(entries, head) if head else [])


# What the end of the hand-over and the closing write anew after the letter was printed.
_AFTER_LETTER = re.compile(r"(handover/.*|counts\.csv|run\.yaml|notebooks/0[56]_.*|private/.*)")


def _check_head(entries: Sequence[Mapping[str, Any]], head: str) -> list[str]:
    """Say how the record differs from what it was when the letter with its head was printed."""
    plain = re.sub(r"[^0-9a-f]", "", head.lower())
    places = [place for place, entry in enumerate(entries) if entry["hash"].startswith(plain)]
    if len(plain) < _SHORTEST_HEAD or not places:
        return ["送付状の先頭値と合いません。記録が切り詰められたか、作り直されています。"]
    then, now = list_expected(entries[: places[0] + 1]), list_expected(entries)
    return [
        f"{name}: 送付状の後に変えられています。"
        for name, digest in then.items()
        if now.get(name) != digest and not _AFTER_LETTER.fullmatch(name)
    ]


def _list_strangers(folder: Path, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    known = {*list_expected(entries), AUDIT_NAME, LOCK_NAME, LIVE_LOCK_NAME}
    names = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    ]
    return sorted(name for name in names if name not in known)
