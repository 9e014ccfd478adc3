"""An officer's terminal in a project: what is typed, what the screen says, what is in the label PDFs."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from recruitlib.base import officers
from recruitlib.base.errors import RecruitError
from recruitlib.cli import commands
from recruitlib.labels.sheets import read_sheet
from tests.conftest import ROOT
from tests.unit.printed import read_labels

SHOWN = "《値》"  # stands for the value of four groups that the screen has shown last
# Every line of the ward's own checklist, as the approving officer ticks them in a command.
TICKS = " ".join(f"--tick {code}" for code in ("request", "counts", "towns", "cases", "lists"))
_PLACE = ("住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記", "住所_方書")
_VALUE = re.compile(r"\b[0-9a-f]{4}(?: [0-9a-f]{4}){3}\b")


def open_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open each shipped officer's key once: deriving it from the passphrase is slow on purpose."""
    monkeypatch.setattr(officers, "open_signer", cache(officers.open_signer))


class Terminal:
    """A terminal in the folder where the test is: the screen of the last command, and its value."""

    def __init__(self) -> None:
        """Begin with an empty screen."""
        self.screen, self.value = "", ""

    def type(self, command: str, typed: str = "") -> str:
        """Type one command; give the name of the error with which it stopped, if it did."""
        program, *words = shlex.split(command.replace(SHOWN, self.value))
        if program == "cp":
            shutil.copy(*words)
            return ""
        assert program == "recruitlib", command
        done = CliRunner().invoke(commands, words, input=typed, standalone_mode=False)
        stop = done.exception
        if stop and not isinstance(stop, RecruitError):
            raise stop
        self.screen = done.output + (f"{type(stop).__name__}: {stop}\n" if stop else "")
        self.value = find_value(self.screen) or self.value
        return type(stop).__name__ if stop else ""

    def act(self, command: str) -> str:
        """Let 見本A prepare an act on serials and 見本B execute it; give both screens."""
        assert self.type(f"{command} --by 見本A") == "", self.screen
        first = self.screen
        assert self.type(f'{command} --by 見本B --confirm "{SHOWN}"') == "", self.screen
        return first + self.screen


def find_value(screen: str) -> str:
    """Find the last value of four groups on a screen; "" where there is none."""
    return (_VALUE.findall(screen) or [""])[-1]


def squeeze(text: str) -> str:
    """Take blanks and the hyphen of the postal code out of a label, where lines may be broken."""
    return "".join(text.replace("-", "").split())


def write_labels(registry: Path, people: Collection[str]) -> list[str]:
    """Write the labels of people as a registry file has them, without blanks."""
    with registry.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["最新フラグ"] == "1"]
    return sorted(
        squeeze(
            f"〒{unicodedata.normalize('NFKC', row['住所_郵便番号'])}"
            f"{''.join(row[name] for name in _PLACE)}{row['氏名']}様"
        )
        for row in rows
        if row["宛名番号"] in people
    )


def read_print(folder: Path) -> list[str]:
    """Read every label of a run's PDFs with another library than the one that drew them."""
    sheet = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
    files = sorted((folder / "private").glob("labels_*.pdf"))
    cells = [read_labels(path.read_bytes(), sheet, "demo")["text"] for path in files]
    return sorted(squeeze(text) for texts in cells for text in texts)
