"""What a run proves by itself of the protective measures: a word of the checklists for each proof.

A proof says what was looked at, and no more than that. What lies outside the run (the network, the
counterparty, the folder of the inputs) a person attests.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import find_latest, list_since_begun, read_entries
from recruitlib.base.run import Stage, list_answers
from recruitlib.base.scope import read_scope
from recruitlib.base.vault import PRIVATE
from recruitlib.handover.documents import list_conditions

CONDITIONS = "handover/conditions.pdf"
_AGE = b"age-encryption.org/"


class Proof(NamedTuple):
    """Whether the run proves a thing, and what it looked at, in Japanese."""

    holds: bool
    text: str


def prove_files_locked(stage: Stage) -> Proof:
    """Prove that every private file of the run is encrypted, and open to its owner alone (POSIX)."""
    folder = stage.folder / PRIVATE
    files = sorted(path for path in folder.glob("*") if path.is_file())
    if not files:
        return Proof(False, f"実行の {PRIVATE} に何もありません")
    plain = sum(not _is_locked(path) for path in files)
    if plain:
        return Proof(False, f"実行の {PRIVATE} に、暗号化されていないファイルが {plain} 個あります")
    text = f"実行の {PRIVATE} の {len(files)} 個のファイルは、すべて暗号化されている"
    if os.name != "posix":
        return Proof(True, f"{text}（アクセス権は Windows の設定による）")
    shared = [
        path for path in (stage.folder, folder, *files) if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if shared:
        return Proof(False, f"持ち主でない人も開けるファイルかフォルダが {len(shared)} あります")
    return Proof(True, f"{text}。フォルダとファイルを開けるのは本人だけ（0700、0600）")


def _is_locked(path: Path) -> bool:
    """Whether a file is encrypted with age, or is a PDF that opens with a password only."""
    if path.suffix != ".pdf":
        with path.open("rb") as file:
            return file.read(len(_AGE)) == _AGE
    import pikepdf

    try:
        pikepdf.open(path).close()
    except pikepdf.PasswordError:
        return True
    except pikepdf.PdfError:
        return False
    return False


def prove_openings_logged(stage: Stage) -> Proof:
    """Prove that openings of private files, and refused passphrases, stand in the record."""
    entries = read_entries(stage.folder)
    # The scan opens its own words at every seal, which are no openings by a person's work.
    opened = sum(entry["event"] == "opened" and entry["stage"] != "" for entry in entries)
    refused = sum(entry["event"] == "unlock_refused" for entry in entries)
    text = f"個人情報のファイルを開いた {opened} 回と、合言葉の誤り {refused} 回を、日時・ログインとともに記録した"
    return Proof(opened > 0, text)


def prove_officers_signed(stage: Stage) -> Proof:
    """Prove that the approval was signed by another officer than the operator, with an own key."""
    approved = find_latest(read_entries(stage.folder), "03", "approved")
    if approved is None or approved["facts"]["by"] == stage.parameters["operator"]:
        return Proof(False, "本人の鍵で署名した、別の人の承認がありません")
    return Proof(
        True,
        "決定と承認は、職員ごとの合言葉で開く鍵で署名され、記録の鎖は前の段階から変わっていない",
    )


def prove_within_scope(stage: Stage) -> Proof:
    """Prove that guard ``handover.within_scope`` said yes in this notebook."""
    answer = list_answers(stage).get("handover.within_scope", {}).get("answer")
    scope = read_scope(stage.locate("scope_file"))
    if answer != "yes" or not scope.memorandum_on:
        return Proof(
            False, "覚書の日が範囲のファイルにないか、この実行が範囲の中と確かめられていません"
        )
    return Proof(
        True, f"この実行の項目・相手方・媒体・日付は範囲の中（覚書の発効日 {scope.memorandum_on}）"
    )


def prove_asked_in_conditions(stage: Stage) -> Proof:
    """Prove that the list of conditions that goes with the labels asks for all seven measures.

    It must be of this notebook, and the paper itself is read: a file of this name proves nothing.
    """
    since = list_since_begun(read_entries(stage.folder), stage.number)
    written = any(CONDITIONS in entry["facts"].get("files", {}) for entry in since)
    if not written or not (stage.folder / CONDITIONS).exists():
        return Proof(False, "提供先に渡す条件の一覧がまだ作られていません")
    said = _read_paper(stage.folder / CONDITIONS)
    asked = list_conditions(read_scope(stage.locate("scope_file")))
    missing = [
        measure[:3] for measure, words in asked
        if any("".join(part.split()) not in said for part in (measure, words))
    ]  # fmt: skip
    if missing:
        return Proof(False, f"提供先に渡す条件の一覧に、{'・'.join(missing)} が書かれていません")
    return Proof(True, f"この実行の、提供先に渡す条件の一覧に {len(asked)} つとも書いて求めた")


def _read_paper(path: Path) -> str:
    """Read what a paper says, blanks left out; nothing where it is no paper."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
    except pypdfium2.PdfiumError:
        return ""
    return "".join("".join(pages).split())


def prove_handlers_designated(stage: Stage) -> Proof:
    """Prove that the scope designates handlers (取扱者)."""
    handlers = read_scope(stage.locate("scope_file")).handlers
    if not handlers:
        return Proof(False, "範囲のファイルに取扱者がありません")
    return Proof(True, f"範囲のファイルに取扱者 {len(handlers)} 人を指定した")


def prove_scope_approved(stage: Stage) -> Proof:
    """Prove that the scope names who approved it."""
    scope = read_scope(stage.locate("scope_file"))
    if not scope.approved_by:
        return Proof(False, "範囲のファイルに承認した人がありません")
    return Proof(True, f"範囲の承認 {scope.approved_on}、{scope.approved_by}")


PROOFS: dict[str, Callable[[Stage], Proof]] = {
    "files_locked": prove_files_locked,
    "openings_logged": prove_openings_logged,
    "officers_signed": prove_officers_signed,
    "scope_approved": prove_scope_approved,
    "within_scope": prove_within_scope,
    "asked_in_conditions": prove_asked_in_conditions,
    "handlers_designated": prove_handlers_designated,
}


def find_proofs(stage: Stage) -> dict[str, Proof]:
    """Find what the run proves as it stands now."""
    return {name: prove(stage) for name, prove in PROOFS.items()}
