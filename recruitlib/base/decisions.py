"""Decisions of two people as a file: one decides every case of a stage, another confirms.

A decision holds the keyed digest of exactly what was decided: when the row, the application or its
candidates change, the decision no longer counts.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from filelock import FileLock

from recruitlib.base.audit import write_atomically
from recruitlib.base.choices import (
    DECISION_LABELS,
    DECISIONS,
    POINTING,
    REASONS,
    list_decisions,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.officers import (
    Officer,
    Signer,
    check_two_officers,
    is_signed,
    name_officer,
    read_officers,
    require_two_officers,
    sign_content,
)
from recruitlib.base.parameters import read_yaml
from recruitlib.base.people_files import require_same_run
from recruitlib.base.run import Stage
from recruitlib.base.signatures import CONFIRMED, DECIDED, SignedRun, describe_decision
from recruitlib.base.vault import RunKey, decrypt_content, encrypt_content

_FIELDS = ("demonstration", "run_id", "cases")
# The stages in which people decide, and the parameter that names the file of each.
DECISION_FILES = {"01": "load_decisions_file", "02": "rows_decisions_file", "03": "decisions_file"}
_UNCONFIRMED = "別の一人による確認がありません"


class Decisions(NamedTuple):
    """The decisions of a run by case number, each signed by one officer and confirmed by another."""

    run_id: str
    demonstration: bool
    officers: Mapping[str, Officer]
    cases: Mapping[int, Mapping[str, Any]]


def name_choice(decision: Mapping[str, Any]) -> str:
    """Name in words what a decision that its case offers says: decision, reason and candidates."""
    words = [DECISION_LABELS[decision["decision"]], f"理由: {REASONS[decision['reason']]}"]
    if "candidate" in decision:
        words.append(f"候補 {decision['candidate']}")
    if decision.get("also"):
        words.append(f"ほかの候補 {'・'.join(map(str, decision['also']))}")
    return "、".join(words)


def list_chosen(decision: Mapping[str, Any]) -> tuple[int, ...]:
    """List the numbers of the candidates that a decision points at."""
    return (decision["candidate"], *decision.get("also", [])) if "candidate" in decision else ()


def tell_decision(case: Mapping[str, Any], decisions: Decisions) -> str:
    """Tell what was decided of a case, by whom, and whether a second person has confirmed it."""
    decision = decisions.cases.get(case["case"])
    problem = check_choice(case, decision)
    if decision is None or problem:
        return "まだ" if decision is None else f"まだ（{problem}）"
    officers = decisions.officers
    told = f"{name_choice(decision)}。決めた人: {name_officer(officers, str(decision.get('decided_by')))}"
    if problem := check_decision(case, decisions):
        return f"{told}、確認: まだ" + (f"（{problem}）" if problem != _UNCONFIRMED else "")
    return f"{told}、確認した人: {name_officer(officers, decision['confirmed_by'])}"


def summarize_decisions(cases: pd.DataFrame, decisions: Decisions, stage: str) -> str:
    """Summarize how many cases of a stage are decided, whether they are confirmed, what comes next."""
    rows = cases.to_dict("records")
    left = [
        str(case["case"]) for case in rows if check_choice(case, decisions.cases.get(case["case"]))
    ]
    open_numbers = [str(case["case"]) for case in rows if check_decision(case, decisions)]
    told = (
        f"決定: {len(rows)}件のうち{len(rows) - len(left)}件、"
        f"確認: {len(rows) - len(open_numbers)}件。"
    )
    if left:
        return f"{told}残りは事例 {'・'.join(left)} です。recruitlib decide で決めてください。"
    if open_numbers:
        return f"{told}決めた人と別の人が、上の決定を読み、recruitlib confirm で確かめてください。"
    return f"{told}{stage} をもう一度実行してください。"


def list_people(decisions: Iterable[Decisions], role: str) -> list[str]:
    """List the staff ids that stand in decisions in a role, ``decided_by`` or ``confirmed_by``."""
    entries = [own for each in decisions for own in each.cases.values()]
    return sorted({str(own[role]) for own in entries if own.get(role)})


def read_decisions(
    path: Path, run_id: str, demonstration: bool, officers: Mapping[str, Officer]
) -> Decisions:
    """Read a decisions file; without the file nobody has decided anything.

    Args:
        path: the file.
        run_id: the run that it must be of.
        demonstration: whether the run is a demonstration.
        officers: who may have signed it.

    Raises:
        ParameterError: the file is not a decisions file, or one of a demonstration in a real run.
    """
    if not path.exists():
        return Decisions(run_id, demonstration, officers, {})
    content = read_yaml(path)
    problems = [f"{name}: 書かれていません。" for name in _FIELDS if name not in content]
    problems += [f"{name}: 知らない項目です。" for name in content if name not in _FIELDS]
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    raise_problems(ParameterError, _check_cases(content["cases"]), path.name)
    return Decisions(
        run_id, demonstration, officers, {case["case"]: case for case in content["cases"]}
    )


def read_own_decisions(stage: Stage, name: str) -> Decisions:
    """Read the decisions of a stage at work.

    Args:
        stage: the stage.
        name: the parameter that names the file.
    """
    officers = read_officers(stage.root, stage.demonstration)
    return read_decisions(
        stage.locate(name), stage.parameters["run_id"], stage.demonstration, officers
    )


def read_all_decisions(root: Path, parameters: Mapping[str, Any]) -> list[Decisions]:
    """Read the decisions of all stages of a run, 01 first.

    Args:
        root: the project folder.
        parameters: of the run, through 03.
    """
    demonstration = parameters["run_kind"] == "demonstration"
    officers = read_officers(root, demonstration)
    return [
        read_decisions(root / str(parameters[name]), parameters["run_id"], demonstration, officers)
        for name in DECISION_FILES.values()
    ]


@contextmanager
def changing_decisions(path: Path) -> Iterator[None]:
    """Keep everybody else from writing a decisions file between reading it and writing it.

    Nothing that waits for a person is done meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        yield


