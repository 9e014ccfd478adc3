"""Every row of the list of protected people ends once, and whoever it may mean is protected."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.registry.evidence import find_keys, fold_ids, fold_kana, fold_names, mark_shared
from recruitlib.registry.protected import (
    FOUND,
    OUTSIDE,
    TRACE_REASONS,
    UNSURE,
    find_housemates,
    select_protected,
    tell_shifted,
    trace_protections,
)
from recruitlib.registry.protections import PROTECTION_COLUMNS, list_nobody
from tests.unit.extracts import RANGES

NAME = {"full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ"}
OTHER = {"full_name": "別人　一", "full_name_kana": "ベツジン　ハジメ", "birth_date": "1970-01-01"}
YOUNG = ("2008-06-03", "2008-06-04", "2008-06-05")


def list_people(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "full_name": "", "full_name_kana": "", "birth_date": "2008-06-03", "address": "",
        "kind": "配偶者暴力等", "starts_on": "2026-02-01", "ends_on": "", "cancelled": False,
        "listed_on": "2026-05-18",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"1{number:06}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)[list(PROTECTION_COLUMNS)]


def make_records(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "household_id": "", **NAME, "birth_date": "2008-06-03", "status": "resident",
        "is_latest": True, "postal_code": "", "address": "東京都架空区一丁目１番１号",
        "building": "",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"1{number:06}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)


def choose_cohort(records: pd.DataFrame) -> pd.DataFrame:
    resident = records["is_latest"] & (records["status"] == "resident")
    return records[resident & records["birth_date"].isin([*YOUNG, ""])].reset_index(drop=True)


def trace(protections: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    return trace_protections(protections, records, choose_cohort(records), RANGES)


def trace_one(listed: dict[str, object], *people: dict[str, object]) -> dict[str, Any]:
    traced = trace(list_people(listed), make_records(*people))
    assert len(traced) == 1
    assert traced["reason"].isin(list(TRACE_REASONS)).all()
    return traced.iloc[0].to_dict()


def protect(listed: dict[str, object], *people: dict[str, object]) -> list[str]:
    return select_protected(trace(list_people(listed), make_records(*people))).tolist()


def test_keys_fold_width_spaces_selectors_and_zeros_and_nothing_that_tells_people_apart() -> None:
    names = pd.Series(
        ["辻\U000e0100　一 郎", "ｶｸｳ ﾊﾅｺﾞ", "髙\u200b橋", "斉", "斎", "\ue000"], dtype="str"
    )
    assert fold_names(names).tolist() == ["辻一郎", "カクウハナゴ", "高橋", "斉", "斎", "\ue000"]
    assert fold_kana(pd.Series(["はな　こ"], dtype="str")).tolist() == ["ハナコ"]
    ids = pd.Series(["0000120", "１２０", "120.0", "0000", ""], dtype="str")
    assert fold_ids(ids).tolist() == ["120", "120", "120", "", ""]


def test_the_reader_looks_at_names_where_a_birth_date_cannot_tell() -> None:
    cells = pa.table(
        {
            "addressee_id": ["0000001", "0000002", "0000003", "0000004", "0000005"],
            "full_name": ["架空　花子", "架空　花子", "別人　一", "別人　一", "別人　一"],
            "full_name_kana": ["", "", "", "ｶｸｳ ﾊﾅｺ", ""],
            "full_name_kana_old": ["", "", "カクウ　ハナコ", "", ""],
            "birth_date": ["1970-01-01", "", "", "1970-01-01", "2008-06-03"],
        }
    )
    dated = list_people({"addressee_id": "", **NAME})
    undated = list_people({"addressee_id": "", **NAME, "birth_date": ""})
    assert mark_shared(cells, find_keys(dated)).tolist() == [False, True, True, False, True]
    assert mark_shared(cells, find_keys(undated)).tolist() == [True, True, True, True, False]


def test_a_row_whose_id_and_birth_date_agree_finds_its_person() -> None:
    row = trace_one({}, {}, {"addressee_id": "0000009", **OTHER})
    assert (row["end"], row["reason"], row["addressee_ids"]) == (FOUND, "by_id", ["1000000"])
    assert row["candidates"] == []


def test_the_name_confirms_the_id_where_the_list_has_no_birth_date() -> None:
    row = trace_one({"birth_date": "", "full_name": "架空 花子"}, {})
    assert (row["end"], row["addressee_ids"]) == (FOUND, ["1000000"])


def test_a_former_name_of_the_history_confirms_the_id_as_well() -> None:
    listed = {"birth_date": "", "full_name": "旧姓　花子"}
    old = {"addressee_id": "1000000", "full_name": "旧姓　花子", "is_latest": False}
    assert trace_one(listed, {}, old)["end"] == FOUND
    assert trace_one(listed, {})["end"] == UNSURE


def test_a_variant_of_the_name_is_no_contradiction_where_reading_and_birth_date_agree() -> None:
    listed = {"full_name": "架空　華子", "full_name_kana": "カクウ　ハナコ"}
    assert trace_one(listed, {})["end"] == FOUND
    assert trace_one({**listed, "birth_date": ""}, {})["end"] == UNSURE
    assert trace_one({"full_name": "架空　華子"}, {})["reason"] == "name_differs"


def test_a06_an_id_alone_is_no_proof_that_the_number_is_the_person() -> None:
    # 千葉市美浜区: a list keyed by something else than the person's own number.
    row = trace_one({"birth_date": ""}, {})
    assert (row["end"], row["reason"], row["candidates"]) == (UNSURE, "id_alone", ["1000000"])
    row = trace_one({}, {"birth_date": ""})
    assert (row["end"], row["candidates"]) == (UNSURE, ["1000000"])


def test_a06_a_list_in_another_order_than_its_ids_is_noticed_and_protects_everybody() -> None:
    """千葉市美浜区: household file and person file were offset against each other."""
    births = [*YOUNG, "1980-05-05"]
    people = [
        {"birth_date": birth, "full_name": name}
        for birth, name in zip(births, "甲乙丙丁", strict=True)
    ]
    records = make_records(*people)
    offset = list_people(*({"birth_date": birth} for birth in [*births[1:], births[0]]))
    traced = trace(offset, records)
    assert traced["end"].tolist() == [UNSURE] * 4
    assert traced["reason"].tolist() == ["birth_differs"] * 4
    assert traced["candidates"].tolist() == [
        ["1000000", "1000001"], ["1000001", "1000002"], ["1000002"], ["1000000"],
    ]  # fmt: skip
    assert set(select_protected(traced)) >= {"1000000", "1000001", "1000002"}
    straight = trace(list_people(*({"birth_date": birth} for birth in births)), records)
    assert straight["end"].tolist() == [FOUND] * 4


def test_a06_a_list_keyed_by_household_names_the_person_by_the_birth_date() -> None:
    people = [{"household_id": "7000001"}, {"birth_date": "2008-06-04", "full_name": "乙"}, OTHER]
    row = trace_one({"addressee_id": "7000001"}, *people)
    assert (row["end"], row["candidates"]) == (UNSURE, ["1000000"])


def test_a33_people_protected_provisionally_and_together_are_all_protected() -> None:
    """大東市: a provisional measure was not yet set in one of several systems."""
    kinds = ["配偶者暴力等", "仮支援措置", "併せて支援を求める者", "併せて支援を求める者"]
    people = [{"birth_date": "1980-05-05"}, {}, {"birth_date": "2008-06-04"}, {}]
    listed = [{**person, "kind": kind} for person, kind in zip(people, kinds, strict=True)]
    traced = trace(list_people(*listed), make_records(*people))
    assert traced["end"].tolist() == [FOUND] * 4
    assert select_protected(traced).tolist() == [f"1{number:06}" for number in range(4)]


def test_a34_every_kind_protects_the_one_without_a_name_too() -> None:
    kinds = ["ストーカー行為等", "児童虐待等", "その他", ""]
    traced = trace(list_people(*({"kind": kind} for kind in kinds)), make_records(*[{}] * 4))
    assert select_protected(traced).tolist() == [f"1{number:06}" for number in range(4)]


def test_a54_a_measure_ends_only_when_it_is_cancelled() -> None:
    """A test of 終了日 <= today would drop exactly the protected."""
    protections = list_people(
        {"ends_on": ""}, {"ends_on": "2027-01-31"}, {"ends_on": "2026-03-31"},
        {"ends_on": "2026-05-18"}, {"starts_on": "2026-06-01"}, {"cancelled": True},
    )  # fmt: skip
    traced = trace(protections, make_records(*[{}] * 6))
    assert select_protected(traced).tolist() == [f"1{number:06}" for number in range(5)]


@pytest.mark.parametrize("listed", ["12", "00000012", "12.0", "１２", " 0012"])
def test_a61_an_id_whose_zeros_were_stripped_finds_its_person(listed: str) -> None:
    person = {"addressee_id": "0000012"}
    row = trace_one({"addressee_id": listed}, person, {"addressee_id": "0000120"})
    assert (row["end"], row["addressee_ids"]) == (FOUND, ["0000012"])
    assert protect({"addressee_id": listed}, person) == ["0000012"]


@pytest.mark.parametrize("status", ["moved_out", "removed", "dead"])
@pytest.mark.parametrize(
    "now",
    [
        {"full_name_kana": "カクウ　ハナ"},
        {"full_name": "架空　華子"},
        {"full_name": "新姓　花子", "full_name_kana": "シンセイ　ハナコ"},
        {"full_name": "新姓　花子", "full_name_kana": ""},
        {"birth_date": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("listed", [{}, {"birth_date": ""}, NAME], ids=["birth", "id", "name"])
def test_a61_an_old_id_after_moving_out_and_back_protects_the_old_and_the_new_number(
    status: str, now: dict[str, object], listed: dict[str, object]
) -> None:
    people = [
        {"status": status},
        {"addressee_id": "9099999", **now},
        {"addressee_id": "5", **OTHER},
    ]
    row = trace_one(listed, *people)
    assert (row["end"], row["candidates"]) == (UNSURE, ["9099999"])
    assert row["addressee_ids"] == ["1000000"]
    assert protect(listed, *people) == ["1000000", "9099999"]


@pytest.mark.parametrize(
    ("old", "other"),
    [
        ({}, {"birth_date": "2008-06-04"}),
        ({}, {"full_name": "別人　一", "full_name_kana": "ベツジン　ハジメ"}),
        ({}, {"status": "dead"}),
        ({"full_name_kana": ""}, {"full_name": "別　一", "full_name_kana": ""}),
    ],
    ids=str,
)
def test_a61_a_protected_person_who_left_for_good_is_outside(
    old: dict[str, object], other: dict[str, object]
) -> None:
    row = trace_one({}, {"status": "moved_out", **old}, {"addressee_id": "9099999", **other})
    assert (row["end"], row["reason"], row["candidates"]) == (OUTSIDE, "left", [])


def test_an_old_record_without_a_birth_date_does_not_prove_that_nobody_came_back() -> None:
    old = {"status": "moved_out", "birth_date": ""}
    row = trace_one({**NAME, "birth_date": ""}, old, {"addressee_id": "9099999"})
    assert (row["end"], row["candidates"]) == (UNSURE, ["9099999"])


def test_who_is_of_the_cohort_is_found_though_the_extract_of_the_day_has_nobody() -> None:
    cohort = make_records({})
    by_name = list_people({}, {"addressee_id": "", **NAME})
    traced = trace_protections(by_name, cohort.iloc[:0], cohort)
    assert traced["end"].tolist() == [FOUND, FOUND]
    assert traced["addressee_ids"].tolist() == [["1000000"]] * 2


def test_who_came_back_and_is_of_no_cohort_is_found_under_both_numbers() -> None:
    adult = {"birth_date": "1980-05-05"}
    row = trace_one(adult, {**adult, "status": "moved_out"}, {**adult, "addressee_id": "9099999"})
    assert (row["end"], row["addressee_ids"]) == (FOUND, ["1000000", "9099999"])


@pytest.mark.parametrize(
    "listed",
    [
        {"full_name": "架空花子"},
        {"full_name": "架空 花子", "full_name_kana": "ｶｸｳ ﾊﾅｺ"},
        {"full_name": "", "full_name_kana": "かくう　はなこ"},
        {"full_name": "架空　華子", "full_name_kana": "カクウ　ハナコ"},
    ],
    ids=str,
)
def test_a61_a_list_by_name_only_finds_the_one_resident_of_that_name_and_birth_date(
    listed: dict[str, object],
) -> None:
    listed = {"addressee_id": "", **listed}
    others = [{"birth_date": "2008-06-04"}, {"full_name": "別人　一", "full_name_kana": ""}]
    row = trace_one(listed, {}, *others)
    assert (row["end"], row["reason"], row["addressee_ids"]) == (FOUND, "by_name", ["1000000"])


def test_a61_a_name_and_birth_date_that_two_people_have_protects_both_until_decided() -> None:
    listed = {"addressee_id": "", **NAME}
    row = trace_one(listed, {}, {}, {"birth_date": "2008-06-04"})
    assert (row["end"], row["reason"]) == (UNSURE, "several")
    assert row["candidates"] == ["1000000", "1000001"]
    rival = trace_one(listed, {}, {"birth_date": ""})
    assert (rival["end"], rival["candidates"]) == (UNSURE, ["1000000", "1000001"])
    adults = trace_one({**listed, "birth_date": "1980-05-05"}, *[{"birth_date": "1980-05-05"}] * 2)
    assert (adults["end"], adults["addressee_ids"]) == (FOUND, ["1000000", "1000001"])


@pytest.mark.parametrize(
    "written", ["東京都架空区二丁目２番", "架空区二丁目２番", "架空区 二丁目2番　ハイツ"]
)
def test_a61_the_address_tells_two_people_of_one_name_and_birth_date_apart(written: str) -> None:
    home = {"address": "東京都架空区二丁目２番", "building": "ハイツ"}
    listed = {"addressee_id": "", **NAME, "address": written}
    row = trace_one(listed, {}, home)
    assert (row["end"], row["reason"], row["addressee_ids"]) == (FOUND, "by_address", ["1000001"])
    assert trace_one(listed, home, home)["end"] == UNSURE
    assert trace_one({**listed, "address": "架空区三丁目"}, {}, home)["end"] == UNSURE


@pytest.mark.parametrize(
    ("listed", "candidates"),
    [
        ({"full_name": "架空　花子", "birth_date": "2008-06-30"}, ["1000000"]),
        ({"full_name": "髙空　華", "birth_date": "2008-06-03"}, ["1000000"]),
        ({"full_name": "架空　花子", "birth_date": ""}, ["1000000"]),
        ({"full_name": "架空　華子", "birth_date": ""}, ["1000000"]),
        ({"full_name": "甲", "full_name_kana": "ガクウ　ハナコ", "birth_date": ""}, ["1000000"]),
    ],
    ids=str,
)
def test_a61_a_list_by_name_that_agrees_in_part_goes_before_two_people(
    listed: dict[str, object], candidates: list[str]
) -> None:
    row = trace_one({"addressee_id": "", **listed}, {}, {"addressee_id": "0000009", **OTHER})
    assert (row["end"], row["reason"], row["candidates"]) == (UNSURE, "partly", candidates)


@pytest.mark.parametrize("number", ["", "0000000", "0777777"])
def test_a_row_that_has_nothing_in_common_with_the_cohort_is_outside(number: str) -> None:
    listed = {"addressee_id": number, "full_name": "遠方　二郎", "birth_date": "1980-05-05"}
    row = trace_one(listed, {"addressee_id": "1000001"}, {"addressee_id": "0000009", **OTHER})
    assert (row["end"], row["reason"], row["addressee_ids"]) == (OUTSIDE, "absent", [])


@pytest.mark.parametrize(
    ("listed", "resident", "birth"),
    [
        ("高崎実", "髙﨑　実", ""),
        ("髙崎 実", "髙﨑　実", "2008-06-04"),
        ("渡辺実", "渡邉　実", "2008-06-13"),
        ("高〓実", "髙﨑　実", ""),
        ("高〓実", "髙﨑　実", "2008-06-04"),
        ("髙崎　実", "\ue123﨑　実", ""),
        ("〓崎　一実", "髙\ue123　一實", ""),
        # One character that is no known variant, and one digit of the birth date.
        ("高碕　実", "髙﨑　実", "2008-06-04"),
        ("高碕　実", "髙﨑　実", "2018-06-03"),
    ],
)
def test_a_name_in_variant_characters_finds_its_person_whatever_the_birth_date_says(
    listed: str, resident: str, birth: str
) -> None:
    person = {"full_name": resident, "full_name_kana": ""}
    others = [{"full_name": "高埼　満", "full_name_kana": "", "birth_date": "2008-06-05"}]
    said = {"addressee_id": "", "full_name": listed, "birth_date": birth}
    row = trace_one(said, person, *others)
    assert (row["end"], row["candidates"]) == (UNSURE, ["1000000"])
    found = trace_one({**said, "full_name": listed.replace("碕", "崎"), "birth_date": "2008-06-03"},
                      person, *others)  # fmt: skip
    assert (found["end"], found["addressee_ids"]) == (FOUND, ["1000000"])


@pytest.mark.parametrize(
    ("listed", "resident"),
    [("斉藤　実", "斎藤　満"), ("〓〓実", "髙﨑　実"), ("高崎実", "高崎実子")],
)
def test_a_name_of_two_other_characters_or_of_none_that_is_known_is_not_the_name(
    listed: str, resident: str
) -> None:
    said = {"addressee_id": "", "full_name": listed, "birth_date": ""}
    row = trace_one(said, {"full_name": resident, "full_name_kana": ""})
    assert (row["end"], row["reason"], row["candidates"]) == (UNSURE, "nobody", [])


def test_one_character_and_more_than_a_slip_of_the_birth_date_is_somebody_else() -> None:
    said = {"addressee_id": "", "full_name": "架空　華子", "full_name_kana": ""}
    for birth, end in (("2008-07-04", UNSURE), ("1979-12-15", OUTSIDE)):
        assert trace_one({**said, "birth_date": birth}, {})["end"] == end


@pytest.mark.parametrize(
    ("birth", "end"),
    [
        ("", UNSURE), ("2008-12-10", UNSURE), ("2009-05-02", UNSURE), ("2009-05-03", OUTSIDE),
        ("2008-03-02", UNSURE), ("2008-03-01", OUTSIDE), ("2004-03-02", UNSURE),
        ("2004-03-01", OUTSIDE), ("1980-05-05", OUTSIDE),
    ],
)  # fmt: skip
def test_a_row_without_an_id_that_finds_nobody_is_outside_by_a_far_birth_date_only(
    birth: str, end: str
) -> None:
    """The list is of the registry's own people: finding nobody is a fault of the finding."""
    listed = {"addressee_id": "", "full_name": "遠方　二郎", "birth_date": birth}
    row = trace_one(listed, {}, {"addressee_id": "0000009", **OTHER})
    assert (row["end"], row["candidates"]) == (end, [])
    traced = trace(list_people(listed), make_records({}))
    assert select_protected(traced, {2: "outside"}).empty
    unknown = trace_protections(list_people(listed), make_records({}), make_records({}))
    assert unknown["end"].tolist() == [UNSURE]


