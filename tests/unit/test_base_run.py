"""A run and its stages: order, frozen parameters, guards, and no output before completion.

A small invented project folder with its own run.yaml stands for the office's. Right values: the
design (order of stages, classes of guards, exit codes), PyYAML, hashlib and zoneinfo.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import types
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
import pandas as pd
import pyrage
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from recruitlib.base import run as run_module
from recruitlib.base.audit import (
    AUDIT_NAME,
    RUN_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    read_entries,
)
from recruitlib.base.counts import Count
from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    ParameterError,
)
from recruitlib.base.guards import GUARDS, list_due
from recruitlib.base.officers import DEMONSTRATION_OFFICERS
from recruitlib.base.open_run import open_run, open_supplied
from recruitlib.base.parameters import NOTEBOOKS, PARAMETERS, STAGES, validate_parameters
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.run import (
    Stage,
    ask_guard,
    asking,
    begin_stage,
    check_loaded_again,
    complete_stage,
    end_closing,
    find_today,
    finish_writes,
    keep_proposal,
    list_answers,
    list_completed,
    locate_run,
    pick_parameters,
    read_completed,
    read_private_table,
    require_answers,
    require_clock,
    skip_guard,
    tabulate_guards,
    tabulate_parameters,
)
from recruitlib.base.run_lock import hold_serials
from recruitlib.base.traces import remember_terms
from recruitlib.base.vault import (
    KEY_NAME,
    KEY_VARIABLE,
    PASSPHRASE_VARIABLE,
    PRIVATE,
    RunKey,
    pack_key,
    read_private,
)
from recruitlib.base.verification import verify_record
from tests.interruption.others import add_later_entry
from tests.unit.stages import make_residents

ROOT = Path(__file__).parents[2]
SHIPPED = yaml.safe_load((ROOT / "params/test_ward.yaml").read_text(encoding="utf-8"))
TABLE = pd.DataFrame({"addressee_id": ["0012"], "full_name": ["架空野　花子"]}, dtype="str")
KEY = RunKey(str(pyrage.x25519.Identity.generate()), b"0" * 32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project folder with a run whose key the launcher has opened already."""
    for name in ("params", "notebooks", f"runs/test_ward/{PRIVATE}"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / DEMONSTRATION_OFFICERS, tmp_path / DEMONSTRATION_OFFICERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    monkeypatch.setenv(KEY_VARIABLE, pack_key(KEY))
    run_folder = tmp_path / "runs/test_ward"
    (run_folder / PRIVATE / KEY_NAME).write_bytes(b"locked")
    files = {f"{PRIVATE}/{KEY_NAME}": hashlib.sha256(b"locked").hexdigest()}
    append_entry(run_folder, "", "key_made", files=files)
    return run_folder


def _own(number: str, **changes: Any) -> dict[str, Any]:
    names = {"run_id"} | {p.name for p in PARAMETERS if p.stage == number}
    return {**{name: SHIPPED[name] for name in names if name in SHIPPED}, **changes}


def _begin(number: str, **changes: Any) -> Stage:
    return begin_stage(number, _own(number, **changes))


def _say_yes(stage: Stage, *but: str) -> None:
    for name in list_due(stage.number):
        if name != "record.chain_intact" and name not in but:
            ask_guard(stage, name, [], "見ました")


COUNTS = {
    "01": [Count("all", "rows_read", 9), Count("18", "cohort", 3)],
    "02": [Count("all", "applications", 1)],
    "03": [Count("18", "recipients", 2)],
    "04": [Count("18", "labels", 2)],
    "05": [Count("18", "handed_over", 2)],
    "06": [],
}


def _list_wrong_files(folder: Path) -> list[str]:
    """List what verification says of the files; the papers of these stages are invented."""
    return [line for line in verify_record(folder) if not line.startswith(AUDIT_NAME)]


def _complete(stage: Stage) -> str:
    number = stage.number
    return complete_stage(
        stage, COUNTS[number], private={f"table_{number}": TABLE},
        locked={f"labels_{number}.pdf": b"%PDF"}, public={f"handover/page_{number}.html": b"page"},
        facts={"note": "試験"},
    )  # fmt: skip


def _run(*numbers: str) -> None:
    for number in numbers:
        stage = _begin(number)
        _say_yes(stage)
        _complete(stage)


def _list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _make_stage(folder: Path, number: str) -> Stage:
    """Make a stage that has begun, without the stages before it."""
    append_entry(folder, number, "begun", files={})
    return Stage(number, folder, folder, SHIPPED, KEY, date(2026, 5, 18))


# ---- parameters ----


def test_only_plain_values_of_a_notebook_count_as_parameters() -> None:
    plain = {
        "run_id": "r8", "fiscal_year": 2026, "is_new": True, "rate": 0.5, "cohort_ages": [18, 22],
        "business_date": {"01": "2026-04-01"}, "bundle_by": [], "nested": [{"a": [1]}],
    }  # fmt: skip
    results = {
        "cohort": TABLE, "stage": object(), "Path": Path, "math": math, "load": len, "none": None,
        "today": date(2026, 4, 1), "rows": (1, 2), "found": {"18": TABLE}, "paths": [Path("a")],
        "_": "5", "_i1": "source", "__name__": "__main__", "In": ["run_id = 1"], "Out": {},
        "keyed": {1: "a"}, "content": b"x", "module": types.ModuleType("module"),
    }  # fmt: skip
    assert pick_parameters({**plain, **results}) == plain


def test_a_misspelled_parameter_is_refused_although_papermill_only_warns(folder: Path) -> None:
    with pytest.raises(ParameterError, match="operater: 知らない項目"):
        _begin("01", operater="担当者B")
    assert [entry["event"] for entry in read_entries(folder)] == ["key_made"]


def test_a_missing_parameter_is_refused_before_anything_is_written(folder: Path) -> None:
    before = _list_files(folder)
    values = _own("01")
    del values["registry_file"]
    with pytest.raises(ParameterError, match="registry_file"):
        begin_stage("01", values)
    assert _list_files(folder) == before


@pytest.mark.parametrize("run_id", ["../other", "a/b", "", "R8", 8, None])
def test_a_run_cannot_lie_outside_its_folder(tmp_path: Path, run_id: Any) -> None:
    with pytest.raises(ParameterError, match="run_id（実行名）"):
        locate_run(tmp_path, {"run_id": run_id})


def test_a_run_lies_in_runs_unless_told_otherwise(tmp_path: Path) -> None:
    assert locate_run(tmp_path, {"run_id": "r8"}) == tmp_path / "runs/r8"
    assert locate_run(tmp_path, {"run_id": "r8", "runs_folder": "x/y"}) == tmp_path / "x/y/r8"


def test_the_first_notebook_freezes_its_parameters_and_each_later_one_its_own(
    folder: Path,
) -> None:
    _run("01")
    _begin("02")
    frozen = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    assert list(frozen) == ["01", "02"]
    for number in ("01", "02"):
        wanted = {p.name for p in PARAMETERS if p.stage == number}
        assert set(frozen[number]) == wanted
        assert _own(number).items() <= {"run_id": "test_ward", **frozen[number]}.items()
    begun = find_latest(read_entries(folder), "01", "begun")
    assert begun is not None
    assert begun["facts"]["parameters"] == frozen["01"]
    assert begun["facts"]["operator"] == SHIPPED["operator"]
    assert begun["facts"]["business_date"] == "2026-05-18"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fiscal_year", 2027),
        ("operator", "担当者B"),
        ("run_kind", "production"),
        ("cohort_ages", [18]),
    ],
)
def test_a_later_notebook_with_another_value_is_refused_naming_it_without_the_value(
    folder: Path, name: str, value: Any
) -> None:
    _run("01")
    before = (folder / AUDIT_NAME).read_bytes()
    with pytest.raises(IntegrityError, match=f"確定した項目 {name} が違います") as caught:
        _begin("02", **{name: value})
    assert str(value) not in str(caught.value)
    assert (folder / AUDIT_NAME).read_bytes() == before


