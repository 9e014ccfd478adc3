"""The registry extract: every row of the file read strictly and put into exactly one end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import digest_bytes
from recruitlib.base.dates import era_digit, parse_date
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.tables import ReadTable, read_table
from recruitlib.registry.profiles import Profile, check_forms, decode_column, list_rows

RESIDENT_COLUMNS = (
    "addressee_id", "household_id", "full_name", "full_name_kana", "birth_date", "birth_text",
    "birth_status", "status", "nationality", "planned_move_out", "postal_code", "address",
    "building", "source_row",
)  # fmt: skip
ADDRESS_PARTS = ("prefecture", "city", "town", "lot")
RESIDENT, JAPANESE = "resident", "japanese"
# Of honest rows fewer than this contradict each other; of rows with one column shifted, most do.
MOST_ODD = 0.01


class Extract(NamedTuple):
    """A registry extract as read: ``records`` has one row per row of the file."""

    records: pd.DataFrame
    source: ReadTable
    digest: str


class BirthRange(NamedTuple):
    """The printed birth range of one age, both ends included."""

    age: int
    born_from: date
    born_to: date


def read_extract(path: Path, profile: Profile) -> Extract:
    """Read an extract, whitelisted columns only, every cell checked against its form.

    Args:
        path: the file; one row per person and history record.
        profile: the maker's profile.

    Returns:
        the extract; ``records`` holds every row of the file, with the columns of ``residents``
        and ``is_latest``, ``is_marked``, ``changed_on``, ``left_on``.

    Raises:
        FormError: headers, widths, forms, codes, or the latest flags are not as they should be.
    """
    if not path.exists():
        raise FormError(f"{path.name}: ファイルがありません。場所と名前を確かめてください。")
    source = read_table(path, profile.columns, known=profile.known, required=profile.required)
    table = source.table
    raise_problems(FormError, check_forms(table, profile), f"{path.name}")
    raise_problems(FormError, _check_latest(table), f"{path.name}")
    records = _build_records(table, profile)
    raise_problems(FormError, _check_shift(table, records), f"{path.name}")
    return Extract(records, source._replace(table=table.iloc[:0]), digest_bytes(path.read_bytes()))


def _check_latest(table: pd.DataFrame) -> list[str]:
    latest = table[table["latest_flag"] == "1"]
    doubled = latest[latest["addressee_id"].duplicated(keep=False)]
    missing = table[~table["addressee_id"].isin(latest["addressee_id"])]
    problems = []
    if len(doubled):
        problems.append(
            f"最新の記録が二つ以上ある人がいます（{list_rows(doubled['source_row'])}）。"
        )
    if len(missing):
        problems.append(f"最新の記録がない人がいます（{list_rows(missing['source_row'])}）。")
    return problems


def _check_shift(table: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Say where columns of one row contradict each other: one was sorted or moved on its own.

    Every cell keeps its form then, and every row its width. The full name must be made of its own
    parts; a person keeps the birth date through all records; the era is that of the date; only
    Japanese nationals have the parts of a Japanese name; and a household lives at one address.
    """
    own = (table["surname"] != "") & (table["given"] != "")
    parts = (table["surname"] + table["given"]).map(_drop_blanks)
    misnamed = own & (table["full_name"].map(_drop_blanks) != parts)
    japanese = records["nationality"] == JAPANESE
    current = records[
        records["is_latest"] & (records["status"] == RESIDENT) & (records["household_id"] != "")
    ]
    shared = current[current["household_id"].duplicated(keep=False)]
    homes = shared["postal_code"] + "\n" + shared["address"] + "\n" + shared["building"]
    repeated = table[table["addressee_id"].duplicated(keep=False)]
    births = _differ_within(repeated["addressee_id"], repeated["birth_text"])
    oddities = [
        ("国籍と、日本人の氏の有無が合わない", (japanese != (table["surname"] != "")) & own.any()),
        ("生年月日の元号が違う", records["birth_status"] == "era_disagrees"),
        ("履歴の間で生年月日が違う", births),
        ("同じ世帯で住所が違う", _differ_within(shared["household_id"], homes)),
    ]
    found = [("氏名と、その氏・名が違う", misnamed)] if misnamed.any() else []
    found += [(fault, odd) for fault, odd in oddities if odd.sum() > max(1, MOST_ODD * len(odd))]
    return [
        f"{fault}行が {int(odd.sum())} 行あります（{list_rows(table['source_row'][odd.index[odd]])}）。"
        "一つの列だけが並べ替えられていないか、確かめてください。"
        for fault, odd in found
    ]


