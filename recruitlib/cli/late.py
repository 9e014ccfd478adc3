"""Commands for whoever opts out when the labels have left: the recipient is asked to destroy them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recruitlib.base.errors import ParameterError
from recruitlib.cli.arguments import FILE, read_kind, read_run
from recruitlib.cli.people import BY, open_officer

if TYPE_CHECKING:
    from recruitlib.base.run import Stage
    from recruitlib.handover.duties import Duty
    from recruitlib.handover.late import Late

# How long the recipient has to answer where no day is given.
_DAYS_TO_ANSWER = 14
_PARAMETERS = click.argument("parameters_file", metavar="PARAMS", type=click.Path(path_type=Path))
_DUE = click.option("--due", default="", help="回答の期限（例 2026-06-16。省くと14日後）。")
_DAY = click.option("--day", default="", help="作業の日（見本の実行だけ。例 2026-06-02）。")


@click.command(
    name="late-optouts",
    help="""提供の後の申出を、本日の一覧で提供した人と突き合わせ、廃棄依頼書（提供先へ）を作ります。

    一覧は受付簿に加わります。決められない申出は、候補の全員の通番を求めます。方針 late_optout: return の実行では、
    締切後の申出は返す件数を示すだけです。廃棄（06）の後は、recruitlib discard-request を使います。""",
)
@_PARAMETERS
@click.option("--form", type=FILE, required=True, help="電子申請の出力（本日の全件）。")
@click.option("--form-total", type=int, required=True, help="同 画面に表示された件数。")
@click.option("--counter", type=FILE, required=True, help="窓口・郵送の受付簿（本日の全件）。")
@click.option("--counter-total", type=int, required=True, help="同 紙の申出書の枚数。")
@_DUE
@_DAY
@BY
def late_optouts(
    parameters_file: Path,
    form: Path,
    form_total: int,
    counter: Path,
    counter_total: int,
    due: str,
    day: str,
    staff_id: str,
) -> None:
    """Join the lists of today into the register, and ask the labels back that they mean."""
    from recruitlib.base.office import open_office, sharing_key
    from recruitlib.base.open_run import open_supplied
    from recruitlib.base.vault import opening
    from recruitlib.handover.discard import MOST_SERIALS, request_discard
    from recruitlib.handover.late import find_late, note_late

    parameters, root, folder = read_run(parameters_file)
    _, demonstration = read_kind(folder)
    signer = open_officer(root, demonstration, staff_id)
    today = _find_day(folder, day)
    files = {"form": (form, form_total), "counter": (counter, counter_total)}
    stage = _put_lists(open_supplied(root, parameters), files, today)
    office = open_office(root, folder, parameters["run_id"], demonstration)
    with sharing_key(office), opening("提供の後の申出（recruitlib late-optouts）", by=staff_id):
        late = find_late(stage, office)
    until = due or _find_due(today)
    unclear = note_late(stage, late, until, signer)
    for line in _describe_late(late):
        click.echo(line)
    if unclear:
        click.echo(
            f"決められない申出を確かめることを、期限 {unclear.due} で義務の簿冊の番号 {unclear.number} に加えました。"
        )
    for first in range(0, len(late.serials), MOST_SERIALS):
        own = late.serials[first : first + MOST_SERIALS]
        _report(own, *request_discard(root, folder, office, own, until, signer, today))


@click.command(
    name="discard-request",
    help="""提供した宛名シールの廃棄依頼書（提供先へ）を、通番を指して作ります。

    作る前に、通番と期限を示して尋ねます。通番は recruitlib lookup で分かります。廃棄（06）の後の実行でも使えます。氏名も理由も書きません。
    回答が、義務の簿冊に加わります。""",
)
@_PARAMETERS
@click.option("--serials", required=True, help="通番（例 12,40-42）。")
@_DUE
@_DAY
@BY
def discard_request(parameters_file: Path, serials: str, due: str, day: str, staff_id: str) -> None:
    """Ask given labels back, also when the run is closed, once an officer has read them again."""
    from recruitlib.base.office import open_office
    from recruitlib.base.serial_acts import name_serials
    from recruitlib.handover.discard import request_discard
    from recruitlib.handover.serials import parse_serials

    parameters, root, folder = read_run(parameters_file)
    _, demonstration = read_kind(folder)
    asked = parse_serials(serials)
    today = _find_day(folder, day)
    until = due or _find_due(today)
    click.echo(
        f"廃棄依頼: 実行 {parameters['run_id']} の通番 {name_serials(asked)}（{len(asked):,}枚）、"
        f"依頼の日 {today.isoformat()}、回答の期限 {until}"
    )
    if not click.confirm("この通番の廃棄を求めますか"):
        raise ParameterError("何も作っていません。通番は recruitlib lookup で確かめてください。")
    signer = open_officer(root, demonstration, staff_id)
    office = open_office(root, folder, parameters["run_id"], demonstration)
    _report(asked, *request_discard(root, folder, office, asked, until, signer, today))


def _find_day(folder: Path, day: str) -> date:
    """Find the day of work: today, or in a demonstration the day that is given or was last.

    Raises:
        ParameterError: a day is given for a real run, or is none.
    """
    from recruitlib.base.audit import read_entries
    from recruitlib.base.parameters import is_iso_date
    from recruitlib.base.run import find_last_day, read_frozen

    values = read_frozen(folder)
    demonstration = values["run_kind"] == "demonstration"
    if not day:
        today = find_last_day(values, read_entries(folder))
        if demonstration:
            click.echo(f"作業の日は、{today.isoformat()} とします（見本。変えるときは --day）。")
        return today
    if not demonstration:
        raise ParameterError(
            "--day は見本の実行だけで使えます。本番は本日の日付になります。--day を付けずに実行してください。"
        )
    if not is_iso_date(day):
        raise ParameterError("--day は 2026-06-02 の形で書いてください。")
    return date.fromisoformat(day)


def _find_due(today: date) -> str:
    return (today + timedelta(days=_DAYS_TO_ANSWER)).isoformat()


def _put_lists(stage: Stage, files: Mapping[str, tuple[Path, int]], today: date) -> Stage:
    """Put the lists of today in the place of those of handover day."""
    values: dict[str, Any] = dict(stage.parameters)
    for source, (path, total) in files.items():
        values[f"handover_{source}_file"] = str(path.resolve())
        values[f"handover_{source}_total"] = total
        values[f"handover_{source}_exported_on"] = today.isoformat()
    return replace(stage, parameters=values, today=today)


def _describe_late(late: Late) -> list[str]:
    unclear = late.fresh - late.supplied - late.excluded - late.absent
    lines = [
        f"02 の後の新しい申出は {late.fresh} 件です（提供した人に当たる {late.supplied}、もう取り消した・除外した "
        f"{late.excluded}、提供した人にいない {late.absent}、決められない {unclear}）。"
    ]
    if late.returned:
        lines.append(
            f"締切の後の申出 {late.returned} 件が、提供した人に当たります。方針（late_optout: return）により、"
            "申出人に返してください。廃棄は求めません。"
        )
    if late.asked_before:
        lines.append(f"{late.asked_before:,} 枚は、もう廃棄を求めています。")
    if late.unclear:
        lines.append(
            f"だれを指すか決められない申出が {late.unclear} 件あります。本人に確かめ、recruitlib lookup で通番が"
            "分かったら recruitlib discard-request を使ってください。"
        )
    if not late.serials:
        lines.append("新しく廃棄を求める通番はありません。")
    if late.others:
        lines.append(
            f"この年度には、ほかの実行の提供（{'、'.join(late.others)}）もあります。同じ一覧で確かめてください。"
        )
    return lines


def _report(serials: Sequence[int], path: Path, duty: Duty) -> None:
    from recruitlib.base.serial_acts import name_serials

    click.echo(
        f"{path}: 廃棄依頼書を作りました（通番 {name_serials(serials)}）。提供先へ送ってください。回答の期限 "
        f"{duty.due} を、義務の簿冊の番号 {duty.number} に加えました。回答が来たら、recruitlib duty settle "
        f"{duty.number} で結果を書きます。"
    )
