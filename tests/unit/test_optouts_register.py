"""The register: one running number for every application, never lost, never changed, never mixed.

Right values: a plain model of a paper register (numbers are given once, in order; nothing is torn
out), the published accidents A17 (八女市: posted applications vanished) and A18 (いわき市: one was
lost between branch and office), and openpyxl, which reads the exported workbook.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyrage
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib import cli
from recruitlib.base.audit import append_entry, digest_bytes, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.exports import list_exports
from recruitlib.base.office import locate_office, open_office
from recruitlib.base.run import Stage
from recruitlib.base.vault import (
    PASSPHRASE_VARIABLE,
    REGISTER_KEY_VARIABLE,
    REGISTER_PASSPHRASE_VARIABLE,
)
from recruitlib.base.verification import verify_record
from recruitlib.optouts.register import (
    REGISTER_COLUMNS,
    Joined,
    check_registered,
    describe_missing,
    forget_run,
    join_day,
    join_register,
    make_register,
    read_register,
)
from recruitlib.optouts.register_workbook import export_register, tabulate_register
from tests.conftest import PARAMETERS, ROOT
from tests.unit.stages import make_stage

STEADY = settings(deadline=None, derandomize=True)
KEY = b"digest key of the tests"
PASSPHRASE = "受付簿をひらく架空の合言葉"
NAME = "架空野　花子"


@pytest.fixture(autouse=True)
def _without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every secret out of the environment, and the slowness out of the passphrase."""
    for name in (PASSPHRASE_VARIABLE, REGISTER_PASSPHRASE_VARIABLE, REGISTER_KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("keyring.get_password", lambda *_: None)
    monkeypatch.setattr("sys.stdin", None)

    def lock(content: bytes, passphrase: str) -> bytes:
        return passphrase.encode() + b"\0" + content

    def unlock(content: bytes, passphrase: str) -> bytes:
        own, _, rest = content.partition(b"\0")
        if own != passphrase.encode():
            raise pyrage.DecryptError("wrong")
        return rest

    monkeypatch.setattr(pyrage.passphrase, "encrypt", lock)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", unlock)


def apply(*rows: dict[str, Any]) -> pd.DataFrame:
    """Make applications: an invented person's, with the changes of each row."""
    common = {
        "application_id": "form:1", "received_at": "2026-04-10", "channel": "form",
        "subject_name": NAME, "subject_kana": "カクウノ　ハナコ",
        "subject_birth_text": "平成20年5月5日", "subject_birth_date": "2008-05-05",
        "subject_address": "片町1番1号", "subject_building": "", "phone": "090-0000-0000",
        "applicant_relation": "self", "identity_check": "card", "status": "accepted",
        "source": "form", "source_row": 2,
    }  # fmt: skip
    further = sorted({name for row in rows for name in row} - set(common))
    whole = [{**dict.fromkeys(further, ""), **common, **row} for row in rows]
    return pd.DataFrame(whole, columns=[*common, *further])


def join(register: pd.DataFrame, applications: pd.DataFrame, run_id: str = "r8_1") -> Joined:
    return join_register(register, applications, run_id, 2026, KEY)


def number(register: pd.DataFrame) -> dict[str, list[int]]:
    """Give the numbers of each application, in their order."""
    return register.groupby("application_id")["number"].apply(list).to_dict()


# ---- joining ----


def test_numbers_run_by_the_day_of_reception_and_then_by_the_id() -> None:
    applications = apply(
        {"application_id": "form:10", "received_at": "2026-04-12"},
        {"application_id": "form:9", "received_at": "2026-04-12"},
        {"application_id": "counter:3", "received_at": "2026-05-01", "source": "counter"},
        {"application_id": "form:30", "received_at": "2026-04-11"},
    )
    joined = join(make_register(), applications)
    assert joined.register["application_id"].tolist() == [
        "form:30", "form:9", "form:10", "counter:3",
    ]  # fmt: skip
    assert joined.register["number"].tolist() == [1, 2, 3, 4]
    assert set(joined.register["fiscal_year"]) == {2026}
    assert set(joined.register["run_id"]) == {"r8_1"}
    assert (joined.added, joined.replaced, joined.missing) == (4, 0, [])
    assert list(joined.register.columns) == list(REGISTER_COLUMNS)


def test_a_later_application_of_an_earlier_day_takes_the_next_number() -> None:
    # A paper that was posted early and arrives late never moves those that have their number.
    first = join(make_register(), apply({"application_id": "form:5", "received_at": "2026-05-01"}))
    posted = {"application_id": "counter:1", "received_at": "2026-04-01", "source": "counter"}
    second = join(
        first.register, apply({"application_id": "form:5", "received_at": "2026-05-01"}, posted)
    )
    assert number(second.register) == {"form:5": [1], "counter:1": [2]}


def test_joining_the_same_applications_again_changes_nothing() -> None:
    applications = apply(*[{"application_id": f"form:{n}"} for n in range(1, 6)])
    once = join(make_register(), applications).register
    # The same rows in another order, at other places of the file, in another file's reading.
    again = applications.iloc[::-1].assign(source_row=range(10, 15), subject_birth_date="")
    twice = join(once, again)
    assert twice.register.equals(once)
    assert (twice.added, twice.replaced, twice.missing) == (0, 0, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [("status", "withdrawn"), ("subject_address", "片町1番2号"), ("subject_name", "架空野　華子"),
     ("received_at", "2026-04-11"), ("phone", ""), ("identity_check", "none"), ("wish", "supply")],
)  # fmt: skip
def test_changed_content_is_a_new_line_that_names_the_one_it_replaces(
    column: str, value: str
) -> None:
    others = [{"application_id": "form:2"}, {"application_id": "form:3"}]
    first = join(make_register(), apply({}, *others)).register
    joined = join(first, apply({column: value}, *others))
    assert number(joined.register) == {"form:1": [1, 4], "form:2": [2], "form:3": [3]}
    assert joined.register["replaces"].tolist() == ["", "", "", "1"]
    assert joined.register.loc[3, column] == value
    assert (joined.added, joined.replaced, joined.missing) == (1, 1, [])
    said = [name for name in REGISTER_COLUMNS if name != "seen_in"]
    assert joined.register[said].iloc[:3].equals(first[said])
    # Both states of it are known now, so that an older list run again adds nothing.
    older = join(joined.register, apply({}, *others))
    assert (older.added, older.replaced, older.missing) == (0, 0, [])


def test_a_new_reading_of_the_same_words_is_no_new_line() -> None:
    first = join(make_register(), apply({"linked_to": ""}))
    second = join(first.register, apply({"linked_to": "counter:7", "subject_birth_date": ""}))
    third = join(second.register, apply({"linked_to": ""}))
    assert (second.added, third.added) == (0, 0)
    assert second.register["linked_to"].tolist() == ["counter:7"]
    assert third.register["linked_to"].tolist() == ["counter:7"]


def test_the_same_number_of_two_channels_is_two_applications() -> None:
    applications = apply({}, {"application_id": "counter:1", "source": "counter"})
    joined = join(make_register(), applications)
    assert number(joined.register) == {"counter:1": [1], "form:1": [2]}
    assert joined.replaced == 0


def test_two_papers_under_one_number_stand_side_by_side() -> None:
    # A parent signs for two children on one paper.
    applications = apply({}, {"subject_name": "架空野　太郎"})
    joined = join(make_register(), applications)
    assert number(joined.register) == {"form:1": [1, 2]}
    assert (joined.added, joined.replaced) == (2, 0)
    assert join(joined.register, applications).register.equals(joined.register)


def test_a_cell_that_flows_into_the_next_is_not_the_same_content() -> None:
    one = {"subject_address": "片町1", "subject_building": "1番"}
    other = {"subject_address": "片町1番", "subject_building": ""}
    assert join(make_register(), apply(one, {**other, "application_id": "form:1"})).added == 2


def test_a_lost_application_is_kept_and_reported_by_its_number() -> None:
    # A17 and A18: the application had arrived; a later list no longer has it.
    rows = [{"application_id": f"form:{n}"} for n in range(1, 6)]
    first = join(make_register(), apply(*rows))
    later = join(first.register, apply(*(rows[:2] + rows[3:]), {"application_id": "form:6"}))
    assert later.missing == [3]
    assert number(later.register)["form:3"] == [3]
    assert later.added == 1
    message = describe_missing(later.missing)[0]
    assert "1 件" in message
    assert "受付簿の番号 3" in message
    assert "form:" not in message
    assert NAME not in message
    assert describe_missing([]) == []
    # It stays missing until a list has it again.
    assert join(later.register, apply(*rows[:2])).missing == [3, 4, 5, 6]
    assert join(later.register, apply(*rows, {"application_id": "form:6"})).missing == []


def test_many_missing_applications_are_counted_and_the_first_named() -> None:
    message = describe_missing(list(range(1, 301)))[0]
    assert "300 件" in message
    assert message.count("・") == 19


def test_a_lost_application_that_had_changed_is_reported_once_by_its_latest_number() -> None:
    first = join(make_register(), apply({}, {"application_id": "form:2"})).register
    second = join(first, apply({"status": "withdrawn"}, {"application_id": "form:2"})).register
    assert join(second, apply({"application_id": "form:2"})).missing == [3]


def test_another_run_of_the_year_shares_the_numbers_and_misses_only_what_it_has_had() -> None:
    first = join(make_register(), apply({}, {"application_id": "form:2"}), "r8_1").register
    second = join(first, apply({"application_id": "form:2"}, {"application_id": "form:3"}), "r8_2")
    assert second.missing == []
    assert number(second.register) == {"form:1": [1], "form:2": [2], "form:3": [3]}
    assert second.register["run_id"].tolist() == ["r8_1", "r8_1", "r8_2"]
    # Number 2 was registered by the other run, and seen by this one.
    third = join(second.register, apply({"application_id": "form:3"}), "r8_2")
    assert third.missing == [2]
    assert join(third.register, apply({}), "r8_1").missing == [2]


def test_a_run_that_begins_anew_misses_nothing_and_loses_no_line() -> None:
    first = join(make_register(), apply({}, {"application_id": "form:2"})).register
    anew = forget_run(first, "r8_1")
    assert join(anew, apply({})).missing == []
    assert anew.drop(columns="seen_in").equals(first.drop(columns="seen_in"))
    assert forget_run(first, "r8").equals(first)


def test_an_empty_day_joins_too() -> None:
    empty = join(make_register(), apply())
    assert (len(empty.register), empty.missing) == (0, [])
    first = join(empty.register, apply({})).register
    assert join(first, apply()).missing == [1]


def test_a_missing_value_is_refused_without_showing_another() -> None:
    for value in (None, float("nan"), 5):
        with pytest.raises(ValueError, match="列「phone」") as stop:
            join(make_register(), apply({"phone": value}))
        assert NAME not in str(stop.value)


def test_the_digest_is_of_the_key() -> None:
    own = join_register(make_register(), apply({}), "r8_1", 2026, KEY).register["digest"][0]
    other = join_register(make_register(), apply({}), "r8_1", 2026, b"x").register["digest"][0]
    assert own != other
    assert len(own) == 64


IDS = st.sampled_from([f"{source}:{n}" for source in ("form", "counter") for n in range(8)])
EXPORTS = st.lists(
    st.dictionaries(IDS, st.sampled_from(["accepted", "withdrawn", "returned"]), max_size=10),
    min_size=1, max_size=6,
)  # fmt: skip
DAYS = {
    f"{source}:{n}": f"2026-04-{10 + (n * 7) % 5}"
    for source in ("form", "counter")
    for n in range(8)
}


def make_export(content: Iterable[tuple[str, str]]) -> pd.DataFrame:
    return apply(*[
        {"application_id": name, "status": status, "received_at": DAYS[name]}
        for name, status in content
    ])  # fmt: skip


@given(EXPORTS, st.booleans())
@settings(STEADY, max_examples=150)
def test_over_any_exports_each_application_keeps_its_first_number_and_none_is_lost(
    exports: list[dict[str, str]], growing: bool
) -> None:
    register = make_register()
    first_numbers: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    had: set[str] = set()
    whole: dict[str, str] = {}
    for export in exports:
        # A growing export still has all that the one before had, with what it says now.
        whole = {**whole, **export} if growing else export
        joined = join(register, make_export(whole.items()))
        fresh = {(name, status) for name, status in whole.items()} - seen
        assert joined.added == len(fresh)
        # Every line so far stands where it stood, word for word.
        said = [name for name in REGISTER_COLUMNS if name != "seen_in"]
        assert joined.register[said].iloc[: len(register)].equals(register[said])
        new = joined.register.iloc[len(register) :]
        assert set(zip(new["application_id"], new["status"], strict=True)) == fresh
        assert new["received_at"].is_monotonic_increasing
        assert joined.register["number"].tolist() == list(range(1, len(joined.register) + 1))
        lost = {joined.register["application_id"][place - 1] for place in joined.missing}
        assert lost == had - set(whole)
        assert not (growing and lost)
        for name, place in zip(
            joined.register["application_id"], joined.register["number"], strict=True
        ):
            first_numbers.setdefault(name, place)
        assert {
            name: places[0] for name, places in number(joined.register).items()
        } == first_numbers
        assert join(joined.register, make_export(whole.items())).register.equals(joined.register)
        register, seen, had = joined.register, seen | fresh, had | set(whole)
    assert set(first_numbers) == had


# ---- the day, on the office's folder ----


def begin(folder: Path, number: str = "02", **changes: Any) -> Stage:
    return make_stage(folder, number, **changes)


def begin_real(folder: Path, monkeypatch: pytest.MonkeyPatch, number: str = "02") -> Stage:
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, PASSPHRASE)
    return make_stage(folder, number, run_kind="production", business_date={})


