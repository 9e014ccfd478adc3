"""The server of a live session: JupyterLab, which ends when its launcher ends it or is gone.

Its standard input is a pipe that the launcher holds open. So a launcher that was killed leaves
nothing behind that still holds the key of the run.
"""

from __future__ import annotations

import sys
import threading
import time

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp


def main() -> None:
    """Serve JupyterLab with the options of the command line."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    LabApp.launch_instance(sys.argv[1:])


def _wait_for_the_end() -> None:
    sys.stdin.read()
    while not ServerApp.initialized() or not hasattr(ServerApp.instance(), "io_loop"):
        time.sleep(0.1)
    server = ServerApp.instance()
    server.io_loop.add_callback(server.stop)


if __name__ == "__main__":
    main()