def test_a_later_notebook_may_repeat_a_frozen_value() -> None:
    _run("01")
    assert _begin("02", fiscal_year=2026).parameters["fiscal_year"] == 2026


def test_a_frozen_parameter_edited_in_run_yaml_is_refused(folder: Path) -> None:
    _run("01")
    path = folder / "run.yaml"
    path.write_bytes(path.read_bytes().replace(b"fiscal_year: 2026", b"fiscal_year: 2025"))
    with pytest.raises(IntegrityError, match=r"run\.yaml: 変えられています"):
        _begin("02")


def test_a_stage_knows_all_parameters_so_far_and_where_its_files_lie(tmp_path: Path) -> None:
    _run("01")
    stage = _begin("02")
    assert stage.parameters["fiscal_year"] == 2026
    assert stage.parameters["form_total"] == 22
    assert "label_sheet" not in stage.parameters
    assert stage.locate("form_file") == tmp_path / "inputs/test_ward/applications_form.csv"
    assert stage.demonstration is True
    assert stage.folder == tmp_path / "runs/test_ward"


def test_a_demonstration_works_on_its_own_day_of_each_stage() -> None:
    assert find_today(SHIPPED, "01") == date(2026, 5, 18)
    assert find_today(SHIPPED, "06") == date(2026, 5, 29)


