"""The register (除外申出受付簿): every application of every channel, under one running number.

It is the office's own and outlives the runs: one encrypted table per fiscal year beside the runs,
under a key of its own. A line that stands in it never goes and never changes its number, so that
an application lost between two exports is noticed. Demonstrations have a register of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import pandas as pd
from filelock import FileLock

from recruitlib.base.audit import (
    LOCK_NAME,
    append_entry,
    digest_keyed,
    list_since_begun,
    read_entries,
)
from recruitlib.base.errors import IntegrityError
from recruitlib.base.office import (
    Office,
    has_table,
    keep,
    list_expired,
    open_office,
    read_header,
    read_kept,
)
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.tables import parse_table, write_table
from recruitlib.optouts.acts import STATUS_LABELS
from recruitlib.optouts.applications import STANDING

# What an application says. Other columns are our own reading of it, which may change without it.
CONTENT = (
    "application_id", "receipt_no", "received_at", "received_time", "channel", "subject_name",
    "subject_kana", "subject_birth_text", "subject_address", "subject_building", "phone",
    "applicant_relation", "identity_check", "wish", "status",
)  # fmt: skip
REGISTER_COLUMNS = (
    "number", "fiscal_year", "run_id", *CONTENT, "linked_to", "replaces", "seen_in", "digest",
    "ended_by",
)  # fmt: skip
INTEGERS = ("number", "fiscal_year")
WORDS = {
    "channel": {"form": "電子申請", "counter": "窓口", "post": "郵送", "other": "その他"},
    "applicant_relation": {
        "self": "本人", "guardian": "法定代理人", "agent": "任意代理人", "unknown": "不明",
    },
    "wish": {"optout": "提供を望まない", "withdrawal": "取下げ", "unknown": "不明"},
    "status": STATUS_LABELS,
}  # fmt: skip
Line = dict[str, Any]


class Joined(NamedTuple):
    """The register after a join; ``missing`` are the numbers that this export no longer has."""

    register: pd.DataFrame
    added: int
    replaced: int
    missing: list[int]


class DayJoined(NamedTuple):
    """How a day's applications joined the register: counts, and running numbers of missing ones."""

    applications: int
    lines: int
    added: int
    replaced: int
    missing: list[int]


def make_register() -> pd.DataFrame:
    """Make the register of a year that nobody has applied in yet."""
    return _shape([])


def _shape(rows: list[Line]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(REGISTER_COLUMNS))
    return table.astype({name: "int64" if name in INTEGERS else "str" for name in REGISTER_COLUMNS})


def _take(application: Mapping[str, Any], name: str) -> str:
    value = application.get(name, "")
    if not isinstance(value, str):
        # A missing value would stand in the register as a word, and the next join find it changed.
        raise ValueError(f"列「{name}」に文字列でない値か欠けた値があります。")
    return value


def digest_application(application: Mapping[str, Any], digest_key: bytes) -> str:
    """Give the keyed digest of what an application says, wherever it stood in its file."""
    said = [_take(application, name) for name in CONTENT]
    return digest_keyed(digest_key, json.dumps(said, ensure_ascii=True).encode())


def join_register(
    register: pd.DataFrame,
    applications: pd.DataFrame,
    run_id: str,
    fiscal_year: int,
    digest_key: bytes,
    whole_year: bool = False,
) -> Joined:
    """Join the applications of all channels into the register of their fiscal year.

    What stands in the register with the same content keeps its number. An application whose
    content has changed gets a new line, which names the line that it replaces. New lines are
    numbered by the day of reception, then by the application's id. Nothing is ever taken out: an
    application that this run (or, with ``whole_year``, any run of the year) has had before and
    that is no longer there is reported.

    Args:
        register: the columns of ``REGISTER_COLUMNS``, in the order of the numbers.
        applications: ``application_id`` with its channel's prefix (form:4821) and the other
            columns of ``CONTENT``, any of which may be absent; ``linked_to`` if it is there.
        run_id: the run whose export it is.
        fiscal_year: of the run.
        digest_key: of the register.

    Returns:
        the register with as many new lines as ``added``; all earlier lines in their place.
    """
    said: dict[str, Line] = {}
    for row in applications.to_dict("records"):
        application = {str(name): value for name, value in row.items()}
        said.setdefault(digest_application(application, digest_key), application)
    lines: list[Line] = [
        {str(name): value for name, value in line.items()} for line in register.to_dict("records")
    ]
    before = len(lines)
    origin = {"fiscal_year": fiscal_year, "run_id": run_id}
    lines += _list_new_lines(lines, said, origin)
    missing = _find_missing(lines, said, None if whole_year else run_id)
    _mark_seen(lines, said, run_id)
    replaced = sum(line["replaces"] != "" for line in lines[before:])
    return Joined(_shape(lines), len(lines) - before, replaced, missing)


