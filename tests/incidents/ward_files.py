"""Files of the small ward as the accidents change them, and the private tables of its run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from recruitlib.base.audit import read_entries
from recruitlib.base.parameters import read_yaml
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import open_key, read_private
from tests.conftest import WARD, change_parameters
from tests.incidents.accident import RUN
from tests.officers import SECOND, STAFF, sign_content_as

REGISTRY, PROTECTIONS = f"{WARD}/registry.csv", f"{WARD}/protections.csv"
HANDOVER = "params/test_ward/handover.yaml"
Row = dict[str, str]


def read_rows(path: Path, encoding: str = "utf-8") -> list[Row]:
    """Read a CSV file of the ward with Python's own reader."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, strict=True))


def write_rows(path: Path, rows: list[Row], encoding: str = "utf-8") -> None:
    """Write rows as the ward's systems do."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def change_rows(path: Path, change: Callable[[list[Row]], list[Row] | None]) -> None:
    """Change the rows of a CSV file, in place or by giving others."""
    rows = read_rows(path)
    write_rows(path, change(rows) or rows)


def change_extract(project: Path, change: Callable[[list[Row]], list[Row] | None]) -> None:
    """Change the rows of the registry extract, whose own record states how many there are."""
    change_rows(project / REGISTRY, change)
    change_parameters(project, registry_total=len(read_rows(project / REGISTRY)))


def move_columns(rows: list[Row], headers: tuple[str, ...], order: list[int]) -> None:
    """Put the cells of some columns into another order, and leave all others."""
    cells = [{header: row[header] for header in headers} for row in rows]
    for row, place in zip(rows, order, strict=True):
        row.update(cells[place])


def list_latest(rows: list[Row]) -> dict[str, Row]:
    """List the latest record of each person."""
    return {row["宛名番号"]: row for row in rows if row["最新フラグ"] == "1"}


def choose_people(project: Path, age: int, number: int) -> list[Row]:
    """Choose recipients of an age who live with nobody else of a cohort and have one record."""
    rows = read_rows(project / REGISTRY)
    truth = read_truth(project)
    kept = {person for group in truth["recipients"].values() for person in group}
    homes = [row["世帯番号"] for row in list_latest(rows).values() if row["宛名番号"] in kept]
    ids = [row["宛名番号"] for row in rows]
    chosen = [
        row for row in rows
        if row["宛名番号"] in truth["recipients"][str(age)] and ids.count(row["宛名番号"]) == 1
        and homes.count(row["世帯番号"]) == 1
    ]  # fmt: skip
    return chosen[:number]


def list_measure(person: Row, kind: str, **changes: str) -> Row:
    """Write a row of the list of protected people."""
    row = {
        "宛名番号": person["宛名番号"], "履歴番号": "1", "生年月日": person["生年月日"],
        "支援措置開始年月日": "2026-02-01", "支援措置終了年月日": "2027-01-31", "支援措置区分": kind,
        "削除フラグ": "0", "作成年月日": "2026-05-18",
    }  # fmt: skip
    return row | changes


def confirm_handover(project: Path, **changes: object) -> None:
    """Confirm the hand-over otherwise than the ward does, signed by two officers."""
    content = read_yaml(project / HANDOVER) | changes
    text = yaml.safe_dump(sign_content_as(content, STAFF, SECOND), allow_unicode=True)
    (project / HANDOVER).write_text(text, encoding="utf-8")


def read_truth(project: Path) -> dict[str, Any]:
    """Read what the invented ward says of itself."""
    truth: dict[str, Any] = json.loads((project / WARD / "truth.json").read_text(encoding="utf-8"))
    return truth


def read_private_rows(project: Path, name: str) -> pd.DataFrame:
    """Read a private table of the run."""
    folder = project / RUN
    key = open_key(folder, "test_ward", demonstration=True)
    return parse_table(read_private(folder, key, name, "", "試験"))


def list_protected(project: Path) -> set[str]:
    """List the ids that the run never prints, by the lists of the day of loading."""
    return set(read_private_rows(project, "protected")["addressee_id"])


def list_cases(project: Path) -> pd.DataFrame:
    """List the cases that two people must decide before 01 goes on."""
    return read_private_rows(project, "doubts_01")


def find_answer(project: Path, guard: str) -> str:
    """Find the last answer of a guard."""
    return str(
        [
            entry["facts"]["answer"] for entry in read_entries(project / RUN)
            if entry["event"] == "guard" and entry["facts"]["guard"] == guard
        ][-1]
    )  # fmt: skip