def test_a_row_without_an_id_that_finds_a_resident_of_no_cohort_or_a_mover_is_outside_it() -> None:
    listed = {"addressee_id": "", **NAME}
    adult = trace_one({**listed, "birth_date": "1980-05-05"}, {"birth_date": "1980-05-05"})
    assert (adult["end"], adult["addressee_ids"]) == (FOUND, ["1000000"])
    moved = trace_one(listed, {"status": "moved_out"})
    assert (moved["end"], moved["reason"], moved["addressee_ids"]) == (
        OUTSIDE, "absent", ["1000000"],
    )  # fmt: skip
    ended = {**listed, "full_name": "遠方　二郎", "cancelled": True}
    assert trace_one(ended, {"birth_date": "2008-06-04"})["end"] == OUTSIDE


def test_the_reader_keeps_every_row_whose_name_agrees_however_it_is_written() -> None:
    names = ["髙﨑　実", "\ue123﨑　実", "高崎　満", "", "別人　一", "別人　一", "別人　一"]
    kana = ["", "", "", "", "たかさき　みのる", "タカサキ　ミノル", "ﾀｶｻｷ ﾐﾉｳ"]
    cells = pa.table(
        {
            "addressee_id": [f"000000{number}" for number in range(1, 8)],
            "full_name": names,
            "full_name_kana": kana,
            "full_name_kana_old": [""] * 7,
            "birth_date": ["1970-01-01"] * 7,
        }
    )
    row = {"addressee_id": "", "full_name": "高崎実", "full_name_kana": "タカサキ　ミノル"}
    keys = find_keys(list_people({**row, "birth_date": ""}))
    assert mark_shared(cells, keys).tolist() == [True, True, False, False, True, True, False]
    lost = find_keys(list_people({**row, "full_name": "高〓実", "birth_date": ""}))
    assert mark_shared(cells, lost).tolist()[:4] == [True, False, False, False]


