"""The headers of a file: which column holds what, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa

from recruitlib.base.contents import find_misfits
from recruitlib.base.dates import parse_date
from recruitlib.base.errors import ParameterError
from recruitlib.base.header_words import fold_header
from recruitlib.base.profiles import Profile

_SHOWN = 10  # rows named in one problem
_COUNT = re.compile(r"(?:[0-9,.]+[件人名行]?(?:です)?)?")
_UNIT = re.compile(r"[0-9,.]*[件人名行]?")
ABOVE = "見出しの上に人の行と思われる行があります"
_TOTALS = ("件数", "総件数", "合計", "総計", "人数", "計")  # of the counts that a title may hold
_TITLE = "題"  # a cell that a form or a code fits only where it fits nearly all
UNTOLD_MARK = "の印が読めません（選んだものは1か○とし、ほかは空にしてください）"
_UNMARKED = ("", "0", "FALSE", "OFF", "NO", "-", "未選択")
_MARKED = ("1", "TRUE", "○", "◯", "〇", "✓", "☑", "選択", "YES", "ON")


class HeaderPlan(NamedTuple):
    """Which column of a file holds what, and what is left out.

    ``positions`` are those of the canonical columns, ``options`` those of a column that is spread
    over one column for each choice (canonical name to position to value), ``rows`` how many
    rows stand up to and with the header, ``titles`` how many of them above it.
    """

    positions: dict[str, int]
    options: dict[str, dict[int, str]]
    headers: list[str]
    dropped: list[str]
    blanks: list[int]
    problems: list[str]
    titles: int = 0
    rows: int = 1


_NO_HEADER = HeaderPlan({}, {}, [], [], [], [])


def find_header(rows: Sequence[Sequence[str]], profile: Profile) -> HeaderPlan:
    """Find the header among the first rows of a file; rows above it are titles.

    Two rows are one header only where together they say more than either alone, so that a
    person's row is never taken for a part of it. Of equal ones the first wins: a header may be
    repeated on every printed page.

    Args:
        rows: the first records of the file.
        profile: says how many titles may stand above the header.

    Returns:
        the plan; a row above the header that may be a person is one of its problems, since sorting
        a list together with its header leaves the header below some of the people.
    """
    known = {fold_header(name) for name in list_headers(profile)}
    within = profile.title_rows + 1
    plans = [
        match_headers(row, profile)._replace(titles=titles, rows=titles + 1)
        for titles, row in enumerate(rows[: within + 1])
    ]
    for titles, (upper, lower) in enumerate(pairwise(rows[: within + 1])):
        plan = match_headers(combine_headers(upper, lower, known), profile)
        if count_known(plan) > max(map(count_known, plans[titles : titles + 2])):
            plans.append(plan._replace(titles=titles, rows=titles + 2))
    plans = sorted((plan for plan in plans if plan.titles < within), key=lambda plan: plan.titles)
    best = max(plans, key=lambda plan: (not plan.problems, count_known(plan)), default=_NO_HEADER)
    if not count_known(best):
        problem = (
            f"最初の{within}行に見出しの行が見つかりません。見出しがあるか、区切りの文字と様式が合っているか、"
            "文字化けしていないか、確かめてください（recruitlib inspect で調べられます）。"
        )
        return best._replace(problems=[problem])
    people = [
        place
        for place, row in enumerate(rows[: best.titles], 1)
        if _may_be_person(row, best, profile, known)
    ]
    if people:
        best.problems.append(
            f"{ABOVE}（{name_rows(people)}）。人の行なら見出しの下に移し、題の行なら消してください。"
        )
    return best


def _may_be_person(
    row: Sequence[str], plan: HeaderPlan, profile: Profile, known: Collection[str]
) -> bool:
    """Whether a row above the header is more than a title.

    It is where it has as many filled cells as a person needs, without the words of headers and a
    count at its end (件数 | 1,698), or where two cells are just what their columns hold.
    """
    filled = [cell for cell in row if cell.strip() and fold_header(cell) not in known]
    counts = (at for at in range(len(filled)) if is_footer(filled[at:], _TOTALS))
    if next(counts, len(filled)) >= max(len(profile.required), 2):
        return True
    cells = {name: row[at] for name, at in plan.positions.items() if at < len(row)}
    return sum(_is_told(cell, name, profile) for name, cell in cells.items() if cell.strip()) > 1


def _is_told(cell: str, name: str, profile: Profile) -> bool:
    """Whether a cell is what its column holds, where that is not nearly anything."""
    if name in profile.date_columns:
        return parse_date(cell, from_spreadsheet=True).status == "certain"
    misfits = find_misfits(pa.table({name: pa.array([cell, _TITLE])}), profile, {})
    return bool(misfits) and not any(misfit.rows[0] for misfit in misfits)


def count_known(plan: HeaderPlan) -> int:
    """Count the headers of a plan that its profile knows."""
    return len(plan.positions) + len(plan.dropped) + sum(map(len, plan.options.values()))


def combine_headers(
    upper: Sequence[str], lower: Sequence[str], known: Collection[str]
) -> list[str]:
    """Combine two header rows of which merged cells left the text in the top left cell only.

    They are one header only where all texts of the lower row are known, or where one upper text
    stands over two known ones (氏名 over 氏 and 名); no person's row looks like that. A column goes
    by both texts joined where that is known, else by the lower one where known, else by the
    upper one where that is known and stands over this column alone (生年月日 over 西暦).

    Args:
        upper: the cells of the one row.
        lower: the cells of the next row.
        known: the profile's headers, folded.

    Returns:
        one header for each column; nothing where the two rows are not one header.
    """
    width = max(len(upper), len(lower))
    above, below = (
        [*(cell.strip() for cell in cells), *[""] * (width + 1 - len(cells))]
        for cells in (upper, lower)
    )
    combined: list[str] = []
    group, sure, spread, every = "", False, False, any(below)
    for at in range(width):
        top, sub = above[at], below[at]
        before = sure and not top
        group = (top or group) if sub else ""
        candidates = [f"{group}{sub}", f"{group}_{sub}", sub] if sub else []
        name = next((text for text in candidates if fold_header(text) in known), "")
        sure = bool(group and name) and fold_header(group) != fold_header(sub)
        spread = spread or (before and sure)
        every = every and bool(name or not sub)
        alone = bool(top) and (above[at + 1] != "" or below[at + 1] == "")
        own = not sub or (alone and fold_header(top) in known)
        combined.append(name or (top if own else f"{group}{sub}"))
    return combined if spread or every else []


def list_headers(profile: Profile) -> list[str]:
    """List every header that a profile knows, the dropped ones included."""
    headers = [alias for aliases in profile.columns.values() for alias in aliases]
    headers += [header for choices in profile.options.values() for header in choices]
    return [*headers, *profile.known]


def match_headers(headers: Sequence[str], profile: Profile) -> HeaderPlan:
    """Say which header is which column, and everything that is wrong with the headers.

    Where a header is unknown it is named by its column and not shown: in a file without headers,
    or where a row slipped, it is a person's value.

    Args:
        headers: the header cells as they stand.
        profile: the maker's profile.

    Returns:
        the plan, with its problems as Japanese sentences.

    Raises:
        ParameterError: one header of the profile stands for two columns.
    """
    meaning, choices = _index_aliases(profile)
    known = {fold_header(name) for name in profile.known}
    plan = HeaderPlan({}, {}, list(headers), [], [], [])
    seen: dict[str, int] = {}
    unknown: list[int] = []
    for position, header in enumerate(headers):
        folded = fold_header(header)
        name = meaning.get(folded)
        if not header.strip():
            plan.blanks.append(position)
        elif not folded and (header.strip() in profile.known):
            plan.dropped.append(header.strip())
        elif folded in seen or name in plan.positions:
            first = seen[folded] if folded in seen else plan.positions[name or ""]
            plan.problems.append(
                f"{name_column(first)}列と{name_column(position)}列の見出しは同じ項目です。"
                "どちらを読むか決まらないため、一方を消すか対応表を直してください。"
            )
        elif name is not None:
            plan.positions[name] = position
        elif folded in choices:
            column, value = choices[folded]
            plan.options.setdefault(column, {})[position] = value
        elif folded in known:
            plan.dropped.append(header.strip())
        else:
            unknown.append(position)
        if folded:
            seen.setdefault(folded, position)
    _tell_unknown(plan, unknown, len(seen))
    plan.problems.extend(
        f"必要な見出し「{(profile.columns.get(name) or [name])[0]}」がありません。出力の設定と様式を確かめてください。"
        for name in profile.required
        if name not in plan.positions and name not in plan.options and name not in profile.fixed
    )
    return plan


def _tell_unknown(plan: HeaderPlan, unknown: Sequence[int], headers: int) -> None:
    if len(unknown) * 3 > headers * 2:
        plan.problems.append(
            "見出しの行が見つかりません。見出しがあるか、区切りの文字と様式が合っているか、"
            "文字化けしていないか、確かめてください（recruitlib inspect で調べられます）。"
        )
        return
    plan.problems.extend(
        f"{name_column(position)}列（{position + 1}列目）の見出しは対応表にありません。"
        "様式の対応表に加えるか、読まない見出しとして登録してください。"
        for position in unknown
    )


def read_mark(value: str, header: str, cell: str) -> str | None:
    """Read one cell of a column that is spread over one column for each choice.

    Args:
        value: what the choice means, and ``header`` the column's own header; either may stand in
            the cell to mark it.

    Returns:
        the value where the choice is marked, "" where it is not, None where that cannot be told.
    """
    folded = unicodedata.normalize("NFKC", cell).strip().upper()
    if folded in _UNMARKED:
        return ""
    accepted = {unicodedata.normalize("NFKC", mark).strip().upper() for mark in
                (*_MARKED, value, header)}  # fmt: skip
    return value if folded in accepted else None


def join_choices(plan: HeaderPlan, name: str, cells: Mapping[int, str]) -> str:
    """Join the marked choices of a column of one row with 、; "" where none is marked."""
    marks = (
        read_mark(value, plan.headers[at], cells[at]) for at, value in plan.options[name].items()
    )
    return "、".join(mark for mark in marks if mark)


def name_column(position: int) -> str:
    """Name a column as a spreadsheet does: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def name_rows(rows: Sequence[int]) -> str:
    """List rows for an officer: the first ten by number, the rest as a count."""
    listed = "、".join(str(row) for row in rows[:_SHOWN])
    return f"{listed}行目" + (f"ほか{len(rows) - _SHOWN}行" if len(rows) > _SHOWN else "")


