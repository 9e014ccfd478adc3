"""Gazetteers: the wards and towns that addresses of one municipality name.

A gazetteer is learned from the registry's own addresses, from a table of towns, or from both; a
table is not needed. It is made of folded spellings and lives in memory only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from recruitlib.optouts.towns import (
    KANJI_DIGITS,
    OLD_TOWNS,
    UNKNOWN_COUNT,
    TownTable,
    fold_address,
    list_spellings,
    read_kanji,
    write_arabic,
)

_CITIES = "札幌|仙台|さいたま|千葉|横浜|川崎|相模原|新潟|静岡|浜松|名古屋|京都|大阪|堺|神戸|岡山|広島|北九州|福岡|熊本"
# Municipalities whose names hold 市, 町, 村 or 郡 before their end.
_UNUSUAL = (
    "(?:余市|北村山|東村山|西村山|田村|高市|佐波|杵島|柴田|神崎|芳賀|西八代|赤穂|吉野|中新川)郡"
    "(?:[上下余]市町|玉村町|大町町|村田町|市川町|市貝町|市川三郷町|上郡町|[^市区町村郡]{1,5}[町村])"
    "|十日町市|四日市市|大和郡山市|大[村町]市|小郡市|市[原川]市|廿日市市|村[上山]市|東村山市|武蔵村山市"
    "|田村市|町田市|羽村市|蒲郡市|郡[上山]市|野々市市"
    "|[上下余]市町|玉村町|大町町|村田町|市川町|市貝町|市川三郷町|上郡町"
)
PREFECTURE = re.compile(
    "北海道|東京都|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川"
    "|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡"
    "|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県"
)
MUNICIPALITY = re.compile(
    f"(?:{_CITIES})市|{_UNUSUAL}"
    "|[^市区町村郡0-9]{1,5}郡[^市区町村郡0-9]{1,5}[町村]|[^市区町村郡0-9]{1,6}[市区町村]"
)
# What follows a number that is part of a town's name.
PART_OF_NAME = f"条|線|地割|区|軒|入会|町内|の通|号[線南北]|号(?=[0-9０-９]+番)|番(?![地{KANJI_DIGITS}十拾百])[\u4e00-\u9fff]"
_DESIGNATED = re.compile(f"(?:{_CITIES})市")
_WARD = re.compile("[^区0-9]{1,4}区")
# Rural names with and without 大字 or 字, and what is written or left out between two kanji.
_DROPPED = re.compile(
    "大字|(?<![文十万阿一二三八])字(?=[^町0-9])|(?<=[\u4e00-\u9fff々])[ケツの](?=[\u4e00-\u9fff])"
)
# Of a town's addresses, fewer than this share are slips and teach nothing.
_LEAST_SHARE = 0.02
# So many addresses without 丁目 tell more than the table.
_ENOUGH = 5
_PIECE = 50_000


class KnownTown(NamedTuple):
    """A town of the gazetteer: its ward ("" for none), and how many 丁目 it has.

    It is `mixed` if some of its lots have a 丁目 and others have none.
    """

    ward: str
    chome_count: int
    mixed: bool


class Head(NamedTuple):
    """What the text before the first number of a regular address says."""

    town: str
    chome: int
    known: KnownTown


class Gazetteer(NamedTuple):
    """The places of one municipality.

    `names` are the spellings of the municipality, and `wards` leads from those of a ward to it.
    `exact` and `loose` lead from a folded spelling to the names of the towns that may be meant:
    `loose` with 大字, 字, ケ, ツ and の left out. `numbered` holds the spellings that go on with a
    number, without it. `heads` remembers how addresses begin.
    """

    prefecture: str
    municipality: str
    names: tuple[str, ...]
    wards: dict[str, str]
    towns: dict[str, KnownTown]
    exact: dict[str, tuple[str, ...]]
    loose: dict[str, tuple[str, ...]]
    longest: int
    numbered: frozenset[str]
    heads: dict[str, Head | None]

    def __repr__(self) -> str:
        """Show no address that was learned from."""
        return f"Gazetteer({len(self.towns)} towns)"


def loosen(text: str) -> tuple[str, list[int]]:
    """Leave out 大字, 字, and ケ, ツ or の between kanji; the places lead back to the text."""
    kept = [True] * len(text)
    for found in _DROPPED.finditer(text):
        kept[found.start() : found.end()] = [False] * len(found[0])
    places = [place for place, keep in enumerate(kept) if keep]
    return "".join(text[place] for place in places), places


_FULL_OR_HALF = "[0-9０-９]"
_OF_LOT = f"(?!丁目|{PART_OF_NAME}|{_FULL_OR_HALF})"
_POSTAL_LINE = re.compile(f"^〒?[ 　]*{_FULL_OR_HALF}{{3}}[-－−]?{_FULL_OR_HALF}{{4}}[ 　]*", re.M)
_BUILDING = re.compile("(?<=[0-9０-９号番地])[ 　][^\n]*")
_LARGE = re.compile(f"{_FULL_OR_HALF}{{3,}}{_OF_LOT}")
_SMALL = re.compile(f"{_FULL_OR_HALF}+{_OF_LOT}")


def _outline(addresses: Iterable[str]) -> Counter[str]:
    """Count the addresses that are alike but for the numbers of their lots.

    0 stands for a number below 100 and 〓 for a larger one; numbers of 丁目 and of names stay.
    """
    outlines: Counter[str] = Counter()
    remaining = iter(addresses)
    while piece := "\n".join(islice(remaining, _PIECE)):
        if "〒" in piece:
            piece = _POSTAL_LINE.sub("", piece)
        piece = _SMALL.sub("0", _LARGE.sub("〓", _BUILDING.sub("", piece)))
        outlines.update(piece.split("\n"))
    return outlines


_KANJI_NUMERALS = f"[{KANJI_DIGITS}十拾百]+"
_ONES = "[一二三四五六七八九]"
_MARKED_CHOME = re.compile(
    f"(.+?)(?:([0-9]+)丁目?|({_ONES}?十{_ONES}?|{_ONES})丁目)(?=$|[-0-9〓の{KANJI_DIGITS}十百])"
)
_NAME = re.compile(f"((?:[^0-9〓]|[0-9]+(?:{PART_OF_NAME}|丁目(?![-0-9〓])))+)")
_KANJI_LOT = re.compile(
    f"(.+?){_KANJI_NUMERALS}(?:番(?![^地の{KANJI_DIGITS}十百0-9-])|-|の(?=[{KANJI_DIGITS}十]))"
)
_THREE = re.compile("-?0-0-0(?![-0-9〓])")
_TWO = re.compile("-?[0〓]-[0〓](?![-0-9〓])")
_NUMERALS_ONLY = re.compile(f"{_KANJI_NUMERALS}")


class _Tally:
    """What the addresses of one town say: how it is written, and how its lots are."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self.marked = self.three = self.two = self.plain = self.highest = 0

    def add(self, body: str, count: int) -> None:
        """Count the addresses of one outline."""
        name, chome, end = _split_body(body)
        self.names[name] += count
        if chome:
            self.marked += count
            self.highest = max(self.highest, chome)
        elif _THREE.match(body, end):
            self.three += count
        elif _TWO.match(body, end):
            self.two += count
        else:
            self.plain += count

    def describe(self, ward: str, listed: int) -> KnownTown:
        """Tell whether the town has 丁目; `listed` is their number in the table, 0 for none."""
        total = self.marked + self.three + self.two + self.plain
        mixed = self.plain > _LEAST_SHARE * total
        if self.marked > _LEAST_SHARE * total:
            return KnownTown(ward, max(self.highest, listed), mixed)
        if not listed and self.three > 2 and self.three > 4 * (self.two + self.plain):
            return KnownTown(ward, UNKNOWN_COUNT, False)
        if mixed and total >= _ENOUGH:
            return KnownTown(ward, 0, False)
        return KnownTown(ward, listed, bool(listed) and mixed)


