"""Accidents of the list of protected people: whoever is on it, in whatever form, is never printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from recruitlib.base.errors import FormError
from tests.conftest import WARD, change_parameters
from tests.incidents.accident import RUN, Accident, Typed, run_stages
from tests.incidents.ward_files import (
    PROTECTIONS,
    REGISTRY,
    Row,
    change_extract,
    change_rows,
    choose_people,
    find_answer,
    list_cases,
    list_latest,
    list_measure,
    list_protected,
    move_columns,
    read_private_rows,
    read_rows,
    read_truth,
    write_rows,
)

PRINT_DAY = f"{WARD}/print_day/protections.csv"
ENDS = {
    "0": "", "1": "2027-01-31", "2": "2026-03-31", "3": "9999-12-31", "4": "令和8年3月31日",
}  # fmt: skip


def _put_on_list(project: Path, *rows: Row) -> None:
    change_rows(project / PROTECTIONS, lambda listed: [*listed, *rows])


def _find_added(project: Path) -> set[str]:
    """Find who is on the list now and was a recipient of the clean run."""
    kept = {person for group in read_truth(project)["recipients"].values() for person in group}
    return {row["宛名番号"] for row in read_rows(project / PROTECTIONS)} & kept


def check_added_are_protected(project: Path, typed: Typed) -> None:
    """Require that the recipients who were put on the list are protected, and the others still."""
    truth, added = read_truth(project), _find_added(project)
    listed = {person for group in truth["protected"].values() for person in group}
    assert added and added | listed <= list_protected(project)
    assert find_answer(project, "protection.every_row_found") == "yes"


def key_by_row_order(project: Path) -> None:
    """A06: the list is keyed by the order of the household file, 1, 2, 3, in place of the id.

    protection.list_fresh sees it: none of the numbers is anybody's of the extract.
    """

    def number(rows: list[Row]) -> None:
        for order, row in enumerate(rows, start=1):
            row["宛名番号"] = str(order)

    change_rows(project / PROTECTIONS, number)


def shift_numbers_by_one_row(project: Path) -> None:
    """A06: household file and person file are offset: each row has the number of the one before.

    protection.list_fresh sees it: most numbers are those of people with another birth date.
    """

    def shift(rows: list[Row]) -> None:
        move_columns(rows, ("宛名番号",), [len(rows) - 1, *range(len(rows) - 1)])

    change_rows(project / PROTECTIONS, shift)


def turn_the_list_over(project: Path) -> None:
    """Give the list in another order, each row whole."""
    change_rows(project / PROTECTIONS, lambda rows: rows[::-1])


def list_households(project: Path) -> None:
    """A06: the list has the number of the household in place of that of the person.

    protection.list_fresh says no: the list cannot be read.
    """

    def rename(rows: list[Row]) -> list[Row]:
        homes = {person: row["世帯番号"] for person, row in list_latest(registry).items()}
        return [
            {"世帯番号": homes[row["宛名番号"]]} | {k: v for k, v in row.items() if k != "宛名番号"}
            for row in rows
        ]

    registry = read_rows(project / REGISTRY)
    change_rows(project / PROTECTIONS, rename)


def list_numbers_of_another_file(project: Path) -> None:
    """A06: the children of the list have numbers of the household file, and its heads' birth dates.

    registry.rows_decided asks two people: the whole registry has nobody of these numbers.
    """

    def list_heads(rows: list[Row]) -> None:
        for order, row in enumerate(rows):
            if "2004-04-02" <= row["生年月日"] <= "2009-04-01":
                row.update(宛名番号=str(5_000_000 + order), 生年月日=f"1977-03-{order + 1:02}")

    change_rows(project / PROTECTIONS, list_heads)


def protect_provisionally(project: Path) -> None:
    """A33: the list has provisional protection, and people protected together with others."""
    people = choose_people(project, 18, 2)
    _put_on_list(project, list_measure(people[0], "5"), list_measure(people[1], "6"))


def check_not_proposed(project: Path, typed: Typed) -> None:
    """Require that of the clean run's recipients all are proposed but those put on the list."""
    proposed = set(read_private_rows(project, "proposal")["addressee_id"])
    kept = {person for group in read_truth(project)["recipients"].values() for person in group}
    assert proposed == kept - _find_added(project) != kept


def protect_by_every_kind(project: Path) -> None:
    """A34: the list has every kind of measure that the profile knows."""
    people = choose_people(project, 22, 6)
    rows = [list_measure(person, str(kind)) for kind, person in enumerate(people, start=1)]
    _put_on_list(project, *rows)


def protect_by_an_unknown_kind(project: Path) -> None:
    """A34: the list has a kind of measure that the profile does not know."""
    _put_on_list(project, list_measure(choose_people(project, 22, 1)[0], "7"))


