"""The shipped officers of demonstrations with their opened keys, for tests that sign as they do."""

from __future__ import annotations

from functools import cache

from recruitlib.base.decisions import Decisions, confirm_case
from recruitlib.base.officers import Signer, open_signer, read_officers, sign_content
from recruitlib.base.signatures import describe_file
from recruitlib.base.signed_files import SIGNATURES
from tests.conftest import ROOT

STAFF, SECOND, THIRD = "見本A", "見本B", "見本C"
OFFICERS = read_officers(ROOT, demonstration=True)


@cache
def sign_as(staff_id: str) -> Signer:
    """Open a shipped officer's key; deriving it from the passphrase is slow on purpose."""
    return open_signer(ROOT, True, staff_id, "demo")


def begin_decisions(run_id: str = "test_ward") -> Decisions:
    """Begin the decisions of a demonstration: nobody has decided anything."""
    return Decisions(run_id, True, OFFICERS, {})


def confirm_all(decisions: Decisions, cases: list[dict[str, object]], staff_id: str) -> Decisions:
    """Confirm every decided case as a second officer."""
    for case in cases:
        if case["case"] in decisions.cases:
            decisions = confirm_case(decisions, case, sign_as(staff_id))
    return decisions


def sign_content_as(content: dict[str, object], *staff_ids: str) -> dict[str, object]:
    """Give a file's content with the signatures of shipped officers."""
    said = {name: value for name, value in content.items() if name != SIGNATURES}
    told = describe_file(said)
    return {**said, SIGNATURES: {one: sign_content(sign_as(one), told) for one in staff_ids}}
