"""A run outside the approved scope: each way of being outside is stopped, and its clean twin is not.

Right values: the ward's document, and the accidents behind ``handover.within_scope`` and
``handover.conditions_met``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from recruitlib.base.audit import append_entry, digest_bytes, group_digest, read_entries
from recruitlib.base.counts import Count, write_counts
from recruitlib.base.errors import GuardError, ParameterError, RecruitError
from recruitlib.base.parameters import read_yaml
from recruitlib.base.run import Stage, read_completed
from recruitlib.base.scope_gate import describe_scope
from recruitlib.handover import provision
from recruitlib.handover.delta import VOID_COLUMNS, digest_delta
from recruitlib.handover.provision import Delta
from recruitlib.handover.scope_report import tabulate_scope
from recruitlib.handover.serials import Ledger, begin_ledger
from recruitlib.labels import export
from recruitlib.labels.print_day import PrintDay, check_print_day
from recruitlib.labels.sheets import read_sheet
from recruitlib.optouts.exclusion import take_applications
from recruitlib.registry.intake import finish_intake, load_registry
from recruitlib.review.approval import digest_files
from tests.conftest import ROOT, WARD
from tests.officers import SECOND, STAFF, sign_content_as
from tests.unit import intakes
from tests.unit.printed import read_labels
from tests.unit.scopes import read_demo, write_scope
from tests.unit.stages import KEY, list_last_answer, make_residents, make_stage

SHEETS = ROOT / "params/label_sheets.yaml"
SHEET = "a4_12_86x42"
HANDLER = "取扱者C（見本）"
REQUEST = read_demo()["request"]
SCOPE, CONDITIONS = "handover.within_scope", "handover.conditions_met"
STAGES = ("01", "02", "04", "05")
ASKED: dict[str, Callable[[Stage], object]] = {
    "01": load_registry, "02": take_applications, "04": check_print_day, "05": provision.find_delta,
}  # fmt: skip


@pytest.fixture
def begin(tmp_path: Path, ward_project: Path) -> Callable[..., Stage]:
    """Begin a stage on the small ward's own files, with a scope of which some values are changed."""
    ward = ward_project / WARD

    def make(number: str, scope: dict[str, object] | None = None, **parameters: Any) -> Stage:
        parameters = {"scope_file": write_scope(tmp_path, **(scope or {})), **parameters}
        if number == "01":
            return intakes.begin(tmp_path, ward, **parameters)
        for source in ("form_file", "counter_file"):
            own = intakes.PARAMETERS[source].removeprefix(f"{WARD}/")
            parameters.setdefault(source, str(ward / own))
        return make_stage(tmp_path, number, **parameters)

    return make


def ask(stage: Stage) -> str:
    """Begin the stage's work as its notebook does, and give what the guard said.

    In 04 and 05 the work needs a whole run before it, which is not there.
    """
    with suppress(RecruitError, OSError):
        ASKED[stage.number](stage)
    return list_last_answer(stage, SCOPE)


def expect_stop(stage: Stage, hint: str) -> None:
    with pytest.raises(GuardError, match=rf"handover\.within_scope.*{hint}"):
        ASKED[stage.number](stage)
    assert list_last_answer(stage, SCOPE) == "no"
    assert not [entry for entry in read_entries(stage.folder) if entry["event"] == "completing"]


# ---- in every stage: date, medium, age, request, approver ----


@pytest.mark.parametrize("number", STAGES)
def test_a_run_inside_the_scope_goes_on(begin: Callable[..., Stage], number: str) -> None:
    assert ask(begin(number)) == "yes"


@pytest.mark.parametrize("number", STAGES)
@pytest.mark.parametrize(
    ("scope", "hint"),
    [
        ({"period_to": "2026-05-17"}, "期間の外"),
        ({"period_from": "2026-05-26"}, "期間の外"),
        ({"medium": "電子データ"}, "媒体"),
        ({"ages": [22]}, "18歳"),
        ({"request": {**REQUEST, "number": "見本第2号"}}, "依頼文書の番号"),
        ({"request": {**REQUEST, "date": "2025-04-06"}}, "依頼文書の日付"),
        ({"request": {**REQUEST, "birth_ranges": ["2008-04-02/2009-04-01"]}}, "生年月日の範囲"),
        ({"approved_by": ""}, "承認した人と日"),
        ({"approved_on": ""}, "承認した人と日"),
        ({"approved_on": "2026-05-26"}, "承認の日"),
    ],
)
def test_what_lies_outside_stops_in_every_stage(
    begin: Callable[..., Stage], number: str, scope: dict[str, object], hint: str
) -> None:
    expect_stop(begin(number, scope), hint)


