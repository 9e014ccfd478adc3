"""For every guard an accident that it stops, and that gets through where it always says yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recruitlib.base.guards import GUARDS
from tests.incidents.accident import list_refusals, read_all
from tests.incidents.guards_off import (
    CHANGES,
    PAIRS,
    Pair,
    copy_package,
    find_accident,
    get_through,
    happen_without,
)

# One that is asked like most, one with a change of its own, one that is asked of a file.
SAMPLE = ("registry.every_row_counted", "record.chain_intact", "record.no_personal_data")


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(pair, marks=() if pair.guard in SAMPLE else pytest.mark.soak, id=pair.guard)
        for pair in PAIRS
    ],
)
def test_the_accident_gets_through_without_its_guard(
    pair: Pair, settle: Callable[[str], Path], tmp_path: Path
) -> None:
    get_through(pair, settle(find_accident(pair.accident).start), tmp_path / "copy")


@pytest.mark.soak
@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair.behind], ids=lambda pair: pair.guard
)
def test_the_guard_behind_stops_it_where_only_the_first_is_off(
    pair: Pair, settle: Callable[[str], Path], tmp_path: Path
) -> None:
    accident = find_accident(pair.accident)
    project = settle(accident.start)
    typed = happen_without([pair.guard], accident, project, tmp_path / "copy")
    assert typed.exit_code == GUARDS[pair.behind[0]].error.exit_code, typed.screen
    assert list_refusals(read_all(project / "runs" / accident.run_id))[-1:] == [pair.behind[0]]


def test_every_guard_has_an_accident_that_needs_it() -> None:
    assert [pair.guard for pair in PAIRS] == list(GUARDS)


def test_a_guard_is_named_as_it_stops_its_accident() -> None:
    stopped = {pair.guard: find_accident(pair.accident).guard for pair in PAIRS}
    # What was changed between two stages is found before the later one can ask.
    assert {guard for guard, by in stopped.items() if by != guard} == {"record.chain_intact"}


def test_a_copy_is_not_made_of_a_source_that_no_change_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = CHANGES["record.chain_intact"][0]._replace(old="no such line")
    monkeypatch.setitem(CHANGES, "record.chain_intact", (fault,))
    with pytest.raises(AssertionError, match="no such line"):
        copy_package(tmp_path, "record.chain_intact")
