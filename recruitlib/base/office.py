"""The office's own folder (``register/``): what outlives the runs, kept encrypted over the years.

It lies beside the runs, under a key of its own whose passphrase is no run's. A small header in
clear text says how long each fiscal year is kept, and holds no personal data; its years and lines
are sealed with the key, so that none can be taken out to make a table seem never kept.
Demonstrations have a folder of their own in it, so that invented people never mix with the
office's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import yaml
from filelock import FileLock

from recruitlib.base.audit import LOCK_NAME, append_entry, digest_keyed, write_atomically
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.retention import KEPT_REGISTER, find_last_kept_day, read_years
from recruitlib.base.vault import (
    REGISTER_KEY_VARIABLE,
    RunKey,
    decrypt_content,
    encrypt_content,
    generate_key,
    lock_key,
    open_locked,
    pack_key,
    protect_folder,
    read_register_passphrase,
    unpack_key,
)

REGISTER = "register"
# What a command adds that has looked in the real registers, and perhaps was to look in the others.
REAL_ONES = "（本番の簿冊・控えです。見本は --demonstration を付けてください）"
DEMONSTRATION = "demonstration"
REGISTER_KEY_NAME = "register.key.age"
HEADER_NAME = "register.yaml"
# The tables of a fiscal year, by the field of the header that counts their lines.
APPLICATIONS, SUPPLIED = "lines", "supplied"
_FILES = {APPLICATIONS: "r{}.age", SUPPLIED: "supplied_r{}.age"}
_TITLES = {APPLICATIONS: "受付簿の表", SUPPLIED: "提供の控え"}
_HEADER_NOTE = (
    "# 除外申出受付簿（lines）と提供の控え（supplied）の行数。個人の情報はありません。\n"
    "# 保存期間の終わり（retain_until）だけは、役所の規程に合わせて直せます。年度の行は消さないでください。\n"
)


class Office(NamedTuple):
    """The open folder of an office: where it is, whose it is, and what opens it."""

    folder: Path
    demonstration: bool
    key: RunKey


class YearHeader(NamedTuple):
    """What the header says of a fiscal year: its last day of keeping, and the lines of its tables.

    ``lines`` counts the applications, ``supplied`` the labels that were handed over.
    """

    retain_until: str
    lines: int
    supplied: int = 0


class Kept(NamedTuple):
    """What is kept of a fiscal year, and how many lines it must have at least."""

    content: bytes
    lines: int


def locate_office(root: Path, demonstration: bool) -> Path:
    """Find the office's folder, or that of the demonstrations."""
    return root / REGISTER / DEMONSTRATION if demonstration else root / REGISTER


def has_office(root: Path, demonstration: bool) -> bool:
    """Whether the office has a register: a key, or a table whose key was lost."""
    return any(locate_office(root, demonstration).glob("*.age"))


def open_office(
    root: Path, folder: Path, run_id: str, demonstration: bool, passphrase: str = ""
) -> Office:
    """Open the office's folder: with the key that the launcher hands over, or with its passphrase.

    The first time, its key is made.

    Args:
        root: the project folder.
        folder: the run's folder, whose record says when a passphrase was refused.
        run_id: the run.
        demonstration: whether the demonstrations' folder is meant.
        passphrase: the one that a new key gets, where it was asked for already.

    Raises:
        ParameterError: there is no passphrase, or one that will not do.
        IntegrityError: the passphrase is wrong, or the key is gone or not that of the header.
    """
    place = locate_office(root, demonstration)
    path = place / REGISTER_KEY_NAME
    if handed := os.environ.get(REGISTER_KEY_VARIABLE):
        office = Office(place, demonstration, unpack_key(handed))
    elif path.exists() or not (key := _create_key(place, run_id, demonstration, passphrase)):
        office = Office(place, demonstration, _unlock_key(path, folder, run_id, demonstration))
    else:
        office = Office(place, demonstration, key)
    read_header(office)
    return office


