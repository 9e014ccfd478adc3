"""The floor of a whole run: six notebooks that only import, executed by papermill in one process.

    PYTHONPATH=$PWD python bench/floor.py FOLDER

writes the executed notebooks into the folder. The import lines are those of the real notebooks, and
the kernels are started with the settings of the package. It imports nothing that a run need not.
"""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import papermill
from traitlets.config import Config

from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.kernels import choose_transport

ROOT = Path(__file__).parents[1]


def list_imports(path: Path) -> str:
    """List the import lines of a notebook."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return "\n".join(
        ast.unparse(node)
        for cell in cells for node in ast.parse(cell.source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )  # fmt: skip


def write_empty(real: Path, empty: Path) -> None:
    """Write a notebook with one parameter and the imports of a real one."""
    notebook = nbformat.read(real, as_version=4)
    notebook.cells = [
        nbformat.v4.new_code_cell("run_id = ''", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(list_imports(real)),
    ]
    nbformat.write(notebook, empty)


def run_floor(folder: Path) -> None:
    """Execute an empty notebook for each stage."""
    with tempfile.TemporaryDirectory(prefix="rl") as own:
        os.environ |= {"JUPYTER_RUNTIME_DIR": own, "JUPYTER_DATA_DIR": own, "IPYTHONDIR": own}
        for stem in NOTEBOOKS.values():
            empty = folder / f"{stem}.in.ipynb"
            write_empty(ROOT / f"notebooks/{stem}.ipynb", empty)
            papermill.execute_notebook(
                str(empty), str(folder / f"{stem}.ipynb"), parameters={"run_id": "demo"},
                kernel_name="python3", progress_bar=False, log_output=False, cwd=str(ROOT),
                store_widget_state=False, shutdown_kernel="immediate",
                config=Config(choose_transport()),
            )  # fmt: skip


if __name__ == "__main__":
    run_floor(Path(sys.argv[1]))
