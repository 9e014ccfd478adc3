"""Disposal: every private file gone, every source file accounted for, and a report of it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pandas as pd
import pypdfium2
import pytest
import yaml

from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.counts import Count, write_counts
from recruitlib.base.errors import GuardError, IntegrityError, ParameterError
from recruitlib.base.office import SUPPLIED, Office, keep, locate_office
from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.run import Stage, ask_guard, refuse_after_handover
from recruitlib.base.vault import KEY_NAME
from recruitlib.base.verification import verify_record
from recruitlib.closing import disposal
from recruitlib.closing.attestation import Attestation, check_exports
from recruitlib.closing.private_files import list_private
from recruitlib.closing.remains import search_remains
from tests.officers import SECOND, STAFF, sign_content_as
from tests.unit.closings import (
    COUNTS,
    GONE,
    KEPT,
    PEOPLE,
    REGISTER_KEY,
    attest,
    begin,
    own_places,
    place_sources,
)
from tests.unit.stages import KEY, list_last_answer, make_residents, store

__all__ = ["own_places"]


def check_workbooks(stage: Stage, attestation: Attestation) -> list[str]:
    return check_exports(stage, attestation, search_remains(stage).near)


def test_every_private_file_is_destroyed_but_what_the_last_scan_needs(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    destroyed = disposal.destroy_private(stage, attest(GONE))
    assert list(destroyed) == [
        "private/labels_all.pdf", "private/recipients.age", "private/settled.age",
    ]  # fmt: skip
    assert sorted(path.name for path in (stage.folder / "private").iterdir()) == [
        KEY_NAME, "terms_01.age",
    ]  # fmt: skip
    logged = [
        entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == "destroyed"
    ]
    assert [own["files"] for own in logged] == [list(destroyed)]
    disposal.prove_nothing_left(stage, attest(GONE))
    assert list_last_answer(stage, "closing.nothing_left") == "yes"


def test_nothing_is_destroyed_while_a_source_file_is_unaccounted_for(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    place_sources(stage)
    before = list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, attest(GONE))
    assert list_private(stage.folder) == before
    assert len(disposal.destroy_private(stage, attest(KEPT))) == 3


def test_a_second_attempt_still_reports_what_the_first_destroyed(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    first = disposal.destroy_private(stage, attest(GONE))
    store(stage, late=make_residents({}))
    second = disposal.destroy_private(stage, attest(GONE))
    assert list(second) == sorted([*first, "private/late.age"])


def test_the_record_names_the_files_before_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    before = list_private(stage.folder)
    unlink = Path.unlink

    def cut_off(path: Path, missing_ok: bool = False) -> None:
        if path.name == "recipients.age":
            raise OSError("power")
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", cut_off)
        with pytest.raises(OSError, match="power"):
            disposal.destroy_private(stage, attest(GONE))
    last = read_entries(stage.folder)[-1]
    assert (last["event"], last["facts"]["files"]) == ("destroyed", before)
    assert list_private(stage.folder) == before[1:]
    # What the first attempt destroyed is still in the report of the second.
    assert list(disposal.destroy_private(stage, attest(GONE))) == before
    disposal.prove_nothing_left(stage, attest(GONE))


def test_a_source_that_nothing_is_attested_of_keeps_everything_in_place(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    before = list_private(stage.folder)
    silent = attest({name: state for name, state in GONE.items() if name != "print_form_file"})
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, silent)
    assert list_private(stage.folder) == before
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
    assert all(name.startswith("private/") for name in list_private(stage.folder))


EXPORTED = "register_r8.xlsx"


def log_export(stage: Stage, name: str = EXPORTED) -> None:
    append_entry(stage.folder, "", "exported", kind="register", file=name, due="2026-06-30")


@pytest.mark.parametrize("state", ["destroyed", "returned", "kept: 監査のため"])
def test_an_export_that_is_gone_or_kept_with_a_reason_passes(tmp_path: Path, state: str) -> None:
    stage = begin(tmp_path)
    log_export(stage)
    attestation = attest(GONE, {EXPORTED: state})
    assert check_workbooks(stage, attestation) == []
    disposal.destroy_private(stage, attestation)
    disposal.prove_nothing_left(stage, attestation)
    assert list_last_answer(stage, "closing.nothing_left") == "yes"


def test_without_exports_nothing_is_asked_and_nothing_may_be_attested(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    assert check_workbooks(stage, attest(GONE)) == []
    (problem,) = check_workbooks(stage, attest(GONE, {EXPORTED: "destroyed"}))
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
    before = list_private(stage.folder)
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.destroy_private(stage, attest(GONE, exports))
    with pytest.raises(GuardError, match=re.escape("closing.nothing_left")):
        disposal.prove_nothing_left(stage, attest(GONE, exports))
    assert list_private(stage.folder) == before


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
    (problem,) = check_workbooks(stage, attest(GONE, {EXPORTED: state}))
    assert EXPORTED in problem
    assert "ファイルが残っています" in problem
    assert check_workbooks(stage, attest(GONE, {EXPORTED: "kept: 監査のため"})) == []
    path.unlink()
    assert check_workbooks(stage, attest(GONE, {EXPORTED: state})) == []


def test_an_export_that_still_lies_in_the_current_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path / "project")
    log_export(stage)
    monkeypatch.chdir(tmp_path)
    (tmp_path / EXPORTED).write_bytes(b"x")
    assert len(check_workbooks(stage, attest(GONE, {EXPORTED: "destroyed"}))) == 1


def test_the_report_lists_the_exports_with_their_due_dates(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    log_export(stage)
    log_export(stage, "b.xlsx")
    attestation = attest(GONE, {EXPORTED: "destroyed", "b.xlsx": "kept: 議会の照会"})
    destroyed = disposal.destroy_private(stage, attestation)
    ask_guard(stage, "record.chain_intact", [])
    disposal.prove_nothing_left(stage, attestation)
    disposal.finish_disposal(stage, attestation, destroyed)
    text = read_report(stage)
    for part in (EXPORTED, "b.xlsx", "期限2026-06-30", "保有:議会の照会"):
        assert part in text
    table = disposal.tabulate_disposal(stage, attestation, destroyed)
    states = dict(zip(table["ファイル"], table["状態"], strict=True))
    assert states[f"書き出した {EXPORTED}（期限 2026-06-30）"] == "消去した"
    assert states["書き出した b.xlsx（期限 2026-06-30）"] == "保有: 議会の照会"
    facts = [
        entry["facts"] for entry in read_entries(stage.folder) if entry["event"] == "completed"
    ]
    assert facts[-1]["signed"]["content"]["exports"] == dict(attestation.exports)


def test_the_report_says_what_was_destroyed_and_kept_by_whom(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    destroyed = disposal.destroy_private(stage, attest(GONE))
    ask_guard(stage, "record.chain_intact", [])
    attestation = attest({**GONE, "registry_file": "kept: 監査のため"})
    disposal.prove_nothing_left(stage, attestation)
    line = disposal.finish_disposal(stage, attestation, destroyed)
    assert line.startswith("06 廃棄 完了: ")
    text = read_report(stage)
    for part in (
        "3個",
        "保有:監査のため",
        "見本A（担当者A（見本））",
        "見本B（地域コミュニティ課係長（見本））",
        "見本（架空の区）",
    ):
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
    put_notebook(stage)
    assert disposal.seal_run(stage.folder, KEY, closed=True) == [f"{NOTEBOOKS['06']}.ipynb"]
    assert not (stage.folder / "private").exists()
    last = read_entries(stage.folder)[-1]
    assert last["facts"]["files"] == ["private/terms_01.age", f"private/{KEY_NAME}"]
    assert list_wrong_files(stage) == []


def put_notebook(stage: Stage, said: str = "06 廃棄") -> Path:
    """Put the executed notebook of 06 into the run."""
    path = stage.folder / f"notebooks/{NOTEBOOKS['06']}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(said)]), path)
    return path


def list_wrong_files(stage: Stage) -> list[str]:
    """List what verification says of the files; the chain of these tests is no whole run's."""
    return [line for line in verify_record(stage.folder) if not line.startswith("audit.jsonl")]


