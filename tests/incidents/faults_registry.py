"""Accidents of the registry extract, of the request and of the days."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import yaml

from recruitlib.base.counts import index_counts, read_counts
from recruitlib.base.errors import ParameterError
from tests.conftest import WARD, change_parameters
from tests.incidents.accident import RUN, Accident, Typed, run_stages
from tests.incidents.ward_files import (
    PROTECTIONS,
    REGISTRY,
    Row,
    change_extract,
    change_rows,
    choose_people,
    list_cases,
    list_latest,
    move_columns,
    read_private_rows,
    read_rows,
    read_truth,
    write_rows,
)
from tests.unit.extracts import write_seven_digits

NAMES = ("氏名", "氏_日本人", "名_日本人", "氏名_フリガナ")
HOMES = ("住所_町字", "住所_番地号表記", "住所_方書", "住所_郵便番号")
ADDRESS_PARTS = ("都道府県", "市区郡町村名", "町字", "番地号表記")
LEAP_DAYS = ("2004-02-29", "2008-02-29")


def sort_names_alone(project: Path) -> None:
    """A03: the extract was saved again with the column of names sorted on its own.

    registry.form_known sees it: a full name is no longer made of its own parts.
    """

    def sort(rows: list[Row]) -> None:
        move_columns(rows, ("氏名",), sorted(range(len(rows)), key=lambda at: rows[at]["氏名"]))

    change_extract(project, sort)


def sort_whole_rows(project: Path) -> None:
    """Save the extract again with its rows sorted by name, each of them whole."""
    change_extract(project, lambda rows: sorted(rows, key=lambda row: row["氏名"]))


def shift_names_under_a_filter(project: Path) -> None:
    """A03: names and readings moved up by one row among those that a filter by birth date shows.

    registry.form_known sees it: people of one household no longer have one family name.
    """
    change_extract(project, lambda rows: _shift_shown(rows, NAMES))


def shift_homes_under_a_filter(project: Path) -> None:
    """A03: addresses moved up by one row among those that a filter by birth date shows.

    registry.form_known sees it: people of one household no longer live at one address.
    """
    change_extract(project, lambda rows: _shift_shown(rows, HOMES))


def _shift_shown(rows: list[Row], headers: tuple[str, ...]) -> None:
    shown = [at for at, row in enumerate(rows) if "2004-04-02" <= row["生年月日"] <= "2009-04-01"]
    following = dict(zip(shown, [*shown[1:], shown[0]], strict=True))
    move_columns(rows, headers, [following.get(at, at) for at in range(len(rows))])


def sort_days_of_removal_alone(project: Path) -> None:
    """A03: the days of removal were sorted on their own, so that residents seem to have left.

    cohort.status_retested sees it: every column keeps its form, but those chosen have left.
    """

    def sort(rows: list[Row]) -> None:
        order = sorted(range(len(rows)), key=lambda at: rows[at]["消除の異動年月日"], reverse=True)
        shown = [
            at for at, row in enumerate(rows) if "2004-04-02" <= row["生年月日"] <= "2009-04-01"
        ]
        places = dict(zip(shown, order, strict=False))
        move_columns(rows, ("消除の異動年月日",), [places.get(at, at) for at in range(len(rows))])

    change_extract(project, sort)


def type_the_range_two_years_off(project: Path) -> None:
    """A09: the range of the 22-year-olds is typed two years early; counts hardly differ."""
    change_parameters(
        project, cohort_birth_ranges=["2008-04-02/2009-04-01", "2002-04-02/2003-04-01"]
    )


def lose_the_end_of_one_year(project: Path) -> None:
    """A10: the extract lacks the 22-year-olds who were born in January to March."""
    _lose_births(project, "2005-01-01", "2005-03-31")


def lose_the_first_month(project: Path) -> None:
    """A10: the extract lacks the 18-year-olds who were born in April, but for those of 1 April.

    They are the oldest and the youngest of the cohort: by the calendar nobody's month is missing.
    """
    assert "2009-04-01" in {row["生年月日"] for row in read_rows(project / REGISTRY)}
    _lose_births(project, "2008-04-02", "2008-04-30")


def _lose_births(project: Path, first: str, last: str) -> None:
    """Leave people out of the extract; none of them is on the list, whose number would tell."""
    for path in (REGISTRY, PROTECTIONS):
        change_rows(
            project / path,
            lambda rows: [row for row in rows if not first <= row["生年月日"] <= last],
        )
    change_parameters(project, registry_total=len(read_rows(project / REGISTRY)))


def work_on_a_leap_day(project: Path) -> None:
    """A12: 01 and 02 are run on 29 February 2028, and ask for people who were born on leap days."""
    ranges = ["2007-04-02/2008-04-01", "2003-04-02/2004-04-01"]
    change_parameters(
        project, business_date=dict.fromkeys(("01", "02"), "2028-02-29"), fiscal_year=2027,
        cohort_ages=[20, 24], cohort_birth_ranges=ranges, registry_base_date="2028-02-29",
        protections_listed_on="2028-02-29", form_exported_on="2028-02-29",
        counter_exported_on="2028-02-29", optout_deadline="2028-02-28",
    )  # fmt: skip
    path = project / "params/scope/demo.yaml"
    scope = yaml.safe_load(path.read_text(encoding="utf-8"))
    scope["request"]["birth_ranges"] = ranges
    scope |= {"ages": [20, 24], "period_to": "2028-03-31"}
    path.write_text(yaml.safe_dump(scope, allow_unicode=True), encoding="utf-8")

    def be_born(rows: list[Row]) -> None:
        young = [
            row for row in rows
            if row["生年月日"] > "2012-04-01" and row["最新フラグ"] == row["個人履歴番号"] == "1"
            and row["住民種別"] == row["住民状態"] == "1"
        ]  # fmt: skip
        for row, day in zip(young, LEAP_DAYS, strict=False):
            row.update(生年月日=day, 生年月日_元号="4", 異動年月日="2028-02-29")

    change_extract(project, be_born)
    change_rows(
        project / PROTECTIONS, lambda rows: [row | {"作成年月日": "2028-02-29"} for row in rows]
    )
    _apply_on_leap_day(project)


def _apply_on_leap_day(project: Path) -> None:
    """Date the applications in the year of the run, and let the first be that of a leap day's child."""
    path = project / WARD / "applications_form.csv"
    rows = read_rows(path, "utf-8-sig")
    child = next(row for row in read_rows(project / REGISTRY) if row["生年月日"] == LEAP_DAYS[1])
    for row in rows:
        row["送信日時"] = row["送信日時"].replace("2026", "2027")
    rows[0] |= {
        "送信日時": "2028-02-29 10:15:22", "マイナンバーカード：氏名": "",
        "マイナンバーカード：生年月日": "420080229", "対象者の生年月日": "平成20年2月29日",
        "対象者の氏名（姓）": child["氏_日本人"], "対象者の氏名（名）": child["名_日本人"],
        "対象者のフリガナ（セイ）": "", "対象者のフリガナ（メイ）": "", "マイナンバーカード：住所": "",
        "対象者の住所": "".join(child[f"住所_{part}"] for part in ADDRESS_PARTS),
    }  # fmt: skip
    write_rows(path, rows, "utf-8-sig")
    book = openpyxl.load_workbook(project / WARD / "applications_counter.xlsx")
    for received in book.worksheets[0]["B"][3:]:
        is_day = isinstance(received.value, datetime)
        received.value = (
            received.value.replace(year=2027) if is_day
            else str(received.value).replace("令和8年", "令和9年")
        )  # fmt: skip
    book.save(project / WARD / "applications_counter.xlsx")


