"""A run whose labels have left, on a folder of a test, as a notice to the recipient finds it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from recruitlib.base.audit import RUN_NAME, append_entry, digest_bytes
from recruitlib.base.run import Stage
from recruitlib.handover.receipt import Receipt
from recruitlib.handover.supplied import keep_supplied
from tests.officers import SECOND, STAFF
from tests.unit.stages import make_residents, make_stage, store

SERIALS = [1, 2, 3, 40, 41, 42]
PEOPLE = make_residents(*[{}] * len(SERIALS))
NOBODY = pd.DataFrame(columns=["addressee_id", "reason"], dtype="str")


def hand_over(folder: Path) -> Stage:
    """Hand over the serials 1 to 3 and 40 to 42 to six people, and keep what the office keeps."""
    stage = make_stage(folder, "05")
    content = yaml.safe_dump({"01": dict(stage.parameters)}, allow_unicode=True).encode()
    (stage.folder / RUN_NAME).write_bytes(content)
    (stage.folder / "handover").mkdir()
    store(stage, cohort=PEOPLE, excluded=NOBODY)
    receipt = Receipt(
        demonstration=True, run_id="test_ward", delta_digest="", prepared_by=STAFF,
        confirmed_by=SECOND, handler="取扱者C", handed_over_labels=6, received_by="募集課の人",
        received_on="2026-05-25",
    )  # fmt: skip
    keep_supplied(stage, PEOPLE.assign(serial=SERIALS), NOBODY, receipt)
    files = {RUN_NAME: digest_bytes(content)}
    append_entry(stage.folder, "05", "completed", files=files, counts=[])
    return stage
