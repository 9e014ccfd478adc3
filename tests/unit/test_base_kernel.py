"""A kernel that shows no person's value: not in an output, a reply, stdout or stderr.

A small notebook runs through nbclient in a real kernel; what it leaves is searched for an invented
name as text, as an escape and in parts.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from recruitlib.base.errors import FormError, GuardError, UnforeseenError
from recruitlib.base.kernel import render_error

ROOT = Path(__file__).parents[2]
NAME = "架空野　花子"
PARTS = ("架空野", "花子", r"\u67b6\u7a7a\u91ce")
SECRET = '"".join(map(chr, ' + str([ord(letter) for letter in NAME]) + "))"
BEGIN = (
    "from pathlib import Path\n"
    "from recruitlib.base.errors import GuardError\n"
    "from recruitlib.base.kernel import quiet_kernel\n"
)
QUIET = BEGIN + "quiet_kernel()\n"
KEEP = BEGIN + (
    "def keep(shown, detail):\n"
    "    Path('detail.txt').write_text(type(shown).__name__ + '\\n' + detail, encoding='utf-8')\n"
    "quiet_kernel()\nquiet_kernel(keep)\n"
)
FAIL_TO_KEEP = BEGIN + (
    "def keep(shown, detail):\n    raise OSError(28, 'no space')\nquiet_kernel(keep)\n"
)
UNFORESEEN = {
    "ValueError": f"raise ValueError({SECRET})",
    "KeyError": f"{{}}[{SECRET}]",
    "FileNotFoundError": f"open({SECRET} + '.csv')",
    "UnicodeDecodeError": f"{SECRET}.encode('cp932').decode('utf-8')",
    "JSONDecodeError": f"import json\njson.loads('[' + {SECRET})",
    "ScannerError": f"import yaml\nyaml.safe_load('a: \"' + {SECRET})",
    "Odd": f"class Odd(Exception):\n    def __str__(self):\n        return {SECRET}\nraise Odd",
    "RuntimeError": (
        f"try:\n    {{}}[{SECRET}]\nexcept KeyError as error:\n    raise RuntimeError('outer') from error"
    ),
    "ExceptionGroup": f"raise ExceptionGroup({SECRET}, [ValueError({SECRET})])",
    "TypeError": (
        f"try:\n    raise ExceptionGroup({SECRET}, [ValueError({SECRET})])\n"
        "except ExceptionGroup:\n    None + 1"
    ),
    "SyntaxError": f"compile({SECRET} + '(', {SECRET}, 'exec')",
    "UsageError": f"from IPython.core.error import UsageError\nraise UsageError({SECRET})",
}


class _Executed:
    """What one notebook left: its JSON, the reply of its kernel, and what came to the terminal."""

    def __init__(self, folder: Path, *sources: str) -> None:
        self.notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources]
        )
        client = NotebookClient(
            self.notebook, timeout=60, kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )  # fmt: skip
        with pytest.raises(CellExecutionError) as caught:
            client.execute()
        self.error = caught.value
        self.outputs = self.notebook.cells[-1].outputs

    @property
    def text(self) -> str:
        written = json.dumps(self.notebook, ensure_ascii=False) + str(self.error)
        return written + self.error.ename + self.error.evalue + self.error.traceback


@pytest.fixture(autouse=True)
def _find_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def _hold_no_part(*texts: str) -> None:
    for text in texts:
        for part in PARTS:
            assert part not in text


def test_a_kernel_that_was_not_made_quiet_would_show_the_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "花子" in _Executed(tmp_path, BEGIN, UNFORESEEN["ValueError"]).text


@pytest.mark.parametrize("kind", UNFORESEEN)
def test_an_unforeseen_error_shows_type_and_place_in_output_reply_and_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    executed = _Executed(tmp_path, QUIET, UNFORESEEN[kind])

    terminal = capfd.readouterr()
    _hold_no_part(executed.text, terminal.out, terminal.err)
    (output,) = executed.outputs
    assert (output.output_type, output.ename) == ("error", "UnforeseenError")
    assert kind in output.evalue
    assert "行目" in output.evalue
    assert output.traceback == [f"UnforeseenError: {output.evalue}"]
    assert executed.error.ename == "UnforeseenError"


def test_the_detail_is_kept_once_and_whole_for_the_one_who_may_read_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    executed = _Executed(tmp_path, KEEP, UNFORESEEN["RuntimeError"])
    _hold_no_part(executed.text, *capfd.readouterr())
    kind, _, detail = (tmp_path / "detail.txt").read_text(encoding="utf-8").partition("\n")
    assert kind == "UnforeseenError"
    assert "KeyError: '架空野" in detail
    assert "RuntimeError: outer" in detail


def test_a_detail_that_cannot_be_kept_does_not_show_the_error_either(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    executed = _Executed(tmp_path, FAIL_TO_KEEP, UNFORESEEN["ValueError"])
    terminal = capfd.readouterr()
    _hold_no_part(executed.text, terminal.out, terminal.err)
    assert executed.outputs[0].ename == "UnforeseenError"


def test_an_expected_error_shows_its_line_and_hides_what_caused_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = (
        f"try:\n    {{}}[{SECRET}]\nexcept KeyError as error:\n"
        "    raise GuardError('関門が「否」です。') from error"
    )
    executed = _Executed(tmp_path, KEEP, source)
    _hold_no_part(executed.text, *capfd.readouterr())
    (output,) = executed.outputs
    assert (output.ename, output.evalue) == ("GuardError", "関門が「否」です。")
    assert output.traceback == ["GuardError: 関門が「否」です。"]


def test_a_quiet_kernel_keeps_no_history(tmp_path: Path) -> None:
    source = "assert get_ipython().history_manager.enabled is False\nraise GuardError('終')"
    assert _Executed(tmp_path, QUIET, source).outputs[0].ename == "GuardError"


# ---- without a kernel ----


def test_an_expected_error_is_shown_as_it_is() -> None:
    error = FormError("名簿.csv: 3行目")
    assert render_error(error) is error


def test_any_other_error_becomes_one_of_exit_code_one_without_its_text() -> None:
    shown = render_error(KeyError(NAME))
    assert type(shown) is UnforeseenError
    assert shown.exit_code == 1
    _hold_no_part(str(shown), repr(shown))


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        (f"{{}}[{SECRET}]", "KeyError: 予期しない誤りです: KeyError（"),
        (UNFORESEEN["RuntimeError"], "RuntimeError: 予期しない誤りです: RuntimeError（"),
        ("raise GuardError('否です。')", "GuardError: 否です。"),
    ],
)
def test_a_terminal_shows_one_line_without_the_name(statement: str, wanted: str) -> None:
    program = (
        "from recruitlib.base.errors import GuardError\n"
        "from recruitlib.base.kernel import quiet_kernel, quiet_terminal\n"
        f"quiet_kernel()\nquiet_terminal()\n{statement}\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], capture_output=True, cwd=ROOT, check=False
    )
    shown = done.stderr.decode("utf-8")
    assert done.returncode == GuardError.exit_code - 11 == 1
    assert shown.startswith(wanted)
    assert len(shown.splitlines()) == 1
    _hold_no_part(shown, done.stdout.decode("utf-8"))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.ENOSPC, "空き"),
        (errno.EDQUOT, "空き"),
        (errno.EROFS, "読み取り専用"),
        (errno.EACCES, "権限"),
    ],
)
def test_a_refused_file_is_told_in_words_and_without_its_name(code: int, told: str) -> None:
    shown = render_error(OSError(code, os.strerror(code), "/tmp/架空太郎.csv"))
    assert told in str(shown)
    assert "ください" in str(shown)
    assert "架空太郎" not in str(shown)
    assert shown.exit_code == 1
