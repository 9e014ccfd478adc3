"""The attestation of the disposal (廃棄の確認書): what two officers say of every file, and sign."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.exports import list_exports
from recruitlib.base.officers import Officer
from recruitlib.base.parameters import read_yaml
from recruitlib.base.people_files import check_content, require_same_run
from recruitlib.base.run import Stage
from recruitlib.base.signed_files import describe_signed, pick_said, require_two_signed
from recruitlib.handover.sources import SOURCES, list_sources, name_source

_ROLES = {"carried_out_by": "廃棄した人", "witnessed_by": "立ち会った人"}
_KINDS = {
    "demonstration": bool, "run_id": str, "carried_out_by": str, "witnessed_by": str,
    "sources": dict, "exports": dict, "remains": dict,
}  # fmt: skip
_PARTS = ("sources", "exports", "remains")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_KEPT = "kept: "
_STILL = "ファイルを消すか、確認書を「kept: 理由」に直してください。"
_STATE_WORDS = {"destroyed": "消去した", "returned": "返した"}


class Attestation(NamedTuple):
    """What two officers attest of each source file and each export: destroyed, or kept and why.

    ``remains`` are files that the search has found beside them, and that are kept.
    """

    demonstration: bool
    run_id: str
    carried_out_by: str
    witnessed_by: str
    sources: Mapping[str, str]
    exports: Mapping[str, str] = _NOTHING
    remains: Mapping[str, str] = _NOTHING
    signed: Mapping[str, Any] = MappingProxyType({})


def read_attestation(
    path: Path, run_id: str, demonstration: bool, officers: Mapping[str, Officer]
) -> Attestation:
    """Read the attestation of the disposal.

    Raises:
        AwaitingPerson: it is missing, one person is both, or a signature is missing.
        ParameterError: the file is not an attestation, or one for another run.
    """
    if not path.exists():
        raise AwaitingPerson(
            f"{path.name}: 廃棄の確認書がまだありません。二人で確かめて書いてください。"
        )
    content = read_yaml(path)
    said: dict[str, Any] = {"exports": {}, "remains": {}, **pick_said(content)}
    problems = check_content(said, _KINDS) or _check_states(said)
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    require_two_signed(path, content, officers, _ROLES)
    signed = describe_signed(content, officers, [content[name] for name in _ROLES])
    return Attestation(**said, signed=signed)


def _check_states(said: Mapping[str, Any]) -> list[str]:
    # A path of a file that an act has read is looked for in the record later.
    wrong = [
        f"sources の {name}"
        for name in said["sources"]
        if name not in SOURCES and str(name).isidentifier()
    ]
    wrong += [
        f"{part} の {name}"
        for part in _PARTS
        for name, state in said[part].items()
        if not (is_state(state) and isinstance(name, str))
    ]
    problems = [
        f"{name}: 名前は文字で、値は destroyed（消去）、returned（返却）、「kept: 理由」（保有）のどれかです。"
        for name in dict.fromkeys(wrong)
    ]
    return problems + [
        f"remains の {name}: 消したものは書きません。保有するものだけを「kept: 理由」と書いてください。"
        for name, state in said["remains"].items()
        if is_state(state) and not is_kept(state)
    ]


def is_state(state: object) -> bool:
    """Whether a file is said to be destroyed, returned, or kept for a reason that is given."""
    return type(state) is str and (state in _STATE_WORDS or is_kept(state))


def is_kept(state: str) -> bool:
    """Whether a file is said to be kept, for a reason that is given."""
    return state.startswith(_KEPT) and state.strip() != _KEPT.strip()


def check_sources(stage: Stage, attestation: Attestation) -> list[str]:
    """Say which source file is neither gone nor attested as kept."""
    known = list_sources(stage)
    problems = [
        f"sources の {name}: この実行が読んだファイルではありません。名前を確かめてください。"
        for name in attestation.sources
        if name not in {*known, *SOURCES}
    ]
    for name, path in known.items():
        state = attestation.sources.get(name, "")
        if not is_state(state):
            problems.append(
                f"{name_source(name)}: destroyed（消去）、returned（抽出元に返却）、kept: 理由（保有）の"
                "どれかを確認書に書いてください。"
            )
        elif not is_kept(state) and path.exists():
            problems.append(
                f"{name_source(name)}: 消去または返却したと書かれていますが、ファイルが残っています。{_STILL}"
            )
    return problems


def check_exports(stage: Stage, attestation: Attestation, near: Collection[str]) -> list[str]:
    """Say which exported workbook is neither gone nor attested as kept.

    Args:
        near: the names, in lower case, of the files where an officer might have left it.
    """
    known = list_exports(stage.folder)
    problems = [
        f"exports の {name}: この実行で書き出したファイルではありません。名前を確かめてください。"
        for name in attestation.exports
        if name not in known
    ]
    for name in known:
        state = attestation.exports.get(name, "")
        if not is_state(state):
            problems.append(
                f"書き出した {name}: destroyed（消去）、returned（返却）、kept: 理由（保有）のどれかを"
                "確認書の exports に書いてください。"
            )
        elif not is_kept(state) and name.casefold() in near:
            problems.append(
                f"書き出した {name}: 消去または返却したと書かれていますが、ファイルが残っています。{_STILL}"
            )
    return problems


def list_states(stage: Stage, attestation: Attestation) -> list[tuple[str, str]]:
    """List each source file, exported workbook and remaining file with what is attested of it."""
    rows = []
    for name in list_sources(stage):
        state = attestation.sources.get(name, "")
        where = "抽出元に" if state == "returned" else ""
        rows.append((name_source(name), where + describe_state(state)))
    for name, facts in list_exports(stage.folder).items():
        state = attestation.exports.get(name, "")
        rows.append((f"書き出した {name}（期限 {facts['due']}）", describe_state(state)))
    return rows + [(name, describe_state(state)) for name, state in attestation.remains.items()]


def describe_state(state: str) -> str:
    """Describe in Japanese what is attested of a file; "" where nothing is."""
    return _STATE_WORDS.get(state, state.replace(_KEPT, "保有: "))
