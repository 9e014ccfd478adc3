"""The checklists of protective measures (個人情報保護対策チェックリスト): every line with its state.

The ward's document approved the connection and the provision with three lists of measures. Their
lines are data, word for word and in order. A line is settled by what the run proves, by an officer
who attests it until a day, or by both.

Source: 個人情報保護管理運営会議 付議事項 別紙チェックリスト（新宿区 地域コミュニティ課）.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import append_entry, digest_bytes
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.officers import Officer, name_officer, read_officers
from recruitlib.base.parameters import is_iso_date, read_yaml
from recruitlib.base.people_files import check_content
from recruitlib.base.run import Stage, ask_guard, skip_guard
from recruitlib.base.signed_files import refuse_said
from recruitlib.handover.attestations import (
    NOTHING_ATTESTED,
    Attestation,
    Attestations,
    read_attestations,
)
from recruitlib.handover.proofs import PROOFS, Proof, find_proofs

RUN, PERSON, NOT_NEEDED, PARTS = "run", "person", "not_needed", "parts"
DONE, LAPSED, OPEN, UNNEEDED = "済", "期限切れ", "未", "不要"
KIND_WORDS = {RUN: "実行", PERSON: "証明", NOT_NEEDED: "不要", PARTS: "内訳"}
_HEADS = {"name": str, "title": str, "note": str, "head": str, "until": str, "sections": list}
_WORDS = ("code", "text", "obligation")
# The document's own lines, which no list of a run may lack, and those that the run itself settles.
_RUN_CODES = (*(f"provision_03_{part}" for part in range(1, 8)), "provision_05")
_CODES = (
    *(f"{name}_{number:02}" for name in ("ward", "counterparty") for number in range(1, 17)),
    *(f"provision_{number:02}" for number in range(1, 5)), *_RUN_CODES,
)  # fmt: skip
COLUMNS = (
    "checklist", "number", "code", "heading", "text", "obligation", "kind", "evidence",
    "attested_by", "until", "state",
)  # fmt: skip


class Line(NamedTuple):
    """One line of a checklist: its words, what is owed, and who or what can settle it."""

    number: str
    heading: str
    code: str
    text: str
    obligation: str
    kind: str
    partner: str
    evidence: str


class Checklist(NamedTuple):
    """One checklist of the document: its heads, the last day of any attestation, its lines."""

    name: str
    title: str
    note: str
    head: str
    until: date
    lines: tuple[Line, ...]


def read_checklists(paths: Sequence[Path]) -> list[Checklist]:
    """Read checklists of protective measures, in order.

    Raises:
        ParameterError: a file is no checklist, or a code stands twice; all problems of a file at once.
    """
    checklists = [_read_checklist(path) for path in paths]
    codes = [line.code for checklist in checklists for line in checklist.lines]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    problems = [f"{code}: 同じ code の行が二つあります。" for code in twice]
    raise_problems(ParameterError, problems, "チェックリスト")
    return checklists


def _read_checklist(path: Path) -> Checklist:
    content = read_yaml(path)
    problems = check_content(content, _HEADS)
    if not problems and not is_iso_date(content["until"]):
        problems.append("until: 日付は 2027-03-31 の形で、引用符で囲んで書いてください。")
    lines: list[Line] = []
    for section in [] if problems else content["sections"]:
        problems += _read_section(section, lines)
    raise_problems(ParameterError, problems, f"チェックリスト（{path.name}）")
    heads = {name: content[name] for name in ("name", "title", "note", "head")}
    return Checklist(**heads, until=date.fromisoformat(content["until"]), lines=tuple(lines))


def _read_section(section: Any, lines: list[Line]) -> list[str]:
    """Read a section's lines behind those before; one sentence for each line that is none."""
    is_section = isinstance(section, dict) and set(section) == {"heading", "lines"}
    if not is_section or not isinstance(section["lines"], list):
        return ["sections: heading と lines を書いてください。"]
    problems = []
    number = sum(line.number.isdigit() for line in lines)
    for entry in section["lines"]:
        number += 1
        items = entry.get("items") if isinstance(entry, dict) else None
        parts = items if isinstance(items, list) else []
        whole = {**entry, "kind": PARTS} if parts else entry
        for place, own in enumerate([whole, *parts]):
            shown = f"{number}({place})" if place else str(number)
            if problem := _check_line(own, in_parts=bool(place)):
                problems.append(f"{shown} 行目: {problem}")
            else:
                lines.append(_make_line(own, shown, str(section["heading"])))
    return problems


