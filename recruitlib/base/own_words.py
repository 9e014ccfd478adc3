"""Own words: what the record of any run says by itself, so that a form that says it stops nothing.

The form is public. Whoever types the recipient's name, a word of the chain or a day of the run into
it must not stop the seal; what the registry holds of the cohort is searched for in any case.
"""

from __future__ import annotations

import csv
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.audit import RUN_NAME
from recruitlib.base.names import write_katakana
from recruitlib.base.officers import locate_officers
from recruitlib.base.parameters import read_yaml
from recruitlib.base.traces import GAP, Traces, find_days, fold_gaps, fold_lots, fold_text

_APART = "\u241e"
_PACKAGE = Path(__file__).parents[1]
_INVENTED = "synth"  # names of invented people, which the record says of nobody
# Files of parameters that hold the office's words; decisions hold what two people wrote of somebody.
_PARAMETERS = (
    "*.yaml",
    "profiles/*.yaml",
    "scope/*.yaml",
    "checklists/*.yaml",
    "attestations/*.yaml",
)
_DOCSTRING = re.compile(r'^\s*r?"""(?!<).*?"""', re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_PIECES = re.compile(r"\\[nrt]|[{}<>*#`]")  # what stands between the pieces of a sentence
_SIGNS = re.compile(r"[-‐‑‒–—―−ー()./: ]")
_LOT = re.compile(r"(\D{2,}?)-?\d+(?:-\d+)*")
# An id that begins with letters and has four figures; with fewer it looks like any word.
_ID = re.compile(r"[a-z](?=(?:[^\d]*\d){4})[-_./a-z0-9]*")
_SHORTEST_NUMBER = 8
_LONGEST_ASKED = 20  # letters of a piece of a name
_ASCII = re.compile(r"[\x00-\x7f]+")


class OwnWords(NamedTuple):
    """What the record says by itself.

    Args:
        noted: the text of the notebooks and the names of towns.
        towns: the names of towns alone.
        told: what the parameters and the notebooks say, in folded pieces, beside the program's own.
    """

    noted: str
    towns: tuple[str, ...]
    told: str


def read_own_words(root: Path, folder: Path) -> OwnWords:
    """Read what the record of a run says by itself.

    Args:
        root: the project's folder.
        folder: the run's folder.
    """
    notebooks = [
        path.read_text(encoding="utf-8") for path in sorted((root / "notebooks").glob("*.ipynb"))
    ]
    cells = ["".join(cell["source"]) for one in notebooks for cell in json.loads(one)["cells"]]
    paths = [path for pattern in _PARAMETERS for path in sorted((root / "params").glob(pattern))]
    paths += [folder / RUN_NAME, locate_officers(root, demonstration=False)]
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in paths if path.is_file()]
    towns = tuple(_list_towns(root, folder))
    told = fold_gaps(_PIECES.sub("|", _APART.join([*notebooks, *cells, *texts])))
    return OwnWords(_APART.join([*cells, *towns]), towns, f"{GAP}{told}{GAP}")


@lru_cache(maxsize=1)
def read_program() -> _Text:
    """Read what the program itself can say: its source, without docstrings and comments."""
    texts = [
        _COMMENT.sub("", _DOCSTRING.sub("", path.read_text(encoding="utf-8")))
        for path in sorted(_PACKAGE.rglob("*.py"))
        if path.relative_to(_PACKAGE).parts[0] != _INVENTED
    ]
    return _Text(f"{GAP}{fold_gaps(_PIECES.sub('|', _APART.join(texts)))}{GAP}")


def _list_towns(root: Path, folder: Path) -> list[str]:
    """List the towns of the run's table of towns as a table of counts writes them."""
    own = read_yaml(folder / RUN_NAME).get("02", {}) if (folder / RUN_NAME).exists() else {}
    path = root / own.get("towns_file", "")
    if not path.is_file():
        return []
    towns = []
    try:
        for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()):
            last = int(row["chome_count"] or 99)  # where nobody knows how many there are
            towns += [row["town"], *(f"{row['town']}{number}丁目" for number in range(1, last + 1))]
    except (ValueError, KeyError, TypeError):
        return []  # 02 says what is wrong with its table
    return towns


