"""Columns of one row that contradict each other: one was sorted or moved on its own.

Every cell keeps its form then, and every row its width. A full name must be made of its own parts;
a person keeps the birth date through all records; the era is that of the date; only Japanese
nationals have the parts of a Japanese name; a household lives at one address; who left is told so
by more than one column; a family name is mostly read, and a town numbered, in one way.

Source: 堺市 (rows shifted under a spreadsheet filter), 千葉県 (names shifted against addresses).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.columns import join_chunks, mark_equal, measure_bytes, number_groups
from recruitlib.base.names import fold_kana
from recruitlib.base.profiles import list_rows

# Of honest rows fewer than this contradict each other; of rows with one column shifted, most do.
MOST_ODD = 0.01
# What honest rows do more often: a name with two readings, a move that was reported late.
MOST_STRAYS, FEWEST_STRAYS = 0.3, 15
_COMPARED = 20_000  # people who are compared with each other
_MANY = 3  # people of one name or town from which on the usual is known
_HOME = ("postal_code", "town", "lot", "building")
_PERSON = (
    "source_row", "addressee_id", "household_id", "full_name", "full_name_kana", "address",
    "postal_code",
)  # fmt: skip
_Groups = npt.NDArray[np.int64]  # the number of each row's group, 0 for none
_SHOWN = 100  # rows remembered of each contradiction
MISNAMED = "氏名と、その氏・名が違います"


class Oddity(NamedTuple):
    """One kind of contradiction: how many rows could have it, how many do, and some of them.

    It is too much where more than ``few`` rows and more than the share ``most`` have it.
    """

    fault: str
    asked: int
    odd: int
    rows: list[int]
    most: float = MOST_ODD
    few: int = 1


class Marks(NamedTuple):
    """What is known of some rows, each as long as they are.

    Japanese nationals; residents by their status; latest rows; rows with a day of moving out or of
    removal; rows whose era is not that of their birth date; rows that may be of a cohort.
    """

    japanese: npt.NDArray[np.bool_]
    resident: npt.NDArray[np.bool_]
    latest: npt.NDArray[np.bool_]
    dated: npt.NDArray[np.bool_]
    era_differs: npt.NDArray[np.bool_]
    cohort: npt.NDArray[np.bool_]


def find_misnamed(cells: pa.Table) -> npt.NDArray[np.bool_]:
    """Mark the rows whose full name is not made of its family and given name."""
    surname, given = cells["surname"], cells["given"]
    joined = arrow_compute.binary_join_element_wise(surname, given, "　")
    differs = arrow_compute.and_(
        arrow_compute.not_equal(joined, cells["full_name"]),
        arrow_compute.and_(
            arrow_compute.not_equal(surname, ""), arrow_compute.not_equal(given, "")
        ),
    )
    misnamed = np.asarray(differs.to_numpy(), dtype=bool)
    # Few rows are left, of which most only write the space in another way.
    for row in np.flatnonzero(misnamed):
        parts = f"{surname[row].as_py()}{given[row].as_py()}"
        misnamed[row] = _drop_blanks(cells["full_name"][row].as_py()) != _drop_blanks(parts)
    return misnamed


def find_oddities(cells: pa.Table, marks: Marks) -> list[Oddity]:
    """Find the contradictions between the rows at hand.

    Args:
        cells: text columns of the extract with ``source_row``.
        marks: what is known of the rows.
    """
    rows = cells["source_row"].to_numpy()
    named = measure_bytes(join_chunks(cells["surname"])) > 0
    odd_names = (marks.japanese != named) & named.any()
    current = marks.resident & marks.latest
    homes = number_groups(cells["household_id"])
    return [
        _note("国籍と、日本人の氏の有無が合わない", odd_names, rows),
        _note("生年月日の元号が違う", marks.era_differs, rows),
        _note("履歴の間で生年月日が違う", _find_changed_births(cells, marks.latest), rows),
        _note("同じ世帯で住所が違う", _find_split_homes(cells, homes, current), rows[current]),
        _find_strangers(cells, homes, marks, rows),
        _find_untold_leavers(cells, marks, rows),
        _find_unasked_notes(cells, rows),
    ]  # fmt: skip


def _note(fault: str, odd: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> Oddity:
    return Oddity(fault, len(odd), int(odd.sum()), rows[np.flatnonzero(odd)[:_SHOWN]].tolist())


def _find_strangers(
    cells: pa.Table, homes: _Groups, marks: Marks, rows: npt.NDArray[np.int64]
) -> Oddity:
    """Find people of the cohorts who do not have the family name of their household's first.

    Names that were moved against ids and addresses agree with their own parts and readings.
    """
    living = np.flatnonzero(marks.latest & marks.resident & marks.japanese)
    own, first = _pair_members(homes, living)
    own, first = own[marks.cohort[own]], first[marks.cohort[own]]
    named = measure_bytes(join_chunks(cells["surname"])) > 0
    asked = named[own]
    differs = _differ(cells["surname"], own, first)
    found = _note("同じ世帯の人と氏が違う", asked & differs, rows[own])
    return found._replace(asked=int(asked.sum()), most=MOST_STRAYS, few=FEWEST_STRAYS)


def _find_untold_leavers(cells: pa.Table, marks: Marks, rows: npt.NDArray[np.int64]) -> Oddity:
    """Find latest rows of which one column alone says that the person left.

    A day of leaving alone is no business of this: a cohort with such a row stops at its retest.
    """
    flagged = mark_equal(cells["removed_flag"], "1")
    gone = ~marks.resident
    untold = gone & ~flagged & ~marks.dated & flagged.any()
    odd = marks.latest & (untold | (marks.resident & flagged))
    asked = int((marks.latest & (gone | flagged)).sum())
    noted = _note("住民状態と除票フラグが合わない", odd, rows)
    return noted._replace(asked=asked, most=0.05, few=FEWEST_STRAYS)


def _find_unasked_notes(cells: pa.Table, rows: npt.NDArray[np.int64]) -> Oddity:
    """Find rows with a note of an unknown birth date whose flag says that it is known."""
    noted = measure_bytes(join_chunks(cells["birth_note"])) > 0
    odd = noted & mark_equal(cells["birth_unknown"], "0")
    found = _note("生年月日の不詳フラグと不詳表記が合わない", odd, rows)
    return found._replace(asked=int(noted.sum()), most=0.5)


def _find_split_homes(
    cells: pa.Table, homes: _Groups, current: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    own, first = _pair_members(homes, np.flatnonzero(current))
    split = np.zeros(cells.num_rows, dtype=bool)
    for name in _HOME:
        split[own] |= _differ(cells[name], own, first)
    return split[current]


def _find_changed_births(cells: pa.Table, flagged: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Mark rows of a person whose birth date is not that of another record of the same person."""
    people = number_groups(cells["addressee_id"])
    own, first = _pair_members(people, np.arange(cells.num_rows))
    # Who has more than one record has one that is not the latest.
    older = ~flagged
    np.logical_or.at(older, first, ~flagged[own])
    changed = np.zeros(cells.num_rows, dtype=bool)
    changed[own] = older[first] & _differ(cells["birth_text"], own, first)
    return changed


