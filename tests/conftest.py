"""What tests share: a project folder of their own with the small invented ward."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage
import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

from recruitlib.base.errors import AwaitingPerson
from recruitlib.pipeline import run_pipeline
from recruitlib.synth.ward import make_ward
from tests.browser.sockets import REFUSED, refuse_call
from tests.locks import lock_quickly

# The same examples in every run: a test that fails by chance tells nobody what to mend.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
WARD = "inputs/test_ward"
PARAMETERS = "params/test_ward.yaml"

_lock_slowly = pyrage.passphrase.encrypt


@pytest.fixture(scope="session", autouse=True)
def quick_locks() -> Iterator[None]:
    """Lock the keys that tests make with little work: each opening would take a second or two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyrage.passphrase, "encrypt", lock_quickly)
        yield


@pytest.fixture
def slow_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock the keys of one test as in production."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", _lock_slowly)


@pytest.fixture(scope="session", autouse=True)
def silence() -> Iterator[None]:
    """Let no command that a test types into its own process ask anybody on a network."""
    sys.addaudithook(refuse_call)
    yield
    assert set() == REFUSED, "something asked the network and hid that it was refused"


@pytest.fixture(scope="session", autouse=True)
def own_scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the runs of tests a temporary folder of their own: 06 searches it for copies of a ward.

    A short one, since the kernels' sockets lie in it; pytest has settled its own folder before.
    """
    tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="rl") as scratch:
        patch.setenv("TMPDIR", scratch)
        patch.setattr("tempfile.tempdir", None)
        yield


def copy_project(target: Path) -> Path:
    """Copy what a run needs of the project."""
    for name in ("params", "notebooks"):
        shutil.copytree(
            ROOT / name, target / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
    return target


Made = Callable[[str], Path]
_STEPS = {"loaded": "01", "matched": "02", "reviewed": "03", "printed": "04", "handed": "05"}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give the project of the small ward as a clean run left it, to be copied and not to be changed.

    Each is made once for all workers: "ward" is not yet run, the others are run through a stage.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def find(name: str) -> Path:
        target = shared / f"small_{name}"
        with FileLock(f"{target}.lock"):
            if not target.exists():
                half = shared / f"half_{name}"
                if name == "ward":
                    copy_project(half)
                    make_ward(half / WARD, 1_500, 2026, half / "params/towns/131041.csv")
                else:
                    before = ["ward", *_STEPS][list(_STEPS).index(name)]
                    shutil.copytree(find(before), half)
                    stage = _STEPS[name]
                    run_pipeline(half / PARAMETERS, stage, stage, say=lambda line: None)
                half.rename(target)
        return target

    return find


@pytest.fixture(scope="session")
def ward_project(checkpoint: Made) -> Path:
    """Give a project with the small ward, to be copied and not to be changed."""
    return checkpoint("ward")


@pytest.fixture(scope="session")
def reviewed_project(checkpoint: Made) -> Path:
    """Give the small ward, run through 03, to be copied and not to be changed."""
    return checkpoint("reviewed")


@pytest.fixture(scope="session")
def handed_project(checkpoint: Made) -> Path:
    """Give the small ward, run through 05, to be copied and not to be changed."""
    return checkpoint("handed")


@pytest.fixture
def project(ward_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, not yet run."""
    return settle(ward_project, tmp_path, monkeypatch)


@pytest.fixture
def reviewed(reviewed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, run through 03."""
    return settle(reviewed_project, tmp_path, monkeypatch)


def settle(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy a project for one test, and go there."""
    project = tmp_path / "project"
    shutil.copytree(source, project)
    monkeypatch.chdir(project)
    return project


def change_parameters(project: Path, **values: object) -> None:
    """Change values of the small ward's parameter file."""
    path = project / PARAMETERS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content.update(values)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


@pytest.fixture
def run_quietly(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Run the small ward of a project without printing."""

    def run(project: Path, first: str = "01", last: str = "05") -> Path:
        return run_pipeline(project / PARAMETERS, first, last, say=lambda line: None)

    return run


__all__ = ["PARAMETERS", "ROOT", "WARD", "AwaitingPerson", "change_parameters", "copy_project",
           "settle"]  # fmt: skip
