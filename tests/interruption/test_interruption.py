"""A sample of the interruption table, and of what makes it hold; ``make soak`` does all of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.incidents.accident import RUN
from tests.interruption import breaking, faults
from tests.interruption.others import check_both
from tests.interruption.state import find_clear, find_untold, read_people, read_results
from tests.interruption.table import (
    DOCUMENT,
    KILLS,
    Row,
    choose_writes,
    find_missing,
    note,
    read_code,
    read_rows,
    render,
)
from tests.interruption.trial import Trial, check_end, interrupt
from tests.interruption.workshop import Ended, Workshop, open_workshop, run_stage

BEFORE = {"01": "ward", "04": "reviewed"}
AFTER = {"01": "loaded", "04": "printed"}


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with open_workshop() as opened:
        yield opened


@pytest.fixture(scope="module")
def trial(workshop: Workshop, checkpoint: Callable[[str], Path]) -> Callable[[str], Trial]:
    """Give the trial of a stage; what it leaves undisturbed, the fixtures have made already."""

    @cache
    def give(stage: str) -> Trial:
        if not (workshop.place / stage).exists():
            shutil.copytree(checkpoint(BEFORE[stage]), workshop.place / stage)
        after = checkpoint(AFTER[stage])
        ended = Ended(0, "", [], 1.0)
        return Trial(stage, run_stage(stage), read_results(after), ended, read_people(after))

    return give


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("01", "private/run.key.age"), ("01", "private/cohort.age"), ("01", "counts.csv"),
        ("04", "private/labels_all.pdf"),
        pytest.param("01", "run.yaml", marks=pytest.mark.soak),
        pytest.param("01", "01_load_registry.html", marks=pytest.mark.soak),
        pytest.param("04", "register/demonstration/heads.yaml", marks=pytest.mark.soak),
    ],
)  # fmt: skip
def test_a_kill_at_a_write_loses_nothing(
    workshop: Workshop, trial: Callable[[str], Trial], stage: str, name: str
) -> None:
    outcome = interrupt(workshop, trial(stage), name, faults.at_name(name))
    assert outcome.broke
    assert outcome.losses == []


@pytest.mark.soak
def test_a_kill_at_any_moment_loses_nothing_twice(
    workshop: Workshop, trial: Callable[[str], Trial]
) -> None:
    fault = faults.after_seconds(0.7)
    outcome = interrupt(workshop, trial("01"), "moment", fault, faults.after_seconds(0.4))
    assert outcome.broke
    assert outcome.losses == []


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ("ENOSPC", "ディスクに空きがなく"),
        pytest.param("EROFS", "読み取り専用", marks=pytest.mark.soak),
    ],
)
def test_a_disk_that_refuses_loses_nothing_and_says_why(
    workshop: Workshop, trial: Callable[[str], Trial], refusal: str, told: str
) -> None:
    screens = []

    def refuse(workshop: Workshop, project: Path, command: str) -> Ended:
        ended = faults.at_name("private/.terms_01.age.partial", refusal)(workshop, project, command)
        screens.append(ended.screen)
        return ended

    outcome = interrupt(workshop, trial("01"), refusal, refuse)
    assert outcome.broke
    assert outcome.losses == []
    assert told in screens[0]


def test_a_kernel_that_dies_loses_nothing(
    workshop: Workshop, trial: Callable[[str], Trial]
) -> None:
    outcome = interrupt(workshop, trial("01"), "kernel", faults.kernel_after_guard("01"))
    assert outcome.broke
    assert outcome.losses == []


def test_of_two_runs_on_one_folder_the_second_is_refused_and_changes_nothing(
    workshop: Workshop, trial: Callable[[str], Trial]
) -> None:
    own = trial("01")
    project = workshop.copy("01")
    both = faults.start_twice(workshop, project, own.command, own.command, 0.3)
    assert list(check_both(*both)) == []
    done = both.first if both.first.exit_code == 0 else both.second
    assert list(check_end(workshop, project, own, done, is_done=False)) == []


def test_the_document_is_of_the_form_that_the_table_writes_and_tells_of_no_loss() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = read_rows(text)
    # What has not been run on its state of the program stands in it.
    assert render(rows, read_code(text)) == text
    assert sum(row.losses for row in rows) == 0
    assert sum(row.cases for row in rows if row.fault == "random moment") == KILLS
    assert {row.fault for row in rows} >= {"kernel", "launcher", "two at once", "clock"}


def test_the_document_names_what_the_lines_leave_out() -> None:
    random_only = [Row("random moment", "01 取込", 200, 190, 0, 0, 1.0)]
    assert "every write of 04 宛名" in find_missing(random_only)
    assert "random moment" not in find_missing(random_only)
    assert "Not run yet on this state of the program: every write of 01" in render(random_only, "x")


def test_lines_of_several_parts_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that ended once threw the lines of the others away: the state was read wrongly."""
    monkeypatch.setattr("tests.interruption.table.DOCUMENT", tmp_path / "reliability.md")
    first, second = (Row("kernel", where, 2, 2, 0, 0, 9.0) for where in ("01 取込", "02 除外"))
    note([first])
    note([second])
    assert read_rows((tmp_path / "reliability.md").read_text("utf-8")) == [first, second]


@pytest.mark.parametrize(("record_is_later", "length"), [(True, 8), (False, 4)])
def test_only_what_no_entry_vouches_for_can_be_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_is_later: bool, length: int
) -> None:
    run = tmp_path / "runs/test_ward"
    run.mkdir(parents=True)
    source, record = run / ".terms.age.partial", run / "audit.jsonl"
    source.write_bytes(b"12345678")
    record.write_bytes(b"{}")
    made = source.stat().st_mtime_ns
    later = made + 10**9 if record_is_later else made - 10**9
    os.utime(record, ns=(later, later))
    for name, value in (("TREE", str(tmp_path)), ("LOG", str(tmp_path / "log")), ("AT", 1)):
        monkeypatch.setattr(breaking, name, value)
    monkeypatch.setattr(breaking, "kill_group", lambda: None)
    breaking.look("os.rename", (str(source), str(run / "terms.age"), -1, -1))
    assert source.stat().st_size == length


def test_the_search_for_names_finds_them_where_they_are(ward_project: Path) -> None:
    people = read_people(ward_project)
    assert "test_ward/registry.csv" in find_clear([ward_project / "inputs"], people)
    assert find_clear([ward_project / "params"], people) == []


def test_a_file_that_nobody_vouches_for_and_nobody_names_is_seen(
    tmp_path: Path, checkpoint: Callable[[str], Path]
) -> None:
    folder = tmp_path / RUN
    shutil.copytree(checkpoint("loaded") / RUN, folder)
    assert find_untold(tmp_path, []) == []
    (folder / "private/cohort.age").write_bytes(b"half")
    (folder / "private/labels_all.pdf").write_bytes(b"half")
    assert find_untold(tmp_path, ["private/cohort.age: ..."]) == ["private/labels_all.pdf"]


def test_of_saves_that_follow_one_another_the_first_is_broken_off_and_every_other_write() -> None:
    writes = ["a.ipynb", "a.ipynb", "audit.jsonl", "audit.jsonl", "a.ipynb", "b.ipynb"]
    assert list(choose_writes(writes)) == [1, 3, 4, 5, 6]
