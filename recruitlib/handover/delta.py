"""The delta (差引) between the extract and the day of the hand-over: which labels are void, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

import pandas as pd

from recruitlib.base.audit import digest_keyed
from recruitlib.registry.extract import JAPANESE, RESIDENT

REASONS = {
    "died": "死亡",
    "moved_out": "転出",
    "removed": "消除・除票",
    "moved_within": "転居（区内）",
    "renamed": "氏名の変更",
    "nationality_lost": "国籍の異動",
    "newly_protected": "新たな支援措置",
    "newly_opted_out": "新たな申出",
    "not_found": "提供日の抽出にない",
}
VOID_COLUMNS = ("serial", "bundle", "sheet", "position", "addressee_id", "reason")


def find_void(
    labels: pd.DataFrame, recipients: pd.DataFrame, records: pd.DataFrame, protected: Iterable[str],
    opted_out: Iterable[str], today: date,
) -> pd.DataFrame:  # fmt: skip
    """Find the labels that must not be handed over, each with its one reason.

    Args:
        labels: serial, bundle, sheet, position, addressee_id; one row per printed label.
        recipients: the rows that were printed.
        records: every row of the extract of handover day.
        protected: ids under protective measures today.
        opted_out: ids of new applications in force.
        today: handover day; who planned to move out by it is no resident any more.

    Returns:
        a subset of ``labels`` with the column ``reason``.
    """
    # Every label stays, even one whose person is not in the list: it differs, and so is void.
    printed = labels.merge(recipients, on="addressee_id", how="left", validate="one_to_one")
    latest = records[records["is_latest"]].set_index("addressee_id")
    now = latest.reindex(printed["addressee_id"]).reset_index()
    status = now["status"]
    reasons = pd.Series("", index=printed.index, dtype="str")
    # Later lines win: a person who is protected is named so, whatever else happened.
    for reason, holds in (
        ("renamed", now["full_name"] != printed["full_name"]),
        ("moved_within", _differs(now, printed, ("postal_code", "address", "building"))),
        ("nationality_lost", now["nationality"] != JAPANESE),
        ("removed", (status != RESIDENT) | (now["left_on"] != "")),
        ("moved_out", (status == "moved_out") | has_left(now["planned_move_out"], today)),
        ("died", status == "dead"),
        ("not_found", status.isna()),
        ("newly_opted_out", printed["addressee_id"].isin(set(opted_out))),
        ("newly_protected", printed["addressee_id"].isin(set(protected))),
    ):
        reasons = reasons.mask(holds, reason)
    void = printed.assign(reason=reasons)
    return void.loc[void["reason"] != "", list(VOID_COLUMNS)].reset_index(drop=True)


def has_left(planned: pd.Series, today: date) -> pd.Series:
    """Mark who planned to move out by this day (住民記録システム標準仕様書 1.1.5)."""
    return planned.notna() & (planned != "") & (planned <= today.isoformat())


def _differs(now: pd.DataFrame, printed: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    differs = pd.Series(False, index=printed.index)
    for column in columns:
        differs |= now[column] != printed[column]
    return differs


def digest_delta(void: pd.DataFrame, labels: pd.DataFrame, key: bytes) -> str:
    """Digest what the second officer confirms on handover day.

    It holds every label of the lot with its person, and every void serial with its reason, so that
    a confirmation of another lot never fits.
    """
    lot = labels[["serial", "addressee_id"]].values.tolist()
    rows = void[["serial", "reason"]].values.tolist()
    return digest_keyed(key, json.dumps([lot, rows]).encode())


def tabulate_pull_list(void: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the serials to pull, by bundle, sheet and place; nothing of a person.

    The reason is not shown: beside a label in somebody's hand it would tell of a death or a
    protective measure.
    """
    rows = void.sort_values(["bundle", "sheet", "position"])
    return pd.DataFrame(
        {
            "束": rows["bundle"], "シート": rows["sheet"], "シートの中の位置": rows["position"],
            "通番": rows["serial"],
        }
    )  # fmt: skip


def tabulate_reasons(void: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the void labels by kind; protective measures and opt-outs are one row."""
    merged = void["reason"].replace({"newly_protected": "excluded", "newly_opted_out": "excluded"})
    labels = {**REASONS, "excluded": "新たな除外（申出・支援措置）"}
    found = merged.value_counts()
    rows = [
        (label, int(found[reason])) for reason, label in labels.items() if reason in found.index
    ]
    rows.append(("取り消したシール 計", len(void)))
    return pd.DataFrame(rows, columns=["抽出の後の異動", "枚数"])
