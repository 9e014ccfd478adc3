"""Disposal (廃棄), the steps of notebook 06: personal data destroyed, and the report of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.exports import list_exports
from recruitlib.base.parameters import BY_NAME, read_yaml
from recruitlib.base.people_files import check_content, require_same_run, require_two_people
from recruitlib.base.record import seal_notebooks
from recruitlib.base.run import Stage, ask_guard, complete_stage
from recruitlib.base.scope import read_scope
from recruitlib.base.vault import KEY_NAME, PRIVATE, RunKey
from recruitlib.handover.documents import render_disposal

REPORT = "handover/disposal_report.pdf"
# The inputs that hold personal data; the office destroys them itself or says why it keeps them.
SOURCES = (
    "registry_file", "protections_file", "form_file", "counter_file", "print_protections_file",
    "print_form_file", "print_counter_file", "handover_registry_file",
    "handover_protections_file", "handover_form_file", "handover_counter_file",
)  # fmt: skip


_KINDS = {
    "demonstration": bool, "run_id": str, "carried_out_by": str, "witnessed_by": str,
    "sources": dict,
}  # fmt: skip
STATE_WORDS = {"destroyed": "消去した", "returned": "返した"}


class Attestation(NamedTuple):
    """What two officers attest of each source file and each export: destroyed, or kept and why."""

    demonstration: bool
    run_id: str
    carried_out_by: str
    witnessed_by: str
    sources: Mapping[str, str]
    exports: Mapping[str, str] = MappingProxyType({})


def read_attestation(path: Path, run_id: str, demonstration: bool) -> Attestation:
    """Read the attestation of the disposal.

    Raises:
        AwaitingPerson: it is missing, or one person is both.
        ParameterError: the file is not an attestation, or one for another run.
    """
    if not path.exists():
        raise AwaitingPerson(
            f"{path.name}: 廃棄の確認書がまだありません。二人で確かめて書いてください。"
        )
    content = {"exports": {}, **read_yaml(path)}
    problems = check_content(content, {**_KINDS, "exports": dict})
    if not problems:
        wrong = [f"sources の {name}" for name in content["sources"] if name not in SOURCES]
        wrong += [
            f"{part} の {name}"
            for part in ("sources", "exports")
            for name, state in content[part].items()
            if not _is_state(state)
        ]
        problems = [
            f"{name}: destroyed（消去）、returned（返却）、「kept: 理由」（保有）のどれかです。"
            for name in dict.fromkeys(wrong)
        ]
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    require_two_people(
        path, content["carried_out_by"], content["witnessed_by"], "廃棄した人と立ち会った人"
    )
    return Attestation(**content)


def _is_state(state: object) -> bool:
    """Whether a file is said to be destroyed, returned, or kept for a reason that is given."""
    return type(state) is str and (
        state in ("destroyed", "returned") or (state.startswith("kept: ") and state != "kept: ")
    )


def check_sources(stage: Stage, attestation: Attestation) -> list[str]:
    """Say which source file is neither gone nor attested as kept."""
    problems = []
    for name in SOURCES:
        if not stage.parameters.get(name):
            continue
        state = attestation.sources.get(name, "")
        exists = stage.locate(name).exists()
        if state not in ("destroyed", "returned") and not state.startswith("kept: "):
            problems.append(
                f"{BY_NAME[name].label}: destroyed（消去）、returned（抽出元に返却）、kept: 理由（保有）の"
                "どれかを確認書に書いてください。"
            )
        elif not state.startswith("kept: ") and exists:
            problems.append(
                f"{BY_NAME[name].label}: 消去または返却したと書かれていますが、ファイルが残っています。"
            )
    return problems


def check_exports(stage: Stage, attestation: Attestation) -> list[str]:
    """Say which exported workbook is neither gone nor attested as kept.

    Only its name is known, so it is looked for in the project folder and the current one.
    """
    known = list_exports(stage.folder)
    problems = [
        f"exports の {name}: この実行で書き出したファイルではありません。名前を確かめてください。"
        for name in attestation.exports
        if name not in known
    ]
    for name in known:
        state = attestation.exports.get(name, "")
        if not _is_state(state):
            problems.append(
                f"書き出した {name}: destroyed（消去）、returned（返却）、kept: 理由（保有）のどれかを"
                "確認書の exports に書いてください。"
            )
        elif not state.startswith("kept: ") and _is_near(stage.root, name):
            problems.append(
                f"書き出した {name}: 消去または返却したと書かれていますが、ファイルが残っています。"
            )
    return problems


def _is_near(root: Path, name: str) -> bool:
    """Whether a file of this name lies in the current folder or anywhere in the project folder."""
    if Path(name).exists():
        return True
    for _, folders, files in os.walk(root):
        # The environment and the like hold thousands of files, and none of an officer's.
        folders[:] = [folder for folder in folders if not folder.startswith(".")]
        if name.casefold() in {file.casefold() for file in files}:
            return True
    return False


def list_private(folder: Path) -> list[str]:
    """List every file that may hold personal data, the run's key and the scan's words left out.

    Copies that JupyterLab or an interrupted write may have left count as well.
    """
    strays = [
        path
        for pattern in ("**/.ipynb_checkpoints/*", "**/.*.partial")
        for path in folder.glob(pattern)
    ]
    private = [path for path in (folder / PRIVATE).rglob("*") if path.is_file()]
    return sorted(
        {
            path.relative_to(folder).as_posix()
            for path in (*private, *strays)
            if path.is_file() and path.name != KEY_NAME and not path.name.startswith("terms_")
        }
    )


def destroy_private(stage: Stage, attestation: Attestation) -> tuple[str, ...]:
    """Destroy every private file of the run, keeping only what the last scan needs.

    The source files and exports are asked about first, so that a stop leaves everything in place.
    The key and the words of the scan go when this notebook itself is sealed.

    Returns:
        the names of all files destroyed in this run, those of an earlier attempt included.

    Raises:
        GuardError: a source file or an export is neither gone nor attested as kept.
    """
    problems = check_sources(stage, attestation) + check_exports(stage, attestation)
    if problems:
        ask_guard(stage, "closing.nothing_left", problems)
    names = list_private(stage.folder)
    # Said before it is done: a run that is cut off in between can still be closed.
    append_entry(stage.folder, stage.number, "destroyed", files=names)
    for name in names:
        (stage.folder / name).unlink()
    entries = [entry for entry in read_entries(stage.folder) if entry["event"] == "destroyed"]
    return tuple(sorted({name for entry in entries for name in entry["facts"]["files"]}))


def prove_nothing_left(stage: Stage, attestation: Attestation) -> None:
    """Ask whether no private file is left, and every source and export is gone or attested as kept."""
    problems = [f"{name}: 残っています。" for name in list_private(stage.folder)]
    problems += check_sources(stage, attestation) + check_exports(stage, attestation)
    seen = "実行のフォルダと元のファイル"
    exports = len(list_exports(stage.folder))
    ask_guard(
        stage, "closing.nothing_left", problems,
        f"{seen}、書き出した {exports} 個" if exports else seen,
    )  # fmt: skip


def finish_disposal(stage: Stage, attestation: Attestation, destroyed: tuple[str, ...]) -> str:
    """Write the report and complete the stage."""
    scope = read_scope(stage.locate("scope_file"))
    rows = [
        ("消去したファイル（暗号化されたもの）", f"{len(destroyed)} 個"),
        ("復号鍵", "記録の封の後に消去"),
    ]
    rows += list_source_states(stage, attestation) + list_export_states(stage, attestation)
    people = [
        ("実施した人", attestation.carried_out_by),
        ("立ち会った人", attestation.witnessed_by),
    ]
    values = stage.parameters
    report = render_disposal(
        f"{values['prefecture']}{values['municipality']}", scope.division, stage.today, rows, people,
        stage.demonstration,
    )  # fmt: skip
    people_facts: dict[str, Any] = {
        "carried_out_by": attestation.carried_out_by, "witnessed_by": attestation.witnessed_by,
        "sources": dict(attestation.sources), "exports": dict(attestation.exports),
    }  # fmt: skip
    return complete_stage(stage, public={REPORT: report}, facts=people_facts)


def list_source_states(stage: Stage, attestation: Attestation) -> list[tuple[str, str]]:
    """List each source file with what two officers attest of it."""
    states = []
    for name in SOURCES:
        if stage.parameters.get(name):
            state = attestation.sources.get(name, "")
            where = "抽出元に" if state == "returned" else ""
            states.append((BY_NAME[name].label, where + _describe_state(state)))
    return states


def list_export_states(stage: Stage, attestation: Attestation) -> list[tuple[str, str]]:
    """List each exported workbook and its due date with what two officers attest of it."""
    return [
        (
            f"書き出した {name}（期限 {facts['due']}）",
            _describe_state(attestation.exports.get(name, "")),
        )
        for name, facts in list_exports(stage.folder).items()
    ]


def _describe_state(state: str) -> str:
    return STATE_WORDS.get(state, state.replace("kept: ", "保有: "))


def tabulate_disposal(
    stage: Stage, attestation: Attestation, destroyed: tuple[str, ...]
) -> pd.DataFrame:
    """Tabulate what was destroyed and what is kept."""
    rows = [(name, "消去した") for name in destroyed]
    rows += list_source_states(stage, attestation) + list_export_states(stage, attestation)
    return pd.DataFrame(rows, columns=["ファイル", "状態"])


def seal_run(folder: Path, key: RunKey, closed: bool) -> list[str]:
    """Seal every executed notebook; after closing, destroy the key and the words of the scan too.

    Returns:
        the names of the notebooks sealed now.
    """
    sealed = seal_notebooks(folder, key)
    if closed:
        names = sorted(
            path.relative_to(folder).as_posix()
            for path in (folder / PRIVATE).rglob("*")
            if path.is_file()
        )
        append_entry(folder, "06", "destroyed", files=names)
        shutil.rmtree(folder / PRIVATE)
    return sealed
