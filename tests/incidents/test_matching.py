"""Published accidents of matching, planted one by one: the subject is out, or people are asked.

Each test has the number of its accident. Nobody is ever accepted unseen on less than full
agreement, and nobody who may have applied ends as somebody who is not of the cohort.
"""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.matches import (
    AWAY,
    CHILD,
    FATHER,
    HOME,
    NEXT_DOOR,
    SISTER,
    STUDENT,
    TWIN,
    Row,
    make_acts,
    make_records,
    match_one,
    match_tables,
)

HOMONYM: Row = {**CHILD, "addressee_id": "0000019", "household_id": "H9", "address": AWAY}


@pytest.mark.parametrize(
    ("application", "shown"),
    [
        ({"subject_name": "遠山　松太郎", "subject_birth_text": "2004-11-30"}, []),
        ({"subject_name": "架空　松太郎", "subject_birth_text": "2004-11-30"}, ["0000018"]),
    ],
    ids=["lot", "lot and family name"],
)
def test_a19_whoever_differs_in_name_and_birth_date_is_never_taken(
    application: dict[str, str], shown: list[str]
) -> None:
    """生駒市: registered on the wrong person. What differs stands beside the candidate."""
    ending = match_tables(make_records([CHILD]), make_acts([{**application, "subject_kana": ""}]))
    [match] = ending.matches.to_dict("records")
    assert (match["outcome"], match["addressee_id"]) == ("undecided", "")
    assert ending.list_shown("form:0") == shown
    for evidence in ending.candidates["evidence"]:
        assert evidence == "氏だけが同じ、生年月日が違う、番地が同じ"


@pytest.mark.parametrize("address", ["中落合1-2-3", "", "大阪市北区梅田1-1", AWAY])
def test_a25_a_look_alike_is_excluded_for_now_and_goes_before_an_officer(address: str) -> None:
    """西東京市: name, birth date and sex gave one hit, and it was somebody else."""
    match, _ = match_one([CHILD, STUDENT], subject_address=address)
    assert (match["outcome"], match["addressee_id"]) == ("to_confirm", "0000018")
    assert (match["tier"], match["reason"]) == ("B2", "listed")
    assert "住所が違うか、書かれていない" in match["evidence"] or "外の住所" in match["evidence"]


def test_a26_of_two_people_of_one_reading_and_birth_date_only_the_address_tells() -> None:
    """坂出市, 長野市: the wrong one was taken."""
    match, _ = match_one([CHILD, HOMONYM])
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000018")
    match, _ = match_one([CHILD, HOMONYM], subject_address="内藤町87")
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000019")
    for address in ("", "新宿区", "中落合1-2-3", "大阪市北区梅田1-1"):
        match, candidates = match_one([CHILD, HOMONYM], subject_address=address)
        assert (match["outcome"], match["addressee_id"]) == ("undecided", "")
        assert candidates == ["0000018", "0000019"]


@pytest.mark.parametrize("typed", ["かくう　はなこ", "ｶｸｳ ﾊﾅｺ", "カクウハナコ", "kakuu hanako"])
def test_a26_a_reading_is_one_of_two_people_until_the_address_tells(typed: str) -> None:
    other = {**HOMONYM, "full_name": "仮空　華子"}
    form = {"subject_name": typed, "subject_kana": ""}
    match, candidates = match_one([CHILD, other], **form, subject_address="")
    assert match["outcome"] == "undecided" and candidates == ["0000018", "0000019"]
    match, _ = match_one([CHILD, other], **form, subject_address="内藤町87")
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000019")


def test_a26_a_look_alike_who_has_left_is_compared_as_well() -> None:
    left = {**HOMONYM, "cohort": False}
    match, candidates = match_one([CHILD, left], subject_address="")
    assert (match["outcome"], candidates) == ("undecided", ["0000018"])


