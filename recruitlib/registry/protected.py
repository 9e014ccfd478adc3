"""Who is protected: every row of the list traced to exactly one end.

A row that finds nobody protects nobody, so each row is found, provably of no concern, or put
before two people; until they have decided, everybody whom it may mean is protected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.registry.births import BirthRange
from recruitlib.registry.evidence import find_evidence, fold_ids
from recruitlib.registry.extract import RESIDENT

TRACE_COLUMNS = (
    "source_row", "cancelled", "end", "reason", "addressee_ids", "candidates", "content",
)  # fmt: skip
FOUND, OUTSIDE, UNSURE = "found", "outside", "unsure"
END_LABELS = {FOUND: "見つかった", OUTSIDE: "対象者でない", UNSURE: "要判断"}
TRACE_REASONS = {
    "by_id": "番号と、氏名か生年月日が一致",
    "by_name": "氏名と生年月日が一致",
    "by_address": "氏名・生年月日・住所が一致",
    "several": "氏名と生年月日が一致する人が複数",
    "returned": "古い番号の人が、別の番号で住民になっている疑い",
    "left": "番号の人は住民でない",
    "absent": "番号・氏名・生年月日の合う対象者がいない",
    "cancelled": "終了の手続が済み、当たる人もいない",
    "id_alone": "番号のほかに確かめるものがない",
    "birth_differs": "番号の人と生年月日が違う",
    "name_differs": "番号の人と氏名が違う",
    "no_latest": "番号の人に最新の記録がない",
    "partly": "番号・氏名・生年月日の一部だけが合う",
    "nobody": "番号がなく、当たる人が見つからない",
    "unknown_id": "番号が抽出になく、当たる人が見つからない",
}
_MONTH = timedelta(days=31)
_OTHERS = ("birth_differs", "name_differs")  # the id is somebody else's
_UNKNOWN = (
    "by_name",
    "by_address",
    "several",
    "absent",
    "partly",
    "unknown_id",
)  # the id is nobody's
_FEWEST = 3  # with fewer rows nothing can be said of the whole list


class _End(NamedTuple):
    end: str
    reason: str
    protects: Iterable[Any] = ()
    candidates: Iterable[Any] = ()


def trace_protections(
    protections: pd.DataFrame, records: pd.DataFrame, cohort: pd.DataFrame,
    ranges: Sequence[BirthRange] = (), is_whole: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Trace every row of the list to exactly one end: found, outside, or unsure.

    Found: by its id, zeros aside, with the name or the birth date agreeing and nothing that the
    list says contradicting; or, without an id, the only resident of that name and birth date.
    Outside: the id is that of somebody who left and nobody came back who may be the same person;
    or nobody of the cohort has its id, name, reading or birth date. Without an id that proves
    nothing where the row finds nobody at all, since the list is of the registry's own people: then
    the birth date must be more than a month outside every range. With an id that a whole registry
    does not have it proves nothing at all: the row has another file's number, and perhaps the birth
    date of the head of the household. Unsure: everything else; its
    candidates are protected until two people have decided. A cancelled row is never unsure.

    Args:
        protections: the columns of ``protections``.
        records: at least the rows of the extract that ``mark_shared`` marks.
        cohort: everybody who may still be printed, those whose birth date is before an officer
            included.
        ranges: the printed birth ranges; without them no birth date is outside.
        is_whole: whether the extract is of the whole registry, so that it has every id of a list.

    Returns:
        one row per row of the list: source_row, cancelled, end, reason (of ``TRACE_REASONS``),
        ``addressee_ids`` (the ids that it protects in any case), ``candidates`` (ids of the cohort
        who may be meant, the likeliest first; empty unless unsure), ``content`` (what
        two people decide about, as text for a keyed digest: the row, its end and its candidates).
    """
    evidence = find_evidence(protections, records, cohort, RESIDENT)
    has_id = (fold_ids(protections["addressee_id"]) != "").tolist()
    people: dict[Any, list[Any]] = {}
    for person in evidence.itertuples(index=False):
        people.setdefault(person.row, []).append(person)
    rows = []
    for place, listed in enumerate(protections.to_dict("records")):
        ended = _settle_row(listed, has_id[place], people.get(place, []))
        unfound = ended.reason == "absent" and not has_id[place] and not ended.protects
        if unfound and not _is_far(listed["birth_date"], ranges):
            ended = _End(UNSURE, "nobody")
        if ended.reason == "absent" and has_id[place] and not ended.protects and is_whole:
            ended = _End(UNSURE, "unknown_id")
        if listed["cancelled"] and ended.end == UNSURE:
            ended = _End(OUTSIDE, "cancelled", ended.protects)
        result = {
            "end": ended.end,
            "reason": ended.reason,
            "addressee_ids": sorted({person.addressee_id for person in ended.protects}),
            "candidates": [person.addressee_id for person in _sort_likeliest(ended.candidates)],
        }
        said = {name: listed[name] for name in listed if name not in ("source_row", "listed_on")}
        decided_about = [said, ended.end, ended.reason, result["candidates"]]
        content = json.dumps(decided_about, ensure_ascii=False, sort_keys=True)
        rows.append({**listed, **result, "content": content})
    return pd.DataFrame(rows, columns=list(TRACE_COLUMNS)).astype(
        {"source_row": "int64", "cancelled": "bool"}
        | dict.fromkeys(("end", "reason", "content"), "str")
    )


