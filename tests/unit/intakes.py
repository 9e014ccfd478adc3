"""The steps of notebook 01 on files of the invented ward, for tests of the registry room."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyrage

from recruitlib.base.audit import append_entry
from recruitlib.base.decisions import decide_case, write_decisions
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import Stage, ask_guard, list_answers, read_private_table
from recruitlib.base.vault import RunKey
from recruitlib.registry.intake import (
    Intake,
    Loaded,
    Traced,
    choose_cohort,
    load_registry,
    settle_doubts,
    take_protections,
)
from tests.conftest import ROOT
from tests.officers import SECOND, STAFF, begin_decisions, confirm_all, sign_as

PARAMETERS = read_parameters(ROOT / "params/test_ward.yaml")
KEY = RunKey(str(pyrage.x25519.Identity.generate()), b"key of a test")
LEFT_OUT = {"decision": "left_out", "reason": "checked_with_registry"}


class Taken(NamedTuple):
    """What the steps of an intake gave."""

    loaded: Loaded
    traced: Traced
    settled: pd.DataFrame
    intake: Intake


def begin(folder: Path, ward: Path, today: str = "2026-05-18", **changes: Any) -> Stage:
    """Begin notebook 01 on the small ward in a folder of the test, with some parameters changed."""
    files = {
        "registry_file": str(ward / "registry.csv"),
        "protections_file": str(ward / "protections.csv"),
        "load_decisions_file": str(folder / "load_decisions.yaml"),
    }
    run = folder / "run"
    run.mkdir(parents=True, exist_ok=True)
    parameters = {**PARAMETERS, **files, **changes}
    stage = Stage("01", ROOT, run, parameters, KEY, date.fromisoformat(today))
    append_entry(run, "01", "begun")
    ask_guard(stage, "record.chain_intact", [])
    return stage


def take_in(stage: Stage) -> Taken:
    """Do all steps but the last."""
    loaded = load_registry(stage)
    traced = take_protections(stage, loaded)
    settled = settle_doubts(stage, loaded, traced)
    return Taken(loaded, traced, settled, choose_cohort(stage, loaded, traced, settled))


def decide_all(stage: Stage, choices: dict[int, dict[str, Any]] | None = None) -> pd.DataFrame:
    """Decide every case that waits as two people would: left out, unless another choice is given."""
    cases = read_private_table(stage, "doubts_01")
    decisions = begin_decisions()
    for case in cases.to_dict("records"):
        choice = (choices or {}).get(case["case"], LEFT_OUT)
        decisions = decide_case(decisions, case, choice, sign_as(STAFF))
    decisions = confirm_all(decisions, cases.to_dict("records"), SECOND)
    write_decisions(stage.locate("load_decisions_file"), decisions)
    return cases


def answer(stage: Stage, guard: str) -> str:
    """Give the answer of a guard since the stage began."""
    return str(list_answers(stage)[guard]["answer"])
