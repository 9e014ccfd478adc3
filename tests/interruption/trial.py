"""One interruption after another: what must hold after each, and what did not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import AUDIT_NAME
from recruitlib.base.errors import AwaitingPerson, GuardError, IntegrityError
from tests.incidents.accident import RUN
from tests.interruption.faults import Fault
from tests.interruption.state import (
    State,
    find_clear,
    find_untold,
    look,
    read_people,
    read_progress,
    read_results,
)
from tests.interruption.workshop import Ended, Workshop

# With what a command ends that has been done already when it was broken off.
_DONE = (AwaitingPerson.exit_code, GuardError.exit_code, IntegrityError.exit_code)


class Trial(NamedTuple):
    """A command in a project, and what it leaves when nobody disturbs it."""

    start: str
    command: str
    results: dict[str, str]
    ended: Ended
    people: set[str]


class Outcome(NamedTuple):
    """What came of one interruption: what was lost (nothing, else why), and what it left for a while.

    ``left`` counts the files beside the record that the next run takes away, and ``broke`` says
    whether the command had not ended by itself before.
    """

    label: str
    losses: list[str]
    left: int
    broke: bool
    seconds: float


def begin_trial(workshop: Workshop, start: str, command: str) -> Trial:
    """Let a command run undisturbed, and read what it leaves."""
    project = workshop.copy(start)
    ended = workshop.run(project, command)
    return Trial(start, command, read_results(project), ended, read_people(project))


def interrupt(
    workshop: Workshop, trial: Trial, label: str, fault: Fault, again: Fault | None = None
) -> Outcome:
    """Break a command off, look, and run it again; give what was lost.

    Args:
        workshop: where.
        trial: the command, undisturbed.
        label: what is broken off, and where.
        fault: what breaks it off.
        again: what breaks off the second attempt, too.
    """
    began = time.monotonic()
    project = workshop.copy(trial.start)
    ended = fault(workshop, project, trial.command)
    losses, left = [], 0
    begun = (workshop.place / trial.start / RUN / AUDIT_NAME).exists()
    for step in ("", again) if again else ("",):
        if step:
            step(workshop, project, trial.command)
        state = look(project, begun=begun)
        left += len(state.problems)
        losses += [f"after: {loss}" for loss in _check_state(state)]
        untold = find_untold(project, state.problems)
        losses += [f"after: {name} is taken for whole" for name in untold]
        losses += [f"after: {name} holds a name" for name in _find(workshop, project, trial.people)]
    is_done = is_within(read_progress(project), trial.results)
    repeated = workshop.run(project, trial.command)
    losses += check_end(workshop, project, trial, repeated, is_done=is_done)
    return Outcome(
        label, losses, left, ended.exit_code != trial.ended.exit_code, time.monotonic() - began
    )


def is_within(progress: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a run is as far as another."""
    return all(wanted.get(name) == value for name, value in progress.items())


def check_end(
    workshop: Workshop, project: Path, trial: Trial, repeated: Ended, *, is_done: bool
) -> Iterator[str]:
    """Say in what the end differs from that of an undisturbed run.

    Args:
        workshop: where.
        project: where the command was typed again.
        trial: the command, undisturbed.
        repeated: how it ended when it was typed again.
        is_done: whether the run had come as far before: then it may be refused.
    """
    if repeated.exit_code != trial.ended.exit_code:
        if not is_done or repeated.exit_code not in _DONE:
            told = repeated.screen.strip().splitlines()[-1:]
            yield f"again: exit code {repeated.exit_code}: {told}"
        # It was done before it was broken off; the last seal may be missing.
        sealed = workshop.run(project, f"recruitlib seal {RUN}")
        if sealed.exit_code and not (project / RUN / "handover/disposal_report.pdf").exists():
            yield f"seal: {sealed.screen.strip().splitlines()[-1:]}"
    state = look(project, begun=True)
    yield from (f"again: {problem}" for problem in state.problems)
    if not state.clear:
        yield f"again: state {state.line}"
    yield from (
        f"again: {difference}" for difference in compare(read_results(project), trial.results)
    )
    yield from (f"again: {name} holds a name" for name in _find(workshop, project, trial.people))


def compare(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Say which results are missing, too many, or not those of an undisturbed run."""
    return [
        f"{name}: {found.get(name, 'missing') or 'there'} instead of {wanted.get(name, 'nothing') or 'there'}"
        for name in sorted({*found, *wanted})
        if found.get(name) != wanted.get(name)
    ]


def _check_state(state: State) -> Iterator[str]:
    if not state.clear:
        yield f"state {state.line and state.line[4:6]} story {state.story} verify {state.problems[:3]}"


def _find(workshop: Workshop, project: Path, people: Iterable[str]) -> list[str]:
    places = [project / name for name in ("runs", "register", "params")]
    return find_clear([*places, workshop.scratch], people)
