"""The index of runs (実行の一覧): how far each has come, what it waits for, and what to type next.

It reads the records alone, needs no key, and holds nobody's name. A record that does not fit is
said in its line, and its counts stand in no sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.audit import list_since_begun
from recruitlib.base.counts import ENDED, PRINTED, STEP_BY_NAME, gather_counts
from recruitlib.base.cut_off import list_broken
from recruitlib.base.errors import AwaitingPerson, RecruitError
from recruitlib.base.parameters import STAGE_NAMES, STAGES, read_yaml
from recruitlib.base.run import list_completed
from recruitlib.base.run_lock import is_at_work
from recruitlib.base.serial_acts import ACTS, find_prepared, list_changes
from recruitlib.base.serial_course import NOT_BLANKED, check_blanked, replay_serials
from recruitlib.base.vault import PRIVATE
from recruitlib.base.verification import verify_record
from recruitlib.oversight.records import Record, list_run_folders, read_records

SHOWN = ("recipients", *PRINTED, *ENDED)
BROKEN, WAITS, STOPPED, BEGUN = "記録が合わない", "判断待ち", "停止", "未取込"
AT_WORK = "作業中"
_LATER = "終わってから、もう一度 recruitlib runs"
_STATES = {
    "01": "取込済", "02": "取込済", "03": "承認済", "04": "印刷済", "05": "提供済", "06": "廃棄済",
}  # fmt: skip
_AWAITED = {
    "optouts.all_decided": "事例の決定と、別の人の確認", "review.approved": "第二の担当者の承認",
}  # fmt: skip
# What has to be done before the run begins anew, and from which stage.
_ANEW = {
    ("02", "cohort.not_supplied"): "追加の提供なら、パラメータに top_up_of を書いてから",
    ("04", "exclusion.zero_leak"): "本日の一覧で 01 から",
}


class RunLine(NamedTuple):
    """One run: its place, year and request, how far it is, what it waits for, and the next step.

    ``counts`` holds the steps of ``SHOWN`` that are counted so far, over all ages; ``next_step`` is
    a command that can be typed, "" where nothing is left to be done.
    """

    name: str
    fiscal_year: int
    request: str
    is_top_up: bool
    state: str
    waits_for: str
    counts: dict[str, int]
    next_step: str


def list_runs(root: Path, demonstration: bool) -> list[RunLine]:
    """List the runs of a project by fiscal year, in the order in which they were begun.

    Args:
        root: the project folder.
        demonstration: whether the demonstrations' runs are meant.
    """
    files = _find_parameters(root)
    records = read_records(root, list_run_folders(root), demonstration)
    lines = [(_read_begin(record), _describe(root, record, files)) for record in records]
    lines.sort(key=lambda item: (item[1].fiscal_year, item[0], item[1].name))
    return [line for _, line in lines]


def _find_parameters(root: Path) -> dict[str, str]:
    """Find the parameter file of each run; the record does not say where it lies."""
    found: dict[str, str] = {}
    for path in sorted((root / "params").glob("*.yaml")):
        try:
            content = read_yaml(path)
        except RecruitError:
            continue
        if "run_id" in content:
            run = f"{content.get('runs_folder', 'runs')}/{content['run_id']}"
            found.setdefault(run, path.relative_to(root).as_posix())
    return found


def _read_begin(record: Record) -> str:
    return str(record.entries[0].get("at", "")) if record.entries else ""


def _describe(root: Path, record: Record, files: Mapping[str, str]) -> RunLine:
    given = _read_given(record.entries)
    year = given.get("fiscal_year")
    told = (
        record.name, year if type(year) is int else 0, str(given.get("request_number", "")),
        bool(given.get("top_up_of")),
    )  # fmt: skip
    parameters = files.get(record.name, "パラメータのファイル")
    try:
        problems = record.problems or verify_record(root / record.name)
        if not list_broken(root / record.name, record.entries, problems):
            if is_at_work(root / record.name):
                return RunLine(*told, AT_WORK, "", _count(record), _LATER)
            state, waits_for, next_step = _find_state(root, record, parameters)
            return RunLine(*told, state, waits_for, _count(record), next_step)
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        # A record made by hand, its hashes right: one of them hides no other run.
        problems = [f"記録を読めません（{type(error).__name__}）。"]
    return RunLine(*told, BROKEN, problems[0], {}, f"recruitlib verify {record.name}")


def _read_given(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Read the parameters that the stages were begun with, as far as they are there."""
    given: dict[str, Any] = {}
    for entry in entries:
        own = entry["facts"].get("parameters") if entry["event"] == "begun" else None
        given |= own if isinstance(own, Mapping) else {}
    return given


