"""Protective measures (支援措置): the list of today, read whole or refused.

A measure does not end when its end date passes, only when it is cancelled; every kind of it
excludes, the provisional one and people protected together included.

Source: 住民記録システム標準仕様書 1.1.16, 3.1; 住民基本台帳事務処理要領 第5-10 (支援措置).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.masking import mask_small
from recruitlib.base.profiles import Profile, list_rows, translate_codes
from recruitlib.base.tables import read_table
from recruitlib.base.workbooks import read_workbook
from recruitlib.registry.evidence import find_keys, mark_shared
from recruitlib.registry.extract import Keep
from recruitlib.registry.protected import END_LABELS

PROTECTION_COLUMNS = (
    "addressee_id", "full_name", "full_name_kana", "birth_date", "address", "kind", "starts_on",
    "ends_on", "cancelled", "listed_on", "source_row",
)  # fmt: skip
_DATES = ("birth_date", "starts_on", "ends_on", "listed_on")
_TEXTS = ("addressee_id", "full_name", "full_name_kana", "address")
_READ = (*_TEXTS, *_DATES, "kind", "cancelled")
_NO_DAY = re.compile(r"0+([-/.]0+)*")
# How systems write that a measure has no end: 9999-12-31, 99999999, and the year 99 of an era.
_NO_END = re.compile(r"(9999|(令和|R\.?|5)99)\D?(12|99)\D?(31|99)日?|9{4,}")


def read_protections(path: Path, profile: Profile) -> pd.DataFrame:
    """Read a list of protected people; a list with a row that cannot be read is refused whole.

    Args:
        path: a CSV file or a workbook, one row per measure.
        profile: the maker's profile.

    Returns:
        the columns of ``protections``; one row per row of the file. What the list does not have
        is "", and so is a birth date that is not fully known.

    Raises:
        FormError: the file is not a list, or a row has a kind that is not known, a date that
            cannot be read, or neither id nor name; all rows at once.
    """
    if not path.exists():
        raise FormError(
            f"{path.name}: ファイルがありません。登録係から本日の一覧を受け取ってください。"
        )
    read = read_workbook if path.suffix.lower() == ".xlsx" else read_table
    source = read(path, profile)
    table = source.table.reindex(columns=[*_READ, "source_row"], fill_value="")
    days = {name: _read_days(table[name], name) for name in _DATES}
    kind = _translate(table["kind"], profile, "kind")
    problems = [
        f"{row}行目: {reason}。"
        for row, reason in zip(
            source.quarantine["source_row"], source.quarantine["reason"], strict=True
        )
    ]
    problems += _check_rows(table, days)
    if "kind" in source.table and "kind" not in source.absent and (kind == "").any():
        rows = list_rows(table["source_row"][kind == ""])
        problems.append(f"符号表にない支援措置区分です（{rows}）。")
    if problems:
        problems.append("登録係に直してもらってください。行を除いて進むことはできません。")
    raise_problems(FormError, problems, f"支援措置対象者の一覧（{path.name}）")
    cancelled = _translate(table["cancelled"], profile, "cancelled") == "cancelled"
    columns = {**{name: table[name] for name in _TEXTS}, **days, "kind": kind}
    columns |= {"cancelled": cancelled, "source_row": table["source_row"]}
    return pd.DataFrame(columns)[list(PROTECTION_COLUMNS)]


def _check_rows(table: pd.DataFrame, days: Mapping[str, pd.Series]) -> list[str]:
    """Say which rows have an unreadable date, or nothing to find a person by."""
    named = table["addressee_id"] + table["full_name"] + table["full_name_kana"]
    faults = [
        ("読めない日付があります", pd.DataFrame(days).isin(["?"]).any(axis=1)),
        ("宛名番号も氏名もありません", named.str.strip() == ""),
    ]
    return [
        f"{fault}（{list_rows(table['source_row'][wrong])}）。"
        for fault, wrong in faults
        if wrong.any()
    ]


def _translate(texts: pd.Series, profile: Profile, column: str) -> pd.Series:
    return translate_codes(texts, profile, column) if column in profile.codes else texts


def _read_days(texts: pd.Series, column: str) -> pd.Series:
    read = {text: _read_day(text, column) for text in texts.unique()}
    return texts.map(read).astype("str")


def _read_day(text: str, column: str) -> str:
    """Read a date as ISO text, "" for none, "?" for one that cannot be read."""
    folded = "".join(unicodedata.normalize("NFKC", text).split())
    if column != "birth_date" and _NO_DAY.fullmatch(folded):
        return ""
    if column == "ends_on" and _NO_END.fullmatch(folded):
        return ""
    parsed = parse_date(text)
    if parsed.value is not None:
        return parsed.value.isoformat()
    unknown = column == "birth_date" and parsed.status in ("partial", "unknown")
    return "" if parsed.status == "empty" or unknown else "?"


def list_nobody() -> pd.DataFrame:
    """Give the empty list, for a run whose registry section attested that nobody is on it."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in PROTECTION_COLUMNS}).astype(
        {"cancelled": "bool", "source_row": "int64"}
    )


