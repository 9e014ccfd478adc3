"""Reissue: lots made again without the labels that have ended, and new labels for some people."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.errors import OutputError
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage
from recruitlib.base.secrecy import hide_values
from recruitlib.base.vault import read_print_password
from recruitlib.labels.lots import Bundle, number_labels, sort_recipients
from recruitlib.labels.press import (
    END_PAGE,
    Lot,
    digest_fonts,
    draw_end_page,
    encrypt_bundles,
    print_bundles,
    prove_files,
)
from recruitlib.labels.print_settings import open_sheet
from recruitlib.labels.printing import encrypt_pdf
from recruitlib.labels.sheets import Sheet, begin_at, find_place

_ADVICE_AGAIN = "04 では印刷できた字です。recruitlib を 04 のときの版に戻してください。"
_ADVICE = (
    "その人を再印刷から外すか（宛名シールのない人は提供しません）、字を持つ書体を label_fonts に足して "
    "04（差引の後は 01）からやり直してください。"
)
_AGAIN = "同じコマンドか 05 を、もう一度実行してください。"
_PREPARE_AGAIN = "再印刷の用意（--confirm なし）からやり直してください。"


@hide_values
class Reprint(NamedTuple):
    """A reprint lot: its numbered labels, and its locked PDF by file name."""

    labels: pd.DataFrame
    files: dict[str, bytes]


@show_progress("取消し・汚損の宛名シールを空けて、PDF を作り直しています")
def blank_ended(
    stage: Stage, labels: pd.DataFrame, printed: pd.DataFrame, ended: Collection[int]
) -> dict[str, bytes]:
    """Make the PDFs of lots again in which nobody stands whose label has ended.

    Every other label stands where it stood, under the same serial, and each sheet says 作り直し in
    its margin. So whoever prints an old lot later prints nobody who is void, and before the print
    nothing has to be peeled off by hand. The files are read back and proved like those of 04.

    Args:
        stage: the stage under which the guards of the labels are asked; 04's parameters are frozen.
        labels: `LABEL_COLUMNS` of every lot ever printed.
        printed: serial and the residents' columns as they were printed, one row per serial.
        ended: serials that are no longer live.

    Returns:
        the locked PDFs by file name: of exactly those lots that hold an ended serial, and where
        the parameters divide bundles into lots the page that lists every lot.

    Raises:
        OutputError: a serial is unknown, a font file is not that of 04, the labels do not lie as 04
            lays them, or a file is not what it must be.
    """
    if strange := sorted(set(ended) - set(labels["serial"])):
        raise OutputError(f"通番 {'、'.join(map(str, strange))} は、印刷していません。")
    table = labels.sort_values("serial", ignore_index=True)
    table["is_empty"] = table["serial"].isin(set(ended))
    rows = printed.set_index("serial", drop=False)
    _require_fonts(stage)
    sheet = open_sheet(stage.root, stage.parameters)
    lots = [
        _lay_again(own, rows, sheet)
        for _, own in table.groupby("bundle", sort=False)
        if own["is_empty"].any()
    ]
    if not lots:
        return {}
    bundles = print_bundles(stage, lots, _ADVICE_AGAIN)
    files = encrypt_bundles(stage, bundles)
    if stage.parameters["label_lot_sheets"]:
        files[END_PAGE] = _draw_end_page_again(stage, table)
    told = table[table["bundle"].isin([lot.name for lot in lots])]
    live, void = (
        rows.loc[own["serial"]] for own in (told[~told["is_empty"]], told[told["is_empty"]])
    )
    serials = [int(first) for first in told.groupby("bundle", sort=False)["serial"].min()]
    prove_files(stage, bundles, files, serials, live, void, _AGAIN)
    return files


def _require_fonts(stage: Stage) -> None:
    """Require the font files to be those of the first print: another one may draw all labels otherwise."""
    first = find_latest(read_entries(stage.folder), "04", "completed")
    told = first["facts"].get("fonts", {}) if first else {}
    now = digest_fonts(stage)
    if changed := sorted(name for name in told if now.get(name) != told[name]):
        raise OutputError(
            f"書体 {'、'.join(changed)} が、04 で印刷したときのファイルではありません。もとのファイルに戻してください。"
        )


def _lay_again(labels: pd.DataFrame, printed: pd.DataFrame, sheet: Sheet) -> Bundle:
    name, first = str(labels["bundle"].iloc[0]), int(labels["serial"].iloc[0])
    begun = begin_at(sheet, int(labels["position"].iloc[0]))
    places = [(first + order, *find_place(begun, order)) for order in range(len(labels))]
    told = labels[["serial", "sheet", "position"]].itertuples(index=False, name=None)
    own = printed[printed.index.isin(labels["serial"])].sort_index().reset_index(drop=True)
    keys = ["serial", "addressee_id"]
    if list(told) != places or own[keys].values.tolist() != labels[keys].values.tolist():
        raise OutputError(
            f"束 {name}: 通番・シートの位置・宛名番号の控えが、印刷したときと合いません。"
        )
    empty = frozenset(np.flatnonzero(labels["is_empty"]).tolist())
    return Bundle(name, own, begun, [], b"", first, empty)


def _draw_end_page_again(stage: Stage, labels: pd.DataFrame) -> bytes:
    lots = [
        Lot(str(name), int(own["sheet"].max()), int((~own["is_empty"]).sum()),
            int(own["serial"].min()), int(own["serial"].max()))
        for name, own in labels.groupby("bundle", sort=False)
    ]  # fmt: skip
    password = read_print_password(stage.parameters["run_id"], stage.demonstration)
    return encrypt_pdf(draw_end_page(stage, lots, made_again=True), password)


@show_progress("再印刷の PDF を作り、確かめています")
def make_reprint(
    stage: Stage, people: pd.DataFrame, name: str, first_serial: int, excluded: pd.DataFrame
) -> Reprint:
    """Print people again, each with one new label, on new sheets of a lot of their own.

    Sheet, fonts, wording, order and password are those of 04.

    Args:
        stage: the stage under which the guards of the labels are asked; 04's parameters are frozen.
        people: the residents' columns and cohort as the registry says today, each person once.
        name: the lot's name, such as ``reprint-001``.
        first_serial: the serial of its first label.
        excluded: the rows of people who must not be printed.

    Returns:
        the labels and the locked PDF.

    Raises:
        OutputError: somebody is excluded or comes twice, a font file is not that of 04, a character
            has no glyph, a label does not fit, or the file is not what it must be; names rows, not
            people.
    """
    ids = people["addressee_id"]
    if ids.duplicated().any() or ids.isin(excluded["addressee_id"]).any():
        raise OutputError("再印刷する人の一覧に、同じ人が二度あるか、除外された人がいます。")
    _require_fonts(stage)
    ordered = sort_recipients(people, stage.parameters["label_order"])
    sheet = begin_at(open_sheet(stage.root, stage.parameters), 1)
    lot = Bundle(name, ordered, sheet, [], b"", first_serial)
    bundles = print_bundles(stage, [lot], _ADVICE)
    files = encrypt_bundles(stage, bundles)
    prove_files(stage, bundles, files, [first_serial], people, excluded, _PREPARE_AGAIN)
    return Reprint(number_labels(bundles), files)
