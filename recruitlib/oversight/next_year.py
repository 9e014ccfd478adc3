"""The next year (新年度): parameter and scope files made from this year's, with a start checklist.

What holds for one year is emptied, or planned so that a forgotten one stops: a total is 0, a day is
one of the year that has passed, a file lies in a folder that is not there yet, and the scope has no
approver. Policies, profiles and the printer's settings are taken over with their comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.audit import digest_bytes, write_atomically
from recruitlib.base.dates import birth_range_of, format_era, parse_date
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.parameters import (
    BY_NAME,
    STAGE_NAMES,
    check_parameter,
    find_root,
    read_parameters,
    read_yaml,
)
from recruitlib.base.scope import read_scope
from recruitlib.base.year_files import replace_values

_REIWA = 2018  # the year before 令和元年
_MADE_FILES = (
    "load_decisions_file", "rows_decisions_file", "decisions_file", "approval_file",
    "handover_file", "disposal_file",
)  # fmt: skip
_INPUT_FILES = ("registry_file", "protections_file", "form_file", "counter_file")
_DAYS = {"print_": "print_day/", "handover_": "handover_day/"}
_EMPTIED = (
    "request_number", "request_date", "registry_base_date", "optout_deadline", "bundle_request_quote",
)  # fmt: skip
_EMPTIED_ENDS = ("_attested_by", "_confirmed_by", "_listed_on")
# No export, extract or total of the new year can be of this kind, so that its guard says no.
_PAST_ENDS = ("_exported_on", "handover_registry_base_date")
_SCOPE_EMPTIED = {
    "memorandum_on": "", "guideline_on": "", "handlers": [], "approved_by": "", "approved_on": "",
}  # fmt: skip


class NextYear(NamedTuple):
    """What is made for the next year: its files, not yet written, and what an officer must confirm.

    ``ranges`` are the birth ranges by age, computed by the age rule; ``checklist`` is the text of
    the start checklist; ``people`` is the folder in which the year's decisions will lie.
    """

    fiscal_year: int
    ranges: dict[int, tuple[date, date]]
    files: dict[Path, str]
    people: Path
    checklist: str


def plan_next_year(parameters_file: Path, out: Path) -> NextYear:
    """Plan the files of the next fiscal year from a parameter file and the scope that it names.

    Args:
        parameters_file: of this year's run.
        out: the next year's parameter file, in the folder ``params``; its name names the run.

    Raises:
        ParameterError: a file of this year is not valid, or one of the next would replace something.
    """
    before = read_parameters(parameters_file)
    root = find_root(parameters_file.parent)
    run_id, year = out.stem, before["fiscal_year"] + 1
    old_scope = root / before["scope_file"]
    read_scope(old_scope)
    scope = old_scope.with_name(f"{_name_year(old_scope.stem, year)}.yaml")
    people, checklist = out.with_name(run_id), out.with_name(f"{run_id}_start.txt")
    run = root / before["runs_folder"] / run_id
    raise_problems(
        ParameterError, _check_places(root, out, (scope, checklist, people, run)), "--out"
    )
    ranges = {age: birth_range_of(age, year) for age in before["cohort_ages"]}
    texts = [f"{first.isoformat()}/{last.isoformat()}" for first, last in ranges.values()]
    own = {
        "run_id": run_id, "fiscal_year": year, "cohort_birth_ranges": texts,
        "scope_file": scope.relative_to(root).as_posix(), "business_date": {},
        "label_first_position": 1, "top_up_of": [],
    }  # fmt: skip
    changed = {
        name: own.get(name, _renew(name, value, run_id, year)) for name, value in before.items()
    }
    changes: dict[tuple[str, ...], Any] = {
        (name,): value for name, value in changed.items() if value != before[name]
    }
    told = _write_checklist(run_id, year, out.relative_to(root).as_posix(), before, changed)
    files = {
        scope: replace_values(
            _read_text(old_scope), _renew_scope(old_scope, texts), old_scope.name
        ),
        out: replace_values(_read_text(parameters_file), changes, parameters_file.name),
        checklist: told,
    }
    return NextYear(year, ranges, files, people, told)


def _check_places(root: Path, out: Path, others: Sequence[Path]) -> list[str]:
    problem = check_parameter(BY_NAME["run_id"], out.stem)
    problems = [f"ファイルの名前が実行名になります。{problem}。"] if problem else []
    if out.suffix != ".yaml" or out.parent != root / "params":
        problems.append("params フォルダの .yaml ファイルを書いてください（例 params/r9_1.yaml）。")
    return problems + [
        f"{path.relative_to(root).as_posix()}: もうあります。上書きはしません。別の名前にするか、前に作ったものを使ってください。"
        for path in (out, *others)
        if path.is_relative_to(root) and path.exists()
    ]


def _name_year(stem: str, year: int) -> str:
    """Name a file after the next year: shinjuku_r8 becomes shinjuku_r9, any other gets _r9."""
    for before, after in (
        (f"r{year - 1 - _REIWA}", f"r{year - _REIWA}"),
        (f"{year - 1}", f"{year}"),
    ):
        named = re.sub(rf"(?<![a-z0-9]){before}(?![0-9])", after, stem)
        if named != stem:
            return named
    return f"{stem}_r{year - _REIWA}"


def _renew(name: str, value: Any, run_id: str, year: int) -> Any:
    """Give the next year's value of a parameter that holds for one year; any other stays."""
    if name in _EMPTIED or name.endswith(_EMPTIED_ENDS):
        return ""
    if name.endswith("_total"):
        return 0
    if name.endswith(_PAST_ENDS):
        return f"{year - 1}-04-01"
    if value == "":
        return value
    file = re.split(r"[\\/]", value)[-1] if isinstance(value, str) else ""
    if name in _MADE_FILES:
        return f"params/{run_id}/{file}"
    if name == "attestations_file":
        return f"params/attestations/{run_id}.yaml"
    prefix = next((one for one in _DAYS if name.startswith(one)), "")
    if name.removeprefix(prefix) in _INPUT_FILES:
        return f"inputs/{run_id}/{_DAYS.get(prefix, '')}{file}"
    return value


