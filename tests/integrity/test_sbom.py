"""The list of all that is installed (SBOM) is whole, of the form it says, and of today's lock."""

from __future__ import annotations

import json
from importlib.metadata import distributions

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from docs.lock import LOCK, read_pins
from docs.make_sbom import DOCUMENT, render
from tests.integrity.test_lock import NOT_LOCKED


def test_the_list_is_that_of_the_lock() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "python -m docs.make_sbom"


def test_the_list_is_of_the_form_of_cyclonedx() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert json.loads(text)["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_every_pin_and_every_installed_package_is_on_the_list_and_wanted_by_somebody() -> None:
    made = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    listed = {(one["name"], one["version"]) for one in made["components"] if "version" in one}
    assert listed == {(pin.name, pin.version) for pin in read_pins(LOCK.read_text("utf-8"))}
    here = {(canonicalize_name(one.name), one.version) for one in distributions()}
    assert {one for one in here if one[0] not in NOT_LOCKED} <= listed
    wanted = {name for one in made["dependencies"] for name in one.get("dependsOn", [])}
    assert {one["bom-ref"] for one in made["components"]} == wanted
