"""Protective measures: the list of protected people, and that every row of it finds its person.

A measure does not end when its end date passes, only when it is cancelled; every kind of it
excludes, the provisional one and people protected together included.

Source: 住民記録システム標準仕様書 1.1.16, 3.1; 住民基本台帳事務処理要領 第5-10 (支援措置).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.tables import read_table
from recruitlib.registry.extract import RESIDENT
from recruitlib.registry.profiles import Profile, check_forms, decode_column, list_rows

PROTECTION_COLUMNS = (
    "addressee_id", "kind", "birth_date", "starts_on", "ends_on", "cancelled", "listed_on",
    "source_row",
)  # fmt: skip


def read_protections(path: Path, profile: Profile) -> pd.DataFrame:
    """Read a list of protected people.

    Returns:
        the columns of ``protections``; one row per row of the file.

    Raises:
        FormError: the file is not a list, or holds a kind of measure that is not known.
    """
    if not path.exists():
        raise FormError(
            f"{path.name}: ファイルがありません。登録係から本日の一覧を受け取ってください。"
        )
    table = read_table(path, profile.columns, known=profile.known, required=profile.required).table
    raise_problems(FormError, check_forms(table, profile), path.name)
    dates = {
        name: table[name].map(_read_date)
        for name in ("birth_date", "starts_on", "ends_on", "listed_on")
    }
    unread = pd.concat([table["source_row"][read == "?"] for read in dates.values()])
    if len(unread):
        raise FormError(f"{path.name}: 読めない日付があります（{list_rows(unread)}）。")
    return pd.DataFrame(
        {
            "addressee_id": table["addressee_id"],
            "kind": decode_column(table, profile, "kind"),
            **dates,
            "cancelled": table["cancelled"].isin(["1"]),
            "source_row": table["source_row"],
        }
    )[list(PROTECTION_COLUMNS)]


def _read_date(text: str) -> str:
    parsed = parse_date(text)
    if parsed.status == "empty":
        return ""
    return parsed.value.isoformat() if parsed.status == "certain" and parsed.value else "?"


def list_nobody() -> pd.DataFrame:
    """Give the empty list, for a run whose registry section attested that nobody is on it."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in PROTECTION_COLUMNS}).astype(
        {"cancelled": "bool", "source_row": "int64"}
    )


def check_freshness(
    protections: pd.DataFrame, listed_on: str, attested_by: str, today: date
) -> list[str]:
    """Say why a list is not the list of today.

    Args:
        listed_on: the day of the list as the parameters state it ("" without a list).
        attested_by: who attested, and when, that nobody is on it; "" when nobody did.
    """
    attested_by = attested_by.strip()
    if not listed_on and not attested_by:
        return [
            "支援措置対象者の一覧がありません。登録係から受け取るか、空である証明を受けてください。"
        ]
    if protections.empty and not attested_by:
        return ["支援措置対象者の一覧が空です。登録係に確かめ、証明した人と日を書いてください。"]
    problems = []
    if listed_on and listed_on != today.isoformat():
        problems.append(
            "支援措置対象者の一覧が本日のものではありません。登録係から本日の一覧を受け取ってください。"
        )
    stated = set(protections["listed_on"]) - {""}
    if stated - {listed_on}:
        problems.append(
            "一覧の中の作成年月日が、パラメータの作成日と違います。別の日の一覧ではありませんか。"
        )
    return problems


