"""What the commands share: where a run lies, and of which kind it is."""

from __future__ import annotations

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
        )
    values: dict[str, Any] = read_yaml(folder / RUN_NAME)["01"]
    return values["run_id"], values["run_kind"] == "demonstration"


def read_run(parameters_file: Path) -> tuple[dict[str, Any], Path, Path]:
    """Read a run's parameters, the project folder and the folder of the run."""
    parameters = read_parameters(parameters_file.resolve())
    root = find_root(parameters_file.resolve().parent)
    return parameters, root, root / parameters["runs_folder"] / parameters["run_id"]


def check_out(out: Path, *read: Path) -> None:
    """Check that a file can be written, and is none of those that are read.

    Raises:
        ParameterError: it cannot.
    """
    if not out.resolve().parent.is_dir():
        raise ParameterError(f"--out {out}: フォルダがありません。先にフォルダを作ってください。")
    if out.resolve() in [path.resolve() for path in read]:
        raise ParameterError(f"--out {out}: 読むファイルと同じです。別の名前にしてください。")
