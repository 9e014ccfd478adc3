"""An extract of 122 columns: nothing of what must not travel is kept, and nothing changes by it."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from recruitlib.base.office import REGISTER_KEY_NAME
from recruitlib.base.profiles import read_profile
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import (
    DEMONSTRATION_PASSPHRASE,
    KEY_NAME,
    decrypt_content,
    open_locked,
)
from recruitlib.pipeline import run_pipeline
from tests.conftest import PARAMETERS, WARD
from tests.unit.extracts import read_cells, take_column, write_cells

Run = Callable[..., Path]
FORBIDDEN = ("個人番号", "住民票コード", "基礎年金番号", "在留カード等番号")
LONGEST = 12
# Not of the run: what it was given, and the program's own texts.
_GIVEN = ("inputs",)


def list_forbidden(project: Path) -> set[str]:
    """List every number of the extract that must never travel."""
    rows = read_cells(project / WARD / "registry.csv")
    assert len(rows[0]) == 122
    values = {text for header in FORBIDDEN for text in take_column(rows, header)} - {""}
    assert len(values) > 3_000
    assert min(map(len, values)) >= 10
    return values


def open_files(project: Path) -> Iterator[tuple[str, bytes]]:
    """Give the content of every file of the run, private ones decrypted."""
    keys = [
        open_locked(path.read_bytes(), DEMONSTRATION_PASSPHRASE)
        for path in project.rglob("*.age")
        if path.name in (KEY_NAME, REGISTER_KEY_NAME)
    ]
    for path in sorted(project.rglob("*")):
        if not path.is_file() or path.relative_to(project).parts[0] in _GIVEN:
            continue
        content = path.read_bytes()
        yield path.relative_to(project).as_posix(), content
        if path.suffix == ".age" and path.name not in (KEY_NAME, REGISTER_KEY_NAME):
            opened = [plain for key in keys if (plain := try_key(key, content)) is not None]
            assert opened, path.name
            yield f"{path.name} (opened)", opened[0]


def try_key(key: object, sealed: bytes) -> bytes | None:
    try:
        return decrypt_content(key, sealed, "a private file")  # type: ignore[arg-type]
    except Exception:
        return None


def find_values(content: bytes, values: set[str]) -> set[str]:
    """Find which of the values stand anywhere in a content, in whatever it is written."""
    found = set()
    for encoding in ("utf-8", "cp932", "utf-16-le"):
        text = content.decode(encoding, errors="ignore")
        for run in set(re.findall(r"[0-9A-Z]{10,}", text)):
            pieces = {
                run[at : at + size]
                for size in range(10, LONGEST + 1)
                for at in range(len(run) - size + 1)
            }
            found |= pieces & values
    return found


@pytest.fixture(scope="module")
def taken(
    ward_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """Run 01 and 02 of the small ward twice: with all columns, and with the profile's own alone."""
    projects = []
    patch = pytest.MonkeyPatch()
    for name in ("whole", "own"):
        project = tmp_path_factory.mktemp(name) / "project"
        shutil.copytree(ward_project, project)
        if name == "own":
            keep_own_columns(project)
        patch.chdir(project)
        run_pipeline(project / PARAMETERS, last="02", say=lambda line: None)
        projects.append(project)
    yield projects[0], projects[1]
    patch.undo()


def keep_own_columns(project: Path) -> None:
    """Leave the columns of the profile in the extract, and no other one."""
    profile = read_profile(project / "params/profiles/registry_standard.yaml")
    own = {header for headers in profile.columns.values() for header in headers}
    path = project / WARD / "registry.csv"
    rows = read_cells(path)
    places = [place for place, header in enumerate(rows[0]) if header in own]
    assert len(places) < 40
    write_cells(path, [[row[place] for place in places] for row in rows])


def read_table(project: Path, name: str) -> pd.DataFrame:
    private = project / "runs/test_ward/private"
    key = open_locked((private / KEY_NAME).read_bytes(), DEMONSTRATION_PASSPHRASE)
    return parse_table(decrypt_content(key, (private / f"{name}.age").read_bytes(), name))


def test_the_forbidden_numbers_are_in_no_file_of_the_run(taken: tuple[Path, Path]) -> None:
    project, _ = taken
    values = list_forbidden(project)
    seen, opened = [], 0
    for name, content in open_files(project):
        found = find_values(content, values)
        seen += [name] if found else []
        opened += name.endswith("(opened)")
    assert opened >= 5
    assert seen == []


def test_the_search_would_have_found_them(taken: tuple[Path, Path]) -> None:
    project, _ = taken
    values = list_forbidden(project)
    one = sorted(values)[0]
    for encoding in ("utf-8", "cp932", "utf-16-le"):
        for text in (f"番号{one}。", f"0{one}9", f'"{one}"', one):
            assert one in find_values(text.encode(encoding), values)
    assert find_values((project / WARD / "registry.csv").read_bytes(), values) == values
    # And the ids, which are as long, are where they should be.
    ids = set(read_table(project, "cohort")["addressee_id"])
    contents = dict(open_files(project))
    assert find_values(contents["cohort.age (opened)"], ids) == ids


def test_the_headers_of_the_forbidden_numbers_are_in_no_table(taken: tuple[Path, Path]) -> None:
    project, _ = taken
    for path in (project / "runs/test_ward/private").glob("*.age"):
        if path.name != KEY_NAME:
            assert set(FORBIDDEN).isdisjoint(read_header(project, path.stem))


def read_header(project: Path, name: str) -> list[str]:
    private = project / "runs/test_ward/private"
    key = open_locked((private / KEY_NAME).read_bytes(), DEMONSTRATION_PASSPHRASE)
    content = decrypt_content(key, (private / f"{name}.age").read_bytes(), name)
    return next(csv.reader(content.decode("utf-8", errors="replace").splitlines()), [])


def test_the_extra_columns_change_neither_a_count_nor_a_person(taken: tuple[Path, Path]) -> None:
    whole, own = taken
    counts = [(project / "runs/test_ward/counts.csv").read_bytes() for project in taken]
    assert counts[0] == counts[1] and b"cohort" in counts[0]
    for name in ("cohort", "protected", "housemates", "matches", "candidates"):
        pd.testing.assert_frame_equal(read_table(whole, name), read_table(own, name))
    assert len(read_table(whole, "cohort")) == 127 + 192
