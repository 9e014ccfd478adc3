"""The headers of a file: which column holds what, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from recruitlib.base.errors import ParameterError

_SHOWN = 10  # rows named in one problem
_LONGEST_SHOWN = 40  # characters of an unknown header: the title of a question can be long
_QUESTION_NUMBER = re.compile(
    r"^(?:(?:Q|問|設問|質問)\s*[0-9]+(?:-[0-9]+)*\s*[.:)、]?|\(?[0-9]+(?:-[0-9]+)*[.:)、])\s*"
)
_REQUIRED_MARK = re.compile(r"[(\[【<]必須[)\]】>]|[*※]")
_FOOTER = re.compile(r"(?:合計|総計|小計|総件数|合計件数|件数|計)(?::.*)?")


class HeaderPlan(NamedTuple):
    """Which column of a file holds what: canonical name to position, and what is left out."""

    positions: dict[str, int]
    dropped: list[str]
    blanks: list[int]
    problems: list[str]


def fold_header(name: str) -> str:
    """Reduce a header to what is compared: NFKC, no space, no 必須 mark, no question number."""
    folded = _REQUIRED_MARK.sub("", unicodedata.normalize("NFKC", name)).strip()
    return "".join(_QUESTION_NUMBER.sub("", folded).split())


def match_headers(
    headers: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    known: Collection[str] = (),
    required: Collection[str] = (),
) -> HeaderPlan:
    """Say which header is which column, and everything that is wrong with the headers.

    An unknown header is shown only where part of the row is known, since the first row of a file
    without headers is a person.

    Args:
        headers: the header cells as they stand.
        columns: canonical name to the headers that it goes by.
        known: headers that may be there and are left out.
        required: canonical names that must be there.

    Returns:
        the plan, with its problems as Japanese sentences.

    Raises:
        ParameterError: one header stands for two columns, or a required name is no column.
    """
    meaning = _index_aliases(columns, required)
    folded_known = {fold_header(name) for name in known}
    plan = HeaderPlan({}, [], [], [])
    seen: dict[str, int] = {}
    unknown: list[int] = []
    for position, header in enumerate(headers):
        folded = fold_header(header)
        name = meaning.get(folded)
        if not folded:
            plan.blanks.append(position)
        elif folded in seen or name in plan.positions:
            first = seen[folded] if folded in seen else plan.positions[name or ""]
            plan.problems.append(
                f"{name_column(first)}列と{name_column(position)}列の見出しは同じ項目です。"
                "どちらを読むか決まらないため、一方を消すか対応表を直してください。"
            )
        elif name is not None:
            plan.positions[name] = position
        elif folded in folded_known:
            plan.dropped.append(header.strip())
        else:
            unknown.append(position)
        if folded:
            seen.setdefault(folded, position)
    if len(unknown) * 3 > len(seen) * 2:
        plan.problems.append(
            "見出しの行が見つかりません。見出しがあるか、区切りがカンマか、文字化けしていないか、"
            "確かめてください。"
        )
    else:
        plan.problems.extend(
            # The header itself is not shown: where a row slipped, it is a person's value.
            f"{name_column(position)}列（{position + 1}列目）の見出しは対応表にありません。"
            "様式の対応表に加えるか、読まない見出しとして登録してください。"
            for position in unknown
        )
    plan.problems.extend(
        f"必要な見出し「{columns[name][0]}」がありません。"
        for name in required
        if name not in plan.positions
    )
    return plan


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


def is_footer(cells: Sequence[str]) -> bool:
    """Say whether a row is a total (合計,1,698件) rather than a person.

    計 alone is a family name too, so it counts only in a row that is otherwise nearly empty.
    """
    filled = [unicodedata.normalize("NFKC", cell).strip() for cell in cells if cell.strip()]
    if not filled or not _FOOTER.fullmatch("".join(filled[0].split())):
        return False
    return filled[0] != "計" or len(filled) <= 3 < len(cells)


def _index_aliases(
    columns: Mapping[str, Sequence[str]], required: Collection[str]
) -> dict[str, str]:
    meaning: dict[str, str] = {}
    for name, aliases in columns.items():
        for alias in aliases:
            if meaning.setdefault(fold_header(alias), name) != name:
                raise ParameterError(f"見出しの対応表: 「{alias}」が二つの項目に使われています。")
    if absent := [name for name in required if not columns.get(name)]:
        listed = "、".join(absent)
        raise ParameterError(f"見出しの対応表: 必須の項目「{listed}」の見出しがありません。")
    return meaning