def test_a_row_with_an_unknown_id_and_nothing_else_is_proved_by_nothing() -> None:
    row = trace_one({"addressee_id": "0777777", "birth_date": ""}, {})
    assert (row["end"], row["candidates"]) == (UNSURE, [])


def test_an_unknown_birth_date_of_the_cohort_is_no_proof_unless_its_range_is() -> None:
    records = make_records({"birth_date": ""})
    for first, last, end in (
        ("2008-04-02", "2009-04-01", UNSURE), ("2010-01-01", "2010-12-31", OUTSIDE),
    ):  # fmt: skip
        ranged = records.assign(birth_first=first, birth_last=last)
        traced = trace(list_people({"addressee_id": "0777777"}), ranged)
        assert traced["end"].tolist() == [end]
    traced = trace(list_people({"addressee_id": "0777777"}), records)
    assert traced["candidates"].tolist() == [["1000000"]]


def test_an_id_without_a_latest_record_goes_before_two_people() -> None:
    row = trace_one({}, {"is_latest": False})
    assert (row["end"], row["reason"]) == (UNSURE, "no_latest")


def test_who_agrees_on_both_stands_alone_before_those_who_share_a_birth_date() -> None:
    same_day = {"full_name": "同日　一", "full_name_kana": ""}
    listed = {"addressee_id": "1000002", **NAME}
    row = trace_one(listed, {}, same_day, {**OTHER, "birth_date": "2008-06-05"})
    assert (row["end"], row["reason"]) == (UNSURE, "birth_differs")
    assert row["candidates"] == ["1000000", "1000002"]


