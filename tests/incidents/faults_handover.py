"""Accidents after the print: the hand-over, later acts and runs, and closing."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.parameters import read_yaml
from tests.conftest import PARAMETERS, WARD, change_parameters
from tests.incidents.accident import (
    RUN,
    Accident,
    Typed,
    run_stages,
    type_all,
    type_here,
)
from tests.incidents.faults_printing import LABEL_PDF
from tests.incidents.notebook_lines import put_before
from tests.incidents.ward_files import (
    HANDOVER,
    confirm_handover,
    list_latest,
    read_private_rows,
    read_rows,
    read_truth,
    write_rows,
)
from tests.terminal import SHOWN, find_value, read_print, write_labels

LABELS = 292  # of the small ward: 115 and 177 recipients
HANDED = 283  # without those of whom the lists of handover day tell
SHEET_3 = range(25, 37)
RANGES = ["2008-04-02/2009-04-01", "2004-04-02/2005-04-01"]


def act(words: str) -> tuple[str, str]:
    """Write the two commands with which 見本A prepares an act and 見本B executes it."""
    command = f"recruitlib {words}"
    return f"{command} --by 見本A", f'{command} --by 見本B --confirm "{SHOWN}"'


def do(commands: tuple[str, ...]) -> str:
    """Type commands of which every one must succeed; give the last screen."""
    typed = type_all(commands)
    assert typed.exit_code == 0, typed.screen
    return typed.screen


DELTA = act(f"delta {PARAMETERS}")
REPRINT = f"recruitlib reprint {PARAMETERS}"
SPOIL_3 = act(f"spoil {PARAMETERS} --sheets all:3")


def change_file(path: Path, old: str, new: str) -> None:
    """Change one place of a text file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# ---- A11, A21: who is asked for, and who must not be handed over any more ----


def load_top_up(project: Path, ranges: list[str] = RANGES) -> None:
    """Begin with the extract of the day of the top-up, in which children have moved in as well."""
    ward, day = f"{WARD}/top_up_day", "2026-07-15"
    change_parameters(
        project, cohort_birth_ranges=ranges, registry_file=f"{ward}/registry.csv",
        registry_total=1801, registry_base_date=day, protections_file=f"{ward}/protections.csv",
        protections_listed_on=day,
        business_date=dict.fromkeys(("01", "02", "03", "04", "05", "06"), day),
    )  # fmt: skip


def let_children_move_in(project: Path) -> None:
    """A11: the extract of the top-up also holds the children who have moved in since."""
    load_top_up(project)


def leave_out_the_lower_bound(project: Path) -> None:
    """A11: the range of the top-up is typed with its upper bound only.

    A range without two ends is no parameter, and no stage begins with it.
    """
    load_top_up(project, ["/2009-04-01", RANGES[1]])


def lower_the_lower_bound(project: Path) -> None:
    """A11: the top-up is loaded with a lower bound that lets everybody older in, also in the scope.

    The range is not that of the age rule; the status test cannot see it, since who is too old is
    a living resident all the same.
    """
    ranges = ["1900-01-01/2009-04-01", RANGES[1]]
    load_top_up(project, ranges)
    change_file(project / "params/scope/demo.yaml", RANGES[0], ranges[0])


def expect_nobody_outside(project: Path, typed: Typed) -> None:
    """Whoever is younger or older than the ranges is in no cohort, though the extract has them."""
    rows = list_latest(read_rows(project / WARD / "top_up_day/registry.csv"))
    births = [rows[one]["生年月日"] for one in read_private_rows(project, "cohort")["addressee_id"]]
    ranges = [own.split("/") for own in RANGES]
    assert all(any(low <= birth <= high for low, high in ranges) for birth in births)
    truth = read_truth(project)["top_up"]
    cohort = set(read_private_rows(project, "cohort")["addressee_id"])
    assert {*truth["recipients_18"], *truth["recipients_22"]} <= cohort
    assert not cohort & {*truth["outside"], *truth["foreign"]}


def find_told(project: Path) -> set[str]:
    """Find of whom the lists of handover day tell without any planted fault."""
    return {one for ids in read_truth(project)["handover"].values() for one in ids}


def choose_gone(project: Path) -> tuple[list[str], list[str]]:
    """Choose 20 who have died and 33 who have moved out since the extract, all of them printed."""
    told = find_told(project)
    others = [
        one for one in read_private_rows(project, "labels")["addressee_id"] if one not in told
    ]
    return others[:20], others[100:133]


