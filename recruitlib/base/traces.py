"""Traces of people: what must never stand in the record, remembered encrypted, in keys for the scan."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import vouch_for
from recruitlib.base.dates import ERAS, write_arabic
from recruitlib.base.names import fold_name, write_katakana
from recruitlib.base.vault import PRIVATE, RunKey, encrypt_content, protect_folder, read_private

# The columns that hold each kind, in the tables of every stage.
_COLUMNS = {
    "names": ("full_name", "subject_name"),
    "kana": ("full_name_kana", "subject_kana"),
    "addresses": ("address", "subject_address"),
    "numbers": ("addressee_id", "application_id"),
    "phones": ("phone",),
}
_BUILDINGS = ("building", "subject_building")
_PARTS = 2  # a surname and a given name
_BIRTHS = ("birth_date", "birth_text", "subject_birth_text")
# A sign that no key loses, between values that are folded together.
_BETWEEN = "\u241e"
GAP = "\u241f"
_GAPS = re.compile(r"""[\s|,"'、\\]+""")
_LOT = re.compile(r"丁目|番地[の之]?|番|号|(?<=\d)[の之](?=\d)|[‐‑‒–—―−ーｰ─━~〜](?=\d)")
_CHOME = re.compile("[〇一二三四五六七八九十百]+(?=丁目|番(?!町)|号)")
_PLACE = re.compile(r"^.{2,3}[都道府県].{1,6}?[市区]")
_TOWN_AND_LOT = re.compile(r"[^\d]*\d+(?:-\d+)+")
_HOME = re.compile(r"[^\d]{4,}\d{2,}(?:-\d+)*")
# Shorter pieces of text (a one-letter surname and given name) stand in ordinary sentences as well.
_SHORTEST = {"names": 3, "kana": 4, "addresses": 3, "numbers": 3, "phones": 8}
_SHORTEST_PART = {"names": 2, "kana": 3}
# With a sign between the parts; eight figures, with or without the digit of an era; era and six.
_DAY = re.compile(
    r"(?<![0-9])(?P<era>明治|大正|昭和|平成|令和|[MTSHR])?[ .]?(?P<y>元|[0-9]{1,4})"
    r"(?:年|[-/.]) ?(?P<m>[0-9]{1,2})(?:月|[-/.]) ?(?P<d>[0-9]{1,2})(?![0-9])"
    r"|(?<![0-9])[1-5]?(?P<yy>[0-9]{4})(?P<mm>[0-9]{2})(?P<dd>[0-9]{2})(?![0-9])"
    r"|(?<![0-9])(?P<short>[1-5MTSHR])(?P<sy>[0-9]{2})(?P<sm>[0-9]{2})(?P<sd>[0-9]{2})(?![0-9])"
)


