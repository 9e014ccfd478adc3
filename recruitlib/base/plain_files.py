"""The files that are given to a run: plain ones that can be read, of a size that their kind has."""

from __future__ import annotations

import stat
from pathlib import Path

from recruitlib.base.errors import FormError, RecruitError


def require_plain(path: Path, error: type[RecruitError] = FormError, largest: int = 0) -> None:
    """Require that a path leads to a plain file that can be read, before anything of it is read.

    A device never ends, a pipe never begins, and a folder is no file. Symbolic links are followed.

    Args:
        path: the file.
        error: what to raise.
        largest: how many bytes it may have; 0 for any number.

    Raises:
        error: it is missing, no plain file, cannot be opened, or is too large.
    """
    try:
        found = path.stat()
        is_plain = stat.S_ISREG(found.st_mode)
        if is_plain:
            path.open("rb").close()
    except FileNotFoundError:
        raise error(f"{path.name}: ファイルがありません。場所と名前を確かめてください。") from None
    except (OSError, ValueError) as cause:  # ValueError: a name with a NUL in it
        raise error(
            f"{path.name}: 開けません（{type(cause).__name__}）。ファイルの名前と権限を確かめてください。"
        ) from None
    if not is_plain:
        raise error(
            f"{path.name}: 開けません（フォルダや装置などで、ふつうのファイルではありません）。"
            "ファイルの名前を確かめてください。"
        )
    if largest and found.st_size > largest:
        raise error(
            f"{path.name}: 大きすぎます（上限{largest // 1_000_000}MB）。ファイルを確かめてください。"
        )
