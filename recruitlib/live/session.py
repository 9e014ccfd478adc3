"""A live session: notebook 03 of a run in JupyterLab, on this computer only, and what it leaves."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import nbformat

from recruitlib.base.audit import append_entry, find_latest, read_entries, write_atomically
from recruitlib.base.errors import AwaitingPerson, UnforeseenError
from recruitlib.base.heads import note_head
from recruitlib.base.live_files import REVIEW, seal_live
from recruitlib.base.parameters import NOTEBOOKS, STAGE_NAMES, find_root, read_parameters
from recruitlib.base.record import LIVE_FOLDER, LIVE_VARIABLE
from recruitlib.base.run import (
    finish_writes,
    locate_run,
    read_frozen,
    refuse_after_handover,
    refuse_changes,
    require_earlier,
)
from recruitlib.base.run_lock import hold_run
from recruitlib.base.vault import (
    KEY_VARIABLE,
    RunKey,
    pack_key,
    protect_folder,
    read_passphrase,
    unlock_key,
)
from recruitlib.pipeline import (
    OFFICERS_OWN,
    choose_transport,
    name_own_folders,
    pick_declared,
    register_translator,
)

_ADDRESS = "127.0.0.1"
_BEFORE = "02"
_START_SECONDS, _END_SECONDS = 90, 30
_SIZE = "16px"  # 12 points
SETTINGS = "params/jupyterlab_overrides.json"
# Passphrases, the password of the labels and the register's key: a live notebook needs none of them.
_SECRETS = "RECRUITLIB_"


def review_run(parameters_file: Path, say: Callable[[str], None], browser: bool = True) -> Path:
    """Open notebook 03 of a run in JupyterLab, wait until it is closed, search and seal what is left.

    Args:
        parameters_file: the whole run's parameters.
        say: where the lines for the officer go.
        browser: whether a browser is opened; else the address is told.

    Returns:
        the run's folder.

    Raises:
        AwaitingPerson: 02 is not complete, or the run is at work or open already.
        IntegrityError: an earlier result was changed, or a file of the session held personal data.
        UnforeseenError: JupyterLab did not start.
    """
    parameters = read_parameters(parameters_file)
    root = find_root(parameters_file.parent)
    folder = locate_run(root, parameters)
    if find_latest(read_entries(folder), _BEFORE, "completed") is None:
        raise AwaitingPerson(
            f"{_BEFORE} {STAGE_NAMES[_BEFORE]} までが済んでいません。先に recruitlib run "
            f"{parameters_file.name} --through {_BEFORE} を実行してください。"
        )
    refuse_after_handover(folder, REVIEW)
    refuse_changes(read_frozen(folder, REVIEW), parameters)
    run_id, demonstration = parameters["run_id"], parameters["run_kind"] == "demonstration"
    key = unlock_key(folder, read_passphrase(run_id, demonstration))
    with hold_run(folder):
        finish_writes(folder)
        require_earlier(folder, REVIEW)
        # An earlier session may have been killed before it could look at what it left.
        seal_live(folder, key)
        notebook = write_notebook(root, folder, parameters)
        say(f"実行 {run_id} の {REVIEW} {STAGE_NAMES[REVIEW]} を、JupyterLab で開きます。")
        try:
            _serve(root, folder, notebook, key, say, browser)
        finally:
            sealed = seal_live(folder, key)
            append_entry(folder, REVIEW, "live_closed", file=notebook.name)
            note_head(folder)
    say(f"閉じました。保存された {len(sealed)} ファイルに個人の情報はありません。封をしました。")
    return folder


def write_notebook(root: Path, folder: Path, parameters: Mapping[str, Any]) -> Path:
    """Write the notebook of a new session: without outputs, with the parameters injected.

    Returns:
        the notebook; every session has one of its own.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    register_translator()
    template = load_notebook_node(str(root / f"notebooks/{NOTEBOOKS[REVIEW]}.ipynb"))
    for cell in template.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    template = parameterize_notebook(template, pick_declared(REVIEW, parameters))
    del template.metadata["papermill"]  # it tells of an execution
    opened = [entry for entry in read_entries(folder) if entry["event"] == "live_opened"]
    name = f"{NOTEBOOKS[REVIEW]}_{len(opened) + 1}.ipynb"
    append_entry(folder, REVIEW, "live_opened", file=name)
    protect_folder(folder / LIVE_FOLDER)
    path = folder / LIVE_FOLDER / name
    write_atomically(path, nbformat.writes(template).encode())
    return path


def list_options(root: Path, live: Path, port: int, own: Path) -> list[str]:
    """List the options of JupyterLab; the token is none of them, since everybody sees a command line."""
    transport = choose_transport()["KernelManager"]
    return [
        f"--ServerApp.ip={_ADDRESS}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--ServerApp.allow_root=True", "--ServerApp.allow_remote_access=False",
        f"--ServerApp.root_dir={live}",
        # As in a batch: the parameters name files from the project folder.
        f"--MappingKernelManager.root_dir={root}",
        # A file that is deleted in JupyterLab must not go on living in the bin of the system.
        "--FileContentsManager.delete_to_trash=False", "--ServerApp.terminals_enabled=False",
        "--LabApp.extension_manager=readonly", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.app_settings_dir={own / 'app'}",
        *(f"--KernelManager.{name}={value}" for name, value in transport.items()),
    ]  # fmt: skip


