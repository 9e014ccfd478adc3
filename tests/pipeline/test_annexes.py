"""The annexes of a whole run: true counts, nobody in them, and a stop where a measure is open."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import AwaitingPerson
from tests.conftest import WARD, change_parameters
from tests.papers import read_paper

Run = Callable[..., Path]


def test_the_annexes_tell_the_counts_of_the_run_and_nobody(
    reviewed: Path, run_quietly: Run
) -> None:
    folder = run_quietly(reviewed, "04", "05")
    flow, lists = (
        read_paper(folder / "handover" / f"{name}.pdf") for name in ("flow", "checklists")
    )
    sums: Counter[str] = Counter()
    with (folder / "counts.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sums[row["step"]] += int(row["count"])
    excluded = sums["protected"] + sums["opted_out"] + sums["withheld"]
    for told in (f"募集対象者{sums['cohort']:,}人", f"除外{excluded:,}人", f"提供対象者{sums['recipients']:,}人",
                 f"{sums['labels']:,}枚", f"{sums['handed_over']:,}枚", f"{sums['rows_read']:,}行",
                 f"欠番{sums['voided'] + sums['spoiled']:,}枚"):  # fmt: skip
        assert told in flow
    assert lists.count("済") == 44 + 3 + 1  # the lines, the heads of the lists, 「7のうち7が済み」
    with (reviewed / WARD / "registry.csv").open(encoding="utf-8-sig") as file:
        names = {"".join(row["氏名"].split()) for row in csv.DictReader(file)} - {""}
    assert len(names) > 1_000
    assert not [name for name in names if name in flow + lists]


def test_an_open_measure_stops_before_the_hand_over_and_by_the_other_policy_is_listed(
    reviewed: Path, run_quietly: Run
) -> None:
    change_parameters(reviewed, attestations_file="")
    with pytest.raises(AwaitingPerson, match="counterparty_16"):
        run_quietly(reviewed, "04", "05")
    folder = reviewed / "runs/test_ward"
    # The papers of this attempt are there, and nothing of a hand-over.
    assert (folder / "handover/conditions.pdf").exists()
    assert not (folder / "handover/checklists.pdf").exists()
    asked = [entry["facts"]["guard"] for entry in read_entries(folder) if entry["event"] == "guard"]
    assert "handover.delta_settled" not in asked
    change_parameters(reviewed, attestations_file="", checklist_unmet="list")
    run_quietly(reviewed, "05", "05")
    assert read_paper(folder / "handover/checklists.pdf").count("証明がありません") == 35