def _split_body(body: str) -> tuple[str, int, int]:
    """Part what follows the municipality: the town's name, the marked 丁目, where they end."""
    found = _MARKED_CHOME.match(body)
    if found and not _NUMERALS_ONLY.fullmatch(found[1]):
        return found[1].rstrip("-"), int(found[2] or read_kanji(found[3])), found.end()
    named = _NAME.match(body)
    if not named:
        return "", 0, 0
    lot = _KANJI_LOT.match(named[1])
    name = lot[1] if lot else named[1]
    return name.rstrip("-"), 0, len(name)


def _compact(text: str) -> str:
    return fold_address(text)[0].replace(" ", "")


def _list_names(municipality: str) -> tuple[str, ...]:
    """List how it is written: in full, without its 郡, a ward without its city, or the city."""
    name = _compact(municipality)
    city = _DESIGNATED.match(name)
    short = name[city.end() :] if city else name.rpartition("郡")[2] if name[-1] in "町村" else ""
    names = [name, short] if len(short) > 1 else [name]
    names += [city[0]] if city and short else []
    return tuple(dict.fromkeys([*names, *(loosen(written)[0] for written in names)]))


def _find_municipality(outlines: Counter[str]) -> tuple[str, str]:
    """Find the prefecture and the municipality that most addresses begin with."""
    prefectures: Counter[str] = Counter()
    municipalities: Counter[str] = Counter()
    for line, count in outlines.items():
        prefecture = PREFECTURE.match(line)
        prefectures[prefecture[0] if prefecture else ""] += count
        found = MUNICIPALITY.match(line, prefecture.end() if prefecture else 0)
        municipalities[found[0] if found else ""] += count
    total = sum(outlines.values())
    named = {name: count for name, count in prefectures.items() if name}
    prefecture_name = max(named, key=lambda name: named[name], default="")
    municipality = max(municipalities, key=lambda name: municipalities[name], default="")
    return prefecture_name, municipality if municipalities[municipality] * 2 > total else ""


