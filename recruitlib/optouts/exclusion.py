"""Exclusion (除外), the steps of notebook 02: applications in, one outcome for each out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow_compute

from recruitlib.base.counts import ALL, STEP_BY_NAME, Count
from recruitlib.base.decisions import read_own_decisions
from recruitlib.base.encodings import prove_encoding
from recruitlib.base.errors import IntegrityError
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.proved import check_proved, note_proved
from recruitlib.base.row_cases import (
    list_decided,
    list_row_cases,
    settle_row_cases,
    tell_open_cases,
)
from recruitlib.base.run import (
    Stage,
    ask_guard,
    complete_stage,
    keep_proposal,
    read_completed,
    read_private_table,
    require_answers,
)
from recruitlib.base.scope import read_scope
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.traces import remember_terms
from recruitlib.optouts.acts import (
    link_applications,
    name_acts,
    order_acts,
    tabulate_statuses,
)
from recruitlib.optouts.applications import (
    SOURCE_LABELS,
    SOURCES,
    STANDING,
    STANDING_LABEL,
    Received,
    gather_received,
    read_applications,
)
from recruitlib.optouts.candidates import Subject
from recruitlib.optouts.forms import check_columns, describe_columns, tabulate_columns
from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.matching import match_subjects
from recruitlib.optouts.outcomes import (
    OUTCOMES,
    tabulate_candidates,
    tabulate_matches,
    tabulate_near,
)
from recruitlib.optouts.people import build_people
from recruitlib.optouts.receipts import (
    check_exports,
    check_readable,
    check_series,
    check_totals,
    check_year,
)
from recruitlib.optouts.register import check_registered, describe_missing, join_day
from recruitlib.optouts.standing import carry_standing
from recruitlib.optouts.subjects import build_subjects, collect_keys
from recruitlib.optouts.supplied_before import NOBODY, ask_supplied
from recruitlib.optouts.towns import read_towns
from recruitlib.registry.extract import Extract, Keep, read_extract
from recruitlib.registry.protections import make_keep

REGISTER = "register"
_PIECE = 50_000  # addresses
# What 02 writes, as a message names it.
_NAMES = {
    "applications": "申出", "matches": "申出の結果", "candidates": "候補", "near": "近い人",
    "supplied_before": "すでに提供した人",
}  # fmt: skip


class Matched(NamedTuple):
    """Applications with their outcomes, and the candidates of those that a person must decide.

    ``near`` are all people of the cohort who agree with an application in two fields, with what
    agrees in words; ``supplied`` are those whom another run of the fiscal year has supplied, where
    it was asked.
    """

    applications: pd.DataFrame
    matches: pd.DataFrame
    candidates: pd.DataFrame
    near: pd.DataFrame
    supplied: pd.DataFrame = NOBODY


def take_applications(stage: Stage, prefix: str = "") -> Received:
    """Read one day's applications of all channels and ask whether they are all there.

    Args:
        prefix: "" on the day of loading, "print_" and "handover_" on the later days.

    Returns:
        the applications of all channels (with ``source`` and ``linked_to``), by policy with those
        of earlier years that are still in force, and the rows that could not be read: two people
        decide about them, and on the later days they stop the run.
    """
    tables = {}
    for source in SOURCES:
        profile = read_profile(stage.locate(f"{source}_profile"))
        tables[source] = read_applications(stage.locate(f"{prefix}{source}_file"), profile)
        remember_terms(
            stage.folder, stage.key, stage.number,
            tables[source][0].rename(
                columns={"subject_name": "full_name", "subject_address": "address"}
            ),
        )  # fmt: skip
    received = gather_received(tables)
    ask_items(stage, received)
    received = received._replace(applications=link_applications(received.applications))
    values = stage.parameters
    applications = received.applications
    problems = check_totals(
        received.count_rows(), read_totals(stage, prefix), values["applications_zero_confirmed_by"]
    )
    problems += check_series(received) + check_year(applications, values["fiscal_year"])
    exported = {source: values[f"{prefix}{source}_exported_on"] for source in SOURCES}
    today = stage.today if prefix else None
    late = check_exports(applications, exported, values["optout_deadline"], today)
    if not prefix:
        ask_guard(
            stage, "optouts.total_agrees", problems, f"{sum(received.count_rows().values())}件"
        )
        problems = []
    else:
        problems += check_readable(drop_decided(stage, received))
    ask_guard(
        stage,
        "optouts.complete",
        problems + late,
        f"出力日 {'・'.join(sorted(set(exported.values())))}",
    )
    return carry_standing(stage, received)


def ask_items(stage: Stage, received: Received) -> None:
    """Ask whether nothing but approved items was kept of the channels' files."""
    problems, seen = [], []
    for channel, columns in tabulate_items(stage, received).groupby("受付", sort=False):
        problems += check_columns(columns, str(channel))
        seen.append(f"{channel}（{describe_columns(columns)}）")
    ask_scope(stage, problems=problems, note="、".join(seen))