def read(stage: Stage, year: int = 2026) -> pd.DataFrame:
    office = open_office(stage.root, stage.folder, "test_ward", stage.demonstration)
    return read_register(office, year)


def test_a_demonstration_joins_with_nothing_set_and_apart_from_the_office_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    result = join_day(stage, apply({}, {"application_id": "form:2"}))
    assert result == (2, 2, 2, 0, [])
    assert sorted(path.name for path in (tmp_path / "register").iterdir()) == ["demonstration"]
    assert {path.name for path in (tmp_path / "register/demonstration").iterdir()} - {".lock"} == {
        "r2026.age", "register.key.age", "register.yaml",
    }  # fmt: skip
    real = begin_real(tmp_path, monkeypatch)
    join_day(real, apply({"application_id": "form:77"}))
    assert read(real)["application_id"].tolist() == ["form:77"]
    monkeypatch.delenv(REGISTER_PASSPHRASE_VARIABLE)
    assert read(stage)["application_id"].tolist() == ["form:1", "form:2"]


def test_the_invented_register_put_in_the_place_of_the_own_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    join_day(begin(tmp_path), apply({}))
    for path in locate_office(tmp_path, True).iterdir():
        path.rename(tmp_path / "register" / path.name)
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, "demo")
    with pytest.raises(ParameterError, match="12 文字以上"):
        join_day(make_stage(tmp_path, "02", run_kind="production", business_date={}), apply({}))
    monkeypatch.setattr("recruitlib.base.vault.SHORTEST_PASSPHRASE", 4)
    with pytest.raises(IntegrityError, match="鍵と合いません"):
        join_day(make_stage(tmp_path, "02", run_kind="production", business_date={}), apply({}))