def let_people_die_and_move(project: Path) -> None:
    """A21: between the extract and the hand-over 20 have died and 33 moved out."""
    dead, moved = choose_gone(project)
    changes = {one: leave("3", "死亡", "23") for one in dead}
    changes |= {one: leave("2", "国内転出", "21") for one in moved}
    path = project / WARD / "handover_day/registry.csv"
    written = []
    for row in read_rows(path):
        change = changes.get(row["宛名番号"]) if row["最新フラグ"] == "1" else None
        written.append({**row, "最新フラグ": "0"} if change else row)
        if change:
            number = str(int(row["個人履歴番号"]) + 1)
            written.append({**row, "個人履歴番号": number, **change})
    write_rows(path, written)
    change_parameters(project, handover_registry_total=len(written))


def leave(status: str, reason: str, code: str, day: str = "2026-05-22") -> dict[str, str]:
    """Describe the record of somebody who died or moved out."""
    return {
        "住民状態": status, "除票フラグ": "1", "異動年月日": day, "異動届出年月日": day, "処理年月日": day,
        "異動事由": code, "異動区分": "1", "記載の事由": "", "消除の事由": reason,
        "消除の届出年月日": day, "消除の異動年月日": day, "消除の異動年月日_不詳フラグ": "0",
        "住所を定めた年月日": "", "転出年月日（確定）": day if status == "2" else "",
    }  # fmt: skip


def expect_pulled(project: Path, typed: Typed) -> None:
    """The labels of the dead and of the moved are void, those and no other, and in no file any more."""
    gone = {one for ids in choose_gone(project) for one in ids} | find_told(project)
    labels = read_private_rows(project, "labels")
    (change,) = list_changes(project)
    void = labels.loc[labels["serial"].isin(change["voided"]), "addressee_id"]
    assert set(void) == gone and len(void) == 53 + LABELS - HANDED
    left = read_print(project / RUN)
    assert len(left) == HANDED - 53
    assert not set(write_labels(project / WARD / "registry.csv", gone)) & set(left)


def list_changes(project: Path) -> list[dict[str, list[int]]]:
    """List the acts that were executed on serials."""
    entries = read_entries(project / RUN)
    return [entry["facts"] for entry in entries if entry["event"] == "serials_changed"]


# ---- A41, A42, A44, A66: serials after the print ----


def name_pages(project: Path) -> None:
    """A41: the order to print a soiled sheet again names its page and not its serials."""


def print_a_soiled_sheet_again(project: Path) -> None:
    """A41: a sheet is soiled and torn up, and printed again by the serials that stand on it."""
    do(SPOIL_3)
    for pages in ("p.3", "all:3", "シート3"):
        refused = type_here(f"{REPRINT} --serials {pages} --reason soiled --by 見本A")
        assert refused.exit_code == ParameterError.exit_code and "通番" in refused.screen


def expect_the_same_people(project: Path, typed: Typed) -> None:
    """The new lot holds exactly the people of the spoiled sheet, and no other label has changed."""
    people = set(read_private_rows(project, "labels")["addressee_id"])
    assert read_print(project / RUN) == write_labels(project / WARD / "registry.csv", people)
    again = project.parent / "again" / "private"
    again.mkdir(parents=True)
    shutil.copy(project / RUN / "private/labels_reprint-001.pdf", again)
    labels = read_private_rows(project, "labels")
    people = labels.loc[labels["serial"].isin(SHEET_3), "addressee_id"]
    assert read_print(again.parent) == write_labels(project / WARD / "registry.csv", set(people))


def keep_quiet_about_a_spoiled_sheet(project: Path) -> None:
    """A42: a sheet was spoiled and torn up, and nobody has reported its serials."""
    confirm_handover(project, handed_over_labels=HANDED - len(SHEET_3))


def report_the_spoiled_sheet(project: Path) -> None:
    """Report the sheet by two officers, and confirm what is left with the value that 05 shows."""
    do(SPOIL_3)
    shown = find_value(type_here(run_stages("05")).screen)
    content = read_yaml(project / HANDOVER)
    (project / HANDOVER).write_text(
        yaml.safe_dump({**content, "delta_digest": shown}, allow_unicode=True), encoding="utf-8"
    )
    void = read_private_rows(project, "labels")
    told = void.loc[void["addressee_id"].isin(find_told(project)), "serial"]
    live = LABELS - len({*told, *SHEET_3})
    confirm_handover(project, handed_over_labels=live)


def lose_the_last_sheet(project: Path) -> None:
    """A44: the last sheet, with four labels, is lost on the way and not among those handed over."""
    confirm_handover(project, handed_over_labels=HANDED - 4)


def edit_the_counts(project: Path) -> None:
    """A45: after the print one step of the counts is edited by one; no act on serials goes on.

    An act compares the digests of all outputs before it reads a count.
    """
    change_file(project / RUN / "counts.csv", "18,labels,115", "18,labels,114")


