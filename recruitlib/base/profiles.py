"""Source profiles: what the headers, codes and forms of one maker's file mean, as data.

Everything that differs between the files of two makers stands in a YAML file under
``params/profiles/``; a reader knows no header by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.header_words import belongs, is_forbidden
from recruitlib.base.parameters import read_yaml

HOLDINGS = ("registry", "protections", "applications")
ENCODINGS = ("utf-8", "cp932", "utf-16-le", "utf-16-be")
LATEST_RULES = ("flag", "highest", "single")
DELIMITERS = (",", ";", "\t")


class Profile(NamedTuple):
    """How one maker's file is read.

    ``columns`` are the whitelist: canonical name to the headers that it goes by; nothing else is
    kept. ``known`` headers are dropped on purpose, ``system`` names the canonical columns that a
    form's system fills in by itself, ``options`` the columns of a form that has one column for
    each choice (canonical name to header to value). ``codes`` translate, ``forms`` are regular
    expressions (RE2) of a whole cell; a column without one may hold anything. ``fixed`` are values of
    columns that the file does not have. ``latest`` is the rule for the latest record of a person:
    ``flag``, ``highest`` (history number) or ``single`` (no history). ``headers`` is the
    fingerprint of a form: all its headers in order; empty where it is not checked.
    """

    name: str
    holds: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    known: tuple[str, ...]
    codes: Mapping[str, Mapping[str, str]]
    forms: Mapping[str, str]
    system: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, str]] = {}
    fixed: Mapping[str, str] = {}
    headers: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ENCODINGS
    delimiter: str = ","
    title_rows: int = 0
    footers: tuple[str, ...] = ()
    latest: str = "flag"
    never_dates: tuple[str, ...] = ()
    date_columns: tuple[str, ...] = ()
    marker: str = ""


_TABLES = ("codes", "options")
_KINDS: Mapping[str, Any] = {
    "name": str, "holds": str, "columns": dict, "required": list, "known": list, "codes": dict,
    "forms": dict, "system": list, "options": dict, "fixed": dict, "headers": list,
    "encodings": list, "delimiter": str, "title_rows": int, "footers": list, "latest": str,
    "never_dates": list, "date_columns": list, "marker": str,
}  # fmt: skip
_WORDS = {str: "文字", list: "文字の並び", dict: "表", int: "整数"}


def read_profile(path: Path) -> Profile:
    """Read a source profile.

    Raises:
        ParameterError: a key is missing, unknown, of another kind, or names what is not there; all
            problems at once.
    """
    content = read_yaml(path)
    wanted = [name for name in Profile._fields if name not in Profile._field_defaults]
    problems = [f"{name}: 書かれていません。" for name in wanted if name not in content]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in Profile._fields]
    problems += _check_kinds(content)
    raise_problems(ParameterError, problems, f"様式（{path.name}）")
    profile = Profile(**{name: _freeze(value) for name, value in content.items()})
    raise_problems(ParameterError, _check_meaning(profile), f"様式（{path.name}）")
    return profile


def _freeze(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {name: _freeze(item) for name, item in value.items()}
    return value


def _check_kinds(content: Mapping[str, Any]) -> list[str]:
    """Say which parts are of another kind: a header without brackets would be read by letters."""
    problems = []
    for name, value in content.items():
        kind = _KINDS.get(name, type(value))
        if type(value) is not kind or (kind is list and not _is_texts(value)):
            problems.append(f"{name}: {_WORDS[kind]}で書いてください。")
        elif name == "columns":
            problems += [
                f"columns の {column}: 見出しの並びで書いてください。"
                for column, headers in value.items()
                if not _is_texts(headers)
            ]
        elif name in _TABLES:
            problems += [
                f"{name} の {column}: 符号は引用符で囲んだ文字で書いてください。"
                for column, meanings in value.items()
                if not isinstance(meanings, dict) or not _is_texts([*meanings, *meanings.values()])
            ]
        elif kind is dict and not _is_texts([*value, *value.values()]):
            problems.append(f"{name}: 値は引用符で囲んだ文字で書いてください。")
    return problems


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is str for item in value)


def _check_meaning(profile: Profile) -> list[str]:
    """Say which words are not among the choices, and which names are no column."""
    choices = (
        ("holds", (profile.holds,), HOLDINGS),
        ("latest", (profile.latest,), LATEST_RULES),
        ("delimiter", (profile.delimiter,), DELIMITERS),
        ("encodings", profile.encodings, ENCODINGS),
    )
    problems = [
        f"{name}: {' / '.join(map(repr, allowed))} のどれかです。"
        for name, values, allowed in choices
        if not set(values) <= set(allowed)
    ]
    columns = {*profile.columns, *profile.options, *profile.fixed}
    for name in ("required", "codes", "forms", "system", "never_dates", "date_columns"):
        problems += [
            f"{name}: {column} は columns にありません。"
            for column in getattr(profile, name)
            if column not in columns
        ]
    for column, pattern in profile.forms.items():
        try:
            arrow_compute.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid:
            problems.append(f"forms の {column}: 正規表現として読めません。")
    return problems + _check_headers(profile)


def _check_headers(profile: Profile) -> list[str]:
    """Say which headers may not be read, or not as what they are mapped to."""
    mapped = [
        (column, header)
        for columns in (profile.columns, profile.options)
        for column, headers in columns.items()
        for header in headers
    ]
    problems = [
        f"columns の {column}: 見出し「{header}」は、読み込んではならない項目です。known に移してください。"
        for column, header in mapped
        if is_forbidden(header)
    ]
    return problems + [
        f"columns の {column}: 見出し「{header}」は、この列の項目のものではありません。"
        "正しい列に直すか、known に移してください。"
        for column, header in mapped
        if not is_forbidden(header) and not belongs(header, column)
    ]


def translate_codes(texts: pd.Series, profile: Profile, column: str) -> pd.Series:
    """Translate a column's codes by the profile's table; a code that is not in it gives "".

    Args:
        texts: the cells of the column.

    Returns:
        the meanings, row by row.
    """
    return texts.map(profile.codes[column]).fillna("").astype("str")


def list_rows(rows: pd.Series | Sequence[int], limit: int = 10) -> str:
    """Write row numbers for an officer: the first few, then how many more."""
    shown = "、".join(str(row) for row in list(rows)[:limit])
    rest = len(rows) - limit
    return f"{shown} 行目" + (f" ほか{rest}行" if rest > 0 else "")
