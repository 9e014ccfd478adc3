"""Exclusion (除外), the steps of notebook 02: applications in, one outcome for each out."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from recruitlib.base.counts import ALL, STEP_BY_NAME, Count
from recruitlib.base.errors import IntegrityError
from recruitlib.base.run import Stage, ask_guard, complete_stage, read_completed, read_private_table
from recruitlib.base.traces import remember_terms
from recruitlib.optouts.applications import (
    SOURCE_LABELS,
    SOURCES,
    check_exports,
    check_totals,
    check_year,
    read_applications,
)
from recruitlib.optouts.matching import build_people, build_subjects, match_applications
from recruitlib.optouts.towns import read_towns
from recruitlib.registry.extract import Extract, read_extract
from recruitlib.registry.profiles import read_profile

OUTCOMES = ("matched", "to_confirm", "outside", "undecided", "withdrawn")


class Matched(NamedTuple):
    """Applications with their outcomes, and the candidates of those that a person must decide."""

    applications: pd.DataFrame
    matches: pd.DataFrame
    candidates: pd.DataFrame


def take_applications(stage: Stage, prefix: str = "") -> pd.DataFrame:
    """Read one day's applications of all channels and ask whether they are all there.

    Args:
        prefix: "" on the day of loading, "print_" and "handover_" on the later days.

    Returns:
        the columns of ``applications`` and ``source`` (form or counter); rows of all channels.
    """
    tables = []
    for source in SOURCES:
        profile = read_profile(stage.locate(f"{source}_profile"))
        table, _ = read_applications(stage.locate(f"{prefix}{source}_file"), profile)
        remember_terms(
            stage.folder, stage.key, stage.number,
            table.rename(columns={"subject_name": "full_name", "subject_address": "address"}),
        )  # fmt: skip
        # Two channels may number alike; an application's id names its channel.
        ids = source + ":" + table["application_id"]
        tables.append(table.assign(application_id=ids, source=source))
    applications = pd.concat(tables, ignore_index=True)
    values = stage.parameters
    totals = {source: values[f"{prefix}{source}_total"] for source in SOURCES}
    problems = check_totals(applications, totals, values["applications_zero_confirmed_by"])
    problems += check_year(applications, values["fiscal_year"])
    exported = {source: values[f"{prefix}{source}_exported_on"] for source in SOURCES}
    today = stage.today if prefix else None
    late = check_exports(applications, exported, values["optout_deadline"], today)
    if not prefix:
        ask_guard(stage, "optouts.total_agrees", problems, f"{len(applications)}件")
        problems = []
    ask_guard(
        stage,
        "optouts.complete",
        problems + late,
        f"出力日 {'・'.join(sorted(set(exported.values())))}",
    )
    return applications


def reread_registry(stage: Stage) -> Extract:
    """Read the registry file again, and check that it is still the file of notebook 01.

    Raises:
        IntegrityError: the file was changed.
    """
    extract = read_extract(
        stage.locate("registry_file"), read_profile(stage.locate("registry_profile"))
    )
    if extract.digest != read_completed(stage.folder, "01")["facts"]["inputs"]["registry"]:
        raise IntegrityError(
            "台帳の抽出ファイルが、取込の後に変わっています。01 からやり直してください。"
        )
    return extract


def match_day(stage: Stage, applications: pd.DataFrame, extract: Extract) -> Matched:
    """Match applications with the residents of the extract."""
    values = stage.parameters
    towns = read_towns(stage.locate("towns_file"))
    place = (values["municipality"], values["prefecture"])
    cohort = read_private_table(stage, "cohort")
    subjects = build_subjects(applications, towns, *place)
    people = build_people(
        extract.records, set(cohort["addressee_id"]), subjects, towns, *place, stage.today
    )
    matches, candidates = match_applications(subjects, people, values["applicants"])
    matches = hold_late(matches, applications, values["optout_deadline"], values["late_optout"])
    found = extract.records[extract.records["addressee_id"].isin(candidates["addressee_id"])]
    remember_terms(stage.folder, stage.key, stage.number, found)
    return Matched(applications, matches, candidates)


def hold_late(
    matches: pd.DataFrame, applications: pd.DataFrame, deadline: str, policy: str
) -> pd.DataFrame:
    """Hold late applications for two people where the policy returns them; until then they hold.

    Under ``honour`` nothing changes; under ``return`` a matched late application becomes one to
    confirm, and its subject stays excluded.
    """
    if policy == "honour":
        return matches
    late = applications.loc[applications["received_at"] > deadline, "application_id"]
    held = matches["application_id"].isin(late) & (matches["outcome"] == "matched")
    return matches.assign(
        outcome=matches["outcome"].mask(held, "to_confirm"),
        reason=matches["reason"].mask(held, "late"),
        tier=matches["tier"].mask(held, "B"),
    )


def apply_optouts(stage: Stage, applications: pd.DataFrame) -> Matched:
    """Match the applications and ask whether each has exactly one end."""
    matched = match_day(stage, applications, reread_registry(stage))
    ask_guard(stage, "optouts.one_end_each", check_ends(matched), f"{len(matched.matches)}件の申出")
    return matched


def check_ends(matched: Matched) -> list[str]:
    """Say where applications and outcomes do not pair off one to one."""
    problems = []
    if sorted(matched.matches["application_id"]) != sorted(matched.applications["application_id"]):
        problems.append("申出と結果が一対一になっていません。")
    if not matched.matches["outcome"].isin(OUTCOMES).all():
        problems.append("知らない結果があります。")
    named = matched.matches["outcome"].isin(["matched", "to_confirm", "outside", "withdrawn"])
    if (matched.matches.loc[named, "addressee_id"] == "").any():
        problems.append("相手のない一致があります。")
    return problems


def count_outcomes(matched: Matched) -> list[Count]:
    """Count the applications by outcome."""
    found = matched.matches["outcome"].value_counts()
    counts = [Count(ALL, "applications", len(matched.applications))]
    return counts + [Count(ALL, outcome, int(found.get(outcome, 0))) for outcome in OUTCOMES]


def finish_exclusion(stage: Stage, matched: Matched) -> str:
    """Write the applications and their outcomes, and complete the stage."""
    return complete_stage(
        stage,
        counts=count_outcomes(matched),
        private={
            "applications": matched.applications,
            "matches": matched.matches,
            "candidates": matched.candidates,
        },
    )


def tabulate_channels(applications: pd.DataFrame, deadline: str) -> pd.DataFrame:
    """Tabulate received, withdrawn, late and accepted applications by source."""
    rows = []
    for source in SOURCES:
        own = applications[applications["source"] == source]
        withdrawn = int((own["status"] == "withdrawn").sum())
        late = int((own["received_at"] > deadline).sum())
        rows.append((SOURCE_LABELS[source], len(own), withdrawn, late, len(own) - withdrawn))
    return pd.DataFrame(rows, columns=["受付", "件数", "うち取下げ", "うち締切後", "有効"])


def tabulate_totals(stage: Stage, applications: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the totals of the form and of the papers beside the rows read."""
    rows = [
        (SOURCE_LABELS[source], stage.parameters[f"{source}_total"],
         int((applications["source"] == source).sum()))
        for source in SOURCES
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["受付", "画面・紙の件数", "読んだ件数"])


def tabulate_outcomes(matched: Matched) -> pd.DataFrame:
    """Tabulate how the applications ended, with what agreed in words."""
    words = {
        "matched": "氏名・生年月日・番地が一人と一致",
        "to_confirm": "一致したが、申出者の資格を人が確かめる（先に除外）",
        "outside": "対象の年齢でない区民と一致（証拠あり）",
        "undecided": "人が決める（決まるまで印刷しない）",
        "withdrawn": "取下げ（二人が確かめるまで除外のまま）",
    }
    rows = [
        (STEP_BY_NAME[count.step].label, count.count, words.get(count.step, ""))
        for count in count_outcomes(matched)
    ]
    return pd.DataFrame(rows, columns=["結果", "件数", "意味"])
