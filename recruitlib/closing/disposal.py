"""Disposal (廃棄), the steps of notebook 06: personal data destroyed, and the report of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from recruitlib.base.audit import append_entry, group_digest, list_since_begun, read_entries
from recruitlib.base.counts import ENDED, PRINTED, STEP_BY_NAME, index_counts, read_counts
from recruitlib.base.erasure import erase_file
from recruitlib.base.errors import IntegrityError
from recruitlib.base.exports import list_exports
from recruitlib.base.officers import read_officers
from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.progress import show_progress
from recruitlib.base.record import NOTEBOOK_FOLDER, list_expected, seal_notebooks
from recruitlib.base.run import Stage, ask_guard, complete_stage
from recruitlib.base.scope import read_scope
from recruitlib.base.signed_files import name_signers, refuse_said
from recruitlib.base.vault import PRIVATE, RunKey
from recruitlib.closing.attestation import (
    Attestation,
    check_exports,
    check_sources,
    list_states,
    read_attestation,
)
from recruitlib.closing.private_files import list_last, list_private
from recruitlib.closing.remains import Searched, check_remains, measure_locked, search_remains
from recruitlib.handover.documents import render_disposal
from recruitlib.handover.supplied import check_supplied

REPORT = "handover/disposal_report.pdf"
_GONE = "消去した"


def require_attestation(stage: Stage) -> Attestation:
    """Read the attestation of this run's disposal, which says nothing of a person.

    Raises:
        AwaitingPerson, ParameterError: as ``read_attestation`` and ``refuse_said``.
    """
    path = stage.locate("disposal_file")
    attestation = read_attestation(
        path, stage.parameters["run_id"], stage.demonstration,
        read_officers(stage.root, stage.demonstration),
    )  # fmt: skip
    refuse_said(stage.folder, stage.key, path, attestation.signed["content"])
    return attestation


def check_ends(folder: Path) -> list[str]:
    """Say for which cohort printed labels are neither handed over, nor void, nor spoiled."""
    known = index_counts(read_counts(folder))
    ages = sorted({cohort for cohort, step in known if step in ("labels", *ENDED)})
    problems = (
        []
        if ages
        else [
            "印刷した宛名シールの件数がありません。記録を、最も新しいバックアップから戻してください。"
        ]
    )
    for age in ages:
        printed = sum(known.get((age, step), 0) for step in PRINTED)
        ended = sum(known.get((age, step), 0) for step in ENDED)
        if printed != ended:
            problems.append(
                f"{age}歳: 印刷した {printed:,} 枚のうち、行き先のある通番は {ended:,} 枚です。"
                "05 で通番の行き先をすべて決めてから、廃棄してください。"
            )
    return problems


def tabulate_ends(stage: Stage) -> pd.DataFrame:
    """Tabulate printed + reprinted = handed over + void + spoiled, by cohort."""
    known = index_counts(read_counts(stage.folder))
    ages = sorted({cohort for cohort, step in known if step == "handed_over"})
    steps = (*PRINTED, *ENDED)
    rows = [(f"{age}歳", *(known.get((age, step), 0) for step in steps)) for age in ages]
    return pd.DataFrame(rows, columns=["年齢", *(STEP_BY_NAME[step].label for step in steps)])


@show_progress("残りと写しを探し、個人情報のファイルを消去しています")
def destroy_private(stage: Stage, attestation: Attestation) -> dict[str, str]:
    """Destroy every private file of the run, keeping only what the last scan needs.

    Everything is asked about first, so that a stop leaves everything in place: open serials,
    source files, exports, and what is left elsewhere. The key and the words of the scan go when
    this notebook itself is sealed.

    Returns:
        the files destroyed in this run, those of an earlier attempt included, each with the digest
        under which the record vouched for it; "" for a copy that the record did not know.

    Raises:
        GuardError: a serial is open, the office has not kept who was supplied, or a file is neither
            gone nor attested as kept.
    """
    ends = check_ends(stage.folder)
    ask_guard(stage, "handover.serials_complete", ends, "印刷＋再印刷＝提供＋取消し＋汚損")
    problems = check_supplied(stage)
    problems += _check_left(stage, attestation, search_remains(stage))
    if problems:
        ask_guard(stage, "closing.nothing_left", problems)
    names = list_private(stage.folder)
    expected = list_expected(read_entries(stage.folder))
    # Said before it is done: a run that is cut off in between can still be closed.
    append_entry(
        stage.folder, stage.number, "destroyed", files=names,
        digests={name: expected.get(name, "") for name in names},
        locked=list(measure_locked(stage).values()),
    )  # fmt: skip
    for name in names:
        erase_file(stage.folder / name)
    return list_destroyed(stage.folder)


def list_destroyed(folder: Path) -> dict[str, str]:
    """List the files that the record says were destroyed, each with its digest."""
    digests: dict[str, str] = {}
    for entry in read_entries(folder):
        if entry["event"] == "destroyed":
            for name, digest in entry["facts"]["digests"].items():
                digests[name] = digest or digests.get(name, "")
    return dict(sorted(digests.items()))


def _check_left(stage: Stage, attestation: Attestation, searched: Searched) -> list[str]:
    return [
        *check_sources(stage, attestation),
        *check_exports(stage, attestation, searched.near),
        *check_remains(searched, attestation.remains),
    ]


@show_progress("残りと写しを、もう一度探しています")
def prove_nothing_left(stage: Stage, attestation: Attestation) -> None:
    """Ask whether no private file is left, and every source and export is gone or attested as kept."""
    searched = search_remains(stage)
    left = list_private(stage.folder)
    problems = [f"{name}: 残っています。" for name in left]
    problems += ["消去の後に書き戻されました。06 をやり直してください。"] if left else []
    problems += _check_left(stage, attestation, searched)
    seen = ["実行のフォルダ", "元のファイル", "残りと写し（プロジェクト・一時フォルダ・ごみ箱）"]
    if not searched.whole:
        seen.append("ファイルが多く、写しは途中まで")
    if exports := len(list_exports(stage.folder)):
        seen.append(f"書き出した {exports} 個")
    ask_guard(stage, "closing.nothing_left", problems, "、".join(seen))


def finish_disposal(stage: Stage, attestation: Attestation, destroyed: Mapping[str, str]) -> str:
    """Write the report and complete the stage."""
    scope = read_scope(stage.locate("scope_file"))
    last, expected = list_last(stage.folder), list_expected(read_entries(stage.folder))
    rows = [
        ("消去したファイル（上書きの後に削除）", f"{len(destroyed)} 個"),
        ("復号鍵と、検査に使う言葉", f"{len(last)} 個、記録の封の後に消去"),
        *list_states(stage, attestation),
    ]
    people = list(
        zip(("廃棄した人", "立ち会った人"), name_signers(attestation.signed), strict=True)
    )
    values = stage.parameters
    report = render_disposal(
        f"{values['prefecture']}{values['municipality']}", scope.division, stage.today, rows,
        [
            *((name, digest or "（記録の外の写し）") for name, digest in destroyed.items()),
            *((f"{name}（封の後）", expected.get(name, "")) for name in last),
        ], people,
        group_digest(read_entries(stage.folder)[-1]["hash"]), stage.demonstration,
    )  # fmt: skip
    return complete_stage(
        stage, public={REPORT: report}, facts={"signed": dict(attestation.signed)}
    )


def tabulate_disposal(
    stage: Stage, attestation: Attestation, destroyed: Mapping[str, str]
) -> pd.DataFrame:
    """Tabulate what was destroyed and what is kept."""
    rows = [(name, _GONE) for name in destroyed] + list_states(stage, attestation)
    return pd.DataFrame(rows, columns=["ファイル", "状態"])


def seal_run(folder: Path, key: RunKey, closed: bool) -> list[str]:
    """Look at every file and seal every executed notebook; after closing the words and the key go too.

    Returns:
        the names of the notebooks sealed now.

    Raises:
        IntegrityError: a file holds personal data, or the notebook of 06 is not sealed: the key
            stays until nothing has to be put right with it any more.
    """
    sealed = seal_notebooks(folder, key, whole=True)
    if closed:
        _require_sealed(folder)
        names = list_last(folder)
        expected = list_expected(read_entries(folder))
        append_entry(
            folder, "06", "destroyed", files=names,
            digests={name: expected.get(name, "") for name in names},
        )  # fmt: skip
        for name in names:
            erase_file(folder / name)
        shutil.rmtree(folder / PRIVATE)
    return sealed


def _require_sealed(folder: Path) -> None:
    """Require that the notebook of 06 is in the record, sealed since it began."""
    own = f"{NOTEBOOK_FOLDER}/{NOTEBOOKS['06']}.ipynb"
    since = list_since_begun(read_entries(folder), "06")
    if not any(entry["event"] == "sealed" and own in entry["facts"]["files"] for entry in since):
        raise IntegrityError(
            f"{own}: 封をした実行記録がありません。06 をやり直してください"
            "（recruitlib run パラメータのファイル --from 06 --through 06）。それまで、鍵は消しません。"
        )