def test_who_may_have_come_back_is_a_candidate_beside_who_agrees_on_both() -> None:
    other = {"full_name": "別人　一", "full_name_kana": "ベツジン　ハジメ"}
    people = [{"status": "moved_out", **other}, {"addressee_id": "5", **other}, {}]
    row = trace_one(NAME, *people)
    assert (row["end"], row["reason"]) == (UNSURE, "name_differs")
    assert row["candidates"] == ["1000002", "5"]


def test_a63_an_ended_row_beside_a_live_one_of_the_same_person_frees_nobody() -> None:
    """目黒区 2025: a stale row of an ended measure freed somebody who had applied again."""
    ended, live = {"addressee_id": "0000007", "cancelled": True}, {"addressee_id": "0000007"}
    records = make_records({"addressee_id": "0000007"})
    for rows in ([ended, live], [live, ended, live], [ended, {**live, "addressee_id": "7"}]):
        assert select_protected(trace(list_people(*rows), records)).tolist() == ["0000007"]
    assert select_protected(trace(list_people(ended), records)).empty


def test_a63_a_cancelled_row_is_never_before_a_person() -> None:
    listed = [{"addressee_id": "1000000", "birth_date": "2008-06-30"}, {"addressee_id": "9"},
              {"addressee_id": "1000000"}]  # fmt: skip
    traced = trace(list_people(*({**row, "cancelled": True} for row in listed)), make_records({}))
    assert traced["end"].tolist() == [OUTSIDE, OUTSIDE, FOUND]
    assert traced["candidates"].tolist() == [[], [], []]
    assert select_protected(traced).empty


