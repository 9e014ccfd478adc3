"""Published accidents of labels at close range: the same fault in more columns, numbers and sheets.

That each is stopped in a real run, ``test_accidents.py`` shows.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from recruitlib.base.errors import FormError, OutputError, RecruitError
from recruitlib.base.papers import default_font_path
from recruitlib.base.parameters import read_parameters, read_yaml
from recruitlib.base.profiles import read_profile
from recruitlib.labels import export
from recruitlib.labels.fitting import fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.printing import render_labels
from recruitlib.labels.proof import compare_labels, find_clipped
from recruitlib.labels.sheets import Sheet, read_sheet
from recruitlib.registry.cohort import read_ranges
from recruitlib.registry.extract import read_extract
from tests.conftest import ROOT, WARD
from tests.unit.printed import read_labels
from tests.unit.small_fonts import build_font
from tests.unit.stages import list_last_answer, make_residents, make_stage

GOTHIC = LabelFont(default_font_path())
SHEETS = ROOT / "params/label_sheets.yaml"
NARROWEST = min(
    (read_sheet(SHEETS, name) for name in read_yaml(SHEETS)),
    key=lambda sheet: sheet.label_width_mm,
)
TWENTY_FOUR = read_sheet(SHEETS, "a4_24_66x34")
LARGE = read_sheet(SHEETS, "a4_12_86x42")
NOBODY = make_residents()


def print_people(folder: Path, people: pd.DataFrame, approved: pd.DataFrame) -> str:
    """Print people, and prove the file against those approved.

    Returns:
        the guard that said no, "" where none did.
    """
    stage = make_stage(folder, "04")
    day = PrintDay(approved, NOBODY)
    bundles = export.make_bundles(stage, day)
    other = export.make_bundles(stage, day._replace(recipients=people))
    files = export.lock_bundles(stage, other)
    try:
        export.prove_bundles(stage, bundles, files, day)
    except OutputError as stop:
        assert not any(name in str(stop) for name in people["full_name"])
        return re.findall(r"labels\.\w+", str(stop))[0]
    return ""


# --- A05 東京都総務局: 489 of 836 labels were made from data keyed in again ---------------------


@pytest.mark.parametrize("column", ["full_name", "address", "building", "postal_code"])
def test_a05_labels_made_from_another_list_than_the_approved(tmp_path: Path, column: str) -> None:
    approved = make_residents(*[{"building": "試験コーポ１０１"}] * 30)
    rekeyed = approved.copy()
    one = approved[column][17]
    rekeyed.loc[17, column] = one.replace("1", "2") if "1" in one else one.replace("１", "２")
    assert rekeyed[column][17] != one
    assert print_people(tmp_path, rekeyed, approved) == "labels.print_is_approved"


def test_a05_labels_whose_rows_slipped_by_one(tmp_path: Path) -> None:
    approved = make_residents(*[{}] * 30)
    names = [*approved["full_name"][1:], approved["full_name"][0]]
    slipped = approved.assign(full_name=names)
    assert print_people(tmp_path, slipped, approved) == "labels.print_is_approved"


# --- A48: a label broke 8-9-1235 into 8-9-1 / 235 -----------------------------------------------


def read_lines(pdf: bytes, sheet: Sheet) -> dict[int, list[str]]:
    """Read the printed lines of each label with pdfium."""
    labels = read_labels(pdf, sheet)
    orders = (labels["sheet_number"] - 1) * sheet.per_page + labels["position"]
    return dict(zip(orders, labels["lines"].str.split("\n"), strict=True))


@pytest.mark.parametrize(
    "number", ["8-9-1235", "８－９－１２３５", "８−９−１２３５号", "８‐９‐１２３５"]
)
@pytest.mark.parametrize("sheet", [NARROWEST, LARGE], ids=lambda sheet: f"{sheet.per_page}-up")
def test_a48_an_address_one_digit_too_long_for_the_line_is_not_broken_inside_digits(
    sheet: Sheet, number: str
) -> None:
    # With each character more before it, the number meets the end of the line elsewhere.
    people = make_residents(
        *({"address": f"東京都新宿区{'片' * more}{number}"} for more in range(48))
    )
    fitted, refused = fit_labels(people, sheet, [GOTHIC])
    assert refused.empty
    pdf = render_labels(fitted, sheet, [GOTHIC])
    labels = read_lines(pdf, sheet)
    assert len(labels) == 48
    assert any(len(lines) > 3 for lines in labels.values())  # some addresses did not fit a line
    digits = number.removesuffix("号")
    for lines in labels.values():
        assert sum(digits in line for line in lines) == 1
    assert find_clipped(pdf, sheet).empty
    assert compare_labels(read_labels(pdf, sheet), people, sheet).empty


def test_a48_a_number_longer_than_any_line_is_refused_and_not_broken() -> None:
    people = make_residents({"address": "東京都新宿区片町" + "1235" * 40})
    fitted, refused = fit_labels(people, NARROWEST, [GOTHIC])
    assert fitted == []
    assert refused["reason"].tolist() == ["住所の番号または単語が長く、切らずにラベルに入りません"]


# --- A49 名古屋市東区: the building was dropped or cut ------------------------------------------

BUILDINGS = [
    "試験第二レジデンス見本タワーウエスト" * 3 + "２３０１号室",
    ("みほん" * 20),
    "ｼｹﾝﾏﾝｼｮﾝ" * 7 + "2301",
    "SHIKEN MANSION WEST TOWER " * 2 + "ROOM2301",
    "試験寮（" + "仮" * 55 + "）",
    "W" * 60,
    "1" * 60,
]  # fmt: skip


@pytest.mark.parametrize("building", BUILDINGS)
@pytest.mark.parametrize(
    "address",
    [
        "東京都新宿区片町１番１号",
        "東京都新宿区西新宿" + "見本町" * 8 + "一丁目１２番３４－１２３５号",
    ],
)
def test_a49_a_long_building_on_the_24_up_sheet_is_printed_in_full_or_refused(
    building: str, address: str
) -> None:
    assert 58 <= len(building) <= 60
    people = make_residents({"building": building, "address": address})
    fitted, refused = fit_labels(people, TWENTY_FOUR, [GOTHIC])
    assert len(fitted) + len(refused) == 1
    if fitted:
        pdf = render_labels(fitted, TWENTY_FOUR, [GOTHIC])
        [printed] = read_labels(pdf, TWENTY_FOUR)["text"]
        assert building.replace(" ", "") in printed.replace(" ", "")
        assert find_clipped(pdf, TWENTY_FOUR).empty
        assert compare_labels(read_labels(pdf, TWENTY_FOUR), people, TWENTY_FOUR).empty
    else:
        assert refused["source_row"].tolist() == [2]
        assert "入りません" in refused["reason"][0]


def test_a49_both_ends_happen() -> None:
    people = make_residents(*({"building": building} for building in BUILDINGS))
    fitted, refused = fit_labels(people, TWENTY_FOUR, [GOTHIC])
    assert refused["source_row"].tolist() == [7]  # the word that could only be cut
    assert len(fitted) == 6


# --- A50 宮代町: the labels carried sex and birth date ------------------------------------------


@pytest.mark.parametrize("column", ["town", "lot"])
def test_a50_a_profile_that_maps_the_birth_date_into_the_address(
    ward_project: Path, column: str
) -> None:
    profile = read_profile(ROOT / "params/profiles/registry_standard.yaml")
    columns = {**profile.columns, column: profile.columns["birth_text"]}
    with pytest.raises(RecruitError, match="生年月日") as stop:
        read_extract(ward_project / WARD / "registry.csv", profile._replace(columns=columns))
    assert stop.value.exit_code in (10, 11)


@pytest.mark.parametrize("date", ["2008-05-02", "平成20年5月2日", "2008/5/2"])
def test_a50_a_birth_date_in_the_address_column_of_the_file(
    ward_project: Path, tmp_path: Path, date: str
) -> None:
    # The maker's file itself may hold it: such rows are held back, and many of them stop.
    profile = read_profile(ROOT / "params/profiles/registry_standard.yaml")
    path = ward_project / WARD / "registry.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=300)
    [header] = [name for name in profile.columns["building"] if name in rows.columns]
    rows.assign(**{header: date}).to_csv(tmp_path / "registry.csv", index=False)
    ranges = read_ranges(read_parameters(ROOT / "params/test_ward.yaml"))
    with pytest.raises(FormError, match="日付に化けた番地"):
        read_extract(tmp_path / "registry.csv", profile, ranges)


# --- A59: 旧字 folded by a normalisation at printing --------------------------------------------


@pytest.mark.parametrize(
    ("name", "folded"), [("\ufa19林　一", "神林　一"), ("辻\U000e0100　一", "辻　一")]
)
def test_a59_a_name_folded_on_the_way_to_the_printer(
    tmp_path: Path, name: str, folded: str
) -> None:
    approved, printed = make_residents({"full_name": name}), make_residents({"full_name": folded})
    assert print_people(tmp_path, printed, approved) == "labels.print_is_approved"


# --- A60: private-use gaiji printed as a stranger's character or a blank ------------------------


@pytest.mark.parametrize(
    ("gaiji", "column"),
    [("\ue000", "address"), ("\uf860", "building"), ("\U000f0000", "full_name")],
)
def test_a60_a_private_character_stops_by_row_and_code_point(
    tmp_path: Path, gaiji: str, column: str
) -> None:
    people = make_residents({}, {column: f"試験{gaiji}"}, {})
    # The office has a font with a glyph there, but not one that is registered for it.
    own = build_font(tmp_path / "own.ttf", [gaiji, *"試験　様"])
    stage = make_stage(tmp_path, "04", label_fonts=[str(own)])
    with pytest.raises(OutputError, match=r"labels\.every_character") as stop:
        export.make_bundles(stage, PrintDay(people, NOBODY))
    assert re.search(rf"3行目の\w+: U\+{ord(gaiji):04X}（登録されていない外字", str(stop.value))
    assert gaiji not in str(stop.value)
    assert list_last_answer(stage, "labels.every_character") == "no"
