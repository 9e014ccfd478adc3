"""The year of the manual, command by command: every block is typed, and after each all must balance.

`docs/manual/year.ja.md` is read as an officer reads it. An `sh` block is typed, a `yaml` block is
written into the file that its first line names, an `input` block is what is typed at the prompts of
the command before it, and every line of a `text` block must have been on the screen. A command may
stop only where the manual shows that it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from recruitlib.base.audit import AUDIT_NAME, read_entries
from recruitlib.base.counts import COUNTS_NAME, read_counts
from recruitlib.base.verification import verify_record
from recruitlib.review.balance import check_balance
from tests.conftest import ROOT, copy_project
from tests.terminal import SHOWN, Terminal, open_quickly, read_print, write_labels

GUIDE = ROOT / "docs/manual/year.ja.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block of the guide: what kind, what it holds, on which line it begins."""

    kind: str
    text: str
    line: int


def read_blocks() -> list[Block]:
    """Read the guide's blocks in order."""
    guide = GUIDE.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], guide[: found.start()].count("\n") + 1)
        for found in _FENCE.finditer(guide)
    ]


class Desk(Terminal):
    """An officer's desk: a terminal, an editor for the files, and the guide to follow."""

    def __init__(self, project: Path) -> None:
        super().__init__()
        self.project = project

    def write(self, text: str) -> None:
        """Write the keys of a block into the file of its first line, or the whole file."""
        name, _, content = text.replace(SHOWN, self.value).partition("\n")
        path = self.project / name.removeprefix("# ")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in content.splitlines():
            key = line.partition(":")[0]
            (at,) = (at for at, own in enumerate(lines) if own.startswith(f"{key}:"))
            lines[at] = line
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def expect(self, text: str) -> None:
        """Require every line of a block on the screen; … stands for anything."""
        for line in text.splitlines():
            parts = [re.escape(part) for part in line.split("…")]
            assert re.search(".*?".join(parts), self.screen), f"{line}\n---\n{self.screen}"


class Ward:
    """What the invented ward says of the year: by whom a label must be there, and what is on it."""

    def __init__(self, folder: Path) -> None:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.folder = folder
        self.recipients = {one for ids in truth["recipients"].values() for one in ids}
        self.gone = dict(truth["handover"])
        for entry in truth["year_applications"].values():
            self.gone[entry["kind"]] = [entry["addressee_id"]]
        ends = truth["top_up"]
        self.newcomers = {*ends["recipients_18"], *ends["recipients_22"]}


# After which command which labels must be in the run's files: all but these, as of which day.
_BEFORE, _AFTER = ("late_before_print",), ("late_before_print", "late_after_print")
_LEFT = (*_AFTER, "died", "moved_out", "newly_protected")
MILESTONES: dict[str, tuple[str, tuple[str, ...]]] = {
    "run params/r8_1.yaml --from 03 --through 04": ("", _BEFORE),
    "reprint params/r8_1.yaml --serials 25-36,40 --reason soiled --confirm": ("", _BEFORE),
    "delta params/r8_1.yaml --confirm": ("", (*_LEFT, "moved_within", "renamed")),
    "reprint params/r8_1.yaml --serials 44,46 --reason moved --confirm": (
        "handover_day",
        (*_LEFT, "renamed"),
    ),
    "reprint params/r8_1.yaml --serials 124 --reason renamed --confirm": ("handover_day", _LEFT),
    "sign params/r8_1/disposal.yaml --by 見本B": ("handover_day", _LEFT),
}


_TOP_UP = "sign params/r8_2/disposal.yaml --by 見本B"


def check_print(project: Path, command: str) -> Iterator[str]:
    """Check that exactly those who may be handed over are in the files, once, and as registered.

    Returns:
        what has been checked after this command.
    """
    ward = Ward(project / "inputs/test_ward")
    for milestone, (day, out) in MILESTONES.items():
        if command.startswith(f"recruitlib {milestone}"):
            people = ward.recipients - {one for kind in out for one in ward.gone[kind]}
            labels = write_labels(ward.folder / day / "registry.csv", people)
            assert read_print(project / "runs/r8_1") == labels
            yield milestone
    if command == f"recruitlib {_TOP_UP}":
        labels = write_labels(ward.folder / "top_up_day/registry.csv", ward.newcomers)
        assert len(labels) == 4
        assert read_print(project / "runs/r8_2") == labels
        yield _TOP_UP


def check_serials(folder: Path) -> None:
    """Check that no serial ends twice, and that the files hold those that have not ended."""
    entries = read_entries(folder)
    latest = max((at for at, entry in enumerate(entries)
                  if (entry["stage"], entry["event"]) == ("04", "completed")), default=-1)  # fmt: skip
    if latest < 0:
        return
    counted = read_counts(folder)
    live = set(range(1, 1 + sum(one.count for one in counted if one.step == "labels")))
    for entry in entries[latest:]:
        if entry["event"] == "serials_changed":
            facts = entry["facts"]
            ended = [*facts["voided"], *facts["spoiled"]]
            assert len(set(ended)) == len(ended) and set(ended) <= live
            live -= set(ended)
            new = {new for _, new in facts["reprinted"]}
            assert len(new) == len(facts["reprinted"]) and not new & live
            live |= new
    ends = {step: sum(one.count for one in counted if one.step == step)
            for step in ("labels", "reprints", "handed_over", "voided", "spoiled")}  # fmt: skip
    if any(one.step == "handed_over" for one in counted):
        assert ends["handed_over"] == len(live)
        assert ends["labels"] + ends["reprints"] == (
            ends["handed_over"] + ends["voided"] + ends["spoiled"]
        )
    if (folder / "private").exists():
        assert len(read_print(folder)) == len(live)


def check_runs(project: Path) -> None:
    """Check that every record proves itself and every count balances."""
    for audit in sorted(project.glob(f"runs/*/{AUDIT_NAME}")):
        folder = audit.parent
        assert verify_record(folder) == [], folder.name
        if (folder / COUNTS_NAME).exists():
            assert check_balance(read_counts(folder)) == [], folder.name
            check_serials(folder)


def go_through(desk: Desk, blocks: list[Block]) -> Iterator[str]:
    """Do what the guide says, block by block; give each command when it has been done."""
    for at, block in enumerate(blocks):
        following = blocks[at + 1 :]
        if block.kind == "yaml":
            desk.write(block.text)
        elif block.kind == "sh":
            answers = "".join(b.text for b in following[:1] if b.kind == "input")
            shown = "".join(b.text for b in following[bool(answers) :][:1] if b.kind == "text")
            *first, last = block.text.splitlines()
            for command in first:
                assert desk.type(command, "") == "", f"line {block.line}: {desk.screen}"
                yield command
            stop = desk.type(last, answers)
            desk.expect(shown)
            assert stop in shown, f"line {block.line}: {desk.screen}"
            yield last


def test_the_year_of_the_manual_goes_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project(tmp_path / "project")
    (project / "inputs").mkdir()
    monkeypatch.chdir(project)
    open_quickly(monkeypatch)
    desk, blocks = Desk(project), read_blocks()
    assert {block.kind for block in blocks} == {"sh", "yaml", "text", "input"}
    checked: set[str] = set()
    for command in go_through(desk, blocks):
        if command.startswith("recruitlib"):
            check_runs(project)
            checked.update(check_print(project, command))
    # A milestone that no command of the guide is any more would be checked nowhere.
    assert checked == {*MILESTONES, _TOP_UP}