@pytest.mark.parametrize(
    "typed",
    ["西新宿2-8-1", "西新宿2丁目8番1号", "新宿区西新宿二丁目八番一号", "〒160-0023 東京都新宿区西新宿２－８－１",
     "西新宿2の8の1", "新宿区 西新宿 2丁目 8番地1", "西新宿2ー8ー1", "東京都新宿区西新宿２丁目８番１号１０１号室"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("registered", "name"),
    [("髙﨑　花子", "高崎　花子"), ("渡邊　花子", "渡辺花子"), ("齋藤　花子", "斎藤 花子"),
     ("\ufa19﨑　花子", "神崎　花子"), ("邉見　花子", "辺見　花子")],
)  # fmt: skip
def test_a27_another_notation_and_old_glyphs_are_the_same_person(
    registered: str, name: str, typed: str
) -> None:
    """マイナンバー紐付け誤り: 1-2-3 was not recognised as 一丁目2番3号."""
    person = {**CHILD, "full_name": registered}
    match, _ = match_one([person, FATHER], subject_name=name, subject_address=typed)
    assert (match["outcome"], match["addressee_id"], match["tier"]) == ("matched", "0000018", "A1")


NEIGHBOUR: Row = {**SISTER, "addressee_id": "0000019", "household_id": "H9", "address": NEXT_DOOR}


def test_a29_a_lot_one_digit_off_that_is_the_neighbours_is_undecided_with_both_shown() -> None:
    """松前町: two families of one name that differed in 番地 only."""
    match, candidates = match_one([CHILD, NEIGHBOUR], subject_address="西新宿2-8-2")
    assert (match["outcome"], match["addressee_id"]) == ("undecided", "")
    assert candidates == ["0000018", "0000019"]


@pytest.mark.parametrize(
    ("name", "born"),
    [("架空　華子", "2008-06-03"), ("架空　花子", "2008-06-04"), ("架空　花子", "")],
)
def test_a29_with_a_second_slip_it_is_still_undecided_with_both_shown(name: str, born: str) -> None:
    match, candidates = match_one(
        [CHILD, NEIGHBOUR], subject_name=name, subject_birth_text=born,
        subject_address="西新宿2-8-2",
    )  # fmt: skip
    assert (match["outcome"], match["addressee_id"]) == ("undecided", "")
    assert set(candidates) == {"0000018", "0000019"}


def test_a29_the_neighbours_own_application_is_hers() -> None:
    match, _ = match_one(
        [CHILD, NEIGHBOUR], subject_name="架空　月子", subject_kana="カクウ　ツキコ",
        subject_birth_text="2004-11-11", subject_address="西新宿2-8-2",
    )  # fmt: skip
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000019")


@pytest.mark.parametrize("born", ["2008-02-29", "2004-02-29"])
def test_a12_people_born_on_a_leap_day_are_matched(born: str) -> None:
    """豊川市: a system stopped on 29 February."""
    match, _ = match_one([{**CHILD, "birth_date": born}], subject_birth_text=born)
    assert match["outcome"] == "matched"


@pytest.mark.parametrize(
    "typed",
    ["4200402", "420080402", "20.4.2", "39540", "平成20年4月2日", "H20.4.2", "2008/4/2 0:00"],
)
def test_a55_a_birth_date_in_another_writing_is_the_same_person(typed: str) -> None:
    born = {**CHILD, "birth_date": "2008-04-02"}
    match, _ = match_one([born, TWIN], subject_birth_text=typed)
    assert match["addressee_id"] == "0000018"
    assert match["outcome"] in ("matched", "to_confirm")


@pytest.mark.parametrize("typed", ["平成31年5月1日", "2009-02-29", "4200403"])
def test_a55_a_date_that_is_not_hers_is_never_taken_for_hers(typed: str) -> None:
    born = {**CHILD, "birth_date": "2008-04-02"}
    match, _ = match_one([born], subject_birth_text=typed)
    assert match["outcome"] != "matched"


@pytest.mark.parametrize(
    "name",
    ["\ufa19山　花子", "\ufa1b田　花子", "山\ufa11　花子", "\U00020bb7田　花子", "辻\U000e0102　花子",
     "\ue000田　花子", "田\uf860　花子", "田\U000f0000　花子"],
)  # fmt: skip
def test_a59_a60_a_rare_glyph_of_the_registry_matches_what_is_typed(name: str) -> None:
    """A character of private use is one unknown character, and no other."""
    typed = name.translate(
        {0xFA19: "神", 0xFA1B: "福", 0xFA11: "崎", 0x20BB7: "吉", 0xE0102: "", 0xE000: "岩",
         0xF860: "辺", 0xF0000: "邉"}
    )  # fmt: skip
    match, _ = match_one([{**CHILD, "full_name": name}], subject_name=typed, subject_kana="")
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000018")
    other, _ = match_one(
        [{**CHILD, "full_name": name, "full_name_kana": ""}],
        subject_name="山中　月美", subject_kana="",
    )  # fmt: skip
    assert other["outcome"] == "undecided"


@pytest.mark.parametrize("status", ["withdrawn", "returned", "rejected", "test", "unknown"])
def test_a64_no_status_of_a_clerk_frees_the_subject(status: str) -> None:
    match, _ = match_one([CHILD, FATHER], status=status)
    assert match["addressee_id"] == "0000018"
    assert match["outcome"] in ("withdrawn", "to_confirm")


def test_every_application_of_these_accidents_ends_once() -> None:
    acts = make_acts(
        [{}, {}, {"subject_address": ""}, {"subject_name": ""}, {"status": "withdrawn"}]
    )
    ending = match_tables(make_records([CHILD, HOMONYM, NEIGHBOUR, FATHER, STUDENT]), acts)
    assert ending.matches["application_id"].tolist() == acts["application_id"].tolist()
    assert isinstance(ending.matches, pd.DataFrame) and ending.matches["outcome"].ne("").all()
    assert HOME not in " ".join(ending.matches["told"])
