"""The commands: parse, call, report. Officers see one Japanese line; schedulers see an exit code."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from recruitlib.base.audit import AUDIT_NAME, LOCK_NAME, append_entry, group_digest, read_entries
from recruitlib.base.errors import ParameterError, RecruitError, describe_place
from recruitlib.base.parameters import STAGE_NAMES, STAGES, find_root, read_parameters, read_yaml
from recruitlib.base.record import NOTEBOOK_FOLDER, verify_record
from recruitlib.base.run import RUN_NAME
from recruitlib.base.vault import PRIVATE

DEMONSTRATION = "params/demo.yaml"
DEMONSTRATION_WARD = "inputs/demo"
DEMONSTRATION_RESIDENTS, DEMONSTRATION_SEED = 40_000, 2026
_STAGE = click.Choice(STAGES)
# The stages in which people decide, and where they write it.
_DECISIONS = {"01": "load_decisions_file", "02": "rows_decisions_file", "03": "decisions_file"}
_DECIDING = click.option(
    "--stage", type=click.Choice(list(_DECISIONS)), default="03", help="事例のある段階。"
)


@click.group(help="住民に害を与えずに宛名シールを提供するための道具です。")
@click.version_option(package_name="recruitlib")
def commands() -> None:
    """Group the commands."""


@commands.command(help="架空の区を作り、取込から提供までを通しで実行します。")
def demo() -> None:
    """Make the invented ward and run everything through 05."""
    from recruitlib.pipeline import describe_result, run_pipeline
    from recruitlib.synth.ward import make_ward

    root = find_root()
    click.echo(f"架空の区（住民 {DEMONSTRATION_RESIDENTS:,}人）を作っています …")
    ward = root / DEMONSTRATION_WARD
    ward.mkdir(parents=True, exist_ok=True)
    towns = root / "params/towns/131041.csv"
    make_ward(ward, DEMONSTRATION_RESIDENTS, DEMONSTRATION_SEED, towns)
    parameters = read_parameters(root / DEMONSTRATION)
    remove_demonstration(root / parameters["runs_folder"] / parameters["run_id"])
    began = time.monotonic()
    folder = run_pipeline(root / DEMONSTRATION, say=click.echo)
    click.echo(f"見本の実行が終わりました（{time.monotonic() - began:.1f}秒）。")
    for line in describe_result(folder, demonstration=True):
        click.echo(line)
    click.echo(f"実行記録: {folder / 'notebooks'} の HTML（01 から順に読んでください）")


def remove_demonstration(folder: Path) -> None:
    """Remove an earlier demonstration, and nothing that is not one."""
    if not folder.exists():
        return
    sections = read_yaml(folder / RUN_NAME) if (folder / RUN_NAME).exists() else {}
    kind = sections.get("01", {}).get("run_kind", "")
    # Before its first notebook has begun a run holds the launcher's own files, and nothing else.
    own = (PRIVATE, NOTEBOOK_FOLDER, AUDIT_NAME, LOCK_NAME)
    begun = any(path.name not in own for path in folder.iterdir())
    if kind != "demonstration" and (kind or begun):
        raise ParameterError(f"{folder.name}: 見本でない実行がこの名前で残っています。消しません。")
    shutil.rmtree(folder)


@commands.command(help="パラメータのファイルに書かれた実行を、順に行います。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--from", "first", type=_STAGE, default="01", help="この段階から始めます。")
@click.option("--through", "last", type=_STAGE, default="05", help="この段階で止めます。")
def run(parameters_file: Path, first: str, last: str) -> None:
    """Run the notebooks of a parameter file."""
    from recruitlib.pipeline import describe_result, run_pipeline

    folder = run_pipeline(parameters_file.resolve(), first, last, say=click.echo)
    demonstration = read_parameters(parameters_file.resolve())["run_kind"] == "demonstration"
    for line in describe_result(folder, demonstration):
        click.echo(line)
    click.echo(f"実行記録: {folder}")


@commands.command(
    help="ファイルが何かを調べます（文字コード・見出し・様式・符号ごとの行数など）。個人の情報は出しません。"
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
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


@commands.command(help="架空の区のファイルを作ります。")
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


@commands.command(help="実行済みのノートブックを検査し、封をします（papermill で実行した後に）。")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def seal(folder: Path) -> None:
    """Scan and seal the executed notebooks of a run."""
    from recruitlib.base.vault import open_key
    from recruitlib.closing.disposal import seal_run

    folder = folder.resolve()
    run_id, demonstration = _read_kind(folder)
    key = open_key(folder, run_id, demonstration)
    closed = any(
        entry["event"] == "completed" and entry["stage"] == "06" for entry in read_entries(folder)
    )
    for name in seal_run(folder, key, closed):
        click.echo(f"{name}: 個人の情報はありません。封をしました。")
    click.echo(f"記録の先頭値: {group_digest(read_entries(folder)[-1]['hash'])}")


def _read_kind(folder: Path) -> tuple[str, bool]:
    if not (folder / RUN_NAME).exists():
        raise ParameterError(
            f"{folder.name}: 実行のフォルダではありません（{RUN_NAME} がありません）。"
        )
    values: dict[str, Any] = read_yaml(folder / RUN_NAME)["01"]
    return values["run_id"], values["run_kind"] == "demonstration"


@commands.command(help="実行記録が変えられていないかを調べます。")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--head", default="", help="送付状に印刷された「実行記録の先頭値」。")
def verify(folder: Path, head: str) -> None:
    """Verify a run's record."""
    from recruitlib.base.errors import IntegrityError

    problems = verify_record(folder, head)
    for problem in problems:
        click.echo(f"× {problem}")
    if problems:
        raise IntegrityError(f"実行記録に{len(problems)}件の問題があります。")
    entries = read_entries(folder)
    done = [
        f"{stage} {STAGE_NAMES[stage]}"
        for stage in STAGES
        if any(entry["event"] == "completed" and entry["stage"] == stage for entry in entries)
    ]
    click.echo(f"完了した段階: {'、'.join(done) or 'なし'}")
    click.echo(
        "完全: 送付状の先頭値とも合います。" if head else "内部整合: 記録はそれ自身と合います。"
    )


