"""Serials (通番) of a run as one ledger: every label ever printed, and how each of them ends.

A label is live from its print until it ends exactly once: handed over, voided or spoiled. Whoever
is printed again gets a new serial; the old one ends first. Every function gives a new table.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.counts import Count
from recruitlib.base.errors import ParameterError
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.secrecy import hide_values
from recruitlib.base.serial_acts import (
    HANDED_OVER,
    LIVE,
    SPOILED,
    STATE_LABELS,
    VOIDED,
    list_changes,
    list_since_print,
    name_serials,
)
from recruitlib.labels.lots import LABEL_COLUMNS

LEDGER_COLUMNS = (*LABEL_COLUMNS, "state", "replaces")
# What changed of a person who still is a recipient, and the reason of the reprint that is due.
RENEWABLE = {"moved_within": "moved", "renamed": "renamed"}

_DASHES = re.compile("[‐‑–—―−ー~〜]")
_SERIALS = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_SHEET = re.compile(r"([0-9A-Za-z-]+):([0-9]{1,6})")


@hide_values
class Ledger(NamedTuple):
    """The ledger of a run, and what each label says.

    ``printed`` has the serial and the resident columns, one row per serial ever printed.
    """

    table: pd.DataFrame
    printed: pd.DataFrame


def begin_ledger(labels: pd.DataFrame) -> pd.DataFrame:
    """Begin the ledger with the labels that 04 printed: all of them live.

    Args:
        labels: ``LABEL_COLUMNS``, one row per label.

    Returns:
        ``LEDGER_COLUMNS``, in the order of the serials.
    """
    table = labels[list(LABEL_COLUMNS)].sort_values("serial", kind="stable")
    return table.assign(state=LIVE, replaces=0).reset_index(drop=True)


def void_serials(table: pd.DataFrame, serials: Iterable[int]) -> pd.DataFrame:
    """Void live labels (取消し).

    Raises:
        ParameterError: a serial is unknown, named twice, or has ended already.
    """
    return _end_serials(table, serials, VOIDED)


def spoil_serials(table: pd.DataFrame, serials: Iterable[int]) -> pd.DataFrame:
    """End live labels as spoiled and destroyed (汚損・廃棄).

    Raises:
        ParameterError: as ``void_serials``.
    """
    return _end_serials(table, serials, SPOILED)


def _end_serials(table: pd.DataFrame, serials: Iterable[int], state: str) -> pd.DataFrame:
    wanted = [int(serial) for serial in serials]
    _refuse_unknown(table, wanted)
    chosen = table["serial"].isin(wanted)
    ended = table[chosen & (table["state"] != LIVE)]
    if len(ended):
        states = "、".join(STATE_LABELS[own] for own in dict.fromkeys(ended["state"]))
        raise ParameterError(
            f"通番 {name_serials(ended['serial'])} は、もう終わっています（{states}）。二度は終わりません。"
        )
    return table.assign(state=table["state"].mask(chosen, state))


def _refuse_unknown(table: pd.DataFrame, serials: Sequence[int]) -> None:
    _refuse_twice(serials)
    if unknown := sorted(set(serials) - set(table["serial"])):
        raise ParameterError(f"通番 {name_serials(unknown)} は、この実行で印刷していません。")


def _refuse_twice(serials: Sequence[int]) -> None:
    if twice := [serial for serial, times in Counter(serials).items() if times > 1]:
        raise ParameterError(f"通番 {name_serials(twice)} が、二度書かれています。")


def reprint_serials(table: pd.DataFrame, new_labels: pd.DataFrame) -> pd.DataFrame:
    """Put the labels of a reprint in place of the old ones, which are voided where they were live.

    Args:
        table: the ledger.
        new_labels: ``LABEL_COLUMNS`` and ``replaces``, the old serial of each.

    Raises:
        ParameterError: an old serial is unknown, named twice, handed over or printed again
            already, or the new label is not the same person's under the next serial.
    """
    olds = [int(serial) for serial in new_labels["replaces"]]
    _refuse_unknown(table, olds)
    if (table["state"] == HANDED_OVER).any():
        raise ParameterError("宛名シールは提供済みです。再印刷はできません。")
    replaced = table.loc[table["replaces"].isin(olds), "replaces"]
    if len(replaced):
        raise ParameterError(
            f"通番 {name_serials(replaced)} は、もう新しい通番で再印刷しています。新しい通番を書いてください。"
        )
    old = table.set_index("serial").loc[olds]
    same = [
        (new_labels[name].to_numpy() == old[name].to_numpy()).all()
        for name in ("addressee_id", "cohort")
    ]
    first = int(table["serial"].max()) + 1
    follow = new_labels["serial"].tolist() == list(range(first, first + len(new_labels)))
    if not all(same) or not follow:
        raise ParameterError("再印刷の通番が、前の通番に続かないか、同じ人のものではありません。")
    live = [serial for serial, state in zip(olds, old["state"], strict=True) if state == LIVE]
    kept = void_serials(table, live)
    added = new_labels[[*LABEL_COLUMNS, "replaces"]].assign(state=LIVE)
    return pd.concat([kept, added[list(LEDGER_COLUMNS)]], ignore_index=True)


def hand_over(table: pd.DataFrame) -> pd.DataFrame:
    """Hand over every label that is live.

    Raises:
        ParameterError: the labels were handed over already.
    """
    if (table["state"] == HANDED_OVER).any():
        raise ParameterError("宛名シールは、もう提供しています。")
    return table.assign(state=table["state"].mask(table["state"] == LIVE, HANDED_OVER))


def list_live(table: pd.DataFrame) -> pd.DataFrame:
    """List the labels that are live."""
    return table[table["state"] == LIVE].reset_index(drop=True)


def list_latest(table: pd.DataFrame) -> pd.DataFrame:
    """List the newest label of each person, live or ended: whom a reprint may be about."""
    return table[~table["serial"].isin(table["replaces"])].reset_index(drop=True)


def choose_reprintable(table: pd.DataFrame, void_today: pd.DataFrame) -> list[int]:
    """Choose the serials that may be printed again.

    It is a person's newest label, nothing was handed over yet, and of what changed since the print
    nothing bars the person today: whoever moved within the municipality or was renamed is printed
    as the registry says now.

    Args:
        table: the ledger.
        void_today: ``serial`` and ``reason`` as ``find_void`` gives them today for the labels of
            ``list_latest``, ended ones among them.
    """
    if (table["state"] == HANDED_OVER).any():
        return []
    barred = void_today.loc[~void_today["reason"].isin(list(RENEWABLE)), "serial"]
    latest = list_latest(table)["serial"]
    return [int(serial) for serial in latest[~latest.isin(barred)]]


def count_ends(table: pd.DataFrame) -> list[Count]:
    """Count each cohort's reprints and ends: labels + reprints = handed over + voided + spoiled."""
    counts = []
    for age, own in table.groupby("cohort", sort=True):
        counts.append(Count(str(age), "reprints", int((own["replaces"] != 0).sum())))
        for state in (HANDED_OVER, VOIDED, SPOILED):
            counts.append(Count(str(age), state, int((own["state"] == state).sum())))
    return counts


