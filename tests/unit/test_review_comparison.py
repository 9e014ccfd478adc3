"""The comparison: what two officers are told of each field; the right words come from outside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.optouts.gazetteer import learn_places
from recruitlib.review.comparison import (
    DIFFERS,
    MISSING,
    SAME,
    VARIANT,
    Line,
    compare_addresses,
    compare_births,
    compare_fields,
    compare_kana,
    compare_names,
    needs_tick,
)

PLACES = learn_places(
    ["東京都新宿区西新宿二丁目８番１号", "東京都新宿区西新宿一丁目３番２号", "東京都新宿区片町１番１号"],
    "東京都", "新宿区",
)  # fmt: skip
LONG = "あ" * 10_000


def join(pieces: tuple[tuple[str, str], ...]) -> str:
    return "".join(text for _, text in pieces)


def list_marked(pieces: tuple[tuple[str, str], ...], state: str) -> list[str]:
    return [text.strip() for own, text in pieces if own == state]


@pytest.mark.parametrize(
    ("typed", "held", "state", "words"),
    [
        ("試験　花子", "試験　花子", SAME, "一致"),
        ("試験 花子", "試験　花子", SAME, "一致（空白や全角・半角だけの違い）"),
        ("山﨑　花子", "山崎　花子", VARIANT, "異体字の違い（「﨑」と「崎」は同じ字の異体）"),
        ("髙橋　渡邉", "高橋　渡辺", VARIANT, "異体字の違い（「髙」と「高」は同じ字の異体、「邉」と「辺」は同じ字の異体）"),
        ("しけん はなこ", "試験　花子", VARIANT, "読みが一致（かなで記入）"),
        ("試験　花〓", "試験　花子", VARIANT, "一致（〓・外字のほかは同じ）"),
        ("試験　化子", "試験　花子", DIFFERS, "違う（「化」と「花」）"),
        ("試験　花", "試験　花子", DIFFERS, "違う（申出に「子」がない）"),
        ("試験　花子様", "試験　花子", DIFFERS, "違う（台帳に「様」がない）"),
        # 斉 and 斎 are two characters, whoever mixes them up.
        ("斉藤　花子", "斎藤　花子", DIFFERS, "違う（「斉」と「斎」）"),
        ("　", "試験　花子", MISSING, "書かれていない"),
        ("試験　花子", "", MISSING, "台帳にない"),
    ],
)  # fmt: skip
def test_names_are_told_apart_in_words(typed: str, held: str, state: str, words: str) -> None:
    line = compare_names(typed, held, "シケン　ハナコ")
    assert (line.state, line.words) == (state, words)
    assert (join(line.typed), join(line.held)) == (typed, held)


def test_the_differing_characters_are_marked_on_both_sides_and_the_variants_apart() -> None:
    line = compare_names("山﨑　化子", "山崎　花子")
    assert list_marked(line.typed, DIFFERS) == ["化"]
    assert list_marked(line.held, DIFFERS) == ["花"]
    assert list_marked(line.typed, VARIANT) == ["﨑"]
    assert line.words == "違う（「化」と「花」、「﨑」と「崎」は同じ字の異体）"


@pytest.mark.parametrize(
    ("typed", "held", "state", "words"),
    [
        ("ｼｹﾝ ﾊﾅｺ", "シケン　ハナコ", SAME, "一致"),
        ("しけん　はなこ", "シケン　ハナコ", SAME, "一致（かなの書き方の違い）"),
        ("シケン　ハルコ", "シケン　ハナコ", DIFFERS, "違う（「ル」と「ナ」）"),
        ("", "シケン　ハナコ", MISSING, "書かれていない"),
        ("", "", MISSING, "どちらにも書かれていない"),
    ],
)
def test_readings_are_told_apart(typed: str, held: str, state: str, words: str) -> None:
    line = compare_kana(typed, held)
    assert (line.state, line.words) == (state, words)


@pytest.mark.parametrize(
    ("text", "day", "held", "state", "words"),
    [
        ("平成20年5月3日", "2008-05-03", "2008-05-03", SAME, "一致"),
        ("平成20年5月3日", "2008-05-03", "2008-06-13", DIFFERS, "違う（年が同じ・月が違う・日が違う）"),
        ("平成20年5月8日", "2008-05-08", "2008-05-03", DIFFERS, "違う（一字の誤りとみれば同じ。年が同じ・月が同じ・日が違う）"),
        ("昭和20年5月3日", "1945-05-03", "2008-05-03", VARIANT, "近い（元号か月日の読み方を変えれば同じ）"),
        ("ひみつ", "", "2008-05-03", DIFFERS, "読み取れない"),
        ("", "", "2008-05-03", MISSING, "書かれていない"),
        ("平成20年5月3日", "2008-05-03", "", MISSING, "台帳にない"),
    ],
)  # fmt: skip
def test_birth_dates_are_told_apart_by_what_differs(
    text: str, day: str, held: str, state: str, words: str
) -> None:
    line = compare_births(text, day, held)
    assert (line.state, line.words) == (state, words)


@pytest.mark.parametrize(
    ("typed", "held", "states", "words"),
    [
        (("西新宿2-8-1", ""), ("東京都新宿区西新宿二丁目８番１号", ""), [SAME, SAME, MISSING], "どちらにも書かれていない"),
        (("西新宿2-9-1 見本荘101", ""), ("東京都新宿区西新宿二丁目８番１号", "見本荘１０１"), [SAME, DIFFERS, SAME], "一致"),
        (("片町2-8-1", "見本荘102"), ("東京都新宿区西新宿二丁目８番１号", "見本荘101"), [DIFFERS, DIFFERS, DIFFERS], "違う（「2」と「1」）"),
        (("", ""), ("東京都新宿区片町１番１号", ""), [MISSING, MISSING, MISSING], "どちらにも書かれていない"),
    ],
)  # fmt: skip
def test_addresses_are_told_apart_in_three_parts(
    typed: tuple[str, str], held: tuple[str, str], states: list[str], words: str
) -> None:
    lines = compare_addresses(typed, held, PLACES)
    assert [line.label for line in lines] == ["住所: 町", "住所: 丁目・番地・号", "住所: 方書"]
    assert [line.state for line in lines] == states
    assert lines[2].words == words


def test_an_address_elsewhere_is_said_to_be_so() -> None:
    town, *_ = compare_addresses(
        ("神奈川県横浜市西区1-2", ""), ("東京都新宿区片町１番１号", ""), PLACES
    )
    assert town.words == "違う（市区町村の外とみられる）"


def make_pair(**changes: str) -> tuple[dict[str, Any], dict[str, Any]]:
    held = {
        "full_name": "試験　花子", "full_name_kana": "シケン　ハナコ", "birth_date": "2008-05-03",
        "address": "東京都新宿区片町１番１号", "building": "",
    }  # fmt: skip
    typed = {
        "subject_name": "試験　花子", "subject_kana": "シケン　ハナコ",
        "subject_birth_text": "2008-05-03", "subject_birth_date": "2008-05-03",
        "subject_address": "片町1-1", "subject_building": "", "card_name": "",
    }  # fmt: skip
    return {**typed, **changes}, held


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, False),
        ({"subject_name": "別人　太郎"}, False),
        ({"subject_birth_text": "2008-09-29", "subject_birth_date": "2008-09-29"}, False),
        ({"subject_name": "別人　太郎", "subject_birth_text": "2008-09-29", "subject_birth_date": "2008-09-29"}, True),
        ({"subject_name": "別人　太郎", "subject_birth_text": "", "subject_birth_date": ""}, True),
        ({"subject_name": "別人　太郎", "subject_birth_text": "不明な日", "subject_birth_date": ""}, True),
        # The same person in another writing is no doubt.
        ({"subject_name": "しけんはなこ", "subject_birth_text": "", "subject_birth_date": ""}, False),
    ],
)  # fmt: skip
def test_a_tick_is_asked_where_neither_name_nor_birth_date_agrees(
    changes: dict[str, str], asked: bool
) -> None:
    assert needs_tick(compare_fields(*make_pair(**changes), PLACES)) is asked


def test_the_name_of_the_card_is_compared_with_the_resident_too() -> None:
    *_, card = compare_fields(*make_pair(card_name="試験　太郎"), PLACES)
    assert (card.label, card.words) == ("カードの氏名", "違う（「太郎」と「花子」）")


def test_a_text_of_ten_thousand_characters_is_compared_at_once_and_kept_whole() -> None:
    line = compare_names(LONG, "試験　花子")
    assert line.state == DIFFERS and join(line.typed) == LONG
    assert len(line.words) < 80
    for line in compare_addresses((LONG, LONG), ("東京都新宿区片町１番１号", ""), PLACES):
        assert len(line.words) < 80


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_nothing_of_what_is_compared_is_lost_or_changed(typed: str, held: str) -> None:
    def check(line: Line, left: str, right: str) -> None:
        assert (join(line.typed), join(line.held)) == (left, right)

    check(compare_names(typed, held, held), typed, held)
    check(compare_kana(typed, held), typed, held)
    parts = compare_addresses((typed, held), (held, typed), PLACES)
    for side, pair in (("typed", (typed, held)), ("held", (held, typed))):
        told = "".join(join(getattr(line, side)) for line in parts)
        assert "".join(told.split()) == "".join("".join(pair).split())


def test_a_line_shows_nothing_of_itself_in_a_message() -> None:
    assert repr(compare_names("試験　花子", "試験　花子")) == "Line(…)"