def test_two_people_decide_which_candidate_is_meant_and_nobody_else_is_freed() -> None:
    traced = trace(list_people({"addressee_id": "", **NAME}), make_records({}, {}, OTHER))
    assert select_protected(traced).tolist() == ["1000000", "1000001"]
    assert select_protected(traced, {2: "1000001"}).tolist() == ["1000001"]
    assert select_protected(traced, {2: "outside"}).empty
    assert select_protected(traced, {2: "1000002"}).tolist() == ["1000000", "1000001"]
    assert select_protected(traced, {3: "outside"}).tolist() == ["1000000", "1000001"]


def test_a_decision_about_a_row_number_that_two_lists_share_frees_nobody() -> None:
    traced = trace(list_people({"addressee_id": "", **NAME}), make_records({}, {}))
    both = pd.concat([traced, traced], ignore_index=True)
    assert select_protected(both, {2: "outside"}).tolist() == ["1000000", "1000001"]


def test_a_decision_frees_nobody_whom_another_row_protects() -> None:
    doubtful = {"addressee_id": "1000000", "birth_date": "2008-06-30"}
    traced = trace(list_people(doubtful, {"addressee_id": "1000000"}), make_records({}))
    assert traced["end"].tolist() == [UNSURE, FOUND]
    assert select_protected(traced, {2: "outside"}).tolist() == ["1000000"]


