"""The record of a real run proves itself: whatever is changed in it is found, and it holds nobody."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from recruitlib.base.audit import AUDIT_NAME, group_digest, read_entries
from recruitlib.base.heads import HEADS_NAME
from recruitlib.base.record import LAUNCHER_NAMES
from recruitlib.base.tables import write_table
from recruitlib.base.vault import PRIVATE, unlock_key
from recruitlib.base.verification import verify_record
from recruitlib.review.confirmation import list_review_cases
from recruitlib.review.panels import read_cases
from tests.conftest import PARAMETERS, WARD

RUN = "runs/test_ward"
CHANGES, FORGERIES = 500, 150
HEAD_DIFFERS = "紙の先頭値と合いません"
OFFICE_DIFFERS = "の控え（heads.yaml）と合いません"


@pytest.fixture
def moved(handed_project: Path, tmp_path: Path) -> Path:
    """Copy the record to where there is no project, no register and no key in any variable."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(handed_project / RUN, folder)
    return folder


def list_files(folder: Path) -> list[Path]:
    """List the files of a record; the launcher's own are none of them."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if path.name not in LAUNCHER_NAMES]


@contextmanager
def put_back(*paths: Path) -> Iterator[None]:
    """Let a test change files, and put them back as they were."""
    contents = [path.read_bytes() for path in paths]
    try:
        yield
    finally:
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)


def change_somehow(dice: random.Random, files: list[Path]) -> tuple[Path, ...]:
    """Change one byte of a file, delete a file, or swap two; say which files that were."""
    kind = dice.choice(["byte", "byte", "delete", "swap"])
    path, other = dice.sample(files, 2)
    content = path.read_bytes()
    if kind == "delete":
        path.unlink()
        return (path,)
    if kind == "swap":
        path.write_bytes(other.read_bytes())
        other.write_bytes(content)
        return (path, other)
    at = dice.randrange(len(content))
    value = dice.choice([value for value in range(256) if value != content[at]])
    path.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
    return (path,)


def test_each_of_500_changes_deletions_and_swaps_is_found_and_named_first(moved: Path) -> None:
    files = list_files(moved)
    assert len(files) > 35
    assert len({path.read_bytes() for path in files}) == len(files)
    dice = random.Random(2026)
    seen = set()
    for number in range(CHANGES):
        contents = {path: path.read_bytes() for path in files}
        touched = change_somehow(dice, files)
        problems = verify_record(moved)
        names = [path.relative_to(moved).as_posix() for path in touched]
        assert problems, (number, names)
        if AUDIT_NAME in names:
            assert problems[0].startswith(f"{AUDIT_NAME}: ")
        else:
            assert {problem.split(": ")[0] for problem in problems} == set(names)
        seen.update(names)
        for path in touched:
            path.write_bytes(contents[path])
    assert len(seen) == len(files)
    assert verify_record(moved) == []


def test_what_stands_first_in_the_record_is_named_first(moved: Path) -> None:
    for name in ("private/labels.age", "handover/receipt.pdf", "private/cohort.age"):
        (moved / name).write_bytes(b"other")
    assert [problem.split(": ")[0] for problem in verify_record(moved)] == [
        "private/cohort.age", "private/labels.age", "handover/receipt.pdf",
    ]  # fmt: skip


def test_the_untouched_copy_passes_on_another_machine_without_any_key(
    moved: Path, tmp_path: Path
) -> None:
    head = group_digest(read_entries(moved)[-1]["hash"])
    own = {name: value for name, value in os.environ.items() if "RECRUITLIB" not in name}
    for words, answer in (((), "内部整合"), (("--head", head), "完全")):
        done = subprocess.run(
            [sys.executable, "-m", "recruitlib", "verify", str(moved), *words], cwd=tmp_path,
            capture_output=True, text=True, encoding="utf-8", check=False, env=own,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert answer in done.stdout
        assert "役所の控え" not in done.stdout
    assert "先頭値の後に 0 行" in done.stdout


# ---- what only the head finds: a record cut short, or written anew ----


def write_chain(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Write a chain as a forger does: every hash worked out anew, by code of its own."""
    previous, lines = "0" * 64, []
    for number, entry in enumerate(entries, start=1):
        body = {**entry, "seq": number, "previous": previous}
        body.pop("hash", None)
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body["hash"] = previous = hashlib.sha256(text.encode()).hexdigest()
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        lines.append(text + "\n")
    (folder / AUDIT_NAME).write_bytes("".join(lines).encode())