def test_a_real_run_works_on_the_day_of_japan() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    before = datetime.now(tokyo).date()
    today = find_today({"business_date": {}}, "01")
    assert before <= today <= datetime.now(tokyo).date()


def test_a_new_run_makes_its_key_and_opens_it_again_with_the_passphrase(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    (folder / PRIVATE / KEY_NAME).unlink()
    first = _begin("01")
    assert (folder / PRIVATE / KEY_NAME).exists()
    assert _begin("01").key == first.key
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700


# ---- the order of the stages ----


@pytest.mark.parametrize("number", STAGES[1:])
def test_no_stage_begins_before_the_first_is_complete(folder: Path, number: str) -> None:
    with pytest.raises(IntegrityError, match="01 取込 が完了していません"):
        _begin(number)
    _begin("01")
    with pytest.raises(IntegrityError, match="01 取込 が完了していません"):
        _begin(number)


def test_a_stage_cannot_be_left_out() -> None:
    _run("01")
    with pytest.raises(IntegrityError, match="02 除外 が完了していません"):
        _begin("03")


def test_every_stage_after_one_that_was_run_again_must_be_run_again() -> None:
    _run("01", "02", "01")
    with pytest.raises(IntegrityError, match="02 除外 が完了していません"):
        _begin("03")
    _run("02", "03")


def test_a_stage_begun_again_and_stopped_lets_no_later_one_begin() -> None:
    _run("01", "02")
    stage = _begin("02")
    with pytest.raises(GuardError):
        ask_guard(stage, "optouts.total_agrees", ["件数が違います。"])
    with pytest.raises(IntegrityError, match="02 除外 が完了していません"):
        _begin("03")


@pytest.mark.parametrize(
    "name",
    [
        "counts.csv",
        "private/table_01.age",
        "private/labels_01.pdf",
        "handover/page_01.html",
        "run.yaml",
    ],
)
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_changed_or_missing_output_of_an_earlier_stage_is_refused_by_name(
    folder: Path, name: str, is_deleted: bool
) -> None:
    _run("01")
    if is_deleted:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match=f"{name}: (ありません|変えられています)"):
        _begin("02")


def test_a_broken_chain_lets_no_stage_begin_not_even_the_first(folder: Path) -> None:
    _run("01")
    path = folder / AUDIT_NAME
    path.write_bytes(path.read_bytes().replace("見ました".encode(), "見ません".encode(), 1))
    for number in ("01", "02"):
        with pytest.raises(IntegrityError, match="記録の鎖と合いません"):
            _begin(number)


def test_a_sealed_notebook_changed_afterwards_stops_the_next_stage(folder: Path) -> None:
    _run("01")
    path = folder / f"notebooks/{NOTEBOOKS['01']}.ipynb"
    path.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("取込")]), path)
    _begin("02")
    assert path.with_suffix(".html").exists()
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="封をした後に変えられています"):
        _begin("02")


def test_after_the_hand_over_only_closing_may_follow(folder: Path) -> None:
    _run("01", "02", "03", "04", "05")
    for number in STAGES[:5]:
        with pytest.raises(GuardError, match="提供済みです"):
            _begin(number)
    _run("06", "06")  # until its key is destroyed, 06 may be run again
    key = f"{PRIVATE}/{KEY_NAME}"
    append_entry(folder, "06", "destroyed", files=[key], digests={key: ""})
    (folder / key).unlink()
    for number in STAGES:
        with pytest.raises(GuardError, match="廃棄まで終わっています"):
            _begin(number)


# ---- going back ----


def test_going_back_deletes_what_this_and_every_later_stage_had_made(folder: Path) -> None:
    _run("01", "02", "03", "04")
    _begin("02")
    left = _list_files(folder)
    for number, is_kept in (("01", True), ("02", False), ("03", False), ("04", False)):
        for name in (f"private/table_{number}.age", f"private/labels_{number}.pdf",
                     f"handover/page_{number}.html"):  # fmt: skip
            assert (name in left) is is_kept
    withdrawn = find_latest(read_entries(folder), "02", "withdrawn")
    assert withdrawn is not None
    assert len(withdrawn["facts"]["files"]) == 9
    assert _list_wrong_files(folder) == []


# All parameters with their defaults, as a parameter file is read.
WHOLE = validate_parameters(SHIPPED, STAGES)


def _change_serials(folder: Path, act: str = "reprint") -> str:
    """Write what an act on serials leaves: its entry and the PDF of a reprint."""
    name = f"{PRIVATE}/labels_reprint-001.pdf"
    (folder / name).write_bytes(b"%PDF again")
    digest = hashlib.sha256(b"%PDF again").hexdigest()
    append_entry(folder, "05", "serials_changed", act=act, files={name: digest})
    return name


