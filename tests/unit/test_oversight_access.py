"""The access review: who opened what, out of hours, refused, not closed, kept too long."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

import recruitlib.base.audit
from recruitlib.base.audit import AUDIT_NAME, append_entry
from recruitlib.base.errors import ParameterError
from recruitlib.oversight import access
from tests.conftest import ROOT, WARD

GIVEN: dict[str, Any] = {
    "runs_folders": ["runs"], "run_kind": "production", "hours": ["08:30", "17:15"],
    "today": "2026-06-10",
}  # fmt: skip
At = Callable[[str], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the clock that entries are written by, in universal time."""

    def set_clock(text: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.fromisoformat(text).replace(tzinfo=UTC)

        monkeypatch.setattr(recruitlib.base.audit, "datetime", Clock)
        monkeypatch.setattr(recruitlib.base.audit, "find_login", lambda: "sato")

    return set_clock


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: At) -> Path:
    """Make a project with runs of which one was closed, and work at odd hours in the other."""
    for name in ("params", "notebooks", "register"):
        (tmp_path / name).mkdir()
    years = {2020: "2026-03-31", 2026: "2032-03-31"}
    header = {"years": {year: {"retain_until": day, "lines": 1} for year, day in years.items()}}
    (tmp_path / "register/register.yaml").write_text(yaml.safe_dump(header))
    at("2026-06-05T00:00:00")  # a Friday, 9:00 in Japan
    begin(tmp_path, "closed")
    content = {"exports": {"old.xlsx": "destroyed"}}
    append_entry(
        tmp_path / "runs/closed", "", "exported", file="old.xlsx", by="S1", due="2026-06-01"
    )
    append_entry(tmp_path / "runs/closed", "06", "completed", files={}, counts=[], signed={
        "content": content, "signatures": {}, "officers": {},
    })  # fmt: skip
    folder = begin(tmp_path, "open")
    for _ in range(3):
        look(folder, "S1", "確認の処理")
    at("2026-06-05T08:15:00")  # 17:15
    look(folder, "S1", "確認の処理")
    at("2026-06-05T08:16:00")
    look(folder, "S1", "確認の処理")
    at("2026-06-05T15:30:00")  # Saturday, 0:30
    look(folder, "", "理由を見る（recruitlib why）")
    append_entry(folder, "", "unlock_refused")
    append_entry(folder, "03", "sign_in_refused", by="S2")
    append_entry(folder, "", "exported", file="new.xlsx", by="S2", due="2026-06-09")
    append_entry(folder, "", "exported", file="later.xlsx", by="S2", due="2026-06-10")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(root: Path, name: str, kind: str = "production") -> Path:
    """Begin a run."""
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    append_entry(folder, "01", "begun", operator="S1", run_kind=kind,
                 parameters={"run_id": name, "runs_folder": "runs"}, files={})  # fmt: skip
    return folder


def look(folder: Path, officer: str, purpose: str) -> None:
    """Open a private file."""
    facts = {"file": "private/cohort.age", "officer": officer, "purpose": purpose}
    append_entry(folder, "03", "opened", **facts)


def tell(table: Any) -> list[list[Any]]:
    """Tell the rows of a table."""
    return table.to_numpy().tolist()  # type: ignore[no-any-return]


def test_openings_are_gathered_by_officer_and_purpose_in_japan_s_time(office: Path) -> None:
    review = access.begin_review(GIVEN)
    assert tell(access.tabulate_openings(review)) == [
        ["runs/closed", "S1", "sato", "ブックを書き出した", 1, 1, "2026-06-05 09:00",
         "2026-06-05 09:00"],
        ["runs/open", "S1", "sato", "確認の処理", 5, 1, "2026-06-05 09:00", "2026-06-05 17:16"],
        ["runs/open", "（職員番号なし）", "sato", "理由を見る（recruitlib why）", 1, 1,
         "2026-06-06 00:30", "2026-06-06 00:30"],
        ["runs/open", "S2", "sato", "ブックを書き出した", 2, 2, "2026-06-06 00:30",
         "2026-06-06 00:30"],
    ]  # fmt: skip


