"""The steps of notebook 04: the approved list, printed, read back, numbered, and nothing else."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pikepdf
import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitlib.base.audit import read_entries
from recruitlib.base.contents import list_quarantine
from recruitlib.base.counts import ALL, Count, write_counts
from recruitlib.base.decisions import read_all_decisions
from recruitlib.base.errors import AwaitingPerson, GuardError, OutputError, ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.base.profiles import Profile
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.scope_gate import ask_scope
from recruitlib.base.tables import ReadTable, read_table
from recruitlib.labels import export, lots, press, print_day
from recruitlib.labels.fitting import LabelText
from recruitlib.labels.lines import Piece
from recruitlib.labels.lots import Bundle
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.printing import encrypt_pdf
from recruitlib.labels.proof import compare_labels, find_clipped
from recruitlib.labels.sheets import begin_at, read_sheet, share_out
from recruitlib.labels.structure import find_foreign_structure
from recruitlib.optouts.applications import Received
from recruitlib.optouts.cases import CASE_COLUMNS
from recruitlib.optouts.exclusion import Matched
from recruitlib.registry.extract import Extract
from recruitlib.review.approval import (
    approve_content,
    digest_content,
    write_approval,
)
from recruitlib.review.balance import count_people
from recruitlib.review.recipients import Exclusions
from tests.conftest import ROOT
from tests.officers import SECOND, STAFF, sign_as
from tests.unit.printed import read_labels
from tests.unit.scopes import write_scope
from tests.unit.stages import list_last_answer, make_residents, make_situation, make_stage, store

LARGE = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
LINES = (
    {"full_name": "辻\U000e0100　花子", "address": "東京都新宿区葛\U000e0100町４番１号"},
    {"full_name": "\ufa19　\ufa11\ufa1b", "building": "コーポ試験２０１"},
    {"postal_code": ""},
    *[{"cohort": "22"}] * 11,
)
PEOPLE = make_residents(*LINES)
EXCLUDED = make_residents({}, {}).assign(
    addressee_id=["0000000091", "0000000092"], full_name=["除外　太郎", "除外　花子"]
)
DAY = PrintDay(PEOPLE, EXCLUDED)


@pytest.fixture(autouse=True)
def _no_password_of_the_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECRUITLIB_PRINT_PASSWORD", raising=False)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return make_stage(tmp_path, "04")


def print_and_lock(stage: Stage, day: PrintDay = DAY) -> tuple[list[Bundle], dict[str, bytes]]:
    bundles = export.make_bundles(stage, day)
    return bundles, export.lock_bundles(stage, bundles)


def edit_pages(pdf: bytes, edit: Callable[[pikepdf.Pdf], object]) -> bytes:
    """Edit a plain PDF and lock it as the delivered file is locked."""
    changed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        edit(document)
        document.save(changed, deterministic_id=True)
    return encrypt_pdf(changed.getvalue(), "demo")


def test_a_clean_print_is_the_approved_list_and_nothing_else(stage: Stage) -> None:
    bundles, files = print_and_lock(stage)
    proof = export.prove_bundles(stage, bundles, files, DAY)
    assert proof.values.tolist() == [["all", 14, 14, 0, 0, 0]]
    for guard in ("labels.every_character", "labels.nothing_clipped", "labels.print_is_approved",
                  "labels.only_allowed_items"):  # fmt: skip
        assert list_last_answer(stage, guard) == "yes"
    printed = read_labels(files["labels_all.pdf"], LARGE, "demo")["text"].tolist()
    assert printed[0].startswith("東京都")
    assert printed[1].endswith("コーポ試験２０１\ufa19　\ufa11\ufa1b　様")
    assert printed[13] == "〒160-0001東京都新宿区葛\U000e0100町４番１号辻\U000e0100　花子　様"


def test_labels_made_from_another_list_stop(stage: Stage) -> None:
    # A05, 東京都総務局: the labels were made from data keyed in again.
    bundles, _ = print_and_lock(stage)
    rekeyed = DAY._replace(
        recipients=PEOPLE.assign(address=PEOPLE["address"].str.replace("片町8番", "片町9番"))
    )
    _, files = print_and_lock(stage, rekeyed)
    with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")) as stop:
        export.prove_bundles(stage, bundles, files, DAY)
    assert "片町" not in str(stop.value)
    assert list_last_answer(stage, "labels.only_allowed_items") == ""


def test_a_page_printed_twice_in_place_of_another_stops(stage: Stage) -> None:
    # A08, 仙台市: the machine was restarted at the wrong page, and a spot check missed it.
    day = DAY._replace(recipients=make_residents(*[{}] * 24))
    bundles, _ = print_and_lock(stage, day)
    assert len(pikepdf.open(io.BytesIO(bundles[0].pdf)).pages) == 2

    def repeat_first(document: pikepdf.Pdf) -> None:
        del document.pages[1]
        document.pages.append(document.pages[0])

    files = {"labels_all.pdf": edit_pages(bundles[0].pdf, repeat_first)}
    with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")):
        export.prove_bundles(stage, bundles, files, day)


def test_a_label_of_an_excluded_person_stops_and_is_counted(stage: Stage) -> None:
    leaked = pd.concat([PEOPLE.iloc[:13], EXCLUDED.iloc[[0]]], ignore_index=True)
    bundles, files = print_and_lock(stage, DAY._replace(recipients=leaked))
    day = DAY._replace(recipients=leaked.assign(full_name=[*PEOPLE["full_name"][:13], "別　人"]))
    with pytest.raises(OutputError, match="除外された人の宛名があります") as stop:
        export.prove_bundles(stage, bundles, files, day)
    assert "除外　太郎" not in str(stop.value)


def test_a_label_that_an_excluded_person_and_a_recipient_share_is_no_leak(stage: Stage) -> None:
    double = EXCLUDED.assign(**{
        name: PEOPLE[name].iloc[3] for name in ("full_name", "address", "building", "postal_code")
    })  # fmt: skip
    day = DAY._replace(excluded=double)
    bundles, files = print_and_lock(stage, day)
    assert export.prove_bundles(stage, bundles, files, day)["除外された人"].tolist() == [0]


def test_somebody_printed_twice_in_place_of_another_stops(stage: Stage) -> None:
    # The numbers are right, and the print agrees with what it was made from.
    people = PEOPLE.iloc[[0, 0, *range(2, len(PEOPLE))]].reset_index(drop=True)
    bundles, files = print_and_lock(stage, DAY._replace(recipients=people))
    with pytest.raises(OutputError, match="束の人が、承認した人と違います"):
        export.prove_bundles(stage, bundles, files, DAY)


def lock_openly(pdf: bytes, **own: Any) -> bytes:
    changed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(changed, encryption=pikepdf.Encryption(**own))
    return changed.getvalue()


@pytest.mark.parametrize(
    "lock",
    [
        lambda pdf: pdf,
        lambda pdf: lock_openly(pdf, user="", owner="demo", R=6),
        lambda pdf: lock_openly(pdf, user="demo", owner="demo", R=6),
        lambda pdf: lock_openly(pdf, user="demo", owner="other", R=4),
    ],
    ids=["plain", "for everybody", "no restriction", "weak"],
)
def test_a_file_that_is_not_locked_stops(stage: Stage, lock: Callable[[bytes], bytes]) -> None:
    bundles, _ = print_and_lock(stage)
    files = {"labels_all.pdf": lock(bundles[0].pdf)}
    with pytest.raises(OutputError, match="暗号化されていません"):
        export.prove_bundles(stage, bundles, files, DAY)


def test_serials_that_do_not_run_on_stop(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "04", bundle_by=["cohort"])
    first, second = export.make_bundles(stage, DAY)
    fonts, margin = (
        press.open_fonts(stage.root, stage.parameters),
        "{run} 22 シート {{sheet}}/{{sheets}} 通番 {{first}}-{{last}}",
    )
    line = margin.format(run=stage.parameters["run_id"])
    again = press.render_labels(second.fitted, second.sheet, fonts, line, "見本", first_serial=1)
    bundles = [first, second._replace(first_serial=1, pdf=again)]
    with pytest.raises(OutputError, match="ラベルの外の文字"):
        export.prove_bundles(stage, bundles, export.lock_bundles(stage, bundles), DAY)


def test_anything_beside_the_list_on_the_end_page_stops(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "04", label_lot_sheets=1)
    bundles, files = print_and_lock(stage)
    page = export.render_end_page(stage, bundles)
    files["labels_end.pdf"] = edit_pages(
        page, lambda pdf: pdf.docinfo.__setitem__("/Title", "試験")
    )
    with pytest.raises(OutputError, match="文書のプロパティ"):
        export.prove_bundles(stage, bundles, files, DAY)


def test_a_label_that_says_something_else_stops_and_it_is_said_what_to_do(stage: Stage) -> None:
    bundles, _ = print_and_lock(stage)
    other = PEOPLE.assign(full_name=["別人　太郎", *PEOPLE["full_name"].iloc[1:]])
    _, files = print_and_lock(stage, DAY._replace(recipients=other))
    with pytest.raises(OutputError, match="印刷せず、04 をやり直してください"):
        export.prove_bundles(stage, bundles, files, DAY)


def test_the_end_page_writes_serials_as_they_are_typed_and_counts_with_commas(stage: Stage) -> None:
    page = press.draw_end_page(stage, [press.Lot("all", 100, 1200, 1, 1200)])
    (text,) = read_page_texts(page)
    assert ["all", "100", "1,200", "1", "-", "1200"] in [line.split() for line in text.splitlines()]


def test_a_bundle_that_was_left_out_stops(stage: Stage, tmp_path: Path) -> None:
    bundles, files = print_and_lock(stage, DAY._replace(recipients=PEOPLE.iloc[:12]))
    with pytest.raises(OutputError, match="束の合計"):
        export.prove_bundles(stage, bundles, files, DAY)


@pytest.mark.parametrize(
    ("name", "point"),
    [("\ue000田　太郎", "E000"), ("試験　\uf860郎", "F860"), ("\U000f0000　花子", "F0000")],
)
def test_a_private_character_stops_by_row_and_code_point_and_prints_nobody(
    stage: Stage, name: str, point: str
) -> None:
    # A60: a gaiji would come out as a stranger's character or as a blank.
    people = make_residents({}, {"full_name": name}, {})
    with pytest.raises(OutputError, match=re.escape("labels.every_character")) as stop:
        export.make_bundles(stage, DAY._replace(recipients=people))
    assert "3行目" in str(stop.value)
    assert point in str(stop.value)
    assert name not in str(stop.value)
    assert list_last_answer(stage, "labels.nothing_clipped") == ""


def test_of_many_gaps_twenty_are_named_and_all_counted(stage: Stage) -> None:
    people = make_residents(*[{"full_name": "\ue000　花子"}] * 23)
    with pytest.raises(OutputError, match="ほか 3 か所") as stop:
        export.make_bundles(stage, DAY._replace(recipients=people))
    assert "21行目の氏名" in str(stop.value) and "22行目の氏名" not in str(stop.value)


def test_a_postal_code_that_is_not_printed_does_not_stop(tmp_path: Path) -> None:
    plain = make_stage(
        tmp_path, "04", scope_file=write_scope(tmp_path, postal_code_is_address=False)
    )
    people = make_residents({"postal_code": "\ue000"})
    bundles, files = print_and_lock(plain, DAY._replace(recipients=people))
    assert (
        export.prove_bundles(plain, bundles, files, DAY._replace(recipients=people))["違い"][0] == 0
    )


def test_bundles_and_what_they_are_made_of_show_nobody(stage: Stage) -> None:
    bundles, _ = print_and_lock(stage)
    label = LabelText("2", *PEOPLE.loc[0, list(LabelText._fields[1:])])
    piece = Piece(PEOPLE["full_name"][0], 0.0, 1.0, 1.0, 0.0)
    for shown in map(repr, (bundles, DAY, label, piece)):
        assert not any(name in shown for name in PEOPLE["full_name"])


def test_a_label_that_does_not_fit_is_named_and_nothing_is_printed(stage: Stage) -> None:
    long = "試験" * 300
    people = make_residents({}, {"building": long}, {})
    with pytest.raises(OutputError, match=re.escape("labels.nothing_clipped")) as stop:
        export.make_bundles(stage, DAY._replace(recipients=people))
    assert "3 行目" in str(stop.value)
    assert long not in str(stop.value)


def test_labels_drawn_for_another_sheet_are_found_clipped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = read_sheet(ROOT / "params/label_sheets.yaml", "a4_24_66x34")
    draw = press.render_labels

    def draw_on_small(fitted: Any, sheet: Any, *rest: Any, **options: Any) -> bytes:
        return draw(fitted, small, *rest, **options)

    monkeypatch.setattr(press, "render_labels", draw_on_small)
    with pytest.raises(OutputError, match="枠からはみ出す"):
        export.make_bundles(stage, DAY)


@pytest.mark.parametrize(
    "edit",
    [
        lambda pdf: pdf.docinfo.__setitem__("/Title", "試験　一郎1 2008-05-02"),
        lambda pdf: pdf.Root.__setattr__("Metadata", pdf.make_stream(b"<x/>")),
        lambda pdf: pdf.attachments.__setitem__("list.csv", b"name,birth"),
        lambda pdf: pdf.pages[0].__setattr__("Annots", pikepdf.Array([])),
    ],
    ids=["title", "metadata", "attachment", "annotation"],
)  # fmt: skip
def test_anything_beside_the_labels_in_the_file_stops(
    stage: Stage, edit: Callable[[pikepdf.Pdf], object]
) -> None:
    # A50, 宮代町: the labels carried sex and birth date.
    bundles, _ = print_and_lock(stage)
    files = {"labels_all.pdf": edit_pages(bundles[0].pdf, edit)}
    with pytest.raises(OutputError, match=re.escape("labels.only_allowed_items")) as stop:
        export.prove_bundles(stage, bundles, files, DAY)
    assert "2008" not in str(stop.value)
    assert list_last_answer(stage, "labels.print_is_approved") == "yes"


def test_a_margin_that_says_something_else_stops(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = press.render_labels

    def draw_telling(
        fitted: Any, sheet: Any, fonts: Any, margin: str, *rest: Any, **own: Any
    ) -> bytes:
        return draw(fitted, sheet, fonts, f"18歳 {margin}", *rest, **own)

    monkeypatch.setattr(press, "render_labels", draw_telling)
    bundles, files = print_and_lock(stage)
    with pytest.raises(OutputError, match=re.escape("labels.only_allowed_items")):
        export.prove_bundles(stage, bundles, files, DAY)


def test_a_profile_that_maps_the_birth_date_into_the_address_is_refused(tmp_path: Path) -> None:
    # A50, the other half: it never comes to printing.
    path = tmp_path / "registry.csv"
    path.write_text("氏名,生年月日\n試験　一郎,2008-05-02\n", encoding="utf-8")
    columns = {"full_name": ("氏名",), "birth_text": ("生年月日",), "building": ("生年月日",)}
    profile = Profile("wrong", "registry", columns, (), (), {}, {})
    with pytest.raises(ParameterError, match="生年月日"):
        read_table(path, profile)


def test_without_approval_of_the_postal_code_none_is_printed(tmp_path: Path) -> None:
    stage = make_stage(
        tmp_path, "04", scope_file=write_scope(tmp_path, postal_code_is_address=False)
    )
    ask_scope(stage)
    assert list_last_answer(stage, "handover.within_scope") == "yes"
    bundles, files = print_and_lock(stage)
    export.prove_bundles(stage, bundles, files, DAY)
    assert not read_labels(files["labels_all.pdf"], LARGE, "demo")["text"].str.contains("〒").any()


def test_a_file_with_postal_codes_is_no_print_of_a_scope_without_them(tmp_path: Path) -> None:
    _, files = print_and_lock(make_stage(tmp_path, "04"))
    stage = make_stage(
        tmp_path, "04", scope_file=write_scope(tmp_path, postal_code_is_address=False)
    )
    bundles, _ = print_and_lock(stage)
    with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")):
        export.prove_bundles(stage, bundles, files, DAY)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"ages": [22]}, "18歳"),
        ({"medium": "電子データ"}, "媒体"),
        ({"period_to": "2026-05-19"}, "期間"),
        ({"approved_on": "2026-05-21"}, "承認の日"),
    ],
)
def test_a_print_outside_the_approved_scope_stops(
    tmp_path: Path, changes: dict[str, object], hint: str
) -> None:
    stage = make_stage(tmp_path, "04", scope_file=write_scope(tmp_path, **changes))
    with pytest.raises(GuardError, match=rf"handover\.within_scope.*{hint}"):
        ask_scope(stage)


# Print day: does the approval still hold?
SITUATION = make_situation()
OPTED_OUT = frozenset(SITUATION["cohort"]["addressee_id"][:2])
RECIPIENTS = SITUATION["cohort"].iloc[6:].reset_index(drop=True)
PROTECTIONS = pd.DataFrame({"addressee_id": ["0000000006"], "cancelled": [False]})
# The ninth person's parent: in the extract, and of no cohort.
PARENT = make_residents({}).assign(addressee_id="0000000050", household_id="0000000909")
RECORDS = pd.concat([SITUATION["cohort"], PARENT], ignore_index=True).assign(is_latest=True)
NOTHING = list_quarantine([])
NO_CASES = pd.DataFrame(columns=[*CASE_COLUMNS, "problem"])


def begin_print_day(
    folder: Path, monkeypatch: pytest.MonkeyPatch, applications: pd.DataFrame,
    protections: pd.DataFrame = PROTECTIONS, recipients: pd.DataFrame = RECIPIENTS, by: str = SECOND,
    cases: pd.DataFrame = NO_CASES, lived_with: str = "0000000050",
) -> Stage:  # fmt: skip
    """Begin 04 as 03 left it, with today's lists; reading files is not what is tested here."""
    stage = make_stage(folder, "04")
    exclusions = Exclusions(frozenset({"0000000006"}), OPTED_OUT, frozenset(), frozenset())
    excluded = [(why, one) for why, ids in exclusions._asdict().items() for one in sorted(ids)]
    settled = SITUATION["matches"]
    store(
        stage, cohort=SITUATION["cohort"], recipients=recipients, settled=settled,
        possible=SITUATION["cohort"], applications=SITUATION["applications"], cases=cases,
        housemates=pd.DataFrame(
            [("0000000009", lived_with)], columns=["addressee_id", "lives_with"], dtype="str"
        ),
        excluded=pd.DataFrame(excluded, columns=["reason", "addressee_id"], dtype="str"),
    )  # fmt: skip
    counts = count_people(SITUATION["cohort"], exclusions, recipients)
    decisions = read_all_decisions(stage.root, stage.parameters)
    content = digest_content(stage, counts, recipients, settled, decisions)
    run = ("test_ward", True)
    approval = approve_content(content, [], [], sign_as(by), run, "2026-05-19")
    write_approval(stage.locate("approval_file"), *run, approval)
    source = ReadTable(RECORDS.iloc[:0], NOTHING, len(RECORDS), "utf-8", "", [], [], [])
    extract = Extract(RECORDS, {}, source, "", "", len(RECORDS))
    live = protections.loc[~protections["cancelled"], "addressee_id"]
    received = Received(applications, NOTHING.assign(source=""), {})
    monkeypatch.setattr(print_day, "choose_rows", lambda *content: None)
    monkeypatch.setattr(print_day, "reread_registry", lambda stage, keep: extract)
    monkeypatch.setattr(print_day, "read_listed", lambda stage, prefix: protections)
    monkeypatch.setattr(print_day, "take_protections", lambda *content: None)
    monkeypatch.setattr(print_day, "find_protected", lambda stage, traced: live)
    monkeypatch.setattr(print_day, "take_applications", lambda stage, prefix: received)
    monkeypatch.setattr(print_day, "join_later_day", lambda stage, received: [])
    return stage


