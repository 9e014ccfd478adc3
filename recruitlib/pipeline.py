"""The pipeline: the notebooks of a run through papermill, in one process, each checked and sealed."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from recruitlib.base.audit import append_entry, find_latest, read_entries, write_atomically
from recruitlib.base.counts import ALL, index_counts, read_counts
from recruitlib.base.errors import (
    EXPECTED_ERRORS,
    IntegrityError,
    ParameterError,
    RecruitError,
    UnforeseenError,
    describe_place,
    explain_refusal,
)
from recruitlib.base.heads import note_head
from recruitlib.base.live_files import seal_live
from recruitlib.base.office import has_office, open_office
from recruitlib.base.parameters import (
    NOTEBOOKS,
    PARAMETERS,
    STAGE_NAMES,
    STAGES,
    find_root,
    read_parameters,
)
from recruitlib.base.record import (
    NOTEBOOK_FOLDER,
    prepare_sealing,
    refuse_changed,
    seal_notebooks,
)
from recruitlib.base.run import (
    PRINTING,
    end_closing,
    find_today,
    locate_run,
    read_frozen,
    refuse_after_delta,
    refuse_after_handover,
    refuse_changes,
    require_operator,
    require_recorded,
)
from recruitlib.base.run_lock import hold_run
from recruitlib.base.status import RunStatus, Tell
from recruitlib.base.vault import (
    DEMONSTRATION_PASSPHRASE,
    KEY_NAME,
    KEY_VARIABLE,
    PASSPHRASE_VARIABLE,
    PRINT_PASSWORD_VARIABLE,
    PRIVATE,
    REGISTER_KEY_VARIABLE,
    RunKey,
    create_key,
    pack_key,
    protect_folder,
    read_passphrase,
    read_register_passphrase,
    unlock_key,
)
from recruitlib.closing.disposal import seal_run
from recruitlib.kernels import KERNEL, Kernels, choose_transport, end_kernel
from recruitlib.labels.chain import open_chain
from recruitlib.oversight.overdue import list_overdue
from recruitlib.review.balance import SUPPLIED_BEFORE
from recruitlib.stage_line import StageLine

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager

LAST_BY_DEFAULT = "05"
# The stages that join the day's applications into the office's register, and make it where it is
# not there; 06 asks it for what 05 has kept in it.
REGISTERING, ASKING = ("02", "04", "05"), ("06",)
# What an officer has set up for Jupyter and Python of their own, and no kernel of ours is to follow.
OFFICERS_OWN = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTERLAB_DIR", "PYTHONSTARTUP")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def run_pipeline(
    parameters_file: Path, first: str = "01", last: str = LAST_BY_DEFAULT,
    say: Callable[[str], None] = print, tell: Tell | None = None,
) -> Path:  # fmt: skip
    """Run the notebooks of a parameter file in order, each checked for completion and sealed.

    Args:
        parameters_file: the whole run's parameters; validated before any kernel starts.
        first: the stage to begin with.
        last: the stage to end with.
        say: where the progress line of each stage goes.
        tell: where each event goes, for machines.

    Returns:
        the run's folder.

    Raises:
        RecruitError: the class of the first stop; what ran before stays sealed in the record.
        AwaitingPerson: the run is at work already; nothing is changed.
    """
    with RunStatus(tell) as status:
        return _run_file(parameters_file, first, last, say, status)


def _run_file(
    parameters_file: Path, first: str, last: str, say: Callable[[str], None], status: RunStatus
) -> Path:
    if first > last:
        raise ParameterError(
            f"始める段階 {first} が、止める段階 {last} より後です。--from と --through を直してください。"
        )
    parameters = read_parameters(parameters_file)
    status.name_run(parameters)
    root = find_root(parameters_file.parent)
    require_operator(root, parameters)
    folder = locate_run(root, parameters)
    demonstration = parameters["run_kind"] == "demonstration"
    for overdue in list_overdue(root, demonstration, find_today(parameters, first)):
        say(f"期限切れ: {overdue}")
    refuse_changes(read_frozen(folder, first), parameters)
    if first <= PRINTING:
        open_chain(root, parameters["label_fonts"])
    protect_folder(folder)
    with hold_run(folder), status.keep(folder):
        stages = STAGES[STAGES.index(first) : STAGES.index(last) + 1]
        _run_stages(root, folder, parameters, stages, say, status)
    return folder


def _run_stages(
    root: Path, folder: Path, parameters: Mapping[str, Any], stages: Sequence[str],
    say: Callable[[str], None], status: RunStatus,
) -> None:  # fmt: skip
    run_id, demonstration = parameters["run_id"], parameters["run_kind"] == "demonstration"
    end_closing(folder)
    key = _open_run(folder, run_id, demonstration)
    keys = {KEY_VARIABLE: key}
    seal_live(folder, key)
    require_recorded(folder, stages[0])
    waits, passphrase = False, ""
    registered = has_office(root, demonstration)
    if registered and {*REGISTERING, *ASKING} & set(stages):
        keys[REGISTER_KEY_VARIABLE] = open_office(root, folder, run_id, demonstration).key
    elif set(REGISTERING) & set(stages):
        # A register that is not there is made only for a run whose registry 01 has accepted.
        waits, passphrase = True, read_register_passphrase(run_id, demonstration, new=True)
    # What seals a notebook is read while the first one runs.
    threading.Thread(target=prepare_sealing, daemon=True).start()
    with _hand_over_keys(keys), short_runtime_folder(), Kernels(root) as kernels:
        for stage, following in zip_longest(stages, stages[1:]):
            if (
                waits
                and stage in REGISTERING
                and find_latest(read_entries(folder), "01", "completed")
            ):
                office = open_office(root, folder, run_id, demonstration, passphrase)
                keys[REGISTER_KEY_VARIABLE] = office.key
                os.environ[REGISTER_KEY_VARIABLE] = pack_key(office.key)
                waits = False
            name, cells = f"{stage} {STAGE_NAMES[stage]}", _count_cells(root, stage)
            with status.at(stage), StageLine(name, cells, say, sys.stderr) as line:
                kernel = kernels.take(stage)
                # Before the register is open its key cannot be handed over.
                is_next = following and not (waits and following in REGISTERING)
                begin_cell = _start_halfway(line, cells, kernels, following) if is_next else None
                try:
                    run_notebook(
                        root, folder, stage, parameters, kernel, begin_cell or line.count_cell
                    )
                finally:
                    end_kernel(kernel)
                    _seal(folder, key, stage)


def _start_halfway(
    line: StageLine, cells: int, kernels: Kernels, following: str
) -> Callable[..., None]:
    """Count the cells of a stage, and start the next kernel when half of them are done.

    Most runs that stop do so in the first half, and need no further kernel.
    """

    def begin_cell(cell: Any, cell_index: int) -> None:
        line.count_cell(cell, cell_index)
        if line.at > cells // 2:
            kernels.start_ahead(following)

    return begin_cell


def _count_cells(root: Path, stage: str) -> int:
    """Count the cells that will run, the injected parameters among them."""
    try:
        notebook = nbformat.read(root / f"notebooks/{NOTEBOOKS[stage]}.ipynb", as_version=4)
    except (OSError, ValueError):
        return 0  # running it will say what is wrong with it
    return 1 + sum(cell.cell_type == "code" for cell in notebook.cells)


def _open_run(folder: Path, run_id: str, demonstration: bool) -> RunKey:
    passphrase = read_passphrase(run_id, demonstration)
    if (folder / PRIVATE / KEY_NAME).exists():
        return unlock_key(folder, passphrase)
    if any(
        entry["event"] == "completed" and entry["stage"] == "06" for entry in read_entries(folder)
    ):
        raise IntegrityError("この実行は廃棄まで終わっています。新しい run_id で始めてください。")
    return create_key(folder, passphrase, demonstration)


def _seal(folder: Path, key: RunKey, stage: str) -> None:
    entries = read_entries(folder)
    if not entries:
        return
    closed = any(entry["event"] == "completed" and entry["stage"] == "06" for entry in entries)
    if stage == "06" and closed:
        seal_run(folder, key, closed=True)
    else:
        seal_notebooks(folder, key)
    note_head(folder)


@contextmanager
def _hand_over_keys(keys: Mapping[str, RunKey]) -> Iterator[None]:
    """Hand the open keys to the kernels: opened once, and kernels cannot ask for a passphrase."""
    os.environ.update({variable: pack_key(key) for variable, key in keys.items()})
    try:
        yield
    finally:
        for variable in keys:
            os.environ.pop(variable, None)


def name_own_folders(own: Path) -> dict[str, str]:
    """Name the folders in which kernels keep their own things, for their environment.

    Sockets lie directly in it, since a socket's path is limited. The officer's own profile of
    IPython, whose start-up files would run in every kernel, is not asked. The list of fonts is kept
    at home, or here where no home can be written to.
    """
    folders = {
        "JUPYTER_RUNTIME_DIR": str(own), "JUPYTER_DATA_DIR": str(own / "data"),
        "IPYTHONDIR": str(own / "ipython"),
    }  # fmt: skip
    if not os.access(os.path.expanduser("~"), os.W_OK):
        folders["MPLCONFIGDIR"] = str(own / "matplotlib")
    return folders


@contextmanager
def short_runtime_folder() -> Iterator[None]:
    """Keep what the kernels leave in a private folder with a short path, which goes with them."""
    with tempfile.TemporaryDirectory(prefix="rl", ignore_cleanup_errors=True) as runtime:
        folders = name_own_folders(Path(runtime))
        before = {name: os.environ.pop(name, None) for name in (*folders, *OFFICERS_OWN)}
        os.environ.update(folders)
        try:
            yield
        finally:
            for name in folders:
                os.environ.pop(name, None)
            os.environ.update({name: value for name, value in before.items() if value is not None})


def pick_declared(stage: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the parameters that the notebook of a stage declares."""
    return {
        parameter.name: parameters[parameter.name]
        for parameter in PARAMETERS
        if parameter.stage == stage or parameter.name in ("run_id", "runs_folder")
    }


