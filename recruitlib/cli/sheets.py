"""The command on label sheets: the outline page that is printed before any label."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import BY_NAME, find_root
from recruitlib.cli.arguments import FILE, check_out, read_run


@click.command(
    help="""ラベル用紙の枠を、ものさしとともに PDF にします。用紙に重ねて位置を確かめます。

    SHEET は params/label_sheets.yaml にある用紙の名前か、包装にある品番（28382 など）です。

    例: recruitlib sheet a4_12_86x42 --out outline.pdf"""
)
@click.argument("name", metavar="SHEET")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="書き出すファイル（.pdf）。"
)
@click.option(
    "--params", "parameters_file", type=FILE, help="ずらす長さと倍率、用紙の一覧を持つファイル。"
)
def sheet(name: str, out: Path, parameters_file: Path | None) -> None:
    """Draw the outline page of a label sheet."""
    from recruitlib.base.audit import write_atomically
    from recruitlib.base.papers import default_font_path
    from recruitlib.labels.fonts import LabelFont
    from recruitlib.labels.pages import ACTUAL_SIZE, render_outline
    from recruitlib.labels.print_settings import read_alignment
    from recruitlib.labels.sheets import Alignment, find_sheet_name, read_sheet

    check_out(out)
    if out.suffix.lower() != ".pdf":
        raise ParameterError(f"--out {out}: 名前を .pdf で終えてください。")
    if parameters_file is None:
        path, alignment = find_root() / BY_NAME["label_sheets_file"].default, Alignment()
    else:
        parameters, root, _ = read_run(parameters_file)
        path, alignment = root / parameters["label_sheets_file"], read_alignment(parameters)
    key = find_sheet_name(path, name)
    chosen = read_sheet(path, key)
    write_atomically(out, render_outline(chosen, alignment, LabelFont(default_font_path())))
    click.echo(f"{out}: {chosen.name}（label_sheet: {key}）。{ACTUAL_SIZE}。")
