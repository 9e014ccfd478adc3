"""Subjects (対象者) of applications, as far as they are compared: names, birth date, place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

import pandas as pd

from recruitlib.base.names import mask_substitutes, names_agree
from recruitlib.optouts.birth_readings import is_typo_of, read_births
from recruitlib.optouts.candidates import Subject
from recruitlib.optouts.gazetteer import Gazetteer
from recruitlib.optouts.people import Wanted
from recruitlib.optouts.places import MISSING, Place, locate
from recruitlib.optouts.typed_names import read_field
from recruitlib.optouts.weighing import list_days

_DATE = re.compile(
    "(?:(?:昭和|平成|令和|[SHR昭平令])[.・]?)?(?<![0-9])[0-9]{1,4} *[-年/.・] *[0-9]{1,2} *[-月/.・] *[0-9]{1,2}(?![0-9])"
    "|(?<![0-9])[0-9]{8}(?![0-9])"
)


def read_subject_names(
    application_id: str, name: str, kana: str, other_name: str, substitutes: str, birth: str,
    received_on: date | None,
) -> Subject:  # fmt: skip
    """Read whom an application is for; the place is put in later.

    Args:
        application_id: its number.
        name: the field of the subject's name.
        kana: the field of the reading, empty where the form has none.
        other_name: who signed or applied, empty if unknown.
        substitutes: for each character of ``other_name`` a 1 where the card could not hold it.
        birth: the field of the birth date.
        received_on: when the application came.
    """
    masked = mask_substitutes(other_name, substitutes)
    field = read_field(name, kana)
    signer = read_field(other_name, "", masked if masked != other_name else "")
    others = (*signer.names, *signer.pieces)
    same = {key for named in (*field.names, *field.pieces) for key in named.folded}
    if names_agree(masked, name):
        others = ()
    return Subject(
        application_id=application_id,
        names=field.names,
        pieces=field.pieces,
        others=tuple(named for named in others if named.folded.isdisjoint(same)),
        birth=read_births(birth, received_on),
        place=Place(MISSING),
        by_subject=True,
        doubtful=field.doubtful or not field.names or hold_several_days(birth, received_on),
        handwritten=False,
    )


def build_subjects(acts: pd.DataFrame, gazetteer: Gazetteer) -> list[Subject]:
    """Build what is compared of each application of a run.

    Args:
        acts: ``applications``, one row each.
        gazetteer: the places of the municipality.

    Returns:
        as many subjects, in the same order.
    """
    subjects = []
    for row in acts.to_dict("records"):
        birth, address = sort_fields(row["subject_birth_text"], row["subject_address"])
        received = date.fromisoformat(row["received_at"]) if row["received_at"] else None
        subject = read_subject_names(
            row["application_id"], row["subject_name"], row["subject_kana"], row["card_name"],
            row["card_substitutes"], birth, received,
        )  # fmt: skip
        subjects.append(
            subject._replace(
                place=locate(address, row["subject_building"], gazetteer),
                by_subject=row["applicant_relation"] == "self",
                handwritten=row["channel"] in ("counter", "post"),
            )
        )
    return subjects


def sort_fields(birth: str, address: str) -> tuple[str, str]:
    """Put the birth date and the address in their places where somebody exchanged the fields."""
    read, other = read_births(birth), read_births(address)
    exchanged = not list_days(read) and other.plain is not None and birth.strip()
    return (address, birth) if exchanged else (birth, address)


def hold_several_days(birth: str, received_on: date | None) -> bool:
    """Say whether a field holds the birth dates of several people: each is one, in full.

    One date in two calendars is one, also where one of the two is mistaken in a part.
    """
    written = _DATE.findall(unicodedata.normalize("NFKC", birth))
    days = [day for text in written if (day := read_births(text, received_on).plain)]
    return any(
        day != days[0]
        and (day.month, day.day) != (days[0].month, days[0].day)
        and not is_typo_of(day, days[0])
        for day in days[1:]
    )


def collect_keys(subjects: Iterable[Subject]) -> Wanted:
    """Collect the keys by which residents are kept: names in every order, readings, birth dates."""
    names: set[str] = set()
    readings: set[str] = set()
    romaji: set[str] = set()
    births: set[str] = set()
    for subject in subjects:
        for name in (*subject.list_names(), *subject.others):
            names |= name.folded
            readings |= name.kana | name.reading
            romaji |= name.romaji
        births |= {day.isoformat() for day in list_days(subject.birth)}
    return Wanted(frozenset(names), frozenset(readings), frozenset(romaji), frozenset(births))
