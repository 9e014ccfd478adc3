"""Every published accident of the list happens to a run once more, and its guard stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.incidents.accident import Accident, happen, list_values, read_list, type_all
from tests.incidents.accidents import ACCIDENTS

TWINS = [accident for accident in ACCIDENTS if accident.twin]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.label)
def test_accident(accident: Accident, settle: Callable[[str], Path]) -> None:
    happen(accident, settle(accident.start))


@pytest.mark.soak
@pytest.mark.parametrize("accident", TWINS, ids=lambda accident: accident.label)
def test_clean_twin(accident: Accident, settle: Callable[[str], Path]) -> None:
    project = settle(accident.start)
    assert accident.twin
    accident.twin(project)
    typed = type_all(accident.commands)
    assert typed.exit_code == 0, typed.screen


def test_every_row_of_the_list_happens() -> None:
    assert {row["id"] for row in read_list()} <= {accident.row for accident in ACCIDENTS}


def test_no_two_accidents_have_one_name() -> None:
    labels = [accident.label for accident in ACCIDENTS]
    assert len(set(labels)) == len(labels)


def test_the_values_that_are_looked_for_are_the_wards(ward_project: Path) -> None:
    values = list_values(ward_project)
    assert len(values) > 5_000