def gather_column(records: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Gather the people whom a column of the registry extract itself marks as protected.

    Every kind protects. A mark on a superseded record counts too: whether the measure was
    cancelled or the mark got lost cannot be told from its absence.

    Args:
        records: rows of the extract, with ``protection_kind`` as the file has it.
        profile: the maker's profile; its codes give "" to what means that nobody is protected.

    Returns:
        the columns of ``protections``; one row per person and kind.

    Raises:
        FormError: a kind is not known.
    """
    marked = records[~records["protection_kind"].isin(_list_unmarked(profile))]
    kind = _translate(marked["protection_kind"], profile, "protection_kind")
    if (kind == "").any():
        rows = list_rows(marked["source_row"][kind == ""])
        raise FormError(
            f"抽出の支援措置の列に、符号表にない区分があります（{rows}）。様式を確かめてください。"
        )
    gathered = marked.assign(kind=kind, cancelled=False)
    gathered = gathered.sort_values("is_latest", ascending=False, kind="stable")
    gathered = gathered.reindex(columns=list(PROTECTION_COLUMNS), fill_value="")
    return gathered.drop_duplicates(["addressee_id", "kind"], ignore_index=True)


def make_keep(protections: pd.DataFrame, profile: Profile) -> Keep:
    """Make the choice of rows that the reader of the extract must keep for the protections.

    Args:
        protections: the list; it is read before the extract.
        profile: the profile of the extract, whose column may mark people as protected.
    """
    keys, unmarked = find_keys(protections), pa.array(_list_unmarked(profile), pa.string())

    def keep(cells: pa.Table) -> npt.NDArray[np.bool_]:
        free = arrow_compute.is_in(cells["protection_kind"], value_set=unmarked)
        return mark_shared(cells, keys) | ~np.asarray(free.to_numpy(), dtype=bool)

    return keep


def _list_unmarked(profile: Profile) -> list[str]:
    """List what the extract's own column holds of people who are not protected."""
    meanings = profile.codes.get("protection_kind", {})
    return ["", *(code for code, meaning in meanings.items() if not meaning and code)]


def check_freshness(
    protections: pd.DataFrame, listed_on: str, attested_by: str, today: date
) -> list[str]:
    """Say why a list, or the attestation in its place, is not that of today.

    Args:
        listed_on: the day of the list or of the attestation as the parameters state it.
        attested_by: who attested that nobody is on the list, or that the protected are not in the
            extract; "" when nobody did.
    """
    attested_by = attested_by.strip()
    if not attested_by and protections.empty:
        if not listed_on:
            return [
                "支援措置対象者の一覧がありません。登録係から受け取るか、空である証明を受けてください。"
            ]
        return ["支援措置対象者の一覧が空です。登録係に確かめ、証明した人と日を書いてください。"]
    problems = []
    if not listed_on:
        problems.append(
            "支援措置対象者の一覧の作成日（または証明の日）が書かれていません。登録係に確かめて書いてください。"
        )
    elif listed_on != today.isoformat():
        problems.append(
            "支援措置対象者がいないことの証明が本日のものではありません。登録係から本日の証明を受けてください。"
            if protections.empty
            else "支援措置対象者の一覧が本日のものではありません。登録係から本日の一覧を受け取ってください。"
        )
    if set(protections["listed_on"]) - {"", listed_on}:
        problems.append(
            "一覧の中の作成年月日が、パラメータの作成日と違います。登録係から本日の一覧を受け取ってください。"
        )
    return problems


def tabulate_protections(
    protections: pd.DataFrame, traced: pd.DataFrame, today: date
) -> pd.DataFrame:
    """Tabulate the list by kind and by end, small numbers masked, with rows past their end date."""
    live = protections[~protections["cancelled"]]
    overdue = live[(live["ends_on"] != "") & (live["ends_on"] < today.isoformat())]
    kinds = live["kind"].where(live["kind"] != "", "区分の記載なし").value_counts()
    rows = sorted((str(kind), int(count)) for kind, count in kinds.items())
    rows.append(("合計（終了していないもの）", len(live)))
    rows.append(("うち終了日を過ぎ、終了の手続のないもの（保護は続く）", len(overdue)))
    ends = traced.loc[~traced["cancelled"], "end"]
    rows += [(f"うち{label}", int((ends == end).sum())) for end, label in END_LABELS.items()]
    return pd.DataFrame(
        [(label, mask_small(count)) for label, count in rows], columns=["種類", "件数"]
    )
