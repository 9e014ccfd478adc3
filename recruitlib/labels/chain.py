"""The font chain of a run: the office's own fonts first, then the installed IPAexゴシック."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.papers import default_font_path
from recruitlib.base.parameters import CODE_POINTS
from recruitlib.labels.fonts import LabelFont

PRIVATE_AREAS = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))


def open_chain(root: Path, entries: Sequence[str | Mapping[str, Any]]) -> list[LabelFont]:
    """Open the fonts of the parameter `label_fonts`, and behind them the default font.

    Args:
        root: the project folder, from which files are named.
        entries: file names, or mappings with `file`, `face` (of a collection) and `private_use`
            (the code points that this font is registered for, such as `U+F0000-U+F00FF`).

    Returns:
        the fonts in order of preference.

    Raises:
        ParameterError: a font cannot be used; all fonts and all their faults at once, each with
            what to use instead.
    """
    fonts, problems = [], []
    for entry in entries:
        own: Mapping[str, Any] = {"file": entry} if isinstance(entry, str) else entry
        texts = own.get("private_use", [])
        blocks = [_read_block(text) for text in texts]
        problems += [
            f"{Path(own['file']).name} の private_use: {text} は外字領域の範囲ではありません。"
            for text, block in zip(texts, blocks, strict=True)
            if not _is_private(block)
        ]
        try:
            fonts.append(LabelFont(root / own["file"], own.get("face"), blocks))
        except ParameterError as error:
            problems.append(str(error))
    raise_problems(ParameterError, problems, "label_fonts（追加の書体ファイル）")
    path = default_font_path()
    return [*fonts, _open_default(path, path.stat().st_mtime_ns)]


@lru_cache(maxsize=1)  # a stage asks for it several times
def _open_default(path: Path, changed: int) -> LabelFont:
    return LabelFont(path)


def _read_block(text: str) -> range:
    found = re.fullmatch(CODE_POINTS, text)
    first, last = (int(end, 16) for end in found.groups()) if found else (0, -1)
    return range(first, last + 1)


def _is_private(block: range) -> bool:
    return len(block) > 0 and any(block[0] in area and block[-1] in area for area in PRIVATE_AREAS)
