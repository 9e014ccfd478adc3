"""Provision (提供), the steps of notebook 05: delta, papers, receipt, every serial accounted for.

It has two halves: before the hand-over it finds what is void and writes the papers; after it, with
the confirmation of two officers and the receiver, it accounts for every serial.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, group_digest, read_entries, vouch_for
from recruitlib.base.counts import ALL, Count, merge_counts, read_counts
from recruitlib.base.errors import IntegrityError
from recruitlib.base.officers import read_officers
from recruitlib.base.run import (
    Stage,
    ask_guard,
    complete_stage,
    read_time,
    require_answers,
    require_current,
)
from recruitlib.base.run_lock import hold_serials
from recruitlib.base.scope import check_conditions, check_recipient, read_scope
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.serial_acts import HANDED_OVER, REPRINT_REASONS
from recruitlib.base.signed_files import name_signers, refuse_said
from recruitlib.handover.annexes import prepare_annexes
from recruitlib.handover.blanks import blank_lots, replace_lots, resume_lots
from recruitlib.handover.checklists import require_checklists
from recruitlib.handover.delta import digest_delta
from recruitlib.handover.documents import (
    describe_occasion,
    render_conditions,
    render_entry,
    render_letter,
    render_receipt,
)
from recruitlib.handover.duties import open_duties_of
from recruitlib.handover.handover_day import compare_labels, look_at_today
from recruitlib.handover.notices import NO_NOTICES, Notices, prepare_notices
from recruitlib.handover.proofs import CONDITIONS
from recruitlib.handover.receipt import Receipt, check_serials, read_receipt
from recruitlib.handover.serials import (
    Ledger,
    count_ends,
    hand_over,
    read_ledger,
    void_serials,
)
from recruitlib.handover.sources import note_sources
from recruitlib.handover.supplied import keep_supplied
from recruitlib.labels.lots import strip_lots
from recruitlib.labels.print_settings import list_printed_items
from recruitlib.optouts.register import note_ended
from recruitlib.review.balance import check_balance

LETTER, RECEIPT = "handover/cover_letter.pdf", "handover/receipt.pdf"
ENTRY = "handover/provision_entry.pdf"
_NAMES = {ALL: "宛名シール", "reprint": "宛名シール（再印刷）"}


class Delta(NamedTuple):
    """What handover day found: the ledger, the labels void today, and the digest to confirm.

    ``newest`` says the same of everybody's newest label, ended ones among them. ``renewable`` are
    the serials whose people have no label, and could have a new one, each with the reason of its
    reprint, or "". With them the notices to the applicants, at the addresses of this day.
    """

    ledger: Ledger
    void: pd.DataFrame
    newest: pd.DataFrame
    digest: str
    renewable: Mapping[int, str] = MappingProxyType({})
    notices: Notices = NO_NOTICES


def find_delta(stage: Stage) -> Delta:
    """Compare the live labels with the extract and the lists of handover day.

    What an act that was cut off has left in a PDF is taken out of it first.

    Raises:
        AwaitingPerson: a new application must go before a person first.
        IntegrityError: the register of duties was changed.
    """
    resume_lots(stage)
    day = look_at_today(stage)
    ledger = day.ledger
    compared = compare_labels(stage, day)
    notices = prepare_notices(stage, day.records)
    digest = digest_delta(compared.void, ledger.table, stage.key.digest_key)
    return Delta(ledger, compared.void, compared.newest, digest, compared.renewable, notices)


def end_labels(delta: Delta) -> pd.DataFrame:
    """End every label of the ledger: what is void today, and everything else handed over."""
    return hand_over(void_serials(delta.ledger.table, delta.void["serial"]))


def list_label_counts(table: pd.DataFrame) -> list[tuple[str, str]]:
    """List the true counts of all lots, reprints among them, for the letter and the receipt.

    The letter says nothing of protected or opted-out people, and gives cohorts only where the
    bundles do.

    Args:
        table: the ledger as it ends.
    """
    kept = table["state"] == HANDED_OVER
    bundles = strip_lots(table["bundle"])
    rows = []
    for bundle, own in table.groupby(bundles, sort=False):
        given = own[kept.loc[own.index]]
        name = _NAMES.get(str(bundle), f"宛名シール（{bundle}歳）")
        sheets = given[["bundle", "sheet"]].drop_duplicates()
        rows.append((f"{name} 枚数", f"{len(given):,} 枚"))
        rows.append((f"{name} シート", f"{len(sheets):,} 枚"))
        rows.append((f"{name} 通番", f"{own['serial'].min()} から {own['serial'].max()} まで"))
    if bundles.nunique() > 1:
        rows.append(("宛名シール 枚数の計", f"{kept.sum():,} 枚"))
    rows.append(("欠番（取消し・汚損）", f"{(~kept).sum():,} 枚"))
    return rows


def prepare_papers(stage: Stage, delta: Delta, receipt: Receipt | None = None) -> dict[str, bytes]:
    """Make the papers with the counts as they stand: letter, receipt and conditions.

    With the confirmation of the hand-over the entry for the register of provisions as well; before
    it letter and receipt are drafts, which nobody signs.
    """
    scope = read_scope(stage.locate("scope_file"))
    head = read_entries(stage.folder)[-1]["hash"]
    occasion = describe_occasion(stage.parameters, stage.today, head)
    counts = list_label_counts(end_labels(delta))
    papers = {
        LETTER: render_letter(scope, occasion, counts, draft=receipt is None),
        RECEIPT: render_receipt(scope, occasion, counts, draft=receipt is None),
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
    require_current(stage)
    papers = prepare_papers(stage, delta)
    for name in papers:
        (stage.folder / name).parent.mkdir(exist_ok=True)
    vouch_for(stage.folder, stage.number, "proposed", papers)


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
        _check_confirmed(stage, receipt, delta),
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
        stage, "handover.serials_complete",
        check_serials(delta.ledger.table, delta.void, receipt), f"通番 {len(delta.ledger.table)}",
    )  # fmt: skip
    counts = merge_counts(read_counts(stage.folder), count_provision(delta), stage.number)
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
    return [
        "受領の日（received_on）が、宛名シールを印刷した日より前です。提供の確認書を確かめてください。"
    ]


def _check_confirmed(stage: Stage, receipt: Receipt | None, delta: Delta) -> list[str]:
    # Of what is void now: labels may have been taken out of the delta since its digest was made.
    found = digest_delta(delta.void, delta.ledger.table, stage.key.digest_key)
    value = group_digest(found)
    if receipt is None:
        labels = (end_labels(delta)["state"] == HANDED_OVER).sum()
        pull = "取消しの通番を抜き、" if len(delta.void) else ""
        return [
            f"提供の確認がまだありません。渡す宛名シールは {labels:,}枚です。{pull}二人で数えて確かめ、値 {value} を"
            f"提供の確認書（{stage.parameters['handover_file']}）に書いてください。"
        ]
    digest = receipt.delta_digest
    if len(digest) < 16 or not found.startswith(digest):
        return [f"確認の後に差引が変わりました。今の値は {value} です。確認をやり直してください。"]
    return []


def count_provision(delta: Delta) -> list[Count]:
    """Count each cohort's reprints, and all its labels by what became of them."""
    return count_ends(end_labels(delta))


