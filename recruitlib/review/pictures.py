"""Pictures of the review: still, in Japanese, with nothing told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pandas as pd

from recruitlib.base.counts import ALL, STEP_BY_NAME, Count, index_counts
from recruitlib.base.masking import HELD, MARK_WORDS, SMALL, SMALLEST_SHOWN, Cell
from recruitlib.base.views import make_panels
from recruitlib.review.balance import list_people_steps

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

# Colour and pattern together: what stays, what is taken off, what is left.
_WHOLE, _TAKEN, _LEFT = ("#4878a8", ""), ("#e0a39c", "///"), ("#3b8a5a", "..")
_COHORTS = (("#4878a8", ""), ("#f0d9a8", "///"), ("#8fbf9f", ".."), ("#cccccc", "xx"))
_BEFORE: dict[str, Any] = {"marker": "D", "markersize": 5, "linestyle": "", "color": "#333333",
                           "markerfacecolor": "white"}  # fmt: skip
_BAR = 0.2  # inches of height for one bar and the space around it
_LONGEST_PANEL = 25  # towns


def draw_waterfall(counts: Sequence[Count]) -> Figure:
    """Draw from the cohort down to the recipients, one panel per age.

    Each bar begins where the one above has ended, since what is taken off is taken off the rest.
    """
    known = index_counts(counts)
    ages = sorted({count.cohort for count in counts} - {ALL})
    steps = list_people_steps(counts)
    figure, panels = make_panels(len(ages), 1, 3)
    for panel, age in zip(panels, ages, strict=True):
        whole = left = sum(known.get((age, step), 0) for step in steps)
        bars = [(STEP_BY_NAME["cohort"].label, 0, whole, f"{whole:,}", _WHOLE)]
        for step in steps[:-1]:
            taken = known.get((age, step), 0)
            left -= taken
            bars.append(
                (
                    f"− {STEP_BY_NAME[step].label}",
                    left,
                    taken,
                    f"−{taken:,}" if taken else "0",
                    _TAKEN,
                )
            )
        bars.append((f"＝ {STEP_BY_NAME['recipients'].label}", 0, left, f"{left:,}", _LEFT))
        for place, (_, start, length, text, (colour, pattern)) in enumerate(bars):
            panel.barh(place, length, left=start, color=colour, hatch=pattern, edgecolor="#333333")
            panel.annotate(text, (start + length, place), xytext=(4, 0),
                           textcoords="offset points", va="center")  # fmt: skip
        panel.set_yticks(range(len(bars)), [bar[0] for bar in bars])
        panel.invert_yaxis()
        panel.set_xlim(0, max(whole, 1) * 1.15)
        panel.locator_params(axis="x", nbins=5)
        panel.set_xlabel("人")
        panel.set_title(f"{age}歳")
    return figure


def draw_towns(masked: pd.DataFrame, before: Mapping[tuple[str, str], Cell]) -> Figure:
    """Draw the recipients by town, a bar for each age, in as many columns as the towns need.

    Args:
        masked: of ``mask_towns``; a count that is hidden has a mark in place of its bar.
        before: the recipients of the run before by town and age; a diamond at each number of it.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ages = sorted(masked["cohort"].unique())
    towns = list(dict.fromkeys(masked["town"]))
    columns = min(3, max(1, -(-len(towns) // _LONGEST_PANEL)))
    length = max(1, -(-len(towns) // columns))
    figure, panels = make_panels(1, columns, 1.2 + _BAR * length * max(len(ages), 1.2))
    given = masked.set_index(["cohort", "town"])["given"].to_dict()
    earlier = {
        (age, town): cell for (town, age), cell in before.items()
        if (age, town) in given and isinstance(cell, int)
    }  # fmt: skip
    drawn = [*given.values(), *earlier.values()]
    longest = max([SMALLEST_SHOWN, *(cell for cell in drawn if isinstance(cell, int))])
    for number, panel in enumerate(panels):
        own = towns[number * length : (number + 1) * length]
        for row, (age, (colour, pattern)) in enumerate(zip(ages, cycle(_COHORTS), strict=False)):
            cells = [given[age, town] for town in own]
            places = [place + (row + 0.5) / len(ages) - 0.5 for place in range(len(own))]
            panel.barh(
                places, [cell if isinstance(cell, int) else 0 for cell in cells], 0.8 / len(ages),
                color=colour, hatch=pattern, edgecolor="#333333", linewidth=0.6,
            )  # fmt: skip
            for word, sign in ((SMALL, "o"), (HELD, "x")):
                hidden = [place for place, cell in zip(places, cells, strict=True) if cell == word]
                panel.plot([longest * 0.04] * len(hidden), hidden, sign, markersize=6,
                           color="#333333", fillstyle="none")  # fmt: skip
            numbers = [earlier.get((age, town)) for town in own]
            known = [(n, place) for n, place in zip(numbers, places, strict=True) if n is not None]
            panel.plot([n for n, _ in known], [place for _, place in known], **_BEFORE)
        panel.set_yticks(range(len(own)), own)
        panel.set_ylim(length - 0.5, -0.5)
        panel.set_xlim(0, longest * 1.05)
        panel.locator_params(axis="x", nbins=3)
        panel.grid(axis="x", color="#dddddd")
        panel.set_axisbelow(True)
    signs: list[Artist] = [
        Patch(facecolor=colour, hatch=pattern * 2, edgecolor="#333333", label=f"{age}歳")
        for age, (colour, pattern) in zip(ages, cycle(_COHORTS), strict=False)
    ]
    if earlier:
        signs.append(Line2D([], [], label="前回の人数", **_BEFORE))
    figure.legend(handles=signs, loc="outside upper left", ncols=len(signs), frameon=False)
    figure.supxlabel(f"人　{MARK_WORDS}", fontsize=12)
    return figure
