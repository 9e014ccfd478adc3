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
    from recruitlib.labels import coverage
    from recruitlib.labels.print_settings import open_fonts, open_sheet, read_wording

    if (check is None) != (out is None):
        raise ParameterError("--check と --out は、両方を書いてください。")
    parameters, root, _ = read_run(parameters_file)
    chain, wording = open_fonts(root, parameters), read_wording(root, parameters)
    if check is None or out is None:
        found = coverage.measure_coverage(coverage.read_cohort(root, parameters), chain, wording)
        for line in coverage.describe_coverage(found, chain):
            click.echo(line)
        return
    check_out(out, check, columns=coverage.VERDICT_COLUMNS)
    sheet = open_sheet(root, parameters)
    verdicts = coverage.judge_labels(coverage.read_labels(check), sheet, chain, wording)
    coverage.write_verdicts(out, verdicts)
    for verdict in ("print", "refuse"):
        click.echo(f"{verdict}: {(verdicts['verdict'] == verdict).sum():,}")
