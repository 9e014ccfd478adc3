"""Choices: the kinds of cases, the decisions that each offers, and the reasons of each decision."""

from __future__ import annotations

KIND_LABELS = {
    "unreadable": "読めない行",
    "missing": "受付簿にあり、今回の出力にない申出",
    "birth_unsure": "生年月日が確かでなく、対象かもしれない人",
    "protection_unsure": "支援措置の一覧の行で、誰か決まらないもの",
    "undecided": "未決の申出",
    "to_confirm": "要確認（先に除外）",
    "withdrawn": "取下げ・差し戻し・却下・試験",
    "housemate": "支援措置対象者と同じ世帯の対象者",
    "near_pair": "申出とよく似た、除外されていない人（最後の関門）",
}
# Of each kind of case: the decisions, and of each decision the reasons that can stand behind it.
DECISIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "unreadable": {
        "left_out": (
            "checked_with_registry", "not_a_person", "entered_again", "typing_error", "test_row",
        ),
    },
    "missing": {
        "left_out": (
            "checked_with_registry", "entered_again", "typing_error", "status_checked",
            "withdrawn_by_subject", "test_row",
        ),
    },
    "birth_unsure": {
        "left_out": ("checked_with_registry",),
        "included": ("checked_with_registry", "typing_error"),
    },
    "protection_unsure": {
        "matched": ("checked_with_registry", "list_checked", "typing_error"),
        "outside": ("checked_with_registry", "list_checked", "no_such_person", "other_person"),
    },
    "undecided": {
        "matched": (
            "typing_error", "parent_signed", "checked_with_registry", "authority_checked",
            "status_checked",
        ),
        "outside": (
            "no_such_person", "other_person", "checked_with_registry", "entered_again", "test_row",
        ),
    },
    "to_confirm": {
        "matched": (
            "list_checked", "authority_checked", "checked_with_registry", "status_checked",
            "typing_error", "parent_signed",
        ),
        "rejected": (
            "other_person", "authority_missing", "rejection_confirmed", "status_checked",
            "entered_again", "test_row",
        ),
    },
    "withdrawn": {
        "withdrawn": (
            "withdrawn_by_subject", "returned_confirmed", "rejection_confirmed", "entered_again",
            "test_row",
        ),
        "matched": ("withdrawal_unproved", "status_checked", "authority_missing"),
    },
    "housemate": {
        "excluded": ("household_protected", "checked_with_registry"),
        "supplied": ("not_protected", "checked_with_registry"),
    },
    "near_pair": {
        "another": ("other_person", "checked_with_registry"),
        "excluded": ("typing_error", "parent_signed", "checked_with_registry"),
    },
}  # fmt: skip
DECISION_LABELS = {
    "left_out": "使わずに進める",
    "included": "対象者とする（生年月日を確かめた）",
    "matched": "除外する（この候補が本人）",
    "outside": "対象者の中に該当者なし",
    "rejected": "申出を認めない",
    "withdrawn": "取下げ等を認める（除外をやめる）",
    "excluded": "除外する",
    "supplied": "提供する",
    "another": "別人（申出はこの人のものでない）",
}
REASONS = {
    "not_a_person": "人の行でない",
    "entered_again": "別の行に入れ直した",
    "checked_with_registry": "登録係に確かめた",
    "typing_error": "記入の誤り",
    "parent_signed": "保護者の名義で申出",
    "no_such_person": "該当者なし",
    "other_person": "別人",
    "list_checked": "一覧で確かめた",
    "authority_checked": "資格を確かめた",
    "authority_missing": "資格がない",
    "withdrawn_by_subject": "本人が取下げ",
    "withdrawal_unproved": "取下げの本人確認なし",
    "returned_confirmed": "差し戻しを確かめた",
    "rejection_confirmed": "却下を確かめた",
    "test_row": "試験の入力・欠番",
    "status_checked": "状況を確かめた",
    "household_protected": "世帯として保護",
    "not_protected": "保護の対象でない",
}
# Decisions that point at one of the candidates.
POINTING = {
    ("undecided", "matched"),
    ("protection_unsure", "matched"),
    ("birth_unsure", "included"),
}


def list_decisions(kind: str, candidates: int) -> list[str]:
    """List the decisions that a case offers; without a candidate none that points at one."""
    return [name for name in DECISIONS[kind] if candidates or (kind, name) not in POINTING]
