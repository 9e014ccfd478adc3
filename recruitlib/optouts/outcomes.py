"""Outcomes of a run's applications as tables: matches, candidates, and who was near."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from recruitlib.optouts.acts import OUT_OF_FORCE, UNKNOWN
from recruitlib.optouts.candidates import Near
from recruitlib.optouts.matching import Match
from recruitlib.optouts.reasons import TIER_WORDS, describe_evidence, tell_reason

MATCH_COLUMNS = (
    "application_id", "outcome", "addressee_id", "tier", "evidence", "reason", "told",
)  # fmt: skip
CANDIDATE_COLUMNS = ("application_id", "place", "addressee_id", "evidence", "agreeing")
NEAR_COLUMNS = ("application_id", "addressee_id", "evidence")
OUTCOMES = ("matched", "to_confirm", "outside", "undecided", "withdrawn")
LISTED = "listed"


def tabulate_matches(
    matches: Sequence[Match], acts: pd.DataFrame, applicants: Collection[str]
) -> pd.DataFrame:
    """Tabulate how each application ends.

    Full agreement (A) is a match, unless an officer must see who applied, who signed or what is
    asked; what is listed (B) excludes at once and is confirmed. A withdrawal is a proposal.

    Args:
        matches: one for each application.
        acts: the applications, with what each of them does as ``status``.
        applicants: relations that may apply (policy ``applicants``).

    Returns:
        exactly one row per application, in the order of ``acts``.
    """
    rows = []
    for match, act in zip(matches, acts.to_dict("records"), strict=True):
        person_id = match.person.addressee_id if match.person else ""
        outcome, reason = {"O": "outside", "C": "undecided"}.get(match.tier[0], ""), match.reason
        if not outcome:
            reason = find_doubt(match, act, applicants) or (LISTED if match.tier != "A1" else "")
            outcome = "to_confirm" if reason else "matched"
            if act["status"] in OUT_OF_FORCE:
                outcome, reason = "withdrawn", OUT_OF_FORCE[act["status"]]
        evidence = describe_evidence(match.evidence) if match.person else ""
        rows.append(
            (
                act["application_id"],
                outcome,
                person_id,
                match.tier,
                evidence,
                reason,
                tell_reason(match),
            )
        )
    return pd.DataFrame(rows, columns=list(MATCH_COLUMNS), dtype="str")


def find_doubt(match: Match, act: dict[str, str], applicants: Collection[str]) -> str:
    """Find why an agreement still needs an officer: who applied, who signed, what is asked."""
    if act["applicant_relation"] not in applicants:
        return "authority"
    if match.is_signed_by_other:
        return "other_signer"
    return "status" if act["status"] == UNKNOWN else ""


def tabulate_candidates(matches: Sequence[Match]) -> pd.DataFrame:
    """Tabulate the candidates of the applications that a person decides, numbered from 1."""
    rows = [
        (match.application_id, place, near.person.addressee_id, describe_evidence(near.evidence),
         near.evidence.count_agreeing())
        for match in matches
        for place, near in enumerate(match.candidates, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(CANDIDATE_COLUMNS)).astype(
        {"place": "int64", "agreeing": "int64", "application_id": "str", "addressee_id": "str",
         "evidence": "str"}
    )  # fmt: skip


def tabulate_near(matches: Sequence[Match]) -> pd.DataFrame:
    """Tabulate who of the cohort is near which application, whatever came of it."""
    pairs: dict[tuple[str, str], Near] = {}
    for match in matches:
        for near in (*match.near, *match.candidates):
            if near.person.in_cohort:
                pairs.setdefault((match.application_id, near.person.addressee_id), near)
    rows = [(*pair, describe_evidence(near.evidence)) for pair, near in pairs.items()]
    return pd.DataFrame(rows, columns=list(NEAR_COLUMNS), dtype="str")


def tabulate_tiers(matches: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the applications by tier: counts, and in words what each tier means."""
    found = matches["tier"].value_counts()
    rows = [(tier, words, int(found.get(tier, 0))) for tier, words in TIER_WORDS.items()]
    return pd.DataFrame(rows, columns=["根拠", "意味", "件数"])
