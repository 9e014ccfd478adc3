"""The small ward with names, numbers and buildings that are hard to print, reviewed and approved.

Its scope holds no postal code, and the office has a font for the old forms and one for its own
characters (外字). It is made once for all accidents that need it.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

from recruitlib.base.errors import AwaitingPerson
from recruitlib.pipeline import run_pipeline
from recruitlib.review.approval import approve_content, find_asked, write_approval
from tests.conftest import PARAMETERS, WARD, change_parameters
from tests.incidents.ward_files import REGISTRY, read_rows, write_rows
from tests.officers import SECOND, sign_as
from tests.unit.small_fonts import build_font

RUN = ("test_ward", True)
OLD_FORMS = ("\ufa19林　一", "\ufa1b田　二", "山\ufa11　三", "𠮷田　四", "辻\U000e0102　五")
GAIJI = ("\ue000", "\uf860", "\U000f0000")
NUMBER = "８－９－１２３５"
LOTS = tuple("見" * more + NUMBER for more in range(14))  # each meets the end of a line elsewhere
BUILDINGS = (
    "試験第二レジデンス見本タワーウエスト" * 3 + "２３０１号室",
    "みほん" * 20,
    "ｼｹﾝﾏﾝｼｮﾝ" * 7 + "2301",
    "試験寮（" + "仮" * 55 + "）",
)  # fmt: skip
OLD_FONT, GAIJI_FONT = "inputs/old_forms.ttf", "inputs/gaiji.ttf"
REGISTERED = {
    "file": GAIJI_FONT,
    "private_use": [f"U+{ord(sign):04X}-U+{ord(sign):04X}" for sign in GAIJI],
}


def settle_unusual(project: Path) -> None:
    """Put the unusual ward into the place of a project that is not yet run."""
    made = project.parent.parent / "unusual_ward"
    if not made.exists():
        half = made.with_name("half_unusual")
        shutil.copytree(project, half)
        _make(half)
        half.rename(made)
    shutil.copytree(made, project, dirs_exist_ok=True)


def _make(project: Path) -> None:
    _change_people(project)
    _change_scope(project)
    build_font(project / OLD_FONT, ["辻\U000e0102", *"".join(OLD_FORMS), "辻", "　", "様"], "Old")
    build_font(project / GAIJI_FONT, [*GAIJI, *"試験　様"], "Own")
    change_parameters(project, label_fonts=[OLD_FONT, REGISTERED])
    with suppress(AwaitingPerson):  # of the shipped approval, which is of the usual ward
        run_pipeline(project / PARAMETERS, "01", "03", say=lambda line: None)
    content, ticks = find_asked(project / "runs/test_ward")
    codes = [tick.code for tick in ticks]
    approval = approve_content(content, ticks, codes, sign_as(SECOND), RUN, "2026-05-19")
    write_approval(project / "params/test_ward/approval.yaml", *RUN, approval)
    run_pipeline(project / PARAMETERS, "03", "03", say=lambda line: None)


def _change_people(project: Path) -> None:
    rows = read_rows(project / REGISTRY)
    names = [*OLD_FORMS, *(f"試験{sign}　験" for sign in GAIJI)]
    changes: list[dict[str, str]] = [
        *({"氏名": name, "氏_日本人": name.split("　")[0], "名_日本人": name.split("　")[1],
           "世帯主氏名": name} for name in names),
        *({"住所_番地号表記": lot, "住所_方書": ""} for lot in LOTS),
        *({"住所_方書": building} for building in BUILDINGS),
    ]  # fmt: skip
    for row, change in zip(_list_plain(project, rows), changes, strict=False):
        row.update(change)
    write_rows(project / REGISTRY, rows)


def _list_plain(project: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """List recipients who live alone, have one record and are in no story of the ward."""
    truth = json.loads((project / WARD / "truth.json").read_text(encoding="utf-8"))
    people = {one for ids in truth.pop("recipients").values() for one in ids}
    told = json.dumps(truth)
    ids, homes = ([row[name] for row in rows] for name in ("宛名番号", "世帯番号"))
    return [
        row for row in rows
        if row["宛名番号"] in people and row["宛名番号"] not in told
        and ids.count(row["宛名番号"]) == homes.count(row["世帯番号"]) == 1
    ]  # fmt: skip


def _change_scope(project: Path) -> None:
    path = project / "params/scope/demo.yaml"
    text = path.read_text(encoding="utf-8")
    narrower = text.replace("postal_code_is_address: true", "postal_code_is_address: false")
    assert narrower != text
    path.write_text(narrower, encoding="utf-8")
