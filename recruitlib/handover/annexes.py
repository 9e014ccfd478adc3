"""The annexes of the ward's document, made from the run: the checklists and the flow (資料)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from recruitlib.base.counts import Count
from recruitlib.base.run import Stage
from recruitlib.base.scope import read_scope
from recruitlib.handover.checklist_paper import render_checklists
from recruitlib.handover.checklists import read_run_checklists
from recruitlib.handover.flow_picture import render_flow

CHECKLISTS, FLOW = "handover/checklists.pdf", "handover/flow.pdf"


def prepare_annexes(stage: Stage, lines: pd.DataFrame, counts: Sequence[Count]) -> dict[str, bytes]:
    """Make the annexes as they stand when the labels have been handed over.

    Args:
        stage: notebook 05 at work.
        lines: of ``require_checklists``.
        counts: those of the whole run, the hand-over among them.

    Returns:
        each PDF by its place in the run's folder.
    """
    scope, run_id = read_scope(stage.locate("scope_file")), stage.parameters["run_id"]
    return {
        CHECKLISTS: render_checklists(
            read_run_checklists(stage), lines, run_id, stage.today, stage.demonstration
        ),
        FLOW: render_flow(scope, stage.parameters, counts, stage.today, stage.demonstration),
    }
