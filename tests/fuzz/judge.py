"""What must hold of a reader whatever a file holds, and what is found where it does not.

It returns or raises a RecruitError whose message is one plain line without a person's value; it
takes bounded time and memory; it writes nothing outside its own folder, starts nothing and asks no
network; and what it hands on stays text in a workbook and on a page.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import resource
import sys
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.errors import RecruitError
from recruitlib.base.exports import render_workbook
from recruitlib.base.views import show_table, show_text
from tests.fuzz.forms import FORMS, SEEDS, Form

SECONDS, MEMORY, LONGEST_MESSAGE = 5.0, 400_000_000, 20_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
             "os.chmod", "os.chown", "shutil.")  # fmt: skip
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect",
             "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen")  # fmt: skip
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# What stands in the seeds of personal files: names, readings, addresses, numbers.
_PERSONAL = ("氏名", "姓", "フリガナ", "カナ", "番地", "住所", "電話", "宛名番号")


class Finding(NamedTuple):
    """A rule that a file broke: its form, the rule, where, and what was seen."""

    form: str
    rule: str
    place: str
    seen: str

    @property
    def key(self) -> str:
        """Name the fault, so that two files with one fault are kept as one."""
        return hashlib.sha256("\n".join(self[:3]).encode()).hexdigest()[:12]


class Trial(NamedTuple):
    """What came of one reading: the first rule that it broke, what was said or read, what it took."""

    finding: Finding | None
    said: str
    result: object
    seconds: float
    grown: int


class Watch:
    """Hears of every file that is changed outside a folder, and of every program or connection."""

    def __init__(self) -> None:
        self.folder = ""
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.folder:
            return
        if event == "open":
            path, mode, flags = args
            writes = bool(flags & _WRITING) if isinstance(flags, int) else str(mode)[:1] != "r"
            if writes and not self._is_inside(path):
                self.seen.append(f"open {path}")
        elif event.startswith(_STARTING):
            self.seen.append(event)
        elif event.startswith(_CHANGING) and not self._is_inside(args[0]):
            self.seen.append(f"{event} {args[0]}")

    def _is_inside(self, path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return True  # a descriptor, of a file that was opened before
        full = os.path.realpath(os.fsdecode(path))
        return full.startswith(self.folder) or full == os.devnull


@cache
def make_watch() -> Watch:
    """Make the one watch of this process: a hook cannot be taken out again."""
    return Watch()


@cache
def list_personal() -> frozenset[str]:
    """List what of the seeds may stand in no message: the cells of people."""
    cells: set[str] = set()
    for name in ("registry.csv", "form.csv"):
        header, *rows = [
            line.split(",") for line in (SEEDS / name).read_text("utf-8-sig").splitlines()
        ]
        for at, title in enumerate(header):
            if any(word in title for word in _PERSONAL):
                cells |= {row[at] for row in rows if at < len(row)}
    # Few signs, or few digits, stand in a message by chance.
    return frozenset(cell for cell in cells if len(cell) > (7 if cell.isdigit() else 3))


def judge(name: str, content: bytes, folder: Path, exports: bool = True) -> Finding | None:
    """Let a form's reader read a content, and give the first rule that it breaks.

    Args:
        name: the form.
        content: the file.
        folder: an empty folder that only this call uses.
        exports: whether to put what was read into a workbook and on a page too.
    """
    path = folder / FORMS[name].name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return try_reader(name, folder, exports=exports).finding


def try_reader(
    name: str, folder: Path, seconds: float = SECONDS, memory: int = MEMORY, exports: bool = True
) -> Trial:
    """Let a form's reader read the file that lies in a folder, and ask all rules of it.

    Args:
        name: the form.
        folder: where its file lies; nothing else may be written.
        seconds: how many of the processor it may take.
        memory: how many bytes it may take beyond what the process has.
        exports: whether to put what was read into a workbook and on a page too.
    """
    form, watch = FORMS[name], make_watch()
    result: object = None
    finding, said = None, ""
    before, begun = reset_peak(), time.process_time()
    watch.seen, watch.folder = [], os.path.realpath(folder)
    try:
        result = form.read(folder / form.name)
    except RecruitError as error:
        finding, said = _judge_message(name, form, error), str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a library in another language may raise what is no Exception
        finding = Finding(name, type(error).__name__, _find_place(error), str(error)[:300])
    finally:
        watch.folder = ""
    spent, grown = time.process_time() - begun, max(_measure_peak() - before, 0)
    if finding is None and watch.seen:
        finding = Finding(name, "writes outside", watch.seen[0].split()[0], watch.seen[0])
    if finding is None and spent > seconds:
        finding = Finding(name, "takes long", "", f"{spent:.1f} s")
    if finding is None and grown > memory:
        finding = Finding(name, "takes memory", "", f"{grown:,} bytes")
    if finding is None and result is not None and exports:
        finding = _judge_exports(name, result)
    return Trial(finding, said, result, spent, grown)


def reset_peak() -> int:
    """Let the peak of this process's memory begin anew, where the system can; give where it stands."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _measure_peak()


