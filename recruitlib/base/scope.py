"""The approved scope (承認された範囲): what may be given to whom, on which medium and when, as data.

Source: the ward's document (個人情報保護管理運営会議 付議事項, 新宿区 地域コミュニティ課).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.parameters import is_iso_date, read_yaml

LABEL_MEDIUM = "紙（宛名シール）"
POSTAL_CODE = "郵便番号"


class Request(NamedTuple):
    """The request (依頼文書) that a scope is for: its number, its date and the range it designates."""

    number: str
    date: str
    birth_ranges: tuple[str, ...]


class Scope(NamedTuple):
    """An approved scope: both halves of the document, the request, the conditions and the approver.

    Three switches say which neighbour of an approved item counts as part of it: the reading as
    氏名, the applicant's relation as 提供しない申出, the postal code as 住所. 方書 is part of 住所.
    ``return_line`` is the one line that a label may bear beside the items, "" for none.
    ``replaces`` is the SHA-256 of the file that this one replaces, "" for the first.
    """

    name: str
    division: str
    document: tuple[str, ...]
    legal_basis: tuple[str, ...]
    purpose: str
    subjects: str
    ages: tuple[int, ...]
    request: Request
    reason_for_connection: str
    counterparty: str
    route: str
    connected_items: tuple[str, ...]
    kana_is_name: bool
    relation_is_optout: bool
    form_system_columns: tuple[str, ...]
    reason_for_provision: str
    recipient: str
    provided_items: tuple[str, ...]
    postal_code_is_address: bool
    medium: str
    return_line: str
    period_from: date
    period_to: date
    notice_in_emergency: str
    memorandum_on: str
    guideline_on: str
    handlers: tuple[str, ...]
    approved_by: str
    approved_on: str
    replaces: str


_SWITCHES = ("kana_is_name", "relation_is_optout", "postal_code_is_address")
_LISTS = ("document", "legal_basis", "connected_items", "form_system_columns", "provided_items",
          "handlers")  # fmt: skip
_IN_PLACE = re.compile("気付|委託|会社|法人|代理|御中")
_DIGEST = r"[0-9a-f]{64}"
# What the office writes after the document was approved; until then the run stops.
_LATER = {"memorandum_on": "覚書の日", "guideline_on": "要綱の日", "handlers": "取扱者"}
_MAY_BE_EMPTY = (*_LATER, "return_line", "approved_by", "approved_on", "replaces")


def read_scope(path: Path) -> Scope:
    """Read an approved scope, refusing missing and unknown keys.

    Raises:
        ParameterError: the file is not a scope; all problems at once.
    """
    content = read_yaml(path)
    problems = _check_keys(content, Scope._fields)
    if not problems:
        problems = [
            f"{name}: {hint}" for name in content if (hint := _check_kind(name, content[name]))
        ]
    if not problems:
        problems = _check_keys(content["request"], Request._fields, "request の ")
    if not problems:
        problems = _check_values(content)
    raise_problems(ParameterError, problems, f"承認された範囲（{path.name}）")
    lists = {name: tuple(content[name]) for name in (*_LISTS, "ages")}
    ends = {name: date.fromisoformat(content[name]) for name in ("period_from", "period_to")}
    asked = content["request"]
    request = Request(**{**asked, "birth_ranges": tuple(asked["birth_ranges"])})
    return Scope(**{**content, **lists, **ends, "request": request})


def _check_keys(content: Mapping[str, Any], wanted: Sequence[str], where: str = "") -> list[str]:
    problems = [f"{where}{name}: 書かれていません。" for name in wanted if name not in content]
    return problems + [
        f"{where}{name}: 知らない項目です。" for name in content if name not in wanted
    ]


def _check_kind(name: str, value: Any) -> str:
    # "false" in quotes would count as yes, and one text as a list holds every part of itself.
    if name in _SWITCHES:
        return "" if type(value) is bool else "true か false を引用符なしで書いてください。"
    if name == "ages":
        return "" if _is_list_of(value, int) else "年齢は整数の並びで書いてください。"
    if name in _LISTS:
        return "" if _is_list_of(value, str) else "並び（[ ] の中）で書いてください。"
    if name == "request":
        return "" if type(value) is dict else "number・date・birth_ranges の表で書いてください。"
    if type(value) is not str:
        return "文字（日付も引用符で囲む）で書いてください。"
    return "" if value.strip() or name in _MAY_BE_EMPTY else "空です。書いてください。"


def _is_list_of(value: Any, kind: type) -> bool:
    return type(value) is list and all(type(item) is kind and item != "" for item in value)


def _check_values(content: Mapping[str, Any]) -> list[str]:
    asked = content["request"]
    problems = [
        f"{name}: 日付は 2026-04-01 の形で引用符をつけて書いてください。"
        for name in ("period_from", "period_to")
        if not is_iso_date(content[name])
    ]
    problems += [
        f"request の {name}: 文字（日付も引用符で囲む）で書いてください。"
        for name in ("number", "date")
        if type(asked[name]) is not str
    ]
    if not _is_list_of(asked["birth_ranges"], str):
        problems.append("request の birth_ranges: 並び（[ ] の中）で書いてください。")
    if content["replaces"] and not re.fullmatch(_DIGEST, content["replaces"]):
        problems.append('replaces: 前の範囲のファイルの要約値（64桁）か、"" を書いてください。')
    return problems


def list_allowed_items(scope: Scope) -> list[str]:
    """List the items that a label may hold: those provided, and the postal code where it counts."""
    postal = [POSTAL_CODE] if scope.postal_code_is_address else []
    return list(dict.fromkeys([*scope.provided_items, *postal]))


def list_unwritten(scope: Scope) -> list[str]:
    """List the conditions of the hand-over that the file does not state yet."""
    return [label for name, label in _LATER.items() if not getattr(scope, name)]


def check_written(scope: Scope) -> list[str]:
    """Say what the file must state before anything is printed.

    It cannot be filled in later: the scope of a run is the one of 01, and so the labels would have
    been printed for nothing.
    """
    return [
        f"範囲のファイルに {label} が書かれていません。書いたファイルで、01 からやり直してください（予定の日でもよい）。"
        for label in list_unwritten(scope)
    ]


def check_scope(
    scope: Scope, request: Request, ages: Sequence[int], items: Sequence[str], today: date
) -> list[str]:
    """Say what of a run lies outside the approved scope.

    Args:
        request: the request as the run's parameters state it.
        ages: the ages that the run selects.
        items: the items that the labels will hold (氏名, 住所, 郵便番号).
        today: the day of work.

    Returns:
        one Japanese sentence for each item, age, medium or date outside, for a missing or later
        approval, and for each part of the request that differs.
    """
    allowed = list_allowed_items(scope)
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
    return problems + _check_approver(scope, today) + _check_request(scope.request, request)


def _check_approver(scope: Scope, today: date) -> list[str]:
    if not scope.approved_by.strip() or not is_iso_date(scope.approved_on):
        return [
            "範囲を承認した人と日（approved_by・approved_on）がありません。承認を受けてから書いてください。"
        ]
    if date.fromisoformat(scope.approved_on) > today:
        return ["範囲の承認の日（approved_on）が業務日より後です。"]
    return []


def _check_request(approved: Request, stated: Request) -> list[str]:
    pairs = (
        ("番号", "number", approved.number.strip(), stated.number.strip()),
        ("日付", "date", approved.date, stated.date),
        ("生年月日の範囲", "birth_ranges", sorted(approved.birth_ranges), sorted(stated.birth_ranges)),
    )  # fmt: skip
    problems = []
    for label, name, ours, theirs in pairs:
        if not ours:
            problems.append(f"範囲のファイルに依頼文書の{label}（request の {name}）がありません。")
        elif ours != theirs:
            problems.append(
                f"依頼文書の{label}が、承認された範囲（request の {name}）とパラメータで違います。"
            )
    return problems


def check_conditions(
    scope: Scope, handler: str, request_number: str, received_on: date, today: date
) -> list[str]:
    """Say which condition of the hand-over is not met.

    Memorandum and guideline are in force on the day of receipt, which lies inside the period and
    has come; the handler is a designated one; the request is on file.

    Args:
        handler: who gave the labels, as the confirmation names the person.
        request_number: of the request, from the parameters.
        received_on: the day on which the recipient received them.
        today: the day of work.
    """
    problems = []
    for name, day in (
        ("覚書", scope.memorandum_on),
        ("情報の提供に関する要綱", scope.guideline_on),
    ):
        if not is_iso_date(day) or date.fromisoformat(day) > min(received_on, today):
            problems.append(
                f"{name}が、受領の日に発効していません。発効の後に、発効日を書いた新しい範囲の"
                "ファイルで 01 からやり直してください。"
            )
    if handler not in scope.handlers:
        problems.append(
            "提供の確認書の handler（提供する人）が、指定された取扱者の中にありません。範囲のファイルのとおりに"
            f"書いてください（{'、'.join(scope.handlers) or 'まだ指定がありません'}）。"
        )
    if not request_number.strip():
        problems.append(
            "依頼文書の番号がありません。request_number に書き、01 からやり直してください。"
        )
    if not scope.period_from <= received_on <= scope.period_to:
        problems.append(
            "受領の日（received_on）が、承認された期間の外です。提供の確認書を確かめてください。"
        )
    if received_on > today:
        problems.append(
            "受領の日（received_on）が、業務日より後です。提供の確認書を確かめてください。"
        )
    return problems


def check_recipient(scope: Scope, received_by: str) -> list[str]:
    """Say if the labels went to somebody else than the approved recipient.

    A section of the recipient may follow its name after a space or in brackets; whoever merely has
    the name inside his own (…の委託先), or takes them in its place (気付), is somebody else.
    """
    section = r"[^\s（）()]{0,20}[課部係室所班科]"
    own = rf"{re.escape(scope.recipient)}([ \u3000]{section}|[（(]{section}[）)])*(（見本）)?"
    if re.fullmatch(own, received_by) and not _IN_PLACE.search(received_by):
        return []
    return [
        "受領者が、承認された相手方ではありません。相手方の名を範囲のファイルのとおりに、課の名はその後に"
        "空白をおいて書いてください。"
    ]
