"""The registry extract: every row of the file read strictly and put into exactly one end.

The file is read piece by piece; of a city's millions of rows only those stay that somebody asks
for, and every row is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.columns import mark_equal, number_codes
from recruitlib.base.contents import ANY_CODE, list_quarantine
from recruitlib.base.delimited import Broken
from recruitlib.base.errors import FormError, ParameterError, raise_problems
from recruitlib.base.profiles import Profile
from recruitlib.base.tables import (
    Piece,
    ReadTable,
    describe_reading,
    digest_rows,
    map_pieces,
    open_table,
    require_few_broken,
)
from recruitlib.registry.births import BirthRange, place_births, read_births
from recruitlib.registry.consistency import (
    MISNAMED,
    Marks,
    Oddity,
    find_misnamed,
    find_oddities,
    find_strays,
    tell_oddities,
)
from recruitlib.registry.days import (
    Days,
    find_newest,
    find_unreadable,
    number_day,
    read_days,
    read_plain_days,
)
from recruitlib.registry.history import (
    History,
    Latest,
    find_latest,
    take_history,
    tell_unread,
)

RESIDENT_COLUMNS = (
    "addressee_id", "household_id", "full_name", "full_name_kana", "birth_date", "birth_text",
    "birth_status", "status", "nationality", "planned_move_out", "postal_code", "address",
    "building", "source_row",
)  # fmt: skip
# What an extract may hold; what a profile does not name is empty.
EXTRACT_COLUMNS = (
    "addressee_id", "household_id", "history_number", "history_branch", "latest_flag",
    "removed_flag", "deleted_flag", "marker", "nationality", "status", "changed_on",
    "planned_move_out", "left_on", "removed_on", "full_name", "surname", "given",
    "full_name_kana", "full_name_kana_old", "birth_era", "birth_text", "birth_unknown",
    "birth_note", "prefecture", "city", "town", "lot", "building", "postal_code",
    "protection_kind",
)  # fmt: skip
ADDRESS_PARTS = ("prefecture", "city", "town", "lot")
RESIDENT, JAPANESE = "resident", "japanese"
BIRTH_UNSURE, OUT_OF_RANGE, SUPERSEDED = "birth_unsure", "out_of_range", "superseded"
# Later ends win: who is dead and foreign is counted as dead, an old record only as that.
ROW_ENDS = (
    OUT_OF_RANGE, BIRTH_UNSURE, "foreign", "leaving", "removed", "outsider", "moved_out", "dead",
    "deleted", SUPERSEDED,
)  # fmt: skip
_STATUS_ENDS = ("removed", "outsider", "moved_out", "dead")
# What a spreadsheet or a lost character leaves behind, and no name or address holds.
_DAMAGE = r"[?？\x{fffd}]|[0-9０-９]{1,2}月[0-9０-９]{1,2}日|[0-9]{4}[/-][0-9]{1,2}[/-][0-9]{1,2}"
DAMAGED = "氏名か住所に、失われた文字の跡（?）か日付に化けた番地があります"
_DATES = {
    "changed_on": "異動年月日", "planned_move_out": "転出予定年月日", "left_on": "転出年月日",
    "removed_on": "消除の異動年月日",
}  # fmt: skip
RECORD_COLUMNS = (
    *RESIDENT_COLUMNS[:-1], "birth_first", "birth_last", "protection_kind", "is_latest", "changed_on",
    "left_on", "end", "source_row",
)  # fmt: skip
_WRITTEN = ("addressee_id", "full_name", "birth_text", "address", "building")
Keep = Callable[[pa.Table], npt.NDArray[np.bool_]]
_NO_ADDRESSES = pa.array([], pa.string())


class Extract(NamedTuple):
    """A registry extract as read.

    ``records`` has the columns of ``residents``, ``birth_first`` and ``birth_last`` (what remains
    possible), the ``end`` of each row, ``is_latest``, ``changed_on``, ``left_on`` and
    ``protection_kind``: the rows that may be of a
    cohort and those that were asked for. ``ends`` counts every row of the file, the quarantine
    aside; ``source`` says how it was read. ``newest_change`` is the latest ISO date of a change,
    ``marked`` how many rows have the mark of an invented ward. ``addresses`` are those of the latest
    rows, each once; none where they were not asked for.
    """

    records: pd.DataFrame
    ends: dict[str, int]
    source: ReadTable
    digest: str
    newest_change: str
    marked: int
    addresses: pa.Array = _NO_ADDRESSES


class _Rows(NamedTuple):
    """What is kept of one piece."""

    piece: Piece
    kept: pa.Table
    ends: npt.NDArray[np.int8]
    history: History
    oddities: list[Oddity]
    newest_change: str
    marked: int
    addresses: pa.Array


def read_extract(
    path: Path,
    profile: Profile,
    ranges: Sequence[BirthRange] = (),
    today: date | None = None,
    keep: Keep | None = None,
    with_addresses: bool = False,
) -> Extract:
    """Read an extract, whitelisted columns only, every cell checked against its form.

    Args:
        path: the file; one row per person and history record.
        profile: the maker's profile.
        ranges: the printed birth ranges.
        today: who planned to move out by this day is no resident; None to leave plans aside.
        keep: which rows of a piece to keep beside those that may be of a cohort; None for all.
        with_addresses: whether the addresses of everybody are asked for.

    Returns:
        the extract; rows of the file = the sum of ``ends`` + the quarantine of ``source``.

    Raises:
        FormError: the file is not what the profile says, somebody has two latest records, or a
            column was moved on its own.
    """
    if not path.exists():
        raise FormError(f"{path.name}: ファイルがありません。場所と名前を確かめてください。")
    opened = open_table(path, profile)
    check_meanings(profile)
    names = [*(str(wanted.age) for wanted in ranges), *ROW_ENDS]
    cache: dict[Any, Any] = {}
    taken = map_pieces(
        opened,
        lambda piece: _take_piece(piece, profile, ranges, today, keep, with_addresses, cache),
    )
    oddities = tell_oddities(odd for rows in taken for odd in rows.oddities)
    raise_problems(FormError, oddities, path.name)
    latest = find_latest([rows.history for rows in taken], profile.latest)
    raise_problems(FormError, latest.problems, path.name)
    ends = np.concatenate([np.zeros(0, np.int8), *(rows.ends for rows in taken)])
    ends[~latest.is_latest] = names.index(SUPERSEDED)
    counted = np.bincount(ends[~latest.is_missing], minlength=len(names))
    kept = _read_kept(taken, profile, cache)
    records, damaged = _build_records(kept, latest, ends, names)
    for broken in damaged:
        counted[names.index(broken.reason)] -= 1
    raise_problems(FormError, tell_oddities(find_strays(records, names[: len(ranges)])), path.name)
    unread = [*(row for rows in taken for row in rows.piece.broken), *latest.broken]
    raise_problems(FormError, tell_unread(unread, profile.latest), path.name)
    unread += [broken._replace(reason=DAMAGED) for broken in damaged]
    quarantine = list_quarantine(unread)
    rows_read = int(counted.sum()) + len(quarantine)
    require_few_broken(quarantine, rows_read, path.name)
    source = describe_reading(opened, [rows.piece for rows in taken])
    return Extract(
        records, {name: int(count) for name, count in zip(names, counted, strict=True)},
        source._replace(quarantine=quarantine, rows_read=rows_read), opened.proof.digest,
        max((rows.newest_change for rows in taken), default=""), sum(rows.marked for rows in taken),
        _gather_addresses(taken, latest) if with_addresses else _NO_ADDRESSES,
    )  # fmt: skip


def _gather_addresses(taken: Sequence[_Rows], latest: Latest) -> pa.Array:
    """Gather the addresses of the latest rows, each once."""
    column = pa.chunked_array([rows.addresses for rows in taken], pa.string())
    return arrow_compute.unique(column.filter(pa.array(latest.is_latest & ~latest.is_missing)))


def check_meanings(profile: Profile) -> None:
    """Check that a registry profile gives its codes meanings that the program knows.

    Whether somebody lives here and is Japanese must stand in the file or in the profile itself: a
    column that may be missing would make everybody a Japanese resident.

    Raises:
        ParameterError: names the column and the choices.
    """
    choices = {"status": (RESIDENT, *_STATUS_ENDS), "nationality": (JAPANESE, "foreign")}
    problems = []
    for column, allowed in choices.items():
        meanings = profile.codes.get(column, {})
        if not meanings or column not in {*profile.columns, *profile.fixed}:
            # Without it everybody would be taken for a resident, or for a Japanese national.
            problems.append(f"columns と codes の {column}: 書かれていません。")
        elif column not in {*profile.required, *profile.fixed}:
            problems.append(f"required: {column} が必要です。")
        elif not set(meanings.values()) <= set(allowed):
            problems.append(f"codes の {column}: {' / '.join(allowed)} のどれかです。")
        elif column in profile.fixed and not {profile.fixed[column], ANY_CODE} & set(meanings):
            problems.append(f"fixed の {column}: codes にない符号です。")
    problems += _check_plain_forms(profile)
    decisive = {"flag": "latest_flag", "highest": "history_number"}.get(profile.latest)
    if decisive and decisive not in profile.required:
        problems.append(f"required: {decisive} が必要です（latest: {profile.latest}）。")
    raise_problems(ParameterError, problems, f"様式（{profile.name}）")


def _check_plain_forms(profile: Profile) -> list[str]:
    """Say which flags and history numbers may hold what the program would not understand.

    A flag counts where it is 1; with another letter for yes it would count as no.
    """
    problems = []
    for names, strange, wanted in (
        (
            ("latest_flag", "removed_flag", "deleted_flag", "birth_unknown"),
            ("2", "D", "１"),
            "[01]?",
        ),
        (("history_number", "history_branch"), ("1a", "１", "-1"), "[0-9]{0,8}"),
    ):
        for name in names:
            form = profile.forms.get(name)
            if name not in profile.columns:
                continue
            whole = rf"\A(?:{form})\z"
            texts = pa.array(strange, pa.string())
            if form is None or arrow_compute.any(
                arrow_compute.match_substring_regex(texts, whole)
            ).as_py():  # fmt: skip
                problems.append(f"forms の {name}: '{wanted}' のように書いてください。")
    return problems


def _take_piece(
    piece: Piece, profile: Profile, ranges: Sequence[BirthRange], today: date | None,
    keep: Keep | None, with_addresses: bool, cache: dict[Any, Any],
) -> _Rows:  # fmt: skip
    cells = _complete_columns(piece.cells)
    days = {name: read_plain_days(cells[name]) for name in _DATES}
    faults = {MISNAMED: find_misnamed(cells)} | {
        f"「{header}」が読めません": find_unreadable(cells[name], days[name], cache)
        for name, header in _DATES.items()
    }
    cells, broken, whole = _set_aside(cells, piece.broken, faults)
    days = days if whole.all() else {name: own[whole] for name, own in days.items()}
    status = _number_meanings(cells, profile, "status", (RESIDENT, *_STATUS_ENDS))
    foreign = _number_meanings(cells, profile, "nationality", (JAPANESE, "foreign")) > 0
    born = read_plain_days(cells["birth_text"])
    placed, era_differs = place_births(cells, ranges, cache, born)
    left = _has_left(cells["planned_move_out"], days["planned_move_out"], today, cache)
    ends = _name_ends(cells, placed, status, foreign, left, len(ranges))
    history = take_history(cells)
    marks = Marks(
        japanese=~foreign,
        resident=status == 0,
        latest=history.flagged | (profile.latest == "single"),
        dated=(days["left_on"] > 0) | (days["removed_on"] > 0),
        era_differs=era_differs,
        cohort=ends < len(ranges),
    )
    oddities = find_oddities(cells, marks)
    # Whatever the status: who was a foreigner or had left has former names in those rows.
    chosen = placed != 0
    if keep is None:
        chosen |= True
    else:
        births_shown = read_days(cells["birth_text"], cache, born).fill_null("")
        chosen |= keep(_put_column(cells, "birth_date", births_shown))
    newest = find_newest(cells["changed_on"], days["changed_on"], cache)
    marked = int(mark_equal(cells["marker"], profile.marker).sum()) if profile.marker else 0
    place = pa.array(np.flatnonzero(chosen), pa.int64())
    kept = cells.take(place).append_column("place", place)
    # Not even an empty slice: it would keep the memory of the whole piece.
    own = Piece(piece.cells.schema.empty_table(), broken, piece.blank, piece.footers)
    parts = [cells[part].combine_chunks() for part in ADDRESS_PARTS] if with_addresses else []
    addresses = arrow_compute.binary_join_element_wise(*parts, "") if parts else _NO_ADDRESSES
    return _Rows(own, kept, ends, history, oddities, newest, marked, addresses)


def _set_aside(
    cells: pa.Table, broken: list[Broken], faults: dict[str, npt.NDArray[np.bool_]]
) -> tuple[pa.Table, list[Broken], npt.NDArray[np.bool_]]:
    """Set rows with a fault aside; give the whole ones, all broken ones, and which are whole."""
    wrong = np.zeros(cells.num_rows, dtype=bool)
    for marks in faults.values():
        wrong |= marks.astype(bool)
    if not wrong.any():
        return cells, broken, ~wrong
    reasons = np.full(cells.num_rows, "", dtype=object)
    for reason, marks in faults.items():
        reasons[marks.astype(bool)] = reason
    held = cells.filter(pa.array(wrong))
    listed = zip(
        held["source_row"].to_pylist(), reasons[wrong], digest_rows(held.drop_columns("source_row")),
        strict=True,
    )  # fmt: skip
    return cells.filter(pa.array(~wrong)), [*broken, *map(Broken._make, listed)], ~wrong


def _complete_columns(cells: pa.Table) -> pa.Table:
    """Add the columns that the profile does not name, as empty text."""
    present = {*cells.column_names}
    nothing = pa.repeat(pa.scalar("", pa.string()), cells.num_rows)
    for name in EXTRACT_COLUMNS:
        if name not in present:
            cells = cells.append_column(name, nothing)
    return cells


def _put_column(cells: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    if name in cells.column_names:
        return cells.set_column(cells.column_names.index(name), name, column)
    return cells.append_column(name, column)


def _translate(cells: pa.Table, profile: Profile, column: str) -> pa.Array:
    """Translate codes; every code has a meaning, since the reader looked at them."""
    meanings, otherwise = _list_meanings(profile, column)
    read = [meanings.get(code, otherwise) for code in cells[column].to_pylist()]
    return pa.array(read, pa.string())


def _number_meanings(
    cells: pa.Table, profile: Profile, column: str, choices: Sequence[str]
) -> npt.NDArray[np.int8]:
    """Give each code the number of its meaning among all that there are."""
    meanings, otherwise = _list_meanings(profile, column)
    numbers = {code: choices.index(meaning) for code, meaning in meanings.items()}
    return number_codes(cells[column], numbers, choices.index(otherwise))


def _list_meanings(profile: Profile, column: str) -> tuple[dict[str, str], str]:
    """Give the meanings of a column's codes, and that of any other code."""
    meanings = dict(profile.codes.get(column, {}))
    usual = JAPANESE if column == "nationality" else RESIDENT
    return meanings, meanings.pop(ANY_CODE, usual)