def _count(record: Record) -> dict[str, int]:
    """Count what the completions say, and after the print what the acts on serials have ended."""
    counts: dict[str, int] = {}
    done = list_completed(record.entries)
    for count in gather_counts(record.entries):
        if count.step in SHOWN and STEP_BY_NAME[count.step].stage in done:
            counts[count.step] = counts.get(count.step, 0) + count.count
    if "labels" in counts and "handed_over" not in counts:
        states = Counter(replay_serials(record.entries).values())
        counts["reprints"] = states.total() - counts["labels"]
        counts |= {step: states[step] for step in ("voided", "spoiled")}
    return counts


def _find_state(root: Path, record: Record, parameters: str) -> tuple[str, str, str]:
    """Find how far a run is, what it waits for, and the command of the next step."""
    entries = record.entries
    done = list_completed(entries)
    begun = [entry for entry in entries if entry["event"] == "begun"]
    if done and done[-1] == "04" and check_blanked(entries):
        return _STATES["04"], NOT_BLANKED.removesuffix("。"), _run(parameters, "05")
    if done and done[-1] == "04" and (act := find_prepared(entries)):
        # Asked first: that 05 has been begun does not end what is prepared.
        content, first = act["content"], act["officer"]["staff_id"]
        waits_for = (
            f"{first} が用意した{ACTS[content['act']]}を、用意と同じ指定で、別の職員が実行すること"
        )
        return _STATES["04"], waits_for, _confirm(content, parameters)
    if begun and begun[-1]["stage"] not in done:
        stage = str(begun[-1]["stage"])
        if stage == "03" and _is_approved(root, entries):
            waits_for = "承認済み。03 をもう一度実行して、終えること"
            return WAITS, waits_for, _run(parameters, stage)
        return _tell_stop(record, stage, parameters)
    if not done:
        return BEGUN, "", f"recruitlib run {parameters}"
    last = done[-1]
    if last == "06":
        left = (root / record.name / PRIVATE).exists()
        return _STATES[last], "", f"recruitlib seal {record.name}" if left else ""
    if last == "03" and begun and "live" in begun[-1]["facts"]:
        return WAITS, "確認した 03 を記録に残すこと", _run(parameters, "03")
    left = last == "04" and any(own["act"] == "delta" for own in list_changes(entries))
    waits_for = "差引の後に再印刷する通番がないか、05 の画面で確かめること" if left else ""
    return _STATES[last], waits_for, _run(parameters, STAGES[STAGES.index(last) + 1])


def _is_approved(root: Path, entries: Sequence[dict[str, Any]]) -> bool:
    """Say if the approval file is of what 03 has asked for last; 03 itself proves its signature."""
    asked = [entry["facts"]["digest"] for entry in list_since_begun(entries, "03")
             if entry["event"] == "approval_asked"]  # fmt: skip
    name = _read_given(entries).get("approval_file")
    if not asked or not name:
        return False
    try:
        return bool(read_yaml(root / str(name)).get("approved_digest") == asked[-1])
    except (RecruitError, OSError):
        return False


def _confirm(act: Mapping[str, Any], parameters: str) -> str:
    serials = ",".join(map(str, act["serials"]))
    named = "" if act["act"] == "delta" else f" --serials {serials}"
    reason = f" --reason {act['reason']}" if act["reason"] else ""
    return f"recruitlib {act['act']} {parameters}{named}{reason} --confirm '示された値' --by 別の職員番号"


def _run(parameters: str, stage: str) -> str:
    return f"recruitlib run {parameters} --from {stage} --through {stage}"