def run_notebook(
    root: Path, folder: Path, stage: str, parameters: Mapping[str, Any],
    kernel: AsyncKernelManager | None = None, count_cell: Callable[..., None] | None = None,
) -> Path:  # fmt: skip
    """Run one notebook with the parameters that it declares and check that it ran to its end.

    Args:
        root: the project folder.
        folder: the run's folder.
        stage: which notebook.
        parameters: those of the whole run.
        kernel: one that was started for it, else one is started and ended here.
        count_cell: called as each cell begins.

    Returns:
        the executed notebook.

    Raises:
        RecruitError: the class that stopped it.
    """
    # Asked before a file is touched: after the hand-over only closing may follow.
    refuse_after_handover(folder, stage)
    refuse_after_delta(folder, stage)
    output = folder.resolve() / NOTEBOOK_FOLDER / f"{NOTEBOOKS[stage]}.ipynb"
    register_writer(output.anchor)
    protect_folder(output.parent)
    keep_attempt(folder, output, stage)
    name = f"{stage} {STAGE_NAMES[stage]}"
    declared = pick_declared(stage, parameters)
    execute_notebook(root, output, output.name, declared, name, kernel, count_cell)
    return output


def execute_notebook(
    root: Path, output: Path, template: str, parameters: Mapping[str, Any], name: str,
    kernel: AsyncKernelManager | None = None, count_cell: Callable[..., None] | None = None,
) -> None:  # fmt: skip
    """Execute a notebook of the project and check that it ran to its end.

    Args:
        root: the project folder.
        output: where the executed notebook goes.
        template: the file name in ``notebooks``.
        parameters: those that it declares.
        name: what it is called, for the messages.
        kernel: one that was started for it, else one is started and ended here.
        count_cell: called as each cell begins.

    Raises:
        RecruitError: the class that stopped it.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    register_translator()
    try:
        papermill.execute_notebook(
            str(root / "notebooks" / template), str(output), parameters=dict(parameters),
            kernel_name=KERNEL, km=kernel, progress_bar=False, log_output=False, cwd=str(root),
            store_widget_state=False, shutdown_kernel="immediate", config=Config(choose_transport()),
            on_cell_start=count_cell,
        )  # fmt: skip
    except PapermillExecutionError as error:
        shown = {**EXPECTED_ERRORS, UnforeseenError.__name__: UnforeseenError}
        if error.ename in shown:
            raise shown[error.ename](_ANSI.sub("", str(error.evalue))) from None
        # Not one of ours: its text may hold a person's value, so that only its type is told.
        raise UnforeseenError(
            f"{name}: 予期しない誤りです: {error.ename}。管理者に知らせてください。"
        ) from None
    except RecruitError:
        raise
    except Exception as error:
        why = explain_refusal(error) or f"{describe_place(error)}。もう一度実行してください。"
        raise UnforeseenError(f"{name} のノートブックが動きませんでした: {why}") from None
    require_whole(output)


def keep_attempt(folder: Path, output: Path, stage: str) -> None:
    """Keep the executed file of an earlier attempt under a name of its own."""
    if not output.exists():
        return
    refuse_changed(folder, output)
    number = 1
    while (kept := output.with_name(f"{output.stem}_attempt{number}.ipynb")).exists():
        number += 1
    suffixes = [own for own in (".ipynb", ".html") if output.with_suffix(own).exists()]
    if read_entries(folder):
        # Said before it is done: what a kill leaves unmoved is moved by the next attempt.
        moved = [f"{NOTEBOOK_FOLDER}/{output.stem}{suffix}" for suffix in suffixes]
        append_entry(folder, stage, "renamed", files=moved)
    for suffix in suffixes:
        output.with_suffix(suffix).replace(kept.with_suffix(suffix))


def require_whole(path: Path) -> None:
    """Require that an executed notebook ran every cell once, in order, to its completion line.

    Raises:
        IntegrityError: it did not; papermill's own exit says nothing when a kernel dies last.
    """
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in cells]
    failed = any(output.output_type == "error" for cell in cells for output in cell.outputs)
    if failed or counts != list(range(1, len(cells) + 1)) or " 完了: " not in read_last_line(path):
        raise IntegrityError(f"{path.name}: 最後まで実行されていません。もう一度実行してください。")


def read_last_line(path: Path) -> str:
    """Read what the last cell of an executed notebook printed: its completion line."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    texts = [output.get("text", "") for output in cells[-1].outputs] if cells else []
    return "".join(texts).strip()


