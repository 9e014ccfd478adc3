"""A run in lots, from a used sheet, on a printer that needs an offset: printed, handed over, disposed of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2 as pdfium

from recruitlib.base.verification import verify_record
from tests.conftest import change_parameters


def test_a_run_in_lots_goes_through_to_its_end(
    reviewed: Path, run_quietly: Callable[..., Path]
) -> None:
    change_parameters(
        reviewed, label_sheet="a4_24_66x34", label_first_position=13, label_offset_x_mm=0.5,
        label_offset_y_mm=-1.0, label_scale=1.005, label_lot_sheets=5,
    )  # fmt: skip
    folder = run_quietly(reviewed, "04", "05")
    # 292 labels: 12 on the used sheet and 4 x 24, then 120, then 64.
    names = ["labels_all-001.pdf", "labels_all-002.pdf", "labels_all-003.pdf", "labels_end.pdf"]
    private = folder / "private"
    assert sorted(path.name for path in private.glob("labels_*.pdf")) == names
    pages = [len(pdfium.PdfDocument(private / name, password="demo")) for name in names]
    assert pages == [5, 5, 3, 1]
    counts = (folder / "counts.csv").read_text(encoding="utf-8")
    assert "all,sheets,13\n" in counts
    papers = [path for path in folder.rglob("*.pdf") if path.parent != private]
    letters = [pdfium.PdfDocument(path)[0].get_textpage().get_text_bounded() for path in papers]
    assert letters and any("13 枚" in text for text in letters)
    run_quietly(reviewed, "06", "06")
    assert not list(private.glob("*.pdf"))
    assert verify_record(folder) == []
