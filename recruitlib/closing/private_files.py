"""Private files: which files of a run may hold personal data, and which of them go last."""

from __future__ import annotations

import re
from pathlib import Path

from recruitlib.base.vault import KEY_NAME, PRIVATE

# What programs leave beside a file that they have open, or were about to write.
_TEMPORARY = re.compile(r"~\$.*|\.~lock\..*|.*~|.*\.(?:tmp|temp|bak|swp|partial)", re.IGNORECASE)
_CHECKPOINTS = ".ipynb_checkpoints"


def is_temporary(path: Path) -> bool:
    """Whether a file is one that a program leaves behind: a checkpoint, a lock, a backup."""
    return _CHECKPOINTS in path.parts or bool(_TEMPORARY.fullmatch(path.name))


def list_private(folder: Path) -> list[str]:
    """List every file that may hold personal data, the run's key and the scan's words left out.

    What JupyterLab, a spreadsheet or an interrupted write may have left in the run's folder counts
    as well.
    """
    return sorted(
        name
        for name in list_files(folder)
        if (Path(name).parts[0] == PRIVATE or is_temporary(Path(name)))
        and not _goes_last(Path(name))
    )


def list_last(folder: Path) -> list[str]:
    """List what is erased last, the run's key at the end: without it nothing else can be opened."""
    names = [name for name in list_files(folder) if Path(name).parts[0] == PRIVATE]
    return sorted(names, key=lambda name: (Path(name).name == KEY_NAME, name))


def list_files(folder: Path) -> list[str]:
    """List the files and links of a folder by their path in it."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() or path.is_symlink()
    ]


def _goes_last(path: Path) -> bool:
    return path.parent.name == PRIVATE and (
        path.name == KEY_NAME or (path.name.startswith("terms_") and path.suffix == ".age")
    )
