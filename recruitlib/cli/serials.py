"""Commands between the print and the hand-over: delta, reprint and spoil, each by two officers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.serial_acts import REPRINT_REASONS
from recruitlib.cli.arguments import FILE, check_out, read_run
from recruitlib.cli.people import BY, open_officer

if TYPE_CHECKING:
    from recruitlib.base.officers import Signer
    from recruitlib.base.run import Stage
    from recruitlib.handover.changes import Act

# What an act does with the paper, and with the files.
_PULLED = {
    "delta": "手元から抜く、または印刷しない宛名シール",
    "reprint": "手元から抜き、裁断する古い宛名シール",
    "spoil": "裁断した宛名シール",
}
_BLANKED = "古い PDF は消去し、終わった通番のところを空けて作り直しました。"
_Command = TypeVar("_Command", bound=Callable[..., Any])
_PARAMS = click.argument("parameters_file", metavar="PARAMS", type=FILE)
_CONFIRM = click.option(
    "--confirm", "value", default="",
    help="用意のときに表示された値（4桁ずつ4組）。別の職員が、同じ指定にこれを加えて実行します。",
)  # fmt: skip
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="抜く一覧を A4 の PDF に書き出します。"
)  # fmt: skip
# The sources of a day: option, parameter, what it is, its total's option and the day of it.
_SOURCES = (
    ("registry", "registry", "提供日の抽出", "registry_base_date", "異動"),
    ("protection", "protections", "支援措置の一覧", "protections_listed_on", "支援措置"),
    ("form", "form", "電子申請の出力", "form_exported_on", "申出"),
    ("counter", "counter", "窓口・郵送の受付簿", "counter_exported_on", "申出"),
)


def _take_day(command: _Command) -> _Command:
    """Add the options that say for one call which files are those of today."""
    for option, name, what, _, since in reversed(_SOURCES):
        command = click.option(
            f"--{option}-none-since", f"{name}_attested_by", default="",
            help=f"{what}の代わりに、その後に{since}がないことを証明した人。",
        )(command)  # fmt: skip
        if name != "protections":
            command = click.option(
                f"--{option}-total", f"{name}_total", type=int, help=f"{what}の控えにある件数。"
            )(command)
        command = click.option(f"--{option}", f"{name}_file", type=FILE, help=f"本日の{what}。")(
            command
        )
    return command


def _open(parameters_file: Path, day: dict[str, Any] | None = None) -> Stage:
    """Open the run with the day's files, and finish what an act that was cut off had begun."""
    from recruitlib.base.open_run import open_run
    from recruitlib.base.parameters import STAGES, validate_parameters
    from recruitlib.base.run import find_today
    from recruitlib.handover.blanks import resume_lots

    parameters, root, _ = read_run(parameters_file)
    today = find_today(parameters, "05").isoformat()
    given = validate_parameters({**parameters, **_name_day(day or {}, today)}, STAGES)
    stage = open_run(root, given)
    if resume_lots(stage):
        click.echo("中断していた PDF の作り直しを済ませました。")
    return stage


def _name_day(day: dict[str, Any], today: str) -> dict[str, Any]:
    """Name the parameters of 05 that the options of a call say otherwise than the file.

    Raises:
        ParameterError: a source has a file and an attestation, or a file without its total.
    """
    values: dict[str, Any] = {}
    for option, name, _, dated, _ in _SOURCES:
        file, attested_by, total = (
            day.get(f"{name}_{part}") for part in ("file", "attested_by", "total")
        )
        if not file and not attested_by:
            if total is not None:
                raise ParameterError(f"--{option}-total は、--{option} と一緒に書いてください。")
            continue
        if file and attested_by:
            raise ParameterError(
                f"--{option} と --{option}-none-since は、どちらか一つだけを書いてください。"
            )
        if file and total is None and name != "protections":
            raise ParameterError(f"--{option} には、--{option}-total も書いてください。")
        values |= {
            f"handover_{name}_file": str(file.resolve()) if file else "",
            f"handover_{name}_attested_by": attested_by, f"handover_{dated}": today,
        }  # fmt: skip
        if name != "protections":
            values[f"handover_{name}_total"] = total or 0
    return values


