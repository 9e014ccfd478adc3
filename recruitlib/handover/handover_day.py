"""Handover day (提供日): what the registry and the lists of today say of whoever was printed.

A delta, a reprint and notebook 05 look at the same: whoever must not be handed over must not be
printed again either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.record import count_personal
from recruitlib.base.run import Stage, ask_guard, asking, read_private_table
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.secrecy import hide_values
from recruitlib.base.serial_acts import list_changes
from recruitlib.base.traces import remember_terms
from recruitlib.handover.delta import find_void
from recruitlib.handover.duties import read_duties
from recruitlib.handover.serials import (
    RENEWABLE,
    Ledger,
    choose_reprintable,
    list_latest,
    list_live,
    read_ledger,
)
from recruitlib.handover.sources import DAY_SOURCES, check_looked, note_looked
from recruitlib.labels.print_day import find_new_housemates, select_fresh
from recruitlib.labels.print_settings import list_printed_items
from recruitlib.optouts.exclusion import (
    choose_rows,
    join_later_day,
    match_day,
    require_loaded,
    take_applications,
)
from recruitlib.optouts.register import list_freed
from recruitlib.optouts.supplied_before import find_supplied_before
from recruitlib.registry.cohort import check_base_date
from recruitlib.registry.extract import Extract, Keep, read_extract
from recruitlib.registry.intake import (
    Loaded,
    check_later_rows,
    find_protected,
    read_listed,
    require_marker,
    take_protections,
)
from recruitlib.review.approval import check_files

_PREFIX = "handover_"


@hide_values
class HandoverDay(NamedTuple):
    """What today says of whoever was printed: the extract, and who must not be handed over and why.

    ``attested`` names for each source without a file of today who attested that nothing came since.
    """

    ledger: Ledger
    records: pd.DataFrame
    protected: frozenset[str]
    opted_out: frozenset[str]
    supplied: frozenset[str]
    attested: tuple[tuple[str, str], ...]


@show_progress("提供日の抽出と一覧を、印刷した人と比べています")
def look_at_today(stage: Stage) -> HandoverDay:
    """Look at the extract and the lists of today, for everybody who was ever printed.

    Raises:
        AwaitingPerson: a new application must go before a person first.
        ParameterError: it is attested that nothing came, and this run has read a newer file.
        IntegrityError: the register of duties was changed.
    """
    # A damaged register of duties is better known now than when the labels have left.
    read_duties(stage.root, stage.demonstration)
    ask_scope(stage, list_printed_items(stage.root, stage.parameters), check_files(stage))
    ledger = read_ledger(stage)
    attested = list_attested(stage)
    stage = settle_sources(stage, attested)
    raise_problems(ParameterError, check_looked(stage, dict(attested)), "以後なしの証明")
    people = list_printed(ledger)
    listed = _read_listed(stage, is_attested="protections" in dict(attested))
    received = take_applications(stage, prefix=_PREFIX)
    possible = read_private_table(stage, "possible")
    keep = choose_rows(stage, received.applications, pd.concat([possible, people]), listed)
    extract = _read_today(stage, keep, is_attested="registry" in dict(attested))
    traced = take_protections(stage, Loaded(extract, listed), possible, _PREFIX)
    everybody = find_protected(stage, traced)
    # Everything is read: from here on nobody of whom it tells may be forgotten.
    note_looked(stage, dict(attested))
    if lost := join_later_day(stage, received):
        ask_guard(stage, "handover.delta_settled", lost)
    fresh = select_fresh(stage, received.applications)
    opted_out = _match_again(stage, received.applications, fresh, extract)
    mates = find_new_housemates(stage, people, everybody, extract)["addressee_id"]
    supplied = find_supplied_before(stage, people)["addressee_id"]
    return HandoverDay(
        ledger, extract.records, frozenset({*everybody, *mates}), frozenset(opted_out),
        frozenset(supplied), attested,
    )  # fmt: skip


def list_printed(ledger: Ledger) -> pd.DataFrame:
    """List everybody who was ever printed, once, as the newest label says."""
    newest = ledger.printed.sort_values("serial").drop_duplicates("addressee_id", keep="last")
    return newest.drop(columns="serial").reset_index(drop=True)


def list_attested(stage: Stage) -> tuple[tuple[str, str], ...]:
    """List the sources without a file of today, each with who attested that nothing came since.

    Raises:
        ParameterError: who attested is named as a resident is: it would stand in the record.
    """
    values = stage.parameters
    attested = tuple(
        (source, values[f"{_PREFIX}{source}_attested_by"])
        for source in DAY_SOURCES
        if not values[f"{_PREFIX}{source}_file"] and values[f"{_PREFIX}{source}_attested_by"]
    )
    told = "\n".join(dict(attested).values())
    if attested and any(count_personal(stage.folder, stage.key, [told])):
        raise ParameterError(
            "証明した人の欄に個人の情報があります。記録に残るので、氏名でなく職名で書いてください。"
        )
    return attested


def settle_sources(stage: Stage, attested: tuple[tuple[str, str], ...]) -> Stage:
    """Put the newest earlier file in the place of one that is attested to be unchanged since.

    Of the registry that is the extract of 01; of the lists that of print day. Where this run has
    read a newer one since, ``check_looked`` refuses it: nobody who was listed is forgotten.
    """
    values: dict[str, Any] = dict(stage.parameters)
    for source, _ in attested:
        earlier = "" if source == "registry" else "print_"
        for name in ("file", "total"):
            if (before := f"{earlier}{source}_{name}") in values:
                values[f"{_PREFIX}{source}_{name}"] = values[before]
    return replace(stage, parameters=values)


def tell_attested(attested: tuple[tuple[str, str], ...]) -> str:
    """Tell for the record who attested of which source that nothing came since."""
    told = [f"{DAY_SOURCES[source]}: 以後なしの証明 {name}" for source, name in attested]
    return "、".join(told)


def _read_today(stage: Stage, keep: Keep, is_attested: bool) -> Extract:
    """Read the extract of today, or where it is attested that nothing came since, that of 01."""
    with asking(stage, "handover.delta_settled", "提供日の抽出を読みました"):
        profile = read_profile(stage.locate("registry_profile"))
        path = stage.locate("handover_registry_file")
        extract = read_extract(path, profile, keep=keep, with_addresses=True)
        if is_attested:
            require_loaded(stage.folder, extract.digest)
    require_marker(stage, extract)
    base_date = date.fromisoformat(stage.parameters["handover_registry_base_date"])
    problems = []
    if not is_attested:
        problems += check_base_date(extract.newest_change, base_date, stage.today, max_age_days=0)
    elif base_date != stage.today:
        problems.append("異動がないことの証明が、本日のものではありません。")
    problems += check_later_rows(stage, extract)
    total = stage.parameters["handover_registry_total"]
    if extract.source.rows_read != total:
        problems.append(
            f"読んだ {extract.source.rows_read:,} 行と、抽出の控えの {total:,} 行が違います。"
        )
    if problems:
        problems.append("提供日の抽出か、証明を取り直してください。")
        ask_guard(stage, "handover.delta_settled", problems)
    return extract


def _read_listed(stage: Stage, is_attested: bool) -> pd.DataFrame:
    """Read the list of protected people; one of an earlier day is as new as its attestation."""
    listed = read_listed(stage, _PREFIX)
    return listed.assign(listed_on="") if is_attested else listed


def _match_again(
    stage: Stage, applications: pd.DataFrame, fresh: pd.DataFrame, extract: Extract
) -> set[str]:
    """Match every application with the extract of today; whoever may be meant is not handed over.

    An application that found nobody before may find somebody who has moved or changed the name.
    """
    if applications.empty:
        return set()
    matches = match_day(stage, applications, extract).matches
    is_fresh = matches["application_id"].isin(fresh["application_id"])
    undecided = int((is_fresh & (matches["outcome"] == "undecided")).sum())
    if undecided:
        # Whom it means is not known, so no label is known to be safe.
        raise AwaitingPerson(
            f"人が決めなければならない新しい申出が {undecided} 件あります。シールを渡さず、本日の一覧で "
            "01 からやり直し、03 で決めてください。"
        )
    freed = list_freed(read_private_table(stage, "settled"), read_private_table(stage, "cases"))
    holds = is_fresh | ~matches["application_id"].isin(freed)
    found = matches["outcome"] != "outside"
    return set(matches.loc[holds & found, "addressee_id"]) - {""}


@hide_values
class Compared(NamedTuple):
    """What today says of the newest label of everybody.

    ``void`` are the live labels that are void today, as of ``find_void``; ``newest`` the same for
    the newest labels that have ended as well. ``reprintable`` are the serials that may be printed
    again; ``changed`` gives the reason of the reprint for each serial whose person moved within the
    municipality or was renamed. ``renewable`` are the serials whose people have no label once the
    void ones have ended, each with that reason, or "".
    """

    void: pd.DataFrame
    newest: pd.DataFrame
    reprintable: list[int]
    changed: Mapping[int, str]
    renewable: Mapping[int, str]


def compare_labels(stage: Stage, day: HandoverDay) -> Compared:
    """Compare the newest label of everybody, ended or not, with what today says."""
    table = day.ledger.table
    newest = find_void(
        list_latest(table), day.ledger.printed, day.records, day.protected, day.opted_out,
        day.supplied, stage.today,
    )  # fmt: skip
    changed = list_today(day, newest["addressee_id"])
    remember_terms(stage.folder, stage.key, stage.number, changed)
    live = set(list_live(table)["serial"])
    void = newest[newest["serial"].isin(live)].reset_index(drop=True)
    left = live - set(void["serial"])
    reprintable = choose_reprintable(table, newest)
    if day.attested:
        # Whom a delta voided something was wrong with; an attestation cannot say that it is not.
        doubted = _list_voided(stage) - set(newest["serial"])
        reprintable = [serial for serial in reprintable if serial not in doubted]
    changed = {
        int(serial): RENEWABLE[reason]
        for serial, reason in zip(newest["serial"], newest["reason"], strict=True)
        if reason in RENEWABLE
    }
    renewable = {serial: changed.get(serial, "") for serial in reprintable if serial not in left}
    return Compared(void, newest, reprintable, changed, renewable)


def _list_voided(stage: Stage) -> set[int]:
    """List the serials that a delta has voided since the print."""
    changes = list_changes(read_entries(stage.folder))
    return {serial for own in changes if own["act"] == "delta" for serial in own["voided"]}


def list_today(day: HandoverDay, people: pd.Series) -> pd.DataFrame:
    """List the latest rows of people as the registry has them today."""
    records = day.records
    return records[records["is_latest"] & records["addressee_id"].isin(people)]
