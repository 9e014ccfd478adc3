"""Panels on the terminal for the people who decide: an application and who may be meant, as lines.

What a panel shows is personal data: it goes to the terminal and into no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from recruitlib.base.audit import list_since_begun, read_entries
from recruitlib.base.choices import (
    DECISION_LABELS,
    DECISIONS,
    KIND_LABELS,
    REASONS,
    list_decisions,
)
from recruitlib.base.decisions import Decisions, summarize_decisions, tell_decision
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.parameters import read_yaml
from recruitlib.base.row_cases import ROW_CASE_COLUMNS, name_place
from recruitlib.base.run import RUN_NAME
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import PRIVATE, RunKey, read_private
from recruitlib.base.views import mark_unseen
from recruitlib.review.case_page import (
    DOUBT,
    NO_CANDIDATE,
    NOBODY,
    SIGNS,
    join_pieces,
    mark_pieces,
)
from recruitlib.review.casebook import CaseView, Resident, gather_case, open_casebook
from recruitlib.review.comparison import DIFFERS, VARIANT
from recruitlib.review.confirmation import REVIEWED, list_review_cases

_LONGEST_LINE = 2000  # characters; each value of a person in it is cut by itself


def read_cases(folder: Path, key: RunKey) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Read the cases of a run, and the tables that they are made from.

    Raises:
        AwaitingPerson: 02 has not completed, so that nobody knows them.
    """
    if not (folder / PRIVATE / "matches.age").exists():
        raise AwaitingPerson(
            "02 が完了していないため、03 の事例はまだ分かりません。01・02 で待っている事例"
            "（--stage 01、--stage 02）を先に決め、recruitlib run を --through 03 で実行してください。"
        )
    tables = {name: parse_table(read_private(folder, key, name, "03")) for name in REVIEWED}
    return list_review_cases(tables, key.digest_key), tables


def read_stage_cases(folder: Path, key: RunKey, stage: str) -> pd.DataFrame:
    """Read the cases of a stage, 01 to 03.

    Raises:
        AwaitingPerson: nobody knows them yet.
    """
    return read_cases(folder, key)[0] if stage == "03" else read_doubts(folder, key, stage)


def read_doubts(folder: Path, key: RunKey, stage: str) -> pd.DataFrame:
    """Read the cases of a stage before 03: rows and people that a program cannot decide.

    What an earlier attempt of the stage has left is none of them.

    Raises:
        AwaitingPerson: the stage has not come as far as its cases, so that nobody knows them.
    """
    since = list_since_begun(read_entries(folder), stage)
    recent = [entry for entry in since if entry["stage"] == stage]
    if any(entry["event"] == "proposed" for entry in recent):
        return parse_table(read_private(folder, key, f"doubts_{stage}", stage))
    if not any(entry["event"] == "completed" for entry in recent):
        raise AwaitingPerson(
            f"{stage} が事例を調べるところまで進んでいないため、{stage} の事例はまだ分かりません。"
            f"{stage} を実行してください（止まったときは、表示された理由を直してください）。"
        )
    return pd.DataFrame(columns=list(ROW_CASE_COLUMNS))


def describe_doubts(
    folder: Path, key: RunKey, stage: str, decisions: Decisions | None
) -> Iterator[str]:
    """Describe every case of 01 or 02 as lines for the terminal, with the decisions made so far."""
    cases = read_doubts(folder, key, stage)
    if cases.empty:
        yield f"{stage} の事例はありません。"
        return
    people = pd.DataFrame(columns=["case", "place", "who"])
    if stage == "01":
        people = parse_table(read_private(folder, key, "doubt_people_01", stage))
    for case in cases.to_dict("records"):
        yield f"事例 {case['case']}  {KIND_LABELS[case['kind']]}  内容の値 {case['digest'][:16]}"
        yield f"  {name_place(case)}: {case['reason']}"
        for row in people[people["case"] == case["case"]].to_dict("records"):
            yield _disarm(
                f"  候補 {row['place']}: {row['who']}" if row["place"] else f"  {row['who']}"
            )
        yield from _list_choices(case)
        yield from _tell_decision(case, decisions)
    yield _summarize(cases, decisions, stage)


