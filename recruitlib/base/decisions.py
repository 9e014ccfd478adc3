"""Decisions of two people as a file: one decides every case of a stage, another confirms.

A decision holds the keyed digest of exactly what was decided: when the row, the application or its
candidates change, the decision no longer counts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from recruitlib.base.audit import digest_keyed, write_atomically
from recruitlib.base.choices import (
    DECISION_LABELS,
    DECISIONS,
    KIND_LABELS,
    POINTING,
    REASONS,
    list_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.names import fold_name
from recruitlib.base.parameters import read_yaml

SOURCE_NAMES = {
    "registry": "抽出",
    "protections": "支援措置の一覧",
    "form": "電子申請",
    "counter": "窓口・郵送",
    "register": "受付簿",
}
# Bracketed words at the end of a folded name; brackets themselves are half width after folding.
_ENDING = re.compile(r"(?:[(\[〔【「][^()\[\]〔〕【】「」]*[)\]〕】」])+$")
_FIELDS = ("demonstration", "run_id", "decided_by", "confirmed_by", "cases")
ROW_CASE_COLUMNS = ("case", "kind", "source", "source_row", "reason", "choices", "digest")


class Decisions(NamedTuple):
    """The decisions of two people, by case number; ``problem`` says why none of them counts yet."""

    decided_by: str
    confirmed_by: str
    cases: Mapping[int, Mapping[str, Any]]
    problem: str


def list_row_cases(rows: list[tuple[str, str, int, str, int, Any]], key: bytes) -> pd.DataFrame:
    """List rows of files that two people must decide, numbered in a fixed order.

    Args:
        rows: kind, source, row of the file, reason, number of candidates, and the content that is
            decided about (digested with the key and not kept).
        key: the run's key of keyed digests.

    Returns:
        one row per case.
    """
    numbered = []
    alike: Counter[str] = Counter()
    for number, (kind, source, row, reason, choices, content) in enumerate(rows, start=1):
        material = json.dumps([kind, source, reason, content], ensure_ascii=False, sort_keys=True)
        # Two rows that say the same are two cases: one decision does not hold for both.
        alike[material] += 1
        digest = digest_keyed(key, f"{alike[material]} {material}".encode())
        numbered.append((number, kind, source, row, reason, choices, digest))
    return pd.DataFrame(numbered, columns=list(ROW_CASE_COLUMNS)).astype(
        {"case": "int64", "source_row": "int64", "choices": "int64"}
    )


def settle_row_cases(cases: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """Set the decisions beside the cases.

    Returns:
        the cases with the columns ``problem`` ("" where decided), ``decision`` and ``candidate``
        (0 where none).
    """
    settled = []
    for case in cases.to_dict("records"):
        decision = decisions.cases.get(case["case"])
        problem = check_decision(case, decision)
        if decisions.problem and decision and not problem:
            problem = f"{decisions.problem}（決定: {name_choice(decision)}）"
        chosen = {} if problem or decision is None else decision
        settled.append((problem, chosen.get("decision", ""), int(chosen.get("candidate", 0))))
    told = pd.DataFrame(settled, columns=["problem", "decision", "candidate"], index=cases.index)
    return pd.concat([cases, told], axis=1).astype({"candidate": "int64"})


def tabulate_row_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the cases of a stage and where each stands, without anything of a person."""
    return pd.DataFrame(
        [
            (case["case"], KIND_LABELS[case["kind"]], name_place(case), case["reason"],
             case["problem"] or DECISION_LABELS[case["decision"]])
            for case in cases.to_dict("records")
        ],
        columns=["事例", "種類", "ファイルと行", "理由", "状態"],
    )  # fmt: skip


def name_place(case: Mapping[str, Any]) -> str:
    """Name the file and the row of a case; what the register has lost has a number in it."""
    unit = "番" if case["kind"] == "missing" else "行目"
    return f"{SOURCE_NAMES[case['source']]}の{abs(case['source_row'])}{unit}"


def name_choice(decision: Mapping[str, Any]) -> str:
    """Name in words what a decision that its case offers says: decision, reason and candidates."""
    words = [DECISION_LABELS[decision["decision"]], f"理由: {REASONS[decision['reason']]}"]
    if "candidate" in decision:
        words.append(f"候補 {decision['candidate']}")
    if decision.get("also"):
        words.append(f"ほかの候補 {'・'.join(map(str, decision['also']))}")
    return "、".join(words)


def tell_decision(case: Mapping[str, Any], decisions: Decisions) -> str:
    """Tell what was decided of a case, by whom, and whether a second person has confirmed it."""
    decision = decisions.cases.get(case["case"])
    problem = check_decision(case, decision)
    if decision is None or problem:
        return "まだ" if decision is None else f"まだ（{problem}）"
    told = f"{name_choice(decision)}。決めた人: {decisions.decided_by or '（書かれていません）'}"
    return f"{told}、{_tell_confirmation(decisions)}"