def _differ(
    column: pa.ChunkedArray, own: npt.NDArray[np.int64], first: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say of pairs of rows whether their cells of a column differ."""
    cells = join_chunks(column)
    differs = arrow_compute.not_equal(cells.take(pa.array(own)), cells.take(pa.array(first)))
    return np.asarray(differs.to_numpy(zero_copy_only=False), dtype=bool)


def _pair_members(
    groups: _Groups, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give of some rows those that are not the first of their group, and that first row of each."""
    rows = rows[groups[rows] > 0]
    own = groups[rows]
    # Rows of one group mostly stand together, which a stable sort makes use of.
    order = np.argsort(own, kind="stable")
    begins = np.append(True, own[order[1:]] != own[order[:-1]])[: len(order)]
    first = np.zeros(len(order), dtype=np.int64)
    first[order] = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    others = np.flatnonzero(first != np.arange(len(order)))
    return rows[others], rows[first[others]]


def tell_oddities(oddities: Iterable[Oddity]) -> list[str]:
    """Say which contradictions are too many for an honest file.

    Args:
        oddities: those of all pieces of the file.
    """
    sums: dict[str, Oddity] = {}
    for oddity in oddities:
        known = sums.get(oddity.fault, oddity._replace(asked=0, odd=0, rows=[]))
        sums[oddity.fault] = known._replace(
            asked=known.asked + oddity.asked,
            odd=known.odd + oddity.odd,
            rows=(known.rows + oddity.rows)[:_SHOWN],
        )
    return [
        f"{found.fault}行が {found.odd} 行あります（{list_rows(found.rows)}）。"
        "一つの列だけが並べ替えられていないか、確かめてください。"
        for found in sums.values()
        if found.odd > max(found.few, found.most * found.asked)
    ]


def find_strays(records: pd.DataFrame, cohorts: Collection[str]) -> list[Oddity]:
    """Find the people of the cohorts whose row is not like the others of their name or town.

    A reading that was moved on its own fits no family name any more, a postal code no town, and a
    day of change no history. Honest rows differ too, so only many of them tell something.

    Args:
        records: records of the extract as they were kept.
        cohorts: the ends that are a cohort; none to compare everybody.
    """
    chosen = records["is_latest"]
    if cohorts:
        chosen = chosen & records["end"].isin(cohorts)
    latest = records.loc[chosen, [*_PERSON]].head(_COMPARED)
    rows = latest["source_row"]
    # Where households are told, they tell more of the addresses.
    alone = latest[latest["household_id"] == ""]
    towns = alone["address"].str.extract(r"^([^0-9０-９]+)")[0].fillna("")
    names, readings = (_take_first_word(latest[name]) for name in ("full_name", "full_name_kana"))
    readings = readings.map({text: fold_kana(text) for text in readings.unique()})
    return [
        _find_unusual("氏と、その読みが食い違う", names, readings, rows),
        _find_unusual("町名と郵便番号が食い違う", towns, alone["postal_code"], alone["source_row"]),
        _find_late_changes(_select_people(records, latest["addressee_id"])),
    ]


def _select_people(records: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    """Select all records of some people, and of them what tells which is the latest."""
    ids = pa.array(records["addressee_id"], pa.string())
    chosen = arrow_compute.is_in(ids, value_set=pa.array(people, pa.string()))
    columns = ["addressee_id", "changed_on", "is_latest", "source_row"]
    return records.loc[np.asarray(chosen, dtype=bool), columns]


def _take_first_word(texts: pd.Series) -> pd.Series:
    words = [(text.split(maxsplit=1) or [""])[0] for text in texts.tolist()]
    return pd.Series(words, index=texts.index, dtype="str")


def _find_unusual(fault: str, groups: pd.Series, values: pd.Series, rows: pd.Series) -> Oddity:
    """Find the rows whose value is not the commonest of a group of several people."""
    known = ((groups != "") & (values != "")).to_numpy()
    group, value = (pd.factorize(texts[known])[0] for texts in (groups, values))
    many = np.bincount(group)[group] >= _MANY
    group, value, row = group[many], value[many], rows.to_numpy()[known][many]
    width = value.max(initial=0) + 1
    pairs, pair, size = np.unique(group * width + value, return_inverse=True, return_counts=True)
    # In the order of their size, the last pair of a group is its commonest.
    order = np.argsort(size, kind="stable")
    usual = np.zeros(group.max(initial=0) + 1, dtype=np.int64)
    usual[pairs[order] // width] = order
    unusual = pair != usual[group]
    return Oddity(
        fault, len(pair), int(unusual.sum()), row[unusual][:_SHOWN].tolist(),
        MOST_STRAYS, FEWEST_STRAYS,
    )  # fmt: skip


def _find_late_changes(records: pd.DataFrame) -> Oddity:
    """Find latest records whose change is older than that of an earlier record of the person."""
    dated = records[records["changed_on"] != ""]
    people = dated.groupby("addressee_id")["changed_on"]
    asked = dated[dated["is_latest"] & (people.transform("size") > 1)]
    newest = people.max().reindex(asked["addressee_id"]).to_numpy()
    late = asked.loc[asked["changed_on"].to_numpy() < newest, "source_row"]
    return Oddity(
        "最新の記録が最後の異動のものでない", len(asked), len(late), late.tolist()[:_SHOWN],
        MOST_STRAYS, FEWEST_STRAYS,
    )  # fmt: skip


def _drop_blanks(text: str) -> str:
    return "".join(text.split())