def test_what_is_decided_about_does_not_change_with_the_day_and_changes_with_the_candidates() -> (
    None
):
    listed = {"addressee_id": "", **NAME}
    first = trace_one(listed, {}, {})
    tomorrow = {**listed, "source_row": 9, "listed_on": "2026-05-19"}
    assert trace_one(tomorrow, {}, {})["content"] == first["content"]
    assert trace_one(listed, {}, {}, {"status": "dead"})["content"] == first["content"]
    assert trace_one(listed, {}, {}, {})["content"] != first["content"]
    assert trace_one({**listed, "kind": "その他"}, {}, {})["content"] != first["content"]


def test_nobody_on_the_list_protects_nobody() -> None:
    traced = trace(list_nobody(), make_records({}, OTHER))
    assert traced.empty
    assert select_protected(traced).empty


def test_cohort_members_of_a_protected_household_who_are_not_listed_are_put_forward() -> None:
    records = make_records(
        {"household_id": "H1"}, {"household_id": "H1"}, {"household_id": "H1"},
        {"household_id": "H2"}, {"household_id": ""}, {"household_id": ""},
        {"household_id": "H3"}, {"household_id": "H3"},
    )  # fmt: skip
    cohort = records.iloc[[1, 2, 3, 5, 7]]
    protected = ["1000000", "1000002", "1000004"]
    mates = find_housemates(cohort, protected, records)
    assert mates["addressee_id"].tolist() == ["1000001"]
    assert mates["lives_with"].tolist() == ["1000000 1000002"]


def test_a_household_that_was_renumbered_since_is_still_one() -> None:
    cohort = make_records({"household_id": "H1"}, {"household_id": "H9"})
    now = make_records({"household_id": "H5"}, {"household_id": "H5"})
    mates = find_housemates(cohort, ["1000000"], now)
    assert mates[["addressee_id", "lives_with"]].values.tolist() == [["1000001", "1000000"]]


def test_an_old_household_of_a_protected_person_puts_nobody_forward() -> None:
    records = make_records(
        {"household_id": "H1", "is_latest": False}, {"addressee_id": "1000000"},
        {"household_id": "H1"},
    )  # fmt: skip
    assert find_housemates(records.iloc[[2]], ["1000000"], records).empty


NAMES = [
    ("架空　花子", "カクウ　ハナコ"), ("架空　太郎", "カクウ　タロウ"), ("見本　花子", "ミホン　ハナコ"),
    ("髙橋　一", "タカハシ　ハジメ"), ("仮名　凜", ""),
]  # fmt: skip
FORMS = ("plain", "stripped", "named", "by_name", "by_kana", "unspaced", "misspelt", "id_alone",
         "wrong_id", "wrong_id_by_birth", "unknown_id", "former_name")  # fmt: skip


