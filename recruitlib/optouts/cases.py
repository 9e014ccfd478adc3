"""Cases (事例) of the applications that a person decides, and what the decisions make of them."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from recruitlib.base.audit import digest_keyed
from recruitlib.base.decisions import Decisions, check_decision
from recruitlib.optouts.people import PEOPLE_COLUMNS

# Cases about a resident, which change no application's outcome.
PERSONAL = ("housemate", "near_pair")
CASE_COLUMNS = ("case", "kind", "application_id", "addressee_id", "reason", "choices", "digest")


def list_cases(
    applications: pd.DataFrame, matches: pd.DataFrame, candidates: pd.DataFrame,
    housemates: pd.DataFrame, pairs: pd.DataFrame, cohort: pd.DataFrame, key: bytes,
) -> pd.DataFrame:  # fmt: skip
    """List what a person must decide, numbered in a fixed order.

    Args:
        applications: as read.
        matches: their outcomes.
        candidates: whom the undecided ones may mean.
        housemates: people of the cohort who live with a protected person, and with whom.
        pairs: applications and people of the cohort who resemble each other (the last gate).
        cohort: whom the applications and pairs may mean, as the registry has them.
        key: the run's key of keyed digests.

    Returns:
        one row per case; ``choices`` is the number of candidates, ``digest`` the keyed digest of
        the application as typed and of its candidates as registered.
    """
    rows: list[tuple[Any, ...]] = []
    typed = {row["application_id"]: row for row in applications.to_dict("records")}
    registered = {
        row["addressee_id"]: row for row in cohort[list(PEOPLE_COLUMNS)].to_dict("records")
    }
    for match in matches[matches["outcome"].isin(["undecided", "to_confirm", "withdrawn"])].to_dict(
        "records"
    ):
        near = candidates.loc[
            candidates["application_id"] == match["application_id"], "addressee_id"
        ].tolist()
        # The row's place in the file is not what was decided about.
        said = {k: v for k, v in typed[match["application_id"]].items() if k != "source_row"}
        meant = [registered.get(person_id) for person_id in (match["addressee_id"], *near)]
        content = [said, match, near, meant]
        digest = digest_keyed(key, json.dumps(content, ensure_ascii=False, sort_keys=True).encode())
        rows.append(
            (
                match["outcome"],
                match["application_id"],
                match["addressee_id"],
                match["reason"],
                len(near),
                digest,
            )
        )
    for mate in housemates.to_dict("records"):
        person_id = mate["addressee_id"]
        told = json.dumps([mate, registered.get(person_id)], ensure_ascii=False, sort_keys=True)
        digest = digest_keyed(key, f"housemate {told}".encode())
        rows.append(("housemate", "", person_id, "same_household", 0, digest))
    for pair in pairs.to_dict("records"):
        said = {k: v for k, v in typed[pair["application_id"]].items() if k != "source_row"}
        content = [said, pair["addressee_id"], registered.get(pair["addressee_id"])]
        told = json.dumps(content, ensure_ascii=False, sort_keys=True)
        digest = digest_keyed(key, f"near pair {told}".encode())
        rows.append(
            ("near_pair", pair["application_id"], pair["addressee_id"], "two_fields", 0, digest)
        )
    numbered = [(number, *row) for number, row in enumerate(rows, start=1)]
    return pd.DataFrame(numbered, columns=list(CASE_COLUMNS))


def settle_matches(
    matches: pd.DataFrame, candidates: pd.DataFrame, cases: pd.DataFrame, decisions: Decisions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply the decisions to the matches.

    Returns:
        ``settled``: the matches with decided outcomes (``matched`` excludes; ``withdrawn`` here
        means a withdrawal that two people accepted), as many rows as ``matches``; and the cases
        with the column ``problem``, "" where decided.
    """
    settled = matches.set_index("application_id")
    problems = []
    for case in cases.to_dict("records"):
        decision = decisions.cases.get(case["case"])
        problem = check_decision(case, decisions)
        problems.append(problem)
        if problem or decision is None or case["kind"] in PERSONAL:
            continue
        chosen = decision["decision"]
        settled.loc[case["application_id"], ["outcome", "reason"]] = [chosen, decision["reason"]]
        if case["kind"] == "undecided" and chosen == "matched":
            near = candidates[candidates["application_id"] == case["application_id"]]
            person_id = near.loc[near["place"] == decision["candidate"], "addressee_id"].iloc[0]
            settled.loc[case["application_id"], ["addressee_id", "tier"]] = [person_id, "D"]
    return settled.reset_index()[list(matches.columns)], cases.assign(problem=problems)


def list_also_meant(
    cases: pd.DataFrame, candidates: pd.DataFrame, decisions: Decisions
) -> list[str]:
    """List the ids of the further people whom one application means, as two people decided."""
    meant = []
    for case in cases[(cases["kind"] == "undecided") & (cases["problem"] == "")].to_dict("records"):
        also = decisions.cases[case["case"]].get("also", [])
        near = candidates[candidates["application_id"] == case["application_id"]]
        meant += near.loc[near["place"].isin(also), "addressee_id"].tolist()
    return meant


def list_excluded(cases: pd.DataFrame, decisions: Decisions, kind: str) -> list[str]:
    """List the ids of the people whom two officers chose to exclude, of one kind of case."""
    excluded = []
    for case in cases[cases["kind"] == kind].to_dict("records"):
        counts = not check_decision(case, decisions)
        if counts and decisions.cases[case["case"]]["decision"] == "excluded":
            excluded.append(case["addressee_id"])
    return excluded
