"""Each rule of the matching alone: without it a planted case is missed, with it people are asked.

A rule is switched off by replacing its function. Missed is an application whose true person is
neither excluded nor shown: it ends with somebody else, or outside the cohort.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from recruitlib.optouts import candidates, matching, one_subject, outside, rivals
from recruitlib.optouts.matching import match_subject
from recruitlib.optouts.people import build_people
from recruitlib.optouts.subjects import build_subjects, collect_keys
from tests.unit.matches import (
    AWAY,
    CHILD,
    FATHER,
    FATHERS_FORM,
    NEXT_DOOR,
    SISTER,
    STUDENT,
    STUDENTS_FORM,
    TODAY,
    TWIN,
    WARD,
    Row,
    make_acts,
    make_records,
    match_one,
    match_tables,
)

ROOMS = (matching, candidates, one_subject, outside, rivals)


def switch_off(monkeypatch: pytest.MonkeyPatch, rule: str, instead: Any) -> None:
    """Replace a rule's function wherever it is asked."""
    homes = [room for room in ROOMS if hasattr(room, rule)]
    assert homes
    for room in homes:
        monkeypatch.setattr(room, rule, instead)


class Planted(NamedTuple):
    """A case that one rule alone keeps: what switches the rule off, and how it then ends."""

    switched_off: dict[str, Any]
    people: list[Row]
    application: dict[str, str]
    true_ids: set[str]
    reason: str
    missed: tuple[str, str]


def find_nobody(*_: Any) -> list[Any]:
    return []


def deny(*_: Any) -> bool:
    return False


def agree(*_: Any) -> bool:
    return True


