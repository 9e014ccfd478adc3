"""Lots made again with ended labels empty, and reprints: what a reader of the paper would find."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.audit import append_entry
from recruitlib.base.errors import OutputError
from recruitlib.base.papers import default_font_path
from recruitlib.base.run import Stage
from recruitlib.labels import export, press
from recruitlib.labels.lots import LABEL_COLUMNS, number_labels
from recruitlib.labels.print_day import PrintDay
from recruitlib.labels.reissue import blank_ended, make_reprint
from tests.unit.stages import list_last_answer, make_residents, make_stage

# The measures of the maker's sheet of 12 labels, in points.
MM = 72 / 25.4
LEFT, TOP, WIDTH, HEIGHT = (length * MM for length in (18.6, 21.2, 86.4, 42.3))
GUARDS = ("labels.every_character", "labels.nothing_clipped", "labels.print_is_approved",
          "labels.only_allowed_items")  # fmt: skip
NOBODY = make_residents()
# 30 people: two sheets and a half, with variants and a building in between.
PEOPLE = make_residents(
    {"full_name": "辻\U000e0100　花子"},
    {"building": "コーポ試験２０１"},
    *[{}] * 27,
    {"cohort": "22"},
)


def read_paper(pdf: bytes) -> tuple[dict[tuple[int, int], str], list[str]]:
    """Read each cell that is not empty by cutting the pages at the sheet's measures, and the margins."""
    cells, margins = {}, []
    document = pypdfium2.PdfDocument(pdf, password="demo")
    for number, page in enumerate(document, start=1):
        text, height = page.get_textpage(), page.get_height()
        for place in range(12):
            left, top = LEFT + place % 2 * WIDTH, height - TOP - place // 2 * HEIGHT
            cell = text.get_text_bounded(left, top - HEIGHT, left + WIDTH, top)
            if cell.strip():
                cells[number, place + 1] = re.sub(r"[\r\n]", "", cell)
        margins.append(text.get_text_bounded(0, height - TOP, 595, height).strip())
    return cells, margins


def write_label(person: Any) -> str:
    """Write what a person's label says, from the row."""
    return f"〒160-0001{person.address}{person.building}{person.full_name}　様"


def print_first(
    folder: Path, people: pd.DataFrame = PEOPLE, **changes: Any
) -> tuple[Stage, pd.DataFrame, pd.DataFrame, dict[str, bytes]]:
    """Print people as 04 does, and begin 05.

    Returns:
        stage 05, the labels, what each serial says, the locked files of 04.
    """
    stage = make_stage(folder, "04", **changes)
    bundles = export.make_bundles(stage, PrintDay(people, NOBODY))
    labels = number_labels(bundles)
    told = pd.concat([bundle.people for bundle in bundles], ignore_index=True)
    files = export.lock_bundles(stage, bundles)
    return make_stage(folder, "05", **changes), labels, told.assign(serial=labels["serial"]), files


def find_drawn(pdf: bytes) -> set[str]:
    """Find the characters that the embedded fonts of a locked file can name."""
    found = set()
    with pikepdf.open(io.BytesIO(pdf), password="demo") as document:
        for _, font in document.pages[0].Resources.Font.items():
            for text in re.findall(rb"<\w{4}> <(\w+)>", font.ToUnicode.read_bytes()):
                found |= set(bytes.fromhex(text.decode()).decode("utf-16-be"))
    return found


