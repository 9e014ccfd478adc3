"""The invented ward: all files of a demonstration, and the truth about them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from recruitlib.synth.application_files import (
    number_answer,
    number_case,
    tabulate_form,
    write_counter_register,
)
from recruitlib.synth.applications import (
    MATCHED,
    TO_CONFIRM,
    UNDECIDED,
    Application,
    apply_for,
    find_subject,
    list_counter_applications,
    list_form_applications,
)
from recruitlib.synth.households import Settlement, list_households
from recruitlib.synth.later_days import (
    EXPORTED_ON,
    HANDED_OVER_ON,
    PRINTED_ON,
    list_changes,
    write_later_registry,
)
from recruitlib.synth.names import read_names
from recruitlib.synth.newcomers import (
    TOP_UP_ON,
    make_newcomers,
    tell_newcomers,
    write_top_up_registry,
)
from recruitlib.synth.people import Household
from recruitlib.synth.places import make_streets, read_towns
from recruitlib.synth.plans import plan_households
from recruitlib.synth.protections import (
    PROVISIONAL,
    TOGETHER,
    VIOLENCE,
    Protection,
    list_protections,
    protect,
    tabulate_protections,
)
from recruitlib.synth.registry_file import Tally, plan_formers, write_registry

REFERENCE_RESIDENTS = 20_000
REFERENCE_COHORTS = {"18": 1698, "22": 2566}
LEAST_DEFAULT_COHORT = 110
_DAYS = ("", "print_day", "handover_day", "late_day", "top_up_day")
# Who applies after the deadline, and when.
_LATE = {
    "late_before_print": datetime(2026, 5, 19, 22, 41, 30),
    "late_after_print": datetime(2026, 5, 24, 10, 5, 12),
    "late_after_handover": datetime(2026, 6, 1, 21, 14, 9),
    "new_optout_counter": datetime(2026, 7, 10),
    "new_optout_form": datetime(2026, 7, 12, 9, 30, 51),
}
_README = """架空の区の住民データ（見本）

このフォルダにある氏名、住所、生年月日、番号、申出はすべて機械で作った架空のものです。
実在の人、世帯、建物とは関係がありません。町名と郵便番号だけは実在のものを使っています。
registry.csv の業務IDは全行 RECRUITLIB-SYNTH です。個人番号の欄の数字は
検査数字をわざと誤らせてあり、実在の個人番号になることはありません。

registry.csv                住民基本台帳の抽出（基準日 令和８年４月１日。履歴・除票を含む）
protections.csv             支援措置対象者の一覧（令和８年５月18日作成）
applications_form.csv       申出フォームの出力（同日出力）
applications_counter.xlsx   窓口・郵送の受付簿
print_day/                  印刷日（５月20日）の一覧
handover_day/               提供日（５月25日）の台帳と一覧
late_day/                   提供の後（６月２日）の申出
top_up_day/                 追加の実行の日（７月15日）の台帳と一覧
year/                       印刷の前と後にも申出が届いた年の、申出フォームの出力
truth.json                  正解（試験用）
"""


def choose_cohort_size(residents: int, cohort: str) -> int:
    """Choose how many people a cohort has.

    Args:
        residents: People of the ward.
        cohort: `18` or `22`.

    Returns:
        The real ward's figure from 20,000 residents on, else in proportion, at least 110.
    """
    whole = REFERENCE_COHORTS[cohort]
    share = whole * min(residents, REFERENCE_RESIDENTS) // REFERENCE_RESIDENTS
    return max(LEAST_DEFAULT_COHORT, share)


def _write_table(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


def _write_protections(folder: Path, cast: dict[str, Household]) -> list[Protection]:
    protections = list_protections(cast)
    printing = [*protections, protect(cast["newly_protected_outside"].members[0], PROVISIONAL)]
    newly = find_subject(cast["newly_protected"])
    handing = [*printing, protect(newly, VIOLENCE, starts_on="2026-05-22")]
    mother, child = cast["new_protected"].members
    topping = [*handing, protect(mother, VIOLENCE), protect(child, TOGETHER)]
    for day, made_on, listed in (
        ("", EXPORTED_ON, protections),
        ("print_day", PRINTED_ON, printing),
        ("handover_day", HANDED_OVER_ON, handing),
        ("top_up_day", TOP_UP_ON, topping),
    ):
        _write_table(folder / day / "protections.csv", tabulate_protections(listed, made_on))
    return protections


def _write_applications(
    folder: Path, form: list[Application], counter: list[Application], cast: dict[str, Household]
) -> dict[str, dict[str, dict[str, str]]]:
    """Write both lists of every day; tell by day what is new in them."""
    repeated = replace(form[0], kind="repeated", status="受付")
    late = {role: _apply_late(role, cast[role]) for role in _LATE}
    by_form = {"": [], "print_day": [repeated], "handover_day": [],
               "late_day": [late["late_after_handover"]],
               "top_up_day": [late["new_optout_form"]]}  # fmt: skip
    told = _write_days(folder, form, by_form)
    again = replace(counter[0], kind="repeated", received=datetime(2026, 5, 29))
    received = list(counter)
    for day, entry in (("", None), ("print_day", None), ("handover_day", None),
                       ("late_day", again), ("top_up_day", late["new_optout_counter"])):  # fmt: skip
        if entry:
            told[day][number_case(len(received))] = _describe(entry)
            received.append(entry)
        write_counter_register(received, folder / day / "applications_counter.xlsx")
    # A year in which somebody applies between any two of the days.
    by_form["print_day"] = [repeated, late["late_before_print"]]
    by_form["handover_day"] = [late["late_after_print"]]
    del by_form[""]
    year = _write_days(folder / "year", form, by_form)
    return told | {
        "year": {number: entry for day in year.values() for number, entry in day.items()}
    }


def _write_days(
    folder: Path, form: list[Application], news: dict[str, list[Application]]
) -> dict[str, dict[str, dict[str, str]]]:
    """Write the form's export of each day, which holds all that came before; tell what is new."""
    sent, told = list(form), {}
    for day, entries in news.items():
        told[day] = {number_answer(len(sent) + at): _describe(entry)
                     for at, entry in enumerate(entries)}  # fmt: skip
        sent += entries
        table = tabulate_form(sent, len(form))
        _write_table(folder / day / "applications_form.csv", table, "utf-8-sig")
    return told


