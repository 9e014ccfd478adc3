"""Contradictions between the columns of one row: few are honest, many are a column moved alone.

Right values: the accidents of 堺市 (rows shifted under a spreadsheet filter) and 千葉県 (names shifted
against addresses), planted in rows that agree in everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recruitlib.registry.consistency import (
    Marks,
    Oddity,
    find_misnamed,
    find_oddities,
    find_strays,
    tell_oddities,
)

COLUMNS = (
    "addressee_id", "household_id", "full_name", "surname", "given", "birth_text", "birth_unknown",
    "birth_note", "removed_flag", "postal_code", "prefecture", "city", "town", "lot", "building",
)  # fmt: skip


def make_cells(*people: dict[str, str]) -> pa.Table:
    rows = [
        {**dict.fromkeys(COLUMNS, ""), "addressee_id": str(number), "household_id": str(number),
         "full_name": "架空　花子", "surname": "架空", "given": "花子", "town": "片町",
         "lot": f"{number}番", **person}
        for number, person in enumerate(people)
    ]  # fmt: skip
    cells = {
        name: pa.chunked_array([pa.array([row[name] for row in rows], pa.string())])
        for name in COLUMNS
    }
    numbers = pa.chunked_array([pa.array(range(2, len(rows) + 2), pa.int64())])
    return pa.table({**cells, "source_row": numbers})


def find(cells: pa.Table, **marks: list[bool]) -> dict[str, Oddity]:
    """Find the contradictions of rows that agree but for what is given."""
    rows = cells.num_rows
    plain = {
        "japanese": [True] * rows, "resident": [True] * rows, "latest": [True] * rows,
        "dated": [False] * rows, "era_differs": [False] * rows, "cohort": [False] * rows,
    }  # fmt: skip
    own = {name: np.array(values) for name, values in {**plain, **marks}.items()}
    return {oddity.fault: oddity for oddity in find_oddities(cells, Marks(**own))}


def tell(found: dict[str, Oddity]) -> list[str]:
    return tell_oddities(found.values())


@pytest.mark.parametrize(
    ("names", "differs"),
    [
        (("架空　花子", "架空", "花子"), False),
        (("架空 花子", "架空", "花子"), False),
        (("架空花子", "架空", "花子"), False),
        (("架空　花子", "架空", "花　子"), False),
        (("架空　花子", "", "花子"), False),
        (("SAMPLE　ANNA", "", ""), False),
        (("架空　花子", "架空", "太郎"), True),
        (("架空　花子", "花子", "架空"), True),
        (("辻\U000e0102　花子", "辻", "花子"), True),
        (("\ufa19田　花子", "神田", "花子"), True),
    ],
)
def test_a_full_name_is_made_of_its_parts_and_of_nothing_else(
    names: tuple[str, str, str], differs: bool
) -> None:
    person = dict(zip(("full_name", "surname", "given"), names, strict=True))
    assert find_misnamed(make_cells({}, person, {})).tolist() == [False, differs, False]


def test_rows_that_agree_contradict_nothing() -> None:
    found = find(make_cells(*[{}] * 40))
    assert tell(found) == [] and not any(oddity.odd for oddity in found.values())


def test_nationality_and_the_parts_of_a_japanese_name_go_together() -> None:
    foreign = {"surname": "", "given": ""}
    cells = make_cells({}, foreign, {}, foreign)
    assert not find(cells, japanese=[True, False, True, False])[
        "国籍と、日本人の氏の有無が合わない"
    ].odd
    moved = find(cells, japanese=[False, True, True, False])["国籍と、日本人の氏の有無が合わない"]
    assert (moved.odd, moved.rows) == (2, [2, 3])


def test_without_any_parts_of_names_nationality_contradicts_none() -> None:
    cells = make_cells(*[{"surname": "", "given": ""}] * 3)
    assert tell(find(cells, japanese=[True, True, False])) == []


def test_people_of_one_household_live_at_one_address() -> None:
    home = {"household_id": "9", "lot": "1番"}
    cells = make_cells(home, home, {**home, "lot": "2番"}, {**home, "building": "ハイツ"}, {})
    odd = find(cells)["同じ世帯で住所が違う"]
    assert (odd.odd, odd.rows) == (2, [4, 5])
    # who left, and an older record, tells nothing of where the household lives
    for name in ("resident", "latest"):
        marks = {name: [True, True, False, False, True]}
        assert not find(cells, **marks)["同じ世帯で住所が違う"].odd


def test_people_without_a_household_are_no_household() -> None:
    assert not find(make_cells(*[{"household_id": ""}] * 5))["同じ世帯で住所が違う"].odd


def test_a_person_keeps_the_birth_date_through_all_records() -> None:
    same = {"addressee_id": "7", "birth_text": "2008-06-03"}
    cells = make_cells(
        same, {**same, "birth_text": "2008-06-04"}, {"birth_text": "2000-01-01"}, same
    )
    odd = find(cells, latest=[False, True, True, False])["履歴の間で生年月日が違う"]
    assert (odd.odd, odd.rows) == (1, [3])


def test_eras_that_differ_are_counted() -> None:
    odd = find(make_cells({}, {}, {}), era_differs=[False, True, True])["生年月日の元号が違う"]
    assert (odd.asked, odd.odd, odd.rows) == (3, 2, [3, 4])


STRANGE = "同じ世帯の人と氏が違う"


def make_families(surnames: list[str]) -> pa.Table:
    """Make families of a parent and a child, of which the child has the surname that is given."""
    people = []
    for number, surname in enumerate(surnames):
        home = {"household_id": f"h{number}", "lot": f"{number}番"}
        people += [{**home, "surname": f"氏{number}"}, {**home, "surname": surname}]
    return make_cells(*people)


def test_names_that_were_moved_among_the_cohorts_are_strangers_at_home() -> None:
    right = [f"氏{number}" for number in range(40)]
    children = {"cohort": [False, True] * 40}
    assert find(make_families(right), **children)[STRANGE][1:3] == (40, 0)
    moved = find(make_families([*right[1:], right[0]]), **children)
    assert moved[STRANGE][1:3] == (40, 40)
    assert STRANGE in tell(moved)[0]


def test_a_child_of_another_name_a_foreigner_and_somebody_alone_are_honest() -> None:
    right = [f"氏{number}" for number in range(40)]
    children = {"cohort": [False, True] * 40}
    assert tell(find(make_families([*["別"] * 12, *right[12:]]), **children)) == []
    unnamed = make_families([""] * 40)
    japanese = [True, False] * 40
    assert find(unnamed, japanese=japanese, **children)[STRANGE].asked == 0
    alone = make_cells(*[{"surname": f"氏{number}"} for number in range(40)])
    assert find(alone, cohort=[True] * 40)[STRANGE].asked == 0
    homeless = make_cells(*[{"surname": f"氏{n}", "household_id": ""} for n in range(40)])
    assert find(homeless, cohort=[True] * 40)[STRANGE].asked == 0


LEFT = "住民状態と除票フラグが合わない"


def test_who_left_is_told_so_by_more_than_one_column() -> None:
    gone = {"removed_flag": "1"}
    cells = make_cells(gone, {}, gone, {}, {})
    told = find(
        cells, resident=[False, False, True, True, False], dated=[True, True, False, False, False]
    )[LEFT]
    # Row 2 has all three signs, row 3 a date; rows 4 and 6 have one sign alone.
    assert (told.asked, told.odd, told.rows) == (4, 2, [4, 6])


def test_a_day_of_leaving_alone_is_left_to_the_second_test_of_the_cohort() -> None:
    cells = make_cells(*[{"removed_flag": "1"}] * 10, *[{}] * 40)
    marks = {"resident": [False] * 10 + [True] * 40, "dated": [False] * 10 + [True] * 40}
    assert tell(find(cells, **marks)) == []


def test_an_extract_that_does_not_use_the_flag_of_removal_contradicts_nothing() -> None:
    cells = make_cells(*[{"removed_flag": "0"}] * 50)
    assert tell(find(cells, resident=[False] * 30 + [True] * 20)) == []


def test_a_moved_column_of_the_status_is_told_and_a_few_odd_rows_are_not() -> None:
    # Of 1,000 people 40 left.
    people = [{"removed_flag": "1"} if number % 25 == 0 else {} for number in range(1_000)]
    right = [number % 25 != 0 for number in range(1_000)]
    dated = [not one for one in right]
    assert tell(find(make_cells(*people), resident=right, dated=dated)) == []
    moved = sorted(right)
    problems = tell(find(make_cells(*people), resident=moved, dated=dated))
    assert len(problems) == 1 and LEFT in problems[0]
    few = [*right]
    few[0] = few[25] = few[50] = True
    assert tell(find(make_cells(*people), resident=few, dated=dated)) == []


NOTED = "生年月日の不詳フラグと不詳表記が合わない"


def test_a_note_of_an_unknown_birth_date_has_its_flag() -> None:
    note = {"birth_unknown": "1", "birth_note": "昭和6年頃"}
    plain = {"birth_unknown": "0"}
    assert not find(make_cells(note, plain, note))[NOTED].odd
    moved = [{**plain, "birth_note": "昭和6年頃"}] * 2 + [{"birth_unknown": "1"}] * 2
    assert NOTED in tell(find(make_cells(*moved)))[0]
    # an extract without the flag, and a single slip
    assert tell(find(make_cells(*[{"birth_note": "昭和6年頃"}] * 4))) == []
    assert tell(find(make_cells(moved[0], note, note))) == []


@pytest.mark.parametrize(
    ("asked", "odd", "told"), [(10, 1, False), (10, 2, True), (1_000, 10, False), (1_000, 11, True)]
)
def test_honest_files_have_one_contradiction_or_one_in_a_hundred(
    asked: int, odd: int, told: bool
) -> None:
    assert bool(tell_oddities([Oddity("違う", asked, odd, [2])])) == told


def test_the_contradictions_of_all_pieces_are_one() -> None:
    parts = [
        Oddity("違う", 1_000, 6, [2, 3]),
        Oddity("別の", 1_000, 6, [9]),
        Oddity("違う", 1_000, 20, [7]),
    ]
    problems = tell_oddities(parts)
    assert len(problems) == 1
    assert problems[0].startswith("違う行が 26 行あります（2、3、7 行目）。")


# --- strays: people of the cohorts compared with each other -------------------------------------


def make_records(*people: dict[str, Any]) -> pd.DataFrame:
    plain = {
        "household_id": "", "full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ",
        "address": "東京都新宿区片町１番", "postal_code": "１６００００１", "is_latest": True,
        "changed_on": "2026-03-20", "end": "18",
    }  # fmt: skip
    rows = [
        {**plain, "addressee_id": str(number), "source_row": number, **person}
        for number, person in enumerate(people, start=2)
    ]
    return pd.DataFrame(rows)


SURNAMES = {
    "架空": "カクウ",
    "見本": "ミホン",
    "試験": "シケン",
    "例題": "レイダイ",
    "仮名": "カメイ",
}
NAMED = [
    {"full_name": f"{name}　花子", "full_name_kana": f"{kana}　ハナコ"}
    for name, kana in SURNAMES.items() for _ in range(10)
]  # fmt: skip
READ = "氏と、その読みが食い違う"


def find_all(records: pd.DataFrame, cohorts: tuple[str, ...] = ("18", "22")) -> dict[str, Oddity]:
    return {oddity.fault: oddity for oddity in find_strays(records, cohorts)}


def test_readings_that_fit_their_names_are_no_strays() -> None:
    assert tell(find_all(make_records(*NAMED))) == []
    half = [{**person, "full_name_kana": "ｶｸｳ ﾊﾅｺ"} if number == 3 else person
            for number, person in enumerate(NAMED)]  # fmt: skip
    assert find_all(make_records(*half))[READ].odd == 0


def test_readings_that_were_moved_on_their_own_fit_no_name_any_more() -> None:
    kana = [person["full_name_kana"] for person in NAMED]
    moved = [kana[place * 7 % 50] for place in range(50)]
    records = make_records(*NAMED).assign(full_name_kana=moved)
    assert READ in tell(find_all(records))[0]


def test_a_name_with_two_readings_is_honest() -> None:
    other = {"full_name": "架空　花子", "full_name_kana": "カソラ　ハナコ"}
    assert tell(find_all(make_records(*NAMED, *[other] * 12))) == []


def test_only_the_cohorts_are_compared_where_there_are_any() -> None:
    others = make_records(*NAMED).assign(
        full_name_kana=[NAMED[place * 7 % 50]["full_name_kana"] for place in range(50)],
        end="out_of_range",
    )
    records = pd.concat([make_records(*NAMED), others], ignore_index=True)
    assert tell(find_all(records)) == []
    assert READ in tell(find_all(records, ()))[0]


TOWNS = "町名と郵便番号が食い違う"


@pytest.mark.parametrize(("household", "told"), [("", True), ("1", False)])
def test_postal_codes_that_were_moved_fit_no_town_where_households_tell_nothing(
    household: str, told: bool
) -> None:
    towns = [f"東京都新宿区{name}町{place}番" for name in "甲乙丙丁戊" for place in range(10)]
    codes = [f"16000{place // 10:02d}" for place in range(50)]
    plain = make_records(*[{"household_id": household}] * 50).assign(address=towns)
    assert tell(find_all(plain.assign(postal_code=codes))) == []
    moved = plain.assign(postal_code=[codes[place * 7 % 50] for place in range(50)])
    assert any(TOWNS in problem for problem in tell(find_all(moved))) == told


LATE = "最新の記録が最後の異動のものでない"


def make_history(latest_on: str, earlier_on: str, people: int) -> pd.DataFrame:
    rows = []
    for number in range(people):
        own = {"addressee_id": f"p{number}"}
        rows.append({**own, "is_latest": False, "changed_on": earlier_on, "end": "superseded"})
        rows.append({**own, "changed_on": latest_on})
    return make_records(*rows)


def test_the_latest_record_is_of_the_last_change() -> None:
    assert find_all(make_history("2026-03-20", "2020-01-01", 30))[LATE].odd == 0
    late = find_all(make_history("2020-01-01", "2026-03-20", 30))
    assert late[LATE].asked == late[LATE].odd == 30
    assert LATE in tell(late)[0]


def test_a_move_that_was_reported_late_is_honest() -> None:
    records = pd.concat(
        [make_history("2026-03-20", "2020-01-01", 40), make_history("2020-01-01", "2026-03-20", 12)]
    )
    assert tell(find_all(records.assign(source_row=range(len(records))))) == []


def test_records_without_a_day_of_change_are_not_asked() -> None:
    assert find_all(make_history("", "2026-03-20", 30))[LATE].asked == 0
