"""A year in any order: print, deaths, moves, lists, delta, spoiling, reprints, hand-over, top-ups.

The machine keeps the paper itself beside the ledger: which label says what, and in whose hands it
is. It knows who may be printed from what befell the person, and not from the rules under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from recruitlib.base.audit import digest_keyed, group_digest
from recruitlib.base.counts import Count
from recruitlib.base.errors import ParameterError
from recruitlib.base.serial_acts import describe_act, find_proposal, name_lot
from recruitlib.base.serial_course import check_serials_course, replay_serials
from recruitlib.base.signatures import SignedRun
from recruitlib.base.supplies import Supply, digest_named, digest_resident
from recruitlib.handover.delta import digest_delta, find_void
from recruitlib.handover.serials import (
    begin_ledger,
    check_ledger,
    choose_reprintable,
    count_ends,
    find_sheet_serials,
    hand_over,
    list_latest,
    list_live,
    parse_serials,
    reprint_serials,
    spoil_serials,
    void_serials,
)
from recruitlib.labels.lots import LABEL_COLUMNS, count_printed
from recruitlib.optouts import supplied_before
from recruitlib.registry.extract import RESIDENT_COLUMNS
from recruitlib.review.balance import check_balance, count_people
from recruitlib.review.recipients import Exclusions, select_recipients

KEY = b"key of the machine"
PER_SHEET = 3
IN_HAND, GIVEN, PULLED, TORN = "in hand", "given", "pulled", "torn"
PILES = {IN_HAND: "live", GIVEN: "handed_over", PULLED: "voided", TORN: "spoiled"}
PICK = st.integers(0, 999)
NOTHING = pd.DataFrame(columns=["serial", "reason"])
EVENTS = (
    "be_joined", "die", "move_out", "be_struck_off", "lose_nationality", "plan_to_move_out",
    "move_within", "rename", "vanish_or_come_back", "come_under_another_id", "protect_or_end_it",
    "opt_out", "withdraw_application", "wait_for_a_day",
)  # fmt: skip
ACTS = (
    "delta", "execute_what_was_prepared", "spoil", "reprint", "reprint", "end_again",
    "give_to_the_recipient",
)  # fmt: skip
Paper = dict[int, "Label"]


@dataclass
class Person:
    """Somebody of the town, with all that can befall one; ``who`` stays when the id changes."""

    who: int
    addressee_id: str
    cohort: str
    full_name: str
    address: str
    status: str = "resident"
    nationality: str = "japanese"
    planned_move_out: str = ""
    left_on: str = ""
    is_listed: bool = True
    is_protected: bool = False
    has_opted_out: bool = False

    @property
    def birth_date(self) -> str:
        """A day of birth that nobody else has."""
        return (date(2008, 4, 2) + timedelta(days=self.who)).isoformat()

    def may_be_printed(self, today: date) -> bool:
        """Whether a label of this person may be printed, or handed over, today."""
        is_here = self.status == "resident" and self.is_listed and not self.left_on
        stays = not self.planned_move_out or self.planned_move_out > today.isoformat()
        is_free = not self.is_protected and not self.has_opted_out
        return is_here and stays and is_free and self.nationality == "japanese"


@dataclass
class Label:
    """One piece of paper: whose it is, what it says, in which pile it lies."""

    who: int
    addressee_id: str
    full_name: str
    address: str
    cohort: str
    is_reprint: bool = False
    pile: str = IN_HAND


@dataclass
class Run:
    """A run from its print on: ledger, printed rows, chain, the paper, and what 03 counted."""

    run_id: str
    table: pd.DataFrame
    printed: pd.DataFrame
    counts: list[Count]
    paper: Paper
    entries: list[dict[str, Any]] = field(default_factory=list)
    prepared: list[dict[str, Any]] = field(default_factory=list)
    is_open: bool = True

    def note(self, stage: str, event: str, **facts: Any) -> None:
        """Append an entry to the chain."""
        seq = len(self.entries) + 1
        self.entries.append({"seq": seq, "stage": stage, "event": event, "facts": facts})


class Year(RuleBasedStateMachine):
    """A fiscal year of a small town."""

    def __init__(self) -> None:
        super().__init__()
        self.today = date(2026, 5, 18)
        self.people: list[Person] = []
        self.runs: list[Run] = []
        self.supplies: list[Supply] = []
        self.checked = (0, 0)
        self.changes = 0

    # ---- the town ----

    @initialize(
        cohorts=st.lists(st.sampled_from(["18", "22"]), min_size=3, max_size=7),
        barred=st.sets(st.integers(0, 6), max_size=2),
    )
    def settle(self, cohorts: list[str], barred: set[int]) -> None:
        for place, cohort in enumerate(cohorts):
            self.move_in(cohort)
            self.people[-1].is_protected = place in barred and place % 2 == 1
            self.people[-1].has_opted_out = place in barred and place % 2 == 0
        self.print_labels()

    def move_in(self, cohort: str) -> None:
        number = len(self.people) + 1
        self.people.append(
            Person(
                number, f"{number:010d}", cohort, f"試験　{number:02d}郎", f"片町{number}番１号"
            )
        )  # fmt: skip

    @rule(
        events=st.lists(st.tuples(st.sampled_from(EVENTS), PICK), max_size=3),
        act=st.sampled_from(ACTS),
        picks=st.lists(PICK, min_size=1, max_size=3),
    )
    def live_and_act(self, events: list[tuple[str, int]], act: str, picks: list[int]) -> None:
        """Let something befall people of the town, and do an act on the labels of the open run."""
        for event, at in events:
            getattr(self, event)(self.people[at % len(self.people)])
        if self.runs and self.run.is_open:
            getattr(self, act)(picks)
        elif len(self.runs) < 3:
            self.print_labels()

    def be_joined(self, person: Person) -> None:
        if len(self.people) < 10:
            self.move_in(person.cohort)

    def die(self, person: Person) -> None:
        person.status = "dead"

    def move_out(self, person: Person) -> None:
        person.status = "moved_out"

    def be_struck_off(self, person: Person) -> None:
        person.left_on = self.today.isoformat()

    def lose_nationality(self, person: Person) -> None:
        person.nationality = "foreign"

    def plan_to_move_out(self, person: Person) -> None:
        person.planned_move_out = (self.today + timedelta(days=person.who % 2)).isoformat()

    def move_within(self, person: Person) -> None:
        person.address += "の１"

    def rename(self, person: Person) -> None:
        # Under a new name and a new id nobody could know the person again.
        if not self.list_papers(person.who, GIVEN):
            person.full_name += "子"

    def vanish_or_come_back(self, person: Person) -> None:
        person.is_listed = not person.is_listed

    def come_under_another_id(self, person: Person) -> None:
        """Move out and in again; the labels of before are nobody's now."""
        self.people[self.people.index(person)] = replace(
            person, addressee_id=f"9{self.changes:09d}", status="resident", planned_move_out="",
            left_on="", is_listed=True, has_opted_out=False,
        )  # fmt: skip
        self.changes += 1

    def protect_or_end_it(self, person: Person) -> None:
        person.is_protected = not person.is_protected

    def opt_out(self, person: Person) -> None:
        """Opt out, before the print, after it or after the hand-over."""
        person.has_opted_out = True
        # What was handed over is asked back: the register alone tells the one serial.
        digest = digest_named(person.full_name, person.birth_date, KEY)
        found = [
            (own.run_id, serial)
            for own in self.supplies
            for serial, *digests in own.labels
            if digest in digests
        ]
        assert found == [place[:2] for place in self.list_papers(person.who, GIVEN)]

    def withdraw_application(self, person: Person) -> None:
        person.has_opted_out = False

    def wait_for_a_day(self, person: Person) -> None:
        self.today += timedelta(days=1)

    # ---- what the office reads today ----

    def read_records(self) -> pd.DataFrame:
        rows = [
            {
                **dict.fromkeys(RESIDENT_COLUMNS, ""), "addressee_id": one.addressee_id,
                "full_name": one.full_name, "address": one.address, "status": one.status,
                "nationality": one.nationality, "planned_move_out": one.planned_move_out,
                "left_on": one.left_on, "birth_date": one.birth_date, "is_latest": True,
                "source_row": one.who + 1, "postal_code": "１６００００１", "cohort": one.cohort,
            }
            for one in self.people
            if one.is_listed
        ]  # fmt: skip
        columns = [*RESIDENT_COLUMNS, "cohort", "is_latest", "left_on"]
        table = pd.DataFrame(rows, columns=list(dict.fromkeys(columns)))
        return table.astype({"is_latest": "bool", "planned_move_out": "str"})

    def find_supplied(self, run_id: str, people: pd.DataFrame) -> set[str]:
        others = [own for own in self.supplies if own.run_id != run_id]
        with patch.object(supplied_before, "_read_others", lambda stage: (others, KEY)):
            found = supplied_before.find_supplied_before(None, people)  # type: ignore[arg-type]
        return set(found["addressee_id"])

    def find_void(self, run: Run, labels: pd.DataFrame) -> pd.DataFrame:
        protected = {one.addressee_id for one in self.people if one.is_protected}
        opted_out = {one.addressee_id for one in self.people if one.has_opted_out}
        supplied = self.find_supplied(run.run_id, run.printed)
        return find_void(
            labels, run.printed, self.read_records(), protected, opted_out, supplied, self.today
        )

    def list_papers(self, who: int, pile: str) -> list[tuple[str, int, Label]]:
        return [
            (run.run_id, serial, label)
            for run in self.runs
            for serial, label in run.paper.items()
            if label.who == who and label.pile == pile
        ]

    def find_person(self, label: Label) -> Person | None:
        """Find whom a label means; nobody when the id is no longer in use."""
        return next((one for one in self.people if one.addressee_id == label.addressee_id), None)

    def is_free(self, label: Label) -> bool:
        """Whether the person of a label may be printed today, as the town itself knows."""
        person = self.find_person(label)
        return (
            person is not None
            and person.may_be_printed(self.today)
            and not self.list_papers(label.who, GIVEN)
        )

    def is_right(self, label: Label) -> bool:
        """Whether a label may be handed over today, as the town itself knows."""
        person = self.find_person(label)
        says = (label.full_name, label.address)
        return self.is_free(label) and says == (person.full_name, person.address)  # type: ignore[union-attr]

    # ---- the labels ----

    @property
    def run(self) -> Run:
        return self.runs[-1]

    def print_labels(self) -> None:
        """Print the first run of the year, or when one has been handed over, a top-up."""
        records = self.read_records()
        is_of_cohort = (
            (records["status"] == "resident") & (records["nationality"] == "japanese")
            & (records["left_on"] == "")
            & ((records["planned_move_out"] == "")
               | (records["planned_move_out"] > self.today.isoformat()))
        )  # fmt: skip
        cohort = records[is_of_cohort]
        run_id = f"run_{len(self.runs) + 1}"
        ids = {
            name: frozenset(one.addressee_id for one in self.people if getattr(one, name))
            for name in ("is_protected", "has_opted_out")
        }
        opted_out = ids["has_opted_out"] - ids["is_protected"]
        supplied = frozenset(self.find_supplied(run_id, cohort)) - opted_out - ids["is_protected"]
        exclusions = Exclusions(ids["is_protected"], opted_out, frozenset(), supplied)
        people = select_recipients(cohort, exclusions)
        if people.empty:
            return
        labels = pd.DataFrame(
            [
                (place + 1, "all", place // PER_SHEET + 1, place % PER_SHEET + 1, *person)
                for place, person in enumerate(people[["addressee_id", "cohort"]].values.tolist())
            ],
            columns=list(LABEL_COLUMNS),
        )
        printed = people[list(RESIDENT_COLUMNS)].assign(serial=labels["serial"])
        ages = cohort["cohort"].value_counts()
        counts = [Count(str(age), "cohort", int(number)) for age, number in ages.items()]
        counts += [*count_people(cohort, exclusions, people), *count_printed(labels)]
        run = Run(run_id, begin_ledger(labels), printed, counts, {})
        for stage in ("01", "02", "03", "04"):
            run.note(stage, "begun", parameters={"run_id": run_id})
            own = [list(count) for count in counts if count.step in ("labels", "sheets")]
            run.note(stage, "completed", counts=own if stage == "04" else [])
        self.runs.append(run)
        self.lay_down(labels, people)
        wanted = [
            one for one in self.people
            if one.may_be_printed(self.today) and not self.list_papers(one.who, GIVEN)
        ]  # fmt: skip
        assert sorted(label.who for label in run.paper.values()) == [one.who for one in wanted]

    def lay_down(
        self, labels: pd.DataFrame, people: pd.DataFrame, is_reprint: bool = False
    ) -> None:
        """Lay the printed paper on the desk: nobody is on it who must not be, and it is right."""
        said = people.set_index("addressee_id")
        for own in labels.to_dict("records"):
            row = said.loc[own["addressee_id"]]
            who = next(one.who for one in self.people if one.addressee_id == own["addressee_id"])
            label = Label(
                who,
                own["addressee_id"],
                row["full_name"],
                row["address"],
                own["cohort"],
                is_reprint,
            )
            assert self.is_right(label), "an excluded person was printed"
            self.run.paper[own["serial"]] = label

    def describe(
        self, act: str, serials: list[int], reason: str = "", void: pd.DataFrame = NOTHING
    ) -> dict[str, Any]:
        """Describe an act as both officers sign it, on all that it rests on today."""
        run = self.run
        rests = [act, serials, reason, digest_delta(void, run.table, KEY)]
        digest = digest_keyed(KEY, repr(rests).encode())
        return describe_act(act, serials, reason, digest, SignedRun(run.run_id, True))

    def execute(
        self, content: dict[str, Any], voided: list[int], spoiled: list[int],
        reprinted: list[list[int]], lot: str = "",
    ) -> None:  # fmt: skip
        """Write an act into the chain as the second officer's, when it was prepared as it is now."""
        run = self.run
        found = find_proposal(run.entries, group_digest(content["digest"]))
        assert found is not None and found["content"] == content
        change = {"content": content, "prepared_signature": found["signature"]}
        run.note(
            "05", "serials_changed", act=content["act"], voided=voided, spoiled=spoiled,
            reprinted=reprinted, lot=lot, reason=content["reason"], digest=content["digest"],
            change=change,
        )  # fmt: skip
        for serial in voided:
            self.take(serial, PULLED)
        for serial in spoiled:
            self.take(serial, TORN)

    def look_at_today(self) -> tuple[pd.DataFrame, list[int]]:
        """Find what is void today and who may be printed again: whom the town itself knows to be so."""
        run = self.run
        newest = {
            max(serial for serial, own in run.paper.items() if own.addressee_id == one.addressee_id)
            for one in run.paper.values()
        }
        found = self.find_void(run, list_latest(run.table))
        may = choose_reprintable(run.table, found)
        assert may == [serial for serial in sorted(newest) if self.is_free(run.paper[serial])]
        void = found[found["serial"].isin(list_live(run.table)["serial"])]
        on_desk = [serial for serial, one in run.paper.items() if one.pile == IN_HAND]
        wrong = [serial for serial in on_desk if not self.is_right(run.paper[serial])]
        assert sorted(void["serial"]) == wrong
        return void, may

    def take(self, serial: int, pile: str) -> None:
        """Take a label from the desk to another pile, which only one on the desk can go to."""
        assert self.run.paper[serial].pile == IN_HAND, "a serial ended twice"
        self.run.paper[serial].pile = pile

    def prepare(self, content: dict[str, Any]) -> None:
        self.run.note("05", "serials_proposed", content=content, signature="s", officer={})

    def delta(self, picks: list[int]) -> None:
        """Void what must not be handed over today; now and then it is only prepared."""
        run = self.run
        void, _ = self.look_at_today()
        serials = void["serial"].tolist()
        content = self.describe("delta", serials, void=void)
        if serials:
            self.prepare(content)
        run.prepared.append(content)
        if serials and len(picks) != 2:
            run.table = void_serials(run.table, serials)
            self.execute(content, sorted(serials), [], [])

    def execute_what_was_prepared(self, picks: list[int]) -> None:
        """Execute an old delta: only when nothing was changed since, and all is as it was."""
        run = self.run
        if not run.prepared:
            return
        content = run.prepared[picks[0] % len(run.prepared)]
        void, _ = self.look_at_today()
        serials = void["serial"].tolist()
        found = find_proposal(run.entries, group_digest(content["digest"]))
        notes = [own["facts"].get("content") for own in run.entries]
        later = run.entries[notes.index(content) :] if content in notes else []
        if any(own["event"] == "serials_changed" for own in later) and notes.count(content) == 1:
            assert found is None
        if found is None or self.describe("delta", serials, void=void) != content:
            return
        run.table = void_serials(run.table, serials)
        self.execute(content, sorted(serials), [], [])

    def spoil(self, picks: list[int]) -> None:
        run = self.run
        is_sheet = len(picks) > 1
        row = run.table.iloc[picks[0] % len(run.table)]
        text = f"{row['bundle']}:{row['sheet']}"
        same = run.table[
            (run.table["bundle"] == row["bundle"]) & (run.table["sheet"] == row["sheet"])
        ]
        named = same["serial"].tolist() if is_sheet else [int(row["serial"])]
        on_desk = [serial for serial in named if run.paper[serial].pile == IN_HAND]
        before = run.table.copy()
        try:
            serials = find_sheet_serials(run.table, text) if is_sheet else named
            run.table = spoil_serials(run.table, serials)
        except ParameterError:
            assert not on_desk
            pd.testing.assert_frame_equal(run.table, before)
            return
        assert serials == on_desk
        after, run.table = run.table, before
        content = self.describe("spoil", serials)
        self.prepare(content)
        run.table = after
        self.execute(content, [], serials, [])

    def reprint(self, picks: list[int]) -> None:
        run = self.run
        wanted = sorted({at % len(run.table) + 1 for at in picks})
        assert parse_serials(",".join(map(str, wanted))) == wanted
        _, may = self.look_at_today()
        serials = [serial for serial in wanted if serial in may]
        if not serials:
            return
        content = self.describe("reprint", serials, "soiled")
        self.prepare(content)
        records = self.read_records()
        old = run.table.set_index("serial").loc[serials]
        number = 1 + sum(own["facts"].get("act") == "reprint" for own in run.entries)
        first = len(run.table) + 1
        lot = pd.DataFrame(
            [
                (first + place, name_lot(number), 1, place + 1, *person, serial)
                for place, (serial, person) in enumerate(
                    zip(serials, old[["addressee_id", "cohort"]].values.tolist(), strict=True)
                )
            ],
            columns=[*LABEL_COLUMNS, "replaces"],
        )
        live = [serial for serial in serials if run.paper[serial].pile == IN_HAND]
        run.table = reprint_serials(run.table, lot)
        said = lot[["serial", "addressee_id"]].merge(records[list(RESIDENT_COLUMNS)])
        run.printed = pd.concat([run.printed, said], ignore_index=True)
        pairs = lot[["replaces", "serial"]].values.tolist()
        self.execute(content, live, [], pairs, name_lot(number))
        self.lay_down(lot, records, is_reprint=True)

    def end_again(self, picks: list[int]) -> None:
        """Try to end what has ended, or to print again what was: each is refused and changes nothing."""
        run = self.run
        ended = [serial for serial, label in run.paper.items() if label.pile != IN_HAND]
        if not ended:
            return
        serial = ended[picks[0] % len(ended)]
        before = run.table.copy()
        for act in (void_serials, spoil_serials):
            with pytest.raises(ParameterError, match=f"通番 {serial} "):
                act(run.table, [serial])
        for old in run.table.loc[run.table["replaces"] != 0, "replaces"]:
            lot = run.table[run.table["serial"] == old].assign(
                serial=len(run.table) + 1, replaces=old
            )
            with pytest.raises(ParameterError, match=f"通番 {old} は、もう新しい通番で"):
                reprint_serials(run.table, lot)
        pd.testing.assert_frame_equal(run.table, before)

    def give_to_the_recipient(self, picks: list[int]) -> None:
        """Hand over: 05 makes the delta of the day by itself, and all that is left goes.

        Where people have moved in, and one of before is back, the top-up is printed at once.
        """
        run = self.run
        void, _ = self.look_at_today()
        serials = sorted(void["serial"].tolist())
        run.table = hand_over(void_serials(run.table, serials))
        for serial in serials:
            self.take(serial, PULLED)
        left = [(serial, label) for serial, label in run.paper.items() if label.pile == IN_HAND]
        for _, label in left:
            assert self.is_right(label), "somebody was handed over who must not be"
        for serial, _ in left:
            self.take(serial, GIVEN)
        ends = count_ends(run.table)
        assert check_balance([*run.counts, *ends]) == []
        blank = int(run.table["state"].isin(["voided", "spoiled"]).sum())
        run.note("05", "blanked", blank=blank)
        signed = {"content": {"handed_over_labels": len(left)}}
        run.note(
            "05", "completed", counts=[list(count) for count in ends], voided=serials, signed=signed
        )
        run.is_open = False
        names = run.printed.set_index("serial")
        kept = [
            (serial, digest_resident(label.addressee_id, KEY),
             digest_named(names.loc[serial, "full_name"], names.loc[serial, "birth_date"], KEY))
            for serial, label in left
        ]  # fmt: skip
        self.supplies.append(Supply(run.run_id, "", "", "", "", kept))
        if left:
            with pytest.raises(ParameterError, match="もう提供しています"):
                hand_over(run.table)
        self.ledger_chain_and_paper_agree()
        if len(picks) > 1 and len(self.runs) < 3:
            self.move_in("22" if picks[0] % 2 else "18")
            self.come_under_another_id(self.people[picks[1] % len(self.people)])
            self.print_labels()

    # ---- what always holds ----

    @invariant()
    def ledger_chain_and_paper_agree(self) -> None:
        if not self.runs or self.checked == (len(self.runs), len(self.run.entries)):
            return
        run = self.run
        self.checked = (len(self.runs), len(run.entries))
        assert check_ledger(run.table) == []
        states = {serial: PILES[label.pile] for serial, label in sorted(run.paper.items())}
        assert dict(zip(run.table["serial"], run.table["state"], strict=True)) == states
        assert replay_serials(run.entries) == states
        assert list(check_serials_course(run.entries)) == []
        self.check_counts(run)

    def check_counts(self, run: Run) -> None:
        known = {(count.cohort, count.step): count.count for count in count_ends(run.table)}
        for age in sorted({label.cohort for label in run.paper.values()}):
            own = [label for label in run.paper.values() if label.cohort == age]
            piles = {
                state: sum(PILES[one.pile] == state for one in own) for state in PILES.values()
            }
            assert known[age, "reprints"] == sum(one.is_reprint for one in own)
            for state in ("handed_over", "voided", "spoiled"):
                assert known[age, state] == piles[state]
            (labels,) = (n for who, step, n in run.counts if (who, step) == (age, "labels"))
            assert labels + known[age, "reprints"] == sum(piles.values())

    @invariant()
    def nobody_is_supplied_twice(self) -> None:
        for person in self.people:
            given = self.list_papers(person.who, GIVEN)
            assert len(given) <= 1
            assert len(self.list_papers(person.who, IN_HAND)) <= 1 - len(given)


TestYear = Year.TestCase
TestYear.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
