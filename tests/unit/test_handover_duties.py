"""The register of duties: open until settled, signed, and no line of it changed or taken out unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import yaml

from recruitlib.base.errors import IntegrityError, ParameterError
from recruitlib.base.officers import DEMONSTRATION_OFFICERS
from recruitlib.base.scope import read_scope
from recruitlib.handover import duties
from recruitlib.handover.duties import Duty
from tests.conftest import ROOT
from tests.officers import SECOND, STAFF, sign_as
from tests.unit.stages import make_stage

TODAY = date(2026, 6, 1)
SCOPE = read_scope(ROOT / "params/scope/demo.yaml")
Content = dict[str, Any]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Give a project folder with the officers of demonstrations, and no register yet."""
    path = tmp_path / DEMONSTRATION_OFFICERS
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / DEMONSTRATION_OFFICERS, path)
    return tmp_path


def open_one(
    root: Path, about: str = "立入り調査の実施", due: str = "2026-06-30", kind: str = "inspection",
    run_id: str = "r8_20260401",
) -> Duty:  # fmt: skip
    return duties.open_duty(root, sign_as(STAFF), kind, run_id, about, due, TODAY, True)


def settle(root: Path, number: int, result: str = "適正") -> Duty:
    return duties.settle_duty(root, sign_as(SECOND), number, result, date(2026, 6, 20), True)


def change(root: Path, edit: Callable[[Content], object]) -> None:
    path = duties.locate_duties(root, True)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_without_a_register_there_is_no_duty(office: Path) -> None:
    assert duties.read_duties(office, True) == []
    assert duties.tabulate_duties(office, True, TODAY).empty


def test_a_duty_stands_open_until_an_officer_settles_it(office: Path) -> None:
    opened = open_one(office)
    assert opened == Duty(
        1, "inspection", "r8_20260401", "立入り調査の実施", "2026-06-30", "2026-06-01", STAFF
    )
    assert duties.list_open(office, True, TODAY) == [opened]
    settled = settle(office, 1, "指摘なし（2026-06-20 に実施）")
    assert settled[-3:] == ("2026-06-20", SECOND, "指摘なし（2026-06-20 に実施）")
    assert duties.list_open(office, True, TODAY) == []
    assert duties.read_duties(office, True) == [settled]


def test_open_duties_stand_first_and_an_overdue_one_says_so_in_words(office: Path) -> None:
    for due in ("2026-06-01", "2026-12-31", "2026-05-31", "2026-07-31"):
        open_one(office, due=due)
    settle(office, 4)
    table = duties.tabulate_duties(office, True, TODAY)
    assert table["番号"].tolist() == [3, 1, 2, 4]
    assert table["状態"].tolist() == [
        "期限を過ぎています", "未了", "未了", f"済（2026-06-20、{SECOND}）",
    ]  # fmt: skip
    assert table["種類"].unique().tolist() == ["実地の調査"]


def test_the_duties_of_one_run_can_be_told_apart(office: Path) -> None:
    open_one(office, run_id="r8_1")
    open_one(office, run_id="r8_2")
    assert duties.tabulate_duties(office, True, TODAY, "r8_2")["番号"].tolist() == [2]


