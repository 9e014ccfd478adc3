"""The last gate: who of the cohort resembles an application in two fields, by code of its own.

Nothing here is shared with the matching: names, dates and numbers are compared as plainly as a
spreadsheet would. Whoever is found so and is not excluded already is printed only when two people
have decided that it is another person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection

import pandas as pd

PAIR_COLUMNS = ("application_id", "addressee_id")
_INVISIBLE = re.compile(
    r"[\s\u00ad\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_DIGITS = "一二三四五六七八九"
_KANJI_DIGITS = str.maketrans(f"〇{_DIGITS}", "0123456789")
# Not in the name of a town, as 百人町.
_TENS = re.compile(
    f"(?:([{_DIGITS}]?)百)?(?:([{_DIGITS}]?)十)?([{_DIGITS}]?)(?=丁|番|号|の|ノ|[-‐−ー]|$)"
)


def find_pairs(people: pd.DataFrame, applications: pd.DataFrame) -> pd.DataFrame:
    """Find every pair of a resident and an application that agrees in two of three fields.

    The fields are the name, the birth date and the numbers of the address.

    Args:
        people: rows of the cohort.
        applications: those in force.

    Returns:
        one row for each pair (``PAIR_COLUMNS``), in the order of the applications.
    """
    found: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in people.to_dict("records"):
        numbers = list_numbers(row["address"])[:3]
        for key in _list_twos(row["full_name"], row["birth_date"], [numbers]):
            found[key].add(row["addressee_id"])
    pairs = []
    for row in applications.to_dict("records"):
        numbers = list_numbers(row["subject_address"])
        # A third number may be a room behind a lot of two.
        keys = _list_twos(
            row["subject_name"], row["subject_birth_date"], [numbers[:2], numbers[:3]]
        )
        near = {person_id for key in keys for person_id in found.get(key, ())}
        pairs += [(row["application_id"], person_id) for person_id in sorted(near)]
    return pd.DataFrame(pairs, columns=list(PAIR_COLUMNS), dtype="str")


def _list_twos(name: str, birth: str, lots: list[list[str]]) -> set[tuple[str, str, str]]:
    """List the keys of all two fields that are there."""
    plain = fold_plainly(name)
    homes = {" ".join(lot) for lot in lots} - {""}
    keys = {("name birth", plain, birth)} if plain and birth else set()
    keys |= {("name home", plain, home) for home in homes if plain}
    return keys | {("birth home", birth, home) for home in homes if birth}


def fold_plainly(text: str) -> str:
    """Fold a name by width and blanks only."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def list_numbers(text: str) -> list[str]:
    """List the numbers of an address, whatever stands between."""
    plain = _TENS.sub(_write_tens, unicodedata.normalize("NFKC", text)).translate(_KANJI_DIGITS)
    return re.findall(r"[0-9]+", plain)


def _write_tens(found: re.Match[str]) -> str:
    if not {"十", "百"} & set(found[0]):
        return found[0]
    # A unit that is not written is none; 十 alone is one ten.
    hundreds, tens, ones = (
        0 if written is None else _DIGITS.find(written) + 1 or 1 for written in found.groups()
    )
    return str(100 * hundreds + 10 * tens + (ones if found[3] else 0))


def list_open_pairs(
    pairs: pd.DataFrame, matches: pd.DataFrame, candidates: pd.DataFrame,
    protected: Collection[str],
) -> pd.DataFrame:  # fmt: skip
    """List the pairs that no other case puts before people, and that nothing excludes already.

    Args:
        pairs: of ``find_pairs`` over the whole cohort.
        matches: outcomes of the matching, before any decision.
        candidates: whom the undecided applications may mean; their own cases hold these.
        protected: ids that are never printed. Whoever is excluded only until an officer confirms
            is asked about too: a confirmation may be refused.
    """
    excluding = matches.loc[matches["outcome"] == "matched", "addressee_id"]
    asked = set(candidates[["application_id", "addressee_id"]].itertuples(index=False, name=None))
    own = matches[["application_id", "addressee_id"]]
    asked |= set(own[matches["outcome"] != "outside"].itertuples(index=False, name=None))
    barred = {*excluding, *protected}
    kept = [
        pair not in asked and pair[1] not in barred
        for pair in pairs.itertuples(index=False, name=None)
    ]
    return pairs[kept].reset_index(drop=True)


def list_decided_pairs(cases: pd.DataFrame, candidates: pd.DataFrame) -> set[tuple[str, str]]:
    """List the pairs of application and resident that two people have decided about.

    Args:
        cases: with ``problem``, "" where decided.
        candidates: those of an application whose own case is decided were all looked at.
    """
    decided = cases[(cases["problem"] == "") & (cases["application_id"] != "")]
    chosen = decided.loc[decided["kind"] == "undecided", "application_id"]
    looked = candidates[candidates["application_id"].isin(chosen)]
    pairs = [decided[list(PAIR_COLUMNS)], looked[list(PAIR_COLUMNS)]]
    return set(pd.concat(pairs).itertuples(index=False, name=None))


def check_leaks(
    recipients: pd.DataFrame, barred: Collection[str], pairs: pd.DataFrame, decided: set[tuple[str, str]]
) -> list[str]:  # fmt: skip
    """Look for anybody among the recipients who is excluded, or resembles an application undecided.

    Args:
        recipients: whom the labels are for.
        barred: ids of everybody who is excluded.
        pairs: of ``find_pairs`` over the recipients.
        decided: pairs of application and resident of which two people said that they are two
            people, or of which the application was decided to mean somebody else.

    Returns:
        one Japanese sentence for each kind of leak; never who.
    """
    problems = []
    if set(recipients["addressee_id"]) & set(barred):
        problems.append("除外した人が提供対象者に残っています。")
    open_pairs = set(pairs.itertuples(index=False, name=None)) - decided
    suspicious = len({person_id for _, person_id in open_pairs})
    if suspicious:
        problems.append(
            f"申出とよく似た人が {suspicious} 人、提供対象者に残っています。03 に戻り、申出の決定を確かめてください。"
        )
    return problems
