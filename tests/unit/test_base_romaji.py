"""The skeleton of names in Latin letters; all people are invented, the lists are published ones."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from japanese_personal_name_dataset import load_dataset

from recruitlib.base.romaji import fold_romaji, romanize_kana

MEN, WOMEN, SURNAMES = load_dataset(include_last_names=True)
READINGS = sorted({*MEN, *WOMEN, *(entry["reading"] for entry in SURNAMES.values())})


@pytest.mark.parametrize(
    ("latin", "kana"),
    [
        ("OHNO Yuuta", "オオノ　ユウタ"),
        ("ONO YUTA", "おおの　ゆうた"),
        ("Oono, Yūta", "ｵｵﾉ ﾕｳﾀ"),
        ("Ôno Yuhta", "オオノ　ユータ"),
        ("Satoh", "サトウ"),
        ("SATOU", "サトー"),
        ("Itō Shōhei", "イトウ　ショウヘイ"),
        ("ITOH SYOHEI", "イトウ　シヨウヘイ"),
        ("Shin'ichi", "シンイチ"),
        ("SINITI", "しんいち"),
        ("Jun-ichi", "ジュンイチ"),
        ("Zyun’iti", "ジユンイチ"),
        ("Hattori", "ハットリ"),
        ("Hacchobori", "ハッチョウボリ"),
        ("Hatchōbori", "ハッチョウボリ"),
        ("Issei", "イッセイ"),
        ("Isshiki", "イッシキ"),
        ("Mittsu", "ミッツ"),
        ("Homma Jumpei", "ホンマ　ジュンペイ"),
        ("Honma Junpei", "ホンマ　ジュンペイ"),
        ("Namba", "ナンバ"),
        ("Tsuzuki", "ツヅキ"),
        ("Tuduki", "ツズキ"),
        ("Fujita", "フジタ"),
        ("Huzita", "フヂタ"),
        ("Ohyama", "オオヤマ"),
        ("Ohhira", "オオヒラ"),
        ("Kohei", "コウヘイ"),
        ("Yohei", "ヨウヘイ"),
        ("Inoue", "イノウエ"),
        ("Ryuuichirou", "リュウイチロウ"),
        ("Chihaya", "チハヤ"),
        ("Tyousuke", "チョウスケ"),
        ("Kaori", "カヲリ"),
        ("Kawori", "カヲリ"),
        ("Emi", "ヱミ"),
        ("Maria", "マリア"),
        ("Lisa", "リサ"),
        ("Emily", "エミリー"),
        ("Sheila", "シェイラ"),
        ("Viola", "ヴィオラ"),
        ("ｙａｍａｄａ　ｔａｒｏ", "ヤマダ　タロウ"),
        ("Misuzu", "みすゞ"),
    ],
)
def test_every_spelling_of_a_reading_has_its_skeleton(latin: str, kana: str) -> None:
    assert fold_romaji(latin) == romanize_kana(kana) != ""


@pytest.mark.parametrize(
    ("latin", "kana"),
    [
        ("Kato", "カド"),
        ("Nakajima", "ナカシマ"),
        ("Yamazaki", "ヤマサキ"),
        ("Kana", "カンナ"),
        ("Ana", "アンナ"),
        ("Yuka", "ユキ"),
        ("Keita", "ケンタ"),
        ("Sato", "サイトウ"),
        ("Mori", "ホリ"),
        ("Yuto", "ユキト"),
    ],
)
def test_what_tells_people_apart_stays_apart(latin: str, kana: str) -> None:
    assert fold_romaji(latin)
    assert fold_romaji(latin) != romanize_kana(kana)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "山田", "YAMADA 太郎", "やまだ", "ПЕТРОВ", "김", "12"]
)
def test_a_name_that_is_not_latin_has_no_skeleton(text: str) -> None:
    assert fold_romaji(text) == ""


@pytest.mark.parametrize("text", ["", "　", "ー", "山田", "YAMADA", "ヤマダ太郎", "ヤマダ1"])
def test_a_reading_that_is_not_kana_has_no_skeleton(text: str) -> None:
    assert romanize_kana(text) == ""


def test_a_foreign_letter_is_written_plainly() -> None:
    assert fold_romaji("NGUYỄN VĂN ĐỨC") == fold_romaji("Nguyen Van Duc") != ""
    assert fold_romaji("Søren") == fold_romaji("Soren")


HEPBURN = {
    kana: latin
    for row in """ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko サ sa シ shi ス su セ se
    ソ so タ ta チ chi ツ tsu テ te ト to ナ na ニ ni ヌ nu ネ ne ノ no ハ ha ヒ hi フ fu ヘ he
    ホ ho マ ma ミ mi ム mu メ me モ mo ヤ ya ユ yu ヨ yo ラ ra リ ri ル ru レ re ロ ro ワ wa ヲ o
    ン n ガ ga ギ gi グ gu ゲ ge ゴ go ザ za ジ ji ズ zu ゼ ze ゾ zo ダ da ヂ ji ヅ zu デ de ド do
    バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po キャ kya キュ kyu キョ kyo シャ sha
    シュ shu ショ sho チャ cha チュ chu チョ cho ニャ nya ニュ nyu ニョ nyo ヒャ hya ヒュ hyu ヒョ hyo
    ミャ mya ミュ myu ミョ myo リャ rya リュ ryu リョ ryo ギャ gya ギュ gyu ギョ gyo ジャ ja ジュ ju
    ジョ jo ビャ bya ビュ byu ビョ byo ピャ pya ピュ pyu ピョ pyo""".splitlines()
    for kana, latin in zip(row.split()[::2], row.split()[1::2], strict=True)
}


def write_hepburn(reading: str) -> str:
    """Write a reading by the table of the passport office, long vowels as in kana."""
    kana = reading.translate({code: code + 0x60 for code in range(0x3041, 0x3097)})
    latin, place = "", 0
    while place < len(kana):
        if kana[place] == "ッ":
            following = HEPBURN.get(kana[place + 1 : place + 2], "")
            latin += "t" if following[:1] == "c" else following[:1]
            place += 1
            continue
        size = 2 if kana[place : place + 2] in HEPBURN else 1
        latin += HEPBURN.get(kana[place : place + size], "")
        place += size
    return latin


@given(st.sampled_from(READINGS), st.sampled_from(READINGS), st.sampled_from(["", " ", "-", ", "]))
def test_the_hepburn_spelling_of_any_name_meets_its_reading(
    surname: str, given_name: str, between: str
) -> None:
    latin = write_hepburn(surname) + between + write_hepburn(given_name)
    skeleton = romanize_kana(f"{surname}　{given_name}")
    assert fold_romaji(latin) == fold_romaji(latin.upper()) == skeleton != ""
    short = latin.replace("ou", "o").replace("oo", "o").replace("uu", "u")
    assert fold_romaji(short) == skeleton


def test_the_skeleton_merges_few_common_surnames() -> None:
    """They differ by a long vowel or a doubled consonant only, as passports write them."""
    groups: dict[str, set[str]] = {}
    for reading in {entry["reading"] for entry in SURNAMES.values()}:
        groups.setdefault(romanize_kana(reading), set()).add(reading)
    expected = """おの/おおの おき/おおき おち/おおうち おか/おおおか おぜき/おおぜき おぬき/おおぬき
    おはら/おおはら こやま/こうやま とやま/とおやま かの/かのう もり/もうり/もりい ほり/ほりい にし/にしい
    ふじ/ふじい つじ/つじい しば/しいば いだ/いいだ いむら/いいむら にむら/にいむら はとり/はっとり"""
    assert {frozenset(group) for group in groups.values() if len(group) > 1} == {
        frozenset(group.split("/")) for group in expected.split()
    }


@given(st.text(max_size=20))
def test_no_text_breaks_a_skeleton_and_letters_are_plain(text: str) -> None:
    for skeleton in (fold_romaji(text), romanize_kana(text)):
        assert skeleton == "" or (skeleton.isascii() and skeleton.islower())
    assert fold_romaji(unicodedata.normalize("NFD", text)) == fold_romaji(text)
