"""Kernels started ahead: the right modules, the keys of then, and none left behind.

Right values: what the notebooks import, by Python's own parser, and the processes of the system.
"""

from __future__ import annotations

import ast
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_core.utils import run_sync

from recruitlib.base.parameters import NOTEBOOKS, STAGES
from recruitlib.kernels import Kernels, end_kernel, list_modules
from recruitlib.pipeline import short_runtime_folder
from tests.conftest import ROOT


@pytest.fixture
def kernels() -> Iterator[Kernels]:
    with short_runtime_folder(), Kernels(ROOT) as own:
        yield own


def list_kernels() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [one for one in children if "ipykernel_launcher" in one.cmdline()]


@pytest.mark.parametrize("stage", STAGES)
def test_every_module_that_a_notebook_imports_is_read_ahead(stage: str) -> None:
    notebook = nbformat.read(ROOT / f"notebooks/{NOTEBOOKS[stage]}.ipynb", as_version=4)
    imported = {
        part.module
        for cell in notebook.cells
        if cell.cell_type == "code"
        for part in ast.walk(ast.parse(cell.source))
        if isinstance(part, ast.ImportFrom)
    }
    assert imported and imported <= set(list_modules(ROOT, stage))


def test_a_kernel_started_ahead_is_the_one_that_is_taken(kernels: Kernels) -> None:
    kernels.start_ahead("02")
    (ahead,) = list_kernels()
    taken = kernels.take("02")
    assert run_sync(taken.is_alive)() and list_kernels() == [ahead]
    end_kernel(taken)
    assert list_kernels() == []


def test_one_that_has_died_is_replaced(kernels: Kernels) -> None:
    kernels.start_ahead("02")
    (ahead,) = list_kernels()
    os.kill(ahead.pid, signal.SIGKILL)
    ahead.wait()
    taken = kernels.take("02")
    assert run_sync(taken.is_alive)() and ahead not in list_kernels()
    end_kernel(taken)


def test_one_that_is_not_needed_is_ended() -> None:
    with short_runtime_folder(), Kernels(ROOT) as own:
        own.start_ahead("06")
        assert len(list_kernels()) == 1
    assert list_kernels() == []


def test_of_a_notebook_that_cannot_be_read_nothing_is_read_ahead(tmp_path: Path) -> None:
    assert list_modules(tmp_path, "01") == []