def find_today(monkeypatch: pytest.MonkeyPatch, outcome: str, person: str) -> None:
    """Let today's matching end so for every new application."""

    def match(stage: Stage, fresh: pd.DataFrame, extract: Extract) -> Matched:
        ends = fresh[["application_id"]].assign(outcome=outcome, addressee_id=person)
        return Matched(fresh, ends, SITUATION["candidates"].iloc[:0], pd.DataFrame())

    monkeypatch.setattr(print_day, "match_day", match)


def add_application(**changes: str) -> pd.DataFrame:
    known = SITUATION["applications"]
    fresh = known.iloc[[0]].assign(application_id="form:9", **changes)
    return pd.concat([known, fresh], ignore_index=True)


def test_with_no_new_hit_the_approval_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin_print_day(tmp_path, monkeypatch, SITUATION["applications"])
    day = print_day.check_print_day(stage)
    pd.testing.assert_frame_equal(day.recipients, RECIPIENTS)
    assert set(day.excluded["addressee_id"]) == {*OPTED_OUT, "0000000006"}
    assert list_last_answer(stage, "review.approved") == "yes"
    assert list_last_answer(stage, "exclusion.zero_leak") == "yes"


def test_a_new_application_of_somebody_else_does_not_stop_the_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_today(monkeypatch, "outside", "0000000099")
    stage = begin_print_day(tmp_path, monkeypatch, add_application())
    assert len(print_day.check_print_day(stage).recipients) == 3