def _has_left(
    column: pa.ChunkedArray, plain: Days, today: date | None, cache: dict[Any, Any]
) -> npt.NDArray[np.bool_]:
    """Mark the rows whose planned day of moving out has come (標準仕様書 1.1.5)."""
    if today is None:
        return np.zeros(len(column), dtype=bool)
    left = (plain > 0) & (plain <= number_day(today))
    others = np.flatnonzero((plain == 0) & ~mark_equal(column, ""))
    read = read_days(column.take(pa.array(others)), cache) if len(others) else None
    if read is not None:
        due = arrow_compute.and_(
            arrow_compute.greater(read, ""), arrow_compute.less_equal(read, today.isoformat())
        )
        left[others] = np.asarray(due.to_numpy(zero_copy_only=False), dtype=bool)
    return left


def _name_ends(
    cells: pa.Table, placed: npt.NDArray[np.int8], status: npt.NDArray[np.int8],
    foreign: npt.NDArray[np.bool_], left: npt.NDArray[np.bool_], cohorts: int,
) -> npt.NDArray[np.int8]:  # fmt: skip
    """Name the one end of every row as the number of a cohort or of an end behind the cohorts."""
    number = {name: cohorts + place for place, name in enumerate(ROW_ENDS)}
    ends = np.where(placed > 0, placed - 1, number[OUT_OF_RANGE]).astype(np.int8)
    ends[placed < 0] = number[BIRTH_UNSURE]
    holds = {name: status == place for place, name in enumerate(_STATUS_ENDS, start=1)} | {
        "foreign": foreign,
        "leaving": (status == 0) & left,
        "deleted": mark_equal(cells["deleted_flag"], "1"),
    }
    holds["removed"] |= (status == 0) & mark_equal(cells["removed_flag"], "1")
    for name in ROW_ENDS:
        if name in holds:
            ends[holds[name]] = number[name]
    return ends


