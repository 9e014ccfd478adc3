"""Applications after the hand-over: whose label is asked back, and what the policy leaves alone.

The matching is given; that it finds the subject of a real list is tested on the invented ward.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import GuardError, IntegrityError
from recruitlib.base.office import Office, open_office
from recruitlib.base.run import Stage
from recruitlib.base.supplies import Supply, digest_resident
from recruitlib.handover import late
from recruitlib.handover.discard import find_supply
from recruitlib.handover.duties import list_open, settle_duty
from recruitlib.handover.late import Late, find_late, note_late
from recruitlib.handover.sources import note_sources
from recruitlib.optouts.exclusion import Matched
from tests.officers import STAFF, sign_as
from tests.unit.handed import PEOPLE, hand_over
from tests.unit.stages import list_last_answer, make_situation, store

KNOWN = make_situation()["applications"].iloc[[0]]
IDS = PEOPLE["addressee_id"].tolist()
# The third and the sixth hold the serials 3 and 42; the last has no label.
THIRD, SIXTH, STRANGER = IDS[2], IDS[5], "0000000077"
AFTER, BEFORE = "2026-06-01", "2026-05-15"  # the deadline is the fifteenth of May
NONE = Late(
    fresh=1, supplied=0, excluded=0, absent=0, serials=[], asked_before=0, returned=0, unclear=0,
    others=[],
)  # fmt: skip
HIT = NONE._replace(supplied=1)


def find(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: str = "matched", person: str = THIRD,
    near: tuple[str, ...] = (), received_at: str = AFTER, lost: tuple[str, ...] = (),
    settled: str = "", reason: str = "", problem: str = "", **changes: str,
) -> Late:  # fmt: skip
    """Find what one new application means whose matching ends so."""
    fresh = KNOWN.assign(**{"application_id": "form:9", "received_at": received_at, **changes})
    rows = [("form:1", settled, reason, problem)] if settled else []
    names = ["application_id", "outcome", "reason", "problem"]
    before = pd.DataFrame(rows, columns=names, dtype="str")
    store(
        stage,
        cohort=KNOWN.head(0),
        applications=KNOWN,
        settled=before[names[:3]],
        cases=before[[names[0], names[3]]],
    )

    def match(stage: Stage, applications: pd.DataFrame, extract: Any) -> Matched:
        is_old = applications["application_id"] == "form:1"
        ends = applications[["application_id"]].assign(outcome=outcome, addressee_id=person)
        # Whom the known one means has no label, or it would not have been handed over.
        ends = ends.assign(
            addressee_id=ends["addressee_id"].mask(is_old & (settled == ""), STRANGER)
        )
        pairs = [("form:9", one) for one in near]
        candidates = pd.DataFrame(pairs, columns=["application_id", "addressee_id"], dtype="str")
        return Matched(applications, ends, candidates, candidates)

    today = SimpleNamespace(
        applications=fresh if settled else pd.concat([KNOWN, fresh], ignore_index=True)
    )
    for name, made in (
        ("take_applications", lambda stage, prefix: today), ("match_day", match),
        ("join_later_day", lambda stage, received: list(lost)), ("note_used", lambda stage: None),
        ("_reread_latest", lambda stage, keep: None),
        ("choose_rows", lambda *content: None),
    ):  # fmt: skip
        monkeypatch.setattr(late, name, made)
    office = open_office(stage.root, stage.folder, "test_ward", demonstration=True)
    return find_late(stage, office)


@pytest.mark.parametrize(
    ("outcome", "person", "near", "serials"),
    [
        ("matched", THIRD, (), [3]), ("to_confirm", SIXTH, (), [42]), ("withdrawn", THIRD, (), [3]),
        ("outside", THIRD, (), []), ("matched", STRANGER, (), []),
        ("undecided", "", (THIRD, STRANGER, SIXTH), [3, 42]),
    ],
)  # fmt: skip
def test_whoever_a_new_application_may_mean_is_asked_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, person: str,
    near: tuple[str, ...], serials: list[int],
) -> None:  # fmt: skip
    found = find(hand_over(tmp_path), monkeypatch, outcome, person, near)
    assert found == NONE._replace(
        serials=serials, supplied=int(bool(serials)), absent=int(not serials)
    )


@pytest.mark.parametrize(
    ("outcome", "person", "near", "split"),
    [
        # The stranger is the one whom this run has excluded.
        ("matched", STRANGER, (), (0, 1, 0)), ("outside", STRANGER, (), (0, 0, 1)),
        ("undecided", "", (STRANGER,), (0, 0, 0)), ("undecided", "", (STRANGER, THIRD), (1, 0, 0)),
    ],
)  # fmt: skip
def test_an_application_of_somebody_excluded_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, person: str,
    near: tuple[str, ...], split: tuple[int, int, int],
) -> None:  # fmt: skip
    def find_excluding(office: Office, *words: Any) -> Supply:
        digest = digest_resident(STRANGER, office.key.digest_key)
        return find_supply(office, *words)._replace(excluded=[[digest, ""]])

    monkeypatch.setattr(late, "find_supply", find_excluding)
    found = find(hand_over(tmp_path), monkeypatch, outcome, person, near)
    assert (found.supplied, found.excluded, found.absent) == split


@pytest.mark.parametrize("near", [(), (STRANGER,)])
def test_an_application_that_may_mean_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: tuple[str, ...]
) -> None:
    found = find(hand_over(tmp_path), monkeypatch, "undecided", "", near)
    assert found == NONE._replace(unclear=1)


@pytest.mark.parametrize(
    ("policy", "received_at", "serials", "returned"),
    [
        ("honour", AFTER, [3], 0), ("honour", BEFORE, [3], 0), ("return", AFTER, [], 1),
        # In time, and only entered late: it is no late one. Without a day nobody can say that it is.
        ("return", BEFORE, [3], 0), ("return", "", [3], 0),
    ],
)  # fmt: skip
def test_the_policy_returns_only_what_came_after_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, received_at: str,
    serials: list[int], returned: int,
) -> None:  # fmt: skip
    stage = hand_over(tmp_path)
    stage = Stage(**{**vars(stage), "parameters": {**stage.parameters, "late_optout": policy}})
    found = find(stage, monkeypatch, received_at=received_at)
    assert found == HIT._replace(serials=serials, returned=returned)


def test_what_was_asked_back_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = hand_over(tmp_path)
    content = {"purpose": "discard_request", "serials": [3]}
    append_entry(stage.folder, "05", "discard_requested", signed={"content": content})
    assert find(stage, monkeypatch) == HIT._replace(asked_before=1)
    undecided = find(stage, monkeypatch, "undecided", "", (THIRD, SIXTH))
    assert undecided == HIT._replace(serials=[42], asked_before=1)


@pytest.mark.parametrize(
    ("settled", "reason", "problem", "status", "serials"),
    [("rejected", "", "", "rejected", []), ("withdrawn", "", "", "withdrawn", []),
     ("rejected", "", "", "received", [3]), ("matched", "", "", "rejected", [3]),
     ("withdrawn", "", "まだ決まっていません", "withdrawn", [3]),
     ("outside", "test_row", "", "test", []), ("outside", "not_found", "", "test", [3])],
)  # fmt: skip
def test_a_status_that_says_what_two_people_have_decided_asks_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: str, reason: str, problem: str,
    status: str, serials: list[int],
) -> None:  # fmt: skip
    received_at = str(KNOWN["received_at"].iloc[0])
    found = find(
        hand_over(tmp_path), monkeypatch, "withdrawn", settled=settled, reason=reason,
        problem=problem, status=status, application_id="form:1", received_at=received_at,
    )  # fmt: skip
    assert found.serials == serials


def note(stage: Stage, found: Late) -> int:
    """Note what was found, as 見本A; give the number of the duty that it has opened, or 0."""
    duty = note_late(stage, found, "2026-06-16", sign_as(STAFF))
    return duty.number if duty else 0


def test_what_leads_to_no_request_stands_in_the_record_and_whoever_is_unclear_is_a_duty(
    tmp_path: Path,
) -> None:
    stage = hand_over(tmp_path)
    returned = NONE._replace(fresh=3, serials=[3, 42], returned=1)
    assert note(stage, returned) == 0
    entry = read_entries(stage.folder)[-1]
    assert (entry["stage"], entry["event"]) == ("05", "late_looked")
    assert entry["facts"] == {"fresh": 3, "asked": 2, "returned": 1, "unclear": 0, "by": STAFF}
    assert list_open(tmp_path, True, stage.today) == []

    unclear = NONE._replace(fresh=2, unclear=1)
    # The same once more opens no second duty while the first stands; one more unclear one does.
    assert [note(stage, unclear), note(stage, unclear)] == [1, 0]
    assert note(stage, unclear._replace(unclear=2)) == 2
    first, second = list_open(tmp_path, True, stage.today)
    assert first[1:7] == (
        "unclear_optout", "test_ward", "提供の後の、だれを指すか決められない申出 1 件の確認", "2026-06-16",
        stage.today.isoformat(), STAFF,
    )  # fmt: skip
    assert "申出 2 件" in second.about
    settle_duty(tmp_path, sign_as(STAFF), 1, "本人に確かめた", stage.today, True)
    assert note(stage, unclear) == 3
    told = [one["facts"]["unclear"] for one in read_entries(stage.folder)[-4:]]
    assert told == [1, 1, 2, 1]


def test_a_list_that_has_lost_an_application_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = hand_over(tmp_path)
    with pytest.raises(GuardError, match="今回の一覧にありません"):
        find(stage, monkeypatch, lost=("前の申出が今回の一覧にありません。",))
    assert list_last_answer(stage, "optouts.complete") == "no"


def test_an_extract_that_was_changed_since_the_hand_over_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "today.csv"
    path.write_text("x", encoding="utf-8")
    stage = hand_over(tmp_path)
    stage = Stage(
        **{**vars(stage), "parameters": {**stage.parameters, "handover_registry_file": str(path)}}
    )
    note_sources(stage)
    monkeypatch.setattr(late, "read_extract", lambda path, profile, **asked: "extract")
    assert late._reread_latest(stage, lambda cells: cells) == "extract"
    path.write_text("y", encoding="utf-8")
    with pytest.raises(IntegrityError, match="提供の後に変わっています"):
        late._reread_latest(stage, lambda cells: cells)