@pytest.mark.parametrize(
    ("outcome", "person"),
    [("matched", "0000000008"), ("to_confirm", "0000000008"), ("withdrawn", "0000000008"),
     ("undecided", "")],
)  # fmt: skip
def test_a_new_application_that_may_mean_a_recipient_takes_the_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, person: str
) -> None:
    # A62: applications were exported once and never again.
    find_today(monkeypatch, outcome, person)
    stage = begin_print_day(tmp_path, monkeypatch, add_application())
    with pytest.raises(GuardError, match=r"exclusion\.zero_leak.*01 からやり直し"):
        print_day.check_print_day(stage)


def test_a_recipient_who_is_protected_today_takes_the_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = pd.DataFrame(
        {"addressee_id": ["0000000006", "0000000009"], "cancelled": [False, False]}
    )
    stage = begin_print_day(tmp_path, monkeypatch, SITUATION["applications"], today)
    with pytest.raises(GuardError, match="支援措置の新しい対象者が 1 人"):
        print_day.check_print_day(stage)


def list_case(kind: str, person: str, problem: str) -> pd.DataFrame:
    """List one case as 03 left it."""
    row = (1, kind, "", person, "same_household", 0, "", problem)
    return pd.DataFrame([row], columns=NO_CASES.columns)


def begin_with_protected_parent(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    cases: pd.DataFrame,
    cancelled: bool = False,
    lived_with: str = "0000000050",
) -> Stage:
    """Begin 04 on the day on which the ninth person's parent stands on the list too."""
    today = pd.DataFrame(
        {"addressee_id": ["0000000006", "0000000050"], "cancelled": [False, cancelled]}
    )
    return begin_print_day(
        folder, monkeypatch, SITUATION["applications"], today, cases=cases, lived_with=lived_with
    )


