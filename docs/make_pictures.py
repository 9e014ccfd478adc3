"""Make the pictures of the README: a label sheet, an outline, and the review of the demonstration.

Run by a developer, never by a test: ``python -m docs.make_pictures`` after ``recruitlib demo``. It
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
from playwright.sync_api import Locator

from recruitlib.base.papers import default_font_path
from recruitlib.base.vault import DEMONSTRATION_PASSPHRASE
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.pages import render_outline
from recruitlib.labels.proof import render_page
from recruitlib.labels.sheets import Alignment, read_sheet
from recruitlib.pipeline import run_pipeline
from tests.browser.lab import Lab, open_browser

ROOT = Path(__file__).parents[1]
DEMONSTRATION = ROOT / "runs/demo"
DEMONSTRATION_PARAMETERS = "params/demo.yaml"
OVERVIEW = "段階ごとの人数を見てください"
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


def picture_live() -> dict[str, bytes]:
    """Picture the review as two officers see it: overview, a case that is open, the approval."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        open_browser(Path(folder) / "profile") as context,
    ):
        project, home = Path(folder) / "project", Path(folder) / "home"
        home.mkdir()
        for name in ("params", "notebooks", "inputs/demo"):
            shutil.copytree(ROOT / name, project / name)
        decisions, approval = (project / f"params/demo/{n}.yaml" for n in ("decisions", "approval"))
        decided = decisions.read_bytes()
        decisions.unlink()
        approval.unlink()
        run_pipeline(project / DEMONSTRATION_PARAMETERS, last="02")
        lab = Lab(context.new_page(), project, home, DEMONSTRATION_PARAMETERS)
        lab.open()
        lab.run_all()
        pictures = {"review_overview.png": _shoot(lab, lab.page.get_by_text(OVERVIEW).last)}
        lab.sign_in("case", "見本A")
        pictures["review_case.png"] = _shoot(lab, lab.find("case"))
        decisions.write_bytes(decided)
        lab.run_all()
        lab.sign_in("approval", "見本C")
        lab.tick_all()
        pictures["review_approval.png"] = _shoot(lab, lab.find("approval .rl-approve"), "end")
        lab.close()
    return pictures


def _shoot(lab: Lab, wanted: Locator, place: str = "start") -> bytes:
    """Picture the screen with something at its start or end."""
    wanted.evaluate("(one, block) => one.scrollIntoView({block})", place)
    lab.page.wait_for_timeout(500)
    return lab.page.screenshot()


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
    for name, content in picture_live().items():
        write_picture(name, content)