def mark_by_an_unknown_kind(project: Path) -> None:
    """A34: the extract's own column of measures has a kind that the profile does not know.

    registry.rows_decided sees it: such a row is not read, and nobody is printed by it.
    """
    _add_own_column(project, "9")


def mark_by_a_known_kind(project: Path) -> None:
    """Mark somebody in the extract's own column by a kind that the profile knows."""
    _add_own_column(project, "1")


def _add_own_column(project: Path, kind: str) -> None:
    chosen = choose_people(project, 18, 1)[0]["宛名番号"]
    change_extract(
        project,
        lambda rows: [
            row | {"支援措置": kind if row["宛名番号"] == chosen else "0"} for row in rows
        ],
    )
    path = project / "params/profiles/registry_standard.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    profile["columns"]["protection_kind"] = ["支援措置"]
    profile["codes"]["protection_kind"] = {"0": "", "1": "配偶者暴力等"}
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")


def run_without_a_list(project: Path) -> None:
    """A36: there is no list of protected people."""
    change_parameters(project, protections_file="", protections_listed_on="")


def attest_without_a_list(project: Path) -> None:
    """Let the registry section attest on the day that nobody is protected."""
    change_parameters(project, protections_file="", protections_attested_by="登録係")


def run_with_an_empty_list(project: Path) -> None:
    """A36: the list of protected people has a header and nobody below it."""
    path = project / PROTECTIONS
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


def attest_an_empty_list(project: Path) -> None:
    """Let the registry section attest on the day that the list is empty."""
    run_with_an_empty_list(project)
    change_parameters(project, protections_attested_by="登録係")


def use_last_months_list(project: Path) -> None:
    """A37: the list is that of last month."""
    _date_list(project)
    change_parameters(project, protections_listed_on="2026-04-18")


def call_last_months_list_todays(project: Path) -> None:
    """A37: the list is that of last month, and the day of today is typed for it."""
    _date_list(project)


def _date_list(project: Path) -> None:
    change_rows(
        project / PROTECTIONS, lambda rows: [row | {"作成年月日": "2026-04-18"} for row in rows]
    )


def protect_with_every_end(project: Path) -> None:
    """A54: measures have no end date, a future one, or a past one without a cancellation."""
    people = choose_people(project, 22, 15)
    ends = [*ENDS.values(), *["2026-03-31"] * 10]
    rows = [
        list_measure(person, "1", 支援措置終了年月日=end)
        for person, end in zip(people, ends, strict=True)
    ]
    _put_on_list(project, *rows)


def check_overdue_is_listed(project: Path, typed: Typed) -> None:
    """Require that all are protected, and that those past their end are told with their number."""
    check_added_are_protected(project, typed)
    view = json.loads((project / RUN / "notebooks/01_load_registry.ipynb").read_text("utf-8"))
    told = re.sub(r"<[^>]+>|\s", "", json.dumps(view, ensure_ascii=False))
    # Twelve were put on the list; the ward has one of its own.
    assert "終了の手続のないもの（保護は続く）13うち" in told


def strip_zeros(project: Path) -> None:
    """A61: the ids of the list have lost their leading zeros in a spreadsheet."""

    def strip(rows: list[Row]) -> None:
        for row in rows:
            row["宛名番号"] = row["宛名番号"].lstrip("0")

    change_rows(project / PROTECTIONS, strip)
    person = choose_people(project, 18, 1)[0]
    measure = list_measure(person, "1", 宛名番号=person["宛名番号"].lstrip("0"))
    _put_on_list(project, measure)
    (project / WARD / "chosen.txt").write_text(person["宛名番号"], encoding="utf-8")


def check_chosen_is_protected(project: Path, typed: Typed) -> None:
    """Require that whoever the row means is protected, with everybody of the clean run."""
    chosen = (project / WARD / "chosen.txt").read_text(encoding="utf-8")
    listed = {person for group in read_truth(project)["protected"].values() for person in group}
    assert {chosen, *listed} <= list_protected(project)
    assert find_answer(project, "protection.every_row_found") == "yes"


def list_by_old_number(project: Path) -> None:
    """A61: the list has the number that somebody had before moving out and back.

    On the day of loading registry.rows_decided asks two people who is meant.
    """
    person = choose_people(project, 18, 1)[0]

    def move_out_and_back(rows: list[Row]) -> list[Row]:
        old = person | {
            "宛名番号": "0000000077", "世帯番号": "", "住民状態": "2", "除票フラグ": "1",
            "転出年月日（確定）": "2024-03-31", "異動年月日": "2024-03-31",
            "消除の異動年月日": "2024-03-31",
        }  # fmt: skip
        return [*rows, old]

    change_extract(project, move_out_and_back)
    _put_on_list(project, list_measure(person, "1", 宛名番号="0000000077"))


def check_one_case_waits(project: Path, typed: Typed) -> None:
    """Require that the row waits for two people, with somebody who may be meant."""
    cases = list_cases(project)
    assert cases["kind"].tolist() == ["protection_unsure"]


