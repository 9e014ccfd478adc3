"""The checklists as a paper: the document's own form, and beside every line what settles it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Spacer, Table, TableStyle

from recruitlib.base.papers import SMALL, SPECIMEN, TITLE, build_paper, open_page, write_line
from recruitlib.handover.checklists import LAPSED, NOT_NEEDED, OPEN, PARTS, Checklist

_TITLE = "個人情報保護対策チェックリスト"
_CLOSE = ParagraphStyle("close", parent=SMALL, leading=11.5)
_MARK = ParagraphStyle("mark", parent=_CLOSE, alignment=TA_CENTER)
_LINE = (0.4, "#888888")
_WIDTHS = (26, 10, 63, 51, 16)  # millimetres: heading, mark, measure, what settles it, state


def render_checklists(
    checklists: Sequence[Checklist], lines: pd.DataFrame, run_id: str, day: date,
    demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the checklists as pages of A4, each beginning on a page of its own.

    The first three columns are those of the document: the heading, ○ or － (nothing to be done),
    and the measure word for word. An open or lapsed line is marked by words and a darker ground.

    Args:
        checklists: in the order of the document.
        lines: of ``judge_lines``.
        run_id: the run that they are about.
        day: the day of the judgement.
        demonstration: whether the paper is stamped.

    Returns:
        a PDF, the same bytes for the same content.
    """
    story: list[object] = []
    for checklist in checklists:
        own = lines[lines["checklist"] == checklist.name]
        counts = own.loc[own["kind"] != PARTS, "state"].value_counts()
        told = "、".join(f"{state} {count}" for state, count in counts.items())
        story += [
            *([PageBreak()] if story else []),
            *open_page(demonstration, day),
            write_line(checklist.title, TITLE),
            Spacer(1, 2 * mm),
            write_line(f"実行 {run_id}　{checklist.name}　{told}", _CLOSE),
            write_line(checklist.note, _CLOSE),
        ]
        for heading in own["heading"].unique():
            story += [
                Spacer(1, 2 * mm),
                _draw_section(checklist.head, heading, own[own["heading"] == heading]),
            ]
    return build_paper(story, f"{SPECIMEN}　{_TITLE}" if demonstration else _TITLE)


def _draw_section(head: str, heading: str, lines: pd.DataFrame) -> Table:
    # The heading of the lines stands in the row that every page repeats: a cell that spans the rows
    # could not go over the end of a page.
    words = [write_line(part, _CLOSE) for part in heading.replace(" 【", "\n【").splitlines()]
    heads = ("対策", head, "この実行の根拠、又は証明", "状態")
    cells: list[list[object]] = [[words, *(write_line(text, _MARK) for text in heads)]]
    look: list[tuple[object, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BACKGROUND", (0, 0), (-1, 0), "#eeeeee"),
        ("BOX", (0, 0), (-1, -1), *_LINE), ("LINEAFTER", (0, 0), (-2, -1), *_LINE),
        ("LINEABOVE", (1, 1), (-1, -1), *_LINE),
        ("LINEBELOW", (0, "splitlast"), (-1, "splitlast"), *_LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]  # fmt: skip
    for place, line in enumerate(lines.itertuples(), start=1):
        mark = "－" if line.kind == NOT_NEEDED else "" if "(" in line.number else "○"
        signed = "　".join(filter(None, [line.attested_by, line.until and f"{line.until} まで"]))
        cells.append([
            "", write_line(mark, _MARK), write_line(line.text, _CLOSE),
            [write_line(text, _CLOSE) for text in (*line.evidence.split("。"), signed) if text],
            write_line(line.state, _MARK),
        ])  # fmt: skip
        if line.state in (OPEN, LAPSED):
            look.append(("BACKGROUND", (3, place), (4, place), "#e2e2e2"))
    table = Table(cells, colWidths=[width * mm for width in _WIDTHS], repeatRows=1)
    table.setStyle(TableStyle(look))
    return table
