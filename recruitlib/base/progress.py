"""Progress of a long step, shown to the person in JupyterLab only while the step is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recruitlib.base.views import describe_widget, is_live

_NAME = "進み具合"


@contextmanager
def show_progress(*parts: str) -> Iterator[Callable[[], None]]:
    """Show how far a step is, which takes longer than two seconds with a large city's people.

    A bar and the sentence of the part at work stand under the cell, and go when the step ends or
    stops; what the notebook stores is an empty line. In batch nothing is shown or stored. A step of
    one part takes it as a decorator.

    Args:
        parts: a Japanese sentence for each part of the step, in order. It names no person.

    Yields:
        a function to be called where the next part begins.
    """
    if not is_live():
        yield lambda: None
        return
    import ipywidgets
    from IPython.display import display

    bar = ipywidgets.IntProgress(1, 0, 2 * len(parts), layout=ipywidgets.Layout(width="12em"))
    sentence = ipywidgets.Label(_tell(parts, 0))
    box = ipywidgets.HBox([bar, sentence])
    box.add_class("rl-at-work")
    shown = display(describe_widget(box, _NAME), raw=True, display_id=True)

    def begin_next() -> None:
        bar.value += 2  # it stands in the middle of the part at work
        sentence.value = _tell(parts, bar.value // 2)

    try:
        yield begin_next
    finally:
        shown.update({"text/plain": ""}, raw=True)
        for widget in (box, bar, sentence):
            widget.close()


def _tell(parts: tuple[str, ...], begun: int) -> str:
    return f"{parts[begun]} …" + (f"（{begun + 1} / {len(parts)}）" if len(parts) > 1 else "")