@pytest.mark.parametrize(("day", "answer"), [("2026-05-18", "yes"), ("2026-05-17", "no")])
def test_the_last_day_of_the_period_is_inside_and_the_day_after_is_not(
    begin: Callable[..., Stage], day: str, answer: str
) -> None:
    assert ask(begin("01", {"period_to": day})) == answer


@pytest.mark.parametrize(
    ("parameters", "hint"),
    [
        ({"request_number": "見本第2号"}, "依頼文書の番号"),
        ({"request_date": "2026-04-07"}, "依頼文書の日付"),
    ],
)
def test_parameters_that_state_another_request_stop(
    begin: Callable[..., Stage], parameters: dict[str, str], hint: str
) -> None:
    expect_stop(begin("01", **parameters), hint)


def test_the_shipped_scope_of_the_ward_stops_and_says_what_is_to_be_written(
    begin: Callable[..., Stage],
) -> None:
    stage = begin("01", scope_file=str(ROOT / "params/scope/shinjuku_r8.yaml"))
    with pytest.raises(GuardError, match=SCOPE) as stop:
        load_registry(stage)
    for word in ("approved_by・approved_on", "request の number", "request の date"):
        assert word in str(stop.value)
    notes = [
        entry["facts"]["note"] for entry in read_entries(stage.folder) if entry["event"] == "guard"
    ]
    assert "未記入（04 で止まる）: 覚書の日・要綱の日・取扱者" in notes[-1]


# ---- another scope than the one of 01 ----


def test_01_keeps_the_scope_with_which_it_completed(begin: Callable[..., Stage]) -> None:
    stage = begin("01")
    taken = intakes.take_in(stage)
    finish_intake(stage, taken.intake, taken.loaded)
    path = stage.locate("scope_file")
    assert read_completed(stage.folder, "01")["facts"]["scope"] == {
        "file": stage.parameters["scope_file"], "digest": digest_bytes(path.read_bytes()),
        "approved_by": "個人情報保護管理運営会議（見本）", "approved_on": "2026-03-25",
    }  # fmt: skip
    # And it does not complete with a scope that nobody has asked about.
    path.write_text(path.read_text(encoding="utf-8").replace("2027-03-31", "2026-05-17"), "utf-8")
    with pytest.raises(GuardError, match=SCOPE):
        finish_intake(stage, taken.intake, taken.loaded)


@pytest.mark.parametrize("number", STAGES[1:])
def test_a_scope_that_was_changed_after_01_stops_and_a_new_one_begins_at_01(
    begin: Callable[..., Stage], number: str
) -> None:
    stage = begin(number)
    path = stage.locate("scope_file")
    before = path.read_bytes()
    # Wider by a day, and approved: it would be right if the run had begun with it.
    path.write_bytes(before.replace(b"2027-03-31", b"2027-04-01"))
    expect_stop(stage, "01 の後に変わっています.*新しいファイル.*01 から")
    new = {"period_to": "2027-04-01", "replaces": digest_bytes(before), "approved_on": "2026-05-01"}
    assert ask(begin(number, new)) == "yes"


# ---- what is kept of the form ----


def change_profile(folder: Path, change: Callable[[dict[str, Any]], object]) -> str:
    content = yaml.safe_load((ROOT / "params/profiles/form_logo.yaml").read_text(encoding="utf-8"))
    change(content)
    path = folder / "form.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return str(path)


def keep_sex(profile: dict[str, Any]) -> None:
    profile["columns"]["sex"] = ["マイナンバーカード：性別"]
    profile["known"].remove("マイナンバーカード：性別")


def call_sex_the_systems_own(profile: dict[str, Any]) -> None:
    keep_sex(profile)
    profile["system"].append("sex")


def drop_kana(profile: dict[str, Any]) -> None:
    for name in ("subject_surname_kana", "subject_given_kana"):
        profile["known"] += profile["columns"].pop(name)


