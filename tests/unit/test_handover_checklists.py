"""The checklists: every line of the ward's document in its order, and every line with a state.

The right lines are those of the document's own text (tests/fixtures/protective_measures.txt).
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from recruitlib.base.audit import read_entries
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.parameters import CHECKLIST_FILES
from recruitlib.base.scope import read_scope
from recruitlib.handover.attestations import Attestation
from recruitlib.handover.checklists import (
    Checklist,
    check_lines,
    digest_line,
    judge_checklists,
    judge_lines,
    read_checklists,
    require_checklists,
    tabulate_lines,
)
from recruitlib.handover.documents import list_conditions
from recruitlib.handover.proofs import PROOFS, Proof
from tests.conftest import ROOT
from tests.officers import OFFICERS, SECOND, THIRD, sign_content_as
from tests.unit.stages import list_last_answer, make_stage

SHIPPED = [ROOT / name for name in CHECKLIST_FILES]
WARD, COUNTERPARTY, PROVISION = read_checklists(SHIPPED)
ALL = [WARD, COUNTERPARTY, PROVISION]
DAY = date(2026, 5, 25)
PROVEN = {name: Proof(True, f"{name} を見た") for name in PROOFS}
VALUE = {line.code: digest_line(line) for own in ALL for line in own.lines}
PARTNER = {line.code: line.partner for own in ALL for line in own.lines if line.kind == "person"}


def read_document() -> list[list[str]]:
    """Read the measures of the three lists out of the document's text, sub-items on their own."""
    text = (ROOT / "tests/fixtures/protective_measures.txt").read_text(encoding="utf-8")
    lists: list[list[str]] = []
    for line in text.splitlines():
        if line.endswith("チェックリスト"):
            lists.append([])
        cells = [re.sub("</?p>", "", cell).strip() for cell in line.split("\t")]
        if "○" in cells:
            measure = max(cells, key=len)
            lists[-1] += [part.strip() for part in re.split(r"(?=\(\d\))", measure)]
    return lists


def attest(**changes: Any) -> list[Attestation]:
    """Attest every line of a person, one of them otherwise or (``None``) not at all."""
    given = []
    for code, partner in PARTNER.items():
        change = changes.get(code, {})
        entry = Attestation(
            code, VALUE[code], SECOND, partner, date(2026, 4, 10), date(2027, 3, 31), "記録"
        )
        if change is not None:
            given.append(entry._replace(**change))
    return given


def judge(given: list[Attestation], proofs: dict[str, Proof] = PROVEN, today: date = DAY,
          lists: list[Checklist] = ALL) -> pd.DataFrame:  # fmt: skip
    return judge_lines(lists, given, proofs, OFFICERS, today)


def state_of(lines: pd.DataFrame, code: str) -> str:
    return str(lines.set_index("code").at[code, "state"])


def test_every_line_of_the_document_stands_in_its_order_word_for_word() -> None:
    document = read_document()
    assert [[line.text for line in own.lines] for own in ALL] == document
    assert [len(measures) for measures in document] == [16, 16, 5 + 7]
    whole = [[line for line in own.lines if "(" not in line.number] for own in ALL]
    assert [len(lines) for lines in whole] == [16, 16, 5]
    parts = [line for line in PROVISION.lines if "(" in line.number]
    assert [line.number for line in parts] == [f"3({place})" for place in range(1, 8)]


def test_every_list_has_the_heads_and_headings_of_the_document() -> None:
    text = (ROOT / "tests/fixtures/protective_measures.txt").read_text(encoding="utf-8")
    for own in ALL:
        for words in (own.title, own.note, own.head, *(line.heading for line in own.lines)):
            assert words in text
    headings = [line.heading for line in (*WARD.lines, *COUNTERPARTY.lines)]
    assert [headings.count(heading) for heading in dict.fromkeys(headings)] == [5, 11, 5, 11]
    assert {line.heading for line in PROVISION.lines} == {"情報保護対策 【運用上の対策】"}


def test_every_line_says_what_is_owed_and_who_or_what_can_settle_it() -> None:
    lines = [line for own in ALL for line in own.lines]
    assert len({line.code for line in lines}) == 44
    assert len({line.obligation for line in lines}) == 44
    assert {line.kind for line in lines} == {"run", "person", "parts"}
    # What is done outside the run no run can prove: the whole of the counterparty's list.
    assert {line.kind for line in COUNTERPARTY.lines} == {"person"}
    assert not [line.code for line in COUNTERPARTY.lines if line.evidence]
    assert {line.evidence for line in lines if line.evidence} == set(PROOFS)


