"""Access review (閲覧の点検), the steps of notebook 90: who opened what, when and for what.

It reads the records of all runs and the registers' headers, needs no key, and holds nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.errors import IntegrityError, ParameterError, raise_problems
from recruitlib.base.kernel import quiet_kernel
from recruitlib.base.office import REGISTER, locate_office, read_retention
from recruitlib.base.parameters import STAGE_NAMES, find_root, is_iso_date
from recruitlib.base.record import list_expected
from recruitlib.base.run import JAPAN, list_completed, pick_parameters, read_time
from recruitlib.base.vault import PRIVATE
from recruitlib.base.verification import verify_record
from recruitlib.base.views import make_panels
from recruitlib.closing.attestation import describe_state
from recruitlib.handover.duties import is_overdue, list_open
from recruitlib.oversight.records import Record, read_records

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = {"runs_folders": list, "run_kind": str, "hours": list, "today": str}
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DAYS = "月火水木金土日"
_WEEKEND = 5
_OPEN, _PASSED = "廃棄していません", "期限を過ぎています"
_SHOWN = {
    "cases_shown": "事例を画面で見た", "approval_shown": "承認の画面を見た",
    "labels_shown": "宛名シールを画面で見た", "why_shown": "申出や住民の理由を見た",
    "live_opened": "確認の画面を開いた", "exported": "ブックを書き出した",
    "looked_up": "提供したかを調べた",
}  # fmt: skip
_REFUSED = {
    "unlock_refused": "実行の合言葉", "register_refused": "受付簿の合言葉",
    "sign_in_refused": "職員の合言葉（サインイン）",
}  # fmt: skip
_ACTS = ["run", "at", "officer", "login", "act", "purpose", "file"]


class Access(NamedTuple):
    """What is reviewed: the records of one kind of run, the office's own, and every act in them."""

    root: Path
    demonstration: bool
    today: date
    hours: tuple[time, time]
    records: Sequence[Record]
    office: Record
    acts: pd.DataFrame


def begin_review(namespace: Mapping[str, Any]) -> Access:
    """Begin the access review: check its parameters and read the records of all runs.

    Args:
        namespace: the notebook's variables: ``runs_folders``, ``run_kind``, ``hours`` (begin and
            end, in Japan's time) and ``today`` ("" for the system's).

    Raises:
        ParameterError: a parameter is unknown, missing or none.
    """
    quiet_kernel()
    given = pick_parameters(namespace)
    raise_problems(ParameterError, _check_given(given), "閲覧の点検")
    root = find_root()
    demonstration = given["run_kind"] == "demonstration"
    records = [
        record._replace(problems=record.problems or verify_record(root / record.name))
        for record in read_records(root, given["runs_folders"], demonstration)
    ]
    office = _read_office(root, demonstration)
    begin, end = map(time.fromisoformat, given["hours"])
    today = date.fromisoformat(given["today"]) if given["today"] else datetime.now(JAPAN).date()
    acts = pd.DataFrame(
        [act for record in (*records, office) for act in _list_acts(record)],
        columns=_ACTS, dtype="object",
    )  # fmt: skip
    return Access(root, demonstration, today, (begin, end), records, office, acts)


def _check_given(given: Mapping[str, Any]) -> list[str]:
    problems = [f"{name}: 知らない項目です。" for name in given if name not in _KINDS]
    problems += [f"{name}: 書かれていないか、型が違います。" for name, kind in _KINDS.items()
                 if type(given.get(name)) is not kind]  # fmt: skip
    if problems:
        return problems
    hours = given["hours"]
    if (
        len(hours) != 2
        or not all(_HOUR.fullmatch(str(hour)) for hour in hours)
        or hours[0] >= hours[1]
    ):
        problems.append('hours: 勤務時間の始めと終わりを ["08:30", "17:15"] の形で書いてください。')
    if given["run_kind"] not in ("production", "demonstration"):
        problems.append("run_kind: production / demonstration のどちらかです。")
    if given["today"] and not is_iso_date(given["today"]):
        problems.append("today: 日付は 2026-04-01 の形で書くか、空にしてください。")
    return problems