def test_a_reprint_goes_with_the_print_that_is_made_anew_and_stays_for_the_hand_over(
    folder: Path,
) -> None:
    _run("01", "02", "03", "04")
    name = _change_serials(folder)
    _begin("05")
    assert (folder / name).exists()
    _begin("04")
    assert not (folder / name).exists()
    assert _list_wrong_files(folder) == []
    _run("04", "05")
    assert not (folder / name).exists()


@pytest.mark.parametrize("number", ["02", "03", "04"])
def test_after_a_delta_the_void_are_not_printed_anew_from_what_01_had_loaded(
    folder: Path, number: str
) -> None:
    _run("01", "02", "03", "04")
    name = _change_serials(folder, "delta")
    before = read_entries(folder)
    for again in (number, number):
        with pytest.raises(GuardError, match="01 からやり直してください"):
            _begin(again)
    assert read_entries(folder) == before
    assert (folder / name).exists()


@pytest.mark.parametrize("act", ["reprint", "spoil"])
def test_after_another_act_than_a_delta_the_print_may_be_made_anew(folder: Path, act: str) -> None:
    _run("01", "02", "03", "04")
    _change_serials(folder, act)
    _run("04", "02", "03", "04", "05")


def test_after_a_delta_the_run_goes_on_with_the_hand_over_or_from_01(folder: Path) -> None:
    _run("01", "02", "03", "04")
    _change_serials(folder, "delta")
    _begin("05")
    with pytest.raises(GuardError, match="01 からやり直してください"):
        _begin("04")
    _run("01", "02", "03", "04")
    _run("03", "04", "05")


def test_an_extract_that_was_loaded_before_a_delta_is_known_again(folder: Path) -> None:
    def load(digest: str) -> None:
        append_entry(folder, "01", "completed", files={}, counts=[], inputs={"registry": digest})

    load("older")
    load("old")
    assert check_loaded_again(folder, "old") == []
    _change_serials(folder, "spoil")
    assert check_loaded_again(folder, "old") == []
    _change_serials(folder, "delta")
    load("new")
    for digest in ("older", "old"):
        (problem,) = check_loaded_again(folder, digest)
        assert "本日の抽出" in problem
    assert check_loaded_again(folder, "new") == []


# ---- a run opened between its notebooks ----


def test_between_the_print_and_the_hand_over_a_run_is_opened_without_beginning_anything(
    folder: Path,
) -> None:
    _run("01", "02", "03", "04")
    before = read_entries(folder)
    stage = open_run(folder.parents[1], {**WHOLE, "handover_registry_file": "of_today.csv"})
    assert (stage.number, stage.today) == ("05", date(2026, 5, 25))
    assert stage.parameters["handover_registry_file"] == "of_today.csv"
    assert read_private_table(stage, "table_03").equals(TABLE)
    assert [entry["event"] for entry in read_entries(folder)[len(before) :]] == ["opened"]


@pytest.mark.parametrize("last", ["01", "03"])
def test_a_run_that_is_not_printed_is_not_opened(folder: Path, last: str) -> None:
    _run(*STAGES[: STAGES.index(last) + 1])
    with pytest.raises(IntegrityError, match="完了していません"):
        open_run(folder.parents[1], WHOLE)


def test_a_run_is_not_opened_with_another_parameter_a_changed_output_or_after_the_hand_over(
    folder: Path,
) -> None:
    _run("01", "02", "03", "04")
    root = folder.parents[1]
    with pytest.raises(IntegrityError, match="確定した項目 late_optout"):
        open_run(root, {**WHOLE, "late_optout": "return"})
    labels = folder / PRIVATE / "labels_04.pdf"
    labels.write_bytes(b"%PDF-changed")
    with pytest.raises(IntegrityError, match=r"labels_04\.pdf"):
        open_run(root, WHOLE)
    labels.write_bytes(b"%PDF")
    _run("05")
    with pytest.raises(GuardError, match="提供済み"):
        open_run(root, WHOLE)
    assert open_supplied(root, WHOLE).number == "05"


def test_a_run_whose_labels_have_not_left_or_that_is_closed_is_not_opened_as_supplied(
    folder: Path,
) -> None:
    _run("01", "02", "03", "04")
    with pytest.raises(ParameterError, match="まだ提供していません.*recruitlib delta"):
        open_supplied(folder.parents[1], WHOLE)
    _run("05", "06")
    (folder / PRIVATE / KEY_NAME).unlink()
    with pytest.raises(ParameterError, match="廃棄まで終わっていて"):
        open_supplied(folder.parents[1], WHOLE)


