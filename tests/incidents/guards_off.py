"""Guards switched off: which accident gets through where one guard of a copy always says yes.

The package has no such switch. The tests copy it, change the copy's source and run the real
notebooks with it, in processes of their own.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.run import list_completed
from tests.conftest import PARAMETERS, ROOT
from tests.incidents.accident import (
    Accident,
    Typed,
    run_stages,
    type_all,
    type_here,
    type_into,
)
from tests.incidents.accidents import ACCIDENTS
from tests.terminal import SHOWN, TICKS, find_value

_ASKED = '    answer = "no" if problems else "yes"\n'


class Change(NamedTuple):
    """One change of the copy's source: this text, which stands once in the module, for another."""

    module: str
    old: str
    new: str


class Pair(NamedTuple):
    """A guard, and the accident that gets through without it.

    Attributes:
        guard: which is switched off.
        accident: its label; it happens as in ``test_accidents.py``, where the guard stops it.
        behind: the guards behind it, which have to be switched off as well.
        acts: what people still do on the way, where the stage waits for somebody: each command
            may stop, as the stage that asks for an approval does, but the last must not.
    """

    guard: str
    accident: str
    behind: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()


_APPROVE = f'recruitlib approve {PARAMETERS} --digest "{SHOWN}" {TICKS} --by 見本B'

# Most guards are asked in one place; these look while they read, or before the record is open.
CHANGES = {
    "registry.form_known": (
        Change(
            "registry/extract.py",
            "from recruitlib.base.errors import FormError, ParameterError, raise_problems\n",
            "from recruitlib.base.errors import FormError, ParameterError\n\n\n"
            "def raise_problems(*told: object) -> None:\n    pass\n\n\n",
        ),
    ),
    # What does not fit would stop the drawing of its whole lot.
    "labels.nothing_clipped": (
        Change("labels/press.py", "        if misfits.empty:\n", "        if True:\n"),
        Change("labels/press.py", " else next(own) for", " else next(own, _EMPTY) for"),
    ),
    "record.no_personal_data": (
        Change(
            "base/record.py",
            "    hits = scanner.count(place, path.read_bytes(), page) + pictures\n",
            "    hits = 0\n",
        ),
    ),
    "record.chain_intact": (
        Change(
            "base/run.py",
            "    problems = check_outputs(folder, entries, STAGES[: STAGES.index(number)])\n",
            "    problems: list[str] = []\n",
        ),
    ),
}

PAIRS = (
    Pair("registry.form_known", "A03-homes_shifted_under_a_filter"),
    Pair("registry.every_row_counted", "G01-rows_lost_at_the_end"),
    Pair("registry.base_date", "A14-last_years_extract"),
    Pair("cohort.birth_range", "A10-end_of_one_year_lost"),
    Pair("cohort.status_retested", "A15-movers_out_let_through"),
    Pair("protection.list_fresh", "A37-last_months_list"),
    Pair("protection.every_row_found", "G05-id_alone_on_print_day"),
    Pair("registry.rows_decided", "A55-births_unsure"),
    Pair("optouts.rows_decided", "A57-lots_as_days"),
    Pair("optouts.total_agrees", "A18-one_on_its_way"),
    Pair("optouts.complete", "A62-exported_before_the_deadline"),
    Pair("optouts.one_end_each", "G02-application_dropped"),
    Pair("cohort.not_supplied", "G03-people_supplied_again"),
    Pair("optouts.all_decided", "A19-linked_by_one_officer", acts=(_APPROVE, run_stages("03"))),
    Pair("exclusion.whole_records", "A01-names_moved_up"),
    Pair("exclusion.zero_leak", "G04-excluded_person_put_back"),
    Pair("review.counts_balance", "A45-counts_edited_during_the_review"),
    Pair("review.approved", "A65-colleagues_id"),
    Pair(
        "labels.every_character", "A60-gaiji_not_registered",
        ("labels.nothing_clipped", "labels.print_is_approved"),
    ),
    Pair("labels.nothing_clipped", "A49-building_without_room", ("labels.print_is_approved",)),
    Pair("labels.print_is_approved", "A05-list_keyed_in_again"),
    Pair("labels.only_allowed_items", "A50-name_in_the_title"),
    Pair("handover.within_scope", "A68-postal_code_outside_the_scope"),
    Pair("handover.delta_settled", "G10-another_delta_confirmed"),
    Pair("handover.conditions_met", "G06-handler_not_designated"),
    Pair("handover.checklists_met", "G07-nothing_attested"),
    Pair("handover.serials_complete", "A44-sheet_lost"),
    Pair("record.no_personal_data", "G08-name_in_the_record"),
    Pair("record.chain_intact", "G09-counts_changed_alike"),
    Pair("closing.nothing_left", "A51-copy_in_checkpoints"),
)  # fmt: skip


def find_accident(label: str) -> Accident:
    """Find an accident by the id of its test."""
    return next(accident for accident in ACCIDENTS if accident.label == label)


def copy_package(target: Path, *guards: str) -> Path:
    """Copy the package with these guards switched off.

    Returns:
        the folder in which the copy lies.

    Raises:
        AssertionError: the source is not what a change expects.
    """
    copy = target / "recruitlib"
    shutil.copytree(ROOT / "recruitlib", copy)
    asked = Change(
        "base/run.py", _ASKED, f"    problems = [] if name in {guards} else problems\n{_ASKED}"
    )
    for change in (asked, *(change for name in guards for change in CHANGES.get(name, ()))):
        path = copy / change.module
        source = path.read_text(encoding="utf-8")
        assert source.count(change.old) == 1, f"{change.module}: {change.old}"
        path.write_text(source.replace(change.old, change.new), encoding="utf-8")
    return target


def get_through(pair: Pair, project: Path, target: Path) -> None:
    """Let an accident happen without its guard, and require that it gets through.

    The folder of work is the project.

    Args:
        pair: guard and accident.
        project: a copy of the accident's checkpoint.
        target: where the copy of the package may lie.
    """
    accident = find_accident(pair.accident)
    typed = happen_without((pair.guard, *pair.behind), accident, project, target, pair.acts)
    assert typed.exit_code == 0, typed.screen
    entries = read_entries(project / "runs" / accident.run_id)
    answers = [
        entry["facts"]["answer"] for entry in entries
        if entry["event"] == "guard" and entry["facts"]["guard"] == pair.guard
    ]  # fmt: skip
    assert answers[-1:] == ["yes"]
    words = accident.commands[-1].split()
    if "--through" in words:
        assert words[words.index("--through") + 1] in list_completed(entries)


def happen_without(
    guards: Sequence[str], accident: Accident, project: Path, target: Path,
    acts: Sequence[str] = (),
) -> Typed:  # fmt: skip
    """Let an accident happen without some guards.

    Args:
        guards: which are switched off.
        accident: what happens.
        project: a copy of its checkpoint.
        target: where the copy of the package may lie.
        acts: as of ``Pair``.

    Returns:
        what the last command showed.
    """
    package = copy_package(target, *guards)
    accident.plant(project)
    is_stage = accident.commands[-1].startswith("recruitlib run ")
    with pytest.MonkeyPatch.context() as patch:
        # A stage runs in a kernel, which finds the copy; what asks elsewhere needs a process.
        patch.setenv("PYTHONPATH", str(package))
        type_one = type_here if is_stage else type_into(package)
        typed = type_all(accident.commands, type_one)
        for command in acts:
            typed = type_one(command.replace(SHOWN, find_value(typed.screen)))
    return typed
