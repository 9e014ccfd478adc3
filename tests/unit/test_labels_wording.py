"""What an office sets on its labels: insets, another honorific or none, a return line."""

from __future__ import annotations

import dataclasses
import random
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pypdfium2 as pdfium
import pytest
import yaml

from recruitlib.base.errors import OutputError, ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.base.parameters import read_parameters
from recruitlib.base.run import tabulate_parameters
from recruitlib.labels import export, press
from recruitlib.labels.coverage import find_unprintable, judge_labels, measure_coverage
from recruitlib.labels.fitting import LabelText, fit_label, fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.printing import render_labels
from recruitlib.labels.proof import compare_labels, find_clipped
from recruitlib.labels.sheets import Sheet, inset_sheet, read_sheet
from recruitlib.labels.wording import DEFAULT_WORDING, Wording
from tests.conftest import ROOT
from tests.unit.printed import read_labels
from tests.unit.small_fonts import build_font
from tests.unit.stages import list_last_answer, make_residents, make_stage

SHEETS = ROOT / "params/label_sheets.yaml"
NAMES = list(yaml.safe_load(SHEETS.read_text(encoding="utf-8")))
LARGE = read_sheet(SHEETS, "a4_12_86x42")
GOTHIC = LabelFont(default_font_path())
MM_PER_POINT = 25.4 / 72
RETURN_LINE = "返送先　〒100-0000　見本区役所１０１"


def make_labels(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["address", "building", "full_name"])
    numbers = [str(number) for number in range(2, 2 + len(rows))]
    return table.assign(source_row=numbers, id=numbers, postal_code="1600022", problem="")


SHORT = make_labels(("見本区見本町１番", "", "見本　花子"), ("見本区片町２番", "甲荘", "試験　一"))
LONG = make_labels(
    ("東京都見本区見本町四丁目１２３４番５６７８号", "グランドパーク見本タワー　２３０１号室", "見本　太郎左衛門"),
    ("東京都見本区見本町１－２－３", "", "MAXIMILIAN ALEXANDER DON CHAMINDA KUMARA"),
    ("見本町" * 14, "社会福祉法人見本福祉会特別養護老人ホーム見本の丘　第二生活支援ハウス１０１", "試験　一"),
)  # fmt: skip


def draw(people: pd.DataFrame, sheet: Sheet = LARGE, wording: Wording = DEFAULT_WORDING) -> bytes:
    fitted, refused = fit_labels(people, sheet, [GOTHIC], wording)
    assert refused.empty
    return render_labels(fitted, sheet, [GOTHIC], "")


def list_ink(pdf: bytes) -> list[tuple[str, float, float, float, float]]:
    """Every inked character of the first page with its box in mm from the top left, by pdfium."""
    page = pdfium.PdfDocument(pdf)[0]
    text, height = page.get_textpage(), page.get_height()
    signs = [(text.get_text_range(n, 1), text.get_charbox(n)) for n in range(text.count_chars())]
    return [
        (sign, left * MM_PER_POINT, (height - top) * MM_PER_POINT,
         right * MM_PER_POINT, (height - bottom) * MM_PER_POINT)
        for sign, (left, bottom, right, top) in signs if sign.strip()
    ]  # fmt: skip


