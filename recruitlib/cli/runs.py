"""Commands on a run: the demonstration, the notebooks in order, the seal, the register."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import click

from recruitlib.base.audit import AUDIT_NAME, group_digest, read_entries
from recruitlib.base.cut_off import CUT_OFF, list_broken
from recruitlib.base.errors import AwaitingPerson, IntegrityError, ParameterError
from recruitlib.base.heads import find_heads, is_noted, note_head
from recruitlib.base.live_files import seal_live
from recruitlib.base.parameters import STAGE_NAMES, find_root, read_parameters, read_yaml
from recruitlib.base.record import LAUNCHER_NAMES, NOTEBOOK_FOLDER
from recruitlib.base.run import RUN_NAME, end_closing, list_completed
from recruitlib.base.run_lock import RUN_LOCK_NAME, hold_run, is_at_work
from recruitlib.base.vault import PRIVATE, protect_folder
from recruitlib.base.verification import find_head, is_head, list_begun, verify_record
from recruitlib.cli.arguments import FIRST, LAST, LOG, RUN, read_kind, read_log, read_run

DEMONSTRATION = "params/demo.yaml"
DEMONSTRATION_WARD = "inputs/demo"
DEMONSTRATION_RESIDENTS, DEMONSTRATION_SEED = 40_000, 2026


@click.command(help="架空の区を作り、取込から提供までを通しで実行します。")
def demo() -> None:
    """Make the invented ward and run everything through 05."""
    from recruitlib.pipeline import describe_result, run_pipeline
    from recruitlib.synth.ward import make_ward

    root = find_root()
    click.echo(f"架空の区（住民 {DEMONSTRATION_RESIDENTS:,}人）を作っています …")
    parameters = read_parameters(root / DEMONSTRATION)
    folder = root / parameters["runs_folder"] / parameters["run_id"]
    protect_folder(folder)
    with hold_run(folder):  # another demonstration may be at work on this ward
        ward = root / DEMONSTRATION_WARD
        ward.mkdir(parents=True, exist_ok=True)
        towns = root / "params/towns/131041.csv"
        make_ward(ward, DEMONSTRATION_RESIDENTS, DEMONSTRATION_SEED, towns)
        remove_demonstration(folder)
    began = time.monotonic()
    run_pipeline(root / DEMONSTRATION, say=click.echo)
    click.echo(f"見本の実行が終わりました（{time.monotonic() - began:.1f}秒）。")
    for line in describe_result(folder, demonstration=True):
        click.echo(line)
    click.echo(f"実行記録: {folder / 'notebooks'} の HTML（01 から順に読んでください）")


def remove_demonstration(folder: Path) -> None:
    """Remove an earlier demonstration, and nothing that is not one; the caller holds the run."""
    sections = read_yaml(folder / RUN_NAME) if (folder / RUN_NAME).exists() else {}
    kind = sections.get("01", {}).get("run_kind", "")
    # Before its first notebook has begun a run holds the launcher's own files, and nothing else.
    own = (PRIVATE, NOTEBOOK_FOLDER, AUDIT_NAME, *LAUNCHER_NAMES)
    begun = any(path.name not in own for path in folder.iterdir())
    if kind != "demonstration" and (kind or begun):
        raise ParameterError(
            f"{folder.name}: 見本でない実行がこの名前で残っています。消しません。"
            "別の場所に移してください。"
        )
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != RUN_LOCK_NAME:
            path.unlink()


@click.command(help="パラメータのファイルに書かれた実行を、順に行います。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@FIRST
@LAST
@LOG
def run(parameters_file: Path, first: str, last: str, log: str) -> None:
    """Run the notebooks of a parameter file."""
    from recruitlib.pipeline import describe_result, run_pipeline

    def say(line: str) -> None:
        click.echo(line, err=log == "-")

    tell = read_log(log)
    folder = run_pipeline(parameters_file.resolve(), first, last, say, tell)
    demonstration = read_parameters(parameters_file.resolve())["run_kind"] == "demonstration"
    for line in describe_result(folder, demonstration):
        say(line)
    say(f"実行記録: {folder}")


@click.command(help="実行済みのノートブックを検査し、封をします（papermill で実行した後に）。")
@click.argument("folder", type=RUN)
def seal(folder: Path) -> None:
    """Scan and seal the executed notebooks of a run."""
    from recruitlib.base.vault import open_key
    from recruitlib.closing.disposal import seal_run

    folder = folder.resolve()
    run_id, demonstration = read_kind(folder)
    with hold_run(folder):
        if end_closing(folder):
            note_head(folder)
            click.echo("中断した廃棄で残っていたファイルを消去しました。")
            return
        key = open_key(folder, run_id, demonstration)
        closed = any(
            entry["event"] == "completed" and entry["stage"] == "06"
            for entry in read_entries(folder)
        )
        for name in (*seal_live(folder, key), *seal_run(folder, key, closed)):
            click.echo(f"{name}: 個人の情報はありません。封をしました。")
        note_head(folder)
    click.echo(f"記録の先頭値: {group_digest(read_entries(folder)[-1]['hash'])}")


@click.command(
    help="""実行記録が変えられていないかを調べます。合言葉は要りません。写しを、別の PC でも調べられます。

    --head には、この実行のどの紙に印刷された先頭値でも書けます。"""
)
@click.argument("folder", type=RUN)
@click.option("--head", default="", help="紙（送付状など）に印刷された「実行記録の先頭値」。")
def verify(folder: Path, head: str) -> None:
    """Verify a run's record."""
    folder = folder.resolve()
    if head and not is_head(head):
        raise ParameterError(
            "--head: 先頭値は、0 から 9 と a から f の4桁を四つ並べたものです。紙のとおりに打ってください。"
        )
    problems = verify_record(folder, head)
    if problems:
        _refuse_at_work(folder, problems)
    for problem in problems:
        click.echo(f"× {problem}")
    if problems:
        raise IntegrityError(
            f"実行記録に{len(problems)}件の問題があります。{_explain(folder, problems)}"
        )
    entries = read_entries(folder)
    done = [f"{stage} {STAGE_NAMES[stage]}" for stage in list_completed(entries)]
    click.echo(f"完了した段階: {'、'.join(done) or 'なし'}")
    place = find_heads(folder, entries)
    if place and is_noted(place):
        click.echo("役所の控え（register の先頭値）とも合います。")
    if not head:
        click.echo("内部整合: 記録はそれ自身と合います。")
        return
    later = entries[find_head(entries, head) :]
    begun = [f"{stage} {STAGE_NAMES[stage]}" for stage in dict.fromkeys(list_begun(later))]
    told = f"（その中で始めた段階: {'、'.join(begun)}）" if begun else ""
    click.echo(f"先頭値の後に {len(later):,} 行あります{told}。紙が証すのは、その前までです。")
    click.echo("完全: 紙の先頭値とも合います。")


