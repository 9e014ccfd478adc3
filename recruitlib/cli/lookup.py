"""The command that answers for one given person, also long after the run is closed."""

from __future__ import annotations

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import find_root
from recruitlib.cli.arguments import require_listed
from recruitlib.cli.people import BY, open_officer
from recruitlib.handover.lookup import PURPOSES


@click.command(
    help="""ある人を除外したか、提供したか、その後に廃棄を求めたかを答えます。

    すべての年度と実行の控えを調べます（廃棄の後も、実行のフォルダがなくても答えます）。宛名番号か、氏名と
    生年月日を、起動してから入力します。除外の理由は残していないので、答えません。誰がいつ何のために調べたかが、
    受付簿の記録に残ります（調べられた人の情報は残りません）。"""
)
@BY
@click.option("--purpose", type=click.Choice(PURPOSES), required=True, help="調べる理由。")
@click.option("--demonstration", is_flag=True, help="見本の実行の控えを調べます。")
def lookup(staff_id: str, purpose: str, demonstration: bool) -> None:
    """Ask for one person at the prompt (an argument would stay in the history), and answer."""
    from recruitlib.handover.lookup import describe_answers, look_up, open_lookup

    root = find_root()
    require_listed(root, demonstration, staff_id)
    open_officer(root, demonstration, staff_id)
    office = open_lookup(root, demonstration)
    digest, name = _ask_person(office.key.digest_key)
    for line in describe_answers(look_up(root, office, [digest], staff_id, purpose), name):
        click.echo(line)


def _ask_person(key: bytes) -> tuple[str, str]:
    """Ask for an id or a name with a birth date; give the digest, and the name if it was one."""
    from recruitlib.base.dates import parse_date
    from recruitlib.base.supplies import digest_named, digest_resident, require_id

    if resident := _ask("宛名番号（わからないときは空のまま Enter）"):
        digest = digest_resident(require_id(resident), key)
        click.echo(f"宛名番号 {resident} の人を探します。打ち間違いがないか、確かめてください。")
        return digest, ""
    name, birth = _ask("氏名"), parse_date(_ask("生年月日"))
    if not name or birth.value is None:
        raise ParameterError(
            "宛名番号か、氏名と生年月日（例 2008-04-02、平成20年4月2日）を入れてください。"
        )
    click.echo("氏名（異体字は区別しません）と生年月日が同じ人を探します。")
    return digest_named(name, birth.value.isoformat(), key), name


def _ask(what: str) -> str:
    return str(click.prompt(what, default="", show_default=False)).strip()
