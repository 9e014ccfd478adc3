"""A thousand applications through 02 and 03: sums, reasons, and a record of counts only."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from recruitlib.base.audit import read_entries
from recruitlib.base.counts import read_counts
from recruitlib.base.decisions import confirm_case, decide_case, write_decisions
from recruitlib.base.errors import AwaitingPerson
from recruitlib.base.tables import parse_table
from recruitlib.base.vault import read_private, unlock_key
from recruitlib.optouts.reasons import TIER_WORDS
from recruitlib.review.panels import read_cases
from tests.conftest import WARD, change_parameters
from tests.officers import SECOND, STAFF, begin_decisions, sign_as

COUNT = 1_000
FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def write_form(project: Path) -> None:
    """Let a thousand people apply: most of the cohorts, some twice, and people of other ages."""
    rng = Random(20260518)
    living = [
        row for row in read_rows(project / WARD / "registry.csv")
        if row["最新フラグ"] == "1" and row["住民状態"] == "1" and row["氏_日本人"]
    ]  # fmt: skip
    truth = json.loads((project / WARD / "truth.json").read_text(encoding="utf-8"))
    recipients = {person for ids in truth["recipients"].values() for person in ids}
    young = [row for row in living if row["宛名番号"] in recipients]
    others = [row for row in living if row["宛名番号"] not in recipients]
    path = project / WARD / "applications_form.csv"
    template = read_rows(path)[0]
    rows = []
    for number in range(COUNT):
        person = rng.choice(young if number % 3 == 0 else others)
        day, address = person["生年月日"], person["住所_町字"] + person["住所_番地号表記"]
        surname, given = person["氏_日本人"], person["名_日本人"]
        kind = rng.randrange(8)
        if kind == 1:
            day = day[:-1] + str((int(day[-1]) + 1) % 10)
        elif kind == 2:
            address = re.sub("丁目|番", "-", address).removesuffix("号").translate(FULL_WIDTH)
        elif kind == 3:
            given = given[:-1] + "架"
        elif kind == 4:
            surname, given = given, surname
        elif kind == 5:
            address = ""
        rows.append(
            template
            | {
                "回答ID": str(50_000_000 + number), "受付番号": f"受{number + 1:04d}",
                "送信日時": f"2026-04-{number * 28 // COUNT + 1:02d} {number % 24:02d}:00:00",
                "マイナンバーカード：氏名": person["氏名"], "マイナンバーカード：氏名（代替文字）": "",
                "対象者の氏名（姓）": surname, "対象者の氏名（名）": given,
                "対象者のフリガナ（セイ）": "", "対象者のフリガナ（メイ）": "",
                "対象者の生年月日": day, "対象者の住所": address or "不明",
            }
        )  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, template.keys(), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def decide_everything(project: Path, folder: Path) -> int:
    """Decide every case as two officers would: the first candidate, or nobody."""
    cases, tables = read_cases(folder, unlock_key(folder, "demo"))
    choices = {
        "to_confirm": {"decision": "matched", "reason": "list_checked"},
        "withdrawn": {"decision": "withdrawn", "reason": "withdrawn_by_subject"},
        "near_pair": {"decision": "another", "reason": "other_person"},
    }
    near = set(tables["candidates"]["application_id"])
    decisions = begin_decisions()
    for case in cases.to_dict("records"):
        found = {"decision": "matched", "candidate": 1, "reason": "typing_error"}
        nobody = {"decision": "outside", "reason": "no_such_person"}
        undecided = found if case["application_id"] in near else nobody
        choice = choices.get(case["kind"], undecided)
        decisions = decide_case(decisions, case, choice, sign_as(STAFF))
        decisions = confirm_case(decisions, case, sign_as(SECOND))
    path = project / "params/test_ward/decisions.yaml"
    write_decisions(path, decisions)
    return len(cases)


def read_outputs(path: Path) -> str:
    """Give all that an executed notebook shows."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return json.dumps([cell.get("outputs", []) for cell in notebook["cells"]], ensure_ascii=False)


def test_a_thousand_applications_end_once_each_with_a_reason_and_leave_counts_only(
    project: Path, run_quietly: Callable[..., Path]
) -> None:
    write_form(project)
    change_parameters(project, form_total=COUNT)
    (project / "params/test_ward/approval.yaml").unlink()
    with pytest.raises(AwaitingPerson, match=r"optouts\.all_decided"):
        run_quietly(project, last="03")
    folder = project / "runs/test_ward"
    key = unlock_key(folder, "demo")
    tables: dict[str, pd.DataFrame] = {
        name: parse_table(read_private(folder, key, name, "03"))
        for name in ("applications", "matches", "near")
    }
    matches = tables["matches"]
    counted = {count.step: count.count for count in read_counts(folder)}
    ends = ("matched", "to_confirm", "outside", "undecided", "withdrawn")
    counter = len(tables["applications"]) - COUNT
    assert counted["applications"] == len(matches) == COUNT + counter > COUNT
    assert sum(counted[end] for end in ends) == counted["applications"]
    assert matches["application_id"].is_unique
    assert all(counted[end] > 20 for end in ("matched", "to_confirm", "outside", "undecided"))

    # An auditor reads a sentence for each: no code, no value of a person.
    names = set(tables["applications"]["subject_name"]) - {""}
    for told in matches["told"]:
        assert re.fullmatch(r"[^A-Za-z]{12,}。", told)
        assert not [name for name in names if name in told]

    # The notebook shows how many ended by which evidence, and nobody's name, number or lot.
    shown = read_outputs(folder / "notebooks/02_apply_optouts.ipynb")
    for tier, count in Counter(matches["tier"]).items():
        assert TIER_WORDS[tier] in shown
        assert f"{count:,}" in shown
    shown += read_outputs(next((folder / "notebooks").glob("03_review_counts*.ipynb")))
    values = {*names, *tables["applications"]["application_id"], *matches["addressee_id"]} - {""}
    assert not [value for value in values if value in shown]

    cases = decide_everything(project, folder)
    assert cases > 100
    with pytest.raises(AwaitingPerson, match=r"review\.approved"):
        run_quietly(project, first="03", last="03")
    answers = {
        entry["facts"]["guard"]: entry["facts"]["answer"]
        for entry in read_entries(folder) if entry["event"] == "guard"
    }  # fmt: skip
    assert answers["exclusion.zero_leak"] == answers["review.counts_balance"] == "yes"