def _is_cut_off(folder: Path, problems: Sequence[str]) -> bool:
    """Whether all that does not fit was left by a run that was cut off."""
    try:
        return not list_broken(folder, read_entries(folder), problems)
    except (AttributeError, KeyError, TypeError, ValueError, IntegrityError):
        return False  # a chain that no run writes


def _refuse_at_work(folder: Path, problems: Sequence[str]) -> None:
    """Refuse to judge what a command that is at work has not entered yet.

    Raises:
        AwaitingPerson: nothing is known to be wrong.
    """
    if is_at_work(folder) and _is_cut_off(folder, problems):
        raise AwaitingPerson(
            "この実行では、今、ほかの作業が動いています。終わってから、もう一度確かめてください。"
        )


def _explain(folder: Path, problems: Sequence[str]) -> str:
    first = (
        "記録の順で最初に合わないのは、一番上の行です。この実行を使わず、管理者に知らせてください。"
    )
    return CUT_OFF if _is_cut_off(folder, problems) else first


@click.command(
    help="""実行の経過を、監査する人に読める形で示します。合言葉は要りません。氏名は出ません。

    段階ごとに、いつ・だれが、件数、関門の答え、止まったこと、決定と承認、個人情報のファイルを開いたこと、
    今どこに何があるかを、記録だけから書きます。"""
)
@click.argument("folder", type=RUN)
def show(folder: Path) -> None:
    """Show the story of a run."""
    from recruitlib.oversight.story import tell_story

    folder = folder.resolve()
    problems = verify_record(folder)
    if problems:
        _refuse_at_work(folder, problems)
    for line in tell_story(folder):
        click.echo(line)
    if problems and not _is_cut_off(folder, problems):
        raise IntegrityError(
            f"この記録には合わないところが{len(problems)}件あり（初めの ×）、経過は信じられません。"
            "recruitlib verify で確かめ、管理者に知らせてください。"
        )
    if problems:
        raise IntegrityError(
            f"この記録と合わないものが{len(problems)}件あります（初めの ×）。{CUT_OFF}"
        )
    click.echo("記録の検査: 内部整合（recruitlib verify と同じ）")


@click.command(
    help="除外申出受付簿を、担当者が確かめるための Excel に書き出します（個人の情報です。期限までに消します）。"
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="書き出すファイル（.xlsx）。"
)
@click.option("--by", "exported_by", required=True, help="書き出す人の職名。")
@click.option("--due", required=True, help="消去の期限（例 2026-06-30）。06 が消去を確かめます。")
def register(parameters_file: Path, out: Path, exported_by: str, due: str) -> None:
    """Export the register of the run's fiscal year as a workbook; that it was made is logged."""
    from recruitlib.optouts.register_workbook import export_register

    _, root, folder = read_run(parameters_file)
    read_kind(folder)
    done = export_register(root, folder, out, exported_by, due)
    click.echo(
        f"{out.name}: 受付簿 {done.lines}行を書き出しました。{due} までに消去し、06 の廃棄の確認書の "
        "exports に書いてください。"
    )
    for year in done.expired:
        click.echo(
            f"{year}年度の受付簿は、保存期間が終わっています。規程に従って廃棄してください。"
        )
