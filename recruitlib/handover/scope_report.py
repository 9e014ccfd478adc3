"""The scope report of notebook 05: every approved item beside what this run did.

What the run did is read from its parameters and its record, not from what somebody says.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from recruitlib.base.audit import group_digest, list_since_begun, read_entries
from recruitlib.base.run import Stage, read_completed
from recruitlib.base.scope import Scope, read_scope
from recruitlib.base.scope_gate import describe_scope, read_request
from recruitlib.base.signed_files import name_signers
from recruitlib.handover.receipt import Receipt
from recruitlib.labels.print_settings import list_printed_items
from recruitlib.optouts.applications import SOURCE_LABELS

_COLUMNS = ["承認された範囲", "承認", "この実行"]
_ANSWERS = {"yes": "はい", "no": "否", "not_asked": "問わず", "": "記録なし"}


def tabulate_scope(stage: Stage, receipt: Receipt) -> pd.DataFrame:
    """Tabulate each approved item beside what this run did."""
    scope = read_scope(stage.locate("scope_file"))
    rows = [
        *_list_business(stage, scope),
        *_list_connection(stage, scope),
        *_list_provision(stage, scope, receipt),
        *_list_approval(stage, scope),
    ]
    return pd.DataFrame(rows, columns=_COLUMNS, dtype="str")


def _list_business(stage: Stage, scope: Scope) -> list[tuple[str, str, str]]:
    values, request, approved = stage.parameters, read_request(stage), scope.request
    ages = "・".join(f"{age}歳" for age in values["cohort_ages"])
    return [
        ("事業名", scope.name, f"{values['fiscal_year']}年度、実行名 {values['run_id']}"),
        ("担当課", scope.division, f"{values['prefecture']}{values['municipality']}"),
        ("目的", scope.purpose, f"依頼 {request.number} に答える宛名シールの作成"),
        ("対象者", scope.subjects, f"{ages}。一人ずつの検査: "
            f"{_find_answer(stage, '01', 'cohort.status_retested')}"),
        ("根拠", "、".join(scope.legal_basis), "—"),
        ("依頼文書", f"{approved.number}（{approved.date}）", f"{request.number}（{request.date}）"),
        ("指定された生年月日", "、".join(approved.birth_ranges), "、".join(request.birth_ranges)),
    ]  # fmt: skip


def _list_connection(stage: Stage, scope: Scope) -> list[tuple[str, str, str]]:
    days = [stage.parameters[f"{prefix}form_exported_on"] for prefix in ("", "print_", "handover_")]
    columns = "、".join(scope.form_system_columns)
    connected = {
        "フリガナ（氏名）": scope.kana_is_name,
        "申出者との関係（提供しない申出）": scope.relation_is_optout,
    }
    return [
        ("結合の相手方", scope.counterparty, f"電子申請の出力日 {'、'.join(days)}"),
        ("結合の形態", scope.route, "担当課の証明（チェックリスト）"),
        ("結合する理由", scope.reason_for_connection, "—"),
        ("結合する項目", "、".join(scope.connected_items), _find_columns(stage)),
        ("システムが付ける項目", columns, "ほかの列を読み込まない"),
        ("結合する項目に数えるもの", _list_counted(connected), "数えないものは読み込まない"),
    ]  # fmt: skip


def _list_provision(stage: Stage, scope: Scope, receipt: Receipt) -> list[tuple[str, str, str]]:
    values = stage.parameters
    items = "、".join(list_printed_items(stage.root, values))
    proof = _find_answer(stage, "04", "labels.only_allowed_items")
    read_back = _find_answer(stage, "04", "labels.print_is_approved")
    medium = f"{values['label_sheet']} に印刷。読み戻して一覧と等しいか: {read_back}"
    conditions = _find_answer(stage, "05", "handover.conditions_met")
    provided = {"郵便番号（住所）": scope.postal_code_is_address}
    people = "、".join(name_signers(receipt.signed))
    return [
        ("提供の相手方", scope.recipient, receipt.received_by),
        ("提供する理由", scope.reason_for_provision, "—"),
        ("提供する項目", "、".join(scope.provided_items), f"{items}。ほかに何もないか: {proof}"),
        ("提供する項目に数えるもの", _list_counted(provided), "数えないものは印刷しない"),
        ("媒体", scope.medium, medium),
        ("期間", f"{scope.period_from}〜{scope.period_to}", f"提供 {receipt.received_on}"),
        ("緊急時の本人通知", scope.notice_in_emergency, "—"),
        ("覚書", scope.memorandum_on, f"発効の後か: {conditions}"),
        ("情報の提供に関する要綱", scope.guideline_on, f"発効の後か: {conditions}"),
        ("取扱者", "、".join(scope.handlers), receipt.handler),
        ("準備した人・確認した人", "別の二人", people),
    ]


def _list_approval(stage: Stage, scope: Scope) -> list[tuple[str, str, str]]:
    frozen = read_completed(stage.folder, "01")["facts"]["scope"]
    now = describe_scope(stage)["digest"]
    replaced = group_digest(scope.replaces) if scope.replaces else "—"
    return [
        ("文書", "、".join(scope.document), str(stage.parameters["scope_file"])),
        ("承認した人と日", f"{scope.approved_by}（{scope.approved_on}）",
         f"範囲の値 01: {group_digest(frozen['digest'])}、今: {group_digest(now)}"),
        ("前の範囲の値", replaced, "—"),
    ]  # fmt: skip


def _list_counted(switches: Mapping[str, bool]) -> str:
    return "、".join(name for name, is_so in switches.items() if is_so) or "なし"


def _find_answer(stage: Stage, number: str, guard: str) -> str:
    return _ANSWERS[str(_find_asked(stage, number, guard).get("answer", ""))]


def _find_columns(stage: Stage) -> str:
    """Find in the record of 02 which columns of the form were kept and which were not."""
    note = str(_find_asked(stage, "02", "handover.within_scope").get("note", ""))
    form, counter = (note.find(f"{label}（") for label in SOURCE_LABELS.values())
    return note[form:counter].rstrip("、") if 0 <= form < counter else "記録なし"


def _find_asked(stage: Stage, number: str, guard: str) -> dict[str, object]:
    entries = list_since_begun(read_entries(stage.folder), number)
    asked = [
        entry["facts"] for entry in entries
        if entry["stage"] == number and entry["event"] == "guard" and entry["facts"]["guard"] == guard
    ]  # fmt: skip
    return asked[-1] if asked else {}