@st.composite
def make_wards(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]]:
    """Make a small registry and a list of some of its people.

    Returns:
        records, list, the ids of the listed cohort members, and the id meant by each live row
        ("" for cancelled ones and people who are not of the cohort).
    """
    numbers = draw(st.permutations(range(1, 61)))
    ids = iter(f"{number:0{draw(st.integers(2, 9))}}" for number in numbers)
    records: list[dict[str, object]] = []
    people: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 6))):
        name, kana = draw(st.sampled_from(NAMES))
        birth = draw(st.sampled_from([*YOUNG[:2], "1980-05-05", ""]))
        person = {"addressee_id": next(ids), "full_name": name, "full_name_kana": kana,
                  "birth_date": birth}  # fmt: skip
        records.append(person)
        person = {**person, "old_id": "", "former": ""}
        if draw(st.booleans()):
            person["old_id"] = next(ids)
            surname = draw(st.sampled_from(["", "旧姓"]))
            old_name = f"{surname}　{name.split('　')[1]}" if surname else name
            records.append({
                **records[-1], "addressee_id": person["old_id"], "full_name": old_name,
                "status": draw(st.sampled_from(["moved_out", "dead"])),
            })  # fmt: skip
        if draw(st.booleans()):
            person["former"] = "旧姓　" + name.split("　")[1]
            records.append({
                "addressee_id": person["addressee_id"], "full_name": person["former"],
                "full_name_kana": "", "birth_date": birth, "is_latest": False,
            })  # fmt: skip
        people.append(person)
    rows: list[dict[str, object]] = []
    meant: list[str] = []
    for person in people:
        for _ in range(draw(st.integers(0, 2))):
            row = _list_person(person, people, draw(st.sampled_from(FORMS)), draw)
            if row is not None:
                rows.append({**row, "cancelled": draw(st.booleans()) and draw(st.booleans())})
                meant.append("" if rows[-1]["cancelled"] else person["addressee_id"])
    if draw(st.booleans()):
        rows.append(
            {"addressee_id": "0777777", "full_name": "遠方　二郎", "birth_date": "1970-01-01"}
        )
        meant.append("")
    table = make_records(*records)
    young = set(choose_cohort(table)["addressee_id"])
    return (
        table, list_people(*rows) if rows else list_nobody(), sorted(young & set(meant)),
        [person if person in young else "" for person in meant],
    )  # fmt: skip


def _list_person(
    person: dict[str, Any], people: list[dict[str, Any]], form: str, draw: st.DrawFn
) -> dict[str, object] | None:
    """List a person in one of the forms that lists have; None where the form has no such row."""
    number = person["addressee_id"]
    if person["old_id"] and draw(st.booleans()):
        number = person["old_id"]
    birth, name, kana = person["birth_date"], person["full_name"], person["full_name_kana"]
    others = [other for other in people if not _look_alike(other, person)]
    rows: dict[str, dict[str, object] | None] = {
        "plain": {"addressee_id": number},
        "stripped": {"addressee_id": number.lstrip("0")},
        "named": {"addressee_id": number.lstrip("0"), "full_name": name},
        "by_name": {"addressee_id": "", "full_name": name, "full_name_kana": kana},
        "by_kana": {"addressee_id": "", "full_name_kana": kana} if kana else None,
        "unspaced": {"addressee_id": "", "full_name": name.replace("　", ""), "birth_date": ""},
        "misspelt": {"addressee_id": "", "full_name": "髙" + name[1:], "birth_date": ""},
        "id_alone": {"addressee_id": number, "birth_date": ""},
        "wrong_id": {"addressee_id": others[0]["addressee_id"], "full_name": name,
                     "full_name_kana": kana} if others else None,
        "wrong_id_by_birth": {"addressee_id": others[0]["addressee_id"]}
        if others and birth and others[0]["birth_date"] != birth else None,
        "unknown_id": {"addressee_id": "0888888", "birth_date": birth} if birth else None,
        "former_name": {"addressee_id": "", "full_name": person["former"]}
        if person["former"] else None,
    }  # fmt: skip
    row = rows[form]
    return row if row is None else {"birth_date": birth, **row}