def _measure_peak() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _find_place(error: BaseException) -> str:
    """Name the innermost place of the package, and the innermost of all."""
    own = inner = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        inner = f"{Path(code.co_filename).name} {code.co_name}"
        if "recruitlib" in code.co_filename:
            own = f"{Path(code.co_filename).name} {code.co_name} {trace.tb_lineno}"
        trace = trace.tb_next
    # How deep a library was when it had enough says nothing.
    return own if isinstance(error, (RecursionError, MemoryError)) else f"{own} / {inner}"


def _judge_message(name: str, form: Form, error: RecruitError) -> Finding | None:
    told = str(error)
    place = _find_place(error).partition(" /")[0]
    if unseen := next((sign for sign in told if unicodedata.category(sign) in _UNSEEN), ""):
        return Finding(name, "message with a control character", place, f"U+{ord(unseen):04X}")
    if len(told) > LONGEST_MESSAGE:
        return Finding(name, "message without an end", place, f"{len(told):,} characters")
    if form.private and (said := next((own for own in list_personal() if own in told), "")):
        return Finding(name, "message with a person's value", place, said)
    return None


def _list_texts(result: object) -> Iterator[str]:
    if isinstance(result, str):
        yield result
    elif isinstance(result, pd.DataFrame):
        for column in result.columns:
            yield from map(str, result[column].head(40))
    elif isinstance(result, dict):
        yield from _list_texts([*result, *result.values()])
    elif isinstance(result, Iterable) and not isinstance(result, bytes):
        for own in result:
            yield from _list_texts(own)


_LIVE = re.compile(r"<(?!/?(?:bdi|span|table|caption|thead|tbody|tr|th|td)\b)")


def _judge_exports(name: str, result: object) -> Finding | None:
    """Put texts into a workbook and on a page, and see that each is still nothing but a text."""
    texts = [text for _, text in zip(range(60), _list_texts(result), strict=False)]
    table = pd.DataFrame({"内容": texts}, dtype="str")
    content = render_workbook(table, "内容", ["見本"])
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        sheet = container.read("xl/worksheets/sheet1.xml")
    if b"<f>" in sheet or b"<f " in sheet or b"<hyperlink" in sheet:
        return Finding(name, "a formula in a workbook", "", "")
    kinds = set(re.findall(rb'<c [^>]*\bt="([^"]*)"[^>]*><(?:v|is)>', sheet))
    if not kinds <= {b"inlineStr", b"s"}:
        return Finding(name, "a cell that is no text", "", repr(sorted(kinds)))
    page = show_table(table).data + "".join(map(show_text, texts))
    if found := _LIVE.search(page):
        return Finding(name, "markup on a page", "", page[found.start() :][:80])
    return None


def write_finding(folder: Path, finding: Finding, content: bytes) -> bool:
    """Keep a finding with its file, the smallest one of all with this fault; say if it is new."""
    place = folder / f"{finding.form}-{finding.key}"
    is_new = not place.exists()
    place.mkdir(parents=True, exist_ok=True)
    kept = place / "input"
    if is_new or kept.stat().st_size > len(content):
        kept.write_bytes(content)
        told = json.dumps(finding._asdict(), ensure_ascii=False, indent=1)
        (place / "finding.json").write_text(told, encoding="utf-8")
    return is_new