class Traces(NamedTuple):
    """What points at somebody, in keys: width, spaces, variants and ways of writing lots folded.

    ``births`` has, for each birth date, the parts of the names of those born on it.
    """

    names: frozenset[str] = frozenset()
    kana: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    births: Mapping[str, frozenset[str]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def remember_terms(folder: Path, key: RunKey, stage: str, people: pd.DataFrame) -> None:
    """Remember, encrypted, what must never stand in the record: everything that points at somebody.

    Args:
        people: any of the columns of names, readings, addresses, birth dates, phones and ids.
    """
    name = f"terms_{stage}"
    known = merge_traces([_read_stage(folder, key, name), make_traces(people)])
    content = json.dumps(
        {
            **{kind: sorted(getattr(known, kind)) for kind in _COLUMNS},
            "births": {day: sorted(parts) for day, parts in sorted(known.births.items())},
        },
        ensure_ascii=False,
    )
    sealed = encrypt_content(key, content.encode())
    protect_folder(folder / PRIVATE)
    vouch_for(folder, stage, "remembered", {f"{PRIVATE}/{name}.age": sealed})


def make_traces(people: pd.DataFrame) -> Traces:
    """Make the traces of a table of people.

    Args:
        people: as for ``remember_terms``; cells of text.
    """
    texts = {
        kind: {
            text
            for column in columns
            if column in people.columns
            for text in people[column]
            if text
        }
        for kind, columns in _COLUMNS.items()
    }
    folded = {
        "names": fold_all(texts["names"] | set(filter(None, map(_turn_round, texts["names"])))),
        "kana": fold_all(texts["kana"], as_kana=True),
        "addresses": _fold_addresses(texts["addresses"]) | _fold_buildings(people),
        "numbers": fold_all(texts["numbers"]),
        "phones": {"".join(filter(str.isdecimal, one)) for one in fold_all(texts["phones"])},
    }
    return Traces(
        **{
            kind: frozenset(term for term in terms if len(term) >= _SHORTEST[kind])
            for kind, terms in folded.items()
        },
        births=_list_births(people),
    )


def fold_text(text: str) -> str:
    """Make the key of a text: as `fold_name`, small and large letters alike, separators gone."""
    return fold_gaps(text).replace(GAP, "")


def fold_gaps(text: str) -> str:
    """Make the key of a text in which a sign is left for each space or separator."""
    return fold_name(_GAPS.sub(GAP, text)).casefold()


def fold_all(texts: Iterable[str], as_kana: bool = False) -> set[str]:
    """Fold many short texts at once; readings come out in katakana."""
    whole = fold_text(_BETWEEN.join(texts))
    return set((write_katakana(whole) if as_kana else whole).split(_BETWEEN))


def fold_lots(folded: str) -> str:
    """Write every lot in a folded text in one way: 西新宿六丁目14番20号 as 西新宿6-14-20-."""
    return _LOT.sub("-", _CHOME.sub(lambda found: write_arabic(found[0]), folded))


def _fold_addresses(texts: set[str]) -> set[str]:
    """Fold addresses to town and lot; one without a number, or without a town, is nobody's.

    Anybody may write the ward's own name into the public form, and it stands in every record.
    """
    terms = set()
    for key in fold_lots(_BETWEEN.join(fold_all(texts))).split(_BETWEEN):
        inner = _PLACE.sub("", key)
        lot = _TOWN_AND_LOT.match(inner)
        term = (lot[0] if lot else inner).strip("-")
        if any(map(str.isdecimal, term)) and any(map(str.isalpha, term)):
            terms.add(term)
    return terms


def _fold_buildings(people: pd.DataFrame) -> set[str]:
    """Fold what is written of a building, where its name and a number point at one home."""
    texts = {text for name in _BUILDINGS if name in people.columns for text in people[name] if text}
    homes = map(_HOME.match, fold_lots(_BETWEEN.join(fold_all(texts))).split(_BETWEEN))
    return {home[0] for home in homes if home}


def _turn_round(name: str) -> str:
    """Write the given name first; nothing where that is one letter, which looks like any word."""
    parts = name.split()
    return "".join(reversed(parts)) if len(parts) == _PARTS and len(parts[1]) > 1 else ""


def _list_births(people: pd.DataFrame) -> dict[str, frozenset[str]]:
    """List the parts of the names of those born on each day."""
    born: dict[str, set[str]] = {}
    columns = {name: people[name].tolist() for name in people.columns}
    for days in (columns[name] for name in _BIRTHS if name in columns):
        found = {text: find_days(text) for text in set(days)}
        for kind in ("names", "kana"):
            for names in (columns[name] for name in _COLUMNS[kind] if name in columns):
                parts = {part for name in names for part in name.split()}
                keys = {part: _fold_part(part, kind) for part in parts}
                for text, name in zip(days, names, strict=True):
                    for day in found[text]:
                        born.setdefault(day, set()).update(keys[part] for part in name.split())
    return {day: frozenset(words - {""}) for day, words in born.items()}


def _fold_part(part: str, kind: str) -> str:
    """Fold a surname or given name, if it is long enough to point at somebody on its own line."""
    word = write_katakana(fold_text(part)) if kind == "kana" else fold_text(part)
    return word if len(word) >= _SHORTEST_PART[kind] else ""


def find_days(text: str) -> set[str]:
    """Find every day that a text names in figures, in either calendar, as ISO dates."""
    days = set()
    for found in _DAY.finditer(unicodedata.normalize("NFKC", text).upper()):
        era, year, month, day = (found["era"] or found["short"], *_pick(found))
        number = 1 if year == "元" else int(year)
        if era:
            number += next(
                one.year_zero for one in ERAS if era in (one.name, one.letter, one.digit)
            )
        with suppress(ValueError):
            days.add(date(number, int(month), int(day)).isoformat())
    return days


def _pick(found: re.Match[str]) -> tuple[str, str, str]:
    parts = [
        part for part in found.group("y", "m", "d", "yy", "mm", "dd", "sy", "sm", "sd") if part
    ]
    return (parts[0], parts[1], parts[2])


def merge_traces(all_traces: Iterable[Traces]) -> Traces:
    """Merge traces."""
    every = list(all_traces)
    births: dict[str, frozenset[str]] = {}
    for one in every:
        for day, parts in one.births.items():
            births[day] = births.get(day, frozenset()) | parts
    kinds = {kind: frozenset().union(*(getattr(one, kind) for one in every)) for kind in _COLUMNS}
    return Traces(**kinds, births=births)


def _read_stage(folder: Path, key: RunKey, name: str) -> Traces:
    if not (folder / PRIVATE / f"{name}.age").exists():
        return Traces()
    content = json.loads(read_private(folder, key, name, "", "記録に個人の情報がないかを調べる"))
    births = {day: frozenset(parts) for day, parts in content.pop("births").items()}
    return Traces(**{kind: frozenset(terms) for kind, terms in content.items()}, births=births)


def read_traces(folder: Path, key: RunKey, stage: str = "*") -> Traces:
    """Read every trace of the run, or those of one stage."""
    return merge_traces(
        _read_stage(folder, key, path.name.removesuffix(".age"))
        for path in sorted((folder / PRIVATE).glob(f"terms_{stage}.age"))
    )
