"""An invented registry extract of any size, written whole columns at a time.

``recruitlib.synth`` makes people who have a part to play, one by one; that takes an hour for the
millions of a city. Here the same names, towns and codes make people who only have to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.synth.extract import CITY_CODE, MARKER
from recruitlib.synth.names import draw_foreign_name, read_names
from recruitlib.synth.places import FULL_WIDTH, read_towns

COLUMNS = (
    "市区町村コード", "宛名番号", "個人履歴番号", "個人履歴番号_枝番号", "最新フラグ", "改製番号",
    "世帯番号", "除票フラグ", "削除フラグ", "業務ID", "住民種別", "住民状態", "異動年月日",
    "異動届出年月日", "異動事由", "転出予定年月日", "転出年月日（確定）", "消除の異動年月日",
    "住民となった年月日", "処理年月日", "氏名", "氏_日本人", "名_日本人", "氏名_振り仮名（フリガナ）",
    "性別", "生年月日_元号", "生年月日", "生年月日_不詳フラグ", "生年月日_不詳表記", "続柄表記",
    "世帯主氏名", "住所_市区町村コード", "住所_町字コード", "住所_都道府県", "住所_市区郡町村名",
    "住所_町字", "住所_番地号表記", "住所_番地枝番数値", "住所_方書", "住所_郵便番号",
)  # fmt: skip
_BATCH = 100_000  # people made at once: keeps the memory small
_DRAWN = 20_000  # names drawn by their real frequency, of which each person then takes one
_SIZES = (0.48, 0.22, 0.15, 0.11, 0.04)  # households of one to five people
_HISTORY, _FOREIGN, _IN_BUILDING, _PLANNED, _UNKNOWN_BIRTH = 0.10, 0.04, 0.6, 0.002, 0.000_05
_STATUSES, _STATUS_SHARES = ("1", "2", "3", "9"), (0.97, 0.02, 0.008, 0.002)
_RELATIONS = ("本人", "配偶者", "子", "子", "子")
_BUILDINGS = ("コーポ", "メゾン", "ハイツ", "グリーンハイム", "レジデンス")
_ERA_STARTS = ("1868-01-25", "1912-07-30", "1926-12-25", "1989-01-08", "2019-05-01")
_DAYS = [
    date.fromordinal(day).isoformat()
    for day in range(date(1926, 4, 1).toordinal(), date(2026, 7, 1).toordinal())
]
_ERAS = np.searchsorted(np.array(_ERA_STARTS), np.array(_DAYS), side="right")
_BASE = _DAYS.index("2026-04-01")
_YEAR = 365
_ABOVE = 1_000_000_000  # the numbers of the invented wards all lie below
_Numbers = npt.NDArray[np.int64]


class _Books(NamedTuple):
    """What people are made of, as Arrow arrays, so that a column of them is one look-up."""

    surnames: tuple[pa.Array, pa.Array]
    given: tuple[pa.Array, pa.Array]
    foreign: tuple[pa.Array, pa.Array]
    towns: pa.Array
    postal_codes: pa.Array
    chomes: _Numbers
    days: pa.Array
    wide: pa.Array


def write_extract(path: Path, towns: Path, residents: int, seed: int = 2026) -> int:
    """Write an extract of 40 columns: UTF-8, CRLF, ISO dates, one row per person and record.

    Households have one to five people at one address. One person in ten has an older record, with
    最新フラグ 0 and another address. Some are foreign, dead, moved out or about to move out, and of
    a few the birth date is not known.

    Args:
        path: where to.
        towns: the town table of a ward.
        residents: people, each with one latest record.
        seed: equal seeds give equal files.

    Returns:
        the rows below the header.
    """
    rows = 0
    with path.open("wb") as file:
        file.write((",".join(COLUMNS) + "\r\n").encode())
        for written, text in draw_people(towns, residents, seed):
            rows += written
            file.write(text)
    return rows


def draw_people(
    towns: Path, residents: int, seed: int, columns: Sequence[str] = COLUMNS,
    ranges: Sequence[tuple[date, date]] = (),
) -> Iterator[tuple[int, memoryview]]:  # fmt: skip
    """Draw people, some at a time, with the records of each.

    Args:
        towns: the town table of a ward.
        residents: people, each with one latest record.
        seed: equal seeds give equal people.
        columns: those of the file; what is not drawn here stays empty.
        ranges: birth dates that nobody has, both ends included, each a year long; where there are any,
            nobody's birth date is unknown either, and the numbers begin above those of the invented
            wards, so that the people may stand in one file with such a ward's.

    Yields:
        the rows of some people, and their lines as one text.
    """
    rng = np.random.default_rng(seed)
    books = _read_books(towns, seed)
    households = 0
    for first in range(0, residents, _BATCH):
        home = _draw_households(rng, min(_BATCH, residents - first))
        lines = _write_people(rng, books, home, first, households, columns, ranges)
        households += int(home.max()) + 1
        _, offsets, content = lines.buffers()
        yield len(lines), memoryview(content)[: np.frombuffer(offsets, np.int32)[len(lines)]]


def _read_books(towns: Path, seed: int) -> _Books:
    chance, names, places = Random(seed), read_names(), read_towns(towns)
    surnames = [names.surnames.draw(chance) for _ in range(_DRAWN)]
    given = [items.draw(chance) for items in names.given.values() for _ in range(_DRAWN)]
    foreign = [draw_foreign_name(chance) for _ in range(_DRAWN)]
    return _Books(
        (_list(name.text for name in surnames), _list(name.kana for name in surnames)),
        (_list(name.text for name in given), _list(name.kana for name in given)),
        (_list(name.full for name in foreign), _list(name.kana for name in foreign)),
        _list(place.name for place in places),
        _list(place.postal_code.translate(FULL_WIDTH) for place in places),
        np.array([place.chome_count for place in places], np.int64),
        _list(["", *_DAYS]),
        _list(str(number).translate(FULL_WIDTH) for number in range(2_000)),
    )


def _list(texts: Iterable[str]) -> pa.Array:
    return pa.array(list(texts), pa.string())


def _draw_households(rng: np.random.Generator, people: int) -> _Numbers:
    """Give each person the number of the household; who is one of it stands together."""
    sizes = rng.choice(np.arange(1, 6), people, p=_SIZES)
    return np.repeat(np.arange(people), sizes)[:people]


def _write_people(
    rng: np.random.Generator, books: _Books, home: _Numbers, first: int, first_home: int,
    names: Sequence[str], ranges: Sequence[tuple[date, date]],
) -> pa.Array:  # fmt: skip
    """Write the records of some people, the older one of a person first; one text for each row."""
    people = len(home)
    order = np.arange(people) - np.searchsorted(home, home)
    columns = _draw_names(rng, books, home, order)
    columns |= _draw_births(rng, books, order, ranges)
    status = rng.choice(4, people, p=_STATUS_SHARES)
    changed = rng.integers(_BASE - 20 * _YEAR, _BASE, people)
    # Who is gone left by that last change; a resident may have told that he will.
    planned = np.where(
        (status == 0) & (rng.random(people) < _PLANNED), rng.integers(_BASE, _BASE + 90, people), -1
    )
    has_past = rng.random(people) < _HISTORY
    of = np.repeat(np.arange(people), 1 + has_past)
    latest = np.append(of[1:] != of[:-1], True)
    number = np.where(latest & has_past[of], 2, 1)
    columns = {name: column.take(pa.array(of)) for name, column in columns.items()}
    days = np.where(latest, changed[of], changed[of] - rng.integers(1, 10 * _YEAR, len(of)))
    written = books.days.take(pa.array(days + 1))
    gone = np.where(latest, status[of], 0)
    columns |= {
        "市区町村コード": _fill(CITY_CODE, of),
        "宛名番号": _number((_ABOVE if ranges else 10_000_000) + 3 * (first + of), 10),
        "個人履歴番号": _number(number),
        "個人履歴番号_枝番号": _fill("0", of),
        "最新フラグ": _number(latest),
        "改製番号": _fill("1", of),
        "世帯番号": _number((2 * _ABOVE if ranges else 20_000_000) + first_home + home[of], 10),
        "除票フラグ": _number(gone > 0),
        "削除フラグ": _fill("0", of),
        "業務ID": _fill(MARKER, of),
        "住民状態": _list(_STATUSES).take(pa.array(gone)),
        "異動年月日": written,
        "異動届出年月日": written,
        "異動事由": _number(11 + 10 * gone),
        "転出予定年月日": books.days.take(pa.array(np.where(latest, planned[of] + 1, 0))),
        "転出年月日（確定）": books.days.take(pa.array(np.where(gone == 1, days + 1, 0))),
        "消除の異動年月日": books.days.take(pa.array(np.where(gone > 0, days + 1, 0))),
        "住民となった年月日": written,
        "処理年月日": written,
    }
    columns |= _draw_addresses(rng, books, 2 * home[of] + ~latest)
    texts = [columns[name] if name in columns else _fill("", of) for name in names]
    ends = arrow_compute.binary_join_element_wise(texts.pop(), "\r\n", "")
    return arrow_compute.binary_join_element_wise(*texts, ends, ",")


def _draw_names(
    rng: np.random.Generator, books: _Books, home: _Numbers, order: _Numbers
) -> dict[str, pa.Array]:
    households = int(home[-1]) + 1
    is_foreign = pa.array((rng.random(households) < _FOREIGN)[home])
    family = pa.array(rng.integers(0, _DRAWN, households)[home])
    own, sex = rng.integers(0, 2 * _DRAWN, len(home)), rng.integers(0, 2, len(home))
    given, foreign = pa.array(own + 2 * _DRAWN * sex), pa.array(own % _DRAWN)
    full, kana = (
        arrow_compute.if_else(
            is_foreign,
            strangers.take(foreign),
            arrow_compute.binary_join_element_wise(surnames.take(family), owns.take(given), "　"),
        )
        for surnames, owns, strangers in zip(
            books.surnames, books.given, books.foreign, strict=True
        )
    )
    return {
        "住民種別": arrow_compute.if_else(is_foreign, "2", "1"),
        "氏名": full,
        "氏_日本人": arrow_compute.if_else(is_foreign, "", books.surnames[0].take(family)),
        "名_日本人": arrow_compute.if_else(is_foreign, "", books.given[0].take(given)),
        "氏名_振り仮名（フリガナ）": kana,
        "氏名_フリガナ": kana,
        "性別": _number(sex + 1),
        "続柄表記": _list(_RELATIONS).take(pa.array(order)),
        "世帯主氏名": full.take(pa.array(np.searchsorted(home, home))),
    }


def _draw_births(
    rng: np.random.Generator, books: _Books, order: _Numbers, ranges: Sequence[tuple[date, date]]
) -> dict[str, pa.Array]:
    """Draw births: the first two of a household are from 20 to 98 years old, the others younger.

    About one person in eighty is in each printed range, as in Japan.
    """
    youngest = np.where(order < 2, 20 * _YEAR, 0)
    oldest = np.where(order < 2, 99 * _YEAR, 21 * _YEAR)
    day = _BASE - rng.integers(youngest, oldest)
    for begin, end in ranges:
        low, high = (_DAYS.index(bound.isoformat()) for bound in (begin, end))
        day = np.where((day >= low) & (day <= high), day + _YEAR, day)
    unknown = (rng.random(len(order)) < _UNKNOWN_BIRTH) & (not ranges)
    return {
        "生年月日_元号": _list(["", "1", "2", "3", "4", "5"]).take(pa.array(np.where(unknown, 0, _ERAS[day]))),
        "生年月日": books.days.take(pa.array(np.where(unknown, 0, day + 1))),
        "生年月日_不詳フラグ": _number(unknown),
        "生年月日_不詳表記": _list(["", "平成20年頃"]).take(pa.array(unknown.astype(np.int8))),
    }  # fmt: skip


def _draw_addresses(
    rng: np.random.Generator, books: _Books, dwelling: _Numbers
) -> dict[str, pa.Array]:
    """Draw the address of each dwelling, the same for all who live in it."""
    count = int(dwelling.max()) + 1

    def draw(lowest: int, highest: int) -> _Numbers:
        return rng.integers(lowest, highest, count)[dwelling]

    town, block, lot = draw(0, len(books.towns)), draw(1, 40), draw(1, 30)
    chome = (draw(0, 1 << 20) % np.maximum(books.chomes[town], 1) + 1) * (books.chomes[town] > 0)
    building = pa.array(draw(0, len(_BUILDINGS)))
    is_shared = pa.array((rng.random(count) < _IN_BUILDING)[dwelling])

    def join(*parts: pa.Array | str) -> pa.Array:
        return arrow_compute.binary_join_element_wise(*parts, "")

    def widen(numbers: _Numbers) -> pa.Array:
        return books.wide.take(pa.array(numbers))

    towns, lots = books.towns.take(pa.array(town)), join(widen(block), "番", widen(lot), "号")
    room = join(_list(_BUILDINGS).take(building), towns, widen(draw(101, 1500)), "号室")
    return {
        "住所_市区町村コード": _fill(CITY_CODE, dwelling),
        "住所_町字コード": join(_number(town, 4), _number(chome, 3)),
        "住所_都道府県": _fill("東京都", dwelling),
        "住所_市区郡町村名": _fill("新宿区", dwelling),
        "住所_町字": towns,
        "住所_番地号表記": arrow_compute.if_else(
            pa.array(chome > 0), join(widen(chome), "丁目", lots), lots
        ),
        "住所_番地枝番数値": join(_number(block, 5), _number(lot, 5)),
        "住所_方書": arrow_compute.if_else(is_shared, room, ""),
        "住所_郵便番号": books.postal_codes.take(pa.array(town)),
    }


def _fill(text: str, like: npt.NDArray[np.generic]) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), len(like))


def _number(numbers: npt.NDArray[np.generic], width: int = 1) -> pa.Array:
    written = pa.array(numbers.astype(np.int64)).cast(pa.string())
    return arrow_compute.utf8_lpad(written, width, "0")
