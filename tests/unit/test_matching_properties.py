"""What never changes how an application ends: order, strangers, and how one thing is written."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recruitlib.optouts.outcomes import OUTCOMES
from recruitlib.optouts.subjects import build_subjects, collect_keys
from tests.unit.matches import (
    AWAY,
    HOME,
    NEXT_DOOR,
    WARD,
    Ending,
    Row,
    make_acts,
    make_records,
    match_tables,
)

STEADY = settings(deadline=None, derandomize=True, max_examples=100)
VARIANTS = ["髙高", "邉辺", "邉邊", "斎齋", "﨑崎", "恵惠", "真眞", "学學"]
FULL_WIDTH = str.maketrans("0123456789-/.", "０１２３４５６７８９－／．")

FAMILIES = [("髙橋", "タカハシ"), ("渡邉", "ワタナベ"), ("斎藤", "サイトウ"), ("山﨑", "ヤマザキ")]
GIVENS = [
    ("花子", "ハナコ"), ("華子", "ハナコ"), ("太郎", "タロウ"), ("学", "マナブ"), ("真央", "マオ"),
    ("恵", "メグミ"),
]  # fmt: skip
BIRTHS = ["2008-06-03", "2008-06-08", "2004-11-19", "2005-01-21", "1976-01-20", "2011-08-30"]
IN_RANGE = {"2008-06-03", "2008-06-08", "2004-11-19"}
LOTS = [HOME, NEXT_DOOR, AWAY]
# Nobody of these shares a character, a sound, a day or a lot with anybody above.
STRANGERS: list[Row] = [
    {"full_name": "武者小路　彦麿", "full_name_kana": "ムシャノコウジ　ヒコマロ", "birth_date": "1941-12-27",
     "address": "東京都新宿区大久保三丁目１５番２２号", "household_id": "U1"},
    {"full_name": "勅使河原　喜久", "full_name_kana": "テシガワラ　キク", "birth_date": "2008-10-25",
     "address": "東京都新宿区大久保三丁目１５番２２号", "household_id": "U1", "cohort": True},
    {"full_name": "東久世　樹里", "full_name_kana": "ヒガシクゼ　ジュリ", "birth_date": "2005-12-14",
     "address": "東京都新宿区住吉町４６番地５", "household_id": ""},
    {"full_name": "伊集院　隼", "full_name_kana": "イジュウイン　シュン", "birth_date": "2004-07-27",
     "address": "東京都新宿区住吉町４６番地５", "household_id": "U2", "cohort": True},
]  # fmt: skip


class World(NamedTuple):
    """Residents and applications."""

    people: list[Row]
    forms: list[Row]

    def match(self) -> Ending:
        return match_tables(make_records(self.people), make_acts(self.forms))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw residents of a few families, and forms that are theirs, in part or by mistake."""
    people = []
    for number in range(draw(st.integers(1, 7))):
        family, own = draw(st.sampled_from(FAMILIES)), draw(st.sampled_from(GIVENS))
        birth, flag = draw(st.sampled_from(BIRTHS)), draw(st.integers(0, 4))
        people.append(
            {"addressee_id": f"{number:07}", "full_name": f"{family[0]}　{own[0]}",
             "full_name_kana": draw(st.sampled_from([f"{family[1]}　{own[1]}"] * 3 + [""])),
             "birth_date": birth, "address": draw(st.sampled_from(LOTS)),
             "household_id": draw(st.sampled_from(["", "H1", "H2"])),
             "cohort": birth in IN_RANGE and flag > 0}
        )  # fmt: skip
    resident = st.sampled_from(people)
    forms = []
    for _ in range(draw(st.integers(1, 4))):
        one = draw(resident)
        named, born, lot = (draw(st.sampled_from([one, one, one, draw(resident)])) for _ in "123")
        missing = draw(st.sampled_from(["", "", "", "subject_birth_text", "subject_address"]))
        form: Row = {
            "subject_name": named["full_name"], "subject_birth_text": born["birth_date"],
            "subject_kana": draw(st.sampled_from(["", named["full_name_kana"]])),
            "subject_address": lot["address"],
            "applicant_relation": draw(st.sampled_from(["self", "self", "guardian"])),
            "channel": draw(st.sampled_from(["web", "web", "post"])),
            "status": draw(st.sampled_from(["accepted", "accepted", "withdrawn"])),
        }  # fmt: skip
        forms.append({**form, missing: ""} if missing else form)
    return World(people, forms)