def test_a_stage_run_again_replaces_its_counts_and_drops_the_later_ones(folder: Path) -> None:
    _run("01", "02", "03", "01")
    assert (folder / "counts.csv").read_bytes() == (
        b"cohort,step,count\nall,rows_read,9\n18,cohort,3\n"
    )
    assert _list_wrong_files(folder) == []


def test_beginning_again_after_a_stop_goes_on(folder: Path) -> None:
    _begin("01")
    _begin("01")
    _run("01", "02")
    assert _list_wrong_files(folder) == []


# ---- the guards ----


@pytest.mark.parametrize("name", GUARDS)
def test_a_no_is_recorded_and_stops_with_the_class_of_the_guard(folder: Path, name: str) -> None:
    stage = _make_stage(folder, "01")
    with pytest.raises(GUARDS[name].error) as caught:
        ask_guard(stage, name, ["3行目が違います。", "4行目が違います。"], "10行")
    assert type(caught.value) is GUARDS[name].error
    advice = "直してから、01 をやり直してください。"
    assert (
        str(caught.value)
        == f"関門 {name} が「否」です。3行目が違います。 4行目が違います。 {advice}"
    )
    assert read_entries(folder)[-1]["facts"] == {
        "guard": name,
        "answer": "no",
        "note": "10行",
        "problems": ["3行目が違います。", "4行目が違います。"],
    }


def test_a_yes_is_recorded_with_what_was_looked_at(folder: Path) -> None:
    stage = _make_stage(folder, "01")
    ask_guard(stage, "registry.base_date", [], "47日前")
    assert read_entries(folder)[-1]["facts"] == {
        "guard": "registry.base_date",
        "answer": "yes",
        "note": "47日前",
        "problems": [],
    }


def test_an_unknown_guard_cannot_be_asked(folder: Path) -> None:
    with pytest.raises(KeyError):
        ask_guard(_make_stage(folder, "01"), "registry.no_such", [])


def test_an_expected_error_inside_a_question_is_a_no_with_its_own_class(folder: Path) -> None:
    stage = _make_stage(folder, "01")
    with (
        pytest.raises(FormError, match="見出し"),
        asking(stage, "registry.form_known", "登録簿"),
    ):
        raise FormError("名簿.csv: 見出しが違います。")
    facts = read_entries(folder)[-1]["facts"]
    assert (facts["guard"], facts["answer"]) == ("registry.form_known", "no")
    assert facts["problems"] == ["名簿.csv: 見出しが違います。"]


def test_work_that_ends_well_inside_a_question_is_not_yet_an_answer(folder: Path) -> None:
    stage = _make_stage(folder, "01")
    with asking(stage, "registry.form_known", "9行"):
        assert "registry.form_known" not in list_answers(stage)
    assert "registry.form_known" not in list_answers(stage)
    ask_guard(stage, "registry.form_known", [], "9行")
    assert list_answers(stage)["registry.form_known"]["answer"] == "yes"


def test_an_unforeseen_error_inside_a_question_leaves_no_text_in_the_record(folder: Path) -> None:
    stage = _make_stage(folder, "01")
    with pytest.raises(ValueError, match="架空野"), asking(stage, "registry.form_known"):
        raise ValueError("架空野")
    assert "架空野" not in (folder / AUDIT_NAME).read_text(encoding="utf-8")
    assert "registry.form_known" not in list_answers(stage)


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number in STAGES for name in list_due(number)]
)
def test_a_due_guard_that_was_never_asked_stops_the_completion(
    folder: Path, number: str, name: str
) -> None:
    stage = _make_stage(folder, number)
    for other in list_due(number):
        if other != name:
            ask_guard(stage, other, [])
    before = _list_files(folder)
    with pytest.raises(IntegrityError, match=f"関門 {name} が問われていません"):
        _complete(stage)
    assert _list_files(folder) == before
    ask_guard(stage, name, [])
    require_answers(stage)


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number in STAGES for name in list_due(number)]
)
def test_not_asked_passes_only_where_the_guard_says_that_it_may_not_be_due(
    folder: Path, number: str, name: str
) -> None:
    stage = _make_stage(folder, number)
    for other in list_due(number):
        ask_guard(stage, other, [])
    skip_guard(stage, name, "一覧がないため")
    assert list_answers(stage)[name]["answer"] == "not_asked"
    if name in ("protection.every_row_found", "handover.checklists_met"):
        require_answers(stage)
    else:
        with pytest.raises(IntegrityError, match=f"関門 {name} が"):
            require_answers(stage)


def test_a_no_after_a_yes_stops_the_completion(folder: Path) -> None:
    stage = _make_stage(folder, "06")
    for name in list_due("06"):
        ask_guard(stage, name, [])
    with pytest.raises(GuardError):
        ask_guard(stage, "closing.nothing_left", ["残っています。"])
    with pytest.raises(IntegrityError, match=r"closing\.nothing_left"):
        require_answers(stage)


