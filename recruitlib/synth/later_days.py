"""What changes after the base date: the lists of print day, the registry of handover day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from recruitlib.synth.applications import find_subject
from recruitlib.synth.columns import POSITION, REGISTRY_COLUMNS
from recruitlib.synth.extract import ELSEWHERE, REASON_CODES, write_place
from recruitlib.synth.households import Settlement
from recruitlib.synth.people import Household

EXPORTED_ON, PRINTED_ON, HANDED_OVER_ON = "2026-05-18", "2026-05-20", "2026-05-25"


@dataclass(frozen=True, slots=True)
class Change:
    """An event between base date and handover: the person and the fields that differ after it."""

    addressee_id: str
    what: str
    fields: dict[str, str]


def _describe_event(reason: str, day: date) -> dict[str, str]:
    text = day.isoformat()
    return {"異動年月日": text, "異動届出年月日": text, "処理年月日": text,
            "異動事由": REASON_CODES[reason]}  # fmt: skip


def _describe_removal(reason: str, status: str, day: date) -> dict[str, str]:
    text = day.isoformat()
    return _describe_event(reason, day) | {
        "住民状態": status, "除票フラグ": "1", "異動区分": "1", "記載の事由": "",
        "消除の事由": reason, "消除の届出年月日": text, "消除の異動年月日": text,
        "消除の異動年月日_不詳フラグ": "0", "住所を定めた年月日": "",
    }  # fmt: skip


def list_changes(cast: dict[str, Household], settlement: Settlement) -> list[Change]:
    """List what happens to recipients between the base date and handover day.

    Args:
        cast: Households with a planted case, by role.
        settlement: Gives new dwellings and surnames.

    Returns:
        Two deaths, three moves out, two moves within the ward, one new surname.
    """
    changes = []
    for role, day in (("died_18", date(2026, 4, 21)), ("died_22", date(2026, 5, 8))):
        person = find_subject(cast[role])
        fields = _describe_removal("死亡", "3", day)
        changes.append(Change(person.addressee_id, "died", fields))
    for number, day in enumerate((date(2026, 4, 28), date(2026, 5, 11), date(2026, 5, 22))):
        person = find_subject(cast[f"moved_out_{number}"])
        fields = _describe_removal("国内転出", "2", day)
        code, prefecture, city, town, lot, postal = ELSEWHERE[number]
        prefix = "転出先住所（確定）_"
        fields |= {
            "転出年月日（確定）": day.isoformat(), f"{prefix}市区町村コード": code,
            f"{prefix}都道府県": prefecture, f"{prefix}市区郡町村名": city,
            f"{prefix}町字": town, f"{prefix}番地号表記": lot, f"{prefix}郵便番号": postal,
        }  # fmt: skip
        changes.append(Change(person.addressee_id, "moved_out", fields))
    for number, day in enumerate((date(2026, 5, 1), date(2026, 5, 19))):
        household = cast[f"moved_within_{number}"]
        person = find_subject(household)
        fields = _describe_event("転居", day) | {"住所を定めた年月日": day.isoformat()}
        for prefix, place in (
            ("住所_", settlement.find_free_place()), ("転居前住所_", household.place),
        ):  # fmt: skip
            names = [name for name in REGISTRY_COLUMNS if name.startswith(prefix)]
            fields |= dict(zip(names, write_place(place), strict=True))
        changes.append(Change(person.addressee_id, "moved_within", fields))
    person = find_subject(cast["renamed"])
    surname = settlement.draw_surname()
    while surname.kana == person.surname.kana:
        surname = settlement.draw_surname()
    full = f"{surname.text}　{person.given.text}"
    fields = _describe_event("氏名変更", date(2026, 5, 13)) | {
        "氏名": full, "氏_日本人": surname.text, "世帯主氏名": full,
        "氏名_フリガナ": f"{surname.kana}　{person.given.kana}", "氏_日本人_フリガナ": surname.kana,
    }  # fmt: skip
    changes.append(Change(person.addressee_id, "renamed", fields))
    return changes


def _write_line(row: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue()


def _list_changed_lines(line: str, change: Change) -> Iterator[str]:
    row = next(csv.reader([line]))
    latest = POSITION["最新フラグ"]
    if row[latest] != "1":
        yield line
        return
    number = POSITION["個人履歴番号"]
    older, newer = list(row), list(row)
    older[latest] = "0"
    newer[number] = str(int(row[number]) + 1)
    for column, text in change.fields.items():
        newer[POSITION[column]] = text
    yield _write_line(older)
    yield _write_line(newer)


def write_later_registry(source: Path, target: Path, changes: list[Change]) -> int:
    """Write the registry again, with the changes as new latest records.

    Args:
        source: Registry of the base date.
        target: Where the later one goes.
        changes: One per person.

    Returns:
        Number of data rows, those of `source` and one per change.
    """
    by_id = {change.addressee_id: change for change in changes}
    rows = -1
    with (
        source.open(encoding="utf-8", newline="") as old,
        target.open("w", encoding="utf-8", newline="") as new,
    ):
        for line in old:
            change = by_id.get(line.split(",", 2)[1])
            lines = _list_changed_lines(line, change) if change else (line,)
            for written in lines:
                new.write(written)
                rows += 1
    return rows
