"""What the accidents share: a copy of a checkpoint as the folder of work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import open_quickly


@pytest.fixture
def settle(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Give a copy of a checkpoint, which becomes the folder of work."""

    def copy(start: str) -> Path:
        project = tmp_path / "project"
        shutil.copytree(checkpoint(start), project)
        monkeypatch.chdir(project)
        open_quickly(monkeypatch)
        return project

    return copy