@show_progress("申出を受付簿に書き加えています")
def settle_rows(stage: Stage, received: Received) -> pd.DataFrame:
    """Join the applications into the office's register, and ask what two people must decide.

    That is every row that cannot be read, and every application that the register holds of this
    run and that the export of today has lost.

    Returns:
        the cases with what was decided; a row that is left out is no application, or stands again
        elsewhere.

    Raises:
        AwaitingPerson: a case is open.
    """
    rows = [_make_unreadable(row) for row in received.quarantine.to_dict("records")]
    missing = join_day(stage, received.applications).missing
    rows += [_make_missing(number) for number in missing]
    cases = list_row_cases(rows, stage.key.digest_key)
    settled = settle_row_cases(cases, read_own_decisions(stage, "rows_decisions_file"))
    if len(cases):
        keep_proposal(stage, "doubts_02", cases)
    ask_guard(
        stage, "optouts.rows_decided", tell_open_cases(settled, "02"), f"{len(cases)}件の事例"
    )
    return settled


def drop_decided(stage: Stage, received: Received) -> Received:
    """Drop the unreadable rows that two people have already left out on the day of 02."""
    rows = received.quarantine
    kept = pd.Series(True, index=rows.index)
    for source, own in rows.groupby("source"):
        cases = list_row_cases(
            [_make_unreadable(row) for row in own.to_dict("records")], stage.key.digest_key
        )
        decided = list_decided(cases, read_own_decisions(stage, "rows_decisions_file"))
        kept &= ~((rows["source"] == source) & rows["source_row"].isin(decided))
    return received._replace(quarantine=rows[kept].reset_index(drop=True))


def join_later_day(stage: Stage, received: Received) -> list[str]:
    """Join a later day's applications into the register, and say which ones are lost since 02."""
    missing = join_day(stage, received.applications).missing
    decided = list_decided(
        list_row_cases([_make_missing(number) for number in missing], stage.key.digest_key),
        read_own_decisions(stage, "rows_decisions_file"),
    )
    return describe_missing([number for number in missing if number not in decided])


def _make_unreadable(row: dict[str, Any]) -> tuple[str, str, int, str, int, Any]:
    return ("unreadable", row["source"], row["source_row"], row["reason"], 0, row["content"])


def _make_missing(number: int) -> tuple[str, str, int, str, int, int]:
    reason = "受付簿にある申出が、今回の出力にありません"
    return ("missing", REGISTER, number, reason, 0, number)


def read_totals(stage: Stage, prefix: str = "") -> dict[str, int]:
    """Read the stated total of each source: the form's screen and the count of the papers."""
    return {source: stage.parameters[f"{prefix}{source}_total"] for source in SOURCES}


def reread_registry(stage: Stage, keep: Keep) -> Extract:
    """Read the registry file again, and check that it is still the file of notebook 01.

    Args:
        stage: the stage.
        keep: which rows to keep, as of ``choose_rows``.

    Raises:
        IntegrityError: the file was changed.
    """
    extract = read_extract(
        stage.locate("registry_file"), read_profile(stage.locate("registry_profile")), keep=keep,
        with_addresses=True,
    )  # fmt: skip
    require_loaded(stage.folder, extract.digest)
    return extract


