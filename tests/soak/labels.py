"""Random labels on every sheet: whole and inside the label, or refused.

``make soak`` prints 10,000 on each sheet (``python -m tests.soak.labels``); the unit tests print a
few. The same seed gives the same labels. What is right is said here once more, in code that shares
nothing with the fitting.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import pypdfium2 as pdfium
import yaml

from recruitlib.base.papers import default_font_path
from recruitlib.labels.fitting import FittedLabel, fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.printing import render_labels
from recruitlib.labels.sheets import Sheet, find_place, locate_cell, read_sheet
from tests.conftest import ROOT
from tests.unit.printed import read_labels

SHEETS = ROOT / "params/label_sheets.yaml"
BATCH = 1_000
MM = 25.4 / 72
SLACK_MM = 0.05
ORDINARY = 10  # every so many labels is short and plain, and must be printed

# Kanji of JIS X 0208, levels 1 and 2, by row and cell; and what names hold beside them.
KANJI = [
    bytes((0xA0 + row, 0xA0 + cell)).decode("euc_jp")
    for row in range(16, 84)
    for cell in range(1, 95)
    if row != 47 or cell <= 51
]
CLUSTERS = [
    "葛\U000e0100",
    "辻\U000e0100",
    "\ufa19",
    "\ufa11",
    "\ufa1b",
    "髙",
    "德",
    "濵",
    "々",
    "ヶ",
]
KANA = (
    "あいうえおかがきくぐけこさしじすせそたつてとなにのはひふへほまみむめもゃやゆよらりるれろわん"
)
KATAKANA = (
    "アイウエオカガキクグケコサシジスセソタツテトナニノハヒフヘホマミムメモャヤユヨラリルレロワン"
)
LATIN = [
    "Maison",
    "RESIDENCE",
    "Park",
    "ＴＯＷＥＲ",
    "Ｂ",
    "A",
    "Élysée",
    "O’Brien",
    "ALEXANDER",
    "Wing",
]
LATIN += ["Constantinopolitanischer", "ＷＯＲＬＤＣＩＴＹＴＯＷＥＲＳＥＡＳＴ"]
HYPHENS = "-－‐−ー―"
# No font of the default chain has them, or nobody may print them.
REFUSED = ["𠮷", "\ue000", "か\u3099", "\u00ad", "〓", "葛\U000e0102"]
DIGITS = frozenset("0123456789０１２３４５６７８９")
NUMERALS = frozenset("〇一二三四五六七八九十百千")


class Row(NamedTuple):
    """One invented recipient."""

    source_row: int
    postal_code: str
    address: str
    building: str
    full_name: str


def make_rows(seed: int, count: int) -> list[Row]:
    """Make random recipients, most of them much longer and odder than any register holds."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        if number % ORDINARY == 0:
            rows.append(Row(number, "1600022", "東京都新宿区片町１番２号", "", "試験　一郎"))
            continue
        postal = draw.choice(["1600022", "１６００００１", "160-0022", ""])
        address = draw.choice(["東京都新宿区", "東京都", ""]) + _mix(draw, draw.randint(1, 12), 90)
        building = _mix(draw, draw.randint(1, 9), 70) if draw.random() < 0.7 else ""
        rows.append(Row(number, postal, address, building, _name(draw)))
    return rows


def _mix(draw: random.Random, parts: int, longest: int) -> str:
    makers = (_kanji, _number, _number, _kana, _latin, _bracket)
    text = ""
    for _ in range(parts):
        text += draw.choice(makers)(draw) + draw.choice(["", "", "", "　"])
    return text[:longest].rstrip("　") or "片町"


def _kanji(draw: random.Random) -> str:
    signs = [draw.choice(KANJI) for _ in range(draw.randint(1, 8))]
    if draw.random() < 0.2:
        signs.append(draw.choice(CLUSTERS))
    if draw.random() < 0.01:
        signs.append(draw.choice(REFUSED))
    return "".join(signs)


def _number(draw: random.Random) -> str:
    digits = draw.choice(["0123456789", "０１２３４５６７８９", "〇一二三四五六七八九"])
    runs = [
        "".join(draw.choices(digits, k=draw.choice([1, 1, 2, 3, 4, 12])))
        for _ in range(draw.randint(1, 4))
    ]
    return draw.choice([*HYPHENS, "丁目", "番"]).join(runs) + draw.choice(["", "号", "号室", "Ｆ"])


def _kana(draw: random.Random) -> str:
    signs = draw.choices(draw.choice([KANA, KATAKANA, KATAKANA + "ーー・"]), k=draw.randint(2, 10))
    return "".join(signs)


def _latin(draw: random.Random) -> str:
    return draw.choice([" ", "　", "・"]).join(draw.choices(LATIN, k=draw.randint(1, 3)))


def _bracket(draw: random.Random) -> str:
    return f"（{draw.choice([_kana, _number, _kanji])(draw)}）"


