"""What is overdue: told from the day after its last day, without a key, and never a reason to stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from recruitlib.base.audit import AUDIT_NAME, append_entry
from recruitlib.base.errors import ParameterError
from recruitlib.base.officers import DEMONSTRATION_OFFICERS
from recruitlib.base.retention import RETENTION_FILE
from recruitlib.cli.reviewing import review
from recruitlib.cli.years import runs
from recruitlib.handover.duties import open_duty, settle_duty
from recruitlib.oversight.overdue import list_overdue
from recruitlib.pipeline import run_pipeline
from tests.conftest import PARAMETERS, ROOT
from tests.officers import STAFF, sign_as

# The fiscal year 2026 ends on 2027-03-31; five years later that is 2032-03-31.
YEAR_END, RECORD_END, REVIEW_END = date(2027, 3, 31), date(2032, 3, 31), date(2030, 3, 31)
ONE = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Make a project of demonstrations with one run that holds each kind of file."""
    for name in (DEMONSTRATION_OFFICERS, RETENTION_FILE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    run = tmp_path / "runs/r8_1"
    for path in (run / "private/cohort.age", tmp_path / "inputs/r8_1/registry.csv"):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    parameters = {
        "run_id": "r8_1",
        "runs_folder": "runs",
        "fiscal_year": 2026,
        "registry_file": "inputs/r8_1/registry.csv",
    }
    append_entry(run, "01", "begun", run_kind="demonstration", parameters=parameters)
    append_entry(run, "01", "completed", files={"private/cohort.age": "0" * 64}, counts=[])
    return tmp_path


def list_told(office: Path, today: date) -> list[str]:
    return list_overdue(office, True, today)


def expect_from(office: Path, last_day: date, words: str) -> None:
    """Expect a sentence on the day after the last one, and not on the last one itself."""
    assert not [line for line in list_told(office, last_day) if words in line]
    assert [line for line in list_told(office, last_day + ONE) if words in line]


def test_private_files_and_sources_are_overdue_after_the_fiscal_year(office: Path) -> None:
    expect_from(
        office, YEAR_END, "runs/r8_1: 個人情報のファイル（private に 1 個）の期限 2027-03-31"
    )
    expect_from(
        office, YEAR_END, "runs/r8_1: 元のファイル（住民基本台帳の抽出ファイル）が、期限 2027-03-31"
    )
    (office / "runs/r8_1/private/cohort.age").unlink()
    (office / "inputs/r8_1/registry.csv").unlink()
    assert list_told(office, YEAR_END + ONE) == []


def test_the_record_is_overdue_after_its_years_of_the_offices_own_file(office: Path) -> None:
    expect_from(office, RECORD_END, "runs/r8_1: 記録と書類の保存期間（2032-03-31 まで）")
    (office / RETENTION_FILE).write_text("record: 1\n", encoding="utf-8")
    expect_from(office, date(2028, 3, 31), "runs/r8_1: 記録と書類の保存期間（2028-03-31 まで）")


@pytest.mark.parametrize(
    ("state", "is_told"), [("", True), ("kept: 監査のため", True), ("destroyed", False), ("returned", False)]
)  # fmt: skip
def test_an_export_is_overdue_until_it_is_said_to_be_gone(
    office: Path, state: str, is_told: bool
) -> None:
    run = office / "runs/r8_1"
    append_entry(run, "", "exported", file="register.xlsx", due="2026-06-30")
    expect_from(office, date(2026, 6, 30), "書き出した register.xlsx の消去の期限 2026-06-30")
    signed = {"content": {"exports": {"register.xlsx": state}}}
    append_entry(run, "06", "completed", files={}, counts=[], signed=signed)
    told = [line for line in list_told(office, date(2026, 7, 1)) if "register.xlsx" in line]
    assert bool(told) is is_told


def test_register_and_reviews_are_overdue_until_they_are_gone(office: Path) -> None:
    place = office / "register/demonstration"
    (place / "access_review").mkdir(parents=True)
    header = {"years": {2026: {"retain_until": "2029-12-31", "lines": 1, "supplied": 1}}}
    (place / "register.yaml").write_text(yaml.safe_dump(header))
    (place / "supplied_r2026.age").write_bytes(b"")
    (place / "access_review/90_access_review_2027-03-31_090000.ipynb").write_text("{}")
    expect_from(
        office, date(2029, 12, 31), "register/supplied_r2026.age: 保存期間（2029-12-31 まで）"
    )
    expect_from(
        office, REVIEW_END, "90_access_review_2027-03-31_090000: 保存期間（2030-03-31 まで）"
    )
    assert not [line for line in list_told(office, date(2040, 1, 1)) if "/r2026.age" in line]
    (place / "supplied_r2026.age").unlink()
    assert not [line for line in list_told(office, date(2040, 1, 1)) if "r2026.age" in line]


def test_a_duty_is_overdue_until_it_is_settled(office: Path) -> None:
    words = ("incident", "r8_1", "誤配の調べ", "2026-06-30", date(2026, 6, 1), True)
    open_duty(office, sign_as(STAFF), *words)
    expect_from(office, date(2026, 6, 30), "義務 1（事故、r8_1）の期限 2026-06-30")
    settle_duty(office, sign_as(STAFF), 1, "済", date(2026, 7, 2), True)
    assert list_told(office, date(2026, 7, 2)) == []


@pytest.fixture
def project(office: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the project the ward's parameter file, and an export that is long overdue."""
    append_entry(office / "runs/r8_1", "", "exported", file="register.xlsx", due="2020-06-30")
    (office / "notebooks").mkdir()
    shutil.copytree(ROOT / "params", office / "params", dirs_exist_ok=True)
    monkeypatch.chdir(office)
    return office


OVERDUE = "期限切れ: runs/r8_1: 書き出した register.xlsx の消去の期限 2020-06-30"


def test_the_index_of_runs_and_a_review_begin_with_what_is_overdue(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = CliRunner().invoke(runs, ["--demonstration"], catch_exceptions=False)
    assert shown.output.startswith(OVERDUE)
    monkeypatch.setattr("recruitlib.live.session.review_run", lambda *words, browser: None)
    shown = CliRunner().invoke(review, [PARAMETERS], catch_exceptions=False)
    assert shown.output.startswith(OVERDUE)


def test_a_run_says_first_of_all_what_is_overdue(project: Path) -> None:
    def stop(line: str) -> None:
        raise ParameterError(line)

    with pytest.raises(ParameterError, match=OVERDUE):
        run_pipeline(project / PARAMETERS, "06", "06", say=stop)


def test_the_other_kind_of_runs_is_left_out(office: Path) -> None:
    assert list_overdue(office, False, date(2040, 1, 1)) == []


def lock_chain(office: Path) -> None:
    path = office / "runs/r8_1" / AUDIT_NAME
    path.unlink()
    path.mkdir()  # cannot be opened, as a file of which somebody else is the owner


def break_chain(office: Path) -> None:
    path = office / "runs/r8_1" / AUDIT_NAME
    path.write_bytes(path.read_bytes().replace(b"2026", b"2016"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (break_chain, "runs/r8_1: 記録が読めないので"),
        (lock_chain, "runs/r8_1: 記録が読めないので"),
        (lambda office: (office / RETENTION_FILE).write_text("record: five\n"), "既定の年数で調べました"),
        (lambda office: (office / "register/demonstration/register.yaml").write_text("years: x\n"),
         "受付簿の保存期間を調べられません"),
        (lambda office: (office / "register/demonstration/duties.yaml").write_text("lines: x\n"),
         "義務の簿冊を調べられません"),
        (lambda office: append_entry(office / "runs/r8_1", "", "exported", file="a.xlsx"),
         "runs/r8_1 の期限を調べられません（KeyError）"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_stops_nothing(
    office: Path, spoil: Callable[[Path], object], words: str
) -> None:
    (office / "register/demonstration").mkdir(parents=True)
    spoil(office)
    assert [line for line in list_told(office, YEAR_END) if words in line]