def _look_and_act(
    parameters_file: Path, stage: Stage, plan: Callable[[], Act], value: str, staff_id: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Do an act for which today is looked at: the office's folder is opened once for all of it."""
    from recruitlib.base.office import open_office, sharing_key
    from recruitlib.handover.delta import render_pull_list, tabulate_pull_list

    if out is not None:
        check_out(out, parameters_file)
    signer = open_officer(stage.root, stage.demonstration, staff_id)
    run_id = str(stage.parameters["run_id"])
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    with sharing_key(office):
        act = _act(stage, plan, value, signer)
    if out is not None and act.serials:
        pulled = tabulate_pull_list(act.pulled)
        out.write_bytes(render_pull_list(pulled, run_id, stage.today, stage.demonstration))
        click.echo(f"{out}: 抜く一覧を書き出しました。")


def _act(stage: Stage, plan: Callable[[], Act], value: str, signer: Signer) -> Act:
    """Plan an act and prepare it or, with a value, execute it; say what it ends and what is next."""
    from recruitlib.base.vault import opening
    from recruitlib.handover.changes import confirm_act, propose_act

    staff_id = signer.officer.staff_id
    with opening("宛名シールの通番を変える（recruitlib delta・reprint・spoil）", staff_id):
        act = plan()
        if not act.serials:
            click.echo("今日渡してはいけない宛名シールは、手元にありません。何も変えていません。")
        elif value:
            confirm_act(stage, act, value, signer)
        else:
            shown = propose_act(stage, act, signer)
    for line in describe_ends(act):
        click.echo(line)
    if not act.serials:
        return act
    if not value:
        click.echo(
            f"値 {shown}: 別の職員が、シールと一覧を見比べて確かめ、同じ指定に --confirm '{shown}' を加えて"
            "実行してください。まだ何も変わっていません。"
        )
        click.echo(
            "取りやめるときは、実行しなければ何も起こりません。ほかの差引・再印刷・汚損を実行すると、この用意は"
            "使えなくなります。"
        )
        return act
    click.echo("二人の署名で実行しました。" + (_BLANKED if len(act.pulled) else ""))
    for name in act.files:
        click.echo(f"新しい宛名シール（{len(act.serials):,}枚）: {stage.folder / 'private' / name}")
    return act


def describe_ends(act: Act) -> list[str]:
    """Describe which labels an act ends, and whose people have none after it and could have one.

    Why a label is void is not told: beside it that would tell of a death or a protective measure.
    Of whoever may be printed again it is told, so that the reprint is for the right reason.
    """
    from recruitlib.base.serial_acts import ACTS, REPRINT_REASONS, name_serials
    from recruitlib.handover.delta import tabulate_pull_list

    lines = []
    if act.serials:
        pulled = tabulate_pull_list(act.pulled)
        lines = [
            f"{ACTS[act.act]}: 通番 {name_serials(act.serials)}（{len(act.serials):,}枚）",
            f"{_PULLED[act.act]} {len(pulled):,}枚",
        ]
        lines += [
            "束 {}  シート {:>4}  位置 {:>2}  通番 {:>6}".format(*row)
            for row in pulled.itertuples(index=False, name=None)
        ]
    if act.renewable:
        lines.append(
            "次の人は、提供対象者のままでシールがありません。recruitlib reprint で再印刷しないときは、提供しません。"
        )
    for reason in dict.fromkeys(act.renewable.values()):
        own = [serial for serial, why in act.renewable.items() if why == reason]
        told = f"{REPRINT_REASONS[reason]}（--reason {reason}）" if reason else "異動なし"
        lines.append(f"  {told}: 通番 {name_serials(own)}")
    return lines


@click.command(
    help="""差引: 印刷した宛名シールのうち、今日渡してはいけないものを取り消します（二人で）。

    今日の抽出と一覧を、手元の通番と比べます。死亡・転出・転居・氏名の変更・国籍の異動・新しい支援措置と申出の通番が
    終わり、PDF はそこを空けて作り直します。ファイルは、パラメータの handover_ の項目か、次の指定によります。"""
)
@_PARAMS
@_take_day
@_CONFIRM
@_OUT
@BY
def delta(parameters_file: Path, value: str, out: Path | None, staff_id: str, **day: Any) -> None:
    """Void what must not be handed over today."""
    from recruitlib.handover.changes import plan_delta

    stage = _open(parameters_file, day)
    _look_and_act(parameters_file, stage, lambda: plan_delta(stage), value, staff_id, out)


@click.command(
    help="""再印刷: 通番で指定した人だけを、新しい通番で印刷します（二人で）。

    先に今日の抽出と一覧を見て、印刷してはいけない人は断ります。前の通番は取消しになり、あて名は今日の台帳のとおりに
    なります。ページやシートの範囲では指定できません。"""
)
@_PARAMS
@click.option("--serials", required=True, help="通番（例 12,40-47）。")
@click.option(
    "--reason", type=click.Choice(list(REPRINT_REASONS)), required=True,
    help=f"理由: {'・'.join(f'{code}（{name}）' for code, name in REPRINT_REASONS.items())}。",
)  # fmt: skip
@_take_day
@_CONFIRM
@_OUT
@BY
def reprint(
    parameters_file: Path, serials: str, reason: str, value: str, out: Path | None, staff_id: str,
    **day: Any,
) -> None:  # fmt: skip
    """Print labels again under new serials."""
    from recruitlib.handover.changes import plan_reprint
    from recruitlib.handover.serials import parse_serials

    numbers = parse_serials(serials)
    stage = _open(parameters_file, day)
    _look_and_act(
        parameters_file, stage, lambda: plan_reprint(stage, numbers, reason), value, staff_id, out
    )


@click.command(
    help="""汚損: 二人の前で裁断した宛名シールの通番を終わらせます（二人で）。

    シートで指定すると、そのシートで手元にある通番のすべてです。あて名がまだ要る人は、recruitlib reprint で再印刷します。"""
)
@_PARAMS
@click.option("--serials", default="", help="通番（例 12,40-47）。")
@click.option("--sheets", default="", help="束の名前とシートの番号（例 all:14,all:15）。")
@_CONFIRM
@BY
def spoil(parameters_file: Path, serials: str, sheets: str, value: str, staff_id: str) -> None:
    """End labels that were torn up."""
    from recruitlib.handover.changes import plan_spoil
    from recruitlib.handover.serials import find_sheet_serials, parse_serials, read_ledger

    if bool(serials) == bool(sheets):
        raise ParameterError("--serials か --sheets の、どちらか一つを書いてください。")
    stage = _open(parameters_file)

    def plan() -> Act:
        if serials:
            return plan_spoil(stage, parse_serials(serials))
        return plan_spoil(stage, find_sheet_serials(read_ledger(stage).table, sheets))

    _act(stage, plan, value, open_officer(stage.root, stage.demonstration, staff_id))
