"""Kernels started ahead: while one notebook runs, the next one's kernel starts and reads its modules.

Nothing of a run is touched before the notebook itself runs in it. A kernel that was started ahead and
is not needed, or has died, is ended.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import nbformat

from recruitlib.base.parameters import NOTEBOOKS

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager

KERNEL = "python3"
_IMPORT = re.compile(r"^from (recruitlib[.\w]*) import (\w+(?:, \w+)*)$", re.MULTILINE)
# What a stage's modules import only where they need it.
_LATER = {
    "01": ("matplotlib.figure",), "03": ("matplotlib.figure",),
    "04": ("reportlab.pdfgen.canvas", "pypdfium2", "pikepdf"),
    "05": ("reportlab.pdfgen.canvas", "reportlab.platypus", "pypdfium2", "pikepdf"),
}  # fmt: skip


def choose_transport(posix: bool = os.name == "posix") -> dict[str, Any]:
    """Choose how kernels talk: sockets in the file system, or on Windows an encrypted loopback."""
    if posix:
        return {"KernelManager": {"transport": "ipc"}}
    return {"KernelManager": {"transport_encryption": "required"}}


def list_modules(root: Path, stage: str) -> list[str]:
    """List the modules that the notebook of a stage imports, and those that they import later."""
    try:
        notebook = nbformat.read(root / f"notebooks/{NOTEBOOKS[stage]}.ipynb", as_version=4)
    except (OSError, ValueError):
        return []  # running it will say what is wrong with it
    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    names = [
        name for found in _IMPORT.finditer(source)
        for name in (found[1], *(f"{found[1]}.{own}" for own in found[2].split(", ")))
    ]  # fmt: skip
    return [*names, *_LATER.get(stage, ())]


class Kernels:
    """The kernels of a launcher: at most one at work and one started ahead.

    Args:
        root: the project folder, in which they work.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._ahead: dict[str, AsyncKernelManager] = {}

    def __enter__(self) -> Kernels:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        for stage in list(self._ahead):
            end_kernel(self._ahead.pop(stage))

    def start_ahead(self, stage: str) -> None:
        """Start the kernel of a stage once, with the keys that are handed over now."""
        if stage in self._ahead:
            return
        modules = list_modules(self._root, stage)
        warm = f"__import__('recruitlib.base.kernel').base.kernel.import_ahead({modules})"
        self._ahead[stage] = self._start(stage, f"--IPKernelApp.exec_lines=[{warm!r}]")

    def take(self, stage: str) -> AsyncKernelManager:
        """Take the kernel of a stage; whoever takes it ends it."""
        from jupyter_core.utils import run_sync

        kernel = self._ahead.pop(stage, None)
        if kernel is not None and not run_sync(kernel.is_alive)():
            end_kernel(kernel)
            kernel = None
        return kernel or self._start(stage)

    def _start(self, stage: str, *further: str) -> AsyncKernelManager:
        from jupyter_client import AsyncKernelManager
        from jupyter_core.utils import run_sync
        from traitlets.config import Config

        # A file of its own: sockets are named after it, and two kernels must not share them.
        file = f"{os.environ['JUPYTER_RUNTIME_DIR']}/{stage}.json"
        kernel = AsyncKernelManager(
            kernel_name=KERNEL, connection_file=file, config=Config(choose_transport())
        )
        arguments = ["--HistoryManager.hist_file=:memory:", *further]
        run_sync(kernel.start_kernel)(extra_arguments=arguments, cwd=str(self._root))
        return kernel


def end_kernel(kernel: AsyncKernelManager) -> None:
    """End a kernel at once, and remove what it has left."""
    from jupyter_core.utils import run_sync

    run_sync(kernel.shutdown_kernel)(now=True)
    run_sync(kernel.cleanup_resources)()
