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
    |corrected\ 05\ handover/correction_[0-9]+\.pdf
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
        or not isinstance(entry["facts"].get("files", {}), (dict, list))
    ]


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
        given_out |= (stage, event) == ("05", "completed")
        yield from ((entry["seq"], problem) for problem in problems)


def _check_files(entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say which files an entry may not make or take away."""
    files, event = entry["facts"].get("files", {}), entry["event"]
    known = list_expected(before) if event == "corrected" or type(files) is list else {}
    for name in files:
        said = f"{event} {entry['stage']} {name}"
        # What the record never vouched for it cannot lose.
        if type(files) is list and name in known and not _TAKES.fullmatch(said):
            yield f"{name}: この行で記録から消えるはずのないファイルです。"
        elif type(files) is dict and not _MAKES.fullmatch(said):
            yield f"{name}: この行で作られるはずのないファイルです。"
        elif event == "sealed" and _is_sealed(name, before):
            yield f"{name}: 実行し直さずに、封がやり直されています。"
        elif event == "corrected" and name in known:
            yield f"{name}: 訂正通知が書き換えられています。"


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