def test_a_hand_over_leaves_two_reports_and_a_second_end_of_05_adds_none(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    assert duties.open_duties_of(stage, SCOPE) == [1, 2]
    assert duties.open_duties_of(stage, SCOPE) == [1, 2]
    found = duties.read_duties(tmp_path, True)
    assert [duty.kind for duty in found] == ["deletion_counterparty", "deletion_recipient"]
    assert [duty.about.split(":")[0] for duty in found] == [
        "株式会社トラストバンク",
        "自衛隊東京地方協力本部",
    ]
    assert {(duty.run_id, duty.due, duty.opened_by) for duty in found} == {
        ("test_ward", "2027-03-31", stage.parameters["operator"])
    }
    settle(tmp_path, 1)
    assert duties.open_duties_of(stage, SCOPE) == [1, 2]
    open_one(tmp_path, kind="deletion_recipient", run_id="test_ward", about="訂正の報告")
    assert duties.open_duties_of(stage, SCOPE) == [1, 2]


def test_demonstrations_and_the_office_have_registers_of_their_own(office: Path) -> None:
    open_one(office)
    assert duties.read_duties(office, False) == []
    real = duties.locate_duties(office, False)
    shutil.copy(duties.locate_duties(office, True), real)
    with pytest.raises(ParameterError, match="義務の簿冊ではありません"):
        duties.read_duties(office, False)


def test_only_its_owner_may_read_the_register(office: Path) -> None:
    open_one(office)
    path = duties.locate_duties(office, True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700


EDITS: dict[str, tuple[Callable[[Content], object], int]] = {
    "a word": (lambda c: c["lines"][1].update(about="別の内容"), 2),
    "a due date": (lambda c: c["lines"][0].update(due="2027-06-30"), 1),
    "a number": (lambda c: c["lines"][1].update(number=7), 2),
    "a number as text": (lambda c: c["lines"][1].update(number="2"), 2),
    "a list as a kind": (lambda c: c["lines"][0].update(kind=["inspection"]), 1),
    "the first line taken out": (lambda c: c["lines"].pop(0), 1),
    "a line in between taken out": (lambda c: c["lines"].pop(1), 2),
    "the last line taken out": (lambda c: c["lines"].pop(), 3),
    "two lines swapped": (lambda c: c["lines"].reverse(), 1),
    "a line twice": (lambda c: c["lines"].append(c["lines"][2]), 4),
    "no signature": (lambda c: c["lines"][2].update(signature=""), 3),
    "another officer": (lambda c: c["lines"][2].update({"by": STAFF}), 3),
    "an unknown officer": (lambda c: c["lines"][0].update({"by": "だれか"}), 1),
    "a field too many": (lambda c: c["lines"][0].update(note="x"), 1),
    "no line at all": (lambda c: c["lines"].insert(1, "x"), 2),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_line_that_is_not_as_it_was_written_is_named(office: Path, edit: str) -> None:
    open_one(office)
    open_one(office, about="指摘への対応")
    settle(office, 1)
    do, place = EDITS[edit]
    change(office, do)
    with pytest.raises(IntegrityError, match=f"{place}行目"):
        duties.read_duties(office, True)


FORGERIES: dict[str, tuple[Callable[[Content], object], int]] = {
    "another result": (lambda c: c["lines"][3].update(result="適正でない"), 4),
    "another officer": (lambda c: c["lines"][3].update(by=STAFF), 4),
    "no signature": (lambda c: c["lines"][3].update(signature=""), 4),
    "another duty": (lambda c: c["lines"][3].update(number=1), 4),
    "an unsigned line between taken out": (lambda c: c["lines"].pop(1), 2),
    "an unsigned line before another": (lambda c: c["lines"][1].update(due="2029-03-31"), 3),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_chain_that_is_worked_out_anew_does_not_carry_the_signatures(
    tmp_path: Path, forgery: str
) -> None:
    duties.open_duties_of(make_stage(tmp_path, "05"), SCOPE)
    open_one(tmp_path)
    settle(tmp_path, 3)
    do, place = FORGERIES[forgery]

    def forge(content: Content) -> None:
        do(content)
        before = duties.START
        for line in content["lines"]:
            line["digest"] = before = duties._digest(before, line)
        content["count"] = len(content["lines"])

    change(tmp_path, forge)
    with pytest.raises(IntegrityError, match=f"{place}行目"):
        duties.read_duties(tmp_path, True)


@pytest.mark.parametrize(
    ("about", "is_told"),
    [
        ("立入り調査（2026-06-20）の結果、指摘2件", True),
        ("令和8年6月20日に通番 12 と 1,040 を回収", True),
        ("通番 12、1040-1047 を回収", True),
        ("通番1040を、二人で裁断した", True),
        ("通番 20080512", False),
        ("通番 090-1234-5678 に電話", False),
        ("通番 90-1234-5678 に電話", False),
        ("通番 1040 は佐藤さん", False),
        ("通番 12、住所は 3-4-5", False),
        ("通番 2008-05-12", False),
        ("通番 2008/5/12", False),
        ("2026年6月20日、2026年度の様式で、同様の仕様書 3 部", True),
        ("二〇二六年六月二十日に第三者が一覧を確認、たくさん", True),
        ("訂正通知12の通番（1,234枚）の廃棄又は返却の報告", True),
        ("6/20 に 1/2 を電話で確認し、12,345 枚を返却", True),
        ("通番 1、2、3、4、5、6、7、8 の所在", True),
        ("架空太郎様からの問合せ", False),
        ("佐藤さんの宛名シール", False),
        ("宛名番号 0000012345", False),
        ("連絡先 090-1234-5678", False),
        ("０９０１２３４５６７８", False),
        ("2008-04-05 生まれの人", False),
        ("連絡先（090）123ー4567", False),
        ("連絡先 〇九〇一二三四五六七八", False),
        ("03(123)4567", False),
        ("内線 12345", False),
        ("架空 太郎 1040", False),
        ("架空太郎氏の宛名シール", False),
        ("架空太郎の父から", False),
        ("架空太郎の母から", False),
        ("四月五日生まれの人", False),
        ("平成20年4月5日の人", False),
        ("H20.4.5 の人", False),
        ("二〇〇八年四月五日の人", False),
        ("2008年4月5日の人", False),
        ("taro@example.jp から", False),
        ("架空町二丁目の人", False),
        ("架空町12-3", False),
        ("架空町一ー二", False),
        ("架空町12番地", False),
        ("二行\nある", False),
        ("　", False),
        ("長" * 81, False),
    ],
)
def test_words_that_could_tell_of_a_person_are_not_taken(
    office: Path, about: str, is_told: bool
) -> None:
    if is_told:
        assert open_one(office, about=about).about == about
        return
    with pytest.raises(ParameterError, match="内容") as stop:
        open_one(office, about=about)
    assert about.strip() == "" or about not in str(stop.value)
    open_one(office)
    with pytest.raises(ParameterError, match="結果"):
        settle(office, 1, about)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"kind": "x"}, "種類"), ({"due": "2026/06/30"}, "期限"), ({"run_id": "../x"}, "実行名")],
)
def test_a_duty_of_no_kind_day_or_run_is_refused(
    office: Path, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(ParameterError, match=told):
        open_one(office, **changes)
    assert not duties.locate_duties(office, True).exists()


def test_nothing_is_settled_twice_or_without_a_duty(office: Path) -> None:
    open_one(office)
    settle(office, 1)
    for number, told in ((1, "もう済んでいます"), (2, "番号 2 はありません")):
        with pytest.raises(ParameterError, match=told):
            settle(office, number)


def test_the_paper_lists_every_kind_and_pages_are_numbered(office: Path) -> None:
    for number in range(30):
        open_one(office, about=f"事故{number:02d}の処理", kind="incident", due="2026-05-31")
    open_one(office, about="消去の報告", kind="deletion_recipient")
    table = duties.tabulate_duties(office, True, TODAY)
    pdf = duties.render_duties(table, TODAY, True)
    document = pypdfium2.PdfDocument(pdf)
    text = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    for kind in duties.KINDS.values():
        assert kind in text
    for number in range(30):
        assert f"事故{number:02d}の処理" in text
    assert text.count("期限を過ぎています") == 30
    assert "実地の調査（0件）なし" in text
    assert f"{len(document)}ページ" in text
    assert "見本（架空の区）" in text
    assert pdf == duties.render_duties(table, TODAY, True)
