"""The invented opt-out applications: who applies, in which notation, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from recruitlib.synth.names import RESERVED_SURNAMES, SELECTOR, NameBook
from recruitlib.synth.people import Household, Person, find_era
from recruitlib.synth.places import Place

MATCHED, TO_CONFIRM, OUTSIDE = "matched", "to_confirm", "outside"
UNDECIDED, WITHDRAWN = "undecided", "withdrawn"
_SUBSTITUTES = {
    "髙": "高", "﨑": "崎", "\ufa19": "神", "\ufa1b": "福", "\U00020bb7": "吉",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Application:
    """One application as its subject, or an officer at the counter, wrote it.

    `received` is set where it came on a day of its own, else the channel's file spaces the days.
    """

    kind: str
    expected: str
    addressee_id: str
    surname: str
    given: str
    surname_kana: str
    given_kana: str
    birth: date
    birth_text: str
    sex: str
    postal_code: str
    address: str
    building: str
    card_name: str
    card_address: str
    status: str = "完了"
    received: datetime | None = None


Notation = Callable[[Application, Person, Place], Application]


def apply_for(kind: str, person: Person, place: Place, expected: str = MATCHED) -> Application:
    """Write an application in the notation of the registry.

    Args:
        kind: Name of the case, for the truth file.
        person: Subject and applicant.
        place: Where the person lives.
        expected: Outcome that matching must reach.

    Returns:
        The application.
    """
    return Application(
        kind, expected, person.addressee_id, person.surname.text, person.given.text,
        person.surname.kana, person.given.kana, person.birth_date,
        person.birth_date.isoformat(), person.sex, place.town.postal_code,
        f"東京都新宿区{place.town_text}{place.lot_text}", place.building_text,
        person.full_name, place.full_text,
    )  # fmt: skip


def substitute_characters(name: str) -> tuple[str, str]:
    """Write a name as a signature certificate carries it.

    Characters outside JIS X 0208 and 0212 are replaced, and each place is marked.

    Args:
        name: Name as registered.

    Returns:
        The name for the certificate, and as many 0 and 1, 1 where a substitute stands.
    """
    substituted, marks = "", ""
    for position, character in enumerate(name):
        if character == SELECTOR:
            continue
        variant = name[position + 1 : position + 2] == SELECTOR
        substituted += _SUBSTITUTES.get(character, character)
        marks += "1" if variant or character in _SUBSTITUTES else "0"
    return substituted, marks


def write_card_date(day: date) -> str:
    """Write a birth date as the card does: era digit and western date, nine digits.

    Args:
        day: Birth date.

    Returns:
        Such as 420080402.
    """
    return f"{find_era(day.toordinal())}{day:%Y%m%d}"


def write_era_date(day: date, initial: bool = False) -> str:
    """Write a birth date of the era 平成 in Japanese form.

    Args:
        day: A day of 平成.
        initial: H20.5.3 instead of 平成20年5月3日.

    Returns:
        The text.
    """
    year = day.year - 1988
    if initial:
        return f"H{year}.{day.month}.{day.day}"
    return f"平成{year}年{day.month}月{day.day}日"


def _write_hyphens(place: Place) -> str:
    numbers = [n for n in (place.chome, place.block, place.lot) if n]
    return place.town.name + "-".join(str(number) for number in numbers)


def _narrow(text: str) -> str:
    return "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "９" else c for c in text)


def _note_digits(application: Application, person: Person, place: Place) -> Application:
    building = _narrow(place.building + " " + place.room).replace("　", "")
    address = f"新宿区{_write_hyphens(place)} {building}"
    day = write_era_date(application.birth)
    return replace(application, address=address, building="", birth_text=day)


def _note_chome(application: Application, person: Person, place: Place) -> Application:
    address = f"東京都新宿区{place.town.name}{place.chome}丁目{_narrow(place.lot_text)}"
    day = write_era_date(application.birth, initial=True)
    name = application.card_name.replace("　", "")
    return replace(application, address=address, birth_text=day, card_name=name)


def _note_common_glyphs(application: Application, person: Person, place: Place) -> Application:
    surname, _ = substitute_characters(application.surname)
    day = f"{application.birth.year}/{application.birth.month}/{application.birth.day}"
    address = application.address + place.building_text
    name = f"{surname}{application.given}"
    return replace(application, surname=surname, birth_text=day, address=address,
                   building="", card_name=name)  # fmt: skip


def _note_counter(application: Application, person: Person, place: Place) -> Application:
    day = write_era_date(application.birth, initial=True)
    return replace(application, address=_write_hyphens(place), birth_text=day,
                   building=_narrow(place.building_text))  # fmt: skip


_NOTATIONS: dict[str, Notation] = {
    "notation_digits": _note_digits,
    "notation_chome": _note_chome,
    "notation_taka": _note_common_glyphs,
    "notation_saki": _note_common_glyphs,
    "notation_tsuji": _note_common_glyphs,
    "notation_counter": _note_counter,
}


def find_subject(household: Household, cohort: str = "") -> Person:
    """Find the person whom a planted case is about.

    Args:
        household: A household with a role.
        cohort: `18` or `22` when the household has somebody of both.

    Returns:
        Its member in a cohort, else the one born last.
    """
    in_cohort = [p for p in household.members if p.cohort and cohort in ("", p.cohort)]
    return in_cohort[0] if in_cohort else max(household.members, key=lambda p: p.birth)


def _apply_in_role(cast: dict[str, Household], role: str, kind: str = "") -> Application:
    household = cast[role]
    person = find_subject(household)
    if role.startswith("outside"):
        return apply_for(kind or "outside_cohort", person, household.place, OUTSIDE)
    application = apply_for(kind or "agrees", person, household.place)
    if role in _NOTATIONS:
        application = replace(application, kind=kind or "other_notation")
        return _NOTATIONS[role](application, person, household.place)
    return application


def _misread_birth(application: Application) -> Application:
    right = application.birth
    day = right.day + 1 if right.day % 10 < 8 and right.day < 28 else right.day - 1
    wrong = right.replace(day=day)
    return replace(application, kind="wrong_birth_digit", expected=TO_CONFIRM, birth=wrong,
                   birth_text=wrong.isoformat())  # fmt: skip


def _put_parent_first(household: Household) -> Application:
    parent, child = household.members[0], find_subject(household)
    application = apply_for("parent_as_subject", parent, household.place, UNDECIDED)
    return replace(application, addressee_id=child.addressee_id)


def _invent_stranger(book: NameBook, place: Place) -> Application:
    surname = book.reserved[RESERVED_SURNAMES - 1]
    given, kana, day = "架空太", "カクタ", date(2008, 11, 23)
    elsewhere = replace(place, block=88, lot=8, building="", room="")
    address = f"東京都新宿区{elsewhere.town_text}{elsewhere.lot_text}"
    return Application(
        "no_record", UNDECIDED, "", surname.text, given, surname.kana, kana, day, day.isoformat(),
        "1", place.town.postal_code, address, "", f"{surname.text}　{given}", address,
    )  # fmt: skip


def list_form_applications(cast: dict[str, Household], book: NameBook) -> list[Application]:
    """List the 22 applications made on the form, in the order of sending.

    Args:
        cast: Households with a planted case, by role.
        book: Names, of which a reserved surname is the stranger's.

    Returns:
        The applications; the last one came after the deadline.
    """
    plain = [_apply_in_role(cast, f"agrees_{number}") for number in range(7)]
    withdrawn = replace(_apply_in_role(cast, "withdrawn", "withdrawn"), expected=WITHDRAWN)
    return [
        *plain[:3],
        _apply_in_role(cast, "notation_digits"),
        _apply_in_role(cast, "outside_20"),
        _apply_in_role(cast, "agrees_7", "variant_without_glyph"),
        _misread_birth(_apply_in_role(cast, "wrong_digit")),
        _apply_in_role(cast, "protected_optout", "also_protected"),
        _apply_in_role(cast, "notation_chome"),
        plain[3],
        _put_parent_first(cast["parent_as_subject"]),
        _apply_in_role(cast, "agrees_8", "variant"),
        _apply_in_role(cast, "notation_taka"),
        plain[4],
        replace(withdrawn, status="取下げ"),
        _apply_in_role(cast, "outside_17"),
        _invent_stranger(book, cast["outside_17"].place),
        plain[5],
        _apply_in_role(cast, "notation_saki"),
        replace(_apply_in_role(cast, "duplicate", "duplicate"), status="受付"),
        replace(plain[6], status="受付"),
        replace(_apply_in_role(cast, "late", "late"), status="受付"),
    ]


def list_counter_applications(cast: dict[str, Household]) -> list[Application]:
    """List the 8 applications made at the counter or by post.

    Args:
        cast: Households with a planted case, by role.

    Returns:
        The applications in the order of the register.
    """
    return [
        _apply_in_role(cast, "counter_0", "variant"),
        _apply_in_role(cast, "notation_tsuji"),
        _apply_in_role(cast, "counter_1"),
        _apply_in_role(cast, "outside_21"),
        _apply_in_role(cast, "duplicate", "duplicate"),
        _apply_in_role(cast, "counter_2"),
        _apply_in_role(cast, "notation_counter"),
        _apply_in_role(cast, "counter_3"),
    ]
