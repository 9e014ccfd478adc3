"""The preview: what a notebook keeps holds nobody, and what shows a person is live and recorded."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import ipywidgets
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from nbclient import NotebookClient
from PIL import Image

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.parameters import NOTEBOOKS
from recruitlib.base.record import seal_notebooks
from recruitlib.base.run import Stage
from recruitlib.labels import export
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.lots import Bundle
from recruitlib.labels.preview import draw_masked, mask_labels, show_real
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.printing import render_labels
from recruitlib.labels.proof import find_clipped, render_page
from recruitlib.labels.sheets import read_sheet
from recruitlib.labels.wording import DEFAULT_WORDING, Wording
from tests.conftest import ROOT
from tests.unit.printed import read_labels
from tests.unit.stages import KEY, make_residents, make_stage
from tests.unit.test_labels_wording import GOTHIC, LARGE, LONG, NAMES, RETURN_LINE, SHEETS

PNG = b"\x89PNG"
PEOPLE = make_residents(*[{}] * 12, *[{"cohort": "22"}] * 14)


def print_people(stage: Stage, people: pd.DataFrame = PEOPLE) -> list[Bundle]:
    return export.make_bundles(stage, PrintDay(people, people.iloc[:0]))


def open_picture(content: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


# ---- masked: the notebook keeps it ----


def test_a_masked_label_says_only_what_every_label_of_the_run_says() -> None:
    wording = Wording(honorific="殿", return_line=RETURN_LINE)
    fitted, _ = fit_labels(LONG, LARGE, [GOTHIC], wording)
    masked = mask_labels(fitted, GOTHIC, wording)
    for label in read_labels(render_labels(masked, LARGE, [GOTHIC], ""), LARGE)["text"]:
        assert label.startswith("〒") and label.endswith(f"　殿{RETURN_LINE}")
        assert set(label[1:].removesuffix(f"　殿{RETURN_LINE}")) == {"■"}
    bare = Wording(False, "")
    plain = mask_labels(fit_labels(LONG, LARGE, [GOTHIC], bare)[0], GOTHIC, bare)
    assert {sign for label in plain for line in label.lines for sign in line.text} == {"■"}


@pytest.mark.parametrize("name", NAMES)
def test_masking_keeps_every_line_in_its_place_at_its_size_and_inside_the_label(name: str) -> None:
    sheet = read_sheet(SHEETS, name)
    wording = Wording(return_line="返送先　見本区役所")
    fitted, _ = fit_labels(LONG, sheet, [GOTHIC], wording)
    masked = mask_labels(fitted, GOTHIC, wording)
    for before, after in zip(fitted, masked, strict=True):
        assert [(line.y_mm, line.size_pt) for line in before.lines] == [
            (line.y_mm, line.size_pt) for line in after.lines
        ]
        for old, new in zip(before.lines, after.lines, strict=True):
            assert 0 <= old.x_mm - new.x_mm < 1
            assert 0 <= old.scale_percent - new.scale_percent < 5
        # Finer than that, place and condensing would tell how wide the hidden letters are.
        assert all(line.x_mm % 1 == line.scale_percent % 5 == 0 for line in after.lines[:-1])
    assert find_clipped(render_labels(masked, sheet, [GOTHIC], ""), sheet).empty


def test_a_block_stands_for_each_full_width_character_and_for_two_digits() -> None:
    people = make_residents(
        {"full_name": "見本　花子", "address": "見本区見本町１２３４番", "building": "甲荘1234"}
    )
    label = mask_labels(fit_labels(people, LARGE, [GOTHIC])[0], GOTHIC, DEFAULT_WORDING)[0]
    assert [line.text for line in label.lines] == [
        "〒" + "■" * 4,
        "■" * 11,
        "■" * 4,
        "■" * 5 + "　様",
    ]


def test_the_masked_picture_is_the_same_whoever_lives_there(tmp_path: Path) -> None:
    own = [
        {
            "full_name": "見本　花子",
            "address": "東京都見本区片町１２番３号",
            "building": "ＷＷ１０１",
        },
        {"full_name": "WILMA MOMM", "address": "東京都見本区葛\U000e0100町４番"},
        {"full_name": "寿" * 17, "address": "見" * 26, "building": "甲" * 40},
    ]
    other = [
        {
            "full_name": "試験　一二",
            "address": "東京都試験区別町９８番７号",
            "building": "Ｉｉ２０２",
        },
        {"full_name": "WILMO MAMM", "address": "東京都試験区葛\U000e0100町９番"},
        {"full_name": "福" * 17, "address": "本" * 26, "building": "乙" * 40},
    ]
    pictures = []
    for number, rows in enumerate((own, other)):
        stage = make_stage(tmp_path / str(number), "04", label_order="registry")
        pictures.append(draw_masked(stage, print_people(stage, make_residents(*rows))))
    assert pictures[0] == pictures[1]
    longer = make_residents({**own[0], "full_name": "見本　花子代"}, *own[1:])
    assert draw_masked(stage, print_people(stage, longer)) != pictures[0]


def test_a_used_sheet_is_drawn_from_its_first_label_that_is_left(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "04", label_first_position=5)
    picture = open_picture(draw_masked(stage, print_people(stage)))
    assert picture.shape == (702, 497)  # A4 at 60 dots per inch
    per_mm = 60 / 25.4
    # Two columns: the first four labels are two rows of 42.3 mm below the sheet's top margin.
    top, third = (round((LARGE.top_mm + rows * LARGE.pitch_y_mm) * per_mm) for rows in (0, 2))
    assert (picture[top + 1 : third] == 255).all()
    assert (picture[third : third + 90] < 128).any()


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_small_and_the_same_each_time(tmp_path: Path, name: str) -> None:
    stage = make_stage(tmp_path, "04", label_sheet=name)
    most = max(
        sheet["columns"] * sheet["rows"]
        for sheet in yaml.safe_load(SHEETS.read_text("utf-8")).values()
    )
    bundles = print_people(stage, make_residents(*[{"building": "見本荘１０１"}] * (most + 1)))
    picture = draw_masked(stage, bundles)
    assert picture.startswith(PNG)
    assert len(picture) < 60_000
    assert picture == draw_masked(stage, bundles)


# ---- real: only in the live widget ----


def test_a_notebook_in_batch_shows_one_sentence_and_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    stage = make_stage(tmp_path, "04")
    show_real(stage, print_people(stage))
    shown = capsys.readouterr().out
    assert (
        shown
        == "実際の宛名は、このノートブックを JupyterLab で開いて実行したときだけ見られます。\n"
    )
    assert list_shown(stage) == []


def list_shown(stage: Stage) -> list[dict[str, Any]]:
    """List what the record tells of labels that somebody saw."""
    entries = read_entries(stage.folder)
    return [entry["facts"] for entry in entries if entry["event"] == "labels_shown"]


def show_live(
    stage: Stage, bundles: list[Bundle], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[dict[str, Any]], Any, Any]:
    """Show the sheets as JupyterLab would: what is stored, the number's field and the picture."""
    boxes: list[Any] = []
    shown: list[dict[str, Any]] = []

    class SeenBox(ipywidgets.VBox):
        def __init__(self, *args: Any, **own: Any) -> None:
            super().__init__(*args, **own)
            boxes.append(self)

    monkeypatch.setattr(ipywidgets, "VBox", SeenBox)
    monkeypatch.setattr("IPython.display.display", lambda content, raw: shown.append(content))
    monkeypatch.setenv("JPY_SESSION_NAME", "04.ipynb")
    show_real(stage, bundles)
    number, _, page = boxes[0].children
    return shown, number, page