@pytest.mark.parametrize(
    "cases",
    [
        NO_CASES,
        list_case("housemate", "0000000009", "まだ決まっていません"),
        list_case("housemate", "0000000008", ""),
        list_case("to_confirm", "0000000009", ""),
    ],
    ids=["no case", "undecided", "another person", "another question"],
)
def test_a_housemate_of_a_protected_person_whom_nobody_decided_about_takes_the_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cases: pd.DataFrame
) -> None:
    stage = begin_with_protected_parent(tmp_path, monkeypatch, cases)
    with pytest.raises(
        GuardError, match=r"exclusion\.zero_leak.*同じ世帯の人が 1 人.*01 からやり直し"
    ) as stop:
        print_day.check_print_day(stage)
    assert "支援措置の新しい対象者" not in str(stop.value)
    assert "0000000009" not in str(stop.value)
    assert list_last_answer(stage, "exclusion.zero_leak") == "no"


def test_a_housemate_whom_two_people_decided_to_supply_does_not_stop_the_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = list_case("housemate", "0000000009", "")
    stage = begin_with_protected_parent(tmp_path, monkeypatch, cases)
    assert "0000000009" in set(print_day.check_print_day(stage).recipients["addressee_id"])
    assert list_last_answer(stage, "exclusion.zero_leak") == "yes"


