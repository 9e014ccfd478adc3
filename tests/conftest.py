"""What tests share: a project folder of their own with the small invented ward."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage
import pytest
import yaml
from hypothesis import settings

from recruitlib.base.errors import AwaitingPerson
from recruitlib.pipeline import run_pipeline
from recruitlib.synth.ward import make_ward
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


@pytest.fixture(scope="session")
def ward_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with the small ward, to be copied and not to be changed."""
    project = copy_project(tmp_path_factory.mktemp("ward"))
    make_ward(project / WARD, 1_500, 2026, project / "params/towns/131041.csv")
    return project


@pytest.fixture(scope="session")
def reviewed_project(ward_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small ward through 03, to be copied and not to be changed."""
    project = tmp_path_factory.mktemp("reviewed") / "project"
    shutil.copytree(ward_project, project)
    run_pipeline(project / PARAMETERS, last="03", say=lambda line: None)
    return project


@pytest.fixture(scope="session")
def printed_project(reviewed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small ward through 04, to be copied and not to be changed."""
    project = tmp_path_factory.mktemp("printed") / "project"
    shutil.copytree(reviewed_project, project)
    run_pipeline(project / PARAMETERS, "04", "04", say=lambda line: None)
    return project


@pytest.fixture(scope="session")
def handed_project(printed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small ward through 05, to be copied and not to be changed."""
    project = tmp_path_factory.mktemp("handed") / "project"
    shutil.copytree(printed_project, project)
    run_pipeline(project / PARAMETERS, "05", "05", say=lambda line: None)
    return project


@pytest.fixture
def project(ward_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, not yet run."""
    return _settle(ward_project, tmp_path, monkeypatch)


@pytest.fixture
def reviewed(reviewed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, run through 03."""
    return _settle(reviewed_project, tmp_path, monkeypatch)


def _settle(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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


__all__ = ["PARAMETERS", "ROOT", "WARD", "AwaitingPerson", "change_parameters", "copy_project"]
