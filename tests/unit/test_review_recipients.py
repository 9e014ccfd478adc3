"""Recipients: whole registry rows, nobody excluded among them, proved by code of its own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.profiles import read_profile
from recruitlib.registry.protected import select_protected, trace_protections
from recruitlib.review.recipients import (
    Exclusions,
    check_whole_records,
    gather_exclusions,
    select_recipients,
)
from tests.conftest import ROOT
from tests.unit.stages import make_residents

PROFILE = read_profile(ROOT / "params/profiles/registry_standard.yaml")._replace(required=())
HEADERS = {
    "addressee_id": "宛名番号", "household_id": "世帯番号", "full_name": "氏名",
    "full_name_kana": "氏名_フリガナ", "birth_text": "生年月日", "planned_move_out": "転出予定年月日",
    "postal_code": "住所_郵便番号", "building": "住所_方書",
}  # fmt: skip
PARTS = ("住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記")
AS_WRITTEN = (*(name for name in HEADERS if name != "planned_move_out"), "address")
PEOPLE = make_residents(
    {"full_name": "試験　一郎"},
    {"full_name": "辻\U000e0100　花子", "building": "葛\U000e0100荘　２０１"},
    {"full_name": "\ufa19　\ufa11子", "address": "東京都新宿区片町３番，５号"},
    {"full_name": "𠮷　四郎", "household_id": ""},
    {"full_name": "試験　五郎", "postal_code": ""},
)
NOBODY = Exclusions(frozenset(), frozenset(), frozenset(), frozenset())


def write_registry(path: Path, people: pd.DataFrame, wrap_ids: bool = False) -> Path:
    """Write a registry file as another program would, columns in an order of its own."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*reversed(HEADERS.values()), "性別", *PARTS])
        for row in people.to_dict("records"):
            if wrap_ids:
                row["addressee_id"] = f'="{row["addressee_id"]}"'
            town = row["address"].removeprefix("東京都新宿区")
            cells = [row[name] for name in reversed(HEADERS)]
            writer.writerow([*cells, "1", "東京都", "新宿区", town[:2], town[2:]])
    return path


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_registry(tmp_path_factory.mktemp("registry") / "registry.csv", PEOPLE)


def exclude(**ids: list[str]) -> Exclusions:
    return NOBODY._replace(**{name: frozenset(people) for name, people in ids.items()})


def test_whole_rows_in_any_order_are_found_whole(registry: Path) -> None:
    assert check_whole_records(PEOPLE, registry, PROFILE) == []
    assert check_whole_records(PEOPLE.iloc[[4, 1]], registry, PROFILE) == []
    assert check_whole_records(PEOPLE.iloc[:0], registry, PROFILE) == []


def test_ids_that_a_spreadsheet_wrapped_are_the_same_ids(tmp_path: Path) -> None:
    path = write_registry(tmp_path / "registry.csv", PEOPLE, wrap_ids=True)
    assert '="0000000001"' in path.read_text(encoding="utf-8-sig").replace('""', '"')
    assert check_whole_records(PEOPLE, path, PROFILE) == []


def test_names_moved_up_after_an_excluded_person_are_found(registry: Path) -> None:
    # A01, 千葉県: the name column alone was moved up by one.
    names = PEOPLE["full_name"].tolist()
    moved = PEOPLE.iloc[:4].assign(full_name=[names[0], *names[2:]])
    problems = check_whole_records(moved, registry, PROFILE)
    assert len(problems) == 1
    assert problems[0].startswith("full_name ")
    assert "3、4、5 行目" in problems[0]


def test_name_cells_deleted_and_closed_up_are_found(registry: Path) -> None:
    # A02, つくば市: the names of two people were deleted, their addresses stayed.
    names = PEOPLE["full_name"].tolist()
    closed = PEOPLE.iloc[:3].assign(full_name=[names[0], names[3], names[4]])
    assert "3、4 行目" in check_whole_records(closed, registry, PROFILE)[0]


def test_a_message_names_rows_and_no_person(registry: Path) -> None:
    swapped = PEOPLE.assign(full_name=PEOPLE["full_name"].tolist()[::-1], address="東京都新宿区")
    message = " ".join(check_whole_records(swapped, registry, PROFILE))
    values = [value for name in AS_WRITTEN for value in PEOPLE[name] if len(value) > 3]
    assert message
    assert not [value for value in values if value in message]


