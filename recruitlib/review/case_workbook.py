"""Cases on paper: a workbook of a stage's cases, to be filled in by an officer.

Each row shows a case with its number and digest, and offers by lists what may be decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from recruitlib.base.audit import digest_keyed
from recruitlib.base.choices import (
    DECISION_LABELS,
    DECISIONS,
    KIND_LABELS,
    POINTING,
    REASONS,
    list_decisions,
)
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.exports import (
    Form,
    check_place,
    check_terms,
    list_exports,
    read_exporting,
    render_workbook,
    write_export,
)
from recruitlib.base.officers import read_officers, require_officer
from recruitlib.base.row_cases import name_place
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import RunKey, open_key, opening, read_private
from recruitlib.base.views import mark_unseen
from recruitlib.review.case_page import join_pieces
from recruitlib.review.panels import read_doubts, read_views, tell_resident

SHEET = "事例"
SHOWN = ("事例", "種類", "内容の値", "事情", "申出", "該当しうる人")
FILLED = ("決定", "理由", "候補", "ほかの候補", "備考")
COLUMNS = (*SHOWN, *FILLED)
Case = Mapping[str, Any]
Lines = tuple[str, ...]


def export_cases(root: Path, folder: Path, stage: str, out: Path, by: str, due: str) -> int:
    """Export the cases of a stage as a workbook to be filled in, logged with its due date.

    Args:
        root: the project folder.
        folder: the run's folder; its record takes the entry, and its 06 asks for the workbook.
        stage: "01", "02" or "03".
        out: where the workbook goes, outside the project's own folders.
        by: the staff id of whoever exports.
        due: the day by which the workbook has to be gone, within the fiscal year.

    Returns:
        the number of cases.

    Raises:
        AwaitingPerson: the cases are not known yet.
        ParameterError: there is none; or place, name, officer or due date will not do.
    """
    values, today = read_exporting(folder)
    demonstration = values["run_kind"] == "demonstration"
    require_officer(read_officers(root, demonstration), by)
    problems = check_place(out, root, values["runs_folder"], list_exports(folder))
    until = date(values["fiscal_year"] + 1, 3, 31).isoformat()
    raise_problems(ParameterError, problems + check_terms(by, due, today, until), "事例の書き出し")
    key = open_key(folder, values["run_id"], demonstration)
    with opening("事例のブックを書き出す", by):
        table, form = tabulate_forms(folder, key, stage)
    if table.empty:
        raise ParameterError(f"{stage} の事例はありません。")
    notes = [
        f"{stage} の事例（実行 {values['run_id']}）{'見本（架空の区）' if demonstration else ''}",
        f"書き出した人: {by}　消去の期限: {due}",
        "個人の情報です。期限までに、印刷した紙とともに消去し、廃棄の確認書（disposal.yaml の exports）に書いてください。",
        "「決定」と「理由」は一覧から選びます。空の行は、まだ決めないことになります。",
        "「候補」は、候補の人を指す決定だけに書きます。同じ申出がほかの人も指すときは、「ほかの候補」に 2・3 のように書きます。",
        "書き終えたら recruitlib decide-workbook で読み込みます。その後に、別の人が recruitlib confirm で確かめます。",
    ]
    content = render_workbook(table, SHEET, notes, form)
    write_export(
        folder, out, content,
        kind="cases", cases_of=stage, keyed_digest=digest_keyed(key.digest_key, content),
        by=by, due=due,
    )  # fmt: skip
    return len(table)


def tabulate_forms(folder: Path, key: RunKey, stage: str) -> tuple[pd.DataFrame, Form]:
    """Tabulate the cases of a stage for an officer, with empty cells and what they may hold."""
    rows, options = [], []
    for case, told, typed, people in _describe_cases(folder, key, stage):
        shown = (
            str(case["case"]), KIND_LABELS[case["kind"]], case["digest"][:16], told, typed, people,
        )  # fmt: skip
        rows.append((*shown, *[""] * len(FILLED)))
        offered = list_decisions(case["kind"], case["choices"])
        reasons = {code for name in offered for code in DECISIONS[case["kind"]][name]}
        points = any((case["kind"], name) in POINTING for name in offered)
        options.append(
            {
                "決定": [label_code(name, DECISION_LABELS) for name in offered],
                "理由": [label_code(code, REASONS) for code in REASONS if code in reasons],
                "候補": [str(number + 1) for number in range(case["choices"] if points else 0)],
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)), Form(FILLED, options)


def _describe_cases(
    folder: Path, key: RunKey, stage: str
) -> Iterator[tuple[Case, Lines, Lines, Lines]]:
    if stage != "03":
        cases = read_doubts(folder, key, stage)
        people = pd.DataFrame(columns=["case", "place", "who"])
        if stage == "01" and len(cases):
            people = parse_table(read_private(folder, key, "doubt_people_01", stage))
        for case in cases.to_dict("records"):
            near = people[people["case"] == case["case"]].to_dict("records")
            who = [
                f"候補 {row['place']}: {row['who']}" if row["place"] else row["who"] for row in near
            ]
            yield case, (f"{name_place(case)}: {case['reason']}",), (), tuple(who)
        return
    for view in read_views(folder, key):
        typed = [(line.label, join_pieces(line.typed)) for line in view.typed]
        told = [f"{label}: {mark_unseen(text)}" for label, text in (*typed, *view.beside) if text]
        who = [line.strip() for resident in view.residents for line in tell_resident(resident)]
        why = (view.why, view.told, *view.remarks)
        yield view.case, tuple(filter(None, why)), tuple(told), tuple(who)


def label_code(code: str, labels: Mapping[str, str]) -> str:
    """Label a code as the lists of the workbook offer it."""
    return f"{labels[code]}［{code}］"
