"""Refresh what a change of the product makes stale: shipped approvals, notebook outputs, golden run.

Run by a developer, never by a test: ``python tests/refresh.py``. What it writes is then reviewed
in the difference and committed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

from recruitlib.base.audit import find_latest, group_digest, read_entries
from recruitlib.base.decisions import Decisions, confirm_case, decide_case, write_decisions
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.officers import open_signer, read_officers
from recruitlib.base.parameters import NOTEBOOKS, read_parameters
from recruitlib.base.signed_files import sign_file
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import read_private, unlock_key
from recruitlib.handover.sources import SOURCES
from recruitlib.pipeline import run_pipeline
from recruitlib.review.approval import approve_content, find_asked, write_approval
from recruitlib.review.panels import read_cases
from recruitlib.synth.ward import make_ward

ROOT = Path(__file__).parents[1]
WARDS = {"test_ward": 1_500, "demo": 40_000}
SEED = 2026
HANDLER = "取扱者C（見本）"
OFFICERS = read_officers(ROOT, demonstration=True)
FIRST, OTHER = (open_signer(ROOT, True, staff_id, "demo") for staff_id in ("見本A", "見本B"))


def refresh_run(name: str) -> Path:
    """Remake one ward's approvals and run it through 05."""
    ward = ROOT / f"inputs/{name}"
    ward.mkdir(parents=True, exist_ok=True)
    make_ward(ward, WARDS[name], SEED, ROOT / "params/towns/131041.csv")
    sign_run(ROOT, name)
    return run_pipeline(ROOT / f"params/{name}.yaml", "05", "05")


def sign_run(root: Path, name: str) -> None:
    """Run a made ward of a project up to 05 and put in all that the officers decide and sign.

    What an earlier run left goes first; then each stop is answered as the truth of the ward says.
    """
    parameters_file = root / f"params/{name}.yaml"
    parameters = read_parameters(parameters_file)
    people = root / f"params/{name}"
    truth = json.loads((root / f"inputs/{name}/truth.json").read_text(encoding="utf-8"))
    folder = root / parameters["runs_folder"] / parameters["run_id"]
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(people, ignore_errors=True)
    wait(parameters_file, "01", "03")
    decide_all(folder, people / "decisions.yaml", name, truth)
    wait(parameters_file, "03", "03")
    content, ticks = find_asked(folder)
    codes, run = [tick.code for tick in ticks], (name, True)
    approval = approve_content(content, ticks, codes, OTHER, run, "2026-05-19")
    write_approval(people / "approval.yaml", *run, approval)
    wait(parameters_file, "03", "05")
    write_receipt(folder, people / "handover.yaml", name, truth)
    write_disposal(people / "disposal.yaml", name)


def wait(parameters_file: Path, first: str, last: str) -> None:
    """Run until a person is awaited."""
    try:
        run_pipeline(parameters_file, first, last)
    except AwaitingPerson as stop:
        print(f"待ち: {stop}")
    else:
        sys.exit("a person should have been awaited here")


def decide_all(folder: Path, path: Path, name: str, truth: dict[str, Any]) -> None:
    """Decide every case as the truth of the invented ward says."""
    cases, tables = read_cases(folder, unlock_key(folder, "demo"))
    decisions = Decisions(name, True, OFFICERS, {})
    for case in cases.to_dict("records"):
        wanted = truth["applications"][case["application_id"].partition(":")[2]]
        near = tables["candidates"]
        near = near[near["application_id"] == case["application_id"]]
        place = near.loc[near["addressee_id"] == wanted["addressee_id"], "place"].tolist()
        choice: dict[str, Any] = {"decision": "outside", "reason": "no_such_person"}
        if case["kind"] == "withdrawn":
            choice = {"decision": "withdrawn", "reason": "withdrawn_by_subject"}
        elif case["kind"] == "near_pair":
            if case["addressee_id"] == wanted["addressee_id"]:
                sys.exit("the subject of an application is left to the last gate")
            choice = {"decision": "another", "reason": "other_person"}
        elif case["kind"] == "to_confirm":
            if case["addressee_id"] != wanted["addressee_id"]:
                sys.exit("an application is confirmed for somebody else")
            choice = {"decision": "matched", "reason": "list_checked"}
        elif place:
            reason = "parent_signed" if "parent" in wanted["kind"] else "typing_error"
            choice = {"decision": "matched", "candidate": int(place[0]), "reason": reason}
        decisions = confirm_case(decide_case(decisions, case, choice, FIRST), case, OTHER)
    write_decisions(path, decisions)


def write_receipt(folder: Path, path: Path, name: str, truth: dict[str, Any]) -> None:
    """Write the confirmation of the hand-over for the delta that notebook 05 found."""
    key = unlock_key(folder, "demo")
    labels = parse_table(read_private(folder, key, "labels", "05"))
    answers = [
        entry["facts"] for entry in read_entries(folder)
        if entry["event"] == "guard" and entry["facts"]["guard"] == "handover.delta_settled"
    ]  # fmt: skip
    voided = {person for ids in truth["handover"].values() for person in ids}
    content = {
        "demonstration": True,
        "run_id": name,
        "delta_digest": answers[-1]["note"],
        "prepared_by": FIRST.officer.staff_id,
        "confirmed_by": OTHER.officer.staff_id,
        "handler": HANDLER,
        "handed_over_labels": len(labels) - len(voided),
        "received_by": "自衛隊東京地方協力本部 募集課（見本）",
        "received_on": "2026-05-25",
    }
    write_signed(path, content)


def write_signed(path: Path, content: dict[str, Any]) -> None:
    """Write a file of two officers and sign it as both."""
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for signer in (FIRST, OTHER):
        sign_file(path, signer)


def write_disposal(path: Path, name: str) -> None:
    """Write the attestation of the disposal; a demonstration keeps its invented sources."""
    content = {
        "demonstration": True,
        "run_id": name,
        "carried_out_by": FIRST.officer.staff_id,
        "witnessed_by": OTHER.officer.staff_id,
        "sources": {source: "kept: 架空の区のため" for source in SOURCES},
    }
    write_signed(path, content)


def refresh_notebooks(folder: Path) -> None:
    """Copy the outputs of the small ward's run into the committed notebooks."""
    for stem in NOTEBOOKS.values():
        path = ROOT / f"notebooks/{stem}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        executed = nbformat.read(folder / f"notebooks/{stem}.ipynb", as_version=4)
        outputs = {cell.id: cell.outputs for cell in executed.cells if cell.cell_type == "code"}
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        # The injected cell of the run is not in the committed notebook, so the cells count anew.
        for number, cell in enumerate(code, start=1):
            cell.outputs, cell.execution_count = outputs[cell.id], number
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = number
        nbformat.write(notebook, path)


def refresh_golden(folder: Path) -> None:
    """Store what a demonstration must come out as: counts and the digests of its label PDFs."""
    golden = ROOT / "tests/golden"
    golden.mkdir(exist_ok=True)
    shutil.copy(folder / "counts.csv", golden / "counts.csv")
    printed = find_latest(read_entries(folder), "04", "printed")
    assert printed is not None
    digests = printed["facts"]["keyed_digests_of_plain_pdf"]
    (golden / "pdf_digests.json").write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")
    print({name: group_digest(digest) for name, digest in digests.items()})


if __name__ == "__main__":
    # With the people's files in place, an undisturbed run gives the outputs to commit.
    shutil.rmtree(refresh_run("test_ward"))
    refresh_notebooks(run_pipeline(ROOT / "params/test_ward.yaml", last="06"))
    refresh_golden(refresh_run("demo"))
