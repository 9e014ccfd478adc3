"""The command with which an officer signs a file that was written by hand."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from recruitlib.base.parameters import find_root, read_yaml
from recruitlib.base.signed_files import name_kind, pick_said, sign_file
from recruitlib.cli.arguments import FILE


@click.command(
    help="""手で書いた確認書（提供・廃棄・対策の証明）に、ご本人の鍵で署名します。

    署名する内容を表示します。読んで、そのとおりであるときだけ合言葉を入れてください。署名の後に一字でも変えると、
    全員の署名がやり直しになります。"""
)
@click.argument("file", type=FILE)
@click.option("--by", "staff_id", required=True, help="署名する人の職員番号。")
def sign(file: Path, staff_id: str) -> None:
    """Sign a file of officers."""
    from recruitlib.base.officers import open_signer, read_officer_passphrase

    content = read_yaml(file)
    demonstration = content.get("demonstration") is True
    click.echo(f"{file.name}: {name_kind(file, content)}")
    said = pick_said(content)
    click.echo(
        yaml.safe_dump(
            said, allow_unicode=True, sort_keys=False, default_flow_style=None, width=100
        ).rstrip()
    )
    passphrase = read_officer_passphrase(staff_id, demonstration)
    sign_file(file, open_signer(find_root(file.parent), demonstration, staff_id, passphrase))
    click.echo(f"{file}: {staff_id} が署名しました。")