@commands.command(help="要判断の事例を画面に出します（個人の情報です。記録には残りません）。")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_DECIDING
def cases(folder: Path, stage: str) -> None:
    """Show the cases of a stage on the terminal; that they were shown is logged."""
    from recruitlib.base.vault import open_key
    from recruitlib.review.panels import describe_cases, describe_doubts

    folder = folder.resolve()
    key = open_key(folder, *_read_kind(folder))
    append_entry(folder, stage, "cases_shown")
    lines = describe_cases(folder, key) if stage == "03" else describe_doubts(folder, key, stage)
    for line in lines:
        click.echo(line)


@commands.command(
    help="要判断の事例を一つ決めます（担当者）。決めた後は、別の人が confirm します。"
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--case", "number", type=int, required=True, help="事例の番号。")
@click.option("--decision", required=True, help="決定（cases に表示される英字）。")
@click.option("--reason", required=True, help="理由の符号（cases に表示される英字）。")
@click.option("--candidate", type=int, help="候補の番号（cases に表示されるもの）。")
@click.option("--by", "decided_by", required=True, help="決める人（職名）。")
@_DECIDING
def decide(
    parameters_file: Path,
    stage: str,
    number: int,
    decision: str,
    reason: str,
    candidate: int | None,
    decided_by: str,
) -> None:
    """Write one person's decision of one case."""
    from recruitlib.base.decisions import decide_case, read_decisions, write_decisions
    from recruitlib.base.vault import open_key
    from recruitlib.review.panels import read_cases, read_doubts

    parameters, root, folder = _read_run(parameters_file)
    kind = _read_kind(folder)
    key = open_key(folder, *kind)
    cases = read_cases(folder, key)[0] if stage == "03" else read_doubts(folder, key, stage)
    chosen = cases[cases["case"] == number].to_dict("records")
    if not chosen:
        raise ParameterError(
            f"事例{number}はありません。recruitlib cases で番号を確かめてください。"
        )
    path = root / parameters[_DECISIONS[stage]]
    choice: dict[str, Any] = {"decision": decision, "reason": reason}
    if candidate is not None:
        choice["candidate"] = candidate
    case = {str(name): value for name, value in chosen[0].items()}
    decisions = decide_case(read_decisions(path, *kind), case, choice, decided_by)
    write_decisions(path, *kind, decisions)
    click.echo(
        f"{path}: 事例{number}の決定を書きました。すべて決めたら、別の人が confirm してください。"
    )


@commands.command(help="事例の決定を、決めた人と別の人が確かめます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option(
    "--by", "confirmed_by", required=True, help="確かめる人（職名）。決めた人とは別の人。"
)
@_DECIDING
def confirm(parameters_file: Path, confirmed_by: str, stage: str) -> None:
    """Write a second person's confirmation of the decisions."""
    from recruitlib.base.decisions import read_decisions, require_two_people, write_decisions

    parameters, root, folder = _read_run(parameters_file)
    path = root / parameters[_DECISIONS[stage]]
    decisions = read_decisions(path, *_read_kind(folder))
    require_two_people(path, decisions.decided_by, confirmed_by)
    write_decisions(path, *_read_kind(folder), decisions._replace(confirmed_by=confirmed_by))
    click.echo(
        f"{path}: {len(decisions.cases)}件の決定を確かめました。{stage} をもう一度実行してください。"
    )


@commands.command(help="03 の画面の値を確かめた第二の担当者が、承認を書きます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--digest", required=True, help="03 に表示された承認の値（4桁ずつ4組）。")
@click.option(
    "--by", "approved_by", required=True, help="承認する人。作業・決定をした人とは別の人。"
)
@click.option("--role", "approved_role", required=True, help="承認する人の職名。")
def approve(parameters_file: Path, digest: str, approved_by: str, approved_role: str) -> None:
    """Write a second person's approval of the digest that notebook 03 shows."""
    from recruitlib.base.decisions import read_decisions, require_two_people
    from recruitlib.base.run import find_today
    from recruitlib.review.approval import Approval, write_approval

    parameters, root, folder = _read_run(parameters_file)
    path = root / parameters["approval_file"]
    require_two_people(path, parameters["operator"], approved_by)
    decisions = read_decisions(root / parameters["decisions_file"], *_read_kind(folder))
    if decisions.decided_by:
        require_two_people(path, decisions.decided_by, approved_by)
    shown = [
        entry["facts"]["note"].removeprefix("承認の値 ")
        for entry in read_entries(folder)
        if entry["event"] == "guard" and entry["facts"]["guard"] == "review.approved"
    ]
    if not shown or "".join(shown[-1].split()) != "".join(digest.split()).lower()[:16]:
        raise ParameterError(
            "承認の値が、03 に表示された値と違います。03 の表を読み直してください。"
        )
    today = find_today(parameters, "03").isoformat()
    write_approval(path, *_read_kind(folder), Approval(digest, approved_by, approved_role, today))
    click.echo(f"{path}: 承認を書きました。03 をもう一度実行してください。")


@commands.command(
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
    from recruitlib.optouts.register import export_register

    _, root, folder = _read_run(parameters_file)
    _read_kind(folder)
    done = export_register(root, folder, out, exported_by, due)
    click.echo(
        f"{out.name}: 受付簿 {done.lines}行を書き出しました。{due} までに消去し、06 の廃棄の確認書の "
        "exports に書いてください。"
    )
    for year in done.expired:
        click.echo(
            f"{year}年度の受付簿は、保存期間が終わっています。規程に従って廃棄してください。"
        )


def _read_run(parameters_file: Path) -> tuple[dict[str, Any], Path, Path]:
    parameters = read_parameters(parameters_file.resolve())
    root = find_root(parameters_file.resolve().parent)
    return parameters, root, root / parameters["runs_folder"] / parameters["run_id"]


def main() -> None:
    """Run a command and end with its exit code: one line for an expected stop, never a traceback."""
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
        click.echo("中断しました。もう一度実行すれば、続きから始まります。", err=True)
        sys.exit(130)
    except RecruitError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        click.echo(f"予期しない誤りです: {describe_place(error)}", err=True)
        sys.exit(1)