def check_found(protections: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Say which rows of the list find no person, or one with another birth date.

    A row that joins nobody would protect nobody: an id whose zeros were stripped, a row without
    an id. Neither would one that joins the old record of somebody who moved away and came back
    under a new number.

    Args:
        records: every row of the registry extract.
    """
    latest = records[records["is_latest"]].set_index("addressee_id")
    known = protections["addressee_id"].isin(latest.index)
    problems = []
    if (~known).any():
        problems.append(
            f"一覧の行が抽出の誰にも当たりません（{list_rows(protections['source_row'][~known])}）。"
            "宛名番号の先頭の 0 や古い番号を確かめてください。"
        )
    found = protections[known]
    births = latest["birth_date"].reindex(found["addressee_id"]).to_numpy()
    differs = (
        (found["birth_date"] != "") & (births != "") & (found["birth_date"].to_numpy() != births)
    )
    if differs.any():
        problems.append(
            f"一覧と抽出で生年月日が違います（{list_rows(found['source_row'][differs])}）。登録係に確かめてください。"
        )
    lacking = (found["birth_date"] == "") & (births != "")
    if lacking.any():
        problems.append(
            f"一覧に生年月日のない行があり、番号だけでは同じ人と言えません（{list_rows(found['source_row'][lacking])}）。"
            "登録係に生年月日を入れてもらってください。"
        )
    returned = _find_returned(found[~found["cancelled"]], records[records["is_latest"]])
    if len(returned):
        problems.append(
            f"一覧の番号は住民でない人の古い記録ですが、同じ人らしい住民が別の番号でいます（{list_rows(returned)}）。"
            "登録係に今の番号を確かめてください。"
        )
    return problems


def _find_returned(protections: pd.DataFrame, latest: pd.DataFrame) -> pd.Series:
    """Find rows of the list whose person left, while a resident has the same birth date and name."""
    resident = latest["status"] == RESIDENT
    left = latest[~resident & latest["addressee_id"].isin(protections["addressee_id"])]
    left = left[left["birth_date"] != ""]
    returned: set[str] = set()
    for column in ("full_name", "full_name_kana"):
        here = latest.loc[resident & (latest[column] != ""), ["birth_date", column]]
        returned |= set(left.merge(here, on=["birth_date", column])["addressee_id"])
    return protections["source_row"][protections["addressee_id"].isin(returned)]


def select_protected(protections: pd.DataFrame) -> pd.Series:
    """Select the ids that any live row of the list protects, whatever its dates say.

    An ended row beside a live one of the same person frees nobody.
    """
    live = protections[~protections["cancelled"]]
    return live["addressee_id"].drop_duplicates().reset_index(drop=True)


def find_housemates(
    cohort: pd.DataFrame, protections: pd.DataFrame, records: pd.DataFrame
) -> pd.DataFrame:
    """Find people of the cohort who share a household with a protected person but are not listed.

    They go before an officer: a child may have been forgotten on the list.
    """
    protected = select_protected(protections)
    latest = records[records["is_latest"]]
    households = latest.loc[latest["addressee_id"].isin(protected), "household_id"]
    households = households[households != ""]
    # Today's household as well as the stored one: households are renumbered and merged.
    today = latest.set_index("addressee_id")["household_id"].reindex(cohort["addressee_id"])
    shares = cohort["household_id"].isin(households) | today.isin(households).to_numpy()
    return cohort[shares & ~cohort["addressee_id"].isin(protected)].reset_index(drop=True)


def tabulate_protections(protections: pd.DataFrame, today: date) -> pd.DataFrame:
    """Tabulate the list by kind, small numbers masked, and rows past their end but not cancelled."""
    live = protections[~protections["cancelled"]]
    overdue = live[(live["ends_on"] != "") & (live["ends_on"] < today.isoformat())]
    rows = [
        (str(kind), mask_small(int(count)))
        for kind, count in live["kind"].value_counts(sort=False).items()
    ]
    rows.sort()
    rows.append(("合計（終了していないもの）", mask_small(len(live))))
    rows.append(("うち終了日を過ぎ、終了の手続のないもの（保護は続く）", mask_small(len(overdue))))
    return pd.DataFrame(rows, columns=["種類", "件数"])


def mask_small(count: int) -> str:
    """Write a count of protected people, hiding numbers under ten."""
    return "0" if count == 0 else ("10未満" if count < 10 else f"{count:,}")
