"""Cases on paper, read back: what an officer filled in, bound to what he was shown, or nothing.

A row counts only where its number, digest and shown texts are those of a case as it stands now;
whatever is wrong is told by row and column, and then nothing of the workbook counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.cells import DAMAGE
from recruitlib.base.choices import DECISION_LABELS, DECISIONS, POINTING, REASONS, list_decisions
from recruitlib.base.decisions import (
    Decisions,
    check_choice,
    check_decision,
    decide_case,
    encrypt_note,
    name_choice,
    read_note,
)
from recruitlib.base.disguises import list_disguises
from recruitlib.base.errors import FormError, ParameterError, raise_problems
from recruitlib.base.exports import ABOUT, OPTIONS, clean_cell
from recruitlib.base.headers import name_column
from recruitlib.base.officers import Signer
from recruitlib.base.vault import RunKey
from recruitlib.base.worksheets import Line, open_sheet, read_lines
from recruitlib.review.case_desk import LONGEST_NOTE
from recruitlib.review.case_workbook import COLUMNS, FILLED, SHEET, SHOWN, label_code
from recruitlib.review.casebook import CaseView

_NUMBERS = re.compile("[0-9]{1,3}(?:[・、,][0-9]{1,3})*")
_BETWEEN = re.compile("[・、,]")
# How the file format writes an underscore or a carriage return; an application may drop the sign.
_WRITTEN = re.compile("x005F_|_x000D_|\r")
_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_BINDING = ("事例", "内容の値")
Case = Mapping[str, Any]
Choice = dict[str, Any]


class Imported(NamedTuple):
    """The decisions with those of a workbook: how many are new, changed, as before, left empty."""

    decisions: Decisions
    new: int
    changed: int
    same: int
    empty: int


def read_choices(
    path: Path, cases: pd.DataFrame, views: Mapping[int, CaseView], shown: pd.DataFrame
) -> dict[int, Choice]:
    """Read what an officer has filled in: of each case the choice, empty where it is left empty.

    Args:
        path: the filled workbook.
        cases: those of the stage, as listed now.
        views: the cases of 03 as people see them: who links an application to somebody of another
            name and birth date must note what was checked, where the panel asks for a tick.
        shown: the cases as ``tabulate_forms`` shows them now; a row that shows another text is
            none that anybody may decide by.

    Raises:
        FormError: by row and column, all that is wrong; never with a value.
    """
    sheet, _ = open_sheet(path, SHEET)
    listed = {str(case["case"]): dict(case) for case in cases.to_dict("records")}
    header, *lines = read_lines(sheet, 1, {})
    names = tuple(text.strip() for text in header.texts)
    if names[: len(COLUMNS)] != COLUMNS or any(names[len(COLUMNS) :]):
        raise FormError(
            f"{path.name}: 書き出したときの見出しと違います。recruitlib cases-workbook で書き出した"
            "ファイルの、列と見出しを変えずに書いてください。"
        )
    told = {row["事例"]: row for row in shown.to_dict("records")}
    problems = list_disguises(path, SHEET, COLUMNS, (ABOUT, OPTIONS))
    if sheet.formulas.merged_cells.ranges:
        problems.append("結合されたセルがあります。結合を解いてください。")
    choices: dict[int, Choice] = {}
    for line, cells in zip(lines, sheet.formulas.iter_rows(min_row=2), strict=True):
        if not any(text.strip() for text in line.texts):
            continue
        damaged = _list_damage(line, [cell.data_type == "f" for cell in cells])
        case = listed.get(line.texts[0].strip())
        found = damaged or _check_binding(line, case, choices)
        if case is not None and not found:
            found = _check_shown(line, [cell.value for cell in cells], told[str(case["case"])])
        if case is not None and not found:
            choices[case["case"]], found = _read_choice(line, case, views.get(case["case"]))
        elif case is not None:
            choices.setdefault(case["case"], {})
        problems += found
    missing = [number for number, case in listed.items() if case["case"] not in choices]
    problems += [f"事例{number}の行がありません。" for number in missing]
    raise_problems(FormError, problems, path.name)
    return choices


def _place(line: Line, name: str) -> str:
    return f"{line.number}行目の{name_column(_PLACES[name])}列「{name}」"


def _list_damage(line: Line, formulas: list[bool]) -> list[str]:
    """List the cells that hold a formula or an error, or stand right of the table."""
    problems = []
    for at, (text, kind, formula) in enumerate(
        zip_longest(line.texts, line.kinds, formulas, fillvalue="")
    ):
        place = f"{line.number}行目の{name_column(at)}列"
        if formula:
            problems.append(f"{place}に式があります。値を一覧から選ぶか、文字で書いてください。")
        elif kind:
            problems.append(f"{place}{DAMAGE[str(kind)]}。")
        elif at >= len(COLUMNS) and str(text).strip():
            problems.append(f"{place}に、見出しのない値があります。")
    return problems


def _check_binding(line: Line, case: Case | None, seen: Mapping[int, Choice]) -> list[str]:
    """Say why a row is none of a case as it stands now."""
    if case is None:
        return [f"{_place(line, '事例')}: その番号の事例はありません。"]
    problems = []
    if case["case"] in seen:
        problems.append(f"{_place(line, '事例')}: 同じ事例の行が二度あります。")
    if line.texts[_PLACES["内容の値"]].strip() != case["digest"][:16]:
        problems.append(
            f"{_place(line, '内容の値')}: 事例の内容の値と違います。書き出しの後に内容が変わったか、別の実行の"
            "ものです。書き出し直してください。"
        )
    return problems


def _check_shown(line: Line, values: list[Any], told: Mapping[Any, Any]) -> list[str]:
    """Say which cells show another text than the case does now."""
    return [
        f"{_place(line, name)}: 事例の内容と違う文字です。書き出し直し、見比べて決め直してください。"
        for name in SHOWN
        if name not in _BINDING
        and _WRITTEN.sub("", str(values[_PLACES[name]] or ""))
        != _WRITTEN.sub("", clean_cell(told[name]))
    ]


def _read_choice(line: Line, case: Case, view: CaseView | None) -> tuple[Choice, list[str]]:
    """Read the filled cells of a row: only the words of the lists count, and numbers of candidates."""
    filled = {name: line.texts[_PLACES[name]].strip() for name in FILLED}
    if not filled["決定"]:
        stray = [name for name in FILLED if filled[name]]
        return {}, [f"{_place(line, name)}: 「決定」が空なのに、書かれています。" for name in stray]
    offered = list_decisions(case["kind"], case["choices"])
    decision = {label_code(code, DECISION_LABELS): code for code in offered}.get(filled["決定"], "")
    if not decision:
        return {}, [f"{_place(line, '決定')}: この事例の一覧にない決定です。"]
    codes = DECISIONS[case["kind"]][decision]
    reason = {label_code(code, REASONS): code for code in codes}.get(filled["理由"], "")
    choice: Choice = {"decision": decision, "reason": reason}
    problems = []
    if not reason:
        problems.append(f"{_place(line, '理由')}: この決定の理由でないか、空です。")
    numbers = {name: _read_numbers(filled[name], case) for name in ("候補", "ほかの候補")}
    problems += [
        f"{_place(line, name)}: 候補の番号ではありません。"
        for name, found in numbers.items()
        if found is None
    ]
    own, also = numbers["候補"] or [], numbers["ほかの候補"] or []
    points = (case["kind"], decision) in POINTING
    if numbers["候補"] is not None and len(own) != int(points):
        needed = "候補の番号を一つ書いてください" if points else "この決定には、候補を書きません"
        problems.append(f"{_place(line, '候補')}: {needed}。")
    if len({*own, *also}) < len(own) + len(also):
        problems.append(f"{_place(line, 'ほかの候補')}: 同じ候補が二度書かれています。")
    if len(filled["備考"]) > LONGEST_NOTE:
        problems.append(f"{_place(line, '備考')}: {LONGEST_NOTE}字までです。")
    if view is not None and not filled["備考"] and view.links_in_doubt(decision, (*own, *also)):
        problems.append(
            f"{_place(line, '備考')}: 氏名も生年月日も一致しない人を指しています。見比べて、確かめたことを書いてください。"
        )
    if own:
        choice["candidate"] = own[0]
    if also:
        choice["also"] = also
    if filled["備考"]:
        choice["note"] = filled["備考"]
    wrong = "" if problems else check_choice(case, {"digest": case["digest"][:16], **choice})
    return choice, problems + ([f"{_place(line, '決定')}: {wrong}。"] if wrong else [])


def _read_numbers(text: str, case: Case) -> list[int] | None:
    """Read numbers of candidates; None where a text is none."""
    plain = unicodedata.normalize("NFKC", text)
    if not plain:
        return []
    if not _NUMBERS.fullmatch(plain):
        return None
    numbers = [int(part) for part in _BETWEEN.split(plain)]
    return numbers if all(1 <= number <= case["choices"] for number in numbers) else None


def import_choices(
    decisions: Decisions, cases: pd.DataFrame, choices: Mapping[int, Choice], signer: Signer, key: RunKey
) -> Imported:  # fmt: skip
    """Put the choices of a workbook in place as decisions that the officer who imports them signs.

    Raises:
        ParameterError: another one decides, or a choice differs from a decision that a second
            person has confirmed; nothing is changed then.
    """
    counts = dict.fromkeys(("new", "changed", "same", "empty"), 0)
    listed = {case["case"]: dict(case) for case in cases.to_dict("records")}
    problems = []
    for number, choice in choices.items():
        case, before = listed[number], decisions.cases.get(number)
        if not choice:
            counts["empty"] += 1
        elif before and not check_choice(case, before) and _tell(before, key) == choice:
            counts["same"] += 1
        elif before and not check_decision(case, decisions):
            problems.append(
                f"事例{number}: 別の人が確かめた決定と違います。変えるときは recruitlib decide で一件ずつ決め直し、"
                "確認もやり直してください。"
            )
        else:
            signed = dict(choice)
            if "note" in choice:
                signed["note"] = encrypt_note(key, choice["note"])
            decisions = decide_case(decisions, case, signed, signer)
            counts["changed" if before else "new"] += 1
    raise_problems(ParameterError, problems, "事例の読み込み")
    return Imported(decisions, **counts)


def _tell(decision: Mapping[str, Any], key: RunKey) -> Choice:
    """Tell what a decision says, as a choice of a workbook says it."""
    names = ("decision", "reason", "candidate", "also")
    told = {name: decision[name] for name in names if decision.get(name)}
    note = read_note(key, decision)
    return {**told, "note": note} if note else told


def list_choices(choices: Mapping[int, Choice]) -> list[str]:
    """List what was read of each case, so that the officer sees what he signs; without the notes."""
    return [
        f"事例{number}: {name_choice(choice) if choice else '空（まだ決めません）'}"
        for number, choice in sorted(choices.items())
    ]