def _read_office(root: Path, demonstration: bool) -> Record:
    """Read the office's own chain, which tells who was looked up when no run's folder is there."""
    try:
        return Record(REGISTER, read_entries(locate_office(root, demonstration)), [])
    except IntegrityError as error:
        return Record(REGISTER, [], [str(error)])


def _list_acts(record: Record) -> Iterator[tuple[Any, ...]]:
    """List every opening, look and refusal of a record, in Japan's time."""
    for entry in record.entries:
        event, facts = entry["event"], entry["facts"]
        if event != "opened" and event not in _SHOWN and event not in _REFUSED:
            continue
        at = read_time(entry)
        officer = facts.get("officer", facts.get("by", ""))
        purpose = facts.get("purpose", _SHOWN.get(event, _REFUSED.get(event, "")))
        if event == "looked_up":
            purpose = f"{_SHOWN[event]}（{purpose}）"
        yield record.name, at, officer, entry["login"], event, purpose, facts.get("file", "")


def is_out_of_hours(at: datetime, hours: tuple[time, time]) -> bool:
    """Whether a moment lies on a Saturday or Sunday, or outside the hours of work of its day.

    Public holidays are not known.
    """
    return at.weekday() >= _WEEKEND or not hours[0] <= at.time() <= hours[1]


def tabulate_openings(access: Access) -> pd.DataFrame:
    """Tabulate who opened or looked at personal data, for what, how often, and when."""
    return _gather(access.acts[~access.acts["act"].isin(list(_REFUSED))])


def tabulate_out_of_hours(access: Access) -> pd.DataFrame:
    """Tabulate the same of what was done at weekends and outside the hours of work, day by day."""
    acts = access.acts[~access.acts["act"].isin(list(_REFUSED))]
    odd = [is_out_of_hours(at, access.hours) for at in acts["at"]]
    return _gather(acts[pd.Series(odd, index=acts.index, dtype=bool)], by_day=True)


def _gather(acts: pd.DataFrame, by_day: bool = False) -> pd.DataFrame:
    known = ["run", "officer", "login", "purpose"]
    days = acts["at"].map(lambda at: f"{at:%Y-%m-%d}（{_DAYS[at.weekday()]}）")
    if by_day:
        acts, known = acts.assign(day=days), ["day", *known]
    rows = []
    for group, own in acts.groupby(known, sort=False):
        day, (run, officer, login, purpose) = (group[:1], group[1:]) if by_day else ((), group)
        first, last = own["at"].min(), own["at"].max()
        shown = "%H:%M" if by_day else "%Y-%m-%d %H:%M"
        files = len(set(own["file"]) - {""})
        rows.append((
            *day, run, officer or "（職員番号なし）", login, purpose, len(own), files,
            f"{first:{shown}}", f"{last:{shown}}",
        ))  # fmt: skip
    heads = ["実行", "職員", "ログイン", "用途", "回数", "ファイルの数", "最初", "最後"]
    return pd.DataFrame(rows, columns=[*(["日"] if by_day else []), *heads])


def tabulate_refusals(access: Access) -> pd.DataFrame:
    """Tabulate each passphrase that was refused."""
    acts = access.acts[access.acts["act"].isin(list(_REFUSED))]
    rows = [
        (f"{act['at']:%Y-%m-%d %H:%M}（{_DAYS[act['at'].weekday()]}）", act["run"], act["purpose"],
         act["officer"] or "（分からない）", act["login"],
         "時間外" if is_out_of_hours(act["at"], access.hours) else "")
        for act in acts.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["いつ", "実行", "違った合言葉", "職員", "ログイン", "備考"])


def tabulate_runs(access: Access) -> pd.DataFrame:
    """Tabulate every run: how far it has come, whether it is closed, and whether its record fits.

    The office's own chain stands last where it does not fit.
    """
    rows = []
    for name, entries, problems in access.records:
        done = list_completed(entries)
        stage = f"{done[-1]} {STAGE_NAMES[done[-1]]}" if done else "なし"
        private = sum(name.startswith(f"{PRIVATE}/") for name in list_expected(entries))
        closed = find_latest(entries, "06", "completed") is not None and not private
        last = "（読めない）"
        if entries:
            at = read_time(entries[-1])
            last = f"{at:%Y-%m-%d}（{(access.today - at.date()).days}日前）"
        state = "廃棄ずみ" if closed else _OPEN
        rows.append((name, stage, state, private, last, " ".join(problems[:1]) or "合う"))
    rows += [(REGISTER, "", "", 0, "（読めない）", problem) for problem in access.office.problems]
    heads = ["実行", "終えた段階", "廃棄", "個人情報のファイル", "最後の記録", "記録の検査"]
    return pd.DataFrame(rows, columns=heads)


