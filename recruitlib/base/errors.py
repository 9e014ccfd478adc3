"""The errors that stop a run, each with the exit code a batch operator sees.

A message is one Japanese line: what, where (file, row, column), what was expected, what to do
next. It never holds a person's value: not a name, not an address, not an id.
"""

from __future__ import annotations

import errno
import unicodedata
from pathlib import Path

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, marks, halves, ends of lines and paragraphs
_LONGEST = 10_000  # characters of a message, which may quote what somebody wrote without an end


def _show_line(message: str) -> str:
    """Write a message as one line: what would turn it, hide in it or drive a terminal is named.

    Names and headers of a file stand in messages, and whoever made the file chose them.
    """
    shown = "".join(
        f"[U+{ord(sign):04X}]" if unicodedata.category(sign) in _UNSEEN else sign
        for sign in message[:_LONGEST]
    )
    return f"{shown}…（以下略）" if len(message) > _LONGEST else shown


class RecruitError(Exception):
    """An expected stop of a run, shown as one Japanese line and an exit code."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(_show_line(message))

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: the notebook shows the line, never a traceback with values in it.
        return [f"{type(self).__name__}: {self}"]


class ParameterError(RecruitError):
    """A parameter is unknown, missing, mistyped or given twice."""

    exit_code = 10


class FormError(RecruitError):
    """A file is not what it should be."""

    exit_code = 11


class GuardError(RecruitError):
    """A guard answered no."""

    exit_code = 12


class AwaitingPerson(RecruitError):  # noqa: N818  (a state, not a fault: nothing is wrong yet)
    """A decision or an approval by a person is missing."""

    exit_code = 13


class OutputError(RecruitError):
    """What was made is not what was approved, or cannot be made."""

    exit_code = 14


class IntegrityError(RecruitError):
    """The record, or a file it vouches for, has been changed."""

    exit_code = 15


class UnforeseenError(RecruitError):
    """An error that nobody foresaw: type and place only, since its text may hold a person's value."""

    exit_code = 1


EXPECTED_ERRORS: dict[str, type[RecruitError]] = {
    error.__name__: error
    for error in (
        ParameterError,
        FormError,
        GuardError,
        AwaitingPerson,
        OutputError,
        IntegrityError,
    )
}


def describe_place(error: BaseException) -> str:
    """Name the type of an unforeseen error and the innermost place in the code, and nothing else."""
    place = "場所不明"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{Path(code.co_filename).name} {trace.tb_lineno}行目 {code.co_name}"
        trace = trace.tb_next
    return f"{type(error).__name__}（{place}）"


# Why the system refuses to write or to open a file, and what to do.
_REFUSED = {
    errno.ENOSPC: "ディスクに空きがなく、書けませんでした。空きを作って、もう一度実行してください。",
    errno.EROFS: "フォルダが読み取り専用で、書けませんでした。書けるようにして、もう一度実行してください。",
    errno.EACCES: "ファイルかフォルダを開くか書く権限がありません。権限を確かめて、もう一度実行してください。",
}
_REFUSED[errno.EDQUOT], _REFUSED[errno.EPERM] = _REFUSED[errno.ENOSPC], _REFUSED[errno.EACCES]


def explain_refusal(error: BaseException) -> str:
    """Explain in Japanese why the system has refused a file, without its name; "" for other errors."""
    return _REFUSED.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def raise_problems(error: type[RecruitError], problems: list[str], heading: str) -> None:
    """Raise all problems of one file at once, so that an officer mends them in one pass.

    Args:
        error: the class to raise.
        problems: one Japanese sentence each, without a person's value; nothing is raised when empty.
        heading: what was being done, with the file's name.

    Raises:
        error: when there is at least one problem.
    """
    if not problems:
        return
    shown = problems[:20]
    rest = f" ほか{len(problems) - len(shown)}件。" if len(problems) > len(shown) else ""
    lines = " ".join(f"({number}) {problem}" for number, problem in enumerate(shown, start=1))
    advice = "" if "ください" in lines else " 直してから、もう一度実行してください。"
    raise error(f"{heading}: {len(problems)}件の問題があります。{lines}{rest}{advice}")
