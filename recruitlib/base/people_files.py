"""Files that people fill in for a run: complete, and of this run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recruitlib.base.errors import ParameterError


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
            "そのファイルを別の場所に移し、この実行で作り直してください。"
        )
    if content["run_id"] != run_id:
        raise ParameterError(
            f"{path.name}: 別の実行（run_id）のために作られた決定・承認です。"
            "そのファイルを別の場所に移し、この実行で作り直してください。"
        )
