"""A terminal in a process of its own: types what its standard input says, and tells the stops.

``python -m tests.integrity.typist`` reads a list of [command, what is typed after it] as JSON, and
prints what each stopped with ("" where it did its work) and its last line.
"""

from __future__ import annotations

import json
import sys

import pytest

from tests.terminal import Terminal, open_quickly


def main() -> None:
    """Type all."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        open_quickly(patch)
        terminal = Terminal()
        for command, typed in json.load(sys.stdin):
            try:
                stop = terminal.type(command, typed)
                told.append([stop, terminal.screen.strip().split("\n")[-1]])
            except Exception as error:
                told.append([type(error).__name__, str(error)])
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