def test_the_key_stays_until_the_notebook_of_06_is_sealed_and_every_file_is_clean(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    disposal.destroy_private(stage, attest(GONE))
    key = stage.folder / "private" / KEY_NAME
    with pytest.raises(IntegrityError, match="封をした実行記録がありません"):
        disposal.seal_run(stage.folder, KEY, closed=True)
    # A hit in the notebook does not keep the other files from being looked at.
    name = PEOPLE["full_name"][0]
    notebook = put_notebook(stage, said=name)
    other = stage.folder / "handover/list.txt"
    other.parent.mkdir()
    other.write_text(name, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"06_close_run\.ipynb.*list\.txt") as stop:
        disposal.seal_run(stage.folder, KEY, closed=True)
    assert name not in str(stop.value)
    assert not notebook.exists()
    assert not other.exists()
    assert key.exists()
    # Nothing waits any more, and still every file is looked at.
    other.parent.mkdir()
    other.write_text(name, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"list\.txt"):
        disposal.seal_run(stage.folder, KEY, closed=True)
    assert key.exists()
    put_notebook(stage)
    (stage.folder / "handover" / name).mkdir(parents=True)
    disposal.seal_run(stage.folder, KEY, closed=True)
    assert not key.exists()
    assert not (stage.folder / "handover").exists()


def test_06_may_be_run_again_while_its_key_is_there_and_never_after(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    append_entry(stage.folder, "06", "completed", files={}, counts=[])
    refuse_after_handover(stage.folder, "06")
    with pytest.raises(GuardError, match="提供済み"):
        refuse_after_handover(stage.folder, "05")
    (stage.folder / "private" / KEY_NAME).unlink()
    with pytest.raises(GuardError, match="廃棄まで終わっています"):
        refuse_after_handover(stage.folder, "06")


def test_a_name_in_the_attestation_is_refused_before_it_enters_the_chain(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    name = PEOPLE["full_name"][0]
    for reason, is_right in (("照会のため", True), (f"{name}の照会のため", False)):
        attestation = attest({**KEPT, "registry_file": f"kept: {reason}"})
        said = attestation.signed["content"]
        content = sign_content_as(said, STAFF, SECOND)
        path = stage.locate("disposal_file")
        path.write_text(
            yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        if is_right:
            assert disposal.require_attestation(stage).signed["content"] == said
            continue
        with pytest.raises(ParameterError, match=r"disposal\.yaml: sources の1件目") as stop:
            disposal.require_attestation(stage)
        assert name not in str(stop.value)


OPEN = [Count("18", "handed_over", 1), Count("18", "spoiled", 1), Count("18", "voided", 0)]


@pytest.mark.parametrize(
    "ends", [OPEN, [], [*OPEN, Count("22", "labels", 1)], [Count("18", "handed_over", 4)]]
)
def test_a_run_with_an_open_serial_is_not_closed(tmp_path: Path, ends: list[Count]) -> None:
    # 福岡市: 145 labels were lost, and noticed 19 days later.
    stage = begin(tmp_path)
    counts = [Count("18", "labels", 3), *ends]
    (stage.folder / "counts.csv").write_bytes(write_counts(counts))
    before = list_private(stage.folder)
    with pytest.raises(GuardError, match="行き先のある通番") as stop:
        disposal.destroy_private(stage, attest(GONE))
    assert "handover.serials_complete" in str(stop.value)
    assert list_private(stage.folder) == before
    assert list_last_answer(stage, "handover.serials_complete") == "no"


def test_without_any_count_of_labels_a_run_is_not_closed(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    (stage.folder / "counts.csv").write_bytes(write_counts([]))
    with pytest.raises(GuardError, match="印刷した宛名シールの件数がありません"):
        disposal.destroy_private(stage, attest(GONE))


def test_reprints_need_an_end_as_well(tmp_path: Path) -> None:
    folder = begin(tmp_path).folder
    more = [Count("18", "reprints", 3)]
    (folder / "counts.csv").write_bytes(write_counts([*COUNTS, *more]))
    assert "6 枚のうち" in disposal.check_ends(folder)[0]
    ended = [*COUNTS, *more, Count("18", "voided", 3)]
    (folder / "counts.csv").write_bytes(write_counts(ended))
    assert disposal.check_ends(folder) == []


def test_the_ends_of_all_serials_are_shown_by_cohort(tmp_path: Path) -> None:
    table = disposal.tabulate_ends(begin(tmp_path))
    assert table.values.tolist() == [["18歳", 3, 0, 2, 0, 1]]


def test_nothing_is_destroyed_before_the_office_can_answer_for_whom_it_has_supplied(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    before = list_private(stage.folder)
    office = Office(locate_office(tmp_path, True), True, REGISTER_KEY)
    keep(office, 2026, b"[]", 0, SUPPLIED)
    with pytest.raises(GuardError, match="提供した 2 枚の控えがありません"):
        disposal.destroy_private(stage, attest(GONE))
    assert list_private(stage.folder) == before


def test_the_report_lists_the_digest_of_every_file_as_the_record_vouched_for_it(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    stray = stage.folder / "private/copy.csv"
    stray.write_bytes(b"x")
    digests = {
        name: "" if "copy" in name else digest_bytes((stage.folder / name).read_bytes())
        for name in list_private(stage.folder)
    }
    destroyed = disposal.destroy_private(stage, attest(GONE))
    assert destroyed == digests
    assert len(destroyed) == 4
    ask_guard(stage, "record.chain_intact", [])
    disposal.prove_nothing_left(stage, attest(GONE))
    disposal.finish_disposal(stage, attest(GONE), destroyed)
    text = read_report(stage)
    assert all(digest in text for digest in digests.values())
    assert "記録の外の写し" in text


def read_report(stage: Stage) -> str:
    document = pypdfium2.PdfDocument((stage.folder / disposal.REPORT).read_bytes())
    return "".join("".join(page.get_textpage().get_text_range() for page in document).split())


def test_a_seal_that_was_cut_off_leaves_the_key_until_everything_else_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    disposal.destroy_private(stage, attest(GONE))
    put_notebook(stage)
    gone: list[str] = []

    def cut_off(path: Path) -> None:
        if gone:
            raise OSError("power")
        gone.append(path.name)
        path.unlink()

    with monkeypatch.context() as patch:
        patch.setattr(disposal, "erase_file", cut_off)
        with pytest.raises(OSError, match="power"):
            disposal.seal_run(stage.folder, KEY, closed=True)
    assert gone == ["terms_01.age"]
    assert (stage.folder / "private" / KEY_NAME).exists()
    disposal.seal_run(stage.folder, KEY, closed=True)
    assert not (stage.folder / "private").exists()
    assert list_wrong_files(stage) == []
