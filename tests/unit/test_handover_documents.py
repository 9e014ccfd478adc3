"""The papers: true counts, the head of the record, no markup and nothing of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pypdfium2
import pytest

from recruitlib.base.scope import read_scope
from recruitlib.handover.documents import render_disposal, render_letter, render_receipt
from tests.conftest import ROOT

SCOPE = read_scope(ROOT / "params/scope/shinjuku_r8.yaml")
DAY = date(2026, 5, 25)
COUNTS = [
    ("宛名シール 枚数", "4,221 枚"),
    ("宛名シール 通番", "1 から 4,233 まで"),
    ("欠番", "12 枚"),
]
HEAD = "0123 4567 89ab cdef"


def write_letter(demonstration: bool = False, number: str = "東地本第123号", counts: list[tuple[str, str]] = COUNTS) -> bytes:  # fmt: skip
    request = (number, date(2026, 4, 6))
    return render_letter(SCOPE, "東京都新宿区", request, DAY, counts, HEAD, demonstration)


def write_receipt(demonstration: bool = False) -> bytes:
    return render_receipt(SCOPE, "東京都新宿区", DAY, COUNTS, demonstration)


def write_disposal(demonstration: bool = False) -> bytes:
    rows = [("消去したファイル", "14 個"), ("抽出ファイル", "保有: 監査のため")]
    people = [("実施した人", "主任 甲"), ("立ち会った人", "係長 乙")]
    return render_disposal("東京都新宿区", SCOPE.division, DAY, rows, people, demonstration)


PAPERS = [write_letter, write_receipt, write_disposal]


def read_paper(pdf: bytes) -> str:
    """Read a paper's text, line ends left out."""
    document = pypdfium2.PdfDocument(pdf)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    return "".join(text.split())


def test_the_letter_says_what_is_sent_to_whom_on_what_basis() -> None:
    text = read_paper(write_letter())
    for part in (SCOPE.recipient, SCOPE.division, SCOPE.medium, "令和8年5月25日", "令和8年4月6日付け東地本第123号",
                 *SCOPE.provided_items, *SCOPE.legal_basis, "4,221枚", "1から4,233まで",
                 "0123456789abcdef"):  # fmt: skip
        assert part.replace(" ", "") in text
    assert "生年月日" not in text
    assert "電話番号" not in text


def test_the_receipt_has_the_counts_and_a_place_to_sign() -> None:
    text = read_paper(write_receipt())
    assert "受領しました" in text
    assert "4,221枚" in text
    assert "署名＿" in text


def test_the_disposal_report_names_both_people_and_what_is_kept() -> None:
    text = read_paper(write_disposal())
    for part in ("消去報告書", "主任甲", "係長乙", "保有:監査のため", "14個"):
        assert part in text


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
