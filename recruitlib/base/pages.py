"""Pages: an executed notebook as one HTML page that reads like minutes and needs nothing outside."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from recruitlib.base.audit import find_latest, read_entries

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

_STOPPED = {"papermill-error-cell-tag"}
_STOP_TOLD = (
    "この実行は途中で止まっています（人の決定や承認を待つときも止まります）。"
    "理由は、止まったところの最後の行にあります。"
)
_PAGE = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 15mm }}
body {{ font-family: "IPAexGothic", "Yu Gothic", "Meiryo", sans-serif; line-height: 1.6;
  max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; margin: .8rem 0; font-size: .9rem }}
caption {{ text-align: left; font-weight: bold; padding: .3rem 0 }}
th, td {{ border: 1px solid #bbb; padding: .25rem .6rem; text-align: left; vertical-align: top }}
th, td {{ min-width: 2.6em }}
th:first-child, td:first-child {{ min-width: 6em }}
th {{ background: #eef2f6 }}
pre {{ white-space: pre-wrap; background: #f7f7f7; padding: .5rem; font-size: .85rem }}
img {{ max-width: 100% }}
.prompt, .jp-InputPrompt, .jp-OutputPrompt {{ display: none }}
</style></head><body>
{body}
<footer>{foot}</footer>
</body></html>
"""


def describe_work(folder: Path, stage: str) -> str:
    """Describe when and by whom a stage was worked on last, for the foot of its page."""
    begun = find_latest(read_entries(folder), stage, "begun")
    if begun is None:
        return ""
    facts = begun["facts"]
    day = f"、業務日 {facts['business_date']}（見本）" if facts.get("business_date") else ""
    return (
        f"実行の開始 {begun['at']}（協定世界時）{day}、担当 {facts.get('operator', '')}、"
        f"ログイン {begun['login']}"
    )


@cache
def open_exporter() -> HTMLExporter:
    """Open what writes a notebook as HTML, with its template read."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    settings = Config({"HTMLExporter": {"anchor_link_text": " ", "exclude_input": True}})
    exporter = HTMLExporter(template_name="basic", config=settings)
    _ = exporter.template  # it is read where it is first asked for
    return exporter


def render_html(path: Path, foot: str = "") -> bytes:
    """Render an executed notebook as one self-contained HTML page without any outside address.

    The page reads like minutes: what was asked, what was found, what was answered. The code stays
    in the notebook beside it.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        # papermill puts its own English in front of a cell that stopped.
        if _STOPPED & set(cell.metadata.get("tags", [])):
            cell.source = _STOP_TOLD
    body, _ = open_exporter().from_notebook_node(notebook)
    whole = _PAGE.format(title=html.escape(path.stem), body=body, foot=html.escape(foot))
    return whole.encode()
