"""Previous runs: only those of the same office and kind, of an earlier date, complete and whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.audit import append_entry, digest_bytes
from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.masking import Cell
from recruitlib.review.previous import (
    NONE,
    History,
    PreviousRun,
    read_history,
    tabulate_history,
    tell_before,
)
from recruitlib.review.towns import OTHER_TOWN, keep_known

TODAY: dict[str, Any] = {
    "run_kind": "production", "municipality_code": "131041", "fiscal_year": 2026,
    "registry_base_date": "2026-04-01",
}  # fmt: skip
COUNTS = [Count("18", "cohort", 1_000), Count(ALL, "applications", 40), Count("18", "recipients", 960)]  # fmt: skip
GIVEN = {("片町", "18"): 12, ("舟町", "18"): "10未満", ("袋町", "18"): "—（伏せ）"}
FIGURES = "figure,row,column,count\nchannel,post,matched,3\nbirth_month,4,18,10未満\nbirth_month,5,18,—（伏せ）\n"
KEPT = {("channel", "post", "matched"): 3, ("birth_month", "4", "18"): "10未満",
        ("birth_month", "5", "18"): "—（伏せ）"}  # fmt: skip
REPORT = "町丁,年齢,提供,除外\r\n片町,18,12,10未満\r\n舟町,18,10未満,10未満\r\n袋町,18,—（伏せ）,10未満\r\n計,18,960,40\r\n"


def make_run(runs: Path, name: str, report: bool = True, **changes: Any) -> Path:
    """Make what a run leaves behind: parameters, counts, report and a chain that vouches for them."""
    folder = runs / name
    folder.mkdir(parents=True)
    own = {**TODAY, "fiscal_year": 2025, "registry_base_date": "2025-04-01", **changes}
    files = {
        "run.yaml": yaml.safe_dump({"01": own}).encode(), "counts.csv": write_counts(COUNTS),
    }  # fmt: skip
    if report:
        files["count_report.csv"] = REPORT.encode("utf-8-sig")
        files["review_counts.csv"] = FIGURES.encode()
    for path, content in files.items():
        (folder / path).write_bytes(content)
    append_entry(folder, "03", "begun", files={})
    digests = {path: digest_bytes(content) for path, content in files.items()}
    append_entry(folder, "03", "completed", files=digests, counts=[list(c) for c in COUNTS])
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "runs/today"
    folder.mkdir(parents=True)
    return folder


def make_previous(name: str, year: int, counts: list[Count]) -> PreviousRun:
    return PreviousRun(name, year, f"{year}-04-01", counts, {}, {})


def test_a_run_of_the_year_before_is_read_with_what_it_hid_still_hidden(own: Path) -> None:
    make_run(own.parent, "r7")
    history = read_history(own, TODAY)
    assert history == History([PreviousRun("r7", 2025, "2025-04-01", COUNTS, GIVEN, KEPT)], [])
    assert history.runs[0].towns == {"片町"}


def test_runs_stand_in_the_order_of_their_dates(own: Path) -> None:
    make_run(own.parent, "a", registry_base_date="2025-12-01")
    make_run(own.parent, "b", report=False)
    make_run(own.parent, "c", fiscal_year=2024, registry_base_date="2024-05-01")
    make_run(own.parent, "d", fiscal_year=2026, registry_base_date="2026-03-31")
    history = read_history(own, TODAY)
    assert [run.run_id for run in history.runs] == ["c", "b", "a", "d"]
    assert history.runs[1].towns == frozenset()
    # What an older program did not write is not missed.
    assert (history.runs[1].given, history.runs[1].figures, history.unreadable) == ({}, {}, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"municipality_code": "131059"},
        {"run_kind": "demonstration"},
        # The same extract once more, or a later one, is no run before.
        {"fiscal_year": 2026, "registry_base_date": "2026-04-01"},
        {"fiscal_year": 2027, "registry_base_date": "2027-04-01"},
    ],
)
def test_a_run_of_another_office_kind_or_later_date_is_left_out(
    own: Path, changes: dict[str, Any]
) -> None:
    make_run(own.parent, "other", **changes)
    assert read_history(own, TODAY) == History([], [])


def test_a_run_that_did_not_come_through_03_or_began_anew_is_left_out(own: Path) -> None:
    append_entry(make_run(own.parent, "anew"), "02", "begun", files={})
    (own.parent / "waits").mkdir()
    append_entry(own.parent / "waits", "01", "begun", files={})
    (own.parent / "notes").mkdir()
    (own.parent / "list.txt").write_text("x")
    assert read_history(own, TODAY) == History([], [])


def break_chain(folder: Path) -> None:
    text = (folder / "audit.jsonl").read_text(encoding="utf-8")
    (folder / "audit.jsonl").write_text(text.replace('"completed"', '"finished"'), encoding="utf-8")


def change_counts(folder: Path) -> None:
    (folder / "counts.csv").write_bytes(write_counts([Count("18", "cohort", 9_999)]))


def lose_parameters(folder: Path) -> None:
    (folder / "run.yaml").unlink()


def empty_chain(folder: Path) -> None:
    (folder / "audit.jsonl").write_bytes(b"")


def forget_counts(folder: Path) -> None:
    """Complete 03 as a program of another version might: without naming its files."""
    append_entry(folder, "03", "withdrawn", files=["counts.csv"])


def put_a_folder_in_its_place(folder: Path) -> None:
    (folder / "audit.jsonl").unlink()
    (folder / "audit.jsonl").mkdir()


def vouch(folder: Path, name: str, content: bytes) -> None:
    """Put a content in the place of a file, with the chain behind it."""
    (folder / name).write_bytes(content)
    append_entry(folder, "03", "completed", files={name: digest_bytes(content)}, counts=[])


def leave_out_a_parameter(folder: Path) -> None:
    vouch(folder, "run.yaml", b"'01':\n  run_kind: production\n")


def write_no_year(folder: Path) -> None:
    own = {**TODAY, "fiscal_year": "山田太郎"}
    vouch(folder, "run.yaml", yaml.safe_dump({"01": own}).encode())


def write_no_yaml(folder: Path) -> None:
    vouch(folder, "run.yaml", b"\xff{")


def write_no_count(folder: Path) -> None:
    vouch(folder, "counts.csv", "cohort,step,count\n18,cohort,山田太郎\n".encode())


def write_other_heads(folder: Path) -> None:
    vouch(folder, "counts.csv", b"a,b\n1,2\n")


NO_FILE = (
    "audit.jsonl: 開けません（フォルダや装置などで、ふつうのファイルではありません）。"
    "ファイルの名前を確かめてください。"
)
PARAMETERS_FILE = "run.yaml が読めないか、決まった形になっていません。"
COUNTS_FILE = "counts.csv が読めないか、決まった形になっていません。"


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (break_chain, "audit.jsonl: 2行目が記録の鎖と合いません。記録が変えられています。この実行を使わず、管理者に知らせてください。"),
        (empty_chain, "audit.jsonl: 1行目が記録の鎖と合いません。記録が変えられています。この実行を使わず、管理者に知らせてください。"),
        (put_a_folder_in_its_place, NO_FILE),
        (change_counts, "counts.csv: 変えられています。"),
        (lose_parameters, "run.yaml: ありません。"),
        (forget_counts, "audit.jsonl に counts.csv の記録がありません。"),
        (leave_out_a_parameter, PARAMETERS_FILE),
        (write_no_year, PARAMETERS_FILE),
        (write_no_yaml, PARAMETERS_FILE),
        (write_no_count, COUNTS_FILE),
        (write_other_heads, COUNTS_FILE),
    ],
)  # fmt: skip
def test_a_broken_run_is_named_in_plain_words_and_does_not_stop_the_run_of_today(
    own: Path, harm: Callable[[Path], None], told: str
) -> None:
    make_run(own.parent, "good", fiscal_year=2024)
    harm(make_run(own.parent, "old"))
    history = read_history(own, TODAY)
    assert [run.run_id for run in history.runs] == ["good"]
    assert history.unreadable == [("old", told)]
    table = tabulate_history(COUNTS, history, "2026-04-01")
    assert table.iloc[-1].tolist()[:2] == ["読めない記録 old", told]


def write_no_town(folder: Path) -> None:
    vouch(folder, "count_report.csv", "町丁,年齢,提供,除外\n片町,18,山田太郎,10\n".encode())


def change_report(folder: Path) -> None:
    (folder / "count_report.csv").write_text(
        "町丁,年齢,提供,除外\n偽町,18,99,10\n", encoding="utf-8"
    )


def lose_figures(folder: Path) -> None:
    (folder / "review_counts.csv").unlink()


def write_no_figure(folder: Path) -> None:
    vouch(
        folder, "review_counts.csv", "figure,row,column,count\nchannel,post,matched,多\n".encode()
    )


TOWNS_LEFT_OUT, FIGURES_LEFT_OUT = "町の数は並べません。", "受付と生まれ月の数は並べません。"


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (write_no_town, f"count_report.csv が読めないか、決まった形になっていません。{TOWNS_LEFT_OUT}"),
        (change_report, f"count_report.csv: 変えられています。{TOWNS_LEFT_OUT}"),
        (lose_figures, f"review_counts.csv: ありません。{FIGURES_LEFT_OUT}"),
        (write_no_figure, f"review_counts.csv が読めないか、決まった形になっていません。{FIGURES_LEFT_OUT}"),
    ],
)  # fmt: skip
def test_a_broken_file_of_figures_is_named_and_only_its_figures_are_left_out(
    own: Path, harm: Callable[[Path], None], told: str
) -> None:
    harm(make_run(own.parent, "r7"))
    history = read_history(own, TODAY)
    assert history.unreadable == [("r7", told)]
    (run,) = history.runs
    assert run.counts == COUNTS
    of_towns = told.endswith(TOWNS_LEFT_OUT)
    assert (run.given, run.figures) == (({}, KEPT) if of_towns else (GIVEN, {}))


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (1_200, 1_234, "1,200（+34）"), (12, 10, "12（-2）"), (12, 12, "12（+0）"),
        ("10未満", 12, "10未満"), (12, "—（伏せ）", "12"), ("—（伏せ）", "10未満", "—（伏せ）"),
        (12, "なし", "12"), ("なし", 12, "なし"),
    ],
)  # fmt: skip
def test_a_change_is_told_only_where_both_runs_show_a_number(
    before: int | str, now: int | str, told: str
) -> None:
    assert tell_before(before, now) == told


def test_the_change_since_the_latest_run_is_told_in_number_and_per_cent() -> None:
    before = [
        make_previous("r6", 2024, [Count(ALL, "applications", 7)]),
        make_previous("r7", 2025, [Count(ALL, "applications", 40), Count("18", "cohort", 1_000),
                                   Count("18", "withheld", 0)]),
    ]  # fmt: skip
    now = [Count(ALL, "applications", 50), Count("18", "cohort", 950), Count("18", "withheld", 2),
           Count("22", "cohort", 800)]  # fmt: skip
    table = tabulate_history(now, History(before, []), "2026-04-01")
    assert table.columns.tolist() == [
        "件数", "2024-04-01（r6）", "2025-04-01（r7）", "今回 2026-04-01", "前回からの増減", "増減の率",
    ]  # fmt: skip
    rows = {row[0]: row[1:] for row in table.values.tolist()}
    assert rows["受け付けた申出"] == [7, 40, 50, "+10", "+25.0%"]
    assert rows["募集対象者（除外前） 18歳"] == ["", 1_000, 950, "-50", "-5.0%"]
    assert rows["未決のため保留 18歳"] == ["", 0, 2, "+2", "—"]
    # 22 was not asked for last year.
    assert rows["募集対象者（除外前） 22歳"] == ["", "", 800, "", ""]


def test_three_runs_at_most_stand_beside_that_of_today() -> None:
    runs = [make_previous(f"r{n}", 2020 + n, COUNTS) for n in range(5)]
    table = tabulate_history(COUNTS, History(runs, []), "2026-04-01")
    assert table.columns.tolist()[1:4] == [
        "2022-04-01（r2）",
        "2023-04-01（r3）",
        "2024-04-01（r4）",
    ]


def test_without_a_run_before_a_sentence_says_so() -> None:
    table = tabulate_history(COUNTS, History([], []), "2026-04-01")
    assert table.columns.tolist() == ["件数", "今回 2026-04-01"]
    assert table.iloc[-1].tolist() == ["前回までの実行", NONE]
    assert table.iloc[0].tolist() == ["受け付けた申出", 40]


def test_a_folder_with_a_person_s_name_is_not_named_in_the_record(own: Path) -> None:
    broken = make_run(own.parent, "架空　花子", fiscal_year=2025)
    break_chain(broken)
    [(named, told)] = read_history(own, TODAY).unreadable
    assert "架空" not in named + told and named == "（実行名でないフォルダ）"


def test_a_town_that_is_not_of_today_s_table_is_not_taken_from_an_earlier_run() -> None:
    cells: dict[tuple[str, str], Cell] = {
        ("架空　花子（片町12-3）", "18"): 18, ("片町", "18"): 12, ("若葉3丁目", "22"): "10未満",
        ("若葉4丁目", "22"): 11, (OTHER_TOWN, "18"): 10,
    }  # fmt: skip
    run = make_previous("r7", 2025, [])._replace(given=cells)
    kept = keep_known(History([run], []), {"片町": 0, "若葉": 3}).runs[0].given
    assert set(kept) == {("片町", "18"), ("若葉3丁目", "22"), (OTHER_TOWN, "18")}


def test_a_top_up_is_set_beside_no_other_run(own: Path) -> None:
    make_run(own.parent, "spring")
    folder = own.parent / "top_up"
    make_run(own.parent, "top_up", registry_base_date="2025-07-15")
    content = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    vouch(folder, "run.yaml", yaml.safe_dump({**content, "02": {"top_up_of": ["spring"]}}).encode())
    assert [run.run_id for run in read_history(own, TODAY).runs] == ["spring"]
    # The clean twin: the first run of a year names no other.
    vouch(folder, "run.yaml", yaml.safe_dump({**content, "02": {"top_up_of": []}}).encode())
    assert [run.run_id for run in read_history(own, TODAY).runs] == ["spring", "top_up"]
