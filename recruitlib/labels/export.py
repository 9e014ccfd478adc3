"""Export (宛名), the steps of notebook 04: the approved recipients printed, and the print proved."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import pandas as pd

from recruitlib.base.audit import append_entry, digest_keyed, group_digest
from recruitlib.base.counts import merge_counts, read_counts
from recruitlib.base.progress import show_progress
from recruitlib.base.proved import check_proved, note_proved
from recruitlib.base.run import Stage, ask_guard, complete_stage, read_private_table
from recruitlib.base.vault import read_print_password
from recruitlib.labels.fitting import count_adjustments
from recruitlib.labels.lots import (
    Bundle,
    count_printed,
    number_labels,
    sort_recipients,
    split_bundles,
    split_lots,
)
from recruitlib.labels.press import (
    END_PAGE,
    Lot,
    digest_fonts,
    draw_end_page,
    encrypt_bundles,
    print_bundles,
    prove_files,
)
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.print_settings import open_sheet
from recruitlib.labels.printing import encrypt_pdf
from recruitlib.labels.sheets import share_out
from recruitlib.review.balance import check_balance

_ADVICE = (
    "字を持つ書体を label_fonts に足すか（recruitlib fonts で確かめられます）、台帳の字を"
    "住民記録の担当に確かめ、抽出を直して 01 からやり直してください。"
)

_AGAIN = "04 をやり直してください。"


@show_progress("宛名シールを割り付け、PDF にしています")
def make_bundles(stage: Stage, day: PrintDay) -> list[Bundle]:
    """Fit and print every recipient, in one bundle or in those that the request asks for.

    Bundles are divided into lots where the parameters limit the sheets of one file.

    Returns:
        the bundles; their people together are the recipients, each once.

    Raises:
        OutputError: a character has no glyph, or a label does not fit; names rows, not people.
    """
    ordered = sort_recipients(day.recipients, stage.parameters["label_order"])
    split = split_bundles(ordered, stage.parameters["bundle_by"])
    begun = open_sheet(stage.root, stage.parameters)
    lots, first = [], 1
    for name, people, sheet in split_lots(split, begun, stage.parameters["label_lot_sheets"]):
        lots.append(Bundle(name, people, sheet, [], b"", first))
        first += len(people)
    return print_bundles(stage, lots, _ADVICE)


@show_progress("宛名シールの PDF を暗号化しています")
def lock_bundles(stage: Stage, bundles: list[Bundle]) -> dict[str, bytes]:
    """Encrypt each bundle's PDF with the print password: the files that are delivered.

    Where bundles are divided into lots, a page for plain paper lists the lots.
    """
    files = encrypt_bundles(stage, bundles)
    if stage.parameters["label_lot_sheets"]:
        password = read_print_password(stage.parameters["run_id"], stage.demonstration)
        files[END_PAGE] = encrypt_pdf(render_end_page(stage, bundles), password)
    return files


def render_end_page(stage: Stage, bundles: list[Bundle]) -> bytes:
    """Draw the end page: what each lot must come to on paper, and all of them together."""
    lots = [
        Lot(b.name, len(share_out(b.sheet, len(b.people))), len(b.people), b.first_serial,
            b.first_serial + len(b.people) - 1)
        for b in bundles
    ]  # fmt: skip
    return draw_end_page(stage, lots)


@show_progress("宛名シールの PDF を読み戻し、一字ずつ確かめています")
def prove_bundles(
    stage: Stage, bundles: list[Bundle], files: dict[str, bytes], day: PrintDay
) -> pd.DataFrame:
    """Read every delivered file back and ask whether it is the approved list and nothing else.

    What was proved is noted in the record, by which ``finish_export`` knows it again.

    Returns:
        one row per bundle: labels written, read back, different, excluded found, extra items.
    """
    serials = accumulate((len(bundle.people) for bundle in bundles[:-1]), initial=1)
    proof = prove_files(
        stage, bundles, files, list(serials), day.recipients, day.excluded, _AGAIN
    )  # fmt: skip
    note_proved(stage, _list_proved(day.recipients, number_labels(bundles), files))
    return proof


def _list_proved(
    recipients: pd.DataFrame, labels: pd.DataFrame, files: Mapping[str, bytes]
) -> dict[str, pd.DataFrame | bytes]:
    # The recipients in any order: that of the print stands in the labels.
    people = recipients.sort_values("addressee_id", kind="stable")
    return {"承認した提供対象者": people, "通番の控え": labels, **files}


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

    Raises:
        OutputError: files or labels are not those that were read back, or the list with which they
            were compared is not the one that was approved.
    """
    _require_proved(stage, files, labels)
    plain = {f"labels_{b.name}.pdf": digest_plain(stage, b.pdf) for b in bundles}
    append_entry(stage.folder, stage.number, "printed", keyed_digests_of_plain_pdf=plain)
    return complete_stage(
        stage, counts=count_printed(labels), private={"labels": labels}, locked=files,
        facts={"lots": sorted(plain), "fonts": digest_fonts(stage)},
    )  # fmt: skip


def _require_proved(stage: Stage, files: Mapping[str, bytes], labels: pd.DataFrame) -> None:
    contents = _list_proved(read_private_table(stage, "recipients"), labels, files)
    if problems := check_proved(stage, contents, f"印刷せず、{_AGAIN}"):
        ask_guard(stage, "labels.print_is_approved", problems)


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
