"""Commands on printing: what the fonts and the label sheet of a run can print."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.base.errors import ParameterError
from recruitlib.cli.arguments import FILE, check_out, read_run


@click.command(
    help="""書体を調べます。何も印刷せず、実行の記録もしません。

    対象者の字を、どの書体が持ち、どの行のどの字が印刷できないかを示します。氏名は出しません。
    --check では、任意の一覧（id, full_name, postal_code, address, building）の一行ごとに、
    全部の字が印刷でき、ラベルに収まるか（print / refuse）を答えます。"""
)
@click.argument("parameters_file", metavar="PARAMS", type=FILE)
@click.option("--check", type=FILE, help="調べる一覧（.csv）。台帳は読みません。")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="答え（.csv）。")
def fonts(parameters_file: Path, check: Path | None, out: Path | None) -> None:
    """Show the font chain and what it lacks, or judge a table of labels."""
    from recruitlib.base.scope import read_scope
    from recruitlib.labels import coverage
    from recruitlib.labels.chain import open_chain
    from recruitlib.labels.sheets import read_sheet

    if (check is None) != (out is None):
        raise ParameterError("--check と --out は、両方を書いてください。")
    parameters, root, _ = read_run(parameters_file)
    chain = open_chain(root, parameters["label_fonts"])
    show_postal_code = read_scope(root / parameters["scope_file"]).postal_code_is_address
    if check is None or out is None:
        people = coverage.read_cohort(root, parameters)
        if not show_postal_code:
            people = people.assign(postal_code="")
        for line in coverage.describe_coverage(coverage.measure_coverage(people, chain), chain):
            click.echo(line)
        return
    check_out(out, check)
    sheet = read_sheet(root / parameters["label_sheets_file"], parameters["label_sheet"])
    verdicts = coverage.judge_labels(coverage.read_labels(check), sheet, chain, show_postal_code)
    coverage.write_verdicts(out, verdicts)
    for verdict in ("print", "refuse"):
        click.echo(f"{verdict}: {(verdicts['verdict'] == verdict).sum():,}")
