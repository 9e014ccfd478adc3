"""Counts by town (町丁) and age: given and excluded, with small ones hidden where they are saved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from recruitlib.base.masking import Cell, mask_counts
from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.places import locate
from recruitlib.optouts.towns import UNKNOWN_COUNT, TownTable
from recruitlib.review.previous import History, tell_before

# What cannot be read may hold anything, and is never written as the name of a town.
OTHER_TOWN = "その他の町"
# In place of a count: no town of that name in a run, for nobody of its cohorts lived there.
NOBODY = "なし"
TOWN_COLUMNS = ("town", "cohort", "residents", "given")
_SHORT, _LONG = 20, 60  # rows up to which a table stands in one column, or in two


def name_towns(
    addresses: pd.Series, parameters: Mapping[str, Any], table: TownTable
) -> list[str]:  # fmt: skip
    """Name the town of each address as the table of towns writes it, with its 丁目 in digits.

    Digits, because a resident may be called 大久保一, and that must not stand in a record. Where
    the table does not say how many 丁目 a town has, none is named: it could be the number of a lot.

    Returns:
        西新宿2丁目 or 片町; ``OTHER_TOWN`` for a town that is not in the table, and for a number
        of 丁目 that it does not have. Never a text of the address.
    """
    place = f"{parameters['prefecture']}{parameters['municipality']}"
    gazetteer = learn_places([], parameters["prefecture"], parameters["municipality"], table)
    known = {
        locate(f"{place}{town}{'1丁目' * bool(count)}1番1号", "", gazetteer).town: town
        for town, count in table.items()
    }
    known.pop("", None)
    names = []
    for address in addresses:
        found = locate(address, "", gazetteer)
        town = known.get(found.town, "")
        if not town or found.chome > table[town]:
            names.append(OTHER_TOWN)
        else:
            named = found.chome and table[town] != UNKNOWN_COUNT
            names.append(f"{town}{found.chome}丁目" if named else town)
    return names


def list_names(table: TownTable) -> list[str]:
    """List every name that a town of the table can have here, in its order."""
    return [
        name
        for town, count in table.items()
        for name in (town, *(f"{town}{number}丁目" for number in range(1, count + 1)))
    ]


def keep_known(history: History, table: TownTable) -> History:
    """Keep of earlier runs only the towns of today's table: an old file may hold any text there."""
    names = {*list_names(table), OTHER_TOWN}
    runs = [
        run._replace(given={key: cell for key, cell in run.given.items() if key[0] in names})
        for run in history.runs
    ]
    return history._replace(runs=runs)


def count_towns(
    cohort: pd.DataFrame, recipients: pd.DataFrame, parameters: Mapping[str, Any], table: TownTable
) -> pd.DataFrame:
    """Count residents of the cohorts and recipients by town and age.

    Args:
        cohort: everybody asked for, before any exclusion.
        recipients: those of them who are supplied.

    Returns:
        ``TOWN_COLUMNS``: every age for each town where somebody of the cohorts lives, in the order
        of the table of towns, by 丁目.
    """
    homes = pd.Series(name_towns(cohort["address"], parameters, table), dtype="str")
    given = cohort["addressee_id"].isin(recipients["addressee_id"]).to_numpy()
    people = pd.DataFrame({"town": homes, "cohort": cohort["cohort"].to_numpy(), "given": given})
    found = people.groupby(["town", "cohort"])["given"].agg(["size", "sum"])
    order = {name: place for place, name in enumerate(list_names(table))}
    towns = sorted(homes.unique(), key=lambda name: order.get(name, len(order)))
    rows = [
        (town, age, *(found.loc[(town, age)] if (town, age) in found.index else (0, 0)))
        for town in towns
        for age in sorted(cohort["cohort"].unique())
    ]
    return pd.DataFrame(rows, columns=list(TOWN_COLUMNS)).astype(
        {"town": "str", "cohort": "str", "residents": "int64", "given": "int64"}
    )


def mask_towns(counts: pd.DataFrame, told: Collection[str]) -> pd.DataFrame:
    """Mask the small counts of each age, given and excluded, with those that would tell them.

    The totals of each age are known from the counts of the run, so each column is masked against
    its total. A sum over the ages, or of given and excluded, is never written for a town: it would
    tell a hidden count from the one beside it.

    Args:
        counts: of ``count_towns``.
        told: towns of which a warning says that nobody of them is supplied.

    Returns:
        columns town, cohort, given and excluded; the last two hold numbers or words.
    """
    parts = []
    for _, own in counts.groupby("cohort", sort=True):
        places = [place for place, town in enumerate(own["town"]) if town in told]
        given = mask_counts(own["given"].tolist(), places)
        excluded = mask_counts((own["residents"] - own["given"]).tolist())
        masked = own[["town", "cohort"]].assign(
            given=pd.Series(given, own.index, dtype="object"),
            excluded=pd.Series(excluded, own.index, dtype="object"),
        )
        parts.append(masked)
    return pd.concat(parts).sort_index()


def tabulate_towns(
    masked: pd.DataFrame, before: Mapping[tuple[str, str], Cell]
) -> pd.DataFrame:  # fmt: skip
    """Tabulate the recipients by town, a column for each age, side by side where there are many.

    Args:
        masked: of ``mask_towns``.
        before: those of the run before, as that run could show them; a column for each age that
            it has, with the change where both runs show a number. Towns that only it has come last.
    """
    ages = sorted(masked["cohort"].unique())
    compared = {age for _, age in before}
    cells = masked.set_index(["town", "cohort"])["given"].to_dict()
    towns = [
        *dict.fromkeys(masked["town"]),
        *sorted({town for town, _ in before} - {*masked["town"]}),
    ]
    heads = ["町丁"]
    for age in ages:
        heads += [f"{age}歳", "前回"] if age in compared else [f"{age}歳"]
    rows = []
    for town in towns:
        row: list[Cell] = [town]
        for age in ages:
            now = cells.get((town, age), NOBODY)
            row.append(now)
            if age in compared:
                row.append(tell_before(before.get((town, age), NOBODY), now))
        rows.append(tuple(row))
    blocks = 1 if len(rows) <= _SHORT else 2 if len(rows) <= _LONG or compared else 3
    length = -(-len(rows) // blocks)
    rows += [("",) * len(heads)] * (blocks * length - len(rows))
    wide = [
        tuple(cell for block in range(blocks) for cell in rows[block * length + line])
        for line in range(length)
    ]
    return pd.DataFrame(wide, columns=heads * blocks, dtype="object")