def test_what_was_decided_of_a_housemate_does_not_hold_for_somebody_protected_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = list_case("housemate", "0000000009", "")
    stage = begin_with_protected_parent(tmp_path, monkeypatch, cases, lived_with="0000000051")
    with pytest.raises(GuardError, match=r"同じ世帯の人が 1 人"):
        print_day.check_print_day(stage)


def test_a_housemate_of_somebody_whose_measure_was_cancelled_does_not_stop_the_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin_with_protected_parent(tmp_path, monkeypatch, NO_CASES, cancelled=True)
    assert len(print_day.check_print_day(stage).recipients) == 3


def test_an_excluded_person_among_the_recipients_stops_the_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked = SITUATION["cohort"].iloc[1:].reset_index(drop=True)
    nobody = PROTECTIONS.iloc[:0]
    stage = begin_print_day(tmp_path, monkeypatch, SITUATION["applications"], nobody, leaked)
    with pytest.raises(GuardError, match="除外した人が提供対象者に残っています"):
        print_day.check_print_day(stage)


def test_recipients_changed_after_the_approval_stop_the_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = begin_print_day(tmp_path, monkeypatch, SITUATION["applications"])
    store(stage, recipients=RECIPIENTS.iloc[:2])
    with pytest.raises(AwaitingPerson, match=re.escape("review.approved")):
        print_day.check_print_day(stage)


def test_an_approval_by_the_operator_does_not_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applications = SITUATION["applications"]
    stage = begin_print_day(tmp_path, monkeypatch, applications, by=STAFF)
    with pytest.raises(AwaitingPerson, match=re.escape("review.approved")):
        print_day.check_print_day(stage)


