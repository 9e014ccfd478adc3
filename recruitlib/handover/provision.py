"""Provision (提供), the steps of notebook 05: delta, papers, receipt, every serial accounted for.

It has two halves: before the hand-over it finds what is void and writes the papers; after it, with
the confirmation of two officers and the receiver, it accounts for every serial.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import (
    append_entry,
    digest_bytes,
    find_latest,
    group_digest,
    read_entries,
    write_atomically,
)
from recruitlib.base.counts import ALL, Count, merge_counts, read_counts
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.officers import read_officers
from recruitlib.base.profiles import read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.run import (
    Stage,
    ask_guard,
    asking,
    complete_stage,
    read_private_table,
    read_time,
    require_answers,
)
from recruitlib.base.scope import check_conditions, check_recipient, read_scope
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.signed_files import name_signers, refuse_said
from recruitlib.base.traces import remember_terms
from recruitlib.handover.annexes import prepare_annexes
from recruitlib.handover.checklists import require_checklists
from recruitlib.handover.delta import digest_delta, find_void
from recruitlib.handover.documents import (
    describe_occasion,
    render_conditions,
    render_entry,
    render_letter,
    render_receipt,
)
from recruitlib.handover.duties import open_duties_of, read_duties
from recruitlib.handover.notices import NO_NOTICES, Notices, prepare_notices
from recruitlib.handover.proofs import CONDITIONS
from recruitlib.handover.receipt import Receipt, check_serials, count_labels, read_receipt
from recruitlib.handover.sources import note_sources
from recruitlib.handover.supplied import keep_supplied
from recruitlib.labels.lots import strip_lots
from recruitlib.labels.print_day import find_new_housemates, select_fresh
from recruitlib.labels.print_settings import list_printed_items
from recruitlib.optouts.exclusion import join_later_day, match_day, take_applications
from recruitlib.registry.cohort import check_base_date
from recruitlib.registry.extract import Extract, read_extract
from recruitlib.registry.intake import (
    Loaded,
    check_later_rows,
    find_protected,
    read_listed,
    require_marker,
    take_protections,
)
from recruitlib.review.approval import check_files
from recruitlib.review.balance import check_balance

LETTER, RECEIPT = "handover/cover_letter.pdf", "handover/receipt.pdf"
ENTRY = "handover/provision_entry.pdf"


class Delta(NamedTuple):
    """What handover day found: all labels, those that are void, and the digest to confirm.

    With them the notices to the applicants, at the addresses of this day.
    """

    labels: pd.DataFrame
    void: pd.DataFrame
    digest: str
    notices: Notices = NO_NOTICES


@show_progress("提供日の抽出と一覧を、印刷した宛名シールと比べています")
def find_delta(stage: Stage) -> Delta:
    """Compare the print with the extract and the lists of handover day.

    Raises:
        AwaitingPerson: a new application must go before a person first.
        IntegrityError: the register of duties was changed.
    """
    # A damaged register of duties is better known now than when the labels have left.
    read_duties(stage.root, stage.demonstration)
    ask_scope(stage, list_printed_items(stage.root, stage.parameters), check_files(stage))
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
    notices = prepare_notices(stage, extract.records)
    return Delta(labels, void, digest_delta(void, labels, stage.key.digest_key), notices)


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


def prepare_papers(stage: Stage, delta: Delta, receipt: Receipt | None = None) -> dict[str, bytes]:
    """Make the papers with the counts as they stand: letter, receipt and conditions.

    With the confirmation of the hand-over the entry for the register of provisions as well.
    """
    scope = read_scope(stage.locate("scope_file"))
    head = read_entries(stage.folder)[-1]["hash"]
    occasion = describe_occasion(stage.parameters, stage.today, head)
    counts = list_label_counts(delta.labels, delta.void, receipt.spoiled_serials if receipt else ())
    papers = {
        LETTER: render_letter(scope, occasion, counts),
        RECEIPT: render_receipt(scope, occasion, counts),
        CONDITIONS: render_conditions(scope, occasion),
    }
    if receipt:
        prepared, confirmed = name_signers(receipt.signed)
        people = [
            ("取扱者（提供した人）", receipt.handler),
            ("準備した人", prepared),
            ("確認した人", confirmed),
            ("受領した人", receipt.received_by),
        ]
        received_on = date.fromisoformat(receipt.received_on)
        papers[ENTRY] = render_entry(scope, occasion, counts, received_on, people)
    return papers


def keep_papers(stage: Stage, delta: Delta) -> None:
    """Keep the papers while the hand-over is awaited, so that they can be printed."""
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
        ParameterError: as ``refuse_said``.
        GuardError: a condition is not met or a serial does not end exactly once.
    """
    path = stage.locate("handover_file")
    officers = read_officers(stage.root, stage.demonstration)
    receipt = read_receipt(path, stage.parameters["run_id"], stage.demonstration, officers)
    if receipt is not None:
        refuse_said(stage.folder, stage.key, path, receipt.signed["content"])
    ask_guard(
        stage,
        "handover.delta_settled",
        _check_confirmed(receipt, delta),
        group_digest(delta.digest),
    )
    assert receipt is not None  # without it the guard has stopped
    scope = read_scope(stage.locate("scope_file"))
    request = stage.parameters["request_number"]
    ask_scope(
        stage, list_printed_items(stage.root, stage.parameters),
        check_recipient(scope, receipt.received_by), f"相手方: {scope.recipient}",
    )  # fmt: skip
    received_on = date.fromisoformat(receipt.received_on)
    ask_guard(
        stage, "handover.conditions_met",
        [
            *check_conditions(scope, receipt.handler, request, received_on, stage.today),
            *check_printed(received_on, find_printed(stage.folder)),
        ],
        "覚書・要綱・取扱者・依頼文書・受領の日",
    )  # fmt: skip
    ask_guard(
        stage, "handover.serials_complete", check_serials(delta.labels, delta.void, receipt),
        f"通番 {len(delta.labels):,}",
    )  # fmt: skip
    counts = merge_counts(read_counts(stage.folder), count_provision(delta, receipt), stage.number)
    ask_guard(stage, "review.counts_balance", check_balance(counts), "取込から提供まで")
    return receipt