def test_what_was_done_out_of_hours_and_at_weekends_stands_by_day(office: Path) -> None:
    review = access.begin_review(GIVEN)
    assert [row[:6] for row in tell(access.tabulate_out_of_hours(review))] == [
        ["2026-06-05（金）", "runs/open", "S1", "sato", "確認の処理", 1],
        ["2026-06-06（土）", "runs/open", "（職員番号なし）", "sato", "理由を見る（recruitlib why）", 1],
        ["2026-06-06（土）", "runs/open", "S2", "sato", "ブックを書き出した", 2],
    ]  # fmt: skip
    wide = access.begin_review({**GIVEN, "hours": ["00:00", "23:59"]})
    assert [row[0] for row in tell(access.tabulate_out_of_hours(wide))] == ["2026-06-06（土）"] * 2


@pytest.mark.parametrize(
    ("moment", "is_odd"),
    [
        ("2026-06-05T08:29:59", True), ("2026-06-05T08:30:00", False),
        ("2026-06-05T17:15:00", False), ("2026-06-05T17:15:01", True),
        ("2026-06-06T12:00:00", True), ("2026-06-07T12:00:00", True), ("2026-06-08T12:00:00", False),
    ],
)  # fmt: skip
def test_the_hours_of_work_hold_on_weekdays(moment: str, is_odd: bool) -> None:
    hours = (time(8, 30), time(17, 15))
    assert access.is_out_of_hours(datetime.fromisoformat(moment), hours) is is_odd


def test_each_refused_passphrase_is_told(office: Path) -> None:
    assert tell(access.tabulate_refusals(access.begin_review(GIVEN))) == [
        ["2026-06-06 00:30（土）", "runs/open", "実行の合言葉", "（分からない）", "sato", "時間外"],
        [
            "2026-06-06 00:30（土）",
            "runs/open",
            "職員の合言葉（サインイン）",
            "S2",
            "sato",
            "時間外",
        ],
    ]


def test_runs_that_are_not_closed_and_records_that_do_not_fit_are_told(office: Path) -> None:
    begin(office, "other_kind", "demonstration")
    broken = begin(office, "broken") / AUDIT_NAME
    broken.write_bytes(broken.read_bytes().replace(b"S1", b"S9"))
    begin(office, "stray").joinpath("stray.txt").write_text("x")
    rows = tell(access.tabulate_runs(access.begin_review(GIVEN)))
    assert [(row[0], row[2], row[5][:14]) for row in rows] == [
        ("runs/broken", "廃棄していません", "audit.jsonl: 1"),
        ("runs/closed", "廃棄ずみ", "audit.jsonl: 3"),  # its 06 was completed by hand
        ("runs/open", "廃棄していません", "合う"),
        ("runs/stray", "廃棄していません", "stray.txt: 記録に"),
    ]
    assert rows[2][4] == "2026-06-06（4日前）"


def test_look_ups_in_the_office_s_own_chain_are_openings_too(office: Path, at: At) -> None:
    at("2026-06-07T03:00:00")  # Sunday noon
    own = office / "register"
    append_entry(own, "", "looked_up", by="S3", purpose="監査", asked=["0" * 64], found=0)
    append_entry(own, "", "register_refused")
    review = access.begin_review(GIVEN)
    told = ["register", "S3", "sato", "提供したかを調べた（監査）", 1, 0]
    assert tell(access.tabulate_openings(review))[-1][:6] == told
    assert tell(access.tabulate_out_of_hours(review))[-1][:6] == ["2026-06-07（日）", *told[:5]]
    assert tell(access.tabulate_refusals(review))[-1][1:4] == [
        "register", "受付簿の合言葉", "（分からない）",
    ]  # fmt: skip
    assert "register" not in set(access.tabulate_runs(review)["実行"])
    (own / AUDIT_NAME).write_bytes((own / AUDIT_NAME).read_bytes().replace(b"S3", b"S1"))
    broken = access.begin_review(GIVEN)
    (row,) = [row for row in tell(access.tabulate_runs(broken)) if row[0] == "register"]
    assert row[5].startswith("audit.jsonl: 1行目")
    assert "廃棄していない実行 1、合わない記録 2" in access.conclude(broken)


def test_dates_that_have_passed_stand_first(office: Path) -> None:
    assert tell(access.tabulate_dates(access.begin_review(GIVEN))) == [
        ["2026-03-31", "2020年度の受付簿（保存期間）", "", "期限を過ぎています"],
        ["2026-06-09", "書き出した new.xlsx", "runs/open", "期限を過ぎています"],
        ["2026-06-01", "書き出した old.xlsx", "runs/closed", "消去した"],
        ["2026-06-10", "書き出した later.xlsx", "runs/open", "期限の前"],
        ["2032-03-31", "2026年度の受付簿（保存期間）", "", "期限の前"],
    ]


