"""Acts (申出・取下げ) of one subject in the order of time, and which applications are repetitions.

What stands in the column of the status is a fact of the form, typed or clicked by somebody. It
never frees a subject: whoever applied stays excluded until two people have accepted the act that
takes the application out of force.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from recruitlib.base.names import fold_name

STATUS_LABELS = {
    "received": "処理前",
    "accepted": "受理",
    "withdrawn": "取下げ",
    "returned": "差し戻し",
    "rejected": "却下",
    "test": "試験・欠番",
    "unknown": "状況不明",
}
# Why a row with this status goes before two people, once its subject is found.
OUT_OF_FORCE = {
    "withdrawn": "withdrawal",
    "returned": "returned",
    "rejected": "rejected",
    "test": "test",
}
UNKNOWN = "unknown"
_IN_FORCE = ("matched", "to_confirm")


def name_acts(applications: pd.DataFrame) -> pd.Series:
    """Name what each application does: its status, or what the subject's wish says instead.

    Returns:
        a status for each row; a wish to withdraw makes a ``withdrawn`` of a row in force, and a
        wish that nobody understands makes it ``unknown``.
    """
    status, wish = applications["status"], applications["wish"]
    in_force = ~status.isin(list(OUT_OF_FORCE))
    acts = status.mask(in_force & (wish == "withdrawal"), "withdrawn")
    return acts.mask(in_force & (wish == UNKNOWN), UNKNOWN)


def order_acts(matches: pd.DataFrame, applications: pd.DataFrame) -> pd.DataFrame:
    """Put the acts of each subject in the order of time: the last one counts.

    An application that surely came after every withdrawal is in force. Where none did, the earlier
    applications of the subject go before two people beside the withdrawal, and so they do where
    nobody can tell which came first. All of them exclude the subject until then.

    Args:
        matches: outcomes with the subject's ``addressee_id``.
        applications: ``received_at`` and ``received_time`` (empty where only the day is known).

    Returns:
        ``matches`` in the same order, as many rows; outcome ``withdrawn`` with the reason
        ``withdrawn_later`` or ``order_unknown`` for the applications that a withdrawal touches.
    """
    times = dict(
        zip(
            applications["application_id"],
            zip(applications["received_at"], applications["received_time"], strict=True),
            strict=True,
        )
    )
    found = matches[matches["addressee_id"] != ""]
    withdrawals = found[found["reason"] == OUT_OF_FORCE["withdrawn"]]
    applied = found[
        found["outcome"].isin(_IN_FORCE) & found["addressee_id"].isin(withdrawals["addressee_id"])
    ]
    reasons: dict[str, str] = {}
    for person, rows in applied.groupby("addressee_id"):
        ended = [
            times[number]
            for number in withdrawals.loc[withdrawals["addressee_id"] == person, "application_id"]
        ]
        begun = [times[number] for number in rows["application_id"]]
        if any(all(_is_before(end, begin) for end in ended) for begin in begun):
            continue
        certain = all(
            _is_before(end, begin) or _is_before(begin, end) for end in ended for begin in begun
        )
        reason = "withdrawn_later" if certain else "order_unknown"
        reasons |= dict.fromkeys(rows["application_id"], reason)
    touched = matches["application_id"].isin(list(reasons))
    said = matches["application_id"].map(lambda number: reasons.get(number, ""))
    return matches.assign(
        outcome=matches["outcome"].mask(touched, "withdrawn"),
        reason=matches["reason"].mask(touched, said.astype("str")),
    )


def _is_before(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether an act surely came before another: on an earlier day, or both times say so."""
    if one[0] != other[0]:
        return one[0] < other[0]
    return bool(one[1] and other[1]) and one[1] < other[1]


def link_applications(
    applications: pd.DataFrame, matches: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Link each application to the first one of the same subject, over all channels.

    The same subject is the same resident where both are matched, else the same folded name and
    birth date.

    Returns:
        ``applications`` with the column ``linked_to``: an application_id, "" for the first itself.
    """
    people: dict[str, str] = {}
    if matches is not None:
        people = dict(zip(matches["application_id"], matches["addressee_id"], strict=True))
    order = applications.sort_values(["received_at", "received_time", "application_id"])
    by_person: dict[str, int] = {}
    by_name: dict[tuple[str, str], int] = {}
    unmatched: dict[tuple[str, str], int] = {}
    links: dict[str, str] = {}
    ids = order["application_id"].tolist()
    rows = zip(ids, order["subject_name"], order["subject_birth_date"], strict=True)
    for place, (number, name, birth) in enumerate(rows):
        person, named = people.get(number, ""), (fold_name(name), birth)
        if not all(named):
            named = ("", "")
        near = [by_person.get(person)] if person else []
        # Two residents may share a name and a birth date; where both are known they are two.
        near.append((unmatched if person else by_name).get(named) if named[0] else None)
        links[number] = ids[min((at for at in near if at is not None), default=place)]
        if person:
            by_person.setdefault(person, place)
        else:
            unmatched.setdefault(named, place)
        by_name.setdefault(named, place)
    linked = applications["application_id"].map(lambda number: links[number]).astype("str")
    return applications.assign(linked_to=linked.mask(linked == applications["application_id"], ""))


def tabulate_statuses(
    applications: pd.DataFrame, sources: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """Tabulate the applications by channel and by what they do; no status frees a subject.

    Args:
        sources: the name of each source and how an officer calls it.
    """
    rows = []
    for source, label in sources:
        found = name_acts(applications[applications["source"] == source]).value_counts()
        counts = {status: int(found.get(status, 0)) for status in STATUS_LABELS}
        rows.append((label, sum(counts.values()), *counts.values()))
    return pd.DataFrame(rows, columns=["受付", "件数", *STATUS_LABELS.values()])


def tabulate_links(applications: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how many applications repeat an earlier one of the same subject, and over channels."""
    later = applications[applications["linked_to"] != ""]
    first = dict(zip(applications["application_id"], applications["source"], strict=True))
    across = later["linked_to"].map(first) != later["source"]
    rows = [
        ("申出の件数", len(applications)),
        ("同じ対象者の二件目以降（すべて残します）", len(later)),
        ("うち、別の受付で先に申し出ているもの", int(across.sum())),
        ("対象者の数", len(applications) - len(later)),
    ]
    return pd.DataFrame(rows, columns=["重なる申出", "件数"])
