"""Notices to applicants: who gets one, at which address, the same words for all, and locked."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pikepdf
import pypdfium2
import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.base.run import Stage
from recruitlib.base.scope import read_scope
from recruitlib.handover import notices
from recruitlib.labels.fonts import LabelFont
from tests.conftest import ROOT
from tests.officers import SECOND
from tests.unit.small_fonts import build_font
from tests.unit.stages import (
    CHOICES,
    decide_cases,
    make_residents,
    make_situation,
    make_stage,
    store,
)

DAY = date(2026, 5, 25)
SCOPE = read_scope(ROOT / "params/scope/demo.yaml")
NOTE = notices.write_note(SCOPE, "東京都新宿区", 2026)
FONTS = [LabelFont(default_font_path())]
# What the registry of handover day says of those whom the situation's applications mean.
HERE = {"is_latest": True, "left_on": ""}


def render(
    people: pd.DataFrame, demonstration: bool = False, fonts: list[LabelFont] = FONTS
) -> bytes:
    fitted, by_hand = notices.fit_addressees(people, fonts)
    assert by_hand == ()
    return notices.render_notices(fitted, NOTE, DAY, fonts[-1], demonstration)


def read_pages(pdf: bytes, password: str | None = None) -> list[str]:
    document = pypdfium2.PdfDocument(pdf, password=password)
    return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def make_records(*changes: dict[str, Any]) -> pd.DataFrame:
    """Make the extract of handover day: the nine of the situation, some of them changed."""
    rows = make_situation()["cohort"].to_dict("records")
    for change in changes:
        rows[change.pop("person") - 1].update(change)
    return pd.DataFrame([{**HERE, **row} for row in rows])


def begin(folder: Path, policy: str = "print") -> Stage:
    """Begin 05 after a review that decided everything: the persons 1, 2, 4 and 5 have applied."""
    stage = make_stage(folder, "05", decision_notice=policy)
    tables = make_situation()
    decide_cases(stage, CHOICES, SECOND)
    outcomes = tables["matches"].assign(
        outcome="matched", addressee_id=list(tables["cohort"]["addressee_id"][[0, 1, 3, 4]])
    )
    cases = pd.DataFrame(
        [{"case": 2, "kind": "undecided", "application_id": "form:3", "problem": ""}]
    )
    store(
        stage, settled=outcomes, cases=cases, candidates=tables["candidates"],
        cohort=tables["cohort"],
    )  # fmt: skip
    return stage


def name_page(person: int, records: pd.DataFrame) -> str:
    row = records.iloc[person - 1]
    return "".join(f"{row['full_name']}様".split())


def test_every_applicant_of_the_cohort_gets_one_page_locked_with_the_print_password(
    tmp_path: Path,
) -> None:
    records = make_records()
    found = notices.prepare_notices(begin(tmp_path), records)
    assert (found.pages, found.gone) == (4, 0)
    locked = found.files[notices.NOTICES]
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(locked))
    pages = read_pages(locked, "demo")
    assert len(pages) == 4
    for person in (1, 2, 4, 5):
        assert sum(name_page(person, records) in page for page in pages) == 1
    for person in (3, 6, 7, 8, 9):
        assert not any(name_page(person, records) in page for page in pages)


def test_by_default_nothing_is_made_and_nothing_is_read(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    assert stage.parameters["decision_notice"] == "none"
    found = notices.prepare_notices(stage, make_records())
    assert (found.pages, dict(found.files)) == (0, {})
    assert "作らない" in notices.tabulate_notices(stage, found)["内容"][0]


def test_an_applicant_whom_two_people_meant_as_well_gets_a_notice(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    choices = {**CHOICES, 2: {**CHOICES[2], "also": [1]}}
    decide_cases(stage, choices, SECOND)
    assert make_situation()["cohort"]["addressee_id"][2] in notices.list_applicants(stage)


def test_outcomes_that_exclude_nobody_by_application_get_no_notice(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    settled = make_situation()["matches"].assign(
        outcome=["withdrawn", "rejected", "undecided", "outside"]
    )
    store(stage, settled=settled)
    assert notices.list_applicants(stage) == set()
    found = notices.prepare_notices(stage, make_records())
    assert (found.pages, dict(found.files)) == (0, {})


def test_the_address_is_that_of_the_registry_on_handover_day_and_never_that_of_the_form(
    tmp_path: Path,
) -> None:
    records = make_records({"person": 1, "address": "東京都新宿区北山伏町９番９号"})
    pages = read_pages(
        notices.prepare_notices(begin(tmp_path), records).files[notices.NOTICES], "demo"
    )
    own = next(page for page in pages if name_page(1, records) in page)
    assert "東京都新宿区北山伏町９番９号" in own
    assert not any(make_situation()["applications"]["subject_address"][0] in page for page in pages)
    assert not any("090-0000" in page or "R8-00" in page for page in pages)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "dead"}, {"status": "moved_out"}, {"left_on": "2026-05-20"},
        {"planned_move_out": "2026-05-25"}, {"is_latest": False},
    ],
)  # fmt: skip
def test_whoever_does_not_live_here_any_more_gets_no_letter(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    records = make_records({"person": 4, **change})
    found = notices.prepare_notices(begin(tmp_path), records)
    assert (found.pages, found.gone) == (3, 1)
    assert not any(
        name_page(4, records) in page for page in read_pages(found.files[notices.NOTICES], "demo")
    )


def test_all_notices_say_the_same_and_nothing_of_why() -> None:
    people = make_residents({}, {"building": "試験マンション１０１号室"})
    words = []
    for place, page in enumerate(read_pages(render(people))):
        row = people.iloc[place]
        for own in (row["address"], row["building"], row["full_name"] + "様", "〒160-0001"):
            assert "".join(own.split()) in page
            page = page.replace("".join(own.split()), "")
        words.append(page)
    assert words[0] == words[1]
    for part in ("除外決定通知書", "令和8年5月25日", "令和8年度に行う情報の提供", SCOPE.recipient, SCOPE.division,
                 "住民基本台帳に登録された住所"):  # fmt: skip
        assert part in words[0]
    for telling in ("支援措置", "保護", "ＤＶ", "一致", "理由", "生年月日", "電話"):
        assert telling not in words[0]


def test_a_demonstration_is_stamped_and_the_same_content_gives_the_same_bytes() -> None:
    people = make_residents({}, {})
    plain = render(people)
    stamped = render(people, True)
    assert plain == render(people)
    assert all("見本（架空の区）" in page for page in read_pages(stamped))
    assert not any("見本" in page for page in read_pages(plain))


def test_what_no_font_prints_is_named_by_row_and_code_point_to_be_written_by_hand(
    tmp_path: Path,
) -> None:
    stage = begin(tmp_path)
    records = make_records(
        {"person": 2, "full_name": "試験　\U00020bb7郎"}, {"person": 4, "building": "１" * 400}
    )
    found = notices.prepare_notices(stage, records)
    assert (found.pages, found.gone, len(found.by_hand)) == (2, 0, 2)
    assert len(read_pages(found.files[notices.NOTICES], "demo")) == 2
    assert found.by_hand[0] == "提供日の抽出の 3行目: 氏名に印刷できない字があります（U+20BB7）"
    assert found.by_hand[1].startswith("提供日の抽出の 5行目: 方書の番号または単語が長く")
    told = notices.tabulate_notices(stage, found).to_string()
    assert "U+20BB7" in told
    assert "試験" not in told
    assert "１１" not in told


def test_where_every_notice_is_written_by_hand_there_is_no_file(tmp_path: Path) -> None:
    gap = {"full_name": "試験　\U00020bb7郎"}
    records = make_records(*({"person": person, **gap} for person in (1, 2, 4, 5)))
    found = notices.prepare_notices(begin(tmp_path), records)
    assert (found.pages, len(found.by_hand), dict(found.files)) == (0, 4, {})


def test_an_office_font_prints_what_the_default_font_lacks(tmp_path: Path) -> None:
    name = "試験　\U00020bb7郎"
    own = LabelFont(build_font(tmp_path / "own.ttf", f"{name}様"))
    pages = read_pages(render(make_residents({"full_name": name}), fonts=[own, *FONTS]))
    assert "".join(name.split()) in pages[0]


def test_a_sender_that_cannot_be_printed_stops_before_any_page() -> None:
    note = notices.write_note(SCOPE._replace(division="한課"), "東京都新宿区", 2026)
    fitted, _ = notices.fit_addressees(make_residents({}), FONTS)
    with pytest.raises(ParameterError, match=r"U\+D55C"):
        notices.render_notices(fitted, note, DAY, FONTS[-1], False)
