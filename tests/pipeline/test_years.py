"""Four fiscal years in a row, each from the files that ``new-year`` has made of the year before.

The people of the small ward grow older; who is asked for in which year is computed here from the
registry file and the days of birth, by nothing of the package.
"""

from __future__ import annotations

import csv
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
import yaml
from click.testing import CliRunner

from recruitlib.base.counts import index_counts, read_counts
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import read_private, unlock_key
from recruitlib.base.verification import verify_record
from recruitlib.cli.years import new_year
from recruitlib.oversight.run_index import list_runs
from recruitlib.pipeline import run_pipeline
from recruitlib.review.approval import approve_content, find_asked, write_approval
from tests.conftest import WARD
from tests.officers import SECOND, sign_as

# The ward's document prints those of 令和8年度; the others are a year later each.
PRINTED = {
    2026: ["2008-04-02/2009-04-01", "2004-04-02/2005-04-01"],
    2027: ["2009-04-02/2010-04-01", "2005-04-02/2006-04-01"],
    2028: ["2010-04-02/2011-04-01", "2006-04-02/2007-04-01"],
    2029: ["2011-04-02/2012-04-01", "2007-04-02/2008-04-01"],
}
# The days of work: that of the fiscal year 2027 is a 29 February.
DAYS = {2027: date(2028, 2, 29), 2028: date(2028, 5, 18), 2029: date(2029, 5, 18)}
LEAP_DAYS = ("2008-02-29", "2012-02-29", "2008-02-28", "2008-03-01", "2008-04-01", "2008-04-02")
Row = dict[str, str]


def read_rows(path: Path, encoding: str = "utf-8") -> list[Row]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, strict=True))