def print_from_the_old_file(project: Path) -> None:
    """A66: what was printed before the delta is handed over, with whoever is void since.

    The files are made again without the void labels; whoever has kept the old paper counts more
    labels than there are live serials.
    """
    confirm_handover(project, handed_over_labels=LABELS)


def put_the_old_file_back(project: Path) -> None:
    """A66: after the delta the old file is put back into its place, to be printed from.

    The delta has left no file with the old content, and nobody void in the new one; the record
    knows the file that was made last, and the run goes on with no other.
    """
    old = (project / LABEL_PDF).read_bytes()
    do(DELTA)
    assert not [path for path in project.rglob("*") if path.is_file() and path.read_bytes() == old]
    printed = read_print(project / RUN)
    void = write_labels(project / WARD / "registry.csv", find_told(project))
    assert len(printed) == HANDED and not set(void) & set(printed)
    (project / LABEL_PDF).write_bytes(old)


# ---- A51: what is left after closing ----


def leave_a_checkpoint(project: Path) -> None:
    """A51: JupyterLab has left a copy of the labels in a folder of checkpoints."""
    folder = project / "inputs/.ipynb_checkpoints"
    folder.mkdir()
    shutil.copy(project / LABEL_PDF, folder / "labels_all-checkpoint.pdf")


def write_a_private_file_again(project: Path) -> None:
    """A51: a private file is written back after all of them were destroyed."""
    put_before(
        project,
        "06",
        "destroyed = ",
        'kept = (stage.folder / "private/recipients.age").read_bytes()',
    )
    put_before(
        project, "06", "disposal.prove_nothing_left",
        '(stage.folder / "private/recipients.age").write_bytes(kept)',
    )  # fmt: skip


def attest_a_quiet_day(project: Path) -> None:
    """Attest of every source that nothing came since; who announced to leave is pulled all the same."""
    quiet = dict.fromkeys(("registry", "protections", "form", "counter"), "登録係D")
    change_parameters(
        project,
        **{f"handover_{source}_attested_by": who for source, who in quiet.items()},
        **{f"handover_{source}_file": "" for source in quiet},
    )


def change_nothing(project: Path) -> None:
    """The clean twin of accidents whose commands go further than their checkpoint."""


ACCIDENTS = (
    Accident(
        "A11", "no_lower_bound", "ward", leave_out_the_lower_bound,
        (run_stages("01"),), error=ParameterError, twin=load_top_up,
    ),
    Accident(
        "A11", "another_lower_bound", "ward", lower_the_lower_bound,
        (run_stages("01"),), "cohort.birth_range",
    ),
    Accident(
        "A11", "children_in_the_extract", "ward", let_children_move_in,
        (run_stages("01"),), check=expect_nobody_outside,
    ),
    Accident(
        "A21", "gone_since_the_extract", "printed", let_people_die_and_move,
        (run_stages("05"),), "handover.delta_settled",
    ),
    Accident(
        "A21", "labels_of_the_gone_pulled", "printed", let_people_die_and_move,
        DELTA, check=expect_pulled, twin=attest_a_quiet_day,
    ),
    Accident(
        "A41", "pages_in_place_of_serials", "printed", name_pages,
        (f"{REPRINT} --serials 3ページ --reason soiled --by 見本A",), error=ParameterError,
    ),
    Accident(
        "A41", "serials_of_the_sheet", "printed", print_a_soiled_sheet_again,
        act(f"reprint {PARAMETERS} --serials 25-36 --reason soiled"), check=expect_the_same_people,
    ),
    Accident(
        "A42", "spoiled_sheet_not_reported", "printed", keep_quiet_about_a_spoiled_sheet,
        (run_stages("05"),), "handover.serials_complete", twin=report_the_spoiled_sheet,
    ),
    Accident(
        "A44", "sheet_lost", "printed", lose_the_last_sheet,
        (run_stages("05"),), "handover.serials_complete",
    ),
    Accident(
        "A45", "counts_edited_after_the_print", "printed", edit_the_counts,
        (SPOIL_3[0],), error=IntegrityError, twin=change_nothing, is_record_whole=False,
    ),
    Accident(
        "A51", "copy_in_checkpoints", "handed", leave_a_checkpoint,
        (run_stages("06"),), "closing.nothing_left", twin=change_nothing,
    ),
    Accident(
        "A51", "private_file_written_again", "handed", write_a_private_file_again,
        (run_stages("06"),), "closing.nothing_left", twin=change_nothing, is_record_whole=False,
    ),
    Accident(
        "A66", "old_print_handed_over", "printed", print_from_the_old_file,
        (run_stages("05"),), "handover.serials_complete",
    ),
    Accident(
        "A66", "old_file_put_back", "printed", put_the_old_file_back,
        (SPOIL_3[0],), error=IntegrityError, is_record_whole=False,
    ),
)  # fmt: skip