def _check_cases(cases: object) -> list[str]:
    """Say where the list of cases is not one: a case decided twice is decided by neither."""
    if not isinstance(cases, list) or not all(
        isinstance(case, dict) and type(case.get("case")) is int for case in cases
    ):
        return ["cases: 番号（case）のある決定の並びではありません。"]
    unknown = sorted(
        {str(name) for case in cases for name in case} - {*CONFIRMED, "confirmed_signature"}
    )
    if unknown:
        return [f"cases: 知らない項目があります（{len(unknown)}種類）。"]
    numbers = [case["case"] for case in cases]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return [f"事例{number}: 決定が二つ以上あります。" for number in twice]


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write a decisions file, whole or not at all."""
    content = {
        "demonstration": decisions.demonstration,
        "run_id": decisions.run_id,
        "cases": [dict(decisions.cases[number]) for number in sorted(decisions.cases)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(path, text.encode(), mode=0o644)


def decide_case(
    decisions: Decisions, case: Mapping[str, Any], choice: Mapping[str, Any], signer: Signer
) -> Decisions:
    """Put one officer's decision of a case in place, signed; a second one must confirm it.

    Args:
        decisions: those so far.
        case: the case as listed.
        choice: decision, reason, for a match the candidate's number, in ``also`` the numbers
            of further candidates whom the same application means, in ``note`` a text as
            ``encrypt_note`` gives it.
        signer: who decides.

    Raises:
        ParameterError: the choice is not one that the case offers, or somebody else has decided
            other cases (then the second person would not be a second one for all of them).
    """
    decided_by = signer.officer.staff_id
    if set(list_people([decisions], "decided_by")) - {decided_by}:
        raise ParameterError(
            "ほかの事例は別の人が決めています。すべて同じ人が決め、別の人が確かめてください。"
            "決める人を替えるときは、決定ファイルを除いて最初から決めてください。"
        )
    entry = {
        "case": case["case"],
        "digest": case["digest"][:16],
        **choice,
        "decided_by": decided_by,
    }
    problem = check_choice(case, entry)
    if problem:
        raise ParameterError(
            f"事例{case['case']}: {problem}。recruitlib cases で選べる決定を確かめてください。"
        )
    entry["decided_signature"] = sign_content(signer, _describe(entry, decisions, DECIDED))
    # A decision of the same content under another number is left over from another day's list.
    kept = {
        number: own
        for number, own in decisions.cases.items()
        if own.get("digest") != entry["digest"]
    }
    return decisions._replace(cases={**kept, case["case"]: entry})


def confirm_case(decisions: Decisions, case: Mapping[str, Any], signer: Signer) -> Decisions:
    """Put a second officer's confirmation to the decision of a case.

    Raises:
        AwaitingPerson: the case is not decided, or by the same person.
        ParameterError: the decision was changed by hand after it was signed.
    """
    number = case["case"]
    decision = decisions.cases.get(number)
    if decision is None or (problem := check_choice(case, decision)):
        raise AwaitingPerson(
            f"事例{number}: {'決定がありません' if decision is None else problem}。先に決めてください。"
        )
    if problem := _check_decider(decision, decisions):
        raise ParameterError(f"事例{number}: {problem}。もう一度決めてください。")
    first = decisions.officers[decision["decided_by"]]
    require_two_officers(
        first, signer.officer, decisions.demonstration, f"事例{number}を確かめる人と決めた人"
    )
    entry = {**decision, "confirmed_by": signer.officer.staff_id}
    entry["confirmed_signature"] = sign_content(signer, _describe(entry, decisions, CONFIRMED))
    return decisions._replace(cases={**decisions.cases, number: entry})


def undo_case(decisions: Decisions, number: int) -> Decisions:
    """Take back the decision of a case, and its confirmation."""
    kept = {other: own for other, own in decisions.cases.items() if other != number}
    return decisions._replace(cases=kept)


def encrypt_note(key: RunKey, text: str) -> str:
    """Encrypt what an officer writes freely: it may name somebody, and the file is no private one."""
    return base64.b64encode(encrypt_content(key, text.encode())).decode()


def read_note(key: RunKey, decision: Mapping[str, Any]) -> str:
    """Read the free text of a decision; "" where there is none.

    Raises:
        IntegrityError: it was not written with the run's key.
    """
    if not decision.get("note"):
        return ""
    return decrypt_content(key, base64.b64decode(decision["note"]), "決定の備考").decode()


def _name(codes: Iterable[str], labels: Mapping[str, str]) -> str:
    return "、".join(f"{code}={labels[code]}" for code in codes)


def check_decision(case: Mapping[str, Any], decisions: Decisions) -> str:
    """Say why a case is not decided by one officer and confirmed by another, or nothing."""
    return check_entry(case, decisions.cases.get(case["case"]), decisions)


def check_entry(
    case: Mapping[str, Any], decision: Mapping[str, Any] | None, decisions: Decisions
) -> str:
    """Say why an entry of the decisions, under whatever number, does not decide a case, or nothing."""
    problem = check_choice(case, decision)
    if problem or decision is None:
        return problem
    if problem := _check_decider(decision, decisions):
        return problem
    if not decision.get("confirmed_by"):
        return _UNCONFIRMED
    second = decisions.officers.get(str(decision["confirmed_by"]))
    if second is None:
        return "確かめた人が職員の一覧にありません"
    first = decisions.officers[decision["decided_by"]]
    if same := check_two_officers(first, second, decisions.demonstration):
        return f"決めた人と確かめた人が同じです（{same}）"
    described = _describe(decision, decisions, CONFIRMED)
    if not is_signed(second, described, decision.get("confirmed_signature")):
        return "確かめた人の署名が合いません"
    return ""


def _check_decider(decision: Mapping[str, Any], decisions: Decisions) -> str:
    first = decisions.officers.get(str(decision.get("decided_by", "")))
    if first is None:
        return "決めた人が職員の一覧にありません"
    if not is_signed(
        first, _describe(decision, decisions, DECIDED), decision.get("decided_signature")
    ):
        return "決めた人の署名が合いません"
    return ""


def _describe(
    decision: Mapping[str, Any], decisions: Decisions, names: Iterable[str]
) -> dict[str, Any]:
    run = SignedRun(decisions.run_id, decisions.demonstration)
    return describe_decision(decision, run, names)


def check_choice(case: Mapping[str, Any], decision: Mapping[str, Any] | None) -> str:
    """Say why a decision is none of those that its case offers, or nothing."""
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
