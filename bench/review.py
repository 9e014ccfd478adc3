"""Measure how soon a case stands in JupyterLab, beside the usual ways of showing cases in a notebook.

    PYTHONPATH=$PWD python bench/review.py [--small]

makes an invented ward of 350,000 residents with cohorts of 74,000 and 200 applications that nobody
can decide without asking, runs 01 and 02 on it as ``recruitlib run`` does, opens ``recruitlib
review`` and headless Chromium as the tests of the browser do, and measures there. ``--small`` takes
a ward of 2,000 and only prints.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import nbformat
import yaml
from playwright.sync_api import Page
from report import describe_machine, put_section, tabulate, tell_targets

from recruitlib.base.choices import DECISIONS, POINTING, list_decisions
from recruitlib.base.decisions import decide_case, write_decisions
from recruitlib.base.officers import open_signer
from recruitlib.base.vault import unlock_key
from recruitlib.pipeline import run_pipeline
from recruitlib.review.panels import read_cases
from recruitlib.synth.ward import make_ward
from tests.browser.lab import PANEL, Lab, open_browser, wait_until
from tests.conftest import PARAMETERS, ROOT, WARD, change_parameters, copy_project
from tests.officers import begin_decisions, sign_as

CASES, SEED, MOVES = 200, 2026, 40
LARGE, SMALL = (350_000, 32_000, 42_000), (2_000, 300, 400)
FIRST_SECONDS, NEXT_SECONDS = 3.0, 1.0
# The key of the first costs about a second to open, as one that an officer's own machine has made.
STAFF, SECOND, PASSPHRASE = "見本B", "見本A", "demo"
SHOW = "show_cases(stage, review)"
# The cells before it, the injected parameters among them; the last prepares the review.
BEFORE = ("run_id: str", "run_id = ", "begin_stage(", "prepare_review(stage)")
OURS, ANEW, AT_ONCE = (
    "recruitlib: one case at a time",
    "ipywidgets and pandas: output cleared and filled anew for each case",
    "pandas: all cases in one HTML table, without fields",
)
PEERS = {ANEW: "show_anew(review)", AT_ONCE: "show_all_at_once(review)"}
WAIT = 40_000
Row = dict[str, str]


class Times(NamedTuple):
    """The seconds until the first case stands, and those of each move to the next one."""

    first: float
    moves: list[float]


def read_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def write_undecidable(ward: Path) -> None:
    """Replace the form's export by applications that fit nobody: each field is of somebody else."""
    rng = Random(SEED)
    truth = json.loads((ward / "truth.json").read_text(encoding="utf-8"))
    ids = {person for own in truth["recipients"].values() for person in own}
    people = [
        row for row in read_rows(ward / "registry.csv")
        if row["最新フラグ"] == "1" and row["宛名番号"] in ids
    ]  # fmt: skip
    path = ward / "applications_form.csv"
    template = next(read_rows(path))
    rows = []
    for number in range(CASES):
        named, born, housed = rng.sample(people, 3)
        given = named["名_日本人"] if number % 2 else ""
        rows.append(
            template
            | {name: "" for name in template if name.startswith("マイナンバーカード")}
            | {
                "回答ID": str(50_000_000 + number), "受付番号": f"受{number + 1:04d}",
                "対象者の氏名（姓）": named["氏_日本人"], "対象者の氏名（名）": given,
                "対象者のフリガナ（セイ）": "", "対象者のフリガナ（メイ）": "",
                "対象者の生年月日": born["生年月日"],
                "対象者の住所": housed["住所_町字"] + housed["住所_番地号表記"] if number % 3 else "不明",
            }
        )  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, template.keys(), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def add_peers(project: Path) -> None:
    """Put the peers' cells behind the one of the panel in the project's copy of notebook 03."""
    path = project / "notebooks/03_review_counts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    own = next(at for at, cell in enumerate(notebook.cells) if SHOW in cell.source)
    cells = [
        nbformat.v4.new_code_cell(f"from review_peers import {call.split('(')[0]}\n\n{call}")
        for call in PEERS.values()
    ]
    notebook.cells[own + 1 : own + 1] = cells
    nbformat.write(notebook, path)
    # The kernel of the session finds them where it works.
    shutil.copy(Path(__file__).with_name("review_peers.py"), project)


