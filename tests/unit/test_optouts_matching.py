"""Matching, fail closed: nobody of the cohort who may have applied is ever waved through."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.optouts.candidates import MOST_CANDIDATES
from recruitlib.optouts.outcomes import CANDIDATE_COLUMNS, MATCH_COLUMNS, tabulate_tiers
from tests.unit.matches import (
    AWAY,
    CHILD,
    FATHER,
    FATHERS_FORM,
    HOME,
    NEXT_DOOR,
    SISTER,
    STUDENT,
    STUDENTS_FORM,
    TWIN,
    Row,
    make_acts,
    make_records,
    match_one,
    match_tables,
)


def test_full_agreement_with_one_person_of_the_cohort_is_a_match() -> None:
    match, candidates = match_one([CHILD, FATHER])
    assert match == {
        "application_id": "form:0", "outcome": "matched", "addressee_id": "0000018", "tier": "A1",
        "evidence": "氏名が同じ、生年月日が同じ、番地が同じ", "reason": "",
        "told": "氏名・生年月日・番地が一人と一致（氏名が同じ、生年月日が同じ、番地が同じ）。"
        "二つ以上の項目が一致する人は、ほかにいません。",
    }  # fmt: skip
    assert candidates == []


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("髙橋　花子", "高橋花子"), ("山﨑　花子", "山崎 花子"), ("渡邉　花子", "渡辺　花子"),
        ("\ufa19田　花子", "神田花子"), ("\U00020bb7田　花子", "吉田 花子"),
        ("辻\U000e0102　花子", "辻花子"), ("架空　花子", "架空\u3000\u200b花子"), ("外〓　花子", "外崎花子"),
        ("高橋　花子", "\u2fbc橋　花子"), ("架空　花子", "花子　架空"), ("架空　花子", "架空　花子☆"),
        ("外\ue000　花子", "外崎花子"), ("架空　花子", "架空　花子 様"), ("架空　花子", "氏名：架空　花子"),
    ],
)  # fmt: skip
def test_the_same_name_in_other_glyphs_is_matched(registered: str, typed: str) -> None:
    match, _ = match_one([{**CHILD, "full_name": registered}], subject_name=typed)
    assert (match["outcome"], match["addressee_id"], match["tier"]) == ("matched", "0000018", "A1")


@pytest.mark.parametrize(
    "typed",
    [
        "かくう　はなこ", "ｶｸｳ ﾊﾅｺ", "架空　ハナコ", "カクウ 花子", "Hanako Kaku", "KAKUU HANAKO",
        "ハナコ　カクウ", "カクウハナコ",
    ],
)  # fmt: skip
def test_a_name_in_kana_or_latin_letters_is_the_name(typed: str) -> None:
    match, _ = match_one([CHILD, FATHER], subject_name=typed, subject_kana="")
    assert (match["outcome"], match["addressee_id"], match["tier"]) == ("matched", "0000018", "A1")


@pytest.mark.parametrize(
    "typed",
    ["西新宿2-8-1", "新宿区西新宿２丁目８番地１", "〒160-0023 東京都新宿区西新宿二丁目八番一号", "西新宿2の8の1"],
)  # fmt: skip
def test_the_same_address_in_another_notation_is_matched(typed: str) -> None:
    match, _ = match_one([CHILD, FATHER], subject_address=typed)
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000018")


def test_a_room_typed_behind_the_house_number_is_matched() -> None:
    tenant = {**CHILD, "building": "ハイツ１０１号室"}
    match, _ = match_one([tenant], subject_address="西新宿2-8-1 ハイツ101")
    assert match["outcome"] == "matched"


@pytest.mark.parametrize(
    ("application", "tier"),
    [
        ({"subject_birth_text": "2008-06-08"}, "B3"),
        ({"subject_birth_text": "H20.6.3 "}, "A1"),
        ({"subject_birth_text": "S20.6.3"}, "B3"),
        ({"subject_birth_text": "2008-03-06"}, "B3"),
        ({"subject_birth_text": ""}, "B5"),
        ({"subject_birth_text": "18歳"}, "B5"),
        ({"subject_birth_text": "1995-12-25"}, "B7"),
        ({"subject_birth_text": "1976-01-20"}, "B6"),
        ({"subject_address": ""}, "B2"),
        ({"subject_address": "大阪市北区梅田1-1"}, "B2"),
        ({"subject_address": AWAY}, "B2"),
        ({"subject_name": "架空　華子"}, "B4"),
        ({"subject_name": "別姓　花子", "subject_kana": "ベッセイ　ハナコ"}, "B4"),
        ({"subject_name": "架空　花"}, "B4"),
    ],
    ids=str,
)
def test_one_field_that_is_wrong_or_missing_excludes_and_waits_for_an_officer(
    application: dict[str, str], tier: str
) -> None:
    match, candidates = match_one([CHILD, FATHER], **application)
    outcome = ("matched", "") if tier == "A1" else ("to_confirm", "listed")
    assert (match["outcome"], match["reason"]) == outcome
    assert (match["tier"], match["addressee_id"]) == (tier, "0000018")
    assert candidates == []


@pytest.mark.parametrize(
    "application",
    [
        {"subject_name": "架空", "subject_kana": ""},
        {"subject_name": "架空　松太郎", "subject_kana": ""},
        {"subject_birth_text": "", "subject_address": ""},
        {"subject_birth_text": "1995-12-25", "subject_address": AWAY},
        {"subject_birth_text": "2008-06-08", "subject_address": ""},
        {"subject_name": "架空　華子", "subject_address": ""},
        {"subject_name": "架空　華子", "subject_kana": "", "subject_birth_text": "2008-06-08"},
        {"subject_name": "全然　別人", "subject_kana": ""},
    ],
    ids=str,
)
def test_what_says_too_little_is_undecided_with_the_person_shown(
    application: dict[str, str],
) -> None:
    match, candidates = match_one([CHILD, FATHER], **application)
    assert (match["outcome"], match["addressee_id"], match["tier"]) == ("undecided", "", "C")
    assert candidates == ["0000018"]


def test_two_full_agreements_are_undecided_with_both_shown() -> None:
    other = {**CHILD, "addressee_id": "0000019", "household_id": "H9"}
    match, candidates = match_one([CHILD, other])
    assert (match["outcome"], match["reason"]) == ("undecided", "several_agree")
    assert candidates == ["0000018", "0000019"]


def test_a_full_agreement_inside_and_one_outside_the_cohort_are_undecided() -> None:
    left = {**CHILD, "addressee_id": "0000019", "cohort": False}
    match, candidates = match_one([CHILD, left])
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_the_same_reading_in_other_characters_is_shown_but_never_matched() -> None:
    same_sound = {**CHILD, "addressee_id": "0000019", "full_name": "仮空　華子", "address": AWAY,
                  "household_id": "H9"}  # fmt: skip
    match, candidates = match_one([same_sound])
    assert match["outcome"] == "undecided" and candidates == ["0000019"]


@pytest.mark.parametrize("broad", ["架空　駿", "架空　俊"])
def test_a_name_that_only_looks_alike_is_never_the_same(broad: str) -> None:
    """The table for finding merges 俊 and 駿, which are two names."""
    other = "架空　俊" if broad == "架空　駿" else "架空　駿"
    match, _ = match_one([{**CHILD, "full_name": broad}], subject_name=other, subject_kana="")
    assert (match["outcome"], match["tier"]) == ("to_confirm", "B4")
    brothers = [{**CHILD, "full_name": broad}, {**TWIN, "full_name": other}]
    match, _ = match_one(brothers, subject_name=other, subject_kana="")
    assert match["addressee_id"] == TWIN["addressee_id"]


def test_of_twins_only_the_one_who_applied_is_matched() -> None:
    match, _ = match_one([CHILD, TWIN])
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000018")
    match, candidates = match_one([CHILD, TWIN], subject_name="別姓　花子", subject_kana="")
    assert match["outcome"] == "undecided" and set(candidates) == {"0000018", "0000022"}


@pytest.mark.parametrize(
    "apart",
    [
        {},
        {"household_id": "H8"},
        {"household_id": "H8", "full_name": "別姓　一郎"},
        {"household_id": ""},
    ],
    ids=str,
)
def test_a_parent_who_wrote_only_the_own_identity_is_no_proof_and_the_child_is_shown(
    apart: Row,
) -> None:
    parent = {**FATHER, **apart}
    match, candidates = match_one(
        [CHILD, parent, STUDENT], **{**FATHERS_FORM, "subject_name": parent["full_name"]}
    )
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_a_child_is_shown_though_the_parent_wrote_an_old_address() -> None:
    parent = {**FATHER, "household_id": "H8", "full_name": "別姓　一郎", "full_name_kana": ""}
    match, candidates = match_one(
        [CHILD, parent],
        subject_name="別姓　一郎",
        subject_kana="",
        subject_birth_text="1976-01-20",
        subject_address=AWAY,
    )
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_a_parents_name_with_the_childs_birth_date_shows_the_child() -> None:
    match, candidates = match_one(
        [CHILD, FATHER], **{**FATHERS_FORM, "subject_birth_text": CHILD["birth_date"]}
    )
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_an_old_record_of_somebody_who_came_back_is_no_proof() -> None:
    """The old record agrees in full, yet the same person is in the cohort under a new number."""
    left = {**CHILD, "addressee_id": "0000017", "household_id": "H7", "cohort": False}
    match, candidates = match_one([left, {**CHILD, "address": AWAY}])
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


NOBODY = {
    "subject_name": "存在　無", "subject_kana": "", "subject_birth_text": "2008-12-31",
    "subject_address": "中落合1-2-3",
}  # fmt: skip


@pytest.mark.parametrize(
    "application",
    [NOBODY, {**NOBODY, "subject_name": ""}, dict.fromkeys(NOBODY, ""), {"subject_name": "同上"}],
    ids=["nobody", "no name", "nothing", "as above"],
)
def test_somebody_whom_nobody_knows_is_undecided_and_never_outside(
    application: dict[str, str],
) -> None:
    match, _ = match_one([CHILD, FATHER], **application)
    assert (match["outcome"], match["addressee_id"]) == ("undecided", "")


def test_who_shares_nothing_with_anybody_has_no_candidates() -> None:
    match, candidates = match_one([CHILD, FATHER], **NOBODY)
    assert (match["reason"], candidates) == ("not_found", [])


def test_a_resident_of_twenty_one_without_a_cohort_housemate_is_outside_with_the_proof() -> None:
    match, candidates = match_one([CHILD, FATHER, STUDENT], **STUDENTS_FORM)
    assert match == {
        "application_id": "form:0", "outcome": "outside", "addressee_id": "0000021", "tier": "O1",
        "evidence": "氏名が同じ、生年月日が同じ、番地が同じ", "reason": "not_in_cohort",
        "told": "対象者でない一人（年齢・国籍・転出など）と、氏名・生年月日・番地が一致（氏名が同じ、生年月日が同じ、"
        "番地が同じ）。二つ以上の項目が一致する人は、ほかにいません。",
    }  # fmt: skip
    assert candidates == []


@pytest.mark.parametrize(
    "field",
    [
        {"subject_birth_text": "2005-04-22"}, {"subject_birth_text": ""}, {"subject_address": ""},
        {"subject_name": "独居　岳", "subject_kana": ""},
    ],
    ids=str,
)  # fmt: skip
def test_outside_needs_all_three_fields(field: dict[str, str]) -> None:
    match, candidates = match_one([CHILD, FATHER, STUDENT], **{**STUDENTS_FORM, **field})
    assert match["outcome"] == "undecided" and candidates == []


@pytest.mark.parametrize(
    "mate",
    [
        {"household_id": "H2", "address": AWAY},
        {"household_id": "H2", "address": HOME},
        {"household_id": "H3", "address": AWAY, "full_name": "独居　妹"},
        {"household_id": "H3", "address": AWAY, "full_name": "独居　妹", "building": "ハイツ101"},
        {"household_id": "H3", "address": AWAY, "building": ""},
        {"household_id": "H3", "address": AWAY, "building": "ハイツ101"},
    ],
    ids=[
        "household", "household elsewhere", "lot and surname", "surname in another flat",
        "dwelling", "lot without building",
    ],
)  # fmt: skip
def test_a_possible_sibling_in_the_cohort_leaves_no_proof(mate: Row) -> None:
    student = STUDENT
    if mate.get("full_name") and mate.get("building"):
        student = {**STUDENT, "building": "ハイツ102"}
    match, candidates = match_one([{**CHILD, **mate}, student], **STUDENTS_FORM)
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_a_neighbour_of_the_cohort_in_another_flat_does_not_unmake_the_proof() -> None:
    neighbour = {**CHILD, "address": AWAY, "building": "ハイツ101"}
    match, _ = match_one([neighbour, {**STUDENT, "building": "ハイツ102"}], **STUDENTS_FORM)
    assert match["outcome"] == "outside"


@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        ("1998-05-19", "outside"), ("1998-05-18", "undecided"), ("2012-05-18", "outside"),
        ("2012-05-19", "undecided"), ("1960-01-01", "undecided"), ("2004-02-29", "outside"),
    ],
)  # fmt: skip
def test_only_people_from_14_to_27_apply_for_themselves_alone(born: str, outcome: str) -> None:
    person = {**STUDENT, "birth_date": born}
    match, _ = match_one([person], **{**STUDENTS_FORM, "subject_birth_text": born})
    assert match["outcome"] == outcome


@pytest.mark.parametrize("relation", ["guardian", "agent"])
def test_an_application_by_another_is_no_proof_and_needs_the_authority(relation: str) -> None:
    match, _ = match_one([STUDENT], **STUDENTS_FORM, applicant_relation=relation)
    assert (match["outcome"], match["reason"]) == ("undecided", "applied_by_other")
    match, _ = match_one([CHILD], applicant_relation=relation)
    assert (match["outcome"], match["addressee_id"], match["reason"], match["tier"]) == (
        "to_confirm", "0000018", "authority", "A1",
    )  # fmt: skip


def test_who_may_apply_is_a_policy() -> None:
    acts = make_acts([{"applicant_relation": "guardian"}])
    ending = match_tables(make_records([CHILD]), acts, applicants=("self", "guardian"))
    assert ending.matches["outcome"].tolist() == ["matched"]


def test_a_form_signed_by_another_card_names_its_subject_and_waits_for_an_officer() -> None:
    match, _ = match_one([CHILD, FATHER], card_name="架空　一郎", card_substitutes="00000")
    assert (match["outcome"], match["addressee_id"], match["reason"]) == (
        "to_confirm", "0000018", "other_signer",
    )  # fmt: skip


def test_a_card_that_writes_a_substitute_for_a_rare_character_is_the_same_signer() -> None:
    rare = {**CHILD, "full_name": "\U00020bb7田　花子"}
    match, _ = match_one(
        [rare], subject_name="\U00020bb7田　花子", card_name="喜田　花子", card_substitutes="10000"
    )
    assert match["outcome"] == "matched"


@pytest.mark.parametrize(
    ("card_name", "card_substitutes"),
    [("架空　花子", "00000"), ("架空　華子", "00000"), ("カクウ　ハナコ", "0000000")],
)
def test_a_signer_of_the_cohort_leaves_no_proof_for_somebody_else(
    card_name: str, card_substitutes: str
) -> None:
    neighbour = {**CHILD, "address": AWAY, "building": "ハイツ101"}
    match, candidates = match_one(
        [neighbour, {**STUDENT, "building": "ハイツ102"}],
        **STUDENTS_FORM, card_name=card_name, card_substitutes=card_substitutes,
    )  # fmt: skip
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


@pytest.mark.parametrize(
    "typed",
    [
        "架空　花子、架空　月子", "架空　花子・月子", "架空　花子と月子", "架空　花子＋架空　月子",
        "架空　花子　月子", "架空　花子　架空　月子", "架空花子月子", "架空　花子（妹　月子）",
        "架空　花子|架空　月子", "架空　花子→架空　月子", "架空　花子\n架空　月子", "架空　花子 他1名",
        "架空　花子（18歳）架空　月子（22歳）", "カクウ　ハナコ　ツキコ", "1.架空　花子 2.架空　月子",
    ],
)  # fmt: skip
@pytest.mark.parametrize("born", [CHILD["birth_date"], SISTER["birth_date"]])
def test_two_children_on_one_form_are_undecided_and_both_are_shown(typed: str, born: str) -> None:
    match, candidates = match_one(
        [CHILD, SISTER, FATHER], subject_name=typed, subject_kana="", subject_birth_text=born
    )
    assert match["outcome"] == "undecided"
    assert set(candidates) == {"0000018", "0000022"}


def test_two_readings_on_one_form_are_two_children() -> None:
    match, candidates = match_one([CHILD, SISTER], subject_kana="カクウ　ハナコ、カクウ　ツキコ")
    assert (match["reason"], set(candidates)) == ("several_subjects", {"0000018", "0000022"})


@pytest.mark.parametrize(
    ("typed", "tier"),
    [
        ("架空　花子（架空　一郎）", "A1"), ("架空　花子、架空　一郎", "A1"), ("架空　花子（本人）", "A1"),
        ("対象者 架空花子　申出者 架空　一郎", "A1"), ("子＝架空　花子 親＝架空　一郎", "A1"),
        ("架空　花子 印", "A1"), ("別姓（旧姓 架空）花子", "A1"), ("架空（旧姓：別姓）花子", "A1"),
        ("架空　花子　カクウ　ハナコ", "B4"),
    ],
)  # fmt: skip
def test_a_name_beside_that_of_a_parent_or_its_reading_is_one_child(typed: str, tier: str) -> None:
    match, _ = match_one([CHILD, SISTER, FATHER], subject_name=typed)
    assert (match["addressee_id"], match["tier"]) == ("0000018", tier)


def test_somebody_outside_the_cohort_with_another_child_on_the_form_is_no_proof() -> None:
    child = {**CHILD, "full_name": "独居　花子", "full_name_kana": "ドッキョ　ハナコ"}
    for typed in ("独居　学・花子", "独居　学、独居　華子", "独居　学＋独居　花子"):
        match, candidates = match_one([child, STUDENT], **{**STUDENTS_FORM, "subject_name": typed})
        assert (match["outcome"], candidates) == ("undecided", ["0000018"])


@pytest.mark.parametrize("status", ["withdrawn", "returned", "rejected", "test"])
def test_a_status_of_a_clerk_names_its_subject_and_frees_nobody(status: str) -> None:
    """A64: only two people take an application out of force."""
    reason = {"withdrawn": "withdrawal"}.get(status, status)
    match, _ = match_one([CHILD, FATHER], status=status)
    assert (match["outcome"], match["addressee_id"], match["reason"]) == (
        "withdrawn", "0000018", reason,
    )  # fmt: skip
    match, candidates = match_one([CHILD], status=status, subject_birth_text="", subject_address="")
    assert match["outcome"] == "undecided" and candidates == ["0000018"]


def test_a_status_that_nobody_knows_excludes_and_waits_for_an_officer() -> None:
    match, _ = match_one([CHILD, FATHER], status="unknown")
    assert (match["outcome"], match["addressee_id"], match["reason"]) == (
        "to_confirm", "0000018", "status",
    )  # fmt: skip
    assert match_one([CHILD, FATHER], status="received")[0]["outcome"] == "matched"


def test_an_application_and_its_repetition_have_one_end_each() -> None:
    ending = match_tables(make_records([CHILD]), make_acts([{}, {}]))
    assert ending.matches["application_id"].tolist() == ["form:0", "form:1"]
    assert ending.matches["addressee_id"].tolist() == ["0000018"] * 2


def test_people_who_left_stay_in_the_comparison() -> None:
    match, _ = match_one([{**STUDENT, "status": "moved_out"}], **STUDENTS_FORM)
    assert (match["outcome"], match["addressee_id"]) == ("outside", "0000021")


def test_birth_date_and_address_in_each_others_field_are_read() -> None:
    match, _ = match_one([CHILD, FATHER], subject_birth_text=HOME, subject_address="2008-06-03")
    assert (match["outcome"], match["addressee_id"]) == ("matched", "0000018")


def test_nobody_and_nothing_give_empty_tables_of_the_right_form() -> None:
    ending = match_tables(make_records([CHILD]), make_acts([{}]).iloc[:0])
    assert ending.matches.empty and tuple(ending.matches.columns) == MATCH_COLUMNS
    assert ending.candidates.empty and tuple(ending.candidates.columns) == CANDIDATE_COLUMNS


def test_people_born_on_a_leap_day_are_matched_on_a_leap_day() -> None:
    """豊川市: a system stopped on 29 February."""
    born = [{**STUDENT, "birth_date": "2004-02-29"}, {**CHILD, "birth_date": "2008-02-29"}]
    acts = make_acts(
        [
            {"subject_birth_text": "2008-02-29", "received_at": "2028-02-29"},
            {**STUDENTS_FORM, "subject_birth_text": "2004-02-29", "received_at": "2028-02-29"},
        ]
    )
    ending = match_tables(make_records(born), acts, today=date(2028, 2, 29))
    assert ending.matches["outcome"].tolist() == ["matched", "outside"]


def test_the_tiers_are_counted_and_none_is_left_out() -> None:
    acts = make_acts([{}, {"subject_address": ""}, STUDENTS_FORM, NOBODY])
    table = tabulate_tiers(match_tables(make_records([CHILD, STUDENT]), acts).matches)
    counts = dict(zip(table["根拠"], table["件数"], strict=True))
    assert {tier: count for tier, count in counts.items() if count} == {
        "A1": 1, "B2": 1, "O1": 1, "C": 1,
    }  # fmt: skip


# Each pair is one thing in the registry's notation and in an applicant's.
NAMES = [("髙橋　太郎", "高橋太郎"), ("髙橋　次郎", "高橋　次郎"), ("渡邉　花子", "渡辺 花子")]
BIRTHS = ["2008-06-03", "2008-06-08", "2004-09-09", "2006-01-01", "1975-02-02", ""]
IN_RANGE = {"2008-06-03", "2008-06-08", "2004-09-09"}
LOTS = [
    (HOME, "西新宿2-8-1"),
    (NEXT_DOOR, "新宿区西新宿２丁目８番２"),
    (AWAY, "内藤町87"),
    ("", ""),
]
PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(BIRTHS), st.integers(0, 3),
        st.sampled_from(["", "H1", "H2", "H3"]), st.sampled_from(["", "ハイツ101"]), st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
FORMS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(BIRTHS), st.integers(0, 3), st.integers(0, 3),
        st.sampled_from(["self", "self", "guardian"]), st.sampled_from(["accepted", "withdrawn"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


def list_people(people: list[Any]) -> list[Row]:
    return [
        {"addressee_id": f"{number:07}", "full_name": NAMES[name][0], "birth_date": birth,
         "address": LOTS[lot][0], "household_id": household, "building": building,
         "cohort": resident and birth in IN_RANGE}
        for number, (name, birth, lot, household, building, resident) in enumerate(people)
    ]  # fmt: skip


def list_forms(forms: list[Any]) -> list[Row]:
    return [
        {"subject_name": NAMES[name][1], "subject_birth_text": birth, "subject_address": LOTS[lot][1],
         "card_name": NAMES[card][1] if card < 3 else "", "applicant_relation": relation,
         "status": status, "subject_kana": ""}
        for name, birth, lot, card, relation, status in forms
    ]  # fmt: skip


def count_agreeing(person: Any, form: Any) -> int:
    """Count what agrees by what the pools mean, not by any key."""
    return (
        (person[0] == form[0])
        + (person[1] == form[1] != "")
        + (person[2] == form[2] != 3)
    )  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=150)
@given(PEOPLE, FORMS)
def test_no_cohort_member_who_agrees_on_two_fields_is_left_outside(
    people: list[Any], forms: list[Any]
) -> None:
    records, acts = make_records(list_people(people)), make_acts(list_forms(forms))
    ending = match_tables(records, acts)
    assert ending.matches["application_id"].tolist() == acts["application_id"].tolist()
    cohort = set(records.loc[records["cohort"], "addressee_id"])
    for form, match in zip(forms, ending.matches.to_dict("records"), strict=True):
        agreeing = [count_agreeing(person, form) for person in people]
        near = {f"{at:07}" for at, fields in enumerate(agreeing) if fields >= 2} & cohort
        full = [f"{at:07}" for at, fields in enumerate(agreeing) if fields == 3]
        shown = ending.list_shown(match["application_id"])
        if match["outcome"] == "outside":
            assert not near and full == [match["addressee_id"]]
            household = records["household_id"][int(full[0])]
            mates = records[records["cohort"] & (records["household_id"] == household)]
            assert form[4] == "self" and form[1] != "1975-02-02" and (not household or mates.empty)
        elif match["outcome"] == "undecided":
            assert match["addressee_id"] == "" and len(shown) <= MOST_CANDIDATES
            assert near <= set(shown) <= cohort
        else:
            # Whoever is taken agrees in two fields, and nobody else agrees in as many.
            taken = agreeing[int(match["addressee_id"])]
            assert match["addressee_id"] in near
            assert [fields for fields in agreeing if fields >= taken] == [taken]
            assert (match["outcome"] == "withdrawn") == (form[5] == "withdrawn")
            assert match["outcome"] != "matched" or (form[4] == "self" and taken == 3)
            assert shown == []
