"""What a row of a list and the people of the registry have in common, and where they contradict.

Comparison keys fold what is the same text written another way: names as ``base.names`` does, and of
an id the zeros that a spreadsheet takes. They live in memory only. An empty key is evidence of
nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.names import fold_kana as fold_reading
from recruitlib.base.names import fold_name, names_agree

_UNSEEN = r"[\p{Z}\p{Cc}\p{Cf}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]"
# What a number loses and gains on its way through a spreadsheet: leading zeros, and .0 behind.
_AROUND_ID = rf"^(?:0|{_UNSEEN})+|\.0+$|{_UNSEEN}"
_PREFECTURE = r"^(?:東京都|北海道|(?:京都|大阪)府|\p{Han}{2,3}県)"
_GIVEN = r"\S\s+(\S+)\s*$"  # what follows the last space of a full name
# 〓 and the characters of private use: nobody can tell what stands there.
_ANY_LETTER = "〓\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_ILLEGIBLE = re.compile(f"[{_ANY_LETTER}]")
_SLIP = 2  # digits of a date: one that is wrong, two that changed places, 09 for 10
_ANY_DAY = {"birth_first": "", "birth_last": "9999-99-99"}  # as ISO text, before and after all
_COMPARED = ("id", "name", "kana", "birth")
_FLAGS = (*_COMPARED, "returned", "near")
_PERSON = ("addressee_id", "full_name", "full_name_kana", "birth_date", "address", "building")


class Keys(NamedTuple):
    """What the rows of a list can be found by: folded ids, names and readings, and birth dates.

    ``by_name_alone`` says that some row has no birth date, so that names must be looked at.
    """

    ids: frozenset[str]
    names: frozenset[str]
    kana: frozenset[str]
    births: frozenset[str]
    by_name_alone: bool


def fold_names(texts: pd.Series) -> pd.Series:
    """Make the keys by which names are compared, variants of a character in their standard form."""
    return _fold_distinct(texts, fold_name)


def fold_kana(texts: pd.Series) -> pd.Series:
    """Make the keys by which readings are compared."""
    return _fold_distinct(texts, fold_reading)


def _fold_distinct(texts: pd.Series, fold: Callable[[str], str]) -> pd.Series:
    return texts.map({text: fold(text) for text in texts.unique()}).astype("str")


def fold_ids(texts: pd.Series) -> pd.Series:
    """Make the keys by which ids are compared: NFKC, without spaces, .0 and leading zeros."""
    return _fold(texts, _AROUND_ID)


def _fold(texts: pd.Series, *patterns: str) -> pd.Series:
    folded = _fold_column(pa.array(texts, type=pa.large_string()), *patterns)
    return pd.Series(folded.to_pandas().array, index=texts.index, dtype="str")


def _fold_column(column: pa.Array | pa.ChunkedArray, *patterns: str) -> Any:
    if arrow_compute.all(arrow_compute.string_is_ascii(column)).as_py() is False:
        column = arrow_compute.utf8_normalize(column, form="NFKC")
    for pattern in patterns:
        column = arrow_compute.replace_substring_regex(column, pattern, "")
    return column


def find_keys(listed: pd.DataFrame) -> Keys:
    """Find what the reader of the extract must keep rows for.

    Args:
        listed: columns addressee_id, full_name, full_name_kana, birth_date.
    """
    keys = _make_keys(listed)
    ids, names, kana, births = (frozenset(keys[key]) - {""} for key in _COMPARED)
    return Keys(ids, names, kana, births, by_name_alone="" in set(keys["birth"]))


def mark_shared(cells: pa.Table, keys: Keys) -> npt.NDArray[np.bool_]:
    """Mark the rows of an extract that a list may mean: a shared id, birth date, name or reading.

    A name is looked at only where one of the two has no birth date to tell: people of the same
    name and another birth date are not the same person.

    Args:
        cells: text columns addressee_id, full_name, full_name_kana, full_name_kana_old, and
            birth_date (ISO text, "" where it is not certain).
    """
    ids = _fold_column(cells["addressee_id"], _AROUND_ID)
    shared = _is_among(cells["birth_date"], keys.births) | _is_among(ids, keys.ids)
    told = np.ones(cells.num_rows, dtype=bool)
    if not keys.by_name_alone:
        told = _is_among(cells["birth_date"], frozenset([""]))
    looked_at = cells.filter(pa.array(told))
    named = _is_named(looked_at["full_name"], fold_name, keys.names)
    for column in ("full_name_kana", "full_name_kana_old"):
        named |= _is_named(looked_at[column], fold_reading, keys.kana)
    shared[told] |= named
    return shared


def _is_named(
    column: pa.ChunkedArray, fold: Callable[[str], str], wanted: frozenset[str]
) -> npt.NDArray[np.bool_]:
    """Mark the texts whose key is one of those wanted, or may be one but for a lost character."""
    if not wanted:
        return np.zeros(len(column), dtype=bool)
    keys = {text: fold(text) for text in arrow_compute.unique(column).to_pylist()}
    found = wanted | {known for _, known in _find_illegible(wanted, set(keys.values()))}
    return _is_among(column, frozenset(text for text, key in keys.items() if key in found))


def _is_among(column: Any, texts: frozenset[str]) -> npt.NDArray[np.bool_]:
    among = arrow_compute.is_in(column, value_set=pa.array(sorted(texts), type=column.type))
    return np.asarray(among.combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)


def _make_keys(people: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": fold_ids(people["addressee_id"]),
            "name": fold_names(people["full_name"]),
            "kana": fold_kana(people["full_name_kana"]),
            "birth": people["birth_date"],
        }
    )


def find_evidence(
    listed: pd.DataFrame, records: pd.DataFrame, cohort: pd.DataFrame, resident: str
) -> pd.DataFrame:
    """Find whom each row of a list may mean, and what speaks for and against it.

    Every record of a person counts, superseded ones too, so that a former name still agrees. A
    person of the cohort is a resident whatever the records say.

    Args:
        listed: columns addressee_id, full_name, full_name_kana, birth_date, address.
        records: at least the rows of the extract that ``mark_shared`` marks, and of the cohort;
            birth_first and birth_last where it has them.
        cohort: everybody who may still be printed.
        resident: the status of a resident.

    Returns:
        one row for each pair of ``row`` (place in the list, from 0) and ``addressee_id`` with
        something in common. What agrees: id, name, kana, birth, address. ``returned``: somebody
        who may be the person behind the row's old id under a new one. ``near``: of the cohort, and
        not told apart by what the row says. What contradicts: name_differs, kana_differs,
        birth_differs. Who it is: is_resident, is_latest (has a latest record), is_cohort.
    """
    wanted = _make_keys(listed).assign(row=range(len(listed)))
    people = _gather_people(records, cohort, resident)
    links = [_pair(wanted, people, _COMPARED), _pair_illegible(wanted, people)]
    links.append(_find_returned(links[0][links[0]["kind"] == "id"], people))
    links += [_find_undated(wanted, records, cohort), _find_misspelt(wanted, people)]
    linked = pd.concat(links, ignore_index=True)
    flags = pd.get_dummies(linked["kind"]).reindex(columns=list(_FLAGS), fill_value=False)
    pairs = linked[["row", "addressee_id"]].join(flags.astype(bool))
    pairs = pairs.groupby(["row", "addressee_id"], as_index=False).any()
    # Who is not of the cohort and shares no more than a birth date is somebody else.
    likely = pairs[["id", "name", "kana", "returned"]].any(axis=1)
    likely |= pairs["addressee_id"].isin(cohort["addressee_id"])
    pairs = pairs[likely].merge(_describe_people(people, pairs.loc[likely, "addressee_id"]))
    for key in ("name", "kana", "birth"):
        says = (wanted[key] != "").to_numpy()[pairs["row"]]
        pairs[f"{key}_differs"] = says & pairs[f"has_{key}"] & ~pairs[key]
    pairs["address"] = _agree_on_address(pairs, listed, people)
    return pairs.sort_values(["row", "addressee_id"], ignore_index=True)


def _gather_people(records: pd.DataFrame, cohort: pd.DataFrame, resident: str) -> pd.DataFrame:
    """Gather every record and the cohort, with keys."""
    known = records[list(_PERSON)].assign(
        is_latest=records["is_latest"],
        is_resident=records["is_latest"] & (records["status"] == resident),
        is_cohort=False,
    )
    chosen = cohort[list(_PERSON)].assign(is_latest=True, is_resident=True, is_cohort=True)
    people = pd.concat([known, chosen], ignore_index=True)
    return people.join(_make_keys(people))


def _pair(rows: pd.DataFrame, people: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Pair rows and people by equal keys, none of them empty; ``kind`` names the key."""
    sides = []
    for side, label in ((rows, "row"), (people, "addressee_id")):
        long = side[[label, *keys]].melt(label, var_name="kind", value_name="key")
        sides.append(long[long["key"] != ""].drop_duplicates())
    return sides[0].merge(sides[1], on=["kind", "key"])[["row", "addressee_id", "kind"]]