def test_the_seven_parts_are_what_the_list_of_conditions_asks_the_recipient_for() -> None:
    scope = read_scope(ROOT / "params/scope/shinjuku_r8.yaml")
    parts = [line for line in PROVISION.lines if "(" in line.number]
    assert [line.text for line in parts] == [asked for asked, _ in list_conditions(scope)]
    assert {line.evidence for line in parts} == {"asked_in_conditions"}


def test_with_all_proofs_and_attestations_every_line_is_settled() -> None:
    lines = judge(attest())
    assert len(lines) == 44
    assert set(lines["state"]) == {"済"}
    assert (lines["evidence"] != "").all()
    assert check_lines(lines) == []


def test_without_any_attestation_every_line_of_a_person_is_open_and_the_rest_settled() -> None:
    lines = judge([])
    assert set(lines.loc[lines["kind"] == "person", "state"]) == {"未"}
    assert set(lines.loc[lines["kind"] == "run", "state"]) == {"済"}
    assert len(check_lines(lines)) == len(PARTNER) == 35


@pytest.mark.parametrize(
    ("change", "state", "said"),
    [
        (None, "未", "証明がありません（情報システム課）"),
        ({"until": date(2026, 5, 24)}, "期限切れ", "記録"),
        ({"until": date(2026, 5, 25)}, "済", "記録"),
        ({"attested_on": date(2026, 5, 26)}, "未", "業務日より後"),
        ({"attested_on": date(2026, 5, 25)}, "済", "記録"),
        ({"partner": "株式会社トラストバンク"}, "未", "相手方が違います"),
    ],
)
def test_an_attestation_holds_with_the_right_partner_from_its_day_to_its_last(
    change: dict[str, Any] | None, state: str, said: str
) -> None:
    lines = judge(attest(ward_06=change))
    row = lines.set_index("code").loc["ward_06"]
    assert row["state"] == state
    assert said in row["evidence"]
    assert set(lines.loc[lines["code"] != "ward_06", "state"]) == {"済"}
    problems = check_lines(lines)
    assert len(problems) == (state != "済")
    assert not problems or "外部結合（区） 6（ward_06）" in problems[0]


def test_no_attestation_holds_longer_than_its_list() -> None:
    given = attest(ward_06={"until": date(2030, 3, 31)})
    assert state_of(judge(given, today=date(2027, 3, 31)), "ward_06") == "済"
    assert state_of(judge(given, today=date(2027, 4, 1)), "ward_06") == "期限切れ"


def test_of_two_attestations_the_one_that_holds_longer_counts() -> None:
    old = attest(ward_06={"until": date(2026, 5, 1)})
    renewed = Attestation(
        "ward_06",
        VALUE["ward_06"],
        THIRD,
        "情報システム課",
        date(2026, 5, 2),
        date(2026, 9, 30),
        "更新",
    )
    for given in ([*old, renewed], [renewed, *old]):
        row = judge(given).set_index("code").loc["ward_06"]
        assert (row["state"], row["until"]) == ("済", "2026-09-30")
        assert row["attested_by"].startswith(THIRD)


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_that_fails_opens_its_lines_whatever_was_attested(name: str) -> None:
    lines = judge(attest(), {**PROVEN, name: Proof(False, "違う")})
    owing = {line.code for own in ALL for line in own.lines if line.evidence == name}
    parts = {"provision_03"} if "provision_03_1" in owing else set()
    assert set(lines.loc[lines["state"] == "未", "code"]) == owing | parts
    assert len(check_lines(lines)) == len(owing)


@pytest.mark.parametrize(
    ("days", "state", "told"),
    [
        ((25, 25, 26), "済", "3 のうち 3 が済み"),
        ((25, 24, 26), "期限切れ", "3 のうち 2 が済み"),
        ((25, 24, None), "未", "3 のうち 1 が済み"),
    ],
)
def test_a_line_with_parts_is_as_bad_as_the_worst_of_them(
    tmp_path: Path, days: tuple[int | None, ...], state: str, told: str
) -> None:
    items = [{**LINE, "code": f"part{place}"} for place in range(3)]
    whole = {"code": "whole", "text": "次の措置", "obligation": "求めた", "items": items}
    lists = read_checklists([write_list(tmp_path / "own.yaml", whole)])
    given = [
        Attestation(f"part{place}", LINE_VALUE, SECOND, "相手", date(2026, 5, 1), date(2026, 5, day), "記録")
        for place, day in enumerate(days) if day
    ]  # fmt: skip
    row = judge(given, lists=lists).iloc[0]
    assert (row["state"], row["evidence"]) == (state, told)


