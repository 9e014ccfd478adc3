"""What a notebook shows: plain HTML tables and still pictures, readable untrusted and years later."""

from __future__ import annotations

import io
import os
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from IPython.display import HTML, Image
    from matplotlib.figure import Figure

_WIDGET = "application/vnd.jupyter.widget-view+json"


def is_live() -> bool:
    """Whether a person sits in front of this notebook in JupyterLab (papermill sets no session)."""
    return "JPY_SESSION_NAME" in os.environ


def show_live(widget: Any, name: str) -> None:
    """Show a widget to the person in JupyterLab; what the notebook stores of it is a fixed sentence.

    Args:
        widget: an ipywidgets widget. Until the person asks it must hold nobody, because JupyterLab
            stores the state of widgets where it is told to.
        name: what it is, in Japanese.
    """
    from IPython.display import display

    # The widget's own text would repeat its values, so it is replaced by a fixed sentence.
    display({_WIDGET: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id},
             "text/plain": f"{name}（実行中だけ表示されます）"}, raw=True)  # fmt: skip


def show_table(table: pd.DataFrame, caption: str = "") -> HTML:
    """Render a table of counts or statements as static HTML (every cell escaped).

    Args:
        table: any small table; whole numbers are right-aligned with thousands separators.
        caption: a Japanese line above it.
    """
    from IPython.display import HTML

    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(_render_cell(cell) for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return HTML(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _render_cell(cell: object) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f'<td style="text-align:right">{cell:,}</td>'
    return f'<td style="text-align:left">{escape(str(cell))}</td>'


def show_png(content: bytes, alternative: str) -> Image:
    """Show a PNG picture with a Japanese text alternative."""
    from IPython.display import Image

    return Image(data=content, format="png", metadata={"alt": alternative})


def render_figure(figure: Figure) -> bytes:
    """Render a matplotlib figure as PNG bytes without dates or versions in it."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=90, bbox_inches="tight", metadata={"Software": None})
    return picture.getvalue()