@contextmanager
def sharing_key(office: Office) -> Iterator[None]:
    """Share the key with whatever opens the folder within, so that its passphrase is asked for once."""
    before = os.environ.get(REGISTER_KEY_VARIABLE)
    os.environ[REGISTER_KEY_VARIABLE] = pack_key(office.key)
    try:
        yield
    finally:
        if before is None:
            del os.environ[REGISTER_KEY_VARIABLE]
        else:
            os.environ[REGISTER_KEY_VARIABLE] = before


def _create_key(place: Path, run_id: str, demonstration: bool, passphrase: str) -> RunKey | None:
    """Make the key, unless somebody else has made it just now."""
    protect_folder(place.parent if demonstration else place)
    protect_folder(place)
    with FileLock(place / LOCK_NAME, mode=0o600):
        if (place / REGISTER_KEY_NAME).exists():
            return None
        if any(place.glob("*.age")):
            raise IntegrityError(
                f"{REGISTER}/{REGISTER_KEY_NAME}: 受付簿の鍵がありません。バックアップから戻してください。"
            )
        passphrase = passphrase or read_register_passphrase(run_id, demonstration, new=True)
        key = generate_key(demonstration)
        # The key last: before it is there nothing is, and the next attempt begins again.
        write_header(Office(place, demonstration, key), {})
        write_atomically(place / REGISTER_KEY_NAME, lock_key(key, passphrase))
        return key


def _unlock_key(path: Path, folder: Path, run_id: str, demonstration: bool) -> RunKey:
    passphrase = read_register_passphrase(run_id, demonstration, new=False)
    try:
        return open_locked(path.read_bytes(), passphrase)
    except IntegrityError as error:
        append_entry(folder, "", "register_refused")
        raise IntegrityError(f"受付簿: {error}") from None


def _mark_key(key: RunKey) -> str:
    """Give what tells this key from another, and opens nothing."""
    return digest_keyed(key.identity.encode(), b"register")[:16]


def _seal_years(key: RunKey, years: Mapping[int, YearHeader]) -> str:
    """Seal which years there are, with their lines; the dates of keeping are the office's to write."""
    lines = [[year, own.lines, own.supplied] for year, own in sorted(years.items())]
    return digest_keyed(key.digest_key, json.dumps([REGISTER, lines]).encode())


def read_header(office: Office) -> dict[int, YearHeader]:
    """Read the header by fiscal year, and check that it belongs to this key and says what was kept.

    Raises:
        ParameterError: it is missing or not a header, or a date in it is none.
        IntegrityError: it belongs to another key or to the other kind of folder, or a year or a
            number of lines was changed.
    """
    path = office.folder / HEADER_NAME
    years, content = _read_years(path), read_yaml(path)
    ours = {"demonstration": office.demonstration, "key": _mark_key(office.key)}
    if any(content.get(name) != value for name, value in ours.items()):
        raise IntegrityError(
            f"{REGISTER}/{HEADER_NAME}: 受付簿の鍵と合いません。"
            "同じ日のバックアップから、フォルダごと戻してください。"
        )
    if content.get("seal") != _seal_years(office.key, years):
        raise IntegrityError(
            f"{REGISTER}/{HEADER_NAME}: 年度か行数が書き換えられています（保存期間の後も、年度の行は"
            "残します）。最も新しいバックアップから、フォルダごと戻してください。"
        )
    return years


def _read_years(path: Path) -> dict[int, YearHeader]:
    years = read_yaml(path).get("years")
    if not isinstance(years, dict) or not all(_is_year(*item) for item in years.items()):
        raise ParameterError(
            f"{REGISTER}/{HEADER_NAME}: years に、年度ごとの retain_until（引用符つき。例 "
            '"2032-03-31"）と lines を書いてください。'
        )
    return {year: YearHeader(**header) for year, header in years.items()}


