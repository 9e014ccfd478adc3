"""Small invented worlds for tests of the matching: residents, applications, and how each ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.matching import Match, match_subjects
from recruitlib.optouts.outcomes import tabulate_candidates, tabulate_matches
from recruitlib.optouts.people import build_people
from recruitlib.optouts.subjects import build_subjects
from recruitlib.optouts.towns import read_towns
from tests.conftest import ROOT

WARD = learn_places((), "東京都", "新宿区", read_towns(ROOT / "params/towns/131041.csv"))
TODAY = date(2026, 5, 18)
HOME = "東京都新宿区西新宿二丁目８番１号"
NEXT_DOOR = "東京都新宿区西新宿二丁目８番２号"
AWAY = "東京都新宿区内藤町８７番地"
Row = dict[str, Any]

CHILD: Row = {"addressee_id": "0000018", "full_name": "架空　花子", "full_name_kana": "カクウ　ハナコ",
              "birth_date": "2008-06-03", "household_id": "H1", "address": HOME, "cohort": True}  # fmt: skip
FATHER: Row = {**CHILD, "addressee_id": "0000050", "full_name": "架空　一郎",
               "full_name_kana": "カクウ　イチロウ", "birth_date": "1976-01-20", "cohort": False}  # fmt: skip
SISTER: Row = {**CHILD, "addressee_id": "0000022", "full_name": "架空　月子",
               "full_name_kana": "カクウ　ツキコ", "birth_date": "2004-11-11"}  # fmt: skip
TWIN: Row = {**SISTER, "birth_date": CHILD["birth_date"]}
STUDENT: Row = {"addressee_id": "0000021", "full_name": "独居　学", "full_name_kana": "ドッキョ　マナブ",
                "birth_date": "2005-04-21", "household_id": "H2", "address": AWAY}  # fmt: skip
FATHERS_FORM = {
    "subject_name": "架空　一郎", "subject_kana": "カクウ　イチロウ", "subject_birth_text": "1976-01-20",
}  # fmt: skip
STUDENTS_FORM = {
    "subject_name": "独居　学", "subject_kana": "ドッキョ　マナブ", "subject_birth_text": "2005-04-21",
    "subject_address": "新宿区内藤町87",
}  # fmt: skip


class Ending(NamedTuple):
    """How applications ended: the matches, and both tables of a run."""

    found: list[Match]
    matches: pd.DataFrame
    candidates: pd.DataFrame

    def list_shown(self, application_id: str) -> list[str]:
        """List the ids of the candidates of one application, strongest first."""
        mine = self.candidates["application_id"] == application_id
        return self.candidates.loc[mine, "addressee_id"].tolist()


def make_records(people: Sequence[Row]) -> pd.DataFrame:
    """Make the latest row of each resident; whoever is of the cohort says so."""
    plain = {"household_id": "", "full_name_kana": "", "building": "", "cohort": False}
    return pd.DataFrame([{**plain, **person} for person in people])


def make_acts(applications: Sequence[Row]) -> pd.DataFrame:
    """Make applications; without changes, the child's own, in the form of the web."""
    plain = {
        "subject_name": CHILD["full_name"], "subject_kana": CHILD["full_name_kana"],
        "subject_birth_text": CHILD["birth_date"], "subject_address": HOME, "subject_building": "",
        "applicant_relation": "self", "card_name": "", "card_substitutes": "", "status": "accepted",
        "channel": "web", "received_at": "2026-05-10",
    }  # fmt: skip
    return pd.DataFrame(
        [
            {"application_id": f"form:{number}", **plain, **application}
            for number, application in enumerate(applications)
        ]
    )


def match_tables(
    records: pd.DataFrame,
    acts: pd.DataFrame,
    today: date = TODAY,
    applicants: Collection[str] = ("self",),
) -> Ending:
    """Match applications as a run does."""
    cohort = records.loc[records["cohort"], "addressee_id"].tolist()
    found = match_subjects(
        build_subjects(acts, WARD), build_people(records, cohort, WARD), today
    )  # fmt: skip
    return Ending(found, tabulate_matches(found, acts, applicants), tabulate_candidates(found))


def match_one(people: Sequence[Row], **application: str) -> tuple[Row, list[str]]:
    """Match one application.

    Returns:
        its row of the matches, and the ids of the candidates.
    """
    ending = match_tables(make_records(people), make_acts([application]))
    assert len(ending.matches) == 1
    return ending.matches.iloc[0].to_dict(), ending.candidates["addressee_id"].tolist()
