"""Print day (印刷日): whether the approval still holds with the lists of today."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import group_digest
from recruitlib.base.decisions import read_all_decisions
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.scope import check_written, read_scope
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.secrecy import hide_values
from recruitlib.base.vault import read_print_password
from recruitlib.labels.print_settings import check_return_line, list_printed_items, open_fonts
from recruitlib.optouts.exclusion import (
    choose_rows,
    join_later_day,
    match_day,
    reread_registry,
    take_applications,
)
from recruitlib.optouts.register import CONTENT
from recruitlib.registry.extract import Extract
from recruitlib.registry.intake import (
    Loaded,
    find_protected,
    read_listed,
    take_protections,
)
from recruitlib.registry.protected import find_housemates
from recruitlib.review.approval import (
    check_approval,
    digest_content,
    list_workers,
    read_approval,
)
from recruitlib.review.balance import count_people
from recruitlib.review.recipients import Exclusions

# What an application says; a row that differs in any of it since the approval is a new one.
_CONTENT = [*CONTENT, "card_name", "card_substitutes"]


@hide_values
class PrintDay(NamedTuple):
    """What print day starts from: the approved recipients, and the rows of everybody excluded."""

    recipients: pd.DataFrame
    excluded: pd.DataFrame


@show_progress("印刷日の一覧を読み、承認した提供対象者と比べています")
def check_print_day(stage: Stage) -> PrintDay:
    """Ask whether the approval still holds on print day, with the lists of today.

    With no new hit the approval stands; any hit takes the run back to 03.
    """
    # A missing password, or a font that cannot be used, is better known now than at the printing.
    read_print_password(stage.parameters["run_id"], stage.demonstration)
    open_fonts(stage.root, stage.parameters)
    ask_scope(
        stage, list_printed_items(stage.root, stage.parameters),
        [
            *check_written(read_scope(stage.locate("scope_file"))),
            *check_return_line(stage.root, stage.parameters),
        ],
    )  # fmt: skip
    recipients, cohort = (
        read_private_table(stage, "recipients"),
        read_private_table(stage, "cohort"),
    )
    excluded = read_private_table(stage, "excluded")
    _ask_approval(stage, recipients, cohort, excluded)
    listed = read_listed(stage, "print_")
    received = take_applications(stage, prefix="print_")
    fresh = select_fresh(stage, received.applications)
    possible = read_private_table(stage, "possible")
    extract = reread_registry(
        stage, choose_rows(stage, fresh, pd.concat([possible, cohort]), listed)
    )
    traced = take_protections(stage, Loaded(extract, listed), possible, "print_")
    everybody = find_protected(stage, traced)
    problems = join_later_day(stage, received)
    problems += check_new_hits(stage, fresh, extract, recipients)
    protected = set(everybody) & set(recipients["addressee_id"])
    mates = find_new_housemates(stage, recipients, everybody, extract)
    if len(mates):
        problems.append(
            f"支援措置の対象者と同じ世帯の人が {len(mates)} 人、確かめないまま提供対象者にいます。"
        )
    if protected:
        problems.append(f"支援措置の新しい対象者が {len(protected)} 人、提供対象者にいます。")
    if set(recipients["addressee_id"]) & set(excluded["addressee_id"]):
        problems.append("除外した人が提供対象者に残っています。")
    if problems:
        problems.append("本日の一覧で 01 からやり直し、03 で承認を取り直してください。")
    ask_guard(
        stage, "exclusion.zero_leak", problems,
        f"新しい申出 {len(fresh)} 件と、本日の支援措置の一覧を見ました",
    )  # fmt: skip
    return PrintDay(recipients, cohort[cohort["addressee_id"].isin(excluded["addressee_id"])])


def _ask_approval(
    stage: Stage, recipients: pd.DataFrame, cohort: pd.DataFrame, excluded: pd.DataFrame
) -> None:
    ids = {
        reason: frozenset(excluded.loc[excluded["reason"] == reason, "addressee_id"])
        for reason in Exclusions._fields
    }
    counts = count_people(cohort, Exclusions(**ids), recipients)
    settled = read_private_table(stage, "settled")
    decisions = read_all_decisions(stage.root, stage.parameters)
    content = digest_content(stage, counts, recipients, settled, decisions)
    run_id, demonstration = stage.parameters["run_id"], stage.demonstration
    approval = read_approval(stage.locate("approval_file"), run_id, demonstration)
    workers = list_workers(stage.folder, stage.parameters, decisions)
    run = (run_id, demonstration)
    ask_guard(
        stage, "review.approved",
        # 03 has asked for the ticks.
        check_approval(approval, content, [], decisions[-1].officers, workers, run),
        f"承認の値 {group_digest(content.digest)}",
    )  # fmt: skip


def find_new_housemates(
    stage: Stage, recipients: pd.DataFrame, protected: pd.Series, extract: Extract
) -> pd.DataFrame:
    """Find recipients who share a household with a protected person, and whom nobody decided about.

    What was decided holds for those with whom the recipient lived then; for somebody protected
    since it does not.
    """
    cases = read_private_table(stage, "cases")
    decided = cases.loc[(cases["kind"] == "housemate") & (cases["problem"] == ""), "addressee_id"]
    before = read_private_table(stage, "housemates").set_index("addressee_id")["lives_with"]
    known = {person: set(before[person].split()) for person in decided if person in before.index}
    mates = find_housemates(recipients, protected, extract.records)
    is_new = [
        not set(mate["lives_with"].split()) <= known.get(mate["addressee_id"], set())
        for mate in mates.to_dict("records")
    ]
    # An empty list would choose columns.
    return mates[pd.Series(is_new, index=mates.index, dtype=bool)]


def select_fresh(stage: Stage, applications: pd.DataFrame) -> pd.DataFrame:
    """Select the applications that are new, or say something else, since notebook 02."""
    known = read_private_table(stage, "applications")
    same = set(known[_CONTENT].itertuples(index=False, name=None))
    is_fresh = [
        row not in same for row in applications[_CONTENT].itertuples(index=False, name=None)
    ]
    return applications[is_fresh].reset_index(drop=True)


def check_new_hits(
    stage: Stage, fresh: pd.DataFrame, extract: Extract, recipients: pd.DataFrame
) -> list[str]:
    """Say how many new applications hit a recipient, or must go before a person first."""
    if fresh.empty:
        return []
    matches = match_day(stage, fresh, extract).matches
    hits = int(matches["addressee_id"].isin(recipients["addressee_id"]).sum())
    undecided = int((matches["outcome"] == "undecided").sum())
    problems = []
    if hits:
        problems.append(f"新しい申出が {hits} 件、提供対象者に当たります。")
    if undecided:
        problems.append(f"人が決めなければならない新しい申出が {undecided} 件あります。")
    return problems
