"""The count report: what a city publishes, readable by a spreadsheet, and nothing of a person."""

from __future__ import annotations

import csv
import io
from datetime import date

import pandas as pd
import pypdfium2
import pytest

from recruitlib.review.report import read_report, render_report, sum_towns, write_report
from recruitlib.review.towns import mask_towns

DAY = date(2026, 5, 19)
PARAMETERS = {
    "prefecture": "東京都", "municipality": "新宿区", "registry_base_date": "2026-04-01",
}  # fmt: skip
COUNTS = pd.DataFrame(
    [("片町", "18", 1_250, 1_234), ("片町", "22", 30, 30), ("舟町", "18", 33, 30), ("舟町", "22", 5, 5),
     ("袋町", "18", 10, 9), ("袋町", "22", 21, 20)],
    columns=["town", "cohort", "residents", "given"],
)  # fmt: skip
MASKED = mask_towns(COUNTS, set())
TOTALS = sum_towns(COUNTS)


def render(demonstration: bool = False, masked: pd.DataFrame = MASKED) -> bytes:
    return render_report(masked, TOTALS, PARAMETERS, DAY, demonstration)


def read_pages(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_the_totals_are_the_sums_and_a_small_one_is_hidden() -> None:
    # 18: 1,234 + 30 + 9 given and 16 + 3 + 1 excluded; 22: 55 given and only one excluded.
    assert TOTALS == [("18", 1_273, 20), ("22", 55, "10未満")]


def test_the_file_is_what_a_spreadsheet_reads_and_hides_the_small() -> None:
    content = write_report(MASKED, TOTALS, False)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows == [
        ["町丁", "年齢", "提供", "除外"],
        ["片町", "18", "—（伏せ）", "—（伏せ）"], ["片町", "22", "—（伏せ）", "10未満"],
        ["舟町", "18", "30", "10未満"], ["舟町", "22", "10未満", "10未満"],
        ["袋町", "18", "10未満", "10未満"], ["袋町", "22", "20", "10未満"],
        ["計", "18", "1273", "20"], ["計", "22", "55", "10未満"],
    ]  # fmt: skip


def test_every_row_of_a_demonstration_says_so() -> None:
    rows = list(csv.DictReader(io.StringIO(write_report(MASKED, TOTALS, True).decode("utf-8-sig"))))
    assert {row["備考"] for row in rows} == {"見本（架空の区）"}
    pages = read_pages(render(True))
    assert all("見本（架空の区）" in page for page in pages)
    assert not any("見本" in page for page in read_pages(render(False)))


@pytest.mark.parametrize("demonstration", [False, True])
def test_what_a_report_shows_of_the_towns_is_read_back(demonstration: bool) -> None:
    text = write_report(MASKED, TOTALS, demonstration).decode("utf-8-sig")
    assert read_report(text) == {
        ("片町", "18"): "—（伏せ）", ("片町", "22"): "—（伏せ）", ("舟町", "18"): 30,
        ("舟町", "22"): "10未満", ("袋町", "18"): "10未満", ("袋町", "22"): 20,
    }  # fmt: skip


def test_the_paper_says_the_same_as_the_file() -> None:
    (page,) = read_pages(render())
    lines = page.replace("\r", "").split("\n")
    table = "\n".join(lines[lines.index("町丁") :] if "町丁" in lines else lines)
    for text in ("東京都新宿区", "令和8年4月1日", "令和8年5月19日", "募集対象者情報の提供件数"):
        assert text in page
    for text in ("18歳 提供", "22歳 除外", "片町", "舟町", "袋町", "1,273", "55", "30"):
        assert text in table
    # Neither the hidden nor what would tell them.
    assert "1,234" not in page and "1,250" not in page


def test_the_paper_has_the_same_bytes_each_time_and_its_font_inside() -> None:
    assert render() == render()
    assert b"/FontFile2" in render()


def test_a_long_report_repeats_its_heads_and_numbers_its_pages() -> None:
    many = pd.DataFrame(
        [(f"町{number}", age, 20, 20) for number in range(150) for age in ("18", "22")],
        columns=["town", "cohort", "residents", "given"],
    )
    pages = read_pages(render(masked=mask_towns(many, set())))
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert "18歳 提供" in page
        assert f"{number}ページ" in page
    assert sum(page.count("町149") for page in pages) == 1
