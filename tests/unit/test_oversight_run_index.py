"""The index of runs: state, what is awaited, the next command, and sums that a person can check."""

from __future__ import annotations

import errno
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from recruitlib.base.audit import AUDIT_NAME, append_entry
from recruitlib.base.parameters import STAGES
from recruitlib.base.run_lock import hold_run
from recruitlib.base.serial_course import NOT_BLANKED
from recruitlib.base.supplies import is_kept, list_told
from recruitlib.base.verification import verify_record
from recruitlib.cli.years import runs
from recruitlib.oversight import run_index
from recruitlib.oversight.overdue import list_overdue
from recruitlib.oversight.run_index import AT_WORK, BROKEN, list_runs, sum_year, tell_runs

PARAMETERS = "params/r8_1.yaml"
Line = run_index.RunLine


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with one parameter file; records that are made by hand are not verified."""
    for name in ("params", "notebooks", "runs"):
        (tmp_path / name).mkdir()
    (tmp_path / PARAMETERS).write_text("run_id: r8_1\n", encoding="utf-8")
    (tmp_path / "params/broken.yaml").write_text("a: [\n", encoding="utf-8")
    monkeypatch.setattr(run_index, "verify_record", lambda folder: [])
    return tmp_path


def begin(project: Path, stage: str, name: str = "r8_1", **given: Any) -> Path:
    own = {"run_id": name, "runs_folder": "runs"}
    if stage == "01":
        own |= {"fiscal_year": 2026, "request_number": "甲第1号"}
    folder = project / "runs" / name
    folder.mkdir(exist_ok=True)
    append_entry(folder, stage, "begun", run_kind="production", parameters={**own, **given})
    return folder


def complete(folder: Path, stage: str, *counts: tuple[str, str, int], **facts: Any) -> None:
    append_entry(
        folder, stage, "completed", files={}, counts=[list(one) for one in counts], **facts
    )


def go_through(project: Path, last: str, name: str = "r8_1", **given: Any) -> Path:
    for stage in STAGES[: STAGES.index(last) + 1]:
        folder = begin(project, stage, name, **(given if stage in ("01", "02") else {}))
        counts = {
            "03": [("18", "recipients", 60), ("22", "recipients", 40)],
            "04": [("18", "labels", 60), ("22", "labels", 40), ("all", "sheets", 9)],
            "05": [("18", "handed_over", 58), ("22", "handed_over", 40), ("18", "voided", 2),
                   ("22", "reprints", 1), ("22", "spoiled", 1)],
        }.get(stage, [])  # fmt: skip
        complete(folder, stage, *counts)
    return folder


def stop(folder: Path, stage: str, error: str, guard: str = "") -> None:
    if guard:
        facts = {"note": "", "problems": ["x"]}
        append_entry(folder, stage, "guard", guard=guard, answer="no", **facts)
    append_entry(folder, stage, "stopped", error=error, exit_code=1, files={})


def read_one(project: Path) -> Line:
    (line,) = list_runs(project, demonstration=False)
    return line


@pytest.mark.parametrize(
    ("last", "state", "next_step"),
    [
        ("01", "取込済", "--from 02 --through 02"), ("02", "取込済", "--from 03 --through 03"),
        ("03", "承認済", "--from 04 --through 04"), ("04", "印刷済", "--from 05 --through 05"),
        ("05", "提供済", "--from 06 --through 06"), ("06", "廃棄済", ""),
    ],
)  # fmt: skip
def test_a_run_says_how_far_it_is_and_what_to_type(
    project: Path, last: str, state: str, next_step: str
) -> None:
    go_through(project, last)
    line = read_one(project)
    assert (line.name, line.fiscal_year, line.request) == ("runs/r8_1", 2026, "甲第1号")
    assert (line.state, line.waits_for) == (state, "")
    assert line.next_step == (f"recruitlib run {PARAMETERS} {next_step}" if next_step else "")


@pytest.mark.parametrize(
    ("stage", "error", "guard", "state", "waits_for", "next_step"),
    [
        ("03", "AwaitingPerson", "optouts.all_decided", "判断待ち", "03 確認: 事例の決定と、別の人の確認",
         f"recruitlib review {PARAMETERS}"),
        ("03", "AwaitingPerson", "review.approved", "判断待ち", "03 確認: 第二の担当者の承認",
         f"recruitlib review {PARAMETERS}"),
        ("05", "AwaitingPerson", "handover.delta_settled", "判断待ち", "05 提供: 提供の確認書 を書き、二人が署名し（recruitlib sign）、05 をもう一度実行すること",
         f"recruitlib run {PARAMETERS} --from 05"),
        ("01", "AwaitingPerson", "", "判断待ち", "01 取込: 決定か署名", "recruitlib cases runs/r8_1 --stage 01"),
        ("01", "GuardError", "cohort.birth_range", "停止", "01 取込: 関門 cohort.birth_range",
         f"recruitlib run {PARAMETERS} --from 01"),
        ("02", "GuardError", "cohort.not_supplied", "停止", "02 除外: 関門 cohort.not_supplied。追加の提供なら、パラメータに top_up_of を書いてから",
         f"recruitlib run {PARAMETERS}"),
        ("04", "GuardError", "exclusion.zero_leak", "停止", "04 宛名: 関門 exclusion.zero_leak。本日の一覧で 01 から",
         f"recruitlib run {PARAMETERS}"),
        ("03", "GuardError", "exclusion.zero_leak", "停止", "03 確認: 関門 exclusion.zero_leak",
         f"recruitlib run {PARAMETERS} --from 03"),
        ("02", "FormError", "", "停止", "02 除外: FormError", f"recruitlib run {PARAMETERS} --from 02"),
        ("04", "", "", "停止", "04 宛名: 途中で切れた", f"recruitlib run {PARAMETERS} --from 04"),
    ],
)  # fmt: skip
def test_a_run_that_has_stopped_says_whom_it_waits_for(
    project: Path, stage: str, error: str, guard: str, state: str, waits_for: str, next_step: str
) -> None:  # fmt: skip
    if stage != "01":
        go_through(project, STAGES[STAGES.index(stage) - 1])
    folder = begin(project, stage)
    if error:
        stop(folder, stage, error, guard)
    line = read_one(project)
    assert (line.state, line.waits_for) == (state, waits_for)
    is_whole = next_step == f"recruitlib run {PARAMETERS}"  # from 01 on
    assert line.next_step == next_step if is_whole else line.next_step.startswith(next_step)


@pytest.mark.parametrize(
    ("text", "is_told"),
    [(f"approved_digest: {'a' * 64}\n", True), (f"approved_digest: {'b' * 64}\n", False),
     ("a: [\n", False), (None, False)],
)  # fmt: skip
def test_an_approval_of_what_03_has_asked_for_is_told(
    project: Path, text: str | None, is_told: bool
) -> None:
    go_through(project, "02")
    folder = begin(project, "03", approval_file="params/approval.yaml")
    append_entry(folder, "03", "approval_asked", digest="a" * 64, parts={}, ticks=[])
    stop(folder, "03", "AwaitingPerson", "review.approved")
    if text is not None:
        (project / "params/approval.yaml").write_text(text, encoding="utf-8")
    line = read_one(project)
    assert line.state == "判断待ち"
    assert line.waits_for.startswith("承認済み" if is_told else "03 確認: 第二の担当者の承認")
    step = f"run {PARAMETERS} --from 03 --through 03" if is_told else f"review {PARAMETERS}"
    assert line.next_step == f"recruitlib {step}"


def test_the_hand_over_that_is_awaited_names_its_file(project: Path) -> None:
    go_through(project, "04")
    folder = begin(project, "05", handover_file="params/r8_1/handover.yaml")
    stop(folder, "05", "AwaitingPerson", "handover.delta_settled")
    told = "05 提供: params/r8_1/handover.yaml を書き、二人が署名し"
    assert read_one(project).waits_for.startswith(told)


def test_a_review_that_only_a_live_session_holds_waits_for_the_record(project: Path) -> None:
    folder = go_through(project, "02")
    append_entry(folder, "03", "begun", run_kind="production", parameters={}, live="x.ipynb")
    complete(folder, "03")
    line = read_one(project)
    assert (line.state, line.waits_for) == ("判断待ち", "確認した 03 を記録に残すこと")
    assert line.next_step == f"recruitlib run {PARAMETERS} --from 03 --through 03"


def test_a_run_begun_anew_counts_nothing_of_what_went_before(project: Path) -> None:
    folder = go_through(project, "04")
    begin(project, "03")
    stop(folder, "03", "AwaitingPerson", "review.approved")
    assert read_one(project).counts == {}


def test_after_the_print_the_acts_on_serials_are_counted(project: Path) -> None:
    folder = go_through(project, "04")
    change = {"content": {"digest": "1" * 64, "act": "spoil", "serials": [3, 4], "reason": ""},
              "prepared_signature": ""}  # fmt: skip
    act = {"digest": "1" * 64, "lot": "", "files": {}, "reprinted": [], "voided": [], "spoiled": []}
    append_entry(
        folder, "05", "serials_changed", **{**act, "act": "spoil", "reason": "", "spoiled": [3, 4]},
        change=change,
    )  # fmt: skip
    again = {**act, "act": "reprint", "reason": "soiled", "lot": "reprint-001", "voided": [5],
             "reprinted": [[3, 101], [5, 102]]}  # fmt: skip
    append_entry(folder, "05", "serials_changed", **again, change=change)
    line = read_one(project)
    assert line.counts == {
        "recipients": 100,
        "labels": 100,
        "reprints": 2,
        "voided": 1,
        "spoiled": 2,
    }
    assert sum_year([line])["open"] == 99


@pytest.mark.parametrize("begun", ["", "before", "after"])
@pytest.mark.parametrize(
    ("act", "reason", "name", "options"),
    [("delta", "", "差引", ""), ("spoil", "", "汚損・廃棄", " --serials 3,4"),
     ("reprint", "moved", "再印刷", " --serials 3,4 --reason moved")],
)  # fmt: skip
def test_an_act_that_one_officer_has_prepared_waits_for_the_other(
    project: Path, act: str, reason: str, name: str, options: str, begun: str
) -> None:
    def begin_handover() -> None:
        stop(begin(project, "05"), "05", "AwaitingPerson", "handover.delta_settled")

    folder = go_through(project, "04")
    if begun == "before":
        begin_handover()
    content = {"digest": "1" * 64, "act": act, "serials": [3, 4], "reason": reason}
    officer = {"staff_id": "A1"}
    append_entry(folder, "05", "serials_proposed", content=content, signature="", officer=officer)
    if begun == "after":
        begin_handover()
    line = read_one(project)
    waits = f"A1 が用意した{name}を、用意と同じ指定で、別の職員が実行すること"
    assert (line.state, line.waits_for) == ("印刷済", waits)
    step = f"recruitlib {act} {PARAMETERS}{options}"
    assert line.next_step == f"{step} --confirm '示された値' --by 別の職員番号"


def test_an_act_that_was_prepared_for_a_print_that_is_begun_anew_waits_for_nobody(
    project: Path,
) -> None:
    folder = go_through(project, "04")
    content = {"digest": "1" * 64, "act": "delta", "serials": [3], "reason": ""}
    append_entry(folder, "05", "serials_proposed", content=content, signature="", officer={})
    begin(project, "04")
    line = read_one(project)
    assert (line.state, line.waits_for) == ("停止", "04 宛名: 途中で切れた")


def test_a_year_adds_up_with_its_top_up(project: Path) -> None:
    go_through(project, "05")
    go_through(project, "05", "r8_2", top_up_of=["r8_1"])
    go_through(project, "03", "r9_1", fiscal_year=2027)
    lines = list_runs(project, demonstration=False)
    assert [(line.name, line.is_top_up) for line in lines] == [
        ("runs/r8_1", False), ("runs/r8_2", True), ("runs/r9_1", False),
    ]  # fmt: skip
    assert sum_year(lines[:2]) == {
        "recipients": 200, "labels": 100, "top_ups": 100, "reprints": 2, "handed_over": 196,
        "voided": 4, "spoiled": 2, "open": 0,
    }  # fmt: skip
    told = list(tell_runs(lines))
    assert told[0] == "■ 2026年度"
    assert "  runs/r8_2　追加の実行　依頼 甲第1号　提供済" in told
    total = "宛名シール 100 + 再印刷 2 + 追加 100 = 提供 196 + 取消し 4 + 汚損 2 + 行き先が未定 0"
    assert f"  2026年度の合計: {total}" in told
    assert not [line for line in told if "2027年度の合計" in line]  # nothing is printed yet
    assert told.index("■ 2027年度") > told.index(f"  2026年度の合計: {total}")


def test_a_broken_record_is_said_and_stands_in_no_sum(project: Path) -> None:
    go_through(project, "05")
    go_through(project, "05", "r8_2")
    path = project / "runs/r8_2" / AUDIT_NAME
    path.write_bytes(path.read_bytes().replace(b"begun", b"begin", 1))
    lines = list_runs(project, demonstration=False)
    (broken,) = [line for line in lines if line.state == BROKEN]
    assert (broken.name, broken.counts) == ("runs/r8_2", {})
    assert broken.next_step == "recruitlib verify runs/r8_2"
    assert "1行目" in broken.waits_for
    told = "\n".join(tell_runs(lines))
    assert "runs/r8_2" in told and "年度の分からない実行" in told and "入っていません" in told


def test_a_run_that_may_not_be_opened_is_named_and_stands_in_no_sum(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_through(project, "05")
    closed = go_through(project, "05", "r8_2")
    stat = Path.stat

    def refuse(path: Path, **given: bool) -> os.stat_result:
        if closed in path.parents:
            raise PermissionError(errno.EACCES, "closed")
        return stat(path, **given)

    # The administrator, who may run the tests, may open everything.
    monkeypatch.setattr(Path, "stat", refuse)
    lines = list_runs(project, demonstration=False)
    assert [(line.name, line.state) for line in lines] == [
        ("runs/r8_2", BROKEN), ("runs/r8_1", "提供済"),
    ]  # fmt: skip
    assert "権限がありません" in lines[0].waits_for
    assert "  合計に、記録の合わない実行 1 本は入っていません。" in list(tell_runs(lines))


def test_a_run_at_work_is_told_so_and_at_rest_again_afterwards(project: Path) -> None:
    folder = go_through(project, "03")
    with hold_run(folder):
        assert read_one(project).state == AT_WORK
    assert read_one(project).state == "承認済"


def test_the_index_of_a_real_run_needs_no_key(
    reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recruitlib.base.vault.open_key", None)
    run = reviewed / "runs/test_ward"
    assert list_runs(reviewed, demonstration=False) == []
    (line,) = list_runs(reviewed, demonstration=True)
    step = "recruitlib run params/test_ward.yaml --from 04 --through 04"
    known = ("runs/test_ward", 2026, "見本第1号", False, "承認済", "", {"recipients": 292}, step)
    assert line == Line(*known)
    told = CliRunner().invoke(runs, ["--demonstration"])
    assert told.exception is None and step in told.output
    # What stands beside the chain is looked at as well.
    frozen = yaml.safe_load((run / "run.yaml").read_text(encoding="utf-8"))
    frozen["01"]["request_number"] = "見本第2号"
    (run / "run.yaml").write_text(yaml.safe_dump(frozen, allow_unicode=True), encoding="utf-8")
    (line,) = list_runs(reviewed, demonstration=True)
    assert (line.state, line.counts, line.request) == (BROKEN, {}, "見本第1号")
    assert "run.yaml" in line.waits_for


def test_an_act_that_was_cut_off_says_that_the_old_pdf_is_still_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = go_through(project, "04")
    act = {"act": "delta", "digest": "1" * 64, "lot": "", "files": {}, "reprinted": [],
           "voided": [3, 4], "spoiled": [], "reason": ""}  # fmt: skip
    change = {"content": {"digest": "1" * 64, "act": "delta", "serials": [3, 4], "reason": ""},
              "prepared_signature": ""}  # fmt: skip
    append_entry(folder, "05", "serials_changed", **act, change=change)
    monkeypatch.setattr(run_index, "verify_record", lambda folder: [f"audit.jsonl: {NOT_BLANKED}"])
    line = read_one(project)
    assert (line.state, line.waits_for) == ("印刷済", NOT_BLANKED.removesuffix("。"))
    assert line.next_step == f"recruitlib run {PARAMETERS} --from 05 --through 05"
    append_entry(folder, "05", "blanked", files={}, blank=2)
    # Whether somebody is to be printed again stands in no record.
    told = "差引の後に再印刷する通番がないか、05 の画面で確かめること"
    assert read_one(project).waits_for == told


ODD: dict[str, dict[str, Any]] = {
    "no kind": {"parameters": {"run_id": "odd", "runs_folder": "runs", "fiscal_year": 2026}},
    "no parameters": {"run_kind": "production"},
    "no year": {"run_kind": "production", "parameters": {"fiscal_year": "abc"}},
    "a list": {"run_kind": "production", "parameters": ["run_id"]},
    "nothing": {},
    "no files": {"files": 1},
}


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_record_hides_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    """A record made by hand, its hashes right: the list, the look-up and every start go on."""
    for name in ("params", "notebooks", "runs/odd"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    go_through(tmp_path, "01")
    append_entry(tmp_path / "runs/odd", "01", "begun", **ODD[odd])
    append_entry(tmp_path / "runs/odd", "01", "completed", files={}, counts=[])
    (tmp_path / "runs/folder" / AUDIT_NAME).mkdir(parents=True)
    lines = {line.name: line for line in list_runs(tmp_path, demonstration=False)}
    assert lines.keys() == {"runs/r8_1", "runs/odd", "runs/folder"}
    assert lines["runs/odd"].state == lines["runs/folder"].state == BROKEN
    assert lines["runs/r8_1"].fiscal_year == 2026
    assert verify_record(tmp_path / "runs/odd")
    list_overdue(tmp_path, False, date(2026, 5, 18))
    kept = {own.folder.name: is_kept(own, {}) for own in list_told(tmp_path, False)}
    assert (kept["r8_1"], kept["folder"]) == (True, False)
    result = CliRunner().invoke(runs)
    assert (result.exit_code, result.exception) == (0, None)
    assert "runs/r8_1" in result.output
