"""A trial of the matching on two plain files, without a run: nothing is printed, nothing kept."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recruitlib.base.audit import write_atomically
from recruitlib.base.columns import join_chunks
from recruitlib.base.contents import list_quarantine
from recruitlib.base.delimited import Broken
from recruitlib.base.errors import FormError, ParameterError, raise_problems
from recruitlib.base.profiles import Profile, list_rows
from recruitlib.base.secrecy import hide_values
from recruitlib.base.tables import Piece, map_pieces, open_table, read_headers, read_table
from recruitlib.optouts.candidates import Subject
from recruitlib.optouts.gazetteer import Gazetteer, learn_places
from recruitlib.optouts.matching import (
    Match,
    match_subjects,
)
from recruitlib.optouts.people import PEOPLE_COLUMNS, People, Wanted, build_people
from recruitlib.optouts.places import locate
from recruitlib.optouts.reasons import tell_reason
from recruitlib.optouts.subjects import collect_keys, read_subject_names, sort_fields
from recruitlib.optouts.towns import TownTable
from recruitlib.registry.births import BirthRange
from recruitlib.registry.days import read_days

OUT_COLUMNS = ("application_id", "outcome", "person_id", "candidates", "tier", "reason")
_SELF = ("本人", "対象者本人", "対象者", "self", "自分")
_YES = ("true", "1", "yes", "はい", "取下げ", "withdrawn")
_OUTCOMES = {"A": "exclude", "B": "exclude", "O": "not_in_cohort", "C": "review"}


class Trial(NamedTuple):
    """What a trial matched, and the rows of the two files that could not be read."""

    outcomes: pd.DataFrame
    unread: list[str]


class Municipality(NamedTuple):
    """The names of a prefecture and a municipality, and its towns."""

    prefecture: str
    municipality: str
    towns: TownTable


def match_files(
    registry: Path, applications: Path, profiles: tuple[Profile, Profile],
    ranges: Sequence[BirthRange], municipality: Municipality | None = None,
) -> Trial:  # fmt: skip
    """Match the applications of a plain file with the residents of another.

    Args:
        registry: one row per resident.
        applications: one row per application.
        profiles: of the two files.
        ranges: the birth ranges of the cohorts.
        municipality: its name and towns; learned from the registry's addresses where there is none.

    Returns:
        one outcome per row of the applications; whose row cannot be read has no number, and is
        for people.

    Raises:
        FormError: a file is not in its form, or two rows have one number.
    """
    forms = read_forms(applications, profiles[1])
    (people, gazetteer), unread = read_people(registry, profiles[0], forms, ranges, municipality)
    subjects = [
        form.subject._replace(place=locate(form.address, "", gazetteer)) for form in forms.rows
    ]
    outcomes = end_applications(forms, match_subjects(subjects, people, forms.today))
    return Trial(outcomes, unread + _tell_unread(forms.quarantine, applications.name))


def read_range(text: str) -> BirthRange:
    """Read a birth range as a command gives it, such as 18:2008-04-02:2009-04-01.

    Raises:
        ParameterError: it is none, or its last day comes before its first.
    """
    age, *days = text.split(":")
    born = [date.fromisoformat(day) for day in days if _is_day(day)]
    # A range the wrong way round holds nobody, and nobody would be excluded.
    if not age.isdecimal() or len(days) != 2 or len(born) != 2 or born[0] > born[1]:
        raise ParameterError(
            "--birth-range は 年齢:最初の日:最後の日 の形で、日の早い順に書いてください（例 18:2008-04-02:2009-04-01）。"
        )
    return BirthRange(int(age), *born)


@hide_values
class Form(NamedTuple):
    """One application of a plain file: its subject, its address, and whether it is a withdrawal."""

    subject: Subject
    address: str
    received_at: str
    is_withdrawal: bool


class Forms(NamedTuple):
    """The applications of a plain file, the day by which ages count, and rows not read."""

    rows: list[Form]
    today: date
    quarantine: pd.DataFrame


def read_forms(path: Path, profile: Profile) -> Forms:
    """Read the applications.

    Raises:
        FormError: the file is not in its form, or an application has no number of its own.
    """
    source = read_table(path, _know_all(path, profile))
    table = source.table
    doubled = table["application_id"].duplicated(keep=False) | (table["application_id"] == "")
    if doubled.any():
        rows = list_rows(table.loc[doubled, "source_row"])
        raise_problems(
            FormError, [f"application_id がないか、重なっています（{rows}）。"], path.name
        )
    forms = [_make_form(row) for row in table.to_dict("records")]
    days = [form.received_at[:10] for form in forms]
    today = max((date.fromisoformat(day) for day in days if _is_day(day)), default=date.today())
    return Forms(forms, today, source.quarantine)


def _know_all(path: Path, profile: Profile) -> Profile:
    """Let a trial's file have columns beside the profile's; they are not read."""
    named = {header for headers in profile.columns.values() for header in headers}
    others = {header.strip() for header in read_headers(path, profile)} - named
    return profile._replace(known=tuple(sorted({*profile.known, *others} - {""})))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _write_time(text: str) -> str:
    """Write a time so that texts are in the order of time: 2026/5/3 9:05 as 2026-05-03 09:05."""
    return re.sub("(?<![0-9])([0-9])(?![0-9])", r"0\1", re.sub("[/.]", "-", text).replace("T", " "))


def _make_form(row: dict[str, str]) -> Form:
    received = _write_time(row["received_at"])
    relation = row.get("applicant_relation", "").strip()
    birth, address = sort_fields(row["subject_birth_text"], row["subject_address"])
    subject = read_subject_names(
        row["application_id"], row["subject_name"], row.get("subject_kana", ""),
        row.get("card_name", ""), "", birth,
        date.fromisoformat(received[:10]) if _is_day(received[:10]) else None,
    )  # fmt: skip
    subject = subject._replace(
        # Where nothing is said, nobody else is named either.
        by_subject=relation in _SELF or not (relation or subject.others),
        handwritten=row.get("channel", "") == "paper",
    )
    withdrawal = row.get("status", "").strip().lower() in _YES
    return Form(subject, address, received, withdrawal)


def _tell_unread(quarantine: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{name}: {reason}（{list_rows(rows['source_row'])}）"
        for reason, rows in quarantine.groupby("reason", sort=True)
    ]


def read_people(
    path: Path, profile: Profile, forms: Forms, ranges: Sequence[BirthRange],
    municipality: Municipality | None,
) -> tuple[tuple[People, Gazetteer], list[str]]:  # fmt: skip
    """Read the residents who share a key with an application, and the whole cohort.

    Returns:
        the people with their places, and what could not be read.
    """
    wanted = collect_keys([form.subject for form in forms.rows])
    opened = open_table(path, _know_all(path, profile))
    taken = map_pieces(opened, lambda piece: _take_rows(piece, profile, wanted, ranges))
    table = pa.concat_tables([rows.kept for rows in taken]).to_pandas()
    broken = list_quarantine(row for rows in taken for row in rows.broken)
    doubled = table["addressee_id"].duplicated(keep=False)
    if doubled.any():
        rows = list_rows(table.loc[doubled, "source_row"])
        raise_problems(FormError, [f"person_id が重なっています（{rows}）。"], path.name)
    # Of every address, so that a place does not depend on who else has applied.
    addresses = (text for rows in taken for text in rows.addresses.to_pylist())
    gazetteer = learn_places(addresses, *(municipality or ()))
    cohort = table.loc[table["in_cohort"], "addressee_id"].tolist()
    people = build_people(table[list(PEOPLE_COLUMNS)], cohort, gazetteer)
    return (people, gazetteer), _tell_unread(broken, path.name)


class _Taken(NamedTuple):
    """What is kept of a piece of the registry: rows, all its addresses, and rows not read."""

    kept: pa.Table
    addresses: pa.Array
    broken: list[Broken]


def _take_rows(
    piece: Piece, profile: Profile, wanted: Wanted, ranges: Sequence[BirthRange]
) -> _Taken:
    births = read_days(piece.cells["birth_text"], {})
    # Whose birth date nobody can read is of no cohort that anybody could check, and is listed.
    rows = piece.cells["source_row"].filter(births.is_null()).to_pylist()
    broken = [*piece.broken, *(Broken(row, "生年月日が読めません", "") for row in rows)]
    cells = piece.cells.append_column("birth_date", births.fill_null(""))
    cells = cells.append_column("address", cells["town"])
    in_cohort = mark_cohort(cells, profile, ranges)
    kept = in_cohort | wanted.mark(cells)
    columns = cells.select([*PEOPLE_COLUMNS, "source_row"]).append_column(
        "in_cohort", pa.array(in_cohort)
    )
    addresses = join_chunks(cells["address"]).unique()
    return _Taken(columns.filter(pa.array(kept)), addresses, broken)


def mark_cohort(
    cells: pa.Table, profile: Profile, ranges: Sequence[BirthRange]
) -> npt.NDArray[np.bool_]:
    """Mark the residents of a cohort: Japanese, living here, born in one of the ranges."""
    born = np.asarray(cells["birth_date"].to_numpy(zero_copy_only=False), dtype=object)
    texts = born.astype("U10")
    marks = np.zeros(len(texts), dtype=bool)
    for wanted in ranges:
        marks |= (texts >= wanted.born_from.isoformat()) & (texts <= wanted.born_to.isoformat())
    status, nationality = profile.codes["status"], profile.codes["nationality"]
    for at in np.flatnonzero(marks):
        marks[at] = (
            status.get(cells["status"][at].as_py(), status["*"]) == "resident"
            and nationality.get(cells["nationality"][at].as_py(), nationality["*"]) == "japanese"
        )
    return marks


def end_applications(forms: Forms, matches: list[Match]) -> pd.DataFrame:
    """End every application once: withdrawals are proposals, and who may have withdrawn is asked.

    An application that came before a withdrawal of the same person, or of somebody who may be the
    same person, goes before people.
    """
    withdrawn_at: dict[str, list[str]] = {}
    for form, match in zip(forms.rows, matches, strict=True):
        if not form.is_withdrawal:
            continue
        # Without a certain subject it is everybody whom the withdrawal may mean.
        meant = [match.person] if match.person else [one.person for one in match.candidates]
        for person in meant:
            withdrawn_at.setdefault(person.addressee_id, []).append(form.received_at)
    rows = []
    for form, match in zip(forms.rows, matches, strict=True):
        outcome, person_id = (
            _OUTCOMES[match.tier[0]],
            match.person.addressee_id if match.person else "",
        )
        reason = tell_reason(match)
        candidates = [one.person.addressee_id for one in match.candidates]
        if form.is_withdrawal and outcome == "exclude":
            outcome = "withdrawn"
        elif outcome == "exclude" and any(
            _may_follow(end, form.received_at) for end in withdrawn_at.get(person_id, ())
        ):
            outcome, candidates = "review", [person_id]
            person_id, reason = "", f"{reason}取下げがあります。"
        rows.append(
            (match.application_id, outcome, person_id, "|".join(candidates), match.tier, reason)
        )
    for unread in forms.quarantine.to_dict("records"):
        reason = f"{unread['source_row']}行目が読めません: {unread['reason']}。"
        rows.append(("", "review", "", "", "", reason))
    return pd.DataFrame(rows, columns=list(OUT_COLUMNS), dtype="str")


def _may_follow(later: str, earlier: str) -> bool:
    """Whether a time may come after another; where one of them is a day only, on that day too."""
    known = min(len(later), len(earlier))
    return later[:known] >= earlier[:known]


def write_outcomes(path: Path, outcomes: pd.DataFrame) -> None:
    """Write the outcomes as CSV, whole or not at all; they name people by their ids only."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(outcomes.columns)
    writer.writerows(outcomes.itertuples(index=False))
    write_atomically(path, text.getvalue().encode("utf-8"))
