"""A real run closed: nothing private is left of it, and the office still answers for one person.

Who was supplied is read from the label PDFs of the run before it is closed, by pypdfium2, from the
registry file, and from the confirmation of the hand-over: by nothing that the package has kept.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import GuardError
from recruitlib.base.supplies import digest_resident
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import open_key, read_private
from recruitlib.base.verification import verify_record
from recruitlib.handover.lookup import describe_answers, look_up, open_lookup
from tests.conftest import WARD

TEN = 10


@pytest.fixture
def handed(handed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, handed over and not yet closed."""
    shutil.copytree(handed_project, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def read_people(project: Path) -> dict[str, dict[str, str]]:
    """Read the latest row of every person of the registry of the load day."""
    with (project / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        return {row["宛名番号"]: row for row in csv.DictReader(file) if row["最新フラグ"] == "1"}


def list_supplied(folder: Path) -> tuple[list[str], list[str]]:
    """List the ids of whoever was handed over, and of those whose label was pulled."""
    key = open_key(folder, "test_ward", True)
    labels = parse_table(read_private(folder, key, "labels", ""))
    void = parse_table(read_private(folder, key, "void", ""))
    pulled = set(void["addressee_id"])
    return [person for person in labels["addressee_id"] if person not in pulled], sorted(pulled)


def ask(project: Path, *typed: str) -> str:
    """Ask the command for one person as an officer does."""
    words = ("lookup", "--demonstration", "--by", "見本A", "--purpose", "問合せ")
    done = subprocess.run(
        [sys.executable, "-m", "recruitlib", *words], input="\n".join(typed) + "\n", cwd=project,
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_closing_nothing_is_left_and_the_office_answers_for_ten_and_ten(
    handed: Path, run_quietly: Callable[..., Path]
) -> None:
    folder = handed / "runs/test_ward"
    people = read_people(handed)
    truth = json.loads((handed / WARD / "truth.json").read_text(encoding="utf-8"))
    supplied, pulled = list_supplied(folder)
    assert len(pulled) >= 3
    others = [*pulled, *(person for person in people if person not in {*supplied, *pulled})][:TEN]
    identity = open_key(folder, "test_ward", True).identity

    run_quietly(handed, "06", "06")
    assert verify_record(folder) == []
    assert not (folder / "private").exists()
    left = [path for path in handed.rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".age" and "register" not in path.parts]
    assert not [path for path in left if path.name.endswith((".partial", ".tmp", "~"))]
    assert not [path for path in left if ".ipynb_checkpoints" in path.parts]
    assert not [path for path in left if identity.encode() in path.read_bytes()]
    destroyed = [
        name for entry in read_entries(folder) if entry["event"] == "destroyed"
        for name in entry["facts"]["files"]
    ]  # fmt: skip
    assert destroyed[-1] == "private/run.key.age"

    shutil.rmtree(folder)
    asked = [*supplied[:: len(supplied) // TEN][:TEN], *others]
    assert len(asked) == 2 * TEN
    office = open_lookup(handed, demonstration=True)

    def tell(person: str) -> list[str]:
        digest = digest_resident(person, office.key.digest_key)
        lines = describe_answers(look_up(handed, office, [digest], "見本A", "問合せ"))
        return [line.split(":")[0] for line in lines]

    answers = [tell(person)[-1] for person in asked]
    assert answers == ["提供した"] * TEN + ["提供していない"] * TEN
    # Whoever was left out is told so, whatever for; whoever died or moved was not left out.
    left_out = [truth[why][age][0] for why in ("protected", "opted_out") for age in ("18", "22")]
    for person in (*left_out, *truth["handover"]["newly_protected"]):
        assert tell(person) == ["除外した（申出・支援措置など）", "提供していない"]
    for person in (*truth["handover"]["died"], *truth["handover"]["moved_within"]):
        assert tell(person) == ["提供していない"]
    # And as an officer asks, at the prompt.
    row = people[asked[0]]
    assert "提供した: 2026-05-25" in ask(handed, asked[0])
    assert "提供した: 2026-05-25" in ask(handed, "", row["氏名"], row["生年月日"])
    assert "提供していない" in ask(handed, asked[-1])
    for path in office.folder.iterdir():
        content = path.read_bytes()
        for person in asked:
            assert person.encode() not in content
            assert people[person]["氏名"].encode() not in content


def test_a_run_with_a_copy_of_its_labels_is_not_closed_until_that_is_gone(
    handed: Path, run_quietly: Callable[..., Path]
) -> None:
    folder = handed / "runs/test_ward"
    labels = min((folder / "private").glob("labels_*.pdf"))
    copy = handed / "inputs/for the printer.pdf"
    shutil.copy(labels, copy)
    before = sorted(path.name for path in (folder / "private").iterdir())
    with pytest.raises(GuardError, match=r"inputs/for the printer\.pdf"):
        run_quietly(handed, "06", "06")
    left = sorted(path.name for path in (folder / "private").iterdir())
    assert [name for name in left if not name.startswith("stop_")] == before
    copy.unlink()
    run_quietly(handed, "06", "06")
    assert not (folder / "private").exists()
    assert verify_record(folder) == []
