"""Accidents of the matching: whom an application means."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from tests.conftest import change_parameters
from tests.incidents.accident import Accident, Typed, run_stages
from tests.incidents.faults_optouts import FORM, change_form
from tests.incidents.ward_files import (
    REGISTRY,
    Row,
    change_rows,
    list_latest,
    read_private_rows,
    read_rows,
    read_truth,
)

HOMONYM = "高橋　千里"  # two people of the ward, born on one day, at two addresses
_PLACE = ("住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記")


def list_residents(project: Path) -> dict[str, Row]:
    """List the people of the ward as the registry has them now, by id."""
    return list_latest(read_rows(project / REGISTRY))


def list_recipients(project: Path, age: str) -> list[str]:
    """List whose labels a clean run prints, as the ward itself knows."""
    return list(read_truth(project)["recipients"][age])


def write_place(person: Row) -> str:
    """Write the place of a resident in one line."""
    return "".join(person[name] for name in _PLACE)


def apply_for(project: Path, person: Row, address: str) -> None:
    """Let the form hold one more application, with a resident's name and birth date."""
    surname, given = person["氏名"].split("　")
    said = {
        "回答ID": "48210293", "受付番号": "受0023", "送信日時": "2026-05-17 09:00:00",
        "マイナンバーカード：氏名": "", "マイナンバーカード：氏名（代替文字）": "",
        "対象者の氏名（姓）": surname, "対象者の氏名（名）": given,
        "対象者のフリガナ（セイ）": "", "対象者のフリガナ（メイ）": "",
        "対象者の生年月日": person["生年月日"], "対象者の住所": address,
    }  # fmt: skip
    change_form(project, lambda rows: [*rows, {**rows[-1], **said}])
    change_parameters(project, form_total=23)


def find_end(project: Path, number: str = "form:48210293") -> tuple[str, str, list[str]]:
    """Find how an application ends: its outcome, whom it excludes, whom an officer is shown."""
    matches, candidates = (read_private_rows(project, name) for name in ("matches", "candidates"))
    [[outcome, person]] = (
        matches.loc[matches["application_id"] == number, ["outcome", "addressee_id"]]
        .to_numpy()
        .tolist()
    )
    shown = candidates.loc[candidates["application_id"] == number, "addressee_id"].tolist()
    return outcome, person, shown


def list_proposed(project: Path) -> set[str]:
    """List who would be printed if 03 went on from where it waits."""
    return set(read_private_rows(project, "proposal")["addressee_id"])


def apply_from_elsewhere(project: Path) -> None:
    """A25: somebody of another town applies who shares name and birth date with a resident."""
    person = list_residents(project)[list_recipients(project, "18")[0]]
    apply_for(project, person, "大阪府大阪市北区梅田一丁目１番１号")


def check_look_alike(project: Path, typed: Typed) -> None:
    alike = list_recipients(project, "18")[0]
    assert find_end(project) == ("to_confirm", alike, [])
    assert alike not in list_proposed(project)


def list_homonyms(project: Path) -> list[str]:
    return [one for one, row in list_residents(project).items() if row["氏名"] == HOMONYM]


def apply_without_a_lot(project: Path) -> None:
    """A26: one of two people of one name, reading and birth date applies and writes no lot."""
    person = list_residents(project)[list_homonyms(project)[0]]
    apply_for(project, person, "新宿区")


def check_both_shown(project: Path, typed: Typed) -> None:
    outcome, excluded, shown = find_end(project)
    assert (outcome, excluded) == ("undecided", "")
    assert shown[:2] == list_homonyms(project)
    assert not set(shown) & list_proposed(project)


def apply_with_a_lot(project: Path) -> None:
    """A26: one of two people of one name, reading and birth date applies; the address tells whom."""
    person = list_residents(project)[list_homonyms(project)[1]]
    apply_for(project, person, write_place(person))


def check_the_right_one(project: Path, typed: Typed) -> None:
    assert find_end(project) == ("matched", list_homonyms(project)[1], [])


_GLYPHS = str.maketrans("高崎辺斎国広沢", "髙﨑邉齋國廣澤")
_DIGITS = str.maketrans("一二三四五六七八九", "123456789")


def write_otherwise(project: Path) -> None:
    """A27: forms write a lot as 1-2-3 where the registry has 一丁目２番３号, and names in old glyphs."""

    def write(row: Row) -> Row:
        town, _, lot = row["対象者の住所"].partition("丁目")
        if lot:
            lot, _, room = unicodedata.normalize("NFKC", lot).partition("号")
            town = f"{town[:-1]}{town[-1].translate(_DIGITS)}-{lot.replace('番', '-')} {room}"
        names = {
            name: row[name].translate(_GLYPHS)
            for name in row
            if "氏名（" in name and "対象" in name
        }
        return {**row, **names, "対象者の住所": town}  # fmt: skip

    change_form(project, lambda rows: [write(row) for row in rows])


