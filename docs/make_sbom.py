"""Make the list of all that is installed with the package (SBOM, CycloneDX 1.6).

Run by a developer when the lock has changed: ``python -m docs.make_sbom``. The same lock gives the
same file, so that a test holds the two together.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import uuid
from collections.abc import Iterable

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from docs.lock import LOCK, OWN, ROOT, Pin, list_needed, read_licences, read_pins

DOCUMENT = ROOT / "docs/sbom.cdx.json"


def render() -> str:
    """Render the list: every pin with version, licence, who asks for it, and whether a run needs it."""
    content = LOCK.read_bytes()
    pins = read_pins(content.decode())
    licences, needed = read_licences(), list_needed(pins)
    own = _describe_own()
    components = {pin: _describe_pin(pin, licences[pin.name], pin.name in needed) for pin in pins}
    lock = Component(
        name=LOCK.name, type=ComponentType.FILE, bom_ref=LOCK.name,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())],
    )  # fmt: skip
    bom = Bom(
        # Of the lock, and of no clock and no chance.
        serial_number=uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=4),
        components=[lock, *components.values()], metadata=BomMetaData(component=own),
    )  # fmt: skip
    bom.register_dependency(own, [lock, *_find_wanted(OWN, components)])
    for pin, component in components.items():
        bom.register_dependency(component, _find_wanted(pin.name, components))
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    del made["metadata"]["timestamp"]
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _describe_own() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name=OWN, version=project["version"], type=ComponentType.APPLICATION, bom_ref=OWN,
        licenses=[LicenseExpression(project["license"])],
    )  # fmt: skip


def _describe_pin(pin: Pin, licence: str, is_needed: bool) -> Component:
    place = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name, version=pin.version, type=ComponentType.LIBRARY, purl=place,
        bom_ref=str(place), licenses=[LicenseExpression(licence)],
        scope=ComponentScope.REQUIRED if is_needed else ComponentScope.OPTIONAL,
        properties=[Property(name="recruitlib:marker", value=pin.marker)] if pin.marker else [],
    )  # fmt: skip


def _find_wanted(name: str, components: dict[Pin, Component]) -> Iterable[Component]:
    return [component for pin, component in components.items() if name in pin.wanted_by]


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
