"""The review at a glance (一覧): towns, previous runs, warnings and channels, counted once for 03."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from recruitlib.base.choices import DECISION_LABELS
from recruitlib.base.counts import STEP_BY_NAME, Count, merge_counts, read_counts
from recruitlib.base.masking import Cell
from recruitlib.base.run import Stage
from recruitlib.optouts.applications import STANDING, STANDING_LABEL
from recruitlib.optouts.register import WORDS
from recruitlib.optouts.towns import read_towns
from recruitlib.registry.cohort import read_ranges
from recruitlib.registry.intake import was_listed
from recruitlib.review.approval import Tick
from recruitlib.review.figures import (
    BIRTH_MONTH,
    CHANNEL,
    FIGURES_CSV,
    OUTCOMES,
    Figures,
    count_births,
    count_channels,
    write_figures,
)
from recruitlib.review.plausibility import list_empty_towns, list_warnings, warn_attested
from recruitlib.review.previous import (
    History,
    PreviousRun,
    forget_towns,
    read_history,
    tabulate_history,
    tell_before,
    tell_change,
)
from recruitlib.review.report import (
    REPORT_CSV,
    REPORT_PDF,
    render_report,
    sum_towns,
    write_report,
)
from recruitlib.review.towns import count_towns, keep_known, mask_towns, tabulate_towns

if TYPE_CHECKING:
    from recruitlib.review.confirmation import Review

NO_WARNING = "気になる数はありません。"


class Glance(NamedTuple):
    """What is seen at a glance: counts so far, small ones by place hidden, and what is unlikely."""

    counts: list[Count]
    masked: pd.DataFrame
    totals: list[tuple[str, Cell, Cell]]
    figures: Figures
    history: History
    warnings: list[Tick]

    @property
    def latest(self) -> PreviousRun | None:
        """The run before this one, if there is any."""
        return self.history.runs[-1] if self.history.runs else None

    @property
    def given_before(self) -> Mapping[tuple[str, str], Cell]:
        """The recipients of the run before by town and age, as it could show them."""
        return self.latest.given if self.latest else {}

    @property
    def figures_before(self) -> Figures:
        """The figures that the run before kept."""
        return self.latest.figures if self.latest else {}


def take_glance(stage: Stage, review: Review) -> Glance:
    """Count by town, read the earlier runs, and look for what is unlikely."""
    counts = merge_counts(read_counts(stage.folder), review.counts, stage.number)
    table = read_towns(stage.locate("towns_file"))
    # Whoever was supplied before is neither given nor excluded in a top-up.
    asked = review.cohort[~review.cohort["addressee_id"].isin(review.exclusions.supplied_before)]
    towns = count_towns(asked, review.recipients, stage.parameters, table)
    history = keep_known(read_history(stage.folder, stage.parameters), table)
    if stage.parameters["top_up_of"]:
        history = forget_towns(history)
    empty, vanished = list_empty_towns(towns, history)
    # That nobody is supplied there is told by the warning, so it hides no other number.
    masked = mask_towns(towns, {*empty, *vanished})
    warnings = list_warnings(counts, towns, history)
    attested_by = stage.parameters["protections_attested_by"].strip()
    if attested_by and not was_listed(stage):
        warnings.append(warn_attested(attested_by))
    figures = {
        **count_channels(review.applications, review.settled),
        **count_births(review.cohort, read_ranges(stage.parameters)),
    }
    return Glance(counts, masked, sum_towns(towns), figures, history, warnings)


def render_reports(stage: Stage, glance: Glance) -> dict[str, bytes]:
    """Render the files of counts that 03 keeps, by name: the count report, and the figures."""
    return {
        REPORT_CSV: write_report(glance.masked, glance.totals, stage.demonstration),
        REPORT_PDF: render_report(
            glance.masked, glance.totals, stage.parameters, stage.today, stage.demonstration
        ),
        FIGURES_CSV: write_figures(glance.figures),
    }


def tabulate_runs(stage: Stage, glance: Glance) -> pd.DataFrame:
    """Tabulate the figures of the previous runs beside those of today."""
    return tabulate_history(glance.counts, glance.history, stage.parameters["registry_base_date"])


def tabulate_warnings(glance: Glance) -> pd.DataFrame:
    """Tabulate the warnings that the second officer ticks, or say that there is none."""
    rows: list[tuple[str, str]] = [*glance.warnings]
    rows = rows or [("", NO_WARNING)]
    return pd.DataFrame(rows, columns=["符号", "確かめること"])


def tabulate_places(glance: Glance) -> pd.DataFrame:
    """Tabulate the recipients by town, those of the run before beside them."""
    return tabulate_towns(glance.masked, glance.given_before)


def tabulate_months(glance: Glance) -> pd.DataFrame:
    """Tabulate the people of each cohort by birth month, those of the run before beside them."""
    now, before = ({key[1:]: cell for key, cell in figures.items() if key[0] == BIRTH_MONTH}
                   for figures in (glance.figures, glance.figures_before))  # fmt: skip
    ages = list(dict.fromkeys(age for _, age in now))
    compared = {age for _, age in before}
    names = ["生まれ月"]
    for age in ages:
        names += [f"{age}歳", "前回"] if age in compared else [f"{age}歳"]
    rows = []
    for month in dict.fromkeys(month for month, _ in now):
        row: list[Cell] = [f"{month}月"]
        for age in ages:
            cell = now[month, age]
            row.append(cell)
            if age in compared:
                row.append(tell_before(before.get((month, age), ""), cell))
        rows.append(row)
    return pd.DataFrame(rows, columns=names, dtype="object")


def tabulate_channels(glance: Glance) -> pd.DataFrame:
    """Tabulate the applications by channel and outcome, the run before and the change beneath."""
    labels = [
        DECISION_LABELS[name] if name == "rejected" else STEP_BY_NAME[name].label
        for name in OUTCOMES
    ]
    both = (glance.figures, glance.figures_before)
    words = dict(WORDS["channel"])
    if any((CHANNEL, STANDING, OUTCOMES[0]) in figures for figures in both):
        words[STANDING] = STANDING_LABEL
    now, before = (_sum_channels(figures, words) for figures in both)
    rows: list[tuple[object, ...]] = []
    for word, counts in now.items():
        rows.append((word, *counts))
        if before:
            rows.append(("　前回", *before[word]))
            changes = map(tell_change, before[word], counts)
            rows.append(("　前回からの増減", *changes))
    return pd.DataFrame(rows, columns=["受付", *labels, "計"], dtype="object")


def _sum_channels(figures: Figures, words: Mapping[str, str]) -> dict[str, list[int]]:
    """Line up the applications of each channel, with sums; nothing where a run kept none."""
    if not any(figure == CHANNEL for figure, _, _ in figures):
        return {}
    lines = {
        word: [int(figures.get((CHANNEL, channel, outcome), 0)) for outcome in OUTCOMES]
        for channel, word in words.items()
    }
    lines["計"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    return {word: [*line, sum(line)] for word, line in lines.items()}
