"""Receipts (受付): whether every application that was received is there.

The form's own total, the count of the papers, the running numbers and the days of export are four
witnesses; none of them replaces another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from recruitlib.base.profiles import list_rows
from recruitlib.optouts.applications import SOURCE_LABELS, Received

# Forms open at the earliest some months before the fiscal year: older rows are another year's file.
EARLIEST_DAYS = 180
# Numbers that the office itself gives, one after the other; a form's id counts other forms too.
_OWN_NUMBERS = ("counter", "application_id")
_NUMBER_LABELS = {"application_id": "申出の番号", "receipt_no": "受付番号"}
_DATED = re.compile(r"(20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))([0-9]{1,5})")
_NUMBER = re.compile(r"(.*?)([0-9]{1,9})([^0-9]*)", re.DOTALL)
_PLAIN_PREFIX = re.compile("(?:令和[0-9]+(?:年度?)?)?[0-9A-Za-z-]*")
_LONGEST = 60  # characters of a receipt number
_FEWEST_STEPS = 3  # from which on a larger step than one is believed to be the series' own
_TEN = 10  # the only larger step in which an office gives numbers of its own (10, 20, 30)
_ROUND = 100
_MOST_SHOWN = 10
_OWN_HINT = (
    "紙の申出書を探し、受付簿に書き加えてください。欠番にした番号は、番号・受付日・処理状況「欠番」だけの"
    "行にします。"
)
_FORM_HINT = (
    "申請画面で番号を探し、出力し直してください。ほかの様式と番号を分け合う受付番号は、"
    "様式（params/profiles）で読まない見出し（known）に移します。"
)


class Series(NamedTuple):
    """A running number: its prefix, first and last number, and its gaps (the numbers around each).

    ``step`` is the distance of neighbours, 0 where no distance is usual; then there are no gaps.
    """

    prefix: str
    first: int
    last: int
    size: int
    step: int
    gaps: tuple[tuple[int, int], ...]

    @property
    def missing(self) -> int:
        """How many numbers are missing between the first and the last."""
        return sum((after - before) // self.step - 1 for before, after in self.gaps)

    def describe_gaps(self) -> str:
        """Say between which numbers others are missing; the prefix is cut, a long number too."""
        shown = "、".join(
            f"{_show(before)}番の次が{_show(after)}番" for before, after in self.gaps[:_MOST_SHOWN]
        )
        rest = len(self.gaps) - _MOST_SHOWN
        return f"{show_prefix(self.prefix)}{shown}" + (f" ほか{rest}か所" if rest > 0 else "")


def show_prefix(prefix: str) -> str:
    """Show what stands before a running number, where it can be nobody's name.

    A whole number would point at one application, and at the counter a name may stand before it.
    """
    return f"{prefix[:4]}… " if prefix and _PLAIN_PREFIX.fullmatch(prefix) else ""


def _show(number: int) -> str:
    text = str(number)
    return text if len(text) < 6 else f"…{text[-4:]}"


def find_series(numbers: Iterable[str], own: bool) -> list[Series]:
    """Find the running numbers among receipt numbers, and where one of them is missing.

    A series is what shares everything but its last number: R8-001, R8-002, R8-004; or integers.
    Its step is one, or the usual smallest distance of neighbours.

    Args:
        numbers: as written, in any order.
        own: the office gives them one by one, so that the step is one, or ten where all are so far apart.

    Returns:
        one entry for each series, in the order of their prefixes.
    """
    groups: dict[tuple[str, str], dict[int, int]] = {}
    for parts in map(_split, numbers):
        if parts:
            groups.setdefault((parts.prefix, parts.suffix), {})[parts.value] = parts.width
    found = []
    for (prefix, _), widths in sorted(groups.items()):
        padded = any(len(str(value)) < width for value, width in widths.items())
        found.append(_measure(prefix, widths, own, padded))
    return found


class _Parts(NamedTuple):
    prefix: str
    value: int
    width: int
    suffix: str


def _split(number: str) -> _Parts | None:
    text = "".join(unicodedata.normalize("NFKC", number).split())
    if len(text) > _LONGEST:
        return None
    if dated := _DATED.fullmatch(text):
        return _Parts(dated[1], int(dated[2]), len(dated[2]), "")
    parts = _NUMBER.fullmatch(text)
    return _Parts(parts[1], int(parts[2]), len(parts[2]), parts[3]) if parts else None


def _measure(prefix: str, values: Iterable[int], own: bool, padded: bool) -> Series:
    ordered = sorted(values)
    pairs = list(pairwise(ordered))
    step = _find_step([after - before for before, after in pairs], own, padded)
    gaps = tuple((before, after) for before, after in pairs if step and after - before > step)
    return Series(prefix, ordered[0], ordered[-1], len(ordered), step, gaps)


def _find_step(steps: Sequence[int], own: bool, padded: bool) -> int:
    if not steps:
        return 1 if own or padded else 0
    smallest = min(steps)
    # Of a series that runs, at least half of the numbers are there.
    dense = sum(steps) // smallest <= 2 * len(steps) + 1
    runs = dense and not any(step % smallest for step in steps)
    if own:
        return smallest if runs and smallest % _TEN == 0 else 1
    if runs and (smallest == 1 or len(steps) >= _FEWEST_STEPS):
        return smallest
    return 1 if padded and sum(steps) <= 2 * len(steps) + 1 else 0


def list_series(received: Received) -> list[tuple[str, str, Series]]:
    """List the running numbers of each channel: source, column, series."""
    listed = []
    for source in received.sources:
        own = received.applications[received.applications["source"] == source]
        for column in _NUMBER_LABELS:
            numbers = own[column].str.removeprefix(f"{source}:")
            is_own = (source, column) == _OWN_NUMBERS
            found = find_series(numbers[numbers != ""], is_own)
            # One number alone is no series, unless it is all that the office has given.
            found = [series for series in found if series.size > 1 or (is_own and len(found) == 1)]
            listed += [(source, column, series) for series in found]
    return listed


def check_series(received: Received) -> list[str]:
    """Say where numbers of a series that runs by one are missing: an application got lost.

    The office's own numbers must run without a gap from the beginning on. A form's receipt numbers
    must where they run by one. A form's ids are shared with other forms, so their gaps say nothing.
    Rows that could not be read go before people and may be the missing ones, so that only what is
    missing beyond their number is a problem; the totals count them as well.
    """
    problems = []
    unreadable = received.quarantine["source"].value_counts()
    for source, column, series in list_series(received):
        is_own = (source, column) == _OWN_NUMBERS
        name = f"{SOURCE_LABELS[source]}の{_NUMBER_LABELS[column]}"
        runs = is_own or (column == "receipt_no" and series.step == 1)
        # A series of the office begins at 1, or at 101, 201 and so on.
        before = (series.first // (series.step or 1) - 1) % _ROUND if is_own and series.first else 0
        if not runs or series.missing + before <= int(unreadable.get(source, 0)):
            continue
        hint = _OWN_HINT if is_own else _FORM_HINT
        if series.gaps:
            problems.append(
                f"{name}が {series.missing} 件欠けています（{series.describe_gaps()}）。{hint}"
            )
        if before:
            problems.append(
                f"{name}が {show_prefix(series.prefix)}{_show(series.first)}番から始まっています。"
                f"それより前の申出が要ります。{hint}"
            )
    return problems


def tabulate_series(received: Received) -> pd.DataFrame:
    """Tabulate the running numbers of each channel and where numbers are missing."""
    rows = []
    for source, column, series in list_series(received):
        missing = "連番でない" if not series.step else series.describe_gaps() if series.gaps else ""
        rows.append((
            SOURCE_LABELS[source], _NUMBER_LABELS[column], series.size,
            series.missing if series.gaps else 0, missing,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=["受付", "番号", "件数", "欠けた番号", "位置"])


def check_totals(
    found: Mapping[str, int], totals: Mapping[str, int], zero_confirmed_by: str
) -> list[str]:
    """Say where the rows read differ from the form's own total or the count of the papers.

    Args:
        found: the rows of each source's file, those that could not be read among them.
        totals: the stated total by source.
        zero_confirmed_by: who made sure that nobody applied; "" when nobody did.
    """
    problems = []
    for source, total in totals.items():
        rows = found.get(source, 0)
        if rows != total:
            problems.append(
                f"{SOURCE_LABELS[source]}: 読んだ {rows} 件と、画面・紙の件数 {total} 件が違います。"
                "出力し直してください。"
            )
    if not any(found.values()) and not zero_confirmed_by:
        problems.append("申出が一件もありません。担当者が確かめ、確かめた人を書いてください。")
    return problems


def check_year(applications: pd.DataFrame, fiscal_year: int) -> list[str]:
    """Say if applications were received long before the fiscal year: another year's file."""
    earliest = date(fiscal_year, 4, 1) - timedelta(days=EARLIEST_DAYS)
    old = applications["received_at"] < earliest.isoformat()
    if old.any():
        return [
            f"受付日が今年度の受付より前の申出が {int(old.sum())} 件あります。昨年度のファイルではありませんか。"
            "今年度の申出を出力し直してください。"
        ]
    return []