def test_the_forger_s_own_code_writes_the_chain_as_it_is(moved: Path) -> None:
    before = (moved / AUDIT_NAME).read_bytes()
    write_chain(moved, read_entries(moved))
    assert (moved / AUDIT_NAME).read_bytes() == before


def test_with_the_head_every_truncation_is_found(moved: Path) -> None:
    entries = read_entries(moved)
    head = entries[-1]["hash"]
    assert verify_record(moved, head) == []
    for kept in range(1, len(entries)):
        write_chain(moved, entries[:kept])
        assert HEAD_DIFFERS in " ".join(verify_record(moved, head))


def forge(dice: random.Random, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Change, leave out, repeat or exchange entries of a chain."""
    forged = json.loads(json.dumps(entries))
    at = dice.randrange(len(forged) - 1)
    kind = dice.choice(["login", "time", "facts", "leave out", "repeat", "exchange"])
    if kind == "login":
        forged[at]["login"] += "2"
    elif kind == "time":
        forged[at]["at"] = "2026-04-01T00:00:00+00:00"
    elif kind == "facts":
        forged[at]["facts"]["note"] = "別の言葉"
    elif kind == "leave out":
        del forged[at]
    elif kind == "repeat":
        forged.insert(at, forged[at])
    else:
        forged[at], forged[at + 1] = forged[at + 1], forged[at]
    return forged


def test_with_the_head_every_recomputed_chain_is_found(moved: Path) -> None:
    entries = read_entries(moved)
    head = group_digest(entries[-1]["hash"])
    dice = random.Random(2026)
    unnoticed, whole = 0, (moved / AUDIT_NAME).read_bytes()
    for _ in range(FORGERIES):
        write_chain(moved, forge(dice, entries))
        if (moved / AUDIT_NAME).read_bytes() == whole:
            continue  # two lines that say the same in the same second were exchanged
        unnoticed += verify_record(moved) == []
        assert HEAD_DIFFERS in " ".join(verify_record(moved, head))
    # Without it most of them are consistent in themselves, which is all that 内部整合 says.
    assert unnoticed > FORGERIES / 2


def read_paper(path: Path) -> str:
    """Read the text of a PDF."""
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(path))


def test_the_head_of_the_letter_holds_and_the_lines_after_it_are_told(moved: Path) -> None:
    letter = read_paper(moved / "handover/cover_letter.pdf")
    found = re.search(r"先頭値: ((?:[0-9a-f]{4} ){3}[0-9a-f]{4})", letter)
    assert found is not None
    assert verify_record(moved, found[1]) == []
    plain = found[1].replace(" ", "")
    entries = read_entries(moved)
    (line,) = [entry["seq"] for entry in entries if entry["hash"].startswith(plain)]
    done = subprocess.run(
        [sys.executable, "-m", "recruitlib", "verify", str(moved), "--head", found[1]],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert f"先頭値の後に {len(entries) - line} 行あります" in done.stdout
    # A notebook of before, sealed once more after the letter by a forger who can count.
    notebook = "notebooks/01_load_registry.ipynb"
    (moved / notebook).write_bytes(b"{}")
    digest = hashlib.sha256(b"{}").hexdigest()
    extra = {
        **entries[-1],
        "stage": "01",
        "event": "sealed",
        "facts": {"files": {notebook: digest}},
    }
    write_chain(moved, [*entries, extra])
    twice = f"{AUDIT_NAME}: {len(entries) + 1}行目: {notebook}: 実行し直さずに、封がやり直されています。"
    assert verify_record(moved) == [twice]
    changed = f"{notebook}: 先頭値の紙の後に変えられています。"
    assert verify_record(moved, found[1]) == [twice, changed]


@pytest.mark.parametrize(
    ("stage", "event", "name"),
    [
        ("03", "sealed", "notebooks/03_review_counts.html"),
        ("05", "proposed", "handover/receipt.pdf"),
        ("06", "completed", "handover/provision_entry.pdf"),
        ("05", "corrected", "handover/cover_letter.pdf"),
        ("06", "destroyed", "count_report.pdf"),
    ],
)
def test_a_paper_replaced_or_removed_with_an_entry_of_its_own_is_named_without_any_head(
    moved: Path, stage: str, event: str, name: str
) -> None:
    assert verify_record(moved) == []
    files: Any = {name: hashlib.sha256(b"forged").hexdigest()}
    (moved / name).write_bytes(b"forged")
    if event == "destroyed":
        (moved / name).unlink()
        files = [name]
    entries = read_entries(moved)
    facts = {"files": files, "counts": [], "digests": {}}
    # Beginning 01 once more, as if all had been made anew, is no way around it.
    begun = next(entry for entry in entries if entry["event"] == "begun")
    write_chain(
        moved, [*entries, begun, {**entries[-1], "stage": stage, "event": event, "facts": facts}]
    )
    problems = verify_record(moved)
    assert (
        f"{AUDIT_NAME}: {len(entries) + 1}行目: 提供の後に、01 がやり直されています。" in problems
    )
    assert any(
        problem.startswith(f"{AUDIT_NAME}: {len(entries) + 2}行目: ") for problem in problems
    )


def test_the_head_of_any_paper_holds(moved: Path) -> None:
    heads = {
        head for path in (moved / "handover").glob("*.pdf")
        for head in re.findall(r"(?:[0-9a-f]{4} ){3}[0-9a-f]{4}", read_paper(path))
    }  # fmt: skip
    entries = read_entries(moved)
    plain = {head.replace(" ", "") for head in heads}
    known = [entry for entry in entries if entry["hash"][:16] in plain]
    assert known
    # Of every stage that is done, as its last line was when something was printed.
    for entry in (*known, *(own for own in entries if own["event"] == "completed")):
        assert verify_record(moved, group_digest(entry["hash"])) == []


# ---- what the office and the signatures find without any paper ----


def copy_project_of(handed_project: Path, tmp_path: Path) -> Path:
    """Copy the project of the run with its register."""
    project = tmp_path / "project"
    shutil.copytree(handed_project, project)
    return project


def test_within_the_project_a_cut_or_rebuilt_chain_is_found_without_any_paper(
    handed_project: Path, tmp_path: Path
) -> None:
    project = copy_project_of(handed_project, tmp_path)
    folder = project / RUN
    entries = read_entries(folder)
    assert verify_record(folder) == []
    for forged in (entries[:-1], [{**entry, "login": "another"} for entry in entries]):
        write_chain(folder, forged)
        assert any(OFFICE_DIFFERS in problem for problem in verify_record(folder))
    write_chain(folder, entries)
    assert verify_record(folder) == []
    (project / "register/demonstration" / HEADS_NAME).unlink()
    write_chain(folder, entries[:-1])
    assert [problem.split("）に、")[-1] for problem in verify_record(folder)] == [
        "この実行がありません。控えが消されています。"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("decisions", 2, 0, "reason", "parent_signed"), "事例1を決めた人の署名が合いません。"),
        (("decisions", 2, 1, "confirmed_by", "見本C"), "事例2を確かめた人の署名が合いません。"),
        (("on", "2026-05-18"), "承認した人の署名が合いません。"),
        (("by", "見本C"), "承認した人の署名が合いません。"),
        (("ticked", "lists", "見ていない"), "承認した人の署名が合いません。"),
        (("officers", 1, 3, "euUi6bfQZ+oagZA+mmu3l+GyX8Smb2lATTVkqTrKMYU="), "署名が合いません。"),
    ],
)
def test_a_decision_or_approval_written_anew_has_no_signature(
    moved: Path, change: tuple[Any, ...], told: str
) -> None:
    entries = read_entries(moved)
    (approved,) = [entry for entry in entries if entry["event"] == "approved"]
    *path, name, value = change
    place = approved["facts"]
    for step in path:
        place = place[step]
    assert place[name] != value
    place[name] = value
    write_chain(moved, entries)
    problems = verify_record(moved)
    assert problems
    for problem in problems:
        assert problem.startswith(f"{AUDIT_NAME}: {approved['seq']}行目: ")
    assert told in problems[0] or told in problems[-1]


def test_a_hand_over_written_anew_has_no_signature(moved: Path) -> None:
    entries = read_entries(moved)
    (signed,) = [
        entry for entry in entries if entry["stage"] == "05" and entry["event"] == "completed"
    ]
    assert len(signed["facts"]["signed"]["signatures"]) == 2
    signed["facts"]["signed"]["content"]["handed_over_labels"] += 1
    write_chain(moved, entries)
    where = f"{AUDIT_NAME}: {signed['seq']}行目"
    told = f"{where}: 署名されたファイルの署名が合いません。"
    counted = f"{where}: 二人が署名した提供の枚数が、記録の通番をたどった枚数と違います。"
    assert verify_record(moved) == [counted, told, told]


def test_within_the_project_a_signer_who_is_not_the_office_s_is_told(
    handed_project: Path, tmp_path: Path
) -> None:
    project = copy_project_of(handed_project, tmp_path)
    path = project / "params/demonstration_officers.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text("officers: []\n", encoding="utf-8")
    problems = verify_record(project / RUN)
    assert problems
    for problem in problems:
        assert "が、役所の職員の一覧と違います。" in problem
    path.write_text(text.replace("係長（見本）", "課長（見本）"), encoding="utf-8")
    (problem,) = verify_record(project / RUN)
    assert "職員の行が、登録の後に書き換えられています。" in problem
    path.write_text(text, encoding="utf-8")
    assert verify_record(project / RUN) == []


# ---- who opened what, and for what ----


def call(project: Path, *words: str) -> list[tuple[str, str]]:
    """Call a command; give officer and purpose of each opening that it has logged."""
    before = len(read_entries(project / RUN))
    subprocess.run(
        [sys.executable, "-m", "recruitlib", *words], cwd=project, capture_output=True, check=False
    )
    opened = [own for own in read_entries(project / RUN)[before:] if own["event"] == "opened"]
    assert opened
    return sorted({(own["facts"]["officer"], own["facts"]["purpose"]) for own in opened})


def test_every_opening_of_a_run_tells_officer_and_purpose(
    handed_project: Path, tmp_path: Path
) -> None:
    entries = read_entries(handed_project / RUN)
    opened = [entry["facts"] for entry in entries if entry["event"] == "opened"]
    assert len(opened) > 40
    assert {facts["officer"] for facts in opened} == {"見本A"}
    assert {facts["purpose"] for facts in opened} == {
        "除外の処理", "確認の処理", "宛名の処理", "提供の処理", "記録に個人の情報がないかを調べる",
    }  # fmt: skip
    project = copy_project_of(handed_project, tmp_path)
    # A command that asks nobody who he is names nobody; the login stands beside.
    assert call(project, "cases", RUN) == [("", "事例を見る（recruitlib cases）")]
    assert call(project, "why", RUN) == [("", "理由を見る（recruitlib why）")]
    assert call(project, "confirm", PARAMETERS, "--by", "見本B") == [
        ("見本B", "事例の決定を確かめる")
    ]
    assert verify_record(project / RUN) == []


# ---- digests of single persons and cases are keyed ----


def list_digests(folder: Path) -> set[str]:
    """List the beginning of every digest that stands anywhere in the record, also in groups of four."""
    found = set()
    for path in list_files(folder):
        if PRIVATE in path.relative_to(folder).parts:
            continue
        text = read_paper(path) if path.suffix == ".pdf" else path.read_text(encoding="utf-8")
        for digest in re.findall(r"[0-9a-f]{16,}|(?:[0-9a-f]{4} ){3}[0-9a-f]{4}", text):
            found.add(digest.replace(" ", "")[:16])
    return found


def try_out(values: set[str], contents: set[bytes]) -> set[str]:
    """Digest values as anybody with a list of names could, and give the beginnings."""
    forms = {form for value in values for form in (value, f"{value}\n", json.dumps(value))}
    contents = contents | {form.encode(code) for form in forms for code in ("utf-8", "utf-16-le")}
    ways = ("sha256", "sha1", "md5", "sha512", "blake2b", "sha3_256")
    return {hashlib.new(way, content).hexdigest()[:16] for way in ways for content in contents}


def test_no_digest_of_a_person_or_a_case_can_be_tried_out(
    handed_project: Path, tmp_path: Path
) -> None:
    folder = copy_project_of(handed_project, tmp_path) / RUN
    key = unlock_key(folder, "demo")
    cases, tables = read_cases(folder, key)
    with (handed_project / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values, contents = set(), set()
    for row in rows:
        name, born, number = row["氏名"], row["生年月日"], row["宛名番号"]
        values |= {
            name,
            number,
            name + born,
            f"{name},{born}",
            number + name,
            ",".join(row.values()),
        }
    for table in tables.values():
        for place in range(len(table)):
            own = table.iloc[place : place + 1]
            contents.add(write_table(own))
            values.add(own.to_json(force_ascii=False))
            values |= {json.dumps(one, ensure_ascii=False) for one in own.to_dict("records")}
    known = list_digests(folder)
    guesses = try_out(values, contents)
    assert len(guesses) > 10_000
    assert known & guesses == set()
    # The search itself finds what is not keyed.
    planted = hashlib.sha256(rows[0]["宛名番号"].encode()).hexdigest()
    (folder / "counts.csv").write_text(f"all,{planted},1\n", encoding="utf-8")
    assert list_digests(folder) & guesses == {planted[:16]}
    # The cases' digests stand in the record, and with another key all of them are others.
    own = set(cases["digest"].str[:16])
    assert own <= known
    assert not own & set(list_review_cases(tables, b"another key")["digest"].str[:16])
