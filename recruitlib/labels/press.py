"""Press: bundles of labels printed, locked and proved, the first print and every later one alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from recruitlib.base.profiles import list_rows
from recruitlib.base.run import Stage, ask_guard
from recruitlib.base.vault import read_print_password
from recruitlib.labels.coverage import find_unprintable, list_gaps
from recruitlib.labels.fitting import FittedLabel, fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.glyph_proof import find_foreign_glyphs
from recruitlib.labels.lots import Bundle
from recruitlib.labels.pages import render_list
from recruitlib.labels.print_settings import open_fonts, read_wording
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
from recruitlib.labels.wording import COLUMN_NAMES, PRINTED_COLUMNS, Wording

END_PAGE = "labels_end.pdf"
_SHOWN = 20
_ADVICE_FIT = (
    "大きいラベルの用紙（label_sheet）を選ぶか、台帳の書き方を住民記録の担当に確かめ、抽出を直して 01 から"
    "やり直してください。"
)
_EMPTY = FittedLabel(0)


class Lot(NamedTuple):
    """What a lot comes to on paper: its sheets, its labels that are printed, its serials."""

    name: str
    sheets: int
    labels: int
    first_serial: int
    last_serial: int


def digest_fonts(stage: Stage) -> dict[str, str]:
    """Digest each font file of the chain, by its name."""
    return {
        font.path.name: hashlib.sha256(font.path.read_bytes()).hexdigest()
        for font in open_fonts(stage.root, stage.parameters)
    }


def print_bundles(stage: Stage, bundles: Sequence[Bundle], advice: str) -> list[Bundle]:
    """Fit and draw the labels of bundles whose people, places and serials are settled.

    Args:
        stage: the stage under which the guards are asked.
        bundles: not yet fitted and drawn.
        advice: what the officer does where a font lacks a character; a Japanese sentence.

    Returns:
        the bundles with their fitted labels and their plain PDF.

    Raises:
        OutputError: a character has no glyph, or a label does not fit; names rows, not people.
    """
    fonts = open_fonts(stage.root, stage.parameters)
    wording = read_wording(stage.root, stage.parameters)
    people = pd.concat([bundle.live for bundle in bundles]).sort_values("source_row")
    problems = _list_unprintable(people, fonts, wording)
    problems += [advice] if problems else []
    ask_guard(stage, "labels.every_character", problems, f"{len(people):,}枚の全文字")
    refused, drawn = [], []
    for bundle in bundles:
        fitted, misfits = fit_labels(bundle.live, bundle.sheet, fonts, wording)
        refused.append(misfits)
        if misfits.empty:
            fitted = _keep_places(bundle, fitted)
            margin = f"{stage.parameters['run_id']} {bundle.name} シート {{sheet}}/{{sheets}} 通番 {{first}}-{{last}}"
            note = _write_note(stage, bundle)
            pdf = render_labels(fitted, bundle.sheet, fonts, margin, note, bundle.first_serial)
            drawn.append(bundle._replace(fitted=fitted, pdf=pdf))
    problems = [
        f"{reason}（{list_rows(rows)}）。" if len(rows) < len(people) else f"{reason}（全員）。"
        for reason, rows in pd.concat(refused).groupby("reason", sort=False)["source_row"]
    ]
    clipped = sum(len(find_clipped(bundle.pdf, bundle.sheet)) for bundle in drawn)
    if clipped:
        problems.append(f"枠からはみ出すラベルが {clipped} 枚あります。")
    problems += [_ADVICE_FIT] if problems else []
    ask_guard(stage, "labels.nothing_clipped", problems, "全枚の文字の位置を測りました")
    return drawn


def _list_unprintable(
    people: pd.DataFrame, fonts: Sequence[LabelFont], wording: Wording
) -> list[str]:
    gaps = find_unprintable(people, fonts, wording)
    problems = [
        f"{row['source_row']}行目の{COLUMN_NAMES[row['column']]}: {row['code_points']}（{row['reason']}）。"
        for row in gaps.head(_SHOWN).to_dict("records")
    ]
    if len(gaps) > _SHOWN:
        problems.append(
            f"ほか {len(gaps) - _SHOWN:,} か所（recruitlib fonts がすべてを示します）。"
        )
    return problems + [
        f"返送先: {points}（{reason}）。"
        for points, reason in list_gaps(wording.return_line, fonts)
    ]


def _keep_places(bundle: Bundle, fitted: list[FittedLabel]) -> list[FittedLabel]:
    own = iter(fitted)
    return [_EMPTY if order in bundle.empty else next(own) for order in range(len(bundle.people))]


def _write_note(stage: Stage, bundle: Bundle) -> str:
    notes = ["作り直し" if bundle.empty else "", "見本" if stage.demonstration else ""]
    return " ".join(filter(None, notes))


def encrypt_bundles(stage: Stage, bundles: Sequence[Bundle]) -> dict[str, bytes]:
    """Encrypt each bundle's PDF with the print password: the files that are delivered."""
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    return {name_file(bundle.name): encrypt_pdf(bundle.pdf, password) for bundle in bundles}


def name_file(bundle: str) -> str:
    """Name the file of a bundle."""
    return f"labels_{bundle}.pdf"