def is_footer(cells: Sequence[str], footers: Sequence[str]) -> bool:
    """Say whether a row is a total (合計,1,698件) rather than a person.

    The first filled cell must be one of the profile's words and no more than digits, 件 and 人 may
    follow in the row: a person's row of that name holds more.
    """
    filled = ["".join(unicodedata.normalize("NFKC", cell).split()) for cell in cells]
    filled = [cell.strip("-=*#【】[]()・:。") for cell in filled if cell]
    if not any(filled):
        return False
    first, *rest = filled
    return all(map(_UNIT.fullmatch, rest)) and any(
        _COUNT.fullmatch(first.removeprefix(word).lstrip(":=(、"))
        for word in footers
        if first.startswith(word)
    )


def _index_aliases(
    profile: Profile,
) -> tuple[Mapping[str, str], Mapping[str, tuple[str, str]]]:
    meaning: dict[str, str] = {}
    for name, aliases in profile.columns.items():
        for alias in aliases:
            if meaning.setdefault(fold_header(alias), name) != name:
                raise _make_twice_error(alias)
    choices = {
        fold_header(header): (name, value)
        for name, values in profile.options.items()
        for header, value in values.items()
    }
    if both := [header for header in choices if header in meaning]:
        raise _make_twice_error(both[0])
    return meaning, choices


def _make_twice_error(header: str) -> ParameterError:
    return ParameterError(
        f"見出しの対応表: 「{header}」が二つの項目に使われています。様式のファイルで、どちらか一つの項目だけに"
        "書いてください。"
    )