def _list_new_lines(
    lines: list[Line], said: Mapping[str, Line], origin: Mapping[str, Any]
) -> list[Line]:
    """Make a line for each application whose content does not stand in the register."""
    latest = {line["application_id"]: line for line in lines}
    known = {line["digest"] for line in lines}
    fresh = [(digest, row) for digest, row in said.items() if digest not in known]
    new: list[Line] = []
    for digest, row in sorted(fresh, key=lambda item: _order(item[1])):
        name = str(row["application_id"])
        former = latest.get(name)
        # Two papers under one number in one export stand side by side; neither replaces the other.
        replaces = former is not None and former["digest"] not in said
        latest[name] = {
            "number": len(lines) + len(new) + 1, **origin,
            **{column: _take(row, column) for column in CONTENT},
            "linked_to": "", "replaces": str(former["number"]) if former and replaces else "",
            "seen_in": "", "digest": digest, "ended_by": "",
        }  # fmt: skip
        new.append(latest[name])
    return new


def _find_missing(lines: list[Line], said: Mapping[str, Line], run_id: str | None) -> list[int]:
    """Find the latest numbers of the applications that were had before, and are there no more.

    Args:
        run_id: only those that this run has had; None for all of the year, since an application
            holds for the fiscal year, whatever run it came in with.
    """
    latest = {line["application_id"]: int(line["number"]) for line in lines}
    present = {str(row["application_id"]) for row in said.values()}
    had = {
        line["application_id"] for line in lines
        if (run_id is None and line["seen_in"]) or run_id in line["seen_in"].split()
    }  # fmt: skip
    return sorted(latest[name] for name in had - present)


def _mark_seen(lines: list[Line], said: Mapping[str, Line], run_id: str) -> None:
    for line in lines:
        if line["digest"] in said:
            line["linked_to"] = _take(said[line["digest"]], "linked_to") or line["linked_to"]
            if run_id not in line["seen_in"].split():
                line["seen_in"] = f"{line['seen_in']} {run_id}".strip()