@pytest.mark.parametrize("change", [keep_sex, call_sex_the_systems_own])
def test_an_item_kept_from_the_form_that_is_not_connected_stops(
    begin: Callable[..., Stage], tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    stage = begin("02", form_profile=change_profile(tmp_path, change))
    expect_stop(stage, "電子申請のH列「マイナンバーカード：性別」は、承認された範囲にない項目")


@pytest.mark.parametrize(
    ("scope", "header"),
    [
        ({"connected_items": ["氏名", "住所", "生年月日", "提供しない申出"]}, "電話番号"),
        ({"kana_is_name": False}, "対象者のフリガナ（セイ）"),
        ({"relation_is_optout": False}, "申出者と対象者の関係"),
        ({"form_system_columns": ["回答ID", "受付番号", "送信日時", "処理状況", "本人確認",
                                  "マイナンバーカード：氏名（代替文字）"]}, "マイナンバーカード：氏名"),
    ],
)  # fmt: skip
def test_a_column_of_the_form_that_the_scope_does_not_count_stops(
    begin: Callable[..., Stage], scope: dict[str, object], header: str
) -> None:
    expect_stop(begin("02", scope), f"「{header}」は、承認された範囲にない項目")


def test_without_the_reading_a_profile_that_does_not_read_it_goes_on(
    begin: Callable[..., Stage], tmp_path: Path
) -> None:
    # The counter's book has a column of the reading too.
    counter = yaml.safe_load((ROOT / "params/profiles/counter_workbook.yaml").read_text("utf-8"))
    for name in ("subject_kana", "subject_surname_kana", "subject_given_kana"):
        counter["known"] += counter["columns"].pop(name)
    path = tmp_path / "counter.yaml"
    path.write_text(yaml.safe_dump(counter, allow_unicode=True), encoding="utf-8")
    profiles = {"form_profile": change_profile(tmp_path, drop_kana), "counter_profile": str(path)}
    stage = begin("02", {"kana_is_name": False}, **profiles)
    received = take_applications(stage)
    assert list_last_answer(stage, SCOPE) == "yes"
    assert (received.applications["subject_kana"] == "").all()


def test_what_is_dropped_of_the_form_is_reported_by_header(begin: Callable[..., Stage]) -> None:
    stage = begin("02")
    take_applications(stage)
    [note] = [
        entry["facts"]["note"] for entry in read_entries(stage.folder)
        if entry["event"] == "guard" and entry["facts"]["guard"] == SCOPE
    ]  # fmt: skip
    form = note.partition("電子申請（")[2].partition("）、窓口・郵送（")[0]
    kept, _, dropped = form.partition("、読み込まなかった列: ")
    assert dropped.split("・") == [
        "マイナンバーカード：生年月日", "マイナンバーカード：性別", "マイナンバーカード：住所", "添付ファイル",
    ]  # fmt: skip
    assert "電話番号" in kept and "性別" not in kept


# ---- A68: an item that was not approved is printed ----


def write_sheets(folder: Path, items: object) -> str:
    sheets = read_yaml(SHEETS)
    path = folder / "label_sheets.yaml"
    path.write_text(
        yaml.safe_dump({SHEET: {**sheets[SHEET], "items": items}}, allow_unicode=True), "utf-8"
    )
    return str(path)


@pytest.mark.parametrize("number", ["04", "05"])
def test_a68_a_sheet_that_prints_the_postal_code_stops_where_the_scope_has_none(
    begin: Callable[..., Stage], tmp_path: Path, number: str
) -> None:
    sheets = write_sheets(tmp_path, ["氏名", "住所", "郵便番号"])
    expect_stop(
        begin(number, {"postal_code_is_address": False}, label_sheets_file=sheets), "郵便番号"
    )
    assert ask(begin(number, label_sheets_file=sheets)) == "yes"


@pytest.mark.parametrize(
    ("scope", "items", "prints"),
    [
        ({}, None, True),
        ({"postal_code_is_address": False}, None, False),
        ({}, ["氏名", "住所"], False),
        ({}, ["氏名", "住所", "郵便番号"], True),
    ],
)
def test_a68_a_label_holds_what_sheet_and_scope_both_allow(
    begin: Callable[..., Stage], tmp_path: Path, scope: dict[str, object], items: object, prints: bool
) -> None:  # fmt: skip
    own = {"label_sheets_file": write_sheets(tmp_path, items)} if items else {}
    stage = begin("04", scope, **own)
    assert ask(stage) == "yes"
    people = make_residents({}, {})
    bundles = export.make_bundles(stage, PrintDay(people, people.iloc[:0]))
    files = export.lock_bundles(stage, bundles)
    export.prove_bundles(stage, bundles, files, PrintDay(people, people.iloc[:0]))
    texts = read_labels(files["labels_all.pdf"], bundles[0].sheet, "demo")["text"]
    assert texts.str.contains("〒").any() == prints


@pytest.mark.parametrize(
    "items", [[], ["氏名"], ["氏名", "住所", "生年月日"], "氏名", ["氏名", "住所", "住所"], 1]
)
def test_a68_a_sheet_with_another_item_than_a_label_can_hold_is_refused(
    tmp_path: Path, items: object
) -> None:
    with pytest.raises(ParameterError, match="items"):
        read_sheet(Path(write_sheets(tmp_path, items)), SHEET)


# ---- the hand-over: recipient, memorandum, guideline, handler, request, day ----
PEOPLE = make_residents({}, {})
LABELS = pd.DataFrame(
    {"serial": [1, 2], "bundle": "all", "sheet": 1, "position": [1, 2], "cohort": ["18", "22"],
     "addressee_id": PEOPLE["addressee_id"]}
)  # fmt: skip
NOBODY = pd.DataFrame(columns=VOID_COLUMNS)
TABLE = begin_ledger(LABELS)
LEDGER = Ledger(TABLE, PEOPLE.assign(serial=[1, 2]))
DELTA = Delta(LEDGER, NOBODY, NOBODY, digest_delta(NOBODY, TABLE, KEY.digest_key))


def confirm(stage: Stage, **changes: object) -> Stage:
    """Write the confirmation of the hand-over, signed by two officers."""
    content: dict[str, object] = {
        "demonstration": True, "run_id": "test_ward", "delta_digest": group_digest(DELTA.digest),
        "prepared_by": STAFF, "confirmed_by": SECOND, "handler": HANDLER,
        "handed_over_labels": 2, "received_by": "自衛隊東京地方協力本部 募集課",
        "received_on": "2026-05-25", **changes,
    }  # fmt: skip
    counts = [
        Count(age, step, 1) for step in ("cohort", "recipients", "labels") for age in ("18", "22")
    ]
    (stage.folder / "counts.csv").write_bytes(write_counts(counts))
    text = yaml.safe_dump(sign_content_as(content, STAFF, SECOND), allow_unicode=True)
    stage.locate("handover_file").write_text(text, encoding="utf-8")
    return stage


def hand_over(stage: Stage, guard: str) -> str:
    """Account for the hand-over, and give what the guard said."""
    with suppress(GuardError):
        provision.require_receipt(stage, DELTA)
    return list_last_answer(stage, guard)


def test_a_hand_over_inside_the_scope_goes_on(begin: Callable[..., Stage]) -> None:
    stage = confirm(begin("05"))
    receipt = provision.require_receipt(stage, DELTA)
    assert [list_last_answer(stage, guard) for guard in (SCOPE, CONDITIONS)] == ["yes", "yes"]
    table = tabulate_scope(stage, receipt).set_index("承認された範囲")
    assert table["承認"]["提供の相手方"] == "自衛隊東京地方協力本部"
    assert table["この実行"]["提供の相手方"] == "自衛隊東京地方協力本部 募集課"
    assert table["この実行"]["提供する項目"].startswith("氏名、住所、郵便番号")
    assert table["この実行"]["取扱者"] == table["承認"]["取扱者"] == HANDLER
    assert table["この実行"]["依頼文書"] == table["承認"]["依頼文書"] == "見本第1号（2026-04-06）"
    assert table["承認"]["結合する項目に数えるもの"] == (
        "フリガナ（氏名）、申出者との関係（提供しない申出）"
    )
    assert table["承認"]["提供する項目に数えるもの"] == "郵便番号（住所）"
    # Every key of the document is there, in words.
    for value in ("株式会社トラストバンク", "—", "2026-04-01〜2027-03-31", "2026-04-20"):
        assert value in set(table["承認"])
    assert "発効の後か: はい" in table["この実行"]["覚書"]


@pytest.mark.parametrize(
    "receiver", ["別の団体 総務課", "自衛隊東京地方協力本部の委託先", "自衛隊", ""]
)
def test_labels_received_by_another_recipient_stop(
    begin: Callable[..., Stage], receiver: str
) -> None:
    assert hand_over(confirm(begin("05"), received_by=receiver), SCOPE) == "no"


@pytest.mark.parametrize(
    ("scope", "receipt", "clean"),
    [
        ({"memorandum_on": ""}, {}, {"memorandum_on": "2026-05-25"}),
        ({"memorandum_on": "2026-05-26"}, {}, {"memorandum_on": "2026-05-25"}),
        ({"memorandum_on": "2026-05-25"}, {"received_on": "2026-05-24"}, {"memorandum_on": "2026-05-24"}),
        ({"guideline_on": ""}, {}, {"guideline_on": "2026-05-25"}),
        ({"guideline_on": "2026-05-25"}, {"received_on": "2026-05-24"}, {"guideline_on": "2026-05-24"}),
        ({"handlers": []}, {}, {"handlers": ["別の取扱者", HANDLER]}),
        ({}, {"handler": "取扱者D"}, {"handlers": [HANDLER, "取扱者D"]}),
        ({"period_from": "2026-05-25"}, {"received_on": "2026-05-24"}, {"period_from": "2026-05-24"}),
    ],
)  # fmt: skip
def test_a_hand_over_that_does_not_meet_a_condition_stops(
    begin: Callable[..., Stage], scope: dict[str, object], receipt: dict[str, object],
    clean: dict[str, object],
) -> None:  # fmt: skip
    assert hand_over(confirm(begin("05", scope), **receipt), CONDITIONS) == "no"
    assert hand_over(confirm(begin("05", {**scope, **clean}), **receipt), CONDITIONS) == "yes"


def test_a_receipt_of_a_day_that_is_still_to_come_stops(begin: Callable[..., Stage]) -> None:
    assert hand_over(confirm(begin("05"), received_on="2026-05-26"), CONDITIONS) == "no"


def test_a_receipt_of_a_day_before_the_print_stops(begin: Callable[..., Stage]) -> None:
    stage = begin("05")
    append_entry(stage.folder, "04", "begun", business_date="2026-05-20")
    append_entry(stage.folder, "05", "begun")
    assert hand_over(confirm(stage, received_on="2026-05-19"), CONDITIONS) == "no"
    assert hand_over(confirm(stage, received_on="2026-05-20"), CONDITIONS) == "yes"


# ---- another scope, another profile or another line on the label after the approval ----
def test_a_scope_that_follows_another_in_one_run_says_so(begin: Callable[..., Stage]) -> None:
    first = begin("01")
    assert ask(first) == "yes"
    path = first.locate("scope_file")
    before = digest_bytes(path.read_bytes())
    append_entry(first.folder, "01", "completed", files={}, counts=[], scope=describe_scope(first))
    assert ask(begin("01")) == "yes"
    assert ask(begin("01", {"recipient": "株式会社名簿屋"})) == "no"
    assert ask(begin("01", {"recipient": "別の本部", "replaces": before})) == "yes"


@pytest.mark.parametrize(("line", "answer"), [
    ("満18歳 男 090-1234-5678", "no"), ("〒160-8484 新宿区歌舞伎町一丁目４番１号 新宿区役所", "yes"), ("", "yes"),
])  # fmt: skip
def test_a_label_bears_no_other_line_than_the_scope_has(
    begin: Callable[..., Stage], line: str, answer: str
) -> None:
    scope: dict[str, object] = {"return_line": "〒160-8484 新宿区歌舞伎町一丁目４番１号 新宿区役所"}
    assert ask(begin("04", scope, label_return_line=line)) == answer


def test_a_profile_changed_after_the_approval_stops_the_hand_over(
    begin: Callable[..., Stage], tmp_path: Path
) -> None:
    profile = tmp_path / "protections.yaml"
    shipped = (ROOT / "params/profiles/protections_standard.yaml").read_bytes()
    profile.write_bytes(shipped)
    stage = begin("05", protections_profile=str(profile))
    parts = {"files": digest_files(stage.root, stage.parameters)}
    append_entry(stage.folder, "03", "approval_asked", digest="", parts=parts, ticks=[])
    append_entry(stage.folder, "05", "begun")
    assert ask(stage) == "yes"
    profile.write_bytes(shipped.replace(b'"0": live', b'"0": cancelled'))
    assert ask(stage) == "no"


def test_a_run_without_a_request_is_outside_before_anything_is_handed_over(
    begin: Callable[..., Stage],
) -> None:
    scope = {"request": {**REQUEST, "number": ""}}
    stage = confirm(begin("05", scope, request_number=" "))
    assert hand_over(stage, SCOPE) == "no"
