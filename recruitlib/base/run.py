"""A run and its stages: how a notebook begins, asks its guards, and completes.

A stage writes nothing before it completes, so a stop leaves no output. A notebook begins by
checking what the earlier ones left, so that nobody goes on by hand past a stop.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml
from filelock import BaseFileLock

from recruitlib.base.audit import (
    RUN_NAME,
    append_entry,
    digest_bytes,
    find_latest,
    finish_moves,
    group_digest,
    read_entries,
    vouch_for,
    write_atomically,
)
from recruitlib.base.counts import (
    COUNTS_NAME,
    Count,
    gather_counts,
    merge_counts,
    read_counts,
    write_counts,
)
from recruitlib.base.erasure import erase_file
from recruitlib.base.errors import (
    AwaitingPerson,
    GuardError,
    IntegrityError,
    ParameterError,
    RecruitError,
)
from recruitlib.base.guards import GUARDS, list_due
from recruitlib.base.heads import locate_heads, note_head, require_noted
from recruitlib.base.kernel import quiet_kernel
from recruitlib.base.officers import read_officers
from recruitlib.base.parameters import (
    BY_NAME,
    STAGE_NAMES,
    STAGES,
    check_parameter,
    find_root,
    read_yaml,
    validate_parameters,
)
from recruitlib.base.progress import show_progress
from recruitlib.base.record import (
    LIVE_VARIABLE,
    check_outputs,
    count_personal,
    list_expected,
    seal_notebooks,
)
from recruitlib.base.run_lock import SERIAL_LOCK_NAME, hold_serials, take_stage
from recruitlib.base.serial_acts import CHANGED
from recruitlib.base.tables import parse_table, write_table
from recruitlib.base.vault import (
    KEY_NAME,
    PRIVATE,
    RunKey,
    create_key,
    encrypt_content,
    open_key,
    protect_folder,
    read_passphrase,
    read_private,
    write_private,
)

JAPAN = timezone(timedelta(hours=9))
PRINTING = "04"
_CLOCK_TOLERANCE = timedelta(minutes=10)  # a clock that is set right by the network moves less


@dataclass(frozen=True)
class Stage:
    """One notebook at work: which run, with which parameters, on which day.

    Attributes:
        held: keeps the run's lock as long as the notebook is at work.
        begun: the number of the entry with which it began; 0 for an act, which begins nothing.
    """

    number: str
    root: Path
    folder: Path
    parameters: Mapping[str, Any]
    key: RunKey
    today: date
    held: BaseFileLock | None = None
    begun: int = 0

    @property
    def demonstration(self) -> bool:
        """Whether everything this run makes is stamped 見本."""
        return bool(self.parameters["run_kind"] == "demonstration")

    def locate(self, name: str) -> Path:
        """Find the file that a parameter names, from the project folder."""
        return self.root / str(self.parameters[name])


@show_progress("前の段階の記録を確かめ、鍵を開いています")
def begin_stage(number: str, namespace: Mapping[str, Any]) -> Stage:
    """Begin a notebook: check its parameters, the record so far and every earlier output.

    Args:
        number: "01" to "06".
        namespace: the notebook's variables; plain values with other names than a parameter's are
            refused, since plain papermill only warns about them.

    Returns:
        the stage, with all parameters frozen so far.

    Raises:
        ParameterError: unknown, missing or mistyped parameters.
        IntegrityError: a parameter differs from what an earlier notebook froze, an earlier stage
            is not complete, or the record or an output was changed.
        GuardError: the labels have been handed over already.
        AwaitingPerson: another notebook, or an act on the serials, is at work on the run.
    """
    quiet_kernel()
    root = find_root()
    given = pick_parameters(namespace)
    own = validate_parameters(given, (number,))
    folder = locate_run(root, {**own, **given})
    sections = _read_sections(folder, number)
    frozen = _flatten(sections)
    refuse_changes(frozen, given)
    parameters = {**frozen, **own}
    if number == "01":
        require_operator(root, parameters)
        protect_folder(folder)
    held = take_stage(folder) if folder.exists() else None
    try:
        return _begin(number, root, folder, parameters, sections, own, held)
    except BaseException:
        _release(held)
        raise


def _begin(
    number: str, root: Path, folder: Path, parameters: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Any]], own: Mapping[str, Any], held: BaseFileLock | None,
) -> Stage:  # fmt: skip
    roll_back(folder)
    if number != "01":
        require_earlier(folder, number)
        require_recorded(folder, number)
    require_clock(folder, parameters, number)
    demonstration = parameters["run_kind"] == "demonstration"
    noted = locate_heads(root, parameters["runs_folder"], parameters["run_id"], demonstration)
    require_noted(noted, read_entries(folder))
    refuse_after_handover(folder, number)
    refuse_after_delta(folder, number)
    key = _open_run(folder, parameters)
    quiet_kernel(lambda shown, detail: _keep_stop(folder, key, number, shown, detail, held))
    seal_notebooks(folder, key, number)
    if number != "01":  # before it nothing is known of anybody
        refuse_personal(folder, key, own)
    content = yaml.safe_dump(
        {**sections, number: own}, allow_unicode=True, sort_keys=False
    ).encode()
    live = {"live": os.environ[LIVE_VARIABLE]} if LIVE_VARIABLE in os.environ else {}
    has_acts = (folder / SERIAL_LOCK_NAME).exists()
    with hold_serials(folder) if has_acts else nullcontext():
        withdraw_outputs(folder, number)
        vouch_for(
            folder, number, "begun", {RUN_NAME: content}, **live,
            run_kind=parameters["run_kind"], operator=parameters["operator"],
            business_date=parameters["business_date"].get(number, ""), parameters=own,
        )  # fmt: skip
    begun = find_latest(read_entries(folder), number, "begun")
    stage = Stage(
        number, root, folder, MappingProxyType(deepcopy(dict(parameters))), key,
        find_today(parameters, number), held, begun["seq"] if begun else 0,
    )  # fmt: skip
    ask_guard(stage, "record.chain_intact", [], "鎖と、前の段階のすべての要約値は合います")
    return stage


def pick_parameters(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the plain values out of a notebook's variables: they must all be parameters."""
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and name not in ("In", "Out") and _is_plain(value)
    }