def build_environment(own: Path, key: RunKey, token: str, notebook: Path) -> dict[str, str]:
    """Build the environment of JupyterLab: key and token, and folders that are the session's own.

    Of the launcher's own secrets the run's key alone goes with it.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in OFFICERS_OWN and not name.startswith(_SECRETS)
    }
    return {
        **environment, KEY_VARIABLE: pack_key(key), "JUPYTER_TOKEN": token,
        LIVE_VARIABLE: f"{LIVE_FOLDER}/{notebook.name}", "PYTHONUTF8": "1",
        **name_own_folders(own), "JUPYTER_NO_CONFIG": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
    }  # fmt: skip


@contextmanager
def _make_own_folder(root: Path) -> Iterator[Path]:
    """Make the private folder of a session, with the project's settings of JupyterLab in it."""
    with tempfile.TemporaryDirectory(prefix="rl", ignore_cleanup_errors=True) as name:
        own = Path(name)
        (own / "app").mkdir()
        shutil.copy(root / SETTINGS, own / "app/overrides.json")
        # JupyterLab takes the size of its letters from the user's settings only.
        themes = own / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        themes.parent.mkdir(parents=True)
        sizes = dict.fromkeys(("content-font-size1", "code-font-size", "ui-font-size1"), _SIZE)
        themes.write_text(json.dumps({"overrides": sizes}), encoding="utf-8")
        yield own


def _serve(
    root: Path, folder: Path, notebook: Path, key: RunKey, say: Callable[[str], None], browser: bool
) -> None:  # fmt: skip
    """Serve the notebook until JupyterLab is shut down in its menu, or here by Ctrl+C."""
    token, port = secrets.token_urlsafe(24), _find_port()
    number = notebook.stem.rpartition("_")[2]
    log = folder / LIVE_FOLDER / f"review_{number}.log"
    # The notebook alone, without tabs and side bars: it is as wide as the screen allows.
    page = f"/doc/tree/{quote(notebook.name)}"
    with _make_own_folder(root) as own, log.open("wb") as output:
        options = list_options(root, folder / LIVE_FOLDER, port, own)
        options += [f"--LabApp.default_url={page}", f"--ServerApp.open_browser={browser}"]
        environment = build_environment(own, key, token, notebook)
        server = subprocess.Popen(
            [sys.executable, "-m", "recruitlib.live.server", *options],
            env=environment, cwd=root, stdin=subprocess.PIPE, stdout=output,
            stderr=subprocess.STDOUT, **_choose_group(),
        )  # fmt: skip
        try:
            _start_kernel(server, port, token, log, notebook)
            say("ブラウザーで、メニュー「実行」の「すべてのセルを実行」を選んでください。")
            if not browser:
                say(f"アドレス（この PC の中だけ）: http://{_ADDRESS}:{port}{page}?token={token}")
            say(
                "終わるときは、メニュー「ファイル」の「シャットダウン」か、ここで Ctrl+C を押します。"
            )
            server.wait()
        except KeyboardInterrupt:
            say("終えています …")
        finally:
            _end(server)


def _choose_group() -> dict[str, Any]:
    """Choose a group of its own, so that Ctrl+C reaches the launcher alone and it ends the server."""
    if os.name == "posix":
        return {"start_new_session": True}
    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined, unused-ignore]


def _find_port() -> int:
    with socket.socket() as one:
        one.bind((_ADDRESS, 0))
        return int(one.getsockname()[1])


def _start_kernel(
    server: subprocess.Popen[bytes], port: int, token: str, log: Path, notebook: Path
) -> None:
    """Wait until JupyterLab answers, and have it start the notebook's kernel.

    An officer who presses Run before there is a kernel would be asked to choose one.

    Raises:
        UnforeseenError: it ended, or did not answer in time.
    """
    wanted = {"path": notebook.name, "name": notebook.name, "type": "notebook",
              "kernel": {"name": "python3"}}  # fmt: skip
    start = Request(
        f"http://{_ADDRESS}:{port}/api/sessions", json.dumps(wanted).encode(),
        {"Authorization": f"token {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    direct = build_opener(ProxyHandler({}))  # an office's proxy has no business here
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            with direct.open(start, timeout=_START_SECONDS):
                return
        except OSError:
            time.sleep(0.2)
    raise UnforeseenError(f"JupyterLab が始まりませんでした。{log} を管理者に見せてください。")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server with its kernels: ask first, and do not wait for ever."""
    assert server.stdin is not None
    server.stdin.close()
    try:
        server.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