@pytest.mark.parametrize(
    ("column", "value", "fresh"),
    [("subject_name", "別人", 1), ("subject_birth_text", "2009-01-01", 1), ("subject_address", "x", 1),
     ("status", "withdrawn", 1), ("wish", "withdrawal", 1), ("card_name", "別人", 1),
     ("card_substitutes", "1", 1), ("linked_to", "form:1", 0), ("source_row", 99, 0)],
)  # fmt: skip
def test_an_application_is_new_when_what_it_says_is_new(
    tmp_path: Path, column: str, value: object, fresh: int
) -> None:
    stage = make_stage(tmp_path, "04")
    store(stage, applications=SITUATION["applications"])
    today = SITUATION["applications"].copy()
    today.loc[1, column] = cast(Any, value)
    found = print_day.select_fresh(stage, today)
    assert found["application_id"].tolist() == ["form:2"] * fresh


# Numbers.
@given(st.lists(st.sampled_from(["18", "22"]), min_size=1, max_size=60), st.booleans())
def test_every_recipient_gets_one_serial_and_one_place(ages: list[str], by_cohort: bool) -> None:
    people = make_residents(*({"cohort": age} for age in ages))
    bundles, first = [], 1
    for name, own in lots.split_bundles(people, ["cohort"] if by_cohort else []):
        bundles.append(Bundle(name, own, LARGE, [], b"", first))
        first += len(own)
    labels = lots.number_labels(bundles)
    assert labels["serial"].tolist() == list(range(1, len(ages) + 1))
    assert sorted(labels["addressee_id"]) == sorted(people["addressee_id"])
    assert not labels.duplicated(["bundle", "sheet", "position"]).any()
    assert labels["position"].between(1, 12).all()
    counts = {(count.cohort, count.step): count.count for count in lots.count_printed(labels)}
    assert {age: counts.get((age, "labels"), 0) for age in ("18", "22")} == {
        age: ages.count(age) for age in ("18", "22")
    }
    sheets = sum(number for (_, step), number in counts.items() if step == "sheets")
    parts = [ages.count("18"), ages.count("22")] if by_cohort else [len(ages)]
    assert sheets == sum(-(-part // 12) for part in parts)


def test_one_bundle_is_the_default_since_a_bundle_tells_the_birth_year() -> None:
    assert [name for name, _ in lots.split_bundles(PEOPLE, [])] == ["all"]
    assert [name for name, _ in lots.split_bundles(PEOPLE, ["cohort"])] == ["18", "22"]


def test_serials_run_on_from_bundle_to_bundle_and_stand_in_the_margin(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "04", bundle_by=["cohort"])
    bundles, files = print_and_lock(stage)
    assert [(bundle.name, bundle.first_serial) for bundle in bundles] == [("18", 1), ("22", 4)]
    assert sorted(files) == ["labels_18.pdf", "labels_22.pdf"]
    export.prove_bundles(stage, bundles, files, DAY)
    exchanged = {"labels_18.pdf": files["labels_22.pdf"], "labels_22.pdf": files["labels_18.pdf"]}
    with pytest.raises(OutputError):
        export.prove_bundles(stage, bundles, exchanged, DAY)


# Used sheets, what the printer needs, order and lots.
def read_page_texts(pdf: bytes, password: str = "demo") -> list[str]:
    """Read each page's whole text with pdfium alone."""
    document = pdfium.PdfDocument(pdf, password=password)
    return [document[number].get_textpage().get_text_bounded() for number in range(len(document))]


def test_a_used_sheet_and_a_moved_print_are_proved_like_any_other(tmp_path: Path) -> None:
    stage = make_stage(
        tmp_path, "04", label_first_position=5, label_offset_x_mm=1.5, label_offset_y_mm=-2.0,
        label_scale=1.01,
    )  # fmt: skip
    bundles, files = print_and_lock(stage)
    assert export.prove_bundles(stage, bundles, files, DAY).values.tolist() == [
        ["all", 14, 14, 0, 0, 0]
    ]
    labels = lots.number_labels(bundles)
    assert labels["serial"].tolist() == list(range(1, 15))
    assert labels["sheet"].tolist() == [1] * 8 + [2] * 6
    assert labels["position"].tolist() == [*range(5, 13), *range(1, 7)]
    first, second = read_page_texts(files["labels_all.pdf"])
    assert "シート 1/2 通番 1-8 見本" in first and "シート 2/2 通番 9-14 見本" in second
    assert [count for count in lots.count_printed(labels) if count.step == "sheets"] == [
        Count(ALL, "sheets", 2)
    ]
    # The sixth label lies in the second column and the third row of the sheet as it is drawn: its
    # postal mark, the first, stands 4 mm inside, at 18.6 + 86.4 and 21.2 + 2 x 42.3 mm, scaled
    # and moved.
    page = pdfium.PdfDocument(files["labels_all.pdf"], password="demo")[0]
    text = page.get_textpage()
    mark = text.get_text_range().index("〒")
    left, _, _, top = (side * 25.4 / 72 for side in text.get_charbox(mark))
    assert left == pytest.approx((18.6 + 86.4 + 4.0) * 1.01 + 1.5, abs=0.6)
    cell_top = (21.2 + 2 * 42.3) * 1.01 - 2.0
    assert cell_top + 4 < 297 - top < cell_top + 12


@pytest.mark.parametrize(
    "changes",
    [{"label_first_position": 6}, {"label_offset_x_mm": -4.5}, {"label_offset_y_mm": -4.5},
     {"label_scale": 0.98}],
)  # fmt: skip
def test_a_print_made_for_another_place_does_not_pass_the_proof(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    people = make_residents(*[{}] * 12)
    day = DAY._replace(recipients=people)
    _, files = print_and_lock(make_stage(tmp_path, "04", **changes), day)
    stage = make_stage(tmp_path, "04")
    bundles, _ = print_and_lock(stage, day)
    moved = list(files.values())[0]
    different = compare_labels(read_labels(moved, LARGE, "demo"), people, LARGE)
    assert len(different) + len(find_clipped(moved, LARGE, "demo")) > 0
    if "label_first_position" in changes:
        with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")):
            export.prove_bundles(stage, bundles, files, day)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label_first_position": 13}, "1から12まで"),
        ({"label_sheet": "a4_24_70x34", "label_offset_x_mm": -1.5}, "位置の補正"),
        ({"label_sheet": "unknown"}, "ラベル用紙 unknown はありません"),
    ],
)
def test_a_setting_that_the_sheet_does_not_allow_prints_nobody(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        export.make_bundles(make_stage(tmp_path, "04", **changes), DAY)


def test_the_order_of_the_registry_is_that_of_its_rows(tmp_path: Path) -> None:
    people = PEOPLE.assign(source_row=[*range(30, 16, -1)])
    stage = make_stage(tmp_path, "04", label_order="registry")
    bundles, files = print_and_lock(stage, DAY._replace(recipients=people))
    assert bundles[0].people["source_row"].tolist() == list(range(17, 31))
    export.prove_bundles(stage, bundles, files, DAY)
    printed = read_labels(files["labels_all.pdf"], LARGE, "demo")["text"]
    assert printed.iloc[13].endswith("辻\U000e0100　花子　様")
    # By default the order is by postal code, town and number: none, 片町 from 2番, 葛町.
    by_address = print_and_lock(make_stage(tmp_path, "04"), DAY._replace(recipients=people))[0]
    assert by_address[0].people["source_row"].tolist() == [28, 29, *range(27, 16, -1), 30]


def test_lots_hold_so_many_sheets_each_and_the_end_page_counts_them(tmp_path: Path) -> None:
    stage = make_stage(
        tmp_path, "04", bundle_by=["cohort"], label_lot_sheets=1, label_first_position=11
    )
    people = make_residents(*[{}] * 15, *[{"cohort": "22"}] * 13)
    day = DAY._replace(recipients=people)
    bundles, files = print_and_lock(stage, day)
    # 2 labels are left on the used sheet; then whole sheets, and no lot of two cohorts.
    assert [(b.name, len(b.people), b.first_serial) for b in bundles] == [
        ("18-001", 2, 1), ("18-002", 12, 3), ("18-003", 1, 15), ("22-001", 12, 16), ("22-002", 1, 28),
    ]  # fmt: skip
    proof = export.prove_bundles(stage, bundles, files, day)
    assert proof["読み戻した枚数"].tolist() == [2, 12, 1, 12, 1]
    assert sorted(files) == [
        "labels_18-001.pdf", "labels_18-002.pdf", "labels_18-003.pdf", "labels_22-001.pdf",
        "labels_22-002.pdf", "labels_end.pdf",
    ]  # fmt: skip
    assert (
        "test_ward 18-002 シート 1/1 通番 3-14 見本"
        in read_page_texts(files["labels_18-002.pdf"])[0]
    )
    lines = read_page_texts(files["labels_end.pdf"])[0].splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "test_ward 宛名シール ロットの一覧（見本）", "ロット シート ラベル 通番",
        "18-001 1 2 1 - 2", "18-002 1 12 3 - 14", "18-003 1 1 15 - 15", "22-001 1 12 16 - 27",
        "22-002 1 1 28 - 28", "計 5 28",
    ]  # fmt: skip
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(files["labels_end.pdf"]))
    assert find_foreign_structure(files["labels_end.pdf"], "demo") == []
    labels = lots.number_labels(bundles)
    assert labels["serial"].tolist() == list(range(1, 29))
    assert not labels.duplicated(["bundle", "sheet", "position"]).any()
    assert set(lots.count_printed(labels)) == {
        Count("18", "labels", 15), Count("22", "labels", 13),
        Count("18", "sheets", 3), Count("22", "sheets", 2),
    }  # fmt: skip