def draw_end_page(stage: Stage, lots: Sequence[Lot], made_again: bool = False) -> bytes:
    """Draw the end page: what each lot must come to on paper, and all of them together.

    Args:
        stage: the stage.
        lots: every lot that is there to be printed.
        made_again: whether labels have ended since the first print.
    """
    notes = ("（作り直し）" if made_again else "") + ("（見本）" if stage.demonstration else "")
    title = f"{stage.parameters['run_id']} 宛名シール ロットの一覧{notes}"
    rows = [
        (lot.name, f"{lot.sheets:,}", f"{lot.labels:,}",
         f"{lot.first_serial} - {lot.last_serial}")
        for lot in lots
    ]  # fmt: skip
    sheets, labels = sum(lot.sheets for lot in lots), sum(lot.labels for lot in lots)
    heads = ("ロット", "シート", "ラベル", "通番")
    total = ("計", f"{sheets:,}", f"{labels:,}", "")
    return render_list(title, [heads, *rows, total], open_fonts(stage.root, stage.parameters)[-1])


def prove_files(
    stage: Stage, bundles: Sequence[Bundle], files: Mapping[str, bytes], serials: Sequence[int],
    people: pd.DataFrame, excluded: pd.DataFrame, advice: str,
) -> pd.DataFrame:  # fmt: skip
    """Read delivered files back and ask whether they are the right labels and nothing else.

    Args:
        stage: the stage under which the guards are asked.
        bundles: what must stand in the files.
        files: the locked PDFs; one that is no bundle's may hold nothing but text.
        serials: for each bundle its first serial.
        people: the rows of everybody who must be printed, each once.
        excluded: the rows of people who must not be.
        advice: what the officer does again where a label is not the right one; a Japanese sentence.

    Returns:
        one row per bundle: labels written, read back, different, excluded found, extra items.

    Raises:
        OutputError: anything is missing, different or too much.
    """
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    wording = read_wording(stage.root, stage.parameters)
    barred = set(write_expected(excluded, wording)) - set(write_expected(people, wording))
    fonts = open_fonts(stage.root, stage.parameters)
    rows, extras, glyphs, outside = [], [], [], 0
    for bundle, serial in zip(bundles, serials, strict=True):
        pdf = files[name_file(bundle.name)]
        cells = read_cells(pdf, bundle.sheet, password)
        printed = cells[cells["position"] != OUTSIDE]
        different = compare_labels(cells, bundle.people, bundle.sheet, wording, bundle.empty)
        found = int(printed["text"].str.replace(" +", " ", regex=True).isin(barred).sum())
        extra = find_foreign_structure(pdf, password)
        extra += find_strange_margins(cells, _list_margins(stage, bundle, serial))
        extras += [f"{bundle.name}: {item}。" for item in extra]
        glyphs += [f"{bundle.name}: {item}。" for item in find_foreign_glyphs(pdf, fonts, password)]
        outside += len(find_outside(cells, bundle.sheet))
        rows.append(
            (bundle.name, len(bundle.live), len(printed), len(different), found, len(extra))
        )
    for name in files.keys() - {name_file(bundle.name) for bundle in bundles}:
        extras += [f"{name}: {item}。" for item in find_foreign_structure(files[name], password)]
    proof = pd.DataFrame(
        rows, columns=["束", "印刷した枚数", "読み戻した枚数", "違い", "除外された人", "余分な項目"]
    )
    problems = glyphs
    if proof["違い"].sum() or not proof["印刷した枚数"].equals(proof["読み戻した枚数"]):
        problems.append("読み戻した宛名が、承認した一覧と違います。")
    if outside:
        problems.append(f"枠からはみ出すか、行の重なるラベルが {outside} 枚あります。")
    if proof["除外された人"].sum():
        problems.append("除外された人の宛名があります。")
    if proof["印刷した枚数"].sum() != len(people):
        problems.append("束の合計が、承認した人数と違います。")
    elif _list_people([bundle.live for bundle in bundles]) != _list_people([people]):
        problems.append("束の人が、承認した人と違います。")
    problems += [f"印刷せず、{advice}"] if problems else []
    extras += [f"印刷せず、{advice}"] if extras else []
    ask_guard(stage, "labels.print_is_approved", problems, f"{proof['読み戻した枚数'].sum():,}枚")
    ask_guard(stage, "labels.only_allowed_items", extras, "文字・属性・メタデータ・余白")
    return proof


def _list_people(tables: Sequence[pd.DataFrame]) -> list[tuple[str, ...]]:
    columns = ["addressee_id", *PRINTED_COLUMNS]
    return sorted(row for own in tables for row in own[columns].itertuples(index=False, name=None))


def _list_margins(stage: Stage, bundle: Bundle, first_serial: int) -> list[str]:
    note = (" 作り直し" if bundle.empty else "") + (" 見本" if stage.demonstration else "")
    shares = share_out(bundle.sheet, len(bundle.people))
    return [
        f"{stage.parameters['run_id']} {bundle.name} シート {number}/{len(shares)} "
        f"通番 {first_serial + orders[0]}-{first_serial + orders[-1]}{note}"
        for number, orders in enumerate(shares, start=1)
    ]