def test_the_answers_of_an_attempt_before_do_not_count(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    again = _begin("01")
    assert set(list_answers(again)) == {"record.chain_intact"}
    with pytest.raises(IntegrityError, match="問われていません"):
        _complete(again)


def test_the_guards_of_a_stage_are_shown_with_question_and_answer(folder: Path) -> None:
    stage = _make_stage(folder, "01")
    ask_guard(stage, "registry.base_date", [], "47日前")
    skip_guard(stage, "protection.every_row_found", "一覧が空")
    with pytest.raises(GuardError):
        ask_guard(stage, "cohort.birth_range", ["9月に人がいません。"])
    shown = tabulate_guards(stage)
    assert shown.to_numpy().tolist() == [
        ["registry.base_date", GUARDS["registry.base_date"].question, "はい", "47日前"],
        ["protection.every_row_found", GUARDS["protection.every_row_found"].question,
         "問わず", "一覧が空"],
        ["cohort.birth_range", GUARDS["cohort.birth_range"].question, "否", ""],
    ]  # fmt: skip


def test_the_parameters_of_a_stage_are_shown_by_their_japanese_names() -> None:
    shown = tabulate_parameters(_begin("01")).set_index("名前")
    assert shown.loc["fiscal_year"].tolist() == ["対象年度（西暦）", "2026"]
    assert list(shown.index) == [p.name for p in PARAMETERS if p.stage == "01"]


# ---- completing ----


def test_nothing_but_the_record_is_written_before_completion(folder: Path) -> None:
    before = _list_files(folder)
    _say_yes(_begin("01"))
    assert {AUDIT_NAME, ".lock"} <= before
    assert _list_files(folder) - before == {"run.yaml", ".stage.lock"}


def test_completion_writes_every_output_with_its_digest_in_the_record(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    line = _complete(stage)
    entry = read_completed(folder, "01")
    files = entry["facts"]["files"]
    assert set(files) == {
        "private/table_01.age", "private/labels_01.pdf", "handover/page_01.html", "counts.csv",
    }  # fmt: skip
    for name, digest in files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert entry["facts"]["counts"] == [["all", "rows_read", 9], ["18", "cohort", 3]]
    assert entry["facts"]["note"] == "試験"
    digest = hashlib.sha256((folder / "counts.csv").read_bytes()).hexdigest()
    assert line.startswith("01 取込 完了: ")
    assert line.replace(" ", "").endswith(digest[:16])
    assert _list_wrong_files(folder) == []


def test_counts_given_one_by_one_stand_in_the_record_as_well(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    complete_stage(stage, (count for count in COUNTS["01"]))
    assert read_completed(folder, "01")["facts"]["counts"] == [list(c) for c in COUNTS["01"]]


def test_a_private_table_comes_back_in_the_next_stage_and_is_plain_nowhere(folder: Path) -> None:
    _run("01")
    stage = _begin("02")
    pd.testing.assert_frame_equal(read_private_table(stage, "table_01"), TABLE)
    opened = read_entries(folder)[-1]
    assert (opened["stage"], opened["event"]) == ("02", "opened")
    for path in folder.rglob("*"):
        assert not path.is_file() or "架空野".encode() not in path.read_bytes()


def test_a_completion_cut_off_half_way_does_not_look_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = _begin("01")
    _say_yes(stage)

    def fail(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_counts", fail)
        with pytest.raises(OSError, match="No space"):
            _complete(stage)
    with pytest.raises(IntegrityError, match="01 取込 が完了していません"):
        read_completed(folder, "01")
    with pytest.raises(IntegrityError, match="01 取込 が完了していません"):
        _begin("02")
    _run("01", "02")
    assert _list_wrong_files(folder) == []


def test_a_proposal_waits_encrypted_without_completing_the_stage(folder: Path) -> None:
    stage = _begin("01")
    keep_proposal(stage, "proposal", TABLE)
    pd.testing.assert_frame_equal(read_private_table(stage, "proposal"), TABLE)
    assert "架空野".encode() not in (folder / "private/proposal.age").read_bytes()
    assert find_latest(read_entries(folder), "01", "completed") is None
    assert verify_record(folder) == []


# ---- in a kernel ----


def test_a_stop_in_a_kernel_is_recorded_by_class_and_its_detail_is_encrypted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    begin = "\n".join(f"{name} = {value!r}" for name, value in _own("01").items()) + (
        "\nfrom recruitlib.base.run import begin_stage\nstage = begin_stage('01', globals())"
    )
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(begin),
            nbformat.v4.new_code_cell("{}[chr(0x67B6) + chr(0x7A7A) + chr(0x91CE)]"),
        ]
    )
    resources = {"metadata": {"path": str(folder.parents[1])}}
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    stopped = read_entries(folder)[-1]
    assert (stopped["stage"], stopped["event"]) == ("01", "stopped")
    (detail,) = (folder / PRIVATE).glob("stop_*.age")
    digest = hashlib.sha256(detail.read_bytes()).hexdigest()
    assert stopped["facts"] == {
        "error": "UnforeseenError", "exit_code": 1, "files": {f"private/{detail.name}": digest},
    }  # fmt: skip
    kept = read_private(folder, KEY, detail.name.removesuffix(".age"), "").decode()
    assert "KeyError: '架空野'" in kept
    terminal = capfd.readouterr()
    audit = (folder / AUDIT_NAME).read_text(encoding="utf-8")
    for text in (str(notebook), str(caught.value), terminal.out, terminal.err, audit):
        assert "架空野" not in text
    assert verify_record(folder) == []


def test_the_operator_is_a_listed_officer() -> None:
    with pytest.raises(ParameterError, match="operator（作業する担当者）: この職員番号は"):
        _begin("01", operator="見本Z")
    assert _begin("01").parameters["operator"] == "見本A"


def test_a_review_that_stands_in_a_live_session_only_lets_nothing_be_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run("01", "02")
    monkeypatch.setenv(LIVE_VARIABLE, "03_review_counts_1.ipynb")
    _run("03")
    monkeypatch.delenv(LIVE_VARIABLE)
    with pytest.raises(AwaitingPerson, match="確認の画面で動かしたままです"):
        _begin("04")
    _run("03")
    assert _begin("04").number == "04"


def test_a_stage_that_was_begun_again_is_not_complete(folder: Path) -> None:
    _run("01", "02", "03", "04")
    assert list_completed(read_entries(folder)) == ["01", "02", "03", "04"]
    _begin("04")
    assert list_completed(read_entries(folder)) == ["01", "02", "03"]
    _run("02")
    assert list_completed(read_entries(folder)) == ["01", "02"]


def test_what_an_act_that_was_cut_off_has_left_is_erased_when_the_run_is_opened(
    folder: Path,
) -> None:
    _run("01", "02", "03", "04")
    known = _change_serials(folder)
    private = folder / PRIVATE
    strays = ["labels_reprint-002.pdf", "lot_reprint-002.age", ".labels_all.pdf.partial"]
    # What 05 writes just now has other names, and its entry comes after it.
    for name in (*strays, "void.age"):
        (private / name).write_bytes(b"%PDF of somebody")
    with hold_serials(folder), pytest.raises(AwaitingPerson, match="もう一度"):
        open_run(folder.parents[1], WHOLE)
    assert all((private / name).exists() for name in strays)
    open_run(folder.parents[1], WHOLE)
    assert [name for name in strays if (private / name).exists()] == []
    assert (private / "void.age").exists() and (folder / known).exists()
    (private / "void.age").unlink()
    assert _list_wrong_files(folder) == []


def test_no_stage_begins_while_an_act_on_the_serials_is_at_work(folder: Path) -> None:
    _run("01", "02", "03", "04")
    open_run(folder.parents[1], WHOLE)
    before = read_entries(folder)
    with hold_serials(folder), pytest.raises(AwaitingPerson, match="もう一度"):
        _begin("05")
    assert not [one for one in read_entries(folder)[len(before) :] if one["event"] == "begun"]
    assert _begin("05").number == "05"


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [
        ("02", "form_file", "inputs/架空野花子.csv"),
        ("04", "print_protections_attested_by", "架空野 花子"),
        ("05", "handover_registry_file", "inputs/架空野　花子/registry.csv"),
        ("05", "checklist_files", ["params/架空野花子.yaml"]),
    ],
)
def test_a_parameter_that_names_a_person_is_refused_before_it_stands_in_the_record(
    folder: Path, number: str, name: str, value: Any
) -> None:
    _run(*STAGES[: STAGES.index(number)])
    people = make_residents({"full_name": "架空野　花子"})
    remember_terms(folder, KEY, "01", people)
    with pytest.raises(ParameterError, match=rf"{name}（.*） に個人の情報") as stop:
        _begin(number, **{name: value})
    assert "架空野" not in str(stop.value)
    record = (folder / AUDIT_NAME).read_text(encoding="utf-8")
    assert "架空野" not in record + (folder / RUN_NAME).read_text(encoding="utf-8")
    assert read_entries(folder)[-1]["event"] != "begun"
    assert _begin(number).number == number


def test_before_01_nothing_is_known_of_anybody_and_nothing_is_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError

    monkeypatch.setattr(run_module, "count_personal", refuse)
    assert _begin("01").number == "01"


# ---- what a kill or a wrong clock leaves ----


def test_the_parameters_of_a_beginning_that_was_cut_off_are_moved_into_their_place(
    folder: Path,
) -> None:
    _run("01")
    before = (folder / "run.yaml").read_bytes()
    _begin("02")
    (folder / "run.yaml").replace(folder / ".run.yaml.partial")
    (folder / "run.yaml").write_bytes(before)
    _say_yes(_begin("02"))
    assert _list_wrong_files(folder) == []


def test_what_a_stage_had_made_goes_also_where_its_withdrawal_was_cut_off(folder: Path) -> None:
    _run("01")
    page = (folder / "handover/page_01.html").read_bytes()
    _begin("01")
    (folder / "handover/page_01.html").write_bytes(page)  # the kill came before it was erased
    _begin("01")
    assert not (folder / "handover/page_01.html").exists()


@pytest.mark.parametrize(("number", "stops"), [("01", True), ("02", True), ("06", False)])
def test_no_stage_but_the_last_begins_while_the_clock_is_before_the_record(
    folder: Path, number: str, stops: bool
) -> None:
    given = {"business_date": {}}
    require_clock(folder, given, number)
    add_later_entry(folder, timedelta(minutes=11))
    append_entry(folder, "", "why_shown")  # written with the right clock: the latest time counts
    if stops:
        with pytest.raises(AwaitingPerson, match="時計を合わせて"):
            require_clock(folder, given, number)
        require_clock(folder, {"business_date": {number: "2026-05-18"}}, number)
    else:
        require_clock(folder, given, number)


def test_a_notebook_left_open_completes_and_keeps_nothing_once_its_stage_was_done_anew(
    folder: Path,
) -> None:
    old = _begin("01")
    _say_yes(old)
    _run("01")
    before = _list_files(folder), read_entries(folder)
    for act in (
        _complete, _say_yes, lambda stage: keep_proposal(stage, "a", pd.DataFrame({"a": [1]})),
        lambda stage: skip_guard(stage, "registry.form_known", "x"),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="もう古くなっています.*01 が完了して.*ください"):
            act(old)
    assert (_list_files(folder), read_entries(folder)) == before


def test_a_notebook_that_has_completed_keeps_nothing_more(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    _complete(stage)
    with pytest.raises(IntegrityError, match="もう古くなっています"):
        ask_guard(stage, "registry.form_known", [])


def test_parameters_cannot_be_changed_after_a_stage_has_begun(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    assert isinstance(stage.parameters, types.MappingProxyType)
    changed = {**stage.parameters, "registry_total": 7}
    for other in (replace(stage, parameters=changed), stage):
        if other is stage:
            other.parameters["business_date"]["02"] = "2026-05-19"  # what lies deeper is seen, too
        with pytest.raises(IntegrityError, match="項目が変えられています.*ください"):
            _complete(other)
    assert not (folder / "counts.csv").exists()


def test_a_notebook_left_open_over_the_night_completes_nothing(folder: Path) -> None:
    stage = _begin("01")
    _say_yes(stage)
    with pytest.raises(IntegrityError, match="始めた日の作業ではありません.*ください"):
        _complete(replace(stage, today=stage.today - timedelta(days=1)))


def test_an_act_moves_what_a_kill_has_left_beside_its_place_unless_a_notebook_is_at_work(
    folder: Path,
) -> None:
    append_entry(folder, "05", "proposed", files={"a.txt": digest_bytes(b"whole")})
    (folder / ".a.txt.partial").write_bytes(b"whole")
    finish_writes(folder)
    assert (folder / "a.txt").read_bytes() == b"whole"
    finish_writes(folder / "nowhere")
    assert not (folder / "nowhere").exists()


def test_the_rest_of_a_closing_is_erased_without_a_key_and_nothing_of_an_open_run(
    folder: Path,
) -> None:
    _run(*STAGES)
    assert not end_closing(folder)
    assert (folder / PRIVATE / KEY_NAME).exists()
    names = [name for name in _list_files(folder) if name.startswith(PRIVATE)]
    append_entry(folder, "06", "destroyed", files=names, digests={})
    (folder / PRIVATE / KEY_NAME).write_bytes(b"half")  # cut off while it was overwritten
    assert end_closing(folder)
    assert not (folder / PRIVATE).exists()
    assert not end_closing(folder)
    (folder / PRIVATE).mkdir()
    (folder / PRIVATE / "put_back.age").write_bytes(b"a copy of somebody")
    assert not end_closing(folder)
    assert (folder / PRIVATE / "put_back.age").exists()