@given(st.integers(1, 12), st.integers(0, 3), st.integers(1, 70), st.booleans())
def test_no_lot_has_more_sheets_than_allowed_and_nobody_is_lost(
    first: int, limit: int, labels: int, two: bool
) -> None:
    people = make_residents(*[{}] * labels)
    half = labels // 2 if two else labels
    split = [("a", people.iloc[:half]), ("b", people.iloc[half:])]
    found = lots.split_lots([part for part in split if len(part[1])], begin_at(LARGE, first), limit)
    assert [one for _, own, _ in found for one in own["addressee_id"]] == people[
        "addressee_id"
    ].tolist()
    assert len({name for name, _, _ in found}) == len(found)
    assert [sheet.first_position for _, _, sheet in found] == [first] + [1] * (len(found) - 1)
    for _, own, sheet in found:
        assert len(own)
        assert not limit or len(share_out(sheet, len(own))) <= limit
    stripped = lots.strip_lots(pd.Series([name for name, _, _ in found]))
    assert set(stripped) == {name for name, own in split if len(own)}


def test_nobody_at_all_prints_nothing_with_lots_as_without(tmp_path: Path) -> None:
    for limit in (0, 3):
        stage = make_stage(tmp_path, "04", label_lot_sheets=limit)
        with pytest.raises(OutputError):
            export.make_bundles(stage, DAY._replace(recipients=PEOPLE.iloc[:0]))


