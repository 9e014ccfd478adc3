"""The desk of notebook 03 built by hand: the situation's cases, and officers who need no waiting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.officers import Signer
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.run import Stage
from recruitlib.review.confirmation import Review, prepare_review
from tests.officers import sign_as
from tests.unit.stages import make_situation, make_stage, store

PASSPHRASE = "demo"


def begin_review(
    folder: Path, tables: dict[str, pd.DataFrame] | None = None, **changes: Any
) -> tuple[Stage, Review]:
    """Begin 03 with the situation's tables and the shipped officers."""
    stage = make_stage(folder, "03", **changes)
    store(stage, **(tables or make_situation()))
    return stage, prepare_review(stage)


def open_quickly(root: Path, demonstration: bool, staff_id: str, passphrase: str) -> Signer:
    """Open a shipped officer's key as ``open_signer`` does, deriving it once for all tests."""
    if passphrase != PASSPHRASE:
        raise ParameterError("職員の合言葉が違います。")
    return sign_as(staff_id)


def be_live(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let a notebook be one of a live session, and give what it would store of what is shown."""
    import ipywidgets

    # What an earlier test has left in a widget is none of this one's.
    ipywidgets.Widget.close_all()
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda content, raw: shown.append(content))
    # The progress of a step has tests of its own, and leaves nothing.
    monkeypatch.setattr("recruitlib.base.progress.is_live", lambda: False)
    monkeypatch.setattr("recruitlib.review.panel_parts.open_signer", open_quickly)
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")
    monkeypatch.setenv(LIVE_VARIABLE, "live/03.ipynb")
    return shown


def list_widgets(widget: Any) -> list[Any]:
    """List a widget and everything in it."""
    return [
        widget,
        *(own for child in getattr(widget, "children", ()) for own in list_widgets(child)),
    ]


def find_widget(widget: Any, name: str) -> Any:
    """Find the one widget of a class, as a page's test would."""
    [found] = [
        own for own in list_widgets(widget) if f"rl-{name}" in getattr(own, "_dom_classes", ())
    ]
    return found


def list_values(review: Review) -> set[str]:
    """List every value of a person that a panel could show."""
    columns = ("full_name", "full_name_kana", "addressee_id", "address", "birth_date")
    typed = ("subject_name", "subject_kana", "subject_address", "subject_birth_text", "phone")
    values = {value for name in columns for value in review.cohort[name]}
    return {*values, *(value for name in typed for value in review.applications[name])} - {""}


def list_held(widget: Any, review: Review) -> list[str]:
    """List the values of people that stand in the state of any widget that there is."""
    from ipywidgets.widgets.widget import _instances

    states = [
        json.dumps(own.get_state(), ensure_ascii=False, default=str) for own in _instances.values()
    ]
    states.append(
        json.dumps(
            [own.get_state() for own in list_widgets(widget)], ensure_ascii=False, default=str
        )
    )
    return [value for value in list_values(review) if any(value in state for state in states)]