def choose_rows(
    stage: Stage,
    applications: pd.DataFrame,
    cohort: pd.DataFrame,
    listed: pd.DataFrame | None = None,
) -> Keep:
    """Choose the rows of an extract that are needed again: a city's do not all fit into a small PC.

    These are every row of whoever may be of the cohort, and those that share a key with an
    application or with a row of the list of protected people, or whose birth date is not plain.

    Args:
        stage: the stage.
        applications: those that will be matched.
        cohort: whoever may be of the cohort; the column addressee_id.
        listed: the list of protected people that will be traced; None for none.
    """
    acts = applications.assign(status=name_acts(applications))
    # Places are learned from the extract itself; no key is made of them.
    wanted = collect_keys(build_subjects(acts, learn_places(())))
    possible = pa.array(sorted(set(cohort["addressee_id"])), pa.string())
    profile = read_profile(stage.locate("registry_profile"))
    may_be_listed = make_keep(listed, profile) if listed is not None else None

    def keep(cells: pa.Table) -> npt.NDArray[np.bool_]:
        kept = wanted.mark(_take_compared(cells))
        for chosen in (
            arrow_compute.is_in(cells["addressee_id"], value_set=possible),
            arrow_compute.equal(cells["birth_date"], ""),
        ):
            kept |= np.asarray(chosen.to_numpy(), dtype=bool)
        return kept if may_be_listed is None else kept | may_be_listed(cells)

    return keep


def _take_compared(cells: pa.Table) -> pa.Table:
    """Take the columns that keys are made of, the reading as the records have it."""
    kana, old = cells["full_name_kana"], cells["full_name_kana_old"]
    shown = arrow_compute.if_else(arrow_compute.equal(kana, ""), old, kana)
    return pa.table(
        {
            "full_name": cells["full_name"],
            "full_name_kana": shown,
            "birth_date": cells["birth_date"],
        }
    )


def require_same_registry(stage: Stage) -> None:
    """Require that the registry file is still that of notebook 01, whose every question it passed.

    Raises:
        IntegrityError: the file was changed.
    """
    profile = read_profile(stage.locate("registry_profile"))
    proof = prove_encoding(stage.locate("registry_file"), profile.encodings)
    require_loaded(stage.folder, proof.digest)


def require_loaded(folder: Path, digest: str) -> None:
    """Require that an extract, by its digest, is the file of notebook 01.

    Raises:
        IntegrityError: the file was changed.
    """
    if digest != read_completed(folder, "01")["facts"]["inputs"]["registry"]:
        raise IntegrityError(
            "台帳の抽出ファイルが、取込の後に変わっています。01 からやり直してください。"
        )


def match_day(stage: Stage, applications: pd.DataFrame, extract: Extract) -> Matched:
    """Match applications with the residents of the extract, and put each subject's acts in order."""
    values = stage.parameters
    acts = applications.assign(status=name_acts(applications))
    latest = extract.records[extract.records["is_latest"]]
    gazetteer = learn_places(
        _iterate_addresses(extract), values["prefecture"], values["municipality"],
        read_towns(stage.locate("towns_file")),
    )  # fmt: skip
    subjects = build_subjects(acts, gazetteer)
    cohort = set(read_private_table(stage, "cohort")["addressee_id"])
    people = build_people(select_wanted(latest, subjects, cohort), cohort, gazetteer)
    found = match_subjects(subjects, people, stage.today)
    matches = order_acts(
        hold_late(
            tabulate_matches(found, acts, values["applicants"]), applications,
            values["optout_deadline"], values["late_optout"],
        ),
        applications,
    )  # fmt: skip
    candidates, near = tabulate_candidates(found), tabulate_near(found)
    shown = extract.records[extract.records["addressee_id"].isin(candidates["addressee_id"])]
    remember_terms(stage.folder, stage.key, stage.number, shown)
    return Matched(link_applications(applications, matches), matches, candidates, near)


def _iterate_addresses(extract: Extract) -> Iterator[str]:
    for start in range(0, len(extract.addresses), _PIECE):
        yield from extract.addresses.slice(start, _PIECE).to_pylist()


def select_wanted(latest: pd.DataFrame, subjects: list[Subject], cohort: set[str]) -> pd.DataFrame:
    """Select the residents who share a key with an application, and the whole cohort."""
    columns = ["full_name", "full_name_kana", "birth_date"]
    marks = collect_keys(subjects).mark(pa.Table.from_pandas(latest[columns], preserve_index=False))
    return latest[marks | latest["addressee_id"].isin(cohort).to_numpy()]


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
    )


