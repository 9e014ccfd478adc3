"""Casebook: the tables of a run put where each case finds them, and one case as people see it.

The tables are put in order once; after that a case is gathered without searching them, so that
moving to the next one is quick however many residents there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.choices import KIND_LABELS
from recruitlib.base.names import fold_name
from recruitlib.base.secrecy import hide_values
from recruitlib.optouts.acts import STATUS_LABELS
from recruitlib.optouts.gazetteer import Gazetteer, learn_places
from recruitlib.optouts.reasons import CASE_WORDS
from recruitlib.optouts.register import WORDS
from recruitlib.review.comparison import SAME, Line, Pieces, compare_fields, needs_tick

CASE_REASONS = {
    "authority": "申出者の資格を確かめる",
    "other_signer": "別の人のカードで署名された",
    "late": "締切の後の申出",
    "status": "状況か意思が読み取れない",
    "listed": "氏名・生年月日・番地のどれかが違うが、一人に定まる",
    **CASE_WORDS,
    "withdrawal": "取下げ",
    "returned": "差し戻し",
    "rejected": "却下",
    "test": "試験・欠番",
    "withdrawn_later": "後から取下げられた",
    "order_unknown": "申出と取下げの前後が決まらない",
    "two_fields": "氏名・生年月日・番地の二つが申出と同じ",
    "same_household": "支援措置の対象者と同じ世帯",
}
# What is shown of an application beside the fields that are compared.
_BESIDE = {
    "applicant_relation": "申出者",
    "channel": "受付",
    "received_time": "受付の時刻",
    "identity_check": "本人確認",
    "wish": "意思",
    "status": "状況",
}
_CODED: dict[str, Mapping[str, str]] = {
    "channel": WORDS["channel"],
    "applicant_relation": WORDS["applicant_relation"],
    "status": STATUS_LABELS,
    "wish": WORDS["wish"],
}
# In what role the resident stands whom the case itself names.
_ROLES = {
    "to_confirm": "一致した人",
    "withdrawn": "一致した人",
    "near_pair": "よく似た人",
    "housemate": "同じ世帯の対象者",
}
_HELD = {
    "full_name": "氏名",
    "full_name_kana": "読み",
    "birth_date": "生年月日",
    "address": "住所",
    "building": "住所: 方書",
}
# An application that somebody outside of the cohort may have meant for himself or herself.
_OUTSIDE = ("applied_by_other", "other_generation", "other_name", "same_day", "same_home")
# Decisions by which an application is taken to mean a resident.
_LINKING = ("matched", "excluded")
_MOST_OTHERS = 5
OUTSIDER = (
    "一致した人は対象者ではありません（年齢・国籍・転出など）。台帳で確かめてください。"
    "ここにはその人の内容がありません。"
)


@hide_values
class Casebook(NamedTuple):
    """The tables of a run, each put where a case finds it."""

    cases: Mapping[int, Mapping[str, Any]]
    applications: Mapping[str, Mapping[str, Any]]
    residents: Mapping[str, Mapping[str, Any]]
    candidates: Mapping[str, list[tuple[str, str]]]
    near: Mapping[str, list[tuple[str, str]]]
    matches: Mapping[str, Mapping[str, Any]]
    by_name: Mapping[str, list[str]]
    by_household: Mapping[str, list[str]]
    gazetteer: Gazetteer


@hide_values
class Resident(NamedTuple):
    """One resident of a case, compared with its application, and who else has the name or the home.

    ``number`` is that of a candidate, 0 of whom the case itself names, -1 of who is only near.
    """

    title: str
    number: int
    lines: list[Line]
    evidence: str
    doubtful: bool
    namesakes: list[str]
    housemates: list[str]


@hide_values
class CaseView(NamedTuple):
    """One case as people see it: why it is one, the application beside, the residents, remarks."""

    case: Mapping[str, Any]
    kind: str
    why: str
    told: str
    beside: list[tuple[str, str]]
    typed: list[Line]
    residents: list[Resident]
    remarks: list[str]

    def links_in_doubt(self, decision: str, chosen: tuple[int, ...]) -> bool:
        """Whether a decision links the application to a resident whose name and birth date differ.

        Args:
            decision: the decision's code.
            chosen: the numbers of the candidates that it points at; none where it means the
                resident whom the case itself names.
        """
        meant = set(chosen) or {0}
        doubtful = any(one.doubtful for one in self.residents if one.number in meant)
        return decision in _LINKING and doubtful


def open_casebook(
    cases: pd.DataFrame, tables: Mapping[str, pd.DataFrame], place: tuple[str, str]
) -> Casebook:
    """Put the tables of a run where each case finds them.

    Args:
        cases: of 03.
        tables: ``applications``, ``matches``, ``candidates``, ``cohort`` and ``near``.
        place: prefecture and municipality.
    """
    cohort = tables["cohort"]
    names = cohort["full_name"].map(fold_name)
    meant = cohort["addressee_id"].isin(_list_meant(cases, tables))
    homes = set(cohort.loc[meant, "household_id"]) - {""}
    wanted = set(names[meant])
    # Only who may be shown is taken out of the cohort, by name and household too.
    shown = meant | names.isin(wanted) | cohort["household_id"].isin(homes)
    columns = ["addressee_id", "household_id", *_HELD]
    rows = cohort.loc[shown, columns].to_dict("records")
    book = Casebook(
        {row["case"]: row for row in cases.to_dict("records")},
        {row["application_id"]: row for row in tables["applications"].to_dict("records")},
        {row["addressee_id"]: row for row in rows},
        _group_people(tables["candidates"].sort_values("place", kind="stable")),
        _group_people(tables["near"]),
        {row["application_id"]: row for row in tables["matches"].to_dict("records")},
        {}, {}, learn_places(cohort["address"].unique(), *place),
    )  # fmt: skip
    by_name: dict[str, list[str]] = {name: [] for name in wanted}
    by_household: dict[str, list[str]] = {home: [] for home in homes}
    for row, name in zip(rows, names[shown], strict=True):
        if name in wanted:
            by_name[name].append(row["addressee_id"])
        if row["household_id"] in homes:
            by_household[row["household_id"]].append(row["addressee_id"])
    return book._replace(by_name=by_name, by_household=by_household)


def _list_meant(cases: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> set[str]:
    ids = set(cases["addressee_id"])
    for name in ("candidates", "near"):
        own = tables[name]
        ids |= set(own.loc[own["application_id"].isin(cases["application_id"]), "addressee_id"])
    return ids


def _group_people(table: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    columns = ["application_id", "addressee_id", "evidence"]
    for application_id, person_id, evidence in table[columns].itertuples(index=False, name=None):
        found.setdefault(application_id, []).append((person_id, evidence))
    return found


def gather_case(book: Casebook, number: int) -> CaseView:
    """Gather one case: the application, and every resident who may be meant, compared with it."""
    case = book.cases[number]
    typed = book.applications.get(case["application_id"])
    match = book.matches.get(case["application_id"], {})
    remarks = []
    shown: list[tuple[str, int, str, str]] = []
    own = case["addressee_id"]
    if own:
        # The evidence of the match is of the person matched, not of one whom the last gate found.
        evidence = str(match.get("evidence", "")) if match.get("addressee_id") == own else ""
        shown.append((_ROLES.get(case["kind"], "一致した人"), 0, own, evidence))
    if case["reason"] in _OUTSIDE or (own and own not in book.residents):
        remarks.append(OUTSIDER)
    candidates = book.candidates.get(case["application_id"], [])
    shown += [
        (f"候補 {place}", place, person_id, evidence)
        for place, (person_id, evidence) in enumerate(candidates, start=1)
    ]
    known = {person_id for _, _, person_id, _ in shown}
    others = [pair for pair in book.near.get(case["application_id"], []) if pair[0] not in known]
    shown += [
        (f"ほかに近い人 {place}", -1, *pair)
        for place, pair in enumerate(others[:_MOST_OTHERS], start=1)
    ]
    if len(others) > _MOST_OTHERS:
        remarks.append(f"ほかに近い人が、あと {len(others) - _MOST_OTHERS} 人います。")
    residents = [
        _show_resident(book, typed, person) for person in shown if person[2] in book.residents
    ]
    asks = case["kind"] in ("to_confirm", "undecided", "withdrawn")
    return CaseView(
        case, KIND_LABELS[case["kind"]], CASE_REASONS.get(case["reason"], case["reason"]),
        str(match.get("told", "")) if asks else "", _list_beside(typed), _list_typed(book, typed),
        residents, remarks,
    )  # fmt: skip


def _list_beside(typed: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if typed is None:
        return []
    return [
        (label, str(_CODED.get(name, {}).get(typed[name], typed[name])))
        for name, label in _BESIDE.items()
        if typed.get(name)
    ]


def _list_typed(book: Casebook, typed: Mapping[str, Any] | None) -> list[Line]:
    """List what an application says, for a case that nobody stands beside."""
    nobody = dict.fromkeys(_HELD, "")
    return [] if typed is None else compare_fields(typed, nobody, book.gazetteer)


def _show_resident(
    book: Casebook, typed: Mapping[str, Any] | None, person: tuple[str, int, str, str]
) -> Resident:
    title, number, person_id, evidence = person
    row = book.residents[person_id]
    if typed is None:
        lines = [Line(label, (), _plain(row[name]), SAME, "") for name, label in _HELD.items()]
    else:
        lines = compare_fields(typed, row, book.gazetteer)
    return Resident(
        title, number, lines, evidence, number >= 0 and typed is not None and needs_tick(lines),
        _tell_others(book, book.by_name.get(fold_name(row["full_name"]), []), person_id),
        _tell_others(book, book.by_household.get(row["household_id"], []), person_id),
    )  # fmt: skip


def _plain(text: str) -> Pieces:
    return ((SAME, text),)


def _tell_others(book: Casebook, ids: list[str], person_id: str) -> list[str]:
    """Tell who else there is, each as name, birth date and address; the number of all comes first."""
    others = [book.residents[other] for other in ids if other != person_id]
    told = [
        f"{row['full_name']}（{row['birth_date']}、{row['address']} {row['building']}".rstrip()
        + "）"
        for row in others[:_MOST_OTHERS]
    ]
    return [f"ほかに {len(others)}人", *told] if others else []