def _tell_confirmation(decisions: Decisions) -> str:
    two = are_two_people(decisions.decided_by, decisions.confirmed_by)
    return f"確認した人: {decisions.confirmed_by}" if two else "確認: まだ"


def summarize_decisions(cases: pd.DataFrame, decisions: Decisions, stage: str) -> str:
    """Summarize how many cases of a stage are decided, whether they are confirmed, what comes next."""
    left = [
        str(case["case"])
        for case in cases.to_dict("records")
        if check_decision(case, decisions.cases.get(case["case"]))
    ]
    told = (
        f"決定: {len(cases)}件のうち{len(cases) - len(left)}件。{_tell_confirmation(decisions)}。"
    )
    if left:
        return f"{told}残りは事例 {'・'.join(left)} です。recruitlib decide で決めてください。"
    if are_two_people(decisions.decided_by, decisions.confirmed_by):
        return f"{told}{stage} をもう一度実行してください。"
    return f"{told}決めた人と別の人が、上の決定を読み、recruitlib confirm で確かめてください。"


def list_decided(cases: pd.DataFrame, decisions: Decisions) -> dict[int, Mapping[str, Any]]:
    """List what two people decided of rows on another day, when they had other case numbers.

    Returns:
        source row to the decision of exactly this content.
    """
    decided = {}
    for case in cases.to_dict("records"):
        meant = [
            own for own in decisions.cases.values()
            if str(own.get("digest", "")).replace(" ", "") == case["digest"][:16]
        ]  # fmt: skip
        # Two decisions of one content contradict each other or are one left over: neither counts.
        if len(meant) == 1 and not (decisions.problem or check_decision(case, meant[0])):
            decided[case["source_row"]] = meant[0]
    return decided


def tell_open_cases(cases: pd.DataFrame, stage: str) -> list[str]:
    """Say which cases of a stage are not decided, by file, row and reason, and what to do."""
    problems = [
        f"事例{case['case']}（{KIND_LABELS[case['kind']]}、{name_place(case)}、{case['reason']}）: "
        f"{case['problem']}。"
        for case in cases[cases["problem"] != ""].to_dict("records")
    ]
    if problems:
        problems.append(
            f"元のファイルを直すか、recruitlib cases --stage {stage} で見て、recruitlib decide で決め、"
            f"別の人が recruitlib confirm で確かめ（どれも --stage {stage} を付けて）、"
            f"{stage} をもう一度実行してください。"
        )
    return problems


def read_decisions(path: Path, run_id: str, demonstration: bool) -> Decisions:
    """Read a decisions file; without the file nobody has decided anything.

    Raises:
        ParameterError: the file is not a decisions file, or one of a demonstration in a real run.
    """
    if not path.exists():
        return Decisions("", "", {}, "")
    content = read_yaml(path)
    problems = [f"{name}: 書かれていません。" for name in _FIELDS if name not in content]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in _FIELDS]
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    raise_problems(ParameterError, _check_cases(content["cases"]), path.name)
    people = (content["decided_by"], content["confirmed_by"])
    cases = {case["case"]: case for case in content["cases"]}
    problem = "" if are_two_people(*people) else "別の一人による確認がありません"
    return Decisions(*people, cases, problem)


def _check_cases(cases: object) -> list[str]:
    """Say where the list of cases is not one: a case decided twice is decided by neither."""
    if not isinstance(cases, list) or not all(
        isinstance(case, dict) and type(case.get("case")) is int for case in cases
    ):
        return ["cases: 番号（case）のある決定の並びではありません。"]
    numbers = [case["case"] for case in cases]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return [f"事例{number}: 決定が二つ以上あります。" for number in twice]


