"""Every message with which a command stops says what to do next, wherever the package makes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from recruitlib.base.errors import EXPECTED_ERRORS, UnforeseenError
from tests.conftest import ROOT

PACKAGE = ROOT / "recruitlib"
ADVICE = "ください"
STOPS = {*EXPECTED_ERRORS, UnforeseenError.__name__}
# Not yet mended: functions of which a message does not say it. A line goes when its messages do.
NOT_YET = {
    "base/contents.py": "_mark_misfits",
    "base/open_run.py": "open_supplied",
    "base/run.py": "locate_run read_completed refuse_after_handover",
    "handover/changes.py": "_require_newest",
    "handover/lookup.py": "open_lookup",
    "handover/notices.py": "_set_words",
    "handover/sending.py": "require_handed_over",
    "handover/serials.py": "_end_serials _refuse_twice _refuse_unknown "
    "find_sheet_serials hand_over reprint_serials",
    "labels/fonts.py": "__init__",
    "labels/pages.py": "render_outline",
    "labels/printing.py": "_place_margins",
    "labels/proof.py": "render_page",
    "labels/reading.py": "open_document",
    "labels/reissue.py": "_lay_again blank_ended make_reprint",
    "labels/sheets.py": "read_sheet",
    "labels/structure.py": "open_file",
    "oversight/next_year.py": "write_next_year",
    "oversight/story.py": "tell_story",
    "review/case_desk.py": "_check_form save_confirmations",
    "review/case_workbook.py": "export_cases",
    "review/previous.py": "_read_of_run _require_file",
}  # fmt: skip


class Texts(ast.NodeVisitor):
    """The texts of a module: those of each name, and those of each error, with its function.

    A name is that of a function or of something assigned, with the function that it stands in.
    """

    def __init__(self, source: str) -> None:
        """Read a module."""
        self.named: dict[tuple[str, str], str] = {}
        self.errors: list[tuple[str, ast.Call]] = []
        self._within = ""
        self.visit(ast.parse(source))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.named["", node.name] = join_texts(node)
        outer, self._within = self._within, node.name
        self.generic_visit(node)
        self._within = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        for name in [one.id for one in node.targets if isinstance(one, ast.Name)]:
            known = self.named.get((self._within, name), "")
            self.named[self._within, name] = known + join_texts(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in STOPS:
            self.errors.append((self._within, node))
        self.generic_visit(node)

    def find(self, function: str, name: str) -> str | None:
        """Find the texts of a name, as a function of the module sees it."""
        return self.named.get((function, name), self.named.get(("", name)))


def list_texts(node: ast.AST) -> Iterator[str]:
    """List the texts below a node."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def join_texts(node: ast.AST) -> str:
    return " ".join(list_texts(node))


def list_silent(modules: dict[str, str]) -> set[str]:
    """List the functions that stop with a sentence and do not say what to do next.

    A text may stand in a constant or a function of any module. What only passes on the sentence of
    somebody else has none of its own.
    """
    read = {place: Texts(source) for place, source in modules.items()}
    shared = {
        name: text
        for one in read.values()
        for (function, name), text in one.named.items()
        if not function
    }
    silent = set()
    for place, texts in read.items():
        for function, call in texts.errors:
            told = [join_texts(call)]
            for name in [one.id for one in ast.walk(call) if isinstance(one, ast.Name)]:
                found = texts.find(function, name)
                told.append(shared.get(name, "") if found is None else found)
            if ADVICE not in " ".join(told) and "。" in " ".join(told):
                silent.add(f"{place}:{function}")
    return silent


def read_package() -> dict[str, str]:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
    }


@pytest.mark.parametrize(
    ("source", "silent"),
    [
        ('def f():\n raise FormError("表がありません。作ってください。")', set()),
        ('def f(x):\n raise FormError(f"{x}: 表がありません。")', {"m.py:f"}),
        ('T = "表がありません。"\ndef f():\n raise FormError(T)', {"m.py:f"}),
        ('T = "作ってください。"\ndef f():\n raise FormError(f"表がありません。{T}")', set()),
        ('def t(n):\n return f"{n}行目。"\ndef f():\n return FormError(t(1))', {"m.py:f"}),
        ('def f(e):\n raise FormError(f"受付簿: {e}")', set()),
        ('def f():\n raise ValueError("列がありません。")', set()),
    ],
)
def test_a_message_without_advice_is_seen(source: str, silent: set[str]) -> None:
    assert list_silent({"m.py": source}) == silent


def test_every_message_says_what_to_do_next() -> None:
    known = {f"{place}:{name}" for place, names in NOT_YET.items() for name in names.split()}
    assert list_silent(read_package()) == known