def _is_far(birth: str, ranges: Sequence[BirthRange]) -> bool:
    """Say whether a birth date is certain, and more than a month outside every range."""
    if not birth or not ranges:
        return False
    born = date.fromisoformat(birth)
    return all(
        born < wanted.born_from - _MONTH or born > wanted.born_to + _MONTH for wanted in ranges
    )


def _settle_row(listed: Mapping[str, Any], has_id: bool, people: Sequence[Any]) -> _End:
    confirmed = [person for person in people if _is_confirmed(person)]
    if confirmed:
        return _settle_confirmed(confirmed, people)
    by_id = [person for person in people if person.id]
    alike = [person for person in people if _is_alike(person)]
    # Same name, and a birth date that nobody knows: as likely as who agrees on both.
    rivals = [
        person
        for person in people
        if (person.name or person.kana)
        and person.is_cohort
        and not person.birth
        and not person.birth_differs
    ]
    if alike and not rivals and not has_id:
        chosen = [person for person in alike if person.address] if len(alike) > 1 else alike
        if len(chosen) == 1:
            return _End(FOUND, "by_name" if len(alike) == 1 else "by_address", chosen)
        if not any(person.is_cohort for person in alike):
            return _End(FOUND, "several", alike)
    meant = [*by_id, *alike, *rivals, *(person for person in people if person.returned)]
    chosen = meant if any(person.is_cohort for person in alike) else list(people)
    candidates = [person for person in chosen if person.is_cohort]
    others = [
        person
        for person in people
        if not person.is_cohort
        and (person.id or ((person.name or person.kana) and not person.birth_differs))
    ]
    if by_id:
        return _End(UNSURE, _name_doubt(by_id), others, candidates)
    says = listed["full_name"] + listed["full_name_kana"] + listed["birth_date"]
    if says.strip() and not candidates:
        return _End(OUTSIDE, "absent", others)
    return _End(UNSURE, "several" if len(alike) > 1 else "partly", others, candidates)


def _settle_confirmed(confirmed: Sequence[Any], people: Sequence[Any]) -> _End:
    if any(person.is_resident for person in confirmed):
        return _End(FOUND, "by_id", confirmed)
    back = [
        person
        for person in people
        if person.is_resident and not person.id and (person.returned or _is_alike(person))
    ]
    candidates = [person for person in back if person.is_cohort]
    others = [*confirmed, *(person for person in back if not person.is_cohort)]
    if candidates:
        return _End(UNSURE, "returned", others, candidates)
    if not all(person.is_latest for person in confirmed):
        return _End(UNSURE, "no_latest", others)
    return _End(FOUND, "returned", others) if back else _End(OUTSIDE, "left", confirmed)


def _is_confirmed(person: Any) -> bool:
    """Say whether the id is confirmed: name or birth date agree, and nothing contradicts.

    Name and reading count as one where the birth date agrees as well, since a reading or a variant
    of the name may have been corrected since.
    """
    if not person.id or person.birth_differs or not (person.name or person.kana or person.birth):
        return False
    if person.birth and (person.name or person.kana):
        return True
    return not (person.name_differs or person.kana_differs)


def _is_alike(person: Any) -> bool:
    return person.is_resident and person.birth and (person.name or person.kana)