def finish_provision(stage: Stage, delta: Delta, receipt: Receipt) -> str:
    """Write the papers with the final counts and the ends of all serials, and complete the stage.

    Before it completes, the office's own folder keeps who was supplied, as keyed digests; what the
    recipient and the counterparty now have to report stands in its register; and the lots that
    hold a void label are made again without it.

    Raises:
        IntegrityError: the serials were changed since the delta was found.
        AwaitingPerson: an act on the serials is at work, or the delta is not the confirmed one.
    """
    with hold_serials(stage.folder):
        return _hand_over(stage, delta, receipt)


def _hand_over(stage: Stage, delta: Delta, receipt: Receipt) -> str:
    if not read_ledger(stage).table.equals(delta.ledger.table):
        raise IntegrityError("差引の後に、通番が変わっています。05 をもう一度実行してください。")
    if problems := _check_confirmed(stage, receipt, delta):
        ask_guard(stage, "handover.delta_settled", problems)
    checklists = require_checklists(stage)
    require_answers(stage)
    note_sources(stage)
    ended = end_labels(delta)
    ledger = delta.ledger._replace(table=ended)
    blanked = blank_lots(stage, ledger)
    handed = ended.loc[ended["state"] == HANDED_OVER, ["serial"]]
    keep_supplied(stage, handed.merge(ledger.printed, on="serial"), delta.newest, receipt)
    note_ended(stage)
    papers = {
        **prepare_papers(stage, delta, receipt),
        **draw_annexes(stage, delta, checklists),
    }
    scope = read_scope(stage.locate("scope_file"))
    replace_lots(stage, ledger, blanked)
    return complete_stage(
        stage, counts=count_ends(ended), private={"void": delta.void}, locked=delta.notices.files,
        public=papers,
        facts={
            "delta_digest": delta.digest,
            "signed": dict(receipt.signed),
            "voided": sorted(int(serial) for serial in delta.void["serial"]),
            "duties": open_duties_of(stage, scope),
        },
    )  # fmt: skip


def draw_annexes(stage: Stage, delta: Delta, lines: pd.DataFrame) -> dict[str, bytes]:
    """Draw the checklists and the flow of personal information with the final counts."""
    counts = merge_counts(read_counts(stage.folder), count_provision(delta), stage.number)
    return prepare_annexes(stage, lines, counts)


def tabulate_serials(delta: Delta) -> pd.DataFrame:
    """Tabulate printed + reprinted = handed over + void + spoiled, by cohort."""
    known = count_provision(delta)
    rows = []
    for age, own in delta.ledger.table.groupby("cohort", sort=True):
        ends = {count.step: count.count for count in known if count.cohort == age}
        rows.append(
            (f"{age}歳", len(own) - ends["reprints"], ends["reprints"], ends["handed_over"],
             ends["voided"], ends["spoiled"])
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["年齢", "印刷", "再印刷", "提供", "取消し", "汚損"])


def tabulate_renewable(delta: Delta) -> pd.DataFrame:
    """Tabulate the serials whose people have no label and could have a new one, and what changed."""
    told = [REPRINT_REASONS.get(reason, "なし") for reason in delta.renewable.values()]
    # As text: a serial is typed as it is shown, and 3,598 would be typed as two.
    serials = pd.Series(list(delta.renewable), dtype="str").astype("str")
    return pd.DataFrame({"通番": serials, "印刷の後の異動": told})
