"""The delta (差引) between the extract and the day of the hand-over: which labels are void, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

import pandas as pd
from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from recruitlib.base.audit import digest_keyed
from recruitlib.base.papers import (
    MARGIN_NOTE,
    SMALL,
    SPECIMEN,
    TITLE,
    build_paper,
    draw_list,
    open_page,
    write_line,
)
from recruitlib.registry.extract import JAPANESE, RESIDENT

REASONS = {
    "died": "死亡",
    "moved_out": "転出",
    "removed": "消除・除票",
    "moved_within": "転居（区内）",
    "renamed": "氏名の変更",
    "birth_changed": "生年月日の訂正",
    "nationality_lost": "国籍の異動",
    "newly_protected": "新たな支援措置",
    "newly_opted_out": "新たな申出",
    "not_found": "提供日の抽出にない",
    "already_supplied": "すでに提供した人",
}
_COMPARED = ("full_name", "postal_code", "address", "building", "birth_date")
VOID_COLUMNS = ("serial", "bundle", "sheet", "position", "addressee_id", "reason")


def find_void(
    labels: pd.DataFrame, printed: pd.DataFrame, records: pd.DataFrame, protected: Iterable[str],
    opted_out: Iterable[str], supplied: Iterable[str], today: date,
) -> pd.DataFrame:  # fmt: skip
    """Find the labels that must not be handed over, each with its one reason.

    Each label is compared with what it says itself, so that one that was printed again at a new
    address is right, and the one that it replaces is not.

    Args:
        labels: serial, bundle, sheet, position, addressee_id; one row per label.
        printed: the serial of each label with the resident columns as they were printed.
        records: every row of the extract of handover day.
        protected: ids under protective measures today.
        opted_out: ids of new applications in force.
        supplied: ids of whoever another run has handed over in this fiscal year.
        today: handover day; who planned to move out by it is no resident any more.

    Returns:
        a subset of ``labels`` with the column ``reason``.
    """
    # Every label stays, even one of which nothing is known: it differs, and so is void.
    own = labels[list(VOID_COLUMNS[:-1])].merge(
        printed[["serial", *_COMPARED]], on="serial", how="left", validate="one_to_one"
    )
    latest = records[records["is_latest"]].set_index("addressee_id")
    now = latest.reindex(own["addressee_id"]).reset_index()
    status = now["status"]
    reasons = pd.Series("", index=own.index, dtype="str")
    # Later lines win: a person who is protected is named so, whatever else happened.
    for reason, holds in (
        ("renamed", now["full_name"] != own["full_name"]),
        ("moved_within", _differs(now, own, ("postal_code", "address", "building"))),
        # It is not printed, but by it somebody may be of no cohort any more.
        ("birth_changed", now["birth_date"] != own["birth_date"]),
        ("nationality_lost", now["nationality"] != JAPANESE),
        ("removed", (status != RESIDENT) | (now["left_on"] != "")),
        ("moved_out", (status == "moved_out") | has_left(now["planned_move_out"], today)),
        ("died", status == "dead"),
        ("not_found", status.isna()),
        ("already_supplied", own["addressee_id"].isin(set(supplied))),
        ("newly_opted_out", own["addressee_id"].isin(set(opted_out))),
        ("newly_protected", own["addressee_id"].isin(set(protected))),
    ):
        reasons = reasons.mask(holds, reason)
    void = own.assign(reason=reasons)
    return void.loc[void["reason"] != "", list(VOID_COLUMNS)].reset_index(drop=True)


def has_left(planned: pd.Series, today: date) -> pd.Series:
    """Mark who planned to move out by this day (住民記録システム標準仕様書 1.1.5)."""
    return planned.notna() & (planned != "") & (planned <= today.isoformat())


def _differs(now: pd.DataFrame, printed: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    differs = pd.Series(False, index=printed.index)
    for column in columns:
        differs |= now[column] != printed[column]
    return differs


def digest_delta(void: pd.DataFrame, table: pd.DataFrame, key: bytes) -> str:
    """Digest what the second officer confirms on handover day.

    It holds every label of the ledger with its person and its state, and every void serial with
    its reason, so that a confirmation of another lot, or from before another act, never fits.
    """
    lot = table[["serial", "addressee_id", "state"]].values.tolist()
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
            # As text: a serial is typed as it is shown, and 3,598 would be typed as two.
            "通番": rows["serial"].astype("str"),
        }
    )  # fmt: skip


def render_pull_list(pulled: pd.DataFrame, run_id: str, day: date, demonstration: bool) -> bytes:
    """Render the serials to pull (抜く一覧) on A4, to be ticked off beside the sheets.

    Args:
        pulled: of ``tabulate_pull_list``.
    """
    rows = [("済", *pulled.columns), *(("□", *map(str, own)) for own in pulled.values.tolist())]
    title = f"宛名シールから抜く一覧（{len(pulled):,} 枚）"
    story = [
        *open_page(demonstration, day),
        write_line(title, TITLE),
        Spacer(1, 4 * mm),
        write_line(
            f"実行名: {run_id}　シートと位置は、シートの余白の番号で探します。抜いたものは、二人で裁断します。"
        ),
        write_line(MARGIN_NOTE, SMALL),
        Spacer(1, 4 * mm),
        draw_list(rows, (14, 44, 30, 43, 34)),
        Spacer(1, 8 * mm),
        write_line("抜いた人 ＿＿＿＿＿＿＿＿　確かめた人 ＿＿＿＿＿＿＿＿"),
    ]
    return build_paper(story, f"{SPECIMEN}　{title}" if demonstration else title)


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