def test_nothing_is_drawn_or_recorded_before_a_person_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "04")
    shown, number, page = show_live(stage, print_people(stage), monkeypatch)
    assert (number.value, number.max, page.value) == (0, 3, b"")
    assert list_shown(stage) == []
    assert set(shown[0]) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert shown[0]["text/plain"] == "宛名の画面（実行中だけ表示されます）"


def test_the_officer_turns_the_sheets_of_every_bundle_and_each_is_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "04", bundle_by=["cohort"])
    young, old = bundles = print_people(stage)
    shown, number, page = show_live(stage, bundles, monkeypatch)
    seen = []
    for wanted in (1, 2, 3, 2, 0):
        number.value = wanted
        seen.append(page.value)
    assert seen == [
        render_page(young.pdf, 1), render_page(old.pdf, 1), render_page(old.pdf, 2),
        render_page(old.pdf, 1), b"",
    ]  # fmt: skip
    assert len(set(seen)) == 4
    assert list_shown(stage) == [
        {"bundle": "18", "sheet": 1}, {"bundle": "22", "sheet": 1}, {"bundle": "22", "sheet": 2}
    ]  # fmt: skip
    stored = json.dumps(shown, ensure_ascii=False)
    assert not [name for name in PEOPLE["full_name"] if name in stored]


