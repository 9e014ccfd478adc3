"""The table of an invented registry, in one of several styles of writing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute
from pyarrow import csv as arrow_csv
from residents import BUILDINGS, STATUSES, STYLES, Numbers, Registry, name_building
from spellings import halve

from recruitlib.synth.places import FULL_WIDTH


def write_registry(registry: Registry, path: Path) -> None:
    """Write the registry of the plain profile, in the order of its numbers."""
    order = np.argsort(registry.ids)
    style, separator = registry.style, registry.style.separator
    parts = [
        (_list([name[part].replace("　", separator) for name in names]).take(pa.array(column)))
        for part in (0, 1)
        for names, column in ((registry.surnames, registry.family), (registry.given, registry.own))
    ]
    between = arrow_compute.if_else(pa.array(registry.own == registry.nothing), "", separator)
    names = _join(parts[0], between, parts[1])
    kana = _join(parts[2], between, parts[3])
    kana = arrow_compute.if_else(pa.array(registry.has_kana), kana, "")
    if not style.wide:
        kana = _list([halve(text) for text in kana.to_pylist()])
    written = np.zeros(len(order), dtype=bool)
    written[list(registry.written)] = True
    replaced = _list([registry.written[i] for i in sorted(registry.written)])
    names = arrow_compute.replace_with_mask(names, pa.array(written), replaced)
    days = range(int(registry.born.min()), int(registry.born.max()) + 1)
    birth = _list([date.fromordinal(day).isoformat() for day in days])
    columns = {
        "person_id": _number("N", registry.ids),
        "household_id": _number("K", registry.household),
        "name": names,
        "name_kana": kana,
        "birth_date": birth.take(pa.array(registry.born - days[0])),
        "sex": _list(["女", "男"]).take(pa.array(registry.is_male.astype(np.int8))),
        "nationality": _list(["JP", "foreign"]).take(pa.array(registry.is_foreign.astype(np.int8))),
        **{
            name: column.take(pa.array(registry.home))
            for name, column in _write_homes(registry).items()
        },
        "status": _list(STATUSES).take(pa.array(registry.status)),
    }
    table = pa.table(columns).take(pa.array(order))
    arrow_csv.write_csv(table, path)


def _write_homes(registry: Registry) -> dict[str, pa.Array]:
    style = registry.style
    width = FULL_WIDTH if style.wide else {}
    codes = [town.postal_code for town in registry.towns]
    codes = codes if style.wide else [f"{code[:3]}-{code[3:]}" for code in codes]
    digits = _list([str(number).translate(width) for number in range(20_000)])
    block, lot, room = (
        digits.take(pa.array(n)) for n in (registry.block, registry.lot, registry.room)
    )
    chomes = [""] + [
        f"{'一二三四五六七八九'[at]}丁目" if not style.plain_lots
        else f"{at + 1}-" if not style.wide else f"{at + 1}丁目".translate(width)
        for at in range(9)
    ]  # fmt: skip
    chome = _list(chomes).take(pa.array(registry.chome))
    hyphen = "－" if style.wide else "-"
    lots = _join(block, hyphen, lot) if style.plain_lots else _join(block, "番", lot, "号")
    front = "新宿区" if style == STYLES["joined"] else "東京都新宿区"
    towns = _list([front + town.name for town in registry.towns]).take(pa.array(registry.town))
    names = [name_building(at) for at in range(-1, BUILDINGS)]
    building = _list(names).take(pa.array(registry.building + 1))
    rooms = _join(building, "　" if style.wide else " ", room, "" if style.plain_lots else "号室")
    return {
        "postal_code": _list([code.translate(width) for code in codes]).take(
            pa.array(registry.town)
        ),
        "address": _join(towns, chome, lots),
        "building": arrow_compute.if_else(pa.array(registry.building >= 0), rooms, ""),
    }


def _list(texts: list[str] | tuple[str, ...]) -> pa.Array:
    return pa.array(texts, pa.string())


def _join(*parts: pa.Array | str) -> pa.Array:
    return arrow_compute.binary_join_element_wise(*parts, "")


def _number(front: str, numbers: Numbers) -> pa.Array:
    return _join(front, arrow_compute.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0"))
