"""The approved scope: what may be given to whom, on which medium and when, as data.

Source: the ward's document (個人情報保護管理運営会議 付議事項, 新宿区 地域コミュニティ課).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.parameters import is_iso_date, read_yaml

LABEL_MEDIUM = "紙（宛名シール）"


class Scope(NamedTuple):
    """An approved scope: items, recipient, medium, period, and the conditions of the hand-over."""

    name: str
    division: str
    purpose: str
    legal_basis: tuple[str, ...]
    ages: tuple[int, ...]
    connected_items: tuple[str, ...]
    provided_items: tuple[str, ...]
    postal_code_is_address: bool
    recipient: str
    medium: str
    period_from: date
    period_to: date
    memorandum_on: str
    guideline_on: str
    handlers: tuple[str, ...]


def read_scope(path: Path) -> Scope:
    """Read an approved scope, refusing missing and unknown keys.

    Raises:
        ParameterError: the file is not a scope; all problems at once.
    """
    content = read_yaml(path)
    problems = [f"{name}: 書かれていません。" for name in Scope._fields if name not in content]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in Scope._fields]
    if not problems:
        problems = [
            f"{name}: {hint}" for name in content if (hint := _check_kind(name, content[name]))
        ]
    if not problems:
        problems = [
            f"{name}: 日付は 2026-04-01 の形で引用符をつけて書いてください。"
            for name in ("period_from", "period_to")
            if not is_iso_date(content[name])
        ]
    raise_problems(ParameterError, problems, f"承認された範囲（{path.name}）")
    lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
    ends = {name: date.fromisoformat(content[name]) for name in ("period_from", "period_to")}
    return Scope(**{**content, **lists, **ends})


def _check_kind(name: str, value: Any) -> str:
    # "false" in quotes would count as yes, and one text as a list holds every part of itself.
    if name == "postal_code_is_address":
        return "" if type(value) is bool else "true か false を引用符なしで書いてください。"
    if name == "ages":
        return "" if _is_list_of(value, int) else "年齢は整数の並びで書いてください。"
    if name in ("legal_basis", "connected_items", "provided_items", "handlers"):
        return "" if _is_list_of(value, str) else "並び（[ ] の中）で書いてください。"
    return "" if type(value) is str else "文字（日付も引用符で囲む）で書いてください。"


def _is_list_of(value: Any, kind: type) -> bool:
    return type(value) is list and all(type(item) is kind and item != "" for item in value)


def check_scope(scope: Scope, ages: Sequence[int], items: Sequence[str], today: date) -> list[str]:
    """Say what of a run lies outside the approved scope.

    Args:
        ages: the ages that the run selects.
        items: the items that the labels will hold (氏名, 住所, 郵便番号).
        today: the day of work.

    Returns:
        one Japanese sentence for each item, age, medium or date outside.
    """
    allowed = [*scope.provided_items, *(["郵便番号"] if scope.postal_code_is_address else [])]
    problems = [f"項目「{item}」は承認されていません。" for item in items if item not in allowed]
    problems += [
        f"{age}歳は承認された対象者ではありません。" for age in ages if age not in scope.ages
    ]
    if scope.medium != LABEL_MEDIUM:
        problems.append(f"承認された媒体が「{LABEL_MEDIUM}」ではありません。")
    if not scope.period_from <= today <= scope.period_to:
        problems.append(
            "業務日が承認された期間の外です。範囲のファイルと業務日を確かめてください。"
        )
    return problems


def check_conditions(scope: Scope, handler: str, request_number: str, today: date) -> list[str]:
    """Say which condition of the hand-over is not met: memorandum, guideline, handler, request."""
    problems = []
    for name, day in (
        ("覚書", scope.memorandum_on),
        ("情報の提供に関する要綱", scope.guideline_on),
    ):
        if not is_iso_date(day) or date.fromisoformat(day) > today:
            problems.append(f"{name}が発効していません。範囲のファイルに発効日を書いてください。")
    if handler not in scope.handlers:
        problems.append("提供する人が、指定された取扱者の中にありません。")
    if not request_number.strip():
        problems.append("依頼文書の番号がありません。")
    return problems


def check_recipient(scope: Scope, received_by: str) -> list[str]:
    """Say if the labels went to somebody else than the approved recipient."""
    if scope.recipient in received_by:
        return []
    return ["受領者が、承認された相手方ではありません。提供の確認書を確かめてください。"]
