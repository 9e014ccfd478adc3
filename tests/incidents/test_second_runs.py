"""Published accidents after the first print, planted one by one, each with the clean way that passes.

The labels are those of the small ward, printed by its notebooks; acts are typed at the terminal, and
who is on the paper is read from the PDFs.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from recruitlib.base.audit import read_entries
from recruitlib.base.counts import COUNTS_NAME, Count, read_counts, write_counts
from recruitlib.base.errors import (
    AwaitingPerson,
    GuardError,
    IntegrityError,
    ParameterError,
    RecruitError,
)
from recruitlib.base.parameters import STAGES, validate_parameters
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import open_key, read_private
from recruitlib.base.verification import verify_record
from recruitlib.registry.intake import Intake
from recruitlib.review.balance import check_balance
from tests.conftest import ROOT, WARD, change_parameters
from tests.officers import SECOND, STAFF, sign_content_as
from tests.terminal import Terminal, open_quickly, read_print, write_labels
from tests.unit import intakes
from tests.unit.scopes import read_demo, write_scope

Run = Callable[..., Path]
RUN = "runs/test_ward"
HANDOVER = "params/test_ward/handover.yaml"
LABELS = 292  # of the small ward: 115 and 177 recipients
SHEET_3 = list(range(25, 37))
RANGES = ["2008-04-02/2009-04-01", "2004-04-02/2005-04-01"]


@pytest.fixture
def printed(printed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own whose labels are printed and not handed over."""
    project = tmp_path / "project"
    shutil.copytree(printed_project, project)
    monkeypatch.chdir(project)
    open_quickly(monkeypatch)
    return project


