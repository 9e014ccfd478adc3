"""Forms of twins and namesakes, of people outside the cohort, of nobody, and withdrawals."""

from __future__ import annotations

from desk import Desk, Form, damage
from residents import Person
from spellings import Home, list_date_slips, to_hiragana


@damage(weight=10)
def repeated(desk: Desk, person: Person) -> list[Form]:
    pen = desk.pen
    forms = []
    for _ in range(2 + pen.below(3)):
        changes = pen.choose(
            (
                {},
                {"address": pen.write_elsewhere()},
                {"birth_date": pen.write_date(person.born)},
                {"name": to_hiragana(person.kana)},
                {"address": pen.write_address(person.home)},
            )
        )
        forms.append(desk.fill(person, **changes))
    return forms


@damage(weight=7)
def withdrawal(desk: Desk, person: Person) -> list[Form]:
    date_text = desk.pen.choose(
        (desk.pen.write_common_date(person.born), desk.pen.write_date(person.born))
    )
    return [desk.fill(person, "withdrawn", withdrawn="True", birth_date=date_text)]


@damage(weight=2)
def withdrawn_then_again(desk: Desk, person: Person) -> list[Form]:
    again = desk.fill(person, received_at="2026-04-20 10:15")
    return [desk.fill(person, "withdrawn", withdrawn="True", received_at="2026-02-09 14:00"), again]


@damage(weight=1, owed=True)
def applied_then_withdrawn(desk: Desk, person: Person) -> list[Form]:
    earlier = desk.fill(person, received_at="2026-02-09 14:00")
    return [
        earlier,
        desk.fill(person, "withdrawn", withdrawn="True", received_at="2026-04-20 10:15"),
    ]


@damage(weight=0.5, owed=True)
def withdrawn_unclearly(desk: Desk, person: Person) -> list[Form]:
    earlier = desk.fill(person, received_at="2026-02-09 14:00")
    name = desk.pen.choose((person.surname, person.given, to_hiragana(person.given_kana)))
    later = desk.fill(
        person, "withdrawn", withdrawn="True", received_at="2026-04-20 10:15", name=name, name_kana="", address=""
    )  # fmt: skip
    return [earlier, later]


@damage(pool="child", weight=0.5, owed=True)
def withdrawn_with_card_of_parent(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None:
        return None
    earlier = desk.fill(person, received_at="2026-02-09 14:00")
    card = desk.fill(parent, "withdrawn", withdrawn="True", received_at="2026-04-20 10:15")
    return [earlier, card | {"true_person_id": person.person_id}]


@damage(pool="outside", weight=18)
def outside_age(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "not_in_cohort", true_person_id="")]


@damage(pool="outside_older", weight=2, owed=True)
def outside_older(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "not_in_cohort", true_person_id="")]


@damage(pool="sibling", weight=3, owed=True)
def outside_sibling(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "not_in_cohort", true_person_id="")]


@damage(pool="foreign", weight=7)
def foreign(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "not_in_cohort", true_person_id="")]


@damage(pool="moved_out", weight=3)
def moved_out(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "not_in_cohort", true_person_id="")]


@damage(pool="died", weight=0.5, owed=True)
def died(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            "not_in_cohort",
            true_person_id="",
            relation=desk.pen.choose(("母", "父", "本人")),
        )
    ]


@damage(pool="border_out", weight=2)
def border_outside(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person, "not_in_cohort", true_person_id="", birth_date=desk.pen.write_date(person.born)
        )
    ]


@damage(weight=9, owed=True)
def unknown_person(desk: Desk, person: Person) -> list[Form]:
    registry, pen = desk.registry, desk.pen
    given, kana = registry.given[pen.below(registry.nothing)]
    stranger = person._replace(given=given, given_kana=kana)
    if pen.happens(0.7):
        surname, surname_kana = registry.surnames[pen.below(registry.first_foreign)]
        stranger = stranger._replace(surname=surname, surname_kana=surname_kana)
    away = stranger._replace(
        born=pen.choose(list_date_slips(registry.read(pen.below(len(registry.home))).born))
    )
    address = pen.choose((pen.write_elsewhere(), pen.write_common_address(person.home)))
    return [
        desk.fill(pen.choose((stranger, away)), "not_in_cohort", true_person_id="", address=address)
    ]


