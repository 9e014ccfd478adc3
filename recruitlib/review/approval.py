"""Approval (承認): exactly what a second officer approves, signed with that officer's own key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from recruitlib.base.audit import (
    append_entry,
    digest_bytes,
    digest_keyed,
    find_latest,
    group_digest,
    list_since_begun,
    read_entries,
    write_atomically,
)
from recruitlib.base.counts import Count
from recruitlib.base.decisions import Decisions, list_people
from recruitlib.base.errors import AwaitingPerson, ParameterError, raise_problems
from recruitlib.base.officers import (
    Officer,
    Signer,
    check_two_officers,
    is_signed,
    sign_content,
)
from recruitlib.base.parameters import BY_NAME, read_yaml
from recruitlib.base.people_files import check_content, require_same_run
from recruitlib.base.run import Stage
from recruitlib.base.signatures import SignedRun, describe_approval
from recruitlib.base.tables import write_table

# What the second person approves besides the people: the request, and every choice of policy.
_APPROVED_PARAMETERS = (
    "run_id", "run_kind", "municipality_code", "fiscal_year", "request_number", "request_date",
    "cohort_ages", "cohort_birth_ranges", "registry_base_date", "protections_attested_by",
    "applications_zero_confirmed_by", "optout_deadline", "optout_validity", "late_optout",
    "applicants", "undecided", "bundle_by", "bundle_request_quote",
)  # fmt: skip
_TOP_UP = "top_up_of"
# And the files that say what may be given to whom, and what each column of an input means.
_APPROVED_FILES = (
    "scope_file", "registry_profile", "protections_profile", "form_profile", "counter_profile",
)  # fmt: skip
# The groups of four that are read over the telephone.
SHORTEST_DIGEST = 16
_KINDS = {
    "demonstration": bool, "run_id": str, "approved_digest": str, "content": dict, "ticked": dict,
    "approved_by": str, "approved_on": str, "signature": str,
}  # fmt: skip
_DIGESTED = {
    "counts": "件数",
    "recipients": "提供対象者の内容",
    "outcomes": "申出の結果",
    "decisions": "事例の決定（決めた人・確かめた人・理由を含む）",
}


class Content(NamedTuple):
    """What is approved: its digest, and the parts by which a later change can be named.

    The parts are the parameters as they are, the SHA-256 of scope and profiles, the recipients of
    each age as numbers, and keyed digests of counts, recipients, outcomes and decisions; they hold
    nothing of a person.
    """

    digest: str
    parts: Mapping[str, Any]


class Tick(NamedTuple):
    """A line that the approving officer has to tick."""

    code: str
    text: str


class Workers(NamedTuple):
    """Who may not approve: the operator and the deciders, and who was logged in for 01 and 02."""

    staff_ids: Sequence[str]
    logins: Sequence[str]


class Approval(NamedTuple):
    """A second officer's signed approval of one content."""

    digest: str
    parts: Mapping[str, Any]
    ticked: Mapping[str, str]
    approved_by: str
    approved_on: str
    signature: str


