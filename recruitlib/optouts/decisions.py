"""Cases that a person decides, and the decisions of two people as a file.

A decision holds the keyed digest of exactly what was decided: when the application or its
candidates change, the decision no longer counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from recruitlib.base.audit import digest_keyed, write_atomically
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.parameters import read_yaml
from recruitlib.optouts.names import fold_name

CASE_COLUMNS = ("case", "kind", "application_id", "addressee_id", "reason", "choices", "digest")
KIND_LABELS = {
    "undecided": "未決の申出",
    "to_confirm": "要確認（先に除外）",
    "withdrawn": "取下げ",
    "housemate": "支援措置対象者と同じ世帯の対象者",
}
DECISIONS = {
    "undecided": ("matched", "outside"),
    "to_confirm": ("matched", "rejected"),
    "withdrawn": ("withdrawn", "matched"),
    "housemate": ("excluded", "supplied"),
}
DECISION_LABELS = {
    "matched": "除外する（この候補が本人）",
    "outside": "対象者の中に該当者なし",
    "rejected": "申出を認めない",
    "withdrawn": "取下げを認める（除外をやめる）",
    "excluded": "除外する",
    "supplied": "提供する",
}
REASONS = {
    "typing_error": "記入の誤り",
    "parent_signed": "保護者の名義で申出",
    "no_such_person": "該当者なし",
    "other_person": "別人",
    "authority_checked": "資格を確かめた",
    "authority_missing": "資格がない",
    "withdrawn_by_subject": "本人が取下げ",
    "withdrawal_unproved": "取下げの本人確認なし",
    "household_protected": "世帯として保護",
    "not_protected": "保護の対象でない",
}
_FIELDS = ("demonstration", "run_id", "decided_by", "confirmed_by", "cases")


class Decisions(NamedTuple):
    """The decisions of two people, by case number; ``problem`` says why none of them counts yet."""

    decided_by: str
    confirmed_by: str
    cases: Mapping[int, Mapping[str, Any]]
    problem: str


def list_cases(
    applications: pd.DataFrame, matches: pd.DataFrame, candidates: pd.DataFrame,
    housemates: pd.DataFrame, key: bytes,
) -> pd.DataFrame:  # fmt: skip
    """List what a person must decide, numbered in a fixed order.

    Returns:
        one row per case; ``choices`` is the number of candidates, ``digest`` the keyed digest of
        the application as typed and of its candidates.
    """
    rows: list[tuple[Any, ...]] = []
    typed = {row["application_id"]: row for row in applications.to_dict("records")}
    for match in matches[matches["outcome"].isin(["undecided", "to_confirm", "withdrawn"])].to_dict(
        "records"
    ):
        near = candidates.loc[
            candidates["application_id"] == match["application_id"], "addressee_id"
        ].tolist()
        # The row's place in the file is not what was decided about.
        said = {k: v for k, v in typed[match["application_id"]].items() if k != "source_row"}
        content = [said, match, near]
        digest = digest_keyed(key, json.dumps(content, ensure_ascii=False, sort_keys=True).encode())
        rows.append(
            (
                match["outcome"],
                match["application_id"],
                match["addressee_id"],
                match["reason"],
                len(near),
                digest,
            )
        )
    for person_id in housemates["addressee_id"]:
        digest = digest_keyed(key, f"housemate {person_id}".encode())
        rows.append(("housemate", "", person_id, "same_household", 0, digest))
    numbered = [(number, *row) for number, row in enumerate(rows, start=1)]
    return pd.DataFrame(numbered, columns=list(CASE_COLUMNS))


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
        choice: decision, reason, and for a match the candidate's number.

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
    cases = {**decisions.cases, case["case"]: decision}
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
    """Whether two names are there and differ by more than blanks, width, case and glyph variants.

    A name that is not text (a line of the file left empty) is nobody.
    """
    names = [fold_name(name).casefold() for name in (first, second) if isinstance(name, str)]
    return len(names) == 2 and all(names) and names[0] != names[1]


def require_two_people(path: Path, first: str, second: str) -> None:
    """Require two different people.

    Raises:
        AwaitingPerson: one is missing or both are the same.
    """
    if not are_two_people(first, second):
        raise AwaitingPerson(f"{path.name}: 決めた人と確認した人は、別の二人でなければなりません。")


def check_decision(case: Mapping[str, Any], decision: Mapping[str, Any] | None) -> str:
    """Say why a case is not decided, or nothing."""
    if decision is None:
        return "決定がありません"
    if str(decision.get("digest", "")).replace(" ", "") != case["digest"][:16]:
        return "決定の後に内容が変わりました"
    if decision.get("decision") not in DECISIONS[case["kind"]]:
        return "選べない決定です"
    if decision.get("reason") not in REASONS:
        return "理由の符号がありません"
    needs_candidate = case["kind"] == "undecided" and decision["decision"] == "matched"
    candidate = decision.get("candidate")
    # An unquoted ``yes`` of YAML is a truth value, which Python would take for candidate 1.
    is_number = type(candidate) is int and candidate in range(1, case["choices"] + 1)
    if needs_candidate and not is_number:
        return "候補の番号がありません"
    return ""


def settle_matches(
    matches: pd.DataFrame, candidates: pd.DataFrame, cases: pd.DataFrame, decisions: Decisions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply the decisions to the matches.

    Returns:
        ``settled``: the matches with decided outcomes (``matched`` excludes; ``withdrawn`` here
        means a withdrawal that two people accepted), as many rows as ``matches``; and the cases
        with the column ``problem``, "" where decided.
    """
    settled = matches.set_index("application_id")
    problems = []
    for case in cases.to_dict("records"):
        decision = decisions.cases.get(case["case"])
        problem = check_decision(case, decision) or decisions.problem
        problems.append(problem)
        if problem or decision is None or case["kind"] == "housemate":
            continue
        chosen = decision["decision"]
        settled.loc[case["application_id"], ["outcome", "reason"]] = [chosen, decision["reason"]]
        if case["kind"] == "undecided" and chosen == "matched":
            near = candidates[candidates["application_id"] == case["application_id"]]
            person_id = near.loc[near["place"] == decision["candidate"], "addressee_id"].iloc[0]
            settled.loc[case["application_id"], ["addressee_id", "tier"]] = [person_id, "D"]
    return settled.reset_index()[list(matches.columns)], cases.assign(problem=problems)


def list_excluded_housemates(cases: pd.DataFrame, decisions: Decisions) -> list[str]:
    """List the ids of housemates of protected people whom two officers chose to exclude."""
    excluded = []
    for case in cases[cases["kind"] == "housemate"].to_dict("records"):
        decision = decisions.cases.get(case["case"], {})
        counts = not check_decision(case, decision) and not decisions.problem
        if counts and decision["decision"] == "excluded":
            excluded.append(case["addressee_id"])
    return excluded
