"""Recipients (提供対象者): whole registry rows left after every exclusion, and the proof of it.

The proofs repeat no step of the exclusion: they read the registry file anew with another reader
and compare with keys of their own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.encodings import iterate_lines
from recruitlib.base.profiles import Profile, list_rows
from recruitlib.base.tables import open_table
from recruitlib.registry.extract import ADDRESS_PARTS

# What a recipient's row holds as the registry writes it; the rest is worked out from it.
_AS_WRITTEN = (
    "addressee_id", "household_id", "full_name", "full_name_kana", "birth_text", "postal_code",
    "address", "building",
)  # fmt: skip
_WRAPPED = re.compile(r'\A="([^"]*)"\Z')  # how a spreadsheet's CSV keeps leading zeros


class Exclusions(NamedTuple):
    """The ids that must not be printed, each set with its reason; who is in two counts first."""

    protected: frozenset[str]
    opted_out: frozenset[str]
    withheld: frozenset[str]
    supplied_before: frozenset[str]


def gather_exclusions(
    settled: pd.DataFrame, cases: pd.DataFrame, candidates: pd.DataFrame, protected: set[str],
    housemates: list[str], resembling: list[str], supplied: set[str],
) -> Exclusions:  # fmt: skip
    """Gather whom the decisions exclude, and who was supplied already.

    A matched or confirmed application excludes its subject, an unconfirmed withdrawal does so
    still, and every candidate of an undecided application is withheld.

    Args:
        settled: the matches as decided.
        cases: with ``problem``, "" where decided.
        candidates: of the undecided applications.
        protected: ids of the protected people.
        housemates: ids of their housemates whom two officers chose to exclude.
        resembling: ids of people of the last gate whom two officers chose to exclude, and of those
            whom one application means as well.
        supplied: ids of the people whom another run of the fiscal year has supplied.
    """
    open_cases = cases[cases["problem"] != ""]
    holds = settled["outcome"].isin(["matched", "to_confirm"]) | (
        (settled["outcome"] == "withdrawn")
        & settled["application_id"].isin(
            open_cases.loc[open_cases["kind"] == "withdrawn", "application_id"]
        )
    )
    undecided = open_cases.loc[open_cases["kind"] == "undecided", "application_id"]
    near = set(candidates.loc[candidates["application_id"].isin(undecided), "addressee_id"])
    asked = open_cases["kind"].isin(["housemate", "near_pair"])
    near |= set(open_cases.loc[asked, "addressee_id"])
    opted_out = {*settled.loc[holds, "addressee_id"], *resembling} - {""}
    everybody = protected | set(housemates)
    return Exclusions(
        frozenset(everybody),
        frozenset(opted_out - everybody),
        frozenset(near - opted_out - everybody),
        frozenset(supplied - near - opted_out - everybody),
    )


def select_recipients(cohort: pd.DataFrame, exclusions: Exclusions) -> pd.DataFrame:
    """Select the recipients as whole rows, in an order that tells nothing but the address.

    Returns:
        a subset of the rows of ``cohort``, sorted by postal code, address and id.
    """
    barred = frozenset().union(*exclusions)
    recipients = cohort[~cohort["addressee_id"].isin(barred)]
    order = ["postal_code", "address", "building", "addressee_id"]
    return recipients.sort_values(order, kind="stable").reset_index(drop=True)


def check_whole_records(recipients: pd.DataFrame, path: Path, profile: Profile) -> list[str]:
    """Compare every recipient with the registry's row, cell by cell, read by another reader.

    Args:
        recipients: rows with ``source_row`` as an officer sees it in a spreadsheet.
        path: the registry file.
        profile: its profile.

    Returns:
        one Japanese sentence for each column that differs, with row numbers.
    """
    wanted = {row["addressee_id"]: row for row in recipients.to_dict("records")}
    repeated = len(recipients) - len(wanted)
    best: dict[str, list[str]] = {}
    opened = open_table(path, profile)
    # Python's reader refuses longer cells than others do.
    csv.field_size_limit(max(csv.field_size_limit(), path.stat().st_size))
    lines = iterate_lines(path, opened.proof)
    reader = csv.reader(lines, delimiter=profile.delimiter)
    at = opened.plan.positions["addressee_id"]
    for cells in islice(reader, opened.plan.rows, None):
        # Most rows are of other people, and taking all their cells would take most of the time.
        row = wanted.get(_WRAPPED.sub(r"\1", cells[at])) if at < len(cells) else None
        if row is None:
            continue
        source = _take_cells(cells, opened.plan.positions, profile)
        if profile.latest == "flag" and source.get("latest_flag", "1") != "1":
            continue
        # A person has a row for each record of the history; one of them must be the recipient's.
        differs = [name for name in _AS_WRITTEN if source.get(name, "") != row[name]]
        known = best.get(row["addressee_id"])
        if known is None or len(differs) < len(known):
            best[row["addressee_id"]] = differs
    differing: dict[str, list[int]] = {}
    for person_id, names in best.items():
        for name in names:
            differing.setdefault(name, []).append(wanted[person_id]["source_row"])
    problems = [
        f"{name} が台帳の行と違います（{list_rows(rows)}）。" for name, rows in differing.items()
    ]
    if repeated:
        problems.append(f"台帳の同じ行が二度使われています（{repeated} 行）。")
    if missing := len(wanted) - len(best):
        problems.append(f"台帳にない行が {missing} 行あります。")
    return problems


def _take_cells(cells: list[str], positions: Mapping[str, int], profile: Profile) -> dict[str, str]:
    source = {
        name: _WRAPPED.sub(r"\1", cells[place])
        for name, place in positions.items()
        if place < len(cells)
    }
    source = {**profile.fixed, **source}
    source["address"] = "".join(source.get(part, "") for part in ADDRESS_PARTS)
    source["full_name_kana"] = source.get("full_name_kana") or source.get("full_name_kana_old", "")
    return source
