"""Registry extracts written by hand, for tests of the registry room. Everybody is invented."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from recruitlib.base.profiles import read_profile
from recruitlib.registry.births import BirthRange
from recruitlib.registry.extract import Extract, read_extract
from tests.conftest import ROOT

PROFILE = read_profile(ROOT / "params/profiles/registry_standard.yaml")
VENDOR = read_profile(ROOT / "params/profiles/registry_vendor.yaml")
# The ranges that the ward's document prints.
RANGES = [
    BirthRange(18, date(2008, 4, 2), date(2009, 4, 1)),
    BirthRange(22, date(2004, 4, 2), date(2005, 4, 1)),
]
TODAY = date(2026, 5, 18)
DEFAULTS = {
    "宛名番号": "0000012", "世帯番号": "", "個人履歴番号": "1", "最新フラグ": "1",
    "除票フラグ": "0", "削除フラグ": "0", "業務ID": "RECRUITLIB-SYNTH", "住民種別": "1",
    "住民状態": "1", "異動年月日": "2026-03-20", "転出予定年月日": "", "転出年月日（確定）": "",
    "消除の異動年月日": "", "氏名": "架空　花子", "氏_日本人": "架空", "名_日本人": "花子",
    "氏名_フリガナ": "カクウ　ハナコ", "生年月日_元号": "4", "生年月日": "2008-06-03",
    "生年月日_不詳フラグ": "0", "生年月日_不詳表記": "", "住所_都道府県": "東京都",
    "住所_市区郡町村名": "新宿区", "住所_町字": "西新宿二丁目", "住所_番地号表記": "８番１号",
    "住所_方書": "", "住所_郵便番号": "１６０００２３",
}  # fmt: skip
FOREIGN = {"住民種別": "2", "氏名": "SAMPLE　ANNA", "氏_日本人": "", "名_日本人": ""}
Cells = list[list[str]]


def write_cells(path: Path, rows: Cells, encoding: str = "utf-8", ending: str = "\r\n") -> Path:
    """Write rows as another program would."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=ending).writerows(rows)
    return path


def read_cells(path: Path, encoding: str = "utf-8") -> Cells:
    """Read rows with Python's own reader."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, strict=True))


def list_cells(people: Iterable[dict[str, str]]) -> Cells:
    """Give a header and one row for each set of changes."""
    return [list(DEFAULTS)] + [list({**DEFAULTS, **person}.values()) for person in people]


def read_rows(folder: Path, rows: Cells, today: date | None = TODAY) -> Extract:
    """Read rows as an extract of the standard layout, every record kept."""
    return read_extract(write_cells(folder / "registry.csv", rows), PROFILE, RANGES, today)


def read_people(folder: Path, *people: dict[str, str]) -> Extract:
    """Read people as an extract; each has an id of its own unless it is given."""
    numbered = [{"宛名番号": str(number), **person} for number, person in enumerate(people, 1)]
    return read_rows(folder, list_cells(numbered))


def replace_column(rows: Cells, header: str, texts: Sequence[str]) -> Cells:
    """Put other texts into one column, top to bottom, and leave all others."""
    place = rows[0].index(header)
    changed = [
        [*row[:place], text, *row[place + 1 :]] for row, text in zip(rows[1:], texts, strict=True)
    ]
    return [rows[0], *changed]


def take_column(rows: Cells, header: str) -> list[str]:
    """Take one column."""
    place = rows[0].index(header)
    return [row[place] for row in rows[1:]]


def is_cohort_row(header: Sequence[str], row: Sequence[str]) -> bool:
    """Say by plain comparison whether a row of the invented ward is of a cohort."""
    cells = dict(zip(header, row, strict=True))
    born = cells["生年月日"]
    return (
        [cells[name] for name in ("最新フラグ", "住民種別", "住民状態")] == ["1", "1", "1"]
        and "1" not in (cells["除票フラグ"], cells["削除フラグ"])
        and any(r.born_from.isoformat() <= born <= r.born_to.isoformat() for r in RANGES)
    )


_ERAS = (("5", "2019-05-01", 2018), ("4", "1989-01-08", 1988), ("3", "1926-12-26", 1925))


def write_seven_digits(iso: str) -> str:
    """Write an ISO date as vendors did: the digit of the era, its year, month and day."""
    if not iso:
        return ""
    digit, _, zero = next((era for era in _ERAS if iso >= era[1]), ("2", "", 1911))
    return f"{digit}{int(iso[:4]) - zero:02d}{iso[5:7]}{iso[8:]}"


VENDOR_HEADERS = (
    "識別コード", "世帯ｺｰﾄﾞ", "履歴番号", "住民種別", "住民状態", "異動年月日", "転出予定年月日",
    "氏名", "氏名カナ", "生年月日", "性別", "住所コード", "住所", "番地", "方書", "行政区コード",
    "郵便番号",
)  # fmt: skip
# The standard's 住民状態 in the words of a vendor whose 2 is 住登外.
VENDOR_STATUS = {"1": "1", "2": "3", "3": "4", "9": "9"}


def list_vendor_cells(rows: Cells) -> Cells:
    """Rewrite rows of the standard layout as a pre-standard vendor's export has them."""
    vendor = [list(VENDOR_HEADERS)]
    for row in rows[1:]:
        own = dict(zip(rows[0], row, strict=True))
        removed = own["除票フラグ"] == "1" or own["削除フラグ"] == "1"
        status = "9" if removed and own["住民状態"] == "1" else VENDOR_STATUS[own["住民状態"]]
        vendor.append([
            own["宛名番号"], own["世帯番号"], own["個人履歴番号"], own["住民種別"], status,
            write_seven_digits(own["異動年月日"]), write_seven_digits(own["転出予定年月日"]),
            own["氏名"].encode("cp932", "replace").decode("cp932").replace("?", "〓"), own["氏名_フリガナ"],
            write_seven_digits(own["生年月日"]), "1", "0100001", own["住所_町字"],
            own["住所_番地号表記"], own["住所_方書"], "0012", own["住所_郵便番号"],
        ])  # fmt: skip
    return vendor
