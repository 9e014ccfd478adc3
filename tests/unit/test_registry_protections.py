"""Protective measures: whoever is on the list is excluded, and a list that protects nobody stops."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from recruitlib.base.errors import FormError
from recruitlib.registry.profiles import read_profile
from recruitlib.registry.protections import (
    PROTECTION_COLUMNS,
    check_found,
    check_freshness,
    find_housemates,
    list_nobody,
    mask_small,
    read_protections,
    select_protected,
    tabulate_protections,
)

ROOT = Path(__file__).parents[2]
PROFILE = read_profile(ROOT / "params/profiles/protections_standard.yaml")
TODAY = date(2026, 5, 18)
HEADER = ["宛名番号", "履歴番号", "生年月日", "支援措置開始年月日", "支援措置終了年月日",
          "支援措置区分", "削除フラグ", "作成年月日"]  # fmt: skip
PLAIN = ["0000012", "1", "2008-06-03", "2026-02-01", "", "1", "0", "2026-05-18"]


def write_list(folder: Path, *rows: dict[str, str], header: list[str] = HEADER) -> Path:
    path = folder / "protections.csv"
    plain = dict(zip(HEADER, PLAIN, strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows([({**plain, **row}).get(name, "") for name in header] for row in rows)
    return path


def read_rows(folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    return read_protections(write_list(folder, *rows), PROFILE)


def list_people(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "kind": "配偶者暴力等", "birth_date": "2008-06-03", "starts_on": "2026-02-01",
        "ends_on": "", "cancelled": False, "listed_on": "2026-05-18",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": f"{number:07}", "source_row": number + 2, **person}
        for number, person in enumerate(people)
    ]
    return pd.DataFrame(rows)[list(PROTECTION_COLUMNS)]


def make_records(*people: dict[str, object]) -> pd.DataFrame:
    plain: dict[str, object] = {
        "household_id": "", "full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ",
        "birth_date": "2008-06-03", "status": "resident", "is_latest": True,
    }  # fmt: skip
    return pd.DataFrame(
        [
            {**plain, "addressee_id": f"{number:07}", **person}
            for number, person in enumerate(people)
        ]
    )


def test_a_list_is_read_with_its_zeros_and_dates(tmp_path: Path) -> None:
    row = {"生年月日": "平成20年6月3日", "支援措置終了年月日": "令和9年1月31日"}
    protections = read_rows(tmp_path, row)
    assert tuple(protections.columns) == PROTECTION_COLUMNS
    read = protections.iloc[0]
    assert (read["addressee_id"], read["birth_date"], read["ends_on"], read["source_row"]) == (
        "0000012", "2008-06-03", "2027-01-31", 2,
    )  # fmt: skip


def test_every_kind_of_measure_protects_the_provisional_and_the_joint_one_as_well(
    tmp_path: Path,
) -> None:
    """大東市: a provisional measure was not set; 枚方市: a flag of another kind did not count."""
    rows = [{"宛名番号": str(code), "支援措置区分": str(code)} for code in range(1, 7)]
    protections = read_rows(tmp_path, *rows)
    assert select_protected(protections).tolist() == ["1", "2", "3", "4", "5", "6"]
    assert set(protections["kind"]) >= {"仮支援措置", "併せて支援を求める者"}


@pytest.mark.parametrize("code", ["7", "0", "", "01", "A"])
def test_an_unknown_kind_of_measure_stops_at_its_row(tmp_path: Path, code: str) -> None:
    with pytest.raises(FormError, match="3 行目"):
        read_rows(tmp_path, {}, {"支援措置区分": code})


@pytest.mark.parametrize("text", ["2026-02-30", "未定", "26.4"])
def test_a_date_that_cannot_be_read_stops_the_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormError, match="読めない日付"):
        read_rows(tmp_path, {"支援措置終了年月日": text})


def test_a_list_by_name_only_is_not_taken_for_a_list(tmp_path: Path) -> None:
    path = write_list(tmp_path, {}, header=["氏名", "生年月日", "支援措置区分", "削除フラグ"])
    with pytest.raises(FormError, match="宛名番号"):
        read_protections(path, PROFILE)


def test_a_row_without_an_id_stops_the_list(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="3 行目"):
        read_rows(tmp_path, {}, {"宛名番号": ""})


def test_a_missing_list_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="登録係から本日の一覧"):
        read_protections(tmp_path / "protections.csv", PROFILE)


def test_a_measure_ends_only_when_it_is_cancelled() -> None:
    """A test of 終了日 <= today would drop exactly the protected."""
    protections = list_people(
        {"ends_on": ""}, {"ends_on": "2027-01-31"}, {"ends_on": "2026-03-31"},
        {"ends_on": "2026-05-18"}, {"starts_on": "2026-06-01"}, {"cancelled": True},
    )  # fmt: skip
    assert select_protected(protections).tolist() == [f"{number:07}" for number in range(5)]


def test_an_ended_row_beside_a_live_one_of_the_same_person_frees_nobody() -> None:
    """目黒区 2025: a stale row of an ended measure freed somebody who had applied again."""
    ended, live = {"addressee_id": "7", "cancelled": True}, {"addressee_id": "7"}
    assert select_protected(list_people(ended, live)).tolist() == ["7"]
    assert select_protected(list_people(live, ended, live)).tolist() == ["7"]


def test_todays_list_is_fresh() -> None:
    assert check_freshness(list_people({}), "2026-05-18", "", TODAY) == []


@pytest.mark.parametrize(
    ("protections", "listed_on", "attested_by"),
    [
        (list_nobody(), "", ""),
        (list_nobody(), "2026-05-18", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-04-18", ""),
        (list_people({"listed_on": "2026-05-17"}), "2026-05-17", ""),
        (list_people({"listed_on": "2026-05-19"}), "2026-05-19", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-05-18", ""),
        (list_people({}, {"listed_on": "2026-04-18"}), "2026-05-18", ""),
        (list_people({"listed_on": "2026-04-18"}), "2026-04-18", "登録係長 2026-05-18"),
        (list_people({}), "", ""),
    ],
    ids=[
        "none", "empty", "last month", "yesterday", "tomorrow", "stated as of today",
        "one old row", "old in spite of an attestation", "without its date",
    ],
)  # fmt: skip
def test_a_list_that_is_missing_empty_or_of_another_day_is_an_objection(
    protections: pd.DataFrame, listed_on: str, attested_by: str
) -> None:
    assert check_freshness(protections, listed_on, attested_by, TODAY)


def test_an_empty_list_passes_when_the_registry_section_attested_it() -> None:
    assert check_freshness(list_nobody(), "", "登録係長 2026-05-18", TODAY) == []
    assert check_freshness(list_nobody(), "2026-05-18", "登録係長 2026-05-18", TODAY) == []


def test_a_list_whose_every_row_finds_its_person_is_right() -> None:
    records = make_records({}, {"birth_date": ""}, {})
    protections = list_people({}, {}, {})
    assert check_found(protections, records) == []


def test_a_row_without_a_birth_date_is_no_proof_that_the_number_is_the_person() -> None:
    # A06, 千葉市美浜区: a list keyed by something else than the person's own number.
    records = make_records({}, {}, {})
    problems = check_found(list_people({}, {}, {"birth_date": ""}), records)
    assert len(problems) == 1
    assert "生年月日" in problems[0]


@pytest.mark.parametrize("listed", ["12", "00000012", "0000013"])
def test_an_id_whose_zeros_were_stripped_finds_nobody_and_is_an_objection(listed: str) -> None:
    records = make_records({"addressee_id": "0000012"})
    problems = check_found(list_people({"addressee_id": listed}), records)
    assert len(problems) == 1 and "2 行目" in problems[0]
    assert listed not in problems[0]


def test_a_cancelled_row_that_finds_nobody_is_an_objection_too() -> None:
    protections = list_people({"addressee_id": "9", "cancelled": True})
    assert check_found(protections, make_records({}))


def test_an_id_with_superseded_records_only_finds_nobody() -> None:
    assert check_found(list_people({}), make_records({"is_latest": False}))


def test_a_list_in_another_order_than_its_ids_is_noticed_by_the_birth_dates() -> None:
    """千葉市美浜区: household file and person file were offset against each other."""
    births = ["2008-06-03", "1975-01-02", "2012-09-30", "1980-05-05"]
    records = make_records(*({"birth_date": birth} for birth in births))
    offset = [*births[1:], births[0]]
    problems = check_found(list_people(*({"birth_date": birth} for birth in offset)), records)
    assert len(problems) == 1
    assert "生年月日が違います（2、3、4、5 行目）" in problems[0]
    assert not any(birth in problems[0] for birth in births)


@pytest.mark.parametrize("status", ["moved_out", "removed", "dead"])
@pytest.mark.parametrize(
    "now", [{"full_name_kana": "カクウ　ハナ"}, {"full_name": "架空　華子"}], ids=str
)
def test_an_old_id_of_somebody_who_came_back_under_a_new_one_is_an_objection(
    status: str, now: dict[str, object]
) -> None:
    records = make_records({"status": status}, {"addressee_id": "0099999", **now})
    problems = check_found(list_people({}), records)
    assert len(problems) == 1 and "別の番号" in problems[0]


@pytest.mark.parametrize(
    ("old", "other"),
    [
        ({"status": "moved_out"}, {"birth_date": "2008-06-04"}),
        ({"status": "moved_out"}, {"full_name": "別人　一", "full_name_kana": "ベツジン　ハジメ"}),
        ({"status": "moved_out"}, {"status": "dead"}),
        ({"status": "moved_out", "birth_date": ""}, {"birth_date": ""}),
        ({"status": "moved_out", "full_name_kana": ""}, {"full_name": "別　一", "full_name_kana": ""}),
        ({}, {}),
    ],
)  # fmt: skip
def test_a_protected_person_who_left_for_good_is_no_objection(
    old: dict[str, object], other: dict[str, object]
) -> None:
    records = make_records(old, {"addressee_id": "0099999", **other})
    assert check_found(list_people({}), records) == []


def test_cohort_members_of_a_protected_household_who_are_not_listed_are_put_forward() -> None:
    records = make_records(
        {"household_id": "H1"}, {"household_id": "H1"}, {"household_id": "H1"},
        {"household_id": "H2"}, {"household_id": ""}, {"household_id": ""},
        {"household_id": "H3"}, {"household_id": "H3"},
    )  # fmt: skip
    cohort = records.iloc[[1, 2, 3, 5, 7]]
    protections = list_people(
        {}, {"addressee_id": "0000002"}, {"addressee_id": "0000004"},
        {"addressee_id": "0000006", "cancelled": True},
    )  # fmt: skip
    assert find_housemates(cohort, protections, records)["addressee_id"].tolist() == ["0000001"]


def test_an_old_household_of_a_protected_person_puts_nobody_forward() -> None:
    records = make_records(
        {"household_id": "H1", "is_latest": False}, {"addressee_id": "0000000"},
        {"household_id": "H1"},
    )  # fmt: skip
    assert find_housemates(records.iloc[[2]], list_people({}), records).empty


def test_nobody_is_a_list_of_the_same_form_as_any() -> None:
    assert tuple(list_nobody().columns) == PROTECTION_COLUMNS
    assert select_protected(list_nobody()).empty
    assert check_found(list_nobody(), make_records({})) == []


def test_measures_past_their_end_and_not_cancelled_are_counted_and_still_protect() -> None:
    people = [{"ends_on": "2026-03-31"}] * 12 + [{"ends_on": "2026-03-31", "cancelled": True}]
    table = dict(tabulate_protections(list_people(*people), TODAY).itertuples(index=False))
    assert table["配偶者暴力等"] == "12"
    assert table["合計（終了していないもの）"] == "12"
    assert table["うち終了日を過ぎ、終了の手続のないもの（保護は続く）"] == "12"


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (1, "10未満"), (9, "10未満"), (10, "10"), (1234, "1,234")]
)
def test_small_numbers_of_protected_people_are_not_shown(count: int, shown: str) -> None:
    assert mask_small(count) == shown
