"""What the fuzzer found, and a sample of what it does: ``make soak`` runs it for half an hour a reader."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NoReturn

import openpyxl
import pandas as pd
import pytest

from recruitlib.base.errors import FormError
from tests.conftest import ROOT
from tests.fuzz.__main__ import Session, main
from tests.fuzz.forms import FORMS, READERS
from tests.fuzz.judge import Finding, judge, list_personal, try_reader, write_finding

CASES = sorted((ROOT / "tests/fuzz/cases").glob("*/*"))
SAMPLE = 12  # inputs of each form


@pytest.mark.parametrize("path", CASES, ids=[f"{path.parent.name}-{path.name}" for path in CASES])
def test_what_was_found_is_mended(path: Path, tmp_path: Path) -> None:
    FORMS[path.parent.name].seeds()
    assert judge(path.parent.name, path.read_bytes(), tmp_path) is None


@pytest.mark.parametrize("name", FORMS)
def test_a_right_file_and_damaged_ones_break_no_rule(name: str, tmp_path: Path) -> None:
    form, random = FORMS[name], Random(name)
    seeds = form.seeds()
    for number, seed in enumerate(seeds):
        assert judge(name, seed, tmp_path / f"seed{number}") is None
    for number in range(SAMPLE):
        content = form.damage(random.choice(seeds), random)
        assert judge(name, content, tmp_path / str(number)) is None, f"the {number}th file"


def test_every_form_belongs_to_one_reader() -> None:
    assert sorted(name for names in READERS.values() for name in names) == sorted(FORMS)


def _raise(error: BaseException) -> NoReturn:
    raise error


BREAKING: dict[str, Callable[[Path], object]] = {
    "KeyError": lambda path: _raise(KeyError("a")),
    "takes long": lambda path: sum(range(20_000_000)) and None,
    "takes memory": lambda path: len(b"\x01" * 60_000_000),
    "message with a control character": lambda path: _raise(UnshownError("a\u202eb")),
    "message without an end": lambda path: _raise(UnshownError("a" * 30_000)),
    "message with a person's value": lambda path: _raise(FormError(f"a {max(list_personal())} b")),
    "a formula in a workbook": lambda path: "a formula",
    "a cell that is no text": lambda path: "a number",
    "markup on a page": lambda path: "a tag",
}


class UnshownError(FormError):
    """A message that was not made plain on its way."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


def _render_badly(table: pd.DataFrame, *given: object) -> bytes:
    book = openpyxl.Workbook()
    cells: dict[str, str | int] = {"a formula": "=1+1", "a number": 1}
    book.worksheets[0]["A1"] = cells.get(table["内容"][0], "a")
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.parametrize("rule", BREAKING)
def test_a_rule_that_is_broken_is_seen(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fuzz.judge.render_workbook", _render_badly)
    monkeypatch.setattr("tests.fuzz.judge.show_text", lambda text: text.replace("a tag", "<img>"))
    form = FORMS["ticks"]._replace(read=BREAKING[rule], private=True)
    monkeypatch.setitem(FORMS, "ticks", form)
    len(b"\x01" * 120_000_000)  # the process has had more before
    (tmp_path / form.name).write_bytes(b"")
    found = try_reader("ticks", tmp_path, 0.1, 50_000_000).finding
    assert found and found.rule == rule


def test_what_reaches_out_of_its_folder_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"

    def find(read: Callable[[Path], object]) -> str:
        monkeypatch.setitem(FORMS, "ticks", FORMS["ticks"]._replace(read=read))
        found = judge("ticks", b"", tmp_path / "run", exports=False)
        return f"{found.rule}: {found.place}" if found else ""

    assert find(lambda path: outside.write_text("a")) == "writes outside: open"
    assert find(lambda path: path.write_text("a")) == ""
    assert find(lambda path: outside.unlink()) == "writes outside: os.remove"
    assert find(lambda path: os.system("true")) == "writes outside: os.system"
    assert (
        find(lambda path: socket.getaddrinfo("127.0.0.1", 1))
        == "writes outside: socket.getaddrinfo"
    )


def test_a_run_with_a_fault_fails_and_the_next_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [Finding("record", "KeyError", "a", "b")]

    def run(session: Session, seconds: float) -> None:
        for fault in faults:
            write_finding(session.out / "findings", fault, b"a")

    monkeypatch.setattr(Session, "run", run)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr("signal.signal", lambda *given: None)
    monkeypatch.setattr("sys.argv", ["fuzz", "record", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=f"1 faults .* record-{faults[0].key}"):
        main()
    faults.clear()
    main()
    assert [path.name[:6] for path in (tmp_path / "record/findings.before").iterdir()] == ["record"]
