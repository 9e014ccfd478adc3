"""Damage that applicants do to their own names and readings."""

from __future__ import annotations

import unicodedata

from desk import Desk, Form, damage
from residents import Person
from spellings import halve, to_hiragana, to_roman

# Forms of one character, both ways; the registry may hold either.
_VARIANTS = (
    "高髙", "崎﨑", "辺邉邊", "浜濱濵", "沢澤", "島嶋嶌", "富冨", "広廣", "国國", "桜櫻", "真眞", "恵惠", "竜龍",
    "渕淵", "瀬瀨", "斎齋", "斉齊", "関關", "条條", "栄榮", "滝瀧", "峰峯", "館舘", "与與", "遥遙", "徳德", "吉𠮷",
    "橋𣘺", "寿壽", "万萬", "弥彌", "実實", "晃晄", "桧檜", "薮藪", "亀龜", "戸戶", "福福", "神神", "鉄鐵", "円圓",
)  # fmt: skip
SAME = {
    letter: group.replace(letter, "")
    for group in _VARIANTS
    for letter in group
    if len(set(group)) > 1
}
_LOOKALIKES = dict(
    zip(
        "一ーニ二カ力ロ口タ夕ハ八ト卜エ工ノ之へヘ",
        "ー一二ニ力カ口ロ夕タ八ハ卜ト工エ之ノヘへ",
        strict=True,
    )
)
_RADICALS = dict(
    zip(
        "山高長田金木水火土大小石西青黒鳥龍竹米",
        "⼭⾼⻑⽥⾦⽊⽔⽕⼟⼤⼩⽯⻄⻘⿊⿃⿓⽵⽶",
        strict=True,
    )
)
ALIKE = dict(zip("太大未末祐裕莉菜菱萩綾綜瑛暎俊悠涼凉斗千干土士林材柳抑渚諸優憂美実田由川州藤籐結詰翔詳陽揚",
                  "大太末未裕祐利葉萎荻綜綾暎瑛後恣凉涼計干千士土材林抑柳諸渚憂優実美由田州川籐藤詰結詳翔揚陽", strict=True))  # fmt: skip
_SLIPS = dict(
    zip(
        "カガサザタダハバパキギクグコゴシジスズテデトドヤユツッオウソンチヂ",
        "ガカザサダタバハハギキグクゴコジシズスデテドトャュッツウオンソヂチ",
        strict=True,
    )
)
_UNSEEN = ("\u200b", "\ufeff", "\u200d", "\u2060", "\u00ad", "\u3000", "\u00a0", "\u2009", "\t")


def swap_letter(desk: Desk, text: str, table: dict[str, str]) -> str | None:
    """Replace one letter that the table knows; None where there is none."""
    spots = [at for at, letter in enumerate(text) if letter in table]
    if not spots:
        return None
    at = desk.pen.choose(spots)
    return text[:at] + desk.pen.choose(table[text[at]]) + text[at + 1 :]


def _with_name(desk: Desk, person: Person, name: str | None) -> list[Form] | None:
    return None if name is None else [desk.fill(person, name=name)]


@damage(weight=330)
def as_registered(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person)]


@damage(weight=90)
def spacing(desk: Desk, person: Person) -> list[Form]:
    gap = desk.pen.choose(("　　", "\u2003", "\u00a0", "\t", "　 ", "\u2002\u2002", "   ", " 　"))
    edge = desk.pen.choose(("", " ", "　", "\n"))
    return [desk.fill(person, name=edge + desk.name(person, gap) + edge)]


@damage(weight=4)
def odd_joint(desk: Desk, person: Person) -> list[Form]:
    joint = desk.pen.choose(("・", ".", "，", "_", "-", "／", "、", "＝", "＿", "~"))
    return [desk.fill(person, name=desk.name(person, joint))]


@damage(weight=6)
def unseen_letters(desk: Desk, person: Person) -> list[Form]:
    name, mark = desk.name(person, "　"), desk.pen.choose(_UNSEEN)
    at = desk.pen.below(len(name))
    return [desk.fill(person, name=name[:at] + mark + name[at:] + mark)]


@damage(weight=12)
def title(desk: Desk, person: Person) -> list[Form]:
    name = desk.name(person)
    text = desk.pen.choose(
        (
            "{}様",
            "{} さん",
            "{}　殿",
            "氏名：{}",
            "{}（本人）",
            "《{}》",
            "{}（男）",
            "１．{}",
            "「{}」",
            "{} 印",
            "{}　㊞",
            "{}です",
            "名前　{}",
            "{}くん",
        )
    )
    return [desk.fill(person, name=text.format(name))]


