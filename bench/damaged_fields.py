"""Damage that applicants do to their own dates and addresses, and several at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from damaged_names import ALIKE, SAME, swap_letter
from desk import OLD_TOWNS, Desk, Form, damage
from residents import Person
from spellings import era_of, list_date_slips, swap_month_and_day, to_hiragana


@damage(weight=75)
def date_spelling(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, birth_date=desk.pen.write_date(person.born))]


@damage(weight=3)
def date_without_era(desk: Desk, person: Person) -> list[Form]:
    born, year = person.born, era_of(person.born)[1]
    texts = (
        f"{year}年{born.month}月{born.day}日",
        f"{year}.{born.month}.{born.day}",
        f"'{born:%y}/{born.month}/{born.day}",
        f"{born:%y}-{born.month:02d}-{born.day:02d}",
        f"{year:02d}{born.month:02d}{born.day:02d}",
    )
    return [desk.fill(person, birth_date=desk.pen.choose(texts))]


@damage(weight=12)
def date_slip(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            birth_date=desk.pen.write_common_date(desk.pen.choose(list_date_slips(person.born))),
        )
    ]


@damage(weight=4)
def date_exchanged(desk: Desk, person: Person) -> list[Form] | None:
    swapped = swap_month_and_day(person.born)
    return swapped and [desk.fill(person, birth_date=desk.pen.write_common_date(swapped))]


@damage(weight=5)
def date_wrong_era(desk: Desk, person: Person) -> list[Form]:
    born, year = person.born, era_of(person.born)[1]
    tail = f"年{born.month}月{born.day}日"
    texts = (
        f"昭和{year}{tail}",
        f"令和{year}{tail}",
        f"平成{born:%y}{tail}",
        f"{2000 + year}{tail}",
        f"平成{born.year}{tail}",
        f"H{born:%y}.{born.month}.{born.day}",
        f"20{year:02d}-{born.month:02d}-{born.day:02d}",
    )
    return [desk.fill(person, birth_date=desk.pen.choose(texts))]


@damage(weight=2, owed=True)
def date_of_today(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            "review",
            birth_date=desk.pen.choose(("2026/2/20", "令和8年3月3日", "2026-04-10", "R8.2.28")),
        )
    ]


@damage(weight=4)
def date_missing(desk: Desk, person: Person) -> list[Form]:
    born = person.born
    texts = (
        "",
        "",
        "-",
        "不明",
        "なし",
        f"{2026 - born.year}歳",
        f"{born.month}/{born.day}",
        f"平成{era_of(born)[1]}年",
        f"{born.year}年{born.month}月",
        "高校生",
        "******",
    )
    return [desk.fill(person, birth_date=desk.pen.choose(texts))]


@damage(weight=1)
def date_impossible(desk: Desk, person: Person) -> list[Form]:
    born = person.born
    texts = (
        f"{born.year}/13/{born.day}",
        f"{born.year}年{born.month}月{born.day + 40}日",
        f"{born.year}/{born.day + 12}/{born.month}",
        f"{born.year}-00-{born.day:02d}",
        f"{born.year}{born.month:02d}",
    )
    return [desk.fill(person, birth_date=desk.pen.choose(texts))]


@damage(pool="border_in", weight=2)
def border_birth(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, birth_date=desk.pen.write_date(person.born))]


@damage(weight=120)
def address_spelling(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, address=desk.pen.write_address(person.home))]


@damage(weight=45)
def building(desk: Desk, person: Person) -> list[Form]:
    bare = person.home._replace(building="") if desk.pen.happens(0.5) else person.home
    return [
        desk.fill(
            person,
            address=desk.pen.write_address(
                bare, building=not bare.building or not person.home.building
            ),
        )
    ]


@damage(weight=6)
def address_partial(desk: Desk, person: Person) -> list[Form]:
    home = person.home
    chome = f"{home.chome}丁目" if home.chome else ""
    texts = (
        f"新宿区{home.town.name}",
        f"{home.town.name}{chome}",
        f"東京都新宿区{home.town.name}{chome}{home.block}番",
        "新宿区",
        f"〒{home.town.postal_code}",
        home.building or home.town.name,
        f"{home.town.postal_code[:3]}-{home.town.postal_code[3:]}",
    )
    return [desk.fill(person, address=desk.pen.choose(texts))]


@damage(weight=9)
def lot_slip(desk: Desk, person: Person) -> list[Form]:
    home = person.home
    slipped = desk.pen.choose(
        (
            home._replace(block=home.block + 1),
            home._replace(lot=home.lot + 10),
            home._replace(block=home.lot, lot=home.block),
            home._replace(lot=max(1, home.lot - 1)),
        )
    )
    return [desk.fill(person, address=desk.pen.write_common_address(slipped))]


def _draw_old_home(desk: Desk) -> str:
    other = desk.registry.read(desk.pen.below(len(desk.registry.home)))
    return desk.pen.write_common_address(other.home)


@damage(weight=25)
def old_address(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, address=_draw_old_home(desk))]


@damage(weight=18)
def address_elsewhere(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, address=desk.pen.write_elsewhere())]


@damage(weight=4)
def address_missing(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            address=desk.pen.choose(("", "", "住民票のとおり", "-", "実家", "なし", "住民登録地")),
        )
    ]


@damage(pool="renamed_town", weight=1)
def old_town_name(desk: Desk, person: Person) -> list[Form]:
    town = replace(person.home.town, name=OLD_TOWNS[person.home.town.name])
    home = person.home._replace(town=town)
    return [desk.fill(person, address=desk.pen.write_address(home))]


@damage(pool="dorm", weight=3)
def dormitory(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person, address=desk.pen.write_address(person.home, building=desk.pen.happens(0.5))
        )
    ]


@damage(weight=14)
def several(desk: Desk, person: Person) -> list[Form]:
    form, pen = desk.fill(person), desk.pen
    changes = {
        "name": pen.choose((to_hiragana(person.kana), swap_letter(desk, form["name"], SAME) or form["name"], f"{person.given} {person.surname}")),
        "birth_date": pen.choose((pen.write_date(person.born), pen.write_common_date(pen.choose(list_date_slips(person.born))))),
        "address": pen.choose((pen.write_address(person.home), _draw_old_home(desk), "")),
    }  # fmt: skip
    left_out = pen.choose(tuple(changes))
    return [form | {name: text for name, text in changes.items() if name != left_out}]


@damage(weight=1.5, owed=True)
def hopeless(desk: Desk, person: Person) -> list[Form] | None:
    name = swap_letter(desk, f"{person.surname}　{person.given}", ALIKE)
    if name is None:
        return None
    slip: date = desk.pen.choose(list_date_slips(person.born))
    return [
        desk.fill(
            person,
            "review",
            name=name,
            name_kana="",
            birth_date=desk.pen.write_common_date(slip),
            address=desk.pen.write_elsewhere(),
        )
    ]