def write_decisions(path: Path, run_id: str, demonstration: bool, decisions: Decisions) -> None:
    """Write a decisions file, whole or not at all."""
    content = {
        "demonstration": demonstration,
        "run_id": run_id,
        "decided_by": decisions.decided_by,
        "confirmed_by": decisions.confirmed_by,
        "cases": [dict(decisions.cases[number]) for number in sorted(decisions.cases)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(path, text.encode(), mode=0o644)


def decide_case(
    decisions: Decisions, case: Mapping[str, Any], choice: Mapping[str, Any], decided_by: str
) -> Decisions:
    """Put one person's decision of a case in place; the second person must confirm anew.

    Args:
        case: the case as listed.
        choice: decision, reason, for a match the candidate's number, and in ``also`` the numbers
            of further candidates whom the same application means.

    Raises:
        ParameterError: the choice is not one that the case offers, or somebody else has decided
            other cases (then the second person would not be a second one for all of them).
    """
    if decisions.cases and are_two_people(decisions.decided_by, decided_by):
        raise ParameterError(
            "ほかの事例は別の人が決めています。すべて同じ人が決め、別の人が確かめてください。"
            "決める人を替えるときは、決定ファイルを除いて最初から決めてください。"
        )
    decision = {"case": case["case"], "digest": case["digest"][:16], **choice}
    problem = check_decision(case, decision)
    if problem:
        raise ParameterError(
            f"事例{case['case']}: {problem}。recruitlib cases で選べる決定を確かめてください。"
        )
    # A decision of the same content under another number is left over from another day's list.
    kept = {
        number: own
        for number, own in decisions.cases.items()
        if own.get("digest") != decision["digest"]
    }
    cases = {**kept, case["case"]: decision}
    return Decisions(decided_by, "", cases, "")


def check_content(content: Mapping[str, Any], kinds: Mapping[str, type]) -> list[str]:
    """Say what is missing, unknown or of another kind in a file that people fill in.

    YAML takes a date or digits without quotes for something else than text, which then neither
    compares with a digest nor goes into the record.
    """
    words = {str: "文字（日付と符号は引用符で囲む）", int: "整数", list: "並び", dict: "表", bool: "true か false"}  # fmt: skip
    problems = [f"{name}: 書かれていません。" for name in kinds if content.get(name) is None]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in kinds]
    return problems + [
        f"{name}: {words[kind]}で書いてください。"
        for name, kind in kinds.items()
        if content.get(name) is not None and type(content[name]) is not kind
    ]


def require_same_run(
    content: Mapping[str, Any], path: Path, run_id: str, demonstration: bool
) -> None:
    """Require that a person's file was made for this run, and for its kind of run.

    Raises:
        ParameterError: it was made for another run, or for a demonstration.
    """
    if content["demonstration"] is not demonstration:
        raise ParameterError(
            f"{path.name}: 見本の決定・承認は、見本でない実行には使えません（逆も同じです）。"
        )
    if content["run_id"] != run_id:
        raise ParameterError(f"{path.name}: 別の実行（run_id）のために作られた決定・承認です。")


def are_two_people(first: str, second: str) -> bool:
    """Whether two names are there and differ by more than the way in which they are written.

    Blanks, width, case, glyph variants and bracketed words at the end (``（見本）``) make no second
    person. A name that is not text (a line of the file left empty) is nobody.
    """
    names = [
        _ENDING.sub("", fold_name(name).casefold())
        for name in (first, second)
        if isinstance(name, str)
    ]
    return len(names) == 2 and all(names) and names[0] != names[1]


def require_two_people(path: Path, first: str, second: str, roles: str) -> None:
    """Require two different people.

    Args:
        roles: what the two do, in Japanese.

    Raises:
        AwaitingPerson: one is missing or both are the same.
    """
    if not are_two_people(first, second):
        raise AwaitingPerson(f"{path.name}: {roles}は、別の二人でなければなりません。")


def _name(codes: Iterable[str], labels: Mapping[str, str]) -> str:
    return "、".join(f"{code}={labels[code]}" for code in codes)


def check_decision(case: Mapping[str, Any], decision: Mapping[str, Any] | None) -> str:
    """Say why a case is not decided, or nothing."""
    if decision is None:
        return "決定がありません"
    if str(decision.get("digest", "")).replace(" ", "") != case["digest"][:16]:
        return "決定の後に内容が変わりました"
    offered = list_decisions(case["kind"], case["choices"])
    if decision.get("decision") not in offered:
        return f"選べない決定です（選べるもの: {_name(offered, DECISION_LABELS)}）"
    reasons = DECISIONS[case["kind"]][decision["decision"]]
    if decision.get("reason") not in reasons:
        return (
            f"「{DECISION_LABELS[decision['decision']]}」の理由の符号でないか、符号がありません"
            f"（選べるもの: {_name(reasons, REASONS)}）"
        )
    needs_candidate = (case["kind"], decision["decision"]) in POINTING
    candidate = decision.get("candidate")
    # An unquoted ``yes`` of YAML is a truth value, which Python would take for candidate 1.
    is_number = type(candidate) is int and candidate in range(1, case["choices"] + 1)
    if needs_candidate and not is_number:
        return f"候補の番号がありません（選べるもの: 1 から {case['choices']}）"
    also = decision.get("also", [])
    # One form may be meant for two children.
    if also and (case["kind"], decision["decision"]) != ("undecided", "matched"):
        return "ほかの候補は、申出の「除外する」だけに付けられます"
    if not isinstance(also, list) or not all(
        type(other) is int and other in range(1, case["choices"] + 1) for other in also
    ):
        return "ほかの候補の番号がありません"
    return ""
