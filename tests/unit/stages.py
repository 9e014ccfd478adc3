"""A stage built by hand on a folder of a test, and invented residents, for tests of the steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyrage

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.decisions import decide_case, write_decisions
from recruitlib.base.officers import DEMONSTRATION_OFFICERS
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import Stage, find_today
from recruitlib.base.scope_gate import describe_scope
from recruitlib.base.tables import write_table
from recruitlib.base.vault import RunKey, write_private
from recruitlib.optouts.supplied_before import NOBODY
from recruitlib.registry.extract import RESIDENT_COLUMNS
from recruitlib.review.confirmation import list_review_cases
from tests.conftest import ROOT
from tests.officers import STAFF, begin_decisions, confirm_all, sign_as

# Made without a passphrase: deriving one is slow on purpose.
KEY = RunKey(str(pyrage.x25519.Identity.generate()), b"digest key of the unit tests")
_OWN = ("decisions_file", "approval_file", "handover_file", "disposal_file")


def make_stage(folder: Path, number: str, **changes: Any) -> Stage:
    """Begin a stage on a folder of the test; shipped files are the project's, people's are not there."""
    parameters = read_parameters(ROOT / "params/test_ward.yaml")
    for name, value in parameters.items():
        if isinstance(value, str) and value.startswith("params/"):
            own = name in _OWN
            parameters[name] = str(folder / Path(value).name if own else ROOT / value)
    parameters["checklist_files"] = [str(ROOT / name) for name in parameters["checklist_files"]]
    parameters.update(changes)
    run = folder / "runs/test_ward"
    run.mkdir(parents=True, exist_ok=True)
    officers = folder / DEMONSTRATION_OFFICERS
    officers.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / DEMONSTRATION_OFFICERS, officers)
    stage = Stage(number, folder, run, parameters, KEY, find_today(parameters, number))
    if number != "01":
        append_entry(run, "01", "completed", files={}, counts=[], scope=describe_scope(stage))
    append_entry(run, number, "begun", files={})
    return stage


def store(stage: Stage, **tables: pd.DataFrame) -> None:
    """Store private tables as an earlier stage would have."""
    for name, table in tables.items():
        write_private(stage.folder, stage.key, name, write_table(table))


def list_last_answer(stage: Stage, guard: str) -> str:
    """Give the answer that stands in the record last for a guard."""
    answers = [
        entry["facts"]["answer"] for entry in read_entries(stage.folder)
        if entry["event"] == "guard" and entry["facts"]["guard"] == guard
    ]  # fmt: skip
    return answers[-1] if answers else ""


def make_residents(*changes: dict[str, Any]) -> pd.DataFrame:
    """Make invented residents of the cohorts, one for each set of changes, with rows from 2."""
    rows = []
    for number, change in enumerate(changes, start=1):
        row = {
            "addressee_id": f"{number:010d}", "household_id": f"{900 + number:010d}",
            "full_name": f"試験　{'一二三四五六七八九'[(number - 1) % 9]}郎{number}",
            "full_name_kana": "シケン　タロウ", "birth_date": f"2008-05-{number % 28 + 1:02d}",
            "birth_text": f"2008-05-{number % 28 + 1:02d}", "birth_status": "certain",
            "status": "resident", "nationality": "japanese", "planned_move_out": "",
            "postal_code": "１６００００１", "address": f"東京都新宿区片町{number}番１号",
            "building": "", "source_row": number + 1, "cohort": "18",
        }  # fmt: skip
        rows.append({**row, **change})
    columns = [*RESIDENT_COLUMNS, "cohort"]
    return pd.DataFrame(rows, columns=columns).astype(
        {name: "str" for name in columns if name != "source_row"}
    )


def make_situation() -> dict[str, pd.DataFrame]:
    """Make the tables that notebook 03 starts from: nine people, four applications, four cases.

    Application 1 is matched with person 1; 2 is to be confirmed (person 2); 3 is undecided between
    the persons 3 and 4; 4 was withdrawn (person 5). Person 6 is protected and 7 lives with 6.
    """
    cohort = make_residents(*[{}] * 7, {"cohort": "22"}, {"cohort": "22"})
    applications = pd.DataFrame([
        {
            "application_id": f"form:{number}", "received_at": "2026-05-01", "channel": "form",
            "subject_name": cohort["full_name"][person - 1], "subject_kana": "シケン　タロウ",
            "subject_birth_text": cohort["birth_text"][person - 1],
            "subject_birth_date": cohort["birth_date"][person - 1],
            "subject_address": cohort["address"][person - 1], "subject_building": "",
            "phone": f"090-0000-000{number}", "applicant_relation": "self", "identity_check": "card",
            "status": "accepted", "wish": "optout", "receipt_no": f"R8-00{number}",
            "received_time": "", "linked_to": "", "card_name": "", "card_substitutes": "", "source": "form",
            "source_row": number + 1,
        }
        for number, person in enumerate((1, 2, 3, 5), start=1)
    ])  # fmt: skip
    # The third is typed as nobody is written: between two people.
    applications.loc[2, ["subject_name", "subject_birth_date"]] = ["試験　三四郎", ""]
    ids = cohort["addressee_id"]
    matches = pd.DataFrame(
        [
            ("form:1", "matched", ids[0], "A", "氏名・生年月日・番地", ""),
            ("form:2", "to_confirm", ids[1], "B", "氏名・生年月日・番地", "authority"),
            ("form:3", "undecided", "", "C", "", "no_full_agreement"),
            ("form:4", "withdrawn", ids[4], "A", "氏名・生年月日・番地", "withdrawal"),
        ],
        columns=["application_id", "outcome", "addressee_id", "tier", "evidence", "reason"],
        dtype="str",
    ).assign(told="根拠の説明。")
    candidates = pd.DataFrame(
        [("form:3", 1, ids[2], "番地", 1), ("form:3", 2, ids[3], "氏名", 1)],
        columns=["application_id", "place", "addressee_id", "evidence", "agreeing"],
    ).astype({"application_id": "str", "addressee_id": "str", "evidence": "str"})
    # Person 8 is nearer to the second application than anybody but its own subject.
    near = pd.DataFrame(
        [("form:2", ids[1], "三つとも同じ"), ("form:2", ids[7], "氏名が同じ")],
        columns=["application_id", "addressee_id", "evidence"],
        dtype="str",
    )
    return {
        "cohort": cohort, "applications": applications, "matches": matches,
        "candidates": candidates, "near": near, "protected": pd.DataFrame({"addressee_id": [ids[5]]}),
        "housemates": pd.DataFrame({"addressee_id": [ids[6]], "lives_with": [ids[5]]}),
        "supplied_before": NOBODY,
    }  # fmt: skip


CHOICES: dict[int, dict[str, Any]] = {
    1: {"decision": "matched", "reason": "authority_checked"},
    2: {"decision": "matched", "candidate": 2, "reason": "typing_error"},
    3: {"decision": "matched", "reason": "withdrawal_unproved"},
    4: {"decision": "supplied", "reason": "not_protected"},
}


def decide_cases(
    stage: Stage, choices: dict[int, dict[str, Any]], confirmed_by: str, decided_by: str = STAFF
) -> None:
    """Write the decisions of the situation's cases as two officers would."""
    tables = make_situation()
    cases = list_review_cases(tables, stage.key.digest_key)
    decisions = begin_decisions()
    rows = cases.to_dict("records")
    for case in rows:
        if case["case"] in choices:
            decisions = decide_case(decisions, case, choices[case["case"]], sign_as(decided_by))
    if confirmed_by:
        decisions = confirm_all(decisions, rows, confirmed_by)
    write_decisions(stage.locate("decisions_file"), decisions)
