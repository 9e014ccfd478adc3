"""The registry extract: one row per person and history record."""

from __future__ import annotations

from datetime import date

from recruitlib.synth.columns import BEFORE_MOVE, BEFORE_MOVE_IN, DISTRICTS
from recruitlib.synth.identifiers import spoil_individual_number
from recruitlib.synth.names import Name
from recruitlib.synth.people import (
    BASE_DAY,
    RELATIONS,
    History,
    Household,
    Person,
    find_era,
)
from recruitlib.synth.places import Place

MARKER = "RECRUITLIB-SYNTH"
CITY_CODE = "131041"
# Codes of events: the standard fixes the list of reasons only, so these are the ward's own.
REASON_CODES = {
    "出生": "01", "転入": "11", "国内転出": "21", "死亡": "23", "職権消除": "29", "転居": "31",
    "氏名変更": "41",
}  # fmt: skip
ELSEWHERE = (
    ("141003", "神奈川県", "横浜市", "港町", "１丁目１番地", "２２０００００"),
    ("111007", "埼玉県", "さいたま市", "緑町", "２番３号", "３３０００００"),
    ("271004", "大阪府", "大阪市", "中町", "５番１号", "５３０００００"),
    ("011002", "北海道", "札幌市", "北通", "７番地", "０６０００００"),
    ("401307", "福岡県", "福岡市", "南町", "４番８号", "８１０００００"),
)
_NO_FULL = [""] * len(BEFORE_MOVE)
_NO_SHORT = [""] * len(BEFORE_MOVE_IN)


def write_date(day: int) -> str:
    """Write a day as an ISO date.

    Args:
        day: Ordinal, 0 for none.

    Returns:
        `YYYY-MM-DD`, or empty.
    """
    return date.fromordinal(day).isoformat() if day else ""


def write_place(place: Place) -> list[str]:
    """Write a dwelling as the eleven address fields.

    Args:
        place: The dwelling.

    Returns:
        Eleven texts in the order of the columns.
    """
    return [
        CITY_CODE, place.town_code, "東京都", "新宿区", place.town_text, place.lot_text,
        f"{place.block:05d}{place.lot:05d}", "", place.building_text, "", place.postal_text,
    ]  # fmt: skip


def _write_elsewhere(serial: int, full: bool) -> list[str]:
    code, prefecture, city, town, lot, postal = ELSEWHERE[serial % len(ELSEWHERE)]
    between = ["", "", "", ""] if full else [""]
    return [code, "9999999", prefecture, city, town, lot, *between, postal]


def _write_status(person: Person, record: History, is_latest: bool, became_on: int) -> list[str]:
    began_on, reason = record.began_on, record.reason
    left = is_latest and person.status != "1"
    # Who came after the base date reported it on the same day.
    reported_on = write_date(min(max(BASE_DAY, began_on), began_on + person.birth % 9))
    began = write_date(began_on)
    removal = [reason, reported_on, began, "0"] if left else ["", "", "", ""]
    return [
        "2" if person.foreign else "1", person.status if is_latest else "1", began, "0", "",
        reported_on,
        REASON_CODES[reason], "1" if left else "0", "" if left else reason, *removal,
        write_date(person.planned_move_out) if is_latest else "",
        began if left and person.status == "2" else "",
        write_date(became_on), "" if left else began, reported_on,
    ]  # fmt: skip


def _write_names(person: Person, surname: Name) -> list[str]:
    foreign = person.foreign
    if foreign:
        return [
            foreign.full, "", "", foreign.roman, foreign.ideographs, foreign.kana, "", "",
            "0", "", "", "", "",
        ]  # fmt: skip
    given = person.given
    full, kana = f"{surname.text}　{given.text}", f"{surname.kana}　{given.kana}"
    return [
        full, surname.text, given.text, "", "", kana, surname.kana, given.kana,
        "1", "", "", "", "",
    ]  # fmt: skip


def _write_person(person: Person, head: str, order: int) -> list[str]:
    unknown = person.unknown_birth
    return [
        person.sex, "男" if person.sex == "1" else "女", find_era(person.birth),
        "" if unknown else write_date(person.birth), "1" if unknown else "0", unknown,
        person.relation, "", "", "", RELATIONS[person.relation], head, f"{order:02d}",
    ]  # fmt: skip


def _write_numbers(person: Person, serial: int) -> list[str]:
    pension = f"{serial * 7919 % 10**10:010d}" if person.birth < BASE_DAY - 20 * 365 else ""
    card = f"ZZ{serial % 10**8:08d}ZZ" if person.foreign else ""
    return [spoil_individual_number(serial), f"{serial * 104729 % 10**11:011d}", pension, card]


def list_rows(household: Household) -> list[list[str]]:
    """List the registry rows of a household.

    Args:
        household: Its people, the head first.

    Returns:
        One list of 122 texts per person and history record; of a person the older ones first.
    """
    rows = []
    head = household.members[0].full_name
    for order, person in enumerate(household.members, start=1):
        serial = int(person.addressee_id)
        latest = History(person.surname, household.place, person.began_on, person.reason)
        records = [*person.past, latest]
        became_on = records[0].began_on if records[0].reason != "国内転出" else 0
        numbers = _write_numbers(person, serial)
        district = f"{household.place.town.number % 10 + 1:02d}"
        for number, record in enumerate(records, start=1):
            is_latest = number == len(records)
            moved = record.reason == "転居" and number > 1
            came = became_on and records[0].reason == "転入" and serial % 2
            left = is_latest and person.status == "2"
            planned = is_latest and person.planned_move_out
            rows.append([
                CITY_CODE, person.addressee_id, str(number), "0", "1" if is_latest else "0", "1",
                household.household_id, "1" if is_latest and person.closed else "0",
                "1" if is_latest and person.deleted else "0", "0", "0", MARKER,
                *_write_status(person, record, is_latest, became_on),
                *_write_names(person, record.surname), *_write_person(person, head, order),
                *write_place(record.place), district, *[""] * (len(DISTRICTS) - 1),
                *(_write_elsewhere(serial, False) if came else _NO_SHORT),
                *(write_place(records[number - 2].place) if moved else _NO_FULL),
                *(_write_elsewhere(serial + 1, True) if planned else _NO_FULL),
                *(_write_elsewhere(serial + 1, True) if left else _NO_FULL),
                *numbers,
            ])  # fmt: skip
    return rows