def test_one_registry_row_cannot_stand_for_two_recipients(registry: Path) -> None:
    twice = pd.concat([PEOPLE, PEOPLE.iloc[[2]]], ignore_index=True)
    assert "二度" in check_whole_records(twice, registry, PROFILE)[0]
    hidden = PEOPLE.copy()
    hidden.loc[0, ["full_name", "source_row"]] = ["試験　別人", 3]
    assert check_whole_records(hidden, registry, PROFILE)


def test_a_person_whom_the_registry_does_not_have_is_found(registry: Path) -> None:
    stranger = PEOPLE.assign(
        addressee_id=PEOPLE["addressee_id"].replace("0000000005", "0000000099")
    )
    assert check_whole_records(stranger, registry, PROFILE) == ["台帳にない行が 1 行あります。"]


def test_a_row_made_of_two_records_of_one_person_is_found(tmp_path: Path) -> None:
    old = PEOPLE.iloc[[0]].assign(full_name="旧姓　一郎", address="東京都新宿区細工町９番")
    path = write_registry(tmp_path / "registry.csv", pd.concat([old, PEOPLE]))
    assert check_whole_records(PEOPLE, path, PROFILE) == []
    mixed = PEOPLE.copy()
    mixed.loc[0, "full_name"] = "旧姓　一郎"
    assert check_whole_records(mixed, path, PROFILE)
    mixed.loc[0, "address"] = "東京都新宿区細工町９番"
    assert check_whole_records(mixed, path, PROFILE) == []


def test_titles_above_the_header_and_a_vendors_fixed_city_do_not_confuse_the_proof(
    tmp_path: Path,
) -> None:
    fixed = {"prefecture": "東京都", "city": "新宿区"}
    columns = {name: own for name, own in PROFILE.columns.items() if name not in fixed}
    known = (*PROFILE.known, "住所_都道府県", "住所_市区郡町村名")
    vendor = PROFILE._replace(columns=columns, fixed=fixed, known=known)
    path = write_registry(tmp_path / "registry.csv", PEOPLE)
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(f"住民の抽出\r\n\r\n{text}", encoding="utf-8", newline="")
    assert check_whole_records(PEOPLE, path, vendor) == []
    assert check_whole_records(PEOPLE.assign(building="x"), path, vendor)


@given(
    row=st.integers(0, len(PEOPLE) - 1),
    column=st.sampled_from(AS_WRITTEN),
    other=st.one_of(
        st.sampled_from(["", " ", "\u3000", "試験　一郎", "0000000002", "1"]), st.text(max_size=6)
    ),
    where=st.sampled_from(["whole", "before", "after"]),
)
@settings(max_examples=200, deadline=None)
def test_any_single_cell_that_differs_is_found(
    registry: Path, row: int, column: str, other: str, where: str
) -> None:
    before: Any = PEOPLE.loc[row, column]
    after: Any = {"whole": other, "before": other + str(before), "after": str(before) + other}[
        where
    ]
    changed = PEOPLE.copy()
    changed.loc[row, column] = after
    assert bool(check_whole_records(changed, registry, PROFILE)) == (after != before)


@given(st.permutations(range(len(PEOPLE))), st.sampled_from(AS_WRITTEN))
@settings(max_examples=100, deadline=None)
def test_any_exchange_of_cells_between_rows_is_found(
    registry: Path, order: list[int], column: str
) -> None:
    exchanged = PEOPLE.assign(**{column: PEOPLE[column].to_numpy()[order]})
    same = exchanged[column].tolist() == PEOPLE[column].tolist()
    assert (check_whole_records(exchanged, registry, PROFILE) == []) == same


@given(st.sets(st.sampled_from(PEOPLE["addressee_id"].tolist())), st.integers(0, 2))
@settings(max_examples=60)
def test_recipients_are_the_cohort_without_the_excluded_whoever_excluded_them(
    barred: set[str], reason: int
) -> None:
    exclusions = exclude(**{Exclusions._fields[reason]: sorted(barred)})
    recipients = select_recipients(PEOPLE, exclusions)
    assert set(recipients["addressee_id"]) == set(PEOPLE["addressee_id"]) - barred
    whole = PEOPLE.set_index("addressee_id").loc[recipients["addressee_id"]].reset_index()
    pd.testing.assert_frame_equal(recipients[whole.columns], whole)


def test_the_order_tells_nothing_but_the_address() -> None:
    mixed = PEOPLE.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        select_recipients(mixed, NOBODY), select_recipients(PEOPLE, NOBODY)
    )


