"""Disposal: every private file gone, every source file accounted for, and a report of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pypdfium2
import pytest
import yaml

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import AwaitingPerson, GuardError, ParameterError
from recruitlib.base.record import verify_record
from recruitlib.base.run import Stage, ask_guard
from recruitlib.base.vault import KEY_NAME, write_private
from recruitlib.closing import disposal
from recruitlib.closing.disposal import SOURCES, Attestation
from tests.unit.stages import (
    KEY,
    list_last_answer,
    make_residents,
    make_stage,
    store,
)

STAFF, SECOND = "主任 甲", "係長 乙"
KEPT = dict.fromkeys(SOURCES, "kept: 監査のため")
GONE = dict.fromkeys(SOURCES, "destroyed")
RETURNED = dict.fromkeys(SOURCES, "returned")


def attest(sources: dict[str, str], exports: dict[str, str] | None = None) -> Attestation:
    return Attestation(True, "test_ward", STAFF, SECOND, sources, exports or {})


def begin(folder: Path) -> Stage:
    """Begin 06 over a run with private files, its key and the words of the scan."""
    stage = make_stage(folder, "06")
    store(stage, recipients=make_residents({}), settled=make_residents({}))
    write_private(stage.folder, KEY, "terms_01", b"[]")
    private = stage.folder / "private"
    (private / KEY_NAME).write_bytes(b"key")
    (private / "labels_all.pdf").write_bytes(b"%PDF")
    return stage


def place_sources(stage: Stage) -> None:
    for name in SOURCES:
        path = stage.locate(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_every_private_file_is_destroyed_but_what_the_last_scan_needs(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    destroyed = disposal.destroy_private(stage, attest(GONE))
    assert destroyed == ("private/labels_all.pdf", "private/recipients.age", "private/settled.age")
    assert sorted(path.name for path in (stage.folder / "private").iterdir()) == [
        KEY_NAME, "terms_01.age",
    ]  # fmt: skip
    logged = [
        entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == "destroyed"
    ]
    assert logged == [{"files": list(destroyed)}]
    disposal.prove_nothing_left(stage, attest(GONE))
    assert list_last_answer(stage, "closing.nothing_left") == "yes"


def test_nothing_is_destroyed_while_a_source_file_is_unaccounted_for(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage)
    before = disposal.list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, attest(GONE))
    assert disposal.list_private(stage.folder) == before
    assert len(disposal.destroy_private(stage, attest(KEPT))) == 3


def test_a_second_attempt_still_reports_what_the_first_destroyed(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    first = disposal.destroy_private(stage, attest(GONE))
    store(stage, late=make_residents({}))
    second = disposal.destroy_private(stage, attest(GONE))
    assert second == tuple(sorted([*first, "private/late.age"]))


def test_the_record_names_the_files_before_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    before = disposal.list_private(stage.folder)
    unlink = Path.unlink

    def cut_off(path: Path, *options: bool) -> None:
        if path.name == "recipients.age":
            raise OSError("power")
        unlink(path, *options)

    monkeypatch.setattr(Path, "unlink", cut_off)
    with pytest.raises(OSError, match="power"):
        disposal.destroy_private(stage, attest(GONE))
    last = read_entries(stage.folder)[-1]
    assert (last["event"], last["facts"]) == ("destroyed", {"files": before})
    assert disposal.list_private(stage.folder) == before[1:]
    monkeypatch.undo()
    # What the first attempt destroyed is still in the report of the second.
    assert disposal.destroy_private(stage, attest(GONE)) == tuple(before)
    disposal.prove_nothing_left(stage, attest(GONE))


def test_a_source_that_nothing_is_attested_of_keeps_everything_in_place(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    before = disposal.list_private(stage.folder)
    silent = attest({name: state for name, state in GONE.items() if name != "print_form_file"})
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, silent)
    assert disposal.list_private(stage.folder) == before
    assert "destroyed" not in {entry["event"] for entry in read_entries(stage.folder)}
    assert list_last_answer(stage, "closing.nothing_left") == "no"


@pytest.mark.parametrize(
    "left",
    [
        "private/recipients.age",
        "private/labels_all.pdf",
        "private/sub/deeper/copy.csv",
        "private/03_review_counts.ipynb",
        "private/.labels_all.pdf.partial",
        "notebooks/.ipynb_checkpoints/03_review_counts-checkpoint.ipynb",
        ".ipynb_checkpoints/run-checkpoint.yaml",
        "handover/.cover_letter.pdf.partial",
    ],
)
def test_a_private_file_or_a_copy_that_is_left_stops(tmp_path: Path, left: str) -> None:
    # A51, 尼崎市: data was not erased after use.
    stage = begin(tmp_path)
    disposal.destroy_private(stage, attest(GONE))
    path = stage.folder / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")) as stop:
        disposal.prove_nothing_left(stage, attest(GONE))
    assert f"{left}: 残っています。" in str(stop.value)
    assert left in disposal.destroy_private(stage, attest(GONE))
    disposal.prove_nothing_left(stage, attest(GONE))


def test_the_record_and_the_papers_are_no_private_files(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    for name in ("notebooks/01_load_registry.ipynb", "handover/receipt.pdf", "counts.csv"):
        (stage.folder / name).parent.mkdir(exist_ok=True)
        (stage.folder / name).write_bytes(b"x")
    assert all(name.startswith("private/") for name in disposal.list_private(stage.folder))


def test_source_files_that_are_gone_or_kept_with_a_reason_pass(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    for sources in (GONE, RETURNED, KEPT, {**GONE, "registry_file": "returned"}):
        assert disposal.check_sources(stage, attest(sources)) == []
    place_sources(stage)
    assert disposal.check_sources(stage, attest(KEPT)) == []


@pytest.mark.parametrize("state", ["", "kept", "gone", "Destroyed", "destroyed: x", "保有"])
def test_a_source_file_that_is_gone_must_be_attested_all_the_same(
    tmp_path: Path, state: str
) -> None:
    # A file moved elsewhere is not there either.
    stage = begin(tmp_path)
    assert len(disposal.check_sources(stage, attest({}))) == 11
    problems = disposal.check_sources(stage, attest({**GONE, "counter_file": state}))
    assert len(problems) == 1
    for word in ("窓口・郵送の受付簿（取込日）", "destroyed", "returned", "kept: "):
        assert word in problems[0]


def test_a_source_file_that_is_still_there_is_named(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    disposal.destroy_private(stage, attest(GONE))
    place_sources(stage)
    assert len(disposal.check_sources(stage, attest({}))) == len(SOURCES) == 11
    for sources in (GONE, RETURNED):
        problems = disposal.check_sources(stage, attest(sources))
        assert len(problems) == 11
        assert all("ファイルが残っています" in problem for problem in problems)
    stage.locate("registry_file").unlink()
    for state in ("destroyed", "returned"):
        one = attest({**KEPT, "form_file": state})
        with pytest.raises(
            GuardError, match=r"closing\.nothing_left.*消去または返却したと書かれていますが"
        ) as stop:
            disposal.prove_nothing_left(stage, one)
        assert "電子申請の出力ファイル（取込日）" in str(stop.value)


def test_a_source_that_the_run_did_not_have_is_not_asked_for(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "06", protections_file="")
    labels = [label for label, _ in disposal.list_source_states(stage, attest(KEPT))]
    assert len(labels) == 10
    assert len(disposal.check_sources(stage, attest({}))) == 10
    others = {name: state for name, state in GONE.items() if name != "protections_file"}
    assert disposal.check_sources(stage, attest(others)) == []


GOOD: dict[str, Any] = {
    "demonstration": True, "run_id": "test_ward", "carried_out_by": STAFF, "witnessed_by": SECOND,
    "sources": KEPT,
}  # fmt: skip


def write(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({**GOOD, **changes}, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("sources", [KEPT, GONE, RETURNED], ids=["kept", "destroyed", "returned"])
def test_an_attestation_is_read_as_written(tmp_path: Path, sources: dict[str, str]) -> None:
    path = write(tmp_path / "disposal.yaml", sources=sources)
    assert disposal.read_attestation(path, "test_ward", True) == attest(sources)


def test_without_an_attestation_or_a_witness_the_run_waits(tmp_path: Path) -> None:
    with pytest.raises(AwaitingPerson, match="廃棄の確認書がまだありません"):
        disposal.read_attestation(tmp_path / "disposal.yaml", "test_ward", True)
    for witness in ("", STAFF, "主任　甲"):
        with pytest.raises(AwaitingPerson):
            path = write(tmp_path / "disposal.yaml", witnessed_by=witness)
            disposal.read_attestation(path, "test_ward", True)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"sources": None}, "sources"),
        ({"sources": ["registry_file"]}, "sources"),
        ({"sources": {"registry_file": "kept: "}}, "registry_file"),
        ({"sources": {"registry_file": "kept"}}, "registry_file"),
        ({"sources": {"registry_file": True}}, "registry_file"),
        ({"sources": {"registry_fiel": "destroyed"}}, "registry_fiel"),
        ({"witnessed_by": 5}, "witnessed_by"),
        ({"run_id": "other"}, "別の実行"),
        ({"demonstration": False}, "見本"),
        ({"extra": ""}, "extra"),
    ],
)
def test_an_attestation_that_is_none_is_refused(
    tmp_path: Path, changes: dict[str, object], hint: str
) -> None:
    with pytest.raises(ParameterError, match=hint):
        disposal.read_attestation(write(tmp_path / "disposal.yaml", **changes), "test_ward", True)


EXPORTED = "register_r8.xlsx"


def log_export(stage: Stage, name: str = EXPORTED) -> None:
    append_entry(stage.folder, "", "exported", kind="register", file=name, due="2026-06-30")


@pytest.mark.parametrize("state", ["destroyed", "returned", "kept: 監査のため"])
def test_an_export_that_is_gone_or_kept_with_a_reason_passes(tmp_path: Path, state: str) -> None:
    stage = begin(tmp_path)
    log_export(stage)
    attestation = attest(GONE, {EXPORTED: state})
    assert disposal.check_exports(stage, attestation) == []
    disposal.destroy_private(stage, attestation)
    disposal.prove_nothing_left(stage, attestation)
    assert list_last_answer(stage, "closing.nothing_left") == "yes"


def test_without_exports_nothing_is_asked_and_nothing_may_be_attested(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    assert disposal.check_exports(stage, attest(GONE)) == []
    (problem,) = disposal.check_exports(stage, attest(GONE, {EXPORTED: "destroyed"}))
    assert "この実行で書き出したファイルではありません" in problem


@pytest.mark.parametrize(
    "exports",
    [{}, {"other.xlsx": "destroyed"}, {EXPORTED: "destroyed", "other.xlsx": "destroyed"},
     {EXPORTED: "gone"}, {EXPORTED: "kept: "}, {"REGISTER_R8.xlsx": "destroyed"}],
)  # fmt: skip
def test_an_export_that_is_unaccounted_for_keeps_everything_in_place(
    tmp_path: Path, exports: dict[str, str]
) -> None:
    # A51, 尼崎市: data was not erased after use.
    stage = begin(tmp_path)
    log_export(stage)
    before = disposal.list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, attest(GONE, exports))
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.prove_nothing_left(stage, attest(GONE, exports))
    assert disposal.list_private(stage.folder) == before


@pytest.mark.parametrize(
    "place",
    [EXPORTED, f"inputs/{EXPORTED}", f"inputs/deep/er/{EXPORTED}", f"inputs/{EXPORTED.upper()}"],
)
@pytest.mark.parametrize("state", ["destroyed", "returned"])
def test_an_export_that_still_lies_in_the_project_folder_is_named(
    tmp_path: Path, place: str, state: str
) -> None:
    stage = begin(tmp_path)
    log_export(stage)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    (problem,) = disposal.check_exports(stage, attest(GONE, {EXPORTED: state}))
    assert EXPORTED in problem
    assert "ファイルが残っています" in problem
    assert disposal.check_exports(stage, attest(GONE, {EXPORTED: "kept: 監査のため"})) == []
    path.unlink()
    assert disposal.check_exports(stage, attest(GONE, {EXPORTED: state})) == []


def test_an_export_that_still_lies_in_the_current_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path / "project")
    log_export(stage)
    monkeypatch.chdir(tmp_path)
    (tmp_path / EXPORTED).write_bytes(b"x")
    assert len(disposal.check_exports(stage, attest(GONE, {EXPORTED: "destroyed"}))) == 1


def test_an_attestation_of_exports_is_read_as_written(tmp_path: Path) -> None:
    exports = {EXPORTED: "destroyed", "b.xlsx": "kept: 監査のため"}
    path = write(tmp_path / "disposal.yaml", exports=exports)
    assert disposal.read_attestation(path, "test_ward", True) == attest(KEPT, exports)


@pytest.mark.parametrize(
    ("exports", "hint"),
    [(None, "exports"), ([EXPORTED], "exports"), ({EXPORTED: "gone"}, f"exports の {EXPORTED}"),
     ({EXPORTED: "kept: "}, EXPORTED), ({EXPORTED: True}, EXPORTED)],
)  # fmt: skip
def test_an_attestation_of_exports_that_is_none_is_refused(
    tmp_path: Path, exports: object, hint: str
) -> None:
    with pytest.raises(ParameterError, match=hint):
        disposal.read_attestation(
            write(tmp_path / "disposal.yaml", exports=exports), "test_ward", True
        )


def test_the_report_lists_the_exports_with_their_due_dates(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    log_export(stage)
    log_export(stage, "b.xlsx")
    attestation = attest(GONE, {EXPORTED: "destroyed", "b.xlsx": "kept: 議会の照会"})
    destroyed = disposal.destroy_private(stage, attestation)
    ask_guard(stage, "record.chain_intact", [])
    disposal.prove_nothing_left(stage, attestation)
    disposal.finish_disposal(stage, attestation, destroyed)
    document = pypdfium2.PdfDocument((stage.folder / disposal.REPORT).read_bytes())
    text = "".join("".join(page.get_textpage().get_text_range() for page in document).split())
    for part in (EXPORTED, "b.xlsx", "期限2026-06-30", "保有:議会の照会"):
        assert part in text
    table = disposal.tabulate_disposal(stage, attestation, destroyed)
    states = dict(zip(table["ファイル"], table["状態"], strict=True))
    assert states[f"書き出した {EXPORTED}（期限 2026-06-30）"] == "消去した"
    assert states["書き出した b.xlsx（期限 2026-06-30）"] == "保有: 議会の照会"
    facts = [
        entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == "completed"
    ]
    assert facts[-1]["exports"] == dict(attestation.exports)


def test_the_report_says_what_was_destroyed_and_kept_by_whom(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    destroyed = disposal.destroy_private(stage, attest(GONE))
    ask_guard(stage, "record.chain_intact", [])
    attestation = attest({**GONE, "registry_file": "kept: 監査のため"})
    disposal.prove_nothing_left(stage, attestation)
    line = disposal.finish_disposal(stage, attestation, destroyed)
    assert line.startswith("06 廃棄 完了: ")
    document = pypdfium2.PdfDocument((stage.folder / disposal.REPORT).read_bytes())
    text = "".join("".join(page.get_textpage().get_text_range() for page in document).split())
    for part in ("3個", "保有:監査のため", "主任甲", "係長乙", "見本（架空の区）"):
        assert part in text
    assert text.count("消去した") >= 10
    table = disposal.tabulate_disposal(stage, attestation, destroyed)
    assert isinstance(table, pd.DataFrame)
    assert table["状態"].tolist().count("消去した") == 3 + 10


def test_the_key_goes_last_with_the_words_of_the_scan(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    (stage.folder / "private/sub").mkdir()
    disposal.destroy_private(stage, attest(GONE))
    assert disposal.seal_run(stage.folder, KEY, closed=False) == []
    assert (stage.folder / "private" / KEY_NAME).exists()
    disposal.seal_run(stage.folder, KEY, closed=True)
    assert not (stage.folder / "private").exists()
    last = read_entries(stage.folder)[-1]
    assert last["facts"]["files"] == [f"private/{KEY_NAME}", "private/terms_01.age"]
    assert verify_record(stage.folder) == []