def check_leap_birthdays(project: Path, typed: Typed) -> None:
    """Require that both who were born on a leap day are of their cohorts, and nobody is lost."""
    cohort = read_private_rows(project, "cohort").set_index("birth_date")
    assert cohort.loc[list(LEAP_DAYS), "cohort"].tolist() == ["24", "20"]
    matches = read_private_rows(project, "matches").set_index("application_id")
    assert matches.loc["form:48210007", "addressee_id"] == cohort.loc[LEAP_DAYS[1], "addressee_id"]
    counts = index_counts(read_counts(project / RUN))
    assert counts["all", "unreadable"] == counts["all", "birth_unsure"] == 0


def take_last_years_extract(project: Path) -> None:
    """A14: the extract is that of last year, under this year's base date."""

    def go_back(rows: list[Row]) -> list[Row]:
        kept = [row for row in rows if row["異動年月日"] <= "2025-04-01"]
        newest = {row["宛名番号"]: row for row in kept}
        for row in newest.values():
            row["最新フラグ"] = "1"
        return kept

    change_extract(project, go_back)


def type_last_years_base_date(project: Path) -> None:
    """A14: the base date of this year's extract is typed one year off."""
    change_parameters(project, registry_base_date="2025-04-01", registry_max_age_days=999)


def let_movers_out_through(project: Path) -> None:
    """A15: of the cohorts 3 % are moved out or dead, and delivered as residents."""

    def let_through(rows: list[Row]) -> None:
        truth = read_truth(project)
        everybody = {person for group in truth["recipients"].values() for person in group}
        asked = [row for row in list_latest(rows).values() if row["宛名番号"] in everybody]
        for number, row in enumerate(asked[::33]):
            row["転出年月日（確定）" if number % 2 else "消除の異動年月日"] = "2026-02-10"

    change_extract(project, let_through)


