"""The command with which officers review a run in JupyterLab."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.cli.arguments import FILE, read_run


@click.command(
    help="""03 確認を JupyterLab で開きます（日本語。この PC の中だけ。外への通信はしません）。

    終わると、保存されたファイルに個人の情報がないかを調べ、封をします。"""
)
@click.argument("parameters_file", metavar="PARAMS", type=FILE)
@click.option("--no-browser", is_flag=True, help="ブラウザーを開かず、アドレスを表示します。")
def review(parameters_file: Path, no_browser: bool) -> None:
    """Open notebook 03 of a run in JupyterLab, and seal what the session leaves."""
    from recruitlib.base.run import find_today
    from recruitlib.live.session import review_run
    from recruitlib.oversight.overdue import list_overdue

    parameters, root, _ = read_run(parameters_file)
    demonstration = parameters["run_kind"] == "demonstration"
    for line in list_overdue(root, demonstration, find_today(parameters, "03")):
        click.echo(f"期限切れ: {line}")
    review_run(parameters_file.resolve(), click.echo, browser=not no_browser)
    click.echo(
        f"次は recruitlib run {parameters_file} --from 03 です（確認した 03 を記録に残します）。"
    )
