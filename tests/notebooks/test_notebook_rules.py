"""The rules of the committed notebooks: thin, told in Japanese, executed, and without any trace."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from recruitlib.base.parameters import BY_NAME, NOTEBOOKS, PARAMETERS
from tests.conftest import ROOT

STEMS = list(NOTEBOOKS.values())
LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.With, ast.Lambda)
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")


def read(stem: str) -> nbformat.NotebookNode:
    """Read a committed notebook."""
    return nbformat.read(ROOT / f"notebooks/{stem}.ipynb", as_version=4)


def list_code(stem: str) -> list[nbformat.NotebookNode]:
    """List the code cells of a committed notebook."""
    return [cell for cell in read(stem).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("stem", STEMS)
def test_a_notebook_opens_with_four_lines_that_say_what_it_is_about(stem: str) -> None:
    first = read(stem).cells[0]
    assert first.cell_type == "markdown"
    for word in ("入るもの", "決めること", "出るもの", "止まるとき"):
        assert f"**{word}**" in first.source


@pytest.mark.parametrize("stem", STEMS)
def test_every_code_cell_has_a_japanese_sentence_before_it(stem: str) -> None:
    cells = read(stem).cells
    for before, cell in zip(cells, cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown"
            assert JAPANESE.search(before.source)


@pytest.mark.parametrize("stem", STEMS)
def test_a_notebook_holds_no_logic(stem: str) -> None:
    for cell in list_code(stem):
        assert not re.search(r"^\s*[!%]", cell.source, re.MULTILINE)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, LOGIC)]


@pytest.mark.parametrize("stem", STEMS)
def test_the_one_parameters_cell_holds_plain_typed_names_with_a_japanese_comment(stem: str) -> None:
    tagged = [cell for cell in list_code(stem) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    stage = stem[:2]
    expected = [
        p.name for p in PARAMETERS if p.stage == stage or p.name in ("run_id", "runs_folder")
    ]
    names = []
    for line in tagged[0].source.splitlines():
        name, kind = re.fullmatch(
            r"(\w+): (str|int|float|bool|list|dict) = .*  # (?=.*[ぁ-ん一-龥]).*", line
        ).groups()  # type: ignore[union-attr]
        assert kind == BY_NAME[name].kind.__name__
        assert "=" not in line.split(" = ", 1)[1].split("  # ")[0]
        names.append(name)
    assert names == expected


@pytest.mark.parametrize("stem", STEMS)
def test_a_committed_notebook_was_executed_whole_and_ends_with_its_completion_line(
    stem: str,
) -> None:
    cells = list_code(stem)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert f"{stem[:2]} " in cells[-1].outputs[0].text
    assert " 完了: " in cells[-1].outputs[0].text


@pytest.mark.parametrize("stem", STEMS)
def test_a_committed_notebook_keeps_no_error_no_warning_no_widget_and_no_trace_of_a_machine(
    stem: str,
) -> None:
    notebook = read(stem)
    assert "widgets" not in notebook.metadata
    assert "papermill" not in notebook.metadata
    assert not [cell.id for cell in notebook.cells if not re.fullmatch(r"c0[1-6]-\d\d", cell.id)]
    for cell in list_code(stem):
        assert "papermill" not in cell.metadata
        for output in cell.outputs:
            assert output.output_type in ("display_data", "execute_result", "stream")
            assert output.get("name", "stdout") == "stdout"
            assert not re.search(
                r"(/(home|root|tmp|work)/|C:\\\\|0x[0-9a-f]{6})", str(output.get("data", ""))
            )