def check_ledger(table: pd.DataFrame) -> list[str]:
    """Say where a ledger is not one that the acts can leave.

    Returns:
        one Japanese sentence for each fault, with serials and without any person; empty when
        every label stands once and no person has two that are live or handed over.
    """
    problems = []

    def tell(serials: Collection[int], sentence: str) -> None:
        if len(serials):
            problems.append(f"通番 {name_serials(serials)} {sentence}")

    serials, state = table["serial"], table["state"]
    tell(serials[serials.duplicated()].unique(), "が、二度あります。")
    tell(sorted(set(range(1, len(table) + 1)) - set(serials)), "が、抜けています。")
    tell(serials[~state.isin(list(STATE_LABELS))], "の状態が、決められたものではありません。")
    kept = table[state.isin([LIVE, HANDED_OVER])]
    twice = kept["addressee_id"].duplicated(keep=False)
    tell(kept.loc[twice, "serial"], "が、同じ人の手元にあるシールです。")
    if (state == HANDED_OVER).any():
        tell(serials[state == LIVE], "が、提供の後も手元のままです。")
    new = table[table["replaces"] != 0]
    tell(new.loc[new["replaces"].duplicated(), "replaces"], "が、二度置き換えられています。")
    tell(
        kept.loc[kept["serial"].isin(new["replaces"]), "serial"],
        "が、置き換えられたのに、終わっていません。",
    )
    owners = dict(zip(serials, table["addressee_id"], strict=True))
    other = [
        own["serial"]
        for own in new.to_dict("records")
        if not own["replaces"] < own["serial"] or owners.get(own["replaces"]) != own["addressee_id"]
    ]
    tell(other, "が、同じ人の前のシールを置き換えていません。")
    return problems


