"""Doubts of the load: rows and people that two persons must decide before it goes on.

A row that cannot be read is never left out in silence, a birth date that may lie in the range never
decided by a program, and a row of the protective measures that may mean several people protects
all of them until it is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from recruitlib.base.decisions import Decisions
from recruitlib.base.row_cases import list_decided, list_row_cases
from recruitlib.registry.births import BirthRange
from recruitlib.registry.extract import BIRTH_UNSURE, Extract
from recruitlib.registry.protected import OUTSIDE, TRACE_REASONS, UNSURE

REGISTRY, PROTECTIONS = "registry", "protections"
BIRTH_REASON = "生年月日が確かでなく、依頼の範囲に掛かります"
PEOPLE_COLUMNS = ("case", "place", "who")
_SHOWN = ("full_name", "full_name_kana", "birth_text", "address", "building")


def list_unreadable(extract: Extract) -> list[tuple[str, str, int, str, int, Any]]:
    """List the rows that cannot be read, as what two people decide about."""
    return [
        ("unreadable", REGISTRY, row["source_row"], row["reason"], 0, row["content"])
        for row in extract.source.quarantine.to_dict("records")
    ]


def list_unsure_births(extract: Extract) -> pd.DataFrame:
    """List the people whose birth date is not certain and may lie in a range."""
    records = extract.records
    return records[records["is_latest"] & (records["end"] == BIRTH_UNSURE)]


def list_touched(person: pd.Series, ranges: Sequence[BirthRange]) -> list[str]:
    """List the ages whose range a person's possible birth dates touch."""
    return [
        str(wanted.age)
        for wanted in ranges
        if person["birth_first"] <= wanted.born_to.isoformat()
        and person["birth_last"] >= wanted.born_from.isoformat()
    ]


def list_doubts(
    extract: Extract, protections: pd.DataFrame, traced: pd.DataFrame,
    ranges: Sequence[BirthRange], key: bytes,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """List what two people must decide, and what they need to see for it.

    Args:
        extract: the extract as read.
        protections: the rows of the list, and ``traced`` where each of them ended.
        ranges: the printed birth ranges.
        key: the run's key of keyed digests.

    Returns:
        the cases, unreadable rows first; and lines of personal data by case and place (0 is what
        is decided about, 1 and more the candidates).
    """
    rows: list[tuple[str, str, int, str, int, Any]] = []
    seen: list[list[str]] = []
    for row in list_unreadable(extract):
        rows.append(row)
        seen.append(["（行の内容は、抽出ファイルで見てください）"])
    for _, person in list_unsure_births(extract).iterrows():
        ages = list_touched(person, ranges)
        said = [
            person[name] for name in ("addressee_id", "birth_text", "birth_first", "birth_last")
        ]
        rows.append(
            (
                "birth_unsure",
                REGISTRY,
                person["source_row"],
                BIRTH_REASON,
                len(ages),
                [said, ages],
            )
        )
        seen.append([_describe(person), *(f"{age}歳の対象者とする" for age in ages)])
    people = extract.records[extract.records["is_latest"]].set_index("addressee_id")
    listed = protections.reset_index(drop=True)
    for place, row in traced.reset_index(drop=True).iterrows():
        if row["end"] != UNSURE:
            continue
        reason = TRACE_REASONS[row["reason"]]
        own = listed.iloc[place]
        rows.append(_make_row(row, reason))
        texts = [own[name] for name in ("full_name", "full_name_kana", "birth_date", "address")]
        near = [_describe(people.loc[person_id]) for person_id in row["candidates"]]
        seen.append([f"{reason}: {' / '.join(text for text in texts if text)}", *near])
    cases = list_row_cases(rows, key)
    lines = [
        (number, place, line)
        for number, own in zip(cases["case"], seen, strict=True)
        for place, line in enumerate(own)
    ]
    return cases, pd.DataFrame(lines, columns=list(PEOPLE_COLUMNS)).astype(
        {"case": "int64", "place": "int64", "who": "str"}
    )


def _make_row(traced: pd.Series, reason: str) -> tuple[str, str, int, str, int, Any]:
    choices = len(traced["candidates"])
    source = PROTECTIONS if traced["source_row"] > 0 else REGISTRY
    return (
        "protection_unsure", source, traced["source_row"], reason, choices, traced["content"],
    )  # fmt: skip


def _describe(person: pd.Series) -> str:
    return " / ".join(str(person[name]) for name in _SHOWN if person[name])


def list_included(
    settled: pd.DataFrame, extract: Extract, ranges: Sequence[BirthRange]
) -> dict[str, str]:
    """List the people whose birth is unsure and whom two people included, with their age."""
    people = list_unsure_births(extract).set_index("source_row")
    included = {}
    for case in settled[settled["decision"] == "included"].to_dict("records"):
        person = people.loc[case["source_row"]]
        included[person["addressee_id"]] = list_touched(person, ranges)[case["candidate"] - 1]
    return included


def list_chosen(settled: pd.DataFrame, traced: pd.DataFrame) -> dict[int, str]:
    """List what two people decided of the list's unsure rows on the day of loading, case by case.

    Returns:
        source row to "outside" or to the id of the candidate that is meant.
    """
    near = dict(zip(traced["source_row"], traced["candidates"], strict=True))
    own = settled[(settled["kind"] == "protection_unsure") & (settled["decision"] != "")]
    return {
        case["source_row"]: OUTSIDE if case["decision"] == "outside"
        else near[case["source_row"]][case["candidate"] - 1]
        for case in own.to_dict("records")
    }  # fmt: skip


def list_traced(traced: pd.DataFrame, key: bytes, decisions: Decisions) -> dict[int, str]:
    """List what two people decided of the list's unsure rows, on whatever day they did.

    Returns:
        source row to "outside" or to the id of the candidate that is meant.
    """
    unsure = traced[traced["end"] == UNSURE]
    rows = [_make_row(row, TRACE_REASONS[row["reason"]]) for _, row in unsure.iterrows()]
    near = dict(zip(unsure["source_row"], unsure["candidates"], strict=True))
    return {
        row: OUTSIDE if own["decision"] == "outside" else near[row][own["candidate"] - 1]
        for row, own in list_decided(list_row_cases(rows, key), decisions).items()
    }
