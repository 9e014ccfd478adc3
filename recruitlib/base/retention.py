"""Retention (保存期間): how long each kind of file may be kept, from the end of its fiscal year."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.parameters import read_yaml

RETENTION_FILE = "params/retention.yaml"
PRIVATE_FILES, SOURCES, RECORD = "private", "sources", "record"
KEPT_REGISTER, ACCESS_REVIEW = "register", "access_review"
# Where the office has no file of its own; the ward's document names no years.
DEFAULT_YEARS = {PRIVATE_FILES: 0, SOURCES: 0, RECORD: 5, KEPT_REGISTER: 5, ACCESS_REVIEW: 3}
_MOST_YEARS = 100


def read_years(root: Path) -> dict[str, int]:
    """Read how many years each kind of file is kept; the usual ones where the office says nothing.

    Raises:
        ParameterError: the file names another kind, or something else than a number of years.
    """
    path = root / RETENTION_FILE
    given = read_yaml(path) if path.exists() else {}
    problems = [f"{kind}: 知らない種類です。" for kind in given if kind not in DEFAULT_YEARS]
    problems += [
        f"{kind}: 年数は 0 から {_MOST_YEARS} までの整数です。"
        for kind, years in given.items()
        if type(years) is not int or not 0 <= years <= _MOST_YEARS
    ]
    raise_problems(ParameterError, problems, f"保存期間（{path.name}）")
    return {**DEFAULT_YEARS, **given}


def find_last_kept_day(fiscal_year: int, years: int) -> date:
    """Find the last day on which something of a fiscal year may be kept: a 31 March."""
    return date(fiscal_year + 1 + years, 3, 31)