def parse_serials(text: str) -> list[int]:
    """Read serials as an officer types them: ``12,40-47``, in full-width digits as well.

    Raises:
        ParameterError: something is no serial (a page or a sheet is none, nor is a part of a
            number with a thousands comma), a range runs backwards, or a serial is named twice.
    """
    serials: list[int] = []
    for part in _split(text):
        match = _SERIALS.fullmatch(part)
        if match is None:
            raise ParameterError(
                "通番だけを、12,40-47 のように書いてください。ページやシートの番号では、別の人が入るので指定できません。"
            )
        if any(len(number) > 1 and number.startswith("0") for number in part.split("-")):
            # Of 1,040 this is the second half: the serials 1 and 40 would be other people's.
            raise ParameterError(
                f"「{part}」は 0 で始まるので、通番ではありません。1040 を 1,040 のように、位取りのコンマで書かないで"
                "ください（コンマは、通番と通番の間だけです）。"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise ParameterError("通番は 1 からの番号で、範囲は小さい方から書いてください。")
        serials += range(first, last + 1)
    _refuse_twice(serials)
    return sorted(serials)


def _split(text: str) -> list[str]:
    folded = _DASHES.sub("-", unicodedata.normalize("NFKC", text)).replace("、", ",")
    return ["".join(part.split()) for part in folded.split(",")]


def find_sheet_serials(table: pd.DataFrame, text: str) -> list[int]:
    """Find the live serials on sheets, named as ``18:14,18:15``: the lot and the sheet in it.

    Raises:
        ParameterError: a sheet is not written so, named twice, was never printed, or holds no
            label that is still live.
    """
    live = list_live(table)
    serials: list[int] = []
    seen: set[tuple[str, int]] = set()
    for part in _split(text):
        match = _SHEET.fullmatch(part)
        if match is None:
            raise ParameterError(
                "シートは、束の名前とシートの番号を 18:14,18:15 のように書いてください。"
            )
        place = (match[1], int(match[2]))
        if place in seen:
            raise ParameterError(f"シート {part} が、二度書かれています。")
        seen.add(place)
        if not _is_on(table, place).any():
            raise ParameterError(
                f"シート {part} は、この実行で印刷していません。この実行の束とシート: {_name_sheets(table)}。"
            )
        own = live.loc[_is_on(live, place), "serial"]
        if own.empty:
            raise ParameterError(f"シート {part} には、手元のシールがもうありません。")
        serials += [int(serial) for serial in own]
    return sorted(serials)


def _name_sheets(table: pd.DataFrame) -> str:
    bundles = table.groupby("bundle", sort=False)["sheet"]
    return "、".join(f"{name}:{name_serials(own.unique())}" for name, own in bundles)


def _is_on(table: pd.DataFrame, place: tuple[str, int]) -> pd.Series:
    return (table["bundle"] == place[0]) & (table["sheet"] == place[1])


def read_ledger(stage: Stage) -> Ledger:
    """Read the ledger of a run: what 04 printed, every act since, and the hand-over where it was.

    Raises:
        ParameterError: the acts do not follow from one another.
        IntegrityError: a table is gone or cannot be opened.
    """
    labels = read_private_table(stage, "labels")
    recipients = read_private_table(stage, "recipients")
    table = begin_ledger(labels)
    printed = [_join_people(labels, recipients)]
    entries = read_entries(stage.folder)
    for change in list_changes(entries):
        if change["act"] == "reprint":
            lot = read_private_table(stage, f"lot_{change['lot']}")
            table = reprint_serials(table, lot)
            printed.append(lot[printed[0].columns])
        else:
            table = spoil_serials(void_serials(table, change["voided"]), change["spoiled"])
    given = find_latest(list_since_print(entries), "05", "completed")
    if given is not None:
        table = hand_over(void_serials(table, given["facts"]["voided"]))
    return Ledger(table, pd.concat(printed, ignore_index=True))


def _join_people(labels: pd.DataFrame, recipients: pd.DataFrame) -> pd.DataFrame:
    """Join the labels of 04 with the people whom they show."""
    return labels[["serial", "addressee_id"]].merge(
        recipients, on="addressee_id", how="left", validate="one_to_one"
    )
