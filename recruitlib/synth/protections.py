"""The list of people under protective measures (支援措置)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recruitlib.synth.people import Household, Person

PROTECTION_COLUMNS = (
    "宛名番号", "履歴番号", "生年月日", "支援措置開始年月日", "支援措置終了年月日",
    "支援措置区分", "削除フラグ", "作成年月日",
)  # fmt: skip
VIOLENCE, STALKING, CHILD_ABUSE, OTHER, PROVISIONAL, TOGETHER = "1", "2", "3", "4", "5", "6"
_FUTURE, _PAST, _OPEN = "2027-01-31", "2026-03-31", ""


@dataclass(frozen=True, slots=True)
class Protection:
    """One row of the list."""

    addressee_id: str
    birth_date: str
    starts_on: str
    ends_on: str
    kind: str
    cancelled: bool = False


def protect(person: Person, kind: str, ends_on: str = _FUTURE, starts_on: str = "") -> Protection:
    """Put a person on the list.

    Args:
        person: Who is protected.
        kind: 支援措置区分, 1 to 6.
        ends_on: ISO date or empty.
        starts_on: ISO date; 2026-02-01 when empty.

    Returns:
        The row.
    """
    birth = person.birth_date.isoformat()
    return Protection(person.addressee_id, birth, starts_on or "2026-02-01", ends_on, kind)


def list_protections(cast: dict[str, Household]) -> list[Protection]:
    """List the protected people, with everybody of their households who is in a cohort.

    Args:
        cast: Households with a planted case, by role.

    Returns:
        One row per person.
    """
    siblings = cast["protected_siblings"].members
    rows = [protect(siblings[0], VIOLENCE, _OPEN)]
    rows += [protect(child, TOGETHER, _OPEN) for child in siblings[1:]]
    rows.append(protect(cast["protected_optout"].members[0], STALKING))
    # The measure goes on although its date has passed: it ends only when it is cancelled.
    rows.append(protect(cast["protected_past_end"].members[0], OTHER, _PAST, "2025-04-01"))
    if "protected_mother" in cast:
        mother, child = cast["protected_mother"].members[:2]
        rows += [protect(mother, VIOLENCE), protect(child, TOGETHER)]
        rows.append(protect(cast["protected_stalked"].members[0], STALKING, _OPEN))
        rows.append(protect(cast["protected_provisional"].members[0], PROVISIONAL, "2026-06-30"))
        young = next(person for person in cast["protected_open"].members if person.cohort)
        rows.append(protect(young, CHILD_ABUSE))
    number = 0
    while (role := f"protected_outside_{number}") in cast:
        mother, child = cast[role].members[:2]
        rows += [protect(mother, VIOLENCE, "2026-11-30"), protect(child, TOGETHER, "2026-11-30")]
        number += 1
    rows.append(replace(protect(cast["cancelled"].members[0], STALKING, _PAST), cancelled=True))
    return rows


def tabulate_protections(protections: list[Protection], made_on: str) -> list[list[str]]:
    """Put the list into the form of the file.

    Args:
        protections: Rows in any order.
        made_on: 作成年月日, ISO.

    Returns:
        Header and one row per protection, in the order of the numbers.
    """
    rows = sorted(protections, key=lambda row: row.addressee_id)
    return [list(PROTECTION_COLUMNS)] + [
        [
            row.addressee_id, "1", row.birth_date, row.starts_on, row.ends_on, row.kind,
            "1" if row.cancelled else "0", made_on,
        ]
        for row in rows
    ]  # fmt: skip
