"""Applications (除外申出) as the channels deliver them: the form's export and the counter's workbook.

An application is for a subject; the applicant may be somebody else. Whatever the public can type
is kept as it stands and stops nothing; only what the system or the office fills in (number, time
of receipt) must be readable, or its row goes before people. Only whitelisted items are kept;
attachments are not read, since they need not belong to the row.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from recruitlib.base.contents import ANY_CODE, list_quarantine
from recruitlib.base.dates import parse_date
from recruitlib.base.errors import FormError, raise_problems
from recruitlib.base.profiles import Profile
from recruitlib.base.tables import (
    ReadTable,
    digest_rows,
    read_headers,
    read_table,
    require_few_broken,
)
from recruitlib.base.workbooks import read_workbook
from recruitlib.optouts.forms import check_fingerprint, check_name_columns

APPLICATION_COLUMNS = (
    "application_id", "receipt_no", "received_at", "received_time", "channel", "subject_name",
    "subject_kana", "subject_birth_text", "subject_birth_date", "subject_address",
    "subject_building", "phone", "applicant_relation", "identity_check", "card_name",
    "card_substitutes", "wish", "status", "source_row",
)  # fmt: skip
QUARANTINE_COLUMNS = ("source", "source_row", "reason", "content")
SOURCES = ("form", "counter")
# The source of what an earlier fiscal year's register carries into this one.
STANDING, STANDING_LABEL = "standing", "前年度までの申出"
SOURCE_LABELS = {"form": "電子申請", "counter": "窓口・郵送"}
_TIME = re.compile(
    r"(?<![0-9:])(午前|午後)?\s*([0-9]{1,2})[:時]\s*([0-9]{1,2})(?:[:分]\s*(?:([0-9]{1,2})秒?)?)?"
    r"(?:\.[0-9]+)?\s*(AM|PM)?"
)


class Received(NamedTuple):
    """The applications of all channels, the rows that could not be read, and how each was read.

    ``applications`` have the column ``source`` (form or counter) and ids that name it;
    ``quarantine`` has ``QUARANTINE_COLUMNS``. Rows read = applications + quarantined.
    """

    applications: pd.DataFrame
    quarantine: pd.DataFrame
    sources: dict[str, ReadTable]

    def count_rows(self) -> dict[str, int]:
        """Count the rows that each channel's file has, readable or not."""
        return {name: source.rows_read for name, source in self.sources.items()}


def read_applications(path: Path, profile: Profile) -> tuple[pd.DataFrame, ReadTable]:
    """Read the applications of one channel.

    A row that repeats another one, number and all, is the same application (a form with a table
    repeats its record) and counts once.

    Args:
        path: a .csv export or an .xlsx workbook.
        profile: the channel's profile.

    Returns:
        the columns of ``applications``, one row per readable application, and how the file was
        read: its ``quarantine`` also holds the rows without a number, with a number that another
        row has, or with an unreadable time of receipt. ``rows_read`` is the sum of the two.

    Raises:
        FormError: the file is not in the channel's form, or so few rows can be read that it is not.
    """
    if not path.exists():
        raise FormError(f"{path.name}: ファイルがありません。出力し直してください。")
    is_workbook = path.suffix.lower() == ".xlsx"
    if not is_workbook and profile.headers:
        # The form's difference says more than the first header that is unknown.
        raise_problems(
            FormError, check_fingerprint(read_headers(path, profile), profile), path.name
        )
    source = read_workbook(path, profile) if is_workbook else read_table(path, profile)
    problems = check_name_columns(source)
    if is_workbook:
        problems += check_fingerprint(source.headers, profile)
    raise_problems(FormError, problems, path.name)
    source = _merge_repeated(source)
    applications = _build_applications(source, profile, is_workbook)
    applications, source = _refuse_rows(applications, source, profile)
    require_few_broken(source.quarantine, source.rows_read, path.name)
    return applications, source


def _merge_repeated(source: ReadTable) -> ReadTable:
    said = [name for name in source.table.columns if name != "source_row"]
    repeated = source.table.duplicated(subset=said) & (source.table["application_id"] != "")
    count = int(repeated.sum())
    if not count:
        return source
    remark = f"番号も内容も同じ行が{count}行あり、一件と数えました。"
    return source._replace(
        table=source.table[~repeated].reset_index(drop=True),
        rows_read=source.rows_read - count,
        remarks=(*source.remarks, remark),
    )