def sort_ending(ending: Ending) -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        ending.matches.sort_values("application_id", ignore_index=True),
        ending.candidates.sort_values(["application_id", "place"], ignore_index=True),
    )


@STEADY
@given(worlds(), st.integers(0, 1_000_000))
def test_neither_rows_nor_columns_nor_other_applications_change_an_end(
    world: World, seed: int
) -> None:
    chance = Random(seed)
    records, acts = make_records(world.people), make_acts(world.forms)

    def shuffle(table: pd.DataFrame) -> pd.DataFrame:
        columns = chance.sample(list(table.columns), len(table.columns))
        return table.iloc[chance.sample(range(len(table)), len(table))][columns]

    ending = match_tables(records, acts)
    again = match_tables(shuffle(records), shuffle(acts))
    for one, other in zip(sort_ending(ending), sort_ending(again), strict=True):
        pd.testing.assert_frame_equal(one, other)
    for number in range(len(acts)):
        alone = match_tables(records, acts.iloc[[number]])
        assert alone.matches.iloc[0].to_dict() == ending.matches.iloc[number].to_dict()
        mine = acts["application_id"].iloc[number]
        assert alone.list_shown(mine) == ending.list_shown(mine)


@STEADY
@given(worlds(), st.lists(st.sampled_from(range(len(STRANGERS))), min_size=1, unique=True))
def test_strangers_neither_end_a_review_nor_change_who_is_excluded(
    world: World, chosen: list[int]
) -> None:
    added = [{**STRANGERS[at], "addressee_id": f"9{at:06}"} for at in chosen]
    before = world.match()
    after = world._replace(people=[*added, *world.people]).match()
    pd.testing.assert_frame_equal(before.matches, after.matches)
    pd.testing.assert_frame_equal(before.candidates, after.candidates)


@STEADY
@example(
    World(
        [
            {"addressee_id": "1", "full_name": "渡邉　花子", "birth_date": "2004-11-19",
             "address": NEXT_DOOR, "cohort": True},
            {"addressee_id": "2", "full_name": "髙橋　華子", "birth_date": "2008-06-08",
             "address": NEXT_DOOR},
        ],
        [{"subject_name": "渡邉　花子", "subject_birth_text": "2008-06-03", "subject_kana": "",
          "subject_address": NEXT_DOOR}],
    )
)  # fmt: skip
@given(worlds())
def test_whoever_shares_no_key_with_an_application_never_matters_for_it(world: World) -> None:
    """Only those who share one are kept, and other applications keep others."""
    records, acts = make_records(world.people), make_acts(world.forms)
    cells = pa.Table.from_pandas(records[["full_name", "full_name_kana", "birth_date"]])
    ending = match_tables(records, acts)
    for number in range(len(acts)):
        one = acts.iloc[[number]]
        kept = collect_keys(build_subjects(one, WARD)).mark(cells) | records["cohort"].to_numpy()
        alone = match_tables(records[kept], one)
        assert alone.matches.iloc[0].to_dict() == ending.matches.iloc[number].to_dict()


@STEADY
@given(worlds())
def test_every_application_ends_exactly_once(world: World) -> None:
    ending = world.match()
    acts = make_acts(world.forms)
    assert ending.matches["application_id"].tolist() == acts["application_id"].tolist()
    assert ending.matches["outcome"].isin(OUTCOMES).all()
    counts = ending.matches["outcome"].value_counts()
    assert counts.sum() == len(world.forms)
    named = ending.matches["outcome"] != "undecided"
    assert (ending.matches["addressee_id"].ne("") == named).all()
    shown = set(ending.candidates["application_id"])
    assert shown <= set(ending.matches.loc[~named, "application_id"])


def write_name(draw: st.DrawFn, name: str) -> str:
    """Write a name with other blanks, other forms of its characters, and variant selectors."""
    blanks = ["　", " ", "", "  ", "\u00a0", "\u2003", "\u200b　", "　\ufeff", " 　 "]
    name = name.replace("　", draw(st.sampled_from(blanks)))
    for one, other in map(tuple, VARIANTS):
        if one in name and draw(st.booleans()):
            name = name.replace(one, other)
    if draw(st.booleans()):
        at = draw(st.integers(1, len(name)))
        name = name[:at] + draw(st.sampled_from(["\ufe00", "\U000e0100", "\U000e0103"])) + name[at:]
    return (
        draw(st.sampled_from(["", " ", "　"])) + name + draw(st.sampled_from(["", " ", "\n", "\t"]))
    )


