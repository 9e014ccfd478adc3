"""Lines that a person types into the project's own copy of a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def put_before(project: Path, stage: str, line: str, typed: str) -> None:
    """Type a line into a notebook, right before the line that begins with some text."""
    _change(project, stage, line, lambda found: f"{typed}\n{found}")


def put_in_place(project: Path, stage: str, line: str, typed: str) -> None:
    """Type a line in place of the one that begins with some text."""
    _change(project, stage, line, lambda found: typed)


def _change(project: Path, stage: str, line: str, change: Callable[[str], str]) -> None:
    (path,) = (project / "notebooks").glob(f"{stage}_*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = 0
    for cell in notebook["cells"]:
        lines = "".join(cell["source"]).split("\n") if cell["cell_type"] == "code" else []
        for at, own in enumerate(lines):
            if own.startswith(line):
                lines[at] = change(own)
                found += 1
                cell["source"] = "\n".join(lines)
    assert found == 1, line
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
