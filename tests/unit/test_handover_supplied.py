"""Who was supplied: keyed digests that answer for one given person, and for nobody else.

Right values: HMAC-SHA-256 (RFC 2104) by the standard library, called directly.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.counts import Count, write_counts
from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.office import (
    HEADER_NAME,
    SUPPLIED,
    keep,
    locate_office,
    open_office,
    read_kept,
    write_header,
)
from recruitlib.base.run import Stage
from recruitlib.base.supplies import Supply, digest_named, digest_resident, read_supplies
from recruitlib.cli.lookup import lookup
from recruitlib.handover.lookup import Answer, Looked, describe_answers, look_up, open_lookup
from recruitlib.handover.receipt import Receipt
from recruitlib.handover.supplied import check_supplied, keep_supplied, note_discards
from tests.unit.stages import make_residents, make_stage, store

PEOPLE = make_residents(*[{}] * 6, {"full_name": "斎邉　𠮷乃󠄀", "birth_date": "2008-05-29"})
ALL = PEOPLE.assign(serial=range(1, 8))
# The second was voided, the fifth spoiled.
HANDED = ALL[~ALL["serial"].isin([2, 5])].sample(frac=1, random_state=1)
VOID = pd.DataFrame({"addressee_id": PEOPLE["addressee_id"][[1]], "reason": ["moved_within"]})
RECEIPT = Receipt(True, "test_ward", "", "見本A", "見本B", "取扱者C", 5, "募集課の人", "2026-05-25")
# Three more of the cohort are left out, each for another reason; the last was supplied before.
EVERYBODY = make_residents(
    *[{}] * 6, {"full_name": "斎邉　𠮷乃󠄀", "birth_date": "2008-05-29"}, *[{}] * 4
)
EXCLUDED = pd.DataFrame(
    {
        "addressee_id": EVERYBODY["addressee_id"][7:],
        "reason": ["protected", "opted_out", "withheld", "supplied_before"],
    }
)
RECIPIENT = "自衛隊東京地方協力本部"


def begin(folder: Path, **changes: Any) -> Stage:
    stage = make_stage(folder, "05", **changes)
    store(stage, cohort=EVERYBODY, excluded=EXCLUDED)
    counts = [Count("18", "handed_over", 5), Count("18", "voided", 1), Count("18", "spoiled", 1)]
    (stage.folder / "counts.csv").write_bytes(write_counts(counts))
    return stage


def hand_over(folder: Path, handed: pd.DataFrame = HANDED, void: pd.DataFrame = VOID) -> Stage:
    stage = begin(folder)
    keep_supplied(stage, handed, void, RECEIPT)
    return stage


def hand_over_second(folder: Path) -> Stage:
    stage = begin(folder, run_id="second", fiscal_year=2027)
    keep_supplied(stage, ALL, VOID[:0], RECEIPT._replace(run_id="second"))
    return stage


def ask(folder: Path, addressee_id: str) -> list[int]:
    office = open_lookup(folder, True)
    digest = digest_resident(addressee_id, office.key.digest_key)
    return [answer.serial for answer in look_up(folder, office, [digest], "見本A", "監査").answers]


def test_whoever_got_a_label_was_supplied_and_the_void_and_spoiled_were_not(tmp_path: Path) -> None:
    hand_over(tmp_path)
    found = {person: ask(tmp_path, person) for person in PEOPLE["addressee_id"]}
    assert list(found.values()) == [[1], [], [3], [4], [], [6], [7]]
    assert ask(tmp_path, "0000000099") == []


@pytest.mark.parametrize(
    "typed",
    ["0000000003", "3", "０００００００００３", " 003 ", "00000-00003", "0000 0000 03", "No.3", "№ 3",
     "宛名番号：3", "３．０", "0‐003"],
)  # fmt: skip
def test_an_id_is_found_however_it_is_typed(tmp_path: Path, typed: str) -> None:
    hand_over(tmp_path)
    assert ask(tmp_path, typed) == [3]


@pytest.mark.parametrize(
    "name", ["斎邉　𠮷乃󠄀", "斎辺吉乃", "斉邊 吉乃", "斎辺吉乃様", "斎邉 𠮷乃　さん "]
)
def test_a_name_with_its_birth_date_is_found_in_another_writing(tmp_path: Path, name: str) -> None:
    hand_over(tmp_path)
    office = open_lookup(tmp_path, True)
    key = office.key.digest_key
    found = look_up(
        tmp_path, office, [digest_named(name, "2008-05-29", key)], "見本A", "監査"
    ).answers
    assert [answer.serial for answer in found] == [7]
    other_day = digest_named(name, "2008-05-28", key)
    assert look_up(tmp_path, office, [other_day], "見本A", "監査").answers == []


def test_an_answer_says_when_to_whom_and_on_which_request(tmp_path: Path) -> None:
    stage = hand_over(tmp_path)
    office = open_lookup(tmp_path, True)
    digest = digest_resident(PEOPLE["addressee_id"][0], office.key.digest_key)
    (line,) = describe_answers(look_up(tmp_path, office, [digest], "見本A", "監査"))
    number, day = stage.parameters["request_number"], stage.parameters["request_date"]
    for part in ("提供した", "2026-05-25", RECIPIENT, number, day, "test_ward", "通番 1"):
        assert part in line
    (line,) = describe_answers(look_up(tmp_path, office, ["0" * 64], "見本A", "監査"))
    assert line.startswith("提供していない")
    assert "この番号だけ" in line and "住民基本台帳で確かめてから" in line
    assert "2026" in line


def test_a_serial_is_told_as_the_command_for_a_request_takes_it() -> None:
    own = Answer(2026, "r8_1", 1040, "2026-05-25", RECIPIENT, "第1号", "2026-04-06")
    (line,) = describe_answers(Looked([own], [2026], 1, []))
    assert line.endswith("実行 r8_1 の通番 1040")


def test_only_keyed_digests_are_kept_and_they_are_encrypted(tmp_path: Path) -> None:
    hand_over(tmp_path)
    office = open_lookup(tmp_path, True)
    kept = read_kept(office, 2026, SUPPLIED)
    assert kept is not None and kept.lines == 5
    text = json.dumps(json.loads(kept.content), ensure_ascii=False)
    sealed = (office.folder / "supplied_r2026.age").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n")
    for name in ("full_name", "address", "addressee_id", "birth_date"):
        assert not [value for value in PEOPLE[name] if value in text]
    first = json.loads(kept.content)[0][5][0]
    plain = json.dumps(["supplied", "resident", "1"]).encode()
    assert first[:2] == [1, hmac.new(office.key.digest_key, plain, hashlib.sha256).hexdigest()]
    assert first[1] not in {
        hashlib.sha256(value.encode()).hexdigest() for value in ("1", "0000000001", plain.decode())
    }


def test_the_record_says_how_many_were_kept_and_of_nobody_who(tmp_path: Path) -> None:
    stage = hand_over(tmp_path)
    (entry,) = [entry for entry in read_entries(stage.folder) if entry["event"] == "supplied"]
    assert entry["facts"]["labels"] == 5
    assert entry["facts"]["excluded"] == 3
    assert set(entry["facts"]) == {"labels", "excluded", "digest"}


def test_a_hand_over_that_is_finished_twice_is_kept_once_and_as_it_ended(tmp_path: Path) -> None:
    stage = hand_over(tmp_path)
    keep_supplied(stage, HANDED, VOID, RECEIPT)
    assert len(read_supplies(open_lookup(tmp_path, True), 2026)) == 1
    assert check_supplied(stage) == []
    keep_supplied(stage, HANDED[HANDED["serial"] != 6], VOID, RECEIPT)
    assert ask(tmp_path, PEOPLE["addressee_id"][5]) == []
    assert ask(tmp_path, PEOPLE["addressee_id"][6]) == [7]


def test_a_demonstration_that_is_run_again_replaces_what_it_kept(tmp_path: Path) -> None:
    folder = hand_over(tmp_path).folder
    shutil.rmtree(folder)
    hand_over(tmp_path, ALL[ALL["serial"] != 2])
    (kept,) = read_supplies(open_lookup(tmp_path, True), 2026)
    assert [serial for serial, *_ in kept.labels] == [1, 3, 4, 5, 6, 7]


def test_a_second_real_run_of_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRUITLIB_REGISTER_PASSPHRASE", "架空の受付簿の合言葉です。長い")
    real = {"run_kind": "production"}
    stage = begin(tmp_path, **real)
    keep_supplied(stage, HANDED, VOID, RECEIPT)
    keep_supplied(stage, HANDED, VOID, RECEIPT)  # 05 once more, after a power cut
    shutil.rmtree(stage.folder)
    again = begin(tmp_path, **real)
    with pytest.raises(IntegrityError, match="新しい run_id"):
        keep_supplied(again, HANDED, VOID, RECEIPT)
    assert "supplied" not in {entry["event"] for entry in read_entries(again.folder)}
    office = open_lookup(tmp_path, demonstration=False)
    assert [len(own.labels) for own in read_supplies(office, 2026)] == [5]


def test_the_runs_of_a_year_and_the_years_stand_beside_one_another(tmp_path: Path) -> None:
    hand_over(tmp_path)
    hand_over_second(tmp_path)
    office = open_lookup(tmp_path, True)
    digest = digest_resident(PEOPLE["addressee_id"][0], office.key.digest_key)
    looked = look_up(tmp_path, office, [digest], "見本A", "監査")
    assert [(own.fiscal_year, own.run_id) for own in looked.answers] == [
        (2026, "test_ward"), (2027, "second"),
    ]  # fmt: skip
    assert (looked.years, looked.runs) == ([2026, 2027], 2)


def test_closing_is_told_when_the_office_could_not_answer(tmp_path: Path) -> None:
    stage = begin(tmp_path)
    assert "控えがありません" in check_supplied(stage)[0]
    keep_supplied(stage, HANDED, VOID, RECEIPT)
    assert check_supplied(stage) == []
    (stage.folder / "counts.csv").write_bytes(write_counts([Count("18", "handed_over", 6)]))
    assert "6 枚" in check_supplied(stage)[0]
    (stage.folder / "counts.csv").write_bytes(write_counts([Count("18", "handed_over", 5)]))
    office = open_lookup(tmp_path, True)
    (own,) = read_supplies(office, 2026)
    swapped = [[serial, *digests[::-1]] for serial, *digests in own.labels]
    for changed in ([], [own._replace(labels=swapped)], [own._replace(run_id="other")]):
        keep(office, 2026, json.dumps(changed).encode(), 5 * len(changed), SUPPLIED)
        assert len(check_supplied(stage)) == 1


def test_an_old_copy_of_what_was_supplied_is_refused(tmp_path: Path) -> None:
    hand_over(tmp_path)
    office = open_lookup(tmp_path, True)
    path = office.folder / "supplied_r2026.age"
    old = path.read_bytes()
    (own,) = read_supplies(office, 2026)
    kept = json.dumps([own, own._replace(run_id="second")]).encode()
    keep(office, 2026, kept, 10, SUPPLIED)
    path.write_bytes(old)
    with pytest.raises(IntegrityError, match="行が欠けています"):
        read_supplies(office, 2026)


def test_a_look_up_is_logged_with_who_and_why_and_without_the_person(tmp_path: Path) -> None:
    hand_over(tmp_path)
    assert ask(tmp_path, PEOPLE["addressee_id"][2]) == [3]
    folder = locate_office(tmp_path, True)
    (entry,) = [entry for entry in read_entries(folder) if entry["event"] == "looked_up"]
    facts = entry["facts"]
    assert (facts["by"], facts["purpose"], facts["found"]) == ("見本A", "監査", 1)
    assert set(facts) == {"by", "purpose", "found", "asked"}
    log = (folder / "audit.jsonl").read_text(encoding="utf-8")
    assert PEOPLE["addressee_id"][2] not in log
    assert PEOPLE["full_name"][2] not in log


def test_a_passphrase_that_is_refused_stands_in_the_office_s_own_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRUITLIB_REGISTER_PASSPHRASE", "架空の受付簿の合言葉です。長い")
    keep_supplied(begin(tmp_path, run_kind="production"), HANDED, VOID, RECEIPT)
    monkeypatch.setenv("RECRUITLIB_REGISTER_PASSPHRASE", "架空の別の合言葉です。とても長い")
    with pytest.raises(IntegrityError, match="受付簿: 合言葉が違うか"):
        open_lookup(tmp_path, demonstration=False)
    assert [entry["event"] for entry in read_entries(locate_office(tmp_path, False))] == [
        "register_refused"
    ]


def answer(folder: Path, addressee_id: str) -> list[str]:
    office = open_lookup(folder, True)
    digest = digest_resident(addressee_id, office.key.digest_key)
    return describe_answers(look_up(folder, office, [digest], "見本A", "監査"))


def test_whoever_was_left_out_is_told_without_the_reason_and_the_others_are_not(
    tmp_path: Path,
) -> None:
    hand_over(tmp_path)
    told = [answer(tmp_path, person) for person in EVERYBODY["addressee_id"][7:]]
    for one in told[:3]:
        assert one == told[0]
        assert one[0].startswith("除外した（申出・支援措置など）: 2026-05-25")
        assert "test_ward" in one[0]
        assert one[1].startswith("提供していない")
    # Who was supplied before is no exclusion; whoever moved has no label and none either.
    assert [line.split(":")[0] for line in told[3]] == ["提供していない"]
    assert [line.split(":")[0] for line in answer(tmp_path, "2")] == ["提供していない"]


@pytest.mark.parametrize("reason", ["newly_opted_out", "newly_protected"])
def test_a_label_voided_for_an_exclusion_counts_as_one(tmp_path: Path, reason: str) -> None:
    hand_over(tmp_path, void=VOID.assign(reason=reason))
    assert [line.split("（")[0] for line in answer(tmp_path, "2")] == [
        "除外した", "提供していない: 控えのある年度",
    ]  # fmt: skip


def test_who_was_left_out_once_and_supplied_later_is_told_both(tmp_path: Path) -> None:
    hand_over(tmp_path, void=VOID.assign(reason="newly_opted_out"))
    hand_over_second(tmp_path)
    assert [line.split("（")[0].split(":")[0] for line in answer(tmp_path, "2")] == [
        "除外した", "提供した",
    ]  # fmt: skip


def test_the_excluded_are_kept_as_digests_in_no_order_of_the_cohort(tmp_path: Path) -> None:
    hand_over(tmp_path)
    (own,) = read_supplies(open_lookup(tmp_path, True), 2026)
    assert len(own.excluded) == 3
    assert [list(pair) for pair in own.excluded] == sorted(map(list, own.excluded))
    assert {len(digest) for pair in own.excluded for digest in pair} == {64}


def test_a_label_that_was_asked_back_says_so_and_an_old_register_does_not_hide_it(
    tmp_path: Path,
) -> None:
    stage = hand_over(tmp_path)
    office = open_lookup(tmp_path, True)
    backup = office.folder.with_name("backup")
    shutil.copytree(office.folder, backup)
    note_discards(office, 2026, "test_ward", [3, 4], date(2026, 6, 2), "2026-06-16", 7)
    content = {"purpose": "discard_request", "serials": [3, 4]}
    append_entry(stage.folder, "05", "discard_requested", signed={"content": content})
    (told,) = answer(tmp_path, "3")
    for part in ("通番 3。", "2026-06-02 に", "廃棄を求めた", "2026-06-16", "番号 7"):
        assert part in told
    assert "廃棄" not in answer(tmp_path, "1")[0]
    assert check_supplied(stage) == []
    shutil.copy(backup / "supplied_r2026.age", office.folder / "supplied_r2026.age")
    told, more = answer(tmp_path, "3")
    assert told.startswith("提供した")
    assert more.startswith("ほかには、答えられない: runs/test_wardが")


@pytest.mark.parametrize("is_run_there", [True, False])
def test_without_the_table_nobody_is_told_that_he_was_not_supplied(
    tmp_path: Path, is_run_there: bool
) -> None:
    stage = hand_over(tmp_path)
    assert answer(tmp_path, "2") == [
        "提供していない: 控えのある年度（2026）の 1 回の提供で、この番号の人に当たるシールは渡していません。"
        "この番号だけについての答えです。番号がこの人のものか、住民基本台帳で確かめてから答えてください。"
    ]
    if not is_run_there:
        shutil.rmtree(stage.folder)
    (locate_office(tmp_path, True) / "supplied_r2026.age").unlink()
    (told,) = answer(tmp_path, "1")
    assert told.startswith("答えられない: 2026年度の控え")


@pytest.mark.parametrize(
    "years", [{}, {2026: {"retain_until": "2032-03-31", "lines": 0, "supplied": 0}}]
)
def test_a_header_without_what_was_supplied_is_refused(
    tmp_path: Path, years: dict[int, object]
) -> None:
    hand_over(tmp_path)
    place = locate_office(tmp_path, True)
    (place / "supplied_r2026.age").unlink()
    content = yaml.safe_load((place / HEADER_NAME).read_text(encoding="utf-8"))
    (place / HEADER_NAME).write_text(yaml.safe_dump({**content, "years": years}), encoding="utf-8")
    with pytest.raises(IntegrityError, match="書き換えられています"):
        answer(tmp_path, "1")


def test_an_old_register_with_its_old_header_does_not_speak_for_a_run_that_came_after(
    tmp_path: Path,
) -> None:
    hand_over(tmp_path).folder.rename(tmp_path / "runs/first")
    place = locate_office(tmp_path, True)
    shutil.copytree(place, tmp_path / "backup")
    hand_over_second(tmp_path)
    assert answer(tmp_path, "0000000099")[0].startswith("提供していない")
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "backup", place)
    for person in ("2", "0000000099"):
        told, more = answer(tmp_path, person)
        assert told.startswith("答えられない: runs/test_wardが")
        assert more == "控えのある年度（2026）の 1 回の提供には、見つかりませんでした。"
    supplied, rest = answer(tmp_path, "1")
    assert supplied.startswith("提供した")
    assert rest.startswith("ほかには、答えられない: runs/test_ward")


def test_a_run_of_the_other_kind_or_whose_record_was_changed(tmp_path: Path) -> None:
    first = hand_over(tmp_path).folder.rename(tmp_path / "runs/first")
    real = begin(tmp_path, run_id="real", run_kind="production").folder
    append_entry(real, "01", "begun", run_kind="production")
    append_entry(real, "05", "supplied", labels=1, digest="0" * 64)
    assert answer(tmp_path, "2")[0].startswith("提供していない")
    path = first / "audit.jsonl"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"labels":5', '"labels":4'), encoding="utf-8"
    )
    assert answer(tmp_path, "2")[0].startswith("答えられない: runs/first")


def test_before_anything_was_handed_over_nothing_can_be_answered(tmp_path: Path) -> None:
    office = open_office(tmp_path, hand_over(tmp_path).folder, "test_ward", True)
    shutil.rmtree(tmp_path / "runs")
    (office.folder / "supplied_r2026.age").unlink()
    write_header(office, {})
    (told,) = answer(tmp_path, "1")
    assert told.startswith("答えられない: 提供の控え")


def test_nothing_of_a_person_shows_in_a_supply(tmp_path: Path) -> None:
    assert repr(Supply("r", "2026-05-25", "x", "y", "z", [[1, "a", "b"]])) == "Supply(…)"


def test_before_anything_was_kept_there_is_nothing_to_look_up(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="まだありません"):
        open_lookup(tmp_path, True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project folder in which a run has handed over its labels, and is gone since."""
    stage = hand_over(tmp_path)
    shutil.rmtree(stage.folder)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(text: str, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        lookup, ["--demonstration", "--by", "見本A", "--purpose", "開示請求", *words], input=text
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_command_asks_for_an_id_and_answers_without_the_run(project: Path) -> None:
    assert "提供した: 2026-05-25" in call("0000000003\n")[1]
    assert "提供していない" in call("0000000002\n")[1]


def test_the_command_asks_for_name_and_birth_date_where_the_id_is_not_known(project: Path) -> None:
    code, shown = call("\n齋邊 𠮷乃\n平成20年5月29日\n")
    assert code == 0
    assert "通番 7" in shown
    assert "異体字は区別しません" in shown
    for text in ("\n\n2008-05-29\n", "\n斎邉\n不詳\n"):
        with pytest.raises(ParameterError, match="宛名番号か、氏名と生年月日"):
            call(text)


def test_for_a_name_the_command_never_says_that_nobody_was_supplied(project: Path) -> None:
    for name, is_reading in (
        ("斎邉　花子", False),
        ("さいべ よしの", True),
        ("サイベ　ヨシノ", True),
    ):
        shown = call(f"\n{name}\n2008-05-29\n")[1]
        assert "見つからない" in shown
        assert "宛名番号で調べてください" in shown
        assert "提供していない:" not in shown
        assert ("ふりがなでなく" in shown) is is_reading


@pytest.mark.parametrize("typed", ["佐藤", "0000000003番地", "3/4", "r3", "12a", "－"])
def test_what_is_no_id_is_not_looked_up(project: Path, typed: str) -> None:
    with pytest.raises(ParameterError, match="数字で") as stop:
        call(f"{typed}\n")
    assert typed not in str(stop.value)
    assert "looked_up" not in {
        entry["event"] for entry in read_entries(locate_office(project, True))
    }


@pytest.mark.parametrize("words", [["0000000003"], ["--purpose", "興味"]])
def test_a_person_or_another_purpose_is_no_argument(project: Path, words: list[str]) -> None:
    code, shown = call("0000000003\n", *words)
    assert code == 2
    assert "提供した" not in shown