def _order(application: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    """Order by the day of reception (unknown ones last), then by the id with its digits as numbers."""
    day, name = _take(application, "received_at"), _take(application, "application_id")
    return (day == "", day, re.sub("[0-9]+", lambda digits: digits[0].zfill(20), name), name)


def forget_run(register: pd.DataFrame, run_id: str) -> pd.DataFrame:
    """Forget that a run has had any application, when it begins anew; every line stays."""
    seen = register["seen_in"].map(
        lambda text: " ".join(name for name in text.split() if name != run_id)
    )
    return register.assign(seen_in=seen.astype("str"))


def describe_missing(missing: list[int]) -> list[str]:
    """Say by their running numbers which applications an export no longer has."""
    if not missing:
        return []
    shown = "・".join(map(str, missing[:20])) + (" など" if len(missing) > 20 else "")
    return [
        f"前に受け付けた申出 {len(missing)} 件（受付簿の番号 {shown}）が、今回の一覧にありません。"
        "recruitlib register で受付簿を書き出し、一覧と比べてください。"
    ]


def read_register(office: Office, fiscal_year: int) -> pd.DataFrame:
    """Read the register of a fiscal year; empty when nobody has applied in it yet.

    Raises:
        IntegrityError: the table is gone, has gaps, or is older than the header says.
    """
    kept = read_kept(office, fiscal_year)
    if kept is None:
        return make_register()
    table = parse_table(kept.content, INTEGERS)
    numbers = table["number"].tolist()
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < kept.lines:
        raise IntegrityError(
            f"受付簿（{fiscal_year}年度）: 番号が欠けています。最も新しいバックアップから戻してください。"
        )
    return table


def join_day(stage: Stage, applications: pd.DataFrame) -> DayJoined:
    """Join all applications of a day into the office's register, and log how many.

    Run again with the same applications, it changes nothing.

    Args:
        stage: 02, 04 or 05 at work.
        applications: those of all channels, not only the new ones, so that a lost one is noticed;
            those that an earlier year has carried here stay in the register of their year.

    Returns:
        counts and running numbers, nothing of a person.
    """
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    is_carried = applications["application_id"].str.startswith(f"{STANDING}:").astype("bool")
    applications = applications[~is_carried]
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    joins_again = any(entry["event"] == "registered" for entry in read_entries(stage.folder))
    with FileLock(office.folder / LOCK_NAME, mode=0o600):
        before = read_register(office, year)
        # A demonstration is removed and run again at will; a real run's memory outlives its folder.
        if stage.demonstration and not joins_again:
            before = forget_run(before, run_id)
        joined = join_register(
            before, applications, run_id, year, office.key.digest_key,
            whole_year=not stage.demonstration,
        )  # fmt: skip
        keep(office, year, write_table(joined.register), len(joined.register))
    result = DayJoined(
        len(applications), len(joined.register), joined.added, joined.replaced, joined.missing
    )
    counts = {**result._asdict(), "missing": len(joined.missing)}
    digest = digest_day(applications, stage.key.digest_key)
    append_entry(stage.folder, stage.number, "registered", **counts, digest=digest)
    return result


def digest_day(applications: pd.DataFrame, digest_key: bytes) -> str:
    """Give the keyed digest of what all applications of a day say, each of them once.

    Those that an earlier year has carried here are left out, as they are of the day's lines.
    """
    is_carried = applications["application_id"].str.startswith(f"{STANDING}:").astype("bool")
    said = [
        digest_application(row, digest_key) for row in applications[~is_carried].to_dict("records")
    ]
    return digest_keyed(digest_key, "\n".join(sorted(said)).encode())


def check_registered(stage: Stage, applications: pd.DataFrame) -> list[str]:
    """Say if applications are not those that this stage has joined into the register last."""
    since = list_since_begun(read_entries(stage.folder), stage.number)
    joined = [entry["facts"]["digest"] for entry in since if entry["event"] == "registered"]
    if not joined or joined[-1] == digest_day(applications, stage.key.digest_key):
        return []
    return [
        "受付簿に書き加えた申出と、突き合わせた申出が違います。"
        f"{stage.number} のノートブックを元に戻し、やり直してください。"
    ]


def list_kept_years(office: Office, until: int, today: date) -> list[int]:
    """List the fiscal years up to one whose applications must be there.

    Left out is only a year that is past its time of keeping and whose table was destroyed.
    """
    over = set(list_expired(office, today))
    return [
        year for year in sorted(read_header(office))
        if year <= until and (year not in over or has_table(office, year))
    ]  # fmt: skip


def note_ended(stage: Stage) -> int:
    """Note in the register which applications two people have taken out of force.

    Those are the applications that this run had, of whatever year, and whose withdrawal, return or
    rejection two people have decided; next year does not carry them. What this run had and two
    people left in force is in force, whatever an earlier run has noted. Run again, it notes the same.

    Args:
        stage: 05 at work, everything decided.

    Returns:
        how many applications are out of force.

    Raises:
        IntegrityError: the table of a year is gone, damaged or has lost lines.
    """
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    applications = read_private_table(stage, "applications")
    freed = list_freed(read_private_table(stage, "settled"), read_private_table(stage, "cases"))
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    with FileLock(office.folder / LOCK_NAME, mode=0o600):
        years = list_kept_years(office, year, stage.today)
        registers = {own: read_register(office, own) for own in years}
        carried = {
            name_standing(own, number): digest
            for own, table in registers.items()
            for number, digest in zip(table["number"], table["digest"], strict=True)
        }
        ends = {
            carried.get(row["application_id"]) or digest_application(row, office.key.digest_key):
            row["application_id"] in freed
            for row in applications.to_dict("records")
        }  # fmt: skip
        for own, table in registers.items():
            said = table["digest"].map(ends)
            noted = table["ended_by"].mask(said.eq(True), run_id).mask(said.eq(False), "")
            if not noted.equals(table["ended_by"]):
                keep(office, own, write_table(table.assign(ended_by=noted)), len(table))
    return sum(ends.values())


def list_freed(settled: pd.DataFrame, cases: pd.DataFrame) -> set[str]:
    """List the ids of the applications that two people have taken out of force.

    A withdrawal that nobody has confirmed ends nothing; a test entry is nobody's application.
    """
    is_test = (settled["outcome"] == "outside") & (settled["reason"] == "test_row")
    is_ended = settled["outcome"].isin(["withdrawn", "rejected"]) | is_test
    decided = cases.loc[cases["problem"] == "", "application_id"]
    return set(settled.loc[is_ended, "application_id"]) & set(decided)


def name_standing(fiscal_year: int, number: int) -> str:
    """Name an application of an earlier year's register where a later year carries it."""
    return f"{STANDING}:{fiscal_year}-{number:04d}"
