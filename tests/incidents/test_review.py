"""Published accidents of reviewing, planted one by one, each with the clean way that passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.decisions import (
    confirm_case,
    decide_case,
    read_own_decisions,
    write_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import DEMONSTRATION_OFFICERS, Officer, Signer, sign_content
from recruitlib.base.run import Stage
from recruitlib.review import confirmation
from recruitlib.review.approval import approve_content, write_approval
from recruitlib.review.confirmation import Review
from recruitlib.review.panels import read_views, tell_resident
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.unit.stages import (
    CHOICES,
    KEY,
    decide_cases,
    list_last_answer,
    make_situation,
    make_stage,
    store,
)

COUNTS = [Count(ALL, "rows_read", 9), Count("18", "cohort", 7), Count("22", "cohort", 2)]
RUN = ("test_ward", True)
LINKED = 2  # the number of the undecided case


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


# ---- A19, 生駒市: an application registered on the wrong person ----


def plant_stranger() -> dict[str, Any]:
    """Let candidate 1 of the undecided application have neither its name nor its birth date."""
    tables = make_situation()
    typed = ["subject_name", "subject_birth_text", "subject_birth_date"]
    tables["applications"].loc[2, typed] = ["試験　四郎4", "2008-05-05", "2008-05-05"]
    tables["cohort"].loc[2, ["full_name", "birth_date"]] = ["別人　七海", "2008-11-28"]
    return tables


def link(stage: Stage, candidate: int) -> None:
    """Decide all cases as one officer, the undecided one by linking it to a candidate."""
    choices = {**CHOICES, LINKED: {**CHOICES[LINKED], "candidate": candidate}}
    decisions = read_own_decisions(stage, "decisions_file")
    for case in confirmation.prepare_review(stage).cases.to_dict("records"):
        if case["case"] in choices:
            decisions = decide_case(decisions, case, choices[case["case"]], sign_as(STAFF))
    write_decisions(stage.locate("decisions_file"), decisions)


def confirm(stage: Stage, staff_id: str) -> None:
    decisions = read_own_decisions(stage, "decisions_file")
    for case in confirmation.prepare_review(stage).cases.to_dict("records"):
        if case["case"] in decisions.cases:
            decisions = confirm_case(decisions, case, sign_as(staff_id))
    write_decisions(stage.locate("decisions_file"), decisions)


def test_a19_a_link_to_a_stranger_stands_beside_it_with_a_warning(tmp_path: Path) -> None:
    views = {
        view.case["case"]: view
        for view in read_views(begin(tmp_path, plant_stranger()).folder, KEY)
    }
    stranger, subject = views[LINKED].residents
    told = "\n".join(tell_resident(stranger))
    assert "⚠" in told
    assert all(f"≠ {field}" in told for field in ("氏名", "生年月日"))
    assert views[LINKED].links_in_doubt("matched", (1,))
    # The clean twin: the one whose name and birth date agree carries no warning.
    assert "⚠" not in "\n".join(tell_resident(subject))
    assert not views[LINKED].links_in_doubt("matched", (2,))


@pytest.mark.parametrize("candidate", [1, 2])
def test_a19_nobody_is_linked_by_one_officer_alone(tmp_path: Path, candidate: int) -> None:
    stage = begin(tmp_path, plant_stranger())
    link(stage, candidate)
    review = confirmation.prepare_review(stage)
    person = review.candidates["addressee_id"].iloc[candidate - 1]
    assert person in review.exclusions.withheld
    with pytest.raises(AwaitingPerson, match=re.escape("optouts.all_decided")):
        confirmation.require_decisions(stage, review)
    with pytest.raises(AwaitingPerson, match="別の人でなければなりません"):
        confirm(stage, STAFF)
    # The clean twin: a second officer has looked.
    confirm(stage, SECOND)
    review = confirmation.prepare_review(stage)
    assert person in review.exclusions.opted_out
    confirmation.require_decisions(stage, review)
    assert list_last_answer(stage, "optouts.all_decided") == "yes"


# ---- A65: one officer was both ----


def add_alias(stage: Stage, staff_id: str) -> Signer:
    """Enter an officer's own key a second time, under another staff id and title, as its owner can."""
    own = sign_as(STAFF)
    officer = Officer(staff_id, "課長（見本）", "", own.officer.public_key)
    alias = Signer(officer, own.private_key)
    path = stage.root / DEMONSTRATION_OFFICERS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    [entry] = [one for one in content["officers"] if one["staff_id"] == STAFF]
    signature = sign_content(alias, {"purpose": "officer", **officer._asdict()})
    content["officers"].append({**entry, **officer._asdict(), "signature": signature})
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return alias


def test_a65_the_one_who_decided_approves_under_no_other_staff_id(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    alias = add_alias(stage, "1234")
    decide_cases(stage, CHOICES, SECOND)
    review = confirmation.prepare_review(stage)
    codes = list_codes(stage, review)
    with pytest.raises(AwaitingPerson, match="署名の鍵が同じです"):
        confirmation.make_approval(stage, review, alias, codes)
    approve_without_asking(stage, review, alias)
    with pytest.raises(AwaitingPerson, match="署名の鍵が同じです"):
        confirmation.require_approval(stage, review)
    assert list_last_answer(stage, "review.approved") == "no"
    # Neither does it help to type somebody else's id above one's own signature.
    approve_without_asking(stage, review, Signer(sign_as(THIRD).officer, alias.private_key))
    with pytest.raises(AwaitingPerson, match="署名が合いません"):
        confirmation.require_approval(stage, review)
    # The clean twin: somebody with a key of his or her own.
    confirmation.make_approval(stage, review, sign_as(THIRD), codes)
    assert confirmation.require_approval(stage, review).approved_by == THIRD


# ---- an approval copied from another run ----


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
