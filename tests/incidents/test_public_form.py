"""The public form stops nothing: whoever types what any record says does not stop the seal.

Right values: the record of a clean run itself, whose own words are typed into the form one by one,
and tables of real Japanese names, none of which may be left out.
"""

from __future__ import annotations

import csv
import random
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from recruitlib.base.own_words import OwnWords, leave_out, read_own_words
from recruitlib.base.scanner import Scanner
from recruitlib.base.traces import Traces, fold_all, make_traces
from tests.conftest import ROOT

RUN = "runs/test_ward"
NAMES = ROOT / "recruitlib/synth/data"
TYPED = {
    "subject_name": (
        "自衛隊東京地方協力本部", "東京都新宿区", "トラストバンク", "東京　地方", "関係部署", "python",
        "audit", "login", "True", "代理人", "見本A", "提供　対象者", "件数18",
    ),
    "subject_kana": ("フリガナ", "システム", "サレテイマセン", "アリマセン", "シート シート"),
    "subject_address": (
        "18歳", "満18歳", "2026年", "令和8年4月1日", "第97条", "utf-8", "資料52-1", "範囲2008-04",
        "生年月日 2008-04-02", "西新宿六丁目",
    ),
    "application_id": ("audit", "begun", "hash", "2026-05", "2026-05-18", "20260518", "utf-8"),
    "phone": ("000-0000-0000", "2026-05-18", "20080402", "0000000000"),
}  # fmt: skip


@pytest.fixture(scope="module")
def record(reviewed_project: Path) -> list[bytes]:
    """Read every file of a clean record."""
    folder = reviewed_project / RUN
    return [
        path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "private"
    ]


@pytest.fixture(scope="module")
def own(reviewed_project: Path) -> OwnWords:
    return read_own_words(reviewed_project, reviewed_project / RUN)


def type_in(own: OwnWords, **values: list[str]) -> Scanner:
    """Make the scanner of a run whose form says something and whose registry holds nobody."""
    return Scanner(leave_out(make_traces(pd.DataFrame(values)), Traces(), own))


@pytest.mark.parametrize("column", TYPED)
def test_no_word_of_the_record_typed_into_the_form_is_found_in_a_clean_record(
    column: str, record: list[bytes], own: OwnWords
) -> None:
    scanner = type_in(own, **{column: list(TYPED[column])})
    assert [scanner.count(content) for content in record] == [0] * len(record)


def test_no_piece_of_the_record_typed_into_the_form_is_found_in_a_clean_record(
    record: list[bytes], own: OwnWords
) -> None:
    """Pieces of what the files say in plain text, across cells and lines too, in every column."""
    said = "".join(content.decode("utf-8", "ignore") for content in record if content[:1] != b"%")
    plain = re.sub(r"<[^<>]*>|\s|[|,\"'、\\]", "", unicodedata.normalize("NFKC", said))
    draw = random.Random(8)
    starts = draw.sample([at for at, letter in enumerate(plain) if not letter.isascii()], 1_500)
    pieces = [plain[at : at + draw.randint(3, 7)] for at in starts]
    scanner = type_in(
        own, subject_name=pieces, subject_kana=pieces, subject_address=pieces, phone=pieces,
        application_id=pieces,
    )  # fmt: skip
    assert [scanner.count(content) for content in record] == [0] * len(record)


@pytest.mark.parametrize("day", ["2026-05-18", "2008-04-02", "2009-04-01", "2026-04-01"])
def test_no_day_of_the_run_with_a_word_of_its_line_is_found(
    day: str, record: list[bytes], own: OwnWords
) -> None:
    names = ["株式　会社", "自衛　官", "令和　八", "西　京都", "本部　花子", "見本　太郎", "09　18"]
    scanner = type_in(own, subject_name=names, subject_birth_text=[day] * len(names))
    assert [scanner.count(content) for content in record] == [0] * len(record)


def test_the_names_of_people_are_searched_for_though_only_the_form_holds_them(
    own: OwnWords,
) -> None:
    surnames, given = (_read(name, column) for name, column in (
        ("surnames", "surname"), ("given_names", "given"),
    ))  # fmt: skip
    draw = random.Random(8)
    names = [f"{draw.choice(surnames)}　{draw.choice(given)}" for _ in range(1_000)]
    traces = make_traces(pd.DataFrame({"full_name": names}))
    written = traces.names & fold_all(set(names))
    assert len(written) > 900
    assert written <= leave_out(traces, Traces(), own).names


def _read(name: str, column: str) -> list[str]:
    lines = (NAMES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return [row[column] for row in csv.DictReader(line for line in lines if line[:1] != "#")]


PERSON = {
    "subject_name": "架空野　花子", "subject_kana": "カクウノ　ハナコ", "subject_birth_text": "2008-06-03",
    "subject_address": "上落合三丁目２１番５号", "application_id": "R8-00127", "phone": "090-0000-1000",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "架空野花子",
        "かくうのはなこ",
        "花子 2008年6月3日",
        "上落合3-21-5",
        "r8-00127",
        "09000001000",
    ],
)
def test_a_person_of_the_form_alone_is_found_in_a_record(text: str, own: OwnWords) -> None:
    assert type_in(own, **{column: [value] for column, value in PERSON.items()}).count(text) >= 1


def test_whoever_is_registered_is_searched_for_though_the_record_says_the_word(
    own: OwnWords,
) -> None:
    registered = make_traces(pd.DataFrame({"full_name": ["関係　部署"], "address": ["第97条"]}))
    scanner = Scanner(leave_out(registered, registered, own))
    assert scanner.count("関係部署に渡す") == 1
    assert type_in(own, full_name=["関係　部署"]).count("関係部署に渡す") == 0
