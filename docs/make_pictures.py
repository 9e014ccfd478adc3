"""Make the pictures of the README: a label sheet and notebook 03 of a finished demonstration, an outline.

Run by a developer, never by a test: ``python docs/make_pictures.py`` after ``recruitlib demo``. It
needs Chromium. All people in the pictures are invented.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

from recruitlib.base.vault import DEMONSTRATION_PASSPHRASE
from recruitlib.labels.fonts import LabelFont, default_font_path
from recruitlib.labels.pages import render_outline
from recruitlib.labels.proof import render_page
from recruitlib.labels.sheets import Alignment, read_sheet

ROOT = Path(__file__).parents[1]
DEMONSTRATION = ROOT / "runs/demo"
PICTURES = ROOT / "docs/pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHEET_DPI = 80
WINDOW = "900,1368"  # ends below the charts
FRAME = "#bbbbbb"
FEW_COLOURS = 64
LARGEST_BYTES = 200_000


def picture_sheet() -> bytes:
    """Picture the first sheet of the labels of the younger cohort."""
    pdf = (DEMONSTRATION / "private/labels_18.pdf").read_bytes()
    return render_page(pdf, 1, SHEET_DPI, DEMONSTRATION_PASSPHRASE)


def picture_outline() -> bytes:
    """Picture the outline page of the demonstration's label sheet."""
    sheet = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
    pdf = render_outline(sheet, Alignment(), LabelFont(default_font_path()))
    return render_page(pdf, 1, SHEET_DPI)


def picture_review() -> bytes:
    """Picture the upper part of the record of notebook 03 as a browser shows it."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"No browser found; looked for {', '.join(BROWSERS)}.")
    page = DEMONSTRATION / "notebooks/03_review_counts.html"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "page.png"
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={WINDOW}", f"--screenshot={target}",
                f"--user-data-dir={folder}/profile", page.as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return target.read_bytes()


def write_picture(name: str, content: bytes) -> None:
    """Write a picture with a thin frame and few colours, so that it stays small."""
    picture = ImageOps.expand(Image.open(io.BytesIO(content)).convert("RGB"), 1, FRAME)
    path = PICTURES / name
    picture.quantize(FEW_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > LARGEST_BYTES:
        sys.exit(f"{name} is larger than {LARGEST_BYTES:,} bytes.")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    write_picture("sheet_outline.png", picture_outline())
    write_picture("label_sheet.png", picture_sheet())
    write_picture("review_notebook.png", picture_review())
