"""Overdue (期限切れ): what is kept after its last day, and which duties are past theirs.

It is shown when a command starts, needs no key, and stops nothing: what cannot be read is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

from recruitlib.base.audit import find_latest
from recruitlib.base.dates import fiscal_year_of
from recruitlib.base.errors import RecruitError
from recruitlib.base.office import REGISTER, list_kept_past, locate_office
from recruitlib.base.parameters import BY_NAME
from recruitlib.base.record import list_expected
from recruitlib.base.retention import (
    ACCESS_REVIEW,
    DEFAULT_YEARS,
    PRIVATE_FILES,
    RECORD,
    SOURCES,
    find_last_kept_day,
    read_years,
)
from recruitlib.base.vault import PRIVATE
from recruitlib.closing.attestation import is_kept, is_state
from recruitlib.handover.duties import KINDS, is_overdue, list_open
from recruitlib.handover.sources import SOURCES as SOURCE_NAMES
from recruitlib.oversight.records import Record, list_run_folders, read_records

_REVIEWS = "access_review"
_DAY = slice(len("90_access_review_"), len("90_access_review_2026-04-01"))


def list_overdue(root: Path, demonstration: bool, today: date) -> list[str]:
    """List what is overdue: what is kept after its last day, and duties past theirs.

    Args:
        root: the project folder.
        demonstration: whether the demonstrations' runs and register are meant.
        today: a thing is overdue from the day after its last one.

    Returns:
        one Japanese sentence for each, without anything of a person; what cannot be read is named.
    """
    told: list[str] = []
    years = DEFAULT_YEARS
    try:
        years = read_years(root)
    except RecruitError as error:
        told.append(f"保存期間を既定の年数で調べました。{error}")
    for record in read_records(root, list_run_folders(root), demonstration):
        if record.problems:
            told.append(f"{record.name}: 記録が読めないので、期限を調べられません。")
        told += _gather(f"{record.name} の期限", partial(_list_of_run, root, record, years, today))
    kind = (root, demonstration)
    told += _gather("受付簿の保存期間", partial(_list_register, *kind, today))
    told += _gather("閲覧の点検の保存期間", partial(_list_reviews, *kind, years, today))
    told += _gather("義務の簿冊", partial(_list_duties, *kind, today))
    return told


def _gather(what: str, read: Callable[[], Iterable[str]]) -> list[str]:
    """Read a part of it; where that fails, its sentence stands in the place of what it would say."""
    try:
        return list(read())
    except RecruitError as error:
        return [f"{what}を調べられません。{error}"]
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        # An entry of an older program, or a file that nobody may read: no reason not to start.
        return [f"{what}を調べられません（{type(error).__name__}）。管理者に知らせてください。"]


def _list_of_run(root: Path, record: Record, years: dict[str, int], today: date) -> Iterator[str]:
    begun = find_latest(record.entries, "01", "begun")
    if begun is None:
        return
    year = begun["facts"]["parameters"]["fiscal_year"]
    ends = {kind: find_last_kept_day(year, own) for kind, own in years.items()}
    private = [
        name for name in list_expected(record.entries)
        if name.startswith(f"{PRIVATE}/") and (root / record.name / name).exists()
    ]  # fmt: skip
    if private and ends[PRIVATE_FILES] < today:
        yield (
            f"{record.name}: 個人情報のファイル（{PRIVATE} に {len(private)} 個）の期限 {ends[PRIVATE_FILES]} を"
            "過ぎています。06 で廃棄してください。"
        )
    if ends[SOURCES] < today:
        yield from _list_sources(root, record, ends[SOURCES])
    if ends[RECORD] < today:
        yield f"{record.name}: 記録と書類の保存期間（{ends[RECORD]} まで）を過ぎています。規程に従って廃棄してください。"
    yield from _list_exports(record, today)


def _list_sources(root: Path, record: Record, until: date) -> Iterator[str]:
    given: dict[str, str] = {}
    for entry in record.entries:
        if entry["event"] == "begun":
            given.update(entry["facts"]["parameters"])
    left = [name for name in SOURCE_NAMES if given.get(name) and (root / given[name]).is_file()]
    if left:
        yield (
            f"{record.name}: 元のファイル（{'、'.join(BY_NAME[name].label for name in left)}）が、期限 {until} の後も"
            "残っています。消去するか、抽出元に返してください。"
        )


def _list_exports(record: Record, today: date) -> Iterator[str]:
    disposed = find_latest(record.entries, "06", "completed")
    said = disposed["facts"]["signed"]["content"].get("exports", {}) if disposed else {}
    for entry in record.entries:
        if entry["event"] != "exported" or entry["facts"]["due"] >= today.isoformat():
            continue
        file, due = entry["facts"]["file"], entry["facts"]["due"]
        if not is_state(said.get(file, "")) or is_kept(said[file]):
            yield f"{record.name}: 書き出した {file} の消去の期限 {due} を過ぎています。"


def _list_register(root: Path, demonstration: bool, today: date) -> Iterator[str]:
    for until, name in list_kept_past(root, demonstration, today):
        yield (
            f"{REGISTER}/{name}: 保存期間（{until} まで）を過ぎています。規程に従って廃棄してください"
            "（register.yaml の年度の行は残します）。"
        )


def _list_reviews(
    root: Path, demonstration: bool, years: dict[str, int], today: date
) -> Iterator[str]:
    for path in sorted((locate_office(root, demonstration) / _REVIEWS).glob("90_*.ipynb")):
        year = fiscal_year_of(date.fromisoformat(path.name[_DAY]))
        until = find_last_kept_day(year, years[ACCESS_REVIEW])
        if until < today:
            yield f"{REGISTER}/{_REVIEWS}/{path.stem}: 保存期間（{until} まで）を過ぎています。"


def _list_duties(root: Path, demonstration: bool, today: date) -> Iterator[str]:
    for duty in list_open(root, demonstration, today):
        if is_overdue(duty, today):
            yield (
                f"義務 {duty.number}（{KINDS[duty.kind]}、{duty.run_id or '実行なし'}）の期限 {duty.due} を"
                "過ぎています。済んだら recruitlib duty settle で結果を書いてください。"
            )