def _build_applications(source: ReadTable, profile: Profile, is_workbook: bool) -> pd.DataFrame:
    table = source.table
    nothing = pd.Series("", index=table.index, dtype="str")
    cells = {name: table[name] for name in table.columns}

    def take(name: str) -> pd.Series:
        return cells.get(name, nothing)

    def take_whole(name: str, first: str, second: str) -> pd.Series:
        whole = take(name)
        return whole.where(whole != "", join_texts(take(first), take(second)))

    def translate(name: str, otherwise: str) -> pd.Series:
        if name not in cells or (name in source.absent and name not in profile.fixed):
            return pd.Series(otherwise, index=table.index, dtype="str")
        return translate_texts(cells[name], profile, name, otherwise)

    built = {
        "application_id": take("application_id"),
        "receipt_no": take("receipt_no"),
        "received_at": take("received_at").map(lambda text: read_day(text, is_workbook)),
        "received_time": take("received_at").map(_read_time),
        "channel": translate("channel", "form"),
        "subject_name": take_whole("subject_name", "subject_surname", "subject_given"),
        "subject_kana": take_whole("subject_kana", "subject_surname_kana", "subject_given_kana"),
        "subject_birth_text": take("subject_birth_text"),
        "subject_birth_date": take("subject_birth_text").map(
            lambda text: read_day(text, is_workbook)
        ),
        "subject_address": take("subject_address"),
        "subject_building": take("subject_building"),
        "phone": take("phone"),
        "applicant_relation": translate("applicant_relation", "unknown"),
        "identity_check": take("identity_check"),
        "card_name": take("card_name"),
        "card_substitutes": take("card_substitutes"),
        "wish": translate("wish", "optout"),
        "status": translate("status", "received"),
    }
    texts = pd.DataFrame({name: column.astype("str") for name, column in built.items()})
    return texts.assign(source_row=table["source_row"])[list(APPLICATION_COLUMNS)]


def join_texts(first: pd.Series, second: pd.Series) -> pd.Series:
    """Join two columns with a full-width space where both hold something."""
    both = (first != "") & (second != "")
    return first + both.map({True: "　", False: ""}).astype("str") + second


def translate_texts(
    texts: pd.Series, profile: Profile, column: str, otherwise: str = ""
) -> pd.Series:
    """Translate what a column says, width and outer spaces aside.

    Args:
        texts: the cells of the column.
        otherwise: the meaning of what the profile's table does not say, where it has no ``*``;
            without a table, of an empty cell.

    Returns:
        the meanings, row by row.
    """
    if column not in profile.codes:
        return texts.where(texts != "", otherwise)
    meanings = {_fold_code(code): meaning for code, meaning in profile.codes[column].items()}
    others = meanings.pop(ANY_CODE, otherwise)
    return texts.map(lambda text: meanings.get(_fold_code(text), others)).astype("str")


def _fold_code(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def read_day(text: str, from_spreadsheet: bool) -> str:
    """Read a day as ISO text; "" where it is not certain."""
    parsed = parse_date(text, from_spreadsheet=from_spreadsheet)
    return parsed.value.isoformat() if parsed.status == "certain" and parsed.value else ""


def _read_time(text: str) -> str:
    """Read the time of day behind a date; "" where there is none: then only the day is known."""
    found = _TIME.search(unicodedata.normalize("NFKC", text).upper())
    if not found:
        return ""
    half, (hour, minute, second) = (
        found[1] or found[5],
        (int(part or 0) for part in found.group(2, 3, 4)),
    )
    if half in ("午後", "PM") and hour < 12:
        hour += 12
    elif half in ("午前", "AM") and hour == 12:
        hour = 0
    return f"{hour:02}:{minute:02}:{second:02}" if hour < 24 and minute < 60 > second else ""


def _refuse_rows(
    applications: pd.DataFrame, source: ReadTable, profile: Profile
) -> tuple[pd.DataFrame, ReadTable]:
    """Put the rows that cannot be told apart or dated among those that nobody could read."""
    numbers = applications["application_id"]
    number, received = (
        (profile.columns.get(name) or (name,))[0] for name in ("application_id", "received_at")
    )
    reasons = pd.Series("", index=applications.index, dtype="str")
    for reason, wrong in (
        (f"「{number}」がありません", numbers == ""),
        (
            f"「{number}」がほかの行と重なっています",
            (numbers != "") & numbers.duplicated(keep=False),
        ),
        (f"「{received}」が日時として読めません", applications["received_at"] == ""),
    ):
        reasons = reasons.mask(wrong, (reasons + "、" + reason).str.lstrip("、"))
    refused = reasons != ""
    held = source.table[refused].drop(columns="source_row")
    rows = list(
        zip(
            applications.loc[refused, "source_row"].tolist(),
            reasons[refused].tolist(),
            digest_rows(pa.Table.from_pandas(held, preserve_index=False)),
            strict=True,
        )
    )
    rows += source.quarantine.itertuples(index=False, name=None)
    return (
        applications[~refused].reset_index(drop=True),
        source._replace(
            table=source.table[~refused].reset_index(drop=True), quarantine=list_quarantine(rows)
        ),
    )


def gather_received(tables: dict[str, tuple[pd.DataFrame, ReadTable]]) -> Received:
    """Gather the channels: their applications and their unreadable rows in one table each."""
    applications, quarantine = [], []
    for name, (table, source) in tables.items():
        # Two channels may number alike; an application's id names its channel.
        ids = f"{name}:" + table["application_id"]
        applications.append(table.assign(application_id=ids, source=name))
        quarantine.append(source.quarantine.assign(source=name)[list(QUARANTINE_COLUMNS)])
    return Received(
        pd.concat(applications, ignore_index=True),
        pd.concat(quarantine, ignore_index=True),
        {name: source for name, (_, source) in tables.items()},
    )


def tabulate_quarantine(received: Received) -> pd.DataFrame:
    """Tabulate the rows that could not be read: channel, row and reason, nothing of their content."""
    rows = received.quarantine
    return pd.DataFrame(
        {
            "受付": rows["source"].map(SOURCE_LABELS).astype("str"),
            "行": rows["source_row"],
            "読めない理由": rows["reason"],
        }
    )