def make_settled(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Make settled matches: application, outcome, person, reason."""
    columns = ["application_id", "outcome", "addressee_id", "reason"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def make_cases(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Make cases: kind, application, person, problem."""
    columns = ["kind", "application_id", "addressee_id", "problem"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


CANDIDATES = pd.DataFrame(
    [("form:3", "0000000003"), ("form:3", "0000000004")],
    columns=["application_id", "addressee_id"],
    dtype="str",
)


def test_everybody_is_excluded_once_and_protection_comes_first() -> None:
    settled = make_settled(
        ("form:1", "matched", "0000000001", ""), ("form:2", "to_confirm", "0000000002", "authority"),
        ("form:3", "undecided", "", "several_agree"), ("form:4", "outside", "0000000077", "not_in_cohort"),
    )  # fmt: skip
    cases = make_cases(
        ("to_confirm", "form:2", "0000000002", "決定がありません"),
        ("undecided", "form:3", "", "決定がありません"),
        ("housemate", "", "0000000005", "決定がありません"),
    )
    found = gather_exclusions(
        settled, cases, CANDIDATES, {"0000000001", "0000000004"}, [], [], set()
    )
    assert found.protected == {"0000000001", "0000000004"}
    assert found.opted_out == {"0000000002"}
    assert found.withheld == {"0000000003", "0000000005"}


def test_a_withdrawal_frees_its_subject_only_after_two_people_accepted_it() -> None:
    # A64: a status that a clerk changed must not put an opted-out person back.
    settled = make_settled(("form:1", "withdrawn", "0000000001", "withdrawal"))
    opened = make_cases(("withdrawn", "form:1", "0000000001", "決定がありません"))
    decided = make_cases(("withdrawn", "form:1", "0000000001", ""))
    none = CANDIDATES.iloc[:0]
    assert gather_exclusions(settled, opened, none, set(), [], [], set()).opted_out == {
        "0000000001"
    }
    assert gather_exclusions(settled, decided, none, set(), [], [], set()) == NOBODY


def test_a_rejected_application_and_a_supplied_housemate_are_not_excluded() -> None:
    settled = make_settled(("form:1", "rejected", "0000000001", "authority_missing"))
    cases = make_cases(
        ("to_confirm", "form:1", "0000000001", ""), ("housemate", "", "0000000002", "")
    )
    assert gather_exclusions(settled, cases, CANDIDATES.iloc[:0], set(), [], [], set()) == NOBODY


def test_a_measure_without_an_end_with_a_future_or_a_past_end_excludes_until_it_is_cancelled() -> (
    None
):
    # A54: a test of "end <= today" dropped exactly the protected.
    ends = ["", "2027-03-31", "2026-03-31", "2026-03-31"]
    listed = PEOPLE.iloc[:4].assign(
        ends_on=ends, cancelled=[False, False, False, True], listed_on="2026-05-18"
    )
    records = PEOPLE.assign(is_latest=True)
    traced = trace_protections(listed, records, records)
    assert set(traced["end"]) == {"found"}
    found = gather_exclusions(
        make_settled(),
        make_cases(),
        CANDIDATES.iloc[:0],
        set(select_protected(traced)),
        [],
        [],
        set(),
    )
    recipients = select_recipients(PEOPLE, found)
    assert sorted(recipients["addressee_id"]) == ["0000000004", "0000000005"]


def test_a_housemate_whom_two_officers_exclude_counts_as_protected() -> None:
    cases = make_cases(("housemate", "", "0000000002", ""))
    found = gather_exclusions(
        make_settled(), cases, CANDIDATES.iloc[:0], {"0000000001"}, ["0000000002"], [], set()
    )
    assert found.protected == {"0000000001", "0000000002"}


def test_who_resembles_an_application_is_withheld_until_decided_and_excluded_if_two_say_so() -> (
    None
):
    opened = make_cases(("near_pair", "form:1", "0000000002", "決定がありません"))
    decided = make_cases(("near_pair", "form:1", "0000000002", ""))
    none = CANDIDATES.iloc[:0]
    found = gather_exclusions(make_settled(), opened, none, set(), [], [], set())
    assert found == NOBODY._replace(withheld=frozenset({"0000000002"}))
    assert gather_exclusions(make_settled(), decided, none, set(), [], [], set()) == NOBODY
    found = gather_exclusions(make_settled(), decided, none, set(), [], ["0000000002"], set())
    assert found == NOBODY._replace(opted_out=frozenset({"0000000002"}))
