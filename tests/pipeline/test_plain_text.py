"""No name stands in plain on the disk at any time: while a run works, and after it was killed.

Two watches look together. In every Python process a hook keeps what a file holds before it is
changed, replaced or removed; beside it the system tells of every file, also of other programs.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pikepdf
import pytest

from recruitlib.base.audit import digest_bytes
from recruitlib.base.parameters import NOTEBOOKS, STAGE_NAMES, STAGES
from recruitlib.base.scanner import Scanner
from recruitlib.base.traces import make_traces
from recruitlib.base.vault import create_key
from recruitlib.base.verification import verify_record
from tests.conftest import PARAMETERS, WARD
from tests.pipeline.inotify import FileWatch

HOOK = Path(__file__).parent / "watch"
RUN = "runs/test_ward"
# Each stage makes more changes than this before it is sealed.
CHANGES = (2, 30)
COLUMNS = {
    "氏名": "full_name", "氏名_フリガナ": "full_name_kana", "生年月日": "birth_date",
    "宛名番号": "addressee_id",
}  # fmt: skip


class Place:
    """A folder that holds everything a run may write to: project, home, temporary files."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.tree, self.kept = folder / "t", folder / "kept"
        self.project = self.tree / "p"
        for name in ("home", "tmp"):
            (self.tree / name).mkdir(parents=True)
        self.kept.mkdir()
        shutil.copytree(project, self.project)
        self.known = {digest_bytes(path.read_bytes()) for path in list_files(self.tree)}

    def call(
        self, *words: str, notebook: str = "", last_change: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Call Python in the project, with every folder of its own in the tree.

        Args:
            words: the command.
            notebook: when it is at work,
            last_change: which change of a file is the last one, for all processes; 0 for none.
        """
        (self.kept / "changes").unlink(missing_ok=True)
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "IPYTHON", "XDG", "MPL", "RECRUITLIB"))
        }
        paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.run(
            [sys.executable, *words], cwd=self.project, capture_output=True, text=True,
            encoding="utf-8", check=False, env={
                **own, "HOME": str(self.tree / "home"), "TMPDIR": str(self.tree / "tmp"),
                "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1",
                "WATCHED_TREE": str(self.tree), "WATCHED_KEPT": str(self.kept),
                "WATCHED_NOTEBOOK": notebook, "WATCHED_LAST_CHANGE": str(last_change),
            },
        )  # fmt: skip

    def list_seen(self) -> dict[str, set[str]]:
        """List the files that the hook looked at, with the digests of what they held."""
        seen: dict[str, set[str]] = {}
        log = self.kept / "seen"
        for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
            path, _, digest = line.partition("\t")
            seen.setdefault(path, set()).add(digest)
        return seen

    def list_held(self, watch: FileWatch, scanner: Scanner) -> list[bytes]:
        """List what held a trace at some time since the project was laid out."""
        seen = self.list_seen()
        # Whatever came and went was looked at while it was there.
        assert watch.whole and watch.gone <= watch.read | seen.keys()
        digests = {digest for one in seen.values() for digest in one}
        kept = {digest: (self.kept / digest).read_bytes() for digest in digests} | watch.contents
        return list_bad([kept[digest] for digest in kept.keys() - self.known], scanner)

    def list_bad(self, scanner: Scanner) -> list[str]:
        """List the files that stand in the tree now and hold a trace, or have one in their names."""
        bad = []
        for path in list_files(self.tree):
            content = path.read_bytes()
            # What the project began with, and what was looked at already, needs no second look.
            if (digest := digest_bytes(content)) not in self.known and list_bad([content], scanner):
                bad.append(path.name)
            self.known.add(digest)
            bad += [path.name] if scanner.count(str(path)) else []
        return bad


def list_files(tree: Path) -> list[Path]:
    return [path for path in tree.rglob("*") if path.is_file()]


@pytest.fixture
def place(ward_project: Path) -> Iterator[Place]:
    # The path of a socket is limited, and that of a test's own folder is long.
    with tempfile.TemporaryDirectory(prefix="w", ignore_cleanup_errors=True) as folder:
        yield Place(Path(folder), ward_project)


@pytest.fixture(scope="module")
def scanner(ward_project: Path) -> Scanner:
    """Look for everybody whom the invented registry holds."""
    with (ward_project / WARD / "registry.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    people = pd.DataFrame(rows)[list(COLUMNS)].rename(columns=COLUMNS)
    lots = [row["住所_町字"] + row["住所_番地号表記"] for row in rows]
    return Scanner(make_traces(people.assign(address=lots)))


def list_bad(contents: Iterable[bytes], scanner: Scanner) -> list[bytes]:
    """List what holds a trace of somebody; of a locked PDF its bytes are searched."""
    bad = []
    every = sorted(contents)
    for content, following in zip(every, [*every[1:], b""], strict=True):
        # What grows line by line is searched in its longest form.
        if not following.startswith(content):
            bad += [content] if scanner.count(b"\0" * is_locked(content) + content) else []
    return bad


def is_locked(content: bytes) -> bool:
    """Whether it is a PDF that opens with a password only, or a piece of one."""
    if not content.startswith(b"%PDF-"):
        return False
    try:
        pikepdf.open(io.BytesIO(content)).close()
    except (pikepdf.PdfError, pikepdf.PasswordError):
        return True
    return False


def test_while_a_run_works_no_name_stands_on_the_disk(place: Place, scanner: Scanner) -> None:
    with FileWatch(place.tree) as watch:
        done = place.call("-m", "recruitlib", "run", PARAMETERS, "--through", "06")
    assert done.returncode == 0, done.stderr
    looked = {Path(path).name for path in (*place.list_seen(), *watch.read)}
    assert {".cohort.age.partial", "labels_all.pdf", "03_review_counts.ipynb"} <= looked
    held = place.list_held(watch, scanner)
    assert [content[:40] for content in held] == []
    assert place.list_bad(scanner) == []
    for path in (place.project / "runs", place.project / "register"):
        for inner in (path, *path.rglob("*")):
            mode = stat.S_IMODE(inner.stat().st_mode)
            assert mode == (0o700 if inner.is_dir() else 0o600), inner.name


@pytest.mark.parametrize("program", ["python", "sh"])
def test_the_watch_sees_a_plain_file_that_lives_a_moment(
    place: Place, scanner: Scanner, program: str
) -> None:
    """Of Python the hook sees all; of another program the system tells at least that a file was there."""
    with (place.project / WARD / "registry.csv").open(encoding="utf-8-sig", newline="") as file:
        name = next(csv.DictReader(file))["氏名"]
    moment = {
        "python": "import os, sys\nopen('x', 'w', encoding='utf-8').write(sys.argv[1])\nos.remove('x')",
        "sh": "import os, sys\nos.execlp('sh', 'sh', '-c', 'printf %s \"$0\" > x; rm x', sys.argv[1])",
    }
    with FileWatch(place.tree) as watch:
        assert place.call("-c", moment[program], name).returncode == 0
    seen = place.list_seen()
    path = str(place.project / "x")
    assert path in watch.gone
    kept = [(place.kept / digest).read_bytes() for digest in seen.get(path, ())]
    if program == "python":
        assert kept == [name.encode()]
        assert len(list_bad(kept, scanner)) == 1
    assert list_bad([*watch.contents.values(), *kept], scanner) or path not in watch.read


def test_an_export_leaves_no_name_but_in_the_workbook_itself(
    place: Place, scanner: Scanner
) -> None:
    """openpyxl makes a plain temporary file of each sheet, beside the file that is asked for."""
    create_key(place.project / RUN, "demo", demonstration=True)
    words = ("-m", "recruitlib", "run", PARAMETERS, "--through", "02")
    assert place.call(*words).returncode == 0
    book = place.tree / "book.xlsx"
    words = ("-m", "recruitlib", "register", PARAMETERS, "--out", str(book), "--by", "主任")
    with FileWatch(place.tree) as watch:
        done = place.call(*words, "--due", "2026-06-30")
    assert done.returncode == 0, done.stderr
    assert scanner.count(book.read_bytes()) > 0
    held = place.list_held(watch, scanner)
    assert {content[:4] for content in held} == {b"PK\3\4"}


@pytest.mark.soak
def test_a_run_killed_in_any_stage_leaves_no_name_and_goes_on(
    place: Place, scanner: Scanner
) -> None:
    create_key(place.project / RUN, "demo", demonstration=True)
    chance = random.Random(8)
    first = "01"
    for stage in STAGES:
        words = ("-m", "recruitlib", "run", PARAMETERS, "--from", first, "--through", stage)
        killed = place.call(*words, notebook=NOTEBOOKS[stage], last_change=chance.randint(*CHANGES))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert f"{stage} {STAGE_NAMES[stage]} 開始" in killed.stdout
        assert place.list_bad(scanner) == []
        first = stage
    done = place.call("-m", "recruitlib", "run", PARAMETERS, "--from", "06", "--through", "06")
    assert done.returncode == 0, done.stderr
    assert verify_record(place.project / RUN) == []
    assert not (place.project / RUN / "private").exists()
