"""An invented municipality of any size, ready to be run from 01 to 06 without a person.

``recruitlib.synth`` makes the people who have a part to play one by one; the rest of a city is drawn
in columns (`extracts.py`) and stands among them in both registry files. What officers decide and
sign is put in by the demonstration's own officers, as for the demonstration itself.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml
from extracts import draw_people

from recruitlib.synth.application_files import tabulate_form
from recruitlib.synth.applications import MATCHED, TO_CONFIRM, Application, write_era_date
from recruitlib.synth.columns import REGISTRY_COLUMNS
from recruitlib.synth.people import COHORTS
from recruitlib.synth.ward import make_ward
from tests.conftest import ROOT, copy_project

NAME, SEED = "demo", 2026
PARAMETERS, WARD = f"params/{NAME}.yaml", f"inputs/{NAME}"
TOWNS = ROOT / "params/towns/131041.csv"
OF_WARD = 30  # applications that every invented ward has
_BY_PARTS = 350_000  # the most residents who are made one by one
_WRONG_EVERY = 20  # one form in so many has a wrong day of birth, and goes before two officers
_FORMS = ("", "print_day", "handover_day")
_REGISTRIES = ("", "handover_day")
_FIRST_ID, _FIRST_NUMBER = 60_000_007, 1_000
_MADE = "made.json"


class Size(NamedTuple):
    """How large a municipality is: residents, people of both cohorts, and applications."""

    name: str
    residents: int
    cohorts: tuple[int, int]
    applications: int


def prepare_project(size: Size, folder: Path) -> Path:
    """Make a project with an invented municipality, or take the one that an earlier bench has made.

    The notebooks and parameters are those of now; what the officers have signed is kept.

    Args:
        size: of the municipality.
        folder: where the projects of all sizes lie.

    Returns:
        the project's folder.
    """
    project = folder / size.name
    told = project / _MADE
    made = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    if made.get("size") != list(map(_plain, size)):
        shutil.rmtree(project, ignore_errors=True)
        counts = make_inputs(size, project / WARD)
        made = {"size": list(map(_plain, size)), "counts": counts}
        told.write_text(json.dumps(made), encoding="utf-8")
    signed = project / f"params/{NAME}"
    kept = project / "signed"
    if signed.exists():
        signed.rename(kept)
    for name in ("params", "notebooks"):
        shutil.rmtree(project / name, ignore_errors=True)
    copy_project(project)
    shutil.rmtree(signed)
    if kept.exists():
        kept.rename(signed)
    _set_totals(project, made["counts"])
    return project


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def make_inputs(size: Size, ward: Path) -> dict[str, int]:
    """Make all files that come from outside.

    Args:
        size: of the municipality.
        ward: where to.

    Returns:
        the rows of each file, by the name of the parameter that tells them.
    """
    ward.mkdir(parents=True)
    by_parts = min(size.residents, _BY_PARTS)
    made = make_ward(ward, by_parts, SEED, TOWNS, *size.cohorts)
    for day in ("late_day", "top_up_day", "year"):
        shutil.rmtree(ward / day)
    more = size.applications - OF_WARD
    if more:
        add_forms(ward, more)
    rest = size.residents - by_parts
    drawn = add_residents(ward, rest) if rest else 0
    forms = made["applications_form"] + more
    return {
        "registry_total": made["registry"] + drawn,
        "handover_registry_total": made["handover_registry"] + drawn,
        "form_total": forms,
        # One of the ward's applies a second time after the first export.
        "print_form_total": forms + 1,
        "handover_form_total": forms + 1,
    }


def _set_totals(project: Path, counts: dict[str, int]) -> None:
    path = project / PARAMETERS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content |= counts
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def add_residents(ward: Path, residents: int) -> int:
    """Put residents who are in no cohort among the people of both registry files.

    Args:
        ward: the folder of the files.
        residents: how many.

    Returns:
        the rows that each file has won.
    """
    paths = [ward / day / "registry.csv" for day in _REGISTRIES]
    parts = [path.rename(path.with_suffix(".part")) for path in paths]
    batches = -(-residents // 100_000)
    won = 0
    with (
        paths[0].open("wb") as first, paths[1].open("wb") as later,
        parts[0].open("rb") as own, parts[1].open("rb") as own_later,
    ):  # fmt: skip
        pairs = ((own, first), (own_later, later))
        for source, target in pairs:
            target.write(next(source))
        # As many lines of the ward before each batch as leave none behind.
        share = sum(1 for _ in own_later) // batches + 1
        own_later.seek(0)
        next(own_later)
        for rows, text in draw_people(
            TOWNS, residents, SEED, REGISTRY_COLUMNS, tuple(COHORTS.values())
        ):
            won += rows
            for source, target in pairs:
                target.writelines(islice(source, share))
                target.write(text)
        for source, target in pairs:
            target.writelines(source)
    for part in parts:
        part.unlink()
    return won


def add_forms(ward: Path, count: int) -> None:
    """Let more people of the cohorts apply by the form, and tell the truth of it.

    They write as most people do; one in twenty gets the day of birth wrong.
    """
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    applied = _apply(list(_draw_applicants(ward, truth, count)))
    _, *rows = tabulate_form(applied, len(applied))
    for number, (row, entry) in enumerate(zip(rows, applied, strict=True)):
        # Sent within the six weeks of the form, under numbers that nobody else has.
        row[0], row[1] = str(_FIRST_ID + 13 * number), f"受{_FIRST_NUMBER + number}"
        sent = date(2026, 4, 3) + timedelta(days=number % 40)
        row[2] = f"{sent} {9 + number % 12:02d}:{number % 60:02d}:00"
        truth["applications"][row[0]] = {
            "kind": entry.kind, "expected": entry.expected, "addressee_id": entry.addressee_id,
        }  # fmt: skip
    for day in _FORMS:
        with (ward / day / "applications_form.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows(rows)
    text = json.dumps(truth, ensure_ascii=False)
    (ward / "truth.json").write_text(text, encoding="utf-8")


def _draw_applicants(ward: Path, truth: dict[str, Any], count: int) -> Iterator[dict[str, str]]:
    """Draw recipients to whom nothing else happens, from the registry's file."""
    recipients = sorted(person for own in truth["recipients"].values() for person in own)
    busy = {person for own in truth["handover"].values() for person in own}
    busy |= {
        entry["addressee_id"]
        for name, told in truth.items() if name.endswith("applications")
        for entry in told.values()
    }  # fmt: skip
    free = [person for person in recipients if person not in busy]
    chosen = set(Random(SEED).sample(free, count))
    with (ward / "registry.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["宛名番号"] in chosen and row["最新フラグ"] == "1":
                yield row


def _apply(people: list[dict[str, str]]) -> list[Application]:
    applied = []
    for number, row in enumerate(people):
        born = date.fromisoformat(row["生年月日"])
        address = "".join(
            row[f"住所_{part}"] for part in ("都道府県", "市区郡町村名", "町字", "番地号表記")
        )
        surname_kana, given_kana = row["氏_日本人_フリガナ"], row["名_日本人_フリガナ"]
        application = Application(
            "agrees", MATCHED, row["宛名番号"], row["氏_日本人"], row["名_日本人"], surname_kana,
            given_kana, born, _write_birth(born, number), row["性別"], row["住所_郵便番号"], address,
            row["住所_方書"], row["氏名"], address,
        )  # fmt: skip
        if number % _WRONG_EVERY == 0:
            wrong = born.replace(day=born.day + 1 if born.day < 28 else born.day - 1)
            application = replace(
                application, kind="wrong_birth_digit", expected=TO_CONFIRM, birth=wrong,
                birth_text=wrong.isoformat(),
            )  # fmt: skip
        applied.append(application)
    return applied


def _write_birth(born: date, number: int) -> str:
    texts = (born.isoformat(), f"{born.year}/{born.month}/{born.day}", write_era_date(born),
             write_era_date(born, initial=True))  # fmt: skip
    return texts[number % len(texts)]