def check_exports(
    applications: pd.DataFrame,
    exported_on: Mapping[str, str],
    deadline: str,
    today: date | None = None,
) -> list[str]:
    """Say which channel was not exported after the deadline, or not again today.

    Args:
        applications: those of all channels, with the column ``source``.
        exported_on: the day of each source's export, ISO text.
        deadline: the last day of the reception, ISO text.
        today: on print and handover day, the day on which every source must have been exported.
    """
    problems = []
    for source, day in exported_on.items():
        name = SOURCE_LABELS[source]
        if day <= deadline:
            problems.append(
                f"{name}: 締切の後に出力していません。締切の翌日以降に出力し直してください。"
            )
        if today is not None and day != today.isoformat():
            problems.append(f"{name}: 本日の出力ではありません。本日もう一度出力してください。")
        received = applications.loc[applications["source"] == source, "received_at"]
        if len(received) and received.max() > day:
            problems.append(
                f"{name}: 出力日より後に受け付けた申出があります。出力日を確かめてください。"
            )
    return problems


def check_readable(received: Received) -> list[str]:
    """Say which rows could not be read: on print and handover day nobody has decided about them."""
    problems = []
    for source in received.sources:
        rows = received.quarantine.loc[received.quarantine["source"] == source, "source_row"]
        if len(rows):
            problems.append(
                f"{SOURCE_LABELS[source]}: 読めない行が {len(rows)} 件あります（{list_rows(rows)}）。"
                "本日の出力で 01 からやり直し、その行を二人で決めてください。"
            )
    return problems
