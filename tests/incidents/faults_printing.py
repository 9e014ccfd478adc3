"""Accidents of the labels: what is printed, and what a label says."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.base.parameters import read_yaml
from recruitlib.labels.sheets import read_sheet
from tests.conftest import change_parameters
from tests.incidents.accident import RUN, Accident, Typed, run_stages
from tests.incidents.notebook_lines import put_before
from tests.incidents.unusual_ward import (
    BUILDINGS,
    GAIJI_FONT,
    LOTS,
    NUMBER,
    OLD_FONT,
    OLD_FORMS,
    REGISTERED,
    settle_unusual,
)
from tests.incidents.ward_files import REGISTRY, read_rows
from tests.unit.printed import read_labels

LABEL_PDF = f"{RUN}/private/labels_all.pdf"


# What somebody types who takes the file into his own hands, around a change of the open file.
_OPEN = """\
import io
import pikepdf
from recruitlib.labels.printing import encrypt_pdf
pdf, made = pikepdf.open(io.BytesIO(bundles[0].pdf)), io.BytesIO()
"""
_LOCK = """
pdf.save(made)
files["labels_all.pdf"] = encrypt_pdf(made.getvalue(), "demo")"""


# ---- A05, A08: the print is not the approved list ----

MAKE, PROVE, FINISH = (
    "bundles = export.make_bundles", "show_table(export.prove_bundles", "print(export.finish_export",
)  # fmt: skip
REKEYED = 'day.recipients.assign(address=day.recipients["address"].str.replace("２", "３"))'


def key_in_the_list_again(project: Path) -> None:
    """A05: the list was keyed in again with slips, and takes the place of the approved one in 04.

    Every step of 04 agrees with the other list, so that the guard asks again at the end, of the
    approved list itself.
    """
    put_before(project, "04", MAKE, f"day = day._replace(recipients={REKEYED})")


def repeat_a_page(project: Path) -> None:
    """A08: the machine began again at the wrong page, so that one is there twice and one missing."""
    pages = "pages = [*pdf.pages[:4], pdf.pages[3], *pdf.pages[5:]]"
    change = f"{pages}\ndel pdf.pages[:]\npdf.pages.extend(pages)"
    put_before(project, "04", PROVE, f"{_OPEN}{change}{_LOCK}")


# ---- A48, A49, A59, A60, A68: what a label says ----


def read_label_lines(project: Path, sheet: str) -> list[list[str]]:
    """Read the lines of every printed label."""
    own = read_sheet(project / "params/label_sheets.yaml", sheet)
    texts = read_labels((project / LABEL_PDF).read_bytes(), own, "demo")["lines"]
    return [text.split("\n") for text in texts]


def print_long_numbers(project: Path) -> None:
    """A48: house numbers meet the end of the line on the narrowest sheet, each by one digit."""
    settle_unusual(project)
    change_parameters(project, label_sheet="a4_44_48x25")


def expect_whole_numbers(project: Path, typed: Typed) -> None:
    """Every number stands whole on one line, though it did not always fit beside the town."""
    labels = read_label_lines(project, "a4_44_48x25")
    own = [lines for lines in labels if any("見" in line or NUMBER in line for line in lines)]
    own = [lines for lines in own if NUMBER in "".join(lines)]
    assert len(own) == len(LOTS)
    assert all(sum(NUMBER in line for line in lines) == 1 for lines in own)
    assert any(len(lines) > 2 for lines in own)


def print_long_buildings(project: Path) -> None:
    """A49: buildings of 60 characters are printed on the sheet with 24 labels."""
    settle_unusual(project)
    change_parameters(project, label_sheet="a4_24_66x34")


def expect_whole_buildings(project: Path, typed: Typed) -> None:
    """Every building is printed in full."""
    texts = ["".join(lines) for lines in read_label_lines(project, "a4_24_66x34")]
    for building in BUILDINGS:
        assert len(building) >= 59 and sum(building in text for text in texts) == 1


def leave_no_room_for_a_building(project: Path) -> None:
    """A49: the same buildings on labels whose upper part is taken by a printed mark."""
    print_long_buildings(project)
    change_parameters(project, label_inset_top_mm=15.0)


def expect_named_rows(project: Path, typed: Typed) -> None:
    """Only rows with a long building are refused, and they are named by number."""
    rows = enumerate(read_rows(project / REGISTRY), start=2)
    own = {number for number, row in rows if row["住所_方書"] in BUILDINGS}
    (named,) = re.findall(r"（([\d、]+) 行目）", typed.screen)
    assert named and {int(number) for number in named.split("、")} <= own


def print_old_forms(project: Path) -> None:
    """A59: names in old forms and with variant selectors are printed as the registry has them."""
    settle_unusual(project)


def expect_old_forms(project: Path, typed: Typed) -> None:
    """Each name stands on its label, code point for code point."""
    names = {lines[-1] for lines in read_label_lines(project, "a4_12_86x42")}
    assert {f"{name}　様" for name in OLD_FORMS} <= names


def print_without_the_font(project: Path) -> None:
    """A59: the font that holds the old forms is missing; they are not printed in other forms."""
    settle_unusual(project)
    change_parameters(project, label_fonts=[REGISTERED])


def expect_code_points(project: Path, typed: Typed) -> None:
    """The message names the characters that no font has, and no other of them."""
    assert "U+20BB7（" in typed.screen and "U+8FBB U+E0102（" in typed.screen
    assert not re.search("U\\+FA1[19B]", typed.screen)


def print_gaiji(project: Path) -> None:
    """A60: names hold private characters for which no font is registered, though one has a shape there."""
    settle_unusual(project)
    change_parameters(project, label_fonts=[OLD_FONT, GAIJI_FONT])


def print_an_item_outside_the_scope(project: Path) -> None:
    """A68: the scope has no postal code, and the sheet is told to print it."""
    settle_unusual(project)
    path = project / "params/label_sheets.yaml"
    sheets = read_yaml(path)
    sheets["a4_12_86x42"]["items"] = ["氏名", "住所", "郵便番号"]
    path.write_text(yaml.safe_dump(sheets, allow_unicode=True), encoding="utf-8")


# ---- A50: more than the approved items ----


def map_the_birth_date_into_the_address(project: Path) -> None:
    """A50: the profile of the extract calls the birth date a building.

    The form of the extract is refused before a row is read, so that no label is ever made of it:
    each item of a label has the names that its column may bear.
    """
    path = project / "params/profiles/registry_standard.yaml"
    profile = read_yaml(path)
    profile["known"] += profile["columns"]["building"]
    profile["columns"]["building"] = profile["columns"]["birth_text"]
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")


def name_the_file_after_a_person(project: Path) -> None:
    """A50: the title of the PDF holds a name, with sex and birth date."""
    title = 'pdf.docinfo["/Title"] = "試験　一郎 男 平成20年5月2日"'
    put_before(project, "04", PROVE, f"{_OPEN}{title}{_LOCK}")


ACCIDENTS = (
    Accident(
        "A05", "list_keyed_in_again", "reviewed", key_in_the_list_again,
        (run_stages("04"),), "labels.print_is_approved",
    ),
    Accident(
        "A08", "page_repeated", "reviewed", repeat_a_page,
        (run_stages("04"),), "labels.print_is_approved",
    ),
    Accident(
        "A48", "number_at_the_end_of_the_line", "ward", print_long_numbers,
        (run_stages("04"),), check=expect_whole_numbers,
    ),
    Accident(
        "A49", "building_of_60_characters", "ward", print_long_buildings,
        (run_stages("04"),), check=expect_whole_buildings,
    ),
    Accident(
        "A49", "building_without_room", "ward", leave_no_room_for_a_building,
        (run_stages("04"),), "labels.nothing_clipped", check=expect_named_rows,
        twin=print_long_buildings,
    ),
    Accident(
        "A50", "birth_date_mapped_as_building", "ward", map_the_birth_date_into_the_address,
        (run_stages("01"),), error=ParameterError,
    ),
    Accident(
        "A50", "name_in_the_title", "reviewed", name_the_file_after_a_person,
        (run_stages("04"),), "labels.only_allowed_items",
    ),
    Accident(
        "A59", "old_forms_printed", "ward", print_old_forms,
        (run_stages("04"),), check=expect_old_forms,
    ),
    Accident(
        "A59", "no_font_for_old_forms", "ward", print_without_the_font,
        (run_stages("04"),), "labels.every_character", check=expect_code_points,
        twin=print_old_forms,
    ),
    Accident(
        "A60", "gaiji_not_registered", "ward", print_gaiji,
        (run_stages("04"),), "labels.every_character", twin=print_old_forms,
    ),
    Accident(
        "A68", "postal_code_outside_the_scope", "ward", print_an_item_outside_the_scope,
        (run_stages("04"),), "handover.within_scope", twin=print_old_forms,
    ),
)  # fmt: skip