def write_births_in_digits(project: Path) -> None:
    """A55: the extract writes births as 4200402, half of them as 420080402."""

    def write(rows: list[Row]) -> None:
        for row in rows:
            born = row["生年月日"]
            long = row["生年月日_元号"] + born.replace("-", "")
            is_odd = int(row["宛名番号"]) % 2 and born
            row["生年月日"] = long if is_odd else write_seven_digits(born)

    (project / WARD / "plain.csv").write_bytes((project / REGISTRY).read_bytes())
    change_extract(project, write)


def check_same_births(project: Path, typed: Typed) -> None:
    """Require the cohorts of the plain extract, with the birth dates that it has."""
    cohort = read_private_rows(project, "cohort")
    births = dict(zip(cohort["addressee_id"], cohort["birth_date"], strict=True))
    plain = list_latest(read_rows(project / WARD / "plain.csv"))
    assert births == {person: plain[person]["生年月日"] for person in births}
    assert len(births) == sum(read_truth(project)["cohorts"].values())


def write_births_unsurely(project: Path) -> None:
    """A55: births are written as 20.4.2, 39540 and 平成31年5月1日, of which no one date is sure.

    registry.rows_decided asks two people; whoever has a birth that is surely outside is no case.
    """
    chosen = {row["宛名番号"] for row in choose_people(project, 18, 3)}

    def write(rows: list[Row]) -> None:
        own = [row for row in rows if row["宛名番号"] in chosen]
        for row, born in zip(own, ("20.4.2", "39540", "平成31年5月1日"), strict=True):
            row.update(生年月日=born, 生年月日_元号="")

    change_extract(project, write)


def check_unsure_births(project: Path, typed: Typed) -> None:
    """Require that the two who may be meant wait for people, and nobody has a wrong date."""
    assert list_cases(project)["kind"].tolist() == ["birth_unsure", "birth_unsure"]


