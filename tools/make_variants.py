"""Build the two tables of variant characters that ship with the package.

`variants.csv` is safe: both characters write the same name. `broad_variants.csv` is for finding
only: it merges 俊 with 駿 and 知 with 智, so it never tells people apart. Both are made from
published lists and from `variants_by_hand.csv`; the lists are needed here only:

    pip install joyokanji==1.1.0 ja-itaiji==1.0.2 japanese-personal-name-dataset==0.4.0
    python tools/make_variants.py
"""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from ja_itaiji import Itaiji
from japanese_personal_name_dataset import load_dataset

HERE = Path(__file__).parent
BASE = HERE.parent / "recruitlib" / "base"

SAFE_HEAD = """\
# Pairs that are the same name written in an old or variant form; built by tools/make_variants.py, so change tools/variants_by_hand.csv and not this file.
# joyo = 常用漢字表 (the 康熙字典体 beside an entry), as listed by joyokanji 1.1.0 (Apache-2.0) and by hand; jinmei = 戸籍法施行規則別表第二 and old forms of its characters; glyph = old and new print forms that Unicode keeps apart;
# popular = 俗字 of the family registers; radical = Unicode EquivalentUnifiedIdeograph. By hand from public tables (facts; no licence needed). Never here: 斉/斎 坂/阪 崎/埼/碕 舟/船 島/嶋/嶌 渕/淵 富/冨 荘/庄 芦/蘆 俊/駿 知/智.
"""
BROAD_HEAD = """\
# Families of characters for finding only: never evidence, and never a reason to call two people one. Built by tools/make_variants.py, so change tools/variants_by_hand.csv and not this file.
# itaiji = pairs of ja-itaiji 1.0.2 that name each other, both in JIS X 0213 and at least one in a name of japanese-personal-name-dataset 0.4.0 (MIT); safe = joined by variants.csv;
# surname, given, own-character = by hand for this project. The families of ja-itaiji are under the MIT License, Copyright 2024 Manchuria Museum:
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

Row = tuple[str, str, str]


def is_stable(*letters: str) -> bool:
    """Tell whether NFKC, which every key applies first, leaves the characters alone."""
    return all(unicodedata.normalize("NFKC", letter) == letter for letter in letters)


def read_by_hand(level: str) -> list[Row]:
    """Read the rows of a level that were made by hand."""
    text = (HERE / "variants_by_hand.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    return [(r["variant"], r["standard"], r["source"]) for r in rows if r["level"] == level]


def build_safe() -> list[Row]:
    """Join 常用漢字表 with the rows made by hand; what is apart by hand stays out."""
    list_file = resources.files("joyokanji").joinpath("config/kanji.json")
    listed: dict[str, str] = json.loads(list_file.read_text(encoding="utf-8"))
    apart = {(variant, standard) for variant, standard, _ in read_by_hand("broad")}
    rows = [(old, new, "joyo") for old, new in listed.items() if (old, new) not in apart]
    standard_of = {old: (new, source) for old, new, source in rows + read_by_hand("safe")}
    made = []
    for old, (new, source) in standard_of.items():
        while new in standard_of:
            new = standard_of[new][0]
        if is_stable(old, new):
            made.append((old, new, source))
    order = ["joyo", "jinmei", "glyph", "popular", "radical"]
    return sorted(made, key=lambda row: (order.index(row[2]), row[1], row[0]))


def is_encodable(letter: str, codec: str) -> bool:
    """Tell whether a character belongs to the set of a codec."""
    try:
        letter.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def read_name_letters() -> set[str]:
    """Collect every character of the surnames and given names of the published lists."""
    men, women, surnames = load_dataset(include_last_names=True)
    given = (
        kanji for names in (men, women) for entry in names.values() for kanji in entry["kanji"]
    )
    return set("".join(surnames)) | set("".join(given))


def pair_itaiji(names: set[str]) -> Iterator[Row]:
    """Give the pairs of ja-itaiji that may occur in a name of a Japanese register."""
    for letter, family in sorted(Itaiji.dictionary.items()):
        for other in family:
            pair = (letter, other)
            mutual = letter in Itaiji.dictionary.get(other, ())
            known = all(is_encodable(one, "euc_jis_2004") for one in pair)
            if (
                letter < other
                and mutual
                and not names.isdisjoint(pair)
                and known
                and is_stable(*pair)
            ):
                yield letter, other, "itaiji"


def build_broad(safe: list[Row]) -> list[Row]:
    """Join all pairs to families and name each family after its most common character."""
    names = read_name_letters()
    parent: dict[str, str] = {}
    sources: dict[str, str] = {}

    def find(letter: str) -> str:
        while parent.setdefault(letter, letter) != letter:
            letter = parent[letter]
        return letter

    def rank(letter: str) -> tuple[bool, bool, str]:
        return letter not in names, not is_encodable(letter, "shift_jis"), letter

    safe_pairs = [(old, new, "safe") for old, new, _ in safe]
    for one, other, source in (*read_by_hand("broad"), *safe_pairs, *pair_itaiji(names)):
        first, second = sorted((find(one), find(other)), key=rank)
        parent[second] = first
        for letter in (one, other):
            sources.setdefault(letter, source)
    rows = [(letter, find(letter), sources[letter]) for letter in parent if find(letter) != letter]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def write_table(path: Path, head: str, rows: Iterable[Row]) -> None:
    """Write a table with its head of sources and licences."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(head)
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("variant", "standard", "source"))
        table.writerows(rows)


if __name__ == "__main__":
    safe_rows = build_safe()
    write_table(BASE / "variants.csv", SAFE_HEAD, safe_rows)
    write_table(BASE / "broad_variants.csv", BROAD_HEAD, build_broad(safe_rows))