def test_a_sheet_that_cannot_be_recorded_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "04")
    _, number, page = show_live(stage, print_people(stage), monkeypatch)
    (stage.folder / "audit.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(IntegrityError):
        number.value = 1
    assert page.value == b""


CELL = """
import os, sys
from pathlib import Path
os.environ["JPY_SESSION_NAME"] = "04.ipynb"
sys.path.insert(0, {root!r})
from ipywidgets.widgets.widget import _instances
from recruitlib.base.kernel import quiet_kernel
from recruitlib.labels import export, preview, print_day
from tests.unit.stages import make_residents, make_stage
quiet_kernel()
stage = make_stage(Path({folder!r}), "04")
people = make_residents({{}}, {{}})
preview.show_real(stage, export.make_bundles(stage, print_day.PrintDay(people, people.iloc[:0])))
"""
CLICK = """
number, page = (
    [own for own in _instances.values() if type(own).__name__ == kind][0]
    for kind in ("BoundedIntText", "Image")
)
number.value = {wanted}
print(len(page.value))
"""


def run_live(folder: Path, wanted: int, keeps_state: bool) -> nbformat.NotebookNode:
    """Run a kernel that shows the labels and asks for a sheet, and give the notebook as stored."""
    cells = [CELL.format(root=str(ROOT), folder=str(folder)), CLICK.format(wanted=wanted)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", store_widget_state=keeps_state,
        resources={"metadata": {"path": str(folder)}},
    ).execute()  # fmt: skip
    return notebook


def list_kept(notebook: nbformat.NotebookNode) -> list[str]:
    """List every binary value that the notebook's metadata keep of widgets."""
    widgets = notebook.metadata.get("widgets", {})
    states = [model for kept in widgets.values() for model in kept["state"].values()]
    return [buffer["data"] for model in states for buffer in model.get("buffers", [])]


@pytest.fixture(scope="module")
def clicked(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    return run_live(tmp_path_factory.mktemp("clicked"), 1, keeps_state=True)


def test_after_a_click_the_cells_as_stored_by_a_real_kernel_hold_no_picture(
    clicked: nbformat.NotebookNode,
) -> None:
    shown, asked = (cell.outputs for cell in clicked.cells)
    assert int(asked[0].text) > 10_000  # the widget held the picture
    stored = json.dumps([shown, asked], ensure_ascii=False)
    assert "宛名の画面" in stored
    assert "iVBORw0KGgo" not in stored and "image/" not in stored  # a PNG in base64
    assert "試験" not in stored
    # Told not to keep the state of widgets, as papermill and JupyterLab are, nothing else is kept.
    overrides = json.loads((ROOT / "params/jupyterlab_overrides.json").read_text(encoding="utf-8"))
    assert overrides["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": False}


def test_before_a_click_even_a_kept_state_of_the_widgets_holds_no_picture(tmp_path: Path) -> None:
    notebook = run_live(tmp_path, 0, keeps_state=True)
    assert notebook.cells[1].outputs[0].text == "0\n"
    assert "widgets" in notebook.metadata
    assert not any(list_kept(notebook))
    assert seal(tmp_path / "runs/test_ward", notebook)


def test_a_notebook_whose_kept_widgets_hold_the_picture_is_never_sealed(
    tmp_path: Path, clicked: nbformat.NotebookNode
) -> None:
    stage = make_stage(tmp_path, "04")
    assert any(data.startswith("iVBORw0KGgo") for data in list_kept(clicked))
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data.*1か所"):
        seal(stage.folder, clicked)
    assert not list((stage.folder / "notebooks").glob("*"))
    del clicked.metadata["widgets"]
    assert seal(stage.folder, clicked)


def seal(run: Path, notebook: nbformat.NotebookNode) -> list[str]:
    """Seal the notebook as that of 04 of a run."""
    path = run / f"notebooks/{NOTEBOOKS['04']}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return seal_notebooks(run, KEY)
