"""Late opt-outs on the invented ward: before the print, after it, and after the hand-over.

Whom the late application means is told by the ward's truth, and which serial that person was given
by the labels of the run.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import ParameterError
from recruitlib.base.office import open_office
from recruitlib.base.open_run import open_supplied
from recruitlib.base.parameters import read_parameters
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import open_key, read_private
from recruitlib.base.verification import verify_record
from recruitlib.cli.late import discard_request, late_optouts
from recruitlib.cli.lookup import lookup
from recruitlib.handover.duties import list_open, read_duties
from recruitlib.handover.handover_day import _match_again
from recruitlib.handover.late import Late, find_late
from recruitlib.labels.print_day import check_new_hits, select_fresh
from recruitlib.optouts.exclusion import choose_rows, reread_registry, take_applications
from tests.conftest import PARAMETERS, WARD
from tests.officers import STAFF, sign_as

DAY = "2026-06-02"
LATE = f"{WARD}/late_day"
COUNTER_TOTAL, FORM_TOTAL = 9, 24
OPTIONS = (
    PARAMETERS, "--form", f"{LATE}/applications_form.csv", "--form-total", str(FORM_TOTAL),
    "--counter", f"{LATE}/applications_counter.xlsx", "--counter-total", str(COUNTER_TOTAL),
    "--day", DAY, "--by", STAFF,
)  # fmt: skip


@pytest.fixture
def handed(handed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own whose labels have left."""
    shutil.copytree(handed_project, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    for command in ("late", "lookup"):
        # Deriving an officer's key is slow on purpose, and would be done for each command.
        monkeypatch.setattr(
            f"recruitlib.cli.{command}.open_officer", lambda root, kind, staff_id: sign_as(staff_id)
        )
    return tmp_path / "project"


def find_subject(project: Path) -> tuple[str, int]:
    """Find whom the late application means, and the serial that he or she was given."""
    truth = json.loads((project / WARD / "truth.json").read_text(encoding="utf-8"))
    told = truth["late_day_applications"].values()
    (person,) = [own["addressee_id"] for own in told if own["kind"] == "late_after_handover"]
    folder = project / "runs/test_ward"
    labels = parse_table(read_private(folder, open_key(folder, "test_ward", True), "labels", ""))
    (serial,) = labels.loc[labels["addressee_id"] == person, "serial"]
    return person, int(serial)


def call(command: object, *words: str, text: str = "") -> str:
    done = CliRunner().invoke(command, list(words), input=text, catch_exceptions=False)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done.output


def test_a_label_that_has_left_is_asked_back_and_the_office_can_tell_it(
    handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, serial = find_subject(handed)
    folder = handed / "runs/test_ward"
    shown = call(late_optouts, *OPTIONS)
    assert f"通番 {serial}）" in shown
    assert "新しい申出は 3 件です（提供した人に当たる 1、" in shown
    assert "回答の期限 2026-06-16" in shown
    (entry,) = [one for one in read_entries(folder) if one["event"] == "discard_requested"]
    assert entry["facts"]["signed"]["content"]["serials"] == [serial]
    (looked,) = [one for one in read_entries(folder) if one["event"] == "late_looked"]
    # In 02 there were 22 forms and 8 papers.
    new = FORM_TOTAL + COUNTER_TOTAL - 30
    assert looked["facts"] == {"fresh": new, "asked": 1, "returned": 0, "unclear": 0, "by": STAFF}
    assert verify_record(folder) == []
    (duty,) = [own for own in read_duties(handed, True) if own.kind == "discard_recipient"]
    assert duty in list_open(handed, True, date(2026, 6, 2))
    # Whom nobody can name is asked for by an officer, until a day.
    unclear = Late(
        fresh=new, supplied=1, excluded=1, absent=0, serials=[], asked_before=1, returned=0,
        unclear=1, others=[],
    )  # fmt: skip
    monkeypatch.setattr("recruitlib.handover.late.find_late", lambda stage, office: unclear)
    assert f"期限 2026-06-16 で義務の簿冊の番号 {duty.number + 1} に" in call(
        late_optouts, *OPTIONS
    )

    # Closed and its private files gone: the serial that a look-up gives is enough.
    shutil.rmtree(folder / "private")
    said = ("--demonstration", "--by", STAFF, "--purpose", "申出")
    told = call(lookup, *said, text=f"{person}\n")
    assert "提供した: 2026-05-25" in told and f"宛名番号 {person} の人を探します" in told
    assert f"{DAY} に、提供先に廃棄を求めた" in told
    truth = json.loads((handed / WARD / "truth.json").read_text(encoding="utf-8"))
    other = truth["recipients"]["18"][0]
    found = re.search(r"の通番 ([0-9,]+)", call(lookup, *said, text=f"{other}\n"))
    assert found is not None
    words = (PARAMETERS, "--serials", found[1], "--due", "2026-06-30", "--day", DAY, "--by", STAFF)
    before = read_entries(folder)
    refused = CliRunner().invoke(discard_request, list(words), input="n\n")
    assert isinstance(refused.exception, ParameterError) and read_entries(folder) == before
    shown = call(discard_request, *words, text="y\n")
    asked = f"実行 test_ward の通番 {found[1]}（1枚）、依頼の日 {DAY}、回答の期限 2026-06-30"
    assert shown.index(asked) < shown.index("[y/N]") < shown.index("discard_request_002.pdf")


@pytest.mark.parametrize(("policy", "asked"), [("honour", True), ("return", False)])
def test_what_each_policy_does_before_the_print_after_it_and_after_the_hand_over(
    handed: Path, policy: str, asked: bool
) -> None:
    person, serial = find_subject(handed)
    stage = open_supplied(handed, read_parameters(handed / PARAMETERS))
    values = {
        **stage.parameters, "late_optout": policy,
        "handover_form_file": f"{LATE}/applications_form.csv", "handover_form_total": FORM_TOTAL,
        "handover_counter_file": f"{LATE}/applications_counter.xlsx",
        "handover_counter_total": COUNTER_TOTAL, "handover_form_exported_on": DAY,
        "handover_counter_exported_on": DAY,
    }  # fmt: skip
    stage = replace(stage, parameters=values, today=date.fromisoformat(DAY))
    applications = take_applications(stage, prefix="handover_").applications
    fresh = select_fresh(stage, applications)
    cohort = parse_table(read_private(stage.folder, stage.key, "cohort", "04"))
    extract = reread_registry(stage, choose_rows(stage, applications, cohort))
    printed = cohort[cohort["addressee_id"] == person]
    # Neither policy prints or hands over whoever has applied, until two people have decided.
    assert check_new_hits(replace(stage, number="04"), fresh, extract, printed) == [
        "新しい申出が 1 件、提供対象者に当たります。"
    ]
    assert person in _match_again(stage, applications, fresh, extract)
    office = open_office(handed, stage.folder, "test_ward", demonstration=True)
    found = find_late(stage, office)
    assert (found.serials, found.returned) == (([serial], 0) if asked else ([], 1))
    assert found.unclear == 0