def _renew_scope(path: Path, ranges: list[str]) -> dict[tuple[str, ...], Any]:
    before = read_yaml(path)
    period = {name: _add_year(before[name]) for name in ("period_from", "period_to")}
    request = {"number": "", "date": "", "birth_ranges": ranges}
    own = {**_SCOPE_EMPTIED, **period, "replaces": digest_bytes(path.read_bytes())}
    return {
        **{(name,): value for name, value in own.items()},
        **{("request", name): value for name, value in request.items()},
    }


def _add_year(day: str) -> str:
    """Give the same day of the next year; 28 February for a 29th."""
    year, rest = int(day[:4]) + 1, day[4:]
    return f"{year}-02-28" if rest == "-02-29" else f"{year}{rest}"


def _read_text(path: Path) -> str:
    # As it stands, with the line ends of the PC on which it was written.
    return path.read_bytes().decode("utf-8-sig")


def describe_ranges(plan: NextYear) -> list[str]:
    """Describe the birth ranges of the next year in both calendars, one line for each age."""
    return [
        f"{age}歳: {first.isoformat()} から {last.isoformat()} まで"
        f"（{format_era(first)}〜{format_era(last)}）"
        for age, (first, last) in plan.ranges.items()
    ]


def check_typed(plan: NextYear, typed: str) -> list[str]:
    """Say where the ranges typed from the request differ from the age rule.

    Args:
        typed: for each age the first and last day, as 2009-04-02/2010-04-01 or 平成21.4.2/平成22.4.1,
            the ages apart by a comma.
    """
    read = []
    for text in re.split("[,、，]", typed):
        ends = [parse_date(end).value for end in re.split("[/／〜～]", text)]
        if len(ends) != 2 or None in ends:
            return [
                "生年月日の範囲は 2009-04-02/2010-04-01,2005-04-02/2006-04-01 の形で書いてください。"
            ]
        read.append((ends[0], ends[1]))
    problems = [
        f"{age}歳: 依頼文書の範囲に {first.isoformat()}/{last.isoformat()} がありません。"
        for age, (first, last) in plan.ranges.items()
        if (first, last) not in read
    ]
    if not problems and len(read) != len(plan.ranges):
        problems = [f"範囲が {len(read)} あります。対象年齢は {len(plan.ranges)} です。"]
    if problems:
        problems.append(
            f"依頼文書と、{plan.fiscal_year}年度にその年齢に達する範囲が違います。依頼元に確かめてください。"
        )
    return problems