@pytest.mark.parametrize(("left", "top"), [(10.0, 0.0), (0.0, 4.0), (12.5, 3.25)])
def test_an_inset_moves_text_that_has_room_by_exactly_so_many_mm(left: float, top: float) -> None:
    before = list_ink(draw(SHORT))
    after = list_ink(draw(SHORT, inset_sheet(LARGE, left, top)))
    assert [sign for sign, *_ in after] == [sign for sign, *_ in before]
    for (_, *old), (_, *new) in zip(before, after, strict=True):
        moved = [now - then for now, then in zip(new, old, strict=True)]
        assert moved == pytest.approx([left, top, left, top], abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_with_any_insets_and_wording_all_ink_stays_in_what_is_left_of_the_label(name: str) -> None:
    dice = random.Random(name)
    plain = read_sheet(SHEETS, name)
    printed = 0
    for _ in range(8):
        left, top = dice.choice([0.0, 3.0, 8.5]), dice.choice([0.0, 2.0, 6.5])
        sheet = inset_sheet(plain, left, top)
        wording = Wording(True, dice.choice(["様", "殿", ""]), dice.choice(["", RETURN_LINE]))
        fitted, refused = fit_labels(LONG, sheet, [GOTHIC], wording)
        assert len(fitted) + len(refused) == len(LONG)
        if not fitted:
            continue
        kept = LONG[~LONG["source_row"].isin(refused["source_row"])]
        pdf = render_labels(fitted, sheet, [GOTHIC], "")
        assert compare_labels(read_labels(pdf, sheet), kept, sheet, wording).empty
        assert find_clipped(pdf, sheet).empty
        pad = plain.padding_mm
        for _, x_min, y_min, x_max, y_max in list_ink(pdf):
            # The cell is the one that holds the character's middle, by plain arithmetic.
            column = int(((x_min + x_max) / 2 - plain.left_mm) // plain.pitch_x_mm)
            row = int(((y_min + y_max) / 2 - plain.top_mm) // plain.pitch_y_mm)
            cell_x = plain.left_mm + column * plain.pitch_x_mm
            cell_y = plain.top_mm + row * plain.pitch_y_mm
            assert x_min >= cell_x + pad + left - 0.1
            assert y_min >= cell_y + pad + top - 0.1
            assert x_max <= cell_x + plain.label_width_mm - pad + 0.1
            assert y_max <= cell_y + plain.label_height_mm - pad + 0.1
        printed += len(fitted)
    assert printed >= 8


def test_insets_that_leave_no_room_are_refused_and_narrow_ones_refuse_labels() -> None:
    # 86.4 x 42.3 mm with 4 mm of padding: 78.4 x 34.3 mm are left.
    for left, top in ((78.4, 0.0), (0.0, 34.3)):
        with pytest.raises(ParameterError, match="文字を印刷する場所がありません"):
            inset_sheet(LARGE, left, top)
    _, refused = fit_labels(SHORT, inset_sheet(LARGE, 0.0, 30.0), [GOTHIC])
    assert set(refused["reason"]) == {"最小の文字にしてもラベルの高さに入りません"}


@pytest.mark.parametrize("ending", ["　様", "　殿", ""])
def test_the_name_is_the_last_and_the_largest_line_with_any_honorific(ending: str) -> None:
    for label in fit_labels(SHORT, LARGE, [GOTHIC], Wording(honorific=ending.strip()))[0]:
        *others, name = label.lines
        assert name.text in {f"見本　花子{ending}", f"試験　一{ending}"}
        assert all(line.size_pt < name.size_pt and line.y_mm < name.y_mm for line in others)


@pytest.mark.parametrize("ending", ["　様", "　殿", ""])
def test_fonts_coverage_fitting_and_proof_agree_on_what_follows_a_name(
    tmp_path: Path, ending: str
) -> None:
    # A font of the office that holds the name, and of the honorifics only 殿 with its space.
    held = ["見", "本", "花", "子", "　", "殿"]
    own = LabelFont(build_font(tmp_path / "own.ttf", held, "Own"))
    people = make_labels(("見本", "", "見本　花子"))
    wording, chain = Wording(False, ending.strip()), [own]
    is_printed = wording.honorific != "様"
    gaps = find_unprintable(people, chain, wording)
    assert gaps["code_points"].tolist() == ([] if is_printed else ["U+69D8"])
    coverage = measure_coverage(people, chain, wording)
    assert len(coverage.missing) == len(gaps)
    assert coverage.clusters == len(set("見本花子　" + wording.honorific))
    fitted, refused = fit_labels(people, LARGE, chain, wording)
    assert (len(fitted), len(refused)) == ((1, 0) if is_printed else (0, 1))
    verdict = judge_labels(people, LARGE, chain, wording)["verdict"].tolist()
    assert verdict == ["print" if is_printed else "refuse"]
    if is_printed:
        printed = read_labels(render_labels(fitted, LARGE, chain, ""), LARGE)
        assert printed["text"].tolist() == [f"見本見本　花子{ending}"]
        assert compare_labels(printed, people, LARGE, wording).empty
        others = {"　様", "　殿", ""} - {ending}
        for other in others:
            unlike = Wording(False, other.strip())
            assert len(compare_labels(printed, people, LARGE, unlike)) == 1


def test_a_return_line_is_one_line_at_the_foot_smaller_than_every_other() -> None:
    for label in fit_labels(SHORT, LARGE, [GOTHIC], Wording(return_line=RETURN_LINE))[0]:
        *others, foot = label.lines
        assert foot.text == RETURN_LINE
        assert all(line.size_pt > foot.size_pt and line.y_mm < foot.y_mm for line in others)
    pdf = draw(SHORT.head(1), wording=Wording(return_line=RETURN_LINE))
    ink = [box for box in list_ink(pdf) if box[0] == "返"]
    # The first label's room ends 4 mm above its lower edge, and the line stands on that.
    floor = LARGE.top_mm + 42.3 - 4
    assert floor - 1 < ink[0][4] <= floor


@pytest.mark.parametrize("name", NAMES)
def test_a_return_line_is_never_larger_than_what_had_to_be_made_small(name: str) -> None:
    sheet = read_sheet(SHEETS, name)
    for label in fit_labels(LONG, sheet, [GOTHIC], Wording(return_line="返送先　見本区役所"))[0]:
        *others, foot = label.lines
        assert (foot.text, foot.size_pt) == ("返送先　見本区役所", 6.0)
        assert all(
            line.size_pt >= 6 and line.y_mm < foot.y_mm - 6 * MM_PER_POINT for line in others
        )


def test_a_return_line_leaves_the_rest_where_and_as_large_as_it_was() -> None:
    plain = fit_labels(SHORT, LARGE, [GOTHIC])[0]
    with_foot = fit_labels(SHORT, LARGE, [GOTHIC], Wording(return_line=RETURN_LINE))[0]
    assert [label.lines for label in plain] == [label.lines[:-1] for label in with_foot]


@pytest.mark.parametrize(
    ("return_line", "reason"),
    [
        (
            "返送先　" + "見本" * 60,
            "返送先（label_return_line）が長く、6 ポイントの1行に入りません",
        ),
        ("1" * 200, "返送先（label_return_line）が長く、6 ポイントの1行に入りません"),
        ("返送先　\ue000本", "返送先に印刷できない字があります（U+E000）"),
        ("返送先　🏣", "返送先に印刷できない字があります（U+1F3E3）"),
    ],
)
def test_a_return_line_that_cannot_stand_there_refuses_every_label_in_plain_words(
    return_line: str, reason: str
) -> None:
    label = LabelText("2", "1600022", "見本区見本町１番", "", "見本　花子")
    refused = fit_label(label, LARGE, [GOTHIC], Wording(return_line=return_line))
    assert (refused.lines, refused.reason) == ((), reason)
    verdicts = judge_labels(SHORT, LARGE, [GOTHIC], Wording(return_line=return_line))
    assert verdicts["reason"].tolist() == [reason, reason]


def test_a_return_line_is_condensed_as_far_as_any_line_and_not_further() -> None:
    # 78.4 mm are 222.2 pt: 37 full-width characters of 6 pt, 52 of them condensed to 70 %.
    for length, fits in ((37, True), (52, True), (53, False)):
        label = fit_label(
            LabelText("2", "", "見本", "", "見本"),
            LARGE,
            [GOTHIC],
            Wording(return_line="返" * length),
        )
        assert bool(label.lines) is fits
        if fits:
            assert label.lines[-1].scale_percent >= 70
            assert (label.lines[-1].scale_percent == 100) is (length == 37)


# ---- the run: what stops it, what it records ----

PEOPLE = make_residents(*[{}] * 14)
DAY = PrintDay(PEOPLE, make_residents({}).assign(addressee_id="0000000091", full_name="除外　太郎"))


@pytest.mark.parametrize(
    ("return_line", "guard", "sentence"),
    [
        ("返送先　\ue000本", "labels.every_character", "返送先: U+E000（"),
        (
            "返送先　" + "見本" * 60,
            "labels.nothing_clipped",
            "返送先（label_return_line）が長く、6 ポイントの1行に入りません（全員）",
        ),
    ],
)
def test_a_return_line_that_cannot_be_printed_stops_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, return_line: str, guard: str, sentence: str
) -> None:
    stage = make_stage(tmp_path, "04", label_return_line=return_line)
    drawn: list[Any] = []
    monkeypatch.setattr(press, "render_labels", lambda *own, **more: drawn.append(own))
    with pytest.raises(OutputError, match=re.escape(guard)) as stop:
        export.make_bundles(stage, DAY)
    assert sentence in str(stop.value)
    assert list_last_answer(stage, guard) == "no"
    assert drawn == []


SETTINGS = {
    "label_honorific": "殿", "label_return_line": RETURN_LINE,
    "label_inset_left_mm": 10.0, "label_inset_top_mm": 4.0,
}  # fmt: skip


def test_a_run_prints_and_proves_what_the_office_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECRUITLIB_PRINT_PASSWORD", raising=False)
    stage = make_stage(tmp_path, "04", **SETTINGS)
    bundles = export.make_bundles(stage, DAY)
    files = export.lock_bundles(stage, bundles)
    assert export.prove_bundles(stage, bundles, files, DAY).values.tolist() == [
        ["all", 14, 14, 0, 0, 0]
    ]
    printed = read_labels(files["labels_all.pdf"], LARGE, "demo")["text"][0]
    assert printed.startswith("〒160-0001東京都新宿区片町1番１号試験　一郎1　殿返送先")


@pytest.mark.parametrize("name", ["label_honorific", "label_return_line"])
def test_a_file_whose_labels_say_something_else_than_was_set_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("RECRUITLIB_PRINT_PASSWORD", raising=False)
    other = {"label_honorific": "様", "label_return_line": RETURN_LINE.replace("１０１", "１０２")}
    wrong = make_stage(tmp_path, "04", **{**SETTINGS, name: other[name]})
    files = export.lock_bundles(wrong, export.make_bundles(wrong, DAY))
    stage = make_stage(tmp_path, "04", **SETTINGS)
    with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")):
        export.prove_bundles(stage, export.make_bundles(stage, DAY), files, DAY)


def test_one_label_whose_return_line_differs_is_found_in_its_place() -> None:
    fitted, _ = fit_labels(PEOPLE, LARGE, [GOTHIC], Wording(return_line=RETURN_LINE))
    *lines, foot = fitted[4].lines
    other = foot._replace(text=RETURN_LINE.replace("１０１", "１０２"))
    fitted[4] = dataclasses.replace(fitted[4], lines=(*lines, other))
    fitted[9] = dataclasses.replace(fitted[9], lines=fitted[9].lines[:-1])
    printed = read_labels(render_labels(fitted, LARGE, [GOTHIC], ""), LARGE)
    found = compare_labels(printed, PEOPLE, LARGE, Wording(return_line=RETURN_LINE))
    assert found.values.tolist() == [
        [1, 5, "承認された名簿と文字が違います"], [1, 10, "承認された名簿と文字が違います"]
    ]  # fmt: skip


def test_what_the_office_set_stands_in_the_notebook_with_its_japanese_name(tmp_path: Path) -> None:
    shown = tabulate_parameters(make_stage(tmp_path, "04", **SETTINGS)).values.tolist()
    told = [" ".join(map(str, row)) for row in shown]
    for label, value in (
        ("ラベルの下に1行で入れる返送先", RETURN_LINE), ("敬称", "殿"),
        ("ラベルの中で左に足す余白", "10.0"), ("ラベルの中で上に足す余白", "4.0"),
    ):  # fmt: skip
        assert [line for line in told if label in line and value in line]


def write_return_line(folder: Path, written: str) -> Path:
    """Write the ward's parameters with another return line, as it stands in the file."""
    text = (ROOT / "params/test_ward.yaml").read_text(encoding="utf-8")
    path = folder / "own.yaml"
    path.write_text(
        text.replace('label_return_line: ""', f"label_return_line: {written}"), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    "written",
    ['"返送先\\n見本区"', '"返送先\\t見本"', '"見本\\u200b区"', '"見本\\u202e区"', '"見本\\u2028区"',
     '" 見本区"', '"見本区　"', '"　"'],
)  # fmt: skip
def test_a_return_line_that_is_not_one_plain_line_is_refused_when_it_is_read(
    tmp_path: Path, written: str
) -> None:
    path = write_return_line(tmp_path, written)
    with pytest.raises(ParameterError, match=r"1件の問題.*label_return_line（") as stop:
        read_parameters(path)
    assert "見本" not in str(stop.value)


@pytest.mark.parametrize("written", ['"\\0見本"', '"見本\\u0085区"'])
def test_a_control_sign_written_as_an_escape_is_refused_with_its_line(
    tmp_path: Path, written: str
) -> None:
    path = write_return_line(tmp_path, written)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(at for at, one in enumerate(lines, start=1) if one.startswith("label_return_line"))
    with pytest.raises(ParameterError, match=rf"own\.yaml: {line}行目: ") as stop:
        read_parameters(path)
    assert "見本" not in str(stop.value)


def test_another_return_line_is_read_as_written(tmp_path: Path) -> None:
    line = "返送先 〒100-0000　見本区葛\U000e0100町１ー２"
    assert read_parameters(write_return_line(tmp_path, line))["label_return_line"] == line
