"""The committed outputs are what the notebooks give on the small ward: nbval compares them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from recruitlib.base.parameters import NOTEBOOKS


def compare(project: Path, *stems: str) -> subprocess.CompletedProcess[str]:
    """Run notebooks in order under nbval, which compares every output with the committed one."""
    paths = [f"notebooks/{stem}.ipynb" for stem in stems]
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", *paths]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_all_notebooks_give_their_committed_outputs(project: Path) -> None:
    done = compare(project, *NOTEBOOKS.values())
    assert done.returncode == 0, done.stdout[-3000:]
    assert "failed" not in done.stdout
    assert " passed" in done.stdout


def test_the_comparison_sees_one_changed_number(project: Path) -> None:
    path = project / "notebooks/01_load_registry.ipynb"
    text = path.read_text(encoding="utf-8")
    assert ">127<" in text
    path.write_text(text.replace(">127<", ">128<"), encoding="utf-8")
    done = compare(project, NOTEBOOKS["01"])
    assert done.returncode == 1
    assert "127" in done.stdout