def make_run(folder: Path, size: tuple[int, int, int]) -> Path:
    """Make a project with the invented ward, run through 02."""
    project = copy_project(folder / "project")
    residents, *cohorts = size
    ward = project / WARD
    ward.mkdir(parents=True)
    made = make_ward(ward, residents, SEED, project / "params/towns/131041.csv", *cohorts)
    write_undecidable(ward)
    shutil.rmtree(project / "params/test_ward")
    change_parameters(project, registry_total=made["registry"], form_total=CASES)
    add_peers(project)
    os.chdir(project)
    run_pipeline(project / PARAMETERS, last="02", say=lambda line: None)
    return project


def decide_all(project: Path) -> int:
    """Decide every case as one officer, so that the panel reads as many decisions as there can be."""
    folder = project / "runs/test_ward"
    cases, _ = read_cases(folder, unlock_key(folder, PASSPHRASE))
    decisions = begin_decisions()
    for row in cases.to_dict("records"):
        case = {str(name): value for name, value in row.items()}
        names = list_decisions(case["kind"], case["choices"])
        name = next(own for own in names if (case["kind"], own) not in POINTING)
        choice = {"decision": name, "reason": DECISIONS[case["kind"]][name][0]}
        decisions = decide_case(decisions, case, choice, sign_as(STAFF))
    parameters = yaml.safe_load((project / PARAMETERS).read_text(encoding="utf-8"))
    write_decisions(project / parameters["decisions_file"], decisions)
    return len(cases)


def start_cell(lab: Lab, text: str) -> float:
    """Run the cell that holds a text; give the time at which its run was asked for."""
    cell = lab.page.locator(f"{PANEL} .jp-CodeCell", has_text=text).first
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-InputPrompt").click()
    began = time.perf_counter()
    lab.page.keyboard.press("Control+Enter")
    return began


def run_before(lab: Lab) -> float:
    """Run the cells before the panel's; give the seconds of the one that prepares the review."""
    return [run_cell(lab, text) for text in BEFORE][-1]


def run_cell(lab: Lab, text: str) -> float:
    """Run the cell that holds a text and wait for its end; give the seconds.

    What is pressed before the notebook listens goes nowhere, and is pressed once more.
    """
    cell = lab.page.locator(f"{PANEL} .jp-CodeCell", has_text=text).first
    prompt = cell.locator(".jp-InputPrompt")
    for _ in range(2):
        began = start_cell(lab, text)
        if wait_until(lambda: prompt.inner_text().strip() != "[ ]:", 5):
            break
    if not wait_until(lambda: prompt.inner_text().strip("[]: \n").isdigit(), WAIT / 1000):
        raise TimeoutError(text)
    return time.perf_counter() - began


def move(page: Page, button: str, progress: str, count: int) -> list[float]:
    """Press the button so many times; give the seconds until each next case stands."""
    taken = []
    for _ in range(count):
        before = page.locator(progress).inner_text()
        began = time.perf_counter()
        page.locator(button).click()
        page.wait_for_function(
            "([place, before]) => { const own = document.querySelector(place);"
            " return own && own.innerText && own.innerText !== before; }",
            arg=[progress, before], timeout=WAIT,
        )  # fmt: skip
        taken.append(time.perf_counter() - began)
    return taken


def measure_ours(lab: Lab, staff_id: str) -> tuple[Times, float]:
    """Measure the panel: until it stands, and from an officer's signing in until the first case does.

    Returns:
        the times, and the seconds that opening the officer's key takes by itself.
    """
    page = lab.page
    began = start_cell(lab, SHOW)
    lab.find("case .rl-sign-in").wait_for(timeout=WAIT)
    stands = time.perf_counter() - began
    for name, text in (("staff-id", staff_id), ("passphrase", PASSPHRASE)):
        lab.find(f"case .rl-{name} input").fill(text)
        page.keyboard.press("Tab")
    began = time.perf_counter()
    lab.find("case .rl-sign-in").click()
    lab.find("case .rl-application").first.wait_for(timeout=WAIT)
    first = stands + time.perf_counter() - began
    began = time.perf_counter()
    open_signer(ROOT, True, staff_id, PASSPHRASE)
    opened = time.perf_counter() - began
    moves = move(page, f"{PANEL} .rl-next", f"{PANEL} .rl-progress", MOVES)
    return Times(first, moves), opened


