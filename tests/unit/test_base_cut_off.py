"""What an interruption leaves is told apart from a broken record, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.counts import write_counts
from recruitlib.base.cut_off import list_broken
from recruitlib.base.parameters import STAGES
from recruitlib.base.verification import STRANGER, verify_record
from tests.unit.courses import answer_guards, begin_entry, complete_entry


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a run whose first stage is complete and sealed."""
    begin_entry(tmp_path, "01")
    answer_guards(tmp_path, "01")
    content = write_counts([])
    (tmp_path / "counts.csv").write_bytes(content)
    complete_entry(tmp_path, "01", files={"counts.csv": digest_bytes(content)}, counts=[])
    append_entry(tmp_path, "01", "sealed", files={})
    return tmp_path


def leave(run: Path, *names: str) -> None:
    for name in names:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(b"left")


def check(run: Path) -> tuple[int, list[str]]:
    """Count what ``verify`` names, and list what is a broken record."""
    problems = verify_record(run)
    return len(problems), list_broken(run, read_entries(run), problems)


def test_what_a_next_attempt_replaces_breaks_no_record(run: Path) -> None:
    leave(run, ".audit.jsonl.partial", "notebooks/02_apply_optouts.ipynb", "live/review_1.log")
    assert check(run) == (3, [])


def test_what_was_made_breaks_the_record_unless_somebody_was_at_work(run: Path) -> None:
    leave(run, "private/labels_all.pdf", "handover/receipt.pdf")
    assert [line.partition(":")[0] for line in check(run)[1]] == [
        "handover/receipt.pdf", "private/labels_all.pdf",
    ]  # fmt: skip
    begin_entry(run, "02")
    assert check(run) == (2, [])


def test_another_file_breaks_the_record_at_any_time(run: Path) -> None:
    begin_entry(run, "02")
    leave(run, "名簿.xlsx", "params.yaml")
    assert len(check(run)[1]) == 2


def test_counts_are_written_before_the_end_of_a_completion_and_at_no_other_time(run: Path) -> None:
    begin_entry(run, "02")
    (run / "counts.csv").write_bytes(b"changed")
    assert check(run)[1] == ["counts.csv: 変えられています。"]
    append_entry(run, "02", "completing", writes=["counts.csv"])
    assert check(run) == (1, [])
    append_entry(run, "02", "rolled_back", files=[])
    assert check(run)[1] == ["counts.csv: 変えられています。"]


def test_the_counts_of_the_first_completion_are_left_where_its_entry_is_half_written(
    tmp_path: Path,
) -> None:
    begin_entry(tmp_path, "01")
    append_entry(tmp_path, "01", "completing", writes=["counts.csv"])
    leave(tmp_path, "counts.csv", ".audit.jsonl.partial", "notebooks/01_load_registry.ipynb")
    assert check(tmp_path) == (3, [])


def test_a_vouched_file_may_still_lie_beside_its_place_and_only_itself(run: Path) -> None:
    append_entry(run, "02", "remembered", files={"private/terms_02.age": digest_bytes(b"left")})
    assert check(run)[1] == ["private/terms_02.age: ありません。"]
    leave(run, "private/.terms_02.age.partial")
    assert check(run) == (2, [])
    (run / "private/.terms_02.age.partial").write_bytes(b"other")
    assert check(run)[1] == ["private/terms_02.age: ありません。"]


def test_after_the_closing_only_what_it_erased_last_may_be_left(run: Path) -> None:
    for number in STAGES[1:]:
        begin_entry(run, number)
        answer_guards(run, number)
        complete_entry(run, number)
    append_entry(run, "06", "sealed", files={})
    last = ["private/run.key.age"]
    append_entry(run, "06", "destroyed", files=last, digests=dict.fromkeys(last, ""))
    leave(run, "private/run.key.age")
    assert not [line for line in check(run)[1] if line.startswith("private/")]
    leave(run, "private/cohort.age", "handover/receipt.pdf")
    assert [line.partition(":")[0] for line in check(run)[1] if STRANGER in line] == [
        "handover/receipt.pdf", "private/cohort.age",
    ]  # fmt: skip
