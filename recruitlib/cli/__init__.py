"""The commands: parse, call, report. Officers see one Japanese line; schedulers see an exit code."""

from __future__ import annotations

import os
import sys

import click

from recruitlib.base.errors import RecruitError, describe_place, explain_refusal
from recruitlib.cli import (
    case_workbooks,
    duties,
    files,
    fleets,
    late,
    lookup,
    overseeing,
    people,
    printing,
    reviewing,
    runs,
    serials,
    sheets,
    signing,
    years,
)


@click.group(help="住民に害を与えずに宛名シールを提供するための道具です。")
@click.version_option(package_name="recruitlib")
def commands() -> None:
    """Group the commands."""


for command in (
    runs.demo, runs.run, runs.seal, runs.verify, runs.show, runs.register, fleets.fleet, overseeing.access_review,
    files.inspect, files.match_trial, files.synth, files.towns,
    printing.fonts, sheets.sheet, reviewing.review,
    people.cases, people.decide, people.decide_listed, people.confirm, people.approve, people.officer,
    people.why, signing.sign, lookup.lookup, duties.duty, duties.correction,
    serials.delta, serials.reprint, serials.spoil, late.late_optouts, late.discard_request,
    years.new_year, years.runs,
    case_workbooks.cases_workbook, case_workbooks.decide_workbook,
):  # fmt: skip
    commands.add_command(command)


def main() -> None:
    """Run a command and end with its exit code: one line for an expected stop, never a traceback."""
    os.umask(0o077)  # nothing that a command or a kernel writes is for others on this computer
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows terminal in CP932 cannot write every sign; a question mark is no reason to stop.
            stream.reconfigure(errors="replace")
    try:
        commands(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo(
            "中断しました。どこまで進んだかと、続きのコマンドは、recruitlib runs で分かります。",
            err=True,
        )
        sys.exit(130)
    except RecruitError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        told = explain_refusal(error) or f"予期しない誤りです: {describe_place(error)}"
        click.echo(told, err=True)
        sys.exit(1)
