"""What the commands share: where a run lies, and of which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from recruitlib.base.audit import AUDIT_NAME
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import STAGES, find_root, read_parameters, read_yaml
from recruitlib.base.run import RUN_NAME
from recruitlib.base.status import Tell, open_log

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
RUN = click.Path(path_type=Path, exists=True, file_okay=False)
# What the commands share that run notebooks.
_STAGE = click.Choice(STAGES)
FIRST = click.option("--from", "first", type=_STAGE, default="01", help="この段階から始めます。")
LAST = click.option("--through", "last", type=_STAGE, default="05", help="この段階で止めます。")
LOG = click.option(
    "--log", default="",
    help="出来事を1行ずつ JSON で書き足すファイル（個人の情報は入りません）。- は標準出力です。",
)  # fmt: skip


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


def require_listed(root: Path, demonstration: bool, staff_id: str) -> None:
    """Require a listed officer before the passphrase is asked for, where no run says which list.

    Raises:
        ParameterError: nobody is listed under the staff id; of the real list, says that it is that.
    """
    from recruitlib.base.office import REAL_ONES
    from recruitlib.base.officers import read_officers, require_officer

    try:
        require_officer(read_officers(root, demonstration), staff_id)
    except ParameterError as unlisted:
        raise ParameterError(f"{unlisted}{'' if demonstration else REAL_ONES}") from None


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


def check_out(out: Path, *read: Path, columns: Sequence[str] = (), within: str = "") -> None:
    """Check that a file can be written, is none of those that are read, and replaces nothing else.

    It may not lie among what a project holds itself: a stranger there fails its verification.

    Args:
        out: the file to be written.
        read: the files that the command reads.
        columns: of the table that the command writes; an earlier one of it may be replaced.
        within: the project's own folder that the command may write to, such as ``params``.

    Raises:
        ParameterError: it cannot.
    """
    from recruitlib.base.exports import OUTSIDE

    if not out.resolve().parent.is_dir():
        raise ParameterError(f"--out {out}: フォルダがありません。先にフォルダを作ってください。")
    if out.resolve() in [path.resolve() for path in read]:
        raise ParameterError(f"--out {out}: 読むファイルと同じです。別の名前にしてください。")
    if _is_own_place(out.resolve(), within):
        raise ParameterError(f"--out {out}: {OUTSIDE}")
    if out.exists() and not _holds_table(out, columns):
        raise ParameterError(
            f"--out {out}: 同じ名前の別のファイルがあります。上書きはしません。"
            "別の名前にしてください。"
        )


def read_log(log: str) -> Tell | None:
    """Open the log that ``--log`` names, if any.

    Raises:
        ParameterError: it lies among what a project holds itself, or cannot be written.
    """
    from recruitlib.base.exports import OUTSIDE

    if not log:
        return None
    if log != "-" and _is_own_place(Path(log).resolve(), ""):
        raise ParameterError(f"--log {log}: {OUTSIDE}")
    return open_log(log)


def _is_own_place(target: Path, within: str) -> bool:
    """Whether a file would lie in an own folder of the project around it, wherever the officer is."""
    from recruitlib.base.exports import list_own_folders

    try:
        root = find_root(target.parent)
    except ParameterError:
        return False
    if within and target.is_relative_to(root / within):
        return False
    runs = {path.parents[1].name for path in root.glob(f"*/*/{AUDIT_NAME}")}
    return any(target.is_relative_to(folder) for folder in list_own_folders(root, *runs))


def _holds_table(path: Path, columns: Sequence[str]) -> bool:
    # Only its first line is read. An empty file holds nothing that could be lost.
    with path.open("rb") as file:
        first = file.readline(1000)
    return not first or bool(columns) and first.strip() == ",".join(columns).encode()
