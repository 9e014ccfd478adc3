"""Export (宛名), the steps of notebook 04: the approved recipients printed, and the print proved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, digest_keyed, group_digest
from recruitlib.base.counts import merge_counts, read_counts
from recruitlib.base.decisions import read_decisions
from recruitlib.base.profiles import list_rows
from recruitlib.base.run import (
    Stage,
    ask_guard,
    complete_stage,
    read_private_table,
)
from recruitlib.base.scope import read_scope
from recruitlib.base.vault import read_print_password
from recruitlib.labels.chain import open_chain
from recruitlib.labels.fitting import count_adjustments, fit_labels
from recruitlib.labels.fonts import COLUMN_NAMES, LabelFont, find_unprintable
from recruitlib.labels.lots import (
    Bundle,
    count_printed,
    number_labels,
    sort_recipients,
    split_bundles,
    split_lots,
)
from recruitlib.labels.pages import render_list
from recruitlib.labels.printing import encrypt_pdf, render_labels
from recruitlib.labels.proof import (
    compare_labels,
    find_clipped,
    find_extra_items,
    read_back,
    render_page,
    write_expected,
)
from recruitlib.labels.sheets import (
    Alignment,
    Sheet,
    align_sheet,
    begin_at,
    read_sheet,
    share_out,
)
from recruitlib.optouts.exclusion import (
    join_later_day,
    match_day,
    reread_registry,
    take_applications,
)
from recruitlib.optouts.register import CONTENT
from recruitlib.registry.extract import Extract
from recruitlib.registry.intake import (
    Loaded,
    ask_scope,
    find_protected,
    read_listed,
    take_protections,
)
from recruitlib.registry.protected import find_housemates
from recruitlib.review.approval import check_approval, digest_approval, read_approval
from recruitlib.review.balance import check_balance, count_people
from recruitlib.review.recipients import Exclusions

END_PAGE = "labels_end.pdf"
# What an application says; a row that differs in any of it since the approval is a new one.
_CONTENT = [*CONTENT, "card_name", "card_substitutes"]


class PrintDay(NamedTuple):
    """What print day starts from: the approved recipients, and the rows of everybody excluded."""

    recipients: pd.DataFrame
    excluded: pd.DataFrame


def check_print_day(stage: Stage) -> PrintDay:
    """Ask whether the approval still holds on print day, with the lists of today.

    With no new hit the approval stands; any hit takes the run back to 03.
    """
    # A missing password, or a font that cannot be used, is better known now than at the printing.
    read_print_password(stage.parameters["run_id"], stage.demonstration)
    open_fonts(stage)
    ask_scope(stage)
    recipients, cohort = (
        read_private_table(stage, "recipients"),
        read_private_table(stage, "cohort"),
    )
    excluded = read_private_table(stage, "excluded")
    _ask_approval(stage, recipients, cohort, excluded)
    extract = reread_registry(stage)
    loaded = Loaded(extract, read_listed(stage, "print_"))
    possible = read_private_table(stage, "possible")
    everybody = find_protected(stage, take_protections(stage, loaded, possible, "print_"))
    received = take_applications(stage, prefix="print_")
    fresh = select_fresh(stage, received.applications)
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
    digest = digest_approval(stage.parameters, counts, recipients, settled, stage.key.digest_key)
    run_id, demonstration = stage.parameters["run_id"], stage.demonstration
    approval = read_approval(stage.locate("approval_file"), run_id, demonstration)
    decisions = read_decisions(stage.locate("decisions_file"), run_id, demonstration)
    others = [stage.parameters["operator"], decisions.decided_by]
    ask_guard(
        stage, "review.approved", check_approval(approval, digest, others),
        f"承認の値 {group_digest(digest)}",
    )  # fmt: skip


def find_new_housemates(
    stage: Stage, recipients: pd.DataFrame, protected: pd.Series, extract: Extract
) -> pd.DataFrame:
    """Find recipients who share a household with a protected person, and whom nobody decided about."""
    cases = read_private_table(stage, "cases")
    decided = cases.loc[(cases["kind"] == "housemate") & (cases["problem"] == ""), "addressee_id"]
    mates = find_housemates(recipients, protected, extract.records)
    return mates[~mates["addressee_id"].isin(decided)]


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


def open_fonts(stage: Stage) -> list[LabelFont]:
    """Open the font chain: the office's own fonts first, then the installed IPAexゴシック."""
    return open_chain(stage.root, stage.parameters["label_fonts"])


def shows_postal_code(stage: Stage) -> bool:
    """Whether the approved scope counts the postal code as part of the address."""
    return read_scope(stage.locate("scope_file")).postal_code_is_address


def open_sheet(stage: Stage) -> Sheet:
    """Open the label sheet as this printer prints it, from the first label that is left on it.

    Raises:
        ParameterError: the sheet is unknown, does not add up or has no such label, or text would
            come too near to the edge of the page.
    """
    values = stage.parameters
    sheet = read_sheet(stage.locate("label_sheets_file"), values["label_sheet"])
    return align_sheet(begin_at(sheet, values["label_first_position"]), read_alignment(values))


