"""Provision (提供), the steps of notebook 05: delta, letter, receipt, every serial accounted for.

It has two halves: before the hand-over it finds what is void and writes the papers; after it, with
the confirmation of two officers and the receiver, it accounts for every serial.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import (
    append_entry,
    digest_bytes,
    group_digest,
    read_entries,
    write_atomically,
)
from recruitlib.base.counts import ALL, Count, merge_counts, read_counts
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage, ask_guard, asking, complete_stage, read_private_table
from recruitlib.base.scope import check_conditions, check_recipient, read_scope
from recruitlib.base.traces import remember_terms
from recruitlib.handover.delta import digest_delta, find_void
from recruitlib.handover.documents import render_letter, render_receipt
from recruitlib.handover.receipt import Receipt, check_serials, count_labels, read_receipt
from recruitlib.labels.lots import strip_lots
from recruitlib.labels.print_day import find_new_housemates, select_fresh
from recruitlib.optouts.exclusion import join_later_day, match_day, take_applications
from recruitlib.registry.cohort import check_base_date
from recruitlib.registry.extract import Extract, read_extract
from recruitlib.registry.intake import (
    Loaded,
    ask_scope,
    check_later_rows,
    find_protected,
    read_listed,
    require_marker,
    take_protections,
)
from recruitlib.review.balance import check_balance

LETTER, RECEIPT = "handover/cover_letter.pdf", "handover/receipt.pdf"


class Delta(NamedTuple):
    """What handover day found: all labels, those that are void, and the digest to confirm."""

    labels: pd.DataFrame
    void: pd.DataFrame
    digest: str


@show_progress("提供日の抽出と一覧を、印刷した宛名シールと比べています")
def find_delta(stage: Stage) -> Delta:
    """Compare the print with the extract and the lists of handover day.

    Raises:
        AwaitingPerson: a new application must go before a person first.
    """
    ask_scope(stage)
    labels, recipients = (
        read_private_table(stage, "labels"),
        read_private_table(stage, "recipients"),
    )
    extract = _read_today(stage)
    loaded = Loaded(extract, read_listed(stage, "handover_"))
    possible = read_private_table(stage, "possible")
    everybody = find_protected(stage, take_protections(stage, loaded, possible, "handover_"))
    received = take_applications(stage, prefix="handover_")
    if lost := join_later_day(stage, received):
        ask_guard(stage, "handover.delta_settled", lost)
    fresh = select_fresh(stage, received.applications)
    opted_out = _match_again(stage, received.applications, fresh, extract)
    mates = find_new_housemates(stage, recipients, everybody, extract)["addressee_id"]
    void = find_void(
        labels.drop(columns="cohort"), recipients, extract.records,
        {*everybody, *mates}, opted_out, stage.today,
    )  # fmt: skip
    changed = extract.records[
        extract.records["is_latest"] & extract.records["addressee_id"].isin(void["addressee_id"])
    ]
    remember_terms(stage.folder, stage.key, stage.number, changed)
    return Delta(labels, void, digest_delta(void, labels, stage.key.digest_key))


def _read_today(stage: Stage) -> Extract:
    with asking(stage, "handover.delta_settled", "提供日の抽出を読みました"):
        profile = read_profile(stage.locate("registry_profile"))
        extract = read_extract(stage.locate("handover_registry_file"), profile)
    require_marker(stage, extract)
    base_date = date.fromisoformat(stage.parameters["handover_registry_base_date"])
    problems = check_base_date(extract.newest_change, base_date, stage.today, max_age_days=0)
    problems += check_later_rows(stage, extract)
    total = stage.parameters["handover_registry_total"]
    if extract.source.rows_read != total:
        problems.append(
            f"読んだ {extract.source.rows_read:,} 行と、抽出の控えの {total:,} 行が違います。"
        )
    if problems:
        problems.append("提供日の抽出を取り直してください。")
        ask_guard(stage, "handover.delta_settled", problems)
    return extract


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
    settled = read_private_table(stage, "settled")
    # Two people have taken these out of force.
    freed = settled.loc[settled["outcome"].isin(["withdrawn", "rejected"]), "application_id"]
    holds = is_fresh | ~matches["application_id"].isin(freed)
    found = matches["outcome"] != "outside"
    return set(matches.loc[holds & found, "addressee_id"]) - {""}


def list_label_counts(
    labels: pd.DataFrame, void: pd.DataFrame, spoiled: Sequence[int] = ()
) -> list[tuple[str, str]]:
    """List the true counts of the lot for the letter and the receipt.

    The letter says nothing of protected or opted-out people, and gives cohorts only where the
    bundles do.
    """
    rows = []
    for bundle, own in labels.groupby(strip_lots(labels["bundle"]), sort=True):
        kept = own[~own["serial"].isin([*void["serial"], *spoiled])]
        name = "宛名シール" if bundle == ALL else f"宛名シール（{bundle}歳）"
        rows.append((f"{name} 枚数", f"{len(kept):,} 枚"))
        rows.append((f"{name} シート", f"{own.groupby('bundle')['sheet'].max().sum():,} 枚"))
        rows.append((f"{name} 通番", f"{own['serial'].min():,} から {own['serial'].max():,} まで"))
    rows.append(("欠番（取消し・汚損）", f"{len(void) + len(spoiled):,} 枚"))
    return rows


def prepare_papers(stage: Stage, delta: Delta, spoiled: Sequence[int] = ()) -> dict[str, bytes]:
    """Make the cover letter and the receipt with the counts as they stand."""
    scope = read_scope(stage.locate("scope_file"))
    values = stage.parameters
    municipality = f"{values['prefecture']}{values['municipality']}"
    counts = list_label_counts(delta.labels, delta.void, spoiled)
    head = group_digest(read_entries(stage.folder)[-1]["hash"])
    request = (values["request_number"], date.fromisoformat(values["request_date"]))
    return {
        LETTER: render_letter(
            scope, municipality, request, stage.today, counts, head, stage.demonstration
        ),
        RECEIPT: render_receipt(scope, municipality, stage.today, counts, stage.demonstration),
    }


def keep_papers(stage: Stage, delta: Delta) -> None:
    """Keep letter and receipt while the hand-over is awaited, so that they can be printed."""
    papers = prepare_papers(stage, delta)
    for name, content in papers.items():
        (stage.folder / name).parent.mkdir(exist_ok=True)
        write_atomically(stage.folder / name, content)
    files = {name: digest_bytes(content) for name, content in papers.items()}
    append_entry(stage.folder, stage.number, "proposed", files=files)


def require_receipt(stage: Stage, delta: Delta) -> Receipt:
    """Ask for the confirmation of two officers and the receiver, and account for every serial.

    Raises:
        AwaitingPerson: the confirmation is missing or is not of this delta.
        GuardError: a condition is not met or a serial does not end exactly once.
    """
    keep_papers(stage, delta)
    path = stage.locate("handover_file")
    receipt = read_receipt(path, stage.parameters["run_id"], stage.demonstration)
    ask_guard(
        stage,
        "handover.delta_settled",
        _check_confirmed(receipt, delta),
        group_digest(delta.digest),
    )
    if receipt is None:
        raise AwaitingPerson(f"{path.name}: 提供の確認がまだありません。")
    scope = read_scope(stage.locate("scope_file"))
    request = stage.parameters["request_number"]
    ask_guard(
        stage, "handover.within_scope", check_recipient(scope, receipt.received_by),
        f"相手方: {scope.recipient}",
    )  # fmt: skip
    ask_guard(
        stage, "handover.conditions_met",
        check_conditions(scope, receipt.handler, request, stage.today), "覚書・要綱・取扱者・依頼文書",
    )  # fmt: skip
    ask_guard(
        stage, "handover.serials_complete", check_serials(delta.labels, delta.void, receipt),
        f"通番 {len(delta.labels):,}",
    )  # fmt: skip
    counts = merge_counts(read_counts(stage.folder), count_provision(delta, receipt), stage.number)
    ask_guard(stage, "review.counts_balance", check_balance(counts), "取込から提供まで")
    return receipt


def _check_confirmed(receipt: Receipt | None, delta: Delta) -> list[str]:
    value = group_digest(delta.digest)
    if receipt is None:
        return [
            f"提供の確認がまだありません。取消しの通番を抜き、二人で確かめ、値 {value} を提供の確認書に書いてください。"
        ]
    digest = receipt.delta_digest
    if len(digest) < 16 or not delta.digest.startswith(digest):
        return [f"確認の後に差引が変わりました。今の値は {value} です。確認をやり直してください。"]
    return []


def count_provision(delta: Delta, receipt: Receipt) -> list[Count]:
    """Count each cohort's labels by what became of them."""
    return count_labels(delta.labels, delta.void, receipt)