def _make_line(entry: Mapping[str, Any], number: str, heading: str) -> Line:
    words = {name: entry[name] for name in (*_WORDS, "kind")}
    partner, evidence = (entry.get(name, "") for name in ("with", "evidence"))
    return Line(number, heading, **words, partner=partner, evidence=evidence)


def _check_line(entry: Any, in_parts: bool) -> str:
    """Say why an entry is no line, or nothing."""
    if not isinstance(entry, dict):
        return "行ではありません。"
    needed = {
        RUN: {"evidence"}, PERSON: {"with"}, NOT_NEEDED: set(), PARTS: {"items"},
    }.get(str(entry.get("kind")))  # fmt: skip
    if needed is None or (in_parts and entry["kind"] == PARTS):
        return "kind は run、person、not_needed のどれかです。"
    allowed = {*_WORDS, "kind", *needed, *(["evidence"] if entry["kind"] == PERSON else [])}
    if missing := sorted({*_WORDS, *needed} - set(entry)):
        return f"{'、'.join(missing)} がありません。"
    if unknown := sorted(map(str, set(entry) - allowed)):
        return f"{'、'.join(unknown)} は、この種類の行にない項目です。"
    if not all(type(entry[name]) is str and entry[name].strip() for name in set(entry) - {"items"}):
        return "空の項目か、文字でない項目があります。"
    if entry.get("evidence", next(iter(PROOFS))) not in PROOFS:
        return f"evidence は {'、'.join(PROOFS)} のどれかです。"
    return ""


def digest_line(line: Line) -> str:
    """Digest the words of a line: what is asked, what is owed, and who settles it.

    Returns:
        the first 16 hexadecimal digits of the SHA-256.
    """
    words = [line.text, line.obligation, line.kind]
    return digest_bytes(json.dumps(words, ensure_ascii=False).encode())[:16]


def judge_lines(
    checklists: Sequence[Checklist], attestations: Sequence[Attestation],
    proofs: Mapping[str, Proof], officers: Mapping[str, Officer], today: date,
) -> pd.DataFrame:  # fmt: skip
    """Judge every line: settled, lapsed, open, or not needed.

    A line that names a proof needs the proof; one of a person needs an attestation of its words, with
    the right partner, that has begun and has not ended; one with both needs both. A line with parts is settled
    when all of them are, and as bad as the worst of them. No attestation holds longer than its list.

    Returns:
        one row for each line, in the order of the document, with ``COLUMNS``.

    Raises:
        ParameterError: an attestation is for a line that none of the lists has, or that no person
            can settle.
    """
    people = {line.code for own in checklists for line in own.lines if line.kind == PERSON}
    problems = [
        f"{code}: 人が証明する行ではありません。code を確かめてください。"
        for code in dict.fromkeys(entry.code for entry in attestations)
        if code not in people
    ]
    raise_problems(ParameterError, problems, "個人情報保護対策の証明")
    rows = []
    for checklist in checklists:
        for line in checklist.lines:
            proof = proofs[line.evidence] if line.evidence else None
            given = [entry for entry in attestations if entry.code == line.code]
            rows.append(_judge(checklist, line, proof, given, officers, today))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for place in table.index[table["kind"] == PARTS]:
        among = table["checklist"] == table.at[place, "checklist"]
        among &= table["number"].str.startswith(f"{table.at[place, 'number']}(")
        own = table.loc[among, "state"]
        worst = next(state for state in (OPEN, LAPSED, DONE, UNNEEDED) if (own == state).any())
        settled = int(own.isin([DONE, UNNEEDED]).sum())
        table.loc[place, ["state", "evidence"]] = [worst, f"{len(own)} のうち {settled} が済み"]
    return table


def _judge(
    checklist: Checklist, line: Line, proof: Proof | None, given: Sequence[Attestation],
    officers: Mapping[str, Officer], today: date,
) -> tuple[str, ...]:  # fmt: skip
    words, by, until = [proof.text] if proof else [], "", ""
    state = UNNEEDED if line.kind == NOT_NEEDED else DONE
    if line.kind == PERSON:
        fitting = [
            entry for entry in given
            if entry.partner == line.partner and entry.attested_on <= today
            and entry.line == digest_line(line)
        ]  # fmt: skip
        best = max(fitting, key=lambda entry: entry.until, default=None)
        if best is None:
            state = OPEN
            words.append(_explain_missing(line, given))
        else:
            last = min(best.until, checklist.until)
            state = DONE if today <= last else LAPSED
            by, until = name_officer(officers, best.attested_by), last.isoformat()
            words += [best.evidence, f"{best.attested_on}、{best.partner}"]
    if proof and not proof.holds:
        state = OPEN
    return (
        checklist.name, line.number, line.code, line.heading, line.text, line.obligation,
        line.kind, "。".join(words), by, until, state,
    )  # fmt: skip