def read_alignment(values: Mapping[str, Any]) -> Alignment:
    """Read what the printer needs from the parameters."""
    offsets = values["label_offset_x_mm"], values["label_offset_y_mm"]
    return Alignment(*offsets, values["label_scale"])


def make_bundles(stage: Stage, day: PrintDay) -> list[Bundle]:
    """Fit and print every recipient, in one bundle or in those that the request asks for.

    Bundles are divided into lots where the parameters limit the sheets of one file.

    Returns:
        the bundles; their people together are the recipients, each once.

    Raises:
        OutputError: a character has no glyph, or a label does not fit; names rows, not people.
    """
    fonts = open_fonts(stage)
    gaps = find_unprintable(day.recipients, fonts)
    problems = [
        f"{row['source_row']}行目の{COLUMN_NAMES[row['column']]}: {row['code_points']}（{row['reason']}）。"
        for row in gaps.head(20).to_dict("records")
    ]
    ask_guard(stage, "labels.every_character", problems, f"{len(day.recipients):,}枚の全文字")
    ordered = sort_recipients(day.recipients, stage.parameters["label_order"])
    split = split_bundles(ordered, stage.parameters["bundle_by"])
    limit = stage.parameters["label_lot_sheets"]
    bundles: list[Bundle] = []
    refused = []
    first = 1
    for name, people, sheet in split_lots(split, open_sheet(stage), limit):
        fitted, misfits = fit_labels(people, sheet, fonts, shows_postal_code(stage))
        refused += misfits["source_row"].tolist()
        pdf = b""
        if misfits.empty:
            margin = f"{stage.parameters['run_id']} {name} シート {{sheet}}/{{sheets}} 通番 {{first}}-{{last}}"
            note = "見本" if stage.demonstration else ""
            pdf = render_labels(fitted, sheet, fonts, margin, note, first_serial=first)
        bundles.append(Bundle(name, people, sheet, fitted, pdf, first))
        first += len(people)
    problems = [f"ラベルに収まりません（{list_rows(pd.Series(refused))}）。"] if refused else []
    clipped = sum(len(find_clipped(bundle.pdf, bundle.sheet)) for bundle in bundles if not refused)
    if clipped:
        problems.append(f"枠からはみ出すラベルが {clipped} 枚あります。")
    ask_guard(stage, "labels.nothing_clipped", problems, "全枚の文字の位置を測りました")
    return bundles


def lock_bundles(stage: Stage, bundles: list[Bundle]) -> dict[str, bytes]:
    """Encrypt each bundle's PDF with the print password: the files that are delivered.

    Where bundles are divided into lots, a page for plain paper lists the lots.
    """
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    plain = {f"labels_{bundle.name}.pdf": bundle.pdf for bundle in bundles}
    if stage.parameters["label_lot_sheets"]:
        plain[END_PAGE] = render_end_page(stage, bundles)
    return {name: encrypt_pdf(pdf, password) for name, pdf in plain.items()}


def render_end_page(stage: Stage, bundles: list[Bundle]) -> bytes:
    """Draw the end page: what each lot must come to on paper, and all of them together."""
    note = "（見本）" if stage.demonstration else ""
    title = f"{stage.parameters['run_id']} 宛名シール ロットの一覧{note}"
    counts = [(len(b.people), len(share_out(b.sheet, len(b.people)))) for b in bundles]
    rows = [
        (bundle.name, f"{sheets:,}", f"{labels:,}",
         f"{bundle.first_serial:,} - {bundle.first_serial + labels - 1:,}")
        for bundle, (labels, sheets) in zip(bundles, counts, strict=True)
    ]  # fmt: skip
    labels, sheets = (sum(column) for column in zip(*counts, strict=True))
    heads = ("ロット", "シート", "ラベル", "通番")
    total = ("計", f"{sheets:,}", f"{labels:,}", "")
    return render_list(title, [heads, *rows, total], open_fonts(stage)[-1])


