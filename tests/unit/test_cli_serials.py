"""The files of a day as options of delta and reprint: a file with its total, or who attests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from recruitlib.base import office
from recruitlib.base.errors import ParameterError
from recruitlib.cli import serials
from recruitlib.cli.serials import _name_day, delta, describe_ends, reprint, spoil
from recruitlib.handover.changes import Act
from recruitlib.handover.delta import VOID_COLUMNS
from recruitlib.handover.serials import Ledger
from tests.officers import STAFF, sign_as
from tests.unit.stages import make_stage

DAY = "2026-05-25"


def test_what_is_not_said_stays_as_the_parameter_file_has_it() -> None:
    silent = {"registry_file": None, "registry_total": None, "registry_attested_by": ""}
    assert _name_day(silent, DAY) == _name_day({}, DAY) == {}


def test_a_file_of_today_takes_the_place_of_an_attestation_and_the_other_way_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    day = {
        "registry_file": Path("new.csv"), "registry_total": 0, "registry_attested_by": "",
        "protections_file": Path("listed.csv"), "protections_attested_by": "",
        "form_attested_by": "地域係",
    }  # fmt: skip
    assert _name_day(day, DAY) == {
        "handover_registry_file": str(tmp_path / "new.csv"), "handover_registry_total": 0,
        "handover_registry_attested_by": "", "handover_registry_base_date": DAY,
        "handover_protections_file": str(tmp_path / "listed.csv"),
        "handover_protections_attested_by": "", "handover_protections_listed_on": DAY,
        "handover_form_file": "", "handover_form_total": 0, "handover_form_attested_by": "地域係",
        "handover_form_exported_on": DAY,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ({"form_file": Path("a.csv"), "form_attested_by": "係", "form_total": 1}, "どちらか一つ"),
        ({"form_file": Path("a.csv")}, "--form-total も"),
        ({"counter_total": 3}, "--counter と一緒に"),
    ],
)
def test_a_source_that_is_said_by_halves_is_refused(day: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        _name_day(day, DAY)


def test_pages_and_two_ways_of_saying_what_was_torn_up_are_refused_before_a_run_is_opened(
    tmp_path: Path,
) -> None:
    # A41, 札幌市: a reprint by page range hit other people.
    path = tmp_path / "none.yaml"
    path.write_text("", encoding="utf-8")
    own = [str(path), "--by", "見本A"]
    asked = CliRunner().invoke(reprint, [*own, "--serials", "p.3-5", "--reason", "soiled"])
    assert isinstance(asked.exception, ParameterError) and "ページ" in str(asked.exception)
    for words in ([], ["--serials", "3", "--sheets", "all:1"]):
        torn = CliRunner().invoke(spoil, [*own, *words])
        assert isinstance(torn.exception, ParameterError)
        assert "どちらか一つ" in str(torn.exception)


def test_each_source_of_the_day_has_a_file_and_a_none_since() -> None:
    told = CliRunner().invoke(delta, ["--help"]).output
    for name in ("registry", "protection", "form", "counter"):
        assert f"--{name} " in told and f"--{name}-none-since" in told


def make_act(act: str, *pulled: int, renewable: Mapping[int, str] | None = None) -> Act:
    """Make an act that ends labels of the first sheet, at the position of the last digit."""
    rows = [(serial, "all", 1, serial % 10, "0000000001", "died") for serial in pulled]
    nothing = Ledger(pd.DataFrame(), pd.DataFrame())
    table = pd.DataFrame(rows, columns=list(VOID_COLUMNS))
    return Act(act, list(pulled), "", "0" * 64, nothing, table, renewable=renewable or {})


def test_each_act_says_in_its_own_words_what_becomes_of_the_labels() -> None:
    # A serial is shown as it is typed, also where it has four digits.
    assert describe_ends(make_act("spoil", 1041, 1042)) == [
        "汚損・廃棄: 通番 1041-1042（2枚）", "裁断した宛名シール 2枚",
        "束 all  シート    1  位置  1  通番   1041", "束 all  シート    1  位置  2  通番   1042",
    ]  # fmt: skip
    assert describe_ends(make_act("reprint", 3))[1] == "手元から抜き、裁断する古い宛名シール 1枚"
    assert describe_ends(make_act("delta", 3))[1] == "手元から抜く、または印刷しない宛名シール 1枚"


def test_a_delta_tells_who_moved_and_who_was_renamed_and_why_of_nobody_else() -> None:
    lines = describe_ends(make_act("delta", 3, 44, 46, renewable={9: "", 44: "moved", 46: "moved"}))
    assert lines[-3:] == [
        "次の人は、提供対象者のままでシールがありません。recruitlib reprint で再印刷しないときは、提供しません。",
        "  異動なし: 通番 9", "  転居（--reason moved）: 通番 44、46",
    ]  # fmt: skip
    assert not [line for line in lines if "死亡" in line]
    # Also when nothing is void any more: the reprint may still be due.
    assert describe_ends(make_act("delta", renewable={46: "renamed"}))[-1] == (
        "  氏名の変更（--reason renamed）: 通番 46"
    )
    assert describe_ends(make_act("delta")) == []


def test_the_register_is_opened_once_for_all_that_looks_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "05")
    asked = []

    def ask(run_id: str, demonstration: bool, new: bool) -> str:
        asked.append(new)
        return "demo"

    def look() -> Act:
        for _ in range(2):  # the day's applications, and who was supplied before
            office.open_office(stage.root, stage.folder, "test_ward", demonstration=True)
        return make_act("delta")

    monkeypatch.setattr(office, "read_register_passphrase", ask)
    monkeypatch.setattr(serials, "open_officer", lambda *given: sign_as(STAFF))
    look()
    assert asked == [True, False]
    serials._look_and_act(tmp_path / "r8.yaml", stage, look, "", STAFF, None)
    assert asked == [True, False, False]


@pytest.mark.parametrize("reason", ["", "SOILED", "汚損", "changed"])
def test_a_reason_is_one_of_the_list(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("", encoding="utf-8")
    words = [str(path), "--by", "見本A", "--serials", "3", "--reason", reason]
    told = CliRunner().invoke(reprint, words)
    assert told.exit_code == 2 and "renamed" in told.output


def test_only_what_is_pulled_from_the_sheets_has_a_list_for_it() -> None:
    for command, is_offered in ((delta, True), (reprint, True), (spoil, False)):
        assert ("--out" in CliRunner().invoke(command, ["--help"]).output) is is_offered