def _is_year(year: object, header: object) -> bool:
    return (
        type(year) is int
        and isinstance(header, dict)
        # A header that was written before anything was handed over counts no labels.
        and {*header, SUPPLIED} == set(YearHeader._fields)
        and is_iso_date(header["retain_until"])
        and type(header[APPLICATIONS]) is type(header.get(SUPPLIED, 0)) is int
    )


def write_header(office: Office, years: Mapping[int, YearHeader]) -> None:
    """Write the header; the caller holds the folder's lock."""
    content = {
        "demonstration": office.demonstration,
        "key": _mark_key(office.key),
        "years": {year: header._asdict() for year, header in sorted(years.items())},
        "seal": _seal_years(office.key, years),
    }
    text = _HEADER_NOTE + yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(office.folder / HEADER_NAME, text.encode())


def read_kept(office: Office, fiscal_year: int, table: str = APPLICATIONS) -> Kept | None:
    """Read a table of a fiscal year, or nothing when nothing was kept in it yet.

    Raises:
        IntegrityError: it is gone, or cannot be opened with this key.
    """
    # The header first: whoever keeps something meanwhile writes the header after it.
    header = read_header(office).get(fiscal_year)
    path = office.folder / _FILES[table].format(fiscal_year)
    name = f"{REGISTER}/{path.name}"
    lines = getattr(header, table) if header else 0
    if not path.exists():
        if header is None or (table == SUPPLIED and lines == 0):
            return None
        raise IntegrityError(
            f"{name}: {_TITLES[table]}がありません。バックアップから戻してください。"
        )
    return Kept(decrypt_content(office.key, path.read_bytes(), name), lines)


def has_table(office: Office, fiscal_year: int, table: str = APPLICATIONS) -> bool:
    """Whether the table of a fiscal year lies in the folder, whatever the header says."""
    return (office.folder / _FILES[table].format(fiscal_year)).exists()


def keep(
    office: Office, fiscal_year: int, content: bytes, lines: int, table: str = APPLICATIONS
) -> None:
    """Keep a table of a fiscal year, encrypted; the caller holds the folder's lock."""
    years = read_header(office)
    before = years.get(fiscal_year) or YearHeader(_choose_end(office, fiscal_year), 0)
    sealed = encrypt_content(office.key, content)
    write_atomically(office.folder / _FILES[table].format(fiscal_year), sealed)
    now = before._replace(lines=lines) if table == APPLICATIONS else before._replace(supplied=lines)
    write_header(office, {**years, fiscal_year: now})


def _choose_end(office: Office, fiscal_year: int) -> str:
    """Choose the last day of keeping of a year that begins; afterwards the header's own counts."""
    root = office.folder.parents[1 if office.demonstration else 0]
    return find_last_kept_day(fiscal_year, read_years(root)[KEPT_REGISTER]).isoformat()


def read_retention(root: Path, demonstration: bool) -> dict[int, str]:
    """Read until when each fiscal year's register is kept; it takes no key, and none may be there.

    Raises:
        ParameterError: the header is none, or a date in it is none.
    """
    path = locate_office(root, demonstration) / HEADER_NAME
    return (
        {year: own.retain_until for year, own in _read_years(path).items()} if path.exists() else {}
    )


def list_kept_past(root: Path, demonstration: bool, today: date) -> list[tuple[str, str]]:
    """List the tables that are there after their last day of keeping: that day, and the file's name.

    Raises:
        ParameterError: as ``read_retention``.
    """
    place = locate_office(root, demonstration)
    return [
        (until, path.name)
        for year, until in sorted(read_retention(root, demonstration).items())
        for path in (place / name.format(year) for name in _FILES.values())
        if until < today.isoformat() and path.exists()
    ]


def list_expired(office: Office, today: date) -> list[int]:
    """List the fiscal years whose time of keeping is over."""
    header = read_header(office)
    return [year for year, own in header.items() if own.retain_until < today.isoformat()]