def check_same_people(project: Path, typed: Typed) -> None:
    residents, notations = list_residents(project), set()
    said = {row["回答ID"]: row for row in read_rows(project / FORM, "utf-8-sig")}
    for number, meant in read_truth(project)["applications"].items():
        if meant["expected"] == "matched" and not number.startswith("R8"):
            assert find_end(project, f"form:{number}") == ("matched", meant["addressee_id"], [])
            own, row = residents[meant["addressee_id"]], said[number]
            name = f"{row['対象者の氏名（姓）']}　{row['対象者の氏名（名）']}"
            notations |= {"glyph"} if name != own["氏名"] else set()
            notations |= {"lot"} if re.search(r"\d-\d+-\d", row["対象者の住所"]) else set()
    assert notations == {"glyph", "lot"}


def find_neighbours(project: Path) -> tuple[Row, Row]:
    """Find two recipients of one family name in two households."""
    residents = list_residents(project)
    people = [residents[one] for age in ("18", "22") for one in list_recipients(project, age)]
    return next(
        (one, other) for one in people for other in people
        if one["氏名"].split("　")[0] == other["氏名"].split("　")[0]
        and one["世帯番号"] != other["世帯番号"] and one["住所_町字"] != other["住所_町字"]
    )  # fmt: skip


def apply_from_next_door(project: Path) -> None:
    """A29: an application's lot is one digit off, and a family of the same name lives there."""
    person, other = find_neighbours(project)
    place = {name: value for name, value in person.items() if name.startswith("住所_")}
    lot = place["住所_番地号表記"]
    at = max(at for at, letter in enumerate(lot) if letter in "０１２３４５６７８９")
    lot = lot[:at] + ("２" if lot[at] == "１" else "１") + lot[at + 1 :]
    moved = {**place, "住所_番地号表記": lot}
    number = other["宛名番号"]
    change_rows(
        project / REGISTRY,
        lambda rows: [
            {**row, **moved} if (row["宛名番号"], row["最新フラグ"]) == (number, "1") else row
            for row in rows
        ],
    )
    apply_for(project, person, write_place({**person, **moved}))


def check_neighbours(project: Path, typed: Typed) -> None:
    said = read_rows(project / FORM, "utf-8-sig")[-1]
    surname, given = said["対象者の氏名（姓）"], said["対象者の氏名（名）"]
    residents = list_residents(project)
    (person,) = (one for one, row in residents.items() if row["氏名"] == f"{surname}　{given}")
    (neighbour,) = (
        one for one, row in residents.items()
        if row["氏名"].startswith(f"{surname}　") and write_place(row) == said["対象者の住所"]
    )  # fmt: skip
    outcome, excluded, shown = find_end(project)
    assert (outcome, excluded, set(shown)) == ("undecided", "", {person, neighbour})
    assert not set(shown) & list_proposed(project)


SET_BACK = ("48210007", "48210020", "48210033")


def set_back(project: Path) -> None:
    """A64: a clerk sets three applications in force to 却下, 差し戻し and 取下げ."""
    said = dict(zip(SET_BACK, ("却下", "差し戻し", "取下げ"), strict=True))
    change_form(
        project,
        lambda rows: [
            {**row, "処理状況": said.get(row["回答ID"], row["処理状況"])} for row in rows
        ],
    )


def check_still_out(project: Path, typed: Typed) -> None:
    ends = [find_end(project, f"form:{number}") for number in SET_BACK]
    assert [outcome for outcome, _, _ in ends] == ["withdrawn"] * 3
    truth = read_truth(project)
    meant = {truth["applications"][number]["addressee_id"] for number in SET_BACK}
    assert {person for _, person, _ in ends} == meant
    assert not meant & list_proposed(project)


_01, _02, _03 = run_stages("01"), run_stages("02"), run_stages("03")
ACCIDENTS = (
    Accident(
        "A25", "look_alike_of_another_town", "loaded", apply_from_elsewhere, (_02, _03),
        "optouts.all_decided", check=check_look_alike,
    ),
    Accident(
        "A26", "address_does_not_tell", "loaded", apply_without_a_lot, (_02, _03),
        "optouts.all_decided", check=check_both_shown,
    ),
    Accident(
        "A26", "address_tells", "loaded", apply_with_a_lot, (_02,), check=check_the_right_one
    ),
    Accident("A27", "another_notation", "loaded", write_otherwise, (_02,), check=check_same_people),
    Accident(
        "A29", "one_digit_off", "ward", apply_from_next_door, (_01, _02, _03),
        "optouts.all_decided", check=check_neighbours,
    ),
    Accident(
        "A64", "set_back_by_a_clerk", "loaded", set_back, (_02, _03),
        "optouts.all_decided", check=check_still_out,
    ),
)  # fmt: skip
