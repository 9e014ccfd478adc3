"""Duties (義務の簿冊): what is still to be reported, inspected or settled, and until when.

The office keeps one register of them over all runs: reports of deletion due from the counterparty
of the external connection and from the recipient, inspections, and incidents. It holds no personal
data. Lines are only added. Each is bound to the one before, and whoever writes it signs it with all
that stands before, so that a line that was changed or taken out is noticed. What is cut off the end
with its count leaves no trace in the file; the records of the runs name the duties they opened.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from filelock import FileLock
from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from recruitlib.base.audit import LOCK_NAME, START, digest_bytes, write_atomically
from recruitlib.base.errors import IntegrityError, ParameterError, raise_problems
from recruitlib.base.office import REGISTER, locate_office
from recruitlib.base.officers import Signer, is_signed, read_officers, sign_content
from recruitlib.base.papers import SPECIMEN, TITLE, build_paper, draw_list, open_page, write_line
from recruitlib.base.parameters import BY_NAME, check_parameter, is_iso_date, read_yaml
from recruitlib.base.run import Stage
from recruitlib.base.scope import Scope
from recruitlib.base.vault import protect_folder

DUTIES_NAME = "duties.yaml"
KINDS = {
    "deletion_counterparty": "外部結合の相手方の消去報告",
    "deletion_recipient": "提供先の消去報告",
    "discard_recipient": "提供先の廃棄（申出による）",
    "unclear_optout": "だれを指すか決められない申出",
    "inspection": "実地の調査",
    "incident": "事故",
}
# The reports that every hand-over leaves; the run's own record stands for the signature.
_AFTER_HANDOVER = ("deletion_counterparty", "deletion_recipient")
_OPENED = ("number", "act", "kind", "run_id", "about", "due", "day", "by", "signature", "digest")
_SETTLED = ("number", "act", "result", "day", "by", "signature", "digest")
_LONGEST = 80
# The day or year of an act, which may be told (nobody of a cohort was born then); and what may not:
# an id, a telephone or house number, a birth date, and the words that stand beside a name.
_RECENT_DAY = re.compile(
    r"(?<!\d)20[2-9]\d(?:[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|年度?(?:\d{1,2}月(?:\d{1,2}日)?)?)"
)
# Serials, which may be told as the papers write them: 通番 12、1040-1047.
_SERIALS = re.compile(
    r"通番 ?[1-9]\d{0,5}(?:-[1-9]\d{0,5})?(?:[、,][1-9]\d{0,5}(?:-[1-9]\d{0,5})?)*(?![\d/.-])"
)
_TELLING = re.compile(
    r"\d{4}|\d[-/. ()ー]*\d(?:[-/. ()ー]*\d){5}|\d *[-‐-―−ー] *\d|\d+[/.]\d+[/.]\d|(?:平成|昭和|(?<![A-Za-z])[HhSs])[ .]?\d"
    r"|(?<![仕同模多])様(?![式子々])|[殿氏@]|(?<!たく)さん|生まれ|の[父母]|丁目|番地|号室"
)
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NOTE = (
    "# 義務の簿冊（消去報告・調査・事故）。個人の情報はありません。recruitlib duty で書き足します。\n"
    "# 手で直さないでください。直した行は、読むときに示されて止まります。\n"
)
_COLUMNS = ("番号", "種類", "実行", "内容", "期限", "状態", "結果")
OVERDUE, OPEN, SETTLED = "期限を過ぎています", "未了", "済"


class Duty(NamedTuple):
    """A duty: what it is about, until when, who opened it; and how it was settled, "" while open."""

    number: int
    kind: str
    run_id: str
    about: str
    due: str
    opened_on: str
    opened_by: str
    settled_on: str = ""
    settled_by: str = ""
    result: str = ""


def locate_duties(root: Path, demonstration: bool) -> Path:
    """Find the register of duties, or that of the demonstrations."""
    return locate_office(root, demonstration) / DUTIES_NAME


def read_duties(root: Path, demonstration: bool) -> list[Duty]:
    """Read the duties in the order in which they were opened; without the file there are none.

    Raises:
        ParameterError: it is no register of duties.
        IntegrityError: a line was changed, taken out or moved, or is signed by nobody.
    """
    duties: dict[int, Duty] = {}
    for line in _read_lines(root, demonstration):
        if line["act"] == "opened":
            told = (line[name] for name in ("kind", "run_id", "about", "due", "day", "by"))
            duties[line["number"]] = Duty(line["number"], *told)
        else:
            done = {"settled_on": line["day"], "settled_by": line["by"], "result": line["result"]}
            duties[line["number"]] = duties[line["number"]]._replace(**done)
    return list(duties.values())


def _read_lines(root: Path, demonstration: bool) -> list[dict[str, Any]]:
    path = locate_duties(root, demonstration)
    if not path.exists():
        return []
    content = read_yaml(path)
    lines, officers = content.get("lines"), read_officers(root, demonstration)
    if not isinstance(lines, list) or content.get("demonstration") is not demonstration:
        raise ParameterError(
            f"{REGISTER}/{path.name}: 義務の簿冊ではありません。バックアップから戻してください。"
        )
    before = START
    is_open: dict[int, bool] = {}
    for place, line in enumerate(lines, start=1):
        if not (_is_line(line, is_open) and line["digest"] == _digest(before, line)):
            raise IntegrityError(_broken(path, place))
        is_automatic = line["act"] == "opened" and line["kind"] in _AFTER_HANDOVER
        signer = officers.get(line["by"])
        if line["signature"] and not (
            signer and is_signed(signer, _say(line, before, demonstration), line["signature"])
        ):
            raise IntegrityError(_broken(path, place))
        if not line["signature"] and not (is_automatic and line["run_id"]):
            raise IntegrityError(_broken(path, place))
        is_open[line["number"]] = line["act"] == "opened"
        before = line["digest"]
    if content.get("count") != len(lines):
        raise IntegrityError(_broken(path, len(lines) + 1))
    return lines


def _is_line(line: object, is_open: Mapping[int, bool]) -> bool:
    """Whether a line opens the next duty, or settles one that is open."""
    if not isinstance(line, dict) or not is_iso_date(line.get("day")):
        return False
    if not all(type(value) is (int if name == "number" else str) for name, value in line.items()):
        return False
    if line.get("act") == "opened":
        return set(line) == set(_OPENED) and line["number"] == len(is_open) + 1
    return set(line) == set(_SETTLED) and is_open.get(line["number"]) is True


def _say(line: Mapping[str, Any], before: str, demonstration: bool) -> dict[str, Any]:
    """Give what an officer signs: the line, and by its digest everything that stands before it."""
    said = {name: value for name, value in line.items() if name not in ("signature", "digest")}
    return {"purpose": "duty", "demonstration": demonstration, "before": before, **said}


def _digest(before: str, line: Mapping[str, Any]) -> str:
    told = {name: value for name, value in line.items() if name != "digest"}
    return digest_bytes(json.dumps([before, told], ensure_ascii=False, sort_keys=True).encode())


def _broken(path: Path, place: int) -> str:
    return (
        f"{REGISTER}/{path.name}: {place}行目が、前の行か署名と合いません。行が変えられたか、消されています。"
        "バックアップと比べ、管理者に知らせてください。"
    )


def open_duty(
    root: Path, signer: Signer, kind: str, run_id: str, about: str, due: str, today: date,
    demonstration: bool,
) -> Duty:  # fmt: skip
    """Open a duty, signed by the officer who does.

    Args:
        kind: one of ``KINDS``.
        run_id: the run that it belongs to, or "".
        about: one line without anything of a person.
        due: the last day, as 2026-06-30.

    Raises:
        ParameterError: the line may not be written so.
    """
    problems = [] if kind in KINDS else [f"種類は {' / '.join(KINDS)} のどれかです。"]
    problems += [] if is_iso_date(due) else ["期限は 2026-06-30 の形で書いてください。"]
    problems += check_words("内容", about)
    problem = check_parameter(BY_NAME["run_id"], run_id) if run_id else ""
    problems += [f"実行名: {problem}。"] if problem else []
    raise_problems(ParameterError, problems, "義務の簿冊")
    line = {"act": "opened", "kind": kind, "run_id": run_id, "about": about, "due": due}
    (number,) = _add_lines(root, demonstration, [line], today, signer)
    return read_duties(root, demonstration)[number - 1]


def settle_duty(
    root: Path, signer: Signer, number: int, result: str, today: date, demonstration: bool
) -> Duty:
    """Settle a duty with its result, signed by the officer who does.

    Raises:
        ParameterError: no such duty is open, or the line may not be written so.
    """
    duties = {duty.number: duty for duty in read_duties(root, demonstration)}
    problems = check_words("結果", result)
    if number not in duties:
        problems.append(f"番号 {number} はありません。recruitlib duty list で確かめてください。")
    elif duties[number].settled_on:
        problems.append(f"番号 {number} は、もう済んでいます。")
    raise_problems(ParameterError, problems, "義務の簿冊")
    line = {"number": number, "act": "settled", "result": result}
    _add_lines(root, demonstration, [line], today, signer)
    return read_duties(root, demonstration)[number - 1]


def check_words(what: str, text: str) -> list[str]:
    """Say why a text may not stand in a register that holds nothing of a person."""
    folded = unicodedata.normalize("NFKC", text).translate(_KANJI_DIGITS)
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        return [f"{what}は、{_LONGEST}字以内の1行で書いてください。"]
    if _TELLING.search(_RECENT_DAY.sub("", _SERIALS.sub("", folded))):
        return [
            f"{what}には、個人の氏名・番号・電話番号・生年月日・住所を書けません（通番は「通番 1040」、件数は 1,040 の"
            "ように書いてください）。"
        ]
    return []


def open_duties_of(stage: Stage, scope: Scope) -> list[int]:
    """Open the reports that a hand-over leaves; a second time nothing is added.

    Both are due on the last day of the approved period.

    Args:
        stage: notebook 05, whose operator opens them.
        scope: names the counterparty of the external connection, and the recipient.

    Returns:
        the numbers of the two.
    """
    run_id, demonstration = stage.parameters["run_id"], stage.demonstration
    wanted = dict(
        zip(
            _AFTER_HANDOVER,
            (
                f"{scope.counterparty}: 電子申請に残る申出のデータの消去の報告",
                f"{scope.recipient}: 提供した宛名シールの消去又は返却の報告",
            ),
            strict=True,
        )
    )

    def find() -> dict[str, int]:
        return {
            duty.kind: duty.number
            for duty in read_duties(stage.root, demonstration)
            if duty.run_id == run_id and wanted.get(duty.kind) == duty.about
        }

    known, due = find(), scope.period_to.isoformat()
    lines = [
        {"act": "opened", "kind": kind, "run_id": run_id, "about": about, "due": due}
        for kind, about in wanted.items()
        if kind not in known
    ]
    if lines:
        _add_lines(stage.root, demonstration, lines, stage.today, stage.parameters["operator"])
    return list(find().values())


def _add_lines(
    root: Path, demonstration: bool, new: Sequence[Mapping[str, Any]], today: date,
    by: Signer | str,
) -> list[int]:  # fmt: skip
    path = locate_duties(root, demonstration)
    protect_folder(locate_office(root, demonstration=False))
    protect_folder(path.parent)
    staff_id = by if isinstance(by, str) else by.officer.staff_id
    with FileLock(path.parent / LOCK_NAME, mode=0o600):
        lines = _read_lines(root, demonstration)
        numbers = []
        for added in new:
            number = added.get("number", 1 + sum(line["act"] == "opened" for line in lines))
            line = {"number": number, **added, "day": today.isoformat(), "by": staff_id}
            before = lines[-1]["digest"] if lines else START
            said = _say(line, before, demonstration)
            line["signature"] = "" if isinstance(by, str) else sign_content(by, said)
            line["digest"] = _digest(before, line)
            lines.append(line)
            numbers.append(number)
        content = {"demonstration": demonstration, "count": len(lines), "lines": lines}
        text = _NOTE + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=200)
        write_atomically(path, text.encode())
    return numbers


def list_open(root: Path, demonstration: bool, today: date) -> list[Duty]:
    """List the open duties: those whose day is over first, then by the day they are due."""
    duties = [duty for duty in read_duties(root, demonstration) if not duty.settled_on]
    return sorted(duties, key=lambda duty: (not is_overdue(duty, today), duty.due, duty.number))


def is_overdue(duty: Duty, today: date) -> bool:
    """Whether a duty is open after its last day."""
    return not duty.settled_on and duty.due < today.isoformat()


def tabulate_duties(root: Path, demonstration: bool, today: date, run_id: str = "") -> pd.DataFrame:
    """Tabulate the duties, the open ones first; of one run, or of all.

    Raises:
        IntegrityError: as ``read_duties``.
    """
    settled = [duty for duty in read_duties(root, demonstration) if duty.settled_on]
    rows = [
        (duty.number, KINDS[duty.kind], duty.run_id, duty.about, duty.due,
         describe_state(duty, today), duty.result)
        for duty in (*list_open(root, demonstration, today), *settled)
        if run_id in ("", duty.run_id)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def describe_state(duty: Duty, today: date) -> str:
    """Describe in words where a duty stands."""
    if duty.settled_on:
        return f"{SETTLED}（{duty.settled_on}、{duty.settled_by}）"
    return OVERDUE if is_overdue(duty, today) else OPEN


def render_duties(table: pd.DataFrame, day: date, demonstration: bool) -> bytes:
    """Render the register of duties as pages of A4, one list for each kind.

    Args:
        table: of ``tabulate_duties``.
        day: the day whose state it is.
    """
    title = "消去報告・調査・事故の簿冊"
    story: list[object] = [*open_page(demonstration, day), write_line(title, TITLE)]
    heads = ("番号", "実行", "内容", "期限", "状態", "結果")
    for kind in KINDS.values():
        own = table.loc[table["種類"] == kind, list(heads)]
        rows = [tuple(map(str, row)) for row in own.itertuples(index=False, name=None)]
        story += [
            Spacer(1, 5 * mm),
            write_line(f"{kind}（{len(rows)} 件）"),
            draw_list([heads, *rows], (12, 24, 40, 22, 36, 31)) if rows else write_line("　なし"),
        ]
    return build_paper(story, f"{SPECIMEN}　{title}" if demonstration else title)
