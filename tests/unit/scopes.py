"""The scope of the demonstration with some of it changed, for tests of what lies outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

DEMO = ROOT / "params/scope/demo.yaml"


def read_demo() -> dict[str, Any]:
    """Read the shipped scope of the demonstration as it is written."""
    content: dict[str, Any] = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    return content


def write_scope(folder: Path, **changes: object) -> str:
    """Write the demonstration's scope with some values changed; None leaves a key out."""
    content = {
        name: value for name, value in {**read_demo(), **changes}.items() if value is not None
    }
    path = folder / "scope.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return str(path)