def _drop_blanks(text: str) -> str:
    return "".join(text.split())


def _differ_within(groups: pd.Series, values: pd.Series) -> pd.Series:
    """Mark the rows whose value is not that of the first row of their group."""
    return values != values.groupby(groups).transform("first")


def _build_records(table: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    status = decode_column(table, profile, "status")
    removed = (table["removed_flag"] == "1") | (table["deleted_flag"] == "1")
    births = read_births(table)
    return pd.DataFrame(
        {
            "addressee_id": table["addressee_id"],
            "household_id": table["household_id"],
            "full_name": table["full_name"],
            "full_name_kana": table["full_name_kana"],
            "birth_date": births["birth_date"],
            "birth_text": table["birth_text"],
            "birth_status": births["birth_status"],
            # A flag takes a resident out; who died or moved out stays named so.
            "status": status.mask(removed & (status == RESIDENT), "removed"),
            "nationality": decode_column(table, profile, "nationality"),
            "planned_move_out": table["planned_move_out"],
            "postal_code": table["postal_code"],
            "address": join_address(table),
            "building": table["building"],
            "source_row": table["source_row"],
            "is_latest": table["latest_flag"] == "1",
            "is_marked": table["marker"] == profile.marker,
            "changed_on": table["changed_on"],
            "left_on": table["left_on"] + table["removed_on"],
        }
    )


def join_address(table: pd.DataFrame) -> pd.Series:
    """Join the registry's address parts as they stand, without changing a character."""
    address = table[ADDRESS_PARTS[0]]
    for part in ADDRESS_PARTS[1:]:
        address = address + table[part]
    return address


def read_births(table: pd.DataFrame) -> pd.DataFrame:
    """Read the birth dates of a table with ``birth_text``, ``birth_era`` and ``birth_unknown``.

    A date that is flagged 不詳, or whose era digit is not the era of its western year, is not
    certain, whatever its text says.

    Returns:
        birth_date (ISO text, "" when not certain) and birth_status, row by row.
    """
    forms = table[["birth_text", "birth_era", "birth_unknown"]].drop_duplicates()
    readings = {
        (text, era, unknown): _read_birth(text, era, unknown)
        for text, era, unknown in forms.itertuples(index=False)
    }
    rows = zip(table["birth_text"], table["birth_era"], table["birth_unknown"], strict=True)
    read = [readings[row] for row in rows]
    return pd.DataFrame(read, columns=["birth_date", "birth_status"], index=table.index)


def _read_birth(text: str, era: str, unknown: str) -> tuple[str, str]:
    parsed = parse_date(text)
    if unknown == "1":
        return "", "unknown"
    if parsed.status != "certain" or parsed.value is None:
        return "", parsed.status
    if era and era != era_digit(parsed.value):
        return "", "era_disagrees"
    return parsed.value.isoformat(), "certain"


def name_ends(records: pd.DataFrame, ranges: Sequence[BirthRange]) -> pd.Series:
    """Name the one end of every row: where it is counted, and nowhere else.

    Args:
        records: every row of the extract.
        ranges: the printed birth ranges.

    Returns:
        row by row one of superseded, not_resident, foreign, unreadable, out_of_range, or the age
        of its cohort as text.
    """
    ends = pd.Series("out_of_range", index=records.index, dtype="str")
    for birth_range in ranges:
        inside = records["birth_date"].between(
            birth_range.born_from.isoformat(), birth_range.born_to.isoformat()
        )
        ends = ends.mask(inside, str(birth_range.age))
    ends = ends.mask(records["birth_status"] != "certain", "unreadable")
    ends = ends.mask(records["nationality"] != JAPANESE, "foreign")
    ends = ends.mask(records["status"] != RESIDENT, "not_resident")
    return ends.mask(~records["is_latest"], "superseded")
