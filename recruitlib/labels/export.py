"""Export (宛名), the steps of notebook 04: the approved recipients printed, and the print proved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd

from recruitlib.base.audit import append_entry, digest_keyed, group_digest
from recruitlib.base.counts import merge_counts, read_counts
from recruitlib.base.profiles import list_rows
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage, ask_guard, complete_stage
from recruitlib.base.vault import read_print_password
from recruitlib.labels.coverage import find_unprintable, list_gaps
from recruitlib.labels.fitting import count_adjustments, fit_labels
from recruitlib.labels.glyph_proof import find_foreign_glyphs
from recruitlib.labels.lots import (
    Bundle,
    count_printed,
    number_labels,
    sort_recipients,
    split_bundles,
    split_lots,
)
from recruitlib.labels.pages import render_list
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.print_settings import open_fonts, open_sheet, read_wording
from recruitlib.labels.printing import encrypt_pdf, render_labels
from recruitlib.labels.proof import (
    compare_labels,
    find_clipped,
    find_outside,
    find_strange_margins,
    write_expected,
)
from recruitlib.labels.reading import OUTSIDE, read_cells
from recruitlib.labels.sheets import share_out
from recruitlib.labels.structure import find_foreign_structure
from recruitlib.labels.wording import COLUMN_NAMES, PRINTED_COLUMNS
from recruitlib.review.balance import check_balance

END_PAGE = "labels_end.pdf"
_SHOWN = 20


@show_progress("宛名シールを割り付け、PDF にしています")
def make_bundles(stage: Stage, day: PrintDay) -> list[Bundle]:
    """Fit and print every recipient, in one bundle or in those that the request asks for.

    Bundles are divided into lots where the parameters limit the sheets of one file.

    Returns:
        the bundles; their people together are the recipients, each once.

    Raises:
        OutputError: a character has no glyph, or a label does not fit; names rows, not people.
    """
    fonts = open_fonts(stage.root, stage.parameters)
    wording = read_wording(stage.root, stage.parameters)
    gaps = find_unprintable(day.recipients, fonts, wording)
    problems = [
        f"{row['source_row']}行目の{COLUMN_NAMES[row['column']]}: {row['code_points']}（{row['reason']}）。"
        for row in gaps.head(_SHOWN).to_dict("records")
    ]
    if len(gaps) > _SHOWN:
        problems.append(
            f"ほか {len(gaps) - _SHOWN:,} か所（recruitlib fonts がすべてを示します）。"
        )
    problems += [
        f"返送先: {points}（{reason}）。"
        for points, reason in list_gaps(wording.return_line, fonts)
    ]
    if problems:
        problems.append(
            "字を持つ書体を label_fonts に足すか（recruitlib fonts で確かめられます）、台帳の字を"
            "住民記録の担当に確かめ、抽出を直して 01 からやり直してください。"
        )
    ask_guard(stage, "labels.every_character", problems, f"{len(day.recipients):,}枚の全文字")
    ordered = sort_recipients(day.recipients, stage.parameters["label_order"])
    split = split_bundles(ordered, stage.parameters["bundle_by"])
    limit = stage.parameters["label_lot_sheets"]
    bundles: list[Bundle] = []
    refused = []
    first = 1
    begun = open_sheet(stage.root, stage.parameters)
    for name, people, sheet in split_lots(split, begun, limit):
        fitted, misfits = fit_labels(people, sheet, fonts, wording)
        refused.append(misfits)
        pdf = b""
        if misfits.empty:
            margin = f"{stage.parameters['run_id']} {name} シート {{sheet}}/{{sheets}} 通番 {{first}}-{{last}}"
            note = "見本" if stage.demonstration else ""
            pdf = render_labels(fitted, sheet, fonts, margin, note, first_serial=first)
        bundles.append(Bundle(name, people, sheet, fitted, pdf, first))
        first += len(people)
    problems = [
        f"{reason}（{list_rows(rows)}）。" if len(rows) < len(ordered) else f"{reason}（全員）。"
        for reason, rows in pd.concat(refused).groupby("reason", sort=False)["source_row"]
    ]
    clipped = sum(len(find_clipped(bundle.pdf, bundle.sheet)) for bundle in bundles if bundle.pdf)
    if clipped:
        problems.append(f"枠からはみ出すラベルが {clipped} 枚あります。")
    ask_guard(stage, "labels.nothing_clipped", problems, "全枚の文字の位置を測りました")
    return bundles


@show_progress("宛名シールの PDF を暗号化しています")
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
    return render_list(title, [heads, *rows, total], open_fonts(stage.root, stage.parameters)[-1])


@show_progress("宛名シールの PDF を読み戻し、一字ずつ確かめています")
def prove_bundles(
    stage: Stage, bundles: list[Bundle], files: dict[str, bytes], day: PrintDay
) -> pd.DataFrame:
    """Read every delivered file back and ask whether it is the approved list and nothing else.

    Returns:
        one row per bundle: labels written, read back, different, excluded found, extra items.
    """
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    wording = read_wording(stage.root, stage.parameters)
    own = set(write_expected(day.recipients, wording))
    barred = set(write_expected(day.excluded, wording)) - own
    fonts = open_fonts(stage.root, stage.parameters)
    rows, extras, glyphs, outside, serial = [], [], [], 0, 1
    for bundle in bundles:
        pdf = files[f"labels_{bundle.name}.pdf"]
        cells = read_cells(pdf, bundle.sheet, password)
        printed = cells[cells["position"] != OUTSIDE]
        different = compare_labels(cells, bundle.people, bundle.sheet, wording)
        found = int(printed["text"].str.replace(" +", " ", regex=True).isin(barred).sum())
        extra = find_foreign_structure(pdf, password)
        extra += find_strange_margins(cells, _list_margins(stage, bundle, serial))
        extras += [f"{bundle.name}: {item}。" for item in extra]
        glyphs += [f"{bundle.name}: {item}。" for item in find_foreign_glyphs(pdf, fonts, password)]
        outside += len(find_outside(cells, bundle.sheet))
        serial += len(bundle.people)
        rows.append(
            (bundle.name, len(bundle.people), len(printed), len(different), found, len(extra))
        )
    if END_PAGE in files:
        extras += [
            f"{END_PAGE}: {item}。" for item in find_foreign_structure(files[END_PAGE], password)
        ]
    proof = pd.DataFrame(
        rows, columns=["束", "印刷した枚数", "読み戻した枚数", "違い", "除外された人", "余分な項目"]
    )
    problems = glyphs
    if proof["違い"].sum() or not proof["印刷した枚数"].equals(proof["読み戻した枚数"]):
        problems.append(
            "読み戻した宛名が、承認した一覧と違います。印刷せず、04 をやり直してください。"
        )
    if outside:
        problems.append(f"枠からはみ出すか、行の重なるラベルが {outside} 枚あります。")
    if proof["除外された人"].sum():
        problems.append("除外された人の宛名があります。")
    if proof["印刷した枚数"].sum() != len(day.recipients):
        problems.append("束の合計が、承認した人数と違います。")
    elif _list_people([bundle.people for bundle in bundles]) != _list_people([day.recipients]):
        problems.append("束の人が、承認した人と違います。")
    ask_guard(stage, "labels.print_is_approved", problems, f"{proof['読み戻した枚数'].sum():,}枚")
    ask_guard(stage, "labels.only_allowed_items", extras, "文字・属性・メタデータ・余白")
    return proof


def _list_people(tables: Sequence[pd.DataFrame]) -> list[tuple[str, ...]]:
    columns = ["addressee_id", *PRINTED_COLUMNS]
    return sorted(row for own in tables for row in own[columns].itertuples(index=False, name=None))


def _list_margins(stage: Stage, bundle: Bundle, first_serial: int) -> list[str]:
    note = " 見本" if stage.demonstration else ""
    shares = share_out(bundle.sheet, len(bundle.people))
    return [
        f"{stage.parameters['run_id']} {bundle.name} シート {number}/{len(shares)} "
        f"通番 {first_serial + orders[0]}-{first_serial + orders[-1]}{note}"
        for number, orders in enumerate(shares, start=1)
    ]


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
    """Write the locked PDFs and the numbered labels, and complete the stage.

    The record keeps the digest of each PDF's plain content and of each font file of the chain.
    """
    fonts = {
        font.path.name: hashlib.sha256(font.path.read_bytes()).hexdigest()
        for font in open_fonts(stage.root, stage.parameters)
    }
    plain = {f"labels_{b.name}.pdf": digest_plain(stage, b.pdf) for b in bundles}
    append_entry(stage.folder, stage.number, "printed", keyed_digests_of_plain_pdf=plain)
    return complete_stage(
        stage, counts=count_printed(labels), private={"labels": labels}, locked=files,
        facts={"lots": sorted(plain), "fonts": fonts},
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