def prove_bundles(
    stage: Stage, bundles: list[Bundle], files: dict[str, bytes], day: PrintDay
) -> pd.DataFrame:
    """Read every delivered file back and ask whether it is the approved list and nothing else.

    Returns:
        one row per bundle: labels written, read back, different, excluded found, extra items.
    """
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    postal = shows_postal_code(stage)
    own = set(write_expected(day.recipients, postal))
    barred = set(write_expected(day.excluded, postal)) - own
    rows, extras = [], []
    for bundle in bundles:
        pdf = files[f"labels_{bundle.name}.pdf"]
        printed = read_back(pdf, bundle.sheet, password)
        different = compare_labels(printed, bundle.people, bundle.sheet, postal)
        found = int(printed["text"].str.replace(" +", " ", regex=True).isin(barred).sum())
        extra = find_extra_items(pdf, bundle.sheet, password, _margin_pattern(stage, bundle))
        extras += [f"{bundle.name}: {item}。" for item in extra]
        rows.append(
            (bundle.name, len(bundle.people), len(printed), len(different), found, len(extra))
        )
    proof = pd.DataFrame(
        rows, columns=["束", "印刷した枚数", "読み戻した枚数", "違い", "除外された人", "余分な項目"]
    )
    problems = []
    if proof["違い"].sum() or not proof["印刷した枚数"].equals(proof["読み戻した枚数"]):
        problems.append(
            "読み戻した宛名が、承認した一覧と違います。印刷せず、04 をやり直してください。"
        )
    if proof["除外された人"].sum():
        problems.append("除外された人の宛名があります。")
    if proof["印刷した枚数"].sum() != len(day.recipients):
        problems.append("束の合計が、承認した人数と違います。")
    ask_guard(stage, "labels.print_is_approved", problems, f"{proof['読み戻した枚数'].sum():,}枚")
    ask_guard(stage, "labels.only_allowed_items", extras, "文字・属性・メタデータ・余白")
    return proof


def _margin_pattern(stage: Stage, bundle: Bundle) -> str:
    own = f"{re.escape(stage.parameters['run_id'])} {re.escape(bundle.name)}"
    note = " 見本" if stage.demonstration else ""
    return rf"{own} シート \d+/\d+ 通番 \d+-\d+{note}"


def balance_labels(stage: Stage, bundles: list[Bundle]) -> pd.DataFrame:
    """Number every label and ask whether the count equation holds up to the labels.

    Returns:
        serial, bundle, sheet, position, addressee_id, cohort; one row per label.
    """
    labels = number_labels(bundles)
    merged = merge_counts(read_counts(stage.folder), count_printed(labels), stage.number)
    ask_guard(stage, "review.counts_balance", check_balance(merged), "取込から宛名シールまで")
    return labels


def finish_export(
    stage: Stage, bundles: list[Bundle], files: dict[str, bytes], labels: pd.DataFrame
) -> str:
    """Write the locked PDFs and the numbered labels, and complete the stage."""
    plain = {f"labels_{b.name}.pdf": digest_plain(stage, b.pdf) for b in bundles}
    append_entry(stage.folder, stage.number, "printed", keyed_digests_of_plain_pdf=plain)
    return complete_stage(
        stage, counts=count_printed(labels), private={"labels": labels}, locked=files,
        facts={"lots": sorted(plain)},
    )  # fmt: skip


def digest_plain(stage: Stage, pdf: bytes) -> str:
    """Digest a plain PDF with the run's key: equal content, equal digest."""
    return digest_keyed(stage.key.digest_key, pdf)


def tabulate_fit(bundles: list[Bundle]) -> pd.DataFrame:
    """Tabulate how the labels fitted: full size, condensed, wrapped, made smaller."""
    rows = []
    for bundle in bundles:
        found = count_adjustments(bundle.fitted)
        sheets = len(share_out(bundle.sheet, len(bundle.people)))
        rows.append(
            (bundle.name, found["labels"], sheets, found["full_size"], found["condensed"],
             found["wrapped"], found["shrunk"])
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["束", "枚数", "シート", "原寸", "長体", "折返し", "縮小"])


def tabulate_files(stage: Stage, bundles: list[Bundle]) -> pd.DataFrame:
    """Tabulate where the PDFs will lie and the digest of each one's plain content."""
    run = stage.folder.relative_to(stage.root).as_posix()
    rows = [
        (f"{run}/private/labels_{b.name}.pdf", group_digest(digest_plain(stage, b.pdf)))
        for b in bundles
    ]
    return pd.DataFrame(rows, columns=["宛名シールの PDF（印刷用パスワードで開く）", "内容の値"])


_MASKED = (
    (
        "１６００００１",
        "東京都見本区見本町一丁目１番１号",
        "見本マンション１０１号室",
        "見本　太郎",
    ),
    (
        "１６００００２",
        "東京都見本区長町四丁目２３番４５－６７８号",
        "グランドパークレジデンス見本タワーウエスト２３０１号室",
        "見本　花子",
    ),
    ("１６００００３", "東京都見本区葛󠄀町９番地の１", "", "髙﨑　辻󠄀之介"),
)


def preview_sheet(stage: Stage) -> bytes:
    """Draw the first sheet with invented names, to see the fit without showing a person."""
    sheet = open_sheet(stage)
    rows = [(place, *_MASKED[place % len(_MASKED)]) for place in range(sheet.per_page)]
    columns = ["source_row", "postal_code", "address", "building", "full_name"]
    fonts = open_fonts(stage)
    fitted, _ = fit_labels(
        pd.DataFrame(rows, columns=columns), sheet, fonts, shows_postal_code(stage)
    )
    return render_page(render_labels(fitted, sheet, fonts, "見本の宛名"), 1, dpi=60)