def _name(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.2:
        return " ".join(draw.choices(LATIN, k=draw.randint(1, 4)))
    family, given = (
        "".join(draw.choices([*CLUSTERS, *draw.choices(KANJI, k=20)], k=draw.randint(1, length)))
        for length in ((3, 4) if kind < 0.9 else (18, 18))
    )
    return f"{family}　{given}"


def check_labels(sheet: Sheet, font: LabelFont, rows: list[Row]) -> int:
    """Print rows on a sheet and check every label of them.

    Returns:
        how many were refused.
    """
    table = pd.DataFrame(rows)
    fitted, refused = fit_labels(table, sheet, [font])
    assert refused["reason"].all()
    kept = [label.source_row for label in fitted]
    assert sorted([*kept, *refused["source_row"]]) == sorted(row.source_row for row in rows)
    by_number = {row.source_row: row for row in rows}
    for number in refused["source_row"]:
        assert number % ORDINARY, "an ordinary label was refused"
    for row in map(by_number.get, kept):
        assert row is not None
        assert not any(sign in "".join(row[1:]) for sign in REFUSED)
    for label in fitted:
        check_sizes(label)
    pdf = render_labels(fitted, sheet, [font])
    printed = read_labels(pdf, sheet)
    places = list(zip(printed["sheet_number"], printed["position"], strict=True))
    assert places == [find_place(sheet, order) for order in range(len(kept))]
    for number, lines in zip(kept, printed["lines"], strict=True):
        check_lines(by_number[number], lines.split("\n"))
    check_boxes(pdf, sheet)
    return len(refused)


def check_sizes(label: FittedLabel) -> None:
    """Check that nothing is smaller or more condensed than a person reads."""
    for line in label.lines:
        assert line.size_pt >= 6 and 70 <= line.scale_percent <= 100
    assert label.lines[-1].size_pt >= 8


def check_lines(row: Row, lines: list[str]) -> None:
    """Check that the lines are the fields in full, broken nowhere inside a number or word."""
    digits = "".join(str(int(sign)) for sign in row.postal_code if sign in DIGITS)
    fields = [f"〒{digits[:3]}-{digits[3:]}"] if digits else []
    fields += [field for field in (row.address, row.building) if field]
    fields.append(row.full_name + "　様")
    assert "".join(lines) == "".join(fields), f"row {row.source_row} is not printed in full"
    borders = {len("".join(fields[:count])) for count in range(1, len(fields) + 1)}
    whole, end = "".join(lines), 0
    for line in lines:
        end += len(line)
        if end not in borders:
            assert may_break(whole, end), f"row {row.source_row} is broken at {end}"
    assert borders <= {len("".join(lines[:count])) for count in range(1, len(lines) + 1)}
    assert len(lines[-1]) > len("　様"), "the honorific stands alone"


def may_break(text: str, place: int) -> bool:
    """Say whether a line may end before this place."""
    left, right = text[place - 1], text[place]
    if left in DIGITS and (right in DIGITS or right in HYPHENS):
        return False
    if right in DIGITS and left in HYPHENS and (left != "ー" or text[place - 2] in DIGITS):
        return False
    if left in NUMERALS and right in NUMERALS:
        return False
    is_word = all(
        sign.isalpha() and ord(sign) < 0x250 or "Ａ" <= sign <= "ｚ" for sign in (left, right)
    )
    return not (
        is_word or "\U000e0100" <= right <= "\U000e01ef" or right in "）、。ー々" or left == "（"
    )


def check_boxes(pdf: bytes, sheet: Sheet) -> None:
    """Check that the box of every glyph lies inside one label, or above all of them."""
    cells = [locate_cell(sheet, position) for position in range(1, sheet.per_page + 1)]
    for left, top, right, bottom in list_boxes(pdf):
        inside = any(
            cell_left - SLACK_MM <= left and right <= cell_left + sheet.label_width_mm + SLACK_MM
            and cell_top - SLACK_MM <= top and bottom <= cell_top + sheet.label_height_mm + SLACK_MM
            for cell_left, cell_top in cells
        )  # fmt: skip
        assert inside or (top >= 5 - SLACK_MM and bottom <= sheet.top_mm), (
            "a glyph leaves its label"
        )


def list_boxes(pdf: bytes) -> Iterator[tuple[float, float, float, float]]:
    """List the box of every glyph of every page, in millimetres from the top left."""
    document = pdfium.PdfDocument(pdf)
    for number in range(len(document)):
        page = document[number]
        text, height = page.get_textpage(), page.get_height()
        for index in range(text.count_chars()):
            left, bottom, right, top = text.get_charbox(index)
            if right > left and top > bottom:
                yield left * MM, (height - top) * MM, right * MM, (height - bottom) * MM
        text.close()
        page.close()
    document.close()


def list_names() -> list[str]:
    """List the names of the shipped sheets."""
    return list(yaml.safe_load(SHEETS.read_text(encoding="utf-8")))


def soak(names: list[str], count: int, seed: int) -> None:
    """Check random labels on sheets, and print one line for each sheet."""
    font = LabelFont(default_font_path())
    for name in names:
        sheet, started = read_sheet(SHEETS, name), time.perf_counter()
        rows = make_rows(seed, count)
        refused = sum(
            check_labels(sheet, font, rows[start : start + BATCH])
            for start in range(0, count, BATCH)
        )
        taken = time.perf_counter() - started
        print(
            f"{name}: {count - refused:,} printed, {refused:,} refused, {taken:.0f} s", flush=True
        )


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Check random labels on every sheet.")
    words.add_argument("sheets", nargs="*", default=list_names())
    words.add_argument("--count", type=int, default=10_000)
    words.add_argument("--seed", type=int, default=2026)
    given = words.parse_args()
    soak(given.sheets, given.count, given.seed)
