"""What keeps a notebook's kernel from writing a person's value: no history, no tracebacks."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import Any

from recruitlib.base.errors import RecruitError, UnforeseenError, describe_place, explain_refusal


def render_error(error: BaseException) -> RecruitError:
    """Turn any error into one that may be shown: an expected one as it is, else type and place."""
    if isinstance(error, RecruitError):
        return error
    return UnforeseenError(
        explain_refusal(error)
        or f"予期しない誤りです: {describe_place(error)}。"
        "詳しい内容は暗号化して private に残しました。管理者に知らせてください。"
    )


def import_ahead(names: Iterable[str]) -> None:
    """Import modules before a notebook asks for them; what cannot be imported it will say itself."""
    for name in names:
        with suppress(Exception):
            import_module(name)


def quiet_kernel(keep_detail: Callable[[RecruitError, str], None] | None = None) -> None:
    """Switch the input history off and show every error as one line, if this is a kernel.

    Args:
        keep_detail: called with the error as shown and the full traceback text, to store it
            encrypted; without it the detail is dropped.
    """
    shell = _find_shell()
    if shell is None:
        return
    if shell.history_manager is not None:
        shell.history_manager.enabled = False

    def show_line(kind: type, error: BaseException, stack: Any = None) -> None:
        shown = render_error(error)
        if keep_detail is not None:
            # A detail that cannot be kept is dropped: a second error would show the first one's text.
            with suppress(Exception):
                keep_detail(shown, "".join(traceback.format_exception(error)))
        _original(shell)(type(shown), shown, shown._render_traceback_())

    def show_any(trio: Any = None, *_: Any, **__: Any) -> None:
        # IPython prints an exception group in full before it would call _showtraceback.
        error = (trio or sys.exc_info())[1]
        if error is not None:
            show_line(type(error), error)

    if not hasattr(shell, "_recruitlib_original"):
        shell._recruitlib_original = shell._showtraceback
        shell.events.register("post_run_cell", _replace_error)
    shell._showtraceback = show_line
    shell.showtraceback = show_any
    shell.showsyntaxerror = lambda *_, **__: show_any()


def _replace_error(result: Any) -> None:
    # The kernel's reply quotes the error of the result, so that must be the one as shown.
    for name in ("error_before_exec", "error_in_exec"):
        error = getattr(result, name, None)
        if error is not None:
            setattr(result, name, render_error(error))


def _original(shell: Any) -> Callable[..., None]:
    return shell._recruitlib_original


def _find_shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def quiet_terminal() -> None:
    """Show every error that reaches the terminal as one line."""

    def show_line(kind: type, error: BaseException, trace: TracebackType | None) -> None:
        print(f"{type(error).__name__}: {render_error(error)}", file=sys.stderr)

    sys.excepthook = show_line
