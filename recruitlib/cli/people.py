"""Commands of the people who decide: cases, decisions, confirmation, approval, explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from recruitlib.base.audit import append_entry
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.parameters import read_yaml
from recruitlib.base.run import RUN_NAME
from recruitlib.cli.arguments import RUN, find_project, read_kind, read_run

# The stages in which people decide, and where they write it.
DECISIONS = {"01": "load_decisions_file", "02": "rows_decisions_file", "03": "decisions_file"}
DECIDING = click.option(
    "--stage", type=click.Choice(list(DECISIONS)), default="03", help="事例のある段階。"
)


def require_name(by: str) -> None:
    """Require the title of a person.

    Raises:
        ParameterError: nothing is written.
    """
    from recruitlib.base.names import fold_name

    if not fold_name(by):
        raise ParameterError("--by: 空です。する人の職名を書いてください。")


@click.command(help="要判断の事例を画面に出します（個人の情報です。記録には残りません）。")
@click.argument("folder", type=RUN)
@DECIDING
def cases(folder: Path, stage: str) -> None:
    """Show the cases of a stage on the terminal; that they were shown is logged."""
    from recruitlib.base.decisions import read_decisions
    from recruitlib.base.vault import open_key
    from recruitlib.review.panels import describe_cases, describe_doubts

    folder = folder.resolve()
    kind = read_kind(folder)
    name = read_yaml(folder / RUN_NAME).get(stage, {}).get(DECISIONS[stage])
    decisions = read_decisions(find_project(folder) / name, *kind) if name else None
    key = open_key(folder, *kind)
    append_entry(folder, stage, "cases_shown")
    lines = (
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
@click.option("--by", "decided_by", required=True, help="決める人（職名）。")
@DECIDING
def decide(
    parameters_file: Path,
    stage: str,
    number: int,
    decision: str,
    reason: str,
    candidate: int | None,
    also: tuple[int, ...],
    decided_by: str,
) -> None:
    """Write one person's decision of one case."""
    from recruitlib.base.decisions import decide_case, read_decisions, write_decisions
    from recruitlib.base.vault import open_key
    from recruitlib.review.panels import read_cases, read_doubts

    require_name(decided_by)
    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    key = open_key(folder, *kind)
    cases = read_cases(folder, key)[0] if stage == "03" else read_doubts(folder, key, stage)
    chosen = cases[cases["case"] == number].to_dict("records")
    if not chosen:
        raise ParameterError(
            f"{stage} に事例{number}はありません（{len(cases)}件あります）。recruitlib cases で番号を"
            "確かめてください。01・02 の事例には --stage 01・--stage 02 を付けます。"
        )
    path = root / parameters[DECISIONS[stage]]
    choice: dict[str, Any] = {"decision": decision, "reason": reason}
    if candidate is not None:
        choice["candidate"] = candidate
    if also:
        choice["also"] = list(also)
    case = {str(name): value for name, value in chosen[0].items()}
    decisions = decide_case(read_decisions(path, *kind), case, choice, decided_by)
    write_decisions(path, *kind, decisions)
    click.echo(
        f"{path}: 事例{number}の決定を書きました。すべて決めたら、別の人が confirm してください。"
    )


@click.command(
    name="decide-listed",
    help="""一人に定まった申出（根拠 B）を、一覧で確かめてまとめて「除外する」と決めます（担当者）。

    先に recruitlib cases で一件ずつ読んでください。一件でも違うものは、decide で別に決めます。""",
)
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--by", "decided_by", required=True, help="決める人（職名）。")
def decide_listed(parameters_file: Path, decided_by: str) -> None:
    """Write one person's decision of every listed case that is not decided yet."""
    from recruitlib.base.decisions import (
        check_decision,
        decide_case,
        read_decisions,
        write_decisions,
    )
    from recruitlib.base.vault import open_key
    from recruitlib.review.panels import read_cases

    require_name(decided_by)
    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    cases = read_cases(folder, open_key(folder, *kind))[0]
    path = root / parameters[DECISIONS["03"]]
    decisions = read_decisions(path, *kind)
    listed = cases[(cases["kind"] == "to_confirm") & (cases["reason"] == "listed")]
    count = 0
    for row in listed.to_dict("records"):
        case = {str(name): value for name, value in row.items()}
        if check_decision(case, decisions.cases.get(case["case"])):
            choice = {"decision": "matched", "reason": "list_checked"}
            decisions = decide_case(decisions, case, choice, decided_by)
            count += 1
    if count:
        write_decisions(path, *kind, decisions)
    click.echo(
        f"{path}: {count}件の決定を書きました。すべて決めたら、別の人が confirm してください。"
    )


