"""docs/accidents.md says what the tests do."""

from __future__ import annotations

import inspect

from docs.make_accidents import PAGE, render
from tests.incidents.accidents import ACCIDENTS


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "python -m docs.make_accidents"


def test_every_fault_is_told_under_its_row() -> None:
    untold = [
        accident.label
        for accident in ACCIDENTS
        if not (inspect.getdoc(accident.plant) or "").startswith(f"{accident.row}: ")
    ]
    assert untold == []
