"""The gate of the approved scope: what every stage asks before it works inside of it.

A run keeps the scope with which it began. Another one is another file, with an approver of its own,
and begins at 01.
"""

from __future__ import annotations

from collections.abc import Sequence

from recruitlib.base.audit import digest_bytes, find_latest, read_entries
from recruitlib.base.run import Stage, ask_guard, read_completed
from recruitlib.base.scope import (
    Request,
    check_scope,
    list_allowed_items,
    list_unwritten,
    read_scope,
)

_ADVICE = "承認された範囲のとおりに直してください（範囲を変えるときは、承認を受けた新しいファイルで 01 から）。"


def ask_scope(
    stage: Stage, items: Sequence[str] = (), problems: Sequence[str] = (), note: str = ""
) -> None:
    """Ask whether the run lies inside the approved scope on this day.

    Args:
        items: what the labels will hold; without it whatever the scope provides.
        problems: what the stage itself has found to lie outside.
        note: what the stage itself has looked at, for the record.

    Raises:
        GuardError: something lies outside, or the scope is not the one of 01.
    """
    scope = read_scope(stage.locate("scope_file"))
    printed = list(items) or list_allowed_items(scope)
    outside = check_scope(
        scope, read_request(stage), stage.parameters["cohort_ages"], printed, stage.today
    )
    seen = [f"項目: {'・'.join(printed)}", f"媒体: {scope.medium}", f"承認: {scope.approved_on}"]
    if unwritten := list_unwritten(scope):
        seen.append(f"未記入（04 で止まる）: {'・'.join(unwritten)}")
    found = [*_check_frozen(stage), *outside, *problems]
    ask_guard(
        stage, "handover.within_scope", [*found, _ADVICE] if found else [],
        "、".join([*seen, *([note] if note else [])]),
    )  # fmt: skip


def read_request(stage: Stage) -> Request:
    """Read the request that the run's parameters state."""
    values = stage.parameters
    ranges = tuple(values["cohort_birth_ranges"])
    return Request(values["request_number"], values["request_date"], ranges)


def describe_scope(stage: Stage) -> dict[str, str]:
    """Describe the scope for the record: file, SHA-256, and who approved it when."""
    path = stage.locate("scope_file")
    scope = read_scope(path)
    return {
        "file": str(stage.parameters["scope_file"]), "digest": digest_bytes(path.read_bytes()),
        "approved_by": scope.approved_by, "approved_on": scope.approved_on,
    }  # fmt: skip


def _check_frozen(stage: Stage) -> list[str]:
    if stage.number == "01":
        return _check_replaced(stage)
    frozen = read_completed(stage.folder, "01")["facts"].get("scope", {})
    if describe_scope(stage)["digest"] == frozen.get("digest"):
        return []
    return [
        "範囲のファイルが 01 の後に変わっています。範囲を変えるときは、承認を受けた新しいファイルを作り、"
        "01 からやり直してください。"
    ]


def _check_replaced(stage: Stage) -> list[str]:
    """Say if the run has begun with another scope than the one that this scope replaces."""
    before = find_latest(read_entries(stage.folder), "01", "completed")
    digest = before["facts"].get("scope", {}).get("digest") if before else None
    scope = read_scope(stage.locate("scope_file"))
    if digest in (None, describe_scope(stage)["digest"], scope.replaces):
        return []
    return [
        "この実行は、別の範囲のファイルで 01 を終えています。範囲を変えたときは、前のファイルの要約値"
        f"（{digest}）を新しいファイルの replaces に書き、承認を受けてください。"
    ]