def test_ended_labels_are_empty_and_every_other_stands_where_it_stood(tmp_path: Path) -> None:
    stage, labels, printed, before = print_first(tmp_path)
    files = blank_ended(stage, labels, printed, {1, 14, 30})
    assert list(files) == ["labels_all.pdf"]
    old, old_margins = read_paper(before["labels_all.pdf"])
    new, margins = read_paper(files["labels_all.pdf"])
    assert len(old) == 30
    # 12 on a sheet: serial 1 is the first of sheet 1, 14 the second of 2, 30 the sixth of 3.
    assert {place: old[place] for place in old if place not in {(1, 1), (2, 2), (3, 6)}} == new
    assert margins == [
        "test_ward all シート 1/3 通番 1-12 作り直し 見本",
        "test_ward all シート 2/3 通番 13-24 作り直し 見本",
        "test_ward all シート 3/3 通番 25-30 作り直し 見本",
    ]
    assert [margin.replace("作り直し ", "") for margin in margins] == old_margins
    assert [list_last_answer(stage, guard) for guard in GUARDS] == ["yes"] * 4


def test_not_even_a_glyph_of_an_ended_label_stays_in_the_file(tmp_path: Path) -> None:
    stage, labels, printed, before = print_first(tmp_path)
    serial = int(printed.loc[printed["full_name"].str.startswith("辻"), "serial"].iloc[0])
    files = blank_ended(stage, labels, printed, [serial])
    own = {"辻", "\U000e0100", "花"}
    assert own <= find_drawn(before["labels_all.pdf"])
    assert not own & find_drawn(files["labels_all.pdf"])


def test_only_the_lots_that_hold_an_ended_serial_are_made_again(tmp_path: Path) -> None:
    stage, labels, printed, _ = print_first(tmp_path, bundle_by=["cohort"], label_lot_sheets=1)
    assert labels["bundle"].unique().tolist() == ["18-001", "18-002", "18-003", "22-001"]
    assert blank_ended(stage, labels, printed, []) == {}
    files = blank_ended(stage, labels, printed, [13, 30])
    assert list(files) == ["labels_18-002.pdf", "labels_22-001.pdf", "labels_end.pdf"]
    cells, margins = read_paper(files["labels_18-002.pdf"])
    assert sorted(cells) == [(1, place) for place in range(2, 13)]
    assert margins == ["test_ward 18-002 シート 1/1 通番 13-24 作り直し 見本"]
    # Of a lot in which all have ended the sheet comes out with its margin alone.
    assert read_paper(files["labels_22-001.pdf"]) == (
        {}, ["test_ward 22-001 シート 1/1 通番 30-30 作り直し 見本"],
    )  # fmt: skip


def test_the_page_that_lists_the_lots_counts_the_labels_that_are_left(tmp_path: Path) -> None:
    stage, labels, printed, _ = print_first(tmp_path, label_lot_sheets=2)
    person = printed[printed["serial"] == 25].drop(columns="serial")
    again = make_reprint(stage, person, "reprint-001", 31, NOBODY)
    labels = pd.concat([labels, again.labels], ignore_index=True)
    printed = pd.concat([printed, person.assign(serial=31)], ignore_index=True)
    files = blank_ended(stage, labels.iloc[::-1], printed, [25, 3, 4])
    page = pypdfium2.PdfDocument(files["labels_end.pdf"], password="demo")[0].get_textpage()
    assert [" ".join(line.split()) for line in page.get_text_bounded().splitlines()] == [
        "test_ward 宛名シール ロットの一覧（作り直し）（見本）", "ロット シート ラベル 通番",
        "all-001 2 22 1 - 24", "all-002 1 5 25 - 30", "reprint-001 1 1 31 - 31", "計 4 28",
    ]  # fmt: skip
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(files["labels_end.pdf"]))