def _is_plain(value: object) -> bool:
    """Whether a value could come from a parameter file, as against a result of the notebook."""
    if type(value) is list:
        return all(_is_plain(item) for item in value)
    if type(value) is dict:
        return all(type(name) is str and _is_plain(item) for name, item in value.items())
    return type(value) in (str, int, bool, float)


def locate_run(root: Path, given: Mapping[str, Any]) -> Path:
    """Find the run's folder from ``run_id`` and ``runs_folder``.

    Raises:
        ParameterError: the name of the run is missing or not a plain name.
    """
    run_id = given.get("run_id", "")
    problem = check_parameter(BY_NAME["run_id"], run_id)
    if problem:
        raise ParameterError(f"run_id（実行名）: {problem}。")
    return root / str(given.get("runs_folder", "runs")) / str(run_id)


def read_frozen(folder: Path, before: str = "") -> dict[str, Any]:
    """Read all parameters that the notebooks of a run froze, or those that came before a stage."""
    return _flatten(_read_sections(folder, before))


def _read_sections(folder: Path, before: str) -> dict[str, dict[str, Any]]:
    if before == STAGES[0] or not (folder / RUN_NAME).exists():
        return {}
    sections = read_yaml(folder / RUN_NAME)
    return {stage: own for stage, own in sections.items() if not before or stage < before}


def _flatten(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for own in sections.values() for name, value in own.items()}


