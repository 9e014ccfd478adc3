"""A live session before JupyterLab starts: who may open it, with what, and what nobody sees."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import AwaitingPerson, GuardError, IntegrityError, UnforeseenError
from recruitlib.base.parameters import read_parameters
from recruitlib.base.vault import KEY_VARIABLE, RunKey, unpack_key
from recruitlib.base.verification import verify_record
from recruitlib.live import session
from recruitlib.live.session import build_environment, list_options, review_run, write_notebook
from tests.conftest import PARAMETERS, ROOT, change_parameters

SECRETS = (
    "RECRUITLIB_PASSPHRASE", "RECRUITLIB_OFFICER_PASSPHRASE", "RECRUITLIB_REGISTER_PASSPHRASE",
    "RECRUITLIB_REGISTER_KEY", "RECRUITLIB_PRINT_PASSWORD",
)  # fmt: skip
KEY = RunKey("AGE-SECRET-KEY-OF-THE-TEST", b"1" * 32)


def refuse(line: str) -> None:
    """Nothing is opened, so nothing is said."""
    pytest.fail(line)


def test_before_02_there_is_nothing_to_review_and_the_command_to_run_is_named(
    project: Path,
) -> None:
    with pytest.raises(
        AwaitingPerson, match=r"recruitlib run test_ward\.yaml --through 02"
    ) as stop:
        review_run(project / PARAMETERS, refuse)
    assert stop.value.exit_code == 13
    assert not (project / "runs").exists()


def test_after_the_hand_over_nothing_is_reviewed(reviewed: Path) -> None:
    append_entry(reviewed / "runs/test_ward", "05", "completed", files={})
    with pytest.raises(GuardError, match="提供済み"):
        review_run(reviewed / PARAMETERS, refuse)


def test_a_parameter_of_an_earlier_stage_cannot_be_changed_for_the_review(reviewed: Path) -> None:
    change_parameters(reviewed, form_total=21)
    with pytest.raises(IntegrityError, match="form_total"):
        review_run(reviewed / PARAMETERS, refuse)


def test_the_notebook_is_a_new_one_each_time_with_its_parameters_and_without_outputs(
    tmp_path: Path,
) -> None:
    parameters = {**read_parameters(ROOT / PARAMETERS), "decisions_file": "params/決定.yaml"}
    names = [write_notebook(ROOT, tmp_path, parameters).name for _ in range(2)]
    assert names == ["03_review_counts_1.ipynb", "03_review_counts_2.ipynb"]
    # Also where a notebook with personal data had to be taken away.
    (tmp_path / "live" / names[1]).unlink()
    assert write_notebook(ROOT, tmp_path, parameters).name == "03_review_counts_3.ipynb"
    notebook = nbformat.read(tmp_path / "live" / names[0], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    injected = [cell for cell in code if "injected-parameters" in cell.metadata.get("tags", [])]
    assert len(injected) == 1
    assert 'decisions_file = "params/決定.yaml"' in injected[0].source
    assert notebook.metadata.kernelspec.name == "python3"
    assert [entry["facts"]["file"] for entry in read_entries(tmp_path)] == [
        f"03_review_counts_{number}.ipynb" for number in (1, 2, 3)
    ]


def test_key_and_token_are_handed_over_where_only_the_same_user_can_read_them(
    tmp_path: Path,
) -> None:
    options = " ".join(list_options(tmp_path, tmp_path / "live", 8899, tmp_path))
    environment = build_environment(tmp_path, KEY, "the token", Path("03_review_counts_1.ipynb"))
    assert environment["JUPYTER_TOKEN"] == "the token"
    assert unpack_key(environment[KEY_VARIABLE]) == KEY
    assert "the token" not in options
    assert KEY.identity not in options
    assert "--ServerApp.ip=127.0.0.1" in options


def test_what_an_officer_has_set_up_for_jupyter_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "/of/the/officer")
    monkeypatch.setenv("IPYTHONDIR", "/of/the/officer")
    environment = build_environment(tmp_path, KEY, "x", Path("a.ipynb"))
    assert "/of/the/officer" not in environment.values()
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR",
                 "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):  # fmt: skip
        assert environment[name].startswith(str(tmp_path))


def test_no_secret_of_the_launcher_but_the_key_of_the_run_goes_to_jupyterlab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"the secret of {name}")
    environment = build_environment(tmp_path, KEY, "x", Path("a.ipynb"))
    assert not [value for value in environment.values() if "the secret" in value]
    assert {name for name in environment if name.startswith("RECRUITLIB")} == {
        "RECRUITLIB_RUN_KEY", "RECRUITLIB_LIVE_FILE",
    }  # fmt: skip
    assert environment["PATH"]


def test_a_jupyterlab_that_does_not_start_is_told_and_its_log_is_sealed(
    reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "list_options", lambda *_: ["--ServerApp.port=no_number"])
    said: list[str] = []
    with pytest.raises(UnforeseenError, match=r"review_1\.log"):
        review_run(reviewed / PARAMETERS, said.append)
    folder = reviewed / "runs/test_ward"
    assert (folder / "live/review_1.log").read_text(encoding="utf-8")
    assert verify_record(folder) == []
    assert read_entries(folder)[-1]["event"] == "live_closed"
