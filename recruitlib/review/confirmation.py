"""Confirmation (確認), the steps of notebook 03: decisions applied, counts shown, approval asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, group_digest
from recruitlib.base.choices import KIND_LABELS
from recruitlib.base.counts import Count, merge_counts, read_counts
from recruitlib.base.decisions import (
    Decisions,
    check_choice,
    list_people,
    name_choice,
    read_all_decisions,
)
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.officers import Signer, name_officer
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.run import (
    Stage,
    ask_guard,
    complete_stage,
    keep_proposal,
    read_private_table,
)
from recruitlib.optouts.cases import (
    list_also_meant,
    list_cases,
    list_excluded,
    settle_matches,
)
from recruitlib.optouts.exclusion import require_same_registry
from recruitlib.review.approval import (
    Approval,
    Content,
    Tick,
    approve_content,
    check_approval,
    digest_content,
    list_workers,
    note_asked,
    read_approval,
    read_checklist,
    write_approval,
)
from recruitlib.review.balance import check_balance, count_people
from recruitlib.review.glance import take_glance
from recruitlib.review.last_gate import (
    check_leaks,
    find_pairs,
    list_decided_pairs,
    list_open_pairs,
)
from recruitlib.review.recipients import (
    Exclusions,
    check_whole_records,
    gather_exclusions,
    select_recipients,
)

# The tables of 01 and 02 that the review starts from.
REVIEWED = (
    "applications", "matches", "candidates", "cohort", "protected", "housemates", "supplied_before",
)  # fmt: skip


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
    content: Content
    all_decisions: list[Decisions]


@show_progress("01・02 の結果に決定を当てはめ、提供対象者を選んでいます")
def prepare_review(stage: Stage) -> Review:
    """Apply the decisions made so far and select who would be supplied.

    The view stays for a person even when something is still to be decided; nothing is printed.
    """
    tables = {name: read_private_table(stage, name) for name in REVIEWED}
    cases = list_review_cases(tables, stage.key.digest_key)
    all_decisions = read_all_decisions(stage.root, stage.parameters)
    decisions = all_decisions[-1]
    settled, cases = settle_matches(tables["matches"], tables["candidates"], cases, decisions)
    exclusions = gather_exclusions(
        settled, cases, tables["candidates"], set(tables["protected"]["addressee_id"]),
        list_excluded(cases, decisions, "housemate"),
        list_excluded(cases, decisions, "near_pair")
        + list_also_meant(cases, tables["candidates"], decisions),
        set(tables["supplied_before"]["addressee_id"]),
    )  # fmt: skip
    recipients = select_recipients(tables["cohort"], exclusions)
    counts = count_people(tables["cohort"], exclusions, recipients)
    content = digest_content(stage, counts, recipients, settled, all_decisions)
    return Review(
        tables["applications"], tables["candidates"], cases, decisions, settled, exclusions,
        tables["cohort"], recipients, counts, content, all_decisions,
    )  # fmt: skip


def list_review_cases(tables: dict[str, pd.DataFrame], key: bytes) -> pd.DataFrame:
    """List what people decide in 03, from the tables of 01 and 02 (``REVIEWED``).

    Beside the matching's own cases these are the pairs of the last gate.
    """
    protected = set(tables["protected"]["addressee_id"])
    pairs = list_open_pairs(
        find_pairs(tables["cohort"], tables["applications"]),
        tables["matches"], tables["candidates"], protected,
    )  # fmt: skip
    return list_cases(
        tables["applications"], tables["matches"], tables["candidates"], tables["housemates"],
        pairs, tables["cohort"], key,
    )  # fmt: skip


def prove_recipients(stage: Stage, review: Review) -> None:
    """Ask whether every recipient is a whole row of the registry, and nobody excluded is among them."""
    with show_progress(
        "台帳を読み直しています", "提供対象者の行を台帳と照合しています"
    ) as begin_next:
        require_same_registry(stage)
        begin_next()
        profile = read_profile(stage.locate("registry_profile"))
        different = check_whole_records(review.recipients, stage.locate("registry_file"), profile)
    ask_guard(
        stage, "exclusion.whole_records", different,
        f"{len(review.recipients):,}行を台帳と照合しました",
    )  # fmt: skip
    merged = merge_counts(read_counts(stage.folder), review.counts, stage.number)
    ask_guard(stage, "review.counts_balance", check_balance(merged), "取込から提供対象者まで")


def list_open_cases(stage: Stage, review: Review) -> pd.DataFrame:
    """List the cases that hold the run up: not decided or not confirmed, and not withheld by policy.

    A withdrawal that nobody has accepted holds nothing up: its subject stays excluded.
    """
    open_cases = review.cases[review.cases["problem"] != ""]
    open_cases = open_cases[open_cases["kind"] != "withdrawn"]
    if stage.parameters["undecided"] == "withhold":
        # Withholding helps only where two of three fields point at somebody.
        near = review.candidates[review.candidates["agreeing"] >= 2]
        pointed = open_cases["application_id"].isin(near["application_id"])
        # Where a form names two, the other one may be somebody whom nothing leads to.
        pointed &= open_cases["reason"] != "several_subjects"
        open_cases = open_cases[(open_cases["kind"] == "undecided") & ~pointed]
    return open_cases


@show_progress("残る人と申出とを、別のやり方で突き合わせています")
def require_decisions(stage: Stage, review: Review) -> None:
    """Ask whether everything is decided; the proposal stays encrypted while a person is awaited.

    Raises:
        AwaitingPerson: a case is open and the policy does not withhold its candidates.
    """
    keep_proposal(stage, "proposal", review.recipients)
    problems = [
        f"事例{case['case']}（{KIND_LABELS[case['kind']]}）: {case['problem']}。"
        for case in list_open_cases(stage, review).to_dict("records")
    ]
    if problems:
        problems.append(
            "03 の画面（recruitlib review）か、recruitlib cases・decide（一人に定まったものは decide-listed で"
            "まとめて）で決め、別の人が確かめ（confirm）、03 をもう一度実行してください。"
        )
    ask_guard(stage, "optouts.all_decided", problems, f"{len(review.cases)}件の事例")
    ask_guard(
        stage, "exclusion.zero_leak",
        check_leaks(
            review.recipients, frozenset().union(*review.exclusions),
            find_pairs(review.recipients, review.applications),
            list_decided_pairs(review.cases, review.candidates),
        ),
        "番号の突合と、氏名・生年月日・番地の別の突合",
    )  # fmt: skip


def list_ticks(stage: Stage, review: Review) -> list[Tick]:
    """List what the approving officer has to tick: the ward's own checklist, and each warning."""
    own = read_checklist(stage.locate("review_checklist_file"))
    return [*own, *take_glance(stage, review).warnings]


