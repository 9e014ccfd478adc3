"""Panels for the people who decide: an application beside the residents who may be meant.

What a panel shows is personal data. It goes to the terminal or to a live widget, and never into
a notebook's stored output: the stored text of the widget is one fixed sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.choices import (
    DECISION_LABELS,
    DECISIONS,
    KIND_LABELS,
    REASONS,
    list_decisions,
)
from recruitlib.base.decisions import (
    ROW_CASE_COLUMNS,
    Decisions,
    name_place,
    summarize_decisions,
    tell_decision,
)
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.run import Stage
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import PRIVATE, RunKey, read_private
from recruitlib.base.views import is_live, show_live
from recruitlib.optouts.acts import STATUS_LABELS
from recruitlib.optouts.reasons import CASE_WORDS
from recruitlib.optouts.register import WORDS
from recruitlib.review.confirmation import REVIEWED, Review, list_review_cases

_COMMANDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_CODED = {
    "channel": WORDS["channel"],
    "applicant_relation": WORDS["applicant_relation"],
    "status": STATUS_LABELS,
    "wish": WORDS["wish"],
}
CASE_REASONS = {
    "authority": "申出者の資格を確かめる",
    "other_signer": "別の人のカードで署名された",
    "late": "締切の後の申出",
    "status": "状況か意思が読み取れない",
    "listed": "氏名・生年月日・番地のどれかが違うが、一人に定まる",
    **CASE_WORDS,
    "withdrawal": "取下げ",
    "returned": "差し戻し",
    "rejected": "却下",
    "test": "試験・欠番",
    "withdrawn_later": "後から取下げられた",
    "order_unknown": "申出と取下げの前後が決まらない",
    "two_fields": "氏名・生年月日・番地の二つが申出と同じ",
    "same_household": "支援措置の対象者と同じ世帯",
}
NO_CANDIDATE = (
    "  候補がないので「除外する」は選べません。本人が分かったときは、窓口・郵送の申出なら受付簿の行を直し、"
    "電子申請の申出なら正しい内容を受付簿に書き加えて（件数も直し、この事例は outside、理由 entered_again と"
    "決めます）、02 からやり直してください。だれも当たらないと確かめたときは outside です。"
    "どちらでもない間は決めずに置きます（03 が待ちます）。"
)
_TYPED = {
    "subject_name": "氏名",
    "subject_kana": "読み",
    "subject_birth_text": "生年月日",
    "subject_address": "住所",
    "subject_building": "方書",
    "applicant_relation": "申出者",
    "received_time": "受付の時刻",
    "channel": "受付",
    "identity_check": "本人確認",
    "wish": "意思",
    "status": "状況",
    "card_name": "カードの氏名",
}


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


def read_doubts(folder: Path, key: RunKey, stage: str) -> pd.DataFrame:
    """Read the cases of a stage before 03: rows and people that a program cannot decide.

    What an earlier attempt of the stage has left is none of them.

    Raises:
        AwaitingPerson: the stage has not come as far as its cases, so that nobody knows them.
    """
    entries = read_entries(folder)
    # Whoever begins 01 anew begins 02 anew with it.
    begun = [
        entry["seq"] for entry in entries if entry["event"] == "begun" and entry["stage"] <= stage
    ]
    recent = [entry for entry in entries[max(begun, default=0) :] if entry["stage"] == stage]
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


def _list_choices(case: dict[str, Any]) -> Iterator[str]:
    yield "  選べる決定と、その理由:"
    for name in list_decisions(case["kind"], case["choices"]):
        reasons = "、".join(f"{code}={REASONS[code]}" for code in DECISIONS[case["kind"]][name])
        yield f"    {name}={DECISION_LABELS[name]}: {reasons}"


def describe_cases(folder: Path, key: RunKey, decisions: Decisions | None) -> Iterator[str]:
    """Describe every case of 03 as lines for the terminal: as typed, candidates, choices, decision.

    Args:
        decisions: those made so far; None while nothing says where they are written.
    """
    cases, tables = read_cases(folder, key)
    if cases.empty:
        yield "03 の事例はありません。"
        return
    told = dict(zip(tables["matches"]["application_id"], tables["matches"]["told"], strict=True))
    for case in cases.to_dict("records"):
        yield f"事例 {case['case']}  {KIND_LABELS[case['kind']]}  内容の値 {case['digest'][:16]}"
        yield f"  理由: {CASE_REASONS.get(case['reason'], case['reason'])}"
        typed, people = gather_case(
            case, tables["applications"], tables["candidates"], tables["cohort"]
        )
        if case["kind"] in ("to_confirm", "undecided"):
            yield f"  {told[case['application_id']]}"
        yield _disarm("  申出: " + " / ".join(typed))
        for number, person in enumerate(people, start=1):
            yield _disarm(f"  候補 {number}: " + " / ".join(person))
        yield from _list_choices(case)
        if case["kind"] == "undecided" and not case["choices"]:
            yield NO_CANDIDATE
        yield from _tell_decision(case, decisions)
    yield _summarize(cases, decisions, "03")


def _tell_decision(case: dict[Any, Any], decisions: Decisions | None) -> Iterator[str]:
    if decisions is not None:
        yield _disarm(f"  決定: {tell_decision(case, decisions)}")


def _summarize(cases: pd.DataFrame, decisions: Decisions | None, stage: str) -> str:
    if decisions is None:
        return f"決定: {stage} を一度実行した後に表示されます。"
    return _disarm(summarize_decisions(cases, decisions, stage))


def _disarm(line: str) -> str:
    # What an applicant typed must not move the cursor, colour the screen or turn the text around.
    return _COMMANDS.sub("\ufffd", line)


def gather_case(
    case: dict[str, Any], applications: pd.DataFrame, candidates: pd.DataFrame, cohort: pd.DataFrame
) -> tuple[list[str], list[list[str]]]:
    """Gather one case: the application as typed, and the residents who may be meant.

    Returns:
        name, kana, birth date, address, applicant and card name as typed; and for each candidate
        name, kana, birth date, address and what agrees.
    """
    own = applications[applications["application_id"] == case["application_id"]]
    typed = [
        f"{label}: {_CODED.get(name, {}).get(row[name], row[name])}"
        for row in own.to_dict("records")
        for name, label in _TYPED.items()
        if row.get(name)
    ]
    near = candidates[candidates["application_id"] == case["application_id"]].sort_values("place")
    ids = near["addressee_id"].tolist() or [case["addressee_id"]]
    agrees = near["evidence"].tolist() or [""]
    residents = cohort.set_index("addressee_id")
    people = [
        [
            str(residents.loc[person_id, name])
            for name in ("full_name", "full_name_kana", "birth_date", "address", "building")
        ] + [f"一致: {words}" if words else ""]
        for person_id, words in zip(ids, agrees, strict=True)
        if person_id in residents.index
    ]  # fmt: skip
    return typed or ["（世帯の確認。申出はありません）"], people


def show_cases(stage: Stage, review: Review) -> None:
    """Show the cases as a live widget to the officer in JupyterLab; in batch show nothing.

    The widget only shows; the decisions are written into the decisions file by two people.
    """
    if not is_live() or review.cases.empty:
        print(
            f"事例 {len(review.cases)} 件。内容は、JupyterLab で開くか recruitlib cases で見られます。"
        )
        return
    import ipywidgets

    pages = [
        _render_case(
            case,
            *gather_case(case, review.applications, review.candidates, review.cohort),
            tell_decision(case, review.decisions),
        )
        for case in review.cases.to_dict("records")
    ]
    # Nothing is shown before a person asks, so that a saved state of the widget holds nobody.
    pages.insert(0, f"事例の番号（1 から {len(pages)}）を入れると、内容を表示します。")
    page = ipywidgets.HTML(pages[0])
    number = ipywidgets.BoundedIntText(0, min=0, max=len(pages) - 1, description="事例")
    number.observe(lambda change: setattr(page, "value", pages[change["new"]]), "value")
    box = ipywidgets.VBox([number, page])
    append_entry(stage.folder, stage.number, "cases_shown")
    show_live(box, "事例の画面")


def _render_case(
    case: dict[str, Any], typed: list[str], people: list[list[str]], decided: str
) -> str:
    why = CASE_REASONS.get(case["reason"], case["reason"])
    heading = (
        f"事例 {case['case']}: {KIND_LABELS[case['kind']]}、{why}（内容の値 {case['digest'][:16]}）"
    )
    choices = "、".join(
        DECISION_LABELS[name] for name in list_decisions(case["kind"], case["choices"])
    )
    cells = [_render_list("申出に書かれた内容", typed)]
    cells += [
        _render_list(f"候補 {number}", person) for number, person in enumerate(people, start=1)
    ]
    row = "".join(f'<td style="vertical-align:top;padding:0 1em">{cell}</td>' for cell in cells)
    end = f"<p>選べる決定: {escape(choices)}</p><p>決定: {escape(decided)}</p>"
    return f"<h4>{escape(heading)}</h4><table><tr>{row}</tr></table>{end}"


def _render_list(title: str, values: list[str]) -> str:
    items = "".join(f"<div>{escape(value)}</div>" for value in values)
    return f"<b>{escape(title)}</b>{items}"
