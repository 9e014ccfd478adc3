"""The README's plain papermill commands, one by one, then the seal and the check of the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.vault import create_key
from recruitlib.base.verification import verify_record
from tests.conftest import PARAMETERS

MISSING = {"decisions": "optouts.all_decided", "approval": "review.approved"}


def call(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call a command of this environment in a project."""
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=project, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def run_plainly(project: Path, stem: str) -> subprocess.CompletedProcess[str]:
    """Run one notebook with plain papermill."""
    (project / "runs/test_ward/notebooks").mkdir(parents=True, exist_ok=True)
    output = f"runs/test_ward/notebooks/{stem}.ipynb"
    return call(project, "papermill", f"notebooks/{stem}.ipynb", output, "-f", PARAMETERS)


def test_each_notebook_runs_with_plain_papermill_and_seal_closes_the_record(project: Path) -> None:
    # The key would be made by 01, with a lock that takes its seconds in each of the notebooks.
    create_key(project / "runs/test_ward", "demo", demonstration=True)
    for stem in NOTEBOOKS.values():
        done = run_plainly(project, stem)
        assert done.returncode == 0, done.stderr[-2000:]
    folder = project / "runs/test_ward"
    assert "記録にないファイルです" in " ".join(verify_record(folder))
    sealed = call(project, "recruitlib", "seal", "runs/test_ward")
    assert sealed.returncode == 0, sealed.stderr
    assert "06_close_run.ipynb" in sealed.stdout
    assert verify_record(folder) == []
    assert not (folder / "private").exists()
    checked = call(project, "recruitlib", "verify", "runs/test_ward")
    assert checked.returncode == 0
    assert "内部整合" in checked.stdout


def test_plain_papermill_names_the_class_of_a_stop_in_one_line_and_ends_with_1(
    project: Path,
) -> None:
    (project / "inputs/test_ward/registry.csv").unlink()
    done = run_plainly(project, NOTEBOOKS["01"])
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("FormError: ")]
    assert len(lines) == 1
    assert "registry.csv" in lines[0]
    assert "Traceback" not in (
        project / "runs/test_ward/notebooks/01_load_registry.ipynb"
    ).read_text(encoding="utf-8")


def test_without_a_person_both_ways_end_at_03_with_the_same_line_and_pass_when_the_file_is_there(
    reviewed: Path,
) -> None:
    for missing, guard in MISSING.items():
        path = reviewed / f"params/test_ward/{missing}.yaml"
        content = path.read_bytes()
        path.unlink()
        launched = call(reviewed, "recruitlib", "run", PARAMETERS, "--from", "03")
        plain = run_plainly(reviewed, NOTEBOOKS["03"])
        assert (launched.returncode, plain.returncode) == (13, 1)
        line = launched.stderr.strip()
        assert line.startswith(f"AwaitingPerson: 関門 {guard} が「否」です。")
        assert line in plain.stderr.splitlines()
        path.write_bytes(content)
    assert run_plainly(reviewed, NOTEBOOKS["03"]).returncode == 0
    again = call(reviewed, "recruitlib", "run", PARAMETERS, "--from", "03", "--through", "03")
    assert again.returncode == 0
    assert verify_record(reviewed / "runs/test_ward") == []


def test_an_unknown_parameter_is_refused_by_plain_papermill_too(project: Path) -> None:
    with (project / PARAMETERS).open("a", encoding="utf-8") as file:
        file.write('registry_fiel: "x"\n')
    done = run_plainly(project, NOTEBOOKS["01"])
    assert done.returncode == 1
    assert "ParameterError" in done.stderr
    assert "registry_fiel" in done.stderr


def test_a_later_notebook_refuses_other_parameters_than_those_frozen(reviewed: Path) -> None:
    text = (reviewed / PARAMETERS).read_text(encoding="utf-8")
    (reviewed / PARAMETERS).write_text(text.replace("見本第1号", "見本第2号"), encoding="utf-8")
    done = run_plainly(reviewed, NOTEBOOKS["02"])
    assert done.returncode == 1
    assert "IntegrityError" in done.stderr
    assert "request_number" in done.stderr


def test_an_officer_in_jupyterlab_can_run_a_cell_twice(project: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(project / "notebooks/01_load_registry.ipynb", as_version=4)
    twice = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [*twice[:6], *twice[1:6]]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"again-{number}"
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(project)}}
    )
    client.execute()
    outputs = json.dumps(notebook.cells[-1].outputs, ensure_ascii=False)
    assert "行き先の合計" in outputs
    assert os.path.isdir(project / "runs/test_ward")
