"""The course of a record: what each event may make or take away, and what has to stand before it.

A chain can agree with itself and still be one that no run writes: a paper replaced by an entry of
its own, a page sealed twice, a stage that completed without its guards. That is looked for here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from recruitlib.base.audit import find_latest
from recruitlib.base.counts import STEP_BY_NAME, Count
from recruitlib.base.record import list_expected
from recruitlib.base.run import list_completed, list_unanswered
from recruitlib.base.serial_acts import BLANKED
from recruitlib.base.serial_course import check_serials_course

_MALFORMED = "書かれている形が違います。"
_REPORTS = r"(?:count_report\.csv|count_report\.pdf|review_counts\.csv)"
_PAPERS = r"handover/(?:cover_letter|receipt|conditions|provision_entry|checklists|flow)\.pdf"
_REPORT = r"handover/disposal_report\.pdf"
# Event, stage and name of every file that an entry may vouch for.
_MAKES = re.compile(
    rf"""key_made\ \ private/run\.key\.age
    |begun\ 0[1-6]\ run\.yaml
    |guard\ .{{0,2}}\ private/trace_.*
    |(?:stopped|cut_off|remembered|proposed|completed)\ ..\ private/.*
    |sealed\ (?P<own>..)\ notebooks/(?P=own).*\.(?:ipynb|html)
    |sealed\ 03\ live/.*
    |completed\ 0[1-6]\ counts\.csv
    |completed\ 03\ {_REPORTS}
    |(?:proposed|completed)\ 05\ {_PAPERS}
    |serials_changed\ 05\ private/.*
    |blanked\ 05\ private/labels_.*\.pdf
    |corrected\ 05\ handover/correction_[0-9]+\.pdf
    |discard_requested\ 05\ handover/discard_request_[0-9]+\.pdf
    |completed\ 06\ {_REPORT}""",
    re.VERBOSE,
)
# And of those that it may take out of the record again; a later stage's go with an earlier one's.
_TAKES = re.compile(
    rf"""destroyed\ 06\ private/.*
    |renamed\ (?P<own>..)\ notebooks/(?P=own).*
    |(?:withdrawn|rolled_back)\ 0[1-6]\ private/.*
    |(?:withdrawn|rolled_back)\ 0[1-3]\ {_REPORTS}
    |(?:withdrawn|rolled_back)\ 0[1-5]\ {_PAPERS}
    |(?:withdrawn|rolled_back)\ 0[1-6]\ {_REPORT}""",
    re.VERBOSE,
)
# What is written once, into a file of its own.
_ONCE = {
    "corrected": "訂正通知が書き換えられています。",
    "discard_requested": "廃棄依頼書が書き換えられています。",
    "serials_changed": "通番の変更が、前からあるファイルを書き換えています。",
}  # fmt: skip
# What is written to the recipient when the labels have left, and not before.
_LETTERS = ("corrected", "discard_requested")
_LATE_LOOKED = "late_looked"
# What no stage before the closing does any more when the labels have left.
_WORK = ("begun", "proposed", "completing", "completed", "withdrawn", "rolled_back", "renamed")


def check_forms(entries: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Say which entries are not of the form that all of them have, so that nothing can be read."""
    return [
        (number, _MALFORMED)
        for number, entry in enumerate(entries, start=1)
        if not isinstance(entry.get("facts"), Mapping)
        or not isinstance(entry.get("stage"), str)
        or not isinstance(entry.get("event"), str)
        or not _names_files(entry["facts"].get("files", {}))
    ]


def _names_files(files: object) -> bool:
    """Whether these are files with their digests, or the names of files that were taken away."""
    told = [*files, *files.values()] if isinstance(files, dict) else files
    return isinstance(told, list) and all(isinstance(own, str) for own in told)


def check_course(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Check that a chain is one that a run could have written.

    Returns:
        the number of the entry and one Japanese sentence, for each that no run writes.
    """
    given_out = False
    for place, entry in enumerate(entries):
        stage, event = entry["stage"], entry["event"]
        try:
            problems = [*_check_files(entry, entries[:place])]
            if event == "completed":
                problems += _check_completion(entry, entries[: place + 1])
        except (AttributeError, KeyError, TypeError, ValueError):
            problems = [_MALFORMED]
        if given_out and event in _WORK and stage < "06":
            problems.append(f"提供の後に、{stage} がやり直されています。")
        if event in _LETTERS and not given_out:
            problems.append("提供の前に、提供先への通知があります。")
        if event == _LATE_LOOKED and not (given_out and stage == "05"):
            problems.append("提供の前に、提供の後の申出を調べています。")
        given_out |= (stage, event) == ("05", "completed")
        yield from ((entry["seq"], problem) for problem in problems)
    yield from check_serials_course(entries)


def _check_files(entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say which files an entry may not make or take away."""
    files, event = entry["facts"].get("files", {}), entry["event"]
    looked_up = event in _ONCE or type(files) is list
    known = list_expected(before) if looked_up else {}
    for name in files:
        said = f"{event} {entry['stage']} {name}"
        # What the record never vouched for it cannot lose.
        if type(files) is list and name in known and not _TAKES.fullmatch(said):
            yield f"{name}: この行で記録から消えるはずのないファイルです。"
        elif type(files) is dict and not _MAKES.fullmatch(said):
            yield f"{name}: この行で作られるはずのないファイルです。"
        elif event == "sealed" and _is_sealed(name, before):
            yield f"{name}: 実行し直さずに、封がやり直されています。"
        elif event in _ONCE and name in known:
            yield f"{name}: {_ONCE[event]}"
        elif event == BLANKED and not _was_made(name, before):
            yield f"{name}: 印刷していない宛名シールの PDF が作り直されています。"


def _was_made(name: str, before: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file stood in the record at any time: the old one goes before the new one comes."""
    return any(name in entry["facts"].get("files", {}) for entry in before)


def _is_sealed(name: str, before: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file is sealed, and its stage has neither begun since nor put it aside."""
    own = PurePosixPath(name).name[:2]
    for entry in reversed(before):
        event, facts = entry["event"], entry["facts"]
        if event == "sealed" and name in facts["files"]:
            return True
        if event == "renamed" and name in facts["files"]:
            return False
        # A live session works on a file of its own.
        if event == "begun" and entry["stage"] == own and "live" not in facts:
            return False
    return False


def _check_completion(
    entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Say what is missing before a completion: earlier stages, guards, the approval, own counts."""
    stage = entry["stage"]
    for count in (Count(*own) for own in entry["facts"]["counts"]):
        if STEP_BY_NAME[count.step].stage != stage or type(count.count) is not int:
            yield f"{stage} の件数でないものがあります。"
    if stage not in list_completed(entries):
        yield f"{stage} より前の段階が完了しないまま、{stage} が完了しています。"
    if names := list_unanswered(entries, stage):
        yield f"関門 {'、'.join(names)} の「はい」がないまま、{stage} が完了しています。"
    begun = find_latest(entries, stage, "begun")
    approved = find_latest(entries, stage, "approved")
    if stage == "03" and begun and (approved is None or approved["seq"] < begun["seq"]):
        yield "承認の記録がないまま、03 が完了しています。"
    if stage == "01" and begun and not begun["facts"]["parameters"]["run_id"]:
        yield _MALFORMED