def _list_choices(case: Mapping[str, Any]) -> Iterator[str]:
    yield "  選べる決定と、その理由:"
    for name in list_decisions(case["kind"], case["choices"]):
        reasons = "、".join(f"{code}={REASONS[code]}" for code in DECISIONS[case["kind"]][name])
        yield f"    {name}={DECISION_LABELS[name]}: {reasons}"


def describe_cases(folder: Path, key: RunKey, decisions: Decisions | None) -> Iterator[str]:
    """Describe every case of 03 as lines for the terminal: as typed, residents, choices, decision.

    Args:
        folder: the run's folder.
        key: the run's key.
        decisions: those made so far; None while nothing says where they are written.
    """
    views = read_views(folder, key)
    if not views:
        yield "03 の事例はありません。"
        return
    for view in views:
        case = view.case
        yield f"事例 {case['case']}  {KIND_LABELS[case['kind']]}  内容の値 {case['digest'][:16]}"
        yield f"  理由: {view.why}"
        yield from (_disarm(f"  {told}") for told in (view.told, *view.remarks) if told)
        yield f"  申出: {_tell_application(view)}"
        for resident in view.residents:
            yield from tell_resident(resident)
        yield from _list_choices(case)
        if case["kind"] == "undecided" and not case["choices"]:
            yield f"  {NO_CANDIDATE}"
        yield from _tell_decision(case, decisions)
    yield _summarize(pd.DataFrame([view.case for view in views]), decisions, "03")


def read_views(folder: Path, key: RunKey) -> list[CaseView]:
    """Read the cases of 03 as people see them, in their order.

    Raises:
        AwaitingPerson: 02 has not completed, so that nobody knows them.
    """
    cases, tables = read_cases(folder, key)
    near = parse_table(read_private(folder, key, "near", "03"))
    book = open_casebook(cases, {**tables, "near": near}, _read_place(folder))
    return [gather_case(book, number) for number in cases["case"]]


def _read_place(folder: Path) -> tuple[str, str]:
    """Read prefecture and municipality of a run; addresses tell them where nothing else does."""
    path = folder / RUN_NAME
    frozen = read_yaml(path).get("01", {}) if path.exists() else {}
    return frozen.get("prefecture", ""), frozen.get("municipality", "")


def _tell_application(view: CaseView) -> str:
    typed = [(line.label, join_pieces(line.typed)) for line in view.typed]
    told = [f"{label}: {mark_unseen(value)}" for label, value in (*typed, *view.beside) if value]
    return " / ".join(told) or NOBODY


def tell_resident(resident: Resident) -> Iterator[str]:
    """Tell a resident, and below how each field agrees; in brackets stands what differs."""
    held = [mark_unseen(join_pieces(line.held)) for line in resident.lines]
    evidence = f" / 一致: {resident.evidence}" if resident.evidence else ""
    yield _disarm(f"  {resident.title}: {' / '.join(filter(None, held))}{evidence}")
    if resident.doubtful:
        yield f"    ⚠ {DOUBT}"
    for line in resident.lines:
        if line.words:
            marked = f": 申出 {mark_unseen(mark_pieces(line.typed))}、台帳 {mark_unseen(mark_pieces(line.held))}"
            shown = marked if line.state in (DIFFERS, VARIANT) else ""
            yield _disarm(f"    {SIGNS[line.state]} {line.label}: {line.words}{shown}")
    for label, others in (
        ("同じ氏名の対象者", resident.namesakes),
        ("同じ世帯の対象者", resident.housemates),
    ):
        if others:
            yield _disarm(f"    {label}: {' / '.join(others)}")


def _tell_decision(case: Mapping[Any, Any], decisions: Decisions | None) -> Iterator[str]:
    if decisions is not None:
        yield _disarm(f"  決定: {tell_decision(case, decisions)}")


def _summarize(cases: pd.DataFrame, decisions: Decisions | None, stage: str) -> str:
    if decisions is None:
        return f"決定: {stage} を一度実行した後に表示されます。"
    return _disarm(summarize_decisions(cases, decisions, stage))


def _disarm(line: str) -> str:
    # What an applicant typed must not move the cursor, colour the screen or turn the text around.
    return mark_unseen(line, _LONGEST_LINE)
