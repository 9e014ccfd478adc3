"""Handover day: an attestation in the place of a file of today, which makes nobody forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recruitlib.base.audit import append_entry
from recruitlib.base.contents import list_quarantine
from recruitlib.base.errors import AwaitingPerson, IntegrityError, ParameterError
from recruitlib.base.run import Stage
from recruitlib.base.tables import ReadTable
from recruitlib.base.traces import remember_terms
from recruitlib.handover import handover_day
from recruitlib.handover.handover_day import (
    list_attested,
    list_printed,
    settle_sources,
    tell_attested,
)
from recruitlib.handover.serials import Ledger, begin_ledger
from recruitlib.handover.sources import check_looked, note_looked
from recruitlib.registry.extract import Extract
from tests.unit.stages import list_last_answer, make_residents, make_stage

PEOPLE = make_residents({}, {})
ROWS = {"handover_registry_total": 2, "registry_total": 2}
NOBODY_SINCE = {"handover_registry_file": "", "handover_registry_attested_by": "登録係"}


def read_day(stage: Stage, monkeypatch: pytest.MonkeyPatch, digest: str) -> pd.DataFrame:
    """Read the extract of the day from a file of this digest, as the parameters name it."""
    append_entry(stage.folder, "01", "completed", inputs={"registry": "as loaded"})
    records = PEOPLE.drop(columns="cohort").assign(
        is_latest=True, left_on="", changed_on="2026-04-01"
    )
    source = ReadTable(
        table=records.iloc[:0], quarantine=list_quarantine([]), rows_read=2, encoding="utf-8",
        how_decoded="", headers=[], dropped=[], absent=[],
    )  # fmt: skip
    seen: list[Path] = []

    def read(path: Path, profile: object, **asked: object) -> Extract:
        seen.append(path)
        # The registry of 01 is older than what is taken from today's.
        newest = "2026-05-20" if digest == "of today" else "2026-04-01"
        return Extract(records, {}, source, digest, newest, 2)

    monkeypatch.setattr(handover_day, "read_extract", read)
    attested = list_attested(stage)
    settled = settle_sources(stage, attested)
    found = handover_day._read_today(
        settled, lambda cells: np.ones(cells.num_rows, dtype=bool), "registry" in dict(attested)
    )
    assert seen == [settled.locate("handover_registry_file")]
    return found.records


def test_with_files_of_the_day_nothing_is_attested(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    assert list_attested(stage) == ()
    assert settle_sources(stage, ()).parameters == dict(stage.parameters)


def test_the_newest_earlier_file_stands_in_for_one_that_is_attested(tmp_path: Path) -> None:
    sources = ("registry", "protections", "form", "counter")
    given = {f"handover_{one}_file": "" for one in sources}
    named = {f"handover_{one}_attested_by": f"係{place}" for place, one in enumerate(sources)}
    stage = make_stage(tmp_path, "05", **given, **named)
    attested = list_attested(stage)
    values, before = settle_sources(stage, attested).parameters, stage.parameters
    assert values["handover_registry_file"] == before["registry_file"]
    assert values["handover_registry_total"] == before["registry_total"]
    assert values["handover_protections_file"] == before["print_protections_file"]
    for one in ("form", "counter"):
        for part in ("file", "total"):
            assert values[f"handover_{one}_{part}"] == before[f"print_{one}_{part}"]
    assert values["handover_form_file"].endswith("print_day/applications_form.csv")
    assert tell_attested(attested) == (
        "住民基本台帳: 以後なしの証明 係0、支援措置: 以後なしの証明 係1、電子申請: 以後なしの証明 係2、"
        "窓口・郵送: 以後なしの証明 係3"
    )


def test_who_attests_is_not_named_as_a_resident_is(tmp_path: Path) -> None:
    stage = make_stage(
        tmp_path, "05", **{**NOBODY_SINCE, "handover_registry_attested_by": "架空野 花子"}
    )
    assert dict(list_attested(stage)) == {"registry": "架空野 花子"}
    remember_terms(stage.folder, stage.key, "01", make_residents({"full_name": "架空野　花子"}))
    with pytest.raises(ParameterError, match="職名で") as stop:
        list_attested(stage)
    assert "花子" not in str(stop.value)


def test_an_attested_registry_is_that_of_01_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "05", **NOBODY_SINCE, **ROWS)
    assert len(read_day(stage, monkeypatch, "as loaded")) == 2
    with pytest.raises(IntegrityError, match="取込の後に変わっています"):
        read_day(stage, monkeypatch, "another")
    assert list_last_answer(stage, "handover.delta_settled") == "no"


def test_the_attestation_is_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = {"handover_registry_base_date": "2026-05-24"}
    stage = make_stage(tmp_path, "05", **NOBODY_SINCE, **ROWS, **day)
    with pytest.raises(AwaitingPerson, match="handover.delta_settled"):
        read_day(stage, monkeypatch, "as loaded")


def test_an_extract_of_the_day_may_be_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read_day(make_stage(tmp_path, "05", **ROWS), monkeypatch, "of today")) == 2


def test_an_attested_list_is_dated_by_its_attestation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = replace(make_stage(tmp_path, "05"))
    listed = pd.DataFrame({"addressee_id": ["0000000001"], "listed_on": ["2026-05-20"]})
    monkeypatch.setattr(handover_day, "read_listed", lambda stage, prefix: listed)
    assert handover_day._read_listed(stage, is_attested=False) is listed
    assert handover_day._read_listed(stage, is_attested=True)["listed_on"].tolist() == [""]


def test_everybody_ever_printed_is_looked_at_once_as_the_newest_label_says() -> None:
    labels = pd.DataFrame(
        {"serial": [1, 2], "bundle": "all", "sheet": 1, "position": [1, 2], "cohort": "18",
         "addressee_id": PEOPLE["addressee_id"]}
    )  # fmt: skip
    again = PEOPLE.iloc[[0]].assign(serial=3, address="東京都新宿区片町99番")
    printed = pd.concat([again, PEOPLE.assign(serial=[1, 2])], ignore_index=True)
    people = list_printed(Ledger(begin_ledger(labels), printed)).set_index("addressee_id")
    assert people["address"].tolist() == ["東京都新宿区片町2番１号", "東京都新宿区片町99番"]


REAL = {
    f"handover_{one}_file": f"day/{one}.csv"
    for one in ("registry", "protections", "form", "counter")
}
ATTESTED = {name: "" for name in REAL} | {
    name.replace("_file", "_attested_by"): "係" for name in REAL
}
BEFORE = {
    "registry_file": "day/old.csv", "print_protections_file": "day/old.csv",
    "print_form_file": "day/old.csv", "print_counter_file": "day/old.csv",
}  # fmt: skip


def look(folder: Path, files: tuple[str, ...] = tuple(REAL)) -> None:
    """Have an act look at real files of 25 May."""
    stage = make_stage(folder, "05", **REAL, **BEFORE)
    (folder / "day").mkdir()
    for name in (*REAL.values(), BEFORE["registry_file"]):
        (folder / name).write_bytes(name.encode())
    attested = [name.split("_")[1] for name in REAL if name not in files]
    note_looked(stage, attested)


def ask_attested(folder: Path, **changes: str) -> list[str]:
    """Say what an attestation of all four sources would forget."""
    stage = make_stage(folder, "05", **{**BEFORE, **ATTESTED, **changes})
    attested = list_attested(stage)
    assert len(attested) == 4 - sum(name in REAL for name in changes)
    return check_looked(settle_sources(stage, attested), dict(attested))


def test_an_attestation_does_not_go_back_behind_a_file_that_the_run_has_read(
    tmp_path: Path,
) -> None:
    look(tmp_path)
    problems = ask_attested(tmp_path)
    assert [problem.split("は、")[0] for problem in problems] == [
        "住民基本台帳", "支援措置", "電子申請", "窓口・郵送",
    ]  # fmt: skip
    assert all("もう 2026-05-25 のもの" in problem for problem in problems)
    # With a file of the day there is nothing to go back behind.
    assert len(ask_attested(tmp_path, handover_registry_file="day/new.csv")) == 3


def test_an_attestation_stands_where_only_other_sources_were_read(tmp_path: Path) -> None:
    look(tmp_path, ("handover_form_file",))
    assert [problem.split("は、")[0] for problem in ask_attested(tmp_path)] == ["電子申請"]


def test_an_attestation_stands_where_nothing_else_was_read(tmp_path: Path) -> None:
    make_stage(tmp_path, "05")
    assert ask_attested(tmp_path) == []


def test_the_same_file_again_and_a_print_of_a_later_day_forget_nobody(tmp_path: Path) -> None:
    look(tmp_path)
    again = {"registry_file": "day/registry.csv", "print_form_file": "day/form.csv"}
    assert len(ask_attested(tmp_path, **again)) == 2
    later = {
        "registry_base_date": "2026-05-26", "print_protections_listed_on": "2026-05-26",
        "print_form_exported_on": "2026-05-26", "print_counter_exported_on": "2026-05-26",
    }  # fmt: skip
    assert ask_attested(tmp_path, **later) == []
    # Of one day the print counts that was begun after it.
    same = dict.fromkeys(later, "2026-05-25")
    assert len(ask_attested(tmp_path, **same)) == 4
    for number in ("01", "04"):
        append_entry(tmp_path / "runs/test_ward", number, "begun", files={})
    assert ask_attested(tmp_path, **same) == []
