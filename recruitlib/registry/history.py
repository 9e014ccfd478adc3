"""History (履歴): which row of a person is the latest, by the rule of the maker's profile."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recruitlib.base.columns import key_numbers, mark_equal, read_numbers
from recruitlib.base.delimited import Broken
from recruitlib.base.profiles import list_rows

NO_LATEST = "その人の最新の記録がありません（最新の行が欠けているか、読めません）"


class History(NamedTuple):
    """The ids of some rows, their row numbers, the latest flag, and their place in the history.

    ``keys`` are the ids as numbers, different where the texts differ; None where one is no number.
    """

    ids: pa.ChunkedArray
    rows: npt.NDArray[np.int64]
    flagged: npt.NDArray[np.bool_]
    numbers: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64] | None = None


class Latest(NamedTuple):
    """Which rows are latest, which belong to somebody without a latest row, and what is wrong."""

    is_latest: npt.NDArray[np.bool_]
    is_missing: npt.NDArray[np.bool_]
    broken: list[Broken]
    problems: list[str]


def take_history(cells: pa.Table) -> History:
    """Take from rows what decides which of them is a person's latest."""
    numbers = read_numbers(cells["history_number"]) * 10_000 + read_numbers(cells["history_branch"])
    flagged = mark_equal(cells["latest_flag"], "1")
    ids = cells["addressee_id"]
    return History(ids, cells["source_row"].to_numpy(), flagged, numbers, key_numbers(ids))


def find_latest(parts: Sequence[History], rule: str) -> Latest:
    """Find each person's latest row.

    By ``flag`` it is the one that is marked; by ``highest`` the one with the highest history and
    branch number; by ``single`` everybody has one row. Two latest rows of one person are a
    problem: nobody can tell which of them is printed.

    Source: 住民記録システム標準仕様書 1.1.5, 10.1 (an extract includes the history).
    """
    rows = np.concatenate([np.zeros(0, np.int64), *(part.rows for part in parts)])
    if not len(rows):
        none = np.zeros(0, dtype=bool)
        return Latest(none, none, [], [])
    keys = _join_keys(parts)
    if rule == "flag":
        is_latest = np.concatenate([part.flagged for part in parts])
    elif rule == "single":
        is_latest = np.ones(len(rows), dtype=bool)
    if rule != "highest" and keys is not None and _is_one_each(keys, is_latest):
        return Latest(is_latest, np.zeros(len(rows), dtype=bool), [], [])
    people = _number_people(parts, keys)
    if rule == "highest":
        numbers = np.concatenate([part.numbers for part in parts])
        highest = np.full(int(people.max()) + 1, -1, dtype=np.int64)
        np.maximum.at(highest, people, numbers)
        is_latest = numbers == highest[people]
    held = np.bincount(people[is_latest], minlength=int(people.max()) + 1)
    doubled = is_latest & (held[people] > 1)
    is_missing = held[people] == 0
    problems = []
    if doubled.any():
        problems.append(
            f"最新の記録が二つ以上ある人がいます（{list_rows(pd.Series(rows[doubled]))}）。"
            "どちらが正しいか登録係に確かめ、抽出し直してください。"
        )
    texts = [chunk for part in parts for chunk in part.ids.chunks]
    lost = pa.chunked_array(texts, pa.string()).filter(pa.array(is_missing)).to_pylist()
    broken = [
        Broken(int(row), NO_LATEST, hashlib.sha256(text.encode()).hexdigest())
        for row, text in zip(rows[is_missing], lost, strict=True)
    ]
    return Latest(is_latest, is_missing, broken, problems)


def _join_keys(parts: Sequence[History]) -> npt.NDArray[np.int64] | None:
    keys = [part.keys for part in parts if part.keys is not None]
    return np.concatenate(keys) if len(keys) == len(parts) else None


def _is_one_each(keys: npt.NDArray[np.int64], is_latest: npt.NDArray[np.bool_]) -> bool:
    """Whether everybody has exactly one latest row, as in an honest extract."""
    held = keys[is_latest]
    held = held if (held[1:] > held[:-1]).all() else np.sort(held)
    if not len(held) or (held[1:] == held[:-1]).any():
        return False
    others = np.sort(keys[~is_latest])
    nearest = np.minimum(np.searchsorted(held, others), len(held) - 1)
    return bool((held[nearest] == others).all())


def _number_people(
    parts: Sequence[History], keys: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.int64]:
    """Give each row the number of its person; ids that differ in text are different people."""
    if keys is not None:
        return np.unique(keys, return_inverse=True)[1]
    column = pa.chunked_array([chunk for part in parts for chunk in part.ids.chunks], pa.string())
    return column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)


def tell_unread(broken: Sequence[Broken], rule: str) -> list[str]:
    """Say which unreadable rows leave it open what is latest.

    Without a flag any of them may be the newest record of somebody whose older one could be read,
    and that one would be printed.
    """
    if rule != "highest" or not broken:
        return []
    told = [f"{row.row}行目: {row.reason}。" for row in sorted(broken)[:20]]
    return [
        *told,
        f"読めない行が {len(broken)} 行あります。最新フラグのない抽出では、誰かの最新の記録かもしれないため、"
        "行を除いて進めません。出力し直してもらってください。",
    ]
