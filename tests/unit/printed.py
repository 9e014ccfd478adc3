"""What a label PDF says, for tests: its labels, its margins, and whatever else is in it."""

from __future__ import annotations

import pandas as pd

from recruitlib.labels.proof import find_strange_margins
from recruitlib.labels.reading import OUTSIDE, read_cells
from recruitlib.labels.sheets import Sheet
from recruitlib.labels.structure import find_foreign_structure


def read_labels(pdf: bytes, sheet: Sheet, password: str = "") -> pd.DataFrame:
    """Read the cells that are not empty, as `read_cells` gives them."""
    cells = read_cells(pdf, sheet, password)
    return cells[cells["position"] != OUTSIDE].reset_index(drop=True)


def read_margins(pdf: bytes, sheet: Sheet, password: str = "") -> list[str]:
    """Read the margin of each sheet."""
    cells = read_cells(pdf, sheet, password)
    return cells.loc[cells["position"] == OUTSIDE, "lines"].tolist()


def find_extra_items(pdf: bytes, sheet: Sheet, margins: list[str], password: str = "") -> list[str]:
    """Find whatever is in the file beside the labels and these margin lines."""
    cells = read_cells(pdf, sheet, password)
    return [*find_foreign_structure(pdf, password), *find_strange_margins(cells, margins)]