def test_parts_are_those_of_their_line_whatever_their_codes_are(tmp_path: Path) -> None:
    whole = {
        "code": "whole",
        "text": "次の措置",
        "obligation": "求めた",
        "items": [{**LINE, "code": "z"}],
    }
    lists = read_checklists([write_list(tmp_path / "own.yaml", whole, LINE)])
    given = [Attestation("a", LINE_VALUE, SECOND, "相手", DAY, DAY, "記録")]
    lines = judge(given, lists=lists)
    assert lines[["number", "state"]].values.tolist() == [["1", "未"], ["1(1)", "未"], ["2", "済"]]


def test_a_line_that_needs_no_measure_is_not_asked_for() -> None:
    lines = tuple(
        line._replace(kind="not_needed", partner="") if line.code == "ward_14" else line
        for line in WARD.lines
    )
    own = [WARD._replace(lines=lines)]
    given = [entry for entry in attest(ward_14=None) if entry.code.startswith("ward")]
    judged = judge(given, lists=own)
    assert state_of(judged, "ward_14") == "不要"
    assert check_lines(judged) == []


@pytest.mark.parametrize("code", ["ward_99", "provision_05", "provision_03", "ward_6"])
def test_an_attestation_of_a_line_that_no_person_settles_is_refused(code: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(f"{code}: 人が証明する行ではありません")):
        judge([*attest(), attest()[0]._replace(code=code)])


def test_the_table_says_kind_ground_and_state_of_every_line() -> None:
    table = tabulate_lines(judge(attest(ward_01=None)))
    assert len(table) == 44
    assert table["種類"].value_counts().to_dict() == {"証明": 35, "実行": 8, "内訳": 1}
    assert table["すること"].nunique() == 44
    assert table.loc[0, ["一覧", "番号", "状態"]].tolist() == ["外部結合（区）", "1", "未"]


LINE = {"code": "a", "text": "対策", "obligation": "した", "kind": "person", "with": "相手"}
# SHA-256 of ["対策","した","person"] as JSON, computed with sha256sum.
LINE_VALUE = "04fd84dc101eb5c5"
WHOLE = {"name": "n", "title": "t", "note": "n", "head": "h", "until": "2027-03-31"}


def write_list(path: Path, *lines: object, **changes: object) -> Path:
    content = {**WHOLE, "sections": [{"heading": "h", "lines": list(lines)}], **changes}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("対策", "行ではありません"),
        ({**LINE, "kind": "machine"}, "kind は"),
        ({name: value for name, value in LINE.items() if name != "with"}, "with がありません"),
        ({name: value for name, value in LINE.items() if name != "text"}, "text がありません"),
        ({**LINE, "kind": "run"}, "evidence がありません"),
        ({**LINE, "evidence": "guessed"}, "evidence は"),
        ({**LINE, "until": "2027-03-31"}, "until は、この種類の行にない項目"),
        ({**LINE, "kind": "not_needed"}, "with は、この種類の行にない項目"),
        ({**LINE, "text": "  "}, "空の項目"),
        ({**LINE, "text": 7}, "文字でない項目"),
        ({**LINE, "text": None}, "文字でない項目"),
        ({**LINE, 7: "x", "y": "z"}, "7、y は、この種類の行にない項目"),
        ({**LINE, "kind": ["run"]}, "kind は"),
        ({"code": "b", "text": "t", "obligation": "o", "items": []}, "kind は"),
        ({"code": "b", "text": "t", "obligation": "o", "items": 5}, "kind は"),
        ({"code": "b", "text": "t", "obligation": "o", "kind": "parts"}, "items がありません"),
    ],
)
def test_a_line_that_is_none_is_told_by_its_place(
    tmp_path: Path, line: object, problem: str
) -> None:
    path = write_list(tmp_path / "own.yaml", {**LINE, "code": "first"}, line)
    with pytest.raises(ParameterError, match=re.escape("2 行目: ")) as stop:
        read_checklists([path])
    assert problem in str(stop.value)


@pytest.mark.parametrize(
    "changes", [{"until": "31.3.2027"}, {"until": date(2027, 3, 31)}, {"sections": "none"}, {"sections": [{"lines": []}]},
                {"sections": [{"heading": "h", "lines": 5}]}, {"sections": [{"heading": "h", "lines": None}]},
                {"title": None}, {"more": "x"}],
)  # fmt: skip
def test_a_file_that_is_no_checklist_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="own.yaml"):
        read_checklists([write_list(tmp_path / "own.yaml", LINE, **changes)])


def test_a_code_stands_once_in_all_lists(tmp_path: Path) -> None:
    paths = [write_list(tmp_path / f"{name}.yaml", LINE) for name in "xy"]
    assert read_checklists(paths[:1])[0].lines[0].code == "a"
    with pytest.raises(ParameterError, match="a: 同じ code"):
        read_checklists(paths)