def write_reading(draw: st.DrawFn, kana: str) -> str:
    """Write a reading in hiragana, half width, or with other blanks."""
    hiragana = "".join(chr(ord(sound) - 0x60) if "ァ" <= sound <= "ヶ" else sound for sound in kana)
    half = kana.translate(
        dict(
            zip(map(ord, "タカハシワナサイウヤマコロブオメミキ"), "ﾀｶﾊｼﾜﾅｻｲｳﾔﾏｺﾛﾌｵﾒﾐｷ", strict=True)
        )
    )
    half = half.replace("ザ", "ｻﾞ").replace("ベ", "ﾍﾞ").replace("ト", "ﾄ").replace("ﾌ", "ﾌﾞ")
    half = half.replace("グ", "ｸﾞ")
    text = draw(st.sampled_from([kana, hiragana, half]))
    return text.replace("　", draw(st.sampled_from(["　", " ", ""])))


def write_birth(draw: st.DrawFn, iso: str) -> str:
    """Write a birth date in full in another way; the era is that of the day."""
    if not iso:
        return draw(st.sampled_from(["", "　", "不明"]))
    year, month, day = map(int, iso.split("-"))
    era, letter, zero = ("平成", "H", 1988) if year > 1988 else ("昭和", "S", 1925)
    text = draw(
        st.sampled_from(
            [f"{year}/{month}/{day}", f"{year}年{month}月{day}日", f"{year}{month:02}{day:02}",
             f"{year}.{month}.{day}", f"{era}{year - zero}年{month}月{day}日",
             f"{letter}{year - zero}.{month}.{day}", f"{letter}{year - zero:02}{month:02}{day:02}",
             f"{iso} 0:00", f"{era} {year - zero} 年 {month} 月 {day} 日"]
        )
    )  # fmt: skip
    return text.translate(FULL_WIDTH) if draw(st.booleans()) else text


def write_address(draw: st.DrawFn, address: str) -> str:
    """Write an address in another way."""
    ways = {
        HOME: ["西新宿2-8-1", "新宿区西新宿２－８－１", "西新宿二丁目八番一号", "〒160-0023 東京都新宿区西新宿2丁目8-1",
               "西新宿2の8の1", "東京都 新宿区 西新宿 2丁目8番1号", "西新宿2‐8−1"],
        NEXT_DOOR: ["西新宿2-8-2", "新宿区西新宿２丁目８番地２", "西新宿2ー8ー2"],
        AWAY: ["内藤町87", "新宿区内藤町八十七番地", "東京都新宿区内藤町８７"],
        "": ["", "　", "不明", "新宿区"],
    }  # fmt: skip
    return draw(st.sampled_from(ways[address]))


@st.composite
def rewritten(draw: st.DrawFn) -> tuple[World, list[Row]]:
    """Draw a world, and its forms with one field of each written in another way."""
    world = draw(worlds())
    writers = {
        "subject_name": write_name, "subject_kana": write_reading,
        "subject_birth_text": write_birth, "subject_address": write_address,
    }  # fmt: skip
    forms = []
    for form in world.forms:
        fields = draw(st.lists(st.sampled_from(sorted(writers)), min_size=1, unique=True))
        forms.append({**form, **{field: writers[field](draw, form[field]) for field in fields}})
    return world, forms


@settings(STEADY, max_examples=150)
@given(rewritten())
def test_writing_one_thing_in_another_way_never_loses_who_was_excluded(
    case: tuple[World, list[Row]],
) -> None:
    world, forms = case
    before, after = world.match(), world._replace(forms=forms).match()
    pairs: Any = zip(
        before.matches.to_dict("records"), after.matches.to_dict("records"), strict=True
    )
    for one, other in pairs:
        if one["outcome"] in ("matched", "to_confirm", "withdrawn"):
            shown = after.list_shown(other["application_id"])
            assert one["addressee_id"] == other["addressee_id"] or one["addressee_id"] in shown
            assert other["outcome"] in (one["outcome"], "matched", "to_confirm", "undecided")
            if one["tier"] == "A1":
                assert (other["tier"], other["outcome"]) == ("A1", one["outcome"])
        elif one["outcome"] == "undecided":
            assert other["outcome"] != "outside"
            if other["outcome"] == "undecided":
                lost = set(before.list_shown(one["application_id"])) - set(
                    after.list_shown(one["application_id"])
                )
                assert not lost
        else:
            assert other["outcome"] in ("outside", "undecided")
