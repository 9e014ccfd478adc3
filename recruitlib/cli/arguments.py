"""What the commands share: where a run lies, and of which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import find_root, read_parameters, read_yaml
from recruitlib.base.run import RUN_NAME

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
RUN = click.Path(path_type=Path, exists=True, file_okay=False)


def read_kind(folder: Path) -> tuple[str, bool]:
    """Read a run's name, and whether it is a demonstration.

    Raises:
        ParameterError: the folder is no run.
    """
    if not (folder / RUN_NAME).exists():
        raise ParameterError(
            f"{folder.name}: 実行のフォルダではありません（{RUN_NAME} がありません）。"
            "まだ実行していないときは、先に recruitlib run を実行してください。"
        )
    values: dict[str, Any] = read_yaml(folder / RUN_NAME)["01"]
    return values["run_id"], values["run_kind"] == "demonstration"


def find_project(folder: Path) -> Path:
    """Find the project folder of a run; of a run that lies outside, the one of the terminal."""
    try:
        return find_root(folder)
    except ParameterError:
        return find_root()


def read_run(parameters_file: Path) -> tuple[dict[str, Any], Path, Path]:
    """Read a run's parameters, the project folder and the folder of the run."""
    parameters = read_parameters(parameters_file.resolve())
    root = find_root(parameters_file.resolve().parent)
    return parameters, root, root / parameters["runs_folder"] / parameters["run_id"]


def check_out(out: Path, *read: Path, columns: Sequence[str] = ()) -> None:
    """Check that a file can be written, is none of those that are read, and replaces nothing else.

    Args:
        out: the file to be written.
        read: the files that the command reads.
        columns: of the table that the command writes; an earlier one of it may be replaced.

    Raises:
        ParameterError: it cannot.
    """
    if not out.resolve().parent.is_dir():
        raise ParameterError(f"--out {out}: フォルダがありません。先にフォルダを作ってください。")
    if out.resolve() in [path.resolve() for path in read]:
        raise ParameterError(f"--out {out}: 読むファイルと同じです。別の名前にしてください。")
    if out.exists() and not _holds_table(out, columns):
        raise ParameterError(
            f"--out {out}: 同じ名前の別のファイルがあります。上書きはしません。"
            "別の名前にしてください。"
        )


def _holds_table(path: Path, columns: Sequence[str]) -> bool:
    # Only its first line is read. An empty file holds nothing that could be lost.
    with path.open("rb") as file:
        first = file.readline(1000)
    return not first or bool(columns) and first.strip() == ",".join(columns).encode()