def _pair_illegible(rows: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Pair rows and people whose names agree but for characters that stand for any."""
    said, known = ({*side["name"]} - {""} for side in (rows, people))
    alike = pd.DataFrame(_find_illegible(said, known), columns=["said", "known"], dtype="str")
    pairs = rows[["row", "name"]].merge(alike, left_on="name", right_on="said")
    pairs = pairs.merge(people[["addressee_id", "name"]], left_on="known", right_on="name")
    return pairs[["row", "addressee_id"]].drop_duplicates().assign(kind="name")


def _find_illegible(said: Iterable[str], known: Iterable[str]) -> list[tuple[str, str]]:
    """Find the pairs of different keys that agree, since 〓 and private use stand for any."""
    sides: list[dict[int, list[str]]] = [
        {length: list(keys) for length, keys in groupby(sorted(side, key=len), len)}
        for side in (said, known)
    ]
    pairs = set()
    first, second = sides
    for own, others, is_said in ((first, second, True), (second, first, False)):
        for length, keys in own.items():
            for key in filter(_ILLEGIBLE.search, keys):
                pattern = re.compile("".join(map(_admit_letter, key)))
                for other in filter(pattern.fullmatch, others.get(length, [])):
                    pairs.add((key, other) if is_said else (other, key))
    return sorted(pair for pair in pairs if pair[0] != pair[1] and names_agree(*pair))


def _admit_letter(letter: str) -> str:
    return "." if _ILLEGIBLE.match(letter) else f"[{re.escape(letter)}{_ANY_LETTER}]"


def _find_returned(by_id: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Pair rows whose id is that of somebody who left with residents who may be that person.

    Who moves out and back gets another id, and may come back under another surname. Same birth
    date, or one that is unknown, and same name, reading, or given name.
    """
    residents = people[people["is_resident"]]
    named = residents["addressee_id"].isin(by_id["addressee_id"].unique())
    left = by_id[~by_id["addressee_id"].isin(residents.loc[named, "addressee_id"])]
    old = left[["row", "addressee_id"]].merge(people, on="addressee_id")
    near = residents["birth"].isin({*old["birth"], ""}) | (old["birth"] == "").any()
    kinds: dict[str, None] = {}
    sides = []
    for side in (old, residents[near]):
        names = {
            "name": side["name"], "kana": side["kana"],
            "given": fold_names(_take_given(side["full_name"])),
            "given_kana": fold_kana(_take_given(side["full_name_kana"])),
        }  # fmt: skip
        keys = {}
        for name, texts in names.items():
            undated = texts.where(side["birth"] == "", "")
            keys[f"{name} dated"] = (side["birth"] + " " + texts).where(
                (side["birth"] != "") & (texts != ""), ""
            )
            keys[f"{name} old"] = undated if side is old else texts
            keys[f"{name} new"] = texts if side is old else undated
        kinds |= dict.fromkeys(keys)
        sides.append(side.assign(**keys))
    return _pair(sides[0], sides[1], list(kinds)).assign(kind="returned")


def _take_given(names: pd.Series) -> pd.Series:
    return names.str.extract(_GIVEN, expand=False).fillna("").astype("str")


def _find_undated(
    wanted: pd.DataFrame, records: pd.DataFrame, cohort: pd.DataFrame
) -> pd.DataFrame:
    """Pair rows that say a birth date and no name with people whose unknown one could be that."""
    rows = wanted[(wanted["birth"] != "") & (wanted["name"] + wanted["kana"] == "")]
    undated = cohort.loc[cohort["birth_date"] == "", ["addressee_id"]]
    known = records[records["is_latest"] & (records["birth_date"] == "")]
    known = known[[name for name in ("addressee_id", *_ANY_DAY) if name in known]]
    undated = undated.merge(known, on="addressee_id", how="left")
    for name, any_day in _ANY_DAY.items():
        undated[name] = undated[name].fillna(any_day) if name in undated else any_day
    pairs = rows.merge(undated, how="cross")
    possible = pairs["birth"].between(pairs["birth_first"], pairs["birth_last"])
    return pairs.loc[possible, ["row", "addressee_id"]].assign(kind="near")


def _find_misspelt(wanted: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Pair rows with people of the cohort whose name or reading is one character off.

    Where both have a birth date, it may be off by a slip only: many names are one character apart.
    """
    sides = [wanted, people[people["is_cohort"]]]
    pairs = pd.concat(
        [_pair_alike(sides[0], sides[1], key) for key in ("name", "kana")]
    ).drop_duplicates()
    births = pairs.merge(wanted[["row", "birth"]]).merge(
        sides[1][["addressee_id", "birth"]], on="addressee_id", suffixes=("", "_known")
    )
    near = [
        "" in dates or sum(one != other for one, other in zip(*dates, strict=True)) <= _SLIP
        for dates in zip(births["birth"], births["birth_known"], strict=True)
    ]
    return births.loc[near, ["row", "addressee_id"]].assign(kind="near")


def _pair_alike(rows: pd.DataFrame, people: pd.DataFrame, key: str) -> pd.DataFrame:
    """Pair rows and people whose keys are as long as each other and differ in one place at most."""
    labels = ("row", "addressee_id")
    sides = [
        side.loc[side[key] != "", [label, key]].drop_duplicates()
        for side, label in ((rows, labels[0]), (people, labels[1]))
    ]
    found = []
    for half in (
        0,
        1,
    ):  # of texts that differ in one place the first or the second halves are equal
        halves = [
            side.assign(half=[_take_half(text, half) for text in side[key]]) for side in sides
        ]
        pairs = halves[0].merge(halves[1], on="half")
        texts = zip(pairs[f"{key}_x"], pairs[f"{key}_y"], strict=True)
        alike = [sum(map(operator.ne, *both)) <= 1 for both in texts]
        found.append(pairs.loc[alike, list(labels)])
    return pd.concat(found).drop_duplicates()


def _take_half(text: str, half: int) -> tuple[int, str]:
    middle = len(text) // 2
    return len(text), text[middle:] if half else text[:middle]


def _describe_people(people: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """Describe each person by all records: who it is, and what is known of it."""
    theirs = people[people["addressee_id"].isin(ids.unique())]
    facts = theirs[["addressee_id", "is_latest", "is_resident", "is_cohort"]].assign(
        **{f"has_{key}": theirs[key] != "" for key in _COMPARED}
    )
    return facts.groupby("addressee_id", as_index=False).any()


def _agree_on_address(pairs: pd.DataFrame, listed: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Say for each pair with the same birth date whether the address is the same as written."""
    likely = pairs.loc[pairs["birth"], ["row", "addressee_id"]]
    current = people.loc[people["is_resident"], ["addressee_id", "address", "building"]]
    homes = likely.merge(current, on="addressee_id")
    said = _fold_address(listed["address"]).to_numpy()[homes["row"]]
    same = _fold_address(homes["address"]) == said
    same |= _fold_address(homes["address"] + homes["building"]) == said
    agreeing = homes.loc[same & (said != ""), ["row", "addressee_id"]]
    return pd.Series(
        pd.MultiIndex.from_frame(pairs[["row", "addressee_id"]]).isin(
            pd.MultiIndex.from_frame(agreeing)
        ),
        index=pairs.index,
    )


def _fold_address(texts: pd.Series) -> pd.Series:
    return _fold(texts, _UNSEEN, _PREFECTURE)