@damage(weight=12)
def reading_inside(desk: Desk, person: Person) -> list[Form]:
    kana = to_hiragana(person.kana)
    family, own = to_hiragana(person.surname_kana), to_hiragana(person.given_kana)
    texts = (
        f"{desk.name(person)}（{kana}）", f"{desk.name(person)}({halve(person.kana)})", f"{person.surname}({family})　{person.given}({own})",
        f"{kana}\n{desk.name(person)}", f"{desk.name(person)} {person.kana}", f"{person.surname}［{family}］{person.given}［{own}］",
    )  # fmt: skip
    return [desk.fill(person, name=desk.pen.choose(texts))]


@damage(weight=45)
def variant(desk: Desk, person: Person) -> list[Form] | None:
    return _with_name(desk, person, swap_letter(desk, desk.name(person), SAME))


@damage(weight=6)
def selector(desk: Desk, person: Person) -> list[Form]:
    name = (
        person.surname
        + desk.pen.choose(("\U000e0100", "\U000e0101", "\U000e0103", "\ufe00"))
        + "　"
        + person.given
    )
    if "\U000e0100" in person.surname:
        name = desk.name(person).replace("\U000e0100", "")
    return [desk.fill(person, name=name)]


@damage(weight=3)
def lookalike(desk: Desk, person: Person) -> list[Form] | None:
    name = desk.name(person)
    if "々" in name:
        return [desk.fill(person, name=name.replace("々", name[name.index("々") - 1]))]
    return _with_name(desk, person, swap_letter(desk, name, _LOOKALIKES))


@damage(weight=2)
def radical(desk: Desk, person: Person) -> list[Form] | None:
    return _with_name(desk, person, swap_letter(desk, desk.name(person), _RADICALS))


@damage(weight=2)
def substituted(desk: Desk, person: Person) -> list[Form]:
    name = desk.name(person, "　")
    at = desk.pen.below(len(person.surname))
    return [desk.fill(person, name=name[:at] + desk.pen.choose("?？〓□■●＊") + name[at + 1 :])]


@damage(pool="gaiji", weight=3)
def gaiji(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person)]


@damage(weight=10)
def kana_as_name(desk: Desk, person: Person) -> list[Form]:
    kana = desk.pen.choose(
        (person.kana, to_hiragana(person.kana), halve(person.kana), person.kana.replace("　", ""))
    )
    return [desk.fill(person, name=kana, name_kana=desk.pen.choose(("", person.kana)))]


@damage(weight=5)
def half_in_kana(desk: Desk, person: Person) -> list[Form]:
    family, own = desk.pen.choose(
        (
            (person.surname, to_hiragana(person.given_kana)),
            (to_hiragana(person.surname_kana), person.given),
            (person.surname, person.given_kana),
        )
    )
    return [desk.fill(person, name=family + desk.pen.choose(("　", "")) + own, name_kana="")]


@damage(weight=5)
def kana_slip(desk: Desk, person: Person) -> list[Form] | None:
    slipped = swap_letter(desk, person.kana, _SLIPS)
    if slipped is None:
        return None
    if desk.pen.happens(0.4):
        return [desk.fill(person, name=to_hiragana(slipped), name_kana="")]
    return [desk.fill(person, name_kana=slipped)]


@damage(weight=2)
def loose_sound_marks(desk: Desk, person: Person) -> list[Form]:
    kana = unicodedata.normalize("NFD", person.kana)
    kana = kana.replace("\u3099", desk.pen.choose(("\u3099", "゛", "ﾞ")))
    return [desk.fill(person, name_kana=kana, name=desk.pen.choose((desk.name(person), kana)))]


@damage(weight=4)
def roman(desk: Desk, person: Person) -> list[Form]:
    hepburn, short = desk.pen.happens(0.75), desk.pen.happens(0.6)
    family, own = (
        to_roman(kana.replace("　", " "), hepburn, short)
        for kana in (person.surname_kana, person.given_kana)
    )
    texts = (f"{family.upper()}, {own.title()}", f"{own.title()} {family.title()}", f"{family} {own}", f"{own.upper()} {family.upper()}",
             "".join(chr(ord(letter) + 0xFEE0) if letter != " " else "　" for letter in f"{family} {own}".upper()))  # fmt: skip
    return [
        desk.fill(
            person, name=desk.pen.choose(texts), name_kana=desk.pen.choose(("", "", person.kana))
        )
    ]


