"""Commands of the people who decide: cases, decisions, confirmation, approval, explanations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recruitlib.base.audit import append_entry
from recruitlib.base.decisions import DECISION_FILES, list_chosen
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.parameters import read_yaml
from recruitlib.base.run import RUN_NAME
from recruitlib.cli.arguments import RUN, find_project, read_kind, read_run

if TYPE_CHECKING:
    from recruitlib.base.decisions import Decisions
    from recruitlib.base.officers import Signer
    from recruitlib.base.vault import RunKey

DECIDING = click.option(
    "--stage", type=click.Choice(list(DECISION_FILES)), default="03", help="事例のある段階。"
)


BY = click.option(
    "--by", "staff_id", required=True, help="する人の職員番号（officer add で登録）。"
)


COMPARED = click.option(
    "--compared", is_flag=True,
    help="氏名も生年月日も一致しない人を指す決定のとき、見比べて確かめたことを示します。",
)  # fmt: skip


def require_comparison(
    folder: Path, key: RunKey, choices: Mapping[int, Mapping[str, Any]], compared: bool
) -> None:
    """Require an officer's word for decisions that link somebody of another name and birth date.

    Raises:
        ParameterError: the word is missing; names the cases.
    """
    from recruitlib.review.panels import read_views

    doubtful = [
        str(view.case["case"])
        for view in read_views(folder, key)
        if (own := choices.get(view.case["case"]))
        and view.links_in_doubt(str(own["decision"]), list_chosen(own))
    ]
    if doubtful and not compared:
        raise ParameterError(
            f"事例 {'・'.join(doubtful)} は、氏名も生年月日も一致しない人を指しています。recruitlib cases で"
            "見比べ、確かめたら --compared を付けてください。"
        )


def open_officer(root: Path, demonstration: bool, staff_id: str) -> Signer:
    """Open the signing key of the officer who acts, with his or her own passphrase."""
    from recruitlib.base.officers import open_signer, read_officer_passphrase

    passphrase = read_officer_passphrase(staff_id, demonstration)
    return open_signer(root, demonstration, staff_id, passphrase)


def read_run_decisions(root: Path, path: Path, run: tuple[str, bool]) -> Decisions:
    """Read a decisions file with the officers who may have signed it."""
    from recruitlib.base.decisions import read_decisions
    from recruitlib.base.officers import read_officers

    return read_decisions(path, *run, read_officers(root, run[1]))


@click.command(help="要判断の事例を画面に出します（個人の情報です。記録には残りません）。")
@click.argument("folder", type=RUN)
@DECIDING
def cases(folder: Path, stage: str) -> None:
    """Show the cases of a stage on the terminal; that they were shown is logged."""
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.panels import describe_cases, describe_doubts

    folder = folder.resolve()
    kind = read_kind(folder)
    name = read_yaml(folder / RUN_NAME).get(stage, {}).get(DECISION_FILES[stage])
    root = find_project(folder)
    decisions = read_run_decisions(root, root / name, kind) if name else None
    key = open_key(folder, *kind)
    append_entry(folder, stage, "cases_shown")
    with opening("事例を見る（recruitlib cases）", by=""):
        lines = list(
            describe_cases(folder, key, decisions)
            if stage == "03"
            else describe_doubts(folder, key, stage, decisions)
        )
    for line in lines:
        click.echo(line)


@click.command(help="要判断の事例を一つ決めます（担当者）。決めた後は、別の人が confirm します。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--case", "number", type=int, required=True, help="事例の番号。")
@click.option("--decision", required=True, help="決定（cases に表示される英字）。")
@click.option("--reason", required=True, help="理由の符号（cases に表示される英字）。")
@click.option("--candidate", type=int, help="候補の番号（cases に表示されるもの）。")
@click.option(
    "--also", type=int, multiple=True, help="同じ申出が指す、ほかの候補の番号（繰り返せます）。"
)
@click.option("--note", default="", help="備考（暗号化して保存します）。")
@COMPARED
@BY
@DECIDING
def decide(
    parameters_file: Path,
    stage: str,
    number: int,
    decision: str,
    reason: str,
    candidate: int | None,
    also: tuple[int, ...],
    note: str,
    compared: bool,
    staff_id: str,
) -> None:
    """Write one officer's signed decision of one case."""
    from recruitlib.base.decisions import (
        changing_decisions,
        decide_case,
        encrypt_note,
        write_decisions,
    )
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.panels import read_stage_cases

    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    key = open_key(folder, *kind)
    signer = open_officer(root, kind[1], staff_id)
    with opening("事例を決める", staff_id):
        cases = read_stage_cases(folder, key, stage)
    chosen = cases[cases["case"] == number].to_dict("records")
    if not chosen:
        raise ParameterError(
            f"{stage} に事例{number}はありません（{len(cases)}件あります）。recruitlib cases で番号を"
            "確かめてください。01・02 の事例には --stage 01・--stage 02 を付けます。"
        )
    path = root / parameters[DECISION_FILES[stage]]
    choice: dict[str, Any] = {"decision": decision, "reason": reason}
    if candidate is not None:
        choice["candidate"] = candidate
    if also:
        choice["also"] = list(also)
    if note:
        choice["note"] = encrypt_note(key, note)
    if stage == "03":
        with opening("事例を決める", staff_id):
            require_comparison(folder, key, {number: choice}, compared)
    with changing_decisions(path):
        decisions = read_run_decisions(root, path, kind)
        write_decisions(path, decide_case(decisions, chosen[0], choice, signer))
    click.echo(
        f"{path}: 事例{number}の決定を書きました。すべて決めたら、別の人が confirm してください。"
    )


