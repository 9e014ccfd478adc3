"""Matching (突合) of applications with residents, fail closed.

Full agreement of name, birth date and lot with one person of the cohort is a match. Somebody
outside the cohort is so only with proof, and never where a parent may have signed for a child.
Everything else goes to a person; not found is never an end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import pandas as pd

from recruitlib.base.names import fold_kana, fold_name, names_agree
from recruitlib.optouts.acts import OUT_OF_FORCE, UNKNOWN
from recruitlib.optouts.addresses import Lot, lots_agree, parse_address
from recruitlib.optouts.towns import TownTable

MATCH_COLUMNS = ("application_id", "outcome", "addressee_id", "tier", "evidence", "reason")
CANDIDATE_COLUMNS = ("application_id", "place", "addressee_id", "evidence")
# An applicant younger or older than this applies for somebody else (matching rule 3, "age").
YOUNGEST, OLDEST = 14, 27
MOST_CANDIDATES = 200


class Person(NamedTuple):
    """What is compared of one resident."""

    addressee_id: str
    household_id: str
    name: str
    kana: str
    birth_date: str
    lot: Lot | None
    building: str
    in_cohort: bool
    age: int


class Subject(NamedTuple):
    """What is compared of one application."""

    application_id: str
    name: str
    kana: str
    birth_date: str
    lot: Lot | None
    relation: str
    card_name: str
    card_substitutes: str
    status: str


class Evidence(NamedTuple):
    """Which of the three fields agree between a subject and a resident."""

    name: bool
    birth: bool
    lot: bool

    @property
    def strength(self) -> int:
        """How many fields agree."""
        return sum(self)

    def describe(self) -> str:
        """Say in words what agrees."""
        words = ("氏名", "生年月日", "番地")
        return "・".join(word for word, agrees in zip(words, self, strict=True) if agrees)


def build_people(
    records: pd.DataFrame,
    cohort_ids: set[str],
    subjects: Iterable[Subject],
    towns: TownTable,
    municipality: str,
    prefecture: str,
    today: date,
) -> list[Person]:
    """Build the residents that share at least one key with a subject, and their housemates.

    Args:
        records: every row of the extract; people who left stay in the comparison.
        cohort_ids: ids of the cohort.

    Returns:
        one person per id, its latest row.
    """
    latest = records[records["is_latest"]]
    lots = {
        text: parse_address(text, towns, municipality, prefecture)
        for text in latest["address"].unique()
    }
    names = {text: fold_name(text) for text in latest["full_name"].unique()}
    kanas = {text: fold_kana(text) for text in latest["full_name_kana"].unique()}
    listed = list(subjects)
    keys = {key for s in listed for key in (fold_name(s.name), fold_name(s.card_name)) if key}
    kana_keys = {fold_kana(s.kana) for s in listed if s.kana}
    births = {s.birth_date for s in listed if s.birth_date}
    blocks = {(s.lot.town, s.lot.chome, s.lot.numbers[:1]) for s in listed if s.lot}
    address_blocks = {
        text: (lot.town, lot.chome, lot.numbers[:1]) if lot else None for text, lot in lots.items()
    }
    # Where somebody with the same name and birth date lives, the housemates are looked at as well.
    namesakes = {(fold_name(s.name), s.birth_date) for s in listed if s.birth_date}
    name_and_birth = zip(latest["full_name"].map(names), latest["birth_date"], strict=True)
    same = [pair in namesakes for pair in name_and_birth]
    blocks |= set(latest.loc[same, "address"].map(address_blocks).dropna())
    shares = (
        latest["full_name"].map(names).isin(keys)
        | latest["full_name_kana"].map(kanas).isin(kana_keys)
        | latest["birth_date"].isin(births)
        | latest["address"].map(address_blocks).isin(blocks)
    )
    households = set(latest.loc[shares, "household_id"]) - {""}
    chosen = latest[shares | latest["household_id"].isin(households)]
    return [
        Person(
            row.addressee_id, row.household_id, row.full_name, row.full_name_kana, row.birth_date,
            add_room(lots[row.address], row.building), row.building, row.addressee_id in cohort_ids,
            _find_age(row.birth_date, today),
        )
        for row in chosen.itertuples(index=False)
    ]  # fmt: skip


def _find_age(birth_date: str, today: date) -> int:
    if not birth_date:
        return -1
    born = date.fromisoformat(birth_date)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def build_subjects(
    applications: pd.DataFrame, towns: TownTable, municipality: str, prefecture: str
) -> list[Subject]:
    """Build what is compared of each application, one subject per row."""
    return [
        Subject(
            row.application_id, row.subject_name, row.subject_kana, row.subject_birth_date,
            add_room(
                parse_address(row.subject_address, towns, municipality, prefecture), row.subject_building
            ),
            row.applicant_relation, row.card_name, row.card_substitutes, row.status,
        )
        for row in applications.itertuples(index=False)
    ]  # fmt: skip


def add_room(lot: Lot | None, building: str) -> Lot | None:
    """Put the building beside the lot, where a typed room number finds it."""
    return lot._replace(rest=f"{lot.rest}{building}") if lot else None


def weigh(subject: Subject, person: Person) -> Evidence:
    """Weigh a pair: an empty field on either side is evidence of nothing."""
    name = bool(subject.name) and names_agree(subject.name, person.name)
    birth = bool(subject.birth_date) and subject.birth_date == person.birth_date
    return Evidence(name, birth, lots_agree(subject.lot, person.lot))


def match_subject(
    subject: Subject, people: list[Person], applicants: list[str]
) -> tuple[dict[str, str], list[dict[str, object]]]:
    """Find the one outcome of an application, and the candidates for an officer.

    Args:
        subject: the application.
        people: residents that share a key with any application, and their housemates.
        applicants: relations that may apply (policy ``applicants``).

    Returns:
        the row of ``matches``, and the rows of the candidates (none unless a person decides).
    """
    weighed = [(weigh(subject, person), person) for person in people]
    full = [person for evidence, person in weighed if evidence.strength == 3]
    own = [person for person in full if person.in_cohort]
    if len(own) == 1 and len(full) == 1:
        reason = find_doubt(subject, applicants)
        outcome, tier = ("to_confirm", "B") if reason else ("matched", "A")
        if subject.status in OUT_OF_FORCE:
            outcome, reason = "withdrawn", OUT_OF_FORCE[subject.status]
        return _end(subject, outcome, own[0], tier, "氏名・生年月日・番地", reason), []
    near = [person for evidence, person in weighed if person.in_cohort and evidence.strength >= 2]
    if not near and len(full) == 1 and prove_outside(subject, full[0], people):
        return _end(subject, "outside", full[0], "O", "氏名・生年月日・番地", "not_in_cohort"), []
    reason = "several_agree" if len(full) > 1 else "no_full_agreement" if near else "not_found"
    return _end(subject, "undecided", None, "C", "", reason), list_candidates(subject, weighed)


def _end(
    subject: Subject, outcome: str, person: Person | None, tier: str, evidence: str, reason: str
) -> dict[str, str]:
    person_id = person.addressee_id if person else ""
    row = (subject.application_id, outcome, person_id, tier, evidence, reason)
    return dict(zip(MATCH_COLUMNS, row, strict=True))


def find_doubt(subject: Subject, applicants: list[str]) -> str:
    """Find why a full agreement still needs an officer: who applied, who signed, what is asked."""
    if subject.relation not in applicants:
        return "authority"
    if subject.card_name and not names_agree(
        subject.card_name, subject.name, subject.card_substitutes
    ):
        return "other_signer"
    return "status" if subject.status == UNKNOWN else ""


def prove_outside(subject: Subject, found: Person, people: list[Person]) -> bool:
    """Prove that an application is not of the cohort; a doubt is no proof.

    Household: nobody of the cohort shares the household, the dwelling, or lot and surname with the
    person found. Age: a person of another generation applies for somebody. Signer: no other name
    of the form is in the cohort.
    """
    if subject.relation != "self" or not YOUNGEST <= found.age <= OLDEST:
        return False
    cohort = [person for person in people if person.in_cohort]
    if any(share_home(found, person) for person in cohort):
        return False
    signer = subject.card_name
    signed_by_other = signer and not names_agree(signer, subject.name, subject.card_substitutes)
    return not (
        signed_by_other
        and any(names_agree(signer, person.name, subject.card_substitutes) for person in cohort)
    )


def share_home(one: Person, other: Person) -> bool:
    """Whether two residents live together as far as the registry shows."""
    if one.household_id and one.household_id == other.household_id:
        return True
    if one.lot is None or other.lot is None or one.lot[:3] != other.lot[:3]:
        return False
    surnames = (fold_name(one.name.split("　")[0]), fold_name(other.name.split("　")[0]))
    # Who has no building written lives somewhere on the whole lot.
    same_building = one.building == other.building or not (one.building and other.building)
    return same_building or surnames[0] == surnames[1]


def list_candidates(
    subject: Subject, weighed: list[tuple[Evidence, Person]]
) -> list[dict[str, object]]:
    """List whom an officer should look at: the cohort, strongest first, then housemates.

    Returns:
        rows of the candidates, numbered from 1; empty when nobody of the cohort is near.
    """
    strong = [person for evidence, person in weighed if evidence.strength >= 2]
    ranked = []
    for evidence, person in weighed:
        if not person.in_cohort:
            continue
        kana = bool(subject.kana) and fold_kana(subject.kana) == fold_kana(person.kana)
        at_home = any(share_home(person, other) for other in strong if other is not person)
        if evidence.strength >= 2 or at_home or evidence.name or kana:
            words = evidence.describe() or ("読み" if kana else "同じ住まい")
            ranked.append((-evidence.strength, -int(at_home), person.addressee_id, words))
    ranked.sort()
    return [
        dict(zip(CANDIDATE_COLUMNS, (subject.application_id, place, person_id, words), strict=True))
        for place, (_, _, person_id, words) in enumerate(ranked[:MOST_CANDIDATES], start=1)
    ]


def match_applications(
    subjects: list[Subject], people: list[Person], applicants: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Match every application.

    Returns:
        ``matches``, exactly one row per application, and the candidates of those undecided.
    """
    matches, candidates = [], []
    for subject in subjects:
        match, near = match_subject(subject, people, applicants)
        matches.append(match)
        candidates.extend(near)
    return (
        pd.DataFrame(matches, columns=list(MATCH_COLUMNS), dtype="str"),
        pd.DataFrame(candidates, columns=list(CANDIDATE_COLUMNS)).astype(
            {"place": "int64", "application_id": "str", "addressee_id": "str", "evidence": "str"}
        ),
    )