def write_rows(path: Path, rows: list[Row], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def is_asked_for(row: Row, day: date) -> bool:
    """Whether a row is that of a living Japanese resident, who is not leaving before the day."""
    leaves = row["転出予定年月日"]
    return (
        row["最新フラグ"] == "1" and row["住民状態"] == "1" and row["氏_日本人"] != ""
        and row["生年月日_不詳フラグ"] in ("", "0") and (not leaves or leaves > day.isoformat())
    )  # fmt: skip


def reaches_within(birth: str, age: int, year: int) -> bool:
    """Whether the day before the birthday lies in the fiscal year; in 29 February's year the 28th."""
    born = date.fromisoformat(birth)
    if (born.month, born.day) == (2, 29):
        reached = date(born.year + age, 2, 28)
    else:
        reached = date(born.year + age, born.month, born.day) - timedelta(days=1)
    return date(year, 4, 1) <= reached <= date(year + 1, 3, 31)


def age_ward(project: Path, ward: Path, day: date) -> list[Row]:
    """Write the registry as of the day before, with people who were born around 29 February."""
    rows = read_rows(project / WARD / "registry.csv")
    base = (day - timedelta(days=1)).isoformat()
    ids = [row["宛名番号"] for row in rows]
    alone = [row for row in rows if ids.count(row["宛名番号"]) == 1 and is_asked_for(row, day)]
    young = [row for row in alone if row["生年月日"] > "2012-04-01"]
    for row, birth in zip(young, LEAP_DAYS, strict=False):
        row["生年月日"], row["生年月日_元号"] = birth, "4"
    alone[0]["異動年月日"] = base
    write_rows(ward / "registry.csv", rows)
    return rows


def apply_once(project: Path, ward: Path, subject: Row, day: date) -> None:
    """Let one person apply by the form, and nobody at the counter."""
    path = project / WARD / "applications_form.csv"
    template = read_rows(path, "utf-8-sig")[0]
    sent = (day - timedelta(days=20)).isoformat()
    row = template | {
        "送信日時": f"{sent} 10:00:00", "マイナンバーカード：氏名": subject["氏名"],
        "マイナンバーカード：氏名（代替文字）": "", "マイナンバーカード：生年月日": subject["生年月日"],
        "マイナンバーカード：住所": "", "対象者の氏名（姓）": subject["氏_日本人"],
        "対象者の氏名（名）": subject["名_日本人"], "対象者のフリガナ（セイ）": "",
        "対象者のフリガナ（メイ）": "", "対象者の生年月日": subject["生年月日"],
        "対象者の住所": subject["住所_町字"] + subject["住所_番地号表記"],
    }  # fmt: skip
    write_rows(ward / "applications_form.csv", [row], "utf-8-sig")
    book = openpyxl.load_workbook(project / WARD / "applications_counter.xlsx")
    for sheet in book.worksheets:
        sheet.delete_rows(4, sheet.max_row)
    book.save(ward / "applications_counter.xlsx")


def fill_in(path: Path, **values: str) -> None:
    """Write values where the file has planned or empty ones, as an officer does in an editor."""
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        text, count = re.subn(
            rf'(?m)^( *){name}: ("[^"]*"|\[\]|{{}}|\d+)', rf"\1{name}: {value}", text
        )
        assert count == 1, name
    path.write_text(text, encoding="utf-8")


def fill_year(project: Path, path: Path, year: int, rows: int) -> None:
    day = DAYS[year]
    today, deadline = f'"{day.isoformat()}"', f'"{(day - timedelta(days=5)).isoformat()}"'
    request = {"number": f"見本第{year}号", "date": f'"{year}-04-06"'}
    fill_in(
        path, business_date="{" + ", ".join(f'"0{stage}": {today}' for stage in (1, 2, 3)) + "}",
        request_number=request["number"], request_date=request["date"], registry_total=f"{rows}",
        registry_base_date=f'"{(day - timedelta(days=1)).isoformat()}"', protections_listed_on=today,
        protections_attested_by="見本B", form_exported_on=today, form_total="1",
        counter_exported_on=today, counter_total="0", optout_deadline=deadline,
    )  # fmt: skip
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^protections_file: .*", 'protections_file: ""', text)
    path.write_text(text, encoding="utf-8")
    (scope,) = re.findall(r"(?m)^scope_file: (\S+)", text)
    fill_in(
        project / scope, **request, memorandum_on=f'"{year}-04-10"', guideline_on=f'"{year}-04-10"',
        handlers="[取扱者C（見本）]", approved_by="個人情報保護管理運営会議（見本）",
        approved_on=f'"{year}-04-07"',
    )  # fmt: skip


def renew_2025(project: Path) -> Path:
    """Make the ward's own year from a file of the year before, as an office that began in 2025."""
    path = project / "params/y2025.yaml"
    text = (project / "params/test_ward.yaml").read_text(encoding="utf-8")
    ranges = '["2007-04-02/2008-04-01", "2003-04-02/2004-04-01"]'
    path.write_text(
        re.sub(r"(?m)^cohort_birth_ranges: \[.*?\]", f"cohort_birth_ranges: {ranges}", text)
        .replace("run_id: test_ward", "run_id: y2025")
        .replace("fiscal_year: 2026", "fiscal_year: 2025"),
        encoding="utf-8",
    )
    words = [str(path), "--out", str(project / "params/y2026.yaml")]
    done = CliRunner().invoke(new_year, [*words, "--ranges", ",".join(PRINTED[2026])])
    assert done.exception is None, done.output
    return project / "params/y2026.yaml"


def approve(folder: Path, path: Path, day: date) -> None:
    content, ticks = find_asked(folder)
    run = (folder.name, True)
    codes = [tick.code for tick in ticks]
    approval = approve_content(content, ticks, codes, sign_as(SECOND), run, day.isoformat())
    write_approval(path, *run, approval)


def test_four_years_in_a_row(
    reviewed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(reviewed_project, project)
    monkeypatch.chdir(project)
    before, cohorts, found = project / "params/test_ward.yaml", {}, {}
    for path in (before, renew_2025(project)):
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert (values["fiscal_year"], values["cohort_birth_ranges"]) == (2026, PRINTED[2026])
    for year, day in DAYS.items():
        path = project / f"params/y{year}.yaml"
        typed = ",".join(PRINTED[year])
        words = [str(before), "--out", str(path), "--ranges", typed]
        done = CliRunner().invoke(new_year, words)
        assert done.exception is None, done.output
        ward = project / f"inputs/y{year}"
        rows = age_ward(project, ward, day)
        young = [
            row
            for row in rows
            if is_asked_for(row, day) and reaches_within(row["生年月日"], 22, year)
        ]
        apply_once(project, ward, young[0], day)
        fill_year(project, path, year, len(rows))
        with pytest.raises(AwaitingPerson, match=r"review\.approved"):
            run_pipeline(path, last="03", say=lambda line: None)
        folder = project / f"runs/y{year}"
        approve(folder, project / f"params/y{year}/approval.yaml", day)
        run_pipeline(path, "03", "03", say=lambda line: None)
        assert verify_record(folder) == []

        counts = index_counts(read_counts(folder))
        for age in (18, 22):
            expected = [
                row["宛名番号"] for row in rows
                if is_asked_for(row, day) and reaches_within(row["生年月日"], age, year)
            ]  # fmt: skip
            cohorts[year, age] = counts[str(age), "cohort"]
            assert cohorts[year, age] == len(expected) > 10
        cohort = parse_table(read_private(folder, unlock_key(folder, "demo"), "cohort", "03"))
        found[year] = sorted(set(cohort["birth_date"]) & set(LEAP_DAYS))
        assert counts["22", "opted_out"] == 1
        assert counts["22", "recipients"] == cohorts[year, 22] - 1
        before = path

    # 22 or 18 on 28 February 2030 whoever was born on a 29 February; 22 on 1 April 2030 on 2 April.
    assert found == {2027: [], 2028: [], 2029: sorted(set(LEAP_DAYS) - {"2008-04-02"})}
    lines = list_runs(project, demonstration=True)
    assert [(line.fiscal_year, line.state) for line in lines] == [
        (year, "承認済") for year in PRINTED
    ]
    assert [line.next_step for line in lines[1:]] == [
        f"recruitlib run params/y{year}.yaml --from 04 --through 04" for year in DAYS
    ]
