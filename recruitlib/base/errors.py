"""The errors that stop a run, each with the exit code a batch operator sees.

A message is one Japanese line: what, where (file, row, column), what was expected, what to do
next. It never holds a person's value: not a name, not an address, not an id.
"""

from __future__ import annotations

from pathlib import Path


class RecruitError(Exception):
    """An expected stop of a run, shown as one Japanese line and an exit code."""

    exit_code = 1

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
    raise error(f"{heading}: {len(problems)}件の問題があります。{lines}{rest}")