def _name_doubt(by_id: Sequence[Any]) -> str:
    if any(person.birth_differs for person in by_id):
        return "birth_differs"
    differs = any(person.name_differs or person.kana_differs for person in by_id)
    return "name_differs" if differs else "id_alone"


def _sort_likeliest(people: Iterable[Any]) -> list[Any]:
    """Sort people once each by how much agrees."""
    distinct = {person.addressee_id: person for person in people}.values()
    weights = ("id", "birth", "name", "kana", "returned", "address")
    return sorted(
        distinct,
        key=lambda person: (-sum(getattr(person, name) for name in weights), person.addressee_id),
    )


def tell_shifted(listed: pd.DataFrame, ends: pd.DataFrame) -> list[str]:
    """Say if the ids of a list are mostly not those of its rows' people: it was shifted or renumbered.

    A slip of one row goes before two people. But where the id column was moved on its own, or
    holds the numbers of rows or of households, no row of the list can be believed.

    Args:
        listed: the rows of the list.
        ends: what ``trace_protections`` gives for these rows.
    """
    has_id = (fold_ids(listed["addressee_id"]) != "").to_numpy()
    reasons = ends.loc[has_id & (ends["reason"] != "cancelled").to_numpy(), "reason"]
    if len(reasons) < _FEWEST:
        return []
    others = int(reasons.isin(_OTHERS).sum())
    if 2 * others <= len(reasons) and not reasons.isin(_UNKNOWN).all():
        return []
    return [
        "支援措置対象者の一覧の宛名番号の多くが、生年月日や氏名の合わない人の番号か、抽出にない番号です。番号の列が"
        "ずれていないか登録係に確かめ、正しい一覧を受け取ってください。"
    ]


def select_protected(traced: pd.DataFrame, decided: Mapping[int, str] | None = None) -> pd.Series:
    """Select the ids that any live row of the list protects, whatever its dates say.

    An ended row beside a live one of the same person frees nobody. The candidates of an unsure row
    are protected until two people have decided which of them is meant, or that none is.

    Args:
        traced: what ``trace_protections`` gives.
        decided: source row to "outside" or to the addressee_id of a candidate; a decision for
            anybody else frees nobody.
    """
    live = traced[~traced["cancelled"]]
    # One row number in two lists: nobody can tell which of the rows was decided.
    unclear = set(live.loc[live["source_row"].duplicated(), "source_row"])
    decided = {row: chosen for row, chosen in (decided or {}).items() if row not in unclear}
    protected: set[str] = set()
    for row in live.to_dict("records"):
        chosen = decided.get(row["source_row"], "")
        protected.update(row["addressee_ids"])
        if chosen in row["candidates"]:
            protected.add(chosen)
        elif chosen != OUTSIDE:
            protected.update(row["candidates"])
    return pd.Series(sorted(protected), dtype="str", name="addressee_id")


def find_housemates(
    cohort: pd.DataFrame, protected: Iterable[str], records: pd.DataFrame
) -> pd.DataFrame:
    """Find people of the cohort who share a household with a protected person but are not listed.

    They go before an officer: a child may have been forgotten on the list.

    Args:
        protected: what ``select_protected`` gives.
        records: at least the rows of the extract of the protected and of the cohort.

    Returns:
        their rows of the cohort, with ``lives_with``: the ids of the protected people of the
        household in order, parted by blanks.
    """
    protected = set(protected)
    latest = records[records["is_latest"] & (records["household_id"] != "")]
    households = latest.loc[latest["addressee_id"].isin(protected), "household_id"]
    # Today's household as well as the stored one: households are renumbered and merged.
    today = latest.loc[latest["household_id"].isin(households), "addressee_id"]
    shares = cohort["household_id"].isin(households) | cohort["addressee_id"].isin(today)
    mates = cohort[shares & ~cohort["addressee_id"].isin(protected)].reset_index(drop=True)
    members = latest[latest["addressee_id"].isin(protected)]
    own = latest[latest["addressee_id"].isin(mates["addressee_id"])]
    lives_with = []
    for mate in mates[["addressee_id", "household_id"]].to_dict("records"):
        homes = own.loc[own["addressee_id"] == mate["addressee_id"], "household_id"].tolist()
        near = members["household_id"].isin([mate["household_id"], *homes])
        lives_with.append(" ".join(sorted(set(members.loc[near, "addressee_id"]))))
    return mates.assign(lives_with=pd.Series(lives_with, index=mates.index, dtype="str"))
