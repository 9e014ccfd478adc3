"""The progress of a long step: seen while it is at work, gone afterwards, never in batch."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pytest

from recruitlib.base.progress import show_progress

WIDGET = "application/vnd.jupyter.widget-view+json"


class Screen:
    """What JupyterLab would show and store."""

    def __init__(self) -> None:
        self.contents: list[dict[str, Any]] = []

    def display(self, content: dict[str, Any], raw: bool, display_id: bool) -> Screen:
        assert raw
        assert display_id
        self.contents.append(content)
        return self

    def update(self, content: dict[str, Any], raw: bool) -> None:
        assert raw
        self.contents.append(content)


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []

    class SeenBox(ipywidgets.HBox):
        def __init__(self, *args: Any, **own: Any) -> None:
            super().__init__(*args, **own)
            made.append(self)

    monkeypatch.setattr(ipywidgets, "HBox", SeenBox)
    return made


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr("IPython.display.display", screen.display)
    return screen


def test_a_person_sees_which_part_is_at_work_and_nothing_is_left(
    screen: Screen, boxes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")
    with show_progress("読んでいます", "比べています") as begin_next:
        (box,) = boxes
        bar, sentence = box.children
        assert (bar.value / bar.max, sentence.value) == (0.25, "読んでいます …（1 / 2）")
        begin_next()
        assert (bar.value / bar.max, sentence.value) == (0.75, "比べています …（2 / 2）")
        assert [content["text/plain"] for content in screen.contents] == [
            "進み具合（実行中だけ表示されます）"
        ]
        assert screen.contents[0][WIDGET]["model_id"] == box.model_id
    assert screen.contents[1:] == [{"text/plain": ""}]
    assert box.comm is None
    assert bar.comm is None
    assert sentence.comm is None


def test_it_goes_too_when_the_step_stops(
    screen: Screen, boxes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")

    @show_progress("読んでいます")
    def stop() -> None:
        assert boxes[-1].children[1].value == "読んでいます …"
        raise ValueError("stop")

    for _ in range(2):
        with pytest.raises(ValueError, match="stop"):
            stop()
    assert [content.get("text/plain") for content in screen.contents][1::2] == ["", ""]
    assert [box.comm for box in boxes] == [None, None]


def test_in_batch_nothing_is_shown(
    screen: Screen, boxes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with show_progress("読んでいます", "比べています") as begin_next:
        begin_next()
    assert screen.contents == boxes == []