def measure_peer(lab: Lab, name: str) -> Times:
    """Measure a peer: until its first case stands, or all in one table; and its moves."""
    began = start_cell(lab, PEERS[name])
    last = ".peer-all" if name == AT_ONCE else ".peer-at"
    lab.page.locator(f"{PANEL} {last}").wait_for(timeout=WAIT)
    first = time.perf_counter() - began
    if name == AT_ONCE:
        return Times(first, [])
    return Times(first, move(lab.page, f"{PANEL} .peer-next", f"{PANEL} .peer-at", MOVES))


def measure(project: Path, folder: Path) -> tuple[dict[str, Times], dict[str, float]]:
    """Measure all contestants in one session, and the panel again when every case is decided.

    Returns:
        the times by contestant, and what else is told.
    """
    times, told = {}, {}
    with open_browser(folder / "profile") as context:
        lab = Lab(context.new_page(), project, folder / "home")
        try:
            lab.open()
            told["prepare"] = run_before(lab)
            times[OURS], told["key"] = measure_ours(lab, STAFF)
            for name in PEERS:
                times[name] = measure_peer(lab, name)
            told["cases"] = decide_all(project)
            decided, _ = measure_ours(lab, SECOND)
            told["decided"] = median(decided.moves)
        finally:
            # The command would wait for its officer for ever.
            lab.close()
    return times, told


def write_report(
    times: dict[str, Times], told: dict[str, float], size: tuple[int, int, int]
) -> str:
    """Write the section: the table and the targets."""
    own = times[OURS]
    rows = [
        [
            name, f"{taken.first:.2f}", f"{taken.first / own.first:.2f}",
            f"{median(taken.moves):.2f}" if taken.moves else "(scrolls)",
            f"{median(taken.moves) / median(own.moves):.2f}" if taken.moves else "",
            f"{max(taken.moves):.2f}" if taken.moves else "",
        ]
        for name, taken in times.items()
    ]  # fmt: skip
    heads = ["contestant", "first case, s", "to recruitlib", "next case, s", "to recruitlib",
             "slowest of them, s"]  # fmt: skip
    targets = [
        (f"the first case within {FIRST_SECONDS:.0f} s of the cell's run ({own.first:.2f} s, "
         f"with the officer's key opened, which by itself took {told['key']:.2f} s)",
         own.first <= FIRST_SECONDS),
        (f"the next case in less than {NEXT_SECONDS:.0f} s (at most {max(own.moves):.2f} s)",
         max(own.moves) < NEXT_SECONDS),
        (f"so too with all {told['cases']:.0f} cases decided ({told['decided']:.2f} s)",
         told["decided"] < NEXT_SECONDS),
    ]  # fmt: skip
    residents, *cohorts = size
    parts = [
        "## Reviewing cases in JupyterLab",
        f"`bench/review.py`. {describe_machine('jupyterlab', 'ipywidgets', 'playwright')}. Headless "
        f"Chromium before `recruitlib review`: {told['cases']:.0f} cases, of which {CASES} are forms that "
        f"nobody can decide without asking, in an invented ward of {residents:,} residents with "
        f"{sum(cohorts):,} people in the cohorts, run through 01 and 02. The panel compares field by field, "
        "and begins with an officer's passphrase, which is slow on purpose; the peers do neither and show "
        "everybody at once. Moves: median "
        f"of {MOVES}. The cell before, which prepares the review, took {told['prepare']:.1f} s.",
        tabulate(heads, rows),
        "\n".join(tell_targets(targets)),
    ]
    return "\n\n".join(parts)


def main(arguments: list[str]) -> None:
    """Measure, print, and write the section of the report."""
    size = SMALL if arguments == ["--small"] else LARGE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        project = make_run(folder, size)
        text = write_report(*measure(project, folder), size)
        os.chdir(ROOT)
    sys.stdout.write(f"{text}\n")
    if size == LARGE:
        put_section("review", text)


if __name__ == "__main__":
    main(sys.argv[1:])