def _explain_missing(line: Line, given: Sequence[Attestation]) -> str:
    if not given:
        return f"証明がありません（{line.partner}）"
    if all(entry.line != digest_line(line) for entry in given):
        return f"証明は、この行の今の文についてのものではありません（line は {digest_line(line)}）"
    if all(entry.partner != line.partner for entry in given):
        return f"証明の相手方が違います（{line.partner} との証明が要ります）"
    return "証明の日が、業務日より後です"


def judge_checklists(stage: Stage) -> pd.DataFrame:
    """Judge every line of the run's checklists as things stand now.

    Raises:
        ParameterError: a checklist or the file of attestations is not what it should be, or an
            attestation says something of a person.
        AwaitingPerson: an attesting officer has not signed the file.
    """
    return _judge_run(stage)[0]


def _judge_run(stage: Stage) -> tuple[pd.DataFrame, Attestations]:
    officers = read_officers(stage.root, stage.demonstration)
    given = NOTHING_ATTESTED
    if stage.parameters["attestations_file"]:
        path = stage.locate("attestations_file")
        given = read_attestations(path, officers, stage.demonstration)
        refuse_said(stage.folder, stage.key, path, given.signed.get("content", {}))
    checklists, proofs = read_run_checklists(stage), find_proofs(stage)
    return judge_lines(checklists, given.entries, proofs, officers, stage.today), given


def read_run_checklists(stage: Stage) -> list[Checklist]:
    """Read the checklists that the parameters name.

    Raises:
        ParameterError: they are none, or lack a line of the document, or have a person or nobody
            settle what the run has to prove.
    """
    lists = read_checklists([stage.root / name for name in stage.parameters["checklist_files"]])
    kinds = {line.code: line.kind for own in lists for line in own.lines}
    problems = [f"{code}: 資料にある行がありません。" for code in _CODES if code not in kinds]
    problems += [
        f"{code}: 実行が示す行です。kind は run のままにしてください。"
        for code in _RUN_CODES
        if kinds.get(code, RUN) != RUN
    ]
    raise_problems(ParameterError, problems, "チェックリスト")
    return lists


def check_lines(lines: pd.DataFrame) -> list[str]:
    """Say which lines are open or lapsed, one Japanese sentence each."""
    unmet = lines[lines["state"].isin([OPEN, LAPSED]) & (lines["kind"] != PARTS)]
    return [
        f"{row.checklist} {row.number}（{row.code}）: {row.state}。{row.evidence}。"
        for row in unmet.itertuples()
    ]


def require_checklists(stage: Stage) -> pd.DataFrame:
    """Ask whether every line has a proof or an attestation that holds; by policy go on with a list.

    The record keeps the state of every line, the digests of the lists and the signed attestations.

    Returns:
        every line, as ``judge_lines`` gives it.

    Raises:
        AwaitingPerson: a line is open or lapsed, and the policy is to stop.
    """
    lines, given = _judge_run(stage)
    names = stage.parameters["checklist_files"]
    signed = {"signed": dict(given.signed)} if given.signed else {}
    append_entry(
        stage.folder, stage.number, "checklists", **signed,
        lists={name: digest_bytes((stage.root / name).read_bytes()) for name in names},
        states=lines[["code", "state", "until"]].values.tolist(),
    )  # fmt: skip
    problems = check_lines(lines)
    counted = lines["state"].value_counts()
    note = "、".join(f"{state} {counted.get(state, 0)}" for state in (DONE, UNNEEDED, LAPSED, OPEN))
    if problems and stage.parameters["checklist_unmet"] == "list":
        skip_guard(stage, "handover.checklists_met", f"一覧にして進む方針です: {note}")
    else:
        if problems:
            problems.append(
                "証明書（attestations_file）に書いて署名し、05 をもう一度実行してください。"
            )
        ask_guard(stage, "handover.checklists_met", problems, note)
    return lines


def tabulate_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Tabulate every line with what settles it."""
    return pd.DataFrame(
        {
            "一覧": lines["checklist"], "番号": lines["number"], "対策": lines["text"],
            "すること": lines["obligation"], "種類": lines["kind"].map(KIND_WORDS), "根拠・証明": lines["evidence"],
            "証明した人": lines["attested_by"], "有効": lines["until"], "状態": lines["state"],
        }
    )  # fmt: skip
