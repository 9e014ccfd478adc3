"""The papers: true counts, the head of the record, no markup and nothing of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pypdfium2
import pytest

from recruitlib.base.scope import read_scope
from recruitlib.handover.documents import (
    Occasion,
    list_conditions,
    render_conditions,
    render_correction,
    render_disposal,
    render_entry,
    render_letter,
    render_receipt,
)
from tests.conftest import ROOT
from tests.papers import read_paper

SCOPE = read_scope(ROOT / "params/scope/shinjuku_r8.yaml")
DAY = date(2026, 5, 25)
COUNTS = [
    ("宛名シール 枚数", "4,221 枚"),
    ("宛名シール シート", "353 枚"),
    ("宛名シール 通番", "1 から 4,233 まで"),
    ("欠番（取消し・汚損）", "12 枚"),
]
PEOPLE = [
    ("取扱者（提供した人）", "甲 係長"),
    ("準備した人", "A1（主任）"),
    ("受領した人", "募集課 乙"),
]
HEAD = "0123 4567 89ab cdef"
# The seven of the third line of the ward's document, in its words and its order.
SEVEN = (
    "(1)利用目的又は方法の制限", "(2)取扱者の範囲の限定", "(3)第三者への再提供の制限又は禁止",
    "(4)消去、返却等利用後の取扱いの指定", "(5)取扱状況に関する所要の報告の要求",
    "(6)訂正の決定を行った場合において、当該訂正に応じる。",
    "(7)適切な情報保護対策、情報セキュリティ対策の実施",
)  # fmt: skip


def make_occasion(demonstration: bool = False, number: str = "東地本第123号") -> Occasion:
    return Occasion("東京都新宿区", "r8_3", number, date(2026, 4, 6), DAY, HEAD, demonstration)


def write_letter(demonstration: bool = False, number: str = "東地本第123号", counts: list[tuple[str, str]] = COUNTS) -> bytes:  # fmt: skip
    return render_letter(SCOPE, make_occasion(demonstration, number), counts)


def write_receipt(demonstration: bool = False) -> bytes:
    return render_receipt(SCOPE, make_occasion(demonstration), COUNTS)


def write_entry(demonstration: bool = False) -> bytes:
    return render_entry(SCOPE, make_occasion(demonstration), COUNTS, date(2026, 5, 26), PEOPLE)


def write_conditions(demonstration: bool = False) -> bytes:
    return render_conditions(SCOPE, make_occasion(demonstration))


def write_correction(demonstration: bool = False) -> bytes:
    return render_correction(
        SCOPE, make_occasion(demonstration), 1, [12, 1_040], date(2026, 5, 25), date(2026, 6, 15)
    )


def write_disposal(demonstration: bool = False, files: int = 2) -> bytes:
    rows = [("消去したファイル", "14 個"), ("抽出ファイル", "保有: 監査のため")]
    digests = [
        (f"private/table_{number:02d}.age", f"{number:x}".rjust(64, "d")) for number in range(files)
    ]
    people = [("廃棄した人", "主任 甲"), ("立ち会った人", "係長 乙")]
    return render_disposal(
        "東京都新宿区", SCOPE.division, DAY, rows, digests, people, HEAD, demonstration
    )


PAPERS = [
    write_letter, write_receipt, write_entry, write_conditions, write_correction, write_disposal,
]  # fmt: skip


def expect_parts(pdf: bytes, *parts: str) -> str:
    text = read_paper(pdf)
    for part in parts:
        assert "".join(part.split()) in text, part
    return text


def test_the_letter_says_what_is_sent_to_whom_on_what_basis() -> None:
    text = expect_parts(
        write_letter(), SCOPE.recipient, SCOPE.division, SCOPE.medium, "令和8年5月25日",
        "令和8年4月6日付け東地本第123号", *SCOPE.provided_items, *SCOPE.legal_basis, "4,221枚", "353枚",
        "1から4,233まで", "実行名:r8_3", f"先頭値:{HEAD}",
    )  # fmt: skip
    assert "生年月日" not in text
    assert "電話番号" not in text


@pytest.mark.parametrize(
    ("is_address", "told"),
    [(True, "項目:氏名、住所（郵便番号を含む）"), (False, "項目:氏名、住所根拠")],
)
def test_the_letter_says_whether_postal_codes_are_printed(is_address: bool, told: str) -> None:
    own = SCOPE._replace(postal_code_is_address=is_address)
    expect_parts(render_letter(own, make_occasion(), COUNTS), told)


def test_the_receipt_has_the_counts_and_a_place_to_sign() -> None:
    expect_parts(
        write_receipt(), "受領しました", "4,221枚", "署名＿", "受領した日", "r8_3", HEAD,
        "東地本第123号",
    )  # fmt: skip


def test_the_register_entry_says_when_to_whom_what_and_by_whom() -> None:
    expect_parts(
        write_entry(), "提供記録簿", "提供した日令和8年5月26日", SCOPE.recipient, *SCOPE.legal_basis,
        "令和8年4月6日付け", "東地本第123号", SCOPE.purpose, SCOPE.subjects,
        SCOPE.reason_for_provision, "氏名、住所", SCOPE.medium, "4,221枚",
        "甲係長", "A1（主任）", "募集課乙", "消去報告の期限令和9年3月31日", "r8_3", HEAD,
    )  # fmt: skip


def test_the_conditions_are_the_seven_of_the_document_in_its_order() -> None:
    assert tuple(name for name, _ in list_conditions(SCOPE)) == SEVEN
    text = expect_parts(
        write_conditions(), *SEVEN, SCOPE.purpose, "令和9年3月31日", "覚書の定めが優先"
    )
    places = [text.index("".join(name.split())) for name in SEVEN]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("memorandum", "told"), [("2026-04-20", "発効:令和8年4月20日"), ("", "発効:（予定）")]
)
def test_the_conditions_say_since_when_the_memorandum_is_in_force(
    memorandum: str, told: str
) -> None:
    own = SCOPE._replace(memorandum_on=memorandum, handlers=("取扱者C",))
    expect_parts(render_conditions(own, make_occasion()), told, "提供元の取扱者:取扱者C")


def test_a_correction_names_serials_and_what_to_do_and_never_why() -> None:
    text = expect_parts(
        write_correction(), "訂正通知1", "12、1040", "2枚", "使わないで", "廃棄", "返却",
        "令和8年6月15日", HEAD,
    )  # fmt: skip
    for telling in ("死亡", "転出", "支援措置", "申出"):
        assert telling not in text


def test_the_disposal_report_names_both_people_and_what_is_kept() -> None:
    expect_parts(
        write_disposal(), "消去報告書", "主任甲", "係長乙", "保有:監査のため", "14個", HEAD
    )


def test_the_disposal_report_lists_every_destroyed_file_with_its_digest_and_page() -> None:
    pdf = write_disposal(files=120)
    text = read_paper(pdf)
    for number in range(120):
        assert f"private/table_{number:02d}.age" in text
        assert f"{number:x}".rjust(64, "d") in text
    pages = len(pypdfium2.PdfDocument(pdf))
    assert pages > 2
    assert f"消去報告書{pages}ページ" in text


# Outside the font: a hangul syllable, and a variant selector, for which a box would be drawn.
@pytest.mark.parametrize(
    ("number", "told"),
    [("第1号한", "第1号〓(U+D55C)"), ("葛\U000e0100第1号", "葛〓(U+E0100)第1号")],
)
def test_a_character_that_the_font_lacks_is_shown_by_its_code_point(number: str, told: str) -> None:
    assert told in read_paper(write_letter(number=number))
    assert told in read_paper(write_letter(counts=[(number, "1 枚")]))


@pytest.mark.parametrize("write", PAPERS)
def test_a_demonstration_is_stamped_and_a_real_run_is_not(write: Callable[[bool], bytes]) -> None:
    assert "見本（架空の区）" in read_paper(write(True))
    assert "見本" not in read_paper(write(False))


@pytest.mark.parametrize("write", PAPERS)
def test_the_same_content_gives_the_same_bytes(write: Callable[[bool], bytes]) -> None:
    assert write(False) == write(False)
    assert write(False) != write(True)


@pytest.mark.parametrize(
    "text", ["第1号<b>", "A&B", "<para>", "<img src='x'/>", "</font>", "&lt;号", '"<!-- -->']
)
def test_markup_in_a_parameter_is_printed_as_written(text: str) -> None:
    assert text.replace(" ", "") in read_paper(write_letter(number=text))
    assert text.replace(" ", "") in read_paper(write_letter(counts=[(text, "1 枚")]))


@pytest.mark.parametrize("write", PAPERS)
def test_every_paper_is_one_page(write: Callable[[bool], bytes]) -> None:
    assert len(pypdfium2.PdfDocument(write(True))) == 1