def list_by_old_number_on_print_day(project: Path) -> None:
    """A61: on print day the list has a number that somebody had before moving out and back."""
    person = choose_people(project, 18, 1)[0]
    measure = list_measure(person, "1", 宛名番号="0000000077", 作成年月日="2026-05-20")
    change_rows(project / PRINT_DAY, lambda rows: [*rows, measure])


def list_by_name_alone(project: Path) -> None:
    """A61: the list has names and birth dates, and no numbers."""
    person = choose_people(project, 18, 1)[0]
    _put_on_list(project, list_measure(person, "1"))
    _write_names(project, {})
    (project / WARD / "chosen.txt").write_text(person["宛名番号"], encoding="utf-8")


def list_a_name_of_nobody(project: Path) -> None:
    """A61: the list has names alone, and one of them with its birth date is nobody's.

    On the day of loading registry.rows_decided asks two people: the row protects nobody otherwise.
    """
    person = choose_people(project, 18, 1)[0]
    _put_on_list(project, list_measure(person, "1"))
    _write_names(project, {person["宛名番号"]: "架空　誰でもない"})


def _write_names(project: Path, other_names: dict[str, str]) -> None:
    people = list_latest(read_rows(project / REGISTRY))
    rows = [
        {
            "氏名": other_names.get(row["宛名番号"], people[row["宛名番号"]]["氏名"]),
            "生年月日": row["生年月日"], "区分": row["支援措置区分"], "終了": row["削除フラグ"],
        } for row in read_rows(project / PROTECTIONS)
    ]  # fmt: skip
    write_rows(project / PROTECTIONS, rows)
    change_parameters(project, protections_profile="params/profiles/protections_by_name.yaml")


def end_and_begin_again(project: Path) -> None:
    """A63: the list has an ended row of somebody, and a later row of a measure that goes on."""
    person = choose_people(project, 22, 1)[0]
    ended = list_measure(person, "1", 支援措置終了年月日="2025-12-31", 削除フラグ="1")
    again = list_measure(person, "2", 支援措置開始年月日="2026-04-20", 履歴番号="2")
    _put_on_list(project, again, ended)


LOAD = (run_stages("01"),)
FRESH, ROWS = "protection.list_fresh", "registry.rows_decided"
ACCIDENTS = (
    Accident("A06", "keyed_by_row_order", "ward", key_by_row_order, LOAD, FRESH),
    Accident("A06", "numbers_shifted_by_one_row", "ward", shift_numbers_by_one_row, LOAD, FRESH,
             twin=turn_the_list_over),
    Accident("A06", "households_listed", "ward", list_households, LOAD, FRESH, FormError),
    Accident("A06", "numbers_of_another_file", "ward", list_numbers_of_another_file, LOAD, ROWS),
    Accident("A33", "provisional_and_together", "ward", protect_provisionally,
             (run_stages("01", "02"), run_stages("03")), "review.approved", check=check_not_proposed),
    Accident("A34", "every_kind", "ward", protect_by_every_kind, LOAD,
             check=check_added_are_protected),
    Accident("A34", "unknown_kind", "ward", protect_by_an_unknown_kind, LOAD, FRESH, FormError),
    Accident("A34", "unknown_kind_in_the_extract", "ward", mark_by_an_unknown_kind, LOAD, ROWS,
             twin=mark_by_a_known_kind),
    Accident("A36", "no_list", "ward", run_without_a_list, LOAD, FRESH,
             twin=attest_without_a_list),
    Accident("A36", "empty_list", "ward", run_with_an_empty_list, LOAD, FRESH,
             twin=attest_an_empty_list),
    Accident("A37", "last_months_list", "ward", use_last_months_list, LOAD, FRESH),
    Accident("A37", "last_months_list_called_todays", "ward", call_last_months_list_todays, LOAD,
             FRESH),
    Accident("A54", "every_end", "ward", protect_with_every_end, LOAD,
             check=check_overdue_is_listed),
    Accident("A61", "id_without_zeros", "ward", strip_zeros, LOAD,
             check=check_chosen_is_protected),
    Accident("A61", "old_number", "ward", list_by_old_number, LOAD, ROWS,
             check=check_one_case_waits),
    Accident("A61", "old_number_on_print_day", "reviewed", list_by_old_number_on_print_day,
             (run_stages("04"),), "protection.every_row_found"),
    Accident("A61", "name_alone", "ward", list_by_name_alone, LOAD,
             check=check_chosen_is_protected),
    Accident("A61", "name_of_nobody", "ward", list_a_name_of_nobody, LOAD, ROWS,
             check=check_one_case_waits),
    Accident("A63", "ended_and_begun_again", "ward", end_and_begin_again, LOAD,
             check=check_added_are_protected),
)  # fmt: skip