# Of a stage on a folder nothing is proven, but the attestations are the shipped ones.
def test_an_open_line_stops_by_policy_and_is_named(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05")
    assert state_of(judge_checklists(stage), "ward_12") == "未"
    with pytest.raises(AwaitingPerson, match="ward_12") as stop:
        require_checklists(stage)
    assert "ward_06" not in str(stop.value)
    assert list_last_answer(stage, "handover.checklists_met") == "no"


def test_by_the_other_policy_the_run_goes_on_and_the_record_lists_what_is_open(
    tmp_path: Path,
) -> None:
    stage = make_stage(tmp_path, "05", checklist_unmet="list")
    lines = require_checklists(stage)
    assert list_last_answer(stage, "handover.checklists_met") == "not_asked"
    kept = next(entry for entry in read_entries(stage.folder) if entry["event"] == "checklists")
    states = {code: state for code, state, _ in kept["facts"]["states"]}
    assert states == dict(zip(lines["code"], lines["state"], strict=True))
    assert {"済", "未"} <= set(states.values())
    assert len(kept["facts"]["lists"]) == 3


def test_the_record_keeps_the_attestations_with_their_signatures(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, "05", checklist_unmet="list")
    require_checklists(stage)
    kept = next(entry for entry in read_entries(stage.folder) if entry["event"] == "checklists")
    signed = kept["facts"]["signed"]
    assert set(signed["signatures"]) == {
        entry["attested_by"] for entry in signed["content"]["attestations"]
    }
    shipped = yaml.safe_load((ROOT / "params/attestations/demo.yaml").read_text(encoding="utf-8"))
    assert sign_content_as(shipped, *signed["signatures"]) == shipped


def test_the_shipped_attestations_settle_every_line_of_a_person() -> None:
    shipped = yaml.safe_load((ROOT / "params/attestations/demo.yaml").read_text(encoding="utf-8"))
    given = {entry["code"]: entry for entry in shipped["attestations"]}
    assert {code: entry["with"] for code, entry in given.items()} == PARTNER
    assert {entry["until"] for entry in given.values()} == {"2027-03-31"}
    assert {code: entry["line"] for code, entry in given.items()} == {
        code: VALUE[code] for code in PARTNER
    }


@pytest.mark.parametrize("word", ["text", "obligation"])
def test_an_attestation_ends_with_the_words_that_were_attested(word: str) -> None:
    lines = tuple(
        line._replace(**{word: "何もしなくてよい"}) if line.code == "ward_06" else line
        for line in WARD.lines
    )
    judged = judge(attest(), lists=[WARD._replace(lines=lines), COUNTERPARTY, PROVISION])
    assert [code for code in judged["code"] if state_of(judged, code) == "未"] == ["ward_06"]
    assert "今の文についてのものではありません" in check_lines(judged)[0]


def test_a_run_with_a_list_of_its_own_alone_is_refused(tmp_path: Path) -> None:
    own = write_list(tmp_path / "own.yaml", {**LINE, "kind": "not_needed"} | {"code": "x"})
    shortened = yaml.safe_load(own.read_text(encoding="utf-8"))
    shortened["sections"][0]["lines"][0].pop("with")
    own.write_text(yaml.safe_dump(shortened, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match="ward_01: 資料にある行がありません"):
        judge_checklists(make_stage(tmp_path, "05", checklist_files=[str(own)]))
    # The clean twin: a list of the office's own beside those of the document.
    files = [*map(str, SHIPPED), str(own)]
    lines = judge_checklists(make_stage(tmp_path, "05", checklist_files=files))
    assert len(lines) == 45


def test_what_the_run_proves_cannot_be_called_unneeded(tmp_path: Path) -> None:
    content = yaml.safe_load(SHIPPED[2].read_text(encoding="utf-8"))
    line = content["sections"][0]["lines"][-1]
    assert line["code"] == "provision_05"
    line["kind"] = "not_needed"
    line.pop("evidence")
    own = tmp_path / "provision.yaml"
    own.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    files = [*map(str, SHIPPED[:2]), str(own)]
    with pytest.raises(ParameterError, match="provision_05: 実行が示す行です"):
        judge_checklists(make_stage(tmp_path, "05", checklist_files=files))


def test_without_a_file_of_attestations_the_lines_of_people_are_open(tmp_path: Path) -> None:
    for name in ("", "params/attestations/none.yaml"):
        lines = judge_checklists(make_stage(tmp_path, "05", attestations_file=name))
        assert set(lines.loc[lines["kind"] == "person", "state"]) == {"未"}
