"""The command for many municipalities at once."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from recruitlib.base.errors import ParameterError
from recruitlib.base.status import INTERRUPTED, Event
from recruitlib.cli.arguments import FIRST, LAST, LOG, read_log


@click.command(
    help="""多くの市区町村の実行を、並べて行います（recruitlib[fleet]）。

    市区町村ごとのフォルダにあるパラメータのファイルを並べて書きます。一つが止まっても、ほかは続きます。同じ
    コマンドをもう一度実行すると、続きから始まります。""",
)
@click.argument(
    "files", metavar="PARAMS...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@FIRST
@LAST
@click.option(
    "--workers", type=click.IntRange(min=1), help="同時に動かす数（書かなければ、CPU の数）。"
)
@click.option("--scheduler", default="", help="すでにある Dask のスケジューラ（tls:// だけ）。")
@click.option(
    "--secrets",
    type=click.Path(path_type=Path),
    help="合言葉のファイル（団体コード.env）のフォルダ。",
)
@LOG
def fleet(
    files: tuple[Path, ...], first: str, last: str, workers: int | None, scheduler: str,
    secrets: Path | None, log: str,
) -> None:  # fmt: skip
    """Run many municipalities, and end with the exit code of the gravest."""
    from recruitlib.fleet.orders import plan_orders

    try:
        from dask.system import CPU_COUNT

        from recruitlib.fleet import cluster
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
            raise
        raise ParameterError(
            'fleet には distributed が要ります。pip install "recruitlib[fleet]" を実行してください（閉じた'
            "ネットワークでは、同じものの wheel を入れてください）。"
        ) from None
    from recruitlib.fleet.board import Board, find_gravest, tabulate_results

    if workers and scheduler:
        raise ParameterError("--workers と --scheduler は、どちらか一つだけを書いてください。")

    def say(line: str) -> None:
        click.echo(line, err=log == "-")

    orders = plan_orders(files, first, last, secrets)
    tell = read_log(log)

    def log_event(number: int, event: Event) -> None:
        with suppress(OSError):  # a full disk stops nobody's run
            if tell:
                tell(event)

    board = Board(orders, say, sys.stderr)
    opened = (
        cluster.open_scheduler(scheduler)
        if scheduler
        else cluster.open_cluster(min(workers or CPU_COUNT, len(orders)), say)
    )
    with opened as client:
        results, was_stopped = cluster.run_fleet(client, orders, board, log_event)
        board.close()
    for line in tabulate_results(orders, results):
        say(line)
    sys.exit(INTERRUPTED if was_stopped else find_gravest(results))
