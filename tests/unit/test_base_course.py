"""The course of a record: what a run writes passes, and every entry that no run writes is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.course import check_course, check_forms
from recruitlib.base.signatures import check_signatures
from recruitlib.base.verification import verify_record
from tests.officers import SECOND, STAFF
from tests.unit.courses import (
    answer_guards,
    approve_entry,
    begin_entry,
    complete_entry,
    describe_two,
    go_through,
)

PAGE, LETTER = "notebooks/03_review_counts.html", "handover/cover_letter.pdf"
Act = Callable[[Path], object]


def tell(folder: Path) -> list[str]:
    """Say what is wrong with the course and the signatures of a chain."""
    entries = read_entries(folder)
    assert check_forms(entries) == []
    return [problem for _, problem in (*check_course(entries), *check_signatures(entries))]


def seal(name: str, stage: str, content: bytes = b"1") -> Act:
    """Append a seal."""
    return lambda run: append_entry(run, stage, "sealed", files={name: digest_bytes(content)})


def test_a_run_from_01_to_06_passes(tmp_path: Path) -> None:
    go_through(tmp_path, "06")
    assert tell(tmp_path) == []


# ---- pages ----


def test_a_page_sealed_twice_is_named_unless_its_stage_began_again_or_put_it_aside(
    tmp_path: Path,
) -> None:
    go_through(tmp_path, "02")
    for act in (
        seal(PAGE, "03"),
        lambda run: begin_entry(run, "03"),
        seal(PAGE, "03", b"2"),
        lambda run: append_entry(run, "03", "renamed", files=[PAGE]),
        seal(PAGE, "03", b"3"),
        seal("live/a.ipynb", "03"),
    ):
        act(tmp_path)
    assert tell(tmp_path) == []
    seal("live/a.ipynb", "03", b"4")(tmp_path)
    begin_entry(tmp_path, "03", live="live/b.ipynb")
    begin_entry(tmp_path, "02")
    seal(PAGE, "03", b"4")(tmp_path)
    told = "実行し直さずに、封がやり直されています。"
    assert tell(tmp_path) == [f"live/a.ipynb: {told}", f"{PAGE}: {told}"]


def test_a_page_is_sealed_by_its_own_stage_alone(tmp_path: Path) -> None:
    go_through(tmp_path, "02")
    seal(PAGE, "01")(tmp_path)
    assert tell(tmp_path) == [f"{PAGE}: この行で作られるはずのないファイルです。"]


# ---- papers ----


@pytest.mark.parametrize(
    ("stage", "event", "names"),
    [
        ("03", "proposed", ["count_report.pdf"]),
        ("02", "completed", ["count_report.csv"]),
        ("06", "proposed", [LETTER]),
        ("06", "completed", [LETTER]),
        ("05", "corrected", [LETTER]),
        ("01", "guard", ["run.yaml"]),
        ("", "note", ["handover/list.txt"]),
        ("05", "completed", ["名簿.csv"]),
    ],
)
def test_a_paper_is_made_by_its_own_event_alone(
    tmp_path: Path, stage: str, event: str, names: list[str]
) -> None:
    append_entry(tmp_path, stage, event, files=dict.fromkeys(names, "1"), counts=[])
    told = f"{names[0]}: この行で作られるはずのないファイルです。"
    assert told in tell(tmp_path)


@pytest.mark.parametrize(
    ("stage", "event", "name", "is_right"),
    [
        ("06", "destroyed", "private/cohort.age", True),
        ("05", "destroyed", "private/cohort.age", False),
        ("06", "destroyed", LETTER, False),
        ("06", "destroyed", "handover/~$list.xlsx", True),  # the record never vouched for it
        ("03", "withdrawn", LETTER, True),
        ("06", "withdrawn", LETTER, False),
        ("03", "withdrawn", PAGE, False),
        ("03", "renamed", PAGE, True),
        ("02", "renamed", PAGE, False),
    ],
)
def test_a_file_is_taken_out_of_the_record_by_its_own_event_alone(
    tmp_path: Path, stage: str, event: str, name: str, is_right: bool
) -> None:
    known = {"private/cohort.age": "1", LETTER: "1"}
    append_entry(tmp_path, "05", "proposed", files=known)
    seal(PAGE, "03")(tmp_path)
    append_entry(tmp_path, stage, event, files=[name], digests={name: ""})
    told = f"{name}: この行で記録から消えるはずのないファイルです。"
    assert tell(tmp_path) == ([] if is_right else [told])


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda run: begin_entry(run, "01"), "提供の後に、01 がやり直されています。"),
        (
            lambda run: append_entry(run, "05", "proposed", files={LETTER: "2"}),
            "提供の後に、05 がやり直されています。",
        ),
        (
            lambda run: append_entry(run, "03", "withdrawn", files=[LETTER]),
            "提供の後に、03 がやり直されています。",
        ),
    ],
)
def test_nothing_is_worked_anew_when_the_labels_have_left(
    tmp_path: Path, act: Act, told: str
) -> None:
    go_through(tmp_path, "05")
    seal("notebooks/05_hand_over.html", "05")(tmp_path)
    append_entry(tmp_path, "05", "stopped", files={"private/stop_9.age": "1"})
    begin_entry(tmp_path, "06")
    assert tell(tmp_path) == []
    act(tmp_path)
    assert tell(tmp_path) == [told]


def test_a_notice_of_correction_is_written_once_and_signed(tmp_path: Path) -> None:
    go_through(tmp_path, "05")
    one, two = "handover/correction_001.pdf", "handover/correction_002.pdf"
    for name in (one, two):
        append_entry(tmp_path, "05", "corrected", files={name: "1"}, signed=describe_two("05"))
    assert tell(tmp_path) == []
    append_entry(tmp_path, "05", "corrected", files={two: "2"})
    assert tell(tmp_path) == [
        f"{two}: 訂正通知が書き換えられています。", "署名されたファイルがありません。",
    ]  # fmt: skip


def test_late_applications_are_looked_at_when_the_labels_have_left_and_not_before(
    tmp_path: Path,
) -> None:
    looked = {"fresh": 1, "asked": 0, "returned": 1, "unclear": 0, "by": STAFF}
    go_through(tmp_path, "04")
    append_entry(tmp_path, "05", "late_looked", **looked)
    begin_entry(tmp_path, "05")
    answer_guards(tmp_path, "05")
    complete_entry(tmp_path, "05")
    append_entry(tmp_path, "05", "late_looked", **looked)
    told = "提供の前に、提供の後の申出を調べています。"
    assert tell(tmp_path) == [told]
    append_entry(tmp_path, "06", "late_looked", **looked)
    assert tell(tmp_path) == [told, told]


# ---- completions ----


def test_a_stage_that_completes_out_of_order_is_named(tmp_path: Path) -> None:
    go_through(tmp_path, "01")
    begin_entry(tmp_path, "03")
    answer_guards(tmp_path, "03")
    approve_entry(tmp_path)
    complete_entry(tmp_path, "03")
    assert tell(tmp_path) == ["03 より前の段階が完了しないまま、03 が完了しています。"]


@pytest.mark.parametrize(
    ("answers", "is_right"),
    [
        ({"protection_every_row_found": "not_asked"}, True),
        ({"registry_form_known": "not_asked"}, False),
        ({"registry_form_known": "no"}, False),
    ],
)
def test_a_stage_that_completes_without_a_yes_is_named(
    tmp_path: Path, answers: dict[str, str], is_right: bool
) -> None:
    begin_entry(tmp_path, "01")
    answer_guards(tmp_path, "01", **answers)
    complete_entry(tmp_path, "01")
    told = "関門 registry.form_known の「はい」がないまま、01 が完了しています。"
    assert tell(tmp_path) == ([] if is_right else [told])


def test_the_answers_and_the_approval_of_an_earlier_attempt_do_not_count(tmp_path: Path) -> None:
    go_through(tmp_path, "02")
    begin_entry(tmp_path, "03")
    answer_guards(tmp_path, "03")
    approve_entry(tmp_path)
    begin_entry(tmp_path, "03")
    complete_entry(tmp_path, "03")
    assert [problem.split(" ")[0] for problem in tell(tmp_path)] == [
        "関門",
        "承認の記録がないまま、03",
    ]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([["18", "handed_over", 3]], "01 の件数でないものがあります。"),
        ([["18", "cohort", "3"]], "01 の件数でないものがあります。"),
        (None, "書かれている形が違います。"),
        ([["18", "nonsense", 3]], "書かれている形が違います。"),
    ],
)
def test_a_completion_with_other_counts_is_named_and_stops_no_verification(
    tmp_path: Path, counts: Any, told: str
) -> None:
    begin_entry(tmp_path, "01")
    answer_guards(tmp_path, "01")
    complete_entry(tmp_path, "01", counts=counts)
    (tmp_path / "counts.csv").write_bytes(b"")
    assert tell(tmp_path) == [told]
    assert any(told in problem for problem in verify_record(tmp_path))


@pytest.mark.parametrize("files", [None, 1, "counts.csv"])
def test_an_entry_of_another_form_is_named_before_anything_is_read(
    tmp_path: Path, files: Any
) -> None:
    begin_entry(tmp_path, "01")
    append_entry(tmp_path, "01", "completed", files=files)
    assert verify_record(tmp_path) == ["audit.jsonl: 2行目: 書かれている形が違います。"]


# ---- the people of signed files ----


def strip(signed: dict[str, Any], name: str = "") -> dict[str, Any]:
    """Take the signature of one person, or of all, out of a signed file."""
    kept = {one: own for one, own in signed["signatures"].items() if name and one != name}
    return {**signed, "signatures": kept}


@pytest.mark.parametrize("stage", ["05", "06"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda stage: {}, "署名されたファイルがありません。"),
        (lambda stage: strip(describe_two(stage)), "署名されたファイルがありません。"),
        (lambda stage: strip(describe_two(stage), SECOND), "署名されたファイルに、署名のない人がいます。"),
        (
            lambda stage: describe_two(stage, STAFF, STAFF),
            "署名した二人が同じ人です（職員番号が同じです）。",
        ),
    ],
)  # fmt: skip
def test_both_people_of_a_signed_file_are_asked_for(
    tmp_path: Path, stage: str, change: Callable[[str], Any], told: str
) -> None:
    go_through(tmp_path, "04" if stage == "05" else "05")
    begin_entry(tmp_path, stage)
    answer_guards(tmp_path, stage)
    complete_entry(tmp_path, stage, signed=change(stage))
    assert tell(tmp_path) == [told]


def test_a_signed_file_of_another_run_is_named(tmp_path: Path) -> None:
    append_entry(tmp_path, "01", "begun", run_kind="demonstration", parameters={"run_id": "r9"})
    append_entry(tmp_path, "05", "checklists", signed=describe_two("05"))
    assert tell(tmp_path) == ["署名されたファイルが、別の実行のものです。"]


def test_whoever_attests_has_signed_and_no_attestation_is_no_problem(tmp_path: Path) -> None:
    signed = describe_two("05")
    append_entry(tmp_path, "05", "checklists", signed={})
    assert tell(tmp_path) == []
    content = {**signed["content"], "attestations": [{"attested_by": SECOND}]}
    append_entry(tmp_path, "05", "checklists", signed=strip({**signed, "content": content}))
    assert tell(tmp_path) == ["署名されたファイルに、署名のない人がいます。"]
