"""Fitting: whole numbers, whole text, inside the label, or refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import (
    FittedLabel,
    LabelText,
    count_adjustments,
    fit_label,
    fit_labels,
)
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.lines import list_breaks
from recruitlib.labels.sheets import Sheet, read_sheet
from recruitlib.labels.wording import Wording, format_postal_code

SHEETS = Path(__file__).parents[2] / "params" / "label_sheets.yaml"
LARGE = read_sheet(SHEETS, "a4_12_86x42")
SMALL = read_sheet(SHEETS, "a4_24_66x34")
GOTHIC = LabelFont(default_font_path())
ADDRESS = "東京都新宿区新宿６丁目８番９号"


def fit(
    address: str = ADDRESS, building: str = "", full_name: str = "試験　太郎",
    postal_code: str = "1600022", sheet: Sheet = SMALL, show_postal_code: bool = True,
) -> FittedLabel:  # fmt: skip
    label = LabelText("2", postal_code, address, building, full_name)
    return fit_label(label, sheet, [GOTHIC], Wording(show_postal_code))


def join(label: FittedLabel) -> str:
    return "".join(line.text for line in label.lines)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("1600023", "〒160-0023"),
        ("160-0023", "〒160-0023"),
        ("１６０００２３", "〒160-0023"),
        ("１６０－００２３", "〒160-0023"),
        ("160023", None),
        ("16000233", None),
        ("160 0023", None),
        ("٠٦٠٠٠٢٣", None),
        ("", None),
    ],
)
def test_a_postal_code_is_seven_digits_however_written(written: str, printed: str | None) -> None:
    assert format_postal_code(written) == printed


def test_the_printed_text_is_the_registrys_text_with_mark_hyphen_and_honorific() -> None:
    label = fit(
        postal_code="１６０００２２",
        building="コーポ試験　２０１号室",
        full_name="辻\U000e0100　葛子",
    )
    assert [line.text for line in label.lines] == [
        "〒160-0022", ADDRESS, "コーポ試験　２０１号室", "辻\U000e0100　葛子　様",
    ]  # fmt: skip
    assert not (label.reason or label.condensed or label.wrapped or label.shrunk)


def test_the_postal_code_line_goes_off_with_one_switch() -> None:
    assert [line.text for line in fit(show_postal_code=False).lines] == [ADDRESS, "試験　太郎　様"]
    assert [line.text for line in fit(postal_code="").lines] == [ADDRESS, "試験　太郎　様"]
    assert not fit(postal_code="????", show_postal_code=False).reason


def test_the_name_is_larger_than_the_address_and_the_building_smaller() -> None:
    postal, address, building, name = fit(building="コーポ試験", sheet=LARGE).lines
    assert name.size_pt > address.size_pt > building.size_pt
    assert postal.y_mm < address.y_mm < building.y_mm < name.y_mm


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"full_name": ""}, "氏名が空"),
        ({"full_name": "　"}, "氏名が空"),
        ({"address": ""}, "住所が空"),
        ({"postal_code": "16000"}, "郵便番号"),
        ({"full_name": "𠮷田　太郎"}, "U\\+20BB7"),
        ({"building": "か\u3099"}, "方書に印刷できない字があります（U\\+3099）"),
    ],
)
def test_a_label_that_would_be_wrong_is_refused_without_naming_the_person(
    fields: dict[str, Any], words: str
) -> None:
    label = fit(**fields)
    assert label.lines == () and re.search(words, label.reason)
    assert "太郎" not in label.reason and "太郎" not in repr(label)


def test_a_long_line_is_condensed_before_it_is_wrapped_and_never_below_70_percent() -> None:
    seen = set()
    for length in range(5, 60):
        label = fit(building="あ" * length, sheet=LARGE)
        seen.add("wrapped" if label.wrapped else "condensed" if label.condensed else "full")
        assert all(line.scale_percent >= 70 for line in label.lines)
        if label.condensed and not label.wrapped:
            assert sum(line.text == "あ" * length for line in label.lines) == 1
    assert seen == {"full", "condensed", "wrapped"}


@pytest.mark.parametrize(
    "number",
    [
        "8-9-1235",
        "８－９－１２３５",
        "８‐９‐１２３５",
        "８−９−１２３５",
        "８ー９ー１２３５",
        "８―９―１２３５",
        "８〜１２３５",
        "Ｂ－１２３５",
        "Ａ１２３５",
        "二三五七九十",
        "1,235",
        "１２３５／６７８９",
    ],
)
@pytest.mark.parametrize("before", range(0, 60, 3))
def test_a_number_is_never_broken_wherever_the_line_ends(number: str, before: int) -> None:
    # A published accident: 8-9-1235 became "8-9-1 / 235" and the mail went to room 235.
    building = "あ" * before + number + "号室" + "い" * 5
    label = fit(building=building)
    assert any(number in line.text for line in label.lines)
    assert building in join(label)


def test_the_accident_of_the_number_is_reached_by_the_texts_above() -> None:
    # Without the rule, one of the widths would end its line inside the number.
    ends = {len(line.text) for line in fit(building="あ" * 60).lines[2:-1]}
    assert any(before < end < before + 8 for end in ends for before in range(0, 60, 3))


def test_latin_words_stay_whole() -> None:
    name = "WIJESINGHE ARACHCHIGE DON CHAMINDA PRIYANTHA KUMARA"
    label = fit(full_name=name)
    assert label.wrapped and name + "　様" in join(label)
    words = [word for line in label.lines[2:] for word in line.text.split()]
    assert words == [*name.split(), "様"]


def test_a_break_is_preferred_after_a_full_width_space() -> None:
    building = "パークハウス新宿御苑前ステーションフロント　ウエストタワー１４０２号室"
    lines = [line.text for line in fit(building=building).lines[2:-1]]
    assert lines == ["パークハウス新宿御苑前ステーションフロント　", "ウエストタワー１４０２号室"]


@pytest.mark.parametrize("length", range(1, 60))
def test_the_honorific_stays_with_the_last_character_of_the_name(length: int) -> None:
    label = fit(full_name="寿" * length, sheet=LARGE)
    if not label.reason:
        assert label.lines[-1].text.endswith("寿　様")


@pytest.mark.parametrize("sign", "、。）」』ーっッ々ゃ－　")
def test_no_line_begins_with_a_sign_that_belongs_to_the_line_before(sign: str) -> None:
    for length in range(10, 40):
        label = fit(building="あ" * length + sign + "い" * 20)
        assert not any(line.text.startswith(sign) for line in label.lines)


def test_a_building_of_60_characters_is_printed_in_full_on_the_small_sheet() -> None:
    # Several buildings can share one house number, so that the building decides who gets it.
    building = (
        "社会福祉法人試験福祉会特別養護老人ホームさちが丘ビレッジ内"
        "第二生活支援ハウスひまわりユニット８－９－１２３５号室西側寄"
    )
    assert len(building) >= 58
    label = fit(building=building)
    assert not label.reason and building in join(label)


@pytest.mark.parametrize("length", [60, 200, 400, 2000])
def test_a_building_of_any_length_is_printed_in_full_or_refused(length: int) -> None:
    building = "荘" * length
    label = fit(building=building)
    assert (building in join(label)) != bool(label.reason)
    assert (length < 400) or label.reason


def test_a_word_that_fits_no_line_is_refused_and_not_cut() -> None:
    assert "切らずに" in fit(full_name="A" * 80).reason


def test_what_does_not_fit_at_full_size_is_shrunk_to_a_floor_only() -> None:
    label = fit(address="東京都新宿区" + "町" * 60, building="荘" * 60)
    assert label.shrunk and not label.reason
    assert min(line.size_pt for line in label.lines) >= 6
    assert label.lines[-1].size_pt >= 8


def test_fitted_and_refused_labels_together_are_all_recipients() -> None:
    recipients = pd.DataFrame({
        "source_row": ["2", "3", "4"], "postal_code": ["1600022"] * 3, "address": [ADDRESS] * 3,
        "building": ["", "荘" * 3000, "あ" * 26], "full_name": ["甲　一", "乙　二", "丙　三"],
    })  # fmt: skip
    fitted, refused = fit_labels(recipients, SMALL, [GOTHIC])
    assert [label.source_row for label in fitted] == ["2", "4"]
    assert refused["source_row"].tolist() == ["3"] and "高さ" in refused["reason"].iloc[0]
    assert count_adjustments(fitted) == {
        "labels": 2, "full_size": 1, "condensed": 1, "wrapped": 0, "shrunk": 0,
    }  # fmt: skip


def test_no_refusal_is_an_empty_table() -> None:
    recipients = pd.DataFrame([{**LabelText("2", "1600022", ADDRESS, "", "甲")._asdict()}])
    fitted, refused = fit_labels(recipients, SMALL, [GOTHIC])
    assert len(fitted) == 1 and refused.empty
    assert list(refused.columns) == ["source_row", "reason"]


SIGNS = st.sampled_from(
    [*"あ漢　 ー－-（）「」、。ッ0123456789０１２３４５ABcＡ・々様一二三", "辻\U000e0100"]
)
TEXTS = st.lists(SIGNS, min_size=1, max_size=70).map("".join)
NUMBERISH = set("0123456789０１２３４５－-")
KANJI_NUMBERS = set("一二三")


@settings(max_examples=400, deadline=None, derandomize=True)
@given(address=TEXTS, building=st.one_of(st.just(""), TEXTS), full_name=TEXTS)
def test_any_text_is_printed_whole_and_no_number_is_divided(
    address: str, building: str, full_name: str
) -> None:
    label = fit(address=address, building=building, full_name=full_name)
    if label.reason:
        assert label.lines == ()
        return
    assert join(label) == "〒160-0022" + address + building + full_name + "　様"
    borders, place = set(), 0
    for part in ("〒160-0022", address, building, full_name):
        place += len(part)
        borders.add(place)
    whole, end = join(label), 0
    for line in label.lines[:-1]:
        end += len(line.text)
        pair = {whole[end - 1], whole[end]}
        divided = bool(pair & set("0123456789０１２３４５")) and pair <= NUMBERISH
        assert end in borders or not (divided or pair <= KANJI_NUMBERS)


@given(TEXTS)
def test_there_is_one_break_opinion_per_cluster_and_none_before_the_first(text: str) -> None:
    opinions = list_breaks(text)
    assert len(opinions) == len(re.sub("[\U000e0100-\U000e01ef]", "", text))
    assert opinions[0] == 0


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "1600022", "１６０－００２２", "160"]),
            st.one_of(st.just(""), TEXTS),
            st.one_of(st.just(""), TEXTS),
            st.one_of(st.just("　"), TEXTS),
        ),
        min_size=1, max_size=8,
    ),
    sheet=st.sampled_from([LARGE, SMALL]),
    show_postal_code=st.booleans(),
)  # fmt: skip
def test_labels_that_are_fitted_together_are_those_that_are_fitted_one_by_one(
    rows: list[tuple[str, str, str, str]], sheet: Sheet, show_postal_code: bool
) -> None:
    people = pd.DataFrame(
        [(str(number), *row) for number, row in enumerate(rows)], columns=LabelText._fields
    )
    wording = Wording(show_postal_code)
    fitted, refused = fit_labels(people, sheet, [GOTHIC], wording)
    alone = [
        fit_label(LabelText(*row), sheet, [GOTHIC], wording)
        for row in people.itertuples(index=False, name=None)
    ]
    assert fitted == [label for label in alone if not label.reason]
    assert list(refused.itertuples(index=False, name=None)) == [
        (label.source_row, label.reason) for label in alone if label.reason
    ]