def refuse_changes(frozen: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a parameter that differs from what an earlier notebook froze.

    Raises:
        IntegrityError: names the parameters, not the values.
    """
    changed = sorted(name for name in given if name in frozen and given[name] != frozen[name])
    if changed:
        raise IntegrityError(
            f"前の段階で確定した項目 {'、'.join(changed)} が違います。"
            "変えるときは、その項目を確定した段階からやり直してください。"
        )


def refuse_personal(folder: Path, key: RunKey, own: Mapping[str, Any]) -> None:
    """Refuse a parameter that says something of a person: it would stand in the chain for good.

    Raises:
        ParameterError: names the parameters, not the values.
    """
    texts = {name: "\n".join(_list_texts(value)) for name, value in own.items()}
    # One look at all of them, as the record is searched later; which it is, only where there is one.
    if not any(count_personal(folder, key, ["\n".join(texts.values())])):
        return
    counts = count_personal(folder, key, list(texts.values()))
    named = [name for name, hits in zip(texts, counts, strict=True) if hits]
    told = "、".join(f"{name}（{BY_NAME[name].label}）" for name in named or texts)
    raise ParameterError(
        f"{told} に個人の情報があります。記録に残るので、ファイルやフォルダの名前と、項目の書き方を変えてください。"
    )


def _list_texts(value: object) -> Iterator[str]:
    """List every text in a parameter, however deep."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _list_texts(item)
    else:
        yield str(value)


def list_completed(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the stages that are complete now, in order: one that was begun again is not."""
    done = []
    place = 0
    for stage in STAGES:
        begun, completed = (find_latest(entries, stage, event) for event in ("begun", "completed"))
        if completed is None or begun is None or not place < begun["seq"] < completed["seq"]:
            break
        place = completed["seq"]
        done.append(stage)
    return done


def require_earlier(folder: Path, number: str) -> None:
    """Require every earlier stage to be complete, in order, with its outputs unchanged.

    Raises:
        IntegrityError: names the stage or the file.
    """
    entries = read_entries(folder)
    done = list_completed(entries)
    for stage in STAGES[: STAGES.index(number)]:
        if stage not in done:
            raise IntegrityError(
                f"{stage} {STAGE_NAMES[stage]} が完了していません。"
                f"{stage} をやり直してから {number} に進んでください。"
            )
    problems = check_outputs(folder, entries, STAGES[: STAGES.index(number)])
    if problems:
        raise IntegrityError(
            f"前の段階の結果が変えられています: {' '.join(problems)}"
            "元に戻すか、その結果を作った段階からやり直してください。"
        )


def require_operator(root: Path, parameters: Mapping[str, Any]) -> None:
    """Require that the operator is a listed officer: otherwise nobody could tell who may not approve.

    Raises:
        ParameterError: nobody is listed under the staff id.
    """
    officers = read_officers(root, parameters["run_kind"] == "demonstration")
    if parameters["operator"] not in officers:
        raise ParameterError(
            "operator（作業する担当者）: この職員番号は、職員の一覧にありません。ご本人が recruitlib officer add で"
            "登録してから、その番号を書いてください。"
        )


def require_recorded(folder: Path, number: str) -> None:
    """Require that 03 stands in the record as an executed notebook, and not only as a live session.

    Raises:
        AwaitingPerson: it was completed in JupyterLab, where a person saves what he likes.
    """
    begun = find_latest(read_entries(folder), "03", "begun")
    if number > "03" and begun is not None and "live" in begun["facts"]:
        raise AwaitingPerson(
            f"03 {STAGE_NAMES['03']} は、確認の画面で動かしたままです。"
            "recruitlib run パラメータのファイル --from 03 で、記録に残してください。"
        )


def refuse_after_handover(folder: Path, number: str) -> None:
    """Refuse to go back once the labels have left the office; only closing may follow.

    Raises:
        GuardError: the run is handed over or closed.
    """
    entries = read_entries(folder)
    # While its key is there a run is not closed: 06 may have to be run again.
    if find_latest(entries, "06", "completed") and not (folder / PRIVATE / KEY_NAME).exists():
        raise GuardError("この実行は廃棄まで終わっています。新しい run_id で始めてください。")
    if number != "06" and find_latest(entries, "05", "completed"):
        raise GuardError(
            "宛名シールは提供済みです。やり直せません。次は 06 廃棄です（recruitlib run パラメータのファイル --from 06 --through 06）。"
        )


def refuse_after_delta(folder: Path, number: str) -> None:
    """Refuse to print anew whom a delta has voided: after it only the intake may be done again.

    02, 03 and 04 would go on from a registry that is older than what the delta has read.

    Raises:
        GuardError: a delta was executed since 01 was begun last.
    """
    entries = read_entries(folder)
    loaded = find_latest(entries, "01", "begun")
    if "01" < number <= PRINTING and loaded and _find_delta(entries) > loaded["seq"]:
        raise GuardError(
            f"差引で宛名シールを取り消した後です。{number} に戻ると、取り消した人がもう一度印刷されます。本日の抽出と"
            "一覧を 01・02 の項目に書き、01 からやり直してください（recruitlib run パラメータのファイル）。"
        )


def check_loaded_again(folder: Path, digest: str) -> list[str]:
    """Say if an extract is one that was loaded before a delta, which knew more than it.

    Args:
        folder: the run's folder.
        digest: of the extract that is to be loaded.
    """
    entries = read_entries(folder)
    before = entries[: _find_delta(entries)]
    old = {
        entry["facts"].get("inputs", {}).get("registry", "")
        for entry in before
        if (entry["stage"], entry["event"]) == ("01", "completed")
    }
    if digest not in old:
        return []
    return [
        "この抽出は、差引で宛名シールを取り消す前に読んだものです。本日の抽出を使ってください。"
    ]


def _find_delta(entries: Sequence[Mapping[str, Any]]) -> int:
    """Find the number of the entry with which a delta was executed last; 0 where none was."""
    deltas = [
        entry["seq"] for entry in entries
        if entry["event"] == CHANGED and entry["facts"].get("act") == "delta"
    ]  # fmt: skip
    return max(deltas, default=0)


def _open_run(folder: Path, parameters: Mapping[str, Any]) -> RunKey:
    run_id, demonstration = parameters["run_id"], parameters["run_kind"] == "demonstration"
    protect_folder(folder)
    if (folder / PRIVATE / KEY_NAME).exists():
        return open_key(folder, run_id, demonstration)
    return create_key(folder, read_passphrase(run_id, demonstration), demonstration)


def roll_back(folder: Path) -> None:
    """Take back what a completion that was cut off had begun to write, and end other writes.

    A completion says first what it will write. Where its end is missing, the files go and the
    counts are written again from the chain, so that nothing unfinished looks finished.
    """
    entries = read_entries(folder)
    finish_moves(folder, list_expected(entries))
    for stage in STAGES:
        latest = {
            event: (find_latest(entries, stage, event) or {"seq": 0})
            for event in ("completing", "completed", "rolled_back")
        }
        if latest["completing"]["seq"] <= max(
            latest["completed"]["seq"], latest["rolled_back"]["seq"]
        ):
            continue
        # Before it is said: afterwards nobody would write them again.
        if counts := gather_counts(entries):
            write_atomically(folder / COUNTS_NAME, write_counts(counts))
        else:
            (folder / COUNTS_NAME).unlink(missing_ok=True)
        names = [name for name in latest["completing"]["facts"]["writes"] if name != COUNTS_NAME]
        append_entry(folder, stage, "rolled_back", files=names)
        for name in names:
            erase_file(folder / name)


def finish_writes(folder: Path) -> None:
    """End the writes that a kill has left halfway, where no notebook is at work on the run.

    Raises:
        AwaitingPerson: one is.
    """
    if not folder.exists():
        return
    held = take_stage(folder)
    try:
        finish_moves(folder, list_expected(read_entries(folder)))
    finally:
        held.release()


def withdraw_outputs(folder: Path, number: str) -> None:
    """Delete what an earlier attempt of this stage, or a later stage, had made.

    A label PDF of the attempt before is destroyed with it, so that nobody prints it after a change.
    """
    entries = read_entries(folder)
    withdrawn = []
    for stage in STAGES[STAGES.index(number) :]:
        completed = find_latest(entries, stage, "completed")
        files = completed["facts"]["files"] if completed else {}
        for name in files:
            if name != COUNTS_NAME:
                withdrawn.append(name)
    if number <= PRINTING:
        # What was reprinted since belongs to the print that goes.
        changed = (entry["facts"]["files"] for entry in entries if entry["event"] == CHANGED)
        known = list_expected(entries)
        withdrawn += sorted({name for files in changed for name in files} & known.keys())
    if withdrawn:
        # Said before it is done; what an interruption leaves is a stranger and goes below.
        append_entry(folder, number, "withdrawn", files=sorted(withdrawn))
    for name in withdrawn:
        erase_file(folder / name)
    _erase_unmade(folder, number)
    erase_strangers(folder)


def _erase_unmade(folder: Path, number: str) -> None:
    """Erase the outputs of this stage and later ones that have left the record and not the folder."""
    entries = read_entries(folder)
    known = list_expected(entries)
    for entry in entries:
        if entry["event"] == "completed" and entry["stage"] >= number:
            for name in entry["facts"]["files"].keys() - known.keys():
                erase_file(folder / name)


def erase_strangers(folder: Path, *parts: str) -> None:
    """Erase what lies in the private folder without standing in the record.

    Args:
        folder: the run's folder.
        parts: only files with one of these in their names; all where none is given.
    """
    known = list_expected(read_entries(folder))
    for path in (folder / PRIVATE).glob("*"):
        is_meant = not parts or any(part in path.name for part in parts)
        if is_meant and path.relative_to(folder).as_posix() not in known:
            erase_file(path)


def end_closing(folder: Path) -> bool:
    """Erase what a closing that was cut off at its very end has left; say whether there was any.

    Its record says that the run's key was destroyed: nothing can be opened with what is left of it.
    """
    names, private = list_ending(read_entries(folder)), folder / PRIVATE
    if not names or not private.exists():
        return False
    for name in names:
        erase_file(folder / name)
    if any(private.iterdir()):
        return False  # somebody has put back what was destroyed before: that is no left-over
    private.rmdir()
    return True


def list_ending(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """List what a closing erases after its last entry: the key, and the words of the last search."""
    if not entries or entries[-1]["event"] != "destroyed":
        return []
    return list(entries[-1]["facts"]["files"]) if STAGES[-1] in list_completed(entries) else []


def find_today(parameters: Mapping[str, Any], number: str) -> date:
    """Find the day of work: the system's in Japan, or a demonstration's own."""
    fixed = parameters["business_date"].get(number)
    return date.fromisoformat(fixed) if fixed else datetime.now(JAPAN).date()


def find_last_day(parameters: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> date:
    """Find the day of work of the stage that was begun last; without one, that of the first."""
    begun = [entry["stage"] for entry in entries if entry["event"] == "begun"]
    return find_today(parameters, begun[-1] if begun else STAGES[0])


def read_time(entry: Mapping[str, Any]) -> datetime:
    """Read when an entry was written, in Japan's time."""
    return datetime.fromisoformat(entry["at"]).astimezone(JAPAN)


def require_clock(folder: Path, parameters: Mapping[str, Any], number: str) -> None:
    """Require that the clock of the PC has not gone back, where it says which day it is.

    A list of yesterday would count as one of today. Closing is never kept waiting by a clock.

    Raises:
        AwaitingPerson: it is before the latest entry of the record.
    """
    entries = read_entries(folder)
    if not entries or number == "06" or parameters["business_date"].get(number):
        return
    last = max(map(read_time, entries))
    if datetime.now(JAPAN) < last - _CLOCK_TOLERANCE:
        raise AwaitingPerson(
            f"この PC の時計が、記録の最も新しい時刻（{last:%Y-%m-%d %H:%M}）より前を指しています。本日の一覧かどうかを確かめられません。"
            "時計を合わせて、もう一度実行してください。記録の時刻の方が誤っているときは、新しい run_id で始めてください。"
        )


def _release(held: BaseFileLock | None) -> None:
    """Let others work on the run, although the notebook's process may stay open."""
    if held is not None:
        held.release(force=True)


def _keep_stop(
    folder: Path, key: RunKey, number: str, shown: RecruitError, detail: str,
    held: BaseFileLock | None,
) -> None:  # fmt: skip
    _release(held)
    files = {}
    # After the key is destroyed nothing private may come into being again.
    if (folder / PRIVATE / KEY_NAME).exists():
        name = f"stop_{len(read_entries(folder)) + 1}"
        files[f"{PRIVATE}/{name}.age"] = write_private(folder, key, name, detail.encode())
    append_entry(
        folder, number, "stopped",
        error=type(shown).__name__, exit_code=shown.exit_code, files=files,
    )  # fmt: skip


def require_current(stage: Stage) -> None:
    """Require that a notebook is still the one that the record speaks of, with what it began with.

    A kernel that stays open after its stage, or an earlier one, was done anew knows an older list;
    the answers in the record are not its own.

    Raises:
        IntegrityError: it has completed, was begun again elsewhere, its parameters were changed, or
            it is another day.
    """
    if not stage.begun:
        return
    entries = read_entries(stage.folder)
    later = [
        entry for entry in entries[stage.begun :]
        if entry["event"] in ("begun", "completed") and entry["stage"] <= stage.number
    ]  # fmt: skip
    if later:
        raise IntegrityError(
            f"この {stage.number} のノートブックは、もう古くなっています。始めた後に、{later[-1]['stage']} が"
            f"{'完了して' if later[-1]['event'] == 'completed' else '始められて'}います。何も変えていません。"
            "JupyterLab で開いているときはそのカーネルを終え、必要なら上から順に実行し直してください。"
        )
    frozen: dict[str, Any] = {}
    for number in STAGES[: STAGES.index(stage.number) + 1]:
        begun = find_latest(entries, number, "begun")
        frozen |= begun["facts"]["parameters"] if begun else {}
    if dict(stage.parameters) != frozen:
        raise IntegrityError(
            f"{stage.number} を始めた後に、項目が変えられています。パラメータのファイルを直し、{stage.number} を上から順に"
            "実行し直してください。"
        )
    # A kernel that is left open over the night has asked whether its lists are of another day.
    if stage.today != find_today(frozen, stage.number):
        raise IntegrityError(
            f"{stage.number} を始めた日の作業ではありません。本日の一覧を確かめ、{stage.number} を上から順に実行し直してください。"
        )


def ask_guard(stage: Stage, name: str, problems: list[str], note: str = "") -> None:
    """Ask a guard: no problem is a yes, any problem a no that stops the run.

    Args:
        name: the guard's name.
        problems: Japanese sentences without a person's value; empty for yes.
        note: what was looked at, for the record.

    Raises:
        RecruitError: the guard's own class, when the answer is no.
    """
    require_current(stage)
    guard = GUARDS[name]
    answer = "no" if problems else "yes"
    append_entry(
        stage.folder, stage.number, "guard", guard=name, answer=answer, note=note, problems=problems
    )
    if problems:
        told = " ".join(problems)
        advice = "" if "ください" in told else f" 直してから、{stage.number} をやり直してください。"
        raise guard.error(f"関門 {name} が「否」です。{told}{advice}")


def skip_guard(stage: Stage, name: str, because: str) -> None:
    """Record that a guard was not asked, and why; only a guard that may not be due can pass so."""
    require_current(stage)
    append_entry(
        stage.folder,
        stage.number,
        "guard",
        guard=name,
        answer="not_asked",
        note=because,
        problems=[],
    )


@contextmanager
def asking(stage: Stage, name: str, note: str = "") -> Iterator[None]:
    """Ask a guard by doing work that may fail: an expected error inside is its no.

    The yes is asked for afterwards, when the result of the work has been looked at.
    """
    require_current(stage)
    try:
        yield
    except RecruitError as error:
        append_entry(
            stage.folder, stage.number, "guard",
            guard=name, answer="no", note=note, problems=[str(error)],
        )  # fmt: skip
        raise


def list_answers(stage: Stage) -> dict[str, Mapping[str, Any]]:
    """List the answer of each guard since this stage began: the latest, but a no stays a no.

    Whoever mends what a guard stopped begins the notebook again from the top.
    """
    return _gather_answers(read_entries(stage.folder), stage.number)


def _gather_answers(
    entries: Sequence[Mapping[str, Any]], number: str
) -> dict[str, Mapping[str, Any]]:
    begun = find_latest(entries, number, "begun")
    answers: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if begun is None or entry["seq"] < begun["seq"] or entry["event"] != "guard":
            continue
        facts = entry["facts"]
        if answers.get(facts["guard"], {}).get("answer") != "no":
            answers[facts["guard"]] = facts
    return answers


def list_unanswered(entries: Sequence[Mapping[str, Any]], number: str) -> list[str]:
    """List the due guards of a stage that have said neither yes nor, where it may be, not due."""
    answers = _gather_answers(entries, number)
    names = []
    for name in list_due(number):
        answer = answers.get(name, {}).get("answer", "")
        if answer != "yes" and not (answer == "not_asked" and GUARDS[name].not_due_when):
            names.append(name)
    return names


def tabulate_guards(stage: Stage) -> pd.DataFrame:
    """Tabulate the guards of this stage with question, answer and what was looked at."""
    words = {"yes": "はい", "no": "否", "not_asked": "問わず"}
    return pd.DataFrame(
        [
            {
                "関門": name,
                "問い": GUARDS[name].question,
                "答え": words[facts["answer"]],
                "見たもの": facts["note"],
            }
            for name, facts in list_answers(stage).items()
        ]
    )


def tabulate_parameters(stage: Stage) -> pd.DataFrame:
    """Tabulate the parameters that this stage froze, with their Japanese names."""
    return pd.DataFrame(
        [
            {"項目": parameter.label, "名前": name, "値": str(stage.parameters[name])}
            for name, parameter in BY_NAME.items()
            if parameter.stage == stage.number
        ]
    )


def read_completed(folder: Path, stage: str) -> Mapping[str, Any]:
    """Read the entry with which a stage completed.

    Raises:
        IntegrityError: the stage has not completed.
    """
    entry = find_latest(read_entries(folder), stage, "completed")
    if entry is None:
        raise IntegrityError(f"{stage} {STAGE_NAMES[stage]} が完了していません。")
    return entry


def read_private_table(stage: Stage, name: str) -> pd.DataFrame:
    """Read a private table of an earlier stage."""
    return parse_table(read_private(stage.folder, stage.key, name, stage.number))


def keep_proposal(stage: Stage, name: str, table: pd.DataFrame) -> None:
    """Keep an encrypted table while a person decides; a wait is not a stop."""
    require_current(stage)
    sealed = encrypt_content(stage.key, write_table(table))
    vouch_for(stage.folder, stage.number, "proposed", {f"{PRIVATE}/{name}.age": sealed})


def complete_stage(
    stage: Stage,
    counts: Iterable[Count] = (),
    private: Mapping[str, pd.DataFrame] | None = None,
    locked: Mapping[str, bytes] | None = None,
    public: Mapping[str, bytes] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Complete a stage: every due guard said yes, so write all outputs and the completion.

    Args:
        counts: the stage's own counts, merged into ``counts.csv``.
        private: tables to encrypt, by name.
        locked: files that carry their own encryption (label PDFs), by name.
        public: files of the record without personal data, by path in the run's folder.
        facts: what else the record should hold.

    Returns:
        the completion line, which the notebook prints last.

    Raises:
        IntegrityError: a due guard was not asked, or as ``require_current``.
    """
    require_answers(stage)
    held = take_stage(stage.folder)
    try:
        require_current(stage)
    except BaseException:
        held.release()
        raise
    counts = list(counts)
    tables = {name: write_table(table) for name, table in (private or {}).items()}
    merged = merge_counts(read_counts(stage.folder), counts, stage.number)
    plain = {
        **{f"{PRIVATE}/{name}": content for name, content in (locked or {}).items()},
        **(public or {}),
        COUNTS_NAME: write_counts(merged),
    }
    writes = [*(f"{PRIVATE}/{name}.age" for name in tables), *plain]
    append_entry(stage.folder, stage.number, "completing", writes=writes)
    files = {
        f"{PRIVATE}/{name}.age": write_private(stage.folder, stage.key, name, content)
        for name, content in tables.items()
    }
    for name, content in plain.items():
        protect_folder((stage.folder / name).parent)
        write_atomically(stage.folder / name, content)
        files[name] = digest_bytes(content)
    append_entry(
        stage.folder, stage.number, "completed",
        files=files, counts=[list(count) for count in counts], **(facts or {}),
    )  # fmt: skip
    note_head(stage.folder)
    _release(held)
    return (
        f"{stage.number} {STAGE_NAMES[stage.number]} 完了: 関門 {len(list_due(stage.number))} はすべて"
        f"「はい」、件数表の要約値 {group_digest(files[COUNTS_NAME])}"
    )


def require_answers(stage: Stage) -> None:
    """Require a yes of every guard that is due, or a stated reason where it may not be due.

    Raises:
        IntegrityError: a guard was not asked or did not say yes.
    """
    answers = list_answers(stage)
    for name in list_unanswered(read_entries(stage.folder), stage.number):
        if answers.get(name, {}).get("answer") == "no":
            raise IntegrityError(
                f"関門 {name} が「否」のままです。その理由を直してから、ノートブックを上から順に実行してください。"
            )
        raise IntegrityError(
            f"関門 {name} が問われていません。ノートブックを上から順に実行してください。"
        )