def leave_out(traces: Traces, registered: Traces, own: OwnWords) -> Traces:
    """Leave out what only a form holds and any record may say, and what is nobody's value.

    Args:
        traces: those of the run.
        registered: those of 01, which stay; but a part of a name that notebooks say tells nothing.
        own: what the record says by itself.
    """
    noted = fold_text(own.noted)
    told = _Told(own)
    every = frozenset().union(*registered.births.values())
    # One look for each length: the text is long, and a city has many names.
    pieces = {noted[at : at + size] for size in set(map(len, every)) for at in range(len(noted))}
    parts = {
        part
        for day, words in traces.births.items()
        for part in words - registered.births.get(day, frozenset())
        if told.is_name(part)
    }
    return Traces(
        names=registered.names | set(filter(told.is_name, traces.names - registered.names)),
        kana=registered.kana | set(filter(told.is_name, traces.kana - registered.kana)),
        addresses=registered.addresses
        | set(filter(told.is_address, traces.addresses - registered.addresses)),
        numbers=registered.numbers | set(filter(told.is_id, traces.numbers - registered.numbers)),
        phones=frozenset(filter(told.is_phone, traces.phones)),
        births={
            day: (words & registered.births.get(day, frozenset())) - pieces | words & parts
            for day, words in traces.births.items()
        },
    )


class _Text:
    """A folded text that is asked for words: as a whole, and for the pieces that stand apart in it."""

    def __init__(self, told: str) -> None:
        pieces = write_katakana(told.replace(GAP, _APART)).split(_APART)
        self.whole = "".join(pieces)
        self.letters = _ASCII.sub(_APART, self.whole)  # what names are made of; a tenth of it
        self.pieces = {piece for piece in pieces if piece and not piece.isascii()}
        self.begins = {one[:size] for one in self.pieces for size in range(1, _LONGEST_ASKED)}
        self.ends = {one[-size:] for one in self.pieces for size in range(1, _LONGEST_ASKED)}
        self.figures = _SIGNS.sub("", self.whole)


class _Told:
    """Tells of what a form says whether it is somebody's own: no word of the record, and of its kind."""

    def __init__(self, own: OwnWords) -> None:
        self._texts = (read_program(), _Text(own.told))
        towns = fold_lots(fold_text(_APART.join(own.towns)))
        self._town_list = f"{_APART}{towns}{_APART}"

    def is_name(self, term: str) -> bool:
        letters = write_katakana(term)
        if not letters.isalpha() or any(map(str.isascii, letters)):
            return False
        if self._has("letters", letters) or term in self._town_list:
            return False
        return not self._is_joined(letters)

    def _is_joined(self, term: str) -> bool:
        """Whether pieces that stand apart make the term where they are printed side by side."""
        ends = {at for at in range(1, len(term)) if self._has("ends", term[:at])}
        for start in range(1, len(term)):
            if start in ends:
                ends |= {
                    at for at in range(start + 1, len(term)) if self._has("pieces", term[start:at])
                }
        return any(self._has("begins", term[at:]) for at in ends)

    def _has(self, kind: str, piece: str) -> bool:
        return any(piece in getattr(text, kind) for text in self._texts)

    def is_address(self, term: str) -> bool:
        found = _LOT.fullmatch(term)
        if not found or not found[1].isalpha():
            return False
        listed = (f"{_APART if at else ''}{term[at:]}-{_APART}" for at in range(len(found[1])))
        if any(place in self._town_list for place in listed):
            return False
        return f"{_APART}{found[1]}" in self._town_list or self.is_name(found[1])

    def is_id(self, term: str) -> bool:
        if not any("a" <= letter <= "z" for letter in term):
            return self.is_phone("".join(filter(str.isdecimal, term)))
        return bool(_ID.fullmatch(term)) and not self._has("whole", write_katakana(term))

    def is_phone(self, term: str) -> bool:
        return (
            len(term) >= _SHORTEST_NUMBER and len(set(term)) > 1
            and not find_days(term) and not self._has("figures", term)
        )  # fmt: skip
