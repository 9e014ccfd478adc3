"""What the tests of the fleet share: projects of their own, each with the small ward."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import pytest

from tests.conftest import PARAMETERS, Made

Place = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def place(checkpoint: Made, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Place a project at a stage under a name; give its parameter file."""
    base = tmp_path_factory.mktemp("wards")

    def copy(name: str, stage: str) -> Path:
        shutil.copytree(checkpoint(stage), base / name)
        return base / name / PARAMETERS

    return copy


def plant_fault(file: Path) -> Path:
    """Say one line less than the registry has, as where a file has been cut off on its way."""
    text = file.read_text(encoding="utf-8")
    assert "registry_total: 1776" in text
    file.write_text(text.replace("registry_total: 1776", "registry_total: 1775"), encoding="utf-8")
    return file


@contextmanager
def open_inner_cluster() -> Iterator[distributed.Client]:
    """Open a cluster of one worker within this process, which talks as a real one does."""
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, host="127.0.0.1", protocol="tls://",
            security=distributed.Security.temporary(), dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        yield client