def type_births_of_applications(project: Path) -> None:
    """A55: applications give births as 4200603, 420081206 and 20.9.2, and the workbook as 38195."""
    path = project / WARD / "applications_form.csv"
    rows = read_rows(path, "utf-8-sig")
    for row, born in zip(rows, ("4200603", "420081206", "20.9.2"), strict=False):
        row["対象者の生年月日"] = born
    write_rows(path, rows, "utf-8-sig")
    book = openpyxl.load_workbook(project / WARD / "applications_counter.xlsx")
    sheet = book.worksheets[0]
    cell = next(row[7] for row in sheet.iter_rows() if row[0].value == "R8-006")
    cell.value, cell.number_format = 38195, "General"
    book.save(project / WARD / "applications_counter.xlsx")


def check_births_of_applications(project: Path, typed: Typed) -> None:
    """Require the right date or none, and that nobody is taken for somebody else."""
    read = read_private_rows(project, "applications").set_index("application_id")
    told = read["subject_birth_date"]
    assert (told["form:48210007"], told["form:48210020"]) == ("2008-06-03", "2008-12-06")
    assert (told["form:48210033"], told["counter:R8-006"]) == ("", "2004-07-27")
    matches = read_private_rows(project, "matches").set_index("application_id")
    for number, own in read_truth(project)["applications"].items():
        source = "counter" if number.startswith("R8-") else "form"
        assert matches["addressee_id"][f"{source}:{number}"] in ("", own["addressee_id"])


def end_every_row_with_a_comma(project: Path) -> None:
    """A56: every data row of the extract ends with a comma too many."""
    _end_with_commas(project, 1)
    (project / WARD / "plain.csv").write_bytes(
        (project / REGISTRY).read_bytes().replace(b",\r\n", b"\r\n")
    )


def end_every_second_row_with_a_comma(project: Path) -> None:
    """A56: every second data row of the extract ends with a comma too many."""
    _end_with_commas(project, 2)


def end_some_rows_with_a_comma(project: Path) -> None:
    """A56: a few data rows of the extract end with a comma too many.

    registry.rows_decided asks two people about each of these rows; no other row is touched.
    """
    _end_with_commas(project, 600)


def _end_with_commas(project: Path, step: int) -> None:
    path = project / REGISTRY
    header, *lines = path.read_bytes().split(b"\r\n")[:-1]
    lines = [line + b"," if at % step == 0 else line for at, line in enumerate(lines)]
    path.write_bytes(b"\r\n".join([header, *lines, b""]))


def check_nothing_shifted(project: Path, typed: Typed) -> None:
    """Require that everybody of the cohorts has the name and the address of the file."""
    cohort = read_private_rows(project, "cohort").set_index("addressee_id")
    plain = list_latest(read_rows(project / WARD / "plain.csv"))
    assert len(cohort) == sum(read_truth(project)["cohorts"].values())
    for person, row in cohort.iterrows():
        own = plain[str(person)]
        address = "".join(own[f"住所_{part}"] for part in ADDRESS_PARTS)
        assert [row["full_name"], row["address"], row["building"]] == [
            own["氏名"], address, own["住所_方書"],
        ]  # fmt: skip


def write_what_looks_missing(project: Path) -> None:
    """A58: somebody's reading is ナ, the romanised text NA, the number 0000012, the code 0600000."""
    chosen = choose_people(project, 18, 1)[0]["宛名番号"]

    def write(rows: list[Row]) -> None:
        row = list_latest(rows)[chosen]
        row.update(宛名番号="0000012", 氏名_フリガナ="ナ", 氏名_外国人ローマ字="NA", 住所_方書="NA")
        row.update(世帯番号="", 住所_郵便番号="0600000")

    change_extract(project, write)


def check_kept_as_text(project: Path, typed: Typed) -> None:
    """Require that all of it was kept as the file has it."""
    cohort = read_private_rows(project, "cohort").set_index("addressee_id")
    own = cohort.loc["0000012", ["full_name_kana", "building", "postal_code", "household_id"]]
    assert own.tolist() == ["ナ", "NA", "0600000", ""]


