"""The soak sees what piles up, and takes no noise for it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.runs import Held, count_files, count_processes, find_slope, list_leaks, render

STILL = Held(
    memory_mb=250, objects=300_000, descriptors=9, threads=3, processes=0, temporary_files=0,
    home_files=2, run_files=46, register_kb=57, seconds=40,
)  # fmt: skip


def make_series(runs: int, **grown: float) -> list[Held]:
    """Make runs of which some things grow by so much in each."""
    return [
        STILL._replace(**{name: getattr(STILL, name) + int(one * run) for name, one in grown.items()})
        for run in range(runs)
    ]  # fmt: skip


def test_the_slope_is_that_of_most_runs_and_not_of_the_odd_ones() -> None:
    # By hand: of the pairs of 1, 2, 3, 100, 5 the slopes are 1, 1, 33, 1, 1, 49, 1, 97, 1, -95.
    assert find_slope([1, 2, 3, 100, 5]) == 1
    assert find_slope([7]) == find_slope([7, 7, 7]) == 0


@pytest.mark.parametrize(
    ("name", "grown", "called"),
    [
        ("memory_mb", 1, "memory"), ("objects", 100, "Python objects"), ("threads", 1, "threads"),
        ("descriptors", 0.1, "descriptors"), ("processes", 1, "kernels"),
        ("temporary_files", 1, "temporary"), ("home_files", 0.5, "home"), ("run_files", 1, "of the run"),
    ],
)  # fmt: skip
def test_what_grows_from_run_to_run_is_a_leak(name: str, grown: float, called: str) -> None:
    (leak,) = list_leaks(make_series(60, **{name: grown}))
    assert called in leak


def test_what_only_moves_is_none_and_neither_is_what_comes_with_the_first_runs() -> None:
    draw = random.Random(10)
    noisy = [
        STILL._replace(memory_mb=draw.choice([247, 264, 265]), descriptors=draw.choice([9, 10]))
        for _ in range(100)
    ]
    assert list_leaks(noisy) == []
    warm = [STILL._replace(memory_mb=150 + 10 * run) for run in range(10)]
    assert list_leaks([*warm, *make_series(90)]) == []


def test_the_register_may_note_each_run_but_not_more_each_time() -> None:
    assert list_leaks(make_series(50, register_kb=2)) == []
    (leak,) = list_leaks([STILL._replace(register_kb=57 + run * run) for run in range(50)])
    assert "register" in leak


def test_a_process_that_is_left_is_seen_also_when_nobody_is_its_parent(tmp_path: Path) -> None:
    assert count_processes(tmp_path) == 0
    # Each tells when it is there: a process that is just being started has no environment yet.
    wait = "print(flush=True); input()"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{wait}'], stdin=0)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{orphan}; {wait}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [b"\n", b"\n"]
        assert count_processes(tmp_path) == 2


def test_a_link_to_nowhere_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to("nowhere")
    assert count_files(tmp_path) == 1


def test_the_document_says_how_many_runs_there_were_and_what_was_found() -> None:
    told = render(make_series(60, threads=1), 100, small=True)
    assert "60 of 100 demonstrations (01 to 05, 1,500 residents)" in told
    assert "Result: threads: +1.000 per run, allowed 0.02." in told
    assert "| threads | 3 | 62 | 62 | +1.000 | 0.02 |" in told
    assert "Result: nothing piles up." in render(make_series(30), 100, small=False)
    assert "Result: too few runs to tell (30 at least)." in render(make_series(29), 100, False)
    assert "to tell (30 at least); threads: +1.000" in render(make_series(29, threads=1), 100, True)
