"""The annexes of a run: made of its own parameters, its lists and its counts."""

from __future__ import annotations

from pathlib import Path

from recruitlib.handover.annexes import CHECKLISTS, FLOW, prepare_annexes
from recruitlib.handover.checklists import require_checklists
from tests.papers import read_paper
from tests.unit.stages import make_stage
from tests.unit.test_handover_flow import count


def test_the_annexes_tell_of_this_run(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05", checklist_unmet="list")
    papers = prepare_annexes(stage, require_checklists(stage), count())
    assert set(papers) == {CHECKLISTS, FLOW} == {"handover/checklists.pdf", "handover/flow.pdf"}
    lists, flow = (read_paper(papers[name]) for name in (CHECKLISTS, FLOW))
    assert "実行test_ward外部結合（区）" in lists
    assert "令和8年5月25日" in lists
    assert "実行test_ward" in flow
    # The form's total of the parameters, and the counts.
    assert "電子申請（本人確認）22件" in flow
    assert "提供対象者292人" in flow
