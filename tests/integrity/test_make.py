"""Every part of `make test` and `make soak` is there: no target is dead, and none is left out."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.fuzz.forms import READERS

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGET = re.compile(r"^([a-z]+):([^#\n]*)(?:## (.*))?$", re.MULTILINE)
_MODULE, _SCRIPT = re.compile(r"/python -m ([\w.]+)"), re.compile(r"/python (\w+/\w+\.py)")


def find_part(pattern: str) -> str:
    found = re.search(pattern, MAKEFILE, re.MULTILINE)
    assert found, pattern
    return found[1]


def find_recipe(target: str) -> str:
    return find_part(rf"^{target}:.*\n((?:\t.*\n)+)")


def test_every_target_says_in_japanese_what_it_does_and_is_no_file() -> None:
    phony = find_part(r"^\.PHONY: (.*)$").split()
    found = TARGET.findall(MAKEFILE)
    assert {name for name, _, _ in found} == set(phony)
    assert all(re.search("[ぁ-ん一-龯]", told) for _, _, told in found)
    assert not [name for name in phony if (ROOT / name).is_file()]


@pytest.mark.parametrize("name", sorted({*_MODULE.findall(MAKEFILE), *_SCRIPT.findall(MAKEFILE)}))
def test_every_program_that_make_starts_is_there_and_does_something(name: str) -> None:
    if name in ("pip", "pytest", "venv"):
        return
    path = ROOT / name.replace(".py", "").replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    assert 'if __name__ == "__main__":' in file.read_text(encoding="utf-8") or path.is_dir()


def test_make_soak_does_in_full_what_make_test_does_a_sample_of() -> None:
    recipe = find_recipe("soak")
    assert "-m pytest -m soak" in recipe
    for part in ("tests.soak.labels", "tests.interruption.table", "tests.soak.runs --runs 100"):
        assert f"/python -m {part}\n" in recipe
    assert "tests.fuzz $$reader --minutes 30" in recipe
    named = find_part(r"^READERS := (.*)$").split()
    assert named == list(READERS)


def test_there_are_tests_that_make_soak_runs_and_make_test_leaves_out() -> None:
    marked = [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")
        if "@pytest.mark.soak\n" in path.read_text(encoding="utf-8")
    ]  # fmt: skip
    assert "tests/integrity/test_silence.py" in marked
    options = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "-m 'not soak'" in options
    assert "-m pytest -n auto" in find_recipe("test") and " -m soak" not in find_recipe("test")
