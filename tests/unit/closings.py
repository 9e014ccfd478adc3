"""A run that is ready to be closed, on a folder of a test, and what two officers attest of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyrage
import pytest

from recruitlib.base.audit import append_entry, digest_bytes
from recruitlib.base.counts import Count, write_counts
from recruitlib.base.office import Office, locate_office, write_header
from recruitlib.base.record import LAUNCHER_NAMES
from recruitlib.base.run import Stage, find_today
from recruitlib.base.signed_files import describe_signed
from recruitlib.base.traces import remember_terms
from recruitlib.base.vault import (
    KEY_NAME,
    REGISTER_KEY_VARIABLE,
    RunKey,
    pack_key,
)
from recruitlib.closing.attestation import Attestation
from recruitlib.closing.private_files import list_files
from recruitlib.handover.receipt import Receipt
from recruitlib.handover.sources import SOURCES
from recruitlib.handover.supplied import keep_supplied
from tests.officers import OFFICERS, SECOND, STAFF, sign_content_as
from tests.unit.stages import KEY, make_residents, make_stage, store

REGISTER_KEY = RunKey(str(pyrage.x25519.Identity.generate()), b"digest key of the office")
KEPT = dict.fromkeys(SOURCES, "kept: 監査のため")
GONE = dict.fromkeys(SOURCES, "destroyed")
RETURNED = dict.fromkeys(SOURCES, "returned")
COUNTS = [Count("18", "labels", 3), Count("18", "handed_over", 2), Count("18", "spoiled", 1)]
PEOPLE = make_residents({}, {}, {})
_RECEIPT = Receipt(True, "test_ward", "", STAFF, SECOND, "取扱者C", 2, "募集課の人", "2026-05-25")


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test a home and a temporary folder of its own, and the office's key as the launcher does."""
    for name in ("home", "scratch"):
        (tmp_path / "machine" / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "machine/home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "machine/scratch"))
    monkeypatch.setenv(REGISTER_KEY_VARIABLE, pack_key(REGISTER_KEY))


def attest(
    sources: dict[str, str],
    exports: dict[str, str] | None = None,
    remains: dict[str, str] | None = None,
) -> Attestation:
    """Attest as two shipped officers would."""
    content = {
        "demonstration": True, "run_id": "test_ward", "carried_out_by": STAFF,
        "witnessed_by": SECOND, "sources": sources, **({"exports": exports} if exports else {}),
        **({"remains": remains} if remains else {}),
    }  # fmt: skip
    signed = describe_signed(sign_content_as(content, STAFF, SECOND), OFFICERS, [STAFF, SECOND])
    return Attestation(
        True, "test_ward", STAFF, SECOND, sources, exports or {}, remains or {}, signed
    )


def begin(folder: Path) -> Stage:
    """Begin 06 over a run with private files, its key and the words of the scan, handed over."""
    office = locate_office(folder, demonstration=True)
    office.mkdir(parents=True)
    write_header(Office(office, True, REGISTER_KEY), {})
    handed = PEOPLE.assign(serial=[1, 2, 3]).query("serial != 2")
    nobody = pd.DataFrame(columns=["addressee_id", "reason"], dtype="str")
    provision = make_stage(folder, "05")
    store(provision, recipients=PEOPLE, cohort=PEOPLE, excluded=nobody)
    keep_supplied(provision, handed, nobody, _RECEIPT)
    for name in ("cohort", "excluded"):
        (provision.folder / f"private/{name}.age").unlink()
    store(provision, settled=make_residents({}))
    remember_terms(provision.folder, KEY, "01", PEOPLE)
    for name, content in {
        f"private/{KEY_NAME}": b"key", "private/labels_all.pdf": b"%PDF",
        "counts.csv": write_counts(COUNTS),
    }.items():  # fmt: skip
        (provision.folder / name).write_bytes(content)
    vouch(provision)
    append_entry(provision.folder, "06", "begun", files={})
    return replace(provision, number="06", today=find_today(provision.parameters, "06"))


def vouch(stage: Stage) -> None:
    """Complete 05 with every file that lies in the run's folder now."""
    names = [
        name for name in list_files(stage.folder) if name not in ("audit.jsonl", *LAUNCHER_NAMES)
    ]
    files = {name: digest_bytes((stage.folder / name).read_bytes()) for name in names}
    append_entry(stage.folder, "05", "completed", files=files, counts=[list(own) for own in COUNTS])


def place_sources(stage: Stage, content: bytes = b"x") -> None:
    """Place every source file of the run."""
    for name in SOURCES:
        path = stage.locate(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
