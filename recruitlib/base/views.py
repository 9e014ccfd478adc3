"""What a notebook shows: plain HTML tables and still pictures, readable untrusted and years later."""

from __future__ import annotations

import io
import os
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from IPython.display import HTML, Image
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# At this density a point of a picture shown at 100 % is a point of the page around it.
_DOTS = 96
_SHADES = 16
_WIDGET = "application/vnd.jupyter.widget-view+json"
# Letters for Unicode, of which nothing is seen: the Hangul fillers, the blank braille cell and the
# grapheme joiner.
_UNSEEN = "\u115f\u1160\u3164\uffa0\u2800\u034f"
_SHOWN = 300  # characters of a value, far more than a name or an address has


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

    display(describe_widget(widget, name), raw=True)


def describe_widget(widget: Any, name: str) -> dict[str, Any]:
    """Describe a widget for display; its own text would repeat its values, so a sentence stands."""
    return {
        _WIDGET: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id},
        "text/plain": f"{name}（実行中だけ表示されます）",
    }


def mark_unseen(text: str, limit: int = _SHOWN) -> str:
    """Write what cannot be seen, or would turn the text around, as a visible mark: ``[U+202E]``.

    Those are control and format characters, line ends, bidirectional marks and lone surrogates;
    variant selectors, which belong to a name, stay. What is longer than the limit is cut, and the
    cut is told with its length.

    Args:
        text: what somebody typed, or a file holds.
        limit: characters that are shown at most.
    """
    shown = text[:limit]
    rest = f"…（以下略 {len(text) - limit:,}字）" if len(text) > limit else ""
    return "".join(map(_mark_letter, shown)) + rest


def _mark_letter(letter: str) -> str:
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") or letter in _UNSEEN
    return f"[U+{ord(letter):04X}]" if hidden else letter


def show_text(text: str, limit: int = _SHOWN) -> str:
    """Render any text as HTML that shows it as typed and does nothing else.

    It is neither a tag nor a formula (JupyterLab typesets what stands between dollar signs or
    behind a backslash), nor Markdown,
    and cannot turn the text around it: every ASCII sign is a reference of its own, those with
    which a formula begins stand in an element of their own, and the whole is isolated.

    Args:
        text: what somebody typed, or a file holds.
        limit: characters that are shown at most; see ``mark_unseen``.
    """
    return f"<bdi>{''.join(map(_render_letter, mark_unseen(text, limit)))}</bdi>"


def _render_letter(letter: str) -> str:
    if not letter.isascii() or letter.isalnum() or letter == " ":
        return letter
    reference = f"&#{ord(letter)};"
    return f"<span>{reference}</span>" if letter in "$\\" else reference


def show_table(table: pd.DataFrame, caption: str = "") -> HTML:
    """Render a table of counts or statements as static HTML (every cell escaped).

    Args:
        table: any small table; whole numbers are right-aligned with thousands separators. Without
            rows it says so.
        caption: a Japanese line above it.
    """
    from IPython.display import HTML

    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(_render_cell(cell) for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    if table.empty:  # heads alone look like something that failed to show
        rest = [""] * (len(table.columns) - 1)
        rows = f"<tr>{''.join(map(_render_cell, ['なし', *rest]))}</tr>"
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


def show_paper(content: bytes, alternative: str) -> Image:
    """Show a paper as one still picture, its pages one below the other.

    Args:
        content: a PDF that anybody may see.
        alternative: what it is, in Japanese.
    """
    import pypdfium2
    from PIL import Image as Picture

    document = pypdfium2.PdfDocument(content)
    pages = [page.render(scale=_DOTS / 72, grayscale=True).to_pil() for page in document]
    whole = Picture.new(
        "L", (max(page.width for page in pages), sum(page.height for page in pages))
    )
    top = 0
    for page in pages:
        whole.paste(page, (0, top))
        top += page.height
    picture = io.BytesIO()
    # Text on white needs few shades, and the record keeps the picture for years.
    whole.quantize(_SHADES).save(picture, format="PNG", optimize=True)
    return show_png(picture.getvalue(), alternative)


def make_panels(rows: int, columns: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    """Make an empty picture as wide as a page, with Japanese text of twelve points.

    Args:
        rows: panels one below the other.
        columns: panels side by side.
        height: of one row, in inches.
    """
    import matplotlib_fontja  # noqa: F401  (registers the Japanese font)
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams.update({"font.size": 12, "axes.titlesize": "medium", "hatch.linewidth": 0.8})
    figure = Figure(figsize=(8, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).ravel().tolist()


def render_figure(figure: Figure) -> bytes:
    """Render a matplotlib figure as PNG bytes without dates or versions in it."""
    picture = io.BytesIO()
    figure.savefig(
        picture, format="png", dpi=_DOTS, bbox_inches="tight", metadata={"Software": None}
    )
    return picture.getvalue()