def type_the_published_range(project: Path) -> None:
    """A67: the request's range is typed as published, 2008(H16).4.2-2009(H17).4.1.

    The form of a range is checked before a stage begins, so that no guard is asked.
    """
    ranges = ["2008(H16)-04-02/2009(H17)-04-01", "2004-04-02/2005-04-01"]
    change_parameters(project, cohort_birth_ranges=ranges)


def type_the_western_years(project: Path) -> None:
    """A67: of the range of the 22-year-olds, 2008(H16).4.2-2009(H17).4.1, the western years are typed."""
    ranges = ["2008-04-02/2009-04-01", "2008-04-02/2009-04-01"]
    change_parameters(project, cohort_birth_ranges=ranges)


def type_one_year_of_each_calendar(project: Path) -> None:
    """A67: of 2008(H16).4.2-2009(H17).4.1 the first year is typed from 平成, the last from 西暦."""
    ranges = ["2004-04-02/2009-04-01", "2004-04-02/2005-04-01"]
    change_parameters(project, cohort_birth_ranges=ranges)


LOAD = (run_stages("01"),)
FORM, ROWS = "registry.form_known", "registry.rows_decided"
ACCIDENTS = (
    Accident("A03", "names_sorted_alone", "ward", sort_names_alone, LOAD, FORM,
             twin=sort_whole_rows),
    Accident("A03", "names_shifted_under_a_filter", "ward", shift_names_under_a_filter, LOAD, FORM),
    Accident("A03", "homes_shifted_under_a_filter", "ward", shift_homes_under_a_filter, LOAD, FORM),
    Accident("A03", "days_of_removal_sorted_alone", "ward", sort_days_of_removal_alone, LOAD,
             "cohort.status_retested"),
    Accident("A09", "range_two_years_off", "ward", type_the_range_two_years_off, LOAD,
             "cohort.birth_range"),
    Accident("A10", "end_of_one_year_lost", "ward", lose_the_end_of_one_year, LOAD,
             "cohort.birth_range"),
    Accident("A10", "first_month_lost", "ward", lose_the_first_month, LOAD, "cohort.birth_range"),
    Accident("A12", "run_on_a_leap_day", "ward", work_on_a_leap_day, (run_stages("01", "02"),),
             check=check_leap_birthdays),
    Accident("A14", "last_years_extract", "ward", take_last_years_extract, LOAD,
             "registry.base_date"),
    Accident("A14", "last_years_base_date", "ward", type_last_years_base_date, LOAD,
             "registry.base_date"),
    Accident("A15", "movers_out_let_through", "ward", let_movers_out_through, LOAD,
             "cohort.status_retested"),
    Accident("A55", "births_in_digits", "ward", write_births_in_digits, LOAD,
             check=check_same_births),
    Accident("A55", "births_unsure", "ward", write_births_unsurely, LOAD, ROWS,
             check=check_unsure_births),
    Accident("A55", "births_of_applications", "loaded", type_births_of_applications,
             (run_stages("02"),), check=check_births_of_applications),
    Accident("A56", "comma_on_every_row", "ward", end_every_row_with_a_comma, LOAD,
             check=check_nothing_shifted),
    Accident("A56", "comma_on_every_second_row", "ward", end_every_second_row_with_a_comma, LOAD,
             FORM),
    Accident("A56", "comma_on_some_rows", "ward", end_some_rows_with_a_comma, LOAD, ROWS),
    Accident("A58", "what_looks_missing", "ward", write_what_looks_missing, LOAD,
             check=check_kept_as_text),
    Accident("A67", "range_as_published", "ward", type_the_published_range, LOAD,
             error=ParameterError),
    Accident("A67", "western_years", "ward", type_the_western_years, LOAD, "cohort.birth_range"),
    Accident("A67", "one_year_of_each_calendar", "ward", type_one_year_of_each_calendar, LOAD,
             "cohort.birth_range"),
)  # fmt: skip
