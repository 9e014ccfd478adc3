"""An approval copied from another run: what it is refused for, and the clean way that passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import Signer
from recruitlib.base.run import Stage
from recruitlib.review import confirmation
from recruitlib.review.approval import approve_content, write_approval
from recruitlib.review.confirmation import Review
from tests.officers import SECOND, THIRD, sign_as
from tests.unit.stages import (
    CHOICES,
    decide_cases,
    make_situation,
    make_stage,
    store,
)

COUNTS = [Count(ALL, "rows_read", 9), Count("18", "cohort", 7), Count("22", "cohort", 2)]
RUN = ("test_ward", True)


def begin(folder: Path, tables: dict[str, Any] | None = None) -> Stage:
    """Begin 03 with the tables of 01 and 02."""
    stage = make_stage(folder, "03")
    store(stage, **(tables or make_situation()))
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    return stage


def list_codes(stage: Stage, review: Review) -> list[str]:
    return [tick.code for tick in confirmation.list_ticks(stage, review)]


def approve_without_asking(stage: Stage, review: Review, signer: Signer) -> None:
    """Approve as somebody does who goes round the refusal and writes the file."""
    ticks, codes = confirmation.list_ticks(stage, review), list_codes(stage, review)
    approval = approve_content(review.content, ticks, codes, signer, RUN, "2026-05-19")
    write_approval(stage.locate("approval_file"), *RUN, approval)


def test_an_approval_copied_from_another_run_is_refused(tmp_path: Path) -> None:
    """The same people, decisions and officers in another run: its approval is none of this one."""
    stages = [begin(tmp_path / name) for name in ("this", "other")]
    reviews = []
    for stage in stages:
        decide_cases(stage, CHOICES, SECOND)
        reviews.append(confirmation.prepare_review(stage))
    this, other = stages
    path = this.locate("approval_file")
    codes = list_codes(other, reviews[1])
    ticks = confirmation.list_ticks(other, reviews[1])
    signed = approve_content(
        reviews[1].content, ticks, codes, sign_as(THIRD), ("other_ward", True), "2026-05-19"
    )
    write_approval(path, "other_ward", True, signed)
    with pytest.raises(ParameterError, match="別の実行"):
        confirmation.require_approval(this, reviews[0])
    # With the run's name written over, the signature tells.
    write_approval(path, *RUN, signed)
    with pytest.raises(AwaitingPerson, match="署名が合いません"):
        confirmation.require_approval(this, reviews[0])
    # A run of the same name on other tables has another content, whoever signed it.
    tables = make_situation()
    tables["cohort"].loc[8, "address"] = "東京都新宿区片町99番1号"
    changed = begin(tmp_path / "changed", tables)
    decide_cases(changed, CHOICES, SECOND)
    approve_without_asking(changed, confirmation.prepare_review(changed), sign_as(THIRD))
    path.write_bytes(changed.locate("approval_file").read_bytes())
    with pytest.raises(AwaitingPerson, match="内容が変わりました"):
        confirmation.require_approval(this, reviews[0])
    # The clean twin: approved in this run.
    confirmation.make_approval(this, reviews[0], sign_as(THIRD), codes)
    assert confirmation.require_approval(this, reviews[0]).approved_by == THIRD
