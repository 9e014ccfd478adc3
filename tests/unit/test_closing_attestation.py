"""The attestation of the disposal: two officers account for every source, export and remaining file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from recruitlib.base.errors import AwaitingPerson, GuardError, ParameterError
from recruitlib.closing import disposal
from recruitlib.closing.attestation import check_sources, list_states, read_attestation
from recruitlib.handover.sources import SOURCES
from tests.officers import OFFICERS, SECOND, STAFF, sign_content_as
from tests.unit.closings import GONE, KEPT, RETURNED, attest, begin, own_places, place_sources
from tests.unit.stages import make_stage

__all__ = ["own_places"]
EXPORTED = "register_r8.xlsx"


def test_source_files_that_are_gone_or_kept_with_a_reason_pass(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    for sources in (GONE, RETURNED, KEPT, {**GONE, "registry_file": "returned"}):
        assert check_sources(stage, attest(sources)) == []
    place_sources(stage)
    assert check_sources(stage, attest(KEPT)) == []


@pytest.mark.parametrize("state", ["", "kept", "gone", "Destroyed", "destroyed: x", "保有"])
def test_a_source_file_that_is_gone_must_be_attested_all_the_same(
    tmp_path: Path, state: str
) -> None:
    # A file moved elsewhere is not there either.
    stage = begin(tmp_path)
    assert len(check_sources(stage, attest({}))) == 11
    problems = check_sources(stage, attest({**GONE, "counter_file": state}))
    assert len(problems) == 1
    for word in ("窓口・郵送の受付簿（取込日）", "destroyed", "returned", "kept: "):
        assert word in problems[0]


def test_a_source_file_that_is_still_there_is_named(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    disposal.destroy_private(stage, attest(GONE))
    place_sources(stage)
    assert len(check_sources(stage, attest({}))) == len(SOURCES) == 11
    for sources in (GONE, RETURNED):
        problems = check_sources(stage, attest(sources))
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
    labels = [label for label, _ in list_states(stage, attest(KEPT))]
    assert len(labels) == 10
    assert len(check_sources(stage, attest({}))) == 10
    others = {name: state for name, state in GONE.items() if name != "protections_file"}
    assert check_sources(stage, attest(others)) == []


GOOD: dict[str, Any] = {
    "demonstration": True, "run_id": "test_ward", "carried_out_by": STAFF, "witnessed_by": SECOND,
    "sources": KEPT,
}  # fmt: skip


def write(path: Path, **changes: object) -> Path:
    content = sign_content_as({**GOOD, **changes}, STAFF, SECOND)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("sources", [KEPT, GONE, RETURNED], ids=["kept", "destroyed", "returned"])
def test_an_attestation_is_read_as_written(tmp_path: Path, sources: dict[str, str]) -> None:
    path = write(tmp_path / "disposal.yaml", sources=sources)
    assert read_attestation(path, "test_ward", True, OFFICERS) == attest(sources)


def test_without_an_attestation_or_a_witness_the_run_waits(tmp_path: Path) -> None:
    with pytest.raises(AwaitingPerson, match="廃棄の確認書がまだありません"):
        read_attestation(tmp_path / "disposal.yaml", "test_ward", True, OFFICERS)
    for witness, error in (("", ParameterError), (STAFF, AwaitingPerson), ("甲", ParameterError)):
        with pytest.raises(error):
            path = write(tmp_path / "disposal.yaml", witnessed_by=witness)
            read_attestation(path, "test_ward", True, OFFICERS)


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
        read_attestation(write(tmp_path / "disposal.yaml", **changes), "test_ward", True, OFFICERS)


def test_an_attestation_of_exports_is_read_as_written(tmp_path: Path) -> None:
    exports = {EXPORTED: "destroyed", "b.xlsx": "kept: 監査のため"}
    path = write(tmp_path / "disposal.yaml", exports=exports)
    assert read_attestation(path, "test_ward", True, OFFICERS) == attest(KEPT, exports)


@pytest.mark.parametrize(
    ("exports", "hint"),
    [(None, "exports"), ([EXPORTED], "exports"), ({EXPORTED: "gone"}, f"exports の {EXPORTED}"),
     ({EXPORTED: "kept: "}, EXPORTED), ({EXPORTED: True}, EXPORTED)],
)  # fmt: skip
def test_an_attestation_of_exports_that_is_none_is_refused(
    tmp_path: Path, exports: object, hint: str
) -> None:
    with pytest.raises(ParameterError, match=hint):
        read_attestation(
            write(tmp_path / "disposal.yaml", exports=exports), "test_ward", True, OFFICERS
        )


def test_what_remains_and_is_kept_is_read_as_written_and_what_is_gone_is_not_written(
    tmp_path: Path,
) -> None:
    remains = {"inputs/~$counter.xlsx": "kept: 監査のため"}
    path = write(tmp_path / "disposal.yaml", remains=remains)
    assert read_attestation(path, "test_ward", True, OFFICERS) == attest(KEPT, remains=remains)
    for state in ("destroyed", "returned", "kept:  ", ""):
        with pytest.raises(ParameterError, match=r"remains の .*counter\.xlsx"):
            read_attestation(
                write(tmp_path / "disposal.yaml", remains=dict.fromkeys(remains, state)),
                "test_ward", True, OFFICERS,
            )  # fmt: skip