def _strip_head(line: str, prefecture: str, names: tuple[str, ...]) -> str:
    """Take prefecture and municipality off; nothing is left of an address that lies elsewhere."""
    found = PREFECTURE.match(line)
    if found and prefecture and found[0] != prefecture:
        return ""
    body = line[found.end() :] if found else line
    name = next((name for name in names if body.startswith(name)), "")
    return "" if found and names and not name else body[len(name) :]


def _tally_towns(bodies: Iterator[tuple[str, int]], wards: bool) -> dict[tuple[str, str], _Tally]:
    tallies: defaultdict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for body, count in bodies:
        ward = _WARD.match(body) if wards else None
        body = body[ward.end() :] if ward else body
        name = _split_body(body)[0]
        if name and len(name) <= 40:
            tallies[ward[0] if ward else "", write_arabic(name)].add(body, count)
    return tallies


def learn_places(
    addresses: Iterable[str],
    prefecture: str = "",
    municipality: str = "",
    table: TownTable | None = None,
) -> Gazetteer:
    """Learn the places of a municipality.

    A town is what stands between the municipality (and ward) and the first number that is not
    part of a name. It has 丁目 where at least a fiftieth of its addresses write one, or where
    nearly all are three numbers.

    Args:
        addresses: the registry's own, each once; none when there is a table.
        prefecture: its name; left out, the one most addresses begin with.
        municipality: its name, 新宿区 or 横浜市 or 港北区; likewise.
        table: towns to add to the learned ones. In a designated city (政令指定都市) the ward
            stands before the town (港北区日吉).

    Returns:
        The gazetteer. The names of its towns are folded, for comparison only, and hold the ward in
        a designated city.
    """
    outlines: Counter[str] = Counter()
    for line, count in _outline(addresses).items():
        outlines[_compact(line)] += count
    found = _find_municipality(outlines)
    prefecture, municipality = prefecture or found[0], municipality or found[1]
    names = _list_names(municipality) if municipality else ()
    in_wards = bool(_DESIGNATED.fullmatch(municipality))
    bodies = ((_strip_head(line, prefecture, names), count) for line, count in outlines.items())
    tallies = _tally_towns(bodies, in_wards)
    listed: dict[tuple[str, str], tuple[str, int]] = {}
    for registered, chome_count in table.items() if table else ():
        name = _compact(registered)
        ward = _WARD.match(name) if in_wards else None
        name = name[ward.end() :] if ward else name
        key = (ward[0] if ward else "", write_arabic(name).rstrip("-"))
        listed[key] = (name, chome_count)
    towns: dict[str, KnownTown] = {}
    spellings: dict[str, set[str]] = {}
    for key in sorted({*tallies, *listed}):
        tally = tallies.get(key) or _Tally()
        name, chome_count = listed.get(key) or (tally.names.most_common(1)[0][0], 0)
        full = key[0] + name
        towns[full] = tally.describe(key[0], chome_count)
        spellings[full] = {s for written in (name, *tally.names) for s in list_spellings(written)}
    for old, present in OLD_TOWNS.items() if municipality == "新宿区" else ():
        if present in towns and old not in towns:
            spellings[present] |= list_spellings(old)
    return _index_towns(prefecture, municipality, names, towns, spellings)


def _index_towns(
    prefecture: str,
    municipality: str,
    names: tuple[str, ...],
    towns: dict[str, KnownTown],
    spellings: dict[str, set[str]],
) -> Gazetteer:
    exact: defaultdict[str, set[str]] = defaultdict(set)
    loose: defaultdict[str, set[str]] = defaultdict(set)
    for full, written in spellings.items():
        ward = towns[full].ward
        for spelling in written:
            # 上2 is the lot 2 of 上 where there is such a town, not the town 上二.
            number = re.search("[0-9]+$", spelling)
            if number and ward + spelling[: number.start()] in towns:
                continue
            exact[spelling].add(full)
            loose[loosen(spelling)[0]].add(full)
    wards = sorted({town.ward for town in towns.values() if town.ward})
    return Gazetteer(
        prefecture,
        municipality,
        names,
        {spelling: ward for ward in wards for spelling in (ward, loosen(ward)[0])},
        towns,
        {spelling: tuple(sorted(found)) for spelling, found in exact.items()},
        {spelling: tuple(sorted(found)) for spelling, found in loose.items() if spelling},
        max(map(len, exact), default=0),
        frozenset(s.rstrip("0123456789") for s in exact if s[-1:].isdigit()),
        {},
    )