def find_printed(folder: Path) -> date:
    """Find the day of work on which 04 printed the labels; the first day of all where it has not."""
    begun = find_latest(read_entries(folder), "04", "begun")
    if begun is None:
        return date.min
    told = begun["facts"].get("business_date")
    return date.fromisoformat(told) if told else read_time(begun).date()


def check_printed(received_on: date, printed_on: date) -> list[str]:
    """Say if the labels were received before they were printed."""
    if received_on >= printed_on:
        return []
    return ["受領の日（received_on）が、宛名シールを印刷した日より前です。"]


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
    """Write the papers with the final counts and the ends of all serials, and complete the stage.

    Before it completes, the office's own folder keeps who was supplied, as keyed digests; and what
    the recipient and the counterparty now have to report stands in its register.
    """
    counts = count_provision(delta, receipt)
    checklists = require_checklists(stage)
    require_answers(stage)
    note_sources(stage)
    keep_supplied(stage, delta.labels, delta.void, receipt)
    papers = {
        **prepare_papers(stage, delta, receipt),
        **draw_annexes(stage, delta, receipt, checklists),
    }
    scope = read_scope(stage.locate("scope_file"))
    return complete_stage(
        stage, counts=counts, private={"void": delta.void}, locked=delta.notices.files,
        public=papers,
        facts={
            "delta_digest": delta.digest,
            "signed": dict(receipt.signed),
            "voided": sorted(int(serial) for serial in delta.void["serial"]),
            "duties": open_duties_of(stage, scope),
        },
    )  # fmt: skip


def draw_annexes(
    stage: Stage, delta: Delta, receipt: Receipt, lines: pd.DataFrame
) -> dict[str, bytes]:
    """Draw the checklists and the flow of personal information with the final counts."""
    counts = merge_counts(read_counts(stage.folder), count_provision(delta, receipt), stage.number)
    return prepare_annexes(stage, lines, counts)


def tabulate_serials(delta: Delta, receipt: Receipt) -> pd.DataFrame:
    """Tabulate printed = handed over + void + spoiled, by cohort."""
    known = count_provision(delta, receipt)
    rows = []
    for age, own in delta.labels.groupby("cohort", sort=True):
        ends = {count.step: count.count for count in known if count.cohort == age}
        rows.append((f"{age}歳", len(own), ends["handed_over"], ends["voided"], ends["spoiled"]))
    return pd.DataFrame(rows, columns=["年齢", "印刷", "提供", "取消し", "汚損"])
