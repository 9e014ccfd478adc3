"""The peers of the matching bench: pandas with rapidfuzz, and Splink on DuckDB.

Both are given what only careful users have: dates and names read by this package, a key of the lot,
and a closed policy (whatever does not match goes before a person), so that only the linkage
differs. Both link with the whole extract, since linking with the cohort alone would exclude
namesakes of those who applied.
"""

from __future__ import annotations

import logging
import re
import time
import unicodedata
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from residents import RANGES

from recruitlib.base.dates import parse_date
from recruitlib.base.names import fold_kana, fold_name


class Limits(NamedTuple):
    """From which score a pair is sure and possible, and how far the next one must be behind."""

    sure: float
    possible: float
    ahead: float


RATIO = Limits(85, 60, 10)
# As match weights, of which one more means twice as likely: probabilities 0.99 and 0.05, and a
# hundred times as likely as the next one.
WEIGHT = Limits(6.63, -4.25, 6.64)
_FRONT = re.compile(r"^(〒?\d{3}-?\d{4})?(\S{2,3}?[都道府県])?(\S{1,6}?[市区])?")
_CHOME = re.compile(r"([一二三四五六七八九])丁目")
_LINES = re.compile(r"[‐‑‒–—―−ー─~〜]")
_LOT = re.compile(
    r"^(\D*)(\d+)(?:(?:丁目|番地の?|番|の|ノ|-)(\d+))?(?:(?:番地の?|番|の|ノ|-)(\d+))?"
)


class Prepared(NamedTuple):
    """Residents and applications with their keys, and the seconds that these took."""

    residents: pd.DataFrame
    applications: pd.DataFrame
    seconds: float


def prepare(registry: Path, applications: Path) -> Prepared:
    """Read both files and give each row its keys."""
    began = time.perf_counter()
    columns = ["person_id", "name", "name_kana", "birth_date", "nationality", "address", "status"]
    people = pd.read_csv(registry, dtype=str, keep_default_na=False, usecols=columns)
    inside = [
        people["birth_date"].between(str(first), str(last)) for first, last in RANGES.values()
    ]
    in_cohort = (
        (inside[0] | inside[1]) & (people["nationality"] == "JP") & (people["status"] == "住民")
    )
    forms = pd.read_csv(applications, dtype=str, keep_default_na=False)
    residents = _find_keys(people, people["person_id"]).assign(in_cohort=in_cohort)
    keyed = _find_keys(forms, forms["application_id"])
    keyed = keyed.assign(withdrawn=forms["withdrawn"].str.lower() == "true")
    return Prepared(residents, keyed, time.perf_counter() - began)


def _find_keys(table: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    dates = _apply(table["birth_date"], lambda text: str(parse_date(text).value or ""))
    return pd.DataFrame(
        {
            "unique_id": ids, "name": _apply(table["name"], fold_name), "kana": _apply(table["name_kana"], fold_kana),
            "born": dates, "lot": _apply(table["address"], read_lot),
        }
    )  # fmt: skip


def _apply(column: pd.Series, work: Callable[[str], str]) -> pd.Series:
    return column.map({text: work(text) or None for text in column.unique()})


def read_lot(address: str) -> str:
    """Read town and lot of an address, as a user of such tools would: with three patterns."""
    text = unicodedata.normalize("NFKC", address).replace(" ", "", 2)
    text = _CHOME.sub(
        lambda found: f"{'一二三四五六七八九'.index(found[1]) + 1}丁目", _LINES.sub("-", text)
    )
    found = _LOT.match(_FRONT.sub("", text))
    return f"{found[1]}{'-'.join(filter(None, found.groups()[1:]))}" if found else ""


def match_by_ratio(registry: Path, applications: Path) -> tuple[pd.DataFrame, float, float]:
    """Merge on the birth date and compare names: the best pair counts where there is one.

    Returns:
        the outcomes, and the seconds that keys and linking took.
    """
    from rapidfuzz import fuzz

    prepared = prepare(registry, applications)
    began = time.perf_counter()
    pairs = prepared.applications.dropna(subset=["born"]).merge(
        prepared.residents.dropna(subset=["born"]), on="born", suffixes=("", "_of_resident")
    )
    names, kana = (
        [fuzz.ratio(one, other) if isinstance(one, str) and isinstance(other, str) else 0.0
         for one, other in zip(pairs[key], pairs[f"{key}_of_resident"], strict=True)]
        for key in ("name", "kana")
    )  # fmt: skip
    scores = pd.Series(
        [max(two) for two in zip(names, kana, strict=True)], index=pairs.index, dtype=float
    )
    links = pairs.assign(score=scores)[["unique_id", "unique_id_of_resident", "score"]]
    outcomes = decide(prepared, links, RATIO)
    return outcomes, prepared.seconds, time.perf_counter() - began


def match_by_splink(registry: Path, applications: Path) -> tuple[pd.DataFrame, float, float]:
    """Link with Splink: u from random pairs, m by expectation maximisation, frequencies of names.

    Returns:
        the outcomes, and the seconds that keys and linking (with the training) took.
    """
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    prepared = prepare(registry, applications)
    began = time.perf_counter()
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            compare.LevenshteinAtThresholds("name", [1]).configure(term_frequency_adjustments=True),
            compare.LevenshteinAtThresholds("kana", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("born", [1, 2]),
            compare.LevenshteinAtThresholds("lot", [1]).configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[block_on(key) for key in ("born", "name", "kana", "lot")],
        retain_matching_columns=False,
    )  # fmt: skip
    database = DuckDBAPI()
    keys = ["unique_id", "name", "kana", "born", "lot"]
    tables = [
        database.register(table[keys], dataset_display_name=name)
        for name, table in (("a_forms", prepared.applications), ("b_people", prepared.residents))
    ]
    linker = Linker(tables, settings, log_level=logging.ERROR)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("name", "born"), block_on("kana", "born")], recall=0.8
    )
    training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for key in ("born", "name"):
        training.estimate_parameters_using_expectation_maximisation(
            block_on(key), record_sample_proportion=1.0
        )
    found = linker.inference.predict(threshold_match_weight=WEIGHT.possible).as_pandas_dataframe()
    links = found.rename(
        columns={"unique_id_l": "unique_id", "unique_id_r": "unique_id_of_resident", "match_weight": "score"}
    )  # fmt: skip
    outcomes = decide(prepared, links, WEIGHT)
    return outcomes, prepared.seconds, time.perf_counter() - began


def decide(prepared: Prepared, links: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Decide by scores: a sure pair well ahead ends an application; all else goes before a person."""
    cohort = set(prepared.residents.loc[prepared.residents["in_cohort"], "unique_id"])
    links = links[links["score"] >= limits.possible].sort_values("score", ascending=False)
    people, scores = (
        links.groupby("unique_id", sort=False)[column].agg(list)
        for column in ("unique_id_of_resident", "score")
    )
    rows = []
    for form in prepared.applications.itertuples():
        candidates = people.get(form.unique_id, [])
        best, second = (*scores.get(form.unique_id, []), -inf, -inf)[:2]
        outcome, person = "review", ""
        if best >= limits.sure and second < best - limits.ahead:
            outcome, person = "not_in_cohort", candidates[0]
            if person in cohort:
                outcome = "withdrawn" if form.withdrawn else "exclude"
        rows.append((form.unique_id, outcome, person, "|".join(candidates)))
    return pd.DataFrame(rows, columns=["application_id", "outcome", "person_id", "candidates"])
