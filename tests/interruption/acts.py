"""What officers do by command between the stages, each in the project in which it is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.conftest import PARAMETERS
from tests.interruption.workshop import Workshop, run_stage
from tests.terminal import SHOWN, TICKS, find_value

PEOPLE = "params/test_ward"
_CHOICE = "--case 2 --decision matched --candidate 1 --reason parent_signed"


def prepare_acts(workshop: Workshop) -> Iterator[tuple[str, str]]:
    """Make the project of each act; give its name and the command that is typed in it."""
    for name, command in (
        ("delta", f"recruitlib delta {PARAMETERS}"),
        ("spoil", f"recruitlib spoil {PARAMETERS} --sheets all:3"),
    ):
        yield from _prepare_two(workshop, name, "05", command)
    torn = workshop.copy("05")
    for officer in ("--by 見本A", f'--by 見本B --confirm "{SHOWN}"'):
        _type(workshop, torn, f"recruitlib spoil {PARAMETERS} --sheets all:3 {officer}")
    _keep(workshop, torn, "torn")
    reprint = f"recruitlib reprint {PARAMETERS} --serials 25-27 --reason soiled"
    yield from _prepare_two(workshop, "reprint", "torn", reprint)
    yield from _prepare_review(workshop)
    unsigned = workshop.copy("05")
    _drop(unsigned / PEOPLE / "handover.yaml", "signatures")
    _keep(workshop, unsigned, "sign")
    yield "sign", f"recruitlib sign {PEOPLE}/handover.yaml --by 見本A"


def _prepare_two(
    workshop: Workshop, name: str, start: str, command: str
) -> Iterator[tuple[str, str]]:
    """Prepare an act of two officers: the first one's part, then the second one's."""
    _keep(workshop, workshop.copy(start), name)
    yield name, f"{command} --by 見本A"
    project = workshop.copy(name)
    value = _type(workshop, project, f"{command} --by 見本A")
    _keep(workshop, project, f"{name}_prepared")
    yield f"{name}_prepared", f'{command} --by 見本B --confirm "{value}"'


def _prepare_review(workshop: Workshop) -> Iterator[tuple[str, str]]:
    """Prepare decision, confirmation and approval: 03 waits for each."""
    project = workshop.copy("03")
    decisions = project / PEOPLE / "decisions.yaml"
    content = yaml.safe_load(decisions.read_text(encoding="utf-8"))
    content["cases"] = [case for case in content["cases"] if case["case"] != 2]
    decisions.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    (project / PEOPLE / "approval.yaml").unlink()
    workshop.run(project, run_stage("03"))
    _keep(workshop, project, "decide")
    decide = f"recruitlib decide {PARAMETERS} {_CHOICE} --compared --by 見本A"
    yield "decide", decide
    project = workshop.copy("decide")
    _type(workshop, project, decide)
    _keep(workshop, project, "confirm")
    confirm = f"recruitlib confirm {PARAMETERS} --compared --by 見本B"
    yield "confirm", confirm
    project = workshop.copy("confirm")
    _type(workshop, project, confirm)
    shown = workshop.run(project, run_stage("03"))
    _keep(workshop, project, "approve")
    value = find_value(shown.screen)
    yield "approve", f'recruitlib approve {PARAMETERS} --digest "{value}" --by 見本B {TICKS}'


def _type(workshop: Workshop, project: Path, command: str) -> str:
    """Type a command that must succeed, with the value that the last one has shown; give the next."""
    ended = workshop.run(project, command.replace(SHOWN, workshop.value))
    assert ended.exit_code == 0, ended.screen
    workshop.value = find_value(ended.screen) or workshop.value
    return workshop.value


def _keep(workshop: Workshop, project: Path, name: str) -> None:
    shutil.copytree(project, workshop.place / name, dirs_exist_ok=True)


def _drop(path: Path, name: str) -> None:
    """Drop a part of a file of officers."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content[name]
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
