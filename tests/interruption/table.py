"""The interruption table: every fault of machines, what was lost (nothing), and how long it took.

``python -m tests.interruption.table`` does everything and writes ``docs/reliability.md``; with the
names of parts it does those, and keeps the other lines where the program has not changed since. The
short parts come first: what is noted of a run that was not awaited to its end is useful.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from recruitlib.base.audit import digest_bytes, group_digest
from recruitlib.base.parameters import STAGE_NAMES, STAGES
from tests.conftest import ROOT
from tests.interruption import faults, others
from tests.interruption.acts import prepare_acts
from tests.interruption.trial import Outcome, Trial, begin_trial, interrupt
from tests.interruption.workshop import Workshop, make_projects, open_workshop, run_stage

DOCUMENT = ROOT / "docs/reliability.md"
KILLS, SEED = 200, 2026
SMALL_DISK = "small disk"
_HEAD = "| fault | where | cases | broken off | losses | left until the next run | seconds |"
_TEXT = """# Reliability: nothing is lost when things break

Written by `python -m tests.interruption.table` (in `make soak`); anybody can run it again. Each case
begins with a copy of a clean run of the small invented ward, breaks a command off, looks at the folder
as an officer can, and types the same command again.

After every interruption, and again at the end, this must hold; anything else counts as a loss:

- The record is whole or `verify` names what is not: no file is in the folder, half written or without
  its stage being complete, that is not named. `runs` tells how far the run is and what to type.
- The same command ends it. Where the run had come as far before it was broken off, the command may be
  refused (exit code 12, 13 or 15); `recruitlib seal` then sets the last seal where it is missing.
- Counts, decrypted tables, drawn pages of the label PDFs, approval value, states of all serials, the
  office's register and the files of the officers are those of a run that nobody has disturbed.
- No name, reading or number of anybody in the ward (of more than three characters: shorter ones stand
  in many a word) is in the clear in the run's folder, the register, the parameters or the temporary
  folder. Nothing is beside the record.

How it is broken off:

- **Every write**: killed (SIGKILL, launcher and kernel) just before a file is moved into its place,
  removed or opened to be written; at every other one the file is left half written (not what lay on the
  disk, whole, before the record was written that vouches for it). Of saves of the
  executed notebook that follow one another, between which nothing else is written, the first is taken.
- **Random moments**: killed at {kills} moments over the whole length of the stages (seed {seed}); every
  tenth is killed a second time.
- **Kernel**: the kernel alone is killed. **Launcher**: the launcher alone, and the same command follows
  at once, while the kernel that was left behind may still be at work.
- **Small disk**: the run lies on a disk of its own with a few bytes or kilobytes left, where the system
  lets one be mounted (as root). **Disk full**: the system refuses to open files from some write on.
  **Read-only**: it refuses every write from some on.
- **Two at once**: the same command twice, at the same moment and a little later: one of them is refused
  with exit code 13 and has changed nothing. Also beside an act on the serials, and beside the
  live session. Nothing is broken off in these.
- **Clock**: the clock of the PC stands an hour before the last entry of the record, and the day of the
  stage or act is the system's: 01 to 05 and an act do not begin (exit code 13), closing is not kept
  waiting.

State of the program: `{code}` (digest of `recruitlib` and `notebooks`; all lines are of this state).

"""
_NO_DISK = "Small disk: left out, because no disk could be mounted here."


class Row(NamedTuple):
    """A line of the table: a fault at one place, and what came of all its cases."""

    fault: str
    where: str
    cases: int
    broke: int
    losses: int
    left: int
    seconds: float

    def write(self) -> str:
        """Write the line."""
        return "| " + " | ".join(map(str, (*self[:-1], round(self.seconds)))) + " |"


# Beside every write, which is told by stage.
FAULTS = (
    "random moment", "kernel", "launcher", "disk full", "read-only", "two at once", "clock",
)  # fmt: skip

Part = Callable[[Workshop, dict[str, Trial], random.Random], Iterator[tuple[str, str, Outcome]]]


def kill_at_writes(
    stage: str, workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Kill a stage at every write."""
    trial = trials[stage]
    for number in choose_writes(trial.ended.writes):
        label = f"{stage} write {number} {trial.ended.writes[number - 1]}"
        outcome = interrupt(workshop, trial, label, faults.at_write(number))
        yield "every write", _name(stage), outcome


