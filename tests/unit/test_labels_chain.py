"""The font chain: fonts by configuration, refused when configured, all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import BY_NAME, check_parameter
from recruitlib.labels import print_day
from recruitlib.labels.chain import open_chain
from recruitlib.labels.fonts import choose_font
from recruitlib.pipeline import run_pipeline
from tests.conftest import PARAMETERS, change_parameters
from tests.unit.small_fonts import build_font, collect_fonts, forbid_embedding, make_variable
from tests.unit.stages import make_stage


def test_without_fonts_of_the_office_the_chain_is_the_default_font(tmp_path: Path) -> None:
    assert [font.name for font in open_chain(tmp_path, [])] == ["IPAexGothic"]


def test_the_offices_fonts_go_first_and_one_prints_the_whole_string(tmp_path: Path) -> None:
    build_font(tmp_path / "first.ttf", ["𠮷", "田"], "First")
    collect_fonts(
        tmp_path / "both.ttc",
        build_font(tmp_path / "a.ttf", ["甲"], "A"),
        build_font(tmp_path / "b.ttf", ["\U000f0000", "\U000f0100"], "B"),
    )
    chain = open_chain(
        tmp_path,
        ["first.ttf", {"file": "both.ttc", "face": 1, "private_use": ["U+F0000-U+F00FF"]}],
    )
    assert [font.name for font in chain] == ["First", "B", "IPAexGothic"]
    assert choose_font("𠮷田", chain) is chain[0]
    assert choose_font("田中", chain) is chain[2]
    assert choose_font("𠮷田中", chain) is None
    assert choose_font("\U000f0000", chain) is chain[1]
    assert choose_font("\U000f0100", chain) is None


def make_bad_fonts(folder: Path) -> list[Any]:
    """Make a font of each kind that cannot be used, and a good one between them."""
    build_font(folder / "cff.otf", ["A"], cff=True)
    make_variable(build_font(folder / "thin.ttf", ["A"]), 100)
    forbid_embedding(build_font(folder / "closed.ttf", ["A"]))
    good = build_font(folder / "good.ttf", ["A"])
    collect_fonts(folder / "many.ttc", good, good)
    return ["cff.otf", "thin.ttf", "good.ttf", "closed.ttf", "many.ttc", "missing.ttf"]


REFUSALS = (
    "5件の問題", "cff.otf: PostScript", "thin.ttf: 可変書体", "closed.ttf: PDFへの埋め込み",
    "many.ttc: 複数の書体", "missing.ttf: ファイルがありません", "ipamjm.ttf",
)  # fmt: skip


def test_every_font_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    entries = make_bad_fonts(tmp_path)
    with pytest.raises(ParameterError) as stop:
        open_chain(tmp_path, entries)
    assert all(words in str(stop.value) for words in REFUSALS)
    assert "good.ttf" not in str(stop.value)
    assert stop.value.exit_code == 10


@pytest.mark.parametrize(
    "block", ["U+E000-U+F900", "U+4E00-U+4E0F", "U+E0FF-U+E000", "U+FFFFE-U+100001"]
)
def test_only_private_areas_are_registered_for_a_font(tmp_path: Path, block: str) -> None:
    build_font(tmp_path / "own.ttf", ["A"])
    with pytest.raises(ParameterError, match=r"own\.ttf の private_use"):
        open_chain(tmp_path, [{"file": "own.ttf", "private_use": [block]}])


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ([], True),
        (["a.ttf"], True),
        ([{"file": "a.ttc", "face": 0, "private_use": ["U+E000-U+E0FF"]}], True),
        ([{"file": "a.ttc"}], True),
        ([""], False),
        ([1], False),
        ([{"face": 0}], False),
        ([{"file": "a.ttc", "faces": 0}], False),
        ([{"file": "a.ttc", "face": -1}], False),
        ([{"file": "a.ttc", "face": True}], False),
        ([{"file": "a.ttc", "face": "0"}], False),
        ([{"file": {"file": "a.ttc"}}], False),
        ([{"file": "a.ttf", "private_use": "U+E000-U+E0FF"}], False),
        ([{"file": "a.ttf", "private_use": ["E000-E0FF"]}], False),
        ([{"file": "a.ttf", "private_use": [57344]}], False),
    ],
)
def test_how_a_font_is_named_in_the_parameters(value: list[Any], right: bool) -> None:
    assert (check_parameter(BY_NAME["label_fonts"], value) == "") is right


def test_a_run_with_a_font_that_cannot_be_used_starts_nothing(project: Path) -> None:
    change_parameters(project, label_fonts=make_bad_fonts(project))
    with pytest.raises(ParameterError, match=r"cff\.otf.*thin\.ttf.*closed\.ttf"):
        run_pipeline(project / PARAMETERS, last="01", say=lambda line: None)
    assert not (project / "runs").exists()


def test_print_day_begins_with_the_fonts(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "04", label_fonts=["missing.ttf"])
    with pytest.raises(ParameterError, match=r"missing\.ttf"):
        print_day.check_print_day(stage)
