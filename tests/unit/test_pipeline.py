"""The pipeline: each notebook whole or not at all, the key only while it is needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest

from recruitlib import pipeline
from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.errors import (
    GuardError,
    IntegrityError,
    ParameterError,
    RecruitError,
    UnforeseenError,
)
from recruitlib.base.office import Office
from recruitlib.base.officers import DEMONSTRATION_OFFICERS
from recruitlib.base.parameters import NOTEBOOKS, STAGE_NAMES, STAGES, read_parameters
from recruitlib.base.vault import (
    KEY_NAME,
    KEY_VARIABLE,
    REGISTER_KEY_VARIABLE,
    RunKey,
    unpack_key,
)
from recruitlib.pipeline import (
    choose_transport,
    describe_result,
    keep_attempt,
    require_whole,
    run_notebook,
    run_pipeline,
)
from tests.conftest import PARAMETERS, ROOT
from tests.unit.stages import KEY

DONE = "print('06 廃棄 完了: 試験')"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project folder with the small ward's parameters and no notebook."""
    for name in ("params", "notebooks", "runs/test_ward"):
        (tmp_path / name).mkdir(parents=True)
    for name in (PARAMETERS, DEMONSTRATION_OFFICERS):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def write_notebook(root: Path, *cells: str) -> None:
    """Write notebook 06 with the given code."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, root / "notebooks/06_close_run.ipynb")


def execute(root: Path) -> Path:
    parameters = read_parameters(root / PARAMETERS)
    return run_notebook(root, root / "runs/test_ward", "06", parameters)


def read_outputs(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


TELL_TRANSPORT = """
from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
print(app.transport, app.ip if app.transport == "tcp" else "", app.curve_secretkey is not None)
"""


@pytest.mark.skipif(os.name != "posix", reason="sockets in the file system are of POSIX")
def test_kernels_talk_over_the_file_system(root: Path) -> None:
    write_notebook(root, TELL_TRANSPORT, DONE)
    assert "ipc  False" in read_outputs(execute(root))


def test_where_there_are_no_such_sockets_they_talk_encrypted_and_only_within_the_machine(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = choose_transport(posix=False)
    assert settings == {"KernelManager": {"transport_encryption": "required"}}
    monkeypatch.setattr(pipeline, "choose_transport", lambda: settings)
    write_notebook(root, TELL_TRANSPORT, DONE)
    assert "tcp 127.0.0.1 True" in read_outputs(execute(root))


def test_a_notebook_gets_the_parameters_that_it_declares_and_they_are_readable(root: Path) -> None:
    text = (root / PARAMETERS).read_text(encoding="utf-8")
    named = text.replace("params/test_ward/disposal.yaml", "params/廃棄『確認』.yaml")
    (root / PARAMETERS).write_text(named, encoding="utf-8")
    tell = "print(sorted(name for name in dir() if not name.startswith('_')))\nprint(disposal_file)"
    write_notebook(root, tell, DONE)
    path = execute(root)
    injected = nbformat.read(path, as_version=4).cells[0].source
    assert 'disposal_file = "params/廃棄『確認』.yaml"' in injected
    outputs = read_outputs(path)
    assert "params/廃棄『確認』.yaml" in outputs
    assert "registry_file" not in outputs
    assert "run_id" in outputs


@pytest.mark.parametrize(
    ("code", "error", "shown"),
    [
        ("raise errors.GuardError('関門 x が「否」です。')", GuardError, "関門 x が「否」です。"),
        (
            "raise errors.UnforeseenError('KeyError（matching.py 3行目）')",
            UnforeseenError,
            "matching.py",
        ),
        ("raise KeyError('架空　太郎')", UnforeseenError, "KeyError"),
        ("os._exit(1)", UnforeseenError, "06 廃棄"),
        ("pass", IntegrityError, "最後まで実行されていません"),
    ],
    ids=["guard", "unforeseen", "foreign", "kernel died", "no completion line"],
)
def test_a_notebook_that_stops_gives_its_class_and_no_persons_value(
    root: Path, code: str, error: type[RecruitError], shown: str
) -> None:
    write_notebook(root, "import os\nfrom recruitlib.base import errors", code)
    with pytest.raises(RecruitError) as stop:
        execute(root)
    assert type(stop.value) is error
    assert shown in str(stop.value)
    assert "架空" not in str(stop.value)
    assert "\x1b" not in str(stop.value)
    assert "Traceback" not in str(stop.value)
    assert stop.value.__suppress_context__ or error is IntegrityError


def make_executed(path: Path, *cells: tuple[int | None, list[Any]], note: bool = True) -> Path:
    """Make an executed notebook: for each cell its number and its outputs."""
    notebook = nbformat.v4.new_notebook()
    for number, outputs in cells:
        cell = nbformat.v4.new_code_cell("x", execution_count=number, outputs=outputs)
        notebook.cells += [nbformat.v4.new_markdown_cell("説明"), cell] if note else [cell]
    nbformat.write(notebook, path)
    return path


LINE = [nbformat.v4.new_output("stream", text="06 廃棄 完了: 関門 2 はすべて「はい」\n")]
ERROR = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]


@pytest.mark.parametrize("note", [True, False])
def test_a_notebook_that_ran_every_cell_in_order_to_its_completion_line_is_whole(
    tmp_path: Path, note: bool
) -> None:
    require_whole(make_executed(tmp_path / "06.ipynb", (1, []), (2, []), (3, LINE), note=note))


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [(1, []), (2, [])],
        [(1, LINE), (2, [])],
        [(1, []), (None, [])],
        [(1, []), (None, LINE)],
        [(2, []), (1, LINE)],
        [(1, []), (3, LINE)],
        [(1, []), (1, LINE)],
        [(2, []), (3, LINE)],
        [(1, ERROR), (2, LINE)],
        [(1, []), (2, [*LINE, *ERROR])],
    ],
    ids=["empty", "no line", "line not last", "last not run", "last only kept its old output",
         "out of order", "one left out", "one twice", "first left out", "an error before",
         "an error after the line"],
)  # fmt: skip
def test_a_notebook_that_did_not_run_whole_is_refused(
    tmp_path: Path, cells: list[tuple[int | None, list[Any]]]
) -> None:
    with pytest.raises(IntegrityError, match=r"06\.ipynb"):
        require_whole(make_executed(tmp_path / "06.ipynb", *cells))


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "notebooks").iterdir())


def test_every_attempt_keeps_its_own_file(tmp_path: Path) -> None:
    output = tmp_path / "notebooks/03_review_counts.ipynb"
    output.parent.mkdir()
    keep_attempt(tmp_path, output, "03")
    assert list_names(tmp_path) == []
    for number in (1, 2, 3):
        output.write_text(f"attempt {number}", encoding="utf-8")
        if number == 2:
            output.with_suffix(".html").write_text("page", encoding="utf-8")
        keep_attempt(tmp_path, output, "03")
        kept = output.with_name(f"03_review_counts_attempt{number}.ipynb")
        assert kept.read_text(encoding="utf-8") == f"attempt {number}"
    assert list_names(tmp_path) == [
        "03_review_counts_attempt1.ipynb", "03_review_counts_attempt2.html",
        "03_review_counts_attempt2.ipynb", "03_review_counts_attempt3.ipynb",
    ]  # fmt: skip
    assert read_entries(tmp_path) == []


def test_the_record_knows_which_files_were_renamed(tmp_path: Path) -> None:
    output = tmp_path / "notebooks/03_review_counts.ipynb"
    output.parent.mkdir()
    append_entry(tmp_path, "03", "begun", files={})
    for suffix in (".ipynb", ".html"):
        output.with_suffix(suffix).write_text("x", encoding="utf-8")
    keep_attempt(tmp_path, output, "03")
    entry = read_entries(tmp_path)[-1]
    assert (entry["event"], entry["facts"]["files"]) == (
        "renamed", ["notebooks/03_review_counts.ipynb", "notebooks/03_review_counts.html"],
    )  # fmt: skip


@pytest.mark.parametrize("stage", ["02", "03", "04"])
def test_after_a_delta_no_file_of_an_earlier_stage_is_touched(tmp_path: Path, stage: str) -> None:
    output = tmp_path / f"notebooks/{NOTEBOOKS[stage]}.ipynb"
    output.parent.mkdir()
    output.write_text("executed", encoding="utf-8")
    append_entry(tmp_path, "01", "begun", files={})
    append_entry(tmp_path, "05", "serials_changed", act="delta", files={})
    before = read_entries(tmp_path)
    with pytest.raises(GuardError, match="01 からやり直してください"):
        run_notebook(ROOT, tmp_path, stage, {})
    assert (output.read_text(encoding="utf-8"), read_entries(tmp_path)) == ("executed", before)


Ran = list[tuple[str, RunKey, str]]
REGISTER_KEY = RunKey("AGE-SECRET-KEY-1REGISTER", b"digest key of the register")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Run no kernel: note for each stage the key in the environment and the runtime folder."""
    seen: Ran = []

    def note(root: Path, folder: Path, stage: str, parameters: Mapping[str, Any], *_: Any) -> Path:
        seen.append(
            (stage, unpack_key(os.environ[KEY_VARIABLE]), os.environ["JUPYTER_RUNTIME_DIR"])
        )
        return folder

    def create(folder: Path, passphrase: str, demonstration: bool) -> RunKey:
        assert (passphrase, demonstration) == ("demo", True)
        return KEY

    def open_own(
        root: Path, folder: Path, run_id: str, demonstration: bool, passphrase: str = ""
    ) -> Office:
        assert (run_id, demonstration) == ("test_ward", True)
        return Office(root / "register/demonstration", demonstration, REGISTER_KEY)

    monkeypatch.setattr(pipeline, "run_notebook", note)
    monkeypatch.setattr(pipeline, "create_key", create)
    monkeypatch.setattr(pipeline, "open_office", open_own)
    for name in (KEY_VARIABLE, "RECRUITLIB_PASSPHRASE", REGISTER_KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return seen


def test_the_key_is_handed_to_the_kernels_and_gone_afterwards(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "before")
    said: list[str] = []
    folder = run_pipeline(root / PARAMETERS, say=said.append)
    assert folder == root / "runs/test_ward"
    assert [stage for stage, _, _ in ran] == ["01", "02", "03", "04", "05"]
    assert {key for _, key, _ in ran} == {KEY}
    assert KEY_VARIABLE not in os.environ
    assert os.environ["JUPYTER_RUNTIME_DIR"] == "before"
    runtime = {name for _, _, name in ran}
    assert len(runtime) == 1
    assert not Path(runtime.pop()).exists()
    assert [line[:8] for line in said] == [
        f"{stage} {STAGE_NAMES[stage]} {done}"
        for stage in ("01", "02", "03", "04", "05")
        for done in ("開始", "完了")
    ]


def test_what_an_officer_has_set_up_for_jupyter_reaches_no_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("JUPYTER_DATA_DIR", "IPYTHONDIR", "PYTHONSTARTUP", "JUPYTER_PATH")
    for name in names:
        monkeypatch.setenv(name, "/of/the/officer")
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    with pipeline.short_runtime_folder():
        assert "/of/the/officer" not in os.environ.values()
        kept = [os.environ[name] for name in ("JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR")]
        assert {str(Path(one).parent) for one in kept} == {os.environ["JUPYTER_RUNTIME_DIR"]}
    assert [os.environ[name] for name in names] == ["/of/the/officer"] * len(names)
    assert "MPLCONFIGDIR" not in os.environ


@pytest.mark.parametrize("error", [GuardError, RuntimeError, KeyboardInterrupt])
def test_the_key_is_gone_after_a_failure_and_nothing_later_runs(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    monkeypatch.delenv("JUPYTER_RUNTIME_DIR", raising=False)
    note: Callable[..., Path] = pipeline.run_notebook

    def fail(root: Path, folder: Path, stage: str, parameters: Mapping[str, Any], *_: Any) -> Path:
        note(root, folder, stage, parameters)
        if stage == "02":
            raise error("x")
        return folder

    monkeypatch.setattr(pipeline, "run_notebook", fail)
    with pytest.raises(error):
        run_pipeline(root / PARAMETERS, say=lambda line: None)
    assert [stage for stage, _, _ in ran] == ["01", "02"]
    assert KEY_VARIABLE not in os.environ
    assert "JUPYTER_RUNTIME_DIR" not in os.environ


@pytest.mark.parametrize(
    ("first", "last", "is_due"),
    [("01", "05", True), ("02", "02", True), ("04", "04", True), ("05", "06", True),
     ("06", "06", True), ("01", "01", False), ("03", "03", False)],
)  # fmt: skip
@pytest.mark.parametrize("fails", [False, True])
def test_the_register_s_key_is_handed_over_where_a_stage_needs_it_and_gone_afterwards(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch,
    first: str, last: str, is_due: bool, fails: bool,
) -> None:  # fmt: skip
    handed: list[str] = []
    (root / "register/demonstration").mkdir(parents=True)
    (root / "register/demonstration/register.key.age").write_bytes(b"x")

    def note(root: Path, folder: Path, stage: str, parameters: Mapping[str, Any], *_: Any) -> Path:
        handed.append(os.environ.get(REGISTER_KEY_VARIABLE, ""))
        if fails:
            raise GuardError("x")
        return folder

    monkeypatch.setattr(pipeline, "run_notebook", note)
    if not is_due:
        monkeypatch.setattr(pipeline, "open_office", lambda *_: pytest.fail("asked"))
    with pytest.raises(GuardError) if fails else nullcontext():
        run_pipeline(root / PARAMETERS, first, last, say=lambda line: None)
    assert {text and unpack_key(text) for text in handed} == {REGISTER_KEY if is_due else ""}
    assert REGISTER_KEY_VARIABLE not in os.environ
    assert KEY_VARIABLE not in os.environ


@pytest.mark.parametrize("accepted", [True, False])
def test_a_new_register_is_made_after_01_has_accepted_the_run_and_with_the_passphrase_asked_for(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch, accepted: bool
) -> None:
    made: list[tuple[str, str]] = []
    begun: list[str] = []

    def note(root: Path, folder: Path, stage: str, parameters: Mapping[str, Any], *_: Any) -> Path:
        begun.append(stage)
        handed = os.environ.get(REGISTER_KEY_VARIABLE, "")
        assert bool(handed) == (accepted and stage > "01")
        if stage == "01" and accepted:
            append_entry(folder, stage, "completed", files={})
        return folder

    def make(root: Path, folder: Path, run_id: str, demonstration: bool, passphrase: str) -> Office:
        made.append((begun[-1], passphrase))
        return Office(root / "register/demonstration", demonstration, REGISTER_KEY)

    monkeypatch.setattr(pipeline, "run_notebook", note)
    monkeypatch.setattr(pipeline, "open_office", make)
    monkeypatch.setattr(pipeline, "read_register_passphrase", lambda *_, new: "asked first")
    run_pipeline(root / PARAMETERS, "01", "04", say=lambda line: None)
    assert made == ([("01", "asked first")] if accepted else [])
    assert REGISTER_KEY_VARIABLE not in os.environ


def test_closing_makes_no_register(root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("open_office", "read_register_passphrase"):
        monkeypatch.setattr(pipeline, name, lambda *_, **__: pytest.fail("asked"))
    run_pipeline(root / PARAMETERS, "06", "06", say=lambda line: None)
    assert [stage for stage, *_ in ran] == ["06"]


def test_without_the_register_s_passphrase_no_notebook_runs(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, new: bool = True) -> Office:
        raise ParameterError("受付簿の合言葉がありません。")

    monkeypatch.setattr(pipeline, "read_register_passphrase", refuse)
    monkeypatch.setattr(pipeline, "open_office", refuse)
    with pytest.raises(ParameterError, match="受付簿の合言葉"):
        run_pipeline(root / PARAMETERS, say=lambda line: None)
    (root / "register/demonstration").mkdir(parents=True)
    (root / "register/demonstration/register.key.age").write_bytes(b"x")
    with pytest.raises(ParameterError, match="受付簿の合言葉"):
        run_pipeline(root / PARAMETERS, say=lambda line: None)
    assert ran == []
    assert KEY_VARIABLE not in os.environ


@pytest.mark.parametrize("first", STAGES)
@pytest.mark.parametrize("last", STAGES)
def test_the_stages_asked_for_run_in_order(root: Path, ran: Ran, first: str, last: str) -> None:
    if first > last:
        with pytest.raises(ParameterError, match="より後"):
            run_pipeline(root / PARAMETERS, first, last, say=lambda line: None)
        assert ran == []
        return
    run_pipeline(root / PARAMETERS, first, last, say=lambda line: None)
    assert [stage for stage, _, _ in ran] == [s for s in STAGES if first <= s <= last]


def test_a_wrong_parameter_starts_nothing_and_makes_no_folder(root: Path, ran: Ran) -> None:
    shutil.rmtree(root / "runs")
    with (root / PARAMETERS).open("a", encoding="utf-8") as file:
        file.write("run_kinds: demonstration\n")
    with pytest.raises(ParameterError, match="run_kinds"):
        run_pipeline(root / PARAMETERS, say=lambda line: None)
    assert ran == []
    assert not (root / "runs").exists()


def test_a_run_that_is_closed_gets_no_new_key(root: Path, ran: Ran) -> None:
    append_entry(root / "runs/test_ward", "06", "completed", files={})
    with pytest.raises(IntegrityError, match="廃棄まで終わって"):
        run_pipeline(root / PARAMETERS, say=lambda line: None)
    assert ran == []
    assert not (root / "runs/test_ward/private").exists()


def test_the_passphrase_opens_the_run_again_and_another_does_not(
    root: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recruitlib.base.vault import create_key

    made = create_key(root / "runs/test_ward", "demo", True)
    run_pipeline(root / PARAMETERS, "01", "01", say=lambda line: None)
    assert ran[0][1] == made
    monkeypatch.setenv("RECRUITLIB_PASSPHRASE", "not the passphrase")
    with pytest.raises(IntegrityError, match="合言葉") as stop:
        run_pipeline(root / PARAMETERS, "01", "01", say=lambda line: None)
    assert "not the passphrase" not in str(stop.value)
    assert len(ran) == 1
    assert KEY_VARIABLE not in os.environ
    assert (root / "runs/test_ward/private" / KEY_NAME).exists()


def test_the_result_is_told_by_cohort_with_the_files_and_the_demonstrations_password(
    tmp_path: Path,
) -> None:
    steps = ("cohort", "protected", "opted_out", "withheld", "recipients", "labels")
    numbers = (1698, 10, 8, 0, 1680, 1680)
    counts = [Count("18", step, number) for step, number in zip(steps, numbers, strict=True)]
    counts += [Count("22", "cohort", 2566), Count(ALL, "sheets", 140)]
    (tmp_path / "counts.csv").write_bytes(write_counts(counts))
    lines = describe_result(tmp_path, True)
    assert lines[1].split() == ["18歳", "1,698", "10", "8", "0", "1,680", "1,680", "-"]
    assert lines[2].split() == ["22歳", "2,566", *"------"]
    assert lines[3:] == ["シート（全体）: 140"]
    counts.append(Count("18", "supplied_before", 900))
    (tmp_path / "counts.csv").write_bytes(write_counts(counts))
    heads, own, _, _ = (line.split() for line in describe_result(tmp_path, True))
    assert own[heads.index("提供済")] == "900"
    (tmp_path / "counts.csv").write_bytes(write_counts(counts[:-1]))
    (tmp_path / "private").mkdir()
    (tmp_path / "private/labels_all.pdf").write_bytes(b"x")
    assert describe_result(tmp_path, True)[-1].endswith("demo です。")
    assert "demo です" not in "".join(describe_result(tmp_path, False))
