"""The record of a run: its executed notebooks scanned, sealed and verified.

A notebook cannot scan and seal its own executed file; the next one does, or ``recruitlib seal``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import (
    AUDIT_NAME,
    LOCK_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    read_entries,
    write_atomically,
)
from recruitlib.base.counts import COUNTS_NAME, gather_counts, write_counts
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.parameters import NOTEBOOKS, find_root
from recruitlib.base.traces import find_terms, fold_whole, read_all_terms, read_text
from recruitlib.base.vault import PRIVATE, RunKey, write_private

NOTEBOOK_FOLDER = "notebooks"
_SHORTEST_HEAD = 16


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
    terms = drop_common(read_all_terms(folder, key), folder) if waiting else []
    for path in waiting:
        page, content = (
            path.with_suffix(".html"),
            render_html(path, describe_work(folder, path.stem[:2])),
        )
        text = "\n".join((path.name, read_text(path), html.unescape(content.decode())))
        _ask_traces(folder, key, path, text, terms, _count_kept_pictures(path))
        write_atomically(page, content)
        digests = {path.name: digest_bytes(path.read_bytes()), page.name: digest_bytes(content)}
        files = {f"{NOTEBOOK_FOLDER}/{name}": digest for name, digest in digests.items()}
        append_entry(folder, path.stem[:2], "sealed", files=files)
        sealed.append(path.name)
    for path in _list_other_files(folder) if waiting else []:
        _ask_traces(folder, key, path, f"{path.name}\n{read_text(path)}", terms)
    return sealed


def _list_other_files(folder: Path) -> list[Path]:
    """List the files of the record beside the notebooks: chain, parameters, counts, papers."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != LOCK_NAME
        and path.relative_to(folder).parts[0] not in (PRIVATE, NOTEBOOK_FOLDER)
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
    begun = find_latest(entries, path.stem[:2], "begun")
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


def _count_kept_pictures(path: Path) -> int:
    """Count the pictures that JupyterLab stored with its widgets: they show real labels."""
    kept = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("widgets", {})
    models = [model for states in kept.values() for model in states.get("state", {}).values()]
    return sum(bool(buffer.get("data")) for one in models for buffer in one.get("buffers", []))


def _ask_traces(
    folder: Path, key: RunKey, path: Path, text: str, terms: Sequence[str], pictures: int = 0
) -> None:
    """Ask of one file whether it holds nothing of a person; else move it, encrypted, out of the record."""
    hits = find_terms(text, terms) + pictures
    note = f"{path.name}: {len(terms):,}語を探し、{hits}語が見つかりました"
    if pictures:
        note += f"（うち宛名の画面の画像 {pictures}）"
    files: dict[str, str] = {}
    if hits:
        files[f"{PRIVATE}/trace_{path.name}.age"] = write_private(
            folder, key, f"trace_{path.name}", path.read_bytes()
        )
        if path.name != AUDIT_NAME:
            path.unlink()
    append_entry(
        folder, path.stem[:2] if path.suffix == ".ipynb" else "", "guard",
        guard="record.no_personal_data", answer="no" if hits else "yes", note=note,
        problems=[note] if hits else [], files=files,
    )  # fmt: skip
    if hits:
        raise IntegrityError(
            f"関門 record.no_personal_data が「否」です。{path.name} に個人の情報が{hits}か所あります。"
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


def drop_common(terms: Sequence[str], folder: Path) -> list[str]:
    """Drop the words that the notebooks themselves say, whoever wrote them into the public form."""
    try:
        templates = find_root(folder) / "notebooks"
    except ParameterError:
        return list(terms)
    said = fold_whole(
        "\n".join(
            "".join(cell["source"])
            for path in sorted(templates.glob("0*.ipynb"))
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        )
    )
    return [term for term in terms if fold_whole(term) not in said]


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
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    settings = Config({"HTMLExporter": {"anchor_link_text": " ", "exclude_input": True}})
    exporter = HTMLExporter(template_name="basic", config=settings)
    body, _ = exporter.from_filename(str(path))
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
    if (folder / LOCK_NAME).exists() and (folder / LOCK_NAME).stat().st_size:
        problems.append(f"{LOCK_NAME}: 空でなければならないファイルに内容があります。")
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
    known = {*list_expected(entries), AUDIT_NAME, LOCK_NAME}
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if name not in known)