def _look_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Say whether nothing that a list can say tells two people apart."""
    same_birth = one["birth_date"] == other["birth_date"] or "" in (
        one["birth_date"], other["birth_date"],
    )  # fmt: skip
    return same_birth and (
        one["full_name"] == other["full_name"] or one["full_name_kana"] == other["full_name_kana"]
    )


@settings(max_examples=60, deadline=None)
@given(make_wards())
def test_no_protected_resident_of_the_cohort_is_ever_missed_and_every_row_ends_once(
    ward: tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]],
) -> None:
    records, protections, protected, meant = ward
    cohort = choose_cohort(records)
    traced = trace_protections(protections, records, cohort)
    assert traced["source_row"].tolist() == protections["source_row"].tolist()
    assert traced["end"].isin([FOUND, OUTSIDE, UNSURE]).all()
    assert set(protected) <= set(select_protected(traced))
    for row, person in zip(traced.to_dict("records"), meant, strict=True):
        assert set(row["candidates"]) <= set(cohort["addressee_id"])
        assert not (row["candidates"] and row["end"] != UNSURE)
        assert not (row["cancelled"] and row["end"] == UNSURE)
        assert row["addressee_ids"] or row["end"] != FOUND
        if person:
            # Not only protected by another row: this very row means the person.
            assert row["end"] != OUTSIDE
            assert person in row["candidates"] or person in row["addressee_ids"]
            decided = select_protected(traced, {row["source_row"]: person})
            assert person in set(decided)


@settings(max_examples=25, deadline=None)
@given(make_wards())
def test_the_rows_that_the_reader_keeps_are_enough_to_tell_the_ends(
    ward: tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]],
) -> None:
    records, protections, _, _ = ward
    cohort = choose_cohort(records)
    cells = pa.Table.from_pandas(records.assign(full_name_kana_old=""), preserve_index=False)
    kept = mark_shared(cells, find_keys(protections))
    kept |= records["addressee_id"].isin(cohort["addressee_id"]).to_numpy()
    whole = trace_protections(protections, records, cohort)
    part = trace_protections(protections, records[kept].reset_index(drop=True), cohort)
    assert part["candidates"].tolist() == whole["candidates"].tolist()
    assert (part["end"] == UNSURE).tolist() == (whole["end"] == UNSURE).tolist()
    ours = set(cohort["addressee_id"])
    assert set(select_protected(part)) & ours == set(select_protected(whole)) & ours


WARD_NAMES = ("架空　花子", "架空　太郎", "見本　一", "見本　二")
WARD_BIRTHS = ("2008-06-03", "2008-06-04", "1970-01-01", "1980-02-02")
WARD = make_records(
    *(
        {"full_name": name, "birth_date": born}
        for name, born in zip(WARD_NAMES, WARD_BIRTHS, strict=True)
    )
)


def test_an_id_that_a_whole_registry_does_not_have_is_decided_by_two_people() -> None:
    """A06: numbers and birth dates of the household file; there nothing proves whom a row means."""
    listed = list_people({"addressee_id": "5000001", "birth_date": "1977-03-01"})
    cohort = choose_cohort(WARD)
    for is_whole, ended in ((True, (UNSURE, "unknown_id")), (False, (OUTSIDE, "absent"))):
        row = trace_protections(listed, WARD, cohort, RANGES, is_whole).iloc[0]
        assert (row["end"], row["reason"]) == ended


def tell_of(*ids: str, **said: object) -> list[str]:
    rows = [
        {"addressee_id": number, "birth_date": born, **said}
        for number, born in zip(ids, WARD_BIRTHS, strict=False)
    ]
    listed = list_people(*rows)
    return tell_shifted(listed, trace(listed, WARD))


OWN = tuple(WARD["addressee_id"])


@pytest.mark.parametrize("ids", [
    OWN, OWN[:2], ("9", "8"), ("", "", "", ""),
    # One slip, or two of four, or one who is not of the extract: two people look at these rows.
    (OWN[0], OWN[1], OWN[3], "9"), (OWN[1], OWN[0], OWN[2], OWN[3]), (OWN[0], "9", "8", "7"),
])  # fmt: skip
def test_a_list_with_some_ids_that_are_not_its_peoples_is_not_refused_whole(
    ids: tuple[str, ...],
) -> None:
    assert tell_of(*ids) == []


@pytest.mark.parametrize("ids", [
    (*OWN[1:], OWN[0]), OWN[::-1], (OWN[1], OWN[2], OWN[0], OWN[3]), ("1", "2", "3", "4"),
    ("0001", "0002", "0003"),
])  # fmt: skip
def test_a_list_whose_ids_were_moved_or_numbered_anew_is_refused_whole(
    ids: tuple[str, ...],
) -> None:
    (problem,) = tell_of(*ids)
    assert "ください" in problem
    assert not [text for text in (*WARD_NAMES, *WARD_BIRTHS, *OWN) if text in problem]


def test_ended_rows_neither_make_a_list_wrong_nor_right() -> None:
    assert tell_of(*OWN[::-1], cancelled=True) == []
    listed = list_people(
        *(
            {"addressee_id": str(number), "birth_date": born}
            for number, born in enumerate(WARD_BIRTHS)
        ),
        {"addressee_id": OWN[0], "birth_date": "1999-09-09", "cancelled": True},
    )
    assert tell_shifted(listed, trace(listed, WARD))