def test_the_last_line_says_what_a_person_has_to_look_at(office: Path) -> None:
    assert access.conclude(access.begin_review(GIVEN)) == (
        "90 閲覧の点検 完了: 実行 2、時間外 3、違った合言葉 2、廃棄していない実行 1、合わない記録 1、"
        "過ぎた期限 2、期限を過ぎた義務 0"
    )


def test_an_office_without_runs_and_register_has_empty_tables_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("params", "notebooks"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    review = access.begin_review({**GIVEN, "today": ""})
    for tabulate in (
        access.tabulate_runs, access.tabulate_openings, access.tabulate_out_of_hours,
        access.tabulate_refusals, access.tabulate_dates,
    ):  # fmt: skip
        assert tabulate(review).empty
        assert len(tabulate(review).columns) > 3
    assert access.draw_hours(review).axes


def test_the_picture_holds_each_number_where_it_belongs(office: Path) -> None:
    (panel,) = access.draw_hours(access.begin_review(GIVEN)).axes
    texts = {(text.get_position(), text.get_text()) for text in panel.texts}
    assert texts == {((9, 4), "4"), ((17, 4), "2"), ((0, 5), "3")}
    (frame,) = panel.patches
    assert (frame.get_x(), frame.get_x() + frame.get_width()) == (8.0, 16.75)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hours": ["17:15", "08:30"]}, "hours"), ({"hours": ["8:30", "17:15"]}, "hours"),
        ({"hours": ["08:30"]}, "hours"), ({"hours": ["08:30", "24:00"]}, "hours"),
        ({"run_kind": "test"}, "run_kind"), ({"today": "2026-6-1"}, "today"),
        ({"runs_folders": "runs"}, "runs_folders"), ({"other": 1}, "other"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused_by_name(
    office: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ParameterError, match=rf"\) {told}: "):
        access.begin_review({**GIVEN, **change})


def test_the_command_keeps_the_executed_notebook_and_its_page_and_names_nobody(
    reviewed: Path,
) -> None:
    words = [sys.executable, "-m", "recruitlib", "access-review", "--demonstration"]
    done = subprocess.run(
        words, cwd=reviewed, capture_output=True, text=True, encoding="utf-8", check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    place = reviewed / "register/demonstration/access_review"
    page, notebook = sorted(place.iterdir())
    assert re.fullmatch(r"90_access_review_\d{4}-\d\d-\d\d_\d{6}\.html", page.name)
    assert notebook == page.with_suffix(".ipynb")
    assert page.relative_to(reviewed).as_posix() in done.stdout
    cells = [
        cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"
    ]
    outputs = json.dumps([cell.outputs for cell in cells], ensure_ascii=False)
    for told in (
        "見本A",
        "確認の処理",
        "image/png",
        "runs/test_ward",
        "90 閲覧の点検 完了: 実行 1、",
    ):
        assert told in outputs
    text = notebook.read_text(encoding="utf-8") + page.read_text(encoding="utf-8")
    registry = (reviewed / WARD / "registry.csv").read_text(encoding="utf-8").splitlines()
    column = registry[0].split(",").index("氏名")
    names = {row.split(",")[column] for row in registry[1:]} - {""}
    assert not [name for name in names if name in text]
    assert not re.search(r"(src|href)=[\"']https?:", page.read_text(encoding="utf-8"))
    refused = subprocess.run(
        [*words, "--from", "18:00"], cwd=reviewed, capture_output=True, check=False
    )
    assert refused.returncode == 10
    assert sorted(place.iterdir()) == [page, notebook]


def test_the_committed_notebook_is_thin_and_keeps_no_output() -> None:
    notebook = nbformat.read(ROOT / "notebooks/90_access_review.ipynb", as_version=4)
    assert [cell.id for cell in notebook.cells] == [
        f"c90-{n:02}" for n in range(len(notebook.cells))
    ]
    before = ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert before == "markdown"
            # Its times are those of the machine: an output would be another one every time.
            assert cell.outputs == [] and cell.execution_count is None
            assert not re.search(r"^\s*(def|for|if|while|with|try)\b", cell.source, re.MULTILINE)
        before = cell.cell_type