LODGER = {**CHILD, "addressee_id": "0000019", "household_id": "H9"}
HOMONYM = {**LODGER, "address": AWAY, "birth_date": "2008-06-04"}
OTHER_HOME = {**CHILD, "household_id": "H7", "address": AWAY, "full_name": "別姓　花子"}
PLANTED = {
    "rival": Planted(
        # Two lodgers of one name and birth date in a dormitory; the second one applied.
        {"find_rivals": find_nobody},
        [CHILD, LODGER], {}, {"0000019"}, "several_agree", ("matched", "0000018"),
    ),
    "household": Planted(
        # A brother of twenty-one wrote himself into the form of his sister.
        {"find_neighbours": find_nobody},
        [{**CHILD, "household_id": "H2", "address": AWAY}, STUDENT], STUDENTS_FORM,
        {"0000018"}, "same_home", ("outside", "0000021"),
    ),
    "household, another flat": Planted(
        {"share_home": deny},
        [{**CHILD, "full_name": "独居　花子", "building": "201", "address": AWAY}, STUDENT],
        STUDENTS_FORM, {"0000018"}, "same_home", ("outside", "0000021"),
    ),
    "another name of the form": Planted(
        # A friend who applies for somebody, and says to be the subject.
        {"find_named": find_nobody, "find_alike": find_nobody},
        [CHILD, STUDENT], {**STUDENTS_FORM, "card_name": "架空　花子"},
        {"0000018"}, "other_name", ("outside", "0000021"),
    ),
    "age": Planted(
        # A father who lives apart signed with his own card; nothing in the registry links them.
        {"OLDEST": 200},
        [OTHER_HOME, FATHER], FATHERS_FORM, set(), "other_generation", ("outside", "0000050"),
    ),
    "homonym": Planted(
        # The namesake applied and mistyped one digit: it is now the birth date of the other.
        {"_has_namesake": deny},
        [CHILD, HOMONYM], {"subject_address": ""}, {"0000019"}, "no_full_agreement",
        ("to_confirm", "0000018"),
    ),
    "twin": Planted(
        # 麻緒子 was keyed in as 麻央, which is one letter from the name of her sister 真央.
        {"_has_twin": deny},
        [{**CHILD, "full_name": "架空　真央"}, {**TWIN, "full_name": "架空　麻緒子"}],
        {"subject_name": "架空　麻央", "subject_kana": ""}, {"0000022"}, "no_full_agreement",
        ("to_confirm", "0000018"),
    ),
    "twin on paper": Planted(
        # A clerk keyed in 花子 for 芽子, and there is a sister 花子.
        {"_has_near_twin": deny},
        [CHILD, {**TWIN, "full_name": "架空　芽子"}],
        {"channel": "post", "subject_kana": ""}, {"0000022"}, "twin", ("matched", "0000018"),
    ),
    "several subjects": Planted(
        {"is_one_subject": agree},
        [CHILD, SISTER], {"subject_name": "架空　花子、架空　月子"}, {"0000022"},
        "several_subjects", ("matched", "0000018"),
    ),
    "several subjects, nothing between them": Planted(
        {"may_name_another": deny},
        [CHILD, SISTER], {"subject_name": "架空　花子　月子", "subject_kana": ""}, {"0000022"},
        "several_subjects", ("to_confirm", "0000018"),
    ),
    "several subjects, one outside": Planted(
        # The sister who is meant lives elsewhere; nothing but the word leads to her.
        {"is_one_subject": agree},
        [{**CHILD, "full_name": "独居　花子"}, {**STUDENT, "full_name": "独居　学人"}],
        {**STUDENTS_FORM, "subject_name": "独居　学人・妹"}, set(),
        "several_subjects", ("outside", "0000021"),
    ),
    "a family of the name at the written lot": Planted(
        # 松前町: the form of the neighbours' child was keyed in with the name of the other family's.
        {"_is_family_there": deny},
        [CHILD, {**SISTER, "full_name": "架空　松美", "household_id": "H9", "address": NEXT_DOOR}],
        {"subject_address": "西新宿2-8-2"}, {"0000022"}, "family_there", ("to_confirm", "0000018"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_without_the_rule_the_planted_case_is_missed_and_with_it_people_are_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = PLANTED[name]
    match, candidates = match_one(case.people, **case.application)
    assert (match["outcome"], match["reason"]) == ("undecided", case.reason)
    assert case.true_ids <= set(candidates)
    for rule, instead in case.switched_off.items():
        switch_off(monkeypatch, rule, instead)
    match, candidates = match_one(case.people, **case.application)
    assert (match["outcome"], match["addressee_id"]) == case.missed
    assert match["addressee_id"] not in case.true_ids and candidates == []


def test_somebody_who_is_not_found_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """She moved in after the extract was made; the next extract will find her."""
    form = {"subject_name": "遠山　松子", "subject_kana": "", "subject_address": "中落合1-2-3"}
    match, candidates = match_one([CHILD, FATHER], **form)
    assert (match["outcome"], match["reason"], candidates) == ("undecided", "not_found", [])
    end_outside = matching.end_outside

    def end_all(*given: Any) -> Any:
        end = end_outside(*given)
        return ("O1", FATHER, "") if end[2] == "not_found" else end

    monkeypatch.setattr(matching, "end_outside", end_all)
    subject = build_subjects(make_acts([form]), WARD)[0]
    people = build_people(make_records([CHILD, FATHER]), ["0000018"], WARD)
    assert match_subject(subject, people, TODAY).tier == "O1"


def test_a_name_one_letter_off_is_found_by_searching_the_cohort_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither name nor birth date nor lot is the same; no key but a near one leads to her."""
    form = {"subject_name": "架空　華子", "subject_kana": "", "subject_birth_text": "2008-12-25",
            "subject_address": ""}  # fmt: skip
    assert match_one([CHILD, FATHER], **form)[1] == ["0000018"]
    switch_off(monkeypatch, "shorten", lambda key: set())
    match, candidates = match_one([CHILD, FATHER], **form)
    assert (match["outcome"], candidates) == ("undecided", [])


def test_a_form_that_counts_others_without_their_names_is_never_one_subject() -> None:
    records = make_records([CHILD, SISTER])
    acts = make_acts([{"subject_name": "架空　花子　他１名"}])
    ending = match_tables(records, acts)
    assert ending.matches["reason"].tolist() == ["several_subjects"]
    assert ending.list_shown("form:0") == ["0000018", "0000022"]
    subject = build_subjects(make_acts([{}]), WARD)[0]
    people = build_people(records, ["0000018", "0000022"], WARD)
    assert match_subject(subject, people, TODAY).tier == "A1"
    assert match_subject(subject._replace(doubtful=True), people, TODAY).tier == "C"


def test_what_somebody_else_applied_for_is_never_the_applicants_own() -> None:
    records = make_records([CHILD, STUDENT])
    subject = build_subjects(make_acts([STUDENTS_FORM]), WARD)[0]
    people = build_people(records, ["0000018"], WARD)
    assert match_subject(subject, people, TODAY).tier == "O1"
    asked = match_subject(subject._replace(by_subject=False), people, TODAY)
    assert (asked.tier, asked.reason) == ("C", "applied_by_other")


def test_somebody_without_a_reading_may_be_meant_by_a_name_in_kana() -> None:
    """Measured: the true person's reading was blank, and the namesake by sound was taken."""
    namesake = {**CHILD, "addressee_id": "0000071", "full_name": "森　和", "full_name_kana": "モリ　ヒトシ",
                "household_id": "H71", "address": AWAY}  # fmt: skip
    unread = {**namesake, "addressee_id": "0000072", "full_name": "森　一司", "full_name_kana": "",
              "household_id": "H72", "address": NEXT_DOOR}  # fmt: skip
    form = {"subject_name": "もり　ひとし", "subject_kana": "", "subject_address": ""}
    assert match_one([namesake], **form)[0]["addressee_id"] == "0000071"
    row, _ = match_one([namesake, unread], **form)
    assert (row["outcome"], row["addressee_id"]) == ("undecided", "")
    # With the lot of the other one it is no different: both share the day, one the lot.
    neighbour = {**unread, "address": AWAY}
    row, _ = match_one([namesake, neighbour], **form | {"subject_address": "内藤町87"})
    assert row["outcome"] == "undecided"


@pytest.mark.parametrize("typed", ["中川　啓", "中川啓"])
def test_another_given_name_of_one_letter_is_another_name(typed: str) -> None:
    """Measured: 中川 啓 was taken for 中川 史 of the same day and lot."""
    person = {**CHILD, "full_name": "中川　史", "full_name_kana": "ナカガワ　フミ"}
    row, shown = match_one([person], subject_name=typed, subject_kana="")
    assert (row["outcome"], shown) == ("undecided", [CHILD["addressee_id"]])
    unparted = {**person, "full_name": "中川史", "full_name_kana": ""}
    assert match_one([unparted], subject_name=typed, subject_kana="")[0]["outcome"] == "undecided"
    # A letter more, or another one of two, is a slip of the pen.
    longer = {**person, "full_name": "中川　史人"}
    assert (
        match_one([longer], subject_name="中川　史", subject_kana="")[0]["outcome"] == "to_confirm"
    )


SAKURA = {**SISTER, "full_name": "架空　さくら", "full_name_kana": "カクウ　サクラ"}


@pytest.mark.parametrize(
    ("sister", "form"),
    [
        (SAKURA, {"subject_name": "架空　花子（さくら）", "subject_kana": ""}),
        (SAKURA, {"subject_name": "架空　花子（架空さくら）", "subject_kana": "",
                  "subject_birth_text": "2004-11-11"}),
        (SISTER, {"subject_kana": "架空　月子"}),
        (SISTER, {"subject_kana": "架空　月子", "subject_birth_text": "2004-11-11"}),
        (SISTER, {"subject_kana": "カクウ　ツキコ"}),
        (SISTER, {"subject_kana": "カクウハナコ　カクウツキコ"}),
        (SISTER, {"subject_kana": "ハナコ　ツキコ"}),
        (SISTER, {"subject_kana": "カクウ　ハナコ　他１名"}),
        (SISTER, {"subject_name": f"架空　花子{'　' * 70}架空　月子", "subject_kana": ""}),
        (SISTER, {"subject_name": "架空　花子　妹", "subject_kana": ""}),
        (SISTER, {"subject_name": "架空花子他", "subject_kana": ""}),
        (SISTER, {"subject_name": "架空花子②", "subject_kana": ""}),
        (SISTER, {"subject_name": "架空花子：月子", "subject_kana": "", "subject_birth_text": "2004-11-11"}),
        (SISTER, {"subject_birth_text": "2008-06-03、2004-11-11"}),
        (SISTER, {"subject_birth_text": "平成20年6月3日　平成16年11月11日"}),
        (SISTER, {"subject_birth_text": "20080603 20041111"}),
    ],
)  # fmt: skip
def test_a_second_child_in_any_field_is_never_lost(sister: Row, form: dict[str, str]) -> None:
    """Found by hand: the first child was excluded, and the other one printed without a question."""
    row, shown = match_one([CHILD, sister, FATHER], **form)
    assert (row["outcome"], row["addressee_id"]) == ("undecided", "")
    assert {CHILD["addressee_id"], sister["addressee_id"]} <= set(shown)


@pytest.mark.parametrize(
    "form",
    [
        {"subject_name": "架空花子（はなこ）"}, {"subject_name": "花子（架空花子）"}, {"subject_kana": "同上"},
        {"subject_kana": "KAKUU HANAKO"}, {"subject_kana": "架空　花子"}, {"subject_kana": "ハナコ"},
        {"subject_kana": "カクー　ハナゴ"}, {"subject_name": "１．架空花子"},
        {"subject_name": "", "subject_kana": "カクウ　ハナコ"},
        {"subject_birth_text": "平成20年6月3日（2008年6月3日）"},
        {"subject_birth_text": "2008年6月3日（昭和20年6月3日）"},
    ],
)  # fmt: skip
def test_one_child_in_two_writings_is_one(form: dict[str, str]) -> None:
    row, _ = match_one([CHILD, SISTER, FATHER], **form)
    assert row["outcome"] in ("matched", "to_confirm")
    assert row["addressee_id"] == CHILD["addressee_id"]


def test_a_reading_that_names_a_child_keeps_the_applicant_from_being_the_end() -> None:
    child = {**CHILD, "full_name": "別姓　花子", "full_name_kana": "ベッセイ　ハナコ"}
    for kana in ("ベッセイ　ハナコ", "別姓　花子"):
        row, shown = match_one([child, STUDENT], **{**STUDENTS_FORM, "subject_kana": kana})
        assert row["outcome"] == "undecided"
        assert shown == [CHILD["addressee_id"]]


def test_who_came_back_under_another_family_name_is_asked_for() -> None:
    """Two rows of one person: she left as 架空, and came back as 新姓 with a new number."""
    left = {
        **CHILD,
        "addressee_id": "0000017",
        "cohort": False,
        "address": AWAY,
        "household_id": "H8",
    }
    back = {**CHILD, "full_name": "新姓　花子", "full_name_kana": "シンセイ　ハナコ"}
    row, shown = match_one([left, back], subject_address="内藤町87")
    assert (row["outcome"], row["reason"], shown) == ("undecided", "same_day", ["0000018"])
    assert (
        match_one([left, {**back, "full_name": "新姓　月子"}], subject_address="内藤町87")[0][
            "outcome"
        ]
        == "outside"
    )


@pytest.mark.parametrize("other", ["齋藤　花子", "斉藤　花子"])
@pytest.mark.parametrize("birth", ["", "1990-01-01"])
def test_the_form_of_a_character_tells_nobody_apart_without_a_birth_date(
    other: str, birth: str
) -> None:
    """Two families of one large building: she writes 斎 for 齋 or 斉, as everybody does."""
    one = {**CHILD, "full_name": "斎藤　花子"}
    two = {**SISTER, "full_name": other, "full_name_kana": "カクウ　ハナコ", "household_id": "H9"}
    row, shown = match_one([one, two], subject_name="斎藤花子", subject_birth_text=birth)
    assert (row["outcome"], set(shown)) == ("undecided", {"0000018", "0000022"})


def test_a_namesake_in_other_characters_is_one_where_no_reading_is_known() -> None:
    one = {**CHILD, "full_name": "斎藤　花子"}
    two = {**one, "addressee_id": "0000022", "full_name": "斉藤　花子", "full_name_kana": "",
           "birth_date": "2008-06-04", "household_id": "H9", "address": AWAY}  # fmt: skip
    row, _ = match_one([one, two], subject_name="斎藤花子", subject_address="")
    assert row["outcome"] == "undecided"


def test_the_name_of_one_child_with_the_birth_date_of_the_other_is_asked_for() -> None:
    """The elder one lives in a dormitory of the city; whom the parents mean nobody can tell."""
    away = {**SISTER, "household_id": "H9", "address": AWAY}
    row, shown = match_one([CHILD, away], subject_name="架空　月子", subject_kana="")
    assert (row["outcome"], row["reason"]) == ("undecided", "several_agree")
    assert set(shown) == {"0000018", "0000022"}


@pytest.mark.parametrize(
    ("person", "form"),
    [
        (CHILD, {"subject_name": "長女　架空花子", "subject_kana": ""}),
        (CHILD, {"subject_name": "父　架空一郎　架空花子", "subject_kana": ""}),
        ({**CHILD, "full_name_kana": ""}, {"subject_name": "カクウ　ハナコ", "subject_kana": ""}),
        (CHILD, {"subject_name": "", "subject_kana": "カクウ　ハナコ"}),
    ],
)
def test_whoever_may_be_meant_is_excluded_or_shown(person: Row, form: dict[str, str]) -> None:
    row, shown = match_one([person, STUDENT], subject_address="", **form)
    assert "0000018" in (row["addressee_id"], *shown)


def test_nothing_that_is_compared_shows_itself() -> None:
    """A traceback shows the values of a frame, and stands in the executed notebook."""
    subject = build_subjects(make_acts([{"subject_name": "架空　はなこ"}]), WARD)[0]
    people = build_people(make_records([CHILD]), ["0000018"], WARD)
    held = [subject, subject.names, subject.birth, subject.names[0].halves, people, collect_keys([subject]),
            match_subject(subject, people, TODAY)]  # fmt: skip
    shown = repr(held)
    assert not [
        text for text in ("架空", "花子", "ハナコ", "2008", "新宿", "0000018") if text in shown
    ]


@pytest.mark.parametrize("kana", ["カクウ　ハナコ", "カクウハナコ"])
def test_another_family_name_in_the_reading_is_no_other_person(kana: str) -> None:
    row, _ = match_one([{**CHILD, "full_name_kana": kana}], subject_name="別姓（旧姓 架空）花子",
                       subject_kana="ベッセイ　ハナコ")  # fmt: skip
    assert (row["outcome"], row["addressee_id"]) == ("matched", "0000018")


@pytest.mark.parametrize(
    "name",
    ["架空花子 カクウ　ハナコ", "架空花子です", "架空花子　かくう　はなこ"],
)
def test_a_reading_behind_the_name_and_polite_words_are_no_other_name(name: str) -> None:
    row, _ = match_one([CHILD, SISTER, FATHER], subject_name=name, subject_kana="")
    assert (row["outcome"], row["addressee_id"]) == ("matched", CHILD["addressee_id"])


def test_a_sisters_reading_behind_the_name_is_another_name() -> None:
    row, shown = match_one(
        [CHILD, SISTER, FATHER], subject_name="架空花子 カクウ　ツキコ", subject_kana=""
    )
    assert row["outcome"] == "undecided"
    assert {CHILD["addressee_id"], SISTER["addressee_id"]} <= set(shown)


def test_who_cannot_be_read_so_is_no_rival_of_a_name_in_kana() -> None:
    """佐藤 is read サトウ in this registry, so that もり ひとし is not a 佐藤 without a reading."""
    found = {**CHILD, "full_name": "森　和", "full_name_kana": "モリ　ヒトシ", "address": AWAY}
    other = {**found, "addressee_id": "0000072", "full_name": "佐藤　一司", "full_name_kana": "",
             "household_id": "H72", "address": NEXT_DOOR}  # fmt: skip
    known = {**SISTER, "addressee_id": "0000073", "full_name": "佐藤　月子",
             "full_name_kana": "サトウ　ツキコ", "household_id": "H73"}  # fmt: skip
    form = {"subject_name": "もり　ひとし", "subject_kana": "", "subject_address": ""}
    assert match_one([found, other, known], **form)[0]["addressee_id"] == CHILD["addressee_id"]
    assert match_one([found, other], **form)[0]["outcome"] == "undecided"