def _apply_late(role: str, household: Household) -> Application:
    applied = apply_for(role, find_subject(household), household.place)
    return replace(applied, status="受付", received=_LATE[role])


def _describe(application: Application) -> dict[str, str]:
    return {
        "kind": application.kind,
        "expected": application.expected,
        "addressee_id": application.addressee_id,
    }


def _index_applications(
    form: list[Application], counter: list[Application]
) -> dict[str, dict[str, str]]:
    numbered = [(number_answer(at), entry) for at, entry in enumerate(form)]
    numbered += [(number_case(at), entry) for at, entry in enumerate(counter)]
    return {number: _describe(entry) for number, entry in numbered}


def _sort_into_cohorts(tally: Tally, ids: set[str]) -> dict[str, list[str]]:
    return {cohort: sorted(ids.intersection(members)) for cohort, members in tally.cohorts.items()}


def _tell_truth(
    tally: Tally,
    rows: dict[str, int],
    protections: list[Protection],
    form: list[Application],
    counter: list[Application],
) -> dict[str, Any]:
    protected = {row.addressee_id for row in protections if not row.cancelled}
    applied = {
        entry.addressee_id
        for entry in [*form, *counter]
        if entry.addressee_id and entry.expected in (MATCHED, TO_CONFIRM, UNDECIDED)
    }
    everybody = {person for members in tally.cohorts.values() for person in members}
    return {
        "cohorts": {cohort: len(members) for cohort, members in tally.cohorts.items()},
        "protected": _sort_into_cohorts(tally, protected),
        "protected_outside": sorted(protected - everybody),
        "opted_out": _sort_into_cohorts(tally, applied - protected),
        "recipients": _sort_into_cohorts(tally, everybody - protected - applied),
        "applications": _index_applications(form, counter),
        "rows": rows,
    }


def make_ward(
    folder: Path,
    residents: int,
    seed: int,
    towns: Path,
    cohort_18: int | None = None,
    cohort_22: int | None = None,
) -> dict[str, int]:
    """Write an invented ward: registry, protective measures, applications, and their later states.

    The same arguments give the same bytes on every machine.

    Args:
        folder: Where to; made when absent, files of the same names are replaced.
        residents: People registered on the base date, foreign ones included; met exactly.
        seed: Seed of all chance.
        towns: Table of the ward's towns.
        cohort_18: Japanese residents who reach 18; None for the usual number.
        cohort_22: Japanese residents who reach 22; None for the usual number.

    Returns:
        Counts of rows and people by name.

    Raises:
        ParameterError: The ward is too small for the cohorts or the planted cases.
        FormError: The table of towns is not one.
    """
    sizes = {
        "18": choose_cohort_size(residents, "18") if cohort_18 is None else cohort_18,
        "22": choose_cohort_size(residents, "22") if cohort_22 is None else cohort_22,
    }
    rng = Random(seed)
    book = read_names()
    streets = make_streets(rng, read_towns(towns), residents)
    plans, taken = plan_households(rng, book, residents, sizes)
    settlement = Settlement(rng, book, streets, taken)
    for day in _DAYS:
        (folder / day).mkdir(parents=True, exist_ok=True)
    households = list_households(rng, settlement, plans, residents)
    registry = folder / "registry.csv"
    tally = write_registry(registry, rng, settlement, households, plan_formers(sizes))
    cast, rows = tally.cast, dict(tally.rows)
    changes = list_changes(cast, settlement)
    newcomers = make_newcomers(settlement)
    cast |= newcomers

    protections = _write_protections(folder, cast)
    form, counter = list_form_applications(cast, book), list_counter_applications(cast)
    news = _write_applications(folder, form, counter, cast)
    later = folder / "handover_day" / "registry.csv"
    rows["handover_registry"] = write_later_registry(registry, later, changes)
    rows["top_up_registry"] = rows["handover_registry"] + write_top_up_registry(
        later, folder / "top_up_day" / "registry.csv", newcomers.values()
    )
    rows |= {"protections": len(protections), "applications_form": len(form),
             "applications_counter": len(counter)}  # fmt: skip
    truth = _tell_truth(tally, rows, protections, form, counter)
    for day in ("print_day", "late_day", "top_up_day", "year"):
        truth[f"{day}_applications"] = news[day]
    truth["handover"] = {
        what: [change.addressee_id for change in changes if change.what == what]
        for what in ("died", "moved_out", "moved_within", "renamed")
    } | {"newly_protected": [find_subject(cast["newly_protected"]).addressee_id]}
    truth["top_up"] = tell_newcomers(newcomers)
    text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
    (folder / "truth.json").write_bytes(text.encode("utf-8"))
    (folder / "README.txt").write_bytes(_README.replace("\n", "\r\n").encode("utf-8"))
    return rows | {f"cohort_{key}": len(members) for key, members in tally.cohorts.items()}
