"""Commands over the years: the next year's files, and the index of all runs."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.cli.arguments import FILE


@click.command(
    name="new-year",
    help="""次の年度のパラメータと範囲のファイルを、今年度のものから作ります（コメントは残します）。

    例: recruitlib new-year params/r8_1.yaml --out params/r9_1.yaml

    年度だけのもの（依頼・日付・件数・証明・承認）は空にするか、書き忘れると止まる値にします。生年月日の範囲は
    年齢の規則から計算して示すので、届いた依頼文書と読み比べてください。""",
)
@click.argument("parameters_file", metavar="PARAMS", type=FILE)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True,
    help="次の年度のファイル（params の中。名前が実行名になります）。",
)  # fmt: skip
@click.option(
    "--ranges", default="",
    help="依頼文書にある範囲（例 2009-04-02/2010-04-01,2005-04-02/2006-04-01）。省くと画面で確かめます。",
)  # fmt: skip
def new_year(parameters_file: Path, out: Path, ranges: str) -> None:
    """Make the next year's files from this year's, once an officer has confirmed the birth ranges."""
    from recruitlib.oversight.next_year import (
        check_typed,
        describe_ranges,
        plan_next_year,
        write_next_year,
    )

    plan = plan_next_year(parameters_file.resolve(), out.resolve())
    click.echo(f"{plan.fiscal_year}年度の生年月日の範囲（年齢の規則から）:")
    for line in describe_ranges(plan):
        click.echo(f"  {line}")
    if ranges:
        raise_problems(ParameterError, check_typed(plan, ranges), "--ranges")
    elif not click.confirm("届いた依頼文書に印字された範囲と、一日も違いませんか"):
        raise ParameterError(
            "何も作っていません。依頼文書が届いてから、範囲を読み比べてください。違うときは、依頼元に確かめてください。"
        )
    write_next_year(plan)
    click.echo(plan.checklist)
    click.echo(f"作ったファイル: {'、'.join(path.name for path in plan.files)}")


@click.command(
    help="""実行の一覧を、年度ごとに示します。合言葉は要りません。氏名は出ません。

    どこまで進んだか、何を待っているか、件数、次に打つコマンドと、期限を過ぎたものを示します。"""
)
@click.option("--demonstration", is_flag=True, help="見本の実行を示します。")
def runs(demonstration: bool) -> None:
    """Show the index of the project's runs, and what is overdue."""
    from datetime import datetime

    from recruitlib.base.parameters import find_root
    from recruitlib.base.run import JAPAN
    from recruitlib.oversight.overdue import list_overdue
    from recruitlib.oversight.run_index import list_runs, tell_runs

    root = find_root()
    for line in list_overdue(root, demonstration, datetime.now(JAPAN).date()):
        click.echo(f"期限切れ: {line}")
    lines = list_runs(root, demonstration)
    for told in tell_runs(lines):
        click.echo(told)
    if not lines:
        click.echo(
            "まだ実行がありません。"
            + ("" if demonstration else "見本の実行は --demonstration で示します。")
        )