def digest_files(root: Path, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Digest the files that an approval binds: the scope and the profiles of the inputs.

    Returns:
        the SHA-256 of each, by the parameter that names the file.
    """
    return {
        name: digest_bytes((root / str(parameters[name])).read_bytes()) for name in _APPROVED_FILES
    }


def check_files(stage: Stage) -> list[str]:
    """Say which files of ``digest_files`` are no longer those that 03 asked approval for."""
    asked = find_latest(read_entries(stage.folder), "03", "approval_asked")
    approved = asked["facts"]["parts"]["files"] if asked else {}
    now = digest_files(stage.root, stage.parameters) if approved else {}
    return [
        f"{BY_NAME[name].label}（{name}）が、承認の後に変わっています。元に戻すか、01 からやり直してください。"
        for name in approved
        if approved[name] != now[name]
    ]


def digest_approval(
    parameters: Mapping[str, Any], files: Mapping[str, str], counts: Sequence[Count],
    recipients: pd.DataFrame, settled: pd.DataFrame, decisions: Sequence[Decisions], key: bytes,
) -> Content:  # fmt: skip
    """Digest what is approved: request, policies, counts, recipients, outcomes and signed decisions.

    The content holds no path and no time, so that the same approval holds on another machine.

    Args:
        files: of ``digest_files``.

    Returns:
        the keyed digest, 64 hexadecimal digits, and the parts that it is made of.
    """
    people = recipients["cohort"].value_counts().sort_index()
    told = json.dumps([list(count) for count in counts]).encode()
    parts = {
        "parameters": {name: parameters[name] for name in _APPROVED_PARAMETERS}
        # Who is left out as supplied before is approved where somebody is.
        | ({_TOP_UP: parameters[_TOP_UP]} if parameters[_TOP_UP] else {}),
        "files": dict(files),
        "recipients_by_age": {str(age): int(number) for age, number in people.items()},
        "counts": digest_keyed(key, told),
        "recipients": digest_keyed(key, write_table(recipients)),
        "outcomes": digest_keyed(key, write_table(settled)),
        "decisions": digest_keyed(key, _canonicalise([each.cases for each in decisions])),
    }
    return Content(digest_keyed(key, _canonicalise(parts)), parts)


def digest_content(
    stage: Stage, counts: Sequence[Count], recipients: pd.DataFrame, settled: pd.DataFrame,
    decisions: Sequence[Decisions],
) -> Content:  # fmt: skip
    """Digest what is approved of a stage at work, as ``digest_approval`` says."""
    files = digest_files(stage.root, stage.parameters)
    return digest_approval(
        stage.parameters, files, counts, recipients, settled, decisions, stage.key.digest_key
    )


def _canonicalise(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, default=repr).encode()


def read_checklist(path: Path) -> list[Tick]:
    """Read the ward's own checklist for the approval.

    Raises:
        ParameterError: it is no list of ``code`` and ``text``, or a code stands twice.
    """
    lines = read_yaml(path).get("lines")
    if (
        not isinstance(lines, list)
        or not all(_is_tick(line) for line in lines)
        or len({line["code"] for line in lines}) < len(lines)
    ):
        raise ParameterError(
            f"{path.name}: lines に、code（英字、二度書かない）と text（確かめること）を並べてください。"
        )
    return [Tick(line["code"], line["text"]) for line in lines]


def _is_tick(line: object) -> bool:
    return (
        isinstance(line, dict)
        and set(line) == {"code", "text"}
        and all(isinstance(value, str) and value.strip() for value in line.values())
    )


def read_approval(path: Path, run_id: str, demonstration: bool) -> Approval | None:
    """Read an approval file; nothing when there is none yet.

    Raises:
        ParameterError: the file is not an approval, or one for another run or kind of run.
    """
    if not path.exists():
        return None
    content = read_yaml(path)
    problems = check_content(content, _KINDS)
    problems += [f"{name}: 書かれていません。" for name in _KINDS if content.get(name) == ""]
    if not problems and not _has_form(content["content"]):
        problems.append("content: 承認の内容の形ではありません。承認をやり直してください。")
    raise_problems(ParameterError, problems, path.name)
    require_same_run(content, path, run_id, demonstration)
    return Approval(
        content["approved_digest"], content["content"], content["ticked"],
        content["approved_by"], content["approved_on"], content["signature"],
    )  # fmt: skip


def _has_form(parts: Mapping[str, Any]) -> bool:
    """Whether the parts of an approved content are such that their changes can be named."""
    tables = [parts.get(name, {}) for name in ("parameters", "files", "recipients_by_age")]
    if not all(isinstance(table, Mapping) for table in tables):
        return False
    ages = tables[-1]
    return all(isinstance(age, str) and type(number) is int for age, number in ages.items())


def note_asked(stage: Stage, content: Content, ticks: Sequence[Tick]) -> None:
    """Note in the record what is to be approved, so that ``recruitlib approve`` approves just that."""
    append_entry(
        stage.folder, stage.number, "approval_asked",
        digest=content.digest, parts=content.parts, ticks=[list(tick) for tick in ticks],
    )  # fmt: skip


def find_asked(folder: Path) -> tuple[Content, list[Tick]]:
    """Find what the last run of 03 has shown for approval, and what has to be ticked.

    Raises:
        AwaitingPerson: there is nothing to be approved yet.
    """
    recent = list_since_begun(read_entries(folder), "03")
    asked = [entry["facts"] for entry in recent if entry["event"] == "approval_asked"]
    if asked:
        last = asked[-1]
        return Content(last["digest"], last["parts"]), [Tick(*tick) for tick in last["ticks"]]
    waits = [
        entry for entry in recent
        if entry["event"] == "guard" and entry["facts"]["guard"] == "optouts.all_decided"
        and entry["facts"]["answer"] == "no"
    ]  # fmt: skip
    if waits:
        raise AwaitingPerson(
            "03 が最後に動いたとき、決まっていない（または確かめていない）事例がありました。recruitlib cases で見て、"
            "すべて決めて確かめたら、03 をもう一度実行してください。承認の値が出ます。"
        )
    raise AwaitingPerson(
        "03 が承認の値を表示するところまで進んでいません。03 を実行し、表示された値を確かめてから"
        "承認してください。"
    )


def approve_content(
    content: Content, ticks: Sequence[Tick], ticked: Sequence[str], signer: Signer,
    run: tuple[str, bool], approved_on: str,
) -> Approval:  # fmt: skip
    """Sign a content as approved, with every line that had to be ticked.

    Args:
        content: what is approved.
        ticks: what has to be ticked.
        ticked: the codes that were.
        signer: who approves; whether that officer may, ``check_approval`` says.
        run: the run's name, and whether it is a demonstration.
        approved_on: the day of work.

    Raises:
        AwaitingPerson: a tick is missing.
    """
    if missing := [tick.text for tick in ticks if tick.code not in ticked]:
        raise AwaitingPerson(
            f"確かめる項目に、チェックのないものがあります: {'／'.join(missing)}。"
            "すべて確かめてから承認してください。"
        )
    approval = Approval(
        content.digest, content.parts, {tick.code: tick.text for tick in ticks},
        signer.officer.staff_id, approved_on, "",
    )  # fmt: skip
    return approval._replace(signature=sign_content(signer, _describe(approval, run)))


def _describe(approval: Approval, run: tuple[str, bool]) -> dict[str, Any]:
    return describe_approval(approval._asdict(), SignedRun(*run))


def list_workers(
    folder: Path, parameters: Mapping[str, Any], decisions: Sequence[Decisions]
) -> Workers:
    """List who may not approve a run.

    Args:
        folder: the run's folder, whose record tells who was logged in.
        parameters: of the run.
        decisions: of all its stages.
    """
    entries = read_entries(folder)
    begun = [find_latest(entries, stage, "begun") for stage in ("01", "02")]
    logins = [entry["login"] for entry in begun if entry is not None]
    return Workers([parameters["operator"], *list_people(decisions, "decided_by")], logins)


def check_approval(
    approval: Approval | None, content: Content, ticks: Sequence[Tick],
    officers: Mapping[str, Officer], workers: Workers, run: tuple[str, bool],
) -> list[str]:  # fmt: skip
    """Say why the content is not approved.

    Args:
        approval: what was approved, if anything.
        content: what would have to be approved now.
        ticks: what has to be ticked now, word for word.
        officers: the office's officers.
        workers: who worked on the run or decided its cases; none of them may approve.
        run: the run's name, and whether it is a demonstration.
    """
    now = f"今の値は {group_digest(content.digest)} です"
    if approval is None:
        return [
            f"承認がまだありません。第二の担当者が 03 の表を確かめ、03 の画面か recruitlib approve で"
            f"承認してください（{now}）。"
        ]
    second = officers.get(approval.approved_by)
    if second is None:
        return ["承認した人が職員の一覧にありません。登録した職員が承認してください。"]
    if not is_signed(second, _describe(approval, run), approval.signature):
        return [
            "承認した人の署名が合いません。承認のファイルが書き換えられたか、別の実行のものです。"
            "承認をやり直してください。"
        ]
    if approval.digest != content.digest or approval.parts != content.parts:
        changed = "、".join(name_changes(approval.parts, content.parts)) or "実行の鍵"
        return [
            f"承認の後に内容が変わりました。変わったもの: {changed}。{now}。承認をやり直してください。"
        ]
    problems = []
    for worker in workers.staff_ids:
        first = officers.get(worker)
        if first is None:
            problems.append(
                "作業した人（operator）か事例を決めた人が、職員の一覧にありません。"
                "recruitlib officer add で登録してください。"
            )
        elif same := check_two_officers(first, second, run[1]):
            problems.append(
                f"承認した人が、作業または決定をした人と同じです（{same}）。別の人の承認が要ります。"
                "どちらでもない職員が承認してください。"
            )
    if not run[1] and second.login in workers.logins:
        problems.append(
            "承認した人のログインで、この実行の取込・除外が行われています。別の人の承認が要ります。"
            "ご自分の PC のログインで働く別の職員が承認してください。"
        )
    missing = [tick.text for tick in ticks if approval.ticked.get(tick.code) != tick.text]
    if missing:
        problems.append(
            f"承認に、確かめる項目のチェックがありません: {'／'.join(missing)}。"
            "すべて確かめて、承認をやり直してください。"
        )
    return list(dict.fromkeys(problems))


def name_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name what of an approved content has changed, without anything of a person."""
    changes = []
    for part in ("parameters", "files"):
        old, new = before.get(part, {}), after[part]
        changes += [f"{BY_NAME[own].label}（{own}）" for own in new if old.get(own) != new[own]]
    old, new = before.get("recipients_by_age", {}), after["recipients_by_age"]
    changes += [
        f"提供対象者 {age}歳 {old.get(age, 0):,}人→{new.get(age, 0):,}人"
        for age in sorted({*old, *new})
        if old.get(age) != new.get(age)
    ]
    return changes + [label for name, label in _DIGESTED.items() if before.get(name) != after[name]]


def write_approval(path: Path, run_id: str, demonstration: bool, approval: Approval) -> None:
    """Write an approval file, whole or not at all."""
    content = {
        "demonstration": demonstration,
        "run_id": run_id,
        "approved_digest": approval.digest,
        "content": dict(approval.parts),
        "ticked": dict(approval.ticked),
        "approved_by": approval.approved_by,
        "approved_on": approval.approved_on,
        "signature": approval.signature,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(path, text.encode(), mode=0o644)
