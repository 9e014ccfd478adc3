"""The casebook: whom people see beside an application, and that a page shows any text as typed."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.review.case_page import NO_CANDIDATE, render_case
from recruitlib.review.casebook import OUTSIDER, CaseView, gather_case, open_casebook
from recruitlib.review.comparison import DIFFERS, SAME, Line
from tests.unit.desks import begin_review
from tests.unit.stages import make_situation

PLACE = ("東京都", "新宿区")
TAGS = {"h4", "p", "table", "tr", "td", "th", "b", "div", "span", "bdi"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><iframe src=//invalid.example>',
    "</td></table><h1>",
    "<b>&amp;</b>",
    r"$\LaTeX$ \(x\)",
    "=cmd|' /C calc'!A0",
]


def open_view(folder: Path, number: int, tables: dict[str, Any] | None = None) -> CaseView:
    own = tables or make_situation()
    _, review = begin_review(folder, own)
    return gather_case(open_casebook(review.cases, own, PLACE), number)


def name_all(view: CaseView) -> list[str]:
    return [one.title for one in view.residents]


def read_page(page: str) -> str:
    """Read the text of a page as a browser shows it."""
    return unescape(re.sub(r"<[^>]*>", "", page))


def list_tags(page: str) -> set[str]:
    """List the tags that the standard library's parser finds; none may have a handler."""
    tags: set[str] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attributes: Any) -> None:
            tags.add(tag)
            assert {name for name, _ in attributes} <= {"class", "scope"}

    Parser().feed(page)
    return tags


def test_the_person_matched_stands_beside_the_application_and_so_does_who_is_near(
    tmp_path: Path,
) -> None:
    view = open_view(tmp_path, 1)
    assert name_all(view) == ["一致した人", "ほかに近い人 1"]
    matched, near = view.residents
    assert (matched.evidence, near.evidence) == ("氏名・生年月日・番地", "氏名が同じ")
    cohort = make_situation()["cohort"]
    page = read_page(render_case(view, "まだ"))
    assert cohort["full_name"][1] in page
    assert "申出者の資格を確かめる" in page and "根拠の説明。" in page and "申出者本人" in page


def test_the_candidates_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    tables = make_situation()
    tables["candidates"] = tables["candidates"].iloc[::-1]
    view = open_view(tmp_path, 2, tables)
    assert name_all(view) == ["候補 1", "候補 2"]
    assert [one.number for one in view.residents] == [1, 2]
    assert [one.evidence for one in view.residents] == ["番地", "氏名"]
    names = make_situation()["cohort"]["full_name"]
    assert ["".join(text for _, text in one.lines[0].held) for one in view.residents] == [
        names[2], names[3],
    ]  # fmt: skip


def test_who_has_the_same_name_or_the_same_home_is_told(tmp_path: Path) -> None:
    tables = make_situation()
    cohort = tables["cohort"]
    cohort.loc[7, "full_name"] = "試驗　三郎3"  # another writing of the name of candidate 1
    cohort.loc[8, "household_id"] = cohort["household_id"][3]
    first, second = open_view(tmp_path, 2, tables).residents
    assert first.namesakes[0] == "ほかに 1人" and "試驗　三郎3（2008-05-09" in first.namesakes[1]
    assert first.housemates == []
    assert second.namesakes == []
    assert second.housemates[0] == "ほかに 1人" and "試験　九郎9" in second.housemates[1]


def test_more_than_five_others_are_counted_and_five_are_told(tmp_path: Path) -> None:
    tables = make_situation()
    cohort = tables["cohort"]
    cohort["household_id"] = cohort["household_id"][3]
    first, _ = open_view(tmp_path, 2, tables).residents
    assert first.housemates[0] == "ほかに 8人" and len(first.housemates) == 6


def test_a_housemate_of_a_protected_person_is_shown_without_an_application(tmp_path: Path) -> None:
    view = open_view(tmp_path, 4)
    assert name_all(view) == ["同じ世帯の対象者"]
    page = read_page(render_case(view, "まだ"))
    assert "世帯の確認。申出はありません" in page
    assert make_situation()["cohort"]["full_name"][6] in page
    assert "書かれていない" not in page


def test_one_who_is_not_of_the_cohort_is_said_to_be_so(tmp_path: Path) -> None:
    tables = make_situation()
    tables["matches"].loc[1, "addressee_id"] = "0000009999"
    view = open_view(tmp_path, 1, tables)
    assert view.remarks == [OUTSIDER]
    assert not view.links_in_doubt("matched", ())


def test_a_case_in_which_somebody_outside_may_be_meant_says_where_to_look(tmp_path: Path) -> None:
    tables = make_situation()
    tables["matches"].loc[2, "reason"] = "same_home"
    view = open_view(tmp_path, 2, tables)
    assert view.remarks == [OUTSIDER]
    assert OUTSIDER in read_page(render_case(view, "まだ"))


def test_a_case_without_a_candidate_says_what_to_do(tmp_path: Path) -> None:
    tables = make_situation()
    tables["candidates"] = tables["candidates"].iloc[:0]
    page = read_page(render_case(open_view(tmp_path, 2, tables), "まだ"))
    assert NO_CANDIDATE in page and "試験　三四郎" in page


def test_many_candidates_stand_three_abreast_each_time_beside_the_application(
    tmp_path: Path,
) -> None:
    import pandas as pd

    tables = make_situation()
    ids = tables["cohort"]["addressee_id"]
    rows = [("form:3", place, ids[place + 1], "番地", 1) for place in range(1, 8)]
    columns = tables["candidates"].columns
    tables["candidates"] = pd.DataFrame(rows, columns=columns)
    page = render_case(open_view(tmp_path, 2, tables), "まだ")
    assert page.count("<table") == page.count("申出に書かれた内容") == 3


@pytest.mark.parametrize("markup", HOSTILE)
@pytest.mark.parametrize(
    "field", ["subject_name", "subject_address", "subject_building", "card_name"]
)
def test_markup_in_an_application_is_shown_as_typed_and_never_read(
    tmp_path: Path, field: str, markup: str
) -> None:
    tables = make_situation()
    tables["applications"].loc[2, field] = markup
    page = render_case(open_view(tmp_path, 2, tables), "まだ")
    assert list_tags(page) <= TAGS
    # An address is shown in parts, each in a line of its own.
    typed = read_page(page.replace("</tr>", "\n"))
    assert markup in typed if field != "subject_address" else set(markup) <= set(typed)


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_text_at_all_becomes_a_tag(typed: list[str], other: str) -> None:
    from recruitlib.review.casebook import Resident

    case = {"case": 1, "kind": "undecided", "reason": "not_found", "choices": 1, "digest": "0" * 64}
    lines = [
        Line(text, ((SAME, text), (DIFFERS, text)), ((DIFFERS, other),), DIFFERS, other)
        for text in typed
    ]
    lines = [line._replace(label="氏名") for line in lines]
    resident = Resident("候補 1", 1, lines, other, True, [other], [other])
    view = CaseView(case, other, other, other, [("申出者", other)], lines, [resident], [other])
    assert list_tags(render_case(view, other)) <= TAGS


def test_no_view_shows_anything_of_itself_in_a_message(tmp_path: Path) -> None:
    view = open_view(tmp_path, 2)
    assert repr(view) == "CaseView(…)"
    assert repr(view.residents[0]) == "Resident(…)"