def tabulate_dates(access: Access) -> pd.DataFrame:
    """Tabulate every date until which something may be kept; those that have passed stand first."""
    rows = []
    for year, until in read_retention(access.root, access.demonstration).items():
        rows.append((until, f"{year}年度の受付簿（保存期間）", "", "保存中"))
    for record in access.records:
        disposed = find_latest(record.entries, "06", "completed")
        facts = disposed["facts"] if disposed else {}
        said = facts.get("signed", {}).get("content", {}).get("exports", {})
        for entry in record.entries:
            if entry["event"] == "exported":
                file, due = entry["facts"]["file"], entry["facts"]["due"]
                rows.append((due, f"書き出した {file}", record.name, said.get(file, "")))
    rows.sort()
    told = [
        (until, what, run, _tell_state(state, until, access.today))
        for until, what, run, state in rows
    ]
    told.sort(key=lambda row: row[3] != _PASSED)
    return pd.DataFrame(told, columns=["期限", "もの", "実行", "状態"])


def _tell_state(state: str, until: str, today: date) -> str:
    if state in ("destroyed", "returned"):
        return describe_state(state)
    return _PASSED if until < today.isoformat() else "期限の前"


def draw_hours(access: Access) -> Figure:
    """Draw how often personal data was opened or looked at, by weekday and hour of Japan's time.

    The hours of work have a frame; the number stands in each field, so that colour alone tells nothing.
    """
    from matplotlib.patches import Rectangle

    acts = access.acts[~access.acts["act"].isin(list(_REFUSED))]
    counts = [[0] * 24 for _ in _DAYS]
    for at in acts["at"]:
        counts[at.weekday()][at.hour] += 1
    figure, (panel, *_) = make_panels(1, 1, 3)
    panel.imshow(counts, cmap="Blues", aspect="auto", vmin=0)
    most = max(map(max, counts))
    for day, own in enumerate(counts):
        for hour, count in enumerate(own):
            if count:
                colour = "white" if count > most / 2 else "black"
                panel.text(
                    hour, day, f"{count}", ha="center", va="center", color=colour, fontsize=8
                )
    begin, end = (hour.hour + hour.minute / 60 for hour in access.hours)
    frame = Rectangle((begin - 0.5, -0.5), end - begin, _WEEKEND, fill=False, edgecolor="#b02020")
    panel.add_patch(frame)
    panel.set_xticks(range(24), [str(hour) for hour in range(24)], fontsize=9)
    panel.set_yticks(range(7), list(_DAYS))
    panel.set_xlabel("時（日本時間）。赤い枠は勤務時間")
    panel.set_title("個人情報を開いた・見た回数")
    return figure


def conclude(access: Access) -> str:
    """Conclude in one line what a person has to look at.

    Raises:
        IntegrityError: a line of the register of duties was changed or taken out.
    """
    runs, dates = tabulate_runs(access), tabulate_dates(access)
    duties = list_open(access.root, access.demonstration, access.today)
    found = {
        "時間外": len(tabulate_out_of_hours(access)),
        "違った合言葉": len(tabulate_refusals(access)),
        "廃棄していない実行": int((runs["廃棄"] == _OPEN).sum()),
        "合わない記録": int((runs["記録の検査"] != "合う").sum()),
        "過ぎた期限": int((dates["状態"] == _PASSED).sum()),
        "期限を過ぎた義務": sum(is_overdue(duty, access.today) for duty in duties),
    }
    told = "、".join(f"{name} {count}" for name, count in found.items())
    return f"90 閲覧の点検 完了: 実行 {len(access.records)}、{told}"