def apply_optouts(stage: Stage, applications: pd.DataFrame) -> Matched:
    """Match the applications and ask whether each has exactly one end, and nobody two supplies."""
    with show_progress("台帳を読み直しています", "申出を台帳と突き合わせています") as begin_next:
        cohort = read_private_table(stage, "cohort")
        extract = reread_registry(stage, choose_rows(stage, applications, cohort))
        begin_next()
        matched = match_day(stage, applications, extract)
    problems = check_ends(matched) + check_registered(stage, applications)
    ask_guard(stage, "optouts.one_end_each", problems, f"{len(matched.matches)}件の申出")
    matched = matched._replace(supplied=ask_supplied(stage))
    note_proved(stage, _list_proved(matched))
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
    if problems:
        problems.append("この実行を使わず、管理者に知らせてください。")
    return problems


def count_outcomes(matched: Matched) -> list[Count]:
    """Count the applications by outcome."""
    found = matched.matches["outcome"].value_counts()
    counts = [Count(ALL, "applications", len(matched.applications))]
    return counts + [Count(ALL, outcome, int(found.get(outcome, 0))) for outcome in OUTCOMES]


def finish_exclusion(stage: Stage, matched: Matched) -> str:
    """Write the applications and their outcomes, and complete the stage.

    Raises:
        IntegrityError: a guard was not asked.
        GuardError: they are not those about which the guards were asked.
    """
    require_answers(stage)
    if problems := check_proved(stage, _list_proved(matched), "02 をやり直してください。"):
        ask_guard(stage, "optouts.one_end_each", problems)
    return complete_stage(stage, counts=count_outcomes(matched), private=_list_tables(matched))


def _list_proved(matched: Matched) -> dict[str, pd.DataFrame]:
    return {_NAMES[name]: table for name, table in _list_tables(matched).items()}


def _list_tables(matched: Matched) -> dict[str, pd.DataFrame]:
    return {
        "applications": matched.applications,
        "matches": matched.matches,
        "candidates": matched.candidates,
        "near": matched.near,
        "supplied_before": matched.supplied,
    }


def tabulate_channels(applications: pd.DataFrame, deadline: str) -> pd.DataFrame:
    """Tabulate the applications by source and status, and how many came after the deadline."""
    labels = dict(SOURCE_LABELS)
    if (applications["source"] == STANDING).any():
        labels[STANDING] = STANDING_LABEL
    table = tabulate_statuses(applications, list(labels.items()))
    late = applications.loc[applications["received_at"] > deadline, "source"].value_counts()
    return table.assign(うち締切後=[int(late.get(source, 0)) for source in labels])


def tabulate_totals(stage: Stage, received: Received) -> pd.DataFrame:
    """Tabulate the totals of the form and of the papers beside the rows read."""
    unreadable = received.quarantine["source"].value_counts()
    found = received.count_rows()
    rows = [
        (
            SOURCE_LABELS[source],
            total,
            found[source],
            int(unreadable.get(source, 0)),
            " ".join(received.sources[source].remarks),
        )
        for source, total in read_totals(stage).items()
    ]
    return pd.DataFrame(
        rows, columns=["受付", "画面・紙の件数", "読んだ件数", "うち読めない行", "備考"]
    )


def tabulate_items(stage: Stage, received: Received) -> pd.DataFrame:
    """Tabulate what becomes of each column of each channel's file."""
    scope = read_scope(stage.locate("scope_file"))
    tables = [
        tabulate_columns(source, read_profile(stage.locate(f"{name}_profile")), scope, name).assign(
            受付=SOURCE_LABELS[name]
        )
        for name, source in received.sources.items()
    ]
    return pd.concat(tables, ignore_index=True)[["受付", "列", "見出し", "扱い"]]


def tabulate_outcomes(matched: Matched) -> pd.DataFrame:
    """Tabulate how the applications ended, with what agreed in words."""
    words = {
        "matched": "氏名・生年月日・番地が一人と一致",
        "to_confirm": "先に除外し、担当者が確かめる（一つが違う・申出者の資格など）",
        "outside": "対象者でない人と一致（証拠あり）",
        "undecided": "人が決める（決まるまで印刷しない）",
        "withdrawn": "取下げ・差し戻し・却下・試験（二人が確かめるまで除外のまま）",
    }
    rows = [
        (STEP_BY_NAME[count.step].label, count.count, words.get(count.step, ""))
        for count in count_outcomes(matched)
    ]
    return pd.DataFrame(rows, columns=["結果", "件数", "意味"])