def choose_writes(writes: list[str]) -> Iterator[int]:
    """Choose writes by number: of saves of a notebook that follow one another, the first."""
    for number, name in enumerate(writes, start=1):
        if number == 1 or name != writes[number - 2] or not name.endswith(".ipynb"):
            yield number


def kill_at_random(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Kill the stages at random moments; every tenth a second time."""
    for number in range(KILLS):
        stage = STAGES[number % len(STAGES)]
        trial = trials[stage]
        moments = [chance.uniform(0, trial.ended.seconds) for _ in range(2)]
        again = faults.after_seconds(moments[1]) if number % 10 == 0 else None
        label = f"{stage} after {moments[0]:.2f} s"
        fault = faults.after_seconds(moments[0])
        yield "random moment", _name(stage), interrupt(workshop, trial, label, fault, again)


def kill_acts(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Kill the acts of officers at every write."""
    for name, command in prepare_acts(workshop):
        trial = begin_trial(workshop, name, command)
        assert trial.ended.exit_code == 0, trial.ended.screen
        for number in range(1, len(trial.ended.writes) + 1):
            label = f"{name} write {number} {trial.ended.writes[number - 1]}"
            outcome = interrupt(workshop, trial, label, faults.at_write(number))
            yield "every write", f"`{' '.join(command.split()[:2])}` ({name})", outcome


def kill_kernels(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Kill the kernel alone, twice in each stage."""
    for stage, trial in trials.items():
        for _ in range(2):
            moment = chance.uniform(0, trial.ended.seconds)
            fault = faults.kernel_after_seconds(moment)
            yield (
                "kernel",
                _name(stage),
                interrupt(workshop, trial, f"{stage} kernel {moment:.2f}", fault),
            )


def fill_disk(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Fill the disk, really where one can be mounted, and by refusing to open files."""
    is_mounted = faults.can_mount()
    for stage, trial in trials.items():
        for free in (0, 65_536) if is_mounted else ():
            fault = faults.disk_full(free)
            outcome = interrupt(workshop, trial, f"{stage} {free} free", fault)
            yield SMALL_DISK, _name(stage), outcome
        yield from _refuse(workshop, stage, trial, chance, "ENOSPC", "disk full")


def refuse_writes(
    workshop: Workshop, trials: dict[str, Trial], chance: random.Random
) -> Iterator[tuple[str, str, Outcome]]:
    """Let every write fail from some on, as where the folder has become read-only."""
    for stage, trial in trials.items():
        yield from _refuse(workshop, stage, trial, chance, "EROFS", "read-only")


def _refuse(
    workshop: Workshop, stage: str, trial: Trial, chance: random.Random, error: str, fault: str
) -> Iterator[tuple[str, str, Outcome]]:  # fmt: skip
    last = len(trial.ended.writes)
    for number in [1, *sorted(chance.sample(range(2, last), 2))]:
        label = f"{stage} {error} from {number}"
        broken = faults.at_write(number, error)
        yield fault, _name(stage), interrupt(workshop, trial, label, broken)


PARTS: dict[str, Part] = {
    "random": kill_at_random, "kernels": kill_kernels, "launchers": others.kill_launchers,
    "clock": others.set_clock_back, "twice": others.start_twice, "read_only": refuse_writes,
    "disk": fill_disk, "acts": kill_acts,
    **{f"writes_{stage}": partial(kill_at_writes, stage) for stage in STAGES},
}  # fmt: skip


def run_parts(names: Iterable[str]) -> Iterator[list[Row]]:
    """Run parts of the table; give the lines of each when it has ended."""
    with open_workshop() as workshop:
        make_projects(workshop)
        trials = {stage: begin_trial(workshop, stage, run_stage(stage)) for stage in STAGES}
        for part in names:
            rows: dict[tuple[str, str], Row] = {}
            for fault, where, outcome in PARTS[part](workshop, trials, random.Random(SEED)):
                for loss in outcome.losses:
                    print(f"LOST {outcome.label}: {loss}", flush=True)
                old = rows.get((fault, where), Row(fault, where, 0, 0, 0, 0, 0.0))
                rows[fault, where] = Row(
                    fault, where, old.cases + 1, old.broke + outcome.broke,
                    old.losses + bool(outcome.losses), old.left + outcome.left,
                    old.seconds + outcome.seconds,
                )  # fmt: skip
                print(f"{outcome.label}: {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
            yield list(rows.values())


def _name(stage: str) -> str:
    return f"{stage} {STAGE_NAMES[stage]}"


def digest_code() -> str:
    """Digest the program and its notebooks: lines of two states make no table."""
    paths = [*(ROOT / "recruitlib").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    return group_digest(digest_bytes(b"".join(path.read_bytes() for path in sorted(paths))))


def read_code(text: str) -> str:
    """Read of which state of the program a document tells."""
    return "".join(re.findall(r"^State of the program: `([^`]*)`", text, re.MULTILINE))


def read_rows(text: str) -> list[Row]:
    """Read the lines of the table out of the document."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(Row._fields) and cells[2].isdigit() and not cells[0].startswith("**"):
            rows.append(Row(*cells[:2], *map(int, cells[2:6]), float(cells[6])))  # type: ignore[call-arg]
    return rows


def render(rows: Iterable[Row], code: str) -> str:
    """Render the document, for a state of the program."""
    rows = [row._replace(seconds=round(row.seconds)) for row in rows]
    total = Row("**all**", "", *(sum(row[at] for row in rows) for at in range(2, 7)))  # type: ignore[arg-type]
    rule = "|---|---|" + "---:|" * 5
    lines = [_HEAD, rule, *(row.write() for row in (*rows, total))]
    if missing := find_missing(rows):
        lines += ["", f"Not run yet on this state of the program: {'; '.join(missing)}."]
    elif all(row.fault != SMALL_DISK for row in rows):
        lines += ["", _NO_DISK]
    return _TEXT.format(kills=KILLS, seed=SEED, code=code) + "\n".join(lines) + "\n"


def find_missing(rows: Iterable[Row]) -> list[str]:
    """Find what the whole table has and these lines have not; the small disk is told by itself."""
    rows = list(rows)
    written = {row.where for row in rows if row.fault == "every write"}
    missing = [f"every write of {_name(stage)}" for stage in STAGES if _name(stage) not in written]
    if not any(where.startswith("`") for where in written):
        missing.append("every write of the officers' acts")
    if all(row.where != "05 beside `spoil`" for row in rows):
        missing.append("two at once: 05 beside `spoil`")
    return missing + [fault for fault in FAULTS if fault not in {row.fault for row in rows}]


def note(new: Iterable[Row]) -> None:
    """Note the lines of a part in the document; those of another state of the program go."""
    text, code = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else "", digest_code()
    known = {row[:2]: row for row in read_rows(text)} if read_code(text) == code else {}
    known |= {row[:2]: row for row in new}
    DOCUMENT.write_text(render(known.values(), code), encoding="utf-8")


def main() -> None:
    """Run the parts that are named, or all; note the lines of each when it has ended."""
    words = argparse.ArgumentParser(description="Interrupt the pipeline in every way.")
    words.add_argument("parts", nargs="*", help=" ".join(PARTS))
    parts = words.parse_args().parts or list(PARTS)
    if not PARTS.keys() >= set(parts):
        words.error(f"parts are {' '.join(PARTS)}")
    began, cases, losses = time.monotonic(), 0, 0
    for new in run_parts(parts):
        note(new)
        cases += sum(row.cases for row in new)
        losses += sum(row.losses for row in new)
        print("\n".join(row.write() for row in new), flush=True)
    print(f"{cases} cases, {losses} losses, {time.monotonic() - began:.0f} s")
    sys.exit(1 if losses else 0)


if __name__ == "__main__":
    main()