@click.command(
    name="decide-listed",
    help="""一人に定まった申出（根拠 B）を、一覧で確かめてまとめて「除外する」と決めます（担当者）。

    先に recruitlib cases で一件ずつ読んでください。一件でも違うものは、decide で別に決めます。""",
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@BY
def decide_listed(parameters_file: Path, staff_id: str) -> None:
    """Write one officer's signed decision of every listed case that is not decided yet."""
    from recruitlib.base.decisions import (
        changing_decisions,
        check_choice,
        decide_case,
        write_decisions,
    )
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.panels import read_cases

    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    key = open_key(folder, *kind)
    signer = open_officer(root, kind[1], staff_id)
    with opening("事例を決める", staff_id):
        cases = read_cases(folder, key)[0]
    path = root / parameters[DECISION_FILES["03"]]
    listed = cases[(cases["kind"] == "to_confirm") & (cases["reason"] == "listed")]
    count = 0
    with changing_decisions(path):
        decisions = read_run_decisions(root, path, kind)
        for case in listed.to_dict("records"):
            if check_choice(case, decisions.cases.get(case["case"])):
                choice = {"decision": "matched", "reason": "list_checked"}
                decisions = decide_case(decisions, case, choice, signer)
                count += 1
        if count:
            write_decisions(path, decisions)
    click.echo(
        f"{path}: {count}件の決定を書きました。すべて決めたら、別の人が confirm してください。"
    )


@click.command(help="事例の決定を、決めた人と別の人が、読んで確かめます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@BY
@DECIDING
@COMPARED
def confirm(parameters_file: Path, staff_id: str, stage: str, compared: bool) -> None:
    """Write a second officer's signed confirmation of the decisions."""
    from recruitlib.base.decisions import (
        changing_decisions,
        check_decision,
        confirm_case,
        name_choice,
        write_decisions,
    )
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.panels import read_stage_cases

    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    path = root / parameters[DECISION_FILES[stage]]
    decisions = read_run_decisions(root, path, kind)
    if not decisions.cases:
        raise AwaitingPerson(
            f"{path.name}: {stage} の事例は、まだ一つも決まっていません。recruitlib cases で見て、"
            "recruitlib decide で決めた後に、別の人が confirm してください。"
        )
    key = open_key(folder, *kind)
    signer = open_officer(root, kind[1], staff_id)
    with opening("事例の決定を確かめる", staff_id):
        cases = read_stage_cases(folder, key, stage)
    decided = [
        row
        for row in cases.to_dict("records")
        if row["case"] in decisions.cases and check_decision(row, decisions)
    ]
    if not decided:
        raise AwaitingPerson(
            f"{path.name}: {stage} の決まった事例は、すべて確かめてあります。確かめ直すと承認と宛名シールが無効に"
            "なるため、何も変えません。残りの事例があれば決定し、なければ次の段階に進んでください。"
        )
    for row in decided:
        confirm_case(decisions, row, signer)  # refused before anything else is asked
    if stage == "03":
        waiting = {row["case"]: decisions.cases[row["case"]] for row in decided}
        with opening("事例の決定を確かめる", staff_id):
            require_comparison(folder, key, waiting, compared)
    with changing_decisions(path):
        now = read_run_decisions(root, path, kind)
        if now.cases != decisions.cases:
            raise AwaitingPerson(
                f"{path.name}: 確かめている間に決定が変わりました。recruitlib cases で読み直してください。"
            )
        for row in decided:
            now = confirm_case(now, row, signer)
        write_decisions(path, now)
    for row in decided:
        click.echo(f"事例{row['case']}: {name_choice(decisions.cases[row['case']])}")
    left = sum(row["case"] not in now.cases for row in cases.to_dict("records"))
    rest = f"決まっていない事例が{left}件あります。" if left else ""
    click.echo(
        f"{path}: {len(decided)}件の決定を確かめました。{rest}{stage} をもう一度実行してください。"
    )


@click.command(help="03 の画面の値を確かめた第二の担当者が、承認を書きます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--digest", required=True, help="03 に表示された承認の値（4桁ずつ4組）。")
@click.option("--tick", "ticked", multiple=True, help="確かめた項目の符号（繰り返せます）。")
@BY
def approve(parameters_file: Path, digest: str, ticked: tuple[str, ...], staff_id: str) -> None:
    """Write a second officer's signed approval of exactly what notebook 03 has shown last."""
    from recruitlib.base.decisions import read_all_decisions
    from recruitlib.base.run import find_today
    from recruitlib.review.approval import (
        SHORTEST_DIGEST,
        approve_content,
        check_approval,
        find_asked,
        list_workers,
        write_approval,
    )

    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    path = root / parameters["approval_file"]
    decisions = read_all_decisions(root, parameters)
    content, ticks = find_asked(folder)
    typed = "".join(digest.split()).lower()
    if len(typed) < SHORTEST_DIGEST or not content.digest.startswith(typed):
        raise ParameterError(
            "承認の値が、03 に表示された値と違います。03 の表を読み直してください。"
        )
    unknown = set(ticked) - {tick.code for tick in ticks}
    if unknown or (ticks and not ticked):
        listed = "、".join(f"{tick.code}={tick.text}" for tick in ticks)
        raise ParameterError(f"--tick: 確かめた項目の符号を一つずつ書いてください（{listed}）。")
    today = find_today(parameters, "03").isoformat()
    signer = open_officer(root, kind[1], staff_id)
    approval = approve_content(content, ticks, ticked, signer, kind, today)
    workers = list_workers(folder, parameters, decisions)
    problems = check_approval(approval, content, ticks, decisions[-1].officers, workers, kind)
    if problems:
        raise AwaitingPerson(" ".join(problems))
    write_approval(path, *kind, approval)
    click.echo(f"{path}: 承認を書きました。03 をもう一度実行してください。")


@click.group(help="職員（決める人・確かめる人・承認する人）と、その署名の鍵。")
def officer() -> None:
    """Group the commands on the officers."""


@officer.command(
    name="add",
    help="""職員を登録し、その人の署名の鍵を作ります。ご本人が、ご本人の PC のログインで行います。

    合言葉はご本人だけのもので、ほかの人に知らせません。忘れたときは、別の番号で登録し直します（同じログインの番号は、
    同じ人とみなします）。""",
)
@click.option("--staff-id", required=True, help="職員番号（16字以内。数字は7桁まで）。")
@click.option("--title", required=True, help="職名。")
def add(staff_id: str, title: str) -> None:
    """Add an officer to the office's list."""
    from recruitlib.base.officers import add_officer, locate_officers, read_officer_passphrase
    from recruitlib.base.parameters import find_root

    root = find_root()
    passphrase = read_officer_passphrase(staff_id, demonstration=False, new=True)
    added = add_officer(root, False, staff_id, title, passphrase)
    click.echo(
        f"{locate_officers(root, False)}: 職員 {added.staff_id}（{added.title}、ログイン {added.login}）を"
        "登録しました。"
    )


@officer.command(name="list", help="登録した職員の一覧を表示します。")
def show() -> None:
    """Show the office's officers."""
    from recruitlib.base.officers import read_officers
    from recruitlib.base.parameters import find_root

    officers = read_officers(find_root(), demonstration=False)
    for own in officers.values():
        click.echo(f"{own.staff_id}  {own.title}  ログイン {own.login}  鍵 {own.public_key[:16]}")
    if not officers:
        click.echo("まだ登録がありません。recruitlib officer add で登録してください。")


@click.command(
    help="""申出がなぜそう終わったか、ある人がなぜ印刷される（されない）かを、言葉で説明します。

    個人の情報を開きます（記録に残るのは、開いたことだけです）。"""
)
@click.argument("folder", type=RUN)
@click.option(
    "--application",
    help="申出の番号。form:・counter:・standing: を付け、先頭の 0 も書きます（例 form:R8-0012）。省くと、すべての申出。",
)
@click.option("--resident", help="宛名番号。先頭の 0 も書きます（例 0000012345）。")
def why(folder: Path, application: str | None, resident: str | None) -> None:
    """Explain an application's end, or why a resident is printed."""
    from recruitlib.base.vault import open_key, opening
    from recruitlib.review.explanations import explain_all, explain_application, explain_resident

    folder = folder.resolve()
    key = open_key(folder, *read_kind(folder))
    append_entry(folder, "03", "why_shown")
    with opening("理由を見る（recruitlib why）", by=""):
        if resident:
            lines = list(explain_resident(find_project(folder), folder, key, resident))
        else:
            lines = list(
                explain_application(folder, key, application)
                if application
                else explain_all(folder, key)
            )
    for line in lines:
        click.echo(line)
