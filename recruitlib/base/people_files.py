"""Files that people fill in for a run: of this run, complete, and by two different people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.names import fold_name

# Bracketed words at the end of a folded name; brackets themselves are half width after folding.
_ENDING = re.compile(r"(?:[(\[〔【「][^()\[\]〔〕【】「」]*[)\]〕】」])+$")


def check_content(content: Mapping[str, Any], kinds: Mapping[str, type]) -> list[str]:
    """Say what is missing, unknown or of another kind in a file that people fill in.

    YAML takes a date or digits without quotes for something else than text, which then neither
    compares with a digest nor goes into the record.
    """
    words = {str: "文字（日付と符号は引用符で囲む）", int: "整数", list: "並び", dict: "表", bool: "true か false"}  # fmt: skip
    problems = [f"{name}: 書かれていません。" for name in kinds if content.get(name) is None]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in kinds]
    return problems + [
        f"{name}: {words[kind]}で書いてください。"
        for name, kind in kinds.items()
        if content.get(name) is not None and type(content[name]) is not kind
    ]


def require_same_run(
    content: Mapping[str, Any], path: Path, run_id: str, demonstration: bool
) -> None:
    """Require that a person's file was made for this run, and for its kind of run.

    Raises:
        ParameterError: it was made for another run, or for a demonstration.
    """
    if content["demonstration"] is not demonstration:
        raise ParameterError(
            f"{path.name}: 見本の決定・承認は、見本でない実行には使えません（逆も同じです）。"
        )
    if content["run_id"] != run_id:
        raise ParameterError(f"{path.name}: 別の実行（run_id）のために作られた決定・承認です。")


def are_two_people(first: str, second: str) -> bool:
    """Whether two names are there and differ by more than the way in which they are written.

    Blanks, width, case, glyph variants and bracketed words at the end (``（見本）``) make no second
    person. A name that is not text (a line of the file left empty) is nobody.
    """
    names = [
        _ENDING.sub("", fold_name(name).casefold())
        for name in (first, second)
        if isinstance(name, str)
    ]
    return len(names) == 2 and all(names) and names[0] != names[1]


def require_two_people(path: Path, first: str, second: str, roles: str) -> None:
    """Require two different people.

    Args:
        roles: what the two do, in Japanese.

    Raises:
        AwaitingPerson: one is missing or both are the same.
    """
    if not are_two_people(first, second):
        raise AwaitingPerson(f"{path.name}: {roles}は、別の二人でなければなりません。")
