"""Commands after the hand-over: what is still to be reported or settled, and a notice of correction."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from recruitlib.base.audit import write_atomically
from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import find_root
from recruitlib.cli.arguments import check_out, read_kind, read_run, require_listed
from recruitlib.cli.people import BY, open_officer

_DEMONSTRATION = click.option("--demonstration", is_flag=True, help="見本の簿冊を使います。")


def _find_day() -> date:
    from recruitlib.base.run import JAPAN

    return datetime.now(JAPAN).date()


@click.group(
    help="""義務の簿冊（消去報告・実地の調査・事故）。済むまで期限とともに示します。

    個人の氏名・番号・電話番号・生年月日は書けません。行は書き足すだけで、消しません。"""
)
def duty() -> None:
    """Group the commands on the register of duties."""


@duty.command(name="list", help="簿冊を表示します。済んでいないものが先です。")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A4 の PDF に書き出します。"
)
@_DEMONSTRATION
def show(out: Path | None, demonstration: bool) -> None:
    """Show the register, or write it as a paper."""
    from recruitlib.base.office import REAL_ONES
    from recruitlib.handover.duties import render_duties, tabulate_duties

    today = _find_day()
    table = tabulate_duties(find_root(), demonstration, today)
    for row in table.itertuples(index=False, name=None):
        number, kind, run_id, about, due, state, result = row
        click.echo(f"{number}  {state}  期限 {due}  {kind}  {run_id}  {about}  {result}".rstrip())
    if table.empty:
        click.echo(f"まだ何もありません{'' if demonstration else REAL_ONES}。")
    if out is not None:
        check_out(out)
        write_atomically(out, render_duties(table, today, demonstration))
        click.echo(f"{out}: 簿冊を書き出しました。")


@duty.command(name="add", help="義務（報告・調査・事故の処理）を書き足します。")
@click.option(
    "--kind",
    required=True,
    help="種類: deletion_counterparty（外部結合の相手方の消去報告）・deletion_recipient（提供先の消去報告）・"
    "discard_recipient（提供先の廃棄（申出による））・unclear_optout（だれを指すか決められない申出）・"
    "inspection（実地の調査）・incident（事故）。",
)
@click.option("--run", "run_id", default="", help="どの実行についてか（実行名）。")
@click.option("--about", required=True, help="内容（80字以内）。")
@click.option("--due", required=True, help="期限（例 2026-06-30）。")
@BY
@_DEMONSTRATION
def add(kind: str, run_id: str, about: str, due: str, staff_id: str, demonstration: bool) -> None:
    """Open a duty, signed by the officer."""
    from recruitlib.handover.duties import locate_duties, open_duty

    root = find_root()
    require_listed(root, demonstration, staff_id)
    signer = open_officer(root, demonstration, staff_id)
    opened = open_duty(root, signer, kind, run_id, about, due, _find_day(), demonstration)
    click.echo(f"{locate_duties(root, demonstration)}: 番号 {opened.number} を書きました。")


@duty.command(
    name="settle", help="義務が済んだことと、その結果を書きます（どの義務かを示して尋ねます）。"
)
@click.argument("number", type=int)
@click.option("--result", required=True, help="結果（80字以内）。")
@BY
@_DEMONSTRATION
def settle(number: int, result: str, staff_id: str, demonstration: bool) -> None:
    """Settle a duty, signed by the officer, who has seen which one it is."""
    from recruitlib.handover.duties import KINDS, list_open, locate_duties, settle_duty

    root, today = find_root(), _find_day()
    require_listed(root, demonstration, staff_id)
    for own in list_open(root, demonstration, today):
        if own.number == number:
            click.echo(
                f"番号 {number}  期限 {own.due}  {KINDS[own.kind]}  {own.run_id}  {own.about}"
            )
            if not click.confirm("この義務を済みにしますか"):
                raise ParameterError(
                    "何も書いていません。番号は recruitlib duty list で確かめてください。"
                )
    signer = open_officer(root, demonstration, staff_id)
    settle_duty(root, signer, number, result, today, demonstration)
    click.echo(f"{locate_duties(root, demonstration)}: 番号 {number} を済みにしました。")


@click.command(
    help="""提供した宛名シールの訂正通知（提供先へ）を作り、記録に加えます。

    通番と、してほしいことだけを書き、理由は書きません。廃棄の後の実行でも使えます。結果の報告が、義務の簿冊に
    加わります。"""
)
@click.argument("parameters_file", metavar="PARAMS", type=click.Path(path_type=Path))
@click.option("--serials", required=True, help="通番（例 12,40-42）。")
@click.option("--due", required=True, help="結果の報告の期限（例 2026-06-15）。")
@BY
def correction(parameters_file: Path, serials: str, due: str, staff_id: str) -> None:
    """Write a notice of correction to the recipient."""
    from recruitlib.handover.correction import correct_labels
    from recruitlib.handover.serials import parse_serials

    _, root, folder = read_run(parameters_file)
    _, demonstration = read_kind(folder)
    asked = parse_serials(serials)
    signer = open_officer(root, demonstration, staff_id)
    path, opened = correct_labels(root, folder, asked, due, signer)
    click.echo(
        f"{path}: 訂正通知を書きました。報告の期限 {opened.due} を、義務の簿冊の番号 {opened.number} に"
        "加えました。"
    )