def finish_provision(stage: Stage, delta: Delta, receipt: Receipt) -> str:
    """Write the papers with the final counts and the ends of all serials, and complete the stage."""
    counts = count_provision(delta, receipt)
    papers = prepare_papers(stage, delta, receipt.spoiled_serials)
    return complete_stage(
        stage, counts=counts, private={"void": delta.void}, public=papers,
        facts={
            "delta_digest": delta.digest,
            "receipt": {
                "prepared_by": receipt.prepared_by, "confirmed_by": receipt.confirmed_by,
                "handler": receipt.handler, "received_by": receipt.received_by,
                "received_on": receipt.received_on,
            },
        },
    )  # fmt: skip


def tabulate_serials(delta: Delta, receipt: Receipt) -> pd.DataFrame:
    """Tabulate printed = handed over + void + spoiled, by cohort."""
    known = count_provision(delta, receipt)
    rows = []
    for age, own in delta.labels.groupby("cohort", sort=True):
        ends = {count.step: count.count for count in known if count.cohort == age}
        rows.append((f"{age}歳", len(own), ends["handed_over"], ends["voided"], ends["spoiled"]))
    return pd.DataFrame(rows, columns=["年齢", "印刷", "提供", "取消し", "汚損"])


def tabulate_scope(stage: Stage, receipt: Receipt) -> pd.DataFrame:
    """Tabulate each approved item beside what this run did."""
    scope = read_scope(stage.locate("scope_file"))
    return pd.DataFrame(
        [
            ("提供の相手方", scope.recipient, receipt.received_by),
            (
                "結合する項目",
                "、".join(scope.connected_items),
                "申出の様式で、ほかの列を読み込まない",
            ),
            ("提供する項目", "、".join(scope.provided_items), "読み戻しで確かめた（04）"),
            ("媒体", scope.medium, "宛名シールの PDF を紙に印刷"),
            ("期間", f"{scope.period_from}〜{scope.period_to}", stage.today.isoformat()),
            ("覚書・要綱の発効", f"{scope.memorandum_on}、{scope.guideline_on}", "業務日より前"),
            (
                "差引を作った人・確かめた人",
                "別の二人",
                f"{receipt.prepared_by}、{receipt.confirmed_by}",
            ),
            ("取扱者", "、".join(scope.handlers), receipt.handler),
        ],
        columns=["承認された範囲", "承認", "この実行"],
    )
