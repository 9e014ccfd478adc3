"""One process of the fuzzer: the engine drives it, and it lives until the engine or the reader dies.

``python -m tests.fuzz`` starts it and starts it again; it needs the engine (atheris).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
import zlib
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(
    include=["recruitlib", "openpyxl", "fontTools.ttLib"], exclude=["recruitlib.synth"]
):
    from recruitlib.base import encodings
    from tests.fuzz.forms import FORMS, READERS
    from tests.fuzz.judge import judge, write_finding

ADDRESSES = 8_000_000_000  # bytes; Arrow and the threads set by much that they never use


class Worker:
    """What one process has done so far."""

    def __init__(self, reader: str, out: Path) -> None:
        self.names = READERS[reader]
        self.out = out
        self.scratch = out / "scratch" / str(os.getpid())
        self.scratch.mkdir(parents=True)
        self.progress = out / "progress" / f"{os.getpid()}.json"
        self.done = dict.fromkeys(self.names, 0)
        self.used = time.process_time()
        self.told = self.begun = time.monotonic()

    def try_one(self, data: bytes) -> None:
        """Judge one input of the engine; its first byte names the form."""
        if not data:
            return
        name = self.names[data[0] % len(self.names)]
        (self.out / "last").write_bytes(data)
        for old in self.scratch.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        # A workbook and a page take longer than most readers: one file of eight, known by itself.
        finding = judge(name, data[1:], self.scratch, exports=zlib.crc32(data) % 8 == 0)
        self.done[name] += 1
        if finding:
            write_finding(self.out / "findings", finding, data[1:])
        if time.monotonic() - self.told > 5:
            self.tell()

    def tell(self) -> None:
        """Write down how far this process has come."""
        self.told = time.monotonic()
        used = time.process_time() - self.used
        said = {
            "executions": self.done, "cpu_seconds": round(used, 1),
            "seconds": round(self.told - self.begun, 1),
        }  # fmt: skip
        self.progress.write_text(json.dumps(said))

    def change(self, data: bytes, most: int, seed: int) -> bytes:
        """Change an input by its form, or now and then as the engine itself does."""
        random = Random(seed)
        if len(data) < 2 or random.random() < 0.2:
            return atheris.Mutate(data, most)
        damage = FORMS[self.names[data[0] % len(self.names)]].damage
        try:
            return (data[:1] + damage(data[1:], random))[:most]
        except Exception:  # what is already damaged may be none of its form any more
            return atheris.Mutate(data, most)


def main() -> None:
    """Run the engine with the options behind the reader's name and its folder."""
    reader, out, *options = sys.argv[1:]
    for name in READERS[reader]:
        FORMS[name].seeds()  # what a form needs is made before anybody watches
    worker = Worker(reader, Path(out))
    # Filling the usual eight megabytes for each small file would take most of the time.
    encodings._CHUNK = 1 << 14
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    atheris.Setup([sys.argv[0], *options], worker.try_one, custom_mutator=worker.change)
    try:
        atheris.Fuzz()
    finally:
        worker.tell()


if __name__ == "__main__":
    main()
