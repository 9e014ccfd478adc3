"""Confirmation (確認), the steps of notebook 03: decisions applied, counts shown, approval asked."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, group_digest
from recruitlib.base.counts import Count, merge_counts, read_counts
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.run import (
    Stage,
    ask_guard,
    complete_stage,
    keep_proposal,
    read_private_table,
)
from recruitlib.optouts.decisions import (
    KIND_LABELS,
    Decisions,
    list_cases,
    list_excluded_housemates,
    read_decisions,
    settle_matches,
)
from recruitlib.optouts.exclusion import reread_registry
from recruitlib.registry.profiles import read_profile
from recruitlib.review.approval import Approval, check_approval, digest_approval, read_approval
from recruitlib.review.balance import check_balance, count_people, tabulate_towns
from recruitlib.review.recipients import (
    Exclusions,
    check_leaks,
    check_whole_records,
    gather_exclusions,
    select_recipients,
)


class Review(NamedTuple):
    """What is reviewed: cases, decisions, and who would be supplied."""

    applications: pd.DataFrame
    candidates: pd.DataFrame
    cases: pd.DataFrame
    decisions: Decisions
    settled: pd.DataFrame
    exclusions: Exclusions
    cohort: pd.DataFrame
    recipients: pd.DataFrame
    counts: list[Count]
    digest: str


def prepare_review(stage: Stage) -> Review:
    """Apply the decisions made so far and select who would be supplied.

    The view stays for a person even when something is still to be decided; nothing is printed.
    """
    names = ("applications", "matches", "candidates", "cohort", "protected", "housemates")
    tables = {name: read_private_table(stage, name) for name in names}
    cases = list_cases(
        tables["applications"], tables["matches"], tables["candidates"], tables["housemates"],
        stage.key.digest_key,
    )  # fmt: skip
    decisions = read_decisions(
        stage.locate("decisions_file"), stage.parameters["run_id"], stage.demonstration
    )
    settled, cases = settle_matches(tables["matches"], tables["candidates"], cases, decisions)
    exclusions = gather_exclusions(
        settled, cases, tables["candidates"], set(tables["protected"]["addressee_id"]),
        list_excluded_housemates(cases, decisions),
    )  # fmt: skip
    recipients = select_recipients(tables["cohort"], exclusions)
    counts = count_people(tables["cohort"], exclusions, recipients)
    digest = digest_approval(stage.parameters, counts, recipients, settled, stage.key.digest_key)
    return Review(
        tables["applications"], tables["candidates"], cases, decisions, settled, exclusions,
        tables["cohort"], recipients, counts, digest,
    )  # fmt: skip


def prove_recipients(stage: Stage, review: Review) -> None:
    """Ask whether every recipient is a whole row of the registry, and nobody excluded is among them."""
    reread_registry(stage)
    profile = read_profile(stage.locate("registry_profile"))
    ask_guard(
        stage, "exclusion.whole_records",
        check_whole_records(review.recipients, stage.locate("registry_file"), profile),
        f"{len(review.recipients):,}行を台帳と照合しました",
    )  # fmt: skip
    merged = merge_counts(read_counts(stage.folder), review.counts, stage.number)
    ask_guard(stage, "review.counts_balance", check_balance(merged), "取込から提供対象者まで")


def require_decisions(stage: Stage, review: Review) -> None:
    """Ask whether everything is decided; the proposal stays encrypted while a person is awaited.

    Raises:
        AwaitingPerson: a case is open and the policy does not withhold its candidates.
    """
    keep_proposal(stage, "proposal", review.recipients)
    open_cases = review.cases[review.cases["problem"] != ""]
    open_cases = open_cases[open_cases["kind"] != "withdrawn"]
    if stage.parameters["undecided"] == "withhold":
        nobody_near = (open_cases["kind"] == "undecided") & (open_cases["choices"] == 0)
        open_cases = open_cases[nobody_near]
    problems = [
        f"事例{case['case']}（{KIND_LABELS[case['kind']]}）: {case['problem']}。"
        for case in open_cases.to_dict("records")
    ]
    if problems:
        problems.append("二人で決めて決定ファイルに書き、03 をもう一度実行してください。")
    ask_guard(stage, "optouts.all_decided", problems, f"{len(review.cases)}件の事例")
    ask_guard(
        stage, "exclusion.zero_leak",
        check_leaks(review.recipients, review.exclusions, review.applications, review.settled),
        "番号の突合と、氏名・生年月日・番地の別の突合",
    )  # fmt: skip


def require_approval(stage: Stage, review: Review) -> Approval:
    """Ask whether a second person approved exactly this content.

    Raises:
        AwaitingPerson: there is no approval, or not of this content, or by the same person.
    """
    path = stage.locate("approval_file")
    approval = read_approval(path, stage.parameters["run_id"], stage.demonstration)
    others = [stage.parameters["operator"], review.decisions.decided_by]
    problems = check_approval(approval, review.digest, others)
    ask_guard(stage, "review.approved", problems, f"承認の値 {group_digest(review.digest)}")
    if approval is None:
        raise AwaitingPerson(f"{path.name}: 承認がまだありません。")
    return approval


def finish_confirmation(stage: Stage, review: Review, approval: Approval) -> str:
    """Write the recipients as approved, and complete the stage."""
    append_entry(
        stage.folder, stage.number, "approved",
        digest=review.digest, by=approval.approved_by, role=approval.approved_role,
        on=approval.approved_on, decided_by=review.decisions.decided_by,
        confirmed_by=review.decisions.confirmed_by,
    )  # fmt: skip
    excluded = [
        (name, person_id)
        for name, ids in review.exclusions._asdict().items()
        for person_id in sorted(ids)
    ]
    return complete_stage(
        stage,
        counts=review.counts,
        private={
            "recipients": review.recipients,
            "settled": review.settled,
            "cases": review.cases,
            "excluded": pd.DataFrame(excluded, columns=["reason", "addressee_id"], dtype="str"),
        },
        facts={"approved_digest": review.digest},
    )


def tabulate_cases(review: Review) -> pd.DataFrame:
    """Tabulate the cases and where each stands, without anything of a person."""
    return pd.DataFrame(
        [
            (case["case"], KIND_LABELS[case["kind"]], case["choices"], case["digest"][:16],
             case["problem"] or "決定ずみ")
            for case in review.cases.to_dict("records")
        ],
        columns=["事例", "種類", "候補の数", "内容の値", "状態"],
    )  # fmt: skip


def tabulate_approval(review: Review) -> pd.DataFrame:
    """Tabulate what exactly is to be approved, and its digest in groups of four."""
    ages = sorted(review.cohort["cohort"].unique())
    rows = [
        (f"提供対象者 {age}歳", f"{(review.recipients['cohort'] == age).sum():,}人") for age in ages
    ]
    rows.append(("提供対象者 計", f"{len(review.recipients):,}人"))
    rows.append(("承認の値", group_digest(review.digest)))
    return pd.DataFrame(rows, columns=["承認するもの", "内容"])


def tabulate_places(stage: Stage, review: Review) -> pd.DataFrame:
    """Tabulate the recipients by town of this municipality."""
    place = f"{stage.parameters['prefecture']}{stage.parameters['municipality']}"
    return tabulate_towns(review.recipients, place)