def make_approval(
    stage: Stage,
    review: Review,
    signer: Signer,
    ticked: Sequence[str],
    ticks: Sequence[Tick] | None = None,
) -> Approval:
    """Write a second officer's approval of exactly this review.

    Args:
        stage: notebook 03.
        review: what is approved.
        signer: who approves.
        ticked: the codes of the lines that the officer has ticked.
        ticks: the lines as they were shown; without them, as they are now.

    Raises:
        AwaitingPerson: a case is open, a tick is missing, or the officer worked or decided.
    """
    if len(open_cases := list_open_cases(stage, review)):
        numbers = "・".join(map(str, open_cases["case"]))
        raise AwaitingPerson(
            f"事例 {numbers} が決まっていないか、確かめられていません。決めて、別の人が確かめてから承認してください。"
        )
    run = (stage.parameters["run_id"], stage.demonstration)
    shown = list_ticks(stage, review) if ticks is None else ticks
    approval = approve_content(review.content, shown, ticked, signer, run, stage.today.isoformat())
    if problems := check_review(stage, review, approval, list_ticks(stage, review)):
        raise AwaitingPerson(" ".join(problems))
    write_approval(stage.locate("approval_file"), *run, approval)
    return approval


def check_review(
    stage: Stage, review: Review, approval: Approval | None, ticks: Sequence[Tick]
) -> list[str]:
    """Say why a review is not approved by an approval."""
    workers = list_workers(stage.folder, stage.parameters, review.all_decisions)
    run = (stage.parameters["run_id"], stage.demonstration)
    return check_approval(approval, review.content, ticks, review.decisions.officers, workers, run)


def require_approval(stage: Stage, review: Review) -> Approval:
    """Ask whether a second person approved exactly this content.

    Raises:
        AwaitingPerson: there is no approval, or not of this content, or by the same person.
    """
    path = stage.locate("approval_file")
    run = (stage.parameters["run_id"], stage.demonstration)
    approval = read_approval(path, *run)
    ticks = list_ticks(stage, review)
    note_asked(stage, review.content, ticks)
    problems = check_review(stage, review, approval, ticks)
    note = f"承認の値 {group_digest(review.content.digest)}"
    ask_guard(stage, "review.approved", problems, note)
    if approval is None:
        raise AwaitingPerson(f"{path.name}: 承認がまだありません。第二の担当者が承認してください。")
    return approval


