"""Source profiles: what the headers and codes of one maker's file mean, as data under ``params/``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.errors import FormError, ParameterError, raise_problems
from recruitlib.base.parameters import read_yaml


class Profile(NamedTuple):
    """How one maker's file is read: header aliases, other known headers, codes and forms."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    known: tuple[str, ...]
    codes: Mapping[str, Mapping[str, str]]
    forms: Mapping[str, str]
    never_dates: tuple[str, ...]
    marker: str


def read_profile(path: Path) -> Profile:
    """Read a source profile.

    Raises:
        ParameterError: a key is missing, unknown or of another kind.
    """
    content = read_yaml(path)
    problems = [f"{name}: 書かれていません。" for name in Profile._fields if name not in content]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in Profile._fields]
    problems += _check_kinds(content)
    raise_problems(ParameterError, problems, f"様式（{path.name}）")
    return Profile(
        name=content["name"],
        columns={name: tuple(aliases) for name, aliases in content["columns"].items()},
        required=tuple(content["required"]),
        known=tuple(content["known"]),
        codes={name: dict(codes) for name, codes in content["codes"].items()},
        forms=dict(content["forms"]),
        never_dates=tuple(content["never_dates"]),
        marker=content["marker"],
    )


def _check_kinds(content: Mapping[str, Any]) -> list[str]:
    """Say which parts are of another kind: a header without brackets would be read by letters."""
    problems = [
        f"{name}: 並びで書いてください。"
        for name in ("required", "known", "never_dates")
        if name in content and not _is_texts(content[name])
    ]
    problems += [
        f"{name}: 表で書いてください。"
        for name in ("columns", "codes", "forms")
        if name in content and not isinstance(content[name], dict)
    ]
    columns, codes = content.get("columns"), content.get("codes")
    if isinstance(columns, dict):
        problems += [
            f"columns の {column}: 見出しの並びで書いてください。"
            for column, headers in columns.items()
            if not _is_texts(headers)
        ]
    if isinstance(codes, dict):
        problems += [
            f"codes の {column}: 符号は引用符で囲んだ文字で書いてください。"
            for column, meanings in codes.items()
            if not isinstance(meanings, dict) or not _is_texts([*meanings, *meanings.values()])
        ]
    return problems


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is str for item in value)


def decode_column(table: pd.DataFrame, profile: Profile, column: str) -> pd.Series:
    """Translate a column's codes by the profile's table.

    Returns:
        the meanings, row by row.

    Raises:
        FormError: a code is not in the table (names rows, not values).
    """
    meanings = table[column].map(profile.codes[column])
    rows = table["source_row"][meanings.isna()]
    if len(rows):
        raise FormError(
            f"{column}: 様式 {profile.name} の符号表にない符号が {len(rows)} 行にあります"
            f"（{list_rows(rows)}）。様式を確かめてください。"
        )
    return meanings


def check_forms(table: pd.DataFrame, profile: Profile) -> list[str]:
    """Check that every cell has the form that its column must have.

    A width check is not enough: a shift can keep the width, so ids must look like ids, postal
    codes like postal codes, and addresses must not hold line breaks.

    Returns:
        one Japanese sentence for each column that has a misshapen cell, with row numbers.
    """
    problems = []
    for column, pattern in profile.forms.items():
        form = re.compile(pattern)
        distinct = table[column].unique()
        wrong = {text for text in distinct if not form.fullmatch(text)}
        rows = table["source_row"][table[column].isin(wrong)]
        if len(rows):
            header = profile.columns[column][0]
            problems.append(
                f"「{header}」の形が違う行が {len(rows)} 行あります（{list_rows(rows)}）。列のずれを確かめてください。"
            )
    return problems


def list_rows(rows: pd.Series, limit: int = 10) -> str:
    """Write row numbers for an officer: the first few, then how many more."""
    shown = "、".join(str(row) for row in list(rows)[:limit])
    rest = len(rows) - limit
    return f"{shown} 行目" + (f" ほか{rest}行" if rest > 0 else "")