@cache
def register_writer(anchor: str) -> None:
    """Write executed notebooks whole or not at all: papermill saves each time that a cell ends.

    Args:
        anchor: how the paths of the files begin (``/`` or a drive).
    """
    from papermill.iorw import LocalHandler, papermill_io

    class WholeHandler(LocalHandler):
        def write(self, buf: str, path: str) -> None:
            write_atomically(Path(path), buf.encode())

    papermill_io.register(anchor, WholeHandler())


def register_translator() -> None:
    """Write injected Japanese as it is; papermill's own way shows escapes that nobody can read."""
    import json

    from papermill.translators import PythonTranslator, papermill_translators

    class ReadableTranslator(PythonTranslator):
        @classmethod
        def translate_str(cls, val: str) -> str:
            return json.dumps(val, ensure_ascii=False)

    papermill_translators.register("python", ReadableTranslator)


def describe_result(folder: Path, demonstration: bool) -> list[str]:
    """Describe a run for a person: per cohort what became of whom, and where the PDFs lie."""
    known = index_counts(read_counts(folder))
    steps: tuple[str, ...] = (
        "cohort",
        "protected",
        "opted_out",
        "withheld",
        "recipients",
        "labels",
        "sheets",
    )
    heads: tuple[str, ...] = (
        "抽出",
        "支援措置",
        "申出",
        "保留",
        "提供対象者",
        "宛名シール",
        "シート",
    )
    if any(step == SUPPLIED_BEFORE for _, step in known):
        # Only a top-up leaves out whoever was supplied before.
        place = steps.index("recipients")
        steps = (*steps[:place], SUPPLIED_BEFORE, *steps[place:])
        heads = (*heads[:place], "提供済", *heads[place:])
    lines = ["年齢 " + " ".join(f"{head:>6}" for head in heads)]
    for age in sorted({cohort for cohort, _ in known} - {ALL}):
        values = [known.get((age, step)) for step in steps]
        texts = ["-" if value is None else f"{value:,}" for value in values]
        lines.append(f"{age}歳 " + " ".join(f"{text:>8}" for text in texts))
    if (ALL, "sheets") in known:
        lines.append(f"シート（全体）: {known[ALL, 'sheets']:,}")
    pdfs = sorted((folder / PRIVATE).glob("labels_*.pdf"))
    lines += [f"宛名シール: {path}" for path in pdfs]
    own = os.environ.keys() & {PASSPHRASE_VARIABLE, PRINT_PASSWORD_VARIABLE}
    if demonstration and pdfs and not own:
        lines.append(f"見本の合言葉と印刷用パスワードは {DEMONSTRATION_PASSPHRASE} です。")
    return lines
