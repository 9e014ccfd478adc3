"""Files made to hurt: each is refused or read, in bounded time and memory, and none by a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.forms import FORMS
from tests.fuzz.judge import try_reader
from tests.fuzz.special import SPECIALS

SLOW = (
    "a line of two gigabytes",
    "a bomb of spaces",
    "a bomb beside the sheet",
    "cells without an end",
    "texts without an end",
    "more broken rows than are kept",
)
# What nobody has written yet is not refused but read so; every other file must be there.
UNWRITTEN = {
    "officers": "[]", "decisions": "5件のうち0件", "approval": "承認がまだありません",
    "handover": "None", "attestations": "entries=()", "record": "ありません。",
}  # fmt: skip


def try_all(names: list[str]) -> None:
    """Try files in one process of their own, whose memory is limited."""
    command = [sys.executable, "-m", "tests.fuzz.special", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert list(found) == names
    for name, line in found.items():
        assert line["broke"] == [], line
        assert SPECIALS[name].says in line["said"], line


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures as Linux does")
def test_a_file_made_to_hurt_is_refused_or_read_and_takes_no_more_than_its_share() -> None:
    try_all([name for name in SPECIALS if name not in SLOW])


@pytest.mark.soak
def test_so_it_is_with_those_that_take_seconds_to_be_written_and_read() -> None:
    try_all(list(SLOW))


@pytest.mark.parametrize("name", FORMS)
def test_what_is_no_plain_file_is_refused_and_never_waited_for(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    form.seeds()
    path = tmp_path / form.name
    path.parent.mkdir(parents=True, exist_ok=True)
    makers = {
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "a device": lambda: path.symlink_to("/dev/zero"),
        "a link to itself": lambda: path.symlink_to(path),
        "a link to nothing": lambda: path.symlink_to(tmp_path / "nothing"),
    }
    for kind, make in makers.items():
        make()
        trial = try_reader(name, tmp_path)
        assert trial.finding is None, (kind, trial)
        if name in UNWRITTEN and kind.startswith("a link to"):
            assert UNWRITTEN[name] in str(trial.result), (kind, trial)
        elif name == "record":  # its problems are told, not raised
            assert "開けません" in str(trial.result), (kind, trial)
        else:
            assert trial.said, (kind, trial)
        path.rmdir() if path.is_dir() else path.unlink()
