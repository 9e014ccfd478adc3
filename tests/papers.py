"""The text of a paper, read by pypdfium2."""

from __future__ import annotations

from pathlib import Path

import pypdfium2


def read_paper(pdf: bytes | Path) -> str:
    """Read the text of all pages of a PDF, blanks and line ends left out."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range() for page in document).split())