@click.command(help="事例の決定を、決めた人と別の人が確かめます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option(
    "--by", "confirmed_by", required=True, help="確かめる人（職名）。決めた人とは別の人。"
)
@DECIDING
def confirm(parameters_file: Path, confirmed_by: str, stage: str) -> None:
    """Write a second person's confirmation of the decisions."""
    from recruitlib.base.decisions import are_two_people, read_decisions, write_decisions

    require_name(confirmed_by)
    parameters, root, folder = read_run(parameters_file)
    path = root / parameters[DECISIONS[stage]]
    decisions = read_decisions(path, *read_kind(folder))
    if not decisions.cases:
        raise AwaitingPerson(
            f"{path.name}: {stage} の事例は、まだ一つも決まっていません。recruitlib cases で見て、"
            "recruitlib decide で決めた後に、別の人が confirm してください。"
        )
    if not are_two_people(decisions.decided_by, confirmed_by):
        raise AwaitingPerson(
            f"{path.name}: 確かめる人（--by）が、決めた人と同じです（空白・全角と半角・末尾の括弧書きは"
            "比べません）。別の人が確かめてください。"
        )
    write_decisions(path, *read_kind(folder), decisions._replace(confirmed_by=confirmed_by))
    click.echo(
        f"{path}: {len(decisions.cases)}件の決定を確かめました。{stage} をもう一度実行してください。"
    )


@click.command(help="03 の画面の値を確かめた第二の担当者が、承認を書きます。")
@click.argument("parameters_file", type=click.Path(path_type=Path))
@click.option("--digest", required=True, help="03 に表示された承認の値（4桁ずつ4組）。")
@click.option(
    "--by", "approved_by", required=True, help="承認する人。作業・決定をした人とは別の人。"
)
@click.option("--role", "approved_role", required=True, help="承認する人の職名。")
def approve(parameters_file: Path, digest: str, approved_by: str, approved_role: str) -> None:
    """Write a second person's approval of the digest that notebook 03 shows."""
    from recruitlib.base.decisions import are_two_people, read_decisions
    from recruitlib.base.run import find_today
    from recruitlib.review.approval import (
        SHORTEST_DIGEST,
        Approval,
        find_shown_digest,
        write_approval,
    )

    require_name(approved_by)
    parameters, root, folder = read_run(parameters_file)
    kind = read_kind(folder)
    path = root / parameters["approval_file"]
    decided_by = read_decisions(root / parameters["decisions_file"], *kind).decided_by
    others = {"作業する人（operator）": parameters["operator"], "事例を決めた人": decided_by}
    for role, other in others.items():
        if other and not are_two_people(other, approved_by):
            raise AwaitingPerson(
                f"{path.name}: 承認する人（--by）が、{role}と同じです（空白・全角と半角・末尾の括弧書きは"
                "比べません）。作業も決定もしていない人が承認してください。"
            )
    if find_shown_digest(folder) != "".join(digest.split()).lower()[:SHORTEST_DIGEST]:
        raise ParameterError(
            "承認の値が、03 に表示された値と違います。03 の表を読み直してください。"
        )
    today = find_today(parameters, "03").isoformat()
    write_approval(path, *kind, Approval(digest, approved_by, approved_role, today))
    click.echo(f"{path}: 承認を書きました。03 をもう一度実行してください。")


@click.command(
    help="""申出がなぜそう終わったか、ある人がなぜ印刷される（されない）かを、言葉で説明します。

    個人の情報を開きます（記録に残るのは、開いたことだけです）。"""
)
@click.argument("folder", type=RUN)
@click.option(
    "--application",
    help="申出の番号。form: か counter: を付け、先頭の 0 も書きます（例 form:R8-0012）。省くと、すべての申出。",
)
@click.option("--resident", help="宛名番号。先頭の 0 も書きます（例 0000012345）。")
def why(folder: Path, application: str | None, resident: str | None) -> None:
    """Explain an application's end, or why a resident is printed."""
    from recruitlib.base.vault import open_key
    from recruitlib.review.explanations import explain_all, explain_application, explain_resident

    folder = folder.resolve()
    key = open_key(folder, *read_kind(folder))
    append_entry(folder, "03", "why_shown")
    if resident:
        lines = explain_resident(find_project(folder), folder, key, resident)
    else:
        lines = (
            explain_application(folder, key, application)
            if application
            else explain_all(folder, key)
        )
    for line in lines:
        click.echo(line)
