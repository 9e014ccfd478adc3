"""Preview: the sheets as they are laid out, masked for the notebook, real only while it is live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from recruitlib.base.audit import append_entry
from recruitlib.base.run import Stage
from recruitlib.base.views import is_live, show_live
from recruitlib.labels.fitting import FittedLabel
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.layout import FittedLine
from recruitlib.labels.lots import Bundle
from recruitlib.labels.print_settings import open_fonts, read_wording
from recruitlib.labels.printing import render_labels
from recruitlib.labels.proof import render_page
from recruitlib.labels.sheets import share_out
from recruitlib.labels.wording import POSTAL_MARK, Wording

_BLOCK = "■"
_SCALE_STEP = 5.0


def mask_labels(
    fitted: Sequence[FittedLabel], font: LabelFont, wording: Wording
) -> list[FittedLabel]:
    """Mask what labels say of a person, line by line in its place.

    What remains is what every label of the run says: the postal mark, the honorific, the return
    line. For the rest of a line stand as many blocks as full-width characters have room in it;
    where it begins is told to the millimetre below, and how far it is condensed to the 5 % below.
    So the picture tells where lines stand, about how long they are and how they were made to fit,
    and of a text no more than about how many full-width characters it is long.

    Args:
        fitted: labels that fit.
        font: the font of the blocks.
        wording: what the office set.
    """
    masked = []
    for label in fitted:
        own = len(label.lines) - bool(wording.return_line)
        lines = [_mask_line(line, font, wording.ending) for line in label.lines[:own]]
        masked.append(replace(label, lines=(*lines, *label.lines[own:])))
    return masked


def _mask_line(line: FittedLine, font: LabelFont, ending: str) -> FittedLine:
    start = POSTAL_MARK if line.text.startswith(POSTAL_MARK) else ""
    end = ending if ending and line.text.endswith(ending) else ""
    hidden = line.text[len(start) : len(line.text) - len(end)]
    room = sum(glyph.advance for glyph in line.font.list_glyphs(hidden)) / 1000
    return line._replace(
        text=start + _BLOCK * max(1, math.floor(room)) + end,
        x_mm=math.floor(line.x_mm),
        scale_percent=line.scale_percent - line.scale_percent % _SCALE_STEP,
        font=font,
    )


def draw_masked(stage: Stage, bundles: Sequence[Bundle]) -> bytes:
    """Draw the first sheet in its real layout, masked, as a picture that the notebook may keep."""
    first, fonts = bundles[0], open_fonts(stage.root, stage.parameters)
    orders = share_out(first.sheet, len(first.fitted))[0]
    labels = [first.fitted[order] for order in orders]
    masked = mask_labels(labels, fonts[-1], read_wording(stage.root, stage.parameters))
    return render_page(render_labels(masked, first.sheet, fonts, "伏せ字の見本"), 1, dpi=60)


def show_real(stage: Stage, bundles: Sequence[Bundle]) -> None:
    """Show the sheets as they are, one by one, in a live widget; in batch show nobody.

    Each sheet that a person asked to see is told to the record, when it is shown first.
    """
    if not is_live():
        print("実際の宛名は、このノートブックを JupyterLab で開いて実行したときだけ見られます。")
        return
    import ipywidgets

    sheets = [
        (bundle, page + 1)
        for bundle in bundles
        for page in range(len(share_out(bundle.sheet, len(bundle.people))))
    ]
    # Nothing is drawn before a person asks, so that a saved state of the widget holds nobody.
    words = (
        f"シートの番号（1 から {len(sheets)}）を入れると、実際の宛名を表示します。0 で消えます。"
    )
    heading = ipywidgets.HTML(words)
    page = ipywidgets.Image(format="png")
    number = ipywidgets.BoundedIntText(0, min=0, max=len(sheets), description="シート")
    told: set[int] = set()

    def turn(change: dict[str, int]) -> None:
        page.value = b""
        heading.value = words
        if change["new"] == 0:
            return
        bundle, sheet = sheets[change["new"] - 1]
        if change["new"] not in told:
            append_entry(
                stage.folder, stage.number, "labels_shown", bundle=bundle.name, sheet=sheet
            )
            told.add(change["new"])
        page.value = render_page(bundle.pdf, sheet)
        heading.value = f"labels_{bundle.name}.pdf の {sheet} 枚目"

    number.observe(turn, "value")
    show_live(ipywidgets.VBox([number, heading, page]), "宛名の画面")
