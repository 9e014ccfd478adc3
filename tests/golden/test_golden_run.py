"""The golden run: the demonstration gives the counts, labels and digests it always gave.

What the labels must say is worked out here from the registry file and the invented ward's truth,
by code that shares nothing with the package.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from itertools import pairwise
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.record import LAUNCHER_NAMES, LOCK_NAMES
from recruitlib.base.verification import verify_record
from recruitlib.pipeline import run_pipeline
from tests.browser.sockets import read_calls, watch_calls
from tests.conftest import PARAMETERS, ROOT, copy_project
from tests.integrity.confined import can_confine, confine

GOLDEN = ROOT / "tests/golden"
SHEET = {"left": 18.6, "top": 21.2, "width": 86.4, "height": 42.3, "columns": 2, "rows": 6}
MM = 72 / 25.4


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run ``recruitlib demo`` in a project of its own.

    As an ordinary user without a network and without a home, who may write to the project and to a
    temporary folder, in which nothing stays, and to nothing else; only a kernel that forbids such
    walls goes without.
    """
    project = copy_project(tmp_path_factory.mktemp("demonstration"))
    scratch = Path(tempfile.mkdtemp())
    demo = [sys.executable, "-m", "recruitlib", "demo"]
    walls = confine(demo, project, scratch) if can_confine() else demo
    done = subprocess.run(
        walls, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, **watch_calls(project / "calls.txt"), "HOME": str(project / "none"),
             "TMPDIR": str(scratch)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert list(scratch.iterdir()) == []
    (project / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return project


@pytest.fixture(scope="session")
def registry(demonstration: Path) -> dict[str, dict[str, str]]:
    """Read the latest row of every person from the registry file."""
    with (demonstration / "inputs/demo/registry.csv").open(encoding="utf-8", newline="") as file:
        return {row["宛名番号"]: row for row in csv.DictReader(file) if row["最新フラグ"] == "1"}


@pytest.fixture(scope="session")
def truth(demonstration: Path) -> dict[str, dict[str, list[str]]]:
    """Read the invented ward's truth."""
    return json.loads((demonstration / "inputs/demo/truth.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_the_demonstration_asks_nobody_on_any_network(demonstration: Path) -> None:
    assert read_calls(demonstration / "calls.txt") == set()


def test_nothing_that_a_run_writes_is_for_others_and_nothing_of_its_kernels_is_left(
    demonstration: Path,
) -> None:
    made = [
        path for name in ("inputs", "runs", "register")
        for path in [demonstration / name, *(demonstration / name).rglob("*")]
    ]  # fmt: skip
    assert {(path.is_dir(), path.stat().st_mode & 0o777) for path in made} == {
        (True, 0o700), (False, 0o600),
    }  # fmt: skip
    assert not (demonstration / "none").exists()


def test_the_counts_are_the_golden_counts(demonstration: Path) -> None:
    counts = (demonstration / "runs/demo/counts.csv").read_text(encoding="utf-8")
    assert counts == (GOLDEN / "counts.csv").read_text(encoding="utf-8")


def test_the_cohorts_are_those_of_the_official_document(demonstration: Path) -> None:
    text = (demonstration / "runs/demo/counts.csv").read_text(encoding="utf-8")
    assert "18,cohort,1698\n" in text
    assert "22,cohort,2566\n" in text


def test_what_the_command_prints_is_what_the_counts_say(demonstration: Path) -> None:
    printed = (demonstration / "printed.txt").read_text(encoding="utf-8")
    with (GOLDEN / "counts.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["cohort"], row["step"]): int(row["count"]) for row in csv.DictReader(file)}
    for age in ("18", "22"):
        line = next(line for line in printed.splitlines() if line.startswith(f"{age}歳"))
        shown = [int(number.replace(",", "")) for number in line.split()[1:]]
        steps = ("cohort", "protected", "opted_out", "withheld", "recipients", "labels", "sheets")
        assert shown == [known[age, step] for step in steps]
        assert known[age, "labels"] == known[age, "recipients"]
        assert f"labels_{age}.pdf" in printed


def test_the_counts_are_the_truth_of_the_invented_ward(
    demonstration: Path, truth: dict[str, dict[str, list[str]]]
) -> None:
    with (GOLDEN / "counts.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["cohort"], row["step"]): int(row["count"]) for row in csv.DictReader(file)}
    for age in ("18", "22"):
        assert known[age, "recipients"] == len(truth["recipients"][age])
        assert known[age, "protected"] == len(truth["protected"][age])
        assert known[age, "opted_out"] == len(truth["opted_out"][age])
    voided = {person for ids in truth["handover"].values() for person in ids}
    assert known["18", "voided"] + known["22", "voided"] == len(voided)


def write_label(row: dict[str, str]) -> str:
    """Write what a person's label must say, from the registry's own cells."""
    code = unicodedata.normalize("NFKC", row["住所_郵便番号"])
    address = (
        row["住所_都道府県"] + row["住所_市区郡町村名"] + row["住所_町字"] + row["住所_番地号表記"]
    )
    return f"〒{code[:3]}-{code[3:]}{address}{row['住所_方書']}{row['氏名']}　様"


def read_labels(path: Path) -> list[str]:
    """Read the cells of a label PDF by cutting each page at the sheet's printed measures."""
    texts = []
    document = pypdfium2.PdfDocument(path, password="demo")
    for page in document:
        text, height = page.get_textpage(), page.get_height()
        for row in range(SHEET["rows"]):
            for column in range(SHEET["columns"]):
                left = (SHEET["left"] + column * SHEET["width"]) * MM
                top = height - (SHEET["top"] + row * SHEET["height"]) * MM
                cell = text.get_text_bounded(
                    left, top - SHEET["height"] * MM, left + SHEET["width"] * MM, top
                )
                if cell.strip():
                    texts.append(re.sub(r"[\r\n]", "", cell))
    return texts


@pytest.mark.parametrize("age", ["18", "22"])
def test_the_labels_are_exactly_the_recipients_of_the_truth_as_the_registry_writes_them(
    demonstration: Path,
    registry: dict[str, dict[str, str]],
    truth: dict[str, dict[str, list[str]]],
    age: str,
) -> None:
    # Whoever has died, moved or opted out since is gone from the PDF when 05 is done (A66).
    void = {person for ids in truth["handover"].values() for person in ids}
    left = set(truth["recipients"][age]) - void
    assert len(left) < len(truth["recipients"][age])
    expected = sorted(write_label(registry[person]) for person in left)
    printed = sorted(read_labels(demonstration / f"runs/demo/private/labels_{age}.pdf"))
    assert len(printed) == len(expected)
    assert printed == expected


def test_nobody_who_opted_out_or_is_protected_is_printed(
    demonstration: Path, registry: dict[str, dict[str, str]], truth: dict[str, dict[str, list[str]]]
) -> None:
    printed = {
        text for age in ("18", "22")
        for text in read_labels(demonstration / f"runs/demo/private/labels_{age}.pdf")
    }  # fmt: skip
    barred = [
        write_label(registry[person])
        for group in ("opted_out", "protected") for age in ("18", "22") for person in truth[group][age]
    ]  # fmt: skip
    assert len(barred) == 31
    assert not [label for label in barred if label in printed]


def test_the_plain_pdfs_have_the_golden_digests(demonstration: Path) -> None:
    printed = find_latest(read_entries(demonstration / "runs/demo"), "04", "printed")
    assert printed is not None
    golden = json.loads((GOLDEN / "pdf_digests.json").read_text(encoding="utf-8"))
    assert printed["facts"]["keyed_digests_of_plain_pdf"] == golden


def list_record(folder: Path) -> list[Path]:
    """List the files of the record: everything outside the private folder."""
    return sorted(
        path for path in folder.rglob("*")
        if path.is_file() and "private" not in path.relative_to(folder).parts and path.name not in LOCK_NAMES
    )  # fmt: skip


def test_no_name_address_or_id_of_the_ward_stands_anywhere_in_the_record(
    demonstration: Path, registry: dict[str, dict[str, str]]
) -> None:
    folder = demonstration / "runs/demo"
    with (demonstration / "inputs/demo/applications_form.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        applications = list(csv.DictReader(file))
    cohort = [
        row for row in registry.values()
        if "2008-04-02" <= row["生年月日"] <= "2009-04-01" or "2004-04-02" <= row["生年月日"] <= "2005-04-01"
    ]  # fmt: skip
    values = {row["氏名"] for row in cohort}
    values |= {row["氏名"].replace("　", "") for row in cohort if len(row["氏名"]) > 4}
    values |= {row["住所_町字"] + row["住所_番地号表記"] for row in cohort}
    values |= {row["対象者の氏名（姓）"] + "　" + row["対象者の氏名（名）"] for row in applications}
    values |= {row["電話番号"] for row in applications} | {row["回答ID"] for row in applications}
    ids = {row["宛名番号"] for row in registry.values()} | {
        row["世帯番号"] for row in registry.values()
    }
    assert len(cohort) > 4264
    values -= {""}
    for path in list_record(folder):
        text = read_everything(path)
        # A value stands in a text only where each two of its characters do: that is quickly told.
        twos = {text[place : place + 2] for place in range(len(text) - 1)}
        possible = [value for value in values if twos.issuperset(map("".join, pairwise(value)))]
        assert not [value for value in possible if value in text], path.name
        assert not ids & set(re.findall(r"(?<![0-9a-zA-Z])\d{10}(?![0-9a-zA-Z])", text)), path.name
        assert not [value for value in values if value in path.name]


def read_everything(path: Path) -> str:
    """Read all text that a file shows: raw, with JSON escapes read, and a PDF's own text."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        return "".join(page.get_textpage().get_text_range() for page in document)
    raw = path.read_text(encoding="utf-8")
    return raw + re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), raw)


def test_the_record_is_intact_and_verify_says_where_it_is_not(
    demonstration: Path, tmp_path: Path
) -> None:
    original = demonstration / "runs/demo"
    assert verify_record(original) == []
    folder = tmp_path / "demo"
    shutil.copytree(original, folder)
    dice = random.Random(2026)
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in LAUNCHER_NAMES
    ]
    assert len(files) > 25
    for path in files:
        content = path.read_bytes()
        changed = bytearray(content)
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes(changed))
        problems = " ".join(verify_record(folder))
        assert path.relative_to(folder).as_posix() in problems
        path.write_bytes(content)
    assert verify_record(folder) == []


def test_the_head_on_the_letter_finds_a_record_cut_short(
    demonstration: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demonstration / "runs/demo", folder)
    letter = read_everything(folder / "handover/cover_letter.pdf")
    head = re.search(r"先頭値: ([0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4})", letter)
    assert head is not None
    assert verify_record(folder, head[1]) == []
    lines = (folder / "audit.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "audit.jsonl").write_bytes(b"".join(lines[:20]))
    assert any("先頭値" in problem for problem in verify_record(folder, head[1]))


def open_plainly(path: Path) -> bytes:
    """Take the print password off a label PDF and write the content in one fixed way."""
    with pikepdf.open(path, password="demo") as pdf:
        if "/Extensions" in pdf.Root:
            del pdf.Root.Extensions
        content = io.BytesIO()
        pdf.save(content, encryption=False, deterministic_id=True, static_id=False)
    return content.getvalue()


@pytest.mark.soak
def test_running_twice_gives_the_same_plain_pdf_and_the_same_counts(project: Path) -> None:
    results = []
    for _ in range(2):
        shutil.rmtree(project / "runs", ignore_errors=True)
        folder = run_pipeline(project / PARAMETERS, last="04", say=lambda line: None)
        pdf = folder / "private/labels_all.pdf"
        results.append((open_plainly(pdf), (folder / "counts.csv").read_bytes(), pdf.read_bytes()))
    assert results[0][:2] == results[1][:2]
    assert results[0][2] != results[1][2]  # the encryption itself is salted