@damage(weight=4)
def given_first(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person, name=person.given + desk.pen.choose(("　", " ", "、", "")) + person.surname
        )
    ]


@damage(weight=4)
def fields_exchanged(desk: Desk, person: Person) -> list[Form]:
    form = desk.fill(person, name_kana=person.kana)
    if desk.pen.happens(0.6):
        return [form | {"name": form["name_kana"], "name_kana": form["name"]}]
    return [form | {"address": form["birth_date"], "birth_date": form["address"]}]


@damage(weight=12)
def same_reading_kanji(desk: Desk, person: Person) -> list[Form] | None:
    registry, i = desk.registry, person.number
    found = [
        registry.given[at][0]
        for at in registry.readings.get((bool(registry.is_male[i]), person.given_kana), [])
        if len(registry.given[at][0]) == len(person.given) and registry.given[at][0] != person.given
        and sum(one != other for one, other in zip(registry.given[at][0], person.given, strict=True)) == 1
    ]  # fmt: skip
    return (
        [desk.fill(person, name=f"{person.surname}　{desk.pen.choose(sorted(set(found)))}")]
        if found
        else None
    )


@damage(weight=8)
def alike_kanji(desk: Desk, person: Person) -> list[Form] | None:
    return _with_name(desk, person, swap_letter(desk, desk.name(person), ALIKE))


@damage(weight=3)
def kanji_dropped(desk: Desk, person: Person) -> list[Form] | None:
    if len(person.given) < 2:
        return None
    at = desk.pen.below(len(person.given))
    own = person.given[:at] + desk.pen.choose(("", person.given[at] * 2)) + person.given[at + 1 :]
    return [desk.fill(person, name=f"{person.surname} {own}")]


@damage(weight=8)
def surname_changed(desk: Desk, person: Person) -> list[Form]:
    new, kana = desk.registry.surnames[desk.pen.below(desk.registry.first_foreign)]
    text = desk.pen.choose(
        (
            f"{new}　{person.given}",
            f"{new}（旧姓 {person.surname}）{person.given}",
            f"{new} {person.given}（戸籍名{person.surname}）",
            f"{person.surname}({new}) {person.given}",
        )
    )
    return [
        desk.fill(
            person, name=text, name_kana=desk.pen.choose(("", f"{kana}　{person.given_kana}"))
        )
    ]


@damage(weight=2)
def given_name_only(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(person, name=person.given, name_kana=desk.pen.choose(("", person.given_kana)))
    ]


@damage(weight=1, owed=True)
def surname_only(desk: Desk, person: Person) -> list[Form]:
    return [desk.fill(person, "review", name=person.surname, name_kana="")]


@damage(pool="naturalised", weight=8)
def naturalised(desk: Desk, person: Person) -> list[Form]:
    first, last = person.given.split("　")[0], person.given.split("　")[-1]
    texts = (
        desk.name(person), f"{person.surname}・{person.given.replace('　', '・')}", f"{person.surname} {first}", f"{person.surname} {last}",
        f"{person.given} {person.surname}".replace("　", " "), f"{person.surname}{person.given}".replace("　", ""), to_hiragana(desk.name(person)),
        f"{to_roman(person.given_kana).title()} {to_roman(person.surname_kana).upper()}".replace("　", " "), f"{person.surname} {last} {first}",
    )  # fmt: skip
    return [desk.fill(person, name=desk.pen.choose(texts))]


@damage(pool="rare", weight=8)
def rare_surname(desk: Desk, person: Person) -> list[Form]:
    return [
        desk.fill(
            person,
            name=desk.pen.choose(
                (desk.name(person), desk.name(person, ""), to_hiragana(person.kana))
            ),
        )
    ]


@damage(weight=3)
def decorated(desk: Desk, person: Person) -> list[Form]:
    text = desk.pen.choose(
        (
            "{}😊",
            "★{}★",
            "{}🙏🏻",
            "{}♪",
            "{}!!",
            "'{}",
            '="{}"',
            "{}（笑）",
            "{}\u200f",
            "❤{}",
            "{}…",
            "{}。",
            "{};",
        )
    )
    return [desk.fill(person, name=text.format(desk.name(person)))]
