"""The command of the access review: who opened what, over all runs, kept in the office's folder."""

from __future__ import annotations

from datetime import datetime

import click

from recruitlib.base.errors import RecruitError

_FOLDER = "access_review"


@click.command(
    name="access-review",
    help="""閲覧の点検（90）を行い、結果を register/access_review に残します。合言葉は要りません。

    すべての実行について、だれが何のために個人情報を開いたか、時間外の閲覧、違った合言葉、廃棄していない
    実行、過ぎた期限を、表と図にします。氏名は出ません。""",
)
@click.option(
    "--runs-folder",
    "runs_folders",
    multiple=True,
    default=("runs",),
    show_default=True,
    help="実行記録のフォルダ（繰り返せます）。",
)
@click.option("--from", "begin", default="08:30", show_default=True, help="勤務時間の始め。")
@click.option("--to", "end", default="17:15", show_default=True, help="勤務時間の終わり。")
@click.option("--demonstration", is_flag=True, help="見本の実行を点検します。")
def access_review(runs_folders: tuple[str, ...], begin: str, end: str, demonstration: bool) -> None:
    """Execute notebook 90 and keep it with its page in the office's folder."""
    from recruitlib.base.audit import write_atomically
    from recruitlib.base.office import locate_office
    from recruitlib.base.pages import render_html
    from recruitlib.base.parameters import find_root
    from recruitlib.base.run import JAPAN
    from recruitlib.base.vault import protect_folder
    from recruitlib.pipeline import execute_notebook, read_last_line, short_runtime_folder

    root = find_root()
    office = locate_office(root, demonstration)
    now = datetime.now(JAPAN)
    output = office / _FOLDER / f"90_access_review_{now:%Y-%m-%d_%H%M%S}.ipynb"
    for folder in (*([office.parent] if demonstration else []), office, output.parent):
        protect_folder(folder)
    parameters = {
        "runs_folders": list(runs_folders), "hours": [begin, end], "today": "",
        "run_kind": "demonstration" if demonstration else "production",
    }  # fmt: skip
    try:
        with short_runtime_folder():
            execute_notebook(root, output, "90_access_review.ipynb", parameters, "90 閲覧の点検")
    except RecruitError:
        output.unlink(missing_ok=True)  # a review that stopped is none
        raise
    write_atomically(output, output.read_bytes())  # open to its owner only, as everything here
    page = output.with_suffix(".html")
    write_atomically(page, render_html(output, f"点検 {now:%Y-%m-%d %H:%M}（日本時間）"))
    click.echo(read_last_line(output))
    if not demonstration:
        click.echo("見本の実行は数えていません（見本だけを点検するときは --demonstration）。")
    click.echo(
        f"{page.relative_to(root)}: 閲覧の点検を終えました。表を読み、理由を確かめてください。"
    )
