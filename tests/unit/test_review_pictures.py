"""The pictures of the review: the numbers of the tables, and nothing told by colour alone."""

from __future__ import annotations

import pandas as pd
import pytest

from recruitlib.base.counts import Count
from recruitlib.base.masking import HELD, SMALL
from recruitlib.base.views import render_figure
from recruitlib.review.pictures import draw_towns, draw_waterfall

PEOPLE = ("protected", "opted_out", "withheld", "recipients")


@pytest.mark.parametrize("ages", [("18",), ("18", "21", "22")])
def test_the_waterfall_has_one_panel_for_each_age_and_shows_the_numbers(
    ages: tuple[str, ...],
) -> None:
    counts = [
        Count(age, step, number)
        for age in ages for step, number in zip(PEOPLE, (1, 20, 0, 1234), strict=True)
    ]  # fmt: skip
    figure = draw_waterfall(counts)
    assert len(figure.axes) == len(ages)
    for panel, age in zip(figure.axes, ages, strict=True):
        assert panel.get_title() == f"{age}歳"
        assert [text.get_text() for text in panel.texts] == ["1,255", "−1", "−20", "0", "1,234"]
        # Each bar ends where the one above has begun, and the last begins at nought.
        bars = [(bar.get_x(), bar.get_width()) for bar in panel.patches]
        assert bars == [(0, 1255), (1254, 1), (1234, 20), (1234, 0), (0, 1234)]
        patterns = [bar.get_hatch() for bar in panel.patches]
        assert (
            patterns[0] != patterns[1] == patterns[2] == patterns[3] != patterns[4] != patterns[0]
        )
        labels = [label.get_text() for label in panel.get_yticklabels()]
        assert [label[0] for label in labels] == ["募", "−", "−", "−", "＝"]


def test_the_waterfall_of_a_top_up_takes_off_who_was_supplied_before() -> None:
    steps = (*PEOPLE[:3], "supplied_before", "recipients")
    [panel] = draw_waterfall(
        [
            Count("18", step, number)
            for step, number in zip(steps, (1, 20, 0, 1200, 34), strict=True)
        ]
    ).axes
    assert [text.get_text() for text in panel.texts] == ["1,255", "−1", "−20", "0", "−1,200", "34"]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels[4:] == ["− すでに提供した人", "＝ 提供対象者"]


def test_every_text_of_a_picture_is_twelve_points_or_more() -> None:
    from matplotlib.text import Text

    masked = pd.DataFrame({"town": ["片町"], "cohort": ["18"], "given": [12]})
    for figure in (
        draw_waterfall([Count("18", "recipients", 3)]),
        draw_towns(masked, {("片町", "18"): 30}),
    ):
        render_figure(figure)
        written = [text for text in figure.findobj(Text) if text.get_text()]
        assert len(written) > 3
        assert min(text.get_fontsize() for text in written) >= 12


def make_masked(towns: int) -> pd.DataFrame:
    cells: list[object] = [SMALL, HELD, 40, 1_200]
    rows = [
        (f"町{number}", age, cells[(number + place) % 4])
        for number in range(towns) for place, age in enumerate(("18", "22"))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["town", "cohort", "given"])


@pytest.mark.parametrize(("towns", "columns"), [(1, 1), (25, 1), (26, 2), (60, 3), (150, 3)])
def test_every_town_has_its_line_in_the_picture(towns: int, columns: int) -> None:
    masked = make_masked(towns)
    figure = draw_towns(masked, {})
    labels = [label.get_text() for panel in figure.axes for label in panel.get_yticklabels()]
    assert len(figure.axes) == columns
    assert labels == list(dict.fromkeys(masked["town"]))
    widths = [bar.get_width() for panel in figure.axes for bar in panel.patches]
    shown = sorted(cell for cell in masked["given"] if isinstance(cell, int))
    assert sorted(width for width in widths if width) == shown


def test_a_hidden_count_is_a_mark_that_tells_no_length() -> None:
    panel = draw_towns(make_masked(4), {}).axes[0]
    marks = {line.get_marker(): len(line.get_xdata()) for line in panel.lines[:2]}
    # The 18-year-olds of the four towns: hidden, held back, 40 and 1,200.
    assert marks == {"o": 1, "x": 1}
    assert {x for line in panel.lines for x in line.get_xdata()} == {48.0}
    assert [bar.get_width() for bar in panel.patches[:4]] == [0, 0, 40, 1_200]


def test_the_ages_differ_by_pattern_and_the_legend_names_them() -> None:
    figure = draw_towns(make_masked(3), {})
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["18歳", "22歳"]
    assert len({patch.get_hatch() for patch in legend.get_patches()}) == 2


def test_a_number_of_the_run_before_is_a_diamond_and_a_hidden_one_is_not_drawn() -> None:
    before: dict[tuple[str, str], int | str] = {
        ("町0", "18"): 1_300, ("町1", "18"): SMALL, ("町2", "18"): HELD, ("町2", "22"): 30, ("北町", "18"): 5_000,
    }  # fmt: skip
    figure = draw_towns(make_masked(3), before)
    panel = figure.axes[0]
    diamonds = [
        (x, y) for line in panel.lines if line.get_marker() == "D"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]  # fmt: skip
    # At the height of the bars of its age: the upper is that of 18.
    assert diamonds == [(1_300, -0.25), (30, 2.25)]
    # A number that was larger then is within the picture, a town that is gone changes nothing.
    assert panel.get_xlim()[1] == 1_300 * 1.05
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["18歳", "22歳", "前回の人数"]