def _read_kept(taken: Sequence[_Rows], profile: Profile, cache: dict[Any, Any]) -> pa.Table:
    """Join the rows that are kept, and read their codes and dates."""
    offsets = np.cumsum([0, *(len(rows.ends) for rows in taken)])
    tables = [
        _put_column(rows.kept, "place", arrow_compute.add(rows.kept["place"], int(offset)))
        for rows, offset in zip(taken, offsets[:-1], strict=True)
    ]
    kept = pa.concat_tables(tables)
    births = read_births(kept, cache)
    for name, column in (
        *((name, _translate(kept, profile, name)) for name in ("status", "nationality")),
        *((name, read_days(kept[name], cache)) for name in _DATES),
        ("birth_date", births.dates), ("birth_status", births.statuses),
        ("birth_first", births.first), ("birth_last", births.last),
    ):  # fmt: skip
        kept = _put_column(kept, name, column)
    return kept


def _build_records(
    kept: pa.Table, latest: Latest, ends: npt.NDArray[np.int8], names: Sequence[str]
) -> tuple[pd.DataFrame, list[Broken]]:
    """Build the records that were kept, and list those of the cohorts whose text is damaged.

    Returns:
        the records; and for each damaged row its number, its end as the reason, and its digest.
    """
    table = kept.to_pandas()
    place = table["place"].to_numpy()
    end, whole = ends[place], ~latest.is_missing[place]
    kana = table["full_name_kana"].mask(table["full_name_kana"] == "", table["full_name_kana_old"])
    removed = (table["removed_flag"] == "1") & (table["status"] == RESIDENT)
    records = table.assign(
        full_name_kana=kana,
        # A flag takes a resident out; who died or moved out stays named so.
        status=table["status"]
        .mask(removed, "removed")
        .mask(table["deleted_flag"] == "1", "deleted"),
        address=join_address(table),
        is_latest=latest.is_latest[place],
        left_on=table["left_on"] + table["removed_on"],
        end=pd.Series(np.array(names, dtype=object)[end], index=table.index, dtype="str"),
    )[list(RECORD_COLUMNS)]
    records, end = records[whole].reset_index(drop=True), end[whole]
    asked = (end < names.index(OUT_OF_RANGE)) | (end == names.index(BIRTH_UNSURE))
    chosen = np.flatnonzero(asked & records["is_latest"].to_numpy())
    damage = np.zeros(len(records), dtype=bool)
    for column in ("full_name", "address", "building"):
        texts = pa.array(records[column].iloc[chosen], pa.string())
        damage[chosen] |= np.asarray(
            arrow_compute.match_substring_regex(texts, _DAMAGE), dtype=bool
        )
    held = pa.Table.from_pandas(records.loc[damage, list(_WRITTEN)], preserve_index=False)
    digests = digest_rows(held)
    damaged = zip(
        records.loc[damage, "source_row"], records.loc[damage, "end"], digests, strict=True
    )
    listed = [Broken(int(row), end, digest) for row, end, digest in damaged]
    return records[~damage].reset_index(drop=True), listed


def join_address(table: pd.DataFrame) -> pd.Series:
    """Join the registry's address parts as they stand, without changing a character."""
    address = table[ADDRESS_PARTS[0]]
    for part in ADDRESS_PARTS[1:]:
        address = address + table[part]
    return address