def _tell_stop(record: Record, stage: str, parameters: str) -> tuple[str, str, str]:
    """Tell of a stage that is not complete whether a person is awaited, or a guard has stopped it."""
    recent = list_since_begun(record.entries, stage)
    stops = [entry["facts"] for entry in recent if entry["event"] == "stopped"]
    refused = [
        str(entry["facts"]["guard"]) for entry in recent
        if entry["event"] == "guard" and entry["facts"]["answer"] == "no"
    ]  # fmt: skip
    title, guard = f"{stage} {STAGE_NAMES[stage]}", refused[-1] if refused else ""
    again = _run(parameters, stage)
    if not stops or stops[-1]["error"] != AwaitingPerson.__name__:
        why = f"関門 {guard}" if guard else stops[-1]["error"] if stops else "途中で切れた"
        if anew := _ANEW.get((stage, guard), ""):
            return STOPPED, f"{title}: {why}。{anew}", f"recruitlib run {parameters}"
        return STOPPED, f"{title}: {why}", again
    awaited = _AWAITED.get(guard, "決定か署名")
    if stage in ("01", "02"):
        again = f"recruitlib cases {record.name} --stage {stage}"
    elif guard in ("optouts.all_decided", "review.approved"):
        again = f"recruitlib review {parameters}"
    elif guard == "handover.delta_settled":
        file = _read_given(record.entries).get("handover_file") or "提供の確認書"
        awaited = f"{file} を書き、二人が署名し（recruitlib sign）、05 をもう一度実行すること"
    return WAITS, f"{title}: {awaited}", again


def sum_year(lines: Sequence[RunLine]) -> dict[str, int]:
    """Sum the counts of the runs of a year; ``top_ups`` are the labels of the additional runs.

    ``open`` are the printed labels of which it is not told yet how they ended.
    """
    sums = {step: sum(line.counts.get(step, 0) for line in lines) for step in SHOWN}
    top_ups = sum(line.counts.get("labels", 0) for line in lines if line.is_top_up)
    printed, ended = (sum(sums[step] for step in steps) for steps in (PRINTED, ENDED))
    return {**sums, "labels": sums["labels"] - top_ups, "top_ups": top_ups, "open": printed - ended}


def tell_runs(lines: Sequence[RunLine]) -> Iterator[str]:
    """Tell the index of runs year by year, each with its sums, as an officer reads it."""
    for year in sorted({line.fiscal_year for line in lines}):
        own = [line for line in lines if line.fiscal_year == year]
        yield f"■ {year}年度" if year else "■ 年度の分からない実行"
        for line in own:
            yield from _tell_run(line)
        sums = sum_year(own)
        if sums["labels"] or sums["top_ups"]:
            yield from _tell_sums(year, sums)
        # Of which year a record is that cannot be read, nobody knows: it is missing in every sum.
        if broken := sum(line.state == BROKEN and line.fiscal_year in (0, year) for line in lines):
            yield f"  合計に、記録の合わない実行 {broken} 本は入っていません。"


def _tell_sums(year: int, sums: Mapping[str, int]) -> Iterator[str]:
    yield (
        f"  {year}年度の合計: 宛名シール {sums['labels']:,} + 再印刷 {sums['reprints']:,} + "
        f"追加 {sums['top_ups']:,} = 提供 {sums['handed_over']:,} + 取消し {sums['voided']:,} + "
        f"汚損 {sums['spoiled']:,} + 行き先が未定 {sums['open']:,}"
    )


def _tell_run(line: RunLine) -> Iterator[str]:
    kind = "追加の実行" if line.is_top_up else "実行"
    waits = f"（{line.waits_for}）" if line.waits_for else ""
    yield f"  {line.name}　{kind}　依頼 {line.request or '（不明）'}　{line.state}{waits}"
    told = [
        f"{STEP_BY_NAME[step].label} {line.counts[step]:,}" for step in SHOWN if step in line.counts
    ]
    if told:
        yield f"    {'・'.join(told)}"
    yield (
        f"    次: {line.next_step}"
        if line.next_step
        else "    次: ありません（保存期間の終わりまで記録を残します）"
    )
