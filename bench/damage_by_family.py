"""Forms that somebody else of the family filled in, or on which two people stand."""

from __future__ import annotations

from desk import Desk, Form, damage
from residents import Person

_RELATIONS = (
    "父",
    "母",
    "保護者",
    "親権者",
    "法定代理人",
    "お母さん",
    "子の父",
    "続柄：母",
    "親",
    "世帯主",
    "代理人",
)
_BOTH_NAMES = (
    "{child}（{relation} {parent}）", "{child}／{parent}", "{child}【保護者：{parent}】", "{parent}（{child}の{relation}）",
    "対象者 {child}　申出者 {parent}", "{parent}→{child}", "{parent}の子 {child}", "{child}\n（{relation}）{parent}",
    "{child} 代理 {parent}", "{parent}〔子：{own}〕", "{child} 親権者{parent}", "{child}　({relation}:{parent_own})",
    "＜{child}＞ {parent}", "{parent} / 子ども：{child}", "「{child}」{parent}", "{child}, {parent}", "{parent}（長男 {own}）",
    "{child}；{parent}", "子＝{child} 親＝{parent}", "{child} c/o {parent}", "{parent} 分：{child}", "{child}(保護者氏名{parent})",
    "①{child} ②{parent}", "{parent}｜{child}", "{child} by {parent}", "{relation}・{parent}、子・{child}",
)  # fmt: skip
_DITTO = ("同上", "〃", "同左", "上に同じ", "本人と同じ", "々", "同　上", "″")


@damage(pool="child", weight=28)
def parent_as_agent(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    return parent and [
        desk.fill(person, applicant_name=desk.name(parent), relation=desk.pen.choose(_RELATIONS))
    ]


@damage(pool="child", weight=6, owed=True)
def parent_name(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None:
        return None
    kana = desk.pen.choose(("", desk.kana(parent)))
    return [
        desk.fill(
            person,
            "review",
            name=desk.name(parent),
            name_kana=kana,
            relation=desk.pen.choose(("本人", "", *_RELATIONS)),
        )
    ]


@damage(pool="child", weight=4)
def parent_date(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None:
        return None
    return [
        desk.fill(
            person,
            birth_date=desk.pen.write_common_date(parent.born),
            applicant_name=desk.pen.choose(("", desk.name(parent))),
        )
    ]


def _sign_with_card(desk: Desk, person: Person, signer: Person, **changes: str) -> list[Form]:
    card = {"applicant_name": desk.pen.choose(("", desk.name(signer)))}
    card |= {"name": desk.name(signer), "name_kana": desk.pen.choose(("", desk.kana(signer)))}
    card["birth_date"] = desk.pen.write_common_date(signer.born)
    card["address"] = desk.pen.write_common_address(signer.home)
    return [desk.fill(person, "review", **card | changes)]


@damage(pool="child", weight=5, owed=True)
def parent_card(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None:
        return None
    return _sign_with_card(
        desk, person, parent, relation=desk.pen.choose(("本人", "", *_RELATIONS))
    )


@damage(pool="child", weight=4, owed=True)
def parent_card_child_below(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None:
        return None
    return _sign_with_card(
        desk,
        person,
        parent,
        applicant_name=desk.name(person),
        relation=desk.pen.choose(("本人", "子", "長男", "娘", *_RELATIONS)),
    )


@damage(pool="alike_parent", weight=0.5, owed=True)
def alike_parent_card(desk: Desk, person: Person) -> list[Form] | None:
    return _sign_with_card(desk, person, desk.find_partner(person), relation="本人")


@damage(pool="split_home", weight=0.5, owed=True)
def parent_card_other_household(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    return parent and _sign_with_card(
        desk, person, parent, relation=desk.pen.choose(("本人", "", "父"))
    )


@damage(pool="other_surname", weight=0.5, owed=True)
def parent_card_other_surname(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    return parent and _sign_with_card(
        desk, person, parent, relation=desk.pen.choose(("本人", "", "母"))
    )


@damage(pool="parent_away", weight=1, owed=True)
def parent_card_from_elsewhere(desk: Desk, person: Person) -> list[Form]:
    return _sign_with_card(
        desk,
        person,
        desk.find_partner(person),
        applicant_name=desk.name(person),
        relation=desk.pen.choose(("本人", "父", "子")),
    )


@damage(pool="child", weight=6)
def both_names(desk: Desk, person: Person) -> list[Form] | None:
    parent = desk.find_parent(person)
    if parent is None or not parent.given:
        return None
    relation = desk.pen.choose(("父", "母", "保護者"))
    text = desk.pen.choose(_BOTH_NAMES).format(
        child=desk.name(person),
        own=person.given,
        parent=desk.name(parent),
        parent_own=parent.given,
        relation=relation,
    )
    return [
        desk.fill(
            person,
            name=text,
            name_kana=desk.pen.choose(("", desk.kana(person))),
            relation=desk.pen.choose(("本人", relation, "")),
        )
    ]


@damage(pool="child", weight=0.5)
def both_names_parent_date(desk: Desk, person: Person) -> list[Form] | None:
    forms, parent = both_names(desk, person), desk.find_parent(person)
    if forms is None or parent is None:
        return None
    return [
        form | {"birth_date": desk.pen.write_common_date(parent.born), "expected": "review"}
        for form in forms
    ]


@damage(pool="sibling", weight=0.5, owed=True)
def sibling_card(desk: Desk, person: Person) -> list[Form] | None:
    cohort = desk.registry.in_cohort()
    found = [i for i in desk.list_family(person) if cohort[i] and i not in desk.used]
    if not found:
        return None
    child = desk.registry.read(desk.pen.choose(found))
    desk.used.add(child.number)
    return _sign_with_card(
        desk,
        child,
        person,
        applicant_name=desk.name(child),
        relation=desk.pen.choose(("兄", "姉", "きょうだい", "家族")),
    )


@damage(pool="child", weight=1, owed=True)
def ditto(desk: Desk, person: Person) -> list[Form]:
    mark = desk.pen.choose(_DITTO)
    form = desk.fill(person, "review")
    changes = (
        {"name": mark, "applicant_name": desk.name(person)},
        {"name": mark, "name_kana": desk.kana(person)},
        {"birth_date": mark},
        {"address": mark},
    )
    return [form | desk.pen.choose(changes)]


@damage(pool="two_children", weight=1, owed=True)
def two_children(desk: Desk, person: Person) -> list[Form] | None:
    cohort = desk.registry.in_cohort()
    found = [i for i in desk.list_family(person) if cohort[i] and i not in desk.used]
    if not found:
        return None
    other = desk.registry.read(found[0])
    desk.used.add(other.number)
    text = desk.pen.choose(
        (
            "{0}、{1}",
            "{0}／{1}",
            "{0}と{1}",
            "{0}・{2}",
            "{0}\n{1}",
            "{0}, {1}",
            "{0} 及び {1}",
            "①{0}②{1}",
            "{0}（弟 {2}）",
            "{0} & {2}",
            "{0}+{1}",
        )
    )
    date_of = desk.pen.write_common_date
    dates = desk.pen.choose(
        (
            date_of(person.born),
            f"{date_of(person.born)}、{date_of(other.born)}",
            f"{date_of(person.born)} / {date_of(other.born)}",
        )
    )
    return [
        desk.fill(
            person, "review", name=text.format(desk.name(person), desk.name(other), other.given), birth_date=dates,
            true_person_id=f"{person.person_id}|{other.person_id}", relation=desk.pen.choose(("母", "父", "本人")), name_kana="",
        )
    ]  # fmt: skip