@settings(max_examples=10)
@given(count=st.integers(1, 30), first=st.integers(1, 12), limit=st.integers(0, 2), data=st.data())
def test_whoever_is_live_is_printed_as_before_and_nobody_else(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    first: int,
    limit: int,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("blank")
    stage, labels, printed, _ = print_first(
        folder, PEOPLE.iloc[:count], label_first_position=first, label_lot_sheets=limit
    )
    serials = labels["serial"].tolist()
    ended = data.draw(st.sets(st.sampled_from(serials)))
    shuffled = data.draw(st.permutations(range(count)))
    files = blank_ended(stage, labels.iloc[shuffled], printed.iloc[shuffled[::-1]], ended)
    concerned = labels.loc[labels["serial"].isin(ended), "bundle"].unique()
    listed = {"labels_end.pdf"} if limit and ended else set()
    assert set(files) == {f"labels_{name}.pdf" for name in concerned} | listed
    for name in concerned:
        expected = {
            (row.sheet, row.position): write_label(person)
            for row, person in zip(labels.itertuples(), printed.itertuples(), strict=True)
            if row.bundle == name and row.serial not in ended
        }
        assert read_paper(files[f"labels_{name}.pdf"])[0] == expected


def test_an_ended_label_that_is_drawn_all_the_same_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, labels, printed, before = print_first(tmp_path)
    monkeypatch.setattr("recruitlib.labels.reissue.encrypt_bundles", lambda *content: before)
    with pytest.raises(OutputError, match=r"labels\.print_is_approved.*除外された人の宛名"):
        blank_ended(stage, labels, printed, [7])


def test_an_empty_cell_in_the_wrong_place_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many labels as there must be, but the neighbour has gone instead.
    stage, labels, printed, _ = print_first(tmp_path)
    keep = press._keep_places
    monkeypatch.setattr(
        press, "_keep_places",
        lambda bundle, fitted: keep(bundle._replace(empty=frozenset({7})), fitted),
    )  # fmt: skip
    with pytest.raises(OutputError, match=r"labels\.print_is_approved.*もう一度実行してください"):
        blank_ended(stage, labels, printed, [7])


@pytest.mark.parametrize(
    ("change", "ended", "words"),
    [
        ({}, [31], "通番 31 は、印刷していません"),
        ({"position": 5}, [3], "束 all: 通番・シートの位置"),
        ({"sheet": 2}, [3], "束 all: 通番・シートの位置"),
        ({"serial": 99}, [3], "束 all: 通番・シートの位置"),
    ],
)
def test_labels_that_do_not_lie_as_they_were_printed_stop(
    tmp_path: Path, change: dict[str, int], ended: list[int], words: str
) -> None:
    stage, labels, printed, _ = print_first(tmp_path)
    for column, value in change.items():
        labels.loc[11, column] = value
    with pytest.raises(OutputError, match=words):
        blank_ended(stage, labels, printed, ended)


def test_a_serial_of_which_it_is_not_known_what_it_says_stops(tmp_path: Path) -> None:
    stage, labels, printed, _ = print_first(tmp_path)
    exchanged = printed.assign(serial=[2, 1, *printed["serial"][2:]])
    for wrong in (printed.iloc[:20], pd.concat([printed, printed.iloc[[5]]]), exchanged):
        with pytest.raises(OutputError, match="通番・シートの位置"):
            blank_ended(stage, labels, wrong, [3])


def test_lots_are_made_again_only_with_the_font_files_of_the_first_print(tmp_path: Path) -> None:
    name, content = default_font_path().name, default_font_path().read_bytes()
    stage, labels, printed, _ = print_first(tmp_path)

    def tell_fonts(digest: str) -> None:
        append_entry(stage.folder, "04", "completed", files={}, counts=[], fonts={name: digest})

    tell_fonts(hashlib.sha256(content).hexdigest())
    assert blank_ended(stage, labels, printed, [3])
    tell_fonts("0" * 64)
    for make in (
        lambda: blank_ended(stage, labels, printed, [3]),
        lambda: make_reprint(stage, PEOPLE.iloc[:1], "reprint-001", 31, NOBODY),
    ):
        with pytest.raises(OutputError, match=f"書体 {name} が、04 で印刷したとき"):
            make()


# Reprints.
def test_a_reprint_begins_a_new_sheet_with_new_serials_at_todays_address(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05", label_first_position=9, bundle_by=["cohort"])
    people = make_residents(
        *[{}] * 13, {"address": "東京都新宿区葛\U000e0100町１番１号", "cohort": "22"}
    )
    reprint = make_reprint(stage, people.iloc[::-1], "reprint-001", 31, PEOPLE.iloc[20:])
    assert list(reprint.files) == ["labels_reprint-001.pdf"]
    labels = reprint.labels
    assert tuple(labels.columns) == LABEL_COLUMNS
    assert labels["serial"].tolist() == list(range(31, 45))
    assert set(labels["bundle"]) == {"reprint-001"}
    assert list(zip(labels["sheet"], labels["position"], strict=True)) == [
        *((1, place) for place in range(1, 13)), (2, 1), (2, 2),
    ]  # fmt: skip
    # By address: 片町 from 1番 to 13番, then 葛町.
    assert labels["addressee_id"].tolist() == people["addressee_id"].tolist()
    assert labels["cohort"].tolist() == ["18"] * 13 + ["22"]
    cells, margins = read_paper(reprint.files["labels_reprint-001.pdf"])
    assert [cells[place] for place in sorted(cells)] == [*map(write_label, people.itertuples())]
    assert margins == [
        "test_ward reprint-001 シート 1/2 通番 31-42 見本",
        "test_ward reprint-001 シート 2/2 通番 43-44 見本",
    ]
    assert [list_last_answer(stage, guard) for guard in GUARDS] == ["yes"] * 4
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(reprint.files["labels_reprint-001.pdf"]))
    assert "試験" not in repr(reprint)


def test_a_lot_and_its_reprint_are_made_again_together(tmp_path: Path) -> None:
    stage, labels, printed, _ = print_first(tmp_path)
    person = printed[printed["serial"] == 12].drop(columns="serial")
    for number, serial in ((1, 31), (2, 32)):
        again = make_reprint(stage, person, f"reprint-{number:03d}", serial, NOBODY)
        labels = pd.concat([labels, again.labels], ignore_index=True)
        printed = pd.concat([printed, person.assign(serial=serial)], ignore_index=True)
    # The same person's third label is live, and says what the two ended ones said.
    files = blank_ended(stage, labels, printed, [12, 31])
    assert list(files) == ["labels_all.pdf", "labels_reprint-001.pdf"]
    assert (1, 12) not in read_paper(files["labels_all.pdf"])[0]
    assert read_paper(files["labels_reprint-001.pdf"])[0] == {}


def test_whoever_is_excluded_or_comes_twice_is_not_reprinted(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    for people, excluded in (
        (PEOPLE.iloc[:3], PEOPLE.iloc[2:4]),
        (PEOPLE.iloc[[0, 1, 0]], NOBODY),
    ):
        with pytest.raises(OutputError, match="同じ人が二度あるか、除外された人") as stop:
            make_reprint(stage, people, "reprint-001", 31, excluded)
        assert not any(name in str(stop.value) for name in PEOPLE["full_name"])


def test_a_label_of_an_excluded_person_in_a_reprint_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(tmp_path, "05")
    wrong = make_reprint(stage, PEOPLE.iloc[4:6], "reprint-001", 31, NOBODY).files
    monkeypatch.setattr("recruitlib.labels.reissue.encrypt_bundles", lambda *content: wrong)
    with pytest.raises(OutputError, match="除外された人の宛名があります.*再印刷の用意"):
        make_reprint(stage, PEOPLE.iloc[[4, 6]], "reprint-001", 31, PEOPLE.iloc[[5]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"full_name": "\ue000田　太郎"}, r"labels\.every_character.*E000.*再印刷から外すか"),
        ({"building": "試験" * 300}, r"labels\.nothing_clipped.*2 行目"),
    ],
)
def test_a_reprint_that_cannot_be_printed_whole_stops_by_row(
    tmp_path: Path, change: dict[str, str], words: str
) -> None:
    people = make_residents(change, {})
    with pytest.raises(OutputError, match=words) as stop:
        make_reprint(make_stage(tmp_path, "05"), people, "reprint-001", 31, NOBODY)
    assert "試験試験" not in str(stop.value)
