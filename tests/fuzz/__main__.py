"""Fuzz one reader for some minutes: ``python -m tests.fuzz READER --minutes 30 --seed 1``.

A file that breaks a rule is kept, the run goes on, and it fails in the end; a reader that hangs or eats memory is killed,
its file is kept, and a new process goes on with all that was learned.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.fuzz.damage import LARGEST
from tests.fuzz.forms import FORMS, READERS
from tests.fuzz.judge import Finding, write_finding

_TIMEOUT = 20  # seconds for one file, on a machine that does other things as well
_MEMORY = 2_000  # megabytes of one process; it starts with 300
_LINE = re.compile(r"#(\d+)\t\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/")
_KINDS = {
    "timeout": "hangs",
    "oom": "takes memory",
    "crash": "kills the process",
    "slow-unit": "takes long",
}


class Session:
    """One reader's fuzzing, through as many processes as it takes."""

    def __init__(self, reader: str, out: Path, seed: int) -> None:
        self.reader, self.out, self.seed = reader, out, seed
        self.edges = self.features = self.corpus = self.started = 0
        if (out / "findings").exists():  # of an earlier run, whose figures they are
            shutil.rmtree(out / "findings.before", ignore_errors=True)
            (out / "findings").rename(out / "findings.before")
        for name in ("corpus", "findings", "progress", "artifacts"):
            (out / name).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out / "scratch", ignore_errors=True)
        for old in (out / "progress").iterdir():
            old.unlink()
        for place, name in enumerate(READERS[reader]):
            for number, content in enumerate(FORMS[name].seeds()):
                (out / "corpus" / f"seed-{name}-{number}").write_bytes(bytes([place]) + content)

    def run(self, seconds: float) -> None:
        """Start a process, and another one whenever one has died, until the time is over."""
        while (left := seconds - self.tell()["seconds"]) > 1:
            self.started += 1
            command = [
                sys.executable, "-m", "tests.fuzz.worker", self.reader, str(self.out),
                f"-max_total_time={int(left)}", f"-seed={self.seed + self.started}", f"-timeout={_TIMEOUT}",
                f"-rss_limit_mb={_MEMORY}", f"-max_len={LARGEST}", "-len_control=0", "-report_slow_units=1000",
                f"-artifact_prefix={self.out}/artifacts/", str(self.out / "corpus"),
            ]  # fmt: skip
            child = subprocess.Popen(
                command, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace"
            )
            try:
                with (self.out / "engine.log").open("a") as log:
                    for line in child.stderr or ():
                        log.write(line)
                        self._read_line(line)
            except BaseException:
                child.kill()
                raise
            finally:
                child.wait()
            self._take_artifacts(child.returncode)
            if len(list((self.out / "progress").iterdir())) < self.started - 5:
                raise SystemExit(f"the engine does not start: see {self.out}/engine.log")

    def _read_line(self, line: str) -> None:
        if found := _LINE.match(line):
            self.edges, self.features, self.corpus = (int(found[at]) for at in (2, 3, 4))
            self.tell()

    def _take_artifacts(self, code: int) -> None:
        """Keep the files at which a process died."""
        for path in (self.out / "artifacts").iterdir():
            rule = _KINDS.get(path.name.rpartition("-")[0], "kills the process")
            self._keep(path.read_bytes(), rule)
            path.unlink()
        if code < 0 and (self.out / "last").exists():
            self._keep((self.out / "last").read_bytes(), f"kills the process ({-code})")

    def _keep(self, data: bytes, rule: str) -> None:
        names = READERS[self.reader]
        if data:
            finding = Finding(names[data[0] % len(names)], rule, "", f"{len(data):,} bytes")
            write_finding(self.out / "findings", finding, data[1:])

    def tell(self) -> dict[str, Any]:
        """Write down the figures of the whole session."""
        done: dict[str, int] = {}
        cpu = seconds = 0.0
        for path in (self.out / "progress").iterdir():
            try:
                said = json.loads(path.read_text())
            except ValueError:
                continue  # just being written
            cpu += said["cpu_seconds"]
            seconds += said["seconds"]
            for name, number in said["executions"].items():
                done[name] = done.get(name, 0) + number
        figures = {
            "reader": self.reader, "engine": "atheris 3.0.0 (libFuzzer)", "seed": self.seed,
            "seconds": round(seconds), "cpu_seconds": round(cpu),
            "executions": sum(done.values()), "by_form": done, "edges": self.edges,
            "features": self.features, "corpus": self.corpus, "processes": self.started,
            "findings": len(list((self.out / "findings").iterdir())),
        }  # fmt: skip
        partial = self.out / "figures.partial"
        partial.write_text(json.dumps(figures, indent=1))
        partial.rename(self.out / "figures.json")
        return figures


def main() -> None:
    """Read the command and fuzz; the exit code is 1 where a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "build/fuzz")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        raise SystemExit(
            "the engine is missing: pip install --require-hashes -r tests/fuzz/requirements.txt"
        )
    # A run that is told to end leaves no process behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    out = (given.out / given.reader).resolve()
    session = Session(given.reader, out, given.seed)
    session.run(60 * given.minutes)
    print(json.dumps(session.tell(), indent=1))
    shutil.rmtree(out / "scratch", ignore_errors=True)
    if found := sorted(path.name for path in (out / "findings").iterdir()):
        raise SystemExit(f"{len(found)} faults in {out}/findings: {', '.join(found)}")


if __name__ == "__main__":
    main()