def read_latest(path: Path) -> dict[str, dict[str, str]]:
    """Read the latest row of every person of a registry file."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["宛名番号"]: row for row in csv.DictReader(file) if row["最新フラグ"] == "1"}


def read_lot(project: Path) -> pd.DataFrame:
    """Read which serial is whose."""
    folder = project / RUN
    return parse_table(read_private(folder, open_key(folder, "test_ward", True), "labels", ""))


def write_own(project: Path, ids: Iterable[str]) -> list[str]:
    """Write the labels of people as the extract of the load day has them."""
    return write_labels(project / WARD / "registry.csv", set(ids))


def change_residents(project: Path, changes: dict[str, dict[str, str]]) -> None:
    """Put later records of some people into the registry of handover day."""
    path = project / WARD / "handover_day/registry.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = []
    for row in rows:
        change = changes.get(row["宛名番号"]) if row["最新フラグ"] == "1" else None
        written.append({**row, "最新フラグ": "0"} if change else row)
        if change:
            number = str(int(row["個人履歴番号"]) + 1)
            written.append({**row, "個人履歴番号": number, **change})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(written)
    change_parameters(project, handover_registry_total=len(written))


def leave(status: str, reason: str, code: str, day: str = "2026-05-22") -> dict[str, str]:
    """Describe the record of somebody who died or moved out."""
    return {
        "住民状態": status, "除票フラグ": "1", "異動年月日": day, "異動届出年月日": day, "処理年月日": day,
        "異動事由": code, "異動区分": "1", "記載の事由": "", "消除の事由": reason,
        "消除の届出年月日": day, "消除の異動年月日": day, "消除の異動年月日_不詳フラグ": "0",
        "住所を定めた年月日": "", "転出年月日（確定）": day if status == "2" else "",
    }  # fmt: skip


def find_shown(project: Path) -> str:
    """Find the value that 05 has shown for the confirmation of the hand-over."""
    notes = [
        entry["facts"]["note"] for entry in read_entries(project / RUN)
        if entry["event"] == "guard" and entry["facts"]["guard"] == "handover.delta_settled"
    ]  # fmt: skip
    return str(notes[-1])


def confirm_handover(project: Path, **changes: object) -> None:
    """Change the shipped confirmation of the hand-over, and sign it as two officers."""
    content = yaml.safe_load((ROOT / HANDOVER).read_text(encoding="utf-8")) | changes
    text = yaml.safe_dump(sign_content_as(content, STAFF, SECOND), allow_unicode=True)
    (project / HANDOVER).write_text(text, encoding="utf-8")


def stop_of(run: Callable[[], object]) -> RecruitError:
    with pytest.raises(RecruitError) as stop:
        run()
    return stop.value


# ---- A11, 港区: a second extraction had only an upper bound, and 204 children were in it ----


def take_top_up(folder: Path, ward: Path, **changes: object) -> Intake:
    """Take the whole extract of the day of the top-up, in which children have moved in as well."""
    day = {
        "registry_file": str(ward / "top_up_day/registry.csv"), "registry_total": 1801,
        "registry_base_date": "2026-07-15", "protections_listed_on": "2026-07-15",
        "protections_file": str(ward / "top_up_day/protections.csv"),
    }  # fmt: skip
    stage = intakes.begin(folder, ward, "2026-07-15", **{**day, **changes})
    return intakes.take_in(stage).intake


def test_a11_a_range_without_its_lower_bound_is_no_parameter() -> None:
    values = {**intakes.PARAMETERS, "cohort_birth_ranges": ["/2009-04-01", RANGES[1]]}
    with pytest.raises(ParameterError, match="cohort_birth_ranges"):
        validate_parameters(values, STAGES)
    validate_parameters({**values, "cohort_birth_ranges": RANGES}, STAGES)


@pytest.mark.parametrize("low", ["1900-01-01", "2008-04-01"])
def test_a11_a_top_up_with_another_lower_bound_is_stopped(
    tmp_path: Path, ward_project: Path, low: str
) -> None:
    request = {**read_demo()["request"], "birth_ranges": [f"{low}/2009-04-01", RANGES[1]]}
    stop = stop_of(
        lambda: take_top_up(
            tmp_path, ward_project / WARD, cohort_birth_ranges=request["birth_ranges"],
            # The same slip in the scope: nothing else sees it then.
            scope_file=write_scope(tmp_path, request=request),
        )
    )  # fmt: skip
    assert isinstance(stop, GuardError)
    assert "cohort.birth_range" in str(stop)


def test_a11_whoever_is_younger_or_older_than_the_ranges_is_in_no_top_up(
    tmp_path: Path, ward_project: Path
) -> None:
    ward = ward_project / WARD
    ends = json.loads((ward / "truth.json").read_text(encoding="utf-8"))["top_up"]
    cohort = set(take_top_up(tmp_path, ward).cohort["addressee_id"])
    assert {*ends["recipients_18"], *ends["recipients_22"]} <= cohort
    assert not cohort & {*ends["outside"], *ends["foreign"]}
    rows = read_latest(ward / "top_up_day/registry.csv")
    ranges = [own.split("/") for own in RANGES]
    for one in cohort:
        assert any(low <= rows[one]["生年月日"] <= high for low, high in ranges)


# ---- A21, 平川市: 20 had died and 33 had moved between the extraction and the dispatch ----


def test_a21_the_dead_and_the_moved_are_pulled_and_nobody_else(
    printed: Path, run_quietly: Run
) -> None:
    truth = json.loads((printed / WARD / "truth.json").read_text(encoding="utf-8"))
    known = {one for ids in truth["handover"].values() for one in ids}
    lot = read_lot(printed)
    others = [one for one in lot["addressee_id"] if one not in known]
    changes = {one: leave("3", "死亡", "23") for one in others[:20]}
    changes |= {one: leave("2", "国内転出", "21") for one in others[100:133]}
    change_residents(printed, changes)
    # Whoever goes on without looking is stopped, and nothing is handed over.
    stop = stop_of(lambda: run_quietly(printed, "05", "05"))
    assert "handover.delta_settled" in str(stop)
    terminal = Terminal()
    terminal.act("recruitlib delta params/test_ward.yaml")
    gone = {*changes, *known}
    (change,) = [one["facts"] for one in read_entries(printed / RUN)
                 if one["event"] == "serials_changed"]  # fmt: skip
    pulled = lot.loc[lot["serial"].isin(change["voided"]), "addressee_id"]
    assert set(pulled) == gone and len(pulled) == 53 + 9
    assert len(read_print(printed / RUN)) == LABELS - 62
    assert not set(write_own(printed, gone)) & set(read_print(printed / RUN))
    # The dead are not printed again either, whatever the officers type.
    dead = lot.loc[lot["addressee_id"] == others[0], "serial"].item()
    command = (
        f"recruitlib reprint params/test_ward.yaml --serials {dead} --reason soiled --by 見本A"
    )
    assert terminal.type(command) != ""
    assert "印刷できません" in terminal.screen


def test_a21_a_day_on_which_nothing_has_happened_pulls_nobody(printed: Path) -> None:
    # The clean twin: of every source somebody attests that nothing came since. Only who had
    # announced at the extract to leave by now is pulled.
    announced = [one for one, row in read_latest(printed / WARD / "registry.csv").items()
                 if "" < row["転出予定年月日"] <= "2026-05-25"]  # fmt: skip
    lot = read_lot(printed)
    lot = lot[lot["addressee_id"].isin(announced)]
    assert len(lot) == 1
    sources = ("registry", "protection", "form", "counter")
    quiet = " ".join(f"--{source}-none-since 登録係D" for source in sources)
    told = Terminal().act(f"recruitlib delta params/test_ward.yaml {quiet}")
    assert f"差引: 通番 {lot['serial'].item()}（1枚）" in told
    assert len(read_print(printed / RUN)) == LABELS - 1


# ---- A41, 札幌市: a reprint of soiled cards hit the wrong range of pages ----


def test_a41_a_reprint_takes_serials_and_no_pages(printed: Path) -> None:
    terminal = Terminal()
    before = read_print(printed / RUN)
    lot = read_lot(printed)
    sheet = write_own(printed, lot.loc[lot["serial"].isin(SHEET_3), "addressee_id"])
    terminal.act("recruitlib spoil params/test_ward.yaml --sheets all:3")
    for pages in ("p.3", "3ページ", "3枚目", "all:3", "シート3"):
        command = f"recruitlib reprint params/test_ward.yaml --serials {pages} --reason soiled"
        assert terminal.type(f"{command} --by 見本A") == "ParameterError"
        assert "通番" in terminal.screen
    assert len(read_print(printed / RUN)) == LABELS - 12
    # The clean twin: the serials of the sheet give exactly its people, under new numbers.
    terminal.act("recruitlib reprint params/test_ward.yaml --serials 25-36 --reason soiled")
    assert read_print(printed / RUN) == before
    alone = printed / "alone"
    (alone / "private").mkdir(parents=True)
    shutil.copy(printed / RUN / "private/labels_reprint-001.pdf", alone / "private")
    assert read_print(alone) == sheet
    # Nobody is printed a third time under an old number.
    command = "recruitlib reprint params/test_ward.yaml --serials 25 --reason soiled --by 見本A"
    assert terminal.type(command) == "ParameterError"
    assert verify_record(printed / RUN) == []


# ---- A42, 高浜町: misprints were mixed in; A44, 福岡市: a sheet of labels was lost ----


def test_a42_a44_a_sheet_fewer_than_printed_is_not_handed_over(
    printed: Path, run_quietly: Run
) -> None:
    live = LABELS - 9
    confirm_handover(printed, handed_over_labels=live - 12)
    stop = stop_of(lambda: run_quietly(printed, "05", "05"))
    assert isinstance(stop, GuardError)
    assert "handover.serials_complete" in str(stop)
    # A44: what is lost is an accident first, and is printed again only then.
    terminal = Terminal()
    lost = "recruitlib reprint params/test_ward.yaml --serials 25 --reason lost"
    assert terminal.type(f"{lost} --by 見本A") == "ParameterError"
    assert "事故" in terminal.screen
    told = "recruitlib duty add --demonstration --kind incident --run test_ward"
    terminal.type(f"{told} --about シールの紛失 --due 2026-06-30 --by 見本A")
    terminal.act(lost)
    # A42, the clean twin: the torn sheet is reported by two, and the rest is handed over.
    terminal.act("recruitlib spoil params/test_ward.yaml --serials 26-36")
    # Whatever was confirmed before is not confirmed any more.
    stop = stop_of(lambda: run_quietly(printed, "05", "05"))
    assert isinstance(stop, AwaitingPerson) and "handover.delta_settled" in str(stop)
    value = find_shown(printed)
    confirm_handover(printed, handed_over_labels=live - 11, delta_digest=value)
    run_quietly(printed, "05", "05")
    assert verify_record(printed / RUN) == []
    sums = {step: sum(one.count for one in read_counts(printed / RUN) if one.step == step)
            for step in ("labels", "reprints", "handed_over", "voided", "spoiled")}  # fmt: skip
    assert sums == {
        "labels": LABELS, "reprints": 1, "handed_over": live - 11, "voided": 10, "spoiled": 11,
    }  # fmt: skip


# ---- A45, 丹波市: a count that did not agree stopped a wrong dispatch ----

ENDS = {"labels": 100, "reprints": 7, "handed_over": 90, "voided": 12, "spoiled": 5}


def make_counts(**changes: int) -> list[Count]:
    """Count a run with a reprint; some of its steps for the age of 18 are changed."""
    steps = {"cohort": 110, "protected": 2, "opted_out": 8, "recipients": 100, **ENDS}
    return [Count(age, step, number + (changes.get(step, 0) if age == "18" else 0))
            for age in ("18", "22") for step, number in steps.items()]  # fmt: skip


@pytest.mark.parametrize("step", ENDS)
@pytest.mark.parametrize("by", [-1, 1])
def test_a45_each_step_after_the_print_that_is_off_by_one_is_named(step: str, by: int) -> None:
    assert check_balance(make_counts()) == []
    problems = check_balance(make_counts(**{step: by}))
    assert problems and all(problem.startswith("18歳") for problem in problems)


def test_a45_counts_that_were_edited_after_the_print_stop_the_next_step(
    printed: Path, run_quietly: Run
) -> None:
    path = printed / RUN / COUNTS_NAME
    counts = read_counts(printed / RUN)
    edited = [one._replace(count=one.count - (one.step == "labels")) for one in counts]
    whole = path.read_bytes()
    path.write_bytes(write_counts(edited))
    terminal = Terminal()
    spoil = "recruitlib spoil params/test_ward.yaml --sheets all:3"
    assert terminal.type(f"{spoil} --by 見本A") == "IntegrityError"
    assert isinstance(stop_of(lambda: run_quietly(printed, "05", "05")), IntegrityError)
    path.write_bytes(whole)
    terminal.act(spoil)


# ---- A66: the old PDF was printed after the delta ----


def test_a66_after_a_delta_no_file_holds_whoever_is_void(printed: Path) -> None:
    folder = printed / RUN
    old, before = folder / "private/labels_all.pdf", read_print(folder)
    kept = old.read_bytes()
    truth = json.loads((printed / WARD / "truth.json").read_text(encoding="utf-8"))
    void = {one for ids in truth["handover"].values() for one in ids}
    Terminal().act("recruitlib delta params/test_ward.yaml")
    assert old.read_bytes() != kept
    assert not [path for path in printed.rglob("*") if path.is_file() and path.read_bytes() == kept]
    assert read_print(folder) == sorted(set(before) - set(write_own(printed, void)))
    assert len(read_print(folder)) == LABELS - 9
    assert verify_record(folder) == []
    # Somebody puts the old file back, to print from it: the record does not know it.
    old.write_bytes(kept)
    assert any("labels_all.pdf" in problem for problem in verify_record(folder))
    stop = Terminal().type("recruitlib spoil params/test_ward.yaml --sheets all:3 --by 見本A")
    assert stop == "IntegrityError"


def test_a66_whatever_is_typed_next_finishes_an_act_that_was_cut_off(
    printed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*content: object) -> None:
        raise RuntimeError("the power goes")

    terminal = Terminal()
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="the power goes"):
        patch.setattr("recruitlib.handover.changes.replace_lots", cut_off)
        terminal.act("recruitlib spoil params/test_ward.yaml --sheets all:3")
    assert len(read_print(printed / RUN)) == LABELS
    # Preparing another act is enough, also where nobody executes it.
    assert terminal.type("recruitlib spoil params/test_ward.yaml --sheets all:4 --by 見本A") == ""
    assert "中断していた PDF の作り直しを済ませました" in terminal.screen
    assert len(read_print(printed / RUN)) == LABELS - 12
    assert verify_record(printed / RUN) == []