def test_run_again_a_day_changes_nothing(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    applications = apply({}, {"application_id": "form:2"})
    join_day(stage, applications)
    before = read(stage)
    assert join_day(stage, applications) == (2, 2, 0, 0, [])
    assert read(stage).equals(before)


def test_what_is_matched_must_be_what_was_joined(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    append_entry(stage.folder, "02", "begun")
    joined = apply({}, {"application_id": "form:2"})
    join_day(stage, joined)
    assert check_registered(stage, joined) == check_registered(stage, joined[::-1]) == []
    lost, copied = joined.iloc[1:], pd.concat([joined, joined.head(1)])
    changed = joined.assign(subject_name=["架空野　太郎", NAME])
    for other in (lost, copied, changed):
        assert "違います" in check_registered(stage, other)[0]
    append_entry(stage.folder, "02", "begun")
    assert check_registered(stage, lost) == []  # nothing is joined yet; rows_decided is due


def test_the_later_days_join_with_new_numbers_and_notice_what_is_gone(tmp_path: Path) -> None:
    join_day(begin(tmp_path), apply({}, {"application_id": "form:2"}))
    printing = join_day(
        begin(tmp_path, "04"), apply({}, {"application_id": "form:2"}, {"application_id": "form:3"})
    )
    assert printing == (3, 3, 1, 0, [])
    handing_over = begin(tmp_path, "05")
    assert join_day(handing_over, apply({}, {"application_id": "form:3"})) == (2, 3, 0, 0, [2])
    logged = [
        entry for entry in read_entries(handing_over.folder) if entry["event"] == "registered"
    ]
    assert [entry["stage"] for entry in logged] == ["02", "04", "05"]
    facts = dict(logged[-1]["facts"])
    assert len(facts.pop("digest")) == 64
    assert facts == {"applications": 2, "lines": 3, "added": 0, "replaced": 0, "missing": 1}
    # The stages of this test were completed by hand; the files are right.
    assert [line for line in verify_record(handing_over.folder) if "audit.jsonl" not in line] == []


def test_the_record_and_the_clear_files_hold_nothing_of_a_person(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    result = join_day(stage, apply({"application_id": "form:48210001"}))
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) >= 4
    for value in (NAME, "片町", "090-0000", "48210001", "2008", "平成"):
        assert not [text for text in texts if value.encode() in text]
        assert value not in repr(result)


def test_a_demonstration_that_is_removed_and_run_again_begins_anew(tmp_path: Path) -> None:
    join_day(begin(tmp_path), apply({}, {"application_id": "form:2"}))
    (tmp_path / "runs/test_ward/audit.jsonl").unlink()
    stage = begin(tmp_path)
    assert join_day(stage, apply({})) == (1, 2, 0, 0, [])
    # Within one run nothing is forgotten.
    assert join_day(stage, apply({"application_id": "form:2"})).missing == [1]


def test_a_real_run_that_is_removed_and_run_again_still_misses_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    join_day(begin_real(tmp_path, monkeypatch), apply({}, {"application_id": "form:2"}))
    (tmp_path / "runs/test_ward/audit.jsonl").unlink()
    assert join_day(begin_real(tmp_path, monkeypatch), apply({})).missing == [2]


def test_each_fiscal_year_has_a_register_and_numbers_of_its_own(tmp_path: Path) -> None:
    join_day(begin(tmp_path), apply({}, {"application_id": "form:2"}))
    later = begin(tmp_path, fiscal_year=2027)
    assert join_day(later, apply({"received_at": "2027-04-10"})) == (1, 1, 1, 0, [])
    assert read(later, 2027)["number"].tolist() == [1]
    header = yaml.safe_load((tmp_path / "register/demonstration/register.yaml").read_bytes())
    # The end of the fiscal year and five years.
    assert header["years"] == {
        2026: {"retain_until": "2032-03-31", "lines": 2, "supplied": 0},
        2027: {"retain_until": "2033-03-31", "lines": 1, "supplied": 0},
    }


def test_a_hostile_application_comes_back_as_it_was_typed(tmp_path: Path) -> None:
    texts = ['=cmd|"/c calc"!A1', "a\nb\r\nc\rd", '"', ",", "\x00\x1a", "𠮷辻\U000e0100", "", " x "]
    rows = [
        {"application_id": f"form:{n}", "subject_name": text, "subject_address": text}
        for n, text in enumerate(texts)
    ]
    stage = begin(tmp_path)
    join_day(stage, apply(*rows))
    assert read(stage)["subject_name"].tolist() == texts
    assert join_day(stage, apply(*rows)).added == 0


def test_a_wrong_passphrase_is_refused_and_logged_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin_real(tmp_path, monkeypatch)
    join_day(stage, apply({}))
    wrong = "まったく別の架空の合言葉です"
    monkeypatch.setenv(REGISTER_PASSPHRASE_VARIABLE, wrong)
    with pytest.raises(IntegrityError, match="受付簿: 合言葉が違うか") as stop:
        join_day(stage, apply({}))
    assert wrong not in str(stop.value)
    last = read_entries(stage.folder)[-1]
    assert (last["event"], last["facts"]) == ("register_refused", {})


def test_an_older_copy_of_the_table_is_refused(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    join_day(stage, apply({}))
    path = tmp_path / "register/demonstration/r2026.age"
    older = path.read_bytes()
    join_day(stage, apply({}, {"application_id": "form:2"}))
    path.write_bytes(older)
    with pytest.raises(IntegrityError, match="番号が欠けています"):
        join_day(stage, apply({}))


def test_a_join_cut_off_between_table_and_header_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin(tmp_path)
    join_day(stage, apply({}))
    with monkeypatch.context() as patch:
        patch.setattr(
            "recruitlib.base.office.write_header",
            lambda *_: (_ for _ in ()).throw(OSError("power")),
        )
        with pytest.raises(OSError, match="power"):
            join_day(stage, apply({}, {"application_id": "form:2"}))
    assert join_day(stage, apply({}, {"application_id": "form:2"})) == (2, 2, 0, 0, [])
    header = yaml.safe_load((tmp_path / "register/demonstration/register.yaml").read_bytes())
    assert header["years"][2026]["lines"] == 2


def test_joins_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    join_day(begin(tmp_path), apply({"application_id": "form:0"}))
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def work(place: int) -> None:
        try:
            stage = make_stage(tmp_path, "02", run_id=f"run_{place}")
            folder = tmp_path / f"runs/run_{place}"
            folder.mkdir()
            own = Stage("02", stage.root, folder, stage.parameters, stage.key, stage.today)
            start.wait(30)
            for step in range(4):
                names = [f"form:{place * 10 + n}" for n in range(step + 1)]
                join_day(own, apply(*[{"application_id": name} for name in names]))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    register = read(make_stage(tmp_path, "02"))
    wanted = {f"form:{place * 10 + n}" for place in range(1, 7) for n in range(4)} | {"form:0"}
    assert sorted(register["application_id"]) == sorted(wanted)
    assert register["number"].tolist() == list(range(1, 26))


# ---- the workbook ----


@pytest.fixture
def exporting(tmp_path: Path) -> Stage:
    """Give a demonstration whose register has two lines."""
    for name in ("params", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / PARAMETERS).write_bytes((ROOT / PARAMETERS).read_bytes())
    stage = begin(tmp_path)
    content = yaml.safe_dump({"01": stage.parameters}, allow_unicode=True).encode()
    (stage.folder / "run.yaml").write_bytes(content)
    append_entry(stage.folder, "02", "begun", files={"run.yaml": digest_bytes(content)})
    join_day(
        stage, apply({}, {"application_id": "counter:2", "channel": "post", "status": "withdrawn"})
    )
    return stage


def export(stage: Stage, out: Path, by: str = "係長", due: str = "2026-06-30") -> int:
    return export_register(stage.root, stage.folder, out, by, due).lines


def test_the_workbook_shows_the_register_in_japanese(exporting: Stage, tmp_path: Path) -> None:
    out = tmp_path / "register_r8.xlsx"
    assert export(exporting, out) == 2
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["除外申出受付簿", "注意"]
    rows = list(book["除外申出受付簿"].iter_rows(values_only=True))
    first, second = (dict(zip(rows[0], row, strict=True)) for row in rows[1:])
    assert first["番号"] == "1"
    assert first["申出の番号"] == "counter:2"
    assert (first["受付方法"], first["状態"], first["申出者"]) == ("郵送", "取下げ", "本人")
    assert second["対象者の氏名"] == NAME
    assert second["生年月日（記載のまま）"] == "平成20年5月5日"
    notes = " ".join(str(cell.value) for cell in book["注意"]["A"])
    for part in ("2026年度", "見本", "係長", "2026-06-30", "exports"):
        assert part in notes


def test_every_column_of_the_register_that_an_officer_needs_has_a_japanese_name() -> None:
    shown = tabulate_register(join(make_register(), apply({})).register)
    assert len(shown.columns) == len(REGISTER_COLUMNS) - 2
    assert not [name for name in shown.columns if name.isascii()]


def test_an_export_is_logged_with_its_plain_name_and_its_due_date(
    exporting: Stage, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    export(exporting, tmp_path / "out/register_r8.xlsx")
    entry = read_entries(exporting.folder)[-1]
    facts = entry["facts"]
    assert (entry["stage"], entry["event"]) == ("", "exported")
    assert set(facts) == {"file", "kind", "keyed_digest", "by", "due"}
    assert (facts["file"], facts["kind"]) == ("register_r8.xlsx", "register")
    assert (facts["by"], facts["due"]) == ("係長", "2026-06-30")
    assert list(list_exports(exporting.folder)) == ["register_r8.xlsx"]
    text = (exporting.folder / "audit.jsonl").read_text(encoding="utf-8")
    assert NAME not in text
    assert str(tmp_path) not in text
    # The stages of this test were completed by hand; the files are right.
    assert [line for line in verify_record(exporting.folder) if "audit.jsonl" not in line] == []


@pytest.mark.parametrize(
    "due", ["", "2026-05-18", "2026-05-17", "2026/06/30", "20260630", "2032-04-01"]
)
def test_a_due_date_that_is_none_is_refused(exporting: Stage, tmp_path: Path, due: str) -> None:
    # The demonstration's 02 works on 2026-05-18; the year is kept until 2032-03-31.
    with pytest.raises(ParameterError, match="--due"):
        export(exporting, tmp_path / "register.xlsx", due=due)
    assert not (tmp_path / "register.xlsx").exists()
    assert "exported" not in {entry["event"] for entry in read_entries(exporting.folder)}


def test_the_first_and_the_last_due_date_pass(exporting: Stage, tmp_path: Path) -> None:
    export(exporting, tmp_path / "a.xlsx", due="2026-05-19")
    export(exporting, tmp_path / "b.xlsx", due="2032-03-31")
    assert list(list_exports(exporting.folder)) == ["a.xlsx", "b.xlsx"]


def test_a_shorter_time_of_keeping_written_by_the_office_holds(
    exporting: Stage, tmp_path: Path
) -> None:
    header = tmp_path / "register/demonstration/register.yaml"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("2032-03-31", "2027-03-31"), encoding="utf-8")
    with pytest.raises(ParameterError, match="保存期間の終わりより後"):
        export(exporting, tmp_path / "register.xlsx", due="2027-04-01")
    join_day(exporting, apply({}))
    assert "2027-03-31" in header.read_text(encoding="utf-8")


def test_years_that_are_kept_too_long_are_told(exporting: Stage, tmp_path: Path) -> None:
    old = begin(tmp_path, fiscal_year=2019)
    join_day(old, apply({"received_at": "2019-04-10"}))
    done = export_register(tmp_path, exporting.folder, tmp_path / "a.xlsx", "係長", "2026-06-30")
    assert done == (2, [2019])


def test_a_closed_run_and_a_year_without_a_register_export_nothing(
    exporting: Stage, tmp_path: Path
) -> None:
    path = exporting.folder / "run.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("fiscal_year: 2026", "fiscal_year: 2030"), encoding="utf-8")
    with pytest.raises(ParameterError, match="まだ何もありません"):
        export(exporting, tmp_path / "register.xlsx")
    path.write_text(text, encoding="utf-8")
    append_entry(exporting.folder, "06", "completed", files={})
    with pytest.raises(ParameterError, match="廃棄まで終わり"):
        export(exporting, tmp_path / "register.xlsx")


def test_today_is_the_day_of_the_stage_that_began_last(exporting: Stage, tmp_path: Path) -> None:
    append_entry(exporting.folder, "05", "begun", files={})
    with pytest.raises(ParameterError, match="明日以後"):
        export(exporting, tmp_path / "register.xlsx", due="2026-05-25")
    export(exporting, tmp_path / "register.xlsx", due="2026-05-26")


def test_a_real_run_takes_today_from_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin_real(tmp_path, monkeypatch)
    join_day(stage, apply({}))
    (stage.folder / "run.yaml").write_text(
        yaml.safe_dump({"01": stage.parameters}, allow_unicode=True), encoding="utf-8"
    )
    with pytest.raises(ParameterError, match="明日以後"):
        export(stage, tmp_path / "register.xlsx", due=stage.today.isoformat())
    tomorrow = max(stage.today, date(2026, 4, 1)) + timedelta(days=2)
    assert export(stage, tmp_path / "register.xlsx", due=tomorrow.isoformat()) == 1


def test_the_command_exports_and_says_what_comes_next(
    exporting: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "register.xlsx"
    words = ["register", str(tmp_path / PARAMETERS), "--out", str(out), "--by", "係長"]
    monkeypatch.setattr(sys, "argv", ["recruitlib", *words, "--due", "2026-06-30"])
    cli.main()
    shown = capsys.readouterr()
    assert "register.xlsx: 受付簿 2行を書き出しました。2026-06-30 までに消去し" in shown.out
    assert out.exists()
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 10
    assert "上書きはしません" in capsys.readouterr().err


def test_an_export_before_there_is_a_register_makes_none(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    values = {**stage.parameters, "runs_folder": "runs"}
    (stage.folder / "run.yaml").write_text(yaml.safe_dump({"01": values}), encoding="utf-8")
    with pytest.raises(ParameterError, match="まだ何もありません"):
        export(stage, tmp_path / "register.xlsx")
    assert not locate_office(tmp_path, stage.demonstration).exists()