COUNTS = [Count("18", "cohort", 3), Count("22", "cohort", 11), Count("18", "recipients", 3),
          Count("22", "recipients", 11)]  # fmt: skip


def test_the_labels_are_as_many_as_the_recipients_of_each_cohort(stage: Stage) -> None:
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    bundles, _ = print_and_lock(stage)
    assert len(export.balance_labels(stage, bundles)) == 14
    assert list_last_answer(stage, "review.counts_balance") == "yes"


@pytest.mark.parametrize("kept", [slice(0, 13), slice(3, 14), slice(0, 3)])
def test_a_label_or_a_whole_cohort_of_labels_too_few_stops(stage: Stage, kept: slice) -> None:
    # A45 at the step from list to labels.
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    bundles, _ = print_and_lock(stage, DAY._replace(recipients=PEOPLE.iloc[kept]))
    with pytest.raises(GuardError, match=re.escape("review.counts_balance")):
        export.balance_labels(stage, bundles)


def go_on_to_the_end(stage: Stage, day: PrintDay) -> tuple[list[Bundle], dict[str, bytes]]:
    """Print and prove a day whose approved recipients are PEOPLE, and answer every other guard."""
    (stage.folder / "counts.csv").write_bytes(write_counts(COUNTS))
    store(stage, recipients=PEOPLE)
    for guard in ("record.chain_intact", "protection.list_fresh", "protection.every_row_found",
                  "optouts.complete", "exclusion.zero_leak", "review.approved",
                  "handover.within_scope"):  # fmt: skip
        ask_guard(stage, guard, [])
    bundles, files = print_and_lock(stage, day)
    export.prove_bundles(stage, bundles, files, day)
    return bundles, files


def test_a_finished_export_leaves_locked_pdfs_and_digests_of_the_plain_ones(stage: Stage) -> None:
    bundles, files = go_on_to_the_end(stage, DAY)
    labels = export.balance_labels(stage, bundles)
    line = export.finish_export(stage, bundles, files, labels)
    assert line.startswith("04 宛名 完了: ")
    delivered = stage.folder / "private/labels_all.pdf"
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(delivered)
    assert len(pikepdf.open(delivered, password="demo").pages) == 2
    pd.testing.assert_frame_equal(read_private_table(stage, "labels"), labels, check_dtype=False)
    counts = (stage.folder / "counts.csv").read_text(encoding="utf-8")
    assert f"{ALL},sheets,2\n" in counts
    record = (stage.folder / "audit.jsonl").read_text(encoding="utf-8")
    assert export.digest_plain(stage, bundles[0].pdf) in record
    assert not [name for name in PEOPLE["full_name"] if name in record]
    (done,) = [entry for entry in read_entries(stage.folder) if "fonts" in entry["facts"]]
    digest = hashlib.sha256(default_font_path().read_bytes()).hexdigest()
    assert done["facts"]["fonts"] == {"ipaexg.ttf": digest}


def test_the_tables_of_the_notebook_show_nobody(stage: Stage) -> None:
    bundles, _ = print_and_lock(stage)
    shown = [*export.tabulate_fit(bundles).values.tolist()[0]]
    assert shown[:4] == ["all", 14, 2, 14]
    files = export.tabulate_files(stage, bundles).values.tolist()
    assert files[0][0] == "runs/test_ward/private/labels_all.pdf"
    assert re.fullmatch(r"([0-9a-f]{4} ){3}[0-9a-f]{4}", files[0][1])


REKEYED = PEOPLE.assign(address=PEOPLE["address"].str.replace("片町8番", "片町9番"))


@pytest.mark.parametrize(
    ("approved", "file", "is_moved", "told"),
    [
        (REKEYED, PEOPLE, False, "承認した提供対象者 が"),
        (PEOPLE, REKEYED, False, "labels_all.pdf が"),
        (PEOPLE, PEOPLE, True, "通番の控え が"),
    ],
)
def test_what_was_not_proved_against_the_approved_list_is_not_written(
    stage: Stage, approved: pd.DataFrame, file: pd.DataFrame, is_moved: bool, told: str
) -> None:
    # A05: somebody puts another list, file or register of serials into the place of the right one
    # in the notebook; every step before the last then agrees with itself.
    bundles, files = go_on_to_the_end(stage, DAY._replace(recipients=approved))
    labels = export.balance_labels(stage, bundles)
    if file is not PEOPLE:
        _, files = print_and_lock(stage, DAY._replace(recipients=file))
    if is_moved:
        labels["addressee_id"] = labels["addressee_id"].to_list()[::-1]
    with pytest.raises(OutputError, match=re.escape("labels.print_is_approved")) as stop:
        export.finish_export(stage, bundles, files, labels)
    assert f"です。{told}" in str(stop.value)
    assert "ください" in str(stop.value)
    assert list_last_answer(stage, "labels.print_is_approved") == "no"
    assert not (stage.folder / "private/labels_all.pdf").exists()