def finish_confirmation(
    stage: Stage, review: Review, approval: Approval, reports: Mapping[str, bytes]
) -> str:
    """Write the recipients as approved and the count report, and complete the stage.

    Args:
        reports: files of the record without personal data, by name.
    """
    append_entry(
        stage.folder, stage.number, "approved",
        digest=review.content.digest, by=approval.approved_by, on=approval.approved_on,
        ticked=approval.ticked, signature=approval.signature,
        decided_by=list_people(review.all_decisions, "decided_by"),
        confirmed_by=list_people(review.all_decisions, "confirmed_by"),
        # With these an auditor can verify every signature years later.
        decisions=[list(each.cases.values()) for each in review.all_decisions],
        officers=[list(officer) for officer in review.decisions.officers.values()],
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
        public=reports,
        facts={"approved_digest": review.content.digest},
    )


def tabulate_cases(review: Review) -> pd.DataFrame:
    """Tabulate the cases and where each stands, without anything of a person."""
    return pd.DataFrame(
        [
            (case["case"], KIND_LABELS[case["kind"]], case["choices"], case["digest"][:16],
             _describe_state(case, review.decisions))
            for case in review.cases.to_dict("records")
        ],
        columns=["事例", "種類", "候補の数", "内容の値", "状態"],
    )  # fmt: skip


def _describe_state(case: Mapping[Any, Any], decisions: Decisions) -> str:
    decision = decisions.cases.get(case["case"])
    if decision is None or check_choice(case, decision):
        return str(case["problem"])
    if case["problem"]:
        return f"決定あり、確認待ち: {name_choice(decision)}"
    return f"決定ずみ: {name_choice(decision)}"


def tabulate_settled(review: Review) -> pd.DataFrame:
    """Tabulate how the applications ended after the decisions, down to the people they exclude.

    Applications = outside + rejected + withdrawn + not yet decided + repeated + protected anyway +
    opted out.
    """
    found = review.settled["outcome"].value_counts()
    excluding = review.settled[review.settled["outcome"].isin(["matched", "to_confirm"])]
    people = set(excluding["addressee_id"]) - {""}
    protected = len(people & review.exclusions.protected)
    open_withdrawals = len(
        review.cases[(review.cases["kind"] == "withdrawn") & (review.cases["problem"] != "")]
    )
    rows = [
        ("受け付けた申出", len(review.settled)),
        ("− 対象外（対象者でない・該当者なし）", int(found.get("outside", 0))),
        ("− 申出を認めなかったもの", int(found.get("rejected", 0))),
        ("− 取下げを認めたもの", int(found.get("withdrawn", 0)) - open_withdrawals),
        ("− まだ決まっていないもの", int(found.get("undecided", 0))),
        ("− 同じ人の二件目以降", len(excluding) - len(people)),
        ("− 支援措置により、もともと除外される人", protected),
        ("＝ 申出により除外する人", len(review.exclusions.opted_out)),
    ]
    return pd.DataFrame(rows, columns=["申出から除外まで", "件数・人数"])


def tabulate_people_in_charge(stage: Stage, review: Review, approval: Approval) -> pd.DataFrame:
    """Tabulate who worked, decided, confirmed and approved, by staff id and title."""

    def name(staff_id: str) -> str:
        return name_officer(review.decisions.officers, staff_id)

    def names(role: str) -> str:
        return "、".join(map(name, list_people(review.all_decisions, role))) or "（事例なし）"

    return pd.DataFrame(
        [
            ("作業した人", name(stage.parameters["operator"])),
            ("事例を決めた人", names("decided_by")),
            ("事例を確かめた人", names("confirmed_by")),
            ("承認した人", name(approval.approved_by)),
            ("承認した日", approval.approved_on),
        ],
        columns=["役割", "人・日"],
    )


def tabulate_approval(review: Review) -> pd.DataFrame:
    """Tabulate what exactly is to be approved, and its digest in groups of four."""
    ages = sorted(review.cohort["cohort"].unique())
    rows = [
        (f"提供対象者 {age}歳", f"{(review.recipients['cohort'] == age).sum():,}人") for age in ages
    ]
    rows.append(("提供対象者 計", f"{len(review.recipients):,}人"))
    scope, attested = (
        review.content.parts["files"]["scope_file"],
        review.content.parts["parameters"]["protections_attested_by"],
    )
    rows.append(("承認された範囲（ファイルの値）", group_digest(scope)))
    if attested:
        rows.append(("支援措置の一覧に代わる証明をした人", attested))
    rows.append(("承認の値", group_digest(review.content.digest)))
    return pd.DataFrame(rows, columns=["承認するもの", "内容"])