@damage(weight=1, owed=True)
def nobody(desk: Desk, person: Person) -> list[Form]:
    blank = dict.fromkeys(
        ("name", "name_kana", "birth_date", "address", "applicant_name", "relation"), ""
    )
    shapes = (
        blank,
        blank | {"phone": ""},
        {
            "name": "テスト　太郎",
            "name_kana": "テスト　タロウ",
            "birth_date": "2000-01-01",
            "address": "テスト",
        },
        blank | {"name": "😊"},
        blank | {"address": desk.pen.write_common_address(person.home)},
        {"name": "匿名希望", "name_kana": "", "birth_date": ""},
    )
    desk.used.discard(person.number)
    return [
        desk.fill(person, "review", true_person_id="", applicant_name="") | desk.pen.choose(shapes)
    ]


@damage(pool="twin", weight=4)
def twin(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person)]


@damage(pool="twin", weight=0.5, owed=True)
def twin_slip(desk: Desk, person: Person) -> list[Form] | None:
    other = desk.find_partner(person).given
    if len(person.given) < 2 or len(other) < 2:
        return None
    given = desk.pen.choose(
        (
            person.given[0] + other[1:],
            other[0] + person.given[1:],
            person.given[::-1],
            person.given[0],
        )
    )
    if given in (other, person.given):
        return None
    return [desk.fill(person, "review", name=f"{person.surname}　{given}", name_kana="")]


@damage(pool="twin", weight=0.5, owed=True)
def twin_surname_only(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "review", name=person.surname, name_kana="")]


@damage(pool="namesake", weight=2)
def namesake(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, address=desk.pen.write_address(person.home))]


def _hide_home(desk: Desk, home: Home) -> str:
    old = desk.registry.read(desk.pen.below(len(desk.registry.home))).home
    return desk.pen.choose(
        (
            "",
            desk.pen.write_elsewhere(),
            desk.pen.write_common_address(old),
            f"新宿区{home.town.name}",
        )
    )


@damage(pool="namesake", weight=1, owed=True)
def namesake_without_home(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "review", address=_hide_home(desk, person.home))]


@damage(pool="same_reading", weight=1)
def same_reading(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            name=desk.pen.choose((desk.name(person), to_hiragana(person.kana))),
            address=desk.pen.write_address(person.home),
        )
    ]


@damage(pool="same_reading", weight=0.5, owed=True)
def same_reading_without_home(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            "review",
            name=to_hiragana(person.kana),
            name_kana="",
            address=desk.pen.choose(("", desk.pen.write_elsewhere())),
        )
    ]


@damage(pool="near_date", weight=1, owed=True)
def homonym_date(desk: Desk, person: Person) -> list[Form]:
    other = desk.find_partner(person)
    return [
        desk.fill(
            person,
            "review",
            birth_date=desk.pen.write_common_date(other.born),
            address=desk.pen.write_address(person.home),
        )
    ]


@damage(pool="near_date", weight=0.5, owed=True)
def homonym_date_without_home(desk: Desk, person: Person) -> list[Form]:
    other = desk.find_partner(person)
    return [
        desk.fill(
            person,
            "review",
            birth_date=desk.pen.write_common_date(other.born),
            address=desk.pen.choose(("", desk.pen.write_elsewhere())),
        )
    ]


@damage(pool="moved_back", weight=2)
def moved_back(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person)]


@damage(pool="moved_back", weight=0.5, owed=True)
def moved_back_old_home(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person, "review", address=desk.pen.write_common_address(desk.find_partner(person).home)
        )
    ]