def write_next_year(plan: NextYear) -> None:
    """Write the planned files, the parameter file last: without it nothing can begin.

    Raises:
        ParameterError: one of them has come into being since; nothing is replaced.
    """
    if taken := [path.name for path in (*plan.files, plan.people) if path.exists()]:
        raise ParameterError(f"{'、'.join(taken)}: もうあります。上書きはしません。")
    plan.people.mkdir()
    for path in sorted(plan.files, key=lambda one: one.stem == plan.people.name):
        write_atomically(path, plan.files[path].encode())


def _write_checklist(
    run_id: str, year: int, out: str, before: Mapping[str, Any], changed: Mapping[str, Any]
) -> str:
    """Write what is to be done before and while the next year's run goes."""
    lines = [
        f"新年度の始めのチェックリスト　{year}年度（令和{year - _REIWA}年度）　実行 {run_id}",
        "",
        "始める前に",
        "□ 前の年度の実行が、すべて「廃棄済」になっている（recruitlib runs）",
        "□ 保存期間を過ぎたもの・期限を過ぎた義務がない（recruitlib runs の始めに示される）",
        "□ 職員の一覧が今の職員と合う（recruitlib officer list。異動した人は担当にしない）",
        "□ 閲覧の点検を終えた（recruitlib access-review）",
        "□ 依頼文書が届き、生年月日の範囲が、このファイルと一日も違わない",
        "□ 依頼文書の年齢・媒体・項目が、承認された範囲の内にある",
        f"□ 範囲のファイル {changed['scope_file']} に、依頼（request）・期間・覚書の日・要綱の日・取扱者を"
        "書き、文（document・subjects など）を今年の資料と読み比べた",
        "□ その範囲を、会議などが承認した（approved_by・approved_on）",
        f"□ チェックリストの証明書を今年の分で作り、署名した（{changed['attestations_file'] or '証明書は使っていない'}）",
        "□ 住基・電子申請・受付簿のファイルの様式が去年と同じである（recruitlib inspect）",
        *_list_validity(before["optout_validity"]),
        f"□ ファイルを置くフォルダ inputs/{run_id}/ を作った（去年のファイルを写さない）",
        "",
        f"{out} に書くもの（書き忘れると止まります）",
    ]
    for stage, title in STAGE_NAMES.items():
        own = [name for name, value in changed.items()
               if BY_NAME[name].stage == stage and value != before[name] and _is_to_write(name)]  # fmt: skip
        lines += [f"  {stage} {title}"] if own else []
        lines += [f"  □ {name}（{BY_NAME[name].label}）" for name in own]
    lines += [
        "",
        "始める",
        f"□ recruitlib run {out} --through 03",
        "□ 要判断の事例を決め、確かめ、承認する（recruitlib runs が次にすることを示す）",
        "",
    ]
    return "\n".join(lines)


def _list_validity(validity: str) -> list[str]:
    if validity == "fiscal_year":
        return ["□ 申出の有効期間（その年度だけ）が、住民への案内のとおりである"]
    return [
        "□ 申出の有効期間（翌年度以後も）が、住民への案内のとおりである",
        "□ 前の年度までの受付簿が register にある（ない年度があると 02 で止まります）",
    ]


def _is_to_write(name: str) -> bool:
    """Whether an officer writes a value, or makes the file at the planned place."""
    return name not in ("run_id", "fiscal_year", "cohort_birth_ranges", "scope_file",
                        "label_first_position", "top_up_of", *_MADE_FILES)  # fmt: skip
