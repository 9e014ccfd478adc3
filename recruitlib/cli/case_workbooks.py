"""Commands for offices that prefer paper: the cases as a workbook, and the filled one read back."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.base.decisions import DECISION_FILES
from recruitlib.cli.arguments import FILE, read_kind, read_run
from recruitlib.cli.people import BY, DECIDING, open_officer, read_run_decisions


@click.command(
    name="cases-workbook",
    help="""事例を、紙や Excel で決めるためのブックに書き出します（個人の情報です。期限までに消します）。

    書き終えたら decide-workbook で読み込みます。""",
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="書き出すファイル（.xlsx）。"
)
@BY
@click.option("--due", required=True, help="消去の期限（例 2026-06-30）。06 が消去を確かめます。")
@DECIDING
def cases_workbook(parameters_file: Path, out: Path, staff_id: str, due: str, stage: str) -> None:
    """Export the cases of a stage as a workbook; that it was made is logged."""
    from recruitlib.review.case_workbook import export_cases

    _, root, folder = read_run(parameters_file)
    # Whoever takes everybody's data out shows who he is, as whoever looks at it on the screen.
    open_officer(root, read_kind(folder)[1], staff_id)
    count = export_cases(root, folder, stage, out, staff_id, due)
    click.echo(
        f"{out.name}: 事例 {count}件を書き出しました。{due} までに消去し、06 の廃棄の確認書の exports に"
        "書いてください。"
    )


@click.command(
    name="decide-workbook",
    help="""書き終えたブックの決定を、まとめて読み込みます（担当者）。その後、別の人が confirm します。

    一つでも誤りがあれば、行と列を示し、何も書きません。""",
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.argument("file", type=FILE)
@BY
@DECIDING
def decide_workbook(parameters_file: Path, file: Path, staff_id: str, stage: str) -> None:
    """Write the decisions of a filled workbook, signed by the officer who imports it."""
    from recruitlib.base.decisions import changing_decisions, write_decisions
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.case_workbook import tabulate_forms
    from recruitlib.review.panels import read_stage_cases, read_views
    from recruitlib.review.workbook_choices import import_choices, list_choices, read_choices

    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    key = open_key(folder, *kind)
    path = root / parameters[DECISION_FILES[stage]]
    signer = open_officer(root, kind[1], staff_id)
    with opening("ブックの決定を読み込む", staff_id):
        cases = read_stage_cases(folder, key, stage)
        views = read_views(folder, key) if stage == "03" else []
        shown, _ = tabulate_forms(folder, key, stage)
    choices = read_choices(file, cases, {view.case["case"]: view for view in views}, shown)
    with changing_decisions(path):
        decisions = read_run_decisions(root, path, kind)
        done = import_choices(decisions, cases, choices, signer, key)
        if done.new or done.changed:
            write_decisions(path, done.decisions)
    for line in list_choices(choices):
        click.echo(line)
    click.echo(
        f"{path}: 新しい決定 {done.new}件、決め直し {done.changed}件、前と同じ {done.same}件、"
        f"空の行 {done.empty}件。すべて決めたら、別の人が confirm してください。"
    )
    click.echo(f"{file.name}: 書き終えたブックも個人の情報です。期限までに消去してください。")
